"""Shuffles of sequences, each pair of neighbours keeping its count.

The letters are the nodes of a graph and each pair of neighbours an edge; every walk that uses each
edge once is a shuffle, and all are equally likely (Altschul and Erickson 1985,
doi:10.1093/oxfordjournals.molbev.a040370).
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

_FEWEST = 4
"""Shorter sequences have one order only."""


def shuffle_all(X: np.ndarray, n: int, seeds: Sequence[int | Sequence[int]]) -> np.ndarray:
    """Dinucleotide shuffles of each sequence; first and last letter stay, too.

    They depend on the sequence and its seed only: those of ``numpy.random.default_rng(seed)``.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n_sequences, length, letters)
        One-hot; padding stays, unknown letters move.
    n : int
        Shuffles of each.
    seeds : sequence of int or of sequences of int
        One a sequence.

    Returns
    -------
    numpy.ndarray, shape=(n_sequences, n, length, letters)

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 0, 1, 3]]]
    >>> shuffle_all(X, 3, [1]).sum(axis=2)[0, 0].tolist()
    [2.0, 2.0, 1.0, 1.0]
    """
    letters = X.shape[2]
    found = np.repeat(X[:, None], n, axis=1)
    there = X.sum(axis=2) > 0
    # Any row may stand for a letter: the weights keep uniform rows apart from the others.
    marks = X @ np.arange(1, letters + 1) + (X.max(axis=2) < 1) * 100
    _, first, codes = np.unique(marks, return_index=True, return_inverse=True)
    kinds = X.reshape(-1, letters)[first]
    for item, (text, seed) in enumerate(zip(codes.reshape(marks.shape), seeds, strict=True)):
        places = np.flatnonzero(there[item])
        if places.size >= _FEWEST:
            orders = _orders(text[places], len(kinds), n, np.random.PCG64(seed))
            found[item][:, places] = kinds.take(orders, axis=0)
    return found


def _orders(text: np.ndarray, kinds: int, n: int, source: np.random.PCG64) -> np.ndarray:
    """Shuffles of one sequence's codes, shape (n, length)."""
    starts = np.zeros(kinds + 1, dtype=np.int64)
    np.cumsum(np.bincount(text[:-1], minlength=kinds), out=starts[1:])
    followers = text[1:][np.argsort(text[:-1], kind="stable")]
    order = np.array(list(dict.fromkeys(text.tolist())))
    orders = np.empty((n, text.size), dtype=np.int64)
    scratch = np.empty((4, kinds + text.size), dtype=np.int64)
    chance = np.empty(0, dtype=np.int64)
    while True:  # how much chance is used is chance, too
        raw = source.random_raw(orders.size)
        halves = np.stack([raw & np.uint64(0xFFFFFFFF), raw >> np.uint64(32)], axis=1).ravel()
        chance = np.concatenate([chance, halves.astype(np.int64)])
        if _walk(text, starts, followers, order, chance, scratch, orders):
            return orders


@numba.njit(cache=True)
def _walk(
    text: np.ndarray,
    starts: np.ndarray,
    followers: np.ndarray,
    order: np.ndarray,
    chance: np.ndarray,
    scratch: np.ndarray,
    orders: np.ndarray,
) -> bool:  # pragma: no cover (compiled)
    """Fill `orders`; False if there is too little chance: 32 bits each, used as NumPy would.

    The followers of letter i stand from ``starts[i]`` on. Plain loops, which compile in a second.
    """
    end, used = text[-1], 0
    last, following, in_tree, edges = scratch[0], scratch[1], scratch[2], scratch[3]
    for draw in range(orders.shape[0]):
        for letter in range(starts.size - 1):
            in_tree[letter], following[letter] = letter == end, starts[letter]
        # Edge by which the walk leaves each letter for good: a random tree that leads to `end`.
        # Wilson's loop-erased walk (doi:10.1145/237814.237880) draws the tree in proportion to the
        # number of edges, which rejection would do too, but slowly where one letter is rare.
        for start in order:
            letter = start
            while not in_tree[letter]:
                choices, product = starts[letter + 1] - starts[letter], 0
                while choices > 1:
                    if used == chance.size:
                        return False
                    product = chance[used] * choices
                    used += 1
                    if product & 0xFFFFFFFF >= (1 << 32) % choices:
                        break
                last[letter] = followers[starts[letter] + (product >> 32)]
                letter = last[letter]
            letter = start
            while not in_tree[letter]:
                in_tree[letter] = 1
                letter = last[letter]
        for letter in order:
            first, stop, put = starts[letter], starts[letter + 1], starts[letter]
            aside = letter == end  # no edge is left for the last place, or it lies there
            for place in range(first, stop):
                if not aside and followers[place] == last[letter]:
                    aside = True
                    continue
                edges[put] = followers[place]
                put += 1
            if put < stop:
                edges[put] = last[letter]
            mask = 0
            while mask < put - first - 1:
                mask = 2 * mask + 1
            for place in range(put - first - 1, 0, -1):
                if mask >> 1 >= place:
                    mask >>= 1
                other = place + 1
                while other > place:
                    if used == chance.size:
                        return False
                    other = chance[used] & mask
                    used += 1
                edges[first + place], edges[first + other] = edges[first + other], edges[first + place]
        letter = text[0]
        for place in range(text.size):
            orders[draw, place] = letter
            following[letter] += 1
            letter = edges[following[letter] - 1]
    return True
