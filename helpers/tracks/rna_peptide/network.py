"""Our network: whole chains, position by position, and an attention that is the interaction map."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import layers

from helpers.models.layers import (
    CentredL2,
    Composition,
    LogLength,
    PairMask,
    PairMax,
    PairRead,
    PairScores,
    PairSoftmax,
    ResidueDropout,
    ResidueMask,
    Standardise,
    WindowSpread,
)
from helpers.sequences.alphabet import PEPTIDE, RNA

# Classes of the residues of PEPTIDE by dipole and volume, in the order of its letters
# (Shen 2007, doi:10.1073/pnas.0607879104).
_GROUPS = ("AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C")
_CLASSES = [next(i for i, group in enumerate(_GROUPS) if x in group) for x in PEPTIDE.letters]


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network.

    Parameters
    ----------
    filters : int
        Motifs that each chain's encoder can hold.
    rna_kernel, peptide_kernel : int
        Residues that a motif spans; odd.
    rna_patch, peptide_patch : int
        Neighbouring positions of which the strongest is kept before the chains meet; 1 keeps
        every position. The interaction map is stated in patches.
    keys : int
        Dimensions in which an RNA position and a peptide position are compared.
    composition : int
        Units of each chain's composition branch; 0 leaves the branches out.
    interaction_units : int
        Units of ``interaction_features``.
    normalise : {"batch", "layer"}
        Over a batch, or over the filters of one position.
    dropout, residue_dropout : float
        Shares of features, and of residues, left out in training.
    centring : float
        Weight of the penalty that keeps motifs at the centre of their kernels.
    learning_rate : float
        Step of Adam.
    """

    filters: int = 32
    rna_kernel: int = 9
    peptide_kernel: int = 7
    rna_patch: int = 1
    peptide_patch: int = 1
    keys: int = 32
    composition: int = 0
    interaction_units: int = 64
    dropout: float = 0.0
    residue_dropout: float = 0.1
    centring: float = 1e-3
    learning_rate: float = 2e-3
    normalise: str = "batch"


PRESETS = {
    # Hiding residues breaks short motifs before it breaks what a chain can be recalled by.
    "sample": Sizes(filters=48, residue_dropout=0.0),
    "real": Sizes(
        filters=16,
        rna_patch=32,
        peptide_patch=8,
        composition=128,
        dropout=0.3,
        learning_rate=1e-3,
        normalise="layer",
    ),
}
"""Sizes for short chains (every position kept) and for whole ribosomal RNAs."""


def build_cross_attention(preset: str = "sample", **changes: Any) -> keras.Model:
    """Build and compile our network for chains of any length.

    Each chain is read by a convolution. One matrix scores every RNA position against every
    peptide position; its softmax along each axis says what a position of one chain attends to in
    the other, and the product of the two, the mutual attention, is high only where both agree.
    The pair is judged by its best score, by what the mutual attention reads, and by the
    composition of both chains.

    Parameters
    ----------
    preset : {"sample", "real"}
        Starting point; see `PRESETS`.
    **changes
        Any field of `Sizes` to set otherwise.

    Returns
    -------
    keras.Model
        Inputs ``rna`` (n, length, 4) and ``peptide`` (n, length, 20), padded with zeros at the
        right end; output ``probability`` (n, 1). Layer ``interaction_map`` gives (n, RNA patches,
        peptide patches), layer ``interaction_features`` (n, 64).

    Raises
    ------
    ValueError
        If the preset or a field is unknown, or a kernel is even.

    Examples
    --------
    >>> model = build_cross_attention(filters=8)
    >>> X = [np.eye(4)[[[0, 1, 2, 3]]], np.eye(20)[[[5, 6, 7]]]]
    >>> interaction_map(model, X).shape
    (1, 4, 3)
    """
    sizes = _sizes(preset, changes)
    rna = keras.Input((None, RNA.size), name="rna")
    peptide = keras.Input((None, PEPTIDE.size), name="peptide")
    rna_mask = ResidueMask(name="rna_mask")(rna)
    peptide_mask = ResidueMask(name="peptide_mask")(peptide)
    rna_values, rna_seen = _encode(
        rna, rna_mask, "rna", sizes, kernel=sizes.rna_kernel, patch=sizes.rna_patch
    )
    peptide_values, peptide_seen = _encode(
        peptide,
        peptide_mask,
        "peptide",
        sizes,
        kernel=sizes.peptide_kernel,
        patch=sizes.peptide_patch,
    )
    mask = PairMask(name="pair_mask")(rna_seen, peptide_seen)
    parts = [_meet(rna_values, peptide_values, mask, sizes)]
    if sizes.composition:
        rna_part = _rna_composition(rna, rna_mask, sizes)
        peptide_part = _peptide_composition(peptide, peptide_mask, sizes)
        both = layers.Multiply(name="composition_product")([rna_part, peptide_part])
        parts += [rna_part, peptide_part, both]
    joined = layers.Concatenate(name="joined")(parts)
    joined = layers.Dropout(sizes.dropout, name="joined_dropout")(joined)
    features = layers.Dense(sizes.interaction_units, name="interaction_dense")(joined)
    features = layers.ReLU(name="interaction_features")(features)
    features = layers.Dropout(sizes.dropout, name="interaction_dropout")(features)
    logit = layers.Dense(1, name="logit")(features)
    probability = layers.Activation("sigmoid", name="probability")(logit)
    model = keras.Model([rna, peptide], probability, name="cross_attention")
    model.compile(
        keras.optimizers.Adam(sizes.learning_rate),
        "binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auroc")],
        jit_compile=False,
    )
    return model


