"""Damaged files: whatever is in one, a reader gives rows with a status or says itself what is wrong.

A thousand damaged files a reader; the environment variable FUZZ_INPUTS sets another number.
"""

import gzip
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.motifs import reading
from helpers.readers import fasta, own, pickles, regions, structures
from helpers.readers.rows import STATUSES
from helpers.sequences.alphabet import DNA, RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks import gene_expression, rna_modification, rna_peptide, sirna_efficacy, stress_response

INPUTS = int(os.environ.get("FUZZ_INPUTS", "1000"))
CASES = Path(__file__).parents[1] / "cases"

TOKENS = [
    b"",
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b",",
    b";",
    b"|",
    b'"',
    b'""',
    b"'",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x1f\x8b",
    b">",
    b">\n",
    b"-",
    b".",
    b"?",
    b"*",
    b"NA",
    b"nan",
    b"inf",
    b"-Inf",
    b"1e999",
    b"1,234",
    b"0,5",
    b"-1",
    b"99999999999999999999",
    b"sep=;\n",
    b"#",
    b"//\n",
    b"MOTIF\n",
    b"TER\n",
    b"loop_\n",
    b"data_x\n",
    b"_atom_site.id\n",
    b"HETATM",
    b"ENDMDL\n",
    b"MODEL        2\n",
    b"chr",
    b"Chr1",
    b" ",
    b"\xe2\x82\xac",
    b"\x85",
    b"\xc2\xa0",
    b"\x0c",
    b"A" * 50,
    b"label",
    b"status",
    b"##FASTA\n",
    b"track x\n",
    b"ID=;",
    b"\xd9\xa3",
    b"\xc2\xb2",
]


def damaged(data, rng):
    """The bytes after one to four changes of the kinds that happen to files."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 1, 2, 5, 20, 100]))
        kind = rng.randrange(9)
        if kind == 0:
            data[at:end] = b""
        elif kind == 1:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            data[at:end] = rng.choice(TOKENS)
        elif kind == 3:
            data[at:at] = data[at:end] * rng.choice([1, 2, 7])
        elif kind == 4:
            data[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
        elif kind == 5:
            del data[at:]
        elif kind == 6:
            lines = bytes(data).split(b"\n")
            lines.insert(rng.randrange(len(lines) + 1), lines.pop(rng.randrange(len(lines))))
            data = bytearray(b"\n".join(lines))
        elif kind == 7:
            cells = bytes(data).replace(b"\t", b",").split(b",")
            cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
            data = bytearray((b"\t" if b"\t" in data else b",").join(cells))
        elif data and rng.random() < 0.2:
            data = bytearray(gzip.compress(bytes(data), mtime=0)[: rng.choice([None, None, -5, 20])])
        else:
            data[at:end] = bytes(data[at:end]).swapcase()
    return bytes(data)


def check_rows(table):
    assert table["status"].isin(STATUSES).all()
    assert (table["note"][table["status"] == "rejected"] != "").all()
    assert table.index.equals(pd.RangeIndex(len(table)))


def read_own_table(path):
    rows = own.read_table(path, required=["sequence", "label"], optional=["id", "chromosome"])
    check_rows(rows.table)
    number = len(rows.table)
    own.chromosomes(rows)
    for name in own.value_columns(rows, ["sequence", "label", "id", "chromosome"]):
        assert not np.isinf(own.numbers(rows, name)).any()
    rows.clean("sequence", DNA)
    own.labels(rows)
    check_rows(rows.table)
    assert len(rows.table) == number
    assert rows.table["label"][rows.usable].isin(["0", "1"]).all()


def read_fasta(path):
    found = fasta.read_fasta(path, RNA)
    check_rows(found)
    assert len(found) == len(list(fasta.iter_fasta(path)))
    usable = found["sequence"][found["status"] != "rejected"]
    assert usable.str.fullmatch("[ACGUN]+").all()


def read_structure(path):
    listed = pd.DataFrame({"file": [path.name], "rna_chain": ["A"], "protein_chain": ["B"]})
    found = structures.extract_pairs(path.parent, listed)
    check_rows(found)
    chains = structures.read_chains(path)
    assert all(isinstance(chain.sequence, str) for chain in chains.values())


def read_pickle(path):
    rows = pickles.load_records(path)
    assert all(type(row) is dict for row in rows)


def read_motifs(path):
    for motif in reading.read(path):
        np.testing.assert_allclose(motif.ppm.sum(axis=1), 1, atol=1e-6)
        assert motif.id.split() == [motif.id]


def read_places(path):
    rows = regions.promoters(path.with_name("genome.fa"), path, upstream=8, downstream=4)
    check_promoters(rows)


def read_genome(path):
    check_promoters(regions.promoters(path, path.with_name("genes.bed"), upstream=8, downstream=4))


def read_variants(path):
    files = path.with_name("genome.fa"), path.with_name("genes.bed")
    rows = gene_expression.alleles.from_vcf(path, *files, length=8)
    check_rows(rows.table)
    pair = rows.table.loc[rows.usable, ["ref_sequence", "alt_sequence"]]
    assert (pair.apply(lambda one: one.str.len()) == 8).all(axis=None)


def check_promoters(rows):
    check_rows(rows.table)
    assert rows.table["sequence"][rows.usable].str.fullmatch("[ACGTN]{12}").all()


def through(data, **files):
    """A track's own door: whatever the file is, each row that it finds has a status."""

    def read(path):
        there = {name: path.with_name(file) for name, file in files.items()}
        told = data.from_own(path, **there).rows
        assert told["status"].isin([*STATUSES, "merged"]).all()
        assert (told["note"][told["status"] == "rejected"] != "").all()

    return read


