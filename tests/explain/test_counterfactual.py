import keras
import numpy as np
import pytest

from helpers.explain import controls, counterfactual, heads

LETTERS = np.eye(4, dtype=np.float32)
NAMED = {"dataset": "d", "task": "t"}


def draw(n=30, length=60, *, seed=0):
    """Random RNAs, a place in each that a toy model reads, and the model: the letters at that place."""
    rng = np.random.default_rng(seed)
    X = LETTERS[rng.integers(4, size=(n, length))]
    place = np.zeros((n, length), dtype=bool)
    for row, start in enumerate(rng.integers(0, length - 6, n)):
        place[row, start : start + 6] = True
    weights = rng.normal(size=(length, 4)) + 0.5

    def score(changed, rows):
        return (changed * weights * place[rows][..., None]).sum(axis=(1, 2)).astype(np.float64)

    return X, place, score


def verdict(score, X, importance, **options):
    one = counterfactual.gate(score, X, importance, top=6, draws=2, **options)
    return counterfactual.table({"m": one}, **NAMED)["verdict"].iloc[0]


def test_the_places_that_a_model_reads_pass_and_their_complement_does_not():
    X, place, score = draw()
    assert verdict(score, X, place * 1.0) == "shown"
    assert verdict(score, X, ~place * 1.0) == "not shown"
    assert verdict(score, X, X * place[..., None] * -2.0) == "shown"  # contributions, whatever their sign
    assert verdict(score, X[:9], place[:9] * 1.0) == "not shown"  # nine sequences show nothing
    groups = np.arange(30) % 9
    one = {"m": counterfactual.gate(score, X, place * 1.0, top=6)}
    rows = counterfactual.table(one, groups=groups, **NAMED)
    assert set(rows["verdict"]) == {"not shown"}
    assert rows["ci_low"].isna().all()
    assert list(rows["metric"]) == [
        "change_top", "change_random", "change_matched", "top_minus_random", "top_minus_matched"
    ]  # fmt: skip


def test_a_map_of_letters_beats_random_places_and_not_those_of_the_same_letters():
    X, *_ = draw(60, 120)

    def count(changed, rows):
        return changed[..., 0].sum(axis=1) - 0.2 * changed[..., 1].sum(axis=1)

    one = counterfactual.gate(count, X, X[..., 0], top=6, draws=4)
    assert one.share.tolist() == [1.0] * 60
    rows = counterfactual.table({"letters": one}, **NAMED).set_index("metric")
    assert rows.loc["top_minus_random", "ci_low"] > 0.5
    assert rows.loc["top_minus_matched", "ci_low"] < 0
    assert set(rows["verdict"]) == {"not shown"}


@pytest.mark.parametrize("kind", ["random", "constant", "untrained"])
def test_maps_of_nothing_are_seldom_shown(kind):
    shown = 0
    for seed in range(200):
        X, _, score = draw(20, 40, seed=seed)
        rng = np.random.default_rng([seed, 1])
        importance = rng.normal(size=X.shape[:2]) if kind == "random" else np.ones(X.shape[:2])
        if kind == "untrained":  # a random convolution over three letters, and what each position gives it
            kernel = rng.normal(size=(3, 4))
            importance = sum(np.roll(X, -k, axis=1) @ kernel[k] for k in range(3))
        shown += verdict(score, X, importance, seed=seed) == "shown"
    assert shown <= 16


def test_only_letters_that_are_known_are_changed_and_the_others_held():
    X, place, _ = draw(12, 30)
    X[:, 20:25], X[:, 25:] = 0.25, 0
    importance = np.where(np.arange(30) >= 15, 9.0, place)
    importance[:, :2] = np.nan
    seen = []

    def score(changed, rows):
        seen.append((changed != X[rows]).any(axis=2))
        assert np.isin(changed.sum(axis=2)[:, :25], 1).all()
        return changed[:, :, 0].sum(axis=1) * 1.0

    counterfactual.gate(score, X, importance, top=10, draws=2)
    assert not seen[0].any()
    for mask in seen[1:]:
        assert not mask[:, 20:].any()
        assert not mask[:, :2].any()
        assert (mask.sum(axis=1) == 9).all()  # half of the 18 that can be changed
    seen.clear()
    counterfactual.curves(score, X, importance, at=(3, 99), draws=1)
    assert [mask.sum(axis=1).max() for mask in seen] == [0, 3, 18, 3, 18, 3, 18]
    blank = counterfactual.gate(lambda x, r: x.sum(axis=(1, 2)), np.zeros((1, 9, 4)), np.ones((1, 9)))
    assert np.isnan(blank.top).all()


