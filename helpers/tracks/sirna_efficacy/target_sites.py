"""Where a guide meets an mRNA: antisense, sense or nowhere, with the mismatches that are left.

Guides and mRNAs are RNA letters, 5' to 3'. A guide is the antisense strand: its reverse complement
stands in the mRNA. Positions of a site are 0-based on the mRNA.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.sequences.alphabet import RNA

GUIDE = 21
"""Residues of a guide."""

CORE = 19
"""Residues of a guide that must match; the last two overhang and are often dTdT or UU."""

CONTEXT = 57
"""Nucleotides of the mRNA around a site that a model reads: 18 on either side of 21."""


class Site(NamedTuple):
    """Where a guide lies on an mRNA.

    Attributes
    ----------
    orientation : str
        ``"antisense"`` (as it should be), ``"sense"`` (the guide is a copy of the mRNA, not its
        complement) or ``"none"``.
    start : int
        First nucleotide of the site on the mRNA, 0-based; -1 where there is none.
    sites : int
        How many sites match as well as this one; the first along the mRNA is given.
    mismatches : tuple of int
        Positions of the guide, from 1 at its 5' end, that do not match; overhang included.
    note : str
        What a reader has to know; why there is no site.
    """

    orientation: str
    start: int
    sites: int
    mismatches: tuple[int, ...]
    note: str


def reverse_complement(sequence: str) -> str:
    """Reverse complement of an RNA.

    Examples
    --------
    >>> reverse_complement("ACGUN")
    'NACGU'
    """
    return RNA.complement(sequence)[::-1]


def find(guide: str, mrna: str, *, max_mismatches: int = 0) -> Site:
    """Find the site of a guide.

    Parameters
    ----------
    guide : str
        21 RNA letters, 5' to 3', upper case.
    mrna : str
        RNA letters, upper case.
    max_mismatches : int, optional
        Mismatches allowed within the 19 paired residues; an unknown residue (N) on either side
        is a mismatch. Mismatches of the overhang never stand in the way, but are listed.

    Returns
    -------
    Site

    Raises
    ------
    ValueError
        If the guide has another length or `max_mismatches` is out of range.

    Examples
    --------
    >>> mrna = "GG" + "AACCGGUUACGUACGUUAGCA" + "CC"
    >>> guide = reverse_complement("AACCGGUUACGUACGUUAGCA")
    >>> find(guide, mrna)
    Site(orientation='antisense', start=2, sites=1, mismatches=(), note='')
    >>> find("AACCGGUUACGUACGUUAGCA", mrna).orientation
    'sense'
    """
    if len(guide) != GUIDE:
        raise ValueError(f"the guide has {len(guide)} nt; expected {GUIDE}. Give its 21 nt 5' to 3'")
    if not 0 <= max_mismatches < CORE:
        raise ValueError(f"max_mismatches is {max_mismatches}; expected 0 to {CORE - 1}")
    if len(mrna) < GUIDE:
        return Site("none", -1, 0, (), f"the mRNA has {len(mrna)} nt, fewer than the {GUIDE} of a site")
    anti = _best(reverse_complement(guide), mrna, (GUIDE - CORE, GUIDE))
    sense = _best(guide, mrna, (0, CORE))
    if anti.core <= max_mismatches and anti.core <= sense.core:
        wrong = tuple(sorted(GUIDE - int(place) for place in anti.places))
        note = f"{anti.sites} equally good sites, the first is taken" if anti.sites > 1 else ""
        return Site("antisense", anti.start, anti.sites, wrong, note)
    if sense.core <= max_mismatches:
        wrong = tuple(int(place) + 1 for place in sense.places)
        note = (
            "the guide is a copy of the mRNA (the sense strand), not its complement; give the "
            "antisense strand, or ask to turn it"
        )
        return Site("sense", sense.start, sense.sites, wrong, note)
    note = (
        f"no site: the best antisense alignment has {anti.core} mismatches in the {CORE} paired "
        f"residues, {max_mismatches} allowed"
    )
    return Site("none", -1, 0, (), note)


def turned(sense: str, mrna: str, site: Site) -> str:
    """Guide of a siRNA that was given as its sense strand.

    Parameters
    ----------
    sense : str
        21 nt that are a copy of the mRNA, or 19 and an overhang that is none.
    mrna : str
    site : Site
        As `find` gives it for the sense strand.

    Returns
    -------
    str
        The reverse complement. Where the overhang of the sense strand is no copy of the mRNA, the
        19 paired residues are turned, and the mRNA's two letters in front of them stand for the
        overhang of the guide (U where the mRNA has none).

    Examples
    --------
    >>> mrna = "GG" + "AACCGGUUACGUACGUUAGCA" + "CC"
    >>> turned("AACCGGUUACGUACGUUAGCA", mrna, find("AACCGGUUACGUACGUUAGCA", mrna))
    'UGCUAACGUACGUAACCGGUU'
    >>> turned("AACCGGUUACGUACGUUAGUU", mrna, find("AACCGGUUACGUACGUUAGUU", mrna))
    'CUAACGUACGUAACCGGUUCC'
    """
    if not set(site.mismatches) & {CORE + 1, CORE + 2}:
        return reverse_complement(sense)
    before = mrna[max(0, site.start - 2) : site.start]
    return reverse_complement("A" * (2 - len(before)) + before + sense[:CORE])


def context(mrna: str, start: int, *, length: int = CONTEXT) -> str:
    """The site with what lies around it; N where the mRNA has ended.

    Parameters
    ----------
    mrna : str
    start : int
        First nucleotide of the 21-nt site, 0-based.
    length : int, optional
        Odd; the site stands in the middle.

    Returns
    -------
    str, length=`length`

    Raises
    ------
    ValueError
        If the site does not lie within the mRNA, or the length is even or shorter than the site.

    Examples
    --------
    >>> context("A" * 21, 0, length=25)
    'NNAAAAAAAAAAAAAAAAAAAAANN'
    """
    if length < GUIDE or length % 2 == 0:
        raise ValueError(f"length is {length}; expected an odd number from {GUIDE}")
    if not 0 <= start <= len(mrna) - GUIDE:
        raise ValueError(
            f"a site at {start} does not lie within an mRNA of {len(mrna)} nt; expected 0 to "
            f"{len(mrna) - GUIDE}"
        )
    side = (length - GUIDE) // 2
    left, right = start - side, start + GUIDE + side
    inside = mrna[max(left, 0) : right]
    return "N" * max(-left, 0) + inside + "N" * max(right - len(mrna), 0)


def paired_position(guide_position: int, *, length: int = CONTEXT) -> int:
    """Where in the context the partner of a guide's position stands.

    Parameters
    ----------
    guide_position : int
        0-based from the 5' end of the guide.
    length : int, optional
        Of the context.

    Returns
    -------
    int
        0-based.

    Examples
    --------
    >>> paired_position(0), paired_position(20)
    (38, 18)
    """
    return (length - GUIDE) // 2 + GUIDE - 1 - guide_position


class _Hit(NamedTuple):
    core: int
    start: int
    sites: int
    places: np.ndarray


def _best(pattern: str, mrna: str, core: tuple[int, int]) -> _Hit:
    """Place of fewest mismatches in the core, then in the whole pattern, without gaps."""
    exact = mrna.find(pattern)
    if exact >= 0 and "N" not in pattern:
        count, at = 0, exact
        while at >= 0:
            count, at = count + 1, mrna.find(pattern, at + 1)
        return _Hit(0, exact, count, np.zeros(0, dtype=int))
    letters = RNA.encode(mrna)
    codes = RNA.encode(pattern)
    starts = len(letters) - len(codes) + 1
    in_core = np.zeros(starts, dtype=np.int16)
    overhang = np.zeros(starts, dtype=np.int16)
    for place, code in enumerate(codes):
        found = letters[place : place + starts]
        wrong = (found != code) | (found == RNA.unknown_code) | (code == RNA.unknown_code)
        target = in_core if core[0] <= place < core[1] else overhang
        target += wrong
    ranked = in_core.astype(np.int32) * GUIDE + overhang
    start = int(ranked.argmin())
    window = letters[start : start + len(codes)]
    wrong = (window != codes) | (window == RNA.unknown_code) | (codes == RNA.unknown_code)
    count = int((ranked == ranked[start]).sum())
    return _Hit(int(in_core[start]), start, count, np.flatnonzero(wrong))
