"""Was the rule of the sample learnt? A motif is inserted alone, beside its partner, and far from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.motifs import effects
from helpers.stats import verdicts

PLACES = ("alone", "beside", "far", "stranger")
"""Where a motif is inserted: without a partner, beside it, far from it, beside one that is none."""


def insertions(
    score: effects.Score,
    X: np.ndarray,
    motifs: Mapping[str, Mapping[str, Any]],
    *,
    groups: Sequence[str] | None = None,
    draws: int = 1,
    seed: int = 0,
) -> pd.DataFrame:
    """What each motif adds to the output where its partner is near, far, or not there.

    Backgrounds are dinucleotide shuffles of the sequences, with the partner written into the middle.

    Parameters
    ----------
    score : callable
        See `helpers.motifs.effects.Score`; log-odds.
    X : numpy.ndarray, shape=(n, length, 4)
        Promoters that the backgrounds are made from.
    motifs : dict of str to dict
        Of the rule: ``counts`` (4 lists), ``partner`` and ``effect`` of each.
    groups : sequence of str, optional
        Group of each promoter, for the intervals.
    draws : int
        Backgrounds for each promoter.

    Returns
    -------
    pandas.DataFrame
        ``motif, partner, effect`` (as planted), ``measure`` (`PLACES`, and ``beside_minus_far``),
        ``value, ci_low, ci_high, n``.
    """
    parts = []
    words = {name: np.array(one["counts"]).T for name, one in motifs.items()}
    middle = X.shape[1] // 2
    for name, one in motifs.items():
        partner = one["partner"]
        stranger = next(other for other in motifs if other not in (name, partner))
        beside, far = middle + max(map(len, words.values())) + 5, middle - 60
        gains = {
            place: effects.insert(
                _holding(score, word, middle), X, words[name], at=at, draws=draws, seed=seed
            )
            for place, word, at in (
                ("alone", None, beside),
                ("beside", words[partner], beside),
                ("far", words[partner], far),
                ("stranger", words[stranger], beside),
            )
        }
        gains["beside_minus_far"] = gains["beside"] - gains["far"]
        of = None if groups is None else dict.fromkeys(gains, groups)
        rows = effects.summary(gains, groups=of, seed=seed)  # type: ignore[arg-type]
        parts.append(rows.assign(motif=name, partner=partner, effect=one["effect"]))
    columns = ["motif", "partner", "effect", "measure", "value", "ci_low", "ci_high", "n"]
    return pd.concat(parts, ignore_index=True)[columns]


def verdict(table: pd.DataFrame) -> str:
    """A list in Markdown: for each motif of `insertions`, whether it counts beside its partner only.

    By the rule a motif adds nothing far from its partner. It was learnt if the motif adds as planted
    beside the partner, more than far from it with an interval without 0, and far from it nothing that
    is shown or at most a tenth as much; in part, if it adds more than that far from it.

    Examples
    --------
    >>> rows = pd.DataFrame({"motif": "MYB3", "partner": "DREB2A", "effect": 5.0,
    ...     "measure": ["beside", "far", "beside_minus_far"],
    ...     "value": [4.0, 1.0, 3.0], "ci_low": [3.5, 0.5, 2.0], "ci_high": [4.5, 1.5, 4.0]})
    >>> verdict(rows).split(": ", 1)[1]
    'the rule was learnt in part: the word counts by itself, too.'
    """
    lines = []
    for name, part in table.groupby("motif", sort=False):
        of = {row["measure"]: row for row in part.to_dict("records")}
        sign = np.sign(of["beside"]["effect"])
        gap, near, far = (of[key] for key in ("beside_minus_far", "beside", "far"))
        shown = sign * gap["value"] > 0 and not gap["ci_low"] <= 0 <= gap["ci_high"]
        said = "the rule was not learnt"
        if shown and sign * near["value"] > 0:
            little = abs(far["value"]) <= abs(near["value"]) / 10 or far["ci_low"] <= 0 <= far["ci_high"]
            said = "the rule was learnt" + ("" if little else " in part: the word counts by itself, too")
        numbers = [verdicts.interval(row, decimals=1) for row in (near, far)]
        beside = f"{numbers[0]} beside {near['partner']} and by {numbers[1]} far from it"
        text = f"{name} changes the output by {beside}"
        lines.append(f"- {text}: {said}.")
    return "\n".join(lines)


def _holding(score: effects.Score, word: np.ndarray | None, start: int) -> effects.Score:
    """A score of sequences into which a motif's best word is written first."""
    if word is None:
        return score

    def holding(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        X = X.copy()
        X[:, start : start + len(word)] = np.eye(X.shape[2], dtype=X.dtype)[word.argmax(axis=1)]
        return score(X, rows)

    return holding
