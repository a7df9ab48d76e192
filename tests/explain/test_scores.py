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
    assert rows["n"].tolist() == [2, 1]


def test_rank_agreement_of_maps_of_two_sizes():
    first = np.array([[1.0, 2.0, 3.0, np.nan], [1.0, 2.0, 3.0, 4.0]])
    row = scores.rank_agreement(first, -first[:1, :3], dataset="d", task="t", model="m")
    assert row["value"].tolist() == pytest.approx([1])
    assert row["n"].tolist() == [1]


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
