"""Which RNA position works together with which peptide position.

Two answers of different kinds. `attention_map` reads out a layer of the model: where it looks.
`paired_mutation` asks the model a question about every pair of positions: is the effect of
mutating both something else than the sum of mutating each? Only the second is about the
prediction, and it works on any model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
from scipy.ndimage import uniform_filter1d

from helpers.explain import heads
from helpers.explain.heads import Model, Score, Target

CELLS_A_BATCH = 1 << 21
"""RNA positions x peptide positions x mutants in one batch: a bound on memory."""

METHODS = ("occlude", "mean", "max_abs")

Arrays = list[np.ndarray]


class PairedMutation(NamedTuple):
    """Interaction between the positions of one RNA and one peptide.

    Attributes
    ----------
    values : numpy.ndarray, shape=(rna_length, peptide_length), dtype=float32
        Effect of mutating both positions minus the sum of the two single effects, in units of
        the output (logits). Above zero where the two need each other for a high output. NaN
        where a shortlist left the pair of positions out.
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


class Mutations(NamedTuple):
    """Effect of every single substitution.

    Attributes
    ----------
    values : list of numpy.ndarray, shape=(n, length, letters), dtype=float32
        Output with that letter at that position minus the output of the sequence itself, one
        array for each sequence input; zero at the letter that is there, and at padding.
    per_position : list of numpy.ndarray, shape=(n, length), dtype=float32
        Minus the mean effect of the other letters: above zero where the residue supports the
        output.
    outputs : numpy.ndarray, shape=(n,), dtype=float64
        Output of each item itself.
    """

    values: Arrays
    per_position: Arrays
    outputs: np.ndarray


class Cost(NamedTuple):
    """What a `paired_mutation` will take: forward passes of the model, and seconds."""

    passes: int
    seconds: float


