"""Promoters with labels, and their orthologs: from FASTA files, from a CSV file, or the public set.

Whatever the source, the result is the same: the promoters of the main species, those of related
species, and a table with one row for every row of the input that says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helpers.project import registry
from helpers.readers import lines, tables
from helpers.readers.fasta import clean_column, read_fasta
from helpers.sequences.alphabet import DNA

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

    Parameters
    ----------
    dataset : str
        Name in the registry.
    main : str
        Species that is learnt and tested: ``aly``, ``chi`` or ``cru``.
    related : sequence of str
        Species whose promoters may be used in training.

    Returns
    -------
    Loaded
        Promoters of 600 nt; the group is the Arabidopsis thaliana gene.

    Raises
    ------
    ValueError
        If a species is not in the data set, or a file cannot be fetched.
    """
    paths = registry.fetch(dataset)
    known = sorted(name.removesuffix(".tss.fasta") for name in paths if name.endswith(".fasta"))
    if strange := sorted({main, *related} - set(known)):
        raise ValueError(f"no species {', '.join(strange)} in {dataset}; expected some of {', '.join(known)}")
    return from_fasta(
        {name: paths[f"{name}.tss.fasta"] for name in (main, *related)},
        {name: paths[f"ath_{name}.txt"] for name in (main, *related)},
    )


def from_folder(folder: str | Path, *, main: str, related: Sequence[str] = ()) -> Loaded:
    """Promoters from a folder of ``<species>.tss.fasta`` and ``ath_<species>.txt`` files.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder; a species without an ortholog table is its own reference.
    main : str
        Species that is learnt and tested.
    related : sequence of str
        Species whose promoters may be used in training.

    Returns
    -------
    Loaded

    Raises
    ------
    ValueError
        As `from_fasta`.

    Examples
    --------
    >>> from helpers.project import paths
    >>> sample = from_folder(paths.find("data/sample/stress_response"), main="sia")
    >>> len(sample.promoters), len(sample.orthologs)
    (2400, 0)
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
        that is no base) is in `Loaded.rows` with its reason.

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
        table = pd.DataFrame(
            {
                "source": Path(path).name, "line": read["line"], "species": species,
                "gene_id": split[0].where(split[1] == "_", read["id"]),
                "label": split[2].where(split[1] == "_", ""),
                "sequence": read["sequence"], "status": read["status"], "note": read["note"],
            }
        )  # fmt: skip
        known = read_orthologs((orthologs or {})[species]) if species in (orthologs or {}) else None
        where = (orthologs or {}).get(species, "")
        parts.append(_with_groups(table, known, Path(path), Path(where)))
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
    separator : str
        Character between the cells.

    Returns
    -------
    Loaded

    Raises
    ------
    ValueError
        If a file cannot be read, lacks a column, or holds no usable promoter.

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
        fine = read.index[read["status"] != "rejected"]
        cleaned = clean_column(read.loc[fine, "sequence"], DNA)
        for column in ("sequence", "status", "note"):
            read.loc[fine, column] = cleaned[column]
        read["group"] = read["group"].where(read["group"] != "", read["gene_id"])
        parts.append(read.assign(source=Path(path).name, species=species))
    return _loaded(parts)


def read_orthologs(path: str | Path) -> dict[str, str]:
    r"""Ortholog table: the reference gene of each gene of a species.

    Parameters
    ----------
    path : str or pathlib.Path
        Text file without a header; on each line the reference gene (of Arabidopsis thaliana) and
        the gene of the species, between blanks or tabs.

    Returns
    -------
    dict of str to str
        Reference gene by gene.

    Raises
    ------
    ValueError
        If a line has not two columns, or a gene stands with two reference genes.

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
                f"{path}, line {line}: found {len(cells)} columns; expected two, the reference "
                "gene and the gene of the species"
            )
        reference, gene = cells
        before, first = found.setdefault(gene, (reference, line))
        if before != reference:
            raise ValueError(
                f"{path}, line {line}: gene {gene} belongs to {reference} here and to {before} on "
                f"line {first}; expected one reference gene a gene. Keep the closer one"
            )
    if not found:
        raise ValueError(f"{path}: no line in the file; expected two genes on each")
    return {gene: reference for gene, (reference, _) in found.items()}


