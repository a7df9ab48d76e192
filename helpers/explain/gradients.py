"""Which positions a prediction rests on, by gradients (`tf.GradientTape`, or torch's own).

Three methods, from the plainest to the most faithful: the gradient itself (saliency), gradient
times input, and integrated gradients, whose values add up to the difference between a sequence and
a baseline. A model is always an argument, with one or several inputs; the one-hot sequences among
them are explained, any other input is held fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from helpers.explain import heads
from helpers.explain.heads import Model, Target

REFERENCES = 10
"""Shuffles that the baseline ``"shuffle"`` averages over."""

Arrays = list[np.ndarray]
Gradient = Callable[[Arrays], tuple[np.ndarray, Arrays]]


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
    inputs: np.ndarray | Sequence[np.ndarray],
    *,
    target: str | Target = "logit",
    centred: bool = True,
    batch_size: int = 128,
    progress: bool = True,
) -> Attributions:
    """Gradient of the output with respect to every letter at every position.

    Parameters
    ----------
    model : keras.Model or callable
    inputs : numpy.ndarray or list of numpy.ndarray
        Inputs in the model's order; one-hot sequences as (n, length, letters).
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
        padding; `per_position` the largest absolute one [1]_; `deltas` NaN.

    Raises
    ------
    ValueError
        If no input is a sequence, or the inputs do not fit together.
    RuntimeError
        If Keras runs on another backend than TensorFlow or torch.

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
    arrays = _checked(model, inputs)
    outputs, gradients = _input_gradients(output_gradient(model, target), arrays, batch_size, progress)
    values = [
        _masked(_centre(gradient) if centred else gradient, array)
        for gradient, array in zip(gradients, _sequences(arrays), strict=True)
    ]
    strongest = [np.abs(value).max(axis=-1) for value in values]
    return Attributions(values, strongest, outputs, np.full(len(outputs), np.nan))


