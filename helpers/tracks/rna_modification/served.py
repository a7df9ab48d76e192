"""The networks of notebook 01 as they are used: a folder, and one function from windows to log-odds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from helpers.project import paths
from helpers.sequences.alphabet import RNA
from helpers.stats.odds import logit
from helpers.tracks.rna_modification.data import MODIFICATIONS, check_odd
from helpers.tracks.rna_modification.known import KnownWindows
from helpers.training.saving import Run, check_model, load_run, save_run

MAIN, WINDOWS = "shared.keras", "windows.npz"
"""The first network, and what all were trained on; further members stand beside them."""
_CLIP = 1e-7
_CARD = ("rna_alphabet", "length", "modifications")


class Served(NamedTuple):
    """All that predicts, and what it was trained on."""

    runs: list[Run]
    """The networks of ``ours``; the first one's card speaks for all."""
    known: KnownWindows

    @property
    def card(self) -> dict[str, Any]:
        """What the main network's card says: data, heads, length, how well ours did on windows held out."""
        return self.runs[0].card


def save(
    folder: str | Path,
    networks: Mapping[str, tuple[keras.Model, Mapping[str, Any]]],
    *,
    known: KnownWindows,
    about: Mapping[str, Any],
) -> list[str]:
    """Write the networks of ``ours``, each with its card, and the hashes of what they were trained on.

    Parameters
    ----------
    folder : str or pathlib.Path
        A folder that can be copied as it is.
    networks : dict of str to (model, card)
        ``shared.keras`` and any others, by the name of their file in the folder.
    known : KnownWindows
        Of the windows that trained them or chose their epoch.
    about : dict
        What the card of the main network says beside what it says itself, such as ``measured``.

    Returns
    -------
    list of str
        Names of the networks.
    """
    folder = Path(folder)
    for name, (model, card) in networks.items():
        said = {**card, "ours": list(networks), **(about if name == MAIN else {})}
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        save_run(folder / name, model, said)
    known.save(folder / WINDOWS)
    return list(networks)


def load(path: str | Path, **expect: Any) -> Served:
    """Load the networks that the row ``ours`` of notebook 01's table was measured with.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder ``model`` that notebook 01 wrote, or the ``shared.keras`` in it.
    **expect
        What their cards have to say, such as ``length=501``.

    Raises
    ------
    ValueError
        If a file is missing, belongs to another one, or the cards do not say what is expected.
    """
    path = paths.find(path)
    folder = path.parent if path.name == MAIN else path
    if not (folder / MAIN).is_file():
        raise ValueError(
            f"{path}: no {MAIN} there; give the folder 'model' that notebook 01_train_vqvae wrote, such as "
            "runs/sample/rna_modification/model"
        )
    first = load_run(folder / MAIN, expect={"rna_alphabet": RNA.letters, **expect})
    if "ours" not in first.card:
        raise ValueError(
            f"{folder}/shared.card.json does not say which networks are ours; run notebook 01 again"
        )
    others = [name for name in first.card["ours"] if name != MAIN]
    known = KnownWindows.load(folder / WINDOWS)
    return Served([first, *(load_run(folder / name, expect=expect) for name in others)], known)


def network(path: str | Path, *, layers: Sequence[str] = ()) -> Run:
    """One network by itself, to be explained, checked before anything is computed.

    Raises
    ------
    ValueError
        If it cannot be read, reads other letters or another length than its card says, does not give
        one number a modification, or lacks one of the `layers`.
    """
    run = load_run(path, expect={"rna_alphabet": RNA.letters})
    _checked_length([run], layers, path)
    return run


