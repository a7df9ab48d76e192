"""Settings of the networks on promoters: what is searched, and the file that it ends in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from helpers.project import paths
from helpers.stats import metrics
from helpers.tracks.stress_response import network
from helpers.training import search

BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "original": network.build_original,
    "cnn": network.build_cnn,
    "scanner": network.build_scanner,
}
"""The networks by the name of their architecture."""

SPACES: dict[str, search.Space] = {
    "cnn": {
        "filters": search.Choice((16, 32, 48)),
        "width": search.Choice((7, 11, 15)),
        "units": search.Choice((16, 32, 64)),
        "dropout": search.Number(0.0, 0.5),
        "l2": search.Number(1e-7, 1e-3, log=True),
        "learning_rate": search.Number(5e-4, 1e-2, log=True),
        "batch_size": search.Choice((16, 32, 64)),
    },
    "scanner": {
        "bins": search.Choice((1, 2, 3)),
        "sharpness": search.Choice((0.2, 0.28, 0.36)),
        "dropout": search.Number(0.0, 0.5),
        "l2": search.Number(1e-2, 3.0, log=True),
        "learning_rate": search.Number(3e-4, 3e-3, log=True),
        "batch_size": search.Choice((32, 64, 128)),
    },
}
"""What notebook 04 searches; all but the batch size are arguments of the builder."""


def search_value(
    build: Callable[..., Any],
    y: np.ndarray,
    folds: Sequence[Any],
    architecture: str,
    parameters: Mapping[str, Any],
    report: search.Report,
    *,
    epochs: int = 10,
    seed: int = 0,
) -> float:
    """Objective of a search: mean AUROC of a network on the held-out part of each fold.

    Parameters
    ----------
    build : callable
        Gives a network of the settings that it is called with, such as
        ``partial(stress_response.Network, table)``; none of the table's promoters may be
        tested later.
    y : numpy.ndarray, shape=(n,)
        Labels of the table.
    folds : sequence of helpers.splits.Fold
        The network is fitted on ``train``; ``valid`` chooses its epoch and is what pruning
        looks at; its value is that on ``test``.
    architecture : str
        One of `SPACES`.
    parameters : dict
        A value for each parameter of its space.
    report : callable
        Is told the validation AUROC of each epoch of the first fold.
    epochs, seed : int
        As for `helpers.tracks.stress_response.predictors.Network`.

    Returns
    -------
    float
        From 0 to 1.
    """
    given = configuration(architecture, parameters)
    values = []
    for number, fold in enumerate(folds):
        callbacks = [search.ReportEpochs(report)] if number == 0 else []
        network = build(epochs=epochs, seed=seed, callbacks=callbacks, **given)
        network.fit(fold.train, fold.valid, hold_out=True)
        p = network.predict(fold.test)
        scored = metrics.classification(y[fold.test], p, n_boot=0).set_index("metric")
        values.append(float(scored.loc["auroc", "value"]))
    return float(np.mean(values))


def configuration(architecture: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a network from the parameters of a trial.

    Parameters
    ----------
    architecture : str
        One of `BUILDERS`.
    parameters : dict
        Arguments of its builder, and ``batch_size``.

    Returns
    -------
    dict
        ``architecture``, ``build``, ``batch_size``; `read_configuration` reads it back.

    Examples
    --------
    >>> configuration("cnn", {"filters": 16, "batch_size": 32})
    {'architecture': 'cnn', 'build': {'filters': 16}, 'batch_size': 32}
    """
    build = {name: value for name, value in parameters.items() if name != "batch_size"}
    check_build(architecture, build)
    found: dict[str, Any] = {"architecture": architecture, "build": build}
    if "batch_size" in parameters:
        found["batch_size"] = parameters["batch_size"]
    return found


def check_build(architecture: str, build: Mapping[str, Any]) -> None:
    """Raise if an architecture, or an argument of its builder, is not known.

    Parameters
    ----------
    architecture : str
        One of `BUILDERS`.
    build : dict
        Arguments.

    Raises
    ------
    ValueError
        Naming what is known.

    Examples
    --------
    >>> check_build("cnn", {"filters": 16})
    """
    if architecture not in BUILDERS:
        raise ValueError(f"architecture is {architecture!r}; expected one of {', '.join(BUILDERS)}")
    known = list(inspect.signature(BUILDERS[architecture]).parameters)[1:]
    if strange := sorted(set(build) - set(known)):
        raise ValueError(
            f"the {architecture} has no argument {', '.join(strange)}; expected some of {', '.join(known)}"
        )


def read_configuration(path: str | Path, architecture: str) -> dict[str, Any]:
    """Settings of a network from the file that the search wrote, or none for an empty name.

    Parameters
    ----------
    path : str or pathlib.Path
        ``best_configuration.json`` of notebook 04; "" takes the defaults.
    architecture : str
        What the notebook trains.

    Returns
    -------
    dict
        ``architecture``, ``build`` and, if the file says so, ``batch_size``.

    Raises
    ------
    ValueError
        If the file is not whole, is of another architecture, or names an unknown argument.

    Examples
    --------
    >>> read_configuration("", "cnn")
    {'architecture': 'cnn', 'build': {}}
    """
    if not str(path):
        check_build(architecture, {})
        return {"architecture": architecture, "build": {}}
    found = paths.read_json(paths.find(path))
    if not isinstance(found, dict) or not {"architecture", "build"} <= set(found):
        raise ValueError(
            f"{path}: no configuration; expected a JSON object with architecture and build, as "
            "notebook 04 writes it"
        )
    if found["architecture"] != architecture:
        raise ValueError(
            f"{path}: a configuration of the {found['architecture']}, but the {architecture} is "
            "trained here. Set the parameter architecture, or search again"
        )
    check_build(architecture, found["build"])
    return {name: found[name] for name in ("architecture", "build", "batch_size") if name in found}
