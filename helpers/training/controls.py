"""The control of a comparison: a predictor whose labels were shuffled before it was fitted."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.training.store import fingerprint


class Shuffled:
    """Control: a predictor whose training and validation labels were shuffled.

    What it is tested on stays as it is. Of a `y` of several tasks whole rows are shuffled. Each fold
    of each run has a shuffling of its own, the same one whenever it is made again. A network whose
    ``fit`` is given labels trains for all its epochs and keeps the last (`Schedule.last`): give it as
    many as the model that it is held against.

    Parameters
    ----------
    network : Predictor
        Has ``settings``, a ``table`` with labels or values ``y``, and a ``fit`` that takes others.
    seed : int, optional
        Seed of the shuffling, with the rows of the fold; by default the network's own. Give each run
        another (`helpers.stats.verdicts.control` says how far the runs spread).
    within : numpy.ndarray, shape=(n,), optional
        Class of every row; labels are then shuffled within each class.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> network = SimpleNamespace(settings={}, table=SimpleNamespace(y=np.arange(6)))
    >>> y = Shuffled(network, seed=1).labels(np.arange(4), np.arange(4, 5))
    >>> sorted(y[:4].tolist()), y[4:].tolist()
    ([0, 1, 2, 3], [4, 5])
    """

    def __init__(self, network: Any, *, seed: int | None = None, within: np.ndarray | None = None) -> None:
        self.network, self.within = network, within
        seed = network.settings.get("seed", 0) if seed is None else seed
        self.settings: dict[str, Any] = {
            "model": "shuffled", "seed": seed, "network": network.settings,
            "within": "" if within is None else fingerprint("within", [np.asarray(within)]),
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit to permuted labels of `train` and, apart from those, of `valid`."""
        self.network.fit(train, valid, y=self.labels(train, valid))

    def predict(self, rows: np.ndarray) -> Any:
        """Predictions of `rows`."""
        return self.network.predict(rows)

    def labels(self, train: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """The shuffled labels, the shape of `y`; of other rows, the true ones."""
        # The rows, too: folds of one size would otherwise have one permutation of their places.
        fold = fingerprint("fold", [np.asarray(train), np.asarray(valid)])
        rng = np.random.default_rng([self.settings["seed"], int(fold, 16)])
        y = self.network.table.y.copy()
        for rows in (np.asarray(train), np.asarray(valid)):
            of = np.zeros(len(rows), dtype=int) if self.within is None else self.within[rows]
            for name in dict.fromkeys(of):
                part = rows[of == name]
                y[part] = y[rng.permutation(part)]
        return y
