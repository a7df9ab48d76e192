"""Promoters cut from a small genome: strands, ends of contigs, names, and lines that cannot be used."""

import gzip
import random
import struct
import zlib

import pytest

from helpers.readers import fasta, regions
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement

RNG = random.Random(1)
CHR1 = "".join(RNG.choices("ACGT", k=400))
CHR2 = "".join(RNG.choices("acgt", k=100))
GENOME = f">Chr1 first\n{CHR1[:130]}\n\n{CHR1[130:]}\n>2\n{CHR2}\n>scaffold_3\n{'N' * 90}\n"

GFF = """##gff-version 3
chr1\tx\tgene\t201\t300\t.\t+\t.\tID=gene:AT1G01;Name=one
chr1\tx\tmRNA\t201\t300\t.\t+\t.\tID=transcript:AT1G01.1;Parent=gene:AT1G01
chr1\tx\tgene\t201\t300\t.\t-\t.\tID=gene:AT1G02
Chr2\tx\tgene\t11\t60\t.\t+\t.\tID=AT2G01
"""
GTF = 'Chr1\tx\tgene\t201\t300\t.\t+\t.\tgene_id "AT1G01"; gene_name "one";\n'
BED = "Chr1\t200\t300\tAT1G01\t0\t+\nChr1\t200\t300\tAT1G02\t0\t-\n"


def bgzip(data):
    """Blocks as bgzip writes them: gzip members that say their own size."""
    blocks = []
    for start in range(0, len(data), 100):
        part = data[start : start + 100]
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(part) + packer.flush()
        head = (
            b"\x1f\x8b\x08\x04"
            + bytes(4)
            + b"\x00\xff"
            + struct.pack("<HBBHH", 6, 66, 67, 2, len(packed) + 25)
        )
        blocks.append(head + packed + struct.pack("<II", zlib.crc32(part), len(part)))
    return b"".join(blocks)


@pytest.fixture
def cut(tmp_path):
    def write_and_cut(places, genome=GENOME, *, pack=lambda data: data, name="places.txt", **options):
        (tmp_path / "genome.fa").write_bytes(pack(genome.encode()))
        (tmp_path / name).write_text(places)
        return regions.promoters(tmp_path / "genome.fa", tmp_path / name, **options)

    return write_and_cut


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzip])
@pytest.mark.parametrize("places", [GFF, GTF, BED])
def test_both_strands_of_every_kind_of_file(cut, pack, places):
    found = cut(places, pack=pack, upstream=50, downstream=20).table.set_index("id")
    assert tuple(found.columns) == regions.COLUMNS[1:]
    assert found.loc["AT1G01", "sequence"] == CHR1[150:220]
    assert found.loc["AT1G01", ["start", "end", "status"]].tolist() == [151, 220, "ok"]
    if places is not GTF:
        assert found.loc["AT1G02", "sequence"] == reverse_complement(CHR1[280:350], DNA)
        assert found.loc["AT1G02", ["start", "end"]].tolist() == [281, 350]


def test_names_of_chromosomes_are_reconciled_and_said(cut):
    rows = cut(GFF, upstream=20, downstream=5)
    assert rows.said == [
        "places: a GFF file; 3 lines of the type gene, 1 of others",
        "contigs in the genome: chr1 is Chr1, Chr2 is 2",
        "lower-case letters of the genome (masked repeats) are read as upper case",
    ]
    at2 = rows.table.iloc[2]
    assert at2["sequence"] == "N" * 10 + CHR2[:15].upper()
    assert at2["status"] == "changed"
    assert at2["note"].startswith("10 of the letters lie beyond the end of 2; N stand for them")


def test_the_very_name_stands_above_one_that_differs_in_chr(cut):
    genome = ">chr1\nAAAA\n>1\nCCCC\n"
    found = cut(
        "1\t0\t4\ta\t0\t+\nchr1\t0\t4\tb\t0\t+\nCHR1\t0\t4\tc\t0\t+\n", genome, upstream=0, downstream=2
    )
    assert found.table["sequence"].tolist() == ["CC", "AA", ""]
    assert found.table["note"].iloc[2] == "CHR1 may be chr1 or 1 of genome.fa; write it as there"


def test_a_row_for_every_line_and_a_reason(cut):
    bed = (
        "track name=x\n# a comment\nChr1\t5\t9\ta\t0\t.\nChr9\t5\t9\tb\t0\t+\nChr1\t9\t5\tc\t0\t+\n"
        "Chr1\t900\t950\td\t0\t+\nChr1\tfive\t9\te\t0\t+\nscaffold_3\t50\t60\tf\t0\t+\nChr1\t50\t60\n"
        "Chr1\t50\t60\tmy gene\t0\t-\nChr1\t50\t60\tmy gene\t0\t-\n"
    )
    table = cut(bed, upstream=10).table
    assert table["line"].tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert table["status"].tolist() == ["rejected"] * 7 + ["ok"] * 2
    for note, why in zip(
        table["note"],
        [
            "the strand is '.'; expected + or -",
            "genome.fa has no contig Chr9; found Chr1, 2, scaffold_3",
            "line 5 ends before it starts",
            "the start site 901 lies beyond the 400 nt of Chr1",
            "line 7 is no line of BED",
            "the genome has N alone there",
            "the strand is ''",
            "",
            "the id my_gene stands further up already",
        ],
        strict=True,
    ):
        assert why in note


def test_what_was_cut_can_be_written_and_read(cut, tmp_path):
    rows = cut(GFF, upstream=30)
    path = fasta.write_fasta(tmp_path / "promoters.fa", rows.table[rows.usable])
    assert fasta.read_fasta(path, DNA)["sequence"].tolist() == rows.table["sequence"].tolist()


@pytest.mark.parametrize(
    ("places", "options", "message"),
    [
        (GFF, {"feature": "transcript"}, r"no line has the type 'transcript'; found gene \(3\), mRNA \(1\)"),
        (GFF, {"upstream": 0}, "upstream is 0 and downstream 0"),
        ("a b\n", {}, r"places.txt, line 1: found 'a b'; expected a line of BED"),
        ("# nothing\n", {}, "there is no line with a place in it"),
    ],
)
def test_what_cannot_be_cut_is_an_error(cut, places, options, message):
    with pytest.raises(ValueError, match=message):
        cut(places, **options)


def test_a_contig_that_stands_twice_is_an_error(cut):
    with pytest.raises(ValueError, match="line 3: the contig 'Chr1' stands on line 1 already"):
        cut(BED, ">Chr1\nACGT\n>Chr1\nACGT\n")
