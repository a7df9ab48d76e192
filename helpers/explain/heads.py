"""Which number of a model is explained, and how inputs are cut into batches.

A sigmoid saturates: where the model is sure, the gradient of its probability is nearly zero and
every position looks unimportant. Explanations therefore look at the *logit*, the number that goes
into the closing sigmoid, unless they are asked for something else.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from tqdm.auto import tqdm

from helpers.sequences.alphabet import Alphabet

Model = Callable[..., Any]
"""A Keras model, or any function from a list of tensors to a tensor of shape (n, outputs)."""

Score = Callable[[Sequence[np.ndarray]], np.ndarray]
"""A function from the arrays of a batch to one number for each item."""

_CLOSING = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Target:
    """The number of a model that an explanation is about.

    Parameters
    ----------
    kind : str
        ``"logit"``: the number before the closing sigmoid or softmax; the output itself where the
        model has none. ``"probability"``: the output as it is.
    index : int
        Which output unit, for a model with several (tasks, cell types).

    Examples
    --------
    >>> Target().kind, Target("probability", index=2).index
    ('logit', 2)
    """

    kind: str = "logit"
    index: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("logit", "probability"):
            raise ValueError(
                f"target is {self.kind!r}; expected 'logit' or 'probability' "
                "(or Target(kind, index) for a model with several outputs)"
            )


def as_target(target: str | Target) -> Target:
    """Target of a name; a `Target` is given back as it is."""
    return target if isinstance(target, Target) else Target(target)


def as_inputs(inputs: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
    """Inputs of a model as a list of float32 arrays with the same number of items.

    Parameters
    ----------
    inputs : numpy.ndarray or sequence of numpy.ndarray
        One array, or one for each input of the model in its order. A sequence is one-hot,
        shape=(n, length, letters); any other number of axes is a further input.

    Returns
    -------
    list of numpy.ndarray, dtype=float32

    Raises
    ------
    ValueError
        If there is no array, or if the arrays hold different numbers of items.
    """
    arrays = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    arrays = [np.asarray(array, dtype=np.float32) for array in arrays]
    if not arrays or any(array.ndim < 2 for array in arrays):
        raise ValueError(
            f"inputs have the shapes {[array.shape for array in arrays]}; expected one array for "
            "each input of the model, one-hot sequences as (n, length, letters)"
        )
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(
            f"inputs hold {[len(array) for array in arrays]} items; expected the same number in "
            "each, item i of one belonging to item i of the others"
        )
    return arrays


def fitting_inputs(model: Model, inputs: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
    """Inputs as `as_inputs` gives them, checked against the inputs of a Keras model.

    Raises
    ------
    ValueError
        If the model takes another number of inputs, or one of another shape.
    """
    arrays = as_inputs(inputs)
    if not isinstance(model, keras.Model):
        return arrays
    expected = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    found = [array.shape[1:] for array in arrays]
    if len(found) != len(expected) or not all(map(_fits, found, expected)):
        names = [tensor.name for tensor in model.inputs]
        raise ValueError(
            f"inputs have the shapes {[array.shape for array in arrays]}; the model's inputs "
            f"{names} expect {[('n', *shape) for shape in expected]} (None: any length). Encode "
            "the sequences with the model's alphabets and lengths, in this order"
        )
    return arrays


def _fits(found: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(found) == len(expected) and all(
        size is None or size == given for given, size in zip(found, expected, strict=True)
    )


def is_sequence(array: np.ndarray) -> bool:
    """Whether an input is a one-hot sequence (three axes); others are held fixed."""
    return array.ndim == 3


def residues(onehot: np.ndarray) -> np.ndarray:
    """Mask of the positions where a residue is, an unknown one too; padding is an all-zero row.

    Returns
    -------
    numpy.ndarray, shape=(..., length), dtype=bool

    Examples
    --------
    >>> residues(np.array([[[1, 0], [0.5, 0.5], [0, 0]]])).tolist()
    [[True, True, False]]
    """
    return np.asarray(onehot.sum(axis=-1) > 0)


def _input(model: keras.Model) -> Any:
    """Inputs of a model in the structure it was built with: a tensor, a list or a dict."""
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def _closing_layer(model: keras.Model) -> keras.layers.Layer | None:
    """Layer whose output is the model's first output, if there is exactly one such layer."""
    for layer in reversed(model.layers):
        try:
            output = layer.output
        except (AttributeError, ValueError):  # a layer used twice, or never, has no one output
            continue
        if output is model.outputs[0]:
            return layer
    return None


class BeforeActivation(keras.layers.Layer):
    """A dense layer up to its activation, with the same weights (not a copy of them)."""

    def __init__(self, dense: keras.layers.Dense) -> None:
        super().__init__(name=f"{dense.name}_logit")
        self.dense = dense

    def call(self, x: Any) -> Any:
        """Weighted sums of `x`."""
        sums = keras.ops.matmul(x, self.dense.kernel)
        return sums + self.dense.bias if self.dense.use_bias else sums


