"""Where files are found and placed, and how they are written: complete, or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT_FOLDERS = ("config", "data", "figures", "notebooks", "runs")
ROOT_VARIABLE = "SEQUENCE_NOTEBOOKS_ROOT"
INSTALLED = "share/sequence-notebooks"
"""Where a wheel puts the suite, below the environment's folder."""
_FRESH = 5.0  # seconds
_FIRST = "notebooks/00_start_here.ipynb"
_VERSIONED = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "torch")


def root() -> Path:
    """Folder of the suite (notebooks, config, data, Snakefile).

    The one that ``SEQUENCE_NOTEBOOKS_ROOT`` names; else the one around the current folder
    (``sequence-notebooks start`` makes one); else the checkout in which the package lies; else what the
    wheel installed.

    Raises
    ------
    ValueError
        If none of them is there.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        folders = [Path(named)]
    else:
        here, package = Path.cwd(), Path(__file__).resolve().parents[2]
        folders = [here, *here.parents, package, Path(sysconfig.get_path("data")) / INSTALLED]
    for folder in folders:
        if (folder / "Snakefile").is_file() and (folder / _FIRST).is_file():
            return folder
    raise ValueError(
        f"{folders[0]} holds no Snakefile and no {_FIRST}, and it is where the suite is looked for. "
        f"Run sequence-notebooks start FOLDER and go there, or set {ROOT_VARIABLE} to a checkout"
    )


def find(path: str | Path) -> Path:
    """The file or folder that a parameter names, as an absolute path.

    A relative path is looked for in the current folder and then, if its first part is one of the
    project's folders (data, runs, ...), in the project. So ``pairs = "my.csv"`` is the user's
    file and ``pairs = "data/sample/..."`` the bundled one, wherever the notebook is run.

    Raises
    ------
    ValueError
        If there is nothing in either place; the message names both.

    Examples
    --------
    >>> find("data/README.md").name
    'README.md'
    """
    given = Path(path).expanduser()
    candidates = [Path.cwd() / given] + ([root() / given] if _is_in(given, PROJECT_FOLDERS) else [])
    for candidate in candidates:
        if candidate.exists():
            return candidate.resolve()
    looked = " nor at ".join(map(str, candidates))
    raise ValueError(f"no file or folder at {looked}. Give a path that exists, best an absolute one")


def output_folder(path: str | Path) -> Path:
    """Folder to write to, made if absent: of the project for ``runs/`` and ``figures/``, else as given.

    Raises
    ------
    ValueError
        If there is a file of that name.
    """
    given = Path(path).expanduser()
    folder = (root() if _is_in(given, ("runs", "figures")) else Path.cwd()) / given
    if folder.is_file():
        raise ValueError(f"{folder} is a file; expected a folder to write to. Give another name")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextlib.contextmanager
def alone(folder: str | Path) -> Iterator[None]:
    """Hold an output folder against a second run; the hold ends with the process, however that ends.

    Raises
    ------
    ValueError
        If another run holds it.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        # Some network drives know no locks: there two runs are let be.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(
                    f"{folder}: another run is writing into this folder. Wait for it, or give another one"
                ) from None
        yield
    finally:
        os.close(number)


def refused(error: OSError) -> str:
    """Why a disk took nothing and what mends it, in a sentence; nothing for an error of another kind.

    Examples
    --------
    >>> refused(OSError(errno.EROFS, "Read-only file system", "out/a.csv"))
    'out/a.csv: Read-only file system. Give an output folder that you may write to'
    """
    mend = {
        **dict.fromkeys(
            (errno.ENOSPC, errno.EDQUOT), "Make room on the disk and run again: what is done is kept"
        ),
        **dict.fromkeys(
            (errno.EROFS, errno.EACCES, errno.EPERM), "Give an output folder that you may write to"
        ),
    }
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}. {mend[error.errno]}" if error.errno in mend else ""


def refused_text(said: str) -> str:
    """`refused` of an error of which only the text is known; a file that cannot be read is not meant.

    Examples
    --------
    >>> refused_text("[Errno 28] No space left on device: 'a.csv'")
    "No space left on device: 'a.csv'. Make room on the disk and run again: what is done is kept"
    """
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        if f"[Errno {number}]" in said or os.strerror(number) in said:
            return refused(OSError(number, said.removeprefix(f"[Errno {number}] ")))
    return ""


def shown(path: str | Path) -> str:
    """A path as it is shown to readers: relative to the project where it lies inside.

    Examples
    --------
    >>> shown(root() / "data" / "README.md")
    'data/README.md'
    """
    path = Path(path)
    return path.relative_to(root()).as_posix() if path.is_relative_to(root()) else path.name


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    r"""Path to write to, renamed to `path` when the block ends well and removed when it does not.

    It lies in a new hidden folder beside `path`, so that no other writer has the same one, and has
    the same ending. What a killed writer of the same file left is removed; a living one is let be.

    Examples
    --------
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with atomic_path(target) as part:
    ...     _ = part.write_text("a,b\n")
    ...     target.exists()
    False
    >>> target.read_text()
    'a,b\n'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(path)
    made = tempfile.TemporaryDirectory(prefix=f".{path.stem}.", suffix=".part", dir=path.parent)
    with made as folder, _held(folder):
        part = Path(folder) / path.name
        yield part
        part.replace(path)


def _remove_left(path: Path) -> None:
    """Remove the hidden folders of killed writers of `path`."""
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*.part"):
        with _held(left) as free, contextlib.suppress(OSError):
            # A folder that was made a moment ago may not have been locked yet.
            if free and time.time() - left.stat().st_mtime > _FRESH:
                shutil.rmtree(left)


@contextlib.contextmanager
def _held(folder: str | Path) -> Iterator[bool]:
    """Lock a folder, if no living process has; a lock ends with its process, however that ends."""
    number: int | None = None
    held = False
    # Another process may have the lock or have removed the folder; some network drives know no locks.
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = True
    try:
        yield held
    finally:
        if number is not None:
            os.close(number)


def write_json(path: str | Path, value: Any) -> Path:
    """Write a value as JSON, complete or not at all."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Path(path)


def read_json(path: str | Path) -> Any:
    """Read a JSON file that this suite wrote; ValueError if it is not whole."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a whole JSON file ({error}); make it anew") from error


def sha256(path: str | Path) -> str:
    """Hash of a file's content: 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance() -> dict[str, Any]:
    """What a result was made with: ``python``, ``packages`` that are there, ``commit`` (None outside git)."""
    packages = {}
    for name in _VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packages[name] = importlib.metadata.version(name)
    return {"python": platform.python_version(), "packages": packages, "commit": _commit()}


def _commit() -> str | None:
    command = ["git", "-C", str(root()), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _is_in(path: Path, folders: tuple[str, ...]) -> bool:
    return not path.is_absolute() and path.parts[:1] in [(name,) for name in folders]
