"""What data are made of (lengths, letters, oddities, what a split leaks), and what a network is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from helpers.plots import colours, style, words
from helpers.plots.networks import network as network
from helpers.plots.tables import need
from helpers.sequences.alphabet import PEPTIDE, Alphabet

_LOG_SPREAD = 50
"""Lengths whose largest is that many times the smallest are drawn on a logarithmic axis."""
THOUSANDS = "{x:,.0f}"
"""Format of counts on an axis."""


def _rows(ax: Axes, names: list[str]) -> None:
    """Names of horizontal bars, the first at the top."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


@style.house
def lengths(
    sides: Mapping[str, ArrayLike], *, unit: Mapping[str, str] | None = None, title: str = "Sequence lengths"
) -> Figure:
    """Histogram of the lengths on each side, the median marked.

    Parameters
    ----------
    sides : mapping of str to array of int, shape=(n,)
        Lengths by side, such as ``{"RNA": ..., "peptide": ...}``; a panel each. A logarithmic axis
        where the longest is more than 50 times the shortest.
    unit : mapping of str to str, optional
        Unit of a side's lengths; ``nt`` when not given, ``aa`` for the peptide and the protein.
    title : str

    Examples
    --------
    >>> len(lengths({"RNA": [20, 30, 40], "peptide": [9, 10, 10]}).axes)
    2
    """
    units = {"peptide": "aa", "protein": "aa"} | dict(unit or {})
    fig = style.figure(style.DOUBLE, 60)
    for ax, (side, given) in zip(np.atleast_1d(fig.subplots(1, len(sides))), sides.items(), strict=True):
        values = np.asarray(given)
        if values.size == 0 or values.min() < 1:
            found = "none" if values.size == 0 else values.min()
            raise ValueError(f"lengths of side {side!r}: expected one or more, each above 0; found {found}")
        low, high, median = int(values.min()), int(values.max()), float(np.median(values))
        step = max(1, -(-(high - low + 1) // 50))
        bins = np.arange(low, high + step + 1, step) - 0.5
        if high > _LOG_SPREAD * low:
            bins = np.geomspace(low, high + 1, 41)
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(THOUSANDS)
        colour = colours.SIDE_COLOURS.get(side, colours.GREY)
        ax.hist(values, bins=bins, color=colour, edgecolor="white", linewidth=0.3)
        ax.axvline(median, color=colours.TRUTH, linestyle="--", linewidth=1)
        ax.set(xlabel=f"{side} length ({units.get(side, 'nt')})", ylabel="sequences")
        ax.yaxis.set_major_formatter(THOUSANDS)
        spread = f"n = {values.size:,}, {low:,} to {high:,}"
        style.title(ax, f"{side}: {spread}, median {median:,.0f} (dashed)", weight="normal")
    style.head(fig, title)
    return fig


@style.house
def letters(
    counts: Mapping[str, ArrayLike], alphabet: Alphabet, *, title: str = "Letter composition"
) -> Figure:
    """Share of each letter, one bar a group beside one another.

    Parameters
    ----------
    counts : mapping of str to array, shape=(letters,) or (letters + 1,)
        Counts by group (such as ``{"positive": ..., "negative": ...}``), in the alphabet's order;
        a last number, when there, counts the unknown letter.
    alphabet : Alphabet
    title : str

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> letters({"all": [30, 20, 20, 30]}, RNA).axes[0].get_ylabel()
    'share of RNA letters'
    """
    tables = {name: np.asarray(values, dtype=float) for name, values in counts.items()}
    for name, values in tables.items():
        if values.ndim != 1 or values.size - alphabet.size not in (0, 1) or values.sum() <= 0:
            raise ValueError(
                f"letter counts of group {name!r} have shape {values.shape} and sum "
                f"{values.sum():g}; expected {alphabet.size} counts in the order {alphabet.letters} "
                f"(and one for {alphabet.unknown}), not all zero"
            )
    n = max(values.size for values in tables.values())
    names = (alphabet.letters + alphabet.unknown)[:n]
    ax = style.axes(None, style.SINGLE if n <= 6 else style.DOUBLE, 62)
    palette = colours.letter_colours(alphabet)
    tones = [palette[letter] for letter in names]
    width = 0.8 / len(tables)
    for place, (name, values) in enumerate(tables.items()):
        share = np.pad(values / values.sum(), (0, n - values.size))
        x = np.arange(n) - 0.4 + width * (place + 0.5)
        look: dict[str, Any] = {
            "hatch": ["", "////", "....", "xxxx"][place % 4],
            "edgecolor": "white",
            "color": tones,
        }
        ax.bar(x, share, width, label=f"{words.plain(name)} (n = {values.sum():,.0f} letters)", **look)
    ax.set_xticks(range(n), list(names))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylabel(f"share of {alphabet.name} letters")
    style.title(ax, title)
    legend = ax.legend(loc="upper left", bbox_to_anchor=(0, -0.1), ncols=1 if n <= 6 else 2)
    for patch in legend.get_patches():
        patch.set_facecolor(colours.GREY)
    if alphabet.name == PEPTIDE.name:
        classes = colours.PEPTIDE_CLASSES.items()
        key = [Patch(color=tone, label=f"{name}: {' '.join(own)}") for name, (own, tone) in classes]
        ax.add_artist(legend).set_clip_on(False)  # clipped, it would have no room in the layout
        ax.legend(handles=key, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return style.root(ax)


@style.house
def issues(
    table: pd.DataFrame, *, unit: str = "count", title: str = "What was found in the records"
) -> Figure:
    """How often each oddity was met (duplicates, odd letters, records turned down).

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `issue` (text), `count` (how many) and, optionally, `side`, which colours the bar.
    unit : str
        What is counted, such as ``rows``.
    title : str
        Says out of how many.

    Examples
    --------
    >>> issues(pd.DataFrame({"issue": ["duplicate pair"], "count": [214]})).axes[0].get_xlabel()
    'count'
    """
    need(table, ["issue", "count"], "issues")
    ax = style.axes(None, style.DOUBLE, 24 + 6.5 * len(table))
    sides = [str(side) for side in table.get("side", [""] * len(table))]
    fills = [colours.SIDE_COLOURS.get(side, colours.GREY) for side in sides]
    bars = ax.barh(range(len(table)), table["count"], color=fills, height=0.7)
    ax.bar_label(bars, [f"{count:,}" for count in table["count"]], padding=3)
    _rows(ax, [words.plain(issue, 60) for issue in table["issue"]])
    ax.set_xlim(0, max(1, 1.12 * table["count"].max()))
    ax.xaxis.set_major_formatter(THOUSANDS)
    ax.set_xlabel(unit)
    style.title(ax, title)
    named = [side for side in dict.fromkeys(sides) if side in colours.SIDE_COLOURS]
    for side in named:
        ax.bar(0, 0, color=colours.SIDE_COLOURS[side], label=side)
    if named:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return style.root(ax)


@style.house
def audit(table: pd.DataFrame, *, title: str = "Leakage audit") -> Figure:
    """Share of the test items whose sequence, or whose near copy, is in training.

    Parameters
    ----------
    table : pandas.DataFrame
        As `helpers.splits.leakage.audit` gives it, one row a column and class: `column` (such as rna_seq,
        protein_seq, pair), `label` (all, or the class), `exact` and `near` (shares, 0 to 1; near
        counts the exact ones, too), `n_test` (test items), and optionally `k` (letters that a near
        copy shares) and `protocol`, which gives a panel each.
    title : str

    Examples
    --------
    >>> row = {"column": "rna_seq", "label": "all", "exact": 0.99, "near": 1.0, "n_test": 896}
    >>> len(audit(pd.DataFrame([row])).axes)
    1
    """
    need(table, ["column", "label", "exact", "near", "n_test"], "audit")
    shares = table[["exact", "near"]].to_numpy(float)
    if not ((shares >= 0) & (shares <= 1 + 1e-9)).all():
        raise ValueError("the audit table holds a share outside 0 to 1 in `exact` or `near`")
    groups = table["protocol"] if "protocol" in table else pd.Series("", index=table.index)
    parts = {str(name): part for name, part in table.groupby(groups, sort=False)}
    across = min(len(parts), 2)
    down = -(-len(parts) // across)
    rows = max(map(len, parts.values()))
    fig = style.figure(style.DOUBLE, 22 + (12 + 6.5 * rows) * down)
    grid = np.ravel(fig.subplots(down, across, sharex=True, squeeze=False))
    for ax in grid[len(parts) :]:
        ax.remove()
    before: list[str] = []
    for number, (ax, (name, part)) in enumerate(zip(grid, parts.items(), strict=False)):
        names = [_audit_name(row) for _, row in part.iterrows()]
        _audit_panel(ax, part, names)
        if name:
            style.title(ax, words.protocol(name), weight="normal")
        ax.tick_params(labelleft=number % across == 0 or names != before)
        before = names
    handles, texts = grid[0].get_legend_handles_labels()
    fig.legend(handles, texts, loc="outside lower left", ncols=2)
    style.head(fig, title)
    return fig


def _audit_name(row: pd.Series) -> str:
    name, label, shared = words.column(str(row["column"])), words.label(row["label"]), row.get("k")
    near = f", {int(shared)}-mer" if shared is not None and not pd.isna(shared) else ""
    return words.plain(f"{name}, {label} (n = {row['n_test']:,}{near})", 60)


def _audit_panel(ax: Axes, part: pd.DataFrame, names: list[str]) -> None:
    y = np.arange(len(part))
    exact, near = part["exact"].to_numpy(float), part["near"].to_numpy(float)
    more = np.clip(near - exact, 0, None)
    dark, light = colours.OKABE_ITO["vermillion"], "#F3C6A5"
    ax.barh(y, exact, color=dark, height=0.7, label="same sequence in training")
    ax.barh(y, more, left=exact, color=light, height=0.7, label="near copy (shared k-mer)")
    for place, (a, b) in enumerate(zip(exact, near, strict=True)):
        text = f"{a:.0%}" if f"{a:.0%}" == f"{b:.0%}" else f"{a:.0%} / {b:.0%}"
        ax.text(1.02, place, text, va="center", transform=ax.get_yaxis_transform())
    _rows(ax, names)
    ax.set(xlim=(0, 1), xlabel="share of test items")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
