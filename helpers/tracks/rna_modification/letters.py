"""The letters of RNA with modified bases: which modification sits on which base, and how to read them.

Databases of RNA write a modified base as a letter or a sign of its own (MODOMICS, doi:10.1093/nar/gkad1083).
Such a letter is read as the base that is modified: taking it out would move every site behind it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from helpers.readers import fasta
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import RNA

MIXED = "holds both T and U; write one of them throughout"
"""Why a record is rejected that is neither RNA nor DNA."""


class Modification(NamedTuple):
    """A modification: its number in the public file names, the letter it sits on, its full name."""

    number: int
    base: str
    words: str


_NAMED = {
    "Am": ("A", "2'-O-methyladenosine"),
    "Cm": ("C", "2'-O-methylcytidine"),
    "Gm": ("G", "2'-O-methylguanosine"),
    "Um": ("U", "2'-O-methyluridine"),
    "m1A": ("A", "N1-methyladenosine"),
    "m5C": ("C", "5-methylcytidine"),
    "m5U": ("U", "5-methyluridine"),
    "m6A": ("A", "N6-methyladenosine"),
    "m6Am": ("A", "N6,2'-O-dimethyladenosine"),
    "Psi": ("U", "pseudouridine"),
}
MODIFICATIONS: Mapping[str, Modification] = MappingProxyType(
    {name: Modification(number, *said) for number, (name, said) in enumerate(_NAMED.items(), start=1)}
)
"""The ten modifications, in the order of the public files."""

PARENTS: Mapping[str, str] = MappingProxyType(
    {
        code: base
        for base, codes in {
            "A": '"/+=:^[`*6EHIO£±¡«»âÿœɿʍʩζηξχЖЧШѢϨϪỼ∞≈≠≡≤√⇓e',
            "C": "%'<>?}BM°¿ÇƢʤβλΛμντЩѴℵ∅",
            "G": "#(789;KLQRW|€¥æšʆγεςφϓΩ∉∑∠∨⊄⊆⊇⇑ℑ†y",
            "U": "!$&)12345]\\{DFJPSVXZ¼½¾ÊÐÞĦƑƕƝɮʭαδπρσυωΓΔΖΚΨψϿЮѶ∃∏∝∩∪∫≅≥⊥◊℘bfhlr",
        }.items()
        for code in codes
    }
)
"""The base of each code of MODOMICS, those of 2023 and the older ones (Sprinzl's) alike.

Where both use one sign for different bases (Y is pseudouridine or wybutosine), it is not listed and
stays unknown; a psi is read as pseudouridine.
"""
_ALSO_PLAIN = set("ACGTUNXRYSWKMBDHV*")
_PLAIN = re.compile("[ACGTUacgtu]")
_LEAST_PLAIN = 0.5


def parents(text: str) -> tuple[str, str]:
    """Read the letters of MODOMICS as their parent bases, and say which there were.

    A text is taken for such letters if it holds one that no plain RNA has (a digit alone may be a
    line number, R or Y an unknown base, so these do not count) and at least half of it is A C G U T.
    Any other text is given back as it is.

    Returns
    -------
    text, note : str
        As long as before; the note is empty where nothing was changed.

    Examples
    --------
    >>> parents("GCP=T")
    ('GCUAU', 'letters of modified bases read as their parent: 1 = as A, 1 P as U')
    >>> parents("GCRYT")
    ('GCRYT', '')
    """
    cased = _PLAIN.search(text) is not None and text == text.lower()
    given = text.upper() if cased else text
    coded = [letter for letter in given if letter in PARENTS]
    telling = {letter for letter in coded if letter not in _ALSO_PLAIN and not letter.isdigit()}
    if not telling or len(_PLAIN.findall(given)) < _LEAST_PLAIN * len(given):
        return text, ""
    counted = ", ".join(f"{n} {letter} as {PARENTS[letter]}" for letter, n in sorted(Counter(coded).items()))
    read = "".join(PARENTS.get(letter, letter) for letter in given).replace("T", "U")
    return read, f"letters of modified bases read as their parent: {counted}"


def mixed(text: str) -> bool:
    """Whether a text, as it was given, holds T as well as U."""
    return {"T", "U"} <= set(text.upper())


def clean(text: str) -> fasta.Cleaned:
    """Clean an RNA in which every letter has to keep its place.

    As `helpers.readers.fasta.clean`, but for letters of modified bases (`parents`); and of a record
    that cannot be read it is never said that letters should be taken out.

    Examples
    --------
    >>> clean("GGP=C").sequence, clean("GG-CU").status, clean("gtauc").note
    ('GGUAC', 'rejected', 'holds both T and U; write one of them throughout')
    """
    read, said = parents(text)
    if fault := _fault(read):
        return fasta.Cleaned(text, "rejected", fault)
    sequence, status, note = fasta.clean(read, RNA)
    changed = "changed" if said and status == "ok" else status
    return fasta.Cleaned(sequence, changed, "; ".join(filter(None, [said, note])))


def clean_column(rows: Accounted, column: str = "sequence") -> None:
    """Clean the usable RNAs of a column, each with its note, as `clean`."""
    found = {at: clean(text) for at, text in rows.table.loc[rows.usable, column].items()}
    for at, one in found.items():
        rows.table.at[at, column] = one.sequence
    for status in ("ok", "changed", "rejected"):
        said = [
            at in found and found[at].status == status and bool(found[at].note) for at in rows.table.index
        ]
        if status == "rejected":
            rows.reject(said, lambda row: found[row.name].note)
        else:
            rows.say(said, lambda row: found[row.name].note, changed=status == "changed")


def _fault(text: str) -> str:
    """Why a text cannot be read that Accounted would tell to take letters out, or nothing."""
    if mixed(text):
        return MIXED
    strange = re.search(r"[^A-Za-z\s]", text)
    if not strange:
        return ""
    letter = strange.group()
    kind = "a digit" if letter.isdigit() else "a gap" if letter in "-.~" else "no letter"
    mend = "write N where the base is not known: taking it out would move every site behind it"
    if letter.isdigit():
        mend = "take out line numbers; a modified base is written as the base, here " + PARENTS.get(
            letter, "N"
        )
    return f"position {strange.start() + 1} holds {letter!r} ({kind}); {mend}"
