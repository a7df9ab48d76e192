"""Settings of the VQ network: what is searched, and the file that a search ends in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import splits
from helpers.project import paths
from helpers.stats import metrics
from helpers.tracks.rna_modification import network
from helpers.tracks.rna_modification.predictors import Network, WindowTable, check_preset
from helpers.training import search

SPACE: search.Space = {
    "length": search.Choice((51, 101)),
    "n_codes": search.Choice((32, 64, 96, 128)),
    "size": search.Choice((8, 16, 32)),
    "filters": search.Choice((16, 32, 48)),
    "depth": search.Choice((1, 2, 3)),
    "dropout": search.Number(0.0, 0.5),
    "commitment": search.Number(0.05, 1.0, log=True),
    "reconstruction": search.Number(0.02, 1.0, log=True),
    "learning_rate": search.Number(5e-4, 1e-2, log=True),
    "batch_size": search.Choice((32, 64)),
}
"""What notebook 05 searches by default: the two weights of the loss (that of the classes is 1),
the codebook, the depth behind it, and how much of the window is read."""
_NOT_BUILT = ("length", "batch_size")


def space(lengths: Sequence[int], n_codes: Sequence[int]) -> search.Space:
    """The space with other lengths and codebooks.

    Parameters
    ----------
    lengths : sequence of int
        Lengths of the window, in nt; odd.
    n_codes : sequence of int
        Numbers of codes.

    Returns
    -------
    helpers.training.search.Space

    Examples
    --------
    >>> space([101, 501], [256])["n_codes"]
    Choice(options=(256,))
    """
    return {
        **SPACE,
        "length": search.Choice(tuple(lengths)),
        "n_codes": search.Choice(tuple(n_codes)),
    }


def inner_fold(split: pd.Series, *, seed: int = 0) -> splits.Fold:
    """Rows of a search: nothing of the test part, and the validation part as what is reached.

    Parameters
    ----------
    split : pandas.Series of str
        ``train``, ``valid`` or ``test`` of every window.
    seed : int
        Which tenth of the training part chooses the epoch.

    Returns
    -------
    helpers.splits.Fold
        ``train`` and ``valid`` share the training part nine to one; ``test`` is the validation
        part; the test part is left out.

    Examples
    --------
    >>> fold = inner_fold(pd.Series(["train"] * 10 + ["valid", "test"]))
    >>> len(fold.train), len(fold.valid), fold.test.tolist(), fold.left_out.tolist()
    (9, 1, [10], [11])
    """
    train, valid, test = (np.flatnonzero(split == name) for name in ("train", "valid", "test"))
    drawn = np.random.default_rng(seed).permutation(train)
    first = max(1, len(train) // 10)
    return splits.given(drawn[first:], drawn[:first], valid, name="search", left_out=test)


class Objective:
    """What a trial is worth: mean AUROC over some modifications on the validation part.

    Parameters
    ----------
    table : pandas.DataFrame
        Usable windows.
    heads : sequence of str
        Modifications that are searched on.
    preset : str
        What a trial does not set.
    epochs, seed : int
        As for `helpers.tracks.rna_modification.predictors.Network`.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        heads: Sequence[str],
        *,
        preset: str = "small",
        epochs: int = 6,
        seed: int = 0,
    ) -> None:
        check_preset(preset)
        own = table[table["modification"].isin(list(heads))].reset_index(drop=True)
        self.table, self.heads, self.preset, self.epochs, self.seed = (
            own, list(heads), preset, epochs, seed,
        )  # fmt: skip
        self.fold = inner_fold(own["split"], seed=seed)
        self._encoded: dict[int, WindowTable] = {}

    def __call__(self, parameters: Mapping[str, Any], report: search.Report) -> float:
        """Train with these settings; the validation AUROC of each epoch is reported."""
        given = configuration(parameters, self.preset)
        data = self._encoded.setdefault(given["length"], WindowTable(self.table, given["length"], self.heads))
        network = Network(
            data, self.heads, preset=given["preset"], build=given["build"], epochs=self.epochs,
            batch_size=given["batch_size"], seed=self.seed, callbacks=[search.ReportEpochs(report)],
        )  # fmt: skip
        network.fit(self.fold.train, self.fold.valid)
        p, y = network.predict(self.fold.test), data.y[self.fold.test]
        of = data.of[self.fold.test]
        values = [
            metrics.classification(y[of == name], p[of == name], n_boot=0).set_index("metric")
            for name in self.heads
        ]
        return float(np.mean([one.loc["auroc", "value"] for one in values]))


def configuration(parameters: Mapping[str, Any], preset: str) -> dict[str, Any]:
    """Arguments of a network from the parameters of a trial.

    Parameters
    ----------
    parameters : dict
        A value for each parameter of the space.
    preset : str
        What they are changes of.

    Returns
    -------
    dict
        ``preset, length, batch_size, build``; `read_configuration` reads it back.

    Raises
    ------
    ValueError
        If the network has no such argument.

    Examples
    --------
    >>> configuration({"length": 51, "batch_size": 32, "depth": 1}, "small")
    {'preset': 'small', 'length': 51, 'batch_size': 32, 'build': {'depth': 1}}
    """
    build = {name: value for name, value in parameters.items() if name not in _NOT_BUILT}
    known = list(inspect.signature(network.build_vqvae).parameters)[2:]
    if strange := sorted(set(build) - set(known)):
        raise ValueError(
            f"the network has no argument {', '.join(strange)}; expected some of {', '.join(known)}"
        )
    return {
        "preset": preset, "length": int(parameters["length"]),
        "batch_size": int(parameters["batch_size"]), "build": build,
    }  # fmt: skip


def read_configuration(path: str | Path) -> dict[str, Any]:
    """Settings from the file that the search wrote, or none for an empty name.

    Parameters
    ----------
    path : str or pathlib.Path
        ``best_configuration.json`` of notebook 05.

    Returns
    -------
    dict
        ``preset, length, batch_size, build``, or nothing.

    Raises
    ------
    ValueError
        If the file is not whole or names an unknown argument or preset.

    Examples
    --------
    >>> read_configuration("")
    {}
    """
    if not str(path):
        return {}
    found = paths.read_json(paths.find(path))
    names = ("preset", "length", "batch_size", "build")
    if not isinstance(found, dict) or not set(names) <= set(found):
        raise ValueError(
            f"{path}: no configuration; expected a JSON object with {', '.join(names)}, as "
            "notebook 05 writes it"
        )
    check_preset(found["preset"])
    named = {"length": found["length"], "batch_size": found["batch_size"], **found["build"]}
    return configuration(named, found["preset"])
