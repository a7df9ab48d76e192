"""Pictures of motifs: patterns beside the known motifs they are like, and what each motif adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots import colours, logos, style, words
from helpers.plots.tables import need
from helpers.sequences.alphabet import Alphabet

MOST_PATTERNS = 16
"""Patterns in one picture; the report shows them all."""

MEASURES = {
    "contribution": "contribution of a site\n(DeepLIFT/SHAP, logit)",
    "ablation": "loss when its sites\nare overwritten (logit)",
    "insertion": "gain when written\ninto background (logit)",
    "auroc_loss": "loss of AUROC when\nits sites are overwritten",
}
"""Measures of a motif, as a reader knows them."""


@dataclass(frozen=True)
class PatternCard:
    """What is drawn and reported of one pattern.

    Parameters
    ----------
    name : str
    sign : int
        1 where it raises the output, -1 where it lowers it.
    count : int
        Number of its seqlets.
    contributions : array of float, shape=(width, letters)
        Mean contribution of each letter, over the part that is shown.
    matches : pandas.DataFrame
        Columns `id`, `name`, `family`, `p`, `q`, `url`, the best first; with `strand`, a match on
        ``-`` is drawn as it reads on the other strand.
    known : mapping of str to array of float, shape=(width, letters)
        Letter probabilities of the matches, by id.
    """

    name: str
    sign: int
    count: int
    contributions: np.ndarray
    matches: pd.DataFrame
    known: Mapping[str, np.ndarray] = field(default_factory=dict)

    def significant(self, most_q: float) -> pd.DataFrame:
        """Matches with a q-value of at most `most_q`."""
        return self.matches[self.matches["q"] <= most_q]


@style.house
def pattern_logos(
    cards: Sequence[PatternCard], alphabet: Alphabet, *, most_q: float = 0.05, title: str = ""
) -> Figure:
    """Each pattern as a logo of contributions, beside the known motif that it is most like.

    Parameters
    ----------
    cards : sequence of PatternCard
        At most `MOST_PATTERNS` are drawn; the title says so where there are more.
    alphabet : Alphabet
    most_q : float
        Largest q-value of a match that is shown.
    title : str

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> none = pd.DataFrame(columns=["id", "name", "family", "p", "q", "url"])
    >>> fig = pattern_logos([PatternCard("pos_1", 1, 30, np.eye(4), none)], DNA)
    >>> len(fig.axes)
    2
    """
    if not cards:
        return style.nothing("no pattern stands out from the attributions", title)
    shown = list(cards)[:MOST_PATTERNS]
    fig = style.figure(style.DOUBLE, 16 + 21.0 * len(shown))
    axes = np.atleast_2d(fig.subplots(len(shown), 2))
    widest = max(len(card.contributions) for card in shown)
    for (left, right), card in zip(axes, shown, strict=True):
        logo_axes(left, card.contributions, alphabet)
        left.set(xlim=(0.5, widest + 0.5), ylabel="logit")
        what = "raises" if card.sign > 0 else "lowers"
        style.title(left, f"{card.name}: {what} the output, {card.count} seqlets")
        _known_logo(right, card, alphabet, most_q)
    more = f" (the first {len(shown)} of {len(cards)})" if len(cards) > len(shown) else ""
    style.head(fig, title + more)
    return fig


@style.house
def logo_axes(ax: Axes, heights: np.ndarray, alphabet: Alphabet) -> Axes:
    """One logo on axes without ticks at the letters' heights: what a page of many logos needs."""
    logos.draw(ax, heights, alphabet)
    ax.axhline(0, color=colours.INK, linewidth=0.4)
    ax.set_xticks([])
    ax.locator_params(axis="y", nbins=3)
    ax.spines["left"].set_visible(True)
    return ax


@style.house
def small_logo(heights: np.ndarray, alphabet: Alphabet) -> bytes:
    """PNG of one logo, to be embedded into a page."""
    fig = style.figure(float(np.clip(6 + 3.6 * len(heights), 26, 120)), 17)
    logo_axes(fig.subplots(), heights, alphabet)
    return style.png(fig)


@style.house
def effects(table: pd.DataFrame, *, title: str = "What each motif adds") -> Figure:
    """Measures of each motif with their intervals, one panel a measure.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `motif`, `measure` (keys of `MEASURES`, or any other), `value`, `ci_low`,
        `ci_high`, `n`. Motifs are drawn in the table's order, the first at the top.
    title : str

    Examples
    --------
    >>> table = pd.DataFrame([("G-box", "ablation", 1.0, 0.8, 1.2, 30)],
    ...                      columns=["motif", "measure", "value", "ci_low", "ci_high", "n"])
    >>> len(effects(table).axes)
    1
    """
    if table.empty:
        return style.nothing("no known motif was matched, so none was measured", title)
    need(table, ["motif", "measure", "value", "ci_low", "ci_high", "n"], "motif effects")
    motifs = list(dict.fromkeys(table["motif"]))
    measures = list(dict.fromkeys(table["measure"]))
    fig = style.figure(style.DOUBLE, 32 + 6.0 * len(motifs))
    axes = np.atleast_1d(fig.subplots(1, len(measures), sharey=True))
    place = np.arange(len(motifs))
    for ax, measure in zip(axes, measures, strict=True):
        rows = table[table["measure"] == measure].set_index("motif").reindex(motifs)
        raises = rows["value"].to_numpy(float) >= 0
        tones = np.where(raises, colours.OKABE_ITO["vermillion"], colours.OKABE_ITO["blue"])
        ax.axvline(0, color=colours.INK, linewidth=0.6)
        ax.hlines(place, rows["ci_low"], rows["ci_high"], colors=tones, linewidth=1.6)
        ax.scatter(rows["value"], place, c=tones, s=18, zorder=3)
        ax.set_xlabel(MEASURES.get(measure, words.metric(measure)))
        ax.set_yticks(place, [words.plain(name, 30) for name in motifs])
        ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_ylim(len(motifs) - 0.5, -0.5)
    style.head(fig, title)
    return fig


def turned(ppm: np.ndarray, match: pd.Series, alphabet: Alphabet) -> np.ndarray:
    """A known motif as it lies beside the pattern: turned round for a match on the other strand."""
    if match.get("strand", "+") != "-":
        return np.asarray(ppm)
    order = [alphabet.letters.index(alphabet.complement(letter)) for letter in alphabet.letters]
    return np.asarray(ppm)[::-1, order]


def _known_logo(ax: Axes, card: PatternCard, alphabet: Alphabet, most_q: float) -> None:
    found = card.significant(most_q)
    if found.empty or found.iloc[0]["id"] not in card.known:
        ax.set_axis_off()
        ax.text(0, 0.5, f"no known motif at q ≤ {most_q:g}", fontsize=7.5, transform=ax.transAxes)
        return
    best = found.iloc[0]
    ppm = turned(card.known[best["id"]], best, alphabet)
    logo_axes(ax, logos.information(ppm, alphabet), alphabet)
    ax.set(xlim=(0.5, max(len(ppm), 12) + 0.5), ylim=(0, 2), ylabel="bits")
    family = f" ({best['family']})" if best["family"] else ""
    style.title(ax, f"{best['name']}{family}, q = {best['q']:.1g}", weight="normal")
