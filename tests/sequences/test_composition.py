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
    one, other = composition.kmer_frequencies(["AIR", "GLK"], 3, composition.CONJOINT)
    assert np.array_equal(one, other)
    assert one.sum() == 1


@given(st.lists(rna, min_size=1, max_size=4))
def test_frequencies_sum_to_one_or_to_nothing(chains):
    sums = composition.kmer_frequencies(chains, 2, RNA).sum(axis=1)
    assert np.all((np.abs(sums - 1) < 1e-5) | (sums == 0))


@given(rna, peptide)
def test_pairs_are_both_sides_one_block_of_words_after_the_other(one, other):
    found = composition.pair_composition([one, "ACGU", one], [other, "MKV", other])
    assert found.shape == (3, 705)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0], found[2])
    blocks = np.split(found[0], np.cumsum([4, 16, 64, 256, 1, 20, 343]))
    words = [(1, RNA), (2, RNA), (3, RNA), (4, RNA), one, (1, PEPTIDE), (3, composition.CONJOINT), other]
    for block, word in zip(blocks, words, strict=True):
        chain, expected = (one if len(block) in (4, 16, 64, 256) else other), np.log(np.float32(len(word)))
        if isinstance(word, tuple):
            expected = composition.kmer_frequencies([chain], *word)[0]
        np.testing.assert_allclose(block, expected, atol=1e-6)


def test_faults_are_named():
    with pytest.raises(ValueError, match="found 1 RNAs and 2 peptides"):
        composition.pair_composition(["A"], ["M", "K"])
