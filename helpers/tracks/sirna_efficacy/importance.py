"""How much a model's output moves when a part of its inputs is taken from another row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Slices = Sequence[tuple[int, Any]]
"""Which inputs a unit takes from another row: number of the input, index behind the first axis."""


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
    doi:10.1023/A:1010933404324).

    Parameters
    ----------
    predict : callable
        From the list of inputs to outputs, shape=(n,).
    inputs : sequence of numpy.ndarray, shape=(n, ...)
    units : dict of str to sequence of (int, index)
        Name of each unit, and what of which inputs it is.
    repeats : int, optional
        Shuffles of each unit.
    seed : int, optional

    Returns
    -------
    pandas.DataFrame
        ``unit, importance`` (unit of the output), most important first.

    Raises
    ------
    ValueError
        If there are fewer than two rows.

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
    """Columns that say nearly the same, together: linked by a rank correlation.

    Parameters
    ----------
    values : numpy.ndarray, shape=(n, columns)
    names : sequence of str
    at_least : float, optional
        Absolute Spearman correlation from which two columns belong together.

    Returns
    -------
    list of list of str
        Every name once, in the order of the columns; a column that never changes stands alone.

    Examples
    --------
    >>> x = np.array([[1.0, 2, 0], [2, 4, 1], [3, 6, 0], [4, 8, 1], [5, 9, 0]])
    >>> clusters(x, ["a", "twice a", "b"])
    [['a', 'twice a'], ['b']]
    """
    ranks = pd.DataFrame(np.asarray(values, dtype=float)).rank().to_numpy()
    ranks = ranks - ranks.mean(axis=0)
    size = np.sqrt(np.sum(ranks**2, axis=0))
    unit = np.divide(ranks, size, out=np.zeros_like(ranks), where=size > 0)
    near = np.abs(unit.T @ unit) >= at_least
    left = list(range(len(names)))
    found = []
    while left:
        together = {left[0]}
        while True:
            more = {i for i in left if near[i, sorted(together)].any()} | together
            if more == together:
                break
            together = more
        found.append([names[i] for i in sorted(together)])
        left = [i for i in left if i not in together]
    return found
