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
GAPS = ("beside_minus_far", "beside_minus_stranger")
"""How much more a motif adds beside its partner than elsewhere."""


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
        ``motif, partner, effect`` (as planted), ``measure`` (`PLACES` and `GAPS`), ``value, ci_low,
        ci_high, n``.
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
        gains |= {gap: gains["beside"] - gains[gap.removeprefix("beside_minus_")] for gap in GAPS}
        of = None if groups is None else dict.fromkeys(gains, groups)
        rows = effects.summary(gains, groups=of, seed=seed)  # type: ignore[arg-type]
        parts.append(rows.assign(motif=name, partner=partner, effect=one["effect"]))
    columns = ["motif", "partner", "effect", "measure", "value", "ci_low", "ci_high", "n"]
    return pd.concat(parts, ignore_index=True)[columns]


def verdict(table: pd.DataFrame) -> str:
    """A list in Markdown: for each motif of `insertions`, whether it counts beside its partner only.

    By the rule a motif adds nothing far from its partner. It was learnt if the motif adds as planted
    beside the partner, more than far from it with an interval without 0, and far from it nothing that
    is shown or at most a tenth as much; in part, if it adds more than that far from it, or is not shown to
    add more beside its partner than beside a stranger.

    Examples
    --------
    >>> rows = pd.DataFrame({"motif": "MYB3", "partner": "DREB2A", "effect": 5.0,
    ...     "measure": ["beside", "far", "beside_minus_far", "beside_minus_stranger"],
    ...     "value": [4.0, 0.1, 3.9, 1.0], "ci_low": [3.5, 0.0, 2.0, -0.5], "ci_high": [4.5, 0.2, 4.0, 2.5]})
    >>> verdict(rows).split(": ", 1)[1]
    'the rule was learnt in part: it is not shown to add more beside its partner than beside a stranger.'
    """
    lines = []
    for name, part in table.groupby("motif", sort=False):
        of = {row["measure"]: row for row in part.to_dict("records")}
        sign = np.sign(of["beside"]["effect"])
        near, far = of["beside"], of["far"]
        more = [verdicts.shown(of[gap]) == sign for gap in GAPS]
        said = "the rule was not learnt"
        if more[0] and sign * near["value"] > 0:
            little = abs(far["value"]) <= abs(near["value"]) / 10 or far["ci_low"] <= 0 <= far["ci_high"]
            faults = [] if little else ["the word counts by itself, too"]
            if not more[1]:
                faults.append("it is not shown to add more beside its partner than beside a stranger")
            said = "the rule was learnt" + (f" in part: {', and '.join(faults)}" if faults else "")
        numbers = [verdicts.interval(row, decimals=1) for row in (near, far)]
        planted = f"(planted {near['effect']:+g})"
        beside = f"{numbers[0]} beside {near['partner']} {planted} and by {numbers[1]} far from it"
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
