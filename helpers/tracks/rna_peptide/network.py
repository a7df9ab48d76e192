"""The networks: ours, whose attention is the interaction map, and the original of two dense branches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
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

CHAINS = ("rna", "peptide")
"""Names of the two inputs, and what the names of each chain's layers begin with."""

# Classes of the residues of PEPTIDE by dipole and volume, in the order of its letters
# (Shen 2007, doi:10.1073/pnas.0607879104).
_GROUPS = ("AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C")
_CLASSES = [next(i for i, group in enumerate(_GROUPS) if x in group) for x in PEPTIDE.letters]


@dataclass(frozen=True)
class Sizes:
    """Sizes of our network.

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
    dropout, residue_dropout : float
        Shares of features, and of residues, left out in training.
    centring : float
        Weight of the penalty that keeps motifs at the centre of their kernels.
    learning_rate : float
        Step of Adam.
    normalise : {"batch", "layer"}
        Over a batch, or over the filters of one position.
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
        filters=16, rna_patch=32, peptide_patch=8, composition=128, dropout=0.3, learning_rate=1e-3,
        normalise="layer",
    ),
}  # fmt: skip
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
    >>> [tensor.name for tensor in model.inputs], model.output_shape
    (['rna', 'peptide'], (None, 1))
    """
    sizes = _sizes(preset, changes)
    rna = keras.Input((None, RNA.size), name="rna")
    peptide = keras.Input((None, PEPTIDE.size), name="peptide")
    rna_mask = ResidueMask(name="rna_mask")(rna)
    peptide_mask = ResidueMask(name="peptide_mask")(peptide)
    rna_values, rna_seen = _encode(rna, rna_mask, "rna", sizes)
    peptide_values, peptide_seen = _encode(peptide, peptide_mask, "peptide", sizes)
    mask = PairMask(name="pair_mask")(rna_seen, peptide_seen)
    parts = [_meet(rna_values, peptide_values, mask, sizes)]
    if sizes.composition:
        rna_words = [Composition(k, name=f"rna_{k}mers")(rna) for k in (1, 2, 3, 4)]
        rna_part = _composition("rna", rna_words, rna_mask, sizes)
        peptide_words = [
            Composition(1, name="peptide_residues")(peptide),
            Composition(2, name="peptide_dipeptides")(peptide),
            Composition(3, classes=_CLASSES, name="peptide_triads")(peptide),
        ]
        peptide_part = _composition("peptide", peptide_words, peptide_mask, sizes)
        both = layers.Multiply(name="composition_product")([rna_part, peptide_part])
        parts += [rna_part, peptide_part, both]
    joined = layers.Concatenate(name="joined")(parts)
    joined = layers.Dropout(sizes.dropout, name="joined_dropout")(joined)
    features = layers.Dense(sizes.interaction_units, name="interaction_dense")(joined)
    features = layers.ReLU(name="interaction_features")(features)
    features = layers.Dropout(sizes.dropout, name="interaction_dropout")(features)
    return _judged([rna, peptide], features, "cross_attention", sizes.learning_rate)


def build_dual_dense(*, rna_length: int = 100, peptide_length: int = 100) -> keras.Model:
    """Build and compile the original dual network, for chains cut or padded to fixed lengths.

    Each chain is flattened and read by its own dense branch; the branches meet in
    ``interaction_features``. A dense unit sees all positions at once, so its features are units,
    not residues.

    Examples
    --------
    >>> model = build_dual_dense()
    >>> [tensor.name for tensor in model.inputs], model.output_shape
    (['rna', 'peptide'], (None, 1))
    """
    rna = keras.Input((rna_length, RNA.size), name="rna")
    peptide = keras.Input((peptide_length, PEPTIDE.size), name="peptide")
    branches = []
    for name, chain in (("rna", rna), ("peptide", peptide)):
        values = layers.Flatten(name=f"{name}_flat")(chain)
        values = layers.Dense(128, name=f"{name}_dense")(values)
        values = layers.ReLU(name=f"{name}_relu")(values)
        values = layers.BatchNormalization(name=f"{name}_norm")(values)
        branches.append(layers.Dropout(0.3, name=f"{name}_dropout")(values))
    joined = layers.Concatenate(name="joined")(branches)
    features = layers.Dense(64, name="interaction_dense")(joined)
    features = layers.ReLU(name="interaction_features")(features)
    return _judged([rna, peptide], features, "dual_dense", 1e-3)


