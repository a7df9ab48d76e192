"""The expression sample: promoters with a stated grammar in eight cell types, truth beside them.

The names of the cell types are those of real ones; nothing else about them is. A promoter may hold a
TATA box and an initiator (which work together only), GC boxes (which add up), a CCAAT box (which
counts less the farther away it is) and two enhancers, on either strand, each at work in some of the
cell types only. Beside the elements stand as many decoys: they look like elements and do nothing.
What a promoter does in a cell type is therefore not to be seen from which words are frequent.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.project.paths import write_json
from helpers.readers.tables import write_table
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement

CELL_TYPES = ("K562", "HepG2", "GM12878", "H1-ESC", "MCF7", "HeLa-S3", "A549", "Jurkat")
"""Names of the cell types; their values are simulated."""

MOTIFS = {
    "TATA": ("TATAAAAG", "TAGAAAAG"),
    "initiator": ("TCAGTCTT", "TCTGTCTT"),
    "GC box": ("GGGGCGGGG", "GGGGAGGGG"),
    "CCAAT": ("AGCCAATCAG", "AGCCTATCAG"),
    "enhancer 1": ("CAGATAAGGA", "CAGTTAAGGA"),
    "enhancer 2": ("GTTAATGATTAAC", "GTTAGTGATTAAC"),
}
"""Each element as it is planted, in the direction of transcription, and its look-alike: one letter
that counts is another."""

_EFFECTS = pd.DataFrame(
    {
        # log2 of the change that one element makes, in the order of CELL_TYPES
        "TATA with initiator": (2.4, 2.6, 2.2, 1.8, 2.3, 2.4, 2.3, 2.2),
        "GC box": (0.9, 0.8, 1.0, 1.1, 0.9, 1.0, 0.9, 0.9),
        "CCAAT": (1.8, 1.5, 1.7, 2.0, 1.5, 1.9, 1.5, 1.8),
        "enhancer 1": (2.2, 0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.8),
        "enhancer 2": (0.0, 2.2, 0.0, 0.0, 1.6, 0.0, 1.8, 0.0),
    },
    index=list(CELL_TYPES),
)
_BASE = (-1.0, -0.6, -0.8, -0.2, -0.9, -0.7, -1.0, -0.9)
_REACH = 80.0
_LEAST = 0.25
START = 30
"""Nucleotides behind the start site: a promoter of length L starts at position L - 30 (from 0)."""
_WINDOWS = {
    # first and last start of an element, from the start site
    "TATA": (-62, -26),
    "initiator": (-14, 20),
    "GC box": (-150, -28),
    "CCAAT": (-150, -28),
    "enhancer 1": (-170, -28),
    "enhancer 2": (-170, -28),
}
_SHARES = {
    # how often there are none, one, two
    "TATA": (0.45, 0.55),
    "initiator": (0.45, 0.55),
    "GC box": (0.55, 0.35, 0.1),
    "CCAAT": (0.5, 0.5),
    "enhancer 1": (0.55, 0.45),
    "enhancer 2": (0.55, 0.45),
}
PARTNERS = ("TATA", "initiator")
"""Elements that work together only."""


Element = dict[str, Any]
"""``element, start, stop`` (0-based, half-open), ``strand``, and whether it is a look-alike (``alike``)."""


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    loci : int
        Unrelated promoters.
    copied : float
        Share of the loci with one to three near copies, which stand in the same group. In a copy one
        element has become its look-alike, or one look-alike an element.
    moved : float
        Share of the loci with a near copy on another chromosome, in another group: what an audit of
        copies has to find.
    random : int
        Sequences without any element.
    length : int
        Nucleotides of each promoter: at least 200; the original's were 11,000.
    mutation_rate : float
        Share of the letters outside the elements in which a copy differs.
    chromosomes, replicates : int
        Chromosomes the loci lie on; measurements of each promoter in each cell type.
    noise, missing : float
        Deviation of a measurement (log2), and share of promoters not measured in a cell type.
    """

    loci: int = 1800
    copied: float = 0.15
    moved: float = 0.03
    random: int = 100
    length: int = 200
    mutation_rate: float = 0.05
    chromosomes: int = 10
    replicates: int = 2
    noise: float = 0.6
    missing: float = 0.06


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    promoters : pandas.DataFrame
        ``id, sequence, group, chromosome, kind``, then ``<cell type>_rep<n>`` (log2, NaN where it
        was not measured).
    elements : pandas.DataFrame
        The truth, one row an element: ``id, element, start, stop`` (0-based, half-open),
        ``strand, role`` (site or decoy), ``why`` (a decoy is a look-alike or has no partner), and for
        each cell type what its expression (log2) would lose without it.
    expected : pandas.DataFrame
        ``id`` and the expression in each cell type by the rule, without noise.
    """

    promoters: pd.DataFrame
    elements: pd.DataFrame
    expected: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = 20261126) -> Simulation:  # noqa: B008
    """Simulate promoters and their expression; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(loci=30, random=1))
    >>> small.promoters["sequence"].str.len().unique().tolist()
    [200]
    >>> sorted(set(small.elements["role"])), sorted(set(small.elements["why"]))
    (['decoy', 'site'], ['', 'look-alike', 'no partner'])
    """
    if plan.length < 200:
        raise ValueError(f"length is {plan.length} nt; expected at least 200 to hold the elements")
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    truth: list[Element] = []
    expected: list[np.ndarray] = []

    def add(name: str, ancestor: np.ndarray, placed: list[Element], **about: str) -> None:
        rows.append({"id": name, "sequence": _written(ancestor, placed), **about})
        truth.extend({"id": name, **element} for element in _with_effects(placed, plan.length))
        expected.append(expression(placed, plan.length))

    for locus in range(plan.loci):
        placed = _place(plan.length, rng)
        ancestor = rng.choice(list(DNA.letters), size=plan.length)
        name, at = f"prom{locus + 1:05d}", locus % plan.chromosomes
        about = {"group": f"locus{locus + 1:04d}", "chromosome": f"chr{at + 1}", "kind": "native"}
        add(name, ancestor, placed, **about)
        for copy in range(int(rng.random() < plan.copied) * int(rng.integers(1, 4))):
            changed = _turned(placed, rng)
            add(name + "bcd"[copy], _mutated(ancestor, plan.mutation_rate, rng), changed, **about)
        if rng.random() < plan.moved:
            other = f"chr{1 + (at + plan.chromosomes // 2) % plan.chromosomes}"
            elsewhere = about | {"group": about["group"] + "x", "chromosome": other}
            copied = _mutated(ancestor, plan.mutation_rate / 5, rng)
            add(name + "x", copied, _turned(placed, rng), **elsewhere)
    for number in range(plan.random):
        name = f"rand{number + 1:05d}"
        letters = rng.choice(list(DNA.letters), size=plan.length)
        add(name, letters, [], group=name, chromosome="", kind="random")
    exact = np.stack(expected)
    promoters = pd.DataFrame(rows)
    return Simulation(
        pd.concat([promoters, _measure(exact, plan, rng)], axis=1),
        pd.DataFrame(truth),
        pd.concat([promoters["id"], pd.DataFrame(exact, columns=list(CELL_TYPES))], axis=1),
    )


def planted_masks(
    elements: pd.DataFrame, rows: Sequence[int], length: int, *, cell_type: str, least: float = _LEAST
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the elements that are at work in a cell type, and of those that are not.

    Parameters
    ----------
    elements : pandas.DataFrame
        The truth, with a column ``row`` (as `helpers.tracks.gene_expression.data.elements` gives it).
        Without a column of the cell type every element counts as at work.
    rows : sequence of int
        Which rows, in which order.
    least : float
        Smallest effect (log2) that counts as work.

    Returns
    -------
    sites, decoys : numpy.ndarray, shape=(len(rows), length), dtype=bool
        True inside an element that has the effect, or that looks like one and has not: a look-alike,
        one without its partner, an enhancer of other cell types.

    Examples
    --------
    >>> truth = pd.DataFrame({"row": [7, 7], "start": [1, 3], "stop": [3, 4], "K562": [2.0, 0.0]})
    >>> [mask.astype(int).tolist() for mask in planted_masks(truth, [7], 4, cell_type="K562")]
    [[[0, 1, 1, 0]], [[0, 0, 0, 1]]]
    """
    place = {row: number for number, row in enumerate(rows)}
    found = np.zeros((2, len(place), length), dtype=bool)
    effects = elements.get(cell_type, pd.Series(np.inf, index=elements.index)).abs()
    at = zip(elements["row"], elements["start"], elements["stop"], effects < least, strict=True)
    for row, start, stop, idle in at:
        if row in place:
            found[int(idle), place[row], start:stop] = True
    return found[0], found[1]


