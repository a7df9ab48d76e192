"""A Keras model as a torch module with a rule for each non-linear step.

DeepLIFT replaces the slope of each non-linear step by a secant, and tangermeme does so by hooks on
torch modules. A Keras model under the torch backend has no such modules: its layers run as plain
functions, every step would be taken for linear and the attributions would be wrong without an
error. Here the graph of a Functional model is walked call by call: linear layers run as they are,
each non-linear one as a torch module that a rule belongs to, and a layer without a rule is refused.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import keras
import numpy as np
import torch
from keras import layers
from tangermeme.deep_lift_shap import BilinearOp, _nonlinear
from torch import nn
from torch.nn import functional

from helpers.explain import heads
from helpers.explain.heads import Target, is_operation
from helpers.explain.torch_modules import Attend, DotProduct, Elementwise, MaxPool, Operation, Product
from helpers.models.layers import LogLength, PairMask, ResidueDropout, ResidueMask

Part = Callable[..., Any]
Rule = Literal["linear", "constant"] | Callable[[Any], Part]
"""What becomes of a layer: ``"linear"``, it runs as it is; ``"constant"``, it runs as it is and
nothing is attributed through it (a mask); or a function from the layer to its replacement."""

ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh",
    "tanh_shrink", "threshold",
)  # fmt: skip
"""Keras activations that act on each number by itself: one rule serves them all."""

_LINEAR = (
    layers.Add, layers.Average, layers.AveragePooling1D, layers.BatchNormalization,
    layers.Concatenate, layers.Cropping1D, layers.Dropout, layers.Flatten, layers.GaussianDropout,
    layers.GaussianNoise, layers.GlobalAveragePooling1D, layers.Identity, layers.Normalization,
    layers.Permute, layers.RepeatVector, layers.Rescaling, layers.Reshape, layers.SpatialDropout1D,
    layers.Subtract, layers.UpSampling1D, layers.ZeroPadding1D, ResidueDropout, heads.BeforeActivation,
    heads.OtherStrand,
)  # fmt: skip
_LINEAR_OPERATIONS = frozenset((
    "Add", "Append", "Average", "Concatenate", "Cumsum", "Diff", "ExpandDims", "Flip", "GetItem",
    "Identity", "Mean", "Moveaxis", "Negative", "Pad", "Ravel", "Repeat", "Reshape", "Roll", "Rot90",
    "Split", "Squeeze", "Stack", "Subtract", "Sum", "Swapaxes", "Take", "Tile", "Transpose", "BroadcastTo",
    "Hstack", "Vstack",
))  # fmt: skip
"""Operations of `keras.ops` that are linear in all their tensors."""

_SCALING_OPERATIONS = frozenset((
    "Multiply", "Divide", "TrueDivide", "Matmul", "Dot", "Einsum", "Tensordot", "Inner",
))  # fmt: skip
"""Operations that are linear where one operand alone depends on the input."""

_ELEMENTWISE_OPERATIONS = frozenset((
    "Abs", "Absolute", "Arctan", "Celu", "Clip", "Cos", "Cosh", "Divide", "Elu", "Erf", "Exp", "Exp2",
    "Expm1", "Gelu", "HardSigmoid", "HardSilu", "HardTanh", "LeakyRelu", "Log", "Log10", "Log1p", "Log2",
    "LogSigmoid", "Logaddexp", "Maximum", "Minimum", "Mish", "Power", "Reciprocal", "Relu", "Relu6",
    "Rsqrt", "Selu", "Sigmoid", "Silu", "Sin", "Sinh", "Softplus", "Softsign", "SoftShrink", "SparsePlus",
    "SparseSigmoid", "Sqrt", "Square", "Squareplus", "Tanh", "TanhShrink", "Threshold", "TrueDivide",
))  # fmt: skip
"""Operations on each number by itself, where their other operand is a constant."""

_ELEMENTWISE = (layers.ELU, layers.LeakyReLU, layers.PReLU, layers.ReLU)
# References keep the padding of their sequence, so what depends on the padding alone is constant.
_CONSTANT = (LogLength, PairMask, ResidueMask)


class Graph(nn.Module):
    """A Functional Keras model, each of its calls replaced by the part that stands for it."""

    def __init__(self, model: keras.Model, rules: Mapping[type, Rule]) -> None:
        super().__init__()
        self._model = (model,)
        self._parts: dict[int, Part] = {}
        self.modules_with_rules = nn.ModuleList()
        for layer in model.operations:
            if isinstance(layer, layers.InputLayer):
                continue
            part = self._parts[id(layer)] = (_operation if is_operation(layer) else _part)(layer, rules)
            if isinstance(part, nn.Module) and not isinstance(part, keras.layers.Layer):
                self.modules_with_rules.append(part)

    def forward(self, *inputs: Any) -> Any:
        """Output of the model; a nested model may be given one list of inputs."""
        # A layer called several times has one module; tangermeme keeps what each call has seen.
        outputs = self._model[0]._run_through_graph(
            keras.tree.flatten(inputs), operation_fn=lambda layer: self._parts[id(layer)]
        )
        found = keras.tree.flatten(outputs)
        return found[0] if len(found) == 1 else outputs


class TorchView(nn.Module):
    """A Keras model as tangermeme wants it: (n, letters, length) in, (n, outputs) out.

    Its `nonlinear_ops` are rules beside those of tangermeme, for its argument
    ``additional_nonlinear_ops``; `helpers.explain.attribution` hands them over.

    Parameters
    ----------
    graph : callable
        Takes the inputs in the Keras layout, in the model's order.
    explained : int
        Which input is the sequence that is explained; it alone has its axes swapped.
    """

    nonlinear_ops: ClassVar[dict[type, Any]] = {Elementwise: _nonlinear}

    def __init__(self, graph: Part, explained: int = 0) -> None:
        super().__init__()
        self.graph, self.explained = graph, explained

    def forward(self, X: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        """Outputs for ``X``, (n, letters, length), and the model's other inputs, held fixed."""
        inputs = list(others)
        inputs.insert(self.explained, X.transpose(1, 2))
        return self.graph(*inputs).reshape(len(X), -1)


