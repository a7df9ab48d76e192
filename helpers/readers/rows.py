"""A table that accounts for every row of the input: what became of it, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.readers import tables
from helpers.readers.fasta import Other, clean_column
from helpers.sequences.alphabet import Alphabet

STATUSES = ("ok", "changed", "rejected")
"""What may become of a row, from best to worst."""


class Row(dict[str, Any]):
    """Cells of one row by their columns; `name` is the row's index in the table."""

    name: Any


Note = str | Callable[[Row], str]
"""What is said of some rows: the same of all, or made from each row."""
_NUMBER = r"(?<![A-Za-z\d'])\d+(?![A-Za-z\d'])"
"""Digits, but not those in quotes ('7'), in a word (m6A) or before a prime (5')."""


def alike(notes: pd.Series) -> pd.Series:
    """Notes with ``n`` in place of each number in which like notes differ, so that they can be counted.

    Examples
    --------
    >>> alike(pd.Series(["5 nt long; label 0 or 1", "7 nt long; label 0 or 1", "holds '7'"])).tolist()
    ['n nt long; label 0 or 1', 'n nt long; label 0 or 1', "holds '7'"]
    """

    def written(part: pd.Series) -> str:
        """The one text that stands for all notes that differ in numbers alone."""
        places = zip(*part.str.findall(_NUMBER), strict=True)
        kept = iter(["n" if len(set(place)) > 1 else place[0] for place in places])
        return re.sub(_NUMBER, lambda _: next(kept), str(part.iloc[0]))

    kinds = notes.str.replace(_NUMBER, "n", regex=True)
    return kinds.map({kind: written(part) for kind, part in notes.groupby(kinds)})


def contradictions(
    table: pd.DataFrame, keys: Sequence[str], value: str, *, tolerance: float = 0.0
) -> np.ndarray:
    """Which rows share their `keys` with a row of another value; none of such rows can be trusted.

    Parameters
    ----------
    table : pandas.DataFrame
    keys : sequence of str
        Columns that name one thing: both sequences of a pair, a guide and its mRNA, a gene.
    value : str
        Column of labels, or of measured values with a `tolerance`.
    tolerance : float
        Measured values of one thing may differ by this much from lowest to highest.

    Returns
    -------
    numpy.ndarray, shape=(len(table),), dtype=bool
        True for every row of a thing whose values contradict each other, the first one, too.

    Examples
    --------
    >>> pairs = pd.DataFrame({"rna": ["A", "A", "C", "C"], "label": [1, 0, 1, 1]})
    >>> contradictions(pairs, ["rna"], "label").tolist()
    [True, True, False, False]
    """
    groups = table.groupby(list(keys), sort=False)[value]
    if tolerance:
        return (groups.transform("max") - groups.transform("min") > tolerance).to_numpy(dtype=bool)
    return (groups.transform("nunique") > 1).to_numpy(dtype=bool)


