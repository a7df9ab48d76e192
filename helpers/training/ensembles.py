"""The models of a cross-validation as one: saved, loaded and asked together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers.project import paths
from helpers.stats.odds import logit, sigmoid
from helpers.training.fitting import predict
from helpers.training.saving import check_expected, load_run

_KEYS = ("members", "dna_alphabet", "length", "strands")


class Member(NamedTuple):
    """One model of an ensemble: its fold, its file, and the ids that it has never seen."""

    fold: str
    path: Path
    test: tuple[str, ...]


class Ensemble:
    """Models of one kind whose log-odds are averaged; `load` makes one.

    Parameters
    ----------
    members : sequence of Member
        Which model is which.
    models : sequence of keras.Model
        The models, in the same order.
    card : dict
        What the file says besides.
    ask : callable
        ``ask(model, X)`` gives the probabilities of one model.

    Examples
    --------
    >>> members = [Member("1", Path("a.keras"), ("g1",)), Member("2", Path("b.keras"), ("g2",))]
    >>> both = Ensemble(members, [0.2, 0.6], {}, ask=lambda p, X: np.full(len(X), p))
    >>> both.predict(np.zeros(1)).round(3).tolist()
    [0.38]
    >>> both.predict_out_of_fold(["g2", "g1"], np.zeros(2)).tolist()
    [0.6, 0.2]
    """

    def __init__(
        self,
        members: Sequence[Member],
        models: Sequence[Any],
        card: Mapping[str, Any],
        *,
        ask: Callable[[Any, np.ndarray], np.ndarray] = predict,
    ) -> None:
        self.members, self.models, self.card, self.ask = list(members), list(models), dict(card), ask

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of new items by each model, shape (models, n)."""
        return np.stack([logit(self.ask(model, X)) for model in self.models])

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of new items, shape (n,): the mean of all models in log-odds."""
        return sigmoid(self.scores(X).mean(axis=0))

    def predict_out_of_fold(self, ids: Sequence[str], X: np.ndarray) -> np.ndarray:
        """Probabilities of items of the cross-validation, each by the model that never saw it."""
        p = np.empty(len(ids))
        for model, rows in zip(self.models, self.out_of_fold(ids), strict=True):
            if rows.size:
                p[rows] = self.ask(model, X[rows])
        return p

    def out_of_fold(self, ids: Sequence[str]) -> list[np.ndarray]:
        """For each model, the places of the ids that it never saw; together every place once.

        Raises
        ------
        ValueError
            If an id was in no model's test part.
        """
        owner = {name: place for place, one in enumerate(self.members) for name in one.test}
        if strange := [name for name in ids if name not in owner]:
            raise ValueError(
                f"{len(strange)} ids (the first is {strange[0]!r}) were in no model's test part; use predict"
            )
        places = np.array([owner[name] for name in ids], dtype=np.int64)
        return [np.flatnonzero(places == number) for number in range(len(self.members))]


def save(path: str | Path, members: Sequence[Member], card: Mapping[str, Any]) -> Path:
    """Write which models, saved already by `save_run`, form an ensemble.

    Parameters
    ----------
    path : str or pathlib.Path
        JSON file; the models are named relative to its folder.
    card : dict
        ``dna_alphabet``, ``length``, ``strands`` and further plain values.

    Raises
    ------
    ValueError
        If there is no member, an id is in two test parts, or the card lacks a key.
    """
    path = Path(path)
    if not members:
        raise ValueError(f"{path.name}: an ensemble needs at least one model")
    if missing := [key for key in _KEYS[1:] if key not in card]:
        raise ValueError(f"{path.name}: the card lacks {', '.join(missing)}")
    names, counts = np.unique([name for one in members for name in one.test], return_counts=True)
    if (twice := names[counts > 1]).size:
        raise ValueError(
            f"{path.name}: {str(twice[0])!r} is in the test part of two models; give one cross-validation"
        )
    folder = path.parent.resolve()
    files = [Path(os.path.relpath(one.path.resolve(), folder)).as_posix() for one in members]
    listed = [
        {"fold": one.fold, "model": file, "test": list(one.test)}
        for one, file in zip(members, files, strict=True)
    ]
    return paths.write_json(path, {**card, "members": listed})


def load(
    path: str | Path,
    *,
    expect: Mapping[str, Any] | None = None,
    ask: Callable[[Any, np.ndarray], np.ndarray] = predict,
) -> Ensemble:
    """Read an ensemble, as `save` wrote it, with all its models, in Keras's safe mode.

    Parameters
    ----------
    expect : dict, optional
        Keys of the file and the values they must have, such as ``{"length": 600}``.
    ask : callable
        ``ask(model, X)`` gives the probabilities of one model.

    Raises
    ------
    ValueError
        If the file is not whole, holds something else than expected, or a model is missing,
        damaged or not the one that was saved.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no ensemble there. Run the cross-validation notebook first")
    if path.suffix == ".keras":
        raise ValueError(
            f"{path} is one network; expected the file of an ensemble, such as "
            f"{path.with_name('ensemble.json')}, which the cross-validation notebook writes"
        )
    card = paths.read_json(path)
    if not isinstance(card, dict) or (missing := [key for key in _KEYS if key not in card]):
        found = ", ".join(missing) if isinstance(card, dict) else "everything"
        raise ValueError(f"{path}: not an ensemble; it lacks {found}. Make it anew")
    check_expected(path, card, expect or {})
    members = [
        Member(one["fold"], path.parent / one["model"], tuple(one["test"])) for one in card.pop("members")
    ]
    shape = {"dna_alphabet": card["dna_alphabet"], "length": card["length"]}
    models = [load_run(one.path, expect={**shape, "fold": one.fold}).model for one in members]
    return Ensemble(members, models, card, ask=ask)
