"""Libraries of known motifs: JASPAR, from the copy inside pyJASPAR, or a MEME file, every row checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from pyjaspar import jaspardb

from helpers.motifs import reading
from helpers.motifs.reading import Motif
from helpers.project.paths import atomic_path
from helpers.sequences.alphabet import DNA, Alphabet

RELEASE = "JASPAR2026"
"""Release of the database; doi:10.1093/nar/gkad1059 describes the collection."""

TAXA = ("plants", "vertebrates", "insects", "nematodes", "fungi", "urochordates")
"""Taxonomic groups of the collection."""


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
    database = jaspardb(release=RELEASE)
    with closing(database.conn):  # which pyJASPAR leaves open
        known = [
            Motif(
                one.matrix_id,
                one.name,
                ", ".join(one.tf_family or []),
                np.array([one.counts[letter] for letter in DNA.letters], dtype=np.float64).T,
                ", ".join(one.tf_class or []),
            )
            for one in database.fetch_motifs(collection="CORE", tax_group=[taxon])
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
    """A library by name (``"jaspar_plants"``, or another of `TAXA`) or from a file (`reading.read`).

    A motif of a file with an id of JASPAR gets its family from there.

    Examples
    --------
    >>> len(load("jaspar_plants")) > 900
    True
    """
    if not str(source).startswith("jaspar_"):
        found = reading.read(source, alphabet)
        if not any(motif.url for motif in found):
            return found
        families = {motif.id: motif.family for motif in jaspar("plants")}
        return tuple(one._replace(family=families.get(one.id, "")) for one in found)
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
    >>> load(path)[0].ppm.tolist() == np.eye(4).tolist()
    True
    """
    share = " ".join(f"{letter} {1 / alphabet.size:.4f}" for letter in alphabet.letters)
    strands = "+ -" if alphabet.letters == DNA.letters else "+"
    lines = ["MEME version 4", "", f"ALPHABET= {alphabet.letters}", "", f"strands: {strands}", ""]
    lines += ["Background letter frequencies", share, ""]
    for motif in motifs:
        lines += [f"MOTIF {motif.id} {motif.name}".rstrip()]
        lines += [f"{reading.MATRIX}: alength= {alphabet.size} w= {len(motif.ppm)} nsites= 20 E= 0"]
        lines += [" ".join(f"{value:.6f}" for value in row) for row in motif.ppm]
        lines += [f"URL {motif.url}", ""] if motif.url else [""]
    with atomic_path(path) as part:
        part.write_text("\n".join(lines), encoding="utf-8")
    return Path(path)
