"""Parts of a heat map: how values become colours, its colour bar, its outline, names on its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize, SymLogNorm
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from helpers.plots import colours, style, words

_FIT = 3.6
"""Smallest cell (points) that still takes a letter which can be read in print."""
FONT = 6.5
"""Largest font of the letters on an axis, points."""

Form = Literal["linear", "clipped", "log", "diverging"]
"""Scales: as they are; cut at a percentile; logarithmic; around 0 with equal ends."""
FORMS = get_args(Form)


@dataclass(frozen=True)
class Labels:
    """Words of a heat map: title, names of the axes, and quantity of the cells with its unit."""

    title: str = ""
    x: str = ""
    y: str = ""
    value: str = "value"


@dataclass(frozen=True)
class Scale:
    """Range and colour map of a heat map.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    low, high : float
        Values of the two ends of the colour map.
    linear : float
        Below it a logarithmic scale of signed values is linear; 0 for a plain logarithm.
    note : str
        What a reader has to know, for the colour bar.
    """

    form: str
    low: float
    high: float
    linear: float = 0.0
    note: str = ""

    @property
    def colours(self) -> str:
        """Kind of colour map: diverging where 0 is the middle, sequential elsewhere."""
        return "diverging" if self.low < 0 < self.high and self.low == -self.high else "sequential"

    @property
    def ends(self) -> str:
        """Which ends of the colour bar get an arrow, since values lie beyond them."""
        if self.form != "clipped":
            return "neither"
        return "both" if self.colours == "diverging" else "max"

    def norm(self) -> Normalize:
        """The scale for matplotlib."""
        if self.form != "log":
            return Normalize(self.low, self.high)
        if self.linear:
            return SymLogNorm(self.linear, vmin=self.low, vmax=self.high)
        return LogNorm(self.low, self.high)


def scale_of(values: np.ndarray, form: str = "linear", percentile: float = 95.0) -> Scale:
    """Choose the range of a scale from the values, NaN where there is none.

    Signed values always get 0 as the middle of a diverging map, whatever the form. On a
    logarithmic scale a 0 has no colour (pale grey) where the values have one sign; signed values
    get a symmetric logarithm, linear below the 5th percentile of their absolute values.
    ``"clipped"`` cuts at the `percentile` of the values (of their absolute values when signed).

    Raises
    ------
    ValueError
        If the form is unknown, the percentile out of range, or no value is finite.

    Examples
    --------
    >>> scale_of(np.array([0.0, 1.0, 9.0]))
    Scale(form='linear', low=0.0, high=9.0, linear=0.0, note='')
    >>> scale_of(np.array([-1.0, 4.0])).low
    -4.0
    """
    if form not in FORMS:
        raise ValueError(f"heat map scale {form!r}; expected one of {', '.join(FORMS)}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile {percentile}; expected a number above 0, up to 100")
    values = np.asarray(values, dtype=float)
    if endless := int(np.isinf(values).sum()):
        raise ValueError(f"the heat map holds {endless} infinite values; put NaN where there is no value")
    known = values[~np.isnan(values)]
    if not known.size:
        raise ValueError("the heat map holds no value: every cell is NaN or there is no cell")
    signed = form == "diverging" or known.min() < 0
    size = np.abs(known) if signed else known
    # What single precision cannot hold is 0 to a picture; matplotlib overflows on its quotients.
    size = np.where(np.abs(size) < np.finfo(np.float32).tiny, 0.0, size)
    if form == "log":
        return _logarithmic(size, signed)
    high = float(np.percentile(size, percentile) if form == "clipped" else size.max())
    high = high or float(size.max()) or 1.0
    note = f"clipped at the {percentile:g}th percentile" if form == "clipped" else ""
    low = -high if signed else min(0.0, float(known.min()))
    return Scale(form, low, high, note=note)


def _logarithmic(size: np.ndarray, signed: bool) -> Scale:
    positive = size[size > 0] if (size > 0).any() else np.ones(1)
    high = float(positive.max())
    if signed:
        linear = max(float(np.percentile(positive, 5)), high * 1e-4) if (size > 0).any() else 0.1
        return Scale("log", -high, high, linear, f"symmetric log, linear below {linear:.2g}")
    # Six orders of magnitude are what a map can show; smaller values share its palest colour.
    low = max(float(positive.min()), high * 1e-6)
    note = "log scale, 0 in grey" if (size == 0).any() else "log scale"
    return Scale("log", low if low < high else high / 10, high, note=note)


def matrix(values: ArrayLike, rows: int = 1, columns: int = 1, *, what: str = "heat map") -> np.ndarray:
    """Values as a table of numbers with at least so many rows and columns.

    Raises
    ------
    ValueError
        If they are no such table.
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or table.shape[0] < max(rows, 1) or table.shape[1] < max(columns, 1):
        raise ValueError(
            f"the {what} has shape {table.shape}; expected (rows, columns) of at least ({rows}, {columns})"
        )
    return table


