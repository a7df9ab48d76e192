"""The models of a comparison, each with the same three methods: build, fit on rows, predict rows.

`helpers.training.cross_validate` asks nothing more of them. All choices are made on the
validation rows that `fit` is given; no predictor ever sees a test row's label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from helpers.sequences import composition
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.tracks.rna_peptide import dual_dense, network
from helpers.tracks.rna_peptide.pairwise import PairSpace
from helpers.tracks.rna_peptide.stages import balance, fit_in_stages
from helpers.training.batches import Chains
from helpers.training.fitting import FitResult, Schedule, fit, predict

_INNER = 5
_CLIP = 1e-6


class PairTable:
    """Labelled pairs, with what several predictors need of them computed once.

    Parameters
    ----------
    rna, peptide : sequence of str
        The two chains of each pair, clean.
    y : array-like, shape=(n,)
        Labels, 0 or 1.

    Examples
    --------
    >>> table = PairTable(["ACGU", "GGGG"], ["MKV", "MLV"], [1, 0])
    >>> len(table), [len(chains) for chains in table.chains(np.array([1]))]
    (2, [1, 1])
    """

    def __init__(self, rna: Sequence[str], peptide: Sequence[str], y: ArrayLike) -> None:
        self.rna, self.peptide = list(rna), list(peptide)
        self.y = np.asarray(y).astype(np.float32)
        if not len(self.rna) == len(self.peptide) == len(self.y):
            raise ValueError(
                f"PairTable: found {len(self.rna)} RNAs, {len(self.peptide)} peptides and "
                f"{len(self.y)} labels; expected one of each a pair"
            )
        self._chains = [
            Chains.from_sequences(self.rna, RNA),
            Chains.from_sequences(self.peptide, PEPTIDE),
        ]

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.y)

    def chains(self, rows: np.ndarray) -> list[Chains]:
        """RNAs and peptides of some rows, as `helpers.training.fit` takes them."""
        return [chains[rows] for chains in self._chains]

    def one_hot(self, rows: np.ndarray, length: int) -> list[np.ndarray]:
        """Both chains of some rows, cut or padded at the right end to one length."""
        return [chains[rows].one_hot(length) for chains in self._chains]

    @cached_property
    def composition(self) -> np.ndarray:
        """Composition features of each pair, shape (n, features)."""
        return composition.pair_composition(self.rna, self.peptide)

    @cached_property
    def space(self) -> PairSpace:
        """How alike the chains are."""
        return PairSpace(self.rna, self.peptide)

    @cached_property
    def codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Number of each row's RNA and of its peptide; the same sequence has the same number."""
        rna, peptide = (
            np.unique(np.asarray(side, dtype=object), return_inverse=True)[1]
            for side in (self.rna, self.peptide)
        )
        return rna, peptide


