"""A published network for pairs of chains, in its published size, trained on our folds by our rules.

What the paper reports was measured on random pairs of known chains. Here the epoch is chosen on the
validation rows, as for every other model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from helpers.sequences.alphabet import RNA
from helpers.sequences.composition import CONJOINT
from helpers.sequences.encoding import kmer_counts
from helpers.tracks.rna_peptide.network import compile_classifier
from helpers.tracks.rna_peptide.predictors import PairTable
from helpers.training.fitting import FitResult, Schedule, fit, predict
from helpers.training.rivals import named

WORDS = {"peptide": (CONJOINT, (1, 2, 3)), "rna": (RNA, (1, 2, 3, 4))}
"""Words of each chain that RPITER counts: of the seven classes of residues, and of letters."""

LENGTHS = {name: sum(alphabet.size**k for k in sizes) for name, (alphabet, sizes) in WORDS.items()}
_CODES = (256, 128, 64)
_UNIFORM = {"kernel_initializer": "random_uniform", "activation": "relu"}


class Rpiter(NamedTuple):
    """RPITER and its two modules, which share their layers with it; all three are compiled."""

    whole: keras.Model
    convolution: keras.Model
    encoder: keras.Model


def build_rpiter(**lengths: int) -> Rpiter:
    """Build and compile RPITER without predicted structures.

    Peng 2019, doi:10.3390/ijms20051070; https://github.com/Pengeace/RPITER.

    Published sizes: one module reads the words of each chain, laid in a row, by convolutions of 45, 64
    and 45 filters; one codes them by 256, 128 and 64 units, trained beforehand to give the words
    back. In either, dense layers of 128 and 64 judge the pair; what the modules say is weighed by 16 and 8
    units. Adam at 0.001, batches of 150. Kept but for three things. The two further modules, of the same
    make, read structures that a server predicts for each protein, and are missing here. The two outputs of a
    softmax are the one of a sigmoid. And in place of the last epochs, by plain gradient steps, the whole is
    trained for 45 epochs.

    Left out: the published run has no validation part. Its epochs, set anew for each data set, end by
    the accuracy on the training rows.

    Inputs are ``peptide`` (n, 399) and ``rna`` (n, 340), standardised; `lengths` sets others.

    Examples
    --------
    >>> build_rpiter().whole.output_shape
    (None, 1)
    """
    inputs = [keras.Input((lengths.get(name, LENGTHS[name]),), name=name) for name in WORDS]
    convolved = _judge([_convolve(x, name) for x, name in zip(inputs, WORDS, strict=True)], "convolution")
    coded = _judge([_encode(x, name) for x, name in zip(inputs, WORDS, strict=True)], "encoder")
    x = layers.Dropout(0.25, name="modules_dropout")(layers.Concatenate(name="modules")([convolved, coded]))
    for number, units in ((1, 16), (2, 8)):
        x = layers.Dense(units, name=f"ensemble_{number}", **_UNIFORM)(x)
        x = layers.BatchNormalization(name=f"ensemble_norm_{number}")(x)
    whole = layers.Dense(1, activation="sigmoid", name="probability")(x)
    built = (keras.Model(inputs, x, name=name) for x, name in (
        (whole, "rpiter"), (convolved, "rpiter_convolution"), (coded, "rpiter_encoder"),
    ))  # fmt: skip
    return Rpiter(*map(compile_classifier, built))


def count_words(chains: Sequence[str], name: str) -> np.ndarray:
    """Words of chains, each length as a share of its most frequent one; float32.

    Examples
    --------
    >>> count_words(["ACAC"], "rna")[0, :5].tolist()
    [1.0, 1.0, 0.0, 0.0, 0.0]
    """
    alphabet, sizes = WORDS[name]
    distinct, row = np.unique(np.asarray(chains, dtype=object), return_inverse=True)
    counted = [kmer_counts(distinct.tolist(), k, alphabet).astype(np.float32) for k in sizes]
    return np.hstack([counts / np.maximum(counts.max(axis=1, keepdims=True), 1) for counts in counted])[row]


class Rival:
    """RPITER, trained module by module and then as a whole, each epoch chosen by the validation loss.

    Parameters
    ----------
    table : PairTable
    name : str
        One of `RECIPES`.
    seed : int
        Of weights and order.
    epochs, code_epochs, whole_epochs : int
        Of each module, of each layer of the encoder, before, and of the whole, behind; see `build_rpiter`.
    """

    def __init__(
        self, table: PairTable, name: str, *, seed: int = 0, epochs: int = 35, code_epochs: int = 100,
        whole_epochs: int = 45,
    ) -> None:  # fmt: skip
        self.table, self.build = table, RECIPES[name]
        self.settings: dict[str, Any] = {
            "model": name, "seed": seed, "epochs": epochs, "code_epochs": code_epochs,
            "whole_epochs": whole_epochs, "batch_size": 150,
        }  # fmt: skip
        self.result: FitResult
        self._inputs: list[np.ndarray] = []

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; every epoch is chosen on `valid`."""
        given, y = self.settings, self.table.y
        keras.utils.set_random_seed(given["seed"])
        chains = {"peptide": self.table.peptide, "rna": self.table.rna}
        counted = [count_words(chains[name], name) for name in WORDS]
        deviations = [np.maximum(x[train].std(axis=0), 1e-6) for x in counted]
        self._inputs = [
            np.clip((x - x[train].mean(axis=0)) / s, -10, 10)
            for x, s in zip(counted, deviations, strict=True)
        ]
        learnt, held = ([x[rows] for x in self._inputs] for rows in (train, valid))
        model = self.build()
        coders = [[model.encoder.get_layer(f"{name}_code_{units}") for name in WORDS] for units in _CODES]
        pretrain(coders, learnt, epochs=given["code_epochs"], batch_size=given["batch_size"])
        parts = {"epochs": (model.convolution, model.encoder), "whole_epochs": (model.whole,)}
        for most, part in ((given[name], part) for name, some in parts.items() for part in some):
            # All epochs: the running variances of the normalisations begin far above the true ones, and
            # until they come down every probability lies close to the mean.
            chosen = {name: given[name] for name in ("batch_size", "seed")} | {"monitor": "val_loss"}
            schedule = Schedule(epochs=most, patience=most, **chosen)
            self.result = fit(part, learnt, y[train], valid=(held, y[valid]), schedule=schedule, verbosity=0)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of `rows`, shape (len(rows),)."""
        return predict(self.result.model, [x[rows] for x in self._inputs])


RECIPES: dict[str, Callable[..., Rpiter]] = {"rpiter": build_rpiter}
"""The published networks by name."""


def makers(text: str, table: PairTable, *, seed: int) -> dict[str, Callable[[], Rival]]:
    """The rivals that a text names (see `helpers.training.rivals.named`), as `cross_validate` takes them."""
    return {name: partial(Rival, table, name, seed=seed) for name in named(text, RECIPES)}


def pretrain(
    coders: Sequence[Sequence[keras.layers.Dense]],
    chains: Sequence[np.ndarray],
    *,
    epochs: int,
    batch_size: int,
) -> None:
    """Train each layer of the encoders to keep what the layer before it gives, as autoencoders."""
    chains = list(chains)
    for layer in coders:
        given = [keras.Input(X.shape[1:]) for X in chains]
        back = [
            layers.Dropout(0.2)(layers.Dense(x.shape[1], activation="sigmoid")(coder(x)))
            for coder, x in zip(layer, given, strict=True)
        ]
        both = keras.Model(given, back)
        both.compile("adam", ["mse"] * len(chains), jit_compile=False)
        both.fit(chains, chains, epochs=epochs, batch_size=batch_size, verbose=0)
        chains = [keras.ops.convert_to_numpy(coder(X)) for coder, X in zip(layer, chains, strict=True)]


def _convolve(x: Any, name: str) -> Any:
    x = layers.Reshape((x.shape[1], 1), name=f"{name}_row")(x)
    for number, (filters, width) in enumerate(((45, 6), (64, 5), (45, 4)), 1):
        x = layers.Conv1D(filters, width, activation="relu", name=f"{name}_conv_{number}")(x)
        x = layers.MaxPooling1D(2, name=f"{name}_pool_{number}")(x) if number < 3 else x
        x = layers.BatchNormalization(name=f"{name}_norm_{number}")(x)
        x = layers.Dropout(0.2, name=f"{name}_dropout_{number}")(x)
    x = layers.Dense(64, name=f"{name}_convolved")(layers.Flatten(name=f"{name}_flat")(x))
    return layers.Dropout(0.2, name=f"{name}_convolved_dropout")(x)


def _encode(x: Any, name: str) -> Any:
    for units in _CODES:
        x = layers.Dense(units, activation="sigmoid", name=f"{name}_code_{units}")(x)
        x = layers.Dropout(0.2, name=f"{name}_code_dropout_{units}")(x)
    x = layers.BatchNormalization(name=f"{name}_code_norm")(x)
    return layers.Dropout(0.2, name=f"{name}_code_dropout")(x)


def _judge(chains: list[Any], name: str) -> Any:
    x = layers.Dense(128, name=f"{name}_dense_1", **_UNIFORM)(layers.Concatenate(name=f"{name}_pair")(chains))
    x = layers.BatchNormalization(name=f"{name}_pair_norm")(x)
    x = layers.Dense(64, name=f"{name}_dense_2", **_UNIFORM)(x)
    return layers.Dense(1, activation="sigmoid", name=f"{name}_probability")(x)
