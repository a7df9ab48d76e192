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
