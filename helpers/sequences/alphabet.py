"""Alphabets as values: which letters, in which order, with which codes.

Every encoder and every plot of this package names its alphabet, so that a model trained on one
letter order cannot be explained with another.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

PAD = 254
"""Code of a position that is not there (padding): an all-zero row when one-hot encoded."""

INVALID = 255
"""Code of a character that the alphabet does not know at all."""


@dataclass(frozen=True)
class Alphabet:
    """The letters of one kind of sequence, in a fixed order.

    Parameters
    ----------
    name : str
        Name used in messages, cards and axis labels.
    letters : str
        The letters, in the order of the one-hot columns.
    unknown : str
        The one letter that stands for "a residue is here, which one is not known".
    ambiguous : str
        Further letters (IUPAC) that mean "one of several residues"; they are read as `unknown`.
    aliases : dict of str to str
        Letters that are another way to write one of `letters`, such as T for U in an RNA.
    complements : dict of str to str
        The complement of each letter; empty for peptides.
    double_stranded : bool
        Whether a sequence and its reverse complement are one molecule.

    Examples
    --------
    >>> RNA.letters, RNA.size
    ('ACGU', 4)
    >>> RNA.encode("ACGUTN").tolist()
    [0, 1, 2, 3, 3, 4]
    >>> DNA.complement("ACGTN")
    'TGCAN'
    """

    name: str
    letters: str
    unknown: str
    ambiguous: str = ""
    aliases: dict[str, str] = field(default_factory=dict, hash=False)
    complements: dict[str, str] = field(default_factory=dict, hash=False)
    double_stranded: bool = False

    @property
    def size(self) -> int:
        """Number of letters, the last axis of a one-hot array."""
        return len(self.letters)

    @property
    def unknown_code(self) -> int:
        """Code of the unknown letter: one more than the last letter's."""
        return self.size

    def table(self) -> np.ndarray:
        """Code of each byte.

        Returns
        -------
        numpy.ndarray, shape=(256,), dtype=uint8
            `INVALID` where the byte is no upper-case letter of this alphabet. Made once, read only.
        """
        return np.frombuffer(_table(self), dtype=np.uint8)

    def encode(self, sequence: str) -> np.ndarray:
        """Codes of a sequence's letters.

        Parameters
        ----------
        sequence : str
            Upper-case letters of this alphabet.

        Returns
        -------
        numpy.ndarray, shape=(length,), dtype=uint8
            0 to ``size - 1`` for a letter, ``size`` for the unknown letter.

        Raises
        ------
        ValueError
            If a character is not in the alphabet; the message names it and its position.
        """
        # A bytearray, so that the array may be written to.
        raw = bytearray(sequence, "latin-1", "replace").translate(_table(self))
        codes = np.frombuffer(raw, dtype=np.uint8)
        if codes.max(initial=0) == INVALID:
            wrong = int(np.argmax(codes))
            place, letter = wrong + 1, sequence[wrong]
            expected = f"expected {self.name} letters {self.letters} or {self.unknown} (unknown)"
            raise ValueError(
                f"position {place} holds {letter!r}; {expected}. Clean it (helpers.readers.fasta)"
            )
        return codes

    def decode(self, codes: np.ndarray) -> str:
        """Letters of codes; the inverse of `encode` up to aliases, padding left out."""
        codes = np.asarray(codes, dtype=np.uint8)
        letters = np.frombuffer((self.letters + self.unknown).encode(), dtype=np.uint8)
        return letters[codes[codes != PAD]].tobytes().decode()

    def complement(self, sequence: str) -> str:
        """Complement of each letter, in the same order (not reversed).

        Raises
        ------
        ValueError
            If the alphabet has no complements (peptides).
        """
        if not self.complements:
            raise ValueError(f"{self.name} sequences have no complement; give a DNA or an RNA sequence")
        return sequence.translate(
            str.maketrans("".join(self.complements), "".join(self.complements.values()))
        )


@functools.cache
def _table(alphabet: Alphabet) -> bytes:
    """Code of each byte, as `bytes.translate` takes it."""
    table = bytearray([INVALID]) * 256
    for code, letter in enumerate(alphabet.letters):
        table[ord(letter)] = code
    for alias, letter in alphabet.aliases.items():
        table[ord(alias)] = alphabet.letters.index(letter)
    for letter in alphabet.unknown + alphabet.ambiguous:
        table[ord(letter)] = alphabet.unknown_code
    return bytes(table)


_NUCLEOTIDE_AMBIGUITY = "RYSWKMBDHV"

DNA = Alphabet(
    "DNA", "ACGT", "N", _NUCLEOTIDE_AMBIGUITY, {"U": "T"}, dict(zip("ACGTUN", "TGCAAN", strict=True)),
    double_stranded=True,
)  # fmt: skip
RNA = Alphabet(
    "RNA", "ACGU", "N", _NUCLEOTIDE_AMBIGUITY, {"T": "U"}, dict(zip("ACGUTN", "UGCAAN", strict=True))
)
PEPTIDE = Alphabet("peptide", "ACDEFGHIKLMNPQRSTVWY", "X", "BZJUO")
