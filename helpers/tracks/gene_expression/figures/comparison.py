"""Models beside each other in each cell type: figures 3 and 4 of the expression track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from plotly.subplots import make_subplots

from helpers.plots import canvas, colours, presets, style, words
from helpers.plots.presets import Preset
from helpers.plots.publication import NAMES, Drawn, mark, order_models
from helpers.plots.tables import need

_NEEDED = ["task", "model", "metric", "value", "ci_low", "ci_high", "n"]
_SHOWN = ["pearson", "spearman", "r2"]
CEILING = "ceiling"
"""Name of the noise ceiling among the models of a results table."""
_PLOTLY = {
    "o": "circle", "P": "cross", "D": "diamond", "s": "square", "v": "triangle-down", "X": "x-thin",
    "^": "triangle-up", "x": "x",
}  # fmt: skip


def by_cell_type(results: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 3: three metrics in each cell type, ours beside the baseline and the control.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv of one protocol: metrics ``pearson``, ``spearman`` and ``r2`` of the
        models ``ours``, ``baseline`` and ``control`` (others are left out), and of `CEILING`.
    preset : helpers.plots.presets.Preset
    columns : {"single", "double"}
    title : str

    Returns
    -------
    Drawn
        Source data: ``task, model, metric, value, ci_low, ci_high, n``.

    Raises
    ------
    ValueError
        If a column is missing or no row is there.
    """
    need(results, _NEEDED, "results")
    chosen = results["metric"].isin(_SHOWN)
    chosen &= results["model"].isin(["ours", "baseline", "control", CEILING])
    data = results.loc[chosen, _NEEDED].round(5).reset_index(drop=True)
    need(data, _NEEDED, "results (of ours, baseline and control)")
    tasks = list(dict.fromkeys(data["task"]))
    shown = [metric for metric in _SHOWN if metric in set(data["metric"])]
    with presets.drawing(preset):
        wide = columns == "double"
        height = 24 + 6.5 * max(len(tasks), 3)
        fig = style.figure(preset.width(columns), height if wide else height * len(shown))
        shape = (1, len(shown)) if wide else (len(shown), 1)
        axes = fig.subplots(*shape, sharey=wide, squeeze=False).ravel()
        for ax, metric in zip(axes, shown, strict=True):
            _dots(ax, data[data["metric"] == metric], tasks)
            ax.set_xlabel(f"{words.metric(metric)} (bar: 95 % interval)")
            ax.set_yticks(range(len(tasks)), [words.plain(task) for task in tasks])
        _legend(fig, axes[0])
        style.head(fig, title)
        presets.fix_ticks(fig, preset)
    return Drawn(fig, _live(data, "metric", shown, "task", tasks, title), data)


