"""The stress-response sample: promoters that answer by a stated grammar of pairs of plant motifs.

A motif counts only beside its partner. Each promoter also holds decoys: the same motifs, as often
and at the same places, beside the wrong partner. So neither a word, nor where it stands, nor that
two words stand together tells a site from a decoy; only the right pair does. Labels are drawn, so
no model is right about all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.motifs import library
from helpers.project import paths
from helpers.project.paths import atomic_path
from helpers.readers.fasta import write_fasta
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.stats import metrics
from helpers.stats.odds import sigmoid

MAIN, RELATED = "sia", ("sib", "sic")
BACKGROUND = (0.32, 0.18, 0.18, 0.32)
"""Share of A C G T outside the sites, as in the promoters of Arabidopsis lyrata."""
MOTIFS = {"MYB3": "MA1038.2", "DREB2A": "MA1258.2", "WRKY33": "MA1301.2", "ABF1": "MA0570.3"}
"""JASPAR matrix of each motif; the stretch that says something is planted (`core`)."""
BASE = -2.0
"""Log-odds of a promoter without any pair that counts."""
_FLOOR = 0.85
_SITES = ["gene_id", "motif", "jaspar_id", "start", "stop", "strand", "role", "pair", "effect"]
_COMPLEMENT = {"+": "-", "-": "+"}


class Pair(NamedTuple):
    """Two motifs that act together: what they add to the log-odds, and the share of promoters with them."""

    motifs: tuple[str, str]
    effect: float
    rate: float


GRAMMAR = (Pair(("MYB3", "DREB2A"), 5.0, 0.5), Pair(("WRKY33", "ABF1"), -4.0, 0.4))
"""Pairs that count: the first speaks for an answer, the second against it."""


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    genes : int
        Genes of the main species, each with a group of its own.
    length : int
        Length of every promoter, in nt.
    near : tuple of int
        Fewest and most nt between the two motifs of a pair, right or wrong.
    apart : int
        Fewest nt between two pairs.
    decoys : int
        Wrong pairs that a promoter may hold; each kind is as likely as the others.
    decoy_rate : float
        Chance of each of them.
    paralogs, copies : float
        Share of the genes with a second row: in the same group, or a near copy in another one, of
        which every other is turned around.
    orthologs : tuple of float
        Share of the genes with an ortholog in each related species.
    substitutions, site_substitutions, indels : float
        Changes a nt, outside and inside sites, between the main and a related species; an insertion
        or deletion is one to six nt long and outside sites.
    contradicted : float
        Share of the orthologs with the other label than the gene of the main species.
    unrelated : int
        Further rows of each ortholog table, of genes without a promoter in the FASTA file.
    """

    genes: int = 4500
    length: int = 200
    near: tuple[int, int] = (3, 10)
    apart: int = 24
    decoys: int = 2
    decoy_rate: float = 0.6
    paralogs: float = 0.08
    copies: float = 0.03
    orthologs: tuple[float, float] = (0.3, 0.25)
    substitutions: float = 0.15
    site_substitutions: float = 0.03
    indels: float = 0.02
    contradicted: float = 0.01
    unrelated: int = 600


