"""Tables in CSV files: read in pieces with every row accounted for, written whole or not at all."""

from __future__ import annotations

import csv
import difflib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project.paths import atomic_path
from helpers.readers.lines import iter_blocks, iter_lines, open_to_write

ADDED = ("line", "status", "note")
"""Columns that the reader adds; a column of that name in a file gets `_given` behind it."""

MISSING = frozenset({"na", "n/a", "#n/a", "nan", "none", "null", "<na>", "missing", ".", "-", "?"})
"""How files write that a cell holds nothing, in any case of letters."""
_LONGEST = max(map(len, MISSING))

_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_LINES_IN_A_CELL = 1000


class Row(NamedTuple):
    """One row of a table file, as text."""

    line: int
    """Number of its first line in the file, from 1."""
    cells: list[str]
    note: str
    """Why it could not be read, or empty."""


class _Block(NamedTuple):
    """Some rows of a table by their columns."""

    cells: list[list[str]]
    line: np.ndarray
    status: list[str]
    note: list[str]


def iter_table(
    path: str | Path,
    *,
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    chunk_rows: int = 10_000,
    separator: str = ",",
    part: range | None = None,
) -> Iterator[pd.DataFrame]:
    r"""Rows of a CSV file in pieces, in constant memory.

    The file may be gzip, hold a byte order mark, any line ends, blank lines (passed over), and
    quoted cells with separators, quotes or line breaks in them. A row that cannot be read has
    a row in the result all the same.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file whose first row names the columns.
    required : sequence of str
        Columns that must be there. A cell of theirs that says that there is nothing (`MISSING`)
        becomes empty, with a note; so it does in the optional ones.
    optional : sequence of str
        Columns that are added, empty, if they are not there.
    chunk_rows : int, default=10000
        Rows in a piece.
    separator : str, default=","
        Character between the cells; ``"auto"`` takes the one that splits the header into the
        required columns, or else the most frequent of comma, tab, semicolon and bar.
    part : range, optional
        Rows of the file, from 0, to give, `chunk_rows` in every piece but the last.

    Yields
    ------
    pandas.DataFrame
        The file's columns as text (an empty cell is an empty text), then ``line`` (of the row
        in the file), ``status`` (``ok`` or ``rejected``) and ``note``. At least one piece
        comes, without rows if the file has none. The index counts the rows of the file.

    Raises
    ------
    ValueError
        If the file is missing, a folder, empty, binary, cut off or not UTF-8; if a required
        column is missing, a name stands twice, or the separator is another one.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "pairs.csv"
    >>> _ = path.write_text("rna_seq,protein_seq\nACGU,MKV\nACGU\n")
    >>> pieces = iter_table(path, required=["rna_seq", "protein_seq"])
    >>> [piece[["rna_seq", "line", "status"]].values.tolist() for piece in pieces]
    [[['ACGU', 2, 'ok'], ['ACGU', 3, 'rejected']]]
    """
    path = Path(path)
    if chunk_rows < 1:
        raise ValueError(f"chunk_rows is {chunk_rows}; expected 1 or more rows in a piece")
    lines, separator = _opened(path, required, separator)
    first = next(lines, (1, ""))
    rows = _rows(chain([first], lines), separator)
    columns = _columns(path, next(rows, None), required, separator)
    added = [c for c in optional if c not in columns]
    if part is None and '"' not in first[1]:
        blocks = _blocks(iter_blocks(path, chunk_rows, after=first[0]), columns, separator, chunk_rows)
    else:  # A part is counted in rows, and a quoted name may run over several lines.
        rows = rows if part is None else islice(rows, part.start, part.stop)
        blocks = _row_by_row(rows, columns, chunk_rows)
    return (_without_marks(piece, [*required, *optional]) for piece in _pieces(blocks, columns, added, part))


def count_rows(path: str | Path, separator: str = ",") -> int:
    r"""Rows of a table below its column names, in constant memory.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("a,b\n1,2\n\n3,4\n")
    >>> count_rows(path)
    2
    """
    lines, _ = _opened(Path(path), (), separator)
    return sum(1 for _ in _rows(lines, separator)) - 1


