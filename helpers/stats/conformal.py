"""Intervals of predictions, from the errors of rows that chose nothing: conformal, by row or by mRNA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

LEVELS = (0.5, 0.8, 0.9, 0.95)  # shares of measurements that the intervals are made to hold

_TESTED = ["protocol", "run", "fold", "row", "group", "y"]


def out_of_fold(predictions: pd.DataFrame, groups: Sequence[Any]) -> pd.DataFrame:
    """Intervals of ``ours``, each from the errors of other rows, and whether they held the measurement.

    The interval of a tested row comes from out-of-fold errors under the same protocol, of rows that
    share neither group nor fold with it: they chose nothing, and their models had not seen them (those
    models may have seen the tested row, so the promise is that of cross-conformal prediction).
    Under a protocol that tests unseen groups the promise is for a row of a new group, else for a
    new row.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``protocol, run, fold, model, row, y, p, unsure``, as `helpers.training.cross_validate` gives them.
    groups : sequence, one for each row of the data
        Such as families of mRNAs.

    Returns
    -------
    pandas.DataFrame
        ``protocol, run, fold, row, group, y, level, low, high, inside, calibrated`` (groups or rows
        that it was made on). Ends are NaN, and so is ``inside``, where those are too few to promise
        the level: fewer than 9 for 90 %, 19 for 95 %.
    """
    ours = predictions[predictions["model"] == "ours"].reset_index(drop=True)
    ours["group"] = np.asarray(groups, dtype=object)[ours["row"]]
    error, parts = ((ours["y"] - ours["p"]).abs() / ours["unsure"]).to_numpy(), []
    for (protocol, _, _), part in ours.groupby(["protocol", "run", "fold"], sort=False):
        by = "row" if protocol.startswith("random") else "group"
        others = ((ours["protocol"] == protocol) & ~ours[by].isin(part[by])).to_numpy()
        units = ours.loc[others, by].to_numpy()
        for level in LEVELS:
            quantile = conformal_quantile(error[others], level, groups=units) if others.any() else np.inf
            half = part["unsure"] * (quantile if np.isfinite(quantile) else np.nan)
            held = ((part["y"] - part["p"]).abs() <= half).astype(float).where(half.notna())
            ends = {"level": level, "low": part["p"] - half, "high": part["p"] + half, "inside": held}
            parts.append(part[_TESTED].assign(**ends, calibrated=len(set(units))))
    return pd.concat(parts, ignore_index=True)


def conformal_quantile(errors: np.ndarray, level: float, *, groups: Any = None) -> float:
    """Value that holds a share of the errors of a new group, from errors on rows that were not fitted.

    Each of n groups weighs as much as the others, and as much as the new one, of which nothing is
    known (Lee 2023, doi:10.48550/arXiv.2306.06342): the value is the smallest under which the share lies,
    infinite where n is too small, n < level / (1 - level). Without groups each row is one, and the
    promise is for a new row: rank ceil((n + 1) level), Lei 2018, doi:10.1080/01621459.2017.1307116.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9), conformal_quantile(np.arange(3.0), 0.9)
    (18.0, inf)
    """
    codes = np.arange(len(errors)) if groups is None else pd.factorize(np.asarray(groups))[0]
    sizes = np.bincount(codes)
    order = np.argsort(errors, kind="stable")
    below = np.cumsum(1 / sizes[codes[order]]) / (len(sizes) + 1)
    place = int(np.searchsorted(below, level - 1e-9))
    return float(errors[order[place]]) if place < len(errors) else np.inf
