"""What a wheel holds beside the package: the suite, for `sequence-notebooks start` (paths.INSTALLED)."""

from pathlib import Path

from setuptools import setup

SUITE = ("Snakefile", "config", "data", "notebooks", "workflow")

files: dict[str, list[str]] = {}
for name in SUITE:
    place = Path(name)
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if path.is_file() and not any(part[0] in "._" for part in path.parts):
            folder = Path("share/sequence-notebooks") / path.parent
            files.setdefault(folder.as_posix(), []).append(path.as_posix())

setup(data_files=sorted(files.items()))
