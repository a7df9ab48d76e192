"""Published networks for promoters, in their published sizes, trained on our folds by our rules.

The network of DeepDifE, from which this track grew, is `build_original` in
`helpers.tracks.stress_response.network`; it is in every comparison under the name ``original``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers

from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response.network import predict_strands
from helpers.tracks.stress_response.predictors import PromoterTable
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.reuse import train_again
from helpers.training.rivals import named


def build_deepcre(length: int) -> keras.Model:
    """Build and compile DeepCRE's convolutional network.

    Peleke 2024, doi:10.1038/s41467-024-47744-0; https://github.com/NAMlab/DeepCRE.

    Published sizes: three blocks of two convolutions, of 64, 128 and 64 filters of 8 nt, each
    block with a maximum over 8 positions and a dropout of 0.25; dense layers of 128 and 64. Adam at 1e-4,
    batches of 64, stopped after 10 epochs without a smaller validation loss, the step a tenth
    after 5. Changed: it reads `length` nt of promoter, where the published one reads 3,020 nt (1,500 on
    either side of the start and of the end of transcription, 20 between), so the first
    dense layer has fewer weights.

    Left out: the published run validates on the chromosome that it is tested on. One strand is read, as
    published.

    Input ``promoter`` (n, length, 4), output ``probability`` (n, 1).

    Examples
    --------
    >>> build_deepcre(3020).count_params()
    387841
    """
    promoter = keras.Input((length, DNA.size), name="promoter")
    x: Any = promoter
    for block, filters in ((1, 64), (2, 128), (3, 64)):
        for number in (1, 2):
            x = layers.Conv1D(filters, 8, padding="same", activation="relu", name=f"conv_{block}_{number}")(x)
        x = layers.MaxPooling1D(8, padding="same", name=f"pool_{block}")(x)
        x = layers.Dropout(0.25, name=f"dropout_{block}")(x)
    x = layers.Dense(128, activation="relu", name="dense_1")(layers.Flatten(name="flat")(x))
    x = layers.Dropout(0.25, name="dense_dropout")(x)
    x = layers.Dense(64, activation="relu", name="dense_2")(x)
    probability = layers.Dense(1, activation="sigmoid", name="probability")(x)
    model = keras.Model(promoter, probability, name="deepcre")
    model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", jit_compile=False)
    return model


RECIPES = {"deepcre": build_deepcre}
"""The published networks by name."""


class Rival:
    """A published network on promoters; the epoch is chosen on the validation rows.

    Parameters
    ----------
    table : PromoterTable
    name : str
        One of `RECIPES`.
    seed : int
        Of weights and order.
    epochs : int
        At most, as published.
    """

    def __init__(self, table: PromoterTable, name: str, *, seed: int = 0, epochs: int = 100) -> None:
        self.table, self.build = table, RECIPES[name]
        self.settings: dict[str, Any] = {"model": name, "seed": seed, "epochs": epochs, "batch_size": 64}
        self.result: FitResult

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; the epoch is chosen on `valid`."""
        table, given = self.table, self.settings
        X, y, seed = table.X, table.y, given["seed"]
        slower = keras.callbacks.ReduceLROnPlateau(patience=5, factor=0.1)
        schedule = Schedule(
            epochs=given["epochs"], batch_size=given["batch_size"], patience=10, seed=seed, callbacks=[slower]
        )
        train_one = partial(
            fit, inputs=X[train], y=y[train], valid=(X[valid], y[valid]), schedule=schedule, verbosity=0
        )
        build = partial(self.build, table.length)
        self.result = train_again(build, train_one, key=f"{given['model']} {table.length}", seed=seed)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return predict_strands(self.result.model, self.table.X[rows], strands=1)


def makers(text: str, table: PromoterTable, *, seed: int) -> dict[str, Callable[[], Rival]]:
    """The rivals that a text names (see `helpers.training.rivals.named`), as `cross_validate` takes them."""
    return {name: partial(Rival, table, name, seed=seed) for name in named(text, RECIPES)}
