"""Does a prediction rest on the positions that a map names? Change them, and see.

`gate` changes the most important positions of each sequence, as many random ones, and as many of
the same letters; `curves` change more and more of them, the most or the least important first. Every
position gets one of the other letters at random, the same way in all of them. A map passes where its
positions change the prediction more than both others do: it is then true to the model, which says
nothing about whether the model is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.explain import heads, scores
from helpers.motifs import effects
from helpers.stats import metrics, verdicts

DIFFERENCES = {"top_minus_random": "random", "top_minus_matched": "matched"}
"""Metrics of `table` that the verdict hangs on, and what the change at the top is held against."""


class Gate(NamedTuple):
    """How far the output of each sequence moves; NaN where fewer than two positions can be changed.

    Attributes
    ----------
    top, random, matched : numpy.ndarray, shape=(n,), dtype=float64
        Mean absolute change of the output with the most important positions changed, as many
        others at random, and as many others with the letters of the most important ones.
    share : numpy.ndarray, shape=(n,), dtype=float64
        Share of the matched positions that have such a letter; short chains have too few.
    outputs : numpy.ndarray, shape=(n,), dtype=float64
        Output as it is.
    """

    top: np.ndarray
    random: np.ndarray
    matched: np.ndarray
    share: np.ndarray
    outputs: np.ndarray


def gate(
    score: effects.Score,
    X: np.ndarray,
    importance: ArrayLike,
    *,
    top: int = 10,
    draws: int = 10,
    seed: int = 0,
) -> Gate:
    """Change the most important positions, random ones and ones of the same letters.

    Parameters
    ----------
    score : callable
        From sequences and the rows that each is made from to numbers: see `holding` and
        `helpers.explain.attribution.row_scorer`.
    X : numpy.ndarray, shape=(n, length, letters)
        One-hot; unknown letters and padding are never changed.
    importance : array-like, shape=(n, length) or (n, length, letters)
        Its absolute value counts (of the sum over letters); ties are broken at random. Positions
        of NaN are never changed. What raises and what lowers the output can cancel: give
        ``np.maximum(values, 0)`` to ask about the positions that support it alone.
    top : int
        Positions to change: at most half of those that can be, so that as many others are left.
    draws, seed : int
        Choices of positions and letters that are averaged, and their seed; `draws` times three
        predictions a sequence.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(3, 40))]
    >>> middle = lambda X, rows: 5.0 * X[:, 20].argmax(axis=1)
    >>> found = gate(middle, X, np.eye(40)[[20, 20, 20]], top=1)
    >>> bool((found.top > 0).all()), found.random.tolist()
    (True, [0.0, 0.0, 0.0])
    """
    X, lines, free = _checked(X, importance)
    if top < 1 or draws < 1:
        raise ValueError(f"top is {top}, draws is {draws}; expected at least 1 of each")
    rng, rows = np.random.default_rng(seed), np.arange(len(X))
    outputs = np.asarray(score(X, rows), dtype=np.float64)
    counts = np.minimum(top, free.sum(axis=1) // 2)
    changes, share = np.zeros((3, len(X))), np.zeros(len(X))
    for _ in range(draws):
        chosen = _first(_ranked(lines, free, rng), counts)
        left = free & ~chosen
        matched, with_letter = _matched(X, chosen, left, rng)
        share += with_letter / draws
        for number, mask in enumerate((chosen, _random(left, counts, rng), matched)):
            changes[number] += np.abs(score(_changed(X, mask, rng), rows) - outputs) / draws
    changes[:, counts == 0] = share[counts == 0] = np.nan
    return Gate(changes[0], changes[1], changes[2], share, outputs)


def table(
    gates: Mapping[str, Gate], *, groups: ArrayLike | None = None, seed: int = 0, **named: str
) -> pd.DataFrame:
    """Mean changes of each map, how far the top is above the others, and whether that is shown.

    Parameters
    ----------
    gates : dict of str to Gate
        By name of the map, of the same sequences.
    groups : array-like, shape=(n,) or (n, 2), optional
        Group of each sequence for the intervals; fewer than ten show nothing.
    seed : int
        Of the bootstrap, and the column of that name.
    **named : str
        ``dataset``, ``task`` and ``protocol`` of the results table.

    Returns
    -------
    pandas.DataFrame
        Rows of the results table, for each map the metrics ``change_top``, ``change_random``,
        ``change_matched``, ``top_minus_random`` and ``top_minus_matched``, and a column `verdict`:
        "shown" where both differences are above zero with their intervals, else "not shown".

    Examples
    --------
    >>> one = Gate(np.full(20, 3.0), np.full(20, 1.0), np.full(20, 3.0), np.ones(20), np.zeros(20))
    >>> rows = table({"mine": one}, dataset="d", task="t").set_index("metric")
    >>> rows.loc[["top_minus_random", "top_minus_matched"], ["value", "verdict"]].values.tolist()
    [[2.0, 'not shown'], [0.0, 'not shown']]
    """
    found = []
    for name, one in gates.items():
        measures = {f"change_{part}": getattr(one, part) for part in ("top", "random", "matched")}
        measures |= {of: one.top - getattr(one, other) for of, other in DIFFERENCES.items()}
        rows = pd.concat(
            [
                metrics.mean_interval(values, metric=of, groups=groups, seed=seed)
                for of, values in measures.items()
            ]
        )
        lows = rows.loc[rows["metric"].isin(list(DIFFERENCES)), "ci_low"]
        rows = scores.tidy(rows, model=name, seed=seed, **named)
        found.append(rows.assign(verdict="shown" if (lows > 0).all() else "not shown"))
    return pd.concat(found, ignore_index=True)


def sentences(rows: pd.DataFrame, *, decimals: int = 3) -> str:
    """What `table` shows, a list in Markdown with a sentence a map.

    Examples
    --------
    >>> good = Gate(np.full(20, 3.0), np.full(20, 1.0), np.full(20, 2.0), np.ones(20), np.zeros(20))
    >>> few = Gate(*(np.ones((5, 4)) * [[3], [1], [2], [1], [0]]))
    >>> for one in (good, few):
    ...     sentences(table({"a": one}, dataset="d", task="t"), decimals=1).split(" than changing")[0]
    '- a: shown. Changing its positions moves the output by 3.0: 2.0 (2.0 to 2.0) more'
    '- a: not shown. Changing its positions moves the output by 3.0: 2.0 (no interval: too few groups) more'
    """
    lines = []
    for (task, name), part in rows.groupby(["task", "model"], sort=False):
        of = part.set_index("metric")
        others = [verdicts.beyond(of.loc[one], decimals=decimals) for one in DIFFERENCES]
        of_task = f"{task}, " if rows["task"].nunique() > 1 else ""
        change = f"{of.loc['change_top', 'value']:.{decimals}f}"
        lines.append(
            f"- {of_task}{name}: {of['verdict'].iloc[0]}. Changing its positions moves the output by "
            f"{change}: {others[0]} than changing random positions, and {others[1]} than changing others "
            "with the same letters."
        )
    return "\n".join(lines)


def curves(
    score: effects.Score,
    X: np.ndarray,
    importance: ArrayLike,
    *,
    at: Sequence[int] = (1, 2, 5, 10, 20, 50),
    draws: int = 3,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How the output moves as more and more positions are changed, the most or least important first.

    Parameters
    ----------
    score, X, importance, draws, seed
        As in `gate`.
    at : sequence of int
        Numbers of changed positions; a sequence with fewer has them all changed.
    groups : array-like, shape=(n,) or (n, 2), optional
        As in `table`.

    Returns
    -------
    pandas.DataFrame
        Columns `order` ("most", "least", "random"), `changed`, `value` (mean absolute change of
        the output), `ci_low`, `ci_high`, `n`.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[np.zeros((12, 6), dtype=int)]
    >>> first = lambda X, rows: X[:, 0, 0]
    >>> found = curves(first, X, np.tile(np.arange(6)[::-1], (12, 1)), at=(1, 6))
    >>> found.pivot(index="order", columns="changed", values="value").loc[["most", "least"]].values
    array([[1., 1.],
           [0., 1.]])
    """
    X, lines, free = _checked(X, importance)
    if not at or min(at) < 1 or draws < 1:
        raise ValueError(f"at is {tuple(at)}, draws is {draws}; expected whole numbers, at least 1 of each")
    rng, rows = np.random.default_rng(seed), np.arange(len(X))
    outputs = np.asarray(score(X, rows), dtype=np.float64)
    orders = {"most": lines, "least": -lines, "random": np.zeros_like(lines)}
    found = []
    for name, keys in orders.items():
        changes = np.zeros((len(at), len(X)))
        for _ in range(draws):
            ranks = _ranked(keys, free, rng)
            for number, count in enumerate(at):
                mask = _first(ranks, np.minimum(count, free.sum(axis=1)))
                changes[number] += np.abs(score(_changed(X, mask, rng), rows) - outputs) / draws
        changes[:, ~free.any(axis=1)] = np.nan
        found += [
            metrics.mean_interval(line, metric="change", groups=groups, seed=seed).assign(
                order=name, changed=count
            )
            for count, line in zip(at, changes, strict=True)
        ]
    return pd.concat(found, ignore_index=True)[["order", "changed", "value", "ci_low", "ci_high", "n"]]


