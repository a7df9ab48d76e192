"""Checks and parts of the tidy tables that pictures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def need(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Check that a table has rows and the columns that a picture is drawn from.

    Raises
    ------
    ValueError
        If one is missing; the message names it and those that are there.
    """
    if missing := [column for column in columns if column not in table.columns]:
        raise ValueError(
            f"the {what} table has no column {missing[0]!r}; expected {', '.join(columns)}, "
            f"found {', '.join(map(str, table.columns)) or 'none'}"
        )
    if table.empty:
        raise ValueError(f"the {what} table has no row; expected at least one to draw")


def by_model(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A tidy table by its column `model`, in the order of first appearance; without it, one of no name."""
    if "model" not in table.columns:
        return {"": table}
    return {str(name): part for name, part in table.groupby("model", sort=False)}


def reach(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """How far an interval goes below and above each value, as error bars want it; never below 0.

    Examples
    --------
    >>> reach([1.0, 2.0], [0.5, 2.5], [1.5, 3.0]).tolist()
    [[0.5, 0.0], [0.5, 1.0]]
    """
    value, low, high = (np.asarray(part, dtype=float) for part in (value, low, high))
    return np.clip([value - low, high - value], 0, None)
