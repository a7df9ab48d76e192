"""Sequence records: the cleaning rules, and FASTA files whose every record has a row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Literal, NamedTuple

import pandas as pd

from helpers.project.paths import atomic_path
from helpers.readers.lines import iter_lines, open_to_write
from helpers.sequences.alphabet import Alphabet

Other = Literal["reject", "unknown"]

_GAPS = "-.~"
_REMEDIES = {
    "a digit": "remove the numbering",
    "a gap": "remove the gaps of the alignment",
    "a stop": "cut the sequence there or correct its reading frame",
    "no letter": "remove it",
}
_PEPTIDE_ONLY = "EFILPQ"
_NUCLEOTIDE_LETTERS = frozenset("ACGTUN")
_SHORTEST_SUSPECT = 20
_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)


class Cleaned(NamedTuple):
    """What `clean` made of a sequence."""

    sequence: str
    """The sequence in the alphabet's letters; as given if it was rejected."""
    status: str
    """``ok``, ``changed`` (the note says what) or ``rejected`` (the note says why)."""
    note: str


class Record(NamedTuple):
    """One record of a FASTA file, as it stands there."""

    id: str
    description: str
    sequence: str
    line: int
    """Number of its header line, from 1."""


def clean(
    sequence: Any, alphabet: Alphabet, *, other: Other = "reject", max_length: int | None = None
) -> Cleaned:
    """Bring one sequence to the letters of an alphabet, and say what was done.

    ====================================== =============================================
    found                                  done
    ====================================== =============================================
    lower case                             written as upper case, said
    T in an RNA, U in a DNA                written as U, as T, said with the count
    blanks, tabs, line breaks              removed, said
    N (RNA, DNA), X (peptide)              kept as the unknown residue, counted in the note
    X and R Y S W K M B D H V (RNA, DNA)   written as N, said
    B Z J U O (peptide)                    written as X, said
    any other letter in an RNA or a DNA    rejected; written as N, said, if other="unknown"
    E F I L P Q in an RNA or a DNA         the same, and the note asks if it is a peptide
    over half of the letters other than    rejected: it looks like a peptide
    A C G T U N X in an RNA or a DNA
    20 letters or more, all of A C G T U N rejected: it looks like a nucleotide sequence
    in a peptide
    one * at the end of a peptide          removed, said
    * elsewhere, digits, gaps (- . ~), any rejected, with the position and the remedy
    other character
    nothing, or no text at all             rejected
    more letters than `max_length`         rejected
    ====================================== =============================================

    Parameters
    ----------
    sequence : str
        The sequence as the file has it; a missing value (None, NaN) is rejected, not raised.
    alphabet : Alphabet
        DNA, RNA or PEPTIDE.
    other : {"reject", "unknown"}, default="reject"
        What to do with a letter that is not in the alphabet, such as those of modified
        residues in a PDB file's sequence.
    max_length : int, optional
        Longest sequence to accept, in letters; any by default.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> clean("ACGU", RNA)
    Cleaned(sequence='ACGU', status='ok', note='')
    >>> clean("acgt N", RNA).sequence
    'ACGUN'
    >>> clean("ACG-U", RNA).note
    "position 4 holds '-' (a gap); remove the gaps of the alignment"
    """
    if other not in ("reject", "unknown"):
        raise ValueError(f"other is {other!r}; expected 'reject' or 'unknown'")
    if not isinstance(sequence, str):
        return _not_text(sequence)
    if _canonical(alphabet)(sequence) and (max_length is None or len(sequence) <= max_length):
        return Cleaned(sequence, "ok", "")
    text, changes = _tidy(sequence, alphabet)
    if not text:
        return Cleaned(sequence, "rejected", "the sequence is empty; expected at least one letter")
    letters = Counter(sorted(text))
    why = _wrong_character(sequence, letters) or _wrong_kind(letters, alphabet, other)
    if not why and max_length is not None and len(text) > max_length:
        why = f"the sequence has {len(text)} letters; expected at most {max_length}. Cut it"
    if why:
        return Cleaned(sequence, "rejected", why)
    text, further = _to_alphabet(text, letters, alphabet)
    changes += further
    unknown = letters[alphabet.unknown]
    seen = [f"{unknown} unknown ({alphabet.unknown})"] if unknown else []
    return Cleaned(text, "changed" if changes else "ok", "; ".join(changes + seen))


def clean_column(
    column: Iterable[Any], alphabet: Alphabet, *, other: Other = "reject", max_length: int | None = None
) -> pd.DataFrame:
    """`clean` for each item of a column: ``sequence, status, note``, in its order and with its index.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> clean_column(pd.Series(["ACGU", "12"], index=[7, 9]), RNA)["status"].to_dict()
    {7: 'ok', 9: 'rejected'}
    """
    rows = [clean(item, alphabet, other=other, max_length=max_length) for item in column]
    index = column.index if isinstance(column, pd.Series) else None
    return pd.DataFrame(rows, columns=list(Cleaned._fields), index=index, dtype="str")


