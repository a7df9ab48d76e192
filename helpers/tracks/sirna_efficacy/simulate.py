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
from helpers.readers.tables import write_table
from helpers.rna import thermodynamics
from helpers.rna.folding import opening_energy, unpaired_probability
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE

# Position of the guide (from 1) and the letter it prefers, or (16) shuns; what that is worth.
LETTERS = {6: "A", 10: "U", 16: "G"}
LETTER_EFFECTS = {6: 0.09, 10: 0.10, 16: -0.10}
PAIRED = tuple(range(2, 13))  # positions whose mismatch with the target costs efficacy
FEATURES = ("asymmetry", "gc_core", "open_site")  # named features that the rules are about


class Plan(NamedTuple):
    """Sizes of the simulation, and its effects on the fraction silenced.

    ``mrnas`` unrelated mRNAs of ``lengths`` nt (shortest, longest), ``guides`` against each, a share
    ``mismatched`` of them with one or two mismatches among positions 2 to 19. ``asymmetry`` is for
    1 kcal/mol; ``gc`` the loss per squared distance of the GC content from 0.45; ``opening`` the loss
    for 1 kcal/mol; ``mismatch`` the loss for each in `PAIRED`; ``mrna`` and ``noise`` are standard
    deviations.
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


DEFAULT = Plan()


class Simulation(NamedTuple):
    """RNA letters of the mRNAs by id, and the truth, one row a guide.

    ``sirnas`` has ``siRNA, mRNA, guide, start, mismatches``, each effect (``asymmetry, gc, letters,
    opening, pairing, mrna_effect``) and ``efficacy``.
    """

    mrnas: dict[str, str]
    sirnas: pd.DataFrame


def simulate(plan: Plan = DEFAULT, *, seed: int = 20261121) -> Simulation:
    """Simulate mRNAs, guides and their efficacies.

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
        opened = opening_energy(unpaired_probability(mrnas[name], length=GUIDE))
        places = length - GUIDE + 1
        for start in rng.choice(places, size=min(plan.guides, places), replace=False):
            guide, wrong = _guide(mrnas[name][start : start + GUIDE], plan, rng)
            effects = _effects(guide, wrong, float(opened[start]), plan) | {"mrna_effect": own}
            noise = rng.normal(0, plan.noise)
            value = float(np.clip(0.72 + sum(effects.values()) + noise, 0.0, 1.0))
            place = {"siRNA": f"s{len(rows) + 1:04d}", "mRNA": name, "guide": guide, "start": int(start)}
            told = {key: round(float(effect), 4) for key, effect in effects.items()}
            known = {"mismatches": " ".join(map(str, wrong)), **told, "efficacy": round(value, 3)}
            rows.append(place | known)
    return Simulation(mrnas, pd.DataFrame(rows))


