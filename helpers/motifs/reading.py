"""Files of motifs: MEME, JASPAR, TRANSFAC and HOMER, every motif and every row checked."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from Bio import BiopythonWarning
from Bio import motifs as bio

from helpers.readers.lines import iter_lines
from helpers.sequences.alphabet import DNA, Alphabet

MATRIX = "letter-probability matrix"
"""How a MEME file begins a matrix."""

_JASPAR_ID = re.compile(r"[A-Z]{2}\d{4}\.\d+")
_NAMED = {"DNA": "ACGT", "RNA": "ACGU", "PROTEIN": "ACDEFGHIKLMNPQRSTVWY"}
_TOLERANCE = 0.02
"""How far a row may be from 1: files with two decimals sum to 0.99 or 1.01."""
_TRANSFAC = re.compile(r"(AC|ID|XX|VV|NA|DE|P0|PO|BF)(\s|$)")

Lines = Sequence[tuple[int, str]]


class Motif(NamedTuple):
    """One motif of a library.

    Attributes
    ----------
    id : str
        Identifier, such as ``MA0570.3``; each once in a library.
    name : str
        Name of the factor; the id where the file gives none.
    family, tf_class : str
        What is known of the factor, empty where nothing is.
    counts : numpy.ndarray, shape=(width, letters), dtype=float64
        How often each letter stands at each position, or its share.
    """

    id: str
    name: str
    family: str
    counts: np.ndarray
    tf_class: str = ""

    @property
    def ppm(self) -> np.ndarray:
        """Probability of each letter at each position; shares are given back as they are."""
        total = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.where(np.abs(total - 1) < 1e-9, 1.0, total))

    @property
    def url(self) -> str:
        """Page of the matrix at JASPAR; empty for an id that is not one of JASPAR's."""
        return f"https://jaspar.elixir.no/matrix/{self.id}/" if _JASPAR_ID.fullmatch(self.id) else ""


def read(path: str | Path, alphabet: Alphabet = DNA) -> tuple[Motif, ...]:
    r"""Every motif of a MEME, JASPAR, TRANSFAC or HOMER file; which one it is, is found from its lines.

    JASPAR files have four rows a motif, with the letter before each or in the order A C G T; HOMER
    files have a row of four numbers a position. Both and TRANSFAC are read by Biopython and hold DNA motifs.

    Raises
    ------
    ValueError
        As `read_meme`; if the file is of another format or another alphabet was asked for, and if
        four rows of four numbers may be read both ways.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "one.jaspar"
    >>> _ = path.write_text(">MA0001.1 AGL3\nA [0 3]\nC [9 0]\nG [0 0]\nT [0 6]\n")
    >>> (motif,) = read(path)
    >>> motif.id, motif.name, motif.counts.tolist()
    ('MA0001.1', 'AGL3', [[0.0, 9.0, 0.0, 0.0], [3.0, 0.0, 0.0, 6.0]])
    """
    path = Path(path)
    lines = [(number, line.strip()) for number, line in iter_lines(path)]
    if any(line.startswith("MEME version") for _, line in lines):
        return read_meme(path, alphabet)
    full = [(number, line) for number, line in lines if line and not line.startswith("#")]
    number, first = full[0] if full else (1, "")
    if not first.startswith(">") and not _TRANSFAC.match(first):
        what = "expected a file of motifs in the format of MEME ('MEME version 4'), JASPAR, TRANSFAC or HOMER"
        raise _fault(path, number, f"found {first[:40]!r}; {what}")
    if alphabet.letters != DNA.letters:
        what = f"this format holds DNA motifs, and {alphabet.name} was asked for. Give a MEME file with"
        raise _fault(path, number, f"{what} ALPHABET= {alphabet.letters}")
    found: dict[str, Motif] = {}
    for block in _blocks(full, is_end=None if first.startswith(">") else "//"):
        one = _of_transfac(path, block) if _TRANSFAC.match(first) else _of_fasta_like(path, block)
        if one.id in found:
            raise _fault(path, block[0][0], f"the motif {one.id!r} stands twice; give each its own id")
        found[one.id] = one
    return tuple(found.values())


def _blocks(lines: Lines, is_end: str | None) -> list[Lines]:
    """Lines of each motif: from a ``>`` on, or up to a line of slashes."""
    blocks: list[list[tuple[int, str]]] = [[]]
    for number, line in lines:
        if is_end is None and line.startswith(">"):
            blocks.append([])
        if line == is_end:
            blocks.append([])
        else:
            blocks[-1].append((number, line))
    # TRANSFAC files open with their version, which is no motif.
    return [block for block in blocks if any(not re.match(r"VV|XX", line) for _, line in block)]


