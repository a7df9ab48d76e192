"""The network that the RNA-modification track grew from, in the sizes of its published code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import keras
from keras import layers

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import network
from helpers.tracks.rna_modification.data import check_odd
from helpers.tracks.rna_modification.quantiser import Middle, VectorQuantiser

PUBLISHED: Mapping[str, float] = MappingProxyType(
    {
        "Am": 0.9409, "Cm": 0.9201, "Gm": 0.9569, "Um": 0.8717, "m1A": 0.9374, "m5C": 0.9153,
        "m5U": 0.9674, "m6A": 0.9217, "m6Am": 0.9236, "Psi": 0.8168,
    }
)  # fmt: skip
"""Test AUROC that the authors of VQ-RNA give (repository 1gao2/VQ-RNA at c73281d,
comparison/AUC_Brokenline.py). They chose nothing on it, as far as their code says, but printed it
after every epoch."""
_STRIDE = 12
_HEADS = 8
_DROPOUT = 0.2


def build_original(
    length: int,
    n_outputs: int,
    *,
    filters: int = 256,
    size: int = 64,
    n_codes: int = 512,
    transformers: int = 6,
    learning_rate: float = 1e-3,
) -> keras.Model:
    """Build and compile the original network: three strided convolutions, six transformers.

    Its sizes, its strides and its weights of the losses are kept. Changed are the things that this
    suite holds to be wrong or cannot vary: letters in the order A C G U, any odd length (a window
    is padded on both sides to an odd number of tokens, and the middle one is read; the original
    reads token 21 of 43), one output a modification, and the quantiser, which is ours.

    Parameters
    ----------
    length, n_outputs, size, n_codes, learning_rate
        As for `helpers.tracks.rna_modification.network.build_vqvae`; a token is 12 nt.
    filters : int
        Filters of the first convolution; the second has twice as many.
    transformers : int
        Layers of self-attention.

    Examples
    --------
    >>> model = build_original(501, 1)
    >>> model.get_layer("quantiser").output.shape
    (None, 43, 64)
    """
    check_odd(length)
    tokens = -(-length // _STRIDE)
    tokens += 1 - tokens % 2
    left = (tokens * _STRIDE - length) // 2
    right = tokens * _STRIDE - length - left
    window = keras.Input((length, RNA.size), name="window")
    x = layers.ZeroPadding1D((left, right), name="padded")(window)
    for number, (out, stride) in enumerate(((filters, 2), (2 * filters, 2), (size, 3)), 1):
        if number > 1:
            x = layers.ReLU(name=f"relu_{number - 1}")(x)
        name = "latent" if number == 3 else f"conv_{number}"
        x = layers.Conv1D(out, 4, strides=stride, padding="same", name=name)(x)
    code = VectorQuantiser(n_codes, size, name="quantiser")(x)

    letters = code
    for number, (out, stride) in enumerate(((2 * filters, 2), (filters, 2), (RNA.size, 3)), 1):
        if number > 1:
            letters = layers.ReLU(name=f"decoder_relu_{number - 1}")(letters)
        name = f"decoder_{number}"
        letters = layers.Conv1DTranspose(out, 4, strides=stride, padding="same", name=name)(letters)
    letters = layers.Cropping1D((left, right), name="letters")(letters)

    x = code
    for number in range(1, transformers + 1):
        x = _transformer(x, size, number)
    x = layers.Dense(size // 2, name="dense")(Middle(1, name="middle")(x))
    x = layers.LayerNormalization(name="dense_norm")(x)
    x = layers.Activation("silu", name="dense_silu")(x)
    logit = layers.Dense(n_outputs, name="logit")(x)
    # Its weights, over that of the classes, which is 1 here: .680 and .058.
    model = network.joined(window, logit, letters, name="original", reconstruction=0.680 / 0.058)
    return network.compiled(model, learning_rate)


def _transformer(x: keras.KerasTensor, size: int, number: int) -> keras.KerasTensor:
    seen = layers.MultiHeadAttention(_HEADS, size // _HEADS, name=f"attention_{number}")(x, x)
    seen = layers.Dropout(_DROPOUT, name=f"attention_dropout_{number}")(seen)
    x = layers.Add(name=f"attention_sum_{number}")([x, seen])
    x = layers.LayerNormalization(name=f"attention_norm_{number}")(x)
    y = layers.Dense(size, name=f"forward_{number}_1")(x)
    y = layers.ReLU(name=f"forward_relu_{number}")(y)
    y = layers.Dropout(_DROPOUT, name=f"forward_dropout_{number}")(y)
    y = layers.Dense(size, name=f"forward_{number}_2")(y)
    y = layers.Add(name=f"forward_sum_{number}")([x, y])
    return layers.LayerNormalization(name=f"forward_norm_{number}")(y)
