"""siRNAs with measured efficacy, at their sites on their mRNAs; every record and row is accounted for.

Efficacy is the fraction of the mRNA that is silenced: 0 none, 1 all; measurement noise may carry
it a little beyond either end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.project import registry
from helpers.readers import fasta, own, tables
from helpers.readers.rows import Accounted
from helpers.sequences import homology
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy import efficacies
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE, context, locate

# Of the tidy table; `group` is the family of the mRNA (near copies are one), named after its first
# member; `start` is 0-based in memory and counts from 1 in a file, `mismatches` are their number.
PAIR = ["sirna_id", "mrna_id", "guide", "context", "start", "mismatches", "efficacy", "group"]
ROW = ["sirna_id", "mrna_id", "orientation", "start", "mismatches", "overhang", "status", "note", "line"]
RECORD = ["id", "sequence", "length", "status", "note", "line"]
LONGEST_MRNA = 110_000  # nt of the longest human mRNA (titin); a longer one is scored, with a note

LONGEST_GUIDE = 23  # nt; the first 19 pair, the others overhang

_ENDS = re.compile(r"^5['′]?-|-3['′]?$")
_DEOXY = re.compile(r"(-?[(\[]?d[Tt][)\]]?){1,2}$")
_LOWER_CASE = {
    "keep": "are read as part of the mRNA; if they are introns, set lower_case to 'remove'",
    "remove": "removed as introns",
}
_GENOMIC = "a genomic sequence with introns? It is scored as it is"


class Matching(NamedTuple):
    """How a guide is looked for on its mRNA."""

    max_mismatches: int = 3
    """Of its 19 paired residues, so many may not match."""
    lower_case: str = "keep"
    """As for `read_mrnas`."""
    turn_sense: bool = False
    """Whether a guide that was given as the sense strand is turned into its reverse complement."""


_MATCHING = Matching()


class Loaded(NamedTuple):
    """Pairs (columns `PAIR`), their mRNAs by id, what became of every row, what is to be said of the file.

    ``rows`` has ``sirna_id, mrna_id, orientation`` (antisense, sense, none), ``start`` (of the site,
    from 1; missing for none), ``mismatches`` (positions of the guide), ``overhang`` (of the guide as it
    was given), ``status`` (ok, changed, merged, rejected), ``note`` and ``line``.
    """

    pairs: pd.DataFrame
    mrnas: dict[str, str]
    rows: pd.DataFrame
    said: tuple[str, ...] = ()


def read_guides(path: str | Path) -> pd.DataFrame:
    r"""Guides of a FASTA file, 19 to 23 nt a record: the antisense strand, 5' to 3'.

    The first 19 nt are the core, which pairs; what follows is the overhang, also as ``dTdT``. The
    sequence has 21 nt: the core and two of the overhang, U where fewer were given.

    Returns
    -------
    pandas.DataFrame, columns=id, sequence, length, status, note, line, overhang
        One row a record, in the order of the file; ``rejected`` for one of another length or with
        an unknown residue, the note saying how to mend it. The second record of a name is numbered.
        ``length`` and ``overhang`` are those of the guide as it was given.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nCUAAUAUGUUAAUUGAUUUau\n>b\nCUAAUAUGUUAAUUGAUUUdTdT\n")
    >>> read_guides(path)[["sequence", "overhang", "status"]].values.tolist()
    [['CUAAUAUGUUAAUUGAUUUAU', 'AU', 'ok'], ['CUAAUAUGUUAAUUGAUUUUU', 'UU', 'changed']]
    """
    return guides_of(fasta.iter_fasta(path))


def guides_of(records: Iterable[fasta.Record]) -> pd.DataFrame:
    """Guides as `read_guides` gives those of a file."""
    return _overhanging(_read(records, _tidy_guide))


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
    return _read(fasta.iter_fasta(path), lambda text: _tidy_mrna("".join(text.split()), lower_case))


def read_records(
    mrna_fasta: str | Path, sirna_fasta: str | Path, *, lower_case: str = "keep"
) -> pd.DataFrame:
    """Guides and mRNAs of two FASTA files in one table, told apart by ``kind`` (siRNA, mRNA)."""
    guides, mrnas = read_guides(sirna_fasta), read_mrnas(mrna_fasta, lower_case=lower_case)
    both = pd.concat({"siRNA": guides[RECORD], "mRNA": mrnas}, names=["kind", None])
    return both.reset_index("kind").reset_index(drop=True)


def from_own(
    source: str | Path,
    *,
    columns: str | Mapping[str, str] = "",
    separator: str = "auto",
    sirna_fasta: str | Path = "",
    mrna_fasta: str | Path = "",
    matching: Matching = _MATCHING,
    report: str | Path | None = None,
) -> Loaded:
    """Pairs from a table of efficacies of one's own and the FASTA file of its mRNAs.

    A guide that was given as the sense strand is turned if `matching` says so, else its row is
    rejected; either way the note says so. Rows of one guide on one mRNA whose efficacies are more
    than 0.2 apart are all rejected; those that agree are one row, their mean.

    Parameters
    ----------
    source : str or pathlib.Path
        A table (CSV, TSV, ...; gzip, too) with the columns ``mRNA`` (an id), ``efficacy`` (the
        fraction silenced: 0 none, 1 all), and ``siRNA`` (an id of `sirna_fasta`) or ``guide`` (its
        sequence; then ``siRNA`` may be left out).
    columns, separator
        As for `helpers.readers.own.read_table`.
    sirna_fasta : str or pathlib.Path
        Guides by their ids (see `read_guides`); empty if the table has the column ``guide``.
    mrna_fasta : str or pathlib.Path
        mRNAs by their ids.
    matching : Matching
    report : str or pathlib.Path
        `Loaded.rows` is written there, also when a fault in the data stops the reading.

    Raises
    ------
    ValueError
        If a file cannot be read, no row is left, or the efficacies look like percentages or like
        what remains of the mRNA.
    """
    if not str(mrna_fasta):
        raise ValueError(
            "mrna_fasta is empty; give the FASTA file of the mRNAs that the guides were tried on"
        )
    mrnas = read_mrnas(mrna_fasta, lower_case=matching.lower_case).set_index("id").to_dict("index")
    ours = ["mRNA", "efficacy"]
    read = own.read_table(
        source,
        required=["siRNA", *ours] if str(sirna_fasta) else ours,
        optional=() if str(sirna_fasta) else ["guide", "siRNA"],
        columns=columns, separator=separator,
    )  # fmt: skip
    _report(report, read.table)
    values = own.numbers(read, "efficacy")
    guides = _guides_of(read.table, source, sirna_fasta)
    rows: list[dict[str, Any]] = []
    kept, used = [], {}
    for row, efficacy in zip(read.table.to_dict("records"), values, strict=True):
        named = {"sirna_id": row["siRNA"], "mrna_id": row["mRNA"]}
        outcome = named | {"orientation": "none", "start": pd.NA, "mismatches": "", "overhang": ""}
        told = _unreadable(row, guides, mrnas, is_number=np.isfinite(efficacy))
        rows.append(outcome | {"status": "rejected", "note": told, "line": row["line"]})
        if told:
            continue
        mrna, given = mrnas[row["mRNA"]]["sequence"], guides[row["siRNA"]]
        guide, site, turned = locate(
            given["sequence"], mrna, max_mismatches=matching.max_mismatches, turn_sense=matching.turn_sense
        )
        about = {"note": site.note, "overhang": given["overhang"]}
        rows[-1] |= about | {"orientation": "sense" if turned else site.orientation}
        if site.orientation != "antisense":
            continue
        said = "given as the sense strand, turned into the antisense strand" if turned else ""
        changed = turned or (given["status"] == "changed" and given["length"] != GUIDE)
        rows[-1] |= {
            "start": site.start + 1,
            "mismatches": " ".join(map(str, site.mismatches)),
            "status": "changed" if changed else "ok",
            "note": "; ".join(filter(None, [given["note"], said, site.note])),
        }
        wrong = sum(position <= CORE for position in site.mismatches)
        place = context(mrna, site.start), site.start, wrong
        kept.append((*named.values(), guide, *place, float(efficacy), row["mRNA"]))
        used[row["mRNA"]] = mrna
    table = pd.DataFrame(rows, columns=ROW).astype({"start": "Int64"})
    pairs, told = efficacies.agreeing(pd.DataFrame(kept, columns=PAIR), Accounted(table))
    pairs = efficacies.merged(pairs, told)
    _report(report, told)
    efficacies.check_fractions(
        values, str(source), next((t for t in read.said if t.startswith("efficacy: their")), "")
    )
    if pairs.empty:
        why = f". Of the first: {told['note'].iloc[0]}" if rows else ""
        raise ValueError(f"{source}: no row of {len(rows)} could be used{why}")
    used = {name: used[name] for name in pairs["mrna_id"].unique()}
    loaded = Loaded(pairs.assign(group=pairs["mrna_id"].map(_families(used))), used, told)
    return loaded._replace(said=(*read.said, *_said_of(loaded)))


def _report(path: str | Path | None, rows: pd.DataFrame) -> None:
    if path:
        tables.write_table(path, rows)


def _guides_of(table: pd.DataFrame, source: str | Path, sirna_fasta: str | Path) -> dict[str, dict]:
    """Guides by the ids in ``siRNA``, which is filled where the table itself holds the sequences."""
    if str(sirna_fasta):
        return read_guides(sirna_fasta).set_index("id").to_dict("index")
    if len(table) and not table["guide"].str.strip().any():
        raise ValueError(
            f"{source}: no sequences of siRNAs; expected a column guide with them. Name yours, such as "
            "columns = 'guide=my column', or give sirna_fasta, their FASTA file"
        )
    unnamed = table["siRNA"].str.strip().str.lower().isin(["", *tables.MISSING])
    table["siRNA"] = table["siRNA"].where(~unnamed, "line_" + table["line"].astype(str))
    # One name may stand for one sequence only; a second one gets its line.
    other = table.groupby("siRNA")["guide"].transform("first") != table["guide"]
    table["siRNA"] = table["siRNA"].where(~other, table["siRNA"] + "_line_" + table["line"].astype(str))
    rows = [
        (name, found.sequence, len(found.sequence), found.status, found.note, line)
        for name, found, line in zip(
            table["siRNA"], map(_tidy_guide, table["guide"]), table["line"], strict=True
        )
    ]
    found = _overhanging(pd.DataFrame(rows, columns=RECORD))
    return found.drop_duplicates("id").set_index("id").to_dict("index")


def _said_of(loaded: Loaded) -> list[str]:
    """What is to be said of the guides as a whole: overhangs by a rule, and repeats."""
    rows = loaded.rows
    numbers = {
        f"the core of {CORE} nt is read with two of the overhang, U where fewer were given": (
            (rows["orientation"] != "none") & (rows["overhang"].str.len() != GUIDE - CORE)
        ),
        f"the same guide on one mRNA with efficacies more than {efficacies.REPEAT:g} apart: all set aside": (
            rows["note"].str.contains("the same guide on one mRNA stands with", regex=False)
        ),
        "the same guide on one mRNA: merged into the first, their mean": rows["status"] == "merged",
    }
    return [f"{n} rows: {what}" for what, chosen in numbers.items() if (n := int(chosen.sum()))]


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
    return from_own(
        paths["sirna_mrna_efficacy.csv"], sirna_fasta=paths["sirna_1.fas"], mrna_fasta=paths["mRNA_1.fas"]
    )


def write(folder: str | Path, loaded: Loaded) -> list[Path]:
    """Write pairs and mRNAs for the next notebook: ``pairs.csv`` and ``mrnas.fasta``."""
    return [
        tables.write_table(Path(folder) / "pairs.csv", loaded.pairs.assign(start=loaded.pairs["start"] + 1)),
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
    numbers["start"] -= 1
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


def _read(records: Iterable[fasta.Record], tidy: Callable[[str], fasta.Cleaned]) -> pd.DataFrame:
    """Records of a FASTA file; ids are not empty and stand once each, said where they were made so."""
    records = list(records)
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
    """A guide of 19 to 23 nt as RNA; ``dT``, and marks of sugars and ends, are read as letters."""
    plain = _ENDS.sub("", "".join(text.split()))
    if re.fullmatch(r"([rd][ACGUT])+", plain):
        plain = plain[1::2]
    plain = _DEOXY.sub(lambda found: "T" * found[0].count("d"), plain)
    # The overhang is written in lower case by custom; that is no change to speak of.
    cleaned = fasta.clean(plain[:CORE] + plain[CORE:].upper(), RNA)
    size, place = len(cleaned.sequence), cleaned.sequence.find(RNA.unknown) + 1
    why = ""
    if re.search(r"[mf][ACGU]", plain):
        why = "it has marks of modified residues (mU, fC); write the letters alone"
    elif not CORE <= size <= LONGEST_GUIDE:
        way = "cut it to the 21 nt that are loaded" if size > LONGEST_GUIDE else "give all its nt"
        why = f"the siRNA has {size} nt; expected {CORE} to {LONGEST_GUIDE}: a core of {CORE} and its "
        why += f"overhang. Give the antisense strand 5' to 3', and {way}"
    elif place:
        why = f"position {place} is unknown (N); a siRNA is ordered with every residue known"
    if cleaned.status == "rejected" or why:
        return cleaned if cleaned.status == "rejected" else cleaned._replace(status="rejected", note=why)
    said = [cleaned.note, "" if plain == text else "blanks, or marks of sugars and ends, taken off"]
    if size != GUIDE:
        tail = "the first two of the overhang" if size > GUIDE else "U where the overhang lacks letters"
        said.append(f"{size} nt: the core of {CORE} with {tail}")
    note = "; ".join(filter(None, said))
    return fasta.Cleaned(cleaned.sequence, "changed" if note else "ok", note)


def _overhanging(guides: pd.DataFrame) -> pd.DataFrame:
    """Guides that can be used with the 21 nt that are read, and their overhangs as they were given."""
    usable = guides["status"] != "rejected"
    overhang = guides["sequence"].str.slice(CORE).where(usable, "")
    read = guides["sequence"].str.slice(0, CORE) + (overhang + "UU").str.slice(0, GUIDE - CORE)
    return guides.assign(overhang=overhang, sequence=read.where(usable, guides["sequence"]))


def _tidy_mrna(text: str, lower_case: str) -> fasta.Cleaned:
    capitals = "".join(letter for letter in text if not letter.islower())
    said = []
    if lower := len(text) - len(capitals) if capitals else 0:
        said = [f"{lower:,} lower-case nt " + _LOWER_CASE[lower_case]]
        text = capitals if lower_case == "remove" else text
    sequence, status, note = fasta.clean(text.upper(), RNA)
    if status != "rejected" and len(sequence) < CORE:
        status = "rejected"
        note = f"the mRNA has {len(sequence)} nt, fewer than the {CORE} that pair; give the whole mRNA"
    elif status != "rejected" and len(sequence) > LONGEST_MRNA:
        said.append(f"{len(sequence):,} nt is longer than any human mRNA: {_GENOMIC}")
    if said and status == "ok" and lower_case == "remove":
        status = "changed"
    return fasta.Cleaned(sequence, status, "; ".join(filter(None, [*said, note])))


def _unreadable(row: dict, guides: dict[str, dict], mrnas: dict[str, dict], *, is_number: bool) -> str:
    """Why a row of the table cannot be used, or nothing."""
    if row["status"] == "rejected":
        return str(row["note"])
    for kind, found in (("siRNA", guides), ("mRNA", mrnas)):
        name = row[kind]
        if name not in found:
            return f"the {kind} {name!r} is not in the FASTA file; add it or correct the id"
        if found[name]["status"] == "rejected":
            return f"{kind} {name}: {found[name]['note']}"
    if not is_number:
        why = f"; {row['note']}" if row["note"] else ""
        return f"efficacy is {row['efficacy']!r}; expected a number, the fraction silenced{why}"
    return ""