def gradient_x_input(
    model: Model,
    inputs: np.ndarray | Sequence[np.ndarray],
    *,
    target: str | Target = "logit",
    centred: bool = True,
    batch_size: int = 128,
    progress: bool = True,
) -> Attributions:
    """Gradient times input: the gradient at the letters that are there.

    Parameters
    ----------
    model, inputs, target, centred, batch_size, progress
        As in `saliency`. With `centred` a position's value is the gradient of its letter minus
        the mean over all letters: positive where the letter is better than the average one.

    Returns
    -------
    Attributions
        `per_position` is the signed sum over letters; `deltas` NaN.

    Raises
    ------
    ValueError, RuntimeError
        As in `saliency`.

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
    result = saliency(model, inputs, target=target, centred=centred, batch_size=batch_size, progress=progress)
    sequences = _sequences(heads.as_inputs(inputs))
    values = [value * array for value, array in zip(result.values, sequences, strict=True)]
    return Attributions(values, [v.sum(axis=-1) for v in values], result.outputs, result.deltas)


def integrated_gradients(
    model: Model,
    inputs: np.ndarray | Sequence[np.ndarray],
    *,
    baseline: str | np.ndarray | Sequence[np.ndarray] = "uniform",
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
        letters), as `make_baselines` gives them. Padded rows stay zero in all of them.
    steps : int, optional
        Points on each path. Read `deltas`, and raise it where they are large.

    Returns
    -------
    Attributions
        `values` and `per_position` are signed; with `deltas` near zero they add up to the
        difference between the output of the sequence and of the baseline.

    Raises
    ------
    ValueError
        If the baseline has another shape than the sequences, or `steps` is below 1.
    RuntimeError
        If Keras runs on another backend than TensorFlow or torch.

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
    arrays = _checked(model, inputs)
    gradient = output_gradient(model, target)
    references = make_baselines(inputs, baseline) if isinstance(baseline, str) else baseline
    references = _checked_references(references, _sequences(arrays))
    items = [
        _integrate_item(gradient, [a[i : i + 1] for a in arrays], references_i, steps, batch_size)
        for i, references_i in heads.bar(
            enumerate(zip(*references, strict=True)),
            total=len(arrays[0]),
            desc="integrated gradients",
            shown=progress,
        )
    ]
    values = [np.stack([item[0][k] for item in items]) for k in range(len(references))]
    outputs, deltas = (np.array([item[k] for item in items]) for k in (1, 2))
    return Attributions(values, [value.sum(axis=-1) for value in values], outputs, deltas)


def make_baselines(
    inputs: np.ndarray | Sequence[np.ndarray],
    kind: str = "uniform",
    *,
    n: int = REFERENCES,
    seed: int = 0,
) -> Arrays:
    """Baselines for `integrated_gradients`.

    Parameters
    ----------
    inputs : numpy.ndarray or list of numpy.ndarray
    kind : {"uniform", "shuffle", "zero"}, optional
    n : int, optional
        References for each item, for ``"shuffle"``; the other kinds have one.
    seed : int, optional
        Seed of the shuffles: same seed, same baselines.

    Returns
    -------
    list of numpy.ndarray, shape=(n_items, references, length, letters), dtype=float32
        One array for each sequence input; all-zero rows where the sequence is padded.

    Raises
    ------
    ValueError
        If the kind is unknown.

    Examples
    --------
    >>> x = np.array([[[1, 0], [0, 1], [0, 0]]], dtype=np.float32)    # the last row is padding
    >>> make_baselines(x, "uniform")[0][0, 0].tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]
    """
    sequences = _sequences(heads.as_inputs(inputs))
    if kind == "zero":
        return [np.zeros_like(array)[:, None] for array in sequences]
    if kind == "uniform":
        return [
            (heads.residues(array)[..., None] * np.full_like(array, 1 / array.shape[-1]))[:, None]
            for array in sequences
        ]
    if kind == "shuffle":
        rng = np.random.default_rng(seed)
        return [np.stack([_shuffles(item, n, rng) for item in array]) for array in sequences]
    raise ValueError(f"baseline is {kind!r}; expected 'uniform', 'shuffle', 'zero' or arrays of baselines")


def output_gradient(model: Model, target: str | Target = "logit") -> Gradient:
    """Function from the arrays of a batch to the outputs and their gradients.

    Parameters
    ----------
    model : keras.Model or callable
        A Keras model is compiled once and kept: 1.6 times faster than eagerly for batches of 512
        pairs, 3.5 times for batches of 16.
    target : {"logit", "probability"} or Target, optional

    Returns
    -------
    callable
        From a list of arrays to (outputs, shape=(n,), float64) and a list of gradients, one for
        each sequence input, shaped like it, float32.

    Raises
    ------
    RuntimeError
        If Keras runs on another backend than TensorFlow or torch.
    """
    if keras.backend.backend() not in _DIFFERENTIATE:
        raise RuntimeError(
            f"Keras runs on the {keras.backend.backend()!r} backend; gradients by tf.GradientTape "
            "need 'tensorflow' (or 'torch', whose own gradients serve as well). Restart the "
            "kernel and set the environment variable KERAS_BACKEND=tensorflow before Keras is "
            "imported"
        )
    differentiate = _DIFFERENTIATE[keras.backend.backend()]
    run = heads.compiled(differentiate, model, heads.as_target(target))

    def gradient(arrays: Arrays) -> tuple[np.ndarray, Arrays]:
        tensors = [keras.ops.convert_to_tensor(array, dtype="float32") for array in arrays]
        outputs, gradients = run(*tensors)
        return heads.as_numpy(outputs).astype(np.float64), [heads.as_numpy(g) for g in gradients]

    return gradient


def _differentiate(head: Model, index: int, *tensors: Any) -> tuple[Any, list[Any]]:
    """Outputs of a batch and their gradients with respect to its sequences."""
    import tensorflow as tf

    sequences = _sequences(tensors)
    with tf.GradientTape() as tape:
        tape.watch(sequences)
        outputs = heads.select(heads.call(head, tensors), index)
    return outputs, tape.gradient(outputs, sequences, unconnected_gradients="zero")


def _differentiate_torch(head: Model, index: int, *tensors: Any) -> tuple[Any, list[Any]]:
    """The same under the torch backend: plain gradients need no torch view, only secants do."""
    import torch

    given = [tensor.detach().requires_grad_(tensor.ndim == 3) for tensor in tensors]
    sequences = _sequences(given)
    with torch.enable_grad():
        outputs = heads.select(heads.call(head, given), index)
        total = outputs.sum()
    if not total.requires_grad:  # the output does not depend on any sequence
        return outputs, [torch.zeros_like(sequence) for sequence in sequences]
    gradients = torch.autograd.grad(total, sequences, materialize_grads=True)
    return outputs.detach(), list(gradients)


_DIFFERENTIATE = {"tensorflow": _differentiate, "torch": _differentiate_torch}


def _checked(model: Model, inputs: np.ndarray | Sequence[np.ndarray]) -> Arrays:
    arrays = heads.fitting_inputs(model, inputs)
    if not _sequences(arrays):
        raise ValueError(
            f"no input is a one-hot sequence (shapes {[a.shape for a in arrays]}); expected at "
            "least one array of shape (n, length, letters)"
        )
    if not len(arrays[0]):
        raise ValueError("inputs hold 0 items; expected at least one to explain")
    return arrays


def _sequences(arrays: Sequence[Any]) -> list[Any]:
    return [array for array in arrays if len(array.shape) == 3]


def _centre(gradient: np.ndarray) -> np.ndarray:
    return gradient - gradient.mean(axis=-1, keepdims=True)


def _masked(values: np.ndarray, onehot: np.ndarray) -> np.ndarray:
    return values * heads.residues(onehot)[..., None]


def _input_gradients(
    gradient: Gradient, arrays: Arrays, batch_size: int, progress: bool
) -> tuple[np.ndarray, Arrays]:
    """Outputs and gradients at the inputs themselves, in batches."""
    cuts = list(heads.batches(len(arrays[0]), batch_size))
    parts = [
        gradient([array[cut] for array in arrays])
        for cut in heads.bar(cuts, desc="gradients", shown=progress)
    ]
    outputs = np.concatenate([part[0] for part in parts])
    sequences = range(len(parts[0][1]))
    return outputs, [np.concatenate([part[1][k] for part in parts]) for k in sequences]


def _shuffles(onehot: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` orders of the residues of one sequence, padding left where it is."""
    present = np.flatnonzero(heads.residues(onehot))
    shuffled = np.repeat(onehot[None], n, axis=0)
    for copy in shuffled:
        copy[present] = onehot[rng.permutation(present)]
    return shuffled


