"""The models of a comparison on RNA windows, each with the same methods: fit on rows, predict rows.

A row is a window of one modification: its label says of that modification alone whether it is
there. All choices are made on the validation rows that `fit` is given.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier

from helpers.sequences import encoding
from helpers.sequences.alphabet import RNA
from helpers.stats.odds import sigmoid
from helpers.tracks.rna_modification import data as windows
from helpers.tracks.rna_modification import network, original
from helpers.training.blending import Blend
from helpers.training.controls import Shuffled
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.reuse import train_again
from helpers.training.store import Store

_DEFAULTS: dict[str, Any] = {"preset": "standard", "build": {}, "epochs": 10, "batch_size": 64}
_CLIP = 1e-6
_KMERS = (2, 3, 4, 5)
_NEAR_SITE = 51
_NEXT_MEMBER = 100
"""What a seed goes up by from member to member: runs count on by one."""


class WindowTable:
    """Windows cut to one length and encoded once, when needed, for all models of a comparison.

    Parameters
    ----------
    table : pandas.DataFrame
        From `helpers.tracks.rna_modification.data`: ``sequence, modification, label``.
    length : int
        Length of the windows, in nt; odd.
    modifications : sequence of str, optional
        Heads of a shared network, in this order; those of the table by default.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACAGU"], "modification": ["Am"], "label": [1]})
    >>> table = WindowTable(rows, 5)
    >>> table.X.shape, table.labels(["Am"]).tolist()
    ((1, 5, 4), [[1.0]])
    """

    def __init__(self, table: pd.DataFrame, length: int, modifications: Sequence[str] | None = None) -> None:
        windows.check_odd(length)
        self.table, self.length = table.reset_index(drop=True), length
        self.y = self.table["label"].to_numpy(dtype=np.float32)
        self.of = self.table["modification"].to_numpy(dtype=object)
        found = [name for name in windows.MODIFICATIONS if (self.of == name).any()]
        self.modifications = list(found if modifications is None else modifications)

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.y)

    @cached_property
    def X(self) -> np.ndarray:  # noqa: N802
        """One-hot windows, shape (n, length, 4), dtype float32."""
        return windows.encode(self.table, self.length)

    @cached_property
    def mark(self) -> str:
        """What identifies the windows, their labels and their parts."""
        columns = ["sequence", "modification", "label", "split"]
        hashed = pd.util.hash_pandas_object(self.table.reindex(columns=columns), index=False)
        return hashlib.sha256(hashed.to_numpy().tobytes()).hexdigest()[:12]

    @cached_property
    def kmers(self) -> np.ndarray:
        """Counts of 2- to 5-mers of the whole window, shape (n, words), dtype float32."""
        texts = [windows.middle(text, self.length) for text in self.table["sequence"]]
        counts = [encoding.kmer_counts(texts, k, RNA) for k in _KMERS]
        return np.concatenate(counts, axis=1).astype(np.float32)

    def near_site(self, width: int = _NEAR_SITE) -> np.ndarray:
        """One-hot letters around the site, shape (n, 4 * width); of a short window, all."""
        width = min(width, self.length)
        first = (self.length - width) // 2
        return self.X[:, first : first + width].reshape(len(self), -1)

    def labels(self, heads: Sequence[str], y: np.ndarray | None = None) -> np.ndarray:
        """Labels for these heads, shape (n, heads), NaN where a row says nothing of one."""
        own = self.of[:, None] == np.array(heads, dtype=object)
        return np.where(own, (self.y if y is None else y)[:, None], np.float32("nan"))

    def own(self, values: np.ndarray, rows: np.ndarray, heads: Sequence[str]) -> np.ndarray:
        """Of `values` (rows, heads), the head of each row's own modification."""
        columns = [list(heads).index(name) for name in self.of[rows]]
        return np.asarray(values[np.arange(len(rows)), columns])


