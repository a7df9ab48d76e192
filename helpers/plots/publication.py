"""A figure for a paper: a journal's sizes, all its forms, and whether everyone can read it.

A preset holds column widths and font sizes. `greyscale` and `vision_table` say whether the colours
of a picture can be told apart in print without colour and by readers who see fewer colours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from helpers.plots import colours, pages, style


class Preset(NamedTuple):
    """Sizes that a journal asks for.

    Attributes
    ----------
    name : str
    single, double : float
        Width of one and of two columns, mm.
    font, small : float
        Size of titles and axis labels, and of ticks and legends, points.
    line : float
        Width of lines, points.
    """

    name: str
    single: float
    double: float
    font: float
    small: float
    line: float

    def width(self, columns: str) -> float:
        """Width of a figure of ``"single"`` or ``"double"`` columns, mm.

        Examples
        --------
        >>> PRESETS["nature"].width("single")
        89.0
        """
        if columns not in ("single", "double"):
            raise ValueError(f"columns is {columns!r}; expected 'single' or 'double'")
        return self.single if columns == "single" else self.double


_SIZES = (
    ("nature", 89.0, 183.0, 7.0, 6.0, 1.0),
    ("cell", 85.0, 174.0, 7.0, 6.0, 1.0),
    ("science", 57.0, 121.0, 7.0, 6.0, 0.8),
    ("plos", 132.0, 190.5, 9.0, 8.0, 1.2),
)
PRESETS = {sizes[0]: Preset(*sizes) for sizes in _SIZES}
"""Presets by name, from the authors' guides as of 2026; check the guide of your journal."""

# Machado et al. 2009, doi:10.1109/TVCG.2009.113, severity 1, on linear RGB.
_VISION = {
    "full colour": np.eye(3).tolist(),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])


def preset(name: str) -> Preset:
    """The preset of a name.

    Examples
    --------
    >>> preset("cell").double
    174.0
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r}; expected one of {', '.join(PRESETS)}")
    return PRESETS[name]


@contextmanager
def drawing(chosen: Preset) -> Iterator[None]:
    """Draw in the house style at a journal's sizes inside a ``with`` block.

    Examples
    --------
    >>> with drawing(preset("plos")):
    ...     mpl.rcParams["xtick.labelsize"]
    8.0
    """
    sizes = dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), chosen.font)
    sizes |= dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), chosen.small)
    sizes |= {"figure.titlesize": chosen.font + 1, "lines.linewidth": chosen.line}
    with style.context(), mpl.rc_context(sizes):  # type: ignore[arg-type]
        yield


def fix_ticks(fig: Figure, chosen: Preset) -> Figure:
    """Hold the size of tick labels, which matplotlib makes anew whenever it draws."""
    for ax in fig.axes:
        ax.tick_params(labelsize=chosen.small)
    return fig


def greyscale(fig: Figure, dpi: int = style.NOTEBOOK_DPI) -> np.ndarray:
    """A figure as a black-and-white printer gives it.

    Returns
    -------
    numpy.ndarray, shape=(height, width), dtype=float64
        Lightness, 0 black to 1 white (sRGB).
    """
    pixels = mpl.image.imread(BytesIO(style.png(fig, dpi)))[..., :3]
    light = _linear(np.asarray(pixels, dtype=float)) @ _TO_XYZ[1]
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def vision_table(colours: Mapping[str, str], marks: Mapping[str, str] | None = None) -> pd.DataFrame:
    """How far apart the two most alike colours are, for several kinds of sight.

    Parameters
    ----------
    colours : dict of str to str
        Colour of each name, as matplotlib reads it.
    marks : dict of str to str, optional
        Marker of each name: two names with different markers can be told apart without colour.

    Returns
    -------
    pandas.DataFrame
        ``sight, first, second, distance, told_apart``: the closest pair and its distance in CIE
        L*a*b* (in lightness alone for ``greyscale``). A pair is told apart by its markers, or by a
        distance of 10 or more.

    Examples
    --------
    >>> vision_table({"a": "#000000", "b": "#FFFFFF"})["told_apart"].all()
    np.True_
    """
    if len(colours) < 2:
        raise ValueError(f"{len(colours)} colour to compare; expected two or more")
    names = list(colours)
    rgb = _linear(np.array([to_rgb(colours[name]) for name in names]))
    seen = {sight: _lab(np.clip(rgb @ np.transpose(matrix), 0, 1)) for sight, matrix in _VISION.items()}
    seen["greyscale"] = seen["full colour"] * np.array([1, 0, 0])
    rows = []
    for sight, lab in seen.items():
        gaps = np.sqrt(np.square(lab[:, None] - lab[None]).sum(axis=-1))
        gaps[np.tril_indices(len(names))] = np.inf
        a, b = (int(place) for place in np.unravel_index(gaps.argmin(), gaps.shape))
        apart = {
            (i, j): gaps[i, j] >= 10 or bool(marks and marks[names[i]] != marks[names[j]])
            for i, j in zip(*np.nonzero(np.isfinite(gaps)), strict=True)
        }
        rows.append((sight, names[a], names[b], round(float(gaps[a, b]), 1), all(apart.values())))
    return pd.DataFrame(rows, columns=["sight", "first", "second", "distance", "told_apart"])


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB, for daylight (D65)."""
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


NAMES = {
    "ours": "ours",
    "network": "hybrid network",
    "sites": "SVM on known sites",
    "plain": "plain CNN",
    "legnet": "MPRALegNet",
    "dream_rnn": "DREAM-RNN",
    "svm": "SVM on k-mers",
    "forest": "random forest",
    "baseline": "linear regression",
    "control": "shuffled control",
}
"""Names of the models of the expression comparison, in the order in which they are drawn."""

MARKS = {name: (colours.MODEL_MARKS[name]["color"], colours.MODEL_MARKS[name]["marker"]) for name in NAMES}
"""Colour and marker of each model: no two share a marker, so that grey print keeps them apart."""


class Drawn(NamedTuple):
    """A figure with its interactive counterpart and the table behind both.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    live : plotly.graph_objects.Figure
    data : pandas.DataFrame
        Source data: every number that is drawn.
    """

    figure: Figure
    live: go.Figure
    data: pd.DataFrame


def publish(drawn: Drawn, stem: str | os.PathLike[str], *, title: str, description: str) -> Figure:
    """Write PNG (300 dpi), SVG, interactive HTML and CSV; give the picture back to be shown.

    Parameters
    ----------
    drawn : Drawn
    stem : path
        Path without a suffix, such as ``figures/gene_expression/figure1_model_performance``.
    title : str
        Heading of the page.
    description : str
        What the figure shows, in words.
    """
    stem = Path(stem)
    style.save(drawn.figure, stem, data=drawn.data)
    panel = pages.Panel(title, drawn.live, description, style.png(drawn.figure))
    pages.write_page(stem.with_name(f"{stem.name}.html"), [panel], title=title)
    return drawn.figure


def order_models(names: list[str]) -> list[str]:
    """Known models in the order of `NAMES`, others behind them.

    Examples
    --------
    >>> order_models(["control", "ours"])
    ['ours', 'control']
    """
    known = [name for name in NAMES if name in names]
    return known + [name for name in dict.fromkeys(names) if name not in NAMES]


def mark(name: str) -> tuple[str, str]:
    """Colour and marker of a model."""
    return MARKS.get(name, ("#262626", "*"))
