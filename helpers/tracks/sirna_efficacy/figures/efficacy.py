"""Pictures of measured values: what they go with, and how well they are predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from helpers.plots import colours, style, words
from helpers.plots.tables import need

_HUES = ("blue", "orange", "green", "purple", "vermillion", "sky", "yellow", "black")


def _hues(names: Sequence[str]) -> dict[str, str]:
    order = list(dict.fromkeys(names))
    return {name: colours.OKABE_ITO[_HUES[i % len(_HUES)]] for i, name in enumerate(order)}


@style.house
def ranked(
    table: pd.DataFrame, *, value: str, title: str, group: str = "group", label: str = "feature"
) -> Figure:
    """Horizontal bars with intervals, coloured by group, in the order of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `label` (name of the row), ``value`` and, where there are any, ``ci_low, ci_high``
        and `group`.
    value : str
        Words of the axis.
    title : str
    group, label : str, optional
        Names of the two columns.

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
    y = np.arange(len(table))
    values = table["value"].to_numpy(float)
    ax.barh(y, values, color=[hues[kind] for kind in kinds], height=0.7)
    if {"ci_low", "ci_high"} <= set(table.columns):
        ends = [values - table["ci_low"].to_numpy(float), table["ci_high"].to_numpy(float) - values]
        ax.errorbar(values, y, xerr=np.clip(ends, 0, None), fmt="none", ecolor=colours.INK, elinewidth=0.8)
    ax.axvline(0, color=colours.INK, linewidth=0.6)
    ax.set_yticks(y, [words.plain(str(name), 48) for name in table[label]])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel(value)
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    if len(hues) > 1:
        handles = [Patch(color=hue, label=words.plain(name)) for name, hue in hues.items()]
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5))
    style.title(ax, title)
    return fig


@style.house
def trends(
    tables: Mapping[str, pd.DataFrame], *, units: Mapping[str, str], title: str, y: str = "efficacy"
) -> Figure:
    """Mean of a value in bins of several features, one panel a feature.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        For each feature ``x, y, ci_low, ci_high``.
    units : dict of str to str
        Unit of each feature.
    title, y : str
        Title, and words of the shared axis.
    """
    columns = min(4, len(tables))
    rows = -(-len(tables) // columns)
    fig = style.figure(style.DOUBLE, 14 + 44 * rows)
    panels = fig.subplots(rows, columns, sharey=True, squeeze=False)
    for ax in panels.ravel()[len(tables) :]:
        ax.set_axis_off()
    for ax, (name, table) in zip(panels.ravel(), tables.items(), strict=False):
        need(table, ["x", "y", "ci_low", "ci_high"], f"trend of {name}")
        x = table["x"].to_numpy(float)
        mark = colours.MODEL_MARKS["ours"]
        ax.fill_between(x, table["ci_low"], table["ci_high"], color=mark["color"], alpha=0.2, lw=0)
        ax.plot(x, table["y"], color=mark["color"], marker="o", markersize=3, linewidth=1.2)
        ax.set_xlabel(f"{words.plain(name, 30)} ({units[name]})")
    for row in panels:
        row[0].set_ylabel(y)
    style.head(fig, title)
    return fig


@style.house
def histogram(values: Mapping[str, np.ndarray], *, x: str, title: str) -> Figure:
    """Histograms of several sets of values on one axis, each with its number and mean.

    Parameters
    ----------
    values : dict of str to array
        Values of each set.
    x, title : str
    """
    fig = style.figure(style.DOUBLE, 62)
    ax = fig.subplots()
    every = np.concatenate([np.asarray(v, float) for v in values.values()])
    bins = np.linspace(every.min(), every.max(), 41).tolist()
    hues = _hues(list(values))
    for name, v in values.items():
        label = f"{words.plain(name)} (n = {len(v):,}, mean {np.mean(v):.2f})"
        ax.hist(v, bins=bins, color=hues[name], alpha=0.55, label=label)
    ax.set(xlabel=x, ylabel="siRNAs")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2)
    style.title(ax, title)
    return fig


