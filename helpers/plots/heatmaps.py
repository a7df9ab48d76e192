"""Heat maps: the units of a layer, RNA position by peptide position, letter by position.

A map says what its cells are. The units of a dense layer are drawn as units; only a map computed
by position (attention, in-silico mutation, gradients) is drawn with residues on its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from helpers.alphabet import PEPTIDE, RNA, Alphabet
from helpers.plots import style, words
from helpers.plots.scales import Scale, scale_of

_FIT = 3.6
"""Smallest cell (points) that still takes a letter which can be read in print."""
_FONT = 6.5
"""Largest font of the letters on an axis, points."""

Form = Literal["linear", "clipped", "log", "diverging"]


@dataclass(frozen=True)
class Labels:
    """Words of a heat map.

    Parameters
    ----------
    title : str
        What is shown, of which data, n.
    x, y : str
        Names of the axes.
    value : str
        Quantity of the cells with its unit, for the colour bar.
    """

    title: str = ""
    x: str = ""
    y: str = ""
    value: str = "value"


@dataclass(frozen=True)
class SaliencyPair:
    """Saliency of one RNA-peptide pair.

    Parameters
    ----------
    name : str
        Shown verbatim above the pair's maps.
    rna, peptide : str
        The sequences, without padding.
    rna_values : array of float, shape=(>= len(rna), 4)
        Value of each letter at each position; rows beyond the sequence (padding) are not drawn.
    peptide_values : array of float, shape=(>= len(peptide), 20)
    """

    name: str
    rna: str
    peptide: str
    rna_values: np.ndarray
    peptide_values: np.ndarray

    def sides(self) -> list[tuple[Alphabet, str, np.ndarray]]:
        """Alphabet, sequence and values (positions, letters) of the RNA, then of the peptide."""
        return [
            (RNA, self.rna, cut(self.rna_values, self.rna, RNA)),
            (PEPTIDE, self.peptide, cut(self.peptide_values, self.peptide, PEPTIDE)),
        ]


def cut(values: ArrayLike, sequence: str, alphabet: Alphabet) -> np.ndarray:
    """Values of the positions that the sequence has; those of padding are left out.

    Returns
    -------
    numpy.ndarray, shape=(len(sequence), alphabet.size), dtype=float64

    Raises
    ------
    ValueError
        If the values have other letters or fewer positions than the sequence.
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or table.shape[1] != alphabet.size or table.shape[0] < len(sequence):
        raise ValueError(
            f"{alphabet.name} values have shape {table.shape}; expected "
            f"({len(sequence)} or more, {alphabet.size}): a row for each residue of the sequence"
        )
    return table[: len(sequence)]


@style.house
def heatmap(
    values: ArrayLike,
    *,
    x_labels: Sequence[str] | None = None,
    y_labels: Sequence[str] | None = None,
    scale: Form = "linear",
    percentile: float = 95.0,
    labels: Labels = Labels(),  # noqa: B008 - frozen
    ax: Axes | None = None,
) -> Figure:
    """A matrix as colours, row 0 on top.

    Parameters
    ----------
    values : array of float, shape=(rows, columns)
        NaN where there is no value (drawn pale grey).
    x_labels, y_labels : sequence of str, optional
        Name of each column and row, thinned when they do not fit; numbered from 1 when not given.
    scale : {"linear", "clipped", "log", "diverging"}
        See `helpers.plots.scales.scale_of`; signed values are always drawn around 0.
    percentile : float
        Where ``"clipped"`` cuts.
    labels : Labels
    ax : matplotlib.axes.Axes, optional

    Raises
    ------
    ValueError
        If the values are no matrix, or the labels do not fit them.

    Examples
    --------
    >>> heatmap(np.eye(3), labels=Labels("Identity", "column", "row")).axes[0].get_xlabel()
    'column'
    """
    table = _matrix(values)
    ax = style.axes(ax, style.DOUBLE, float(np.clip(34 + 3.2 * table.shape[0], 52, 210)))
    image = paint(ax, table, scale_of(table, scale, percentile))
    _name_axis(ax.xaxis, x_labels, table.shape[1])
    _name_axis(ax.yaxis, y_labels, table.shape[0])
    ax.set(xlabel=labels.x, ylabel=labels.y)
    style.title(ax, labels.title)
    colour_bar(ax, image, scale_of(table, scale, percentile), labels.value)
    return style.root(ax)


