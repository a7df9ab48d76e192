"""The networks on promoters: shapes, strands, known motifs, files."""

import functools

import keras
import numpy as np
import pytest

from helpers.project import backend

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.motifs import library  # noqa: E402
from helpers.sequences.alphabet import DNA  # noqa: E402
from helpers.sequences.encoding import one_hot  # noqa: E402
from helpers.tracks.stress_response import network, predict  # noqa: E402
from helpers.training import ensembles  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MOTIFS = [library.plant_motif(name) for name in ("MA0570.3", "MA1258.2", "MA1301.2")]


def promoters(n, length, seed=0):
    rng = np.random.default_rng(seed)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]


BUILD = {
    "original": lambda: network.build_original(80),
    "cnn": lambda: network.build_cnn(80),
    "scanner": lambda: network.build_scanner(80, motifs=MOTIFS),
}


@pytest.mark.parametrize("name", BUILD)
def test_from_promoter_to_probability(name):
    model = BUILD[name]()
    assert [tensor.name for tensor in model.inputs] == ["promoter"]
    p = model.predict(promoters(3, 80), verbose=0)
    assert p.shape == (3, 1)
    assert ((p > 0) & (p < 1)).all()
    logit = keras.Model(model.input, model.get_layer("logit").output)
    np.testing.assert_allclose(1 / (1 + np.exp(-logit.predict(promoters(3, 80), verbose=0))), p, rtol=1e-5)


@pytest.mark.parametrize("name", BUILD)
def test_activations_are_layers_used_once(name):
    model = BUILD[name]()
    for layer in model.layers:
        if hasattr(layer, "activation") and not isinstance(layer, keras.layers.Activation):
            assert layer.activation is keras.activations.linear, layer.name
        assert len(layer._inbound_nodes) == 1, layer.name


@pytest.mark.parametrize("name", BUILD)
def test_saved_and_loaded_it_is_the_same(name, tmp_path):
    model = BUILD[name]()
    path = training.save_run(tmp_path / "m.keras", model, {"length": 80})
    X = promoters(4, 80)
    np.testing.assert_allclose(
        training.load_run(path).model.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("name", ["original", "cnn"])
def test_the_mean_over_strands_knows_no_strand(name):
    model, X = BUILD[name](), promoters(5, 80)
    p = network.predict_strands(model, X)
    np.testing.assert_allclose(p, network.predict_strands(model, X[:, ::-1, ::-1]), atol=1e-6)
    one = network.predict_strands(model, X, strands=1)
    np.testing.assert_allclose(one, model.predict(X, verbose=0)[:, 0], atol=1e-6)


def test_the_scanner_counts_what_is_there():
    texts = ["T" * 20 + "ACACGTGGCA" + "T" * 50, "T" * 80]
    model = network.build_scanner(80, bins=2, motifs=MOTIFS)
    counter, _ = network.scanner_parts(model)
    counts = counter.predict(one_hot(texts, DNA), verbose=0)
    assert counts.shape == (2, 9)
    whole, left, right = counts[0, :3], counts[0, 3:6], counts[0, 6:]
    np.testing.assert_allclose(whole, (left + right) / 2, rtol=1e-4)
    assert whole[0] > 5 * counts[1, 0]
    assert left[0] > 5 * right[0]


def test_the_scanner_reads_both_strands():
    X = promoters(4, 80)
    model = network.build_scanner(80, bins=1, motifs=MOTIFS, width=15)
    counter, _ = network.scanner_parts(model)
    np.testing.assert_allclose(
        counter.predict(X, verbose=0), counter.predict(X[:, ::-1, ::-1], verbose=0), rtol=1e-4
    )


def test_scores_are_those_of_the_matrix():
    """A position's score is the sum of log-odds, by an independent loop."""
    text = "ACACGTGGCATTAGC"
    weights = library.log_odds(MOTIFS[0].counts, network.BACKGROUND)
    expected = sum(weights[i, DNA.letters.index(text[i])] for i in range(len(weights)))
    kernel = network.motif_kernels(MOTIFS[:1], len(weights))
    found = (kernel[:, :, 0] * one_hot([text], DNA)[0][: len(weights)]).sum()
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_wide_motif_keeps_its_informative_part():
    wide = max(library.jaspar("plants"), key=lambda motif: len(motif.counts))
    kernel = network.motif_kernels([wide], 10)
    assert kernel.shape == (10, 4, 1)
    assert (kernel != 0).any(axis=(1, 2)).all()


def test_the_head_shares_its_weights_with_the_scanner():
    model = network.build_scanner(80, motifs=MOTIFS)
    counter, head = network.scanner_parts(model)
    X = promoters(32, 80)
    counts = counter.predict(X, verbose=0)
    y = (counts[:, 0] > np.quantile(counts[:, 0], 0.75)).astype(float)[:, None]
    network.adapt(model, counts, y[:, 0])
    # All weights start at 0: the share of the labels is what is said before training.
    np.testing.assert_allclose(model.predict(X, verbose=0), 0.25, rtol=1e-5)
    head.fit(counts, y, epochs=5, verbose=0)
    assert np.ptp(head.predict(counts, verbose=0)) > 0
    np.testing.assert_allclose(head.predict(counts, verbose=0), model.predict(X, verbose=0), atol=1e-5)
    before = model.get_layer("forward").get_weights()[0]
    np.testing.assert_array_equal(before, network.motif_kernels(MOTIFS, 24) * np.float32(0.28))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: network.build_original(10), "length is 10 nt; the original network needs"),
        (lambda: network.build_cnn(5), "length is 5 nt; expected at least 11"),
        (lambda: network.build_scanner(81, motifs=MOTIFS), "81 nt, is not a multiple of bins"),
    ],
)
def test_too_short_a_promoter(build, reason):
    with pytest.raises(ValueError, match=reason):
        build()


def test_scanners_of_the_same_motifs_count_once_and_say_the_same():
    keras.utils.set_random_seed(1)
    models = [network.build_scanner(80, motifs=MOTIFS) for _ in range(2)]
    for model in models:
        layer = model.get_layer("logit")
        layer.kernel.assign(np.random.default_rng(len(models)).normal(size=layer.kernel.shape))
    models[1].get_layer("logit").bias.assign([2.0])
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(5, 80))]
    ask = functools.partial(network.predict_strands, strands=1)
    found = predict.Served([], models, {}, ask=ask)
    assert found._parts is not None
    np.testing.assert_allclose(
        found.scores(X), ensembles.Ensemble([], models, {}, ask=ask).scores(X), atol=1e-5
    )
    for other in (
        network.build_scanner(80, motifs=MOTIFS, sharpness=0.3), network.build_scanner(80, motifs=MOTIFS[1:]),
        network.build_scanner(80, motifs=MOTIFS, bins=4), network.build_cnn(80),
    ):  # fmt: skip
        assert network.shared_counter([models[0], other]) is None
