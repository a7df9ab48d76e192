"""RNA-peptide pairs from chunk files, from a pairs list with two FASTA files, or from structures.

Whatever the source, the result is the same: a table of pairs, and a table with one row for every
row of the input that says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import fasta, lines, structures, tables
from helpers.readers.fasta import Other
from helpers.sequences import encoding
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet
from helpers.tracks.rna_peptide import chunks
from helpers.tracks.rna_peptide.simulate import planted_map

PAIR = ["rna_id", "protein_id", "rna_seq", "protein_seq"]
SEQUENCES = ["rna_seq", "protein_seq"]
_ROW = ["source", "row", "rna_id", "protein_id", "status", "note", "duplicate_of"]


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
    """Pairs that bind, from chunk files (.csv, .pkl).

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the chunk files, as for `helpers.tracks.rna_peptide.chunks.merge_chunks`.
    pattern : str
        Which of its files to take.
    other : {"reject", "unknown"}
        What to do with a letter that is not in the alphabet, as for `helpers.readers.fasta.clean`.

    Returns
    -------
    Loaded
        Every pair with label 1.

    Raises
    ------
    ValueError
        As `helpers.tracks.rna_peptide.chunks.merge_chunks`.
    """
    merged = chunks.merge_chunks(folder, pattern=pattern)
    return _loaded(merged.assign(label=1), other)


def from_list(
    pairs: str | Path,
    rna_fasta: str | Path,
    protein_fasta: str | Path,
    *,
    columns: Sequence[str] = ("protein_id", "rna_id", "label"),
    other: Other = "unknown",
) -> Loaded:
    """Pairs from a list of ids and two FASTA files.

    Parameters
    ----------
    pairs : str or pathlib.Path
        Text file, one pair a line: ids (and a label) between blanks or tabs, no header.
    rna_fasta, protein_fasta : str or pathlib.Path
        FASTA files that hold the ids.
    columns : sequence of str
        What stands in the columns of the list; without ``"label"`` every pair has label 1.
    other : {"reject", "unknown"}
        As for `helpers.readers.fasta.clean`; the sequences of structures hold letters for modified
        residues, which are read as unknown.

    Returns
    -------
    Loaded
        Labels as the list has them.

    Raises
    ------
    ValueError
        If a file cannot be read, an id stands twice in a FASTA file with different sequences, or
        the two id columns seem to be swapped.
    """
    listed = _read_list(Path(pairs), columns)
    for column, path, alphabet in (
        ("rna", rna_fasta, RNA),
        ("protein", protein_fasta, PEPTIDE),
    ):
        sequences = _by_id(path, alphabet, other)
        _check_not_swapped(listed, column, sequences, Path(pairs))
        found = listed[f"{column}_id"].map(sequences)
        missing = found.isna() & (listed["status"] != "rejected")
        listed.loc[missing, "note"] = (
            f"the {column} id is not in {Path(path).name}; add its sequence or correct the id"
        )
        listed.loc[missing, "status"] = "rejected"
        listed[f"{column}_seq"] = found.fillna("")
    return _loaded(listed, other)


def from_structures(folder: str | Path, chain_list: str | Path) -> Loaded:
    """Pairs that bind, from PDB or mmCIF files and a list of chains.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the structure files.
    chain_list : str or pathlib.Path
        CSV file with the columns ``file, rna_chain, protein_chain``.

    Returns
    -------
    Loaded
        Every pair with label 1; modified residues are read as their parents, and it is said.

    Raises
    ------
    ValueError
        If the list cannot be read. A chain that cannot be read is a rejected row.
    """
    chosen = tables.read_table(chain_list, required=["file", "rna_chain", "protein_chain"])
    found = structures.extract_pairs(folder, chosen)
    found = found.assign(source=chosen["file"].to_numpy(), row=range(1, len(found) + 1), label=1)
    return _loaded(found, "unknown")


def from_registry(name: str = "rpi2241") -> Loaded:
    """A public data set of pairs, from the cache or the network.

    Parameters
    ----------
    name : {"rpi2241"}
        Name in the registry (Muppirala 2011, doi:10.1186/1471-2105-12-489).

    Returns
    -------
    Loaded
        Labels as distributed, duplicated pairs kept.

    Raises
    ------
    ValueError
        If the data set is unknown, holds no pairs, or cannot be fetched.
    """
    if name in registry.names() and name != "rpi2241":
        raise ValueError(f"data set {name!r} holds no RNA-peptide pairs; expected 'rpi2241'")
    paths = registry.fetch(name)
    return from_list(paths["RPI2241_pairs.txt"], paths["RPI2241_rna_seq.fa"], paths["RPI2241_protein_seq.fa"])


def read_pairs(path: str | Path) -> pd.DataFrame:
    """A labelled table that `02_make_negatives` wrote.

    Returns
    -------
    pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq, label`` (0 or 1), index 0 to n - 1.

    Raises
    ------
    ValueError
        If a row cannot be read or a label is not 0 or 1; the message names the line.
    """
    table = tables.read_table(path, required=[*PAIR, "label"])
    wrong = table[(table["status"] == "rejected") | ~table["label"].isin(["0", "1"])]
    if len(wrong):
        first = wrong.iloc[0]
        raise ValueError(
            f"{path}, line {first['line']}: label is {first['label']!r} "
            f"{'(' + first['note'] + ')' if first['note'] else ''}; expected 0 or 1. "
            "Make the table with the notebook 02_make_negatives"
        )
    return table[PAIR].assign(label=table["label"].astype(int)).reset_index(drop=True)


def binding_pairs(
    table: pd.DataFrame, n: int, *, longest_rna: int, longest_peptide: int, seed: int = 0
) -> pd.DataFrame:
    """Draw distinct pairs that bind and whose chains are not too long to be drawn.

    Parameters
    ----------
    table : pandas.DataFrame
        As `read_pairs` gives it.
    n : int
        How many; all there are if there are fewer.
    longest_rna, longest_peptide : int
        Residues.
    seed : int
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        Rows of `table`, index 0 to n - 1.

    Raises
    ------
    ValueError
        If no pair is left.
    """
    fits = table["rna_seq"].str.len().le(longest_rna)
    fits &= table["protein_seq"].str.len().le(longest_peptide)
    found = table[(table["label"] == 1) & fits].drop_duplicates(SEQUENCES)
    if found.empty:
        raise ValueError(
            f"no pair of {len(table)} binds and has at most {longest_rna} nt and "
            f"{longest_peptide} residues; allow longer chains"
        )
    return found.sample(min(n, len(found)), random_state=seed).reset_index(drop=True)


def one_hot(table: pd.DataFrame, *, lengths: tuple[int, int] | None = None) -> list[np.ndarray]:
    """The two inputs of a network for a table of pairs.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``rna_seq`` and ``protein_seq``.
    lengths : tuple of int, optional
        Cut or pad the RNAs and the peptides to these lengths; by default to the longest.

    Returns
    -------
    list of numpy.ndarray
        RNA, shape=(n, length, 4), and peptide, shape=(n, length, 20), float32.

    Examples
    --------
    >>> pairs = pd.DataFrame({"rna_seq": ["ACGU"], "protein_seq": ["MK"]})
    >>> [X.shape for X in one_hot(pairs)], [X.shape for X in one_hot(pairs, lengths=(3, 5))]
    ([(1, 4, 4), (1, 2, 20)], [(1, 3, 4), (1, 5, 20)])
    """
    rna_length, peptide_length = lengths or (None, None)
    return [
        encoding.one_hot(table["rna_seq"], RNA, length=rna_length, truncate=True),
        encoding.one_hot(table["protein_seq"], PEPTIDE, length=peptide_length, truncate=True),
    ]


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows were read, changed, rejected, or repeat an earlier pair.

    Returns
    -------
    pandas.DataFrame
        ``what, rows``.
    """
    status = loaded.rows["status"].value_counts()
    counts = {
        "rows in the input": len(loaded.rows),
        "read as they are": int(status.get("ok", 0)),
        "read after a change (see note)": int(status.get("changed", 0)),
        "rejected (see note)": int(status.get("rejected", 0)),
        "repeat an earlier pair": int((loaded.rows["duplicate_of"] >= 0).sum()),
    }
    return pd.DataFrame({"what": counts.keys(), "rows": counts.values()})


