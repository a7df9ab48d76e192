"""A sentence follows its row: won, lost, not shown, too few groups, at the best possible score."""

import numpy as np
import pandas as pd
import pytest

from helpers.stats import metrics, results, scoring, verdicts
from helpers.stats.bootstrap import Interval

NAN = float("nan")


def row(value, low, high, **more):
    return {
        "model": "ours",
        "minus": "trees",
        "metric": "auroc",
        "value": value,
        "ci_low": low,
        "ci_high": high,
    } | more


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (row(0.03, 0.01, 0.05), "Ours has a higher AUROC than trees, by 0.030 (0.010 to 0.050)."),
        (row(-0.03, -0.05, -0.01), "Ours has a lower AUROC than trees, by 0.030 (0.010 to 0.050)."),
        (row(0.007, -0.006, 0.019), "whether ours or trees has the higher AUROC: the difference is +0.007 ("),
        (row(0.02, 0.0, 0.04), "the difference is +0.020"),
        (row(0.3, NAN, NAN, groups=4), "the difference is +0.300 (no interval: only 4 groups)."),
        (row(0.3, NAN, NAN), "(no interval: too few groups)."),
        (row(0.3, NAN, NAN, groups=40), "(no interval)."),
        (row(0.03, 0.01, 0.05, runs=3, sd=0.004), "by 0.030 (0.010 to 0.050; 3 runs, sd 0.004)."),
        (row(-0.03, -0.05, -0.01, runs=3, sd=0.004), "by 0.030 (0.010 to 0.050; 3 runs, sd 0.004)."),
        # The interval of the items leaves out 0, the runs do not.
        (row(0.03, 0.01, 0.05, runs=3, sd=0.04), "It is not shown whether"),
        # Either alone would show it, both together do not.
        (row(0.05, 0.01, 0.09, runs=3, sd=0.016), "It is not shown whether"),
        (row(0.06, 0.02, 0.1, runs=3, sd=0.016), "Ours has a higher"),
        (row(0.1, 0.05, 0.2, metric="rmse"), "Ours is worse than trees: its RMSE is higher by 0.100"),
        (row(-0.1, -0.2, -0.05, metric="mae"), "Ours is better than trees: its MAE is lower by 0.100"),
        (row(0.1, 0.05, 0.2, metric="pearson", minus="k_mers"), "a higher Pearson's r than k mers, by"),
        (row(0.01, -0.1, 0.2, metric="rmse"), "whether ours or trees has the lower RMSE"),
        (row(0.1, 0.05, 0.2, metric=""), "Ours is above trees by 0.100 (0.050 to 0.200)."),
        (row(-0.1, -0.2, -0.05, metric=""), "Ours is below trees by 0.100 (0.050 to 0.200)."),
        (row(0.1, -0.2, 0.3, metric=""), "It is not shown whether ours or trees is ahead: the difference is"),
    ],
)  # fmt: skip
def test_compare(found, sentence):
    assert sentence in verdicts.compare(found)
    assert sentence in verdicts.compare(pd.Series(found))
    assert sentence in verdicts.compare(pd.DataFrame([found]))


def test_a_name_keeps_its_letters():
    assert verdicts.compare(row(1, 0.5, 2), "siRNA trees").startswith("siRNA trees has a higher")
    assert verdicts.compare(row(1, 0.5, 2), "CNN").startswith("CNN has a higher")
    assert verdicts.compare(row(1, 0.5, 2), "the network").startswith("The network has a higher")


def test_intervals_and_differences_are_read_as_rows_are():
    y = np.tile([0, 1], 60)
    good = np.clip(y + np.random.default_rng(0).normal(0, 0.4, 120), 0, 1)
    gap = metrics.difference(y, good, np.full(120, 0.5), n_boot=100)
    assert "Ours has a higher AUROC than a guess, by" in verdicts.compare(
        gap, "ours", "a guess", metric="auroc"
    )
    one = metrics.auroc(y, good, n_boot=100)
    assert verdicts.interval(one) == str(one)
    few = Interval(0.5, NAN, NAN, 0, groups=4)
    assert verdicts.interval(few, decimals=2) == "0.50 (no interval: only 4 groups)"
    assert "is not shown" in verdicts.compare(few, "a", "b")


