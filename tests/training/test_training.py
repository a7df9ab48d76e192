import json
import zipfile
from types import SimpleNamespace
from typing import ClassVar

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from helpers import training
from helpers.project import paths
from helpers.sequences import encoding
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.stats import odds
from helpers.tracks.rna_peptide.network import build_cross_attention
from helpers.training import Blend, Calibrator, Schedule
from helpers.training.augmentation import AugmentedBatches
from helpers.training.batches import Batches, Chains, padded_length
from helpers.training.saving import card_path
from helpers.training.store import Store

# Keras 3.15 under numpy 2.4, whenever it turns a weight into an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CARD = {"rna_alphabet": "ACGU", "rna_length": 100}


def toy_chains(n, seed=0):
    rng = np.random.default_rng(seed)
    rna = ["".join(rng.choice(list("ACGU"), rng.integers(5, 70))) for _ in range(n)]
    peptide = ["".join(rng.choice(list(PEPTIDE.letters), rng.integers(4, 50))) for _ in range(n)]
    return [Chains.from_sequences(rna, RNA), Chains.from_sequences(peptide, PEPTIDE)]


def toy_model(**options):
    keras.utils.set_random_seed(5)
    return build_cross_attention(filters=4, keys=3, interaction_units=4, **options)


def dense_model():
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.3), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def data():
    X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
    return X, (X[:, 0] > 0).astype("float32")


# Chains and batches


@given(st.lists(st.text("ACGUN", min_size=1, max_size=90), min_size=1, max_size=6))
def test_chains_are_encoded_as_sequence_encodes_them(chains):
    found = Chains.from_sequences(chains, RNA)
    longest = padded_length(max(map(len, chains)))
    np.testing.assert_array_equal(found.one_hot(), encoding.one_hot(chains, RNA, length=longest))


@given(st.integers(1, 20_000))
def test_padded_lengths_hold_the_chain_and_waste_little(n):
    found = padded_length(n)
    assert n <= found <= max(16, 1.5 * n)
    assert found % 8 == 0


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 9), st.none() | st.integers(0, 3))
def test_batches_hold_every_row_once_with_its_label_and_weight(n, size, seed):
    inputs = toy_chains(n, seed=n)
    batches = Batches(inputs, np.arange(n), batch_size=size, weight=np.arange(n) + 0.5, seed=seed)
    for _ in range(2):
        seen = []
        for number in range(len(batches)):
            (rna, peptide), y, weight = batches[number]
            rows = y.astype(int)
            assert np.array_equal(weight, y + 0.5)
            assert np.array_equal(rna.sum(axis=(1, 2)).round(), inputs[0].lengths[rows])
            assert np.array_equal(peptide.sum(axis=(1, 2)).round(), inputs[1].lengths[rows])
            seen += rows.tolist()
        assert sorted(seen) == list(range(n))
        batches.on_epoch_end()


def test_fixed_length_cuts_only_when_asked():
    with pytest.raises(ValueError, match=r"of 4 residues; the model takes 3; give truncate"):
        Chains.from_sequences(["ACGU"], RNA, length=3)
    cut = Chains.from_sequences(["ACGU", "A"], RNA, length=3, truncate=True).one_hot()
    np.testing.assert_array_equal(cut, encoding.one_hot(["ACG", "A"], RNA))


def test_empty_chain_is_named_by_its_row():
    with pytest.raises(ValueError, match="row 3 holds an empty RNA chain"):
        Chains.from_sequences(["A", "C", ""], RNA)


# Fitting


def test_fit_restores_the_best_epoch(data):
    X, y = data
    result = training.fit(
        dense_model(), X, y, valid=(X, 1 - y), schedule=Schedule(epochs=9, patience=2), verbosity=0
    )
    assert result.best_epoch == 1 + result.history["val_loss"].argmin()
    assert len(result.history) == result.best_epoch + 2
    loss = result.model.evaluate(X, 1 - y, verbose=0)[0]
    assert loss == pytest.approx(result.history["val_loss"].min(), abs=1e-5)


