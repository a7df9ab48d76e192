"""Published networks for expression from short sequences, trained on our folds in their own sizes.

Sizes and recipes are read from the authors' code; the networks are written anew in Keras. Both papers
train on 20 to 2,800 times as many sequences, each with one value. What that changes here is said at
each network; what holds for both:

- One head for each cell type on the same body, trained by the masked squared error of this track on
  values standardised by the training rows. The papers train a network for each cell type.
- Letters alone are read. Where the authors have a fifth channel that says on which strand a sequence
  was measured, ours are all measured on one.
- The epoch that is kept has the smallest error on the validation rows, as the authors keep the one with
  the best validation score. No choice of theirs is known to have looked at a test part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from helpers.tracks.gene_expression.network import MaskedSquaredError, Shift
from helpers.tracks.gene_expression.promoters import PromoterTable
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.rivals import named

_register = keras.saving.register_keras_serializable(package="helpers")
_FAN_OUT = keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")
_SMALL = keras.initializers.RandomNormal(stddev=1e-3)


@_register
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A step that rises along a cosine from a 25th of `most` and then falls to next to nothing.

    Smith and Topin 2017, arXiv:1708.07120, in the numbers that both papers leave as PyTorch has them.

    Examples
    --------
    >>> step = OneCycle(0.01, 100)
    >>> [round(float(step(at)), 4) for at in (0, 29, 99)]
    [0.0004, 0.01, 0.0]
    """

    def __init__(self, most: float, steps: int) -> None:
        self.most, self.steps = most, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0."""
        step, first = ops.cast(step, "float32"), self.most / 25
        peak = max(0.3 * self.steps - 1, 1.0)
        rise = ops.minimum(step / peak, 1.0)
        fall = ops.clip((step - peak) / max(self.steps - 1 - peak, 1.0), 0.0, 1.0)
        up = first + (self.most - first) * 0.5 * (1 - ops.cos(np.pi * rise))
        low = first / 1e4
        down = low + (self.most - low) * 0.5 * (1 + ops.cos(np.pi * fall))
        return ops.where(step <= peak, up, down)

    def get_config(self) -> dict[str, Any]:
        """Settings to build the schedule again."""
        return {"most": self.most, "steps": self.steps}


@_register
class OtherStrand(keras.layers.Layer):
    """Gives a random half of the rows of a batch as their reverse complement in training.

    Examples
    --------
    >>> X = np.eye(4, dtype="float32")[None]
    >>> np.array_equal(OtherStrand()(X), X), np.asarray(OtherStrand()(X, training=True)).shape
    (True, (1, 4, 4))
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed, self.random = seed, keras.random.SeedGenerator(seed)

    def call(self, X: Any, training: bool = False) -> Any:
        """Rows ``X``, (n, length, 4), in the order A C G T."""
        if not training:
            return X
        turned = keras.random.uniform((ops.shape(X)[0], 1, 1), seed=self.random) < 0.5
        return ops.where(turned, ops.flip(X, axis=(1, 2)), X)

    def get_config(self) -> dict[str, Any]:
        """Settings to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


def build_legnet(
    tasks: int,
    *,
    length: int | None = None,
    steps: int,
    stem: int = 64,
    blocks: Sequence[int] = (80, 96, 112, 128),
    shift: int = 21,
) -> keras.Model:
    """MPRALegNet, a convolutional network after EfficientNetV2.

    LegNet: Penzar et al. 2023, doi:10.1093/bioinformatics/btad457. As MPRALegNet, for human
    promoters and enhancers: Agarwal et al. 2025, doi:10.1038/s41586-024-08430-9; sizes and recipe from
    ``core.py``, ``trainer.py`` and ``tutorial/demo_notebook.ipynb`` of github.com/autosome-ru/human_legnet,
    which prints 1,323,169 weights for five channels and one output; for four channels they are 704 fewer.

    Kept: AdamW with a weight decay of 0.1, one cycle up to 0.01, gradients clipped at a norm of 1,
    moves by up to 21 nt, both strands in training and their mean in prediction. Changed: 64 rows a step
    in place of 1,024, since we have a fiftieth of the rows, and 12 epochs in place of 25, which are
    about five minutes of one core; what is moved in is blank, since the letters of the vector are not
    in our data.

    Parameters
    ----------
    tasks : int
        Number of cell types.
    length : int or None
        Nucleotides of a promoter.
    steps : int
        Training steps of the whole cycle.
    stem, blocks, shift
        Published sizes; others are for tests.

    Examples
    --------
    >>> build_legnet(3, length=32, steps=10, stem=4, blocks=(4, 6)).output.shape
    (None, 3)
    """
    promoter = keras.Input((length, 4), name="promoter")
    x = OtherStrand(name="strand")(Shift(shift, name="shift")(promoter))
    x = _local(x, stem, 11, "stem")
    for number, filters in enumerate(blocks, 1):
        seen = _inverted(x, x.shape[-1], 9, f"block_{number}")
        x = layers.Concatenate(name=f"block_{number}_both")([seen, x])
        x = _local(x, filters, 9, f"local_{number}")
        x = layers.MaxPooling1D(2, name=f"pool_{number}")(x)
    wide = 2 * blocks[-1]
    x = layers.Conv1D(wide, 1, kernel_initializer=_FAN_OUT, name="mapper")(_norm("mapper")(x))
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    x = _norm("dense")(layers.Dense(wide, kernel_initializer=_SMALL, name="dense")(x))
    x = layers.Activation("silu", name="dense_silu")(x)
    output = layers.Dense(tasks, kernel_initializer=_SMALL, name="expression", dtype="float32")(x)
    step = keras.optimizers.AdamW(OneCycle(0.01, steps), weight_decay=0.1, global_clipnorm=1.0)
    return _compiled(promoter, output, step, "legnet")


def build_dream_rnn(
    tasks: int, *, length: int | None = None, steps: int, filters: int = 320, mapped: int = 256
) -> keras.Model:
    """DREAM-RNN, convolutions around a recurrent layer that reads both ways.

    Rafi et al. 2024, doi:10.1038/s41587-024-02414-w. Sizes and recipe from ``benchmarks/human`` of
    github.com/de-Boer-Lab/random-promoter-dream-challenge-2022, whose notebook prints 4,203,393 weights
    for five channels and one output; for four channels they are 3,840 fewer, and Keras has one bias
    where PyTorch's recurrent layer has two (2,560 fewer).

    Kept: AdamW with a weight decay of 0.01, one cycle up to 0.005, 32 rows a step. Shortened: two
    epochs, about six minutes of one core, in place of 80. It is trained for too short a time here, and its
    numbers say what it reaches at that cost.

    Parameters
    ----------
    tasks, length, steps
        As for `build_legnet`.
    filters, mapped
        Published sizes; others are for tests.

    Examples
    --------
    >>> build_dream_rnn(3, length=32, steps=10, filters=4, mapped=4).output.shape
    (None, 3)
    """
    promoter = keras.Input((length, 4), name="promoter")
    x = _two_widths(promoter, filters, "first")
    x = layers.Bidirectional(layers.LSTM(filters, return_sequences=True), name="recurrent")(x)
    x = layers.Dropout(0.5, name="dropout")(_two_widths(x, filters, "second"))
    # The authors map every position and then take the mean; the mean first is the same and cheaper.
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Dense(mapped, kernel_initializer=_FAN_OUT, name="mapper")(x)
    output = layers.Dense(tasks, kernel_initializer=_SMALL, name="expression", dtype="float32")(x)
    step = keras.optimizers.AdamW(OneCycle(0.005, steps), weight_decay=0.01)
    return _compiled(promoter, output, step, "dream_rnn")


class Recipe(NamedTuple):
    """How a published network is built and trained here."""

    build: Callable[..., keras.Model]
    epochs: int
    batch_size: int
    strands: int
    """2 where the prediction is the mean over both strands."""


RECIPES = {
    "legnet": Recipe(build_legnet, epochs=12, batch_size=64, strands=2),
    "dream_rnn": Recipe(build_dream_rnn, epochs=2, batch_size=32, strands=1),
}
"""The published networks by name."""


class Rival:
    """A published network, trained by its recipe; the epoch is chosen on the validation rows.

    Parameters
    ----------
    table : PromoterTable
    recipe : Recipe
        One of `RECIPES`.
    name : str
    seed : int
        Of the weights and the order of the rows.
    """

    def __init__(self, table: PromoterTable, recipe: Recipe, *, name: str, seed: int = 0) -> None:
        self.table, self.recipe = table, recipe
        self.settings: dict[str, Any] = {
            "model": name, "epochs": recipe.epochs, "batch_size": recipe.batch_size,
            "strands": recipe.strands, "seed": seed,
        }  # fmt: skip
        self.result: FitResult

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`, the epoch chosen on the rows `valid`."""
        y, recipe, seed = self.table.y, self.recipe, self.settings["seed"]
        self.mean, self.deviation = np.nanmean(y[train], axis=0), np.nanstd(y[train], axis=0) + 1e-6
        scaled = ((y - self.mean) / self.deviation).astype(np.float32)
        keras.utils.set_random_seed(seed)
        steps = recipe.epochs * -(-len(train) // recipe.batch_size)
        model = recipe.build(self.table.tasks, length=self.table.length, steps=steps)
        schedule = Schedule(
            epochs=recipe.epochs, patience=recipe.epochs, batch_size=recipe.batch_size, seed=seed
        )
        part = self.table.one_hot(valid), scaled[valid]
        self.result = fit(
            model, self.table.one_hot(train), scaled[train], valid=part, schedule=schedule, verbosity=0
        )

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions for `rows`, shape (len(rows), tasks)."""
        X = self.table.one_hot(rows)
        strands = [X, X[:, ::-1, ::-1]][: self.recipe.strands]
        found = [predict(self.result.model, one).reshape(len(X), -1) for one in strands]
        return np.asarray(np.mean(found, axis=0) * self.deviation + self.mean)


def compared(table: PromoterTable, names: str, *, seed: int) -> dict[str, Callable[[], Rival]]:
    """How each published network is made, by name, for `helpers.training.cross_validate`.

    Parameters
    ----------
    table : PromoterTable
    names : str
        Names of `RECIPES` between commas; empty for none.
    seed : int

    Raises
    ------
    ValueError
        If a name is unknown.

    Examples
    --------
    >>> list(compared(PromoterTable(["ACGT"], np.ones((1, 1))), "legnet, dream_rnn", seed=1))
    ['legnet', 'dream_rnn']
    """
    return {
        name: partial(Rival, table, RECIPES[name], name=name, seed=seed) for name in named(names, RECIPES)
    }


def _norm(name: str) -> keras.layers.Layer:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")


def _local(x: Any, filters: int, width: int, name: str) -> Any:
    x = layers.Conv1D(
        filters, width, padding="same", use_bias=False, kernel_initializer=_FAN_OUT, name=f"{name}_conv"
    )(x)
    return layers.Activation("silu", name=f"{name}_silu")(_norm(name)(x))


def _inverted(x: Any, filters: int, width: int, name: str) -> Any:
    """Four times as many channels, each read along the sequence by itself, weighed, and mixed again."""
    inner = 4 * filters
    x = _local(x, inner, 1, f"{name}_wide")
    x = layers.DepthwiseConv1D(width, padding="same", use_bias=False, name=f"{name}_depth_conv")(x)
    x = layers.Activation("silu", name=f"{name}_depth_silu")(_norm(f"{name}_depth")(x))
    weight = layers.GlobalAveragePooling1D(keepdims=True, name=f"{name}_mean")(x)
    weight = layers.Dense(filters, "silu", kernel_initializer=_SMALL, name=f"{name}_squeeze")(weight)
    weight = layers.Dense(inner, "sigmoid", kernel_initializer=_SMALL, name=f"{name}_excite")(weight)
    return _local(layers.Multiply(name=f"{name}_weighed")([x, weight]), filters, 1, name)


def _two_widths(x: Any, filters: int, name: str) -> Any:
    """Half of the filters 9 wide, half 15."""
    found = []
    for width in (9, 15):
        one = layers.Conv1D(
            filters // 2, width, padding="same", kernel_initializer=_FAN_OUT, name=f"{name}_conv_{width}"
        )(x)
        one = layers.Activation("relu", name=f"{name}_relu_{width}")(one)
        found.append(layers.Dropout(0.2, name=f"{name}_dropout_{width}")(one))
    return layers.Concatenate(name=name)(found)


def _compiled(X: Any, output: Any, optimizer: Any, name: str) -> keras.Model:
    model = keras.Model(X, output, name=name)
    model.compile(optimizer, MaskedSquaredError(), jit_compile=False)
    return model
