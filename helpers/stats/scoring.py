"""From the predictions of a cross-validation to its table, its differences and its curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.stats import bootstrap, checks, metrics, results, significance

COLUMNS = ("protocol", "model", "row", "y", "p")
"""Columns of a table of predictions: one row a protocol, model and test item.

Where they apply there are further columns: ``task`` (a modification, a cell type), ``group`` and, for
pairs, ``group_2`` (what a row belongs to on either side), ``run`` (a repetition with its own seed and its
own partition), ``fold``, and ``near`` (whether the training of its fold holds a near copy, see
`helpers.splits.leakage.near_rows`). What ranks items ranks them within a fold of a run, because
different folds have different models; numbers are means over runs. Other columns are not looked at.
"""

Groups = Mapping[str, ArrayLike] | None

KINDS = ("classification", "regression")

CURVES: dict[str, Callable[..., pd.DataFrame]] = {
    "roc": metrics.roc,
    "precision_recall": metrics.precision_recall,
    "calibration": metrics.calibration,
}


def score(
    predictions: pd.DataFrame,
    *,
    groups: Groups = None,
    dataset: str,
    kind: str = "classification",
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """All metrics of every model under every protocol, for each task where there are several.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns `COLUMNS`, as `helpers.training.cross_validate` gives them.
    groups : dict of str to array-like, optional
        For each protocol, the group of every item of the data set (not only the tested ones), or two
        columns of them for pairs; the bootstrap draws whole groups, once for all runs. By default the
        columns ``group`` and ``group_2`` of the predictions.
    dataset : str
        For the results table.
    kind : {"classification", "regression"}
        Whether ``y`` holds labels and ``p`` probabilities, or both hold values of one unit.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table: means over runs, ``runs`` their number, ``sd`` their spread, ``n``
        the items of one run (on average) and ``near`` their near share where the predictions say it.

    Raises
    ------
    ValueError
        If the kind is unknown, a column or the groups of a protocol are missing, or a value is
        refused by the metrics.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    rows = []
    for (protocol, task, model), part, codes in _parts(predictions, groups, ["protocol", "task", "model"]):
        frame = _frame(_by_run(part, kind), codes, n_boot=n_boot, seed=seed).assign(near=_near(part))
        named = {"dataset": dataset, "task": task, "protocol": protocol, "model": model}
        rows.append(results.tidy(frame, **named, seed=seed))
    return pd.concat(rows, ignore_index=True)


