"""Efficacies of a user's table: fractions silenced, and what several rows of one guide say together."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from helpers.readers.rows import Accounted

_HIGHEST = 1.5  # noise carries a fraction that far; percentages go beyond
REPEAT = 0.2  # efficacies of one guide on one mRNA, from lowest to highest, are noise up to this
# Names of columns that tell what is left of an mRNA, the opposite of what is silenced.
_REMAINS = re.compile(r"remain|residual|expression|mrna.?level|viab", re.IGNORECASE)


def check_fractions(values: pd.Series, source: str, named: str) -> None:
    """Raise ValueError where efficacies are no fractions silenced; what they are is never guessed."""
    if (found := values.dropna()).empty:
        return
    shown = f"{', '.join(f'{value:g}' for value in found[:4])}; from {found.min():g} to {found.max():g}"
    if found.max() > _HIGHEST:
        raise ValueError(
            f"{source}: efficacy is no fraction silenced ({shown}); expected 0 (none) to 1 (all). Divide "
            "percentages by 100; of what remains of the mRNA give 1 minus the fraction"
        )
    if _REMAINS.search(named.removeprefix("efficacy: their")):
        raise ValueError(
            f"{source}: {named} seems to hold what remains of the mRNA ({shown}); expected the fraction "
            "silenced. Give 1 minus it in a column efficacy; if it is silenced, give the column that name"
        )


def agreeing(pairs: pd.DataFrame, rows: Accounted) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs without guides that were measured twice on one mRNA with efficacies too far apart."""
    usable, columns = rows.usable, rows.table.columns
    if usable.any():
        rows.table.loc[usable, "guide"] = pairs["guide"].to_numpy()
        rows.table.loc[usable, "efficacy"] = pairs["efficacy"].to_numpy()
        keys = ["guide", "mrna_id"]
        rows.reject_contradictions(keys, "efficacy", what="guide on one mRNA", tolerance=REPEAT)
    kept = rows.usable[usable].to_numpy(dtype=bool)
    return pairs[kept].reset_index(drop=True), rows.table[columns]


def merged(pairs: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """One row for each guide on each mRNA, the mean of its values; `told` says so of its lines."""
    pairs = pairs.set_axis(np.flatnonzero(told["status"] != "rejected"))
    for _, part in pairs[pairs.duplicated(["guide", "mrna_id"], keep=False)].groupby(["guide", "mrna_id"]):
        lines = ", ".join(map(str, told.loc[part.index, "line"]))
        note = f"the same guide on one mRNA (lines {lines}): their mean stands in the first"
        said = told.loc[part.index, "note"]
        told.loc[part.index, "note"] = said.where(said == "", said + "; ") + note
        told.loc[part.index[1:], "status"] = "merged"
        pairs.loc[part.index[0], "efficacy"] = part["efficacy"].mean()
    return pairs.drop_duplicates(["guide", "mrna_id"], ignore_index=True)
