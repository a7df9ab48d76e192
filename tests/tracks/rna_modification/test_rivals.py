"""MultiRM: its size, a toy with a known answer, and a saved file."""

import numpy as np
import pandas as pd
import pytest

from helpers import training
from helpers.stats import metrics
from helpers.tracks.rna_modification import predictors, rivals

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {"embedding": 16, "units": 8, "hidden": 8}
BEHIND_EMBEDDING = 2_036_112
"""Weights of the authors' layers for twelve modifications: recurrent, attention and heads."""


def windows(n=120, length=61):
    """Two modifications, each with a word at the site of its positives."""
    rng = np.random.default_rng(0)
    rows = []
    for name, base, word in (("m6A", "A", "GGACU"), ("Psi", "U", "UGUAG")):
        for place in range(n):
            letters = rng.choice(list("ACGU"), length)
            letters[length // 2] = base
            if place % 2:
                letters[length // 2 - 2 : length // 2 + 3] = list(word)
            rows.append((f"{name}{place}", name, place % 2, "".join(letters)))
    return pd.DataFrame(rows, columns=["window_id", "modification", "label", "sequence"])


def test_the_size_is_the_published_one():
    model = rivals.build_multirm(12)
    count = sum(int(np.prod(one.shape)) for one in model.trainable_weights)
    assert count - 65 * 300 == pytest.approx(BEHIND_EMBEDDING, rel=0.01)
    assert model.input_shape == (None, 51, 4)


def test_a_word_at_the_site_is_learnt_and_letters_far_from_it_are_not_read(monkeypatch):
    monkeypatch.setattr(rivals, "BATCH_SIZE", 16)
    monkeypatch.setattr(rivals, "_RATE", 0.03)
    frame = windows()
    rows = np.random.default_rng(1).permutation(len(frame))
    rival = rivals.MultiRM(predictors.WindowTable(frame, 61), seed=1, epochs=8, **SMALL)
    rival.fit(rows[:170], rows[170:200])
    test = rows[200:]
    p, y = rival.predict(test), frame["label"].to_numpy()[test]
    assert p.shape == (40,)
    assert metrics.auroc(y, p).value > 0.8
    changed = frame.assign(sequence="AAAAA" + frame["sequence"].str[5:-5] + "CCCCC")
    rival.table = predictors.WindowTable(changed, 61)
    np.testing.assert_allclose(rival.predict(test), p, atol=1e-6)


def test_a_saved_network_gives_the_same_numbers(tmp_path):
    model = rivals.build_multirm(2, length=11, **SMALL)
    X = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (8, 11))]
    path = training.save_run(tmp_path / "m.keras", model, {"alphabet": "ACGU"})
    again = training.load_run(path).model
    np.testing.assert_allclose(np.asarray(again(X)), np.asarray(model(X)), atol=1e-6)


def test_an_unknown_rival_is_named_with_the_nearest():
    table = predictors.WindowTable(windows(2), 51)
    with pytest.raises(ValueError, match=r"'multi_rm' is no published network.* mean 'multirm'"):
        rivals.compared(table, "multi_rm", seed=1)
    assert list(rivals.compared(table, "multirm", seed=1)) == ["multirm"]
