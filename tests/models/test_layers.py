"""Layers that two tracks share: what they count, hide and spread."""

import keras
import numpy as np
import pytest

from helpers.models import layers
from helpers.sequences import composition, encoding
from helpers.sequences.alphabet import RNA


def test_composition_layers_count_what_features_counts():
    chains = ["ACGUACGGU", "GGGACUUUUA"]
    X = encoding.one_hot(chains, RNA, length=16)
    for k in (1, 2, 3, 4):
        found = keras.ops.convert_to_numpy(layers.Composition(k)(X))
        np.testing.assert_allclose(found, composition.kmer_frequencies(chains, k, RNA), atol=1e-6)


def test_attention_sums_to_one_over_residues_and_is_zero_in_padding():
    scores = np.random.default_rng(0).normal(size=(1, 4, 3)).astype("float32")
    mask = np.ones((1, 4, 3), dtype="float32")
    mask[:, 3:] = 0
    weights = keras.ops.convert_to_numpy(layers.PairSoftmax(1)(scores, mask))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert not weights[:, 3:].any()


def test_a_cell_is_spread_over_the_window_it_was_read_from():
    cells, mask = np.zeros((1, 9, 7), dtype="float32"), np.ones((1, 9, 7), dtype="float32")
    cells[0, 4, 3] = 15
    spread = keras.ops.convert_to_numpy(layers.WindowSpread(5, 3)(cells, mask))[0]
    assert spread[2:7, 2:5] == pytest.approx(np.ones((5, 3)), abs=1e-5)
    assert spread.sum() == pytest.approx(15, abs=1e-4)


def test_hidden_residues_are_hidden_in_training_only():
    X, layer = np.ones((2, 50, 4), dtype="float32"), layers.ResidueDropout(0.5)
    hidden = 1 - keras.ops.convert_to_numpy(layer(X, training=True))
    assert 0.2 < hidden.mean() < 0.8
    assert set(hidden.sum(axis=-1).ravel()) == {0, 4}
    assert np.array_equal(keras.ops.convert_to_numpy(layer(X, training=False)), X)
