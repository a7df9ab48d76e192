"""The original network: two dense branches over chains cut or padded to a fixed length."""

from __future__ import annotations

import keras
from keras import layers

from helpers.sequences.alphabet import PEPTIDE, RNA


def build_dual_dense(
    *,
    rna_length: int = 100,
    peptide_length: int = 100,
    units: int = 128,
    dropout: float = 0.3,
    interaction_units: int = 64,
    learning_rate: float = 1e-3,
) -> keras.Model:
    """Build and compile the original dual network.

    Each chain is flattened and read by its own dense branch; the branches meet in
    ``interaction_features``. A dense unit sees all positions at once, so its features are units,
    not residues.

    Parameters
    ----------
    rna_length, peptide_length : int
        Positions of the two inputs, in residues.
    units : int
        Units of each branch.
    dropout : float
        Share of a branch's units left out in training.
    interaction_units : int
        Units of ``interaction_features``.
    learning_rate : float
        Step of Adam.

    Returns
    -------
    keras.Model
        Inputs ``rna`` (n, rna_length, 4) and ``peptide`` (n, peptide_length, 20); output
        ``probability`` (n, 1).

    Examples
    --------
    >>> model = build_dual_dense()
    >>> [tensor.name for tensor in model.inputs], model.output_shape
    (['rna', 'peptide'], (None, 1))
    """
    rna = keras.Input((rna_length, RNA.size), name="rna")
    peptide = keras.Input((peptide_length, PEPTIDE.size), name="peptide")
    branches = [_branch(rna, "rna", units, dropout), _branch(peptide, "peptide", units, dropout)]
    joined = layers.Concatenate(name="joined")(branches)
    features = layers.Dense(interaction_units, name="interaction_dense")(joined)
    features = layers.ReLU(name="interaction_features")(features)
    logit = layers.Dense(1, name="logit")(features)
    probability = layers.Activation("sigmoid", name="probability")(logit)
    model = keras.Model([rna, peptide], probability, name="dual_dense")
    model.compile(
        keras.optimizers.Adam(learning_rate),
        "binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auroc")],
        jit_compile=False,
    )
    return model


def _branch(chain: keras.KerasTensor, name: str, units: int, dropout: float) -> keras.KerasTensor:
    values = layers.Flatten(name=f"{name}_flat")(chain)
    values = layers.Dense(units, name=f"{name}_dense")(values)
    values = layers.ReLU(name=f"{name}_relu")(values)
    values = layers.BatchNormalization(name=f"{name}_norm")(values)
    return layers.Dropout(dropout, name=f"{name}_dropout")(values)
