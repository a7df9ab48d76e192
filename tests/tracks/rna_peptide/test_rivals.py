"""The published network for pairs: its size, what it reads, that it learns, and loads without its module."""

import keras
import numpy as np
import pytest

from helpers import training
from helpers.tracks.rna_peptide import predictors, rivals

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def pairs(n: int = 48) -> predictors.PairTable:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    rna = ["".join(rng.choice(list("ACGU"), 30, p=[0.7, 0.1, 0.1, 0.1] if one else [0.25] * 4)) for one in y]
    peptide = ["".join(rng.choice(list("ARNDCEQ"), 20)) for _ in y]
    return predictors.PairTable(rna, peptide, y)


def test_rpiter_learns_and_loads(tmp_path):
    table, train, valid = pairs(), np.arange(36), np.arange(36, 48)
    rival = rivals.Rival(table, "rpiter", epochs=6, code_epochs=1, whole_epochs=8)
    build = rival.build

    def quick():
        model = build()
        for part in model:
            part.compile(
                part.optimizer, part.loss, metrics=[keras.metrics.AUC(name="auroc")], run_eagerly=True
            )
        return model

    rival.build, rival.settings["batch_size"] = quick, 36
    rival.fit(train, valid)
    p = rival.predict(valid)
    assert p[table.y[valid] == 1].mean() > p[table.y[valid] == 0].mean()
    path = training.save_run(tmp_path / "rpiter.keras", rival.result.model, {})
    inputs = [x[valid] for x in rival._inputs]
    assert np.allclose(training.predict(training.load_run(path).model, inputs), p, atol=1e-6)


def test_rpiter_has_its_published_size():
    model = rivals.build_rpiter()
    assert [tuple(x.shape[1:]) for x in model.whole.inputs] == [(399,), (340,)]
    codes = sum((n + 1) * 256 + 257 * 128 + 129 * 64 + 4 * 64 for n in (399, 340))
    judge = 129 * 128 + 4 * 128 + 129 * 64 + 65
    assert model.encoder.count_params() == codes + judge
    positions = [((n - 5) // 2 - 4) // 2 - 3 for n in (399, 340)]
    filters = 7 * 45 + 4 * 45 + (5 * 45 + 1) * 64 + 4 * 64 + (4 * 64 + 1) * 45 + 4 * 45
    assert model.convolution.count_params() == sum(filters + (45 * n + 1) * 64 for n in positions) + judge
    ensemble = 3 * 16 + 4 * 16 + 17 * 8 + 4 * 8 + 9
    assert (
        model.whole.count_params()
        == model.encoder.count_params() + model.convolution.count_params() + ensemble
    )


def test_words_are_shares_of_the_most_frequent():
    found = rivals.count_words(["AAG", "AAG", ""], "peptide")
    assert found.shape == (3, 399)
    assert found[0, :3].tolist() == [1.0, 0.0, 0.0], "A and G are of one class"
    assert found[2].sum() == 0


def test_rivals_are_asked_for_by_name():
    with pytest.raises(ValueError, match="did you mean 'rpiter'"):
        rivals.makers("rpitter", pairs(4), seed=1)
