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

Inputs = np.ndarray | Sequence[np.ndarray]
"""One array, or one for each input of a model in its order. One-hot sequences are (n, length,
letters); an array with any other number of axes is a further input, which is held fixed."""

Score = Callable[[Sequence[np.ndarray]], np.ndarray]
"""A function from the arrays of a batch to one number for each item."""


@dataclass(frozen=True)
class Target:
    """The number of a model that an explanation is about.

    Parameters
    ----------
    kind : {"logit", "probability"}
        The number before the closing sigmoid or softmax (the output itself where the model has
        none), or the output as it is.
    index : int
        Which output unit, for a model with several (tasks, cell types).
    output : int or str, optional
        Which output, by its number or its layer's name, for a model with several outputs.

    Examples
    --------
    >>> Target().kind, Target("probability", index=2).index
    ('logit', 2)
    """

    kind: str = "logit"
    index: int = 0
    output: int | str | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("logit", "probability"):
            raise ValueError(f"target is {self.kind!r}; expected 'logit' or 'probability', or a Target")


def as_target(target: str | Target) -> Target:
    """Target of a name; a `Target` is given back as it is."""
    return target if isinstance(target, Target) else Target(target)


def as_inputs(inputs: Inputs, model: Model | None = None) -> list[np.ndarray]:
    """Inputs as float32 arrays with the same number of items, and as a Keras model expects them."""
    arrays = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    arrays = [np.asarray(array, dtype=np.float32) for array in arrays]
    shapes = [array.shape for array in arrays]
    if not arrays or any(array.ndim < 2 for array in arrays):
        raise ValueError(f"inputs have the shapes {shapes}; expected one array for each input of the model")
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"inputs hold {[len(array) for array in arrays]} items; expected as many in each")
    if isinstance(model, keras.Model):
        expected = [tuple(tensor.shape[1:]) for tensor in model.inputs]
        if len(shapes) != len(expected) or not all(map(_fits, shapes, expected)):
            names = [tensor.name for tensor in model.inputs]
            wanted = f"inputs {names} expect {[('n', *shape) for shape in expected]} (None: any length)"
            raise ValueError(f"inputs have the shapes {shapes}; the model's {wanted}, in this order")
    return arrays


