"""Pictures of siRNAs: what efficacy goes with, how well it is predicted, guides along an mRNA."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from helpers.plots import colours, pages, style, words
from helpers.plots.tables import need

_HUES = ("blue", "orange", "green", "purple", "vermillion", "sky", "yellow", "black")
_BLUE = colours.OKABE_ITO["blue"]


@style.house
def ranked(
    table: pd.DataFrame, *, value: str, title: str, group: str = "group", label: str = "feature"
) -> Figure:
    """Horizontal bars with intervals, coloured by group, in the order of the table.

    The table has the columns `label` (name of the row), ``value`` (its words in `value`) and, where
    there are any, ``ci_low, ci_high`` and `group`.

    Examples
    --------
    >>> rows = pd.DataFrame({"feature": ["gc"], "value": [-0.3], "group": ["composition"]})
    >>> ranked(rows, value="Spearman", title="Features").axes[0].get_xlabel()
    'Spearman'
    """
    need(table, [label, "value"], "ranked bars")
    kinds = table[group].astype(str).tolist() if group in table else [""] * len(table)
    hues = _hues(kinds)
    fig = style.figure(style.DOUBLE, 26 + 4.4 * len(table))
    ax = fig.subplots()
    ax.barh(range(len(table)), table["value"], color=[hues[kind] for kind in kinds], height=0.7)
    if {"ci_low", "ci_high"} <= set(table.columns):
        ends = _ends(table["value"], table["ci_low"], table["ci_high"])
        y = range(len(table))
        ax.errorbar(table["value"], y, xerr=ends, fmt="none", ecolor=colours.INK, elinewidth=0.8)
    ax.axvline(0, color=colours.INK, linewidth=0.6)
    _name_rows(ax, table[label], 48)
    ax.set_xlabel(value)
    if len(hues) > 1:
        handles = [Patch(color=hue, label=words.plain(name)) for name, hue in hues.items()]
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5))
    style.title(ax, title)
    return fig


@style.house
def trends(tables: Mapping[str, pd.DataFrame], *, units: Mapping[str, str], title: str) -> Figure:
    """Mean efficacy in bins of several features (``x, y, ci_low, ci_high``), one panel a feature."""
    columns = min(4, len(tables))
    rows = -(-len(tables) // columns)
    fig = style.figure(style.DOUBLE, 14 + 44 * rows)
    panels = fig.subplots(rows, columns, sharey=True, squeeze=False)
    for ax in panels.ravel()[len(tables) :]:
        ax.set_axis_off()
    colour = colours.MODEL_MARKS["ours"]["color"]
    for ax, (name, table) in zip(panels.ravel(), tables.items(), strict=False):
        need(table, ["x", "y", "ci_low", "ci_high"], f"trend of {name}")
        ax.fill_between(table["x"], table["ci_low"], table["ci_high"], color=colour, alpha=0.2, lw=0)
        ax.plot(table["x"], table["y"], color=colour, marker="o", markersize=3, linewidth=1.2)
        ax.set_xlabel(f"{words.plain(name, 30)} ({units[name]})")
    for row in panels:
        row[0].set_ylabel("efficacy")
    style.head(fig, title)
    return fig


@style.house
def histogram(values: Mapping[str, np.ndarray], *, x: str, title: str) -> Figure:
    """Histograms of several sets of values on one axis, each with its number and mean."""
    fig = style.figure(style.DOUBLE, 62)
    ax = fig.subplots()
    bins = np.histogram_bin_edges(np.concatenate([np.asarray(v, float) for v in values.values()]), 40)
    hues = _hues(values)
    for name, v in values.items():
        label = f"{words.plain(name)} (n = {len(v):,}, mean {np.mean(v):.2f})"
        ax.hist(v, bins=bins.tolist(), color=hues[name], alpha=0.55, label=label)
    ax.set(xlabel=x, ylabel="siRNAs")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2)
    style.title(ax, title)
    return fig


@style.house
def predicted_measured(table: pd.DataFrame, *, title: str, unit: str) -> Figure:
    """Measured (``y``) against predicted (``p``) values, a panel a protocol, with the line of equality."""
    fig, panels = _panels(table, 84, sharex=True)
    low, high = (float(f(table[["y", "p"]].to_numpy())) for f in (np.min, np.max))
    for ax, name, part in panels:
        if len(part) < 300:
            ax.scatter(part["p"], part["y"], s=7, color=_BLUE, alpha=0.6, lw=0)
        else:
            ax.hexbin(
                part["p"], part["y"], gridsize=32, extent=(low, high, low, high),
                cmap=colours.colormap("sequential"), mincnt=1, linewidths=0,
            )  # fmt: skip
        ax.plot([low, high], [low, high], color=colours.INK, linewidth=0.8, linestyle="--")
        ax.set(xlabel=f"predicted {unit}", aspect="equal")
        r = np.corrcoef(part["p"], part["y"])[0, 1]
        ax.set_title(f"{words.protocol(name)}: r = {r:.3f}, n = {len(part):,}", weight="normal")
    fig.axes[0].set_ylabel(f"measured {unit}")
    style.head(fig, title)
    return fig


@style.house
def residuals(table: pd.DataFrame, *, title: str, unit: str, bins: int = 12) -> Figure:
    """Residuals against the predicted value: median and the middle 80 % in equally filled bins.

    The table has ``protocol, y, p``, as for `predicted_measured`.
    """
    fig, panels = _panels(table, 66)
    for ax, name, part in panels:
        p, rest = part["p"].to_numpy(), (part["y"] - part["p"]).to_numpy()
        ax.scatter(p, rest, s=4, color=colours.GREY, alpha=0.35, linewidths=0)
        cuts = np.array_split(np.argsort(p), min(bins, max(2, len(p) // 20)))
        x = [p[cut].mean() for cut in cuts]
        low, middle, high = np.array([np.quantile(rest[cut], [0.1, 0.5, 0.9]) for cut in cuts]).T
        ax.fill_between(x, low, high, color=_BLUE, alpha=0.2, lw=0, label="middle 80 %")
        ax.plot(x, middle, color=_BLUE, marker="o", markersize=3, linewidth=1.2, label="median")
        ax.axhline(0, color=colours.INK, linewidth=0.8, linestyle="--")
        ax.set_xlabel(f"predicted {unit}")
        ax.set_title(words.protocol(name), weight="normal")
    fig.axes[0].set_ylabel("measured - predicted")
    fig.legend(*fig.axes[0].get_legend_handles_labels(), loc="outside right center")
    style.head(fig, title)
    return fig


@style.house
def coverage(table: pd.DataFrame, *, title: str) -> Figure:
    """Share of measurements inside the intervals (``observed``) against what they promise (``level``).

    A line a ``protocol``, with ``ci_low, ci_high``.
    """
    need(table, ["protocol", "level", "observed", "ci_low", "ci_high"], "coverage")
    fig = style.figure(style.SINGLE + 45, 80)
    ax = fig.subplots()
    hues = _hues(table["protocol"])
    for number, (name, hue) in enumerate(hues.items()):
        part = table[table["protocol"] == name]
        ax.errorbar(
            part["level"] + 0.006 * (number - (len(hues) - 1) / 2), part["observed"],
            yerr=_ends(part["observed"], part["ci_low"], part["ci_high"]), color=hue,
            marker="os^D"[number % 4], markersize=4, linewidth=1, capsize=2, label=words.protocol(name),
        )  # fmt: skip
    edges = (0.38, 1.02)
    ax.plot(edges, edges, color=colours.INK, linewidth=0.8, linestyle="--", label="as promised")
    ax.set(xlabel="promised share", ylabel="observed share", xlim=edges, ylim=edges)
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    style.title(ax, title)
    return fig


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
    """
    need(table, ["start", "efficacy", "low", "high", "filter"], "scan")
    need(chosen, ["start", "efficacy", "rank"], "chosen guides")
    fig = style.figure(style.DOUBLE, 104)
    top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    table, chosen = (rows.assign(middle=rows["start"] + 11) for rows in (table, chosen))
    passes = table["filter"] == ""
    names = ["90 % interval", "filtered out", "passes", "chosen, with its rank"]
    marks = [
        top.fill_between(table["middle"], table["low"], table["high"], color=_BLUE, alpha=0.13, lw=0),
        top.scatter(*_points(table[~passes]), s=5, color=colours.GREY, alpha=0.6, lw=0),
        top.scatter(*_points(table[passes]), s=7, color=_BLUE, lw=0),
        top.scatter(*_points(chosen), s=34, facecolors="none", edgecolors=colours.TRUTH, linewidths=1.2),
    ]
    fig.legend(marks, names, loc="outside lower center", ncols=4)
    rank = {"ha": "center", "fontsize": 7, "color": colours.TRUTH, "weight": "bold"}
    for row in chosen.itertuples():
        top.annotate(str(row.rank), (row.middle, row.efficacy), (0, 5), textcoords="offset points", **rank)
        bottom.axvspan(row.start + 1, row.start + 21, color=colours.TRUTH, alpha=0.25, lw=0)
    top.set_ylabel("predicted efficacy")
    probability = np.asarray(unpaired, dtype=float)
    length, width = len(probability), min(21, len(probability))
    smooth = np.convolve(probability, np.ones(width) / width, mode="same")
    green = colours.OKABE_ITO["green"]
    bottom.fill_between(range(1, length + 1), 0, smooth, color=green, alpha=0.35, lw=0)
    bottom.set(xlabel="position on the mRNA (nt)", ylabel="open, mean\nof 21 nt")
    bottom.set(ylim=(0, 1.02), xlim=(0, length + 1))
    style.head(fig, title)
    return fig