@style.house
def predicted_measured(table: pd.DataFrame, *, title: str, unit: str) -> Figure:
    """Measured against predicted values, a panel a protocol, with the line of equality.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``protocol, y, p``.
    title : str
    unit : str
        Words of both axes.
    """
    need(table, ["protocol", "y", "p"], "predicted and measured")
    names = list(dict.fromkeys(table["protocol"]))
    fig = style.figure(style.DOUBLE, 84)
    panels = fig.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
    low, high = (float(f(table[["y", "p"]].to_numpy())) for f in (np.min, np.max))
    for ax, name in zip(panels, names, strict=True):
        part = table[table["protocol"] == name]
        few = len(part) < 300
        if few:
            ax.scatter(part["p"], part["y"], s=7, color=colours.OKABE_ITO["blue"], alpha=0.6, lw=0)
        else:
            ax.hexbin(
                part["p"], part["y"], gridsize=32, extent=(low, high, low, high),
                cmap=colours.colormap("sequential"), mincnt=1, linewidths=0,
            )  # fmt: skip
        ax.plot([low, high], [low, high], color=colours.INK, linewidth=0.8, linestyle="--")
        ax.set(xlabel=f"predicted {unit}", aspect="equal")
        r = np.corrcoef(part["p"], part["y"])[0, 1]
        ax.set_title(f"{words.protocol(name)}: r = {r:.3f}, n = {len(part):,}", weight="normal")
    panels[0].set_ylabel(f"measured {unit}")
    style.head(fig, title)
    return fig


@style.house
def residuals(table: pd.DataFrame, *, title: str, unit: str, bins: int = 12) -> Figure:
    """Residuals against the predicted value: median and the middle 80 % in equally filled bins.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``protocol, y, p``.
    title, unit : str
    bins : int, optional
    """
    need(table, ["protocol", "y", "p"], "residuals")
    fig = style.figure(style.DOUBLE, 66)
    names = list(dict.fromkeys(table["protocol"]))
    panels = fig.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for ax, name in zip(panels, names, strict=True):
        part = table[table["protocol"] == name]
        rest = (part["y"] - part["p"]).to_numpy()
        p = part["p"].to_numpy()
        ax.scatter(p, rest, s=4, color=colours.GREY, alpha=0.35, linewidths=0)
        order = np.argsort(p)
        cuts = np.array_split(order, min(bins, max(2, len(p) // 20)))
        x = [p[cut].mean() for cut in cuts]
        low, middle, high = np.array([np.quantile(rest[c], [0.1, 0.5, 0.9]) for c in cuts]).T
        hue = colours.OKABE_ITO["blue"]
        ax.fill_between(x, low, high, color=hue, alpha=0.2, lw=0, label="middle 80 %")
        ax.plot(x, middle, color=hue, marker="o", markersize=3, linewidth=1.2, label="median")
        ax.axhline(0, color=colours.INK, linewidth=0.8, linestyle="--")
        ax.set_xlabel(f"predicted {unit}")
        ax.set_title(words.protocol(name), weight="normal")
    panels[0].set_ylabel("measured - predicted")
    handles, labels = panels[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center")
    style.head(fig, title)
    return fig


@style.house
def coverage(table: pd.DataFrame, *, title: str) -> Figure:
    """Share of measurements inside the intervals, against what the intervals promise.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``protocol, level, observed, ci_low, ci_high``.
    title : str
    """
    need(table, ["protocol", "level", "observed", "ci_low", "ci_high"], "coverage")
    fig = style.figure(style.SINGLE + 45, 80)
    ax = fig.subplots()
    names = list(dict.fromkeys(table["protocol"]))
    hues = _hues(names)
    for number, name in enumerate(names):
        part = table[table["protocol"] == name]
        x = part["level"].to_numpy(float) + 0.006 * (number - (len(names) - 1) / 2)
        y = part["observed"].to_numpy(float)
        ends = [y - part["ci_low"].to_numpy(float), part["ci_high"].to_numpy(float) - y]
        ax.errorbar(
            x, y, yerr=np.clip(ends, 0, None), color=hues[name], marker="os^D"[number % 4],
            markersize=4, linewidth=1, capsize=2, label=words.protocol(name),
        )  # fmt: skip
    edges = (0.38, 1.02)
    ax.plot(edges, edges, color=colours.INK, linewidth=0.8, linestyle="--", label="as promised")
    ax.set(xlabel="promised share", ylabel="observed share", xlim=edges, ylim=edges)
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    style.title(ax, title)
    return fig