def holding(
    model: heads.Model,
    inputs: heads.Inputs,
    which: int = 0,
    *,
    target: str | heads.Target = "logit",
    batch_size: int = 256,
) -> effects.Score:
    """Function for `gate` that puts sequences in the place of one input of a model and holds the others.

    Examples
    --------
    >>> import keras
    >>> product = lambda x: keras.ops.sum(x[0], (1, 2)) * keras.ops.sum(x[1], (1, 2))
    >>> pair = [np.ones((1, 2, 4)), np.ones((1, 3, 20))]
    >>> holding(product, pair, 0)(np.ones((2, 1, 4)), np.array([0, 0])).tolist()
    [240.0, 240.0]
    """
    arrays, run = heads.as_inputs(inputs, model), heads.scorer(model, target)
    if not 0 <= which < len(arrays) or not heads.is_sequence(arrays[which]):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"input {which} of {shapes} is no one-hot sequence (n, length, letters)")

    def one(X: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray]:
        return (run([X if number == which else array[rows] for number, array in enumerate(arrays)]),)

    return lambda X, rows: heads.in_batches(one, [X, rows], batch_size)[0]


def _checked(X: np.ndarray, importance: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequences, the importance of each position, and which positions may be changed."""
    lines = np.asarray(importance, dtype=np.float64)
    lines = np.abs(lines.sum(axis=-1) if lines.ndim == 3 else lines)
    if X.ndim != 3 or not len(X) or lines.shape != X.shape[:2]:
        found = f"X has the shape {X.shape}, importance {np.shape(importance)}"
        raise ValueError(f"{found}; expected (n, length, letters), and a number for each position")
    free = (X.max(axis=2) == 1) & np.isfinite(lines)
    return X, np.where(free, lines, 0), free


def _ranked(lines: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rank of each position, the largest first, ties at random, and those not free behind all."""
    order = np.lexsort((rng.random(lines.shape), -lines, ~free), axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(lines.shape[1])[None], axis=1)
    return ranks


def _first(ranks: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return ranks < counts[:, None]


def _random(free: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """So many of the free positions of each row, at random."""
    return _first(_ranked(np.zeros(free.shape), free, rng), counts)


def _matched(
    X: np.ndarray, chosen: np.ndarray, left: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Positions left over with the letters of the chosen ones, the rest at random; share of the former."""
    wanted = chosen.sum(axis=1)
    picked = np.zeros_like(chosen)
    for letter in np.flatnonzero((X * chosen[..., None]).any(axis=(0, 1))):
        here = X[..., letter] == 1
        counts = np.minimum((chosen & here).sum(axis=1), (left & here).sum(axis=1))
        picked |= _random(left & here, counts, rng)
    found = picked.sum(axis=1)
    share = np.divide(found, wanted, out=np.full(len(X), np.nan), where=wanted > 0)
    return picked | _random(left & ~picked, wanted - found, rng), share


def _changed(X: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Copy with one of the other letters, at random, at each position of the mask."""
    letters = X.shape[2]
    changed = X.copy()
    old = X[mask].argmax(axis=1)
    changed[mask] = np.eye(letters, dtype=X.dtype)[(old + rng.integers(1, letters, len(old))) % letters]
    return changed
