"""The house style: sizes, colours and files of every picture.

Colours are those of Okabe and Ito (Wong, doi:10.1038/nmeth.1618), which readers with any of the
common colour deficiencies tell apart; each also has its own marker and line, for print in grey.
"""

from __future__ import annotations

import functools
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypedDict, TypeVar

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import Colormap, to_hex
from matplotlib.figure import Figure

from helpers.alphabet import PEPTIDE, Alphabet
from helpers.plots import words

P = ParamSpec("P")
R = TypeVar("R")

SINGLE = 89.0
"""Width of one journal column, mm."""
DOUBLE = 183.0
"""Width of two journal columns, mm."""
MM = 1 / 25.4
"""Inches in a millimetre."""
NOTEBOOK_DPI = 120
"""Dots per inch of a figure shown in a notebook: sharp, and small enough to be committed."""

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
GREY = "#8C8C8C"
PALE = "#E6E6E6"
INK = "#262626"
TRUTH = OKABE_ITO["vermillion"]
"""Colour of what is known: planted positions, a chosen epoch, a prevalence."""

NUCLEOTIDE_COLOURS = {
    "A": OKABE_ITO["green"],
    "C": OKABE_ITO["blue"],
    "G": OKABE_ITO["orange"],
    "U": OKABE_ITO["vermillion"],
    "T": OKABE_ITO["vermillion"],
    "N": GREY,
}
PEPTIDE_CLASSES = {
    "aliphatic": ("AILMV", "#4D4D4D"),
    "aromatic": ("FWY", OKABE_ITO["purple"]),
    "polar": ("NQST", OKABE_ITO["green"]),
    "positive": ("HKR", OKABE_ITO["blue"]),
    "negative": ("DE", OKABE_ITO["vermillion"]),
    "special": ("CGP", OKABE_ITO["orange"]),
}
"""Class of amino acids: its letters and its colour. Special: cysteine, glycine, proline."""
PEPTIDE_COLOURS = {
    letter: colour for letters, colour in PEPTIDE_CLASSES.values() for letter in letters
} | {"X": GREY}

SIDE_COLOURS = {
    "RNA": OKABE_ITO["blue"],
    "peptide": OKABE_ITO["purple"],
    "pair": OKABE_ITO["green"],
    "DNA": OKABE_ITO["sky"],
}


class Mark(TypedDict):
    """Colour, marker and line of one model."""

    color: str
    marker: str
    linestyle: str | tuple[int, tuple[int, ...]]


MODEL_MARKS: dict[str, Mark] = {
    "ours": {"color": OKABE_ITO["blue"], "marker": "o", "linestyle": "-"},
    "original": {"color": OKABE_ITO["orange"], "marker": "s", "linestyle": "--"},
    "baseline": {"color": OKABE_ITO["green"], "marker": "^", "linestyle": "-."},
    "control": {"color": GREY, "marker": "x", "linestyle": ":"},
}
"""Marks of the four models that every track has."""
_OTHER_MARKS: tuple[Mark, ...] = (
    {"color": OKABE_ITO["purple"], "marker": "D", "linestyle": (0, (5, 1))},
    {"color": OKABE_ITO["vermillion"], "marker": "v", "linestyle": (0, (3, 1, 1, 1))},
    {"color": OKABE_ITO["sky"], "marker": "P", "linestyle": (0, (1, 1))},
    {"color": OKABE_ITO["black"], "marker": "*", "linestyle": (0, (7, 2, 2, 2))},
)

RC: dict[str, object] = {
    **sns.axes_style("ticks"),
    "font.family": "sans-serif",
    # DejaVu travels with matplotlib: a picture has the same layout on every machine.
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=[m["color"] for m in MODEL_MARKS.values()]),
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "figure.titlesize": 9,
    "figure.titleweight": "bold",
    "figure.dpi": NOTEBOOK_DPI,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "patch.linewidth": 0.5,
    "savefig.dpi": 300,
    "savefig.bbox": None,
    "svg.fonttype": "none",
    "svg.hashsalt": "sequence-notebooks",
    "image.interpolation": "nearest",
}
"""The house style as matplotlib settings (points for fonts and lines)."""


@contextmanager
def context() -> Iterator[None]:
    """Draw in the house style inside a ``with`` block and leave matplotlib as it was.

    Examples
    --------
    >>> with context():
    ...     mpl.rcParams["axes.spines.top"]
    False
    """
    with mpl.rc_context(RC):  # type: ignore[arg-type]
        yield


def use() -> None:
    """Draw everything that follows in the house style (for a reader's own pyplot cells)."""
    mpl.rcParams.update(RC)  # type: ignore[arg-type]


