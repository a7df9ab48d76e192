"""The models of the expression comparison, each with the same methods: fit on rows, predict rows.

A prediction is one number a promoter and cell type, in the unit of the table. What was not measured
is masked in every model: it neither counts nor costs. All choices are made on the validation rows
that `fit` is given; no predictor ever sees a test row's value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import keras
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVR

from helpers.sequences.alphabet import DNA
from helpers.splits import Fold
from helpers.tracks.gene_expression import network
from helpers.tracks.gene_expression.promoters import LONGEST_WORD, PromoterTable, standardised
from helpers.training.blending import Blend
from helpers.training.controls import Shuffled
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.reuse import train_again
from helpers.training.store import Store, fingerprint

_PENALTIES = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
_COSTS = (0.5, 1.0, 2.0)
_EPSILON = 0.2


class Network:
    """Our hybrid network, or the mean of several.

    Trained on values standardised by the training rows; the epoch is chosen by the masked error of
    the validation rows.

    Parameters
    ----------
    table : PromoterTable
    size : dict
        Fields of `helpers.tracks.gene_expression.network.Size` that differ from its defaults.
    schedule : Schedule
        Epochs, batch size, patience; its seed is the first member's, the next ones count on.
    known : int
        Known binding sites whose matrices the detectors begin with: those whose best match says
        most about the training rows (`PromoterTable.best_known`).
    members : int
        Networks, each with weights of its own; their outputs are averaged.
    folder : str, pathlib.Path or None
        Where trained members are kept (`helpers.training.store.Store`).
    verbosity : int
        1 shows a progress bar a member.
    """

    kind = "hybrid"
    build: ClassVar[Callable[..., keras.Model]] = staticmethod(network.build_hybrid)

    def __init__(
        self,
        table: PromoterTable,
        *,
        size: Mapping[str, Any] | None = None,
        schedule: Schedule = Schedule(),  # noqa: B008
        known: int = 0,
        members: int = 1,
        folder: str | Path | None = None,
        verbosity: int = 0,
    ) -> None:
        self.table, self.schedule, self.verbosity = table, schedule, verbosity
        self.size = network.Size(**(size or {}))
        self.settings: dict[str, Any] = {
            "model": self.kind, "size": self.size._asdict(), "epochs": schedule.epochs,
            "batch_size": schedule.batch_size, "patience": schedule.patience, "members": members,
            "seed": schedule.seed, "known": known, "taxon": table.taxon if known else "",
        }  # fmt: skip
        self.store = Store(folder, data=fingerprint(table.sequences) if folder else "", maker=type(self))
        self.results: list[FitResult] = []

    @property
    def model(self) -> keras.Model:
        """The first member."""
        return self.results[0].model

    @property
    def validation_loss(self) -> list[float]:
        """Masked squared error of each member on its validation rows, in training deviations."""
        return [float(result.history["val_loss"].min()) for result in self.results]

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        `y` replaces the table's values, for controls, which keep the last epoch.
        """
        schedule = replace(self.schedule, last=y is not None)
        y = self.table.y if y is None else y
        self.mean, self.deviation = _scale(y[train])
        scaled = ((y - self.mean) / self.deviation).astype(np.float32)
        known = self.table.best_known(train, scaled[train], self.settings["known"])
        matrices = [matrix.weights for matrix in known]
        self.results = [
            self._member(train, valid, scaled, matrices, replace(schedule, seed=schedule.seed + number))
            for number in range(self.settings["members"])
        ]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions for `rows`, shape (len(rows), tasks)."""
        return self.predict_one_hot(self.table.one_hot(rows))

    def predict_one_hot(self, X: np.ndarray) -> np.ndarray:
        """Predictions for one-hot promoters, shape (n, tasks)."""
        found = [predict(result.model, X).reshape(len(X), -1) for result in self.results]
        return np.mean(found, axis=0) * self.deviation + self.mean

    def card(self, member: int = 0) -> dict[str, Any]:
        """What a card says of a member, besides the data."""
        return {
            **self.settings, "alphabet": DNA.letters, "length": self.table.length,
            "mean": self.mean.tolist(), "deviation": self.deviation.tolist(),
            "seed": self.schedule.seed + member, "best_epoch": self.results[member].best_epoch,
        }  # fmt: skip

    def _member(
        self, train: np.ndarray, valid: np.ndarray, scaled: np.ndarray, known: list[np.ndarray],
        schedule: Schedule,
    ) -> FitResult:  # fmt: skip
        """A trained member, from the folder if it is there."""
        # How many members there are, and the seed of another one, change nothing in this one.
        seed = schedule.seed
        own = {**self.settings, "members": 1, "seed": seed}

        def train_member() -> FitResult:
            steps = schedule.epochs * -(-len(train) // schedule.batch_size)
            more = {"known": known} if known else {}
            build = partial(
                self.build, self.table.tasks, length=self.table.length, size=self.size, steps=steps, **more
            )
            train_one = partial(
                fit, inputs=self.table.one_hot(train), y=scaled[train],
                valid=(self.table.one_hot(valid), scaled[valid]),
                schedule=schedule, verbosity=self.verbosity,
            )  # fmt: skip
            sizes = [len(known), max(map(len, known), default=0), steps, self.table.tasks, self.table.length]
            return train_again(build, train_one, key=f"{self.kind} {self.size} {sizes}", seed=seed)

        return self.store.fit(f"{self.kind}-{seed}", own, [scaled, train, valid, *known], train=train_member)


class Plain(Network):
    """The plain convolutional network, for comparison."""

    kind = "plain"
    build = staticmethod(network.build_plain)


class _PerTask(ABC):
    """A model a cell type on descriptions of the promoters, with one choice made on validation."""

    table: PromoterTable
    settings: dict[str, Any]
    choices: Sequence[Any] = (None,)

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Choose on the rows `valid`; then learn from `train` and `valid`."""
        self._choose(train, valid)
        self.complete(train, valid)

    def fit_held_out(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Choose on the rows `valid`, but learn from `train` alone."""
        self._choose(train, valid)
        self._learn_all(train)

    def complete(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Learn from both parts, as was chosen."""
        self._learn_all(np.concatenate([train, valid]))

    def _choose(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Make each cell type's choice: what is learnt from `train` is tried on `valid`."""
        self._prepare(train)
        self.chosen = [self._best(task, train, valid) for task in range(self.table.tasks)]

    def _learn_all(self, rows: np.ndarray) -> None:
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

    def arrays(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What a fitted machine has learnt; a support vector is its place in `rows`, those it learnt from."""
        place = np.full(len(self.table), -1)
        place[rows] = np.arange(len(rows))
        found: dict[str, np.ndarray] = {}
        for task, (known, model, mean, deviation) in enumerate(self._fitted):
            found[f"support_{task}"] = place[known[model.support_]].astype(np.int32)
            found[f"dual_{task}"] = model.dual_coef_[0]
            found[f"scale_{task}"] = np.array([model.intercept_[0], mean, deviation])
        return found

    def restore(self, arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> None:
        """Take up what `arrays` gave of another table; `rows` are the same promoters in this one."""
        self._X = self._described(rows)
        self._fitted = []
        for task in range(self.table.tasks):
            support, scale = rows[arrays[f"support_{task}"]], arrays[f"scale_{task}"]
            model = SimpleNamespace(
                support_=np.arange(len(support)),
                dual_coef_=arrays[f"dual_{task}"][None],
                intercept_=scale[:1],
            )
            self._fitted.append((support, model, scale[1], scale[2]))

    def _described(self, rows: np.ndarray) -> list[np.ndarray]:
        return [standardised(getattr(self.table, name), rows) for name in self.settings["what"]]

    def _prepare(self, rows: np.ndarray) -> None:
        self._X = self._described(rows)
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
        parts = [rbf_kernel(X[rows], X[others], gamma=1 / X.shape[1]) for X in self._X]
        return np.asarray(np.mean(parts, axis=0, dtype=np.float64))


def compared(
    table: PromoterTable, *, size: Mapping[str, Any], schedule: Schedule, hybrid: bool = False, **ours: Any
) -> dict[str, Callable[[], Any]]:
    """How each model of the comparison is made, by name; all of them with the schedule's seed.

    Parameters
    ----------
    table : PromoterTable
    size, schedule
        As for `Network`: of our network, the plain one and the control.
    hybrid : bool
        Ours is `network_and_sites`.
    **ours
        Further arguments of our network; the control, which is trained on shuffled values for as
        long as ours, has the same, but is one network.
    """
    plain: dict[str, Any] = {"size": size, "schedule": schedule}
    build: Callable[..., Any]
    build, seed = network_and_sites if hybrid else Network, schedule.seed
    return {
        "ours": lambda: build(table, **plain, **ours),
        "plain": lambda: Plain(table, **plain),
        "svm": lambda: Machine(table),
        "forest": lambda: Forest(table, seed=seed),
        "baseline": lambda: Ridge(table),
        "control": lambda: Shuffled(Network(table, **plain, **{**ours, "members": 1}), seed=seed),
    }


def trained(table: PromoterTable, fold: Fold, **options: Any) -> tuple[Network, Network]:
    """Our network of a fold and the one of shuffled values; read back if `folder` holds them.

    `options` are those of `Network`.
    """
    ours, control = Network(table, **options), Network(table, **{**options, "members": 1})
    ours.fit(fold.train, fold.valid)
    Shuffled(control, seed=ours.schedule.seed).fit(fold.train, fold.valid)
    return ours, control


def network_and_sites(table: PromoterTable, **options: Any) -> Blend:
    """Our network and a machine on words and known binding sites, weighed on the validation rows.

    `options` are those of `Network`.
    """
    parts = {"network": Network(table, **options), "sites": Machine(table, what=("words", "matches"))}
    return Blend(parts, way="least_squares")


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
