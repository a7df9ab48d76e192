"""Results of models under protocols, from the rows of results.csv."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.plots import colours, style, words
from helpers.plots.tables import need, reach

LATER = {"runs": 1, "sd": np.nan, "near": np.nan}
"""What stands in a table that was written before it had these columns."""

CHANCE = {
    **dict.fromkeys(("auroc", "balanced_accuracy", "explanation_auroc", "explanation_auroc_decoy"), 0.5),
    **dict.fromkeys(("mcc", "pearson", "spearman", "r2"), 0.0),
}
"""What a model that knows nothing scores, where that does not depend on the data."""
NO_BREAK = "\N{NO-BREAK SPACE}"
"""Within an interval: a narrow page breaks a cell once, between the value and its interval."""


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


def _tasks(rows: pd.DataFrame) -> pd.Series:
    return rows["task"].fillna("").astype(str) if "task" in rows else pd.Series("", index=rows.index)


@style.house
def results_forest(results: pd.DataFrame, *, metric: str, title: str | None = None) -> Figure:
    """Value and 95 % interval of each model, group by group (a group: task and protocol), with n and chance.

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
    >>> row = dict(protocol="unseen_both", model="ours", metric="auroc", value=0.9, ci_low=0.88,
    ...            ci_high=0.92, n=100)
    >>> results_forest(pd.DataFrame([row]), metric="auroc").axes[0].get_xlabel()
    'AUROC (bar: 95 % interval; dashed: chance)'
    """
    rows = select(results, metric)
    protocols = rows["protocol"].map(words.protocol)
    names = [" · ".join(filter(None, pair)) for pair in zip(_tasks(rows), protocols, strict=True)]
    place, order = pd.factorize(pd.Series(names))
    models = list(dict.fromkeys(rows["model"].astype(str)))
    marks = colours.model_marks(models)
    step = min(0.26, 0.8 / len(models))
    fig = style.figure(style.DOUBLE, min(style.TALLEST, 26 + len(order) * max(9.0, 4.0 * len(models))))
    ax = fig.subplots()
    for number, name in enumerate(models):
        mine = (rows["model"].astype(str) == name).to_numpy()
        part = rows[mine]
        # The models of a group stand a little apart, the first on top.
        y = place[mine] + round((number - (len(models) - 1) / 2) * step, 4)
        bars = reach(part["value"], part["ci_low"], part["ci_high"])
        look: dict[str, Any] = {**marks[name], "linestyle": "", "label": words.plain(words.model(name))}
        ax.errorbar(part["value"], y, xerr=bars, elinewidth=1.1, capsize=2, **look)
    for edge in np.arange(0.5, len(order) - 1):
        ax.axhline(edge, color=colours.PALE, linewidth=0.6, zorder=0)
    sizes = rows["n"].groupby(place).agg(["min", "max"]).sort_index()
    counts = [_count(low, high) for low, high in sizes.itertuples(index=False)]
    both = zip(order, counts, strict=True)
    ax.set_yticks(range(len(order)), [f"{words.plain(name, 48)}\n{count}" for name, count in both])
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    notes = ["bar: 95 % interval"]
    if metric in CHANCE:
        ax.axvline(CHANCE[metric], color=colours.INK, linestyle=(0, (4, 3)), linewidth=0.7, zorder=1)
        notes.append("dashed: chance")
    bare = rows[["ci_low", "ci_high"]].isna().any(axis=1) & rows["value"].notna()
    if bare.any():
        notes.append("without a bar: no interval")
    ax.set_xlabel(f"{words.metric(metric)} ({'; '.join(notes)})")
    style.title(ax, title or _caption(rows, metric))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def _count(low: float, high: float) -> str:
    return "n = " + " to ".join(f"{int(n):,}" for n in sorted({low, high}))


def _caption(rows: pd.DataFrame, metric: str) -> str:
    """What a picture of these rows shows: metric, data sets, range of n."""
    sets = ", ".join(dict.fromkeys(rows["dataset"].astype(str))) if "dataset" in rows else ""
    runs = f"mean of {int(rows['runs'].max())} runs" if "runs" in rows and rows["runs"].max() > 1 else ""
    return ", ".join(
        filter(None, [words.metric(metric), sets, _count(rows["n"].min(), rows["n"].max()), runs])
    )


def interval(value: float, low: float, high: float, *, decimals: int = 3) -> str:
    """A value with its interval as text.

    Examples
    --------
    >>> interval(0.957, 0.95, 0.963)
    '0.957 [0.950, 0.963]'
    >>> interval(0.957, float("nan"), float("nan"))
    '0.957 (no interval)'
    """
    if pd.isna(value):
        return "–"
    bare = pd.isna(low) or pd.isna(high)
    ends = " (no interval)" if bare else f" [{low:.{decimals}f}, {high:.{decimals}f}]"
    return f"{value:.{decimals}f}{ends}"


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
        Index (task, protocol, model), the task left out when no row has one. Columns: `n`; where
        numbers are means of several `runs`, how many, and `sd`, their spread (of several metrics, the
        largest, as `sd at most`); `near`, the share of test items with a near copy in training, where
        it is known; and a metric each, with cells such as ``"0.957 [0.950, 0.963]"`` that wrap
        before the bracket alone, a dash where a metric was not measured, "no interval" where there were
        too few groups for one.

    Raises
    ------
    ValueError
        If a column or a metric is missing, or if two rows tell of the same cell.
    """
    names = metrics or list(dict.fromkeys(results["metric"]))
    rows = pd.concat([select(results, name) for name in names])
    keys = pd.DataFrame(
        {
            "task": _tasks(rows),
            "protocol": rows["protocol"].map(words.protocol),
            "model": rows["model"].map(words.model),
        }
    )
    by = ["task", "protocol", "model"] if keys["task"].any() else ["protocol", "model"]
    rows = rows.assign(**{name: value for name, value in LATER.items() if name not in rows})
    ends = zip(*(rows[name] for name in ("value", "ci_low", "ci_high")), strict=True)
    texts = [interval(*of, decimals=decimals).split(" ", 1) for of in ends]
    flat = keys[by].assign(
        metric=rows["metric"].map(words.metric),
        n=[f"{int(n):,}" for n in rows["n"]],
        runs=rows["runs"],
        sd=rows["sd"],
        near=["–" if pd.isna(share) else f"{share:.0%}" for share in rows["near"]],
        text=[" ".join(part.replace(" ", NO_BREAK) for part in text) for text in texts],
    )
    if (twice := flat.duplicated([*by, "metric"])).any():
        first = flat[twice].iloc[0]
        raise ValueError(
            f"two rows of results for {first['metric']}, {first['protocol']}, {first['model']}; "
            "give the rows of one data set and one seed"
        )
    first = flat.drop_duplicates(by).set_index(by)
    shown = flat.pivot(index=by, columns="metric", values="text").reindex(first.index).fillna("–")
    shown = shown[[words.metric(name) for name in names]]
    beside = first[["n"]]
    if (first["runs"] > 1).any():
        spread = flat.groupby(by, sort=False)["sd"].max()
        text = spread.map(lambda sd: "–" if pd.isna(sd) else f"{sd:.{decimals}f}")
        beside = beside.assign(runs=first["runs"], **{"sd" if len(names) == 1 else "sd at most": text})
    if first["near"].ne("–").any():
        beside = beside.assign(near=first["near"])
    return beside.join(shown).rename_axis(columns=None)
