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
from helpers.readers import own, structures, tables
from helpers.readers.fasta import Other
from helpers.readers.rows import Accounted, contradictions
from helpers.sequences import encoding
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.splits import pair_groups
from helpers.tracks.rna_peptide import chunks, lists
from helpers.tracks.rna_peptide.chunks import PAIR
from helpers.tracks.rna_peptide.simulate import planted_pair, rule

SEQUENCES = {"rna_seq": RNA, "protein_seq": PEPTIDE}
"""The two chains of a pair, in the order of a model's inputs: column, alphabet."""

_ROW = ["source", "row", "line", "rna_id", "protein_id", "status", "note", "duplicate_of"]
_CONTRADICTING = "the same pair stands with label"


class Loaded(NamedTuple):
    """Pairs, and what became of every row of the input.

    Attributes
    ----------
    pairs : pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq, label`` of every row that could be read, clean;
        the index is the number of the row in `rows`.
    rows : pandas.DataFrame
        One row for each row of the input: ``source, row, line, rna_id, protein_id, status, note`` and
        ``duplicate_of``, the number of the earlier row with the same two sequences, or -1.
    said : sequence of str
        What the source was found to be, its separator, columns that were renamed, ids that were made.
    """

    pairs: pd.DataFrame
    rows: pd.DataFrame
    said: Sequence[str] = ()


def from_own(
    source: str | Path,
    *,
    columns: str = "",
    separator: str = "auto",
    dataset: str = "rpi2241",
    rna_fasta: str | Path = "",
    protein_fasta: str | Path = "",
    report: str | Path | None = None,
) -> Loaded:
    r"""Pairs from whatever the source is; what was found is in `Loaded.said`.

    Parameters
    ----------
    source : str or pathlib.Path
        A table with the columns ``rna_seq, protein_seq`` and, if it has them, ``rna_id, protein_id,
        label``; a folder of such tables and pickles (`helpers.tracks.rna_peptide.chunks`); a list of
        pairs of ids, beside two FASTA files; a folder of PDB or mmCIF files with the table of their
        chains (``file, rna_chain, protein_chain`` and perhaps ``label``) in it, or that table; or
        ``registry``.
    columns, separator : str
        As for `helpers.readers.own.read_table`.
    dataset : str
        Name in the registry.
    rna_fasta, protein_fasta : str or pathlib.Path
        Of a list of ids.
    report : str, pathlib.Path or None
        The report of rows is written there, also when a fault in the data stops the reading.

    Raises
    ------
    ValueError
        If a file cannot be read or lacks a column. Rows that cannot be used are no error, see `check`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("rna_seq;protein_seq;Binds\nACGT;MKV;yes\nACGU;MKV;no\nGGGG;MKV;no\n")
    >>> found = from_own(path, columns="label=Binds")
    >>> found.pairs["label"].tolist(), found.rows["status"].tolist()
    ([0], ['rejected', 'rejected', 'ok'])
    """
    if str(source) == "registry":
        loaded = from_registry(dataset)
    else:
        options = {"columns": columns, "separator": separator}
        opened = _opened(Path(source), rna_fasta, protein_fasta, options)
        with Accounted(opened.table).reported(report):
            loaded = _labelled(opened)
    if report:
        tables.write_table(report, loaded.rows)
    return loaded


class _Opened(NamedTuple):
    """Rows of a source before labels and sequences are looked at."""

    table: pd.DataFrame
    other: Other
    said: list[str]


