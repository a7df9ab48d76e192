"""Which sequences are near copies of each other, by the k-mers they share.

Every window of `k` letters is hashed to 64 bits by doubling: the hash of 2m letters comes from two
hashes of m letters, so the cost grows with log(k), and 60-mers cost little more than 10-mers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from helpers.sequences.alphabet import Alphabet
from helpers.sequences.encoding import blocks, flat_codes

BLOCK_LETTERS = 4_000_000
"""Letters hashed at once: bounds the memory for the temporary arrays to about 200 MB."""

_PRIME_A, _PRIME_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_LETTER_HASH = np.random.default_rng(20261120).integers(1, np.iinfo(np.uint64).max, 256, dtype=np.uint64)


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

    Examples
    --------
    >>> hashes, owner = kmer_hashes(["ACGACG", "AC"], k=3)
    >>> owner.tolist(), bool(hashes[0] == hashes[3])
    ([0, 0, 0, 0], True)
    """
    none = np.empty(0, np.uint64), np.empty(0, np.int64)
    hashes, owners = zip(none, *_hash_blocks(sequences, k, alphabet), strict=True)
    return np.concatenate(hashes), np.concatenate(owners)


def shares_kmer(
    test: Sequence[str], train: Sequence[str], *, k: int, alphabet: Alphabet | None = None
) -> np.ndarray:
    """Whether each test sequence shares a window of `k` letters with any training sequence.

    A sequence shorter than `k` shares none: compare it for equality. `alphabet` as in `kmer_hashes`.

    Returns
    -------
    numpy.ndarray, shape=(n_test,), dtype=bool

    Examples
    --------
    >>> shares_kmer(["GGACGUGG", "CCCCCCCC"], ["UUACGUUU"], k=4).tolist()
    [True, False]
    """
    known = np.sort(kmer_hashes(train, k=k, alphabet=alphabet)[0])
    found = np.zeros(len(test), dtype=bool)
    for hashes, owner in _hash_blocks(test, k, alphabet):
        # Sorted needles walk through the table in order, several times faster than random ones.
        order = np.argsort(hashes)
        needles = hashes[order]
        place = np.searchsorted(known, needles)
        hit = place < known.size
        hit[hit] = known[place[hit]] == needles[hit]
        found[owner[order[hit]]] = True
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
    # Aliases (T in an RNA) are written as the letter that they stand for, so that copies are one.
    table = str.maketrans(alphabet.aliases if alphabet else {})
    same = [sequence.translate(table) for sequence in sequences]
    codes, distinct = pd.factorize(np.array(same, dtype=object))
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
    for start, stop in blocks(work, 20_000_000):
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


def _hash_blocks(
    sequences: Sequence[str], k: int, alphabet: Alphabet | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Hashes of the windows of some sequences at a time, and the sequence of each."""
    if k < 1:
        raise ValueError(f"k is {k}; expected at least 1")
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    for start, stop in blocks(lengths, BLOCK_LETTERS):
        part = sequences[start:stop]
        if alphabet is None:
            codes = np.frombuffer("".join(part).encode("latin-1", "replace"), dtype=np.uint8)
        else:
            codes = flat_codes(part, alphabet, first=start)
        if codes.size < k:
            continue
        owner = np.repeat(np.arange(start, stop), lengths[start:stop])
        kept = owner[k - 1 :] == owner[: codes.size - k + 1]
        if alphabet is not None:
            unknown = np.append(0, np.cumsum(codes == alphabet.unknown_code))
            kept &= unknown[k:] == unknown[:-k]
        yield _window_hashes(_LETTER_HASH[codes], k)[kept], owner[: kept.size][kept]


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
