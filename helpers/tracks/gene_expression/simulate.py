"""The expression sample: promoters with a stated grammar in eight cell types, truth beside them.

The names of the cell types are those of real ones; nothing else about them is. Each promoter ends
behind a start site and may hold a TATA box and an initiator (which help each other), GC boxes
(which saturate), a CCAAT box (which counts less the farther away it is) and two enhancers, on
either strand, each at work in some of the cell types only.
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
    "TATA": "TATAAAAG",
    "initiator": "TCAGTCTT",
    "GC box": "GGGGCGGGG",
    "CCAAT": "AGCCAATCAG",
    "enhancer 1": "CAGATAAGGA",
    "enhancer 2": "GTTAATGATTAAC",
}
"""Each element as it is planted, in the direction of transcription."""

_EFFECTS = pd.DataFrame(
    {
        # log2 of the change that one element makes, in the order of CELL_TYPES
        "TATA": (1.0, 1.2, 0.9, 0.6, 1.0, 1.1, 1.0, 0.9),
        "initiator": (0.6, 0.7, 0.6, 0.5, 0.6, 0.6, 0.6, 0.6),
        "TATA with initiator": (0.6, 0.6, 0.6, 0.4, 0.6, 0.6, 0.6, 0.6),
        "GC box": (0.7, 0.6, 0.8, 1.0, 0.7, 0.8, 0.7, 0.7),
        "CCAAT": (1.2, 1.0, 1.1, 1.4, 1.0, 1.3, 1.0, 1.2),
        "enhancer 1": (2.2, 0.0, 1.4, 0.0, 0.0, 0.0, 0.0, 1.8),
        "enhancer 2": (0.0, 2.2, 0.0, 0.0, 1.4, 0.0, 1.8, 0.0),
    },
    index=list(CELL_TYPES),
)
_BASE = (-1.0, -0.6, -0.8, -0.2, -0.9, -0.7, -1.0, -0.9)
_MOST_BOXES = 3
_REACH = 80.0
START = 30
"""Nucleotides behind the start site: a promoter of length L starts at position L - 30 (from 0)."""


Element = dict[str, Any]
"""``element, start, stop`` (0-based, half-open), ``strand``, and the effect in each cell type."""


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    loci : int
        Unrelated promoters.
    copied : float
        Share of the loci with a near copy, which stands in the same group.
    random : int
        Sequences without any element.
    length : int
        Nucleotides of each promoter: at least 160; the original's were 11,000.
    mutation_rate : float
        Share of the letters outside the elements in which a copy differs.
    chromosomes, replicates : int
        Chromosomes the loci lie on; measurements of each promoter in each cell type.
    noise, missing : float
        Deviation of a measurement (log2), and share of promoters not measured in a cell type.
    """

    loci: int = 1400
    copied: float = 0.15
    random: int = 100
    length: int = 200
    mutation_rate: float = 0.05
    chromosomes: int = 10
    replicates: int = 2
    noise: float = 0.35
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
        ``strand``, and for each cell type what its expression (log2) would lose without it.
    """

    promoters: pd.DataFrame
    elements: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = 20261124) -> Simulation:  # noqa: B008
    """Simulate promoters and their expression; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(loci=3, copied=1.0, random=1))
    >>> len(small.promoters), small.promoters["sequence"].str.len().unique().tolist()
    (7, [200])
    >>> row = small.elements.iloc[0]
    >>> name = small.promoters.set_index("id")["sequence"][row["id"]]
    >>> name[row["start"] : row["stop"]] in (m := MOTIFS[row["element"]], reverse_complement(m, DNA))
    True
    """
    if plan.length < 160:
        raise ValueError(f"length is {plan.length} nt; expected at least 160 to hold the elements")
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    truth: list[Element] = []
    expected: list[np.ndarray] = []
    for locus in range(plan.loci):
        placed = _place(plan.length, rng)
        ancestor = rng.choice(list(DNA.letters), size=plan.length)
        chromosome = f"chr{1 + locus % plan.chromosomes}"
        for copy in range(1 + int(rng.random() < plan.copied)):
            name = f"prom{locus + 1:05d}" + ("b" if copy else "")
            about = {"group": f"locus{locus + 1:04d}", "chromosome": chromosome, "kind": "native"}
            sequence = _write_elements(_mutated(ancestor, plan.mutation_rate, rng), placed)
            rows.append({"id": name, "sequence": sequence, **about})
            truth += [{"id": name, **element} for element in _with_effects(placed, plan.length)]
            expected.append(_expression(placed, plan.length))
    for number in range(plan.random):
        sequence = "".join(rng.choice(list(DNA.letters), size=plan.length))
        name = f"rand{number + 1:05d}"
        rows.append({"id": name, "sequence": sequence, "group": name, "chromosome": "", "kind": "random"})
        expected.append(_expression([], plan.length))
    measured = _measure(np.stack(expected), plan, rng)
    return Simulation(pd.concat([pd.DataFrame(rows), measured], axis=1), pd.DataFrame(truth))


def planted_mask(
    elements: pd.DataFrame, rows: Sequence[int], length: int, *, cell_type: str, least: float = 0.25
) -> np.ndarray:
    """Positions of the elements that are at work in a cell type.

    Parameters
    ----------
    elements : pandas.DataFrame
        The truth, with a column ``row`` (as `helpers.tracks.gene_expression.data.elements` gives it).
    rows : sequence of int
        Which rows, in which order.
    least : float
        Smallest effect (log2) that counts as work.

    Returns
    -------
    numpy.ndarray, shape=(len(rows), length), dtype=bool
        True inside an element.

    Examples
    --------
    >>> truth = pd.DataFrame({"row": [7], "start": [1], "stop": [3], "K562": [2.0]})
    >>> planted_mask(truth, [7, 8], 4, cell_type="K562").astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    place = {row: number for number, row in enumerate(rows)}
    mask = np.zeros((len(place), length), dtype=bool)
    for element in elements[elements[cell_type].abs() >= least].itertuples():
        if element.row in place:
            mask[place[element.row], element.start : element.stop] = True
    return mask


