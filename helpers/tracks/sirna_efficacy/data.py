"""siRNAs with measured efficacy, at their sites on their mRNAs; every record and row is accounted for.

Efficacy is the fraction of the mRNA that is silenced: 0 none, 1 all; measurement noise may carry
it a little beyond either end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import fasta, tables
from helpers.readers.rows import Accounted
from helpers.sequences import homology
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE, context, locate

# Of the tidy table; `group` is the family of the mRNA (near copies are one), named after its first
# member; `start` is 0-based, `mismatches` their number.
PAIR = ["sirna_id", "mrna_id", "guide", "context", "start", "mismatches", "efficacy", "group"]
RECORD = ["id", "sequence", "length", "status", "note", "line"]
LONGEST_MRNA = 110_000  # nt of the longest human mRNA (titin); a longer one is scored, with a note

_HIGHEST = 2.0
_REPEAT = 0.2  # efficacies of one guide on one mRNA, from lowest to highest, are noise up to this
_LOWER_CASE = {
    "keep": "are read as part of the mRNA; if they are introns, set lower_case to 'remove'",
    "remove": "removed as introns",
}
_GENOMIC = "a genomic sequence with introns? It is scored as it is"


class Loaded(NamedTuple):
    """Pairs (columns `PAIR`), their mRNAs by id, and what became of every row of the input.

    ``rows`` has ``sirna_id, mrna_id, orientation`` (antisense, sense, none), ``start`` (0-based, -1
    for none), ``mismatches`` (positions of the guide), ``status`` (ok, changed, merged, rejected),
    ``note`` and ``line``.
    """

    pairs: pd.DataFrame
    mrnas: dict[str, str]
    rows: pd.DataFrame


def read_guides(path: str | Path) -> pd.DataFrame:
    r"""Guides of a FASTA file, 21 nt a record: the antisense strand, 5' to 3', with its overhang.

    Returns
    -------
    pandas.DataFrame, columns=id, sequence, length, status, note, line
        One row a record, in the order of the file; ``rejected`` for one of another length or with
        an unknown residue, the note saying how to mend it. The second record of a name is numbered.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nCUAAUAUGUUAAUUGAUUUau\n>b\nCUAAUAUGUUAAUUGAUUUA\n")
    >>> read_guides(path)["status"].tolist()
    ['ok', 'rejected']
    """
    return _read(path, _tidy_guide)


def read_mrnas(path: str | Path, *, lower_case: str = "keep") -> pd.DataFrame:
    r"""MRNAs of a FASTA file, as `read_guides`; ``rejected`` for one shorter than a site.

    Parameters
    ----------
    path : str or pathlib.Path
    lower_case : {"keep", "remove"}
        What lower-case stretches inside a sequence with capitals are: parts of the mRNA (masked
        repeats, untranslated ends), or introns to be removed. Either way the note says how many.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nACGTACGTACGTACgtaagACGTACGTACGTA\n")
    >>> read_mrnas(path, lower_case="remove")["length"].tolist()
    [27]
    """
    if lower_case not in _LOWER_CASE:
        raise ValueError(f"lower_case is {lower_case!r}; expected {' or '.join(_LOWER_CASE)}")
    return _read(path, lambda text: _tidy_mrna("".join(text.split()), lower_case))


def read_records(
    mrna_fasta: str | Path, sirna_fasta: str | Path, *, lower_case: str = "keep"
) -> pd.DataFrame:
    """Guides and mRNAs of two FASTA files in one table, told apart by ``kind`` (siRNA, mRNA)."""
    guides, mrnas = read_guides(sirna_fasta), read_mrnas(mrna_fasta, lower_case=lower_case)
    both = pd.concat({"siRNA": guides, "mRNA": mrnas}, names=["kind", None])
    return both.reset_index("kind").reset_index(drop=True)


def from_files(
    efficacy: str | Path,
    sirna_fasta: str | Path,
    mrna_fasta: str | Path,
    *,
    turn_sense: bool = False,
    max_mismatches: int = 3,
    lower_case: str = "keep",
) -> Loaded:
    """Pairs from a table of efficacies (``siRNA, mRNA, efficacy``: two ids, a fraction) and two FASTA files.

    A guide that was given as the sense strand is turned into its reverse complement if `turn_sense`
    is set, else its row is rejected; either way the note says so. At most `max_mismatches` of the
    19 paired residues may not match. Rows of one guide on one mRNA whose efficacies are more than 0.2
    apart are all rejected; those that agree are one row, their mean.

    Raises
    ------
    ValueError
        If a file cannot be read, no row is left, or the efficacies look like percentages.
    """
    guides = read_guides(sirna_fasta).set_index("id").to_dict("index")
    mrnas = read_mrnas(mrna_fasta, lower_case=lower_case).set_index("id").to_dict("index")
    rows: list[dict[str, Any]] = []
    kept, used = [], {}
    for row in tables.read_table(efficacy, required=["siRNA", "mRNA", "efficacy"]).to_dict("records"):
        named = {"sirna_id": row["siRNA"], "mrna_id": row["mRNA"]}
        outcome = named | {"orientation": "none", "start": -1, "mismatches": "", "status": "rejected"}
        rows.append(outcome | {"note": _unreadable(row, guides, mrnas), "line": row["line"]})
        if rows[-1]["note"]:
            continue
        mrna = mrnas[row["mRNA"]]["sequence"]
        guide, site, turned = locate(
            guides[row["siRNA"]]["sequence"], mrna, max_mismatches=max_mismatches, turn_sense=turn_sense
        )
        rows[-1] |= {"orientation": "sense" if turned else site.orientation, "note": site.note}
        if site.orientation != "antisense":
            continue
        said = "given as the sense strand, turned into the antisense strand" if turned else ""
        rows[-1] |= {
            "start": site.start,
            "mismatches": " ".join(map(str, site.mismatches)),
            "status": "changed" if turned else "ok",
            "note": "; ".join(filter(None, [guides[row["siRNA"]]["note"], said, site.note])),
        }
        wrong = sum(position <= CORE for position in site.mismatches)
        place = context(mrna, site.start), site.start, wrong
        kept.append((*named.values(), guide, *place, float(row["efficacy"]), row["mRNA"]))
        used[row["mRNA"]] = mrna
    pairs, told = _agreeing(pd.DataFrame(kept, columns=PAIR), Accounted(pd.DataFrame(rows)))
    if pairs.empty:
        why = told["note"].iloc[0] if rows else "it holds none"
        raise ValueError(f"{efficacy}: no row could be used. Of the first: {why}")
    if (highest := pairs["efficacy"].max()) > _HIGHEST:
        raise ValueError(
            f"{efficacy}: efficacy reaches {highest:g}; expected about 0 to 1. Divide percentages by 100"
        )
    pairs = _merged(pairs, told)
    used = {name: used[name] for name in pairs["mrna_id"].unique()}
    return Loaded(pairs.assign(group=pairs["mrna_id"].map(_families(used))), used, told)


def _merged(pairs: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
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


def _families(mrnas: dict[str, str]) -> dict[str, str]:
    """First member of the family of each mRNA: near copies share a fifth or more of their 16-mers."""
    names = list(mrnas)
    found = homology.homology_groups(list(mrnas.values()), k=16, threshold=0.2, alphabet=RNA)
    first = dict(zip(found[::-1], names[::-1], strict=True))
    return {name: first[family] for name, family in zip(names, found, strict=True)}


def from_registry(name: str = "sirna") -> Loaded:
    """The public data set, from the cache or the network: 2,816 siRNAs against 41 mRNAs."""
    if name in registry.names() and name != "sirna":
        raise ValueError(f"data set {name!r} holds no siRNAs; expected 'sirna'")
    paths = registry.fetch(name)
    return from_files(paths["sirna_mrna_efficacy.csv"], paths["sirna_1.fas"], paths["mRNA_1.fas"])


def write(folder: str | Path, loaded: Loaded) -> list[Path]:
    """Write pairs and mRNAs for the next notebook: ``pairs.csv`` and ``mrnas.fasta``."""
    return [
        tables.write_table(Path(folder) / "pairs.csv", loaded.pairs),
        fasta.write_fasta(Path(folder) / "mrnas.fasta", list(loaded.mrnas.items())),
    ]


def read_pairs(path: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """Pairs that `write` wrote, and the whole mRNA of each row; ``mrnas.fasta`` is read beside them."""
    path = Path(path)
    table = tables.read_table(path, required=PAIR)
    numbers = table[["start", "mismatches", "efficacy"]].apply(pd.to_numeric, errors="coerce")
    if (bad := numbers.isna().any(axis=1) | (table["status"] == "rejected")).any():
        first = table[bad].iloc[0]
        raise ValueError(
            f"{path}, line {first['line']}: start is {first['start']!r} and efficacy "
            f"{first['efficacy']!r}; expected numbers. Run 01_explore_features"
        )
    source = path.with_name("mrnas.fasta")
    whole = fasta.read_fasta(source, RNA).set_index("id")["sequence"]
    if missing := sorted(set(table["mrna_id"]) - set(whole.index)):
        raise ValueError(f"{source}: lacks {missing[0]!r} of {path.name}; make both with 01_explore_features")
    pairs = table[PAIR].assign(**numbers).astype({"start": np.int64, "mismatches": np.int64})
    return pairs.reset_index(drop=True), whole[pairs["mrna_id"]].tolist()


def outcome(loaded: Loaded) -> pd.DataFrame:
    """How many rows were read, in which orientation, and how many were rejected: ``what, rows``."""
    rows, pairs = loaded.rows, loaded.pairs
    given = rows["orientation"].value_counts()
    counts = {
        "rows in the input": len(rows),
        "guide is antisense": given.get("antisense", 0),
        "guide is sense": given.get("sense", 0),
        "guide not found or row not readable": given.get("none", 0),
        "used": len(pairs),
        "merged with another value of the same guide": (rows["status"] == "merged").sum(),
        "rejected (see note)": (rows["status"] == "rejected").sum(),
        "with a mismatch": (pairs["mismatches"] > 0).sum(),
        "mRNAs": pairs["mrna_id"].nunique(),
        "families of mRNAs (near copies are one)": pairs["group"].nunique(),
    }
    return pd.DataFrame({"what": counts.keys(), "rows": map(int, counts.values())})


def _read(path: str | Path, tidy: Callable[[str], fasta.Cleaned]) -> pd.DataFrame:
    """Records of a FASTA file; ids are not empty and stand once each, said where they were made so."""
    records = list(fasta.iter_fasta(path))
    taken = {record.id for record in records}
    first: dict[str, int] = {}
    rows = []
    for record in records:
        (sequence, status, note), name, said = tidy(record.sequence), record.id, ""
        if not name:
            name, said = f"line_{record.line}", "the record has no name"
        elif name in first:
            name = next(new for i in count(2) if (new := f"{record.id}_{i}") not in taken)
            said = f"the name stands in line {first[record.id]} already; called {name} here"
            taken.add(name)
        first.setdefault(record.id, record.line)
        rows.append(
            (name, sequence, len(sequence), status, "; ".join(filter(None, [note, said])), record.line)
        )
    return pd.DataFrame(rows, columns=RECORD)


def _tidy_guide(text: str) -> fasta.Cleaned:
    # The overhang is written in lower case by custom; that is no change to speak of.
    cleaned = fasta.clean(text[:CORE] + text[CORE:].upper(), RNA)
    size, place = len(cleaned.sequence), cleaned.sequence.find(RNA.unknown) + 1
    if cleaned.status == "rejected" or (size == GUIDE and not place):
        return cleaned
    why = f"position {place} is unknown (N); a siRNA is ordered with every residue known"
    if size != GUIDE:
        way = "cut it to" if size > GUIDE else "give it with its two overhanging nt:"
        strand = f"Give the antisense strand 5' to 3', {way} {GUIDE} nt"
        why = f"the siRNA has {size} nt; expected exactly {GUIDE}. {strand}"
    return cleaned._replace(status="rejected", note=why)


def _tidy_mrna(text: str, lower_case: str) -> fasta.Cleaned:
    capitals = "".join(letter for letter in text if not letter.islower())
    said = []
    if lower := len(text) - len(capitals) if capitals else 0:
        said = [f"{lower:,} lower-case nt " + _LOWER_CASE[lower_case]]
        text = capitals if lower_case == "remove" else text
    sequence, status, note = fasta.clean(text.upper(), RNA)
    if status != "rejected" and len(sequence) < GUIDE:
        status = "rejected"
        note = f"the mRNA has {len(sequence)} nt, fewer than the {GUIDE} of a site; give the whole mRNA"
    elif status != "rejected" and len(sequence) > LONGEST_MRNA:
        said.append(f"{len(sequence):,} nt is longer than any human mRNA: {_GENOMIC}")
    if said and status == "ok" and lower_case == "remove":
        status = "changed"
    return fasta.Cleaned(sequence, status, "; ".join(filter(None, [*said, note])))


def _agreeing(pairs: pd.DataFrame, rows: Accounted) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs without guides that were measured twice on one mRNA with efficacies too far apart."""
    usable, columns = rows.usable, rows.table.columns
    if usable.any():
        rows.table.loc[usable, "guide"] = pairs["guide"].to_numpy()
        rows.table.loc[usable, "efficacy"] = pairs["efficacy"].to_numpy()
        keys = ["guide", "mrna_id"]
        rows.reject_contradictions(keys, "efficacy", what="guide on one mRNA", tolerance=_REPEAT)
    kept = rows.usable[usable].to_numpy(dtype=bool)
    return pairs[kept].reset_index(drop=True), rows.table[columns]


def _unreadable(row: dict, guides: dict[str, dict], mrnas: dict[str, dict]) -> str:
    """Why a row of the table cannot be used, or nothing."""
    if row["status"] == "rejected":
        return str(row["note"])
    for kind, found in (("siRNA", guides), ("mRNA", mrnas)):
        name = row[kind]
        if name not in found:
            return f"the {kind} {name!r} is not in the FASTA file; add it or correct the id"
        if found[name]["status"] == "rejected":
            return f"{kind} {name}: {found[name]['note']}"
    if not np.isfinite(pd.to_numeric(row["efficacy"], errors="coerce")):
        return f"efficacy is {row['efficacy']!r}; expected a number, the fraction silenced"
    return ""
