"""A codebook in a network: latents are replaced by the nearest of a set of learnt codes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

_register = keras.saving.register_keras_serializable(package="helpers")
_SMALL = 1e-6


@_register
class VectorQuantiser(keras.layers.Layer):
    """Replaces each latent by its nearest code; gradients pass as if it had not.

    Latents and codes lie on the unit sphere, so that the nearest code is the one with the largest
    dot product. In training a code moves to the mean of the latents that chose it, as a moving
    average over batches; a code that hardly any latent chooses is dead and is revived as a latent
    of the batch. The latents are drawn to their codes by the commitment loss.

    Parameters
    ----------
    n_codes, size : int
        Codes, and numbers a code.
    commitment : float
        Weight of the commitment loss.
    decay : float
        Share of the old mean that a batch leaves; below 1.
    dead_below : float
        A code is dead when it is used less often than this share of an even use of all codes.

    Notes
    -----
    van den Oord et al. 2017, arXiv:1711.00937, with the moving average of its appendix A.1; the
    unit sphere is that of Yu et al. 2022, arXiv:2110.04627. The first batch of a training that
    starts anew fills the codebook with its own latents: codes far from every latent never learn.

    Examples
    --------
    >>> layer = VectorQuantiser(2, 2)
    >>> _ = layer(np.zeros((1, 1, 2), "float32"))
    >>> _ = layer.codebook.assign(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> z = np.array([[[3.0, 1.0], [0.0, 0.5]]], dtype="float32")
    >>> np.asarray(layer(z)).tolist()
    [[[1.0, 0.0], [0.0, 1.0]]]
    """

    def __init__(
        self, n_codes: int, size: int, *, commitment: float = 0.25, decay: float = 0.95,
        dead_below: float = 0.05, seed: int = 0, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.n_codes, self.size, self.commitment = n_codes, size, commitment
        self.decay, self.dead_below, self.seed = decay, dead_below, seed
        self.random = keras.random.SeedGenerator(seed)
        self.perplexity = keras.metrics.Mean(name="perplexity")
        self.distance = keras.metrics.Mean(name="commitment")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the codebook and the two moving sums that it is the ratio of."""
        first = np.random.default_rng(self.seed).normal(size=(self.n_codes, self.size))
        first /= np.linalg.norm(first, axis=1, keepdims=True)
        options = {"trainable": False, "initializer": "zeros"}
        self.codebook = self.add_weight(
            name="codebook", shape=(self.n_codes, self.size), trainable=False,
            initializer=keras.initializers.Constant(first),
        )  # fmt: skip
        self.counts = self.add_weight(name="counts", shape=(self.n_codes,), **options)
        self.sums = self.add_weight(name="sums", shape=(self.n_codes, self.size), **options)

    def call(self, latents: Any, training: bool = False) -> Any:
        """Codes of ``latents`` (n, tokens, size), in the place of each."""
        flat = self._on_sphere(latents)
        chosen = self._nearest(flat)
        if training:
            self._learn(ops.stop_gradient(flat), chosen)
        code = ops.take(self.codebook, chosen, axis=0)
        loss = ops.mean(ops.sum(ops.square(flat - ops.stop_gradient(code)), axis=-1))
        self.add_loss(self.commitment * loss)
        self._report(chosen, loss)
        return ops.reshape(flat + ops.stop_gradient(code - flat), ops.shape(latents))

    def choose(self, latents: Any) -> Any:
        """Number of the nearest code of ``latents`` (n, tokens, size), shape (n, tokens)."""
        return ops.reshape(self._nearest(self._on_sphere(latents)), ops.shape(latents)[:-1])

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        names = ("n_codes", "size", "commitment", "decay", "dead_below", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _on_sphere(self, latents: Any) -> Any:
        flat = ops.reshape(latents, (-1, self.size))
        return flat / ops.sqrt(ops.sum(ops.square(flat), axis=-1, keepdims=True) + _SMALL**2)

    def _nearest(self, flat: Any) -> Any:
        likeness = ops.matmul(flat, ops.transpose(ops.convert_to_tensor(self.codebook)))
        return ops.argmax(likeness, axis=-1)

    def _learn(self, flat: Any, chosen: Any) -> None:
        ones = ops.ones_like(flat[:, 0])
        found = ops.segment_sum(ones, chosen, num_segments=self.n_codes)
        summed = ops.segment_sum(flat, chosen, num_segments=self.n_codes)
        # A codebook that has counted nothing yet takes the first batch as it is.
        old = ops.where(ops.sum(self.counts) > 0, self.decay, 0.0)
        counts = old * self.counts + (1 - old) * found
        sums = old * self.sums + (1 - old) * summed
        even = ops.sum(counts) / self.n_codes
        dead = counts < self.dead_below * even
        rows = keras.random.randint((self.n_codes,), 0, ops.shape(flat)[0], dtype="int32", seed=self.random)
        # Revived with half an even use, a code has some batches to find latents of its own.
        counts = ops.where(dead, 0.5 * even, counts)
        sums = ops.where(dead[:, None], 0.5 * even * ops.take(flat, rows, axis=0), sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.codebook.assign(self._on_sphere(sums))

    def _report(self, chosen: Any, loss: Any) -> None:
        ones = ops.ones_like(ops.cast(chosen, "float32"))
        share = ops.segment_sum(ones, chosen, num_segments=self.n_codes)
        share = share / ops.maximum(ops.sum(share), 1.0)
        entropy = -ops.sum(share * ops.log(share + _SMALL))
        self.perplexity.update_state(ops.exp(entropy))
        self.distance.update_state(loss)


@_register
class Reconstruction(keras.layers.Layer):
    """Adds the loss of a reconstruction, by a weight; what goes through it stays as it is.

    The loss is the cross-entropy of the letters, in nats a position; positions without a letter
    (padding, N) do not count.
    """

    def __init__(self, weight: float, **options: Any) -> None:
        super().__init__(**options)
        self.weight = weight
        self.loss = keras.metrics.Mean(name="reconstruction_loss")
        self.accuracy = keras.metrics.Mean(name="reconstruction_accuracy")

    def call(self, passed: Any, window: Any, scores: Any) -> Any:
        """Gives ``passed`` back; ``scores`` (n, length, 4) are logits of the letters."""
        # An unknown letter is a quarter of each, a missing one nothing.
        known = ops.cast(ops.max(window, axis=-1) > 0.5, scores.dtype)
        n = ops.maximum(ops.sum(known), 1.0)
        letter = ops.sum(window * ops.log_softmax(scores, axis=-1), axis=-1)
        loss = -ops.sum(known * letter) / n
        same = ops.cast(ops.argmax(scores, -1) == ops.argmax(window, -1), scores.dtype)
        self.add_loss(self.weight * loss)
        self.loss.update_state(loss)
        self.accuracy.update_state(ops.sum(known * same) / n)
        return passed

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "weight": self.weight}


@_register
class PositionBias(keras.layers.Layer):
    """Adds a learnt value to every position and channel of (n, positions, channels)."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the values, 0 at first."""
        self.bias = self.add_weight(name="bias", shape=tuple(input_shape[1:]), initializer="zeros")

    def call(self, X: Any) -> Any:
        """``X`` with the values added."""
        return X + self.bias


@_register
class AttentionRead(keras.layers.Layer):
    """Sums of values by weights; each head of the attention reads its own share of the channels."""

    def call(self, weights: Any, values: Any) -> Any:
        """Sums (n, channels) of ``values`` (n, positions, channels) by (n, positions, heads)."""
        heads = weights.shape[-1]
        parts = ops.reshape(values, (-1, values.shape[1], heads, values.shape[2] // heads))
        return ops.reshape(ops.einsum("nth,nthc->nhc", weights, parts), (-1, values.shape[2]))


@_register
class Middle(keras.layers.Layer):
    """The middle positions (`width`, odd) of (n, positions, channels), side by side."""

    def __init__(self, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.width = width

    def call(self, X: Any) -> Any:
        """The middle of ``X``."""
        first = (X.shape[1] - self.width) // 2
        return ops.reshape(X[:, first : first + self.width], (-1, self.width * X.shape[2]))

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "width": self.width}


@_register
def masked_crossentropy(y: Any, p: Any) -> Any:
    """Binary cross-entropy of the labels that are known (not NaN), mean over them a row.

    Examples
    --------
    >>> y = np.array([[1.0, np.nan]], dtype="float32")
    >>> p = np.array([[0.5, 0.9]], dtype="float32")
    >>> round(float(masked_crossentropy(y, p)[0]), 3)
    0.693
    """
    known = ops.logical_not(ops.isnan(y))
    y = ops.where(known, y, 0.0)
    known = ops.cast(known, p.dtype)
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    loss = -(y * ops.log(p) + (1 - y) * ops.log(1 - p))
    return ops.sum(known * loss, axis=-1) / ops.maximum(ops.sum(known, axis=-1), 1.0)


@_register
class KnownAUROC(keras.metrics.AUC):
    """AUROC over the labels that are known (not NaN), all outputs together."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        known = ops.logical_not(ops.isnan(y_true))
        y = ops.where(known, y_true, 0.0)
        flat = [ops.reshape(one, (-1,)) for one in (y, y_pred, ops.cast(known, "float32"))]
        super().update_state(*flat)
