"""The siRNA sample: guides whose efficacy follows stated rules, with the truth beside them.

The rules, each an effect on the fraction silenced: the end of the duplex at the guide's 5' end is
the weaker one (asymmetry); the GC content is near 45 %; three positions of the guide prefer a
letter; the site lies open; the seed and the middle of the guide pair with the target without
a mismatch. An effect of the mRNA and noise are added. Nothing was measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project.paths import atomic_path
from helpers.readers.fasta import write_fasta
from helpers.rna import folding, thermodynamics
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy.target_sites import (
    CONTEXT,
    GUIDE,
    paired_position,
    reverse_complement,
)

LETTERS = {6: "A", 10: "U", 16: "G"}
"""Position of the guide (from 1) and the letter it prefers, or (16) shuns."""

LETTER_EFFECTS = {6: 0.09, 10: 0.10, 16: -0.10}
"""Effect of that letter on the fraction silenced."""

PAIRED = tuple(range(2, 13))
"""Positions of the guide (from 1) whose mismatch with the target costs efficacy."""

FEATURES = ("asymmetry", "gc_core", "open_site")
"""Named features that the rules are about."""


class Plan(NamedTuple):
    """Sizes and effects of the simulation.

    Attributes
    ----------
    mrnas : int
        Unrelated mRNAs.
    guides : int
        Guides against each of them.
    lengths : tuple of int
        Shortest and longest mRNA, nt.
    mismatched : float
        Share of guides with one or two mismatches among positions 2 to 19.
    asymmetry : float
        Effect of 1 kcal/mol of end asymmetry.
    gc : float
        Loss per squared distance of the GC content from 0.45.
    opening : float
        Loss for 1 kcal/mol that it takes to open the site.
    mismatch : float
        Loss for each mismatch in `PAIRED`.
    mrna : float
        Standard deviation of the effect of an mRNA.
    noise : float
        Standard deviation of a measurement.
    """

    mrnas: int = 20
    guides: int = 70
    lengths: tuple[int, int] = (300, 700)
    mismatched: float = 0.4
    asymmetry: float = 0.03
    gc: float = 3.0
    opening: float = 0.022
    mismatch: float = 0.25
    mrna: float = 0.05
    noise: float = 0.05


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    mrnas : dict of str to str
        RNA letters by id.
    sirnas : pandas.DataFrame
        The truth, one row a guide: ``siRNA, mRNA, guide, start, mismatches``, each effect
        (``asymmetry, gc, letters, opening, pairing, mrna_effect``) and ``efficacy``.
    """

    mrnas: dict[str, str]
    sirnas: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = 20261121) -> Simulation:  # noqa: B008
    """Simulate mRNAs, guides and their efficacies.

    Parameters
    ----------
    plan : Plan
        Sizes and effects.
    seed : int
        Seed of the generator; the same seed gives the same sample.

    Returns
    -------
    Simulation

    Examples
    --------
    >>> small = simulate(Plan(mrnas=2, guides=3, lengths=(80, 90)))
    >>> len(small.mrnas), len(small.sirnas), bool(small.sirnas["efficacy"].between(0, 1).all())
    (2, 6, True)
    """
    rng = np.random.default_rng(seed)
    mrnas: dict[str, str] = {}
    rows: list[dict[str, object]] = []
    for number in range(1, plan.mrnas + 1):
        name = f"mrna{number:02d}"
        # Each mRNA has a GC content of its own, as real ones do.
        gc = rng.uniform(0.38, 0.56)
        shares = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
        length = int(rng.integers(plan.lengths[0], plan.lengths[1] + 1))
        mrnas[name] = "".join(rng.choice(list(RNA.letters), size=length, p=shares))
        own = rng.normal(0, plan.mrna)
        opened = folding.opening_energy(folding.unpaired_probability(mrnas[name], length=GUIDE))
        places = length - GUIDE + 1
        for start in rng.choice(places, size=min(plan.guides, places), replace=False):
            guide, wrong = _guide(mrnas[name][start : start + GUIDE], plan, rng)
            effects = _effects(guide, wrong, float(opened[start]), plan) | {"mrna_effect": own}
            noise = rng.normal(0, plan.noise)
            value = float(np.clip(0.72 + sum(effects.values()) + noise, 0.0, 1.0))
            rows.append(
                {
                    "siRNA": f"s{len(rows) + 1:04d}",
                    "mRNA": name,
                    "guide": guide,
                    "start": int(start),
                    "mismatches": " ".join(map(str, wrong)),
                    **{key: round(float(effect), 4) for key, effect in effects.items()},
                    "efficacy": round(value, 3),
                }
            )
    return Simulation(mrnas, pd.DataFrame(rows))