def house(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in the house style, whatever the caller's settings are."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with context():
            return function(*args, **kwargs)

    return wrapped


class HouseFigure(Figure):
    """A figure outside pyplot's registry that shows itself at the end of a notebook cell.

    Matplotlib makes some ticks only when it draws, so the style has to hold then, too.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draw in the house style."""
        with context():
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        return png(self)


def figure(width: float = DOUBLE, height: float = 70.0) -> HouseFigure:
    """An empty figure in the house style, its parts kept apart by constrained layout.

    Parameters
    ----------
    width, height : float
        Size in mm; `SINGLE` and `DOUBLE` are the widths of journal columns.

    Examples
    --------
    >>> figure(SINGLE, 60).get_size_inches().round(2).tolist()
    [3.5, 2.36]
    """
    with context():
        return HouseFigure(figsize=(width * MM, height * MM), layout="constrained")


def axes(ax: Axes | None, width: float = SINGLE, height: float = 65.0) -> Axes:
    """The axes that were given, or the only axes of a new figure of that size (mm)."""
    return ax if ax is not None else figure(width, height).subplots()


def root(ax: Axes) -> Figure:
    """The figure that holds the axes."""
    found = ax.get_figure(root=True)
    if not isinstance(found, Figure):
        raise ValueError("the axes belong to no figure; take them from style.figure().subplots()")
    return found


def title(ax: Axes, text: str, weight: str = "bold") -> None:
    """Set the title of axes, broken into lines that fit above them."""
    width = ax.get_window_extent().width / root(ax).dpi / MM
    lines = textwrap.wrap(words.plain(text, 400), max(16, round(width / 1.5)))
    ax.set_title("\n".join(lines), weight=weight)


def head(fig: Figure, text: str) -> None:
    """Set the title of a whole figure, broken into lines that fit its width."""
    width = fig.get_figwidth() / MM
    lines = textwrap.wrap(words.plain(text, 400), max(16, round(width / 1.95)))
    fig.suptitle("\n".join(lines), x=0.01, ha="left")


def letter_colours(alphabet: Alphabet) -> dict[str, str]:
    """Colour of each letter of an alphabet, its unknown letter included.

    Examples
    --------
    >>> from helpers.alphabet import RNA
    >>> letter_colours(RNA)["U"]
    '#D55E00'
    """
    source = PEPTIDE_COLOURS if alphabet.name == PEPTIDE.name else NUCLEOTIDE_COLOURS
    return {letter: source[letter] for letter in alphabet.letters + alphabet.unknown}


def model_marks(names: Iterable[str]) -> dict[str, Mark]:
    """Marks of models: fixed for the known ones, the free ones in turn for the others.

    Parameters
    ----------
    names : iterable of str
        Model names, in the order in which they are drawn.

    Raises
    ------
    ValueError
        If more names are given than a reader can tell apart.

    Examples
    --------
    >>> model_marks(["extra_trees", "ours"])["ours"]["color"]
    '#0072B2'
    """
    order = list(dict.fromkeys(names))
    others = [name for name in order if name not in MODEL_MARKS]
    if len(others) > len(_OTHER_MARKS):
        raise ValueError(
            f"{len(others)} models beside {', '.join(MODEL_MARKS)}: {', '.join(others)}; at most "
            f"{len(_OTHER_MARKS)} can be told apart in one picture. Draw them in several pictures."
        )
    free = dict(zip(others, _OTHER_MARKS, strict=False))
    return {name: MODEL_MARKS.get(name) or free[name] for name in order}


def colormap(kind: str) -> Colormap:
    """Colour map of a kind of values, perceptually even; cells without a value are pale grey.

    Parameters
    ----------
    kind : {"sequential", "diverging"}
        White to dark for values from 0 up; blue, white, red for signed values around 0.

    Raises
    ------
    ValueError
        If the kind is neither.
    """
    names = {"sequential": "mako_r", "diverging": "RdBu_r"}
    if kind not in names:
        raise ValueError(f"colour map kind {kind!r}; expected one of {', '.join(names)}")
    return mpl.colormaps[names[kind]].with_extremes(bad=PALE)


def colorscale(kind: str, steps: int = 21) -> list[list[float | str]]:
    """The same colour map for plotly.

    Examples
    --------
    >>> [stop for stop, _ in colorscale("diverging", 3)]
    [0.0, 0.5, 1.0]
    """
    cmap = colormap(kind)
    return [[i / (steps - 1), to_hex(cmap(i / (steps - 1)))] for i in range(steps)]


def png(fig: Figure, dpi: int = NOTEBOOK_DPI) -> bytes:
    """A figure as PNG bytes, without a version or a date in it."""
    buffer = BytesIO()
    with context():
        fig.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that a reader finds it complete or not at all.

    Parameters
    ----------
    path : Path
        Its folder is made when it is not there.
    content : bytes
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def save(
    fig: Figure,
    path_stem: str | os.PathLike[str],
    *,
    data: pd.DataFrame | None = None,
    formats: Sequence[str] = ("png", "svg"),
) -> list[Path]:
    """Save a figure and the table behind it; a rerun writes the same bytes.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    path_stem : path
        Path without a suffix, such as ``figures/rna_peptide/roc``.
    data : pandas.DataFrame, optional
        Source data, written beside the picture as CSV.
    formats : sequence of {"png", "svg", "pdf"}
        PNG has 300 dots per inch; SVG and PDF keep text as text and carry no date.

    Returns
    -------
    list of Path
        What was written, in the order of `formats`, the CSV last.

    Raises
    ------
    ValueError
        If a format is unknown.
    """
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    if wrong := [f for f in formats if f not in metadata]:
        raise ValueError(f"picture format {wrong[0]!r}; expected some of {', '.join(metadata)}")
    stem = Path(path_stem)
    written = []
    for suffix in formats:
        buffer = BytesIO()
        with context():
            fig.savefig(buffer, format=suffix, metadata=metadata[suffix])
        written.append(write_whole(stem.with_name(f"{stem.name}.{suffix}"), buffer.getvalue()))
    if data is not None:
        text = data.to_csv(index=False, lineterminator="\n")
        written.append(write_whole(stem.with_name(f"{stem.name}.csv"), text.encode()))
    return written
