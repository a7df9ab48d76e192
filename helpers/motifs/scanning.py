"""Where motifs stand: sites with an exact p-value, and how well each motif matches a sequence at best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.motifs import library
from helpers.sequences.alphabet import DNA, Alphabet

COLUMNS = ["row", "start", "stop", "strand", "score"]
"""Columns of a table of sites: which sequence, 0-based half-open, ``+`` or ``-``, bits."""

_BINS_A_BIT = 100
_BLOCK = 50_000
"""Places scanned at once, so that memory does not grow with the number of sequences."""


def weights(
    ppm: ArrayLike, *, background: ArrayLike | None = None, p_value: float = 1e-4
) -> tuple[np.ndarray, float]:
    """Log-odds of a motif in bits, and the score that background reaches with a given probability.

    The distribution of the scores is exact, in steps of 1/100 bit (Staden 1989,
    doi:10.1093/bioinformatics/5.2.89).

    Parameters
    ----------
    ppm : array-like, shape=(width, letters)
        Probability of each letter at each position.
    background : array-like, shape=(letters,), optional
        Share of each letter outside motifs; all equal when not given.
    p_value : float, optional
        Largest probability that one place of background reaches the score.

    Examples
    --------
    >>> table, cut = weights(np.eye(4), p_value=0.01)
    >>> table.max().round(2), cut > 0
    (np.float64(1.99), True)
    """
    table = np.asarray(ppm, dtype=float)
    if table.ndim != 2 or not np.allclose(table.sum(axis=1), 1, atol=1e-2) or (table < 0).any():
        raise ValueError(f"a motif of shape {table.shape} whose rows are no probabilities, each summing to 1")
    size = table.shape[1]
    share = np.full(size, 1 / size) if background is None else np.asarray(background, dtype=float)
    bits = library.log_odds(table, share)
    steps = np.rint(bits * _BINS_A_BIT).astype(int)
    chances = np.ones(1)
    for row in steps:
        spread = np.zeros(len(chances) + row.max() - row.min())
        for letter, step in enumerate(row - row.min()):
            spread[step : step + len(chances)] += share[letter] * chances
        chances = spread
    above = np.cumsum(chances[::-1])[::-1]
    reached = np.flatnonzero((above <= p_value * (1 + 1e-9)) & (chances > 0))
    if not reached.size:
        best = f"its best score has a p-value of {above[-1]:.2g}, above {p_value:g}"
        raise ValueError(f"a motif of {len(table)} positions: {best}. Raise p_value for so short a motif")
    cut = (reached[0] + steps.min(axis=1).sum()) / _BINS_A_BIT
    # A score is off its own step by half a step a position at most.
    return bits, float(cut - 0.5 * len(table) / _BINS_A_BIT)


def scores(X: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Score of a weight matrix at each start, shape=(n, length - width + 1), dtype=float32.

    An unknown letter scores the mean of all, and a place that holds padding -inf.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2]]]
    >>> scores(X, np.array([[0, 2.0, 0, 0], [0, 0, 2.0, 0]])).tolist()
    [[0.0, 4.0]]
    """
    places = X.shape[1] - len(table) + 1
    if X.shape[2] != table.shape[1] or places < 1:
        shapes = f"a motif of shape {table.shape} cannot be scanned over sequences of shape {X.shape}"
        raise ValueError(f"{shapes}; expected the same letters, and no more positions")
    total = np.zeros((len(X), places), dtype=np.float32)
    for offset, row in enumerate(table.astype(np.float32)):
        total += X[:, offset : offset + places] @ row
    there = np.cumsum(np.pad(X.sum(axis=2) > 0, ((0, 0), (1, 0))), axis=1)
    whole = there[:, len(table) :] - there[:, :places] == len(table)
    return np.where(whole, total, -np.inf).astype(np.float32)


def sites(
    X: np.ndarray,
    ppm: ArrayLike,
    alphabet: Alphabet,
    *,
    strands: int = 2,
    p_value: float = 1e-4,
    background: ArrayLike | None = None,
) -> pd.DataFrame:
    """Places of a motif, none overlapping another of the same motif.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters)
    ppm, p_value, background
        As in `weights`.
    alphabet : Alphabet
        Order of the letters; its complements give the other strand.
    strands : {1, 2}, optional
        1 for RNA.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`, ordered by row and start; of overlapping places the best is kept.

    Examples
    --------
    >>> from helpers.sequences.encoding import one_hot
    >>> found = sites(one_hot(["TTACGTATT", "CCCCCCCCC"], DNA), np.eye(4), DNA, p_value=0.01)
    >>> found[["row", "start", "stop"]].values.tolist()
    [[0, 2, 6]]
    """
    if strands not in (1, 2):
        raise ValueError(f"strands is {strands}; expected 1 (RNA) or 2 (DNA)")
    table, cut = weights(ppm, background=background, p_value=p_value)
    parts = []
    for strand in "+-"[:strands]:
        found = scores(X, table if strand == "+" else other_strand(table, alphabet))
        rows, starts = np.nonzero(found >= cut)
        stops = starts + len(table)
        columns = (rows, starts, stops, strand, found[rows, starts])
        parts.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
    return _best_apart(pd.concat(parts, ignore_index=True))


