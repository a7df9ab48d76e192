"""Sequence logos: letters whose height is their attribution or their information.

Letters are drawn by logomaker (doi:10.1093/bioinformatics/btz921); long sequences are broken into
rows, so that a letter stays wide enough to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import logomaker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers.plots import colours, style, words
from helpers.sequences.alphabet import Alphabet

MOST_ROWS = 24
"""Rows of one figure: more do not fit a page."""


class Span(NamedTuple):
    """A stretch of the sequence to mark, such as a planted motif.

    Parameters
    ----------
    start, stop : int
        0-based, `stop` not included.
    label : str
        Shown above the stretch.
    """

    start: int
    stop: int
    label: str = ""


def spans_of(mask: ArrayLike, label: str = "") -> list[Span]:
    """Stretches of True in a mask.

    Examples
    --------
    >>> spans_of([False, True, True, False, True])
    [Span(start=1, stop=3, label=''), Span(start=4, stop=5, label='')]
    """
    edges = np.flatnonzero(np.diff(np.pad(np.asarray(mask, dtype=int), 1)))
    return [Span(int(a), int(b), label) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@style.house
def attribution_logo(
    values: ArrayLike,
    alphabet: Alphabet,
    *,
    sequence: str | None = None,
    spans: Sequence[Span] = (),
    per_row: int = 60,
    value: str = "attribution",
    title: str = "",
) -> Figure:
    """Signed attribution of each letter; those below 0 hang upright, as an M on its head is a W.

    Parameters
    ----------
    values : array of float, shape=(length, letters) or (length,)
        Height of each letter; one number a position needs the `sequence`.
    alphabet : Alphabet
        Order of the letters.
    sequence : str, optional
        Residues without padding: only these letters are drawn, and rows beyond it are left out.
    spans : sequence of Span
        Stretches to mark.
    per_row : int
        Positions in a row.
    value : str
        Quantity and unit.
    title : str
        Which sequence, method and model.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> fig = attribution_logo([0.1, -0.2, 0.3], RNA, sequence="GCU")
    >>> fig.axes[0].get_xlabel()
    'position in the RNA (nt)'
    """
    heights = _heights(np.asarray(values, dtype=float), alphabet, sequence)
    fig = _rows(heights, alphabet, per_row, spans)
    named = words.plain(value, 80)
    # One row is lower than a long name is wide: its unit goes to a second line.
    fig.supylabel(named.replace(" (", "\n(") if len(fig.axes) == 1 else named, fontsize=7.5)
    style.head(fig, title)
    return fig


def information(ppm: ArrayLike, alphabet: Alphabet) -> np.ndarray:
    """Height of each letter in a logo: its probability times the information of the position.

    Information is against letters that are all as likely.

    Returns
    -------
    numpy.ndarray, shape=(length, letters), dtype=float64
        Bits.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> information([[0.5, 0.5, 0, 0]], DNA)[0].tolist()
    [0.5, 0.5, 0.0, 0.0]
    """
    table = np.asarray(ppm, dtype=float)
    if table.ndim != 2 or table.shape[1] != alphabet.size:
        raise ValueError(
            f"probabilities of shape {table.shape}; expected (length, {alphabet.size}), the "
            f"letters in the order {alphabet.letters}"
        )
    wrong = np.flatnonzero(~np.isclose(table.sum(axis=1), 1, atol=1e-3) | (table < 0).any(axis=1))
    if wrong.size:
        raise ValueError(
            f"row {wrong[0]} of the probabilities sums to {table[wrong[0]].sum():.4g}; expected 1 "
            "with no value below 0. Divide counts by their row's sum first."
        )
    ratio = np.where(table > 0, table * alphabet.size, 1.0)
    return table * (table * np.log2(ratio)).sum(axis=1, keepdims=True)


@style.house
def draw(ax: Axes, heights: np.ndarray, alphabet: Alphabet, *, first: int = 1) -> Axes:
    """Draw stacked letters on axes, position `first` at the left.

    Heights, shape (length, letters), are signed; the largest stands farthest from the axis.
    """
    table = pd.DataFrame(heights, columns=list(alphabet.letters), index=first + np.arange(len(heights)))
    look: dict[str, Any] = {
        "color_scheme": colours.letter_colours(alphabet),
        "font_name": "DejaVu Sans",
        "vpad": 0.02,
    }
    logomaker.Logo(table, ax=ax, flip_below=False, show_spines=False, baseline_width=0, **look)
    return ax


def _heights(values: np.ndarray, alphabet: Alphabet, sequence: str | None) -> np.ndarray:
    if values.ndim == 1 and sequence is not None:
        values = np.repeat(values[:, None], alphabet.size, axis=1)
    if values.ndim != 2 or values.shape[1] != alphabet.size or not len(values):
        raise ValueError(
            f"attributions of shape {values.shape}; expected (length, {alphabet.size}), the "
            f"letters in the order {alphabet.letters}, or (length,) with the sequence"
        )
    if sequence is not None:
        if len(sequence) > len(values):
            raise ValueError(
                f"a sequence of {len(sequence)} residues with {len(values)} rows of attributions; "
                "expected a row for each residue"
            )
        present = alphabet.encode(sequence)[:, None] == np.arange(alphabet.size)
        values = np.where(present, values[: len(sequence)], 0)
    if not np.isfinite(values).all():
        place = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(f"the attribution at position {place + 1} is not a finite number")
    return values


def _rows(heights: np.ndarray, alphabet: Alphabet, per_row: int, spans: Sequence[Span]) -> Figure:
    count = -(-len(heights) // per_row)
    if count > MOST_ROWS:
        raise ValueError(
            f"{len(heights)} positions need {count} rows of {per_row}; at most {MOST_ROWS} fit a "
            "page. Cut the sequence into windows, or raise per_row."
        )
    high, low = (float(part.sum(axis=1).max()) for part in (heights.clip(0), (-heights).clip(0)))
    room = 0.06 * (high + low) or 1.0
    limits = (-low - room if low else 0.0, high + room)
    widest = min(per_row, len(heights))
    width = style.DOUBLE if widest > 24 else float(np.clip(18 + 6 * widest, 45, style.DOUBLE))
    fig = style.figure(width, 20 + 21.0 * count)
    for row, ax in enumerate(np.atleast_1d(fig.subplots(count, 1))):
        start, stop = row * per_row, min((row + 1) * per_row, len(heights))
        draw(ax, heights[start:stop], alphabet, first=start + 1)
        # Every row has the same width a letter: the last, shorter one ends early.
        ax.set(xlim=(start + 0.5, start + widest + 0.5), ylim=limits)
        step = 5 if stop - start <= 30 else 10
        # A number beside the row's first one would touch it.
        ticks = [start + 1, *(p for p in range(start + 3, stop + 1) if p % step == 0)]
        ax.set_xticks(ticks, [str(p) for p in ticks])
        ax.spines["left"].set_visible(True)
        ax.tick_params(axis="x", length=1.5)
        ax.locator_params(axis="y", nbins=4)
        _mark(ax, spans, start, stop)
        ax.axhline(0, color=colours.INK, linewidth=0.5)
    ax.set_xlabel(f"position in the {alphabet.name} ({words.unit(alphabet)})")
    return fig


def _mark(ax: Axes, spans: Sequence[Span], start: int, stop: int) -> None:
    letter = ax.get_window_extent().width / ax.figure.dpi * 72 / np.ptp(ax.get_xlim())
    ends = [-np.inf, -np.inf]  # where the labels of the lower and the upper line end so far
    for span in sorted(spans, key=lambda one: one.start):
        left, right = max(span.start, start), min(span.stop, stop)
        if left >= right:
            continue
        ax.axvspan(left + 0.5, right + 0.5, color=colours.TRUTH, alpha=0.14, linewidth=0, zorder=-1)
        if span.label:
            text, middle = words.plain(span.label, 32), (left + right + 1) / 2
            half = 2.1 * len(text) / letter
            line = 0 if middle - half >= ends[0] else int(ends[1] <= ends[0])
            ends[line] = middle + half
            above: dict[str, Any] = {
                "xycoords": ("data", "axes fraction"),
                "xytext": (0, 1 + 7 * line),
                "textcoords": "offset points",
            }
            look: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 6, "color": colours.TRUTH}
            ax.annotate(text, (middle, 1), **above, **look)
