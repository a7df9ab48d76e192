"""The models of the comparison, on promoters few enough to fit in seconds."""

import inspect
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.project import backend, paths

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.motifs import library  # noqa: E402
from helpers.tracks.stress_response import network, predictors, search  # noqa: E402
from helpers.tracks.stress_response.predictors import PromoterTable  # noqa: E402
from helpers.tracks.stress_response.simulate import Plan, simulate  # noqa: E402
from helpers.training.search import ReportEpochs  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MOTIFS = [library.plant_motif(name) for name in ("MA0570.3", "MA1258.2", "MA1301.2")]


@pytest.fixture(scope="module")
def table():
    sample = simulate(Plan(genes=120, length=150, decoys=1, unrelated=2), seed=3).promoters
    return PromoterTable(sample["sia"], pd.concat([sample["sib"], sample["sic"]]))


@pytest.fixture(scope="module")
def parts(table):
    rows = np.random.default_rng(1).permutation(len(table))
    return rows[:70], rows[70:90], rows[90:]


@pytest.fixture(autouse=True)
def _few_motifs(monkeypatch):
    """Three motifs in place of 927."""
    small = partial(network.build_scanner, motifs=MOTIFS)
    monkeypatch.setitem(network.BUILDERS, "scanner", small)


def makers(table):
    quick = {"epochs": 2, "fine_tune": 1, "seed": 1, "build": {"filters": 4}}
    scanner = {"architecture": "scanner", "epochs": 3, "orthologs": True, "seed": 1}
    return {
        "cnn": lambda: predictors.Network(table, **quick),
        "evoaug": lambda: predictors.Network(table, evoaug=True, **quick),
        "both": lambda: predictors.Network(table, evoaug=True, swap_rate=0.5, **quick),
        "original": lambda: predictors.Network(table, architecture="original", epochs=1, seed=1),
        "scanner": lambda: predictors.Network(table, **scanner),
        "trees": lambda: predictors.Trees(table, trees=20, seed=1),
        "hybrid": lambda: predictors.Hybrid(
            predictors.Network(table, **scanner), predictors.Trees(table, trees=20, orthologs=True)
        ),
    }


@pytest.mark.parametrize("name", ["cnn", "evoaug", "both", "original", "scanner", "trees"])
def test_same_seed_same_probabilities(table, parts, name):
    train, valid, test = parts
    found = []
    for _ in range(2):
        predictor = makers(table)[name]()
        predictor.fit(train, valid)
        found.append(predictor.predict(test))
    assert found[0].shape == test.shape
    assert ((found[0] >= 0) & (found[0] <= 1)).all()
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


@pytest.mark.parametrize("name", ["both", "scanner", "trees"])
def test_nothing_of_the_test_rows_is_read(table, parts, name):
    """Other labels of the test rows, other labels of their orthologs: the same predictions."""
    train, valid, test = parts
    found = []
    for flipped in (False, True):
        copy = PromoterTable.__new__(PromoterTable)
        copy.__dict__.update(table.__dict__, _counts={})
        copy.y, copy.related_y = table.y.copy(), table.related_y.copy()
        if flipped:
            copy.y[test] = 1 - copy.y[test]
            same = np.isin(copy.related_groups, copy.groups[test])
            assert same.any()
            copy.related_y[same] = 1 - copy.related_y[same]
        predictor = makers(copy)[name]()
        predictor.fit(train, valid)
        found.append(predictor.predict(test))
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_orthologs_of_other_parts_are_not_used(table, parts):
    train, valid, test = parts
    usable = table.usable(train)
    outside = set(table.groups[np.concatenate([valid, test])])
    assert usable.size
    assert not outside & set(table.related_groups[usable])


def test_the_hybrid_shows_its_parts(table, parts):
    train, valid, test = parts
    hybrid = makers(table)["hybrid"]()
    hybrid.fit(train, valid)
    found = hybrid.predict(test)
    assert list(found) == ["ours", "hybrid", "baseline_orthologs", "ours_test_orthologs"]
    assert all(p.shape == test.shape for p in found.values())
    assert (hybrid.weights >= 0).all()
    alone = np.array([row not in table.links for row in test])
    np.testing.assert_allclose(found["ours"][alone], found["ours_test_orthologs"][alone], atol=1e-6)
    assert (found["ours"][~alone] != found["ours_test_orthologs"][~alone]).any()


