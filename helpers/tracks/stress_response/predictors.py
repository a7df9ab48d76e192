"""The models of a comparison on promoters, each with the same methods: fit on rows, predict rows.

All choices are made on the validation rows that `fit` is given. Orthologs are used in training only
where their group has no promoter outside the training rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from helpers.readers import tables
from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response import network
from helpers.tracks.stress_response.configurations import BUILDERS, check_build
from helpers.tracks.stress_response.promoters import PromoterTable
from helpers.training import augmentation
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.saving import card_path, load_run, save_run

STRANDS = {"original": 2, "cnn": 2, "scanner": 1}
"""Strands over which a network's predictions are averaged; the scanner reads both in one go."""

_DEFAULTS: dict[str, Any] = {
    "architecture": "cnn", "build": {}, "epochs": 20, "batch_size": 64, "patience": 6,
    "evoaug": False, "swap_rate": 0.0, "orthologs": False, "fine_tune": 5,
}  # fmt: skip
_CLIP = 1e-6


class Network:
    """A network on promoters, or the mean of several, with or without augmentation.

    Parameters
    ----------
    table : PromoterTable
    seed : int
        Seed of weights, order and augmentation.
    folder : str, pathlib.Path or None
        Folder that keeps the model of each fit, so that a fold that is read back has its model.
    data : str
        What identifies the data, such as their sha256; part of a kept model's name.
    callbacks : sequence of keras.callbacks.Callback
        Callbacks beside the early stopping, such as one that reports to a search.
    verbosity : int
        1 shows a progress bar a stage.
    **settings
        ``architecture`` ("original", "cnn" or "scanner"), ``build`` (arguments of its builder),
        ``epochs``, ``batch_size``, ``patience`` (of `helpers.training.fit`; the validation log loss
        chooses the epoch, but for the scanner, see `fit`), ``evoaug`` (edits in training),
        ``swap_rate`` (share of the sequences that PhyloAug swaps), ``orthologs`` (related promoters
        as further training rows), ``fine_tune`` (epochs on clean sequences behind an augmented
        training, or an ordinary one, at a tenth of the step).

    Raises
    ------
    ValueError
        If a setting is not known, or the scanner is asked for an augmentation.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACGT"], "label": [1], "group": ["a"]})
    >>> Network(PromoterTable(rows), evoaug=True).settings["fine_tune"]
    5
    """

    def __init__(
        self,
        table: PromoterTable,
        *,
        seed: int = 0,
        folder: str | Path | None = None,
        data: str = "",
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbosity: int = 0,
        **settings: Any,
    ) -> None:
        if strange := sorted(set(settings) - set(_DEFAULTS)):
            raise ValueError(
                f"Network: no setting {', '.join(strange)}; expected some of {', '.join(_DEFAULTS)}"
            )
        self.table, self.folder, self.data, self.verbosity = table, folder, data, verbosity
        self.callbacks = callbacks
        self.settings: dict[str, Any] = {"model": "network", **_DEFAULTS, **settings, "seed": seed}
        check_build(self.settings["architecture"], self.settings["build"])
        if self.settings["architecture"] == "scanner" and self._augmented:
            raise ValueError(
                "Network: the scanner's first layer is fixed and its counts are kept, so "
                "evoaug and swap_rate do nothing there; give orthologs = True, or take the cnn"
            )
        self.model: keras.Model
        self._head: keras.Model | None = None
        self._counts = np.zeros(0)
        self.history = pd.DataFrame()
        self.best_epoch = 0

    @property
    def _augmented(self) -> bool:
        return bool(self.settings["evoaug"] or self.settings["swap_rate"])

    @property
    def strands(self) -> int:
        """Strands over which predictions are averaged."""
        return STRANDS[self.settings["architecture"]]

    def fit(
        self,
        train: np.ndarray,
        valid: np.ndarray,
        *,
        y: np.ndarray | None = None,
        hold_out: bool = False,
    ) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        The scanner has one penalised weight a count and one best fit, so it has no epoch to choose:
        it is fitted to both, unless `hold_out` keeps `valid` for another choice. `y` replaces the
        table's labels, for controls; orthologs are then left out.
        """
        labels, orthologs = self.table.y if y is None else y, y is None
        if self.settings["architecture"] != "scanner":
            results = self._fit_cnn(train, valid, labels, orthologs)
        else:
            both = train if hold_out else np.concatenate([train, valid])
            results = self._fit_scanner(both, valid, labels, orthologs)
        self.model = results[-1].model
        stages = [one.history.assign(stage=number) for number, one in enumerate(results, 1)]
        self.history = pd.concat(stages, ignore_index=True)
        self.history["epoch"] = np.arange(1, len(self.history) + 1)
        self.best_epoch = results[-1].best_epoch + sum(len(s) for s in stages[:-1])
        if self.folder is not None and y is None:
            path = save_run(self.path(train, valid), self.model, self.card())
            tables.write_table(path.with_suffix(".history.csv"), self.history)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows` of the main table, shape (len(rows),)."""
        if self._head is None:
            return self.ask(self.table.X[rows])
        # The counts of the table's rows are at hand: the fixed layers need not be run again.
        return network.predict_strands(self._head, self._counts[rows], strands=1)

    def predict_with_orthologs(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, each the mean in log-odds with those of its orthologs."""
        own = _logit(self.predict(rows))
        linked = [self.table.links.get(int(row), []) for row in rows]
        needed = np.unique(np.concatenate([np.array(found, dtype=int) for found in linked]))
        if not needed.size:
            return _sigmoid(own)
        scores = dict(zip(needed, _logit(self.ask(self.table.related[needed])), strict=True))
        return _sigmoid(
            np.array(
                [
                    np.mean([mine, *(scores[number] for number in found)])
                    for mine, found in zip(own, linked, strict=True)
                ]
            )
        )

    def ask(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of one-hot promoters, averaged over the strands."""
        size = 32 if self.strands == 1 else 256
        return network.predict_strands(self.model, X, strands=self.strands, batch_size=size)

    def restore(self, train: np.ndarray, valid: np.ndarray) -> Path:
        """Load the model that `fit` kept for these rows; fit it if it is not there.

        Returns
        -------
        pathlib.Path
            Its file.

        Raises
        ------
        ValueError
            If the network keeps no models.
        """
        if self.folder is None:
            raise ValueError("Network: no folder was given, so no model is kept")
        path = self.path(train, valid)
        kept = (path, card_path(path), path.with_suffix(".history.csv"))
        if all(file.is_file() for file in kept):
            self.model, card = load_run(path)
            self._head = None
            self.best_epoch, self.history = card["best_epoch"], pd.read_csv(kept[2])
        else:
            self.fit(train, valid)
        return path

    def path(self, train: np.ndarray, valid: np.ndarray) -> Path:
        """File of the model that was fitted on these rows with these settings and data."""
        digest = hashlib.sha256(json.dumps([self.settings, self.data], sort_keys=True).encode())
        for rows in (train, valid):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes() + b"|")
        name = self.settings["architecture"]
        return Path(self.folder or ".") / f"{name}-{digest.hexdigest()[:10]}.keras"

    def card(self) -> dict[str, Any]:
        """What a card says of the network, besides the data."""
        return {
            **self.settings,
            "dna_alphabet": DNA.letters,
            "length": self.table.length,
            "strands": self.strands,
            "data_sha256": self.data,
            "best_epoch": self.best_epoch,
        }

    def _fit_cnn(
        self, train: np.ndarray, valid: np.ndarray, y: np.ndarray, orthologs: bool
    ) -> list[FitResult]:
        given, table = self.settings, self.table
        keras.utils.set_random_seed(given["seed"])
        model = BUILDERS[given["architecture"]](table.length, **given["build"])
        X, labels, rows = table.X[train], y[train], train
        if given["orthologs"] and orthologs:
            more = table.usable(train)
            X = np.concatenate([X, table.related[more]])
            labels = np.concatenate([labels, table.related_y[more]])
            rows = np.concatenate([rows, np.full(len(more), -1)])
        # Both strands are validated, as both are asked for a prediction.
        turned = np.concatenate([table.X[valid], table.X[valid][:, ::-1, ::-1]])
        held = (turned, np.tile(y[valid], 2)[:, None])
        results = [self._stage(model, X, labels, rows, held, self._steps(), given["epochs"])]
        if given["fine_tune"]:
            # With augmentation or without: what the smaller step does must not be counted as what
            # the augmentation does.
            model.optimizer.learning_rate = 0.1 * float(model.optimizer.learning_rate)
            results.append(self._stage(model, X, labels, rows, held, [], given["fine_tune"]))
        return results

    def _stage(
        self,
        model: keras.Model,
        X: np.ndarray,
        y: np.ndarray,
        rows: np.ndarray,
        valid: tuple[np.ndarray, np.ndarray],
        steps: Sequence[Callable[[np.ndarray, np.ndarray], np.ndarray]],
        epochs: int,
    ) -> FitResult:
        given = self.settings
        batches = augmentation.AugmentedBatches(
            X, y[:, None], rows=rows, steps=steps, batch_size=given["batch_size"],
            seed=given["seed"],
            strands="both" if given["architecture"] == "original" else "random",
        )  # fmt: skip
        return fit(
            model, batches, None, valid=valid, verbosity=self.verbosity,
            schedule=Schedule(
                epochs=epochs, batch_size=given["batch_size"], patience=given["patience"],
                seed=given["seed"], monitor="val_log_loss", callbacks=self.callbacks,
            ),
        )  # fmt: skip

    def _steps(self) -> list[Callable[[np.ndarray, np.ndarray], np.ndarray]]:
        given, table = self.settings, self.table
        steps: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = []
        if given["swap_rate"]:
            steps.append(
                augmentation.PhyloAug(table.related, table.links, rate=given["swap_rate"], seed=given["seed"])
            )
        if given["evoaug"]:
            # Strands are turned by the batches, and noise takes the place of N alone.
            steps.append(augmentation.EvoAug(augmentation.Edits(), seed=given["seed"]))
        return steps

    def _fit_scanner(
        self, train: np.ndarray, valid: np.ndarray, y: np.ndarray, orthologs: bool
    ) -> list[FitResult]:
        given, table = self.settings, self.table
        keras.utils.set_random_seed(given["seed"])
        model = network.build_scanner(table.length, **given["build"])
        fixed = {name: given["build"].get(name) for name in ("bins", "sharpness", "width")}
        counts, related = table.motif_counts(model, json.dumps(fixed))
        X, labels = counts[train], y[train]
        if given["orthologs"] and orthologs:
            more = table.usable(train)
            X = np.concatenate([X, related[more]])
            labels = np.concatenate([labels, table.related_y[more]])
        network.adapt(model, X)
        _, head = network.scanner_parts(model)
        self._head, self._counts = head, counts
        result = fit(
            head, X, labels[:, None], valid=(counts[valid], y[valid][:, None]),
            verbosity=self.verbosity,
            schedule=Schedule(
                epochs=given["epochs"], batch_size=given["batch_size"], patience=given["patience"],
                seed=given["seed"], monitor="loss", callbacks=self.callbacks,
            ),
        )  # fmt: skip
        return [result._replace(model=model)]


