import keras
import numpy as np
import pandas as pd
import pytest

from helpers.explain import controls, scores


def test_stack_maps_pads_with_nan():
    stacked = scores.stack_maps([np.ones((2, 3)), np.ones((4, 1))], shape=(4, 5))
    assert stacked.shape == (2, 4, 5)
    assert np.isfinite(stacked).sum() == 10


def test_score_maps_ignores_padding_and_sign():
    truth = np.zeros((2, 2, 2), dtype=bool)
    truth[:, 0, 0] = True
    perfect = np.array([[[-9.0, 1.0], [2.0, np.nan]], [[5.0, 1.0], [0.0, 2.0]]])
    rows = scores.score_maps(
        {"perfect": perfect, "wrong": -1 / perfect[:1]}, truth, dataset="d", task="t"
    ).set_index("model")
    assert rows.loc["perfect", "value"] == 1
    assert rows.loc["wrong", "value"] == 0
    assert rows["n"].tolist() == [1, 1]  # all on the items that all explain
    with pytest.raises(ValueError, match="there is no map to score"):
        scores.score_maps({}, truth, dataset="d", task="t")


def sites_and_decoys(n=40, length=60, *, seed=0):
    """Random RNAs with one word planted twice, once as a site and once as a decoy of the same letters."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(4, size=(n, length))
    planted = np.zeros((2, n, length), dtype=bool)
    for row in range(n):
        for kind, start in enumerate(rng.permutation([rng.integers(5, 20), rng.integers(30, 50)])):
            codes[row, start : start + 6] = [3, 2, 3, 0, 0, 1]
            planted[kind, row, start : start + 6] = True
    return np.eye(4, dtype=np.float32)[codes], *planted


def values_of(rows):
    return rows.set_index(["model", "metric"])["value"]


def test_a_count_of_words_finds_the_sites_but_not_which_of_them_count():
    X, sites, decoys = sites_and_decoys()
    maps = controls.trivial_maps(X, np.arange(40) % 2, X, k=6, sites=sites, centre=30)
    maps |= {"either": (sites | decoys) * 1.0, "rule": sites * 2.0 + decoys, "wrong way": decoys * 1.0}
    found = values_of(scores.score_maps(maps, sites, decoys=decoys, dataset="d", task="t"))
    assert found["over-represented words", "explanation_auroc"] > 0.9
    assert found["over-represented words", "explanation_auroc_decoy"] == pytest.approx(0.5, abs=0.06)
    assert found["either", "explanation_auroc_decoy"] == 0.5
    assert found["rule", "explanation_auroc_decoy"] == found["rule", "explanation_auroc"] == 1
    assert found["wrong way", "explanation_auroc_decoy"] == 0
    assert 0.4 < found["wrong way", "explanation_auroc"] < 0.5  # below chance: decoys are background


def test_the_lead_is_over_the_best_rival_on_decoys():
    X, sites, decoys = sites_and_decoys()
    rivals = controls.trivial_maps(X, None, X, k=6, centre=30)
    maps = {"rule": sites * 2.0 + decoys, "either": (sites | decoys) * 1.0} | rivals
    found = scores.lead(maps, sites, decoys=decoys, rivals=list(rivals)).set_index("model")
    assert list(found.index) == ["rule", "either"]
    assert set(found["metric"]) == {"explanation_auroc_decoy"}
    assert found.loc["rule", "ci_low"] > 0.3
    assert found.loc["either", "ci_low"] < 0.05
    assert set(found["minus"]) <= set(rivals)
    with pytest.raises(ValueError, match=r"rivals \['other'\]; expected names among rule"):
        scores.lead(maps, sites, rivals=["other"])
    with pytest.raises(ValueError, match="rivals are none"):
        scores.lead(maps, sites, rivals=[])


def test_decoys_are_compared_within_the_items_that_have_both():
    sites, decoys = np.eye(3, 4, dtype=bool), np.roll(np.eye(3, 4, dtype=bool), 1, axis=1)
    decoys[2] = False
    rows = scores.score_maps({"m": sites * 1.0}, sites, decoys=decoys, dataset="d", task="t")
    assert rows.set_index("metric")["n"].to_dict() == {"explanation_auroc": 3, "explanation_auroc_decoy": 2}
    with pytest.raises(ValueError, match=r"decoys has shape \(2, 4\), truth \(3, 4\)"):
        scores.score_maps({"m": sites * 1.0}, sites, decoys=decoys[:2], dataset="d", task="t")


@pytest.mark.parametrize(("groups", "given"), [(np.arange(20), True), (np.arange(20) % 9, False)])
def test_an_interval_needs_ten_groups(groups, given):
    rng = np.random.default_rng(0)
    rows = scores.score_maps(
        {"m": rng.normal(size=(20, 30))}, rng.random((20, 30)) < 0.2, groups=groups, dataset="d", task="t"
    )
    assert np.isfinite(rows[["ci_low", "ci_high"]]).all(axis=None) == given
    assert np.isfinite(rows["value"]).all()


def test_words_of_the_class_need_labels_and_follow_them():
    X, sites, _ = sites_and_decoys(60)
    rng = np.random.default_rng(1)
    background = np.eye(4, dtype=np.float32)[rng.integers(4, size=X.shape[:2])]
    both, y = np.concatenate([X, background]), np.repeat([2.5, 0.1], 60)
    maps = controls.trivial_maps(both, y, X, k=6, strands=2)
    found = values_of(scores.score_maps(maps, sites, dataset="d", task="t"))
    assert found.min() > 0.85
    assert list(controls.trivial_maps(both, None, X, k=2)) == ["over-represented words"]
    lost = controls.trivial_maps(both, np.where(np.arange(120) % 2, y, np.nan), X, k=6)
    assert np.isfinite(lost["words of the class"]).all()


@pytest.mark.parametrize("k", [1, 3])
def test_no_word_is_over_represented_where_neighbours_say_it_all(k):
    codes = np.tile([0, 1, 2, 3, 0, 1, 2, 3], (5, 1)) if k < 3 else np.tile([0, 1], (5, 20))
    of_word = controls._excess(np.eye(4, dtype=np.float32)[codes], k, 1)
    assert of_word.max() < (0.01 if k == 1 else 2)


def test_the_other_strand_counts_as_the_same_word():
    X, *_ = sites_and_decoys(30)
    turned = X[:, ::-1, ::-1]
    one, other = (controls.trivial_maps(X, np.arange(30), given, k=5, strands=2) for given in (X, turned))
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name][:, ::-1], atol=1e-9)


def test_unknown_letters_make_no_word_and_padding_no_place():
    X, sites, _ = sites_and_decoys(20)
    X[:, -5:] = 0
    X[:, 2] = 0.25
    maps = controls.trivial_maps(X, None, X, k=3, sites=sites[:, :50], centre=10)
    for values in maps.values():
        assert np.isnan(values[:, -5:]).all()
        assert np.isfinite(values[:, :-5]).all()
    with pytest.raises(ValueError, match=r"k is 13, which makes 67108864 words"):
        controls.trivial_maps(X, None, X, k=13)
    with pytest.raises(ValueError, match=r"y_train has the shape \(3,\); expected \(20,\)"):
        controls.trivial_maps(X, [1, 2, 3], X, k=3)


def test_rank_agreement_of_maps_of_two_sizes():
    first = np.array([[1.0, 2.0, 3.0, np.nan], [1.0, 2.0, 3.0, 4.0]])
    row = scores.rank_agreement(first, -first[:1, :3], dataset="d", task="t", model="m")
    assert row["value"].tolist() == pytest.approx([1])
    assert row["n"].tolist() == [1]


def test_a_map_that_is_the_same_everywhere_has_no_rank_agreement():
    named = {"dataset": "d", "task": "t", "model": "m"}
    row = scores.rank_agreement(np.zeros((2, 3)), [[1, 2, 3], [3, 1, 2]], **named).iloc[0]
    assert np.isnan([row["value"], row["ci_low"], row["ci_high"]]).all()
    assert row["n"] == 2
    row = scores.rank_agreement([[0, 0, 0], [1, 2, 3]], [[1, 2, 3], [1, 2, 3]], **named).iloc[0]
    assert (row["value"], row["n"]) == (1, 1)


def test_untrained_draws_weights_anew_and_leaves_the_model_alone():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    before = model.get_weights()
    one, other = controls.untrained(model, seed=1), controls.untrained(model, seed=1)
    assert np.array_equal(one.get_weights()[0], other.get_weights()[0])
    assert not np.allclose(one.get_weights()[0], before[0])
    assert np.array_equal(model.get_weights()[0], before[0])


def test_enrichment_counts_an_element_where_it_is_at_work():
    maps = np.ones((2, 10, 2))
    maps[:, 2:4, 0] = 8.0  # both elements of both items, in the first cell type only
    elements = pd.DataFrame({
        "row": [0, 1, 1], "element": ["GATA", "GATA", "TATA"], "start": [2, 2, 6],
        "stop": [4, 4, 8], "K562": [2.0, 2.0, 1.0], "HepG2": [0.0, 0.0, 1.0],
    })  # fmt: skip
    found = scores.enrichment({"m": maps}, elements, ["K562", "HepG2"])
    found = found.set_index("element")
    assert found.loc["GATA", "value"] == pytest.approx(8)
    assert found.loc["GATA", "n"] == 2
    assert found.loc["TATA", "value"] == pytest.approx(1)
    with pytest.raises(ValueError, match="there is no element to look into"):
        scores.enrichment({"m": maps}, elements.iloc[:0], ["K562"])


def test_a_score_can_name_its_protocol():
    found = scores.score_maps(
        {"m": [[0.1, 0.9]]}, [[0, 1]], dataset="d", task="t", protocol="validation_promoters"
    )
    assert found["protocol"].tolist() == ["validation_promoters"]


def test_a_lead_over_the_best_of_several_rivals_is_shown_as_seldom_as_it_should():
    """The best rival is chosen on the same items, which can only make a lead smaller."""
    rng = np.random.default_rng(0)
    shown = []
    for seed in range(120):
        maps = {name: rng.normal(size=(30, 40)) for name in ("ours", "a", "b", "c")}
        sites = rng.random((30, 40)) < 0.2
        found = scores.lead(maps, sites, rivals=["a", "b", "c"], seed=seed)
        shown.append(found["ci_low"].iloc[0] > 0)
    assert np.mean(shown) < 0.05


def test_the_interval_of_an_enrichment_draws_whole_items():
    rng = np.random.default_rng(1)
    maps = {"m": np.exp(rng.normal(size=(15, 20, 1)))}
    once = pd.DataFrame({"row": range(15), "element": "TATA", "start": 4, "stop": 8})
    twice = pd.concat([once, once], ignore_index=True)
    widths = [
        np.log(found["ci_high"] / found["ci_low"]).iloc[0]
        for found in (scores.enrichment(maps, table, ["K562"]) for table in (once, twice))
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.1), "the same elements again say nothing new"
