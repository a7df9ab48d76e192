"""Which codes of a codebook belong to which class of sequences, and what each code stands for.

All functions take integer codes, (n, tokens); nothing here knows a network. A code keeps its number
throughout: one that is never used is a row that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd


class Excess(NamedTuple):
    """How much more often positives use a code than negatives do.

    Attributes
    ----------
    z : numpy.ndarray, shape=(n_codes, classes), dtype=float64
        Difference of the mean counts over its standard error under permuted labels.
    p : numpy.ndarray, shape=(n_codes, classes), dtype=float64
        Two-sided, corrected for all codes and all classes.
    draws : int
        Permutations.
    """

    z: np.ndarray
    p: np.ndarray
    draws: int


def counts(codes: np.ndarray, n_codes: int) -> np.ndarray:
    """How often each sequence uses each code.

    Parameters
    ----------
    codes : numpy.ndarray, shape=(n, tokens), dtype=int
        Codes from 0 to n_codes - 1.
    n_codes : int
        Codes in the codebook.

    Returns
    -------
    numpy.ndarray, shape=(n, n_codes), dtype=float32

    Raises
    ------
    ValueError
        If a code is outside the codebook.

    Examples
    --------
    >>> counts(np.array([[0, 2, 2]]), 4).tolist()
    [[1.0, 0.0, 2.0, 0.0]]
    """
    codes = np.asarray(codes)
    if codes.size and (codes.min() < 0 or codes.max() >= n_codes):
        wrong = codes.max() if codes.max() >= n_codes else codes.min()
        raise ValueError(
            f"code {wrong} is not in a codebook of {n_codes}; expected 0 to {n_codes - 1}. Are the "
            "codes those of this network?"
        )
    rows = np.arange(len(codes))[:, None] * n_codes + codes
    found = np.bincount(rows.ravel(), minlength=len(codes) * n_codes)
    return found.reshape(len(codes), n_codes).astype(np.float32)


def term_frequency(used: np.ndarray, of: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Mean count of each code in a sequence of each class.

    Parameters
    ----------
    used : numpy.ndarray, shape=(n, n_codes)
        From `counts`.
    of : numpy.ndarray, shape=(n,)
        Class of each sequence.
    names : sequence of str
        Classes, in the order of the columns.

    Returns
    -------
    numpy.ndarray, shape=(n_codes, classes), dtype=float64

    Raises
    ------
    ValueError
        If a class has no sequence.

    Examples
    --------
    >>> term_frequency(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array(["a", "a"]), ["a"]).tolist()
    [[2.0], [0.0]]
    """
    if missing := [name for name in names if not (of == name).any()]:
        raise ValueError(f"no sequence of {', '.join(missing)}; leave the class out")
    return np.stack([used[of == name].mean(axis=0, dtype=np.float64) for name in names], axis=1)


def tf_idf(frequency: np.ndarray) -> np.ndarray:
    """Term frequency times inverse document frequency, a class being a document.

    Parameters
    ----------
    frequency : numpy.ndarray, shape=(n_codes, classes)
        From `term_frequency`.

    Returns
    -------
    numpy.ndarray, shape=(n_codes, classes), dtype=float64
        ``tf * (ln((1 + N) / (1 + df)) + 1)`` with N classes of which df use the code; finite for a
        code that none uses.

    Examples
    --------
    >>> tf_idf(np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 0.0]])).round(3).tolist()
    [[2.811, 0.0], [1.0, 1.0], [0.0, 0.0]]
    """
    classes = frequency.shape[1]
    having = (frequency > 0).sum(axis=1, keepdims=True)
    return frequency * (np.log((1 + classes) / (1 + having)) + 1)