def test_same_seed_same_numbers_and_other_seed_others():
    inputs, y = toy_chains(40), (np.arange(40) % 2).astype("float32")
    found = []
    for seed in (1, 1, 2):
        result = training.fit(
            toy_model(), inputs, y, valid=(inputs, y), verbosity=0,
            schedule=Schedule(epochs=2, seed=seed, batch_size=8),
        )  # fmt: skip
        found.append(training.predict(result.model, inputs))
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_rows_of_weight_zero_are_not_learnt(data):
    X, y = data
    lie, weight = y.copy(), np.ones(60)
    lie[::2], weight[::2] = 1 - lie[::2], 0
    result = training.fit(
        dense_model(),
        X,
        lie,
        valid=(X, y),
        weight=weight,
        schedule=Schedule(epochs=30, patience=30),
        verbosity=0,
    )
    assert ((training.predict(result.model, X) > 0.5) == y).mean() > 0.9


def test_prediction_keeps_the_order_of_rows_of_any_length():
    inputs, model = toy_chains(30), toy_model()
    together = training.predict(model, inputs, batch_size=7)
    alone = [training.predict(model, [chains[[row]] for chains in inputs])[0] for row in (0, 13, 29)]
    np.testing.assert_allclose(together[[0, 13, 29]], alone, atol=1e-5)
    assert training.predict(model, [chains[:0] for chains in inputs]).shape == (0,)


def test_progress_is_one_bar(data, capsys):
    X, y = data
    training.fit(dense_model(), X, y, valid=(X, y), schedule=Schedule(epochs=2))
    assert "2/2" in capsys.readouterr().err
    training.fit(dense_model(), X, y, valid=(X, y), schedule=Schedule(epochs=2), verbosity=0)
    assert capsys.readouterr() == ("", "")


def test_fit_names_its_faults(data):
    X, y = data
    with pytest.raises(ValueError, match="the training part has 59 and 60 rows"):
        training.fit(dense_model(), X, y[:-1], valid=(X, y))
    with pytest.raises(ValueError, match="the validation part has no rows"):
        training.fit(dense_model(), X, y, valid=(X[:0], y[:0]))
    with pytest.raises(ValueError, match="the training part has 9 and 60 rows"):
        training.fit(dense_model(), X, y, valid=(X, y), weight=np.ones(9))
    batches = AugmentedBatches(np.zeros((4, 3, 4)), np.ones(4))
    for more in ({"y": np.ones(4)}, {"y": None, "weight": np.ones(4)}):
        with pytest.raises(ValueError, match="whose batches hold their labels and weights"):
            training.fit(dense_model(), batches, valid=(X, y), **more)


@pytest.mark.parametrize(
    ("metric", "mode"),
    [
        ("mae", "min"),
        ("mse", "min"),
        ("brier", "min"),
        ("log_loss", "min"),
        ("auroc", "max"),
        ("pearson", "max"),
    ],
)
def test_the_best_epoch_is_the_best_by_any_metric(data, metric, mode):
    """Wrong labels on validation: every epoch is worse than the one before."""
    X, y = data
    model = dense_model()
    made = keras.metrics.MeanSquaredError(name=metric)
    model.compile(keras.optimizers.Adam(0.3), "binary_crossentropy", metrics=[made])
    schedule = Schedule(epochs=4, monitor=f"val_{metric}")
    result = training.fit(model, X, y, valid=(X, 1 - y), schedule=schedule, verbosity=0)
    values = result.history[f"val_{metric}"]
    assert result.best_epoch == 1 + (values.argmin() if mode == "min" else values.argmax())


def test_the_last_epoch_is_kept_where_that_is_asked_for(data):
    """Wrong labels on validation, and no patience: every epoch is done all the same, and stays."""
    X, y = data
    options = {"valid": (X, 1 - y), "verbosity": 0}
    kept = []
    for schedule in (Schedule(epochs=4, patience=1, last=True), Schedule(epochs=4, patience=4)):
        keras.utils.set_random_seed(0)
        model = dense_model()
        model.compile(keras.optimizers.Adam(0.3), "binary_crossentropy")
        kept.append(training.fit(model, X, y, schedule=schedule, **options))
    last, best = kept
    assert (len(last.history), last.best_epoch, best.best_epoch) == (4, 4, 1)
    losses = [float(np.ravel(one.model.evaluate(X, 1 - y, verbose=0))[0]) for one in kept]
    assert losses == pytest.approx([last.history["val_loss"].iloc[-1], best.history["val_loss"].iloc[0]])


