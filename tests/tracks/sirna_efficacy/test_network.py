"""The siamese network: its map, its sizes, its file."""

import keras
import numpy as np
import pytest

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import importance
from helpers.tracks.sirna_efficacy.network import build_siamese

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def one_hot(text):
    return np.eye(4, dtype="float32")[[["ACGU".index(x) for x in text]]]


def test_network_reads_the_map_in_the_order_of_the_input_and_survives_the_disk(tmp_path):
    model = build_siamese(3)
    assert model.get_layer("interaction_map").output.shape == (None, 21, 57)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False, safe_mode=True)
    rng = np.random.default_rng(0)
    X = [np.eye(4)[rng.integers(0, 4, (2, n))] for n in (21, 57)] + [rng.normal(size=(2, 3))]
    first, second = (keras.ops.convert_to_numpy(m(X)) for m in (model, again))
    assert np.allclose(first, second)
    site = "AACCGGUUACGUACGUUAGCA"
    context = "G" * 18 + site + "G" * 18
    pair = [one_hot(text) for text in (reverse_complement(site, RNA), context)]
    look = keras.Model(model.inputs, model.get_layer("interaction_map").output)
    found = keras.ops.convert_to_numpy(look([*pair, np.zeros((1, 3))]))
    assert importance.at_partners(found)[0, 3:18].mean() > 2 * found.mean()


def test_network_sizes_are_checked():
    with pytest.raises(TypeError, match="'depth'"):
        build_siamese(3, depth=2)
    with pytest.raises(ValueError, match="an odd kernel"):
        build_siamese(3, kernel=4)
    with pytest.raises(ValueError, match="expected 1 or more"):
        build_siamese(3, width=0)