class Site(NamedTuple):
    """A planted motif; its `effect` is that of its pair, 0 for a decoy."""

    motif: str
    jaspar_id: str
    start: int
    stop: int
    strand: str
    role: str
    pair: int
    effect: float


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    promoters : dict of str to pandas.DataFrame
        For each species ``gene_id, sequence, label, group``; the main species first.
    genes : pandas.DataFrame
        ``gene_id, probability`` of label 1 by the rule, for the main species.
    sites : pandas.DataFrame
        Planted sites of the main species: ``gene_id, motif, jaspar_id, start, stop`` (0-based,
        half-open), ``strand, role`` (site or decoy), ``pair`` (its number in the promoter), ``effect``.
    orthologs : dict of str to pandas.DataFrame
        For each species the rows of its table: group (a gene of the reference), gene.
    spoilt : list of tuple of str
        Records of the main species that a reader should reject: id and sequence.
    """

    promoters: dict[str, pd.DataFrame]
    genes: pd.DataFrame
    sites: pd.DataFrame
    orthologs: dict[str, pd.DataFrame]
    spoilt: list[tuple[str, str]]


def simulate(plan: Plan = Plan(), *, seed: int = 20261124) -> Simulation:  # noqa: B008
    """Simulate promoters of three species; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(genes=8, unrelated=2, paralogs=0, copies=0))
    >>> list(small.promoters), len(small.promoters["sia"])
    (['sia', 'sib', 'sic'], 8)
    >>> site = small.sites.iloc[0]
    >>> bool(site.stop - site.start == len(core(site.motif)))
    True
    """
    _check(plan)
    rng = np.random.default_rng(seed)
    drawn: list[tuple[str, str, list[Site]]] = []
    for number in range(1, plan.genes + 1):
        sites = _layout(plan, rng)
        drawn.append((f"REF{number:05d}", _promoter(sites, plan.length, rng), sites))
    drawn += _second_rows(drawn, plan, rng)
    genes = [f"SA{number + 1:05d}" for number in range(len(drawn))]
    p = np.array([probability(sites) for _, _, sites in drawn])
    label = (rng.random(len(p)) < p).astype(int)
    main = pd.DataFrame(
        {"gene_id": genes, "sequence": [text for _, text, _ in drawn], "label": label,
         "group": [group for group, _, _ in drawn]}
    )  # fmt: skip
    rows = [(gene, *site) for gene, (_, _, sites) in zip(genes, drawn, strict=True) for site in sites]
    sites = pd.DataFrame(rows, columns=_SITES)
    promoters = {MAIN: main}
    for species, share in zip(RELATED, plan.orthologs, strict=True):
        promoters[species] = _related(main.iloc[: plan.genes], sites, species, share, plan, rng)
    orthologs = {species: _ortholog_table(frame, species, plan, rng) for species, frame in promoters.items()}
    truth = pd.DataFrame({"gene_id": genes, "probability": p.round(6)})
    return Simulation(promoters, truth, sites, orthologs, _spoilt(main))


def probability(sites: Sequence[Site]) -> float:
    """Chance of label 1: the pairs that count add up in log-odds.

    Examples
    --------
    >>> round(probability([]), 3)
    0.119
    """
    effects = {site.pair: site.effect for site in sites}
    return float(sigmoid(BASE + sum(effects.values())))


@cache
def core(motif: str) -> np.ndarray:
    """Counts of the stretch of a matrix, first to last position of a bit or near it, that is planted.

    Examples
    --------
    >>> library.consensus(core("MYB3")), library.consensus(core("DREB2A"))
    ('GGTAGGT', 'GTCGGTG')
    """
    counts = library.plant_motif(MOTIFS[motif]).counts
    share = counts / counts.sum(axis=1, keepdims=True)
    bits = 2 + (share * np.log2(np.maximum(share, 1e-9))).sum(axis=1)
    told = np.flatnonzero(bits >= 0.75)
    return counts[told[0] : told[-1] + 1]


def write(folder: str | Path, *, seed: int = 20261124) -> list[Path]:
    """Write the whole sample: promoters, ortholog tables and the truth; the files in their order."""
    folder, sample = Path(folder), simulate(seed=seed)
    written = []
    for species, frame in sample.promoters.items():
        names = frame["gene_id"] + "_" + frame["label"].astype(str)
        records = list(zip(names, frame["sequence"], strict=True))
        records += sample.spoilt if species == MAIN else []
        written.append(write_fasta(folder / f"{species}.tss.fasta", records, width=0))
        written.append(_table(folder / f"ath_{species}.txt", sample.orthologs[species], header=False))
    written.append(_table(folder / "truth_sites.csv", sample.sites))
    written.append(_table(folder / "truth_genes.csv", sample.genes))
    written.append(paths.write_json(folder / "truth_rule.json", _rule(sample)))
    records, truth = _asked(sample, seed + 1)
    written.append(write_fasta(folder / "predict.fasta", records, width=0))
    written.append(_table(folder / "truth_predict.csv", truth))
    return written


def _table(path: Path, table: pd.DataFrame, *, header: bool = True) -> Path:
    with atomic_path(path) as part:
        separator = "," if header else "\t"
        table.to_csv(part, sep=separator, header=header, index=False, lineterminator="\n")
    return path


@cache
def _weights(motif: str) -> tuple[np.ndarray, float]:
    """Log-odds of a motif's core, and the score from which a word looks like a site."""
    weights = library.log_odds(core(motif), BACKGROUND)
    return weights, _FLOOR * weights.max(axis=1).sum()


