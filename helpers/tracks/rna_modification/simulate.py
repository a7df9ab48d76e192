"""The RNA-modification sample: windows around a site, with the motifs that decide planted.

Each of ten modifications has one motif and a rule for its place. Four motifs are those of known
enzymes; the others are invented, and said to be. Two pairs of modifications share a motif and
differ in where it stands. Negatives are decoys: a motif one letter off, or in a wrong place.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import paths
from helpers.readers.fasta import write_fasta
from helpers.readers.tables import write_table
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.data import SPLITS

TRANSITIONS = (
    (0.32, 0.20, 0.28, 0.20),
    (0.30, 0.28, 0.10, 0.32),
    (0.28, 0.24, 0.26, 0.22),
    (0.20, 0.24, 0.28, 0.28),
)
"""Probability of A C G U (columns) behind A C G U (rows) in the background."""
_INVENTED = "invented"
_SHORTEST = 101
_SEED = 20261126
_SITES = ["window_id", "modification", "motif", "start", "stop", "first_offset"]


class Rule(NamedTuple):
    """Where the motif (of `MOTIFS`) of a modification stands: offsets of its first letter, in nt."""

    name: str
    base: str
    motif: str
    first: int
    last: int


MOTIFS: dict[str, tuple[str, str]] = {
    "T-loop": ("GUUCGA", "T-loop of tRNA, GUUCNANNC: doi:10.1038/nature24456"),
    "DRACH": ("GGACU", "METTL3-METTL14, DRACH: doi:10.1038/nature11112"),
    "PUS7": ("UGUAG", "PUS7, UNUAR: doi:10.1016/j.cell.2014.08.028"),
    "NSUN2": ("CAGGG", "NSUN2, CNGGG: doi:10.1038/s41594-019-0218-x"),
    "Nm": ("AGAUCGA", _INVENTED),
    "late-C": ("CUGUCAC", _INVENTED),
    "early-U": ("UUGCAUU", _INVENTED),
    "cap-A": ("CCAGUCA", _INVENTED),
}
"""Consensus and source of each motif; where it stands is always this simulation's rule."""

RULES = (
    Rule("Am", "A", "Nm", 0, 0),
    Rule("Cm", "C", "late-C", 6, 9),
    Rule("Gm", "G", "Nm", -13, -10),
    Rule("Um", "U", "early-U", -17, -16),
    Rule("m1A", "A", "T-loop", -5, -5),
    Rule("m5C", "C", "NSUN2", 0, 0),
    Rule("m5U", "U", "T-loop", -1, -1),
    Rule("m6A", "A", "DRACH", -2, -2),
    Rule("m6Am", "A", "cap-A", 4, 7),
    Rule("Psi", "U", "PUS7", -2, -2),
)
"""One rule a modification; its place in the row, from 1, is its number in the file names."""


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    train, valid, test : int
        Windows of each class and modification.
    length : int
        Length of a window, in nt; odd.
    carried : float
        Share of the positives that carry their motif.
    kept : float
        Probability that a letter of a planted motif is that of the consensus.
    near, misplaced : float
        Shares of the negatives with a motif one letter off, and with one in a wrong place.
    """

    train: int = 320
    valid: int = 60
    test: int = 80
    length: int = 151
    carried: float = 0.98
    kept: float = 0.985
    near: float = 0.3
    misplaced: float = 0.25

    def check(self) -> None:
        """Raise ValueError if a motif or a decoy has no room."""
        if self.length % 2 == 0 or self.length < _SHORTEST:
            raise ValueError(
                f"the plan's length is {self.length} nt; expected an odd number of at least {_SHORTEST}, so "
                "that every motif and every decoy has room"
            )


class Simulation(NamedTuple):
    """Windows and their truth.

    Attributes
    ----------
    windows : pandas.DataFrame
        ``file`` (such as ``train/8-1``), ``id, sequence``.
    sites : pandas.DataFrame
        Motifs that decide: ``window_id, modification, motif, start, stop`` (0-based, half-open, in
        the window) and ``first_offset`` (of the first letter from the site).
    """

    windows: pd.DataFrame
    sites: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = _SEED) -> Simulation:  # noqa: B008
    """Draw windows of ten modifications; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(train=2, valid=1, test=1), seed=0)
    >>> len(small.windows), small.windows["file"].iloc[0]
    (80, 'train/1-0')
    """
    plan.check()
    rng = np.random.default_rng(seed)
    rows, sites = [], []
    middle = plan.length // 2
    for split, (number, rule), label in product(SPLITS, enumerate(RULES, 1), (0, 1)):
        file = f"{split}/{number}-{label}"
        windows = _background(rng, getattr(plan, split), plan.length)
        windows[:, middle] = RNA.letters.index(rule.base)
        for place, window in enumerate(windows):
            name = f"sim_{'pos' if label else 'neg'}_{place}"
            start = _plant(rng, window, rule, label, plan)
            rows.append((file, name, "".join(RNA.letters[code] for code in window)))
            if start is not None:
                stop = start + len(MOTIFS[rule.motif][0])
                sites.append((f"{file}:{name}", rule.name, rule.motif, start, stop, start - middle))
    return Simulation(
        pd.DataFrame(rows, columns=["file", "id", "sequence"]), pd.DataFrame(sites, columns=_SITES)
    )


def write(folder: str | Path, *, seed: int = _SEED) -> list[Path]:
    """Write the sample: FASTA files in the scheme of the public data, and the truth."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    truth = [folder / "truth_sites.csv", folder / "truth_rule.json"]
    written = []
    for file, part in sample.windows.groupby("file", sort=False):
        written.append(folder / f"{file}.fasta")
        written[-1].parent.mkdir(parents=True, exist_ok=True)
        write_fasta(written[-1], zip(part["id"], part["sequence"], strict=True))
    write_table(truth[0], sample.sites)
    paths.write_json(truth[1], _rule())
    return written + truth


