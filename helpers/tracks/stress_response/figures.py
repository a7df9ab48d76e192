"""The pictures of this track alone: convergence, agreement of methods, logos to zoom into, a report."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from helpers.plots import colours, logos, style, words
from helpers.plots.canvas import frame, menu, small
from helpers.plots.logos import Span
from helpers.plots.motifs import PatternCard, small_logo, turned
from helpers.plots.pages import document
from helpers.sequences.alphabet import Alphabet

MOST_POINTS = 20_000
"""Points of a scatter picture; more are thinned out evenly."""

MOST_NAMES = 40
"""Promoters whose names stand below a picture."""


@style.house
def deltas(
    groups: Mapping[str, ArrayLike], *, limit: float = 1e-3, title: str = "Convergence deltas"
) -> Figure:
    """Distribution of convergence deltas, as shares of what they should be small against.

    Parameters
    ----------
    groups : mapping of str to array
        Absolute deltas divided by the range of the outputs, by name of the way they were made.
    limit : float
        Marked: what a delta should stay below.

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
            shown, place + rng.uniform(-0.28, 0.28, len(shown)), s=3, alpha=0.5, linewidth=0,
            color=colours.OKABE_ITO["blue" if place == 0 else "orange"], rasterized=True,
        )  # fmt: skip
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
def ranked(table: pd.DataFrame, *, share: float, title: str = "Predicted promoters") -> Figure:
    """Probabilities in their order, with their intervals, coloured by how a promoter stands to training.

    Parameters
    ----------
    table : pandas.DataFrame
        ``gene_id, probability, low, high, training``; rows without a probability are left out.
    share : float
        Marked: the share of responding genes in training.

    Examples
    --------
    >>> columns = {"gene_id": ["a"], "probability": [0.7], "low": [0.5], "high": [0.8], "training": ["new"]}
    >>> len(ranked(pd.DataFrame(columns), share=0.4).axes)
    1
    """
    table = table[table["probability"].notna()].sort_values("probability", ascending=False)
    if table.empty:
        return style.nothing("no promoter could be read; the notes of the rows say why", title)
    fig = style.figure(style.DOUBLE, 70)
    ax = fig.subplots()
    places = np.arange(1, len(table) + 1)
    tones = {"new": "blue", "near": "orange", "identical": "purple", "": "black"}
    few = len(table) <= MOST_NAMES
    for kind, tone in tones.items():
        chosen = (table["training"] == kind).to_numpy()
        if not chosen.any():
            continue
        x, part, colour = places[chosen], table[chosen], colours.OKABE_ITO[tone]
        ax.vlines(x, part["low"], part["high"], color=colour, linewidth=1.2 if few else 0.4, alpha=0.5)
        label = f"{kind or 'standing not known'} ({len(part)})"
        ax.plot(x, part["probability"], "o", color=colour, markersize=4 if few else 2, label=label)
    ax.axhline(share, color=colours.TRUTH, linestyle="--", linewidth=1, label="share in training")
    if few:
        ax.set_xticks(places, [words.plain(name, 14) for name in table["gene_id"]], rotation=60, ha="right")
    ax.set(xlabel="promoters by their probability", ylabel="probability of a response", ylim=(0, 1))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    style.head(fig, title)
    return fig


