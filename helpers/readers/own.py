"""A table of one's own, whatever its separator, column names and way to write numbers and labels."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.project.shards import BLOCK, Shard
from helpers.readers import tables
from helpers.readers.fasta import Record, iter_fasta
from helpers.readers.lines import iter_lines
from helpers.readers.rows import Accounted

YES = frozenset({"1", "1.0", "+1", "+1.0", "true", "yes", "y", "positive"})
"""How files write the label 1, in any case of letters."""
NO = frozenset({"0", "0.0", "-1", "-1.0", "false", "no", "n", "negative"})
"""How files write the label 0."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
# Names that a spreadsheet took for dates (SEPT2) and numbers (2310009E13).
_SPOILT = r"\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{1,2}|\d(\.\d+)?E\+\d+"
# Numbers that describe a row and were measured in no cell type.
_NEVER_VALUES = re.compile(
    r"unnamed.*|index|row|rank|chr|chrom|chromosome|start|end|stop|pos|position|strand|length|len|gc|tss"
    r"|n|(n|num|number|count)[_ ].*|(.*[_ ])?(count|counts|barcodes|n)",
    re.IGNORECASE,
)


def named_columns(given: str | Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """Which column of a file holds what: a mapping from our names to theirs, checked.

    Parameters
    ----------
    given : str or mapping
        ``"sequence=Seq, label=Class"``, or the same as a mapping; empty if the file has our names.
    known : sequence of str
        Our names.

    Raises
    ------
    ValueError
        If a part is no ``ours=theirs``, or a name of ours is unknown or stands twice.

    Examples
    --------
    >>> named_columns("sequence=Seq, label=Class", ["sequence", "label", "group"])
    {'sequence': 'Seq', 'label': 'Class'}
    """
    if isinstance(given, Mapping):
        pairs = [(str(ours), str(theirs)) for ours, theirs in given.items()]
    else:
        parts = [part for part in given.split(",") if part.strip()]
        pairs = [
            (ours.strip(), theirs.strip()) for ours, _, theirs in (part.partition("=") for part in parts)
        ]
    found: dict[str, str] = {}
    for ours, theirs in pairs:
        if not ours or not theirs:
            raise ValueError(
                f"columns is {given!r}; expected ours=theirs with commas between, such as "
                f"'{known[0]}=my column'. Our names are {', '.join(known)}"
            )
        if ours not in known:
            near = difflib.get_close_matches(ours, known, n=1, cutoff=0.4)
            hint = f" Is it {near[0]!r}?" if near else ""
            raise ValueError(f"columns names {ours!r}; expected one of {', '.join(known)}.{hint}")
        if ours in found or theirs in found.values():
            raise ValueError(f"columns is {given!r}: {ours}={theirs} names a column twice; name each once")
        found[ours] = theirs
    return found


def read_table(
    path: str | Path,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    columns: str | Mapping[str, str] = "",
    separator: str = "auto",
) -> Accounted:
    r"""Every row of a user's table, under our column names.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV, TSV or the like, as spreadsheets export it; gzip, too.
    required, optional : sequence of str
        Our names, as for `helpers.readers.tables.iter_table`.
    columns : str or mapping
        As for `named_columns`: which of their columns is which of ours.
    separator : str
        ``"auto"``, or the character between the cells.

    Returns
    -------
    Accounted
        Its ``said`` names the separator and the renamed columns. A column whose name differs from
        ours in its case, blanks, dashes and underscores alone (``Gene ID``) is ours, and said.

    Raises
    ------
    ValueError
        As `named_columns` and `helpers.readers.tables.iter_table`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.txt"
    >>> _ = path.write_text("Seq;Class\nACGU;yes\n")
    >>> rows = read_table(path, required=["sequence", "label"], columns="sequence=Seq, label=Class")
    >>> rows.table[["sequence", "label"]].values.tolist(), rows.said[0]
    ([['ACGU', 'yes']], "separator: ';'")
    """
    theirs, wanted, separator = _understood(path, required, optional, columns, separator)
    others = [name for name in optional if name not in theirs]
    table = tables.read_table(path, required=wanted, optional=others, separator=separator)
    rows = _accounted(table.reset_index(drop=True), theirs, [*required, *optional])
    rows.said.append("separator: " + ("tab" if separator == "\t" else repr(separator)))
    rows.said += [f"{ours}: their column {name!r}" for ours, name in theirs.items()]
    return rows


def table_blocks(
    path: str | Path, shard: Shard, *, required: Sequence[str], optional: Sequence[str] = (),
    columns: str | Mapping[str, str] = "", separator: str = "auto",
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """A shard of a user's table as `read_table` reads it, block by block; the index counts the rows.

    At least one block comes, without rows if there is none.
    """
    theirs, wanted, separator = _understood(path, required, optional, columns, separator)
    others = [name for name in optional if name not in theirs]
    part = shard.rows(lambda: tables.count_rows(path, separator))
    read: dict[str, Any] = {"required": wanted, "optional": others, "separator": separator, "part": part}
    for piece in tables.iter_table(path, chunk_rows=BLOCK, **read):
        yield _accounted(piece, theirs, [*required, *optional]).table


def fasta_blocks(path: str | Path, shard: Shard) -> Iterator[tuple[int, Iterator[Record]]]:
    """A shard of a FASTA file, a block at a time: number of its first record (from 0), and its records.

    A block has to be read before the next is asked for. At least one comes, empty if there is no record.
    """
    part = shard.rows(lambda: sum(1 for _ in iter_fasta(path)))
    records = islice(iter_fasta(path), part.start, part.stop)
    start = part.start
    first = next(records, None)
    while first is not None or start == part.start:
        yield start, iter([]) if first is None else chain([first], islice(records, BLOCK - 1))
        start += BLOCK
        first = next(records, None)


def _understood(
    path: str | Path, required: Sequence[str], optional: Sequence[str], columns: str | Mapping[str, str],
    separator: str,
) -> tuple[dict[str, str], list[str], str]:  # fmt: skip
    """Their column of each of ours, the columns that must be there, and the separator."""
    if is_fasta(path):
        raise ValueError(
            f"{path}: this is a FASTA file; expected a table with the columns {', '.join(required)}. Give "
            "the table here, and the FASTA file where its sequences are asked for"
        )
    given = named_columns(columns, [*required, *optional])
    names, separator = tables.read_header(
        path, required=[given.get(name, name) for name in required], separator=separator
    )
    theirs = given | _alike([name for name in (*required, *optional) if name not in given], names, given)
    wanted = [theirs.get(name, name) for name in required]
    # A name that the user gave has to be there, also where the column may be left out.
    wanted += [theirs[name] for name in optional if name in theirs]
    if any(names) and (missing := [name for name in wanted if name not in names]):
        raise ValueError(
            f"{path}: there is no column {', '.join(missing)}; found {', '.join(names)}."
            f"{tables.near(missing, names)} Say which column is which, such as columns = "
            f"'{required[0] if required else missing[0]}=my column', or rename it in the file"
        )
    return theirs, wanted, separator


def _accounted(table: pd.DataFrame, theirs: Mapping[str, str], ours: Sequence[str]) -> Accounted:
    """Rows under our names; a name that a spreadsheet spoilt is said."""
    rows = Accounted(_renamed(table, theirs))
    for name in ours:
        if name == "group" or name.lower().endswith("id"):
            spoilt = rows.table[name].str.fullmatch(_SPOILT)
            rows.say(spoilt, f"{name}: a spreadsheet seems to have made a date or a number of this name")
    return rows


def add_sequences(rows: Accounted, path: str | Path, *, id: str = "id", sequence: str = "sequence") -> None:
    """Fill a column with the sequences of a FASTA file, by id; a row without a record is rejected.

    Raises
    ------
    ValueError
        If an id stands in the FASTA file twice with different sequences, or none is asked for.
    """
    found: dict[str, str] = {}
    for record in iter_fasta(path):
        if found.setdefault(record.id, record.sequence) != record.sequence:
            raise ValueError(
                f"{path}, line {record.line}: the id {record.id!r} stands twice, with two sequences; "
                "expected one. Rename or delete one of them"
            )
    asked = rows.table[id].str.strip()
    if len(asked) and not asked.isin(found).any():
        raise ValueError(
            f"{path}: none of its {len(found)} records ({', '.join(list(found)[:3])}, ...) is named in the "
            f"column {id} ({', '.join(asked[:3])}, ...); expected the same ids in "
            "both. Mend the ids or the column"
        )
    rows.table[sequence] = asked.map(found).fillna("").astype("str")
    rows.reject(~asked.isin(found), lambda row: f"{id} {row[id]!r} has no record in {Path(path).name}")
    if unasked := len(set(found) - set(asked)):
        rows.said.append(f"{unasked} records of {Path(path).name} are in no row of the table")


def is_fasta(path: str | Path) -> bool:
    """Whether the first line with text opens a FASTA record (a table's names columns)."""
    return next((line.lstrip().startswith(">") for _, line in iter_lines(path) if line.strip()), False)


def labels(rows: Accounted, column: str = "label") -> None:
    """Write labels as "1" and "0" (`YES`, `NO`); a row with another one is rejected, an empty one, too.

    Raises
    ------
    ValueError
        If both 0 and -1 stand in the column: which is the class 0 and which is unknown is not said.
    """
    given = rows.table[column].str.strip().str.lower().str.replace(",", ".", regex=False)
    if given.isin(["0", "0.0"]).any() and given.isin(["-1", "-1.0"]).any():
        raise ValueError(
            f"column {column}: both 0 and -1 stand in it; expected two classes. Write 1 and 0, and leave "
            "the cell of an unknown label empty"
        )
    fits = given.isin(YES | NO)
    rows.table[column] = given.isin(YES).map({True: "1", False: "0"}).where(fits, rows.table[column])
    rows.reject(
        ~fits,
        lambda row: (
            f"{column} is {row[column]!r}; expected 1 or 0 (or true/false, yes/no, +1/-1)"
            if row[column].strip()
            else f"{column} is missing; expected 1 or 0"
        ),
    )


def numbers(rows: Accounted, column: str) -> pd.Series:
    """A column as numbers, NaN where there is none; decimal commas are read where all values allow it.

    A cell that holds something else, or an infinite number, is missing: its row says so and keeps
    its other cells. Where such a cell stands among decimal commas, ``said`` names its line.

    Raises
    ------
    ValueError
        If all values look like ``1,234``: a decimal comma and one between thousands look the same.
    """
    text = rows.table[column].str.strip()
    is_full = (text != "") & ~text.str.lower().isin(tables.MISSING)
    full = text[is_full]
    with_comma = full.str.contains(",", regex=False)
    fits = full.map(lambda cell: _DECIMAL_COMMA.fullmatch(cell) is not None).astype(bool)
    commas = with_comma & fits
    why = ""
    if commas.any() and fits.all():
        if full[with_comma].map(lambda cell: _THOUSANDS.fullmatch(cell) is not None).all():
            raise ValueError(
                f"column {column}: {full[with_comma].iloc[0]!r} may be a number with decimals or one above a "
                "thousand, and so may all with a comma. Write decimal points, and no mark between thousands"
            )
        rows.said.append(f"{column}: decimal commas read")
        text = text.str.replace(",", ".", regex=False)
    elif commas.any():
        odd = full[~fits]
        line = rows.table["line"][odd.index[0]] if "line" in rows.table else odd.index[0]
        why = (
            f"decimal commas are read only where every value allows it, and line {line} holds "
            f"{odd.iloc[0]!r}; correct or empty that cell"
        )
        rows.said.append(f"{column}: {commas.sum()} values with a comma are not read: {why}")
    found = pd.to_numeric(text.where(is_full), errors="coerce").astype("float64")
    found = found.where(np.isfinite(found))
    rows.say(
        is_full & found.isna(),
        lambda row: (
            f"{column} {row[column]!r} is no number; read as missing"
            + (f" ({why})" if why and "," in row[column] else "")
        ),
        changed=True,
    )
    return found


def value_columns(rows: Accounted, about: Sequence[str], named: Sequence[str] = ()) -> list[str]:
    """Columns that hold measured values: those that are named, or every column of numbers that may.

    A column that describes (`start`, `chr`, ``n_barcodes``, one without a name, one that counts the
    rows) is taken only if it is named. What was taken and left, and why, is added to ``rows.said``.

    Parameters
    ----------
    rows : Accounted
    about : sequence of str
        Columns that are known to be something else.
    named : sequence of str
        Columns to take; none looks for them.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If a named column is not there.
    """
    found = [name for name in map(str, rows.table.columns) if name not in (*about, *tables.ADDED)]
    if missing := [name for name in named if name not in found]:
        raise ValueError(
            f"there is no column {', '.join(missing)} of values; found {', '.join(found) or 'none'}."
            f"{tables.near(missing, found)} Correct the name or leave it out"
        )
    left = {
        name: _why_no_values(rows.table[name], named, first=name == rows.table.columns[0]) for name in found
    }
    taken = [name for name in found if not left[name]]
    if taken:
        rows.said.append(f"values are read from {', '.join(taken)}")
    rows.said += [f"column {name} left: {why}" for name, why in left.items() if why]
    return taken


def _why_no_values(column: pd.Series, named: Sequence[str], *, first: bool) -> str:
    """Why a column is not taken as measured values, or nothing."""
    if named:
        return "" if column.name in named else "it is not among those named"
    if _NEVER_VALUES.fullmatch(str(column.name)):
        return "its name says that it describes the row"
    found = pd.to_numeric(column.str.strip().str.replace(",", ".", regex=False), errors="coerce")
    if not found.notna().any():
        return "no numbers in it"
    counts = len(found) > 2 and found.iloc[0] in (0, 1) and (found.diff().iloc[1:] == 1).all()
    return "it counts the rows" if first and counts else ""


def chromosome(name: str) -> str:
    """A chromosome's name without ``chr``; Roman numerals and further aliases are left as they are.

    Examples
    --------
    >>> chromosome("Chr1 "), chromosome("1"), chromosome("chrX"), chromosome("chrIV")
    ('1', '1', 'X', 'IV')
    """
    return re.sub(r"^chr(omosome)?[_ ]?(?=.)", "", name.strip(), flags=re.IGNORECASE)


def chromosomes(rows: Accounted, column: str = "chromosome") -> None:
    """Write one chromosome in one way where a file has more (``chr1``, ``Chr1``, ``1``); said."""
    given = rows.table[column].str.strip()
    plain = given.map(chromosome).astype("str")
    ways = given.groupby(plain).nunique()
    if (ways > 1).any():
        shown = ", ".join(sorted(ways.index[ways > 1])[:3])
        rows.said.append(f"{column}: names with and without 'chr' are the same ({shown})")
        given = plain
    rows.table[column] = given


def _alike(ours: Sequence[str], names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Columns that are ours but for case, blanks, dashes and underscores, where one alone fits."""

    def plain(name: str) -> str:
        return re.sub(r"[\s_\-]", "", name).lower()

    free = [name for name in names if name not in given.values()]
    fitting = {name: [one for one in free if plain(one) == plain(name)] for name in ours if name not in free}
    return {name: found[0] for name, found in fitting.items() if len(found) == 1}


def _renamed(table: pd.DataFrame, theirs: Mapping[str, str]) -> pd.DataFrame:
    """Their columns under our names; another column that has our name already gets `_given` behind it."""
    taken = {name: f"{name}_given" for name in theirs if name in table and theirs[name] != name}
    return table.rename(columns=taken).rename(columns={name: ours for ours, name in theirs.items()})
