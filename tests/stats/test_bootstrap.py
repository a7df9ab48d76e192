"""Intervals of pairs, of folds and of runs: how often they hold a truth that is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.stats import bootstrap, metrics, scoring

SIDES, PAIRS = 40, 600


def pairs(rng):
    """Pairs of two sides: their groups, and the effects of both sides on each."""
    groups = np.column_stack([rng.integers(SIDES, size=PAIRS), rng.integers(SIDES, size=PAIRS)])
    a, b = rng.normal(size=(2, SIDES))
    return groups, a[groups[:, 0]], b[groups[:, 1]]


def shares(simulate, *, trials=120):
    """How often intervals of no groups, of one side and of both hold the truth."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(trials):
        statistic, groups, truth = simulate(rng)
        kinds = (None, groups[:, 0], groups)
        options = {"n_boot": 150, "seed": seed}
        rows = [bootstrap.intervals(statistic, PAIRS, groups=kind, **options)["m"] for kind in kinds]
        found.append([row.low <= truth <= row.high for row in rows])
    return np.mean(found, axis=0)


def of_means(rng):
    groups, a, b = pairs(rng)
    values = a + b + rng.normal(size=PAIRS)
    return (lambda counts: {"m": counts @ values / counts.sum(axis=1)}), groups, 0.0


def of_areas(rng):
    groups, a, b = pairs(rng)
    y = (a + b + rng.normal(size=PAIRS) > 0).astype(float)
    c, d = rng.normal(size=(2, SIDES))
    score = 1.5 * y + c[groups[:, 0]] + d[groups[:, 1]] + 0.5 * rng.normal(size=PAIRS)
    whole = bootstrap.classification_statistic(y, stats.norm.cdf(score), 0.5)
    return (lambda counts: {"m": whole(counts)["auroc"]}), groups, stats.norm.cdf(1.5 / np.sqrt(4.5))


@pytest.mark.parametrize("simulate", [of_means, of_areas])
def test_pairs_need_both_sides(simulate):
    none, one, both = shares(simulate)
    assert 0.90 <= both <= 0.98
    assert none < one < 0.88


def test_ten_groups_hold_the_truth_as_often_as_many():
    rng = np.random.default_rng(0)
    found = []
    for seed in range(300):
        groups = np.repeat(np.arange(10), 8)
        values = rng.normal(size=10)[groups] + rng.normal(size=80)
        options = {"n_boot": 300, "seed": seed, "groups": groups}
        _, drawn, units = bootstrap.replicates(
            lambda c, v=values: {"m": c @ v / c.sum(axis=1)}, 80, **options
        )
        rows = [bootstrap.interval(0.0, drawn["m"], given) for given in (units, None)]
        found.append([row.low <= 0 <= row.high for row in rows])
    right, narrow = np.mean(found, axis=0)
    assert 0.90 <= right <= 0.98
    assert narrow < 0.90
    # With many groups it is the plain percentile.
    drawn = rng.normal(size=1000)
    assert bootstrap.interval(0.0, drawn, 5000)[1:3] == pytest.approx(
        bootstrap.interval(0.0, drawn)[1:3], abs=0.01
    )


def test_counts_of_pairs_are_products_whatever_the_blocks(monkeypatch):
    groups = np.array([["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"], ["c", "x"]])
    whole = np.concatenate(list(bootstrap.draws(5, n_boot=40, seed=3, groups=groups)))
    assert (whole[:, 0] * whole[:, 3] == whole[:, 1] * whole[:, 2]).all()
    alone = np.concatenate(list(bootstrap.draws(5, n_boot=40, seed=3, groups=groups[:, 0])))
    assert (whole[:, 0] > 0).sum() < (alone[:, 0] > 0).sum()
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", 30)
    blocks = list(bootstrap.draws(5, n_boot=40, seed=3, groups=groups))
    assert len(blocks) == 7
    np.testing.assert_array_equal(whole, np.concatenate(blocks))


