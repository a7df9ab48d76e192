"""Saved networks of RNA windows, checked and joined into one function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.data import MODIFICATIONS
from helpers.training.saving import Run, load_run

_CLIP = 1e-7


def read_model(
    path: str | Path, *, length: int | None = None, modifications: Sequence[str] | None = None
) -> Run:
    """A saved network, if it reads these letters, this length and these modifications.

    Parameters
    ----------
    path : str or pathlib.Path
        Model file, ending in ``.keras``, its card beside it.
    length : int, optional
        Length of the windows that the model must take, in nt; any by default.
    modifications : sequence of str, optional
        Heads that it must have, in this order; any by default.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the file is none, or is a model of another alphabet, length or other modifications.
    """
    expect: dict[str, Any] = {"rna_alphabet": RNA.letters}
    if length is not None:
        expect["length"] = length
    if modifications is not None:
        expect["modifications"] = list(modifications)
    return load_run(path, expect=expect)


class WindowNetwork:
    """One or several runs as one function from windows to log-odds.

    Parameters
    ----------
    run : Run or sequence of Run
        Models that take one-hot windows and give one probability a modification; the cards name
        ``rna_alphabet``, ``length`` (nt) and ``modifications``.

    Attributes
    ----------
    runs : list of Run
    length : int
        Length of the windows, in nt.
    modifications : list of str
        All that a run has a head for.
    bases : str
        Their letters, in the order of the alphabet.

    Raises
    ------
    ValueError
        If there is no run, a card lacks one of the three or does not fit its model, the letters
        are not A C G U, or the models take windows of different or of even lengths.
    """

    def __init__(self, run: Run | Sequence[Run]) -> None:
        # A Run is a tuple, too.
        self.runs = [run] if isinstance(run, Run) else list(run)
        if not self.runs:
            raise ValueError("no model was given; expected a Run or a list of them")
        self.length = _checked_length(self.runs)
        heads = {name for one in self.runs for name in one.card["modifications"]}
        if unknown := sorted(heads - set(MODIFICATIONS)):
            raise ValueError(
                f"a model's card names the modifications {', '.join(unknown)}; expected some of "
                f"{', '.join(MODIFICATIONS)}"
            )
        self.modifications = [name for name in MODIFICATIONS if name in heads]
        self.bases = "".join(
            sorted({MODIFICATIONS[name].base for name in self.modifications}, key=RNA.letters.index)
        )
        self.readers = [_log_odds_reader(one.model) for one in self.runs]

    def log_odds(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of every modification, the mean over the runs that have a head for it.

        Parameters
        ----------
        X : numpy.ndarray, shape=(n, length, 4), dtype=float32

        Returns
        -------
        numpy.ndarray, shape=(n, modifications), dtype=float64
        """
        total = np.zeros((len(X), len(self.modifications)))
        heads = np.zeros(len(self.modifications))
        for one, reader in zip(self.runs, self.readers, strict=True):
            columns = [self.modifications.index(name) for name in one.card["modifications"]]
            total[:, columns] += reader(X)
            heads[columns] += 1
        return total / heads

    def of(self, base: str) -> np.ndarray:
        """Columns of the modifications of a base, dtype int."""
        return np.flatnonzero([MODIFICATIONS[name].base == base for name in self.modifications])


def _checked_length(runs: Sequence[Run]) -> int:
    lengths = set()
    for one in runs:
        card = one.card
        for key in ("rna_alphabet", "length", "modifications"):
            if key not in card:
                raise ValueError(
                    f"a model's card says nothing of {key!r}; expected the letters, the length in "
                    "nt and the modifications. Save it with helpers.training.save_run"
                )
        if card["rna_alphabet"] != RNA.letters:
            raise ValueError(
                f"a model reads the letters {card['rna_alphabet']!r}; expected {RNA.letters!r}. "
                "Train it again: letters in another order mean other things"
            )
        shapes = tuple(one.model.input_shape[1:]), one.model.output_shape[-1]
        wanted = (card["length"], RNA.size), len(card["modifications"])
        if shapes != wanted:
            raise ValueError(
                f"a model takes windows of shape {shapes[0]} and gives {shapes[1]} numbers, but "
                f"its card says {wanted[0]} and {wanted[1]}. Copy both files of one run again"
            )
        lengths.add(int(card["length"]))
    if len(lengths) > 1:
        raise ValueError(
            f"the models take windows of {', '.join(map(str, sorted(lengths)))} nt; expected one "
            "length. Predict with each by itself"
        )
    (length,) = lengths
    if length % 2 == 0:
        raise ValueError(
            f"the model takes windows of {length} nt, which have no middle; expected an odd number"
        )
    return length


def _log_odds_reader(model: keras.Model) -> Any:
    """Function of windows; a decoder is not computed where the logits have a layer of their own."""
    names = {layer.name for layer in model.layers}
    part = (
        keras.Model(model.input, model.get_layer("logit").output) if "logit" in names else model
    )  # fmt: skip

    def read(X: np.ndarray) -> np.ndarray:
        found = np.asarray(part.predict(X, batch_size=256, verbose=0), dtype=float)
        if part is not model:
            return found
        found = np.clip(found, _CLIP, 1 - _CLIP)
        return np.asarray(np.log(found) - np.log1p(-found))

    return read
