"""The models of the expression comparison, each with the same methods: fit on rows, predict rows.

A prediction is one number a promoter and cell type, in the unit of the table. What was not measured
is masked in every model: it neither counts nor costs. All choices are made on the validation rows
that `fit` is given; no predictor ever sees a test row's value.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from scipy.optimize import nnls
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.svm import SVR

from helpers.sequences.alphabet import DNA
from helpers.tracks.gene_expression import network
from helpers.tracks.gene_expression.promoters import LONGEST_WORD, PromoterTable, standardised
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.saving import card_path, load_run, save_run

_PENALTIES = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
_COSTS = (0.5, 1.0, 2.0)
_EPSILON = 0.2
_BUILDERS = {"hybrid": network.build_hybrid, "plain": network.build_plain}


class Network:
    """Our hybrid network or the plain one, or the mean of several.

    Trained on values standardised by the training rows; the epoch is chosen by the masked error of
    the validation rows.

    Parameters
    ----------
    table : PromoterTable
    kind : {"hybrid", "plain"}
        Which of `helpers.tracks.gene_expression.network`.
    size : dict
        Fields of `helpers.tracks.gene_expression.network.Size` that differ from its defaults.
    epochs, batch_size, patience : int
        As for `helpers.training.fit`.
    members : int
        Networks, each with weights of its own; their outputs are averaged.
    known : int
        Known binding sites whose matrices the hybrid network's detectors begin with: those whose
        best match says most about the training rows (`PromoterTable.telling`).
    together : bool
        Whether these are chosen for what they say together rather than each by itself.
    seed : int
        Seed of the first member; the next ones count on.
    folder : str, pathlib.Path or None
        Where trained members are kept under a key of all they depend on; one that is there is read
        back, not trained again. None keeps nothing.
    verbosity : int
        1 shows a progress bar a member.
    """

    def __init__(
        self,
        table: PromoterTable,
        *,
        kind: str = "hybrid",
        known: int = 0,
        together: bool = False,
        size: dict[str, Any] | None = None,
        epochs: int = 12,
        batch_size: int = 64,
        patience: int = 4,
        members: int = 1,
        seed: int = 0,
        folder: str | Path | None = None,
        verbosity: int = 0,
    ) -> None:
        self.table, self.verbosity = table, verbosity
        self.folder = None if folder is None else Path(folder)
        self.settings: dict[str, Any] = {
            "model": kind, "size": network.Size(**(size or {}))._asdict(), "epochs": epochs,
            "batch_size": batch_size, "patience": patience, "members": members, "seed": seed,
            "known": known, "taxon": table.taxon if known else "",
        }  # fmt: skip
        if known and together:
            self.settings["together"] = True
        self.results: list[FitResult] = []

    @property
    def result(self) -> FitResult:
        """What `helpers.training.fit` gave for the first member."""
        return self.results[0]

    @property
    def model(self) -> keras.Model:
        """The first member."""
        return self.result.model

    @property
    def validation_loss(self) -> list[float]:
        """Masked squared error of each member on its validation rows, in training deviations."""
        return [float(result.history["val_loss"].min()) for result in self.results]

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        `y` replaces the table's values, for controls.
        """
        y = self.table.y if y is None else y
        self.mean, self.deviation = _scale(y[train])
        scaled = ((y - self.mean) / self.deviation).astype(np.float32)
        self.known = self.table.telling(
            train, scaled[train], self.settings["known"], together="together" in self.settings
        )
        self.results = [
            self._member(train, valid, scaled, self.settings["seed"] + number)
            for number in range(self.settings["members"])
        ]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions for `rows`, shape (len(rows), tasks)."""
        X = self.table.one_hot(rows)
        found = [predict(result.model, X).reshape(len(rows), -1) for result in self.results]
        return np.mean(found, axis=0) * self.deviation + self.mean

    def card(self, member: int = 0) -> dict[str, Any]:
        """What a card says of a member, besides the data."""
        return {
            **self.settings,
            "alphabet": DNA.letters,
            "length": self.table.length,
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "seed": self.settings["seed"] + member,
            "best_epoch": self.results[member].best_epoch,
        }

    def _member(self, train: np.ndarray, valid: np.ndarray, scaled: np.ndarray, seed: int) -> FitResult:
        """A trained member, from the folder if it is there."""
        if self.folder is None:
            return self._fit_member(train, valid, scaled, seed)
        # How many members there are, and the seed of another one, change nothing in this one.
        own = {**self.settings, "members": 1, "seed": seed}
        key = hashlib.sha256(json.dumps(own, sort_keys=True).encode())
        key.update("\n".join(self.table.sequences).encode())
        for array in (scaled, train, valid, *(matrix.weights for matrix in self.known)):
            key.update(np.ascontiguousarray(array).tobytes())
        name = f"{self.settings['model']}-{seed}-{key.hexdigest()[:10]}.keras"
        path = self.folder / name
        if card_path(path).is_file():
            model, card = load_run(path)
            return FitResult(model, pd.DataFrame(card["history"]), card["best_epoch"])
        result = self._fit_member(train, valid, scaled, seed)
        history = result.history.to_dict("list")
        save_run(path, result.model, {"history": history, "best_epoch": result.best_epoch})
        return result

    def _fit_member(self, train: np.ndarray, valid: np.ndarray, scaled: np.ndarray, seed: int) -> FitResult:
        keras.utils.set_random_seed(seed)
        known = {"known": [matrix.weights for matrix in self.known]} if self.known else {}
        steps = self.settings["epochs"] * -(-len(train) // self.settings["batch_size"])
        return fit(
            _BUILDERS[self.settings["model"]](
                self.table.tasks,
                length=self.table.length,
                size=network.Size(**self.settings["size"]),
                steps=steps,
                **known,
            ),
            self.table.one_hot(train),
            scaled[train],
            valid=(self.table.one_hot(valid), scaled[valid]),
            schedule=Schedule(
                epochs=self.settings["epochs"],
                batch_size=self.settings["batch_size"],
                patience=self.settings["patience"],
                seed=seed,
            ),
            verbosity=self.verbosity,
        )


class _PerTask(ABC):
    """A model a cell type on descriptions of the promoters, with one choice made on validation."""

    table: PromoterTable
    settings: dict[str, Any]
    choices: Sequence[Any] = (None,)

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Choose on the rows `valid`; then learn from `train` and `valid`."""
        self.choose(train, valid)
        self.learn(np.concatenate([train, valid]))

    def choose(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Make each cell type's choice: what is learnt from `train` is tried on `valid`."""
        self._prepare(train)
        self.chosen = [self._best(task, train, valid) for task in range(self.table.tasks)]

    def learn(self, rows: np.ndarray) -> None:
        """Fit each cell type on those of `rows` in which it was measured, as was chosen."""
        y = self.table.y
        self._prepare(rows)
        self._fitted = []
        for task, choice in enumerate(self.chosen):
            known = rows[np.isfinite(y[rows, task])]
            mean, deviation = _scale(y[known, task, None])
            z = (y[known, task] - mean[0]) / deviation[0]
            self._fitted.append((known, self._learn(known, z, choice), mean[0], deviation[0]))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions for `rows`, shape (len(rows), tasks)."""
        found = [
            self._apply(model, known, rows) * deviation + mean
            for known, model, mean, deviation in self._fitted
        ]
        return np.stack(found, axis=1)

    def _best(self, task: int, train: np.ndarray, valid: np.ndarray) -> Any:
        y = self.table.y[:, task]
        known, judged = train[np.isfinite(y[train])], valid[np.isfinite(y[valid])]
        if len(self.choices) == 1 or len(judged) < 3:
            return self.choices[len(self.choices) // 2]
        mean, deviation = _scale(y[known, None])
        z = (y - mean[0]) / deviation[0]
        errors = [
            np.square(self._apply(self._learn(known, z[known], choice), known, judged) - z[judged])
            for choice in self.choices
        ]
        return self.choices[int(np.argmin([error.mean() for error in errors]))]

    @abstractmethod
    def _prepare(self, rows: np.ndarray) -> None:
        """Describe all promoters, scaled by `rows`."""

    @abstractmethod
    def _learn(self, rows: np.ndarray, z: np.ndarray, choice: Any) -> Any:
        """A model of `rows`, whose standardised values are `z`."""

    @abstractmethod
    def _apply(self, model: Any, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Standardised predictions for `rows` by a model that learnt from `known`."""


class Ridge(_PerTask):
    """Baseline: linear regression on the words of 1 to 5 letters, its penalty chosen on validation.

    Parameters
    ----------
    table : PromoterTable
    """

    choices = _PENALTIES

    def __init__(self, table: PromoterTable) -> None:
        self.table = table
        self.settings = {"model": "ridge", "words": LONGEST_WORD, "penalties": list(_PENALTIES)}

    def _prepare(self, rows: np.ndarray) -> None:
        self._X = standardised(self.table.words, rows)

    def _learn(self, rows: np.ndarray, z: np.ndarray, choice: Any) -> Any:
        return SklearnRidge(alpha=choice).fit(self._X[rows], z)

    def _apply(self, model: Any, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return model.predict(self._X[rows])


class Forest(_PerTask):
    """A random forest on the words of 1 to 5 letters; nothing is chosen.

    Parameters
    ----------
    table : PromoterTable
    trees : int
        Number of trees.
    seed : int
        Seed of the trees.
    """

    def __init__(self, table: PromoterTable, *, trees: int = 100, seed: int = 0) -> None:
        self.table = table
        self.settings = {"model": "forest", "words": LONGEST_WORD, "trees": trees, "seed": seed}

    def _prepare(self, rows: np.ndarray) -> None:
        self._X = self.table.words

    def _learn(self, rows: np.ndarray, z: np.ndarray, choice: Any) -> Any:
        forest = RandomForestRegressor(
            self.settings["trees"], max_features=0.05, min_samples_leaf=3, n_jobs=-1,
            random_state=self.settings["seed"],
        )  # fmt: skip
        # Threads add up the trees as they finish; one adds them up in one order.
        return forest.fit(self._X[rows], z).set_params(n_jobs=1)

    def _apply(self, model: Any, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return model.predict(self._X[rows])


class Machine(_PerTask):
    """A support vector machine with a Gaussian kernel, the mean over some descriptions.

    Parameters
    ----------
    table : PromoterTable
    what : sequence of str
        Descriptions: ``words``, ``matches``. Kernels are averaged.
    """

    choices = _COSTS

    def __init__(self, table: PromoterTable, *, what: Sequence[str] = ("words",)) -> None:
        self.table = table
        self.settings = {
            "model": "machine", "what": list(what), "costs": list(_COSTS),
            "taxon": table.taxon if "matches" in what else "",
        }  # fmt: skip

    def _prepare(self, rows: np.ndarray) -> None:
        self._X = [standardised(X, rows) for X in self.table.describe(self.settings["what"])]
        self._kept = rows
        self._place = np.full(len(self.table), -1)
        self._place[rows] = np.arange(len(rows))
        self._gram = self._kernel(rows, rows)

    def _learn(self, rows: np.ndarray, z: np.ndarray, choice: Any) -> Any:
        place = self._place[rows]
        machine = SVR(kernel="precomputed", C=choice, epsilon=_EPSILON, cache_size=500)
        return machine.fit(self._gram[np.ix_(place, place)], z)

    def _apply(self, model: Any, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        # Only the support vectors speak.
        support = known[model.support_]
        return self._kernel(rows, support) @ model.dual_coef_[0] + model.intercept_[0]

    def _kernel(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        parts = [np.exp(-_distances(X[rows], X[others]) / X.shape[1]) for X in self._X]
        return np.asarray(np.mean(parts, axis=0, dtype=np.float64))


class Hybrid:
    """Ours: the network and a machine on known binding sites, weighted on the validation rows.

    Parameters
    ----------
    table : PromoterTable
    what : sequence of str
        Descriptions that the machine reads.
    **network
        Further arguments of `Network`.
    """

    def __init__(
        self, table: PromoterTable, *, what: Sequence[str] = ("words", "matches"), **network: Any
    ) -> None:
        self.table = table
        self.network = Network(table, **network)
        self.machine = Machine(table, what=what)
        self.settings: dict[str, Any] = {
            "model": "hybrid of two", "network": self.network.settings,
            "machine": self.machine.settings,
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit both parts on `train`, weigh them on `valid`; the machine then learns from both."""
        self.network.fit(train, valid)
        self.machine.choose(train, valid)
        self.machine.learn(train)
        parts = np.stack([self.network.predict(valid), self.machine.predict(valid)], axis=2)
        y = self.table.y
        self.mean, self.weights = _scale(y[train])[0], np.zeros((self.table.tasks, 2))
        for task in range(self.table.tasks):
            known = np.isfinite(y[valid, task])
            # Never negative: a part that speaks against what it found is not believed.
            centred = parts[known, task] - self.mean[task]
            self.weights[task] = nnls(centred, y[valid[known], task] - self.mean[task])[0]
            if not self.weights[task].any():
                self.weights[task] = 0.5
        self.machine.learn(np.concatenate([train, valid]))

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Predictions for `rows` by ``ours`` and by each part."""
        network, machine = self.network.predict(rows), self.machine.predict(rows)
        centred = np.stack([network, machine], axis=2) - self.mean[:, None]
        ours = (centred * self.weights).sum(axis=2) + self.mean
        return {"ours": ours, "network": network, "sites": machine}


def _scale(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column, over what was measured."""
    known = np.isfinite(y)
    if (few := np.flatnonzero(known.sum(axis=0) < 2)).size:
        raise ValueError(
            f"cell type {few[0]} was measured in {known[:, few[0]].sum()} training promoters; "
            "expected at least two. Leave the cell type out"
        )
    mean = np.where(known, y, 0).sum(axis=0) / known.sum(axis=0)
    square = np.where(known, np.square(y - mean), 0).sum(axis=0) / known.sum(axis=0)
    return mean, np.sqrt(square) + 1e-6


def _distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Squared distance of each row of A to each of B."""
    square = np.square(A).sum(axis=1)[:, None] + np.square(B).sum(axis=1)[None]
    return np.maximum(square - 2 * A @ B.T, 0)
