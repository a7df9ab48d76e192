"""Training, validation and test parts that keep relatives on one side.

Every function gives `Fold`s whose parts are disjoint. What must not stand on two sides (a group, an
RNA, a peptide, a chromosome) is named by an array; `check` proves it, and `helpers.splits.audit`
measures what is left: test sequences that occur in training as they are or as near copies.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

_SIDES = ("train", "valid", "test")
_NONE = np.empty(0, dtype=np.int64)
Deal = Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""Part of each item from its group, its class and the shares of the parts."""


class Fold(NamedTuple):
    """Indices of the items of each part, int64, ascending and disjoint.

    `left_out` holds items that belong to no part (only `pair_kfold` with both sides new makes
    such), so that every item is accounted for.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    name: str
    left_out: np.ndarray = _NONE


def random_kfold(
    n: int, *, k: int = 5, y: ArrayLike | None = None, valid: float = 0.1, seed: int = 0
) -> list[Fold]:
    """Split items at random into `k` folds ``random_1`` and so on; each item is tested once.

    Parameters
    ----------
    y : array-like, shape=(n,), optional
        Classes; each part then holds each class in the same share (to within one item).
    valid : float
        Share of the items outside the test part that is kept for validation; 0 for none.

    Examples
    --------
    >>> fold = random_kfold(20, k=5, valid=0.25)[0]
    >>> fold.train.size, fold.valid.size, fold.test.size
    (12, 4, 4)
    """
    classes = class_codes(y, n)
    if y is not None and (few := np.flatnonzero(np.bincount(classes) < k)).size:
        label = np.asarray(y)[np.flatnonzero(classes == few[0])[0]]
        raise ValueError(
            f"class {label} of y has {np.bincount(classes)[few[0]]} items, fewer than k={k}; "
            "add items of it, or leave the class out"
        )
    return cut([np.arange(n)], classes, k, valid=valid, seed=seed, name="random", deal=_deal_singly)


def grouped_kfold(
    groups: ArrayLike, *, k: int = 5, y: ArrayLike | None = None, valid: float = 0.1, seed: int = 0
) -> list[Fold]:
    """Split whole groups into `k` folds ``grouped_1`` and so on; each item is tested once.

    Parameters
    ----------
    groups : array-like, shape=(n,)
        Group of each item: a gene, a transcript, a cluster of `homology_groups`.
    y : array-like, shape=(n,), optional
        Classes; each part gets, as far as whole groups allow, the same share of each.
    valid : float
        Share of the items outside the test part that is kept for validation, in whole groups.
    seed : int
        Seed of the order in which groups of one size are dealt.

    Raises
    ------
    ValueError
        If there are fewer groups than folds, a group is missing, or a part comes out empty.

    Examples
    --------
    >>> folds = grouped_kfold(["a", "a", "b", "c", "d", "d"], k=2, valid=0)
    >>> [fold.test.tolist() for fold in folds]
    [[0, 1, 3], [2, 4, 5]]
    """
    codes = group_codes(groups, "groups")
    return cut([codes], class_codes(y, codes.size), k, valid=valid, seed=seed, name="grouped")


def by_chromosome(
    chromosomes: ArrayLike,
    *,
    k: int = 5,
    y: ArrayLike | None = None,
    valid: float = 0.1,
    seed: int = 0,
    train_only: ArrayLike | None = None,
) -> list[Fold]:
    """Split whole chromosomes into `k` folds such as ``chromosome_1 (chr1 chr7)``, by what they test.

    Parameters
    ----------
    chromosomes : array-like, shape=(n,)
        Chromosome of each item.
    k, y, valid, seed
        As in `grouped_kfold`.
    train_only : array-like of bool, shape=(n,), optional
        True for items that belong to the training part of every fold (random or scrambled
        sequences); their chromosome is not looked at and may be missing.

    Examples
    --------
    >>> by_chromosome(["chr1", "chr1", "chr2", "chr2"], k=2, valid=0)[0].name
    'chromosome_1 (chr1)'
    """
    names = np.asarray(chromosomes, dtype=object)
    fixed = np.zeros(names.size, bool) if train_only is None else np.asarray(train_only)
    if fixed.dtype != bool or fixed.shape != names.shape:
        raise ValueError(
            f"train_only has dtype {fixed.dtype} and shape {fixed.shape}; expected bool and {names.shape}"
        )
    free = np.flatnonzero(~fixed)
    codes = group_codes(names[free], "chromosomes", free)
    classes = class_codes(None if y is None else _column(y, names.size, "y")[free], free.size)
    folds = []
    for fold in cut([codes], classes, k, valid=valid, seed=seed, name="chromosome", deal=_deal_loosely):
        train = np.union1d(free[fold.train], np.flatnonzero(fixed))
        tested = " ".join(sorted({str(name) for name in names[free[fold.test]]}))
        folds.append(given(train, free[fold.valid], free[fold.test], name=f"{fold.name} ({tested})"))
    return folds


def holdout(
    n: int,
    *,
    groups: ArrayLike | None = None,
    y: ArrayLike | None = None,
    valid: float = 0.15,
    test: float = 0.15,
    seed: int = 0,
) -> Fold:
    """Split once, by default 70 % for training, 15 % for validation and 15 % for the test.

    Parameters
    ----------
    groups : array-like, shape=(n,), optional
        Group of each item; whole groups are dealt, so the shares are met as far as those allow.
    y : array-like, shape=(n,), optional
        Classes, kept in the same share as far as possible.
    valid, test : float
        Shares of all items.

    Examples
    --------
    >>> [part.size for part in holdout(100)[:3]]
    [70, 15, 15]
    """
    if min(valid, test) < 0 or valid + test >= 1:
        raise ValueError(f"valid is {valid} and test {test}; expected shares from 0 that sum to less than 1")
    codes = np.arange(n) if groups is None else group_codes(groups, "groups")
    if codes.size != n:
        raise ValueError(f"groups has {codes.size} values; expected {n}, one for each item")
    shares = np.array([1 - valid - test, valid, test])
    part = _deal(codes, class_codes(y, n), shares, np.random.default_rng(seed))
    return given(*(np.flatnonzero(part == side) for side in range(3)), name="holdout")


def given(
    train: ArrayLike, valid: ArrayLike, test: ArrayLike, *, name: str = "given_test", left_out: ArrayLike = ()
) -> Fold:
    """Take a split that someone else made: row numbers of each part, each item in one part, once.

    Examples
    --------
    >>> given([2, 0], [], [1]).train.tolist()
    [0, 2]
    """
    parts = {"train": train, "valid": valid, "test": test, "left_out": left_out}
    arrays = {side: _indices(values, side) for side, values in parts.items()}
    values, counts = np.unique(np.concatenate(list(arrays.values())), return_counts=True)
    if (twice := values[counts > 1]).size:
        sides = [side for side, array in arrays.items() if twice[0] in array]
        raise ValueError(
            f"fold {name}: item {twice[0]} stands twice, in {' and '.join(sides)} "
            f"({twice.size} such items); expected each item in one part, once"
        )
    return Fold(arrays["train"], arrays["valid"], arrays["test"], name, arrays["left_out"])


def check(fold: Fold, groups: ArrayLike) -> None:
    """Prove that no group stands in two of training, validation and test, else raise a ValueError.

    Parameters
    ----------
    groups : array-like, shape=(n,)
        Group of each item of the whole table.

    Examples
    --------
    >>> check(given([0, 1], [], [2]), ["a", "a", "b"])
    """
    names = np.asarray(groups, dtype=object)
    codes = group_codes(names, "groups")
    if (largest := np.concatenate(fold[:3]).max(initial=-1)) >= codes.size:
        raise ValueError(
            f"fold {fold.name} holds row {largest}, groups has {codes.size} values; "
            "expected a group for each row of the table that was split"
        )
    for (one, first), (other, second) in itertools.combinations(zip(_SIDES, fold[:3], strict=True), 2):
        both = np.intersect1d(codes[first], codes[second])
        if both.size:
            row, twin = (part[codes[part] == both[0]][0] for part in (first, second))
            raise ValueError(
                f"fold {fold.name}: group {names[row]!r} is in {one} (row {row}) and in "
                f"{other} (row {twin}); {both.size} groups are on both sides. "
                "Split with grouped_kfold or pair_kfold over these groups"
            )


def summary(
    folds: Sequence[Fold], n: int, *, y: ArrayLike | None = None, groups: ArrayLike | None = None
) -> pd.DataFrame:
    """Size of each part of each fold, and the share of all `n` items that is tested up to it.

    Parameters
    ----------
    y : array-like, shape=(n,), optional
        Labels 0 and 1; adds the share of 1 in the training and the test part.
    groups : array-like, shape=(n,) or (n, 2), optional
        Group of each item, or of each side of a pair: says how much hangs on one group.

    Returns
    -------
    pandas.DataFrame
        Columns fold, train, valid, test, left_out, tested_share, and train_positive, test_positive;
        with groups test_groups (how many the test part holds) and largest_group (share of all items in
        the largest), for the second side test_groups_2 and largest_group_2.

    Examples
    --------
    >>> summary(random_kfold(10, k=2, valid=0), 10)[["test", "tested_share"]].to_numpy().tolist()
    [[5.0, 0.5], [5.0, 1.0]]
    """
    tested = np.zeros(n, dtype=bool)
    rows = []
    for fold in folds:
        tested[fold.test] = True
        sizes = [part.size for part in (*fold[:3], fold.left_out)]
        rows.append((fold.name, *sizes, tested.mean()))
    columns = ["fold", *_SIDES, "left_out", "tested_share"]
    table = pd.DataFrame(rows, columns=columns)
    if y is not None:
        labels = _column(y, n, "y").astype(float)
        table["train_positive"] = [labels[fold.train].mean() for fold in folds]
        table["test_positive"] = [labels[fold.test].mean() for fold in folds]
    if groups is not None:
        sides = np.asarray(groups, dtype=object)
        for side, end in zip(sides.reshape(n, -1).T, ("", "_2"), strict=False):
            codes = group_codes(side, "groups")
            table[f"test_groups{end}"] = [np.unique(codes[fold.test]).size for fold in folds]
            table[f"largest_group{end}"] = np.bincount(codes).max() / n
    return table


def cut(
    sides: Sequence[np.ndarray],
    classes: np.ndarray,
    k: int,
    *,
    valid: float,
    seed: int,
    name: str,
    deal: Deal | None = None,
) -> list[Fold]:
    """Folds whose test part is new on every side: each side's groups are dealt on their own.

    Items that are new on some sides only, or mix training with validation, are left out.
    """
    n, deal = classes.size, deal or _deal
    if k < 2 or k > n:
        raise ValueError(
            f"{n} items cannot be dealt into k={k} folds; expected two folds or more, and an item for each"
        )
    if not 0 <= valid < 1:
        raise ValueError(f"valid is {valid}; expected a share from 0 to below 1")
    if (distinct := min(np.unique(codes).size for codes in sides)) < k:
        raise ValueError(
            f"{name} split: {distinct} groups for k={k} folds; expected at least as many groups "
            "as folds. Add items of other groups, or, in code, give a smaller k"
        )
    rng = np.random.default_rng(seed)
    blocks = np.stack([deal(codes, classes, np.full(k, 1 / k), rng) for codes in sides])
    folds = []
    for fold in range(k):
        rest = np.flatnonzero((blocks != fold).all(axis=0))
        shares = np.array([1 - valid, valid])
        halves = np.stack([deal(codes[rest], classes[rest], shares, rng) for codes in sides])
        train, held = (rest[(halves == half).all(axis=0)] for half in (0, 1))
        test = np.flatnonzero((blocks == fold).all(axis=0))
        mixed = np.setdiff1d(np.arange(n), np.concatenate([train, held, test]))
        folds.append(given(train, held, test, name=f"{name}_{fold + 1}", left_out=mixed))
        if deal in (_deal, _deal_loosely):
            _check_filled(folds[-1], valid)
    return folds


def _deal_loosely(
    codes: np.ndarray, classes: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """As `_deal`, the order of size loosened: few large groups then fall differently for another seed."""
    return _deal(codes, classes, shares, rng, looseness=1.0)


def _deal(
    codes: np.ndarray,
    classes: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator,
    *,
    looseness: float = 0.0,
) -> np.ndarray:
    """Part of each item, whole groups at a time, largest (or nearly so) first, to the part that lacks most.

    Each step keeps the sum over parts and classes (and all items together, as one more class) of
    filling ** 2 / share as small as it can be; that sum is least when every part holds its share.
    A part that got nothing takes the smallest group of the others.
    """
    groups, item_group = np.unique(codes, return_inverse=True)
    n_classes = int(classes.max(initial=0)) + 1
    cells = item_group * n_classes + classes
    counts = np.bincount(cells, minlength=groups.size * n_classes).reshape(-1, n_classes)
    counts = np.column_stack([counts, counts.sum(axis=1)])
    scaled = counts / np.maximum(1, counts.sum(axis=0))
    shuffled = rng.permutation(groups.size)
    parts = np.flatnonzero(shares > 0)
    sizes = counts[shuffled, -1].astype(float)
    if looseness:
        sizes *= rng.uniform(1, 1 + looseness, size=sizes.size)
    order = shuffled[np.argsort(-sizes, kind="stable")]
    filled = np.zeros((parts.size, n_classes + 1))
    cost = 1 / shares[parts]
    chosen = np.empty(groups.size, dtype=np.int64)
    for group in order:
        add = scaled[group]
        step = ((2 * filled + add) @ add) * cost
        best = int(step.argmin())
        filled[best] += add
        chosen[group] = parts[best]
    for part in np.setdiff1d(parts, chosen):
        spare = [group for group in order if (chosen == chosen[group]).sum() > 1]
        if spare:
            chosen[spare[-1]] = part
    return chosen[item_group]


def _deal_singly(
    codes: np.ndarray, classes: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Part of each item, dealt in turn (equal shares) or spread evenly (a second, smaller part)."""
    shuffled = rng.permutation(codes.size)
    order = shuffled[np.argsort(classes[shuffled], kind="stable")]
    part = np.zeros(codes.size, dtype=np.int64)
    if shares.size > 2 or shares[0] == shares[1]:
        part[order] = np.arange(codes.size) % shares.size
    elif wanted := round(shares[1] * codes.size):
        part[order[((np.arange(wanted) + 0.5) * codes.size / wanted).astype(np.int64)]] = 1
    return part


