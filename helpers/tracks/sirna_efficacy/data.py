"""siRNAs with measured efficacy, at their sites on their mRNAs.

Efficacy is the fraction of the mRNA that is silenced: 0 none, 1 all; measurement noise may carry
it a little beyond either end.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import fasta, tables
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy import records
from helpers.tracks.sirna_efficacy.target_sites import context, find, turned

PAIR = ["sirna_id", "mrna_id", "guide", "context", "start", "mismatches", "efficacy", "group"]
"""Columns of the tidy table; `group` is the mRNA, `start` 0-based, `mismatches` their number."""

_ROW = ["sirna_id", "mrna_id", "orientation", "start", "mismatches", "status", "note", "line"]
_HIGHEST = 2.0


class Loaded(NamedTuple):
    """Pairs, their mRNAs, and what became of every row of the input.

    Attributes
    ----------
    pairs : pandas.DataFrame
        Columns `PAIR`, of every row whose guide was found on its mRNA.
    mrnas : dict of str to str
        The mRNAs by id, RNA letters.
    records : pandas.DataFrame
        One row for each record of the two FASTA files: ``kind`` (siRNA, mRNA), then as
        `helpers.tracks.sirna_efficacy.records` gives them.
    rows : pandas.DataFrame
        One row for each row of the input: ``sirna_id, mrna_id, orientation`` (antisense, sense,
        none), ``start`` (0-based, -1 for none), ``mismatches`` (positions of the guide),
        ``status`` (ok, changed, rejected), ``note``, ``line``.
    """

    pairs: pd.DataFrame
    mrnas: dict[str, str]
    fasta: pd.DataFrame
    rows: pd.DataFrame


def from_files(
    efficacy: str | Path,
    sirna_fasta: str | Path,
    mrna_fasta: str | Path,
    *,
    turn_sense: bool = False,
    max_mismatches: int = 3,
    lower_case: str = "keep",
) -> Loaded:
    """Pairs from a table of efficacies and two FASTA files.

    Parameters
    ----------
    efficacy : str or pathlib.Path
        CSV with the columns ``siRNA, mRNA, efficacy``: two ids, and the fraction silenced.
    sirna_fasta, mrna_fasta : str or pathlib.Path
        FASTA files that hold the ids.
    turn_sense : bool, optional
        Turn a guide that was given as the sense strand into its reverse complement; otherwise
        such a row is rejected. Either way its note says so.
    max_mismatches : int, optional
        Most mismatches of a guide with its site, within the 19 paired residues.
    lower_case : {"keep", "remove"}, optional
        As for `helpers.tracks.sirna_efficacy.records.read_mrnas`.

    Returns
    -------
    Loaded

    Raises
    ------
    ValueError
        If a file cannot be read, no row is left, or the efficacies look like percentages.
    """
    guides = records.read_guides(sirna_fasta).set_index("id")
    mrnas = records.read_mrnas(mrna_fasta, lower_case=lower_case).set_index("id")
    listed = tables.read_table(efficacy, required=["siRNA", "mRNA", "efficacy"])
    rows, kept = [], []
    for row in listed.itertuples(index=False):
        named = {"sirna_id": row.siRNA, "mrna_id": row.mRNA, "line": row.line}
        if why := _unreadable(row, guides, mrnas):
            rows.append(_rejected(named, why))
            continue
        guide, mrna = guides.at[row.siRNA, "sequence"], mrnas.at[row.mRNA, "sequence"]
        found = find(guide, mrna, max_mismatches=max_mismatches)
        notes = [guides.at[row.siRNA, "note"]]
        status = "ok"
        place = found
        if found.orientation == "sense" and turn_sense:
            guide = turned(guide, mrna, found)
            place = find(guide, mrna, max_mismatches=max_mismatches)
            notes.append("given as the sense strand, turned into the antisense strand")
            status = "changed"
        if place.orientation != "antisense":
            rows.append(_rejected(named | {"orientation": found.orientation}, found.note))
            continue
        notes.append(place.note)
        said = "; ".join(filter(None, notes))
        rows.append(
            named
            | {
                "orientation": found.orientation,
                "start": place.start,
                "mismatches": " ".join(map(str, place.mismatches)),
                "status": status,
                "note": said,
            }
        )
        kept.append(
            {
                "sirna_id": row.siRNA,
                "mrna_id": row.mRNA,
                "guide": guide,
                "context": context(mrna, place.start),
                "start": place.start,
                "mismatches": len([p for p in place.mismatches if p <= 19]),
                "efficacy": float(row.efficacy),
                "group": row.mRNA,
            }
        )
    pairs = pd.DataFrame(kept, columns=PAIR)
    _check_scale(pairs, efficacy)
    used = {name: mrnas.at[name, "sequence"] for name in dict.fromkeys(pairs["mrna_id"])}
    both = {"siRNA": guides.reset_index(), "mRNA": mrnas.reset_index()}
    said = pd.concat([t.assign(kind=kind) for kind, t in both.items()], ignore_index=True)
    return Loaded(pairs, used, said, pd.DataFrame(rows)[_ROW])


def from_registry(name: str = "sirna") -> Loaded:
    """A public data set, from the cache or the network.

    Parameters
    ----------
    name : {"sirna"}
        Name in the registry: 2,816 siRNAs against 41 mRNAs.

    Returns
    -------
    Loaded

    Raises
    ------
    ValueError
        If the data set is unknown, holds no siRNAs, or cannot be fetched.
    """
    if name in registry.names() and name != "sirna":
        raise ValueError(f"data set {name!r} holds no siRNAs; expected 'sirna'")
    paths = registry.fetch(name)
    return from_files(paths["sirna_mrna_efficacy.csv"], paths["sirna_1.fas"], paths["mRNA_1.fas"])


def write(loaded: Loaded, folder: str | Path) -> list[Path]:
    """Write pairs and mRNAs for the next notebook: ``pairs.csv`` and ``mrnas.fasta``.

    Returns
    -------
    list of pathlib.Path
    """
    folder = Path(folder)
    return [
        tables.write_table(folder / "pairs.csv", loaded.pairs),
        fasta.write_fasta(folder / "mrnas.fasta", list(loaded.mrnas.items())),
    ]


def read_pairs(path: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """Pairs that `write` wrote, and the mRNA of each row.

    Parameters
    ----------
    path : str or pathlib.Path
        ``pairs.csv``; ``mrnas.fasta`` is read beside it.

    Returns
    -------
    pairs : pandas.DataFrame
        Columns `PAIR`, index 0 to n - 1.
    mrnas : list of str
        The whole mRNA of each row.

    Raises
    ------
    ValueError
        If a row cannot be read, or an mRNA is missing; the message names the line.
    """
    path = Path(path)
    table = tables.read_table(path, required=PAIR)
    numbers = table[["start", "mismatches", "efficacy"]].apply(pd.to_numeric, errors="coerce")
    if (bad := numbers.isna().any(axis=1) | (table["status"] == "rejected")).any():
        first = table[bad].iloc[0]
        raise ValueError(
            f"{path}, line {first['line']}: start is {first['start']!r} and efficacy "
            f"{first['efficacy']!r}; expected numbers. Make the table with 01_explore_features"
        )
    whole = fasta.read_fasta(path.with_name("mrnas.fasta"), RNA).set_index("id")["sequence"]
    if missing := sorted(set(table["mrna_id"]) - set(whole.index)):
        raise ValueError(
            f"{path.with_name('mrnas.fasta')}: no record {missing[0]!r}, which {path.name} names. "
            "Make both with 01_explore_features"
        )
    pairs = table[PAIR].assign(**numbers).reset_index(drop=True)
    pairs[["start", "mismatches"]] = pairs[["start", "mismatches"]].astype(np.int64)
    return pairs, whole[pairs["mrna_id"]].tolist()


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows were read, in which orientation, and how many were rejected.

    Returns
    -------
    pandas.DataFrame
        ``what, rows``.
    """
    rows = loaded.rows
    counts = {"rows in the input": len(rows)}
    for word in ("antisense", "sense", "none"):
        what = {"none": "guide not found or row not readable"}.get(word, f"guide is {word}")
        counts[what] = int((rows["orientation"] == word).sum())
    counts["used"] = len(loaded.pairs)
    counts["rejected (see note)"] = int((rows["status"] == "rejected").sum())
    counts["with a mismatch"] = int((loaded.pairs["mismatches"] > 0).sum())
    counts["mRNAs"] = loaded.pairs["mrna_id"].nunique()
    return pd.DataFrame({"what": counts.keys(), "rows": counts.values()})