TABLE = b"id,sequence,label,chromosome,K562,start\n" + b"".join(
    b"r%d,ACGTNacgt,%d,chr%d,0.%d,%d\n" % (i, i % 2, i % 3, i, 7 * i) for i in range(6)
)
PDB_LINES = (
    (CASES / "06_blank_chain/blank.pdb").read_bytes().replace(b"  G  ", b"  G A").splitlines(keepends=True)
)
CIF = (CASES / "04_cif_auth_seq_dot/openfold3.cif").read_bytes()
GFF = b"##gff-version 3\n" + b"".join(
    b"chr1\tx\tgene\t%d\t%d\t.\t%s\t.\tID=gene:g%d;Name=n\n"
    % (9 * i + 1, 9 * i + 9, b"+-"[i % 2 : i % 2 + 1], i)
    for i in range(4)
)
BED = b"".join(b"1\t%d\t%d\tg%d\t0\t%s\n" % (9 * i, 9 * i + 9, i, b"+-"[i % 2 : i % 2 + 1]) for i in range(4))
GENOME = b">chr1 first\nACGTTGCAACGGTACCATTGCATACG\nACGTNNacgtACGT\n>2\nACGTACGT\n"
MEME = (CASES / "01_meme_without_w/dna_alph_block.meme").read_bytes()
JASPAR = b">MA0001.1 AGL3\nA [7 0 1]\nC [1 0 1]\nG [1 10 1]\nT [1 0 7]\n>M2\nA [7]\nC [1]\nG [1]\nT [1]\n"
HOMER = b">AGT\tAP-1(bZIP)/Homer\t6.04\n0.7\t0.1\t0.1\t0.1\n0.0\t0.0\t1.0\t0.0\n0.1\t0.1\t0.1\t0.7\n"
TRANSFAC = b"AC  M1\nXX\nID  a\nP0  A  C  G  T\n01  7  1  1  1  A\n02  0  0  9  0  G\nXX\n//\n"
SITE = "ACGTTGCAACGGTACCATTGC"
PAIRS = b"rna_id,protein_id,rna_seq,protein_seq,label\n" + b"".join(
    b"r%d,p%d,ACGUACG%s,MKRWLV,%d\n" % (i, i, b"ACGU"[i % 4 : i % 4 + 1] * 3, i % 2) for i in range(6)
)
LIST = b"p1 chr1 1\np2 2 0\np1 2 1\n"
WINDOWS = b"sequence,label,modification,split\n" + b"".join(
    b"%sACUUGCA,%d,m6A,%s\n" % (b"ACGU"[i % 4 : i % 4 + 1] * 6, i % 2, part)
    for i, part in enumerate([b"train", b"valid", b"test"] * 4)
)
EFFICACIES = b"guide,mRNA,efficacy\n" + b"".join(
    b"%s,chr1,0.%d\n" % (reverse_complement(SITE[i:] + "ATACG"[:i], DNA).encode(), i + 2) for i in range(4)
)
DISTINCT = ["".join(random.Random(i).choices("ACGT", k=12)) for i in range(14)]
PROMOTERS = b"gene_id,sequence,label\n" + b"".join(
    f"g{i},{text},{i % 2}\n".encode() for i, text in enumerate(DISTINCT)
)
LABELLED = "".join(f">g{i}_{i % 2} x\n{text}\n" for i, text in enumerate(DISTINCT)).encode()
VALUES = b"sequence,K562,chromosome\n" + b"".join(
    f"{text},{i}.5,chr{i % 3}\n".encode() for i, text in enumerate(DISTINCT)
)
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\n" + b"".join(
    b"1\t%d\trs%d\t%s\t%s\t.\n" % (at, at, ref, alt)
    for at, ref, alt in [
        (3, b"G", b"A"),
        (5, b"T", b"C,G"),
        (7, b"CA", b"C"),
        (12, b"G", b"GTT"),
        (2, b"C", b"."),
    ]
)
RECORDS = [{"rna_id": "r1", "rna_seq": "ACGU", "length": 4, "share": 0.5, "note": None}] * 3

