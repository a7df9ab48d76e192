"""The models of the comparison on RNA windows, the lengths and the search, on small tables."""

import base64
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers import splits, training
from helpers.project import backend
from helpers.stats.odds import logit, sigmoid

backend.use("tensorflow")

from helpers.tracks.rna_modification import data as windows  # noqa: E402
from helpers.tracks.rna_modification import heads, input_length, predictors, search  # noqa: E402
from helpers.training import reuse  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
TINY = {"preset": "small", "epochs": 2, "batch_size": 32, "build": {"n_codes": 16, "filters": 16}}
SETTINGS = {"preset": "small", "epochs": 1, "batch_size": 32, "trees": 5, "seed": 1}


def table(n=60, length=61, seed=0):
    """Two modifications, each with a word at the site of its positives."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, word in (("m6A", "GGACU"), ("Psi", "UGUAG")):
        for place in range(n):
            letters = rng.choice(list("ACGU"), length)
            letters[length // 2] = windows.MODIFICATIONS[name].base
            if place % 2:
                letters[length // 2 - 2 : length // 2 + 3] = list(word)
            split = ("train", "train", "valid", "test")[place // 2 % 4]
            rows.append((f"{name}{place}", name, place % 2, split, "", "".join(letters)))
    frame = pd.DataFrame(rows, columns=windows.COLUMNS[:6])
    return frame.assign(source="made", line=0, status="ok", note="")[windows.COLUMNS]


@pytest.fixture(scope="module")
def data():
    return predictors.WindowTable(table(), 51)


@pytest.fixture(scope="module")
def fold(data):
    return splits.given(*(np.flatnonzero(data.table["split"] == part) for part in windows.SPLITS))


def members_of(network):
    return predictors.Members([network(seed=1), network(seed=101)])


def test_a_head_knows_the_labels_of_its_own_modification(data):
    labels = data.labels(["Psi", "m6A"])
    own = data.of == "Psi"
    assert np.isnan(labels[own, 1]).all()
    np.testing.assert_array_equal(labels[own, 0], data.y[own])
    values = np.arange(2 * len(data)).reshape(-1, 2)
    rows = np.array([0, len(data) - 1])
    assert data.own(values, rows, ["Psi", "m6A"]).tolist() == [1, 2]


def test_k_mers_and_letters_at_the_site(data):
    assert data.kmers.shape == (len(data), 4**2 + 4**3 + 4**4 + 4**5)
    assert data.kmers[0, :16].sum() == 50
    near = data.near_site(5).reshape(len(data), 5, 4)
    at = int(np.flatnonzero(data.y == 1)[0])
    assert "".join("ACGU"[letter] for letter in near[at].argmax(axis=1)) == "GGACU"


def test_members_are_fitted_kept_and_read_back(data, fold, tmp_path):
    def network(seed):
        return predictors.Network(data, seed=seed, folder=tmp_path, **TINY)

    members = members_of(network)
    members.fit(fold.train, fold.valid)
    first = members.predict(fold.test)
    assert set(first) == {"ours", "single"}
    stored = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.keras")}
    assert len(stored) == 2
    again = members_of(network)
    again.fit(fold.train, fold.valid)
    for name, p in again.predict(fold.test).items():
        np.testing.assert_allclose(p, first[name], atol=1e-6)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.keras")} == stored
    one, other = members.networks
    np.testing.assert_array_equal(first["single"], one.predict(fold.test))
    middle = (one.log_odds(fold.test) + other.log_odds(fold.test)) / 2
    np.testing.assert_allclose(logit(first["ours"]), middle, atol=1e-4)


def test_a_hybrid_weighs_its_parts_and_shows_them(data, fold, tmp_path):
    def network(seed):
        return predictors.Network(data, seed=seed, folder=tmp_path, **TINY)

    parts = {"networks": members_of(network), "trees": predictors.Trees(data, trees=20, seed=0)}
    hybrid = training.Blend(parts, name="hybrid")
    hybrid.fit(fold.train, fold.valid)
    found = hybrid.predict(fold.test)
    assert list(found) == ["hybrid", "ours", "single", "baseline", "kmers"]
    assert (hybrid.weights >= 0).all()
    parts = np.stack([logit(found[name]) for name in ("ours", "baseline")], axis=1)
    score = parts @ hybrid.weights + hybrid.intercept
    np.testing.assert_allclose(found["hybrid"], sigmoid(score), atol=1e-6)


def test_the_card_tells_the_share_of_positives_that_the_network_saw(data, fold):
    kept = fold.train[(data.y[fold.train] == 1) | (np.arange(len(fold.train)) % 4 == 0)]
    network = predictors.Network(data, **TINY | {"epochs": 1})
    network.fit(kept, fold.valid)
    shares = {name: data.y[kept[data.of[kept] == name]].mean() for name in data.modifications}
    assert network.card()["prevalence"] == pytest.approx(shares, abs=1e-6)
    assert network.card()["prevalence"]["m6A"] > 0.6


def test_the_same_seed_gives_the_same_numbers(data, fold):
    found = []
    for _ in range(2):
        network = predictors.Network(data, seed=3, **TINY)
        network.fit(fold.train, fold.valid)
        found.append(network.predict(fold.test))
    np.testing.assert_array_equal(*found)


def test_trees_find_the_word_and_words_without_places_less(data, fold):
    trees = predictors.Trees(data, trees=60, seed=0)
    trees.fit(fold.train, fold.valid)
    found = trees.predict(fold.test)
    y = data.y[fold.test]
    gap = {name: p[y == 1].mean() - p[y == 0].mean() for name, p in found.items()}
    assert gap["baseline"] > gap["kmers"]
    assert gap["baseline"] > 0.1


def test_shuffled_labels_stay_within_a_modification_and_off_the_test(data, fold):
    control = training.Shuffled(predictors.Network(data, **TINY), seed=4, within=data.of)
    y = control.labels(fold.train, fold.valid)
    np.testing.assert_array_equal(y[fold.test], data.y[fold.test])
    assert (y[fold.train] != data.y[fold.train]).any()
    for name in data.modifications:
        own = fold.train[data.of[fold.train] == name]
        assert y[own].sum() == data.y[own].sum()
    control.fit(fold.train, fold.valid)
    assert control.network.best_epoch == len(control.network.history) == TINY["epochs"]


def test_networks_of_some_modifications_say_nothing_of_others(data, fold):
    some = predictors.Singles([predictors.Network(data, ["Psi"], **TINY)])
    some.fit(fold.train, fold.valid)
    rows = fold.test[data.of[fold.test] == "Psi"]
    assert np.isfinite(some.predict(rows)).all()
    assert np.isnan(some.predict(fold.test[data.of[fold.test] != "Psi"])).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1}, "no setting rate; expected some of preset"),
        ({"preset": "huge"}, "preset is 'huge'"),
        ({"heads": ["m5C"]}, "no windows of m5C; expected some of m6A, Psi"),
    ],
)
def test_what_is_not_known_is_refused(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        predictors.Network(data, **arguments)


def test_a_length_is_kept_and_read_back(tmp_path):
    good = table()
    first = input_length.one_length(good, 21, SETTINGS, folder=tmp_path)
    assert set(first["model"]) == {"shared", "baseline"}
    assert set(first["length"]) == {21}
    assert set(first["task"]) == {"m6A", "Psi"}
    files = sorted(tmp_path.iterdir())
    again = input_length.one_length(good, 21, SETTINGS, folder=tmp_path)
    assert sorted(tmp_path.iterdir()) == files
    np.testing.assert_allclose(again["p"], first["p"], atol=1e-12)


def test_a_length_is_chosen_on_validation_windows_and_tested_apart(tmp_path):
    good = table()
    tried = input_length.one_length(good, 21, SETTINGS, folder=tmp_path)
    assert set(good.loc[tried["row"], "split"]) == {"valid"}
    assert set(tried["protocol"]) == {"validation_windows"}
    tested = input_length.one_length(good, 21, SETTINGS, folder=tmp_path, part="test")
    assert set(good.loc[tested["row"], "split"]) == {"test"}
    assert set(tested["protocol"]) == {"given_test"}
    better = tried.assign(length=51, p=tried["y"])
    assert input_length.chosen(pd.concat([tried, better])) == 51
    with pytest.raises(ValueError, match="part is 'train'; expected valid or test"):
        input_length.one_length(good, 21, SETTINGS, folder=tmp_path, part="train")


def test_a_run_has_its_own_shuffling_and_a_control_trained_in_full(data):
    first, other = (predictors.one_run(data, seed=seed, trees=5, members=seed, **TINY) for seed in (1, 2))
    ours, codes = first["ours"].parts["ours"].networks, first["codes"]
    assert [first["control"].network.settings] == [one.settings for one in ours]
    assert codes.settings == {**ours[0].settings, "build": {**TINY["build"], "reads": "codes"}}
    rows = np.arange(len(data))
    assert (first["control"].labels(rows, rows[:0]) != other["control"].labels(rows, rows[:0])).any()
    assert [one.settings["seed"] for one in other["ours"].parts["ours"].networks] == [2, 102]


@pytest.fixture(scope="module")
def shared(data, fold):
    network = predictors.Network(data, **TINY)
    network.fit(fold.train, fold.valid)
    return network


def test_every_head_is_asked_of_every_window(data, fold, shared):
    found = heads.matrix(shared, fold.test)
    assert list(dict.fromkeys(found["model"])) == ["head m6A", "head Psi", "own head", "other heads"]
    wide = found.pivot(index="row", columns="model", values="p")
    own = shared.predict(wide.index.to_numpy())
    np.testing.assert_allclose(wide["own head"], own, atol=1e-5)
    of = data.of[wide.index.to_numpy()]
    np.testing.assert_allclose(
        wide["other heads"], np.where(of == "Psi", wide["head m6A"], wide["head Psi"]), atol=1e-6
    )


def test_positives_are_paired_with_positives_of_the_same_letter():
    """Am and m6A both sit on A; Psi has no rival and no row."""
    parts = [table(seed=seed).assign(split="test") for seed in (0, 1)]
    parts[1] = parts[1][parts[1]["modification"] == "m6A"].assign(modification="Am")
    rows = pd.concat([*parts, table(seed=2)], ignore_index=True)
    rows["modification"] = np.where(
        (np.arange(len(rows)) % 4 == 1) & (rows["modification"] == "m6A"), "Am", rows["modification"]
    )
    data = predictors.WindowTable(rows, 51)
    network = predictors.Network(data, **TINY | {"epochs": 1})
    every = np.arange(len(data))
    network.fit(every[rows["split"] == "train"], every[rows["split"] == "valid"])
    found = heads.positives_only(network, every[rows["split"] == "test"])
    assert set(found["task"]) == {"Am", "m6A"}
    assert (data.y[found["row"]] == 1).all()
    assert set(data.of[found["row"]]) == {"Am", "m6A"}
    np.testing.assert_array_equal(found["y"] == 1, data.of[found["row"]] == found["task"])
    for _, part in found.groupby(["task", "model"]):
        assert part["y"].mean() == 0.5
        assert part["row"].is_unique


def test_the_pipeline_trains_a_length_with_the_same_function(tmp_path):
    good = table(n=24)
    good.to_csv(tmp_path / "windows.csv", index=False)
    told = yaml.safe_dump({**SETTINGS, "lengths": "21 51", "out_dir": "elsewhere"})
    answer = subprocess.run(
        [sys.executable, "-m", "helpers.tracks.rna_modification.input_length", str(tmp_path / "windows.csv"),
         "51", str(tmp_path / "kept"), base64.b64encode(told.encode()).decode()],
        capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-2000:]
    kept = sorted((tmp_path / "kept").iterdir())
    read = windows.usable(windows.read_table(tmp_path / "windows.csv"))
    input_length.one_length(read, 51, SETTINGS, folder=tmp_path / "kept")
    assert sorted((tmp_path / "kept").iterdir()) == kept


@pytest.mark.parametrize(
    ("length", "settings", "message"),
    [
        (50, SETTINGS, "length is 50 nt; expected an odd number"),
        (101, SETTINGS, "length is 101 nt, and the shortest window has 61"),
        (21, {"preset": "small"}, "the settings lack epochs, batch_size, trees, seed"),
    ],
)
def test_lengths_that_cannot_be_are_refused(length, settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        input_length.one_length(table(n=8), length, settings, folder=tmp_path)


@pytest.mark.parametrize("lengths", ["50", "51 x", "-51"])
def test_lengths_are_odd_numbers(lengths):
    with pytest.raises(ValueError, match="expected odd numbers with blanks between them"):
        input_length.ascending(lengths)


def test_a_trial_never_sees_the_test_part():
    objective = search.Objective(table(), ["m6A"], epochs=1)
    split = objective.table["split"].to_numpy()
    assert set(split[objective.fold.train]) == set(split[objective.fold.valid]) == {"train"}
    assert set(split[objective.fold.test]) == {"valid"}
    assert set(split[objective.fold.left_out]) == {"test"}
    told = []
    value = objective(
        {"length": 21, "batch_size": 32, "n_codes": 16, "filters": 16},
        lambda step, now: told.append((step, now)),
    )
    assert 0 <= value <= 1
    assert [step for step, _ in told] == [0]


def test_a_configuration_is_read_back_or_refused(tmp_path):
    given = {"length": 51, "batch_size": 32, "depth": 1}
    found = search.configuration(given, "small")
    path = tmp_path / "best.json"
    path.write_text('{"preset": "small", "length": 51, "batch_size": 32, "build": {"depth": 1}}')
    assert search.read_configuration(path) == found
    path.write_text('{"preset": "small"}')
    with pytest.raises(ValueError, match="no configuration; expected a JSON object with preset"):
        search.read_configuration(path)
    with pytest.raises(ValueError, match="the network has no argument wings"):
        search.configuration({**given, "wings": 2}, "small")


def test_a_second_training_in_a_process_gives_the_numbers_of_a_first(data, fold, monkeypatch):
    monkeypatch.setattr(reuse, "_KEPT", {})
    found = []
    for seed in (1, 2, 1):
        model = predictors.Network(data, seed=seed, **TINY)
        model.fit(fold.train, fold.valid)
        found.append(model.log_odds(fold.test))
    assert len(reuse._KEPT) == 1
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])
