"""Curves of one or several models: training history, ROC, precision-recall, calibration, confusion.

Each takes a tidy table (a column `model` where there are several) and names are kept out of the
data: they stand below the axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.plots import colours, style, words
from helpers.plots.tables import by_model, need, reach

Drawn = tuple[int, pd.DataFrame, dict[str, Any]]


def _models(table: pd.DataFrame, labels: Mapping[str, str] | None) -> list[Drawn]:
    """Number, rows and look of each model; a table without models is drawn as ours is."""
    models = by_model(table)
    marks = colours.model_marks([name or "ours" for name in models])
    found = []
    for number, (name, part) in enumerate(models.items()):
        text = (labels or {}).get(name, words.model(name))
        found.append(
            (number, part, {**marks[name or "ours"], "label": words.plain(text, 80) if text else None})
        )
    return found


def _finished(ax: Axes, title: str) -> Figure:
    """Title above, and the legend below the axis title, where no data can be."""
    style.title(ax, title)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.14))
    return style.root(ax)


def _unit_square(ax: Axes) -> None:
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    ax.set(xticks=np.linspace(0, 1, 6), yticks=np.linspace(0, 1, 6))


@style.house
def history(
    table: pd.DataFrame,
    *,
    metrics: Sequence[str] = ("loss",),
    chosen: int | None = None,
    title: str = "Training history",
) -> Figure:
    """Loss and metrics by epoch, in training and on validation data.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an epoch: `epoch` (counted from 1), each metric and ``val_<metric>`` (which may be
        absent).
    metrics : sequence of str
        One panel each.
    chosen : int, optional
        The epoch whose weights are kept (counted as in the table); marked in every panel.
    title : str

    Examples
    --------
    >>> table = pd.DataFrame({"epoch": [1, 2], "loss": [0.7, 0.5], "val_loss": [0.7, 0.6]})
    >>> len(history(table, chosen=2).axes)
    1
    """
    need(table, ["epoch", *metrics], "history")
    if chosen is not None and chosen not in set(table["epoch"]):
        raise ValueError(
            f"chosen epoch {chosen} is not in the history, which holds epochs "
            f"{table['epoch'].min()} to {table['epoch'].max()}"
        )
    alone = len(metrics) == 1
    fig = style.figure(style.SINGLE if alone else style.DOUBLE, 62)
    dot = "o" if len(table) <= 30 else ""
    lines = (("", "training", colours.GREY), ("val_", "validation", colours.OKABE_ITO["blue"]))
    for ax, name in zip(np.atleast_1d(fig.subplots(1, len(metrics))), metrics, strict=True):
        for prefix, label, colour in lines:
            if prefix + name in table.columns:
                ax.plot(table["epoch"], table[prefix + name], color=colour, marker=dot, label=label)
        if chosen is not None:
            label = f"weights kept (epoch {chosen})"
            ax.axvline(chosen, color=colours.TRUTH, linestyle="--", linewidth=1, label=label)
        ax.set(xlabel="epoch", ylabel=words.metric(name))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, texts = fig.axes[0].get_legend_handles_labels()
    fig.legend(handles, texts, loc="outside lower left", ncols=1 if alone else 3)
    style.head(fig, title)
    return fig


@style.house
def roc(table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, title: str = "ROC") -> Figure:
    """True-positive against false-positive rate, one line a model.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `fpr`, `tpr` and, for several models, `model`.
    labels : mapping of str to str, optional
        Text of each model in the legend, such as ``"ours, AUROC 0.957 [0.950, 0.963]"``.
    title : str
        Says the data set, the protocol and n.

    Examples
    --------
    >>> roc(pd.DataFrame({"fpr": [0, 0.1, 1], "tpr": [0, 0.9, 1]})).axes[0].get_title(loc="left")
    'ROC'
    """
    need(table, ["fpr", "tpr"], "ROC")
    ax = style.axes(None, height=100)
    ax.plot([0, 1], [0, 1], color=colours.PALE, linewidth=1, zorder=0)
    for _, part, look in _models(table, labels):
        ax.plot(part["fpr"], part["tpr"], **look | {"marker": ""})
    _unit_square(ax)
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate")
    return _finished(ax, title)


@style.house
def precision_recall(
    table: pd.DataFrame,
    *,
    prevalence: float,
    labels: Mapping[str, str] | None = None,
    title: str = "Precision and recall",
) -> Figure:
    """Precision against recall, one line a model, with the line of a guess.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `recall`, `precision` and, for several models, `model`.
    prevalence : float
        Share of positives, 0 to 1: what a guess reaches.
    labels, title
        As in `roc`.

    Examples
    --------
    >>> table = pd.DataFrame({"recall": [1.0, 0.5, 0], "precision": [0.5, 0.8, 1]})
    >>> len(precision_recall(table, prevalence=0.5).axes)
    1
    """
    need(table, ["recall", "precision"], "precision-recall")
    if not 0 <= prevalence <= 1:
        raise ValueError(f"prevalence {prevalence}; expected the share of positives, 0 to 1")
    ax = style.axes(None, height=100)
    for _, part, look in _models(table, labels):
        ax.plot(part["recall"], part["precision"], drawstyle="steps-post", **look | {"marker": ""})
    note = f"prevalence {prevalence:.3f} (a guess)"
    ax.axhline(prevalence, color=colours.TRUTH, linestyle=":", linewidth=1, label=note)
    _unit_square(ax)
    ax.set(xlabel="recall", ylabel="precision")
    return _finished(ax, title)


@style.house
def calibration(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, title: str = "Calibration"
) -> Figure:
    """Observed share of positives against the predicted probability, with the counts below.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a bin: `predicted` (mean probability), `observed` (share of positives), `ci_low`,
        `ci_high` (interval of the share; NaN draws no bar), `n` (items; bins of 0 are left out) and, for
        several models, `model`.
    labels, title
        As in `roc`.
    """
    need(table, ["predicted", "observed", "ci_low", "ci_high", "n"], "calibration")
    fig = style.figure(style.SINGLE, 110)
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    upper.plot([0, 1], [0, 1], color=colours.PALE, zorder=0)
    models = _models(table[table["n"] > 0], labels)
    for number, part, look in models:
        x = part["predicted"].to_numpy() + (number - (len(models) - 1) / 2) * 0.008
        bars = reach(part["observed"], part["ci_low"], part["ci_high"])
        upper.errorbar(x, part["observed"], bars, capsize=1.5, elinewidth=0.8, **look)
        lower.plot(x, part["n"], **look | {"label": None})
    _unit_square(upper)
    upper.set_aspect("auto")
    upper.set_ylabel("observed share of positives")
    style.title(upper, title)
    bare = "; without a bar: too few groups" if table["ci_low"][table["n"] > 0].isna().any() else ""
    lower.set(xlabel=f"predicted probability\n(bars: 95 % interval{bare})", ylabel="items in bin")
    lower.set_ylim(bottom=0)
    handles, texts = upper.get_legend_handles_labels()
    if texts:
        lower.legend(handles, texts, loc="upper left", bbox_to_anchor=(0, -0.75))
    return fig


ORDERS = {"most": "most important first", "random": "at random", "least": "least important first"}
"""Orders in which positions are changed, as the legend of `changes` has them."""


@style.house
def changes(table: pd.DataFrame, *, title: str = "The prediction as positions are changed") -> Figure:
    """Change of the output against the number of changed positions, a line and a band an order.

    Parameters
    ----------
    table : pandas.DataFrame
        As `helpers.explain.counterfactual.curves` gives it.
    title : str
        Says the data set, the map and n.

    Examples
    --------
    >>> row = {"changed": [1, 5], "value": [0.2, 0.6], "ci_low": 0.1, "ci_high": 0.7}
    >>> len(changes(pd.DataFrame(row).assign(order="most")).axes[0].lines)
    1
    """
    need(table, ["order", "changed", "value", "ci_low", "ci_high"], "changes")
    ax = style.axes(None)
    marks = zip(
        ORDERS, (colours.OKABE_ITO["blue"], colours.INK, colours.OKABE_ITO["vermillion"]), "os^", strict=True
    )
    for order, colour, marker in marks:
        part = table[table["order"] == order].sort_values("changed")
        if len(part):
            (line,) = ax.plot(
                part["changed"], part["value"], marker=marker, markersize=3, label=ORDERS[order]
            )
            line.set_color(colour)
            ax.fill_between(
                part["changed"], part["ci_low"], part["ci_high"], color=colour, alpha=0.15, linewidth=0
            )
    ax.set_xscale("log")
    counts = sorted(table["changed"].unique())
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.minorticks_off()
    ax.set(xlabel="changed positions (band: 95 % interval)", ylabel="mean change of the output")
    style.title(ax, title)
    style.root(ax).legend(loc="outside lower left")
    return style.root(ax)


@style.house
def learning(table: pd.DataFrame, *, title: str = "Learning curve") -> Figure:
    """Score against the number of training rows: a panel a task, a line a model, bars of 95 %.

    Parameters
    ----------
    table : pandas.DataFrame
        As `helpers.training.curves.score` gives it: ``task, model, train, metric, value, ci_low, ci_high``.
    title : str
        Says the data set and the protocol.

    Examples
    --------
    >>> row = {"task": "", "model": "ours", "train": [10, 20], "metric": "auroc", "value": [0.6, 0.7]}
    >>> len(learning(pd.DataFrame(row).assign(ci_low=0.5, ci_high=0.8)).axes)
    1
    """
    need(table, ["task", "model", "train", "metric", "value", "ci_low", "ci_high"], "learning curve")
    tasks = list(dict.fromkeys(table["task"]))
    marks = colours.model_marks(table["model"])
    fig = style.figure(style.SINGLE if len(tasks) == 1 else style.DOUBLE, 66)
    panels = np.atleast_1d(fig.subplots(1, len(tasks), sharey=True))
    counts = sorted(table["train"].unique())
    for ax, task in zip(panels, tasks, strict=True):
        for model, part in table[table["task"] == task].groupby("model", sort=False):
            part = part.sort_values("train")
            bars = reach(part["value"], part["ci_low"], part["ci_high"])
            label = words.plain(words.model(str(model)), 80)
            ax.errorbar(
                part["train"], part["value"], bars, capsize=1.5, elinewidth=0.8, label=label, **marks[model]
            )
        ax.set_xscale("log")
        ax.set_xticks(counts, [f"{count:,}" for count in counts], rotation=45, ha="right")
        ax.minorticks_off()
        ax.set_xlabel("training rows")
        ax.set_title(words.plain(task))
    bar = "bar: 95 % interval" if table["ci_low"].notna().any() else "too few groups for an interval"
    panels[0].set_ylabel(f"{words.metric(str(table['metric'].iloc[0]))}\n({bar})")
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=4)
    style.head(fig, title)
    return fig


@style.house
def confusion(
    counts: np.ndarray, *, labels: Sequence[str] = ("negative", "positive"), title: str = "Confusion matrix"
) -> Figure:
    """Counts, and below each its share of the row: what became of each true class.

    Parameters
    ----------
    counts : numpy.ndarray, shape=(classes, classes)
        Rows: true class; columns: predicted class.
    labels : sequence of str
    title : str

    Examples
    --------
    >>> len(confusion(np.array([[90, 10], [20, 80]])).axes[0].texts)
    4
    """
    counts = np.asarray(counts)
    if counts.shape != (len(labels), len(labels)):
        raise ValueError(
            f"confusion matrix of shape {counts.shape}; expected ({len(labels)}, {len(labels)}), "
            f"one row and one column for each of {', '.join(labels)}"
        )
    ax = style.axes(None, height=76)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    ax.imshow(shares, cmap=colours.colormap("sequential"), vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share > 0.5 else colours.INK
        text = f"{counts[row, column]:,}\n{share:.1%}"
        ax.text(column, row, text, ha="center", va="center", color=ink)
    names = [words.plain(label) for label in labels]
    ticks = range(len(labels))
    ax.set_xticks(ticks, names)
    ax.set_yticks(ticks, [f"{n}\n(n = {int(t):,})" for n, t in zip(names, totals.flat, strict=True)])
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    style.title(ax, title)
    return style.root(ax)
