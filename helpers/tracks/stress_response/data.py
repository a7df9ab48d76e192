"""Promoters with labels, and their orthologs: a user's table or FASTA, a folder, or the public set.

Whatever the source, the result is the same: the promoters of the main species, those of related
species, and a table with one row for every row of the input that says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from helpers.project import registry
from helpers.readers import lines, own, tables
from helpers.readers.rows import Accounted
from helpers.sequences import homology
from helpers.sequences.alphabet import DNA
from helpers.splits.known import either_strand
from helpers.tracks.stress_response import sources

COLUMNS = ["gene_id", "sequence", "label", "group", "species"]
"""Columns of ``promoters.csv`` and ``orthologs.csv``."""
FEWEST = 10
"""Groups that a user's promoters have to stand in at least."""
_ROW = ["source", "line", "gene_id", "species", "status", "note"]


class Loaded(NamedTuple):
    """Promoters, and what became of every row of the input.

    Attributes
    ----------
    promoters : pandas.DataFrame
        ``gene_id, sequence, label, group, species`` of the main species; all of one length.
    orthologs : pandas.DataFrame
        The same columns for the related species; may be empty.
    rows : pandas.DataFrame
        One row for each row of the input: ``source, line, gene_id, species, status, note``.
    said : list of str
        What is to be said of the whole: what was found in the source, which groups were joined.
    """

    promoters: pd.DataFrame
    orthologs: pd.DataFrame
    rows: pd.DataFrame
    said: list[str]


def from_own(
    source: str | Path,
    *,
    columns: str | Mapping[str, str] = "",
    separator: str = "auto",
    labels: str | Path = "",
    related: str | Path = "",
    species: Sequence[str] = (),
    report: str | Path | None = None,
    **window: Any,
) -> Loaded:
    r"""Promoters from whatever the source is; what was found is in `Loaded.said`.

    Parameters
    ----------
    source : str or pathlib.Path
        A table with the columns ``gene_id, sequence, label`` and, if genes belong together, ``group``;
        FASTA with the label in the id (``>gene_1``), in the description (``label=1``) or in `labels`;
        BED, GFF3 or GTF where `window` names a genome and `labels` a table; a folder of species as for
        `from_folder`; or ``registry``, for `from_registry`.
    columns, separator
        As for `helpers.readers.own.read_table`, for all tables.
    labels : str or pathlib.Path
        Table beside FASTA: ``gene_id, label`` and, if it has one, ``group``.
    related : str or pathlib.Path
        A table or FASTA of related species, of the same make; its ``group`` links it to the first.
    species : sequence of str
        Of a folder or the registry: the species to learn and test, then those for training only.
    report : str or pathlib.Path
        `Loaded.rows` is written there, also when a fault in the data stops the reading.
    **window
        ``genome, upstream, downstream, feature``, as for `helpers.readers.regions.promoters`.

    Raises
    ------
    ValueError
        If a file cannot be read, lacks a column, or holds too little to learn from.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> rows = "".join(f"g{n};{'ACGT'[n // 4]}G{'ACGT'[n % 4]}A;{n % 3 == 0}\n" for n in range(16))
    >>> _ = path.write_text("gene_id;sequence;Class\n" + rows + "x;AC;False\ny;ACGA;?\n")
    >>> found = from_own(path, columns="label=Class")
    >>> len(found.promoters), found.rows["note"].tolist()[-2]
    (16, '2 nt long; the others have 4. Cut or extend it')
    """
    if str(source) == "registry":
        named: dict[str, Any] = {"main": species[0], "related": species[1:]} if species else {}
        return from_registry(report=report, **named)
    if Path(source).is_dir():
        return _from_species(Path(source), species, report)
    said: list[str] = []
    parts = []
    for name, path in (("main", source), ("related", related)):
        if not path:
            continue
        given: dict[str, Any] = {"labels": labels, "columns": columns, "separator": separator}
        if name == "main" and window.get("genome"):
            rows = sources.places(Path(path), window, **given)
        else:
            rows = (sources.fasta if own.is_fasta(path) else sources.table)(Path(path), **given)
        if rows.table.empty:
            rows.check_any(path)
        rows.clean("sequence", DNA)
        group = rows.table["group"].where(rows.table["group"] != "", rows.table["gene_id"])
        parts.append(rows.table.assign(source=Path(path).name, species=name, group=group))
        said += [f"{Path(path).name}: {sentence}" for sentence in rows.said]
    return _loaded(parts, said, report=report, near=True)


