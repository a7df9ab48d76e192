"""Interactive counterparts of the pictures, as plotly figures.

Arrays go in as float32, which plotly writes as binary: a map of 100 by 100 positions costs 53 kB.
Every id passes through `words.markup`, since plotly reads HTML tags in titles, ticks and hovers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from helpers.plots import words
from helpers.plots.canvas import frame, heat, menu
from helpers.plots.cells import edges, known_cells, matrix
from helpers.plots.heatmaps import SaliencyPair, form_names
from helpers.sequences.alphabet import PEPTIDE, RNA


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
    """Maps to draw, pair by pair and quantity by quantity, from a table of pairs.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `rna_id`, `protein_id`, `rna_seq`, `protein_seq`.
    maps : mapping of str to array, shape=(>= n, RNA positions, peptide positions)
        By name of the quantity; NaN beyond the residues.
    truth : array of bool, same shape, optional
        Cells known to interact.
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

    Examples
    --------
    >>> fig = interaction_figure([InteractionMap("pair 1", np.eye(3), "GCU", "MKV")])
    >>> fig.data[0].x
    ('M1', 'K2', 'V3')
    """
    if not maps:
        raise ValueError("no interaction map to draw; give at least one InteractionMap")
    fig, extra = go.Figure(), list[dict[str, Any]]()
    for place, one in enumerate(maps):
        shape = (len(one.rna), len(one.peptide))
        table = matrix(one.values, *shape, what=f"map of {one.name!r}")[: shape[0], : shape[1]]
        hover = f"RNA %{{y}}<br>peptide %{{x}}<br>{words.markup(one.value)} %{{z:.4g}}<extra></extra>"
        residues: dict[str, Any] = {"x": words.residues(one.peptide), "y": words.residues(one.rna)}
        fig.add_trace(heat(table, one.value, hovertemplate=hover, visible=place == 0, **residues))
        height = int(np.clip(200 + 11 * len(one.rna), 420, 1100))
        # As many labels as fit beside the map without touching.
        ticks = {"yaxis.nticks": (height - 170) // 18}
        extra.append({"shapes": _outline(one, shape), "height": height, **ticks})
    frame(fig, title, extra[0]["height"])
    fig.update_layout(shapes=extra[0]["shapes"])
    fig.update_xaxes(title_text=words.position(PEPTIDE), type="category", nticks=24)
    fig.update_yaxes(title_text=words.position(RNA), type="category", autorange="reversed")
    fig.update_yaxes(nticks=extra[0]["yaxis.nticks"])
    menu(fig, [one.name for one in maps], 1, extra=extra)
    return fig


def _outline(one: InteractionMap, shape: tuple[int, int]) -> list[dict[str, object]]:
    """A path around the known cells."""
    if one.truth is None:
        return []
    known = known_cells(one.truth, shape, f"map of {one.name!r}")
    path = "".join(f"M{x0},{y0}L{x1},{y1}" for (x0, y0), (x1, y1) in edges(known))
    return [{"type": "path", "path": path, "line": {"color": "black", "width": 2}}] if path else []


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

    Examples
    --------
    >>> len(unit_figure(np.ones((2, 64)), pair_labels=["a", "b"]).data)
    3
    """
    table = matrix(features, len(pair_labels))
    if len(pair_labels) != len(table):
        raise ValueError(
            f"features of shape {table.shape} with {len(pair_labels)} labels; expected one a pair"
        )
    names = [f"{i}. {words.markup(name, 32)}" for i, name in enumerate(pair_labels, start=1)]
    places: dict[str, Any] = {"x": np.arange(1, table.shape[1] + 1), "y": names}
    fig = go.Figure()
    for form, _ in form_names(percentile):
        # On a linear scale the colour is the value: no second copy of it.
        shown = "customdata" if form == "log" else "z"
        hover = f"unit %{{x}}<br>%{{y}}<br>{words.markup(value)} %{{{shown}:.4g}}<extra></extra>"
        look: dict[str, Any] = {"hovertemplate": hover, "visible": form == "linear"}
        fig.add_trace(heat(table, value, form, percentile=percentile, **places, **look))
    frame(fig, title, int(np.clip(230 + 15 * len(table), 400, 1000)))
    fig.update_xaxes(title_text="unit of the layer (not a residue)")
    fig.update_yaxes(type="category", autorange="reversed")
    menu(fig, [name for _, name in form_names(percentile)], 1, extra=[{}, {}, {}])
    return fig


def saliency_figure(
    pairs: Sequence[SaliencyPair], *, value: str = "gradient × input", title: str = ""
) -> go.Figure:
    """Letters by positions of the RNA and of the peptide, one pair at a time, from a menu.

    Hover shows the residue that is there with its position, the letter of the row, and the `value`
    (quantity and unit).

    Examples
    --------
    >>> pair = SaliencyPair("pair 1", "GCU", "MK", np.eye(3, 4), np.ones((2, 20)))
    >>> len(saliency_figure([pair]).data)
    2
    """
    if not pairs:
        raise ValueError("no pair to draw; give at least one SaliencyPair")
    fig = go.Figure()
    bars = [{"len": 0.32, "y": 0.86}, {"len": 0.36, "y": 0.29}]
    for place, pair in enumerate(pairs):
        for axis, bar, (alphabet, sequence, table) in zip(("", "2"), bars, pair.sides(), strict=True):
            hover = f"{alphabet.name} residue %{{x}}<br>letter %{{y}}<br>{words.markup(value)} %{{z:.4g}}"
            places: dict[str, Any] = {"x": words.residues(sequence), "y": list(alphabet.letters)}
            places |= {"xaxis": f"x{axis}", "yaxis": f"y{axis}", "visible": place == 0}
            hover += "<extra></extra>"
            trace = heat(table.T, value, hovertemplate=hover, xgap=0.5, ygap=0.5, **places)
            trace.colorbar.update(bar)
            fig.add_trace(trace)
    frame(fig, title, 760)
    across = {"type": "category", "nticks": 24}
    down = {"type": "category", "autorange": "reversed"}
    fig.update_layout(
        xaxis=across | {"title": words.position(RNA), "anchor": "y"},
        yaxis=down | {"domain": [0.72, 1], "title": "base"},
        xaxis2=across | {"title": words.position(PEPTIDE), "anchor": "y2"},
        yaxis2=down | {"domain": [0, 0.58], "title": "amino acid", "dtick": 1},
    )
    menu(fig, [pair.name for pair in pairs], 2, extra=[{} for _ in pairs])
    return fig
