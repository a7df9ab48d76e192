"""How good an explanation is: against a planted truth, and against another explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from helpers.stats import metrics, results

PROTOCOL = "validation_pairs"


def stack_maps(maps: Sequence[ArrayLike], *, shape: Sequence[int] | None = None) -> np.ndarray:
    """Maps of several sizes in one array, shape=(n, *shape), NaN beyond each map.

    The shape of an item is the largest along each axis when it is not given.

    Examples
    --------
    >>> stack_maps([[1.0], [2.0, 3.0]]).tolist()
    [[1.0, nan], [2.0, 3.0]]
    """
    arrays = [np.asarray(values, dtype=float) for values in maps]
    shape = np.max([a.shape for a in arrays], axis=0) if shape is None else shape
    stacked = np.full((len(arrays), *shape), np.nan)
    for number, values in enumerate(arrays):
        stacked[number][tuple(slice(size) for size in values.shape)] = values
    return stacked


def planted_positions(
    sites: pd.DataFrame, ids: Sequence[str], length: int, *, name: str = "gene_id"
) -> np.ndarray:
    """Positions that planted sites cover, shape=(n, length), dtype=bool.

    Parameters
    ----------
    sites : pandas.DataFrame
        One row a site: the id of its sequence in the column `name`, `start` and `stop` (0-based,
        half-open).
    ids : sequence of str
        The sequences, in their order; sites of others are passed over.
    length : int
        Positions of a sequence.

    Examples
    --------
    >>> sites = pd.DataFrame({"gene_id": ["a", "z"], "start": [1, 0], "stop": [3, 1]})
    >>> planted_positions(sites, ["b", "a"], 4).tolist()
    [[False, False, False, False], [False, True, True, False]]
    """
    row_of = {one: row for row, one in enumerate(ids)}
    found = np.zeros((len(row_of), length), dtype=bool)
    ours = sites[sites[name].isin(list(row_of))]
    for one, start, stop in zip(ours[name], ours["start"], ours["stop"], strict=True):
        if not 0 <= start < stop <= length:
            raise ValueError(f"a site of {one!r} from {start} to {stop} lies outside its {length} positions")
        found[row_of[one], start:stop] = True
    return found


def score_maps(
    maps: Mapping[str, ArrayLike],
    truth: ArrayLike,
    *,
    dataset: str,
    task: str,
    protocol: str = PROTOCOL,
    seed: int = 0,
) -> pd.DataFrame:
    """Score each explanation against the planted positions.

    Parameters
    ----------
    maps : dict of str to array-like, shape=(n, ...)
        Importance by name of the method, NaN at padding; its absolute value counts. A method that
        explains the first items only may have fewer of them.
    truth : array-like of bool, shape=(m, ...), m >= n
        True at the planted positions.
    dataset, task, protocol, seed
        For the results table, and the bootstrap over items.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table, metric ``explanation_auroc``, one a method.

    Examples
    --------
    >>> rows = score_maps({"m": [[0.1, -0.9, 0.2]]}, [[0, 1, 0]], dataset="d", task="t")
    >>> rows[["model", "metric", "value"]].values.tolist()
    [['m', 'explanation_auroc', 1.0]]
    """
    rows = []
    for name, values in maps.items():
        importance = np.abs(np.asarray(values, dtype=float))
        there = np.isfinite(importance)
        planted = np.asarray(truth)[: len(importance)]
        frame = metrics.explanation_auroc(np.where(there, importance, 0), planted, mask=there, seed=seed)
        rows.append(_tidy(frame, dataset, task, name, protocol, seed))
    return pd.concat(rows, ignore_index=True)


def rank_agreement(
    first: ArrayLike,
    second: ArrayLike,
    *,
    dataset: str,
    task: str,
    model: str,
    protocol: str = PROTOCOL,
    seed: int = 0,
) -> pd.DataFrame:
    """How far two explanations rank the positions alike: Spearman's correlation, item by item.

    Parameters
    ----------
    first, second : array-like, shape=(n, ...)
        Importance, NaN at padding; absolute values count. The shorter one says how many items.
    dataset, task, model, protocol, seed
        For the results table, and the bootstrap over items.

    Returns
    -------
    pandas.DataFrame
        One row of the results table, metric ``spearman``: the mean over items.

    Examples
    --------
    >>> row = rank_agreement([[1, 2, 3]], [[1, -4, 9]], dataset="d", task="t", model="m")
    >>> round(float(row["value"].iloc[0]), 6)
    1.0
    """
    values = []
    for a, b in zip(np.abs(np.asarray(first, float)), np.abs(np.asarray(second, float)), strict=False):
        shape = tuple(map(slice, np.minimum(a.shape, b.shape)))
        a, b = a[shape], b[shape]
        there = np.isfinite(a) & np.isfinite(b)
        values.append(float(spearmanr(a[there], b[there]).statistic))
    frame = metrics.mean_interval(values, metric="spearman", seed=seed)
    return _tidy(frame, dataset, task, model, protocol, seed)


def enrichment(
    maps: Mapping[str, ArrayLike],
    elements: pd.DataFrame,
    tasks: Sequence[str],
    *,
    least: float = 0.25,
    seed: int = 0,
) -> pd.DataFrame:
    """How much more an explanation gives to a position inside an element than to one outside all.

    Parameters
    ----------
    maps : dict of str to array-like, shape=(n, length, tasks)
        Importance by name of the method; its absolute value counts.
    elements : pandas.DataFrame
        ``row`` (0 to n - 1), ``element, start, stop`` (0-based, half-open). Where it has a column
        for a task, that is the element's effect there.
    tasks : sequence of str
        Names of the last axis.
    least : float
        Smallest absolute effect with which an element counts in a task.
    seed : int
        Seed of the bootstrap over items.

    Returns
    -------
    pandas.DataFrame
        ``element, method, value, ci_low, ci_high, n``: geometric mean over items (and the tasks in
        which the element is at work) of mean inside over mean outside.

    Examples
    --------
    >>> elements = pd.DataFrame({"row": [0], "element": ["TATA"], "start": [1], "stop": [2]})
    >>> found = enrichment({"m": np.array([[[1.0], [3.0], [1.0]]])}, elements, ["K562"])
    >>> round(float(found["value"][0]), 3)
    3.0
    """
    if elements.empty:
        raise ValueError("there is no element to look into; give a table with at least one")
    rows = []
    for method, values in maps.items():
        importance = np.abs(np.asarray(values, dtype=float))
        outside = np.ones(importance.shape[:2], dtype=bool)
        for element in elements.itertuples():
            outside[element.row, element.start : element.stop] = False
        for name, part in elements.groupby("element", sort=True):
            ratios: list[float] = []
            for element in part.to_dict("records"):
                at_work = [abs(element.get(task, np.inf)) >= least for task in tasks]
                item = importance[element["row"]][:, at_work]
                inside, rest = item[element["start"] : element["stop"]], item[outside[element["row"]]]
                if item.size and rest.size:
                    ratios.append(float(np.log(inside.mean() + 1e-12) - np.log(rest.mean() + 1e-12)))
            if ratios:
                found = metrics.mean_interval(ratios, metric="log_ratio", seed=seed).iloc[0]
                ends = np.exp(found[["value", "ci_low", "ci_high"]].to_numpy(float))
                rows.append((name, method, *ends, len(ratios)))
    return pd.DataFrame(rows, columns=["element", "method", "value", "ci_low", "ci_high", "n"])


def _tidy(frame: pd.DataFrame, dataset: str, task: str, model: str, protocol: str, seed: int) -> pd.DataFrame:
    return results.tidy(frame, dataset=dataset, task=task, protocol=protocol, model=model, seed=seed)