def read_header(
    path: str | Path, *, required: Sequence[str] = (), separator: str = "auto"
) -> tuple[list[str], str]:
    r"""The column names of a table as they stand in the file, and its separator.

    Raises
    ------
    ValueError
        As `iter_table`, if the file cannot be read as text.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.tsv"
    >>> _ = path.write_text("Gene ID\tSequence\n")
    >>> read_header(path)
    (['Gene ID', 'Sequence'], '\t')
    """
    lines, separator = _opened(Path(path), required, separator)
    header = next(_rows(lines, separator), Row(0, [], ""))
    return [cell.strip() for cell in header.cells], separator


def find_separator(header: str, required: Sequence[str] = ()) -> str:
    r"""The separator of a table's first line, as `iter_table` finds it with ``"auto"``.

    Examples
    --------
    >>> find_separator("rna_seq;protein_seq;note, free", ["rna_seq", "protein_seq"])
    ';'
    """

    def fit(separator: str) -> tuple[int, int]:
        names = [cell.strip(' "') for cell in header.split(separator)]
        return len({*required} & {*names}), len(names)

    return max(_SEPARATORS, key=fit)


def _opened(path: Path, required: Sequence[str], separator: str) -> tuple[Iterator[tuple[int, str]], str]:
    """Lines of a file from the header on, and the separator, found if it is "auto"."""
    separator = "\t" if separator == "\\t" else separator
    if separator != "auto" and (len(separator) != 1 or separator in '"\r\n'):
        raise ValueError(f"separator is {separator!r}; expected 'auto' or one character, such as ',' or ';'")
    # Python's own limit of 131,072 characters in a cell is below the length of many RNAs.
    csv.field_size_limit(2**31 - 1)
    lines = iter_lines(path)
    first = next(
        (one for one in lines if one[1].strip() and not (one[0] == 1 and _says_separator(one[1]))), None
    )
    if separator == "auto":
        separator = find_separator(first[1] if first else "", required)
    return chain([first] if first else [], lines), separator


def _says_separator(line: str) -> bool:
    """Whether a first line is the one that spreadsheets write to name the separator: ``sep=;``."""
    return line.strip().lower().startswith("sep=") and len(line.strip()) <= len("sep=;")


