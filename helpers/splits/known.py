"""How a DNA sequence stands to those that a model was trained on: identical, near or new."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from helpers.readers.fasta import read_fasta, write_fasta
from helpers.sequences import encoding, homology
from helpers.sequences.alphabet import DNA

WORD = 20
"""nt of the words that near promoters have in common, on either strand."""

NEAR = 0.05
"""Least share of a promoter's words. One word alone is often a repeat that hundreds of promoters have."""


class Known:
    """Promoters that a model was trained on.

    Parameters
    ----------
    ids, sequences : sequence of str
        Ids and promoters, clean.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a, b = ("".join(rng.choice(list("ACGT"), 60)) for _ in range(2))
    >>> turned = encoding.reverse_complement(a, DNA)
    >>> Known(["g1"], [a]).standing([turned, b[:30] + turned[:30], b])["training"].tolist()
    ['identical', 'near', 'new']
    """

    columns: ClassVar[list[str]] = ["training", "training_id", "shared"]
    """What `standing` adds to a table."""

    def __init__(self, ids: Sequence[str], sequences: Sequence[str]) -> None:
        self.ids, self.sequences = list(ids), list(sequences)
        firsts = zip(either_strand(self.sequences)[::-1], range(len(self.ids))[::-1], strict=True)
        self._whole = dict(firsts)

    def standing(self, sequences: Sequence[str]) -> pd.DataFrame:
        """A row for each promoter.

        Returns
        -------
        pandas.DataFrame
            ``training``: identical (the same promoter, on either strand), near (at least `NEAR` of its
            words stand in one training promoter) or new; ``training_id``: the one with most of
            them; ``shared``: their share, from 0 to 1.
        """
        vocabulary, members = self._words
        hashes, owner = _hashes(sequences)
        places = np.minimum(np.searchsorted(vocabulary, hashes), max(len(vocabulary) - 1, 0))
        sizes = np.maximum(np.bincount(owner, minlength=len(sequences)), 1)
        there = vocabulary[places] == hashes if len(vocabulary) else np.zeros(len(hashes), dtype=bool)
        mine = _membership(places[there], owner[there], (len(vocabulary), len(sequences)))
        common = (mine.T @ members).tocsr()
        rows = []
        for number, text in enumerate(either_strand(sequences)):
            part = common[number]
            best = int(part.data.argmax()) if part.nnz else -1
            share = round(float(part.data[best]) / sizes[number], 3) if part.nnz else 0.0
            if text in self._whole:
                rows.append(("identical", self.ids[self._whole[text]], 1.0))
            elif share >= NEAR:
                rows.append(("near", self.ids[int(part.indices[best])], share))
            else:
                rows.append(("new", "", share))
        return pd.DataFrame(rows, columns=self.columns)

    def save(self, path: str | Path) -> Path:
        """Write the promoters as FASTA: gzip if the name ends in ``.gz``."""
        return write_fasta(path, zip(self.ids, self.sequences, strict=True), width=0)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; ValueError if it is missing or not whole."""
        table = read_fasta(path, DNA)
        if (table["status"] == "rejected").any():
            raise ValueError(
                f"{path}: not the promoters that the training notebook writes; copy the model again"
            )
        return cls(table["id"].tolist(), table["sequence"].tolist())

    @cached_property
    def _words(self) -> tuple[np.ndarray, sparse.csr_matrix]:
        """The distinct words, ascending, and which of them (row) each promoter (column) holds."""
        hashes, owner = _hashes(self.sequences)
        vocabulary, places = np.unique(hashes, return_inverse=True)
        return vocabulary, _membership(places, owner, (len(vocabulary), len(self.ids)))


def either_strand(sequences: Sequence[str]) -> list[str]:
    """The same text for a promoter and its reverse complement: the first of the two in the alphabet.

    Examples
    --------
    >>> either_strand(["TTA", "TAA"])
    ['TAA', 'TAA']
    """
    return [min(text, encoding.reverse_complement(text, DNA)) for text in sequences]


def _hashes(sequences: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    return homology.kmer_hashes(list(sequences), k=WORD, alphabet=DNA, both_strands=True)


def _membership(words: np.ndarray, owner: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Which word (row) each promoter (column) holds, however often."""
    found = sparse.csr_matrix((np.ones(len(words), np.int32), (words, owner)), shape=shape)
    found.data[:] = 1
    return found
