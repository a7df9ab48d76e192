"""The stress-response sample: promoters that answer by a stated grammar of four plant motifs.

Two motifs activate, one represses, and one counts only near a partner. The motifs are drawn from
JASPAR matrices, the rest of a promoter is background; two related species carry mutated copies.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
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

MAIN, RELATED = "sia", ("sib", "sic")
BACKGROUND = (0.32, 0.18, 0.18, 0.32)
"""Share of A C G T outside the sites, as in the promoters of Arabidopsis lyrata."""
THRESHOLD = 2
"""A promoter with this score or more has label 1."""
PARTNER = "DREB2A"
"""The motif that the conditional one needs beside it."""
_FLOOR = 0.85
_BESIDE = 0.85
_SITES = ["gene_id", "motif", "jaspar_id", "start", "stop", "strand", "role", "effective"]


class Planted(NamedTuple):
    """A motif of the grammar: its matrix, its role, and what a site adds to the score."""

    name: str
    jaspar_id: str
    role: str
    effect: int


GRAMMAR = (
    Planted("ABF1", "MA0570.3", "activator", 2),
    Planted("DREB2A", "MA1258.2", "activator", 1),
    Planted("WRKY33", "MA1301.2", "repressor", -2),
    Planted("MYB3", "MA1038.2", "conditional", 2),
)


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    genes : int
        Promoters of the main species.
    length : int
        Length of every promoter, in nt.
    rates : tuple of float
        Share of promoters that carry each motif, in the order of `GRAMMAR`.
    near : int
        A conditional site counts if this many nt or fewer lie between it and its partner.
    far : int
        A conditional site that does not count stands at least so far from the partner, in nt.
    orthologs : tuple of float
        Share of the genes with an ortholog in each related species.
    substitutions, indels : float
        Changes a nt outside sites between the main and a related species; an insertion or
        deletion is one to six nt long.
    site_substitutions : float
        Substitutions a nt inside sites.
    unrelated : int
        Further rows of each ortholog table, of genes without a promoter in the FASTA file.
    """

    genes: int = 2400
    length: int = 200
    rates: tuple[float, float, float, float] = (0.4, 0.65, 0.35, 0.7)
    near: int = 12
    far: int = 60
    orthologs: tuple[float, float] = (0.45, 0.35)
    substitutions: float = 0.15
    indels: float = 0.02
    site_substitutions: float = 0.03
    unrelated: int = 600


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    promoters : dict of str to pandas.DataFrame
        For each species ``gene_id, sequence, label, group``; the main species first.
    sites : pandas.DataFrame
        Planted sites of the main species: ``gene_id, motif, jaspar_id, start, stop`` (0-based,
        half-open), ``strand, role, effective`` (whether it counts in the score).
    orthologs : dict of str to pandas.DataFrame
        For each species the rows of its table: group (a gene of the reference), gene.
    """

    promoters: dict[str, pd.DataFrame]
    sites: pd.DataFrame
    orthologs: dict[str, pd.DataFrame]


def simulate(plan: Plan = Plan(), *, seed: int = 20261124) -> Simulation:  # noqa: B008
    """Simulate promoters of three species; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(genes=8, unrelated=2))
    >>> list(small.promoters), len(small.promoters["sia"])
    (['sia', 'sib', 'sic'], 8)
    >>> site = small.sites.iloc[0]
    >>> bool(site.stop - site.start == len(library.plant_motif(site.jaspar_id).counts))
    True
    """
    _check(plan)
    rng = np.random.default_rng(seed)
    scan = _Scan()
    rows: list[tuple[str, str, int, str]] = []
    sites: list[tuple[object, ...]] = []
    for number in range(plan.genes):
        gene = f"SA{number + 1:05d}"
        planted = _layout(plan, rng)
        text = _promoter(planted, plan.length, scan, rng)
        rows.append((gene, text, int(score(planted) >= THRESHOLD), f"REF{number + 1:05d}"))
        sites += [(gene, *site) for site in planted]
    main = pd.DataFrame(rows, columns=["gene_id", "sequence", "label", "group"])
    table = pd.DataFrame(sites, columns=_SITES)
    promoters = {MAIN: main}
    for species, share in zip(RELATED, plan.orthologs, strict=True):
        promoters[species] = _related(main, table, species, share, plan, rng)
    orthologs = {species: _ortholog_table(frame, species, plan, rng) for species, frame in promoters.items()}
    return Simulation(promoters, table, orthologs)


def score(planted: Sequence[tuple[str, str, int, int, str, str, bool]]) -> int:
    """Effects of the sites that count, summed; `THRESHOLD` or more gives label 1.

    A site is a tuple ``motif, jaspar_id, start, stop, strand, role, effective``.

    Examples
    --------
    >>> score([("ABF1", "MA0570.3", 5, 15, "+", "activator", True)])
    2
    >>> score([("MYB3", "MA1038.2", 5, 13, "+", "conditional", False)])
    0
    """
    effects = {motif.name: motif.effect for motif in GRAMMAR}
    return sum(effects[name] for name, *_, effective in planted if effective)


def write(folder: str | Path, *, seed: int = 20261124) -> list[Path]:
    """Write the whole sample: promoters, ortholog tables and the truth; the files in their order."""
    folder, sample = Path(folder), simulate(seed=seed)
    written = []
    for species, frame in sample.promoters.items():
        names = frame["gene_id"] + "_" + frame["label"].astype(str)
        records = zip(names, frame["sequence"], strict=True)
        written.append(write_fasta(folder / f"{species}.tss.fasta", records, width=0))
        with atomic_path(path := folder / f"ath_{species}.txt") as part:
            sample.orthologs[species].to_csv(part, sep="\t", header=False, index=False, lineterminator="\n")
        written.append(path)
    with atomic_path(path := folder / "truth_sites.csv") as part:
        sample.sites.to_csv(part, index=False, lineterminator="\n")
    written.append(path)
    written.append(paths.write_json(folder / "truth_rule.json", _rule()))
    return written


class _Scan:
    """Finds what looks like a site: log-odds of at least `_FLOOR` of a matrix's highest."""

    def __init__(self) -> None:
        self.motifs = {one.name: library.plant_motif(one.jaspar_id) for one in GRAMMAR}
        self.weights = {
            name: library.log_odds(motif.counts, BACKGROUND) for name, motif in self.motifs.items()
        }
        self.floors = {name: _FLOOR * w.max(axis=1).sum() for name, w in self.weights.items()}

    def draw(self, name: str, rng: np.random.Generator) -> str:
        """A site on the forward strand, drawn base by base from the matrix."""
        share = self.motifs[name].counts / self.motifs[name].counts.sum(axis=1, keepdims=True)
        while True:
            codes = np.array([rng.choice(4, p=row) for row in share])
            if self.weights[name][np.arange(len(codes)), codes].sum() >= self.floors[name]:
                return "".join(DNA.letters[code] for code in codes)

    def hits(self, text: str, name: str) -> np.ndarray:
        """Starts of what looks like a site of a motif, on either strand."""
        X = encoding.one_hot([text], DNA)[0]
        found = np.zeros(max(0, len(text) - len(self.weights[name]) + 1), dtype=bool)
        for weights in (self.weights[name], self.weights[name][::-1, ::-1]):
            windows = np.lib.stride_tricks.sliding_window_view(X, weights.shape).squeeze(1)
            found |= (windows * weights).sum(axis=(1, 2)) >= self.floors[name]
        return np.flatnonzero(found)


