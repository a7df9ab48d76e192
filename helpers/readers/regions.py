"""Promoters from a genome: its FASTA file, and a BED, GFF3 or GTF file that says where genes start."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helpers.readers.fasta import iter_fasta
from helpers.readers.lines import iter_lines
from helpers.readers.own import chromosome
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA

COLUMNS = ("id", "chromosome", "start", "end", "strand", "sequence", "line", "status", "note")
"""Columns of the table of promoters; places count from 1, and `end` is the last one."""

_NOT_ROWS = ("#", "track ", "browser ")
_ATTRIBUTE = re.compile(r'\s*([^\s=;"]+)[= ]\s*("[^"]*"|[^;]*)')
_IDS = {"gene": ("gene_id", "ID", "Name"), "": ("transcript_id", "ID", "Name", "gene_id")}
_PREFIX = re.compile(r"^(gene|transcript|mRNA):", re.IGNORECASE)
_LISTED = 4


class Region(NamedTuple):
    """One line of a BED, GFF3 or GTF file."""

    line: int
    id: str
    chromosome: str
    start: int
    """First place, from 1."""
    end: int
    """Last place."""
    strand: str
    fault: str
    """Why it cannot be used, or empty."""


def promoters(
    genome: str | Path,
    places: str | Path,
    *,
    upstream: int = 1000,
    downstream: int = 0,
    feature: str = "gene",
) -> Accounted:
    r"""Sequences around the start sites of genes, as they are read: of the - strand reverse complemented.

    The genome is read once, a contig at a time, so that neither an index nor much memory is needed.

    Parameters
    ----------
    genome : str or pathlib.Path
        FASTA file of the genome: plain, gzip or bgzip.
    places : str or pathlib.Path
        BED (first places from 0; the start site is the first place of a + and the last of a - line),
        GFF3 or GTF (places from 1), plain or gzip. Which of them it is, is found from its lines.
    upstream, downstream : int
        Letters before the start site, and from it on (it is the first of these).
    feature : str
        Which lines of a GFF3 or GTF file: those of this type, such as ``gene`` or ``mRNA``.

    Returns
    -------
    Accounted
        A row for each line of the BED file or of that type (`COLUMNS`). Where a window reaches
        beyond the contig, N stand in for the letters that are not there, so that the start site
        keeps its place; the row says so. A start site outside its contig, a contig that the genome
        does not have and a line without a strand are rejected. ``said`` names the kind of file, and
        the contigs that are written with ``chr`` in one file and without in the other.

    Raises
    ------
    ValueError
        If a file cannot be read, no line has that type, or the window is empty.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "genome.fa").write_text(">Chr1\nAACCGGTTAC\n")
    >>> _ = (folder / "genes.bed").write_text("1\t4\t8\tg1\t0\t+\n1\t4\t8\tg2\t0\t-\n")
    >>> rows = promoters(folder / "genome.fa", folder / "genes.bed", upstream=3, downstream=1)
    >>> rows.table[["id", "start", "end", "sequence", "status"]].values.tolist()
    [['g1', 2, 5, 'ACCG', 'ok'], ['g2', 8, 11, 'NGTA', 'changed']]
    """
    if min(upstream, downstream) < 0 or upstream + downstream < 1:
        raise ValueError(
            f"upstream is {upstream} and downstream {downstream}; expected 0 or more, and one letter in all"
        )
    regions, said = _regions(Path(places), feature)
    windows = [_window(region, upstream, downstream) for region in regions]
    found, names = _cut(Path(genome), windows)
    table = pd.DataFrame(
        [(one.id, one.chromosome, one.start, one.end, one.strand, "", one.line) for one in windows],
        columns=list(COLUMNS[:-2]),
    ).astype({"id": "str", "chromosome": "str", "strand": "str", "sequence": "str"})
    rows = Accounted(table)
    rows.said += said
    faults = {k: one.fault for k, one in enumerate(windows) if one.fault}
    for k in range(len(windows)):
        if k not in faults and (why := _why_not(regions[k], found.get(k), names, Path(genome).name)):
            faults[k] = why
        elif k not in faults:
            rows.table.loc[k, "sequence"] = found[k].letters
    rows.reject(rows.table.index.isin(list(faults)), lambda row: faults[row.name])
    _say_what_was_cut(rows, regions, found)
    rows.clean("sequence", DNA, said="sequence: ")
    nothing = rows.table["sequence"].str.fullmatch("N+") & rows.usable
    rows.reject(nothing, "the genome has N alone there; take another assembly or leave the row out")
    again = rows.table["id"].duplicated() & rows.usable
    rows.say(again, lambda row: f"the id {row['id']} stands further up already")
    return rows


class _Cut(NamedTuple):
    """A window of a contig."""

    letters: str
    outside: int
    """Letters of the window beyond the contig's ends, N here."""
    contig: str
    length: int
    is_same: bool
    """Whether the contig is written as the region writes it."""
    is_masked: bool
    """Whether lower-case letters are in it."""
    rival: str = ""
    """Another contig that may be meant as well."""