READERS = {
    "tables": (
        read_own_table,
        "a.csv",
        [TABLE, TABLE.replace(b",", b"\t"), b"sep=;\r\n" + TABLE.replace(b",", b";")],
    ),
    "fasta": (read_fasta, "a.fa", [b">a one\nACGU\nNN\n\n>b\nacgt\n>c\nACG-U\n>d\n"]),
    "pdb": (read_structure, "a.pdb", [b"".join(PDB_LINES[:12] + PDB_LINES[-12:])]),
    "mmcif": (read_structure, "a.cif", [CIF]),
    "pickles": (read_pickle, "a.pkl", [pickle.dumps(RECORDS, protocol=k) for k in (0, 2, 4)]),
    "matrices": (read_motifs, "a.meme", [MEME, JASPAR, HOMER, TRANSFAC]),
    "places": (read_places, "a.gff", [GFF, BED, GFF.replace(b"ID=gene:g", b'gene_id "g')]),
    "genome": (read_genome, "a.fa", [GENOME]),
}
# What a user's file goes through beyond its reader: tests of tracks, and so fewer.
DOORS = {
    "pairs": (through(rna_peptide.data), "a.csv", [PAIRS, PAIRS.replace(b",", b"\t")]),
    "list": (
        through(rna_peptide.data, rna_fasta="genome.fa", protein_fasta="proteins.fa"), "a.txt",
        [LIST, b"rna_id,protein_id\n1,p1\n"],
    ),
    "windows": (through(rna_modification.data), "a.csv", [WINDOWS]),
    "efficacies": (through(sirna_efficacy.data, mrna_fasta="genome.fa"), "a.csv", [EFFICACIES]),
    "promoters": (
        through(stress_response.data), "a.csv",
        [PROMOTERS, LABELLED],
    ),
    "variants": (read_variants, "a.vcf", [VCF]),
    "expression": (through(gene_expression.data), "a.csv", [VALUES]),
}  # fmt: skip
READERS |= DOORS


KINDS = (ValueError, pickles._RefusedError)


def of_the_suite(error):
    """Whether the suite raised the error itself, and not a library for it."""
    where = error.__traceback__
    while where.tb_next is not None:
        where = where.tb_next
    return "helpers" in Path(where.tb_frame.f_code.co_filename).parts


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_file_is_read_or_the_suite_says_why_not(reader, tmp_path):
    read, name, sound = READERS[reader]
    (tmp_path / "genome.fa").write_bytes(GENOME)
    (tmp_path / "genes.bed").write_bytes(BED)
    (tmp_path / "proteins.fa").write_text(">p1\nMKRWLV\n>p2\nMKRWLVST\n")
    path = tmp_path / name
    for data in sound:
        path.write_bytes(data)
        read(path)
    # Half as many of the two kinds of structures, which are one reader.
    number = INPUTS // 2 if reader in ("pdb", "mmcif", "places", "genome") else INPUTS
    number = INPUTS // 10 if reader in DOORS else number
    for seed in range(number):
        rng = random.Random(f"{reader} {seed}")
        data = damaged(rng.choice(sound), rng)
        path.write_bytes(data)
        try:
            read(path)
        except Exception as error:
            if not (type(error) in KINDS and of_the_suite(error)):
                raise AssertionError(f"{reader}, seed {seed}: {error!r} on {data!r}") from error