def _layout(plan: Plan, rng: np.random.Generator) -> list[tuple[str, str, int, int, str, str, bool]]:
    """Which sites a promoter has, and where: none overlap, near is near and far is far."""
    widths = {one.name: len(library.plant_motif(one.jaspar_id).counts) for one in GRAMMAR}
    chosen = [one for one, rate in zip(GRAMMAR, plan.rates, strict=True) if rng.random() < rate]
    beside = rng.random() < _BESIDE
    while True:
        spans: dict[str, tuple[int, int]] = {}
        for one in chosen:
            start = int(rng.integers(0, plan.length - widths[one.name] + 1))
            if one.role == "conditional" and beside and PARTNER in spans:
                left, right = spans[PARTNER]
                gap = int(rng.integers(3, plan.near + 1))
                start = right + gap if rng.random() < 0.5 else left - gap - widths[one.name]
            spans[one.name] = (start, start + widths[one.name])
        if _fits(spans, beside, plan):
            break
    return [
        (
            one.name, one.jaspar_id, *spans[one.name], "+-"[int(rng.integers(2))], one.role,
            one.role != "conditional" or (beside and PARTNER in spans),
        )
        for one in chosen
    ]  # fmt: skip


def _fits(spans: dict[str, tuple[int, int]], beside: bool, plan: Plan) -> bool:
    ordered = sorted(spans.values())
    inside = all(start >= 0 and stop <= plan.length for start, stop in ordered)
    apart = all(second[0] - first[1] >= 3 for first, second in pairwise(ordered))
    if inside and apart and not beside and {PARTNER, "MYB3"} <= set(spans):
        first, second = sorted([spans[PARTNER], spans["MYB3"]])
        return second[0] - first[1] >= plan.far
    return inside and apart


