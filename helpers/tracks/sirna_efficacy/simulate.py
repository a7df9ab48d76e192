"""The siRNA sample: guides whose efficacy follows stated rules, with the truth beside them.

The rules, each an effect on the fraction silenced: the end of the duplex at the guide's 5' end is
the weaker one (asymmetry); the GC content is near 45 %; three positions of the guide prefer a
letter; the site lies open; and a broken pair costs, but only some do. Which ones is a rule of
position and letter (`KEYS`), such as Du 2005 (doi:10.1093/nar/gki312) measured: the other pairs of the
same positions are decoys, whose mismatches change nothing. About half of the positions are one or the
other in any siRNA, so that neither a position nor a letter alone tells. An effect of the mRNA and noise
are added. Nothing was measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

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
# Position of the guide, and the letters of the target whose pair there must not be broken.
KEYS = {place: "AG" if place < 9 else "CU" for place in range(2, 16)}
FEATURES = ("asymmetry", "gc_core", "open_site")  # named features that the rules are about


class Plan(NamedTuple):
    """Sizes of the simulation, and its effects on the fraction silenced.

    ``mrnas`` mRNAs of ``lengths`` nt (shortest, longest), the last ``copies`` of them near copies of the
    first (3 % of the letters changed), ``guides`` against each, a share ``mismatched`` of them with one
    to three mismatches among positions 2 to 19. ``asymmetry`` is for 1 kcal/mol; ``gc`` the loss per
    squared distance of the GC content from 0.45; ``opening`` the loss for 1 kcal/mol; ``mismatch`` the
    loss for each broken pair of `KEYS`; ``mrna`` and ``noise`` are standard deviations.
    """

    mrnas: int = 60
    copies: int = 4
    guides: int = 20
    lengths: tuple[int, int] = (180, 320)
    mismatched: float = 0.65
    asymmetry: float = 0.02
    gc: float = 2.0
    opening: float = 0.012
    mismatch: float = 0.2
    mrna: float = 0.05
    noise: float = 0.07


DEFAULT = Plan()


class Simulation(NamedTuple):
    """RNA letters of the mRNAs by id, and the truth, one row a guide.

    ``sirnas`` has ``siRNA, mRNA, guide, start, mismatches``, the positions of the guide whose pair must
    not be broken (``sites``) and those of the same stretch whose pair may be (``decoys``), each effect
    (``asymmetry, gc, letters, opening, pairing, mrna_effect``) and ``efficacy``.
    """

    mrnas: dict[str, str]
    sirnas: pd.DataFrame


def simulate(plan: Plan = DEFAULT, *, seed: int = 20261121) -> Simulation:
    """Simulate mRNAs, guides and their efficacies.

    Examples
    --------
    >>> small = simulate(Plan(mrnas=2, copies=0, guides=3, lengths=(80, 90)))
    >>> len(small.mrnas), len(small.sirnas), bool(small.sirnas["efficacy"].between(0, 1).all())
    (2, 6, True)
    """
    rng = np.random.default_rng(seed)
    mrnas: dict[str, str] = {}
    rows: list[dict[str, object]] = []
    for number in range(1, plan.mrnas + 1):
        name = f"mrna{number:02d}"
        first = number - plan.mrnas + plan.copies
        mrnas[name] = _copy(mrnas[f"mrna{first:02d}"], rng) if first > 0 else _mrna(plan, rng)
        length = len(mrnas[name])
        own = rng.normal(0, plan.mrna)
        opened = opening_energy(unpaired_probability(mrnas[name], length=GUIDE))
        places = length - GUIDE + 1
        for start in rng.choice(places, size=min(plan.guides, places), replace=False):
            site = mrnas[name][start : start + GUIDE]
            guide, wrong = _guide(site, plan, rng)
            kept, free = roles(site)
            broken = len(set(wrong) & set(kept))
            effects = _effects(guide, broken, float(opened[start]), plan) | {"mrna_effect": own}
            noise = rng.normal(0, plan.noise)
            value = float(np.clip(0.72 + sum(effects.values()) + noise, 0.0, 1.0))
            place = {"siRNA": f"s{len(rows) + 1:04d}", "mRNA": name, "guide": guide, "start": int(start)}
            told = {key: round(float(effect), 4) for key, effect in effects.items()}
            places_of = {"mismatches": wrong, "sites": kept, "decoys": free}
            known = {kind: " ".join(map(str, found)) for kind, found in places_of.items()}
            rows.append(place | known | told | {"efficacy": round(value, 3)})
    return Simulation(mrnas, pd.DataFrame(rows))


def roles(site: str) -> tuple[list[int], list[int]]:
    """Positions of the guide (from 1) whose pair must not be broken, and their decoys, for a site of 21 nt.

    Examples
    --------
    >>> roles("A" * 21)
    ([2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15])
    """
    kept = [place for place, letters in KEYS.items() if site[GUIDE - place] in letters]
    return kept, [place for place in KEYS if place not in kept]


def best_possible(sirnas: pd.DataFrame, plan: Plan = DEFAULT) -> dict[str, dict[str, float]]:
    """What a model that knows every rule would reach, as noise is left: by protocol and metric.

    The mean that a measurement was drawn around is known but for the noise, and on an unseen mRNA but
    for the mRNA's own effect, too. Values are held within 0 and 1.
    """
    rules = 0.72 + sirnas[["asymmetry", "gc", "letters", "opening", "pairing"]].sum(axis=1).to_numpy()
    known = {
        "random_10fold": (rules + sirnas["mrna_effect"].to_numpy(), plan.noise),
        "mrna_disjoint_5fold": (rules, float(np.hypot(plan.noise, plan.mrna))),
    }
    y, found = sirnas["efficacy"].to_numpy(), {}
    for protocol, (mean, deviation) in known.items():
        low, high = -mean / deviation, (1 - mean) / deviation
        within = mean * (norm.cdf(high) - norm.cdf(low)) + deviation * (norm.pdf(low) - norm.pdf(high))
        p = within + norm.sf(high)
        scores = np.corrcoef(p, y)[0, 1], spearmanr(p, y).statistic, np.sqrt(np.mean((p - y) ** 2))
        named = zip(("pearson", "spearman", "rmse"), scores, strict=True)
        found[protocol] = {name: round(float(value), 3) for name, value in named}
    return found


def write(folder: str | Path, *, seed: int = 20261121) -> list[Path]:
    """Write the sample: FASTA files, efficacies, the truth, and files to predict and to design on."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    fresh = simulate(Plan(mrnas=2, copies=0, guides=12, lengths=(400, 500)), seed=seed + 1)
    written = [
        *_write_training(folder, sample, seed + 3), *_write_prediction(folder, fresh, sample),
        *_write_design(folder, seed + 2),
    ]  # fmt: skip
    rule = {
        "what": "simulated data; nothing here was measured",
        "rules": {
            "asymmetry": "kcal/mol by which the guide's 5' end is the weaker one, times the effect",
            "gc": "minus the effect times (GC of positions 1 to 19 - 0.45) squared",
            "letters": LETTERS,
            "letter_effects": LETTER_EFFECTS,
            "opening": "minus the effect for each kcal/mol that it takes to open the site",
            "pairing": "minus the effect for each mismatch where the target has a letter of its position",
            "pairing_letters": KEYS,
        },
        "features": list(FEATURES),
        "plan": Plan()._asdict(),
        "best_possible": best_possible(sample.sirnas),
    }
    with atomic_path(folder / "truth_rule.json") as part:
        part.write_text(json.dumps(rule, indent=1) + "\n")
    return [*written, folder / "truth_rule.json"]