def composition_view(model: keras.Model, chain: str) -> keras.Model:
    """The part of a network that counts the words of one chain.

    Parameters
    ----------
    model : keras.Model
        From `build_cross_attention`, with ``composition`` units.
    chain : {"rna", "peptide"}
        Which chain.

    Returns
    -------
    keras.Model
        From one-hot (n, length, letters) to shares of words and log length, (n, words + 1).
    """
    given = model.inputs[("rna", "peptide").index(chain)]
    return keras.Model(given, model.get_layer(f"{chain}_composition").output)


def composition_head(model: keras.Model) -> keras.Model:
    """The part of a network behind `composition_view` and the attention; it shares all weights.

    Returns
    -------
    keras.Model
        From RNA composition, peptide composition and attention (n, keys + 1) to the probability.
    """
    names = ("rna_composition", "peptide_composition", "attention")
    return keras.Model([model.get_layer(name).output for name in names], model.output)


def interaction_map(model: keras.Model, inputs: Any) -> np.ndarray:
    """The interaction map of some pairs.

    Parameters
    ----------
    model : keras.Model
        From `build_cross_attention`, perhaps saved and loaded since.
    inputs : list of numpy.ndarray
        One-hot ``rna`` (n, length, 4) and ``peptide`` (n, length, 20).

    Returns
    -------
    numpy.ndarray, shape=(n, RNA patches, peptide patches), dtype=float32
        Mutual attention, spread over the residues that each cell was read from; 0 in padding.
    """
    view = keras.Model(model.inputs, model.get_layer("interaction_map").output)
    rna, peptide = (np.asarray(X, dtype=np.float32) for X in inputs)
    return keras.ops.convert_to_numpy(view([rna, peptide], training=False))


def windows(model: keras.Model) -> tuple[int, int]:
    """Residues of each chain that a cell of a model's interaction map was read from.

    Returns
    -------
    tuple of int
        RNA and peptide residues; (1, 1) for a network with patches, whose cells are coarser.

    Examples
    --------
    >>> windows(build_cross_attention("sample"))
    (9, 7)
    """
    layer = model.get_layer("interaction_map")
    return layer.rna_window, layer.peptide_window


def patches(model: keras.Model) -> tuple[int, int]:
    """Residues that one row and one column of a model's interaction map stand for.

    Returns
    -------
    tuple of int
        RNA and peptide residues a patch; (1, 1) where every position is kept.

    Examples
    --------
    >>> patches(build_cross_attention("real"))
    (32, 8)
    """
    names = {layer.name for layer in model.layers}
    sizes = [
        model.get_layer(f"{chain}_patch").pool_size[0] if f"{chain}_patch" in names else 1
        for chain in ("rna", "peptide")
    ]
    return sizes[0], sizes[1]


def _sizes(preset: str, changes: dict[str, Any]) -> Sizes:
    if preset not in PRESETS:
        raise ValueError(f"preset is {preset!r}; expected one of {', '.join(PRESETS)}")
    if unknown := sorted(set(changes) - set(asdict(Sizes()))):
        raise ValueError(
            f"build_cross_attention does not know {', '.join(unknown)}; "
            f"expected fields of Sizes: {', '.join(asdict(Sizes()))}"
        )
    sizes = replace(PRESETS[preset], **changes)
    for name in ("rna_kernel", "peptide_kernel"):
        if getattr(sizes, name) % 2 == 0:
            raise ValueError(f"{name} is {getattr(sizes, name)}; expected an odd number, which has a centre")
    return sizes