@style.house
def unit_forms(
    features: ArrayLike,
    *,
    pair_labels: Sequence[str],
    percentile: float = 95.0,
    title: str = "interaction_features",
    value: str = "activation",
) -> Figure:
    """The units of a layer over pairs in three forms: standard, clipped, logarithmic.

    Columns are the units of the layer, in the layer's own order; they are not residues.

    Parameters
    ----------
    features : array of float, shape=(pairs, units)
    pair_labels : sequence of str
        Name of each pair.
    percentile : float
        Where the second form is clipped.
    title : str
        Which layer, of which model, of which data.
    value : str
        Quantity and unit.

    Raises
    ------
    ValueError
        If the features are no matrix, or the labels do not fit them.

    Examples
    --------
    >>> fig = unit_forms(np.ones((2, 64)), pair_labels=["pair 1", "pair 2"])
    >>> len(fig.axes)  # three maps, three colour bars
    6
    """
    table = _matrix(features)
    fig = style.figure(style.DOUBLE, float(np.clip(3 * (16 + 3.4 * table.shape[0]), 100, 235)))
    forms: list[tuple[Form, str]] = [
        ("linear", "standard"),
        ("clipped", f"clipped at the {percentile:g}th percentile"),
        ("log", "logarithmic"),
    ]
    for ax, (form, name) in zip(fig.subplots(3, 1, sharex=True), forms, strict=True):
        text = Labels(name, "", "pair", value)
        heatmap(
            table, y_labels=pair_labels, scale=form, percentile=percentile, labels=text, ax=ax
        )
    fig.axes[2].set_xlabel("unit of the layer (not a residue)")
    for ax in fig.axes[:2]:
        ax.tick_params(labelbottom=False)
    style.head(fig, title)
    return fig


@style.house
def interaction_map(
    values: ArrayLike,
    rna: str,
    peptide: str,
    *,
    truth: ArrayLike | None = None,
    scale: Form = "linear",
    labels: Labels = Labels(),  # noqa: B008 - frozen
    ax: Axes | None = None,
) -> Figure:
    """RNA position by peptide position, full length, residues on the axes when they fit.

    Parameters
    ----------
    values : array of float, shape=(>= len(rna), >= len(peptide))
        Row i, column j: RNA position i + 1 with peptide position j + 1. Padding is not drawn.
    rna, peptide : str
        The sequences, without padding.
    truth : array of bool, optional
        Same shape as the drawn map: cells known to interact, outlined.
    scale : {"linear", "clipped", "log", "diverging"}
    labels : Labels
        Its x and y are not used: the axes are peptide and RNA positions.
    ax : matplotlib.axes.Axes, optional

    Raises
    ------
    ValueError
        If the values have fewer positions than the sequences, or the truth another shape.

    Examples
    --------
    >>> fig = interaction_map(np.eye(4), "GCUA", "MKV", labels=Labels(value="attention"))
    >>> fig.axes[0].get_ylabel()
    'RNA position (nt)'
    """
    table = _matrix(values)
    if table.shape[0] < len(rna) or table.shape[1] < len(peptide) or not rna or not peptide:
        raise ValueError(
            f"the interaction map has shape {table.shape}; expected at least ({len(rna)}, "
            f"{len(peptide)}): a row for each residue of the RNA, a column for each of the peptide"
        )
    table = table[: len(rna), : len(peptide)]
    ax = style.axes(ax, style.DOUBLE, float(np.clip(30 + 1.75 * len(rna), 70, 225)))
    chosen = scale_of(table, scale)
    image = paint(ax, table, chosen)
    residue_axis(ax.xaxis, peptide)
    residue_axis(ax.yaxis, rna)
    ax.set(xlabel="peptide position (aa)", ylabel="RNA position (nt)")
    note = ""
    if truth is not None:
        outline(ax, np.asarray(truth, dtype=bool), table.shape)
        note = " (outlined: known to interact)"
    style.title(ax, labels.title + note)
    colour_bar(ax, image, chosen, labels.value)
    return style.root(ax)


