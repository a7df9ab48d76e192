"""Changes to training sequences that leave their label true: EvoAug and PhyloAug.

EvoAug (doi:10.1186/s13059-023-02941-w) edits a sequence as evolution might: the transforms are
those of evoaug-tf. PhyloAug swaps a sequence for the one of an orthologous gene. Both act on
training rows only; a validation or test row is never handed to anything here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

EDITS = (
    "reverse_complement", "insertion", "deletion", "translocation", "inversion", "mutation",
    "noise",
)  # fmt: skip
"""The edits of EvoAug, in the order in which they are made."""


class Edits(NamedTuple):
    """Sizes of the edits.

    Attributes
    ----------
    reverse_complement : float
        Share of sequences turned.
    insertion, deletion, translocation, inversion : int
        Longest stretch that is inserted, deleted, rolled or turned in place, in nt; 0 leaves the
        edit out.
    mutation : float
        Share of positions mutated.
    noise : float
        Standard deviation of the noise on the one-hot values.
    """

    reverse_complement: float = 0.5
    insertion: int = 20
    deletion: int = 30
    translocation: int = 20
    inversion: int = 20
    mutation: float = 0.05
    noise: float = 0.2


class EvoAug:
    """Random edits of batches of one-hot sequences.

    For each batch one to `most` edits are drawn, and every sequence of the batch gets them at
    places of its own. All sequences keep their length: what an insertion pushes out is cut
    off at both ends.

    Parameters
    ----------
    most : int
        Most edits a batch.
    seed : int
        Seed of the choice of edits and of the places. A new object starts the same sequence of
        edits again.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (6, 50))]
    >>> EvoAug(Edits(noise=0), seed=1)(X).shape
    (6, 50, 4)
    """

    def __init__(self, edits: Edits = Edits(), *, most: int = 2, seed: int = 0) -> None:  # noqa: B008
        self.names = tuple(name for name in EDITS if getattr(edits, name) > 0)
        if not 1 <= most <= len(self.names):
            raise ValueError(
                f"EvoAug: most is {most}; expected 1 to {len(self.names)}, the number of edits in use"
            )
        self.edits, self.most, self.seed = edits, most, seed
        self._rng = np.random.default_rng(seed)
        self._transforms = _transforms(edits, self.names, seed)

    def __call__(self, X: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Edited copies of a batch (n, length, 4); `rows`, which every step is given, is not used."""
        count = int(self._rng.integers(1, self.most + 1))
        chosen = set(self._rng.choice(len(self.names), size=count, replace=False).tolist())
        for number, name in enumerate(self.names):
            if number in chosen:
                X = _cut(np.asarray(self._transforms[name](X)), X.shape[1])
        return X