def _encode(chain: Any, mask: Any, name: str, sizes: Sizes, *, kernel: int, patch: int) -> tuple[Any, Any]:
    """Motif strengths along a chain, and the mask of what is left of it after patching."""
    values = ResidueDropout(sizes.residue_dropout, name=f"{name}_residue_dropout")(chain)
    values = layers.Conv1D(
        sizes.filters,
        kernel,
        padding="same",
        use_bias=False,
        kernel_regularizer=CentredL2(sizes.centring),
        name=f"{name}_motifs",
    )(values)
    # Batches hold chains of one length, which are often relatives: their statistics say nothing
    # about other chains, so a network for such data normalises every position by itself.
    normalise = layers.BatchNormalization if sizes.normalise == "batch" else layers.LayerNormalization
    values = normalise(name=f"{name}_norm")(values)
    values = layers.ReLU(name=f"{name}_relu")(values)
    values = layers.Multiply(name=f"{name}_masked")([values, mask])
    if patch == 1:
        return values, mask
    # Strengths are never negative, so zeros that fill the last patch cannot be its maximum.
    values = layers.ZeroPadding1D((0, patch - 1), name=f"{name}_fill")(values)
    values = layers.MaxPooling1D(patch, name=f"{name}_patch")(values)
    mask = layers.ZeroPadding1D((0, patch - 1), name=f"{name}_mask_fill")(mask)
    return values, layers.MaxPooling1D(patch, name=f"{name}_mask_patch")(mask)


def _meet(rna: Any, peptide: Any, mask: Any, sizes: Sizes) -> Any:
    """Bidirectional cross-attention: best score, and what the mutual attention reads."""
    queries = layers.Dense(sizes.keys, use_bias=False, name="rna_keys")(rna)
    keys = layers.Dense(sizes.keys, use_bias=False, name="peptide_keys")(peptide)
    scores = PairScores(name="scores")(queries, keys)
    from_rna = PairSoftmax(2, name="rna_attends")(scores, mask)
    from_peptide = PairSoftmax(1, name="peptide_attends")(scores, mask)
    mutual = layers.Multiply(name="mutual_attention")([from_rna, from_peptide])
    whole = sizes.rna_patch == 1 and sizes.peptide_patch == 1
    # Within a patch the maximum has already forgotten which residues were read.
    windows = (sizes.rna_kernel, sizes.peptide_kernel) if whole else (1, 1)
    weights = WindowSpread(*windows, name="interaction_map")(mutual, mask)
    rna_values = layers.Dense(sizes.keys, name="rna_values")(rna)
    peptide_values = layers.Dense(sizes.keys, name="peptide_values")(peptide)
    read = PairRead(name="read")(weights, rna_values, peptide_values)
    best = PairMax(name="best_score")(scores, mask)
    return layers.Concatenate(name="attention")([best, read])


def _rna_composition(chain: Any, mask: Any, sizes: Sizes) -> Any:
    blocks = [Composition(k, name=f"rna_{k}mers")(chain) for k in (1, 2, 3, 4)]
    return _composition("rna", [*blocks, LogLength(name="rna_length")(mask)], sizes)


def _peptide_composition(chain: Any, mask: Any, sizes: Sizes) -> Any:
    blocks = [
        Composition(1, name="peptide_residues")(chain),
        Composition(2, name="peptide_dipeptides")(chain),
        Composition(3, classes=_CLASSES, name="peptide_triads")(chain),
    ]
    return _composition("peptide", [*blocks, LogLength(name="peptide_length")(mask)], sizes)


def _composition(name: str, blocks: list[Any], sizes: Sizes) -> Any:
    values = layers.Concatenate(name=f"{name}_composition")(blocks)
    values = Standardise(name=f"{name}_composition_norm")(values)
    values = layers.Dropout(sizes.dropout, name=f"{name}_composition_dropout")(values)
    values = layers.Dense(sizes.composition, name=f"{name}_composition_dense")(values)
    return layers.ReLU(name=f"{name}_composition_relu")(values)
