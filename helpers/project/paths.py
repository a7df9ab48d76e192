"""Where files are found and placed, and how they are written: complete, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT_FOLDERS = ("config", "data", "figures", "notebooks", "runs")
ROOT_VARIABLE = "SEQUENCE_NOTEBOOKS_ROOT"
_VERSIONED = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "torch")


def root() -> Path:
    """Folder of the project: the one that holds the Snakefile.

    Returns
    -------
    pathlib.Path
        The folder named by the variable ``SEQUENCE_NOTEBOOKS_ROOT``, else the one that this
        package was installed from.

    Raises
    ------
    ValueError
        If there is no Snakefile in it.
    """
    folder = Path(os.environ.get(ROOT_VARIABLE) or Path(__file__).resolve().parents[2])
    if not (folder / "Snakefile").is_file():
        raise ValueError(
            f"the project folder {folder} holds no Snakefile. Install the package from a checkout "
            f"(pip install -e .) or set {ROOT_VARIABLE} to the folder of a checkout"
        )
    return folder


def find(path: str | Path) -> Path:
    """The file or folder that a parameter names.

    A relative path is looked for in the current folder and then, if its first part is one of the
    project's folders (data, runs, ...), in the project. So ``pairs = "my.csv"`` is the user's
    file and ``pairs = "data/sample/..."`` the bundled one, wherever the notebook is run.

    Parameters
    ----------
    path : str or pathlib.Path
        An existing file or folder.

    Returns
    -------
    pathlib.Path
        Absolute path.

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
    places = [Path.cwd() / given] + ([root() / given] if _is_of_project(given) else [])
    for place_ in places:
        if place_.exists():
            return place_.resolve()
    looked = " nor at ".join(str(place_) for place_ in places)
    raise ValueError(f"no file or folder at {looked}. Give a path that exists, best an absolute one")


def output_folder(path: str | Path) -> Path:
    """Folder to write to: under the project for ``runs/`` and ``figures/``, else as given.

    Parameters
    ----------
    path : str or pathlib.Path
        A folder; made if absent.

    Returns
    -------
    pathlib.Path
        Absolute path of an existing folder.

    Raises
    ------
    ValueError
        If there is a file of that name.
    """
    given = Path(path).expanduser()
    ours = not given.is_absolute() and given.parts[:1] in (("runs",), ("figures",))
    folder = root() / given if ours else Path.cwd() / given
    if folder.is_file():
        raise ValueError(f"{folder} is a file; expected a folder to write to. Give another name")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


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

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to replace.

    Yields
    ------
    pathlib.Path
        A file beside it, with the same ending.

    Examples
    --------
    >>> import tempfile
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
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: str | Path, value: Any) -> Path:
    """Write a value as JSON, complete or not at all."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Path(path)


def read_json(path: str | Path) -> Any:
    """Read a JSON file that this suite wrote.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a whole JSON file ({error}); make it anew") from error


def sha256(path: str | Path) -> str:
    """Hash of a file's content, read in blocks.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance() -> dict[str, Any]:
    """What a result was made with: versions of the packages, Python, the commit of the code.

    Returns
    -------
    dict
        Keys ``python``, ``packages`` and ``commit`` (None outside a git checkout).
    """
    packages = {name: importlib.metadata.version(name) for name in _VERSIONED}
    return {"python": platform.python_version(), "packages": packages, "commit": _commit()}


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root()), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _is_of_project(path: Path) -> bool:
    return not path.is_absolute() and bool(path.parts) and path.parts[0] in PROJECT_FOLDERS