def test_an_unknown_monitor_is_told_before_an_epoch_is_over(data):
    X, y = data
    for monitor, reason in (("val_lossy", "does not say whether small"), ("val_auroc", "this model reports")):
        seen = []
        counted = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))  # noqa: B023
        with pytest.raises(ValueError, match=f"monitor is '{monitor}'.*{reason}"):
            training.fit(
                dense_model(), X, y, valid=(X, y), verbosity=0,
                schedule=Schedule(epochs=3, monitor=monitor, callbacks=[counted]),
            )  # fmt: skip
        assert seen == []


def test_fit_has_no_argument_for_a_test_set(data):
    X, y = data
    with pytest.raises(TypeError, match="test"):
        training.fit(dense_model(), X, y, valid=(X, y), test=(X, y))


# Saving


@pytest.fixture
def saved(tmp_path):
    return training.save_run(tmp_path / "run" / "toy.keras", toy_model(), CARD)


def test_a_run_comes_back_with_its_card(saved):
    inputs = toy_chains(5)
    run = training.load_run(saved, expect=CARD)
    expected = training.predict(toy_model(), inputs)
    np.testing.assert_allclose(training.predict(run.model, inputs), expected, atol=1e-6)
    assert run.card["inputs"] == {"rna": [None, None, 4], "peptide": [None, None, 20]}
    assert run.card["provenance"]["packages"]["keras"] == keras.__version__
    assert sorted(path.name for path in saved.parent.iterdir()) == ["toy.card.json", "toy.keras"]


def test_the_state_of_the_optimizer_is_not_saved(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 3)), np.zeros(4), verbose=0)
    path = training.save_run(tmp_path / "toy.keras", model, {})
    with zipfile.ZipFile(path) as file:
        assert {one.compress_type for one in file.infolist()} == {zipfile.ZIP_DEFLATED}
        weights = file.read("model.weights.h5")
    assert b"optimizer" not in weights
    # The model in memory trains on as before.
    model.fit(np.zeros((4, 3)), np.zeros(4), verbose=0)
    assert int(model.optimizer.iterations) == 2


def test_missing_files_are_named(saved, tmp_path):
    with pytest.raises(ValueError, match="no model file there"):
        training.load_run(tmp_path / "none.keras")
    card_path(saved).unlink()
    with pytest.raises(ValueError, match=r"its card toy.card.json is missing"):
        training.load_run(saved)


def test_what_is_expected_is_checked(saved):
    with pytest.raises(ValueError, match="trained with rna_alphabet = 'ACGU', but 'ACGT' is asked"):
        training.load_run(saved, expect={"rna_alphabet": "ACGT"})
    with pytest.raises(ValueError, match="says nothing of 'peptide_length'"):
        training.load_run(saved, expect={"peptide_length": 100})


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 and then nothing"])
def test_other_files_are_refused(saved, content):
    saved.write_bytes(content)
    with pytest.raises(ValueError, match="not a whole Keras model file"):
        training.load_run(saved)


def test_a_truncated_model_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(ValueError, match="not a whole Keras model file"):
        training.load_run(saved)


def test_a_card_of_another_model_is_refused(saved):
    keras.utils.set_random_seed(9)
    build_cross_attention(filters=4).save(saved)
    with pytest.raises(ValueError, match=r"its sha256 is .*, its card says"):
        training.load_run(saved)


def test_a_zip_that_holds_no_model_is_refused(saved):
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("config.json", "{}")
    card = json.loads(card_path(saved).read_text())
    card["model_sha256"] = paths.sha256(saved)
    card_path(saved).write_text(json.dumps(card))
    with pytest.raises(ValueError, match="Keras cannot read this model"):
        training.load_run(saved)


