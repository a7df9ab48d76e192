"""From the predictions of a cross-validation to its table, its differences and its curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.stats import bootstrap, checks, metrics, results

COLUMNS = ("protocol", "model", "row", "y", "p")
"""Columns of a table of predictions: one row a protocol, model and test item.

A table of several tasks (modifications, cell types) has a column ``task`` beside them.
"""

KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    "classification": metrics.classification,
    "regression": metrics.regression,
}


def score(
    predictions: pd.DataFrame,
    *,
    groups: Mapping[str, ArrayLike],
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
    groups : dict of str to array-like
        For each protocol, the group of every item of the data set (not only the tested ones);
        the bootstrap draws whole groups.
    dataset : str
        For the results table.
    kind : {"classification", "regression"}
        Whether ``y`` holds labels and ``p`` probabilities, or both hold values of one unit.
    n_boot, seed : int
        Replicates and seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table.

    Raises
    ------
    ValueError
        If the kind is unknown, a column or the groups of a protocol are missing, or as
        `helpers.stats.metrics.classification` and `helpers.stats.metrics.regression`.
    """
    _check(predictions, groups)
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    rows = []
    keys = ["protocol", "task", "model"]
    for (protocol, task, model), part in _with_task(predictions).groupby(keys, sort=False):
        frame = KINDS[kind](
            part["y"].to_numpy(),
            part["p"].to_numpy(),
            groups=pd.Series(groups[protocol]).iloc[part["row"]].to_numpy(),
            n_boot=n_boot,
            seed=seed,
        )
        named = {"dataset": dataset, "task": task, "protocol": protocol, "model": model}
        rows.append(results.tidy(frame, **named, seed=seed))
    return pd.concat(rows, ignore_index=True)


def macro(
    predictions: pd.DataFrame,
    *,
    groups: Mapping[str, ArrayLike],
    dataset: str,
    task: str = "mean",
    threshold: float = 0.5,
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean of the classification metrics over the tasks, each task with the same weight.

    Parameters
    ----------
    predictions, groups, dataset, n_boot, seed
        As for `score`; the predictions have a column ``task``. A group that stands in several
        tasks is drawn for all of them at once.
    task : str
        What the rows are called in the column ``task`` of the results table.
    threshold : float
        As for `helpers.stats.metrics.classification`.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table; ``n`` counts the items of all tasks. Replicates in which a task
        drew a single class are left out.

    Raises
    ------
    ValueError
        As for `score`, or if a label is not 0 or 1.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [0, 1, 2, 3], "y": [0, 1, 0, 1], "p": [0.2, 0.9, 0.6, 0.5]})
    >>> rows = rows.assign(protocol="p", model="m", task=["a", "a", "b", "b"])
    >>> found = macro(rows, groups={"p": range(4)}, dataset="d", n_boot=20).set_index("metric")
    >>> found.loc["auroc", "value"]
    np.float64(0.5)
    """
    _check(predictions, groups)
    rows = []
    for (protocol, model), part in _with_task(predictions).groupby(["protocol", "model"], sort=False):
        y, p = checks.labelled(part["y"].to_numpy(), part["p"].to_numpy())
        group = pd.Series(groups[protocol]).iloc[part["row"]].to_numpy()
        places = [np.flatnonzero(part["task"] == name) for name in part["task"].unique()]
        found = bootstrap.intervals(
            _mean_statistic(y, p, places, threshold), y.size, n_boot=n_boot, seed=seed, groups=group
        )
        frame = pd.DataFrame(
            [(name, one.value, one.ci_low, one.ci_high, y.size) for name, one in found.items()],
            columns=results.MEASURED,
        )
        named = {"dataset": dataset, "task": task, "protocol": protocol, "model": model}
        rows.append(results.tidy(frame, **named, seed=seed))
    return pd.concat(rows, ignore_index=True)


def compare(
    predictions: pd.DataFrame,
    model: str,
    others: Sequence[str],
    *,
    groups: Mapping[str, ArrayLike],
    metric: str = "auroc",
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired difference between a model and others, on the same test items.

    Parameters
    ----------
    predictions, groups, n_boot, seed
        As for `score`.
    model : str
        The model of interest.
    others : sequence of str
        What it is compared with.
    metric : str
        As for `helpers.stats.metrics.difference`.

    Returns
    -------
    pandas.DataFrame
        ``protocol, minus, metric, value, ci_low, ci_high, p_value, n``, with ``task`` in front
        where the predictions have it; `value` above 0 speaks for `model` (for an error, against).

    Raises
    ------
    ValueError
        As for `score`.
    """
    _check(predictions, groups)
    if unknown := sorted({model, *others} - set(predictions["model"])):
        raise ValueError(
            f"no predictions of {', '.join(unknown)}; found {', '.join(sorted(set(predictions['model'])))}"
        )
    rows = []
    tasked = _with_task(predictions)
    for (task, protocol), part in tasked.groupby(["task", "protocol"], sort=False):
        wide = part.pivot_table(index="row", columns="model", values="p")
        y = part.groupby("row")["y"].first().loc[wide.index].to_numpy()
        group = pd.Series(groups[protocol]).iloc[wide.index].to_numpy()
        for other in others:
            gain = metrics.difference(
                y,
                wide[model].to_numpy(),
                wide[other].to_numpy(),
                metric=metric,
                groups=group,
                n_boot=n_boot,
                seed=seed,
            )
            named = {"task": task, "protocol": protocol, "minus": other, "metric": metric}
            rows.append(gain._asdict() | named)
    columns = ["task"] if "task" in predictions else []
    columns += ["protocol", "minus", "metric", "value", "ci_low", "ci_high", "p_value", "n"]
    return pd.DataFrame(rows)[columns]


