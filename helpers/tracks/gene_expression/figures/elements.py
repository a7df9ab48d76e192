"""Where a network looks in a promoter, against known elements: figure 5 of the expression track."""

from __future__ import annotations

import itertools
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullFormatter
from plotly.subplots import make_subplots

from helpers.plots import canvas, colours, words
from helpers.plots.publication import Drawn, Preset
from helpers.plots.tables import need
from helpers.tracks.gene_expression.figures import panels

_MAP = ["id", "cell_type", "position", "letter", "attention", "attribution"]
_ELEMENTS = ["id", "element", "start", "stop", "strand"]
_ENRICHED = ["element", "method", "value", "ci_low", "ci_high", "n"]
_SCORES = ["task", "model", "value", "ci_low", "ci_high", "n"]
METHODS = {
    "attention": ("#E69F00", "s"),
    "integrated gradients": ("#0072B2", "o"),
    "untrained network": ("#8C8C8C", "x"),
    "words of the class": ("#009E73", "^"),
    "over-represented words": ("#CC79A7", "v"),
}
"""Colour and marker of each method that is drawn."""
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#262626")


def attention(
    maps: pd.DataFrame,
    elements: pd.DataFrame,
    enrichment: pd.DataFrame,
    *,
    scores: pd.DataFrame,
    preset: Preset,
    columns: str = "double",
    title: str,
) -> Drawn:
    """Figure 5: attention and attributions along a promoter, and how far they meet the elements.

    Parameters
    ----------
    maps : pandas.DataFrame
        ``id, cell_type, position, letter, attention, attribution``: positions from 1; the first id
        is drawn, all of them stand in the interactive figure.
    elements : pandas.DataFrame
        ``id, element, start, stop, strand`` (0-based, half-open) of those promoters; with a column
        ``role`` decoys are drawn hollow.
    enrichment : pandas.DataFrame
        ``element, method, value, ci_low, ci_high, n``: mean inside the element over mean outside.
    scores : pandas.DataFrame
        ``task, model, value, ci_low, ci_high, n``: AUROC against the elements in a cell type
        (`task`) by a method (`model`).
    preset : helpers.plots.publication.Preset
    columns : {"single", "double"}
    title : str

    Returns
    -------
    Drawn
        Source data, one table: ``panel, id, group, series, position, letter, value, low, high``.

    Raises
    ------
    ValueError
        If a column is missing or a table has no row.
    """
    for table, names, what in (
        (maps, _MAP, "maps"), (enrichment, _ENRICHED, "enrichment"), (scores, _SCORES, "scores"),
    ):  # fmt: skip
        need(table, names, what)
    data = _source(maps, elements, enrichment, scores)
    first = maps[maps["id"] == maps["id"].iloc[0]]
    wide = columns == "double"
    cells = list(dict.fromkeys(maps["cell_type"]))
    strip = 10 + 3.2 * len(cells)
    tall = 16 + 5 * max(len(cells), enrichment["element"].nunique())
    heights = [9, strip, strip, tall] if wide else [9, strip, strip, tall, tall]
    with panels.drawing(preset, columns, height=sum(heights) + (26 if wide else 44), title=title) as fig:
        grid = fig.add_gridspec(len(heights), 2 if wide else 1, height_ratios=heights)
        track = fig.add_subplot(grid[0, :])
        _track(track, elements[elements["id"] == first["id"].iloc[0]], int(maps["position"].max()))
        for row, value in ((1, "attention"), (2, "attribution")):
            ax = fig.add_subplot(grid[row, :], sharex=track)
            _strip(ax, first, value, cells)
            ax.tick_params(labelbottom=row == 2)
        ax.set_xlabel(f"position in {words.plain(str(first['id'].iloc[0]))} (nt)")
        track.tick_params(labelbottom=False, bottom=False)
        _enriched(fig.add_subplot(grid[3, 0]), enrichment)
        last = fig.add_subplot(grid[3, 1] if wide else grid[4, 0])
        scored = [cell for cell in cells if cell in set(scores["task"])]
        panels.dots(last, scores, scored, row="task", by="model", look=_look)
        last.axvline(0.5, color=colours.GREY, linewidth=0.7)
        last.set(xlabel="AUROC against the elements", title="c  Agreement in each cell type")
        panels.legend(fig, *last.get_legend_handles_labels(), preset=preset)
    return Drawn(fig, _live(maps, elements, cells, title), data)


def _look(method: str) -> tuple[str, str, str]:
    return (*METHODS.get(method, ("#262626", "D")), method)