@pytest.mark.filterwarnings("ignore:.*Lambda.*:UserWarning")
def test_code_in_a_model_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    path = training.save_run(tmp_path / "code.keras", model, {})
    with pytest.raises(ValueError, match="It may hold code"):
        training.load_run(path)


def test_broken_cards_are_refused(saved):
    card_path(saved).write_text('{"a": ')
    with pytest.raises(ValueError, match="not a whole JSON file"):
        training.load_run(saved)
    card_path(saved).write_text("[]")
    with pytest.raises(ValueError, match="holds a JSON list"):
        training.load_run(saved)


@pytest.mark.parametrize(
    ("name", "card", "message"),
    [
        ("toy.h5", {}, r"toy.h5 ends in '.h5'; expected '.keras'"),
        ("toy.keras", {"inputs": 1}, "the card holds inputs, which save_run adds itself"),
        ("toy.keras", {"x": float("nan")}, "a value that JSON cannot hold"),
        ("toy.keras", {"x": {1, 2}}, "a value that JSON cannot hold"),
    ],
)
def test_what_cannot_be_saved_is_named_and_leaves_nothing(tmp_path, name, card, message):
    with pytest.raises(ValueError, match=message):
        training.save_run(tmp_path / name, dense_model(), card)
    assert not list(tmp_path.iterdir())


# Calibration


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_finds_the_true_probability(method):
    rng = np.random.default_rng(0)
    score = rng.normal(size=8000)
    true = 1 / (1 + np.exp(-score))
    y = rng.random(8000) < true
    raw = 1 / (1 + np.exp(-3 * score))
    found = Calibrator.fit(y, raw, method=method, n_boot=50).predict(raw)
    assert np.abs(found.probability - true).mean() < 0.04
    assert np.all(found.low <= found.probability)
    assert np.all(found.probability <= found.high)
    order = np.argsort(raw)
    assert np.all(np.diff(found.probability[order]) >= -1e-9)


def test_calibration_survives_its_card_and_spread_widens_it():
    rng = np.random.default_rng(1)
    p = rng.random(300)
    made = Calibrator.fit(rng.random(300) < p, p)
    again = Calibrator.from_card(json.loads(json.dumps(made.to_card())))
    np.testing.assert_allclose(made.predict(p), again.predict(p), atol=1e-5)
    narrow, wide = made.predict(p), made.predict(p, spread=0.5)
    assert np.all(wide.high - wide.low >= narrow.high - narrow.low)


def test_a_calibration_of_pairs_resamples_both_sides_and_says_nothing_from_few():
    rng = np.random.default_rng(2)
    sides = rng.integers(30, size=(400, 2))
    p = rng.random(400)
    moved = rng.normal(size=(2, 30))
    y = rng.random(400) < 1 / (
        1 + np.exp(-(np.log(p / (1 - p)) + moved[0][sides[:, 0]] + moved[1][sides[:, 1]]))
    )
    alone, both = (Calibrator.fit(y, p, groups=one).predict(p) for one in (None, sides))
    assert (both.high - both.low).mean() > 1.3 * (alone.high - alone.low).mean()
    few = Calibrator.fit(y, p, groups=sides % 4).predict(p)
    np.testing.assert_array_equal(few.probability, alone.probability)
    assert (few.low == 0).all()
    assert (few.high == 1).all()


def test_an_ensemble_is_calibrated_by_all_its_members():
    rng = np.random.default_rng(1)
    p = rng.random(300)
    one, other = (Calibrator.fit(rng.random(300) < p**power, p) for power in (1, 3))
    cards = [one.to_card(), other.to_card()]
    both = Calibrator.of_members(cards)
    expected = (one.predict(p).probability + other.predict(p).probability) / 2
    np.testing.assert_allclose(both.predict(p).probability, expected, atol=1e-5)
    assert Calibrator.of_members([*cards, None]) is None
    alone = Calibrator.of_members(cards[:1]).predict(p)
    np.testing.assert_allclose(alone.high, one.predict(p).high, atol=1e-5)


