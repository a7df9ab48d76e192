"""How far a prediction can be trusted where modifications are rare: from held-out windows, reweighted.

Training and test windows hold as many modified letters as others. Along a transcript one letter in
hundreds is modified, so of the letters that a model calls, most may be false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.stats.odds import logit, sigmoid

_CLIP = 1e-7
_SD = 1.96


def held_out(predictions: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """Log-odds of held-out windows, for a model's card.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of one model, run and protocol: ``task`` (the modification), ``y``, ``p``.

    Returns
    -------
    dict
        For each modification the log-odds of ``modified`` and ``unmodified`` windows.

    Examples
    --------
    >>> held_out(pd.DataFrame({"task": "Am", "y": [1, 0], "p": [0.5, 0.5]}))
    {'Am': {'modified': [0.0], 'unmodified': [0.0]}}
    """
    odds = pd.Series(logit(predictions["p"].to_numpy(), clip=_CLIP).round(2), index=predictions.index)
    classes = {"modified": predictions["y"] == 1, "unmodified": predictions["y"] == 0}
    return {
        str(name): {
            word: sorted(odds[part.index[chosen[part.index]]].tolist()) for word, chosen in classes.items()
        }
        for name, part in predictions.groupby("task", sort=False)
    }


def expected(
    card: Mapping[str, Any], prior: float, *, find: Sequence[float] = (0.25, 0.5, 0.75)
) -> pd.DataFrame:
    """What a scan costs: to find this share of the modified letters, how many calls are right.

    Parameters
    ----------
    card : dict
        Of a served model: ``held_out`` and ``prevalence``.
    prior : float
        Share of the scanned letters that bear the modification, as for
        `helpers.tracks.rna_modification.predict.Options`.
    find : sequence of float
        Shares of the modified letters that shall be found.

    Returns
    -------
    pandas.DataFrame
        A row for each modification and share: ``threshold`` (the probability from which on letters
        are called), ``found`` (share of the modified letters that are called then),
        ``false_per_1000`` (calls among a thousand unmodified letters), ``right`` (share of all calls
        that are right), ``right_at_least`` (the same if false calls are as many as the upper end of
        their 95 % interval, Wilson's, allows) and ``n`` (held-out windows).
    """
    rows = []
    for name, scores in _scores(card, prior).items():
        modified, other = scores["modified"], scores["unmodified"]
        for share in find:
            bound = np.quantile(modified, 1 - share, method="lower")
            found, wrong = float((modified >= bound).mean()), float((other >= bound).mean())
            shares = [_right(found, rate, prior) for rate in (wrong, _upper(wrong, len(other)))]
            about = (len(modified) + len(other),)
            rows.append((name, float(sigmoid(bound)), found, 1000 * wrong, *shares, *about))
    columns = ["modification", "threshold", "found", "false_per_1000", "right", "right_at_least", "n"]
    return pd.DataFrame(rows, columns=columns)


def calibration(card: Mapping[str, Any], prior: float, *, bins: int = 8) -> pd.DataFrame:
    """Held-out windows of all modifications, weighted to the base rate: what was said, and what is so.

    Returns
    -------
    pandas.DataFrame
        A row a bin of equally many windows: ``predicted`` (mean probability, weighted), ``observed``
        (share modified, weighted) and ``n``.
    """
    scores = _scores(card, prior)
    parts = [
        (sigmoid(values), float(word == "modified"))
        for one in scores.values()
        for word, values in one.items()
    ]
    p = np.concatenate([values for values, _ in parts])
    y = np.concatenate([np.full(len(values), label) for values, label in parts])
    weight = np.where(y == 1, prior / y.mean(), (1 - prior) / (1 - y.mean()))
    rows = []
    for chosen in np.array_split(np.argsort(p, kind="stable"), bins):
        said, true = (np.average(values[chosen], weights=weight[chosen]) for values in (p, y))
        rows.append((said, true, len(chosen)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "n"])


def _scores(card: Mapping[str, Any], prior: float) -> dict[str, dict[str, np.ndarray]]:
    """Log-odds of the held-out windows under a prior."""
    if "held_out" not in card:
        raise ValueError(
            "the model's card holds no scores of held-out windows, so nothing can be said of its calls; run "
            "notebook 01 again, or take the shared.keras of its folder 'model'"
        )
    return {
        name: {
            word: np.array(values) + logit(prior) - logit(card["prevalence"][name])
            for word, values in one.items()
        }
        for name, one in card["held_out"].items()
        if one["modified"] and one["unmodified"]
    }


def _right(found: float, wrong: float, prior: float) -> float:
    return prior * found / (prior * found + (1 - prior) * wrong)


def _upper(share: float, n: int) -> float:
    """Upper end of Wilson's interval of a share."""
    middle = share + _SD**2 / (2 * n)
    half = _SD * np.sqrt(share * (1 - share) / n + _SD**2 / (4 * n**2))
    return float((middle + half) / (1 + _SD**2 / n))
