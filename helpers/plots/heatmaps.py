"""Heat maps: the units of a layer, RNA position by peptide position, letter by position.

A map says what its cells are. The units of a dense layer are drawn as units; only a map computed
by position (attention, in-silico mutation, gradients) is drawn with residues on its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers.plots import colours, style, words
from helpers.plots.cells import (
    FONT,
    Form,
    Labels,
    Scale,
    cell_points,
    colour_bar,
    known_cells,
    matrix,
    name_axis,
    outline,
    paint,
    residue_axis,
    scale_of,
)
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet


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
        See `helpers.plots.cells.scale_of`; signed values are always drawn around 0.
    percentile : float
        Where ``"clipped"`` cuts.
    labels : Labels
    ax : matplotlib.axes.Axes, optional

    Examples
    --------
    >>> heatmap(np.eye(3), labels=Labels("Identity", "column", "row")).axes[0].get_xlabel()
    'column'
    """
    table = matrix(values)
    ax = style.axes(ax, style.DOUBLE, float(np.clip(34 + 3.2 * table.shape[0], 52, 210)))
    chosen = scale_of(table, scale, percentile)
    image = paint(ax, table, chosen)
    name_axis(ax.xaxis, x_labels, table.shape[1])
    name_axis(ax.yaxis, y_labels, table.shape[0])
    ax.set(xlabel=labels.x, ylabel=labels.y)
    style.title(ax, labels.title)
    colour_bar(ax, image, chosen, value=labels.value)
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

    Examples
    --------
    >>> fig = unit_forms(np.ones((2, 64)), pair_labels=["pair 1", "pair 2"])
    >>> len(fig.axes)  # three maps, three colour bars
    6
    """
    table = matrix(features)
    fig = style.figure(style.DOUBLE, float(np.clip(3 * (16 + 3.4 * table.shape[0]), 100, 235)))
    for ax, (form, name) in zip(fig.subplots(3, 1, sharex=True), form_names(percentile), strict=True):
        text = Labels(name, "", "pair", value)
        heatmap(table, y_labels=pair_labels, scale=form, percentile=percentile, labels=text, ax=ax)
    fig.axes[2].set_xlabel("unit of the layer (not a residue)")
    for ax in fig.axes[:2]:
        ax.tick_params(labelbottom=False)
    style.head(fig, title)
    return fig


def form_names(percentile: float) -> list[tuple[Form, str]]:
    """The three forms of a map of units, and what each is called."""
    clipped = f"clipped at the {percentile:g}th percentile"
    return [("linear", "standard"), ("clipped", clipped), ("log", "logarithmic")]


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

    Examples
    --------
    >>> fig = interaction_map(np.eye(4), "GCUA", "MKV", labels=Labels(value="attention"))
    >>> fig.axes[0].get_ylabel()
    'RNA position (nt)'
    """
    table = matrix(values, len(rna), len(peptide), what="interaction map")[: len(rna), : len(peptide)]
    ax = style.axes(ax, style.DOUBLE, float(np.clip(30 + 1.75 * len(rna), 70, 225)))
    chosen = scale_of(table, scale)
    image = paint(ax, table, chosen)
    residue_axis(ax.xaxis, peptide)
    residue_axis(ax.yaxis, rna)
    ax.set(xlabel=words.position(PEPTIDE), ylabel=words.position(RNA))
    if truth is not None:
        outline(ax, known_cells(truth, table.shape))
    style.title(ax, labels.title + ("" if truth is None else " (outlined: known to interact)"))
    colour_bar(ax, image, chosen, value=labels.value)
    return style.root(ax)


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
        """Alphabet, sequence and values (positions, letters) of the RNA, then of the peptide.

        Raises
        ------
        ValueError
            If values have other letters or fewer positions than their sequence.
        """
        found = []
        for alphabet, sequence, values in (
            (RNA, self.rna, self.rna_values),
            (PEPTIDE, self.peptide, self.peptide_values),
        ):
            table = np.asarray(values, dtype=float)
            if table.ndim != 2 or table.shape[1] != alphabet.size or len(table) < len(sequence):
                raise ValueError(
                    f"{alphabet.name} values of {self.name!r} have shape {table.shape}; expected "
                    f"({len(sequence)} or more, {alphabet.size}): a row for each residue"
                )
            found.append((alphabet, sequence, table[: len(sequence)]))
        return found