class WindowNetwork:
    """One or several runs as one function from windows to log-odds.

    Parameters
    ----------
    run : Run, sequence of Run or Served
        Models that take one-hot windows and give one probability a modification; the cards name
        ``rna_alphabet``, ``length`` (nt) and ``modifications``.

    Attributes
    ----------
    length : int
        Length of the windows, in nt.
    modifications : list of str
        All that a run has a head for.
    bases : list of str
        The letter of each modification.

    Raises
    ------
    ValueError
        If there is no run, a card lacks one of the three or does not fit its model, the letters
        are not A C G U, or the models take windows of different or of even lengths.
    """

    def __init__(self, run: Run | Sequence[Run] | Served) -> None:
        # A Run is a tuple, too.
        given = run.runs if isinstance(run, Served) else run
        self.runs: list[Run] = [given] if isinstance(given, Run) else list(given)
        self.length = _checked_length(self.runs)
        heads = {name for one in self.runs for name in one.card["modifications"]}
        if unknown := sorted(heads - set(MODIFICATIONS)):
            raise ValueError(
                f"a model's card names the modifications {', '.join(unknown)}; expected some of "
                f"{', '.join(MODIFICATIONS)}"
            )
        self.modifications = [name for name in MODIFICATIONS if name in heads]
        self.bases = [MODIFICATIONS[name].base for name in self.modifications]
        # A decoder is not computed where the logits have a layer of their own.
        self._parts = [_logit_part(one.model) for one in self.runs]

    def log_odds(self, X: np.ndarray, *, prior: float | None = None) -> np.ndarray:
        """Log-odds of every modification, the mean over the runs that have a head for it.

        Parameters
        ----------
        X : numpy.ndarray, shape=(n, length, 4), dtype=float32
        prior : float, optional
            As for `helpers.tracks.rna_modification.predict.Options`.

        Returns
        -------
        numpy.ndarray, shape=(n, modifications), dtype=float64
        """
        total, heads = np.zeros((len(X), len(self.modifications))), np.zeros(len(self.modifications))
        for one, part in zip(self.runs, self._parts, strict=True):
            given = (one.model if part is None else part).predict(X, batch_size=256, verbose=0)
            odds = logit(given, clip=_CLIP) if part is None else np.asarray(given, dtype=float)
            columns = [self.modifications.index(name) for name in one.card["modifications"]]
            if prior is not None:
                odds = odds + logit(prior) - logit(_training_shares(one.card))
            total[:, columns] += odds
            heads[columns] += 1
        return total / heads


def _checked_length(runs: Sequence[Run], layers: Sequence[str] = (), what: object = "by its card") -> int:
    """Length of the windows of some runs whose cards fit their models."""
    if not runs:
        raise ValueError("no model was given; expected a Run or a list of them")
    for one in runs:
        card = one.card
        if missing := [key for key in _CARD if key not in card]:
            raise ValueError(
                f"a model's card says nothing of {missing[0]!r}; expected the letters, the length in nt and "
                "the modifications. Save it with helpers.training.save_run"
            )
        if card["rna_alphabet"] != RNA.letters:
            raise ValueError(
                f"a model reads the letters {card['rna_alphabet']!r}; expected {RNA.letters!r}. Train it "
                "again: letters in another order mean other things"
            )
        reads, heads = [(card["length"], RNA.size)], len(card["modifications"])
        check_model(what, one.model, reads, gives=heads, layers=layers)
    lengths = sorted({int(one.card["length"]) for one in runs})
    if len(lengths) > 1:
        raise ValueError(
            f"the models take windows of {', '.join(map(str, lengths))} nt; expected one length. Predict "
            "with each by itself"
        )
    check_odd(lengths[0])
    return lengths[0]


def _logit_part(model: keras.Model) -> keras.Model | None:
    """The part of a model up to its logits, if they have a layer of their own."""
    if "logit" not in {layer.name for layer in model.layers}:
        return None
    return keras.Model(model.input, model.get_layer("logit").output)


def _training_shares(card: dict[str, Any]) -> list[float]:
    """Share of positives among the training rows of each head."""
    shares = card.get("prevalence", {})
    if missing := [name for name in card["modifications"] if name not in shares]:
        raise ValueError(
            f"a model's card says nothing of the prevalence of {', '.join(missing)} in training, which a "
            "prior needs; leave prior out, or train the model again with this version"
        )
    return [shares[name] for name in card["modifications"]]