def forward_only(model: keras.Model, *, target: str | Target = "logit") -> TorchView:
    """A Keras model of one input in tangermeme's layout, without rules.

    Right for predictions and mutations, and for any layer. For DeepLIFT it is **wrong** without an
    error: every step is taken for linear, which the convergence deltas show.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((6, 4)), layers.LSTM(3), layers.Dense(1)])
    >>> forward_only(model)(torch.eye(4).repeat(2, 1, 2)[:, :, :6]).shape
    torch.Size([2, 1])
    """
    _check_backend()
    return TorchView(functools.partial(heads.output_model(model, target), training=False)).eval()


def _check_backend() -> None:
    if keras.backend.backend() != "torch":
        raise RuntimeError(
            f"Keras runs on the {keras.backend.backend()!r} backend; a torch view needs 'torch'. "
            "Restart the kernel and call helpers.project.backend.use('torch') before Keras is imported"
        )


def view(
    model: keras.Model,
    *,
    target: str | Target = "logit",
    explained: int = 0,
    rules: Mapping[type, Rule] | None = None,
) -> TorchView:
    """A Keras model as a torch module for which DeepLIFT is right.

    The view shares the model's weights. Sub-models, layers called several times, and activations
    inside a convolution or a dense layer are taken apart.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, under the torch backend, with (n, length, letters) inputs.
    target : {"logit", "probability"} or Target, optional
        What is explained: the number before the closing sigmoid by default.
    explained : int, optional
        Which of several inputs is explained.
    rules : mapping of type to Rule, optional
        What to do with layers of your own; a mask is ``"constant"``, a flip ``"linear"``.

    Raises
    ------
    ValueError
        If a layer has no rule (the message names it), the model is not Functional, has no input of
        that number or several outputs, or the view differs from it on a random batch.

    References
    ----------
    .. [1] Shrikumar, Greenside and Kundaje 2017, arXiv 1704.02685, doi:10.48550/arXiv.1704.02685

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((6, 4)), layers.Conv1D(3, 2), layers.ReLU(),
    ...                           layers.GlobalMaxPooling1D(), layers.Dense(1, "sigmoid")])
    >>> view(model)(torch.eye(4).repeat(2, 1, 2)[:, :, :6]).shape
    torch.Size([2, 1])
    """
    _check_backend()
    head = heads.output_model(model, target)
    if not isinstance(head, keras.Model) or not hasattr(model, "inputs"):
        raise ValueError(
            f"the model is {type(model).__name__}; expected a Functional or Sequential keras.Model"
        )
    if not 0 <= explained < len(head.inputs):
        raise ValueError(
            f"explained is {explained}; the model has {len(head.inputs)} input(s), numbered from 0"
        )
    found = TorchView(Graph(_functional(head), _RULES | dict(rules or {})), explained).eval()
    _check_same(found, head)
    return found


