"""Checks of the tidy tables that pictures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def need(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Check that a table has the columns a picture is drawn from.

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
    """Split a tidy table by its column `model`, in the order of first appearance.

    A table without that column is one model without a name.
    """
    if "model" not in table.columns:
        return {"": table}
    return {str(name): part for name, part in table.groupby("model", sort=False)}
