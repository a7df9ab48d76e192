"""Shared k-mers against plain Python sets, groups against a plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.sequences import homology
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA

TEXTS = st.lists(st.text("ACG", min_size=1, max_size=14), min_size=1, max_size=8)


def windows(sequence, k):
    return {sequence[i : i + k] for i in range(len(sequence) - k + 1)}


@settings(max_examples=100)
@given(TEXTS, st.integers(1, 9))
def test_hashes_are_equal_where_windows_are(sequences, k):
    hashes, owner = homology.kmer_hashes(sequences, k=k)
    texts = [s[i : i + k] for s in sequences for i in range(len(s) - k + 1)]
    assert len(texts) == hashes.size
    assert owner.tolist() == [j for j, s in enumerate(sequences) for _ in range(max(0, len(s) - k + 1))]
    assert len(set(texts)) == len(set(hashes.tolist()))
    assert len(set(zip(texts, hashes.tolist(), strict=True))) == len(set(texts))


@settings(max_examples=100)
@given(TEXTS, TEXTS, st.integers(1, 9))
def test_shared_kmers(test, train, k):
    known = set().union(*(windows(sequence, k) for sequence in train))
    expected = [bool(windows(sequence, k) & known) for sequence in test]
    assert homology.shares_kmer(test, train, k=k).tolist() == expected


def test_blocks_give_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    sequences = ["".join(row) for row in np.array(list("ACGU"))[rng.integers(4, size=(40, 30))]]
    whole = homology.kmer_hashes(sequences, k=7)
    shared = homology.shares_kmer(sequences, sequences[::-3], k=12, alphabet=RNA)
    monkeypatch.setattr(homology, "BLOCK_LETTERS", 50)
    for one, other in zip(whole, homology.kmer_hashes(sequences, k=7), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        shared, homology.shares_kmer(sequences, sequences[::-3], k=12, alphabet=RNA)
    )


def test_alphabet_joins_letters_and_skips_the_unknown():
    assert homology.shares_kmer(["ACGT"], ["ACGU"], k=4, alphabet=RNA).all()
    assert not homology.shares_kmer(["ACGT"], ["ACGU"], k=4).any()
    assert not homology.shares_kmer(["ACNU"], ["ACNU"], k=4, alphabet=RNA).any()
    assert homology.shares_kmer(["ACNU"], ["ACNU"], k=4).all()


def turned(sequence):
    return DNA.complement(sequence)[::-1]


@settings(max_examples=100)
@given(st.lists(st.text("ACGTN", min_size=1, max_size=14), min_size=1, max_size=8), st.integers(1, 9))
def test_both_strands_of_dna_are_one(sequences, k):
    hashes, owner = homology.kmer_hashes(sequences, k=k, alphabet=DNA)
    back, back_owner = homology.kmer_hashes([turned(s) for s in sequences], k=k, alphabet=DNA)
    for number in range(len(sequences)):
        assert hashes[owner == number].tolist() == back[back_owner == number][::-1].tolist()
    texts = [s[i : i + k] for s in sequences for i in range(len(s) - k + 1)]
    canonical = [min(text, turned(text)) for text in texts if "N" not in text]
    assert len(set(canonical)) == len(set(hashes.tolist()))
    assert len(set(zip(canonical, hashes.tolist(), strict=True))) == len(set(canonical))


def test_strands_by_alphabet():
    one, other = "AACCGATTTC", turned("AACCGATTTC")
    assert homology.shares_kmer([one], [other], k=8, alphabet=DNA).all()
    assert not homology.shares_kmer([one], [other], k=8, alphabet=DNA, both_strands=False).any()
    assert not homology.shares_kmer([one], [other], k=8, alphabet=RNA).any()
    assert homology.shares_kmer([one], [other], k=8, alphabet=RNA, both_strands=True).all()
    assert not homology.shares_kmer([one], [other], k=8).any()
    assert homology.homology_groups([one, other], k=5, threshold=1, alphabet=DNA).tolist() == [0, 0]
    assert homology.homology_groups([one, other], k=5, threshold=1, alphabet=RNA).tolist() == [0, 1]


@pytest.mark.parametrize(("alphabet", "length"), [(DNA, 114), (DNA, 200), (RNA, 1000), (PEPTIDE, 60)])
def test_copies_of_90_percent_identity_are_linked(alphabet, length):
    rng = np.random.default_rng(0)
    letters = np.array(list(alphabet.letters))
    sequences = []
    for _ in range(300):
        text = letters[rng.integers(letters.size, size=length)]
        copy = text.copy()
        for place in rng.choice(length, length // 10, replace=False):
            copy[place] = rng.choice(letters[letters != text[place]])
        sequences += ["".join(text), "".join(copy)]
    found = homology.homology_groups(sequences, alphabet=alphabet)
    assert (found[::2] == found[1::2]).mean() >= 0.99
    assert np.unique(found).size >= 300


def plain_groups(sequences, k, threshold, measure):
    sets = [windows(sequence, k) for sequence in sequences]
    group = list(range(len(sequences)))
    for i in range(len(sequences)):
        for j in range(i):
            common = len(sets[i] & sets[j])
            whole = min(len(sets[i]), len(sets[j])) if measure == "containment" else len(sets[i] | sets[j])
            if sequences[i] == sequences[j] or (whole and common and common >= threshold * whole):
                group = [group[j] if value == group[i] else value for value in group]
    first = {value: place for place, value in enumerate(dict.fromkeys(group))}
    return [first[value] for value in group]


@settings(max_examples=100)
@given(
    TEXTS, st.integers(1, 5), st.sampled_from([0.2, 0.5, 1.0]), st.sampled_from(["containment", "jaccard"])
)
def test_groups(sequences, k, threshold, measure):
    found = homology.homology_groups(sequences, k=k, threshold=threshold, measure=measure)
    assert found.dtype == np.int64
    assert found.tolist() == plain_groups(sequences, k, threshold, measure)


def test_families_are_found():
    rng = np.random.default_rng(1)
    codes = np.repeat(rng.integers(20, size=(30, 120)), 5, axis=0)
    changed = rng.random(codes.shape) < 0.1
    codes[changed] = rng.integers(20, size=changed.sum())
    sequences = ["".join(row) for row in np.array(list(PEPTIDE.letters))[codes]]
    groups = homology.homology_groups(sequences, k=4, threshold=0.25, alphabet=PEPTIDE)
    assert groups.tolist() == np.repeat(np.arange(30), 5).tolist()


def test_edges():
    assert homology.homology_groups([], k=3).tolist() == []
    assert homology.homology_groups(["AC", "AC", "GU"], k=3).tolist() == [0, 0, 1]
    assert homology.homology_groups(["ACT", "ACU"], k=9, alphabet=RNA).tolist() == [0, 0]
    assert homology.shares_kmer(["AC"], ["ACGU"], k=3).tolist() == [False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: homology.kmer_hashes(["A"], k=0), "k is 0; expected at least 1"),
        (
            lambda: homology.kmer_hashes(["ACGU", "AC-U"], k=2, alphabet=RNA),
            "sequence 1, position 3 holds '-'; expected RNA letters ACGU or N",
        ),
        (lambda: homology.homology_groups(["A"], k=1, threshold=0), "threshold is 0; expected"),
        (lambda: homology.homology_groups(["A"], k=1, measure="x"), "measure is 'x'"),
        (lambda: homology.homology_groups(["A"]), "k is missing"),
        (lambda: homology.kmer_hashes(["A"], k=1, both_strands=True), "both_strands .* no alphabet"),
        (
            lambda: homology.kmer_hashes(["A"], k=1, alphabet=PEPTIDE, both_strands=True),
            "both_strands .* peptide; expected DNA",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
