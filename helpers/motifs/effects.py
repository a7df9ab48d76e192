"""What a motif adds to a prediction: its contributions, its removal, its insertion.

Contributions say what the explanation gives the motif's letters, ablation what the output loses
without it where it stands, insertion what it adds where it was not. A model is a function from
sequences to numbers, told which row each sequence is made from, so that each can be judged by the
model that did not train on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.sequences.shuffling import shuffle_all
from helpers.stats import metrics

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From sequences (m, length, letters) and the row that each is made from (m,) to numbers (m,)."""


class Ablation(NamedTuple):
    """What the output loses when a motif's places are overwritten.

    Attributes
    ----------
    rows : numpy.ndarray, shape=(k,), dtype=int
        The sequences that hold the motif.
    effects : numpy.ndarray, shape=(k,), dtype=float64
        Output as it is minus the mean output without the motif: positive for an activator.
    outputs : numpy.ndarray, shape=(k,), dtype=float64
        Mean output without the motif.
    elsewhere : numpy.ndarray, shape=(k,), dtype=float64
        Output as it is minus the mean output with other places of the same widths overwritten.
    """

    rows: np.ndarray
    effects: np.ndarray
    outputs: np.ndarray
    elsewhere: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """What the motif's places lose beyond other places: the measure for `summary`."""
        return self.effects - self.elsewhere


