"""Every guide that an mRNA offers: filters, seed matches elsewhere, and what to order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy.design_rules import longest_run, sense_core
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE, context

SEED = slice(1, 8)  # residues 2 to 8 of a guide: a match of them alone lowers other transcripts
OVERHANG = "UU"  # of the passenger strand; often ordered as dTdT


class Limits(NamedTuple):
    """What a guide has to keep to.

    The share of G and C in positions 1 to 19, the longest run of one letter (nt), and how many
    other transcripts may have a match of its seed.
    """

    gc_low: float = 0.3
    gc_high: float = 0.6
    longest_run: int = 4
    most_seed_matches: int = 10


def tile(mrna: str) -> pd.DataFrame:
    """Every 21-nt guide along an mRNA: ``start`` (0-based), ``site, guide, context, known``.

    A guide is not ``known`` where its site holds an unknown residue: it cannot be ordered.

    Examples
    --------
    >>> tile("A" * 20 + "CG")["guide"].tolist()
    ['GUUUUUUUUUUUUUUUUUUUU', 'CGUUUUUUUUUUUUUUUUUUU']
    """
    if len(mrna) < GUIDE:
        raise ValueError(f"the mRNA has {len(mrna)} nt; expected at least {GUIDE}. Give the whole mRNA")
    rows = []
    for start in range(len(mrna) - GUIDE + 1):
        site = mrna[start : start + GUIDE]
        around = context(mrna, start)
        rows.append((start, site, reverse_complement(site, RNA), around, RNA.unknown not in site))
    return pd.DataFrame(rows, columns=["start", "site", "guide", "context", "known"])


def seed_matches(guides: Sequence[str], transcripts: Mapping[str, str]) -> np.ndarray:
    """In how many transcripts (by name; leave the target out) the seed of each guide finds its complement.

    A match of residues 2 to 8 is the 7mer-m8 site of Lewis 2005, doi:10.1016/j.cell.2004.12.035.

    Examples
    --------
    >>> others = {"a": "GGGUUCGAGGG", "b": "AAAACGUUCGAAAA"}
    >>> seed_matches(["UUCGAACGUACGUACGUACGG"], others).tolist()
    [1]
    """
    size = SEED.stop - SEED.start
    counts: Counter[str] = Counter()
    for text in transcripts.values():
        counts.update({text[i : i + size] for i in range(len(text) - size + 1)})
    return np.array([counts[reverse_complement(guide[SEED], RNA)] for guide in guides], dtype=np.int64)


def why_not(guides: Sequence[str], seeds: np.ndarray, limits: Limits) -> list[str]:
    """Why each guide is filtered out, reasons joined by ``; ``; empty for one that may be ordered.

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


def widened(guides: Sequence[str], seeds: np.ndarray, limits: Limits, *, n: int) -> Limits:
    """The limits, with the fewest seed matches allowed that let `n` guides pass where now none passes.

    Examples
    --------
    >>> guides = ["UUCGAACGUACGUACGUACGG", "UACGAACGUACGUACGUACGG"]
    >>> widened(guides, np.array([40, 30]), Limits(most_seed_matches=0), n=1).most_seed_matches
    30
    """
    free = limits._replace(most_seed_matches=int(np.asarray(seeds).max(initial=0)))
    numbers = np.sort(np.asarray(seeds)[[not why for why in why_not(guides, seeds, free)]])
    if not len(numbers) or numbers[0] <= limits.most_seed_matches:
        return limits
    return limits._replace(most_seed_matches=int(numbers[min(n, len(numbers)) - 1]))


