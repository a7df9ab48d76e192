"""A vector-quantised autoencoder of RNA windows that also classifies them.

A window is cut into tokens of three nt, the site in the middle of the middle one; for each token
the encoder makes a latent, and the nearest of a codebook of codes. A decoder makes the letters anew
from the codes; a classifier reads the latents, or the codes alone, and says which modification sits
at the centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from keras import layers, regularizers

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.data import STRIDE, check_odd
from helpers.tracks.rna_modification.quantiser import (
    AttentionRead,
    KnownAUROC,
    Middle,
    PositionBias,
    Reconstruction,
    VectorQuantiser,
    masked_crossentropy,
)

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes of the network, and how it is trained.

    Attributes
    ----------
    filters, width : int
        Filters of the encoder, and the width of its first kernel, in nt; odd.
    size, n_codes : int
        Numbers a code, and codes in the codebook.
    context, depth : int
        Filters and number of the convolutions over tokens behind the codebook.
    heads : int
        Attention heads; each reads its share of the `context` channels.
    units : int
        Units of the dense layer.
    middle : int
        Tokens around the site that are read as they stand; odd.
    dropout, token_dropout : float
        Share of the summary, and of the tokens, left out in training.
    l2 : float
        Penalty on the kernels.
    reads : str
        What the classifier reads: the ``latent`` of each token, so that the codebook stands beside
        it, or the ``codes`` alone.
    commitment, reconstruction : float
        Weights of these losses beside that of the classes, which has weight 1.
    learning_rate : float
        Step of Adam.
    """

    filters: int = 64
    width: int = 11
    size: int = 32
    n_codes: int = 256
    context: int = 64
    depth: int = 2
    heads: int = 8
    units: int = 64
    middle: int = 5
    dropout: float = 0.3
    token_dropout: float = 0.1
    l2: float = 1e-5
    reads: str = "latent"
    commitment: float = 0.25
    reconstruction: float = 0.2
    learning_rate: float = 1e-3


PRESETS: Mapping[str, Sizes] = MappingProxyType(
    {
        "standard": Sizes(),
        "fast": Sizes(filters=48, n_codes=128, context=48),
        "small": Sizes(
            filters=48, n_codes=96, dropout=0.2, token_dropout=0.05, reconstruction=0.05, learning_rate=3e-3
        ),
    }
)
"""Sizes by name."""