@style.house
def intervals(table: pd.DataFrame, *, title: str, label: str, mark: Sequence[str] = ()) -> Figure:
    """Predicted efficacy with its interval (``low, high``), one line a siRNA, in the order of the table.

    `label` is the column that names the rows; those named in `mark` (with mismatches) have another
    colour.
    """
    need(table, [label, "efficacy", "low", "high"], "intervals")
    fig = style.figure(style.DOUBLE, 24 + 3.9 * len(table))
    ax = fig.subplots()
    marked = table[label].astype(str).isin(list(mark)).to_numpy()
    kinds = {"matches everywhere": (~marked, "blue"), "with a mismatch": (marked, "orange")}
    for name, (part, hue) in kinds.items():
        rows = table[part]
        ends = _ends(rows["efficacy"], rows["low"], rows["high"])
        ax.errorbar(
            rows["efficacy"], np.flatnonzero(part), xerr=ends, color=colours.OKABE_ITO[hue], fmt="o",
            markersize=4, elinewidth=1.1, label=name,
        )  # fmt: skip
    _name_rows(ax, table[label], 40)
    ax.set_xlabel("predicted efficacy (bar: 90 % interval)")
    if marked.any():
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    style.title(ax, title)
    return fig


def overview(path: str | os.PathLike[str], table: pd.DataFrame, *, title: str, most: int) -> Path:
    """Write the pairs with the highest predictions as a page to sort and filter.

    Parameters
    ----------
    path : path
        The page; all rows are in ``predictions.csv`` beside it.
    table : pandas.DataFrame
        From `helpers.tracks.sirna_efficacy.predict.predict_table`.
    title : str
    most : int
        How many pairs are shown.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> import tempfile
    >>> pair = {"mrna_id": "m", "sirna_id": "s", "efficacy": 0.8, "low": 0.6, "high": 1.0}
    >>> pair |= {"status": "scored", "note": "", "rules": "U at 10"}
    >>> overview(f"{tempfile.mkdtemp()}/overview.html", pd.DataFrame([pair]), title="t", most=40).name
    'overview.html'
    """
    need(table, ["mrna_id", "sirna_id", "efficacy", "low", "high", "status", "note", "rules"], "predictions")
    named = {"mrna_id": "rna_id", "sirna_id": "protein_id", "efficacy": "probability"}
    page = table.rename(columns=named | {"low": "ci_low", "high": "ci_high"})
    page = page.assign(
        status=page["status"].replace("scored", "ok"),
        note=page["note"].where(page["note"] != "", page["rules"]),
        row=range(1, len(page) + 1),
    )
    page = page.sort_values("probability", ascending=False, kind="stable").head(most)
    heads = ["Row", "mRNA", "siRNA", "Efficacy", "90 % interval", "Status", "Note or rules", ""]
    return pages.predictions_page(
        path, page, title=title, heads=heads, total=len(table), full_table="predictions.csv"
    )


def _hues(names: Iterable[str]) -> dict[str, str]:
    order = enumerate(dict.fromkeys(names))
    return {name: colours.OKABE_ITO[_HUES[i % len(_HUES)]] for i, name in order}


def _ends(values: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    """Lengths of the bars below and above each value."""
    return np.clip([values - low, high - values], 0, None)


def _points(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return table["middle"], table["efficacy"]


def _name_rows(ax: Axes, names: pd.Series, length: int) -> None:
    """The name of each row at its height, the first at the top."""
    ax.set_yticks(range(len(names)), [words.plain(str(name), length) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)


def _panels(
    table: pd.DataFrame, height: float, *, sharex: bool = False
) -> tuple[Figure, list[tuple[Axes, str, pd.DataFrame]]]:
    """A panel a protocol, with its rows."""
    need(table, ["protocol", "y", "p"], "predicted and measured values")
    fig = style.figure(style.DOUBLE, height)
    names = list(dict.fromkeys(table["protocol"]))
    panels = fig.subplots(1, len(names), sharex=sharex, sharey=True, squeeze=False)[0]
    parts = [table[table["protocol"] == name] for name in names]
    return fig, list(zip(panels, names, parts, strict=True))