class Trees:
    """Baseline: extra trees on 4- to 6-mers of both strands.

    Parameters
    ----------
    table : PromoterTable
    trees : int
        Number of trees.
    orthologs : bool
        Related promoters as further training rows.
    seed : int
        Seed of the trees.
    """

    def __init__(
        self, table: PromoterTable, *, trees: int = 300, orthologs: bool = False, seed: int = 0
    ) -> None:
        self.table = table
        self.settings: dict[str, Any] = {
            "model": "trees", "trees": trees, "orthologs": orthologs, "seed": seed,
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` and `valid`: there is nothing to choose."""
        rows, (kmers, related) = np.concatenate([train, valid]), self.table.kmers
        X, y = kmers[rows], self.table.y[rows]
        if self.settings["orthologs"]:
            more = self.table.usable(rows)
            X = np.concatenate([X, related[more]])
            y = np.concatenate([y, self.table.related_y[more]])
        # One thread: threads add up their trees in the order in which they finish.
        self._trees = ExtraTreesClassifier(
            self.settings["trees"], min_samples_leaf=3, max_features=0.05, n_jobs=1,
            random_state=self.settings["seed"],
        ).fit(X, y)  # fmt: skip

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return np.asarray(self._trees.predict_proba(self.table.kmers[0][rows])[:, 1])


class Hybrid:
    """The network and the trees together, weighted on the validation rows; its parts beside it.

    Parameters
    ----------
    network : Network
        Gives the predictions called ``ours``.
    trees : Trees
        The other part.

    Notes
    -----
    `predict` also gives ``ours_test_orthologs``: the network asked about the promoters of the
    gene's orthologs too. That uses more than the promoter of the gene itself.
    """

    def __init__(self, network: Network, trees: Trees) -> None:
        self.network, self.trees = network, trees
        self.settings: dict[str, Any] = {
            "model": "hybrid", "network": network.settings, "trees": trees.settings,
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit both parts on `train` and their weights on `valid`, then both anew on all."""
        self.network.fit(train, valid, hold_out=True)
        self.trees.fit(train, valid[:0])
        stack = LogisticRegression().fit(self._log_odds(valid), self.network.table.y[valid])
        # Log-odds that speak against an answer are never read as speaking for it.
        self.weights = np.maximum(stack.coef_[0], 0)
        if not self.weights.any():
            self.weights = np.ones(2)
        self.intercept = float(stack.intercept_[0])
        self.trees.fit(train, valid)
        if self.network.strands == 1:
            self.network.fit(train, valid)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities of `rows` by the network, by the trees, and by both."""
        parts = self._log_odds(rows)
        found = {
            "ours": _sigmoid(parts[:, 0]),
            "hybrid": _sigmoid(parts @ self.weights + self.intercept),
        }
        if self.trees.settings["orthologs"]:
            found["baseline_orthologs"] = _sigmoid(parts[:, 1])
        if self.network.table.links:
            found["ours_test_orthologs"] = self.network.predict_with_orthologs(rows)
        return found

    def _log_odds(self, rows: np.ndarray) -> np.ndarray:
        parts = [self.network.predict(rows), self.trees.predict(rows)]
        return np.stack([_logit(p) for p in parts], axis=1)


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(p, dtype=float), _CLIP, 1 - _CLIP)
    return np.asarray(np.log(p) - np.log1p(-p))


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-score)))
