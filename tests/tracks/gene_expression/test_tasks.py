"""Attributions of all tasks at once: known answers, and the same as one task after the other."""

import keras
import numpy as np
import pytest

from helpers.explain import gradients
from helpers.explain.heads import Target
from helpers.tracks.gene_expression import tasks

X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (3, 6))]


def network(seed, outputs=2):
    keras.utils.set_random_seed(seed)
    letters = keras.Input((6, 4))
    found = keras.layers.Conv1D(3, 3, padding="same", activation="relu")(letters)
    found = keras.layers.Dense(outputs)(keras.layers.Flatten()(found))
    return keras.Model(letters, found)


def test_all_tasks_at_once_are_each_task_by_itself():
    model = network(0)
    found = tasks.integrated_gradients([model], X, steps=8)
    for task in range(2):
        alone = gradients.integrated_gradients(model, X, steps=8, target=Target(index=task), progress=False)
        np.testing.assert_allclose(found.values[:, :, task], alone.per_position[0], atol=1e-5)
        np.testing.assert_allclose(found.deltas[0, :, task], alone.deltas, atol=1e-5)


def test_several_networks_are_averaged():
    first, second = network(0), network(1)
    apart = [tasks.integrated_gradients([model], X, steps=4).values for model in (first, second)]
    both = tasks.integrated_gradients([first, second], X, steps=4)
    np.testing.assert_allclose(both.values, np.mean(apart, axis=0), atol=1e-6)
    assert both.deltas.shape == (2, 3, 2)


def test_networks_of_other_tasks_are_refused():
    with pytest.raises(ValueError, match=r"networks with \[2, 3\] outputs"):
        tasks.integrated_gradients([network(0), network(0, outputs=3)], X)
    with pytest.raises(ValueError, match=r"networks with \[\] outputs; expected one network"):
        tasks.integrated_gradients([], X)


def test_a_mutation_is_the_loss_of_a_letter_in_every_task():
    model = network(0)
    found = tasks.mutation(model, X)
    assert found.shape == (3, 6, 2)
    changed = np.repeat(X[1][None], 3, axis=0)
    own = X[1, 2].argmax()
    changed[:, 2] = np.eye(4)[[letter for letter in range(4) if letter != own]]
    before, after = (model.predict(these, verbose=0) for these in (X[1][None], changed))
    np.testing.assert_allclose(found[1, 2], before[0] - after.mean(axis=0), atol=1e-6)