def _of_fasta_like(path: Path, block: Lines) -> Motif:
    """A motif of a JASPAR or a HOMER file."""
    number, head = block[0]
    rows = [line for _, line in block[1:]]
    if not rows:
        raise _fault(path, number, f"{head[:40]!r} has no matrix below it; the file is cut off there")
    lettered = [row for row in rows if row[:1].upper() in DNA.letters]
    widths = {len(row.split()) for row in rows}
    if not lettered and len(rows) == 4 and widths == {4}:
        what = "four rows of four numbers may be letters by positions or the other way round"
        raise _fault(path, number, f"{what}; write A, C, G, T before the rows if they are the letters")
    is_homer = not lettered and widths == {4}
    if not is_homer and (len(rows) != 4 or len(lettered) not in (0, 4)):
        what = "expected four rows (A, C, G, T), or rows of four numbers, one for each position"
        raise _fault(path, number, f"{head[:40]!r} has {len(rows)} rows below it; {what}")
    given = _parsed(path, block, "pfm-four-columns" if is_homer else "pfm-four-rows")
    words = head[1:].strip().split("\t") if is_homer else head[1:].split(maxsplit=1)
    words = [word.strip() for word in words if word.strip()]
    if not words:
        raise _fault(path, number, "a motif without an id; write one behind '>'")
    # HOMER puts the consensus first, then the name: AP-1(bZIP)/ThioMac-PU.1-ChIP-Seq/Homer.
    name = words[1] if len(words) > 1 else words[0]
    one_id = name if is_homer else words[0]
    expected = len(rows) if is_homer else None
    counts = _counts(path, number, given, expected)
    return Motif("_".join(one_id.split()), name.split("(")[0] if is_homer else name, "", counts)


def _of_transfac(path: Path, block: Lines) -> Motif:
    number = block[0][0]
    given = _parsed(path, [*block, (0, "//")], "transfac")
    words = {key: str(given[key]).strip() for key in ("AC", "ID", "NA") if given.get(key)}
    one_id = words.get("AC") or words.get("ID") or ""
    if not one_id:
        raise _fault(path, number, "a motif without an AC or an ID line; add one")
    name = words.get("NA") or words.get("ID") or one_id
    rows = sum(re.match(r"\d+\s", line) is not None for _, line in block)
    return Motif("_".join(one_id.split()), name, "", _counts(path, number, given, rows))


def _parsed(path: Path, block: Lines, form: str) -> Any:
    """The one motif that Biopython finds in the lines."""
    text = io.StringIO("".join(f"{line}\n" for _, line in block))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BiopythonWarning)
            found = bio.parse(text, form)
    except Exception as error:
        raise _fault(path, block[0][0], f"no valid motif of its format ({error}); correct it") from error
    if len(found) != 1 or not getattr(found[0], "counts", None):
        raise _fault(path, block[0][0], "there is no matrix that can be read; the file may be cut off there")
    return found[0]


def _counts(path: Path, number: int, motif: Any, rows: int | None) -> np.ndarray:
    """Counts by position, checked: Biopython passes over a row that it cannot read."""
    columns = [list(motif.counts[letter]) for letter in DNA.letters]
    if len(columns[0]) != (rows or len(columns[0])) or not columns[0]:
        what = f"{len(columns[0])} of {rows} rows can be read"
        raise _fault(path, number, f"{what}; expected a number for each letter in each. Correct the rows")
    table = np.array(columns, dtype=np.float64).T
    if not (np.isfinite(table).all() and (table >= 0).all() and (table.sum(axis=1) > 0).all()):
        what = "expected counts or probabilities of 0 or more, and more than 0 in each position"
        raise _fault(path, number, f"a number is negative or none, or a position sums to 0; {what}")
    return table