def _regions(path: Path, feature: str) -> tuple[list[Region], list[str]]:
    """Lines of the file, and what is to be said of it."""
    found: list[Region] = []
    types: Counter[str] = Counter()
    kind = ""
    for number, line in iter_lines(path):
        if line.startswith(("##FASTA", ">")) and kind != "BED":
            break
        if not line.strip() or line.startswith(_NOT_ROWS):
            continue
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
        kind = kind or _kind(path, number, cells)
        if kind == "BED":
            found.append(_of_bed(number, cells))
            continue
        type_ = cells[2] if len(cells) > 2 else ""
        types[type_] += 1
        if type_ == feature or len(cells) < 9:
            found.append(_of_gff(number, cells, feature))
    if not kind:
        raise ValueError(f"{path}: there is no line with a place in it; expected BED, GFF3 or GTF")
    if kind == "BED":
        return found, ["places: a BED file, counted from 0 there and from 1 here"]
    if not types[feature]:
        listed = ", ".join(f"{name} ({number})" for name, number in types.most_common(_LISTED) if name)
        raise ValueError(
            f"{path}: no line has the type {feature!r}; found {listed or 'none'}. Give feature one of these"
        )
    others = types.total() - types[feature]
    return found, [f"places: a GFF file; {types[feature]} lines of the type {feature}, {others} of others"]


def _kind(path: Path, number: int, cells: list[str]) -> str:
    if len(cells) >= 8 and all(cell.isdecimal() for cell in cells[3:5]):
        return "GFF"
    if len(cells) >= 3 and all(cell.isdecimal() for cell in cells[1:3]):
        return "BED"
    raise ValueError(
        f"{path}, line {number}: found {' '.join(cells)[:40]!r}; expected a line of BED (chromosome, start, "
        "end, name, score, strand) or of GFF3 or GTF (nine columns), with tabs between"
    )


def _of_bed(number: int, cells: list[str]) -> Region:
    name, strand = (cells[at] if len(cells) > at else "" for at in (3, 5))
    if len(cells) < 3 or not all(cell.isdecimal() for cell in cells[1:3]):
        fault = f"line {number} is no line of BED: expected chromosome, start, end; correct it"
        return Region(number, name, cells[0], 0, 0, strand, fault)
    start, end = int(cells[1]) + 1, int(cells[2])
    return _checked(Region(number, name, cells[0], start, end, strand, ""))


def _of_gff(number: int, cells: list[str], feature: str) -> Region:
    if len(cells) < 9 or not all(cell.isdecimal() for cell in cells[3:5]):
        fault = f"line {number} is no line of GFF: expected nine columns with tabs between; correct it"
        return Region(number, "", cells[0], 0, 0, "", fault)
    given = {name: value.strip().strip('"') for name, value in _ATTRIBUTE.findall(cells[8])}
    ids = (given[name] for name in _IDS.get(feature, _IDS[""]) if given.get(name))
    name = _PREFIX.sub("", next(ids, ""))
    return _checked(Region(number, name, cells[0], int(cells[3]), int(cells[4]), cells[6], ""))


