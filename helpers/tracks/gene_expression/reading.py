"""A user's table of promoters: values by cell type, replicates, kinds and lengths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.readers import own, regions, tables
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA

TESTED = "native"
"""The kind of promoter that is validated and tested on; any other is learnt from at most."""
_LONG = ("cell_type", "value")
_KINDS = {
    "sequences": r"\.(fa|fasta|fna|fas)(\.gz)?",
    "values": r"\.(csv|tsv|txt)(\.gz)?",
    "places": r"\.(bed|gff|gff3|gtf)(\.gz)?",
}
"""Files of a folder, by the ends of their names."""
_REPLICATE = re.compile(r"(.+?)[ _.-]*(?:rep(?:licate)?)[ _.-]*(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(r"(.+?)[ _.-](\d+)")
_SYNTHETIC = re.compile(r"random|scrambl|shuffl|flipped", re.IGNORECASE)
_SPLITS = {
    "training": "train", "validation": "valid", "val": "valid", "dev": "valid", "testing": "test",
    **{name: name for name in ("train", "valid", "test", "")},
}  # fmt: skip


class Read(NamedTuple):
    """A table as one row a promoter of the file.

    Attributes
    ----------
    rows : Accounted
        Clean sequences, ids, groups, chromosomes, kinds, splits.
    values : pandas.DataFrame
        Mean of each cell type; NaN where nothing was measured.
    replicates : dict of str to numpy.ndarray, shape=(rows, replicates)
    measurements : pandas.DataFrame or None
        Of a table with one row a value, those rows with their status and the ``sequence`` they belong to.
    """

    rows: Accounted
    values: pd.DataFrame
    replicates: dict[str, np.ndarray]
    measurements: pd.DataFrame | None


def opened(
    source: str | Path,
    about: Sequence[str],
    *,
    columns: str | Mapping[str, str],
    separator: str,
    length: int | None,
) -> Accounted:
    """The rows of a table with sequences, or of a folder that holds them apart (`data.from_own`)."""
    path = Path(source)
    options: dict[str, Any] = {"columns": columns, "separator": separator}
    if not path.is_dir():
        further = [*(name for name in about if name != "sequence"), *_LONG]
        return own.read_table(path, required=["sequence"], optional=further, **options)
    files = _files(path)
    further = [*(name for name in about if name not in ("id", "sequence")), *_LONG]
    rows = own.read_table(files["values"], required=["id"], optional=further, **options)
    if "places" not in files:
        own.add_sequences(rows, files["sequences"])
        return rows
    if not length:
        raise ValueError(
            f"{path}: a genome needs length, the letters of each promoter before its start site; give it, "
            "such as length = 170"
        )
    _cut(rows, files, length)
    return rows


def _files(folder: Path) -> dict[str, Path]:
    """The one file of each kind: sequences, values and, of a genome, places."""
    there = [one for one in sorted(folder.iterdir()) if one.is_file() and not one.name.startswith(".")]
    found = {
        kind: [one for one in there if re.search(ends + "$", one.name.lower())]
        for kind, ends in _KINDS.items()
    }
    if (len(found["sequences"]), len(found["values"])) != (1, 1) or len(found["places"]) > 1:
        shown = ", ".join(one.name for one in there) or "no file"
        raise ValueError(
            f"{folder}: found {shown}; expected one FASTA file, one table of values by id (csv, tsv, txt) "
            "and, if the FASTA file is a genome, one BED, GFF3 or GTF file. Move all others elsewhere"
        )
    return {kind: files[0] for kind, files in found.items() if files}


def _cut(rows: Accounted, files: Mapping[str, Path], length: int) -> None:
    """Fill in the promoters that a genome has before the start sites of the rows' ids."""
    try:
        cut = regions.promoters(files["sequences"], files["places"], upstream=length)
    except ValueError as error:
        mend = "Write gene into the third column of the lines that are meant"
        raise ValueError(str(error).replace("Give feature one of these", mend)) from error
    places = cut.table.drop_duplicates("id").set_index("id")
    asked = rows.table["id"].str.strip()
    if len(asked) and not asked.isin(places.index).any():
        raise ValueError(
            f"{files['places']}: none of its ids ({', '.join(places.index[:3])}, ...) stands in the column "
            f"id of {files['values'].name} ({', '.join(asked[:3])}, ...); expected the same ids in both"
        )
    found = places.reindex(asked).set_axis(rows.table.index)
    rows.table["sequence"] = found["sequence"].fillna("").astype("str")
    own_name = rows.table["chromosome"].str.strip()
    rows.table["chromosome"] = own_name.where(own_name != "", found["chromosome"].fillna("")).astype("str")
    rows.reject(found["status"].isna(), lambda row: f"id {row['id']!r} is not in {files['places'].name}")
    rows.reject(found["status"] == "rejected", lambda row: found["note"][row.name])
    rows.say(found["status"] == "changed", lambda row: f"sequence: {found['note'][row.name]}", changed=True)
    rows.said += cut.said