def saliency_pairs(table: pd.DataFrame, values: Sequence[np.ndarray]) -> list[SaliencyPair]:
    """Pairs to draw, from a table and the attributions of its rows.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `rna_id`, `protein_id`, `rna_seq`, `protein_seq`.
    values : list of two arrays, shape=(>= n, positions, letters)
        Attributions of the RNAs and of the peptides, in the order of the table.

    Examples
    --------
    >>> row = {"rna_id": "r", "protein_id": "p", "rna_seq": "AC", "protein_seq": "M"}
    >>> found = saliency_pairs(pd.DataFrame([row]), [np.ones((1, 2, 4)), np.ones((1, 1, 20))])
    >>> found[0].name
    'r + p'
    """
    return [
        SaliencyPair(f"{row.rna_id} + {row.protein_id}", row.rna_seq, row.protein_seq, rna, peptide)
        for row, rna, peptide in zip(
            table.itertuples(), values[0][: len(table)], values[1][: len(table)], strict=True
        )
    ]


def saliency_table(pairs: Sequence[SaliencyPair]) -> pd.DataFrame:
    """The numbers behind a saliency picture: one row a pair, side, position and letter.

    Returns
    -------
    pandas.DataFrame
        Columns `pair`, `side`, `position` (from 1), `residue`, `letter`, `value`.
    """
    rows = [
        (pair.name, side, i + 1, residue, letter, value)
        for pair in pairs
        for side, (alphabet, sequence, values) in zip(("RNA", "peptide"), pair.sides(), strict=True)
        for i, residue in enumerate(sequence)
        for letter, value in zip(alphabet.letters, values[i], strict=True)
    ]
    return pd.DataFrame(rows, columns=["pair", "side", "position", "residue", "letter", "value"])


@style.house
def saliency_grid(
    pairs: Sequence[SaliencyPair],
    *,
    value: str = "gradient × input",
    title: str = "Saliency of each pair",
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
    shared : bool
        One colour scale for all pairs; when not, each map has its own, written beside it.
    """
    if not pairs:
        raise ValueError("no pair to draw; give at least one SaliencyPair")
    columns = 1 if len(pairs) == 1 else 2
    rows = -(-len(pairs) // columns)
    fig = style.figure(style.DOUBLE, min(style.TALLEST, 14 + 98.0 * rows))
    blocks = np.ravel(fig.subfigures(rows, columns, squeeze=False))
    whole = np.concatenate([t.ravel() for pair in pairs for _, _, t in pair.sides()])
    together = scale_of(whole, "linear") if shared else None
    for block, pair in zip(blocks, pairs, strict=False):
        grid = block.subplots(2, 1, height_ratios=[1, 3])
        for ax, (alphabet, sequence, table) in zip(grid, pair.sides(), strict=True):
            chosen = together or scale_of(table, "linear")
            _letters_by_positions(ax, alphabet, sequence, table, chosen)
            colour_bar(ax, ax.images[0], chosen, value=value if alphabet is PEPTIDE else "")
        style.title(grid[0], pair.name)
    style.head(fig, title)
    return fig


def _letters_by_positions(
    ax: Axes, alphabet: Alphabet, sequence: str, table: np.ndarray, chosen: Scale
) -> None:
    paint(ax, table.T, chosen)
    there = [(i, alphabet.letters.find(letter)) for i, letter in enumerate(sequence)]
    x, y = np.array([place for place in there if place[1] >= 0]).reshape(-1, 2).T
    size = min(6.0, (0.45 * cell_points(ax.xaxis, len(sequence))) ** 2)
    ax.scatter(x, y, s=size, facecolors="none", edgecolors=colours.INK, linewidths=0.35)
    residue_axis(ax.xaxis, sequence)
    font = float(np.clip(cell_points(ax.yaxis, alphabet.size) * 0.95, 3.2, FONT))
    ax.set_yticks(range(alphabet.size), list(alphabet.letters), fontsize=font)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel=words.position(alphabet), ylabel="letter")