def test_the_spread_of_an_ensemble_is_read_off_the_curve():
    identity = np.interp(np.linspace(-9, 9, 73), [-9, 9], [0.05, 0.95])
    found = Calibrator(identity, identity, identity, method="platt", n=1).predict([0.5], spread=1.0)
    reach = 1.96 * 0.05
    np.testing.assert_allclose([found.low[0], found.high[0]], [0.5 - reach, 0.5 + reach], atol=1e-6)


def test_calibration_names_its_faults():
    with pytest.raises(ValueError, match="method is 'beta'; expected one of platt, isotonic"):
        Calibrator.fit(np.array([0, 1]), np.array([0.1, 0.9]), method="beta")
    with pytest.raises(ValueError, match="found 2 labels and 1 probabilities"):
        Calibrator.fit(np.array([0, 1]), np.array([0.1]))
    with pytest.raises(ValueError, match="needs both labels"):
        Calibrator.fit(np.array([1, 1]), np.array([0.1, 0.9]))
    card = Calibrator.fit(np.array([0, 1]), np.array([0.1, 0.9])).to_card()
    with pytest.raises(ValueError, match="lacks 'low'"):
        Calibrator.from_card({key: value for key, value in card.items() if key != "low"})
    with pytest.raises(ValueError, match="not 73 in each"):
        Calibrator.from_card({**card, "high": [0.5]})


# Cross-validation


class Counting:
    fits = 0

    def __init__(self, shift=0.0):
        self.settings = {"shift": shift}

    def fit(self, train, valid):
        type(self).fits += 1
        self.p = len(train) / 7 + self.settings["shift"]

    def predict(self, rows):
        return {"a": np.full(len(rows), self.p), "b": rows / 3}


FOLDS = [
    SimpleNamespace(train=np.array([0, 1]), valid=np.array([2]), test=np.array([3]), name="one"),
    SimpleNamespace(train=np.array([3]), valid=np.array([2]), test=np.array([0, 1]), name="two"),
]
Y = np.array([0, 1, 1, 0])


def test_finished_folds_are_read_back_to_the_last_digit(tmp_path):
    Counting.fits = 0
    options = {"folder": tmp_path, "data_key": "x", "verbosity": 0}
    first = training.cross_validate({"m": Counting}, Y, FOLDS, **options)
    assert Counting.fits == 2
    assert first[first["model"] == "a"]["row"].tolist() == [3, 0, 1]
    again = training.cross_validate({"m": Counting}, Y, FOLDS, **options)
    assert Counting.fits == 2
    pd.testing.assert_frame_equal(first, again)
    # What it cost stands in the file alone: a table of predictions is the same on a slower machine.
    kept = pd.concat(map(pd.read_csv, sorted(tmp_path.glob("m-*.csv"))))
    assert kept["train_rows"].unique().tolist() == [2, 1]
    assert (kept[["fit_seconds", "predict_seconds"]] >= 0).all(axis=None)
    assert not {"rows", "train_rows", "fit_seconds", "predict_seconds"} & set(first)


@pytest.mark.parametrize("change", ["settings", "data", "labels", "folds", "code"])
def test_a_change_of_anything_is_computed_anew(tmp_path, change, monkeypatch):
    training.cross_validate({"m": Counting}, Y, FOLDS, folder=tmp_path, data_key="x", verbosity=0)
    Counting.fits = 0
    if change == "code":
        monkeypatch.setattr(training.cross_validation.code, "key", lambda *things: "other")
    make = (lambda: Counting(0.1)) if change == "settings" else Counting
    y = Y + 0.25 if change == "labels" else Y
    folds = FOLDS
    if change == "folds":
        folds = [SimpleNamespace(**{**vars(fold), "valid": np.array([], int)}) for fold in FOLDS]
    data = "z" if change == "data" else "x"
    training.cross_validate({"m": make}, y, folds, folder=tmp_path, data_key=data, verbosity=0)
    assert Counting.fits == 2


