"""Promoters of a main and of related species, encoded once for all models of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import keras
import numpy as np
import pandas as pd

from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response import network
from helpers.training import augmentation


class PromoterTable:
    """Promoters of the main species and of related ones, encoded once.

    Parameters
    ----------
    promoters : pandas.DataFrame
        ``sequence, label, group``, one row a promoter of the main species.
    orthologs : pandas.DataFrame, optional
        The same for related species.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACGT", "GGGT"], "label": [1, 0], "group": ["a", "b"]})
    >>> table = PromoterTable(rows, rows.iloc[:1])
    >>> table.X.shape, table.usable(np.array([0])).tolist(), table.usable(np.array([1])).tolist()
    ((2, 4, 4), [0], [])
    """

    def __init__(self, promoters: pd.DataFrame, orthologs: pd.DataFrame | None = None) -> None:
        related = promoters.iloc[:0] if orthologs is None else orthologs
        self.sequences = promoters["sequence"].tolist()
        self.related_sequences = related["sequence"].tolist()
        self.length = len(self.sequences[0])
        self.X = encoding.one_hot(self.sequences, DNA, length=self.length)
        self.related = encoding.one_hot(self.related_sequences, DNA, length=self.length)
        self.y = promoters["label"].to_numpy(dtype=np.float32)
        self.related_y = related["label"].to_numpy(dtype=np.float32)
        self.groups = promoters["group"].to_numpy(dtype=object)
        self.related_groups = related["group"].to_numpy(dtype=object)
        self.links = augmentation.links_by_group(list(self.groups), list(self.related_groups))
        self._counts: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        """Number of promoters of the main species."""
        return len(self.y)

    def usable(self, train: np.ndarray) -> np.ndarray:
        """Related rows that may be trained on: their group has no promoter outside `train`."""
        outside = np.ones(len(self), dtype=bool)
        outside[train] = False
        return np.flatnonzero(~np.isin(self.related_groups, self.groups[outside]))

    @cached_property
    def kmers(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts of 4- to 6-mers on both strands, of the main and of the related promoters."""
        joined = np.concatenate(
            [_both_strands(self.sequences + self.related_sequences, k) for k in (4, 5, 6)], axis=1
        )
        return joined[: len(self)], joined[len(self) :]

    def motif_counts(self, model: keras.Model, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Counts of a motif scanner's fixed part, kept under `key`, for both tables."""
        if key not in self._counts:
            counter, _ = network.scanner_parts(model)
            self._counts[key] = (
                counter.predict(self.X, batch_size=32, verbose=0),
                counter.predict(self.related, batch_size=32, verbose=0)
                if len(self.related)
                else np.zeros((0, *counter.output_shape[1:]), dtype=np.float32),
            )
        return self._counts[key]


def _both_strands(sequences: Sequence[str], k: int) -> np.ndarray:
    """Counts of k-mers, each added up with its reverse complement."""
    counts = encoding.kmer_counts(sequences, k, DNA)
    words = encoding.kmers(k, DNA)
    place = {word: number for number, word in enumerate(words)}
    turned = np.array([place[encoding.reverse_complement(word, DNA)] for word in words])
    first = np.flatnonzero(np.arange(len(words)) <= turned)
    return counts[:, first] + counts[:, turned[first]]