@style.house
def saliency_grid(
    pairs: Sequence[SaliencyPair],
    *,
    value: str = "gradient × input",
    title: str = "Saliency of each pair",
    columns: int = 1,
    shared: bool = False,
) -> Figure:
    """Letters by positions for the RNA and for the peptide of each pair, all in one figure.

    A small ring marks the residue that is there. Values are drawn around 0 when one is negative.

    Parameters
    ----------
    pairs : sequence of SaliencyPair
    value : str
        Quantity and unit.
    title : str
        Which method, which model, which data.
    columns : int
        Pairs beside one another.
    shared : bool
        One colour scale for all pairs; when not, each map has its own, written beside it.

    Raises
    ------
    ValueError
        If there is no pair or a pair's values do not fit its sequences.
    """
    if not pairs:
        raise ValueError("no pair to draw; give at least one SaliencyPair")
    rows = -(-len(pairs) // columns)
    fig = style.figure(style.DOUBLE * columns, 14 + 64.0 * rows)
    blocks = np.atleast_1d(fig.subfigures(rows, columns, squeeze=False)).ravel()
    whole = np.concatenate([t.ravel() for pair in pairs for _, _, t in pair.sides()])
    together = scale_of(whole, "linear") if shared else None
    for block, pair in zip(blocks, pairs, strict=False):
        grid = block.subplots(2, 1, height_ratios=[7, 20])
        for ax, (alphabet, sequence, table) in zip(grid, pair.sides(), strict=True):
            chosen = together or scale_of(table, "linear")
            _letters_by_positions(ax, alphabet, sequence, table, chosen)
            colour_bar(ax, ax.images[0], chosen, value if alphabet is PEPTIDE else "")
        style.title(grid[0], pair.name)
    style.head(fig, title)
    return fig


@style.house
def saliency_map(
    values: ArrayLike,
    sequence: str,
    alphabet: Alphabet,
    *,
    labels: Labels = Labels(),  # noqa: B008 - frozen
    ax: Axes | None = None,
) -> Figure:
    """Letters by positions of one sequence; a ring marks the residue that is there.

    Parameters
    ----------
    values : array of float, shape=(>= len(sequence), letters)
    sequence : str
        Without padding.
    alphabet : Alphabet
        Names the letters of the rows.
    labels : Labels
        Its x and y are not used.
    ax : matplotlib.axes.Axes, optional

    Raises
    ------
    ValueError
        If the values do not fit the sequence or the alphabet.
    """
    table = cut(values, sequence, alphabet)
    ax = style.axes(ax, style.DOUBLE, 26 + 2.4 * alphabet.size)
    chosen = scale_of(table, "linear")
    _letters_by_positions(ax, alphabet, sequence, table, chosen)
    style.title(ax, labels.title)
    colour_bar(ax, ax.images[0], chosen, labels.value)
    return style.root(ax)


def _letters_by_positions(
    ax: Axes, alphabet: Alphabet, sequence: str, table: np.ndarray, chosen: Scale
) -> None:
    paint(ax, table.T, chosen)
    present = [(i, alphabet.letters.find(letter)) for i, letter in enumerate(sequence)]
    there = np.array([place for place in present if place[1] >= 0]).reshape(-1, 2)
    size = min(6.0, (0.45 * cell_points(ax.xaxis, len(sequence))) ** 2)
    ax.scatter(*there.T, s=size, facecolors="none", edgecolors=style.INK, linewidths=0.35)
    residue_axis(ax.xaxis, sequence)
    font = float(np.clip(cell_points(ax.yaxis, alphabet.size) * 0.95, 3.2, _FONT))
    ax.set_yticks(range(alphabet.size), list(alphabet.letters), fontsize=font)
    ax.tick_params(axis="y", length=0)
    unit = "aa" if alphabet.name == PEPTIDE.name else "nt"
    ax.set(xlabel=f"{alphabet.name} position ({unit})", ylabel="letter")


def _matrix(values: ArrayLike) -> np.ndarray:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"a heat map of shape {table.shape}; expected (rows, columns), not empty")
    return table


def paint(ax: Axes, table: np.ndarray, chosen: Scale) -> AxesImage:
    """Draw a matrix on axes; cells that a logarithm cannot show are pale grey."""
    shown = np.where(table > 0, table, np.nan) if chosen.form == "log" and not chosen.linear else table
    ax.spines[:].set_visible(False)
    return ax.imshow(
        np.ma.masked_invalid(shown),
        cmap=style.colormap(chosen.colours),
        norm=chosen.norm(),
        aspect="auto",
        interpolation="nearest",
    )


