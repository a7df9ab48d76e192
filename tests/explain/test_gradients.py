import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.explain import gradients, heads
from helpers.explain.gradients import gradient_x_input, integrated_gradients, make_baselines, saliency
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.sequences.encoding import one_hot

RNG = np.random.default_rng(0)
WEIGHTS_RNA = RNG.normal(size=(6, 4)).astype(np.float32)
WEIGHTS_PEPTIDE = RNG.normal(size=(5, 20)).astype(np.float32)


@pytest.fixture(scope="module")
def pairs():
    return [one_hot(["ACGUNA", "GGC"], RNA), one_hot(["MKVLX", "AC"], PEPTIDE)]


def linear(x):
    return ops.sum(x[0] * WEIGHTS_RNA, axis=(1, 2)) + ops.sum(x[1] * WEIGHTS_PEPTIDE, axis=(1, 2))


def product(x):
    """One RNA entry times one peptide entry: half of the output belongs to each."""
    return x[0][:, 0, 0] * x[1][:, 1, 8]


def dense_network(closing="layer"):
    rna, peptide = keras.Input((6, 4), name="rna"), keras.Input((5, 20), name="peptide")
    joined = layers.Concatenate()([layers.Flatten()(rna), layers.Flatten()(peptide)])
    hidden = layers.Activation("tanh")(layers.Dense(8)(joined))
    if closing == "layer":
        output = layers.Activation("sigmoid")(layers.Dense(1, name="logit")(hidden))
    elif closing == "softmax":
        output = layers.Softmax()(layers.Dense(3, name="logit")(hidden))
    elif closing == "none":
        output = layers.Dense(1, name="logit")(hidden)
    else:
        output = layers.Dense(1, activation="sigmoid", name="logit")(hidden)
    return keras.Model([rna, peptide], output)


def test_saliency_of_a_linear_model_is_its_weights(pairs):
    result = saliency(linear, pairs, centred=False)
    there = heads.residues(pairs[0])[..., None]
    np.testing.assert_allclose(result.values[0], WEIGHTS_RNA * there, rtol=1e-6)
    np.testing.assert_allclose(result.per_position[0], np.abs(WEIGHTS_RNA * there).max(-1), rtol=1e-6)
    np.testing.assert_allclose(result.outputs, linear(pairs), rtol=1e-6)
    assert np.isnan(result.deltas).all()


def test_centred_gradients_sum_to_zero_over_letters(pairs):
    result = saliency(linear, pairs)
    for values in result.values:
        np.testing.assert_allclose(values.sum(-1), 0, atol=1e-5)


def test_gradient_x_input_of_a_linear_model(pairs):
    result = gradient_x_input(linear, pairs, centred=False)
    np.testing.assert_allclose(result.values[1], WEIGHTS_PEPTIDE * pairs[1], rtol=1e-6)
    np.testing.assert_allclose(sum(p.sum(-1) for p in result.per_position), linear(pairs), rtol=1e-5)


@pytest.mark.parametrize("baseline", ["zero", "uniform", "shuffle"])
def test_integrated_gradients_of_a_linear_model_are_exact(pairs, baseline):
    result = integrated_gradients(linear, pairs, baseline=baseline, steps=3)
    start = make_baselines(pairs, baseline)[0].mean(axis=1)
    np.testing.assert_allclose(result.values[0], WEIGHTS_RNA * (pairs[0] - start), atol=1e-5)
    np.testing.assert_allclose(result.deltas, 0, atol=1e-5)


def test_integrated_gradients_share_a_product_equally(pairs):
    result = integrated_gradients(product, pairs, baseline="zero", steps=2)
    assert result.values[0][0, 0, 0] == pytest.approx(0.5)
    assert result.values[1][0, 1, 8] == pytest.approx(0.5)
    assert result.values[0][1].sum() == pytest.approx(0)
    np.testing.assert_allclose(result.outputs, [1, 0])


def test_integrated_gradients_are_complete_on_a_network(pairs):
    model = dense_network()
    for target in ("logit", "probability"):
        result = integrated_gradients(model, pairs, target=target)
        assert np.abs(result.deltas).max() < 1e-5
        head = heads.scorer(model, target)
        total = sum(p.sum(-1) for p in result.per_position)
        uniform = [b[:, 0] for b in make_baselines(pairs)]
        np.testing.assert_allclose(total, head(pairs) - head(uniform), atol=1e-5)


