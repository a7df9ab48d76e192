"""How far predicted expression agrees with measured: figures 1 and 2 of the expression track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from plotly.subplots import make_subplots
from scipy import stats

from helpers.plots import canvas, colours, presets, style, words
from helpers.plots.presets import Preset
from helpers.plots.publication import Drawn
from helpers.plots.tables import need

_PERCENTILES = (5, 25, 50, 75, 95)
_BINS = 41
_LEVELS = 10
_QUANTILES = 199


def performance(predictions: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 1: predicted against measured expression, a density for each cell type.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``task, row, y, p`` of one model under one protocol; `task` is the cell type.
    preset : helpers.plots.presets.Preset
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
    across = min(len(tasks), 2 if columns == "single" else 4 if len(tasks) > 3 else len(tasks))
    down = -(-len(tasks) // across)
    low, high = _limits(data[["y", "p"]].to_numpy())
    width = preset.width(columns)
    with presets.drawing(preset):
        fig = style.figure(width, 16 + down * (0.88 * width / across + 1))
        axes = fig.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        drawn = None
        for place, ax in enumerate(axes.ravel()):
            if place >= len(tasks):
                ax.set_axis_off()
                continue
            part = data[data["task"] == tasks[place]]
            drawn = ax.hexbin(
                part["y"], part["p"], gridsize=32, bins="log", mincnt=1, linewidths=0.1,
                cmap=colours.colormap("sequential"), extent=(low, high, low, high), vmin=1,
                vmax=max(10, len(part) / 60),
            )  # fmt: skip
            ax.plot([low, high], [low, high], color=colours.INK, linewidth=0.6, linestyle="--")
            ax.set_box_aspect(1)
            r = np.corrcoef(part["y"], part["p"])[0, 1]
            ax.set_title(f"{words.plain(tasks[place])}: r = {r:.2f}, n = {len(part):,}")
            ax.set_xlim(low, high)
            ax.set_ylim(low, high)
        fig.supxlabel("measured expression (log2)", size=preset.font)
        fig.supylabel("predicted expression (log2)", size=preset.font)
        if drawn is not None:
            bar = fig.colorbar(drawn, ax=axes, shrink=0.6, pad=0.01)
            bar.set_label("promoters in a cell", size=preset.font)
        style.head(fig, title)
        presets.fix_ticks(fig, preset)
    return Drawn(fig, _performance_live(data, tasks, across, title), data)


def error_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Numbers of figure 2, from predictions of one model under one protocol.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``task, row, y, p``.

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
    >>> table = error_table(rows)
    >>> sorted(table["panel"].unique())
    ['distribution', 'level', 'quantiles', 'relative']
    """
    data = _points(predictions)
    error = (data["p"] - data["y"]).to_numpy()
    rows: list[tuple[object, ...]] = []
    reach = float(np.abs(error).max()) or 1.0
    counts, edges = np.histogram(error, bins=np.linspace(-reach, reach, _BINS + 1))
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        rows.append(("distribution", "all", "share", (low + high) / 2, count / error.size, low, high))
    rows += _by_level(data["y"].to_numpy(), error)
    for task, part in data.groupby("task", sort=False):
        relative = (part["p"] - part["y"]).abs() / (part["y"].std() or 1.0)
        for percent in _PERCENTILES:
            value = float(np.percentile(relative, percent))
            rows.append(("relative", task, f"p{percent}", percent, value, np.nan, np.nan))
    share = np.arange(1, _QUANTILES + 1) / (_QUANTILES + 1)
    spread = error.std() or 1.0
    for x, value in zip(
        stats.norm.ppf(share), np.quantile((error - error.mean()) / spread, share), strict=True
    ):
        rows.append(("quantiles", "all", "error", x, value, np.nan, np.nan))
    names = ["panel", "task", "series", "x", "value", "low", "high"]
    return pd.DataFrame(rows, columns=names).round(6)


