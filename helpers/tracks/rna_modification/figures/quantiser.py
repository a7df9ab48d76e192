"""What a codebook keeps of a sequence, and how the result depends on the length of the input."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.plots import colours, style, words
from helpers.plots.tables import need

_Z = 1.959963984540054


def accuracy_by_position(X: np.ndarray, letters: np.ndarray) -> pd.DataFrame:
    """Share of the letters that a decoder gets right, position by position.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot sequences; unknown and missing letters do not count.
    letters : numpy.ndarray, shape=(n, length, letters), dtype=float32
        Probabilities of the letters.

    Returns
    -------
    pandas.DataFrame
        ``position`` (from the middle), ``accuracy, ci_low, ci_high`` (Wilson), ``n``.

    Examples
    --------
    >>> X = np.eye(4)[None, [0, 1, 2]]
    >>> accuracy_by_position(X, X)[["position", "accuracy", "n"]].values.tolist()
    [[-1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    known = X.max(axis=2) > 0.5
    right = (X.argmax(axis=2) == letters.argmax(axis=2)) & known
    n = known.sum(axis=0)
    share = right.sum(axis=0) / np.maximum(n, 1)
    # Wilson's interval: a share near 1 has no normal one.
    spread = 1 + _Z**2 / np.maximum(n, 1)
    middle = (share + _Z**2 / (2 * np.maximum(n, 1))) / spread
    half = _Z * np.sqrt(share * (1 - share) / np.maximum(n, 1) + (_Z / 2 / np.maximum(n, 1)) ** 2)
    position = np.arange(X.shape[1]) - X.shape[1] // 2
    return pd.DataFrame(
        {
            "position": position, "accuracy": share, "ci_low": middle - half / spread,
            "ci_high": middle + half / spread, "n": n,
        }
    )  # fmt: skip


@style.house
def reconstruction_by_position(table: pd.DataFrame, *, title: str) -> Figure:
    """Accuracy of a reconstruction along the sequence, the site at 0.

    Parameters
    ----------
    table : pandas.DataFrame
        ``position, accuracy, ci_low, ci_high``, as `accuracy_by_position` gives it.
    title : str
        Says the data set.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"position": [-1, 0], "accuracy": 0.9, "ci_low": 0.8, "ci_high": 1})
    >>> reconstruction_by_position(table, title="t").axes[0].get_xlabel()
    'position from the site (nt)'
    """
    need(table, ["position", "accuracy", "ci_low", "ci_high"], "reconstruction_by_position")
    fig = style.figure(style.DOUBLE, 55)
    ax = fig.subplots()
    x = table["position"]
    ax.fill_between(x, table["ci_low"], table["ci_high"], color=colours.PALE, linewidth=0)
    ax.plot(x, table["accuracy"], color=colours.OKABE_ITO["blue"], linewidth=1)
    ax.axvline(0, color=colours.TRUTH, linestyle="--", linewidth=0.8)
    low = float(np.floor(10 * min(table["ci_low"].min(), 0.9)) / 10)
    ax.set(
        xlabel="position from the site (nt)", ylabel="share of letters regained",
        ylim=(max(low, 0), 1.005), xlim=(x.min(), x.max()),
    )  # fmt: skip
    style.title(ax, title)
    return fig


@style.house
def length_curve(table: pd.DataFrame, *, title: str, metric: str = "auroc") -> Figure:
    """A metric against the length of the input, one panel a task, with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        ``length`` (nt), ``task``, ``value``, ``ci_low``, ``ci_high``.
    title : str
        Says the data set and the protocol.
    metric : str
        Name of the metric, for the axis.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> row = {"length": [51, 101], "task": "Am", "value": 0.9, "ci_low": 0.8, "ci_high": 1.0}
    >>> len(length_curve(pd.DataFrame(row), title="t").axes)
    1
    """
    need(table, ["length", "task", "value", "ci_low", "ci_high"], "length_curve")
    tasks = list(dict.fromkeys(table["task"]))
    columns = min(4, len(tasks))
    lines = -(-len(tasks) // columns)
    fig = style.figure(style.DOUBLE if columns > 1 else style.SINGLE, 12 + 38 * lines)
    axes = np.atleast_1d(fig.subplots(lines, columns, sharex=True, sharey=True)).ravel()
    lengths = sorted(table["length"].unique())
    for place, ax in enumerate(axes):
        if place >= len(tasks):
            ax.set_axis_off()
            continue
        part = table[table["task"] == tasks[place]].sort_values("length")
        strong = tasks[place] == "mean"
        ax.fill_between(part["length"], part["ci_low"], part["ci_high"], color=colours.PALE, linewidth=0)
        colour = colours.INK if strong else colours.OKABE_ITO["blue"]
        ax.plot(part["length"], part["value"], color=colour, marker="o", markersize=3)
        ax.set_title(words.plain(tasks[place]), loc="left", fontweight="bold" if strong else None)
        ax.set_xticks(lengths if len(lengths) < 5 else lengths[::2])
        ax.tick_params(axis="x", labelbottom=place + columns >= len(tasks), labelrotation=45)
    fig.supxlabel("length of the input (nt)", fontsize="medium")
    fig.supylabel(f"{words.metric(metric)} (band: 95 % interval)", fontsize="medium")
    style.head(fig, title)
    return fig
