"""Logos to zoom into: letters as outlines, so that they stay sharp at any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import plotly.graph_objects as go
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from helpers.plots import colours, words
from helpers.plots.canvas import frame, menu, small
from helpers.plots.logos import Span
from helpers.sequences.alphabet import Alphabet

SMALLEST = 0.04
"""Letters below this share of the tallest one are drawn as bars: nobody reads them unzoomed."""


@dataclass(frozen=True)
class LogoTrack:
    """One sequence to draw.

    Parameters
    ----------
    name : str
        Shown in the menu.
    sequence : str
        Residues, without padding.
    values : array of float, shape=(>= len(sequence),)
        Signed attribution of each residue.
    spans : sequence of Span, optional
        Stretches to mark.
    """

    name: str
    sequence: str
    values: np.ndarray
    spans: Sequence[Span] = field(default_factory=tuple)


def logo_figure(
    tracks: Sequence[LogoTrack],
    alphabet: Alphabet,
    *,
    value: str = "attribution",
    title: str = "",
) -> go.Figure:
    """Logos of whole sequences, one at a time, chosen from a menu, to zoom and to slide along.

    Hover shows letter, position and value.

    Parameters
    ----------
    tracks : sequence of LogoTrack
    alphabet : Alphabet
        Its letters' colours.
    value : str
        Quantity and unit.
    title : str

    Raises
    ------
    ValueError
        If there is no track, or a value is missing or not finite.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> fig = logo_figure([LogoTrack("gene 1", "ACG", np.array([0.2, -0.1, 1.0]))], DNA)
    >>> len(fig.data)                     # bars, and the outlines of each letter
    5
    """
    if not tracks:
        raise ValueError("no sequence to draw; give at least one LogoTrack")
    fig = go.Figure()
    parts = [_traces(track, alphabet, value) for track in tracks]
    each = len(parts[0])
    for place, traces in enumerate(parts):
        for trace in traces:
            trace.visible = place == 0
            fig.add_trace(trace)
    marks = [_marks(track) for track in tracks]
    frame(fig, title, 430)
    fig.update_layout(**marks[0], showlegend=False, bargap=0.0)
    fig.update_xaxes(
        title_text=f"position in the {alphabet.name}",
        rangeslider={"visible": True, "thickness": 0.12},
    )
    fig.update_yaxes(title_text=words.markup(value), zeroline=True, zerolinecolor=colours.INK)
    if len(tracks) > 1:
        _menu(fig, tracks, each, marks)
    return fig


def _menu(fig: go.Figure, tracks: Sequence[LogoTrack], each: int, marks: Sequence[dict[str, object]]) -> None:
    menu(fig, [track.name for track in tracks], each, marks)
    for button in fig.layout.updatemenus[0].buttons:
        # The shared menu turns the vertical axis round, as a map wants it.
        button.args[1].pop("yaxis.autorange", None)
        button.args[1].pop("xaxis2.autorange", None)
        button.args[1].pop("yaxis2.autorange", None)
        button.args[1]["yaxis.autorange"] = True


def _traces(track: LogoTrack, alphabet: Alphabet, value: str) -> list[go.Scatter | go.Bar]:
    """Bars that carry hover and the small values, then the outlines of each letter."""
    values = np.asarray(track.values, dtype=float)[: len(track.sequence)]
    if values.shape != (len(track.sequence),) or not np.isfinite(values).all():
        raise ValueError(
            f"{track.name!r}: values of shape {np.shape(track.values)} for a sequence of "
            f"{len(track.sequence)}; expected one finite number a residue"
        )
    palette = colours.letter_colours(alphabet)
    tall = np.abs(values) >= SMALLEST * max(float(np.abs(values).max()), 1e-12)
    tones = [palette.get(letter, colours.GREY) for letter in track.sequence]
    hidden = ["rgba(0,0,0,0)" if big else tone for big, tone in zip(tall, tones, strict=True)]
    bars = go.Bar(
        x=np.arange(1, len(values) + 1),
        y=small(values),
        marker={"color": hidden, "line": {"width": 0}},
        width=0.9,
        customdata=list(track.sequence),
        hovertemplate=f"%{{customdata}}%{{x}}<br>{words.markup(value)} %{{y:.4g}}<extra></extra>",
    )
    outlines = []
    for letter in alphabet.letters:
        places = [int(k) for k in np.flatnonzero(tall) if track.sequence[k] == letter]
        x, y = _outline(letter, places, values)
        outlines.append(
            go.Scatter(
                x=x,
                y=y,
                fill="toself",
                mode="lines",
                hoverinfo="skip",
                fillcolor=palette[letter],
                line={"width": 0, "color": palette[letter]},
            )
        )
    return [bars, *outlines]


def _outline(letter: str, places: Sequence[int], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outlines of one letter at all its places, with gaps between them."""
    xs: list[np.ndarray] = []
    ys: list[np.ndarray] = []
    for place in places:
        for ring in _glyph(letter):
            xs += [place + 0.55 + 0.9 * ring[:, 0], np.array([np.nan])]
            ys += [values[place] * ring[:, 1], np.array([np.nan])]
    empty = np.empty(0, dtype=np.float32)
    return (small(np.concatenate(xs)), small(np.concatenate(ys))) if xs else (empty, empty)


@cache
def _glyph(letter: str) -> tuple[np.ndarray, ...]:
    """Rings of a letter's outline, in a square of side 1; a hole turns the other way."""
    path = TextPath((0, 0), letter, size=10, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    rings = path.to_polygons(closed_only=True)
    points = np.concatenate(rings)
    low, high = points.min(axis=0), points.max(axis=0)
    return tuple(np.round((ring - low) / (high - low), 3) for ring in rings)


def _marks(track: LogoTrack) -> dict[str, object]:
    """Shapes and labels of the marked stretches."""
    shapes = [
        {
            "type": "rect", "xref": "x", "yref": "paper", "layer": "below",
            "x0": span.start + 0.5, "x1": span.stop + 0.5, "y0": 0, "y1": 1,
            "fillcolor": colours.TRUTH, "opacity": 0.14, "line": {"width": 0},
        }
        for span in track.spans
    ]  # fmt: skip
    labels = [
        {
            "x": (span.start + span.stop + 1) / 2, "y": 1, "xref": "x", "yref": "paper",
            "text": words.markup(span.label, 24), "showarrow": False, "yanchor": "bottom",
            "font": {"size": 10, "color": colours.TRUTH},
        }
        for span in track.spans
        if span.label
    ]  # fmt: skip
    return {"shapes": shapes, "annotations": labels}
