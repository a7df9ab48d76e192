"""Composition features: what a chain is made of, whatever the order of its parts.

These are the features of the shallow models (extra trees, kernels) against which a network is
measured. Every function takes sequences and gives an array with one row a sequence; the names of
its columns come from `feature_names`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

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
    """Share of each k-mer among the k-mers of a chain.

    Parameters
    ----------
    sequences : sequence of str
        Chains in `alphabet`.
    k : int
        Length of the k-mers, in residues.
    alphabet : Alphabet
        Letters to count; `CONJOINT` counts classes of residues.

    Returns
    -------
    numpy.ndarray, shape=(n, alphabet.size ** k), dtype=float32
        Rows sum to 1, or to 0 where the chain is shorter than `k` or holds unknown letters only.

    Examples
    --------
    >>> kmer_frequencies(["ACGU", "AAAN"], 1, RNA).tolist()
    [[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]
    """
    counts = kmer_counts(sequences, k, alphabet)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)


def conjoint_triads(sequences: Sequence[str]) -> np.ndarray:
    """Share of each triad of residue classes in a peptide or protein.

    Parameters
    ----------
    sequences : sequence of str
        Peptides.

    Returns
    -------
    numpy.ndarray, shape=(n, 343), dtype=float32
        Frequencies; see `CONJOINT` for the classes. Shen 2007, doi:10.1073/pnas.0607879104.

    Examples
    --------
    >>> triads = conjoint_triads(["AGV", "AAAR"])
    >>> triads.shape, triads[0, 0].item(), triads[1, 0].item()
    ((2, 343), 1.0, 0.5)
    """
    return kmer_frequencies(sequences, 3, CONJOINT)


def log_length(sequences: Sequence[str]) -> np.ndarray:
    """Natural logarithm of the length of each chain.

    Returns
    -------
    numpy.ndarray, shape=(n, 1), dtype=float32
        0 for an empty chain, so that it can be told from nothing shorter.

    Examples
    --------
    >>> log_length(["A", "ACG"]).round(2).tolist()
    [[0.0], [1.100000023841858]]
    """
    lengths = np.array([max(len(sequence), 1) for sequence in sequences], dtype=np.float32)
    return np.log(lengths)[:, None]


def rna_composition(sequences: Sequence[str], *, longest: int = 4) -> np.ndarray:
    """K-mer frequencies of an RNA for k from 1 to `longest`, and its length.

    Parameters
    ----------
    sequences : sequence of str
        RNA chains.
    longest : int
        Longest k-mer, in nucleotides.

    Returns
    -------
    numpy.ndarray, shape=(n, 4 + 16 + ... + 4 ** longest + 1), dtype=float32
        Columns as in ``feature_names("rna", longest=longest)``.

    Examples
    --------
    >>> rna_composition(["ACGUACGU"]).shape
    (1, 341)
    """
    blocks = [kmer_frequencies(sequences, k, RNA) for k in range(1, longest + 1)]
    return np.concatenate([*blocks, log_length(sequences)], axis=1)


def peptide_composition(sequences: Sequence[str]) -> np.ndarray:
    """Amino-acid frequencies, conjoint triads and the length of a peptide or protein.

    Returns
    -------
    numpy.ndarray, shape=(n, 20 + 343 + 1), dtype=float32
        Columns as in ``feature_names("peptide")``.

    Examples
    --------
    >>> peptide_composition(["MKV", "MKVRRW"]).shape
    (2, 364)
    """
    return np.concatenate(
        [
            kmer_frequencies(sequences, 1, PEPTIDE),
            conjoint_triads(sequences),
            log_length(sequences),
        ],
        axis=1,
    )


def pair_composition(rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
    """RNA and peptide composition side by side: the features of the extra-trees baseline.

    Each distinct chain is counted once, however many pairs it is part of.

    Parameters
    ----------
    rna, peptide : sequence of str
        The two chains of each pair.

    Returns
    -------
    numpy.ndarray, shape=(n, 705), dtype=float32
        Columns as in ``feature_names("pair")``.

    Raises
    ------
    ValueError
        If the two sequences of chains differ in number.

    Examples
    --------
    >>> pair_composition(["ACGU", "ACGU"], ["MKV", "MRW"]).shape
    (2, 705)
    """
    if len(rna) != len(peptide):
        raise ValueError(
            f"pair_composition: found {len(rna)} RNAs and {len(peptide)} peptides; "
            "expected one of each a pair"
        )
    rna_chains, rna_index = np.unique(np.asarray(rna, dtype=object), return_inverse=True)
    peptides, peptide_index = np.unique(np.asarray(peptide, dtype=object), return_inverse=True)
    return np.concatenate(
        [
            rna_composition(rna_chains.tolist())[rna_index],
            peptide_composition(peptides.tolist())[peptide_index],
        ],
        axis=1,
    )


def feature_names(kind: str, *, longest: int = 4) -> list[str]:
    """Names of the columns of a composition array.

    Parameters
    ----------
    kind : {"rna", "peptide", "pair"}
        Which array: of `rna_composition`, `peptide_composition` or `pair_composition`.
    longest : int
        Longest RNA k-mer, as given to `rna_composition`.

    Returns
    -------
    list of str
        Such as ``"rna GGA"``, ``"peptide triad A-R-D"``, ``"rna log length"``.

    Raises
    ------
    ValueError
        If `kind` is none of the three.

    Examples
    --------
    >>> feature_names("rna")[:5]
    ['rna A', 'rna C', 'rna G', 'rna U', 'rna AA']
    >>> len(feature_names("pair"))
    705
    """
    rna = [
        "rna " + "".join(letters) for k in range(1, longest + 1) for letters in product(RNA.letters, repeat=k)
    ]
    rna.append("rna log length")
    peptide = [f"peptide {letter}" for letter in PEPTIDE.letters]
    peptide += ["peptide triad " + "-".join(letters) for letters in product(CONJOINT.letters, repeat=3)]
    peptide.append("peptide log length")
    names = {"rna": rna, "peptide": peptide, "pair": rna + peptide}
    if kind not in names:
        raise ValueError(f"feature_names: kind is {kind!r}; expected one of {sorted(names)}")
    return names[kind]
