"""Steps of a Keras model as torch modules, which a rule of DeepLIFT can be hooked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import torch
from keras import layers
from tangermeme.deep_lift_shap import BilinearOp
from torch import nn


class Elementwise(nn.Module):
    """A function of each number by itself, as a module that a rule can be hooked to."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        # A tuple hides a Keras layer from torch, which would register it as a part of its own.
        self._function = (function,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The function of ``x``, any shape."""
        return self._function[0](x)


class MaxPool(nn.Module):
    """`MaxPooling1D`, or `GlobalMaxPooling1D`: the torch module that has a rule, channels last."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.size = getattr(layer, "pool_size", (0,))[0]  # 0 takes the whole length
        self.stride = getattr(layer, "strides", (1,))[0]
        self.same = getattr(layer, "padding", "") == "same"
        self.flat = not getattr(layer, "keepdims", True)
        self.pool = nn.MaxPool1d(max(self.size, 1), self.stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Largest value of each window of ``x``, (n, length, channels)."""
        length = x.shape[1]
        if not self.size:
            self.pool.kernel_size = self.pool.stride = length
        if self.same:
            over = max((-(-length // self.stride) - 1) * self.stride + self.size - length, 0)
            # An odd rest hangs over the right end, which is what rounding up allows.
            self.pool.padding, self.pool.ceil_mode = over // 2, over % 2 == 1
        found = self.pool(x.transpose(1, 2)).transpose(1, 2)
        return found[:, 0] if self.flat else found


class Product(nn.Module):
    """`Multiply`: the product of several tensors, two at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.product = BilinearOp("...,...->...")

    def forward(self, tensors: list[torch.Tensor]) -> torch.Tensor:
        """Product of ``tensors``, shapes that broadcast."""
        result = tensors[0]
        for tensor in tensors[1:]:
            result = self.product(result, tensor)
        return result


class DotProduct(nn.Module):
    """`Dot` of two tensors of two or three axes."""

    def __init__(self, axes: int | tuple[int, int]) -> None:
        super().__init__()
        self.axes = (axes, axes) if isinstance(axes, int) else tuple(axes)
        self.product = BilinearOp("bip,bjp->bij")

    def forward(self, tensors: list[torch.Tensor]) -> torch.Tensor:
        """Products of ``tensors``, summed over one axis of each."""
        flat = all(tensor.ndim == 2 for tensor in tensors)
        pairs = zip(tensors, self.axes, strict=True)
        left, right = (x[:, None] if x.ndim == 2 else x.movedim(axis, -1) for x, axis in pairs)
        result = self.product(left, right)
        return result[:, 0] if flat else result.squeeze(1) if left.shape[1] == 1 else result


class Operation(nn.Module):
    """An operation of `keras.ops` whose tensors go through a module with a rule."""

    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, *operands: Any, **_: Any) -> torch.Tensor:
        """The step of the operands that are tensors; the step knows the others."""
        return self.step(*(x for x in operands if isinstance(x, torch.Tensor)))


class Attend(nn.Module):
    """`Attention` and `MultiHeadAttention`: softmax of scaled products, then a weighted sum."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._layer = (layer,)
        heads = "h" if isinstance(layer, layers.MultiHeadAttention) else ""
        self.scores = BilinearOp(f"bq{heads}d,bk{heads}d->b{heads}qk")
        self.read = BilinearOp(f"b{heads}qk,bk{heads}d->bq{heads}d")
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, query: Any, value: Any = None, key: Any = None) -> torch.Tensor:
        """Attention of the query to the value by the key, as tensors or as one list of them."""
        layer = self._layer[0]
        given = list(query) if value is None else [query, value, *([] if key is None else [key])]
        q, v, k = given[0], given[1], given[-1]
        if isinstance(layer, layers.MultiHeadAttention):
            q, v, k = layer.query_dense(q), layer.value_dense(v), layer.key_dense(k)
            weights = self.softmax(self.scores(q / layer.key_dim**0.5, k))
            return layer.output_dense(self.read(weights, v))
        scores = self.scores(q, k)
        scores = scores if layer.scale is None else scores * keras.ops.convert_to_tensor(layer.scale)
        return self.read(self.softmax(scores), v)