def _opened(
    path: Path, rna_fasta: str | Path, protein_fasta: str | Path, options: Mapping[str, str]
) -> _Opened:
    """The rows of whatever a source is."""
    if rna_fasta or protein_fasta:
        if not (rna_fasta and protein_fasta):
            raise ValueError(
                f"{path}: a list of ids needs the sequences of both sides; give rna_fasta and protein_fasta"
            )
        return _list(path, rna_fasta, protein_fasta, options)
    if path.is_dir():
        if any(_is_structure(one) for one in path.iterdir()):
            return _structures(path, None, options)
        merged = chunks.merge_chunks(path, **options)
        said = f"source: a folder of chunks, {merged['source'].nunique()} files read"
        return _Opened(merged, "reject", [said])
    if re.search(r"\.(pkl|pickle)(\.gz)?$", path.name, re.IGNORECASE):
        return _Opened(chunks.read_chunk(path, **options), "reject", ["source: a pickle of pairs"])
    if _is_structure(path) or own.is_fasta(path):
        raise ValueError(
            f"{path}: this file alone names no pairs; expected a table with the columns rna_seq, "
            "protein_seq. Sequences in FASTA files: give a list of id pairs as source, and the files as "
            "rna_fasta and protein_fasta. Structures: give their folder, with the table of their chains in it"
        )
    names = _names(path, options)
    if {"rna_chain", "protein_chain"} <= names:
        return _structures(path.parent, path, options)
    if {"rna_id", "protein_id"} <= names and not names & {*SEQUENCES}:
        raise ValueError(
            f"{path}: the table has ids and no sequences (found {', '.join(sorted(names))}); give the FASTA "
            "files that hold the ids as rna_fasta and protein_fasta, or add the columns rna_seq, protein_seq"
        )
    rows = own.read_table(path, required=[*SEQUENCES], optional=["rna_id", "protein_id", "label"], **options)
    table = rows.table.assign(source=path.name, row=range(1, len(rows.table) + 1))
    if "label" not in names:
        table = table.drop(columns="label")
    return _Opened(table, "reject", ["source: a table of pairs", *rows.said])


def _list(
    path: Path, rna_fasta: str | Path, protein_fasta: str | Path, options: Mapping[str, str]
) -> _Opened:
    """Pairs of ids, from a table or from lines without names of columns, and their sequences.

    In lines without names (ids, and perhaps a label, between commas, tabs or blanks) the FASTA files
    tell which id is the RNA's. Letters that are in no alphabet are modified residues of structures.
    """
    known = {"rna": lists.by_id(rna_fasta), "protein": lists.by_id(protein_fasta)}
    ids = {side: sequences for side, (sequences, _) in known.items()}
    table, said = lists.read_list(path, ids, options["separator"])
    if table is None:
        found = own.read_table(path, required=["rna_id", "protein_id"], optional=["label"], **options)
        table, said = found.table, found.said
        if "label" not in _names(path, options):
            table = table.drop(columns="label")
    rows = Accounted(table.assign(source=path.name, row=table["line"]))
    for side, fasta_path in (("rna", rna_fasta), ("protein", protein_fasta)):
        sequences, whole = known[side]
        asked = rows.table[f"{side}_id"].str.strip()
        found_here = asked.map(sequences)
        rows.reject(
            found_here.isna(),
            f"the {side} id is not in {Path(fasta_path).name}; add its sequence or correct the id",
        )
        if (parts := asked.isin(whole)).any():
            shown = asked[parts].iloc[0]
            said = [
                *said,
                f"{side}_id: {parts.sum()} ids are parts of names, such as {shown} of {whole[shown]}",
            ]
        rows.table[f"{side}_seq"] = found_here.fillna("").astype("str")
    return _Opened(rows.table, "unknown", ["source: a list of pairs of ids", *said])


def _structures(folder: Path, chain_list: Path | None, options: Mapping[str, str]) -> _Opened:
    """Pairs of PDB or mmCIF files; they bind, unless the list of chains has a ``label``.

    The list is a table with the columns ``file, rna_chain, protein_chain``, by default the one in the
    folder that has them. A chain that cannot be read is a rejected row.
    """
    needed = ["file", "rna_chain", "protein_chain"]
    if not chain_list:
        listed = [one for one in sorted(folder.iterdir()) if re.search(r"\.[ct]sv(\.gz)?$", one.name.lower())]
        listed = [one for one in listed if {"rna_chain", "protein_chain"} <= _names(one, options)]
        if len(listed) != 1:
            raise ValueError(
                f"{folder}: {len(listed)} tables in it have the columns {', '.join(needed)}; expected one, "
                "which says what chains of which file make a pair. Add one, or give it as the source"
            )
        chain_list = listed[0]
    rows = own.read_table(chain_list, required=needed, optional=["label"], **options)
    chosen = rows.table
    if "label" not in _names(chain_list, options):
        chosen = chosen.drop(columns="label")
    found = structures.extract_pairs(folder, chosen)
    found = found.assign(source=chosen["file"].to_numpy(), row=range(1, len(found) + 1))
    return _Opened(found, "unknown", [f"source: structures, pairs listed in {chain_list.name}", *rows.said])


