"""The torch view against Keras itself; run by test_torch_backend under the torch backend."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from helpers.explain import attribution, heads, torch_view
from helpers.models.layers import ResidueMask
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import one_hot

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras itself
ACTIVATIONS = ("relu", "sigmoid", "tanh", "silu", "gelu", "elu", "softplus", "exponential")
LENGTH = 16


def sequences(n=2, length=LENGTH, seed=0):
    rng = np.random.default_rng(seed)
    return one_hot(["".join(rng.choice(list("ACGT"), length)) for _ in range(n)], DNA)


def scramble(model, seed):
    """Weights, and the means and variances of batch norms, that are nothing special."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            scramble(layer, seed + 1)
            continue
        new = [
            rng.uniform(0.5, 1.5, w.shape) if "variance" in w.name else
            rng.normal(0, 1 / np.sqrt(max(np.prod(w.shape[:-1]), 1)), w.shape)
            for w in layer.weights
        ]  # fmt: skip
        layer.set_weights(new)
    return model


def attention(x):
    key = layers.Dense(4)(x)
    return layers.Attention(use_scale=True)([key, x])


def _square(x):
    """A tensor (n, channels, channels) that depends on the input."""
    return keras.ops.einsum("blc,bld->bcd", x, layers.Dense(x.shape[-1])(x)) / LENGTH


BLOCKS = {
    "convolution": lambda x: layers.Conv1D(5, 3, padding="same")(x),
    "even convolution": lambda x: layers.Conv1D(4, 4, padding="same", dilation_rate=3, activation="relu")(x),
    "convolution in groups": lambda x: layers.Conv1D(4, 3, groups=x.shape[-1], use_bias=False)(
        layers.Conv1D(x.shape[-1], 1)(x)
    ),
    "convolution in steps": lambda x: layers.Conv1D(4, 3, strides=2, padding="same")(x),
    "causal convolution": lambda x: layers.Conv1D(4, 3, padding="causal", dilation_rate=2)(x),
    "convolution with its activation": lambda x: layers.Conv1D(4, 2, activation="gelu")(x),
    "max": lambda x: layers.MaxPooling1D(2)(x),
    "max that overlaps": lambda x: layers.MaxPooling1D(3, strides=2, padding="same")(x),
    "average": lambda x: layers.AveragePooling1D(2, padding="same")(x),
    "batch norm": lambda x: layers.BatchNormalization()(x),
    "layer norm": lambda x: layers.LayerNormalization()(x),
    "root mean square": lambda x: layers.RMSNormalization()(x),
    "dropout": lambda x: layers.Dropout(0.5)(x),
    "add": lambda x: layers.Add()([x, layers.Conv1D(x.shape[-1], 3, padding="same")(x)]),
    "multiply": lambda x: layers.Multiply()([x, layers.Dense(x.shape[-1], "sigmoid")(x)]),
    "concatenate": lambda x: layers.Concatenate()([x, layers.Activation("silu")(x)]),
    "attention": lambda x: layers.Attention(use_scale=True)([layers.Dense(x.shape[-1])(x), x]),
    "heads": lambda x: layers.MultiHeadAttention(2, 3)(x, x),
    "crop": lambda x: layers.ZeroPadding1D((1, 2))(layers.Cropping1D((1, 0))(x)),
    "softmax": lambda x: layers.Softmax()(x),
    "leaky": lambda x: layers.LeakyReLU(0.2)(x),
    "permute": lambda x: layers.Permute((2, 1))(layers.Permute((2, 1))(x)),
    "causal with its activation": lambda x: layers.Conv1D(4, 3, padding="causal", activation="tanh")(x),
    "separable": lambda x: layers.SeparableConv1D(4, 3, padding="same", activation="relu")(x),
    "depthwise": lambda x: layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2)(x),
    "transposed": lambda x: layers.Conv1DTranspose(3, 3, padding="same", activation="elu")(x),
    "einsum dense": lambda x: layers.EinsumDense("abc,cd->abd", (x.shape[1], 3), activation="relu")(x),
    "plus": lambda x: x + layers.Dense(x.shape[-1])(x),
    "minus and scaled": lambda x: 1.5 - x / 2.0 * 3.0,
    "product": lambda x: x * layers.Dense(x.shape[-1], "tanh")(x),
    "matmul": lambda x: keras.ops.matmul(layers.Softmax()(x), _square(x)),
    "operations": lambda x: keras.ops.relu(keras.ops.square(x) - keras.ops.mean(x, axis=1, keepdims=True)),
    "cut and joined": lambda x: keras.ops.concatenate([x[:, 1:], keras.ops.flip(x, 1)], axis=1)[:, 2:9],
    "power": lambda x: keras.ops.sigmoid(x) ** 3,
    **{name: lambda x, name=name: layers.Activation(name)(x) for name in ACTIVATIONS[:-1]},
}  # fmt: skip
CLOSINGS = {
    "global max": lambda x: layers.GlobalMaxPooling1D()(x),
    "global average": lambda x: layers.GlobalAveragePooling1D()(x),
    "flatten": lambda x: layers.Flatten()(x),
    "mean": lambda x: keras.ops.mean(x, axis=1),
    "largest": lambda x: keras.ops.max(x, axis=1),
    "reshape": lambda x: layers.Reshape((x.shape[1] * x.shape[2],))(x),
}


