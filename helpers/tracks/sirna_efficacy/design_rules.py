"""Published rules for siRNAs, each named, each with its source.

The rules are stated on the sense strand of the duplex, the 19 nt that equal the target; position 1
is its 5' end. `sense_core` gives it. A rule that holds says 1, one that does not says 0; how the
authors weigh them is in `score`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy.target_sites import CORE, GUIDE

SOURCES = {
    "Reynolds": "Reynolds 2004, doi:10.1038/nbt936",
    "Ui-Tei": "Ui-Tei 2004, doi:10.1093/nar/gkh247",
    "Amarzguioui": "Amarzguioui 2004, doi:10.1016/j.bbrc.2004.02.157",
    "Hsieh": "Hsieh 2004, doi:10.1093/nar/gkh238",
    "Takasaki": "Takasaki 2004, doi:10.4161/cc.3.6.892",
    "Huesken": "Huesken 2005, doi:10.1038/nbt1118",
}
AUTHORS = ("Reynolds", "Ui-Tei", "Amarzguioui", "Hsieh")


class Rule(NamedTuple):
    """One rule of an author, who gives it a weight, below zero for what should not be.

    ``holds`` makes bool or counts, shape (n,), of the codes of sense cores, shape (n, 19).
    """

    name: str
    author: str
    weight: int
    holds: Callable[[np.ndarray], np.ndarray]


def sense_core(guides: Sequence[str]) -> list[str]:
    """The 19 nt of the sense strand that pair with each guide, 5' to 3'.

    Examples
    --------
    >>> sense_core(["UUCGAACGUACGUACGUACGG"])
    ['GUACGUACGUACGUUCGAA']
    """
    return [reverse_complement(guide[:CORE], RNA) for guide in guides]


def hits(guides: Sequence[str]) -> pd.DataFrame:
    """Which of `RULES` each guide of 21 nt fulfils: 0 or 1, a count for "A/U in 15-19".

    An unknown residue fulfils nothing.

    Examples
    --------
    >>> table = hits(["UUCGAACGUACGUACGUACGG"])
    >>> int(table["Ui-Tei: A/U at guide 5' end"][0]), int(table["Hsieh: U at 19"][0])
    (1, 0)
    """
    for row, guide in enumerate(guides):
        if len(guide) != GUIDE:
            raise ValueError(f"guide {row} has {len(guide)} nt; expected {GUIDE}, the antisense strand")
    codes = np.stack([RNA.encode(core) for core in sense_core(guides)])
    return pd.DataFrame({rule.name: rule.holds(codes).astype(np.int64) for rule in RULES})


def score(found: pd.DataFrame) -> pd.DataFrame:
    """The authors' scores: the sum of the weights of the rules that hold, from what `hits` gives.

    ``Reynolds`` (up to 10, 6 is called functional), ``Ui-Tei`` (4 rules), ``Amarzguioui`` (-2 to 4,
    3 is called functional) and ``Hsieh`` (2 rules).

    Examples
    --------
    >>> score(hits(["UUCGAACGUACGUACGUACGG"])).iloc[0].to_dict()
    {'Reynolds': 6, 'Ui-Tei': 3, 'Amarzguioui': 2, 'Hsieh': 0}
    """
    return pd.DataFrame(
        {
            author: sum(rule.weight * found[rule.name] for rule in RULES if rule.author == author)
            for author in AUTHORS
        }
    )


def fulfilled(found: pd.DataFrame) -> list[str]:
    """Names of the rules that each guide fulfils, joined by ``; ``, those against it marked ``not``.

    Examples
    --------
    >>> fulfilled(hits(["UUCGAACGUACGUACGUACGG"]))[0].split("; ")[0]
    'Reynolds: GC 30 to 52 %'
    """
    names = [rule.name if rule.weight > 0 else f"not {rule.name}" for rule in RULES]
    values = found[[rule.name for rule in RULES]].to_numpy()
    return ["; ".join(n for n, v in zip(names, row, strict=True) if v > 0) for row in values]


def sources() -> pd.DataFrame:
    """Every rule with its weight and source."""
    rows = [(rule.name, rule.weight, SOURCES[rule.author]) for rule in RULES]
    return pd.DataFrame(rows, columns=["rule", "weight", "source"])


def longest_run(codes: np.ndarray, letters: str) -> np.ndarray:
    """Longest stretch of residues that are all among `letters`, for each row of codes.

    Examples
    --------
    >>> longest_run(np.array([[0, 2, 1, 3, 2]]), "GC").tolist()
    [2]
    """
    longest = current = np.zeros(len(codes), dtype=np.int64)
    for inside in _is(codes, letters).T:
        current = np.where(inside, current + 1, 0)
        longest = np.maximum(longest, current)
    return longest


class PositionScore:
    """Score from which letter stands where, with weights learnt from measured guides.

    Takasaki 2004 and Huesken 2005 rank guides by the letter at each position, weighed by how it
    did among the siRNAs that were measured. Their method is followed here on the rows that are
    given; their own numbers are not used.

    The style ``Takasaki`` takes the log odds of a letter between the most and the least effective
    third (with a count of one added), ``Huesken`` a ridge regression of the efficacy on the letters.

    Examples
    --------
    >>> guides = ["U" + "A" * 20, "G" + "A" * 20, "U" + "C" * 20]
    >>> fitted = PositionScore("Takasaki").fit(guides, [0.9, 0.1, 0.5])
    >>> bool(np.argmax(fitted.score(guides)) == 0)
    True
    """

    def __init__(self, style: str = "Takasaki") -> None:
        if style not in ("Takasaki", "Huesken"):
            raise ValueError(f"style is {style!r}; expected 'Takasaki' or 'Huesken'")
        self.style = style
        self.weights: np.ndarray = np.zeros((0, RNA.size))

    def fit(self, guides: Sequence[str], efficacy: Sequence[float]) -> PositionScore:
        """Learn the weights from guides and their efficacies (fraction silenced); training rows."""
        X = _letters(guides)
        y = np.asarray(efficacy, dtype=float)
        if self.style == "Takasaki":
            low, high = np.quantile(y, [1 / 3, 2 / 3])
            shares = [X[part].sum(axis=0) + 1.0 for part in (y >= high, y <= low)]
            odds = [share / share.sum(axis=-1, keepdims=True) for share in shares]
            self.weights = np.log(odds[0] / odds[1])
        else:
            self.weights = Ridge(10.0).fit(X.reshape(len(X), -1), y).coef_.reshape(X.shape[1:])
        return self

    def score(self, guides: Sequence[str]) -> np.ndarray:
        """Sum of the weights of each guide's letters, shape (n,); log odds, or efficacy."""
        if not len(self.weights):
            raise ValueError("PositionScore.score: the weights are not learnt; call fit first")
        return np.einsum("nla,la->n", _letters(guides), self.weights)


