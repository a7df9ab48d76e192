"""Which codes go with a modification: what is planted is found, what chance and composition make is not."""

import numpy as np
import pytest

from helpers.tracks.rna_modification import network, specificity, spectrum

ORDER = ["a", "b", "c"]


def both(codes, of, y, *, n_codes, strata=None, permutations=499, order=ORDER):
    options = {"order": order, "permutations": permutations}
    return (
        specificity.between_groups(spectrum.count_matrix(codes, n_codes), of, y, **options),
        specificity.against_negatives(specificity.by_place(codes, n_codes), of, y, strata=strata, **options),
    )


def table_of(codes, of, y, **options):
    counts = spectrum.count_matrix(codes, options["n_codes"])
    tests = both(codes, of, y, **options)
    return spectrum.sorted_table(spectrum.spectrum(counts, of, y, order=options.get("order", ORDER)), *tests)


def windows(n=40, tokens=9, n_codes=6, seed=0):
    """Windows of three groups in which the codes 2 and above are drawn without regard to either."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(2, n_codes - 1, (6 * n, tokens))
    return codes, np.repeat(ORDER, 2 * n), np.tile(np.repeat([1, 0], n), 3), rng


def planted(**options):
    """Code 0 in the positives of a alone, code 1 in all windows of b, 5 in none."""
    codes, of, y, rng = windows(**options)
    for code, own in ((0, (of == "a") & (y == 1)), (1, of == "b")):
        rows = rng.random(len(y)) < np.where(own, 0.9, 0.1)
        codes[rows, rng.integers(0, 4, rows.sum()) + 4 * code] = code
    return codes, of, y


def test_permutations_tell_what_is_planted():
    codes, of, y = planted()
    between, within = both(codes, of, y, n_codes=6)
    assert between.p[0, 0] == between.p[1, 1] == within.p[0, 0] == 1 / 500
    assert within.p[1, 1] > 0.05, "b's code stands in b's negatives as well"
    assert (between.p[5] == 1).all(), "unused"
    found = table_of(codes, of, y, n_codes=6)
    marked = found[spectrum.specific(found)]
    assert marked[["code", "primary"]].to_numpy().tolist() == [[0, "a"]]
    assert marked["q"].item() <= 0.05


def test_a_code_may_be_the_top_of_two_groups():
    codes, of, y, rng = windows()
    rows = rng.random(len(y)) < np.where(np.isin(of, ["a", "b"]) & (y == 1), 0.9, 0.1)
    codes[rows, 3] = 0
    found = spectrum.spectrum(spectrum.count_matrix(codes, 6), of, y, order=ORDER)
    top = spectrum.top_codes(found, *both(codes, of, y, n_codes=6))
    assert top[["group", "code"]].to_numpy().tolist() == [["a", 0], ["b", 0]]


def test_a_place_alone_is_found():
    """As many of code 0 in both classes, but in the positives of a at one place."""
    codes, of, y, rng = windows()
    own = np.flatnonzero(of == "a")
    codes[own, np.where(y[own] == 1, 4, rng.integers(0, 9, len(own)))] = 0
    _, within = both(codes, of, y, n_codes=6)
    assert within.p[0, 0] == 1 / 500


def test_shuffled_labels_leave_no_specific_code():
    codes, of, y = planted()
    order = np.random.default_rng(5).permutation(len(y))
    found = table_of(codes, of[order], y[order], n_codes=6)
    assert not spectrum.specific(found).any()


def test_both_tests_speak_of_the_same_group():
    """Twenty codes of each of which no group passes both tests, though each test is passed once.

    All windows of b use the code more than those of others, so it differs between groups; the
    positives of a use it more than a's negatives. A rule that asks the second question of another
    group than the first calls these codes specific.
    """
    rng = np.random.default_rng(3)
    n, many, tokens = 150, 20, 60
    of, y = np.repeat(ORDER, 2 * n), np.tile(np.repeat([1, 0], n), 3)
    share = np.select([(of == "b"), (of == "a") & (y == 1)], [0.016, 0.016], 0.006)
    codes = np.full((len(y), tokens), many)
    for row, each in enumerate(share):
        drawn = rng.random((tokens, many)) < each
        codes[row] = np.where(drawn.any(axis=1), drawn.argmax(axis=1), many)
    between, within = both(codes, of, y, n_codes=many + 1)
    apart = (between.q[:many].min(axis=1) <= 0.05) & (within.q[:many].min(axis=1) <= 0.05)
    assert apart.sum() >= 11, "asked of any group, the codes pass"
    b = ORDER.index("b")
    joint = specificity.joint(between, within)
    assert (joint.q[:many, b] <= 0.05).sum() <= 1, "b's own negatives use the code as much"
    found = table_of(codes, of, y, n_codes=many + 1)
    marked = found[spectrum.specific(found)]
    assert (marked["p_between"] <= 0.05).all()
    assert (marked["p_label"] <= 0.05).all()
    assert set(marked["primary"]) <= {"a"}


def composition(seed, n=200, length=81, excess=0.25):
    """Windows whose letters are drawn independently: classes and groups differ in their shares alone."""
    rng = np.random.default_rng(seed)
    of, y = np.repeat(ORDER, 2 * n), np.tile(np.repeat([1, 0], n), 3)
    rich = {("a", 1): 0, ("b", 1): 1}
    letters = rng.integers(0, 4, (len(y), length))
    for (group, label), letter in rich.items():
        own = np.flatnonzero((of == group) & (y == label))
        letters[own] = np.where(rng.random((len(own), length)) < excess, letter, letters[own])
    letters[:, length // 2] = 0
    X = np.eye(4, dtype=np.float32)[letters]
    starts = network.token_starts(length)
    return X, specificity.never_trained(X, starts, n_codes=64, width=13, seed=seed), of, y


def test_composition_alone_does_not_pass():
    alone, plain = [], []
    for seed in range(3):
        X, codes, of, y = composition(seed)
        strata = specificity.composition_strata(X, of, y, order=ORDER)
        for share, given in ((plain, None), (alone, strata)):
            found = table_of(codes, of, y, n_codes=64, strata=given, permutations=1999)
            share.append(spectrum.specific(found)[found["used"]].mean())
    assert np.mean(alone) <= 0.05
    assert np.mean(plain) > 0.08, "without strata composition passes, so the test above can fail"


def test_what_is_planted_passes_beside_composition():
    X, codes, of, y = composition(1, excess=0.1)
    rows = (of == "a") & (y == 1) & (np.random.default_rng(0).random(len(y)) < 0.5)
    codes[rows, 12] = 3
    strata = specificity.composition_strata(X, of, y, order=ORDER)
    found = table_of(codes, of, y, n_codes=64, strata=strata, permutations=4999)
    assert found.loc[spectrum.specific(found), ["code", "primary"]].to_numpy().tolist() == [[3, "a"]]


def test_p_values_of_chance_are_even():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 60, (120, 30))
    of, y = np.repeat(["a", "b"], 60), np.tile([0, 1], 60)
    strata = rng.integers(0, 3, 120)
    for given in (None, strata):
        for test in both(codes, of, y, n_codes=60, strata=given, permutations=199, order=["a", "b"]):
            assert 0.4 < test.p.mean() < 0.62
            assert (test.p <= 0.05).mean() < 0.12


def test_same_seed_same_numbers():
    codes, of, y = planted()
    options = {"n_codes": 6, "permutations": 300}
    for first, again in zip(both(codes, of, y, **options), both(codes, of, y, **options), strict=True):
        assert (first.p == again.p).all()


def test_strata_keep_their_size():
    X, _, of, y = composition(0)
    strata = specificity.composition_strata(X, of, y, order=ORDER)
    for name in ORDER:
        assert np.bincount(strata[of == name]).min() >= 20
    one_class = specificity.composition_strata(X, of, np.ones(len(y)), order=ORDER)
    assert (one_class == 0).all()


CODES = np.array([[0, 0, 1], [0, 1, 1], [3, 3, 3], [3, 1, 1], [1, 1, 1], [0, 1, 3]])
GROUPS, LABELS = ["a", "a", "b", "b", "a", "b"], [1, 1, 1, 1, 0, 0]
COUNTED, PLACES = spectrum.count_matrix(CODES, 5), specificity.by_place(CODES, 5)
RAISES = {
    "there are 1 groups": lambda: specificity.between_groups(COUNTED, GROUPS, LABELS, order=["a"]),
    "permutations is 0": lambda: specificity.against_negatives(
        PLACES, GROUPS, LABELS, order=["a"], permutations=0
    ),
    "group 'z' has no positive window$": lambda: specificity.between_groups(
        COUNTED, GROUPS, LABELS, order=["a", "z"]
    ),
    "neither 0 nor 1": lambda: specificity.between_groups(COUNTED, GROUPS, [2] * 6, order=["a", "b"]),
    "strata have the shape": lambda: specificity.against_negatives(
        PLACES, GROUPS, LABELS, order=["a"], strata=[1]
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", RAISES)
def test_raises(message):
    with pytest.raises(ValueError, match=message):
        RAISES[message]()