def network(blocks, closing, seed, exit_activation="sigmoid"):
    x = given_input = keras.Input((LENGTH, 4))
    for name in blocks:
        if x.shape[1] >= 3:
            x = BLOCKS[name](x)
    logit = layers.Dense(1)(CLOSINGS[closing](x))
    return scramble(keras.Model(given_input, layers.Activation(exit_activation)(logit)), seed)


def check(model, X, tolerance=1e-3):
    wrapped = torch_view.view(model, target="probability")
    expected = keras.ops.convert_to_numpy(model(X))
    with torch.no_grad():
        found = wrapped(torch.tensor(X).transpose(1, 2)).numpy()
    np.testing.assert_allclose(found, expected.reshape(len(X), -1), atol=1e-5)
    result = attribution.deep_lift(torch_view.view(model), X, references=3, progress=False)
    assert np.abs(result.deltas).max() < tolerance
    return result


@pytest.mark.parametrize("name", BLOCKS)
def test_every_layer_by_itself(name):
    check(network([name, "convolution", "relu"], "global max", 1), sequences())


@pytest.mark.parametrize("closing", CLOSINGS)
def test_every_closing(closing):
    check(network(["convolution", "tanh"], closing, 2), sequences())


@settings(max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(sorted(BLOCKS)), min_size=2, max_size=6),
    st.sampled_from(sorted(CLOSINGS)),
    st.integers(0, 1000),
)
def test_random_networks_agree_and_converge(blocks, closing, seed):
    check(network(blocks, closing, seed), sequences(seed=seed))


def test_exponential_and_relu_with_a_ceiling():
    x = given_input = keras.Input((LENGTH, 4))
    x = layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.1)(layers.Conv1D(4, 3)(x))
    x = layers.Activation("exponential")(layers.Dense(3)(layers.GlobalMaxPooling1D(keepdims=True)(x)))
    x = layers.ELU()(layers.PReLU()(layers.Flatten()(x)))
    check(scramble(keras.Model(given_input, layers.Dense(1)(x)), 3), sequences())


def test_a_layer_used_twice_and_a_model_inside_a_model():
    inner_input = keras.Input((LENGTH, 4))
    relu = layers.ReLU()
    pool = layers.GlobalMaxPooling1D()
    x = relu(layers.Conv1D(6, 5)(inner_input))
    encoder = keras.Model(inner_input, layers.Dense(4, "tanh")(pool(relu(layers.Dense(5)(x)))))
    given_input = keras.Input((LENGTH, 4))
    flipped = layers.Permute((2, 1))(layers.Reshape((4, LENGTH))(given_input))
    both = layers.Multiply()([encoder(given_input), encoder(layers.Reshape((LENGTH, 4))(flipped))])
    model = keras.Model(given_input, layers.Dense(1, "sigmoid")(both))
    check(scramble(model, 4), sequences())


def test_both_strands_are_read_and_a_strand_is_not_preferred():
    model = heads.both_strands(network(["convolution", "relu", "max"], "flatten", 13), DNA)
    X = sequences(2)
    found = check(model, X)
    other = np.ascontiguousarray(X[:, ::-1, ::-1])
    np.testing.assert_allclose(found.outputs, heads.scorer(model)([other]), atol=1e-5)
    references = attribution.make_references(X, 3)
    turned = attribution.deep_lift(
        torch_view.view(model),
        other,
        references=np.ascontiguousarray(references[:, :, ::-1, ::-1]),
        progress=False,
    )
    np.testing.assert_allclose(turned.values[:, ::-1, ::-1], found.values, atol=1e-5)


