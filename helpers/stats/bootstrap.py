"""Bootstrap by counts: how often each item is drawn, and metrics as matrix operations on that.

A resample of `n` items is a row of `n` counts. A metric that accepts weighted items is then
computed for a whole block of resamples at once, and the value of the data is the row of ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

BLOCK_CELLS = 2_000_000
"""Counts held at once (16 MB), so that memory does not grow with the number of replicates."""

ECE_BINS = 10

Statistic = Callable[[np.ndarray], dict[str, np.ndarray]]
"""Takes counts (replicates, items), gives each metric's values (replicates,)."""


class Interval(NamedTuple):
    """A value with its 95 % percentile interval and the replicates that could be used.

    Examples
    --------
    >>> str(Interval(0.912, 0.88, 0.94, 1000))
    '0.912 (0.880 to 0.940)'
    """

    value: float
    low: float
    high: float
    usable: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def draws(n: int, *, n_boot: int, seed: int, groups: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Draw bootstrap replicates, block by block, as counts of each item.

    The replicates do not depend on the block size. With `groups` whole groups are drawn, because
    items of one group are not independent (doi:10.1111/j.1467-9868.2007.00593.x).

    Yields
    ------
    numpy.ndarray, shape=(block, n), dtype=float64
        How often each item stands in each replicate.

    Examples
    --------
    >>> [block.sum(axis=1).tolist() for block in draws(4, n_boot=2, seed=0)]
    [[4.0, 4.0]]
    """
    rng = np.random.default_rng(seed)
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1]
    units = n if codes is None else int(codes.max()) + 1
    step = max(1, BLOCK_CELLS // max(n, units))
    for start in range(0, n_boot, step):
        rows = min(step, n_boot - start)
        drawn = rng.integers(units, size=(rows, units))
        drawn += np.arange(rows)[:, None] * units
        counts = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units)
        yield (counts if codes is None else counts[:, codes]).astype(np.float64)


def intervals(
    statistic: Statistic, n: int, *, n_boot: int, seed: int, groups: np.ndarray | None = None
) -> dict[str, Interval]:
    """Value and 95 % percentile interval of each metric (doi:10.1214/aos/1176344552).

    Replicates without a value (NaN) are left out of the interval; `usable` counts the others.
    """
    values = statistic(np.ones((1, n)))
    blocks = [statistic(counts) for counts in draws(n, n_boot=n_boot, seed=seed, groups=groups)]
    drawn = {name: np.concatenate([*(block[name] for block in blocks), np.empty(0)]) for name in values}
    return {name: interval(float(value[0]), drawn[name]) for name, value in values.items()}


def interval(value: float, replicates: np.ndarray) -> Interval:
    """Interval from the 2.5th to the 97.5th percentile of the replicates that have a value."""
    drawn = replicates[~np.isnan(replicates)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn.size else (np.nan, np.nan)
    return Interval(value, float(low), float(high), int(drawn.size))


def bin_of(p: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each probability, of `bins` bins of equal width; 1.0 belongs to the last."""
    return np.minimum((p * bins).astype(np.intp), bins - 1)


def classification_statistic(y: np.ndarray, p: np.ndarray, threshold: float) -> Statistic:
    """All classification metrics as a function of counts; replicates of one class give NaN.

    Labels and probabilities are float64; class 1 is predicted where ``p >= threshold``.
    """
    order = np.argsort(p, kind="stable")
    y_sorted = y[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))
    decided = (p >= threshold).astype(np.float64)
    gaps = np.where(bin_of(p, ECE_BINS)[:, None] == np.arange(ECE_BINS), (p - y)[:, None], 0.0)
    sums = np.column_stack([np.ones_like(y), y, decided, y * decided, (p - y) ** 2, gaps])

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        total, positive, called, hit, squares, *bin_gaps = (counts @ sums).T
        values = decisions(total, positive, called, hit=hit)
        values |= _rankings(counts[:, order], y_sorted, last_of_tie)
        values["brier"] = squares / total
        values["ece"] = np.abs(bin_gaps).sum(axis=0) / total
        one_class = (positive == 0) | (positive == total)
        return {name: np.where(one_class, np.nan, value) for name, value in values.items()}

    return statistic