def _promoter(
    planted: Sequence[tuple[str, str, int, int, str, str, bool]],
    length: int,
    scan: _Scan,
    rng: np.random.Generator,
) -> str:
    """Background with its sites, and nothing else that looks like one."""
    letters = rng.choice(list(DNA.letters), size=length, p=BACKGROUND)
    fixed = np.zeros(length, dtype=bool)
    starts: dict[str, set[int]] = {one.name: set() for one in GRAMMAR}
    for name, _, start, stop, strand, *_ in planted:
        site = scan.draw(name, rng)
        site = encoding.reverse_complement(site, DNA) if strand == "-" else site
        letters[start:stop], fixed[start:stop] = list(site), True
        starts[name].add(start)
    while True:
        text, clean = "".join(letters), True
        for name, weights in scan.weights.items():
            for start in set(scan.hits(text, name).tolist()) - starts[name]:
                window = np.arange(start, start + len(weights))
                free = window[~fixed[window]]
                if not free.size:
                    continue
                letters[free] = rng.choice(list(DNA.letters), size=free.size, p=BACKGROUND)
                clean = False
        if clean:
            return text


def _related(
    main: pd.DataFrame, sites: pd.DataFrame, species: str, share: float, plan: Plan, rng: np.random.Generator
) -> pd.DataFrame:
    """Mutated copies of a share of the promoters; the label is carried over, as in real tables."""
    inside = np.zeros((len(main), plan.length), dtype=bool)
    places = {gene: row for row, gene in enumerate(main["gene_id"])}
    for site in sites.itertuples():
        inside[places[site.gene_id], site.start : site.stop] = True
    rows: list[tuple[str, str, int, str]] = []
    for number in np.flatnonzero(rng.random(len(main)) < share):
        text = _mutated(main["sequence"].iloc[number], inside[number], plan, rng)
        gene = f"S{species[-1].upper()}{len(rows) + 1:05d}"
        rows.append((gene, text, int(main["label"].iloc[number]), main["group"].iloc[number]))
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
        out.append(str(rng.choice([x for x in letters if x != letter])) if changed else letter)
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


def _ortholog_table(frame: pd.DataFrame, species: str, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """The genes of the FASTA file and others, shuffled, as a genome-wide table has them."""
    numbers = [f"9{number:04d}" for number in range(plan.unrelated)]
    genes = [f"S{species[-1].upper()}{number}" for number in numbers]
    extra = pd.DataFrame({"group": [f"REF{number}" for number in numbers], "gene_id": genes})
    rows = pd.concat([frame[["group", "gene_id"]], extra], ignore_index=True)
    return rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)


def _rule() -> dict[str, object]:
    motifs = {}
    for one in GRAMMAR:
        known = library.plant_motif(one.jaspar_id)
        motifs[one.name] = {
            "jaspar_id": one.jaspar_id, "family": known.family, "tf_class": known.tf_class,
            "role": one.role, "effect": one.effect, "consensus": library.consensus(known.counts),
            "counts": known.counts.T.tolist(),
        }  # fmt: skip
    return {
        "what": "simulated data; nothing here was measured",
        "rule": "a promoter answers if and only if the effects of its sites that count sum to the "
        "threshold or more; a conditional site counts only near its partner",
        "motifs": motifs,
        "partner": {"MYB3": PARTNER},
        "near": Plan().near,
        "threshold": THRESHOLD,
        "background": BACKGROUND,
        "plan": Plan()._asdict(),
    }


def _check(plan: Plan) -> None:
    needed = 2 * (plan.near + plan.far)
    if plan.length < needed:
        raise ValueError(
            f"the plan's length is {plan.length} nt; expected at least {needed}, twice near plus far"
        )


if __name__ == "__main__":
    write(sys.argv[1])
