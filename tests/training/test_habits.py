"""What a habit adds to a score: nothing to learn must add nothing to the honest side."""

import numpy as np
import pytest

from helpers import splits
from helpers.training import habits


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of its own for each test: one that tests share gives what their order says."""
    return np.random.default_rng(3)


def test_the_best_of_guesses_is_what_drawing_them_gives(rng):
    drawn = rng.binomial(200, 0.5, size=(2000, 50)).max(axis=1).mean() / 200
    assert habits.best_of_guesses(200, 50) == pytest.approx(drawn, abs=0.003)


def test_the_best_test_epoch_is_above_chance_on_noise_and_the_validated_one_is_not(rng):
    # New noise each time: one draw of it is correlated with something.
    X, y = rng.normal(size=(20, 300, 20)), rng.normal(size=(20, 300))
    found = [
        habits.chosen(habits.epochs(X[s], y[s], splits.random_kfold(300, valid=0.2, seed=s)[0], n=15, seed=s))
        for s in range(20)
    ]
    honest, habit = (np.array([one[name] for one in found]) for name in ("honest", "habit"))
    assert (habit >= honest).all()
    assert abs(honest.mean()) < 0.1
    assert habits.added(honest, habit).low > 0


def test_test_edges_in_the_graph_show_on_labels_of_chance(rng):
    sides = rng.integers(0, 150, size=(8, 600, 2)).astype(str)
    y = rng.integers(0, 2, (8, 600))
    found = [habits.edges(sides[s], y[s], splits.random_kfold(600, seed=s)[0]) for s in range(8)]
    assert abs(np.mean([one["honest"] for one in found]) - 0.5) < 0.06
    assert np.mean([one["habit"] for one in found]) > 0.6


def test_a_ridge_that_is_asked_something_else_knows_less(rng):
    X = rng.normal(size=(200, 5))
    y = X[:, 0]
    fold = splits.random_kfold(200, seed=1)[0]
    assert habits.ridge(X, y, fold, asked=X) > 0.95
    assert habits.ridge(X, y, fold, asked=X[:, ::-1]) < 0.4
    assert habits.trees(X, (y > 0).astype(int), fold, n=60) > 0.7
