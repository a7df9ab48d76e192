"""The results table: one row a key, the same file for the same rows, nothing lost."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import results


def rows(value=0.5, *, model="ours", metric=("auroc", "mcc"), task=""):
    frame = pd.DataFrame(
        [(name, value, 0.4, np.nan, 12) for name in metric], columns=results.MEASURED
    )
    return results.tidy(
        frame, dataset="RPI2241", task=task, protocol="cold_rna", model=model, seed=3
    )


def test_tidy_has_the_columns_of_the_design():
    assert tuple(rows().columns) == results.COLUMNS
    assert rows(task="m6A").task.tolist() == ["m6A", "m6A"]


def test_append_replaces_the_same_key_and_keeps_others(tmp_path):
    path = tmp_path / "deep" / "results.csv"
    results.append_results(path, rows(model="ours"))
    results.append_results(path, rows(model="baseline"))
    table = results.append_results(path, rows(0.9, model="ours", metric=("auroc",)))
    assert table.model.tolist() == ["baseline", "baseline", "ours", "ours"]
    assert table.value.tolist() == [0.5, 0.5, 0.9, 0.5]
    pd.testing.assert_frame_equal(results.read_results(path), table)
    assert list(path.parent.iterdir()) == [path]


def test_the_order_of_writing_does_not_change_the_file(tmp_path):
    parts = [rows(model=model) for model in ("c", "a", "b")]
    for name, order in (("one", parts), ("two", parts[::-1])):
        for part in order:
            results.append_results(tmp_path / name, part)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert b"\r" not in (tmp_path / "one").read_bytes()


def test_write_replaces_the_file(tmp_path):
    results.append_results(tmp_path / "r.csv", rows(model="old"))
    table = results.write_results(tmp_path / "r.csv", rows(model="new"))
    pd.testing.assert_frame_equal(results.read_results(tmp_path / "r.csv"), table)
    assert set(table.model) == {"new"}


def test_two_processes_lose_no_row(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); import test_results as t\n"
        "for i in range(10):\n"
        "    t.results.append_results(sys.argv[1], t.rows(model=sys.argv[2] + str(i)))"
    )
    here, path = str(Path(__file__).parent), tmp_path / "results.csv"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name, here]) for name in "ab"
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert results.read_results(path).model.nunique() == 20


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match="the frame lacks the columns ci_low, ci_high, n"):
        results.tidy(
            pd.DataFrame({"metric": [], "value": []}), dataset="", protocol="", model="", seed=0
        )
    with pytest.raises(ValueError, match="rows has the columns metric"):
        results.append_results(tmp_path / "r.csv", pd.DataFrame({"metric": ["auroc"]}))
    with pytest.raises(ValueError, match="'metric': 'auroc', 'seed': 3} stands twice"):
        results.append_results(tmp_path / "r.csv", pd.concat([rows(), rows()]))
    with pytest.raises(ValueError, match="row 0, column task: the value is missing"):
        results.append_results(tmp_path / "r.csv", rows().assign(task=None))
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"bad.csv has the columns a, b; expected dataset"):
        results.read_results(tmp_path / "bad.csv")
    results.append_results(tmp_path / "r.csv", rows())
    text = (tmp_path / "r.csv").read_text().replace(",12,", ",twelve,", 1)
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(ValueError, match=r"r.csv, line 2, column n: found 'twelve'"):
        results.append_results(tmp_path / "r.csv", rows())
    assert (tmp_path / "r.csv").read_text() == text
