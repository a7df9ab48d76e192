"""The bundled motifs of plants."""

import numpy as np
import pytest

from helpers.motifs import jaspar


def test_the_collection():
    motifs = jaspar.plant_motifs()
    assert len({motif.id for motif in motifs}) == 927
    assert all(motif.counts.shape[1] == 4 for motif in motifs)
    assert jaspar.plant_motif("MA1258.2").family == "ERF/DREB"


def test_an_unknown_matrix():
    with pytest.raises(ValueError, match=r"no plant motif 'MA0570.9' in the CORE collection"):
        jaspar.plant_motif("MA0570.9")


def test_log_odds_of_the_background_are_zero():
    share = np.array([0.32, 0.18, 0.18, 0.32])
    np.testing.assert_allclose(jaspar.log_odds(100 * share[None], share), 0, atol=1e-12)


def test_log_odds_do_not_depend_on_the_unit_much():
    counts = jaspar.plant_motif("MA0570.3").counts
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.isfinite(jaspar.log_odds(shares)).all()
    np.testing.assert_array_equal(jaspar.log_odds(shares).argmax(1), jaspar.log_odds(counts).argmax(1))


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (np.ones((4, 7)), r"shape \(4, 7\); expected \(width, 4\)"),
        (np.zeros((2, 4)), "position 0 sums to 0"),
    ],
)
def test_bad_counts(counts, reason):
    with pytest.raises(ValueError, match=reason):
        jaspar.log_odds(counts)
