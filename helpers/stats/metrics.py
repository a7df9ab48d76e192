"""How good predictions are, with a 95 % bootstrap interval beside every number.

`auroc`, `pearson` and their like give one `Interval`; `classification` and `regression` give one row a
metric, which `helpers.stats.results.tidy` turns into rows of a results table. A cluster bootstrap
(`groups`) is used where items share a group, because their errors then agree and a plain interval
would be too narrow (doi:10.1111/j.1467-9868.2007.00593.x); pairs have a group on either side and
give both, as two columns (doi:10.1214/07-AOAS122). Fewer than ten groups on a side give no interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binomtest, rankdata
from sklearn.metrics import precision_recall_curve, roc_curve

from helpers.stats import bootstrap, checks
from helpers.stats.bootstrap import Interval
from helpers.stats.results import MEASURED

CLASSIFICATION = (
    "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "f1", "mcc",
    "auroc", "auprc", "brier", "ece",
)  # fmt: skip
REGRESSION = ("pearson", "spearman", "r2", "mse", "rmse", "mae")


class Metric(NamedTuple):
    """A metric by its name: call it with labels (or measured values) and predictions."""

    name: str

    def __call__(
        self,
        y: ArrayLike,
        p: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        n_boot: int = 1000,
        seed: int = 0,
    ) -> Interval:
        """Value with its interval; a metric of decisions predicts class 1 where ``p >= 0.5``.

        Examples
        --------
        >>> str(auroc([0, 1] * 20, [0.1, 0.9, 0.6, 0.4] * 10))
        '0.750 (0.551 to 0.899)'
        """
        statistic, n = statistic_of(kind_of(self.name), y, p)
        codes = checks.groups_of(groups, n)
        return bootstrap.intervals(statistic, n, n_boot=n_boot, seed=seed, groups=codes)[self.name]


accuracy, balanced_accuracy, sensitivity, specificity, precision = map(Metric, CLASSIFICATION[:5])
f1, mcc, auroc, auprc, brier, ece = map(Metric, CLASSIFICATION[5:])
pearson, spearman, r2, mse, rmse, mae = map(Metric, REGRESSION)


class Difference(NamedTuple):
    """Metric of model a minus metric of model b on the same items.

    `p_value` is twice the smaller share of replicates on one side of zero (at most 1): a summary of
    the bootstrap, not an exact test (`helpers.stats.significance.p_text` words it). `groups` is the
    number of groups on the side that has fewer; below ten, interval and `p_value` are NaN.
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    n: int
    usable_replicates: int
    groups: int


