"""Which guides a model was trained on, as hashes: small enough to travel with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from helpers.sequences.alphabet import RNA
from helpers.sequences.homology import kmer_hashes


class KnownGuides(NamedTuple):
    """Guides that a model was trained on, as hashes: they can be passed on where the guides may not be.

    Attributes
    ----------
    guides : dict of str to str
        For the hash of each guide the key of its mRNA.
    words : frozenset of int
        Hashes of 40 bits of all stretches of 15 nt.

    Examples
    --------
    >>> known = KnownGuides.of(["ACGUACGUACGUACGUACGUA"], ["m1"])
    >>> known.standing(["ACGUACGUACGUACGUACGUA", "A" * 21, "A" * 21], ["m1", "m1", "m2"])
    ['identical', 'near', 'new']
    """

    guides: dict[str, str]
    words: frozenset[int]

    @classmethod
    def of(cls, guides: Sequence[str], keys: Sequence[str]) -> KnownGuides:
        """Take in guides, each with the key of its mRNA."""
        named = {_digest(guide): key for guide, key in zip(guides, keys, strict=True)}
        return cls(named, frozenset(_words(guides)[0].tolist()))

    def standing(self, guides: Sequence[str], keys: Sequence[str]) -> list[str]:
        """How each guide on its mRNA stands to those of training: identical, near or new."""
        learnt = set(self.guides.values())
        hashes, owner = _words(guides)
        like = set(owner[[one in self.words for one in hashes.tolist()]].tolist())
        return [
            "identical" if self.guides.get(_digest(guide)) == key
            else "near" if key in learnt or place in like else "new"
            for place, (guide, key) in enumerate(zip(guides, keys, strict=True))
        ]  # fmt: skip


def _digest(guide: str) -> str:
    return hashlib.blake2b(guide.encode(), digest_size=8).hexdigest()


def _words(guides: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the stretches that near guides share, and whose they are."""
    hashes, owner = kmer_hashes(list(guides), k=15, alphabet=RNA)
    return hashes >> np.uint64(24), owner
