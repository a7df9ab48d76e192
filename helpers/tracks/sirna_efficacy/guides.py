"""Parts of a guide and its target that are shuffled or mutated together, and the planted truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers.tracks.sirna_efficacy.importance import Slices
from helpers.tracks.sirna_efficacy.simulate import planted_pairs
from helpers.tracks.sirna_efficacy.target_sites import GUIDE, paired_position

_FAMILY = " + "


def position_units() -> dict[str, Slices]:
    """Each guide position with its partner in the target context.

    Returns
    -------
    dict of str to slices
        Inputs 0 (guide) and 1 (target) of the siamese network; names ``guide 1`` to ``guide 21``.

    Examples
    --------
    >>> position_units()["guide 1"]
    [(0, 0), (1, 38)]
    """
    return {f"guide {i + 1}": [(0, i), (1, paired_position(i))] for i in range(GUIDE)}


def family_units(
    families: Sequence[Sequence[str]], names: Sequence[str], *, which: int = 2
) -> dict[str, Slices]:
    """Families of named features, each a unit named after its members.

    Parameters
    ----------
    families : sequence of sequence of str
        As `helpers.tracks.sirna_efficacy.importance.clusters` gives them.
    names : sequence of str
        All features, in the order of the columns.
    which : int, optional
        Number of the input that holds the named features.

    Returns
    -------
    dict of str to slices
        Named by their members.

    Raises
    ------
    ValueError
        If a feature stands in two families.

    Examples
    --------
    >>> names = ["gc_core", "place", "energy_duplex"]
    >>> list(family_units([["gc_core", "energy_duplex"], ["place"]], names))
    ['gc_core + energy_duplex', 'place']
    """
    members = [name for family in families for name in family]
    if sorted(members) != sorted(names):
        raise ValueError(
            f"the families hold {len(members)} features and the columns are {len(names)}; expected "
            "every feature in one family"
        )
    columns = {name: place for place, name in enumerate(names)}
    return {
        _FAMILY.join(family): [(which, np.array([columns[name] for name in family]))] for family in families
    }


def planted_units(folder: str | Path, units: Sequence[str]) -> list[str]:
    """Which units are about a rule of the sample.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of the sample, with its ``truth_rule.json``.
    units : sequence of str
        Names of units, as `position_units` and `family_units` give them.

    Returns
    -------
    list of str
    """
    rule = json.loads((Path(folder) / "truth_rule.json").read_text(encoding="utf-8"))
    wanted = set(rule["features"]) | {f"guide {place}" for place in rule["rules"]["letters"]}
    return [unit for unit in units if wanted & set(unit.split(_FAMILY))]


def planted_maps(n: int) -> np.ndarray:
    """Pairs of positions whose mismatch costs efficacy in the sample, for each of n siRNAs.

    Returns
    -------
    numpy.ndarray, shape=(n, 21, 57), dtype=bool
    """
    return np.repeat(planted_pairs()[None], n, axis=0)


def at_partners(maps: np.ndarray) -> np.ndarray:
    """Values of maps where a guide position meets its partner.

    Parameters
    ----------
    maps : array, shape=(n, 21, 57)

    Returns
    -------
    numpy.ndarray, shape=(n, 21)

    Examples
    --------
    >>> at_partners(planted_maps(1))[0].nonzero()[0].tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    partners = np.array([paired_position(i) for i in range(GUIDE)])
    return np.asarray(maps)[:, np.arange(GUIDE), partners]
