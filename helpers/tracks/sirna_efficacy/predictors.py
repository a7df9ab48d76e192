"""The models of the siRNA comparison, each with the same methods: build, fit rows, predict rows.

All choices are made on the validation rows that `fit` is given. An mRNA has an effect of its own
on every siRNA against it (its abundance, its assay), which is estimated from training rows; for an
mRNA that no training row has, it is zero. `save` and `load` keep a fitted hybrid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

from helpers.models.gaussian_process import GaussianProcess, Part
from helpers.project import paths
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import kmer_counts, one_hot
from helpers.tracks.sirna_efficacy.features import catalogue
from helpers.tracks.sirna_efficacy.network import build_siamese
from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, GUIDE
from helpers.training.blending import Blend
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.saving import load_run, save_run

LEVELS = (0.5, 0.8, 0.9, 0.95)  # shares of measurements that the intervals are made to hold

# Named features that the Gaussian process and the support vectors read.
NAMED = catalogue().query("group != 'k-mers'")["feature"].tolist()
# Named features that the network reads beside the letters; it can see the rules itself.
PLAIN = catalogue().query("group not in ('k-mers', 'rules')")["feature"].tolist()
PLAIN = [name for name in PLAIN if not name.startswith("step_")]

# What the Gaussian process compares two siRNAs by.
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

_CLIP = 5.0
_SHRINK = 5.0  # siRNAs' worth of belief that an mRNA has no effect of its own


class Scaler(NamedTuple):
    """Columns less their mean, in standard deviations of the training rows, held within five.

    Examples
    --------
    >>> Scaler.of(np.array([[0.0], [2.0]])).apply(np.array([[3.0]])).tolist()
    [[2.0]]
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Scaler:
        """Scaler of some rows; a column that never changes becomes zero."""
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation > 1e-9, deviation, np.inf))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Scaled rows, shape (n, columns)."""
        return np.clip((values - self.mean) / self.deviation, -_CLIP, _CLIP)


class Table:
    """SiRNAs at their sites, with what several predictors need of them computed once.

    Parameters
    ----------
    guides, contexts, mrnas : sequence of str
        Guide (21 nt), target context (57 nt) and whole mRNA of each row.
    starts : array-like of int, shape=(n,)
        Where the site starts on the mRNA, 0-based.
    features : pandas.DataFrame
        As `helpers.tracks.sirna_efficacy.features.compute` gives it.
    y : array-like, shape=(n,), optional
        Measured efficacy, the fraction of the mRNA that is silenced.

    Examples
    --------
    >>> features = pd.DataFrame(0.0, index=range(2), columns=catalogue()["feature"])
    >>> texts = (["A" * n] * 2 for n in (21, 57, 60))
    >>> table = Table(*texts, starts=[0, 1], features=features, y=[0.1, 0.9])
    >>> len(table), table.letters.shape, len(set(table.mrna))
    (2, (2, 84), 1)
    """

    def __init__(
        self,
        guides: Sequence[str],
        contexts: Sequence[str],
        mrnas: Sequence[str],
        *,
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
        self.guide = one_hot(guides, RNA, length=GUIDE)
        self.target = one_hot(contexts, RNA, length=CONTEXT)
        self.features = features.reset_index(drop=True)
        self.starts = np.asarray(starts, dtype=np.float64)
        self.y = np.full(len(guides), np.nan) if y is None else np.asarray(y, dtype=np.float64)
        # An mRNA is known by what it is, not by what it is called.
        index, distinct = pd.factorize(np.asarray(mrnas, dtype=object))
        keys = [f"{len(text)}-{hashlib.sha256(text.encode()).hexdigest()[:12]}" for text in distinct]
        self.mrna = np.array(keys)[index]
        shares = kmer_counts(list(distinct), 1, RNA, frequencies=True)
        self.mrna_letters = np.c_[shares, np.log([max(len(text), 1) for text in distinct])][index]
        self.words = np.concatenate([kmer_counts(contexts, k, RNA) for k in (1, 2, 3)], axis=1)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def letters(self) -> np.ndarray:
        """Letters of the guide, shape (n, 84)."""
        return self.guide.reshape(len(self.guide), -1).astype(np.float64)

    def named(self, rows: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Some of the named features of some rows, not scaled."""
        return self.features[names].to_numpy(dtype=np.float64)[rows]

    def raw(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Blocks of the Gaussian process before scaling."""
        return {
            "letters": self.letters[rows],
            "named": self.named(rows, NAMED),
            "context": self.target[rows].reshape(len(rows), -1).astype(np.float64),
            "words": self.words[rows].astype(np.float64),
            "mrna_letters": self.mrna_letters[rows],
            "mrna": self.mrna[rows],
            "place": self.starts[rows],
        }

    def inputs(self, rows: np.ndarray, scaler: Scaler) -> list[np.ndarray]:
        """Inputs of the network: guide, target, named features."""
        named = scaler.apply(self.named(rows, PLAIN)).astype(np.float32)
        return [self.guide[rows], self.target[rows], named]


class Network:
    """The siamese network, or the mean of several.

    Parameters
    ----------
    table : Table
    epochs, batch_size, patience : int
        As for `helpers.training.fitting.Schedule`; the epoch is chosen by the validation loss.
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
        table: Any,
        *,
        epochs: int = 50,
        batch_size: int = 64,
        patience: int = 8,
        members: int = 1,
        seed: int = 0,
        verbosity: int = 0,
        **sizes: Any,
    ) -> None:
        self.table, self.verbosity = table, verbosity
        self.settings: dict[str, Any] = {
            "model": "siamese", "epochs": epochs, "batch_size": batch_size, "patience": patience,
            "members": members, "seed": seed, "sizes": sizes,
        }  # fmt: skip
        self.results: list[FitResult] = []
        self.effects: dict[str, float] = {}

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on the rows `train`; the epoch is chosen on `valid`. `y` replaces the labels."""
        y = self.table.y if y is None else y
        self.scaler = Scaler.of(self.table.named(train, PLAIN))
        # A validation row's own label never enters the effect that it is judged by.
        above = pd.Series(y[train] - y[train].mean()).groupby(self.table.mrna[train])
        self.effects = (above.sum() / (above.size() + _SHRINK)).to_dict()
        rest = (y - self._effect(np.arange(len(y)))).astype(np.float32)
        inputs, held = (self.table.inputs(rows, self.scaler) for rows in (train, valid))
        chosen = {name: self.settings[name] for name in ("epochs", "batch_size", "patience")}
        self.results = []
        for number in range(self.settings["members"]):
            seed = self.settings["seed"] + number
            keras.utils.set_random_seed(seed)
            model = build_siamese(len(PLAIN), **self.settings["sizes"])
            schedule = Schedule(**chosen, seed=seed)
            options: dict[str, Any] = {
                "valid": (held, rest[valid]),
                "schedule": schedule,
                "verbosity": self.verbosity,
            }
            self.results.append(fit(model, inputs, rest[train], **options))

    def members(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy by each member, shape (members, len(rows))."""
        inputs = self.table.inputs(rows, self.scaler)
        return np.stack([outputs(r.model, inputs) for r in self.results]) + self._effect(rows)

    def outputs(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Mean output of the members for arrays, without the effect of an mRNA, shape (n,)."""
        return np.mean([outputs(r.model, inputs) for r in self.results], axis=0)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.members(rows).mean(axis=0)

    def _effect(self, rows: np.ndarray) -> np.ndarray:
        """How much better the siRNAs of each row's mRNA do than the mean, shrunk towards zero."""
        return np.array([self.effects.get(name, 0.0) for name in self.table.mrna[rows]])


class Features:
    """The Gaussian process on letters, named features, context and mRNA.

    `seed` is that of the choice of rows on which its parts are weighed.
    """

    def __init__(self, table: Any, *, seed: int = 0) -> None:
        self.table = table
        self.settings: dict[str, Any] = {
            "model": "gaussian process", "seed": seed, "parts": [list(part) for part in PARTS],
        }  # fmt: skip

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit on `train` alone, so that `valid` can judge it. `y` replaces the labels."""
        raw = self.table.raw(train)
        self.scalers = {name: Scaler.of(raw[name]) for name in ("named", "words", "mrna_letters")}
        process = GaussianProcess(PARTS, seed=self.settings["seed"])
        self.process = process.fit(self.blocks(train), (self.table.y if y is None else y)[train])

    def complete(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Take in the rows of both, every weight and scale staying as it is."""
        rows = np.concatenate([train, valid])
        self.process.take(self.blocks(rows), (self.table.y if y is None else y)[rows])

    def blocks(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Scaled blocks of `rows`."""
        raw = self.table.raw(rows)
        return raw | {name: scaler.apply(raw[name]) for name, scaler in self.scalers.items()}

    def distribution(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of a measurement of each of `rows`."""
        return self.process.predict(self.blocks(rows))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.distribution(rows)[0]


class Hybrid(Blend):
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

    def __init__(self, table: Any, *, seed: int = 0, **network: Any) -> None:
        parts = {"network": Network(table, seed=seed, **network), "features": Features(table, seed=seed)}
        super().__init__(parts, way="mean")
        self.quantiles: dict[float, float] = {}

    @property
    def network(self) -> Network:
        """The siamese network."""
        return self.parts["network"]

    @property
    def process(self) -> Features:
        """The Gaussian process."""
        return self.parts["features"]

    def weigh(self, train: np.ndarray, valid: np.ndarray, y: np.ndarray) -> None:
        """Find the weight of each part and the intervals on `valid`."""
        super().weigh(train, valid, y)
        parts, unsure = self._judge(valid)
        error = np.abs(y[valid] - self.mix(self.stack(parts))) / unsure
        self.quantiles = {level: conformal_quantile(error, level) for level in LEVELS}

    def predict(self, rows: np.ndarray) -> dict[str, Any]:
        """Efficacy by ``ours`` and by each part.

        That of ``ours`` is a table with the columns ``p`` and, for each of `LEVELS`, the ends of an
        interval, called ``low_90``, ``high_90`` by the percentage that it is made to hold.
        """
        parts, unsure = self._judge(rows)
        ours = pd.DataFrame({"p": self.mix(self.stack(parts))})
        for level, quantile in self.quantiles.items():
            ours[f"low_{100 * level:.0f}"] = ours["p"] - quantile * unsure
            ours[f"high_{100 * level:.0f}"] = ours["p"] + quantile * unsure
        return {self.name: ours, **parts}

    def predict_parts(self, rows: np.ndarray) -> dict[str, Any]:
        """Efficacy by each part."""
        return self._judge(rows)[0]

    def on(self, table: Table) -> Hybrid:
        """The same models over other rows, such as those of a user; this one keeps its own."""
        other = copy(self)
        other.parts = {name: copy(part) for name, part in self.parts.items()}
        for part in other.parts.values():
            part.table = table
        return other

    def _judge(self, rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Efficacy by each part, and what each row is unsure by."""
        members = self.network.members(rows)
        mean, deviation = self.process.distribution(rows)
        unsure = np.sqrt(deviation**2 + members.var(axis=0))
        return {"network": members.mean(axis=0), "features": mean}, unsure


class Baseline:
    """Ridge regression on letters and words of guide and context; nothing else."""

    name = "ridge"
    candidates: Sequence[Any] = [Ridge(penalty) for penalty in 10.0 ** np.arange(1, 5.5, 0.5)]

    def __init__(self, table: Table) -> None:
        self.table = table
        self.settings: dict[str, Any] = {"model": self.name}

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on both; the candidate is the one that, fitted on `train`, does best on `valid`."""
        self.scaler = Scaler.of(self._design(train))
        X, held = (self.scaler.apply(self._design(rows)) for rows in (train, valid))
        y, errors = self.table.y, []
        for model in self.candidates:
            rest = y[valid] - clone(model).fit(X, y[train]).predict(held)
            errors.append(float(np.mean(rest**2)))
        rows = np.concatenate([train, valid])
        best = clone(self.candidates[int(np.argmin(errors))])
        self.model = best.fit(self.scaler.apply(self._design(rows)), y[rows])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        return self.model.predict(self.scaler.apply(self._design(rows)))

    def _design(self, rows: np.ndarray) -> np.ndarray:
        raw = self.table.raw(rows)
        counts = self.table.features.filter(like="count_").to_numpy()[rows]
        return np.concatenate([raw["letters"], raw["context"], counts, raw["words"]], axis=1)


class Support(Baseline):
    """Support vector regression on what the baseline reads and the nearest-neighbour energies."""

    name = "support vectors"
    candidates: Sequence[Any] = [SVR(C=cost) for cost in (0.05, 0.1, 0.2, 0.5, 1.0)]

    def _design(self, rows: np.ndarray) -> np.ndarray:
        names = ["energy_duplex", "energy_5_end", "energy_3_end", "asymmetry", "energy_seed"]
        names += [name for name in NAMED if name.startswith("step_")]
        return np.concatenate([super()._design(rows), self.table.named(rows, names)], axis=1)


def outputs(model: keras.Model, inputs: Sequence[np.ndarray], *, batch: int = 1024) -> np.ndarray:
    """Outputs of a small network called as a function, shape (n,): no row waits for a compiler."""
    found = [
        keras.ops.convert_to_numpy(model([x[i : i + batch] for x in inputs], training=False))
        for i in range(0, len(inputs[0]), batch)
    ]
    return np.concatenate(found)[:, 0].astype(np.float64) if found else np.zeros(0)


def intervals(predictions: pd.DataFrame) -> pd.DataFrame:
    """The intervals of ``ours``, one row a tested row and level, and whether it held the measurement.

    The predictions are those of `helpers.training.cross_validate`, with ``protocol``; the columns
    ``protocol, row, y, level, low, high, inside``.

    Examples
    --------
    >>> columns = {"protocol": "a", "row": [0], "y": [0.5], "p": [0.4]}
    >>> given = pd.DataFrame(columns | {"model": "ours", "low_90": 0.2, "high_90": 0.6})
    >>> intervals(given)[["level", "low", "high", "inside"]].values.tolist()
    [[0.9, 0.2, 0.6, True]]
    """
    ours = predictions[predictions["model"] == "ours"]
    parts = []
    for name in ours.filter(regex="^low_"):
        percent = name.removeprefix("low_")
        ends = {"level": int(percent) / 100, "low": ours[name], "high": ours[f"high_{percent}"]}
        parts.append(ours[["protocol", "row", "y"]].assign(**ends))
    found = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return found.assign(inside=found["y"].between(found["low"], found["high"]))


def conformal_quantile(errors: np.ndarray, level: float) -> float:
    """Value that holds a share of new errors, from errors on rows that were not fitted.

    It stands at rank ceil((n + 1) level); where there are too few errors for that, no finite value
    holds the share.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9), conformal_quantile(np.arange(3.0), 0.9)
    (18.0, inf)
    """
    rank = int(np.ceil((len(errors) + 1) * level))
    return float(np.sort(errors)[rank - 1]) if rank <= len(errors) else np.inf


def save(folder: str | Path, hybrid: Hybrid, card: Mapping[str, Any]) -> Path:
    """Write a fitted hybrid: a ``.keras`` a member, the process as ``.npz``, ``models.json``.

    `card` says what it was fitted to: name of the data, profile, sha256, seed. The path is that of
    the list of the files, which holds what joins them.
    """
    folder = Path(folder)
    network, process = hybrid.network, hybrid.process
    members = [f"sirna_siamese_{number}.keras" for number in range(1, len(network.results) + 1)]
    for name, result in zip(members, network.results, strict=True):
        about = {"settings": network.settings, "best_epoch": result.best_epoch, **_expected(), **card}
        save_run(folder / name, result.model, about)
    file = process.process.save(folder / "sirna_process.npz")
    scalers = {"network": network.scaler, **process.scalers}
    listed = {
        "members": members,
        "process": file.name,
        "process_sha256": paths.sha256(file),
        "scalers": {name: [values.tolist() for values in scaler] for name, scaler in scalers.items()},
        "effects": network.effects,
        "weights": hybrid.weights.tolist(),
        "quantiles": {str(level): value for level, value in hybrid.quantiles.items()},
        "card": dict(card),
    }
    return paths.write_json(folder / "models.json", listed)


def load(path: str | Path) -> tuple[Hybrid, dict[str, Any]]:
    """Read the ``models.json`` that `save` wrote, each network in Keras's safe mode, and its card.

    The hybrid is ready for ``hybrid.on(table).predict(rows)``.

    Raises
    ------
    ValueError
        If a file is missing, damaged, or of other features than this version's.
    """
    path = Path(path)
    listed = paths.read_json(path)
    wanted = ("members", "process", "process_sha256", "scalers", "effects", "weights", "quantiles", "card")
    if missing := [key for key in wanted if key not in listed]:
        raise ValueError(f"{path}: says nothing of {', '.join(missing)}; run 02_train_siamese_network")
    file = path.parent / listed["process"]
    if not file.is_file() or paths.sha256(file) != listed["process_sha256"]:
        raise ValueError(f"{file}: missing, or not the file that {path.name} belongs to; train again")
    runs = [load_run(path.parent / name, expect=_expected()) for name in listed["members"]]
    hybrid = Hybrid(None)
    network, process = hybrid.network, hybrid.process
    network.results = [FitResult(run.model, pd.DataFrame(), run.card["best_epoch"]) for run in runs]
    network.effects, process.process = listed["effects"], GaussianProcess.load(file)
    process.scalers = {name: Scaler(*map(np.array, pair)) for name, pair in listed["scalers"].items()}
    network.scaler = process.scalers.pop("network")
    hybrid.weights = np.array(listed["weights"])
    hybrid.quantiles = {float(level): value for level, value in listed["quantiles"].items()}
    return hybrid, listed["card"]


def _expected() -> dict[str, Any]:
    """What a network was trained to read, as its card has to say it."""
    return {"guide_alphabet": RNA.letters, "named_features": PLAIN}
