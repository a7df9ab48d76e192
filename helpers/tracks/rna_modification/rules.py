"""The planted truth of the RNA-modification sample: which motif makes which modification, and where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.sequences.alphabet import RNA

TRANSITIONS = (
    (0.32, 0.20, 0.28, 0.20),
    (0.30, 0.28, 0.10, 0.32),
    (0.28, 0.24, 0.26, 0.22),
    (0.20, 0.24, 0.28, 0.28),
)
"""Probability of A C G U (columns) behind A C G U (rows) in the background."""
_INVENTED = "invented"


class Motif(NamedTuple):
    """A motif: its letters, those of its look-alike (one letter off), and its source."""

    consensus: str
    decoy: str
    source: str

    @property
    def essential(self) -> int:
        """Place at which the look-alike differs; its letter is kept in every planted word."""
        return next(at for at in range(WIDTH) if self.consensus[at] != self.decoy[at])


MOTIFS: dict[str, Motif] = {
    "T-loop": Motif("GUUCGAA", "GUUGGAA", "T-loop, GUUCNANNC: doi:10.1038/nature24456"),
    "DRACH": Motif("UGGACUA", "UGGAGUA", "METTL3-METTL14, DRACH: doi:10.1038/nature11112"),
    "PUS7": Motif("CUGUAGC", "CUGAAGC", "PUS7, UNUAR: doi:10.1016/j.cell.2014.08.028"),
    "NSUN2": Motif("ACAGGGU", "ACACGGU", "NSUN2, CNGGG: doi:10.1038/s41594-019-0218-x"),
    "Nm": Motif("AGAUCGA", "AGAACGA", _INVENTED),
    "late-C": Motif("CUGUCAC", "CUGACAC", _INVENTED),
    "early-U": Motif("UUGCAUU", "UUGGAUU", _INVENTED),
    "cap-A": Motif("CCAGUCA", "CCACUCA", _INVENTED),
}
"""The motifs; where they stand, and letters beside a published core, are this simulation's."""
WIDTH = 7
"""Letters of every motif and of every look-alike."""


class Rule(NamedTuple):
    """Where the motif of a modification and its look-alike may start: offsets from the site, in nt.

    Many stand at one place, `often`; none lies across the site.
    """

    name: str
    base: str
    motif: str
    first: int
    last: int
    often: int

    @property
    def offsets(self) -> np.ndarray:
        """The allowed offsets of the first letter."""
        all_of = np.arange(self.first, self.last + 1)
        return all_of[(all_of > 0) | (all_of <= -WIDTH)]


RULES = (
    Rule("Am", "A", "Nm", 1, 33, 5),
    Rule("Cm", "C", "late-C", 1, 33, 11),
    Rule("Gm", "G", "Nm", -39, -7, -16),
    Rule("Um", "U", "early-U", -39, -7, -19),
    Rule("m1A", "A", "T-loop", -39, -7, -10),
    Rule("m5C", "C", "NSUN2", -23, 17, -8),
    Rule("m5U", "U", "T-loop", 1, 33, 8),
    Rule("m6A", "A", "DRACH", -23, 17, 3),
    Rule("m6Am", "A", "cap-A", 1, 33, 14),
    Rule("Psi", "U", "PUS7", -23, 17, -13),
)
"""One rule a modification; its place in the row, from 1, is its number in the file names."""


def codes(word: str) -> np.ndarray:
    """Place of each letter of a word in the alphabet."""
    return np.array([RNA.letters.index(letter) for letter in word])


def background(rng: np.random.Generator, n: int, length: int) -> np.ndarray:
    """Codes of `n` sequences in which nothing is planted, shape (n, length)."""
    steps = np.cumsum(np.array(TRANSITIONS), axis=1)
    drawn = rng.random((length, n))
    found = np.zeros((n, length), dtype=np.intp)
    found[:, 0] = rng.integers(RNA.size, size=n)
    for at in range(1, length):
        found[:, at] = (drawn[at][:, None] > steps[found[:, at - 1]]).sum(axis=1)
    return np.minimum(found, RNA.size - 1)


def plant(rng: np.random.Generator, motif: Motif, *, word: str, kept: float) -> np.ndarray:
    """Codes of a motif or its look-alike, each letter but the essential one changed now and then."""
    same = rng.random(WIDTH) < kept
    same[motif.essential] = True
    other = (codes(word) + rng.integers(1, RNA.size, WIDTH)) % RNA.size
    return np.where(same, codes(word), other)
