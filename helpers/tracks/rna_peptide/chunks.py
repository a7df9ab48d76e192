"""Chunk files of RNA-peptide pairs, .csv or .pkl, merged into one table in their own order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helpers.readers.pickles import Value, load_records
from helpers.readers.tables import read_table

PAIR_COLUMNS = ("rna_id", "protein_id", "rna_seq", "protein_seq")
"""Columns that each chunk has to have."""

_ENDINGS = (".csv", ".csv.gz", ".pkl", ".pkl.gz", ".pickle")
_ADDED = ["source", "row", "status", "note"]


class _Chunk(NamedTuple):
    path: Path
    stem: str
    frame: pd.DataFrame
    """The columns of the file as text, then row, status, note."""

    @property
    def columns(self) -> list[str]:
        return [name for name in self.frame.columns if name not in _ADDED]


def merge_chunks(folder: str | Path, *, pattern: str = "*") -> pd.DataFrame:
    r"""Rows of all chunk files of a folder, in natural order (chunk_2 before chunk_10).

    A .csv and a .pkl of one name are two forms of one chunk: their content is compared and
    taken once. A row that cannot be read is kept, with the status ``rejected``.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the chunk files; those in further folders below are not looked at.
    pattern : str, default="*"
        Which of its files to take, such as ``"chunk_*"``; of these, only files that end in
        .csv, .csv.gz, .pkl, .pkl.gz or .pickle are chunks.

    Returns
    -------
    pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq``, all other columns of the files as text
        (empty where a file has none), then ``source`` (file), ``row`` (from 1 in that file),
        ``status`` and ``note``. See `chunk_report` for the columns file by file.

    Raises
    ------
    ValueError
        If the folder is missing or holds no chunk; if a file cannot be read, or lacks a
        column (every such file is named); if two forms of a chunk differ (both are named,
        with the first row that differs).

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
    chunks = _read_chunks(Path(folder), pattern)
    _check_columns(Path(folder), chunks)
    kept: dict[str, _Chunk] = {}
    for chunk in chunks:
        if chunk.stem in kept:
            _check_twins(kept[chunk.stem], chunk)
        kept.setdefault(chunk.stem, chunk)
    further = dict.fromkeys(name for chunk in chunks for name in chunk.columns)
    names = [*PAIR_COLUMNS, *(name for name in further if name not in PAIR_COLUMNS)]
    parts = []
    for chunk in kept.values():
        part = chunk.frame.reindex(columns=[*names, *_ADDED], fill_value="")
        parts.append(part.astype(dict.fromkeys(names, "str")))
    return pd.concat(parts, ignore_index=True)


def chunk_report(folder: str | Path, *, pattern: str = "*") -> pd.DataFrame:
    r"""What each chunk file holds, and where it differs from the others.

    Parameters
    ----------
    folder, pattern
        As for `merge_chunks`.

    Returns
    -------
    pandas.DataFrame, columns=source, rows, rejected, missing, further, note
        One row a file: its rows, those that could not be read, the columns of `PAIR_COLUMNS`
        that it lacks, the columns it has beyond them, and remarks: the other form of the same
        chunk, a number that is skipped in the names, columns unlike those of the first file.

    Raises
    ------
    ValueError
        If the folder is missing or holds no chunk, or a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "chunk_1.csv").write_text("rna_id,protein_id,rna_seq\nr1,p1,ACGU\n")
    >>> chunk_report(folder)[["source", "rows", "missing"]].values.tolist()
    [['chunk_1.csv', 1, 'protein_seq']]
    """
    chunks = _read_chunks(Path(folder), pattern)
    rows = []
    previous: _Chunk | None = None
    for chunk in chunks:
        missing = [name for name in PAIR_COLUMNS if name not in chunk.columns]
        further = [name for name in chunk.columns if name not in PAIR_COLUMNS]
        notes = [_neighbour_note(previous, chunk)]
        if set(chunk.columns) != set(chunks[0].columns):
            notes.append(f"columns differ from those of {chunks[0].path.name}")
        rejected = int((chunk.frame["status"] == "rejected").sum())
        note = "; ".join(filter(None, notes))
        columns = (", ".join(missing), ", ".join(further))
        rows.append((chunk.path.name, len(chunk.frame), rejected, *columns, note))
        previous = chunk
    return pd.DataFrame(rows, columns=["source", "rows", "rejected", "missing", "further", "note"])


