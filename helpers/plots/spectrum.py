"""Pictures of a codebook's spectrum: which class uses which code, and what a code stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure

from helpers.alphabet import Alphabet
from helpers.plots import colours, logos, style, words
from helpers.plots.canvas import frame
from helpers.plots.motifs import logo_axes
from helpers.plots.tables import need

_SPECIFIC = colours.OKABE_ITO["vermillion"]


@dataclass(frozen=True)
class CodeCard:
    """What one code stands for.

    Parameters
    ----------
    name : str
        Class that the code belongs to.
    code : int
        Number of the code.
    ppm : numpy.ndarray, shape=(width, letters)
        Letters of the stretches that use it.
    n : int
        Those stretches.
    profile : pandas.DataFrame
        ``offset, positives, negatives``.
    known : numpy.ndarray, shape=(width, letters) or None
        The nearest known motif.
    match : str
        Its name, with the q-value.
    """

    name: str
    code: int
    ppm: np.ndarray
    n: int
    profile: pd.DataFrame
    known: np.ndarray | None = None
    match: str = ""


@style.house
def bars(table: pd.DataFrame, names: Sequence[str], *, title: str) -> Figure:
    """TF-IDF of every code in each class, one row a class; codes in the order of the table.

    Parameters
    ----------
    table : pandas.DataFrame
        ``code, primary, specific`` and a column for each class, as `helpers.spectrum.table` gives
        it.
    names : sequence of str
        Classes.
    title : str
        Says the data set.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> rows = pd.DataFrame({"code": [0, 1], "primary": ["a", "b"], "specific": [True, False],
    ...                      "a": [1.0, 0.5], "b": [0.5, 1.0]})
    >>> len(bars(rows, ["a", "b"], title="t").axes)
    2
    """
    need(table, ["code", "primary", "specific", *names], "bars")
    fig = style.figure(style.DOUBLE, 22 + 12 * len(names))
    axes = np.atleast_1d(fig.subplots(len(names), 1, sharex=True))
    x = np.arange(len(table))
    top = float(table[list(names)].to_numpy().max())
    for ax, name in zip(axes, names, strict=True):
        own = (table["primary"] == name).to_numpy()
        strong = own & table["specific"].to_numpy()
        hue = np.where(strong, _SPECIFIC, np.where(own, colours.OKABE_ITO["blue"], colours.GREY))
        if own.any():
            ax.axvspan(x[own].min() - 0.5, x[own].max() + 0.5, color=colours.PALE, linewidth=0)
        ax.bar(x, table[name], width=0.9, color=list(hue), linewidth=0)
        ax.set_ylabel(words.plain(name), rotation=0, ha="right", va="center")
        ax.set(ylim=(0, 1.05 * top), xlim=(-1, len(table)))
        ax.set_yticks([])
    axes[-1].set_xlabel("codes, sorted by the modification that uses them in excess")
    handles = [
        axes[0].bar([0], [0], color=colour, label=label)
        for colour, label in (
            (_SPECIFIC, "in excess, p ≤ 0.05"),
            (colours.OKABE_ITO["blue"], "in excess here more than elsewhere"),
            (colours.GREY, "other codes"),
        )
    ]
    fig.legend(handles=handles, loc="outside lower left", ncols=3)
    fig.supylabel("TF-IDF", fontsize="medium")
    style.head(fig, title)
    return fig


def spectrum_figure(
    table: pd.DataFrame, names: Sequence[str], consensus: Sequence[str], *, title: str
) -> go.Figure:
    """The spectrum to look into: hover names the code, its numbers and its consensus.

    Parameters
    ----------
    table : pandas.DataFrame
        As for `bars`, with ``specificity, z, p``.
    names : sequence of str
        Classes.
    consensus : sequence of str
        Letters that each row's code stands for.
    title : str

    Raises
    ------
    ValueError
        If a column is missing, or there is not one consensus a row.

    Examples
    --------
    >>> rows = pd.DataFrame({"code": [3], "primary": ["a"], "specific": [True], "z": [4.0],
    ...                      "p": [0.01], "specificity": [0.7], "a": [1.0]})
    >>> len(spectrum_figure(rows, ["a"], ["GAC"], title="t").data)
    1
    """
    need(table, ["code", "primary", "specific", "specificity", "z", "p", *names], "spectrum_figure")
    if len(consensus) != len(table):
        raise ValueError(
            f"{len(consensus)} consensus sequences for {len(table)} codes; give one a row"
        )
    text = [
        f"code {row.code}, {words.markup(letters)}<br>in excess in {words.markup(row.primary)}: "
        f"z {row.z:.1f}, p {row.p:.3g}<br>specificity {row.specificity:.2f}"
        for row, letters in zip(table.itertuples(), consensus, strict=True)
    ]
    fig = go.Figure(
        go.Heatmap(
            z=table[list(names)].to_numpy().T, y=list(names), x=list(range(len(table))),
            text=[text] * len(names), colorscale=colours.colorscale("sequential"),
            colorbar={"title": "TF-IDF"},
            hovertemplate="%{y}, TF-IDF %{z:.3f}<br>%{text}<extra></extra>",
        )
    )  # fmt: skip
    frame(fig, title, 120 + 28 * len(names))
    fig.update_xaxes(title_text="codes, sorted by the modification that uses them in excess")
    fig.update_yaxes(autorange="reversed")
    return fig


@style.house
def code_cards(cards: Sequence[CodeCard], alphabet: Alphabet, *, title: str) -> Figure:
    """One row a code: its logo, where it is used, and the known motif that it is most like.

    Parameters
    ----------
    cards : sequence of CodeCard
        At least one.
    alphabet : Alphabet
        Order of the letters' columns.
    title : str

    Raises
    ------
    ValueError
        If there is no card.

    Examples
    --------
    >>> from helpers.alphabet import RNA
    >>> where = pd.DataFrame({"offset": [0], "positives": [1.0], "negatives": [0.0]})
    >>> len(code_cards([CodeCard("m6A", 7, np.eye(4), 9, where)], RNA, title="t").axes)
    3
    """
    if not cards:
        raise ValueError("no code to draw; give at least one CodeCard")
    fig = style.figure(style.DOUBLE, 20 + 21 * len(cards))
    axes = fig.subplots(len(cards), 3, squeeze=False, width_ratios=(1.2, 1.5, 1))
    for (left, middle, right), card in zip(axes, cards, strict=True):
        logo_axes(left, logos.information(card.ppm, alphabet), alphabet)
        left.set(ylim=(0, 2), ylabel="bits")
        left.set_title(f"{words.plain(card.name)}: code {card.code} ({card.n:,} uses)", loc="left")
        where = card.profile
        middle.plot(
            where["offset"], where["negatives"], color=colours.GREY, linewidth=0.9,
            linestyle="--", label="negatives",
        )  # fmt: skip
        middle.plot(
            where["offset"], where["positives"], color=colours.OKABE_ITO["blue"], linewidth=0.9,
            label="positives",
        )  # fmt: skip
        middle.set_ylim(bottom=0)
        middle.locator_params(axis="y", nbins=3)
        if card.known is None:
            right.set_axis_off()
        else:
            logo_axes(right, logos.information(card.known, alphabet), alphabet)
            right.set_ylim(0, 2)
        right.set_title(words.plain(card.match, 40), loc="left")
    axes[-1][1].set_xlabel("token, nt from the site")
    handles, labels = axes[0][1].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower left", ncols=2)
    style.head(fig, title)
    return fig


def consensus(ppm: np.ndarray, alphabet: Alphabet, *, least: float = 0.5) -> str:
    """Letters of a logo: a dot where none has this share.

    Parameters
    ----------
    ppm : numpy.ndarray, shape=(width, letters)
    alphabet : Alphabet
    least : float
        Smallest share of a letter that is named.

    Examples
    --------
    >>> from helpers.alphabet import RNA
    >>> consensus(np.array([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]]), RNA)
    'A.'
    """
    best = ppm.argmax(axis=1)
    return "".join(
        alphabet.letters[letter] if row[letter] >= least else "."
        for letter, row in zip(best, ppm, strict=True)
    )
