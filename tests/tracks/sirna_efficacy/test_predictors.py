"""The models of the comparison, and the interval of ours."""

import numpy as np
import pandas as pd
import pytest

from helpers import training
from helpers.tracks.sirna_efficacy import predictors

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


ROWS = np.arange(40, 60)


def test_ours_is_the_process_the_hybrid_lies_between_both_and_all_survive_the_disk(tmp_path, fitted, table):
    found = fitted.predict(ROWS)
    assert list(found) == ["ours", "network", "hybrid"]
    assert (found["ours"]["p"] == fitted.process.predict(ROWS)).all()
    low, high = np.sort([found["network"], found["ours"]["p"]], axis=0)
    assert ((low - 1e-9 <= found["hybrid"]) & (found["hybrid"] <= high + 1e-9)).all()
    assert (low < found["hybrid"]).all(), "both have a weight"
    path = predictors.save(tmp_path, fitted, {"dataset": "simulated"})
    again, card = predictors.load(path)
    assert card == {"dataset": "simulated"}
    assert np.allclose(again.on(table).predict(ROWS)["ours"], found["ours"], atol=1e-5)
    (tmp_path / "sirna_process.npz").write_bytes(b"other")
    with pytest.raises(ValueError, match="not the file that models"):
        predictors.load(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="says nothing of members"):
        predictors.load(path)


def test_an_interval_is_as_wide_as_the_process_is_unsure(fitted):
    deviation = fitted.process.distribution(ROWS)[1]
    ours = fitted.on(fitted.table)
    assert list(ours.predict(ROWS)["ours"]) == ["p", "unsure"]
    errors = pd.DataFrame({"y": np.arange(12.0), "p": 0.0, "unsure": 1.0, "group": np.arange(12)})
    ours.calibrate(errors)
    found = ours.predict(ROWS)["ours"]
    for level, quantile in ours.quantiles.items():
        half = quantile * deviation
        low = found[f"low_{100 * level:.0f}"]
        assert low.isna().all() if level == 0.95 else np.allclose(found["p"] - low, half)
    assert found["low_50"].gt(found["low_90"]).all()


def test_a_pair_is_measured_or_near_or_new(fitted, table, small):
    first = small.sirnas.iloc[0]
    mrna, guide = small.mrnas[first["mRNA"]], first["guide"]
    unknown = "ACGU" * 30
    pairs = [(guide, mrna), ("U" * 21, mrna), ("A" + guide[:20], unknown), ("U" * 21, unknown)]
    assert fitted.standing(*zip(*pairs, strict=True)) == ["identical", "near", "near", "new"]


def test_a_network_does_not_remember_the_one_before(table):
    train, valid = np.arange(40), np.arange(40, 60)
    found = []
    for seed in (1, 2, 1):
        network = predictors.Network(table, epochs=2, width=4, units=4, read=2, seed=seed)
        network.fit(train, valid)
        found.append(network.predict(valid))
    assert (found[0] == found[2]).all()
    assert (found[0] != found[1]).any()


def test_other_rows_leave_the_hybrid_as_it_is(fitted, table):
    before = fitted.predict(ROWS)["ours"]
    other = predictors.Table(["A" * 21], ["A" * 57], ["A" * 60], starts=[0], features=table.features.head(1))
    assert len(fitted.on(other).predict(np.arange(1))["ours"]) == 1
    assert fitted.table is table
    pd.testing.assert_frame_equal(fitted.predict(ROWS)["ours"], before)


def test_simple_models_learn_and_the_control_sees_shuffled_labels(table):
    train, valid = np.arange(40), np.arange(40, 60)
    for model in (predictors.Baseline(table), predictors.Support(table)):
        model.fit(train, valid)
        assert np.isfinite(model.predict(valid)).all()
    network = predictors.Network(table, epochs=3, patience=1, width=4, units=4, read=2)
    control = training.Shuffled(network)
    before = table.y.copy()
    control.fit(train, valid)
    assert network.results[0].best_epoch == 3, "a control is trained in full"
    assert (table.y == before).all()
    assert control.predict(valid).shape == (20,)


def test_table_needs_one_of_each(table):
    with pytest.raises(ValueError, match="expected one of each"):
        predictors.Table(["A" * 21], [], ["A" * 60], starts=[0], features=table.features)