def compile_classifier(model: keras.Model, learning_rate: float = 1e-3) -> keras.Model:
    """Compile a network that gives a probability, as all of this track are trained."""
    metrics = ["accuracy", keras.metrics.AUC(name="auroc")]
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer, "binary_crossentropy", metrics=metrics, jit_compile=False)
    return model


def resolution(model: keras.Model) -> dict[str, Any]:
    """How the cells of a model's interaction map stand to residues, as `attention_map` asks for it.

    Returns
    -------
    dict of str to tuple of int
        ``patch``: RNA and peptide residues that a row and a column stand for; ``window``: those that
        a cell was read from, (1, 1) for a network with patches, whose cells are coarser.

    Examples
    --------
    >>> resolution(build_cross_attention("sample"))
    {'patch': (1, 1), 'window': (9, 7)}
    """
    named = {layer.name: layer for layer in model.layers}
    rna, peptide = (
        named[f"{chain}_patch"].pool_size[0] if f"{chain}_patch" in named else 1 for chain in CHAINS
    )
    spread = named.get("interaction_map")
    window = (spread.rna_window, spread.peptide_window) if isinstance(spread, WindowSpread) else (1, 1)
    return {"patch": (rna, peptide), "window": window}


def _sizes(preset: str, changes: dict[str, Any]) -> Sizes:
    if preset not in PRESETS:
        raise ValueError(f"preset is {preset!r}; expected one of {', '.join(PRESETS)}")
    fields = asdict(PRESETS[preset])
    if unknown := sorted(set(changes) - set(fields)):
        raise ValueError(
            f"build_cross_attention does not know {', '.join(unknown)}; "
            f"expected fields of Sizes: {', '.join(fields)}"
        )
    sizes = replace(PRESETS[preset], **changes)
    for name in ("rna_kernel", "peptide_kernel"):
        if getattr(sizes, name) % 2 == 0:
            raise ValueError(f"{name} is {getattr(sizes, name)}; expected an odd number, which has a centre")
    return sizes


def _encode(chain: Any, mask: Any, name: str, sizes: Sizes) -> tuple[Any, Any]:
    """Motif strengths along a chain, and the mask of what is left of it after patching."""
    kernel, patch = getattr(sizes, f"{name}_kernel"), getattr(sizes, f"{name}_patch")
    values = ResidueDropout(sizes.residue_dropout, name=f"{name}_residue_dropout")(chain)
    values = layers.Conv1D(
        sizes.filters, kernel, padding="same", use_bias=False,
        kernel_regularizer=CentredL2(sizes.centring), name=f"{name}_motifs",
    )(values)  # fmt: skip
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


def _composition(name: str, words: list[Any], mask: Any, sizes: Sizes) -> Any:
    """A dense branch over the words and the length of a chain."""
    blocks = [*words, LogLength(name=f"{name}_length")(mask)]
    values = layers.Concatenate(name=f"{name}_composition")(blocks)
    values = Standardise(name=f"{name}_composition_norm")(values)
    values = layers.Dropout(sizes.dropout, name=f"{name}_composition_dropout")(values)
    values = layers.Dense(sizes.composition, name=f"{name}_composition_dense")(values)
    return layers.ReLU(name=f"{name}_composition_relu")(values)


def _judged(inputs: list[Any], features: Any, name: str, learning_rate: float) -> keras.Model:
    logit = layers.Dense(1, name="logit")(features)
    probability = layers.Activation("sigmoid", name="probability")(logit)
    return compile_classifier(keras.Model(inputs, probability, name=name), learning_rate)