def named_sites(X: np.ndarray, factors: Sequence[str], taxon: str, *, p_value: float = 1e-4) -> pd.DataFrame:
    """Places of the JASPAR motifs of some factors, on both strands of DNA.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4)
        One-hot DNA.
    factors : sequence of str
        Names, in capitals or not (JASPAR writes those of mouse as ``Yy1``), with or without white
        space around; of several matrices of a factor the first counts.
    taxon : str
        One of `helpers.motifs.library.TAXA`.
    p_value : float, optional
        As in `weights`.

    Returns
    -------
    pandas.DataFrame
        ``element`` (the factor) and the columns of `sites`, ordered by row and start.

    Examples
    --------
    >>> from helpers.sequences.encoding import one_hot
    >>> found = named_sites(one_hot(["CCGCCATGTTGGCC"], DNA), ["TBP", "YY1"], "vertebrates")
    >>> found["element"].tolist()
    ['YY1']
    """
    parts = []
    for factor in (name.strip() for name in factors):
        own = [motif for motif in library.jaspar(taxon) if motif.name.upper() == factor.upper()]
        if not own:
            known_as = "expected a name that JASPAR uses, such as TBP or SP1"
            raise ValueError(f"no matrix of the factor {factor!r} among the {taxon} of JASPAR; {known_as}")
        parts.append(sites(X, own[0].ppm, DNA, p_value=p_value).assign(element=factor))
    whole = pd.concat(parts, ignore_index=True)[["element", *COLUMNS]]
    return whole.sort_values(["row", "start", "element"], ignore_index=True)


def other_strand(table: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """A motif as it reads on the other strand.

    Examples
    --------
    >>> other_strand(np.array([[1, 0, 0, 0], [0, 1, 0, 0]]), DNA).argmax(axis=1).tolist()
    [2, 3]
    """
    order = [alphabet.letters.index(alphabet.complement(letter)) for letter in alphabet.letters]
    return np.asarray(table)[::-1, order]


def _best_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Sites without those that overlap a better one of the same row."""
    order = table.sort_values(["score", "row", "start", "strand"], ascending=[False, True, True, True])
    taken: dict[int, list[tuple[int, int]]] = {}
    kept = []
    for site in order.itertuples():
        others = taken.setdefault(site.row, [])
        if all(site.stop <= start or site.start >= stop for start, stop in others):
            others.append((site.start, site.stop))
            kept.append(site.Index)
    return table.loc[kept].sort_values(["row", "start"], ignore_index=True)


class Matrix(NamedTuple):
    """A motif as natural log-odds of A, C, G, T, shape=(width, 4), dtype=float32."""

    name: str
    weights: np.ndarray


def known(taxon: str = "vertebrates") -> list[Matrix]:
    """The motifs of a group of JASPAR as matrices against equal shares of the letters.

    A pseudocount of 0.8 is added to each position (doi:10.1093/nar/gkn1019).

    Examples
    --------
    >>> known("urochordates")[0].weights.shape[1]
    4
    """
    # In natural logarithms, for the sum of odds is taken with exp.
    return [
        Matrix(
            f"{one.name} {one.id}",
            (library.log_odds(one.counts + 0.8 / 4, pseudo=0) * np.log(2)).astype(np.float32),
        )
        for one in library.jaspar(taxon)
    ]


def best_matches(X: np.ndarray, matrices: Sequence[Matrix]) -> np.ndarray:
    """Best match of each matrix in each sequence of DNA, and the sum of all, over both strands.

    What is known of transcription factors need not be learnt again from a few thousand promoters.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4), dtype=float32
        One-hot DNA.
    matrices : sequence of Matrix
        None wider than the sequences.

    Returns
    -------
    numpy.ndarray, shape=(n, 2 * matrices), dtype=float32
        For each matrix its highest score (natural log-odds), then the logarithm of the mean odds
        over all places and both strands, which also counts several weak ones.

    Examples
    --------
    >>> always_a = Matrix("A", np.array([[1.4, -3.3, -3.3, -3.3]], dtype=np.float32))
    >>> X = np.eye(4, dtype=np.float32)[[[1, 0, 1], [1, 3, 1], [1, 2, 1]]]  # CAC, CTC, CGC
    >>> best_matches(X, [always_a])[:, 0].astype(float).round(1).tolist()
    [1.4, 1.4, -3.3]
    """
    if not matrices:
        raise ValueError("there is no matrix to scan with; give at least one")
    widest = max(matrices, key=lambda one: len(one.weights))
    if X.ndim != 3 or X.shape[2] != 4 or X.shape[1] < len(widest.weights):
        wide = f"motif {widest.name!r} is {len(widest.weights)} nt wide"
        raise ValueError(f"X has shape {X.shape}, and {wide}; expected one-hot DNA, at least as long as that")
    found = np.empty((len(X), len(matrices), 2), dtype=np.float32)
    widths = np.array([len(one.weights) for one in matrices])
    step = max(1, _BLOCK // X.shape[1])
    for width in np.unique(widths):
        chosen = np.flatnonzero(widths == width)
        forward = np.stack([matrices[int(place)].weights for place in chosen])
        # Turning a matrix round and swapping its letters reads the other strand.
        both = np.concatenate([forward, forward[:, ::-1, ::-1]]).reshape(2 * len(chosen), -1).T
        for start in range(0, len(X), step):
            block = slice(start, start + step)
            reached = _scores(X[block], int(width), both)
            reached = reached.reshape(len(reached), -1, 2, len(chosen))
            highest = reached.max(axis=(1, 2))
            # The highest is taken out before the exponential, which could overflow.
            rest = np.exp(reached - highest[:, None, None]).mean(axis=(1, 2))
            found[block, chosen, 0] = highest
            found[block, chosen, 1] = highest + np.log(rest)
    return found.reshape(len(X), -1)


def _scores(X: np.ndarray, width: int, both: np.ndarray) -> np.ndarray:
    """Scores at every place, (n, places, matrices)."""
    seen = np.lib.stride_tricks.sliding_window_view(X, (width, 4), axis=(1, 2))[:, :, 0]
    n, places = seen.shape[:2]
    flat = np.ascontiguousarray(seen, dtype=np.float32).reshape(n * places, width * 4)
    return (flat @ both).reshape(n, places, -1)
