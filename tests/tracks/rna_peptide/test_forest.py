"""Forests as plain arrays: what they say is what the forests say that they were made of."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from helpers.tracks.rna_peptide.forest import Forest


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 12)).astype(np.float32)
    # Values that many thresholds meet exactly, as shares and counts do.
    X[:, :6] = X[:, :6].round(1)
    return X, (X[:, 0] + X[:, 7] * X[:, 1] + rng.normal(size=400) > 0).astype(int)


MODELS = {
    "trees": ExtraTreesClassifier(40, min_samples_leaf=2, random_state=1),
    "boosted": HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, random_state=1),
}


@pytest.mark.parametrize("name", MODELS)
def test_same_probabilities_after_a_round_trip(rows, name, tmp_path):
    X, y = rows
    model = MODELS[name].fit(X[:300], y[:300])
    np.savez_compressed(tmp_path / "forest.npz", **Forest.of(model).to_arrays(name))
    with np.load(tmp_path / "forest.npz", allow_pickle=False) as arrays:
        read = Forest.from_arrays(arrays, name)
    np.testing.assert_allclose(read.predict(X), model.predict_proba(X)[:, 1], atol=1e-12)
    assert read.predict(X[:0]).shape == (0,)


def test_a_forest_of_other_classes_is_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match=r"tells \[1, 2\] apart; expected 0 and 1"):
        Forest.of(MODELS["trees"].fit(X, y + 1))