def read_promoters(path: str | Path) -> pd.DataFrame:
    """Read ``promoters.csv`` or ``orthologs.csv``, as notebook 01 wrote them.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`; labels are int.

    Raises
    ------
    ValueError
        If a column is missing, a label is not 0 or 1, or the sequences differ in length.
    """
    table = tables.read_table(path, required=COLUMNS)[[*COLUMNS, "line"]]
    for number, found in zip(table["line"], table["label"], strict=True):
        if found not in ("0", "1"):
            raise ValueError(
                f"{path}, line {number}, column label: found {found!r}; expected 0 or 1. "
                "Make the file with notebook 01"
            )
    sizes = table["sequence"].str.len()
    if sizes.nunique() > 1:
        odd = table[sizes != sizes.mode()[0]].iloc[0]
        raise ValueError(
            f"{path}, line {odd['line']}: {odd['gene_id']} is {len(odd['sequence'])} nt long, the "
            f"others {sizes.mode()[0]}; expected one length. Make the file with notebook 01"
        )
    return table[COLUMNS].assign(label=table["label"].astype(int))


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows of the input became what, for each species.

    Parameters
    ----------
    loaded : Loaded
        What a loader gave.

    Returns
    -------
    pandas.DataFrame
        ``species, rows, rejected, used, label_1, groups``.
    """
    used = pd.concat([loaded.promoters, loaded.orthologs])
    table = []
    for species, rows in loaded.rows.groupby("species", sort=False):
        mine = used[used["species"] == species]
        rejected = int((rows["status"] == "rejected").sum())
        counted = len(mine), int(mine["label"].sum()), mine["group"].nunique()
        table.append((species, len(rows), rejected, *counted))
    return pd.DataFrame(table, columns=["species", "rows", "rejected", "used", "label_1", "groups"])


def _with_groups(
    table: pd.DataFrame, known: dict[str, str] | None, fasta: Path, orthologs: Path
) -> pd.DataFrame:
    """Group of each gene: its reference gene, or itself if the table does not know it."""
    if known is None:
        return table.assign(group=table["gene_id"])
    group = table["gene_id"].map(known)
    missing = group.isna()
    if missing.all():
        raise ValueError(
            f"{orthologs.name} knows none of the {len(table)} genes of {fasta.name} (the first is "
            f"{table['gene_id'].iloc[0]!r}, the table's first {next(iter(known))!r}). Is it the "
            "table of another species, or are its columns swapped? The reference gene comes first"
        )
    readable = missing & (table["status"] != "rejected")
    said = f"not in {orthologs.name}: a group of its own"
    table["note"] = table["note"].where(~readable, table["note"].map(lambda old: _join(old, said)))
    return table.assign(group=group.fillna(table["gene_id"]))


def _loaded(parts: Sequence[pd.DataFrame]) -> Loaded:
    """Check labels, ids and lengths of all species together; the first one is the main species."""
    table = pd.concat(parts, ignore_index=True)
    main = table["species"].iloc[0] if len(table) else ""
    usable = table["status"] != "rejected"
    _reject(table, usable & ~table["label"].isin(["0", "1"]), _bad_label)
    usable = table["status"] != "rejected"
    again = usable & table[usable].duplicated(["species", "gene_id"]).reindex(table.index).eq(True)
    _reject(table, again, lambda row: "the gene id stood further up already; the first is used")
    usable = table["status"] != "rejected"
    for source in table["source"].unique():
        _check_any(table[table["source"] == source], source)
    sizes = table["sequence"].str.len()
    expected = int(sizes[usable].mode()[0])
    if (sizes[usable] == expected).mean() < 0.5:
        raise ValueError(
            f"{', '.join(table['source'].unique())}: the promoters have {sizes[usable].nunique()} "
            f"lengths, from {sizes[usable].min()} to {sizes[usable].max()} nt; expected one. Cut "
            "all to the same stretch around the start of transcription"
        )
    _reject(
        table,
        usable & (sizes != expected),
        lambda row: f"{len(row['sequence'])} nt long; the others have {expected}. Cut or extend it",
    )
    _reject_conflicts(table, main)
    used = table[table["status"] != "rejected"]
    used = used[COLUMNS].assign(label=used["label"].astype(int))
    of_main = used["species"] == main
    promoters = used[of_main].reset_index(drop=True)
    if promoters["label"].nunique() < 2:
        raise ValueError(
            f"{table['source'].iloc[0]}: the {len(promoters)} usable promoters have one label "
            "only; expected some of 0 and some of 1"
        )
    return Loaded(promoters, used[~of_main].reset_index(drop=True), table[_ROW])


def _reject_conflicts(table: pd.DataFrame, main: str) -> None:
    """Leave out orthologs whose label contradicts that of the main species' gene."""
    usable = table["status"] != "rejected"
    labels = table[usable & (table["species"] == main)].groupby("group")["label"].agg(set)
    known = table["group"].map(labels)
    against = [
        isinstance(found, set) and label not in found
        for found, label in zip(known, table["label"], strict=True)
    ]
    against = pd.Series(against, index=table.index) & usable & (table["species"] != main)
    _reject(
        table,
        against,
        lambda row: f"label {row['label']}, but its ortholog in {main} has the other one",
    )


def _reject(table: pd.DataFrame, where: pd.Series, why: object) -> None:
    for row in table.index[where]:
        note = why(table.loc[row])  # type: ignore[operator]
        table.loc[row, ["status", "note"]] = ["rejected", _join(str(table.loc[row, "note"]), note)]


def _bad_label(row: pd.Series) -> str:
    if row["label"]:
        return f"label is {row['label']!r}; expected 0 or 1"
    return "no label; expected 0 or 1 (in a FASTA id, behind the last underscore)"


def _check_any(part: pd.DataFrame, source: str) -> None:
    if (part["status"] != "rejected").any():
        return
    first = part.iloc[0] if len(part) else None
    reason = f" (line {first['line']}: {first['note']})" if first is not None else ""
    raise ValueError(f"{source}: none of its {len(part)} rows can be used{reason}")


def _join(old: str, new: str) -> str:
    return f"{old}; {new}" if old else new