def test_batches_do_not_change_the_values(pairs):
    model = dense_network()
    whole = integrated_gradients(model, pairs, baseline="shuffle", steps=7)
    parts = integrated_gradients(model, pairs, baseline="shuffle", steps=7, batch_size=5)
    for one, other in zip(whole.values, parts.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    one, other = saliency(model, pairs), saliency(model, pairs, batch_size=1)
    np.testing.assert_allclose(one.values[0], other.values[0], atol=1e-6)


def test_padding_gets_nothing_and_stays_padding(pairs):
    model = dense_network()
    away = ~heads.residues(pairs[0])
    assert away[1, 3:].all()
    for baseline in ("zero", "uniform", "shuffle", [np.ones((2, 6, 4)), np.ones((2, 5, 20))]):
        assert (integrated_gradients(model, pairs, baseline=baseline).values[0][away] == 0).all()
    assert (saliency(model, pairs).values[0][away] == 0).all()
    for kind in ("uniform", "shuffle"):
        for made, given in zip(make_baselines(pairs, kind), pairs, strict=True):
            there = np.broadcast_to(heads.residues(given)[:, None], made.shape[:3])
            np.testing.assert_allclose(made.sum(-1), there, rtol=1e-6)


def test_shuffled_baselines_keep_the_composition_and_are_the_same_again(pairs):
    made = make_baselines(pairs, "shuffle")
    assert made[0].shape == (2, 10, 6, 4)
    np.testing.assert_allclose(made[0].sum(axis=2), pairs[0].sum(axis=1)[:, None].repeat(10, 1))
    np.testing.assert_array_equal(made[1], make_baselines(pairs, "shuffle")[1])
    assert (made[0][:, 0] != made[0][:, 1]).any()


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras, while saving
@pytest.mark.parametrize("closing", ["layer", "dense", "softmax", "none"])
def test_the_logit_is_what_goes_into_the_closing_activation(pairs, closing, tmp_path):
    model = dense_network(closing)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    logit, probability = heads.scorer(again)(pairs), heads.scorer(again, "probability")(pairs)
    if closing == "softmax":
        every = np.stack([heads.scorer(again, heads.Target(index=k))(pairs) for k in range(3)])
        expected = (np.exp(every) / np.exp(every).sum(axis=0))[0]
    else:
        expected = logit if closing == "none" else 1 / (1 + np.exp(-logit))
    np.testing.assert_allclose(probability, expected, rtol=1e-5)


def test_the_logit_follows_the_weights(pairs):
    model = dense_network("dense")
    before = heads.scorer(model)(pairs)
    model.get_layer("logit").bias.assign([5.0])
    np.testing.assert_allclose(heads.scorer(model)(pairs), before + 5, rtol=1e-5)


def test_a_saturated_sigmoid_hides_what_the_logit_shows(pairs):
    model = dense_network()
    model.get_layer("logit").bias.assign([30.0])
    assert np.abs(saliency(model, pairs, target="probability").values[0]).max() < 1e-6
    assert np.abs(saliency(model, pairs).values[0]).max() > 1e-3


def test_one_of_several_outputs(pairs):
    def both(x):
        return ops.stack([linear(x), 2 * linear(x)], axis=1)

    one = saliency(both, pairs).values[0]
    two = saliency(both, pairs, target=heads.Target("logit", 1)).values[0]
    np.testing.assert_allclose(two, 2 * one, rtol=1e-5)


def test_a_single_input_and_a_further_input_held_fixed():
    x = one_hot(["ACGU"], RNA)
    weights = WEIGHTS_RNA[:4]
    result = saliency(lambda x: ops.sum(x * weights, axis=(1, 2)), x, centred=False)
    np.testing.assert_allclose(result.values[0][0], weights, rtol=1e-6)

    def fixed(x):
        return ops.sum(x[0] * weights, axis=(1, 2)) * x[1][:, 0]

    result = integrated_gradients(fixed, [x, np.array([[3.0]])], baseline="zero")
    assert len(result.values) == 1
    np.testing.assert_allclose(result.values[0], 3 * weights * x, rtol=1e-5)
    sequential = keras.Sequential([keras.Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    assert saliency(sequential, x).values[0].shape == x.shape


def test_more_steps_are_closer(pairs):
    def sharp(x):
        return ops.relu(linear(x) * 5 - 1) + ops.sin(3 * linear(x))

    few, many = (integrated_gradients(sharp, pairs, steps=steps).deltas for steps in (4, 256))
    assert np.abs(many).max() < np.abs(few).max() / 5


def test_wrong_arguments_are_named(pairs):
    model = dense_network()
    with pytest.raises(ValueError, match="target is 'logits'; expected 'logit'"):
        saliency(linear, pairs, target="logits")
    with pytest.raises(ValueError, match="target index 3 does not exist: the model has 1 output"):
        saliency(model, pairs, target=heads.Target(index=3))
    with pytest.raises(ValueError, match=r"hold \[2, 1\] items"):
        saliency(model, [pairs[0], pairs[1][:1]])
    with pytest.raises(ValueError, match=r"expect .*6, 4"):
        saliency(model, [pairs[0][:, :3], pairs[1]])
    with pytest.raises(ValueError, match="expected one array for each input"):
        saliency(linear, [])
    with pytest.raises(ValueError, match="expected one-hot sequences"):
        saliency(linear, np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"\(0, 6, 4\).*expected one-hot sequences"):
        saliency(linear, [array[:0] for array in pairs])
    with pytest.raises(ValueError, match="baseline is 'noise'; expected 'uniform'"):
        integrated_gradients(linear, pairs, baseline="noise")
    with pytest.raises(ValueError, match="baselines have the shapes"):
        integrated_gradients(linear, pairs, baseline=pairs[0])
    with pytest.raises(ValueError, match="steps is 0"):
        integrated_gradients(linear, pairs, steps=0)
    with pytest.raises(ValueError, match="batch_size is 0"):
        saliency(linear, pairs, batch_size=0)


def test_another_backend_is_refused(pairs, monkeypatch):
    monkeypatch.setattr(gradients.keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="KERAS_BACKEND=tensorflow before Keras is imported"):
        saliency(linear, pairs)