def by_model(
    results: pd.DataFrame,
    differences: pd.DataFrame,
    tests: pd.DataFrame,
    *,
    preset: Preset,
    columns: str = "double",
    title: str,
) -> Drawn:
    """Figure 4: every model in each cell type, with what sets it apart from ours.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv of one protocol; the metric ``pearson`` is drawn.
    differences : pandas.DataFrame
        ``task, minus, value, ci_low, ci_high`` of ours minus each other model
        (`helpers.stats.scoring.compare`).
    tests : pandas.DataFrame
        ``task, minus, p_holm`` (`helpers.stats.significance.paired_tests`); without rows no star.
    preset, columns, title
        As for `by_cell_type`.

    Returns
    -------
    Drawn
        Source data: ``task, model, metric, value, ci_low, ci_high, n, difference, difference_low,
        difference_high, p_holm``.

    Raises
    ------
    ValueError
        If a column is missing or no row is there.
    """
    need(results, _NEEDED, "results")
    need(differences, ["task", "minus", "value", "ci_low", "ci_high"], "differences")
    if len(tests):  # a protocol of one fold has no test
        need(tests, ["task", "minus", "p_holm"], "tests")
    gap = differences.rename(columns={
        "minus": "model", "value": "difference", "ci_low": "difference_low",
        "ci_high": "difference_high",
    })[["task", "model", "difference", "difference_low", "difference_high"]]  # fmt: skip
    tested = tests.rename(columns={"minus": "model"})
    tested = tested.reindex(columns=["task", "model", "p_holm"]).astype({"p_holm": float})
    data = results.loc[results["metric"] == "pearson", _NEEDED]
    data = data.merge(gap, how="left").merge(tested, how="left").round(5)
    tasks = list(dict.fromkeys(data["task"]))
    models = order_models([m for m in data["model"] if m != CEILING])
    across = min(len(tasks), 2 if columns == "single" else 4 if len(tasks) > 3 else len(tasks))
    down = -(-len(tasks) // across)
    with presets.drawing(preset):
        height = 16 + down * (12 + 4.5 * len(models))
        fig = style.figure(preset.width(columns), height)
        axes = fig.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for place, ax in enumerate(axes.ravel()):
            if place >= len(tasks):
                ax.set_axis_off()
                continue
            _models(ax, data[data["task"] == tasks[place]], models)
            ax.set_title(words.plain(tasks[place]))
            ax.set_yticks(range(len(models)), [NAMES.get(m, words.plain(m)) for m in models])
        fig.supxlabel(
            "Pearson r (bar: 95 % interval; dashed: noise ceiling; "
            "*: ours better, paired test over folds, Holm p < .05)",
            size=preset.font,
        )
        style.head(fig, title)
        presets.fix_ticks(fig, preset)
    return Drawn(fig, _live(data, "task", tasks, "model", models, title), data)


def _dots(ax: Axes, part: pd.DataFrame, tasks: list[str]) -> None:
    place = {task: number for number, task in enumerate(tasks)}
    models = order_models([m for m in part["model"] if m != CEILING])
    for number, model in enumerate(models):
        rows = part[part["model"] == model]
        shift = (number - (len(models) - 1) / 2) * 0.22
        _point(ax, rows, [place[task] + shift for task in rows["task"]], model)
    for row in part[part["model"] == CEILING].itertuples():
        y = place[row.task]
        ax.plot([row.value] * 2, [y - 0.4, y + 0.4], color=colours.INK, linestyle="--", label=CEILING)
    for edge in range(len(tasks) - 1):
        ax.axhline(edge + 0.5, color=colours.PALE, linewidth=0.5, zorder=0)
    ax.set_ylim(len(tasks) - 0.5, -0.5)
    _tidy(ax)


def _models(ax: Axes, part: pd.DataFrame, models: list[str]) -> None:
    for number, model in enumerate(models):
        rows = part[part["model"] == model]
        _point(ax, rows, [number] * len(rows), model)
        for row in rows.itertuples():
            if row.p_holm < 0.05 and row.difference > 0:
                ax.annotate("*", (row.ci_high, number), xytext=(2, -3), textcoords="offset points")
    for row in part[part["model"] == CEILING].itertuples():
        ax.axvline(row.value, color=colours.INK, linestyle="--", linewidth=0.7)
    ax.set_ylim(len(models) - 0.5, -0.5)
    _tidy(ax)


def _point(ax: Axes, rows: pd.DataFrame, y: list[float], model: str) -> None:
    colour, marker = mark(model)
    value = rows["value"].to_numpy(float)
    low = np.clip(np.nan_to_num(value - rows["ci_low"].to_numpy(float)), 0, None)
    high = np.clip(np.nan_to_num(rows["ci_high"].to_numpy(float) - value), 0, None)
    ax.errorbar(
        value, y, xerr=(low, high), color=colour, marker=marker, linestyle="", markersize=3.5,
        elinewidth=0.9, capsize=1.5, label=NAMES.get(model, words.plain(model)),
    )  # fmt: skip


def _tidy(ax: Axes) -> None:
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)


def _legend(fig: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    fig.legend(once.values(), once.keys(), loc="outside lower center", ncols=len(once))


def _live(
    data: pd.DataFrame, panel: str, panels: list[str], row: str, rows: list[str], title: str
) -> go.Figure:
    """One panel for each value of `panel`, one line for each of `row`; hover shows the interval."""
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    named = {name: NAMES.get(name, words.markup(name)) for name in rows}
    fig = make_subplots(
        down, across, shared_yaxes=True,
        subplot_titles=[words.metric(name) if panel == "metric" else name for name in panels],
    )  # fmt: skip
    seen: set[str] = set()
    for place, name in enumerate(panels):
        at = {"row": place // across + 1, "col": place % across + 1}
        for model, part in data[data[panel] == name].groupby("model", sort=False):
            colour, marker = mark(str(model))
            y = [named.get(value, "") for value in part[row]]
            if model == CEILING:
                if row == "model":
                    fig.add_vline(x=float(part["value"].iloc[0]), line_dash="dash", **at)
                    continue
                marker = "x"
            fig.add_trace(
                go.Scatter(
                    x=part["value"], y=y, mode="markers", name=NAMES.get(str(model), str(model)),
                    legendgroup=str(model), showlegend=str(model) not in seen,
                    marker={"color": colour, "symbol": _PLOTLY.get(marker, "star"), "size": 9},
                    error_x={
                        "type": "data", "symmetric": False,
                        "array": part["ci_high"] - part["value"],
                        "arrayminus": part["value"] - part["ci_low"],
                    },
                    customdata=part[["ci_low", "ci_high", "n"]].to_numpy(),
                    hovertemplate="%{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}], "
                    "n = %{customdata[2]:,}<extra>%{y}</extra>",
                ),
                **at,
            )  # fmt: skip
            seen.add(str(model))
    canvas.frame(fig, title, 170 + down * (60 + 32 * len(rows)))
    fig.update_layout(plot_bgcolor="white")
    fig.update_yaxes(
        autorange="reversed", categoryorder="array", categoryarray=[named[name] for name in rows]
    )
    return fig