def _mrna(plan: Plan, rng: np.random.Generator) -> str:
    """Letters of an mRNA with a GC content of its own, as real ones have."""
    gc = rng.uniform(0.38, 0.56)
    length = int(rng.integers(plan.lengths[0], plan.lengths[1] + 1))
    return "".join(rng.choice(list(RNA.letters), size=length, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))


def _copy(text: str, rng: np.random.Generator) -> str:
    """A near copy, such as the transcript of a gene's twin: 3 % of the letters drawn anew."""
    changed = rng.random(len(text)) < 0.03
    fresh = rng.choice(list(RNA.letters), size=len(text))
    return "".join(np.where(changed, fresh, list(text)))


def _guide(site: str, plan: Plan, rng: np.random.Generator) -> tuple[str, list[int]]:
    """A guide for a site, some with mismatches; positions from 1."""
    letters = list(reverse_complement(site, RNA))
    wrong: list[int] = []
    if rng.random() < plan.mismatched:
        count = int(rng.integers(1, 4))
        wrong = sorted(int(p) for p in rng.choice(np.arange(2, 20), size=count, replace=False))
        for place in wrong:
            others = [x for x in RNA.letters if x != letters[place - 1]]
            letters[place - 1] = str(rng.choice(others))
    return "".join(letters), wrong


def _effects(guide: str, broken: int, opened: float, plan: Plan) -> dict[str, float]:
    gc = sum(guide[:CORE].count(x) for x in "GC") / CORE
    letters = sum(LETTER_EFFECTS[place] for place, letter in LETTERS.items() if guide[place - 1] == letter)
    return {
        "asymmetry": plan.asymmetry * float(thermodynamics.asymmetry([guide])[0]),
        "gc": -plan.gc * (gc - 0.45) ** 2,
        "letters": letters,
        "opening": -plan.opening * (opened - 8.0),
        "pairing": -plan.mismatch * broken,
    }


