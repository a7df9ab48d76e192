"""Composition features: what a chain is made of, whatever the order of its parts.

These are the features of the shallow models (extra trees, kernels) against which a network is
measured. Every function takes sequences and gives an array with one row a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet
from helpers.sequences.encoding import kmer_counts

CONJOINT = Alphabet(
    "seven-class peptide",
    "AIYHRDC",
    "X",
    PEPTIDE.ambiguous,
    {
        **dict.fromkeys("GV", "A"),
        **dict.fromkeys("LFP", "I"),
        **dict.fromkeys("MTS", "Y"),
        **dict.fromkeys("NQW", "H"),
        "K": "R",
        "E": "D",
    },
)
"""The twenty residues in seven classes by dipole and side-chain volume, each named by its first
residue (Shen 2007, doi:10.1073/pnas.0607879104)."""


def kmer_frequencies(sequences: Sequence[str], k: int, alphabet: Alphabet) -> np.ndarray:
    """Share of each k-mer among the k-mers of a chain; `CONJOINT` counts classes of residues.

    Returns
    -------
    numpy.ndarray, shape=(n, alphabet.size ** k), dtype=float32
        Rows sum to 1, or to 0 where the chain is shorter than `k` or holds unknown letters only.

    Examples
    --------
    >>> kmer_frequencies(["ACGU", "AAAN"], 1, RNA).tolist()
    [[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]
    """
    return kmer_counts(sequences, k, alphabet, frequencies=True)


def pair_composition(rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
    """RNA and peptide composition side by side: the features of the extra-trees baseline.

    Of the RNA the shares of the 1-mers to 4-mers, of the peptide those of its residues and of the
    triads of classes (`CONJOINT`); of both the natural logarithm of the length.

    Returns
    -------
    numpy.ndarray, shape=(n, 340 + 1 + 20 + 343 + 1), dtype=float32

    Examples
    --------
    >>> pair_composition(["ACGU", "ACGU"], ["MKV", "MRW"]).shape
    (2, 705)
    """
    if len(rna) != len(peptide):
        raise ValueError(f"found {len(rna)} RNAs and {len(peptide)} peptides; expected one of each a pair")
    rna_words = [(k, RNA) for k in (1, 2, 3, 4)]
    return np.hstack([_composition(rna, rna_words), _composition(peptide, [(1, PEPTIDE), (3, CONJOINT)])])


def _composition(chains: Sequence[str], words: Sequence[tuple[int, Alphabet]]) -> np.ndarray:
    """Shares of the words of each length and log length; each distinct chain is counted once."""
    distinct, row = np.unique(np.asarray(chains, dtype=object), return_inverse=True)
    parts = [kmer_frequencies(distinct.tolist(), k, alphabet) for k, alphabet in words]
    lengths = np.array([max(len(chain), 1) for chain in distinct], dtype=np.float32)
    return np.hstack([*parts, np.log(lengths)[:, None]])[row]
