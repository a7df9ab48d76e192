"""The spectrum of a codebook: hand-made tables with known answers, properties, every raise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import specificity, spectrum

CODES = np.array([[0, 0, 1], [0, 1, 1], [3, 3, 3], [3, 1, 1], [1, 1, 1], [0, 1, 3]])
GROUPS = ["a", "a", "b", "b", "a", "b"]
LABELS = [1, 1, 1, 1, 0, 0]


def toy():
    return spectrum.spectrum(spectrum.count_matrix(CODES, 5), GROUPS, LABELS)


def both_tests(codes, of, y, order, n_codes=5):
    options = {"order": order, "permutations": 99}
    return (
        specificity.between_groups(spectrum.count_matrix(codes, n_codes), of, y, **options),
        specificity.against_negatives(specificity.by_place(codes, n_codes), of, y, **options),
    )


def test_tf_idf_by_hand():
    found = toy()
    assert found.groups == ["a", "b"]
    assert found.tf.tolist() == [[1.5, 0.0], [1.5, 1.0], [0, 0], [0.0, 2.0], [0, 0]]
    assert found.tf_negative.tolist() == [[0, 1], [3, 1], [0, 0], [0, 1], [0, 0]]
    assert found.df.tolist() == [2, 3, 0, 2, 0]
    assert found.n.tolist() == [2, 2]
    assert np.allclose(found.idf, np.log(5 / np.array([3, 4, 1, 3, 1])) + 1)
    assert np.isclose(found.tf_idf[0, 0], 1.5 * (np.log(5 / 3) + 1))


def test_unused_codes_keep_their_numbers_and_finite_rows():
    found = toy()
    table = spectrum.sorted_table(found, *both_tests(CODES, GROUPS, LABELS, ["a", "b"]))
    assert sorted(table["code"]) == [0, 1, 2, 3, 4]
    unused = table[~table["used"]]
    assert unused["code"].tolist() == [2, 4]
    assert unused.index.tolist() == [3, 4], "they stand last"
    assert unused["primary"].tolist() == ["", ""]
    numbers = table.drop(columns=["primary", "consensus"]).astype(float)
    assert np.isfinite(numbers).all(axis=None)
    assert unused[["a", "b"]].to_numpy().tolist() == [[0, 0], [0, 0]]
    assert unused[["p", "q", "p_between", "p_label"]].to_numpy().min() == 1


def test_table_is_sorted_by_primary_then_score():
    table = spectrum.sorted_table(toy(), *both_tests(CODES, GROUPS, LABELS, ["a", "b"]))
    assert table["primary"].tolist() == ["a", "b", "b", "", ""]
    assert table["code"].tolist() == [0, 3, 1, 2, 4]
    first = table.iloc[0]
    assert first["specificity"] == 1.0
    assert np.isclose(first["score"], 1.5 * (np.log(5 / 3) + 1))
    assert first["tf_positive"] == 1.5
    assert first["tf_negative"] == 0.0


def test_a_group_without_negatives_has_nan_and_is_not_tested():
    codes = np.array([[0, 1], [1, 1]])
    assert np.isnan(spectrum.spectrum(spectrum.count_matrix(codes, 2), ["a", "b"], [1, 1]).tf_negative).all()
    _, within = both_tests(codes, ["a", "b"], [1, 1], ["a", "b"], 2)
    assert within.p.min() == within.q.min() == 1


@settings(max_examples=30)
@given(arrays(np.int64, (6, 4), elements=st.integers(0, 6)))
def test_counts_keep_every_token(codes):
    table = spectrum.count_matrix(codes, 9)
    assert table.shape == (6, 9)
    assert (table.sum(axis=1) == 4).all()
    found = spectrum.spectrum(table, list("aabbcc"), [1] * 6)
    assert np.isfinite(found.tf_idf).all()
    assert np.allclose(found.tf.sum(axis=0), 4)
    assert ((found.tf.sum(axis=1) > 0) == found.used).all()


@settings(max_examples=40)
@given(arrays(float, (4, 5), elements=st.just(0.0) | st.floats(1e-6, 10)), st.floats(0.1, 10))
def test_tau_is_a_share_and_knows_no_scale(tf, factor):
    value = spectrum.tau(tf)
    assert ((value >= 0) & (value <= 1 + 1e-9)).all()
    assert np.allclose(value, spectrum.tau(tf * factor))


def test_ppm_of_code_windows_is_exact():
    codes_of = RNA.letters.index
    text = ["GGACUAA", "CCACUUU"]
    X = np.eye(4, dtype=np.float32)[[[codes_of(c) for c in one] for one in text]]
    starts = [-1, 2, 5]
    codes = [[0, 1, 0], [2, 1, 2]]
    ppm, n = spectrum.code_ppm(X, codes, starts, n_codes=4, width=5)
    assert n.tolist() == [2, 2, 2, 0]
    # Token 1 covers positions 2 to 4; its stretch is 1 to 5: GACUA and CACUU.
    assert ppm[1].tolist() == [
        [0, 0.5, 0.5, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0.5, 0, 0, 0.5],
    ]  # fmt: skip
    # Token 0 of the first window reaches from -2 to 2: the first two places are padding there.
    assert ppm[0][0].tolist() == [0, 0, 0, 1], "only token 2, positions 4 to 8, has a letter"
    assert ppm[3].tolist() == [[0.25] * 4] * 5


def test_unknown_letters_do_not_count():
    X = np.full((1, 3, 4), 0.25, dtype=np.float32)
    X[0, 1] = [1, 0, 0, 0]
    ppm, n = spectrum.code_ppm(X, [[0]], [0], n_codes=1, width=3)
    assert ppm[0].tolist() == [[0.25] * 4, [1, 0, 0, 0], [0.25] * 4]
    assert n.tolist() == [1]


def test_profile_counts_by_group_and_label():
    where = spectrum.profile(CODES == 3, GROUPS, LABELS, order=["b", "a"], starts=[0, 3, 6], site=4)
    own = where[(where["group"] == "b") & (where["label"] == 1)]
    assert own["position"].tolist() == [-3, 0, 3]
    assert own["share"].tolist() == [1.0, 0.5, 0.5]
    assert own["n"].tolist() == [2, 2, 2]
    assert where[where["group"] == "a"]["share"].sum() == 0
    alone = spectrum.profile(CODES == 3, GROUPS, [1] * 6, order=["a"], starts=[0, 3, 6], site=4)
    assert alone[alone["label"] == 0]["share"].isna().all()


@settings(max_examples=40)
@given(arrays(float, (7, 4), elements=st.floats(0.01, 1)), st.integers(1, 9))
def test_core_keeps_the_best_position_and_enough(given_table, shortest):
    ppm = given_table / given_table.sum(axis=1, keepdims=True)
    part = spectrum.core(ppm, shortest=shortest)
    assert 0 <= part.start < part.stop <= 7
    assert part.stop - part.start >= min(shortest, 7)
    bits = spectrum.information(ppm)
    if bits.max() >= 0.25:
        assert part.start <= bits.argmax() < part.stop


def test_known_sites_are_probabilities_with_sources():
    library = spectrum.known_motifs()
    assert len({motif.id for motif in library}) == len(library)
    for motif in library:
        assert np.allclose(motif.ppm.sum(axis=1), 1)
        assert "doi:10." in motif.family
    drach = {motif.id: motif for motif in library}["m6A-DRACH"].ppm
    assert spectrum.consensus(drach, RNA) == "..AC."
    assert np.allclose(drach[4], [0.97 / 3, 0.97 / 3, 0.03, 0.97 / 3])


COUNTED = spectrum.count_matrix(CODES, 5)
RAISES = {
    "whole numbers": lambda: spectrum.count_matrix(np.ones((2, 2)), 5),
    "code 3 is not in a codebook of 3": lambda: spectrum.count_matrix(CODES, 3),
    "code -1 is not in": lambda: spectrum.count_matrix([[-1, 0]], 3),
    "one group and one label a window": lambda: spectrum.spectrum(COUNTED, GROUPS, [1, 0]),
    "neither 0 nor 1": lambda: spectrum.spectrum(COUNTED, GROUPS, [2] * 6),
    "group 'z' has no positive window; leave": lambda: spectrum.spectrum(
        COUNTED, GROUPS, LABELS, order=["a", "z"]
    ),
    "two groups or more": lambda: spectrum.tau([[1.0]]),
    "negative or not finite": lambda: spectrum.tau([[1.0, -1.0]]),
    r"expected \(n, length, letters\)": lambda: spectrum.code_ppm(
        np.zeros((2, 6, 4)), CODES, [0, 3], n_codes=5, width=3
    ),
    "expected an odd number of nt": lambda: spectrum.code_ppm(
        np.zeros((6, 9, 4)), CODES, [0, 3, 6], n_codes=5, width=4
    ),
    "holds X; expected letters": lambda: spectrum.from_consensus("AXA"),
    "holds ''": lambda: spectrum.from_consensus(""),
}  # fmt: skip


@pytest.mark.parametrize("message", RAISES)
def test_raises(message):
    with pytest.raises(ValueError, match=message):
        RAISES[message]()