def _without_marks(piece: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Cells that say that there is nothing, as empty ones, and a note of it."""
    for name in dict.fromkeys(columns):
        cells = piece[name].tolist()
        short = {cell for cell in map(str.strip, cells) if len(cell) <= _LONGEST}
        if not MISSING.isdisjoint(map(str.lower, short)):
            marks = [cell for cell in set(cells) if cell.strip().lower() in MISSING]
            marked = piece[name].isin(marks)
            notes = piece.loc[marked, "note"].where(piece.loc[marked, "note"] == "", piece["note"] + "; ")
            piece.loc[marked, "note"] = notes + f"{name} " + piece.loc[marked, name] + " read as missing"
            piece.loc[marked, name] = ""
    return piece


def read_table(
    path: str | Path, *, required: Sequence[str] = (), optional: Sequence[str] = (), separator: str = ","
) -> pd.DataFrame:
    r"""All rows of a CSV file, as the pieces of `iter_table`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "pairs.csv"
    >>> _ = path.write_text("rna_id;length\nr1;4\n")
    >>> read_table(path, separator=";").iloc[0].to_dict()
    {'rna_id': 'r1', 'length': '4', 'line': 2, 'status': 'ok', 'note': ''}
    """
    read = iter_table(path, required=required, optional=optional, separator=separator, chunk_rows=50_000)
    return pd.concat(read)


def write_table(path: str | Path, frame: pd.DataFrame) -> Path:
    """Write a table as CSV, without its index: complete, or not at all; gzip for ``.gz``.

    Examples
    --------
    >>> import tempfile
    >>> path = write_table(Path(tempfile.mkdtemp()) / "a.csv", pd.DataFrame({"a": [1, 2]}))
    >>> path.read_text().split()
    ['a', '1', '2']
    """
    write_pieces(path, [frame])
    return Path(path)


def write_pieces(
    path: str | Path, pieces: Iterable[pd.DataFrame], columns: Sequence[str] | None = None
) -> Counter[str]:
    """Write a table's pieces as they come, in the memory of one: complete, or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to replace; gzip if its name ends in ``.gz``.
    pieces : iterable of pandas.DataFrame
        All of the same columns, in any order.
    columns : sequence of str, optional
        Columns in their order; those of the first piece by default. A table without any piece
        needs them for its header.

    Returns
    -------
    collections.Counter
        How many rows there are of each ``status``, if the pieces have that column.

    Examples
    --------
    >>> import tempfile
    >>> pieces = [pd.DataFrame({"a": [1], "status": "ok"}), pd.DataFrame({"a": [2], "status": "ok"})]
    >>> write_pieces(Path(tempfile.mkdtemp()) / "a.csv", pieces)
    Counter({'ok': 2})
    """
    counts: Counter[str] = Counter()
    header: list[str] | None = None
    rows = 0
    heads = [] if columns is None else [pd.DataFrame(columns=list(columns))]
    with atomic_path(path) as part, open_to_write(part) as stream:
        for piece in chain(heads, pieces):
            names = list(map(str, piece.columns))
            is_first = header is None
            header = header or names
            if not header or len(set(header)) < len(header):
                raise ValueError(f"{path}: the columns are {header}; expected each name once")
            if sorted(names) != sorted(header):
                missing, extra = (sorted({*a} - {*b}) for a, b in ((header, names), (names, header)))
                raise ValueError(
                    f"{path}, after row {rows}: the columns of this piece differ "
                    f"(missing {missing}, new {extra}); expected {header}"
                )
            ordered = piece.set_axis(names, axis=1)[header]
            ordered.to_csv(stream, header=is_first, index=False, lineterminator="\n")
            counts.update(piece.get("status", ()))
            rows += len(piece)
        if header is None:
            raise ValueError(f"{path}: nothing was written and no columns were named. Give the columns")
    return counts


def _rows(lines: Iterator[tuple[int, str]], separator: str) -> Iterator[Row]:
    """Rows of a file; a quote that is never closed costs its own line and no other."""
    again: deque[tuple[int, str]] = deque()
    while (numbered := again.popleft() if again else next(lines, None)) is not None:
        number, line = numbered
        if not line.strip() and separator not in line:
            continue
        if '"' not in line:
            yield Row(number, line.split(separator), "")
            continue
        taken = [numbered]
        parsed = _parse(taken, separator)
        while not parsed and len(taken) < _LINES_IN_A_CELL:
            further = again.popleft() if again else next(lines, None)
            if further is None:
                break
            taken.append(further)
            if '"' in further[1] and sum(text.count('"') for _, text in taken) % 2 == 0:
                parsed = _parse(taken, separator)
                break
        if not parsed:
            again.extendleft(reversed(taken[1:]))
            note = 'a cell opens with a quote (") that is not closed before the next separator'
            parsed = [Row(number, line.split(separator), f"line {number}: {note}")]
        yield from parsed


def _parse(taken: list[tuple[int, str]], separator: str) -> list[Row]:
    """Rows of some lines with quotes in them; none if they are not whole rows."""
    reader = csv.reader((line + "\n" for _, line in taken), delimiter=separator, strict=True)
    rows: list[Row] = []
    done = 0
    try:
        for cells in reader:
            rows.append(Row(taken[done][0], cells, ""))
            done = reader.line_num
    except csv.Error:
        return []
    return rows


def _columns(path: Path, header: Row | None, required: Sequence[str], separator: str) -> list[str]:
    """Names of the columns, checked."""
    if header is None:
        raise ValueError(f"{path}: the file holds blank lines only; expected a row of column names")
    names = [cell.strip() for cell in header.cells]
    _check_separator(path, header, names, required, separator)
    if header.note:
        raise ValueError(f"{path}, {header.note}; correct the row of column names")
    names = [name or f"unnamed_{number}" for number, name in enumerate(names, start=1)]
    names = [f"{name}_given" if name in ADDED else name for name in names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"{path}, line {header.line}: the column name {', '.join(twice)} stands more than once"
        )
    if missing := [name for name in required if name not in names]:
        raise ValueError(
            f"{path}, line {header.line}: there is no column {', '.join(missing)}; found "
            f"{', '.join(names)}.{near(missing, names)} Rename or add the columns"
        )
    return names


def _check_separator(
    path: Path, header: Row, names: list[str], required: Sequence[str], separator: str
) -> None:
    wanted = set(required) or {""}
    if wanted <= set(names):
        return
    for other, what in _SEPARATORS.items():
        split = [cell.strip(' "') for cell in separator.join(names).split(other)]
        if other != separator and (wanted <= set(split) or (len(names) == 1 < len(split))):
            raise ValueError(
                f"{path}, line {header.line}: the columns are separated by {what}; expected "
                f"{_SEPARATORS.get(separator, repr(separator))}. Give separator={other!r}"
            )


def near(missing: Sequence[str], names: Sequence[str]) -> str:
    """A question that names what may be meant; nothing is guessed, but the reader is shown it.

    Examples
    --------
    >>> near(["sequence"], ["Sequences", "label"])
    ' Is it Sequences for sequence?'
    """
    lower = {name.lower(): name for name in names}
    hints = []
    for name in missing:
        close = difflib.get_close_matches(name.lower(), lower, n=1)
        hints += [f"{lower[item]} for {name}" for item in close]
    return f" Is it {', '.join(hints)}?" if hints else ""


def _blocks(
    texts: Iterator[tuple[int, str]], columns: list[str], separator: str, most: int
) -> Iterator[_Block]:
    """The file, at most so many rows at once; from the first quote on row by row."""
    further = len(columns) - 1
    row = (separator * further + "\n").encode()
    others = bytes({*range(256)} - {*separator.encode(), *b"\n"})
    for number, text in texts:
        if '"' in text:
            lines = chain.from_iterable(map(_numbered, chain([(number, text)], texts)))
            yield from _row_by_row(_rows(lines, separator), columns, most)
            return
        n = text.count("\n")
        # Bytes are looked through many times faster than the rows one by one.
        if separator.isascii() and text.encode().translate(None, others) == row * n:
            cells = text[:-1].replace("\n", separator).split(separator)
            if further or all(map(str.strip, cells)):
                by_column = [cells[column :: further + 1] for column in range(further + 1)]
                yield _Block(by_column, np.arange(number, number + n), ["ok"] * n, [""] * n)
                continue
        yield from _row_by_row(_rows(_numbered((number, text)), separator), columns, most)


def _numbered(block: tuple[int, str]) -> Iterator[tuple[int, str]]:
    return enumerate(block[1].split("\n")[:-1], start=block[0])


def _row_by_row(rows: Iterator[Row], columns: list[str], most: int) -> Iterator[_Block]:
    while found := list(islice(rows, most)):
        yield _fitted(found, columns)


def _fitted(rows: list[Row], columns: list[str]) -> _Block:
    fitted = [_fit(row, columns) for row in rows]
    by_column = [[cells[column] for cells, *_ in fitted] for column in range(len(columns))]
    lines = np.array([row.line for row in rows])
    return _Block(by_column, lines, [one[1] for one in fitted], [one[2] for one in fitted])


def _pieces(
    blocks: Iterator[_Block], columns: list[str], added: list[str], part: range | None
) -> Iterator[pd.DataFrame]:
    start, begun = part.start if part is not None else 0, False
    for block in chain(blocks, [_Block([[] for _ in columns], np.empty(0), [], [])]):
        n = len(block.line)
        if not n and begun:
            continue  # a file without rows has a piece without rows
        cells = dict(zip(columns, block.cells, strict=True)) | {name: [""] * n for name in added}
        cells |= {"status": block.status, "note": block.note}
        piece = pd.DataFrame(cells, index=pd.RangeIndex(start, start + n), dtype="str")
        piece.insert(len(columns) + len(added), "line", block.line.astype("int64"))
        yield piece
        start, begun = start + n, True


def _fit(row: Row, columns: list[str]) -> tuple[list[str], str, str]:
    """As many cells as there are columns, and what was wrong."""
    cells, number = row.cells, len(columns)
    fitted = cells[:number] + [""] * (number - len(cells))
    further = f". Behind the last column: {', '.join(cells[number:])}" if cells[number:] else ""
    if row.note:
        return fitted, "rejected", f"{row.note}; correct the row{further}"
    if len(cells) == number:
        return fitted, "ok", ""
    if not any(cells[number:]) and len(cells) > number:
        return fitted, "ok", f"{len(cells) - number} empty cells behind the last column left out"
    note = f"line {row.line} holds {len(cells)} cells; expected {number}; correct the row{further}"
    return fitted, "rejected", note
