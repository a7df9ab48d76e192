"""The models of the comparison, and the interval of ours."""

import numpy as np
import pandas as pd
import pytest

from helpers import training
from helpers.tracks.sirna_efficacy import predictors

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


ROWS = np.arange(40, 60)


def test_hybrid_lies_between_its_parts_and_survives_the_disk(tmp_path, fitted, table):
    found = fitted.predict(ROWS)
    assert list(found) == ["ours", "network", "features"]
    low, high = np.sort([found["network"], found["features"]], axis=0)
    assert ((low - 1e-9 <= found["ours"]["p"]) & (found["ours"]["p"] <= high + 1e-9)).all()
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


def test_an_interval_is_as_wide_as_process_and_networks_are_unsure(fitted):
    ours = fitted.predict(ROWS)["ours"]
    spread = fitted.network.members(ROWS).std(axis=0)
    deviation = fitted.process.distribution(ROWS)[1]
    assert (spread > 0).all()
    for level, quantile in fitted.quantiles.items():
        half = quantile * np.hypot(spread, deviation)
        assert np.allclose(ours["p"] - ours[f"low_{100 * level:.0f}"], half)
        assert np.allclose(ours[f"high_{100 * level:.0f}"] - ours["p"], half)
    assert ours["low_50"].gt(ours["low_95"]).all()


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
    network = predictors.Network(table, epochs=1, width=4, units=4, read=2)
    control = training.Shuffled(network)
    before = table.y.copy()
    control.fit(train, valid)
    assert (table.y == before).all()
    assert control.predict(valid).shape == (20,)


def test_table_needs_one_of_each(table):
    with pytest.raises(ValueError, match="expected one of each"):
        predictors.Table(["A" * 21], [], ["A" * 60], starts=[0], features=table.features)


def test_conformal_intervals_hold_their_share():
    # Nine errors cannot promise 95 in 100: the interval is without end, not that of the largest.
    assert predictors.conformal_quantile(np.arange(9.0), 0.95) == np.inf
    assert predictors.conformal_quantile(np.arange(9.0), 0.9) == 8.0
    rng = np.random.default_rng(0)
    quantile = predictors.conformal_quantile(np.abs(rng.normal(size=2000)), 0.9)
    assert np.mean(np.abs(rng.normal(size=20_000)) <= quantile) == pytest.approx(0.9, abs=0.02)


def test_intervals_say_what_they_hold():
    row = {"protocol": "a", "model": "ours", "row": [3, 4], "y": [0.5, 0.9], "p": 0.5}
    ends = {"low_50": 0.4, "high_50": 0.6, "low_90": 0.1, "high_90": [0.9, 0.8]}
    found = predictors.intervals(pd.DataFrame(row | ends))
    assert found["level"].tolist() == [0.5, 0.9, 0.5, 0.9]
    assert found["inside"].tolist() == [True, True, False, False]