def shared_sites(mrna: str, transcripts: Mapping[str, str]) -> pd.Series:
    """Share of the guide sites (21 nt) of an mRNA that stand in each transcript; near 1 in an isoform.

    Examples
    --------
    >>> shared_sites("ACGUUGCAAGCUUACGGAUCCAGUU", {"a": "GGACGUUGCAAGCUUACGGAUCCAGUU", "b": "ACGU"}).tolist()
    [1.0, 0.0]
    """
    sites = {mrna[i : i + GUIDE] for i in range(len(mrna) - GUIDE + 1)}
    shares = {
        name: len(sites & {text[i : i + GUIDE] for i in range(len(text) - GUIDE + 1)}) / len(sites)
        for name, text in transcripts.items()
    }
    return pd.Series(shares, dtype="float64")


def off_targets(transcripts: Mapping[str, str], mrna: str, isoforms: str = "") -> dict[str, str]:
    """Transcripts without the target itself and its named isoforms (names, blanks between).

    Raises
    ------
    ValueError
        If no transcript has one of the names.
    """
    left_out = isoforms.split()
    if unknown := [name for name in left_out if name not in transcripts]:
        raise ValueError(
            f"isoforms names {', '.join(unknown)}, which the transcripts do not hold; expected ids of "
            f"records, such as {', '.join(list(transcripts)[:3]) or '(there are none)'}. Correct the names"
        )
    return {name: text for name, text in transcripts.items() if text != mrna and name not in left_out}


def choose(table: pd.DataFrame, n: int, *, apart: int = 10) -> pd.DataFrame:
    """The best `n` guides that pass, the starts of no two of them nearer than `apart` nt.

    The table has ``start``, ``efficacy`` and ``filter`` (empty where a guide passes); ``rank`` is
    added, from 1, equal ones in the order of the mRNA.

    Raises
    ------
    ValueError
        No guide passes; says how many fail at each filter.

    Examples
    --------
    >>> table = pd.DataFrame({"start": [0, 5, 30], "efficacy": [0.9, 0.8, 0.7], "filter": ""})
    >>> choose(table, 2)["start"].tolist()
    [0, 30]
    """
    if not (table["filter"] == "").any():
        failed = {
            name: int(table["filter"].str.contains(mark, regex=False).sum())
            for name, mark in (("GC", "GC "), ("runs", "a run of"), ("seed matches", "seed in"))
        }
        counts = ", ".join(f"{name} {count}" for name, count in failed.items())
        raise ValueError(
            f"none of {len(table)} guides passes the filters (guides that fail: {counts}). Widen gc_low "
            "and gc_high, or raise longest_run or most_seed_matches"
        )
    ordered = table[table["filter"] == ""].sort_values(["efficacy", "start"], ascending=[False, True])
    kept: dict[int, int] = {}
    for place, start in enumerate(ordered["start"]):
        if len(kept) < n and all(abs(start - other) >= apart for other in kept.values()):
            kept[place] = start
    return ordered.iloc[list(kept)].assign(rank=np.arange(1, len(kept) + 1))


def order(chosen: pd.DataFrame, name: str) -> pd.DataFrame:
    """Both strands of the guides that `choose` gave, two rows a siRNA, as they are ordered.

    Columns ``id`` (with the `name` of the mRNA), ``sequence, strand, rank, start`` (1-based): the
    guide (antisense, 21 nt) and the passenger (sense, 19 nt and the overhang `OVERHANG`).

    Examples
    --------
    >>> chosen = pd.DataFrame({"guide": ["UUCGAACGUACGUACGUACGG"], "start": [4], "rank": [1]})
    >>> order(chosen, "gene")[["id", "sequence"]].values.tolist()[1]
    ['gene_si1_5_passenger', 'GUACGUACGUACGUUCGAAUU']
    """
    rows = []
    for guide, start, rank in zip(chosen["guide"], chosen["start"] + 1, chosen["rank"], strict=True):
        for strand, text in (("guide", guide), ("passenger", sense_core([guide])[0] + OVERHANG)):
            rows.append((f"{name}_si{rank}_{start}_{strand}", text, strand, rank, start))
    return pd.DataFrame(rows, columns=["id", "sequence", "strand", "rank", "start"])
