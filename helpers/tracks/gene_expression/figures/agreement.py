"""How far predicted expression agrees with measured: figures 1 and 2 of the expression track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from plotly.subplots import make_subplots
from scipy import stats

from helpers.plots import canvas, colours, words
from helpers.plots.publication import Drawn, Preset
from helpers.plots.tables import need
from helpers.tracks.gene_expression.figures import panels

_PERCENTILES = (5, 25, 50, 75, 95)
_BINS = 41
_LEVELS = 10
_QUANTILES = 199
_BLUE, _GREEN = (colours.MODEL_MARKS[name]["color"] for name in ("ours", "baseline"))
_LOOKS = {"mean error": (_GREEN, "s"), "mean absolute error": (_BLUE, "o")}


def performance(predictions: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 1: predicted against measured expression, a density for each cell type.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``task, row, y, p`` of one model under one protocol; `task` is the cell type.
    preset : helpers.plots.publication.Preset
    columns : {"single", "double"}
    title : str
        Says profile and data set.

    Returns
    -------
    Drawn
        Source data: ``task, row, y, p``.

    Raises
    ------
    ValueError
        If a column is missing or no row is there.
    """
    data = _points(predictions)
    tasks = list(dict.fromkeys(data["task"]))
    wide = panels.across(len(tasks), columns)
    ends = _limits(data[["y", "p"]].to_numpy())
    down = -(-len(tasks) // wide)
    height = 16 + down * (0.88 * preset.width(columns) / wide + 1)
    with panels.drawing(preset, columns, height=height, title=title) as fig:
        axes = panels.grid(fig, tasks, columns)
        for task, ax in axes.items():
            part = data[data["task"] == task]
            drawn = ax.hexbin(
                part["y"], part["p"], gridsize=32, bins="log", mincnt=1, linewidths=0.1,
                cmap=colours.colormap("sequential"), extent=(*ends, *ends), vmin=1,
                vmax=max(10, len(part) / 60),
            )  # fmt: skip
            ax.plot(ends, ends, color=colours.INK, linewidth=0.6, linestyle="--")
            r = np.corrcoef(part["y"], part["p"])[0, 1]
            ax.set(title=words.plain(task), xlim=ends, ylim=ends)
            said = f"r = {r:.2f}\nn = {len(part):,}"
            ax.text(0.05, 0.95, said, transform=ax.transAxes, va="top", size=preset.font)
            ax.set_box_aspect(1)
        fig.supxlabel("measured expression (log2)", size=preset.font)
        fig.supylabel("predicted expression (log2)", size=preset.font)
        bar = fig.colorbar(drawn, ax=fig.axes, shrink=0.6, pad=0.01)
        bar.set_label("promoters in a cell", size=preset.font)
    return Drawn(fig, _performance_live(data, tasks, wide, title), data)


def error_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Numbers of figure 2, from predictions (``task, row, y, p``) of one model under one protocol.

    Returns
    -------
    pandas.DataFrame
        ``panel, task, series, x, value, low, high``. Panel ``distribution``: share of errors in a
        bin (its middle `x`, its edges `low`, `high`); ``level``: mean error (bias) and mean
        absolute error in tenths of the measured level, with normal 95 % intervals of the mean;
        ``relative``: percentiles of the absolute error over the deviation of the cell type;
        ``quantiles``: quantiles of the standardised error against those of a normal distribution.

    Raises
    ------
    ValueError
        If a column is missing or no row is there.

    Examples
    --------
    >>> y = np.linspace(0, 1, 40)
    >>> rows = pd.DataFrame({"task": "K562", "row": range(40), "y": y, "p": y + 0.1})
    >>> sorted(error_table(rows)["panel"].unique())
    ['distribution', 'level', 'quantiles', 'relative']
    """
    data = _points(predictions)
    error = (data["p"] - data["y"]).to_numpy()
    reach = float(np.abs(error).max()) or 1.0
    counts, edges = np.histogram(error, bins=np.linspace(-reach, reach, _BINS + 1))
    bins = {
        "x": (edges[:-1] + edges[1:]) / 2,
        "value": counts / error.size,
        "low": edges[:-1],
        "high": edges[1:],
    }
    share = np.arange(1, _QUANTILES + 1) / (_QUANTILES + 1)
    standard = (error - error.mean()) / (error.std() or 1.0)
    normal = {"x": stats.norm.ppf(share), "value": np.quantile(standard, share)}
    parts = [
        pd.DataFrame({"panel": "distribution", "task": "all", "series": "share", **bins}),
        _by_level(data["y"].to_numpy(), error),
    ]
    for task, part in data.groupby("task", sort=False):
        relative = (part["p"] - part["y"]).abs() / (part["y"].std() or 1.0)
        named = {"series": [f"p{percent}" for percent in _PERCENTILES], "x": _PERCENTILES}
        found = np.percentile(relative, _PERCENTILES)
        parts.append(pd.DataFrame({"panel": "relative", "task": task, **named, "value": found}))
    parts.append(pd.DataFrame({"panel": "quantiles", "task": "all", "series": "error", **normal}))
    names = ["panel", "task", "series", "x", "value", "low", "high"]
    return pd.concat(parts, ignore_index=True)[names].round(6)


def errors(predictions: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 2: errors, their distribution, against level, relative, and against a normal one.

    The source data are `error_table`'s; arguments and errors as for `performance`.
    """
    data = error_table(predictions)
    parts = {str(name): part for name, part in data.groupby("panel", sort=False)}
    wide = 1 if columns == "single" else 2
    height = (57 if wide == 1 else 66) * (4 // wide) + 8
    with panels.drawing(preset, columns, height=height, title=title) as fig:
        axes = fig.subplots(4 // wide, wide).ravel()
        for ax, draw, name in zip(axes, (_distribution, _level, _relative, _quantiles), _PANELS, strict=True):
            draw(ax, parts[name])
            letter = "abcd"[list(_PANELS).index(name)]
            ax.set(title=f"{letter}  {_PANELS[name][0]}", xlabel=_PANELS[name][1])
    return Drawn(fig, _errors_live(parts, title), data)


_PANELS = {
    "distribution": ("Distribution of errors", "predicted - measured (log2)"),
    "level": ("Errors against level", "measured expression (log2), tenths"),
    "relative": ("Relative errors", "|error| / deviation of the cell type (5, 25, 50, 75, 95 %)"),
    "quantiles": ("Q-Q", "normal quantile"),
}
"""Title and axis of each panel of figure 2."""


def _points(predictions: pd.DataFrame) -> pd.DataFrame:
    need(predictions, ["task", "row", "y", "p"], "predictions")
    return predictions[["task", "row", "y", "p"]].round(5).reset_index(drop=True)


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.03 * (high - low) or 1.0
    return low - room, high + room


def _by_level(y: np.ndarray, error: np.ndarray) -> pd.DataFrame:
    parts = [part for part in np.array_split(np.argsort(y, kind="stable"), _LEVELS) if part.size]
    rows = []
    for series, values in (("mean error", error), ("mean absolute error", np.abs(error))):
        for part in parts:
            mean, half = values[part].mean(), 1.96 * values[part].std() / np.sqrt(part.size)
            rows.append((series, y[part].mean(), mean, mean - half, mean + half))
    table = pd.DataFrame(rows, columns=["series", "x", "value", "low", "high"])
    return table.assign(panel="level", task="all")


def _distribution(ax: Axes, part: pd.DataFrame) -> None:
    width = part["high"] - part["low"]
    ax.bar(part["x"], part["value"], width=width, color=_BLUE)
    mean = float((part["x"] * part["value"]).sum())
    spread = float(np.sqrt((np.square(part["x"] - mean) * part["value"]).sum())) or 1.0
    x = np.linspace(part["low"].min(), part["high"].max(), 201)
    normal = stats.norm.pdf(x, mean, spread) * float(width.iloc[0])
    ax.plot(x, normal, color=colours.INK, linestyle="--", label="normal, same deviation")
    ax.axvline(0, color=colours.GREY, linewidth=0.6)
    ax.set_ylabel("share of predictions")
    ax.legend(loc="upper right")


def _level(ax: Axes, part: pd.DataFrame) -> None:
    for series, rows in part.groupby("series", sort=False):
        colour, marker = _LOOKS[str(series)]
        ax.fill_between(rows["x"], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
        ax.plot(rows["x"], rows["value"], color=colour, marker=marker, label=str(series))
    ax.axhline(0, color=colours.GREY, linewidth=0.6)
    low, high = ax.get_ylim()
    ax.set(ylabel="error (log2; band: 95 %)", ylim=(low, high + 0.22 * (high - low)))
    ax.legend(loc="upper center", ncols=2)


def _relative(ax: Axes, part: pd.DataFrame) -> None:
    tasks = list(dict.fromkeys(part["task"]))
    for place, task in enumerate(tasks):
        rows = part[part["task"] == task].set_index("series")["value"]
        ax.plot([rows["p5"], rows["p95"]], [place, place], color=_BLUE, linewidth=0.8)
        ax.plot([rows["p25"], rows["p75"]], [place, place], color=_BLUE, linewidth=4, alpha=0.5)
        ax.plot([rows["p50"]], [place], color=_BLUE, marker="o")
    ax.set_yticks(range(len(tasks)), [words.plain(task) for task in tasks])
    ax.set_ylim(len(tasks) - 0.5, -0.5)
    ax.set_xlim(left=0)


def _quantiles(ax: Axes, part: pd.DataFrame) -> None:
    ends = [float(part["x"].min()), float(part["x"].max())]
    ax.plot(ends, ends, color=colours.INK, linestyle="--", linewidth=0.6)
    ax.plot(part["x"], part["value"], color=_BLUE, marker=".", linestyle="", markersize=2.5)
    ax.set_ylabel("quantile of the error (standardised)")


def _performance_live(data: pd.DataFrame, tasks: list[str], wide: int, title: str) -> go.Figure:
    down = -(-len(tasks) // wide)
    fig = make_subplots(
        down, wide, subplot_titles=[words.markup(task) for task in tasks], shared_xaxes=True,
        shared_yaxes=True, horizontal_spacing=0.03, vertical_spacing=0.09,
    )  # fmt: skip
    low, high = _limits(data[["y", "p"]].to_numpy())
    for place, task in enumerate(tasks):
        part = data[data["task"] == task]
        at = {"row": place // wide + 1, "col": place % wide + 1}
        points = go.Scattergl(
            x=canvas.small(part["y"].to_numpy()), y=canvas.small(part["p"].to_numpy()),
            customdata=part["row"].to_numpy(np.int32), mode="markers", showlegend=False,
            marker={"size": 4, "opacity": 0.35, "color": _BLUE},
            hovertemplate="row %{customdata}<br>measured %{x:.2f}<br>predicted %{y:.2f}"
            f"<extra>{words.markup(task)}</extra>",
        )  # fmt: skip
        fig.add_trace(points, **at)
        line = {"color": colours.INK, "dash": "dash", "width": 1}
        fig.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=line, **at)
    canvas.frame(fig, title, 160 + 300 * down)
    fig.update_layout(plot_bgcolor="white").update_xaxes(range=[low, high]).update_yaxes(range=[low, high])
    fig.update_xaxes(title_text="measured (log2)", row=down)
    return fig.update_yaxes(title_text="predicted (log2)", col=1)


def _errors_live(parts: dict[str, pd.DataFrame], title: str) -> go.Figure:
    fig = make_subplots(2, 2, subplot_titles=[name for name, _ in _PANELS.values()], vertical_spacing=0.16)
    blue = {"marker_color": _BLUE, "showlegend": False}
    part = parts["distribution"]
    fig.add_trace(go.Bar(x=part["x"], y=part["value"], name="share", **blue), row=1, col=1)
    for series, rows in parts["level"].groupby("series", sort=False):
        half = {"type": "data", "array": (rows["high"] - rows["low"]) / 2}
        look = {"mode": "lines+markers", "marker_color": _LOOKS[str(series)][0], "name": str(series)}
        fig.add_trace(go.Scatter(x=rows["x"], y=rows["value"], error_y=half, **look), row=1, col=2)
    for task, rows in parts["relative"].groupby("task", sort=False):
        where = {"x": rows["value"], "y": [words.markup(str(task))] * len(rows), "text": rows["series"]}
        hover = "%{text}: %{x:.2f}<extra>%{y}</extra>"
        fig.add_trace(go.Scatter(mode="lines+markers", hovertemplate=hover, **where, **blue), row=2, col=1)
    part = parts["quantiles"]
    fig.add_trace(go.Scatter(x=part["x"], y=part["value"], mode="markers", **blue), row=2, col=2)
    ends = {"x0": -2.6, "y0": -2.6, "x1": 2.6, "y1": 2.6}
    fig.add_shape(type="line", line={"dash": "dash", "width": 1}, row=2, col=2, **ends)
    canvas.frame(fig, title, 780)
    for place, (_, axis) in enumerate(_PANELS.values()):
        fig.update_xaxes(title_text=axis.split(" (5,")[0], row=place // 2 + 1, col=place % 2 + 1)
    return fig.update_layout(plot_bgcolor="white", bargap=0).update_yaxes(autorange="reversed", row=2, col=1)
