"""SiRNAs at their sites, with what the models of the comparison need of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import kmer_counts, one_hot
from helpers.tracks.sirna_efficacy.features import catalogue
from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, FLANK, GUIDE

# Named features that the Gaussian process and the support vectors read.
NAMED = catalogue().query("group != 'k-mers'")["feature"].tolist()
# Named features that the network reads beside the letters; it can see the rules itself.
PLAIN = catalogue().query("group not in ('k-mers', 'rules')")["feature"].tolist()
PLAIN = [name for name in PLAIN if not name.startswith("step_")]

_CLIP = 5.0


class Scaler(NamedTuple):
    """Columns less their mean, in standard deviations of the training rows, held within five.

    Examples
    --------
    >>> Scaler.of(np.array([[0.0], [2.0]])).apply(np.array([[3.0]])).tolist()
    [[2.0]]
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Scaler:
        """Scaler of some rows; a column that never changes becomes zero."""
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation > 1e-9, deviation, np.inf))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Scaled rows, shape (n, columns)."""
        return np.clip((values - self.mean) / self.deviation, -_CLIP, _CLIP)


class Table:
    """SiRNAs at their sites, with what several predictors need of them computed once.

    Parameters
    ----------
    guides, contexts, mrnas : sequence of str
        Guide (21 nt), target context (57 nt) and whole mRNA of each row.
    starts : array-like of int, shape=(n,)
        Where the site starts on the mRNA, 0-based.
    features : pandas.DataFrame
        As `helpers.tracks.sirna_efficacy.features.compute` gives it.
    y : array-like, shape=(n,), optional
        Measured efficacy, the fraction of the mRNA that is silenced.

    Examples
    --------
    >>> features = pd.DataFrame(0.0, index=range(2), columns=catalogue()["feature"])
    >>> texts = (["A" * n] * 2 for n in (21, 57, 60))
    >>> table = Table(*texts, starts=[0, 1], features=features, y=[0.1, 0.9])
    >>> len(table), table.letters.shape, len(set(table.mrna))
    (2, (2, 84), 1)
    """

    def __init__(
        self,
        guides: Sequence[str],
        contexts: Sequence[str],
        mrnas: Sequence[str],
        *,
        starts: Any,
        features: pd.DataFrame,
        y: Any = None,
    ) -> None:
        sizes = {len(guides), len(contexts), len(mrnas), len(starts), len(features)}
        if len(sizes) != 1 or (y is not None and len(y) not in sizes):
            raise ValueError(
                f"Table: found {len(guides)} guides, {len(contexts)} contexts, {len(mrnas)} mRNAs, "
                f"{len(starts)} starts and {len(features)} rows of features; expected one of each"
            )
        self.guides = list(guides)
        self.guide = one_hot(guides, RNA, length=GUIDE)
        self.target = one_hot(contexts, RNA, length=CONTEXT)
        self.features = features.reset_index(drop=True)
        self.starts = np.asarray(starts, dtype=np.float64)
        self.y = np.full(len(guides), np.nan) if y is None else np.asarray(y, dtype=np.float64)
        index, distinct = pd.factorize(np.asarray(mrnas, dtype=object))
        self.mrna = mrna_keys(mrnas)
        shares = kmer_counts(list(distinct), 1, RNA, frequencies=True)
        self.mrna_letters = np.c_[shares, np.log([max(len(text), 1) for text in distinct])][index]
        self.words = np.concatenate([kmer_counts(contexts, k, RNA) for k in (1, 2, 3)], axis=1)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def letters(self) -> np.ndarray:
        """Letters of the guide, shape (n, 84)."""
        return self.guide.reshape(len(self.guide), -1).astype(np.float64)

    @cached_property
    def broken(self) -> np.ndarray:
        """Letters that face one another without pairing, guide's and target's, shape (n, 168)."""
        facing = self.target[:, FLANK : FLANK + GUIDE][:, ::-1, ::-1]
        apart = 1 - (self.guide * facing).sum(axis=2, keepdims=True)
        both = apart * np.concatenate([self.guide, facing], axis=2)
        return both.reshape(len(both), -1).astype(np.float64)

    def named(self, rows: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Some of the named features of some rows, not scaled."""
        return self.features[names].to_numpy(dtype=np.float64)[rows]

    def raw(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Blocks of the Gaussian process before scaling."""
        return {
            "letters": self.letters[rows],
            "broken": self.broken[rows],
            "named": self.named(rows, NAMED),
            "context": self.target[rows].reshape(len(rows), -1).astype(np.float64),
            "words": self.words[rows].astype(np.float64),
            "mrna_letters": self.mrna_letters[rows],
            "mrna": self.mrna[rows],
            "place": self.starts[rows],
        }

    def inputs(self, rows: np.ndarray, scaler: Scaler) -> list[np.ndarray]:
        """Inputs of the network: guide, target, named features."""
        named = scaler.apply(self.named(rows, PLAIN)).astype(np.float32)
        return [self.guide[rows], self.target[rows], named]


def mrna_keys(mrnas: Sequence[str]) -> np.ndarray:
    """An mRNA is known by what it is, not by what it is called: its length and its digest."""
    index, distinct = pd.factorize(np.asarray(mrnas, dtype=object))
    keys = [f"{len(text)}-{hashlib.sha256(text.encode()).hexdigest()[:12]}" for text in distinct]
    return np.array(keys)[index]
