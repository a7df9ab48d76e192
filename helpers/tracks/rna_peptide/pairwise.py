"""Judging a pair by the pairs most like it: similarity of both chains, votes and a pair kernel.

A pair (RNA, peptide) is like another if the RNAs are alike *and* the peptides are alike. The
similarity of two chains is measured at four scales, from "the same chain" over "share long words"
(homologs) and "share short words" to "made of the same words" (composition); a pair's similarity to
another is the product.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.svm import SVC

from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.sequences.composition import CONJOINT, kmer_frequencies

_SOFT = 0.3


class PairSpace:
    """The chains of a table of pairs, and how alike they are.

    Nothing in it depends on a label: it may be computed once, for all rows. What is said of a row
    rests on the row and on the known rows, never on other rows that are asked about.

    Parameters
    ----------
    rna, peptide : sequence of str
        The two chains of each pair, in the letters of their alphabets.
    known : int, optional
        Only the first so many rows can be known ones; by default all.

    Attributes
    ----------
    rna_like, peptide_like : list of numpy.ndarray, shape=(chains, known chains), dtype=float32
        Similarity of the distinct chains to those that can be known, 0 to 1: identity, long words,
        short words, composition.

    Examples
    --------
    >>> space = PairSpace(["ACGUACGU", "ACGUACGU", "GGGGGGGG"], ["MKV", "MKVW", "MKV"])
    >>> space.votes(np.array([0, 1]), np.array([1, 0, 0]), np.array([2])).shape
    (1, 58)
    """

    def __init__(self, rna: Sequence[str], peptide: Sequence[str], *, known: int | None = None) -> None:
        if len(rna) != len(peptide):
            raise ValueError(
                f"PairSpace: found {len(rna)} RNAs and {len(peptide)} peptides; expected one of each a pair"
            )
        rna_words = [(k, RNA) for k in (1, 2, 3, 4)]
        peptide_words = [(1, PEPTIDE), (2, PEPTIDE), (3, CONJOINT)]
        self._rna, self._rna_column, self.rna_like = _similarities(
            rna, rna_words, long=10, short=6, known=known
        )
        self._peptide, self._peptide_column, self.peptide_like = _similarities(
            peptide, peptide_words, long=5, short=3, known=known
        )
        self._rna_kernel = np.mean(self.rna_like[1:], axis=0)
        self._peptide_kernel = np.mean(self.peptide_like[1:], axis=0)

    def votes(self, known: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """How the known pairs that are like each row are labelled.

        Parameters
        ----------
        known : numpy.ndarray, shape=(k,), dtype=int
            Rows whose labels may be used.
        y : numpy.ndarray, shape=(n,)
            Labels, 0 or 1, of all rows; those outside `known` are not read.
        rows : numpy.ndarray, shape=(m,), dtype=int
            Rows to describe; none of them should be in `known`.

        Returns
        -------
        numpy.ndarray, shape=(m, 58), dtype=float32
            For each pair of scales the balance of the votes and the weight (log) of those for and
            against; the same for the RNA alone; and two walks RNA - peptide - RNA - peptide along
            known positives. There is no vote by peptide alone: in data whose negatives re-pair the
            positives, the count of a peptide's negatives gives its label away.
        """
        labels = np.asarray(y)[known].astype(np.float32)
        rna, peptide = _Side(self._rna, known, rows), _Side(self._peptide, known, rows)
        ballots = np.zeros((2, len(rna.known), len(peptide.known)), np.float32)
        for ballot, weight in zip(ballots, (labels, 1 - labels), strict=True):
            np.add.at(ballot, (rna.of_known, peptide.of_known), weight)
        positive, negative = ballots
        # Of the chains asked about, then of the known ones, to the known ones.
        rna_like = [one[:, self._rna_column[rna.known]] for one in self.rna_like]
        peptide_like = [one[:, self._peptide_column[peptide.known]] for one in self.peptide_like]
        columns: list[np.ndarray] = []
        for like_rna in rna_like:
            near = [(like_rna[rna.asked] @ ballot)[rna.of_row] for ballot in ballots]
            for like_peptide in peptide_like:
                weight = like_peptide[peptide.asked][peptide.of_row]
                in_favour, against = (np.einsum("ij,ij->i", ballot, weight) for ballot in near)
                balance = (in_favour - against) / (in_favour + against + _SOFT)
                columns += [balance, np.log(in_favour + 0.05), np.log(against + 0.05)]
        for like_rna in rna_like:
            asked = like_rna[rna.asked]
            in_favour, against = asked @ positive.sum(1), asked @ negative.sum(1)
            balance = (in_favour - against) / (in_favour + against + 1)
            columns += [balance[rna.of_row], np.log(in_favour + against + 0.1)[rna.of_row]]
        for like_rna, like_peptide in zip(rna_like[1:3], peptide_like[1:3], strict=True):
            columns.append(_walk(
                like_rna[rna.asked], like_rna[rna.known], positive,
                like_peptide[peptide.known], like_peptide[peptide.asked],
            )[rna.of_row, peptide.of_row])  # fmt: skip
        return np.stack(columns, axis=1).astype(np.float32)

    def kernel(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Product of RNA and peptide similarity, each the mean over three scales; (rows, others).

        The pairwise kernel of Ben-Hur and Noble 2005 (doi:10.1093/bioinformatics/bti1016). The
        `others` are rows that can be known.
        """
        rna = self._rna_kernel[np.ix_(self._rna[rows], self._rna_column[self._rna[others]])]
        peptide = np.ix_(self._peptide[rows], self._peptide_column[self._peptide[others]])
        return rna * self._peptide_kernel[peptide]

    def machine(self, known: np.ndarray, y: np.ndarray) -> np.ndarray:
        """A support vector machine on `kernel`, shape=(k + 1,): weight of each known row, intercept."""
        machine = SVC(C=10.0, kernel="precomputed", cache_size=500)
        machine.fit(self.kernel(known, known), np.asarray(y)[known])
        weights = np.zeros(len(known) + 1)
        weights[machine.support_], weights[-1] = machine.dual_coef_[0], machine.intercept_[0]
        return weights

    def kernel_score(self, known: np.ndarray, machine: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Decision values of a `machine` of the known rows, shape=(rows,), dtype=float32."""
        return (self.kernel(rows, known) @ machine[:-1] + machine[-1]).astype(np.float32)


class _Side:
    """The distinct chains of some rows: those that are known, and those that are asked about."""

    def __init__(self, number: np.ndarray, known: np.ndarray, rows: np.ndarray) -> None:
        self.known, self.of_known = np.unique(number[known], return_inverse=True)
        self.asked, self.of_row = np.unique(number[rows], return_inverse=True)


def _similarities(
    sequences: Sequence[str], words: Sequence[tuple], *, long: int, short: int, known: int | None
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Each row's chain, each chain's column (-1: none), and how alike the chains are at each scale."""
    distinct, number = np.unique(np.asarray(sequences, dtype=object), return_inverse=True)
    chains = distinct.tolist()
    kept = np.unique(number[:known])
    column = np.full(len(chains), -1)
    column[kept] = np.arange(len(kept))
    lengths = np.log([max(len(chain), 1) for chain in chains])
    same_length = np.exp(-2.0 * np.square(lengths[:, None] - lengths[None, kept]))
    parts = [kmer_frequencies(chains, k, alphabet) for k, alphabet in words]
    composition = np.mean([_cosine(np.sqrt(part), kept) for part in parts], axis=0)
    similarities = [
        (np.arange(len(chains))[:, None] == kept).astype(float),
        _shared_words(chains, long, kept),
        _shared_words(chains, short, kept) * same_length,
        composition**4 * same_length,
    ]
    return number, column, [similarity.astype(np.float32) for similarity in similarities]


def _cosine(X: np.ndarray, kept: np.ndarray) -> np.ndarray:
    X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
    return X @ X[kept].T


def _shared_words(chains: list[str], k: int, kept: np.ndarray) -> np.ndarray:
    """Cosine of the sets of k-letter words; a chain shorter than `k` is one word."""
    number: dict[str, int] = {}
    rows, columns = [], []
    for row, chain in enumerate(chains):
        words = {chain[start : start + k] for start in range(max(1, len(chain) - k + 1))}
        rows += [row] * len(words)
        columns += [number.setdefault(word, len(number)) for word in sorted(words)]
    ones = np.ones(len(rows), dtype=np.float32)
    table = sparse.csr_matrix((ones, (rows, columns)), shape=(len(chains), max(len(number), 1)))
    shared = (table @ table[kept].T).toarray()
    size = np.asarray(table.sum(axis=1)).ravel()
    return shared / np.sqrt(size[:, None] * size[None, kept])


def _walk(
    from_rna: np.ndarray, known_rna: np.ndarray, positive: np.ndarray, known_peptide: np.ndarray,
    to_peptide: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Log probability-like weight of walking RNA - peptide - RNA - peptide over known chains."""
    first = from_rna @ positive @ known_peptide.T
    known = known_rna @ positive @ known_peptide.T
    last = known_rna @ positive @ to_peptide.T
    first = first / np.maximum(first.sum(axis=1, keepdims=True), 1e-6)
    back = known / np.maximum(known.sum(axis=0, keepdims=True), 1e-6)
    last = last / np.maximum(known.sum(axis=1, keepdims=True), 1e-6)
    return np.log(first @ back.T @ last + 1e-5)
