"""The VQ network written under TensorFlow, read under torch; run by test_torch_backend."""

import os

import numpy as np
import pytest

from helpers import training
from helpers.explain import attribution, torch_view
from helpers.explain.heads import Target
from helpers.tracks.rna_modification import network

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras itself


@pytest.fixture(scope="module")
def written():
    folder = os.environ["SEQUENCE_NOTEBOOKS_VQVAE"]
    model = training.load_run(f"{folder}/m.keras", expect={"length": 51}).model
    return model, dict(np.load(f"{folder}/answers.npz"))


def test_the_same_numbers_as_under_tensorflow(written):
    model, answers = written
    np.testing.assert_allclose(network.logits(model, answers["X"]), answers["logits"], atol=1e-5)
    letters = network.reconstruct(model, answers["X"])
    np.testing.assert_allclose(letters, answers["letters"], atol=1e-5)
    assert (network.codes(model, answers["X"]) == answers["codes"]).all()


def test_mutations_are_differences_of_logits(written):
    model, answers = written
    X = answers["X"][:1]
    view = torch_view.forward_only(network.reader(model), target=Target(index=1))
    found = attribution.mutate(view, X, progress=False)
    changed = X.copy()
    changed[0, 25] = [0, 0, 0, 1]
    difference = network.logits(model, changed)[0, 1] - network.logits(model, X)[0, 1]
    np.testing.assert_allclose(found.effects[0, 25, 3], difference, atol=1e-5)