def _read_chunks(folder: Path, pattern: str) -> list[_Chunk]:
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise ValueError(f"{folder}: {what}; expected a folder of chunk files")
    found = [path for path in folder.glob(pattern) if path.is_file()]
    paths = [path for path in found if path.name.lower().endswith(_ENDINGS)]
    if not paths:
        others = ", ".join(sorted(path.name for path in found)[:5]) or "nothing"
        raise ValueError(
            f"{folder}: no chunk file fits {pattern!r} ({others} found); expected names that end "
            f"in {', '.join(_ENDINGS)}. Correct the folder or the pattern"
        )
    paths.sort(key=lambda path: (_natural(_stem(path)), _natural(path.name)))
    return [_Chunk(path, _stem(path), _read(path)) for path in paths]


def _read(path: Path) -> pd.DataFrame:
    """Columns of one file as text, and row, status, note."""
    if path.name.lower().endswith((".csv", ".csv.gz")):
        frame = read_table(path).drop(columns="line")
    else:
        frame = _frame_of_records(load_records(path))
    own = {name: f"{name}_given" for name in ("source", "row") if name in frame}
    frame = frame.rename(columns=own).reset_index(drop=True)
    if twice := frame.columns[frame.columns.duplicated()].tolist():
        raise ValueError(f"{path}: the column {twice[0]} stands twice; rename one of the two")
    return frame.assign(source=path.name, row=range(1, len(frame) + 1))


def _frame_of_records(records: list[dict[str, Value]]) -> pd.DataFrame:
    """Columns of the rows of a pickle; a row that lacks a field is rejected, as in a CSV file."""
    names = list(dict.fromkeys(name for record in records for name in record))
    cells = [[_text(record.get(name)) for name in names] for record in records]
    frame = pd.DataFrame(cells, columns=names, dtype="str")
    taken = {name: f"{name}_given" for name in ("status", "note") if name in frame}
    lacking = [", ".join(name for name in names if name not in record) for record in records]
    notes = [f"the row has no field {what}; add it" if what else "" for what in lacking]
    status = ["rejected" if what else "ok" for what in lacking]
    return frame.rename(columns=taken).assign(
        status=pd.Series(status, dtype="str"), note=pd.Series(notes, dtype="str")
    )


def _text(value: Value) -> str:
    """A value as it would stand in a CSV file."""
    return "" if value is None or value != value else str(value)


def _check_columns(folder: Path, chunks: list[_Chunk]) -> None:
    lacking = []
    for chunk in chunks:
        if missing := [name for name in PAIR_COLUMNS if name not in chunk.columns]:
            found = ", ".join(chunk.columns) or "none"
            lacking.append(f"{chunk.path.name} lacks {', '.join(missing)} (found {found})")
    if lacking:
        more = f"; and {len(lacking) - 5} more files" if len(lacking) > 5 else ""
        raise ValueError(
            f"{folder}: each chunk needs the columns {', '.join(PAIR_COLUMNS)}. "
            f"{'; '.join(lacking[:5])}{more}. Rename or add the columns"
        )


def _check_twins(first: _Chunk, second: _Chunk) -> None:
    """Raise unless two forms of a chunk agree in the columns that both have."""
    shared = [name for name in first.columns if name in second.columns]
    both = f"{first.path} and {second.path.name} are two forms of one chunk"
    remedy = "Remove the one that is out of date"
    rows = zip(
        first.frame[shared].itertuples(index=False, name=None),
        second.frame[shared].itertuples(index=False, name=None),
        strict=False,
    )
    for number, (a, b) in enumerate(rows, start=1):
        for name, left, right in zip(shared, a, b, strict=True):
            if left != right:
                raise ValueError(
                    f"{both}, but differ from row {number} on, first in {name}: "
                    f"{left[:30]!r} against {right[:30]!r}. {remedy}"
                )
    if len(first.frame) != len(second.frame):
        shorter = min(len(first.frame), len(second.frame))
        raise ValueError(
            f"{both}, but hold {len(first.frame)} and {len(second.frame)} rows: row "
            f"{shorter + 1} is in one only. {remedy}"
        )


def _neighbour_note(previous: _Chunk | None, chunk: _Chunk) -> str:
    """Remark on a chunk's place among the files."""
    if previous is None:
        return ""
    if previous.stem == chunk.stem:
        return f"the same chunk as {previous.path.name}"
    before, number = (re.findall(r"\d+", stem) for stem in (previous.stem, chunk.stem))
    same_name = re.sub(r"\d+", "", previous.stem) == re.sub(r"\d+", "", chunk.stem)
    if same_name and before and int(number[-1]) > int(before[-1]) + 1:
        return f"the numbers between {before[-1]} and {number[-1]} are missing"
    return ""


def _stem(path: Path) -> str:
    """Name of a chunk without its ending."""
    ending = max((e for e in _ENDINGS if path.name.lower().endswith(e)), key=len)
    return path.name[: -len(ending)]


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
