"""RNA-peptide pairs from chunk files, from a pairs list with two FASTA files, or from structures.

Whatever the source, the result is the same: a table of pairs, and a table with one row for every
row of the input that says what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import fasta, lines, pickles, structures, tables
from helpers.readers.fasta import Other
from helpers.readers.rows import Accounted
from helpers.sequences import encoding
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.splits import pair_groups
from helpers.tracks.rna_peptide.simulate import planted_pair, rule

PAIR = ["rna_id", "protein_id", "rna_seq", "protein_seq"]
SEQUENCES = {"rna_seq": RNA, "protein_seq": PEPTIDE}
"""The two chains of a pair, in the order of a model's inputs: column, alphabet."""

_ROW = ["source", "row", "rna_id", "protein_id", "status", "note", "duplicate_of"]
_ADDED = ("source", "row", "status", "note")
_CONTRADICTING = "the same pair stands with label"
_CHUNK_ENDING = re.compile(r"\.(csv|csv\.gz|pkl|pkl\.gz|pickle)$", re.IGNORECASE)


class Loaded(NamedTuple):
    """Pairs, and what became of every row of the input.

    Attributes
    ----------
    pairs : pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq, label`` of every row that could be read, clean;
        the index is the number of the row in `rows`.
    rows : pandas.DataFrame
        One row for each row of the input: ``source, row, rna_id, protein_id, status, note`` and
        ``duplicate_of``, the number of the earlier row with the same two sequences, or -1.
    """

    pairs: pd.DataFrame
    rows: pd.DataFrame


def from_chunks(folder: str | Path, *, pattern: str = "*", other: Other = "reject") -> Loaded:
    """Pairs from the chunk files of a folder, see `merge_chunks`; without a column ``label`` all bind.

    `other` says what becomes of a letter that is not in the alphabet (`helpers.readers.fasta.clean`).
    """
    merged = merge_chunks(folder, pattern=pattern)
    rows = Accounted(merged if "label" in merged else merged.assign(label="1"))
    rows.reject(
        ~rows.table["label"].isin(["0", "1"]), lambda row: f"label is {row['label']!r}; expected 0 or 1"
    )
    return _loaded(rows.table, other)


