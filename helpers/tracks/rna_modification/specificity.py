"""Which codes belong to one group of windows more than chance would have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control

from helpers.tracks.rna_modification.counts import Spectrum, aligned

_AT_ONCE = 256
"""Permutations in one product of matrices."""


class PermutationTest(NamedTuple):
    """A permutation test of codes.

    Attributes
    ----------
    z : numpy.ndarray, dtype=float64
        The statistic as observed.
    p, q : numpy.ndarray, dtype=float64
        ``(1 + permutations at least as large) / (1 + permutations)``, and the same controlled by
        Benjamini and Hochberg (doi:10.1111/j.2517-6161.1995.tb02031.x) over what is tested; 1
        where nothing is tested, because the code is not used.
    """

    z: np.ndarray
    p: np.ndarray
    q: np.ndarray


def tau(tf: ArrayLike) -> np.ndarray:
    """Specificity of each row: 0 where all groups use a code alike, 1 where only one does.

    Parameters
    ----------
    tf : array of float, shape=(n_codes, groups)
        Use, 0 or more.

    Returns
    -------
    numpy.ndarray, shape=(n_codes,), dtype=float64
        Sum of ``1 - x / max(x)``, divided by the groups less one; 0 for a row of zeros.

    Raises
    ------
    ValueError
        If there are fewer than two groups or a value is negative or not finite.

    References
    ----------
    .. [1] Yanai et al. 2005, doi:10.1093/bioinformatics/bti042

    Examples
    --------
    >>> tau([[1.0, 0.0, 0.0], [2.0, 2.0, 2.0], [2.0, 1.0, 0.0], [0, 0, 0]]).tolist()
    [1.0, 0.0, 0.75, 0.0]
    """
    table = np.asarray(tf, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"a spectrum of shape {table.shape}; expected two groups or more")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("a use is negative or not finite; give term frequencies")
    top = table.max(axis=1, keepdims=True)
    share = np.divide(table, top, out=np.ones_like(table), where=top > 0)
    return np.asarray((1 - share).sum(axis=1) / (table.shape[1] - 1))


def between_groups(
    counts: np.ndarray,
    groups: ArrayLike,
    labels: ArrayLike,
    *,
    order: Sequence[str],
    permutations: int = 999,
    seed: int = 0,
) -> PermutationTest:
    """Test whether a group uses a code more than windows drawn without regard to their group.

    The groups of the positive windows are permuted. The statistic of a code is the largest
    standardised excess of a group: its mean count less that of all positive windows, over the
    standard error that a sample of its size would have (drawn without putting back).

    Parameters
    ----------
    counts, groups, labels
        As in `helpers.tracks.rna_modification.counts.spectrum`.
    order : sequence of str
        The groups.
    permutations : int
    seed : int

    Returns
    -------
    PermutationTest
        Arrays of shape (n_codes,).

    Raises
    ------
    ValueError
        If lengths do not fit, or there are fewer than two groups or one permutation.

    Examples
    --------
    >>> counts = np.repeat([[1, 1, 0], [0, 1, 0]], 20, axis=0)
    >>> found = between_groups(counts, ["a"] * 20 + ["b"] * 20, [1] * 40, order=["a", "b"])
    >>> found.p.round(3).tolist()
    [0.001, 1.0, 1.0]
    """
    counts, of, positive = aligned(counts, groups, labels)
    _enough(order, permutations)
    inside = positive & np.isin(of, list(order))
    # Products of whole numbers in float32 are exact far beyond the counts of any window table.
    own = counts[inside].astype(np.float32)
    member = (of[inside][:, None] == np.array(list(order), dtype=object)).astype(np.float32)
    if not (size := member.sum(axis=0)).all():
        raise ValueError(f"group {list(order)[int(size.argmin())]!r} has no positive window")
    mean, spread = own.mean(axis=0, dtype=np.float64), own.var(axis=0, ddof=1, dtype=np.float64)
    error = np.sqrt(spread[:, None] * (1 / size - 1 / len(own)))

    def statistic(indicator: np.ndarray) -> np.ndarray:
        sums = (own.T @ indicator).reshape(own.shape[1], -1, len(size)).astype(np.float64)
        gap = sums / size - mean[:, None, None]
        errors = np.broadcast_to(error[:, None, :], gap.shape)
        return np.divide(gap, errors, out=np.zeros_like(gap), where=errors > 0).max(axis=2)

    rng = np.random.default_rng(seed)
    seen = statistic(member)[:, 0]
    above = np.zeros(own.shape[1])
    for cut in _batches(permutations):
        drawn = np.concatenate([member[rng.permutation(len(own))] for _ in range(cut)], axis=1)
        above += (statistic(drawn) >= seen[:, None] - 1e-9).sum(axis=1)
    p = (1 + above) / (1 + permutations)
    return _controlled(seen, p, np.asarray(own.any(axis=0)))


def against_negatives(
    counts: np.ndarray,
    groups: ArrayLike,
    labels: ArrayLike,
    *,
    order: Sequence[str],
    permutations: int = 999,
    seed: int = 0,
) -> PermutationTest:
    """Test whether the positive windows of a group use a code more than its own negatives.

    Labels are permuted within each group. This tells what goes with the modification from what
    goes with the places where it was looked for: groups differ in composition, too.

    Parameters
    ----------
    counts, groups, labels, order, permutations, seed
        As in `between_groups`.

    Returns
    -------
    PermutationTest
        Arrays of shape (n_codes, groups); `z` is the standardised difference of the mean counts,
        `p` is one-sided, `q` over all codes and groups. A group without negatives is not tested.

    Raises
    ------
    ValueError
        As `between_groups`.

    Examples
    --------
    >>> counts = np.repeat([[1, 1], [0, 1]], 20, axis=0)
    >>> found = against_negatives(counts, ["a"] * 40, [1] * 20 + [0] * 20, order=["a"])
    >>> found.p.round(3).tolist()
    [[0.001], [1.0]]
    """
    counts, of, positive = aligned(counts, groups, labels)
    _enough(order, permutations, least=1)
    shape = (counts.shape[1], len(order))
    z, p, tested = np.zeros(shape), np.ones(shape), np.zeros(shape, dtype=bool)
    rng = np.random.default_rng(seed)
    for column, name in enumerate(order):
        own = of == name
        y = positive[own].astype(np.float32)
        ones, n = y.sum(), len(y)
        if ones == 0 or ones == n:
            continue
        table = counts[own].astype(np.float32)
        mean, spread = table.mean(axis=0, dtype=float), table.var(axis=0, ddof=1, dtype=float)
        error = np.sqrt(spread * (1 / ones - 1 / n))[:, None]
        sums = table.T @ y[:, None]
        seen = _z(sums, ones, mean, error)
        above = np.zeros(shape[0])
        for cut in _batches(permutations):
            drawn = rng.permuted(np.tile(y, (cut, 1)), axis=1).T
            above += (_z(table.T @ drawn, ones, mean, error) >= seen - 1e-9).sum(axis=1)
        z[:, column], p[:, column] = seen[:, 0], (1 + above) / (1 + permutations)
        tested[:, column] = table.any(axis=0)
    return _controlled(z, p, tested)


def sorted_table(
    found: Spectrum,
    between: PermutationTest,
    within: PermutationTest,
    *,
    consensus: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The whole codebook as one table: every code a row, by its first group, then its score.

    Parameters
    ----------
    found : Spectrum
    between, within : PermutationTest
        From `between_groups` and `against_negatives`, with the groups of `found`.
    consensus : sequence of str, optional
        Text of each code.

    Returns
    -------
    pandas.DataFrame
        ``code`` (its number in the codebook), ``used``, ``primary`` (the group with the largest
        TF; empty for an unused code), ``specificity`` (`tau`), ``score`` (TF-IDF of the primary
        group times specificity), ``p, q`` (between groups), ``p_label, q_label`` (positives
        against negatives of the primary group), ``tf_positive, tf_negative`` (of the primary
        group), ``idf``, ``windows`` (positive windows that hold it), ``consensus`` and one column
        of TF-IDF a group. Unused codes stand last.

    Examples
    --------
    >>> from helpers.tracks.rna_modification.counts import spectrum
    >>> counts, of, y = np.array([[0, 2, 0], [0, 1, 0]]), ["a", "b"], [1, 1]
    >>> tests = [test(counts, of, y, order=["a", "b"], permutations=9)
    ...          for test in (between_groups, against_negatives)]
    >>> table = sorted_table(spectrum(counts, of, y), *tests)
    >>> table[["code", "used", "primary"]].values.tolist()
    [[1, True, 'a'], [0, False, ''], [2, False, '']]
    """
    n_codes, first = len(found.df), found.tf.argmax(axis=1)
    rows, weights = np.arange(n_codes), found.tf_idf
    specificity = tau(found.tf)
    table = pd.DataFrame(
        {
            "code": rows, "used": found.used,
            "primary": np.where(found.used, np.array(found.groups, dtype=object)[first], ""),
            "specificity": specificity, "score": weights[rows, first] * specificity,
            "p": between.p, "q": between.q,
            "p_label": within.p[rows, first], "q_label": within.q[rows, first],
            "tf_positive": found.tf[rows, first], "tf_negative": found.tf_negative[rows, first],
            "idf": found.idf, "windows": found.df,
            "consensus": "" if consensus is None else list(consensus),
        }
    )  # fmt: skip
    table = pd.concat([table, pd.DataFrame(weights, columns=found.groups)], axis=1)
    place = np.where(found.used, first, len(found.groups))
    order = np.lexsort((rows, -table["score"].to_numpy(), place))
    return table.iloc[order].reset_index(drop=True)


