"""A run on disk: the model, and beside it a card that says what it is a model of."""

from __future__ import annotations

import importlib
import importlib.util
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras

from helpers.project import paths

_ADDED = ("track", "inputs", "outputs", "provenance", "model_sha256")


class Run(NamedTuple):
    """A model, ready to predict (compile it to train it further), and what was written beside it."""

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

    What only further training would need, the state of the optimizer, is left out, and the rest is
    compressed: a third of the size.

    Parameters
    ----------
    path : str or pathlib.Path
        Model file, ending in ``.keras``.
    card : dict
        Plain values that JSON can hold: alphabets, lengths, data sha256, seed, metrics, a
        calibration (`Calibrator.to_card`). Names, shapes of inputs and outputs, versions and the
        model's sha256 are added.

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
        _write(part, model)
        names = getattr(model, "output_names", None) or [tensor.name for tensor in model.outputs]
        added = {
            "track": _track(model),
            "inputs": {tensor.name: list(tensor.shape) for tensor in model.inputs},
            "outputs": {name: list(one.shape) for name, one in zip(names, model.outputs, strict=True)},
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
    expect : dict or None
        Keys of the card and the values they must have, such as
        ``{"rna_alphabet": "ACGU", "rna_length": 100}``.

    Raises
    ------
    ValueError
        If a file is missing, truncated or of another kind, if the card belongs to another model
        file, or if it does not hold what is expected.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no model file there. Run the training notebook first")
    card = _read_card(card_path(path), path, expect or {})
    check_expected(path, card, expect or {})
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: not a whole Keras model file ({path.stat().st_size} bytes); train or copy it again"
        )
    if card.get("model_sha256") != (found := paths.sha256(path)):
        raise ValueError(
            f"{path}: its sha256 is {found}, its card says {card.get('model_sha256')}. Copy both again"
        )
    _register_layers(path, card.get("track"))
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: Keras cannot read this model: {error}. It may hold code; train it again"
        ) from error
    return Run(model, card)


def check_expected(path: Path, card: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    """Raise ValueError if a card lacks an expected key or holds another value than expected."""
    for key, value in expect.items():
        if key not in card:
            raise ValueError(
                f"{path}: the card says nothing of {key!r}; expected {value!r}. Train again with this version"
            )
        if card[key] != json.loads(json.dumps(value)):
            raise ValueError(
                f"{path}: trained with {key} = {card[key]!r}, but {value!r} is asked for here. Give a model "
                f"of that {key}, or train one"
            )


def check_model(
    what: object,
    model: keras.Model,
    reads: Sequence[tuple[int | None, ...]],
    *,
    gives: int,
    layers: Sequence[str] = (),
) -> None:
    """Check that a model, perhaps made elsewhere, is one that a notebook can ask.

    Parameters
    ----------
    what : object
        Its file, for the message.
    model : keras.Model
    reads : sequence of tuple
        Shape of each input without the rows: one-hot sequences are (positions, letters), and positions
        of None are any number, which a model built for one length does not take.
    gives : int
        Numbers of the one output for each row.
    layers : sequence of str
        Names of layers that are looked at.

    Raises
    ------
    ValueError
        That says what was found and what to give instead.
    """
    mend = "Give a model that the training notebook of this track wrote, or one built like it"
    found = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    shown, wanted = (_shapes(shapes) for shapes in (found, reads))
    if len(found) != len(reads) or not all(map(_takes, found, reads)):
        raise ValueError(f"{what}: the model reads {shown}; expected {wanted}, in this order. {mend}")
    if len(model.outputs) != 1:
        raise ValueError(
            f"{what}: the model has {len(model.outputs)} outputs; expected one. Save the one that is meant "
            "by itself: keras.Model(model.inputs, model.outputs[0])"
        )
    if (given := tuple(model.outputs[0].shape[1:])) != (gives,):
        raise ValueError(
            f"{what}: the model gives {_shapes([given])} numbers a row; expected {gives}. {mend}"
        )
    known = {layer.name for layer in model.layers}
    if missing := [name for name in layers if name not in known]:
        raise ValueError(
            f"{what}: the model has no layer named {', '.join(missing)}, which is looked at here. {mend}"
        )


def _takes(found: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(
        one is None or one == other for one, other in zip(found, wanted, strict=True)
    )


def _shapes(shapes: Sequence[Sequence[int | None]]) -> str:
    return " and ".join(" x ".join("any length" if n is None else str(n) for n in one) for one in shapes)


def _write(path: Path, model: keras.Model) -> None:
    """A model file without its optimizer, compressed."""
    optimizer, model.optimizer = getattr(model, "optimizer", None), None
    whole = path.with_name(f"{path.stem}_whole.keras")
    try:
        model.save(whole)
        with zipfile.ZipFile(whole) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for member in given.infolist():
                made.writestr(member, given.read(member), zipfile.ZIP_DEFLATED)
    finally:
        model.optimizer = optimizer
        whole.unlink(missing_ok=True)


def _read_card(path: Path, model: Path, expect: Mapping[str, Any]) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(
            f"{model}: its card {path.name} is missing. Copy both files, or, of a model made elsewhere, "
            "write one with helpers.training.save_run(file, model, card): it has to say in which order the "
            f"letters stood in training, such as card = {dict(expect) or {'rna_alphabet': 'ACGU'}}"
        )
    card = paths.read_json(path)
    if not isinstance(card, dict):
        raise ValueError(f"{path}: holds a JSON {type(card).__name__}; expected an object")
    return card


def _as_json(card: Mapping[str, Any]) -> str:
    try:
        return json.dumps(card, indent=1, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"save_run: the card holds a value that JSON cannot hold ({error}); give plain values"
        ) from error


def _register_layers(path: Path, track: Any) -> None:
    """Import the layers that saved models of a track are made of, and those that tracks share."""
    importlib.import_module("helpers.models.layers")
    if track is not None:
        name = f"helpers.tracks.{track}.network"
        if not (isinstance(track, str) and track.isidentifier() and importlib.util.find_spec(name)):
            raise ValueError(
                f"{card_path(path)}: the card names the track {track!r}, which this version does not have"
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