def read_meme(path: str | Path, alphabet: Alphabet) -> tuple[Motif, ...]:
    """Every motif of a MEME file, minimal or as MEME itself writes it; plain or gzip.

    Parameters
    ----------
    path : str or pathlib.Path
        Motifs as letter-probability matrices. Rows are divided by their sum, which the file's
        rounding leaves beside 1.
    alphabet : Alphabet
        The letters that the file must have, in this order.

    Raises
    ------
    ValueError
        If it is no MEME file, holds no motif, is cut off inside one, has another alphabet, a row
        that is no row of probabilities, or an id twice; the message names file and line.
    """
    path = Path(path)
    blocks: list[list[tuple[int, str]]] = [[]]
    for number, line in iter_lines(path):
        if line.split()[:1] == ["MOTIF"]:
            blocks.append([])
        blocks[-1].append((number, line.strip()))
    _check_top(path, blocks[0], alphabet)
    found: dict[str, Motif] = {}
    for block in blocks[1:]:
        number, head = block[0]
        # MEME's own output says the width of the motif on the same line.
        words = re.split(r"\s+width\s*=", head)[0].split(maxsplit=2)[1:]
        if not words:
            raise _fault(path, number, "MOTIF without an id; give it one")
        if words[0] in found:
            raise _fault(path, number, f"the motif {words[0]!r} stands twice; give each its own id")
        found[words[0]] = Motif(words[0], words[-1], "", _matrix(path, block, alphabet))
    if not found:
        raise ValueError(f"{path}: no motif in it; expected lines 'MOTIF id name', each with a {MATRIX}")
    return tuple(found.values())


def _fault(path: Path, number: int, what: str) -> ValueError:
    return ValueError(f"{path}, line {number}: {what}")


def _check_top(path: Path, top: Sequence[tuple[int, str]], alphabet: Alphabet) -> None:
    """What stands above the first motif: the version, and the alphabet where one is given."""
    if not any(line.startswith("MEME version") for _, line in top):
        number, line = next(((number, line) for number, line in top if line), (1, ""))
        what = "expected 'MEME version 4' (or 5). Convert the motifs, such as with meme-suite's *2meme tools"
        raise _fault(path, number, f"found {line[:40]!r}; {what}")
    if not any(line.startswith(("ALPHABET", "Background letter frequencies")) for _, line in top):
        number = next((number for number, line in top if line.startswith("MEME version")), 1)
        what = f"'ALPHABET= {alphabet.letters}' below it if these are {alphabet.name} motifs"
        raise _fault(path, number, f"no ALPHABET line follows, so that U and T look alike; write {what}")
    for number, line in top:
        if line.startswith(MATRIX):
            raise _fault(path, number, "a matrix without a 'MOTIF' line above it; is the top missing?")
        if line.startswith("ALPHABET"):
            given = (line.removeprefix("ALPHABET").lstrip("= ").split() or ["not named"])[0].strip('"')
            letters = _NAMED.get(given.upper(), given)
            if letters.upper() != alphabet.letters:
                what = f"expected {alphabet.letters} ({alphabet.name}), in this order"
                raise _fault(path, number, f"the alphabet is {letters}; {what}")


def _matrix(path: Path, block: Sequence[tuple[int, str]], alphabet: Alphabet) -> np.ndarray:
    """Rows of the one matrix of a motif; without ``w=`` they end where another line begins."""
    first, motif = block[0]
    starts = [k for k, (_, line) in enumerate(block) if line.startswith(MATRIX)]
    if not starts:
        what = f"{motif[:40]!r} has no {MATRIX} behind it; the file is cut off there"
        raise _fault(path, first, f"{what}, or the motif is given in another form")
    if len(starts) > 1:
        raise _fault(path, block[starts[1]][0], "a matrix without a 'MOTIF' line above it")
    number, head = block[starts[0]]
    said = {key: int(value) for key, value in re.findall(r"\b(alength|w)=\s*(\d+)", head)}
    if said.get("alength", alphabet.size) != alphabet.size:
        what = f"alength= {said['alength']}; expected {alphabet.size} letters of {alphabet.name}"
        raise _fault(path, number, what)
    rows: list[list[float]] = []
    for here, line in block[starts[0] + 1 :]:
        if len(rows) == said.get("w") or ("w" not in said and line and not re.match(r"[\d.]", line)):
            break
        if line:
            rows.append(_row(path, here, line, alphabet))
    if len(rows) < said.get("w", 1):
        what = f"the matrix of {motif!r} ends after {len(rows)} of {said.get('w', 'its')} rows"
        raise _fault(path, number, f"{what}; the file is cut off. Fetch it anew")
    table = np.array(rows)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _row(path: Path, number: int, line: str, alphabet: Alphabet) -> list[float]:
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        values = []
    if len(values) != alphabet.size or not all(0 <= value <= 1 for value in values):
        what = f"expected {alphabet.size} probabilities from 0 to 1, in the order {alphabet.letters}"
        raise _fault(path, number, f"found {line[:60]!r}; {what}")
    if abs(sum(values) - 1) > _TOLERANCE:
        what = f"the row sums to {sum(values):.4g}; expected 1. Divide each row of counts by its sum"
        raise _fault(path, number, what)
    return values