class PhyloAug:
    """Sequences swapped for those of orthologous genes.

    Parameters
    ----------
    related : numpy.ndarray, shape=(m, length, 4), dtype=float32
        One-hot sequences of the related species.
    links : mapping of int to sequence of int
        For a row of the training table, the rows of `related` that are its orthologs.
    rate : float
        Probability that a sequence with orthologs is swapped for one of them, in each epoch.

    Examples
    --------
    >>> related = np.ones((1, 3, 4), dtype=np.float32)
    >>> X = np.zeros((2, 3, 4), dtype=np.float32)
    >>> swapped = PhyloAug(related, {7: [0]}, rate=1.0)(X, np.array([7, 8]))
    >>> swapped.sum(axis=(1, 2)).tolist()
    [12.0, 0.0]
    """

    def __init__(
        self, related: np.ndarray, links: Mapping[int, Sequence[int]], *, rate: float = 0.5, seed: int = 0
    ) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"PhyloAug: the swap rate is {rate}; expected a share from 0 to 1")
        largest = max((max(found) for found in links.values() if len(found)), default=-1)
        if largest >= len(related):
            raise ValueError(
                f"PhyloAug: a link names row {largest} of the related sequences; there are {len(related)}"
            )
        self.related, self.links, self.rate = related, links, rate
        self._rng = np.random.default_rng(seed)

    def __call__(self, X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """A copy of a batch, the rows `rows` of the table, with orthologs in place of some sequences."""
        swapped = X.copy()
        drawn = self._rng.random((2, len(X)))
        for place in np.flatnonzero(drawn[0] < self.rate):
            if len(found := self.links.get(int(rows[place]), ())):
                swapped[place] = self.related[found[int(drawn[1, place] * len(found))]]
        return swapped


class AugmentedBatches(keras.utils.PyDataset):
    """Training batches for `helpers.training.fit`, drawn anew in every epoch.

    Parameters
    ----------
    X, y : numpy.ndarray
        One-hot training sequences, shape (n, length, 4), and their labels.
    rows : numpy.ndarray, shape=(n,), dtype=int, optional
        Their row numbers in the table, for `PhyloAug`; 0 to n - 1 by default.
    steps : sequence of callable
        Augmentations, each called as ``step(X, rows)`` on a batch, in their order.
    strands : {"one", "random", "both"}
        Leave the sequences as they are, turn half of them at random, or give each on either
        strand in every epoch.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[np.zeros((5, 8), dtype=int)]
    >>> batches = AugmentedBatches(X, np.ones(5), strands="both", batch_size=4)
    >>> len(batches), batches[0][0].shape
    (3, (4, 8, 4))
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        *,
        rows: np.ndarray | None = None,
        steps: Sequence[Callable[[np.ndarray, np.ndarray], np.ndarray]] = (),
        strands: str = "random",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if strands not in ("one", "random", "both"):
            raise ValueError(f"strands is {strands!r}; expected 'one', 'random' or 'both'")
        if not len(X) or len(X) != len(y):
            raise ValueError(
                f"AugmentedBatches: found {len(X)} sequences and {len(y)} labels; expected as many"
            )
        self.X, self.y = X, np.asarray(y, dtype=np.float32)
        self.rows = np.arange(len(X)) if rows is None else np.asarray(rows)
        self.steps, self.strands, self.batch_size = tuple(steps), strands, batch_size
        self._rng = np.random.default_rng(seed)
        self._draw()

    def __len__(self) -> int:
        """Number of batches."""
        return -(-len(self._order) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """One batch: sequences and labels."""
        part = slice(number * self.batch_size, (number + 1) * self.batch_size)
        order = self._order[part]
        X = self.X[order]
        for step in self.steps:
            X = step(X, self.rows[order])
        turned = self._turned[part]
        X = np.where(turned[:, None, None], X[:, ::-1, ::-1], X)
        return X.astype(np.float32, copy=False), self.y[order]

    def on_epoch_end(self) -> None:
        """Draw order and strands anew."""
        self._draw()

    def _draw(self) -> None:
        n = len(self.X)
        order, turned = np.arange(n), np.zeros(n, dtype=bool)
        if self.strands == "random":
            turned = self._rng.random(n) < 0.5
        elif self.strands == "both":
            order, turned = np.tile(order, 2), np.repeat([False, True], n)
        shuffled = self._rng.permutation(len(order))
        self._order, self._turned = order[shuffled], turned[shuffled]


def links_by_group(groups: Sequence[str], related_groups: Sequence[str]) -> dict[int, list[int]]:
    """For each row with orthologs, the related rows of its group (such as its Arabidopsis gene).

    Examples
    --------
    >>> links_by_group(["a", "b"], ["b", "c", "b"])
    {1: [0, 2]}
    """
    members: dict[str, list[int]] = {}
    for row, group in enumerate(related_groups):
        members.setdefault(group, []).append(row)
    return {row: members[group] for row, group in enumerate(groups) if group in members}


def _transforms(edits: Edits, names: Sequence[str], seed: int) -> dict[str, Any]:
    # evoaug-tf imports TensorFlow, which the notebooks that explain under torch do without.
    import tensorflow as tf
    from evoaug_tf import augment

    class Inversion(augment.AugmentBase):
        """A stretch of each sequence turned in place; evoaug-tf lacks it."""

        @tf.function
        def __call__(self, x: Any) -> Any:
            n, length = tf.shape(x)[0], tf.shape(x)[1]
            size = tf.random.uniform((n, 1), 1, edits.inversion + 1, dtype=tf.int32)
            start = tf.cast(tf.random.uniform((n, 1)) * tf.cast(length - size + 1, tf.float32), tf.int32)
            place = tf.range(length)[None, :]
            inside = (place >= start) & (place < start + size)
            turned = tf.where(inside, 2 * start + size - 1 - place, place)
            moved = tf.gather(x, turned, batch_dims=1)
            return tf.where(inside[:, :, None], tf.reverse(moved, axis=[2]), moved)

    # The operations inside a tf.function take their seeds from the global one when they are
    # traced; transforms of their own for each object make every object start alike.
    keras.utils.set_random_seed(seed)
    make = {
        "reverse_complement": lambda: augment.RandomRC(edits.reverse_complement),
        "insertion": lambda: augment.RandomInsertion(0, edits.insertion),
        "deletion": lambda: augment.RandomDeletion(0, edits.deletion),
        "translocation": lambda: augment.RandomTranslocation(0, edits.translocation),
        "inversion": Inversion,
        "mutation": lambda: augment.RandomMutation(edits.mutation),
        "noise": lambda: augment.RandomNoise(0.0, edits.noise),
    }
    return {name: make[name]() for name in names}


def _cut(X: np.ndarray, length: int) -> np.ndarray:
    """The middle of each sequence."""
    start = (X.shape[1] - length) // 2
    return X[:, start : start + length]
