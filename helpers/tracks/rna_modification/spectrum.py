"""How often each group of windows uses each code of a codebook, and what the codes stand for.

Codes are whole numbers from 0; a code keeps its number for ever, used or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import entropy

from helpers.motifs.library import Motif
from helpers.sequences.alphabet import RNA, Alphabet
from helpers.tracks.rna_modification import specificity
from helpers.tracks.rna_modification.data import STRIDE
from helpers.tracks.rna_modification.specificity import PermutationTest

IUPAC = {
    "A": "A", "C": "C", "G": "G", "U": "U", "R": "AG", "Y": "CU", "S": "CG", "W": "AU",
    "K": "GU", "M": "AC", "B": "CGU", "D": "AGU", "H": "ACU", "V": "ACG", "N": "ACGU",
}  # fmt: skip
"""Letters that each letter of a consensus stands for."""

ENZYMES = (
    ("m6A-DRACH", "METTL3-METTL14", "m6A", "DRACH", "doi:10.1038/nature11112"),
    ("m6Am-BCA", "PCIF1", "m6Am", "BCA", "doi:10.1038/nmeth.3453"),
    ("T-loop", "TRUB1, TRMT6-TRMT61A", "Psi, m1A", "GUUCNANNC", "doi:10.1101/gr.207613.116"),
    ("PUS7", "PUS7", "Psi", "UNUAR", "doi:10.1016/j.cell.2014.08.028"),
    ("NSUN2", "NSUN2", "m5C", "CNGGG", "doi:10.1038/s41594-019-0218-x"),
    ("NSUN6", "NSUN6", "m5C", "CUCCA", "doi:10.1093/nar/gkaa1193"),
    ("Nm-seq", "not known", "Am, Cm, Gm, Um", "AGAUCGAGG", "doi:10.1038/nmeth.4294"),
)
"""Id, enzyme, modifications, consensus (IUPAC) and source of motifs of enzymes that modify RNA.