def _unreadable(row: tuple, guides: pd.DataFrame, mrnas: pd.DataFrame) -> str:
    """Why a row of the table cannot be used, or nothing."""
    if row.status == "rejected":  # type: ignore[attr-defined]
        return str(row.note)  # type: ignore[attr-defined]
    for name, found, kind in ((row.siRNA, guides, "siRNA"), (row.mRNA, mrnas, "mRNA")):  # type: ignore[attr-defined]
        if name not in found.index:
            return f"the {kind} {name!r} is not in the FASTA file; add it or correct the id"
        if found.at[name, "status"] == "rejected":
            return f"{kind} {name}: {found.at[name, 'note']}"
    try:
        value = float(row.efficacy)  # type: ignore[attr-defined]
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        return f"efficacy is {row.efficacy!r}; expected a number, the fraction silenced"  # type: ignore[attr-defined]
    return ""


def _rejected(named: dict, why: str) -> dict:
    plain = {"orientation": "none", "start": -1, "mismatches": ""}
    return plain | named | {"status": "rejected", "note": why}


def _check_scale(pairs: pd.DataFrame, path: str | Path) -> None:
    if pairs.empty:
        raise ValueError(
            f"{path}: no row could be used; the notes of the rows say why. Check that the ids are "
            "those of the FASTA files and the guides are antisense"
        )
    if (highest := pairs["efficacy"].max()) > _HIGHEST:
        raise ValueError(
            f"{path}: efficacy reaches {highest:g}; expected the fraction silenced, about 0 to 1. "
            "Divide percentages by 100"
        )
