"""The published network for promoters: its size, that it learns, and loads without its module."""

import keras
import numpy as np
import pandas as pd
import pytest

from helpers import training
from helpers.tracks.stress_response import predictors, rivals

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def promoters(n: int = 64, length: int = 40) -> predictors.PromoterTable:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    # Either class is rich in one letter.
    shares = np.where(y[:, None], [0.55, 0.15, 0.15, 0.15], [0.15, 0.15, 0.15, 0.55])
    text = ["".join(rng.choice(list("ACGT"), length, p=p)) for p in shares]
    return predictors.PromoterTable(pd.DataFrame({"sequence": text, "label": y, "group": np.arange(n)}))


def test_deepcre_has_its_size_learns_and_loads(tmp_path):
    table = promoters()
    rival = rivals.Rival(table, "deepcre", epochs=3)
    build = rival.build

    def quick(length):
        model = build(length)
        model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", run_eagerly=True)
        return model

    rival.build, rival.settings["batch_size"] = quick, 16
    rival.fit(np.arange(48), np.arange(48, 64))
    history = rival.result.history
    assert history["val_loss"].iloc[-1] < history["val_loss"].iloc[0]
    p = rival.predict(np.arange(64))
    assert p[table.y == 1].mean() > p[table.y == 0].mean()
    path = training.save_run(tmp_path / "deepcre.keras", rival.result.model, {})
    again = training.load_run(path).model
    assert np.allclose(training.predict(again, table.X), p, atol=1e-6)


def test_the_weights_of_the_published_length():
    # Kernels and biases of six convolutions, then of 6 positions x 64 filters through the dense layers.
    convolutions = (
        (8 * 4 + 1) * 64 + (8 * 64 + 1) * (64 + 128) + (8 * 128 + 1) * (128 + 64) + (8 * 64 + 1) * 64
    )
    dense = (6 * 64 + 1) * 128 + 129 * 64 + 65
    assert rivals.build_deepcre(3020).count_params() == convolutions + dense


def test_rivals_are_asked_for_by_name():
    table = promoters(4)
    assert list(rivals.makers("deepcre", table, seed=1)) == ["deepcre"]
    with pytest.raises(ValueError, match="did you mean 'deepcre'"):
        rivals.makers("DeepCRE2", table, seed=1)
