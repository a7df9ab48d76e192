"""Every guide that an mRNA offers: filters, seed matches elsewhere, and what to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.design_rules import longest_run, sense_core
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE, context, reverse_complement

SEED = slice(1, 8)
"""Residues 2 to 8 of a guide: a match of them alone lowers other transcripts."""

OVERHANG = "UU"
"""Overhang of the passenger strand; often ordered as dTdT."""


class Limits(NamedTuple):
    """What a guide has to keep to.

    Attributes
    ----------
    gc_low, gc_high : float
        Share of G and C in positions 1 to 19.
    longest_run : int
        Longest run of one letter, nt.
    most_seed_matches : int
        Most other transcripts with a match of the seed.
    """

    gc_low: float = 0.3
    gc_high: float = 0.6
    longest_run: int = 4
    most_seed_matches: int = 10


def tile(mrna: str) -> pd.DataFrame:
    """Every 21-nt guide along an mRNA.

    Parameters
    ----------
    mrna : str
        RNA letters.

    Returns
    -------
    pandas.DataFrame
        ``start`` (0-based), ``site, guide, context, known`` (False where the site holds an
        unknown residue: such a guide cannot be ordered), one row a place.

    Raises
    ------
    ValueError
        If the mRNA is shorter than a guide.

    Examples
    --------
    >>> tile("A" * 20 + "CG")["guide"].tolist()
    ['GUUUUUUUUUUUUUUUUUUUU', 'CGUUUUUUUUUUUUUUUUUUU']
    """
    if len(mrna) < GUIDE:
        raise ValueError(f"the mRNA has {len(mrna)} nt; expected at least {GUIDE}. Give the whole mRNA")
    starts = range(len(mrna) - GUIDE + 1)
    sites = [mrna[start : start + GUIDE] for start in starts]
    return pd.DataFrame(
        {
            "start": list(starts),
            "site": sites,
            "guide": [reverse_complement(site) for site in sites],
            "context": [context(mrna, start) for start in starts],
            "known": [RNA.unknown not in site for site in sites],
        }
    )


def seed_matches(guides: Sequence[str], transcripts: Mapping[str, str]) -> np.ndarray:
    """In how many transcripts the seed of each guide finds its complement.

    Parameters
    ----------
    guides : sequence of str
    transcripts : dict of str to str
        Other transcripts, RNA letters; leave the target itself out.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        Transcripts with at least one match of residues 2 to 8, the 7mer-m8 site of Lewis 2005,
        doi:10.1016/j.cell.2004.12.035.

    Examples
    --------
    >>> others = {"a": "GGGUUCGAGGG", "b": "AAAACGUUCGAAAA"}
    >>> seed_matches(["UUCGAACGUACGUACGUACGG"], others).tolist()
    [1]
    """
    counts: dict[str, int] = {}
    size = SEED.stop - SEED.start
    for text in transcripts.values():
        for word in {text[i : i + size] for i in range(len(text) - size + 1)}:
            counts[word] = counts.get(word, 0) + 1
    return np.array([counts.get(reverse_complement(g[SEED]), 0) for g in guides], dtype=np.int64)


def why_not(guides: Sequence[str], seeds: np.ndarray, limits: Limits) -> list[str]:
    """Why each guide is filtered out; empty for one that may be ordered.

    Parameters
    ----------
    guides : sequence of str
    seeds : numpy.ndarray, shape=(n,)
        As `seed_matches` gives them.
    limits : Limits

    Returns
    -------
    list of str
        Reasons with what was found and what was allowed, joined by ``; ``.

    Examples
    --------
    >>> why_not(["UUUUUUUUUUUUUUUUUUUUU"], np.array([0]), Limits())
    ['GC 0 %, allowed 30 to 60; a run of 21 U, allowed 4']
    """
    codes = np.stack([RNA.encode(guide) for guide in guides])
    runs = np.stack([longest_run(codes, letter) for letter in RNA.letters], axis=1)
    reasons = []
    for guide, run, seed in zip(guides, runs, seeds, strict=True):
        gc = sum(guide[:CORE].count(letter) for letter in "GC") / CORE
        found = []
        if RNA.unknown in guide:
            found.append("the site holds an unknown residue")
        if not limits.gc_low <= gc <= limits.gc_high:
            allowed = f"{100 * limits.gc_low:.0f} to {100 * limits.gc_high:.0f}"
            found.append(f"GC {100 * gc:.0f} %, allowed {allowed}")
        if run.max() > limits.longest_run:
            letter = RNA.letters[int(run.argmax())]
            found.append(f"a run of {run.max()} {letter}, allowed {limits.longest_run}")
        if seed > limits.most_seed_matches:
            found.append(f"seed in {seed} transcripts, allowed {limits.most_seed_matches}")
        reasons.append("; ".join(found))
    return reasons


def choose(table: pd.DataFrame, n: int, *, apart: int = 10) -> pd.DataFrame:
    """The best guides that pass, no two of them on nearly the same site.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``start``, ``efficacy`` and ``filter`` (empty where a guide passes).
    n : int
        How many; fewer come where fewer pass.
    apart : int, optional
        Smallest distance between the starts of two, nt.

    Returns
    -------
    pandas.DataFrame
        Rows of `table` with ``rank`` from 1, best first; equal ones in the order of the mRNA.

    Examples
    --------
    >>> table = pd.DataFrame({"start": [0, 5, 30], "efficacy": [0.9, 0.8, 0.7], "filter": ""})
    >>> choose(table, 2)["start"].tolist()
    [0, 30]
    """
    ordered = table[table["filter"] == ""].sort_values(
        ["efficacy", "start"], ascending=[False, True], kind="stable"
    )
    kept: list[int] = []
    starts: list[int] = []
    for index, start in zip(ordered.index, ordered["start"], strict=True):
        if len(kept) == n:
            break
        if all(abs(start - other) >= apart for other in starts):
            kept.append(index)
            starts.append(start)
    return ordered.loc[kept].assign(rank=np.arange(1, len(kept) + 1))


def order(chosen: pd.DataFrame, name: str) -> pd.DataFrame:
    """Both strands of the chosen guides, as they are ordered.

    Parameters
    ----------
    chosen : pandas.DataFrame
        As `choose` gives it, with ``guide``.
    name : str
        Of the mRNA; stands in the ids.

    Returns
    -------
    pandas.DataFrame
        ``id, sequence, strand, rank, start`` (1-based): guide (antisense, 21 nt) and passenger
        (sense, 19 nt and the overhang `OVERHANG`), two rows a siRNA.

    Examples
    --------
    >>> chosen = pd.DataFrame({"guide": ["UUCGAACGUACGUACGUACGG"], "start": [4], "rank": [1]})
    >>> order(chosen, "gene")[["id", "sequence"]].values.tolist()[1]
    ['gene_si1_5_passenger', 'GUACGUACGUACGUUCGAAUU']
    """
    rows = []
    for row in chosen.itertuples():
        stem = f"{name}_si{row.rank}_{row.start + 1}"
        sense = sense_core([row.guide])[0] + OVERHANG
        for strand, sequence in (("guide", row.guide), ("passenger", sense)):
            rows.append((f"{stem}_{strand}", sequence, strand, row.rank, row.start + 1))
    return pd.DataFrame(rows, columns=["id", "sequence", "strand", "rank", "start"])
