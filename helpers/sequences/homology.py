"""Which sequences are near copies of each other, by the k-mers they share.

Every window of `k` letters is hashed to 64 bits by doubling: the hash of 2m letters comes from two
hashes of m letters, so the cost grows with log(k), and 60-mers cost little more than 10-mers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from helpers.sequences.alphabet import INVALID, Alphabet

BLOCK_LETTERS = 4_000_000
"""Letters hashed at once: bounds the memory for the temporary arrays to about 200 MB."""

_PRIME_A, _PRIME_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_LETTER_HASH = np.random.default_rng(20261120).integers(1, np.iinfo(np.uint64).max, 256, dtype=np.uint64)


class _Block(NamedTuple):
    """Hashes of the windows of some sequences, and where those windows begin."""

    hashes: np.ndarray
    position: np.ndarray
    ends: np.ndarray
    start: int

    def place(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sequence and offset in it of each window."""
        position = self.position[windows]
        index = np.searchsorted(self.ends, position, side="right")
        return index + self.start, position - np.append(0, self.ends)[index]


def kmer_hashes(
    sequences: Sequence[str], *, k: int, alphabet: Alphabet | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Hash of every window of `k` letters, and the sequence that it belongs to.

    Parameters
    ----------
    sequences : sequence of str
        Upper-case sequences of any lengths.
    k : int
        Letters in a window.
    alphabet : Alphabet, optional
        Letters that mean the same (T and U) are then taken as one, and windows with an unknown
        letter are left out: what is unknown is no evidence of a copy. Without one, letters are
        compared as they are.

    Returns
    -------
    hashes : numpy.ndarray, shape=(windows,), dtype=uint64
        Equal windows have equal hashes; different ones differ but for one case in 2 ** 64.
    owner : numpy.ndarray, shape=(windows,), dtype=int64
        Index of the sequence. A sequence shorter than `k` has no window.

    Raises
    ------
    ValueError
        If a letter is not in the alphabet or `k` is below 1.

    Examples
    --------
    >>> hashes, owner = kmer_hashes(["ACGACG", "AC"], k=3)
    >>> owner.tolist(), bool(hashes[0] == hashes[3])
    ([0, 0, 0, 0], True)
    """
    blocks = list(_hash_blocks(sequences, k, alphabet))
    owners = [block.place(np.arange(block.hashes.size))[0] for block in blocks]
    return _all_hashes(blocks), np.concatenate([np.empty(0, np.int64), *owners])


def shares_kmer(
    test: Sequence[str], train: Sequence[str], *, k: int, alphabet: Alphabet | None = None
) -> np.ndarray:
    """Whether each test sequence shares a window of `k` letters with any training sequence.

    Parameters
    ----------
    test, train : sequence of str
        Upper-case sequences.
    k : int
        Letters in a window. A sequence shorter than `k` shares none: compare it for equality.
    alphabet : Alphabet, optional
        As in `kmer_hashes`.

    Returns
    -------
    numpy.ndarray, shape=(n_test,), dtype=bool
        Each hit by hash is verified letter by letter.

    Examples
    --------
    >>> shares_kmer(["GGACGUGG", "CCCCCCCC"], ["UUACGUUU"], k=4).tolist()
    [True, False]
    """
    test, train = _same_letters(test, alphabet), _same_letters(train, alphabet)
    known = np.sort(_all_hashes(_hash_blocks(train, k, alphabet)))
    first: dict[int, tuple[int, str]] = {}
    for block in _hash_blocks(test, k, alphabet):
        hit = np.flatnonzero(_in_sorted(block.hashes, known))
        owner, offset = block.place(hit)
        for at in np.unique(owner, return_index=True)[1]:
            text = test[owner[at]][offset[at] : offset[at] + k]
            first[int(owner[at])] = int(block.hashes[hit[at]]), text
    texts = _texts({value for value, _ in first.values()}, train, k, alphabet)
    found = np.zeros(len(test), dtype=bool)
    for index, (value, text) in first.items():
        # Two windows of one hash are next to impossible; should it happen, the text decides.
        found[index] = texts[value] == text or _shares_text(test[index], train, k, alphabet)
    return found


def homology_groups(
    sequences: Sequence[str],
    *,
    k: int,
    threshold: float = 0.5,
    alphabet: Alphabet | None = None,
    measure: str = "containment",
) -> np.ndarray:
    """Group sequences that share many k-mers, directly or through others.

    Parameters
    ----------
    sequences : sequence of str, length n
        Upper-case sequences; equal ones always share a group.
    k : int
        Letters in a k-mer. Choose it so large that unrelated sequences share next to none: 10 or
        more for RNA and DNA of a few hundred letters, 4 or more for peptides.
    threshold : float
        Two sequences are linked when their similarity is at least this, above 0 and at most 1.
    alphabet : Alphabet, optional
        As in `kmer_hashes`.
    measure : {"containment", "jaccard"}
        Shared k-mers over those of the shorter sequence, or over those of both together
        (doi:10.1109/SEQUEN.1997.666900). Containment also links a fragment to its whole.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        Group of each sequence, numbered in order of first appearance. The groups are the connected
        components of the links, so two members of one group may be less similar than `threshold`,
        and two groups never hold a similar pair. A sequence shorter than `k` is alone.

    Raises
    ------
    ValueError
        If an option is out of range or a letter is not in the alphabet.

    Examples
    --------
    >>> homology_groups(["ACGUACGGA", "UUUUUUUUU", "CGUACGGAC", "UUUUUUUUU"], k=4).tolist()
    [0, 1, 0, 1]
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; expected above 0 and at most 1")
    if measure not in ("containment", "jaccard"):
        raise ValueError(f"measure is {measure!r}; expected 'containment' or 'jaccard'")
    if not len(sequences):
        return np.empty(0, dtype=np.int64)
    codes, distinct = pd.factorize(np.array(_same_letters(sequences, alphabet), dtype=object))
    members = _kmer_sets(list(distinct), k, alphabet)
    sizes = np.asarray(members.sum(axis=1), dtype=np.int64).ravel()
    # A k-mer of one sequence alone links nothing; without those the product is far smaller.
    members = members[:, np.flatnonzero(np.asarray(members.sum(axis=0)).ravel() > 1)]
    links = _links(members.tocsr(), sizes, threshold, measure)
    _, component = connected_components(links, directed=False)
    return pd.factorize(component[codes])[0].astype(np.int64)


def _kmer_sets(sequences: list[str], k: int, alphabet: Alphabet | None) -> sparse.csr_matrix:
    """Membership of each distinct k-mer (column) in each sequence (row)."""
    hashes, owner = kmer_hashes(sequences, k=k, alphabet=alphabet)
    distinct, column = np.unique(hashes, return_inverse=True)
    shape = len(sequences), max(1, distinct.size)
    sets = sparse.csr_matrix((np.ones(column.size, np.int32), (owner, column)), shape=shape)
    sets.data[:] = 1
    return sets


def _links(
    members: sparse.csr_matrix, sizes: np.ndarray, threshold: float, measure: str
) -> sparse.coo_matrix:
    """Pairs of similar rows, found block by block so that no full product is held."""
    n = members.shape[0]
    columns = members.T.tocsr()
    work = np.asarray(members @ np.diff(columns.indptr)).ravel()
    rows, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    # Most pairs share a k-mer or two by chance; they are dropped before anything is computed.
    least = threshold * sizes[sizes > 0].min(initial=1)
    for start, stop in _cuts(work, 20_000_000):
        shared = members[start:stop] @ columns
        shared.data[shared.data < least] = 0
        shared.eliminate_zeros()
        shared = shared.tocoo()
        row, other, common = shared.row + start, shared.col, shared.data
        if measure == "containment":
            whole = np.minimum(sizes[row], sizes[other])
        else:
            whole = sizes[row] + sizes[other] - common
        near = (other > row) & (common >= threshold * whole)
        rows.append(row[near])
        others.append(other[near])
    row, other = np.concatenate(rows), np.concatenate(others)
    return sparse.coo_matrix((np.ones(row.size, np.int8), (row, other)), shape=(n, n))


def _cuts(sizes: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Bounds of successive blocks whose sizes sum to about `most` (at least one item each)."""
    total = np.cumsum(sizes)
    start = 0
    while start < sizes.size:
        before = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + most, side="right")))
        yield start, stop
        start = stop


def _hash_blocks(sequences: Sequence[str], k: int, alphabet: Alphabet | None) -> Iterator[_Block]:
    if k < 1:
        raise ValueError(f"k is {k}; expected at least 1")
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    for start, stop in _cuts(lengths, BLOCK_LETTERS):
        codes = _codes(sequences[start:stop], start, alphabet)
        if codes.size < k:
            continue
        ends = np.cumsum(lengths[start:stop])
        kept = np.ones(codes.size - k + 1, dtype=bool)
        for end in ends[:-1]:
            kept[max(0, end - k + 1) : end] = False
        if alphabet is not None:
            unknown = np.append(0, np.cumsum(codes == alphabet.unknown_code))
            kept &= unknown[k:] == unknown[:-k]
        hashes = _window_hashes(_LETTER_HASH[codes], k)[kept]
        yield _Block(hashes, np.flatnonzero(kept), ends, start)


def _all_hashes(blocks: Iterable[_Block]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.uint64), *(block.hashes for block in blocks)])


def _window_hashes(letters: np.ndarray, k: int) -> np.ndarray:
    """Hash of each window of `k` letters, by the binary digits of `k`."""
    result, length = letters[:0], 0
    power, size = letters, 1
    while k:
        if k & 1:
            result = power if not length else _joined(result, power[length:])
            length += size
        k >>= 1
        if k:
            power = _joined(power, power[size:])
            size *= 2
    return result


def _joined(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Hash of left followed by right; not symmetric, and mixed so that repeats do not cancel."""
    n = min(left.size, right.size)
    mixed = left[:n] ^ (left[:n] >> np.uint64(29))
    mixed *= _PRIME_A
    mixed += right[:n]
    mixed ^= mixed >> np.uint64(32)
    mixed *= _PRIME_B
    return mixed


def _codes(sequences: Sequence[str], start: int, alphabet: Alphabet | None) -> np.ndarray:
    text = "".join(sequences)
    raw = np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8)
    if alphabet is None:
        return raw
    codes = alphabet.table()[raw]
    if (wrong := np.flatnonzero(codes == INVALID)).size:
        position = int(wrong[0])
        ends = np.cumsum([len(sequence) for sequence in sequences])
        index = int(np.searchsorted(ends, position, side="right"))
        offset = position - (int(ends[index - 1]) if index else 0)
        raise ValueError(
            f"sequence {start + index} holds {text[position]!r} at position {offset + 1}; expected "
            f"letters of the {alphabet.name} alphabet ({alphabet.letters}, {alphabet.unknown} for "
            "an unknown one). Clean the sequences with helpers.readers.fasta.clean first"
        )
    return codes


def _same_letters(sequences: Sequence[str], alphabet: Alphabet | None) -> list[str]:
    """Write aliases (T in an RNA) as the letter that they stand for."""
    if alphabet is None or not alphabet.aliases:
        return list(sequences)
    table = str.maketrans(alphabet.aliases)
    return [sequence.translate(table) for sequence in sequences]


def _in_sorted(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    if not known.size:
        return np.zeros(values.size, dtype=bool)
    # Sorted needles walk through the table in order, several times faster than random ones.
    order = np.argsort(values)
    needles = values[order]
    place = np.minimum(np.searchsorted(known, needles), known.size - 1)
    found = np.empty(values.size, dtype=bool)
    found[order] = known[place] == needles
    return found


def _texts(wanted: set[int], sequences: list[str], k: int, alphabet: Alphabet | None) -> dict[int, str]:
    """Text of one window for each wanted hash."""
    if not wanted:
        return {}
    table = np.sort(np.array(list(wanted), dtype=np.uint64))
    texts: dict[int, str] = {}
    for block in _hash_blocks(sequences, k, alphabet):
        hit = np.flatnonzero(_in_sorted(block.hashes, table))
        values, at = np.unique(block.hashes[hit], return_index=True)
        owner, offset = block.place(hit[at])
        for value, index, begin in zip(values.tolist(), owner, offset, strict=True):
            texts[value] = sequences[index][begin : begin + k]
    return texts


def _shares_text(sequence: str, train: list[str], k: int, alphabet: Alphabet | None) -> bool:
    unknown = "" if alphabet is None else alphabet.unknown + alphabet.ambiguous
    windows = {sequence[i : i + k] for i in range(len(sequence) - k + 1)}
    known = [window for window in windows if not set(window) & set(unknown)]
    return any(window in other for window in known for other in train)
