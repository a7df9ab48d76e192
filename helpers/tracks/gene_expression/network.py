"""The hybrid network of promoters: convolutions, a recurrent layer, attention for each cell type.

Convolutions find motifs, a recurrent layer that reads both ways carries what stands where and how
far apart, and for each cell type an attention of its own says which positions are read. One output
a cell type; a cell type in which a promoter was not measured (NaN) costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from helpers.models.layers import ResidueMask

_FAR = 1e4
"""What hides padding from a softmax; small enough for half precision."""

_register = keras.saving.register_keras_serializable(package="helpers")


class Size(NamedTuple):
    """Sizes of `build_hybrid`.

    Attributes
    ----------
    filters, shared, width : int
        Motif detectors that read the given strand, those that read both with the same weights, and
        their width, nt; odd.
    pool : int
        Nucleotides that share a step of the recurrent layer.
    recurrent : int
        Units of the recurrent layer in each direction.
    dropout : float
        Share of values hidden in training.
    rate : float
        Learning rate of Adam.
    shift : int
        Nucleotides by which a promoter is moved in training, at most, to either side; what is moved
        in is padding.
    sharp : float
        Deviations above its mean from which a match of a motif detector counts before training. More
        makes detectors that tell a motif from its look-alikes sooner, from few promoters.
    """

    filters: int = 32
    shared: int = 16
    width: int = 13
    pool: int = 4
    recurrent: int = 24
    dropout: float = 0.2
    rate: float = 2e-3
    shift: int = 0
    sharp: float = 0.0


def read_size(text: str) -> Size:
    """`Size` from words such as ``filters 16, pool 8``; what is not named keeps its default.

    Raises
    ------
    ValueError
        If a field is unknown, or its value is no number of its kind.

    Examples
    --------
    >>> read_size("pool 8, rate 0.005").pool
    8
    """
    found: dict[str, Any] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = word.partition(" ")
        if name not in Size._fields:
            raise ValueError(
                f"size: {word!r} names no size; expected {', '.join(Size._fields)}, such as pool 8"
            )
        kind = type(Size._field_defaults[name])
        try:
            found[name] = kind(number)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise ValueError(f"size: {word!r}; expected {what} behind {name}") from None
    return Size(**found)


@_register
class Shift(keras.layers.Layer):
    """Moves each row of a batch by up to `most` positions in training; otherwise it does nothing.

    Examples
    --------
    >>> X = np.eye(4, dtype="float32")[None]
    >>> np.array_equal(Shift(2)(X), X), np.asarray(Shift(2)(X, training=True)).shape
    (True, (1, 4, 4))
    """

    def __init__(self, most: int, *, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.most, self.seed = most, seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, X: Any, training: bool = False) -> Any:
        """Rows ``X``, (n, length, letters), moved."""
        if not training or not self.most:
            return X
        n, length = ops.shape(X)[0], ops.shape(X)[1]
        by = keras.random.randint((n, 1), 0, 2 * self.most + 1, seed=self.random)
        padded = ops.pad(X, ((0, 0), (self.most, self.most), (0, 0)))
        return ops.take_along_axis(padded, (by + ops.arange(length)[None])[:, :, None], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "most": self.most, "seed": self.seed}


@_register
class StrandConvolution(keras.layers.Layer):
    """Motif detectors that read both strands with the same weights and give the better match.

    The width, in nucleotides, is odd, so that both strands meet in its middle.

    Examples
    --------
    >>> layer = StrandConvolution(1, 3)
    >>> X = np.eye(4)[[[0, 1, 2]]]  # ACG, which is CGT on the other strand
    >>> _ = layer(X)
    >>> layer.set_weights([np.eye(4)[[1, 2, 3]][:, :, None]])  # finds CGT
    >>> np.asarray(layer(X))[0, :, 0].tolist()
    [0.0, 3.0, 2.0]
    """

    def __init__(self, filters: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.width = filters, width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the detectors."""
        self.kernel = self.add_weight(name="kernel", shape=(self.width, input_shape[-1], self.filters))

    def call(self, X: Any) -> Any:
        """Matches for one-hot rows ``X``, (n, length, 4), as (n, length, filters)."""
        # Letters in the order A C G T: turning both axes round is the reverse complement.
        other = ops.flip(self.kernel, axis=(0, 1))
        return ops.maximum(ops.conv(X, self.kernel, padding="same"), ops.conv(X, other, padding="same"))

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "filters": self.filters, "width": self.width}


@_register
class TaskAttention(keras.layers.Layer):
    """Where each cell type looks: a softmax over positions, padding exactly 0; (n, steps, tasks).

    Examples
    --------
    >>> weights = TaskAttention(2)(np.ones((1, 3, 4)), np.array([[[1.0], [1.0], [0.0]]]))
    >>> np.asarray(weights)[0].round(2).tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]
    """

    def __init__(self, tasks: int, **options: Any) -> None:
        super().__init__(**options)
        self.tasks = tasks

    def build(self, states_shape: Any) -> None:
        """Make the query of each cell type."""
        self.query = self.add_weight(name="query", shape=(states_shape[-1], self.tasks))

    def call(self, states: Any, mask: Any) -> Any:
        """Weights for states (n, steps, d) under a mask (n, steps, 1)."""
        mask = ops.cast(mask, states.dtype)
        scores = ops.matmul(states, self.query) - _FAR * (1.0 - mask)
        return mask * ops.softmax(scores, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "tasks": self.tasks}


