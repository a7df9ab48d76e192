"""The models of the siRNA comparison, each with the same methods: build, fit rows, predict rows.

All choices are made on the validation rows that `fit` is given. An mRNA has an effect of its own
on every siRNA against it (its abundance, its assay), which is estimated from training rows; for an
mRNA that no training row has, it is zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge as LinearModel
from sklearn.svm import SVR

from helpers.models.gaussian_process import GaussianProcess, Part
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import kmer_counts, one_hot
from helpers.tracks.sirna_efficacy import network
from helpers.tracks.sirna_efficacy.features import catalogue
from helpers.tracks.sirna_efficacy.scaling import Effects, Scaler
from helpers.training.fitting import FitResult, Schedule, fit

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Shares of measurements that the intervals are made to hold."""

NAMED = catalogue().query("group != 'k-mers'")["feature"].tolist()
"""Named features that the Gaussian process and the support vectors read."""

PLAIN = catalogue().query("group not in ('k-mers', 'rules')")["feature"].tolist()
PLAIN = [name for name in PLAIN if not name.startswith("step_")]
"""Named features that the network reads beside the letters; it can see the rules itself."""

PARTS = (
    Part("guide, additive", "linear", "letters"),
    Part("guide", "rbf", "letters"),
    Part("named features", "rbf", "named"),
    Part("target context", "rbf", "context"),
    Part("context words", "rbf", "words"),
    Part("composition of the mRNA", "rbf", "mrna_letters"),
    Part("mRNA", "group", "mrna", 0.0),
    Part("mRNA, within 15 nt", "group", "mrna", 15.0),
    Part("mRNA, within 100 nt", "group", "mrna", 100.0),
)
"""What the Gaussian process compares two siRNAs by."""


