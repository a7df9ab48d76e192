"""The models of the siRNA comparison, each with the same methods: build, fit rows, predict rows.

All choices are made on the validation rows that `fit` is given. An mRNA has an effect of its own
on every siRNA against it (its abundance, its assay), which is estimated from training rows; for an
mRNA that no training row has, it is zero. `save` and `load` keep a fitted hybrid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

from helpers.models.gaussian_process import GaussianProcess, Part
from helpers.project import paths
from helpers.sequences.alphabet import RNA
from helpers.stats.conformal import LEVELS, conformal_quantile
from helpers.tracks.sirna_efficacy.known import KnownGuides
from helpers.tracks.sirna_efficacy.network import build_siamese
from helpers.tracks.sirna_efficacy.table import NAMED, PLAIN, Scaler, Table, mrna_keys
from helpers.training.blending import Blend
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.reuse import train_again
from helpers.training.saving import check_model, load_run, save_run

# What the Gaussian process compares two siRNAs by.
PARTS = (
    Part("guide, additive", "linear", "letters"),
    Part("guide", "rbf", "letters"),
    Part("broken pairs", "linear", "broken"),
    Part("named features", "rbf", "named"),
    Part("target context", "rbf", "context"),
    Part("context words", "rbf", "words"),
    Part("composition of the mRNA", "rbf", "mrna_letters"),
    Part("mRNA", "group", "mrna", 0.0),
    Part("mRNA, within 15 nt", "group", "mrna", 15.0),
    Part("mRNA, within 100 nt", "group", "mrna", 100.0),
)

_SCALED = ("named", "words", "mrna_letters", "broken")
_SHRINK = 5.0  # siRNAs' worth of belief that an mRNA has no effect of its own


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
        """Fit on the rows `train`; the epoch is chosen on `valid`.

        `y` replaces the labels, for controls, which keep the last epoch.
        """
        last = y is not None
        y = self.table.y if y is None else y
        self.scaler = Scaler.of(self.table.named(train, PLAIN))
        # A validation row's own label never enters the effect that it is judged by.
        above = pd.Series(y[train] - y[train].mean()).groupby(self.table.mrna[train])
        self.effects = (above.sum() / (above.size() + _SHRINK)).to_dict()
        rest = (y - self._effect(np.arange(len(y)))).astype(np.float32)
        inputs, held = (self.table.inputs(rows, self.scaler) for rows in (train, valid))
        chosen = {name: self.settings[name] for name in ("epochs", "batch_size", "patience")}
        self.results = []
        key = f"siamese {json.dumps(self.settings['sizes'], sort_keys=True)}"
        for number in range(self.settings["members"]):
            seed = self.settings["seed"] + number
            found = train_again(
                partial(build_siamese, len(PLAIN), **self.settings["sizes"]),
                partial(
                    fit, inputs=inputs, y=rest[train], valid=(held, rest[valid]),
                    schedule=Schedule(**chosen, seed=seed, last=last), verbosity=self.verbosity,
                ),
                key=key, seed=seed,
            )  # fmt: skip
            self.results.append(found)

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
        self.scalers = {name: Scaler.of(raw[name]) for name in _SCALED}
        # Where every guide pairs with its target, nothing can be said of broken pairs.
        parts = [part for part in PARTS if part.block != "broken" or raw["broken"].any()]
        process = GaussianProcess(parts, seed=self.settings["seed"])
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
    """Ours, the Gaussian process, with an interval; the network; and both, weighed on the validation rows.

    The network and what it adds to the process are shown beside it, and it is what maps are made of.
    The interval is as many deviations of the process wide as `calibrate` says, from errors on rows that
    chose nothing: neither epoch nor weights. A model that is passed on without the process is the network.

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
        super().__init__(parts, way="mean", name="hybrid")
        self.quantiles: dict[float, float] = {}
        self.known = KnownGuides({}, frozenset())

    @property
    def network(self) -> Network:
        """The siamese network."""
        return self.parts["network"]

    @property
    def process(self) -> Features:
        """The Gaussian process."""
        return self.parts["features"]

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit both parts and weigh them on `valid`; the guides that were seen are remembered."""
        super().fit(train, valid, y=y)
        rows = np.concatenate([train, valid])
        self.known = KnownGuides.of(
            [self.table.guides[row] for row in rows], [str(self.table.mrna[row]) for row in rows]
        )

    def calibrate(self, predictions: pd.DataFrame) -> None:
        """Take the intervals from predictions of ``ours``, out of fold, under one protocol.

        Columns ``y, p, unsure, group``: an interval holds for a new group (see `conformal_quantile`).
        """
        errors = ((predictions["y"] - predictions["p"]).abs() / predictions["unsure"]).to_numpy()
        groups = predictions["group"].to_numpy()
        self.quantiles = {level: conformal_quantile(errors, level, groups=groups) for level in LEVELS}

    def predict(self, rows: np.ndarray) -> dict[str, Any]:
        """Efficacy by ``ours``, by the ``network`` and by both (``hybrid``).

        That of ``ours`` is a table with the columns ``p`` and ``unsure``, and, once it is calibrated,
        for each of `LEVELS` the ends of an interval, called ``low_90``, ``high_90`` by the percentage
        that it is made to hold; NaN where the groups were too few to promise it.
        """
        parts, unsure = self._judge(rows)
        ours = pd.DataFrame({"p": parts.get("features", parts["network"]), "unsure": unsure})
        for level, quantile in self.quantiles.items():
            half = unsure * (quantile if np.isfinite(quantile) else np.nan)
            ours[f"low_{100 * level:.0f}"] = ours["p"] - half
            ours[f"high_{100 * level:.0f}"] = ours["p"] + half
        return {"ours": ours, "network": parts["network"], self.name: self.mix(self.stack(parts))}

    def standing(self, guides: Sequence[str], mrnas: Sequence[str]) -> list[str]:
        """How each guide on its mRNA stands to the rows that were learnt from: identical, near or new.

        ``identical``: this guide was measured on this mRNA; ``near``: its mRNA is known, or it
        shares 15 nt with a known guide; ``new``: neither.
        """
        return self.known.standing(guides, mrna_keys(mrnas).tolist())

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
        if "features" not in self.parts:  # a model that is passed on without the process
            return {"network": members.mean(axis=0)}, members.std(axis=0)
        mean, deviation = self.process.distribution(rows)
        return {"network": members.mean(axis=0), "features": mean}, deviation


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


def save(folder: str | Path, hybrid: Hybrid, card: Mapping[str, Any]) -> Path:
    """Write a fitted hybrid: a ``.keras`` a member, the process as ``.npz``, ``models.json``.

    `card` says what it was fitted to (name of the data, profile, sha256, seed) and what the table of
    the comparison measured of it. The path is that of the list of the files, which holds what joins them.
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
        "quantiles": {str(level): q if np.isfinite(q) else None for level, q in hybrid.quantiles.items()},
        "known": {"guides": hybrid.known.guides, "words": sorted(hybrid.known.words)},
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
    wanted = (
        "members", "process", "process_sha256", "scalers", "effects", "weights", "quantiles", "known", "card",
    )  # fmt: skip
    if missing := [key for key in wanted if key not in listed]:
        raise ValueError(f"{path}: says nothing of {', '.join(missing)}; run 02_train_siamese_network")
    file = path.parent / listed["process"]
    alone = not listed["process"]
    if not alone and (not file.is_file() or paths.sha256(file) != listed["process_sha256"]):
        raise ValueError(f"{file}: missing, or not the file that {path.name} belongs to; train again")
    runs = [load_run(path.parent / name, expect=_expected()) for name in listed["members"]]
    for name, run in zip(listed["members"], runs, strict=True):
        reads = [tuple(tensor.shape[1:]) for tensor in build_siamese(len(PLAIN)).inputs]
        check_model(path.parent / name, run.model, reads, gives=1)
    hybrid = Hybrid(None)
    network, process = hybrid.network, hybrid.process
    network.results = [FitResult(run.model, pd.DataFrame(), run.card["best_epoch"]) for run in runs]
    network.effects = listed["effects"]
    if alone:
        del hybrid.parts["features"]
    else:
        process.process = GaussianProcess.load(file)
    process.scalers = {name: Scaler(*map(np.array, pair)) for name, pair in listed["scalers"].items()}
    network.scaler = process.scalers.pop("network")
    hybrid.weights = np.array(listed["weights"])
    found = listed["quantiles"].items()
    hybrid.quantiles = {float(level): np.inf if value is None else value for level, value in found}
    try:
        hybrid.known = KnownGuides(listed["known"]["guides"], frozenset(listed["known"]["words"]))
    except (KeyError, TypeError):
        raise ValueError(
            f"{path}: lists guides as an earlier version did; run 02_train_siamese_network"
        ) from None
    return hybrid, listed["card"]


def _expected() -> dict[str, Any]:
    """What a network was trained to read, as its card has to say it."""
    return {"guide_alphabet": RNA.letters, "named_features": PLAIN}