Of the Nm-seq motif beware: AGAUCG is also how the adapter of common sequencing libraries begins
(AGATCGGAAGAGC), so it may tell of the experiment rather than of an enzyme."""


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
    """How often each window holds each code, from codes (n, tokens); (n, n_codes), dtype float32.

    Examples
    --------
    >>> count_matrix([[0, 2, 2]], 4).tolist()
    [[1.0, 0.0, 2.0, 0.0]]
    """
    table = _checked(codes, n_codes)
    at = np.arange(len(table))[:, None] * n_codes + table
    found = np.bincount(at.ravel(), minlength=len(table) * n_codes)
    return found.reshape(len(table), n_codes).astype(np.float32)


def spectrum(
    counts: np.ndarray, groups: ArrayLike, labels: ArrayLike, *, order: Sequence[str] | None = None
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
    counts, of, positive = specificity.aligned(counts, groups, labels)
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


def tau(tf: ArrayLike) -> np.ndarray:
    """Specificity of each row: 0 where all groups use a code alike, 1 where only one does.

    The sum of ``1 - x / max(x)``, divided by the groups less one (doi:10.1093/bioinformatics/bti042);
    0 for a row of zeros.

    Examples
    --------
    >>> tau([[1.0, 0.0, 0.0], [2.0, 2.0, 2.0], [2.0, 1.0, 0.0], [0, 0, 0]]).tolist()
    [1.0, 0.0, 0.75, 0.0]
    """
    table = np.asarray(tf, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"a spectrum of shape {table.shape}; expected two groups or more")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("a use is negative or not finite; give term frequencies")
    top = table.max(axis=1, keepdims=True)
    share = np.divide(table, top, out=np.ones_like(table), where=top > 0)
    return np.asarray((1 - share).sum(axis=1) / (table.shape[1] - 1))


def sorted_table(found: Spectrum, between: PermutationTest, within: PermutationTest) -> pd.DataFrame:
    """The whole codebook as one table: every code a row, by its primary group, then its score.

    Parameters
    ----------
    found : Spectrum
    between, within : PermutationTest
        From `specificity.between_groups` and `specificity.against_negatives`, with the groups of
        `found`.

    Returns
    -------
    pandas.DataFrame
        ``code`` (its number in the codebook), ``used``, ``primary`` (the group of which both tests
        together say most; empty for an unused code), ``specificity`` (`tau`), ``score`` (TF-IDF of
        the primary group times specificity), ``p, q`` (of both tests together, `specificity.joint`),
        ``p_between, p_label`` (of each), ``tf_positive, tf_negative, idf``, ``windows`` (positive
        windows that hold it), ``consensus`` (empty, to be filled) and one column of TF-IDF a group.
        All of a row speaks of its primary group. Unused codes stand last.

    Examples
    --------
    >>> codes, of, y = np.array([[0, 0, 2], [2, 2, 2]] * 20), ["a", "b"] * 20, [1, 1] * 20
    >>> counts, places, order = count_matrix(codes, 3), specificity.by_place(codes, 3), ["a", "b"]
    >>> tests = [specificity.between_groups(counts, of, y, order=order, permutations=9),
    ...          specificity.against_negatives(places, of, y, order=order, permutations=9)]
    >>> table = sorted_table(spectrum(counts, of, y), *tests)
    >>> table[["code", "used", "primary"]].values.tolist()
    [[0, True, 'a'], [2, True, 'b'], [1, False, '']]
    """
    both, weights = specificity.joint(between, within), found.tf_idf
    rows, own = np.arange(len(found.df)), found.tf_idf * tau(found.tf)[:, None]
    # Of groups with the same p, the one that stands out most from the others.
    first = np.lexsort((-between.z, both.p), axis=1)[:, 0]
    table = pd.DataFrame(
        {
            "code": rows, "used": found.used,
            "primary": np.where(found.used, np.array(found.groups, dtype=object)[first], ""),
            "specificity": tau(found.tf), "score": own[rows, first],
            "p": both.p[rows, first], "q": both.q[rows, first],
            "p_between": between.p[rows, first], "p_label": within.p[rows, first],
            "tf_positive": found.tf[rows, first], "tf_negative": found.tf_negative[rows, first],
            "idf": found.idf, "windows": found.df, "consensus": "",
        }
    )  # fmt: skip
    table = pd.concat([table, pd.DataFrame(weights, columns=found.groups)], axis=1)
    rank = np.where(found.used, first, len(found.groups))
    return table.iloc[np.lexsort((rows, -table["score"].to_numpy(), rank))].reset_index(drop=True)


def specific(table: pd.DataFrame, *, most_q: float = 0.05) -> pd.Series:
    """Which codes of a `sorted_table` are specific: both tests, of the same group, at `most_q`.

    Examples
    --------
    >>> specific(pd.DataFrame({"used": True, "q": [0.01, 0.5]})).tolist()
    [True, False]
    """
    return table["used"] & (table["q"] <= most_q)


def top_codes(
    found: Spectrum, between: PermutationTest, within: PermutationTest, *, most_q: float = 0.05
) -> pd.DataFrame:
    """Give the first code of each group; two groups that share a motif may share the code, too.

    Returns
    -------
    pandas.DataFrame
        ``group, code, excess, p, q``: of the codes that pass both tests for the group at `most_q`,
        the one with the largest IDF times the excess of its TF over the mean of all groups. A group
        without such a code has no row.

    Examples
    --------
    >>> codes = np.repeat([[0, 1], [1, 1], [1, 1], [1, 1]], 20, axis=0)
    >>> of, y, order = np.repeat(["a", "b"], 40), np.tile(np.repeat([1, 0], 20), 2), ["a", "b"]
    >>> counts = count_matrix(codes, 2)
    >>> tests = [specificity.between_groups(counts, of, y, order=order),
    ...          specificity.against_negatives(specificity.by_place(codes, 2), of, y, order=order)]
    >>> top_codes(spectrum(counts, of, y), *tests)[["group", "code"]].values.tolist()
    [['a', 0]]
    """
    both = specificity.joint(between, within)
    excess = (found.tf - found.tf.mean(axis=1, keepdims=True)) * found.idf[:, None]
    passed = (both.q <= most_q) & (excess > 0)
    best, columns = np.where(passed, excess, -np.inf).argmax(axis=0), np.arange(len(found.groups))
    said = {
        name: values[best, columns] for name, values in (("excess", excess), ("p", both.p), ("q", both.q))
    }
    table = pd.DataFrame({"group": found.groups, "code": best, **said})
    return table[passed.any(axis=0)].reset_index(drop=True)


def code_ppm(
    X: np.ndarray, codes: ArrayLike, starts: ArrayLike, *, n_codes: int, width: int
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

    Returns
    -------
    ppm : numpy.ndarray, shape=(n_codes, width, letters), dtype=float64
        Share of each letter at each position; even shares where no letter is known.
    n : numpy.ndarray, shape=(n_codes,), dtype=int64
        Tokens with the code.

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[None, [0, 1, 2, 3, 3, 3]]      # ACGUUU, two tokens
    >>> ppm, n = code_ppm(X, [[1, 0]], [0, 3], n_codes=3, width=3)
    >>> ppm[1].argmax(axis=1).tolist(), n.tolist(), ppm[2, 0].tolist()
    ([0, 1, 2], [1, 1, 0], [0.25, 0.25, 0.25, 0.25])
    """
    table, first = _checked(codes, n_codes), np.asarray(starts, dtype=int)
    if X.ndim != 3 or table.shape != (len(X), len(first)):
        raise ValueError(
            f"windows {X.shape}, codes {table.shape}, starts {first.shape}; expected (n, length, letters), "
            "(n, tokens) and (tokens,)"
        )
    if width % 2 == 0:
        raise ValueError(f"width is {width}; expected an odd number of nt")
    left = first + STRIDE // 2 - width // 2
    pad = max(0, -int(left.min()), int(left.max()) + width - X.shape[1])
    known = np.where(X.max(axis=2, keepdims=True) > 0.5, X, 0)
    padded = np.pad(known, ((0, 0), (pad, pad), (0, 0)))
    sums = np.zeros((n_codes, width, X.shape[2]))
    flat = table.ravel()
    for at, column in np.ndindex(width, X.shape[2]):
        letters = padded[:, left + pad + at, column].ravel()
        sums[:, at, column] = np.bincount(flat, letters, minlength=n_codes)
    total = sums.sum(axis=2, keepdims=True)
    ppm = np.divide(sums, total, out=np.full_like(sums, 1 / X.shape[2]), where=total > 0)
    return ppm, np.bincount(flat, minlength=n_codes)