def test_leaking_folds_and_wrong_shapes_are_named():
    leak = SimpleNamespace(**{**vars(FOLDS[0]), "train": np.array([0, 3])})
    with pytest.raises(ValueError, match=r"fold one: 1 test rows are also train rows .* row 3"):
        training.cross_validate({"m": Counting}, Y, [leak], verbosity=0)

    class Short(Counting):
        def predict(self, rows):
            return np.zeros(len(rows) + 1)

    with pytest.raises(ValueError, match="model 'm' gave predictions of shape"):
        training.cross_validate({"m": Short}, Y, FOLDS, verbosity=0)


class Several:
    """Predicts row + task / 10 for every task."""

    settings: ClassVar = {"model": "several"}

    def fit(self, train, valid):
        pass

    def predict(self, rows):
        return rows[:, None] + np.arange(2) / 10


def test_values_of_several_tasks_have_a_row_where_they_were_measured(tmp_path):
    y = np.array([[1.0, np.nan], [2.0, 3.0], [0.0, 0.0], [np.nan, np.nan]])
    named = pd.DataFrame(y, columns=["NA", "K562"])
    options = {"folder": tmp_path, "data_key": "d", "verbosity": 0}
    found = training.cross_validate({"m": Several}, named, FOLDS, **options)
    assert found.columns.tolist() == ["row", "run", "fold", "task", "y", "p", "model"]
    assert found[["row", "task", "y", "p"]].values.tolist() == [
        [0, "NA", 1.0, 0.0], [1, "NA", 2.0, 1.0], [1, "K562", 3.0, 1.1],
    ]  # fmt: skip
    again = training.cross_validate({"m": Several}, named, FOLDS, **options)
    pd.testing.assert_frame_equal(found, again)
    assert set(training.cross_validate({"m": Several}, y, FOLDS, verbosity=0)["task"]) == {"0", "1"}
    with pytest.raises(ValueError, match=r"gave predictions of shape .*\(1, 2\), one a row and task"):
        training.cross_validate({"m": Counting}, y, FOLDS, verbosity=0)


def test_further_columns_of_a_prediction_are_kept(tmp_path):
    class Sure(Counting):
        def predict(self, rows):
            return {"a": pd.DataFrame({"p": rows / 2, "low": rows / 4}, index=rows), "b": rows / 3}

    options = {"folder": tmp_path, "data_key": "d", "verbosity": 0}
    for _ in range(2):
        found = training.cross_validate({"m": Sure}, Y, FOLDS[:1], **options)
        assert found.columns.tolist() == ["row", "run", "fold", "y", "p", "model", "low"]
        assert found["p"].tolist() == [1.5, 1.0]
        assert found["low"].iloc[0] == 0.75
        assert np.isnan(found["low"].iloc[1])


def test_groups_stand_beside_the_predictions():
    found = training.cross_validate({"m": Counting}, Y, FOLDS, groups=["a", "b", "c", "d"], verbosity=0)
    assert found.columns.tolist() == ["row", "group", "run", "fold", "y", "p", "model"]
    assert found["group"].tolist() == ["d", "d", "a", "b", "a", "b"]
    sides = [["a", "x"], ["b", "x"], ["c", "y"], ["d", "y"]]
    pairs = training.cross_validate({"m": Counting}, Y, FOLDS, groups=sides, verbosity=0)
    assert pairs.columns.tolist() == ["row", "group", "group_2", "run", "fold", "y", "p", "model"]
    assert pairs["group_2"].tolist() == ["y", "y", "x", "x", "x", "x"]
    assert set(pairs["run"]) == {1}
    with pytest.raises(ValueError, match=r"groups of shape \(1,\) for 4 rows; expected one a row"):
        training.cross_validate({"m": Counting}, Y, FOLDS, groups=["a"], verbosity=0)


