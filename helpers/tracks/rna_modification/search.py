"""Settings of the VQ network: what is searched, and the file that a search ends in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import splits
from helpers.project import paths
from helpers.stats import metrics
from helpers.tracks.rna_modification.network import Sizes
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
_KEYS = ("preset", *_NOT_BUILT, "build")


def space(lengths: Sequence[int], n_codes: Sequence[int]) -> search.Space:
    """`SPACE` with other lengths (nt, odd) and numbers of codes.

    Examples
    --------
    >>> space([101, 501], [256])["n_codes"]
    Choice(options=(256,))
    """
    return {**SPACE, "length": search.Choice(tuple(lengths)), "n_codes": search.Choice(tuple(n_codes))}


def inner_fold(split: pd.Series, *, seed: int = 0) -> splits.Fold:
    """Rows of a search: nothing of the test part, and the validation part as what is reached.

    The training part chooses the epoch on a tenth of its own, which `seed` draws.

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
        self.table = table[table["modification"].isin(list(heads))].reset_index(drop=True)
        self.heads, self.preset, self.epochs, self.seed = list(heads), preset, epochs, seed
        self.fold = inner_fold(self.table["split"], seed=seed)
        self._encoded: dict[int, WindowTable] = {}

    def __call__(self, parameters: Mapping[str, Any], report: search.Report) -> float:
        """Train with these settings; the validation AUROC of each epoch is reported."""
        given = configuration(parameters, self.preset)
        length = given.pop("length")
        data = self._encoded.setdefault(length, WindowTable(self.table, length, self.heads))
        told = [search.ReportEpochs(report)]
        network = Network(data, self.heads, epochs=self.epochs, seed=self.seed, callbacks=told, **given)
        network.fit(self.fold.train, self.fold.valid)
        rows = self.fold.test
        p, y, of = network.predict(rows), data.y[rows], data.of[rows]
        found = [metrics.classification(y[of == name], p[of == name], n_boot=0) for name in self.heads]
        return float(np.mean([one.set_index("metric").loc["auroc", "value"] for one in found]))


def configuration(parameters: Mapping[str, Any], preset: str) -> dict[str, Any]:
    """``preset, length, batch_size, build`` of a network, from the parameters of a trial.

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
    known = [field.name for field in fields(Sizes)]
    if strange := sorted(set(build) - set(known)):
        raise ValueError(
            f"the network has no argument {', '.join(strange)}; expected some of {', '.join(known)}"
        )
    return {"preset": preset, **{name: int(parameters[name]) for name in _NOT_BUILT}, "build": build}


def read_configuration(path: str | Path) -> dict[str, Any]:
    """Settings from the ``best_configuration.json`` of notebook 05, or none for an empty name.

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
    if not isinstance(found, dict) or not set(_KEYS) <= set(found):
        raise ValueError(
            f"{path}: no configuration; expected a JSON object with {', '.join(_KEYS)}, as notebook 05 "
            "writes it"
        )
    check_preset(found["preset"])
    named = {"length": found["length"], "batch_size": found["batch_size"], **found["build"]}
    return configuration(named, found["preset"])
