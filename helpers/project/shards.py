"""A file predicted in shards: each a share of its rows, written whole or not at all, joined in order."""

from __future__ import annotations

import csv
import re
import shutil
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from helpers.project import paths

BLOCK = 2048
"""Rows of a file that are read, predicted and written at a time. Shards begin at whole blocks, so that a
row has the same neighbours, and its number the same last digit, however many shards there are."""

_NAME = re.compile(r"(\d+)-of-(\d+)\.csv")


class Shard(NamedTuple):
    """One of several shares of a file's rows; the only one by default.

    Examples
    --------
    >>> Shard.named("2/3").rows(lambda: 10_000)
    range(2048, 6144)
    """

    number: int = 1
    """From 1."""
    of: int = 1

    @classmethod
    def named(cls, text: str) -> Self:
        """The shard that a text such as ``3/40`` names."""
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(f"--shard {text!r}; expected number/of with a number from 1 on, such as 3/40")
        return cls(int(number), int(of))

    def rows(self, count: Callable[[], int]) -> range:
        """The rows (from 0) of a file that `count` counts; it is not asked where there is one shard."""
        if self.of == 1:
            return range(sys.maxsize)
        total = count()
        blocks = -(-total // BLOCK)
        first, last = (blocks * number // self.of * BLOCK for number in (self.number - 1, self.number))
        return range(min(first, total), min(last, total))

    def path(self, folder: Path) -> Path:
        """Where its predictions are kept."""
        return folder / "shards" / f"{self.number:04d}-of-{self.of:04d}.csv"


WHOLE = Shard()


def predict(
    door: Callable[[dict[str, Any], Path, Shard], dict[str, int]], given: dict[str, Any], folder: Path,
    *, shard: Shard, key: str,
) -> str:  # fmt: skip
    """Predict one shard into a folder, unless it lies there; what was done, in words.

    `door` is the track's ``predict.predict_shard``; `key` stands for data, settings and code.
    """
    path = shard.path(folder)
    stamp = path.with_suffix(".json")
    if path.is_file() and stamp.is_file() and paths.read_json(stamp)["key"] == key:
        return f"{path}: done before with the same data, settings and code"
    stamp.unlink(missing_ok=True)
    counts = dict(door(given, path, shard))
    paths.write_json(stamp, {"key": key, "rows": counts})
    said = ", ".join(f"{number} {status}" for status, number in counts.items()) or "no rows"
    return f"{path}: {said}"


def join(folder: Path) -> tuple[Path, int]:
    """Write ``predictions.csv`` from all shards of a folder, in the order of the input; and the rows in it.

    Raises
    ------
    ValueError
        If a shard is missing or half done, or they are of different inputs, settings or numbers.
    """
    there = {path: _NAME.fullmatch(path.name) for path in sorted((folder / "shards").glob("*.csv"))}
    sizes = sorted({int(name[2]) for name in there.values() if name})
    if not sizes:
        raise ValueError(
            f"{folder}: there is no shard in it; run predict --shard 1/N to N/N --out {folder} first"
        )
    if len(sizes) > 1:
        raise ValueError(
            f"{folder}: its shards are of {' and of '.join(map(str, sizes))}; expected those of one number. "
            "Remove the folder 'shards' in it and predict again"
        )
    shards = [Shard(number, sizes[0]) for number in range(1, sizes[0] + 1)]
    files = [shard.path(folder) for shard in shards]
    lacking = [
        f"{shard.number}/{shard.of}"
        for shard, path in zip(shards, files, strict=True)
        if not path.is_file() or not path.with_suffix(".json").is_file()
    ]
    if lacking:
        raise ValueError(
            f"{folder}: {len(lacking)} shards are missing: {', '.join(lacking)}. Predict them with --shard"
        )
    stamps = [paths.read_json(path.with_suffix(".json")) for path in files]
    others = [
        path.stem for path, stamp in zip(files, stamps, strict=True) if stamp["key"] != stamps[0]["key"]
    ]
    if others:
        raise ValueError(
            f"{folder}: {', '.join(others)} were predicted from other data, settings or code than "
            f"{files[0].stem}. Predict all shards again with the same"
        )
    out = folder / "predictions.csv"
    with paths.atomic_path(out) as part, part.open("wb") as target:
        for number, path in enumerate(files):
            with path.open("rb") as source:
                for _ in islice(source, _header_lines(path) if number else 0):
                    pass
                shutil.copyfileobj(source, target, 1 << 20)
    return out, sum(sum(stamp["rows"].values()) for stamp in stamps)


def _header_lines(path: Path) -> int:
    """Lines of the row of column names, which may hold line breaks."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        next(reader, None)
        return reader.line_num
