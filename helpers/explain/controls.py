"""Controls of explanations: maps without a network, and of one that has learnt nothing.

`trivial_maps` are what a count finds. An explanation that does not beat them, on decoys above all,
has not shown that a network was needed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import ArrayLike

from helpers.explain import heads
from helpers.project import backend

WORDS, CLASS_WORDS = "over-represented words", "words of the class"
MEAN_MAP, NEARNESS = "mean map of the sites", "nearness to the centre"

MOST_WORDS = 1 << 24
"""Words that are counted at most: k = 12 of nucleotides, 5 of residues."""


def untrained(model: keras.Model, *, seed: int = 0) -> keras.Model:
    """The same network with its weights drawn anew; `model` is not changed.

    An explanation that looks the same for this network shows the architecture and the input, not
    what was learnt (the randomisation test of Adebayo 2018, doi:10.48550/arXiv.1810.03292).

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> other = untrained(model)
    >>> bool((other.get_weights()[0] == model.get_weights()[0]).any())
    False
    """
    # Initialisers draw their seeds from Python's generator, whose state is given back. Cloning
    # imports TensorFlow even under torch, which would write its log on the page.
    state = random.getstate()
    random.seed(seed)
    try:
        with backend.quiet_stderr():
            return keras.models.clone_model(model)
    finally:
        random.setstate(state)


def trivial_maps(
    X_train: np.ndarray,
    y_train: ArrayLike | None,
    X: np.ndarray,
    *,
    k: int,
    sites: ArrayLike | None = None,
    centre: float | None = None,
    strands: int = 1,
) -> dict[str, np.ndarray]:
    """Importance maps that need no network, by name, each as far as what it needs is given.

    Parameters
    ----------
    X_train : numpy.ndarray, shape=(m, length, letters)
        One-hot DNA, RNA or peptides to count words in.
    y_train : array-like, shape=(m,), optional
        Their classes or values; NaN where there is none.
    X : numpy.ndarray, shape=(n, length, letters)
        Sequences to explain.
    k : int
        Letters of a word: about the width of a site (6 to 8 nucleotides, 2 or 3 residues).
    sites : array-like of bool, shape=(m, length), optional
        True at the planted positions of the training sequences.
    centre : float, optional
        Position that sites are said to be near to.
    strands : {1, 2}, optional
        With 2 (DNA) a word and its reverse complement are one.

    Returns
    -------
    dict of str to numpy.ndarray, shape=(n, length), dtype=float64
        NaN at padding. ``over-represented words`` knows the training sequences, neither labels nor
        sites: how far the words over a position are more frequent than their neighbouring letters
        make them. ``words of the class`` knows the labels too: how strongly having the words goes
        with them, either way. ``mean map of the sites`` knows the truth of the training sequences
        and no letter: how often a position lies in a site. ``nearness to the centre`` knows where
        the middle is and nothing else.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 3, 3], [3, 3, 0, 1, 2], [3, 3, 3, 3, 3]]]
    >>> maps = trivial_maps(X, [1, 1, 0], X[:1], k=3, centre=2)
    >>> list(maps), maps["nearness to the centre"].tolist()
    (['over-represented words', 'words of the class', 'nearness to the centre'], [[3.0, 4.0, 5.0, 4.0, 3.0]])
    """
    letters = X.shape[2]
    if not 1 <= k <= min(X_train.shape[1], X.shape[1]) or letters**k > MOST_WORDS:
        limit = f"expected 1 to {min(X_train.shape[1], X.shape[1])}, and at most {MOST_WORDS} words"
        raise ValueError(f"k is {k}, which makes {letters**k} words; {limit}")
    there = heads.residues(X)
    scores = {WORDS: _excess(X_train, k, strands)}
    if y_train is not None:
        scores[CLASS_WORDS] = _association(X_train, np.asarray(y_train, dtype=float), k, strands)
    maps = {name: _spread(X, of_word, k, strands) for name, of_word in scores.items()}
    places = np.arange(X.shape[1])
    if sites is not None:
        mean = np.zeros(len(places))
        known = np.asarray(sites, dtype=float).mean(axis=0)[: len(places)]
        mean[: len(known)] = known
        maps[MEAN_MAP] = np.tile(mean, (len(X), 1))
    if centre is not None:
        maps[NEARNESS] = np.tile(len(places) - np.abs(places - centre), (len(X), 1))
    return {name: np.where(there, values, np.nan) for name, values in maps.items()}


def _words(X: np.ndarray, k: int, strands: int) -> Iterator[tuple[int, np.ndarray]]:
    """First row and word numbers, (rows, length - k + 1), block by block; -1 with unknown letters."""
    letters = X.shape[2]
    for cut in heads.batches(len(X), 512):
        codes = X[cut].argmax(axis=2)
        known = X[cut].max(axis=2) == 1
        size = codes.shape[1] - k + 1
        found = np.zeros((len(codes), size), dtype=np.int64)
        other, whole = found.copy(), np.ones(found.shape, dtype=bool)
        for place in range(k):
            step = codes[:, place : place + size]
            found = found * letters + step
            other += (letters - 1 - step) * letters**place
            whole &= known[:, place : place + size]
        yield cut.start, np.where(whole, np.minimum(found, other) if strands == 2 else found, -1)


def _excess(X: np.ndarray, k: int, strands: int) -> np.ndarray:
    """For each word, how far its count lies above what pairs of neighbours make likely (z)."""
    letters = X.shape[2]
    counts = np.zeros(letters**k)
    for _, words in _words(X, k, 1):
        counts += np.bincount(words[words >= 0], minlength=len(counts))
    if strands == 2:
        counts = counts + counts.reshape((letters,) * k).transpose()[(slice(None, None, -1),) * k].ravel()
    pairs = counts.reshape(letters, min(letters, len(counts) // letters), -1).sum(axis=2)
    single = pairs.sum(axis=1)
    # Words of two letters are held against their letters, single letters against an even share.
    follow = pairs if k > 2 else np.tile(single if k == 2 else 1.0, (letters, 1)).reshape(letters, -1)
    follow = follow / np.maximum(follow.sum(axis=1, keepdims=True), 1)
    expected = single if k > 1 else np.full(letters, single.mean())
    for _ in range(k - 1):
        expected = (expected.reshape(-1, letters, 1) * follow).ravel()
    return np.maximum(counts - expected, 0) / np.sqrt(expected + 1)


def _association(X: np.ndarray, y: np.ndarray, k: int, strands: int) -> np.ndarray:
    """For each word, the correlation between having it and the value, times root n, without sign."""
    if y.shape != (len(X),):
        raise ValueError(f"y_train has the shape {y.shape}; expected ({len(X)},), a value a sequence")
    measured = np.isfinite(y)
    y, n = np.where(measured, y - y[measured].mean(), 0.0), int(measured.sum())
    holders, sums = np.zeros((2, X.shape[2] ** k))
    for start, words in _words(X, k, strands):
        words.sort(axis=1)
        once = (words >= 0) & measured[start : start + len(words), None]
        once[:, 1:] &= words[:, 1:] != words[:, :-1]
        row, _ = np.nonzero(once)
        holders += np.bincount(words[once], minlength=len(holders))
        sums += np.bincount(words[once], y[start + row], minlength=len(sums))
    spread = np.sqrt((y**2).sum() * holders * (n - holders) / n**2)
    return np.abs(np.divide(sums, spread, out=np.zeros_like(sums), where=spread > 0))


def _spread(X: np.ndarray, of_word: np.ndarray, k: int, strands: int) -> np.ndarray:
    """Mean score of the words over each position, shape=(n, length)."""
    sums, covered = np.zeros((2, *X.shape[:2]))
    for start, words in _words(X, k, strands):
        values, rows = np.where(words >= 0, of_word[words], 0), slice(start, start + len(words))
        for place in range(k):
            sums[rows, place : place + words.shape[1]] += values
            covered[rows, place : place + words.shape[1]] += words >= 0
    return np.divide(sums, covered, out=sums, where=covered > 0)
