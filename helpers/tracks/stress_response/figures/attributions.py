"""Pictures that say whether attributions can be trusted: convergence, and agreement of methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from helpers.plots import colours, style, words

MOST_POINTS = 20_000
"""Points of a scatter picture; more are thinned out evenly."""


@style.house
def deltas(
    groups: Mapping[str, ArrayLike],
    *,
    limit: float = 1e-3,
    title: str = "Convergence deltas",
) -> Figure:
    """Distribution of convergence deltas, as shares of what they should be small against.

    Parameters
    ----------
    groups : mapping of str to array
        Absolute deltas divided by the range of the outputs, by name of the way they were made.
    limit : float
        Marked: what a delta should stay below.
    title : str

    Raises
    ------
    ValueError
        If there is no group, or a value is negative or not finite.

    Examples
    --------
    >>> len(deltas({"torch view": [1e-7, 1e-6]}).axes)
    1
    """
    if not groups:
        raise ValueError("no deltas to draw; give at least one group")
    fig = style.figure(style.SINGLE, 30 + 12.0 * len(groups))
    ax = fig.subplots()
    names = list(groups)
    for place, name in enumerate(names):
        values = np.ravel(np.asarray(groups[name], dtype=float))
        if not np.isfinite(values).all() or (values < 0).any():
            raise ValueError(f"the deltas of {name!r} hold a value that is negative or not finite")
        # A delta of exactly zero stands at the left end of a logarithmic axis.
        shown = np.sort(np.maximum(values, 1e-10))[:: -(-len(values) // MOST_POINTS)]
        rng = np.random.default_rng(0)
        ax.scatter(
            shown,
            place + rng.uniform(-0.28, 0.28, len(shown)),
            s=3,
            alpha=0.5,
            linewidth=0,
            color=colours.OKABE_ITO["blue"] if place == 0 else colours.OKABE_ITO["orange"],
            rasterized=True,
        )
        ax.plot([np.median(shown)] * 2, [place - 0.36, place + 0.36], color=colours.INK, lw=1.2)
    ax.axvline(limit, color=colours.TRUTH, linestyle="--", linewidth=1)
    ax.set(xscale="log", xlabel="|delta| / range of the outputs", ylim=(len(names) - 0.5, -0.5))
    ax.set_yticks(range(len(names)), [words.plain(name, 28) for name in names])
    ax.annotate(
        f"limit {limit:g}", (limit, 1), xycoords=("data", "axes fraction"), xytext=(-3, 2),
        textcoords="offset points", ha="center", fontsize=6.5, color=colours.TRUTH,
    )  # fmt: skip
    style.head(fig, title)
    return fig


@style.house
def agreement(
    reference: ArrayLike,
    others: Mapping[str, ArrayLike],
    *,
    name: str = "DeepLIFT/SHAP",
    title: str = "",
) -> Figure:
    """Every position's attribution by one method against that by others.

    Parameters
    ----------
    reference : array of float, shape=(n, length)
        Signed attribution of each position; NaN where there is none.
    others : mapping of str to array, shape=(k, length)
        The same positions by other methods; `k` may be smaller, then the first rows are compared.
    name : str
        Name of the first method.
    title : str

    Raises
    ------
    ValueError
        If there is no other method, or the positions differ.

    Examples
    --------
    >>> len(agreement([[0.0, 1.0, 2.0]], {"b": [[0.0, 2.0, 1.0]]}).axes)
    1
    """
    first = np.asarray(reference, dtype=float)
    if not others:
        raise ValueError("no other method to compare with; give at least one")
    fig = style.figure(style.DOUBLE if len(others) > 1 else style.SINGLE, 68)
    for ax, (other, values) in zip(np.atleast_1d(fig.subplots(1, len(others))), others.items(), strict=True):
        second = np.asarray(values, dtype=float)
        if second.ndim != 2 or second.shape[1] != first.shape[1] or len(second) > len(first):
            raise ValueError(
                f"{other!r} has the shape {second.shape}; expected at most {len(first)} rows of "
                f"{first.shape[1]} positions, as {name} has"
            )
        x, y = first[: len(second)].ravel(), second.ravel()
        there = np.isfinite(x) & np.isfinite(y)
        rank = spearmanr(x[there], y[there]).statistic
        step = -(-int(there.sum()) // MOST_POINTS)
        ax.axhline(0, color=colours.PALE, linewidth=0.8, zorder=0)
        ax.axvline(0, color=colours.PALE, linewidth=0.8, zorder=0)
        ax.scatter(x[there][::step], y[there][::step], s=3, alpha=0.25, linewidth=0,
                   color=colours.OKABE_ITO["blue"], rasterized=True)  # fmt: skip
        ax.set(xlabel=f"{name} (logit)", ylabel=f"{other} (logit)")
        style.title(ax, f"{len(second)} sequences, pooled ρ = {rank:.2f}", weight="normal")
    style.head(fig, title)
    return fig


def agreement_table(reference: ArrayLike, others: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """The numbers behind `agreement`: one row a sequence and position that every method has."""
    count = min(len(np.asarray(values)) for values in others.values())
    first = np.asarray(reference, dtype=float)[:count]
    rows, positions = np.indices(first.shape)
    table = pd.DataFrame(
        {"sequence": rows.ravel(), "position": positions.ravel() + 1, "reference": first.ravel()}
    )
    for name, values in others.items():
        table[name] = np.asarray(values, dtype=float)[:count].ravel()
    return table
