"""The house style: sizes, fonts and files of every picture."""

from __future__ import annotations

import functools
import os
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from PIL import Image

from helpers.plots import colours, words

P = ParamSpec("P")
R = TypeVar("R")

SINGLE = 89.0
"""Width of one journal column, mm."""
DOUBLE = 183.0
"""Width of two journal columns, mm."""
TALLEST = 240.0
"""Height of a printed page's figure, mm."""
MM = 1 / 25.4
"""Inches in a millimetre."""
NOTEBOOK_DPI = 110
"""Dots per inch of a figure shown in a notebook: sharp, and small enough to be committed."""

RC: dict[str, object] = {
    **sns.axes_style("ticks"),
    **dict.fromkeys(
        ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color"), colours.INK
    ),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 2.5),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 7),
    **dict.fromkeys(("font.size", "axes.labelsize"), 7.5),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
    **dict.fromkeys(("axes.titleweight", "figure.titleweight"), "bold"),
    "font.family": "sans-serif",
    # DejaVu travels with matplotlib: a picture has the same layout on every machine.
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.prop_cycle": cycler(color=[colours.MODEL_MARKS[name]["color"] for name in colours.EVERY_TRACK]),
    "legend.handlelength": 2.2,
    "figure.titlesize": 9,
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


def house(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in the house style, whatever the caller's settings are."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with context():
            return function(*args, **kwargs)

    return wrapped


def _kept() -> AbstractContextManager[None]:
    """The house style, unless it is set already: a journal's sizes, which stand above ours, are kept.

    No other style here draws axes without two of their lines.
    """
    is_set = not (mpl.rcParams["axes.spines.top"] or mpl.rcParams["axes.spines.right"])
    return nullcontext() if is_set else context()


class HouseFigure(Figure):
    """A figure outside pyplot's registry that shows itself at the end of a notebook cell.

    Matplotlib makes some ticks only when it draws, so the style has to hold then, too.
    """

    def subplots(self, *args: Any, **kwargs: Any) -> Any:
        """Axes in the house style, or in that of a journal where the caller has set one."""
        with _kept():
            return super().subplots(*args, **kwargs)

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
    with _kept():
        ax.set_title(_lines(text, ax.get_window_extent().width / root(ax).dpi / MM / 1.6), weight=weight)


def head(fig: Figure, text: str) -> None:
    """Set the title of a whole figure, broken into lines that fit its width."""
    with _kept():
        fig.suptitle(_lines(text, fig.get_figwidth() / MM / 1.95), x=0.01, ha="left")


def _lines(text: str, characters: float) -> str:
    return "\n".join(textwrap.wrap(words.plain(text, 400), max(16, round(characters))))


_METADATA = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""What a file must not say, so that a rerun writes the same bytes."""


def _bytes(fig: Figure, form: str, **options: Any) -> bytes:
    buffer = BytesIO()
    with context():
        fig.savefig(buffer, format=form, metadata=_METADATA[form], **options)
    return smaller(buffer.getvalue()) if form == "png" else buffer.getvalue()


def smaller(png: bytes) -> bytes:
    """A picture with a palette of 256 colours, a third of the size; no pixel changes visibly."""
    buffer = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(buffer, "PNG", dpi=picture.info["dpi"])
    return buffer.getvalue()


def png(fig: Figure, dpi: int = NOTEBOOK_DPI) -> bytes:
    """A figure as PNG bytes, without a version or a date in it."""
    return _bytes(fig, "png", dpi=dpi)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file (and its folder) so that a reader finds it complete or not at all."""
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
    """
    if wrong := [form for form in formats if form not in _METADATA]:
        raise ValueError(f"picture format {wrong[0]!r}; expected some of {', '.join(_METADATA)}")
    stem = Path(path_stem)
    written = [write_whole(stem.with_name(f"{stem.name}.{form}"), _bytes(fig, form)) for form in formats]
    if data is not None:
        # Six digits are more than a picture shows; the results table keeps all of its own.
        text = data.to_csv(index=False, lineterminator="\n", float_format="%.6g")
        written.append(write_whole(stem.with_name(f"{stem.name}.csv"), text.encode()))
    return written


def nothing(why: str, title: str) -> Figure:
    """A figure that says why there is nothing to draw, so that a run goes on.

    Examples
    --------
    >>> len(nothing("no pattern stands out", "Patterns").axes)
    1
    """
    fig = figure(SINGLE, 30)
    ax = fig.subplots()
    ax.set_axis_off()
    ax.text(0.5, 0.5, why, ha="center", va="center", wrap=True)
    head(fig, title)
    return fig


def keep(fig: Figure, path_stem: str | os.PathLike[str], *, data: pd.DataFrame | None = None) -> Figure:
    """`save` a figure and give it back, so that the last line of a notebook cell shows it."""
    save(fig, path_stem, data=data)
    return fig
