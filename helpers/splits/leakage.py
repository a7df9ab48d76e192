"""How much of a test set is a copy of the training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.sequences.alphabet import Alphabet
from helpers.sequences.homology import shares_kmer
from helpers.splits.folds import Fold

Source: TypeAlias = Sequence[str] | pd.DataFrame
KINDS = ("exact", "near", "exact_same_label", "near_same_label")


def audit(
    train: Source,
    test: Source,
    *,
    columns: Sequence[str] = ("sequence",),
    label: str | None = None,
    k: int | Mapping[str, int] = 30,
    alphabet: Alphabet | Mapping[str, Alphabet] | None = None,
) -> pd.DataFrame:
    """How much of a test set is a copy, or a near copy, of the training set.

    Parameters
    ----------
    train, test : sequence of str or pandas.DataFrame
        Sequences, or tables.
    columns : sequence of str
        Which columns of the tables hold sequences.
    label : str, optional
        Which column holds classes; each is then counted on its own, too.
    k : int or mapping of column to int
        Two sequences are near copies when they share a window of `k` letters. Choose it so long
        that chance cannot share it: 30 for RNA and DNA, 10 for peptides.
    alphabet : Alphabet or mapping of column to Alphabet, optional
        With one, U and T are one letter in RNA and DNA, and windows with an unknown letter count
        for nothing. With DNA, a window on the other strand is a near copy, too.

    Returns
    -------
    pandas.DataFrame
        A row for each column and class, and with several columns for the ``pair`` and for ``any``
        side of it: column, label ("all" or the class), k, n_test, exact and near (shares of the
        test items whose sequence, or a near copy, is in training; a copy is also near),
        exact_same_label and near_same_label (in training under the same label; NaN without
        labels). For the ``pair``, `exact` asks for the same pair in training, `near` for a near
        copy of each of its sides, in whatever pairs.

    Raises
    ------
    ValueError
        If there is nothing to compare, a column is missing, or a letter is not in the alphabet.

    Examples
    --------
    >>> audit(["ACGUACGU"], ["GGGGGGGG", "UACGUAAA"], k=5)[["n_test", "exact", "near"]]
       n_test  exact  near
    0       2    0.0   0.5
    """
    options = {name: {"k": _option(k, name, "k"), "alphabet": _option(alphabet, name, "alphabet")}
               for name in columns}  # fmt: skip
    known, new = (_checked(table, name, options, label) for table, name in ((train, "train"), (test, "test")))
    flags = _flags(known, new, options, label)
    names = [*columns, *(["pair", "any"] if len(columns) > 1 else [])]
    classes = [] if label is None else sorted(new[label].unique())
    rows: list[tuple] = []
    for name in names:
        found = flags.reindex(columns=[f"{name}_{kind}" for kind in KINDS])
        for chosen in ["all", *classes]:
            part = found if chosen == "all" else found[(new[label] == chosen).to_numpy()]
            shares = part.astype(float).mean()
            rows.append((name, chosen, options.get(name, {}).get("k"), len(part), *shares))
    table = pd.DataFrame(rows, columns=["column", "label", "k", "n_test", *KINDS])
    return table.astype({"k": "Int64"})


def near_shares(
    protocols: Mapping[str, Sequence[Fold]], groups: ArrayLike, *, sides: Sequence[str] = ("rna", "peptide")
) -> pd.DataFrame:
    """Share of the tested rows of each protocol that training knows a relative of.

    Parameters
    ----------
    protocols : mapping of str to sequence of Fold
        The folds of each protocol.
    groups : array-like, shape=(n,) or (n, 2)
        Homology group of each row, or of each side of a pair (`pair_groups`).
    sides : sequence of two str
        What the sides of a pair are called.

    Returns
    -------
    pandas.DataFrame
        A row for each protocol, to be merged into its results on the column ``protocol``. With one
        column of groups ``near``: share of the test rows, over all folds, whose group has a row in the
        training or the validation part of their fold. For pairs ``near_rna`` and ``near_peptide``,
        ``near_either`` of them, and ``near_pair``: a known pair of the same two families.

    Examples
    --------
    >>> from helpers.splits.folds import given
    >>> near_shares({"given_test": [given([0, 1], [], [2, 3])]}, ["a", "b", "b", "c"])
         protocol  near
    0  given_test   0.5
    """
    table = np.asarray(groups, dtype=object)
    columns = list(table.reshape(len(table), -1).T)
    codes = [pd.factorize(column)[0] for column in columns]
    names = ["near"]
    if len(codes) == 2:
        names = [f"near_{name}" for name in (*sides, "pair")]
        codes.append(codes[0] * (codes[1].max(initial=0) + 1) + codes[1])
    rows = []
    for protocol, folds in protocols.items():
        known = [np.concatenate([fold.train, fold.valid]) for fold in folds]
        near = np.concatenate([
            np.stack([np.isin(side[fold.test], side[rows_known]) for side in codes])
            for fold, rows_known in zip(folds, known, strict=True)
        ], axis=1)  # fmt: skip
        shares = dict(zip(names, near.mean(axis=1), strict=True))
        if len(names) == 3:
            shares = {**shares, "near_either": near[:2].any(axis=0).mean()}
        rows.append({"protocol": protocol, **shares})
    return pd.DataFrame(rows)


def near_rows(
    predictions: pd.DataFrame,
    folds: Sequence[Fold],
    source: Source,
    *,
    columns: Sequence[str] = ("sequence",),
    k: int | Mapping[str, int] = 30,
    alphabet: Alphabet | Mapping[str, Alphabet] | None = None,
) -> np.ndarray:
    """Whether each predicted row has a copy or a near copy in the training of its fold.

    As the column ``near`` of the predictions `helpers.stats.scoring.score` turns it into the near share
    that stands beside every number.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns ``row`` and ``fold``, as `helpers.training.cross_validate` gives them for `folds`.
    folds : sequence of Fold
        Their training and validation parts are what is known.
    source : sequence of str or pandas.DataFrame
        Sequences of all rows, or a table of them; of several columns any side counts.
    columns, k, alphabet
        As for `audit`.

    Returns
    -------
    numpy.ndarray of bool, shape=(len(predictions),)

    Raises
    ------
    ValueError
        If a prediction is of no fold, or as for `audit`.

    Examples
    --------
    >>> from helpers.splits.folds import given
    >>> sequences = ["ACGUACGU", "CCCCCCCC", "GGGGGGGG", "UACGUAAA"]
    >>> found = pd.DataFrame({"row": [2, 3], "fold": "given_test"})
    >>> near_rows(found, [given([0], [1], [2, 3])], sequences, k=5).tolist()
    [False, True]
    """
    table = source if isinstance(source, pd.DataFrame) else pd.DataFrame({"sequence": list(source)})
    options = {name: {"k": _option(k, name, "k"), "alphabet": _option(alphabet, name, "alphabet")}
               for name in columns}  # fmt: skip
    row, name = predictions["row"].to_numpy(dtype=int), predictions["fold"].astype(str).to_numpy()
    if unknown := sorted(set(name) - {str(fold.name) for fold in folds}):
        raise ValueError(
            f"predictions of fold {', '.join(unknown)}; found only the folds "
            f"{', '.join(str(fold.name) for fold in folds)}. Give those that were predicted"
        )
    near = np.zeros(len(predictions), dtype=bool)
    for fold in folds:
        mine = name == str(fold.name)
        tested, place = np.unique(row[mine], return_inverse=True)
        if tested.size:
            known = np.concatenate([fold.train, fold.valid]).astype(int)
            old, new = (
                _checked(table.iloc[rows], part, options, None)
                for part, rows in (("training", known), ("test", tested))
            )
            near[mine] = _flags(old, new, options, None)["any_near"].to_numpy(dtype=bool)[place]
    return near


def _checked(source: Source, name: str, options: Mapping[str, Any], label: str | None) -> pd.DataFrame:
    """The columns that are compared, letters that mean the same (U and T) written as one."""
    table = source if isinstance(source, pd.DataFrame) else pd.DataFrame({"sequence": list(source)})
    if table.empty:
        raise ValueError(f"{name} is empty; expected at least one sequence to compare")
    wanted = [*options, *([] if label is None else [label])]
    if missing := [column for column in wanted if column not in table]:
        raise ValueError(
            f"{name} has no column {', '.join(missing)}; found {', '.join(map(str, table))}. "
            "Name those that hold sequences with columns=[...]"
        )
    table = table[wanted].reset_index(drop=True)
    for column, chosen in options.items():
        for row, value in enumerate(table[column]):
            if not isinstance(value, str) or not value:
                raise ValueError(f"{name}, row {row}, {column}: found {value!r}, not a sequence")
        aliases = str.maketrans({} if chosen["alphabet"] is None else chosen["alphabet"].aliases)
        table[column] = [text.translate(aliases) for text in table[column]]
    return table


def _flags(
    train: pd.DataFrame, test: pd.DataFrame, options: Mapping[str, dict[str, Any]], label: str | None
) -> pd.DataFrame:
    """Which test items are copies, or near copies, of training items: a bool column a kind."""
    flags = pd.DataFrame(index=test.index)
    columns = list(options)
    sides: dict[str, list[np.ndarray]] = {"exact": [], "near": []}
    for column, chosen in options.items():
        for kind, found in _copies(train, test, column, chosen).items():
            flags[f"{column}_{kind}"] = found
            sides[kind].append(found)
        if label is not None:
            for kind in sides:
                flags[f"{column}_{kind}_same_label"] = False
            for value, rows in test.groupby(label):
                same = train[train[label] == value]
                for kind, found in _copies(same, rows, column, chosen).items():
                    flags.loc[rows.index, f"{column}_{kind}_same_label"] = found
    flags["pair_exact"], flags["pair_near"] = _exact(train[columns], test[columns]), np.all(sides["near"], 0)
    if label is not None:
        flags["pair_exact_same_label"] = _exact(train, test)
    flags["any_exact"], flags["any_near"] = np.any(sides["exact"], 0), np.any(sides["near"], 0)
    return flags


def _option(value: Any, column: str, name: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if column not in value:
        raise ValueError(f"{name} has no entry for the column {column}; expected one")
    return value[column]


def _copies(train: pd.DataFrame, test: pd.DataFrame, column: str, options: dict) -> dict[str, np.ndarray]:
    # A chain stands in many pairs: each distinct sequence is compared once.
    code, new = pd.factorize(test[column])
    known = sorted(set(train[column]))
    exact = np.isin(np.asarray(new, dtype=object), known)
    near = exact | shares_kmer(list(new), known, **options) if known else exact
    return {"exact": exact[code], "near": near[code]}


def _exact(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    known = set(train.itertuples(index=False, name=None))
    return np.array([row in known for row in test.itertuples(index=False, name=None)], dtype=bool)
