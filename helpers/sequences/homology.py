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

WORDS = {"RNA": (10, 0.15), "DNA": (10, 0.15), "peptide": (4, 0.3)}
"""Letters in a word and share of common words at which copies are linked, by alphabet.

Sequences with 90 % of their letters in common, over their whole length, are linked in at least 99 % of
draws (point changes and gaps) from 114 nt and from 30 residues on, unrelated ones in none; the recall at
other lengths and identities stands in `benchmarks/bench_homology.csv`.
"""

BLOCK_LETTERS = 4_000_000
"""Letters hashed at once: bounds the memory for the temporary arrays to about 200 MB."""

_PRIME_A, _PRIME_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_LETTER_HASH = np.random.default_rng(20261120).integers(1, np.iinfo(np.uint64).max, 256, dtype=np.uint64)


def kmer_hashes(
    sequences: Sequence[str], *, k: int, alphabet: Alphabet | None = None, both_strands: bool | None = None
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
    hashes, owners = zip(none, *_hash_blocks(sequences, k, alphabet, both_strands), strict=True)
    return np.concatenate(hashes), np.concatenate(owners)


def shares_kmer(
    test: Sequence[str], train: Sequence[str], *, k: int, alphabet: Alphabet | None = None,
    both_strands: bool | None = None,
) -> np.ndarray:  # fmt: skip
    """Whether each test sequence shares a window of `k` letters with any training sequence.

    A sequence shorter than `k` shares none: compare it for equality. `alphabet` and
    `both_strands` as in `kmer_hashes`.

    Returns
    -------
    numpy.ndarray, shape=(n_test,), dtype=bool

    Examples
    --------
    >>> shares_kmer(["GGACGUGG", "CCCCCCCC"], ["UUACGUUU"], k=4).tolist()
    [True, False]
    """
    known = np.sort(kmer_hashes(train, k=k, alphabet=alphabet, both_strands=both_strands)[0])
    found = np.zeros(len(test), dtype=bool)
    for hashes, owner in _hash_blocks(test, k, alphabet, both_strands):
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
    alphabet: Alphabet | None = None,
    k: int | None = None,
    threshold: float | None = None,
    measure: str = "containment",
    both_strands: bool | None = None,
) -> np.ndarray:
    """Group sequences that share many k-mers, directly or through others.

    Parameters
    ----------
    sequences : sequence of str, length n
        Upper-case sequences; equal ones always share a group.
    alphabet, both_strands
        As in `kmer_hashes`.
    k : int, optional
        Letters in a k-mer, by default those of `WORDS`. Choose it so large that unrelated sequences
        share next to none.
    threshold : float, optional
        Two sequences are linked when their similarity is at least this, above 0 and at most 1; by
        default that of `WORDS`.
    measure : {"containment", "jaccard"}
        Shared k-mers over those of the shorter sequence, or over those of both together
        (doi:10.1109/SEQUEN.1997.666900). Containment also links a fragment to its whole.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        Group of each sequence, numbered in order of first appearance. The groups are the connected
        components of the links, so two members of one group may be less similar than `threshold`,
        and two groups never hold a similar pair. A sequence shorter than `k` is alone.

    Notes
    -----
    These are near copies. At 80 % identity nucleotides are linked in one draw in five at most and
    peptides in nine in ten, at 50 % neither ever is: `helpers.sequences.alignment.families` aligns.

    Examples
    --------
    >>> homology_groups(["ACGUACGGA", "UUUUUUUUU", "CGUACGGAC", "UUUUUUUUU"], k=4, threshold=0.5).tolist()
    [0, 1, 0, 1]
    """
    usual = WORDS.get(alphabet.name if alphabet else "", (None, 0.5))
    k, threshold = usual[0] if k is None else k, usual[1] if threshold is None else threshold
    if k is None:
        raise ValueError(
            "k is missing; expected the letters of a word where the alphabet is not one of WORDS"
        )
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; expected above 0 and at most 1")
    if measure not in ("containment", "jaccard"):
        raise ValueError(f"measure is {measure!r}; expected 'containment' or 'jaccard'")
    if not len(sequences):
        return np.empty(0, dtype=np.int64)
    codes, texts = distinct(sequences, alphabet)
    members = _kmer_sets(texts, k, alphabet, both_strands)
    sizes = np.diff(members.indptr).astype(np.int64)
    links = [np.empty((2, 0), np.int64)]
    # Most pairs share a k-mer or two by chance; they are dropped before anything is computed.
    for row, other, common in _shared(members, threshold * sizes):
        if measure == "containment":
            whole = np.minimum(sizes[row], sizes[other])
        else:
            whole = sizes[row] + sizes[other] - common
        links.append(np.stack([row, other])[:, common >= threshold * whole])
    ends = np.concatenate(links, axis=1)
    graph = sparse.coo_matrix((np.ones(ends.shape[1], np.int8), tuple(ends)), shape=(len(texts),) * 2)
    _, component = connected_components(graph, directed=False)
    return pd.factorize(component[codes])[0].astype(np.int64)


