"""What a computation costs, against the size of what it is given."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from helpers.plots import colours, style
from helpers.plots.tables import need

_LOOKS = ("ours", "original", "baseline", "control")


@style.house
def against_length(table: pd.DataFrame, *, title: str) -> Figure:
    """Time (on a logarithmic axis) and memory of a network against the length of a sequence.

    Parameters
    ----------
    table : pandas.DataFrame
        ``length`` (nt), ``pool`` (nt a step of the recurrent layer; a line each), ``train_ms`` and
        ``predict_ms`` (milliseconds a sequence), ``added_mb`` (peak memory beyond what was taken
        before, MB).
    title : str

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> row = {"length": 200, "pool": 4, "train_ms": 2.0, "predict_ms": 1.0, "added_mb": 90.0}
    >>> len(against_length(pd.DataFrame([row]), title="cost").axes)
    2
    """
    need(table, ["length", "pool", "train_ms", "predict_ms", "added_mb"], "costs")
    fig = style.figure(style.DOUBLE, 68)
    time, memory = fig.subplots(1, 2)
    for look, (pool, part) in zip(_LOOKS, table.groupby("pool", sort=True), strict=False):
        mark = colours.MODEL_MARKS[look]
        options = {"color": mark["color"], "marker": mark["marker"]}
        name = f"{pool} nt a step"
        time.plot(part["length"], part["train_ms"], label=f"training, {name}", **options)
        time.plot(
            part["length"],
            part["predict_ms"],
            label=f"prediction, {name}",
            linestyle=":",
            **options,
        )
        memory.plot(part["length"], part["added_mb"], label=name, **options)
    for ax, what in ((time, "time (ms a promoter)"), (memory, "peak memory beyond start (MB)")):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("length of a promoter (nt)")
        ax.set_ylabel(what)
        ax.grid(color=colours.PALE, linewidth=0.5)
        ax.legend(loc="upper left")
    time.set_yscale("log")
    time.yaxis.set_major_formatter("{x:g}")
    memory.set_ylim(0, 1.35 * table["added_mb"].max())
    style.head(fig, title)
    return fig
