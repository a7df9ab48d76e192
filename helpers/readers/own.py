"""A table of one's own, whatever its separator, column names and way to write numbers and labels."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from helpers.readers import tables
from helpers.readers.fasta import iter_fasta
from helpers.readers.lines import iter_lines
from helpers.readers.rows import Accounted

YES = frozenset({"1", "1.0", "+1", "true", "yes", "y", "positive"})
"""How files write the label 1, in any case of letters."""
NO = frozenset({"0", "0.0", "-1", "-1.0", "false", "no", "n", "negative"})
"""How files write the label 0."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
# Numbers that describe a row and were measured in no cell type.
_NEVER_VALUES = re.compile(
    r"unnamed.*|index|chr|chrom|chromosome|start|end|stop|pos|position|strand|length|gc|tss"
    r"|n|(n|num|number|count)_.*|.*_?(count|counts|barcodes|n)",
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
        Its ``said`` names the separator and the renamed columns.

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
    theirs = named_columns(columns, [*required, *optional])
    wanted = [theirs.get(name, name) for name in required]
    # A name that the user gave has to be there, also where the column may be left out.
    wanted += [theirs[name] for name in optional if name in theirs]
    others = [name for name in optional if name not in theirs]
    if separator == "auto":
        separator = _found_separator(path, wanted)
    table = tables.read_table(path, required=wanted, optional=others, separator=separator)
    rows = Accounted(_renamed(table.reset_index(drop=True), theirs))
    rows.said.append("separator: " + ("tab" if separator.strip(" ") in ("\t", "\\t") else repr(separator)))
    rows.said += [f"{ours}: their column {name!r}" for ours, name in theirs.items()]
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
    given = rows.table[column].str.strip().str.lower()
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
    """A column as numbers (NaN: missing or not a number), decimal commas read where all values allow it.

    Raises
    ------
    ValueError
        If all values look like ``1,234``: a decimal comma and one between thousands look the same.
    """
    text = rows.table[column].str.strip()
    full = text[(text != "") & ~text.str.lower().isin(tables.MISSING)]
    with_comma = full.str.contains(",", regex=False)
    if with_comma.any() and full.map(lambda cell: _DECIMAL_COMMA.fullmatch(cell) is not None).all():
        if full[with_comma].map(lambda cell: _THOUSANDS.fullmatch(cell) is not None).all():
            raise ValueError(
                f"column {column}: {full[with_comma].iloc[0]!r} may be a number with decimals or one above a "
                "thousand, and so may all with a comma. Write decimal points, and no mark between thousands"
            )
        rows.said.append(f"{column}: decimal commas read")
        text = text.str.replace(",", ".", regex=False)
    return pd.to_numeric(text, errors="coerce")


def value_columns(rows: Accounted, about: Sequence[str], named: Sequence[str] = ()) -> list[str]:
    """Columns that hold measured values: those that are named, or every column of numbers that may.

    A column that describes (`start`, `chr`, ``n_barcodes``, one without a name) is taken only if it is
    named. What was taken and left, and why, is added to ``rows.said``.

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
    """
    taken, left = [], {}
    for name in map(str, rows.table.columns):
        if name in (*about, *tables.ADDED):
            continue
        if named:
            taken += [name] if name in named else []
        elif _NEVER_VALUES.fullmatch(name):
            left[name] = "its name says that it describes the row"
        elif (
            not pd.to_numeric(
                rows.table[name].str.strip().str.replace(",", ".", regex=False), errors="coerce"
            )
            .notna()
            .any()
        ):
            left[name] = "no numbers in it"
        else:
            taken.append(name)
    if taken:
        rows.said.append(f"values are read from {', '.join(taken)}")
    rows.said += [f"column {name} left: {why}" for name, why in left.items()]
    return taken


def chromosomes(rows: Accounted, column: str = "chromosome") -> None:
    """Write chromosome names without ``chr``, so that ``chr1``, ``Chr1`` and ``1`` are one; said."""
    given = rows.table[column].str.strip()
    plain = given.str.replace(r"^chr(?=.)", "", case=False, regex=True)
    if both := sorted(set(plain[plain != given]) & set(plain[plain == given]))[:3]:
        rows.said.append(f"{column}: names with and without 'chr' are the same ({', '.join(both)})")
    rows.table[column] = plain


def _found_separator(path: str | Path, wanted: Sequence[str]) -> str:
    lines = (line for _, line in iter_lines(path) if line.strip())
    first = next(lines, "")
    if first.strip().lower().startswith("sep="):
        first = next(lines, "")
    return tables.find_separator(first, wanted)


def _renamed(table: pd.DataFrame, theirs: Mapping[str, str]) -> pd.DataFrame:
    """Their columns under our names; another column that has our name already gets `_given` behind it."""
    taken = {name: f"{name}_given" for name in theirs if name in table and theirs[name] != name}
    return table.rename(columns=taken).rename(columns={name: ours for ours, name in theirs.items()})
