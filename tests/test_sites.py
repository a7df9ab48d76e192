import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import sequence, sites
from helpers.alphabet import DNA

TATA = sites.from_counts("TATA", 20 * np.eye(4)[[3, 0, 3, 0, 0]])
GC = sites.from_counts("GC", 20 * np.eye(4)[[2, 2, 1]])


def one_hot(*words):
    return sequence.one_hot(list(words), DNA)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("ACGTN", min_size=8, max_size=8), min_size=1, max_size=4))
def test_both_strands_give_the_same(words):
    other = [sequence.reverse_complement(word, DNA) for word in words]
    np.testing.assert_allclose(
        sites.scan(one_hot(*words), [TATA, GC]), sites.scan(one_hot(*other), [TATA, GC]), atol=1e-4
    )


def test_scan_gives_the_best_place_and_the_mean_odds():
    X = one_hot("CCTATAACC", "CCCCCCCCC")
    found = sites.scan(X, [TATA])
    assert found.shape == (2, 2)
    best = TATA.weights.max(axis=1).sum()
    assert found[0, 0] == pytest.approx(best, rel=1e-5)
    assert found[0, 1] == pytest.approx(best - np.log(10), abs=0.02)
    assert found[1, 0] < 0


def test_many_promoters_are_scanned_in_blocks(monkeypatch):
    X = one_hot(*["CCTATAACC"] * 7)
    whole = sites.scan(X, [TATA, GC])
    monkeypatch.setattr(sites, "_BLOCK", 20)
    np.testing.assert_array_equal(whole, sites.scan(X, [TATA, GC]))


def test_find_names_places_and_strands():
    found = sites.find(one_hot("CCTATAACC", "CCTTATACC"), [TATA, GC])
    assert found.values.tolist() == [[0, "TATA", 2, 7, "+"], [1, "TATA", 2, 7, "-"]]


def test_jaspar_is_at_hand_and_knows_tbp():
    found = sites.jaspar("urochordates")
    assert found
    assert all(matrix.weights.shape[1] == 4 for matrix in found)
    with pytest.raises(ValueError, match="taxon is 'mammals'; expected one of fungi"):
        sites.jaspar("mammals")


def test_faults_are_named():
    with pytest.raises(ValueError, match="no matrix of the factor 'TBP' among 1"):
        sites.named([TATA], ["TBP"])
    with pytest.raises(ValueError, match="there is no matrix to scan with"):
        sites.scan(one_hot("ACGT"), [])
    with pytest.raises(ValueError, match=r"'TATA' is 5 nt wide; expected one-hot DNA"):
        sites.scan(one_hot("ACGT"), [TATA])
    with pytest.raises(ValueError, match=r"motif 'x' has counts of shape \(2, 3\)"):
        sites.from_counts("x", np.ones((2, 3)))