def _check_filled(fold: Fold, valid: float) -> None:
    for side, part in zip(_SIDES, fold[:3], strict=True):
        if not part.size and (side != "valid" or valid > 0):
            raise ValueError(
                f"fold {fold.name}: the {side} part is empty, because whole groups fill the other "
                "parts. Give another seed, or add items of other groups"
            )


def _column(values: ArrayLike, n: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},), one for each item")
    return array


def class_codes(y: ArrayLike | None, n: int) -> np.ndarray:
    """Class of each item as a number from 0; one class where none are given."""
    if y is None:
        return np.zeros(n, dtype=np.int64)
    array = _column(y, n, "y")
    if (missing := np.flatnonzero(pd.isna(array))).size:
        raise ValueError(f"y[{missing[0]}] is missing; expected a class for each item")
    if array.dtype.kind == "f" and (array != np.round(array)).any():
        wrong = int(np.flatnonzero(array != np.round(array))[0])
        raise ValueError(
            f"y[{wrong}] is {array[wrong]}; expected classes. "
            "For measured values give quantile bins: pandas.qcut(y, 5, labels=False)"
        )
    return pd.factorize(array, sort=True)[0].astype(np.int64)


def group_codes(groups: ArrayLike, name: str, rows: np.ndarray | None = None) -> np.ndarray:
    """Group of each item as a number in order of first appearance; `rows` are the numbers to name."""
    array = np.asarray(groups, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one value for each item")
    empty = np.asarray(pd.isna(array)) | np.asarray(array == "")
    if (missing := np.flatnonzero(empty)).size:
        row = missing[0] if rows is None else rows[missing[0]]
        raise ValueError(f"{name}[{row}] is missing; expected a value for each item")
    return pd.factorize(array)[0].astype(np.int64)


def _indices(values: ArrayLike, side: str) -> np.ndarray:
    array = np.asarray(values)
    if not array.size:
        return _NONE
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min() < 0:
        raise ValueError(
            f"{side} is an array of {array.dtype} with shape {array.shape}; expected row numbers "
            "from 0 in one dimension (np.flatnonzero turns a mask into them)"
        )
    return np.sort(array.astype(np.int64))
