"""Sequences to arrays and back: one-hot, codes, k-mers.

A known letter is a one-hot row, an unknown residue a uniform row (it sums to 1: a residue is
there), padding an all-zero row at the right end. So ``X.sum(-1) > 0`` is the mask of residues.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import product
from typing import overload

import numpy as np

from helpers.sequences.alphabet import PAD, Alphabet

_IUPAC = str.maketrans("RYSWKMBDHV", "YRSWMKVHDB")
_CELLS_AT_ONCE = 1 << 24
_CODES_AT_ONCE = 1 << 15


def encode_batch(
    sequences: Sequence[str], alphabet: Alphabet, *, length: int | None = None, truncate: bool = False
) -> np.ndarray:
    """Codes of many sequences, padded at the right to one length.

    Parameters
    ----------
    sequences : sequence of str
        Upper-case letters of `alphabet`; a list, a tuple, an array or a pandas column.
    alphabet : Alphabet
        DNA, RNA or PEPTIDE.
    length : int, optional
        Positions in the result; the longest sequence's length by default.
    truncate : bool, default=False
        Whether a sequence longer than `length` may lose its right end.

    Returns
    -------
    numpy.ndarray, shape=(n, length), dtype=uint8
        0 to ``alphabet.size - 1`` for a letter, ``alphabet.size`` for an unknown residue,
        ``PAD`` where there is none.

    Raises
    ------
    ValueError
        If an item is no text, holds a letter the alphabet lacks, or is longer than `length`.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> encode_batch(["ACG", "N"], RNA).tolist()
    [[0, 1, 2], [4, 254, 254]]
    """
    texts = _texts(sequences)
    lengths = _lengths(texts)
    width = int(lengths.max(initial=0)) if length is None else int(length)
    if width < 0:
        raise ValueError(f"length is {length}; expected 0 or more positions")
    if (lengths > width).any():
        if not truncate:
            row = int(np.argmax(lengths > width))
            raise ValueError(
                f"sequence {row} has {lengths[row]} letters; expected at most length={width}. "
                "Give a larger length, or truncate=True to cut the right ends"
            )
        texts = [text[:width] for text in texts]
        lengths = np.minimum(lengths, width)
    flat = flat_codes(texts, alphabet)
    if flat.size == len(texts) * width:
        return flat.reshape(len(texts), width)
    codes = np.full((len(texts), width), PAD, dtype=np.uint8)
    codes[np.arange(width) < lengths[:, None]] = flat
    return codes


def one_hot(
    sequences: Sequence[str], alphabet: Alphabet, *, length: int | None = None, truncate: bool = False
) -> np.ndarray:
    """One-hot encode many sequences; the arguments are those of `encode_batch`.

    Returns
    -------
    numpy.ndarray, shape=(n, length, letters), dtype=float32
        Rows of unknown residues are uniform (1 / letters), rows of padding are zero.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> one_hot(["UN"], RNA, length=3)[0].tolist()
    [[0.0, 0.0, 0.0, 1.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.0, 0.0, 0.0]]
    """
    codes = encode_batch(sequences, alphabet, length=length, truncate=truncate)
    return _one_hot_rows(codes, alphabet)


def from_codes(codes: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """One-hot rows of integer codes, as `encode_batch` gives them.

    Returns
    -------
    numpy.ndarray, shape=(..., length, letters), dtype=float32

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> from_codes(np.array([[2, 254]]), RNA).tolist()
    [[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]
    """
    codes = np.asarray(codes)
    if codes.dtype.kind not in "ui":
        raise ValueError(f"codes have dtype {codes.dtype}; expected integers")
    known = bytes([*range(alphabet.unknown_code + 1), PAD])
    # Bytes are looked through many times faster than numbers are compared.
    if codes.dtype != np.uint8 or codes.tobytes().translate(None, known):
        wrong = ((codes < 0) | (codes > alphabet.unknown_code)) & (codes != PAD)
    else:
        wrong = np.zeros(0, dtype=bool)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"code {codes[where]} at index {where} is none of {alphabet.name}'s; expected 0 to "
            f"{alphabet.unknown_code}, or {PAD} for padding. Was it made with another alphabet?"
        )
    return _one_hot_rows(codes.astype(np.uint8, copy=False), alphabet)


def decode(X: np.ndarray, alphabet: Alphabet) -> list[str]:
    """Letters of one-hot arrays; the inverse of `one_hot` up to aliases and ambiguity letters.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, letters)
        One-hot, uniform (unknown residue) and zero (padding, at the right end) rows.
    alphabet : Alphabet
        The alphabet the array was made with.

    Raises
    ------
    ValueError
        If the shape does not fit, or a row is none of the three kinds, or padding stands
        before a residue.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> decode(one_hot(["ACGUN", "TR"], RNA), RNA)
    ['ACGUN', 'UN']
    """
    X = np.asarray(X)
    if X.ndim != 3 or X.shape[-1] != alphabet.size:
        raise ValueError(f"X has shape {X.shape}; expected (n, length, {alphabet.size}) for {alphabet.name}")
    codes = _nearest_codes(X, alphabet)
    if (wrong := ~(np.abs(_rows_of_codes(alphabet)[codes] - X) < 1e-3)).any():
        row, position = (int(i) for i in np.argwhere(wrong)[0][:2])
        raise ValueError(
            f"row {row}, position {position} of X is {X[row, position].tolist()}; expected a "
            "one-hot, a uniform or a zero row. Take the argmax first if these are probabilities"
        )
    is_padding = codes == PAD
    if (early := is_padding[:, :-1] & ~is_padding[:, 1:]).any():
        row = int(np.argmax(early.any(axis=1)))
        raise ValueError(f"row {row} of X has padding before a residue; expected it at the right end only")
    return [alphabet.decode(row) for row in codes]


@overload
def reverse_complement(sequence: str, alphabet: Alphabet) -> str: ...  # type: ignore[overload-overlap]
@overload
def reverse_complement(sequence: Sequence[str], alphabet: Alphabet) -> list[str]: ...
def reverse_complement(sequence: str | Sequence[str], alphabet: Alphabet) -> str | list[str]:
    """Sequence of the other strand, read 5' to 3'; of many sequences, each one's.

    Parameters
    ----------
    sequence : str or sequence of str
        Upper-case letters, IUPAC ambiguity letters included (R becomes Y, and so on).
    alphabet : Alphabet
        DNA or RNA; it decides whether A pairs with T or U.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> reverse_complement("AACGR", RNA), reverse_complement(["AC", "GG"], RNA)
    ('YCGUU', ['GU', 'CC'])
    """
    if not isinstance(sequence, str):
        return [reverse_complement(one, alphabet) for one in sequence]
    alphabet.encode(sequence)
    return alphabet.complement(sequence.translate(_IUPAC))[::-1]


def kmers(k: int, alphabet: Alphabet) -> list[str]:
    """All words of k letters, in the order of the columns of `kmer_counts`.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> kmers(2, RNA)[:5]
    ['AA', 'AC', 'AG', 'AU', 'CA']
    """
    _check_k(k)
    return ["".join(word) for word in product(alphabet.letters, repeat=k)]


def kmer_counts(
    sequences: Sequence[str], k: int, alphabet: Alphabet, *, frequencies: bool = False
) -> np.ndarray:
    """Count the overlapping words of k letters in each sequence.

    A word that holds an unknown residue is not counted, as it could be several words.

    Parameters
    ----------
    sequences : sequence of str
        Upper-case letters of `alphabet`.
    k : int
        Letters in a word.
    alphabet : Alphabet
        DNA, RNA or PEPTIDE.
    frequencies : bool, default=False
        Whether to divide by the number of words counted in the sequence; a sequence without
        any keeps its row of zeros.

    Returns
    -------
    numpy.ndarray, shape=(n, letters ** k), dtype=float32
        Columns in the order of `kmers`.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> kmer_counts(["ACACN", ""], 2, RNA)[:, [1, 4]].tolist()
    [[2.0, 1.0], [0.0, 0.0]]
    """
    _check_k(k)
    texts = _texts(sequences)
    columns = alphabet.size**k
    counts = np.zeros((len(texts), columns), dtype=np.float32)
    # A rolling code, its row and its mark take as much as four counts.
    for start, stop in blocks(4 * _lengths(texts) + columns, _CELLS_AT_ONCE):
        counts[start:stop] = _count_block(texts[start:stop], k, alphabet)
    if frequencies:
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return counts


def gc_content(sequences: Sequence[str], alphabet: Alphabet) -> np.ndarray:
    """Share of G and C among the known letters of each sequence.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        Between 0 and 1; NaN where no letter is known.

    Examples
    --------
    >>> from helpers.sequences.alphabet import DNA
    >>> gc_content(["GCAT", "GGN"], DNA).tolist()
    [0.5, 1.0]
    """
    if not alphabet.complements:
        raise ValueError(f"{alphabet.name} sequences have no GC content; give DNA or RNA")
    counts = kmer_counts(sequences, 1, alphabet).astype(np.float64)
    strong = counts[:, [alphabet.letters.index("C"), alphabet.letters.index("G")]].sum(axis=1)
    totals = counts.sum(axis=1)
    return np.divide(strong, totals, out=np.full(len(totals), np.nan), where=totals > 0)


def flat_codes(texts: Sequence[str], alphabet: Alphabet, *, first: int = 0) -> np.ndarray:
    """Codes of all letters, one sequence after the other; `first` is the number of the first one."""
    try:
        return alphabet.encode("".join(texts))
    except ValueError:
        for number, text in enumerate(texts, start=first):
            try:
                alphabet.encode(text)
            except ValueError as error:
                raise ValueError(f"sequence {number}, {error}") from None
        raise


def blocks(sizes: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Bounds of successive blocks whose sizes sum to about `most` (at least one item each)."""
    total = np.cumsum(sizes)
    start = 0
    while start < sizes.size:
        before = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + most, side="right")))
        yield start, stop
        start = stop