def merge_chunks(folder: str | Path, *, pattern: str = "*") -> pd.DataFrame:
    r"""Rows of all chunk files of a folder, in natural order (chunk_2 before chunk_10).

    A .csv and a .pkl of one name are two forms of one chunk: their content is compared and
    taken once. A row that cannot be read is kept, with the status ``rejected``.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the chunk files; those in further folders below are not looked at.
    pattern : str
        Which of its files to take, such as ``"chunk_*"``; of these, only files that end in
        .csv, .csv.gz, .pkl, .pkl.gz or .pickle are chunks.

    Returns
    -------
    pandas.DataFrame
        `PAIR`, all other columns of the files as text (empty where a file has none), then
        ``source`` (file), ``row`` (from 1 in that file), ``status`` and ``note``.

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
    frames = {path: _read_chunk(path) for path in _chunk_paths(folder, pattern)}
    _check_columns(folder, frames)
    first: dict[str, Path] = {}
    for path in frames:
        if (earlier := first.setdefault(_stem(path), path)) != path:
            _check_same(earlier, path, frames)
    own = [name for frame in frames.values() for name in _own_columns(frame)]
    names = list(dict.fromkeys([*PAIR, *own]))
    parts = [frames[path].reindex(columns=[*names, *_ADDED], fill_value="") for path in first.values()]
    return pd.concat([part.astype(dict.fromkeys(names, "str")) for part in parts], ignore_index=True)


def from_list(
    pairs: str | Path,
    rna_fasta: str | Path,
    protein_fasta: str | Path,
    *,
    columns: Sequence[str] = ("protein_id", "rna_id", "label"),
    other: Other = "unknown",
) -> Loaded:
    """Pairs from a list of ids and two FASTA files that hold the ids.

    Parameters
    ----------
    pairs : str or pathlib.Path
        Text file, one pair a line: ids (and a label) between blanks or tabs, no header.
    rna_fasta, protein_fasta : str or pathlib.Path
    columns : sequence of str
        What stands in the columns of the list; without ``"label"`` every pair has label 1.
    other : {"reject", "unknown"}
        As for `helpers.readers.fasta.clean`; the sequences of structures hold letters for modified
        residues, which are read as unknown.

    Raises
    ------
    ValueError
        If a file cannot be read, an id stands twice in a FASTA file with different sequences, or
        the two id columns seem to be swapped.
    """
    rows = Accounted(_read_list(Path(pairs), columns))
    for side, path in (("rna", rna_fasta), ("protein", protein_fasta)):
        sequences = _by_id(path)
        _check_not_swapped(rows.table, side, sequences, Path(pairs))
        found = rows.table[f"{side}_id"].map(sequences)
        rows.reject(
            found.isna(), f"the {side} id is not in {Path(path).name}; add its sequence or correct the id"
        )
        rows.table[f"{side}_seq"] = found.fillna("")
    return _loaded(rows.table, other)


def from_structures(folder: str | Path, chain_list: str | Path) -> Loaded:
    """Pairs that bind (label 1) from a folder of PDB or mmCIF files.

    The list is a CSV file with the columns ``file, rna_chain, protein_chain``. Modified residues are
    read as their parents, and it is said; a chain that cannot be read is a rejected row.
    """
    chosen = tables.read_table(chain_list, required=["file", "rna_chain", "protein_chain"])
    found = structures.extract_pairs(folder, chosen)
    found = found.assign(source=chosen["file"].to_numpy(), row=range(1, len(found) + 1), label=1)
    return _loaded(found, "unknown")


def from_registry(name: str = "rpi2241") -> Loaded:
    """A public data set of pairs, from the cache or the network, duplicated pairs kept.

    The only one is rpi2241 (Muppirala 2011, doi:10.1186/1471-2105-12-489).
    """
    if name in registry.names() and name != "rpi2241":
        raise ValueError(f"data set {name!r} holds no RNA-peptide pairs; expected 'rpi2241'")
    paths = registry.fetch(name)
    return from_list(paths["RPI2241_pairs.txt"], paths["RPI2241_rna_seq.fa"], paths["RPI2241_protein_seq.fa"])


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows were read, changed, rejected, or repeat an earlier pair: ``what, rows``."""
    counts = Accounted(loaded.rows).counts()
    counts["of these for contradicting labels"] = int(loaded.rows["note"].str.contains(_CONTRADICTING).sum())
    counts["repeat an earlier pair"] = int((loaded.rows["duplicate_of"] >= 0).sum())
    return pd.DataFrame({"what": counts.keys(), "rows": counts.values()})


def read_pairs(path: str | Path) -> pd.DataFrame:
    """A labelled table that `02_make_negatives` wrote.

    Returns
    -------
    pandas.DataFrame
        `PAIR` and ``label`` (0 or 1), index 0 to n - 1.

    Raises
    ------
    ValueError
        If a row cannot be read or a label is not 0 or 1; the message names the line.
    """
    table = tables.read_table(path, required=[*PAIR, "label"])
    wrong = table[(table["status"] == "rejected") | ~table["label"].isin(["0", "1"])]
    if len(wrong):
        first = wrong.iloc[0]
        note = f" ({first['note']})" if first["note"] else ""
        raise ValueError(
            f"{path}, line {first['line']}: label is {first['label']!r}{note}; expected 0 or 1. "
            "Make the table with the notebook 02_make_negatives"
        )
    return table[PAIR].assign(label=table["label"].astype(int)).reset_index(drop=True)


