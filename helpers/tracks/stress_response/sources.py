"""A user's promoters as they come: a table, FASTA with labels somewhere, places in a genome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.readers import own, regions
from helpers.readers.fasta import read_fasta
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA

_LABELLED = r"^(.*)_([^_|]*)(?:\|.*)?$"
"""An id with a label behind its last underscore; behind a bar there may be more, such as a place."""


def table(path: Path, *, labels: str | Path, columns: str | Mapping[str, str], separator: str) -> Accounted:
    """A user's table of promoters."""
    if labels:
        raise ValueError(
            f"{path.name} is a table, which holds its labels itself; labels is {str(labels)!r}. Leave labels "
            "empty, or give the promoters as FASTA"
        )
    rows = own.read_table(
        path, required=("gene_id", "sequence", "label"), optional=("group",), columns=columns,
        separator=separator,
    )  # fmt: skip
    own.labels(rows)
    rows.said.insert(0, "a table of promoters")
    return rows


def places(
    path: Path,
    window: Mapping[str, Any],
    *,
    labels: str | Path,
    columns: str | Mapping[str, str],
    separator: str,
) -> Accounted:
    """Promoters cut out of a genome, with the labels of a table."""
    if not labels:
        raise ValueError(
            f"{path.name} holds places and no labels; give a table of gene_id and label as labels"
        )
    rows = labelled(labels, columns, separator)
    cut = from_genome(path, **window)
    found = cut.table.drop_duplicates("id").set_index("id")
    names = rows.table["gene_id"]
    rows.reject(~names.isin(found.index), lambda row: f"{row['gene_id']!r} has no place in {path.name}")
    rows.table["sequence"] = names.map(found["sequence"]).fillna("").astype("str")
    notes, lost = names.map(found["note"]).fillna(""), names.map(found["status"]).eq("rejected")
    rows.reject(lost, lambda row: notes[row.name])
    rows.say((notes != "") & ~lost, lambda row: notes[row.name], changed=True)
    rows.said = [
        *cut.said,
        f"{len(found) - int(found.index.isin(names).sum())} places have no label",
        *rows.said,
    ]
    return rows


def from_genome(
    path: str | Path, *, genome: str | Path, upstream: int | str = 1000, downstream: int | str = 0,
    feature: str = "gene",
) -> Accounted:  # fmt: skip
    """Promoters of a BED, GFF3 or GTF file, as `helpers.readers.regions.promoters` cuts them out."""
    size = {"upstream": int(upstream), "downstream": int(downstream)}
    return regions.promoters(genome, path, feature=feature, **size)


def labelled(path: str | Path, columns: str | Mapping[str, str], separator: str) -> Accounted:
    """A table of labels beside sequences."""
    rows = own.read_table(
        path, required=("gene_id", "label"), optional=("group",), columns=columns, separator=separator
    )
    own.labels(rows)
    return rows


def fasta(
    path: Path, *, labels: str | Path = "", columns: str | Mapping[str, str] = "", separator: str = "auto"
) -> Accounted:
    """Promoters in FASTA, with the label in the id or the description, or in a table of labels."""
    if labels:
        rows = labelled(labels, columns, separator)
        own.add_sequences(rows, path, id="gene_id")
        rows.said.insert(0, f"FASTA, labels in {Path(labels).name}")
        return rows
    read = read_fasta(path, DNA)
    named = read["id"].str.extract(_LABELLED)
    gene = named[0].fillna(read["id"]).where(named[0] != "", read["id"])
    told = read["description"].str.extract(r"\blabel=(\S*)")[0]
    rows = Accounted(read.assign(gene_id=gene, label=named[1].fillna(told).fillna(""), group=""))
    rows.said.append("FASTA, labels in its ids or descriptions")
    return rows