def iter_fasta(path: str | Path) -> Iterator[Record]:
    r"""Records of a FASTA file one by one, in the memory of one record.

    The file may be gzip, hold a byte order mark, any line ends, blank lines and sequences on
    many lines. The sequences are given as they stand there: see `read_fasta` for clean ones.

    Yields
    ------
    Record
        The id is the first word after ``>`` (empty if there is none), the description the rest.

    Raises
    ------
    ValueError
        If the file is missing, a folder, empty, binary, cut off or not UTF-8, or holds text before
        the first ``>``.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a first one\nACG\nU\n")
    >>> next(iter_fasta(path))
    Record(id='a', description='first one', sequence='ACGU', line=1)
    """
    return _iter_fasta(Path(path), iter_lines(path))


def _iter_fasta(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    header, header_line = None, 0
    parts: list[str] = []
    for number, line in lines:
        if line.startswith(">"):
            if header is not None:
                yield _record(header, parts, header_line)
            header, header_line, parts = line, number, []
        elif not line.strip():
            continue
        elif header is None:
            raise ValueError(
                f"{path}, line {number}: found {_short(line)}; expected a header that starts with '>'"
            )
        else:
            parts.append(line)
    if header is None:
        raise ValueError(f"{path}: the file holds blank lines only; expected FASTA records")
    yield _record(header, parts, header_line)


def read_fasta(path: str | Path, alphabet: Alphabet, *, other: Other = "reject") -> pd.DataFrame:
    r"""All records of a FASTA file, cleaned as `clean` does it; each record of the file has a row.

    Returns
    -------
    pandas.DataFrame, columns=id, description, sequence, length, status, note, line
        In the order of the file. A rejected sequence is given as it stands in the file, so
        filter by ``status`` before use. An id that stood further up already is said in the note.

    Examples
    --------
    >>> import tempfile
    >>> from helpers.sequences.alphabet import RNA
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">a\nACGT\n>b\n>a\nCC\n")
    >>> read_fasta(path, RNA)[["id", "sequence", "status"]].values.tolist()
    [['a', 'ACGU', 'changed'], ['b', '', 'rejected'], ['a', 'CC', 'ok']]
    """
    return account(iter_fasta(path), alphabet, other=other)


def account(records: Iterable[Record], alphabet: Alphabet, *, other: Other = "reject") -> pd.DataFrame:
    """Records as `read_fasta` gives those of a file."""
    rows = []
    first_lines: dict[str, int] = {}
    for name, description, given, line in records:
        sequence, status, note = clean(given, alphabet, other=other)
        said = [note]
        if not given:
            said = ["the header has no sequence below it; add the sequence or remove the header"]
        if not name:
            sequence, status = given, "rejected"
            said = ["the header has no id; write one right after '>'", note]
        elif first_lines.setdefault(name, line) != line:
            said.append(f"the id {name} stands on line {first_lines[name]} already")
        joined = "; ".join(filter(None, said))
        rows.append((name, description, sequence, len(sequence), status, joined, line))
    columns = ["id", "description", "sequence", "length", "status", "note", "line"]
    return pd.DataFrame(rows, columns=columns)


def write_fasta(
    path: str | Path, records: Iterable[tuple[str, str]] | pd.DataFrame, *, width: int = 80
) -> Path:
    r"""Write a FASTA file: complete, or not at all; gzip if its name ends in ``.gz``.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to replace.
    records : iterable of (id, sequence), or pandas.DataFrame
        Pairs, `Record` values, or a table with the columns ``id`` and ``sequence`` (and
        ``description``). Ids and sequences that would not be read back are refused.
    width : int, default=80
        Letters on a line; 0 writes each sequence on one line.

    Examples
    --------
    >>> import tempfile
    >>> path = write_fasta(Path(tempfile.mkdtemp()) / "a.fa", [("a", "ACGU")], width=3)
    >>> path.read_text()
    '>a\nACG\nU\n'
    """
    path = Path(path)
    with atomic_path(path) as part, open_to_write(part) as stream:
        for number, (name, description, sequence) in enumerate(_triples(records), start=1):
            _check_written(path, number, name, description, sequence)
            stream.write(f">{name} {description}".rstrip() + "\n")
            step = width or len(sequence)
            for start in range(0, len(sequence), step):
                stream.write(sequence[start : start + step] + "\n")
    return path


@cache
def _canonical(alphabet: Alphabet) -> Any:
    """Match function of sequences that need no change, the case that has to be fast."""
    suspect = f"(?![ACGTUN]{{{_SHORTEST_SUSPECT},}}\\Z)" if not alphabet.complements else ""
    return re.compile(f"{suspect}[{alphabet.letters}]+").fullmatch


def _not_text(value: Any) -> Cleaned:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return Cleaned("", "rejected", "there is no sequence (a missing value)")
    note = f"found {str(value)[:20]} ({type(value).__name__}); expected the sequence as text"
    return Cleaned("", "rejected", note)


def _tidy(sequence: str, alphabet: Alphabet) -> tuple[str, list[str]]:
    """Blanks, case and a peptide's closing star: what needs no look at the letters."""
    changes = []
    text = "".join(sequence.split())
    if removed := len(sequence) - len(text):
        changes.append(f"{_count(removed, 'blank')} removed")
    upper = text.translate(_UPPER)
    if upper != text:
        lower = sum(text.count(letter) for letter in set(text) if "a" <= letter <= "z")
        changes.append(f"{_count(lower, 'lower-case letter')} written as upper case")
    if not alphabet.complements and upper.endswith("*"):
        upper = upper[:-1]
        changes.append("the closing * (stop) removed")
    return upper, changes


def _wrong_character(sequence: str, letters: Counter[str]) -> str:
    """Why a sequence with anything but the letters A to Z is rejected, or nothing."""
    wrong = [letter for letter in letters if not "A" <= letter <= "Z"]
    if not wrong:
        return ""
    # A closing star was taken off the letters, so a star among them is one further left.
    position, character = min((sequence.find(letter), letter) for letter in wrong)
    number = sum(letters[letter] for letter in wrong)
    more = f" and {number - 1} more such characters" if number > 1 else ""
    kind = "a digit" if character.isdigit() else "a gap" if character in _GAPS else "no letter"
    kind = "a stop" if character == "*" else kind
    return f"position {position + 1} holds {character!r} ({kind}){more}; {_REMEDIES[kind]}"


def _wrong_kind(letters: Counter[str], alphabet: Alphabet, other: Other) -> str:
    """Why a sequence of another kind of molecule is rejected, or nothing."""
    length = letters.total()
    if not alphabet.complements:
        if length >= _SHORTEST_SUSPECT and _NUCLEOTIDE_LETTERS.issuperset(letters):
            why = f"all {length} letters are among A C G T U N: this looks like a nucleotide sequence"
            return f"{why}; are the columns swapped?"
        return ""
    strange = Counter({k: v for k, v in letters.items() if k not in "ACGTUNX"})
    outside = {k: v for k, v in strange.items() if k not in alphabet.ambiguous}
    if 2 * strange.total() > length:
        return (
            f"{strange.total()} of {length} letters are none of A C G T U N "
            f"({_listed(strange)}): this looks like a peptide; are the columns swapped?"
        )
    if not outside or other == "unknown":
        return ""
    peptide = set(outside) & set(_PEPTIDE_ONLY)
    question = "looks like a peptide (are the columns swapped?); if not, " if peptide else ""
    return (
        f"{alphabet.name} has no {_listed(outside)}; {question}correct the letters, or give "
        f"other='unknown' to read them as {alphabet.unknown}"
    )


def _to_alphabet(text: str, letters: Counter[str], alphabet: Alphabet) -> tuple[str, list[str]]:
    """Aliases to their letter, all further letters to the unknown one."""
    table: dict[str, str | int | None] = {a: b for a, b in alphabet.aliases.items() if a in letters}
    changes = [f"{letters[alias]} {alias} written as {letter}" for alias, letter in table.items()]
    known = alphabet.letters + alphabet.unknown
    strange = {k: v for k, v in letters.items() if k not in known and k not in table}
    if strange:
        table |= dict.fromkeys(strange, alphabet.unknown)
        changes.append(f"{_listed(strange)} written as {alphabet.unknown} (unknown)")
    return text.translate(str.maketrans(table)), changes


def _record(header: str, parts: list[str], line: int) -> Record:
    name, _, description = header[1:].strip().replace("\t", " ").partition(" ")
    return Record(name, description.strip(), "".join(parts), line)


def _triples(records: Iterable[Any] | pd.DataFrame) -> Iterable[tuple[str, str, str]]:
    if not isinstance(records, pd.DataFrame):
        return (
            (r.id, r.description, r.sequence) if isinstance(r, Record) else (r[0], "", r[1]) for r in records
        )
    if missing := [name for name in ("id", "sequence") if name not in records.columns]:
        raise ValueError(
            f"the table of records has no column {', '.join(missing)}; found "
            f"{', '.join(map(str, records.columns))}. Rename its columns"
        )
    descriptions = records.get("description", pd.Series("", index=records.index))
    return zip(records["id"], descriptions, records["sequence"], strict=True)


def _check_written(path: Path, number: int, name: Any, description: Any, sequence: Any) -> None:
    where = f"{path}, record {number}"
    if not isinstance(name, str) or name.split() != [name]:
        raise ValueError(f"{where}: the id is {name!r}; expected text without blanks")
    if not isinstance(description, str) or len(description.splitlines()) > 1:
        raise ValueError(f"{where} ({name}): the description is not one line of text")
    if not isinstance(sequence, str) or sequence.split() != [sequence]:
        raise ValueError(
            f"{where} ({name}): the sequence is {_short(str(sequence))}; expected text without blanks"
        )
    if ">" in sequence:
        raise ValueError(f"{where} ({name}): the sequence holds '>'; expected letters only")


def _listed(letters: dict[str, int]) -> str:
    return ", ".join(f"{number} {letter}" for letter, number in letters.items())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _short(text: str, length: int = 30) -> str:
    return repr(text if len(text) <= length else text[:length] + "...")
