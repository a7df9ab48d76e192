"""Where a motif stands: scores of a weight matrix, with an exact p-value for each score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.motifs import jaspar
from helpers.sequences.alphabet import DNA, Alphabet

COLUMNS = ("row", "start", "stop", "strand", "score")
"""Columns of a table of sites: which sequence, 0-based half-open, ``+`` or ``-``, bits."""
_BINS_A_BIT = 100


class Weights(NamedTuple):
    """A position weight matrix and what its scores are worth.

    Attributes
    ----------
    table : numpy.ndarray, shape=(width, letters), dtype=float64
        Log-odds in bits.
    cut : float
        Scores from here on have a p-value of at most the one asked for.
    """

    table: np.ndarray
    cut: float


def weights(
    ppm: ArrayLike,
    *,
    background: ArrayLike | None = None,
    p_value: float = 1e-4,
) -> Weights:
    """Log-odds of a motif, and the score that a random sequence reaches with a given probability.

    Parameters
    ----------
    ppm : array-like, shape=(width, letters)
        Probability of each letter at each position.
    background : array-like, shape=(letters,), optional
        Share of each letter outside motifs; all equal when not given.
    p_value : float, optional
        Probability that one place of background reaches `Weights.cut`, found by the exact
        distribution of the scores, in steps of 1/100 bit [1]_.

    Returns
    -------
    Weights

    Raises
    ------
    ValueError
        If a row is no row of probabilities, or no score has a p-value that small.

    References
    ----------
    .. [1] Staden 1989, doi:10.1093/bioinformatics/5.2.89

    Examples
    --------
    >>> found = weights(np.eye(4), p_value=0.01)
    >>> found.table.max().round(2), found.cut > 0
    (np.float64(1.99), True)
    """
    table = np.asarray(ppm, dtype=float)
    if table.ndim != 2 or not np.allclose(table.sum(axis=1), 1, atol=1e-2) or (table < 0).any():
        raise ValueError(
            f"a motif of shape {table.shape} whose rows are no probabilities; expected "
            "(width, letters), each row summing to 1"
        )
    size = table.shape[1]
    share = np.full(size, 1 / size) if background is None else np.asarray(background, dtype=float)
    bits = jaspar.log_odds(table, share)
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
        raise ValueError(
            f"a motif of {len(table)} positions: its best score has a p-value of {above[-1]:.2g}, "
            f"above {p_value:g}. Raise p_value for so short a motif"
        )
    cut = (reached[0] + steps.min(axis=1).sum()) / _BINS_A_BIT
    # A score is off its own step by half a step a position at most.
    return Weights(bits, float(cut - 0.5 * len(table) / _BINS_A_BIT))


def scores(X: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Score of a weight matrix at each start.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters)
        One-hot; an unknown letter scores the mean of all, and a place that holds padding -inf.
    table : numpy.ndarray, shape=(width, letters)

    Returns
    -------
    numpy.ndarray, shape=(n, length - width + 1), dtype=float32

    Raises
    ------
    ValueError
        If the letters differ, or the motif is longer than the sequences.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2]]]
    >>> scores(X, np.array([[0, 2.0, 0, 0], [0, 0, 2.0, 0]])).tolist()
    [[0.0, 4.0]]
    """
    places = X.shape[1] - len(table) + 1
    if X.shape[2] != table.shape[1] or places < 1:
        raise ValueError(
            f"a motif of shape {table.shape} cannot be scanned over sequences of shape {X.shape}; "
            "expected the same letters, and no more positions than the sequences have"
        )
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
    ppm : array-like, shape=(width, letters)
    alphabet : Alphabet
        Order of the letters; its complements give the other strand.
    strands : {1, 2}, optional
        1 for RNA.
    p_value, background
        As in `weights`.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`, ordered by row and start; of overlapping places the best is kept.

    Raises
    ------
    ValueError
        As `weights` and `scores`, or if `strands` is neither 1 nor 2.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> from helpers.sequences.encoding import one_hot
    >>> found = sites(one_hot(["TTACGTATT", "CCCCCCCCC"], DNA), np.eye(4), DNA, p_value=0.01)
    >>> found[["row", "start", "stop"]].values.tolist()
    [[0, 2, 6]]
    """
    if strands not in (1, 2):
        raise ValueError(f"strands is {strands}; expected 1 (RNA) or 2 (DNA)")
    table, cut = weights(ppm, background=background, p_value=p_value)
    tables = {"+": table}
    if strands == 2:
        tables["-"] = other_strand(table, alphabet)
    parts = []
    for strand, one in tables.items():
        found = scores(X, one)
        rows, starts = np.nonzero(found >= cut)
        parts.append(
            pd.DataFrame(
                {
                    "row": rows,
                    "start": starts,
                    "stop": starts + len(table),
                    "strand": strand,
                    "score": found[rows, starts],
                }
            )
        )
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
        One of `helpers.motifs.jaspar.TAXA`.
    p_value
        As in `sites`.

    Returns
    -------
    pandas.DataFrame
        ``element`` (the factor) and the columns of `sites`, ordered by row and start.

    Raises
    ------
    ValueError
        If a factor has no matrix in the taxon.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> from helpers.sequences.encoding import one_hot
    >>> found = named_sites(one_hot(["CCGCCATGTTGGCC"], DNA), ["TBP", "YY1"], "vertebrates")
    >>> found["element"].tolist()
    ['YY1']
    """
    parts = []
    for factor in (name.strip() for name in factors):
        own = [motif for motif in jaspar.motifs(taxon) if motif.name.upper() == factor.upper()]
        if not own:
            raise ValueError(
                f"no matrix of the factor {factor!r} among the {taxon} of JASPAR; expected a name "
                "that JASPAR uses, such as TBP or SP1"
            )
        counts = own[0].counts
        shares = counts / counts.sum(axis=1, keepdims=True)
        found = sites(X, shares, DNA, p_value=p_value)
        parts.append(found.assign(element=factor))
    whole = pd.concat(parts, ignore_index=True)[["element", *COLUMNS]]
    return whole.sort_values(["row", "start", "element"], ignore_index=True)


def other_strand(table: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """A motif as it reads on the other strand.

    Raises
    ------
    ValueError
        If the alphabet has no complements.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
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
