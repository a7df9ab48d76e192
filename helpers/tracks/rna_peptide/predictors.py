"""The models of the comparison, each with the same methods: build, fit on rows, predict rows.

`helpers.training.cross_validate` asks nothing more of them. All choices are made on the
validation rows that `fit` is given; no predictor ever sees a test row's label.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from helpers.sequences import composition
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.rna_peptide import network
from helpers.tracks.rna_peptide.forest import Forest
from helpers.tracks.rna_peptide.pairwise import PairSpace
from helpers.training.batches import Chains
from helpers.training.blending import Blend
from helpers.training.controls import Shuffled
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.reuse import train_again

_INNER = 5
_MONITOR = "val_auroc"
_LETTERS = {"rna_alphabet": RNA.letters, "peptide_alphabet": PEPTIDE.letters}


class PairTable:
    """Labelled pairs, with what several predictors need of them computed once.

    Parameters
    ----------
    rna, peptide : sequence of str
        The two chains of each pair, clean.
    y : array-like, shape=(n,)
        Labels, 0 or 1.
    known : int, optional
        Only the first so many rows can be known ones of `space`; by default all.

    Examples
    --------
    >>> table = PairTable(["ACGU", "GGGG"], ["MKV", "MLV"], [1, 0])
    >>> len(table), [len(chains) for chains in table.chains(np.array([1]))]
    (2, [1, 1])
    """

    def __init__(
        self, rna: Sequence[str], peptide: Sequence[str], y: ArrayLike, *, known: int | None = None
    ) -> None:
        self.rna, self.peptide, self.known = list(rna), list(peptide), known
        self.y = np.asarray(y).astype(np.float32)
        if not len(self.rna) == len(self.peptide) == len(self.y):
            raise ValueError(
                f"PairTable: found {len(self.rna)} RNAs, {len(self.peptide)} peptides and "
                f"{len(self.y)} labels; expected one of each a pair"
            )
        self._chains = [Chains.from_sequences(self.rna, RNA), Chains.from_sequences(self.peptide, PEPTIDE)]

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
        return PairSpace(self.rna, self.peptide, known=self.known)

    @cached_property
    def codes(self) -> list[np.ndarray]:
        """Number of each row's RNA and of its peptide; the same sequence has the same number."""
        sides = (np.asarray(side, dtype=object) for side in (self.rna, self.peptide))
        return [np.unique(side, return_inverse=True)[1] for side in sides]