@functools.cache
def _rows_of_codes(alphabet: Alphabet) -> np.ndarray:
    """One-hot row of each possible code, shape (256, letters)."""
    rows = np.zeros((256, alphabet.size), dtype=np.float32)
    rows[: alphabet.size] = np.eye(alphabet.size)
    rows[alphabet.unknown_code] = 1 / alphabet.size
    rows.flags.writeable = False  # kept for all callers
    return rows


def _one_hot_rows(codes: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """One-hot rows of bytes, a piece that the processor's cache holds at a time."""
    table = _rows_of_codes(alphabet)
    X = np.empty((*codes.shape, alphabet.size), dtype=np.float32)
    flat, rows = codes.reshape(-1), X.reshape(-1, alphabet.size)
    for start in range(0, flat.size, _CODES_AT_ONCE):
        part = slice(start, start + _CODES_AT_ONCE)
        # Without "clip" numpy writes to a copy first; a byte is never outside of the table.
        table.take(flat[part], axis=0, out=rows[part], mode="clip")
    return X


def _nearest_codes(X: np.ndarray, alphabet: Alphabet) -> np.ndarray:
    """Code of each row, provided that the row is one-hot, uniform or zero."""
    X = X.astype(np.float32, copy=False)
    # The weighted sum tells the letters apart and is far faster than an argmax over a short axis.
    sums = np.nan_to_num(X @ np.arange(1, alphabet.size + 1, dtype=np.float32), nan=0.0)
    codes = np.clip(np.rint(sums) - 1, -1, alphabet.unknown_code).astype(np.int16)
    codes[codes < 0] = PAD
    codes[(X[..., 0] > 0) & (X[..., 0] < 1)] = alphabet.unknown_code
    return codes.astype(np.uint8)


def _texts(sequences: Sequence[str]) -> list[str]:
    """List of the sequences, each checked to be text."""
    if isinstance(sequences, str):
        raise ValueError(f"sequences is one text ({sequences[:20]!r}); expected a list. Write [sequence]")
    texts = list(sequences)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"sequence {row} is {text!r} ({type(text).__name__}); expected text")
    return texts


def _lengths(texts: list[str]) -> np.ndarray:
    return np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"k is {k}; expected 1 or more letters in a word")


def _count_block(texts: list[str], k: int, alphabet: Alphabet) -> np.ndarray:
    """K-mer counts of some sequences by rolling codes and one bincount."""
    lengths = _lengths(texts)
    columns = alphabet.size**k
    flat = flat_codes(texts, alphabet)
    # One padding code after each sequence keeps a word from running into the next sequence.
    codes = np.insert(flat, np.cumsum(lengths), PAD)
    rows = np.repeat(np.arange(len(texts)), lengths + 1)
    words = max(0, len(codes) - k + 1)
    rolling = np.zeros(words, dtype=np.int64)
    whole = np.ones(words, dtype=bool)
    for offset in range(k):
        part = codes[offset : offset + words]
        rolling = rolling * alphabet.size + part
        whole &= part < alphabet.size
    cells = rows[:words][whole] * columns + rolling[whole]
    counts = np.bincount(cells, minlength=len(texts) * columns)
    return counts.reshape(len(texts), columns)
