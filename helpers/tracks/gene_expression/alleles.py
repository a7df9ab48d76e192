"""A user's alleles: a table with two sequences a row, or a VCF file, a genome and places of promoters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.readers import own, regions
from helpers.readers.lines import iter_lines
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.gene_expression.served import Served
from helpers.tracks.gene_expression.variants import q_values

SPARE = 50
"""Letters in front of a promoter that are read besides: a deletion draws them in."""
_VCF = ["#CHROM", "POS", "ID", "REF", "ALT"]


def from_table(
    source: str | Path, *, columns: str | Mapping[str, str] = "", separator: str = "auto"
) -> Accounted:
    """Alleles of a table with the columns ``ref_sequence`` and ``alt_sequence`` (and ``id``).

    Raises
    ------
    ValueError
        As `helpers.readers.own.read_table`.
    """
    return own.read_table(
        source, required=["ref_sequence", "alt_sequence"], optional=["id"],
        columns=columns, separator=separator,
    )  # fmt: skip


def from_vcf(
    source: str | Path, genome: str | Path, places: str | Path, *,
    length: int, downstream: int = 0, feature: str = "gene",
) -> Accounted:  # fmt: skip
    r"""Alleles of a VCF file in the promoters of a genome, in the direction of their genes.

    Parameters
    ----------
    source : str or pathlib.Path
        The VCF file, plain or gzip. Genotypes are not read.
    genome, places : str or pathlib.Path
        The genome's FASTA file; BED, GFF3 or GTF with the start sites (`helpers.readers.regions.promoters`).
    length : int
        Letters of a promoter, as the model needs them.
    downstream : int
        How many of them stand behind the start site, as in the model's training data.
    feature : str
        Which lines of a GFF3 or GTF file.

    Returns
    -------
    Accounted
        A row for each alternative allele and promoter that it lies in; one that lies in none, or is not
        written in letters, has a row that is rejected. An insertion pushes letters out at the far
        end of the promoter, a deletion draws some in.

    Raises
    ------
    ValueError
        If a file cannot be read, or the genome holds another letter than the VCF's REF.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "g.fa").write_text(">1\nAACCGGTTAC\n")
    >>> _ = (folder / "p.bed").write_text("1\t8\t9\tgene\t0\t+\n")
    >>> _ = (folder / "v.vcf").write_text("#CHROM\tPOS\tID\tREF\tALT\nchr1\t6\trs1\tG\tT\n1\t1\t.\tA\tG\n")
    >>> rows = from_vcf(folder / "v.vcf", folder / "g.fa", folder / "p.bed", length=4)
    >>> rows.table[["id", "ref_sequence", "alt_sequence", "status"]].values.tolist()
    [['rs1', 'GGTT', 'GTTT', 'ok'], ['1:1:A>G', '', '', 'rejected']]
    """
    read = regions.promoters(
        genome, places, upstream=length - downstream + SPARE, downstream=downstream, feature=feature
    )
    found = read.table[read.usable]
    by_contig = dict(list(found.groupby(found["chromosome"].map(own.chromosome))))
    made: list[dict[str, Any]] = []
    for variant in _variants(Path(source)):
        windows = _windows(variant, by_contig.get(own.chromosome(variant["chromosome"])))
        pairs = [(one["id"], *_pair(variant, one, length, Path(source))) for one in windows]
        pairs = [pair for pair in pairs if pair[1] != pair[2]]
        for promoter, ref, alt in pairs or [("", "", "")]:
            made.append({**variant, "promoter": promoter, "ref_sequence": ref, "alt_sequence": alt})
    names = ["line", "id", "chromosome", "place", "ref", "alt", "promoter", "ref_sequence", "alt_sequence"]
    rows = Accounted(pd.DataFrame(made, columns=[*names]))
    rows.said.append(
        f"VCF file; {len(found)} of {len(read.table)} promoters of {Path(places).name} can be used"
    )
    written = rows.table["alt"].str.fullmatch("[ACGTNacgtn]+")
    rows.reject(
        ~written, lambda row: f"ALT is {row['alt']!r}; only alleles that are written in letters are read"
    )
    rows.reject(rows.table["promoter"] == "", "in no promoter of the file of places")
    return rows


def effects(model: Served, rows: Accounted, *, null: pd.DataFrame | None = None) -> pd.DataFrame:
    """What a model predicts for each pair of a user's file; one row out for each row in.

    Parameters
    ----------
    model : Served
    rows : Accounted
        From `from_table` or `from_vcf`.
    null : pandas.DataFrame, optional
        Differences, by cell type, that random changes make (`variants.random_changes`).

    Returns
    -------
    pandas.DataFrame
        The columns of `rows`, ``status, note``, then for each cell type the value of either allele,
        their ``_difference`` and, with `null`, its false-discovery rate ``_q``.
    """
    given = rows.table.copy()
    rows = Accounted(given)
    for side in ("ref_sequence", "alt_sequence"):
        rows.clean(side, DNA, said=f"{side}: ")
        size = rows.table[side].str.len()
        rows.reject(size < model.length, f"{side}: {model.length} nt are needed; give more of the promoter")
        rows.say(rows.usable & (size > model.length), f"{side}: cut at its left end", changed=True)
        rows.table.loc[rows.usable, side] = rows.table.loc[rows.usable, side].str[-model.length :]
    rows.say(rows.usable & (rows.table["ref_sequence"] == rows.table["alt_sequence"]), "both are the same")
    kept = rows.table.index[rows.usable]
    added = {
        f"{cell}_{what}": np.full(len(given), np.nan)
        for cell in model.cell_types
        for what in ("ref", "alt", "difference", *(["q"] if null is not None else []))
    }
    done = rows.table.assign(ref_sequence=given["ref_sequence"], alt_sequence=given["alt_sequence"], **added)
    if not len(kept):
        return done
    texts = [rows.table.loc[kept, side].tolist() for side in ("ref_sequence", "alt_sequence")]
    values = model.predict([*texts[0], *texts[1]])
    ref, alt = values[: len(kept)], values[len(kept) :]
    for number, cell in enumerate(model.cell_types):
        moved = alt[:, number] - ref[:, number]
        done.loc[kept, f"{cell}_ref"], done.loc[kept, f"{cell}_alt"] = ref[:, number], alt[:, number]
        done.loc[kept, f"{cell}_difference"] = moved
        if null is not None:
            done.loc[kept, f"{cell}_q"] = q_values(moved, null[cell].to_numpy())
    return done


def _variants(path: Path) -> Iterator[dict[str, Any]]:
    """Alternative alleles of a VCF file, one by one."""
    header = False
    for line, text in iter_lines(path):
        if text.startswith("#CHROM"):
            header = text.split("\t")[:5] == _VCF
        if text.startswith("#") or not text.strip():
            continue
        fields = text.split("\t")
        if not header or len(fields) < 5:
            raise ValueError(
                f"{path}, line {line}: found {len(fields)} fields{'' if header else ' and no header'}; "
                "expected a VCF file: a line that starts with #CHROM, POS, ID, REF, ALT and at least "
                "five fields with tabs between them. Write it with bcftools view"
            )
        contig, place, name, ref, alts = fields[:5]
        if not place.isdigit() or not ref.isalpha():
            raise ValueError(
                f"{path}, line {line}: found POS {place!r} and REF {ref!r}; expected a whole number from 1 "
                "and letters. Mend the line"
            )
        for alt in alts.split(","):
            own_name = f"{contig}:{place}:{ref}>{alt}" if name == "." else name
            yield {"line": line, "id": own_name, "chromosome": contig, "place": int(place),
                   "ref": ref.upper(), "alt": alt.upper()}  # fmt: skip


def _windows(variant: Mapping[str, Any], promoters: pd.DataFrame | None) -> list[Any]:
    """Promoters that hold all letters of the reference allele."""
    if promoters is None or not variant["alt"].isalpha():
        return []
    last = variant["place"] + len(variant["ref"]) - 1
    inside = (promoters["start"] <= variant["place"]) & (promoters["end"] >= last)
    return promoters[inside].to_dict("records")


def _pair(variant: Mapping[str, Any], window: Mapping[str, Any], length: int, path: Path) -> tuple[str, str]:
    """Both alleles of a promoter, in the direction of its gene, cut to `length` at the far end."""
    is_plus = window["strand"] == "+"
    text = window["sequence"] if is_plus else reverse_complement(window["sequence"], DNA)
    at, ref = variant["place"] - window["start"], variant["ref"]
    found = text[at : at + len(ref)]
    if any(a != b and "N" not in (a, b) for a, b in zip(found, ref, strict=True)):
        raise ValueError(
            f"{path}, line {variant['line']}, column REF: found {ref!r}, expected {found!r}, which the "
            f"genome has at {variant['chromosome']}:{variant['place']}. The two are of different "
            "assemblies, or positions count from 0: give the FASTA file that the variants were called on"
        )
    changed = text[:at] + variant["alt"] + text[at + len(ref) :]
    if not is_plus:
        text, changed = (reverse_complement(one, DNA) for one in (text, changed))
    return text[-length:], changed[-length:]
