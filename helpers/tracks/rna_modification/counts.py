"""How often each code is used by each group of windows: counts, TF, IDF.

Codes are whole numbers from 0; a code keeps its number for ever, used or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Spectrum(NamedTuple):
    """Use of every code by every group.

    Attributes
    ----------
    groups : list of str
        Names of the columns, such as modifications.
    tf : numpy.ndarray, shape=(n_codes, groups), dtype=float64
        Term frequency: mean count a window, over the positive windows of the group.
    tf_negative : numpy.ndarray, shape=(n_codes, groups), dtype=float64
        The same over its negative windows; NaN where a group has none.
    df : numpy.ndarray, shape=(n_codes,), dtype=int64
        Positive windows, of all groups, that hold the code.
    idf : numpy.ndarray, shape=(n_codes,), dtype=float64
        ``ln((1 + N) / (1 + df)) + 1`` with N positive windows; finite also for df = 0.
    n : numpy.ndarray, shape=(groups,), dtype=int64
        Positive windows of each group.
    """

    groups: list[str]
    tf: np.ndarray
    tf_negative: np.ndarray
    df: np.ndarray
    idf: np.ndarray
    n: np.ndarray

    @property
    def tf_idf(self) -> np.ndarray:
        """TF times IDF, shape (n_codes, groups): a row of zeros for a code that is not used."""
        return self.tf * self.idf[:, None]

    @property
    def used(self) -> np.ndarray:
        """Whether a positive window holds the code, shape (n_codes,), dtype bool."""
        return np.asarray(self.df > 0)


def count_matrix(codes: ArrayLike, n_codes: int) -> np.ndarray:
    """How often each window holds each code.

    Parameters
    ----------
    codes : array of int, shape=(n, tokens)
        Code of every token.
    n_codes : int
        Codes in the codebook.

    Returns
    -------
    numpy.ndarray, shape=(n, n_codes), dtype=float32

    Raises
    ------
    ValueError
        If the codes are no table of whole numbers below `n_codes`.

    Examples
    --------
    >>> count_matrix([[0, 2, 2]], 4).tolist()
    [[1.0, 0.0, 2.0, 0.0]]
    """
    table = checked(codes, n_codes)
    at = np.arange(len(table))[:, None] * n_codes + table
    found = np.bincount(at.ravel(), minlength=len(table) * n_codes)
    return found.reshape(len(table), n_codes).astype(np.float32)


def checked(codes: ArrayLike, n_codes: int) -> np.ndarray:
    """Codes as an array of whole numbers, shape (n, tokens).

    Raises
    ------
    ValueError
        If they are no table of whole numbers from 0 to ``n_codes - 1``.
    """
    table = np.asarray(codes)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer) or not table.size:
        raise ValueError(
            f"codes have the shape {table.shape} and the type {table.dtype}; expected whole "
            "numbers, (windows, tokens)"
        )
    if table.min() < 0 or table.max() >= n_codes:
        wrong = int(table.min() if table.min() < 0 else table.max())
        raise ValueError(
            f"code {wrong} is not in a codebook of {n_codes}, numbered from 0; give the codes and "
            "the size of the same model"
        )
    return table.astype(np.int64)


def spectrum(
    counts: np.ndarray,
    groups: ArrayLike,
    labels: ArrayLike,
    *,
    order: Sequence[str] | None = None,
) -> Spectrum:
    """Term and document frequencies of codes over groups of windows.

    Parameters
    ----------
    counts : numpy.ndarray, shape=(n, n_codes)
        From `count_matrix`.
    groups : array of str, shape=(n,)
        Group of each window, such as its modification.
    labels : array of {0, 1}, shape=(n,)
        1 for a positive window.
    order : sequence of str, optional
        Groups in the order of the columns; by default as they come.

    Returns
    -------
    Spectrum

    Raises
    ------
    ValueError
        If lengths or labels do not fit, or a group has no positive window.

    Notes
    -----
    A document is a window here (Spärck Jones 1972, doi:10.1108/eb026526). With the groups as
    documents every code would have the same IDF, since each group has windows enough to use each
    code once. IDF scales a whole row: it ranks codes, and does not change what a row is specific
    for.

    Examples
    --------
    >>> found = spectrum(np.array([[1, 0, 2], [0, 0, 1]]), ["a", "b"], [1, 1])
    >>> found.tf.tolist(), found.df.tolist(), found.used.tolist()
    ([[1.0, 0.0], [0.0, 0.0], [2.0, 1.0]], [1, 0, 2], [True, False, True])
    """
    counts, of, positive = aligned(counts, groups, labels)
    names = list(dict.fromkeys(of.tolist())) if order is None else list(order)
    tf = np.zeros((counts.shape[1], len(names)))
    negative = np.full(tf.shape, np.nan)
    for column, name in enumerate(names):
        own = of == name
        if not (own & positive).any():
            raise ValueError(f"group {name!r} has no positive window; leave it out of the order")
        tf[:, column] = counts[own & positive].mean(axis=0, dtype=np.float64)
        if (own & ~positive).any():
            negative[:, column] = counts[own & ~positive].mean(axis=0, dtype=np.float64)
    inside = positive & np.isin(of, names)
    df = (counts[inside] > 0).sum(axis=0)
    idf = np.log((1 + inside.sum()) / (1 + df)) + 1
    n = np.array([(inside & (of == name)).sum() for name in names])
    return Spectrum(names, tf, negative, df, idf, n)


def aligned(
    counts: np.ndarray, groups: ArrayLike, labels: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, groups and positives, checked to belong together.

    Raises
    ------
    ValueError
        If lengths differ or a label is neither 0 nor 1.
    """
    counts, of, y = np.asarray(counts), np.asarray(groups, dtype=object), np.asarray(labels)
    if counts.ndim != 2 or of.shape != (len(counts),) or y.shape != (len(counts),):
        raise ValueError(
            f"counts {counts.shape}, groups {of.shape}, labels {y.shape}; expected (windows, "
            "codes) and one group and one label a window"
        )
    if not np.isin(y, (0, 1)).all():
        raise ValueError("a label is neither 0 nor 1; give whether the window is positive")
    return counts, of, y.astype(bool)
