"""How good an explanation is: against a planted truth, and against another explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    decoys: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
    **named: str,
) -> pd.DataFrame:
    """Score every explanation against the planted positions, all on the same items and positions.

    Parameters
    ----------
    maps : dict of str to array-like, shape=(n, ...)
        Importance by name of the method, those of `helpers.explain.controls.trivial_maps` among
        them; NaN at padding; its absolute value counts. A method that explains the first items
        only may have fewer of them: then all are scored on those.
    truth : array-like of bool, shape=(m, ...), m >= n
        True at the planted positions that have an effect.
    decoys : array-like of bool, shape=(m, ...), optional
        True at the positions of decoys, which look alike and have none.
    groups : array-like, shape=(m,) or (m, 2), optional
        Group of each item for the interval; from fewer than ten there is none.
    seed : int
        Of the bootstrap, and the column of that name.
    **named : str
        ``dataset``, ``task`` and ``protocol`` of the results table.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table, for each method ``explanation_auroc`` (sites against all other
        positions, decoys among them) and, with decoys, ``explanation_auroc_decoy`` (sites against
        decoys alone, over the items that have both): .5 is what a map gets that cannot tell them.

    Examples
    --------
    >>> rows = score_maps(
    ...     {"m": [[0.1, -0.9, 0.2]]}, [[0, 1, 0]], decoys=[[0, 0, 1]], dataset="d", task="t"
    ... )
    >>> rows[["model", "metric", "value"]].values.tolist()
    [['m', 'explanation_auroc', 1.0], ['m', 'explanation_auroc_decoy', 1.0]]
    """
    arrays, sites, counted = _comparable(maps, truth, decoys)
    of = None if groups is None else np.asarray(groups)[: len(sites)]
    rows = []
    for name, values in arrays.items():
        for metric, mask in counted.items():
            frame = metrics.explanation_auroc(values, sites, mask=mask, metric=metric, groups=of, seed=seed)
            rows.append(tidy(frame, model=name, seed=seed, **named))
    return pd.concat(rows, ignore_index=True)


def lead(
    maps: Mapping[str, ArrayLike],
    truth: ArrayLike,
    *,
    rivals: Sequence[str],
    decoys: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How far each map is above its best rival, item by item.

    Parameters
    ----------
    maps, truth, decoys, groups, seed
        As in `score_maps`.
    rivals : sequence of str
        Names among `maps` of those to beat, such as the maps of `controls.trivial_maps`.

    Returns
    -------
    pandas.DataFrame
        Columns `model, minus, metric, value, ci_low, ci_high, n`: a row a map that is no rival, on
        decoys where they are given, against the rival with the best mean. Put into words by
        `helpers.stats.verdicts.each`.

    Examples
    --------
    >>> maps = {"ours": [[1, 3, 2]] * 12, "near": [[1, 1, 1]] * 12}
    >>> maps["words"] = [[2, 3, 2]] * 6 + [[4, 3, 2]] * 6
    >>> found = lead(maps, [[0, 1, 0]] * 12, rivals=["words", "near"])
    >>> found[["model", "minus", "value"]].values.tolist()
    [['ours', 'words', 0.25]]
    """
    if not rivals or (unknown := sorted(set(rivals) - set(maps))):
        raise ValueError(
            f"rivals {unknown if rivals else 'are none'}; expected names among {', '.join(maps)}"
        )
    arrays, sites, counted = _comparable(maps, truth, decoys)
    metric, mask = list(counted.items())[-1]
    areas = {name: metrics.explanation_areas(line, sites, mask=mask) for name, line in arrays.items()}
    best = max(rivals, key=lambda name: float(np.nanmean(areas[name])))
    of = None if groups is None else np.asarray(groups)[: len(sites)]
    rows = [
        metrics.mean_interval(line - areas[best], metric=metric, groups=of, seed=seed).assign(model=name)
        for name, line in areas.items()
        if name not in rivals
    ]
    columns = ["model", "minus", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.concat(rows, ignore_index=True).assign(minus=best)[columns]


def _comparable(
    maps: Mapping[str, ArrayLike], truth: ArrayLike, decoys: ArrayLike | None
) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    """Maps without sign on the items that all have, their sites, and which positions count by metric."""
    arrays = {name: np.abs(np.asarray(values, dtype=float)) for name, values in maps.items()}
    if not arrays:
        raise ValueError("there is no map to score; give one or more by name")
    n = min(map(len, arrays.values()))
    there = np.logical_and.reduce([np.isfinite(values[:n]) for values in arrays.values()])
    sites = np.asarray(truth)[:n]
    counted = {"explanation_auroc": there}
    if decoys is not None:
        if np.shape(decoys) != np.shape(truth):
            found = f"decoys has shape {np.shape(decoys)}, truth {np.shape(truth)}"
            raise ValueError(f"{found}; expected the same (planted_positions gives both)")
        counted["explanation_auroc_decoy"] = there & ((sites == 1) | (np.asarray(decoys)[:n] == 1))
    return {name: np.where(there, values[:n], 0) for name, values in arrays.items()}, sites, counted


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
        One row of the results table, metric ``spearman``: the mean over items in which neither is the same
        everywhere, NaN if there is none.

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
        vary = there.any() and np.ptp(a[there]) > 0 and np.ptp(b[there]) > 0
        values.append(float(spearmanr(a[there], b[there]).statistic) if vary else np.nan)
    if np.isnan(values).all():  # as of a network that has not begun: its weights are zero
        nothing = dict.fromkeys(("value", "ci_low", "ci_high"), np.nan)
        frame = pd.DataFrame([{"metric": "spearman", **nothing, "n": len(values)}])
    else:
        frame = metrics.mean_interval(values, metric="spearman", seed=seed)
    return tidy(frame, dataset=dataset, task=task, model=model, protocol=protocol, seed=seed)


def split_half(
    first: ArrayLike, second: ArrayLike, *, groups: ArrayLike | None = None, seed: int = 0
) -> pd.DataFrame:
    """How well two halves of the references (or of the draws) give the same attributions.

    Parameters
    ----------
    first, second : array-like, shape=(n, ...)
        Attributions with their signs, each from one half; NaN at padding.
    groups, seed
        As in `score_maps`.

    Returns
    -------
    pandas.DataFrame
        One row, metric ``split_half``: mean over items of Pearson's correlation between the halves.
        All references together are steadier: ``2 * r / (1 + r)``, after Spearman and Brown
        (doi:10.1111/j.2044-8295.1910.tb00206.x).

    Examples
    --------
    >>> split_half([[1.0, 2.0, 4.0]], [[1.0, 2.0, 4.0]])[["metric", "value"]].values.tolist()
    [['split_half', 1.0]]
    """
    a, b = (np.asarray(half, dtype=float) for half in (first, second))
    if a.shape != b.shape:
        raise ValueError(f"the halves have the shapes {a.shape} and {b.shape}; expected the same")
    a, b = (half.reshape(len(half), -1) for half in (a, b))
    there = np.isfinite(a) & np.isfinite(b)
    a, b = (np.where(there, half, 0) for half in (a, b))
    size = np.maximum(there.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(there, half - half.sum(axis=1, keepdims=True) / size, 0) for half in (a, b))
    spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    values = np.divide((a * b).sum(axis=1), spread, out=np.full(len(a), np.nan), where=spread > 0)
    return metrics.mean_interval(values, metric="split_half", groups=groups, seed=seed)


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
        Seed of the bootstrap, which draws an item with all of its elements.

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
            items: list[int] = []
            for element in part.to_dict("records"):
                at_work = [abs(element.get(task, np.inf)) >= least for task in tasks]
                item = importance[element["row"]][:, at_work]
                inside, rest = item[element["start"] : element["stop"]], item[outside[element["row"]]]
                if item.size and rest.size:
                    ratios.append(float(np.log(inside.mean() + 1e-12) - np.log(rest.mean() + 1e-12)))
                    items.append(element["row"])
            if ratios:
                found = metrics.mean_interval(ratios, metric="log_ratio", groups=items, seed=seed).iloc[0]
                ends = np.exp(found[["value", "ci_low", "ci_high"]].to_numpy(float))
                rows.append((name, method, *ends, len(ratios)))
    return pd.DataFrame(rows, columns=["element", "method", "value", "ci_low", "ci_high", "n"])


def tidy(frame: pd.DataFrame, *, protocol: str = PROTOCOL, **named: Any) -> pd.DataFrame:
    """Rows of the results table, of the protocol `PROTOCOL` where none is given."""
    return results.tidy(frame, protocol=protocol, **named)
