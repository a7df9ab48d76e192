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
    there = rows[rows["metric"] != "ece"]
    assert (there["ci_low"] <= there["value"]).all()
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


def test_a_roc_curve_of_folds_places_items_among_the_negatives_of_their_fold(predictions):
    # One fold predicts higher than the other: pooled, its negatives stand above positives.
    ours = predictions[predictions["model"] == "ours"]
    moved = ours.assign(fold=ours["row"] // 50, p=lambda t: t["p"] / 2 + 0.5 * t["fold"], group=ours["row"])
    areas = []
    for table in (moved, moved.drop(columns="fold")):
        points = scoring.curve(table, "roc", protocol="random", models=["ours"])
        rows = scoring.score(table, dataset="d", n_boot=0).set_index("metric")
        area = np.trapezoid(points["tpr"], points["fpr"])
        assert area == pytest.approx(rows.loc["auroc", "value"], abs=1e-9)
        areas.append(area)
    assert areas[0] > 0.9 > 0.8 > areas[1]


def test_a_calibration_of_pairs_draws_both_sides(predictions):
    ours = predictions[predictions["model"] == "ours"]
    pairs = ours.assign(group=ours["row"] % 20, group_2=ours["row"] // 5)
    widths = []
    for table in (ours.assign(group=ours["row"]), pairs):
        points = scoring.curve(table, "calibration", protocol="random", models=["ours"])
        widths.append((points["ci_high"] - points["ci_low"]).max())
    assert widths[1] > widths[0]


def several(predictions, runs=3):
    rng = np.random.default_rng(5)
    return pd.concat(
        [
            predictions.assign(
                run=run, p=np.clip(predictions["p"] + 0.2 * rng.normal(size=len(predictions)), 0, 1)
            )
            for run in range(1, runs + 1)
        ],
        ignore_index=True,
    )


def test_numbers_are_means_over_runs(predictions):
    table = several(predictions)
    options = {"groups": GROUPS, "dataset": "d"}
    rows = scoring.score(table, **options, n_boot=100)
    each = pd.concat([scoring.score(part, **options, n_boot=0) for _, part in table.groupby("run")])
    of_runs = each.groupby(["model", "metric"])["value"]
    found = rows.set_index(["model", "metric"]).sort_index()
    pd.testing.assert_series_equal(found["value"], of_runs.mean())
    pd.testing.assert_series_equal(found["sd"], of_runs.std().rename("sd"))
    assert set(rows["runs"]) == {3}
    assert set(rows["n"]) == {100}
    assert rows["seed"].isna().all()
    assert each["seed"].eq(0).all()
    assert each["sd"].isna().all()
    gain = scoring.compare(table, "ours", ["control"], groups=GROUPS, n_boot=100).iloc[0]
    auroc = of_runs.mean().xs("auroc", level="metric")
    assert gain["value"] == pytest.approx(auroc["ours"] - auroc["control"])
    assert gain[["runs", "n", "groups"]].tolist() == [3, 100, 25]
    assert gain["sd"] > 0
    tasks = pd.concat([table.assign(task=name) for name in "ab"])
    mean = scoring.macro(tasks, **options, n_boot=20).set_index(["model", "metric"])
    assert mean.loc[("ours", "auroc"), "value"] == pytest.approx(auroc["ours"])
    assert mean["runs"].eq(3).all()


def test_the_near_share_stands_beside_each_number(predictions):
    options = {"dataset": "d", "groups": GROUPS, "n_boot": 20}
    assert scoring.score(predictions, **options)["near"].isna().all(), "not looked at is not none"
    marked = predictions.assign(near=(predictions["model"] == "ours") & (predictions["row"] < 30))
    found = scoring.score(marked, **options)
    assert found.groupby("model")["near"].unique().explode().to_dict() == {"ours": 0.3, "control": 0.0}
    tasks = pd.concat([marked.assign(task="a"), predictions.assign(task="b", near=False)])
    mean = scoring.macro(tasks, **options)
    assert mean.groupby("model")["near"].first().to_dict() == {"ours": 0.15, "control": 0.0}


def test_both_models_must_have_the_rows_of_a_run(predictions):
    table = several(predictions, runs=2)
    once = table[(table["model"] == "ours") | (table["run"] == 1)]
    with pytest.raises(ValueError, match=r"control differ in 100 test rows under 'random' \(first: run 2"):
        scoring.compare(once, "ours", ["control"], groups=GROUPS)


def test_pairs_have_a_group_on_either_side(predictions):
    sides = np.column_stack([np.arange(100) % 20, np.arange(100) // 5])
    given = scoring.score(predictions, groups={"random": sides}, dataset="d", n_boot=50)
    columns = predictions.assign(group=sides[predictions["row"], 0], group_2=sides[predictions["row"], 1])
    pd.testing.assert_frame_equal(scoring.score(columns, dataset="d", n_boot=50), given)
    # A protocol without pairs, beside one with them, has one side.
    alone = columns.assign(protocol="alone", group_2=np.nan)
    both = scoring.score(pd.concat([columns, alone]), dataset="d", n_boot=50)
    one = scoring.score(alone.drop(columns="group_2"), dataset="d", n_boot=50)
    pd.testing.assert_frame_equal(both[both["protocol"] == "alone"].reset_index(drop=True), one)
    few = np.column_stack([np.arange(100), np.arange(100) % 4])
    assert scoring.score(predictions, groups={"random": few}, dataset="d")["ci_low"].isna().all()


def test_a_difference_of_means_over_tasks():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"row": np.arange(400), "task": np.repeat(["a", "b"], 200), "protocol": "p"})
    rows["y"] = np.tile([0, 1], 200)
    # Task b is on another scale: ranked together, its negatives stand above the positives of a.
    shift = np.where(rows["task"] == "b", 0.5, 0.0)
    parts = [
        rows.assign(model=model, p=shift + 0.2 + 0.1 * rows["y"] + noise * rng.normal(size=400).clip(-1, 1))
        for model, noise in (("good", 0.05), ("bad", 0.2))
    ]
    table = pd.concat(parts, ignore_index=True)
    options = {"groups": {"p": np.arange(400)}, "n_boot": 50}
    mean = scoring.macro(table, dataset="d", **options)
    area = mean[mean["metric"] == "auroc"].set_index("model")["value"]
    pooled = scoring.compare(table.assign(task="mean"), "good", ["bad"], **options).iloc[0]
    found = scoring.compare(table.assign(within=table["task"], task="mean"), "good", ["bad"], **options).iloc[
        0
    ]
    assert found["value"] == pytest.approx(area["good"] - area["bad"])
    assert found["task"] == "mean"
    assert abs(pooled["value"] - found["value"]) > 0.05