def contributions(values: np.ndarray, sites: pd.DataFrame) -> np.ndarray:
    """Sum of the attributions, (n, length, letters) or (n, length), over each place.

    Examples
    --------
    >>> sites = pd.DataFrame({"row": [0], "start": [1], "stop": [3]})
    >>> contributions(np.array([[1.0, 2.0, 3.0, 4.0]]), sites).tolist()
    [5.0]
    """
    line = values.sum(axis=-1) if values.ndim == 3 else values
    sums = np.cumsum(np.pad(line.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    rows = sites["row"].to_numpy(int)
    return sums[rows, sites["stop"].to_numpy(int)] - sums[rows, sites["start"].to_numpy(int)]


def ablate(score: Score, X: np.ndarray, sites: pd.DataFrame, *, draws: int = 5, seed: int = 0) -> Ablation:
    """Overwrite all places of a motif in each sequence that holds it, and predict again.

    The new letters are those at the same places of a dinucleotide shuffle of the whole sequence,
    which look like the rest of it. The same is done to places elsewhere in the sequence, as wide and
    as far apart, so that what any change does is not taken for what the motif does.

    Parameters
    ----------
    score : callable
        See `Score`.
    X : numpy.ndarray, shape=(n, length, letters)
    sites : pandas.DataFrame
        Columns `row`, `start`, `stop`; places may overlap.
    draws, seed : int, optional
        Shuffles that are averaged, and the seed of the first.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[3, 3, 1, 3, 3, 3, 3, 3]]]
    >>> count_c = lambda X, rows: X[:, :, 1].sum(axis=1)
    >>> ablate(count_c, X, pd.DataFrame({"row": [0], "start": [0], "stop": [8]})).effects.round(6) + 0
    array([0.])
    """
    outside = (sites["start"] < 0) | (sites["stop"] > X.shape[1]) | (sites["row"] >= len(X))
    if outside.any():
        bad = sites[outside].iloc[0]
        place = f"{bad['row']}, {bad['start']} to {bad['stop']}"
        raise ValueError(f"a place ({place}) lies outside sequences of shape {X.shape}; are they its own?")
    rows = np.unique(sites["row"].to_numpy(int))
    if not rows.size:
        return Ablation(rows, *np.empty((3, 0)))
    covered = np.zeros(X.shape[:2], dtype=bool)
    for site in sites.itertuples():
        covered[site.row, site.start : site.stop] = True
    here, covered = X[rows], covered[rows]
    before = score(here, rows)
    outputs, others = np.zeros((2, len(rows)))
    for draw in range(draws):
        other = _shuffled(here, seed + draw)
        outputs += score(np.where(covered[..., None], other, here), rows) / draws
        moved = _moved(covered, here.sum(axis=2) > 0, np.random.default_rng([seed, draw]))
        others += score(np.where(moved[..., None], other, here), rows) / draws
    return Ablation(rows, before - outputs, outputs, before - others)


def _moved(covered: np.ndarray, there: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The covered places of each row shifted round to others, off themselves and off padding if they can."""
    blocked = np.fft.rfft(covered | ~there, axis=1)
    length = covered.shape[1]
    # How many blocked positions each shift would meet: a correlation round the circle.
    met = np.fft.irfft(blocked * np.conj(np.fft.rfft(covered, axis=1)), n=length, axis=1).round()
    shifts = (met + rng.random(met.shape)).argmin(axis=1)
    return np.take_along_axis(covered, (np.arange(length) - shifts[:, None]) % length, axis=1)


def insert(
    score: Score, X: np.ndarray, ppm: ArrayLike, *, at: int | None = None, draws: int = 1, seed: int = 0
) -> np.ndarray:
    """Put a motif's best word into shuffled sequences, and see what the output gains.

    Parameters
    ----------
    score : callable
        See `Score`.
    X : numpy.ndarray, shape=(n, length, letters)
        Sequences whose dinucleotide shuffles are the background.
    ppm : array-like, shape=(width, letters)
        The motif; its most probable letter is written at each position.
    at : int, optional
        Start of the word; at a place of its own in each background when not given.
    draws, seed : int, optional
        Backgrounds for each sequence, averaged, and the seed of the first.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        Output with the word minus output of the same background without it.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 0, 1, 2, 3, 3]]]
    >>> count_c = lambda X, rows: X[:, :, 1].sum(axis=1)
    >>> insert(count_c, X, [[0, 1, 0, 0]] * 8, at=0).tolist()
    [6.0]
    """
    word = np.eye(X.shape[2], dtype=X.dtype)[np.asarray(ppm).argmax(axis=1)]
    room = X.shape[1] - len(word)
    if room < 0 or (at is not None and not 0 <= at <= room):
        expected = f"does not fit into sequences of {X.shape[1]}; expected a start from 0 to {room}"
        raise ValueError(f"a motif of {len(word)} positions at {at} {expected}")
    rows = np.arange(len(X))
    rng = np.random.default_rng(seed)
    gains = np.zeros(len(X))
    for draw in range(draws):
        plain = _shuffled(X, seed + draw)
        starts = rng.integers(0, room + 1, len(X)) if at is None else np.full(len(X), at)
        changed = plain.copy()
        for row, start in enumerate(starts):
            changed[row, start : start + len(word)] = word
        gains += (score(changed, rows) - score(plain, rows)) / draws
    return gains


def _shuffled(X: np.ndarray, seed: int) -> np.ndarray:
    """One dinucleotide shuffle of each sequence."""
    return shuffle_all(X, 1, [[seed, row] for row in range(len(X))])[:, 0]


def summary(
    measures: dict[str, ArrayLike], *, groups: dict[str, ArrayLike] | None = None, seed: int = 0
) -> pd.DataFrame:
    """Mean and interval of each measure of a motif.

    Parameters
    ----------
    measures : dict of str to array-like
        Values by name, such as contribution, ablation, insertion.
    groups : dict of str to array-like, optional
        For a measure, the group of each value, or two columns of them; whole groups are drawn.
    seed : int, optional
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Columns `measure`, `value`, `ci_low`, `ci_high`, `n` and `verdict`: "shown" where the interval
        holds no zero, else "not shown". NaN where a measure has no value, and no interval from fewer
        than ten groups.

    Examples
    --------
    >>> found = summary({"ablation": [1.0, 2.0, 3.0] * 4, "insertion": []})
    >>> found[["value", "verdict"]].values.tolist()
    [[2.0, 'shown'], [nan, 'not shown']]
    """
    rows = []
    for name, values in measures.items():
        numbers = np.asarray(values, dtype=float)
        if not numbers.size:
            rows.append((name, np.nan, np.nan, np.nan, 0, verdict(np.nan, np.nan)))
            continue
        of = None if groups is None or name not in groups else np.asarray(groups[name])
        frame = metrics.mean_interval(numbers, metric=name, groups=of, seed=seed)
        value, low, high, n = frame.loc[0, ["value", "ci_low", "ci_high", "n"]]
        rows.append((name, value, low, high, n, verdict(low, high)))
    return pd.DataFrame(rows, columns=["measure", "value", "ci_low", "ci_high", "n", "verdict"])


def verdict(low: float, high: float) -> str:
    """Whether an interval shows an effect: it does where it holds no zero.

    Examples
    --------
    >>> verdict(0.1, 0.4), verdict(-0.1, 0.4), verdict(float("nan"), float("nan"))
    ('shown', 'not shown', 'not shown')
    """
    return "shown" if low > 0 or high < 0 else "not shown"
