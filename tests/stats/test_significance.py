import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.stats import significance

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def folds(models, protocol="p", task=""):
    rows = [
        (protocol, task, model, fold, value, 9)
        for model, values in models.items()
        for fold, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["protocol", "task", "model", "fold", "value", "n"])


@given(P)
def test_holm_is_between_the_raw_value_and_bonferroni(p):
    found = significance.holm(p)
    assert (found >= np.array(p)).all()
    assert (found <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


@given(P)
def test_discoveries_are_at_least_as_many_as_holm_allows(p):
    assert (significance.benjamini_hochberg(p) <= significance.holm(p) + 1e-12).all()


def test_missing_p_values_do_not_count():
    for correct in (significance.holm, significance.benjamini_hochberg):
        found = correct([0.02, np.nan, 0.5])
        assert found[0] == pytest.approx(0.04)
        assert np.isnan(found[1])
        with pytest.raises(ValueError, match=r"a p value is 1.5; expected 0 to 1"):
            correct([1.5])
    assert np.isnan(significance.benjamini_hochberg([np.nan])).all()


def test_paired_test_with_a_known_answer():
    values = {"ours": [0.6, 0.7, 0.65, 0.72], "baseline": [0.5, 0.58, 0.57, 0.6]}
    found = significance.paired_tests(folds(values), "ours", ["baseline"]).iloc[0]
    gap = np.subtract(*values.values())
    t = gap.mean() / np.sqrt((1 / 4 + 1 / 3) * gap.var(ddof=1))
    assert found["t"] == pytest.approx(t)
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(t, 3))
    # Without the correction for overlapping training parts it is the plain paired test.
    plain = significance.paired_tests(folds(values), "ours", ["baseline"], test_share=0).iloc[0]
    assert plain["p_value"] == pytest.approx(stats.ttest_rel(*values.values()).pvalue)
    assert found["p_value"] > plain["p_value"]


def test_corrections_are_made_within_a_protocol():
    rng = np.random.default_rng(0)
    tables = [
        folds({m: rng.random(5) for m in ("ours", "a", "b")}, protocol, task)
        for protocol in ("p", "q")
        for task in ("x", "y")
    ]
    found = significance.paired_tests(pd.concat(tables), "ours", ["a", "b"])
    assert len(found) == 8
    for _, part in found.groupby("protocol"):
        np.testing.assert_allclose(part["p_holm"], significance.holm(part["p_value"]))


def test_anova_of_repeated_measures_equals_a_paired_t_test_for_two_models():
    values = {"a": [0.6, 0.7, 0.65], "b": [0.5, 0.65, 0.52]}
    found = significance.anova(folds(values), ["a", "b"]).iloc[0]
    paired = stats.ttest_rel(*values.values())
    assert found["f"] == pytest.approx(paired.statistic**2)
    assert found["p_value"] == pytest.approx(paired.pvalue)
    assert np.isnan(found["friedman_p"])


def test_hard_folds_do_not_hide_a_difference():
    values = {"a": [0.1, 0.5, 0.9], "b": [0.05, 0.44, 0.86], "c": [0.0, 0.41, 0.79]}
    found = significance.anova(folds(values), list(values)).iloc[0]
    assert found["p_value"] < 0.01
    assert stats.f_oneway(*values.values()).pvalue > 0.9
    assert found["friedman_p"] == pytest.approx(0.0498, abs=1e-3)


def test_by_fold():
    rows = pd.DataFrame({
        "protocol": "p", "model": "m", "fold": ["1"] * 3 + ["2"] * 3, "task": "t",
        "y": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0], "p": [1.0, 2.0, 9.0, 5.0, 5.0, 5.0],
    })  # fmt: skip
    assert significance.by_fold(rows, metric="spearman")["value"][0] == pytest.approx(1)
    assert np.isnan(significance.by_fold(rows)["value"][1])
    with pytest.raises(ValueError, match="metric is 'r2'; expected one of pearson, spearman"):
        significance.by_fold(rows, metric="r2")


def test_faults_are_named():
    two = folds({"a": [1.0, 2.0], "b": [2.0, 3.5]})
    with pytest.raises(ValueError, match="no folds of the model c; found a, b"):
        significance.paired_tests(two, "a", ["c"])
    with pytest.raises(ValueError, match="'p' has 1 fold; expected two or more to test over"):
        significance.paired_tests(two[two["fold"] == 0], "a", ["b"])
    with pytest.raises(ValueError, match="'p' has 1 fold; expected two or more"):
        significance.anova(two[two["fold"] == 0], ["a", "b"])
    with pytest.raises(ValueError, match="anova over 1 model; expected two or more"):
        significance.anova(two, ["a"])


def test_without_folds_to_test_over_there_is_no_row():
    none = folds({"a": [1.0], "b": [2.0]}).iloc[:0]
    tests = significance.paired_tests(none, "a", ["b"])
    assert tests.empty
    assert {"protocol", "task", "minus", "p_holm"} <= set(tests.columns)
    found = significance.anova(none, ["a", "b"])
    assert found.empty
    assert {"p_value", "p_holm", "p_bh"} <= set(found.columns)
