"""Guides along an mRNA: what each is predicted to do, how open its site lies, what was chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers.plots import colours, style, words
from helpers.plots.tables import need


@style.house
def scan(table: pd.DataFrame, unpaired: ArrayLike, chosen: pd.DataFrame, *, title: str) -> Figure:
    """Predicted efficacy and accessibility along an mRNA, the chosen guides marked.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a guide: ``start`` (0-based), ``efficacy, low, high`` and ``filter`` (empty where
        the guide passes).
    unpaired : array, shape=(length of the mRNA,)
        Probability of each nucleotide to lie open.
    chosen : pandas.DataFrame
        ``start, efficacy, rank`` of the chosen ones.
    title : str

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(table, ["start", "efficacy", "low", "high", "filter"], "scan")
    need(chosen, ["start", "efficacy", "rank"], "chosen guides")
    fig = style.figure(style.DOUBLE, 104)
    top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    middle = table["start"].to_numpy(float) + 11
    blue = colours.OKABE_ITO["blue"]
    top.fill_between(middle, table["low"], table["high"], color=blue, alpha=0.13, lw=0)
    passes = (table["filter"] == "").to_numpy()
    top.scatter(middle[~passes], table["efficacy"][~passes], s=5, color=colours.GREY, alpha=0.6, lw=0)
    top.scatter(middle[passes], table["efficacy"][passes], s=7, color=blue, lw=0)
    place = chosen["start"].to_numpy(float) + 11
    top.scatter(place, chosen["efficacy"], s=34, facecolors="none", edgecolors=colours.TRUTH, linewidths=1.2)
    for x, y, rank in zip(place, chosen["efficacy"], chosen["rank"], strict=True):
        top.annotate(
            str(rank), (x, y), (0, 5), textcoords="offset points", ha="center", fontsize=7,
            color=colours.TRUTH, weight="bold",
        )  # fmt: skip
    names = ["90 % interval", "filtered out", "passes", "chosen, with its rank"]
    handles = [top.collections[i] for i in range(4)]
    fig.legend(handles, names, loc="outside lower center", ncols=4)
    top.set_ylabel("predicted efficacy")
    open_ = np.asarray(unpaired, dtype=float)
    x = np.arange(1, len(open_) + 1)
    width = min(21, len(open_))
    smooth = np.convolve(open_, np.ones(width) / width, mode="same")
    bottom.fill_between(x, 0, smooth, color=colours.OKABE_ITO["green"], alpha=0.35, lw=0)
    for start in chosen["start"]:
        bottom.axvspan(start + 1, start + 21, color=colours.TRUTH, alpha=0.25, lw=0)
    bottom.set(
        xlabel="position on the mRNA (nt)", ylabel="open, mean\nof 21 nt", ylim=(0, 1.02),
        xlim=(0, len(open_) + 1),
    )  # fmt: skip
    style.head(fig, title)
    return fig


@style.house
def intervals(table: pd.DataFrame, *, title: str, label: str, mark: Sequence[str] = ()) -> Figure:
    """Predicted efficacy with its interval, one line a siRNA, in the order of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `label`, ``efficacy, low, high``.
    title : str
    label : str
        Column that names the rows.
    mark : sequence of str, optional
        Names of rows to draw in another colour, such as those with mismatches.
    """
    need(table, [label, "efficacy", "low", "high"], "intervals")
    fig = style.figure(style.DOUBLE, 24 + 3.9 * len(table))
    ax = fig.subplots()
    y = np.arange(len(table))
    marked = table[label].astype(str).isin(list(mark)).to_numpy()
    for part, hue, name in (
        (~marked, colours.OKABE_ITO["blue"], "matches everywhere"),
        (marked, colours.OKABE_ITO["orange"], "with a mismatch"),
    ):
        if not part.any():
            continue
        rows = table[part]
        ends = [rows["efficacy"] - rows["low"], rows["high"] - rows["efficacy"]]
        ax.errorbar(
            rows["efficacy"], y[part], xerr=np.clip(ends, 0, None), color=hue, fmt="o",
            markersize=4, elinewidth=1.1, label=name,
        )  # fmt: skip
    ax.set_yticks(y, [words.plain(str(name), 40) for name in table[label]])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel("predicted efficacy (bar: 90 % interval)")
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    if marked.any():
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    style.title(ax, title)
    return fig