def _source(
    maps: pd.DataFrame, elements: pd.DataFrame, enrichment: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """All numbers of the figure in one tidy table."""
    ends = {"ci_low": "low", "ci_high": "high"}
    start, stop = elements["start"] + 1, elements["stop"]
    parts = [
        maps.melt(id_vars=_MAP[:4], var_name="panel").rename(columns={"cell_type": "group"}),
        elements.rename(columns={"element": "group", "strand": "series"}).assign(
            panel="element", position=start, low=start, high=stop, value=np.nan
        ),
        enrichment.rename(columns=ends | {"element": "group", "method": "series"}).assign(panel="enrichment"),
        scores.rename(columns=ends | {"task": "group", "model": "series"}).assign(panel="auroc"),
    ]
    names = ["panel", "id", "group", "series", "position", "letter", "value", "low", "high", "n"]
    return pd.concat([part.reindex(columns=names) for part in parts], ignore_index=True).round(6)


def _track(ax: Axes, own: pd.DataFrame, length: int) -> None:
    shades = dict(zip(sorted(set(own["element"])), itertools.cycle(_COLOURS), strict=False))
    end, size = -np.inf, mpl.rcParams["xtick.labelsize"]
    for element in own.sort_values("start").itertuples():
        width = element.stop - element.start
        idle = getattr(element, "role", "site") == "decoy"
        colour = {
            "edgecolor": shades[element.element],
            "facecolor": "none" if idle else shades[element.element],
        }
        ax.add_patch(Rectangle((element.start + 0.5, 0), width, 1, **colour))
        if idle:
            continue
        middle = element.start + 0.5 + width / 2
        # A name that would touch the one before it goes up a row.
        reach = 0.012 * length * len(element.element) / 2
        up = 2.3 if middle - reach > end else 4.2
        end = middle + reach if up < 3 else end
        arrow = {"+": " >", "-": " <"}.get(str(element.strand), "")
        ax.text(middle, up, element.element + arrow, ha="center", va="center", fontsize=size)
    hollow = " (hollow: decoys)" if "role" in own else ""
    title = f"a  Known elements{hollow}, attention and attributions in one promoter"
    ax.set(ylim=(-0.2, 5.2), xlim=(0.5, length + 0.5), yticks=[], title=title)
    ax.spines["left"].set_visible(False)


def _map(part: pd.DataFrame, value: str, cells: list[str]) -> tuple[pd.DataFrame, float, float, str]:
    """Values of a promoter, cell types by positions; the ends of their colours; the kind of colours."""
    table = part.pivot(index="cell_type", columns="position", values=value).loc[cells]
    most = float(np.abs(table.to_numpy()).max()) or 1.0
    return (table, -most, most, "diverging") if value == "attribution" else (table, 0.0, most, "sequential")


def _strip(ax: Axes, part: pd.DataFrame, value: str, cells: list[str]) -> None:
    table, low, high, kind = _map(part, value, cells)
    image = ax.imshow(
        table.to_numpy(), aspect="auto", cmap=colours.colormap(kind), vmin=low, vmax=high,
        extent=(0.5, table.shape[1] + 0.5, len(cells) - 0.5, -0.5),
    )  # fmt: skip
    ax.set_yticks(range(len(cells)), [words.plain(cell) for cell in cells])
    signed = value == "attribution"
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01, aspect=12)
    bar.set_label("log2" if signed else "weight")
    ax.set_title("integrated gradients" if signed else "attention", weight="normal")


def _enriched(ax: Axes, enrichment: pd.DataFrame) -> None:
    names = list(dict.fromkeys(enrichment["element"]))
    panels.dots(ax, enrichment, names, row="element", by="method", look=_look)
    n = enrichment.groupby("element")["n"].max()
    ax.set_yticks(range(len(names)), [f"{words.plain(name)} ({n[name]:,})" for name in names])
    ax.axvline(1, color=colours.GREY, linewidth=0.7)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    # Less than a decade has hardly a tick of its own: doublings are marked there.
    steps = 2.0 ** np.arange(-6, 7) if high / low < 20 else 10.0 ** np.arange(-3, 5)
    ax.xaxis.set_major_locator(FixedLocator(steps[(steps >= low) & (steps <= high)].tolist()))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="mean inside / mean outside (in brackets: n)", title="b  Weight of each element")


def _live(maps: pd.DataFrame, elements: pd.DataFrame, cells: list[str], title: str) -> go.Figure:
    """Attention over attributions, one promoter at a time from a menu."""
    titles = ["attention", "integrated gradients"]
    fig = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.1, subplot_titles=titles)
    fig.update_annotations(x=1, xanchor="right")  # the menu stands at the left
    names = list(dict.fromkeys(maps["id"]))
    shapes = []
    for name in names:
        part = maps[maps["id"] == name]
        letters = part.drop_duplicates("position").set_index("position")["letter"]
        for row, value in ((1, "attention"), (2, "attribution")):
            table, low, high, kind = _map(part, value, cells)
            heat = go.Heatmap(
                z=canvas.small(table.to_numpy()), x=table.columns, y=cells, zmin=low, zmax=high,
                visible=name == names[0], colorscale=colours.colorscale(kind),
                customdata=np.tile(letters.loc[table.columns].to_numpy(str), (len(cells), 1)),
                colorbar={"len": 0.45, "y": 0.78 if row == 1 else 0.22, "thickness": 12},
                hovertemplate="%{customdata}%{x}: %{z:.4f}<extra>%{y}</extra>",
            )  # fmt: skip
            fig.add_trace(heat, row=row, col=1)
        shapes.append([_box(element) for element in elements[elements["id"] == name].itertuples()])
    canvas.frame(fig, title, 240 + 44 * len(cells))
    fig.update_layout(shapes=shapes[0])
    canvas.menu(fig, names, 2, extra=[{"shapes": boxes} for boxes in shapes])
    return fig.update_yaxes(autorange="reversed").update_xaxes(title_text="position (nt)", row=2, col=1)


def _box(element: Any) -> dict[str, Any]:
    """Outline of an element over both maps."""
    return {
        "type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
        "x0": element.start + 0.5, "x1": element.stop + 0.5,
        "line": {"color": colours.TRUTH, "width": 1},
        "label": {"text": words.markup(element.element), "textposition": "top center"},
    }  # fmt: skip
