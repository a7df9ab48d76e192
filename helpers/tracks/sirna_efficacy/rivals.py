"""Published networks for siRNAs, in their published sizes, trained on our folds by our rules.

What a paper reports was mostly chosen with an eye on the test rows; here the epoch is chosen on the
validation rows, as for every other model. The language model (RNA-FM) that both read is left out:
letters stand in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, regularizers

from helpers.rna import thermodynamics
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy.table import Scaler, Table
from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, CORE, GUIDE
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.reuse import train_again
from helpers.training.rivals import named

_STEPS = [f"step_{number:02d}" for number in range(1, CORE)]
_ENTHALPY = thermodynamics.STACK_ENTHALPY
_ENDS = np.r_[1.0, -1.0, np.zeros(CORE - 4), 1.0, -1.0]  # an end that starts with A or U, not ends with one
_ENTHALPY = _ENTHALPY | {reverse_complement(pair, RNA): value for pair, value in _ENTHALPY.items()}


def build_oligoformer(*, steps: int = 1) -> keras.Model:
    """Build and compile OligoFormer without its language model.

    Bai 2024, doi:10.1093/bioinformatics/btae577; https://github.com/lulab/OligoFormer.

    Published sizes: for either strand a convolution of 64 filters, its means and maxima over pairs of
    filters, two bidirectional LSTMs of 32 units, attention with 8 heads of 8; then dense layers of
    256 and 64; dropout 0.02; squared error, Adam at 1e-4. Kept as they are, but for three things. The
    256 numbers of RNA-FM are missing from the first dense layer. The two outputs of a softmax are the one of
    a sigmoid. And the LSTM reads along the strand, as the paper has it; in the published code it reads
    along the batch, which makes a prediction depend on the other rows.

    Left out: the published run validates on the test file.

    Inputs are ``guide`` (n, 19, 5), ``target`` (n, 57, 5), the fifth letter for a place without one,
    and ``thermodynamics`` (n, 24); the output is ``efficacy`` (n, 1), from 0 to 1.

    Examples
    --------
    >>> build_oligoformer().output_shape
    (None, 1)
    """
    guide = keras.Input((CORE, RNA.size + 1), name="guide")
    target = keras.Input((CONTEXT, RNA.size + 1), name="target")
    energies = keras.Input((24,), name="thermodynamics")
    strands = [_oligo(guide, 1, beside=[guide], name="guide"), _oligo(target, 5, beside=[], name="target")]
    x = layers.Concatenate(name="joined")([*strands, energies])
    for number, units in ((1, 256), (2, 64)):
        x = layers.Dense(units, activation="relu", name=f"dense_{number}")(x)
        x = layers.Dropout(0.02, name=f"dropout_{number}")(x)
    efficacy = layers.Dense(1, activation="sigmoid", name="efficacy")(x)
    return _compiled([guide, target, energies], efficacy, "oligoformer", keras.optimizers.Adam(1e-4))


def build_attsioff(*, steps: int = 20) -> keras.Model:
    """Build and compile AttSiOff without its language model.

    Liu 2024, doi:10.1101/2023.11.24.568517; https://github.com/2333liubin/AttSiOff.

    Published sizes: the guide in 4 transformer layers of 16 numbers and 2 heads, the target in 2 of 8 and
    1 head, each with a hidden layer of 2,048; 4 numbers a guide position and 1 a target position are
    kept, joined with 110 features and normalised over the batch; dense layers of 256, 64 and 16; dropout 0.1;
    squared error, Adam at 0.005 with a penalty of 5e-4, gradients cut at 5, cosine restarts after 20
    and 80 epochs of `steps` steps. The 640 numbers of RNA-FM a position are one-hot letters here, and the
    target has 57 nt where it had 59.

    Left out: the published run stops by the correlation on the test fold and keeps that epoch, and
    scores a test guide by the letters of the test guides.

    Inputs are ``guide`` (n, 21, 4), ``target`` (n, 57, 4) and ``features`` (n, 110); the output is
    ``efficacy`` (n, 1), from 0 to 1.

    Examples
    --------
    >>> build_attsioff().output_shape
    (None, 1)
    """
    small = {"kernel_regularizer": regularizers.L2(2.5e-4)}
    guide = keras.Input((GUIDE, RNA.size), name="guide")
    target = keras.Input((CONTEXT, RNA.size), name="target")
    features = keras.Input((110,), name="features")
    parts = []
    for x, name, sizes in ((guide, "guide", (16, 2, 4, 4)), (target, "target", (8, 1, 2, 1))):
        width, heads, depth, kept = sizes
        x = layers.Dense(width, name=f"{name}_map", **small)(x)
        x = _placed(x, name)
        for number in range(1, depth + 1):
            x = _transformer(x, f"{name}_{number}", heads, small)
        parts.append(layers.Flatten(name=f"{name}_flat")(layers.Dense(kept, name=f"{name}_kept", **small)(x)))
    x = layers.Concatenate(name="joined")([*parts, features])
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="norm")(x)
    for number, units in ((1, 256), (2, 64), (3, 16)):
        x = layers.Dense(units, name=f"dense_{number}", **small)(x)
        x = layers.LeakyReLU(0.01, name=f"relu_{number}")(x)
        x = layers.Dropout(0.1, name=f"dropout_{number}")(x)
    efficacy = layers.Dense(1, activation="sigmoid", name="efficacy", **small)(x)
    rate = keras.optimizers.schedules.CosineDecayRestarts(0.005, 20 * steps, t_mul=4.0)
    return _compiled(
        [guide, target, features], efficacy, "attsioff", keras.optimizers.Adam(rate, clipnorm=5.0)
    )


def read_oligoformer(table: Table, train: np.ndarray) -> list[np.ndarray]:
    """Guide, target and the 24 thermodynamic and composition numbers that OligoFormer reads of each row."""
    X = table.guide[:, :CORE]
    is_letter = dict(zip(RNA.letters, np.moveaxis(X, 2, 0), strict=True))
    is_word = {a + b: is_letter[a][:, :-1] * is_letter[b][:, 1:] for a in RNA.letters for b in RNA.letters}
    heat = sum(found * _ENTHALPY[word] for word, found in is_word.items())
    energy, weak = table.features[_STEPS].to_numpy(), is_letter["A"] + is_letter["U"]
    ends = energy[:, 0] - energy[:, -1] + thermodynamics.TERMINAL_AU[0] * (weak @ _ENDS)
    closed = thermodynamics.INITIATION[1] + thermodynamics.TERMINAL_AU[1] * (weak[:, 0] + weak[:, -1])
    columns = [ends, heat[:, 0], heat.sum(axis=1) + closed, *energy[:, [0, 1, 12, 17]].T]
    columns += [
        is_letter[name][:, place] for name, place in (("U", 0), ("G", 0), ("C", 0), ("U", 1), ("A", -1))
    ]
    columns += [is_letter[name].mean(axis=1) for name in "UG"]
    columns += [is_word[word][:, 0] for word in ("UU", "GG", "GC", "CC", "CG")]
    columns += [is_word[word].mean(axis=1) for word in ("GG", "UA", "CC", "GC", "UU")]
    return [_with_gap(X), _with_gap(table.target), np.stack(columns, axis=1)]


def read_attsioff(table: Table, train: np.ndarray) -> list[np.ndarray]:
    """Guide, target and the 110 features that AttSiOff reads of each row.

    The score by position counts the letters of the guides of the rows `train` alone. The shares of
    paired letters are those of all structures, not of the best one.
    """
    given, root = table.features, np.sqrt(len(train))
    steps, paired = given[_STEPS].to_numpy(), given["paired_guide"]
    seen = (table.guide[train].sum(axis=0) + root) / (len(train) + root)
    score = -(table.guide * np.log2(seen)).sum(axis=(1, 2))
    # Words of k letters, as a share of the places where one can stand.
    words = [
        given.filter(regex=rf"^count_[{RNA.letters}]{{{k}}}$").to_numpy() / (GUIDE - k + 1) for k in (3, 2, 1)
    ]
    columns = [
        steps.sum(axis=1),
        steps[:, 0] - steps[:, -1],
        score,
        given["run_gc"] / GUIDE,
        paired,
        1 - paired,
    ]
    columns += [given["fold_energy"], (given["count_G"] + given["count_C"]) / GUIDE]
    return [table.guide, table.target, np.concatenate([steps, np.stack(columns, axis=1), *words], axis=1)]


class Recipe(NamedTuple):
    """How a rival is built, what it reads, and for how long it is trained at most."""

    build: Callable[..., keras.Model]
    read: Callable[[Table, np.ndarray], list[np.ndarray]]
    epochs: int
    batch_size: int


RECIPES = {
    "oligoformer": Recipe(build_oligoformer, read_oligoformer, 30, 16),
    "attsioff": Recipe(build_attsioff, read_attsioff, 20, 128),
}
"""The published networks by name, with their batch sizes.

