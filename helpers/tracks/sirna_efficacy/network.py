"""Our siRNA network: one encoder for guide and target, and attention between them both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, FLANK, GUIDE

_register = keras.saving.register_keras_serializable(package="helpers")


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network.

    ``width`` values embed a nucleotide (the keys and values of the attention, too), ``kernel``
    nucleotides (odd) are read around each position by the shared encoder, and ``read`` values are
    kept of each once the strands have met. ``named_units`` stand behind the named features and
    ``units`` behind everything together; ``decay`` weighs the squared kernels in the loss.
    """

    width: int = 16
    kernel: int = 5
    read: int = 6
    named_units: int = 24
    units: int = 48
    dropout: float = 0.35
    decay: float = 1e-4
    learning_rate: float = 2e-3

    def __post_init__(self) -> None:
        """Refuse what no layer can be made of."""
        if min(self.width, self.read, self.named_units, self.units) < 1 or self.kernel % 2 == 0:
            raise ValueError(f"{self}: expected 1 or more of each, and an odd kernel")


@_register
class ReverseComplement(layers.Layer):
    """One-hot rows of the other strand, 5' to 3'; (n, length, 4).

    The letters stand in the order A C G U, so that turning both axes around turns each letter into
    its partner. A residue that pairs and its partner are then the same letter to an encoder.

    Examples
    --------
    >>> X = ops.reshape(ops.cast([[1, 0, 0, 0], [0, 0, 1, 0]], "float32"), (1, 2, 4))  # AG
    >>> ops.convert_to_numpy(ReverseComplement()(X))[0].argmax(axis=1).tolist()  # CU
    [1, 3]
    """

    def call(self, X: Any) -> Any:
        """Rows ``X``, (n, length, 4), of the strand that is read from the other end."""
        return ops.flip(X, axis=(1, 2))


@_register
class StrandScores(layers.Layer):
    """Score of every guide position against every target position; (n, guide, target).

    How alike their surroundings are (a cosine, times a learnt factor), and a learnt number for
    each offset between the two strands, which starts at zero: where the partner stands is learnt.
    `factor` is what the cosine is multiplied by at first.

    Examples
    --------
    >>> scores = StrandScores(factor=2.0)(ops.ones((1, 2, 4)), ops.ones((1, 3, 4)))
    >>> ops.convert_to_numpy(scores).round(1).tolist()
    [[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]]
    """

    def __init__(self, factor: float = 6.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def build(self, guide_shape: Any, target_shape: Any) -> None:
        """Make the factor, and a number for each offset."""
        self.rows, self.columns = int(guide_shape[1]), int(target_shape[1])
        self.sharpness = self.add_weight(
            name="sharpness", shape=(), initializer=keras.initializers.Constant(self.factor)
        )
        self.offset = self.add_weight(
            name="offset", shape=(self.rows + self.columns - 1,), initializer="zeros"
        )

    def call(self, guide: Any, target: Any) -> Any:
        """Scores of keys ``guide`` (n, guide, d) against ``target`` (n, target, d)."""
        keys = [keys / (ops.norm(keys, axis=-1, keepdims=True) + 1e-3) for keys in (guide, target)]
        scores = self.sharpness * ops.matmul(keys[0], ops.transpose(keys[1], (0, 2, 1)))
        place = ops.arange(self.columns)[None, :] - ops.arange(self.rows)[:, None]
        return scores + ops.take(self.offset, place + self.rows - 1, axis=0)[None]

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "factor": self.factor}


@_register
class MutualAttention(layers.Layer):
    """Product of the attention in both directions: high where either strand looks at the other.

    The target stands 5' to 3' in it, as in the input.
    """

    def call(self, forward: Any, backward: Any) -> Any:
        """Weights ``forward`` times ``backward``, both (n, guide, target of the other strand)."""
        return ops.flip(forward * backward, axis=2)


@_register
class Held(layers.Layer):
    """How firmly each guide position is held: its mutual attention, summed; (n, guide)."""

    def call(self, mutual: Any) -> Any:
        """Sum of ``mutual``, (n, guide, target), over the target."""
        return ops.sum(mutual, axis=2)


@_register
class BrokenPairs(layers.Layer):
    """Letters that face one another without pairing, at each guide position; (n, guide, 8).

    The letter of the guide, then that of the target (as its partner would be written); all zero where
    the two pair. The site stands in the middle of the target context.

    Examples
    --------
    >>> import numpy as np
    >>> guide = ops.one_hot(np.zeros((1, 21), int), 4)   # A everywhere
    >>> target = ops.one_hot(np.r_[np.zeros(56, int), 2][None], 4)
    >>> float(ops.sum(BrokenPairs()(guide, target)))     # the last letter lies beyond the site
    0.0
    """

    def call(self, guide: Any, target: Any) -> Any:
        """Broken pairs of ``guide`` (n, 21, 4) with ``target`` (n, 57, 4), its reverse complement."""
        facing = target[:, FLANK : FLANK + GUIDE]
        broken = 1 - ops.sum(guide * facing, axis=2, keepdims=True)
        return broken * ops.concatenate([guide, facing], axis=2)


