"""The results table of a track: the one place where its numbers live.

A row is one number. Where it is the mean of several runs, each with its own seed and its own
partition, ``runs`` says how many, ``sd`` is their spread, and ``seed`` is empty. ``near`` is the
share of its items that have a near copy in training, empty where that was not looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import paths

NAMED = ["dataset", "task", "protocol", "model"]
MEASURED = ["metric", "value", "ci_low", "ci_high", "n"]
LATER = {"runs": 1, "sd": np.nan, "near": np.nan}
"""Columns that an older table lacks, and what stands there for it: one run has no spread."""
COLUMNS = (*NAMED, *MEASURED, "seed", *LATER)
MINUS, DIFFERENCE = " - ", "_difference"
"""A difference stands in the table as the model "ours - trees" and the metric "auroc_difference"."""
KEY = [*NAMED, "metric", "seed"]
_NUMBERS = {name: [""] for name in ("value", "ci_low", "ci_high", "runs", "sd")}


def tidy(
    frame: pd.DataFrame, *, dataset: str, task: str = "", protocol: str, model: str, seed: int | None
) -> pd.DataFrame:
    """Rows of the results table (`COLUMNS`) from the metrics of one model under one protocol.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `classification`, `regression` or `explanation_auroc` give it; one run, unless it has the
        columns ``runs`` and ``sd``; with ``near`` the near share of its items.
    task : str
        A modification or a cell type, else empty.
    seed : int or None
        Not kept where there are several runs.

    Examples
    --------
    >>> frame = pd.DataFrame([("auroc", 0.9, 0.8, 1.0, 40)], columns=MEASURED)
    >>> tidy(frame, dataset="d", protocol="holdout", model="ours", seed=0).shape
    (1, 13)
    """
    if missing := [column for column in MEASURED if column not in frame]:
        raise ValueError(
            f"the frame lacks the columns {', '.join(missing)}; give what classification, "
            "regression or explanation_auroc return"
        )
    named = {"dataset": dataset, "task": task, "protocol": protocol, "model": model, "seed": seed}
    return _complete(frame.assign(**named))[list(COLUMNS)]


def differences(gain: pd.DataFrame, *, dataset: str, seed: int | None) -> pd.DataFrame:
    """Rows of the results table from `helpers.stats.scoring.compare`.

    With them a page or the README can say by `helpers.stats.verdicts` what was shown, without the
    predictions.

    Examples
    --------
    >>> gain = pd.DataFrame([("p", "ours", "trees", "auroc", 0.03, 0.01, 0.05, 40)],
    ...     columns=["protocol", "model", "minus", "metric", "value", "ci_low", "ci_high", "n"])
    >>> differences(gain, dataset="d", seed=0)[["model", "metric"]].values.tolist()
    [['ours - trees', 'auroc_difference']]
    """
    named = {"dataset": dataset, "seed": seed, "task": gain.get("task", "")}
    named["model"] = gain["model"] + MINUS + gain["minus"]
    return _complete(gain.assign(**named, metric=gain["metric"] + DIFFERENCE))[list(COLUMNS)]


def read_results(path: str | Path) -> pd.DataFrame:
    """Read what `write_results` wrote; an empty task is an empty string, an empty number missing.

    An older file, without `LATER`, is read as one of single runs.

    Raises
    ------
    ValueError
        If the file has other columns, or a value that is not a number.
    """
    empty = ["value", "ci_low", "ci_high", "sd", "near", "seed"]
    whole = ["n", "seed", "runs"]
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    _check_columns(table, str(path))
    table = table.assign(**{name: "1" if name == "runs" else "" for name in LATER if name not in table})
    for column in dict.fromkeys([*empty, *whole]):
        number = pd.to_numeric(table[column].replace("", "nan"), errors="coerce")
        bad = number.isna() & ~table[column].isin(["", "nan"] if column in empty else [])
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{path}, line {row + 2}, column {column}: found {table[column].iloc[row]!r}, "
                "expected a number. Delete the line and run the notebook that writes it"
            )
        table[column] = number
    return _complete(table)


def write_results(path: str | Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Write a results table, sorted by its key, in place of what the file held before.

    Rows without `LATER` are of one run; rows of several have no seed.

    Raises
    ------
    ValueError
        If columns or values are missing or a key stands twice.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame([("auroc", 0.9, 0.8, 1.0, 40)], columns=MEASURED)
    >>> rows = tidy(frame, dataset="d", protocol="holdout", model="ours", seed=0)
    >>> len(write_results(Path(tempfile.mkdtemp()) / "results.csv", rows))
    1
    """
    _check_columns(rows, "rows")
    rows = _complete(rows)
    gaps = rows[[*KEY, "n"]].isna()
    gaps["seed"] &= rows["runs"] == 1
    if gaps.any(axis=None):
        name = gaps.columns[gaps.any()][0]
        raise ValueError(
            f"rows, row {int(np.flatnonzero(gaps[name])[0])}, column {name}: the value is missing; "
            "expected one (an empty task is an empty string)"
        )
    if (twice := rows.duplicated(KEY)).any():
        key = rows.loc[twice, KEY].iloc[0].to_dict()
        raise ValueError(f"the result {key} stands twice in rows; keep one of them")
    ordered = rows.sort_values(KEY, ignore_index=True)
    with paths.atomic_path(path) as part:
        ordered.to_csv(part, index=False, lineterminator="\n")
    return ordered


def merge_results(parts: Sequence[str | Path], path: str | Path) -> pd.DataFrame:
    """Join what the notebooks of a track wrote, a file each, into the track's one table.

    A file with the column ``minus`` holds differences (`differences`), of the data set and the seed of
    the results table before it.
    """
    tables: list[pd.DataFrame] = []
    for part in parts:
        if "minus" not in pd.read_csv(part, nrows=0):
            tables.append(read_results(part))
            continue
        if not tables:
            raise ValueError(
                f"{part} holds differences; give the results table that they belong to before it"
            )
        seeds = tables[-1]["seed"].dropna()
        of = {"dataset": tables[-1]["dataset"].iat[0], "seed": int(seeds.iat[0]) if len(seeds) else None}
        tables.append(differences(pd.read_csv(part, keep_default_na=False, na_values=_NUMBERS), **of))
    return write_results(path, pd.concat(tables, ignore_index=True))


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with all columns, in their order; several runs have no seed of their own."""
    found = rows.assign(**{name: value for name, value in LATER.items() if name not in rows})
    found["runs"] = found["runs"].fillna(1).astype(np.int64)
    found = found.astype({"sd": np.float64, "near": np.float64})
    found["seed"] = found["seed"].astype("Int64").mask(found["runs"] > 1)
    if not found["n"].isna().any():
        found["n"] = found["n"].astype(np.int64)
    return found[[*(name for name in found if name not in LATER), *LATER]]


def _check_columns(table: pd.DataFrame, where: str) -> None:
    if [name for name in table if name not in LATER] != [*NAMED, *MEASURED, "seed"]:
        raise ValueError(
            f"{where} has the columns {', '.join(map(str, table.columns))}; "
            f"expected {', '.join(COLUMNS)}. Make the rows with results.tidy"
        )


if __name__ == "__main__":
    merge_results(sys.argv[2:], sys.argv[1])