@pytest.mark.parametrize(
    ("found", "metric", "sentence"),
    [
        ((0.83, 0.79, 0.87), "auroc", "Ours has an AUROC of 0.830 (0.790 to 0.870), above chance (0.500)."),
        ((0.4, 0.3, 0.45), "auroc", ", below chance (0.500)."),
        ((0.52, 0.4, 0.6), "auroc", "of 0.520 (0.400 to 0.600), not shown to be above chance (0.500)."),
        ((0.8, NAN, NAN), "auroc", "(no interval: too few groups), not shown to be above chance"),
        ((0.8, 0.7, 0.9), "rmse", ", worse than chance (0.500)."),
        ((0.3, 0.2, 0.4), "rmse", "Ours has an RMSE of 0.300 (0.200 to 0.400), better than chance (0.500)."),
        ((0.4, 0.3, 0.6), "rmse", "not shown to be better than chance (0.500)."),
        ((0.8, 0.7, 0.9), "pearson", "Ours has a Pearson's r of 0.800"),
        ((0.8, 0.7, 0.9), "", "Ours is at 0.800 (0.700 to 0.900), above chance"),
    ],
)  # fmt: skip
def test_above_a_fixed_number(found, metric, sentence):
    given = dict(zip(("value", "ci_low", "ci_high"), found, strict=True))
    assert sentence in verdicts.above(given, 0.5, name="ours", rival="chance", metric=metric)


@pytest.mark.parametrize(
    ("value", "best", "metric", "there"),
    [(0.91, 0.92, "auroc", True), (0.93, 0.92, "auroc", True), (0.85, 0.92, "auroc", False),
     (0.31, 0.30, "rmse", True), (0.29, 0.30, "rmse", True), (0.40, 0.30, "rmse", False)],
)  # fmt: skip
def test_at_the_best_possible_score_or_not(value, best, metric, there):
    found = verdicts.best_possible(row(value, value - 0.01, value + 0.01), best, name="ours", metric=metric)
    assert found.startswith(
        "Ours reaches the best possible" if there else "Ours falls short of the best possible"
    )
    assert f"it has {value:.3f} (" in found


def rivals(*gaps, metric="auroc"):
    rows = [
        row(value, value - 0.03, value + 0.03, minus=f"m{i}", metric=metric) for i, value in enumerate(gaps)
    ]
    return pd.DataFrame(rows)


def test_best_of_a_table():
    assert verdicts.best(rivals(0.01, 0.05, 0.3, 0.02)) == (
        "Ours has the highest AUROC of the 5 models. It is shown to beat m1 and m2, but not m0 or m3."
    )
    assert (
        verdicts.best(rivals(0.05)) == "Ours has the highest AUROC of the 2 models. It is shown to beat m0."
    )
    assert verdicts.best(rivals(0.05, -0.05, -0.01)) == (
        "Ours does not have the highest AUROC of the 4 models: m1 and m2 scored higher. "
        "It is shown to beat m0 and to lose to m1; the comparison with m2 is undecided."
    )
    assert verdicts.best(rivals(-0.05, metric="rmse")) == (
        "Ours has the lowest RMSE of the 2 models. It is shown to beat m0."
    )
    assert verdicts.best(rivals(0.05, metric="rmse")) == (
        "Ours does not have the lowest RMSE of the 2 models: m0 scored lower. It is shown to lose to m0."
    )
    assert verdicts.best(rivals(-0.01)).endswith("m0 scored higher. The comparison with m0 is undecided.")
    assert verdicts.best(rivals(0.01, 0.02)).endswith("models. It is not shown to beat m0 or m1.")
    few = rivals(0.05, 0.06).assign(ci_low=NAN, ci_high=NAN, groups=4)
    assert "It is not shown to beat m0 or m1 (no interval: only 4 groups)." in verdicts.best(few)
    with pytest.raises(ValueError, match="the differences have 2 values of metric; expected one"):
        verdicts.best(pd.concat([rivals(0.1), rivals(0.1, metric="mcc")]))


def test_a_list_says_where_each_row_is_of():
    table = pd.concat([rivals(0.1).assign(protocol="random"), rivals(0.0).assign(protocol="homology_both")])
    first, second = verdicts.each(table).splitlines()
    assert first.startswith("- random: Ours has a higher AUROC than m0")
    assert second.startswith("- homology both: It is not shown whether ours or m0")
    assert verdicts.each(rivals(0.1)).startswith("- Ours has a higher")