@pytest.mark.parametrize("cut", [1, 10, 25])
def test_a_fold_that_is_cut_short_is_made_anew(tmp_path, cut):
    options = {"folder": tmp_path, "data_key": "x", "verbosity": 0}
    first = training.cross_validate({"m": Counting}, Y, FOLDS, **options)
    file = next(tmp_path.glob("m-two-*.csv"))
    file.write_text("\n".join(file.read_text().splitlines()[:-cut]) if cut == 1 else file.read_text()[:-cut])
    Counting.fits = 0
    pd.testing.assert_frame_equal(training.cross_validate({"m": Counting}, Y, FOLDS, **options), first)
    assert Counting.fits == 1


def test_a_folder_needs_the_key_of_the_data(tmp_path):
    with pytest.raises(ValueError, match="a folder without data_key"):
        training.cross_validate({"m": Counting}, Y, FOLDS, folder=tmp_path)


def test_a_control_shuffles_within_classes_and_leaves_the_test_alone():
    y = np.arange(40.0)
    of = np.repeat(["a", "b"], 20)
    train, valid = np.r_[0:15, 20:35], np.r_[15:18, 35:38]
    network = SimpleNamespace(settings={"model": "m"}, table=SimpleNamespace(y=y))
    shuffled = training.Shuffled(network, seed=3, within=of).labels(train, valid)
    for rows in (train, valid):
        for name in ("a", "b"):
            own = rows[of[rows] == name]
            assert sorted(shuffled[own]) == sorted(y[own])
    assert (shuffled[train] != y[train]).any()
    assert (shuffled[[18, 19, 38, 39]] == [18, 19, 38, 39]).all()
    whole = training.Shuffled(network, seed=3).labels(train, valid)
    # Without a seed it is the network's: a run of another seed has a shuffling of its own.
    network.settings["seed"] = 3
    np.testing.assert_array_equal(training.Shuffled(network).labels(train, valid), whole)
    network.settings["seed"] = 4
    assert (training.Shuffled(network).labels(train, valid) != whole).any()
    assert {*whole[:15]} - {*y[:15]}, "without classes, labels cross them"
    # Folds of one size have permutations of their own, each the same when it is made again.
    network.settings["seed"] = 3
    moved = training.Shuffled(network).labels(train + 1, valid + 1)
    places = [np.searchsorted(train, whole[train]), np.searchsorted(train, moved[train + 1] - 1)]
    assert (places[0] != places[1]).any()
    np.testing.assert_array_equal(training.Shuffled(network).labels(train + 1, valid + 1), moved)
    names = [training.Shuffled(network, within=one).settings["within"] for one in (None, of, of[::-1])]
    assert len(set(names)) == 3, "what is shuffled within is part of the key"


# Blends


class Fixed:
    """Predicts given values; says how it was fitted."""

    def __init__(self, p, y):
        self.p, self.table, self.settings = np.asarray(p), SimpleNamespace(y=np.asarray(y)), {}
        self.calls = []

    def fit(self, train, valid):
        self.calls.append("fit")

    def predict(self, rows):
        return self.p[rows]


class Learner(Fixed):
    def fit_held_out(self, train, valid):
        self.calls.append("held out")

    def complete(self, train, valid):
        self.calls.append("complete")


HALF = np.arange(100), np.arange(100, 200)


def blended(way, y, *parts, **options):
    blend = Blend({"a": Fixed(parts[0], y), "b": Learner(parts[1], y)}, way=way, **options)
    blend.fit(*HALF)
    return blend


@pytest.mark.parametrize("intercept", [True, False])
def test_log_odds_are_weighed_by_likelihood_and_never_below_zero(intercept):
    rng = np.random.default_rng(0)
    score = rng.normal(size=200)
    y = (score + rng.normal(size=200) > 0).astype(float)
    good, against = odds.sigmoid(score), odds.sigmoid(1 - 2 * y + rng.normal(size=200))
    blend = blended("log_odds", y, good, against, intercept=intercept)
    X = np.stack([odds.logit(good), odds.logit(against)], axis=1)
    expected = LogisticRegression(fit_intercept=intercept).fit(X[100:], y[100:])
    assert expected.coef_[0, 1] < 0
    np.testing.assert_array_equal(blend.weights, [expected.coef_[0, 0], 0.0])
    found = blend.predict(HALF[1])
    np.testing.assert_allclose(found["ours"], odds.sigmoid(X[100:] @ blend.weights + expected.intercept_))
    assert list(found) == ["ours", "a", "b"]
    assert (blend.parts["a"].calls, blend.parts["b"].calls) == (["fit"], ["held out", "complete"])
    both = blended("log_odds", y, against, against)
    np.testing.assert_array_equal(both.weights, [1, 1])