def edges(truth: np.ndarray) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Sides (x, y to x, y) between the true cells and the others: across first, then upright."""
    framed = np.pad(truth, 1)
    flat = zip(*np.nonzero(framed[1:] != framed[:-1]), strict=True)
    upright = zip(*np.nonzero(framed[:, 1:] != framed[:, :-1]), strict=True)
    return [((c - 1.5, r - 0.5), (c - 0.5, r - 0.5)) for r, c in flat] + [
        ((c - 0.5, r - 1.5), (c - 0.5, r - 0.5)) for r, c in upright
    ]


def known_cells(truth: ArrayLike, shape: tuple[int, ...], what: str = "map") -> np.ndarray:
    """The cells known to interact, as a mask of the map's shape.

    Raises
    ------
    ValueError
        If the truth has another shape.
    """
    known = np.asarray(truth, dtype=bool)
    if known.shape != shape:
        raise ValueError(f"the truth of the {what} has shape {known.shape}; expected {shape}")
    return known


def outline(ax: Axes, truth: np.ndarray) -> None:
    """Draw the edge between the cells that are known to interact and the others."""
    # A white rim, drawn first, keeps the line apart from dark cells.
    for colour, width in (("white", 2.6), ("black", 1.2)):
        lines = LineCollection(edges(truth), colors=colour, linewidths=width, capstyle="projecting")
        ax.add_collection(lines)


def paint(ax: Axes, table: np.ndarray, chosen: Scale) -> AxesImage:
    """Draw a matrix on axes; cells that a logarithm cannot show are pale grey."""
    shown = np.where(table > 0, table, np.nan) if chosen.form == "log" and not chosen.linear else table
    ax.spines[:].set_visible(False)
    cmap, norm = colours.colormap(chosen.colours), chosen.norm()
    shown = np.ma.masked_invalid(shown)
    return ax.imshow(shown, cmap=cmap, norm=norm, aspect="auto", interpolation="nearest")


def colour_bar(ax: Axes, image: ScalarMappable, chosen: Scale, *, value: str) -> None:
    """Colour bar with the quantity, and what was done to the scale below it."""
    fig = style.root(ax)
    aspect = max(5.0, ax.get_window_extent().height / fig.dpi / style.MM / 2.8)
    bar = fig.colorbar(image, ax=ax, extend=chosen.ends, pad=0.015, aspect=aspect, extendfrac=1.2 / aspect)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(labelsize=6.5)
    bar.set_label("\n".join(filter(None, [words.plain(value, 60), chosen.note])))


def cell_points(axis: Axis, count: int) -> float:
    """Size of a cell in points, before the colour bar and the labels take their part."""
    box = axis.axes.get_window_extent()
    pixels = box.width if isinstance(axis, XAxis) else box.height
    return pixels / style.root(axis.axes).dpi * 72 / max(count, 1)


def residue_axis(axis: Axis, sequence: str) -> None:
    """Residues as ticks where they fit, with every tenth position; else thinned positions."""
    n, size = len(sequence), cell_points(axis, len(sequence))
    most = 12 if size >= _FIT else 10
    steps = [base * 10**power for power in range(7) for base in (5, 10, 20)]
    step = next((step for step in steps if n / step <= most), n)
    numbered = [0, *range(step - 1, n, step)] if n > 1 else [0]
    texts = [str(tick + 1) for tick in numbered]
    if size < _FIT:
        axis.set_ticks(numbered, texts)
        return
    font = min(FONT, size * 0.95)
    # Letters are minor ticks, so that the position numbers beyond them keep their own size.
    axis.remove_overlapping_locs = False
    axis.set_ticks(range(n), list(sequence), minor=True, fontsize=font)
    axis.set_ticks(numbered, texts, fontsize=FONT)
    axis.set_tick_params(which="minor", length=0, pad=1.5)
    axis.set_tick_params(which="major", length=0, pad=font + 3)


def name_axis(axis: Axis, names: Sequence[str] | None, count: int) -> None:
    """Names as ticks, turned and thinned until they fit; numbers from 1 where there are no names.

    Raises
    ------
    ValueError
        If there is not one name for each row or column.
    """
    texts = [str(i + 1) for i in range(count)] if names is None else list(names)
    across = isinstance(axis, XAxis)
    if len(texts) != count:
        side = "columns" if across else "rows"
        raise ValueError(f"{len(texts)} labels for {count} {side} of the heat map; expected one each")
    wanted = min(max(map(len, texts), default=1), 12) * 4.6 + 4 if across else 8.0
    every = max(1, int(np.ceil(wanted / cell_points(axis, count))))
    turned = names is not None and across and every > 1
    if turned and max(map(len, texts)) == 1:  # a sequence shows every letter, or none
        residue_axis(axis, "".join(texts))
        return
    if turned:
        every = max(1, int(np.ceil(8.0 / cell_points(axis, count))))
    ticks = list(range(0, count, every))
    if names is None and every > 1:
        step = next(s for s in (2, 4, 5, 8, 10, 20, 50, 100, 500, 10**9) if s >= every)
        ticks = [*([0] if step > 2 else []), *range(step - 1, count, step)]
    axis.set_ticks(ticks, [words.plain(texts[tick], 28) for tick in ticks], rotation=90 if turned else 0)
    axis.set_tick_params(length=1.5)