def binding_pairs(
    table: pd.DataFrame, n: int, *, longest_rna: int, longest_peptide: int, truth: str | Path = "",
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Draw distinct pairs that bind and whose chains are short enough to be drawn.

    Parameters
    ----------
    table : pandas.DataFrame
        As `read_pairs` gives it.
    n : int
        How many; all there are if there are fewer.
    longest_rna, longest_peptide : int
        Residues.
    truth : str or pathlib.Path
        Folder of a planted truth, if there is one: then pairs that bind by their label alone, which
        may be wrong, are left out.
    seed : int

    Raises
    ------
    ValueError
        If no pair is left.
    """
    fits = table["rna_seq"].str.len().le(longest_rna) & table["protein_seq"].str.len().le(longest_peptide)
    found = table[(table["label"] == 1) & fits].drop_duplicates([*SEQUENCES])
    if truth:
        words = [pd.read_csv(Path(truth) / f"truth_{side}.csv") for side in ("rna", "peptide")]
        found = found[rule(words[0], words[1], found)]
    if found.empty:
        raise ValueError(
            f"no pair of {len(table)} binds and has at most {longest_rna} nt and "
            f"{longest_peptide} residues; allow longer chains"
        )
    return found.sample(min(n, len(found)), random_state=seed).reset_index(drop=True)


def families(table: pd.DataFrame) -> np.ndarray:
    """Homology groups of both chains of each pair, shape=(n, 2), for intervals that draw families."""
    return pair_groups(*(table[column].tolist() for column in SEQUENCES))


def one_hot(table: pd.DataFrame, *, lengths: Sequence[int] | None = None) -> list[np.ndarray]:
    """The two inputs of a network for a table of pairs, (n, length, letters) in float32.

    RNAs and peptides are cut or padded to `lengths`; by default to the longest.

    Examples
    --------
    >>> pairs = pd.DataFrame({"rna_seq": ["ACGU"], "protein_seq": ["MK"]})
    >>> [X.shape for X in one_hot(pairs)], [X.shape for X in one_hot(pairs, lengths=(3, 5))]
    ([(1, 4, 4), (1, 2, 20)], [(1, 3, 4), (1, 5, 20)])
    """
    sides = zip(SEQUENCES.items(), lengths or (None, None), strict=True)
    return [
        encoding.one_hot(table[column], alphabet, length=length, truncate=True)
        for (column, alphabet), length in sides
    ]


class Planted(NamedTuple):
    """What is true of each pair of the simulated sample, padded to the longest chains.

    Attributes
    ----------
    maps, map_decoys : numpy.ndarray, shape=(n, longest RNA, longest peptide), dtype=bool
        Position pairs in contact by the rule; and those of two words that are not.
    rna, peptide, rna_decoys, peptide_decoys : numpy.ndarray, shape=(n, longest chain), dtype=bool
        Positions of the motifs in contact; and of the words that are not: look-alikes, and motifs
        whose partner is missing. A pair that does not bind has decoys only.
    """

    maps: np.ndarray
    rna: np.ndarray
    peptide: np.ndarray
    map_decoys: np.ndarray
    rna_decoys: np.ndarray
    peptide_decoys: np.ndarray


def planted(pairs: pd.DataFrame, folder: str | Path) -> Planted:
    """The planted truth of pairs of the sample, from ``truth_rna.csv`` and ``truth_peptide.csv``.

    Raises
    ------
    ValueError
        If a pair's chain is not in the truth tables.
    """
    known = {}
    for side, column in (("rna", "rna_id"), ("peptide", "protein_id")):
        known[side] = dict(list(pd.read_csv(Path(folder) / f"truth_{side}.csv").groupby("id")))
        if (strange := ~pairs[column].isin(known[side])).any():
            raise ValueError(
                f"{column} {pairs.loc[strange, column].iloc[0]!r} is not in the truth tables of "
                f"{folder}; the truth is known for the simulated sample only (truth = '')"
            )
    longest = pairs["rna_seq"].str.len().max(), pairs["protein_seq"].str.len().max()
    maps, decoys = (np.zeros((len(pairs), *longest), dtype=bool) for _ in range(2))
    for number, pair in enumerate(pairs.itertuples()):
        found = planted_pair(known["rna"][pair.rna_id], known["peptide"][pair.protein_id], longest)
        maps[number], decoys[number] = found
    words = maps | decoys
    rna, peptide = (np.any(maps, axis=axis) for axis in (2, 1))
    rna_decoys, peptide_decoys = np.any(words, axis=2) & ~rna, np.any(words, axis=1) & ~peptide
    return Planted(maps, rna, peptide, decoys, rna_decoys, peptide_decoys)


def _loaded(table: pd.DataFrame, other: Other) -> Loaded:
    """Clean both sequences of every row; find pairs with two labels, and rows that repeat an earlier one."""
    rows = Accounted(table.reset_index(drop=True))
    for column, alphabet in SEQUENCES.items():
        rows.clean(column, alphabet, said=f"{alphabet.name}: ", other=other)
    rows.reject_contradictions(list(SEQUENCES), "label", what="pair")
    pairs = rows.table.loc[rows.usable, [*PAIR, "label"]].astype({"label": int})
    number = pairs.index.to_series()
    first = number.groupby([pairs[column] for column in SEQUENCES]).transform("first")
    repeated = first.where(first != number, -1).reindex(rows.table.index, fill_value=-1)
    return Loaded(pairs, rows.table.assign(duplicate_of=repeated)[_ROW])


def _read_list(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    rows = []
    for line, text in lines.iter_lines(path):
        if not (cells := text.split()):
            continue
        note = ""
        row = dict.fromkeys(columns, "") | {"source": path.name, "row": line}
        if len(cells) == len(columns):
            row |= dict(zip(columns, cells, strict=True))
            if row.setdefault("label", "1") not in ("0", "1"):
                note = f"label is {row['label']!r}; expected 0 or 1"
        else:
            note = f"found {len(cells)} columns; expected {len(columns)} ({', '.join(columns)})"
        rows.append(row | {"status": "rejected" if note else "ok", "note": note})
    if not rows:
        raise ValueError(f"{path}: no pair in the file; expected one a line ({', '.join(columns)})")
    return pd.DataFrame(rows)


def _by_id(path: str | Path) -> dict[str, str]:
    """Sequences as the file has them, by id; they are cleaned with the pairs that use them."""
    found: dict[str, str] = {}
    for record in fasta.iter_fasta(path):
        if found.setdefault(record.id, record.sequence) != record.sequence:
            raise ValueError(
                f"{path}, line {record.line}: the id {record.id} stands twice with different sequences"
            )
    return found


def _check_not_swapped(listed: pd.DataFrame, side: str, sequences: Mapping[str, str], path: Path) -> None:
    other = "protein" if side == "rna" else "rna"
    own, others = (listed[f"{name}_id"].isin(sequences.keys()).any() for name in (side, other))
    if others and not own:
        raise ValueError(
            f"{path}: no {side} id of the list is in the {side} FASTA file, but ids of the {other} column "
            "are. Give the columns in their order, such as columns=('rna_id', 'protein_id', 'label')"
        )


def _chunk_paths(folder: Path, pattern: str) -> list[Path]:
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise ValueError(f"{folder}: {what}; expected a folder of chunk files")
    found = [path for path in folder.glob(pattern) if path.is_file()]
    paths = [path for path in found if _CHUNK_ENDING.search(path.name)]
    if not paths:
        others = ", ".join(sorted(path.name for path in found)[:5]) or "nothing"
        raise ValueError(
            f"{folder}: no chunk file fits {pattern!r} ({others} found); expected names that end in "
            ".csv, .csv.gz, .pkl, .pkl.gz or .pickle. Correct the folder or the pattern"
        )
    return sorted(paths, key=lambda path: (_natural(_stem(path)), _natural(path.name)))


def _stem(path: Path) -> str:
    """Name of a chunk without its ending."""
    return _CHUNK_ENDING.sub("", path.name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _read_chunk(path: Path) -> pd.DataFrame:
    """Columns of one file as text, and source, row, status, note."""
    csv = path.name.lower().endswith((".csv", ".csv.gz"))
    frame = tables.read_table(path).drop(columns="line") if csv else _frame_of_pickle(path)
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
    rows = Accounted(frame.rename(columns={"status": "status_given", "note": "note_given"}))
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
        if missing := [name for name in PAIR if name not in frame]:
            found = ", ".join(_own_columns(frame)) or "none"
            lacking.append(f"{path.name} lacks {', '.join(missing)} (found {found})")
    if lacking:
        more = f"; and {len(lacking) - 5} more files" if len(lacking) > 5 else ""
        raise ValueError(
            f"{folder}: each chunk needs the columns {', '.join(PAIR)}. {'; '.join(lacking[:5])}{more}. "
            "Rename or add the columns"
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
