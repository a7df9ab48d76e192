"""RNA secondary structure with a value on each nucleotide.

The layout is given (ViennaRNA's, say); it is only turned so that its long side lies across.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike

from helpers.plots import colours, style
from helpers.plots.cells import Labels, colour_bar
from helpers.plots.scales import scale_of

_LARGEST, _SMALLEST = 0.46, 0.3
"""Radius of a nucleotide's circle, in distances between neighbours of the backbone."""


def base_pairs(dot_bracket: str) -> list[tuple[int, int]]:
    """Pairs of a dot-bracket string, 0-based, in the order of their 5′ partner.

    Raises
    ------
    ValueError
        If a bracket has no partner, or a character is none of ``.()``; the message names it.

    Examples
    --------
    >>> base_pairs("((..))")
    [(0, 5), (1, 4)]
    """
    opened: list[int] = []
    pairs = []
    for position, mark in enumerate(dot_bracket):
        if mark == "(":
            opened.append(position)
        elif mark == ")" and opened:
            pairs.append((opened.pop(), position))
        elif mark != ".":
            raise ValueError(
                f"position {position + 1} of the structure holds {mark!r}; expected '.', '(' or a "
                "')' that closes a pair"
            )
    if opened:
        raise ValueError(f"the pair opened at position {opened[-1] + 1} of the structure is not closed")
    return sorted(pairs)


@style.house
def structure(
    coordinates: ArrayLike,
    sequence: str,
    dot_bracket: str,
    values: ArrayLike,
    *,
    truth: ArrayLike | None = None,
    labels: Labels = Labels(value="saliency"),  # noqa: B008 - frozen
    ax: Axes | None = None,
) -> Figure:
    """Nucleotides as circles coloured by a value, with backbone, pairs and position numbers.

    Parameters
    ----------
    coordinates : array of float, shape=(length, 2)
        Layout: x and y of each nucleotide, any unit:
        ``np.column_stack(helpers.rna.folding.layout(dot_bracket))``.
    sequence : str
    dot_bracket : str
        The pairs, such as ``"((...))"``.
    values : array of float, shape=(length,)
        Colour of each nucleotide; signed values are drawn around 0.
    truth : array of bool, shape=(length,), optional
        Nucleotides known to matter: a thick rim.
    labels : Labels
        Its title and value.
    ax : matplotlib.axes.Axes, optional

    Raises
    ------
    ValueError
        If the lengths differ or the structure is not well formed.

    Examples
    --------
    >>> xy = [[0, 0], [1, 0], [1, 1], [0, 1]]
    >>> fig = structure(xy, "GAAC", "(..)", [0.1, 0.2, 0.0, 0.9])
    >>> fig.axes[0].get_aspect()
    1.0
    """
    xy = np.asarray(coordinates, dtype=float)
    numbers = np.asarray(values, dtype=float)
    pairs = base_pairs(dot_bracket)
    sizes = {"sequence": len(sequence), "dot-bracket": len(dot_bracket), "values": numbers.size}
    for what, size in sizes.items():
        if xy.shape != (size, 2) or size == 0:
            raise ValueError(
                f"coordinates of shape {xy.shape} with a {what} of length {size}; expected "
                f"({size}, 2), at least one nucleotide"
            )
    xy = across(xy)
    span = np.ptp(xy, axis=0) + 4
    height = float(np.clip(150 * span[1] / span[0] + 12, 45, 230))
    ax = style.axes(ax, style.DOUBLE, height)
    chosen = scale_of(numbers, "linear")
    cmap, norm = colours.colormap(chosen.colours), chosen.norm()
    radius = _radius(xy)
    _lines(ax, xy, pairs)
    image = _circles(ax, xy, radius, numbers, (cmap, norm))
    if truth is not None:
        _rims(image, np.asarray(truth, dtype=bool), len(xy))
    _letters(ax, xy, radius, sequence, cmap(norm(numbers)))
    _numbers(ax, xy)
    low, high = xy.min(axis=0) - 1.9, xy.max(axis=0) + 1.9
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()
    note = "" if truth is None else " (thick rim: known to matter)"
    style.title(ax, labels.title + note)
    colour_bar(ax, image, chosen, labels.value)
    return style.root(ax)