Both are published with 100 epochs or more and stopped early; here as many as four minutes of one core hold:
30, and the 20 of the first cosine.
"""


def makers(text: str, table: Table, *, seed: int) -> dict[str, Callable[[], Rival]]:
    """The rivals that a text names (see `helpers.training.rivals.named`), as `cross_validate` takes them."""
    return {name: partial(Rival, table, name, seed=seed) for name in named(text, RECIPES)}


class Rival:
    """A published network, trained on the rows that it is given; the epoch is chosen on the others.

    Its output lies between 0 and 1, so efficacies are brought there by the least and the most of the training
    rows, and predictions back.

    Parameters
    ----------
    table : Table
    name : str
        One of `RECIPES`.
    seed : int
        Of weights and order.
    epochs : int, optional
        At most; by default those of the recipe.
    """

    def __init__(self, table: Table, name: str, *, seed: int = 0, epochs: int = 0) -> None:
        self.table, self.recipe = table, RECIPES[name]
        self.settings: dict[str, Any] = {
            "model": name, "seed": seed, "epochs": epochs or self.recipe.epochs,
            "batch_size": self.recipe.batch_size,
        }  # fmt: skip
        self.result: FitResult

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; the epoch is chosen on `valid`."""
        given, y = self.settings, self.table.y
        self.low, self.range = float(y[train].min()), float(np.ptp(y[train])) or 1.0
        y = ((y - self.low) / self.range).astype(np.float32)
        *letters, numbers = self.recipe.read(self.table, train)
        numbers = Scaler.of(numbers[train]).apply(numbers)
        self.inputs = [x.astype(np.float32) for x in (*letters, numbers)]
        chosen = {name: given[name] for name in ("epochs", "batch_size", "seed")}
        steps = -(-len(train) // given["batch_size"])
        train_one = partial(
            fit, inputs=[x[train] for x in self.inputs], y=y[train],
            valid=([x[valid] for x in self.inputs], y[valid]),
            schedule=Schedule(**chosen, monitor="val_mse", patience=given["epochs"]), verbosity=0,
        )  # fmt: skip
        build = partial(self.recipe.build, steps=steps)
        self.result = train_again(build, train_one, key=f"{given['model']} {steps}", seed=given["seed"])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Efficacy of `rows`, shape (len(rows),)."""
        found = predict(self.result.model, [x[rows] for x in self.inputs])
        return self.low + self.range * found.astype(np.float64)


def _oligo(strand: Any, kernel: int, *, beside: list[Any], name: str) -> Any:
    """What OligoFormer makes of a strand: convolution, pooled filters, LSTMs, attention; flat."""
    x = layers.Conv1D(64, kernel, activation="relu", name=f"{name}_filters")(strand)
    turned = layers.Permute((2, 1), name=f"{name}_turned")(x)
    for kind, pool in (("mean", layers.AveragePooling1D), ("max", layers.MaxPooling1D)):
        pooled = pool(2, name=f"{name}_{kind}")(turned)
        beside = [*beside, layers.Permute((2, 1), name=f"{name}_{kind}_back")(pooled)]
    x = layers.Concatenate(name=f"{name}_pooled")(beside)
    for number in (1, 2):
        lstm = layers.LSTM(32, return_sequences=True, unroll=True, name=f"{name}_lstm")
        x = layers.Bidirectional(lstm, name=f"{name}_lstm_{number}")(x)
    x = layers.Dropout(0.02, name=f"{name}_dropout")(layers.ReLU(name=f"{name}_relu")(x))
    x = _placed(x, name)
    x = layers.MultiHeadAttention(8, 8, name=f"{name}_attention")(x, x)
    return layers.Flatten(name=f"{name}_flat")(layers.Dropout(0.02, name=f"{name}_attended")(x))


def _transformer(x: Any, name: str, heads: int, small: dict[str, Any]) -> Any:
    """One layer of a transformer, normalised after each of its two steps."""
    width = x.shape[-1]
    options = {"dropout": 0.1, "name": f"{name}_attention", **small}
    seen = layers.MultiHeadAttention(heads, width // heads, **options)(x, x)
    x = _joined(x, seen, f"{name}_1")
    hidden = layers.Dense(2048, activation="relu", name=f"{name}_hidden", **small)(x)
    hidden = layers.Dropout(0.1, name=f"{name}_dropout")(hidden)
    return _joined(x, layers.Dense(width, name=f"{name}_back", **small)(hidden), f"{name}_2")


def _joined(x: Any, change: Any, name: str) -> Any:
    change = layers.Dropout(0.1, name=f"{name}_left_out")(change)
    both = layers.Add(name=f"{name}_sum")([x, change])
    return layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(both)


def _placed(x: Any, name: str) -> Any:
    """Values with the sines and cosines of their places added.

    By a layer of Keras that takes away a fixed mean: a model file then loads wherever Keras does.
    """
    length, width = x.shape[1:]
    angle = np.arange(length)[:, None] / 10_000 ** (np.arange(0, width, 2) / width)
    places = np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(length, width)
    mean, variance = (-places).tolist(), np.ones((length, width)).tolist()
    return layers.Normalization(axis=(1, 2), mean=mean, variance=variance, name=f"{name}_places")(x)


def _compiled(inputs: list[Any], output: Any, name: str, optimizer: keras.Optimizer) -> keras.Model:
    model = keras.Model(inputs, output, name=name)
    model.compile(optimizer, "mse", metrics=["mse"], jit_compile=False)
    return model


def _with_gap(X: np.ndarray) -> np.ndarray:
    """One-hot letters with a fifth column for a place without one."""
    gap = X.max(axis=2, keepdims=True) < 1
    return np.concatenate([np.where(gap, 0, X), gap], axis=2)
