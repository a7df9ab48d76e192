"""Interactive counterparts of the pictures, as plotly figures.

Arrays go in as float32, which plotly writes as binary: a map of 100 by 100 positions costs 53 kB.
Every id passes through `words.markup`, since plotly reads HTML tags in titles, ticks and hovers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from helpers.plots import words
from helpers.plots.canvas import colouring, frame, log_or_not, menu, most_ticks, small, template
from helpers.plots.embed import show
from helpers.plots.pages import Panel, ensure_plotly_js, write_page
from helpers.plots.results import results_figure
from helpers.plots.saliency import SaliencyPair
from helpers.plots.scales import scale_of

__all__ = [
    "InteractionMap",
    "Panel",
    "ensure_plotly_js",
    "interaction_figure",
    "results_figure",
    "saliency_figure",
    "show",
    "template",
    "unit_figure",
    "write_page",
]


@dataclass(frozen=True)
class InteractionMap:
    """One map of RNA position by peptide position.

    Parameters
    ----------
    name : str
        Shown verbatim in the menu: the pair, or the form of the map.
    values : array of float, shape=(>= len(rna), >= len(peptide))
    rna, peptide : str
        The sequences, without padding.
    truth : array of bool, optional
        Cells known to interact, shape of the drawn map.
    value : str
        Quantity and unit.
    """

    name: str
    values: np.ndarray
    rna: str
    peptide: str
    truth: np.ndarray | None = None
    value: str = "value"


def pair_maps(
    table: pd.DataFrame, maps: Mapping[str, ArrayLike], *, truth: ArrayLike | None = None
) -> list[InteractionMap]:
    """Maps to draw, from a table of pairs and the maps of its rows.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `rna_id`, `protein_id`, `rna_seq`, `protein_seq`.
    maps : mapping of str to array, shape=(>= n, RNA positions, peptide positions)
        By name of the quantity; NaN beyond the residues.
    truth : array of bool, same shape, optional
        Cells known to interact.

    Returns
    -------
    list of InteractionMap
        Pair by pair, every quantity of it.
    """
    found = []
    for number, row in enumerate(table.itertuples()):
        shape = (number, slice(len(row.rna_seq)), slice(len(row.protein_seq)))
        known = None if truth is None else np.asarray(truth)[shape]
        for value, values in maps.items():
            name = f"{row.rna_id} + {row.protein_id}: {value}"
            drawn = np.nan_to_num(np.asarray(values)[shape])
            found.append(InteractionMap(name, drawn, row.rna_seq, row.protein_seq, known, value))
    return found


def interaction_figure(maps: Sequence[InteractionMap], *, title: str = "") -> go.Figure:
    """Maps of RNA position by peptide position, one at a time, chosen from a menu.

    Hover shows base, residue, both positions and the value; ticks fill in when zoomed.

    Parameters
    ----------
    maps : sequence of InteractionMap
        Pairs, or forms of one pair.
    title : str

    Raises
    ------
    ValueError
        If there is no map, or a map does not fit its sequences.

    Examples
    --------
    >>> fig = interaction_figure([InteractionMap("pair 1", np.eye(3), "GCU", "MKV")])
    >>> fig.data[0].x
    ('M1', 'K2', 'V3')
    """
    if not maps:
        raise ValueError("no interaction map to draw; give at least one InteractionMap")
    fig = go.Figure()
    for place, one in enumerate(maps):
        fig.add_trace(_interaction_trace(one, visible=place == 0))
    outlines = [_outline(one) for one in maps]
    heights = [int(np.clip(200 + 11 * len(one.rna), 420, 1100)) for one in maps]
    extra = [
        {"shapes": outline, "height": height, "yaxis.nticks": most_ticks(height)}
        for outline, height in zip(outlines, heights, strict=True)
    ]
    frame(fig, title, heights[0])
    fig.update_layout(shapes=outlines[0])
    fig.update_xaxes(title_text="peptide position (aa)", type="category", nticks=24)
    fig.update_yaxes(title_text="RNA position (nt)", type="category", autorange="reversed")
    fig.update_yaxes(nticks=most_ticks(heights[0]))
    menu(fig, [one.name for one in maps], 1, extra)
    return fig


def unit_figure(
    features: ArrayLike,
    *,
    pair_labels: Sequence[str],
    percentile: float = 95.0,
    title: str = "interaction_features",
    value: str = "activation",
) -> go.Figure:
    """The units of a layer over pairs, in three forms chosen from a menu. Columns are no residues.

    Parameters
    ----------
    features : array of float, shape=(pairs, units)
    pair_labels : sequence of str
    percentile : float
        Where the second form is clipped.
    title, value : str

    Raises
    ------
    ValueError
        If the labels do not fit the features.

    Examples
    --------
    >>> len(unit_figure(np.ones((2, 64)), pair_labels=["a", "b"]).data)
    3
    """
    table = np.asarray(features, dtype=float)
    if table.ndim != 2 or len(pair_labels) != len(table):
        raise ValueError(
            f"features of shape {table.shape} with {len(pair_labels)} pair labels; expected "
            "(pairs, units) and one label a pair"
        )
    names = [f"{i}. {words.markup(name, 32)}" for i, name in enumerate(pair_labels, start=1)]
    units = np.arange(1, table.shape[1] + 1)
    hover = f"unit %{{x}}<br>%{{y}}<br>{words.markup(value)} %{{customdata:.4g}}<extra></extra>"
    fig = go.Figure()
    for place, form in enumerate(("linear", "clipped", "log")):
        chosen = scale_of(table, form, percentile)
        z, ends, ticks = log_or_not(table, chosen)
        fig.add_trace(
            go.Heatmap(
                z=small(z),
                x=units,
                y=names,
                # On a linear scale the colour is the value: no second copy.
                customdata=small(table) if form == "log" else None,
                hovertemplate=hover if form == "log" else hover.replace("customdata", "z"),
                visible=place == 0,
                **colouring(chosen, value, ends, ticks),
            )
        )
    frame(fig, title, int(np.clip(230 + 15 * len(table), 400, 1000)))
    fig.update_xaxes(title_text="unit of the layer (not a residue)")
    fig.update_yaxes(type="category", autorange="reversed")
    clipped = f"clipped at the {percentile:g}th percentile"
    menu(fig, ["standard", clipped, "logarithmic"], 1, [{}, {}, {}])
    return fig


def saliency_figure(
    pairs: Sequence[SaliencyPair], *, value: str = "gradient × input", title: str = ""
) -> go.Figure:
    """Letters by positions of the RNA and of the peptide, one pair at a time, from a menu.

    Hover shows the residue that is there with its position, the letter of the row, and the value.

    Parameters
    ----------
    pairs : sequence of SaliencyPair
    value : str
        Quantity and unit.
    title : str

    Raises
    ------
    ValueError
        If there is no pair or values do not fit the sequences.

    Examples
    --------
    >>> pair = SaliencyPair("pair 1", "GCU", "MK", np.eye(3, 4), np.ones((2, 20)))
    >>> len(saliency_figure([pair]).data)
    2
    """
    if not pairs:
        raise ValueError("no pair to draw; give at least one SaliencyPair")
    fig = go.Figure()
    for place, pair in enumerate(pairs):
        for axis, (alphabet, sequence, table) in zip(("", "2"), pair.sides(), strict=True):
            hover = (
                f"{alphabet.name} residue %{{x}}<br>letter %{{y}}<br>"
                f"{words.markup(value)} %{{z:.4g}}<extra></extra>"
            )
            chosen = scale_of(table, "linear")
            trace = go.Heatmap(
                z=small(table.T),
                x=words.residues(sequence),
                y=list(alphabet.letters),
                xaxis=f"x{axis}",
                yaxis=f"y{axis}",
                hovertemplate=hover,
                visible=place == 0,
                xgap=0.5,
                ygap=0.5,
                **colouring(chosen, value, (chosen.low, chosen.high), None),
            )
            trace.colorbar.update(len=0.36 if axis else 0.32, y=0.29 if axis else 0.86)
            fig.add_trace(trace)
    frame(fig, title, 760)
    positions = {"type": "category", "nticks": 24}
    fig.update_layout(
        xaxis=positions | {"title": "RNA position (nt)", "anchor": "y"},
        yaxis={"type": "category", "domain": [0.72, 1], "autorange": "reversed", "title": "base"},
        xaxis2=positions | {"title": "peptide position (aa)", "anchor": "y2"},
        yaxis2={
            "type": "category",
            "domain": [0, 0.58],
            "autorange": "reversed",
            "title": "amino acid",
            "dtick": 1,
        },
    )
    menu(fig, [pair.name for pair in pairs], 2, [{} for _ in pairs])
    return fig


def _interaction_trace(one: InteractionMap, *, visible: bool) -> go.Heatmap:
    table = np.asarray(one.values, dtype=float)
    shape = (len(one.rna), len(one.peptide))
    if table.ndim != 2 or table.shape[0] < shape[0] or table.shape[1] < shape[1] or 0 in shape:
        raise ValueError(
            f"the map of {one.name!r} has shape {table.shape}; expected at least {shape}: a row "
            "for each residue of the RNA, a column for each of the peptide"
        )
    table = table[: shape[0], : shape[1]]
    chosen = scale_of(table, "linear")
    return go.Heatmap(
        z=small(table),
        x=words.residues(one.peptide),
        y=words.residues(one.rna),
        hovertemplate=("RNA %{y}<br>peptide %{x}<br>" + words.markup(one.value) + " %{z:.4g}<extra></extra>"),
        visible=visible,
        **colouring(chosen, one.value, (chosen.low, chosen.high), None),
    )


def _outline(one: InteractionMap) -> list[dict[str, object]]:
    """Rectangles around the known cells, joined along each row."""
    if one.truth is None:
        return []
    known = np.asarray(one.truth, dtype=bool)
    if known.shape != (len(one.rna), len(one.peptide)):
        raise ValueError(
            f"the truth of {one.name!r} has shape {known.shape}; expected "
            f"({len(one.rna)}, {len(one.peptide)})"
        )
    path = []
    framed = np.pad(known, 1)
    for r, c in zip(*np.nonzero(framed[1:] != framed[:-1]), strict=True):
        path.append(f"M{c - 1.5},{r - 0.5}L{c - 0.5},{r - 0.5}")
    for r, c in zip(*np.nonzero(framed[:, 1:] != framed[:, :-1]), strict=True):
        path.append(f"M{c - 0.5},{r - 1.5}L{c - 0.5},{r - 0.5}")
    line = {"color": "black", "width": 2}
    return [{"type": "path", "path": "".join(path), "line": line}] if path else []
