"""Libraries of known motifs: JASPAR, or any MEME file, read with every row checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.motifs import jaspar
from helpers.project.paths import atomic_path
from helpers.readers.lines import iter_lines
from helpers.sequences.alphabet import DNA, Alphabet

_JASPAR_ID = re.compile(r"[A-Z]{2}\d{4}\.\d+")
_TOLERANCE = 0.02
"""How far a row may be from 1: files with two decimals sum to 0.99 or 1.01."""


class KnownMotif(NamedTuple):
    """One motif of a library.

    Attributes
    ----------
    id : str
        Identifier, such as ``MA0570.3``; each once in a library.
    name : str
        Name of the factor; the id where the file gives none.
    family : str
        Family of the factor, empty where it is not known.
    ppm : numpy.ndarray, shape=(width, letters), dtype=float64
        Probability of each letter at each position.
    """

    id: str
    name: str
    family: str
    ppm: np.ndarray

    @property
    def url(self) -> str:
        """Page of the matrix at JASPAR; empty for an id that is not one of JASPAR's."""
        if not _JASPAR_ID.fullmatch(self.id):
            return ""
        return f"https://jaspar.elixir.no/matrix/{self.id}/"


def from_jaspar(taxon: str = "plants") -> tuple[KnownMotif, ...]:
    """The motifs of JASPAR CORE, from the copy inside pyJASPAR: no network is needed.

    Parameters
    ----------
    taxon : str, optional
        One of `helpers.motifs.jaspar.TAXA`.

    Returns
    -------
    tuple of KnownMotif
        Letters in the order of DNA.

    Raises
    ------
    ValueError
        If the group is unknown.

    References
    ----------
    .. [1] Rauluseviciute et al. 2024, doi:10.1093/nar/gkad1059
    .. [2] pyJASPAR, doi:10.5281/zenodo.4509415

    Examples
    --------
    >>> motifs = from_jaspar("plants")
    >>> next(motif.url for motif in motifs if motif.name == "ABF1")
    'https://jaspar.elixir.no/matrix/MA0570.3/'
    """
    return tuple(
        KnownMotif(
            motif.id,
            motif.name,
            motif.family,
            motif.counts / motif.counts.sum(axis=1, keepdims=True),
        )
        for motif in jaspar.motifs(taxon)
    )


def load(source: str | Path, alphabet: Alphabet = DNA) -> tuple[KnownMotif, ...]:
    """A library by name or from a MEME file.

    Parameters
    ----------
    source : str or pathlib.Path
        ``"jaspar_plants"`` (or another of `helpers.motifs.jaspar.TAXA`), or a MEME file. A file's motifs
        get the family of the JASPAR motif of the same id, where there is one among the plants.
    alphabet : Alphabet, optional
        Which letters the motifs must have.

    Returns
    -------
    tuple of KnownMotif

    Raises
    ------
    ValueError
        As `read_meme` and `from_jaspar`, and if JASPAR is asked for with other letters.

    Examples
    --------
    >>> len(load("jaspar_plants")) > 900
    True
    """
    if not str(source).startswith("jaspar_"):
        return read_meme(source, alphabet)
    if alphabet.letters != DNA.letters:
        raise ValueError(
            f"library {str(source)!r} holds DNA motifs; {alphabet.name} was asked for. Give a MEME "
            f"file with ALPHABET= {alphabet.letters}"
        )
    return from_jaspar(str(source).removeprefix("jaspar_"))


def write_meme(
    path: str | Path, motifs: Sequence[KnownMotif], alphabet: Alphabet, *, both_strands: bool = True
) -> Path:
    r"""Write motifs as a MEME file (minimal format, version 4).

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to replace: complete, or absent.
    motifs : sequence of KnownMotif
    alphabet : Alphabet
        Whose letters the columns are.
    both_strands : bool, optional
        What the file says of the strands; False for RNA.

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> import tempfile
    >>> motif = KnownMotif("M1", "first", "", np.eye(4))
    >>> path = write_meme(Path(tempfile.mkdtemp()) / "a.meme", [motif], DNA)
    >>> read_meme(path, DNA)[0].ppm.tolist() == np.eye(4).tolist()
    True
    """
    share = " ".join(f"{letter} {1 / alphabet.size:.4f}" for letter in alphabet.letters)
    lines = ["MEME version 4", "", f"ALPHABET= {alphabet.letters}", ""]
    lines += [f"strands: {'+ -' if both_strands else '+'}", ""]
    lines += ["Background letter frequencies", share, ""]
    for motif in motifs:
        size = f"alength= {alphabet.size} w= {len(motif.ppm)}"
        lines += [f"MOTIF {motif.id} {motif.name}".rstrip()]
        lines += [f"letter-probability matrix: {size} nsites= 20 E= 0"]
        lines += [" ".join(f"{value:.6f}" for value in row) for row in motif.ppm]
        lines += [f"URL {motif.url}", ""] if motif.url else [""]
    with atomic_path(path) as part:
        part.write_text("\n".join(lines), encoding="utf-8")
    return Path(path)


def jaspar_as_meme(path: str | Path, taxon: str = "plants") -> Path:
    """The motifs of JASPAR as a MEME file, written once; for other tools.

    Parameters
    ----------
    path : str or pathlib.Path
        Left as it is where it exists.
    taxon : str, optional
        One of `helpers.motifs.jaspar.TAXA`.

    Returns
    -------
    pathlib.Path
    """
    path = Path(path)
    return path if path.is_file() else write_meme(path, from_jaspar(taxon), DNA)