@style.house
def agreement(
    reference: ArrayLike, others: Mapping[str, ArrayLike], *, name: str = "DeepLIFT/SHAP", title: str = ""
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


SMALLEST = 0.04
"""Letters below this share of the tallest one are drawn as bars: nobody reads them unzoomed."""


@dataclass(frozen=True)
class LogoTrack:
    """One sequence to draw: residues without padding, a signed value for each, stretches to mark."""

    name: str
    sequence: str
    values: np.ndarray
    spans: Sequence[Span] = field(default_factory=tuple)


def logo_figure(
    tracks: Sequence[LogoTrack], alphabet: Alphabet, *, value: str = "attribution", title: str = ""
) -> go.Figure:
    """Logos of whole sequences, one at a time, chosen from a menu, to zoom and to slide along.

    Hover shows letter, position and value.

    Parameters
    ----------
    value : str
        Quantity and unit.

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
    slider = {"visible": True, "thickness": 0.12}
    fig.update_xaxes(title_text=words.position(alphabet), rangeslider=slider)
    fig.update_yaxes(title_text=words.markup(value), zeroline=True, zerolinecolor=colours.INK)
    if len(tracks) > 1:
        _menu(fig, tracks, each, marks)
    return fig


def _menu(fig: go.Figure, tracks: Sequence[LogoTrack], each: int, marks: Sequence[dict[str, object]]) -> None:
    menu(fig, [track.name for track in tracks], each, extra=marks)
    for button in fig.layout.updatemenus[0].buttons:
        # The shared menu turns the vertical axis round, as a map wants it.
        for name in ("xaxis2.autorange", "yaxis2.autorange"):
            button.args[1].pop(name, None)
        button.args[1]["yaxis.autorange"] = True


def _traces(track: LogoTrack, alphabet: Alphabet, value: str) -> list[go.Scatter | go.Bar]:
    """Bars that carry hover and the small values, then the outlines of each letter."""
    values = np.asarray(track.values, dtype=float)[: len(track.sequence)]
    if values.shape != (len(track.sequence),) or not np.isfinite(values).all():
        raise ValueError(
            f"{track.name!r}: expected one finite number for each of {len(track.sequence)} residues"
        )
    palette = colours.letter_colours(alphabet)
    tall = np.abs(values) >= SMALLEST * max(float(np.abs(values).max()), 1e-12)
    tones = [palette.get(letter, colours.GREY) for letter in track.sequence]
    hidden = ["rgba(0,0,0,0)" if big else tone for big, tone in zip(tall, tones, strict=True)]
    bars = go.Bar(
        x=np.arange(1, len(values) + 1), y=small(values), width=0.9,
        marker={"color": hidden, "line": {"width": 0}}, customdata=list(track.sequence),
        hovertemplate=f"%{{customdata}}%{{x}}<br>{words.markup(value)} %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
    outlines = []
    for letter in alphabet.letters:
        places = [int(k) for k in np.flatnonzero(tall) if track.sequence[k] == letter]
        x, y = _outline(letter, places, values)
        outlines.append(
            go.Scatter(
                x=x, y=y, fill="toself", mode="lines", hoverinfo="skip", fillcolor=palette[letter],
                line={"width": 0, "color": palette[letter]},
            )
        )  # fmt: skip
    return [bars, *outlines]


def _outline(letter: str, places: Sequence[int], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outlines of one letter at all its places, with gaps between them."""
    xs: list[np.ndarray] = []
    ys: list[np.ndarray] = []
    for place in places:
        # A letter below the line stands upright, too: from its value up to 0.
        height, foot = abs(values[place]), min(values[place], 0)
        for ring in _glyph(letter):
            xs += [place + 0.55 + 0.9 * ring[:, 0], np.array([np.nan])]
            ys += [foot + height * ring[:, 1], np.array([np.nan])]
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


_CSS = """
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ddd;
  vertical-align: top; }
thead th { border-bottom: 2px solid #262626; }
td.logos img { display: block; height: 62px; margin-bottom: .2rem; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.match { display: flex; gap: .8rem; align-items: center; margin-bottom: .4rem; }
.match img { height: 52px; } .lowers { color: #0072B2; } .raises { color: #D55E00; }
@media print { tr { break-inside: avoid; } }
"""


def motif_report(
    path: str | os.PathLike[str],
    cards: Sequence[PatternCard],
    alphabet: Alphabet,
    *,
    title: str,
    notes: Sequence[str] = (),
    most_q: float = 0.05,
    both_strands: bool = True,
) -> Path:
    """Write the report: every pattern with its seqlets, its logo, and its significant matches.

    Parameters
    ----------
    path : str or pathlib.Path
        The page; it needs no other file and no network, but its links lead to JASPAR.
    cards : sequence of PatternCard
        In the order in which they are listed; an empty sequence gives a page that says so.
    notes : sequence of str, optional
        Lines below the title: data, model, library, settings.
    most_q : float, optional
        Largest q-value of a match that is listed.
    both_strands : bool, optional
        Draw each logo on the other strand as well; False for RNA.

    Examples
    --------
    >>> import tempfile
    >>> from helpers.sequences.alphabet import DNA
    >>> page = motif_report(Path(tempfile.mkdtemp()) / "m.html", [], DNA, title="A < B")
    >>> "A &lt; B" in page.read_text(), "No pattern" in page.read_text()
    (True, True)
    """
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    if not cards:
        body.append("<p>No pattern stands out from these attributions.</p>")
    else:
        body.append(
            f'<p class="note">Logos show mean contributions (logit). Matches by TOMTOM with a '
            f"q-value of at most {most_q:g}; a pattern without one has none so good.</p>"
        )
        body.append(
            '<table><thead><tr><th scope="col">pattern</th><th scope="col">seqlets</th>'
            '<th scope="col">contributions</th><th scope="col">known motifs</th></tr></thead>'
            "<tbody>"
        )
        body += [_report_row(card, alphabet, most_q, both_strands) for card in cards]
        body.append("</tbody></table>")
    return style.write_whole(Path(path), document(title, "\n".join(body), _CSS).encode())


def _report_row(card: PatternCard, alphabet: Alphabet, most_q: float, both_strands: bool) -> str:
    name = html.escape(card.name)
    what = "raises" if card.sign > 0 else "lowers"
    pictures = [_image(card.contributions, alphabet, f"logo of {card.name}")]
    if both_strands:
        order = [alphabet.letters.index(alphabet.complement(x)) for x in alphabet.letters]
        other = np.asarray(card.contributions)[::-1, order]
        pictures.append(_image(other, alphabet, f"logo of {card.name}, other strand"))
    found = card.significant(most_q)
    listed = "".join(_match(match, card, alphabet) for _, match in found.iterrows())
    return (
        f'<tr><th scope="row">{name}<br><span class="{what}">{what} the output</span></th>'
        f'<td class="number">{card.count}</td><td class="logos">{"".join(pictures)}</td>'
        f"<td>{listed or 'none'}</td></tr>"
    )


def _match(match: pd.Series, card: PatternCard, alphabet: Alphabet) -> str:
    text = html.escape(str(match["id"]))
    if match["url"]:
        text = f'<a href="{html.escape(str(match["url"]), quote=True)}">{text}</a>'
    family = f", {html.escape(str(match['family']))}" if match["family"] else ""
    picture = ""
    if match["id"] in card.known:
        heights = logos.information(turned(card.known[match["id"]], match, alphabet), alphabet)
        picture = _image(heights, alphabet, f"logo of {match['id']}")
    return (
        f'<div class="match">{picture}<span>{html.escape(str(match["name"]))} ({text}){family}'
        f"<br>q = {match['q']:.2g}</span></div>"
    )


def _image(heights: np.ndarray, alphabet: Alphabet, description: str) -> str:
    content = base64.b64encode(small_logo(np.asarray(heights, dtype=float), alphabet)).decode()
    text = html.escape(description, quote=True)
    return f'<img src="data:image/png;base64,{content}" alt="{text}">'
