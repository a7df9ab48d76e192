"""Results of models under protocols, from the rows of results.csv."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.plots import colours, style, words
from helpers.plots.canvas import frame
from helpers.plots.tables import need

_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "x": "x",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "*": "star",
}

COLUMNS = (
    "dataset",
    "task",
    "protocol",
    "model",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "seed",
)
"""Columns of results.csv."""


def select(results: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of one metric.

    Raises
    ------
    ValueError
        If a column is missing or no row has that metric; the message lists those that are there.
    """
    need(results, ["protocol", "model", "metric", "value", "ci_low", "ci_high", "n"], "results")
    rows = results[results["metric"] == metric]
    if rows.empty:
        known = ", ".join(sorted(map(str, results["metric"].unique())))
        raise ValueError(f"no row of results has metric {metric!r}; found {known}")
    return rows


def _task(row: pd.Series) -> str:
    task = row.get("task", "")
    return "" if pd.isna(task) else str(task)


def group_names(rows: pd.DataFrame) -> pd.Series:
    """Name of each row's group: its task (if it has one) and its protocol, as a reader knows it.

    Returns
    -------
    pandas.Series of str
        Same index as the rows.
    """
    names = [
        " · ".join(filter(None, [_task(row), words.protocol(row["protocol"])])) for _, row in rows.iterrows()
    ]
    return pd.Series(names, index=rows.index, dtype=object)


def offsets(models: list[str]) -> dict[str, float]:
    """Place of each model inside its group, the first on top.

    Examples
    --------
    >>> offsets(["ours", "baseline"])
    {'ours': -0.13, 'baseline': 0.13}
    """
    step = min(0.26, 0.8 / max(len(models), 1))
    middle = (len(models) - 1) / 2
    return {name: round((place - middle) * step, 4) for place, name in enumerate(models)}


@style.house
def results_forest(results: pd.DataFrame, *, metric: str, title: str | None = None) -> Figure:
    """Value and 95 % interval of each model, group by group (a group: task and protocol).

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv.
    metric : str
        Which metric to draw, such as ``"auroc"``.
    title : str, optional
        When not given: the metric, the data sets and the range of n.

    Raises
    ------
    ValueError
        If a column is missing or the metric is not there.

    Examples
    --------
    >>> row = dict(protocol="cold_both", model="ours", metric="auroc", value=0.9, ci_low=0.88,
    ...            ci_high=0.92, n=100)
    >>> results_forest(pd.DataFrame([row]), metric="auroc").axes[0].get_xlabel()
    'AUROC (bar: 95 % interval)'
    """
    rows = select(results, metric)
    groups = group_names(rows)
    order = list(dict.fromkeys(groups))
    models = list(dict.fromkeys(rows["model"].astype(str)))
    marks, shift = colours.model_marks(models), offsets(models)
    fig = style.figure(style.DOUBLE, 26 + len(order) * max(9.0, 4.0 * len(models)))
    ax = fig.subplots()
    for name in models:
        part = rows[rows["model"] == name]
        y = np.array([order.index(group) for group in groups[part.index]]) + shift[name]
        value = part["value"].to_numpy(float)
        low = np.clip(value - part["ci_low"].to_numpy(float), 0, None)
        high = np.clip(part["ci_high"].to_numpy(float) - value, 0, None)
        label = words.plain(words.model(name))
        ax.errorbar(
            value,
            y,
            xerr=(low, high),
            color=marks[name]["color"],
            marker=marks[name]["marker"],
            linestyle="",
            elinewidth=1.1,
            capsize=2,
            label=label,
        )
    for edge in np.arange(0.5, len(order) - 1):
        ax.axhline(edge, color=colours.PALE, linewidth=0.6, zorder=0)
    ax.set_yticks(range(len(order)), [words.plain(name, 48) for name in order])
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"{words.metric(metric)} (bar: 95 % interval)")
    style.title(ax, title or caption(rows, metric))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def results_figure(results: pd.DataFrame, *, metric: str, title: str | None = None) -> go.Figure:
    """Value and 95 % interval of each model, group by group; hover shows numbers and n.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv.
    metric : str
    title : str, optional

    Raises
    ------
    ValueError
        If a column is missing or the metric is not there.
    """
    rows = select(results, metric)
    groups = group_names(rows)
    order = list(dict.fromkeys(groups))
    models = list(dict.fromkeys(rows["model"].astype(str)))
    marks, shift = colours.model_marks(models), offsets(models)
    fig = go.Figure()
    for name in models:
        part = rows[rows["model"] == name]
        value = part["value"].to_numpy(float)
        cells = zip(
            part["value"],
            part["ci_low"],
            part["ci_high"],
            groups[part.index],
            part["n"],
            strict=True,
        )
        text = [
            f"{words.markup(words.model(name))}, {words.markup(group)}<br>"
            f"{interval(v, low, high)}, n = {int(n):,}"
            for v, low, high, group, n in cells
        ]
        fig.add_trace(
            go.Scatter(
                x=value,
                y=np.array([order.index(group) for group in groups[part.index]]) + shift[name],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": part["ci_high"].to_numpy(float) - value,
                    "arrayminus": value - part["ci_low"].to_numpy(float),
                },
                mode="markers",
                name=words.markup(words.model(name)),
                text=text,
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": marks[name]["color"],
                    "symbol": _SYMBOLS[marks[name]["marker"]],
                    "size": 9,
                },
            )
        )
    frame(fig, title or caption(rows, metric), 150 + 22 * len(order) * len(models))
    fig.update_layout(plot_bgcolor="white", margin_t=60)
    fig.update_xaxes(title_text=f"{words.metric(metric)} (bar: 95 % interval)", showgrid=True)
    fig.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=[words.markup(name) for name in order],
        range=[len(order) - 0.5, -0.5],
        automargin=True,
    )
    return fig


