"""Random sets of pairs on a grid: uniform outside given runs, or with given row and column sums.

A pair (row, column) of a grid with `columns` columns is the number ``row * columns + column``.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

FLOW_CELLS = 4_000_000
"""Largest grid for which the sums are, as a last resort, met by a maximum flow."""

_TRIES = 40_000
_PATIENCE = 20


def distinct(values: np.ndarray) -> np.ndarray:
    """Ascending distinct values; by sorting, which is faster than hashing for millions.

    Examples
    --------
    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if ordered.size else ordered


def draw_outside(
    starts: np.ndarray, lengths: np.ndarray, *, total: int, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw distinct numbers below `total` that lie in none of the given runs, all as likely.

    Parameters
    ----------
    starts, lengths : numpy.ndarray, shape=(runs,), dtype=int64
        Ascending, disjoint runs of excluded numbers.
    total : int
        One more than the largest number.
    n : int
        How many to draw, at most ``total - lengths.sum()``.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        In no particular order.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sorted(draw_outside(np.array([1]), np.array([3]), total=6, n=3, rng=rng).tolist())
    [0, 4, 5]
    """
    cumulative = np.append(0, np.cumsum(lengths))
    ranks = _distinct(int(total - cumulative[-1]), n, rng)
    # The number of allowed numbers before each run says how many runs lie below a rank.
    free_before = starts - cumulative[:-1]
    return ranks + cumulative[np.searchsorted(free_before, ranks, side="right")]


def shares(counts: np.ndarray, n: int, *, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers that sum to `n`, each the proportional share of a count rounded up or down.

    Parameters
    ----------
    counts : numpy.ndarray, shape=(items,), dtype=int64
        What the numbers are in proportion to; not all zero.
    n : int
        Their sum.
    rng : numpy.random.Generator
        Which shares are rounded up is drawn, in proportion to what is cut off (systematic
        sampling), so that small counts are not favoured by their place in a table.

    Returns
    -------
    numpy.ndarray, shape=(items,), dtype=int64
        Exact where the shares are whole.

    Examples
    --------
    >>> shares(np.array([1, 1, 2]), 8, rng=np.random.default_rng(0)).tolist()
    [2, 2, 4]
    """
    order = rng.permutation(counts.size)
    reached = np.cumsum(counts[order]) * n / counts.sum()
    result = np.empty(counts.size, dtype=np.int64)
    result[order] = np.diff(np.floor(reached + rng.random()), prepend=0).astype(np.int64)
    return result


def bipartite(
    row_sums: np.ndarray,
    column_sums: np.ndarray,
    excluded: np.ndarray,
    *,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw distinct pairs with given row and column sums, none of them excluded.

    Parameters
    ----------
    row_sums : numpy.ndarray, shape=(rows,), dtype=int64
        Number of pairs wanted in each row.
    column_sums : numpy.ndarray, shape=(columns,), dtype=int64
        Number wanted in each column, of the same sum.
    excluded : numpy.ndarray, dtype=int64
        Ascending pairs that must not be drawn.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray, shape=(row_sums.sum(),), dtype=int64
        The sums are met exactly if swaps find a way (which they do unless the grid is nearly full),
        or if any way exists and the grid has at most `FLOW_CELLS` cells. What cannot be met is
        filled with other pairs, first of the rows that lack some, then of any.

    Notes
    -----
    Ends are matched at random; pairs that are excluded or stand twice swap their column with a
    random other pair (doi:10.1126/science.1065103) until none is left.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sums = np.array([1, 1])
    >>> sorted(bipartite(sums, sums, np.array([0, 3]), rng=rng).tolist())
    [1, 2]
    """
    columns = column_sums.size
    n = int(row_sums.sum())
    row = np.repeat(np.arange(row_sums.size), row_sums)
    column = rng.permutation(np.repeat(np.arange(columns), column_sums))
    codes = row * columns + column
    bad = _bad(codes, excluded)
    idle = 0
    while bad.size and idle < _PATIENCE:
        before = bad.size
        _swap(codes, bad, columns, excluded, rng)
        bad = _bad(codes, excluded)
        idle = 0 if bad.size < before else idle + 1
    if bad.size:
        if row_sums.size * columns <= FLOW_CELLS:
            codes = _by_flow(row_sums, column_sums, excluded, rng)
        else:
            codes = np.delete(codes, bad)
        codes = _filled(codes, row_sums, columns, excluded, n, rng)
    return codes


def _distinct(total: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` distinct numbers below `total`, all sets as likely, in memory proportional to `n`."""
    if 4 * n > total:
        return rng.permutation(total)[:n]
    drawn = np.empty(0, dtype=np.int64)
    while drawn.size < n:
        more = rng.integers(total, size=int(1.2 * (n - drawn.size)) + 16)
        drawn = distinct(np.concatenate([drawn, more]))
    return drawn[rng.permutation(drawn.size)[:n]]


def _bad(codes: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """Places of pairs that are excluded, or equal to a pair before them."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    wrong = _member(ordered, excluded)
    wrong[1:] |= ordered[1:] == ordered[:-1]
    return order[wrong]


def _swap(
    codes: np.ndarray,
    which: np.ndarray,
    columns: int,
    excluded: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Swap, in place, columns of some pairs with random others where both results are free."""
    tries = max(1, _TRIES // which.size)
    partner = rng.integers(codes.size, size=(which.size, tries))
    row, column = np.divmod(codes, columns)
    first = row[which][:, None] * columns + column[partner]
    second = row[partner] * columns + column[which][:, None]
    taken = np.sort(np.concatenate([excluded, codes]))
    free = ~_member(first, taken) & ~_member(second, taken) & (first != second)
    choice = free.argmax(axis=1)
    kept = np.flatnonzero(free[np.arange(which.size), choice])
    choice = choice[kept]
    one, other = which[kept], partner[kept, choice]
    new = first[kept, choice], second[kept, choice]
    # Swaps of one round must not meet: neither in a pair that they move nor in one that they make.
    apart = _alone(np.concatenate([one, other])) & _alone(np.concatenate(new))
    done = apart[: kept.size] & apart[kept.size :]
    codes[one[done]], codes[other[done]] = new[0][done], new[1][done]


def _by_flow(
    row_sums: np.ndarray,
    column_sums: np.ndarray,
    excluded: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """As many pairs as the sums allow, by a maximum flow, then mixed by random swaps."""
    rows, columns = row_sums.size, column_sums.size
    row_order, column_order = rng.permutation(rows), rng.permutation(columns)
    free = np.ones((rows, columns), dtype=bool)
    free.ravel()[excluded] = False
    row, column = np.nonzero(free[np.ix_(row_order, column_order)])
    source, sink = rows + columns, rows + columns + 1
    ends = [
        (np.full(rows, source), np.arange(rows), row_sums[row_order]),
        (row, rows + column, np.ones(row.size, dtype=np.int64)),
        (rows + np.arange(columns), np.full(columns, sink), column_sums[column_order]),
    ]
    tail, head, capacity = (np.concatenate(part) for part in zip(*ends, strict=True))
    graph = sparse.csr_matrix(
        (capacity.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1), dtype=np.int32
    )
    flow = maximum_flow(sparse.csr_array(graph), source, sink).flow.tocoo()
    used = (flow.data > 0) & (flow.row < rows) & (flow.col < source)
    codes = row_order[flow.row[used]] * columns + column_order[flow.col[used] - rows]
    codes = codes.astype(np.int64)
    for _ in range(_PATIENCE if codes.size else 0):
        _swap(codes, rng.permutation(codes.size)[: codes.size // 2 + 1], columns, excluded, rng)
    return codes


def _filled(
    codes: np.ndarray,
    row_sums: np.ndarray,
    columns: int,
    excluded: np.ndarray,
    n: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add pairs until there are `n`: of rows that lack some where one is free, then of any."""
    missing = row_sums - np.bincount(codes // columns, minlength=row_sums.size)
    taken = np.sort(np.concatenate([codes, excluded]))
    for row in np.flatnonzero(missing):
        first, last = np.searchsorted(taken, [row * columns, (row + 1) * columns])
        free = np.setdiff1d(np.arange(columns), taken[first:last] % columns)
        codes = np.append(codes, row * columns + rng.permutation(free)[: missing[row]])
    taken = np.sort(np.concatenate([codes, excluded]))
    total = row_sums.size * columns
    rest = draw_outside(taken, np.ones_like(taken), total=total, n=n - codes.size, rng=rng)
    return np.concatenate([codes, rest])


def _member(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    if not ordered.size:
        return np.zeros(values.shape, dtype=bool)
    place = np.minimum(np.searchsorted(ordered, values), ordered.size - 1)
    return ordered[place] == values


def _alone(values: np.ndarray) -> np.ndarray:
    """Whether each value stands once."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return counts[inverse] == 1