def _check_same(found: TorchView, model: keras.Model) -> None:
    """Compare a view with its model on a random batch: a wrong rule must not look like a result."""
    rng = np.random.default_rng(0)
    arrays = [_random(tensor, rng) for tensor in model.inputs]
    given = [keras.ops.convert_to_tensor(array) for array in arrays]
    with torch.no_grad():
        expected = heads.as_numpy(heads.call(model, given)).reshape(len(arrays[0]), -1)
        X = given.pop(found.explained)
        answer = heads.as_numpy(found(X.transpose(1, 2), *given))
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    if answer.shape != expected.shape or not np.allclose(answer, expected, 0, 1e-4 * scale, equal_nan=True):
        raise ValueError(
            f"the view of {model.name!r} gives other outputs than the model on a random batch; one of its "
            "layers is not what its rule takes it for. Give view(..., rules={the layer's class: ...}) or "
            "build that part from other layers"
        )


def _random(tensor: Any, rng: np.random.Generator) -> np.ndarray:
    """Two items for an input: one-hot sequences where it has three axes, else numbers near zero."""
    shape = (2, *(size or 64 for size in tensor.shape[1:]))
    if "int" in tensor.dtype:
        return np.zeros(shape, tensor.dtype)
    if len(shape) == 3:
        return np.eye(shape[2], dtype=tensor.dtype)[rng.integers(shape[2], size=shape[:2])]
    return rng.normal(size=shape).astype(tensor.dtype)


def _functional(model: keras.Model) -> keras.Model:
    """The model as a Functional one; a Sequential holds the same graph."""
    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs, model.outputs)
    if not hasattr(model, "_run_through_graph"):
        raise ValueError(
            f"the model {model.name!r} ({type(model).__name__}) is no Functional model; build "
            "it from keras.Input with layers, so that its graph can be read"
        )
    return model


def _part(layer: Any, rules: Mapping[type, Rule]) -> Part:
    """What stands for a layer in the graph; a subclass may do otherwise and needs its own rule."""
    rule = rules.get(type(layer))
    if rule is None and isinstance(layer, keras.Model):
        return _without_options(layer, Graph(_functional(layer), rules))
    if rule is None:
        raise _no_rule(layer)
    for kinds, refused, why in _REFUSED:
        if isinstance(layer, kinds) and refused(layer):
            raise _no_rule(layer, why)
    if isinstance(rule, str):
        return _as_it_is(layer, constant=rule == "constant")
    return _without_options(layer, rule(layer))


def _no_rule(layer: Any, why: str = "") -> ValueError:
    return ValueError(
        f"layer {layer.name!r} ({type(layer).__name__}{why}) has no DeepLIFT rule; treated as "
        "linear it would give wrong attributions. Replace it by layers that have one, or give "
        "view(..., rules={the layer's class: 'linear', 'constant' or a function to a module})"
    )


def _as_it_is(layer: Any, *, constant: bool = False) -> Part:
    """A call of the layer in inference mode; a constant is not differentiated."""
    known = inspect.signature(layer.call).parameters
    fixed = {"training": False} if "training" in known else {}

    def run(*args: Any, **options: Any) -> Any:
        found = layer(*args, **(options | fixed))
        return keras.ops.stop_gradient(found) if constant else found

    return run


def _without_options(layer: Any, part: Part) -> Part:
    """The part, refusing masks and other options of a call that it would leave out."""
    if not isinstance(part, nn.Module):
        return part

    def check(_: nn.Module, args: Any, options: dict[str, Any]) -> Any:
        given = {name: x for name, x in options.items() if x is not None and x is not False}
        if unknown := sorted(set(given) - {"query", "value", "key"}):
            raise _no_rule(layer, f" called with {', '.join(unknown)}")
        return args, given

    part.register_forward_pre_hook(check, with_kwargs=True)
    return part


class Weighted(nn.Module):
    """A convolution or a dense layer, its activation parted from its sums."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._sums = (_convolution(layer) or functools.partial(heads.sums, layer),)
        self.activation = _activation(layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Activation of the weighted sums of ``x``, (..., channels)."""
        return self.activation(self._sums[0](x))


def _convolution(layer: Any) -> Part | None:
    """The sums of an ordinary convolution, its bias added on the way: a pass over the outputs less."""
    if type(layer) is not layers.Conv1D or layer.quantization_mode or layer.dtype_policy.name != "float32":
        return None
    # Where "same" padding is uneven, torch copies; Keras pads by itself.
    uneven = layer.padding == "same" and layer.dilation_rate[0] * (layer.kernel_size[0] - 1) % 2
    if layer.data_format != "channels_last" or layer.strides != (1,) or layer.padding == "causal" or uneven:
        return None

    def run(x: torch.Tensor, **_: Any) -> torch.Tensor:
        kernel = keras.ops.convert_to_tensor(layer.kernel).permute(2, 1, 0)
        bias = keras.ops.convert_to_tensor(layer.bias) if layer.use_bias else None
        options = {"padding": layer.padding, "dilation": layer.dilation_rate, "groups": layer.groups}
        return functional.conv1d(x.transpose(1, 2), kernel, bias, **options).transpose(1, 2)

    return run


