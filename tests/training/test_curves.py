"""The learning curve: nested parts of a fold, gains on the same test rows, and what is said of them."""

from itertools import pairwise

import numpy as np
import pytest

from helpers.plots import curves as drawing
from helpers.splits import Fold
from helpers.training import curves

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 40))
VALUES = X @ rng.normal(size=40) + rng.normal(size=600)
FOLD = Fold(np.arange(300), np.arange(300, 380), np.arange(380, 600), "1")


class Linear:
    """Least squares on some columns, drawn towards 0."""

    def __init__(self, columns):
        self.columns, self.settings = columns, {"columns": columns}

    def fit(self, train, valid):
        A = X[train, : self.columns]
        self.w = np.linalg.solve(A.T @ A + np.eye(self.columns), A.T @ VALUES[train])

    def predict(self, rows):
        return X[rows, : self.columns] @ self.w


def learnt(tmp_path, shares="0.125, 0.25, 0.5, 1", **options):
    make = {"ours": lambda: Linear(40), "baseline": lambda: Linear(1)}
    return curves.learn(
        make,
        VALUES,
        FOLD,
        shares=curves.read_shares(shares),
        groups=np.arange(600) // 2,
        verbosity=0,
        **options,
    )


def test_smaller_parts_lie_within_larger_ones_and_the_test_rows_stay():
    groups = np.arange(600) // 7
    parts = [curves.part_of(FOLD, share, groups=groups, seed=3) for share in (0.125, 0.25, 0.5, 1)]
    for small, large in pairwise(parts):
        assert set(small.train) < set(large.train)
        assert set(small.valid) < set(large.valid)
        assert (small.test == FOLD.test).all()
    half = parts[2]
    assert 150 <= len(half.train) <= 157
    assert not set(groups[half.train]) & set(groups[np.setdiff1d(FOLD.train, half.train)])
    assert parts[3] is FOLD
    assert len({part.name for part in parts}) == 4


def test_a_draw_is_the_same_again_and_another_seed_is_another_draw():
    one, again, other = (curves.part_of(FOLD, 0.5, seed=seed).train for seed in (1, 1, 2))
    assert (one == again).all()
    assert set(one) != set(other)


def test_more_rows_help_the_model_that_can_learn_more(tmp_path):
    table = curves.score(learnt(tmp_path), metric="pearson", protocol="p", n_boot=200)
    assert list(table.columns) == curves.COLUMNS
    ours = table[table["model"] == "ours"].sort_values("share")
    assert ours["value"].is_monotonic_increasing
    assert ours["train"].tolist() == [38, 76, 150, 300]
    assert ours["gain"].isna().tolist() == [True, False, False, False]
    np.testing.assert_allclose(ours["gain"].iloc[1:], np.diff(ours["value"]), atol=1e-9)
    said = curves.sentences(table).splitlines()
    assert len(said) == 2
    assert said[0].startswith("- Ours, from 150 to 300 training rows: Pearson's r +0.")
    assert "more rows like these" in said[1]
    assert len(drawing.learning(table).axes[0].lines) >= 2


def test_the_whole_fold_of_a_cross_validation_is_read_back(tmp_path):
    keep = {"folder": tmp_path, "data_key": "k"}
    learnt(tmp_path, "1", **keep)
    before = {path.name for path in tmp_path.iterdir()}
    learnt(tmp_path, "0.5, 1", **keep)
    assert len({path.name for path in tmp_path.iterdir()} - before) == 2


def test_classes_are_scored_as_the_mean_over_tasks(tmp_path):
    labels = (VALUES > 0).astype(int)
    rows = learnt(tmp_path, "0.5, 1").assign(
        task="mean", within=lambda one: np.where(one["row"] % 2, "a", "b")
    )
    rows = rows.assign(y=labels[rows["row"]], p=1 / (1 + np.exp(-rows["p"])))
    table = curves.score(rows, n_boot=50)
    assert set(table["task"]) == {"mean"}
    half, whole = table[table["model"] == "ours"].sort_values("share")["value"]
    gain = table.query("model == 'ours' and share == 1")["gain"].item()
    assert gain == pytest.approx(whole - half)


@pytest.mark.parametrize("text", ["half", "0, 1", "1, 0.5", "0.5, 2"])
def test_shares_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match="expected shares of the training rows"):
        curves.read_shares(text)
    assert curves.read_shares(" ") == []