def ppm(motif: str, kept: float = Plan().kept) -> np.ndarray:
    """Probability of A C G U at each position of a planted motif, shape (width, 4).

    Examples
    --------
    >>> ppm("DRACH", 0.97)[0].round(2).tolist()
    [0.01, 0.01, 0.97, 0.01]
    """
    return np.where(np.eye(RNA.size)[_codes(motif)] > 0, kept, (1 - kept) / (RNA.size - 1))


def _codes(motif: str) -> np.ndarray:
    return np.array([RNA.letters.index(letter) for letter in MOTIFS[motif][0]])


def _background(rng: np.random.Generator, n: int, length: int) -> np.ndarray:
    steps = np.cumsum(np.array(TRANSITIONS), axis=1)
    drawn = rng.random((length, n))
    found = np.zeros((n, length), dtype=np.intp)
    found[:, 0] = rng.integers(RNA.size, size=n)
    for at in range(1, length):
        found[:, at] = (drawn[at][:, None] > steps[found[:, at - 1]]).sum(axis=1)
    return np.minimum(found, RNA.size - 1)


def _plant(rng: np.random.Generator, window: np.ndarray, rule: Rule, label: int, plan: Plan) -> int | None:
    """Write the motif, or a decoy, into a window; gives the start of a motif that decides."""
    middle = plan.length // 2
    consensus = _codes(rule.motif)
    start = middle + int(rng.integers(rule.first, rule.last + 1))
    kind = rng.random()
    if label:
        if kind >= plan.carried:
            return None
        kept = rng.random(len(consensus)) < plan.kept
        other = (consensus + rng.integers(1, RNA.size, len(consensus))) % RNA.size
        _write(window, start, np.where(kept, consensus, other), middle)
        return start
    if kind < plan.near:
        at = rng.choice([i for i in range(len(consensus)) if start + i != middle])
        word = consensus.copy()
        word[at] = (word[at] + rng.integers(1, RNA.size)) % RNA.size
        _write(window, start, word, middle)
    elif kind < plan.near + plan.misplaced:
        # At least the motif's width and some nt away from every allowed place, within 40 nt.
        away = rng.integers(len(consensus) + 6, 30) * rng.choice([-1, 1])
        edge = rule.last if away > 0 else rule.first
        _write(window, middle + edge + int(away), consensus, middle)
    return None


def _write(window: np.ndarray, start: int, word: np.ndarray, middle: int) -> None:
    """The site keeps its own letter."""
    base = window[middle]
    window[start : start + len(word)] = word
    window[middle] = base


def _rule() -> dict[str, object]:
    return {
        "what": "simulated data; nothing here was measured",
        "rule": "a positive carries the motif of its modification at an allowed offset of the "
        "motif's first letter from the site; a negative carries it one letter off, or elsewhere, "
        "or not at all",
        "letters": RNA.letters,
        "motifs": {
            name: {"consensus": consensus, "source": source, "ppm": ppm(name).round(6).tolist()}
            for name, (consensus, source) in MOTIFS.items()
        },
        "modifications": {
            rule.name: {
                "index": number, "base": rule.base, "motif": rule.motif, "offsets": [rule.first, rule.last]
            }
            for number, rule in enumerate(RULES, 1)
        },
        "background": TRANSITIONS,
        "plan": Plan()._asdict(),
    }  # fmt: skip


if __name__ == "__main__":
    write(sys.argv[1])