class Network:
    """Our cross-attention network, or the mean of several.

    Trained with either label of the same weight for each peptide; where the network has composition
    branches they are trained first (`helpers.training.fit_in_stages`).

    Parameters
    ----------
    table : PairTable
    preset : {"sample", "real"}
        As for `helpers.tracks.rna_peptide.network.build_cross_attention`.
    epochs, batch_size, patience : int
        As for `helpers.training.fit`; the epoch is chosen by the validation AUROC.
    members : int
        Networks, each with weights of its own; their log-odds are averaged.
    seed : int
        Seed of the first member; the next ones count on.
    verbosity : int
        1 shows a progress bar a member.
    """

    def __init__(
        self,
        table: PairTable,
        *,
        preset: str = "sample",
        epochs: int = 16,
        batch_size: int = 32,
        patience: int = 5,
        members: int = 1,
        seed: int = 0,
        verbosity: int = 0,
    ) -> None:
        self.table, self.verbosity = table, verbosity
        self.settings: dict[str, Any] = {
            "model": "network", "preset": preset, "epochs": epochs, "batch_size": batch_size,
            "patience": patience, "members": members, "seed": seed,
        }  # fmt: skip
        self.results: list[FitResult] = []

    @property
    def result(self) -> FitResult:
        """What `helpers.training.fit` gave for the first member."""
        return self.results[0]

    @property
    def model(self) -> keras.Model:
        """The first member."""
        return self.result.model

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        `y` replaces the table's labels, for controls.
        """
        y = self.table.y if y is None else y
        self.results = [
            self._fit_member(train, valid, y, self.settings["seed"] + number)
            for number in range(self.settings["members"])
        ]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        chains = self.table.chains(rows)
        return _mean([predict(result.model, chains) for result in self.results])

    def card(self) -> dict[str, Any]:
        """What a card says of the first member, besides the data."""
        return {
            **self.settings,
            "rna_alphabet": RNA.letters,
            "peptide_alphabet": PEPTIDE.letters,
            "patch": list(network.patches(self.model)),
            "window": list(network.windows(self.model)),
            "best_epoch": self.result.best_epoch,
        }

    def _fit_member(self, train: np.ndarray, valid: np.ndarray, y: np.ndarray, seed: int) -> FitResult:
        keras.utils.set_random_seed(seed)
        chains = self.table.chains(train)
        return fit_in_stages(
            network.build_cross_attention(self.settings["preset"]),
            chains,
            y[train],
            valid=(self.table.chains(valid), y[valid]),
            schedule=Schedule(
                epochs=self.settings["epochs"],
                batch_size=self.settings["batch_size"],
                patience=self.settings["patience"],
                seed=seed,
            ),
            # How often a peptide stands under each label must not be learnt: see `Counts`.
            weight=balance(chains[1].index, y[train]),
            verbosity=self.verbosity,
        )


class Original:
    """The original dual network on chains cut or padded to 100 residues, honestly trained.

    Parameters
    ----------
    table : PairTable
    length : int
        Residues of either chain that the network reads.
    epochs, seed, verbosity : int
        As for `Network`.
    """

    def __init__(
        self,
        table: PairTable,
        *,
        length: int = 100,
        epochs: int = 16,
        seed: int = 0,
        verbosity: int = 0,
    ) -> None:
        self.table, self.verbosity = table, verbosity
        self.settings: dict[str, Any] = {
            "model": "original", "length": length, "epochs": epochs, "seed": seed,
        }  # fmt: skip
        self.result: FitResult

    @property
    def model(self) -> keras.Model:
        """The network."""
        return self.result.model

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`."""
        length, seed = self.settings["length"], self.settings["seed"]
        keras.utils.set_random_seed(seed)
        self.result = fit(
            dual_dense.build_dual_dense(rna_length=length, peptide_length=length),
            self.table.one_hot(train, length),
            self.table.y[train],
            valid=(self.table.one_hot(valid, length), self.table.y[valid]),
            schedule=Schedule(epochs=self.settings["epochs"], seed=seed, monitor="val_auroc"),
            verbosity=self.verbosity,
        )

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return predict(self.model, self.table.one_hot(rows, self.settings["length"]))

    def card(self) -> dict[str, Any]:
        """What a card says of the network, besides the data."""
        length = self.settings["length"]
        return {
            **self.settings,
            "rna_alphabet": RNA.letters,
            "peptide_alphabet": PEPTIDE.letters,
            "rna_length": length,
            "peptide_length": length,
            "truncate": True,
            "best_epoch": self.result.best_epoch,
        }


