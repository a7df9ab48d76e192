"""The hybrid of the siRNA track on disk: networks with cards, a Gaussian process, one list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.models.gaussian_process import GaussianProcess
from helpers.project import paths
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.predictors import PLAIN, Features, Hybrid, Network, Table
from helpers.tracks.sirna_efficacy.scaling import Effects, Scaler
from helpers.training.fitting import FitResult
from helpers.training.saving import load_run, save_run

LIST = "models.json"


def save(hybrid: Hybrid, folder: str | Path, card: Mapping[str, Any]) -> Path:
    """Write a fitted hybrid: a ``.keras`` a member, the process as ``.npz``, ``models.json``.

    Parameters
    ----------
    hybrid : Hybrid
    folder : str or pathlib.Path
    card : dict
        What a card says of the data: name, profile, sha256, seed.

    Returns
    -------
    pathlib.Path
        The list of the files, with what joins them.
    """
    folder = Path(folder)
    network, process = hybrid.network, hybrid.process
    shared = {
        "guide_alphabet": RNA.letters,
        "named_features": PLAIN,
        "scaler": network.scaler.to_card(),
        "settings": network.settings,
        **card,
    }
    members = []
    for number, result in enumerate(network.results, start=1):
        name = f"sirna_siamese_{number}.keras"
        save_run(folder / name, result.model, shared | {"best_epoch": result.best_epoch})
        members.append(name)
    process.process.save(folder / "sirna_process.npz")
    listed = {
        "members": members,
        "process": "sirna_process.npz",
        "process_sha256": paths.sha256(folder / "sirna_process.npz"),
        "process_scalers": {name: s.to_card() for name, s in process.scalers.items()},
        "effects": network.effects.values,
        "weight": hybrid.weight,
        "quantiles": {str(level): value for level, value in hybrid.quantiles.items()},
        "card": dict(card),
    }
    return paths.write_json(folder / LIST, listed)


def load(path: str | Path) -> tuple[Hybrid, dict[str, Any]]:
    """Read what `save` wrote, each network in Keras's safe mode.

    Parameters
    ----------
    path : str or pathlib.Path
        The ``models.json``.

    Returns
    -------
    hybrid : Hybrid
        Ready for ``hybrid.on(table).predict(rows)``.
    card : dict
        What it was fitted to.

    Raises
    ------
    ValueError
        If a file is missing, damaged, or of other features than this version's.
    """
    path = Path(path)
    listed = paths.read_json(path)
    wanted = ("members", "process", "process_sha256", "effects", "weight", "quantiles")
    if missing := [key for key in wanted if key not in listed]:
        raise ValueError(
            f"{path}: says nothing of {', '.join(missing)}; make it with 02_train_siamese_network"
        )
    process_file = path.parent / listed["process"]
    if not process_file.is_file() or paths.sha256(process_file) != listed["process_sha256"]:
        raise ValueError(f"{process_file}: missing, or not the file that {path.name} belongs to; train again")
    hybrid = Hybrid.__new__(Hybrid)
    expected = {"guide_alphabet": RNA.letters, "named_features": PLAIN}
    members = [load_run(path.parent / name, expect=expected) for name in listed["members"]]
    hybrid.network = Network.__new__(Network)
    hybrid.network.results = [FitResult(m.model, None, m.card["best_epoch"]) for m in members]  # type: ignore[arg-type]
    hybrid.network.scaler = Scaler.from_card(members[0].card["scaler"])
    hybrid.network.effects = Effects(listed["effects"])
    hybrid.process = Features.__new__(Features)
    hybrid.process.process = GaussianProcess.load(process_file)
    hybrid.process.scalers = {
        name: Scaler.from_card(card) for name, card in listed["process_scalers"].items()
    }
    hybrid.weight = listed["weight"]
    hybrid.quantiles = {float(level): value for level, value in listed["quantiles"].items()}
    return hybrid, listed["card"]


__all__ = ["LIST", "Table", "load", "save"]