class Planted(NamedTuple):
    """What is true of each pair of the simulated sample.

    Attributes
    ----------
    maps : numpy.ndarray, shape=(n, longest RNA, longest peptide), dtype=bool
        Position pairs in contact by the rule.
    rna : numpy.ndarray, shape=(n, longest RNA), dtype=bool
        Positions of the RNA's motif; all False for a pair that does not bind.
    peptide : numpy.ndarray, shape=(n, longest peptide), dtype=bool
        Positions of the peptide's motif.
    """

    maps: np.ndarray
    rna: np.ndarray
    peptide: np.ndarray


def planted(pairs: pd.DataFrame, folder: str | Path) -> Planted:
    """The planted truth of pairs of the sample.

    Parameters
    ----------
    pairs : pandas.DataFrame
        With ``rna_id``, ``protein_id`` and the two sequences.
    folder : str or pathlib.Path
        Folder of ``truth_rna.csv`` and ``truth_peptide.csv``.

    Returns
    -------
    Planted
        Arrays padded to the longest chains of `pairs`.

    Raises
    ------
    ValueError
        If a pair's chain is not in the truth tables.
    """
    rna, peptide = (
        pd.read_csv(Path(folder) / f"truth_{side}.csv").set_index("id", drop=False)
        for side in ("rna", "peptide")
    )
    for column, known in (("rna_id", rna), ("protein_id", peptide)):
        if (strange := ~pairs[column].isin(known.index)).any():
            raise ValueError(
                f"{column} {pairs.loc[strange, column].iloc[0]!r} is not in the truth tables of "
                f"{folder}; the truth is known for the simulated sample only (truth = '')"
            )
    shape = (len(pairs), pairs["rna_seq"].str.len().max(), pairs["protein_seq"].str.len().max())
    maps = np.zeros(shape, dtype=bool)
    for number, pair in enumerate(pairs.itertuples()):
        found = planted_map(rna.loc[pair.rna_id], peptide.loc[pair.protein_id])
        maps[number, : found.shape[0], : found.shape[1]] = found
    return Planted(maps, np.any(maps, axis=2), np.any(maps, axis=1))


