"""Libraries of known motifs: JASPAR, from the copy inside pyJASPAR, or a MEME file, every row checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pyjaspar import jaspardb

from helpers.project.paths import atomic_path
from helpers.readers.lines import iter_lines
from helpers.sequences.alphabet import DNA, Alphabet

RELEASE = "JASPAR2026"
"""Release of the database; doi:10.1093/nar/gkad1059 describes the collection."""

TAXA = ("plants", "vertebrates", "insects", "nematodes", "fungi", "urochordates")
"""Taxonomic groups of the collection."""

_JASPAR_ID = re.compile(r"[A-Z]{2}\d{4}\.\d+")
_MATRIX = "letter-probability matrix"
_NAMED = {"DNA": "ACGT", "RNA": "ACGU", "PROTEIN": "ACDEFGHIKLMNPQRSTVWY"}
_TOLERANCE = 0.02
"""How far a row may be from 1: files with two decimals sum to 0.99 or 1.01."""


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


@cache
def jaspar(taxon: str = "plants") -> tuple[Motif, ...]:
    """Every motif of a group of JASPAR CORE (one of `TAXA`), ordered by its id; no network is needed.

    References
    ----------
    .. [1] Rauluseviciute et al. 2024, doi:10.1093/nar/gkad1059
    .. [2] pyJASPAR, doi:10.5281/zenodo.4509415

    Examples
    --------
    >>> found = jaspar("plants")
    >>> len(found), next(motif.url for motif in found if motif.name == "ABF1")
    (927, 'https://jaspar.elixir.no/matrix/MA0570.3/')
    """
    if taxon not in TAXA:
        raise ValueError(f"taxon {taxon!r} is no group of {RELEASE}; expected one of {', '.join(TAXA)}")
    known = [
        Motif(
            one.matrix_id,
            one.name,
            ", ".join(one.tf_family or []),
            np.array([one.counts[letter] for letter in DNA.letters], dtype=np.float64).T,
            ", ".join(one.tf_class or []),
        )
        for one in jaspardb(release=RELEASE).fetch_motifs(collection="CORE", tax_group=[taxon])
    ]
    return tuple(sorted(known, key=lambda motif: motif.id))


def plant_motif(matrix_id: str) -> Motif:
    """One plant motif by its id with the version.

    Examples
    --------
    >>> motif = plant_motif("MA0570.3")
    >>> motif.name, consensus(motif.counts)
    ('ABF1', 'ACACGTGGCA')
    """
    for motif in jaspar("plants"):
        if motif.id == matrix_id:
            return motif
    raise ValueError(f"no plant motif {matrix_id!r} in {RELEASE}; expected an id such as 'MA0570.3'")


def consensus(counts: ArrayLike) -> str:
    """The most frequent base at each position of counts or probabilities of A C G T.

    Examples
    --------
    >>> consensus([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.2, 0.8]])
    'CT'
    """
    return "".join(DNA.letters[base] for base in np.argmax(counts, axis=1))


def log_odds(
    counts: ArrayLike, background: ArrayLike = (0.25, 0.25, 0.25, 0.25), *, pseudo: float = 1.0
) -> np.ndarray:
    """Position weight matrix in bits: what each letter says for a site, against the background.

    Parameters
    ----------
    counts : array-like, shape=(width, letters)
        Counts, or probabilities.
    background : array-like, shape=(letters,)
        Share of each letter outside sites.
    pseudo : float
        Sites of background composition that are added to the counted ones; some matrices of JASPAR
        are shares that sum to about 1, so a hundredth of the sum is added where that is less.

    Returns
    -------
    numpy.ndarray, shape=(width, letters), dtype=float64
        Stormo 2000, doi:10.1093/bioinformatics/16.1.16.

    Examples
    --------
    >>> log_odds([[30.0, 0.0, 0.0, 0.0]]).round(1).tolist()
    [[2.0, -6.7, -6.7, -6.7]]
    """
    table, share = np.asarray(counts, dtype=float), np.asarray(background, dtype=float)
    if table.ndim != 2 or table.shape[1] != share.size:
        raise ValueError(f"counts have the shape {table.shape}; expected (width, {share.size})")
    total = table.sum(axis=1, keepdims=True)
    if (empty := np.flatnonzero(total[:, 0] <= 0)).size:
        raise ValueError(f"counts: position {empty[0]} sums to {total[empty[0], 0]:g}; expected more")
    added = np.minimum(pseudo, total / 100)
    return np.log2((table + added * share) / (total + added) / share)


def load(source: str | Path, alphabet: Alphabet = DNA) -> tuple[Motif, ...]:
    """A library by name (``"jaspar_plants"``, or another of `TAXA`) or from a MEME file.

    Examples
    --------
    >>> len(load("jaspar_plants")) > 900
    True
    """
    if not str(source).startswith("jaspar_"):
        return read_meme(source, alphabet)
    if alphabet.letters != DNA.letters:
        asked = f"{alphabet.name} was asked for. Give a MEME file with ALPHABET= {alphabet.letters}"
        raise ValueError(f"library {str(source)!r} holds DNA motifs; {asked}")
    return jaspar(str(source).removeprefix("jaspar_"))


def write_meme(path: str | Path, motifs: Sequence[Motif], alphabet: Alphabet) -> Path:
    """Write motifs as a MEME file (minimal format, version 4), complete or absent.

    Examples
    --------
    >>> import tempfile
    >>> motif = Motif("M1", "first", "", np.eye(4))
    >>> path = write_meme(Path(tempfile.mkdtemp()) / "a.meme", [motif], DNA)
    >>> read_meme(path, DNA)[0].ppm.tolist() == np.eye(4).tolist()
    True
    """
    share = " ".join(f"{letter} {1 / alphabet.size:.4f}" for letter in alphabet.letters)
    strands = "+ -" if alphabet.letters == DNA.letters else "+"
    lines = ["MEME version 4", "", f"ALPHABET= {alphabet.letters}", "", f"strands: {strands}", ""]
    lines += ["Background letter frequencies", share, ""]
    for motif in motifs:
        lines += [f"MOTIF {motif.id} {motif.name}".rstrip()]
        lines += [f"{_MATRIX}: alength= {alphabet.size} w= {len(motif.ppm)} nsites= 20 E= 0"]
        lines += [" ".join(f"{value:.6f}" for value in row) for row in motif.ppm]
        lines += [f"URL {motif.url}", ""] if motif.url else [""]
    with atomic_path(path) as part:
        part.write_text("\n".join(lines), encoding="utf-8")
    return Path(path)


def read_meme(path: str | Path, alphabet: Alphabet) -> tuple[Motif, ...]:
    """Every motif of a MEME file, minimal or as MEME itself writes it; plain or gzip.

    Parameters
    ----------
    path : str or pathlib.Path
        Motifs as letter-probability matrices. Rows are divided by their sum, which the file's
        rounding leaves beside 1. A motif with an id of JASPAR gets its family from there.
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
        raise ValueError(f"{path}: no motif in it; expected lines 'MOTIF id name', each with a {_MATRIX}")
    if any(map(_JASPAR_ID.fullmatch, found)):
        families = {motif.id: motif.family for motif in jaspar("plants")}
        found = {name: one._replace(family=families.get(name, "")) for name, one in found.items()}
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
        if line.startswith(_MATRIX):
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
    starts = [k for k, (_, line) in enumerate(block) if line.startswith(_MATRIX)]
    if not starts:
        what = f"{motif[:40]!r} has no {_MATRIX} behind it; the file is cut off there"
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
