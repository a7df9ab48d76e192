"""One compiled network for many trainings: tracing it costs as much as a dozen epochs of a small one."""

from __future__ import annotations

from collections.abc import Callable

import keras

from helpers.training.fitting import FitResult

_MOST = 4
_KEPT: dict[str, keras.Model] = {}


def train_again(
    build: Callable[[], keras.Model], train: Callable[[keras.Model], FitResult], *, key: str, seed: int
) -> FitResult:
    """Train a network whose twin may have been trained before, and give one of its own.

    The twin is kept with its traced steps. It is put where a fresh network of this `seed` stands
    (weights, dropout's numbers, the optimiser's memory), so the result is that of a fresh one.

    Parameters
    ----------
    build : callable
        Gives a fresh, compiled network.
    train : callable
        Trains the network that it is given, in place, such as by `helpers.training.fit`.
    key : str
        Names what `build` builds; twins of one key must have the same layers and compilation.
    seed : int
        Seed of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from helpers.training.fitting import Schedule, fit
    >>> def build():
    ...     model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    ...     model.compile("adam", "mse")
    ...     return model
    >>> X = np.ones((4, 1), dtype="float32")
    >>> def train(model):
    ...     return fit(model, X, X[:, 0], valid=(X, X[:, 0]), schedule=Schedule(epochs=1), verbosity=0)
    >>> first, second = (train_again(build, train, key="one unit", seed=1) for _ in range(2))
    >>> first.model is second.model, first.history.equals(second.history)
    (False, True)
    """
    key = f"{keras.config.dtype_policy().name} {key}"
    if key not in _KEPT:
        while len(_KEPT) >= _MOST:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[key] = build()
    worker = _KEPT[key]
    keras.utils.set_random_seed(seed)
    model = build()
    for mine, new in zip(worker.layers, model.layers, strict=True):
        for variable, value in zip(mine.variables, new.variables, strict=True):
            variable.assign(value)
    model.optimizer.build(model.trainable_variables)
    worker.optimizer.build(worker.trainable_variables)
    for variable, value in zip(worker.optimizer.variables, model.optimizer.variables, strict=True):
        variable.assign(value)
    found = train(worker)
    model.set_weights(worker.get_weights())
    return found._replace(model=model)