def specificity(frequency: np.ndarray) -> np.ndarray:
    """Tau: 0 for a code that all classes use alike, 1 for one that a single class uses.

    Parameters
    ----------
    frequency : numpy.ndarray, shape=(n_codes, classes)
        From `term_frequency`; at least two classes.

    Returns
    -------
    numpy.ndarray, shape=(n_codes,), dtype=float64
        0 for a code that is not used.

    References
    ----------
    Yanai et al. 2005, doi:10.1093/bioinformatics/bti042

    Examples
    --------
    >>> specificity(np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    most = frequency.max(axis=1, keepdims=True)
    share = np.divide(frequency, most, out=np.ones_like(frequency), where=most > 0)
    return np.asarray((1 - share).sum(axis=1) / (frequency.shape[1] - 1))


def excess(
    used: np.ndarray,
    label: np.ndarray,
    of: np.ndarray,
    names: Sequence[str],
    *,
    draws: int = 999,
    seed: int = 0,
) -> Excess:
    """Test, for each code and class, whether positives use it more or less than negatives do.

    Labels are permuted within each class, so what all sequences of a class share (the letter at the
    site) cannot make a code specific. The p-value of a code counts the permutations in which *any*
    code of *any* class stands out as much: it is corrected for all of them at once.

    Parameters
    ----------
    used : numpy.ndarray, shape=(n, n_codes)
        From `counts`.
    label : numpy.ndarray, shape=(n,)
        1 or 0.
    of : numpy.ndarray, shape=(n,)
        Class of each sequence.
    names : sequence of str
        Classes.
    draws : int
        Permutations.
    seed : int
        Their seed.

    Returns
    -------
    Excess

    Raises
    ------
    ValueError
        If a class lacks positives or negatives.

    References
    ----------
    Westfall and Young 1993, Resampling-Based Multiple Testing (the maximum statistic).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> label, of = np.arange(60) % 2, np.full(60, "a")
    >>> used = rng.poisson(1.0, (60, 5)).astype(float)
    >>> used[:, 3] += 3 * label
    >>> (excess(used, label, of, ["a"], draws=99).p[:, 0] < 0.05).tolist()
    [False, False, False, True, False]
    """
    rng = np.random.default_rng(seed)
    seen, highest = [], np.zeros(draws)
    for name in names:
        own = of == name
        y, X = np.asarray(label)[own] == 1, np.asarray(used)[own].astype(np.float64)
        if y.all() or not y.any():
            raise ValueError(f"{name}: expected positives and negatives, found one class alone")
        # Under permuted labels the sum over positives has this mean and variance exactly.
        n, k = len(y), int(y.sum())
        spread = np.sqrt(X.var(axis=0, ddof=1) * k * (n - k) / n)
        spread[spread == 0] = np.inf
        drawn = rng.permuted(np.tile(y, (draws, 1)), axis=1).astype(np.float64)
        middle = k * X.mean(axis=0)
        seen.append((X[y].sum(axis=0) - middle) / spread)
        highest = np.maximum(highest, np.abs((drawn @ X - middle) / spread).max(axis=1))
    z = np.stack(seen, axis=1)
    above = (highest[:, None, None] >= np.abs(z)[None]).sum(axis=0)
    return Excess(z, (1 + above) / (1 + draws), draws)


def table(
    frequency: np.ndarray, found: Excess, names: Sequence[str], *, level: float = 0.05
) -> pd.DataFrame:
    """The spectrum as a table, sorted by the class that a code belongs to.

    Parameters
    ----------
    frequency : numpy.ndarray, shape=(n_codes, classes)
        Of the positives, from `term_frequency`.
    found : Excess
        From `excess`.
    names : sequence of str
        Classes.
    level : float
        Largest p of a code that counts as specific.

    Returns
    -------
    pandas.DataFrame
        A row for every code, used or not: ``code, used, primary`` (class in which positives exceed
        negatives most), ``specificity`` (tau), ``z, p`` (in that class), ``specific``, and the
        TF-IDF value in each class. Classes in their order; within one, the most excess first.

    Examples
    --------
    >>> found = Excess(np.array([[3.0, 0.0], [0.0, 5.0]]), np.array([[0.2, 1.0], [1.0, 0.01]]), 99)
    >>> rows = table(np.array([[1.0, 1.0], [0.0, 2.0]]), found, ["a", "b"])
    >>> rows[["code", "primary", "specific"]].values.tolist()
    [[0, 'a', False], [1, 'b', True]]
    """
    used = frequency.sum(axis=1) > 0
    primary = np.where(used, found.z.argmax(axis=1), len(names))
    at = np.arange(len(frequency)), found.z.argmax(axis=1)
    frame = pd.DataFrame(
        {
            "code": np.arange(len(frequency)), "used": used,
            "primary": np.array([*names, ""], dtype=object)[primary],
            "specificity": specificity(frequency), "z": found.z[at], "p": found.p[at],
            "specific": used & (found.p[at] <= level) & (found.z[at] > 0),
        }
    )  # fmt: skip
    frame = pd.concat([frame, pd.DataFrame(tf_idf(frequency), columns=list(names))], axis=1)
    order = np.lexsort((-frame["z"].to_numpy(), primary))
    return frame.iloc[order].reset_index(drop=True)


def top_codes(found: Excess, names: Sequence[str]) -> dict[str, int]:
    """The code that the positives of each class exceed its negatives in most.

    Examples
    --------
    >>> top_codes(Excess(np.array([[3.0, 0.0], [0.0, 5.0]]), np.ones((2, 2)), 9), ["a", "b"])
    {'a': 0, 'b': 1}
    """
    return {name: int(found.z[:, column].argmax()) for column, name in enumerate(names)}


def window_ppm(
    X: np.ndarray, codes: np.ndarray, code: int, middles: np.ndarray, width: int
) -> tuple[np.ndarray, int]:
    """Letters of the stretches in which a code was used.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot sequences.
    codes : numpy.ndarray, shape=(n, tokens), dtype=int
        Their codes.
    code : int
        Which code.
    middles : numpy.ndarray, shape=(tokens,), dtype=int
        Position of the middle of each token.
    width : int
        Length of a stretch, the token in its middle; odd. A network's receptive field shows all
        that the code was made from.

    Returns
    -------
    ppm : numpy.ndarray, shape=(width, letters), dtype=float64
        Shares of the letters; a quarter each where nothing is known.
    n : int
        Stretches.

    Examples
    --------
    >>> X = np.eye(4)[[[0, 1, 2, 3, 0, 0]]]
    >>> ppm, n = window_ppm(X, np.array([[7, 5]]), 7, np.array([1, 4]), 3)
    >>> ppm.argmax(axis=1).tolist(), n
    ([0, 1, 2], 1)
    """
    half = width // 2
    row, token = np.nonzero(np.asarray(codes) == code)
    padded = np.pad(np.asarray(X, dtype=np.float64), ((0, 0), (half, half), (0, 0)))
    at = np.asarray(middles)[token][:, None] + np.arange(width)
    inside = (at >= 0) & (at < padded.shape[1])
    letters = padded[row[:, None], np.clip(at, 0, padded.shape[1] - 1)] * inside[..., None]
    summed = letters.sum(axis=0)
    total = summed.sum(axis=1, keepdims=True)
    even = np.full_like(summed, 1 / X.shape[2])
    return np.divide(summed, total, out=even, where=total > 0), len(row)


def profile(
    codes: np.ndarray, code: int, label: np.ndarray, middles: np.ndarray, site: int
) -> pd.DataFrame:
    """Where a code is used, in positives and in negatives.

    Parameters
    ----------
    codes : numpy.ndarray, shape=(n, tokens), dtype=int
        Codes of the sequences of one class.
    code : int
        Which code.
    label : numpy.ndarray, shape=(n,)
        1 or 0.
    middles : numpy.ndarray, shape=(tokens,), dtype=int
        Position of the middle of each token.
    site : int
        Position of the site.

    Returns
    -------
    pandas.DataFrame
        ``offset`` (of the token from the site, in nt), ``positives``, ``negatives`` (share that
        uses the code there).

    Examples
    --------
    >>> codes, label, middles = np.array([[7, 5], [5, 5]]), np.array([1, 0]), np.array([1, 4])
    >>> profile(codes, 7, label, middles, 4).values.tolist()
    [[-3.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    here = np.asarray(codes) == code
    y = np.asarray(label) == 1
    return pd.DataFrame(
        {
            "offset": np.asarray(middles) - site,
            "positives": here[y].mean(axis=0), "negatives": here[~y].mean(axis=0),
        }
    )  # fmt: skip
