"""The card of a model: what it was trained on, and how well it did there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.project import paths


def shown(path: Path) -> list[str]:
    """The cards of a model, of its folder or of a card itself, as lines.

    Raises
    ------
    ValueError
        If there is no card.
    """
    # The card of the model that was kept stands above those of the models of single folds.
    places = (path, path / "model") if path.is_dir() else ()
    found = (
        [path] if path.suffix == ".json" else [one for at in places for one in sorted(at.glob("*card.json"))]
    )
    found = found or (sorted(path.rglob("*card.json")) if path.is_dir() else [])
    found = found or sorted(path.parent.glob(f"{path.name.partition('.')[0]}*card.json"))
    if not found:
        raise ValueError(
            f"{path} has no card; expected a folder that a training notebook wrote, with *card.json"
        )
    return [line for one in found for line in (paths.shown(one), *_lines(paths.read_json(one), "  "))]


def _lines(value: Any, indent: str) -> list[str]:
    """A card as indented lines; long lists are shortened to their number."""
    found = []
    for name, part in value.items():
        if isinstance(part, dict):
            found += [f"{indent}{name}:", *_lines(part, indent + "  ")]
        elif isinstance(part, list) and len(part) > 12:
            found.append(f"{indent}{name}: {len(part)} values")
        else:
            found.append(f"{indent}{name}: {part}")
    return found
