"""Training, validation and test parts, and how much of a test part is a copy of the training part.

Every function gives `Fold`s whose parts are disjoint. What must not stand on two sides (a group, an
RNA, a peptide, a chromosome) is named by an array; `check` proves it, and `audit` measures what is
left: test sequences that occur in training as they are or as near copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.sequences.homology import homology_groups
from helpers.splits.leakage import audit, audit_items

__all__ = [
    "Fold", "audit", "audit_items", "by_chromosome", "check", "cold_kfold", "given",
    "grouped_kfold", "holdout", "homology_groups", "random_kfold", "summary",
]  # fmt: skip

_SIDES = ("train", "valid", "test")
_NONE = np.empty(0, dtype=np.int64)


class Fold(NamedTuple):
    """Indices of the items of each part, int64, ascending and disjoint.

    `left_out` holds items that belong to no part (only `cold_kfold` with both sides unseen makes
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
    """Split items at random into `k` folds; each item is tested once.

    Parameters
    ----------
    n : int
        Number of items.
    k : int
        Number of folds.
    y : array-like, shape=(n,), optional
        Classes; each part then holds each class in the same share (to within one item).
    valid : float
        Share of the items outside the test part that is kept for validation; 0 for none.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    list of Fold
        Named ``random_1`` and so on.

    Raises
    ------
    ValueError
        If there are fewer items, or items of a class, than folds.

    Examples
    --------
    >>> fold = random_kfold(20, k=5, valid=0.25)[0]
    >>> fold.train.size, fold.valid.size, fold.test.size
    (12, 4, 4)
    """
    _check_options(n, k, valid)
    classes = _classes(y, n)
    if y is not None and (few := np.flatnonzero(np.bincount(classes) < k)).size:
        label = np.asarray(y)[np.flatnonzero(classes == few[0])[0]]
        raise ValueError(
            f"class {label} of y has {np.bincount(classes)[few[0]]} items, fewer than k={k}; "
            "use fewer folds or leave the class out"
        )
    rng = np.random.default_rng(seed)
    dealt = np.empty(n, dtype=np.int64)
    dealt[_by_class(np.arange(n), classes, rng)] = np.arange(n) % k
    folds = []
    for fold in range(k):
        rest = np.flatnonzero(dealt != fold)
        order = _by_class(rest, classes, rng)
        wanted = round(valid * rest.size)
        picked = order[((np.arange(wanted) + 0.5) * rest.size / max(1, wanted)).astype(np.int64)]
        train = np.setdiff1d(rest, picked)
        folds.append(given(train, picked, np.flatnonzero(dealt == fold), name=f"random_{fold + 1}"))
    return folds


def grouped_kfold(
    groups: ArrayLike,
    *,
    k: int = 5,
    y: ArrayLike | None = None,
    valid: float = 0.1,
    seed: int = 0,
) -> list[Fold]:
    """Split whole groups into `k` folds; each item is tested once, no group stands on two sides.

    Parameters
    ----------
    groups : array-like, shape=(n,)
        Group of each item: a gene, a transcript, a cluster of `homology_groups`.
    k : int
        Number of folds, at most the number of groups.
    y : array-like, shape=(n,), optional
        Classes; each part gets, as far as whole groups allow, the same share of each.
    valid : float
        Share of the items outside the test part that is kept for validation, in whole groups.
    seed : int
        Seed of the order in which groups of one size are dealt.

    Returns
    -------
    list of Fold
        Named ``grouped_1`` and so on.

    Raises
    ------
    ValueError
        If there are fewer groups than folds, or a group is missing.

    Examples
    --------
    >>> folds = grouped_kfold(["a", "a", "b", "c", "d", "d"], k=2, valid=0)
    >>> [fold.test.tolist() for fold in folds]
    [[0, 1, 3], [2, 4, 5]]
    """
    codes = _group_codes(groups, "groups")
    return _grouped(codes, k=k, y=y, valid=valid, seed=seed, name="grouped")


def by_chromosome(
    chromosomes: ArrayLike,
    *,
    k: int = 5,
    y: ArrayLike | None = None,
    valid: float = 0.1,
    seed: int = 0,
    train_only: ArrayLike | None = None,
) -> list[Fold]:
    """Split whole chromosomes into `k` folds; each item is tested once.

    Parameters
    ----------
    chromosomes : array-like, shape=(n,)
        Chromosome of each item.
    k, y, valid, seed
        As in `grouped_kfold`.
    train_only : array-like of bool, shape=(n,), optional
        True for items that belong to the training part of every fold (random or scrambled
        sequences); their chromosome is not looked at and may be missing.

    Returns
    -------
    list of Fold
        Named by their test chromosomes, such as ``chromosome_1 (chr1 chr7)``.

    Raises
    ------
    ValueError
        If there are fewer chromosomes than folds, or one is missing.

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
    codes = _group_codes(names[free], "chromosomes", free)
    labels = None if y is None else _column(y, names.size, "y")[free]
    folds = []
    for fold in _grouped(codes, k=k, y=labels, valid=valid, seed=seed, name="chromosome"):
        train = np.union1d(free[fold.train], np.flatnonzero(fixed))
        tested = " ".join(sorted({str(name) for name in names[free[fold.test]]}))
        name = f"{fold.name} ({tested})"
        folds.append(given(train, free[fold.valid], free[fold.test], name=name))
    return folds


def cold_kfold(
    rna: ArrayLike,
    peptide: ArrayLike,
    *,
    unseen: str,
    k: int = 5,
    y: ArrayLike | None = None,
    valid: float | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Split pairs so that the test part holds chains that training has never seen.

    Parameters
    ----------
    rna, peptide : array-like, shape=(n,)
        The SEQUENCE of each side of each pair (ids may differ for one chain), or its cluster from
        `homology_groups` to keep near copies apart as well.
    unseen : {"rna", "peptide", "both"}
        Which side is new in the test part.
    k : int
        Number of folds.
    y : array-like, shape=(n,), optional
        Classes, kept in the same share as far as whole chains allow.
    valid : float, optional
        For one side: share of the pairs outside the test part, default 0.1. For both: share of the
        RNAs and of the peptides (counted in pairs) that the validation part takes, default 0.2.
    seed : int
        Seed.

    Returns
    -------
    list of Fold
        Named ``cold_rna_1`` and so on. The validation part is cold in the same manner.

    Raises
    ------
    ValueError
        If there are fewer distinct chains than folds, a part comes out empty, or a chain is
        missing.

    Notes
    -----
    With one side unseen each pair is tested once. With both unseen (class C3 of
    doi:10.1038/nmeth.2259) RNAs and peptides are cut into `k` blocks each, and fold i tests the
    pairs of RNA block i with peptide block i. Each pair is tested at most once, about one in `k` is
    tested at all (`summary` says how many), and about (1 - 1/k) ** 2 of the pairs lie outside both
    blocks; the validation part takes 4 % of those by default and training 64 %. Pairs with one side
    in a test block and the other not are in `left_out`, and so are those that mix validation with
    training. All ``k * k`` blocks would test every pair, at ``k`` times the cost.

    Examples
    --------
    >>> rna, peptide = np.divmod(np.arange(400), 20)
    >>> folds = cold_kfold(rna, peptide, unseen="both", k=5, valid=0)
    >>> folds[0].train.size, folds[0].test.size, folds[0].left_out.size
    (256, 16, 128)
    """
    sides = {"rna": _group_codes(rna, "rna"), "peptide": _group_codes(peptide, "peptide")}
    if sides["rna"].size != sides["peptide"].size:
        raise ValueError(
            f"rna has {sides['rna'].size} values, peptide {sides['peptide'].size}; "
            "expected one of each for every pair"
        )
    if unseen in sides:
        share = 0.1 if valid is None else valid
        return _grouped(sides[unseen], k=k, y=y, valid=share, seed=seed, name=f"cold_{unseen}")
    if unseen != "both":
        raise ValueError(f"unseen is {unseen!r}; expected 'rna', 'peptide' or 'both'")
    share = 0.2 if valid is None else valid
    _check_options(sides["rna"].size, k, share)
    return _cold_both(sides["rna"], sides["peptide"], _classes(y, sides["rna"].size), k, share, seed)


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
    n : int
        Number of items.
    groups : array-like, shape=(n,), optional
        Group of each item; whole groups are dealt, so the shares are met as far as those allow.
    y : array-like, shape=(n,), optional
        Classes, kept in the same share as far as possible.
    valid, test : float
        Shares of all items.
    seed : int
        Seed.

    Returns
    -------
    Fold
        Named ``holdout``.

    Examples
    --------
    >>> [part.size for part in holdout(100)[:3]]
    [70, 15, 15]
    """
    if min(valid, test) < 0 or valid + test >= 1:
        raise ValueError(f"valid is {valid} and test {test}; expected shares from 0 that sum to less than 1")
    codes = np.arange(n) if groups is None else _group_codes(groups, "groups")
    if codes.size != n:
        raise ValueError(f"groups has {codes.size} values; expected {n}, one for each item")
    shares = np.array([1 - valid - test, valid, test])
    part = _deal(codes, _classes(y, n), shares, np.random.default_rng(seed))
    return given(*(np.flatnonzero(part == side) for side in range(3)), name="holdout")


def given(
    train: ArrayLike,
    valid: ArrayLike,
    test: ArrayLike,
    *,
    name: str = "given_test",
    left_out: ArrayLike = (),
) -> Fold:
    """Take a split that someone else made.

    Parameters
    ----------
    train, valid, test, left_out : array-like of int
        Indices of the items of each part.
    name : str
        Name of the fold.

    Returns
    -------
    Fold
        With ascending int64 indices.

    Raises
    ------
    ValueError
        If an index is negative, no whole number, or stands in two parts or twice in one.

    Examples
    --------
    >>> given([2, 0], [], [1]).train.tolist()
    [0, 2]
    """
    parts = {"train": train, "valid": valid, "test": test, "left_out": left_out}
    arrays = {side: _indices(values, side) for side, values in parts.items()}
    joined = np.concatenate(list(arrays.values()))
    values, counts = np.unique(joined, return_counts=True)
    if (twice := values[counts > 1]).size:
        sides = [side for side, array in arrays.items() if twice[0] in array]
        raise ValueError(
            f"fold {name}: item {twice[0]} stands twice, in {' and '.join(sides)} "
            f"({twice.size} such items); expected each item in one part, once"
        )
    return Fold(arrays["train"], arrays["valid"], arrays["test"], name, arrays["left_out"])


def check(fold: Fold, groups: ArrayLike) -> None:
    """Prove that no group stands in two of training, validation and test.

    Parameters
    ----------
    fold : Fold
        A split.
    groups : array-like, shape=(n,)
        Group of each item of the whole table.

    Raises
    ------
    ValueError
        If a group is on two sides; the message names it and a row on each side.

    Examples
    --------
    >>> check(given([0, 1], [], [2]), ["a", "a", "b"])
    """
    names = np.asarray(groups, dtype=object)
    codes = _group_codes(names, "groups")
    largest = max((int(part.max()) for part in fold[:3] if part.size), default=-1)
    if largest >= codes.size:
        raise ValueError(
            f"fold {fold.name} holds row {largest}, groups has {codes.size} values; "
            "expected a group for each row of the table that was split"
        )
    for first, one in enumerate(_SIDES):
        for second in range(first + 1, 3):
            other = _SIDES[second]
            both = np.intersect1d(codes[fold[first]], codes[fold[second]])
            if not both.size:
                continue
            rows = [part[codes[part] == both[0]][0] for part in (fold[first], fold[second])]
            raise ValueError(
                f"fold {fold.name}: group {names[rows[0]]!r} is in {one} (row {rows[0]}) and in "
                f"{other} (row {rows[1]}); {both.size} groups are on both sides. "
                "Split with grouped_kfold or cold_kfold over these groups"
            )


def summary(folds: Sequence[Fold], n: int, *, y: ArrayLike | None = None) -> pd.DataFrame:
    """Size of each part of each fold, and how many of all items are tested.

    Parameters
    ----------
    folds : sequence of Fold
        The folds of one split.
    n : int
        Number of items in the table.
    y : array-like, shape=(n,), optional
        Labels 0 and 1; adds the share of 1 in the training and the test part.

    Returns
    -------
    pandas.DataFrame
        Columns fold, train, valid, test, left_out, tested_share (of all `n` items, up to and with
        this fold), and train_positive, test_positive.

    Examples
    --------
    >>> summary(random_kfold(10, k=2, valid=0), 10)[["test", "tested_share"]].to_numpy().tolist()
    [[5.0, 0.5], [5.0, 1.0]]
    """
    tested = np.zeros(n, dtype=bool)
    rows = []
    for fold in folds:
        tested[fold.test] = True
        sizes = fold.train.size, fold.valid.size, fold.test.size, fold.left_out.size
        rows.append((fold.name, *sizes, float(tested.mean())))
    columns = ["fold", *_SIDES, "left_out", "tested_share"]
    table = pd.DataFrame(rows, columns=columns)
    if y is not None:
        labels = _column(y, n, "y").astype(float)
        table["train_positive"] = [labels[fold.train].mean() for fold in folds]
        table["test_positive"] = [labels[fold.test].mean() for fold in folds]
    return table


def _grouped(
    codes: np.ndarray, *, k: int, y: ArrayLike | None, valid: float, seed: int, name: str
) -> list[Fold]:
    _check_options(codes.size, k, valid)
    classes = _classes(y, codes.size)
    if (distinct := np.unique(codes).size) < k:
        raise ValueError(
            f"{name} split: {distinct} groups for k={k} folds; expected at least as many groups "
            "as folds. Use fewer folds"
        )
    rng = np.random.default_rng(seed)
    dealt = _deal(codes, classes, np.full(k, 1 / k), rng)
    folds = []
    for fold in range(k):
        rest = np.flatnonzero(dealt != fold)
        part = _deal(codes[rest], classes[rest], np.array([1 - valid, valid]), rng)
        test = np.flatnonzero(dealt == fold)
        folds.append(given(rest[part == 0], rest[part == 1], test, name=f"{name}_{fold + 1}"))
        _check_filled(folds[-1], valid)
    return folds


def _cold_both(
    rna: np.ndarray, peptide: np.ndarray, classes: np.ndarray, k: int, valid: float, seed: int
) -> list[Fold]:
    rng = np.random.default_rng(seed)
    blocks = [_deal(codes, classes, np.full(k, 1 / k), rng) for codes in (rna, peptide)]
    shares = np.array([1 - valid, valid])
    folds = []
    for fold in range(k):
        inside = [block == fold for block in blocks]
        rest = np.flatnonzero(~inside[0] & ~inside[1])
        halves = [_deal(codes[rest], classes[rest], shares, rng) for codes in (rna, peptide)]
        train = rest[(halves[0] == 0) & (halves[1] == 0)]
        held = rest[(halves[0] == 1) & (halves[1] == 1)]
        test = np.flatnonzero(inside[0] & inside[1])
        mixed = np.setdiff1d(np.arange(rna.size), np.concatenate([train, held, test]))
        folds.append(given(train, held, test, name=f"cold_both_{fold + 1}", left_out=mixed))
        _check_filled(folds[-1], valid)
    return folds


def _deal(codes: np.ndarray, classes: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Part of each item, whole groups at a time, largest first, to the part that lacks most.

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
    order = shuffled[np.argsort(-counts[shuffled, -1], kind="stable")]
    parts = np.flatnonzero(shares > 0)
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


def _by_class(items: np.ndarray, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Items in random order within their class, class after class."""
    shuffled = rng.permutation(items)
    return shuffled[np.argsort(classes[shuffled], kind="stable")]


def _check_options(n: int, k: int, valid: float) -> None:
    if k < 2 or k > n:
        raise ValueError(f"k is {k} for {n} items; expected from 2 to the number of items")
    if not 0 <= valid < 1:
        raise ValueError(f"valid is {valid}; expected a share from 0 to below 1")


def _check_filled(fold: Fold, valid: float) -> None:
    for side, part in zip(_SIDES, fold[:3], strict=True):
        if not part.size and (side != "valid" or valid > 0):
            raise ValueError(
                f"fold {fold.name}: the {side} part is empty, because whole groups fill the other "
                "parts. Use fewer folds, another share for valid, or another seed"
            )


def _column(values: ArrayLike, n: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},), one for each item")
    return array


def _classes(y: ArrayLike | None, n: int) -> np.ndarray:
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


def _group_codes(groups: ArrayLike, name: str, rows: np.ndarray | None = None) -> np.ndarray:
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
