"""Parts of a heat map: its cells, its colour bar, its outline and the names on its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage

from helpers.plots import colours, style, words
from helpers.plots.scales import Scale

_FIT = 3.6
"""Smallest cell (points) that still takes a letter which can be read in print."""
FONT = 6.5
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


def paint(ax: Axes, table: np.ndarray, chosen: Scale) -> AxesImage:
    """Draw a matrix on axes; cells that a logarithm cannot show are pale grey."""
    shown = np.where(table > 0, table, np.nan) if chosen.form == "log" and not chosen.linear else table
    ax.spines[:].set_visible(False)
    return ax.imshow(
        np.ma.masked_invalid(shown),
        cmap=colours.colormap(chosen.colours),
        norm=chosen.norm(),
        aspect="auto",
        interpolation="nearest",
    )


def colour_bar(ax: Axes, image: ScalarMappable, chosen: Scale, value: str) -> None:
    """Colour bar with the quantity, and what was done to the scale below it."""
    height = ax.get_window_extent().height / style.root(ax).dpi / style.MM
    aspect = max(5.0, height / 2.8)
    bar = style.root(ax).colorbar(
        image, ax=ax, extend=chosen.ends, pad=0.015, aspect=aspect, extendfrac=1.2 / aspect
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
    # A white rim, drawn first, keeps the line apart from dark cells.
    for colour, width in (("white", 2.6), ("black", 1.2)):
        ax.add_collection(
            LineCollection(flat + upright, colors=colour, linewidths=width, capstyle="projecting")
        )


def cell_points(axis: Axis, count: int) -> float:
    """Size of a cell in points, before the colour bar and the labels take their part."""
    box = axis.axes.get_window_extent()
    pixels = box.width if isinstance(axis, XAxis) else box.height
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
    font = min(FONT, size * 0.95)
    numbered = [0, *range(step - 1, n, step)] if n > 1 else [0]
    # Letters are minor ticks, so that the position numbers beyond them keep their own size.
    axis.remove_overlapping_locs = False
    axis.set_ticks(range(n), list(sequence), minor=True, fontsize=font)
    axis.set_ticks(numbered, [str(tick + 1) for tick in numbered], fontsize=FONT)
    axis.set_tick_params(which="minor", length=0, pad=1.5)
    axis.set_tick_params(which="major", length=0, pad=font + 3)


def _step(n: int, most: int) -> int:
    """Distance between numbered positions: 5, 10, 20, 50, ... so that at most `most` are drawn."""
    for power in range(7):
        for base in (5, 10, 20):
            if n / (base * 10**power) <= most:
                return base * 10**power
    return n


def name_axis(axis: Axis, names: Sequence[str] | None, count: int) -> None:
    """Names as ticks, thinned until they fit; numbers from 1 where there are no names.

    Raises
    ------
    ValueError
        If there is not one name for each row or column.
    """
    texts = [str(i + 1) for i in range(count)] if names is None else list(names)
    if len(texts) != count:
        side = "columns" if isinstance(axis, XAxis) else "rows"
        raise ValueError(f"{len(texts)} labels for {count} {side} of the heat map; expected one each")
    room = cell_points(axis, count)
    longest = max(map(len, texts)) if texts else 1
    wanted = min(longest, 12) * 4.6 + 4 if isinstance(axis, XAxis) else 8.0
    every = max(1, int(np.ceil(wanted / room)))
    ticks = range(0, count, every) if names is not None else _round_ticks(count, every)
    axis.set_ticks(list(ticks), [words.plain(texts[tick], 28) for tick in ticks])
    axis.set_tick_params(length=1.5)


def _round_ticks(count: int, every: int) -> list[int]:
    step = every if every == 1 else next(s for s in (2, 4, 5, 8, 10, 20, 50, 100, 500, 10**9) if s >= every)
    return list(range(count)) if step == 1 else [0, *range(step - 1, count, step)]