def _draw(motif: str, rng: np.random.Generator) -> str:
    """A site on the forward strand, drawn base by base from the matrix."""
    (weights, floor), counts = _weights(motif), core(motif)
    below = (counts / counts.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, :-1]
    while True:
        codes = (rng.random((len(counts), 1)) >= below).sum(axis=1)
        if weights[np.arange(len(codes)), codes].sum() >= floor:
            return "".join(DNA.letters[code] for code in codes)


def hits(text: str, motif: str) -> np.ndarray:
    """Starts of what looks like a site of a motif, on either strand."""
    X, (weights, floor) = encoding.one_hot([text], DNA)[0], _weights(motif)
    windows = np.lib.stride_tricks.sliding_window_view(X, weights.shape).squeeze(1)
    scores = [(windows * one).sum(axis=(1, 2)) for one in (weights, weights[::-1, ::-1])]
    return np.flatnonzero(np.max(scores, axis=0) >= floor)


def _layout(plan: Plan, rng: np.random.Generator) -> list[Site]:
    """The pairs of a promoter, right and wrong ones mixed, and where they stand."""
    right = {tuple(sorted(pair.motifs)): pair for pair in GRAMMAR}
    wrong = [names for names in combinations_with_replacement(sorted(MOTIFS), 2) if names not in right]
    chosen = [(pair.motifs, pair.effect) for pair in GRAMMAR if rng.random() < pair.rate]
    decoys = [wrong[rng.integers(len(wrong))] for _ in range(plan.decoys) if rng.random() < plan.decoy_rate]
    chosen += [(names, 0.0) for names in decoys]
    placed = []
    for names, effect in (chosen[place] for place in rng.permutation(len(chosen))):
        names = names if rng.random() < 0.5 else names[::-1]
        first, second = (len(core(name)) for name in names)
        placed.append((names, effect, first, int(rng.integers(plan.near[0], plan.near[1] + 1)), second))
    spare = plan.length - sum(sum(one[2:]) for one in placed) - plan.apart * max(0, len(placed) - 1)
    before = np.sort(rng.integers(0, spare + 1, len(placed)))
    sites, used = [], 0
    for number, (names, effect, first, gap, second) in enumerate(placed):
        start = int(before[number]) + used + number * plan.apart
        stop = start + first + gap + second
        for name, (low, high) in zip(names, ((start, start + first), (stop - second, stop)), strict=True):
            strand, role = "+-"[int(rng.integers(2))], "site" if effect else "decoy"
            sites.append(Site(name, MOTIFS[name], low, high, strand, role, number + 1, effect))
        used += stop - start
    return sites


def _promoter(sites: Sequence[Site], length: int, rng: np.random.Generator) -> str:
    """Background with its sites, and nothing else that looks like one."""
    letters = rng.choice(list(DNA.letters), size=length, p=BACKGROUND)
    fixed = np.zeros(length, dtype=bool)
    for site in sites:
        word = _draw(site.motif, rng)
        word = encoding.reverse_complement(word, DNA) if site.strand == "-" else word
        letters[site.start : site.stop], fixed[site.start : site.stop] = list(word), True
    known = {(site.motif, site.start) for site in sites}
    while True:
        text, clean = "".join(letters), True
        for motif in MOTIFS:
            for start in (int(start) for start in hits(text, motif) if (motif, int(start)) not in known):
                window = np.arange(start, start + len(core(motif)))
                free = window[~fixed[window]]
                if free.size:
                    letters[free] = rng.choice(list(DNA.letters), size=free.size, p=BACKGROUND)
                    clean = False
        if clean:
            return text


