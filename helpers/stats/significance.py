"""Is a difference between models more than the luck of the folds? Tests, and their correction.

A test over folds takes each fold as one observation. The training parts of folds overlap, so that
their values are not independent and such tests find too much (doi:10.1023/A:1024068626366): the
corrected variance of Nadeau and Bengio is used for the paired t-test. Differences with an interval
over test items (`helpers.stats.metrics.difference`) are the first thing to read; these stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

_METRICS = ("pearson", "spearman")


def holm(p_values: ArrayLike) -> np.ndarray:
    """P values corrected for their number by Holm's step-down procedure.

    Parameters
    ----------
    p_values : array-like, shape=(n,)
        Each from 0 to 1; NaN stays NaN and does not count.

    Returns
    -------
    numpy.ndarray, shape=(n,)
        Holm 1979, https://www.jstor.org/stable/4615733.

    Raises
    ------
    ValueError
        If a value lies outside 0 to 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    adjusted = np.full(p.shape, np.nan)
    order = [int(place) for place in np.argsort(p, kind="stable") if not np.isnan(p[place])]
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p[place] * (len(order) - rank)))
        adjusted[place] = highest
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """P values corrected to the false discovery rate at which each would be a discovery.

    Parameters
    ----------
    p_values : array-like, shape=(n,)
        As for `holm`.

    Returns
    -------
    numpy.ndarray, shape=(n,)
        Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Raises
    ------
    ValueError
        If a value lies outside 0 to 1.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked(p_values)
    adjusted = np.full(p.shape, np.nan)
    there = ~np.isnan(p)
    if there.any():
        adjusted[there] = stats.false_discovery_control(p[there], method="bh")
    return adjusted


def by_fold(predictions: pd.DataFrame, *, metric: str = "pearson") -> pd.DataFrame:
    """One number a protocol, cell type, model and fold.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As `helpers.training.cross_validate` gives them, with the column ``protocol`` (and ``task``
        where there are several).
    metric : {"pearson", "spearman"}
        Which correlation of predicted and measured values.

    Returns
    -------
    pandas.DataFrame
        ``protocol, task, model, fold, value, n``; a constant prediction has no correlation: NaN.

    Raises
    ------
    ValueError
        If the metric is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"y": [1.0, 2.0, 3.0], "p": [1.0, 2.0, 4.0]})
    >>> rows = rows.assign(protocol="holdout", model="ours", fold="1")
    >>> by_fold(rows)["value"].round(3).tolist()
    [0.982]
    """
    if metric not in _METRICS:
        raise ValueError(f"metric is {metric!r}; expected one of {', '.join(_METRICS)}")
    table = predictions if "task" in predictions else predictions.assign(task="")
    rows = []
    for key, part in table.groupby(["protocol", "task", "model", "fold"], sort=False):
        y, p = part["y"].to_numpy(float), part["p"].to_numpy(float)
        if metric == "spearman":
            y, p = stats.rankdata(y), stats.rankdata(p)
        there = y.std() > 0 and p.std() > 0
        rows.append((*key, float(np.corrcoef(y, p)[0, 1]) if there else np.nan, len(part)))
    return pd.DataFrame(rows, columns=["protocol", "task", "model", "fold", "value", "n"])


def paired_tests(
    folds: pd.DataFrame, model: str, others: Sequence[str], *, test_share: float | None = None
) -> pd.DataFrame:
    """Paired t-tests of a model against others over folds, corrected for their number.

    Parameters
    ----------
    folds : pandas.DataFrame
        As `by_fold` gives them.
    model : str
        The model of interest.
    others : sequence of str
        What it is compared with.
    test_share : float, optional
        Size of a test part over that of its training part; by default ``1 / (k - 1)`` for k folds.

    Returns
    -------
    pandas.DataFrame
        ``protocol, task, minus, folds, difference, t, p_value, p_holm, p_bh``, a row for each
        protocol, task and other model; none if there is no fold at all. The variance is that of
        Nadeau and Bengio 2003, doi:10.1023/A:1024068626366; the corrections are over all rows of a
        protocol.

    Raises
    ------
    ValueError
        If a model is missing, or a protocol has fewer than two folds.
    """
    wide = _wide(folds, [model, *others])
    rows: list[tuple[object, ...]] = []
    for (protocol, task), part in wide.groupby(level=["protocol", "task"], sort=False):
        k = len(part)
        if k < 2:
            raise ValueError(
                f"protocol {protocol!r} has {k} fold; expected two or more to test over. Run more "
                "folds, or leave the protocol out"
            )
        share = 1 / (k - 1) if test_share is None else test_share
        for other in others:
            gap = (part[model] - part[other]).to_numpy()
            mean, variance = gap.mean(), gap.var(ddof=1)
            error = np.sqrt((1 / k + share) * variance)
            t = mean / error if error > 0 else np.nan
            p = 2 * stats.t.sf(abs(t), k - 1)
            rows.append((protocol, task, other, k, mean, t, p))
    columns = ["protocol", "task", "minus", "folds", "difference", "t", "p_value"]
    found = pd.DataFrame(rows, columns=columns)
    by_protocol = found.groupby("protocol", sort=False)["p_value"]
    found["p_holm"] = by_protocol.transform(lambda p: holm(p.to_numpy()))
    found["p_bh"] = by_protocol.transform(lambda p: benjamini_hochberg(p.to_numpy()))
    return found


def anova(folds: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Analysis of variance over folds: whether the models differ at all.

    Parameters
    ----------
    folds : pandas.DataFrame
        As `by_fold` gives them.
    models : sequence of str
        Two or more models.

    Returns
    -------
    pandas.DataFrame
        ``protocol, task, models, folds, f, df_models, df_error, p_value, p_holm, p_bh, friedman_p``
        of repeated measures (each fold measures every model, so that how hard a fold is does not
        count), beside Friedman's test on ranks (doi:10.1080/01621459.1937.10503522; three models
        or more, else NaN). The corrections are over the tasks of a protocol. No row if there is no
        fold at all.

    Raises
    ------
    ValueError
        If a model is missing, or there are fewer than two models or folds.

    Examples
    --------
    >>> values = [("p", "", m, f, v, 9) for m, vs in {"a": (1, 2, 3), "b": (2, 3, 4.5)}.items()
    ...           for f, v in enumerate(vs)]
    >>> table = pd.DataFrame(values, columns=["protocol", "task", "model", "fold", "value", "n"])
    >>> round(float(anova(table, ["a", "b"])["f"][0]), 3)
    49.0
    """
    if len(models) < 2:
        raise ValueError(f"anova over {len(models)} model; expected two or more")
    wide = _wide(folds, models)
    rows: list[tuple[object, ...]] = []
    for (protocol, task), part in wide.groupby(level=["protocol", "task"], sort=False):
        values = part[list(models)].to_numpy(float)
        k, m = values.shape
        if k < 2:
            raise ValueError(f"protocol {protocol!r} has {k} fold; expected two or more")
        centre = values.mean()
        between = k * np.square(values.mean(axis=0) - centre).sum()
        of_folds = m * np.square(values.mean(axis=1) - centre).sum()
        rest = np.square(values - centre).sum() - between - of_folds
        df = m - 1, (m - 1) * (k - 1)
        f = (between / df[0]) / (rest / df[1]) if rest > 0 else np.nan
        friedman = stats.friedmanchisquare(*values.T).pvalue if m > 2 else np.nan
        rows.append((protocol, task, m, k, f, *df, stats.f.sf(f, *df), friedman))
    columns = [
        "protocol", "task", "models", "folds", "f", "df_models", "df_error", "p_value",
        "friedman_p",
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    by_protocol = found.groupby("protocol", sort=False)["p_value"]
    found.insert(8, "p_holm", by_protocol.transform(lambda p: holm(p.to_numpy())))
    found.insert(9, "p_bh", by_protocol.transform(lambda p: benjamini_hochberg(p.to_numpy())))
    return found


def _wide(folds: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    if folds.empty:  # every protocol has one fold: there is nothing to test over
        names = pd.MultiIndex.from_arrays([[], [], []], names=["protocol", "task", "fold"])
        return pd.DataFrame(index=names, columns=list(models), dtype=float)
    if unknown := sorted(set(models) - set(folds["model"])):
        raise ValueError(
            f"no folds of the model {', '.join(unknown)}; found {', '.join(sorted(set(folds['model'])))}"
        )
    chosen = folds[folds["model"].isin(models)]
    wide = chosen.pivot(index=["protocol", "task", "fold"], columns="model", values="value")
    return wide.reindex(pd.MultiIndex.from_frame(chosen[wide.index.names].drop_duplicates()))


def _checked(p_values: ArrayLike) -> np.ndarray:
    p = np.asarray(p_values, dtype=float)
    known = p[~np.isnan(p)]
    if ((known < 0) | (known > 1)).any():
        raise ValueError(f"a p value is {known[(known < 0) | (known > 1)][0]}; expected 0 to 1")
    return p
