"""Layers that Keras lacks: masks, pooling and attention that do not see padding, composition.

All are written with `keras.ops`, hold no state but their settings, and are registered, so that a
saved model loads on any backend without this module being imported by name.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_FAR = 1e9


@keras.saving.register_keras_serializable(package="helpers")
class ResidueMask(keras.layers.Layer):
    """1 where a one-hot row holds a residue, 0 in the padding; shape (n, length, 1)."""

    def call(self, X: Any) -> Any:
        """Mask of one-hot rows ``X``, (n, length, letters)."""
        present = ops.sum(X, axis=-1, keepdims=True) > 0.0
        return ops.stop_gradient(ops.cast(present, X.dtype))


@keras.saving.register_keras_serializable(package="helpers")
class PatchMean(keras.layers.Layer):
    """Mean over stretches of `patch` positions, counting residues only.

    Parameters
    ----------
    patch : int
        Positions a stretch; the last one may be shorter.
    """

    def __init__(self, patch: int, **options: Any) -> None:
        super().__init__(**options)
        self.patch = patch

    def call(self, values: Any, mask: Any) -> Any:
        """Means of ``values`` (n, length, d) under ``mask`` (n, length, 1); (n, patches, d)."""
        total, count = self._sums(values * mask), self._sums(mask)
        return total / ops.maximum(count, 1.0)


    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "patch": self.patch}

    def _sums(self, values: Any) -> Any:
        padded = ops.pad(values, [[0, 0], [0, self.patch - 1], [0, 0]])
        return self.patch * ops.average_pool(padded, self.patch, self.patch, padding="valid")


@keras.saving.register_keras_serializable(package="helpers")
class PairScores(keras.layers.Layer):
    """Score of every (RNA position, peptide position): a scaled dot product; (n, Lr, Lp)."""

    def call(self, rna: Any, peptide: Any) -> Any:
        """Scores of ``rna`` (n, Lr, d) against ``peptide`` (n, Lp, d)."""
        scale = float(rna.shape[-1]) ** -0.5
        return scale * ops.matmul(rna, ops.transpose(peptide, (0, 2, 1)))


@keras.saving.register_keras_serializable(package="helpers")
class MaskedSoftmax(keras.layers.Layer):
    """Softmax of a score matrix along one axis; padding gets exactly 0.

    Parameters
    ----------
    axis : int
        1 for a distribution over RNA positions, 2 over peptide positions.
    """

    def __init__(self, axis: int, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, scores: Any, rna_mask: Any, peptide_mask: Any) -> Any:
        """Weights of ``scores`` (n, Lr, Lp) under masks (n, Lr, 1) and (n, Lp, 1)."""
        present = rna_mask * ops.transpose(peptide_mask, (0, 2, 1))
        weights = ops.softmax(scores - _FAR * (1.0 - present), axis=self.axis)
        return weights * present


    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "axis": self.axis}


@keras.saving.register_keras_serializable(package="helpers")
class Attend(keras.layers.Layer):
    """What each position of one chain reads from the other: weights times values; (n, L, d)."""

    def call(self, weights: Any, values: Any) -> Any:
        """Weighted sums of ``values`` (n, Lv, d) by ``weights`` (n, L, Lv)."""
        return ops.matmul(weights, values)


@keras.saving.register_keras_serializable(package="helpers")
class MaskedMean(keras.layers.Layer):
    """Mean over the residues of a chain; (n, d)."""

    def call(self, values: Any, mask: Any) -> Any:
        """Mean of ``values`` (n, L, d) under ``mask`` (n, L, 1)."""
        return ops.sum(values * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)


@keras.saving.register_keras_serializable(package="helpers")
class MaskedMax(keras.layers.Layer):
    """Maximum over the residues of a chain; (n, d)."""

    def call(self, values: Any, mask: Any) -> Any:
        """Maximum of ``values`` (n, L, d) under ``mask`` (n, L, 1)."""
        return ops.max(values - _FAR * (1.0 - mask), axis=1)