class Table:
    """SiRNAs at their sites, with what several predictors need of them computed once.

    Parameters
    ----------
    guides, contexts : sequence of str
        Guide (21 nt) and target context (57 nt) of each row.
    mrnas : sequence of str
        The whole mRNA of each row.
    starts : array-like of int, shape=(n,)
        Where the site starts on the mRNA, 0-based.
    features : pandas.DataFrame
        As `helpers.tracks.sirna_efficacy.features.compute` gives it.
    y : array-like, shape=(n,), optional
        Measured efficacy, the fraction of the mRNA that is silenced.

    Examples
    --------
    >>> features = pd.DataFrame(0.0, index=range(2), columns=catalogue()["feature"])
    >>> table = Table(["A" * 21] * 2, ["A" * 57] * 2, ["A" * 60] * 2, [0, 1], features, [0.1, 0.9])
    >>> len(table), table.letters.shape, len(set(table.mrna))
    (2, (2, 84), 1)
    """

    def __init__(
        self,
        guides: Sequence[str],
        contexts: Sequence[str],
        mrnas: Sequence[str],
        starts: Any,
        features: pd.DataFrame,
        y: Any = None,
    ) -> None:
        sizes = {len(guides), len(contexts), len(mrnas), len(starts), len(features)}
        if len(sizes) != 1 or (y is not None and len(y) not in sizes):
            raise ValueError(
                f"Table: found {len(guides)} guides, {len(contexts)} contexts, {len(mrnas)} mRNAs, "
                f"{len(starts)} starts and {len(features)} rows of features; expected one of each"
            )
        self.guide = one_hot(guides, RNA, length=network.GUIDE)
        self.target = one_hot(contexts, RNA, length=network.CONTEXT)
        self.features = features.reset_index(drop=True)
        self.starts = np.asarray(starts, dtype=np.float64)
        self.y = np.full(len(guides), np.nan) if y is None else np.asarray(y, dtype=np.float64)
        # An mRNA is known by what it is, not by what it is called.
        distinct = {text: number for number, text in enumerate(dict.fromkeys(mrnas))}
        keys = np.array([f"{len(t)}-{_hash(t)}" for t in distinct])
        index = np.array([distinct[text] for text in mrnas])
        self.mrna = keys[index]
        shares = kmer_counts(list(distinct), 1, RNA, frequencies=True)
        self.mrna_letters = np.c_[shares, np.log([max(len(t), 1) for t in distinct])][index]
        self.words = np.concatenate([kmer_counts(contexts, k, RNA) for k in (1, 2, 3)], axis=1)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def letters(self) -> np.ndarray:
        """Letters of the guide, shape (n, 84)."""
        return self.guide.reshape(len(self.guide), -1).astype(np.float64)

    def raw(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Blocks of the Gaussian process before scaling."""
        return {
            "letters": self.letters[rows],
            "named": self.features[NAMED].to_numpy(dtype=np.float64)[rows],
            "context": self.target[rows].reshape(len(rows), -1).astype(np.float64),
            "words": self.words[rows].astype(np.float64),
            "mrna_letters": self.mrna_letters[rows],
            "mrna": self.mrna[rows],
            "place": self.starts[rows],
        }

    def inputs(self, rows: np.ndarray, scaler: Scaler) -> list[np.ndarray]:
        """Inputs of the network: guide, target, named features."""
        named = scaler.apply(self.features[PLAIN].to_numpy(dtype=np.float64)[rows])
        return [self.guide[rows], self.target[rows], named.astype(np.float32)]


class Network:
    """The siamese network, or the mean of several.

    Parameters
    ----------
    table : Table
    epochs, batch_size, patience : int
        As for `helpers.training.fit`; the epoch is chosen by the validation loss.
    members : int
        Networks with weights of their own; their mean predicts, their spread tells how sure.
    seed : int
        Seed of the first member; the next ones count on.
    verbosity : int
        1 shows a progress bar a member.
    **sizes
        Fields of `helpers.tracks.sirna_efficacy.network.Sizes`.
    """

    def __init__(
        self,
        table: Table,
        *,
        epochs: int = 50,
        batch_size: int = 64,
        patience: int = 8,
        members: int = 1,
        seed: int = 0,
        verbosity: int = 0,
        **sizes: Any,
    ) -> None:
        self.table, self.verbosity, self.sizes = table, verbosity, sizes
        self.settings: dict[str, Any] = {
            "model": "siamese", "version": 1, "epochs": epochs, "batch_size": batch_size,
            "patience": patience, "members": members, "seed": seed, "sizes": dict(sizes),
        }  # fmt: skip
        self.results: list[FitResult] = []

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on `valid`. `y` replaces the labels."""
        y = self.table.y if y is None else y
        self.scaler = Scaler.of(self.table.features[PLAIN].to_numpy(dtype=np.float64)[train])
        # A validation row's own label never enters the effect that it is judged by.
        effects = Effects.of(self.table.mrna[train], y[train])
        rest = (y - effects.apply(self.table.mrna)).astype(np.float32)
        self.effects = effects
        self.results = []
        for number in range(self.settings["members"]):
            seed = self.settings["seed"] + number
            keras.utils.set_random_seed(seed)
            model = network.build_siamese(len(PLAIN), **self.sizes)
            self.results.append(
                fit(
                    model,
                    self.table.inputs(train, self.scaler),
                    rest[train],
                    valid=(self.table.inputs(valid, self.scaler), rest[valid]),
                    schedule=Schedule(
                        epochs=self.settings["epochs"],
                        batch_size=self.settings["batch_size"],
                        patience=self.settings["patience"],
                        seed=seed,
                    ),
                    verbosity=self.verbosity,
                )
            )

    def members(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy by each member, shape (members, len(rows))."""
        inputs = self.table.inputs(rows, self.scaler)
        own = self.effects.apply(self.table.mrna[rows])
        return np.stack([outputs(r.model, inputs) + own for r in self.results])

    def outputs(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Mean output of the members for arrays, without the effect of an mRNA, shape (n,)."""
        return np.mean([outputs(r.model, inputs) for r in self.results], axis=0)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.members(rows).mean(axis=0)


class Features:
    """The Gaussian process on letters, named features, context and mRNA.

    Parameters
    ----------
    table : Table
    seed : int
        Seed of the choice of rows on which its parts are weighed.
    """

    def __init__(self, table: Table, *, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {
            "model": "gaussian process", "version": 1, "seed": seed,
            "parts": [list(part) for part in PARTS],
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on `train` alone, so that `valid` can judge it."""
        raw = self.table.raw(train)
        self.scalers = {name: Scaler.of(raw[name]) for name in ("named", "words", "mrna_letters")}
        process = GaussianProcess(PARTS, seed=self.settings["seed"])
        self.process = process.fit(self.blocks(train), self.table.y[train])

    def extend(self, rows: np.ndarray) -> None:
        """Take in all of `rows`, every weight and scale staying as it is."""
        self.process.take(self.blocks(rows), self.table.y[rows])

    def blocks(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Scaled blocks of `rows`."""
        raw = self.table.raw(rows)
        return {
            name: self.scalers[name].apply(block) if name in self.scalers else block
            for name, block in raw.items()
        }

    def distribution(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of a measurement of each of `rows`."""
        return self.process.predict(self.blocks(rows))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.distribution(rows)[0]


class Hybrid:
    """Ours: network and Gaussian process, weighed on the validation rows, with an interval.

    The interval is conformal (Lei 2018, doi:10.1080/01621459.2017.1307116): what a row is unsure
    by is the deviation of the Gaussian process and the spread of the networks; the quantile of the
    validation rows' errors in units of it gives the half width.

    Parameters
    ----------
    table : Table
    seed : int
        Seed of both parts.
    **network
        Further arguments of `Network`.
    """

    def __init__(self, table: Table, *, seed: int = 0, **network: Any) -> None:
        self.table = table
        self.network = Network(table, seed=seed, **network)
        self.process = Features(table, seed=seed)
        self.settings: dict[str, Any] = {
            "model": "hybrid",
            "version": 1,
            "network": self.network.settings,
            "process": self.process.settings,
        }

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit both parts on `train`; the weight and the interval come from `valid`."""
        y = self.table.y
        for part in (self.network, self.process):
            part.fit(train, valid)
        parts = self._parts(valid)
        self.weight = mixing_weight(y[valid], parts["network"], parts["features"])
        error = np.abs(y[valid] - self._mix(parts)) / parts["unsure"]
        self.quantiles = {level: conformal_quantile(error, level) for level in LEVELS}
        # Every choice is made; the validation rows may now teach the process, too.
        self.process.extend(np.concatenate([train, valid]))

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Efficacy by ``ours`` and by each part, and half the width of each interval of ``ours``.

        The half widths are called ``half_50`` and so on, by the share that they are made to hold.
        """
        parts = self._parts(rows)
        halves = {
            f"half_{round(100 * level)}": quantile * parts["unsure"]
            for level, quantile in self.quantiles.items()
        }
        named = {"network": parts["network"], "features": parts["features"]}
        return {"ours": self._mix(parts), **named, **halves}

    def on(self, table: Table) -> Hybrid:
        """Read other rows from now on, such as those of a user."""
        self.table = self.network.table = self.process.table = table
        return self

    def _parts(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        members = self.network.members(rows)
        mean, deviation = self.process.distribution(rows)
        unsure = np.sqrt(deviation**2 + members.var(axis=0))
        return {"network": members.mean(axis=0), "features": mean, "unsure": unsure}

    def _mix(self, parts: dict[str, np.ndarray]) -> np.ndarray:
        return self.weight * parts["network"] + (1 - self.weight) * parts["features"]


class Baseline:
    """Ridge regression on letters and words of guide and context; nothing else.

    Parameters
    ----------
    table : Table
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": "ridge", "version": 1}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on `train`; the penalty is the one that does best on `valid`."""
        X = self._design(train)
        self.scaler = Scaler.of(X)
        errors = []
        penalties = 10.0 ** np.arange(1, 5.5, 0.5)
        for penalty in penalties:
            model = LinearModel(penalty).fit(self.scaler.apply(X), self.table.y[train])
            rest = self.table.y[valid] - model.predict(self.scaler.apply(self._design(valid)))
            errors.append(float(np.mean(rest**2)))
        rows = np.concatenate([train, valid])
        best = penalties[int(np.argmin(errors))]
        self.model = LinearModel(best).fit(self.scaler.apply(self._design(rows)), self.table.y[rows])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.model.predict(self.scaler.apply(self._design(rows)))

    def _design(self, rows: np.ndarray) -> np.ndarray:
        raw = self.table.raw(rows)
        counts = self.table.features.filter(like="count_").to_numpy()[rows]
        return np.concatenate([raw["letters"], raw["context"], counts, raw["words"]], axis=1)


class Support(Baseline):
    """Support vector regression on what the baseline reads and the nearest-neighbour energies."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.settings = {"model": "support vectors", "version": 1}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on `train`; the cost is the one that does best on `valid`."""
        self.scaler = Scaler.of(self._design(train))
        X, held = (self.scaler.apply(self._design(part)) for part in (train, valid))
        costs = (0.05, 0.1, 0.2, 0.5, 1.0)
        y = self.table.y
        errors = [
            float(np.mean((y[valid] - SVR(C=cost).fit(X, y[train]).predict(held)) ** 2)) for cost in costs
        ]
        rows = np.concatenate([train, valid])
        self.model = SVR(C=costs[int(np.argmin(errors))])
        self.model.fit(self.scaler.apply(self._design(rows)), y[rows])

    def _design(self, rows: np.ndarray) -> np.ndarray:
        names = ["energy_duplex", "energy_5_end", "energy_3_end", "asymmetry", "energy_seed"]
        names += [name for name in NAMED if name.startswith("step_")]
        return np.concatenate([super()._design(rows), self.table.features[names].to_numpy()[rows]], 1)


def outputs(model: keras.Model, inputs: Sequence[np.ndarray], *, batch: int = 1024) -> np.ndarray:
    """Outputs of a small network called as a function: none of its rows waits for a compiler.

    Parameters
    ----------
    model : keras.Model
    inputs : list of numpy.ndarray
    batch : int, optional
        Rows at a time.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
    """
    found = [
        keras.ops.convert_to_numpy(model([x[i : i + batch] for x in inputs], training=False))
        for i in range(0, len(inputs[0]), batch)
    ]
    return np.concatenate(found)[:, 0].astype(np.float64) if found else np.zeros(0)


def mixing_weight(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Share of `a` in the mean of two predictions that has the least squared error.

    Drawn half way to 0.5: a few hundred rows say little about a second decimal.

    Examples
    --------
    >>> mixing_weight(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    0.75
    """
    gap = np.asarray(a) - np.asarray(b)
    size = float(gap @ gap)
    best = float(gap @ (np.asarray(y) - b)) / size if size else 0.5
    return 0.5 * (float(np.clip(best, 0.0, 1.0)) + 0.5)


def split_halves(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of models, and the intervals that stand among them, apart.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As `helpers.training.cross_validate` gives it, with ``protocol``.

    Returns
    -------
    predictions : pandas.DataFrame
        Without the half widths.
    intervals : pandas.DataFrame
        One row a protocol, tested row and level: ``protocol, row, y, p, level, half, inside``.

    Examples
    --------
    >>> names = ["ours", "half_90"]
    >>> columns = {"protocol": "a", "row": [0, 0], "y": [0.5, 0.5], "p": [0.4, 0.2]}
    >>> given = pd.DataFrame(columns | {"model": names, "fold": "1"})
    >>> split_halves(given)[1][["level", "half", "inside"]].values.tolist()
    [[0.9, 0.2, True]]
    """
    is_half = predictions["model"].str.startswith("half_")
    ours = predictions[predictions["model"] == "ours"][["protocol", "row", "y", "p"]]
    halves = predictions[is_half][["protocol", "row", "model", "p"]]
    halves = halves.rename(columns={"p": "half"})
    halves["level"] = halves.pop("model").str.removeprefix("half_").astype(float) / 100
    joined = ours.merge(halves, on=["protocol", "row"])
    joined["inside"] = (joined["y"] - joined["p"]).abs() <= joined["half"]
    return predictions[~is_half].reset_index(drop=True), joined


def conformal_quantile(errors: np.ndarray, level: float) -> float:
    """Value that holds a share of new errors, from errors on rows that were not fitted.

    Parameters
    ----------
    errors : numpy.ndarray, shape=(n,)
        Absolute errors in units of what each row is unsure by.
    level : float
        Share, such as 0.9.

    Returns
    -------
    float
        The value at rank ceil((n + 1) level); the largest error where there are too few.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    ordered = np.sort(np.asarray(errors, dtype=float))
    rank = int(np.ceil((len(ordered) + 1) * level))
    return float(ordered[min(rank, len(ordered)) - 1])


def _hash(text: str) -> str:

    return hashlib.sha256(text.encode()).hexdigest()[:12]