def profile(
    hits: np.ndarray, groups: ArrayLike, labels: ArrayLike, *, order: Sequence[str], starts: ArrayLike,
    site: int,
) -> pd.DataFrame:  # fmt: skip
    """Where in the windows a code stands.

    Parameters
    ----------
    hits : numpy.ndarray, shape=(n, tokens), dtype=bool
        Which tokens have the code.
    groups, labels
        Group and label (0 or 1) of each window.
    order : sequence of str
        The groups.
    starts : array of int, shape=(tokens,)
        First position of each token.
    site : int
        Position of the site in the window, from 0.

    Returns
    -------
    pandas.DataFrame
        ``group, label, position`` (middle of the token from the site, in nt), ``share`` (of the
        windows that hold the code there), ``n`` (windows).

    Examples
    --------
    >>> hits = np.array([[True, False], [False, True]])
    >>> table = profile(hits, ["a", "a"], [1, 0], order=["a"], starts=[0, 3], site=4)
    >>> table[["label", "position", "share"]].values.tolist()
    [[1.0, -3.0, 1.0], [1.0, 0.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 1.0]]
    """
    of, y = np.asarray(groups, dtype=object), np.asarray(labels)
    position = np.asarray(starts, dtype=int) + STRIDE // 2 - site
    parts = []
    for name in order:
        for label in (1, 0):
            own = (of == name) & (y == label)
            share = hits[own].mean(axis=0) if own.any() else np.nan
            columns = {"group": name, "label": label, "position": position, "share": share, "n": own.sum()}
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def core(ppm: ArrayLike, *, least_bits: float = 0.25, shortest: int = 4) -> slice:
    """The informative middle of a motif: from the first to the last position of `least_bits`.

    At least `shortest` positions are kept, around the most informative one.

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
    return np.asarray(np.log2(table.shape[1]) - entropy(table, base=2, axis=1))


def consensus(ppm: ArrayLike, alphabet: Alphabet) -> str:
    """A motif in letters: capital from a share of 0.75, small from the half, else a full stop.

    Examples
    --------
    >>> consensus([[1, 0, 0, 0], [0.2, 0.6, 0.1, 0.1], [0.25] * 4], RNA)
    'Ac.'
    """
    text = []
    for row in np.asarray(ppm, dtype=float):
        letter, share = alphabet.letters[int(row.argmax())], float(row.max())
        text.append(letter if share >= 0.75 else letter.lower() if share >= 0.5 else ".")
    return "".join(text)


def known_motifs() -> tuple[Motif, ...]:
    """The motifs of `ENZYMES` as a library for `helpers.motifs.matching.match`.

    Their ``family`` says modifications and source.

    Examples
    --------
    >>> [motif.id for motif in known_motifs()][:2]
    ['m6A-DRACH', 'm6Am-BCA']
    """
    return tuple(
        Motif(name, enzyme, f"{of}; {source}", from_consensus(text))
        for name, enzyme, of, text, source in ENZYMES
    )


def from_consensus(text: str, *, kept: float = 0.97) -> np.ndarray:
    """Letter probabilities (width, 4) of a consensus in IUPAC letters, which share `kept` evenly.

    Examples
    --------
    >>> from_consensus("AN", kept=0.97).round(2).tolist()
    [[0.97, 0.01, 0.01, 0.01], [0.25, 0.25, 0.25, 0.25]]
    """
    if not text or (wrong := sorted(set(text) - set(IUPAC))):
        found = ", ".join(wrong) if text else repr(text)
        raise ValueError(f"consensus {text!r} holds {found}; expected letters of {''.join(IUPAC)}")
    inside = np.array([[letter in IUPAC[one] for letter in RNA.letters] for one in text])
    size = inside.sum(axis=1, keepdims=True)
    outside = (1 - kept) / np.maximum(RNA.size - size, 1)
    return np.where(inside, np.where(size == RNA.size, 1, kept) / size, outside)


def _checked(codes: ArrayLike, n_codes: int) -> np.ndarray:
    """Codes as whole numbers of a codebook, shape (n, tokens)."""
    table = np.asarray(codes)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.integer) or not table.size:
        raise ValueError(
            f"codes have the shape {table.shape} and the type {table.dtype}; expected whole numbers, "
            "(windows, tokens)"
        )
    if table.min() < 0 or table.max() >= n_codes:
        wrong = int(table.min() if table.min() < 0 else table.max())
        raise ValueError(
            f"code {wrong} is not in a codebook of {n_codes}, numbered from 0; give the codes and the size "
            "of the same model"
        )
    return table.astype(np.int64)
