"""Habits of published evaluations, as small experiments: what each of them adds to a score.

Each function gives an honest score and the habit's, on the same rows and the same model, so that their
difference is the habit and nothing else. `added` puts an interval on it.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom, t
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from helpers.splits import Fold
from helpers.stats.bootstrap import Interval


def epochs(X: np.ndarray, y: np.ndarray, fold: Fold, *, n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Train a small network epoch by epoch and look at validation and test rows after each.

    Returns
    -------
    pandas.DataFrame
        ``epoch, valid, test``: Pearson correlations.
    """
    model = MLPRegressor(hidden_layer_sizes=(32,), learning_rate_init=3e-3, batch_size=32, random_state=seed)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for epoch in range(1, n + 1):
            model.partial_fit(X[fold.train], y[fold.train])
            rows.append((epoch, *(pearson(y[part], model.predict(X[part])) for part in fold[1:3])))
    return pd.DataFrame(rows, columns=["epoch", "valid", "test"])


def chosen(curve: pd.DataFrame) -> dict[str, float]:
    """The test score at the epoch that is best on validation rows, and at the one best on test rows.

    Examples
    --------
    >>> curve = pd.DataFrame({"epoch": [1, 2], "valid": [0.5, 0.4], "test": [0.3, 0.6]})
    >>> chosen(curve)
    {'honest': 0.3, 'habit': 0.6}
    """
    return {"honest": float(curve["test"][curve["valid"].idxmax()]), "habit": float(curve["test"].max())}


def best_of_guesses(items: int, tries: int) -> float:
    """Expected best accuracy of `tries` models that guess, on `items` test items of two even classes.

    Examples
    --------
    >>> round(best_of_guesses(896, 1), 3), round(best_of_guesses(896, 3000), 3)
    (0.5, 0.559)
    """
    below = binom.cdf(np.arange(items), items, 0.5) ** tries
    return float((1 - below).sum() / items)


def edges(sides: ArrayLike, y: np.ndarray, fold: Fold) -> dict[str, float]:
    """Accuracy of a model that knows only how often each chain binds, from honest and from all pairs.

    Parameters
    ----------
    sides : array-like, shape=(n, 2)
        The two chains of each pair.
    y : numpy.ndarray
        1 where they bind.
    fold : Fold
        Honest counts are taken from its training rows; the habit counts every positive pair, those of
        the test part among them, as a graph does that is drawn before the split.

    Returns
    -------
    dict
        ``honest`` and ``habit``.
    """
    train, test = np.concatenate([fold.train, fold.valid]), fold.test
    found = {}
    for name, drawn in (("honest", train), ("habit", np.arange(len(y)))):
        seen = np.column_stack([_bindings(column, y, drawn, train) for column in np.asarray(sides).T])
        model = LogisticRegression(C=100.0, max_iter=1000).fit(seen[train], y[train])
        found[name] = float((model.predict(seen[test]) == y[test]).mean())
    return found


def trees(X: np.ndarray, y: np.ndarray, fold: Fold, *, n: int = 60, seed: int = 0) -> float:
    """Accuracy on the test part of extra trees."""
    model = ExtraTreesClassifier(n, min_samples_leaf=2, max_features=0.1, random_state=seed)
    train = np.concatenate([fold.train, fold.valid])
    return float((model.fit(X[train], y[train]).predict(X[fold.test]) == y[fold.test]).mean())


def ridge(X: np.ndarray, y: np.ndarray, fold: Fold, *, asked: np.ndarray) -> float:
    """Correlation on the test part of a ridge regression on X that is asked of the rows of `asked`."""
    train = np.concatenate([fold.train, fold.valid])
    return pearson(y[fold.test], Ridge(10.0).fit(X[train], y[train]).predict(asked[fold.test]))


def added(honest: ArrayLike, habit: ArrayLike) -> Interval:
    """How much the habit adds: the mean difference over repeats, with Student's 95 % interval.

    Repeats draw new splits of the same rows, so the interval says how sure the mean over splits is, and
    not what another data set would give.

    Examples
    --------
    >>> str(added([0.5, 0.6, 0.5], [0.6, 0.65, 0.62]))
    '0.090 (0.000 to 0.180)'
    """
    difference = np.asarray(habit, dtype=float) - np.asarray(honest, dtype=float)
    n = difference.size
    half = t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n)
    mean = float(difference.mean())
    return Interval(mean, mean - float(half), mean + float(half), n)


def pearson(y: np.ndarray, p: np.ndarray) -> float:
    """Correlation; 0 where the predictions are one value."""
    return float(np.corrcoef(y, p)[0, 1]) if np.ptp(p) > 0 else 0.0


def _bindings(chains: np.ndarray, y: np.ndarray, drawn: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Share of each chain's pairs that bind, by the drawn pairs, as a deviation from the share of all.

    A pair of the training part that counts itself would only learn to count itself; the test part is
    asked with the same counts.
    """
    names, codes = np.unique(chains, return_inverse=True)
    positive = np.bincount(codes[drawn], weights=y[drawn], minlength=len(names))
    total = np.bincount(codes[drawn], minlength=len(names))
    return (positive[codes] + 0.5) / (total[codes] + 1.0) - y[train].mean()
