"""The sample's transcripts: what a scan is tried on, with every planted site and look-alike known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.rules import MOTIFS, RULES, WIDTH, Rule, background, plant

_SEED = 20261203
_N, _LENGTH, _STEP = 6, 520, 80
_SITE_SHARE, _OFTEN, _KEPT = 2 / 3, 0.8, 0.99
_CODED = {"m6A": "=", "Psi": "P", "Gm": "#", "m5C": "?", "m1A": '"', "Am": ":", "Cm": "B", "Um": "J"}
_TRUTH = ["transcript", "position", "base", "modification", "role", "motif", "motif_first", "motif_last"]


class Transcripts(NamedTuple):
    """Transcripts and their truth.

    Attributes
    ----------
    records : list of (id, sequence)
        As they stand in the file, records with faults among them.
    truth : pandas.DataFrame
        ``transcript, position`` (from 1), ``base, modification, role`` (``site``: modified; ``decoy``:
        its look-alike stands there, and nothing is modified), ``motif`` and where it stands (from
        1, both ends counted).
    """

    records: list[tuple[str, str]]
    truth: pd.DataFrame


def simulate(known: str, known_site: tuple[str, str, int], *, seed: int = _SEED) -> Transcripts:
    """Draw transcripts with sites about as rare as in nature; the same seed gives the same ones.

    Parameters
    ----------
    known : str
        A training window, which stands in the last transcript as it is.
    known_site : (str, str, int)
        Its modification, motif, and offset of the motif from the site.
    """
    rng = np.random.default_rng(seed)
    texts, rows = [], []
    for number, letters in enumerate(background(rng, _N, _LENGTH), start=1):
        name, free = f"sim_tx{number}", list(range(_STEP, _LENGTH - _STEP // 2, _STEP))
        if number == _N:
            first = (_LENGTH - len(known)) // 2
            letters[first : first + len(known)] = [RNA.letters.index(letter) for letter in known]
            site = first + len(known) // 2
            free = [at for at in free if abs(at - site) > len(known) // 2 + _STEP // 2]
            rule = next(rule for rule in RULES if rule.name == known_site[0])
            rows.append(_row(name, site, rule, "site", site + known_site[2]))
        for at in free:
            rows.append(_planted(rng, letters, name, at))
        texts.append("".join(RNA.letters[code] for code in letters))
    truth = pd.DataFrame(rows, columns=_TRUTH).sort_values(["transcript", "position"], ignore_index=True)
    records = [(f"sim_tx{number}", text) for number, text in enumerate(texts, start=1)]
    records[1] = (records[1][0], records[1][1].replace("U", "T").lower())
    records[2] = (records[2][0], _coded(records[2][1], truth[truth["transcript"] == records[2][0]]))
    short, other = texts[0][100:140], texts[3]
    faults = [("sim_short", short), ("sim_gap", other[:50] + "-" + other[50:90]), ("sim_empty", "")]
    faults += [("sim_mixed", other[:60].replace("U", "T") + other[60:120])]
    return Transcripts(records + faults, truth)


def _planted(rng: np.random.Generator, letters: np.ndarray, name: str, at: int) -> tuple[object, ...]:
    """Plant a site or its look-alike in `letters`; the row of the truth."""
    rule = RULES[rng.integers(len(RULES))]
    motif, role = MOTIFS[rule.motif], "site" if rng.random() < _SITE_SHARE else "decoy"
    offset = rule.often if rng.random() < _OFTEN else int(rng.choice(rule.offsets))
    letters[at] = RNA.letters.index(rule.base)
    word = motif.consensus if role == "site" else motif.decoy
    letters[at + offset : at + offset + WIDTH] = plant(rng, motif, word=word, kept=_KEPT)
    return _row(name, at, rule, role, at + offset)


def _row(name: str, at: int, rule: Rule, role: str, start: int) -> tuple[object, ...]:
    return name, at + 1, rule.base, rule.name, role, rule.motif, start + 1, start + WIDTH


def _coded(text: str, truth: pd.DataFrame) -> str:
    """A transcript as a database of modified RNAs writes it: a letter of its own for each modified base."""
    letters = list(text)
    for row in truth[truth["role"] == "site"].to_dict("records"):
        letters[row["position"] - 1] = _CODED.get(row["modification"], row["base"])
    return "".join(letters)