def planted_pairs() -> np.ndarray:
    """Which (guide position, context position) pairs the rule about mismatches is about.

    Returns
    -------
    numpy.ndarray, shape=(21, 57), dtype=bool
    """
    truth = np.zeros((GUIDE, CONTEXT), dtype=bool)
    for position in PAIRED:
        truth[position - 1, paired_position(position - 1)] = True
    return truth


def write(folder: str | Path, *, seed: int = 20261121) -> list[Path]:
    """Write the sample: FASTA files, efficacies, the truth, and files to predict and to design on.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder to write into; made if absent.
    seed : int
        Seed of the simulation.

    Returns
    -------
    list of pathlib.Path
        The files, in the order in which they were written.
    """
    folder = Path(folder)
    sample = simulate(seed=seed)
    fresh = simulate(Plan(mrnas=2, guides=12, lengths=(400, 500)), seed=seed + 1)
    written = _write_training(folder, sample)
    written += _write_prediction(folder, fresh)
    written += _write_design(folder, seed + 2)
    rule = {
        "what": "simulated data; nothing here was measured",
        "rules": {
            "asymmetry": "kcal/mol by which the guide's 5' end is the weaker one, times the effect",
            "gc": "minus the effect times (GC of positions 1 to 19 - 0.45) squared",
            "letters": {str(place): LETTERS[place] for place in LETTERS},
            "letter_effects": {str(place): value for place, value in LETTER_EFFECTS.items()},
            "opening": "minus the effect for each kcal/mol that it takes to open the site",
            "pairing": f"minus the effect for each mismatch in guide positions {PAIRED}",
        },
        "features": list(FEATURES),
        "plan": Plan()._asdict(),
    }
    with atomic_path(folder / "truth_rule.json") as part:
        part.write_text(json.dumps(rule, indent=1) + "\n")
    return [*written, folder / "truth_rule.json"]


def _guide(site: str, plan: Plan, rng: np.random.Generator) -> tuple[str, list[int]]:
    """A guide for a site, some with mismatches; positions from 1."""
    letters = list(reverse_complement(site))
    wrong: list[int] = []
    if rng.random() < plan.mismatched:
        count = int(rng.integers(1, 3))
        wrong = sorted(int(p) for p in rng.choice(np.arange(2, 20), size=count, replace=False))
        for place in wrong:
            others = [x for x in RNA.letters if x != letters[place - 1]]
            letters[place - 1] = str(rng.choice(others))
    return "".join(letters), wrong


def _effects(guide: str, wrong: list[int], opened: float, plan: Plan) -> dict[str, float]:
    gc = sum(guide[:19].count(x) for x in "GC") / 19
    asymmetry = float(thermodynamics.asymmetry([guide])[0])
    letters = sum(LETTER_EFFECTS[place] for place, letter in LETTERS.items() if guide[place - 1] == letter)
    return {
        "asymmetry": plan.asymmetry * asymmetry,
        "gc": -plan.gc * (gc - 0.45) ** 2,
        "letters": letters,
        "opening": -plan.opening * (opened - 8.0),
        "pairing": -plan.mismatch * sum(place in PAIRED for place in wrong),
    }


