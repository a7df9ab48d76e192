"""The RNA-modification sample: windows around a site, with the motifs that decide planted.

Each of ten modifications has one motif, and a window that holds it bears the modification. Every
motif has a look-alike, one essential letter off, which decides nothing; it is planted as often and
at the same places, whatever the label. Some labels are wrong, some windows are near copies of
others, and a few rows cannot be used: what real data do, at rates that are stated.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from helpers.project import paths
from helpers.readers.fasta import write_fasta
from helpers.readers.tables import write_table
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import transcripts
from helpers.tracks.rna_modification.data import SPLITS
from helpers.tracks.rna_modification.rules import (
    MOTIFS,
    RULES,
    TRANSITIONS,
    WIDTH,
    Rule,
    background,
    codes,
    plant,
)

_SHORTEST = 101
_SEED = 20261126
_SPOILT = "train/8-1"
"""File with rows that cannot be used."""
_SITES = ["window_id", "modification", "motif", "start", "stop", "first_offset", "role"]


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    train, valid, test : int
        Windows of each class and modification.
    length : int
        Length of a window, in nt; odd.
    wrong : float
        Share of the labels, of either class, that are not what the motif says.
    kept : float
        Probability that a letter of a planted word is the word's, where a look-alike does not differ.
    often : float
        Share of the planted words that stand at the one place of their rule, the others anywhere.
    decoys : tuple of float
        Share of the windows of either class with the look-alike, of modifications with an odd and
        with an even number: as many as sites on average, and neither always the more frequent word.
    copied : tuple of float
        Share of the validation and test windows of either class (0, 1) that are near copies of a
        training window.
    shared : float
        Share of the other test windows that are near copies of another test window.
    """

    train: int = 320
    valid: int = 60
    test: int = 80
    length: int = 151
    wrong: float = 0.05
    kept: float = 0.99
    often: float = 0.8
    decoys: tuple[float, float] = (0.42, 0.58)
    copied: tuple[float, float] = (0.05, 0.15)
    shared: float = 0.1

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
        Every planted word: ``window_id, modification, motif, start, stop`` (0-based, half-open, in
        the window), ``first_offset`` (of the first letter from the site) and ``role``: a ``site``
        makes the window modified, a ``decoy`` looks like one and does nothing.
    """

    windows: pd.DataFrame
    sites: pd.DataFrame


class _Window(NamedTuple):
    letters: np.ndarray
    words: list[tuple[int, str]]
    """Start and role of every planted word."""


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
    rows, sites, first = [], [], {}
    middle = plan.length // 2
    for split, (number, rule), label in product(SPLITS, enumerate(RULES, 1), (0, 1)):
        file = f"{split}/{number}-{label}"
        drawn = [_planted(rng, text, rule, label, plan) for text in _background(rng, plan, split, rule)]
        if split == "train":
            first[number, label] = drawn
        else:
            drawn = _with_copies(rng, drawn, first[number, label], plan, label, within=split == "test")
        for place, window in enumerate(drawn):
            name = f"sim_{'pos' if label else 'neg'}_{place}"
            rows.append((file, name, "".join(RNA.letters[code] for code in window.letters)))
            sites += [
                (f"{file}:{name}", rule.name, rule.motif, start, start + WIDTH, start - middle, role)
                for start, role in sorted(window.words)
            ]
    return Simulation(
        pd.DataFrame(rows, columns=["file", "id", "sequence"]), pd.DataFrame(sites, columns=_SITES)
    )


def best_possible(sample: Simulation) -> pd.DataFrame:
    """AUROC and accuracy on the test windows of one who knows which windows hold a motif that decides.

    Labels that are wrong bound every model. A near copy of a training window has that window's
    label, wrong or not: one who learns windows by heart may get above this.

    Returns
    -------
    pandas.DataFrame
        A row a modification and one for their ``mean``: ``auroc, accuracy, n``.
    """
    ids = sample.windows["file"] + ":" + sample.windows["id"]
    holds = ids.isin(sample.sites.loc[sample.sites["role"] == "site", "window_id"]).to_numpy(dtype=float)
    part = (
        sample.windows["file"].str.extract(r"^(\w+)/(\d+)-(\d)$").set_axis(["split", "number", "y"], axis=1)
    )
    found = {}
    for number, rule in enumerate(RULES, 1):
        own = ((part["split"] == "test") & (part["number"] == str(number))).to_numpy()
        y = part["y"][own].to_numpy(dtype=int)
        found[rule.name] = (
            float(roc_auc_score(y, holds[own])),
            float((y == holds[own]).mean()),
            int(own.sum()),
        )
    table = pd.DataFrame(found, index=["auroc", "accuracy", "n"]).T
    table.loc["mean"] = table.mean()
    table.loc["mean", "n"] = table["n"].iloc[:-1].sum()
    return table


def write(folder: str | Path, *, seed: int = _SEED) -> list[Path]:
    """Write the sample: FASTA files in the scheme of the public data, and the truth."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    truth = [folder / "truth_sites.csv", folder / "truth_rule.json"]
    written: list[Path] = []
    first: list[tuple[str, str]] = []
    for file, part in sample.windows.groupby("file", sort=False):
        written.append(folder / f"{file}.fasta")
        written[-1].parent.mkdir(parents=True, exist_ok=True)
        records = list(zip(part["id"], part["sequence"], strict=True))
        if file == _SPOILT:
            records += _unusable(records, first)
        first = records
        write_fasta(written[-1], records)
    write_table(truth[0], sample.sites)
    paths.write_json(truth[1], _rule() | {"best_possible": _rounded(best_possible(sample))})
    scanned = _transcripts(sample)
    more = [folder / "transcripts.fasta", folder / "truth_transcripts.csv"]
    more[0].write_text("".join(f">{name}\n{text}\n" for name, text in scanned.records), encoding="utf-8")
    write_table(more[1], scanned.truth)
    return written + truth + more


