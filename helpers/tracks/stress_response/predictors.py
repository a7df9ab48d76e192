"""The models of a comparison on promoters, each with the same methods: fit on rows, predict rows.

All choices are made on the validation rows that `fit` is given. Orthologs are used in training only
where their group has no promoter outside the training rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier

from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.stress_response import network
from helpers.training import augmentation
from helpers.training.blending import Blend
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.reuse import train_again
from helpers.training.store import Store

_DEFAULTS: dict[str, Any] = {
    "architecture": "cnn", "build": {}, "epochs": 20, "batch_size": 64, "patience": 6,
    "evoaug": False, "swap_rate": 0.0, "orthologs": False, "fine_tune": 5,
}  # fmt: skip


class PromoterTable:
    """Promoters of the main species and of related ones, encoded once for all models of a comparison.

    Parameters
    ----------
    promoters : pandas.DataFrame
        ``sequence, label, group``, one row a promoter of the main species.
    orthologs : pandas.DataFrame, optional
        The same for related species.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACGT", "GGGT"], "label": [1, 0], "group": ["a", "b"]})
    >>> table = PromoterTable(rows, rows.iloc[:1])
    >>> table.X.shape, table.usable(np.array([0])).tolist(), table.usable(np.array([1])).tolist()
    ((2, 4, 4), [0], [])
    """

    def __init__(self, promoters: pd.DataFrame, orthologs: pd.DataFrame | None = None) -> None:
        related = promoters.iloc[:0] if orthologs is None else orthologs
        self.sequences = promoters["sequence"].tolist()
        self.related_sequences = related["sequence"].tolist()
        self.length = len(self.sequences[0])
        self.X = encoding.one_hot(self.sequences, DNA, length=self.length)
        self.related = encoding.one_hot(self.related_sequences, DNA, length=self.length)
        self.y = promoters["label"].to_numpy(dtype=np.float32)
        self.related_y = related["label"].to_numpy(dtype=np.float32)
        self.groups = promoters["group"].to_numpy(dtype=object)
        self.related_groups = related["group"].to_numpy(dtype=object)
        self.links = augmentation.links_by_group(list(self.groups), list(self.related_groups))
        self._counts: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        """Number of promoters of the main species."""
        return len(self.y)

    def usable(self, train: np.ndarray) -> np.ndarray:
        """Related rows that may be trained on: their group has no promoter outside `train`."""
        outside = np.ones(len(self), dtype=bool)
        outside[train] = False
        return np.flatnonzero(~np.isin(self.related_groups, self.groups[outside]))

    def training(
        self, X: np.ndarray, related: np.ndarray, y: np.ndarray, *, train: np.ndarray, orthologs: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Descriptions, labels and rows (-1 for orthologs) to train on, with orthologs if asked."""
        if not orthologs:
            return X[train], y[train], train
        more = self.usable(train)
        return (
            np.concatenate([X[train], related[more]]),
            np.concatenate([y[train], self.related_y[more]]),
            np.concatenate([train, np.full(len(more), -1)]),
        )

    @cached_property
    def kmers(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts of 4- to 6-mers on both strands, of the main and of the related promoters."""
        sequences = self.sequences + self.related_sequences
        joined = np.concatenate([_both_strands(sequences, k) for k in (4, 5, 6)], axis=1)
        return joined[: len(self)], joined[len(self) :]

    def motif_counts(self, model: keras.Model, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Counts of a motif scanner's fixed part, kept under `key`, for both tables."""
        if key not in self._counts:
            counter, _ = network.scanner_parts(model)
            none = np.zeros((0, *counter.output_shape[1:]), dtype=np.float32)
            main, related = (
                counter.predict(X, batch_size=32, verbose=0) if len(X) else none
                for X in (self.X, self.related)
            )
            self._counts[key] = main, related
        return self._counts[key]


class Network:
    """A network on promoters, with or without augmentation.

    Parameters
    ----------
    table : PromoterTable
    seed : int
        Seed of weights, order and augmentation.
    folder : str, pathlib.Path or None
        Folder that keeps the model of each fit; a further fit to the same rows reads it back.
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
        self.table, self.verbosity, self.callbacks = table, verbosity, callbacks
        self.store = Store(folder, data=data, maker=type(self))
        self.settings: dict[str, Any] = {"model": "network", **_DEFAULTS, **settings, "seed": seed}
        network.check_build(self.settings["architecture"], self.settings["build"])
        if self._scans and (self.settings["evoaug"] or self.settings["swap_rate"]):
            raise ValueError(
                "Network: the scanner's first layer is fixed, evoaug and swap_rate do nothing; take the cnn"
            )
        self.model: keras.Model
        self.history = pd.DataFrame()
        self.best_epoch, self._last = 0, False
        self._head: keras.Model | None = None
        self._counts = np.zeros(0)

    @property
    def _scans(self) -> bool:
        return bool(self.settings["architecture"] == "scanner")

    @property
    def strands(self) -> int:
        """Strands over which predictions are averaged."""
        return network.STRANDS[self.settings["architecture"]]

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        The scanner has one penalised weight a count and one best fit, so it has no epoch to choose:
        it is fitted to both. `y` replaces the table's labels, for controls, which keep the last epoch and
        are given no orthologs.
        """
        self._fit(np.concatenate([train, valid]) if self._scans else train, valid, y)

    def fit_held_out(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit so that `valid` can make another choice: the scanner, too, to `train` alone."""
        self._fit(train, valid, None)

    def complete(self, train: np.ndarray, valid: np.ndarray) -> None:
        """After that choice, the scanner learns from both."""
        if self._scans:
            self.fit(train, valid)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows` of the main table, shape (len(rows),)."""
        if self._head is None:
            return self.ask(self.table.X[rows])
        # The counts of the table's rows are at hand: the fixed layers need not be run again.
        return network.predict_strands(self._head, self._counts[rows], strands=1)

    def predict_with_orthologs(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, each the mean in log-odds with those of its orthologs."""
        own = logit(self.predict(rows))
        linked = [self.table.links.get(int(row), []) for row in rows]
        needed = sorted({number for found in linked for number in found})
        if not needed:
            return sigmoid(own)
        scores = dict(zip(needed, logit(self.ask(self.table.related[needed])), strict=True))
        means = [
            np.mean([mine, *map(scores.__getitem__, found)]) for mine, found in zip(own, linked, strict=True)
        ]
        return sigmoid(means)

    def ask(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of one-hot promoters, averaged over the strands."""
        size = 32 if self.strands == 1 else 256
        return network.predict_strands(self.model, X, strands=self.strands, batch_size=size)

    def card(self) -> dict[str, Any]:
        """What a card says of the network, besides the data."""
        return {
            **self.settings, "dna_alphabet": DNA.letters, "length": self.table.length,
            "strands": self.strands, "data_sha256": self.store.data, "best_epoch": self.best_epoch,
        }  # fmt: skip

    def _fit(self, learnt: np.ndarray, valid: np.ndarray, y: np.ndarray | None) -> None:
        """Fit on the rows `learnt`, or read back what was kept for them."""
        labels, own = (self.table.y, True) if y is None else (y, False)
        train = self._train_scanner if self._scans else self._train_cnn
        self._head, self._last = None, not own
        self.model, self.history, self.best_epoch = self.store.fit(
            self.settings["architecture"], self.settings, [learnt, valid, *([] if own else [labels])],
            train=lambda: train(learnt, valid, labels, own and self.settings["orthologs"]),
            card=lambda result: self.card(),
        )  # fmt: skip

    def _train_cnn(self, train: np.ndarray, valid: np.ndarray, y: np.ndarray, orthologs: bool) -> FitResult:
        given, table = self.settings, self.table
        parts = table.training(table.X, table.related, y, train=train, orthologs=orthologs)
        # Both strands are validated, as both are asked for a prediction.
        turned = np.concatenate([table.X[valid], table.X[valid][:, ::-1, ::-1]])
        held = (turned, np.tile(y[valid], 2)[:, None])

        def train_one(model: keras.Model) -> FitResult:
            results = [self._stage(model, parts, held, self._steps(), given["epochs"])]
            if given["fine_tune"]:
                # With augmentation or without: what the smaller step does must not be counted as
                # what the augmentation does.
                model.optimizer.learning_rate = 0.1 * float(model.optimizer.learning_rate)
                results.append(self._stage(model, parts, held, [], given["fine_tune"]))
            return _joined(results)

        name, sizes = given["architecture"], given["build"]
        build = partial(network.BUILDERS[name], table.length, **sizes)
        key = f"{name} {table.length} {json.dumps(sizes, sort_keys=True)}"
        return train_again(build, train_one, key=key, seed=given["seed"])

    def _stage(
        self,
        model: keras.Model,
        parts: tuple[np.ndarray, np.ndarray, np.ndarray],
        valid: tuple[np.ndarray, np.ndarray],
        steps: Sequence[Callable[[np.ndarray, np.ndarray], np.ndarray]],
        epochs: int,
    ) -> FitResult:
        given, (X, y, rows) = self.settings, parts
        batches = augmentation.AugmentedBatches(
            X, y[:, None], rows=rows, steps=steps, batch_size=given["batch_size"], seed=given["seed"],
            strands="both" if given["architecture"] == "original" else "random",
        )  # fmt: skip
        schedule = self._schedule("val_log_loss", epochs)
        return fit(model, batches, None, valid=valid, schedule=schedule, verbosity=self.verbosity)

    def _steps(self) -> list[Callable[[np.ndarray, np.ndarray], np.ndarray]]:
        given, table = self.settings, self.table
        steps: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = []
        if given["swap_rate"]:
            rate, seed = given["swap_rate"], given["seed"]
            steps.append(augmentation.PhyloAug(table.related, table.links, rate=rate, seed=seed))
        if given["evoaug"]:
            # Strands are turned by the batches, and noise takes the place of N alone.
            steps.append(augmentation.EvoAug(augmentation.Edits(), seed=given["seed"]))
        return steps

    def _train_scanner(
        self, train: np.ndarray, valid: np.ndarray, y: np.ndarray, orthologs: bool
    ) -> FitResult:
        given, table = self.settings, self.table
        keras.utils.set_random_seed(given["seed"])
        model = network.BUILDERS["scanner"](table.length, **given["build"])
        fixed = {name: given["build"].get(name) for name in ("bins", "sharpness", "width")}
        counts, related = table.motif_counts(model, json.dumps(fixed))
        X, labels, _ = table.training(counts, related, y, train=train, orthologs=orthologs)
        network.adapt(model, X, labels)
        _, head = network.scanner_parts(model)
        self._head, self._counts = head, counts
        result = fit(
            head, X, labels[:, None], valid=(counts[valid], y[valid][:, None]),
            schedule=self._schedule("loss", given["epochs"]), verbosity=self.verbosity,
        )  # fmt: skip
        return _joined([result._replace(model=model)])

    def _schedule(self, monitor: str, epochs: int) -> Schedule:
        given = {name: self.settings[name] for name in ("batch_size", "patience", "seed")}
        return Schedule(epochs=epochs, monitor=monitor, last=self._last, callbacks=self.callbacks, **given)


class Trees:
    """Baseline: extra trees on 4- to 6-mers of both strands.

    Parameters
    ----------
    table : PromoterTable
    trees : int
        Number of trees.
    orthologs : bool
        Related promoters as further training rows.
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
        rows, given = np.concatenate([train, valid]), self.settings
        X, y, _ = self.table.training(
            *self.table.kmers, self.table.y, train=rows, orthologs=given["orthologs"]
        )
        # One thread: threads add up their trees in the order in which they finish.
        forest = ExtraTreesClassifier(
            given["trees"], min_samples_leaf=3, max_features=0.05, n_jobs=1, random_state=given["seed"]
        )
        self._trees = forest.fit(X, y)

    def fit_held_out(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on `train` alone, so that `valid` can judge."""
        self.fit(train, valid[:0])

    complete = fit

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return np.asarray(self._trees.predict_proba(self.table.kmers[0][rows])[:, 1])


class Hybrid(Blend):
    """The network and the trees together (``hybrid``), and the network beside them, called ``ours``.

    `predict` also gives ``ours_test_orthologs``: the network asked about the promoters of the
    gene's orthologs too. That uses more than the promoter of the gene itself.
    """

    def __init__(self, network: Network, trees: Trees) -> None:
        super().__init__({"network": network, "trees": trees}, name="hybrid")
        self.network, self.trees = network, trees

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities of `rows` by the network, by both, by the trees, and with test orthologs."""
        found = self.predict_parts(rows)
        named = {"ours": found["network"], "hybrid": self.mix(self.stack(found))}
        if self.trees.settings["orthologs"]:
            named["baseline_orthologs"] = found["trees"]
        if self.network.table.links:
            named["ours_test_orthologs"] = self.network.predict_with_orthologs(rows)
        return named


def _joined(results: Sequence[FitResult]) -> FitResult:
    """Stages of one training as one; the last one's model, epochs counted on."""
    history = pd.concat(
        [one.history.assign(stage=number) for number, one in enumerate(results, 1)], ignore_index=True
    )
    history["epoch"] = np.arange(1, len(history) + 1)
    before = sum(len(one.history) for one in results[:-1])
    return FitResult(results[-1].model, history, results[-1].best_epoch + before)


def _both_strands(sequences: Sequence[str], k: int) -> np.ndarray:
    """Counts of k-mers, each added up with its reverse complement."""
    counts = encoding.kmer_counts(sequences, k, DNA)
    words = encoding.kmers(k, DNA)
    place = {word: number for number, word in enumerate(words)}
    turned = np.array([place[encoding.reverse_complement(word, DNA)] for word in words])
    first = np.flatnonzero(np.arange(len(words)) <= turned)
    return counts[:, first] + counts[:, turned[first]]
