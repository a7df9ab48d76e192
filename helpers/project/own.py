"""Data of one's own: kept apart from the sample, and the command that runs a track over them."""

from __future__ import annotations

import shlex
from pathlib import Path

from helpers.project import paths

PROFILE = "own data"
_SUITE = ("data/sample", "data/models", "runs/sample", "runs/real")
_OPTIONS = ("source", "columns", "dataset", "out")
_KEPT = ("runs/sample", "runs/real", "figures", "data", "notebooks", "helpers")


def is_own(source: str | Path) -> bool:
    """Whether a source is the user's: no name of the registry, and no file that the suite brought or made.

    Examples
    --------
    >>> is_own("registry"), is_own("data/sample/gene_expression/promoters.csv"), is_own("mine.csv")
    (False, False, True)
    """
    return str(source) not in ("", "registry") and not _inside(source, _SUITE)


def profile(given: str, source: str | Path) -> str:
    """The profile that titles show: ``own data`` where the source is the user's, else as given."""
    return PROFILE if is_own(source) else given


def check_folder(source: str | Path, *folders: str | Path) -> None:
    """Refuse to write the results of a user's data among the suite's own.

    Raises
    ------
    ValueError
        If the source is the user's and a folder lies in ``runs/sample``, ``runs/real``, ``figures``
        or another folder of the suite.
    """
    for folder in folders if is_own(source) else ():
        if _inside(folder, _KEPT):
            raise ValueError(
                f"{folder} holds the suite's own results, and {source} is your data; they would be mixed. "
                "Give another folder, such as out_dir = 'results'"
            )


def command(track: str, *, out: str | Path, **options: str | Path) -> str:
    """The one command that runs a track over one's own data; what is empty or ``auto`` is left out.

    An option that `run` does not have is a setting of the notebooks.

    Examples
    --------
    >>> command("gene_expression", source="my promoters.csv", columns="", length=170, out="results")
    "sequence-notebooks run gene_expression --source 'my promoters.csv' --set length=170 --out results"
    """
    words = ["sequence-notebooks", "run", track]
    for name, value in {**options, "out": out}.items():
        if str(value) not in ("", "auto"):
            words += [f"--{name}", str(value)] if name in _OPTIONS else ["--set", f"{name}={value}"]
    return shlex.join(words)


def _inside(path: str | Path, folders: tuple[str, ...]) -> bool:
    given = Path(path).expanduser()
    # As `paths.output_folder` and `paths.find` understand a relative path, the user's file first.
    base = Path.cwd() if (Path.cwd() / given).exists() else paths.root()
    full = (base / given).resolve()
    return any(full.is_relative_to((paths.root() / name).resolve()) for name in folders)