def across(xy: np.ndarray) -> np.ndarray:
    """Turn a layout so that its long side lies across, one unit between neighbours.

    Parameters
    ----------
    xy : numpy.ndarray, shape=(length, 2)

    Returns
    -------
    numpy.ndarray, shape=(length, 2), dtype=float64
        Centred; the 5′ end is in the left half.
    """
    steps = np.hypot(*np.diff(xy, axis=0).T)
    unit = float(np.median(steps)) if steps.size and np.median(steps) > 0 else 1.0
    centred = (xy - xy.mean(axis=0)) / unit
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    if np.linalg.det(axes) < 0:
        axes[1] = -axes[1]  # a turn, not a mirror image
    turned = centred @ axes.T
    return turned if turned[0, 0] <= 0 else -turned


def _lines(ax: Axes, xy: np.ndarray, pairs: list[tuple[int, int]]) -> None:
    backbone = LineCollection(
        [xy[i : i + 2] for i in range(len(xy) - 1)], colors=colours.GREY, linewidths=0.8, zorder=1
    )
    bonds = [xy[list(pair)] for pair in pairs]
    ax.add_collection(backbone)
    ax.add_collection(LineCollection(bonds, colors=colours.INK, linewidths=1.4, zorder=1))


def _radius(xy: np.ndarray) -> float:
    """Radius at which hardly a circle touches another, within what can be read."""
    if len(xy) < 2:
        return _LARGEST
    away = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    return float(np.clip(0.49 * np.percentile(away.min(axis=1), 5), _SMALLEST, _LARGEST))


def _circles(
    ax: Axes,
    xy: np.ndarray,
    radius: float,
    values: np.ndarray,
    mapping: tuple[Colormap, Normalize],
) -> PatchCollection:
    circles = PatchCollection(
        [Circle((x, y), radius) for x, y in xy],
        cmap=mapping[0],
        norm=mapping[1],
        edgecolors=colours.INK,
        linewidths=0.4,
        zorder=2,
    )
    circles.set_array(values)
    ax.add_collection(circles)
    return circles


def _rims(circles: PatchCollection, known: np.ndarray, length: int) -> None:
    if known.shape != (length,):
        raise ValueError(f"truth of shape {known.shape}; expected ({length},), one a nucleotide")
    circles.set_linewidth(np.where(known, 1.6, 0.4).tolist())


def _letters(ax: Axes, xy: np.ndarray, radius: float, sequence: str, fills: np.ndarray) -> None:
    """Letters as shapes in the layout's own unit: they fit their circle at any size."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    light = fills[:, :3] @ [0.299, 0.587, 0.114]
    shapes = {letter: TextPath((0, 0), letter, size=1, prop=font) for letter in set(sequence)}
    for (x, y), letter, brightness in zip(xy, sequence, light, strict=True):
        box = shapes[letter].get_extents()
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        place = Affine2D().translate(-middle[0], -middle[1]).scale(1.35 * radius).translate(x, y)
        ink = "white" if brightness < 0.5 else "black"
        ax.add_patch(PathPatch(place.transform_path(shapes[letter]), color=ink, lw=0, zorder=3))


def _numbers(ax: Axes, xy: np.ndarray) -> None:
    """Ends and every tenth position, each where the layout leaves most room."""
    last = len(xy) - 1
    marks = {i: str(i + 1) for i in range(9, last - 2, 10)} | {0: "5′", last: "3′"}
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    taken = xy
    for place, text in marks.items():
        spots = xy[place] + 1.15 * around
        room = np.hypot(*(spots[:, None] - np.delete(taken, place, axis=0)[None]).transpose(2, 0, 1))
        spot = spots[int(room.min(axis=1).argmax())]
        taken = np.vstack([taken, spot])
        ax.text(spot[0], spot[1], text, ha="center", va="center", fontsize=6, color=colours.GREY)
