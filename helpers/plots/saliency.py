"""Saliency maps: letters by positions, for one sequence or for many pairs in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers.plots import colours, style
from helpers.plots.cells import FONT, Labels, cell_points, colour_bar, paint, residue_axis
from helpers.plots.scales import Scale, scale_of
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet


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
        SaliencyPair(f"{r} + {p}", rna, peptide, rna_values, peptide_values)
        for r, p, rna, peptide, rna_values, peptide_values in zip(
            *(table[c] for c in ("rna_id", "protein_id", "rna_seq", "protein_seq")),
            values[0][: len(table)],
            values[1][: len(table)],
            strict=True,
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
    fig = style.figure(style.DOUBLE * columns, 14 + 74.0 * rows)
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
    ax.scatter(there[:, 0], there[:, 1], s=size, facecolors="none", edgecolors=colours.INK, linewidths=0.35)
    residue_axis(ax.xaxis, sequence)
    font = float(np.clip(cell_points(ax.yaxis, alphabet.size) * 0.95, 3.2, FONT))
    ax.set_yticks(range(alphabet.size), list(alphabet.letters), fontsize=font)
    ax.tick_params(axis="y", length=0)
    unit = "aa" if alphabet.name == PEPTIDE.name else "nt"
    ax.set(xlabel=f"{alphabet.name} position ({unit})", ylabel="letter")