def macro(
    predictions: pd.DataFrame,
    *,
    groups: Groups = None,
    dataset: str,
    threshold: float = 0.5,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean of the classification metrics over the tasks, each with the same weight: task ``mean``.

    Parameters
    ----------
    predictions, groups, dataset, n_boot, seed
        As for `score`; the predictions have a column ``task``. A group that stands in several
        tasks is drawn for all of them at once.
    threshold : float
        As for `helpers.stats.metrics.classification`.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table; ``n`` counts the items of all tasks. Replicates in which a task
        drew a single class are left out.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [0, 1, 2, 3], "y": [0, 1, 0, 1], "p": [0.2, 0.9, 0.6, 0.5]})
    >>> rows = rows.assign(protocol="p", model="m", task=["a", "a", "b", "b"])
    >>> found = macro(rows, groups={"p": range(4)}, dataset="d", n_boot=20).set_index("metric")
    >>> found.loc["auroc", "value"]
    np.float64(0.5)
    """
    rows = []
    for (protocol, model), part, codes in _parts(predictions, groups, ["protocol", "model"]):
        statistics = _by_run(part, "classification", threshold=threshold, by_task=True)
        frame = _frame(statistics, codes, n_boot=n_boot, seed=seed).assign(near=_near(part))
        named = {"dataset": dataset, "task": "mean", "protocol": protocol, "model": model}
        rows.append(results.tidy(frame, **named, seed=seed))
    return pd.concat(rows, ignore_index=True)


def compare(
    predictions: pd.DataFrame,
    model: str,
    others: Sequence[str],
    *,
    groups: Groups = None,
    metric: str = "auroc",
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired difference between a model and others, on the same test items.

    A row that stands several times (in several folds) counts as often, as in `score`. Where the
    predictions have a column ``within``, the metric is taken within each of its values and averaged,
    as `macro` does: give it the tasks, and one task for all.

    Parameters
    ----------
    predictions, groups, n_boot, seed
        As for `score`.
    metric : str
        As for `helpers.stats.metrics.difference`.

    Returns
    -------
    pandas.DataFrame
        ``protocol, model, minus, metric, value, ci_low, ci_high, p_value, p_text, n, groups, runs,
        sd``, with ``task`` in front where the predictions have it; `value` above 0 speaks for `model`
        (for an error, against). `helpers.stats.verdicts.compare` puts a row in words.

    Raises
    ------
    ValueError
        If a model is missing, or lacks a row of a run that the other has.
    """
    _check_models(predictions, [model, *others])
    kind, keys = metrics.kind_of(metric), ["run", "fold", "row", "time"]
    rows = []
    for (task, protocol), part, codes in _parts(predictions, groups, ["task", "protocol"]):
        part = part.assign(time=part.groupby(["model", *keys[:3]]).cumcount(), place=np.arange(len(part)))
        items = part.pivot(index=keys, columns="model", values="p")
        part = part.assign(task=part.get("within", task))
        first = part.groupby(keys)[["y", "place", "task"]].first().loc[items.index].reset_index()
        codes = codes[first["place"].to_numpy()]
        runs = first["run"].nunique()
        for other in others:
            if (absent := items[[model, other]].isna().any(axis=1)).any():
                run, fold, row, _ = items.index[absent][0]
                raise ValueError(
                    f"{model} and {other} differ in {int(absent.sum())} test rows under {protocol!r} (first: "
                    f"run {run}, fold {fold!r}, row {row}); expected both to predict the same rows"
                )
            both = (first.assign(p=items[one].to_numpy()) for one in (model, other))
            of = [_by_run(one, kind, by_task="within" in part) for one in both]
            gain = metrics.gap(metric, *map(_mean, of), groups=codes, n=len(first), n_boot=n_boot, seed=seed)
            each = [a - b for a, b in zip(*(_values(one, len(first), metric) for one in of), strict=True)]
            named = {"task": task, "protocol": protocol, "model": model, "minus": other, "metric": metric}
            p_text = significance.p_text(gain.p_value, gain.usable_replicates)
            more = {"p_text": p_text, "n": round(len(first) / runs), "runs": runs, "sd": _spread(each)}
            rows.append(gain._asdict() | named | more)
    columns = ["task"] if "task" in predictions else []
    columns += ["protocol", "model", "minus", "metric", "value", "ci_low", "ci_high", "p_value", "p_text"]
    # Without a rival there are no rows, but the columns.
    return pd.DataFrame(rows).reindex(columns=[*columns, "n", "groups", "runs", "sd"])


