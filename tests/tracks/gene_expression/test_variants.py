"""Pairs of alleles: what was measured, what is predicted, what is called; and a user's own variants."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.gene_expression import alleles, data, variants


class Counter:
    """A model of two cell types: the share of A, and of C."""

    cell_types, length = ("a", "c"), 8

    @staticmethod
    def predict(sequences):
        return np.array([[text.count("A"), text.count("C")] for text in sequences], dtype=float)


def test_pairs_of_the_assay_are_close_copies_of_one_locus(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "id,sequence,group,K562_rep1,K562_rep2\na,ACGTACGT,x,1,2\nb,ACGAACGT,x,3,4\n"
        "c,TCGAACGT,x,5,5\nd,ACGTACGA,y,9,9\ne,TTTTTTTT,x,0,0\n"
    )
    found = variants.in_assay(data.from_own(path))
    assert found.table[["ref", "alt", "position", "changes"]].values.tolist() == [
        [0, 1, 3, 1], [0, 2, 0, 2], [1, 2, 0, 1],
    ]  # fmt: skip
    assert found.mean()["K562"].tolist() == [2.0, 3.5, 1.5]
    assert found.take(np.array([2])).measured["K562"].tolist() == [[2.0, 1.0]]


def test_planted_alleles_have_the_effect_of_the_rule():
    sample = data.from_own("data/sample/gene_expression/promoters.csv")
    found = variants.planted(sample, "data/sample/gene_expression/truth_elements.csv", rows=range(40))
    assert (found.table["changes"] == 1).all()
    exact = found.table.filter(like="true_")
    outside = found.table["id"].duplicated(keep=False) & found.table["id"].duplicated()
    assert (exact[outside] == 0).all(axis=None)
    assert (exact[~outside].abs() > 0.25).any(axis=1).mean() > 0.4
    kept = exact["true_K562"].to_numpy()
    assert np.corrcoef(found.mean()["K562"], kept)[0, 1] > 0.7


def test_out_of_fold_takes_runs_that_tested_both_alleles():
    table = pd.DataFrame({"ref": [0, 0], "alt": [1, 2]})
    pairs = variants.Alleles(table, {"K562": np.zeros((2, 2))})
    kept = pd.DataFrame(
        [(0, 1, 1.0), (1, 1, 3.0), (0, 2, 0.0), (1, 2, 1.0), (2, 3, 9.0)], columns=["row", "run", "p"]
    ).assign(task="K562", model="ours", protocol="p")
    found = variants.out_of_fold(kept, pairs, model="ours", protocol="p")["K562"]
    assert found[0] == 1.5
    assert np.isnan(found[1])


def test_noise_is_not_called_and_effects_are():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(600, 4))
    assert (variants.measured_q(noise) < 0.1).mean() < 0.01
    noise[:60] += 4
    noise[7, 0] = np.nan
    q = variants.measured_q(noise)
    assert np.isnan(q[7])
    assert (q[:60] < 0.1).mean() > 0.8
    assert (q[60:] < 0.1).mean() < 0.05
    assert np.isnan(variants.measured_q(noise[:, :1])).all()


def test_every_row_of_a_table_has_a_row(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "ref,alt_sequence\nCCCCCCCC,ccccccca\nTTAAAAAAAA,TTAAAAAAAC\nACG,ACT\nACGTACGT,AC7TACGT\n"
    )
    rows = alleles.from_table(path, columns="ref_sequence=ref")
    null = pd.DataFrame({"a": np.zeros(99), "c": np.zeros(99)})
    found = alleles.effects(Counter, rows, null=null)
    assert found["status"].tolist() == ["changed", "changed", "rejected", "rejected"]
    assert found["a_difference"].tolist()[:2] == [1.0, -1.0]
    assert found["c_q"].tolist()[:2] == [0.01, 0.01]
    assert found["a_ref"].isna().tolist() == [False, False, True, True]
    assert "8 nt are needed" in found["note"][2]


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\nAACCGGTTACGTACCA\n")
    (tmp_path / "p.bed").write_text("1\t12\t13\tplus\t0\t+\n1\t3\t4\tminus\t0\t-\n")
    return tmp_path


def read(folder, *lines):
    (folder / "v.vcf").write_text("\n".join(["#CHROM\tPOS\tID\tREF\tALT", *lines]) + "\n")
    return alleles.from_vcf(folder / "v.vcf", folder / "g.fa", folder / "p.bed", length=8)


def test_a_vcf_is_read_in_the_direction_of_the_gene(genome):
    rows = read(
        genome, "1\t6\trs1\tG\tT,A", "chr1\t11\t.\tGT\tG", "1\t11\tins\tG\tGAA",
        "1\t1\tsv\tA\t<DEL>", "9\t1\tx\tA\tC"
    ).table  # fmt: skip
    pairs = rows[["promoter", "ref_sequence", "alt_sequence"]].values.tolist()
    assert pairs[0] == ["plus", "GGTTACGT", "GTTTACGT"]
    assert pairs[1] == ["minus", "ACGTAACC", "ACGTAAAC"]
    assert rows["id"].tolist() == ["rs1"] * 4 + ["chr1:11:GT>G"] * 2 + ["ins"] * 2 + ["sv", "x"]
    # A deletion draws in a letter of the far end, an insertion pushes letters out.
    assert pairs[4] == ["plus", "GGTTACGT", "CGGTTACG"]
    assert pairs[6] == ["plus", "GGTTACGT", "TTACGAAT"]
    assert rows["status"].tolist() == ["ok"] * 8 + ["rejected"] * 2


def test_another_genome_is_refused(genome):
    message = r"v.vcf, line 2, column REF: found 'C', expected 'G', which the genome has at 1:6. .*FASTA"
    with pytest.raises(ValueError, match=message):
        read(genome, "1\t6\trs1\tC\tT")
    with pytest.raises(ValueError, match="line 2: found POS 'six'"):
        read(genome, "1\tsix\trs1\tC\tT")
    with pytest.raises(ValueError, match="line 2: found 1 fields"):
        read(genome, "1 6 rs1 C T")
