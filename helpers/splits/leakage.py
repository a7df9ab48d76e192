"""How much of a test set is a copy of the training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import Alphabet
from helpers.sequences.homology import shares_kmer

Source: TypeAlias = Sequence[str] | Mapping[str, Sequence] | pd.DataFrame
"""Sequences, or a table of them."""


def audit(
    train: Source,
    test: Source,
    *,
    k: int | Mapping[str, int] = 30,
    alphabet: Alphabet | Mapping[str, Alphabet] | None = None,
) -> pd.DataFrame:
    """How much of a test set is a copy, or a near copy, of the training set.

    Parameters
    ----------
    train, test : sequence of str, mapping or pandas.DataFrame
        Sequences; or a table whose columns ``sequence`` or ``*_seq`` hold them and whose column
        ``label``, if there is one, holds classes. Other columns are not looked at.
    k : int or mapping of column to int
        Two sequences are near copies when they share a window of `k` letters. Choose it so long
        that chance cannot share it: 30 for RNA and DNA, 10 for peptides.
    alphabet : Alphabet or mapping of column to Alphabet, optional
        With one, U and T are one letter in RNA and DNA, and windows with an unknown letter count
        for nothing.

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
        If there is nothing to compare, a column is missing on one side, or a letter is not in the
        alphabet.

    Examples
    --------
    >>> audit(["ACGUACGU"], ["GGGGGGGG", "UACGUAAA"], k=5)[["n_test", "exact", "near"]]
       n_test  exact  near
    0       2    0.0   0.5
    """
    flags = audit_items(train, test, k=k, alphabet=alphabet)
    labels = _audit_table(test, "test").get("label")
    names = [str(name).removesuffix("_near") for name in flags if str(name).endswith("_near")]
    if len(names) == 2:
        names.remove("any")
    rows: list[tuple] = []
    for name in names:
        length = None if name in ("pair", "any") else _option(k, name, "k")
        for label in ["all", *([] if labels is None else sorted(pd.unique(labels)))]:
            part = flags if label == "all" else flags[(labels == label).to_numpy()]
            shares = [
                part[f"{name}_{kind}"].mean() if f"{name}_{kind}" in part else np.nan
                for kind in ("exact", "near", "exact_same_label", "near_same_label")
            ]
            rows.append((name, label, length, len(part), *shares))
    columns = ["column", "label", "k", "n_test", "exact", "near"]
    table = pd.DataFrame(rows, columns=[*columns, "exact_same_label", "near_same_label"])
    return table.astype({"k": "Int64"})


def audit_items(
    train: Source,
    test: Source,
    *,
    k: int | Mapping[str, int] = 30,
    alphabet: Alphabet | Mapping[str, Alphabet] | None = None,
) -> pd.DataFrame:
    """Which test items are copies, or near copies, of training items.

    Parameters
    ----------
    train, test, k, alphabet
        As in `audit`.

    Returns
    -------
    pandas.DataFrame
        A row for each test item, in order. For each column bool flags ``<column>_exact`` and
        ``<column>_near`` (and ``..._same_label`` with labels), with several columns also
        ``pair_exact`` and ``pair_near``; and ``any_exact`` and ``any_near``: a side of the item,
        or a near copy of it, is in training. The audited test set is ``~any_near``.

    Examples
    --------
    >>> audit_items(["ACGUACGU"], ["GGGGGGGG", "UACGUAAA"], k=5).any_near.tolist()
    [False, True]
    """
    known, new = _audit_table(train, "train"), _audit_table(test, "test")
    columns = _audit_columns(known, new)
    labelled = "label" in known and "label" in new
    flags: dict[str, np.ndarray] = {}
    for column in columns:
        known[column], new[column] = (_same(side, column, alphabet) for side in (known, new))
        options = {"k": _option(k, column, "k"), "alphabet": _option(alphabet, column, "alphabet")}
        flags |= _copies(known, new, column, options)
        if labelled:
            found = _by_label(known, new, column, options)
            flags |= {f"{name}_same_label": values for name, values in found.items()}
    exact, near = (
        np.column_stack([flags[f"{column}_{kind}"] for column in columns]) for kind in ("exact", "near")
    )
    if len(columns) > 1:
        flags["pair_exact"] = _exact(known[columns], new[columns])
        flags["pair_near"] = np.all(near, axis=1)
        if labelled:
            keys = [*columns, "label"]
            flags["pair_exact_same_label"] = _exact(known[keys], new[keys])
    flags["any_exact"] = np.any(exact, axis=1)
    flags["any_near"] = np.any(near, axis=1)
    return pd.DataFrame(flags, index=pd.RangeIndex(len(new)))


def _audit_table(source: Source, name: str) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        table = source.reset_index(drop=True).copy()
    elif isinstance(source, Mapping):
        table = pd.DataFrame(dict(source))
    else:
        table = pd.DataFrame({"sequence": list(source)})
    if table.empty:
        raise ValueError(f"{name} is empty; expected at least one sequence to compare")
    return table


def _audit_columns(train: pd.DataFrame, test: pd.DataFrame) -> list[str]:
    found = [
        [name for name in table if name == "sequence" or str(name).endswith("_seq")]
        for table in (train, test)
    ]
    if not found[0] or set(found[0]) != set(found[1]):
        raise ValueError(
            f"train has the sequence columns {found[0]}, test {found[1]}; expected the same ones, "
            "named sequence or ending in _seq. Rename the columns"
        )
    for name, table in (("train", train), ("test", test)):
        for column in found[0]:
            text = np.array([isinstance(value, str) and value != "" for value in table[column]])
            if not text.all():
                row = int(np.flatnonzero(~text)[0])
                value = table[column].iloc[row]
                raise ValueError(f"{name}, row {row}, {column}: found {value!r}, not a sequence")
    return found[0]


def _option(value: Any, column: str, name: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if column not in value:
        raise ValueError(f"{name} has no entry for the column {column}; expected one")
    return value[column]


def _same(table: pd.DataFrame, column: str, alphabet: Any) -> list[str]:
    """Write letters that mean the same (U and T) as one, so that equality sees them as equal."""
    chosen = _option(alphabet, column, "alphabet")
    aliases = str.maketrans({} if chosen is None else chosen.aliases)
    return [text.translate(aliases) for text in table[column]]


def _copies(train: pd.DataFrame, test: pd.DataFrame, column: str, options: dict) -> dict[str, np.ndarray]:
    # A chain stands in many pairs: each distinct sequence is compared once.
    code, new = pd.factorize(test[column])
    known = sorted(set(train[column]))
    exact = np.isin(np.asarray(new, dtype=object), known)
    near = exact | shares_kmer(list(new), known, **options)
    return {f"{column}_exact": exact[code], f"{column}_near": near[code]}


def _by_label(train: pd.DataFrame, test: pd.DataFrame, column: str, options: dict) -> dict[str, np.ndarray]:
    flags = {f"{column}_{kind}": np.zeros(len(test), bool) for kind in ("exact", "near")}
    for label in pd.unique(test["label"]):
        rows = np.flatnonzero(test["label"] == label)
        same = train[train["label"] == label]
        if len(same):
            for name, values in _copies(same, test.iloc[rows], column, options).items():
                flags[name][rows] = values
    return flags


def _exact(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    known = set(train.itertuples(index=False, name=None))
    return np.array([row in known for row in test.itertuples(index=False, name=None)], dtype=bool)
