"""Our network: whole chains, position by position, and an attention that is the interaction map."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import keras
from keras import layers

from helpers.alphabet import PEPTIDE, RNA
from helpers.models.layers import (
    Attend,
    MaskedMax,
    MaskedMean,
    MaskedSoftmax,
    PairScores,
    PatchMean,
    ResidueMask,
)


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
        Residues averaged before the chains meet; 1 keeps every position. The interaction map is
        stated in patches.
    keys : int
        Dimensions in which an RNA position and a peptide position are compared.
    interaction_units : int
        Units of ``interaction_features``.
    dropout : float
        Share of features left out in training.
    learning_rate : float
        Step of Adam.
    """

    filters: int = 64
    rna_kernel: int = 7
    peptide_kernel: int = 5
    rna_patch: int = 1
    peptide_patch: int = 1
    keys: int = 32
    interaction_units: int = 64
    dropout: float = 0.3
    learning_rate: float = 2e-3


PRESETS = {
    "sample": Sizes(),
    "real": Sizes(filters=64, rna_kernel=9, peptide_kernel=7, rna_patch=32, peptide_patch=8),
}