@_register
class TaskRead(keras.layers.Layer):
    """What each cell type reads: states averaged by their attention; (n, tasks, d)."""

    def call(self, weights: Any, states: Any) -> Any:
        """Weights (n, steps, tasks) and states (n, steps, d)."""
        return ops.matmul(ops.transpose(weights, (0, 2, 1)), states)


@_register
class TaskOutput(keras.layers.Layer):
    """One number a cell type, each with weights of its own; (n, tasks).

    Examples
    --------
    >>> np.asarray(TaskOutput()(np.ones((5, 3, 2)))).shape
    (5, 3)
    """

    def build(self, read_shape: Any) -> None:
        """Make a row of weights and a bias for each cell type."""
        self.kernel = self.add_weight(
            name="kernel", shape=tuple(read_shape[-2:]), initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=(read_shape[-2],), initializer="zeros")

    def call(self, read: Any) -> Any:
        """Outputs for values (n, tasks, d)."""
        return ops.sum(read * self.kernel, axis=-1) + self.bias


@_register
class MaskedSquaredError(keras.losses.Loss):
    """Mean squared error over what was measured: NaN in the truth costs nothing; one value a row.

    A row's errors are summed and divided by the number of cell types, so that a value that was
    measured weighs the same in a full row and in one with gaps.

    Examples
    --------
    >>> loss = MaskedSquaredError()
    >>> float(loss(np.array([[1.0, np.nan]]), np.array([[3.0, 9.0]])))
    2.0
    """

    def __init__(self, name: str = "masked_squared_error", **options: Any) -> None:
        super().__init__(name=name, **options)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each row for values (n, tasks)."""
        y_pred = ops.cast(y_pred, "float32")
        y_true = ops.cast(y_true, "float32")
        known = ops.logical_not(ops.isnan(y_true))
        # The gap is closed before the square is taken: the gradient of NaN times zero is NaN.
        error = ops.where(known, y_true, y_pred) - y_pred
        return ops.mean(ops.square(error), axis=-1)


def build_hybrid(
    tasks: int,
    *,
    length: int | None = None,
    size: Size = Size(),  # noqa: B008
    steps: int | None = None,
    known: Sequence[np.ndarray] = (),
) -> keras.Model:
    """Convolutions, a recurrent layer and attention, one output a cell type.

    Parameters
    ----------
    tasks : int
        Number of cell types.
    length : int or None
        Nucleotides of a promoter; None takes any length. Rows of zeros are padding.
    steps : int or None
        Training steps over which the learning rate falls to zero (a cosine); None keeps it.
    known : sequence of numpy.ndarray, shape=(width, 4)
        Log-odds of known motifs (`scanning.Matrix`): further detectors that begin as these, on
        either strand, and are trained with the rest.

    Returns
    -------
    keras.Model
        Compiled; from one-hot rows, shape=(n, length, 4), to standardised expression,
        shape=(n, tasks). The layer ``attention`` holds the weights, shape=(n, steps, tasks).

    Raises
    ------
    ValueError
        If there is no task, the promoter is shorter than a step, or the width is even.

    Examples
    --------
    >>> model = build_hybrid(3, length=40, size=Size(filters=4, recurrent=2))
    >>> model.output.shape, model.get_layer("attention").output.shape
    ((None, 3), (None, 10, 3))
    """
    _check(tasks, length, size)
    layers = keras.layers
    promoter = keras.Input((length, 4), name="promoter")
    X = Shift(size.shift, name="shift")(promoter) if size.shift else promoter
    mask = layers.MaxPooling1D(size.pool, padding="same", name="mask")(ResidueMask()(X))
    found = [_convolution(X, size.filters, size.width, "motif", threshold=size.sharp)]
    if size.shared:
        shared = StrandConvolution(size.shared, size.width, name="shared_conv")
        found.append(_matches(shared(X), "shared", size.sharp))
    if len(known):
        found.append(_known(X, known, size.sharp))
    found = layers.Concatenate(name="motifs")(found) if len(found) > 1 else found[0]
    found = layers.MaxPooling1D(size.pool, padding="same", name="motif_pool")(found)
    found = layers.Dropout(size.dropout, name="motif_dropout")(found)
    near = _convolution(found, size.filters, 5, "grammar")
    read_both_ways = layers.Bidirectional(layers.GRU(size.recurrent, return_sequences=True), name="distance")(
        near
    )
    states = layers.Concatenate(name="states")([found, near, read_both_ways])
    states = layers.Dropout(size.dropout, name="states_dropout")(states)
    weights = TaskAttention(tasks, name="attention")(states, mask)
    read = TaskRead(name="read")(weights, states)
    # Where attention goes to one element it leaves another; the sum over all goes beside it.
    total = layers.GlobalAveragePooling1D(name="total")(states)
    total = layers.RepeatVector(tasks, name="total_everywhere")(total)
    read = layers.Concatenate(name="read_and_total")([read, total])
    read = layers.Dense(2 * size.recurrent, name="read_dense")(read)
    read = layers.Activation("relu", name="read_activation")(read)
    # Half precision is for the inner layers; the numbers that come out are whole ones.
    output = TaskOutput(name="expression", dtype="float32")(read)
    return _compiled(promoter, output, size.rate, steps, "hybrid")


def build_plain(
    tasks: int,
    *,
    length: int | None = None,
    size: Size = Size(),  # noqa: B008
    steps: int | None = None,
) -> keras.Model:
    """A plain convolutional network for comparison: two convolutions and the strongest match.

    Arguments, input, outputs and errors are those of `build_hybrid`.

    Examples
    --------
    >>> build_plain(2, length=40).output.shape
    (None, 2)
    """
    _check(tasks, length, size)
    layers = keras.layers
    X = keras.Input((length, 4), name="promoter")
    found = _convolution(X, size.filters, size.width, "motif", threshold=size.sharp)
    found = layers.MaxPooling1D(size.pool, padding="same", name="motif_pool")(found)
    found = layers.Dropout(size.dropout, name="motif_dropout")(found)
    found = _convolution(found, size.filters, 5, "grammar")
    found = layers.GlobalMaxPooling1D(name="strongest")(found)
    found = layers.Dense(2 * size.recurrent, name="read_dense")(found)
    found = layers.Activation("relu", name="read_activation")(found)
    found = layers.Dropout(size.dropout, name="read_dropout")(found)
    output = layers.Dense(tasks, name="expression", dtype="float32")(found)
    return _compiled(X, output, size.rate, steps, "plain")


def attention_map(model: keras.Model, X: np.ndarray, *, batch_size: int = 128) -> np.ndarray:
    """Attention of a hybrid network at each nucleotide, shape=(n, length, tasks), dtype=float32.

    The weight of a step is shared evenly among its nucleotides: the sum is 1 over a promoter whose
    length is a multiple of the step. ValueError if the model has no layer of that name.

    Examples
    --------
    >>> model = build_hybrid(2, size=Size(filters=4, recurrent=2))
    >>> attention_map(model, np.full((1, 8, 4), 0.25, "float32")).sum(axis=1).round(3).tolist()
    [[1.0, 1.0]]
    """
    if "attention" not in [layer.name for layer in model.layers]:
        raise ValueError(f"the model {model.name!r} has no layer 'attention'; expected one from build_hybrid")
    inner = keras.Model(model.input, model.get_layer("attention").output)
    weights = np.asarray(inner.predict(X, batch_size=batch_size, verbose=0), dtype=np.float32)
    step = -(-X.shape[1] // weights.shape[1])
    return np.repeat(weights / step, step, axis=1)[:, : X.shape[1]]


def _convolution(X: Any, filters: int, width: int, name: str, *, threshold: float = 0.0) -> Any:
    convolution = keras.layers.Conv1D(filters, width, padding="same", use_bias=False, name=f"{name}_conv")
    return _matches(convolution(X), name, threshold)


def _matches(X: Any, name: str, threshold: float) -> Any:
    """Matches count from `threshold` deviations above the mean."""
    beta = keras.initializers.Constant(-threshold)
    X = keras.layers.BatchNormalization(momentum=0.9, beta_initializer=beta, name=f"{name}_norm")(X)
    return keras.layers.Activation("relu", name=f"{name}_activation")(X)


def _known(X: Any, known: Sequence[np.ndarray], sharp: float) -> Any:
    """Detectors that begin as known motifs."""
    width = max(len(weights) for weights in known) // 2 * 2 + 1
    kernel = np.zeros((width, 4, len(known)), dtype=np.float32)
    for place, weights in enumerate(known):
        start = (width - len(weights)) // 2
        kernel[start : start + len(weights), :, place] = weights
    convolution = StrandConvolution(len(known), width, name="known_conv")
    # What matches less well than one deviation above the mean is hardly a site.
    found = _matches(convolution(X), "known", 1.0 + sharp)
    convolution.set_weights([kernel])
    return found


def _compiled(X: Any, output: Any, rate: float, steps: int | None, name: str) -> keras.Model:
    model = keras.Model(X, output, name=name)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps) if steps else rate
    model.compile(
        keras.optimizers.AdamW(falling, weight_decay=1e-2, clipnorm=1.0),
        MaskedSquaredError(),
        jit_compile=False,
    )
    return model


def _check(tasks: int, length: int | None, size: Size) -> None:
    if tasks < 1:
        raise ValueError(f"tasks is {tasks}; expected the number of cell types, 1 or more")
    if length is not None and length < size.pool:
        raise ValueError(f"length is {length} nt; expected at least one step of {size.pool} nt")
    if size.width % 2 == 0:
        raise ValueError(f"width is {size.width} nt; expected an odd number, such as 13")