class Accounted:
    """Rows with a status (`STATUSES`) and a note; a row that is rejected once stays rejected.

    Parameters
    ----------
    table : pandas.DataFrame
        Copied. ``status`` and ``note`` are added ("ok" and empty) where they are not there.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> rows = Accounted(pd.DataFrame({"seq": ["acgu", "AC-U", "ACGU"], "label": ["0", "1", "?"]}))
    >>> rows.clean("seq", RNA)
    >>> rows.reject(~rows.table["label"].isin(["0", "1"]), lambda row: f"label is {row['label']!r}")
    >>> rows.table["status"].tolist(), rows.table["note"].iloc[2]
    (['changed', 'rejected', 'rejected'], "label is '?'")
    >>> rows.table["seq"][rows.usable].tolist()
    ['ACGU']
    """

    def __init__(self, table: pd.DataFrame) -> None:
        added = {name: text for name, text in (("status", "ok"), ("note", "")) if name not in table}
        self.table = table.assign(**added).astype({"status": "str", "note": "str"})
        self.said: list[str] = []
        """What is to be said of the file as a whole: its separator, columns that were left."""

    @property
    def usable(self) -> pd.Series:
        """Which rows are not rejected."""
        return self.table["status"] != "rejected"

    def say(self, rows: ArrayLike, note: Note, *, changed: bool = False) -> None:
        """Add a note to the rows of a mask; with `changed`, those that were ok are changed ones."""
        self._mark(np.asarray(rows, dtype=bool), note, "changed" if changed else "ok")

    def reject(self, rows: ArrayLike, note: Note) -> None:
        """Reject the rows of a mask that are not yet; the note says why and how to mend it."""
        self._mark(np.asarray(rows, dtype=bool) & self.usable.to_numpy(), note, "rejected")

    def clean(
        self, column: str, alphabet: Alphabet, *, said: str = "", other: Other = "reject",
        max_length: int | None = None,
    ) -> None:  # fmt: skip
        """Clean a column's sequences (`helpers.readers.fasta.clean`); `said` goes before each note."""
        usable = self.usable.to_numpy()
        found = clean_column(self.table.loc[usable, column], alphabet, other=other, max_length=max_length)
        self.table.loc[usable, column] = found["sequence"]
        for status in STATUSES:
            chosen = usable.copy()
            chosen[usable] = (found["status"] == status) & (found["note"] != "")
            notes = found["note"][chosen[usable]]
            self._mark(chosen, (said + notes).tolist(), status)

    def reject_contradictions(
        self, keys: Sequence[str], value: str, *, what: str, tolerance: float = 0.0, mend: str = ""
    ) -> None:
        """Reject the usable rows of one `what` (the same `keys`) that contradict each other.

        The note ends with `mend`: what else than a contradiction it may be.
        """
        chosen = self.usable.to_numpy().copy()
        chosen[chosen] = contradictions(self.table[chosen], keys, value, tolerance=tolerance)
        if not chosen.any():
            return
        found = self.table[chosen]
        given = found[value].astype(str).groupby([found[key] for key in keys])
        note = f"the same {what} stands with {value} " + given.transform(
            lambda part: " and ".join(sorted(set(part)))
        )
        note += "; all its rows are set aside, since none is known to be right. Keep the one that you trust"
        note += mend
        self._mark(chosen, note.tolist(), "rejected")

    def counts(self) -> dict[str, int]:
        """How many rows there are, and how many of each status, as a reader would say it."""
        return {
            "rows in the input": len(self.table),
            "read as they are": self._number("ok"),
            "read after a change (see note)": self._number("changed"),
            "rejected (see note)": self._number("rejected"),
        }

    @contextmanager
    def reported(self, path: str | Path | None) -> Iterator[None]:
        """Write the rows, with what became of them so far, where a fault in the data stops the reading."""
        try:
            yield
        except ValueError:
            if path:
                tables.write_table(path, self.table)
            raise

    def check_any(self, source: object) -> None:
        """Raise ValueError, with the first row's reason, if no row can be used."""
        if not self.usable.any():
            first = self.table.iloc[0] if len(self.table) else {}
            line = f"line {first['line']}: " if "line" in first else ""
            reason = f" ({line}{first['note']})" if len(first) else ""
            raise ValueError(f"{source}: none of its {len(self.table)} rows can be used{reason}")

    def _number(self, status: str) -> int:
        return int((self.table["status"] == status).sum())

    def _mark(self, chosen: np.ndarray, note: Note | list[str], status: str) -> None:
        """Join the notes to those that are there, and let the worse status stand."""
        if not chosen.any():
            return
        part = self.table[chosen]
        if callable(note):
            note = [note(row) for row in _each(part)]
        notes: Any = pd.Series(note, index=part.index, dtype="str")
        self.table.loc[chosen, "note"] = part["note"].where(part["note"] == "", part["note"] + "; ") + notes
        worse = part["status"].map(STATUSES.index) < STATUSES.index(status)
        self.table.loc[chosen, "status"] = part["status"].where(~worse, status)


def _each(part: pd.DataFrame) -> Iterator[Row]:
    """Rows one by one; a pandas.Series for each would take twenty times as long."""
    names = list(map(str, part.columns))
    for name, cells in zip(
        part.index, zip(*(part[column] for column in part.columns), strict=True), strict=True
    ):
        row = Row(zip(names, cells, strict=True))
        row.name = name
        yield row
