"""Which positions a prediction rests on, by gradients (`tf.GradientTape`, or torch's own).

Three methods, from the plainest to the most faithful: the gradient itself (saliency), gradient
times input, and integrated gradients, whose values add up to the difference between a sequence and
a baseline. A model is always an argument, with one or several inputs; the one-hot sequences among
them are explained, any other input is held fixed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from helpers.explain import heads
from helpers.explain.heads import Inputs, Model, Target

Arrays = list[np.ndarray]
Gradient = Callable[..., tuple[np.ndarray, ...]]


class Attributions(NamedTuple):
    """What each letter of each sequence contributes to a prediction.

    Attributes
    ----------
    values : list of numpy.ndarray, shape=(n, length, letters), dtype=float32
        One array for each sequence input, in the order of the inputs; zero at padding.
    per_position : list of numpy.ndarray, shape=(n, length), dtype=float32
        One number a position: the sum over letters (signed) for gradient times input and
        integrated gradients, the largest absolute gradient over letters for saliency.
    outputs : numpy.ndarray, shape=(n,), dtype=float64
        The model's number for each item, in logits or in probability as the target says.
    deltas : numpy.ndarray, shape=(n,), dtype=float64
        Completeness: the sum of the values minus (output - output of the baseline), zero when the
        integral is exact. NaN for the two methods that promise no completeness.
    """

    values: Arrays
    per_position: Arrays
    outputs: np.ndarray
    deltas: np.ndarray


def saliency(
    model: Model,
    inputs: Inputs,
    *,
    target: str | Target = "logit",
    centred: bool = True,
    batch_size: int = 128,
    progress: bool = True,
) -> Attributions:
    """Gradient of the output with respect to every letter at every position.

    Parameters
    ----------
    model, inputs
        As in `helpers.explain.heads`.
    target : {"logit", "probability"} or Target, optional
    centred : bool, optional
        Subtract the mean over letters at each position: a one-hot row always sums to one, so the
        part of the gradient that points off that plane says nothing about the sequence [2]_.
    batch_size : int, optional
        Items differentiated together.
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Attributions
        `values` are signed gradients (output units for a full step to that letter), zero at
        padding; `per_position` the largest absolute one [1]_.

    References
    ----------
    .. [1] Simonyan et al. 2013, arXiv 1312.6034, doi:10.48550/arXiv.1312.6034
    .. [2] Majdandzic et al. 2023, doi:10.1186/s13059-023-02956-3

    Examples
    --------
    >>> x = np.eye(4, dtype=np.float32)[None]          # the sequence ACGU
    >>> weights = np.arange(16, dtype=np.float32).reshape(4, 4)
    >>> linear = lambda x: keras.ops.sum(x * weights, axis=(1, 2))
    >>> saliency(linear, x, centred=False).values[0][0].tolist()[1]
    [4.0, 5.0, 6.0, 7.0]
    """
    arrays, gradient = _checked(model, inputs, target)
    outputs, *values = heads.in_batches(gradient, arrays, batch_size, desc="gradients" if progress else "")
    if centred:
        values = [value - value.mean(axis=-1, keepdims=True) for value in values]
    values = [value * _there(array) for value, array in zip(values, _sequences(arrays), strict=True)]
    strongest = [np.abs(value).max(axis=-1) for value in values]
    return Attributions(values, strongest, outputs, np.full(len(outputs), np.nan))


def gradient_x_input(
    model: Model,
    inputs: Inputs,
    *,
    target: str | Target = "logit",
    centred: bool = True,
    batch_size: int = 128,
    progress: bool = True,
) -> Attributions:
    """Gradient times input: the gradient at the letters that are there, summed in `per_position`.

    The arguments are those of `saliency`. With `centred` a position's value is the gradient of its
    letter minus the mean over all letters: positive where the letter is better than the average.

    References
    ----------
    .. [1] Shrikumar et al. 2016, arXiv 1605.01713, doi:10.48550/arXiv.1605.01713

    Examples
    --------
    >>> x = np.eye(4, dtype=np.float32)[None]
    >>> weights = np.arange(16, dtype=np.float32).reshape(4, 4)
    >>> linear = lambda x: keras.ops.sum(x * weights, axis=(1, 2))
    >>> gradient_x_input(linear, x, centred=False).per_position[0].tolist()
    [[0.0, 5.0, 10.0, 15.0]]
    """
    found = saliency(model, inputs, target=target, centred=centred, batch_size=batch_size, progress=progress)
    sequences = _sequences(heads.as_inputs(inputs))
    values = [value * array for value, array in zip(found.values, sequences, strict=True)]
    return found._replace(values=values, per_position=[value.sum(axis=-1) for value in values])


def integrated_gradients(
    model: Model,
    inputs: Inputs,
    *,
    baseline: str | Inputs = "uniform",
    steps: int = 64,
    target: str | Target = "logit",
    batch_size: int = 128,
    progress: bool = True,
) -> Attributions:
    """Integrated gradients from a baseline to each sequence.

    The gradient is averaged along the straight line from the baseline to the sequence and
    multiplied by their difference. The average is a Gauss-Legendre quadrature, which is exact for
    paths that are polynomials of degree ``2 * steps - 1``.

    Parameters
    ----------
    model, inputs, target, batch_size, progress
        As in `saliency`; a batch counts points on paths, not items.
    baseline : {"uniform", "shuffle", "zero"} or numpy.ndarray or list of numpy.ndarray, optional
        ``"uniform"``: every letter equally likely at every residue. ``"shuffle"``: the average
        over ten shuffles of the sequence's own residues (seed 0). ``"zero"``: no letter at all; a
        model that finds its padding by all-zero rows jumps there, which the deltas show. Or
        arrays like the sequence inputs, or with references, shape=(n, references, length,
        letters). Padded rows stay zero in all of them.
    steps : int, optional
        Points on each path. Read `deltas`, and raise it where they are large.

    Returns
    -------
    Attributions
        `values` and `per_position` are signed; with `deltas` near zero they add up to the
        difference between the output of the sequence and of the baseline.

    References
    ----------
    .. [1] Sundararajan, Taly and Yan 2017, arXiv 1703.01365, doi:10.48550/arXiv.1703.01365

    Examples
    --------
    >>> x = np.eye(4, dtype=np.float32)[None]
    >>> weights = np.arange(16, dtype=np.float32).reshape(4, 4)
    >>> square = lambda x: keras.ops.sum(x * weights, axis=(1, 2)) ** 2
    >>> result = integrated_gradients(square, x, baseline="zero", steps=4)
    >>> result.per_position[0].round(3).tolist(), float(abs(result.deltas[0])) < 1e-3
    ([[0.0, 150.0, 300.0, 450.0]], True)
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1 point on the path, such as 64")
    arrays, gradient = _checked(model, inputs, target)
    given = make_baselines(inputs, baseline) if isinstance(baseline, str) else baseline
    references = _checked_references(given, _sequences(arrays))
    items = heads.bar(list(zip(*references, strict=True)), desc="integrated gradients", shown=progress)
    found = [
        _along_paths(gradient, [array[i : i + 1] for array in arrays], starts, steps, batch_size)
        for i, starts in enumerate(items)
    ]
    outputs, deltas, *values = (np.stack(field) for field in zip(*found, strict=True))
    return Attributions(values, [value.sum(axis=-1) for value in values], outputs, deltas)