def _second_rows(
    drawn: Sequence[tuple[str, str, list[Site]]], plan: Plan, rng: np.random.Generator
) -> list[tuple[str, str, list[Site]]]:
    """Paralogs (the same group, a tenth changed) and near copies (another group, some turned around)."""
    found = []
    order = rng.permutation(len(drawn))
    paralogs, copies = round(plan.paralogs * len(drawn)), round(plan.copies * len(drawn))
    for number, row in enumerate(order[: paralogs + copies]):
        group, text, sites = drawn[row]
        rate = 0.1 if number < paralogs else 0.02
        inside = _inside(sites, plan.length)
        changed = plan._replace(substitutions=rate, site_substitutions=0.0, indels=0.0)
        text = _mutated(text, inside, changed, rng)
        if number >= paralogs:
            group = f"REF{len(drawn) + number + 1:05d}"
        if number >= paralogs and number % 2:
            text = encoding.reverse_complement(text, DNA)
            sites = [
                site._replace(start=plan.length - site.stop, stop=plan.length - site.start,
                              strand=_COMPLEMENT[site.strand])
                for site in reversed(sites)
            ]  # fmt: skip
        found.append((group, text, sites))
    return found


def _inside(sites: Sequence[Site], length: int) -> np.ndarray:
    found = np.zeros(length, dtype=bool)
    for site in sites:
        found[site.start : site.stop] = True
    return found


def _related(
    main: pd.DataFrame, sites: pd.DataFrame, species: str, share: float, plan: Plan, rng: np.random.Generator
) -> pd.DataFrame:
    """Mutated copies of a share of the promoters; the label is carried over, as in real tables."""
    of = {gene: list(part.itertuples()) for gene, part in sites.groupby("gene_id")}
    rows: list[tuple[str, str, int, str]] = []
    for row in main[rng.random(len(main)) < share].itertuples():
        text = _mutated(row.sequence, _inside(of.get(row.gene_id, []), plan.length), plan, rng)
        label = int(row.label) ^ int(rng.random() < plan.contradicted)
        rows.append((f"S{species[-1].upper()}{len(rows) + 1:05d}", text, label, row.group))
    return pd.DataFrame(rows, columns=list(main.columns))


def _mutated(text: str, inside: np.ndarray, plan: Plan, rng: np.random.Generator) -> str:
    """A copy with substitutions and, outside sites, insertions and deletions; of one length."""
    letters = list(DNA.letters)
    out: list[str] = []
    skip = 0
    for letter, in_site in zip(text, inside, strict=True):
        if skip and not in_site:
            skip -= 1
            continue
        skip = 0
        rate = plan.site_substitutions if in_site else plan.substitutions
        changed = rng.random() < rate
        out.append([x for x in letters if x != letter][int(rng.integers(3))] if changed else letter)
        if not in_site and rng.random() < plan.indels:
            size = int(rng.integers(1, 7))
            if rng.random() < 0.5:
                skip = size
            else:
                out += [str(x) for x in rng.choice(letters, size=size, p=BACKGROUND)]
    # The end at the transcription start is kept; the far end is filled up or cut.
    missing = max(0, plan.length - len(out))
    filler = [str(x) for x in rng.choice(letters, size=missing, p=BACKGROUND)]
    return "".join([*filler, *out])[-plan.length :]


