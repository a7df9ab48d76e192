"""Alleles of one or two letters' difference: predicted against measured, and by place in the promoter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots import colours, style
from helpers.plots.tables import need

_BLUE = colours.OKABE_ITO["blue"]


@style.house
def alleles(
    points: pd.DataFrame, scores: pd.DataFrame, ceiling: pd.DataFrame, *, cell: str, title: str
) -> Figure:
    """Predicted and measured differences in one cell type, and the correlations in all of them.

    Parameters
    ----------
    points : pandas.DataFrame
        ``measured_<cell>`` and ``ours_<cell>``, log2: one row a pair of alleles, NaN where not known.
    scores : pandas.DataFrame
        ``task, model, value, ci_low, ci_high``: Pearson's correlation of each cell type and model.
    ceiling : pandas.DataFrame
        ``task, ceiling``: what the noise of the measurements leaves within reach.
    cell : str
        Cell type of the first panel.
    title : str

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(points, [f"measured_{cell}", f"ours_{cell}"], "points")
    need(scores, ["task", "model", "value", "ci_low", "ci_high"], "scores")
    need(ceiling, ["task", "ceiling"], "ceiling")
    fig = style.figure(style.DOUBLE, 70)
    left, right = fig.subplots(1, 2)
    left.scatter(
        points[f"ours_{cell}"], points[f"measured_{cell}"], s=6, alpha=0.5, rasterized=True, color=_BLUE
    )
    left.axhline(0, lw=0.5, color=colours.GREY)
    left.axvline(0, lw=0.5, color=colours.GREY)
    left.set(xlabel="predicted difference (log2)", ylabel="measured difference (log2)", title=cell)
    _correlations(right, scores, ceiling.set_index("task")["ceiling"])
    fig.legend(*right.get_legend_handles_labels(), loc="outside right upper")
    style.head(fig, title)
    return fig


def _correlations(ax: Axes, scores: pd.DataFrame, ceiling: pd.Series) -> None:
    """Each model's correlation with its interval, cell type by cell type, and the ceiling."""
    cells = ceiling.index.tolist()
    x = np.arange(len(cells))
    for number, (name, part) in enumerate(scores.groupby("model", sort=False)):
        part = part.set_index("task").loc[cells]
        ends = [part["value"] - part["ci_low"], part["ci_high"] - part["value"]]
        mark = colours.MODEL_MARKS[str(name)]
        look: dict[str, Any] = {"fmt": mark["marker"], "color": mark["color"], "label": str(name)}
        ax.errorbar(x + number / 5, part["value"], ends, **look)
    ax.plot(x + 0.1, ceiling, "_", ms=14, color=colours.INK, label="ceiling")
    ax.set_xticks(x, cells, rotation=30, ha="right")
    ax.set(ylabel="correlation", ylim=(min(0, scores["ci_low"].min()), 1.05))


def shape(pairs: pd.DataFrame, *, width: int) -> pd.DataFrame:
    """Mean size of the difference by place, over its mean in all pairs.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``position`` (of the changed letter, from 0), ``measured``, ``predicted``; a pair in which one
        is not known is left out.
    width : int
        Letters a bin.

    Returns
    -------
    pandas.DataFrame
        ``place`` (first letter of a bin), ``measured``, ``predicted`` (1: as in all pairs), ``pairs``.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> pairs = pd.DataFrame({"position": [0, 3, 12], "measured": [-1.0, 3, 2], "predicted": [1.0, 1, -1]})
    >>> shape(pairs, width=10).values.tolist()
    [[0.0, 1.0, 1.0, 2.0], [10.0, 1.0, 1.0, 1.0]]
    """
    need(pairs, ["position", "measured", "predicted"], "pairs")
    sizes = pairs[["measured", "predicted"]].abs().dropna()
    place = pairs.loc[sizes.index, "position"] // width * width
    by_place = (sizes / sizes.mean()).groupby(place.rename("place"))
    return by_place.mean().assign(pairs=by_place.size()).reset_index()


@style.house
def by_place(sizes: pd.DataFrame, *, width: int, title: str) -> Figure:
    """The two columns of `shape`, measured and predicted, by place.

    Examples
    --------
    >>> one = pd.DataFrame({"place": [0], "measured": [1.0], "predicted": [1.0], "pairs": [2]})
    >>> by_place(one, width=10, title="two pairs").axes[0].get_ylabel()
    'relative size'
    """
    fig = style.figure(style.DOUBLE, 55)
    ax = fig.subplots()
    ax.plot(sizes["place"], sizes["measured"], "o-", color=colours.INK, label="measured")
    ax.plot(sizes["place"], sizes["predicted"], "s--", color=_BLUE, label="predicted")
    ax.set(xlabel=f"place of the change (bins of {width} letters)", ylabel="relative size")
    fig.legend(loc="outside right upper")
    style.head(fig, title)
    return fig