def test_a_sequential_model_and_its_logit():
    model = keras.Sequential(
        [
            keras.Input((LENGTH, 4)),
            layers.Conv1D(3, 4, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    X = sequences()
    check(scramble(model, 7), X)
    logit = torch_view.view(model)(torch.tensor(X).transpose(1, 2)).detach().numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), np.asarray(model(X).detach()), atol=1e-6)


def test_the_naive_way_is_wrong_and_the_view_is_right():
    from tangermeme.deep_lift_shap import deep_lift_shap

    model = network(["convolution", "relu", "max", "convolution", "tanh"], "flatten", 8)
    X = sequences(4)
    result = check(model, X)
    naive_view = torch_view.forward_only(model)
    references = torch.tensor(attribution.make_references(X, 3)).transpose(2, 3)
    with pytest.warns(RuntimeWarning) as warned:
        naive = deep_lift_shap(
            naive_view, torch.tensor(X).transpose(1, 2), references=references, hypothetical=True
        )
    assert any("no DeepLIFT rule" in str(one.message) for one in warned)
    assert np.abs(naive.numpy().transpose(0, 2, 1) - result.hypothetical).max() > 0.01


def test_several_inputs_are_explained_one_at_a_time():
    first, second = keras.Input((LENGTH, 4), name="a"), keras.Input((8, 4), name="b")
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, activation="relu")(first))
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, activation="silu")(second))
    model = scramble(keras.Model([first, second], layers.Dense(1)(layers.Multiply()([x, y]))), 9)
    A, B = sequences(3), sequences(3, 8, seed=1)
    for explained, X, other in ((0, A, B), (1, B, A)):
        wrapped = torch_view.view(model, explained=explained)
        result = attribution.deep_lift(wrapped, X, others=[other], references=2, progress=False)
        assert np.abs(result.deltas).max() < 1e-3
        np.testing.assert_allclose(result.outputs, np.asarray(model([A, B]).detach())[:, 0], atol=1e-5)


def test_masks_are_constant_and_padding_gets_nothing():
    x = given_input = keras.Input((LENGTH, 4))
    mask = ResidueMask()(given_input)
    x = layers.Multiply()([layers.Conv1D(4, 3, padding="same", activation="relu")(x), mask])
    model = scramble(keras.Model(given_input, layers.Dense(1)(layers.Flatten()(x))), 10)
    X = one_hot(["ACGTACGTAC", "ACGTNCGTACGTACGT"], DNA)
    result = check(model, X)
    assert (result.hypothetical[0, 10:] == 0).all()
    assert np.isfinite(result.values).all()


def test_a_layer_without_a_rule_is_named():
    class Odd(layers.Layer):
        def call(self, x):
            return x * x

    x = given_input = keras.Input((LENGTH, 4))
    model = keras.Model(given_input, layers.Flatten()(Odd(name="strange")(x)))
    with pytest.raises(ValueError, match=r"layer 'strange' \(Odd\) has no DeepLIFT rule"):
        torch_view.view(model)
    square = torch_view.view(model, rules={Odd: lambda _: torch_view.Elementwise(lambda x: x * x)})
    result = attribution.deep_lift(square, sequences(), references=2, progress=False)
    assert np.abs(result.deltas).max() < 1e-5


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: layers.Activation(lambda v: v * v, name="own")(x), r"'own' .* the activation"),
        (lambda x: layers.Activation("log_softmax")(x), "with the activation 'log_softmax'"),
        (lambda x: layers.Maximum()([x, x]), r"\(Maximum\) has no DeepLIFT rule"),
        (lambda x: layers.LayerNormalization(axis=1)(x), "not the last one"),
        (lambda x: layers.LayerNormalization(axis=[1, 2])(x), "not the last one"),
        (lambda x: layers.Softmax(axis=(1, 2))(x), "over the axes"),
        (lambda x: layers.Dot(axes=2, normalize=True)([x, x]), "normalize=True"),
        (lambda x: layers.Attention(score_mode="concat")([x, x]), "score_mode='concat'"),
        (lambda x: layers.MaxPooling1D(2, data_format="channels_first")(x), "channels first"),
        (lambda x: layers.GlobalMaxPooling1D(data_format="channels_first")(x), "channels first"),
        (lambda x: layers.LSTM(3, return_sequences=True)(x), r"\(LSTM\) has no DeepLIFT rule"),
        (lambda x: x / layers.Dense(4)(x), "has no DeepLIFT rule"),
        (lambda x: keras.ops.argmax(x, axis=1), r"\(Argmax of keras.ops\) has no"),
    ],
)  # fmt: skip
def test_what_is_refused(build, message):
    x = keras.Input((LENGTH, 4))
    with pytest.raises(ValueError, match=message):
        torch_view.view(keras.Model(x, layers.Flatten()(build(x))), target="probability")


def test_options_of_a_call_are_refused():
    x = keras.Input((LENGTH, 4))
    model = keras.Model(x, layers.Flatten()(layers.Attention()([x, x], use_causal_mask=True)))
    with pytest.raises(ValueError, match="called with use_causal_mask"):
        torch_view.view(model)(torch.tensor(sequences()).transpose(1, 2))