def write(folder: str | Path, *, seed: int = 20261124) -> list[Path]:
    """Write the sample into a folder: the table, the truth and the rule."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    rule = {
        "what": "simulated data; nothing here was measured, in no cell type of that name",
        "unit": "log2 expression",
        "motifs": MOTIFS,
        "start_site": f"position {Plan().length - START} (from 0)",
        "base": dict(zip(CELL_TYPES, _BASE, strict=True)),
        "effects": {str(name): column.to_dict() for name, column in _EFFECTS.items()},
        "gc_boxes": f"add up, at most {_MOST_BOXES}",
        "ccaat": f"times exp(-distance to the start site / {_REACH:g} nt)",
        "enhancers": "either strand, anywhere in front of the TATA box",
        "plan": Plan()._asdict(),
    }
    return [
        write_table(folder / "promoters.csv", _with_warts(sample.promoters)),
        write_table(folder / "truth_elements.csv", sample.elements.round(4)),
        write_json(folder / "truth_rule.json", rule),
    ]


def _place(length: int, rng: np.random.Generator) -> list[Element]:
    """Elements of one promoter and where they stand; none overlaps another."""
    start = length - START
    placed: list[Element] = []

    def put(name: str, low: int, high: int, *, strand: str = "+") -> None:
        """Put an element at a free place from `low` to `high`; leave it out if there is none."""
        width = len(MOTIFS[name])
        for _ in range(20):
            place = int(rng.integers(low, high + 1))
            if all(place >= e["stop"] or place + width <= e["start"] for e in placed):
                placed.append({"element": name, "start": place, "stop": place + width, "strand": strand})
                return

    if rng.random() < 0.5:
        put("TATA", start - 32, start - 30)
    if rng.random() < 0.5:
        put("initiator", start - 2, start - 2)
    if rng.random() < 0.6:
        put("CCAAT", max(0, start - 130), start - 60)
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.3, 0.2, 0.15]))):
        put("GC box", max(0, start - 120), start - 45)
    for name in ("enhancer 1", "enhancer 2"):
        if rng.random() < 0.45:
            put(name, 0, start - 50, strand="+" if rng.random() < 0.5 else "-")
    return sorted(placed, key=lambda element: element["start"])


def _expression(placed: Sequence[Element], length: int) -> np.ndarray:
    """Expression (log2) in each cell type, by the rule."""
    names = [element["element"] for element in placed]
    times = {name: float(name in names) for name in ("TATA", "initiator", "enhancer 1", "enhancer 2")}
    times["TATA with initiator"] = times["TATA"] * times["initiator"]
    times["GC box"] = float(min(names.count("GC box"), _MOST_BOXES))
    value = np.array(_BASE)
    for name, count in times.items():
        value = value + _EFFECTS[name].to_numpy() * count
    for element in placed:
        if element["element"] == "CCAAT":
            distance = length - START - element["stop"]
            value = value + _EFFECTS["CCAAT"].to_numpy() * np.exp(-distance / _REACH) * 1.5
    return value


def _with_effects(placed: Sequence[Element], length: int) -> list[Element]:
    """Each element with what would be lost without it."""
    whole = _expression(placed, length)
    lost = [whole - _expression([e for e in placed if e is not element], length) for element in placed]
    return [
        element | dict(zip(CELL_TYPES, values.tolist(), strict=True))
        for element, values in zip(placed, lost, strict=True)
    ]


def _mutated(ancestor: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    letters = rng.choice(list(DNA.letters), size=ancestor.size)
    return np.where(rng.random(ancestor.size) < rate, letters, ancestor)


def _write_elements(letters: np.ndarray, placed: Sequence[Element]) -> str:
    found = letters.copy()
    for element in placed:
        motif = MOTIFS[element["element"]]
        word = motif if element["strand"] == "+" else reverse_complement(motif, DNA)
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
    """Faults that real tables have: an infinite value, a row without any value, lower case."""
    spoilt = promoters.copy()
    values = [name for name in spoilt.columns if "_rep" in name]
    spoilt.loc[40, "A549_rep1"] = np.inf
    spoilt.loc[80, values] = np.nan
    spoilt.loc[120, "sequence"] = str(spoilt.loc[120, "sequence"]).lower()
    return spoilt


if __name__ == "__main__":
    write(sys.argv[1])
