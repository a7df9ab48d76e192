"""A network that is trained again gives the numbers of a fresh one."""

import keras
import numpy as np
import pandas as pd

from helpers.training.fitting import Schedule, fit
from helpers.training.reuse import train_again

X = np.random.default_rng(0).normal(size=(48, 6)).astype(np.float32)


def build() -> keras.Model:
    layers = [
        keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5), keras.layers.Dense(1),
    ]  # fmt: skip
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def test_numbers_of_a_fresh_network() -> None:
    def training(y: np.ndarray, seed: int):
        def train(model: keras.Model):
            first = fit(model, X, y, valid=(X, y), schedule=Schedule(epochs=3, seed=seed), verbosity=0)
            model.optimizer.learning_rate = 1e-3
            second = fit(model, X, y, valid=(X, y), schedule=Schedule(epochs=2, seed=seed), verbosity=0)
            return second._replace(history=pd.concat([first.history, second.history]))

        return train

    kept = []
    for seed, y in ((1, X[:, 0]), (2, X[:, 1]), (1, X[:, 0])):
        keras.utils.set_random_seed(seed)
        fresh = training(y, seed)(build())
        again = train_again(build, training(y, seed), key="test", seed=seed)
        pd.testing.assert_frame_equal(fresh.history, again.history, check_exact=True)
        for one, other in zip(fresh.model.get_weights(), again.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        kept.append(again.model)
    # A later training leaves the networks of earlier ones alone.
    np.testing.assert_array_equal(kept[0].get_weights()[0], kept[2].get_weights()[0])
    assert not np.array_equal(kept[0].get_weights()[0], kept[1].get_weights()[0])
