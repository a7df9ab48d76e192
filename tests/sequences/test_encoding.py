"""Encoders and k-mers, against answers worked out by hand and against themselves."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA, PAD, PEPTIDE, RNA, Alphabet

ALPHABETS = [DNA, RNA, PEPTIDE]
rna_texts = st.lists(st.text("ACGUN", max_size=30), max_size=8)


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda a: a.name)
def test_letters_are_one_hot_in_the_order_of_the_alphabet(alphabet):
    X = encoding.one_hot([alphabet.letters], alphabet)
    assert X.dtype == np.float32
    assert np.array_equal(X[0], np.eye(alphabet.size))


def test_pieces_of_a_large_batch_fit_together():
    codes = np.random.default_rng(0).integers(4, size=(5, 30_000))
    texts = ["".join(row) for row in np.array(list(DNA.letters))[codes]]
    assert np.array_equal(encoding.one_hot(texts, DNA), np.eye(4)[codes])


def test_unknown_is_uniform_and_padding_is_zero():
    X = encoding.one_hot(["ANC", "G"], RNA, length=4)
    assert X.shape == (2, 4, 4)
    assert X[0, 1].tolist() == [0.25] * 4
    assert (X.sum(axis=-1) > 0).tolist() == [[True] * 3 + [False], [True] + [False] * 3]


def test_aliases_and_ambiguity():
    assert encoding.encode_batch(["TURY"], RNA).tolist() == [[3, 3, 4, 4]]
    assert encoding.encode_batch(["U"], DNA).tolist() == [[3]]
    assert encoding.encode_batch(["XBU"], PEPTIDE).tolist() == [[20, 20, 20]]


@given(rna_texts)
def test_round_trip_rna(texts):
    assert encoding.decode(encoding.one_hot(texts, RNA), RNA) == texts


@given(st.lists(st.text("ACGTNU", max_size=30), max_size=8))
def test_round_trip_with_both_t_and_u(texts):
    back = encoding.decode(encoding.one_hot(texts, DNA), DNA)
    assert back == [text.replace("U", "T") for text in texts]


@given(st.lists(st.text(PEPTIDE.letters + "X", max_size=30), max_size=8), st.integers(30, 40))
def test_round_trip_peptide_with_padding(texts, length):
    X = encoding.one_hot(texts, PEPTIDE, length=length)
    assert X.shape == (len(texts), length, 20)
    assert encoding.decode(X, PEPTIDE) == texts
    codes = encoding.encode_batch(texts, PEPTIDE, length=length)
    assert np.array_equal(encoding.from_codes(codes, PEPTIDE), X)


@given(rna_texts)
def test_batch_agrees_with_the_alphabet(texts):
    codes = encoding.encode_batch(texts, RNA)
    for row, text in zip(codes, texts, strict=True):
        assert row[: len(text)].tolist() == RNA.encode(text).tolist()
        assert (row[len(text) :] == PAD).all()


def test_takes_columns_of_pandas():
    column = pd.Series(["ACGU", "CC"], index=[5, 9])
    assert encoding.encode_batch(column, RNA).shape == (2, 4)


def test_no_sequences_and_empty_sequences():
    assert encoding.one_hot([], RNA).shape == (0, 0, 4)
    assert encoding.one_hot([], RNA, length=3).shape == (0, 3, 4)
    assert encoding.one_hot(["", ""], RNA).shape == (2, 0, 4)
    assert encoding.kmer_counts([], 2, RNA).shape == (0, 16)
    assert encoding.kmer_counts(["", "A"], 2, RNA).tolist() == [[0.0] * 16] * 2


def test_truncate():
    assert encoding.decode(encoding.one_hot(["ACGU"], RNA, length=2, truncate=True), RNA) == ["AC"]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        (["AC", "ACGU"], {"length": 3}, r"sequence 1 has 4 letters; expected at most length=3"),
        (["AC"], {"length": -1}, "length is -1; expected 0 or more"),
        (["ACG", "A-G"], {}, r"sequence 1, position 2 holds '-'; expected RNA letters ACGU"),
        (["ACG", "", "GéC"], {}, r"sequence 2, position 2 holds 'é'"),
        (["AC\u4e00"], {}, "position 3 holds '\u4e00'"),
        (["acg"], {}, "position 1 holds 'a'"),
        (["A", None], {}, r"sequence 1 is None \(NoneType\); expected text"),
        (["A", float("nan")], {}, r"sequence 1 is nan \(float\)"),
        ("ACGU", {}, r"sequences is one text \('ACGU'\); expected a list"),
    ],
)
def test_bad_sequences(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        encoding.encode_batch(sequences, RNA, **options)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.array([[0, 7]]), r"code 7 at index \(0, 1\) is none of RNA's"),
        (np.array([[-1]]), "code -1 at index"),
        (np.array([[0.5]]), "codes have dtype float64; expected integers"),
    ],
)
def test_bad_codes(codes, message):
    with pytest.raises(ValueError, match=message):
        encoding.from_codes(codes, RNA)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3)), r"X has shape \(2, 3\); expected \(n, length, 4\)"),
        (np.zeros((1, 2, 20)), r"expected \(n, length, 4\) for RNA"),
        (np.array([[[0.9, 0.1, 0, 0]]]), r"row 0, position 0 of X is \[0.9, 0.1"),
        (np.array([[[1.0, 1.0, 0, 0]]]), "expected a one-hot, a uniform or a zero row"),
        (np.full((1, 1, 4), np.nan), "row 0, position 0 of X is"),
        (np.array([[[0, 0, 0, 0], [1.0, 0, 0, 0]]]), "row 0 of X has padding before a residue"),
    ],
)
def test_bad_arrays(X, message):
    with pytest.raises(ValueError, match=message):
        encoding.decode(X, RNA)


def test_reverse_complement():
    assert encoding.reverse_complement("AACGN", RNA) == "NCGUU"
    assert encoding.reverse_complement("GATTACA", DNA) == "TGTAATC"
    assert encoding.reverse_complement(pd.Series(["AAC", "N"], index=[3, 4]), RNA) == ["GUU", "N"]
    assert encoding.reverse_complement("RYSWKMBDHV", DNA) == "BDHVKMWSRY"
    with pytest.raises(ValueError, match="no complement"):
        encoding.reverse_complement("MKV", PEPTIDE)
    with pytest.raises(ValueError, match="position 2 holds '-'"):
        encoding.reverse_complement("A-", RNA)


@given(st.text("ACGTNRYSWKMBDHV", max_size=50))
def test_reverse_complement_twice_is_the_sequence(text):
    twice = encoding.reverse_complement(encoding.reverse_complement(text, DNA), DNA)
    assert twice == text


def test_kmer_counts_by_hand():
    counts = pd.DataFrame(
        encoding.kmer_counts(["ACACG", "NACN", "UU"], 2, RNA), columns=encoding.kmers(2, RNA)
    )
    assert counts.dtypes.eq("float32").all()
    assert counts.loc[0][counts.loc[0] > 0].to_dict() == {"AC": 2, "CA": 1, "CG": 1}
    assert counts.loc[1][counts.loc[1] > 0].to_dict() == {"AC": 1}
    assert counts.loc[2][counts.loc[2] > 0].to_dict() == {"UU": 1}


@given(rna_texts, st.integers(1, 4))
def test_kmer_counts_against_counting(texts, k):
    counts = encoding.kmer_counts(texts, k, RNA)
    names = encoding.kmers(k, RNA)
    for row, text in zip(counts, texts, strict=True):
        windows = [text[i : i + k] for i in range(len(text) - k + 1)]
        words = Counter(word for word in windows if "N" not in word)
        assert {n: c for n, c in zip(names, row.tolist(), strict=True) if c} == words


def test_kmer_counts_in_blocks_are_the_same(monkeypatch):
    texts = ["ACGU" * n for n in range(12)]
    whole = encoding.kmer_counts(texts, 3, RNA)
    monkeypatch.setattr(encoding, "_CELLS_AT_ONCE", 150)
    assert np.array_equal(encoding.kmer_counts(texts, 3, RNA), whole)


def test_kmer_frequencies_sum_to_one_or_nothing():
    X = encoding.kmer_counts(["ACGUA", "NNN"], 2, RNA, frequencies=True)
    assert X.sum(axis=1).tolist() == [1.0, 0.0]


def test_kmers_of_a_reduced_alphabet():
    reduced = Alphabet("two classes", "AB", "X", aliases={"C": "A", "D": "B"})
    assert encoding.kmer_counts(["ACDB"], 1, reduced).tolist() == [[2.0, 2.0]]


def test_k_below_one():
    with pytest.raises(ValueError, match="k is 0; expected 1 or more"):
        encoding.kmer_counts(["ACGU"], 0, RNA)
    with pytest.raises(ValueError, match="k is 0"):
        encoding.kmers(0, RNA)


def test_gc_content():
    result = encoding.gc_content(["GGCC", "AUGC", "NNG", "N", ""], RNA)
    assert result[:3].tolist() == [1.0, 0.5, 1.0]
    assert np.isnan(result[3:]).all()
    with pytest.raises(ValueError, match="peptide sequences have no GC content"):
        encoding.gc_content(["MKV"], PEPTIDE)
