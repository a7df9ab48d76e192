"""What a code means, as a card: its logo, where it stands, and the known motif it is like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots import colours, logos, style, words
from helpers.plots.motifs import logo_axes
from helpers.plots.tables import need
from helpers.sequences.alphabet import Alphabet

MOST_CARDS = 16
"""Codes in one picture."""


@dataclass(frozen=True)
class CodeCard:
    """What is drawn of one code.

    Parameters
    ----------
    code : int
        Its number in the codebook.
    group : str
        The modification that it is shown for.
    ppm : numpy.ndarray, shape=(width, letters)
        Letters of the stretches with this code.
    n : int
        How many stretches.
    profile : pandas.DataFrame
        ``label, position, share`` of that group, from `helpers.tracks.rna_modification.meaning.profile`.
    match : str
        Name of the nearest known motif; empty where there is none.
    q : float
        Its q-value.
    known : numpy.ndarray or None, shape=(width, letters)
        Its letters.
    """

    code: int
    group: str
    ppm: np.ndarray
    n: int
    profile: pd.DataFrame
    match: str = ""
    q: float = 1.0
    known: np.ndarray | None = None


@style.house
def cards(given: Sequence[CodeCard], alphabet: Alphabet, *, most_q: float = 0.05, title: str = "") -> Figure:
    """A line a code: logo, share of the windows that hold it by position, nearest known motif.

    Parameters
    ----------
    given : sequence of CodeCard
        At most `MOST_CARDS` are drawn; the title says so where there are more.
    alphabet : Alphabet
        Order of the letters.
    most_q : float
        Largest q-value of a match that is drawn.
    title : str
        Says profile and data set.

    Raises
    ------
    ValueError
        If there is no card, or a profile lacks a column.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> where = pd.DataFrame({"label": [1, 1, 0, 0], "position": [0, 3, 0, 3], "share": 0.5})
    >>> len(cards([CodeCard(3, "m6A", np.eye(4), 9, where)], RNA).axes)
    3
    """
    if not given:
        raise ValueError("no code to draw; give at least one CodeCard")
    shown = list(given)[:MOST_CARDS]
    fig = style.figure(style.DOUBLE, 18 + 19.0 * len(shown))
    axes = np.reshape(fig.subplots(len(shown), 3, gridspec_kw={"width_ratios": [1.1, 1.2, 0.9]}), (-1, 3))
    for (left, middle, right), card in zip(axes, shown, strict=True):
        logo_axes(left, logos.information(card.ppm, alphabet), alphabet)
        left.set(ylim=(0, 2), ylabel="bits")
        text = f"{words.plain(card.group)}: code {card.code} (n = {card.n:,})"
        left.set_title(text, loc="left", fontsize=7.5)
        _profile(middle, card.profile)
        _known(right, card, alphabet, most_q)
    axes[0, 1].legend(loc="upper right", fontsize=6)
    axes[-1, 1].set_xlabel("middle of the token from the site (nt)")
    more = f" (the first {len(shown)} of {len(given)})" if len(given) > len(shown) else ""
    style.head(fig, title + more)
    return fig


def _profile(ax: Axes, table: pd.DataFrame) -> None:
    need(table, ["label", "position", "share"], "profile")
    for label, colour, name in (
        (1, colours.OKABE_ITO["blue"], "positives"), (0, colours.GREY, "negatives"),
    ):  # fmt: skip
        part = table[table["label"] == label]
        ax.plot(part["position"], part["share"], color=colour, linewidth=0.9, label=name,
                drawstyle="steps-mid")  # fmt: skip
    ax.axvline(0, color=colours.TRUTH, linestyle="--", linewidth=0.6)
    ax.set(ylabel="share", xlim=(table["position"].min(), table["position"].max()))
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=3)


def _known(ax: Axes, card: CodeCard, alphabet: Alphabet, most_q: float) -> None:
    if card.known is None or card.q > most_q:
        ax.set_axis_off()
        ax.text(0, 0.5, f"no known motif at q ≤ {most_q:g}", fontsize=7, transform=ax.transAxes)
        return
    logo_axes(ax, logos.information(card.known, alphabet), alphabet)
    ax.set(xlim=(0.5, max(len(card.known), 9) + 0.5), ylim=(0, 2))
    ax.set_title(f"{words.plain(card.match)}, q = {card.q:.1g}", loc="left", fontsize=7.5,
                 fontweight="normal")  # fmt: skip