def test_no_interval_from_fewer_than_ten_groups_on_either_side():
    rng = np.random.default_rng(0)
    y, p = np.tile([0, 1], 50), rng.random(100)
    many, few = np.arange(100) % 20, np.arange(100) % 4
    for groups in (few, np.column_stack([many, few]), np.column_stack([few, many])):
        found = metrics.auroc(y, p, groups=groups)
        assert np.isnan([found.low, found.high]).all()
        assert str(found) == f"{found.value:.3f}, too few groups for an interval (4)"
        gap = metrics.difference(y, p, 1 - p, groups=groups)
        assert np.isnan([gap.ci_low, gap.ci_high, gap.p_value]).all()
        assert gap.groups == 4
    assert not np.isnan(metrics.auroc(y, p, groups=many).low)
    assert np.isnan(metrics.mean_interval(np.arange(9.0), metric="m").ci_low[0])
    assert str(metrics.auroc(y, p, n_boot=0)).endswith(", no interval")


def test_pairs_of_single_groups_leave_out_empty_replicates():
    found = metrics.mean_interval(np.arange(10.0), metric="m", groups=np.arange(20).reshape(10, 2)).iloc[0]
    assert found.ci_low < found.value < found.ci_high


def noise(rng, *, folds=5, n=100):
    """Labels of folds whose shares differ, and a guess: the share of the training folds, and noise."""
    fold = np.repeat(np.arange(folds), n // folds)
    y = (rng.random(n) < rng.uniform(0.2, 0.8, folds)[fold]).astype(int)
    share = np.array([y[fold != one].mean() for one in range(folds)])[fold]
    p = np.clip(share + 0.1 * rng.normal(size=n), 0, 1)
    return pd.DataFrame({"row": np.arange(n), "group": np.arange(n), "fold": fold, "y": y, "p": p})


def test_noise_is_at_chance_within_folds_and_below_it_when_they_are_pooled():
    rng = np.random.default_rng(0)
    tables = [noise(rng).assign(protocol=f"{trial}", model="guess") for trial in range(100)]
    whole = pd.concat(tables, ignore_index=True)

    def mean(table, metric, kind):
        rows = scoring.score(table, dataset="d", kind=kind, n_boot=0)
        return rows.loc[rows["metric"] == metric, "value"].mean()

    pooled = whole.drop(columns="fold")
    assert mean(whole, "auroc", "classification") == pytest.approx(0.5, abs=0.02)
    assert mean(pooled, "auroc", "classification") < 0.45
    for name in ("pearson", "spearman"):
        assert mean(whole, name, "regression") == pytest.approx(0, abs=0.02)
        assert mean(pooled, name, "regression") < -0.05


def test_areas_within_folds_are_those_of_pairs_and_correlations_means_over_folds():
    rng = np.random.default_rng(1)
    table = noise(rng)
    y, p, fold = (table[name].to_numpy(float) for name in ("y", "p", "fold"))
    one = np.ones((1, len(y)))
    found = bootstrap.classification_statistic(y, p, 0.5, folds=fold)(one)
    right = pairs_ = 0.0
    for part in range(5):
        up, down = p[(fold == part) & (y == 1)], p[(fold == part) & (y == 0)]
        right += (up[:, None] > down).sum() + 0.5 * (up[:, None] == down).sum()
        pairs_ += up.size * down.size
    assert found["auroc"][0] == pytest.approx(right / pairs_)
    # What does not rank is as without folds.
    whole = bootstrap.classification_statistic(y, p, 0.5)(one)
    assert found["brier"][0] == whole["brier"][0]
    means = bootstrap.regression_statistic(y, p, folds=fold)(one)
    each = [stats.pearsonr(y[fold == part], p[fold == part])[0] for part in range(5)]
    assert means["pearson"][0] == pytest.approx(np.mean(each))
    # A constant fold ranks nothing: it counts as 0, and is not left out.
    flat = np.where(fold == 0, 0.5, p)
    zero = bootstrap.regression_statistic(y, flat, folds=fold)(one)
    assert zero["pearson"][0] == pytest.approx(np.sum(each[1:]) / 5)


def test_coverage_of_a_mean_over_runs():
    # Runs share their items: what an item adds is drawn once for all, so that the runs agree in it.
    rng = np.random.default_rng(2)
    n, hits = 120, []
    for seed in range(100):
        y = np.tile([0, 1], n // 2)
        item = rng.normal(size=n)
        runs = [
            pd.DataFrame(
                {"row": range(n), "y": y, "p": stats.norm.cdf(y + item + rng.normal(size=n)), "run": r}
            )
            for r in (1, 2, 3)
        ]
        table = pd.concat(runs).assign(protocol="p", model="m")
        rows = scoring.score(table, groups={"p": range(n)}, dataset="d", n_boot=150, seed=seed)
        row = rows.set_index("metric").loc["auroc"]
        hits.append(row["ci_low"] <= stats.norm.cdf(1 / 2) <= row["ci_high"])
        assert (row["runs"], row["n"]) == (3, n)
    assert 0.90 <= np.mean(hits) <= 0.98


def test_coverage_of_a_calibration_in_groups():
    rng = np.random.default_rng(3)
    hits, plain = [], []
    for seed in range(150):
        groups = np.repeat(np.arange(30), 6)
        share = stats.beta(2, 4).ppf(rng.random(30))[groups]
        y = (rng.random(180) < share).astype(int)
        p = np.full(180, 1 / 3)
        for found, given in ((hits, groups), (plain, None)):
            row = metrics.calibration(y, p, bins=2, groups=given, n_boot=200, seed=seed).iloc[0]
            found.append(row["ci_low"] <= 1 / 3 <= row["ci_high"])
    assert 0.90 <= np.mean(hits) <= 0.98
    assert np.mean(plain) < 0.88
    few = metrics.calibration(y, np.where(groups < 4, 0.1, 0.9), bins=2, groups=groups)
    assert few["ci_low"].isna().tolist() == [True, False]


def test_coverage_of_a_difference_between_models_of_pairs_over_runs():
    """Two models err on sides of their own, the same in all runs: their difference needs both sides."""
    rng = np.random.default_rng(5)
    hits, plain = [], []
    for seed in range(100):
        groups, a, b = pairs(rng)
        y = (a + b + rng.normal(size=PAIRS) > 0).astype(int)
        own = rng.normal(size=(2, 2, SIDES))  # of a model and a side
        tables = [
            pd.DataFrame({"row": range(PAIRS), "y": y, "p": stats.norm.cdf(score), "run": run, "model": name})
            for run in (1, 2)
            for name, (left, right) in zip("ab", own, strict=True)
            for score in [y + left[groups[:, 0]] + right[groups[:, 1]] + rng.normal(size=PAIRS)]
        ]
        table = pd.concat(tables).assign(protocol="p")
        for found, given in ((hits, groups), (plain, range(PAIRS))):
            gain = scoring.compare(table, "a", ["b"], groups={"p": given}, n_boot=100, seed=seed).iloc[0]
            found.append(gain["ci_low"] <= 0 <= gain["ci_high"])
    assert 0.90 <= np.mean(hits) <= 0.99
    assert np.mean(plain) < 0.7


def test_coverage_of_a_correlation_within_folds_and_of_a_mean_over_tasks():
    rng = np.random.default_rng(6)
    hits = []
    groups = np.repeat(np.arange(40), 5)
    fold = (groups % 4).astype(str)
    for seed in range(100):
        # Groups share their value and their error; each fold has a level of its own.
        x, error = (rng.normal(size=40)[groups] + rng.normal(size=200) for _ in range(2))
        y, p = x, 0.6 * x + 0.8 * error + (groups % 4)
        table = pd.DataFrame({"row": range(200), "y": y, "p": p, "fold": fold, "protocol": "p", "model": "m"})
        options = {"groups": {"p": groups}, "dataset": "d", "n_boot": 150, "seed": seed}
        found = [scoring.score(table, kind="regression", **options).set_index("metric").loc["pearson"]]
        labels = table.assign(fold="", y=(y > 0).astype(int), p=stats.norm.cdf(0.6 * x + 0.8 * error))
        tasks = [labels.assign(task=name)[groups % 2 == of] for of, name in enumerate("ab")]
        found.append(scoring.macro(pd.concat(tasks), **options).set_index("metric").loc["auroc"])
        # The second by the share of an orthant of three normals: score above score, x above 0, x below 0.
        truths = (0.6, 0.5 + 2 / np.pi * np.arcsin(0.6 / np.sqrt(2)))
        hits.append([one["ci_low"] <= t <= one["ci_high"] for one, t in zip(found, truths, strict=True)])
    share = np.mean(hits, axis=0)
    assert ((share >= 0.90) & (share <= 0.99)).all(), share