class Network:
    """Our cross-attention network, or the mean of several.

    Trained with either label of the same weight for each peptide, see `balance`; where the network
    has composition branches they are trained first, see `fit_in_stages`.

    Parameters
    ----------
    table : PairTable
    preset : {"sample", "real"}
        As for `helpers.tracks.rna_peptide.network.build_cross_attention`.
    epochs, batch_size : int
        As for `helpers.training.Schedule`; the epoch is chosen by the validation AUROC.
    members : int
        Networks, each with weights of its own; their log-odds are averaged.
    seed : int
        Seed of the first member; the next ones count on.
    verbosity : int
        1 shows a progress bar a member.
    """

    def __init__(
        self, table: PairTable, *, preset: str = "sample", epochs: int = 16, batch_size: int = 32,
        members: int = 1, seed: int = 0, verbosity: int = 0,
    ) -> None:  # fmt: skip
        self.table, self.verbosity = table, verbosity
        self.settings: dict[str, Any] = {
            "model": "network", "preset": preset, "epochs": epochs, "batch_size": batch_size,
            "patience": 5, "members": members, "seed": seed,
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
        """Fit on the rows `train`, choosing on `valid`.

        `y` replaces the table's labels, for controls, which keep the last epoch.
        """
        last = y is not None
        y = self.table.y if y is None else y
        inputs, held_out = self.table.chains(train), self.table.chains(valid)
        kept = {name: self.settings[name] for name in ("epochs", "batch_size", "patience")}
        self.results = []
        for number in range(self.settings["members"]):
            seed = self.settings["seed"] + number
            preset = self.settings["preset"]
            train_one = functools.partial(
                fit_in_stages, inputs=inputs, y=y[train], valid=(held_out, y[valid]),
                schedule=Schedule(seed=seed, last=last, **kept),
                # How often a peptide stands under each label must not be learnt: see `Counts`.
                weight=balance(inputs[1].index, y[train]), verbosity=self.verbosity,
            )  # fmt: skip
            build = functools.partial(network.build_cross_attention, preset)
            self.results.append(train_again(build, train_one, key=f"cross attention {preset}", seed=seed))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        chains = self.table.chains(rows)
        return mean_probability([predict(result.model, chains) for result in self.results])

    def card(self) -> dict[str, Any]:
        """What a card says of the first member, besides the data."""
        cells = {name: list(value) for name, value in network.resolution(self.model).items()}
        return {**self.settings, **_LETTERS, **cells, "best_epoch": self.result.best_epoch}


class Original:
    """The original dual network on chains cut or padded to `length` residues, honestly trained."""

    def __init__(
        self, table: PairTable, *, length: int = 100, epochs: int = 16, seed: int = 0, verbosity: int = 0
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
        train_one = functools.partial(
            fit,
            inputs=self.table.one_hot(train, length),
            y=self.table.y[train],
            valid=(self.table.one_hot(valid, length), self.table.y[valid]),
            schedule=Schedule(epochs=self.settings["epochs"], seed=seed, monitor=_MONITOR),
            verbosity=self.verbosity,
        )
        build = functools.partial(network.build_dual_dense, rna_length=length, peptide_length=length)
        self.result = train_again(build, train_one, key=f"dual dense {length}", seed=seed)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return predict(self.model, self.table.one_hot(rows, self.settings["length"]))

    def card(self) -> dict[str, Any]:
        """What a card says of the network, besides the data."""
        lengths = dict.fromkeys(("rna_length", "peptide_length"), self.settings["length"])
        best = self.result.best_epoch
        return {**self.settings, **_LETTERS, **lengths, "truncate": True, "best_epoch": best}


class Trees:
    """Baseline: extra trees on k-mers of the RNA and conjoint triads of the peptide."""

    def __init__(self, table: PairTable, *, trees: int = 500, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "trees", "trees": trees, "seed": seed}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` and `valid`: there is nothing to choose."""
        rows = np.concatenate([train, valid])
        trees, seed = self.settings["trees"], self.settings["seed"]
        self._trees = ExtraTreesClassifier(trees, n_jobs=-1, random_state=seed)
        self._trees.fit(self.table.composition[rows], self.table.y[rows])
        _in_order(self._trees)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return self._trees.predict_proba(self.table.composition[rows])[:, 1]


class Counts:
    """Control: how often each chain is positive and negative in training, and nothing else.

    Each training row is described by the counts without itself. Where every chain has as many
    positives as negatives, a held-out positive leaves a gap in its chain's counts, and this model
    finds it: what it scores is what the make-up of a data set gives away.
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
            X[np.ix_(y[rows] == label, [label, 2 + label])] -= 1
        with threadpool_limits(1, user_api="openmp"):
            self._trees = HistGradientBoostingClassifier(max_iter=100, random_state=self.settings["seed"])
            self._trees.fit(X, y[rows])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return self._trees.predict_proba(self._describe(rows))[:, 1]

    def _describe(self, rows: np.ndarray) -> np.ndarray:
        sides = zip(self._counts, self.table.codes, strict=True)
        return np.concatenate([counts[:, side[rows]] for counts, side in sides]).T.astype(float)


class Neighbours:
    """Boosted and extra trees on the labels of training pairs whose chains are alike.

    The training rows are described out of fold, with folds whose peptides are new (both
    sides where the validation RNAs are new, too): a row's description never rests on its own
    peptide's other pairs, so that the count of a peptide's negatives cannot be read off it.
    `helpers.training.Blend` weighs it with a `Network`.
    """

    def __init__(self, table: PairTable, *, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "neighbours", "seed": seed}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; `valid` only tells whether the RNAs of a test are new."""
        rna, _ = self.table.codes
        self.new_rna = len(valid) > 0 and bool(np.isin(rna[valid], rna[train]).mean() < 0.5)
        self._fit(train)

    def complete(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Take the validation rows as neighbours, too, once every choice has been made on them."""
        self._fit(np.concatenate([train, valid]))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        found = describe(self.table, self._known, rows, machine=self._machine)
        return mean_probability([model.predict_proba(found)[:, 1] for model in self._models])

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything `predict` rests on, as plain arrays: known pairs, their machine and both forests."""
        known = [int(row) for row in self._known]
        plain = {
            "known_rna": np.array([self.table.rna[row] for row in known]),
            "known_peptide": np.array([self.table.peptide[row] for row in known]),
            "known_y": self.table.y[known].astype(np.int8),
            "machine": self._machine,
        }
        for name, model in zip(("boosted", "trees"), self._models, strict=True):
            plain |= Forest.of(model).to_arrays(name)
        return plain

    def _fit(self, train: np.ndarray) -> None:
        folds, seed = self._inner(train), self.settings["seed"]
        X = np.concatenate([describe(self.table, known, held) for known, held in folds])
        y = self.table.y[np.concatenate([held for _, held in folds])]
        boosted = HistGradientBoostingClassifier(
            max_iter=200, learning_rate=0.06, max_leaf_nodes=15, l2_regularization=1.0,
            max_features=0.2, random_state=seed,
        )  # fmt: skip
        trees = ExtraTreesClassifier(300, min_samples_leaf=2, max_features=0.15, n_jobs=-1, random_state=seed)
        self._known, self._machine = train, self.table.space.machine(train, self.table.y)
        # One thread: boosting is a chain of short parallel steps, which stall one another as soon
        # as a second process wants the same cores.
        with threadpool_limits(1, user_api="openmp"):
            self._models = [boosted.fit(X, y), _in_order(trees.fit(X, y))]

    def _inner(self, train: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Folds of the training rows, new in the peptide, or in both sides."""
        rng = np.random.default_rng(self.settings["seed"])
        rna, peptide = ((rng.permutation(side.max() + 1) % _INNER)[side[train]] for side in self.table.codes)
        parts = range(_INNER)
        if self.new_rna:
            masks = [((rna != i) & (peptide != j), (rna == i) & (peptide == j)) for i in parts for j in parts]
        else:
            masks = [(peptide != i, peptide == i) for i in parts]
        y = self.table.y[train]
        both = [(known, held) for known, held in masks if held.any() and len(np.unique(y[known])) == 2]
        return [(train[known], train[held]) for known, held in both]


def describe(
    table: PairTable, known: np.ndarray, rows: np.ndarray, *, machine: np.ndarray | None = None
) -> np.ndarray:
    """What `Neighbours` reads of some rows, from the labels of the known ones; float32.

    `machine` is that of the known rows (`PairSpace.machine`), fitted here if it is not given.
    """
    space, y = table.space, table.y
    machine = space.machine(known, y) if machine is None else machine
    parts = [space.votes(known, y, rows), space.kernel_score(known, machine, rows)[:, None]]
    return np.concatenate([*parts, table.composition[rows]], axis=1)


@dataclass(frozen=True)
class Comparison:
    """The models of the comparison, and how each is trained.

    Parameters
    ----------
    preset, epochs, batch_size, members
        As for `Network`.
    original_epochs : int
        Of `Original`, at most.
    hybrid : bool
        Whether "ours" is our network weighed with `Neighbours`.
    """

    preset: str = "sample"
    epochs: int = 16
    batch_size: int = 32
    members: int = 1
    original_epochs: int = 40
    hybrid: bool = False

    def ours(self, table: PairTable, seed: int, **changes: Any) -> Network | Blend:
        """Our model; `changes` are those of the network's settings."""
        options = {"epochs": self.epochs, "members": self.members, "seed": seed, **changes}
        network = Network(table, preset=self.preset, batch_size=self.batch_size, **options)
        if not self.hybrid:
            return network
        # As many pairs bind as do not: the weights of the two parts need no intercept.
        return Blend({"network": network, "neighbours": Neighbours(table, seed=seed)}, intercept=False)

    def shuffled(self, table: PairTable, seed: int, **changes: Any) -> Shuffled:
        """The control: our network with as many epochs, on labels that `seed` shuffles."""
        return Shuffled(replace(self, hybrid=False).ours(table, seed, **changes), seed=seed)

    def original(self, table: PairTable, seed: int, *, verbosity: int = 0) -> Original:
        """The network that this track grew from."""
        return Original(table, epochs=self.original_epochs, seed=seed, verbosity=verbosity)

    def makers(self, table: PairTable, seed: int, *, control: bool = True) -> dict[str, Callable[[], Any]]:
        """What `helpers.training.cross_validate` takes: one run has one seed, of weights and shuffling."""
        make: dict[str, Callable[[], Any]] = {
            "original": lambda: self.original(table, seed),
            "ours": lambda: self.ours(table, seed),
            "baseline": lambda: Trees(table, seed=seed),
            "counts": lambda: Counts(table, seed=seed),
        }
        return make | ({"control": lambda: self.shuffled(table, seed)} if control else {})


def fit_in_stages(
    model: keras.Model, inputs: Sequence[Chains], y: np.ndarray, *,
    valid: tuple[Sequence[Chains], np.ndarray], schedule: Schedule, weight: np.ndarray | None = None,
    verbosity: int = 1,
) -> FitResult:  # fmt: skip
    """Train `build_cross_attention`'s network, its composition branches first.

    Words do not change from epoch to epoch. They are counted once a chain, the branches behind
    them are trained in seconds, and only then the attention joins, with weight zero at first. The
    second stage is kept if it validates better. A network without composition branches is trained
    by `fit` alone. The validation AUROC chooses the epoch, unless the schedule asks for the last one,
    which is then that of the second stage.

    Returns
    -------
    FitResult
        The history has a column ``stage``, ``composition`` or ``whole``; epochs count on.
    """
    more: dict[str, Any] = {"weight": weight, "verbosity": verbosity}
    whole = functools.partial(
        fit, model, inputs, y, valid=valid, schedule=replace(schedule, monitor=_MONITOR), **more
    )
    if not any(layer.name == "rna_composition" for layer in model.layers):
        return whole()
    counted, held_out = _counted(model, inputs, adapt=True), (_counted(model, valid[0]), valid[1])
    # What lies behind the counts and the attention shares its weights with the whole.
    parts = [model.get_layer(name) for name in ("rna_composition", "peptide_composition", "attention")]
    head = network.compile_classifier(keras.Model([part.output for part in parts], model.output))
    brief = Schedule(epochs=40, patience=8, seed=schedule.seed, monitor=_MONITOR, last=schedule.last)
    first = fit(head, counted, y, valid=held_out, schedule=brief, **more)
    dense = model.get_layer("interaction_dense")
    kernel, bias = dense.get_weights()
    kernel[: parts[-1].output.shape[-1]] = 0
    dense.set_weights([kernel, bias])
    kept = model.get_weights()
    second = whole()
    best = len(first.history) + second.best_epoch
    if not schedule.last and second.history[_MONITOR].max() <= first.history[_MONITOR].max():
        model.set_weights(kept)
        best = first.best_epoch
    stages = {"composition": first.history, "whole": second.history}
    history = pd.concat([table.assign(stage=name) for name, table in stages.items()], ignore_index=True)
    return FitResult(model, history.assign(epoch=np.arange(1, len(history) + 1)), best)


def balance(groups: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weight of each row, such that either label (0, 1) weighs the same within every group.

    Negatives made by giving each peptide another RNA leave it as many negatives as positives. With
    some rows set aside for a test, the labels that a peptide still has tell which it lacks; a model
    that learns how often a peptide stands under each label is then wrong on the test by design.
    Groups with one label only weigh nothing.

    Examples
    --------
    >>> balance(np.array([7, 7, 7, 9]), np.array([1, 0, 0, 1])).tolist()
    [1.5, 0.75, 0.75, 0.0]
    """
    _, group = np.unique(groups, return_inverse=True)
    label = np.asarray(y).astype(int)
    counts = np.zeros((2, group.max(initial=0) + 1))
    np.add.at(counts, (label, group), 1)
    own, other = counts[label, group], counts[1 - label, group]
    return np.where(other > 0, (own + other) / (2 * own), 0.0).astype(np.float32)


def _counted(model: keras.Model, inputs: Sequence[Chains], *, adapt: bool = False) -> list[np.ndarray]:
    """Inputs of the composition head for each row; the attention's place is held by zeros.

    With `adapt`, the branches are standardised by these chains, each counted once.
    """
    columns = []
    for name, given, chains in zip(network.CHAINS, model.inputs, inputs, strict=True):
        used, place = np.unique(chains.index, return_inverse=True)
        distinct = Chains(chains.codes, used, chains.alphabet, length=chains.length)
        counted = predict(keras.Model(given, model.get_layer(f"{name}_composition").output), distinct)
        if adapt:
            model.get_layer(f"{name}_composition_norm").adapt(counted)
        columns.append(counted[place])
    units = model.get_layer("attention").output.shape[-1]
    return [*columns, np.zeros((len(inputs[0]), units), dtype=np.float32)]


def _in_order(trees: ExtraTreesClassifier) -> ExtraTreesClassifier:
    """A forest that adds up its trees in one order: threads add them up as they finish."""
    return trees.set_params(n_jobs=1)


def mean_probability(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of probabilities in log-odds."""
    return sigmoid(np.mean([logit(p) for p in probabilities], axis=0))
