"""Pairs of sets with enough in common, all of them compared in compiled loops."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
from scipy import sparse

_ROOM = 1 << 22
"""Pairs held at once, if the sets are not more."""


def pairs_in_common(
    members: sparse.csr_matrix, least: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of sets with as many common members as the less demanding one asks for, and at least one.

    Parameters
    ----------
    members : scipy.sparse.csr_matrix, shape=(sets, things)
        An entry for each thing that is in a set, once.
    least : numpy.ndarray, shape=(sets,)
        Members that a set wants in common with another one.

    Yields
    ------
    first, second (a later one), common : numpy.ndarray
        All pairs of one first set stand in one block.

    Examples
    --------
    >>> sets = sparse.csr_matrix(np.array([[1, 1, 0], [0, 1, 1], [0, 1, 1]]))
    >>> [np.stack(block).tolist() for block in pairs_in_common(sets, np.array([2, 2, 2]))]
    [[[1], [2], [2]]]
    """
    n = members.shape[0]
    of = members.tocsc()
    left = of.indptr.copy()
    asked = np.maximum(np.ceil(least), 1).astype(np.int64)
    counts, met = np.zeros((2, n), dtype=np.int32)
    found = np.empty((3, max(n, _ROOM)), dtype=np.int32)
    row = 0
    while row < n:
        row, filled = _count(
            members.indptr, members.indices, left, of.indptr, of.indices, asked, row, counts, met, found
        )
        first, second, common = found[:, :filled].astype(np.int64)
        yield first, second, common


@numba.njit(cache=True)
def _count(
    starts: np.ndarray,
    things: np.ndarray,
    left: np.ndarray,
    ends: np.ndarray,
    owners: np.ndarray,
    asked: np.ndarray,
    row: int,
    counts: np.ndarray,
    met: np.ndarray,
    found: np.ndarray,
) -> tuple[int, int]:  # pragma: no cover (compiled)
    """Fill `found` with the pairs of some rows from `row` on; the next row, and how many there are."""
    filled, n = 0, starts.size - 1
    while row < n and filled + n - row <= found.shape[1]:
        others = 0
        for place in range(starts[row], starts[row + 1]):
            thing = things[place]
            left[thing] += 1  # rows come in order: only later owners are left behind this one
            for at in range(left[thing], ends[thing + 1]):
                other = owners[at]
                met[others] = other
                others += counts[other] == 0
                counts[other] += 1
        for at in range(others):
            other = met[at]
            if counts[other] >= min(asked[row], asked[other]):
                found[0, filled], found[1, filled], found[2, filled] = row, other, counts[other]
                filled += 1
            counts[other] = 0
        row += 1
    return row, filled