def _checked_references(baseline: np.ndarray | Sequence[np.ndarray], sequences: Arrays) -> Arrays:
    """Baselines as (n, references, length, letters), zero where the sequence is padded."""
    given = [baseline] if isinstance(baseline, np.ndarray) else list(baseline)
    arrays = [np.asarray(array, dtype=np.float32) for array in given]
    arrays = [array[:, None] if array.ndim == 3 else array for array in arrays]
    shapes = [array.shape for array in arrays]
    expected = [array.shape for array in sequences]
    if [(s[0], *s[2:]) for s in shapes] != expected or len({s[1] for s in shapes}) > 1:
        raise ValueError(
            f"baselines have the shapes {[np.shape(array) for array in given]}; expected one array "
            f"for each sequence input, of the shapes {expected}, or with an axis of references "
            "after the first, equally many in each"
        )
    return [
        array * heads.residues(onehot)[:, None, :, None]
        for array, onehot in zip(arrays, sequences, strict=True)
    ]


def _integrate_item(
    gradient: Gradient,
    arrays: Arrays,
    references: Sequence[np.ndarray],
    steps: int,
    batch_size: int,
) -> tuple[Arrays, float, float]:
    """Values, output and completeness delta of one item, averaged over its references."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    count = len(references[0])
    # the points of all paths, then the starts of the paths, then the item itself
    fractions = np.concatenate([np.tile((nodes + 1) / 2, count), np.zeros(count), [1.0]])
    weights = np.concatenate([np.tile(weights / 2, count), np.zeros(count + 1)]) / count
    which = np.concatenate([np.repeat(np.arange(count), steps), np.arange(count), [0]])
    sums = [np.zeros(r.shape, dtype=np.float64) for r in references]
    outputs = []
    for cut in heads.batches(len(fractions), batch_size):
        points = _points(arrays, references, fractions[cut], which[cut])
        batch_outputs, gradients = gradient(points)
        outputs.append(batch_outputs)
        for total, batch in zip(sums, gradients, strict=True):
            np.add.at(total, which[cut], weights[cut, None, None] * batch)
    output, start = np.concatenate(outputs)[-1], np.concatenate(outputs)[-count - 1 : -1].mean()
    values = [
        (total * (onehot - reference)).sum(axis=0)
        for total, onehot, reference in zip(sums, _sequences(arrays), references, strict=True)
    ]
    delta = sum(value.sum() for value in values) - (output - start)
    return [value.astype(np.float32) for value in values], float(output), float(delta)


def _points(
    arrays: Arrays, references: Sequence[np.ndarray], fractions: np.ndarray, which: np.ndarray
) -> Arrays:
    """Points on the lines from references to one item; further inputs are repeated."""
    starts = iter(references)
    share = fractions.astype(np.float32)[:, None, None]
    points = []
    for array in arrays:
        if heads.is_sequence(array):
            start = next(starts)[which]
            points.append(start + share * (array - start))
        else:
            points.append(np.repeat(array, len(fractions), axis=0))
    return points
