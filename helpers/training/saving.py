"""A run on disk: the model, and beside it a card that says what it is a model of."""

from __future__ import annotations

import importlib
import importlib.util
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras

from helpers.project import paths

_ADDED = ("track", "inputs", "outputs", "provenance", "model_sha256")


class Run(NamedTuple):
    """What `load_run` gives back.

    Attributes
    ----------
    model : keras.Model
        The model, ready to predict; compile it to train it further.
    card : dict
        What was written beside it.
    """

    model: keras.Model
    card: dict[str, Any]


def card_path(path: str | Path) -> Path:
    """Where the card of a model file lies: beside it, with the ending ``.card.json``.

    Examples
    --------
    >>> card_path("runs/dual.keras").as_posix()
    'runs/dual.card.json'
    """
    return Path(path).with_suffix(".card.json")


def save_run(path: str | Path, model: keras.Model, card: Mapping[str, Any]) -> Path:
    """Write a model and its card; each file is complete or absent.

    Parameters
    ----------
    path : str or pathlib.Path
        Model file, ending in ``.keras``.
    model : keras.Model
        Any Keras model whose own layers are registered.
    card : dict
        Plain values that JSON can hold: alphabets, lengths, data sha256, seed, metrics, a
        calibration (`Calibrator.to_card`). Names, shapes of inputs and outputs, versions and the
        model's sha256 are added.

    Returns
    -------
    pathlib.Path
        Path of the model file.

    Raises
    ------
    ValueError
        If `path` has another ending, or the card holds a key that is added here or a value that
        JSON cannot hold.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"save_run: {path.name} ends in {path.suffix!r}; expected '.keras'")
    if taken := sorted(set(card) & set(_ADDED)):
        raise ValueError(f"save_run: the card holds {', '.join(taken)}, which save_run adds itself")
    with paths.atomic_path(path) as part:
        model.save(part)
        added = {
            "track": _track(model),
            "inputs": {tensor.name: list(tensor.shape) for tensor in model.inputs},
            "outputs": {name: list(t.shape) for name, t in _named_outputs(model).items()},
            "provenance": paths.provenance(),
            "model_sha256": paths.sha256(part),
        }
        text = _as_json({**card, **added})
        # The old card goes first: a crash between the two leaves a model without a card, which
        # load_run refuses, never one with the card of another model.
        card_path(path).unlink(missing_ok=True)
    with paths.atomic_path(card_path(path)) as part:
        part.write_text(text, encoding="utf-8")
    return path


def load_run(path: str | Path, *, expect: Mapping[str, Any] | None = None) -> Run:
    """Read a model and its card, in Keras's safe mode.

    Parameters
    ----------
    path : str or pathlib.Path
        Model file, ending in ``.keras``.
    expect : dict or None
        Keys of the card and the values they must have, such as
        ``{"rna_alphabet": "ACGU", "rna_length": 100}``.

    Returns
    -------
    Run
        Model and card.

    Raises
    ------
    ValueError
        If a file is missing, truncated or of another kind, if the card belongs to another model
        file, or if it does not hold what is expected.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no model file there. Run the training notebook first")
    card = _read_card(card_path(path), path)
    for key, value in (expect or {}).items():
        _check_expected(path, card, key, value)
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: not a whole Keras model file ({path.stat().st_size} bytes, found no zip "
            "archive). It may be cut short or be of another kind; train or copy it again"
        )
    if card.get("model_sha256") != (found := paths.sha256(path)):
        raise ValueError(
            f"{path}: its sha256 is {found}, its card says {card.get('model_sha256')}. "
            "The model or the card has been replaced or damaged; train or copy both again"
        )
    _register_layers(path, card.get("track"))
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: Keras cannot read this model: {error}. It may hold code (which is refused) "
            "or layers that this version does not have; train it again"
        ) from error
    return Run(model, card)


def _check_expected(path: Path, card: Mapping[str, Any], key: str, value: Any) -> None:
    if key not in card:
        raise ValueError(
            f"{card_path(path)}: the card says nothing of {key!r}; expected {value!r}. "
            "Train the model again with this version"
        )
    if card[key] != json.loads(json.dumps(value)):
        raise ValueError(
            f"{path}: this model was trained with {key} = {card[key]!r}, but {value!r} is asked "
            "for here. Use the model that fits the data, or train one that does"
        )


def _read_card(path: Path, model: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(
            f"{model}: its card {path.name} is missing. A model without its card cannot be "
            "trusted to read these letters: copy both files, or train again"
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a whole JSON file ({error}); train or copy it again") from error
    if not isinstance(card, dict):
        raise ValueError(f"{path}: holds a JSON {type(card).__name__}; expected an object")
    return card


def _named_outputs(model: keras.Model) -> dict[str, Any]:
    names = getattr(model, "output_names", None) or [t.name for t in model.outputs]
    return dict(zip(names, model.outputs, strict=True))


def _as_json(card: Mapping[str, Any]) -> str:
    try:
        return json.dumps(card, indent=1, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"save_run: the card holds a value that JSON cannot hold ({error}); give plain "
            "numbers, words, lists and dicts"
        ) from error


def _register_layers(path: Path, track: Any) -> None:
    """Import the layers that saved models of a track are made of, and those that tracks share."""
    importlib.import_module("helpers.models.layers")
    if track is not None:
        name = f"helpers.tracks.{track}.network"
        if not (isinstance(track, str) and track.isidentifier() and importlib.util.find_spec(name)):
            raise ValueError(
                f"{card_path(path)}: the card names the track {track!r}, which this version does not have. "
                "Train the model again, or install the version that the card names"
            )
        importlib.import_module(name)


def _track(model: keras.Model) -> str | None:
    """The track whose layers a model holds, found by where they are defined."""
    modules = {type(layer).__module__ for layer in model._flatten_layers()}
    found = {name.split(".")[2] for name in modules if name.startswith("helpers.tracks.")}
    if len(found) > 1:
        raise ValueError(
            f"save_run: the model holds layers of {', '.join(sorted(found))}; expected one track"
        )
    return found.pop() if found else None
