import numpy as np
import pandas as pd
import pytest

from helpers.stats import scoring


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 50)
    good = np.clip(0.5 + 0.3 * (y - 0.5) + 0.1 * rng.standard_normal(100), 0, 1)
    tables = [
        pd.DataFrame({"protocol": "random", "model": name, "row": np.arange(100), "y": y, "p": p})
        for name, p in {"ours": good, "control": rng.random(100)}.items()
    ]
    return pd.concat(tables, ignore_index=True)


GROUPS = {"random": np.repeat(np.arange(25), 4)}


def test_score_has_a_row_a_model_and_metric(predictions):
    rows = scoring.score(predictions, groups=GROUPS, dataset="d", n_boot=50)
    auroc = rows[rows["metric"] == "auroc"].set_index("model")
    assert auroc.loc["ours", "value"] > 0.9 > 0.65 > auroc.loc["control", "value"]
    assert (rows["ci_low"] <= rows["value"]).all()
    assert set(rows["n"]) == {100}


def test_compare_pairs_the_rows(predictions):
    gain = scoring.compare(predictions, "ours", ["control", "ours"], groups=GROUPS, n_boot=50)
    assert gain.loc[0, "ci_low"] > 0
    assert gain.loc[1, "value"] == 0


def test_score_draws_whole_groups(predictions):
    one = predictions[predictions["model"] == "control"].head(100)
    copies = pd.concat([one.assign(row=one["row"] * 8 + copy) for copy in range(8)], ignore_index=True)
    found = [
        scoring.score(copies, groups={"random": group}, dataset="d", n_boot=200).set_index("metric")
        for group in (np.arange(800) // 8, np.arange(800))
    ]
    whole, alone = (table["ci_high"]["auroc"] - table["ci_low"]["auroc"] for table in found)
    assert whole == pytest.approx(np.sqrt(8) * alone, rel=0.3)
    # The groups are those of the data set's rows, whatever the order of the predictions.
    column = copies.assign(group=copies["row"] // 8)
    again = scoring.score(column, dataset="d", n_boot=200).set_index("metric")
    pd.testing.assert_frame_equal(again, found[0])


def test_a_row_that_stands_twice_counts_twice_in_score_and_compare(predictions):
    again = predictions[predictions["row"] < 30].assign(p=lambda table: 1 - table["p"])
    both = pd.concat([predictions, again], ignore_index=True)
    rows = scoring.score(both, groups=GROUPS, dataset="d", n_boot=0)
    auroc = rows[rows["metric"] == "auroc"].set_index("model")["value"]
    gain = scoring.compare(both, "ours", ["control"], groups=GROUPS, n_boot=0)
    assert gain["n"].tolist() == [130]
    assert gain["value"][0] == pytest.approx(auroc["ours"] - auroc["control"])


def test_tasks_and_measured_values_have_rows_of_their_own(predictions):
    tasks = [predictions.assign(task="a"), predictions.assign(task="b", y=1 - predictions["y"])]
    both = pd.concat(tasks, ignore_index=True)
    rows = scoring.score(both, groups=GROUPS, dataset="d", kind="regression", n_boot=20)
    pearson = rows[(rows["metric"] == "pearson") & (rows["model"] == "ours")].set_index("task")
    assert pearson.loc["a", "value"] > 0.7
    assert pearson.loc["b", "value"] == pytest.approx(-pearson.loc["a", "value"])
    gain = scoring.compare(both, "ours", ["control"], groups=GROUPS, n_boot=20)
    assert gain["task"].tolist() == ["a", "b"]
    assert gain.loc[0, "value"] > 0 > gain.loc[1, "value"]


@pytest.mark.parametrize("kind", ["roc", "precision_recall", "calibration"])
def test_curve_keeps_the_order_of_the_models(predictions, kind):
    points = scoring.curve(predictions, kind, protocol="random", models=["control", "ours"])
    assert points["model"].unique().tolist() == ["control", "ours"]


def test_errors(predictions):
    with pytest.raises(ValueError, match="kind is 'ranking'; expected one of classification"):
        scoring.score(predictions, groups=GROUPS, dataset="d", kind="ranking")
    with pytest.raises(ValueError, match="kind is 'det'; expected one of roc"):
        scoring.curve(predictions, "det", protocol="random", models=["ours"])
    with pytest.raises(ValueError, match="no predictions of theirs under 'random'; found control"):
        scoring.curve(predictions, "roc", protocol="random", models=["theirs"])
    with pytest.raises(ValueError, match="no predictions of theirs; found control, ours"):
        scoring.compare(predictions, "ours", ["theirs"], groups=GROUPS)
    with pytest.raises(ValueError, match="lack the columns p; found"):
        scoring.score(predictions.drop(columns="p"), groups=GROUPS, dataset="d")
    with pytest.raises(ValueError, match="groups has nothing for the protocols random"):
        scoring.score(predictions, groups={}, dataset="d")


def test_the_mean_over_tasks_is_the_mean_of_the_tasks(predictions):
    noise = np.random.default_rng(1).random(len(predictions))
    other = predictions.assign(task="b", p=(predictions["p"] + noise) / 2)
    both = pd.concat([predictions.assign(task="a"), other], ignore_index=True)
    each = scoring.score(both, groups=GROUPS, dataset="d", n_boot=0)
    mean = scoring.macro(both, groups=GROUPS, dataset="d", n_boot=50)
    keys = ["model", "metric"]
    expected = each.groupby(keys)["value"].mean()
    pd.testing.assert_series_equal(mean.set_index(keys)["value"].sort_index(), expected)
    assert set(mean["task"]) == {"mean"}
    assert set(mean["n"]) == {200}
    auroc = mean[mean["metric"] == "auroc"]
    assert (auroc["ci_low"] < auroc["value"]).all()
    assert (auroc["value"] < auroc["ci_high"]).all()
