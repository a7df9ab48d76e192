"""Layers that Keras lacks: masks, pair scores, attention that does not see padding, composition.

All are written with `keras.ops`, hold no state but their settings, and are registered, so that a
saved model loads under any backend once this module has been imported.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

_FAR = 1e9
_register = keras.saving.register_keras_serializable(package="helpers")


class _WithSettings(keras.layers.Layer):
    """A layer whose settings are attributes of the same names."""

    settings: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self.settings}}


@_register
class ResidueMask(keras.layers.Layer):
    """1 where a one-hot row holds a residue, 0 in the padding; shape (n, length, 1).

    Examples
    --------
    >>> X = np.array([[[0.0, 1.0], [0.5, 0.5], [0.0, 0.0]]])
    >>> np.asarray(ResidueMask()(X)).ravel().tolist()
    [1.0, 1.0, 0.0]
    """

    def call(self, X: Any) -> Any:
        """Mask of one-hot rows ``X``, (n, length, letters)."""
        return ops.cast(ops.sum(X, axis=-1, keepdims=True) > 0.0, X.dtype)


@_register
class PairMask(keras.layers.Layer):
    """1 where both positions hold a residue; (n, Lr, Lp)."""

    def call(self, rna_mask: Any, peptide_mask: Any) -> Any:
        """Product of masks (n, Lr, 1) and (n, Lp, 1)."""
        return rna_mask * ops.transpose(peptide_mask, (0, 2, 1))


@_register
class PairScores(keras.layers.Layer):
    """Score of every (RNA position, peptide position), a dot product; (n, Lr, Lp)."""

    def call(self, rna: Any, peptide: Any) -> Any:
        """Scores of ``rna`` (n, Lr, d) against ``peptide`` (n, Lp, d)."""
        return ops.matmul(rna, ops.transpose(peptide, (0, 2, 1)))


@_register
class PairSoftmax(_WithSettings):
    """Softmax of a score matrix along one axis; padding gets exactly 0.

    Parameters
    ----------
    axis : int
        1 for a distribution over RNA positions, 2 over peptide positions.
    """

    settings = ("axis",)

    def __init__(self, axis: int, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, scores: Any, mask: Any) -> Any:
        """Weights of ``scores`` under ``mask``, both (n, Lr, Lp)."""
        return mask * ops.softmax(scores - _FAR * (1.0 - mask), axis=self.axis)


@_register
class PairMax(keras.layers.Layer):
    """Highest score of a pair of chains; (n, 1)."""

    def call(self, scores: Any, mask: Any) -> Any:
        """Maximum of ``scores`` under ``mask``, both (n, Lr, Lp)."""
        return ops.max(scores - _FAR * (1.0 - mask), axis=(1, 2))[:, None]


@_register
class PairRead(keras.layers.Layer):
    """Products of RNA and peptide values, summed over all cells by their weight; (n, d)."""

    def call(self, weights: Any, rna: Any, peptide: Any) -> Any:
        """Weights (n, Lr, Lp), values ``rna`` (n, Lr, d) and ``peptide`` (n, Lp, d)."""
        return ops.sum(rna * ops.matmul(weights, peptide), axis=1)


@_register
class WindowSpread(_WithSettings):
    """Each cell's weight shared evenly among the residues that were read to compute it.

    A position of an encoder reads a window of residues, so a cell of the attention stands for a
    rectangle of (RNA residue, peptide residue) pairs.

    Parameters
    ----------
    rna_window, peptide_window : int
        Positions read; odd.
    """

    settings = ("rna_window", "peptide_window")

    def __init__(self, rna_window: int, peptide_window: int, **options: Any) -> None:
        super().__init__(**options)
        self.rna_window, self.peptide_window = rna_window, peptide_window

    def call(self, weights: Any, mask: Any) -> Any:
        """Spread ``weights`` under ``mask``, both (n, Lr, Lp)."""
        rna, peptide = ops.shape(weights)[1], ops.shape(weights)[2]
        spread = ops.matmul(_band(rna, self.rna_window, weights.dtype), weights)
        return mask * ops.matmul(spread, _band(peptide, self.peptide_window, weights.dtype))


@_register
class Composition(_WithSettings):
    """Share of each k-mer in a chain, from its one-hot rows; (n, classes ** k).

    An unknown residue counts as a share of each letter, padding not at all.

    Parameters
    ----------
    k : int
        Length of the k-mers.
    classes : list of int or None
        Class of each letter, to count classes of residues instead of letters.

    Examples
    --------
    >>> X = np.eye(4)[[[0, 0, 1]]]  # AAC
    >>> np.asarray(Composition(2)(X))[0, :2].tolist()  # AA, AC
    [0.5, 0.5]
    """

    settings = ("k", "classes")

    def __init__(self, k: int, classes: list[int] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.k, self.classes = k, classes

    def call(self, X: Any) -> Any:
        """Frequencies of one-hot rows ``X``, (n, length, letters)."""
        if self.classes is not None:
            X = ops.matmul(X, ops.convert_to_tensor(np.eye(max(self.classes) + 1)[self.classes], X.dtype))
        padded = ops.pad(X, [[0, 0], [0, self.k - 1], [0, 0]])
        ends = [None if (left := self.k - 1 - shift) == 0 else -left for shift in range(self.k)]
        shifted = [padded[:, shift:end] for shift, end in enumerate(ends)]
        # The two halves of a k-mer meet in one matrix product: (n, length, 4**k) is never made.
        half = (self.k + 1) // 2
        counts = _joint(shifted[:half])
        if self.k == 1:
            counts = ops.sum(counts, axis=1)
        else:
            counts = ops.matmul(ops.transpose(counts, (0, 2, 1)), _joint(shifted[half:]))
            counts = ops.reshape(counts, (-1, counts.shape[1] * counts.shape[2]))
        return counts / ops.maximum(ops.sum(counts, axis=1, keepdims=True), 1.0)


@_register
class Standardise(keras.layers.Layer):
    """Square root of shares, less its mean over the training chains, in standard deviations.

    The mean and the deviation are those of the chains given to `adapt`, not of a batch: a batch
    may hold one chain many times over.

    Examples
    --------
    >>> layer = Standardise()
    >>> layer.adapt(np.array([[0.0], [0.25]]))
    >>> np.asarray(layer(np.array([[0.0], [0.25]]))).round(1).ravel().tolist()
    [-1.0, 1.0]
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the two fixed rows."""
        shape = (input_shape[-1],)
        options = {"shape": shape, "trainable": False}
        self.mean = self.add_weight(name="mean", initializer="zeros", **options)
        self.deviation = self.add_weight(name="deviation", initializer="ones", **options)

    def adapt(self, values: np.ndarray) -> None:
        """Take mean and deviation from rows ``values`` of (n, d)."""
        if not self.built:
            self.build(np.shape(values))
        roots = np.sqrt(np.maximum(values, 0.0) + 1e-4)
        self.mean.assign(roots.mean(axis=0))
        self.deviation.assign(roots.std(axis=0) + 1e-3)

    def call(self, values: Any) -> Any:
        """Standardised rows, held within five deviations."""
        # The small term keeps the slope of the root finite where a word is absent.
        roots = ops.sqrt(ops.maximum(values, 0.0) + 1e-4)
        return ops.clip((roots - self.mean) / self.deviation, -5.0, 5.0)


@_register
class LogLength(keras.layers.Layer):
    """Natural logarithm of the number of residues of a chain; (n, 1)."""

    def call(self, mask: Any) -> Any:
        """Logarithm for a residue mask (n, length, 1)."""
        return ops.log(ops.maximum(ops.sum(mask, axis=1), 1.0))


@_register
class ResidueDropout(_WithSettings):
    """Hides residues in training, so that no single background residue can be leant on.

    Parameters
    ----------
    rate : float
        Share of residues hidden.
    seed : int
        Seed of the choice.
    """

    settings = ("rate", "seed")

    def __init__(self, rate: float, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.rate, self.seed = rate, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, X: Any, training: bool = False) -> Any:
        """One-hot rows ``X``, some of them set to zero if ``training``."""
        if not training or self.rate == 0:
            return X
        shape = (ops.shape(X)[0], ops.shape(X)[1], 1)
        kept = keras.random.uniform(shape, seed=self.generator) >= self.rate
        return X * ops.cast(kept, X.dtype)


@_register
class CentredL2(keras.regularizers.Regularizer):
    """Penalty on the outer weights of a convolution kernel, growing with distance from its centre.

    A motif found off the centre of its kernel puts every peak of the attention beside the residues
    it is about.

    Parameters
    ----------
    rate : float
        Weight of the penalty at the kernel's ends.

    Examples
    --------
    >>> kernel = np.zeros((3, 1, 1)); kernel[1] = 5.0
    >>> float(CentredL2(0.1)(kernel))
    0.0
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, kernel: Any) -> Any:
        """Penalty of a kernel, (width, in, out)."""
        half = max((kernel.shape[0] - 1) / 2, 1.0)
        away = (np.arange(kernel.shape[0]) - half) / half
        away = ops.convert_to_tensor(np.square(away)[:, None, None], "float32")
        return self.rate * ops.sum(away * ops.square(ops.cast(kernel, "float32")))

    def get_config(self) -> dict[str, Any]:
        """Settings to build the regulariser again."""
        return {"rate": self.rate}


def _joint(shifted: list[Any]) -> Any:
    """One-hot rows of words from those of their letters: (n, length, size ** letters)."""
    words = shifted[0]
    for letters in shifted[1:]:
        size = words.shape[-1] * letters.shape[-1]
        product = words[..., :, None] * letters[..., None, :]
        words = ops.reshape(product, (-1, ops.shape(product)[1], size))
    return words


def _band(length: Any, window: int, dtype: str) -> Any:
    """Matrix that takes means over a window; three times faster to train through than a pooling."""
    place = ops.arange(length)
    near = ops.abs(place[:, None] - place[None, :]) <= window // 2
    return ops.cast(near, dtype) / window