def _spoilt(main: pd.DataFrame) -> list[tuple[str, str]]:
    """Records with every fault, and promoters that stand a second time: isoforms, and other labels."""
    text, first = main["sequence"].tolist(), main["gene_id"].tolist()
    found = [("SX00001", text[0]), ("SX00002_2", text[1]), ("SX00003_1", text[2][:-7])]
    found += [("SX00004_0", text[3][:50] + "-" + text[3][51:]), (f"{first[4]}_0", text[5])]
    for row in main.iloc[: len(main) // 9 : 10].itertuples():
        found.append((f"{row.gene_id}.2_{row.label}", row.sequence))
    for row in main.iloc[5 : len(main) // 9 : 50].itertuples():
        found.append((f"SY{row.Index:05d}_{1 - row.label}", row.sequence))
    return found


def _asked(sample: Simulation, seed: int) -> tuple[list[tuple[str, str]], pd.DataFrame]:
    """Promoters to predict: new ones with each sum of effects, known ones, and some that cannot be read."""
    plan = Plan(genes=60, paralogs=0, copies=0, unrelated=0)
    fresh, rng = simulate(plan, seed=seed), np.random.default_rng(seed)
    new = fresh.promoters[MAIN].assign(probability=fresh.genes["probability"])
    new = new.groupby("probability").head(2).sort_values("probability", kind="stable")
    told = [("new", row.sequence, row.probability) for row in new.itertuples()]
    main, chances = sample.promoters[MAIN]["sequence"].tolist(), sample.genes["probability"].tolist()
    sites = sample.sites[sample.sites["gene_id"] == sample.genes["gene_id"][11]]
    few = plan._replace(substitutions=0.03, site_substitutions=0.0, indels=0.0)
    near = _mutated(main[11], _inside(list(sites.itertuples()), plan.length), few, rng)
    known = [main[9], encoding.reverse_complement(main[10], DNA), near]
    told += zip(("identical", "identical", "near"), known, chances[9:12], strict=True)
    table = pd.DataFrame(told, columns=["training", "sequence", "probability"])
    table.insert(0, "gene_id", [f"Q{number + 1:02d}" for number in range(len(table))])
    texts = table["sequence"].tolist()
    texts[1] = texts[1].lower()
    records = list(zip(table["gene_id"], texts, strict=True))
    records += [("Q_short", texts[0][:-40]), ("Q_digit", texts[0][:60] + "1" + texts[0][61:])]
    return records, table.drop(columns="sequence")


def _ortholog_table(frame: pd.DataFrame, species: str, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """The genes of the FASTA file and others, shuffled, as a genome-wide table has them."""
    numbers = [f"9{number:04d}" for number in range(plan.unrelated)]
    genes = [f"S{species[-1].upper()}{number}" for number in numbers]
    extra = pd.DataFrame({"group": [f"REF{number}" for number in numbers], "gene_id": genes})
    rows = pd.concat([frame[["group", "gene_id"]], extra], ignore_index=True)
    return rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)


def _rule(sample: Simulation) -> dict[str, object]:
    motifs = {}
    for pair in GRAMMAR:
        for name, partner in (pair.motifs, pair.motifs[::-1]):
            known = library.plant_motif(MOTIFS[name])
            motifs[name] = {
                "jaspar_id": MOTIFS[name], "family": known.family, "tf_class": known.tf_class,
                "role": "activator" if pair.effect > 0 else "repressor", "partner": partner,
                "effect": pair.effect, "consensus": library.consensus(core(name)),
                "counts": core(name).T.tolist(),
            }  # fmt: skip
    y, p = sample.promoters[MAIN]["label"], sample.genes["probability"]
    best = metrics.classification(y, p, n_boot=0).set_index("metric")["value"]
    return {
        "what": "simulated data; nothing here was measured",
        "rule": "a motif counts only beside its partner; the effects of the pairs add up in log-odds, and "
        "the label is drawn; a decoy is a pair of motifs that are no partners",
        "motifs": motifs,
        "base": BASE,
        "near": list(Plan().near),
        "best_possible": {
            name: round(float(best[name]), 4) for name in ("auroc", "auprc", "accuracy", "mcc")
        },
        "background": BACKGROUND,
        "plan": Plan()._asdict(),
    }


def _check(plan: Plan) -> None:
    most = plan.decoys + len(GRAMMAR)
    widest = max(len(core(name)) for name in MOTIFS)
    needed = most * (2 * widest + plan.near[1]) + (most - 1) * plan.apart
    if plan.length < needed:
        raise ValueError(
            f"the plan's length is {plan.length} nt; expected at least {needed}, to hold {most} pairs"
        )


if __name__ == "__main__":
    write(sys.argv[1])
