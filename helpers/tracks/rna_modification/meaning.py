"""What a code stands for: the stretches of sequence that it was given to, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.sequences.alphabet import Alphabet
from helpers.tracks.rna_modification.counts import checked


def code_ppm(
    X: np.ndarray,
    codes: ArrayLike,
    starts: ArrayLike,
    n_codes: int,
    *,
    width: int,
    stride: int = 3,
) -> tuple[np.ndarray, np.ndarray]:
    """Letters of the stretches behind each code.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot windows; an unknown or missing letter does not count.
    codes : array of int, shape=(n, tokens)
        Code of every token.
    starts : array of int, shape=(tokens,)
        First position of each token in the window; below 0 in padding.
    n_codes : int
        Codes in the codebook.
    width : int
        Length of a stretch, in nt; odd, the token in its middle.
    stride : int
        Length of a token, in nt; odd.

    Returns
    -------
    ppm : numpy.ndarray, shape=(n_codes, width, letters), dtype=float64
        Share of each letter at each position; even shares where no letter is known.
    n : numpy.ndarray, shape=(n_codes,), dtype=int64
        Tokens with the code.

    Raises
    ------
    ValueError
        If the shapes do not belong together, or width or stride is even.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[None, [0, 1, 2, 3, 3, 3]]      # ACGUUU, two tokens
    >>> ppm, n = code_ppm(X, [[1, 0]], [0, 3], 3, width=3)
    >>> ppm[1].argmax(axis=1).tolist(), n.tolist(), ppm[2, 0].tolist()
    ([0, 1, 2], [1, 1, 0], [0.25, 0.25, 0.25, 0.25])
    """
    table = checked(codes, n_codes)
    first = np.asarray(starts, dtype=int)
    if X.ndim != 3 or table.shape != (len(X), len(first)):
        raise ValueError(
            f"windows {X.shape}, codes {table.shape}, starts {first.shape}; expected (n, length, "
            "letters), (n, tokens) and (tokens,)"
        )
    if width % 2 == 0 or stride % 2 == 0:
        raise ValueError(f"width is {width}, stride {stride}; expected odd numbers of nt")
    left = first + stride // 2 - width // 2
    pad = max(0, -int(left.min()), int(left.max()) + width - X.shape[1])
    known = np.where(X.max(axis=2, keepdims=True) > 0.5, X, 0)
    padded = np.pad(known, ((0, 0), (pad, pad), (0, 0)))
    sums = np.zeros((n_codes, width, X.shape[2]))
    flat = table.ravel()
    for at in range(width):
        letters = padded[:, left + pad + at].reshape(len(flat), -1)
        for column in range(X.shape[2]):
            sums[:, at, column] = np.bincount(flat, letters[:, column], minlength=n_codes)
    total = sums.sum(axis=2, keepdims=True)
    even = np.full_like(sums, 1 / X.shape[2])
    ppm = np.divide(sums, total, out=even, where=total > 0)
    return ppm, np.bincount(flat, minlength=n_codes)


def profile(
    codes: ArrayLike,
    code: int,
    groups: ArrayLike,
    labels: ArrayLike,
    *,
    order: Sequence[str],
    starts: ArrayLike,
    site: int,
    stride: int = 3,
) -> pd.DataFrame:
    """Where in the windows a code stands.

    Parameters
    ----------
    codes : array of int, shape=(n, tokens)
    code : int
        The code.
    groups, labels
        Group and label (0 or 1) of each window.
    order : sequence of str
        The groups.
    starts : array of int, shape=(tokens,)
        First position of each token.
    site : int
        Position of the site in the window, from 0.
    stride : int
        Length of a token, in nt.

    Returns
    -------
    pandas.DataFrame
        ``group, label, position`` (middle of the token from the site, in nt), ``share`` (of the
        windows that hold the code there), ``n`` (windows).

    Examples
    --------
    >>> table = profile([[5, 1], [1, 5]], 5, ["a", "a"], [1, 0], order=["a"], starts=[0, 3], site=4)
    >>> table[["label", "position", "share"]].values.tolist()
    [[1.0, -3.0, 1.0], [1.0, 0.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 1.0]]
    """
    hit = np.asarray(codes) == code
    of, y = np.asarray(groups, dtype=object), np.asarray(labels)
    position = np.asarray(starts, dtype=int) + stride // 2 - site
    parts = []
    for name in order:
        for label in (1, 0):
            own = (of == name) & (y == label)
            share = hit[own].mean(axis=0) if own.any() else np.full(hit.shape[1], np.nan)
            parts.append(
                pd.DataFrame(
                    {"group": name, "label": label, "position": position, "share": share,
                     "n": int(own.sum())}
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def core(ppm: ArrayLike, *, least_bits: float = 0.25, shortest: int = 4) -> slice:
    """The informative middle of a motif: from the first to the last position above a limit.

    Parameters
    ----------
    ppm : array of float, shape=(width, letters)
    least_bits : float
        Information of a position that counts, in bits.
    shortest : int
        Positions that are kept at least, around the most informative one.

    Returns
    -------
    slice

    Examples
    --------
    >>> core([[0.25] * 4, [1, 0, 0, 0], [1, 0, 0, 0], [0.25] * 4], shortest=2)
    slice(1, 3, None)
    """
    bits = information(ppm)
    strong = np.flatnonzero(bits >= least_bits)
    low, high = (strong[0], strong[-1] + 1) if strong.size else (int(bits.argmax()),) * 2
    while high - low < min(shortest, len(bits)):
        left = bits[low - 1] if low > 0 else -1.0
        right = bits[high] if high < len(bits) else -1.0
        low, high = (low - 1, high) if left >= right else (low, high + 1)
    return slice(int(low), int(high))


def information(ppm: ArrayLike) -> np.ndarray:
    """Information of each position, in bits, against even shares.

    Examples
    --------
    >>> information([[1, 0, 0, 0], [0.25] * 4]).tolist()
    [2.0, 0.0]
    """
    table = np.asarray(ppm, dtype=float)
    logs = np.log2(table, out=np.zeros_like(table), where=table > 0)
    return np.asarray(np.log2(table.shape[1]) + (table * logs).sum(axis=1))


def consensus(ppm: ArrayLike, alphabet: Alphabet, *, strong: float = 0.75) -> str:
    """A motif in letters: capital where the share is `strong`, small where it is the half.

    Parameters
    ----------
    ppm : array of float, shape=(width, letters)
    alphabet : Alphabet
    strong : float
        Least share of a capital letter.

    Returns
    -------
    str
        A full stop where no letter has half of the share.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> consensus([[1, 0, 0, 0], [0.2, 0.6, 0.1, 0.1], [0.25] * 4], RNA)
    'Ac.'
    """
    table = np.asarray(ppm, dtype=float)
    text = []
    for row in table:
        letter, share = alphabet.letters[int(row.argmax())], float(row.max())
        text.append(letter if share >= strong else letter.lower() if share >= 0.5 else ".")
    return "".join(text)
