"""Networks that read a promoter: the original, a small convolutional one, and a motif scanner.

All take one-hot DNA of one length and end in the layers ``logit`` and ``probability``. Activations
are layers of their own, each used once, so that DeepLIFT can be asked about them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, regularizers

from helpers.motifs import library
from helpers.sequences.alphabet import DNA
from helpers.stats.odds import logit, sigmoid

BACKGROUND = (0.32, 0.18, 0.18, 0.32)
"""Share of A C G T in the promoters of Brassicaceae, against which a motif is weighed."""


def build_original(length: int, *, learning_rate: float = 1e-3) -> keras.Model:
    """Build and compile the original network: three convolutions and three dense layers.

    Filters, widths, strides, dropout and penalties are those of DeepDifE
    (https://github.com/VIB-PSB/DeepDifE). Input ``promoter`` (n, length, 4), output
    ``probability`` (n, 1), as of all networks here.

    Examples
    --------
    >>> build_original(600).count_params()
    97953
    """
    if length < 17:
        raise ValueError(f"the length is {length} nt; the original network needs at least 17")
    promoter = keras.Input((length, DNA.size), name="promoter")
    small = {"kernel_regularizer": regularizers.L2(1e-6)}
    x = layers.Conv1D(64, 12, padding="valid", name="conv_1", **small)(promoter)
    x = layers.ReLU(name="relu_1")(x)
    x = layers.MaxPooling1D(6, name="pool_1")(x)
    x = layers.Dropout(0.25, name="dropout_1")(x)
    for number, filters in ((2, 64), (3, 32)):
        options = {"strides": 6, "padding": "same", **small}
        x = layers.Conv1D(filters, 6, name=f"conv_{number}", **options)(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
        x = layers.Dropout(0.25, name=f"dropout_{number}")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(256, name="dense_1", **small)(x)
    x = layers.ReLU(name="dense_relu_1")(x)
    x = layers.Dropout(0.25, name="dropout_4")(x)
    x = layers.Dense(128, name="dense_2", **small)(x)
    x = layers.ReLU(name="dense_relu_2")(x)
    return _classifier(promoter, x, "original", learning_rate)


def build_cnn(
    length: int,
    *,
    filters: int = 32,
    width: int = 11,
    pool: int = 4,
    units: int = 32,
    dropout: float = 0.2,
    l2: float = 1e-5,
    learning_rate: float = 3e-3,
) -> keras.Model:
    """Build and compile our small convolutional network.

    The first convolution reads motifs, the second what stands within some 50 nt of each other; the
    maximum over the promoter asks whether a thing is there, not where.

    Parameters
    ----------
    width : int
        Width of the first kernel, in nt.
    pool : int
        Positions that are pooled after the first convolution.
    dropout : float
        Share left out before the dense layer and before the output.
    l2 : float
        Penalty on the kernels.

    Examples
    --------
    >>> model = build_cnn(240)
    >>> model.output_shape, model.get_layer("logit").output.shape
    ((None, 1), (None, 1))
    """
    if length < max(width, pool):
        raise ValueError(
            f"the length is {length} nt; expected at least {max(width, pool)}, the wider of kernel and pool"
        )
    promoter = keras.Input((length, DNA.size), name="promoter")
    options = {"padding": "same", "use_bias": False, "kernel_regularizer": regularizers.L2(l2)}
    x = layers.Conv1D(filters, width, name="conv_1", **options)(promoter)
    x = layers.BatchNormalization(momentum=0.9, name="norm_1")(x)
    x = layers.ReLU(name="relu_1")(x)
    x = layers.MaxPooling1D(pool, name="pool_1")(x)
    x = layers.Conv1D(filters, 9, name="conv_2", **options)(x)
    x = layers.BatchNormalization(momentum=0.9, name="norm_2")(x)
    x = layers.ReLU(name="relu_2")(x)
    pooled = [
        layers.GlobalMaxPooling1D(name="pool_max")(x),
        layers.GlobalAveragePooling1D(name="pool_mean")(x),
    ]
    x = layers.Concatenate(name="pool_2")(pooled)
    x = layers.Dropout(dropout, name="dropout_1")(x)
    x = layers.Dense(units, name="dense", kernel_regularizer=regularizers.L2(l2))(x)
    x = layers.ReLU(name="dense_relu")(x)
    x = layers.Dropout(dropout, name="dropout_2")(x)
    return _classifier(promoter, x, "promoter_cnn", learning_rate)


def build_scanner(
    length: int,
    *,
    bins: int = 2,
    sharpness: float = 0.28,
    l2: float = 2.0,
    dropout: float = 0.0,
    learning_rate: float = 1e-4,
    motifs: Sequence[library.Motif] | None = None,
    width: int = 24,
) -> keras.Model:
    """Build and compile a network whose first layer holds the known motifs of plants.

    Each kernel is the weight matrix of a motif, on either strand, and stays as it is. Its score
    at a position becomes ``exp(sharpness * score)``, as the occupancy of a site grows with its
    binding energy; the mean over all positions, and over each of `bins` stretches, says how much
    of the motif a promoter holds. Only what the motifs mean is learnt: one penalised weight each,
    from 0 on in small steps, as thousands of weights that start or tremble at random add up to noise.

    Parameters
    ----------
    bins : int
        Stretches of equal length in which the motifs are counted apart, beside the whole promoter;
        1 for the whole alone. It must divide the length.
    sharpness : float
        Weight of a bit of the score: high counts perfect sites only, low every likeness.
    l2 : float
        Penalty on the weights.
    dropout : float
        Share of the counts left out in training.
    motifs : sequence of helpers.motifs.library.Motif, optional
        All plant motifs of JASPAR CORE by default.
    width : int
        Width of the kernels, in nt; a wider motif is cut to its most informative part.

    Notes
    -----
    The layer ``counts`` gives the motif counts. Both strands are read: turning the promoter changes
    the order of the stretches, and what stands in the last `width` nt at either end, where a kernel
    of even width reaches one nt further out on one side.

    Examples
    --------
    >>> model = build_scanner(90, motifs=library.jaspar("plants")[:10])
    >>> model.get_layer("counts").output.shape
    (None, 30)
    """
    if bins < 1 or length % bins:
        raise ValueError(f"the length, {length} nt, is not a multiple of bins = {bins}")
    motifs = library.jaspar("plants") if motifs is None else motifs
    kernel = sharpness * motif_kernels(motifs, width)
    promoter = keras.Input((length, DNA.size), name="promoter")
    strands = []
    for name, weights in (("forward", kernel), ("reverse", kernel[::-1, ::-1])):
        scanned = layers.Conv1D(
            len(motifs), width, padding="same", use_bias=False, trainable=False, name=name
        )  # fmt: skip
        scores = scanned(promoter)
        # As weights, not as an initializer: its numbers would stand in the file's config a second time.
        scanned.set_weights([weights])
        strands.append(layers.Activation("exponential", name=f"{name}_occupancy")(scores))
    occupancy = layers.Add(name="occupancy")(strands)
    counts = layers.GlobalAveragePooling1D(name="whole")(occupancy)
    if bins > 1:
        parts = layers.AveragePooling1D(length // bins, name="stretches")(occupancy)
        parts = layers.Flatten(name="stretches_flat")(parts)
        counts = layers.Concatenate(name="counts")([counts, parts])
    else:
        counts = layers.Reshape((len(motifs),), name="counts")(counts)
    x = layers.BatchNormalization(name="norm", center=False, scale=False, epsilon=1e-9, trainable=False)(
        counts
    )
    x = layers.Dropout(dropout, name="dropout")(x)
    return _classifier(promoter, x, "motif_scanner", learning_rate, penalty=l2)


def scanner_parts(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The two parts of a motif scanner: promoter to counts, and counts to probability.

    The first part is fixed, so counts can be kept while the second, which shares its weights with
    `model`, is trained. The second part is compiled.

    Examples
    --------
    >>> counter, head = scanner_parts(build_scanner(90, motifs=library.jaspar("plants")[:10]))
    >>> counter.output_shape, head.output_shape
    ((None, 30), (None, 1))
    """
    counter, head = _split(model)
    rate = float(model.optimizer.learning_rate)
    head.compile(keras.optimizers.Adam(rate), **_compiled())
    return counter, head


def shared_counter(models: Sequence[keras.Model]) -> tuple[keras.Model, list[keras.Model]] | None:
    """The part that counts motifs, once, and each network's own part, where all count the same; else None.

    Examples
    --------
    >>> motifs = library.jaspar("plants")[:10]
    >>> counter, heads = shared_counter([build_scanner(90, motifs=motifs) for _ in range(2)])
    >>> counter.output_shape, len(heads), shared_counter([build_cnn(90)] * 2)
    ((None, 30), 2, None)
    """
    if any(getattr(model, "name", "") != "motif_scanner" for model in models):
        return None
    counters, heads = zip(*map(_split, models), strict=True)
    first = counters[0].get_weights()
    for other in counters[1:]:
        weights = other.get_weights()
        if other.output_shape != counters[0].output_shape or not all(map(np.array_equal, first, weights)):
            return None
    return counters[0], list(heads)


def _split(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    counter = keras.Model(model.input, model.get_layer("counts").output, name="counter")
    counts = keras.Input(counter.output_shape[1:], name="counts")
    x = counts
    for name in ("norm", "dropout", "logit", "probability"):
        x = model.get_layer(name)(x)
    return counter, keras.Model(counts, x, name="head")


def adapt(model: keras.Model, counts: np.ndarray, y: np.ndarray) -> None:
    """Take from the training rows what a motif scanner need not learn in small steps.

    Mean and variance of the counts, shape (n, counts), and the share of the labels `y`, shape (n,), at
    which its output starts.
    """
    model.get_layer("norm").set_weights([counts.mean(axis=0), counts.var(axis=0)])
    model.get_layer("logit").bias.assign(logit(y.mean(keepdims=True)))


def motif_kernels(motifs: Sequence[library.Motif], width: int) -> np.ndarray:
    """Weight matrices as the kernel of a convolution, shape (width, 4, motifs): bits, 0 beside a motif.

    Each stands in the middle; of a motif wider than `width` nt the most informative part is taken.

    Examples
    --------
    >>> motif_kernels([library.plant_motif("MA0570.3")], 12)[:, :, 0].argmax(axis=1).tolist()
    [0, 0, 1, 0, 1, 2, 3, 2, 2, 1, 0, 0]
    """
    kernel = np.zeros((width, DNA.size, len(motifs)), dtype=np.float32)
    for number, motif in enumerate(motifs):
        weights = library.log_odds(motif.counts, BACKGROUND)
        if (over := len(weights) - width) > 0:
            share = motif.counts / motif.counts.sum(axis=1, keepdims=True)
            bits = (share * weights).sum(axis=1)
            best = int(np.argmax([bits[i : i + width].sum() for i in range(over + 1)]))
            weights = weights[best : best + width]
        first = (width - len(weights)) // 2
        kernel[first : first + len(weights), :, number] = weights
    return kernel


def predict_strands(
    model: keras.Model, X: np.ndarray, *, strands: int = 2, batch_size: int = 256
) -> np.ndarray:
    """Probabilities of one-hot promoters (n, length, 4), shape (n,): the mean in log-odds over both strands.

    The same for a promoter and its reverse complement; with `strands` 1 the given strand alone is read.

    Examples
    --------
    >>> model, X = build_cnn(40), np.eye(4, dtype=np.float32)[np.arange(80).reshape(2, 40) % 4]
    >>> p = predict_strands(model, X)
    >>> bool(np.allclose(p, predict_strands(model, X[:, ::-1, ::-1]), atol=1e-6))
    True
    """
    read = [X] if strands == 1 else [X, X[:, ::-1, ::-1]]
    found = [model.predict(x, batch_size=batch_size, verbose=0)[:, 0] for x in read]
    return sigmoid(np.mean(logit(found), axis=0))


BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "original": build_original,
    "cnn": build_cnn,
    "scanner": build_scanner,
}
"""The networks by the name of their architecture."""

STRANDS = {"original": 2, "cnn": 2, "scanner": 1}
"""Strands over which a network's predictions are averaged; the scanner reads both in one go."""


def check_build(architecture: str, build: Mapping[str, Any]) -> None:
    """Raise ValueError if an architecture, or an argument of its builder, is not known.

    Examples
    --------
    >>> check_build("cnn", {"filters": 16})
    """
    if architecture not in BUILDERS:
        raise ValueError(f"architecture is {architecture!r}; expected one of {', '.join(BUILDERS)}")
    known = list(inspect.signature(BUILDERS[architecture]).parameters)[1:]
    if strange := sorted(set(build) - set(known)):
        raise ValueError(
            f"the {architecture} has no argument {', '.join(strange)}; expected some of {', '.join(known)}"
        )


def _compiled() -> dict[str, Any]:
    # The log loss is the loss without the penalties: what the epoch is chosen by.
    scores = [keras.metrics.AUC(name="auroc"), keras.metrics.BinaryCrossentropy(name="log_loss")]
    return {"loss": "binary_crossentropy", "metrics": ["accuracy", *scores], "jit_compile": False}


def _classifier(
    promoter: keras.KerasTensor,
    x: keras.KerasTensor,
    name: str,
    learning_rate: float,
    penalty: float | None = None,
) -> keras.Model:
    penalised = {"kernel_regularizer": regularizers.L2(penalty), "kernel_initializer": "zeros"}
    options = {} if penalty is None else penalised
    output = layers.Dense(1, name="logit", **options)(x)
    probability = layers.Activation("sigmoid", name="probability")(output)
    model = keras.Model(promoter, probability, name=name)
    model.compile(keras.optimizers.Adam(learning_rate), **_compiled())
    return model
