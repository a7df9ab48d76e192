"""Which codes of a codebook go with a modification beyond chance, and beyond composition.

Two questions are put to each code and group, and both answers are about the same group: is the code
used more than in the positive windows of the other groups, and more than in the group's own
negatives of like composition? A code is specific for a group only if both say yes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from helpers.tracks.rna_modification.data import STRIDE

_AT_ONCE = 256
"""Permutations in one product of matrices."""
_PARTS = (1, 3, 9)
"""Into so many parts, side by side, a window is divided; each is counted by itself."""
_FEWEST = 20
"""Windows in a stratum, at least."""
_STRATA = 10


class PermutationTest(NamedTuple):
    """A permutation test of each code in each group.

    Attributes
    ----------
    z : numpy.ndarray, shape=(n_codes, groups), dtype=float64
        The statistic as observed: a standardised excess.
    p, q : numpy.ndarray, shape=(n_codes, groups), dtype=float64
        ``(1 + permutations at least as large) / (1 + permutations)``, and the same controlled by
        Benjamini and Hochberg (doi:10.1111/j.2517-6161.1995.tb02031.x) over all codes and groups
        that are tested; 1 where nothing is tested, because the code is not used.
    """

    z: np.ndarray
    p: np.ndarray
    q: np.ndarray


def between_groups(
    counts: np.ndarray, groups: ArrayLike, labels: ArrayLike, *, order: Sequence[str],
    permutations: int = 999, seed: int = 0,
) -> PermutationTest:  # fmt: skip
    """Test whether the positive windows of a group use a code more than those of the other groups.

    The groups of the positive windows are permuted.

    Parameters
    ----------
    counts : numpy.ndarray, shape=(n, n_codes)
        From `helpers.tracks.rna_modification.spectrum.count_matrix`.
    groups : array of str, shape=(n,)
        Group of each window, such as its modification.
    labels : array of {0, 1}, shape=(n,)
        1 for a positive window.
    order : sequence of str
        The groups.
    permutations, seed : int

    Examples
    --------
    >>> counts = np.repeat([[1, 1, 0], [0, 1, 0]], 20, axis=0)
    >>> found = between_groups(counts, ["a"] * 20 + ["b"] * 20, [1] * 40, order=["a", "b"])
    >>> found.p.round(3).tolist()
    [[0.001, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    counts, of, positive = aligned(counts, groups, labels)
    _check_enough(order, permutations, least=2)
    inside = positive & np.isin(of, list(order))
    member = (of[inside][:, None] == np.array(list(order), dtype=object)).astype(np.float32)
    if not (size := member.sum(axis=0)).all():
        raise ValueError(f"group {list(order)[int(size.argmin())]!r} has no positive window")
    # Products of whole numbers in float32 are exact far beyond the counts of any window table.
    own = counts[inside].astype(np.float32)
    mean, spread = own.mean(axis=0, dtype=np.float64), own.var(axis=0, ddof=1, dtype=np.float64)
    error = np.sqrt(spread[:, None] * (1 / size - 1 / len(own)))

    def excess(labelling: np.ndarray) -> np.ndarray:
        sums = (own.T @ labelling).reshape(own.shape[1], -1, len(size)).astype(np.float64)
        return _standardised(sums / size - mean[:, None, None], error[:, None, :])

    rng = np.random.default_rng(seed)
    seen = excess(member)
    above = np.zeros((own.shape[1], len(size)))
    for many in _batches(permutations):
        drawn = np.concatenate([member[rng.permutation(len(member))] for _ in range(many)], axis=1)
        above += (excess(drawn) >= seen - 1e-9).sum(axis=1)
    tested = np.repeat(np.asarray(own.any(axis=0))[:, None], len(size), axis=1)
    return controlled(seen[:, 0], (1 + above) / (1 + permutations), tested)


def against_negatives(
    places: np.ndarray, groups: ArrayLike, labels: ArrayLike, *, order: Sequence[str],
    strata: ArrayLike | None = None, permutations: int = 999, seed: int = 0,
) -> PermutationTest:  # fmt: skip
    """Test whether the positive windows of a group use a code more than its own negatives.

    A code is counted in the whole window and in its thirds and ninths; the statistic is the largest
    standardised difference, so a code that stands at one place in positives is found, too. Labels
    are permuted within a group and, of its windows, within those of like composition: what
    composition alone explains does not pass.

    Parameters
    ----------
    places : numpy.ndarray, shape=(n, parts, n_codes)
        From `by_place`.
    groups, labels, order, permutations, seed
        As in `between_groups`.
    strata : array, shape=(n,), optional
        Windows that may be exchanged have the same value, from `composition_strata`; by default
        all of a group.

    Returns
    -------
    PermutationTest
        A group without negatives is not tested.

    Examples
    --------
    >>> places = by_place(np.repeat([[0, 1], [1, 1]], 20, axis=0), 2)
    >>> found = against_negatives(places, ["a"] * 40, [1] * 20 + [0] * 20, order=["a"])
    >>> found.p.round(3).tolist()
    [[0.001], [1.0]]
    """
    _, of, positive = aligned(places[:, 0], groups, labels)
    _check_enough(order, permutations, least=1)
    like = np.zeros(len(places)) if strata is None else np.asarray(strata)
    if like.shape != (len(places),):
        raise ValueError(f"strata have the shape {like.shape}; expected one of each of {len(places)} windows")
    shape = (places.shape[2], len(order))
    z, p, tested = np.zeros(shape), np.ones(shape), np.zeros(shape, dtype=bool)
    rng = np.random.default_rng(seed)
    for column, name in enumerate(order):
        own = of == name
        y = positive[own]
        if y.all() or not y.any():
            continue
        z[:, column], p[:, column] = _within(places[own], y, like[own], permutations, rng)
        tested[:, column] = places[own, 0].any(axis=0)
    return controlled(z, p, tested)


def by_place(codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Counts of every code in each part of a window: the whole, its thirds and its ninths.

    Parameters
    ----------
    codes : array of int, shape=(n, tokens)
        Code of every token.
    n_codes : int
        Codes in the codebook.

    Examples
    --------
    >>> by_place(np.array([[1, 1, 0]]), 2)[0, :4].tolist()
    [[1.0, 2.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    """
    n, tokens = codes.shape
    found = []
    for many in _PARTS:
        for part in np.array_split(np.arange(tokens), min(many, tokens)):
            at = np.arange(n)[:, None] * n_codes + codes[:, part]
            found.append(np.bincount(at.ravel(), minlength=n * n_codes).reshape(n, n_codes))
    return np.stack(found, axis=1).astype(np.float32)


def joint(between: PermutationTest, within: PermutationTest) -> PermutationTest:
    """Both tests as one: the larger p of a code in a group, the smaller statistic.

    A code that passes is used more than in other groups *and* more than in the negatives of the
    same group; neither can stand in for the other (an intersection-union test, Berger 1982,
    doi:10.1080/00401706.1982.10487790).

    Examples
    --------
    >>> one, other = (PermutationTest(np.ones((1, 2)), np.array([p]), np.array([p]))
    ...               for p in ([0.01, 0.5], [0.2, 0.01]))
    >>> joint(one, other).p.tolist()
    [[0.2, 0.5]]
    """
    p = np.maximum(between.p, within.p)
    tested = np.isfinite(p) & ((between.z != 0) | (within.z != 0))
    return controlled(np.minimum(between.z, within.z), p, tested)


def composition_strata(
    X: np.ndarray, groups: ArrayLike, labels: ArrayLike, *, order: Sequence[str]
) -> np.ndarray:
    """Number a window's stratum: in its group, windows to which composition gives like odds.

    The odds of being positive are found by logistic regression on the shares of letters and pairs
    of neighbours (a propensity, Rosenbaum and Rubin 1984, doi:10.1080/01621459.1984.10478078), and
    cut into up to ten even strata. The letter at the site is that of the group and says nothing.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot windows.
    groups, labels, order
        As in `between_groups`.

    Examples
    --------
    >>> X = np.eye(4)[np.random.default_rng(0).integers(4, size=(60, 30))]
    >>> found = composition_strata(X, ["a"] * 60, [0, 1] * 30, order=["a"])
    >>> np.bincount(found).tolist()
    [20, 20, 20]
    """
    _, of, positive = aligned(X.reshape(len(X), -1), groups, labels)
    pairs = np.einsum("nia,nib->nab", X[:, :-1], X[:, 1:]).reshape(len(X), -1)
    shares = np.concatenate([X.sum(axis=1), pairs], axis=1)
    found = np.zeros(len(X), dtype=int)
    for name in order:
        own = np.flatnonzero(of == name)
        y = positive[own]
        if y.all() or not y.any():
            continue
        features = StandardScaler().fit_transform(shares[own])
        odds = LogisticRegression(C=0.1, max_iter=1000).fit(features, y).decision_function(features)
        many = int(np.clip(len(own) // _FEWEST, 1, _STRATA))
        found[own[np.argsort(odds, kind="stable")]] = np.arange(len(own)) * many // len(own)
    return found


def never_trained(
    X: np.ndarray, starts: ArrayLike, *, n_codes: int, width: int, size: int = 32, seed: int = 0
) -> np.ndarray:
    """Codes of a codebook that learnt nothing: random projections of the letters around each token.

    Each stretch of `width` letters becomes `size` numbers by random weights, and the code is the
    nearest, by angle, of random prototypes. What such codes seem specific for is in the windows.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot windows.
    starts : array of int, shape=(tokens,)
        First position of each token in the window; below 0 in padding.
    n_codes, width, size, seed : int
        Prototypes; letters that a code sees, odd; numbers of a projection; seed of the weights.

    Returns
    -------
    numpy.ndarray, shape=(n, tokens), dtype=int32

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[None, [0, 1, 2, 3, 0, 1, 2, 3, 3]]
    >>> codes = never_trained(X, [0, 3, 6], n_codes=50, width=3)
    >>> codes.shape, len(set(codes[0]))
    ((1, 3), 3)
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(width * X.shape[2], size)).astype(np.float32)
    prototypes = rng.normal(size=(size, n_codes)).astype(np.float32)
    prototypes /= np.linalg.norm(prototypes, axis=0)
    first = np.asarray(starts, dtype=int) + STRIDE // 2 - width // 2
    padded = np.pad(X, ((0, 0), (width, width), (0, 0)))
    # The nearest by angle does not depend on the length of the latent.
    found = [
        (padded[:, at + width : at + 2 * width].reshape(len(X), -1) @ weights @ prototypes).argmax(axis=1)
        for at in first
    ]
    return np.stack(found, axis=1).astype(np.int32)


def aligned(
    counts: np.ndarray, groups: ArrayLike, labels: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts or codes, groups and which windows are positive, checked to belong together."""
    counts, of, y = np.asarray(counts), np.asarray(groups, dtype=object), np.asarray(labels)
    if counts.ndim != 2 or of.shape != (len(counts),) or y.shape != (len(counts),):
        raise ValueError(
            f"counts {counts.shape}, groups {of.shape}, labels {y.shape}; expected (windows, codes) and "
            "one group and one label a window"
        )
    if not np.isin(y, (0, 1)).all():
        raise ValueError("a label is neither 0 nor 1; give whether the window is positive")
    return counts, of, y.astype(bool)


def controlled(z: np.ndarray, p: np.ndarray, tested: np.ndarray) -> PermutationTest:
    """A test with q-values over what was tested; all else has p and q of 1."""
    p, q = np.where(tested, p, 1.0), np.ones_like(p)
    if tested.any():
        q[tested] = false_discovery_control(p[tested])
    return PermutationTest(z, p, q)


def _within(
    found: np.ndarray, y: np.ndarray, like: np.ndarray, permutations: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Largest standardised excess of the positives, of each code, and its p."""
    n_codes, places = found.shape[2], found.reshape(len(y), -1)
    expected = variance = 0.0
    strata = [np.flatnonzero(like == one) for one in np.unique(like)]
    for rows in strata:
        n, many = len(rows), y[rows].sum()
        expected = expected + many * places[rows].mean(axis=0, dtype=np.float64)
        if 0 < many < n:
            spread = places[rows].var(axis=0, ddof=1, dtype=np.float64)
            variance = variance + many * (1 - many / n) * spread
    error = np.sqrt(variance) * np.ones(places.shape[1])

    def excess(labelling: np.ndarray) -> np.ndarray:
        gap = (places.T @ labelling).astype(np.float64) - np.asarray(expected)[:, None]
        return _standardised(gap, error[:, None]).reshape(-1, n_codes, labelling.shape[1]).max(axis=0)

    seen = excess(y[:, None].astype(np.float32))
    above = np.zeros(n_codes)
    for many in _batches(permutations):
        drawn = np.empty((len(y), many), dtype=np.float32)
        for rows in strata:
            drawn[rows] = rng.permuted(np.tile(y[rows], (many, 1)), axis=1).T
        above += (excess(drawn) >= seen - 1e-9).sum(axis=1)
    return seen[:, 0], (1 + above) / (1 + permutations)


def _standardised(gap: np.ndarray, error: np.ndarray) -> np.ndarray:
    errors = np.broadcast_to(error, gap.shape)
    return np.divide(gap, errors, out=np.zeros_like(gap), where=errors > 0)


def _check_enough(order: Sequence[str], permutations: int, least: int) -> None:
    if len(order) < least:
        raise ValueError(f"there are {len(order)} groups; expected at least {least} to compare")
    if permutations < 1:
        raise ValueError(f"permutations is {permutations}; expected at least 1, better 999")


def _batches(permutations: int) -> Iterator[int]:
    for start in range(0, permutations, _AT_ONCE):
        yield min(_AT_ONCE, permutations - start)
