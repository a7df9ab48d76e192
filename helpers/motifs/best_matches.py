"""Known binding sites in a promoter: how well each matrix of a motif collection matches it.

What is known of transcription factors need not be learnt again from a few thousand promoters. Each
matrix gives two numbers a promoter: its best match anywhere on either strand, and the sum over all
places, which also counts several weak ones. Single sites with p-values are found by
`helpers.motifs.scanning.sites`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from helpers.motifs import jaspar

_PSEUDOCOUNT = 0.8
_BLOCK = 50_000
"""Places scanned at once, so that memory does not grow with the number of promoters."""


class Matrix(NamedTuple):
    """A motif as log-odds.

    Attributes
    ----------
    name : str
        Name of the factor and id of the matrix.
    weights : numpy.ndarray, shape=(width, 4), dtype=float32
        Natural logarithm of the share of A, C, G, T over 1/4.
    """

    name: str
    weights: np.ndarray


def matrix(name: str, counts: ArrayLike) -> Matrix:
    """Matrix from counts of letters.

    Parameters
    ----------
    name : str
        Name of the motif.
    counts : array-like, shape=(width, 4)
        Letters in the order A C G T.

    Returns
    -------
    Matrix
        Against a background of equal shares, with a pseudocount of 0.8 a position
        (doi:10.1093/nar/gkn1019).

    Raises
    ------
    ValueError
        If the counts have no four columns.

    Examples
    --------
    >>> matrix("always A", np.array([[20, 0, 0, 0]])).weights.round(1).tolist()
    [[1.399999976158142, -3.299999952316284, -3.299999952316284, -3.299999952316284]]
    """
    bits = jaspar.log_odds(np.asarray(counts, dtype=float) + _PSEUDOCOUNT / 4, pseudo=0)
    # In natural logarithms, for the sum of odds is taken with exp.
    return Matrix(name, (bits * np.log(2)).astype(np.float32))


def known(taxon: str = "vertebrates") -> list[Matrix]:
    """The matrices of JASPAR CORE for a taxon.

    Parameters
    ----------
    taxon : str
        One of `helpers.motifs.jaspar.TAXA`.

    Returns
    -------
    list of Matrix
        Sorted by id.

    Raises
    ------
    ValueError
        If the taxon is unknown.

    Examples
    --------
    >>> known("urochordates")[0].weights.shape[1]
    4
    """
    return [matrix(f"{one.name} {one.id}", one.counts) for one in jaspar.motifs(taxon)]


def scan(X: np.ndarray, matrices: Sequence[Matrix]) -> np.ndarray:
    """Best match and sum of matches of each matrix in each sequence, over both strands.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4), dtype=float32
        One-hot DNA, letters in the order A C G T.
    matrices : sequence of Matrix
        None wider than the sequences.

    Returns
    -------
    numpy.ndarray, shape=(n, 2 * matrices), dtype=float32
        For each matrix its highest score (natural log-odds), then the logarithm of the mean odds
        over all places and both strands.

    Raises
    ------
    ValueError
        If there is no matrix, or one is wider than the sequences.

    Examples
    --------
    >>> always_a = matrix("A", np.array([[20, 0, 0, 0]]))
    >>> X = np.eye(4, dtype=np.float32)[[[1, 0, 1], [1, 3, 1], [1, 2, 1]]]  # CAC, CTC, CGC
    >>> scan(X, [always_a])[:, 0].round(1).tolist()
    [1.399999976158142, 1.399999976158142, -3.299999952316284]
    """
    if not matrices:
        raise ValueError("there is no matrix to scan with; give at least one")
    widest = max(matrices, key=lambda one: len(one.weights))
    if X.ndim != 3 or X.shape[2] != 4 or X.shape[1] < len(widest.weights):
        raise ValueError(
            f"X has shape {X.shape}, and motif {widest.name!r} is {len(widest.weights)} nt wide; "
            "expected one-hot DNA, (n, length, 4), at least as long as that"
        )
    found = np.empty((len(X), len(matrices), 2), dtype=np.float32)
    widths = np.array([len(one.weights) for one in matrices])
    for width in np.unique(widths):
        chosen = np.flatnonzero(widths == width)
        forward = np.stack([matrices[int(place)].weights for place in chosen])
        # Turning a matrix round and swapping its letters reads the other strand.
        both = np.concatenate([forward, forward[:, ::-1, ::-1]]).reshape(2 * len(chosen), -1).T
        step = max(1, _BLOCK // X.shape[1])
        for start in range(0, len(X), step):
            block = slice(start, start + step)
            scores = _scores(X[block], int(width), both)
            scores = scores.reshape(len(scores), -1, 2, len(chosen))
            highest = scores.max(axis=(1, 2))
            # The highest is taken out before the exponential, which could overflow.
            rest = np.exp(scores - highest[:, None, None]).mean(axis=(1, 2))
            found[block, chosen, 0] = highest
            found[block, chosen, 1] = highest + np.log(rest)
    return found.reshape(len(X), -1)


def _scores(X: np.ndarray, width: int, weights: np.ndarray) -> np.ndarray:
    """Scores at every place, (n, places, matrices)."""
    seen = np.lib.stride_tricks.sliding_window_view(X, (width, 4), axis=(1, 2))[:, :, 0]
    n, places = seen.shape[:2]
    flat = np.ascontiguousarray(seen, dtype=np.float32).reshape(n * places, width * 4)
    return (flat @ weights).reshape(n, places, -1)
