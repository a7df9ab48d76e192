"""A hyperparameter search in four pictures: history, importances, parallel coordinates, slices.

Each takes the table of the trials and comes as a static figure and as an interactive one, whose
hover text names the trial and all its parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.plots import canvas, colours, style, words
from helpers.plots.tables import need

_STATES = {"complete": ("o", colours.OKABE_ITO["blue"]), "pruned": ("x", colours.GREY)}
_TRIALS = ("number", "state", "value")


@style.house
def history(trials: pd.DataFrame, *, value: str = "value", title: str = "Search") -> Figure:
    """Value of each trial, and the best so far.

    Parameters
    ----------
    trials : pandas.DataFrame
        ``number, state, value, best``; trials that failed are not drawn.
    value : str
        What was optimised.
    title : str

    Examples
    --------
    >>> rows = pd.DataFrame({"number": [0], "state": ["complete"], "value": [0.5], "best": [0.5]})
    >>> history(rows, value="AUROC").axes[0].get_ylabel()
    'AUROC'
    """
    drawn = _finished(trials, (*_TRIALS, "best"))
    fig = style.figure(style.SINGLE + 30, 70)
    ax = fig.subplots()
    for state, (marker, colour) in _STATES.items():
        part = drawn[drawn["state"] == state]
        if len(part):
            ax.plot(part["number"], part["value"], marker, color=colour, ms=4, label=state)
    tone = colours.OKABE_ITO["vermillion"]
    ax.step(drawn["number"], drawn["best"], where="post", color=tone, label="best so far")
    ax.set(xlabel="trial", ylabel=value)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=3)
    style.title(ax, title)
    return fig


@style.house
def importances(table: pd.DataFrame, *, title: str = "Importance of the parameters") -> Figure:
    """Share of the differences between trials that each parameter explains.

    Parameters
    ----------
    table : pandas.DataFrame
        ``parameter, importance``, as `helpers.training.search.importances` gives it.
    title : str

    Examples
    --------
    >>> rows = pd.DataFrame({"parameter": ["width"], "importance": [1.0]})
    >>> len(importances(rows).axes[0].patches)
    1
    """
    need(table, ("parameter", "importance"), "importances")
    ordered = table.sort_values("importance")
    fig = style.figure(style.SINGLE + 30, 25 + 7 * len(ordered))
    ax = fig.subplots()
    names = [words.plain(str(name).replace("_", " ")) for name in ordered["parameter"]]
    bars = ax.barh(names, ordered["importance"], color=colours.OKABE_ITO["blue"])
    ax.bar_label(bars, fmt="%.2f", padding=2, fontsize=7)
    ax.set(xlabel="share of the variance explained", xlim=(0, 1.12 * ordered["importance"].max()))
    style.title(ax, title)
    return fig


@style.house
def parallel(
    trials: pd.DataFrame,
    parameters: Sequence[str],
    *,
    value: str = "value",
    title: str = "Trials, parameter by parameter",
) -> Figure:
    """Each trial as a line through its parameters to its value; the best are dark.

    Parameters
    ----------
    trials : pandas.DataFrame
        ``number, state, value`` and the parameters.
    parameters : sequence of str
        Axes, in their order.
    value : str
        What was optimised; the last axis.
    title : str

    Examples
    --------
    >>> rows = pd.DataFrame({"number": [0, 1], "state": "complete", "value": [0.1, 0.2]})
    >>> rows = rows.assign(x=[1, 2])
    >>> len(parallel(rows, ["x"]).axes[0].lines) >= 2
    True
    """
    drawn = _finished(trials, (*_TRIALS, *parameters))
    axes = [_axis(drawn[name]) for name in (*parameters, "value")]
    fig = style.figure(style.DOUBLE, 80)
    ax = fig.subplots()
    scaled = _share(drawn["value"])
    lines = np.stack([places for places, _ in axes], axis=1)
    paint = colours.colormap("sequential")
    # The best are drawn last, on top.
    for row in np.argsort(scaled, kind="stable"):
        line = "-" if drawn["state"].iloc[row] == "complete" else ":"
        ax.plot(range(len(axes)), lines[row], line, color=paint(0.2 + 0.8 * scaled[row]), lw=1.1)
    box = {"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.4}
    for place, (_, ticks) in enumerate(axes):
        ax.axvline(place, color=colours.INK, lw=0.6, zorder=0)
        side, shift = ("left", 3) if place == len(axes) - 1 else ("right", -3)
        look: dict[str, Any] = {"ha": side, "va": "center", "fontsize": 6.5, "bbox": box}
        for height, text in ticks:
            ax.annotate(text, (place, height), xytext=(shift, 0), textcoords="offset points", **look)
    # Every second name stands lower, so that long neighbours do not touch.
    names = [name.replace("_", "\n") for name in parameters]
    names = ["\n\n" * (place % 2) + name for place, name in enumerate([*names, value])]
    ax.set_xticks(range(len(axes)), names)
    ax.set(yticks=[], ylim=(-0.06, 1.06), xlim=(-0.55, len(axes) - 0.45))
    ax.spines[:].set_visible(False)
    style.title(ax, f"{title} (dotted: pruned)")
    return fig


@style.house
def slices(
    trials: pd.DataFrame,
    parameters: Sequence[str],
    *,
    value: str = "value",
    log: Sequence[str] = (),
    title: str = "Value by parameter",
) -> Figure:
    """Value of each trial against each parameter, later trials darker.

    Parameters
    ----------
    trials : pandas.DataFrame
        ``number, state, value`` and the parameters.
    parameters : sequence of str
        One panel each.
    value : str
        What was optimised.
    log : sequence of str
        Parameters with a logarithmic axis.
    title : str

    Examples
    --------
    >>> rows = pd.DataFrame({"number": [0, 1], "state": "complete", "value": [0.1, 0.2]})
    >>> rows = rows.assign(x=[1, 2])
    >>> slices(rows, ["x"]).axes[0].get_xlabel()
    'x'
    """
    drawn = _finished(trials, (*_TRIALS, *parameters))
    columns = min(len(parameters), 4)
    rows = -(-len(parameters) // columns)
    fig = style.figure(style.DOUBLE, 14 + 48 * rows)
    panels = np.atleast_1d(fig.subplots(rows, columns, sharey=True)).ravel()
    shades = colours.colormap("sequential")(0.25 + 0.75 * _share(drawn["number"]))
    for ax, name in zip(panels, parameters, strict=False):
        x, ticks = _positions(drawn[name])
        for state, (marker, _) in _STATES.items():
            where = (drawn["state"] == state).to_numpy()
            if where.any():
                ax.scatter(x[where], drawn["value"][where], c=shades[where], marker=marker, s=16, lw=0.9)
        if ticks is not None:
            ax.set_xticks(*ticks)
            ax.set_xlim(-0.5, len(ticks[0]) - 0.5)
        elif name in log:
            ax.set_xscale("log")
            # Three ticks of our own: the labels of a short logarithmic axis run into each other.
            marks = np.geomspace(x.min(), x.max(), 3)
            ax.set_xticks(marks, [_short(float(mark)) for mark in marks])
            ax.minorticks_off()
        ax.set_xlabel(name.replace("_", " "))
    for ax in panels[len(parameters) :]:
        ax.set_visible(False)
    for ax in panels[::columns]:
        ax.set_ylabel(value)
    style.head(fig, f"{title} (dark: late; x: pruned)")
    return fig


def search_figure(
    trials: pd.DataFrame, parameters: Sequence[str], *, value: str = "value", title: str = "Search"
) -> go.Figure:
    """The search, interactive: history, parallel coordinates, and one slice a parameter, in a menu.

    Parameters
    ----------
    trials : pandas.DataFrame
        ``number, state, value, best`` and the parameters.
    parameters : sequence of str
        Parameters, in their order.
    value : str
        What was optimised.
    title : str

    Examples
    --------
    >>> rows = pd.DataFrame({"number": [0, 1], "state": "complete", "value": [0.1, 0.2],
    ...                      "best": [0.1, 0.2], "x": [1, 2]})
    >>> len(search_figure(rows, ["x"]).data)
    4
    """
    drawn = _finished(trials, (*_TRIALS, "best", *parameters))
    said = [
        f"trial {row['number']} ({row['state']})<br>{words.markup(value)} {row['value']:.4g}<br>"
        + "<br>".join(f"{words.markup(name)} {_short(row[name])}" for name in parameters)
        for _, row in drawn.iterrows()
    ]
    fig = go.Figure()
    scale = colours.colorscale("sequential")
    marker = {
        "color": drawn["number"],
        "colorscale": scale,
        "cmin": -0.4 * drawn["number"].max(),  # the first trial is pale, not blank
        "cmax": drawn["number"].max(),
        "size": 9,
        "symbol": ["circle" if state == "complete" else "x" for state in drawn["state"]],
        "line": {"width": 0.5, "color": colours.INK},
    }
    points = {"mode": "markers", "text": said, "hovertemplate": "%{text}<extra></extra>", "marker": marker}
    fig.add_scatter(x=drawn["number"], y=drawn["value"], name="trials", **points)
    best = {"shape": "hv", "color": colours.OKABE_ITO["vermillion"]}
    look = {"mode": "lines", "line": best, "hoverinfo": "skip"}
    fig.add_scatter(x=drawn["number"], y=drawn["best"], name="best so far", **look)
    dimensions = [_dimension(drawn[name], name) for name in parameters] + [_dimension(drawn["value"], value)]
    shade = {"color": drawn["value"], "colorscale": scale}
    fig.add_parcoords(dimensions=dimensions, visible=False, domain={"y": [0.02, 0.84]}, line=shade)
    for name in parameters:
        column = drawn[name] if _numeric(drawn[name]) else drawn[name].astype(str)
        fig.add_scatter(x=column, y=drawn["value"], name=name, visible=False, **points)
    canvas.frame(fig, title, 480)
    fig.update_layout(showlegend=False, xaxis_title="trial", yaxis_title=words.markup(value))
    choices = [("history", [0, 1], "trial"), ("parallel coordinates", [2], "")]
    choices += [(name, [3 + place], name) for place, name in enumerate(parameters)]
    canvas.views(
        fig, [(name.replace("_", " "), shown, _flat(below, value)) for name, shown, below in choices]
    )
    return fig


def _flat(below: str, value: str) -> dict[str, object]:
    """The two axes of a view, hidden where there is nothing below."""
    names = {"xaxis": below, "yaxis": value}
    return {
        axis: {"visible": bool(below), "title": {"text": words.markup(name)}, "autorange": True}
        for axis, name in names.items()
    }


def _finished(trials: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    need(trials, columns, "trials")
    drawn = trials[trials["state"].isin(_STATES) & trials["value"].notna()]
    if drawn.empty:
        raise ValueError("no finished trial to draw; expected at least one complete or pruned")
    return drawn.reset_index(drop=True)


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _share(numbers: pd.Series) -> np.ndarray:
    """Where each number stands between the lowest (0) and the highest (1)."""
    span = float(numbers.max() - numbers.min()) or 1.0
    return np.asarray((numbers - numbers.min()) / span, dtype=float)


def _few(column: pd.Series) -> bool:
    """A choice: words, or at most five different numbers."""
    return not _numeric(column) or column.nunique() <= 5


def _positions(column: pd.Series) -> tuple[np.ndarray, tuple[range, list[str]] | None]:
    if not _few(column):
        return column.to_numpy(dtype=float), None
    kinds = sorted(column.unique()) if _numeric(column) else sorted(column.astype(str).unique())
    names = [_short(kind) for kind in kinds]
    found = [names.index(_short(one if _numeric(column) else str(one))) for one in column]
    return np.array(found, dtype=float), (range(len(names)), names)


def _axis(column: pd.Series) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Heights between 0 and 1, and the ticks beside them."""
    places, ticks = _positions(column)
    if ticks is not None:
        top = max(len(ticks[1]) - 1, 1)
        return places / top, [(place / top, name) for place, name in zip(*ticks, strict=True)]
    low, high = float(places.min()), float(places.max())
    wide = low > 0 and high / low > 30
    values = np.log10(places) if wide else places
    ends = (np.log10(low), np.log10(high)) if wide else (low, high)
    span = (ends[1] - ends[0]) or 1.0
    marks = [(share, ends[0] + share * span) for share in (0.0, 0.5, 1.0)]
    return (values - ends[0]) / span, [(share, _short(10**mark if wide else mark)) for share, mark in marks]


def _dimension(column: pd.Series, name: str) -> dict[str, object]:
    places, ticks = _positions(column)
    found: dict[str, object] = {"label": words.markup(name.replace("_", " ")), "values": places}
    if ticks is not None:
        found |= {"tickvals": list(ticks[0]), "ticktext": ticks[1]}
    return found


def _short(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.2g}"
    return words.plain(str(value), 14)
