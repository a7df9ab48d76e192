"""Intervals hold what they promise, for a new row or a new group, or are not given."""

import numpy as np
import pandas as pd
import pytest

from helpers.stats import conformal


def test_a_quantile_holds_its_share_of_new_rows():
    # Nine errors cannot promise 95 in 100: the interval is without end, not that of the largest.
    assert conformal.conformal_quantile(np.arange(9.0), 0.95) == np.inf
    assert conformal.conformal_quantile(np.arange(9.0), 0.9) == 8.0
    rng = np.random.default_rng(0)
    quantile = conformal.conformal_quantile(np.abs(rng.normal(size=2000)), 0.9)
    assert np.mean(np.abs(rng.normal(size=20_000)) <= quantile) == pytest.approx(0.9, abs=0.02)


def test_an_interval_by_group_covers_a_new_group_where_one_by_row_does_not():
    # Groups (mRNAs) have a level and a spread of their own, and the noisy ones few rows.
    rng = np.random.default_rng(1)
    held = {"group": [], "row": []}
    for _ in range(400):
        spreads = rng.choice([0.3, 3.0], size=13, p=[0.6, 0.4])
        sizes = np.where(spreads > 1, 4, 80)
        parts = [
            np.abs(rng.normal() + scale * rng.normal(size=n)) for scale, n in zip(spreads, sizes, strict=True)
        ]
        errors, groups = np.concatenate(parts[:12]), np.repeat(np.arange(12), sizes[:12])
        by_group = conformal.conformal_quantile(errors, 0.8, groups=groups)
        held["group"].append(np.mean(parts[12] <= by_group))
        held["row"].append(np.mean(parts[12] <= conformal.conformal_quantile(errors, 0.8)))
    assert np.mean(held["group"]) > 0.79
    assert np.mean(held["row"]) < 0.75
    # Eight groups promise no 90 %, however many rows they have.
    assert conformal.conformal_quantile(np.ones(800), 0.9, groups=np.repeat(np.arange(8), 100)) == np.inf
    assert np.isfinite(conformal.conformal_quantile(np.ones(900), 0.9, groups=np.repeat(np.arange(9), 100)))


def test_the_interval_of_a_row_comes_from_rows_that_share_no_group_with_it():
    # Two runs; the first tests groups 0 to 9, the second 5 to 14. A row's own error is never used.
    rows = np.r_[0:10, 5:15]
    table = pd.DataFrame({"protocol": "cold", "run": np.repeat([1, 2], 10), "fold": "1", "model": "ours"})
    table = table.assign(row=rows, y=rows.astype(float), p=0.0, unsure=1.0)
    found = conformal.out_of_fold(table, np.arange(15))
    first = found[(found["run"] == 1) & (found["level"] == 0.5)]
    assert first["calibrated"].unique().tolist() == [5]
    assert first["high"].unique().tolist() == [12.0]
    assert first["inside"].all()
    nine = found[found["level"] == 0.9]
    assert nine[["low", "high", "inside"]].isna().all(axis=None)
    assert not conformal.out_of_fold(table[table["run"] == 1], np.arange(15))["inside"].notna().any()
