"""The model that a user loads: the one of the results table, and what it knows of its training.

Three files lie together: the network (``.keras``), its card (``.card.json``) and plain arrays
(``.npz``) with the chains it was trained on and, where neighbours are weighed in, all that they
rest on. None of them can hold code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from helpers.explain.heads import check_probability
from helpers.project import paths
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.stats import results
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.rna_peptide.forest import Forest
from helpers.tracks.rna_peptide.predictors import Network, PairTable, describe, mean_probability
from helpers.training.blending import Blend
from helpers.training.calibration import Calibrator
from helpers.training.saving import Run, check_model, load_run, save_run

STANDS = ("identical", "near", "new")
"""How a chain, or a pair, stands to training: there as it is, there as a near copy, or neither."""

NEAR = {"rna": 10, "protein": 4, "threshold": 0.3}
"""Letters of the words that near chains share, and the least share of the shorter chain's words."""

_ROWS = 2000


class Served:
    """A trained model and what it was trained on; `load` reads one.

    Parameters
    ----------
    run : Run
        The network and the card.
    arrays : dict of str to numpy.ndarray
        ``rna, peptide``: distinct chains of the training pairs; ``pairs``, shape=(n, 2): numbers of
        the chains of each pair; and, if the card holds a ``blend``, `Neighbours.arrays`.
    """

    def __init__(self, run: Run, arrays: Mapping[str, np.ndarray]) -> None:
        self.run, self.arrays = run, dict(arrays)
        near = {**NEAR, **run.card.get("near", {})}
        self._sides = [
            _Known(self.arrays[name].tolist(), int(near[side]), float(near["threshold"]))
            for name, side in (("rna", "rna"), ("peptide", "protein"))
        ]
        self._pairs = set(map(tuple, self.arrays["pairs"].tolist()))

    @property
    def model(self) -> keras.Model:
        """The network alone, for explanations."""
        return self.run.model

    @property
    def card(self) -> dict[str, Any]:
        """The card beside the network."""
        return self.run.card

    def blend(self, network: np.ndarray, rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
        """Probabilities of the whole model, given those of its network, of clean chains."""
        weights = self.card.get("blend")
        if not weights:
            return network
        parts = {"network": network, "neighbours": self.neighbours(rna, peptide)}
        score = sum(weights[name] * logit(p) for name, p in parts.items()) + weights["intercept"]
        return sigmoid(np.asarray(score))

    def neighbours(self, rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
        """What the training pairs of similar chains say of each pair, shape=(n,)."""
        found = [
            self._neighbours(rna[first : first + _ROWS], peptide[first : first + _ROWS])
            for first in range(0, len(rna), _ROWS)
        ]
        return np.concatenate([np.zeros(0), *found])

    def stands(self, rna: Sequence[str], peptide: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """How each RNA, each peptide and each pair stands to training, one of `STANDS` each.

        A pair is ``identical`` if it was itself a training pair. It is ``new`` if either of its chains is
        new, else ``near``: both chains are known, or near copies of known ones.
        """
        first, second = (side.stand(chains) for side, chains in zip(self._sides, (rna, peptide), strict=True))
        number = [side.number for side in self._sides]
        pairs = []
        for row, sides in enumerate(zip(first, second, strict=True)):
            same = (number[0].get(rna[row]), number[1].get(peptide[row])) in self._pairs
            pairs.append("identical" if same else "new" if "new" in sides else "near")
        return first, second, pairs

    @cached_property
    def _forests(self) -> list[Forest]:
        return [Forest.from_arrays(self.arrays, name) for name in ("boosted", "trees")]

    def _neighbours(self, rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
        known = {name: self.arrays[f"known_{name}"] for name in ("rna", "peptide", "y")}
        n = len(known["y"])
        table = PairTable(
            [*known["rna"].tolist(), *rna], [*known["peptide"].tolist(), *peptide],
            [*known["y"], *np.zeros(len(rna))], known=n,
        )  # fmt: skip
        rows = np.arange(n, len(table))
        X = describe(table, np.arange(n), rows, machine=self.arrays["machine"])
        return mean_probability([forest.predict(X) for forest in self._forests])


def network_of(predictor: Network | Blend) -> Network:
    """The network of a model, for its history and for explanations."""
    return predictor.parts["network"] if isinstance(predictor, Blend) else predictor


def results_rows(found: pd.DataFrame, *, model: str = "ours") -> list[dict[str, Any]]:
    """The rows of a results table that speak of a model, as a card holds them; NaN becomes None."""
    rows = found.loc[found["model"] == model, list(results.COLUMNS)]
    return [
        {name: None if pd.isna(value) else getattr(value, "item", lambda v=value: v)() for name, value in row}
        for row in (one.items() for one in rows.to_dict("records"))
    ]


def fit(predictor: Network | Blend, train: np.ndarray, valid: np.ndarray, *, seed: int = 0) -> Calibrator:
    """Fit on `train`, choose, weigh and calibrate on `valid`; then neighbours learn from both.

    The same model as by ``predictor.fit``; the calibration is made before the validation rows are
    neighbours themselves.
    """
    y = predictor.table.y
    if isinstance(predictor, Blend):
        for part in predictor.parts.values():
            part.fit(train, valid)
        predictor.weigh(train, valid, y)
        p = predictor.predict(valid)[predictor.name]
        for part in predictor.parts.values():
            if complete := getattr(part, "complete", None):
                complete(train, valid)
    else:
        predictor.fit(train, valid)
        p = predictor.predict(valid)
    return Calibrator.fit(y[valid], p, seed=seed)


def save(path: str | Path, predictor: Network | Blend, rows: np.ndarray, *, card: Mapping[str, Any]) -> Path:
    """Write a fitted model, one network and, in a blend, its neighbours.

    Parameters
    ----------
    path : str or pathlib.Path
        Of the network, ending in ``.keras``; the other two files lie beside it.
    predictor : Network or Blend
        A `Network` of one member, or the blend of one with `Neighbours`.
    rows : numpy.ndarray
        All rows that it learnt from, validation rows too.
    card : dict
        As for `helpers.training.save_run`: ``calibration``, ``near`` (changes of `NEAR`) and
        ``results``, the rows of the results table that say how well this model does.
    """
    path = Path(path)
    parts = predictor.parts if isinstance(predictor, Blend) else {}
    network, table = network_of(predictor), predictor.table
    if len(network.results) != 1:
        raise ValueError(
            f"save: the network has {len(network.results)} members; expected one. Save each as a model "
            "of its own and give all of them to predict_file"
        )
    kept = [np.asarray([side[row] for row in rows]) for side in (table.rna, table.peptide)]
    distinct = [np.unique(side, return_inverse=True) for side in kept]
    arrays = {name: one[0] for name, one in zip(("rna", "peptide"), distinct, strict=True)}
    arrays["pairs"] = np.unique(np.stack([one[1] for one in distinct], axis=1), axis=0).astype(np.int32)
    whole = {**network.card(), **card}
    if isinstance(predictor, Blend):
        arrays |= parts["neighbours"].arrays()
        weights = dict(zip(parts, map(float, predictor.weights), strict=True))
        whole["blend"] = {**weights, "intercept": float(predictor.intercept)}
    with paths.atomic_path(path.with_suffix(".npz")) as part:
        with part.open("wb") as handle:
            np.savez_compressed(handle, **arrays)  # type: ignore[arg-type]
        whole["arrays_sha256"] = paths.sha256(part)
    return save_run(path, network.model, whole)


def load(path: str | Path) -> Served:
    """Read a model that `save` wrote.

    Parameters
    ----------
    path : str or pathlib.Path
        Its ``.keras`` file; ``models.json`` of notebook 03; or a folder that holds one of the two.

    Raises
    ------
    ValueError
        If there is no such model, or more than one; if a file is missing, truncated or belongs to
        another model, or was trained with another order of the letters.
    """
    path = _network_file(Path(path))
    run = _network(path)
    beside = path.with_suffix(".npz")
    if not beside.is_file():
        raise ValueError(
            f"{path}: its arrays {beside.name} are missing, which say what it was trained on. Copy all three "
            "files of the notebook 03_train_dual_network, or train again"
        )
    if (found := paths.sha256(beside)) != (said := run.card.get("arrays_sha256")):
        raise ValueError(f"{beside}: its sha256 is {found}, the card says {said}. Copy all three files again")
    with np.load(beside, allow_pickle=False) as arrays:
        return Served(run, dict(arrays))


def networks(path: str | Path, layers: Mapping[str, str]) -> list[Run]:
    """The networks that ``models.json`` of notebook 03 names, checked before anything is computed.

    Parameters
    ----------
    path : str or pathlib.Path
    layers : dict of str to str
        Which networks, and the layer of each that is looked at, or "".

    Raises
    ------
    ValueError
        If one is not named or cannot be read, reads other letters, gives anything but one probability
        or lacks its layer; or, ``original`` apart, takes chains of one length alone.
    """
    files = paths.read_json(path)
    if missing := [name for name in layers if name not in files]:
        raise ValueError(
            f"{path}: names no network {', '.join(missing)}; found {', '.join(files) or 'none'}. Give "
            "models.json of the notebook 03_train_dual_network"
        )
    return [
        _network(Path(path).parent / files[name], any_length=name != "original", layer=layer)
        for name, layer in layers.items()
    ]


def _network(path: Path, *, any_length: bool = False, layer: str = "") -> Run:
    """A network of RNA and peptide that gives one probability."""
    run = load_run(path, expect={"rna_alphabet": RNA.letters, "peptide_alphabet": PEPTIDE.letters})
    sizes = [None, None] if any_length else [tensor.shape[1] for tensor in run.model.inputs[:2]]
    reads = [(size, one.size) for size, one in zip(sizes, (RNA, PEPTIDE), strict=False)]
    check_model(path, run.model, reads, gives=1, layers=[layer] if layer else [])
    check_probability(path, run.model)
    return run


def _network_file(path: Path) -> Path:
    """The network that a file or a folder names."""
    if path.is_dir():
        named = path / "models.json"
        found = [one for one in sorted(path.glob("*.keras")) if one.with_suffix(".npz").is_file()]
        if not named.is_file() and len(found) != 1:
            raise ValueError(
                f"{path}: {len(found)} models (.keras beside .npz) lie in this folder; expected one, or "
                "models.json of the notebook 03_train_dual_network. Give the .keras file itself"
            )
        path = named if named.is_file() else found[0]
    if path.suffix == ".json":
        files = paths.read_json(path)
        if "ours" not in files:
            raise ValueError(f"{path}: it names no model 'ours'; expected models.json of notebook 03")
        return path.parent / files["ours"]
    return path


class _Known:
    """The chains of one side that were trained on, found by their words."""

    def __init__(self, chains: Sequence[str], k: int, threshold: float) -> None:
        self.k, self.threshold = k, threshold
        self.number = {chain: row for row, chain in enumerate(chains)}
        self.sizes = np.zeros(len(chains), dtype=int)
        held: dict[str, list[int]] = {}
        for row, chain in enumerate(chains):
            words = self._words(chain)
            self.sizes[row] = max(len(words), 1)
            for word in words:
                held.setdefault(word, []).append(row)
        self.held = {word: np.array(rows, dtype=np.int32) for word, rows in held.items()}

    def stand(self, chains: Sequence[str]) -> list[str]:
        """One of `STANDS` for each chain."""
        found = {chain: self._stand(chain) for chain in dict.fromkeys(chains)}
        return [found[chain] for chain in chains]

    def _stand(self, chain: str) -> str:
        if chain in self.number:
            return "identical"
        words = self._words(chain)
        shared = [self.held[word] for word in words if word in self.held]
        if not shared:
            return "new"
        counts = np.bincount(np.concatenate(shared), minlength=len(self.sizes))
        near = counts >= self.threshold * np.minimum(self.sizes, len(words))
        return "near" if near[counts > 0].any() else "new"

    def _words(self, chain: str) -> set[str]:
        return {chain[start : start + self.k] for start in range(len(chain) - self.k + 1)}
