"""How far a measurement repeats itself, and what that leaves for any model to reach.

The mean over replicates holds noise. Its reliability (the share of its variance that is no noise)
is estimated from how far the replicates agree; no prediction can correlate with the mean better
than the square root of it, except by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.stats import bootstrap, checks


def reliability(replicates: ArrayLike) -> tuple[float, float]:
    """Mean correlation between replicates, and the reliability of their mean.

    That is Spearman's and Brown's, doi:10.1111/j.2044-8295.1910.tb00207.x.

    Parameters
    ----------
    replicates : array-like, shape=(n, k)
        One column a replicate, NaN where there is none; each pair of columns is compared on the
        rows that both have.

    Examples
    --------
    >>> reliability([[1, 1], [2, 2], [3, 3.5]])[1] > 0.99
    True
    """
    table = pd.DataFrame(np.asarray(replicates, dtype=float))
    k = table.shape[1]
    if k < 2:
        raise ValueError(f"there are {k} replicates; expected at least two to compare")
    pairs = table.corr(min_periods=3).to_numpy()[np.triu_indices(k, 1)]
    if np.isnan(pairs).any():
        raise ValueError(
            "two replicates share fewer than three rows, or one is constant; expected more. Leave "
            "the replicate out"
        )
    single = float(pairs.mean())
    return single, k * single / (1 + (k - 1) * single)


def ceiling(
    replicates: Mapping[str, ArrayLike], *, groups: ArrayLike | None = None, n_boot: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Highest correlation with the mean over replicates that noise allows, for each cell type.

    Parameters
    ----------
    replicates : dict of str to array-like, shape=(n, k)
        Replicates of each cell type; one with fewer than two columns is left out.
    groups : array-like, shape=(n,) or (n, 2), optional
        Group of each row, on one side or two; the bootstrap draws whole groups.

    Returns
    -------
    pandas.DataFrame
        ``task, replicates, single, reliability, value, ci_low, ci_high, n``: `value` is the square
        root of the reliability with its 95 % interval, `n` the rows that were measured at all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=(300, 1))
    >>> found = ceiling({"K562": truth + rng.normal(size=(300, 2))}, n_boot=0)
    >>> bool(abs(found["value"][0] - (2 / 3) ** 0.5) < 0.05)
    True
    """
    rows = []
    for task, values in replicates.items():
        table = np.asarray(values, dtype=float)
        if table.shape[1] < 2:
            continue
        single, whole = reliability(table)
        codes = checks.groups_of(groups, len(table))
        options = {"n_boot": n_boot, "seed": seed, "groups": codes}
        found = bootstrap.intervals(partial(_roots, table), len(table), **options)["root"]  # type: ignore[arg-type]
        n = int(np.isfinite(table).any(axis=1).sum())
        rows.append((task, table.shape[1], single, whole, *found[:3], n))
    columns = ["task", "replicates", "single", "reliability", "value", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=columns)


def _roots(table: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Square root of the reliability of each replicate; NaN where it drew too little."""
    rows = [table[np.repeat(np.arange(len(table)), drawn)] for drawn in counts.astype(int)]
    return {"root": np.array([_root(drawn) for drawn in rows])}


def _root(table: np.ndarray) -> float:
    try:
        return float(np.sqrt(max(reliability(table)[1], 0.0)))
    except ValueError:
        return np.nan
