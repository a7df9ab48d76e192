"""Colours and marks: one fixed scheme for models, letters, classes and maps.

Colours are those of Okabe and Ito (Wong, doi:10.1038/nmeth.1618), which readers with any of the
common colour deficiencies tell apart; each also has its own marker and line, for print in grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

import matplotlib as mpl
from matplotlib.colors import Colormap, to_hex

from helpers.sequences.alphabet import PEPTIDE, Alphabet

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
PEPTIDE_COLOURS = {letter: colour for letters, colour in PEPTIDE_CLASSES.values() for letter in letters} | {
    "X": GREY
}

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


_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2, 2, 2)))
_MODELS = {
    # What every track has.
    "ours": ("blue", "o", 0), "original": ("orange", "s", 1), "baseline": ("green", "^", 2),
    "control": (GREY, "x", 3),
    # Parts of ours, and rivals.
    "network": ("sky", "P", 4), "neighbours": ("purple", "<", 5), "network_control": (GREY, "+", 1),
    "sites": ("purple", "D", 5), "scanner": ("purple", "h", 5), "single": ("purple", "p", 5),
    "hybrid": ("vermillion", "P", 6), "svm": ("vermillion", "v", 6),
    "support_vectors": ("vermillion", "v", 6),
    "forest": ("black", "X", 7), "counts": ("black", "*", 7), "kmers": ("black", "d", 7),
    "plain": ("orange", "h", 1), "shared": ("sky", "d", 4), "codes": ("#7A4B21", "p", 4),
    # Published networks.
    "legnet": ("#7A4B21", "s", 1), "dream_rnn": ("yellow", "p", 4), "multirm": ("vermillion", "D", 5),
    # A model with other training rows, edits or inputs keeps its colour and changes its marker.
    "ours_test_orthologs": ("blue", "s", 4), "baseline_orthologs": ("green", "s", 4),
    "original_evoaug": ("orange", "D", 4),
    # Four arms in one picture: each has a colour of its own.
    "cnn": ("sky", "o", 0), "cnn_evoaug": ("vermillion", "s", 1), "cnn_phyloaug": ("green", "D", 2),
    "cnn_both": ("purple", "s", 5),
    "oligoformer": ("yellow", "s", 1), "attsioff": ("yellow", "D", 4), "rpiter": ("yellow", "v", 1),
    "deepcre": ("yellow", "o", 1),
}  # fmt: skip
MODEL_MARKS: dict[str, Mark] = {
    name: {"color": OKABE_ITO.get(colour, colour), "marker": marker, "linestyle": _LINES[line]}
    for name, (colour, marker, line) in _MODELS.items()
}
"""The one registry: how each known model is drawn, in every track and picture."""
EVERY_TRACK = ("ours", "original", "baseline", "control")
"""Models that every track has."""
_OTHER_MARKS: tuple[Mark, ...] = (
    {"color": OKABE_ITO["purple"], "marker": "D", "linestyle": _LINES[4]},
    {"color": OKABE_ITO["vermillion"], "marker": "v", "linestyle": _LINES[5]},
    {"color": OKABE_ITO["sky"], "marker": "P", "linestyle": _LINES[6]},
    {"color": OKABE_ITO["black"], "marker": "*", "linestyle": _LINES[7]},
)


def letter_colours(alphabet: Alphabet) -> dict[str, str]:
    """Colour of each letter of an alphabet, its unknown letter included.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> letter_colours(RNA)["U"]
    '#D55E00'
    """
    source = PEPTIDE_COLOURS if alphabet.name == PEPTIDE.name else NUCLEOTIDE_COLOURS
    return {letter: source[letter] for letter in alphabet.letters + alphabet.unknown}


def model_marks(names: Iterable[str]) -> dict[str, Mark]:
    """Marks of models in their order: fixed for the known ones, the free ones in turn for the others.

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
            f"{len(others)} models beside those known by name: {', '.join(others)}; at most "
            f"{len(_OTHER_MARKS)} can be told apart in one picture. Draw them in several pictures."
        )
    taken = {(mark["color"], mark["marker"]) for name, mark in MODEL_MARKS.items() if name in order}
    # A mark that a known model of this picture has comes last.
    spare = sorted(_OTHER_MARKS, key=lambda mark: (mark["color"], mark["marker"]) in taken)
    free = dict(zip(others, spare, strict=False))
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