def _letters(guides: Sequence[str]) -> np.ndarray:
    """One-hot letters, shape (n, 21, 4); an unknown letter is a row of zeros."""
    codes = np.stack([RNA.encode(guide) for guide in guides])
    return (codes[..., None] == np.arange(RNA.size)).astype(float)


def _is(codes: np.ndarray, letters: str) -> np.ndarray:
    return np.isin(codes, [RNA.letters.index(x) for x in letters])


def _at(codes: np.ndarray, position: int, letters: str) -> np.ndarray:
    return _is(codes[:, position - 1], letters)


def _among(codes: np.ndarray, first: int, last: int, letters: str) -> np.ndarray:
    return _is(codes[:, first - 1 : last], letters).sum(axis=1)


def _hairpin_free(codes: np.ndarray) -> np.ndarray:
    """No stem of four pairs with a loop of three or more: stands for a hairpin that melts low."""
    # The codes of A U and C G add up to 3 in either order, those of no other pair of letters.
    pair = codes[:, :, None] + codes[:, None, :] == 3
    stems = [
        np.logical_and.reduce([pair[:, i + k, j - k] for k in range(4)])
        for i in range(CORE - 10)
        for j in range(i + 10, CORE)
    ]
    return ~np.any(stems, axis=0)


def _au_ends(codes: np.ndarray) -> np.ndarray:
    return _among(codes, 17, 19, "AU") - _among(codes, 1, 3, "AU") > 1


def _gc_between(codes: np.ndarray, low: float, high: float) -> np.ndarray:
    share = _among(codes, 1, CORE, "GC") / CORE
    return (share >= low) & (share <= high)


RULES = (
    Rule("Reynolds: GC 30 to 52 %", "Reynolds", 1, lambda c: _gc_between(c, 0.30, 0.52)),
    Rule("Reynolds: A/U in 15-19", "Reynolds", 1, lambda c: _among(c, 15, 19, "AU")),
    Rule("Reynolds: no inverted repeat", "Reynolds", 1, _hairpin_free),
    Rule("Reynolds: A at 19", "Reynolds", 1, lambda c: _at(c, 19, "A")),
    Rule("Reynolds: A at 3", "Reynolds", 1, lambda c: _at(c, 3, "A")),
    Rule("Reynolds: U at 10", "Reynolds", 1, lambda c: _at(c, 10, "U")),
    Rule("Reynolds: G/C at 19", "Reynolds", -1, lambda c: _at(c, 19, "GC")),
    Rule("Reynolds: G at 13", "Reynolds", -1, lambda c: _at(c, 13, "G")),
    Rule("Ui-Tei: A/U at guide 5' end", "Ui-Tei", 1, lambda c: _at(c, 19, "AU")),
    Rule("Ui-Tei: G/C at sense 5' end", "Ui-Tei", 1, lambda c: _at(c, 1, "GC")),
    Rule("Ui-Tei: 5 A/U in guide 1-7", "Ui-Tei", 1, lambda c: _among(c, 13, 19, "AU") >= 5),
    Rule("Ui-Tei: no GC run above 9", "Ui-Tei", 1, lambda c: longest_run(c, "GC") <= 9),
    Rule("Amarzguioui: A/U differential", "Amarzguioui", 1, _au_ends),
    Rule("Amarzguioui: G/C at 1", "Amarzguioui", 1, lambda c: _at(c, 1, "GC")),
    Rule("Amarzguioui: A at 6", "Amarzguioui", 1, lambda c: _at(c, 6, "A")),
    Rule("Amarzguioui: A/U at 19", "Amarzguioui", 1, lambda c: _at(c, 19, "AU")),
    Rule("Amarzguioui: U at 1", "Amarzguioui", -1, lambda c: _at(c, 1, "U")),
    Rule("Amarzguioui: G at 19", "Amarzguioui", -1, lambda c: _at(c, 19, "G")),
    Rule("Hsieh: G/C at 11", "Hsieh", 1, lambda c: _at(c, 11, "GC")),
    Rule("Hsieh: U at 19", "Hsieh", 1, lambda c: _at(c, 19, "U")),
)
