"""Known binding sites in a promoter: how well each matrix of a motif collection matches it.

What is known of transcription factors need not be learnt again from a few thousand promoters. Each
matrix gives two numbers a promoter: its best match anywhere on either strand, and the sum over all
places, which also counts several weak ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

_PSEUDOCOUNT = 0.8
_BLOCK = 50_000
"""Places scanned at once, so that memory does not grow with the number of promoters."""
TAXA = ("fungi", "insects", "nematodes", "plants", "urochordates", "vertebrates")
"""Taxa of the collection."""


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


def from_counts(name: str, counts: np.ndarray) -> Matrix:
    """Matrix of log-odds from counts of letters, with a pseudocount of 0.8 a position.

    Parameters
    ----------
    name : str
        Name of the motif.
    counts : numpy.ndarray, shape=(width, 4)
        Letters in the order A C G T.

    Returns
    -------
    Matrix
        Against a background of equal shares.

    Raises
    ------
    ValueError
        If the counts have another shape, or a position holds none.

    Examples
    --------
    >>> from_counts("always A", np.array([[20, 0, 0, 0]])).weights.round(1).tolist()
    [[1.399999976158142, -4.599999904632568, -4.599999904632568, -4.599999904632568]]
    """
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 2 or counts.shape[1] != 4 or (counts.sum(axis=1) <= 0).any():
        raise ValueError(
            f"motif {name!r} has counts of shape {counts.shape}; expected (width, 4), the letters "
            "A C G T, with at least one count at each position"
        )
    shares = counts + _PSEUDOCOUNT / 4
    shares = shares / shares.sum(axis=1, keepdims=True)
    return Matrix(name, np.log(shares * 4).astype(np.float32))


def jaspar(taxon: str = "vertebrates") -> list[Matrix]:
    """The matrices of JASPAR CORE for a taxon, from the copy that comes with pyjaspar.

    Parameters
    ----------
    taxon : str
        One of `TAXA`.

    Returns
    -------
    list of Matrix
        Sorted by id. JASPAR 2026; the collection is described in doi:10.1093/nar/gkad1059.

    Raises
    ------
    ValueError
        If the taxon is unknown.
    """
    if taxon not in TAXA:
        raise ValueError(f"taxon is {taxon!r}; expected one of {', '.join(TAXA)}")
    from pyjaspar import jaspardb

    found = jaspardb(release="JASPAR2026").fetch_motifs(collection="CORE", tax_group=[taxon])
    return [
        from_counts(
            f"{motif.name} {motif.matrix_id}",
            np.array([motif.counts[letter] for letter in "ACGT"], dtype=float).T,
        )
        for motif in sorted(found, key=lambda motif: str(motif.matrix_id))
    ]


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
    >>> always_a = from_counts("A", np.array([[20, 0, 0, 0]]))
    >>> X = np.eye(4, dtype=np.float32)[[[1, 0, 1], [1, 3, 1], [1, 2, 1]]]  # CAC, CTC, CGC
    >>> scan(X, [always_a])[:, 0].round(1).tolist()
    [1.399999976158142, 1.399999976158142, -4.599999904632568]
    """
    if not matrices:
        raise ValueError("there is no matrix to scan with; give at least one")
    widest = max(matrices, key=lambda matrix: len(matrix.weights))
    if X.ndim != 3 or X.shape[2] != 4 or X.shape[1] < len(widest.weights):
        raise ValueError(
            f"X has shape {X.shape}, and motif {widest.name!r} is {len(widest.weights)} nt wide; "
            "expected one-hot DNA, (n, length, 4), at least as long as that"
        )
    found = np.empty((len(X), len(matrices), 2), dtype=np.float32)
    widths = np.array([len(matrix.weights) for matrix in matrices])
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


def named(matrices: Sequence[Matrix], factors: Sequence[str]) -> list[Matrix]:
    """The first matrix of each factor, under the factor's name alone.

    Parameters
    ----------
    matrices : sequence of Matrix
        Such as `jaspar` gives.
    factors : sequence of str
        Names of factors.

    Returns
    -------
    list of Matrix
        In the order of `factors`.

    Raises
    ------
    ValueError
        If a factor has no matrix.

    Examples
    --------
    >>> [m.name for m in named([from_counts("TBP MA0108.3", np.ones((2, 4)))], ["TBP"])]
    ['TBP']
    """
    found = []
    for factor in factors:
        own = [matrix for matrix in matrices if matrix.name.split()[0] == factor]
        if not own:
            raise ValueError(
                f"no matrix of the factor {factor!r} among {len(matrices)}; expected a name as "
                "JASPAR writes it, such as TBP or SP1"
            )
        found.append(Matrix(factor, own[0].weights))
    return found


def find(X: np.ndarray, matrices: Sequence[Matrix], *, least: float = 0.85) -> pd.DataFrame:
    """Places where a matrix scores close to the best it can.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4), dtype=float32
        One-hot DNA, letters in the order A C G T.
    matrices : sequence of Matrix
        None wider than the sequences.
    least : float
        Share of the matrix's range, from its worst to its best score, that a place must reach.

    Returns
    -------
    pandas.DataFrame
        ``row, element, start, stop, strand``: 0-based, half-open, the better strand of each place.

    Examples
    --------
    >>> tata = from_counts("TATA", 20 * np.eye(4)[[3, 0, 3, 0]])
    >>> find(np.eye(4, dtype=np.float32)[[[2, 3, 0, 3, 0, 2]]], [tata]).values.tolist()
    [[0, 'TATA', 1, 5, '+']]
    """
    rows = []
    for matrix in matrices:
        width = len(matrix.weights)
        both = np.stack([matrix.weights, matrix.weights[::-1, ::-1]]).reshape(2, -1).T
        scores = _scores(X, width, both)
        low, high = matrix.weights.min(axis=1).sum(), matrix.weights.max(axis=1).sum()
        best = scores.max(axis=2)
        for row, place in np.argwhere(best >= low + least * (high - low)):
            strand = "+" if scores[row, place, 0] >= scores[row, place, 1] else "-"
            rows.append((int(row), matrix.name, int(place), int(place) + width, strand))
    columns = ["row", "element", "start", "stop", "strand"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["row", "start", "element"], ignore_index=True)


def _scores(X: np.ndarray, width: int, weights: np.ndarray) -> np.ndarray:
    """Scores at every place, (n, places, matrices)."""
    seen = np.lib.stride_tricks.sliding_window_view(X, (width, 4), axis=(1, 2))[:, :, 0]
    n, places = seen.shape[:2]
    flat = np.ascontiguousarray(seen, dtype=np.float32).reshape(n * places, width * 4)
    return (flat @ weights).reshape(n, places, -1)