def specific(table: pd.DataFrame, *, most_q: float = 0.05) -> pd.Series:
    """Which codes of a table are specific: by both tests, and used more where the label is 1.

    Parameters
    ----------
    table : pandas.DataFrame
        From `sorted_table`.
    most_q : float
        Largest q-value of both tests.

    Returns
    -------
    pandas.Series
        True or False a row.

    Examples
    --------
    >>> rows = pd.DataFrame({"used": True, "q": [0.01, 0.01], "q_label": [0.01, 0.5]})
    >>> specific(rows).tolist()
    [True, False]
    """
    return table["used"] & (table["q"] <= most_q) & (table["q_label"] <= most_q)


def top_codes(
    found: Spectrum, between: PermutationTest, within: PermutationTest, *, most_q: float = 0.05
) -> pd.DataFrame:
    """Give the first code of each group; two groups that share a motif may share the code, too.

    Parameters
    ----------
    found : Spectrum
    between, within : PermutationTest
        As in `sorted_table`.
    most_q : float
        Largest q-value of a code between groups, and against the negatives of the group itself.

    Returns
    -------
    pandas.DataFrame
        ``group, code, excess``: of the codes that pass, the one with the largest IDF times the
        excess of its TF over the mean of all groups. A group without such a code has no row.

    Examples
    --------
    >>> from helpers.tracks.rna_modification.counts import spectrum
    >>> counts = np.repeat([[1, 1], [0, 1], [0, 1], [0, 1]], 20, axis=0)
    >>> of, y = np.repeat(["a", "b"], 40), np.tile(np.repeat([1, 0], 20), 2)
    >>> tests = [test(counts, of, y, order=["a", "b"])
    ...          for test in (between_groups, against_negatives)]
    >>> top_codes(spectrum(counts, of, y), *tests)[["group", "code"]].values.tolist()
    [['a', 0]]
    """
    excess = (found.tf - found.tf.mean(axis=1, keepdims=True)) * found.idf[:, None]
    passed = (between.q[:, None] <= most_q) & (within.q <= most_q) & (excess > 0)
    rows = []
    for column, name in enumerate(found.groups):
        if passed[:, column].any():
            code = int(np.where(passed[:, column], excess[:, column], -np.inf).argmax())
            rows.append((name, code, float(excess[code, column])))
    return pd.DataFrame(rows, columns=["group", "code", "excess"])


def _z(sums: np.ndarray, ones: float, mean: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Standardised excess of the positives over all windows, one column a labelling."""
    gap = np.asarray(sums, dtype=np.float64) / float(ones) - mean[:, None]
    errors = np.broadcast_to(error, gap.shape)
    return np.divide(gap, errors, out=np.zeros_like(gap), where=errors > 0)


def _controlled(z: np.ndarray, p: np.ndarray, tested: np.ndarray) -> PermutationTest:
    p, q = np.where(tested, p, 1.0), np.ones_like(p)
    if tested.any():
        q[tested] = false_discovery_control(p[tested])
    return PermutationTest(z, p, q)


def _batches(permutations: int) -> list[int]:
    whole, rest = divmod(permutations, _AT_ONCE)
    return [_AT_ONCE] * whole + [rest] * (rest > 0)


def _enough(order: Sequence[str], permutations: int, least: int = 2) -> None:
    if len(order) < least:
        raise ValueError(f"there are {len(order)} groups; expected at least {least} to compare")
    if permutations < 1:
        raise ValueError(f"permutations is {permutations}; expected at least 1, better 999")
