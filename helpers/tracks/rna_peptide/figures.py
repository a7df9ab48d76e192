"""RNA secondary structure with a value on each nucleotide.

The layout is given (ViennaRNA's, say); it is only turned so that its long side lies across.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike

from helpers.plots import colours, style
from helpers.plots.cells import Labels, colour_bar, scale_of
from helpers.rna.folding import partners

_LARGEST, _SMALLEST = 0.46, 0.3
"""Radius of a nucleotide's circle, in distances between neighbours of the backbone."""


@style.house
def structure(
    coordinates: ArrayLike,
    sequence: str,
    dot_bracket: str,
    *,
    values: ArrayLike,
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
    >>> fig = structure(xy, "GAAC", "(..)", values=[0.1, 0.2, 0.0, 0.9])
    >>> fig.axes[0].get_aspect()
    1.0
    """
    xy, numbers = np.asarray(coordinates, dtype=float), np.asarray(values, dtype=float)
    known = np.zeros(len(sequence), dtype=bool) if truth is None else np.asarray(truth, dtype=bool)
    sizes = {"sequence": len(sequence), "dot-bracket": len(dot_bracket), "values": numbers.size}
    for what, size in (sizes | {"truth": known.size}).items():
        if xy.shape != (size, 2) or size == 0:
            raise ValueError(
                f"coordinates of shape {xy.shape} with a {what} of length {size}; expected "
                f"({size}, 2), at least one nucleotide"
            )
    xy = across(xy)
    span = np.ptp(xy, axis=0) + 4
    ax = style.axes(ax, style.DOUBLE, float(np.clip(150 * span[1] / span[0] + 12, 45, 230)))
    chosen = scale_of(numbers, "linear")
    cmap, norm = colours.colormap(chosen.colours), chosen.norm()
    radius = _radius(xy)
    for lines, colour, width in (
        ([xy[i : i + 2] for i in range(len(xy) - 1)], colours.GREY, 0.8),
        ([xy[[i, j]] for i, j in enumerate(partners(dot_bracket)) if i < j], colours.INK, 1.4),
    ):
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=width, zorder=1))
    image = PatchCollection(
        [Circle((x, y), radius) for x, y in xy], cmap=cmap, norm=norm, edgecolors=colours.INK,
        linewidths=np.where(known, 1.6, 0.4), zorder=2,
    )  # fmt: skip
    image.set_array(numbers)
    ax.add_collection(image)
    _letters(ax, xy, radius, sequence, cmap(norm(numbers)))
    _numbers(ax, xy)
    low, high = xy.min(axis=0) - 1.9, xy.max(axis=0) + 1.9
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()
    style.title(ax, labels.title + ("" if truth is None else " (thick rim: known to matter)"))
    colour_bar(ax, image, chosen, value=labels.value)
    return style.root(ax)


def across(xy: np.ndarray) -> np.ndarray:
    """Turn a layout (length, 2) so that its long side lies across, the 5′ end in the left half.

    The result is centred, with one unit between neighbours.
    """
    steps = np.hypot(*np.diff(xy, axis=0).T)
    unit = float(np.median(steps)) if steps.size and np.median(steps) > 0 else 1.0
    centred = (xy - xy.mean(axis=0)) / unit
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    if np.linalg.det(axes) < 0:
        axes[1] = -axes[1]  # a turn, not a mirror image
    turned = centred @ axes.T
    return turned if turned[0, 0] <= 0 else -turned


def _radius(xy: np.ndarray) -> float:
    """Radius at which hardly a circle touches another, within what can be read."""
    if len(xy) < 2:
        return _LARGEST
    away = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    return float(np.clip(0.49 * np.percentile(away.min(axis=1), 5), _SMALLEST, _LARGEST))


def _letters(ax: Axes, xy: np.ndarray, radius: float, sequence: str, fills: np.ndarray) -> None:
    """Letters as shapes in the layout's own unit: they fit their circle at any size."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    light = fills[:, :3] @ [0.299, 0.587, 0.114]
    shapes = {letter: TextPath((0, 0), letter, size=1, prop=font) for letter in set(sequence)}
    for (x, y), letter, brightness in zip(xy, sequence, light, strict=True):
        box = shapes[letter].get_extents()
        middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        moved = Affine2D().translate(-middle[0], -middle[1]).scale(1.35 * radius).translate(x, y)
        ink = "white" if brightness < 0.5 else "black"
        ax.add_patch(PathPatch(moved.transform_path(shapes[letter]), color=ink, lw=0, zorder=3))


def _numbers(ax: Axes, xy: np.ndarray) -> None:
    """Ends and every tenth position, each where the layout leaves most room."""
    last = len(xy) - 1
    marks = {i: str(i + 1) for i in range(9, last - 2, 10)} | {0: "5′", last: "3′"}
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    taken = xy
    for number, text in marks.items():
        spots = xy[number] + 1.15 * around
        room = np.hypot(*(spots[:, None] - np.delete(taken, number, axis=0)[None]).transpose(2, 0, 1))
        spot = spots[int(room.min(axis=1).argmax())]
        taken = np.vstack([taken, spot])
        ax.text(spot[0], spot[1], text, ha="center", va="center", fontsize=6, color=colours.GREY)
