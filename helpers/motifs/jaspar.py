"""Known binding motifs of transcription factors, from the copy of JASPAR that pyJASPAR ships.

Nothing is fetched: the database is a file inside the installed package.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pyjaspar import jaspardb

from helpers.sequences.alphabet import DNA

RELEASE = "JASPAR2026"
"""Release of the database; doi:10.1093/nar/gkad1059 describes the collection."""


class Motif(NamedTuple):
    """One matrix of JASPAR.

    Attributes
    ----------
    id : str
        Such as ``MA0570.3``.
    name : str
        Name of the factor.
    family, tf_class : str
        What JASPAR says of the factor; empty where it says nothing.
    counts : numpy.ndarray, shape=(width, 4), dtype=float64
        How often each base (A C G T) stands at each position of the factor's sites.
    """

    id: str
    name: str
    family: str
    tf_class: str
    counts: np.ndarray


TAXA = ("plants", "vertebrates", "insects", "nematodes", "fungi", "urochordates")
"""Taxonomic groups of the collection."""


@cache
def motifs(taxon: str = "plants") -> tuple[Motif, ...]:
    """Every motif of a taxonomic group of the CORE collection, ordered by its id.

    Parameters
    ----------
    taxon : str, optional
        One of `TAXA`.

    Returns
    -------
    tuple of Motif

    Raises
    ------
    ValueError
        If the group is unknown.

    Examples
    --------
    >>> motifs("insects")[0].counts.shape[1]
    4
    """
    if taxon not in TAXA:
        raise ValueError(f"taxon {taxon!r} is no group of {RELEASE}; expected one of {', '.join(TAXA)}")
    found = jaspardb(release=RELEASE).fetch_motifs(collection="CORE", tax_group=[taxon])
    known = (
        Motif(
            one.matrix_id,
            one.name,
            ", ".join(one.tf_family or []),
            ", ".join(one.tf_class or []),
            np.array([one.counts[letter] for letter in DNA.letters], dtype=np.float64).T,
        )
        for one in found
    )
    return tuple(sorted(known, key=lambda motif: motif.id))


def plant_motifs() -> tuple[Motif, ...]:
    """Every plant motif of the CORE collection, ordered by its id.

    Returns
    -------
    tuple of Motif
        927 motifs.

    Examples
    --------
    >>> found = plant_motifs()
    >>> len(found), found[0].id
    (927, 'MA0001.3')
    """
    return motifs("plants")


def plant_motif(matrix_id: str) -> Motif:
    """One plant motif.

    Parameters
    ----------
    matrix_id : str
        Its id in JASPAR, with the version.

    Returns
    -------
    Motif

    Raises
    ------
    ValueError
        If the collection holds no such matrix.

    Examples
    --------
    >>> motif = plant_motif("MA0570.3")
    >>> motif.name, consensus(motif.counts)
    ('ABF1', 'ACACGTGGCA')
    """
    for motif in plant_motifs():
        if motif.id == matrix_id:
            return motif
    raise ValueError(
        f"no plant motif {matrix_id!r} in the CORE collection of {RELEASE}; give an id with its "
        "version, such as 'MA0570.3'"
    )


def consensus(counts: ArrayLike) -> str:
    """The most frequent base at each position.

    Parameters
    ----------
    counts : array-like, shape=(width, 4)
        Counts or probabilities of A C G T.

    Returns
    -------
    str
        As many letters as positions.

    Examples
    --------
    >>> consensus([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.2, 0.8]])
    'CT'
    """
    return "".join(DNA.letters[base] for base in np.argmax(counts, axis=1))


def log_odds(
    counts: ArrayLike, background: ArrayLike = (0.25, 0.25, 0.25, 0.25), *, pseudo: float = 1.0
) -> np.ndarray:
    """Position weight matrix: what each base says for a site, against the background.

    Parameters
    ----------
    counts : array-like, shape=(width, 4)
        Counts of A C G T, or probabilities.
    background : array-like, shape=(4,)
        Share of each base outside sites.
    pseudo : float
        Sites of background composition that are added to the counted ones; some matrices of the
        collection are given as shares that sum to about 1, so a hundredth of the sum is added
        where that is less.

    Returns
    -------
    numpy.ndarray, shape=(width, 4), dtype=float64
        Log-odds in bits. Stormo 2000, doi:10.1093/bioinformatics/16.1.16.

    Raises
    ------
    ValueError
        If the counts have no four columns, or a position is empty.

    Examples
    --------
    >>> log_odds([[30.0, 0.0, 0.0, 0.0]]).round(1).tolist()
    [[2.0, -6.7, -6.7, -6.7]]
    """
    table, share = np.asarray(counts, dtype=float), np.asarray(background, dtype=float)
    if table.ndim != 2 or table.shape[1] != share.size:
        raise ValueError(
            f"counts have the shape {table.shape}; expected (width, {share.size}), columns "
            "A C G T. Transpose a matrix that has its bases in rows"
        )
    total = table.sum(axis=1, keepdims=True)
    if (empty := np.flatnonzero(total[:, 0] <= 0)).size:
        raise ValueError(
            f"counts: position {empty[0]} sums to {total[empty[0], 0]:g}; expected more than 0. "
            "Cut empty positions off the matrix"
        )
    added = np.minimum(pseudo, total / 100)
    return np.log2((table + added * share) / (total + added) / share)
