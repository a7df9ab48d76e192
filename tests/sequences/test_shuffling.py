"""Many shuffles at once are the shuffles that are drawn one by one."""

import numpy as np
import pytest

from helpers.sequences import encoding, shuffling

SHAPES = {
    "whole": lambda X: X,
    "unknown letters": lambda X: np.where(np.arange(X.shape[1])[None, :, None] % 9 == 4, 0.25, X),
    "padding": lambda X: X * (np.arange(X.shape[1]) < np.array([30, 3, 0, 17])[:, None])[..., None],
    "one letter": lambda X: np.broadcast_to(X[:, :1], X.shape),
}


@pytest.mark.parametrize("change", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("letters", [4, 20])
def test_they_are_those_drawn_one_by_one(change, letters):
    rng = np.random.default_rng(letters)
    X = change(np.eye(letters, dtype=np.float32)[rng.integers(letters, size=(4, 30))]).astype(np.float32)
    found = shuffling.shuffle_all(X, 5, [np.random.default_rng(row) for row in range(4)])
    for row, item in enumerate(X):
        expected = encoding.shuffles_of_one_hot(item, 5, np.random.default_rng(row))
        np.testing.assert_array_equal(found[row], expected)
