"""Pictures of a scan: probabilities along a transcript, and how many calls to expect to be right."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from helpers.plots import colours, style, words
from helpers.plots.tables import need
from helpers.tracks.rna_modification.letters import MODIFICATIONS

_LOOKS: dict[str, dict[str, Any]] = {
    "new": {"color": colours.OKABE_ITO["blue"], "label": "new window"},
    "near": {"color": colours.OKABE_ITO["sky"], "label": "near a training window"},
    "identical": {"color": colours.OKABE_ITO["orange"], "label": "a training window"},
    "": {"color": colours.GREY, "label": "standing unknown"},
}
_TRUTHS: dict[str, dict[str, Any]] = {
    "site": {"marker": "v", "color": colours.TRUTH, "label": "planted site"},
    "decoy": {"marker": "v", "facecolor": "none", "edgecolor": colours.GREY, "label": "planted look-alike"},
}
_LEVELS: tuple[dict[str, Any], ...] = (
    {"color": colours.OKABE_ITO["blue"], "marker": "o"},
    {"color": colours.OKABE_ITO["green"], "marker": "s"},
    {"color": colours.OKABE_ITO["orange"], "marker": "D"},
)
_LEAST = 1e-5


@style.house
def along(
    table: pd.DataFrame, *, prior: float | None = None, truth: pd.DataFrame | None = None, title: str = ""
) -> Figure:
    """Probability of each modification at each position of one record, a panel for each modification.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one record, from `helpers.tracks.rna_modification.predict`.
    prior : float, optional
        What is to be expected of a letter of which nothing is known; a dotted line.
    truth : pandas.DataFrame, optional
        ``position, modification, role`` of what is known to be there; marked above the panels.

    Examples
    --------
    >>> rows = {"position": [3, 9], "modification": "m6A", "probability": [0.1, 0.9], "training": "new"}
    >>> len(along(pd.DataFrame(rows)).axes)
    1
    """
    need(table, ["position", "modification", "probability", "training"], "scan")
    table = table[table["probability"].notna()].astype({"position": int})
    names = [name for name in MODIFICATIONS if (table["modification"] == name).any()]
    if not names:
        raise ValueError("no site of this record has a probability; choose a record with the status scored")
    fig = style.figure(style.DOUBLE, 24 + 12.0 * len(names))
    axes = fig.subplots(len(names), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for name, ax in zip(names, axes, strict=True):
        part = table[table["modification"] == name]
        for standing, look in _LOOKS.items():
            own = part[part["training"] == standing]
            height = own["probability"].clip(lower=_LEAST)
            ax.vlines(own["position"], _LEAST, height, linewidth=0.8, **look)
        for role, look in _TRUTHS.items():
            known = truth if truth is not None else pd.DataFrame(columns=["modification", "role", "position"])
            places = known.loc[(known["modification"] == name) & (known["role"] == role), "position"]
            if len(places):
                ax.scatter(places, [1.0] * len(places), s=14, linewidth=0.8, clip_on=False, zorder=3, **look)
        if prior is not None:
            ax.axhline(prior, color=colours.INK, linestyle=(0, (1, 3)), linewidth=0.9, label="prior")
        ax.set_title(words.plain(name), loc="left", fontsize=7, pad=2)
        ax.set(yscale="log", ylim=(_LEAST, 1), yticks=[1e-4, 1e-2, 1])
    axes[-1].set_xlabel("position in the record (from 1)")
    shown = {text: mark for ax in axes for mark, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    there = {_LOOKS[name]["label"] for name in set(table["training"])}
    there |= {"prior"} | {look["label"] for look in _TRUTHS.values()}
    chosen = {text: mark for text, mark in shown.items() if text in there}
    marks, texts = [*chosen.values()], [*chosen]
    # A handle of usual length is too short to show that a line is dotted.
    fig.legend(marks, texts, loc="outside lower center", ncols=len(chosen), handlelength=3.5)
    fig.supylabel("probability (log scale)", fontsize="medium")
    style.head(fig, title)
    return fig


@style.house
def right_calls(table: pd.DataFrame, *, prior: float, title: str = "") -> Figure:
    """Share of the calls that are right, a line for each modification and a mark for each share found.

    Parameters
    ----------
    table : pandas.DataFrame
        From `helpers.tracks.rna_modification.trust.expected`, the shares to find in one order for all.
    prior : float
        Share of modified letters that it was made for: what calls at random would reach.

    Examples
    --------
    >>> rows = {"modification": "m6A", "found": [0.5, 0.8], "right": 0.2, "right_at_least": 0.1}
    >>> len(right_calls(pd.DataFrame(rows), prior=0.01).axes)
    1
    """
    need(table, ["modification", "found", "right", "right_at_least"], "calls")
    names = list(dict.fromkeys(table["modification"]))
    number = table.groupby("modification").cumcount()
    levels = number.max() + 1
    fig = style.figure(style.DOUBLE, 26 + 7.5 * len(names))
    ax = fig.subplots()
    for level, look in zip(range(levels), _LEVELS, strict=False):
        part = table[number == level]
        y = part["modification"].map(names.index) + 0.22 * (level - (levels - 1) / 2)
        below = part["right"] - part["right_at_least"]
        label = f"about {part['found'].median():.0%} of the modified letters found"
        options: dict[str, Any] = {
            "linestyle": "none",
            "markersize": 4,
            "elinewidth": 0.8,
            "capsize": 1.5,
            "label": label,
        }
        ax.errorbar(part["right"], y, xerr=[below, 0 * below], **options, **look)
    ax.axvline(prior, color=colours.TRUTH, linestyle=":", linewidth=1, label="called at random")
    ax.set(xscale="log", xlim=(prior / 2, 1.3), yticks=range(len(names)), ylim=(len(names) - 0.5, -0.5))
    ax.set_yticklabels(map(words.plain, names))
    ax.set_xlabel("share of the calls that are right (bar: down to what the number of test windows allows)")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    style.head(fig, title)
    return fig