def _operation(operation: Any, rules: Mapping[type, Rule]) -> Part:
    """What stands for a step of `keras.ops`, such as ``x + y``, which is called once."""
    name, given = type(operation).__name__, operation._inbound_nodes[0].arguments
    tensors, alone = len(given.keras_tensors), isinstance(given.args[0], keras.KerasTensor)
    rule = rules.get(type(operation))
    if rule is not None:
        return _as_it_is(operation, constant=rule == "constant") if isinstance(rule, str) else rule(operation)
    scaled = name in _SCALING_OPERATIONS and tensors == 1 and (alone or not name.endswith("ivide"))
    if name in _LINEAR_OPERATIONS or scaled:
        return _as_it_is(operation)
    if name in _ELEMENTWISE_OPERATIONS and tensors == 1:

        def run(x: Any) -> Any:
            operands = [x if isinstance(y, keras.KerasTensor) else y for y in given.args]
            return operation.call(*operands, **given.kwargs)

        return Operation(Elementwise(run))
    if name == "Softmax" and isinstance(operation.axis, int):
        return Operation(nn.Softmax(dim=operation.axis))
    if name == "Max" and operation.axis in (1, (1,), [1]) and len(given.args[0].shape) == 3:
        return Operation(MaxPool(layers.GlobalMaxPooling1D(keepdims=operation.keepdims)))
    products = {"Multiply": "...,...->...", "Matmul": None, "Einsum": getattr(operation, "subscripts", "")}
    if name in products and tensors == len(given.args) == 2:
        return Operation(BilinearOp(products[name]))
    raise _no_rule(operation, " of keras.ops")


def _weighted(layer: Any) -> Part:
    if layer.activation not in (None, keras.activations.linear):
        return Weighted(layer)
    return _convolution(layer) or _as_it_is(layer)


def _activation(layer: Any) -> nn.Module:
    function = layer.activation
    if function is keras.activations.softmax:
        return nn.Softmax(dim=-1)
    if any(function is getattr(keras.activations, name) for name in ACTIVATIONS):
        return Elementwise(function)
    raise _no_rule(layer, f" with the activation {getattr(function, '__name__', function)!r}")


def _norm(layer: Any) -> nn.Module:
    """Layer or root-mean-square normalisation over the last axis, with the layer's weights."""
    root = isinstance(layer, layers.RMSNormalization)
    width = layer._inbound_nodes[0].input_tensors[0].shape[-1]
    norm = (nn.RMSNorm if root else nn.LayerNorm)(width, eps=layer.epsilon)
    weights = {"weight": layer.scale} if root else {"weight": layer.gamma, "bias": layer.beta}
    for name, weight in weights.items():
        if weight is not None:
            setattr(norm, name, nn.Parameter(weight.value.detach(), requires_grad=False))
    return norm.requires_grad_(False)


def _not_the_last_axis(layer: Any) -> bool:
    axes = list(layer.axis) if isinstance(layer.axis, list | tuple) else [layer.axis]
    last = len(layer._inbound_nodes[0].input_tensors[0].shape) - 1
    return axes not in ([-1], [last]) or getattr(layer, "rms_scaling", False)


_CHANNELS = (layers.MaxPooling1D, layers.GlobalMaxPooling1D)
_NORMS = (layers.LayerNormalization, layers.RMSNormalization)
_REFUSED: list[tuple[Any, Callable[[Any], bool], str]] = [
    (_CHANNELS, lambda layer: layer.data_format != "channels_last", " with channels first"),
    (_NORMS, _not_the_last_axis, " over axes, not the last one alone"),
    (layers.Softmax, lambda layer: not isinstance(layer.axis, int), " over the axes of a tuple"),
    (layers.Dot, lambda layer: layer.normalize, " with normalize=True"),
    (layers.Attention, lambda layer: layer.score_mode != "dot", " with score_mode='concat'"),
]
"""Layers, what of them no rule covers, and how that is said."""

_RULES: dict[type, Rule] = {
    **dict.fromkeys(_LINEAR, "linear"),
    **dict.fromkeys(_CONSTANT, "constant"),
    **dict.fromkeys(_ELEMENTWISE, Elementwise),
    **dict.fromkeys(_NORMS, _norm),
    **dict.fromkeys(heads.WEIGHTED, _weighted),
    **dict.fromkeys((layers.MaxPooling1D, layers.GlobalMaxPooling1D), MaxPool),
    **dict.fromkeys((layers.Attention, layers.MultiHeadAttention), Attend),
    layers.Activation: _activation,
    layers.Dot: lambda layer: DotProduct(layer.axes),
    layers.Multiply: lambda _: Product(),
    layers.Softmax: lambda layer: nn.Softmax(dim=layer.axis),
}