def caption(rows: pd.DataFrame, metric: str) -> str:
    """What a picture of these rows shows: metric, data sets, range of n.

    Examples
    --------
    >>> caption(pd.DataFrame({"dataset": ["rpi2241"] * 2, "n": [4482, 900]}), "auroc")
    'AUROC, rpi2241, n = 900 to 4,482'
    """
    sets = ", ".join(dict.fromkeys(rows["dataset"].astype(str))) if "dataset" in rows else ""
    low, high = int(rows["n"].min()), int(rows["n"].max())
    size = f"n = {low:,}" if low == high else f"n = {low:,} to {high:,}"
    return ", ".join(filter(None, [words.metric(metric), sets, size]))


def interval(value: float, low: float, high: float, decimals: int = 3) -> str:
    """A value with its interval as text.

    Examples
    --------
    >>> interval(0.957, 0.95, 0.963)
    '0.957 [0.950, 0.963]'
    >>> interval(0.957, float("nan"), float("nan"))
    '0.957'
    """
    if pd.isna(value):
        return "–"
    text = f"{value:.{decimals}f}"
    if pd.isna(low) or pd.isna(high):
        return text
    return f"{text} [{low:.{decimals}f}, {high:.{decimals}f}]"


def results_table(
    results: pd.DataFrame, *, metrics: list[str] | None = None, decimals: int = 3
) -> pd.DataFrame:
    """Results as a reader's table: one row a task, protocol and model, one column a metric.

    Parameters
    ----------
    results : pandas.DataFrame
        Rows of results.csv.
    metrics : list of str, optional
        Which metrics, in which order; all, in the order of the file, when not given.
    decimals : int

    Returns
    -------
    pandas.DataFrame of str
        Index (task, protocol, model), the task left out when no row has one; a first column `n`;
        cells such as ``"0.957 [0.950, 0.963]"``, a dash where a metric was not measured.

    Raises
    ------
    ValueError
        If a column or a metric is missing, or if two rows tell of the same cell.
    """
    names = metrics or list(dict.fromkeys(results["metric"]))
    rows = pd.concat([select(results, name) for name in names])
    keys = pd.DataFrame(
        {
            "task": [_task(row) for _, row in rows.iterrows()],
            "protocol": [words.protocol(name) for name in rows["protocol"]],
            "model": [words.model(name) for name in rows["model"]],
        },
        index=rows.index,
    )
    keys = keys if keys["task"].any() else keys.drop(columns="task")
    by = list(keys.columns)
    flat = keys.assign(
        metric=[words.metric(name) for name in rows["metric"]],
        n=[f"{int(n):,}" for n in rows["n"]],
        text=[
            interval(value, low, high, decimals)
            for value, low, high in zip(rows["value"], rows["ci_low"], rows["ci_high"], strict=True)
        ],
    )
    if (twice := flat.duplicated([*by, "metric"])).any():
        first = flat[twice].iloc[0]
        raise ValueError(
            f"two rows of results for {first['metric']}, {first['protocol']}, {first['model']}; "
            "give the rows of one data set and one seed"
        )
    order = flat[by].drop_duplicates()
    wide = flat.pivot(index=by, columns="metric", values="text")
    counts = flat.drop_duplicates(by).set_index(by)["n"]
    table = wide.reindex(pd.MultiIndex.from_frame(order)).fillna("–")
    table = table[[words.metric(name) for name in names]]
    table.insert(0, "n", counts)
    table.columns.name = None
    return table