@pytest.mark.parametrize("axes", [(2, 2), (1, 1), 2])
def test_dot_products(axes):
    x = keras.Input((LENGTH, 4))
    y = layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    out = layers.Dense(1)(layers.Flatten()(layers.Dot(axes=axes)([x, y])))
    check(scramble(keras.Model(x, out), 11), sequences())
    flat = layers.Dot(axes=1)([layers.Flatten()(x), layers.Flatten()(y)])
    check(scramble(keras.Model(x, flat), 12), sequences())


def test_no_functional_model_and_no_such_input():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"is no Functional model|expected a Functional"):
        torch_view.view(Own())
    with pytest.raises(ValueError, match=r"explained is 2; the model has 1 input"):
        torch_view.view(network(["relu"], "flatten", 1), explained=2)


@pytest.mark.parametrize(
    "close",
    [
        lambda x: layers.Flatten()(layers.Conv1D(1, LENGTH, activation="sigmoid")(x)),
        lambda x: layers.Reshape((1,))(layers.Dense(1, "sigmoid")(layers.Flatten()(x))),
        lambda x: keras.ops.squeeze(layers.Activation("sigmoid")(layers.Conv1D(1, LENGTH)(x)), 1),
        lambda x: keras.ops.sigmoid(layers.Dense(1)(layers.Flatten()(x))),
        lambda x: keras.ops.softmax(layers.Dense(2)(layers.Flatten()(x)))[:, :1],
        lambda x: _nested(x, keras.Sequential([layers.Flatten(), layers.Dense(1, "sigmoid")])),
    ],
)
def test_the_logit_is_found_behind_shapes_and_inside_models(close):
    x = keras.Input((LENGTH, 4))
    model = scramble(keras.Model(x, close(layers.Conv1D(3, 3, padding="same", activation="relu")(x))), 21)
    head, X = heads.output_model(model), sequences()
    logit, probability = heads.as_numpy(head(X)), heads.as_numpy(model(X))
    if logit.min() < 0 or logit.max() > 1:  # a softmax is known up to a constant
        assert not np.allclose(logit, probability)
    chosen = probability if logit.shape == probability.shape else probability[:, :1]
    if "Softmax" not in {type(one).__name__ for one in model.operations}:
        np.testing.assert_allclose(1 / (1 + np.exp(-logit)), chosen, atol=1e-5)
    assert np.abs(attribution.deep_lift(torch_view.view(model), X, progress=False).deltas).max() < 1e-3


def _nested(x, part):
    return part(x)


def test_of_several_outputs_one_is_asked_for():
    x = keras.Input((LENGTH, 4))
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(3, 3, activation="relu")(x))
    ends = [layers.Dense(1, "sigmoid", name="bound")(y), layers.Dense(2, name="level")(y)]
    model = scramble(keras.Model(x, ends), 22)
    with pytest.raises(ValueError, match=r"2 outputs, 'bound', 'level'; say which .*output='bound'"):
        torch_view.view(model)
    with pytest.raises(ValueError, match=r"target output 'other' does not exist"):
        torch_view.view(model, target=heads.Target(output="other"))
    X = sequences()
    for output in ("level", 1):
        found = heads.scorer(model, heads.Target(index=1, output=output))([X])
        np.testing.assert_allclose(found, heads.as_numpy(model(X)[1])[:, 1], atol=1e-6)
    view = torch_view.view(model, target=heads.Target(output="bound"))
    logit = view(torch.tensor(X).transpose(1, 2)).detach().numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), heads.as_numpy(model(X)[0]), atol=1e-6)


def test_a_view_that_differs_from_its_model_is_refused():
    x = keras.Input((LENGTH, 4))
    model = scramble(keras.Model(x, layers.Dense(1)(layers.Flatten()(layers.ReLU()(x - 0.5)))), 23)
    wrong = {layers.ReLU: lambda _: torch_view.Elementwise(torch.tanh)}
    with pytest.raises(ValueError, match="gives other outputs than the model"):
        torch_view.view(model, rules=wrong)


def test_halves_of_the_references_agree_where_the_network_is_linear():
    model = network(["convolution", "average"], "flatten", 24)
    found = attribution.deep_lift(torch_view.view(model), sequences(3), references=8, progress=False)
    np.testing.assert_allclose(found.halves.mean(axis=1), found.values.sum(axis=-1), atol=1e-5)
    alone = attribution.deep_lift(torch_view.view(model), sequences(3), references=1, progress=False)
    assert np.isnan(alone.halves).all()


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "float64"])
def test_a_convolution_of_every_precision(policy):
    x = keras.Input((LENGTH, 4))
    y = layers.ReLU()(layers.BatchNormalization(dtype=policy)(layers.Conv1D(6, 3, dtype=policy)(x)))
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, dtype=policy)(y))
    model = keras.Model(x, layers.Dense(1, dtype="float32")(y))
    assert torch_view.view(model)(torch.zeros(2, 4, LENGTH)).shape == (2, 1)