def build_siamese(features: int, **changes: Any) -> keras.Model:
    """Build and compile our network.

    Guide and target context (as its reverse complement, so that partners are the same letter)
    go through the same embedding and the same convolution. One matrix
    scores every guide position against every target position; its softmax along either axis is
    the attention of one strand on the other, with the same keys and values in both directions.
    What a position holds, what it reads, and the product of the two (which can tell a base pair
    from a mismatch) are kept position by position, joined with the named features, and read by
    two dense layers. What a broken pair costs, by its letters and its position, is added. The output is
    linear: efficacy as a fraction of the mRNA that is silenced.

    Inputs are ``guide`` (n, 21, 4), ``target`` (n, 57, 4) and ``named`` (n, `features`), standardised;
    the output is ``efficacy`` (n, 1). Layer ``interaction_map`` gives (n, 21, 57). `changes` are
    fields of `Sizes` to set otherwise.

    Examples
    --------
    >>> model = build_siamese(3)
    >>> [tuple(tensor.shape) for tensor in model.inputs]
    [(None, 21, 4), (None, 57, 4), (None, 3)]
    """
    sizes = Sizes(**changes)
    penalty = keras.regularizers.L2(sizes.decay)
    guide = keras.Input((GUIDE, RNA.size), name="guide")
    target = keras.Input((CONTEXT, RNA.size), name="target")
    named = keras.Input((features,), name="named")

    embed = layers.Dense(sizes.width, name="embedding")
    encode = layers.Conv1D(
        sizes.width, sizes.kernel, padding="same", kernel_regularizer=penalty, name="encoder"
    )
    key = layers.Dense(sizes.width, use_bias=False, name="key")
    value = layers.Dense(sizes.width, name="value")
    turned = ReverseComplement(name="reverse_complement")(target)
    letters = {"guide": embed(guide), "target": embed(turned)}
    encoded = {name: encode(x) for name, x in letters.items()}
    seen = {name: layers.ReLU(name=f"{name}_relu")(x) for name, x in encoded.items()}
    values = {name: value(x) for name, x in letters.items()}

    scores = StrandScores(name="strand_scores")(key(encoded["guide"]), key(encoded["target"]))
    # Where each guide position looks in the target, and where each target position looks.
    forward = layers.Softmax(2, name="guide_attention")(scores)
    backward = layers.Softmax(1, name="target_attention")(scores)
    mutual = MutualAttention(name="interaction_map")(forward, backward)
    read = {
        "guide": layers.Dot((2, 1), name="guide_read")([forward, values["target"]]),
        "target": layers.Dot((1, 1), name="target_read")([backward, values["guide"]]),
    }
    parts = [_strand(name, seen[name], values[name], read[name], sizes) for name in letters]
    about = layers.Dense(sizes.named_units, kernel_regularizer=penalty, name="named_units")(named)
    parts += [Held(name="held")(mutual), layers.ReLU(name="named_relu")(about)]
    joined = layers.Concatenate(name="joined")(parts)
    joined = layers.Dropout(sizes.dropout, name="joined_dropout")(joined)
    units = layers.Dense(sizes.units, kernel_regularizer=penalty, name="units")(joined)
    units = layers.ReLU(name="units_relu")(units)
    units = layers.Dropout(sizes.dropout, name="units_dropout")(units)
    broken = layers.Flatten(name="broken_flat")(BrokenPairs(name="broken_pairs")(guide, turned))
    cost = layers.Dense(1, use_bias=False, kernel_initializer="zeros", name="broken_cost")(broken)
    output = layers.Add(name="efficacy")([layers.Dense(1, name="kept_efficacy")(units), cost])
    model = keras.Model([guide, target, named], output, name="siamese")
    model.compile(keras.optimizers.Adam(sizes.learning_rate), "mse", jit_compile=False)
    return model


def _strand(name: str, seen: Any, values: Any, read: Any, sizes: Sizes) -> Any:
    """What is kept of one strand, position by position."""
    product = layers.Multiply(name=f"{name}_pairing")([values, read])
    kept = layers.Concatenate(name=f"{name}_positions")([seen, product])
    kept = layers.Dense(sizes.read, name=f"{name}_kept")(kept)
    kept = layers.ReLU(name=f"{name}_kept_relu")(kept)
    kept = layers.Dropout(sizes.dropout / 2, name=f"{name}_dropout")(kept)
    return layers.Flatten(name=f"{name}_flat")(kept)
