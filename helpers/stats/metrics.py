"""How good predictions are, with a 95 % bootstrap interval beside every number.

`classification` and `regression` give one row a metric; `helpers.stats.results.tidy` turns them into rows
of a results table. A cluster bootstrap (`groups`) is used where items share a group, because their
errors then agree and a plain interval would be too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve, roc_curve

from helpers.stats import bootstrap, checks
from helpers.stats.results import MEASURED

__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "Difference",
    "best_threshold",
    "calibration",
    "classification",
    "confusion",
    "difference",
    "explanation_auroc",
    "explanation_auroc_items",
    "mean_interval",
    "precision_recall",
    "regression",
    "roc",
]

CLASSIFICATION = (
    "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "f1", "mcc",
    "auroc", "auprc", "brier", "ece",
)  # fmt: skip
REGRESSION = ("pearson", "spearman", "r2", "mse", "rmse", "mae")
_THRESHOLD_METRICS = ("mcc", "f1", "balanced_accuracy", "accuracy")


class Difference(NamedTuple):
    """Metric of model a minus metric of model b on the same items.

    `p_value` is twice the smaller share of replicates on one side of zero (at most 1): a summary of
    the bootstrap, not an exact test.
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int
    usable_replicates: int


def classification(
    y: ArrayLike,
    p: ArrayLike,
    *,
    threshold: float = 0.5,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """All classification metrics of predicted probabilities, each with its interval.

    Parameters
    ----------
    y : array-like, shape=(n,)
        Labels, 0 or 1; both must occur.
    p : array-like, shape=(n,)
        Predicted probability of class 1, from 0 to 1.
    threshold : float
        Class 1 is predicted where ``p >= threshold``. Choose it on validation data
        (`best_threshold`).
    groups : array-like, shape=(n,), optional
        Group of each item; whole groups are then drawn (doi:10.1111/j.1467-9868.2007.00593.x).
    n_boot : int
        Number of bootstrap replicates; 0 for values without intervals.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, ci_low, ci_high, n; a row for each of `CLASSIFICATION`. `auprc` is
        the average precision, `brier` the mean squared error (doi:10.1175/1520-0493(1950)078
        <0001:VOFEIT>2.0.CO;2), `ece` the expected calibration error over ten bins of equal width
        (doi:10.1609/aaai.v29i1.9602), `mcc` Matthews' coefficient
        (doi:10.1016/0005-2795(75)90109-9). Replicates that drew a single class are left out;
        ``attrs["usable_replicates"]`` says how many were used for each metric.

    Raises
    ------
    ValueError
        If lengths differ, a label is not 0 or 1, a probability is missing or outside 0 to 1, only
        one class occurs, or there are fewer than two groups to draw.

    Examples
    --------
    >>> frame = classification([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], n_boot=100)
    >>> frame.set_index("metric").value[["accuracy", "auroc", "brier"]].tolist()
    [0.5, 0.75, 0.185]
    """
    y, p = checks.labelled(y, p)
    statistic = bootstrap.classification_statistic(y, p, threshold)
    return _frame(statistic, y.size, groups=groups, n_boot=n_boot, seed=seed)


def regression(
    y: ArrayLike,
    y_pred: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """All regression metrics, each with its interval.

    Parameters
    ----------
    y, y_pred : array-like, shape=(n,)
        Measured and predicted values, in the same unit.
    mask : array-like of bool, shape=(n,), optional
        True where the item counts. Values that are missing must be masked; none is dropped unasked.
    groups : array-like, shape=(n,), optional
        Group of each item; whole groups are then drawn.
    n_boot : int
        Number of bootstrap replicates; 0 for values without intervals.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, ci_low, ci_high, n; a row for each of `REGRESSION`. A constant
        prediction has no correlation: NaN.

    Raises
    ------
    ValueError
        If lengths differ, a value that counts is missing or infinite, or `y` is constant.

    Examples
    --------
    >>> frame = regression([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], n_boot=0)
    >>> frame.set_index("metric").value.round(3)[["r2", "mae"]].tolist()
    [0.5, 0.333]
    """
    y, y_pred, groups = checks.measured(y, y_pred, mask, groups)
    statistic = bootstrap.regression_statistic(y, y_pred)
    return _frame(statistic, y.size, groups=groups, n_boot=n_boot, seed=seed)


def difference(
    y: ArrayLike,
    p_a: ArrayLike,
    p_b: ArrayLike,
    *,
    metric: str = "auroc",
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> Difference:
    """Difference of a metric between two models, by a paired bootstrap over the same items.

    Parameters
    ----------
    y : array-like, shape=(n,)
        Labels, or measured values for a metric of `REGRESSION`.
    p_a, p_b : array-like, shape=(n,)
        Predictions of both models for the same items in the same order. The metrics of decisions
        use 0.5 as threshold; give decisions (0 or 1) in place of probabilities for another.
    metric : str
        One of `CLASSIFICATION` or `REGRESSION`.
    groups : array-like, shape=(n,), optional
        Group of each item; whole groups are then drawn.
    n_boot, seed : int
        Number of replicates and seed.

    Returns
    -------
    Difference
        Metric of a minus metric of b.

    Raises
    ------
    ValueError
        As `classification` and `regression`, and if the metric is unknown.

    Examples
    --------
    >>> y = [0, 1] * 20
    >>> difference(y, y, [0.5] * 40, metric="auroc", n_boot=50).value
    0.5
    """
    _known(metric, CLASSIFICATION + REGRESSION)
    if metric in CLASSIFICATION:
        labels, a = checks.labelled(y, p_a, "p_a")
        _, b = checks.labelled(y, p_b, "p_b")
        statistics = [bootstrap.classification_statistic(labels, p, 0.5) for p in (a, b)]
    else:
        labels, a, _ = checks.measured(y, p_a, None, None, "p_a")
        _, b, _ = checks.measured(y, p_b, None, None, "p_b")
        statistics = [bootstrap.regression_statistic(labels, p) for p in (a, b)]

    def gap(counts: np.ndarray) -> dict[str, np.ndarray]:
        of_a, of_b = (statistic(counts)[metric] for statistic in statistics)
        return {"gap": of_a - of_b}

    drawn_from = checks.groups_of(groups, labels.size, n_boot)
    value = float(gap(np.ones((1, labels.size)))["gap"][0])
    draws = bootstrap.draws(labels.size, n_boot=n_boot, seed=seed, groups=drawn_from)
    replicates = [gap(counts)["gap"] for counts in draws]
    found = bootstrap.interval(value, replicates)
    drawn = np.concatenate([*replicates, np.empty(0)])
    beyond = min(np.sum(drawn <= 0), np.sum(drawn >= 0))
    # Adding one keeps the share above zero: a finite bootstrap cannot show that it is zero.
    p_value = min(1.0, 2 * (beyond + 1) / (found.usable + 1)) if found.usable else np.nan
    return Difference(value, found.ci_low, found.ci_high, float(p_value), labels.size, found.usable)


def calibration(y: ArrayLike, p: ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Observed share of class 1 against predicted probability, in bins of equal width.

    Parameters
    ----------
    y, p : array-like, shape=(n,)
        Labels and probabilities, as in `classification`.
    bins : int
        Number of bins between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        A row for each bin that holds an item: bin_low, bin_high, predicted (mean probability),
        observed (share of class 1), n, ci_low, ci_high (Wilson's 95 % interval of the share,
        doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> calibration([0, 0, 1, 1], [0.0, 0.2, 0.8, 1.0], bins=2)[["predicted", "observed", "n"]]
       predicted  observed  n
    0        0.1       0.0  2
    1        0.9       1.0  2
    """
    y, p = checks.labelled(y, p)
    if bins < 1:
        raise ValueError(f"bins is {bins}; expected at least 1")
    place = bootstrap.bin_of(p, bins)
    n = np.bincount(place, minlength=bins)
    kept = np.flatnonzero(n)
    n = n[kept]
    observed = np.bincount(place, weights=y, minlength=bins)[kept] / n
    low, high = _wilson(observed, n)
    return pd.DataFrame(
        {
            "bin_low": kept / bins,
            "bin_high": (kept + 1) / bins,
            "predicted": np.bincount(place, weights=p, minlength=bins)[kept] / n,
            "observed": observed,
            "n": n,
            "ci_low": low,
            "ci_high": high,
        }
    )


def confusion(y: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> pd.DataFrame:
    """Counts of labels (rows) against decisions (columns).

    Examples
    --------
    >>> confusion([0, 0, 1], [0.1, 0.9, 0.9]).to_numpy().tolist()
    [[1, 1], [0, 1]]
    """
    y, p = checks.labelled(y, p)
    decided = (p >= threshold).astype(int)
    counts = np.bincount(2 * y.astype(int) + decided, minlength=4).reshape(2, 2)
    labels = pd.Index([0, 1], name="label"), pd.Index([0, 1], name="predicted")
    return pd.DataFrame(counts, index=labels[0], columns=labels[1])


def roc(y: ArrayLike, p: ArrayLike) -> pd.DataFrame:
    """Receiver operating characteristic: columns threshold, fpr, tpr; the first threshold is inf.

    Examples
    --------
    >>> roc([0, 1], [0.2, 0.7])[["fpr", "tpr"]].to_numpy().tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    y, p = checks.labelled(y, p)
    fpr, tpr, thresholds = roc_curve(y, p)
    return pd.DataFrame({"threshold": thresholds, "fpr": fpr, "tpr": tpr})


def precision_recall(y: ArrayLike, p: ArrayLike) -> pd.DataFrame:
    """Precision against recall: columns threshold, recall, precision; the last threshold is inf.

    Examples
    --------
    >>> precision_recall([0, 1], [0.2, 0.7]).recall.tolist()
    [1.0, 1.0, 0.0]
    """
    y, p = checks.labelled(y, p)
    precision, recall, thresholds = precision_recall_curve(y, p)
    return pd.DataFrame(
        {"threshold": np.append(thresholds, np.inf), "recall": recall, "precision": precision}
    )


def best_threshold(y_valid: ArrayLike, p_valid: ArrayLike, *, metric: str = "mcc") -> float:
    """Threshold that is best on VALIDATION data; a threshold chosen on test data is a leak.

    Parameters
    ----------
    y_valid, p_valid : array-like, shape=(n,)
        Labels and probabilities of the validation part.
    metric : str
        One of mcc, f1, balanced_accuracy, accuracy.

    Returns
    -------
    float
        Halfway between two neighbouring probabilities; of equally good ones the nearest to 0.5.

    Examples
    --------
    >>> best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9])
    0.25
    """
    _known(metric, _THRESHOLD_METRICS)
    y, p = checks.labelled(y_valid, p_valid, "p_valid")
    scores, place = np.unique(p, return_inverse=True)
    halfway = scores[:-1] + np.diff(scores) / 2
    # Between two neighbouring floats there is no middle; the upper one separates them as well.
    candidates = np.append(scores[0], np.where(halfway > scores[:-1], halfway, scores[1:]))
    n = np.bincount(place)[::-1].cumsum()[::-1]
    hits = np.bincount(place, weights=y)[::-1].cumsum()[::-1]
    total, positive = np.full(n.size, float(y.size)), np.full(n.size, y.sum())
    values = bootstrap.decisions(total, positive, n.astype(float), hits)[metric]
    best = candidates[np.isclose(values, values.max(), rtol=0, atol=1e-12)]
    return float(best[np.argmin(np.abs(best - 0.5))])


def explanation_auroc(
    importance: ArrayLike,
    truth: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """AUROC of attribution maps against the positions that matter, averaged over items.

    Parameters
    ----------
    importance : array-like, shape=(n, ...)
        Importance of each position of each item, of any shape (a line, a map of position pairs).
        A signed attribution is ranked as it is: take its absolute value where that is meant.
    truth : array-like of bool, shape=(n, ...)
        True at the planted positions.
    mask : array-like of bool, shape=(n, ...), optional
        True at positions that exist (padding is False).
    n_boot, seed : int
        Replicates and seed of the bootstrap over items.

    Returns
    -------
    pandas.DataFrame
        One row, metric ``explanation_auroc``, `n` the number of items that have a value.
        ``attrs["left_out"]`` counts items without a planted or without another position.

    Raises
    ------
    ValueError
        If shapes differ, a value that counts is not finite, or no item has a value.

    Examples
    --------
    >>> explanation_auroc([[0.1, 0.9, 0.2]], [[0, 1, 0]], n_boot=0).value[0]
    np.float64(1.0)
    """
    per_item = explanation_auroc_items(importance, truth, mask=mask)
    if np.isnan(per_item).all():
        raise ValueError(
            "no item has both a planted and another position among those that count, so no AUROC "
            "is defined; give truth with True at some positions (and a mask that keeps others)"
        )
    return mean_interval(per_item, metric="explanation_auroc", n_boot=n_boot, seed=seed)


def mean_interval(
    values: ArrayLike,
    *,
    metric: str,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean of one value an item, with its interval over items.

    Parameters
    ----------
    values : array-like, shape=(items,)
        A number for each item, such as how far two maps agree; NaN where it is not defined.
    metric : str
        Name of the number.
    groups : array-like, shape=(items,), optional
        Group of each item; whole groups are then drawn.
    n_boot, seed : int
        Replicates and seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row: metric, value, ci_low, ci_high, n (items with a value). ``attrs["left_out"]``
        counts the items without one.

    Raises
    ------
    ValueError
        If a value is infinite or none is defined.

    Examples
    --------
    >>> mean_interval([0.5, 1.0, np.nan], metric="spearman", n_boot=0)[["value", "n"]]
       value  n
    0   0.75  2
    """
    numbers = checks.column(values, "values")
    kept = ~np.isnan(numbers)
    if not kept.any():
        raise ValueError(f"values holds NaN only ({numbers.size} items), so there is no mean")
    defined = numbers[kept]
    checks.finite(np.where(kept, numbers, 0.0), "values", "Give NaN where a value is not defined")
    if groups is not None:
        groups = checks.groups_of(groups, numbers.size, 0)[kept]  # type: ignore[index]

    def mean(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {metric: counts @ defined / counts.sum(axis=1)}

    frame = _frame(mean, defined.size, groups=groups, n_boot=n_boot, seed=seed)
    frame.attrs["left_out"] = int(numbers.size - defined.size)
    return frame


def explanation_auroc_items(
    importance: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None
) -> np.ndarray:
    """AUROC of each item's attribution map; NaN where an item has no planted or no other position.

    Parameters
    ----------
    importance, truth, mask
        As in `explanation_auroc`.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        One value an item.
    """
    values, planted = np.asarray(importance, dtype=np.float64), np.asarray(truth)
    counted = np.ones(values.shape, bool) if mask is None else np.asarray(mask)
    for name, array in (("truth", planted), ("mask", counted)):
        if array.shape != values.shape:
            raise ValueError(f"{name} has shape {array.shape}, importance {values.shape}; expected the same")
        if not np.isin(array, (0, 1)).all():
            raise ValueError(f"{name} holds other values than True and False; give a boolean array")
    planted, counted = planted.astype(bool), counted.astype(bool)
    if (wrong := np.argwhere(counted & ~np.isfinite(values))).size:
        index = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"importance{list(index)} is {values[index]}; expected a finite value. "
            "Mask positions that do not exist with mask="
        )
    scores = [_auroc(*item) for item in zip(values, planted, counted, strict=True)]
    return np.array(scores, dtype=np.float64)


def _frame(
    statistic: bootstrap.Statistic, n: int, *, groups: ArrayLike | None, n_boot: int, seed: int
) -> pd.DataFrame:
    drawn_from = checks.groups_of(groups, n, n_boot)
    found = bootstrap.intervals(statistic, n, n_boot=n_boot, seed=seed, groups=drawn_from)
    frame = pd.DataFrame(
        [(name, *row[:3], n) for name, row in found.items()],
        columns=MEASURED,
    )
    frame.attrs["usable_replicates"] = {name: row.usable for name, row in found.items()}
    return frame


def _known(metric: str, names: Sequence[str]) -> None:
    if metric not in names:
        raise ValueError(f"metric is {metric!r}; expected one of {', '.join(names)}")


def _wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    z = 1.959963984540054
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def _auroc(values: np.ndarray, planted: np.ndarray, counted: np.ndarray) -> float:
    values, planted = values[counted], planted[counted]
    inside = int(planted.sum())
    outside = planted.size - inside
    if not inside or not outside:
        return np.nan
    return (rankdata(values)[planted].sum() - inside * (inside + 1) / 2) / (inside * outside)