def from_registry(
    dataset: str = "stress_response",
    *,
    main: str = "aly",
    related: Sequence[str] = ("chi", "cru"),
    report: str | Path | None = None,
) -> Loaded:
    """The public promoters: Arabidopsis lyrata, Cardamine hirsuta and Capsella rubella.

    Promoters of 600 nt; the group is the Arabidopsis thaliana gene. `main`, one of ``aly, chi, cru``,
    is learnt and tested; those of `related` may be used in training.
    """
    paths = registry.fetch(dataset)
    known = sorted(name.removesuffix(".tss.fasta") for name in paths if name.endswith(".fasta"))
    if strange := sorted({main, *related} - set(known)):
        raise ValueError(f"no species {', '.join(strange)} in {dataset}; expected some of {', '.join(known)}")
    folder = Path(paths[f"{main}.tss.fasta"]).parent
    return from_folder(folder, main=main, related=related, report=report)


def from_folder(
    folder: str | Path, *, main: str, related: Sequence[str] = (), report: str | Path | None = None
) -> Loaded:
    """Promoters from a folder of ``<species>.tss.fasta`` and ``ath_<species>.txt`` files.

    The species `main` is learnt and tested; those of `related` may be used in training. A species
    without an ortholog table is its own reference.

    Examples
    --------
    >>> from helpers.project import paths
    >>> sample = from_folder(paths.find("data/sample/stress_response"), main="sia")
    >>> len(sample.promoters), len(sample.orthologs)
    (4978, 0)
    """
    folder = Path(folder)
    orthologs = {name: folder / f"ath_{name}.txt" for name in (main, *related)}
    return from_fasta(
        {name: folder / f"{name}.tss.fasta" for name in (main, *related)},
        {name: path for name, path in orthologs.items() if path.is_file()},
        report=report,
    )


def from_fasta(
    fasta: Mapping[str, str | Path],
    orthologs: Mapping[str, str | Path] | None = None,
    *,
    report: str | Path | None = None,
) -> Loaded:
    r"""Promoters from FASTA files with the label in the id.

    Parameters
    ----------
    fasta : dict of str to path
        FASTA file of each species, the main one first. The label, 0 or 1, stands behind the last
        underscore of the id.
    orthologs : dict of str to path, optional
        Ortholog table of each species, as for `read_orthologs`. Without one, every gene is a
        group of its own.

    Returns
    -------
    Loaded
        A row that cannot be used (no label, another length, an id that stood before, a letter
        that is no base, a promoter that stood before or stands with both labels) is in
        `Loaded.rows` with its reason.

    Raises
    ------
    ValueError
        If a file cannot be read, holds no usable promoter, or its table knows none of its genes.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">g1_1\nACGT\n>g2_0\nACNT\n>g3\nACGT\n")
    >>> found = from_fasta({"mine": path})
    >>> found.promoters["label"].tolist(), found.rows["status"].tolist()
    ([1, 0], ['ok', 'ok', 'rejected'])
    """
    parts = []
    for species, path in fasta.items():
        read = sources.fasta(Path(path)).table.assign(source=Path(path).name, species=species)
        parts.append(_with_groups(read, (orthologs or {}).get(species), Path(path)))
    said = [f"{Path(path).name}: FASTA, labels in its ids" for path in fasta.values()]
    return _loaded(parts, said, report=report)


def read_orthologs(path: str | Path) -> dict[str, str]:
    r"""Ortholog table: the reference gene of each gene of a species.

    A text file without a header; on each line the reference gene (of Arabidopsis thaliana) and the
    gene of the species, between blanks or tabs.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ath_x.txt"
    >>> _ = path.write_text("AT1G01010\tg1\n")
    >>> read_orthologs(path)
    {'g1': 'AT1G01010'}
    """
    found: dict[str, tuple[str, int]] = {}
    for line, text in lines.iter_lines(path):
        cells = text.split()
        if not cells:
            continue
        if len(cells) != 2:
            raise ValueError(
                f"{path}, line {line}: found {len(cells)} columns; expected two, reference gene and gene"
            )
        reference, gene = cells
        before, first = found.setdefault(gene, (reference, line))
        if before != reference:
            raise ValueError(
                f"{path}, line {line}: gene {gene} belongs to {reference} and, on line {first}, {before}"
            )
    if not found:
        raise ValueError(f"{path}: no line in the file; expected two genes on each")
    return {gene: reference for gene, (reference, _) in found.items()}