def output_model(model: Model, target: str | Target = "logit") -> Model:
    """Model that ends at the number to explain.

    Parameters
    ----------
    model : keras.Model or callable
        A callable that is no Keras model is given back as it is.
    target : str or Target, optional
        ``"logit"`` or ``"probability"``, see `Target`.

    Returns
    -------
    keras.Model or callable
        Same inputs. For the logit it ends at the input of the closing `Activation`, `Softmax` or
        sigmoid layer, or at the closing dense layer without its activation.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False),
    ...                           keras.layers.Activation("sigmoid")])
    >>> model.set_weights([np.array([[30.0]])])
    >>> float(output_model(model)(np.ones((1, 1)))[0, 0])
    30.0
    """
    if as_target(target).kind == "probability" or not isinstance(model, keras.Model):
        return model
    layer = _closing_layer(model)
    if layer is None:
        return model
    if isinstance(layer, keras.layers.Softmax):
        return keras.Model(_input(model), layer.input)
    if getattr(getattr(layer, "activation", None), "__name__", "") not in _CLOSING:
        return model
    if isinstance(layer, keras.layers.Dense):
        return keras.Model(_input(model), BeforeActivation(layer)(layer.input))
    return keras.Model(_input(model), layer.input)


def ensemble(models: Sequence[keras.Model], target: str | Target = "logit") -> keras.Model:
    """Model whose output is the mean of the members' numbers, to be explained as one.

    Parameters
    ----------
    models : sequence of keras.Model
        Members with the same inputs.
    target : str or Target, optional
        What is averaged, see `Target`.

    Returns
    -------
    keras.Model
        The members' inputs; it shares their weights.

    Raises
    ------
    ValueError
        If there is no member, or their inputs differ.

    Examples
    --------
    >>> members = [keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(k)]) for k in (1, 3)]
    >>> float(ensemble(members)(np.ones((1, 1)))[0, 0])
    2.0
    """
    shapes = [[tuple(x.shape) for x in model.inputs] for model in models]
    if not shapes or any(shape != shapes[0] for shape in shapes):
        raise ValueError(
            f"the members' inputs have the shapes {shapes}; expected at least one member, and the "
            "same inputs in each"
        )
    inputs = [keras.Input(x.shape[1:], name=x.name) for x in models[0].inputs]
    heads: list[Any] = [output_model(model, target) for model in models]
    # Members come from one builder and share a name, which Keras allows once in a model.
    named = [
        keras.Model(_input(head), head.outputs[0], name=f"member_{number}")
        for number, head in enumerate(heads, start=1)
    ]
    outputs = [call(member, inputs) for member in named]
    mean = keras.layers.Average()(outputs) if len(outputs) > 1 else outputs[0]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], mean)


@keras.saving.register_keras_serializable(package="helpers")
class OtherStrand(keras.layers.Layer):
    """One-hot rows of the reverse complement: positions backwards, letters exchanged.

    Parameters
    ----------
    order : list of int
        For each letter the column of its complement.

    Examples
    --------
    >>> X = np.eye(4, dtype="float32")[None, :2]                       # AC
    >>> np.asarray(OtherStrand([3, 2, 1, 0])(X)).argmax(-1).tolist()    # GT
    [[2, 3]]
    """

    def __init__(self, order: list[int], **options: Any) -> None:
        super().__init__(**options)
        self.order = list(order)

    def call(self, X: Any) -> Any:
        """Other strand of ``X``, (n, length, letters)."""
        return keras.ops.take(keras.ops.flip(X, axis=1), keras.ops.array(self.order), axis=2)

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "order": self.order}


def both_strands(model: keras.Model, alphabet: Alphabet, target: str | Target = "logit") -> keras.Model:
    """Model whose output is the mean of a model's numbers for a sequence and its other strand.

    Parameters
    ----------
    model : keras.Model
        One input (n, length, letters) without padding.
    alphabet : Alphabet
        DNA or RNA, whose letters have complements.
    target : str or Target, optional
        What is averaged, see `Target`.

    Returns
    -------
    keras.Model
        The same input; it shares the model's weights.

    Raises
    ------
    ValueError
        If the alphabet has no complements, or the model has several inputs.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> member = keras.Sequential([keras.Input((3, 4)), keras.layers.Flatten(),
    ...                            keras.layers.Dense(1)])
    >>> X = np.eye(4, dtype="float32")[[[0, 1, 2], [1, 2, 3]]]          # ACG and CGT
    >>> outputs = as_numpy(both_strands(member, DNA)(X)).ravel()
    >>> bool(np.isclose(*outputs))
    True
    """
    if len(model.inputs) != 1:
        raise ValueError(f"the model has {len(model.inputs)} inputs; expected one to read on both strands")
    order = [alphabet.letters.index(alphabet.complement(letter)) for letter in alphabet.letters]
    head: Any = output_model(model, target)
    member = keras.Model(_input(head), head.outputs[0], name="strand")
    given = keras.Input(model.inputs[0].shape[1:], name=model.inputs[0].name)
    strands = [member(given), member(OtherStrand(order, name="other_strand")(given))]
    return keras.Model(given, keras.layers.Average(name="both_strands")(strands))


