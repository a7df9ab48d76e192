"""The results table: one row a key, the same file for the same rows, nothing lost."""

import numpy as np
import pandas as pd
import pytest

from helpers.stats import results


def rows(value=0.5, *, model="ours", metric=("auroc", "mcc"), task=""):
    frame = pd.DataFrame([(name, value, 0.4, np.nan, 12) for name in metric], columns=results.MEASURED)
    return results.tidy(frame, dataset="RPI2241", task=task, protocol="unseen_rna", model=model, seed=3)


def test_tidy_has_the_columns_of_the_design():
    assert tuple(rows().columns) == results.COLUMNS
    assert rows(task="m6A").task.tolist() == ["m6A", "m6A"]


def test_merge_joins_the_parts_whatever_their_order(tmp_path):
    for model in "cab":
        results.write_results(tmp_path / model, rows(model=model))
    one = results.merge_results([tmp_path / m for m in "abc"], tmp_path / "deep" / "one.csv")
    results.merge_results([tmp_path / m for m in "cba"], tmp_path / "two.csv")
    assert one.model.tolist() == ["a", "a", "b", "b", "c", "c"]
    pd.testing.assert_frame_equal(results.read_results(tmp_path / "two.csv"), one)
    written = (tmp_path / "deep" / "one.csv").read_bytes()
    assert written == (tmp_path / "two.csv").read_bytes()
    assert b"\r" not in written
    with pytest.raises(ValueError, match="stands twice"):
        results.merge_results([tmp_path / "a", tmp_path / "a"], tmp_path / "two.csv")


def test_merge_takes_differences_as_rows_of_the_table_before_them(tmp_path):
    results.write_results(tmp_path / "a.csv", rows())
    gain = pd.DataFrame({"protocol": "p", "model": "ours", "minus": ["trees", "kmers"], "metric": "auroc",
                         "value": [0.1, 0.2], "ci_low": [0.0, ""], "ci_high": 0.2, "n": 9, "runs": [1, 3],
                         "sd": ["", 0.01]})  # fmt: skip
    gain.to_csv(tmp_path / "d.csv", index=False)
    both = results.merge_results([tmp_path / "a.csv", tmp_path / "d.csv"], tmp_path / "all.csv")
    found = both[both["metric"] == "auroc_difference"].set_index("model")
    assert sorted(found.index) == ["ours - kmers", "ours - trees"]
    assert set(found["dataset"]) == set(rows()["dataset"])
    assert found.loc["ours - trees", "seed"] == rows()["seed"].iat[0]
    assert pd.isna(found.loc["ours - kmers", ["seed", "ci_low"]]).all()
    with pytest.raises(ValueError, match="holds differences; give the results table"):
        results.merge_results([tmp_path / "d.csv", tmp_path / "a.csv"], tmp_path / "all.csv")


def test_write_replaces_the_file(tmp_path):
    results.write_results(tmp_path / "r.csv", rows(model="old"))
    table = results.write_results(tmp_path / "r.csv", rows(model="new"))
    pd.testing.assert_frame_equal(results.read_results(tmp_path / "r.csv"), table)
    assert set(table.model) == {"new"}


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="the frame lacks the columns ci_low, ci_high, n"):
        results.tidy(pd.DataFrame({"metric": [], "value": []}), dataset="", protocol="", model="", seed=0)
    with pytest.raises(ValueError, match="rows has the columns metric"):
        results.write_results(tmp_path / "r.csv", pd.DataFrame({"metric": ["auroc"]}))
    with pytest.raises(ValueError, match="'metric': 'auroc', 'seed': 3} stands twice"):
        results.write_results(tmp_path / "r.csv", pd.concat([rows(), rows()]))
    with pytest.raises(ValueError, match="row 0, column task: the value is missing"):
        results.write_results(tmp_path / "r.csv", rows().assign(task=None))
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"bad.csv has the columns a, b; expected dataset"):
        results.read_results(tmp_path / "bad.csv")
    results.write_results(tmp_path / "r.csv", rows())
    text = (tmp_path / "r.csv").read_text().replace(",12,", ",twelve,", 1)
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(ValueError, match=r"r.csv, line 2, column n: found 'twelve'"):
        results.merge_results([tmp_path / "r.csv"], tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()


def test_several_runs_have_a_spread_and_no_seed(tmp_path):
    frame = pd.DataFrame([("auroc", 0.5, 0.4, 0.6, 12)], columns=results.MEASURED)
    named = {"dataset": "d", "protocol": "p", "model": "m"}
    repeated = results.tidy(frame.assign(runs=3, sd=0.02), **named, seed=3)
    assert repeated["seed"].isna().all()
    once = results.tidy(frame.assign(metric="mcc"), **named, seed=3)
    both = results.write_results(tmp_path / "r.csv", pd.concat([repeated, once]))
    pd.testing.assert_frame_equal(results.read_results(tmp_path / "r.csv"), both)
    assert both[["seed", "runs"]].astype(object).where(both["seed"].notna(), None).values.tolist() == [
        [None, None], [3, 1],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="column seed: the value is missing"):
        results.write_results(tmp_path / "r.csv", once.assign(seed=None))


def test_a_table_of_before_runs_were_repeated_is_read(tmp_path):
    old = rows().drop(columns=["runs", "sd"])
    old.to_csv(tmp_path / "old.csv", index=False)
    found = results.read_results(tmp_path / "old.csv")
    assert tuple(found.columns) == results.COLUMNS
    assert found["runs"].tolist() == [1, 1]
    assert found["sd"].isna().all()
    pd.testing.assert_frame_equal(results.write_results(tmp_path / "new.csv", old), found)


def test_the_near_share_is_written_and_an_older_table_has_none(tmp_path):
    table = pd.concat([rows(model="a").assign(near=0.25), rows(model="b")])
    written = results.write_results(tmp_path / "r.csv", table)
    assert written["near"].tolist()[:2] == [0.25, 0.25]
    assert written["near"].isna().tolist() == [False, False, True, True]
    pd.testing.assert_frame_equal(results.read_results(tmp_path / "r.csv"), written)
    old = written.drop(columns=["near", "runs", "sd"])
    old.to_csv(tmp_path / "old.csv", index=False)
    assert results.read_results(tmp_path / "old.csv")["near"].isna().all()