def write(folder: str | Path, *, seed: int = 20261121) -> list[Path]:
    """Write the sample: FASTA files, efficacies, the truth, and files to predict and to design on."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    fresh = simulate(Plan(mrnas=2, guides=12, lengths=(400, 500)), seed=seed + 1)
    written = [
        *_write_training(folder, sample), *_write_prediction(folder, fresh), *_write_design(folder, seed + 2),
    ]  # fmt: skip
    rule = {
        "what": "simulated data; nothing here was measured",
        "rules": {
            "asymmetry": "kcal/mol by which the guide's 5' end is the weaker one, times the effect",
            "gc": "minus the effect times (GC of positions 1 to 19 - 0.45) squared",
            "letters": LETTERS,
            "letter_effects": LETTER_EFFECTS,
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
    letters = list(reverse_complement(site, RNA))
    wrong: list[int] = []
    if rng.random() < plan.mismatched:
        count = int(rng.integers(1, 3))
        wrong = sorted(int(p) for p in rng.choice(np.arange(2, 20), size=count, replace=False))
        for place in wrong:
            others = [x for x in RNA.letters if x != letters[place - 1]]
            letters[place - 1] = str(rng.choice(others))
    return "".join(letters), wrong


def _effects(guide: str, wrong: list[int], opened: float, plan: Plan) -> dict[str, float]:
    gc = sum(guide[:CORE].count(x) for x in "GC") / CORE
    letters = sum(LETTER_EFFECTS[place] for place, letter in LETTERS.items() if guide[place - 1] == letter)
    return {
        "asymmetry": plan.asymmetry * float(thermodynamics.asymmetry([guide])[0]),
        "gc": -plan.gc * (gc - 0.45) ** 2,
        "letters": letters,
        "opening": -plan.opening * (opened - 8.0),
        "pairing": -plan.mismatch * sum(place in PAIRED for place in wrong),
    }


def _write_training(folder: Path, sample: Simulation) -> list[Path]:
    """Training files with faults that real ones have, each of which the loader has to report."""
    truth = sample.sirnas.set_index("siRNA")
    guides = truth["guide"].to_dict()
    matched = truth.index[truth["mismatches"] == ""]
    for name in matched[10:13]:  # the sense strand in place of the guide
        start = truth.at[name, "start"]
        guides[name] = sample.mrnas[truth.at[name, "mRNA"]][start : start + GUIDE]
    for name in matched[20:24]:
        guides[name] = _as_dna(guides[name])
    guides[matched[30]] = guides[matched[30]][:20]
    return [
        write_table(folder / "efficacy.csv", sample.sirnas[["siRNA", "mRNA", "efficacy"]]),
        write_table(folder / "truth_sirna.csv", sample.sirnas),
        write_fasta(folder / "mRNA.fa", [(name, _as_dna(text)) for name, text in sample.mrnas.items()]),
        write_fasta(folder / "siRNA.fa", [(name, _as_ordered(guide)) for name, guide in guides.items()]),
    ]


def _write_prediction(folder: Path, fresh: Simulation) -> list[Path]:
    """Two mRNAs and their guides that no training row has, and every fault of the contract."""
    mrnas = [(f"new_{name}", _as_dna(text)) for name, text in fresh.mrnas.items()]
    name, text = mrnas[0]
    # An intron as a genome browser shows it: lower case.
    mrnas[0] = (name, text[:200] + "gtaagtcttatcag" + text[200:])
    mrnas.append(("new_short", "ACGTACGTACGT"))
    truth = fresh.sirnas.assign(siRNA=[f"n{i:02d}" for i in range(1, len(fresh.sirnas) + 1)])
    guides = [_as_ordered(guide) for guide in truth["guide"]]
    first = truth.iloc[0]
    faults = [
        ("bad_20nt", guides[1][:20]),
        ("bad_22nt", guides[2] + "A"),
        ("bad_unknown", guides[3][:7] + "N" + guides[3][8:]),
        ("sense", fresh.mrnas[first["mRNA"]][first["start"] : first["start"] + GUIDE]),
        ("dna_letters", _as_dna(guides[4].upper())),
        ("no_match", "ACGUACGUACGUACGUACGUA"),
        ("n01", guides[5]),  # a second record of one name
    ]
    return [
        write_fasta(folder / "predict_mRNA.fa", mrnas),
        write_fasta(folder / "predict_siRNA.fa", [*zip(truth["siRNA"], guides, strict=True), *faults]),
        write_table(folder / "truth_predict.csv", truth),
    ]


def _write_design(folder: Path, seed: int) -> list[Path]:
    """An mRNA to design on, and a transcript set in which some seeds find a match."""
    sample = simulate(Plan(mrnas=9, guides=1, lengths=(600, 700)), seed=seed)
    texts = [_as_dna(text) for text in sample.mrnas.values()]
    others = [(f"other{number:02d}", text) for number, text in enumerate(texts[1:], start=1)]
    return [
        write_fasta(folder / "design_mRNA.fa", [("design_mrna", texts[0])]),
        write_fasta(folder / "transcripts.fa", others),
    ]


def _as_dna(text: str) -> str:
    return text.replace("U", "T")


def _as_ordered(guide: str) -> str:
    """With its overhang in lower case, as is the custom."""
    return guide[:CORE] + guide[CORE:].lower()


if __name__ == "__main__":
    write(sys.argv[1])