def curve(predictions: pd.DataFrame, kind: str, *, protocol: str, models: Sequence[str]) -> pd.DataFrame:
    """Points of a curve of several models under one protocol, with a column ``model``.

    A ROC curve over several folds or runs is their mean: an item is placed among the negatives of its own
    fold, as the area of `score` has it. The other curves pool them. Intervals of a calibration draw the
    groups of the columns ``group`` and ``group_2`` where the predictions have them.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As for `score`.
    kind : {"roc", "precision_recall", "calibration"}
        Which function of `helpers.stats.metrics` makes the points.
    protocol : str
    models : sequence of str
        In the order in which they are drawn.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [0, 1], "y": [0, 1], "p": [0.2, 0.9]})
    >>> rows = rows.assign(protocol="p", model="m")
    >>> curve(rows, "roc", protocol="p", models=["m"])["tpr"].tolist()
    [0.0, 1.0, 1.0]
    """
    if kind not in CURVES:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(CURVES)}")
    part = predictions[predictions["protocol"] == protocol]
    _check_models(part, models, f" under {protocol!r}")
    points = []
    for model in models:
        rows = part[part["model"] == model]
        rows = _placed(rows) if kind == "roc" else rows
        more = {"groups": _sides(rows)} if kind == "calibration" and "group" in rows else {}
        points.append(CURVES[kind](rows["y"].to_numpy(), rows["p"].to_numpy(), **more).assign(model=model))
    return pd.concat(points, ignore_index=True)


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose `p` is the share of the negatives of their fold (of a run) below them; ties count half."""
    keys = [name for name in ("run", "fold") if name in rows and rows[name].nunique() > 1]
    if not keys:
        return rows
    found = []
    for _, part in rows.groupby(keys, sort=False):
        negatives, p = np.sort(part["p"][part["y"] == 0].to_numpy()), part["p"].to_numpy()
        if negatives.size:  # a fold without one ranks nothing
            ends = np.searchsorted(negatives, p, "left") + np.searchsorted(negatives, p, "right")
            found.append(part.assign(p=ends / (2 * negatives.size)))
    return pd.concat(found or [rows])


def _by_run(
    part: pd.DataFrame, kind: str, *, threshold: float = 0.5, by_task: bool = False
) -> list[bootstrap.Statistic]:
    """A statistic over the counts of all rows of `part` for each of its runs (a mean over its tasks)."""
    y, p = part["y"].to_numpy(), part["p"].to_numpy()
    run, fold, task = (pd.factorize(part[name])[0] for name in ("run", "fold", "task" if by_task else "run"))
    found = []
    for of_run in bootstrap.members(run, run.size):
        of_tasks = [of_run[rows] for rows in bootstrap.members(task[of_run], of_run.size)]
        made = [
            metrics.statistic_of(kind, y[r], p[r], threshold=threshold, folds=fold[r])[0] for r in of_tasks
        ]
        found.append(_mean([partial(_of_rows, one, r) for one, r in zip(made, of_tasks, strict=True)]))
    return found


def _of_rows(statistic: bootstrap.Statistic, rows: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    return statistic(counts[:, rows])


def _mean(statistics: Sequence[bootstrap.Statistic]) -> bootstrap.Statistic:
    def mean(counts: np.ndarray) -> dict[str, np.ndarray]:
        found = [one(counts) for one in statistics]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    return mean


def _values(statistics: Sequence[bootstrap.Statistic], n: int, metric: str) -> list[float]:
    """The value of each run."""
    return [float(one(np.ones((1, n)))[metric][0]) for one in statistics]


def _spread(values: Sequence[float]) -> float:
    """Standard deviation over runs; NaN of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _near(part: pd.DataFrame) -> float:
    """Share of the rows that have a near copy in training; NaN where that was not looked at."""
    return float(part["near"].astype(float).mean()) if "near" in part else np.nan


def _frame(
    statistics: Sequence[bootstrap.Statistic], codes: np.ndarray, *, n_boot: int, seed: int
) -> pd.DataFrame:
    """Mean over runs of every metric, with its interval, the number of runs and their spread."""
    n, runs = len(codes), len(statistics)
    frame = metrics.table(_mean(statistics), n, groups=codes, n_boot=n_boot, seed=seed)
    spreads = [_spread(_values(statistics, n, metric)) if runs > 1 else np.nan for metric in frame["metric"]]
    return frame.assign(n=round(n / runs), runs=runs, sd=spreads)


def _parts(
    predictions: pd.DataFrame, groups: Groups, keys: list[str]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame, np.ndarray]]:
    """Parts of a table of predictions by some of its columns, each with the groups of its rows."""
    needed = [*COLUMNS, *(["group"] if groups is None else [])]
    if missing := [name for name in needed if name not in predictions]:
        raise ValueError(
            f"the predictions lack the columns {', '.join(missing)}; found "
            f"{', '.join(map(str, predictions.columns))}"
        )
    if groups is not None and (missing := sorted(set(predictions["protocol"]) - set(groups))):
        raise ValueError(f"groups has nothing for the protocols {', '.join(missing)}")
    absent = {"task": "", "run": 1, "fold": ""}
    whole = predictions.assign(**{name: value for name, value in absent.items() if name not in predictions})
    for key, part in whole.groupby(keys, sort=False):
        if groups is not None:
            found = np.asarray(groups[part["protocol"].iloc[0]])[part["row"].to_numpy()]
        else:
            found = _sides(part)
        codes = checks.groups_of(found, len(part))
        assert codes is not None
        yield key, part, codes


def _sides(part: pd.DataFrame) -> np.ndarray:
    """Groups of one side or two; a protocol without pairs, in a table that has some, has no second side."""
    pairs = "group_2" in part and part["group_2"].notna().any()
    return np.asarray(part[["group", "group_2"]] if pairs else part["group"])


def _check_models(predictions: pd.DataFrame, models: Sequence[str], where: str = "") -> None:
    found = sorted(set(predictions["model"]))
    if unknown := sorted(set(models) - set(found)):
        raise ValueError(f"no predictions of {', '.join(unknown)}{where}; found {', '.join(found) or 'none'}")
