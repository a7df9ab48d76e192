"""A published network for RNA modifications, trained on our windows in its own size."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification.predictors import WindowTable
from helpers.tracks.rna_modification.quantiser import masked_crossentropy
from helpers.training.fitting import FitResult, Schedule, fit
from helpers.training.rivals import named

LENGTH = 51
"""Nucleotides that MultiRM reads, the site in the middle."""
NAMES = ("multirm",)
"""The published networks by name."""
EPOCHS, BATCH_SIZE = 4, 128
_RATE, _FALL, _CLIP = 1e-3, 0.8, 1e-6


@keras.saving.register_keras_serializable(package="helpers")
class ThreeMers(keras.layers.Layer):
    """Number of the 3-mer at each place of one-hot windows, 64 where a letter is not known.

    Examples
    --------
    >>> X = np.eye(4)[[[0, 0, 1, 3]]]  # AACU
    >>> np.asarray(ThreeMers()(X)).tolist(), np.asarray(ThreeMers()(0.25 + 0 * X)).tolist()
    ([[1, 7]], [[64, 64]])
    """

    def call(self, X: Any) -> Any:
        """Numbers, (n, length - 2), of windows ``X``, (n, length, 4)."""
        letter = ops.argmax(X, axis=-1)
        word = 16 * letter[:, :-2] + 4 * letter[:, 1:-1] + letter[:, 2:]
        known = ops.max(X, axis=-1) > 0.5
        return ops.where(known[:, :-2] & known[:, 1:-1] & known[:, 2:], word, RNA.size**3)


def build_multirm(
    tasks: int,
    *,
    length: int = LENGTH,
    steps: int = 1000,
    embedding: int = 300,
    units: int = 256,
    hidden: int = 100,
) -> keras.Model:
    """MultiRM: an embedding of 3-mers, a recurrent layer, an attention and a head for each modification.

    Song et al. 2021, doi:10.1038/s41467-021-24313-3; sizes from ``Scripts/models.py`` (``model_v3``) and
    ``Scripts/util_layers.py`` of github.com/Tsedao/MultiRM, the recipe from ``Scripts/train.py``. For its
    twelve modifications the layers behind the embedding have 2,036,112 weights there and 2,048 fewer
    here, as Keras has one bias where PyTorch's recurrent layer has two.

    Kept: Adam, whose step falls by a fifth after every epoch, 128 windows a step, no weights of the
    modifications. Changed, and why: the embedding is learnt here, since the authors' word2vec table
    cannot be passed on; the query of the attention is the last state of the window itself (the
    original reshapes the states of a batch so that those of other windows get in); a window says
    something of its own modification only, as everywhere in this track; and four epochs from a step
    of 0.001 in place of fifty from 0.0001, which would take hours without a GPU.

    Parameters
    ----------
    tasks : int
        Number of modifications.
    length : int
        Nucleotides of a window.
    steps : int
        Training steps of an epoch, after which the step falls.
    embedding, units, hidden
        Published sizes; others are for tests.

    Examples
    --------
    >>> build_multirm(2, length=21, embedding=4, units=3, hidden=2).output.shape
    (None, 2)
    """
    window = keras.Input((length, RNA.size), name="window")
    words = ThreeMers(name="words")(window)
    x = layers.Embedding(RNA.size**3 + 1, embedding, name="embedding")(words)
    recurrent = layers.LSTM(units, return_sequences=True, return_state=True)
    states, first, _, last, _ = layers.Bidirectional(recurrent, name="recurrent")(x)
    query = layers.Concatenate(name="query")([first, last])
    asked = layers.Dense(hidden, name="asked")(layers.Reshape((1, 2 * units), name="query_step")(query))
    seen = layers.Add(name="seen")([layers.Dense(hidden, name="states_seen")(states), asked])
    score = layers.Dense(tasks, name="score")(layers.Activation("tanh", name="seen_tanh")(seen))
    weights = layers.Softmax(axis=1, name="attention")(score)
    read = layers.Dot(axes=1, name="read")([weights, states])
    # A dense layer of its own for each modification, all of them in one product.
    x = layers.EinsumDense("ntd,tdh->nth", (tasks, 128), bias_axes="th", name="head")(read)
    x = layers.Dropout(0.5, name="dropout")(layers.ReLU(name="head_relu")(x))
    x = layers.EinsumDense("nth,th->nt", (tasks,), bias_axes="t", name="logit")(x)
    output = layers.Activation("sigmoid", name="probability", dtype="float32")(x)
    model = keras.Model(window, output, name="multirm")
    rate = keras.optimizers.schedules.ExponentialDecay(_RATE, steps, _FALL, staircase=True)
    model.compile(keras.optimizers.Adam(rate), loss=masked_crossentropy, jit_compile=False)
    return model


class MultiRM:
    """MultiRM on the middle 51 nt of the windows; the epoch is chosen on the validation rows.

    Parameters
    ----------
    table : WindowTable
        Windows of any length; of shorter ones all is read.
    seed : int
        Of the weights and the order of the rows.
    **sizes
        As for `build_multirm`, for tests.
    """

    def __init__(self, table: WindowTable, *, seed: int = 0, epochs: int = EPOCHS, **sizes: int) -> None:
        self.table, self.sizes = table, sizes
        self.settings: dict[str, Any] = {
            "model": "multirm", "epochs": epochs, "batch_size": BATCH_SIZE, "seed": seed, **sizes,
        }  # fmt: skip
        self.result: FitResult

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`, the epoch chosen on the rows `valid`."""
        table, seed, epochs = self.table, self.settings["seed"], self.settings["epochs"]
        labels = table.labels(table.modifications)
        keras.utils.set_random_seed(seed)
        model = build_multirm(
            len(table.modifications), length=min(LENGTH, table.length), steps=-(-len(train) // BATCH_SIZE),
            **self.sizes,
        )  # fmt: skip
        schedule = Schedule(epochs=epochs, patience=epochs, batch_size=BATCH_SIZE, seed=seed)
        part = self._middle(valid), labels[valid]
        self.result = fit(
            model, self._middle(train), labels[train], valid=part, schedule=schedule, verbosity=0
        )

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probability of each row's own modification, shape (len(rows),)."""
        found = self.result.model.predict(self._middle(rows), batch_size=512, verbose=0)
        own = self.table.own(found, rows, self.table.modifications)
        return np.clip(own.astype(float), _CLIP, 1 - _CLIP)

    def _middle(self, rows: np.ndarray) -> np.ndarray:
        width = min(LENGTH, self.table.length)
        first = (self.table.length - width) // 2
        return self.table.X[rows, first : first + width]


def compared(table: WindowTable, names: str, *, seed: int) -> dict[str, MultiRM]:
    """The published networks of these names, for `helpers.training.cross_validate`.

    Parameters
    ----------
    table : WindowTable
    names : str
        Some of `NAMES` between commas; empty for none.
    seed : int

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    return {name: MultiRM(table, seed=seed) for name in named(names, NAMES)}
