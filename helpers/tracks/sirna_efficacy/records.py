"""FASTA files of guides and of mRNAs: every record has a row that says what became of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from helpers.readers.fasta import clean, iter_fasta
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE

COLUMNS = ["id", "sequence", "length", "status", "note", "line"]

LONGEST_MRNA = 110_000
"""Nucleotides of the longest human mRNA (titin); a longer sequence is scored, with a note."""

LOWER_CASE = ("keep", "remove")


def read_guides(path: str | Path) -> pd.DataFrame:
    r"""Guides of a FASTA file.

    Parameters
    ----------
    path : str or pathlib.Path
        FASTA, 21 nt a record: the antisense strand, 5' to 3', with its two overhanging residues
        (often in lower case, which changes nothing). DNA letters are read as RNA, and it is said.

    Returns
    -------
    pandas.DataFrame, columns=id, sequence, length, status, note, line
        One row a record, in the order of the file; ``rejected`` for one of another length or with
        an unknown residue, the note saying how to mend it. The second record of a name is
        numbered.

    Raises
    ------
    ValueError
        As `helpers.readers.fasta.iter_fasta`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nCUAAUAUGUUAAUUGAUUUau\n>b\nCUAAUAUGUUAAUUGAUUUA\n")
    >>> read_guides(path)["status"].tolist()
    ['ok', 'rejected']
    """
    rows = []
    for record in iter_fasta(path):
        # The overhang is written in lower case by custom; that is no change to speak of.
        text = record.sequence[:CORE] + record.sequence[CORE:].upper()
        sequence, status, note = clean(text, RNA)
        if status != "rejected" and (why := _unfit(sequence)):
            status, note = "rejected", why
        rows.append((record.id, sequence, len(sequence), status, note, record.line))
    return _named(pd.DataFrame(rows, columns=COLUMNS))


def read_mrnas(path: str | Path, *, lower_case: str = "keep") -> pd.DataFrame:
    r"""Target sequences of a FASTA file: the mRNAs.

    Parameters
    ----------
    path : str or pathlib.Path
        FASTA; DNA letters are read as RNA.
    lower_case : {"keep", "remove"}, optional
        What lower-case stretches inside a sequence with capitals are: parts of the mRNA (masked
        repeats, untranslated ends), or introns to be removed. Either way the note says how many.

    Returns
    -------
    pandas.DataFrame, columns=id, sequence, length, status, note, line
        One row a record; ``rejected`` for one shorter than a site.

    Raises
    ------
    ValueError
        As `helpers.readers.fasta.iter_fasta`, and if `lower_case` is neither of the two words.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nACGTACGTACGTACgtaagACGTACGTACGTA\n")
    >>> read_mrnas(path, lower_case="remove")[["length", "note"]].values.tolist()[0][0]
    27
    """
    if lower_case not in LOWER_CASE:
        raise ValueError(f"lower_case is {lower_case!r}; expected {' or '.join(LOWER_CASE)}")
    rows = []
    for record in iter_fasta(path):
        text = "".join(record.sequence.split())
        said, kept = _cases(text, lower_case)
        sequence, status, note = clean(kept, RNA)
        if status != "rejected" and len(sequence) < GUIDE:
            status = "rejected"
            note = f"the mRNA has {len(sequence)} nt, fewer than the {GUIDE} of a site; give the whole mRNA"
        elif status != "rejected" and len(sequence) > LONGEST_MRNA:
            said.append(
                f"{len(sequence):,} nt is longer than any human mRNA: a genomic sequence with "
                "introns? It is scored as it is"
            )
        if said and status == "ok":
            status = "changed" if lower_case == "remove" else status
        note = "; ".join([*said, *([note] if note else [])])
        rows.append((record.id, sequence, len(sequence), status, note, record.line))
    return _named(pd.DataFrame(rows, columns=COLUMNS))


def _cases(text: str, lower_case: str) -> tuple[list[str], str]:
    """What to say of lower-case letters among capitals, and the text to read."""
    lower = sum(letter.islower() for letter in text)
    if not lower or lower == len(text):
        return [], text.upper()
    if lower_case == "remove":
        kept = "".join(letter for letter in text if not letter.islower())
        return [f"{lower:,} lower-case nt removed as introns"], kept
    said = (
        f"{lower:,} lower-case nt are read as part of the mRNA; if they are introns, set "
        "lower_case to 'remove'"
    )
    return [said], text.upper()


def _unfit(sequence: str) -> str:
    if len(sequence) != GUIDE:
        way = "cut it to" if len(sequence) > GUIDE else "give it with its two overhanging nt:"
        return (
            f"the siRNA has {len(sequence)} nt; expected exactly {GUIDE}. Give the antisense "
            f"strand 5' to 3', {way} {GUIDE} nt"
        )
    if "N" in sequence:
        place = sequence.index("N") + 1
        return f"position {place} is unknown (N); a siRNA is ordered with every residue known"
    return ""


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Ids that are not empty and stand once each, said where they were made so."""
    seen: dict[str, int] = {}
    taken = set(table["id"])
    ids, notes = [], []
    for name, note, line in zip(table["id"], table["note"], table["line"], strict=True):
        added = ""
        new = name
        if not name:
            new, added = f"line_{line}", "the record has no name"
        elif name in seen:
            number = 2
            while f"{name}_{number}" in taken:
                number += 1
            new = f"{name}_{number}"
            taken.add(new)
            added = f"the name stands in line {seen[name]} already; called {new} here"
        seen.setdefault(name, line)
        ids.append(new)
        notes.append("; ".join(filter(None, [note, added])))
    return table.assign(id=ids, note=notes)
