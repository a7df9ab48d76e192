"""Motifs that are known to go with modifications of RNA, as a small library on one strand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from helpers import runs
from helpers.alphabet import RNA
from helpers.motifs.library import KnownMotif

_IUPAC = {
    "A": "A", "C": "C", "G": "G", "U": "U", "R": "AG", "Y": "CU", "H": "ACU", "D": "AGU",
    "B": "CGU", "W": "AU", "N": "ACGU",
}  # fmt: skip
_KEPT = 0.97

KNOWN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "DRACH": ("DRACH", "m6A", "10.1038/nature11112"),
        "m1A T-loop": ("GUUCNANNC", "m1A", "10.1038/nature24456"),
        "TRUB1": ("GUUCNANNC", "Psi", "10.1101/gr.207613.116"),
        "PUS7": ("UNUAR", "Psi", "10.1016/j.cell.2014.08.028"),
        "NSUN2": ("CNGGG", "m5C", "10.1038/s41594-019-0218-x"),
        "NSUN6": ("CUCCA", "m5C", "10.1093/nar/gkaa1193"),
    }
)
"""Consensus, modification and DOI of the source of each motif."""


def known() -> tuple[KnownMotif, ...]:
    """The motifs of `KNOWN` as probabilities of the letters.

    Returns
    -------
    tuple of KnownMotif
        Letters A C G U; ``family`` is the modification, the source stands in `KNOWN`.

    Examples
    --------
    >>> motif = known()[0]
    >>> motif.name, motif.family, motif.ppm.shape
    ('DRACH', 'm6A', (5, 4))
    """
    return tuple(
        KnownMotif(name, name, modification, ppm(consensus))
        for name, (consensus, modification, _) in KNOWN.items()
    )


def planted(path: str | Path) -> tuple[KnownMotif, ...]:
    """The motifs that a simulation planted.

    Parameters
    ----------
    path : str or pathlib.Path
        ``truth_rule.json`` of the sample.

    Returns
    -------
    tuple of KnownMotif
        ``family`` names the modifications that carry the motif.

    Raises
    ------
    ValueError
        If the file holds no motifs, or other letters.

    Examples
    --------
    >>> found = planted("data/sample/rna_modification/truth_rule.json")
    >>> {motif.name: motif.family for motif in found}["T-loop"]
    'm1A, m5U'
    """
    rule = runs.read_json(runs.find(path))
    if rule.get("letters") != RNA.letters or not rule.get("motifs"):
        raise ValueError(
            f"{path}: expected motifs with the letters {RNA.letters}, found "
            f"{rule.get('letters')!r}. Make the sample anew (make sample)"
        )
    return tuple(
        KnownMotif(
            name, name,
            ", ".join(
                key for key, one in rule["modifications"].items() if one["motif"] == name
            ),
            np.array(one["ppm"], dtype=float),
        )
        for name, one in rule["motifs"].items()
    )  # fmt: skip


def ppm(consensus: str) -> np.ndarray:
    """Probabilities of A C G U of a consensus in the letters of the IUPAC.

    Parameters
    ----------
    consensus : str
        Such as ``DRACH``.

    Returns
    -------
    numpy.ndarray, shape=(width, 4), dtype=float64

    Raises
    ------
    ValueError
        If a letter is not known.

    Examples
    --------
    >>> ppm("RU").round(2).tolist()
    [[0.48, 0.02, 0.48, 0.02], [0.01, 0.01, 0.01, 0.97]]
    """
    if strange := sorted(set(consensus) - set(_IUPAC)):
        raise ValueError(
            f"{consensus}: no letter {', '.join(strange)}; expected some of {' '.join(_IUPAC)}"
        )
    rows = []
    for letter in consensus:
        meant = np.array([base in _IUPAC[letter] for base in RNA.letters])
        share = _KEPT if not meant.all() else 1.0
        rows.append(np.where(meant, share / meant.sum(), (1 - share) / max((~meant).sum(), 1)))
    return np.array(rows)
