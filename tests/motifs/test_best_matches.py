import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.motifs import best_matches, jaspar
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA

TATA = best_matches.matrix("TATA", 20 * np.eye(4)[[3, 0, 3, 0, 0]])
GC = best_matches.matrix("GC", 20 * np.eye(4)[[2, 2, 1]])


def one_hot(*words):
    return encoding.one_hot(list(words), DNA)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("ACGTN", min_size=8, max_size=8), min_size=1, max_size=4))
def test_both_strands_give_the_same(words):
    other = [encoding.reverse_complement(word, DNA) for word in words]
    np.testing.assert_allclose(
        best_matches.scan(one_hot(*words), [TATA, GC]),
        best_matches.scan(one_hot(*other), [TATA, GC]),
        atol=1e-4,
    )


def test_scan_gives_the_best_place_and_the_mean_odds():
    X = one_hot("CCTATAACC", "CCCCCCCCC")
    found = best_matches.scan(X, [TATA])
    assert found.shape == (2, 2)
    best = TATA.weights.max(axis=1).sum()
    assert found[0, 0] == pytest.approx(best, rel=1e-5)
    assert found[0, 1] == pytest.approx(best - np.log(10), abs=0.02)
    assert found[1, 0] < 0


def test_many_promoters_are_scanned_in_blocks(monkeypatch):
    X = one_hot(*["CCTATAACC"] * 7)
    whole = best_matches.scan(X, [TATA, GC])
    monkeypatch.setattr(best_matches, "_BLOCK", 20)
    np.testing.assert_array_equal(whole, best_matches.scan(X, [TATA, GC]))


def test_known_sites_are_those_of_jaspar():
    found = best_matches.known("urochordates")
    assert [one.name.split()[-1] for one in found] == [one.id for one in jaspar.motifs("urochordates")]
    assert all(one.weights.shape[1] == 4 for one in found)
    with pytest.raises(ValueError, match="taxon 'mammals' is no group of"):
        best_matches.known("mammals")


def test_faults_are_named():
    with pytest.raises(ValueError, match="there is no matrix to scan with"):
        best_matches.scan(one_hot("ACGT"), [])
    with pytest.raises(ValueError, match=r"'TATA' is 5 nt wide; expected one-hot DNA"):
        best_matches.scan(one_hot("ACGT"), [TATA])
    with pytest.raises(ValueError, match=r"counts have the shape \(2, 3\)"):
        best_matches.matrix("x", np.ones((2, 3)))
