"""Motifs of enzymes that modify RNA, from the literature: what a code can be matched against.

Of the Nm-seq motif beware: AGAUCG is also how the adapter of common sequencing libraries begins
(AGATCGGAAGAGC), so it may tell of the experiment rather than of an enzyme.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.motifs.library import Motif
from helpers.sequences.alphabet import RNA

IUPAC = {
    "A": "A", "C": "C", "G": "G", "U": "U", "R": "AG", "Y": "CU", "S": "CG", "W": "AU",
    "K": "GU", "M": "AC", "B": "CGU", "D": "AGU", "H": "ACU", "V": "ACG", "N": "ACGU",
}  # fmt: skip
"""Letters that each letter of a consensus stands for."""

SITES = (
    ("m6A-DRACH", "METTL3-METTL14", "m6A", "DRACH", "doi:10.1038/nature11112"),
    ("m6Am-BCA", "PCIF1", "m6Am", "BCA", "doi:10.1038/nmeth.3453"),
    ("T-loop", "TRUB1, TRMT6-TRMT61A", "Psi, m1A", "GUUCNANNC", "doi:10.1101/gr.207613.116"),
    ("PUS7", "PUS7", "Psi", "UNUAR", "doi:10.1016/j.cell.2014.08.028"),
    ("NSUN2", "NSUN2", "m5C", "CNGGG", "doi:10.1038/s41594-019-0218-x"),
    ("NSUN6", "NSUN6", "m5C", "CUCCA", "doi:10.1093/nar/gkaa1193"),
    ("Nm-seq", "not known", "Am, Cm, Gm, Um", "AGAUCGAGG", "doi:10.1038/nmeth.4294"),
)
"""Id, enzyme, modifications, consensus (IUPAC) and source of each motif."""


def from_consensus(consensus: str, *, kept: float = 0.97) -> np.ndarray:
    """Letter probabilities of a consensus.

    Parameters
    ----------
    consensus : str
        IUPAC letters of RNA.
    kept : float
        Probability of the letters that a position stands for, shared evenly among them.

    Returns
    -------
    numpy.ndarray, shape=(width, 4), dtype=float64
        Letters A C G U.

    Raises
    ------
    ValueError
        If a letter is none of IUPAC's, or the consensus is empty.

    Examples
    --------
    >>> from_consensus("AN", kept=0.97).round(2).tolist()
    [[0.97, 0.01, 0.01, 0.01], [0.25, 0.25, 0.25, 0.25]]
    """
    if not consensus or (wrong := sorted(set(consensus) - set(IUPAC))):
        found = repr(consensus) if not consensus else ", ".join(wrong)
        raise ValueError(f"consensus {consensus!r} holds {found}; expected letters of {''.join(IUPAC)}")
    rows = np.full((len(consensus), RNA.size), 0.0)
    for row, letter in zip(rows, consensus, strict=True):
        inside = np.isin(list(RNA.letters), list(IUPAC[letter]))
        if inside.all():
            row[:] = 1 / RNA.size
        else:
            row[inside] = kept / inside.sum()
            row[~inside] = (1 - kept) / (~inside).sum()
    return rows


def known(sites: Sequence[tuple[str, str, str, str, str]] = SITES) -> tuple[Motif, ...]:
    """The motifs as a library for `helpers.motifs.matching.match`.

    Parameters
    ----------
    sites : sequence of tuple
        As `SITES`.

    Returns
    -------
    tuple of Motif
        Its ``family`` says modifications and source.

    Examples
    --------
    >>> [motif.id for motif in known()][:2]
    ['m6A-DRACH', 'm6Am-BCA']
    """
    return tuple(
        Motif(name, enzyme, f"{of}; {source}", from_consensus(consensus))
        for name, enzyme, of, consensus, source in sites
    )
