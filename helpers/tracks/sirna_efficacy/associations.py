"""How features relate to a measured value, with intervals over groups of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from helpers.sequences.alphabet import RNA
from helpers.stats import metrics


def within_groups(
    features: pd.DataFrame,
    y: ArrayLike,
    groups: ArrayLike,
    *,
    fewest: int = 10,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Spearman's correlation of each feature with a value inside each group, averaged.

    Inside a group (an mRNA), what makes one group differ from the next cannot pass for a feature.
    Groups of fewer than `fewest` rows are left out; the bootstrap draws whole groups.

    Returns
    -------
    pandas.DataFrame
        ``feature, value, ci_low, ci_high, n`` (groups), strongest first; NaN for a feature that
        never changes.

    Examples
    --------
    >>> features = pd.DataFrame({"x": [1.0, 2, 3, 1, 2, 3], "flat": [0.0] * 6})
    >>> table = within_groups(features, [1, 2, 3, 2, 3, 4], list("aaabbb"), fewest=3, n_boot=50)
    >>> table[["feature", "value", "n"]].values.tolist()
    [['x', 1.0, 2], ['flat', nan, 0]]
    """
    y, codes = np.asarray(y, dtype=float), pd.factorize(np.asarray(groups))[0]
    kept = [rows for code in np.unique(codes) if len(rows := np.flatnonzero(codes == code)) >= fewest]
    if not kept:
        raise ValueError(f"no group has {fewest} rows; the largest has {np.bincount(codes).max()}")
    values = features.to_numpy(dtype=float)
    each = np.stack([_spearman(values[rows], y[rows]) for rows in kept])
    found = []
    for name, column in zip(features.columns, each.T, strict=True):
        row = {"feature": name, "value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n": 0}
        if not np.isnan(column).all():
            row |= (
                metrics.mean_interval(column, metric="spearman", n_boot=n_boot, seed=seed).iloc[0].to_dict()
            )
        found.append(row)
    table = pd.DataFrame(found)[["feature", "value", "ci_low", "ci_high", "n"]]
    return table.sort_values("value", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def letter_effects(sequences: Sequence[str], y: ArrayLike, groups: ArrayLike) -> np.ndarray:
    """Mean value of the rows that have a letter at a position, less the mean of their group.

    Shape (length of the RNAs, 4), in the unit of `y`; NaN where no row has the letter.

    Examples
    --------
    >>> letter_effects(["A", "C"], [1.0, 0.0], ["g", "g"]).tolist()
    [[0.5, -0.5, nan, nan]]
    """
    values = pd.Series(np.asarray(y, dtype=float))
    rest = (values - values.groupby(np.asarray(groups)).transform("mean")).to_numpy()
    there = np.stack([RNA.encode(text) for text in sequences])[..., None] == np.arange(RNA.size)
    counts = there.sum(axis=0)
    sums = np.einsum("nla,n->la", there.astype(float), rest)
    return np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def deciles(values: ArrayLike, y: ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Mean of a value in equally filled bins of a feature; fewer bins for fewer distinct values.

    Columns ``x`` and ``y`` (means), ``ci_low, ci_high`` (1.96 standard errors of ``y``), ``n``.

    Examples
    --------
    >>> deciles([0, 0, 1, 1], [0.0, 0.2, 0.8, 1.0], bins=2)["y"].tolist()
    [0.1, 0.9]
    """
    table = pd.DataFrame({"x": np.asarray(values, float), "y": np.asarray(y, float)})
    if table["x"].nunique() <= bins:
        bin_of = pd.factorize(table["x"], sort=True)[0]
    else:
        edges = np.unique(np.quantile(table["x"], np.linspace(0, 1, bins + 1)[1:-1]))
        bin_of = np.searchsorted(edges, table["x"], side="right")
    grouped = table.groupby(bin_of)
    found = grouped.mean()
    error = 1.96 * grouped["y"].sem().fillna(0.0)
    found = found.assign(ci_low=found["y"] - error, ci_high=found["y"] + error, n=grouped.size())
    return found.reset_index(drop=True)


def _spearman(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    ranks = rankdata(values, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    target = rankdata(y) - (len(y) + 1) / 2
    size = np.sqrt(np.sum(ranks**2, axis=0) * np.sum(target**2))
    return np.divide(target @ ranks, size, out=np.full(len(size), np.nan), where=size > 0)