def classification(
    y: ArrayLike,
    p: ArrayLike,
    *,
    threshold: float = 0.5,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of predicted probabilities, a row each: metric, value, ci_low, ci_high, n.

    Parameters
    ----------
    y : array-like, shape=(n,)
        Labels, 0 or 1; both must occur.
    p : array-like, shape=(n,)
        Predicted probability of class 1, from 0 to 1.
    threshold : float
        Class 1 is predicted where ``p >= threshold``. Choose it on validation data.
    groups : array-like, shape=(n,) or (n, 2), optional
        Group of each item; whole groups are then drawn. Two columns for pairs: a group on each side.
    n_boot : int
        Number of bootstrap replicates; 0 for values without intervals.

    Returns
    -------
    pandas.DataFrame
        `auprc` is the average precision, `brier` the mean squared error (doi:10.1175/1520-0493(1950)078
        <0001:VOFEIT>2.0.CO;2), `ece` the expected calibration error over ten bins of equal width
        (doi:10.1609/aaai.v29i1.9602; without an interval, for every resample makes it larger), `mcc`
        Matthews' coefficient (doi:10.1016/0005-2795(75)90109-9). Replicates that drew a single class
        are left out; ``attrs["usable_replicates"]`` says how many were used for each metric.

    Raises
    ------
    ValueError
        If a value is refused; the message names its place, and how to mend it.

    Examples
    --------
    >>> frame = classification([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], n_boot=100)
    >>> frame.set_index("metric").value[["accuracy", "auroc", "brier"]].tolist()
    [0.5, 0.75, 0.185]
    """
    y, p = checks.labelled(y, p)
    codes = checks.groups_of(groups, y.size)
    statistic = bootstrap.classification_statistic(y, p, threshold)
    return table(statistic, y.size, groups=codes, n_boot=n_boot, seed=seed)


def regression(
    y: ArrayLike,
    y_pred: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of predicted values, a row each, as `classification` gives them.

    Parameters
    ----------
    y, y_pred : array-like, shape=(n,)
        Measured and predicted values. A constant prediction ranks nothing: its correlation counts as 0.
    mask : array-like of bool, shape=(n,), optional
        True for items that count.
    groups, n_boot, seed
        As for `classification`.

    Examples
    --------
    >>> frame = regression([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], n_boot=0)
    >>> frame.set_index("metric").value.round(3)[["r2", "mae"]].tolist()
    [0.5, 0.333]
    """
    y, y_pred, groups = checks.measured(y, y_pred, mask, groups=groups)
    codes = checks.groups_of(groups, y.size)
    statistic = bootstrap.regression_statistic(y, y_pred)
    return table(statistic, y.size, groups=codes, n_boot=n_boot, seed=seed)


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
    y, p_a, p_b : array-like, shape=(n,)
        Labels, or measured values for a metric of `REGRESSION`, and both models' predictions. The
        metrics of decisions use 0.5 as threshold; give decisions (0 or 1) for another.
    groups, n_boot, seed
        As for `classification`.

    Examples
    --------
    >>> y = [0, 1] * 20
    >>> difference(y, y, [0.5] * 40, metric="auroc", n_boot=50).value
    0.5
    """
    kind = kind_of(metric)
    of_a, n = statistic_of(kind, y, p_a, name="p_a")
    of_b, _ = statistic_of(kind, y, p_b, name="p_b")
    return gap(metric, of_a, of_b, groups=checks.groups_of(groups, n), n=n, n_boot=n_boot, seed=seed)


def gap(
    metric: str,
    of_a: bootstrap.Statistic,
    of_b: bootstrap.Statistic,
    *,
    groups: np.ndarray | None,
    n: int,
    n_boot: int,
    seed: int,
) -> Difference:
    """Difference of a metric between two statistics of the same items, from the same replicates."""

    def both(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"gap": of_a(counts)[metric] - of_b(counts)[metric]}

    values, drawn, units = bootstrap.replicates(both, n, n_boot=n_boot, seed=seed, groups=groups)
    found = bootstrap.interval(values["gap"], drawn["gap"], units)
    beyond = min(np.sum(drawn["gap"] <= 0), np.sum(drawn["gap"] >= 0))
    # Adding one keeps the share above zero: a finite bootstrap cannot show that it is zero.
    p_value = min(1.0, 2 * (beyond + 1) / (found.usable + 1)) if found.usable else np.nan
    return Difference(*found[:3], float(p_value), n, found.usable, units)


def calibration(
    y: ArrayLike,
    p: ArrayLike,
    *,
    bins: int = 10,
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Observed share of class 1 against predicted probability, in bins of equal width.

    Parameters
    ----------
    groups, n_boot, seed
        As for `classification`.

    Returns
    -------
    pandas.DataFrame
        A row for each bin that holds an item: bin_low, bin_high, predicted (mean probability),
        observed (share of class 1), n, ci_low, ci_high: with groups the 95 % interval of the
        bootstrap, and NaN in a bin of fewer than ten groups; without, Wilson's
        (doi:10.1080/01621459.1927.10502953).

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
    codes, of = checks.groups_of(groups, y.size), bootstrap.bin_of(p, bins)
    rows = pd.DataFrame({"bin": of, "predicted": p, "observed": y, "n": 1})
    found = rows.groupby("bin", as_index=False).agg({"predicted": "mean", "observed": "sum", "n": "sum"})
    if codes is None:
        pairs = zip(found["observed"].astype(int), found["n"], strict=True)
        bounds = [tuple(binomtest(hits, n).proportion_ci(method="wilson")) for hits, n in pairs]
    else:
        bounds = _shares(y, [of == one for one in found["bin"]], codes, n_boot=n_boot, seed=seed)
    found["observed"] /= found["n"]
    found["ci_low"], found["ci_high"] = zip(*bounds, strict=True)
    found.insert(0, "bin_low", found["bin"] / bins)
    found.insert(1, "bin_high", (found["bin"] + 1) / bins)
    return found.drop(columns="bin")


def _shares(
    y: np.ndarray, bins: list[np.ndarray], codes: np.ndarray, *, n_boot: int, seed: int
) -> list[tuple[float, float]]:
    """Interval of the share of class 1 in each bin, groups drawn once for all; NaN from too few of them."""
    inside = np.column_stack(bins).astype(np.float64)

    def shares(counts: np.ndarray) -> dict[str, np.ndarray]:
        found = (counts @ (inside * y[:, None])) / (counts @ inside)
        return {str(one): column for one, column in enumerate(found.T)}

    found = bootstrap.intervals(shares, y.size, n_boot=n_boot, seed=seed, groups=codes)
    there = [bootstrap.fewest(codes[one], int(one.sum())) >= bootstrap.FEWEST_GROUPS for one in bins]
    return [
        row[1:3] if enough else (np.nan, np.nan) for row, enough in zip(found.values(), there, strict=True)
    ]


def confusion(y: ArrayLike, p: ArrayLike, *, threshold: float = 0.5) -> pd.DataFrame:
    """Counts of labels (rows) against decisions (columns).

    Examples
    --------
    >>> confusion([0, 0, 1], [0.1, 0.9, 0.9]).to_numpy().tolist()
    [[1, 1], [0, 1]]
    """
    y, p = checks.labelled(y, p)
    counts = np.bincount(2 * y.astype(int) + (p >= threshold), minlength=4).reshape(2, 2)
    labels = pd.Index([0, 1], name="label"), pd.Index([0, 1], name="predicted")
    return pd.DataFrame(counts, index=labels[0], columns=labels[1])


def roc(y: ArrayLike, p: ArrayLike) -> pd.DataFrame:
    """Receiver operating characteristic: columns threshold, fpr, tpr; the first threshold is inf.

    Examples
    --------
    >>> roc([0, 1], [0.2, 0.7])[["fpr", "tpr"]].to_numpy().tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    fpr, tpr, thresholds = roc_curve(*checks.labelled(y, p))
    return pd.DataFrame({"threshold": thresholds, "fpr": fpr, "tpr": tpr})


def precision_recall(y: ArrayLike, p: ArrayLike) -> pd.DataFrame:
    """Precision against recall: columns threshold, recall, precision; the last threshold is inf.

    Examples
    --------
    >>> precision_recall([0, 1], [0.2, 0.7]).recall.tolist()
    [1.0, 1.0, 0.0]
    """
    precise, recall, thresholds = precision_recall_curve(*checks.labelled(y, p))
    return pd.DataFrame({"threshold": np.append(thresholds, np.inf), "recall": recall, "precision": precise})


def explanation_auroc(
    importance: ArrayLike,
    truth: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    metric: str = "explanation_auroc",
    groups: ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """AUROC of attribution maps against the positions that matter, averaged over items.

    Parameters
    ----------
    importance, truth, mask
        As for `explanation_areas`.
    metric : str
        Name of the row.
    groups, n_boot, seed
        As for `mean_interval`.

    Returns
    -------
    pandas.DataFrame
        As of `mean_interval`; items without a planted or without another position have no value.

    Examples
    --------
    >>> explanation_auroc([[0.1, 0.9, 0.2]], [[0, 1, 0]], n_boot=0).value[0]
    np.float64(1.0)
    """
    areas = explanation_areas(importance, truth, mask=mask)
    return mean_interval(areas, metric=metric, groups=groups, n_boot=n_boot, seed=seed)


def explanation_areas(
    importance: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None
) -> np.ndarray:
    """AUROC of each item's map against the positions that matter, shape=(n,), NaN where not defined.

    Parameters
    ----------
    importance : array-like, shape=(n, ...)
        Importance of each position of each item, of any shape (a line, a map of position pairs).
        A signed attribution is ranked as it is: take its absolute value where that is meant.
    truth : array-like of bool, shape=(n, ...)
        True at the planted positions.
    mask : array-like of bool, shape=(n, ...), optional
        True at positions that count: padding does not, and sites against decoys are the two alone.

    Examples
    --------
    >>> explanation_areas([[0.1, 0.9, 0.2], [0.1, 0.9, 0.2]], [[0, 1, 0], [0, 0, 1]]).tolist()
    [1.0, 0.5]
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
    areas = _areas(*(array.reshape(len(values), -1) for array in (values, planted & counted, counted)))
    if np.isnan(areas).all():
        raise ValueError(
            "no item has both a planted and another position among those that count, so no AUROC "
            "is defined; give truth with True at some positions (and a mask that keeps others)"
        )
    return areas


def mean_interval(
    values: ArrayLike, *, metric: str, groups: ArrayLike | None = None, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Mean of one value an item, with its interval over items.

    Parameters
    ----------
    values : array-like, shape=(items,)
        A number for each item, such as how far two maps agree; NaN where it is not defined.
    metric : str
        Name of the number.
    groups, n_boot, seed
        As for `classification`.

    Returns
    -------
    pandas.DataFrame
        One row: metric, value, ci_low, ci_high, n (items with a value). ``attrs["left_out"]``
        counts the items without one.

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
    checks.finite(np.where(kept, numbers, 0.0), "values", "Give NaN where a value is not defined")
    codes = checks.groups_of(groups, numbers.size)
    codes, defined = None if codes is None else codes[kept], numbers[kept]

    def mean(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {metric: counts @ defined / counts.sum(axis=1)}

    frame = table(mean, defined.size, groups=codes, n_boot=n_boot, seed=seed)
    frame.attrs["left_out"] = int(numbers.size - defined.size)
    return frame


def table(
    statistic: bootstrap.Statistic, n: int, *, groups: np.ndarray | None, n_boot: int, seed: int
) -> pd.DataFrame:
    """Value and interval of each number of a statistic over `n` items, a row each.

    ``attrs["groups"]`` counts the groups that could be drawn, on the side that has fewer.
    """
    found = bootstrap.intervals(statistic, n, n_boot=n_boot, seed=seed, groups=groups)
    frame = pd.DataFrame([(name, *row[:3], n) for name, row in found.items()], columns=MEASURED)
    frame.attrs["usable_replicates"] = {name: row.usable for name, row in found.items()}
    frame.attrs["groups"] = bootstrap.fewest(groups, n)
    return frame


def kind_of(metric: str) -> str:
    """Whether a metric is one of ``"classification"`` or of ``"regression"``."""
    if metric in CLASSIFICATION:
        return "classification"
    if metric in REGRESSION:
        return "regression"
    raise ValueError(f"metric is {metric!r}; expected one of {', '.join(CLASSIFICATION + REGRESSION)}")


def statistic_of(
    kind: str,
    y: ArrayLike,
    p: ArrayLike,
    *,
    name: str = "p",
    threshold: float = 0.5,
    folds: np.ndarray | None = None,
) -> tuple[bootstrap.Statistic, int]:
    """All metrics of a kind as a function of counts, and the number of items; what cannot be is refused."""
    if kind == "classification":
        labels, scores = checks.labelled(y, p, name)
        return bootstrap.classification_statistic(labels, scores, threshold, folds=folds), labels.size
    values, predicted, _ = checks.measured(y, p, None, groups=None, name=name)
    return bootstrap.regression_statistic(values, predicted, folds=folds), values.size


def _areas(values: np.ndarray, planted: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """AUROC of each row over the positions that count; NaN where there is one kind only."""
    # What does not count gets the lowest ranks, which are then taken off again.
    ranks = rankdata(np.where(counted, values, -np.inf), axis=1) - (~counted).sum(axis=1, keepdims=True)
    inside = planted.sum(axis=1)
    pairs = inside * (counted.sum(axis=1) - inside)
    wins = np.where(planted, ranks, 0).sum(axis=1) - inside * (inside + 1) / 2
    found: np.ndarray = np.divide(wins, pairs, out=np.full(len(values), np.nan), where=pairs > 0)
    return found
