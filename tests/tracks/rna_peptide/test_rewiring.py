"""Random pairs on a grid: distinct, outside what is excluded, with the sums that were asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.tracks.rna_peptide import rewiring


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 29)), st.integers(0, 30), st.integers(0, 99))
def test_draw_outside(excluded, n, seed):
    n = min(n, 30 - len(excluded))
    starts = np.array(sorted(excluded), dtype=np.int64)
    rng = np.random.default_rng(seed)
    drawn = rewiring.draw_outside(starts, np.ones_like(starts), total=30, n=n, rng=rng)
    assert len(set(drawn.tolist())) == drawn.size == n
    assert not set(drawn.tolist()) & excluded


@pytest.mark.parametrize("n", [3, 40])
def test_draws_are_uniform(n):
    """Both ways to draw (few and many of all) take each allowed number as often."""
    starts, lengths = np.array([10, 60]), np.array([20, 30])
    rng = np.random.default_rng(0)
    counts = np.zeros(110)
    for _ in range(2000):
        counts[rewiring.draw_outside(starts, lengths, total=110, n=n, rng=rng)] += 1
    allowed = np.r_[0:10, 30:60, 90:110]
    assert counts.sum() == counts[allowed].sum()
    expected = 2000 * n / 60
    assert np.abs(counts[allowed] - expected).max() < 5 * np.sqrt(expected)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(any),
    st.integers(0, 200),
    st.integers(0, 9),
)
def test_shares(counts, n, seed):
    counts = np.array(counts)
    found = rewiring.shares(counts, n, rng=np.random.default_rng(seed))
    assert found.sum() == n
    assert (np.abs(found - counts * n / counts.sum()) < 1 + 1e-9).all()


def test_shares_do_not_favour_the_first():
    rng = np.random.default_rng(0)
    total = sum(rewiring.shares(np.ones(10, int), 3, rng=rng) for _ in range(1000))
    assert np.abs(total - 300).max() < 75


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.data(), st.integers(0, 99))
def test_sums_are_met_whenever_a_way_exists(rows, columns, data, seed):
    """Split the cells of a grid into excluded, wanted and neither: the wanted prove a way."""
    kinds = data.draw(st.lists(st.integers(0, 2), min_size=rows * columns, max_size=rows * columns))
    kinds = np.array(kinds)
    excluded, wanted = np.flatnonzero(kinds == 0), np.flatnonzero(kinds == 1)
    row_sums = np.bincount(wanted // columns, minlength=rows)
    column_sums = np.bincount(wanted % columns, minlength=columns)
    rng = np.random.default_rng(seed)
    codes = rewiring.bipartite(row_sums, column_sums, excluded, rng=rng)
    assert np.unique(codes).size == codes.size
    assert not set(codes.tolist()) & set(excluded.tolist())
    np.testing.assert_array_equal(np.bincount(codes // columns, minlength=rows), row_sums)
    np.testing.assert_array_equal(np.bincount(codes % columns, minlength=columns), column_sums)


@pytest.mark.parametrize("cells", [rewiring.FLOW_CELLS, 0])
def test_what_cannot_be_met_is_filled(monkeypatch, cells):
    monkeypatch.setattr(rewiring, "FLOW_CELLS", cells)
    # Row 0 may only take column 2, yet is asked for two pairs.
    excluded = np.array([0, 1])
    rng = np.random.default_rng(0)
    codes = rewiring.bipartite(np.array([2, 1]), np.array([1, 1, 1]), excluded, rng=rng)
    assert np.unique(codes).size == codes.size == 3
    assert not set(codes.tolist()) & {0, 1}
    assert 2 in codes


def test_swaps_reach_every_graph_about_as_often():
    """Two by two blocks out of a full 3 x 3 grid: six permutation matrices, all alike."""
    ones = np.ones(3, dtype=np.int64)
    seen: dict[tuple, int] = {}
    rng = np.random.default_rng(0)
    for _ in range(600):
        codes = rewiring.bipartite(ones, ones, np.empty(0, np.int64), rng=rng)
        key = tuple(sorted(codes.tolist()))
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 6
    assert min(seen.values()) > 60