def test_values_are_weighed_by_task_and_never_below_zero():
    rng = np.random.default_rng(0)
    y = rng.normal(3, 1, size=(200, 2))
    y[::7, 1] = np.nan
    good = np.nan_to_num(y, nan=3.0) + rng.normal(0, 0.3, size=y.shape)
    mean = np.nanmean(y[:100], axis=0)
    blend = blended("least_squares", y, good, 2 * mean - good)
    assert (blend.weights[:, 1] == 0).all()
    np.testing.assert_allclose(blend.weights[:, 0], 1, atol=0.15)
    expected = mean + blend.weights[:, 0] * (good[:5] - mean)
    np.testing.assert_allclose(blend.predict(np.arange(5))["ours"], expected)
    none = blended("least_squares", y, 2 * mean - good, 2 * mean - good)
    np.testing.assert_array_equal(none.weights, 0.5)


def test_a_mean_is_drawn_half_way_to_the_middle():
    y = np.linspace(0, 1, 200)
    for parts, share in (((y, y * 0 + 0.5), 0.75), ((y * 0 + 0.5, y), 0.25), ((y, y), 0.5)):
        blend = blended("mean", y, *parts)
        np.testing.assert_allclose(blend.weights, [share, 1 - share])
        np.testing.assert_allclose(
            blend.predict(HALF[1])["ours"], share * parts[0][100:] + (1 - share) * parts[1][100:]
        )


def test_of_a_mapping_the_first_entry_is_blended():
    y = (np.arange(200) % 2).astype(float)
    several = Fixed(y, y)
    several.predict = lambda rows: {"best": y[rows] * 0.9, "other": 1 - y[rows]}
    blend = Blend({"a": Fixed(y, y), "several": several}, name="hybrid")
    blend.fit(*HALF)
    found = blend.predict(HALF[1])
    assert list(found) == ["hybrid", "a", "best", "other"]
    assert (blend.weights > 0).all()
    with pytest.raises(ValueError, match="1 parts by 'log_odds'; expected two or more"):
        Blend({"a": several})


# Kept networks


def test_a_kept_network_is_read_back_and_a_change_of_anything_trains_anew(tmp_path, data, monkeypatch):
    X, y = data
    trained = []

    def train():
        trained.append(1)
        return training.fit(
            dense_model(), X, y, valid=(X, y), schedule=Schedule(epochs=2), verbosity=0
        )._replace(history=pd.DataFrame({"val_loss": [0.1, np.nan], "epoch": [1, 2]}))

    def kept(settings=None, rows=(0, 1), data="d"):
        store = Store(tmp_path, data=data, maker="helpers.training.fitting")
        return store.fit(
            "net", settings or {"seed": 1}, [np.array(rows)], train=train, card=lambda one: {"length": 3}
        )

    first, again = kept(), kept()
    assert len(trained) == 1
    np.testing.assert_allclose(training.predict(again.model, X), training.predict(first.model, X), atol=1e-6)
    pd.testing.assert_frame_equal(again.history, first.history)
    assert again.best_epoch == first.best_epoch
    assert training.load_run(next(tmp_path.glob("*.keras")), expect={"length": 3})
    kept({"seed": 2}), kept(rows=(0, 2)), kept(rows=(0, 1, 2)), kept(data="e")
    assert len(trained) == 5
    monkeypatch.setattr("helpers.training.store.code.key", lambda *things: "changed")
    kept()
    assert len(trained) == 6
    assert Store(None).fit("net", {}, [], train=train).model
    with pytest.raises(ValueError, match="no folder was given, so no model is kept"):
        Store(None).path("net", {}, [])
