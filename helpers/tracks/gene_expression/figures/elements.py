"""Where a network looks in a promoter, against known elements: figure 5 of the expression track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullFormatter
from plotly.subplots import make_subplots

from helpers.plots import canvas, colours, presets, style, words
from helpers.plots.presets import Preset
from helpers.plots.publication import Drawn
from helpers.plots.tables import need

_MAP = ["id", "cell_type", "position", "letter", "attention", "attribution"]
_ELEMENTS = ["id", "element", "start", "stop", "strand"]
_ENRICHED = ["element", "method", "value", "ci_low", "ci_high", "n"]
_SCORES = ["task", "model", "value", "ci_low", "ci_high", "n"]
_METHODS = {
    "attention": ("#E69F00", "s"),
    "integrated gradients": ("#0072B2", "o"),
    "control": ("#8C8C8C", "x"),
}
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#262626")


def attention(
    maps: pd.DataFrame,
    elements: pd.DataFrame,
    enrichment: pd.DataFrame,
    scores: pd.DataFrame,
    *,
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
        ``id, element, start, stop, strand`` (0-based, half-open) of those promoters.
    enrichment : pandas.DataFrame
        ``element, method, value, ci_low, ci_high, n``: mean inside the element over mean outside.
    scores : pandas.DataFrame
        ``task, model, value, ci_low, ci_high, n``: AUROC against the elements in a cell type
        (`task`) by a method (`model`).
    preset : helpers.plots.presets.Preset
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
    first = str(maps["id"].iloc[0])
    wide = columns == "double"
    cells = list(dict.fromkeys(maps["cell_type"]))
    with presets.drawing(preset):
        strip = 10 + 3.2 * len(cells)
        tall = 16 + 5 * max(len(cells), enrichment["element"].nunique())
        heights = [9, strip, strip, tall] if wide else [9, strip, strip, tall, tall]
        fig = style.figure(preset.width(columns), sum(heights) + 26)
        grid = fig.add_gridspec(len(heights), 2 if wide else 1, height_ratios=heights)
        track = fig.add_subplot(grid[0, :])
        own = elements[elements["id"] == first]
        length = int(maps["position"].max())
        _track(track, own, length)
        for row, value in ((1, "attention"), (2, "attribution")):
            ax = fig.add_subplot(grid[row, :], sharex=track)
            _strip(ax, maps[maps["id"] == first], value, cells)
            ax.tick_params(labelbottom=row == 2)
        ax.set_xlabel(f"position in {words.plain(first)} (nt)")
        track.tick_params(labelbottom=False, bottom=False)
        _enriched(fig.add_subplot(grid[3, 0]), enrichment)
        last = fig.add_subplot(grid[3, 1] if wide else grid[4, 0])
        _scored(last, scores, [cell for cell in cells if cell in set(scores["task"])])
        fig.legend(*last.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        style.head(fig, title)
        presets.fix_ticks(fig, preset)
    return Drawn(fig, _live(maps, elements, cells, title), data)


def _source(
    maps: pd.DataFrame, elements: pd.DataFrame, enrichment: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """All numbers of the figure in one tidy table."""
    long = maps.melt(id_vars=_MAP[:4], var_name="panel")
    parts = [
        long.rename(columns={"cell_type": "group"}),
        pd.DataFrame({
            "panel": "element", "id": elements["id"], "group": elements["element"],
            "series": elements["strand"], "position": elements["start"] + 1,
            "low": elements["start"] + 1, "high": elements["stop"],
        }),
        enrichment.rename(
            columns={"element": "group", "method": "series", "ci_low": "low", "ci_high": "high"}
        ).assign(panel="enrichment"),
        scores.rename(
            columns={"task": "group", "model": "series", "ci_low": "low", "ci_high": "high"}
        ).assign(panel="auroc"),
    ]  # fmt: skip
    names = ["panel", "id", "group", "series", "position", "letter", "value", "low", "high", "n"]
    return pd.concat([part.reindex(columns=names) for part in parts], ignore_index=True).round(6)


def _shade(names: list[str]) -> dict[str, str]:
    return {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(sorted(set(names)))}


def _track(ax: Axes, own: pd.DataFrame, length: int) -> None:
    shades = _shade(list(own["element"]))
    end = -np.inf
    for element in own.sort_values("start").itertuples():
        width = element.stop - element.start
        ax.add_patch(Rectangle((element.start + 0.5, 0), width, 1, color=shades[element.element]))
        middle = element.start + 0.5 + width / 2
        # A name that would touch the one before it goes up a row.
        reach = 0.012 * length * len(element.element) / 2
        up = 2.3 if middle - reach > end else 4.2
        end = middle + reach if up < 3 else end
        arrow = {"+": " >", "-": " <"}.get(str(element.strand), "")
        ax.text(middle, up, element.element + arrow, ha="center", va="center", fontsize=5.5)
    ax.set_ylim(-0.2, 5.2)
    ax.set_xlim(0.5, length + 0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_title("a  Known elements, attention and attributions in one promoter")


def _strip(ax: Axes, part: pd.DataFrame, value: str, cells: list[str]) -> None:
    wide = part.pivot(index="cell_type", columns="position", values=value).loc[cells]
    signed = value == "attribution"
    most = float(np.abs(wide.to_numpy()).max()) or 1.0
    shade = colours.colormap("diverging" if signed else "sequential")
    image = ax.imshow(
        wide.to_numpy(), aspect="auto", cmap=shade, vmin=-most if signed else 0, vmax=most,
        extent=(0.5, wide.shape[1] + 0.5, len(cells) - 0.5, -0.5),
    )  # fmt: skip
    ax.set_yticks(range(len(cells)), [words.plain(cell) for cell in cells])
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01, aspect=12)
    bar.set_label("log2" if signed else "weight")
    label = "integrated gradients" if signed else "attention"
    ax.set_title(label, weight="normal")


def _enriched(ax: Axes, enrichment: pd.DataFrame) -> None:
    names = list(dict.fromkeys(enrichment["element"]))
    _rows(ax, enrichment.rename(columns={"element": "row", "method": "by"}), names)
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
    ax.set_xlabel("mean inside / mean outside (in brackets: n)")
    ax.set_title("b  Weight of each element")


def _scored(ax: Axes, scores: pd.DataFrame, names: list[str]) -> None:
    _rows(ax, scores.rename(columns={"task": "row", "model": "by"}), names)
    ax.axvline(0.5, color=colours.GREY, linewidth=0.7)
    ax.set_xlabel("AUROC against the elements")
    ax.set_title("c  Agreement in each cell type")


def _rows(ax: Axes, table: pd.DataFrame, names: list[str]) -> None:
    methods = list(dict.fromkeys(table["by"]))
    for number, method in enumerate(methods):
        part = table[table["by"] == method].set_index("row").reindex(names)
        colour, marker = _METHODS.get(method, ("#262626", "D"))
        value = part["value"].to_numpy(float)
        spread = (value - part["ci_low"].to_numpy(float), part["ci_high"].to_numpy(float) - value)
        ax.errorbar(
            value, np.arange(len(names)) + (number - (len(methods) - 1) / 2) * 0.22,
            xerr=np.clip(np.nan_to_num(spread), 0, None), linestyle="", marker=marker, color=colour,
            markersize=3.5, elinewidth=0.9, capsize=1.5, label=method,
        )  # fmt: skip
    ax.set_yticks(range(len(names)), [words.plain(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)


def _live(maps: pd.DataFrame, elements: pd.DataFrame, cells: list[str], title: str) -> go.Figure:
    """Attention over attributions, one promoter at a time from a menu."""
    fig = make_subplots(
        2, 1, shared_xaxes=True, vertical_spacing=0.1,
        subplot_titles=["attention", "integrated gradients"],
    )  # fmt: skip
    names = list(dict.fromkeys(maps["id"]))
    shapes = []
    for place, name in enumerate(names):
        part = maps[maps["id"] == name]
        for row, value in ((1, "attention"), (2, "attribution")):
            wide = part.pivot(index="cell_type", columns="position", values=value).loc[cells]
            letters = part.drop_duplicates("position").set_index("position")["letter"]
            most = float(np.abs(wide.to_numpy()).max()) or 1.0
            fig.add_trace(
                go.Heatmap(
                    z=canvas.small(wide.to_numpy()), x=wide.columns, y=cells,
                    zmin=-most if row == 2 else 0, zmax=most, visible=place == 0,
                    colorscale=colours.colorscale("diverging" if row == 2 else "sequential"),
                    customdata=np.tile(letters.loc[wide.columns].to_numpy(str), (len(cells), 1)),
                    colorbar={"len": 0.45, "y": 0.78 if row == 1 else 0.22, "thickness": 12},
                    hovertemplate="%{customdata}%{x}: %{z:.4f}<extra>%{y}</extra>",
                ),
                row=row, col=1,
            )  # fmt: skip
        own = elements[elements["id"] == name]
        shapes.append([_box(element) for element in own.itertuples()])
    canvas.frame(fig, title, 240 + 44 * len(cells))
    extra: list[dict[str, object]] = [{"shapes": boxes} for boxes in shapes]
    fig.update_layout(shapes=shapes[0])
    if len(names) > 1:
        buttons = [
            {
                "label": words.markup(name),
                "method": "update",
                "args": [
                    {"visible": [i == place for i in range(len(names)) for _ in (1, 2)]},
                    more,
                ],
            }
            for place, (name, more) in enumerate(zip(names, extra, strict=True))
        ]
        menu = {"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.08, "yanchor": "bottom"}
        fig.update_layout(updatemenus=[menu])
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(title_text="position (nt)", row=2, col=1)
    return fig


def _box(element: object) -> dict[str, object]:
    """Outline of an element over both maps."""
    return {
        "type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
        "x0": element.start + 0.5, "x1": element.stop + 0.5,  # type: ignore[attr-defined]
        "line": {"color": colours.TRUTH, "width": 1},
        "label": {"text": words.markup(element.element), "textposition": "top center"},  # type: ignore[attr-defined]
    }  # fmt: skip
