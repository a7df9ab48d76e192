"""Is a difference between models more than the luck of the folds? Tests, and their correction.

A test over folds takes each fold as one observation. The training parts of folds overlap, so that
their values are not independent and such tests find too much (doi:10.1023/A:1024068626366): the
corrected variance of Nadeau and Bengio is used for the paired t-test. Differences with an interval
over test items (`helpers.stats.metrics.difference`) are the first thing to read; these stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

_METRICS = ("pearson", "spearman")


def p_text(p: float, draws: int, *, tails: int = 2) -> str:
    """A p value as text; at the floor of its draws it reads as below it, never as a value.

    Parameters
    ----------
    draws : int
        Replicates or permutations that it comes from; the least value is ``tails / (draws + 1)``.
    tails : {2, 1}
        2 for `helpers.stats.metrics.difference`, 1 for a one-sided permutation test.

    Examples
    --------
    >>> p_text(0.0341, 1000), p_text(2 / 1001, 1000), p_text(1.0, 1000), p_text(float("nan"), 0)
    ('.034', '< .002', '1', '')
    """
    if np.isnan(p):
        return ""
    floor = tails / (draws + 1)
    if p <= floor * (1 + 1e-9):
        # Rounded up to one digit, so that what is written is true.
        unit = 10.0 ** np.floor(np.log10(floor))
        bound = np.format_float_positional(np.ceil(floor / unit - 1e-9) * unit, precision=12, trim="-")
        return f"< {bound.removeprefix('0')}"
    return "1" if p >= 0.9995 else f"{max(p, 0.001):.3f}".removeprefix("0")


def holm(p_values: ArrayLike) -> np.ndarray:
    """P values corrected for their number (Holm 1979, https://www.jstor.org/stable/4615733); NaN stays.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p, there = _checked(p_values)
    order = there[np.argsort(p[there], kind="stable")]
    stepped = np.minimum(1.0, p[order] * np.arange(order.size, 0, -1))
    p[order] = np.maximum.accumulate(stepped)
    return p


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """P values corrected to a false discovery rate (doi:10.1111/j.2517-6161.1995.tb02031.x); NaN stays.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    p, there = _checked(p_values)
    p[there] = stats.false_discovery_control(p[there], method="bh") if there.size else np.nan
    return p


def by_fold(predictions: pd.DataFrame, *, metric: str = "pearson") -> pd.DataFrame:
    """One number a protocol, cell type, model and fold, in each run.

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
        ``protocol, task, model, run, fold, value, n``; a constant prediction has no correlation: NaN.

    Examples
    --------
    >>> rows = pd.DataFrame({"y": [1.0, 2.0, 3.0], "p": [1.0, 2.0, 4.0]})
    >>> rows = rows.assign(protocol="holdout", model="ours", fold="1")
    >>> by_fold(rows)["value"].round(3).tolist()
    [0.982]
    """
    if metric not in _METRICS:
        raise ValueError(f"metric is {metric!r}; expected one of {', '.join(_METRICS)}")
    absent = {"task": "", "run": 1}
    table = predictions.assign(**{name: of for name, of in absent.items() if name not in predictions})
    keys = ["protocol", "task", "model", "run", "fold"]
    rows = []
    for key, part in table.groupby(keys, sort=False):
        y, p = part["y"].to_numpy(float), part["p"].to_numpy(float)
        if metric == "spearman":
            y, p = stats.rankdata(y), stats.rankdata(p)
        there = y.std() > 0 and p.std() > 0
        rows.append((*key, float(np.corrcoef(y, p)[0, 1]) if there else np.nan, len(part)))
    return pd.DataFrame(rows, columns=[*keys, "value", "n"])


def paired_tests(
    folds: pd.DataFrame, model: str, others: Sequence[str], *, test_share: float | None = None
) -> pd.DataFrame:
    """Paired t-tests of a model against others over folds, corrected for their number.

    Parameters
    ----------
    folds : pandas.DataFrame
        As `by_fold` gives them.
    test_share : float, optional
        Size of a test part over that of its training part; by default ``1 / (k - 1)`` for k folds a run.

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
    rows: list[tuple[object, ...]] = []
    for key, values, of_run in _measured(folds, [model, *others]):
        k = len(values)
        share = 1 / (of_run - 1) if test_share is None else test_share
        for place, other in enumerate(others, start=1):
            gap = values[:, 0] - values[:, place]
            error = np.sqrt((1 / k + share) * gap.var(ddof=1))
            t = gap.mean() / error if error > 0 else np.nan
            rows.append((*key, other, k, gap.mean(), t, 2 * stats.t.sf(abs(t), k - 1)))
    columns = ["protocol", "task", "minus", "folds", "difference", "t", "p_value"]
    return _corrected(pd.DataFrame(rows, columns=columns))


def _measured(
    folds: pd.DataFrame, models: Sequence[str]
) -> Iterator[tuple[tuple[str, str], np.ndarray, float]]:
    """Values (folds of all runs, models) of each protocol and task, and the folds of a run."""
    if folds.empty:  # every protocol has one fold: there is nothing to test over
        return
    if unknown := sorted(set(models) - set(folds["model"])):
        raise ValueError(
            f"no folds of the model {', '.join(unknown)}; found {', '.join(sorted(set(folds['model'])))}"
        )
    chosen = folds[folds["model"].isin(models)]
    chosen = chosen if "run" in chosen else chosen.assign(run=1)
    for (protocol, task), part in chosen.groupby(["protocol", "task"], sort=False):
        values = part.pivot(index=["run", "fold"], columns="model", values="value")
        of_run = values.groupby("run").size().mean()
        if of_run < 2:
            raise ValueError(
                f"protocol {protocol!r} has {of_run:g} fold; expected two or more to test over. "
                "Run more folds, or leave the protocol out"
            )
        yield (protocol, task), values[list(models)].to_numpy(float), of_run


def _corrected(found: pd.DataFrame) -> pd.DataFrame:
    """Add both corrections of the p values of each protocol."""
    by_protocol = found.groupby("protocol", sort=False)["p_value"]
    for name, correct in {"p_holm": holm, "p_bh": benjamini_hochberg}.items():
        found[name] = by_protocol.transform(lambda p, correct=correct: correct(p.to_numpy()))
    return found


def _checked(p_values: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """A copy of p values, and where one is known."""
    p = np.array(p_values, dtype=float)
    if (wrong := p[(p < 0) | (p > 1)]).size:
        raise ValueError(f"a p value is {wrong[0]}; expected 0 to 1")
    return p, np.flatnonzero(~np.isnan(p))
