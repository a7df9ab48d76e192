"""Our networks: padding changes nothing, names that others rely on, the same under torch."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.models.layers import Composition
from helpers.sequences import composition, encoding
from helpers.sequences.alphabet import PEPTIDE
from helpers.tracks.rna_peptide import network
from helpers.tracks.rna_peptide.network import build_cross_attention, build_dual_dense, resolution

# Keras 3.15 under numpy 2.4, whenever it turns a weight into an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {"filters": 6, "keys": 5, "interaction_units": 7}
KINDS = {
    "whole": ("sample", SMALL),
    "patched": ("real", {**SMALL, "rna_patch": 4, "peptide_patch": 3, "composition": 5}),
}


def pair(rng, rna=21, peptide=13):
    return [
        np.eye(4, dtype="float32")[rng.integers(0, 4, (2, rna))],
        np.eye(20, dtype="float32")[rng.integers(0, 20, (2, peptide))],
    ]


def longer(X, more):
    return np.pad(X, [(0, 0), (0, more), (0, 0)])


@pytest.fixture(scope="module")
def models():
    keras.utils.set_random_seed(1)
    return {name: build_cross_attention(preset, **kw) for name, (preset, kw) in KINDS.items()}


def call(model, X):
    return keras.ops.convert_to_numpy(model(X, training=False))


def cells(model, X):
    return call(keras.Model(model.inputs, model.get_layer("interaction_map").output), X)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 99))
def test_padding_changes_nothing(models, kind, rna_more, peptide_more, seed):
    model = models[kind]
    X = pair(np.random.default_rng(seed))
    padded = [longer(X[0], rna_more), longer(X[1], peptide_more)]
    np.testing.assert_allclose(call(model, X), call(model, padded), atol=1e-5)
    short, long = cells(model, X), cells(model, padded)
    np.testing.assert_allclose(short, long[:, : short.shape[1], : short.shape[2]], atol=1e-5)
    assert not long[:, short.shape[1] :].any()
    assert not long[:, :, short.shape[2] :].any()


def test_layers_have_the_names_that_others_rely_on(models):
    for name in ("interaction_features", "interaction_map", "probability", "scores"):
        assert models["whole"].get_layer(name)
    assert [tensor.name for tensor in models["whole"].inputs] == ["rna", "peptide"]
    assert resolution(models["whole"]) == {"patch": (1, 1), "window": (9, 7)}
    assert resolution(models["patched"]) == {"patch": (4, 3), "window": (1, 1)}
    assert resolution(build_dual_dense()) == {"patch": (1, 1), "window": (1, 1)}


def test_activations_are_layers_of_their_own_used_once(models):
    for model in (*models.values(), build_dual_dense()):
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dense | keras.layers.Conv1D):
                assert layer.activation is keras.activations.linear, layer.name
            assert len(layer._inbound_nodes) == 1, layer.name


def test_the_original_has_the_sizes_of_the_original():
    model = build_dual_dense()
    shapes = {layer.name: layer.output.shape for layer in model.layers}
    assert shapes["rna"] == (None, 100, 4)
    assert shapes["peptide"] == (None, 100, 20)
    assert shapes["rna_dense"] == shapes["peptide_dense"] == (None, 128)
    assert shapes["interaction_features"] == (None, 64)
    assert model.get_layer("rna_dropout").rate == 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_same_outputs_after_loading_and_under_torch(models, kind, tmp_path):
    X = pair(np.random.default_rng(3))
    models[kind].save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(call(models[kind], X), call(again, X), atol=1e-6)
    np.savez(tmp_path / "X.npz", *X)
    script = (
        "import sys, json, numpy as np\n"
        "from helpers.project import backend; backend.use('torch')\n"
        "import keras\n"
        "import helpers.tracks.rna_peptide.network\n"
        f"X = list(np.load({str(tmp_path / 'X.npz')!r}).values())\n"
        f"path = {str(tmp_path / 'model.keras')!r}\n"
        "m = keras.saving.load_model(path, compile=False, safe_mode=True)\n"
        "both = keras.Model(m.inputs, [m.output, m.get_layer('interaction_map').output])\n"
        "found = [keras.ops.convert_to_numpy(one).tolist() for one in both(X, training=False)]\n"
        "print('FOUND', json.dumps(found))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    p, found = json.loads(told.split("FOUND ")[1])
    np.testing.assert_allclose(call(models[kind], X), p, atol=1e-5)
    np.testing.assert_allclose(cells(models[kind], X), found, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "huge"}, "preset is 'huge'; expected one of sample, real"),
        ({"units": 3}, "does not know units; expected fields of Sizes"),
        ({"rna_kernel": 8}, "rna_kernel is 8; expected an odd number"),
    ],
)
def test_faults_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        build_cross_attention(**options)


def test_classes_of_residues_are_those_of_the_conjoint_triads():
    proteins = ["MKVLAWRDEC", "GGHSTYDEAA"]
    counted = Composition(3, classes=network._CLASSES)(encoding.one_hot(proteins, PEPTIDE, length=16))
    expected = composition.kmer_frequencies(proteins, 3, composition.CONJOINT)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(counted), expected, atol=1e-6)
