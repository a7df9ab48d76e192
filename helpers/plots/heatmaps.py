"""Heat maps: the units of a layer, RNA position by peptide position, letter by position.

A map says what its cells are. The units of a dense layer are drawn as units; only a map computed
by position (attention, in-silico mutation, gradients) is drawn with residues on its axes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from helpers.plots import style
from helpers.plots.cells import Form, Labels, colour_bar, name_axis, outline, paint, residue_axis
from helpers.plots.saliency import (
    SaliencyPair,
    saliency_grid,
    saliency_map,
    saliency_pairs,
    saliency_table,
)
from helpers.plots.scales import scale_of

__all__ = [
    "Labels",
    "SaliencyPair",
    "heatmap",
    "interaction_map",
    "saliency_grid",
    "saliency_map",
    "saliency_pairs",
    "saliency_table",
    "unit_forms",
]


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
    name_axis(ax.xaxis, x_labels, table.shape[1])
    name_axis(ax.yaxis, y_labels, table.shape[0])
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
        heatmap(table, y_labels=pair_labels, scale=form, percentile=percentile, labels=text, ax=ax)
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


def _matrix(values: ArrayLike) -> np.ndarray:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"a heat map of shape {table.shape}; expected (rows, columns), not empty")
    return table