class Network:
    """One network with a head for each of some modifications; one head is the single model.

    Parameters
    ----------
    table : WindowTable
    heads : sequence of str, optional
        Modifications; all of the table by default.
    seed : int
        Seed of weights and order.
    folder : str, pathlib.Path or None
        Folder that keeps the model of each fit; what is there is read back.
    callbacks : sequence of keras.callbacks.Callback
        Callbacks beside those of the training, such as one that reports to a search.
    **settings
        ``preset`` (of `network.PRESETS`, or "original"), ``build`` (other sizes than the preset's),
        ``epochs``, ``batch_size``.

    Notes
    -----
    The step falls to nothing along half a cosine over the epochs (arXiv:1608.03983); the weights
    of the epoch with the smallest validation log loss are kept, of a control those of the last.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACAGU"], "modification": ["Am"], "label": [1]})
    >>> Network(WindowTable(rows, 5), preset="small").heads
    ['Am']
    """

    def __init__(
        self,
        table: WindowTable,
        heads: Sequence[str] | None = None,
        *,
        seed: int = 0,
        folder: str | Path | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **settings: Any,
    ) -> None:
        self.heads = list(table.modifications if heads is None else heads)
        _check_known("setting", settings, _DEFAULTS)
        _check_known("windows of", self.heads, table.modifications)
        self.table, self.callbacks = table, callbacks
        self.settings: dict[str, Any] = {
            "model": "vqvae", **_DEFAULTS, **settings, "heads": self.heads, "length": table.length,
            "seed": seed,
        }  # fmt: skip
        check_preset(self.settings["preset"])
        self.store = Store(folder, data=table.mark if folder else "", maker=__name__)
        self.model: keras.Model
        self.history = pd.DataFrame()
        self.prevalence: dict[str, float] = {}
        self.best_epoch, self.seconds = 0, float("nan")

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`, the epoch chosen on the rows `valid`, or read back what was kept.

        Rows of modifications that the network has no head for are left out. `y` replaces the
        labels, for controls, which keep the last epoch.
        """
        given, table = self.settings, self.table
        train, valid = (rows[np.isin(table.of[rows], self.heads)] for rows in (train, valid))
        labels = table.labels(self.heads, y)
        shares = np.nanmean(labels[train], axis=0)
        self.prevalence = dict(zip(self.heads, shares.round(6).tolist(), strict=True))

        def train_one(model: keras.Model) -> FitResult:
            clock = _Clock()
            schedule = Schedule(
                epochs=given["epochs"], batch_size=given["batch_size"], patience=given["epochs"],
                seed=given["seed"], monitor="val_log_loss", last=y is not None,
                callbacks=[_falling(model, given["epochs"]), clock, *self.callbacks],
            )  # fmt: skip
            part = table.X[valid], labels[valid]
            result = fit(model, table.X[train], labels[train], valid=part, schedule=schedule, verbosity=0)
            return result._replace(history=result.history.assign(seconds=clock.seconds))

        def trained() -> FitResult:
            sizes = [given["preset"], table.length, len(self.heads), given["build"]]
            make = partial(build, *sizes[:3], arguments=given["build"])
            key = f"vqvae {json.dumps(sizes, sort_keys=True)}"
            return train_again(make, train_one, key=key, seed=given["seed"])

        name = "shared" if len(self.heads) > 1 else self.heads[0]
        arrays = [train, valid] if y is None else [train, valid, y]
        self.model, history, self.best_epoch = self.store.fit(
            name, given, arrays, train=trained, card=lambda result: self._about()
        )
        # The first epoch also traces the graph.
        self.seconds = float(history["seconds"].iloc[min(1, len(history) - 1) :].median())
        self.history = history.drop(columns="seconds")

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probability of each row's own modification, shape (len(rows),)."""
        return _probability(self.log_odds(rows))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of each row's own modification, shape (len(rows),)."""
        return self.table.own(network.logits(self.model, self.table.X[rows]), rows, self.heads)

    def card(self) -> dict[str, Any]:
        """What a card says of the fitted network."""
        return {**self._about(), "best_epoch": self.best_epoch, "seconds_per_epoch": self.seconds}

    def _about(self) -> dict[str, Any]:
        return {
            **self.settings,
            "rna_alphabet": RNA.letters,
            "modifications": self.heads,
            "prevalence": self.prevalence,
            "data_sha256": self.table.mark,
        }


class Singles:
    """A network for each of some modifications alone; of the others it says nothing.

    Parameters
    ----------
    networks : sequence of Network
        With one head each.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks = {one.heads[0]: one for one in networks}
        self.settings: dict[str, Any] = {
            "model": "singles", "networks": {name: one.settings for name, one in self.networks.items()}
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit every network, or read it back."""
        for one in self.networks.values():
            one.fit(train, valid)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`; NaN where there is no network for a row's modification."""
        return _probability(self.log_odds(rows))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of `rows`, as `predict`."""
        found = np.full(len(rows), np.nan)
        for name, one in self.networks.items():
            if (own := one.table.of[rows] == name).any():
                found[own] = one.log_odds(rows[own])
        return found


class Members:
    """Networks that differ in their seed alone; their mean in log-odds is what we call ours.

    Parameters
    ----------
    networks : sequence of Network
        With the same heads.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks, self.table = list(networks), networks[0].table
        self.settings: dict[str, Any] = {
            "model": "members", "networks": [one.settings for one in self.networks]
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit all networks, or read back those that are kept."""
        for one in self.networks:
            one.fit(train, valid)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities by all (``ours``) and, where there are several, by the first (``single``)."""
        scores = [one.log_odds(rows) for one in self.networks]
        found = {"ours": np.mean(scores, axis=0)} | ({"single": scores[0]} if len(scores) > 1 else {})
        return {name: _probability(score) for name, score in found.items()}


class Trees:
    """Baseline: extra trees on k-mers of the window and the letters around the site.

    Parameters
    ----------
    table : WindowTable
    trees : int
        Trees a forest; there is one forest a modification.
    seed : int
        Seed of the trees.
    kinds : sequence of str
        ``baseline`` and ``kmers`` (forests that see no place at all), or one of them.
    """

    def __init__(
        self,
        table: WindowTable,
        *,
        trees: int = 300,
        seed: int = 0,
        kinds: Sequence[str] = ("baseline", "kmers"),
    ) -> None:
        self.table = table
        self.settings: dict[str, Any] = {
            "model": "trees", "trees": trees, "seed": seed, "length": table.length, "kinds": list(kinds),
            "modifications": table.modifications,
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` and `valid`: there is nothing to choose."""
        rows = np.concatenate([train, valid])
        self._forests = {}
        for name in self.table.modifications:
            own = rows[self.table.of[rows] == name]
            for kind, X in self._features(own).items():
                # One thread: threads add up their trees in the order in which they finish.
                forest = ExtraTreesClassifier(
                    self.settings["trees"], min_samples_leaf=2, max_features=0.05, n_jobs=1,
                    random_state=self.settings["seed"],
                )  # fmt: skip
                self._forests[name, kind] = forest.fit(X, self.table.y[own])

    def fit_held_out(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train` alone, so that a blend can weigh the trees on `valid`."""
        self.fit(train, valid[:0])

    def complete(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Learn from both, once the weights of a blend are known."""
        self.fit(train, valid)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities of `rows` by the forests with and without the letters at the site."""
        found = {kind: np.zeros(len(rows)) for kind in self.settings["kinds"]}
        for name in self.table.modifications:
            own = self.table.of[rows] == name
            if own.any():
                for kind, X in self._features(rows[own]).items():
                    found[kind][own] = self._forests[name, kind].predict_proba(X)[:, 1]
        return found

    def _features(self, rows: np.ndarray) -> Mapping[str, np.ndarray]:
        kmers = self.table.kmers[rows]
        both = {"baseline": np.concatenate([kmers, self.table.near_site()[rows]], axis=1), "kmers": kmers}
        return {kind: both[kind] for kind in self.settings["kinds"]}


def one_run(
    table: WindowTable,
    *,
    seed: int,
    trees: int,
    members: int = 1,
    folder: str | Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """The models of notebook 01 for one run: its seed is that of weights, order, trees and shuffling.

    Parameters
    ----------
    table : WindowTable
    seed, trees, folder
        As for `Network` and `Trees`.
    members : int
        Networks whose mean is ours.
    **settings
        As for `Network`; every network of a run is trained with the same.

    Returns
    -------
    dict of str to Predictor
        ``ours`` (a `Blend` that shows its parts, too: ``hybrid, ours, single, baseline, kmers``),
        ``codes`` (a network whose classifier sees the codes alone) and ``control`` (`Shuffled`
        within a modification).

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["ACAGU"], "modification": ["Am"], "label": [1]})
    >>> models = one_run(WindowTable(rows, 5), seed=1, trees=5, preset="small", epochs=2)
    >>> models["control"].network.settings["epochs"], models["codes"].settings["build"]
    (2, {'reads': 'codes'})
    """
    network = partial(Network, table, folder=folder, **settings)
    ours = Members([network(seed=seed + _NEXT_MEMBER * number) for number in range(members)])
    forests = Trees(table, trees=trees, seed=seed)
    return {
        "ours": Blend({"ours": ours, "baseline": forests}, name="hybrid"),
        "codes": network(seed=seed, build={**settings.get("build", {}), "reads": "codes"}),
        "control": Shuffled(network(seed=seed), seed=seed, within=table.of),
    }


def build(preset: str, length: int, n_outputs: int, *, arguments: Mapping[str, Any]) -> keras.Model:
    """The compiled network of a preset, or "original", with arguments in the place of the preset's.

    Examples
    --------
    >>> build("small", 51, 2, arguments={"n_codes": 64}).get_layer("quantiser").n_codes
    64
    """
    check_preset(preset)
    if preset == "original":
        return original.build_original(length, n_outputs, **arguments)
    return network.build_vqvae(length, n_outputs, replace(network.PRESETS[preset], **arguments))


def check_preset(preset: str) -> None:
    """Raise ValueError, naming what is known, if a preset is not."""
    if preset not in (known := [*network.PRESETS, "original"]):
        raise ValueError(f"preset is {preset!r}; expected one of {', '.join(known)}")


def _check_known(what: str, given: Any, known: Any) -> None:
    if strange := sorted(set(given) - set(known)):
        raise ValueError(f"Network: no {what} {', '.join(strange)}; expected some of {', '.join(known)}")


def _probability(score: np.ndarray) -> np.ndarray:
    """Probability of log-odds, kept off 0 and 1."""
    return np.clip(sigmoid(score), _CLIP, 1 - _CLIP)


class _Clock(keras.callbacks.Callback):
    """Seconds of every epoch, its validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


def _falling(model: keras.Model, epochs: int) -> keras.callbacks.Callback:
    first = float(model.optimizer.learning_rate)
    return keras.callbacks.LearningRateScheduler(
        lambda epoch, _: first * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
    )
