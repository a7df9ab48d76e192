"""Metrics against scikit-learn and SciPy, intervals against a plain loop, refusals by message."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from helpers.stats import bootstrap, metrics


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 400)
    p = np.clip(rng.normal(0.35 + 0.3 * y, 0.25), 0, 1)
    return y, p


def values(frame):
    return frame.set_index("metric").value


def expected_classification(y, p, threshold):
    decided = p >= threshold
    bins = np.clip((p * 10).astype(int), 0, 9)
    ece = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * np.mean(bins == b) for b in set(bins))
    return {
        "accuracy": sk.accuracy_score(y, decided),
        "balanced_accuracy": sk.balanced_accuracy_score(y, decided),
        "sensitivity": sk.recall_score(y, decided),
        "specificity": sk.recall_score(y, decided, pos_label=0),
        "precision": sk.precision_score(y, decided, zero_division=0),
        "f1": sk.f1_score(y, decided),
        "mcc": sk.matthews_corrcoef(y, decided),
        "auroc": sk.roc_auc_score(y, p),
        "auprc": sk.average_precision_score(y, p),
        "brier": sk.brier_score_loss(y, p),
        "ece": ece,
    }


@pytest.mark.parametrize("decimals", [1, 2, 15])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_classification_equals_scikit_learn(scored, decimals, threshold):
    y, p = scored[0], scored[1].round(decimals)
    found = values(metrics.classification(y, p, threshold=threshold, n_boot=0))
    for name, value in expected_classification(y, p, threshold).items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
    assert tuple(found.index) == metrics.CLASSIFICATION


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40))
def test_areas_equal_scikit_learn_with_ties(items):
    y, p = np.array([item[0] for item in items]), np.array([item[1] / 6 for item in items])
    if len(set(y)) < 2:
        return
    found = values(metrics.classification(y, p, n_boot=0))
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert found["auprc"] == pytest.approx(sk.average_precision_score(y, p))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-5, 5), st.floats(-100, 100)), min_size=3, max_size=40),
    st.sampled_from([0.0, 1e6]),
)
def test_regression_equals_scipy(items, shift):
    y, p = (np.array(side, dtype=float) + shift for side in zip(*items, strict=True))
    if np.ptp(y) == 0 or np.ptp(p) < 1e-3:
        return
    found = values(metrics.regression(y, p, n_boot=0))
    assert found["pearson"] == pytest.approx(stats.pearsonr(y, p)[0], abs=1e-6)
    assert found["spearman"] == pytest.approx(stats.spearmanr(y, p)[0], abs=1e-9)
    assert found["r2"] == pytest.approx(sk.r2_score(y, p), rel=1e-6)
    assert found["mse"] == pytest.approx(sk.mean_squared_error(y, p))
    assert found["rmse"] == pytest.approx(np.sqrt(sk.mean_squared_error(y, p)))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, p))


@pytest.mark.parametrize("decimals", [1, 15])
def test_replicates_are_the_metric_of_the_drawn_items(scored, decimals):
    y, p = scored[0][:60], scored[1][:60].round(decimals)
    (counts,) = bootstrap.draws(60, n_boot=20, seed=1)
    binary = bootstrap.classification_statistic(y.astype(float), p, 0.5)(counts.copy())
    real = bootstrap.regression_statistic(p, p + 0.2 * y)(counts.copy())
    for row in range(20):
        drawn = np.repeat(np.arange(60), counts[row].astype(int))
        for name, value in expected_classification(y[drawn], p[drawn], 0.5).items():
            assert binary[name][row] == pytest.approx(value, abs=1e-12), name
        other = (p + 0.2 * y)[drawn]
        assert real["pearson"][row] == pytest.approx(stats.pearsonr(p[drawn], other)[0])
        assert real["spearman"][row] == pytest.approx(stats.spearmanr(p[drawn], other)[0])
        assert real["r2"][row] == pytest.approx(sk.r2_score(p[drawn], other))


def test_interval_holds_the_value_and_shrinks_with_n():
    rng = np.random.default_rng(0)
    widths = []
    for n in (100, 1600):
        y = np.arange(n) % 2
        p = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1)
        frame = metrics.classification(y, p, n_boot=400)
        row = frame.set_index("metric").loc["auroc"]
        assert row.ci_low < row.value < row.ci_high
        assert row.n == n
        widths.append(row.ci_high - row.ci_low)
    assert widths[1] < widths[0] / 2.5


def test_interval_has_the_width_of_theory():
    # The standard error of a mean of 0/1 is known: sqrt(p (1 - p) / n).
    y = np.tile([0, 1], 500)
    p = np.where(np.arange(1000) % 10 < 7, y, 1 - y).astype(float)
    row = metrics.classification(y, p, n_boot=4000).set_index("metric").loc["accuracy"]
    share = row.value
    assert row.ci_high - row.ci_low == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 1000), rel=0.08)


def test_same_seed_same_numbers_and_no_interval_without_replicates(scored):
    first, second = (metrics.classification(*scored, n_boot=50, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(metrics.classification(*scored, n_boot=50, seed=5))
    assert metrics.classification(*scored, n_boot=0).ci_low.isna().all()


def test_blocks_do_not_change_the_draws(monkeypatch):
    whole = np.concatenate(list(bootstrap.draws(7, n_boot=50, seed=2)))
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", 21)
    blocks = list(bootstrap.draws(7, n_boot=50, seed=2))
    assert len(blocks) == 17
    np.testing.assert_array_equal(whole, np.concatenate(blocks))


def test_groups_are_drawn_whole_and_widen_the_interval(scored):
    y, p = np.repeat(scored[0], 8), np.repeat(scored[1], 8)
    groups = np.repeat(np.arange(400), 8)
    (counts,) = bootstrap.draws(12, n_boot=5, seed=0, groups=np.repeat([4, 9, 1], 4))
    assert (counts.reshape(5, 3, 4) == counts.reshape(5, 3, 4)[:, :, :1]).all()
    plain = metrics.classification(y, p, n_boot=200).set_index("metric")
    grouped = metrics.classification(y, p, groups=groups, n_boot=200).set_index("metric")
    alone = metrics.classification(*scored, n_boot=200).set_index("metric")

    def width(frame):
        return (frame.ci_high - frame.ci_low)["auroc"]

    assert width(grouped) > 2 * width(plain)
    assert width(grouped) == pytest.approx(width(alone), rel=0.25)


def test_replicates_of_one_class_are_counted_out():
    frame = metrics.classification([*[0] * 9, 1], [*np.arange(9) / 10, 0.9], n_boot=500)
    usable = frame.attrs["usable_replicates"]["auroc"]
    assert 250 < usable < 400  # (9 / 10) ** 10 of them lack the one positive
    assert frame.loc[frame["metric"] != "ece", ["ci_low", "ci_high"]].notna().all(axis=None)


def test_a_constant_prediction_is_scored_as_one_that_ranks_nothing():
    y = np.arange(12.0)
    found = metrics.regression(y, np.full(12, 2.0), n_boot=20).set_index("metric")
    assert found.loc[["pearson", "spearman"], ["value", "ci_low", "ci_high"]].eq(0).all(axis=None)
    assert found.value["mae"] == pytest.approx(np.abs(y - 2).mean())
    assert metrics.auroc(y > 5, np.full(12, 0.3), n_boot=20)[:3] == (0.5, 0.5, 0.5)


def test_regression_mask_equals_leaving_out():
    y, p = np.array([1.0, np.nan, 3.0, 5.0]), np.array([1.5, 2.0, 2.5, 5.0])
    kept = ~np.isnan(y)
    masked = metrics.regression(y, p, mask=kept, groups=["a", "b", "b", "c"], n_boot=30)
    plain = metrics.regression(y[kept], p[kept], groups=["a", "b", "c"], n_boot=30)
    pd.testing.assert_frame_equal(masked, plain)


def test_difference_is_paired(scored):
    y, p = scored
    worse = np.clip(p + np.random.default_rng(0).normal(0, 0.1, p.size), 0, 1)
    found = metrics.difference(y, p, worse, n_boot=400)
    assert found.value == pytest.approx(sk.roc_auc_score(y, p) - sk.roc_auc_score(y, worse))
    assert found.ci_low < found.value < found.ci_high
    alone = metrics.classification(y, p, n_boot=400).set_index("metric").loc["auroc"]
    assert found.ci_high - found.ci_low < 0.6 * (alone.ci_high - alone.ci_low)
    assert metrics.difference(y, p, p, n_boot=50)[:4] == (0.0, 0.0, 0.0, 1.0)
    far = metrics.difference(y, y, 1 - y, metric="mcc", n_boot=99)
    assert far.value == pytest.approx(2.0)
    assert far.p_value == pytest.approx(0.02)
    assert (far.n, far.usable_replicates) == (400, 99)


def test_difference_of_a_regression_metric(scored):
    y = scored[1]
    found = metrics.difference(y, y + 0.1, y + 0.3, metric="mae", groups=scored[0], n_boot=50)
    assert found.value == pytest.approx(-0.2)
    assert np.isnan(metrics.difference(y, y, y, metric="mae", n_boot=0).p_value)


def test_calibration(scored):
    y, p = scored
    table = metrics.calibration(y, p, bins=5)
    assert table.n.sum() == 400
    inside = (p >= 0.2) & (p < 0.4)
    row = table[table.bin_low == 0.2].iloc[0]
    assert row.observed == pytest.approx(y[inside].mean())
    assert row.predicted == pytest.approx(p[inside].mean())
    expected = stats.binomtest(int(y[inside].sum()), int(inside.sum())).proportion_ci(method="wilson")
    assert (row.ci_low, row.ci_high) == pytest.approx((expected.low, expected.high))
    # An edge belongs to the bin above it, 1.0 to the last, and an empty bin has no row.
    assert metrics.calibration([0, 1], [0.5, 1.0], bins=2).n.tolist() == [2]


def test_confusion_roc_and_precision_recall(scored):
    y, p = scored
    expected = sk.confusion_matrix(y, p >= 0.4)
    np.testing.assert_array_equal(metrics.confusion(y, p, threshold=0.4), expected)
    curve = metrics.roc(y, p)
    assert sk.auc(curve.fpr, curve.tpr) == pytest.approx(sk.roc_auc_score(y, p))
    points = metrics.precision_recall(y, p)
    assert points.iloc[-1][["recall", "precision"]].tolist() == [0.0, 1.0]


def test_explanation_auroc_by_hand():
    importance = np.array([[[0.9, 0.1], [0.2, 0.3]], [[0.1, 0.9], [0.5, 7.0]]])
    truth = np.array([[[1, 0], [0, 0]], [[1, 0], [1, 0]]])
    mask = np.array([[[1, 1], [1, 1]], [[1, 1], [1, 0]]])
    frame = metrics.explanation_auroc(importance, truth, mask=mask, n_boot=50)
    assert frame.loc[0, ["metric", "value", "n"]].tolist() == ["explanation_auroc", 0.5, 2]
    assert metrics.explanation_auroc(np.zeros((3, 4)), np.eye(3, 4), n_boot=0).value[0] == 0.5


def test_explanation_auroc_counts_items_without_a_value():
    frame = metrics.explanation_auroc([[1.0, 0.0], [1.0, 0.0]], [[1, 0], [0, 0]], n_boot=10)
    assert (frame.n[0], frame.attrs["left_out"]) == (1, 1)


def test_mean_interval():
    values = np.random.default_rng(0).normal(3.0, 1.0, 400)
    row = metrics.mean_interval([*values, np.nan], metric="agreement", n_boot=2000).iloc[0]
    assert (row.metric, row.n) == ("agreement", 400)
    assert row.value == pytest.approx(values.mean())
    assert row.ci_high - row.ci_low == pytest.approx(2 * 1.96 / 20, rel=0.1)
    groups = [0, 0, 99, *range(1, 10)]
    grouped = metrics.mean_interval([1, 1, np.nan, *[5] * 9], metric="a", groups=groups, n_boot=50)
    assert 1 < grouped.ci_low[0] < 5 == grouped.ci_high[0]
    assert grouped.attrs["groups"] == 10
    with pytest.raises(ValueError, match=r"values\[1\] is inf"):
        metrics.mean_interval([1.0, np.inf], metric="a")
    with pytest.raises(ValueError, match="values holds NaN only"):
        metrics.mean_interval([np.nan], metric="a")


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 1, 1], [0.1, 0.2], "y has 3 values, p 2"),
        ([0, 2], [0.1, 0.2], r"y\[1\] is 2; expected 0 or 1"),
        ([0, np.nan], [0.1, 0.2], r"y\[1\] is nan; expected 0 or 1"),
        ([0, 1], [0.1, np.nan], r"p\[1\] is nan;.*diverged"),
        ([0, 1], [0.1, np.inf], r"p\[1\] is inf"),
        ([0, 1], [-3.0, 0.2], r"p\[0\] is -3; expected a probability .*sigmoid"),
        ([1, 1], [0.1, 0.2], r"y holds only the class 1 \(2 items\).*stratified"),
        ([], [], r"y has shape \(0,\)"),
        ([0, 1], [[0.1], [0.2]], r"p has shape \(2, 1\).*ravel"),
        (["a", "b"], [0.1, 0.2], "y holds a value that is not a number"),
    ],
)
def test_classification_refuses(y, p, message):
    with pytest.raises(ValueError, match=message):
        metrics.classification(y, p)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["a"]}, r"groups has shape \(1,\); expected \(3,\)"),
        ({"groups": ["a", None, "b"]}, r"groups\[1\] is missing"),
        ({"groups": np.zeros((3, 3))}, r"expected \(3,\), a group for each item, or \(3, 2\), one on each"),
        ({"groups": [["a", "b"], ["a", None], ["b", "b"]]}, r"groups\[1\] is missing"),
    ],
)
def test_groups_refused(options, message):
    with pytest.raises(ValueError, match=message):
        metrics.classification([0, 1, 1], [0.1, 0.2, 0.3], **options)


@pytest.mark.parametrize(
    ("y", "p", "options", "message"),
    [
        ([1.0, np.nan], [1.0, 2.0], {}, r"y\[1\] is nan;.*mask=np.isfinite"),
        ([1.0, 2.0], [1.0, np.inf], {}, r"y_pred\[1\] is inf"),
        ([1.0, 1.0], [1.0, 2.0], {}, "y holds 1 distinct value in 2 items"),
        ([1.0, 2.0], [1.0, 2.0], {"mask": [1, 0]}, "mask has dtype int64"),
        ([1.0, 2.0], [1.0, 2.0], {"mask": [False, False]}, "y holds 0 distinct value"),
    ],
)
def test_regression_refuses(y, p, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.regression(y, p, **options)


def test_other_refusals():
    with pytest.raises(ValueError, match="metric is 'auc'; expected one of accuracy"):
        metrics.difference([0, 1], [0, 1], [0, 1], metric="auc")
    with pytest.raises(ValueError, match=r"p_b\[0\] is 7"):
        metrics.difference([0, 1], [0, 1], [7, 1])
    with pytest.raises(ValueError, match="bins is 0"):
        metrics.calibration([0, 1], [0, 1], bins=0)
    with pytest.raises(ValueError, match=r"truth has shape \(1, 2\), importance \(1, 3\)"):
        metrics.explanation_auroc(np.ones((1, 3)), np.ones((1, 2)))
    with pytest.raises(ValueError, match="truth holds other values"):
        metrics.explanation_auroc(np.ones((1, 2)), [[0.5, 1]])
    with pytest.raises(ValueError, match=r"importance\[0, 1\] is nan"):
        metrics.explanation_auroc([[0.0, np.nan]], [[0, 1]])
    with pytest.raises(ValueError, match="no item has both a planted and another position"):
        metrics.explanation_auroc([[0.0, 1.0]], [[0, 0]])


@pytest.mark.parametrize("name", metrics.CLASSIFICATION + metrics.REGRESSION)
def test_one_metric_is_the_row_of_the_table(scored, name):
    y, p = scored
    groups = np.arange(400) // 2
    table = (metrics.classification if name in metrics.CLASSIFICATION else metrics.regression)(
        y, p, groups=groups, n_boot=60, seed=2
    )
    row = table.set_index("metric").loc[name]
    found = getattr(metrics, name)(y, p, groups=groups, n_boot=60, seed=2)
    assert found[:3] == pytest.approx((row.value, row.ci_low, row.ci_high), rel=1e-12, nan_ok=True)
    ends = f"{row.value:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f})"
    assert str(found) == (f"{row.value:.3f}, no interval" if name == "ece" else ends)


def test_p_value_of_a_difference_counts_both_sides():
    # One of three items favours b: the share of replicates at or below zero is known.
    y = np.tile([1.0, 0.0, 0.0], 4)
    better, worse = np.tile([1.0, 1.0, 3.0], 4), np.tile([2.0, 2.0, 0.0], 4)
    found = metrics.difference(y, better, worse, metric="mae", n_boot=4000)
    (counts,) = bootstrap.draws(12, n_boot=4000, seed=0)
    gaps = counts @ (np.abs(y - better) - np.abs(y - worse)) / 12
    smaller = min((gaps <= 0).sum(), (gaps >= 0).sum())
    assert found.p_value == pytest.approx(min(1, 2 * (smaller + 1) / 4001))
    # The other way round it is the same: the test has two sides.
    assert metrics.difference(y, worse, better, metric="mae", n_boot=4000).p_value == found.p_value


# A 95 % interval holds the truth in about 95 of 100 data sets: in each simulation below the truth
# is known, and the share over the data sets must lie within four of its own standard errors.
def covered(hits):
    return 0.95 - 4 * np.sqrt(0.95 * 0.05 / hits.size) - 0.02 < hits.mean() <= 1


def holds(interval, truth):
    return interval.low <= truth <= interval.high


def test_coverage_of_a_metric_of_decisions_and_of_a_difference():
    rng = np.random.default_rng(0)
    accuracy, gap = [], []
    for _ in range(150):
        y = np.tile([0, 1], 75)
        a, b = (np.where(rng.random(150) < share, y, 1 - y) for share in (0.8, 0.7))
        accuracy.append(holds(metrics.accuracy(y, a, n_boot=200), 0.8))
        found = metrics.difference(y, a, b, metric="accuracy", n_boot=200)
        gap.append(found.ci_low <= 0.1 + 1e-9 and found.ci_high >= 0.1 - 1e-9)
    assert covered(np.array(accuracy))
    assert covered(np.array(gap))


def test_coverage_of_an_area_and_of_a_correlation():
    rng = np.random.default_rng(1)
    area, correlation = [], []
    for _ in range(150):
        y = np.tile([0, 1], 60)
        p = stats.norm.cdf(rng.normal(y * 1.0))
        area.append(holds(metrics.auroc(y, p, n_boot=200), stats.norm.cdf(1 / np.sqrt(2))))
        x = rng.normal(size=120)
        noisy = 0.6 * x + 0.8 * rng.normal(size=120)
        correlation.append(holds(metrics.pearson(x, noisy, n_boot=200), 0.6))
    assert covered(np.array(area))
    assert covered(np.array(correlation))


def test_coverage_of_a_mean_over_groups_fails_without_them():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(60), 5)
    grouped, plain = [], []
    for _ in range(150):
        values = np.repeat(rng.normal(size=60), 5) + 0.3 * rng.normal(size=300)
        for found, group in ((grouped, groups), (plain, None)):
            row = metrics.mean_interval(values, metric="m", groups=group, n_boot=200).iloc[0]
            found.append(row.ci_low <= 0 <= row.ci_high)
    assert covered(np.array(grouped))
    assert np.mean(plain) < 0.8


def test_the_calibration_error_has_no_interval_because_resamples_make_it_larger():
    rng = np.random.default_rng(4)
    hits = []
    for seed in range(60):
        p = rng.random(200)
        y = (rng.random(200) < 0.1 + 0.8 * p).astype(float)  # off by 0.05 on average
        whole = bootstrap.classification_statistic(y, p, 0.5)
        _, drawn, _ = bootstrap.replicates(whole, 200, n_boot=100, seed=seed)
        found = bootstrap.interval(0.0, drawn["ece"])
        hits.append(found.low <= 0.05 <= found.high)
    assert np.mean(hits) < 0.3
    assert np.isnan(metrics.ece(y, p, n_boot=100).low)


def test_coverage_of_the_share_in_a_bin():
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(300):
        y = (rng.random(60) < 0.3).astype(int)
        row = metrics.calibration([*y, 0, 1], [*np.full(60, 0.3), 0.9, 0.9], bins=2).iloc[0]
        hits.append(row.ci_low <= 0.3 <= row.ci_high)
    assert covered(np.array(hits))