def best_possible(sample: Simulation) -> dict[str, dict[str, float]]:
    """The scores that the rule itself has against the measured means, by metric and cell type."""
    native = sample.promoters["kind"] == "native"
    found: dict[str, dict[str, float]] = {"pearson": {}, "r2": {}}
    for cell in CELL_TYPES:
        y = sample.promoters.filter(regex=rf"^{cell}_rep").mean(axis=1)[native]
        exact = sample.expected[cell][native & y.notna().reindex(native.index, fill_value=False)]
        y = y.dropna()
        found["pearson"][cell] = round(float(np.corrcoef(y, exact)[0, 1]), 4)
        found["r2"][cell] = round(float(1 - ((y - exact) ** 2).sum() / ((y - y.mean()) ** 2).sum()), 4)
    return found


def write(folder: str | Path, *, seed: int = 20261126) -> list[Path]:
    """Write the sample into a folder: the table, the truth and the rule."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    rule = {
        "what": "simulated data; nothing here was measured, in no cell type of that name",
        "unit": "log2 expression",
        "best_possible": best_possible(sample),
        "motifs": {name: words[0] for name, words in MOTIFS.items()},
        "look_alikes": {name: words[1] for name, words in MOTIFS.items()},
        "start_site": f"position {Plan().length - START} (from 0)",
        "windows": _WINDOWS,
        "base": dict(zip(CELL_TYPES, _BASE, strict=True)),
        "effects": {str(name): column.to_dict() for name, column in _EFFECTS.items()},
        "partners": "a TATA box works with an initiator only, and an initiator with a TATA box",
        "gc_boxes": "add up",
        "ccaat": f"times exp(-distance to the start site / {_REACH:g} nt)",
        "enhancers": "either strand",
        "decoys": "as many look-alikes as elements, in the same windows; TATA boxes and initiators alone",
        "plan": Plan()._asdict(),
    }
    return [
        write_table(folder / "promoters.csv", _with_warts(sample.promoters)),
        write_table(folder / "truth_elements.csv", sample.elements.round(2)),
        write_table(folder / "truth_expected.csv", sample.expected.round(3)),
        write_table(folder / "predict.csv", _to_predict(sample, seed=seed + 1)),
        write_json(folder / "truth_rule.json", rule),
    ]


def _place(length: int, rng: np.random.Generator) -> list[Element]:
    """Elements and look-alikes of one promoter and where they stand; none overlaps another."""
    start = length - START
    wanted = [
        (name, alike)
        for name, shares in _SHARES.items()
        for alike in (False, True)
        for _ in range(int(rng.choice(len(shares), p=shares)))
    ]
    placed: list[Element] = []
    # In no order: where there is no room left, elements and look-alikes are left out alike.
    for number in rng.permutation(len(wanted)):
        name, alike = wanted[number]
        word, (low, high) = MOTIFS[name][alike], _WINDOWS[name]
        strand = "-" if name.startswith("enhancer") and rng.random() < 0.5 else "+"
        for _ in range(20):
            place = start + int(rng.integers(low, high + 1))
            end = place + len(word)
            if all(place >= e["stop"] or end <= e["start"] for e in placed):
                where = {"element": name, "start": place, "stop": end, "strand": strand}
                placed.append(where | {"alike": bool(alike)})
                break
    return sorted(placed, key=lambda element: element["start"])


def _turned(placed: list[Element], rng: np.random.Generator) -> list[Element]:
    """The same elements, one of which has become its look-alike, or one look-alike an element."""
    # A second TATA box or initiator would make both idle: without one there is still the other.
    there = {element["element"] for element in placed if not element["alike"]} & set(PARTNERS)
    free = [n for n, one in enumerate(placed) if not (one["alike"] and one["element"] in there)]
    if not free:
        return placed
    chosen = int(rng.choice(free))
    one = placed[chosen]
    return [*placed[:chosen], one | {"alike": not one["alike"]}, *placed[chosen + 1 :]]


def expression(placed: Sequence[Element], length: int) -> np.ndarray:
    """Expression (log2) in each cell type by the rule, of a promoter with some elements."""
    names = [element["element"] for element in placed if not element["alike"]]
    times = {name: float(names.count(name)) for name in ("GC box", "enhancer 1", "enhancer 2")}
    times["TATA with initiator"] = float(all(name in names for name in PARTNERS))
    value = np.array(_BASE)
    for name, count in times.items():
        value = value + _EFFECTS[name].to_numpy() * count
    for element in placed:
        if element["element"] == "CCAAT" and not element["alike"]:
            distance = max(0, length - START - element["stop"])
            value = value + _EFFECTS["CCAAT"].to_numpy() * np.exp(-distance / _REACH)
    return value


def _with_effects(placed: Sequence[Element], length: int) -> list[Element]:
    """Each element with its role and what would be lost without it."""
    whole, found = expression(placed, length), []
    for element in placed:
        lost = whole - expression([e for e in placed if e is not element], length)
        works = bool((np.abs(lost) >= _LEAST).any())
        shown = {name: element[name] for name in ("element", "start", "stop", "strand")}
        why = "look-alike" if element["alike"] else "" if works else "no partner"
        shown |= {"role": "site" if works else "decoy", "why": why}
        found.append(shown | dict(zip(CELL_TYPES, lost.tolist(), strict=True)))
    return found


def _mutated(ancestor: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    letters = rng.choice(list(DNA.letters), size=ancestor.size)
    return np.where(rng.random(ancestor.size) < rate, letters, ancestor)


def _written(letters: np.ndarray, placed: Sequence[Element]) -> str:
    found = letters.copy()
    for element in placed:
        word = MOTIFS[element["element"]][element["alike"]]
        word = word if element["strand"] == "+" else reverse_complement(word, DNA)
        found[element["start"] : element["stop"]] = list(word)
    return "".join(found)


def _measure(expected: np.ndarray, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """Replicates with noise; some promoters are not measured in a cell type."""
    shape = (*expected.shape, plan.replicates)
    measured = expected[..., None] + rng.normal(scale=plan.noise, size=shape)
    share = np.where(np.array(CELL_TYPES) == "HeLa-S3", 3 * plan.missing, plan.missing)
    measured[rng.random(expected.shape) < share] = np.nan
    return pd.DataFrame({
        f"{cell}_rep{replicate + 1}": measured[:, task, replicate].round(3)
        for task, cell in enumerate(CELL_TYPES)
        for replicate in range(plan.replicates)
    })  # fmt: skip


def _with_warts(promoters: pd.DataFrame) -> pd.DataFrame:
    """Faults that real tables have: each is said, mended or refused when the table is read."""
    spoilt = promoters.copy()
    values = [name for name in spoilt.columns if "_rep" in name]
    spoilt.loc[40, "A549_rep1"] = np.inf
    spoilt.loc[80, values] = np.nan
    spoilt.loc[120, "sequence"] = str(spoilt.loc[120, "sequence"]).lower()
    spoilt.loc[160, "sequence"] = "J" + str(spoilt.loc[160, "sequence"])[1:]
    # The same promoter measured again: once about the same, once something else altogether.
    again = spoilt.loc[[200, 240]].copy()
    again["id"] += "again"
    again.loc[200, values] = (again.loc[200, values].astype(float) + 0.1).round(3)
    again.loc[240, values] = (again.loc[240, values].astype(float) + 6.0).round(3)
    return pd.concat([spoilt, again], ignore_index=True)


def _to_predict(sample: Simulation, *, seed: int) -> pd.DataFrame:
    """Promoters to predict: new ones, what training knows, and every fault."""
    new = simulate(Plan(loci=10), seed=seed).promoters
    new = new[new["kind"] == "native"].drop_duplicates("group").head(10)
    known = str(sample.promoters["sequence"].iloc[0])
    rows = [(f"new{number}", str(text)) for number, text in enumerate(new["sequence"], start=1)]
    first, second = rows[0][1], rows[1][1]
    rows += [
        ("known", known), ("known_turned", reverse_complement(known, DNA)),
        ("half_known", second[:120] + known[120:]),
        ("lower_case", first.lower()), ("long", "ACGTACGTAC" + second), ("short", second[-60:]),
        ("with_gap", first[:50] + "-" + first[51:]), ("empty", ""),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["id", "sequence"])


if __name__ == "__main__":
    write(sys.argv[1])
