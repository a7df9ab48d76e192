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

    Nothing in it depends on a label: it may be computed once, for all rows.

    Parameters
    ----------
    rna, peptide : sequence of str
        The two chains of each pair, in the letters of their alphabets.

    Attributes
    ----------
    rna_like, peptide_like : list of numpy.ndarray, shape=(chains, chains), dtype=float32
        Similarity of the distinct chains, 0 to 1: identity, long words, short words, composition.

    Examples
    --------
    >>> space = PairSpace(["ACGUACGU", "ACGUACGU", "GGGGGGGG"], ["MKV", "MKVW", "MKV"])
    >>> space.votes(np.array([0, 1]), np.array([1, 0, 0]), np.array([2])).shape
    (1, 58)
    """

    def __init__(self, rna: Sequence[str], peptide: Sequence[str]) -> None:
        if len(rna) != len(peptide):
            raise ValueError(
                f"PairSpace: found {len(rna)} RNAs and {len(peptide)} peptides; expected one of each a pair"
            )
        rna_words = [(k, RNA) for k in (1, 2, 3, 4)]
        peptide_words = [(1, PEPTIDE), (2, PEPTIDE), (3, CONJOINT)]
        self._rna, self.rna_like = _similarities(rna, rna_words, long=10, short=6)
        self._peptide, self.peptide_like = _similarities(peptide, peptide_words, long=5, short=3)
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
        ballots = np.zeros((2, len(self._rna_kernel), len(self._peptide_kernel)), np.float32)
        for ballot, weight in zip(ballots, (labels, 1 - labels), strict=True):
            np.add.at(ballot, (self._rna[known], self._peptide[known]), weight)
        positive, negative = ballots
        rna, peptide = self._rna[rows], self._peptide[rows]
        columns: list[np.ndarray] = []
        for like_rna in self.rna_like:
            near = [(like_rna @ ballot)[rna] for ballot in ballots]
            for like_peptide in self.peptide_like:
                weight = like_peptide[peptide]
                in_favour, against = (np.einsum("ij,ij->i", ballot, weight) for ballot in near)
                balance = (in_favour - against) / (in_favour + against + _SOFT)
                columns += [balance, np.log(in_favour + 0.05), np.log(against + 0.05)]
        for like_rna in self.rna_like:
            in_favour, against = like_rna @ positive.sum(1), like_rna @ negative.sum(1)
            balance = (in_favour - against) / (in_favour + against + 1)
            columns += [balance[rna], np.log(in_favour + against + 0.1)[rna]]
        for scale in (1, 2):
            smooth = self.rna_like[scale] @ positive @ self.peptide_like[scale]
            columns.append(_walk(smooth)[rna, peptide])
        return np.stack(columns, axis=1).astype(np.float32)

    def kernel(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Product of RNA and peptide similarity, each the mean over three scales; (rows, others).

        The pairwise kernel of Ben-Hur and Noble 2005 (doi:10.1093/bioinformatics/bti1016).
        """
        rna = self._rna_kernel[np.ix_(self._rna[rows], self._rna[others])]
        return rna * self._peptide_kernel[np.ix_(self._peptide[rows], self._peptide[others])]

    def kernel_score(self, known: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Decision values of a support vector machine on `kernel`; arguments as for `votes`."""
        machine = SVC(C=10.0, kernel="precomputed", cache_size=500)
        machine.fit(self.kernel(known, known), np.asarray(y)[known])
        return machine.decision_function(self.kernel(rows, known)).astype(np.float32)


def _similarities(
    sequences: Sequence[str], words: Sequence[tuple], *, long: int, short: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number of each row's chain, and how alike the distinct chains are at each scale."""
    distinct, number = np.unique(np.asarray(sequences, dtype=object), return_inverse=True)
    chains = distinct.tolist()
    lengths = np.log([max(len(chain), 1) for chain in chains])
    same_length = np.exp(-2.0 * np.square(lengths[:, None] - lengths[None, :]))
    parts = [kmer_frequencies(chains, k, alphabet) for k, alphabet in words]
    composition = np.mean([_cosine(np.sqrt(part)) for part in parts], axis=0)
    similarities = [
        np.eye(len(chains)),
        _shared_words(chains, long),
        _shared_words(chains, short) * same_length,
        composition**4 * same_length,
    ]
    return number, [similarity.astype(np.float32) for similarity in similarities]


def _cosine(X: np.ndarray) -> np.ndarray:
    X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
    return X @ X.T


def _shared_words(chains: list[str], k: int) -> np.ndarray:
    """Cosine of the sets of k-letter words; a chain shorter than `k` is one word."""
    number: dict[str, int] = {}
    rows, columns = [], []
    for row, chain in enumerate(chains):
        words = {chain[start : start + k] for start in range(max(1, len(chain) - k + 1))}
        rows += [row] * len(words)
        columns += [number.setdefault(word, len(number)) for word in sorted(words)]
    ones = np.ones(len(rows), dtype=np.float32)
    table = sparse.csr_matrix((ones, (rows, columns)), shape=(len(chains), max(len(number), 1)))
    shared = (table @ table.T).toarray()
    size = np.diag(shared)
    return shared / np.sqrt(size[:, None] * size[None, :])


def _walk(weight: np.ndarray) -> np.ndarray:
    """Log probability-like weight of walking RNA - peptide - RNA - peptide."""
    from_rna = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)
    from_peptide = weight / np.maximum(weight.sum(axis=0, keepdims=True), 1e-6)
    return np.log(from_rna @ from_peptide.T @ from_rna + 1e-5)