def _checked(region: Region) -> Region:
    """The region with an id that can be written to FASTA, and its fault."""
    start, end, strand = region.start, region.end, region.strand
    fault = ""
    if not 1 <= start <= end:
        fault = f"line {region.line} ends before it starts; correct its places"
    elif strand not in ("+", "-"):
        fault = f"the strand is {strand!r}; expected + or -, which says where the start site is. Add it"
    place = f"{region.chromosome}:{start}-{end}{strand if strand in ('+', '-') else ''}"
    return region._replace(id="_".join(region.id.split()) or place, fault=fault)


def _window(region: Region, upstream: int, downstream: int) -> Region:
    """The places to cut out; they may lie outside the contig."""
    if region.fault:
        return region
    if region.strand == "+":
        return region._replace(start=region.start - upstream, end=region.start + downstream - 1)
    return region._replace(start=region.end - downstream + 1, end=region.end + upstream)


def _cut(genome: Path, windows: list[Region]) -> tuple[dict[int, _Cut], list[str]]:
    """Windows by their number, and the genome's contigs; a name with or without ``chr`` will do."""
    wanted: dict[str, list[int]] = {}
    for number, window in enumerate(windows):
        if not window.fault:
            wanted.setdefault(chromosome(window.chromosome), []).append(number)
    found: dict[int, _Cut] = {}
    lines: dict[str, int] = {}
    for record in iter_fasta(genome):
        asked = wanted.get(chromosome(record.id), [])
        if asked and record.id in lines:
            raise ValueError(
                f"{genome}, line {record.line}: the contig {record.id!r} stands on line {lines[record.id]} "
                "already; expected each once. Delete or rename one"
            )
        lines[record.id] = record.line
        letters = "".join(record.sequence.split()) if asked else ""
        for number in asked:
            is_same = windows[number].chromosome == record.id
            # A contig of the very name stands above one that differs in `chr`.
            if number not in found or is_same:
                found[number] = _one(letters, windows[number], record.id)
            elif not found[number].is_same:
                found[number] = found[number]._replace(rival=record.id)
    return found, list(lines)


def _one(contig: str, window: Region, name: str) -> _Cut:
    first, last = max(window.start, 1), min(window.end, len(contig))
    inside = contig[first - 1 : last] if first <= last else ""
    left = min(max(1 - window.start, 0), window.end - window.start + 1)
    right = window.end - window.start + 1 - left - len(inside)
    letters = "N" * left + inside.upper() + "N" * right
    if window.strand == "-":
        letters = DNA.complement(letters)[::-1]
    return _Cut(letters, left + right, name, len(contig), window.chromosome == name, inside != inside.upper())


def _why_not(region: Region, cut: _Cut | None, names: list[str], genome: str) -> str:
    """Why a region has no window, or nothing."""
    if cut is None:
        shown = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
        return f"{genome} has no contig {region.chromosome}; found {shown}. Take the genome of the places"
    if cut.rival:
        return f"{region.chromosome} may be {cut.contig} or {cut.rival} of {genome}; write it as there"
    site = region.start if region.strand == "+" else region.end
    if site > cut.length:
        return (
            f"the start site {site} lies beyond the {cut.length} nt of {cut.contig}; expected one inside. "
            "Are the places of another assembly?"
        )
    return ""


def _say_what_was_cut(rows: Accounted, regions: list[Region], found: dict[int, _Cut]) -> None:
    usable = rows.usable.tolist()
    outside = [usable[k] and found[k].outside > 0 for k in range(len(regions))]
    rows.say(
        outside,
        lambda row: (
            f"{found[row.name].outside} of the letters lie beyond the end of {found[row.name].contig}; "
            "N stand for them"
        ),
        changed=True,
    )
    cuts = [(regions[k].chromosome, found[k]) for k in range(len(regions)) if usable[k]]
    other = dict.fromkeys(f"{name} is {cut.contig}" for name, cut in cuts if not cut.is_same)
    if other:
        more = f" and {len(other) - _LISTED} more" if len(other) > _LISTED else ""
        rows.said.append(f"contigs in the genome: {', '.join(list(other)[:_LISTED])}{more}")
    if any(cut.is_masked for _, cut in cuts):
        rows.said.append("lower-case letters of the genome (masked repeats) are read as upper case")