def errors(predictions: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 2: errors, their distribution, against level, relative, and against a normal one.

    Parameters
    ----------
    predictions, preset, columns, title
        As for `performance`.

    Returns
    -------
    Drawn
        Source data as `error_table` gives them.

    Raises
    ------
    ValueError
        As `error_table`.
    """
    data = error_table(predictions)
    parts = {str(name): part for name, part in data.groupby("panel", sort=False)}
    tasks = list(dict.fromkeys(parts["relative"]["task"]))
    across = 1 if columns == "single" else 2
    with presets.drawing(preset):
        fig = style.figure(preset.width(columns), (62 if across == 1 else 66) * (4 // across) + 8)
        axes = fig.subplots(4 // across, across).ravel()
        _distribution(axes[0], parts["distribution"])
        _level(axes[1], parts["level"])
        _relative(axes[2], parts["relative"], tasks)
        _quantiles(axes[3], parts["quantiles"])
        style.head(fig, title)
        presets.fix_ticks(fig, preset)
    return Drawn(fig, _errors_live(parts, tasks, title), data)


def _points(predictions: pd.DataFrame) -> pd.DataFrame:
    need(predictions, ["task", "row", "y", "p"], "predictions")
    return predictions[["task", "row", "y", "p"]].round(5).reset_index(drop=True)


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.03 * (high - low) or 1.0
    return low - room, high + room


def _by_level(y: np.ndarray, error: np.ndarray) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    parts = [part for part in np.array_split(np.argsort(y, kind="stable"), _LEVELS) if part.size]
    for series, values in (("mean error", error), ("mean absolute error", np.abs(error))):
        for part in parts:
            mean = float(values[part].mean())
            half = 1.96 * float(values[part].std()) / np.sqrt(part.size)
            middle = float(y[part].mean())
            rows.append(("level", "all", series, middle, mean, mean - half, mean + half))
    return rows


def _distribution(ax: Axes, part: pd.DataFrame) -> None:
    width = part["high"] - part["low"]
    ax.bar(part["x"], part["value"], width=width, color=colours.MODEL_MARKS["ours"]["color"])
    mean = float((part["x"] * part["value"]).sum())
    spread = float(np.sqrt((np.square(part["x"] - mean) * part["value"]).sum()))
    x = np.linspace(part["low"].min(), part["high"].max(), 201)
    normal = stats.norm.pdf(x, mean, spread or 1.0) * float(width.iloc[0])
    ax.plot(x, normal, color=colours.INK, linestyle="--", label="normal, same deviation")
    ax.axvline(0, color=colours.GREY, linewidth=0.6)
    ax.set_xlabel("predicted - measured (log2)")
    ax.set_ylabel("share of predictions")
    ax.set_title("a  Distribution of errors")
    ax.legend(loc="upper right")


def _level(ax: Axes, part: pd.DataFrame) -> None:
    looks = {"mean error": ("baseline", "s"), "mean absolute error": ("ours", "o")}
    for series, rows in part.groupby("series", sort=False):
        model, marker = looks[str(series)]
        colour = colours.MODEL_MARKS[model]["color"]
        ax.fill_between(rows["x"], rows["low"], rows["high"], color=colour, alpha=0.2, linewidth=0)
        ax.plot(rows["x"], rows["value"], color=colour, marker=marker, label=str(series))
    ax.axhline(0, color=colours.GREY, linewidth=0.6)
    ax.set_xlabel("measured expression (log2), tenths")
    ax.set_ylabel("error (log2; band: 95 %)")
    ax.set_title("b  Errors against level")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.22 * (high - low))
    ax.legend(loc="upper center", ncols=2)


def _relative(ax: Axes, part: pd.DataFrame, tasks: list[str]) -> None:
    for place, task in enumerate(tasks):
        rows = part[part["task"] == task].set_index("series")["value"]
        colour = colours.MODEL_MARKS["ours"]["color"]
        ax.plot([rows["p5"], rows["p95"]], [place, place], color=colour, linewidth=0.8)
        ax.plot([rows["p25"], rows["p75"]], [place, place], color=colour, linewidth=4, alpha=0.5)
        ax.plot([rows["p50"]], [place], color=colour, marker="o")
    ax.set_yticks(range(len(tasks)), [words.plain(task) for task in tasks])
    ax.set_ylim(len(tasks) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_xlabel("|error| / deviation of the cell type (5, 25, 50, 75, 95 %)")
    ax.set_title("c  Relative errors")


def _quantiles(ax: Axes, part: pd.DataFrame) -> None:
    ends = [float(part["x"].min()), float(part["x"].max())]
    ax.plot(ends, ends, color=colours.INK, linestyle="--", linewidth=0.6)
    colour = colours.MODEL_MARKS["ours"]["color"]
    ax.plot(part["x"], part["value"], color=colour, marker=".", linestyle="", markersize=2.5)
    ax.set_xlabel("normal quantile")
    ax.set_ylabel("quantile of the error (standardised)")
    ax.set_title("d  Q-Q")


def _performance_live(data: pd.DataFrame, tasks: list[str], across: int, title: str) -> go.Figure:
    down = -(-len(tasks) // across)
    names = [words.markup(task) for task in tasks]
    fig = make_subplots(
        down, across, subplot_titles=names, shared_xaxes=True, shared_yaxes=True,
        horizontal_spacing=0.03, vertical_spacing=0.09,
    )  # fmt: skip
    low, high = _limits(data[["y", "p"]].to_numpy())
    for place, task in enumerate(tasks):
        part = data[data["task"] == task]
        at = {"row": place // across + 1, "col": place % across + 1}
        fig.add_trace(
            go.Scattergl(
                x=canvas.small(part["y"].to_numpy()),
                y=canvas.small(part["p"].to_numpy()),
                customdata=part["row"].to_numpy(np.int32),
                mode="markers",
                marker={"size": 4, "opacity": 0.35, "color": colours.MODEL_MARKS["ours"]["color"]},
                hovertemplate="row %{customdata}<br>measured %{x:.2f}<br>predicted %{y:.2f}"
                f"<extra>{words.markup(task)}</extra>",
                showlegend=False,
            ),
            **at,
        )
        line = {"color": colours.INK, "dash": "dash", "width": 1}
        fig.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=line, **at)
    canvas.frame(fig, title, 160 + 300 * down)
    fig.update_layout(plot_bgcolor="white")
    fig.update_xaxes(range=[low, high])
    fig.update_yaxes(range=[low, high])
    fig.update_xaxes(title_text="measured (log2)", row=down)
    fig.update_yaxes(title_text="predicted (log2)", col=1)
    return fig


def _errors_live(parts: dict[str, pd.DataFrame], tasks: list[str], title: str) -> go.Figure:
    headings = ["Distribution of errors", "Errors against level", "Relative errors", "Q-Q"]
    fig = make_subplots(2, 2, subplot_titles=headings, vertical_spacing=0.16)
    blue, green = (colours.MODEL_MARKS[name]["color"] for name in ("ours", "baseline"))
    part = parts["distribution"]
    fig.add_trace(
        go.Bar(x=part["x"], y=part["value"], marker_color=blue, name="share", showlegend=False),
        row=1, col=1,
    )  # fmt: skip
    for colour, (series, rows) in zip(
        (green, blue), parts["level"].groupby("series", sort=False), strict=True
    ):
        half = (rows["high"] - rows["low"]) / 2
        fig.add_trace(
            go.Scatter(
                x=rows["x"], y=rows["value"], error_y={"type": "data", "array": half},
                mode="lines+markers", marker_color=colour, name=str(series),
            ),
            row=1, col=2,
        )  # fmt: skip
    for task in tasks:
        rows = parts["relative"].query("task == @task")
        fig.add_trace(
            go.Scatter(
                x=rows["value"], y=[words.markup(task)] * len(rows), text=rows["series"],
                mode="lines+markers", marker_color=blue, showlegend=False,
                hovertemplate="%{text}: %{x:.2f}<extra>%{y}</extra>",
            ),
            row=2, col=1,
        )  # fmt: skip
    part = parts["quantiles"]
    fig.add_trace(
        go.Scatter(
            x=part["x"], y=part["value"], mode="markers", marker_color=blue, showlegend=False
        ),
        row=2, col=2,
    )  # fmt: skip
    ends = {"x0": -2.6, "y0": -2.6, "x1": 2.6, "y1": 2.6}
    fig.add_shape(type="line", line={"dash": "dash", "width": 1}, row=2, col=2, **ends)
    canvas.frame(fig, title, 780)
    fig.update_layout(plot_bgcolor="white", bargap=0)
    for place, text in enumerate(
        ["predicted - measured (log2)", "measured (log2)", "|error| / deviation", "normal quantile"]
    ):
        fig.update_xaxes(title_text=text, row=place // 2 + 1, col=place % 2 + 1)
    fig.update_yaxes(autorange="reversed", row=2, col=1)
    return fig