def read(
    rows: Accounted, about: Sequence[str], *, cell_types: str | Sequence[str], source: str | Path
) -> Read:
    """Values and replicates of the rows of `opened`: one column a cell type, or one row a value."""
    if isinstance(cell_types, str):
        cell_types = [name.strip() for name in cell_types.split(",") if name.strip()]
    long = bool((rows.table["value"] != "").any() and (rows.table["cell_type"] != "").any())
    if not long:
        rows.table = rows.table.drop(columns=list(_LONG))
    rows.clean("sequence", DNA, said="sequence: ")
    measurements = None
    if long:
        found, measurements = _widened(rows, about, str(source))
        rows, names = (
            found,
            {name: [name] for name in found.table.columns if name not in (*about, *tables.ADDED)},
        )
        numbers = rows.table[list(names)].astype(float)
        names = _with_replicates(names, [])
    else:
        names = _cell_types(rows, about, cell_types, str(source))
        numbers = pd.DataFrame({name: own.numbers(rows, name) for found in names.values() for name in found})
    rows.table["id"] = ids(rows.table)
    own.chromosomes(rows)
    _splits(rows)
    values = pd.DataFrame({cell: numbers[found].mean(axis=1) for cell, found in names.items()})
    replicates = {cell: numbers[found].to_numpy() for cell, found in names.items()}
    return Read(rows, values, replicates, measurements)


