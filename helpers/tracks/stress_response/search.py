"""What is searched among the networks on promoters, and the file that a search ends in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers.project import paths
from helpers.stats import metrics
from helpers.tracks.stress_response.network import check_build
from helpers.training.search import Choice, Number, Report, ReportEpochs, Space

SPACES: dict[str, Space] = {
    "cnn": {
        "filters": Choice((16, 32, 48)),
        "width": Choice((7, 11, 15)),
        "units": Choice((16, 32, 64)),
        "dropout": Number(0.0, 0.5),
        "l2": Number(1e-7, 1e-3, log=True),
        "learning_rate": Number(5e-4, 1e-2, log=True),
        "batch_size": Choice((16, 32, 64)),
    },
    "scanner": {
        "bins": Choice((1, 2, 3)),
        "sharpness": Choice((0.2, 0.28, 0.36)),
        "dropout": Number(0.0, 0.5),
        "l2": Number(0.1, 10.0, log=True),
        "learning_rate": Number(3e-5, 1e-3, log=True),
        "batch_size": Choice((32, 64, 128)),
    },
}
"""What notebook 04 searches; all but the batch size are arguments of the builder."""


class Objective(NamedTuple):
    """What a search maximises: mean AUROC of a network on the held-out part of each fold.

    Attributes
    ----------
    build : callable
        Gives a network of the settings that it is called with, such as
        ``partial(predictors.Network, table)``; none of the table's promoters may be tested later.
    y : numpy.ndarray, shape=(n,)
        Labels of the table.
    folds : sequence of helpers.splits.Fold
        The network is fitted on ``train``; ``valid`` chooses its epoch and, of the first fold, is
        what pruning looks at; its value is that on ``test``.
    architecture : str
        One of `SPACES`.
    """

    build: Callable[..., Any]
    y: np.ndarray
    folds: Sequence[Any]
    architecture: str
    epochs: int = 10
    seed: int = 0

    def __call__(self, parameters: Mapping[str, Any], report: Report) -> float:
        """Value of a trial."""
        given = configuration(self.architecture, parameters) | {"epochs": self.epochs, "seed": self.seed}
        values = []
        for number, fold in enumerate(self.folds):
            network = self.build(callbacks=[] if number else [ReportEpochs(report)], **given)
            network.fit_held_out(fold.train, fold.valid)
            scored = metrics.classification(self.y[fold.test], network.predict(fold.test), n_boot=0)
            values.append(float(scored.set_index("metric").loc["auroc", "value"]))
        return float(np.mean(values))


def configuration(architecture: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a network from the parameters of a trial; `read_configuration` reads them back.

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


def read_configuration(path: str | Path, architecture: str) -> dict[str, Any]:
    """``architecture``, ``build`` and ``batch_size`` from ``best_configuration.json``; "" takes the defaults.

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
        return configuration(architecture, {})
    found = paths.read_json(paths.find(path))
    if not isinstance(found, dict) or not {"architecture", "build"} <= set(found):
        raise ValueError(f"{path}: no configuration; expected a JSON object with architecture and build")
    if found["architecture"] != architecture:
        raise ValueError(
            f"{path}: a configuration of the {found['architecture']}, but the {architecture} is trained here"
        )
    check_build(architecture, found["build"])
    return {name: found[name] for name in ("architecture", "build", "batch_size") if name in found}