def curve(predictions: pd.DataFrame, kind: str, *, protocol: str, models: Sequence[str]) -> pd.DataFrame:
    """Points of a curve of several models under one protocol.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As for `score`.
    kind : {"roc", "precision_recall", "calibration"}
        Which function of `helpers.stats.metrics` makes the points.
    protocol : str
        Which protocol.
    models : sequence of str
        Which models, in the order in which they are drawn.

    Returns
    -------
    pandas.DataFrame
        What that function gives, with a column ``model``.

    Raises
    ------
    ValueError
        If the kind, the protocol or a model is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [0, 1], "y": [0, 1], "p": [0.2, 0.9]})
    >>> rows = rows.assign(protocol="p", model="m")
    >>> curve(rows, "roc", protocol="p", models=["m"])["tpr"].tolist()
    [0.0, 1.0, 1.0]
    """
    makers = {
        "roc": metrics.roc,
        "precision_recall": metrics.precision_recall,
        "calibration": metrics.calibration,
    }
    if kind not in makers:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(makers)}")
    part = predictions[predictions["protocol"] == protocol]
    if unknown := sorted(set(models) - set(part["model"])):
        raise ValueError(
            f"no predictions of {', '.join(unknown)} under {protocol!r}; found "
            f"{', '.join(sorted(set(part['model']))) or 'none'}"
        )
    return pd.concat(
        [
            makers[kind](rows["y"].to_numpy(), rows["p"].to_numpy()).assign(model=model)
            for model in models
            for rows in [part[part["model"] == model]]
        ],
        ignore_index=True,
    )


def _mean_statistic(
    y: np.ndarray, p: np.ndarray, places: Sequence[np.ndarray], threshold: float
) -> bootstrap.Statistic:
    parts = [bootstrap.classification_statistic(y[at], p[at], threshold) for at in places]

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):
            found = [part(counts[:, at]) for part, at in zip(parts, places, strict=True)]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    return statistic


def _with_task(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions if "task" in predictions else predictions.assign(task="")


def _check(predictions: pd.DataFrame, groups: Mapping[str, ArrayLike]) -> None:
    if missing := [name for name in COLUMNS if name not in predictions]:
        raise ValueError(
            f"the predictions lack the columns {', '.join(missing)}; found "
            f"{', '.join(map(str, predictions.columns))}"
        )
    if missing := sorted(set(predictions["protocol"]) - set(groups)):
        raise ValueError(f"groups has nothing for the protocols {', '.join(missing)}")
