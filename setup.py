"""What a wheel holds beside the package: the suite, for `sequence-notebooks start` (paths.INSTALLED)."""

from pathlib import Path

from setuptools import setup

SUITE = ("Snakefile", "config", "data", "notebooks", "workflow")
TABLES = ("figures/*/results.csv", "figures/*/*_scores.csv", "figures/*/*_outside.csv")
"""Tables of the real profile that pages read; `helpers.project.cli` lays out the same."""

files: dict[str, list[str]] = {}
tables = [path.as_posix() for pattern in TABLES for path in Path().glob(pattern)]
for name in (*SUITE, *tables):
    place = Path(name)
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if path.is_file() and not any(part[0] in "._" for part in path.parts):
            folder = Path("share/sequence-notebooks") / path.parent
            files.setdefault(folder.as_posix(), []).append(path.as_posix())

setup(data_files=sorted(files.items()))