def test_sentences_from_the_table_of_a_comparison():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 60)
    tables = [
        pd.DataFrame({"row": range(120), "group": np.arange(120) % groups, "y": y, "p": p}).assign(
            protocol=protocol, model=model
        )
        for protocol, groups in (("many", 60), ("few", 4))
        for model, p in (("ours", np.clip(y + rng.normal(0, 0.3, 120), 0, 1)), ("guess", rng.random(120)))
    ]
    gain = scoring.compare(pd.concat(tables), "ours", ["guess"], n_boot=100)
    many, few = verdicts.each(gain).splitlines()
    assert "many: Ours has a higher AUROC than guess" in many
    assert "only 4 groups" in few
    assert gain["p_text"].tolist() == ["< .02", ""]


def test_the_results_table_says_what_a_comparison_showed(tmp_path):
    gain = rivals(0.05, 0.01).assign(protocol="random", task="Am", n=40, runs=3, sd=0.001)
    table = results.differences(gain, dataset="d", seed=None)
    results.write_results(tmp_path / "r.csv", table)
    read = results.read_results(tmp_path / "r.csv")
    assert verdicts.best(read) == verdicts.best(gain)
    assert sorted(verdicts.each(read).splitlines()) == sorted(verdicts.each(gain).splitlines())
    once = results.differences(rivals(0.05).assign(protocol="p", n=40), dataset="d", seed=1)
    assert once[["task", "seed", "runs"]].values.tolist() == [["", 1, 1]]


@pytest.mark.parametrize(
    ("found", "chance", "sentence"),
    [
        # At chance.
        (row(0.51, 0.46, 0.56, runs=3, sd=0.05), 0.5, "(0.460 to 0.560; 3 shufflings, sd 0.050):"),
        (row(0.51, 0.46, 0.56, runs=3, sd=0.05), 0.5, "not shown to differ from chance (0.500)."),
        (row(0.01, -0.05, 0.06, metric="pearson"), 0.0, "Control has a Pearson's r of 0.010"),
        # Off chance by its items, and the shufflings agree; or they spread as far.
        (row(0.444, 0.42, 0.46, runs=3, sd=0.01), 0.5, "below chance (0.500), as is each shuffling. S"),
        (row(0.55, 0.53, 0.57, runs=5, sd=0.03), 0.5, "above chance (0.500). Something other"),
        (row(0.444, 0.42, 0.46, runs=3, sd=0.04), 0.5, "differ from chance (0.500), though each"),
        (row(0.444, 0.42, 0.46, runs=3, sd=0.08), 0.5, "not shown to differ from chance (0.500)."),
        # All shufflings on one side, which the items do not show.
        (row(-0.13, -0.28, 0.02, runs=3, sd=0.02, metric="pearson"), 0.0, "though each shuffling lies below"),
        # One shuffling, too few groups.
        (row(0.444, 0.42, 0.46), 0.5, "below chance (0.500). One shuffling can be that by luck"),
        (row(0.444, NAN, NAN), 0.5, "whether it differs from chance (0.500) is not shown."),
        (row(-0.13, NAN, NAN, runs=3, sd=0.02, groups=4), 0.0, "is not shown, though each shuffling"),
        # A constant.
        (row(0.5, 0.5, 0.5, runs=3, sd=0.0), 0.5, "one value, which is chance (0.500) by definition"),
    ],
)  # fmt: skip
def test_control(found, chance, sentence):
    assert sentence in verdicts.control(found, chance)


@pytest.mark.parametrize(("items", "shufflings"), [(0.03, 0.0), (0.0, 0.03), (0.03, 0.03), (0.03, 0.1)])
def test_a_control_at_chance_is_called_off_it_as_seldom_as_it_should(items, shufflings):
    """Three shufflings of one set of items: both move the mean, and the verdict knows of both."""
    rng = np.random.default_rng(0)
    off = found = 0
    for _ in range(1000):
        runs = 0.5 + items * rng.normal() + shufflings * rng.normal(size=3)
        mean, reach = runs.mean(), 1.96 * items
        one = row(mean, mean - reach, mean + reach, runs=3, sd=runs.std(ddof=1))
        off += "Something other" in verdicts.control(one, 0.5)
        far = row(mean + 0.5, mean + 0.5 - reach, mean + 0.5 + reach, runs=3, sd=runs.std(ddof=1))
        found += "above chance" in verdicts.control(far, 0.5)
    assert off / 1000 < 0.06
    assert found / 1000 > 0.85


def test_faults_are_named():
    with pytest.raises(ValueError, match="found 2 rows; expected one"):
        verdicts.compare(rivals(0.1, 0.2))
    with pytest.raises(ValueError, match="the row has no value; found metric"):
        verdicts.interval({"metric": "auroc"})