def paired_mutation(
    model: Model,
    inputs: Sequence[np.ndarray],
    *,
    how: str = "occlude",
    block: int = 1,
    shortlist: int | tuple[int, int] | None = None,
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
    how : {"occlude", "mean", "max_abs"}, optional
        ``"occlude"``: the residue becomes an unknown one (a uniform row); one mutant a position.
        ``"mean"``: mean over all other letters on either side; 57 times as many passes.
        ``"max_abs"``: the one of these whose interaction is strongest, with its sign.
    block : int, optional
        Mutate stretches of this many residues together (only with ``"occlude"``), for long
        chains or models that pool. All positions of a block then hold the block's value.
    shortlist : int or tuple of int, optional
        Compute only the positions (blocks) with the strongest single effects, this many on each
        side or (RNA, peptide); the others are NaN.
    target : {"logit", "probability"} or Target, optional
        On a probability everything interacts, because a sigmoid is curved: keep the logit.
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    PairedMutation
        Over the residues that are there; padding is left out.

    Raises
    ------
    ValueError
        If the inputs are no single pair, or an option has no meaning.

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
    _check_options(how, block)
    sides = [_Side(array[0], how, block) for array in arrays[:2]]
    score = heads.scorer(model, target)
    output = float(score(arrays)[0])
    singles = [np.concatenate(list(_scores(score, arrays, sides, _alone(sides, k)))) - output for k in (0, 1)]
    kept = [
        side.strongest(single, count)
        for side, single, count in zip(sides, singles, _counts(shortlist), strict=True)
    ]
    grid = np.stack([g.ravel() for g in np.meshgrid(*kept, indexing="ij")], axis=1)
    batch_size = _batch_size(arrays)
    double = np.empty(len(grid))
    with heads.bar(total=len(grid), desc="paired mutants", shown=progress) as bar:
        parts = _scores(score, arrays, sides, grid)
        for cut, part in zip(heads.batches(len(grid), batch_size), parts, strict=True):
            double[cut] = part
            bar.update(len(part))
    epistasis = double - output - singles[0][grid[:, 0]] - singles[1][grid[:, 1]]
    cells = _reduce(epistasis.reshape([len(rows) for rows in kept]), kept, sides, how)
    rna, peptide = (
        side.spread(side.reduce(single, how)).astype(np.float32)
        for side, single in zip(sides, singles, strict=True)
    )
    values = sides[1].spread(sides[0].spread(cells).T).T.astype(np.float32)
    return PairedMutation(values, rna, peptide, output, len(grid) + sum(map(len, singles)))


def paired_mutation_cost(
    model: Model,
    inputs: Sequence[np.ndarray],
    *,
    how: str = "occlude",
    block: int = 1,
    shortlist: int | tuple[int, int] | None = None,
) -> Cost:
    """What `paired_mutation` with the same arguments will take on this machine.

    Parameters
    ----------
    model, inputs, how, block, shortlist
        As in `paired_mutation`.

    Returns
    -------
    Cost
        Forward passes (exact) and seconds (one batch is timed).

    Examples
    --------
    >>> rna, peptide = np.eye(4, dtype=np.float32), np.eye(20, dtype=np.float32)
    >>> model = lambda x: x[0][:, 0, 0] + x[1][:, 0, 0]
    >>> [paired_mutation_cost(model, [rna, peptide], how=how).passes for how in ("occlude", "mean")]
    [104, 4952]
    """
    arrays = _one_pair(model, inputs)
    _check_options(how, block)
    sides = [_Side(array[0], how, block) for array in arrays[:2]]
    kept = [
        len(side.strongest(np.zeros(len(side)), count))
        for side, count in zip(sides, _counts(shortlist), strict=True)
    ]
    passes = kept[0] * kept[1] + sum(map(len, sides))
    score = heads.scorer(model)
    batch_size = _batch_size(arrays)
    batch = [np.repeat(array, batch_size, axis=0) for array in arrays]
    score(batch)  # the first call compiles
    start = time.perf_counter()
    score(batch)
    return Cost(passes, (time.perf_counter() - start) * passes / batch_size)


def single_mutation(
    model: Model,
    inputs: np.ndarray | Sequence[np.ndarray],
    *,
    target: str | Target = "logit",
    progress: bool = True,
) -> Mutations:
    """Effect of every single substitution in every sequence input.

    Parameters
    ----------
    model : keras.Model or callable
    inputs : numpy.ndarray or list of numpy.ndarray
        Inputs in the model's order; one-hot sequences as (n, length, letters), others held fixed.
    target : {"logit", "probability"} or Target, optional
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Mutations

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    References
    ----------
    .. [1] Zhou and Troyanskaya 2015, doi:10.1038/nmeth.3547

    Examples
    --------
    >>> x = np.eye(2, dtype=np.float32)[None]
    >>> weights = np.array([[1, 3], [0, 5]], dtype=np.float32)
    >>> linear = lambda x: keras.ops.sum(x * weights, axis=(1, 2))
    >>> result = single_mutation(linear, x)
    >>> result.values[0].tolist(), result.per_position[0].tolist()
    ([[[0.0, 2.0], [-5.0, 0.0]]], [[-2.0, 5.0]])
    """
    arrays = heads.fitting_inputs(model, inputs)
    score = heads.scorer(model, target)
    which = [k for k, array in enumerate(arrays) if heads.is_sequence(array)]
    values = [np.zeros(arrays[k].shape, dtype=np.float32) for k in which]
    outputs = np.empty(len(arrays[0]))
    for i in heads.bar(range(len(outputs)), desc="mutants", shown=progress):
        item = [array[i : i + 1] for array in arrays]
        outputs[i] = score(item)[0]
        for value, k in zip(values, which, strict=True):
            value[i] = _saturate(score, item, k, outputs[i])
    shown = [
        -value.sum(axis=-1) / np.maximum((arrays[k] < 1).sum(axis=-1), 1)
        for value, k in zip(values, which, strict=True)
    ]
    return Mutations(values, shown, outputs)


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

    Raises
    ------
    ValueError
        If there is no such layer (its message lists the layers), or its output is no map of the
        stated patches.

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
    arrays = heads.fitting_inputs(model, inputs)
    if len(arrays) < 2 or not all(map(heads.is_sequence, arrays[:2])):
        raise ValueError(
            f"inputs have the shapes {[a.shape for a in arrays]}; expected the RNA and the peptide "
            "first, as (n, length, letters)"
        )
    found = layer_output(model, arrays, layer, batch_size=batch_size)
    shape = tuple(array.shape[1] for array in arrays[:2])
    cells = tuple(-(-length // size) for length, size in zip(shape, patch, strict=True))
    if found.shape[1:] != cells:
        raise ValueError(
            f"layer {layer!r} gives {found.shape[1:]} for an RNA of {shape[0]} and a peptide of "
            f"{shape[1]} positions; with patch={tuple(patch)} a map of {cells} was expected. Name "
            "a layer that holds a map, or give the residues that one row and one column stand for"
        )
    maps = spread_patches(found, shape, patch)
    rna, peptide = (heads.residues(array) for array in arrays[:2])
    present = rna[:, :, None] & peptide[:, None, :]
    maps = np.where(present, maps, 0)
    for axis, size in enumerate(window, start=1):
        maps = uniform_filter1d(maps, size, axis=axis, mode="constant")
    return np.where(present, maps, np.float32(np.nan))


def layer_output(
    model: keras.Model,
    inputs: np.ndarray | Sequence[np.ndarray],
    layer: str,
    *,
    batch_size: int = 256,
) -> np.ndarray:
    """Output of a named layer, such as the units of ``interaction_features``.

    Parameters
    ----------
    model : keras.Model
    inputs : numpy.ndarray or list of numpy.ndarray
    layer : str
    batch_size : int, optional

    Returns
    -------
    numpy.ndarray, shape=(n, ...), dtype=float32

    Raises
    ------
    ValueError
        If there is no such layer; the message lists the layers.

    Examples
    --------
    >>> x = keras.Input((2,))
    >>> model = keras.Model(x, keras.layers.ReLU(name="features")(x))
    >>> layer_output(model, np.array([[-1.0, 2.0]]), "features").tolist()
    [[0.0, 2.0]]
    """
    arrays = heads.fitting_inputs(model, inputs)
    run = heads.compiled_layer(model, layer)
    outputs = [
        keras.ops.convert_to_numpy(keras.ops.stop_gradient(run(*(a[cut] for a in arrays))))
        for cut in heads.batches(len(arrays[0]), batch_size)
    ]
    return np.concatenate(outputs).astype(np.float32)


def spread_patches(maps: np.ndarray, shape: tuple[int, int], patch: tuple[int, int]) -> np.ndarray:
    """Map of patches to a map of residues: each residue gets the value of its patch.

    Parameters
    ----------
    maps : numpy.ndarray, shape=(..., RNA patches, peptide patches)
    shape : tuple of int
        RNA and peptide positions of the result.
    patch : tuple of int
        Residues in a patch of either side; the last patch may be shorter.

    Returns
    -------
    numpy.ndarray, shape=(..., *shape)

    Examples
    --------
    >>> spread_patches(np.array([[1, 2]]), (2, 3), (2, 2)).tolist()
    [[1, 1, 2], [1, 1, 2]]
    """
    rows, columns = (np.arange(length) // size for length, size in zip(shape, patch, strict=True))
    return maps[..., rows[:, None], columns[None, :]]


def patch_means(maps: np.ndarray, patch: tuple[int, int]) -> np.ndarray:
    """Map of residues to a map of patches, the other way round: the mean over each patch.

    Parameters
    ----------
    maps : numpy.ndarray, shape=(..., RNA positions, peptide positions)
        NaN marks padding, which is left out; a patch of nothing else is NaN.
    patch : tuple of int
        Residues in a patch of either side.

    Returns
    -------
    numpy.ndarray, shape=(..., RNA patches, peptide patches)

    Examples
    --------
    >>> patch_means(np.array([[1.0, 3.0, 5.0], [1.0, 3.0, np.nan]]), (2, 2)).tolist()
    [[2.0, 5.0]]
    """
    total, count = np.nan_to_num(maps), (~np.isnan(maps)).astype(float)
    for axis, size in zip((-2, -1), patch, strict=True):
        starts = np.arange(0, maps.shape[axis], size)
        total, count = (np.add.reduceat(a, starts, axis=axis) for a in (total, count))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class _Side:
    """The mutants of one chain: which residues each replaces, and by which row."""

    def __init__(self, onehot: np.ndarray, how: str, block: int) -> None:
        present = np.flatnonzero(heads.residues(onehot))
        self.onehot = onehot
        self.length = len(present)
        self.block_of = np.full(len(onehot), -1)
        self.block_of[present] = np.arange(self.length) // block
        self.blocks = -(-self.length // block)
        letters = onehot.shape[-1]
        if how == "occlude":
            self.block = np.arange(self.blocks)
            self.rows = np.full((self.blocks, letters), 1 / letters, dtype=np.float32)
        else:
            self.block, letter = np.nonzero(onehot[present] < 1)
            self.rows = np.eye(letters, dtype=np.float32)[letter]

    def __len__(self) -> int:
        return len(self.block)

    def mutants(self, which: np.ndarray) -> np.ndarray:
        """One-hot chains, shape=(n, length, letters); -1 stands for the chain itself."""
        blocks = np.where(which < 0, -2, self.block[which])
        hit = self.block_of[None, :] == blocks[:, None]
        return np.where(hit[..., None], self.rows[which][:, None, :], self.onehot[None])

    def strongest(self, single: np.ndarray, count: int | None) -> np.ndarray:
        """Mutants of the `count` blocks with the strongest single effects, in their order."""
        if count is None or count >= self.blocks:
            return np.arange(len(self))
        effect = np.zeros(self.blocks)
        np.maximum.at(effect, self.block, np.abs(single))
        best = np.argsort(-effect, kind="stable")[:count]
        return np.flatnonzero(np.isin(self.block, best))

    def reduce(self, values: np.ndarray, how: str, which: np.ndarray | None = None) -> np.ndarray:
        """Values of mutants (first axis) to values of blocks; NaN where there was no mutant."""
        owner = self.block if which is None else self.block[which]
        result = np.full((self.blocks, *values.shape[1:]), np.nan)
        for block in np.unique(owner):
            result[block] = _signed(values[owner == block], how)
        return result

    def spread(self, blocks: np.ndarray) -> np.ndarray:
        """Values of blocks (first axis) to values of residues."""
        return blocks[self.block_of[self.block_of >= 0]]


def _signed(values: np.ndarray, how: str) -> np.ndarray:
    """Mean over the first axis, or the value furthest from zero."""
    if how != "max_abs":
        return values.mean(axis=0)
    furthest = np.abs(values).argmax(axis=0)
    return np.take_along_axis(values, furthest[None], axis=0)[0]


def _reduce(epistasis: np.ndarray, kept: Arrays, sides: Sequence[_Side], how: str) -> np.ndarray:
    """Mutants x mutants to blocks x blocks."""
    by_rna = sides[0].reduce(epistasis, how, kept[0])
    return sides[1].reduce(by_rna.T, how, kept[1]).T


def _alone(sides: Sequence[_Side], k: int) -> np.ndarray:
    """Every mutant of side `k` with the other side as it is."""
    pairs = np.full((len(sides[k]), 2), -1)
    pairs[:, k] = np.arange(len(sides[k]))
    return pairs


def _scores(score: Score, arrays: Arrays, sides: Sequence[_Side], pairs: np.ndarray) -> Iterator[np.ndarray]:
    """Outputs of pairs of mutants, a batch at a time."""
    for cut in heads.batches(len(pairs), _batch_size(arrays)):
        n = len(pairs[cut])
        mutants = [side.mutants(pairs[cut, k]) for k, side in enumerate(sides)]
        yield score([*mutants, *(np.repeat(array, n, axis=0) for array in arrays[2:])])


def _batch_size(arrays: Arrays) -> int:
    cells = np.prod([array.shape[1] for array in arrays[:2] if heads.is_sequence(array)])
    return int(np.clip(CELLS_A_BATCH // max(cells, 1), 1, 512))


def _saturate(score: Score, item: Arrays, k: int, output: float) -> np.ndarray:
    """Effects of all substitutions in input `k` of one item."""
    side = _Side(item[k][0], "mean", 1)
    effects = np.zeros(item[k][0].shape, dtype=np.float32)
    positions = np.flatnonzero(side.block_of >= 0)
    for cut in heads.batches(len(side), _batch_size(item)):
        which = np.arange(len(side))[cut]
        batch = [np.repeat(array, len(which), axis=0) for array in item]
        batch[k] = side.mutants(which)
        effects[positions[side.block[which]], side.rows[which].argmax(axis=-1)] = score(batch) - output
    return effects


def _counts(shortlist: int | tuple[int, int] | None) -> tuple[int | None, int | None]:
    counts = shortlist if isinstance(shortlist, tuple) else (shortlist, shortlist)
    if any(count is not None and count < 1 for count in counts):
        raise ValueError(
            f"shortlist is {shortlist!r}; expected how many positions to compute on each side, "
            "1 or more, or None for all"
        )
    return counts


def _check_options(how: str, block: int) -> None:
    if how not in METHODS:
        raise ValueError(f"how is {how!r}; expected one of {', '.join(METHODS)}")
    if block < 1 or (block > 1 and how != "occlude"):
        raise ValueError(
            f"block is {block} with how={how!r}; expected 1, or a larger block with "
            "how='occlude' (there are too many ways to substitute a whole block)"
        )


def _one_pair(model: Model, inputs: Sequence[np.ndarray]) -> Arrays:
    arrays = list(inputs)
    arrays[:2] = [a[None] if np.ndim(a) == 2 else a for a in arrays[:2]]
    if len(arrays) < 2 or any(np.ndim(a) != 3 or len(a) != 1 for a in arrays[:2]):
        raise ValueError(
            f"inputs have the shapes {[np.shape(a) for a in inputs]}; expected one pair: the RNA "
            "as (length, 4), the peptide as (length, 20)"
        )
    arrays = heads.fitting_inputs(model, arrays)
    if empty := [k for k in (0, 1) if not heads.residues(arrays[k]).any()]:
        raise ValueError(
            f"input {empty[0]} of the pair holds no residue, only padding; expected at least one"
        )
    return arrays