def read_promoters(path: str | Path) -> pd.DataFrame:
    """``promoters.csv`` or ``orthologs.csv``, as notebook 01 wrote them; labels are int."""
    table = tables.read_table(path, required=COLUMNS)[[*COLUMNS, "line"]]
    for number, found in zip(table["line"], table["label"], strict=True):
        if found not in ("0", "1"):
            raise ValueError(f"{path}, line {number}, column label: found {found!r}; expected 0 or 1")
    sizes = table["sequence"].str.len()
    if sizes.nunique() > 1:
        odd = table[sizes != sizes.mode()[0]].iloc[0]
        raise ValueError(
            f"{path}, line {odd['line']}: {odd['gene_id']} is {len(odd['sequence'])} nt long, the others "
            f"{sizes.mode()[0]}; make the file with notebook 01"
        )
    return table[COLUMNS].assign(label=table["label"].astype(int))


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows of the input became what: ``species, rows, rejected, used, label_1, groups``."""
    used = pd.concat([loaded.promoters, loaded.orthologs])
    table = []
    for species, rows in loaded.rows.groupby("species", sort=False):
        mine = used[used["species"] == species]
        rejected = int((rows["status"] == "rejected").sum())
        counted = len(mine), int(mine["label"].sum()), mine["group"].nunique()
        table.append((species, len(rows), rejected, *counted))
    return pd.DataFrame(table, columns=["species", "rows", "rejected", "used", "label_1", "groups"])


def _from_species(folder: Path, species: Sequence[str], report: str | Path | None) -> Loaded:
    """Promoters of a folder, whose only species needs no name."""
    there = sorted(path.name.removesuffix(".tss.fasta") for path in folder.glob("*.tss.fasta"))
    if not there:
        raise ValueError(
            f"{folder}: no file named <species>.tss.fasta in the folder. Give a table or a FASTA file, or "
            "name its files so"
        )
    if len(there) == 1 and not set(species) & set(there):
        species = there
    if not species or set(species) - set(there):
        raise ValueError(
            f"species is {' '.join(species)!r}; {folder} holds {', '.join(there)}. Name the one to learn and "
            "test first, then those for training only"
        )
    return from_folder(folder, main=species[0], related=species[1:], report=report)


def _with_groups(table: pd.DataFrame, orthologs: str | Path | None, fasta: Path) -> pd.DataFrame:
    """Group of each gene: its reference gene, or itself if the table does not know it."""
    if orthologs is None:
        return table.assign(group=table["gene_id"])
    known, name = read_orthologs(orthologs), Path(orthologs).name
    group = table["gene_id"].map(known)
    if group.isna().all():
        raise ValueError(
            f"{name} knows none of the {len(table)} genes of {fasta.name}, as {table['gene_id'].iloc[0]!r}. "
            "Is it of another species, or are its columns swapped? The reference gene comes first"
        )
    rows = Accounted(table.assign(group=group.fillna(table["gene_id"])))
    rows.say(group.isna() & rows.usable, f"not in {name}: a group of its own")
    return rows.table


def _loaded(
    parts: Sequence[pd.DataFrame], said: list[str], *, report: str | Path | None = None, near: bool = False
) -> Loaded:
    """Check labels, ids and lengths of all species together; the first one is the main species."""
    rows = Accounted(pd.concat(parts, ignore_index=True))
    rows.said = said
    try:
        _check(rows)
        used = rows.table.loc[rows.usable, COLUMNS].astype({"label": int}).reset_index(drop=True)
        used["group"] = _joined_groups(used, said, near=near)
        of_main = used["species"] == rows.table["species"].iloc[0]
        promoters = used[of_main]
        first = rows.table["source"].iloc[0]
        if promoters["label"].nunique() < 2:
            raise ValueError(
                f"{first}: the {len(promoters)} usable promoters have one label only; expected 1 and 0. Add "
                "promoters of the other one"
            )
        if near and (groups := promoters["group"].nunique()) < FEWEST:
            raise ValueError(
                f"{first}: the {len(promoters)} usable promoters stand in {groups} groups; expected at least "
                f"{FEWEST}, so that there is a part to learn from, one to stop by and one to test. Add genes"
            )
    finally:
        if report is not None:
            tables.write_table(report, rows.table[_ROW])
    return Loaded(
        promoters.reset_index(drop=True), used[~of_main].reset_index(drop=True), rows.table[_ROW], said
    )


def _check(rows: Accounted) -> None:
    table = rows.table
    main = table["species"].iloc[0] if len(table) else ""
    rows.reject(~table["label"].isin(["0", "1"]), _bad_label)
    rows.reject(table["gene_id"] == "", "no gene_id; give each promoter the name of its gene")
    # An id such as Zm_1 may count promoters instead of naming a label.
    mend = (
        ". Or is the number at the end of an id no label? Then give every promoter an id of its own, and "
        "the labels as a table (parameter labels)"
    )
    in_ids = any("labels in its ids" in text for text in rows.said)
    rows.reject_contradictions(["species", "gene_id"], "label", what="gene", mend=mend if in_ids else "")
    again = table[rows.usable].duplicated(["species", "gene_id"]).reindex(table.index).eq(True)
    rows.reject(again, "the gene id stood further up already; the first is used")
    for source, part in table.groupby("source", sort=False):
        Accounted(part).check_any(source)
    sizes = table["sequence"].str.len()
    used_sizes = sizes[rows.usable]
    expected = int(used_sizes.mode()[0])
    if (used_sizes == expected).mean() < 0.5:
        raise ValueError(
            f"{', '.join(table['source'].unique())}: the promoters have {used_sizes.nunique()} lengths, from "
            f"{used_sizes.min()} to {used_sizes.max()} nt. Cut all to the same stretch"
        )
    rows.reject(
        sizes != expected,
        lambda row: f"{len(row['sequence'])} nt long; the others have {expected}. Cut or extend it",
    )
    _set_aside_twins(rows)
    # Orthologs whose label contradicts that of the main species' gene are left out.
    of_main = table["species"] == main
    labels = table[rows.usable & of_main].groupby("group")["label"].agg(set)
    known = zip(table["group"].map(labels), table["label"], strict=True)
    against = np.array([isinstance(found, set) and label not in found for found, label in known], dtype=bool)
    rows.reject(
        against & ~of_main, lambda row: f"label {row['label']}, but its ortholog in {main} has the other one"
    )


def _joined_groups(used: pd.DataFrame, said: list[str], *, near: bool) -> pd.Series:
    """Groups of which two hold one promoter (with `near`, near copies of one) are one group."""
    if near:
        copies = homology.homology_groups(used["sequence"].tolist(), alphabet=DNA)
    else:
        copies = pd.factorize(np.array(either_strand(used["sequence"].tolist()), dtype=object))[0]
    names, groups = pd.factorize(used["group"])
    links = sparse.coo_matrix((np.ones(len(used), bool), (names, copies)), shape=(len(used), len(used)))
    # Groups on one side, sets of copies on the other: what is linked through either is one group.
    whole = sparse.block_array([[None, links], [links.T, None]])
    _, component = connected_components(whole, directed=False)
    first = pd.Series(groups).groupby(component[: len(groups)]).transform("first")
    if joined := int((first != pd.Series(groups)).sum()):
        what = "near copies of one promoter" if near else "one promoter"
        said.append(f"groups that hold {what} are one: {joined} joined with another")
    return first.iloc[names].set_axis(used.index)


def _set_aside_twins(rows: Accounted) -> None:
    """One promoter, on either strand, counts once in a species, and not at all under both labels."""
    table = rows.table
    table.loc[rows.usable, "either"] = either_strand(table.loc[rows.usable, "sequence"].tolist())
    rows.reject_contradictions(["species", "either"], "label", what="promoter")
    twins = table[rows.usable].groupby(["species", "either"])["gene_id"]
    table["first"] = twins.transform("first")
    later = (twins.cumcount() > 0).reindex(table.index, fill_value=False)
    rows.reject(later, lambda row: f"the same promoter as {row['first']}, which is used")
    if later.any():
        rows.said.append(
            f"{later.sum()} promoters are another one's, on either strand, as those of isoforms are: each "
            "counts once, so that it cannot stand on two sides of a split"
        )


def _bad_label(row: pd.Series) -> str:
    where = "behind the last underscore of a FASTA id, as label=1 in its description, or in a table of labels"
    if row["label"]:
        return f"label is {row['label']!r}; expected 0 or 1, {where}"
    return f"no label; expected 0 or 1, {where}"