def _loaded(table: pd.DataFrame, other: Other) -> Loaded:
    """Clean both sequences of every row, keep the worse status and both notes."""
    table = table.reset_index(drop=True)
    for column, alphabet in (("rna_seq", RNA), ("protein_seq", PEPTIDE)):
        readable = table.index[table["status"] != "rejected"]
        cleaned = fasta.clean_column(table.loc[readable, column], alphabet, other=other)
        cleaned = cleaned.reindex(table.index)
        said = cleaned["note"].where(cleaned["note"] != "").radd(f"{alphabet.name}: ")
        worse = cleaned["status"].where(cleaned["status"] != "ok")
        table[column] = cleaned["sequence"].fillna(table[column])
        table["status"] = worse.fillna(table["status"])
        joined = (table["note"] + "; " + said).where(table["note"] != "", said)
        table["note"] = joined.fillna(table["note"])
    pairs = table.loc[table["status"] != "rejected", [*PAIR, "label"]]
    pairs = pairs.assign(label=pairs["label"].astype(int))
    return Loaded(pairs, table.assign(duplicate_of=_duplicate_of(table))[_ROW])


def _duplicate_of(table: pd.DataFrame) -> np.ndarray:
    """Row of the first pair with the same two sequences, or -1; rejected rows repeat nothing."""
    readable = table[table["status"] != "rejected"]
    first = readable.groupby(SEQUENCES, sort=False)["row"].transform(lambda rows: rows.index[0])
    found = np.full(len(table), -1)
    again = first[first != first.index]
    found[again.index] = again
    return found


def _read_list(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    rows = []
    for line, text in lines.iter_lines(path):
        cells = text.split()
        if not cells:
            continue
        row = dict.fromkeys(columns, "") | {
            "source": path.name,
            "row": line,
            "status": "ok",
            "note": "",
        }
        if len(cells) != len(columns):
            row["status"] = "rejected"
            row["note"] = f"found {len(cells)} columns; expected {len(columns)} ({', '.join(columns)})"
        else:
            row |= dict(zip(columns, cells, strict=True))
            if row.get("label", "1") not in ("0", "1"):
                row["status"], row["note"] = (
                    "rejected",
                    f"label is {row['label']!r}; expected 0 or 1",
                )
        rows.append(row)
    listed = pd.DataFrame(rows)
    if listed.empty:
        raise ValueError(f"{path}: no pair in the file; expected one a line ({', '.join(columns)})")
    return listed if "label" in listed else listed.assign(label="1")


def _by_id(path: str | Path, alphabet: Alphabet, other: Other) -> dict[str, str]:
    """Sequences as the file has them, by id; they are cleaned with the pairs that use them."""
    found: dict[str, str] = {}
    for record in fasta.iter_fasta(path):
        if found.setdefault(record.id, record.sequence) != record.sequence:
            raise ValueError(
                f"{path}, line {record.line}: the id {record.id} stands twice with different "
                f"{alphabet.name} sequences; give each record its own id"
            )
    return found


def _check_not_swapped(listed: pd.DataFrame, column: str, sequences: Mapping[str, str], path: Path) -> None:
    other = "protein" if column == "rna" else "rna"
    known = listed[f"{column}_id"].isin(sequences.keys()).mean()
    if known == 0 and listed[f"{other}_id"].isin(sequences.keys()).any():
        raise ValueError(
            f"{path}: no {column} id of the list is in the {column} FASTA file, but ids of the "
            f"{other} column are. Give the columns in their order, "
            "such as columns=('rna_id', 'protein_id', 'label')"
        )