def layer_model(model: keras.Model, layer: str) -> keras.Model:
    """Model that ends at a named layer.

    Raises
    ------
    ValueError
        If the model has no layer of that name; the message lists the names it has.
    """
    names = [known.name for known in model.layers]
    if layer not in names:
        raise ValueError(f"the model has no layer named {layer!r}; its layers are: {', '.join(names)}")
    return keras.Model(_input(model), model.get_layer(layer).output)


def call(model: Model, arrays: Sequence[Any]) -> Any:
    """Output tensor of a model in inference mode, for a list of arrays or tensors."""
    if isinstance(model, keras.Model):
        return model(keras.tree.pack_sequence_as(_input(model), list(arrays)), training=False)
    return model(list(arrays) if len(arrays) > 1 else arrays[0])


def select(outputs: Any, index: int) -> Any:
    """One number for each item: column `index` of the outputs, (n,) outputs as they are.

    Raises
    ------
    ValueError
        If the outputs have no such column.
    """
    if len(outputs.shape) == 1:
        return outputs
    flat = keras.ops.reshape(outputs, (-1, math.prod(outputs.shape[1:])))
    if not 0 <= index < flat.shape[1]:
        raise ValueError(
            f"target index {index} does not exist: the model has {flat.shape[1]} output(s), "
            f"numbered from 0; give Target(kind, index) with an index below {flat.shape[1]}"
        )
    return flat[:, index]


def scorer(model: Model, target: str | Target = "logit") -> Score:
    """Fast function from the arrays of a batch to one number for each item.

    Parameters
    ----------
    model : keras.Model or callable
        A Keras model is compiled under TensorFlow, once for all its shapes, and kept: batches of
        512 pairs then run 1.5 times faster than eagerly, batches of 16 six times. Other callables
        run as they are.
    target : str or Target, optional
        See `Target`.

    Returns
    -------
    callable
        From a list of arrays to a numpy.ndarray, shape=(n,), dtype=float64.

    Examples
    --------
    >>> score = scorer(lambda x: keras.ops.sum(x, axis=(1, 2)))
    >>> score([np.ones((3, 2, 4), dtype=np.float32)]).tolist()
    [8.0, 8.0, 8.0]
    """
    run = compiled(_forward, model, as_target(target))

    def score(arrays: Sequence[np.ndarray]) -> np.ndarray:
        tensors = [keras.ops.convert_to_tensor(array, dtype="float32") for array in arrays]
        return as_numpy(keras.ops.stop_gradient(run(*tensors))).astype(np.float64)

    return score


def as_numpy(tensor: Any) -> np.ndarray:
    """A tensor of either backend as an array, without its gradient."""
    if hasattr(tensor, "detach"):  # torch; Keras's own way there draws a warning from numpy 2
        return np.asarray(tensor.detach().cpu().numpy())
    return np.asarray(keras.ops.convert_to_numpy(tensor))


@functools.lru_cache(maxsize=8)
def compiled(function: Callable[..., Any], model: Model, target: Target) -> Callable[..., Any]:
    """`function(head, index, *tensors)` for one model and target, compiled where that is possible.

    Parameters
    ----------
    function : callable
        Takes the model that ends at the target, the target's index and the tensors of a batch.
    model : keras.Model or callable
    target : Target

    Returns
    -------
    callable
        Takes the tensors of a batch.
    """
    return _open_shapes(functools.partial(function, output_model(model, target), target.index), model)


@functools.lru_cache(maxsize=8)
def compiled_layer(model: keras.Model, layer: str) -> Callable[..., Any]:
    """Function from the tensors of a batch to the output of a named layer, compiled likewise."""
    part = layer_model(model, layer)
    return _open_shapes(functools.partial(_whole, part), model)


def _open_shapes(run: Callable[..., Any], model: Model) -> Callable[..., Any]:
    """`run` compiled under TensorFlow for the inputs of a Keras model."""
    if keras.backend.backend() != "tensorflow" or not isinstance(model, keras.Model):
        return run
    import tensorflow as tf

    # A shape that the model leaves open stays open: one graph serves chains of every length.
    signature = [tf.TensorSpec((None, *x.shape[1:]), tf.float32) for x in model.inputs]
    return tf.function(run, input_signature=signature, autograph=False)


def _whole(part: Model, *tensors: Any) -> Any:
    return call(part, tensors)


def _forward(head: Model, index: int, *tensors: Any) -> Any:
    return select(call(head, tensors), index)


def batches(n: int, batch_size: int) -> Iterator[slice]:
    """Slices that cut `n` items into batches.

    Raises
    ------
    ValueError
        If the batch size is below 1.

    Examples
    --------
    >>> list(batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected a whole number of items above 0")
    return (slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size))


def bar(
    items: Iterable[Any] | None = None,
    *,
    desc: str,
    total: int | None = None,
    shown: bool = True,
    unit: str = "it",
) -> tqdm:
    """Progress bar that appears after two seconds; what is quicker shows none."""
    return tqdm(items, desc=desc, total=total, unit=unit, disable=not shown, delay=2.0)