class Trees:
    """Baseline: extra trees on k-mers of the RNA and conjoint triads of the peptide.

    Parameters
    ----------
    table : PairTable
    trees : int
        Number of trees.
    seed : int
        Seed of the trees.
    """

    def __init__(self, table: PairTable, *, trees: int = 500, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "trees", "trees": trees, "seed": seed}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` and `valid`: there is nothing to choose."""
        rows = np.concatenate([train, valid])
        trees = ExtraTreesClassifier(
            self.settings["trees"], n_jobs=-1, random_state=self.settings["seed"]
        ).fit(self.table.composition[rows], self.table.y[rows])
        self._trees = _in_order(trees)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return self._trees.predict_proba(self.table.composition[rows])[:, 1]


class Counts:
    """Control: how often each chain is positive and negative in training, and nothing else.

    Each training row is described by the counts without itself. Where every chain has as many
    positives as negatives, a held-out positive leaves a gap in its chain's counts, and this model
    finds it: what it scores is what the make-up of a data set gives away.

    Parameters
    ----------
    table : PairTable
    seed : int
        Seed of the boosted trees.
    """

    def __init__(self, table: PairTable, *, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "counts", "seed": seed}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` and `valid`: there is nothing to choose."""
        rows, y = np.concatenate([train, valid]), self.table.y
        self._counts = [
            np.stack([np.bincount(side[rows], y[rows] == label, side.max() + 1) for label in (0, 1)])
            for side in self.table.codes
        ]
        X = self._describe(rows)
        for label in (0, 1):
            own = y[rows] == label
            X[own, label] -= 1
            X[own, 2 + label] -= 1
        with threadpool_limits(1, user_api="openmp"):
            self._trees = HistGradientBoostingClassifier(
                max_iter=100, random_state=self.settings["seed"]
            ).fit(X, y[rows])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return self._trees.predict_proba(self._describe(rows))[:, 1]

    def _describe(self, rows: np.ndarray) -> np.ndarray:
        sides = zip(self._counts, self.table.codes, strict=True)
        return np.concatenate([counts[:, side[rows]] for counts, side in sides]).T.astype(float)


class Neighbours:
    """Boosted and extra trees on the labels of training pairs whose chains are alike.

    The training rows are described out of fold, with folds that are cold in the peptide (in both
    sides where the validation RNAs are new, too): a row's description never rests on its own
    peptide's other pairs, so that the count of a peptide's negatives cannot be read off it.

    Parameters
    ----------
    table : PairTable
    seed : int
        Seed of the inner folds and the trees.
    """

    def __init__(self, table: PairTable, *, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "neighbours", "seed": seed}

    def fit(self, train: np.ndarray, valid: np.ndarray, *, cold_rna: bool | None = None) -> None:
        """Fit on `train`; `valid` only tells whether RNAs are new, unless that is given."""
        seed, y = self.settings["seed"], self.table.y
        rna, _ = self.table.codes
        if cold_rna is None:
            cold_rna = len(valid) > 0 and bool(np.isin(rna[valid], rna[train]).mean() < 0.5)
        self.cold_rna = cold_rna
        described, rows = [], []
        for known, held in self._inner(train, cold_rna):
            described.append(self._describe(known, held))
            rows.append(held)
        X, order = np.concatenate(described), np.concatenate(rows)
        self._known = train
        self._models = [
            HistGradientBoostingClassifier(
                max_iter=200, learning_rate=0.06, max_leaf_nodes=15, l2_regularization=1.0,
                max_features=0.2, random_state=seed,
            ),
            ExtraTreesClassifier(
                300, min_samples_leaf=2, max_features=0.15, n_jobs=-1, random_state=seed
            ),
        ]  # fmt: skip
        # One thread: boosting is a chain of short parallel steps, which stall one another as soon
        # as a second process wants the same cores.
        with threadpool_limits(1, user_api="openmp"):
            for model in self._models:
                model.fit(X, y[order])
        _in_order(self._models[1])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        X = self._describe(self._known, rows)
        return _mean([model.predict_proba(X)[:, 1] for model in self._models])

    def _describe(self, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
        space, y = self.table.space, self.table.y
        parts = [space.votes(known, y, rows), space.kernel_score(known, y, rows)[:, None]]
        return np.concatenate([*parts, self.table.composition[rows]], axis=1)

    def _inner(self, train: np.ndarray, cold_rna: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        """Folds of the training rows, cold in the peptide, or in both sides."""
        rng = np.random.default_rng(self.settings["seed"])
        rna, peptide = ((rng.permutation(side.max() + 1) % _INNER)[side[train]] for side in self.table.codes)
        if not cold_rna:
            pairs = [(peptide != i, peptide == i) for i in range(_INNER)]
        else:
            pairs = [
                ((rna != i) & (peptide != j), (rna == i) & (peptide == j))
                for i in range(_INNER)
                for j in range(_INNER)
            ]
        y = self.table.y[train]
        return [
            (train[known], train[held])
            for known, held in pairs
            if held.any() and len(np.unique(y[known])) == 2
        ]


class Hybrid:
    """Ours: the network and the neighbours together, weighted on the validation rows.

    Parameters
    ----------
    table : PairTable
    seed : int
        Seed of both parts.
    **network
        Further arguments of `Network`.
    """

    def __init__(self, table: PairTable, *, seed: int = 0, **network: Any) -> None:
        self.table = table
        self.network = Network(table, seed=seed, **network)
        self.neighbours = Neighbours(table, seed=seed)
        self.settings: dict[str, Any] = {
            "model": "hybrid",
            "network": self.network.settings,
            "neighbours": self.neighbours.settings,
        }

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit both parts on `train` and their weights on `valid`; then the neighbours on both."""
        for part in (self.network, self.neighbours):
            part.fit(train, valid)
        # By likelihood, without an intercept: as many pairs bind as do not. Log-odds that speak
        # against binding are never read as speaking for it.
        stack = LogisticRegression(fit_intercept=False)
        stack.fit(self._log_odds(valid), self.table.y[valid])
        self.weights = np.maximum(stack.coef_[0], 0)
        if not self.weights.any():
            self.weights = np.ones(2)
        # Every choice is made; for pairs that are like them, the validation pairs are neighbours.
        self.neighbours.fit(np.concatenate([train, valid]), valid, cold_rna=self.neighbours.cold_rna)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities of `rows` by ``ours`` and by each part."""
        parts = self._log_odds(rows)
        return {
            "ours": _sigmoid(parts @ self.weights),
            "network": _sigmoid(parts[:, 0]),
            "neighbours": _sigmoid(parts[:, 1]),
        }

    def _log_odds(self, rows: np.ndarray) -> np.ndarray:
        parts = [self.network.predict(rows), self.neighbours.predict(rows)]
        return np.stack([_logit(p) for p in parts], axis=1)


def _in_order(trees: ExtraTreesClassifier) -> ExtraTreesClassifier:
    """A forest that adds up its trees in one order: threads add them up as they finish."""
    return trees.set_params(n_jobs=1)


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(p, dtype=float), _CLIP, 1 - _CLIP)
    return np.log(p) - np.log1p(-p)


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


def _mean(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Mean in log-odds."""
    return _sigmoid(np.mean([_logit(p) for p in probabilities], axis=0))
