"""How a DNA sequence stands to those that a model was trained on: identical, near or new.

Only hashes are kept, so that a model can be passed on where its training sequences may not be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from helpers.project.paths import atomic_path
from helpers.sequences import encoding, homology
from helpers.sequences.alphabet import DNA

WORD = 20
"""nt of the words that near promoters have in common, on either strand."""

NEAR = 0.05
"""Least share of a promoter's words. One word alone is often a repeat that hundreds of promoters have."""

_MOST = 100_000
"""Words that are kept of all promoters together: one in every so many, chosen by its hash."""
_BITS = np.uint64(40)
_PROBE = "ACGTTGCAGGATCCGTAACGTTGCAGGATCCGTA"
_ARRAYS = ("whole", "words", "indices", "indptr")


class Known:
    """Promoters that a model was trained on, as hashes.

    Parameters
    ----------
    ids, sequences : sequence of str
        Ids and promoters, clean.

    Notes
    -----
    Of very many words one in every `scale` is kept, of training and of queries alike (FracMinHash,
    doi:10.12688/f1000research.19675.1): shares are estimates then.

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
        hashes, owner = homology.kmer_hashes(list(sequences), k=WORD, alphabet=DNA, both_strands=True)
        self.ids, self.scale = list(ids), max(1, -(-len(hashes) // _MOST))
        self.whole = _whole(sequences)
        hashes, owner = self._kept(hashes, owner)
        self.words, places = np.unique(hashes, return_inverse=True)
        self.members = _membership(places, owner, (len(self.words), len(self.ids)))

    def standing(self, sequences: Sequence[str]) -> pd.DataFrame:
        """A row for each promoter.

        Returns
        -------
        pandas.DataFrame
            ``training``: identical (the same promoter, on either strand), near (at least `NEAR` of its
            words stand in one training promoter) or new; ``training_id``: the one with most of
            them; ``shared``: their share, from 0 to 1.
        """
        given = homology.kmer_hashes(list(sequences), k=WORD, alphabet=DNA, both_strands=True)
        hashes, owner = self._kept(*given)
        places = np.minimum(np.searchsorted(self.words, hashes), max(len(self.words) - 1, 0))
        sizes = np.maximum(np.bincount(owner, minlength=len(sequences)), 1)
        there = self.words[places] == hashes if len(self.words) else np.zeros(len(hashes), dtype=bool)
        mine = _membership(places[there], owner[there], (len(self.words), len(sequences)))
        common = (mine.T @ self.members).tocsr()
        first = dict(zip(self.whole.tolist()[::-1], range(len(self.ids))[::-1], strict=True))
        rows = []
        for number, text in enumerate(_whole(sequences).tolist()):
            part = common[number]
            best = int(part.data.argmax()) if part.nnz else -1
            share = round(float(part.data[best]) / sizes[number], 3) if part.nnz else 0.0
            if text in first:
                rows.append(("identical", self.ids[first[text]], 1.0))
            elif share >= NEAR:
                rows.append(("near", self.ids[int(part.indices[best])], share))
            else:
                rows.append(("new", "", share))
        return pd.DataFrame(rows, columns=self.columns)

    def save(self, path: str | Path) -> None:
        """Write ids and hashes to an ``.npz`` file."""
        arrays = {
            "about": np.array([WORD, self.scale]), "probe": _probe(), "ids": np.array(self.ids, dtype=str),
            "whole": self.whole, "words": np.diff(self.words, prepend=np.uint64(0)),
            "indices": self.members.indices, "indptr": self.members.indptr,
        }  # fmt: skip
        with atomic_path(path) as part, part.open("wb") as handle:
            np.savez_compressed(handle, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If there is no such file, it is another one, or this version makes other hashes.
        """
        path = Path(path)
        if not path.is_file():
            raise ValueError(
                f"{path}: the hashes of the training promoters are missing; copy the whole folder"
            )
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in ("about", "probe", "ids", *_ARRAYS)}
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise ValueError(
                f"{path}: not the hashes that the training notebook writes ({error}); copy the model again"
            ) from error
        if found["about"][0] != WORD or not np.array_equal(found["probe"], _probe()):
            raise ValueError(
                f"{path}: its hashes are made in another way than here. Use the versions that the card "
                "names, or run the training notebook again"
            )
        known = cls.__new__(cls)
        known.ids, known.scale, known.whole = found["ids"].tolist(), int(found["about"][1]), found["whole"]
        known.words = np.cumsum(found["words"], dtype=np.uint64)
        shape = (len(known.words), len(known.ids))
        ones = np.ones(len(found["indices"]), np.int32)
        known.members = sparse.csr_matrix((ones, found["indices"], found["indptr"]), shape=shape)
        return known

    def _kept(self, hashes: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The words that are looked at, shortened, and whose they are."""
        short = hashes >> (np.uint64(64) - _BITS)
        kept = short % np.uint64(self.scale) == 0
        return short[kept], owner[kept]


def either_strand(sequences: Sequence[str]) -> list[str]:
    """The same text for a promoter and its reverse complement: the first of the two in the alphabet.

    Examples
    --------
    >>> either_strand(["TTA", "TAA"])
    ['TAA', 'TAA']
    """
    return [min(text, encoding.reverse_complement(text, DNA)) for text in sequences]


def _whole(sequences: Iterable[str]) -> np.ndarray:
    digests = (
        hashlib.blake2b(text.encode(), digest_size=8).digest() for text in either_strand(list(sequences))
    )
    return np.array([int.from_bytes(one, "little") for one in digests], dtype=np.uint64)


def _probe() -> np.ndarray:
    return homology.kmer_hashes([_PROBE], k=WORD, alphabet=DNA, both_strands=True)[0]


def _membership(words: np.ndarray, owner: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Which word (row) each promoter (column) holds, however often."""
    found = sparse.csr_matrix((np.ones(len(words), np.int32), (words, owner)), shape=shape)
    found.data[:] = 1
    return found
