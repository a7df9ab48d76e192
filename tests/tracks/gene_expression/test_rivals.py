"""Published networks: their sizes, a toy with a known answer, and a saved file."""

import keras
import numpy as np
import pytest

from helpers import training
from helpers.tracks.gene_expression import promoters, rivals

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {"legnet": {"stem": 8, "blocks": (8,), "shift": 1}, "dream_rnn": {"filters": 8, "mapped": 4}}
PRINTED = {"legnet": 1_323_169, "dream_rnn": 4_203_393}
"""Weights that the authors' notebooks print, with a fifth channel."""


def weights(model):
    return sum(int(np.prod(one.shape)) for one in model.trainable_weights)


@pytest.mark.parametrize("name", rivals.RECIPES)
def test_sizes_are_the_published_ones(name):
    assert weights(rivals.RECIPES[name].build(1, length=114, steps=10)) == pytest.approx(
        PRINTED[name], rel=0.01
    )


def test_legnet_has_every_weight_of_the_original():
    # A fifth channel would be read by 64 detectors 11 wide.
    assert weights(rivals.build_legnet(1, steps=10)) == PRINTED["legnet"] - 64 * 11


@pytest.mark.parametrize("name", SMALL)
def test_a_planted_word_is_learnt(name):
    rng = np.random.default_rng(0)
    words, y = [], np.arange(320) % 2
    for planted in y:
        letters = rng.choice(list("ACG"), size=32)
        if planted:
            place = rng.integers(4, 22)
            letters[place : place + 6] = list("TATAAA")
        words.append("".join(letters))
    values = np.column_stack([2.0 * y, -1.0 * y])
    values[::7, 1] = np.nan
    table = promoters.PromoterTable(words, values)
    recipe = rivals.RECIPES[name]
    build = lambda tasks, **options: recipe.build(tasks, **options, **SMALL[name])  # noqa: E731
    rival = rivals.Rival(table, recipe._replace(build=build, epochs=12, batch_size=16), name=name, seed=1)
    rows = np.arange(320)
    rival.fit(rows[:220], rows[220:260])
    p = rival.predict(rows[260:])
    assert p.shape == (60, 2)
    assert np.corrcoef(p[:, 0], y[260:])[0, 1] > 0.8
    assert np.corrcoef(p[:, 1], y[260:])[0, 1] < -0.8


@pytest.mark.parametrize("name", SMALL)
def test_a_saved_network_gives_the_same_numbers(name, tmp_path):
    model = rivals.RECIPES[name].build(3, length=20, steps=10, **SMALL[name])
    X = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (8, 20))]
    path = training.save_run(tmp_path / "m.keras", model, {"alphabet": "ACGT"})
    again = training.load_run(path).model
    np.testing.assert_allclose(np.asarray(again(X)), np.asarray(model(X)), atol=1e-6)
    rate = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(model.optimizer._learning_rate)
    )
    assert float(rate(2)) == pytest.approx(float(model.optimizer._learning_rate(2)))


def test_half_of_the_rows_are_turned_round_in_training():
    X = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (400, 9))]
    found = np.asarray(rivals.OtherStrand(seed=1)(X, training=True))
    kept = (found == X).all(axis=(1, 2))
    turned = (found == X[:, ::-1, ::-1]).all(axis=(1, 2))
    assert (kept | turned).all()
    assert 0.4 < turned.mean() < 0.6


def test_an_unknown_rival_is_named_with_the_nearest():
    table = promoters.PromoterTable(["ACGT"], np.ones((1, 1)))
    with pytest.raises(ValueError, match=r"'legnets' is no published network.* mean 'legnet'"):
        rivals.compared(table, "dream_rnn, legnets", seed=1)
    assert rivals.compared(table, "", seed=1) == {}