def read_meme(path: str | Path, alphabet: Alphabet) -> tuple[KnownMotif, ...]:
    """Read every motif of a MEME file.

    Parameters
    ----------
    path : str or pathlib.Path
        Minimal MEME format with letter-probability matrices; gzip if its name ends in ``.gz``.
    alphabet : Alphabet
        The letters that the file must have, in this order.

    Returns
    -------
    tuple of KnownMotif
        Rows are divided by their sum, which the file's rounding leaves beside 1.

    Raises
    ------
    ValueError
        If it is no MEME file, holds no motif, is cut off inside one, has another alphabet, a row
        that is not a row of probabilities, or an id twice; the message names file and line.
    """
    path = Path(path)
    lines = [(number, line.strip()) for number, line in iter_lines(path)]
    first = next(((number, line) for number, line in lines if line), (1, ""))
    if not first[1].startswith("MEME version"):
        raise ValueError(
            f"{path}, line {first[0]}: found {first[1][:40]!r}; expected 'MEME version 4' (or 5). "
            "Convert the motifs to the MEME format, such as with meme-suite's *2meme tools"
        )
    found: dict[str, KnownMotif] = {}
    for number, motif in _motifs(path, iter(lines), alphabet):
        if motif.id in found:
            raise ValueError(
                f"{path}, line {number}: the motif {motif.id!r} stands twice; give each its own id"
            )
        found[motif.id] = motif
    if not found:
        raise ValueError(
            f"{path}: no motif in it; expected lines 'MOTIF id name' with a letter-probability "
            "matrix each. Is the file whole?"
        )
    if any(_JASPAR_ID.fullmatch(name) for name in found):
        families = {motif.id: motif.family for motif in jaspar.motifs("plants")}
        found = {i: m._replace(family=families.get(i, "")) for i, m in found.items()}
    return tuple(found.values())


def _motifs(
    path: Path, lines: Iterator[tuple[int, str]], alphabet: Alphabet
) -> Iterator[tuple[int, KnownMotif]]:
    """Motifs with the line that each begins on."""
    pending: tuple[int, str] | None = None
    for number, line in lines:
        if line.startswith("ALPHABET"):
            _check_alphabet(path, number, line, alphabet)
        elif line.startswith("MOTIF"):
            if pending:
                raise _without_matrix(path, *pending)
            pending = (number, line)
        elif line.startswith("letter-probability matrix"):
            if pending is None:
                raise ValueError(
                    f"{path}, line {number}: a matrix without a 'MOTIF' line above it; is the top "
                    "of the file missing?"
                )
            ppm = _matrix(path, number, line, lines, alphabet, pending[1])
            words = pending[1].split(maxsplit=2)[1:]
            if not words:
                raise ValueError(f"{path}, line {pending[0]}: MOTIF without an id; give it one")
            yield pending[0], KnownMotif(words[0], words[-1], "", ppm)
            pending = None
    if pending:
        raise _without_matrix(path, *pending)


def _without_matrix(path: Path, number: int, line: str) -> ValueError:
    return ValueError(
        f"{path}, line {number}: {line[:40]!r} has no letter-probability matrix behind it; the "
        "file is cut off there, or the motif is given in another form"
    )


def _check_alphabet(path: Path, number: int, line: str, alphabet: Alphabet) -> None:
    given = line.removeprefix("ALPHABET").lstrip("= ").split()[:1]
    names = {"DNA": "ACGT", "RNA": "ACGU", "PROTEIN": "ACDEFGHIKLMNPQRSTVWY"}
    letters = names.get(given[0].strip('"').upper(), given[0]) if given else ""
    if letters != alphabet.letters:
        raise ValueError(
            f"{path}, line {number}: the alphabet is {letters or 'not named'}; expected "
            f"{alphabet.letters} ({alphabet.name}), in this order. Give motifs of {alphabet.name}"
        )


def _matrix(
    path: Path,
    number: int,
    line: str,
    lines: Iterator[tuple[int, str]],
    alphabet: Alphabet,
    motif: str,
) -> np.ndarray:
    """Rows of the matrix whose head is given."""
    numbers = {key: int(value) for key, value in re.findall(r"\b(alength|w)=\s*(\d+)", line)}
    if "w" not in numbers:
        raise ValueError(
            f"{path}, line {number}: found {line[:60]!r}; expected 'letter-probability matrix: "
            "alength= 4 w= 10', w the number of rows"
        )
    if numbers.get("alength", alphabet.size) != alphabet.size:
        raise ValueError(
            f"{path}, line {number}: alength= {numbers['alength']}; expected {alphabet.size} "
            f"letters of {alphabet.name}"
        )
    rows: list[list[float]] = []
    while len(rows) < numbers["w"]:
        here, text = next(lines, (0, ""))
        if not here:
            raise ValueError(
                f"{path}: the file ends in the matrix of {motif!r} (line {number}), after "
                f"{len(rows)} of {numbers['w']} rows; it is cut off. Fetch it anew"
            )
        if text:
            rows.append(_row(path, here, text, alphabet))
    table = np.array(rows)
    return table / table.sum(axis=1, keepdims=True)


def _row(path: Path, number: int, text: str, alphabet: Alphabet) -> list[float]:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        values = []
    if len(values) != alphabet.size or not all(0 <= value <= 1 for value in values):
        raise ValueError(
            f"{path}, line {number}: found {text[:60]!r}; expected {alphabet.size} probabilities "
            f"from 0 to 1, in the order {alphabet.letters}"
        )
    if abs(sum(values) - 1) > _TOLERANCE:
        raise ValueError(
            f"{path}, line {number}: the row sums to {sum(values):.4g}; expected 1. Divide each "
            "row of counts by its sum"
        )
    return values
