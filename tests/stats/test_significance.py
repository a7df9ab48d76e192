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


def test_folds_of_several_runs_overlap_as_much_as_those_of_one():
    values = {"a": [0.6, 0.7, 0.65, 0.72, 0.61, 0.69], "b": [0.5, 0.58, 0.57, 0.6, 0.55, 0.56]}
    table = folds(values).assign(run=lambda t: t["fold"] // 3 + 1, fold=lambda t: t["fold"] % 3)
    found = significance.paired_tests(table, "a", ["b"]).iloc[0]
    gap = np.subtract(*values.values())
    assert found["folds"] == 6
    # Two runs of three folds: a test part is half of a training part, not a fifth.
    assert found["t"] == pytest.approx(gap.mean() / np.sqrt((1 / 6 + 1 / 2) * gap.var(ddof=1)))


def test_the_corrected_test_holds_its_level_where_the_plain_one_does_not():
    # Folds share a part of their luck (training parts overlap): a difference of 0 is found too often.
    rng = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(200):
        gap = rng.normal(size=10) + rng.normal() * 0.45
        table = folds({"a": list(gap), "b": [0.0] * 10})
        for found, share in ((plain, 0), (corrected, None)):
            found.append(significance.paired_tests(table, "a", ["b"], test_share=share)["p_value"][0] < 0.05)
    assert np.mean(plain) > 0.15
    assert np.mean(corrected) < 0.12


@pytest.mark.parametrize(
    ("p", "draws", "tails", "text"),
    [
        (2 / 1001, 1000, 2, "< .002"), (2 / 201, 200, 2, "< .01"), (1 / 1000, 999, 1, "< .001"),
        (4 / 1001, 1000, 2, ".004"), (0.25, 1000, 2, ".250"), (0.99999, 1000, 2, "1"), (np.nan, 0, 2, ""),
        (2 / 10001, 10000, 2, "< .0002"), (0.0006, 10000, 2, ".001"), (2 / 4, 3, 2, "< .5"),
    ],
)  # fmt: skip
def test_a_p_value_at_the_floor_of_its_draws_reads_as_below_it(p, draws, tails, text):
    assert significance.p_text(p, draws, tails=tails) == text


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


def test_without_folds_to_test_over_there_is_no_row():
    none = folds({"a": [1.0], "b": [2.0]}).iloc[:0]
    tests = significance.paired_tests(none, "a", ["b"])
    assert tests.empty
    assert {"protocol", "task", "minus", "p_holm"} <= set(tests.columns)