def _transcripts(sample: Simulation) -> transcripts.Transcripts:
    """Transcripts to scan; a training window that is modified stands in one of them."""
    at = sample.sites[(sample.sites["role"] == "site") & sample.sites["window_id"].str.startswith(_SPOILT)]
    first = at.iloc[0]
    ids = sample.windows["file"] + ":" + sample.windows["id"]
    known = sample.windows.loc[ids == first["window_id"], "sequence"].iloc[0]
    return transcripts.simulate(known, (first["modification"], first["motif"], int(first["first_offset"])))


def ppm(motif: str, kept: float = Plan().kept) -> np.ndarray:
    """Probability of A C G U at each position of a planted motif, shape (width, 4).

    Examples
    --------
    >>> ppm("DRACH", 0.97)[0].round(2).tolist()
    [0.01, 0.01, 0.01, 0.97]
    """
    one = MOTIFS[motif]
    share = np.where(np.arange(WIDTH) == one.essential, 1.0, kept)[:, None]
    return np.where(np.eye(RNA.size)[codes(one.consensus)] > 0, share, (1 - share) / (RNA.size - 1))


def _background(rng: np.random.Generator, plan: Plan, split: str, rule: Rule) -> np.ndarray:
    """Windows of one class without a planted word, the site's letter in their middle."""
    found = background(rng, getattr(plan, split), plan.length)
    found[:, plan.length // 2] = RNA.letters.index(rule.base)
    return found


def _planted(rng: np.random.Generator, letters: np.ndarray, rule: Rule, label: int, plan: Plan) -> _Window:
    """A window with look-alikes and, if it is modified, the motif; the places say nothing of the role."""
    motif, middle = MOTIFS[rule.motif], plan.length // 2
    modified = bool(label) != (rng.random() < plan.wrong)
    words = [motif.decoy] * (rng.random() < plan.decoys[RULES.index(rule) % 2]) + [motif.consensus] * modified
    starts = _starts(rng, rule, len(words), plan)
    while len(words) > 1 and np.diff(np.sort(starts)).min() < WIDTH:
        starts = _starts(rng, rule, len(words), plan)
    letters, placed = letters.copy(), []
    for offset, word in zip(starts, words, strict=True):
        start = middle + int(offset)
        letters[start : start + WIDTH] = plant(rng, motif, word=word, kept=plan.kept)
        placed.append((start, "site" if word == motif.consensus else "decoy"))
    return _Window(letters, placed)


def _starts(rng: np.random.Generator, rule: Rule, n: int, plan: Plan) -> np.ndarray:
    often = rng.random(n) < plan.often
    return np.where(often, rule.often, rng.choice(rule.offsets, n))


def _with_copies(
    rng: np.random.Generator, drawn: list[_Window], known: list[_Window], plan: Plan, label: int, *,
    within: bool,
) -> list[_Window]:  # fmt: skip
    """Some windows become near copies, of a training window or of the window before them."""
    found: list[_Window] = []
    for window in drawn:
        kind = rng.random()
        if kind < plan.copied[label]:
            window = _copy(rng, known[rng.integers(len(known))], window)
        elif within and found and kind < plan.copied[label] + plan.shared:
            window = _copy(rng, found[-1], window)
        found.append(window)
    return found


def _copy(rng: np.random.Generator, one: _Window, other: _Window) -> _Window:
    """The first window with the ends of the other: what is planted lies between them."""
    end = len(one.letters) // 2 - _SHORTEST // 2 + int(rng.integers(0, 10))
    letters = one.letters.copy()
    letters[:end], letters[-end:] = other.letters[:end], other.letters[-end:]
    return _Window(letters, one.words)


def _unusable(records: list[tuple[str, str]], negatives: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows that the loader has to reject: each says by its id what is wrong, but for an id twice."""
    text = records[0][1]
    half = len(text) // 2
    return [
        ("sim_pos_even_length", text[1:]),
        ("sim_pos_other_centre", text[:half] + "C" + text[half + 1 :]),
        ("sim_pos_mixed_letters", text[:half] + text[half:].replace("U", "T")),
        ("sim_pos_gap", text[:20] + "-" + text[21:]),
        ("sim_pos_other_label", negatives[0][1]),
        (records[1][0], records[2][1]),
    ]


def _rounded(table: pd.DataFrame) -> dict[str, object]:
    return {name: {k: round(float(v), 4) for k, v in row.items()} for name, row in table.iterrows()}


def _rule() -> dict[str, object]:
    plan = Plan()._asdict()
    return {
        "what": "simulated data; nothing here was measured",
        "rule": "a window is modified if it holds the motif of its modification at an allowed offset of "
        "the motif's first letter from the site, never across the site; a look-alike, one essential letter "
        "off, stands at the same offsets, as often in modified windows as in others, and decides nothing; "
        f"{plan['wrong']:.0%} of the labels of either class are wrong",
        "letters": RNA.letters,
        "motifs": {
            name: {
                "consensus": one.consensus, "decoy": one.decoy, "source": one.source,
                "ppm": ppm(name).round(6).tolist(),
            }
            for name, one in MOTIFS.items()
        },
        "modifications": {
            rule.name: {
                "index": number, "base": rule.base, "motif": rule.motif, "offsets": [rule.first, rule.last],
                "often": rule.often,
            }
            for number, rule in enumerate(RULES, 1)
        },
        "background": TRANSITIONS,
        "plan": plan,
    }  # fmt: skip


if __name__ == "__main__":
    write(sys.argv[1])