def from_registry(name: str = "rpi2241") -> Loaded:
    """A public data set of pairs, from the cache or the network, duplicated pairs kept.

    The only one is rpi2241 (Muppirala 2011, doi:10.1186/1471-2105-12-489).
    """
    if name in registry.names() and name != "rpi2241":
        raise ValueError(f"data set {name!r} holds no RNA-peptide pairs; expected 'rpi2241'")
    paths = registry.fetch(name)
    pairs, *fastas = (paths[f"RPI2241_{kind}"] for kind in ("pairs.txt", "rna_seq.fa", "protein_seq.fa"))
    return _labelled(_list(pairs, fastas[0], fastas[1], {"columns": "", "separator": "auto"}))


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows were read, changed, rejected, or repeat an earlier pair: ``what, rows``."""
    counts = Accounted(loaded.rows).counts()
    counts["of these for contradicting labels"] = int(loaded.rows["note"].str.contains(_CONTRADICTING).sum())
    counts["repeat an earlier pair"] = int((loaded.rows["duplicate_of"] >= 0).sum())
    return pd.DataFrame({"what": counts.keys(), "rows": counts.values()})


def check(loaded: Loaded, source: str | Path) -> None:
    """Stop where no row of the source can be used or no pair binds; call it once `Loaded.rows` is written.

    Raises
    ------
    ValueError
        With the reason of the first row, or the number of pairs.
    """
    if loaded.pairs.empty:
        Accounted(loaded.rows).check_any(source)
    if not (loaded.pairs["label"] == 1).any():
        raise ValueError(
            f"{source}: no pair binds among {len(loaded.rows)} rows; expected pairs with the label 1, or "
            "without a column label"
        )


def read_pairs(path: str | Path, *, report: str | Path | None = None) -> pd.DataFrame:
    """A labelled table that `02_make_negatives` wrote.

    Returns
    -------
    pandas.DataFrame
        `PAIR` and ``label`` (0 or 1), index 0 to n - 1.

    Raises
    ------
    ValueError
        If a row cannot be read, a label is not 0 or 1, or one pair stands with both labels; the
        message names the line, and the rows are written to `report`, if that is given.
    """
    rows = Accounted(tables.read_table(path, required=[*PAIR, "label"]).reset_index(drop=True))
    rows.reject(
        ~rows.table["label"].isin(["0", "1"]), lambda row: f"label is {row['label']!r}; expected 0 or 1"
    )
    mend = "Make the table with the notebook 02_make_negatives"
    if rows.usable.all():
        rows.reject_contradictions(list(SEQUENCES), "label", what="pair")
        mend = "The notebooks 01_load_positives and 02_make_negatives set such pairs aside"
    with rows.reported(report):
        if (wrong := ~rows.usable).any():
            first = rows.table[wrong].iloc[0]
            raise ValueError(
                f"{path}, line {first['line']}: {first['note']} (pair {first['rna_id']}, "
                f"{first['protein_id']}; {wrong.sum()} such rows). {mend}"
            )
    return rows.table[PAIR].assign(label=rows.table["label"].astype(int))


def positives_and_given(
    positives: str | Path, given: str | Path = "", *, report: str | Path | None = None
) -> tuple[Loaded, pd.DataFrame]:
    """Pairs that bind and pairs that do not, from one labelled table or from one of each.

    What became of the rows of both files is written to `report`, if that is given.

    Returns
    -------
    tuple of Loaded and pandas.DataFrame
        All that was read, with what is to be said; and the negatives that the files give (`PAIR`).

    Raises
    ------
    ValueError
        If a file cannot be read, or no pair binds.
    """
    parts = [from_own(positives, report=report)]
    if given:
        # The file is there without a row where the source gave no negatives.
        rows = tables.read_table(given, required=PAIR).reset_index(drop=True)
        parts.append(_loaded(rows.assign(source=Path(given).name, row=rows["line"], label="0"), "reject"))
    told = pd.concat([part.rows for part in parts], ignore_index=True)
    if report:
        tables.write_table(report, told)
    pairs = pd.concat([part.pairs for part in parts], ignore_index=True)
    clash = contradictions(pairs, list(SEQUENCES), "label")
    said = [] if not clash.any() else [
        f"{clash.sum()} rows hold pairs that stand with both labels; all of them are set aside, since "
        "none is known to be right"
    ]  # fmt: skip
    for part in parts:
        if rejected := int((part.rows["status"] == "rejected").sum()):
            said.append(f"{part.rows['source'].iloc[0]}: {rejected} rows are rejected, see their notes")
    pairs = pairs[~clash]
    check(Loaded(pairs, told), positives)
    loaded = Loaded(pairs[pairs["label"] == 1].reset_index(drop=True), told, said)
    return loaded, pairs.loc[pairs["label"] == 0, PAIR].reset_index(drop=True)


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


def _labelled(opened: _Opened) -> Loaded:
    """Read the labels that a table gives; one without a column ``label`` lists pairs that bind."""
    table, other, said = opened
    if "label" in table:
        rows = Accounted(table)
        own.labels(rows)
        table = rows.table
    else:
        table = table.assign(label="1")
        said.append("label: there is no such column; every pair is taken to bind")
    return _loaded(table, other, said)


def _loaded(table: pd.DataFrame, other: Other, said: Sequence[str] = ()) -> Loaded:
    """Clean both sequences of every row; find pairs with two labels, and rows that repeat an earlier one."""
    rows = Accounted(table.reset_index(drop=True))
    said = list(said)
    for side, (column, alphabet) in zip(("rna", "protein"), SEQUENCES.items(), strict=True):
        rows.clean(column, alphabet, said=f"{alphabet.name}: ", other=other)
        name = f"{side}_id"
        ids = rows.table[name].str.strip() if name in rows.table else pd.Series("", rows.table.index)
        if (empty := ids == "").any():
            # One name for one sequence, so that a chain of several pairs is known as one.
            number = pd.factorize(rows.table[column])[0] + 1
            ids = ids.mask(empty, [f"{side}_{one}" for one in number])
            said.append(f"{name}: {empty.sum()} rows have none; named by their sequence, {side}_1 and so on")
        rows.table[name] = ids.astype("str")
    rows.reject_contradictions(list(SEQUENCES), "label", what="pair")
    pairs = rows.table.loc[rows.usable, [*PAIR, "label"]].astype({"label": int})
    number = pairs.index.to_series()
    first = number.groupby([pairs[column] for column in SEQUENCES]).transform("first")
    repeated = first.where(first != number, -1).reindex(rows.table.index, fill_value=-1)
    line = rows.table["line"] if "line" in rows.table else rows.table["row"]
    return Loaded(pairs, rows.table.assign(line=line, duplicate_of=repeated)[_ROW], said)


def _names(path: Path, options: Mapping[str, str]) -> set[str]:
    """The names of a table's columns as we call them, where theirs are ours or are said to be."""
    known = [*PAIR, "label", "file", "rna_chain", "protein_chain"]
    names, _ = tables.read_header(path, required=known, separator=options["separator"])
    alike = {re.sub(r"[\s_\-]", "", name).lower(): name for name in known}
    ours = {alike.get(re.sub(r"[\s_\-]", "", name).lower(), name) for name in names}
    return ours | {
        name for name, other in own.named_columns(options["columns"], known).items() if other in names
    }


def _is_structure(path: Path) -> bool:
    return bool(re.search(r"\.(pdb|ent|cif|mmcif)(\.gz)?$", path.name, re.IGNORECASE))