def by_measurement(measurements: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Status of every measured row: its own if it was rejected, else that of its promoter."""
    of = told.set_index(measurements.attrs["sequences"])
    found = measurements["sequence"].map(of["promoter"]).fillna(-1).astype(int)
    refused = (found < 0) & (measurements["status"] != "rejected")
    note = measurements["note"].where(~refused, measurements["sequence"].map(of["note"]).fillna(""))
    status = measurements["status"].where(~refused, "rejected")
    promoter = found.where(status != "rejected", -1)
    return measurements[["line", "id"]].assign(status=status, note=note, promoter=promoter)


def kinds(rows: Accounted, source: str) -> pd.Series:
    """Kind of each promoter: what the table says, else `TESTED` or what its id says, and that is said.

    Raises
    ------
    ValueError
        If the table names several kinds and none of them is `TESTED`.
    """
    given = rows.table["kind"].str.strip()
    named = sorted(set(given[given != ""]))
    if len(named) == 1 and TESTED not in named and (given != "").all():
        rows.said.append(f"kind: all are {named[0]!r}, and all are tested")
        return pd.Series(TESTED, index=given.index)
    if named and TESTED not in named and (given != "").all():
        raise ValueError(
            f"{source}, column kind: found {', '.join(named)}, and none is {TESTED!r}; expected "
            f"{TESTED!r} for the promoters that are tested; others are learnt from at most. Write it there"
        )
    if not named:
        said = rows.table["id"].str.extract(f"({_SYNTHETIC.pattern})", flags=re.IGNORECASE)[0].str.lower()
        synthetic = said.notna()
        rows.say(
            synthetic,
            lambda row: (
                f"its id says {said[row.name]!r}: learnt from, not tested; a column kind says otherwise"
            ),
            changed=True,
        )
        return said.where(synthetic, TESTED)
    return given.where(given != "", TESTED)


def fit_length(rows: Accounted, length: int | None, path: str) -> None:
    """Cut or pad promoters at their left end; ValueError if lengths differ and none is given."""
    usable = rows.table[rows.usable]
    lengths = usable["sequence"].str.len()
    if usable.empty:
        return
    if length is None:
        usual = int(lengths.mode()[0])
        if (other := usable[lengths != usual]).empty:
            return
        raise ValueError(
            f"{path}, line {other['line'].iloc[0]}, column sequence: {len(other['sequence'].iloc[0])} nt, "
            f"most rows have {usual} nt ({len(other)} rows differ); expected one length. Give "
            f"length={usual} to cut longer promoters at their left end and to pad shorter ones there"
        )
    for what, odd in (("cut", lengths > length), ("padded with N", lengths < length)):
        odd = odd.reindex(rows.table.index, fill_value=False)
        rows.say(odd, f"sequence: {what} at its left end to {length} nt", changed=True)
    fitted = usable["sequence"].str[-length:].str.rjust(length, DNA.unknown)
    rows.table.loc[usable.index, "sequence"] = fitted


def ids(table: pd.DataFrame) -> pd.Series:
    """The table's ids, or the line each row stands in; an id that stands again is numbered."""
    given = table["id"].str.strip() if "id" in table else pd.Series("", index=table.index)
    ids = given.where(given != "", "line" + table["line"].astype(str))
    again = ids.groupby(ids).cumcount()
    return ids.where(again == 0, ids + "#" + (again + 1).astype(str))


def _wanted(rows: Accounted, cell_types: Sequence[str]) -> list[str]:
    """Columns of the named cell types: the one of that name, or its replicates."""
    found = []
    for name in map(str, rows.table.columns):
        matched = _REPLICATE.fullmatch(name) or _NUMBERED.fullmatch(name)
        if name in cell_types or (matched and matched[1] in cell_types):
            found.append(name)
    # A named cell type without a column is an error further on, not a search for other columns.
    return found or list(cell_types)


def _cell_types(
    rows: Accounted, about: Sequence[str], cell_types: Sequence[str], path: str
) -> dict[str, list[str]]:
    """Columns of each cell type, replicates together."""
    taken = own.value_columns(rows, about, _wanted(rows, cell_types))
    found = _with_replicates({name: [name] for name in taken}, cell_types)
    if joined := [f"{cell} ({', '.join(names)})" for cell, names in found.items() if len(names) > 1]:
        rows.said.append(f"replicates of one cell type: {'; '.join(joined)}")
    if twice := [cell for cell, names in found.items() if len(names) > 1 and cell in names]:
        raise ValueError(
            f"{path}, line 1: the cell type {twice[0]!r} has a column of that name and columns of "
            f"replicates ({', '.join(found[twice[0]])}); expected one or the other. Rename one"
        )
    if not found:
        raise ValueError(
            f"{path}: no column holds values; expected one column a cell type, or the columns "
            f"{' and '.join(_LONG)} with one row a value ({'; '.join(rows.said)})"
        )
    return {cell: found[cell] for cell in (cell_types or found)}


def _with_replicates(names: Mapping[str, list[str]], cell_types: Sequence[str]) -> dict[str, list[str]]:
    """Columns that differ in the number of a replicate only, under the name of their cell type."""
    stems = [found[1] for name in names if (found := _NUMBERED.fullmatch(name))]
    joined: dict[str, list[str]] = {}
    for name in names:
        replicate, numbered = _REPLICATE.fullmatch(name), _NUMBERED.fullmatch(name)
        # A lone number may belong to the name (`Caco_2`); two columns that differ in it do not.
        found = replicate or (numbered if numbered and stems.count(numbered[1]) > 1 else None)
        joined.setdefault(found[1] if found and name not in cell_types else name, []).append(name)
    return joined


def _widened(rows: Accounted, about: Sequence[str], source: str) -> tuple[Accounted, pd.DataFrame]:
    """One row a promoter from one row a value; values of one cell type beyond the first are replicates."""
    number = own.numbers(rows, "value")
    rows.reject(number.isna() & rows.usable, "no value; fill one in")
    rows.reject((rows.table["cell_type"] == "") & rows.usable, "no cell type; fill one in")
    rows.check_any(source)
    good = rows.table[rows.usable].assign(number=number)
    good["times"] = good.groupby(["sequence", "cell_type"]).cumcount() + 1
    wide = good.pivot(index="sequence", columns=["cell_type", "times"], values="number")
    several = good.groupby("cell_type")["times"].max() > 1
    wide.columns = [f"{cell}_rep{time}" if several[cell] else cell for cell, time in wide.columns]
    first = good.drop_duplicates("sequence").set_index("sequence", drop=False)
    table = (
        first[[*[name for name in about if name in first], *tables.ADDED]].join(wide).reset_index(drop=True)
    )
    found = Accounted(table.assign(status="ok", note=""))
    found.said = [*rows.said, f"one row a value: {len(good)} values of {len(table)} promoters"]
    told = rows.table.assign(id=ids(rows.table))
    told.attrs["sequences"] = table["sequence"].to_numpy()
    return found, told


def _splits(rows: Accounted) -> None:
    """Words for the parts of a split as ours; a row with another word is rejected."""
    given = rows.table["split"].str.strip().str.lower()
    found = given.map(_SPLITS)
    rows.reject(
        found.isna(),
        lambda row: f"split is {row['split']!r}; expected train, valid or test (or leave it empty)",
    )
    if (found.fillna("") != rows.table["split"]).any():
        rows.said.append(f"split: read as train, valid, test ({', '.join(sorted(set(rows.table['split'])))})")
    rows.table["split"] = found.fillna("")