def _write_training(folder: Path, sample: Simulation, seed: int) -> list[Path]:
    """Training files with faults that real ones have, each of which the loader has to report."""
    rng = np.random.default_rng(seed)
    truth = sample.sirnas.set_index("siRNA")
    guides = truth["guide"].to_dict()
    matched = truth.index[truth["mismatches"] == ""]
    for name in matched[10:13]:  # the sense strand in place of the guide
        start = truth.at[name, "start"]
        guides[name] = sample.mrnas[truth.at[name, "mRNA"]][start : start + GUIDE]
    for name in matched[20:24]:
        guides[name] = _as_dna(guides[name])
    guides[matched[30]] = guides[matched[30]][:18]
    rows = sample.sirnas[["siRNA", "mRNA", "efficacy"]].astype({"efficacy": object})
    # Eight guides were measured twice and agree; four more contradict themselves.
    again = rows[rows["siRNA"].isin(matched[40:180:12])].copy()
    once = again["efficacy"].to_numpy(float)
    off = np.where(np.arange(len(again)) % 3 == 2, np.where(once > 0.5, -0.45, 0.45), rng.normal(0, 0.05, 12))
    again["efficacy"] = np.clip(once + off, 0, 1).round(3)
    again["siRNA"] = [f"{name}_again" for name in again["siRNA"]]
    guides |= {name: guides[name.removesuffix("_again")] for name in again["siRNA"]}
    rows.loc[rows["siRNA"] == matched[31], "efficacy"] = "n.d."
    lost = pd.DataFrame({"siRNA": ["s9999"], "mRNA": ["mrna01"], "efficacy": [0.5]})
    return [
        write_table(folder / "efficacy.csv", pd.concat([rows, again, lost])),
        write_table(folder / "truth_sirna.csv", _from_one(sample.sirnas)),
        write_fasta(folder / "mRNA.fa", [(name, _as_dna(text)) for name, text in sample.mrnas.items()]),
        write_fasta(folder / "siRNA.fa", [(name, _as_ordered(guide)) for name, guide in guides.items()]),
    ]


def _write_prediction(folder: Path, fresh: Simulation, known: Simulation) -> list[Path]:
    """Two mRNAs and their guides that no training row has, one that all know, and every fault."""
    mrnas = [(f"new_{name}", _as_dna(text)) for name, text in fresh.mrnas.items()]
    old = known.sirnas.iloc[0]
    name, text = mrnas[0]
    # An intron as a genome browser shows it: lower case.
    mrnas[0] = (name, text[:200] + "gtaagtcttatcag" + text[200:])
    mrnas += [("new_short", "ACGTACGTACGT"), (f"known_{old['mRNA']}", _as_dna(known.mrnas[old["mRNA"]]))]
    beside = known.mrnas[old["mRNA"]][old["start"] + 3 - 6 * (old["start"] > 99) :][:GUIDE]
    truth = fresh.sirnas.assign(siRNA=[f"n{i:02d}" for i in range(1, len(fresh.sirnas) + 1)])
    guides = [_as_ordered(guide) for guide in truth["guide"]]
    first = truth.iloc[0]
    faults = [
        ("bad_18nt", guides[1][:18]),
        ("bad_24nt", guides[2] + "ACG"),
        ("bad_unknown", guides[3][:7] + "N" + guides[3][8:]),
        ("sense", fresh.mrnas[first["mRNA"]][first["start"] : first["start"] + GUIDE]),
        ("dna_letters", _as_dna(guides[4].upper())),
        ("no_match", "ACGUACGUACGUACGUACGUA"),
        ("measured", _as_ordered(old["guide"])),
        ("three_nt_on", _as_ordered(reverse_complement(beside, RNA))),
        ("n01", guides[5]),  # a second record of one name
    ]
    return [
        write_fasta(folder / "predict_mRNA.fa", mrnas),
        write_fasta(folder / "predict_siRNA.fa", [*zip(truth["siRNA"], guides, strict=True), *faults]),
        write_table(folder / "truth_predict.csv", _from_one(truth)),
    ]


def _write_design(folder: Path, seed: int) -> list[Path]:
    """An mRNA to design on, and a transcript set in which some seeds find a match."""
    sample = simulate(Plan(mrnas=9, copies=0, guides=1, lengths=(600, 700)), seed=seed)
    texts = [_as_dna(text) for text in sample.mrnas.values()]
    others = [(f"other{number:02d}", text) for number, text in enumerate(texts[1:], start=1)]
    return [
        write_fasta(folder / "design_mRNA.fa", [("design_mrna", texts[0])]),
        write_fasta(folder / "transcripts.fa", others),
    ]


def _from_one(truth: pd.DataFrame) -> pd.DataFrame:
    """As it is written: sites count from 1, as in every file of the track."""
    return truth.assign(start=truth["start"] + 1)


def _as_dna(text: str) -> str:
    return text.replace("U", "T")


def _as_ordered(guide: str) -> str:
    """With its overhang in lower case, as is the custom."""
    return guide[:CORE] + guide[CORE:].lower()


if __name__ == "__main__":
    write(sys.argv[1])
