import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.motifs import library, scanning
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA


def matrix(name, letters):
    bits = library.log_odds(20 * np.eye(4)[[DNA.letters.index(x) for x in letters]] + 0.2, pseudo=0)
    return scanning.Matrix(name, (bits * np.log(2)).astype(np.float32))


TATA, GC = matrix("TATA", "TATAA"), matrix("GC", "GGC")


def one_hot(*words):
    return encoding.one_hot(list(words), DNA)


@settings(max_examples=20)
@given(st.lists(st.text("ACGTN", min_size=8, max_size=8), min_size=1, max_size=4))
def test_both_strands_give_the_same(words):
    other = [encoding.reverse_complement(word, DNA) for word in words]
    np.testing.assert_allclose(
        scanning.best_matches(one_hot(*words), [TATA, GC]),
        scanning.best_matches(one_hot(*other), [TATA, GC]),
        atol=1e-4,
    )


def test_scan_gives_the_best_place_and_the_mean_odds():
    X = one_hot("CCTATAACC", "CCCCCCCCC")
    found = scanning.best_matches(X, [TATA])
    assert found.shape == (2, 2)
    best = TATA.weights.max(axis=1).sum()
    assert found[0, 0] == pytest.approx(best, rel=1e-5)
    assert found[0, 1] == pytest.approx(best - np.log(10), abs=0.02)
    assert found[1, 0] < 0


def test_many_promoters_are_scanned_in_blocks(monkeypatch):
    X = one_hot(*["CCTATAACC"] * 7)
    whole = scanning.best_matches(X, [TATA, GC])
    monkeypatch.setattr(scanning, "_BLOCK", 20)
    np.testing.assert_array_equal(whole, scanning.best_matches(X, [TATA, GC]))


def test_known_sites_are_those_of_jaspar():
    found = scanning.known("urochordates")
    assert [one.name.split()[-1] for one in found] == [one.id for one in library.jaspar("urochordates")]
    assert all(one.weights.shape[1] == 4 for one in found)
    with pytest.raises(ValueError, match="taxon 'mammals' is no group of"):
        scanning.known("mammals")


def test_faults_are_named():
    with pytest.raises(ValueError, match="there is no matrix to scan with"):
        scanning.best_matches(one_hot("ACGT"), [])
    with pytest.raises(ValueError, match=r"'TATA' is 5 nt wide; expected one-hot DNA"):
        scanning.best_matches(one_hot("ACGT"), [TATA])
