import numpy as np
import pytest

from helpers.stats import reliability


def test_more_replicates_are_more_reliable():
    noisy = np.random.default_rng(0).normal(size=(900, 1)) + np.random.default_rng(1).normal(size=(900, 8))
    single, whole = reliability.reliability(noisy)
    assert whole == pytest.approx(8 * single / (1 + 7 * single))
    assert single == pytest.approx(0.5, abs=0.05)


def test_the_ceiling_is_what_the_truth_itself_reaches():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=4000)
    measured = truth[:, None] + rng.normal(scale=1.5, size=(4000, 4))
    found = reliability.ceiling({"K562": measured}, n_boot=50).iloc[0]
    reached = np.corrcoef(truth, measured.mean(axis=1))[0, 1]
    assert found["value"] == pytest.approx(reached, abs=0.02)
    assert found["ci_low"] < found["value"] < found["ci_high"]
    assert found["n"] == 4000


def test_coverage_of_the_ceiling():
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(60):
        table = rng.normal(size=(80, 1)) + rng.normal(size=(80, 2))
        row = reliability.ceiling({"a": table}, n_boot=60).iloc[0]
        hits.append(row["ci_low"] <= (2 / 3) ** 0.5 <= row["ci_high"])
    assert np.mean(hits) > 0.85


def test_groups_widen_the_interval():
    rng = np.random.default_rng(0)
    table = np.repeat(rng.normal(size=(40, 1)) + rng.normal(size=(40, 2)), 10, axis=0)
    alone = reliability.ceiling({"a": table}).iloc[0]
    grouped = reliability.ceiling({"a": table}, groups=np.repeat(np.arange(40), 10)).iloc[0]
    assert grouped["ci_high"] - grouped["ci_low"] > 1.5 * (alone["ci_high"] - alone["ci_low"])


def test_missing_replicates_and_single_ones():
    table = np.array([[1, 1.1], [2, np.nan], [3, 3.2], [4, 3.9], [np.nan, np.nan]])
    found = reliability.ceiling({"a": table, "single": table[:, :1]}, n_boot=20)
    assert found["task"].tolist() == ["a"]
    assert found["n"][0] == 4


def test_faults_are_named():
    with pytest.raises(ValueError, match="there are 1 replicates; expected at least two"):
        reliability.reliability([[1.0], [2.0]])
    with pytest.raises(ValueError, match="two replicates share fewer than three rows"):
        reliability.reliability([[1.0, 2.0], [2.0, np.nan]])