def _write_training(folder: Path, sample: Simulation) -> list[Path]:
    """Training files with faults that real ones have, each of which the loader has to report."""
    table = sample.sirnas[["siRNA", "mRNA", "efficacy"]].copy()
    guides = dict(zip(sample.sirnas["siRNA"], sample.sirnas["guide"], strict=True))
    matched = sample.sirnas.loc[sample.sirnas["mismatches"] == "", "siRNA"].tolist()
    starts = dict(zip(sample.sirnas["siRNA"], sample.sirnas["start"], strict=True))
    for name in matched[10:13]:  # the sense strand in place of the guide
        mrna = sample.mrnas[table.loc[table["siRNA"] == name, "mRNA"].item()]
        guides[name] = mrna[starts[name] : starts[name] + GUIDE]
    for name in matched[20:24]:  # DNA letters
        guides[name] = guides[name].replace("U", "T")
    guides[matched[30]] = guides[matched[30]][:20]
    records = [(name, guide[:19] + guide[19:].lower()) for name, guide in guides.items()]
    with atomic_path(folder / "efficacy.csv") as part:
        table.to_csv(part, index=False, lineterminator="\n")
    with atomic_path(folder / "truth_sirna.csv") as part:
        sample.sirnas.to_csv(part, index=False, lineterminator="\n")
    mrnas = [(name, text.replace("U", "T")) for name, text in sample.mrnas.items()]
    return [
        folder / "efficacy.csv",
        folder / "truth_sirna.csv",
        write_fasta(folder / "mRNA.fa", mrnas),
        write_fasta(folder / "siRNA.fa", records),
    ]


def _write_prediction(folder: Path, fresh: Simulation) -> list[Path]:
    """Two mRNAs and their guides that no training row has, and every fault of the contract."""
    mrnas = [(f"new_{name}", text.replace("U", "T")) for name, text in fresh.mrnas.items()]
    name, text = mrnas[0]
    # An intron as a genome browser shows it: lower case.
    mrnas[0] = (name, text[:200] + "gtaagtcttatcag" + text[200:])
    mrnas.append(("new_short", "ACGTACGTACGT"))
    rows = fresh.sirnas.copy()
    records = [(f"n{i + 1:02d}", guide[:19] + guide[19:].lower()) for i, guide in enumerate(rows["guide"])]
    first = rows.iloc[0]
    target = fresh.mrnas[first["mRNA"]][first["start"] : first["start"] + GUIDE]
    clean = [guide for _, guide in records]
    records += [
        ("bad_20nt", clean[1][:20]),
        ("bad_22nt", clean[2] + "A"),
        ("bad_unknown", clean[3][:7] + "N" + clean[3][8:]),
        ("sense", target),
        ("dna_letters", clean[4].upper().replace("U", "T")),
        ("no_match", "ACGUACGUACGUACGUACGUA"),
    ]
    path = write_fasta(folder / "predict_siRNA.fa", records)
    # Two records of one name; write_fasta writes what it is given.
    with atomic_path(path) as part:
        part.write_text(path.read_text() + f">n01\n{clean[5]}\n")
    truth = rows.assign(siRNA=[name for name, _ in records[: len(rows)]])
    with atomic_path(folder / "truth_predict.csv") as part:
        truth.to_csv(part, index=False, lineterminator="\n")
    return [
        write_fasta(folder / "predict_mRNA.fa", mrnas),
        path,
        folder / "truth_predict.csv",
    ]


def _write_design(folder: Path, seed: int) -> list[Path]:
    """An mRNA to design on, and a transcript set in which some seeds find a match."""
    sample = simulate(Plan(mrnas=9, guides=1, lengths=(600, 700)), seed=seed)
    names = list(sample.mrnas)
    mrna = [("design_mrna", sample.mrnas[names[0]].replace("U", "T"))]
    others = [(f"other{i:02d}", sample.mrnas[x].replace("U", "T")) for i, x in enumerate(names[1:], 1)]
    return [
        write_fasta(folder / "design_mRNA.fa", mrna),
        write_fasta(folder / "transcripts.fa", others),
    ]


if __name__ == "__main__":
    write(sys.argv[1])
