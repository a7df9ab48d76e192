"""From the predictions of a cross-validation to its table, its differences and its curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.stats import bootstrap, checks, metrics, results

COLUMNS = ("protocol", "model", "row", "y", "p")
"""Columns of a table of predictions: one row a protocol, model and test item.

A table of several tasks (modifications, cell types) has a column ``task`` beside them; further
columns are not looked at.
"""

Groups = Mapping[str, ArrayLike] | None

KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    "classification": metrics.classification,
    "regression": metrics.regression,
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
        For each protocol, the group of every item of the data set (not only the tested ones);
        the bootstrap draws whole groups. By default the column ``group`` of the predictions.
    dataset : str
        For the results table.
    kind : {"classification", "regression"}
        Whether ``y`` holds labels and ``p`` probabilities, or both hold values of one unit.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table.

    Raises
    ------
    ValueError
        If the kind is unknown, a column or the groups of a protocol are missing, or a value is
        refused by the metrics.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    rows = []
    for (protocol, task, model), part in _parts(predictions, groups, ["protocol", "task", "model"]):
        y, p, group = (part[name].to_numpy() for name in ("y", "p", "group"))
        frame = KINDS[kind](y, p, groups=group, n_boot=n_boot, seed=seed)
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
    for (protocol, model), part in _parts(predictions, groups, ["protocol", "model"]):
        y, p = checks.labelled(part["y"].to_numpy(), part["p"].to_numpy())
        members = [np.flatnonzero(part["task"] == name) for name in part["task"].unique()]
        statistic = _mean_statistic(y, p, members, threshold)
        frame = metrics.table(statistic, y.size, groups=part["group"].to_numpy(), n_boot=n_boot, seed=seed)
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

    A row that stands several times (in several folds) counts as often, as in `score`.

    Parameters
    ----------
    predictions, groups, n_boot, seed
        As for `score`.
    metric : str
        As for `helpers.stats.metrics.difference`.

    Returns
    -------
    pandas.DataFrame
        ``protocol, minus, metric, value, ci_low, ci_high, p_value, n``, with ``task`` in front
        where the predictions have it; `value` above 0 speaks for `model` (for an error, against).
    """
    _check_models(predictions, [model, *others])
    options = {"metric": metric, "n_boot": n_boot, "seed": seed}
    rows = []
    for (task, protocol), part in _parts(predictions, groups, ["task", "protocol"]):
        part = part.assign(time=part.groupby(["model", "row"]).cumcount())
        items = part.pivot(index=["row", "time"], columns="model", values="p")
        first = part.groupby(["row", "time"])[["y", "group"]].first().loc[items.index]
        y, group = first["y"].to_numpy(), first["group"].to_numpy()
        for other in others:
            pair = items[model].to_numpy(), items[other].to_numpy()
            gain = metrics.difference(y, *pair, groups=group, **options)  # type: ignore[arg-type]
            named = {"task": task, "protocol": protocol, "minus": other, "metric": metric}
            rows.append(gain._asdict() | named)
    columns = ["task"] if "task" in predictions else []
    columns += ["protocol", "minus", "metric", "value", "ci_low", "ci_high", "p_value", "n"]
    return pd.DataFrame(rows)[columns]


def curve(predictions: pd.DataFrame, kind: str, *, protocol: str, models: Sequence[str]) -> pd.DataFrame:
    """Points of a curve of several models under one protocol, with a column ``model``.

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
    makers = {
        "roc": metrics.roc,
        "precision_recall": metrics.precision_recall,
        "calibration": metrics.calibration,
    }
    if kind not in makers:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(makers)}")
    part = predictions[predictions["protocol"] == protocol]
    _check_models(part, models, f" under {protocol!r}")
    of_model = {model: part[part["model"] == model] for model in models}
    points = [
        makers[kind](rows["y"].to_numpy(), rows["p"].to_numpy()).assign(model=model)
        for model, rows in of_model.items()
    ]
    return pd.concat(points, ignore_index=True)


def _mean_statistic(
    y: np.ndarray, p: np.ndarray, members: Sequence[np.ndarray], threshold: float
) -> bootstrap.Statistic:
    parts = [bootstrap.classification_statistic(y[rows], p[rows], threshold) for rows in members]

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):
            found = [part(counts[:, rows]) for part, rows in zip(parts, members, strict=True)]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    return statistic


def _parts(
    predictions: pd.DataFrame, groups: Groups, keys: list[str]
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Parts of a table of predictions by some of its columns, each with the groups of its rows."""
    needed = [*COLUMNS, *(["group"] if groups is None else [])]
    if missing := [name for name in needed if name not in predictions]:
        raise ValueError(
            f"the predictions lack the columns {', '.join(missing)}; found "
            f"{', '.join(map(str, predictions.columns))}"
        )
    if groups is not None and (missing := sorted(set(predictions["protocol"]) - set(groups))):
        raise ValueError(f"groups has nothing for the protocols {', '.join(missing)}")
    tasked = predictions if "task" in predictions else predictions.assign(task="")
    for key, part in tasked.groupby(keys, sort=False):
        if groups is not None:
            protocol = part["protocol"].iloc[0]
            part = part.assign(group=pd.Series(groups[protocol]).iloc[part["row"]].to_numpy())
        yield key, part


def _check_models(predictions: pd.DataFrame, models: Sequence[str], where: str = "") -> None:
    found = sorted(set(predictions["model"]))
    if unknown := sorted(set(models) - set(found)):
        raise ValueError(f"no predictions of {', '.join(unknown)}{where}; found {', '.join(found) or 'none'}")
