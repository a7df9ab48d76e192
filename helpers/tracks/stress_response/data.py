"""Promoters with labels, and their orthologs: from FASTA files, from a CSV file, or the public set.

Whatever the source, the result is the same: the promoters of the main species, those of related
species, and a table with one row for every row of the input that says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import lines, tables
from helpers.readers.fasta import read_fasta
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response.known import either_strand

COLUMNS = ["gene_id", "sequence", "label", "group", "species"]
"""Columns of ``promoters.csv`` and ``orthologs.csv``."""
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
    """

    promoters: pd.DataFrame
    orthologs: pd.DataFrame
    rows: pd.DataFrame


def from_registry(
    dataset: str = "stress_response", *, main: str = "aly", related: Sequence[str] = ("chi", "cru")
) -> Loaded:
    """The public promoters: Arabidopsis lyrata, Cardamine hirsuta and Capsella rubella.

    Promoters of 600 nt; the group is the Arabidopsis thaliana gene. `main`, one of ``aly, chi, cru``,
    is learnt and tested; those of `related` may be used in training.
    """
    paths = registry.fetch(dataset)
    known = sorted(name.removesuffix(".tss.fasta") for name in paths if name.endswith(".fasta"))
    if strange := sorted({main, *related} - set(known)):
        raise ValueError(f"no species {', '.join(strange)} in {dataset}; expected some of {', '.join(known)}")
    return from_folder(Path(paths[f"{main}.tss.fasta"]).parent, main=main, related=related)


def from_folder(folder: str | Path, *, main: str, related: Sequence[str] = ()) -> Loaded:
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
    )


def from_fasta(fasta: Mapping[str, str | Path], orthologs: Mapping[str, str | Path] | None = None) -> Loaded:
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
        read = read_fasta(path, DNA)
        split = read["id"].str.rpartition("_")
        gene, label = split[0].where(split[1] == "_", read["id"]), split[2].where(split[1] == "_", "")
        table = read.assign(source=Path(path).name, species=species, gene_id=gene, label=label)
        parts.append(_with_groups(table, (orthologs or {}).get(species), Path(path)))
    return _loaded(parts)


def from_csv(promoters: str | Path, related: str | Path | None = None, *, separator: str = ",") -> Loaded:
    r"""Promoters from a user's CSV file.

    Parameters
    ----------
    promoters : str or pathlib.Path
        Columns ``gene_id, sequence, label`` and, if genes belong together (orthologs, paralogs,
        families), ``group``; an empty group is the gene itself.
    related : str or pathlib.Path, optional
        A file of the same columns for related species; its ``group`` links it to the first.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> rows = "g1,ACGT,1\ng2,AC,0\ng3,ACGA,yes\ng4,GGGT,0\n"
    >>> _ = path.write_text("gene_id,sequence,label\n" + rows)
    >>> from_csv(path).rows["note"].tolist()[1:3]
    ['2 nt long; the others have 4. Cut or extend it', "label is 'yes'; expected 0 or 1"]
    """
    parts = []
    for species, path in (("main", promoters), ("related", related)):
        if not path:
            continue
        read = tables.read_table(
            path, required=("gene_id", "sequence", "label"), optional=("group",),
            separator=separator,
        )  # fmt: skip
        rows = Accounted(read)
        rows.clean("sequence", DNA)
        group = read["group"].where(read["group"] != "", read["gene_id"])
        parts.append(rows.table.assign(source=Path(path).name, species=species, group=group))
    return _loaded(parts)


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


def _loaded(parts: Sequence[pd.DataFrame]) -> Loaded:
    """Check labels, ids and lengths of all species together; the first one is the main species."""
    rows = Accounted(pd.concat(parts, ignore_index=True))
    table = rows.table
    main = table["species"].iloc[0] if len(table) else ""
    rows.reject(~table["label"].isin(["0", "1"]), _bad_label)
    rows.reject_contradictions(["species", "gene_id"], "label", what="gene")
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
    used = table.loc[rows.usable, COLUMNS].astype({"label": int})
    of_main = used["species"] == main
    promoters = used[of_main].reset_index(drop=True)
    if promoters["label"].nunique() < 2:
        raise ValueError(
            f"{table['source'].iloc[0]}: the {len(promoters)} usable promoters have one label only"
        )
    return Loaded(promoters, used[~of_main].reset_index(drop=True), table[_ROW])


def _set_aside_twins(rows: Accounted) -> None:
    """One promoter, on either strand, counts once in a species, and not at all under both labels."""
    table = rows.table
    table.loc[rows.usable, "either"] = either_strand(table.loc[rows.usable, "sequence"].tolist())
    rows.reject_contradictions(["species", "either"], "label", what="promoter")
    twins = table[rows.usable].groupby(["species", "either"])["gene_id"]
    table["first"] = twins.transform("first")
    later = (twins.cumcount() > 0).reindex(table.index, fill_value=False)
    rows.reject(later, lambda row: f"the same promoter as {row['first']}, which is used")


def _bad_label(row: pd.Series) -> str:
    if row["label"]:
        return f"label is {row['label']!r}; expected 0 or 1"
    return "no label; expected 0 or 1 (in a FASTA id, behind the last underscore)"