def regression_statistic(y: np.ndarray, y_pred: np.ndarray) -> Statistic:
    """All regression metrics as a function of counts; replicates of one value give NaN."""
    # Sums of squares lose their digits when the mean is large against the spread.
    a, b = y - y.mean(), y_pred - y_pred.mean()
    error = y - y_pred
    sums = np.column_stack([np.ones_like(a), a, b, a * a, b * b, a * b, error**2, np.abs(error)])
    ranked = [_tie_order(y), _tie_order(y_pred)]
    smallest = 1e-12 * np.array([np.mean(a * a), np.mean(b * b)])

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        total, sa, sb, saa, sbb, sab, squares, absolute = (counts @ sums).T
        var_a, var_b = saa / total - (sa / total) ** 2, sbb / total - (sb / total) ** 2
        var_a = np.where(var_a > smallest[0], var_a, np.nan)
        both = np.sqrt(var_a * np.where(var_b > smallest[1], var_b, np.nan))
        mse = squares / total
        return {
            "pearson": np.clip((sab / total - sa * sb / total**2) / both, -1.0, 1.0),
            "spearman": np.where(np.isnan(both), np.nan, _spearman(counts, ranked)),
            "r2": 1.0 - mse / var_a,
            "mse": mse,
            "rmse": np.sqrt(mse),
            "mae": absolute / total,
        }

    return statistic


def decisions(
    total: np.ndarray, positive: np.ndarray, called: np.ndarray, *, hit: np.ndarray
) -> dict[str, np.ndarray]:
    """Metrics of decisions from the numbers of items, positives, calls and correct calls."""
    negative = total - positive
    true_negative = negative - (called - hit)
    sensitivity, specificity = _ratio(hit, positive), _ratio(true_negative, negative)
    # The product of four counts overflows nothing in float64 and is exact enough for a root.
    spread = np.sqrt(positive * negative * called * (total - called))
    return {
        "accuracy": (hit + true_negative) / total,
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "precision": _ratio(hit, called),
        "f1": _ratio(2 * hit, positive + called),
        "mcc": _ratio(total * hit - positive * called, spread),
    }


def _rankings(counts: np.ndarray, y_sorted: np.ndarray, last_of_tie: np.ndarray) -> dict[str, np.ndarray]:
    """Areas under both curves from counts in ascending order of score, ties taken as one step."""
    drawn = np.cumsum(counts, axis=1)
    counts *= y_sorted
    hits = np.cumsum(counts, axis=1)
    if last_of_tie.size < y_sorted.size:
        drawn, hits = drawn[:, last_of_tie], hits[:, last_of_tie]
    total, positive = drawn[:, -1:].copy(), hits[:, -1:].copy()
    step = np.diff(hits, axis=1, prepend=0.0)
    misses = drawn - hits
    pairs = np.einsum("ij,ij->i", step, misses)
    pairs -= 0.5 * np.einsum("ij,ij->i", step, np.diff(misses, axis=1, prepend=0.0))
    above_hits = positive - hits + step
    above = total - drawn + np.diff(drawn, axis=1, prepend=0.0)
    # Where nothing is drawn at or above a score no positive is drawn either: the term is zero.
    np.divide(above_hits, above, out=above_hits, where=above > 0)
    return {
        "auroc": _ratio(pairs, (positive * (total - positive))[:, 0]),
        "auprc": _ratio(np.einsum("ij,ij->i", step, above_hits), positive[:, 0]),
    }


def _tie_order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ascending order, the last place of each run of ties, and each item's run."""
    order = np.argsort(values, kind="stable")
    ends = np.append(np.diff(values[order]) != 0, True)
    run = np.empty(values.size, dtype=np.intp)
    run[order] = np.cumsum(ends) - ends
    return order, np.flatnonzero(ends), run


def _spearman(counts: np.ndarray, ranked: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """Pearson's coefficient of the average ranks of the drawn items within their replicate."""
    middle = (counts.sum(axis=1, keepdims=True) + 1) / 2
    ranks = []
    for order, ends, run in ranked:
        upto = np.cumsum(counts[:, order], axis=1)[:, ends]
        average = upto - (np.diff(upto, axis=1, prepend=0.0) - 1) / 2
        ranks.append((average - middle)[:, run])
    weighted = counts * ranks[0]
    covariance = np.einsum("ij,ij->i", weighted, ranks[1])
    spread = np.einsum("ij,ij->i", weighted, ranks[0])
    other = np.einsum("ij,ij,ij->i", counts, ranks[1], ranks[1])
    scale = np.sqrt(spread * other)
    return np.divide(covariance, scale, out=np.full_like(scale, np.nan), where=scale > 0)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient, 0 where the denominator is 0 (as scikit-learn has it for precision, F1 and MCC)."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=float), where=denominator > 0)