def make_baselines(inputs: Inputs, kind: str = "uniform") -> Arrays:
    """Baselines for `integrated_gradients`: "uniform", "shuffle" (ten) or "zero".

    Returns
    -------
    list of numpy.ndarray, shape=(n_items, references, length, letters), dtype=float32
        One array for each sequence input; all-zero rows where the sequence is padded.

    Examples
    --------
    >>> x = np.array([[[1, 0], [0, 1], [0, 0]]], dtype=np.float32)    # the last row is padding
    >>> make_baselines(x, "uniform")[0][0, 0].tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]
    """
    sequences = _sequences(heads.as_inputs(inputs))
    if kind == "shuffle":
        rng = np.random.default_rng(0)
        return [np.stack([_shuffles(item, 10, rng) for item in array]) for array in sequences]
    if kind not in ("uniform", "zero"):
        raise ValueError(f"baseline is {kind!r}; expected 'uniform', 'shuffle', 'zero' or arrays")
    shares = [1 / array.shape[-1] * (kind == "uniform") for array in sequences]
    pairs = zip(sequences, shares, strict=True)
    return [(_there(array) * np.full_like(array, share))[:, None] for array, share in pairs]


def _shuffles(onehot: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` orders of the residues of one sequence, padding left where it is."""
    present = np.flatnonzero(heads.residues(onehot))
    shuffled = np.repeat(onehot[None], n, axis=0)
    for copy in shuffled:
        copy[present] = onehot[rng.permutation(present)]
    return shuffled


def _differentiate(head: Model, end: Target, tensors: Sequence[Any]) -> tuple[Any, ...]:
    """Outputs of a batch and their gradients with respect to its sequences."""
    import tensorflow as tf

    sequences = _sequences(tensors)
    with tf.GradientTape() as tape:
        tape.watch(sequences)
        outputs = heads.number(head, end, tensors)
    return outputs, *tape.gradient(outputs, sequences, unconnected_gradients="zero")


def _differentiate_torch(head: Model, end: Target, tensors: Sequence[Any]) -> tuple[Any, ...]:
    """The same under the torch backend: plain gradients need no torch view, only secants do."""
    import torch

    given = [tensor.detach().requires_grad_(heads.is_sequence(tensor)) for tensor in tensors]
    sequences = _sequences(given)
    with torch.enable_grad():
        outputs = heads.number(head, end, given)
        total = outputs.sum()
    if not total.requires_grad:  # the output does not depend on any sequence
        return outputs, *map(torch.zeros_like, sequences)
    return outputs.detach(), *torch.autograd.grad(total, sequences, materialize_grads=True)


def _checked(model: Model, inputs: Inputs, target: str | Target) -> tuple[Arrays, Gradient]:
    """The inputs, and a function from a batch of them to outputs and gradients."""
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "torch"):
        raise RuntimeError(
            f"Keras runs on the {backend!r} backend; gradients need 'tensorflow' or 'torch'. Restart the "
            "kernel and set the environment variable KERAS_BACKEND=tensorflow before Keras is imported"
        )
    arrays = heads.as_inputs(inputs, model)
    if not _sequences(arrays) or not len(arrays[0]):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"inputs have the shapes {shapes}; expected one-hot sequences, (n, length, letters)")
    differentiate = _differentiate if backend == "tensorflow" else _differentiate_torch
    run = heads.compiled(differentiate, model, heads.as_target(target))

    def gradient(*batch: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs, *gradients = run(batch)
        return heads.as_numpy(outputs).astype(np.float64), *map(heads.as_numpy, gradients)

    return arrays, gradient


def _sequences(arrays: Sequence[Any]) -> list[Any]:
    return [array for array in arrays if heads.is_sequence(array)]


def _there(onehot: np.ndarray) -> np.ndarray:
    return heads.residues(onehot)[..., None]


def _checked_references(baseline: Inputs, sequences: Arrays) -> Arrays:
    """Baselines as (n, references, length, letters), zero where the sequence is padded."""
    given = [baseline] if isinstance(baseline, np.ndarray) else list(baseline)
    arrays = [np.asarray(array, dtype=np.float32) for array in given]
    arrays = [array[:, None] if array.ndim == 3 else array for array in arrays]
    expected = [array.shape for array in sequences]
    shapes = [(array.shape[0], *array.shape[2:]) for array in arrays]
    if shapes != expected or len({array.shape[1] for array in arrays}) > 1:
        raise ValueError(
            f"baselines have the shapes {[np.shape(array) for array in given]}; expected {expected}, or "
            "with an axis of references after the first, equally many in each"
        )
    return [array * _there(onehot)[:, None] for array, onehot in zip(arrays, sequences, strict=True)]


def _along_paths(
    gradient: Gradient, item: Arrays, starts: Sequence[np.ndarray], steps: int, batch_size: int
) -> tuple[float, float, *tuple[np.ndarray, ...]]:
    """Output, completeness delta and values of one item, averaged over its references."""
    count = len(starts[0])
    fractions, which, weights = _paths(steps, count)
    sums = [np.zeros(start.shape, dtype=np.float64) for start in starts]
    outputs = []
    for cut in heads.batches(len(fractions), batch_size):
        found, *gradients = gradient(*_points(item, starts, fractions[cut], which[cut]))
        outputs.append(found)
        for total, slope in zip(sums, gradients, strict=True):
            total += np.tensordot(weights[:, cut], slope, 1)
    every = np.concatenate(outputs)
    values = [
        (total * (onehot - start)).sum(axis=0)
        for total, onehot, start in zip(sums, _sequences(item), starts, strict=True)
    ]
    delta = sum(value.sum() for value in values) - (every[-1] - every[-count - 1 : -1].mean())
    return every[-1], delta, *(value.astype(np.float32) for value in values)


@functools.lru_cache(maxsize=8)
def _paths(steps: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of all paths, then their starts, then the item: how far, on which path, with what weight.

    Weights have a row a path; they are zero at the starts and at the item.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    fractions = np.concatenate([np.tile((nodes + 1) / 2, count), np.zeros(count), [1.0]])
    which = np.concatenate([np.repeat(np.arange(count), steps), np.arange(count), [0]])
    ends = np.zeros((count, count + 1))
    return fractions, which, np.hstack([np.kron(np.eye(count), weights / 2), ends]) / count


def _points(item: Arrays, starts: Sequence[np.ndarray], fractions: np.ndarray, which: np.ndarray) -> Arrays:
    """Points on the lines from references to one item; further inputs are repeated."""
    share = fractions.astype(np.float32)[:, None, None]
    left = iter(starts)
    points = []
    for array in item:
        if heads.is_sequence(array):
            start = next(left)
            start = start[which] if len(start) > 1 else start
            points.append(start + share * (array - start))
        else:
            points.append(np.repeat(array, len(fractions), axis=0))
    return points