def build_vqvae(length: int, n_outputs: int, sizes: Sizes = PRESETS["standard"]) -> keras.Model:
    """Build and compile the network for windows of `length` nt (odd) and so many modifications.

    Returns
    -------
    keras.Model
        Input ``window`` (n, length, 4), letters A C G U; output ``probability`` (n, n_outputs).
        Labels that are NaN do not count.

    Raises
    ------
    ValueError
        If the length is even or shorter than the middle, or `context` cannot be shared by the
        heads.

    Examples
    --------
    >>> model = build_vqvae(51, 2, PRESETS["small"])
    >>> model.get_layer("quantiser").output.shape, model.output_shape
    ((None, 17, 32), (None, 2))
    """
    _check(length, sizes)
    tokens = n_tokens(length)
    plain = {"use_bias": False, "kernel_regularizer": regularizers.L2(sizes.l2)}
    window = keras.Input((length, RNA.size), name="window")
    pad = (tokens * STRIDE - length) // 2
    x = layers.ZeroPadding1D(pad, name="padded")(window) if pad else window
    x = layers.Conv1D(sizes.filters, sizes.width, padding="same", name="conv_1", **plain)(x)
    x = _normed(x, "1")
    # The convolution of a token's own positions, stride by stride, as one product of matrices.
    x = layers.Reshape((tokens, STRIDE * sizes.filters), name="tokens")(x)
    x = layers.Dense(sizes.filters, name="conv_2", **plain)(x)
    x = _normed(x, "2")
    latent = layers.Dense(sizes.size, name="latent")(x)
    quantiser = VectorQuantiser(sizes.n_codes, sizes.size, commitment=sizes.commitment, name="quantiser")
    code = quantiser(latent)

    letters = layers.Conv1D(sizes.filters // 2, 3, padding="same", name="decoder_1")(code)
    letters = layers.ReLU(name="decoder_relu")(letters)
    letters = layers.Dense(STRIDE * RNA.size, name="decoder_2")(letters)
    letters = layers.Reshape((tokens * STRIDE, RNA.size), name="decoded")(letters)
    letters = layers.Cropping1D(pad, name="letters")(letters)

    # A token that is left out is left out whole: a code is there or not.
    left_out = layers.Dropout(sizes.token_dropout, noise_shape=(None, tokens, 1), name="token_dropout")
    x = PositionBias(name="position")(left_out(code if sizes.reads == "codes" else latent))
    for number in range(sizes.depth):
        x = layers.Conv1D(sizes.context, 5, padding="same", name=f"context_{number + 1}", **plain)(x)
        x = _normed(x, f"context_{number + 1}")
    if not sizes.depth:
        x = layers.Dense(sizes.context, name="context")(x)
    scores = layers.Dense(sizes.heads, name="attention_scores")(x)
    attention = layers.Softmax(axis=1, name="attention")(PositionBias(name="prior")(scores))
    parts = [
        AttentionRead(name="read")(attention, x),
        layers.GlobalMaxPooling1D(name="highest")(x),
        Middle(sizes.middle, name="middle")(x),
    ]
    x = layers.Concatenate(name="summary")(parts)
    x = layers.Dropout(sizes.dropout, name="dropout_1")(x)
    x = layers.Dense(sizes.units, name="dense", kernel_regularizer=regularizers.L2(sizes.l2))(x)
    x = layers.ReLU(name="dense_relu")(x)
    x = layers.Dropout(sizes.dropout, name="dropout_2")(x)
    logit = layers.Dense(n_outputs, name="logit")(x)
    model = joined(window, logit, letters, name="vqvae", reconstruction=sizes.reconstruction)
    return compiled(model, sizes.learning_rate)


def joined(
    window: keras.KerasTensor, logit: keras.KerasTensor, letters: keras.KerasTensor, *, name: str,
    reconstruction: float,
) -> keras.Model:  # fmt: skip
    """Model of a classifier (`logit`) and a decoder (logits of the `letters`), by their weight."""
    passed = Reconstruction(reconstruction, name="reconstruction")(logit, window, letters)
    return keras.Model(window, layers.Activation("sigmoid", name="probability")(passed), name=name)


def compiled(model: keras.Model, learning_rate: float) -> keras.Model:
    """The model, made ready for labels of which some are not known."""
    # The loss without the other parts is what the epoch is chosen by.
    log_loss = keras.metrics.MeanMetricWrapper(masked_crossentropy, name="log_loss")
    model.compile(
        keras.optimizers.Adam(learning_rate), loss=masked_crossentropy,
        metrics=[KnownAUROC(name="auroc"), log_loss], jit_compile=False,
    )  # fmt: skip
    return model


def n_tokens(length: int) -> int:
    """Tokens of a window: an odd number, so that the site stands in the middle of one.

    Examples
    --------
    >>> n_tokens(501), n_tokens(101)
    (167, 35)
    """
    tokens = -(-length // STRIDE)
    return tokens + 1 - tokens % 2


def token_starts(length: int) -> np.ndarray:
    """First position of every token of a window, dtype int; negative where padding begins the first.

    Examples
    --------
    >>> token_starts(11).tolist()
    [-2, 1, 4, 7, 10]
    """
    tokens = n_tokens(length)
    return STRIDE * np.arange(tokens) - (tokens * STRIDE - length) // 2


def receptive_field(model: keras.Model) -> int:
    """Positions that one code is made from, the token in their middle, in nt; odd.

    Examples
    --------
    >>> receptive_field(build_vqvae(51, 1, PRESETS["small"]))
    13
    """
    return int(model.get_layer("conv_1").kernel_size[0]) + STRIDE - 1


def reader(model: keras.Model) -> keras.Model:
    """The part that predicts: from a window to the logits (n, outputs), without the decoder."""
    return keras.Model(model.input, model.get_layer("logit").output, name="reader")


def logits(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """Log-odds of every class of one-hot windows, shape (n, outputs), dtype float32.

    Examples
    --------
    >>> model = build_vqvae(51, 2, PRESETS["small"])
    >>> logits(model, np.zeros((3, 51, 4), np.float32)).shape
    (3, 2)
    """
    return _predicted(reader(model), X)


def codes(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """Number of the code of every token of one-hot windows, shape (n, tokens), dtype int32.

    Examples
    --------
    >>> model = build_vqvae(51, 2, PRESETS["small"])
    >>> codes(model, np.zeros((3, 51, 4), np.float32)).shape
    (3, 17)
    """
    chosen = _Choice(name="choice")
    chosen.quantiser = model.get_layer("quantiser")
    part = keras.Model(model.input, chosen(model.get_layer("latent").output))
    return _predicted(part, X).astype(np.int32)


def codebook(model: keras.Model) -> np.ndarray:
    """The codes, shape (n_codes, size), dtype float32, each of length 1."""
    return np.array(model.get_layer("quantiser").codebook.numpy())


def reconstruct(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """Probability of every letter at every position, from the codes of one-hot windows.

    Examples
    --------
    >>> model = build_vqvae(51, 2, PRESETS["small"])
    >>> reconstruct(model, np.zeros((3, 51, 4), np.float32)).sum(axis=-1).round(3).max()
    np.float32(1.0)
    """
    return _predicted(keras.Model(model.input, layers.Softmax()(model.get_layer("letters").output)), X)


def usage(found: np.ndarray, n_codes: int) -> np.ndarray:
    """Share of the tokens that each code has, shape (n_codes,).

    Examples
    --------
    >>> usage(np.array([[0, 0, 2, 2]]), 4).tolist()
    [0.5, 0.0, 0.5, 0.0]
    """
    counts = np.bincount(np.ravel(found), minlength=n_codes)
    return np.asarray(counts / max(counts.sum(), 1))


def perplexity(share: np.ndarray) -> float:
    """How many codes are in use, as the exponential of the entropy of their use.

    Examples
    --------
    >>> round(perplexity(np.array([0.5, 0.0, 0.5, 0.0])), 6)
    2.0
    """
    used = share[share > 0]
    return float(np.exp(-(used * np.log(used)).sum()))


class _Choice(keras.layers.Layer):
    """The number of the nearest code; for `codes`, never saved."""

    quantiser: VectorQuantiser

    def call(self, latents: Any) -> Any:
        return self.quantiser.choose(latents)


def _predicted(part: keras.Model, X: np.ndarray) -> np.ndarray:
    return np.asarray(part.predict(X, batch_size=_BATCH, verbose=0))


def _normed(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = layers.BatchNormalization(momentum=0.9, name=f"norm_{name}")(x)
    return layers.ReLU(name=f"relu_{name}")(x)


def _check(length: int, sizes: Sizes) -> None:
    check_odd(length)
    if sizes.middle % 2 == 0 or n_tokens(length) < sizes.middle:
        raise ValueError(
            f"middle is {sizes.middle} tokens, and a window of {length} nt has {n_tokens(length)}; "
            "expected an odd number, and no more than there are"
        )
    if sizes.context % sizes.heads:
        raise ValueError(
            f"context is {sizes.context} channels for {sizes.heads} heads; expected a multiple of the heads"
        )
