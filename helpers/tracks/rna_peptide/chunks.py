"""Chunk files of a folder as one table: every row in, natural order, two forms of a chunk once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.readers import own, pickles, tables
from helpers.readers.rows import Accounted

PAIR = ["rna_id", "protein_id", "rna_seq", "protein_seq"]

_ADDED = ("source", "row", "line", "status", "note")
_ENDING = re.compile(r"\.(csv|csv\.gz|tsv|tsv\.gz|pkl|pkl\.gz|pickle)$", re.IGNORECASE)
_NAMED = [*PAIR, "label"]


def merge_chunks(
    folder: str | Path, *, pattern: str = "*", columns: str = "", separator: str = "auto"
) -> pd.DataFrame:
    r"""Rows of all chunk files of a folder, in natural order (chunk_2 before chunk_10).

    A .csv and a .pkl of one name are two forms of one chunk: their content is compared and
    taken once. A row that cannot be read is kept, with the status ``rejected``.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the chunk files; those in further folders below are not looked at.
    pattern : str
        Which of its files to take, such as ``"chunk_*"``; of these, only files that end in
        .csv, .csv.gz, .tsv, .tsv.gz, .pkl, .pkl.gz or .pickle are chunks.
    columns, separator : str
        As for `helpers.readers.own.read_table`.

    Returns
    -------
    pandas.DataFrame
        `PAIR`, all other columns of the files as text (empty where a file has none), then
        ``source`` (file), ``row`` (from 1 in that file), ``line``, ``status`` and ``note``. Where
        no file has a column of ids, the ids are empty.

    Raises
    ------
    ValueError
        If the folder holds no chunk; if a file cannot be read or lacks a column (every such file
        is named); if two forms of a chunk differ (the first row that differs is named).

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for number in (10, 2):
    ...     _ = (folder / f"chunk_{number}.csv").write_text(
    ...         f"rna_id,protein_id,rna_seq,protein_seq\nr{number},p1,ACGU,MKV\n"
    ...     )
    >>> merge_chunks(folder)[["rna_id", "source", "row"]].values.tolist()
    [['r2', 'chunk_2.csv', 1], ['r10', 'chunk_10.csv', 1]]
    """
    folder = Path(folder)
    frames = {
        path: read_chunk(path, columns=columns, separator=separator) for path in _chunk_paths(folder, pattern)
    }
    _check_columns(folder, frames)
    first: dict[str, Path] = {}
    for path in frames:
        if (earlier := first.setdefault(_stem(path), path)) != path:
            _check_same(earlier, path, frames)
    own = [name for frame in frames.values() for name in _own_columns(frame)]
    names = list(dict.fromkeys([*PAIR, *own]))
    parts = [frames[path].reindex(columns=[*names, *_ADDED], fill_value="") for path in first.values()]
    return pd.concat([part.astype(dict.fromkeys(names, "str")) for part in parts], ignore_index=True)


def _chunk_paths(folder: Path, pattern: str) -> list[Path]:
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise ValueError(f"{folder}: {what}; expected a folder of chunk files")
    found = [path for path in folder.glob(pattern) if path.is_file()]
    paths = [path for path in found if _ENDING.search(path.name)]
    if not paths:
        others = ", ".join(sorted(path.name for path in found)[:5]) or "nothing"
        raise ValueError(
            f"{folder}: no chunk file fits {pattern!r} ({others} found); expected names that end in "
            ".csv, .csv.gz, .tsv, .tsv.gz, .pkl, .pkl.gz or .pickle. Correct the folder or the pattern"
        )
    return sorted(paths, key=lambda path: (_natural(_stem(path)), _natural(path.name)))


def _stem(path: Path) -> str:
    """Name of a chunk without its ending."""
    return _ENDING.sub("", path.name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def read_chunk(path: Path, *, columns: str = "", separator: str = "auto") -> pd.DataFrame:
    """Columns of one file as text, under our names, and source, row, line, status, note."""
    if re.search(r"\.(pkl|pickle)(\.gz)?$", path.name, re.IGNORECASE):
        theirs = {name: ours for ours, name in own.named_columns(columns, _NAMED).items()}
        frame = _frame_of_pickle(path).rename(columns=theirs)
        for name in set(_NAMED) & set(frame):
            frame[name] = frame[name].mask(frame[name].str.strip().str.lower().isin(tables.MISSING), "")
        frame["line"] = range(1, len(frame) + 1)
    else:
        rows = own.read_table(path, required=[], optional=_NAMED, columns=columns, separator=separator)
        there = {*tables.read_header(path, required=_NAMED, separator=separator)[0]}
        there |= {said.partition(": their column")[0] for said in rows.said}
        frame = rows.table.drop(columns=[name for name in _NAMED if name not in there])
    frame = frame.rename(columns={"source": "source_given", "row": "row_given"}).reset_index(drop=True)
    if twice := frame.columns[frame.columns.duplicated()].tolist():
        raise ValueError(f"{path}: the column {twice[0]} stands twice; rename one of the two")
    return frame.assign(source=path.name, row=range(1, len(frame) + 1))


def _frame_of_pickle(path: Path) -> pd.DataFrame:
    """Columns of the rows of a pickle; a row that lacks a field is rejected, as in a CSV file."""
    records = pickles.load_records(path)
    names = list(dict.fromkeys(name for record in records for name in record))
    cells = [[_text(record.get(name)) for name in names] for record in records]
    frame = pd.DataFrame(cells, columns=names, dtype="str")
    given = {name: f"{name}_given" for name in tables.ADDED}
    rows = Accounted(frame.rename(columns=given))
    lacking = [", ".join(name for name in names if name not in record) for record in records]
    rows.reject(
        [bool(what) for what in lacking], lambda row: f"the row has no field {lacking[row.name]}; add it"
    )
    return rows.table


def _text(value: pickles.Value) -> str:
    """A value as it would stand in a CSV file."""
    return "" if value is None or value != value else str(value)


def _own_columns(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame if name not in _ADDED]


def _check_columns(folder: Path, frames: Mapping[Path, pd.DataFrame]) -> None:
    lacking = []
    for path, frame in frames.items():
        if missing := [name for name in PAIR[2:] if name not in frame]:
            found = ", ".join(_own_columns(frame)) or "none"
            lacking.append(f"{path.name} lacks {', '.join(missing)} (found {found})")
    if lacking:
        more = f"; and {len(lacking) - 5} more files" if len(lacking) > 5 else ""
        raise ValueError(
            f"{folder}: each chunk needs the columns {', '.join(PAIR[2:])}. {'; '.join(lacking[:5])}{more}. "
            "Rename or add the columns, or say which is which (columns = 'rna_seq=my column')"
        )


def _check_same(first: Path, second: Path, frames: Mapping[Path, pd.DataFrame]) -> None:
    """Raise unless two forms of a chunk agree in the columns that both have."""
    a, b = frames[first], frames[second]
    shared = [name for name in _own_columns(a) if name in b]
    both = f"{first} and {second.name} are two forms of one chunk"
    remedy = "Remove the one that is out of date"
    length = min(len(a), len(b))
    left, right = (frame[shared].iloc[:length].to_numpy(dtype=object) for frame in (a, b))
    if len(differ := np.argwhere(left != right)):
        row, column = differ[0]
        raise ValueError(
            f"{both}, but differ from row {row + 1} on, first in {shared[column]}: "
            f"{left[row, column][:30]!r} against {right[row, column][:30]!r}. {remedy}"
        )
    if len(a) != len(b):
        raise ValueError(
            f"{both}, but hold {len(a)} and {len(b)} rows: row {length + 1} is in one only. {remedy}"
        )
