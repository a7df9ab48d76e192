"""Promoters with their values, and what the models of the comparison need of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from helpers.motifs import scanning
from helpers.sequences import composition, encoding
from helpers.sequences.alphabet import DNA

LONGEST_WORD = 5
"""Longest word that is counted, in letters."""

_ALIKE = 0.7


class PromoterTable:
    """Promoters with their values, and what several predictors need of them computed once.

    Parameters
    ----------
    sequences : sequence of str
        Promoters of one length, clean.
    values : numpy.ndarray, shape=(n, tasks)
        Expression; NaN where it was not measured.
    taxon : str
        Whose known binding sites are looked for, one of `helpers.motifs.library.TAXA`; empty for none.

    Raises
    ------
    ValueError
        If there are not as many rows of values as promoters.

    Examples
    --------
    >>> table = PromoterTable(["ACGTACGT", "GGGGCCCC"], np.array([[1.0], [2.0]]))
    >>> len(table), table.one_hot(np.array([1])).shape, table.words.shape
    (2, (1, 8, 4), (2, 1364))
    """

    def __init__(self, sequences: Sequence[str], values: np.ndarray, *, taxon: str = "") -> None:
        self.sequences, self.taxon = list(sequences), taxon
        self.y = np.asarray(values, dtype=float)
        if self.y.ndim != 2 or len(self.y) != len(self.sequences):
            raise ValueError(
                f"PromoterTable: found {len(self.sequences)} promoters and values of shape "
                f"{self.y.shape}; expected (promoters, cell types)"
            )
        self._codes = encoding.encode_batch(self.sequences, DNA)

    def __len__(self) -> int:
        """Number of promoters."""
        return len(self.y)

    @property
    def tasks(self) -> int:
        """Number of cell types."""
        return self.y.shape[1]

    @property
    def length(self) -> int:
        """Nucleotides of a promoter."""
        return self._codes.shape[1]

    def one_hot(self, rows: np.ndarray) -> np.ndarray:
        """One-hot rows, shape=(len(rows), length, 4), dtype=float32."""
        return encoding.from_codes(self._codes[rows], DNA)

    @cached_property
    def words(self) -> np.ndarray:
        """Square roots of the shares of the words of 1 to 5 letters, shape=(n, 1364)."""
        blocks = [composition.kmer_frequencies(self.sequences, k, DNA) for k in range(1, LONGEST_WORD + 1)]
        return np.sqrt(np.concatenate(blocks, axis=1))

    @cached_property
    def matches(self) -> np.ndarray:
        """Matches of known binding sites, as `helpers.motifs.scanning.best_matches` gives them."""
        return scanning.best_matches(self.one_hot(np.arange(len(self))), self.matrices)

    @cached_property
    def matrices(self) -> list[scanning.Matrix]:
        """The known binding sites that fit into a promoter."""
        return [m for m in scanning.known(self.taxon) if len(m.weights) <= self.length]

    def best_known(self, rows: np.ndarray, values: np.ndarray, n: int) -> list[scanning.Matrix]:
        """The `n` known binding sites whose best match goes most with the values of some rows.

        `rows` are training rows, `values` their standardised values (NaN where there is none). One
        that correlates above 0.7 with one chosen before is passed over.
        """
        if not n:
            return []
        best = standardised(self.matches[:, ::2], rows)[rows]
        strength = np.abs(best.T @ np.nan_to_num(values)).mean(axis=1)
        chosen: list[int] = []
        for place in np.argsort(-strength, kind="stable"):
            alike = np.abs(best[:, chosen].T @ best[:, place]) / len(rows)
            if not (alike > _ALIKE).any():
                chosen.append(int(place))
            if len(chosen) == n:
                break
        return [self.matrices[place] for place in chosen]


def standardised(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Columns in standard deviations of some rows (training rows), from their mean; float32.

    Examples
    --------
    >>> standardised(np.array([[0.0], [2.0], [9.0]]), np.array([0, 1])).round(3).ravel().tolist()
    [-1.0, 1.0, 8.0]
    """
    return ((X - X[rows].mean(axis=0)) / (X[rows].std(axis=0) + 1e-6)).astype(np.float32)
