"""Chains of any length, kept as one byte a residue and one-hot encoded a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from helpers.sequences.alphabet import PAD, Alphabet
from helpers.sequences.encoding import from_codes

_STEPS = (1.0, 1.25, 1.5, 1.75)


def padded_length(longest: int) -> int:
    """Smallest of a small set of lengths that holds `longest` residues.

    A network is compiled once for every shape it meets, and padding costs time: the set has four
    lengths to each doubling, all multiples of 8, from 16.

    Examples
    --------
    >>> [padded_length(n) for n in (1, 16, 17, 33, 60, 80, 100, 2900)]
    [16, 16, 24, 40, 64, 80, 112, 3072]
    """
    power = 32
    while power <= longest // 2:
        power *= 2
    sizes = [16, 24, *(int(power * step) for step in _STEPS), power * 2]
    return next(size for size in sizes if size >= longest)


class Chains:
    """One input of a model: the chain of each row, each distinct chain kept once.

    Parameters
    ----------
    codes : sequence of numpy.ndarray
        Distinct chains as uint8 codes of `alphabet`.
    index : numpy.ndarray, shape=(n,), dtype=int
        Which of `codes` each row holds.
    alphabet : Alphabet
        Letters of the chains.
    length : int or None
        Residues that a model sees of every chain, for models of fixed size: shorter chains are
        padded, longer ones cut at the right end. None keeps chains whole.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> chains = Chains.from_sequences(["ACGU", "GG", "ACGU"], RNA)
    >>> len(chains), chains.lengths.tolist(), len(chains.codes)
    (3, [4, 2, 4], 2)
    >>> chains[[1]].one_hot().shape
    (1, 16, 4)
    """

    def __init__(
        self, codes: Sequence[np.ndarray], index: np.ndarray, alphabet: Alphabet, *, length: int | None = None
    ) -> None:
        self.codes = codes
        self.index = np.asarray(index, dtype=np.int64)
        self.alphabet = alphabet
        self.length = length
        sizes = np.array([len(chain) for chain in codes], dtype=np.int64)
        self.lengths = sizes[self.index] if len(sizes) else np.zeros(0, dtype=np.int64)

    @classmethod
    def from_sequences(
        cls,
        sequences: Sequence[str],
        alphabet: Alphabet,
        *,
        length: int | None = None,
        truncate: bool = False,
    ) -> Chains:
        """Encode upper-case chains; those longer than `length` are refused, or cut with `truncate`.

        Raises
        ------
        ValueError
            If a chain is empty, holds a letter outside the alphabet, or is too long.
        """
        distinct: dict[str, int] = {}
        index = np.array([distinct.setdefault(s, len(distinct)) for s in sequences], dtype=np.int64)
        if "" in distinct:
            raise ValueError(
                f"row {list(sequences).index('') + 1} holds an empty {alphabet.name} chain; leave the row out"
            )
        if length is not None and not truncate and (longest := max(map(len, distinct), default=0)) > length:
            raise ValueError(
                f"{alphabet.name} chain of {longest} residues; the model takes {length}; give truncate=True"
            )
        codes = [alphabet.encode(sequence) for sequence in distinct]
        return cls(codes, index, alphabet, length=length)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.index)

    def __getitem__(self, rows: Any) -> Chains:
        """Chains of some rows, given as a slice, an index array or a mask."""
        return Chains(self.codes, self.index[rows], self.alphabet, length=self.length)

    def padded(self) -> np.ndarray:
        """Length each row needs, from the set of `padded_length`, or `length` if that is fixed."""
        if self.length is not None:
            return np.full(len(self), self.length, dtype=np.int64)
        sizes, inverse = np.unique(self.lengths, return_inverse=True)
        table = np.array([padded_length(int(size)) for size in sizes], dtype=np.int64)
        return table[inverse] if len(sizes) else sizes

    def one_hot(self, length: int | None = None) -> np.ndarray:
        """One-hot rows (n, length, letters), float32, padded at the right end to the longest or to `length`.

        An unknown residue is a row of ``1 / letters``, padding a row of zeros.
        """
        length = length or self.length or int(self.padded().max(initial=16))
        codes = np.full((len(self), length), PAD, dtype=np.uint8)
        for row, chain in enumerate(self.index):
            residues = self.codes[chain][:length]
            codes[row, : len(residues)] = residues
        return from_codes(codes, self.alphabet)


class Batches(keras.utils.PyDataset):
    """Batches of rows of similar length, for `keras.Model.fit` and `predict`.

    Parameters
    ----------
    inputs : list of Chains
        Inputs of the model, in its order.
    y, weight : numpy.ndarray, shape=(n,), or None
        Labels, None for prediction, and the weight of each row in the loss.
    seed : int or None
        Seed of the shuffling before every epoch; None keeps one order, by length.

    Attributes
    ----------
    order : numpy.ndarray, shape=(n,), dtype=int
        Row numbers in the order in which the batches hold them.
    """

    def __init__(
        self,
        inputs: Sequence[Chains],
        y: np.ndarray | None,
        *,
        batch_size: int,
        weight: np.ndarray | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self.inputs = list(inputs)
        self.y = None if y is None else np.asarray(y, dtype=np.float32)
        self.weight = None if weight is None else np.asarray(weight, dtype=np.float32)
        self.batch_size = batch_size
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._padded = [chains.padded() for chains in self.inputs]
        self._shuffle()

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._starts)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        """One batch: one-hot arrays and, where there are any, labels and weights."""
        rows = self._rows(number)
        arrays = tuple(
            chains[rows].one_hot(length)
            for chains, length in zip(self.inputs, self._lengths(number), strict=True)
        )
        x = arrays if len(arrays) > 1 else arrays[0]
        given = (column for column in (self.y, self.weight) if column is not None)
        return (x, *(column[rows] for column in given))

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        if self._rng is not None:
            self._shuffle()

    def _rows(self, number: int) -> np.ndarray:
        start = self._starts[number]
        return self.order[start : start + self.batch_size]

    def _lengths(self, number: int) -> list[int]:
        rows = self._rows(number)
        lengths = [int(padded[rows].max()) for padded in self._padded]
        if number or len(self) == 1:
            return lengths
        # Keras reads from the first two batches which axes vary, and refuses any later batch
        # that differs along another axis; so the first is one step longer than the second.
        second = self._lengths(1)
        return [
            first if chains.length is not None else padded_length(max(first, other) + 1)
            for chains, first, other in zip(self.inputs, lengths, second, strict=True)
        ]

    def _shuffle(self) -> None:
        n = len(self._padded[0])
        # Rows of one length class stay together; which of them share a batch is drawn anew.
        tie = np.arange(n) if self._rng is None else self._rng.permutation(n)
        self.order = np.lexsort([tie, *self._padded[::-1]])
        starts = np.arange(0, n, self.batch_size)
        self._starts = starts if self._rng is None else self._rng.permutation(starts)
