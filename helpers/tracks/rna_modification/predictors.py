"""The models of a comparison on RNA windows, each with the same methods: fit on rows, predict rows.

A row is a window of one modification: its label says of that modification alone whether it is
there. All choices are made on the validation rows that `fit` is given.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from tqdm.auto import tqdm

from helpers.readers import tables
from helpers.sequences import encoding
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import data as windows
from helpers.tracks.rna_modification import network, original
from helpers.training import controls
from helpers.training.fitting import Schedule, fit
from helpers.training.saving import card_path, load_run, save_run

_DEFAULTS: dict[str, Any] = {
    "preset": "standard", "build": {}, "epochs": 10, "batch_size": 64,
}  # fmt: skip
_CLIP = 1e-6


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
        windows.encode(table.iloc[:0], length)
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

    def labels(self, heads: Sequence[str], y: np.ndarray | None = None) -> np.ndarray:
        """Labels for these heads, shape (n, heads), NaN where a row says nothing of one."""
        found = np.full((len(self), len(heads)), np.nan, dtype=np.float32)
        for column, name in enumerate(heads):
            rows = self.of == name
            found[rows, column] = (self.y if y is None else y)[rows]
        return found

    def own(self, values: np.ndarray, rows: np.ndarray, heads: Sequence[str]) -> np.ndarray:
        """Of `values` (rows, heads), the head of each row's own modification."""
        place = {name: column for column, name in enumerate(heads)}
        columns = np.array([place[name] for name in self.of[rows]], dtype=int)
        return np.asarray(values[np.arange(len(rows)), columns])

    @cached_property
    def kmers(self) -> np.ndarray:
        """Counts of 2- to 5-mers of the whole window, shape (n, words), dtype float32."""
        letters = [_letters(row) for row in self.X]
        return np.concatenate([encoding.kmer_counts(letters, k, RNA) for k in (2, 3, 4, 5)], axis=1).astype(
            np.float32
        )

    def near_site(self, width: int = 51) -> np.ndarray:
        """One-hot letters around the site, shape (n, 4 * width); of a short window, all."""
        width = min(width, self.length)
        first = (self.length - width) // 2
        return self.X[:, first : first + width].reshape(len(self), -1)


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
        Folder that keeps the model of each fit, so that what is read back has its model.
    data : str
        What identifies the data, such as their sha256; part of a kept model's name.
    callbacks : sequence of keras.callbacks.Callback
        Callbacks beside those of the training, such as one that reports to a search.
    verbosity : int
        1 shows a progress bar.
    **settings
        ``preset`` (of `network.PRESETS`, or "original"), ``build`` (further arguments
        of the builder), ``epochs``, ``batch_size``.

    Raises
    ------
    ValueError
        If a setting, the preset or a modification is not known.

    Notes
    -----
    The step falls to nothing along half a cosine over the epochs (arXiv:1608.03983); the weights
    of the epoch with the smallest validation log loss are kept.

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
        data: str = "",
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbosity: int = 0,
        **settings: Any,
    ) -> None:
        if strange := sorted(set(settings) - set(_DEFAULTS)):
            raise ValueError(
                f"Network: no setting {', '.join(strange)}; expected some of {', '.join(_DEFAULTS)}"
            )
        self.heads = list(table.modifications if heads is None else heads)
        if unknown := sorted(set(self.heads) - set(table.modifications)):
            raise ValueError(
                f"Network: the table has no windows of {', '.join(unknown)}; expected some of "
                f"{', '.join(table.modifications)}"
            )
        self.table, self.folder, self.data, self.verbosity = table, folder, data, verbosity
        self.callbacks = callbacks
        self.settings: dict[str, Any] = {
            "model": "vqvae", **_DEFAULTS, **settings, "heads": self.heads, "length": table.length,
            "seed": seed,
        }  # fmt: skip
        check_preset(self.settings["preset"])
        self.model: keras.Model
        self.history = pd.DataFrame()
        self.best_epoch = 0
        self.seconds = float("nan")

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on the rows `valid`.

        Rows of modifications that the network has no head for are left out. `y` replaces the
        labels, for controls.
        """
        given, table = self.settings, self.table
        train, valid = (rows[np.isin(table.of[rows], self.heads)] for rows in (train, valid))
        keras.utils.set_random_seed(given["seed"])
        model = build(given["preset"], table.length, len(self.heads), given["build"])
        labels = table.labels(self.heads, y)
        clock = _Clock()
        result = fit(
            model, table.X[train], labels[train], valid=(table.X[valid], labels[valid]),
            schedule=Schedule(
                epochs=given["epochs"], batch_size=given["batch_size"], patience=given["epochs"],
                seed=given["seed"], monitor="val_log_loss",
                callbacks=[_falling(model, given["epochs"]), clock, *self.callbacks],
            ),
            verbosity=self.verbosity,
        )  # fmt: skip
        self.model, self.history, self.best_epoch = result
        # The first epoch also traces the graph.
        self.seconds = float(np.median(clock.seconds[1:] or clock.seconds))
        if self.folder is not None:
            path = save_run(self.path(train, valid, y), self.model, self.card())
            tables.write_table(path.with_suffix(".history.csv"), self.history)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probability of each row's own modification, shape (len(rows),)."""
        return sigmoid(self.log_odds(rows))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Log-odds of each row's own modification, shape (len(rows),)."""
        return self.table.own(network.logits(self.model, self.table.X[rows]), rows, self.heads)

    def restore(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Load the model that `fit` kept for these rows; fit it if it is not there."""
        if self.folder is not None:
            train, valid = (r[np.isin(self.table.of[r], self.heads)] for r in (train, valid))
            path = self.path(train, valid, y)
            kept = (path, card_path(path), path.with_suffix(".history.csv"))
            if all(file.is_file() for file in kept):
                self.model, card = load_run(path)
                self.best_epoch, self.history = card["best_epoch"], pd.read_csv(kept[2])
                self.seconds = card["seconds_per_epoch"]
                return
        self.fit(train, valid, y=y)

    def path(self, train: np.ndarray, valid: np.ndarray, y: np.ndarray | None = None) -> Path:
        """File of the model that was fitted on these rows with these settings and data."""
        digest = hashlib.sha256(json.dumps([self.settings, self.data], sort_keys=True).encode())
        for rows in (train, valid):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes() + b"|")
        if y is not None:
            digest.update(np.ascontiguousarray(y, dtype=np.float32).tobytes())
        name = "shared" if len(self.heads) > 1 else self.heads[0]
        return Path(self.folder or ".") / f"{name}-{digest.hexdigest()[:10]}.keras"

    def card(self) -> dict[str, Any]:
        """What a card says of the network, besides the data."""
        return {
            **self.settings,
            "rna_alphabet": RNA.letters,
            "modifications": self.heads,
            "data_sha256": self.data,
            "best_epoch": self.best_epoch,
            "seconds_per_epoch": self.seconds,
        }


class Both:
    """A shared network and one a modification; their mean in log-odds is what we call ours.

    Parameters
    ----------
    shared : Network
        With a head for every modification.
    single : callable
        ``single(name)`` gives the network of one modification.
    verbosity : int
        1 shows a progress bar.
    """

    def __init__(self, shared: Network, single: Callable[[str], Network], *, verbosity: int = 0) -> None:
        self.shared, self.verbosity = shared, verbosity
        self.singles = {name: single(name) for name in shared.heads}
        self.settings: dict[str, Any] = {
            "model": "both", "shared": shared.settings,
            "singles": {name: one.settings for name, one in self.singles.items()},
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit all networks, or read back those that are kept."""
        networks = [self.shared, *self.singles.values()]
        for one in tqdm(networks, desc="networks", disable=self.verbosity == 0):
            one.restore(train, valid)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities by both, by the shared network, and by the single ones."""
        shared, of = self.shared.log_odds(rows), self.shared.table.of[rows]
        single = np.zeros(len(rows))
        for name, one in self.singles.items():
            if (own := of == name).any():
                single[own] = one.log_odds(rows[own])
        return {
            "ours": sigmoid((shared + single) / 2),
            "shared": sigmoid(shared),
            "single": sigmoid(single),
        }


class Trees:
    """Baseline: extra trees on k-mers of the window and the letters around the site.

    One forest a modification; `predict` also gives ``kmers``, forests that see no place at all.

    Parameters
    ----------
    table : WindowTable
    trees : int
        Trees a forest.
    seed : int
        Seed of the trees.
    kinds : sequence of str
        ``baseline`` and ``kmers``, or one of them.
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
            "model": "trees", "trees": trees, "seed": seed, "length": table.length,
            "kinds": list(kinds),
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
                self._forests[name, kind] = ExtraTreesClassifier(
                    self.settings["trees"], min_samples_leaf=2, max_features=0.05, n_jobs=1,
                    random_state=self.settings["seed"],
                ).fit(X, self.table.y[own])  # fmt: skip

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
        near = self.table.near_site()[rows]
        both = {"baseline": np.concatenate([kmers, near], axis=1), "kmers": kmers}
        return {kind: both[kind] for kind in self.settings["kinds"]}


class Hybrid:
    """The networks and the trees together, weighted on the validation rows; its parts beside it.

    Parameters
    ----------
    both : Both
        Gives ``ours``, ``shared`` and ``single``.
    trees : Trees
        Gives ``baseline`` and, if asked to, ``kmers``.
    """

    def __init__(self, both: Both, trees: Trees) -> None:
        self.both, self.trees = both, trees
        self.settings: dict[str, Any] = {
            "model": "hybrid", "both": both.settings, "trees": trees.settings,
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit both parts on `train` and their weights on `valid`; the trees then learn from all."""
        self.both.fit(train, valid)
        self.trees.fit(train, valid[:0])
        parts = self._log_odds(self.both.predict(valid), self.trees.predict(valid))
        stack = LogisticRegression().fit(parts, self.both.shared.table.y[valid])
        # Log-odds that speak against an answer are never read as speaking for it.
        self.weights = np.maximum(stack.coef_[0], 0)
        if not self.weights.any():
            self.weights = np.ones(2)
        self.intercept = float(stack.intercept_[0])
        self.trees.fit(train, valid)

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Probabilities of `rows` by the networks, by the trees, and by both (``hybrid``)."""
        networks, trees = self.both.predict(rows), self.trees.predict(rows)
        score = self._log_odds(networks, trees) @ self.weights + self.intercept
        return {**networks, "hybrid": sigmoid(score), **trees}

    @staticmethod
    def _log_odds(networks: Mapping[str, np.ndarray], trees: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.stack([logit(networks["ours"]), logit(trees["baseline"])], axis=1)


class Shuffled(controls.Shuffled):
    """Control: a network whose labels were shuffled within each modification, or read back.

    Parameters
    ----------
    network : Network
        Fitted to shuffled labels; the labels it is tested on stay as they are.
    seed : int
        Seed of the shuffling.
    """

    def __init__(self, network: Network, *, seed: int = 0) -> None:
        super().__init__(network, seed=seed, within=network.table.of)

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit the network to permuted labels of `train` and of `valid`, or read it back."""
        self.network.restore(train, valid, y=self.labels(train, valid))


class Some:
    """A network that is trained for some modifications alone; of the others it says nothing.

    Parameters
    ----------
    networks : sequence of Network
        With one head each.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks = list(networks)
        self.settings: dict[str, Any] = {
            "model": "some", "networks": [one.settings for one in networks],
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit every network, or read it back."""
        for one in self.networks:
            one.restore(train, valid)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, which must be of these modifications."""
        found = np.full(len(rows), np.nan)
        for one in self.networks:
            own = np.isin(one.table.of[rows], one.heads)
            found[own] = one.predict(rows[own])
        return found


def build(preset: str, length: int, n_outputs: int, arguments: Mapping[str, Any]) -> keras.Model:
    """The network of a preset.

    Parameters
    ----------
    preset : str
        Of `helpers.tracks.rna_modification.network.PRESETS`, or "original".
    length, n_outputs : int
        As for `helpers.tracks.rna_modification.network.build_vqvae`.
    arguments : dict
        Arguments in the place of the preset's.

    Returns
    -------
    keras.Model
        Compiled.

    Examples
    --------
    >>> build("small", 51, 2, {"n_codes": 64}).get_layer("quantiser").n_codes
    64
    """
    check_preset(preset)
    if preset == "original":
        return original.build_original(length, n_outputs, **arguments)
    return network.build_vqvae(length, n_outputs, **{**network.PRESETS[preset], **arguments})


def check_preset(preset: str) -> None:
    """Raise if a preset is not known.

    Parameters
    ----------
    preset : str
        Name.

    Raises
    ------
    ValueError
        Naming what is known.

    Examples
    --------
    >>> check_preset("small")
    """
    if preset not in (known := [*network.PRESETS, "original"]):
        raise ValueError(f"preset is {preset!r}; expected one of {', '.join(known)}")


def sigmoid(score: np.ndarray) -> np.ndarray:
    """Probability of log-odds, kept off 0 and 1.

    Examples
    --------
    >>> sigmoid(np.array([0.0])).tolist()
    [0.5]
    """
    return np.clip(1 / (1 + np.exp(-np.asarray(score, dtype=float))), _CLIP, 1 - _CLIP)


def logit(p: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, which are kept off 0 and 1.

    Examples
    --------
    >>> logit(np.array([0.5])).tolist()
    [0.0]
    """
    p = np.clip(np.asarray(p, dtype=float), _CLIP, 1 - _CLIP)
    return np.asarray(np.log(p) - np.log1p(-p))


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


def _letters(row: np.ndarray) -> str:
    """Letters of a one-hot window; N where there is none."""
    letter = np.array([*RNA.letters, "N"])
    return "".join(letter[np.where(row.any(axis=1), row.argmax(axis=1), len(RNA.letters))])