def distinct(sequences: Sequence[str], alphabet: Alphabet | None) -> tuple[np.ndarray, list[str]]:
    """Number of each sequence among the distinct ones, and those; aliases (T in an RNA) are one letter."""
    table = str.maketrans(alphabet.aliases if alphabet else {})
    same = [sequence.translate(table) for sequence in sequences]
    codes, texts = pd.factorize(np.array(same, dtype=object))
    return codes, list(texts)


def shared_words(
    sequences: Sequence[str], *, k: int, least: int = 1, alphabet: Alphabet | None = None,
    both_strands: bool | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:  # fmt: skip
    """Pairs with at least `least` distinct words in common: first, second (a later one), and how many.

    All pairs of one first sequence stand in one block.
    """
    return _shared(_kmer_sets(list(sequences), k, alphabet, both_strands), np.full(len(sequences), least))


def _kmer_sets(
    sequences: list[str], k: int, alphabet: Alphabet | None, both_strands: bool | None
) -> sparse.csr_matrix:
    """Membership of each distinct k-mer (column) in each sequence (row)."""
    hashes, owner = kmer_hashes(sequences, k=k, alphabet=alphabet, both_strands=both_strands)
    column, words = pd.factorize(hashes)
    shape = len(sequences), max(1, words.size)
    sets = sparse.csr_matrix((np.ones(column.size, np.int32), (owner, column)), shape=shape)
    sets.data[:] = 1
    return sets


def _shared(
    members: sparse.csr_matrix, least: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    from helpers.sequences.pairs import pairs_in_common  # compiles; most that import this need no pairs

    return pairs_in_common(members, least)


def _hash_blocks(
    sequences: Sequence[str], k: int, alphabet: Alphabet | None, both_strands: bool | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Hashes of the windows of some sequences at a time, and the sequence of each."""
    if k < 1:
        raise ValueError(f"k is {k}; expected at least 1")
    if both_strands is None:
        both_strands = alphabet is not None and alphabet.double_stranded
    if both_strands and (alphabet is None or not alphabet.complements):
        name = alphabet.name if alphabet else "no alphabet"
        raise ValueError(
            f"both_strands was asked for with {name}; expected DNA or RNA, which have complements"
        )
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
        hashes = _window_hashes(_LETTER_HASH[codes], k)
        if alphabet is not None and both_strands:
            turned = _complement_codes(alphabet)[codes[::-1]]
            np.minimum(hashes, _window_hashes(_LETTER_HASH[turned], k)[::-1], out=hashes)
        yield hashes[kept], owner[: kept.size][kept]


def _complement_codes(alphabet: Alphabet) -> np.ndarray:
    """Code of the complement of each code."""
    return alphabet.encode(alphabet.complement(alphabet.letters + alphabet.unknown))


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
