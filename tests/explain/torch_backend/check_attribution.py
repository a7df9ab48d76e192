"""Attributions by the model that did not see the sequence, and gradients under torch."""

import functools

import keras
import numpy as np
import pytest
import torch
from check_torch_view import network, sequences

from helpers.explain import attribution, gradients, heads, torch_view

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras itself


def test_each_sequence_is_explained_by_the_fold_that_did_not_train_on_it():
    models = {fold: network(["convolution", "relu"], "global max", fold) for fold in (0, 2)}
    views = {fold: torch_view.view(model) for fold, model in models.items()}
    X, folds = sequences(5), np.array([2, 0, 0, 2, 0])
    explain = functools.partial(attribution.deep_lift, references=2, progress=False)
    found = attribution.out_of_fold(explain, views, folds, X=X)
    for fold, one in views.items():
        alone = explain(one, X[folds == fold])
        np.testing.assert_allclose(found.values[folds == fold], alone.values, atol=1e-6)
        np.testing.assert_allclose(found.deltas[folds == fold], alone.deltas, atol=1e-5)
    mutated = attribution.out_of_fold(
        functools.partial(attribution.mutate, progress=False), views, folds, X=X
    )
    np.testing.assert_allclose(mutated.outputs, found.outputs, atol=1e-5)
    paths = attribution.out_of_fold(
        functools.partial(gradients.integrated_gradients, steps=8, progress=False), models, folds, X=X
    )
    assert paths.values[0].shape == X.shape
    np.testing.assert_allclose(paths.outputs, found.outputs, atol=1e-5)


def test_outputs_of_references_are_their_own_whatever_tangermeme_passes(monkeypatch):
    X = sequences(3)
    view = torch_view.view(network(["convolution", "relu"], "global max", 0))
    references = attribution.make_references(X, 4)
    lift = functools.partial(attribution.deep_lift, view, X, references=references, progress=False)
    found, alone = lift(batch_size=3).reference_outputs, lift(batch_size=64).reference_outputs
    np.testing.assert_allclose(found, alone, atol=1e-6)
    monkeypatch.setattr(attribution, "_of_references", lambda *_: None)
    np.testing.assert_allclose(found, lift().reference_outputs, atol=1e-6)


@pytest.mark.parametrize(
    "passes", [[], [[1.0, 2.0, 3.0]], [[1.0, 1.0, 5.0, 6.0]], [[5.0, 6.0, 7.0, 8.0, 1.0, 1.0, 2.0, 2.0]]]
)
def test_passes_of_another_order_are_not_taken_for_references(passes):
    start, good = np.array([1.0, 2.0]), [[1.0, 1.0, 5.0, 6.0], [2.0, 2.0, 7.0, 8.0]]
    assert attribution._of_references([*map(torch.tensor, good)], start, 2).tolist() == [[5, 6], [7, 8]]
    assert attribution._of_references([*map(torch.tensor, passes)], start, 2) is None


def test_mutations_are_differences_of_predictions():
    model = network(["convolution", "gelu"], "flatten", 3)
    X = sequences(2)
    X[1, 12:] = 0
    X[1, 4] = 0.25
    found = attribution.mutate(torch_view.view(model), X, progress=False)
    score = heads.scorer(model)
    np.testing.assert_allclose(found.outputs, score([X]), atol=1e-5)
    for row, position, letter in ((0, 3, 1), (1, 4, 2), (1, 7, 0)):
        changed = X[row : row + 1].copy()
        changed[0, position] = np.eye(4)[letter]
        expected = score([changed])[0] - score([X[row : row + 1]])[0]
        assert found.effects[row, position, letter] == pytest.approx(expected, abs=1e-5)
    assert (found.effects[X == 1] == 0).all()
    assert (found.effects[1, 12:] == 0).all()
    assert (found.values[1, 4] == 0).all()


def test_integrated_gradients_are_complete_under_torch():
    model, X = network(["convolution", "silu"], "flatten", 4), sequences(2)
    found = gradients.integrated_gradients(model, X, baseline="shuffle", steps=32, progress=False)
    assert np.abs(found.deltas).max() < 1e-4
    plain = gradients.saliency(model, X, centred=False, progress=False)
    step = 1e-2
    changed = X.copy()
    changed[:, 5, 2] += step
    score = heads.scorer(model)
    slope = (score([changed]) - score([X])) / step
    np.testing.assert_allclose(plain.values[0][:, 5, 2], slope, atol=1e-2)


def test_an_output_that_rests_on_no_sequence_has_no_gradient():
    X, other = keras.Input((4, 4)), keras.Input((2,))
    model = keras.Model([X, other], keras.layers.Dense(1)(other))
    found = gradients.saliency(model, [sequences(2, 4), np.ones((2, 2))], progress=False)
    assert (found.values[0] == 0).all()