def _fits(found: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(found) == len(expected) + 1 and all(
        size in (None, given) for given, size in zip(found[1:], expected, strict=True)
    )


def is_sequence(array: Any) -> bool:
    """Whether an input is a one-hot sequence (three axes); others are held fixed."""
    return len(array.shape) == 3


def residues(onehot: np.ndarray) -> np.ndarray:
    """Mask of the positions where a residue is, an unknown one too; padding is an all-zero row.

    Examples
    --------
    >>> residues(np.array([[[1, 0], [0.5, 0.5], [0, 0]]])).tolist()
    [[True, True, False]]
    """
    return np.asarray(onehot.sum(axis=-1) > 0)


def _input(model: keras.Model) -> Any:
    """Inputs of a model in the structure it was built with: a tensor, a list or a dict."""
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


_CLOSING = ("sigmoid", "softmax")
WEIGHTED = (
    keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv1DTranspose,
    keras.layers.DepthwiseConv1D, keras.layers.SeparableConv1D,
)  # fmt: skip
"""Layers that are linear up to the activation which they hold."""

_SHAPES = (
    keras.layers.Flatten, keras.layers.Reshape, keras.layers.Permute, keras.layers.Identity,
    keras.layers.Dropout,
)  # fmt: skip
_SHAPE_OPERATIONS = ("Reshape", "Ravel", "Squeeze", "ExpandDims", "Transpose", "GetItem")


def sums(layer: keras.layers.Layer, x: Any) -> Any:
    """Weighted sums of a layer of `WEIGHTED`: what it gives before its activation."""
    activation = layer.activation
    # Past Keras and torch, which count what a layer holds: nothing is added or taken away.
    object.__setattr__(layer, "activation", None)
    try:
        return layer.call(x)
    finally:
        object.__setattr__(layer, "activation", activation)


class BeforeActivation(keras.layers.Layer):
    """A layer of `WEIGHTED` up to its activation, with the same weights (not a copy of them)."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        super().__init__(name=f"{layer.name}_logit")
        self.layer = layer

    def call(self, x: Any) -> Any:
        """Weighted sums of `x`."""
        return sums(self.layer, x)


def is_operation(thing: Any) -> bool:
    """Whether a step of a graph is one of `keras.ops`, such as ``x + y``, and no layer."""
    return type(thing).__module__.startswith("keras.src.ops.")


def output_model(model: Model, target: str | Target = "logit") -> Model:
    """Model that ends at the number to explain; a callable that is no Keras model is given back.

    For the logit it ends before the closing sigmoid or softmax, be that a layer, the activation of
    a dense layer or a convolution, or inside a nested model; what only changes the shape after it
    (`Flatten`, `Reshape`, ...) is kept.

    Raises
    ------
    ValueError
        If the model has several outputs and the target does not say which.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False),
    ...                           keras.layers.Activation("sigmoid")])
    >>> model.set_weights([np.array([[30.0]])])
    >>> float(output_model(model)(np.ones((1, 1)))[0, 0])
    30.0
    """
    end = as_target(target)
    if not isinstance(model, keras.Model) or not getattr(model, "outputs", None):
        return model
    whole = _output(model, end)
    tensor = whole if end.kind == "probability" else _before_closing(whole)
    if tensor is whole and len(model.outputs) == 1:
        return model
    return keras.Model(_input(model), tensor)


def check_probability(what: object, model: keras.Model) -> None:
    """Raise ValueError unless the one number of a model is a probability, which a sigmoid closes."""
    if output_model(model) is model:
        raise ValueError(
            f"{what}: the model does not close with a sigmoid, so its number is no probability and has no "
            "logit to explain; expected one. Add keras.layers.Activation('sigmoid') and save it again"
        )


def _output(model: keras.Model, end: Target) -> Any:
    """The output of a target."""
    names = [tensor._keras_history.operation.name for tensor in model.outputs]
    if not isinstance(model, keras.Sequential) and isinstance(model.output, dict):
        names = sorted(model.output)
    several = f"the model has {len(names)} outputs, {', '.join(map(repr, names))}"
    if end.output is None:
        if len(names) > 1:
            raise ValueError(f"{several}; say which is explained: Target(output={names[0]!r})")
        return model.outputs[0]
    if end.output in names:
        return model.outputs[names.index(end.output)]
    if isinstance(end.output, int) and 0 <= end.output < len(names):
        return model.outputs[end.output]
    raise ValueError(f"target output {end.output!r} does not exist: {several} (or their numbers from 0)")


def _before_closing(tensor: Any) -> Any:
    """The tensor without the sigmoid or softmax that it comes from; itself if there is none."""
    made_by, number_of_call, which = tensor._keras_history
    node = made_by._inbound_nodes[number_of_call]
    if isinstance(made_by, keras.Model):
        inner = output_model(made_by, Target(output=which))
        return tensor if inner is made_by else inner(*node.arguments.args)
    if not node.input_tensors:
        return tensor
    given, kind = node.input_tensors[0], type(made_by).__name__
    if isinstance(made_by, keras.layers.Softmax) or (is_operation(made_by) and kind.lower() in _CLOSING):
        return given
    if getattr(getattr(made_by, "activation", None), "__name__", "") in _CLOSING:
        if isinstance(made_by, WEIGHTED):
            return BeforeActivation(made_by)(given)
        return given if isinstance(made_by, keras.layers.Activation) else tensor
    if isinstance(made_by, _SHAPES) or (is_operation(made_by) and kind in _SHAPE_OPERATIONS):
        before = _before_closing(given)
        if before is given:
            return tensor
        # A twin, so that the layer of the caller's model goes on having one output.
        again = made_by if is_operation(made_by) else type(made_by).from_config(made_by.get_config())
        return again(*(before if x is given else x for x in node.arguments.args))
    return tensor


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

    It shares the weights of `model`, which has one input without padding.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> member = keras.Sequential([keras.Input((3, 4)), keras.layers.Flatten(), keras.layers.Dense(1)])
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
    """Model that ends at a named layer."""
    names = [known.name for known in model.layers]
    if layer not in names:
        raise ValueError(f"the model has no layer named {layer!r}; its layers are: {', '.join(names)}")
    return keras.Model(_input(model), model.get_layer(layer).output)


def call(model: Model, arrays: Sequence[Any]) -> Any:
    """Output tensor of a model in inference mode, for a list of arrays or tensors."""
    if isinstance(model, keras.Model):
        return model(keras.tree.pack_sequence_as(_input(model), list(arrays)), training=False)
    return model(list(arrays) if len(arrays) > 1 else arrays[0])


def number(model: Model, end: str | Target, arrays: Sequence[Any]) -> Any:
    """Output of a model for tensors: one number for each item at a target, all of a named layer."""
    outputs = call(model, arrays)
    if isinstance(outputs, list | tuple):  # of a plain function; a Keras model ends at its target
        if not isinstance(end, Target) or not isinstance(end.output, int):
            raise ValueError(f"the model has {len(outputs)} outputs; say which: Target(output=0)")
        outputs = outputs[end.output]
    if isinstance(end, str) or len(outputs.shape) == 1:
        return outputs
    flat = keras.ops.reshape(outputs, (-1, math.prod(outputs.shape[1:])))
    if not 0 <= end.index < flat.shape[1]:
        known = f"the model has {flat.shape[1]} output(s), numbered from 0"
        raise ValueError(f"target index {end.index} does not exist: {known}; give Target(kind, index)")
    return flat[:, end.index]


@functools.lru_cache(maxsize=16)
def compiled(function: Callable[..., Any], model: Model, end: str | Target) -> Callable[..., Any]:
    """`function(part, end, arrays)` of the model up to its end, as a function of a batch's arrays.

    A Keras model is compiled under TensorFlow, once for all its shapes, and kept: batches of 512
    pairs then run 1.5 times faster than eagerly, batches of 16 six times.

    Parameters
    ----------
    function : callable
        Such as `number`: from a model, an end and tensors to tensors.
    model : keras.Model or callable
    end : Target or str
        Where the model ends: at a target, or at the layer of a name.
    """
    part = layer_model(model, end) if isinstance(end, str) else output_model(model, end)

    def plain(*tensors: Any) -> Any:
        return function(part, end, tensors)

    run: Callable[..., Any] = plain
    if keras.backend.backend() == "tensorflow" and isinstance(model, keras.Model):
        import tensorflow as tf

        # A shape that the model leaves open stays open: one graph serves chains of every length.
        signature = [tf.TensorSpec((None, *x.shape[1:]), tf.float32) for x in model.inputs]
        run = tf.function(plain, input_signature=signature, autograph=False)

    def from_arrays(arrays: Sequence[np.ndarray]) -> Any:
        return run(*(keras.ops.convert_to_tensor(array, dtype="float32") for array in arrays))

    return from_arrays


def scorer(model: Model, target: str | Target = "logit") -> Score:
    """Fast function from the arrays of a batch to one number (float64) for each item.

    Examples
    --------
    >>> score = scorer(lambda x: keras.ops.sum(x, axis=(1, 2)))
    >>> score([np.ones((3, 2, 4), dtype=np.float32)]).tolist()
    [8.0, 8.0, 8.0]
    """
    run = compiled(number, model, as_target(target))
    return lambda arrays: as_numpy(run(arrays)).astype(np.float64)


def as_numpy(tensor: Any) -> np.ndarray:
    """A tensor of either backend as an array, without its gradient."""
    if hasattr(tensor, "detach"):  # torch; Keras's own way there draws a warning from numpy 2
        return np.asarray(tensor.detach().cpu().numpy())
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def batches(n: int, batch_size: int) -> Iterator[slice]:
    """Slices that cut `n` items into batches.

    Examples
    --------
    >>> list(batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected a whole number of items above 0")
    return (slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size))


def in_batches(
    run: Callable[..., Any], arrays: Sequence[np.ndarray], batch_size: int, *, desc: str = ""
) -> list[np.ndarray]:
    """Results of `run` (a tuple of arrays) for the arrays of each batch, joined field by field.

    With a description a progress bar shows what takes longer than two seconds.

    Examples
    --------
    >>> in_batches(lambda x: (x + 1, 2 * x), [np.arange(3)], 2)
    [array([1, 2, 3]), array([0, 2, 4])]
    """
    cuts = list(batches(len(arrays[0]), batch_size))
    parts = [run(*(array[cut] for array in arrays)) for cut in bar(cuts, desc=desc, shown=bool(desc))]
    return [np.concatenate(field) for field in zip(*parts, strict=True)]


def bar(items: Iterable[Any] | None = None, *, desc: str, unit: str = "it", shown: bool = True) -> tqdm:
    """Progress bar that appears after two seconds; what is quicker shows none."""
    return tqdm(items, desc=desc, unit=unit, disable=not shown, delay=2.0)
