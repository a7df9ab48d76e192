"""Which RNA position works together with which peptide position.

Two answers of different kinds. `attention_map` reads out a layer of the model: where it looks.
`paired_mutation` asks the model a question about every pair of positions: is the effect of
mutating both something else than the sum of mutating each? Only the second is about the
prediction, and it works on any model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
from scipy.ndimage import uniform_filter1d

from helpers.explain import heads
from helpers.explain.heads import Inputs, Model, Target

CELLS_A_BATCH = 1 << 21
"""RNA positions x peptide positions x mutants in one batch: a bound on memory."""


class PairedMutation(NamedTuple):
    """Interaction between the positions of one RNA and one peptide.

    Attributes
    ----------
    values : numpy.ndarray, shape=(rna_length, peptide_length), dtype=float32
        Effect of mutating both positions minus the sum of the two single effects, in units of
        the output (logits). Above zero where the two need each other for a high output.
    rna, peptide : numpy.ndarray, shape=(rna_length,) and (peptide_length,), dtype=float32
        Effect of mutating one position alone: output of the mutant minus output of the pair.
    output : float
        Output of the pair itself.
    passes : int
        How many mutants the model was asked about.
    """

    values: np.ndarray
    rna: np.ndarray
    peptide: np.ndarray
    output: float
    passes: int


def paired_mutation(
    model: Model,
    inputs: Sequence[np.ndarray],
    *,
    how: str = "occlude",
    block: int = 1,
    target: str | Target = "logit",
    progress: bool = True,
) -> PairedMutation:
    """Double-mutant effect minus the sum of the two single ones, for every pair of positions.

    Parameters
    ----------
    model : keras.Model or callable
    inputs : list of numpy.ndarray
        One pair: RNA, shape=(length, 4) or (1, length, 4), peptide, shape=(length, 20) or
        (1, length, 20), then any further inputs, shape=(1, ...), which are held fixed.
    how : {"occlude", "mean"}, optional
        ``"occlude"``: the residue becomes an unknown one (a uniform row); one mutant a position.
        ``"mean"``: mean over all other letters on either side; 57 times as many passes.
    block : int, optional
        Mutate stretches of this many residues together (only with ``"occlude"``), for long
        chains or models that pool. All positions of a block then hold the block's value.
    target : {"logit", "probability"} or Target, optional
        On a probability everything interacts, because a sigmoid is curved: keep the logit.
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    PairedMutation
        Over the residues that are there; padding is left out.

    Notes
    -----
    This is the pairwise epistasis of a double-mutant cycle, Horovitz 1996,
    doi:10.1016/S1359-0278(96)00056-9, read off a model instead of a protein.

    Examples
    --------
    >>> rna, peptide = np.eye(4, dtype=np.float32), np.eye(20, dtype=np.float32)[:2]
    >>> both = lambda x: x[0][:, 1, 1] * x[1][:, 0, 0]    # needs C second and A first
    >>> paired_mutation(both, [rna, peptide]).values.astype(float).round(4).tolist()
    [[0.0, 0.0], [0.7125, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    arrays = _one_pair(model, inputs)
    if how not in ("occlude", "mean") or block < 1 or (block > 1 and how == "mean"):
        expected = "expected 'occlude' or 'mean', and a block of 1, or of more with 'occlude'"
        raise ValueError(f"how is {how!r} with block={block}; {expected}")
    rna, peptide = (_Mutants(array[0], how, block) for array in arrays[:2])
    score = heads.scorer(model, target)
    output = float(score(arrays)[0])
    batch_size = int(np.clip(CELLS_A_BATCH // (arrays[0].shape[1] * arrays[1].shape[1]), 1, 512))

    def ask(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray]:
        rest = [np.repeat(array, len(first), axis=0) for array in arrays[2:]]
        return (score([rna.chains(first), peptide.chains(second), *rest]),)

    each = [np.arange(len(rna.block)), np.arange(len(peptide.block))]
    none = [np.full(len(numbers), -1) for numbers in each]
    (first,) = heads.in_batches(ask, [each[0], none[0]], batch_size)
    (second,) = heads.in_batches(ask, [none[1], each[1]], batch_size)
    grid = [numbers.ravel() for numbers in np.meshgrid(*each, indexing="ij")]
    (double,) = heads.in_batches(ask, grid, batch_size, desc="paired mutants" if progress else "")
    first, second = first - output, second - output
    epistasis = (double - output - first[grid[0]] - second[grid[1]]).reshape(len(first), len(second))
    values = peptide.by_residue(rna.by_residue(epistasis).T).T.astype(np.float32)
    alone = rna.by_residue(first).astype(np.float32), peptide.by_residue(second).astype(np.float32)
    return PairedMutation(values, alone[0], alone[1], output, double.size + first.size + second.size)


class _Mutants:
    """The mutants of one chain: which residues each replaces, and by which row."""

    def __init__(self, onehot: np.ndarray, how: str, block: int) -> None:
        present = np.flatnonzero(heads.residues(onehot))
        letters = onehot.shape[-1]
        self.onehot = onehot
        self.block_of = np.full(len(onehot), -1)
        self.block_of[present] = np.arange(len(present)) // block
        if how == "occlude":
            self.block = np.unique(self.block_of[present])
            self.rows = np.full((len(self.block), letters), 1 / letters, dtype=np.float32)
        else:
            self.block, letter = np.nonzero(onehot[present] < 1)
            self.rows = np.eye(letters, dtype=np.float32)[letter]

    def chains(self, which: np.ndarray) -> np.ndarray:
        """One-hot chains, shape=(n, length, letters); -1 stands for the chain itself."""
        blocks = np.where(which < 0, -2, self.block[which])
        hit = self.block_of[None, :] == blocks[:, None]
        return np.where(hit[..., None], self.rows[which][:, None, :], self.onehot[None])

    def by_residue(self, values: np.ndarray) -> np.ndarray:
        """Values of mutants (first axis) as the means of each residue's block."""
        _, starts, counts = np.unique(self.block, return_index=True, return_counts=True)
        means = (np.add.reduceat(values, starts, axis=0).T / counts).T
        return np.asarray(means[self.block_of[self.block_of >= 0]])


def _one_pair(model: Model, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    arrays = list(inputs)
    arrays[:2] = [a[None] if np.ndim(a) == 2 else a for a in arrays[:2]]
    if len(arrays) < 2 or any(np.ndim(a) != 3 or len(a) != 1 for a in arrays[:2]):
        shapes = [np.shape(a) for a in inputs]
        raise ValueError(f"inputs have the shapes {shapes}; expected one pair: the RNA, then the peptide")
    arrays = heads.as_inputs(arrays, model)
    if empty := [k for k in (0, 1) if not heads.residues(arrays[k]).any()]:
        raise ValueError(f"input {empty[0]} of the pair holds no residue, only padding; expected one or more")
    return arrays


def attention_map(
    model: keras.Model,
    inputs: Sequence[np.ndarray],
    *,
    layer: str = "interaction_map",
    patch: tuple[int, int] = (1, 1),
    window: tuple[int, int] = (1, 1),
    batch_size: int = 64,
) -> np.ndarray:
    """Interaction map of a named layer, position by position.

    Parameters
    ----------
    model : keras.Model
    inputs : list of numpy.ndarray
        RNA, shape=(n, rna_length, 4), peptide, shape=(n, peptide_length, 20), further inputs.
    layer : str, optional
        Layer whose output is (n, RNA positions or patches, peptide positions or patches).
    patch : tuple of int, optional
        Residues that one row and one column of the layer stand for, in a model that pools; every
        residue of a patch is given the patch's value.
    window : tuple of int, optional
        Average each map over a rectangle of so many RNA and peptide residues. A network peaks
        anywhere in the motif that it reads, so a map smoothed by its windows is the fairer one.
    batch_size : int, optional

    Returns
    -------
    numpy.ndarray, shape=(n, rna_length, peptide_length), dtype=float32
        NaN beyond the residues of either chain.

    Examples
    --------
    >>> rna, peptide = keras.Input((None, 4)), keras.Input((None, 20))
    >>> first = [keras.layers.Dense(1, kernel_initializer="ones")(x) for x in (rna, peptide)]
    >>> product = keras.layers.Dot(2, name="interaction_map")(first)
    >>> model = keras.Model([rna, peptide], keras.layers.GlobalAveragePooling1D()(product))
    >>> pair = [np.eye(4, dtype=np.float32)[None], np.eye(20, dtype=np.float32)[None, :3]]
    >>> attention_map(model, pair).shape
    (1, 4, 3)
    """
    arrays = heads.as_inputs(inputs, model)
    if len(arrays) < 2 or not all(map(heads.is_sequence, arrays[:2])):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"inputs have the shapes {shapes}; expected the RNA and the peptide first")
    found = layer_output(model, arrays, layer, batch_size=batch_size)
    # The patch that each residue lies in; the last patch may be shorter.
    rows, columns = (np.arange(a.shape[1]) // size for a, size in zip(arrays[:2], patch, strict=True))
    cells = (int(rows[-1]) + 1, int(columns[-1]) + 1)
    if found.shape[1:] != cells:
        expected = f"with patch={tuple(patch)} a map of {cells} was expected; name a layer that holds one"
        raise ValueError(f"layer {layer!r} gives {found.shape[1:]}; {expected}")
    rna, peptide = (heads.residues(array) for array in arrays[:2])
    present = rna[:, :, None] & peptide[:, None, :]
    maps = np.where(present, found[:, rows[:, None], columns], 0)
    for axis, size in enumerate(window, start=1):
        maps = uniform_filter1d(maps, size, axis=axis, mode="constant")
    return np.where(present, maps, np.float32(np.nan))


def layer_output(model: keras.Model, inputs: Inputs, layer: str, *, batch_size: int = 256) -> np.ndarray:
    """Output of a named layer, shape=(n, ...), dtype=float32, such as ``interaction_features``.

    Examples
    --------
    >>> x = keras.Input((2,))
    >>> model = keras.Model(x, keras.layers.ReLU(name="features")(x))
    >>> layer_output(model, np.array([[-1.0, 2.0]]), "features").tolist()
    [[0.0, 2.0]]
    """
    run = heads.compiled(heads.number, model, layer)
    arrays = heads.as_inputs(inputs, model)
    (found,) = heads.in_batches(lambda *batch: (heads.as_numpy(run(batch)),), arrays, batch_size)
    return found.astype(np.float32)
