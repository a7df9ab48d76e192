"""How much an output moves when a part of its inputs is taken from another row; the planted truth.

A unit is a part of the inputs that is shuffled or mutated as one: which inputs (by number), and
which index of each behind its first axis.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, GUIDE, paired_position

Slices = Sequence[tuple[int, Any]]

_FAMILY = " + "
_PARTNERS = np.array([paired_position(place) for place in range(GUIDE)])


def permutation_importance(
    predict: Callable[[list[np.ndarray]], np.ndarray],
    inputs: Sequence[np.ndarray],
    units: Mapping[str, Slices],
    *,
    repeats: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Root mean square change of the output when a unit is shuffled among the rows.

    A unit may be several columns that belong together, such as features that say the same in
    other words: shuffled one by one, each would hide behind the others (Breiman 2001,
    doi:10.1023/A:1010933404324). Gives ``unit, importance`` (unit of the output), most important
    first.

    Examples
    --------
    >>> x = np.arange(12.0).reshape(6, 2)
    >>> units = {"first": [(0, 0)], "second": [(0, 1)]}
    >>> table = permutation_importance(lambda given: given[0][:, 0], [x], units)
    >>> table["unit"].tolist(), float(table["importance"].iloc[1])
    (['first', 'second'], 0.0)
    """
    arrays = [np.asarray(array) for array in inputs]
    if len(arrays[0]) < 2:
        raise ValueError(f"found {len(arrays[0])} rows; expected two or more to shuffle among")
    rng = np.random.default_rng(seed)
    before = np.asarray(predict(arrays))
    rows = []
    for name, slices in units.items():
        squares = []
        for _ in range(repeats):
            order = rng.permutation(len(arrays[0]))
            given = [array.copy() for array in arrays]
            for which, index in slices:
                given[which][:, index] = arrays[which][order][:, index]
            squares.append(np.mean(np.square(np.asarray(predict(given)) - before)))
        rows.append((name, float(np.sqrt(np.mean(squares)))))
    table = pd.DataFrame(rows, columns=["unit", "importance"])
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def clusters(values: np.ndarray, names: Sequence[str], *, at_least: float = 0.7) -> list[list[str]]:
    """Columns that say nearly the same, together: linked by an absolute Spearman correlation.

    Every name stands once, in the order of the columns; a column that never changes stands alone.

    Examples
    --------
    >>> x = np.array([[1.0, 2, 0], [2, 4, 1], [3, 6, 0], [4, 8, 1], [5, 9, 0]])
    >>> clusters(x, ["a", "twice a", "b"])
    [['a', 'twice a'], ['b']]
    """
    ranks = rankdata(np.asarray(values, dtype=float), axis=0)
    ranks = ranks - ranks.mean(axis=0)
    size = np.sqrt(np.sum(ranks**2, axis=0))
    unit = np.divide(ranks, size, out=np.zeros_like(ranks), where=size > 0)
    family = connected_components(np.abs(unit.T @ unit) >= at_least, directed=False)[1]
    return [
        [name for name, of in zip(names, family, strict=True) if of == each] for each in dict.fromkeys(family)
    ]


def position_units() -> dict[str, Slices]:
    """Each guide position with its partner in the target context, inputs 0 and 1 of the network.

    Examples
    --------
    >>> position_units()["guide 1"]
    [(0, 0), (1, 38)]
    """
    return {f"guide {i + 1}": [(0, i), (1, paired_position(i))] for i in range(GUIDE)}


def family_units(families: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, Slices]:
    """Families of named features (input 2), as `clusters` gives them, each named after its members.

    Examples
    --------
    >>> names = ["gc_core", "place", "energy_duplex"]
    >>> list(family_units([["gc_core", "energy_duplex"], ["place"]], names))
    ['gc_core + energy_duplex', 'place']
    """
    members = [name for family in families for name in family]
    if sorted(members) != sorted(names):
        raise ValueError(
            f"found {len(members)} features for {len(names)} columns; expected every feature once"
        )
    column = {name: place for place, name in enumerate(names)}
    return {_FAMILY.join(family): [(2, np.array([column[name] for name in family]))] for family in families}


def planted_units(folder: str | Path, units: Sequence[str]) -> list[str]:
    """Which of these units are about a rule of the sample, by the ``truth_rule.json`` in its folder."""
    rule = json.loads((Path(folder) / "truth_rule.json").read_text(encoding="utf-8"))
    wanted = set(rule["features"]) | {f"guide {place}" for place in rule["rules"]["letters"]}
    return [unit for unit in units if wanted & set(unit.split(_FAMILY))]


def planted_maps(places: Sequence[str]) -> np.ndarray:
    """Positions of guides, such as "2 5 9" for each, with their partners; bool, shape (n, 21, 57)."""
    maps = np.zeros((len(places), GUIDE, CONTEXT), dtype=bool)
    for one, named in zip(maps, places, strict=True):
        at = np.array([int(place) - 1 for place in named.split()], dtype=int)
        one[at, _PARTNERS[at]] = True
    return maps


def matched_score(
    outputs: Callable[[list[np.ndarray]], np.ndarray], inputs: Sequence[np.ndarray]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Function for `helpers.explain.counterfactual.gate` that changes guides and their partners together.

    Parameters
    ----------
    outputs : callable
        From inputs (guide, target, named) to a number a row.
    inputs : sequence of numpy.ndarray
        Of guides that match their targets; the mutants still do. The named features are held.
    """

    def score(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        target = inputs[1][rows]
        target[:, _PARTNERS] = X[:, :, ::-1]
        return outputs([X, target, inputs[2][rows]])

    return score


def position_changes(score: Callable[[np.ndarray, np.ndarray], np.ndarray], X: np.ndarray) -> np.ndarray:
    """Mean absolute change of a score when a position gets each of its other letters; shape (n, length).

    Examples
    --------
    >>> position_changes(lambda X, rows: X[:, 1, 0], np.eye(4)[[[0, 0]]]).tolist()
    [[0.0, 1.0]]
    """
    rows, found = np.arange(len(X)), np.zeros(X.shape[:2])
    before = score(X, rows)
    for place in range(X.shape[1]):
        for shift in range(1, X.shape[2]):
            mutants = X.copy()
            mutants[:, place] = np.roll(X[:, place], shift, axis=1)
            found[:, place] += np.abs(score(mutants, rows) - before) / (X.shape[2] - 1)
    return found


def at_partners(maps: np.ndarray) -> np.ndarray:
    """Values of maps, shape (n, 21, 57), where a guide position meets its partner: shape (n, 21).

    Examples
    --------
    >>> at_partners(planted_maps(["2 5 9"]))[0].nonzero()[0].tolist()
    [1, 4, 8]
    """
    return np.asarray(maps)[:, np.arange(GUIDE), _PARTNERS]
