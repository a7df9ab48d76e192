"""Attributions of networks with an output a task, for all tasks at once, averaged over networks.

A network is compiled once, not once a task: which output is explained is an input of its own.
Networks that differ in nothing but their first weights hold accidents of them; what they have in
common is in their mean. Integrated gradients are linear in the network, so that the mean of their
maps is the map of the mean prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from helpers.explain import gradients


class TaskMaps(NamedTuple):
    """What `integrated_gradients` gives back.

    Attributes
    ----------
    values : numpy.ndarray, shape=(n, length, tasks), dtype=float32
        Signed importance of each position for each task, the mean over the networks.
    deltas : numpy.ndarray, shape=(networks, n, tasks), dtype=float64
        Completeness: sum of the values minus the difference of the outputs; near zero is good.
    """

    values: np.ndarray
    deltas: np.ndarray


def integrated_gradients(
    models: Sequence[keras.Model],
    X: np.ndarray,
    *,
    baseline: str = "uniform",
    steps: int = 64,
    batch_size: int = 128,
) -> TaskMaps:
    """Integrated gradients of every output of some networks.

    Parameters
    ----------
    models : sequence of keras.Model
        From one-hot rows to outputs, shape=(n, tasks), the same tasks in each.
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot sequences.
    baseline, steps, batch_size
        As for `helpers.explain.gradients.integrated_gradients`.

    Returns
    -------
    TaskMaps

    Raises
    ------
    ValueError
        If there is no network, or the networks have different numbers of outputs.

    Examples
    --------
    >>> x = keras.Input((3, 4))
    >>> y = keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(x))
    >>> found = integrated_gradients([keras.Model(x, y)], np.eye(4, dtype="float32")[None, :3])
    >>> found.values.shape, bool(np.abs(found.deltas).max() < 1e-5)
    ((1, 3, 2), True)
    """
    counts = [int(model.output.shape[-1]) for model in models]
    if len(set(counts)) != 1:
        raise ValueError(
            f"networks with {counts} outputs; expected one network or more, each with the same tasks"
        )
    n, tasks = len(X), counts[0]
    rows = np.repeat(np.asarray(X, dtype=np.float32), tasks, axis=0)
    choices = np.tile(np.eye(tasks, dtype=np.float32), (n, 1))
    maps, deltas = [], []
    for model in models:
        found = gradients.integrated_gradients(
            _with_choice(model, tasks), [rows, choices], baseline=baseline, steps=steps,
            batch_size=batch_size, progress=False,
        )  # fmt: skip
        maps.append(found.per_position[0].reshape(n, tasks, -1).transpose(0, 2, 1))
        deltas.append(found.deltas.reshape(n, tasks))
    return TaskMaps(np.mean(maps, axis=0), np.stack(deltas))


def _with_choice(model: keras.Model, tasks: int) -> keras.Model:
    """The network with a further input that says, one-hot, which output is meant."""
    choice = keras.Input((tasks,), name="task")
    outputs = keras.layers.Reshape((tasks,))(model.output)
    return keras.Model([model.input, choice], keras.layers.Dot(axes=1)([outputs, choice]))
