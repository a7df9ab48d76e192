"""Twice the rows, twice the work: calls are counted, since time is not the same on every machine."""

import random
import sys

import pytest

from helpers.readers import own, pickles, regions
from helpers.readers.fasta import read_fasta, write_fasta
from helpers.sequences.alphabet import DNA, RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks import gene_expression, rna_modification, rna_peptide, sirna_efficacy, stress_response

BAD = 2
"""Every second row cannot be used."""


def text(number, length, letters="ACGT"):
    return "".join(random.Random(number).choices(letters, k=length))


def spoilt(number, sequence):
    return sequence if number % BAD else f"{sequence[:9]}-{sequence[9:]}"


def table(path, head, row, n):
    path.write_text("\n".join([head, *(row(k) for k in range(n)), ""]))
    return path


def own_table(folder, n):
    rows = lambda k: f"{spoilt(k, text(k, 30))};{('maybe', '1')[k % BAD]};{k},{k % 10}"  # noqa: E731
    path = table(folder / "a.csv", "Seq;label;K562", rows, n)

    def read():
        found = own.read_table(path, required=["sequence", "label"], columns="sequence=Seq")
        own.labels(found)
        own.numbers(found, "K562")
        found.clean("sequence", DNA)
        return found.table

    return read


def open_quotes(folder, n):
    path = table(
        folder / "a.csv", "sequence,label", lambda k: ('"' if k % BAD else "") + text(k, 30) + ",1", n
    )
    return lambda: own.read_table(path, required=["sequence"]).table


def fasta(folder, n):
    path = write_fasta(folder / "a.fa", [(f"s{k}", spoilt(k, text(k, 30))) for k in range(n)])
    return lambda: read_fasta(path, RNA)


def pickle(folder, n):
    path = folder / "a.pkl"
    pickles.write_pickle(path, [{"rna_seq": text(k, 30), "label": k} for k in range(n)])
    return lambda: pickles.load_records(path)


def places(folder, n):
    write_fasta(folder / "genome.fa", [("chr1", text(0, 9 * n + 9))])
    path = table(
        folder / "a.bed", "# genes", lambda k: f"1\t{9 * k}\t{9 * k + 9}\tg{k}\t0\t{'+.'[k % BAD]}", n
    )
    return lambda: regions.promoters(folder / "genome.fa", path, upstream=8).table


def pairs(folder, n):
    rows = lambda k: f"{spoilt(k, text(k, 30, 'ACGU'))},{text(k, 15, 'MKRWLVSTDE')},{k % BAD}"  # noqa: E731
    path = table(folder / "a.csv", "rna_seq,protein_seq,label", rows, n)
    return lambda: rna_peptide.data.from_own(path).rows


def ids(folder, n):
    write_fasta(folder / "rna.fa", [(f"r{k}|x", text(k, 30, "ACGU")) for k in range(n)])
    write_fasta(folder / "protein.fa", [("p", "MKRWLVSTDE")])
    path = table(folder / "a.txt", "p r0 1", lambda k: f"p r{k * BAD} 1", n)
    return lambda: (
        rna_peptide.data.from_own(path, rna_fasta=folder / "rna.fa", protein_fasta=folder / "protein.fa").rows
    )


def promoters(folder, n):
    path = table(
        folder / "a.csv", "gene_id,sequence,label", lambda k: f"g{k},{spoilt(k, text(k, 60))},{k // 2 % 2}", n
    )
    return lambda: stress_response.data.from_own(path).rows


def windows(folder, n):
    def row(k):
        middle = text(k, 25) + "AC"[k % BAD] + text(-k, 25)
        return f"{middle},{k // 2 % 2},m6A,train"

    path = table(folder / "a.csv", "sequence,label,modification,split", row, n)
    return lambda: rna_modification.data.from_own(path).rows


def guides(folder, n):
    write_fasta(folder / "m.fa", [("m", text(0, 3000))])
    site = lambda k: reverse_complement(text(0, 3000)[k : k + 21], DNA) if k % BAD else "ACGT"  # noqa: E731
    path = table(folder / "a.csv", "guide,mRNA,efficacy", lambda k: f"{site(k)},m,0.5", n)
    return lambda: sirna_efficacy.data.from_own(path, mrna_fasta=folder / "m.fa").rows


def values(folder, n):
    path = table(folder / "a.csv", "sequence,K562,group", lambda k: f"{spoilt(k, text(k, 60))},{k}.5,g{k}", n)
    return lambda: gene_expression.data.from_own(path).rows


def calls(function):
    """How many Python and C functions are called."""
    count = 0

    def seen(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        found = function()
    finally:
        sys.setprofile(None)
    return count, found


READERS = [
    own_table, open_quotes, fasta, pickle, places, pairs, ids, promoters, windows, guides, values,
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_rows_are_twice_the_work(reader, tmp_path):
    n, found = 400, []
    for size in (n, 2 * n):
        folder = tmp_path / str(size)
        folder.mkdir()
        read = reader(folder, size)
        if size == n:
            read()  # What is imported or kept at the first call is no part of the work.
        number, rows = calls(read)
        assert len(rows) >= size // 2
        found.append(number)
    assert found[1] < 2.2 * found[0], found
