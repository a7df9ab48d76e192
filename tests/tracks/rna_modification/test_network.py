"""The VQ networks: the codebook learns, tokens stand where they are said to, files come back."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.project import backend

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.tracks.rna_modification import network, original, predictors, quantiser  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SMALL = replace(network.PRESETS["small"], n_codes=24)


def windows(n, length, seed=0):
    rng = np.random.default_rng(seed)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]


def scrambled(model, seed=0):
    """Another codebook than the first one, so that a file that lost it would show."""
    layer = model.get_layer("quantiser")
    codes = np.random.default_rng(seed).normal(size=layer.codebook.shape)
    layer.codebook.assign(codes / np.linalg.norm(codes, axis=1, keepdims=True))
    return model


BUILD = {
    "ours": lambda: scrambled(network.build_vqvae(51, 2, SMALL)),
    "original": lambda: scrambled(original.build_original(51, 2, filters=8, n_codes=16, transformers=1)),
}


@settings(max_examples=60)
@given(st.integers(1, 700))
def test_the_site_stands_in_the_middle_of_the_middle_token(half):
    length = 2 * half + 1
    starts = network.token_starts(length)
    assert len(starts) == network.n_tokens(length)
    assert len(starts) % 2 == 1
    assert starts[len(starts) // 2] + 1 == length // 2
    assert starts[0] <= 0
    assert starts[-1] + network.STRIDE >= length
    assert set(np.diff(starts)) <= {network.STRIDE}


@pytest.mark.parametrize("name", BUILD)
def test_the_probability_is_that_of_the_logit(name):
    model, X = BUILD[name](), windows(3, 51)
    p = model.predict(X, verbose=0)
    np.testing.assert_allclose(1 / (1 + np.exp(-network.logits(model, X))), p, rtol=1e-5)
    letters = network.reconstruct(model, X)
    assert letters.shape == X.shape
    np.testing.assert_allclose(letters.sum(axis=2), 1, rtol=1e-5)


@pytest.mark.parametrize("name", BUILD)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    model, X = BUILD[name](), windows(4, 51)
    path = training.save_run(tmp_path / "m.keras", model, {"length": 51})
    again = training.load_run(path, expect={"length": 51}).model
    np.testing.assert_allclose(network.logits(again, X), network.logits(model, X), atol=1e-6)
    assert np.array_equal(network.codes(again, X), network.codes(model, X))


def test_a_model_of_another_length_is_refused(tmp_path):
    path = training.save_run(tmp_path / "m.keras", BUILD["ours"](), {"length": 51})
    with pytest.raises(ValueError, match=r"length.*51"):
        training.load_run(path, expect={"length": 101})


def test_a_code_depends_on_its_receptive_field_alone():
    model, X = BUILD["ours"](), windows(1, 51)
    reach = network.receptive_field(model)
    token = 8
    middle = network.token_starts(51)[token] + 1
    changed = np.repeat(X, 51, axis=0)
    for at in range(51):
        changed[at, at] = np.roll(X[0, at], 1)
    latent = keras.Model(model.input, model.get_layer("latent").output)
    moved = np.abs(latent.predict(changed, verbose=0)[:, token] - latent.predict(X, verbose=0)[:, token]).max(
        axis=1
    )
    assert set(np.flatnonzero(moved > 1e-7)) == set(range(middle - reach // 2, middle + reach // 2 + 1))


def test_the_nearest_code_is_taken_and_the_gradient_passes():
    layer = quantiser.VectorQuantiser(2, 2)
    layer(np.zeros((1, 1, 2), "float32"))
    layer.codebook.assign([[1.0, 0.0], [0.0, 1.0]])
    z = np.array([[[2.0, 0.1], [0.1, 5.0], [-1.0, -0.5]]], dtype="float32")
    assert np.asarray(layer.choose(z)).tolist() == [[0, 1, 1]]
    np.testing.assert_allclose(np.asarray(layer(z))[0], [[1, 0], [0, 1], [0, 1]], atol=1e-6)
    import tensorflow as tf

    held = tf.Variable(z)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(held)[..., 0])
    assert np.abs(tape.gradient(loss, held).numpy()).max() > 0.01


def test_codes_move_to_their_latents_and_dead_ones_are_revived():
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(4, 8))
    layer = quantiser.VectorQuantiser(12, 8, decay=0.8)
    for _ in range(40):
        z = middles[rng.integers(0, 4, 200)] + 0.02 * rng.normal(size=(200, 8))
        layer(z[None].astype("float32"), training=True)
    codes = np.asarray(layer.codebook.numpy())
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, atol=1e-5)
    unit = middles / np.linalg.norm(middles, axis=1, keepdims=True)
    assert ((codes @ unit.T).max(axis=0) > 0.999).all(), "each middle has a code"
    assert ((codes @ unit.T).max(axis=1) > 0.99).all(), "no code stays where no latent is"


def test_prediction_does_not_move_the_codebook():
    model = BUILD["ours"]()
    before = network.codebook(model).copy()
    model.predict(windows(8, 51), verbose=0)
    assert np.array_equal(network.codebook(model), before)


def test_unknown_and_missing_letters_do_not_count_in_the_reconstruction():
    layer = quantiser.Reconstruction(1.0)
    window = np.zeros((1, 4, 4), "float32")
    window[0, 0, 2], window[0, 1] = 1.0, 0.25
    scores = np.zeros((1, 4, 4), "float32")
    scores[0, 0, 2] = 9.0
    passed = layer(np.ones((1, 1), "float32"), window, scores)
    assert np.asarray(passed).tolist() == [[1.0]]
    assert float(layer.accuracy.result()) == 1.0
    assert float(layer.losses[0]) < 0.01


def test_labels_that_are_not_known_cost_nothing():
    y = np.array([[1.0, np.nan], [np.nan, np.nan]], dtype="float32")
    p = np.array([[0.25, 0.9], [0.9, 0.9]], dtype="float32")
    loss = np.asarray(quantiser.masked_crossentropy(y, p))
    np.testing.assert_allclose(loss, [np.log(4), 0], rtol=1e-5)
    metric = quantiser.KnownAUROC()
    metric.update_state(
        np.array([[1, np.nan], [np.nan, 0]], "float32"), np.array([[0.9, 0.95], [0.99, 0.1]], "float32")
    )
    assert float(metric.result()) == pytest.approx(1.0, abs=1e-3)


def test_training_learns_a_motif_and_reports_its_parts():
    X = windows(400, 51, seed=3)
    y = np.arange(400) % 2
    for at, letter in zip(range(22, 29), (2, 2, 0, 1, 3, 2, 1), strict=True):
        X[y == 1, at] = np.eye(4)[letter]
    keras.utils.set_random_seed(1)
    model = network.build_vqvae(51, 1, SMALL)
    result = training.fit(
        model, X[:300], y[:300, None].astype("float32"),
        valid=(X[300:], y[300:, None].astype("float32")), verbosity=0,
        schedule=training.Schedule(epochs=6, batch_size=32, patience=6, monitor="val_log_loss"),
    )  # fmt: skip
    expected = {"log_loss", "auroc", "commitment", "perplexity", "reconstruction_loss"}
    assert expected | {f"val_{name}" for name in expected} <= set(result.history)
    assert result.history["val_auroc"].max() > 0.95
    share = network.usage(network.codes(model, X), 24)
    assert network.perplexity(share) > 24 / 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 50}, "length is 50 nt; expected an odd number"),
        ({"length": 5, "middle": 5}, "a window of 5 nt has 3"),
        ({"length": 51, "middle": 4}, "middle is 4 tokens"),
        ({"length": 51, "context": 30}, "context is 30 channels for 8 heads"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(arguments, message):
    length = arguments.pop("length")
    with pytest.raises(ValueError, match=message):
        network.build_vqvae(length, 1, replace(SMALL, **arguments))


def test_the_original_and_the_presets_refuse_what_they_do_not_know():
    with pytest.raises(ValueError, match="length is 500 nt; expected an odd number"):
        original.build_original(500, 1)
    with pytest.raises(ValueError, match="preset is 'huge'; expected one of standard"):
        predictors.check_preset("huge")