def colour_bar(ax: Axes, image: AxesImage, chosen: Scale, value: str) -> None:
    """Colour bar with the quantity, and what was done to the scale below it."""
    height = ax.get_window_extent().height / style.root(ax).dpi / style.MM
    aspect = max(5.0, height / 2.8)
    bar = style.root(ax).colorbar(
        image, ax=ax, extend=chosen.ends, pad=0.015, aspect=aspect, extendfrac=2 / aspect
    )
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(labelsize=6.5)
    bar.set_label("\n".join(filter(None, [words.plain(value, 60), chosen.note])))


def outline(ax: Axes, truth: np.ndarray, shape: tuple[int, ...]) -> None:
    """Draw the edge between the cells that are known to interact and the others.

    Raises
    ------
    ValueError
        If the truth has another shape than the map.
    """
    if truth.shape != shape:
        raise ValueError(f"the truth has shape {truth.shape}, the map {shape}; expected the same")
    framed = np.pad(truth, 1)
    rows, columns = np.nonzero(framed[1:] != framed[:-1])
    flat = [((c - 1.5, r - 0.5), (c - 0.5, r - 0.5)) for r, c in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(framed[:, 1:] != framed[:, :-1])
    upright = [((c - 0.5, r - 1.5), (c - 0.5, r - 0.5)) for r, c in zip(rows, columns, strict=True)]
    ax.add_collection(
        LineCollection(
            flat + upright,
            colors="black",
            linewidths=1.2,
            capstyle="round",
            # A white rim keeps the line apart from dark cells.
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )
    )


def cell_points(axis: Axis, count: int) -> float:
    """Size of a cell in points, before the colour bar and the labels take their part."""
    box = axis.axes.get_window_extent()
    pixels = box.width if axis.axis_name == "x" else box.height
    return pixels / style.root(axis.axes).dpi * 72 / max(count, 1)


def residue_axis(axis: Axis, sequence: str) -> None:
    """Residues as ticks where they fit, with every tenth position; else thinned positions."""
    size = cell_points(axis, len(sequence))
    n = len(sequence)
    step = _step(n, 12 if size >= _FIT else 10)
    if size < _FIT:
        ticks = [0, *range(step - 1, n, step)] if n > 1 else [0]
        axis.set_ticks(ticks, [str(tick + 1) for tick in ticks])
        return
    upright = axis.axis_name == "x"
    numbered = {0, *range(step - 1, n, step)}
    join = "{0}\n{1}" if upright else "{1} {0}"
    texts = [join.format(a, i + 1) if i in numbered else a for i, a in enumerate(sequence)]
    axis.set_ticks(range(n), texts, fontsize=min(_FONT, size * 0.95))
    axis.set_tick_params(length=0, pad=1.5)


def _step(n: int, most: int) -> int:
    """Distance between numbered positions: 5, 10, 20, 50, ... so that at most `most` are drawn."""
    for power in range(7):
        for base in (5, 10, 20):
            if n / (base * 10**power) <= most:
                return base * 10**power
    return n


def _name_axis(axis: Axis, names: Sequence[str] | None, count: int) -> None:
    texts = [str(i + 1) for i in range(count)] if names is None else list(names)
    if len(texts) != count:
        raise ValueError(
            f"{len(texts)} labels for {count} {'columns' if axis.axis_name == 'x' else 'rows'} of "
            "the heat map; expected one each"
        )
    room = cell_points(axis, count)
    longest = max(map(len, texts)) if axis.axis_name == "x" else 1
    wanted = 8.0 if axis.axis_name == "y" else min(longest, 12) * 4.6 + 4
    every = max(1, int(np.ceil(wanted / room)))
    ticks = range(0, count, every) if names is not None else _round_ticks(count, every)
    axis.set_ticks(list(ticks), [words.plain(texts[tick], 28) for tick in ticks])
    axis.set_tick_params(length=1.5)


def _round_ticks(count: int, every: int) -> list[int]:
    step = every if every == 1 else next(s for s in (2, 4, 5, 8, 10, 20, 50, 100, 500, 10**9) if s >= every)
    return list(range(count)) if step == 1 else [0, *range(step - 1, count, step)]