def test_matched_positions_have_the_letters_as_far_as_there_are_any():
    X = LETTERS[np.array([[0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 0, 1]])]
    top = np.zeros((1, 12))
    top[0, [0, 1, 2, 3]] = 1  # A A A C; one A and three C are left
    masks = []

    def score(changed, rows):
        masks.append((changed != X).any(axis=2)[0])
        return np.zeros(1)

    one = counterfactual.gate(score, X, top, top=4, draws=5)
    assert one.share.tolist() == [0.5]
    for matched in masks[3::3]:
        assert matched[10]
        assert matched.sum() == 4
        assert not matched[:4].any()


def test_curves_of_the_most_relevant_first_lie_above_those_of_the_least():
    X, place, score = draw(20, 50)
    found = counterfactual.curves(score, X, place * 1.0, at=(3, 6, 50), draws=2)
    value = found.pivot(index="changed", columns="order", values="value")
    assert (value.loc[[3, 6], "most"] > 3 * value.loc[[3, 6], "random"]).all()
    assert (value.loc[[3, 6], "least"] == 0).all()
    assert value.loc[50].max() < 1.3 * value.loc[50].min()
    assert np.isfinite(found[["ci_low", "ci_high"]]).all(axis=None)


def test_one_chain_of_a_pair_is_changed_and_the_other_held():
    rng, rows = np.random.default_rng(0), np.arange(15)
    rna = LETTERS[rng.integers(4, size=(15, 20))]
    peptide = np.eye(20, dtype=np.float32)[rng.integers(20, size=(15, 12))]
    first, second = keras.Input((20, 4)), keras.Input((12, 20))
    parts = [keras.layers.Dense(1)(keras.layers.Flatten()(x)) for x in (first, second)]
    model = keras.Model([first, second], keras.layers.Add()(parts))
    # Each chain is read at its places 3 to 5, every letter of them with a weight of its own.
    read = [np.zeros((20, 4)), np.zeros((12, 20))]
    for one in read:
        one[3:6] = np.arange(1, one.shape[1] + 1)
    model.set_weights([read[0].reshape(-1, 1), np.zeros(1), read[1].reshape(-1, 1), np.zeros(1)])
    expected = heads.scorer(model)([rna, peptide])
    for side, X in enumerate((rna, peptide)):
        score = counterfactual.holding(model, [rna, peptide], side, batch_size=4)
        np.testing.assert_allclose(score(X, rows), expected, rtol=1e-5)
        np.testing.assert_allclose(score(X[::-1], rows[::-1]), expected[::-1], rtol=1e-5)
        found = counterfactual.gate(score, X, X * read[side], top=3)
        assert (found.top > 0.5).all()
        assert found.random.max() < 1e-4
    with pytest.raises(ValueError, match="is no one-hot sequence"):
        counterfactual.holding(model, [rna, peptide], 2)


def test_faults_are_named():
    X, place, score = draw(3, 10)
    with pytest.raises(ValueError, match=r"importance \(3, 9\); expected \(n, length, letters\)"):
        counterfactual.gate(score, X, np.ones((3, 9)))
    with pytest.raises(ValueError, match="top is 0"):
        counterfactual.gate(score, X, place, top=0)
    with pytest.raises(ValueError, match=r"at is \(\)"):
        counterfactual.curves(score, X, place, at=())


def test_an_untrained_network_explains_a_trained_one_no_better_than_chance():
    X, *_ = draw(40, 30, seed=3)
    inputs = keras.Input((30, 4))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    read = np.zeros((30, 4))
    read[8:14] = [1, 2, 3, 4]
    model.set_weights([read.reshape(-1, 1), np.zeros(1)])
    other = controls.untrained(model, seed=1)
    own, blank = (X * one.get_weights()[0].reshape(1, 30, 4) for one in (model, other))
    score = counterfactual.holding(model, [X])
    assert verdict(score, X, own) == "shown"
    assert verdict(score, X, blank) == "not shown"
