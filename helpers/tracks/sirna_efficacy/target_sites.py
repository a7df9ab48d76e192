"""Where a guide meets an mRNA: antisense, sense or nowhere, with the mismatches that are left.

Guides and mRNAs are RNA letters, 5' to 3', upper case. A guide is the antisense strand: its reverse
complement stands in the mRNA. Positions of a site are 0-based on the mRNA; one whose overhang lies
beyond the first letter starts at -1 or -2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement

GUIDE = 21  # residues of a guide
CORE = 19  # residues of it that must match; the last two overhang and are often dTdT or UU
OVERHANG = GUIDE - CORE
CONTEXT = 57  # nucleotides of the mRNA around a site that a model reads
FLANK = (CONTEXT - GUIDE) // 2  # of them on either side of the site

_SENSE = (
    "the guide is a copy of the mRNA (the sense strand), not its complement; give the antisense "
    "strand, or ask to turn it"
)


class Site(NamedTuple):
    """Where a guide lies on an mRNA.

    ``orientation`` is antisense (as it should be), sense (the guide is a copy of the mRNA) or none;
    ``start`` means nothing where there is no site, ``sites`` counts those that match as well (the first is
    given), ``mismatches`` are positions of the guide from 1, overhang included, and ``note`` says
    what a reader has to know, or why there is no site.
    """

    orientation: str
    start: int
    sites: int
    mismatches: tuple[int, ...]
    note: str


def find(guide: str, mrna: str, *, max_mismatches: int = 0) -> Site:
    """Find the site of a guide of 21 nt.

    `max_mismatches` are allowed within the 19 paired residues; an unknown residue (N) on either
    side is a mismatch. Mismatches of the overhang never stand in the way, but are listed; so are
    letters of it that lie beyond the mRNA's end.

    Examples
    --------
    >>> mrna = "GG" + "AACCGGUUACGUACGUUAGCA" + "CC"
    >>> find("UGCUAACGUACGUAACCGGUU", mrna)
    Site(orientation='antisense', start=2, sites=1, mismatches=(), note='')
    >>> find("AACCGGUUACGUACGUUAGCA", mrna).orientation
    'sense'
    """
    if len(guide) != GUIDE:
        raise ValueError(f"the guide has {len(guide)} nt; expected {GUIDE}. Give its 21 nt 5' to 3'")
    if not 0 <= max_mismatches < CORE:
        raise ValueError(f"max_mismatches is {max_mismatches}; expected 0 to {CORE - 1}")
    if len(mrna) < CORE:
        return Site("none", -1, 0, (), f"the mRNA has {len(mrna)} nt, fewer than the {CORE} that pair")
    # The overhang alone may reach beyond the mRNA: in front of it, or behind it for a copy of the mRNA.
    beyond = RNA.unknown * OVERHANG
    before, behind = RNA.encode(beyond + mrna), RNA.encode(mrna + beyond)
    anti = _best(reverse_complement(guide, RNA), before, slice(OVERHANG, GUIDE))
    anti = anti._replace(start=anti.start - OVERHANG)
    # A guide that pairs with every letter of a site needs no look at the other strand.
    sense = _best(guide, behind, slice(0, CORE)) if anti.core else anti
    if anti.core <= max_mismatches and anti.core <= sense.core:
        said = [f"{anti.sites} equally good sites, the first is taken"] if anti.sites > 1 else []
        if anti.start < 0:
            said.append(f"{-anti.start} nt of the overhang lie beyond the mRNA's first letter; N stand there")
        places = tuple(GUIDE - p for p in anti.places[::-1])
        return Site("antisense", anti.start, anti.sites, places, "; ".join(said))
    if sense.core <= max_mismatches:
        return Site("sense", sense.start, sense.sites, tuple(p + 1 for p in sense.places), _SENSE)
    note = (
        f"no site: the best antisense alignment has {anti.core} mismatches in the {CORE} paired "
        f"residues, {max_mismatches} allowed"
    )
    return Site("none", -1, 0, (), note)


def locate(
    guide: str, mrna: str, *, max_mismatches: int = 0, turn_sense: bool = False
) -> tuple[str, Site, bool]:
    """Guide, its site, and whether the guide had been given as its sense strand and was turned.

    Where the overhang of a sense strand is no copy of the mRNA, the 19 paired residues are turned,
    and the mRNA's two letters in front of them stand for the overhang of the guide (U where the
    mRNA has none).

    Examples
    --------
    >>> mrna = "GG" + "AACCGGUUACGUACGUUAGCA" + "CC"
    >>> locate("AACCGGUUACGUACGUUAGCA", mrna, turn_sense=True)[0]
    'UGCUAACGUACGUAACCGGUU'
    >>> locate("AACCGGUUACGUACGUUAGUU", mrna, turn_sense=True)[0]
    'CUAACGUACGUAACCGGUUCC'
    """
    site = find(guide, mrna, max_mismatches=max_mismatches)
    if site.orientation != "sense" or not turn_sense:
        return guide, site, False
    sense = guide
    if max(site.mismatches, default=0) > CORE:
        before = mrna[max(0, site.start - OVERHANG) : site.start]
        sense = before.rjust(OVERHANG, "A") + guide[:CORE]
    guide = reverse_complement(sense, RNA)
    return guide, find(guide, mrna, max_mismatches=max_mismatches), True


def context(mrna: str, start: int) -> str:
    """The 57 nt around the site that starts at `start`; N where there is no mRNA.

    Examples
    --------
    >>> context("ACG" * 7, 0).count("N")
    36
    """
    if not is_site(start, mrna):
        last = len(mrna) - GUIDE
        raise ValueError(f"a site at {start} does not lie within the mRNA; expected {-OVERHANG} to {last}")
    left, right = start - FLANK, start + GUIDE + FLANK
    return "N" * max(-left, 0) + mrna[max(left, 0) : right] + "N" * max(right - len(mrna), 0)


def is_site(start: int, mrna: str) -> bool:
    """Whether the 19 paired residues of a site lie within the mRNA."""
    return -OVERHANG <= start <= len(mrna) - GUIDE


def paired_position(guide_position: int) -> int:
    """Where in the context the partner of a guide's position stands; both 0-based.

    Examples
    --------
    >>> paired_position(0), paired_position(20)
    (38, 18)
    """
    return FLANK + GUIDE - 1 - guide_position


class _Hit(NamedTuple):
    core: int
    start: int
    sites: int
    places: list[int]


def _best(pattern: str, letters: np.ndarray, core: slice) -> _Hit:
    """Place of fewest mismatches in the core, then in the whole pattern, without gaps."""
    codes = RNA.encode(pattern)
    windows = np.lib.stride_tricks.sliding_window_view(letters, GUIDE)
    wrong = (windows != codes) | (windows == RNA.unknown_code) | (codes == RNA.unknown_code)
    in_core = wrong[:, core].sum(axis=1)
    ranked = in_core * GUIDE + wrong.sum(axis=1) - in_core
    start = int(ranked.argmin())
    sites = int((ranked == ranked[start]).sum())
    return _Hit(int(in_core[start]), start, sites, np.flatnonzero(wrong[start]).tolist())