def test_the_control_is_trained_on_other_labels(table, parts):
    train, valid, test = parts
    control = training.Shuffled(makers(table)["cnn"](), seed=1)
    before = table.y.copy()
    control.fit(train, valid)
    np.testing.assert_array_equal(table.y, before)
    plain = makers(table)["cnn"]()
    plain.fit(train, valid)
    assert (control.predict(test) != plain.predict(test)).any()
    assert control.network.best_epoch == len(control.network.history) == 3


def test_training_ends_with_fine_tuning(table, parts):
    network = makers(table)["evoaug"]()
    network.fit(*parts[:2])
    assert network.history["stage"].tolist() == [1, 1, 2]
    assert network.history["epoch"].tolist() == [1, 2, 3]
    assert network.best_epoch == 3


def test_a_kept_model_is_read_back(table, parts, tmp_path):
    train, valid, test = parts
    make = partial(predictors.Network, table, folder=tmp_path, epochs=1, fine_tune=0, data="d")
    first = make()
    first.fit(train, valid)
    again = make()
    again.fit(train, valid)
    path = next(tmp_path.glob("*.keras"))
    assert again.best_epoch == first.best_epoch
    np.testing.assert_allclose(again.predict(test), first.predict(test), atol=1e-6)
    pd.testing.assert_frame_equal(again.history, first.history, check_dtype=False)
    make(seed=2).fit(train, valid)
    assert len(list(tmp_path.glob("*.keras"))) == 2
    assert training.load_run(path, expect={"dna_alphabet": "ACGT"}).card["length"] == 150


def test_a_network_that_was_held_out_is_not_taken_for_the_whole(table, parts, tmp_path):
    """Killed between the two fits of the hybrid, the scanner must not come back half taught."""
    train, valid, test = parts
    make = partial(predictors.Network, table, folder=tmp_path, architecture="scanner", epochs=3, data="d")
    killed, after, alone = make(), make(), make(folder=None)
    killed.fit_held_out(train, valid)
    after.fit(train, valid)
    alone.fit(train, valid)
    np.testing.assert_allclose(after.predict(test), alone.predict(test), atol=1e-6)
    assert np.abs(killed.predict(test) - after.predict(test)).max() > 1e-4


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"epoch": 3}, "no setting epoch; expected some of architecture, build"),
        ({"architecture": "lstm"}, "architecture is 'lstm'; expected one of original, cnn"),
        ({"build": {"filter": 3}}, "the cnn has no argument filter; expected some of filters"),
        ({"architecture": "scanner", "evoaug": True}, "scanner's first layer is fixed"),
    ],
)
def test_bad_settings(table, settings, reason):
    with pytest.raises(ValueError, match=reason):
        predictors.Network(table, **settings)


def test_a_configuration_goes_round(tmp_path):
    best = search.configuration("cnn", {"filters": 16, "batch_size": 32})
    path = paths.write_json(tmp_path / "best.json", {**best, "search": {}})
    assert search.read_configuration(path, "cnn") == best
    with pytest.raises(ValueError, match="a configuration of the cnn, but the scanner is trained"):
        search.read_configuration(path, "scanner")


def test_a_file_that_is_no_configuration(tmp_path):
    path = paths.write_json(tmp_path / "best.json", [1])
    with pytest.raises(ValueError, match="no configuration; expected a JSON object"):
        search.read_configuration(path, "cnn")
    path.write_text('{"architecture": "cnn", "bu')
    with pytest.raises(ValueError, match="not a whole JSON file"):
        search.read_configuration(path, "cnn")


def test_the_value_of_a_trial(table, parts):
    train, valid, test = parts
    told = []
    folds = [SimpleNamespace(train=train, valid=valid, test=test)]
    make = partial(predictors.Network, table, fine_tune=0)
    objective = search.Objective(make, table.y, folds, "cnn", epochs=2)
    value = objective({"filters": 4, "batch_size": 16}, lambda step, seen: told.append((step, seen)))
    assert 0 <= value <= 1
    assert [step for step, _ in told] == [0, 1]


def test_a_second_stage_of_training_reports_further_steps():
    heard = []
    callback = ReportEpochs(lambda step, value: heard.append((step, value)))
    for epoch in (0, 1, 0):  # the second stage starts at 0 again
        callback.on_epoch_end(epoch, {"val_auroc": 0.5})
    assert [step for step, _ in heard] == [0, 1, 2]


@pytest.mark.parametrize(("name", "build"), [("cnn", network.build_cnn), ("scanner", network.build_scanner)])
def test_what_is_searched_holds_the_defaults(name, build):
    for parameter, space in search.SPACES[name].items():
        if parameter != "batch_size":
            default = inspect.signature(build).parameters[parameter].default
            assert (
                default in space.options if hasattr(space, "options") else space.low <= default <= space.high
            )
