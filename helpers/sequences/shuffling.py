"""Shuffles of many sequences at once, each pair of neighbours keeping its count."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from helpers.sequences.encoding import _draw_last_edges

_FEWEST = 4
"""Shorter sequences have one order only."""


def shuffle_all(X: np.ndarray, n: int, rngs: Sequence[np.random.Generator]) -> np.ndarray:
    """Dinucleotide shuffles of each sequence, as `helpers.sequences.encoding.shuffles_of_one_hot` draws them.

    Chance is asked one shuffle after the other; the walks along the drawn edges are taken together.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n_sequences, length, letters)
        One-hot; padding stays, unknown letters move.
    n : int
        Shuffles of each.
    rngs : sequence of numpy.random.Generator
        One a sequence.

    Returns
    -------
    numpy.ndarray, shape=(n_sequences, n, length, letters)

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 0, 1, 3]]]
    >>> shuffle_all(X, 3, [np.random.default_rng(1)]).sum(axis=2)[0, 0].tolist()
    [2.0, 2.0, 1.0, 1.0]
    """
    length, letters = X.shape[1:]
    found = np.repeat(X[:, None], n, axis=1)
    there = X.sum(axis=2) > 0
    # Any row may stand for a letter: the weights keep uniform rows apart from the others.
    marks = X @ np.arange(1, letters + 1) + (X.max(axis=2) < 1) * 100
    walks = _Walks(len(X) * n, length)
    kinds, moved = [], []
    for item, rng in enumerate(rngs):
        places = np.flatnonzero(there[item])
        if places.size < _FEWEST:
            continue
        _, first, codes = np.unique(marks[item, places], return_index=True, return_inverse=True)
        walks.draw(codes, n, rng)
        kinds.append(X[item, places][first])
        moved.append((item, places))
    for (item, places), kind, order in zip(moved, kinds, walks.orders(n), strict=True):
        found[item][:, places] = kind.take(order[:, : places.size], axis=0)
    return found


class _Walks:
    """Edges to follow from each letter of each shuffle, letter behind letter in one row a shuffle."""

    def __init__(self, rows: int, length: int) -> None:
        self._edges = np.zeros((rows, length), dtype=np.uint8)
        self._starts: list[np.ndarray] = []
        self._firsts: list[int] = []
        self._longest = 0

    def draw(self, codes: np.ndarray, n: int, rng: np.random.Generator) -> None:
        """Draw the edges of `n` shuffles of one sequence."""
        text = codes.tolist()
        followers: dict[int, list[int]] = {letter: [] for letter in text}
        for letter, follower in pairwise(text):
            followers[letter].append(follower)
        bounds = np.zeros(len(followers) + 1, dtype=np.int64)
        np.cumsum([len(followers[letter]) for letter in range(len(followers))], out=bounds[1:])
        whole = {letter: np.array(items, dtype=np.uint8) for letter, items in followers.items()}
        spans = [(letter, *map(int, bounds[letter : letter + 2])) for letter in followers]
        without: dict[tuple[int, int], np.ndarray] = {}
        at, shuffle = len(self._starts) * n, rng.shuffle
        for row in self._edges[at : at + n]:
            last = _draw_last_edges(followers, text[-1], rng)
            for letter, start, stop in spans:
                if (end := last.get(letter)) is None:
                    row[start:stop] = whole[letter]
                    shuffle(row[start:stop])
                    continue
                if (letter, end) not in without:
                    without[letter, end] = np.delete(whole[letter], followers[letter].index(end))
                row[start : stop - 1] = without[letter, end]
                row[stop - 1] = end
                shuffle(row[start : stop - 1])
        self._starts.append(bounds[:-1])
        self._firsts.append(text[0])
        self._longest = max(self._longest, len(text))

    def orders(self, n: int) -> np.ndarray:
        """Letters in the order of each walk, shape (sequences, n, longest); behind a walk's end, anything."""
        kinds = max((len(starts) for starts in self._starts), default=0)
        rows = np.arange(len(self._starts) * n)
        # Next edge of each letter, as a place in the flat table of edges.
        width = self._edges.shape[1]
        table = np.zeros((len(rows), kinds), dtype=np.int64)
        for item, starts in enumerate(self._starts):
            table[item * n : (item + 1) * n, : len(starts)] = starts
        table += rows[:, None] * width
        following, edges = table.reshape(-1), self._edges.reshape(-1)
        letters = np.repeat(np.array(self._firsts, dtype=np.int64), n)
        orders = np.empty((self._longest, len(rows)), dtype=np.uint8)
        first = rows * kinds
        for place in range(self._longest):
            orders[place] = letters
            slot = first + letters
            at = following[slot]
            # A shorter walk has ended before; what is read behind its end is not used.
            letters = edges.take(at, mode="clip").astype(np.int64)
            following[slot] = at + 1
        return orders.T.reshape(len(self._starts), n, -1)
