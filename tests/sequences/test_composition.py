import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.sequences import composition
from helpers.sequences.alphabet import PEPTIDE, RNA

rna = st.text(RNA.letters + "N", min_size=1, max_size=40)
peptide = st.text(PEPTIDE.letters + "X", min_size=1, max_size=40)


def test_frequencies_of_a_known_chain():
    found = composition.kmer_frequencies(["AACAA"], 2, RNA)[0]
    named = dict(zip(["AA", "AC", "CA"], found[[0, 1, 4]], strict=True))
    assert named == {"AA": 0.5, "AC": 0.25, "CA": 0.25}
    assert found.sum() == 1


def test_every_residue_has_the_class_of_shen():
    groups = ["AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C"]
    for number, group in enumerate(groups):
        assert set(composition.CONJOINT.encode(group)) == {number}
    assert sorted("".join(groups)) == sorted(PEPTIDE.letters)


def test_triads_count_classes_not_letters():
    one, other = composition.conjoint_triads(["AIR", "GLK"])
    assert np.array_equal(one, other)
    assert one.sum() == 1


@given(st.lists(rna, min_size=1, max_size=4))
def test_frequencies_sum_to_one_or_to_nothing(chains):
    sums = composition.kmer_frequencies(chains, 2, RNA).sum(axis=1)
    assert np.all((np.abs(sums - 1) < 1e-5) | (sums == 0))


@given(rna, peptide)
def test_pairs_are_both_sides_in_named_columns(one, other):
    found = composition.pair_composition([one], [other])
    names = composition.feature_names("pair")
    assert found.shape == (1, len(names))
    assert found.dtype == np.float32
    split = len(composition.feature_names("rna"))
    np.testing.assert_allclose(found[:, :split], composition.rna_composition([one]))
    np.testing.assert_allclose(found[:, split:], composition.peptide_composition([other]))


def test_names_stand_over_their_columns():
    table = dict(
        zip(composition.feature_names("rna"), composition.rna_composition(["GGAGG"])[0], strict=True)
    )
    assert table["rna GGA"] == pytest.approx(1 / 3)
    assert table["rna log length"] == pytest.approx(np.log(5))


def test_faults_are_named():
    with pytest.raises(ValueError, match="found 1 RNAs and 2 peptides"):
        composition.pair_composition(["A"], ["M", "K"])
    with pytest.raises(ValueError, match="kind is 'dna'; expected one of"):
        composition.feature_names("dna")
