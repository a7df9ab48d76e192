"""Which windows a model was trained on, as hashes: small enough to travel with it.

What the model learnt from is not passed on, and yet it can be said of any other window whether it
stands there as it is, shares a stretch with one that does, or is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.project.paths import atomic_path
from helpers.sequences import homology
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.data import NEAR, middle

STANDINGS = ("identical", "near", "new")
"""How a window stands to those of training, from the best known to the least."""
_BITS = np.uint64(40)
_LEAST_WORD = 18
_PROBE = "ACGUUGCAGGAUCCGUAACGUUGCAGGAUCCGUA"


class KnownWindows(NamedTuple):
    """The windows that a model was trained on.

    Attributes
    ----------
    length : int
        Letters of a window that the model reads, the site in the middle.
    word, stretch : int
        A window is near if it shares a stretch of `stretch` nt with one of training. Each such
        stretch is found; one of at least `word` nt may be found, a shorter one never.
    windows, words : numpy.ndarray, dtype=uint64
        Hashes of 40 bits, ascending.
    """

    length: int
    word: int
    stretch: int
    windows: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], length: int) -> KnownWindows:
        """Take in training windows, cut to `length` letters.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> a, b = ("".join(rng.choice(list("ACGU"), 81)) for _ in range(2))
        >>> known = KnownWindows.of([a], 81)
        >>> known.standing([a, a[20:] + b[:20], b])
        ['identical', 'near', 'new']
        """
        cut = [_bare(text, length) for text in texts]
        median = int(np.median([len(text) for text in cut])) if cut else NEAR
        stretch = min(NEAR, max(_LEAST_WORD + 2, median))
        word = max(stretch // 2, _LEAST_WORD)
        hashes, owner = homology.kmer_hashes(cut, k=word, alphabet=RNA)
        # The smallest hash of all words of a stretch is the same wherever the stretch stands.
        least = [
            np.unique(sliding_window_view(part, min(len(part), stretch - word + 1)).min(axis=1))
            for part in np.split(_short(hashes), np.flatnonzero(np.diff(owner)) + 1)
            if len(part)
        ]
        words = np.unique(np.concatenate(least)) if least else np.empty(0, dtype=np.uint64)
        return cls(length, word, stretch, np.unique(_whole(cut)), words)

    def standing(self, texts: Sequence[str]) -> list[str]:
        """How each window stands to training, one of `STANDINGS`; what lies beyond an RNA may be left out."""
        cut = [_bare(text, self.length) for text in texts]
        hashes, owner = homology.kmer_hashes(cut, k=self.word, alphabet=RNA)
        found = np.full(len(cut), "new", dtype="U9")
        found[owner[_among(_short(hashes), self.words)]] = "near"
        found[_among(_whole(cut), self.windows)] = "identical"
        return found.tolist()

    def save(self, path: str | Path) -> None:
        """Write the hashes to an ``.npz`` file, as differences, which are short."""
        arrays = {name: np.diff(getattr(self, name), prepend=np.uint64(0)) for name in ("windows", "words")}
        about = np.array([self.length, self.word, self.stretch])
        with atomic_path(path) as part:
            np.savez_compressed(part, about=about, probe=_probe(self.word), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> KnownWindows:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If there is no such file, it is another one, or this version makes other hashes.
        """
        path = Path(path)
        if not path.is_file():
            raise ValueError(f"{path}: the hashes of the training windows are missing; copy the whole folder")
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in ("about", "probe", "windows", "words")}
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise ValueError(
                f"{path}: not the hashes that notebook 01 writes ({error}); copy the folder again"
            ) from error
        length, word, stretch = (int(value) for value in found["about"])
        if not np.array_equal(found["probe"], _probe(word)):
            raise ValueError(
                f"{path}: its hashes are made in another way than here. Use the versions that the card "
                "names, or run notebook 01 again"
            )
        whole = (np.cumsum(found[name], dtype=np.uint64) for name in ("windows", "words"))
        return cls(length, word, stretch, *whole)


def _bare(text: str, length: int) -> str:
    """The letters of a window that are there: N at its ends is what lies beyond an RNA."""
    return middle(text, length).strip(RNA.unknown)


def _among(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which hashes are among ascending ones; `numpy.isin` would look at all of those for each window."""
    if not len(known):
        return np.zeros(len(hashes), dtype=bool)
    return known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes


def _short(hashes: np.ndarray) -> np.ndarray:
    return hashes >> (np.uint64(64) - _BITS)


def _whole(texts: Iterable[str]) -> np.ndarray:
    digests = (hashlib.blake2b(text.encode(), digest_size=int(_BITS) // 8).digest() for text in texts)
    return np.array([int.from_bytes(one, "little") for one in digests], dtype=np.uint64)


def _probe(word: int) -> np.ndarray:
    return _short(homology.kmer_hashes([_PROBE], k=min(word, len(_PROBE)), alphabet=RNA)[0])
