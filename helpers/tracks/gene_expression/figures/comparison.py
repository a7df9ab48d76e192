"""Models beside each other in each cell type: figures 3 and 4 of the expression track."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from helpers.plots import canvas, colours, words
from helpers.plots.publication import NAMES, Drawn, Preset, mark, order_models
from helpers.plots.tables import need
from helpers.tracks.gene_expression.figures import panels

_NEEDED = ["task", "model", "metric", "value", "ci_low", "ci_high", "n"]
_SHOWN = ["pearson", "spearman", "r2"]
CEILING = "ceiling"
"""Name of the noise ceiling among the models of a results table."""
_PLOTLY = {
    "o": "circle", "P": "cross", "D": "diamond", "s": "square", "v": "triangle-down", "X": "x",
    "^": "triangle-up", "x": "x-thin-open", "h": "hexagon", "p": "pentagon",
}  # fmt: skip


def by_cell_type(results: pd.DataFrame, *, preset: Preset, columns: str = "double", title: str) -> Drawn:
    """Figure 3: three metrics in each cell type, ours beside the baseline and the control.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv of one protocol: metrics ``pearson``, ``spearman`` and ``r2`` of the
        models ``ours``, ``baseline`` and ``control`` (others are left out), and of `CEILING`.
    preset : helpers.plots.publication.Preset
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
    models = ["ours", "baseline", "control", CEILING]
    data = results.loc[results["metric"].isin(_SHOWN) & results["model"].isin(models), _NEEDED]
    data = data.round(5).reset_index(drop=True)
    need(data, _NEEDED, "results (of ours, baseline and control)")
    tasks = list(dict.fromkeys(data["task"]))
    shown = [metric for metric in _SHOWN if metric in set(data["metric"])]
    wide = columns == "double"
    height = (24 + 6.5 * max(len(tasks), 3)) * (1 if wide else len(shown))
    with panels.drawing(preset, columns, height=height, title=title) as fig:
        shape = (1, len(shown)) if wide else (len(shown), 1)
        axes = fig.subplots(*shape, sharey=wide, squeeze=False).ravel()
        for ax, metric in zip(axes, shown, strict=True):
            part = data[data["metric"] == metric]
            models = part[part["model"] != CEILING].set_index("model").loc[_ordered(part)].reset_index()
            panels.dots(ax, models, tasks, row="task", by="model", look=_look)
            for row in part[part["model"] == CEILING].itertuples():
                ends = [tasks.index(row.task) - 0.4, tasks.index(row.task) + 0.4]
                ax.plot([row.value] * 2, ends, color=colours.INK, linestyle="--", label=CEILING)
            for edge in range(len(tasks) - 1):
                ax.axhline(edge + 0.5, color=colours.PALE, linewidth=0.5, zorder=0)
            ax.set_xlabel(f"{words.metric(metric)} (bar: 95 % interval)")
        handles, labels = axes[0].get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        panels.legend(fig, list(once.values()), list(once), preset=preset)
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
    named = {"value": "difference", "ci_low": "difference_low", "ci_high": "difference_high"}
    named = {"task": "task", "minus": "model", **named}
    gap = differences[list(named)].rename(columns=named)
    tested = tests.reindex(columns=["task", "minus", "p_holm"]).rename(columns={"minus": "model"})
    tested = tested.astype({"p_holm": float})
    data = results.loc[results["metric"] == "pearson", _NEEDED]
    data = data.merge(gap, how="left").merge(tested, how="left").round(5)
    tasks, models = list(dict.fromkeys(data["task"])), _ordered(data)
    down = -(-len(tasks) // panels.across(len(tasks), columns))
    with panels.drawing(preset, columns, height=16 + down * (12 + 4.5 * len(models)), title=title) as fig:
        for task, ax in panels.grid(fig, tasks, columns).items():
            part = data[data["task"] == task]
            panels.dots(ax, part[part["model"] != CEILING], models, row="model", by="model", look=_look)
            ax.set_yticks(range(len(models)), [_look(model)[2] for model in models])
            for row in part[(part["p_holm"] < 0.05) & (part["difference"] > 0)].itertuples():
                at = (row.ci_high, models.index(row.model))
                ax.annotate("*", at, xytext=(2, -3), textcoords="offset points")
            for row in part[part["model"] == CEILING].itertuples():
                ax.axvline(row.value, color=colours.INK, linestyle="--", linewidth=0.7)
            ax.set_title(words.plain(task))
        fig.supxlabel(
            "Pearson r (bar: 95 % interval; dashed: noise ceiling; "
            "*: ours better, paired test over folds, Holm p < .05)",
            size=preset.font,
        )
    return Drawn(fig, _live(data, "task", tasks, "model", models, title), data)


def _look(model: str) -> tuple[str, str, str]:
    return (*mark(model), NAMES.get(model, words.plain(model)))


def _ordered(data: pd.DataFrame) -> list[str]:
    return order_models([model for model in data["model"] if model != CEILING])


def _live(
    data: pd.DataFrame, panel: str, shown: Sequence[str], row: str, rows: Sequence[str], title: str
) -> go.Figure:
    """One panel for each value of `panel`, one line for each of `row`; hover shows the interval."""
    wide = min(4, len(shown))
    down = -(-len(shown) // wide)
    named = {name: NAMES.get(name, words.markup(name)) for name in rows}
    titles = [words.metric(name) if panel == "metric" else name for name in shown]
    fig = make_subplots(down, wide, shared_yaxes=True, subplot_titles=titles)
    seen: set[str] = set()
    for place, name in enumerate(shown):
        at = {"row": place // wide + 1, "col": place % wide + 1}
        for model, part in data[data[panel] == name].groupby("model", sort=False):
            if model == CEILING and row == "model":
                fig.add_vline(x=float(part["value"].iloc[0]), line_dash="dash", **at)
                continue
            colour, marker, label = _look(str(model))
            symbol = "line-ns-open" if model == CEILING else _PLOTLY.get(marker, "star")
            fig.add_trace(
                go.Scatter(
                    x=part["value"], y=[named.get(value, "") for value in part[row]], mode="markers",
                    name=label, legendgroup=label, showlegend=label not in seen,
                    marker={"color": colour, "symbol": symbol, "size": 9},
                    error_x={
                        "type": "data", "symmetric": False, "array": part["ci_high"] - part["value"],
                        "arrayminus": part["value"] - part["ci_low"],
                    },
                    customdata=part[["ci_low", "ci_high", "n"]].to_numpy(),
                    hovertemplate="%{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}], "
                    "n = %{customdata[2]:,}<extra>%{y}</extra>",
                ),
                **at,
            )  # fmt: skip
            seen.add(label)
    canvas.frame(fig, title, 170 + down * (60 + 32 * len(rows)))
    order = {"categoryorder": "array", "categoryarray": list(named.values())}
    return fig.update_layout(plot_bgcolor="white").update_yaxes(autorange="reversed", **order)
