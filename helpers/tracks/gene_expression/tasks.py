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

from helpers.explain import controls, gradients
from helpers.tracks.gene_expression.network import attention_map

INTEGRATED, MUTATION, ATTENTION = "integrated gradients", "mutation", "attention"
UNTRAINED, SHUFFLED = "untrained network", "shuffled labels"
ATTENTION_BEFORE = "attention before training"


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


def mutation(model: keras.Model, X: np.ndarray) -> np.ndarray:
    """How much each letter matters to each output: the mean over the other three, shape=(n, length, tasks).

    Output as it is minus output with another letter in its place; float32.

    Examples
    --------
    >>> x = keras.Input((3, 4))
    >>> model = keras.Model(x, keras.layers.Lambda(lambda x: x[:, 1, :1])(x))
    >>> mutation(model, np.eye(4, dtype="float32")[None, [2, 0, 1]]).ravel().round(3).tolist()
    [0.0, 1.0, 0.0]
    """
    length, letters = X.shape[1:]
    found = []
    for item in np.asarray(X, dtype=np.float32):
        changed = np.repeat(item[None], length * (letters - 1), axis=0)
        own = item.argmax(axis=1)
        others = (own[:, None] + np.arange(1, letters)) % letters
        at = np.repeat(np.arange(length), letters - 1)
        changed[np.arange(len(at)), at] = np.eye(letters, dtype=np.float32)[others.ravel()]
        p = outputs(model, np.concatenate([item[None], changed]))
        found.append(p[0] - p[1:].reshape(length, letters - 1, -1).mean(axis=1))
    return np.stack(found).astype(np.float32)


def outputs(model: keras.Model, X: np.ndarray, *, batch_size: int = 512) -> np.ndarray:
    """Outputs for one-hot promoters, (n, tasks), without the cost of a run of `predict` for a few rows."""
    parts = [
        np.asarray(model.predict_on_batch(X[start : start + batch_size]))
        for start in range(0, len(X), batch_size)
    ]
    return np.concatenate(parts).reshape(len(X), -1)


def network_maps(
    model: keras.Model, shuffled: keras.Model, X: np.ndarray, *, steps: int = 32, seed: int = 0
) -> dict[str, np.ndarray]:
    """Maps of a network by several methods, beside those of networks that learnt nothing of the rule.

    Parameters
    ----------
    model, shuffled : keras.Model
        From `helpers.tracks.gene_expression.network.build_hybrid`, trained on the values and on
        shuffled ones.
    steps : int
        Points on the path of the integrated gradients.
    seed : int
        Of the untrained weights.

    Returns
    -------
    dict of str to numpy.ndarray, shape=(n, length, tasks)
        `INTEGRATED`, `MUTATION`, `ATTENTION`, `ATTENTION_BEFORE` training, and the integrated
        gradients of the `UNTRAINED` network and of the one of `SHUFFLED` labels.
    """
    blank = controls.untrained(model, seed=seed)
    return {
        INTEGRATED: integrated_gradients([model], X, steps=steps).values,
        MUTATION: mutation(model, X),
        ATTENTION: attention_map(model, X),
        ATTENTION_BEFORE: attention_map(blank, X),
        UNTRAINED: integrated_gradients([blank], X, steps=4).values,
        SHUFFLED: integrated_gradients([shuffled], X, steps=8).values,
    }


def trivial_maps(
    X_train: np.ndarray,
    y_train: np.ndarray,
    X: np.ndarray,
    *,
    sites: Sequence[np.ndarray],
    centre: float,
    k: int = 8,
) -> dict[str, np.ndarray]:
    """Maps that need no network (`helpers.explain.controls.trivial_maps`), for all tasks.

    Parameters
    ----------
    X_train, y_train : numpy.ndarray, shape=(m, length, 4) and (m, tasks)
        One-hot training promoters and their values.
    sites : sequence of numpy.ndarray, shape=(m, length), dtype=bool
        For each task, where the training promoters have their sites.
    centre : float
        The start site.
    k : int
        Letters of a word; both strands are counted.

    Returns
    -------
    dict of str to numpy.ndarray, shape=(n, length, tasks)
    """
    found = [
        controls.trivial_maps(X_train, values, X, k=k, sites=of_task, centre=centre, strands=2)
        for values, of_task in zip(y_train.T, sites, strict=True)
    ]
    return {name: np.stack([maps[name] for maps in found], axis=-1) for name in found[0]}


def _with_choice(model: keras.Model, tasks: int) -> keras.Model:
    """The network with a further input that says, one-hot, which output is meant."""
    choice = keras.Input((tasks,), name="task")
    outputs = keras.layers.Reshape((tasks,))(model.output)
    return keras.Model([model.input, choice], keras.layers.Dot(axes=1)([outputs, choice]))
