"""Does a head know its own modification? Asked of windows of the others, and of positives alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from helpers.stats.odds import sigmoid
from helpers.tracks.rna_modification import network
from helpers.tracks.rna_modification.data import MODIFICATIONS
from helpers.tracks.rna_modification.predictors import Network

_FEWEST = 10


def matrix(net: Network, rows: np.ndarray) -> pd.DataFrame:
    """What every head says of the windows of every modification.

    If the heads of other modifications tell a modification's positives from its negatives as well
    as its own head, the heads share what they know, and none says *which* modification it is.

    Parameters
    ----------
    net : Network
        A fitted network with a head for each modification.
    rows : numpy.ndarray
        Rows of its table, such as the test part.

    Returns
    -------
    pandas.DataFrame
        Predictions for `helpers.stats.scoring.score`: ``row, y, p``, ``task`` (the modification of
        the window) and ``model``: each head, such as ``head Am``, then the window's ``own head``
        and the ``other heads`` (the mean of their log-odds).
    """
    odds, table = network.logits(net.model, net.table.X[rows]).astype(float), net.table
    own = table.own(odds, rows, net.heads)
    scores = {f"head {name}": odds[:, at] for at, name in enumerate(net.heads)}
    scores["own head"] = own
    if len(net.heads) > 1:
        scores["other heads"] = (odds.sum(axis=1) - own) / (len(net.heads) - 1)
    said = {"row": rows, "y": table.y[rows], "task": table.of[rows]}
    parts = [pd.DataFrame({**said, "p": sigmoid(score), "model": name}) for name, score in scores.items()]
    return pd.concat(parts, ignore_index=True)


def positives_only(net: Network, rows: np.ndarray) -> pd.DataFrame:
    """Positives of each modification against as many positives of others, of like composition.

    All have the same letter at the site. Each positive is paired with one of another modification so
    that shares of letters and of pairs of letters differ least in all, and the closer half of the
    pairs is kept. That both are modified helps nobody here: only a model that knows which
    modification it is gets above .5.

    Parameters
    ----------
    net, rows
        As for `matrix`.

    Returns
    -------
    pandas.DataFrame
        As `matrix`: ``y`` is whether the window is of the modification ``task``. ``model`` is ``own
        head``, ``own head less the other's`` (the log-odds of the modification less those of the
        modification it is paired with) and ``composition`` (how far the shares of the window lie
        from the mean of the training positives of the others, towards those of its own: what the
        pairing has left). A modification with fewer than ten pairs has no row.
    """
    table = net.table
    odds, shares = network.logits(net.model, table.X[rows]), _shares(table.X[rows])
    of, positive = table.of[rows], table.y[rows] == 1
    parts = []
    for at, name in enumerate(net.heads):
        base = MODIFICATIONS[name].base
        rivals = [other for other in net.heads if other != name and MODIFICATIONS[other].base == base]
        own = np.flatnonzero(positive & (of == name))
        other = np.flatnonzero(positive & np.isin(of, rivals))
        if min(len(own), len(other)) < _FEWEST:
            continue
        apart = cdist(shares[own], shares[other])
        first, second = linear_sum_assignment(apart)
        closer = np.argsort(apart[first, second], kind="stable")[: max(_FEWEST, len(first) // 2)]
        own, other = own[first[closer]], other[second[closer]]
        both = np.concatenate([own, other])
        rival = np.array([net.heads.index(of[row]) for row in other])
        gap = odds[both, at] - odds[both, np.concatenate([rival, rival])]
        known = np.setdiff1d(np.arange(len(table)), rows)
        known = known[table.y[known] == 1]
        means = [_shares(table.X[known[np.isin(table.of[known], one)]]).mean(0) for one in ([name], rivals)]
        scores = {
            "own head": odds[both, at],
            "own head less the other's": gap,
            "composition": (shares[both] - np.mean(means, axis=0)) @ (means[0] - means[1]),
        }
        for model, score in scores.items():
            y = np.repeat([1.0, 0.0], [len(own), len(other)])
            said = {"row": rows[both], "y": y, "p": sigmoid(score), "task": name, "model": model}
            parts.append(pd.DataFrame(said))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)


_COLUMNS = ["row", "y", "p", "task", "model"]


def _shares(X: np.ndarray) -> np.ndarray:
    """Shares of letters and of pairs of neighbours in each window, (n, 20)."""
    pairs = np.einsum("nia,nib->nab", X[:, :-1], X[:, 1:]).reshape(len(X), -1)
    return np.concatenate([X.sum(axis=1), pairs], axis=1) / X.shape[1]
