"""Families of sequences by local alignment: shared words propose a pair, the alignment decides.

Words alone find copies (`helpers.sequences.homology.homology_groups`). Homologous proteins of two species
often keep a third of their residues and hardly a word, so families need alignments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import parasail

from helpers.sequences.alphabet import Alphabet
from helpers.sequences.homology import distinct, shared_words


class Rule(NamedTuple):
    """When a local alignment makes two sequences homologs, and which pairs are aligned at all.

    `identity` is the least share of equal letters in the alignment, `coverage` the least share of the
    shorter sequence in it, `score` the least alignment score, which chance alone does not reach. A gap
    costs `gap_open`, then `gap_extend` a letter. Pairs with `words` common words of `k` letters are aligned.
    """

    matrix: parasail.Matrix
    gap_open: int
    gap_extend: int
    score: int
    identity: float
    coverage: float
    k: int
    words: int


_NUCLEOTIDES = (5, 2, 36, 0.7, 0.5, 10, 1)
RULES = {
    "peptide": Rule(parasail.blosum62, 11, 1, 80, 0.3, 0.5, 3, 1),
    "RNA": Rule(parasail.matrix_create("ACGU", 2, -3), *_NUCLEOTIDES),
    "DNA": Rule(parasail.matrix_create("ACGT", 2, -3), *_NUCLEOTIDES),
}
"""The rule of each alphabet: 30 % identity for peptides, 70 % for RNA and DNA, over half the shorter one."""


def families(sequences: Sequence[str], *, alphabet: Alphabet) -> np.ndarray:
    """Group sequences that are homologs by the rule of their alphabet, directly or through others.

    Parameters
    ----------
    sequences : sequence of str, length n
        Upper-case sequences; equal ones always share a family.
    alphabet : Alphabet
        RNA, DNA (either strand) or PEPTIDE.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        Family of each sequence, numbered in order of first appearance: the connected components of the
        alignments, so two members of one family need not be alike themselves.

    Notes
    -----
    By chance a score of 80 (BLOSUM62) is reached in one pair of 150-residue peptides in 2 million, one of
    36 (match 2, mismatch -3) in one pair of a 20-nt RNA and a 3,000-nt RNA in 200,000. What is missed:
    peptides below 30 % identity that fold alike, and RNAs below 18 nt or peptides below about 15
    residues, unless they are equal. A pair of peptides takes 30 µs: 800 of them 10 s, 10,000 half an
    hour. For more, or for near copies alone, take `homology_groups`.

    Examples
    --------
    >>> from helpers.sequences.alphabet import PEPTIDE
    >>> chains = ["MATVNQLVRKPRARKVAKSNVPALEA", "MATVNQLLRKPRPRKVSKSNAPALEA", "KVFGRCELAAAMKRHGLDNYRG"]
    >>> families(chains, alphabet=PEPTIDE).tolist()
    [0, 0, 1]
    """
    if alphabet.name not in RULES:
        raise ValueError(f"alphabet is {alphabet.name!r}; expected one of {', '.join(RULES)}")
    rule = RULES[alphabet.name]
    codes, texts = distinct(sequences, alphabet)
    parent = list(range(len(texts)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    for one, others in _proposals(texts, rule, alphabet):
        profile = parasail.profile_create_sat(texts[one], rule.matrix)
        for other in others:
            # Two that are related through others already need no alignment.
            if root(one) != root(other) and any(
                _homologs(profile, texts[one], strand, rule) for strand in _strands(texts[other], alphabet)
            ):
                parent[root(other)] = root(one)
    return pd.factorize(np.array([root(code) for code in range(len(texts))], dtype=np.int64)[codes])[
        0
    ].astype(np.int64)


def _proposals(texts: list[str], rule: Rule, alphabet: Alphabet) -> Iterator[tuple[int, list[int]]]:
    """Each sequence with the later ones that share enough words with it."""
    for row, other, _ in shared_words(texts, k=rule.k, least=rule.words, alphabet=alphabet):
        for one in np.unique(row):
            yield int(one), other[row == one].tolist()


def _strands(text: str, alphabet: Alphabet) -> list[str]:
    return [text, alphabet.complement(text)[::-1]] if alphabet.double_stranded else [text]


def _homologs(profile: parasail.Profile, one: str, other: str, rule: Rule) -> bool:
    gaps = rule.gap_open, rule.gap_extend
    if parasail.sw_striped_profile_sat(profile, other, *gaps).score < rule.score:
        return False
    found = parasail.sw_stats_striped_sat(one, other, *gaps, rule.matrix)
    enough = found.matches >= rule.identity * found.length
    return enough and found.length >= rule.coverage * min(len(one), len(other))
