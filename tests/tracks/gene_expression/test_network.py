"""The hybrid network and the models of the expression comparison, on toys with known answers."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import training
from helpers.project import backend
from helpers.tracks.gene_expression import network, predictors
from helpers.training import reuse

# Keras 3.15 under numpy 2.4, whenever it turns a weight into an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = network.Size(filters=6, shared=4, width=7, recurrent=4, dropout=0.0, rate=0.02)
KNOWN = [(5 * np.eye(4)[[3, 0, 3, 0, 0, 0]] - 3.5).astype("float32")]


@pytest.fixture(scope="module")
def toy():
    """Promoters whose value is 2 with TATAAA in them, on either strand, and 0 without."""
    rng = np.random.default_rng(0)
    words, y = [], []
    for number in range(240):
        letters = rng.choice(list("ACG"), size=40)
        if number % 2:
            place = rng.integers(0, 34)
            letters[place : place + 6] = list("TATAAA" if number % 4 == 1 else "TTTATA")
        words.append("".join(letters))
        y.append(2.0 * (number % 2))
    values = np.column_stack([y, np.negative(y)]) + rng.normal(scale=0.1, size=(240, 2))
    values[::7, 1] = np.nan
    return predictors.PromoterTable(words, values, taxon="urochordates")


ROWS = np.arange(240)
TRAIN, VALID, TEST = ROWS[:160], ROWS[160:200], ROWS[200:]


def correlation(y, p):
    known = np.isfinite(y)
    return np.corrcoef(y[known], p[known])[0, 1]


def test_what_was_not_measured_costs_nothing():
    loss = network.MaskedSquaredError()
    y = np.array([[1.0, np.nan], [np.nan, np.nan], [0.0, 1.0]])
    assert float(loss(y, np.zeros((3, 2)))) == pytest.approx((0.5 + 0 + 0.5) / 3)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), loss)
    model.fit(np.ones((3, 1)), y, batch_size=3, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_weights_of_rows_reach_the_loss():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, use_bias=False)])
    model.set_weights([np.zeros((1, 2))])
    model.compile("sgd", network.MaskedSquaredError())
    y = np.array([[2.0, np.nan], [4.0, 4.0]])
    found = model.evaluate(np.ones((2, 1)), y, sample_weight=np.array([1.0, 0.0]), verbose=0)
    assert found == pytest.approx((2.0 + 0.0) / 2)


def test_a_detector_reads_both_strands_alike():
    keras.utils.set_random_seed(0)
    layer = network.StrandConvolution(5, 7)
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (3, 30))]
    forward, other = np.asarray(layer(X)), np.asarray(layer(X[:, ::-1, ::-1]))
    np.testing.assert_allclose(forward, other[:, ::-1], atol=1e-5)


def test_attention_passes_over_padding():
    model = network.build_hybrid(2, size=SMALL)
    X = np.full((1, 16, 4), 0.25, dtype=np.float32)
    X[:, 8:] = 0
    found = network.attention_map(model, X)
    assert found[:, :8].sum() == pytest.approx(2, abs=1e-4)
    assert (found[:, 8:] == 0).all()


def test_known_motifs_are_where_training_begins():
    model = network.build_hybrid(1, length=24, size=SMALL, known=KNOWN)
    layer = model.get_layer("known_conv")
    assert layer.get_weights()[0].shape == (7, 4, 1)
    X = np.zeros((1, 24, 4), dtype=np.float32)
    X[0, 8:14] = np.eye(4)[[3, 0, 3, 0, 0, 0]]
    assert int(np.asarray(layer(X))[0, :, 0].argmax()) in range(9, 13)
    assert model.output.shape == (None, 1)


@pytest.mark.parametrize("build", [network.build_hybrid, network.build_plain])
def test_a_saved_network_gives_the_same_numbers(build, tmp_path):
    model = build(3, length=20, size=SMALL, steps=10)
    X = np.random.default_rng(0).random((4, 20, 4)).astype("float32")
    path = training.save_run(tmp_path / "m.keras", model, {"alphabet": "ACGT"})
    again = training.load_run(path, expect={"alphabet": "ACGT"}).model
    np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6)


def test_any_length_goes_through_one_network():
    model = network.build_hybrid(2, size=SMALL)
    for length in (17, 64):
        X = np.full((2, length, 4), 0.25, dtype=np.float32)
        assert model.predict(X, verbose=0).shape == (2, 2)
        assert network.attention_map(model, X).shape == (2, length, 2)


def test_half_precision_keeps_whole_outputs():
    try:
        assert backend.accelerate(1) == "1 GPU, mixed_float16"
        model = network.build_hybrid(2, length=20, size=SMALL)
        X = np.random.default_rng(0).random((8, 20, 4)).astype("float32")
        y = np.where(X[:, 0, :2] > 0.5, np.nan, X[:, 1, :2])
        history = model.fit(X, y, epochs=1, verbose=0).history["loss"]
        assert np.isfinite(history).all()
        assert model.predict(X, verbose=0).dtype == np.float32
        assert model.get_layer("motif_conv").compute_dtype == "float16"
    finally:
        backend.accelerate(0)
    assert backend.accelerate().endswith(("float32", "mixed_float16"))
    backend.accelerate(0)


def test_faults_of_sizes_are_named():
    with pytest.raises(ValueError, match="tasks is 0; expected the number of cell types"):
        network.build_hybrid(0)
    with pytest.raises(ValueError, match="length is 3 nt; expected at least one step of 4 nt"):
        network.build_plain(1, length=3)
    with pytest.raises(ValueError, match="width is 8 nt; expected an odd number"):
        network.build_hybrid(1, size=SMALL._replace(width=8))
    with pytest.raises(ValueError, match="'plain' has no layer 'attention'"):
        network.attention_map(network.build_plain(1, size=SMALL), np.zeros((1, 8, 4)))


# Predictors


def schedule(epochs, patience=8, seed=0):
    return training.Schedule(epochs=epochs, batch_size=16, patience=patience, seed=seed)


def small(toy, kind=predictors.Network):
    return kind(toy, size=SMALL._asdict(), schedule=schedule(8))


@pytest.mark.parametrize(
    "make",
    [
        small,
        lambda toy: small(toy, predictors.Plain),
        predictors.Ridge,
        predictors.Forest,
        predictors.Machine,
    ],
    ids=["hybrid", "plain", "ridge", "forest", "machine"],
)
def test_every_model_finds_the_element_and_keeps_the_unit(toy, make):
    model = make(toy)
    model.fit(TRAIN, VALID)
    p = model.predict(TEST)
    assert p.shape == (40, 2)
    assert correlation(toy.y[TEST, 0], p[:, 0]) > 0.6
    assert correlation(toy.y[TEST, 1], p[:, 1]) > 0.5
    assert abs(p[:, 0].mean() - 1) < 0.4


def test_ours_weighs_its_parts_on_validation_rows(toy):
    model = predictors.network_and_sites(toy, size=SMALL._asdict(), schedule=schedule(3))
    model.fit(TRAIN, VALID)
    found = model.predict(TEST)
    assert list(found) == ["ours", "network", "sites"]
    assert (model.weights >= 0).all()
    assert correlation(toy.y[TEST, 0], found["ours"][:, 0]) > 0.6


def test_a_model_never_reads_a_test_value(toy):
    spoilt = toy.y.copy()
    spoilt[TEST] = 99.0
    other = predictors.PromoterTable(toy.sequences, spoilt)
    for make in (predictors.Ridge, predictors.Machine):
        a, b = make(toy), make(other)
        a.fit(TRAIN, VALID)
        b.fit(TRAIN, VALID)
        np.testing.assert_allclose(a.predict(TEST), b.predict(TEST))


def test_the_control_learns_nothing(toy):
    control = training.Shuffled(small(toy, predictors.Plain), seed=1)
    control.fit(TRAIN, VALID)
    assert [one.best_epoch for one in control.network.results] == [control.network.schedule.epochs]
    assert abs(correlation(toy.y[TEST, 0], control.predict(TEST)[:, 0])) < 0.5
    assert np.isfinite(toy.y[TRAIN, 0]).all()


def test_the_best_known_sites_are_none_like_another(toy):
    values = np.nan_to_num(toy.y[TRAIN])
    chosen = toy.best_known(TRAIN, values, 5)
    assert 1 <= len(chosen) <= 5
    assert len({matrix.name for matrix in chosen}) == len(chosen)
    assert toy.best_known(TRAIN, values, 0) == []


def test_same_seed_same_numbers(toy):
    found = []
    for seed in (1, 1, 2):
        model = predictors.Plain(toy, size=SMALL._asdict(), schedule=schedule(1, seed=seed))
        model.fit(TRAIN[:64], VALID)
        found.append(model.predict(TEST))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_faults_of_tables_are_named():
    with pytest.raises(ValueError, match=r"found 1 promoters and values of shape \(2, 1\)"):
        predictors.PromoterTable(["ACGT"], np.zeros((2, 1)))
    table = predictors.PromoterTable(["ACGTACGT"] * 4, np.array([[1.0, np.nan]] * 4))
    with pytest.raises(ValueError, match="cell type 1 was measured in 0 training promoters"):
        small(table).fit(np.arange(3), np.arange(3, 4))


def test_a_kept_member_is_read_back_and_not_trained_again(toy, tmp_path, monkeypatch):
    rows = np.arange(len(toy))
    train, valid = rows[:-20], rows[-20:]
    options = {"size": SMALL._asdict(), "schedule": schedule(2, seed=3), "folder": tmp_path}
    first = predictors.Network(toy, **options)
    first.fit(train, valid)
    monkeypatch.setattr(predictors, "fit", None)
    again = predictors.Network(toy, **options)
    again.fit(train, valid)
    np.testing.assert_allclose(again.predict(valid), first.predict(valid), atol=1e-6)
    assert again.results[0].best_epoch == first.results[0].best_epoch
    assert again.validation_loss == pytest.approx(first.validation_loss)
    assert again.settings == predictors.Network(toy, **options | {"folder": None}).settings
    with pytest.raises(TypeError):
        again.fit(train[1:], valid)


def test_sizes_are_read_from_words():
    assert network.read_size("") == network.Size()
    assert network.read_size(" filters 8,rate  0.1, ") == network.Size(filters=8, rate=0.1)
    with pytest.raises(ValueError, match="'filter 8' names no size; expected filters, shared"):
        network.read_size("filter 8")
    with pytest.raises(ValueError, match=r"'pool 2\.5'; expected a whole number behind pool"):
        network.read_size("pool 2.5")
    with pytest.raises(ValueError, match="'rate fast'; expected a number behind rate"):
        network.read_size("rate fast")


def test_a_shift_moves_whole_rows_in_training_only():
    """Every shift from -2 to 2 occurs, what is moved in is padding, and the saved network keeps it."""
    X = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, size=(200, 9))]
    layer = network.Shift(2, seed=3)
    moved = np.asarray(layer(X, training=True))
    padded = np.pad(X, ((0, 0), (2, 2), (0, 0)))
    by = [
        next(place for place in range(5) if np.array_equal(row, whole[place : place + 9]))
        for row, whole in zip(moved, padded, strict=True)
    ]
    assert set(by) == {0, 1, 2, 3, 4}
    np.testing.assert_array_equal(layer(X), X)
    assert network.Shift.from_config(layer.get_config()).most == 2
    model = network.build_hybrid(1, length=40, size=network.Size(filters=2, shared=2, recurrent=2, shift=3))
    assert model.get_layer("shift").most == 3


def test_a_second_training_in_a_process_gives_the_numbers_of_a_first(toy, monkeypatch):
    monkeypatch.setattr(reuse, "_KEPT", {})
    found = []
    for seed in (1, 2, 1):
        size = SMALL._replace(dropout=0.2, shift=2)._asdict()
        model = predictors.Network(toy, size=size, known=2, schedule=replace(schedule(2), seed=seed))
        model.fit(TRAIN, VALID)
        found.append(model.predict(TEST))
    assert len(reuse._KEPT) == 1
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])
