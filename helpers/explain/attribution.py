"""DeepLIFT/SHAP and in-silico mutation of a torch module, by tangermeme.

The module takes (n, letters, length), as a `helpers.explain.torch_view` of a Keras model does; all
arrays here are (n, length, letters), as everywhere else in this package. A model is always an
argument, and so is the mapping from each sequence to the model that did not train on it.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from tangermeme.deep_lift_shap import deep_lift_shap
from tangermeme.saturation_mutagenesis import saturation_mutagenesis
from torch import nn

from helpers.explain import heads
from helpers.project.paths import atomic_path
from helpers.sequences.alphabet import Alphabet
from helpers.sequences.shuffling import shuffle_all

R = TypeVar("R", bound=tuple)


class Contributions(NamedTuple):
    """What each letter contributes to an output, compared with shuffles of its sequence.

    Attributes
    ----------
    values : numpy.ndarray, shape=(n, length, letters), dtype=float32
        Contribution of the letter that is there, zero elsewhere and at padding; they add up to the
        output minus the mean output of the references, but for the deltas.
    hypothetical : numpy.ndarray, shape=(n, length, letters), dtype=float32
        What each letter would contribute if it stood there; zero at padding.
    outputs : numpy.ndarray, shape=(n,), dtype=float64
        The output of each sequence.
    reference_outputs : numpy.ndarray, shape=(n, references), dtype=float64
        The output of each of its references.
    deltas : numpy.ndarray, shape=(n, references), dtype=float64
        Convergence: the sum of the contributions against one reference minus the difference of the
        two outputs. Zero where every step of the network has its rule.
    halves : numpy.ndarray, shape=(n, 2, length), dtype=float32
        The contributions from every second reference, and from the others; NaN with one reference.
        How well the two agree says whether there are references enough.
    """

    values: np.ndarray
    hypothetical: np.ndarray
    outputs: np.ndarray
    reference_outputs: np.ndarray
    deltas: np.ndarray
    halves: np.ndarray = np.zeros((0, 2, 0), dtype=np.float32)  # of other methods: none


class Mutations(NamedTuple):
    """What each single substitution does to an output.

    Attributes
    ----------
    effects : numpy.ndarray, shape=(n, length, letters), dtype=float32
        Output with that letter minus the output as it is: zero for the letter that is there, and
        at padding.
    values : numpy.ndarray, shape=(n, length, letters), dtype=float32
        At the letter that is there: minus the mean effect of the other letters, which is positive
        where the letter holds the output up; zero elsewhere.
    outputs : numpy.ndarray, shape=(n,), dtype=float64
    """

    effects: np.ndarray
    values: np.ndarray
    outputs: np.ndarray


class Saved(NamedTuple):
    """What an attributions file holds: `ids`, one-hot `X`, and the fields of `Contributions`."""

    X: np.ndarray
    values: np.ndarray
    hypothetical: np.ndarray
    deltas: np.ndarray
    ids: np.ndarray


def make_references(X: np.ndarray, n: int = 20, *, seed: int = 0) -> np.ndarray:
    """Dinucleotide shuffles of each sequence; padding stays where it is.

    They depend on the seed and the sequence only, not on what else is explained with it (Altschul
    and Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370).

    Returns
    -------
    numpy.ndarray, shape=(n_sequences, n, length, letters), dtype=float32

    Examples
    --------
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 0, 1, 3]]]
    >>> make_references(X, 3).shape, make_references(X, 3).sum(axis=2)[0, 0].tolist()
    ((1, 3, 6, 4), [2.0, 2.0, 1.0, 1.0])
    """
    X = _arrays(X)[0]
    if n < 1:
        raise ValueError(f"references is {n}; expected at least 1 shuffle of each sequence")
    return shuffle_all(X, n, [[seed, zlib.crc32(item.tobytes())] for item in X])


def deep_lift(
    model: nn.Module,
    X: np.ndarray,
    *,
    others: Sequence[np.ndarray] = (),
    references: int | np.ndarray = 20,
    index: int = 0,
    batch_size: int = 256,
    progress: bool = True,
) -> Contributions:
    """DeepLIFT/SHAP: contributions averaged over references of each sequence.

    Parameters
    ----------
    model : torch.nn.Module
        From `helpers.explain.torch_view.view`, or any torch module that takes (n, letters, length).
    X : numpy.ndarray, shape=(n, length, letters), dtype=float32
    others : sequence of numpy.ndarray, optional
        Further inputs of the model, held fixed.
    references : int or numpy.ndarray, shape=(n, references, length, letters), optional
        How many dinucleotide shuffles to compare with, or the references themselves.
    index : int, optional
        Which output.
    batch_size : int, optional
        Pairs of sequence and reference in a pass.
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Contributions
        Read its `deltas`: where they are not small, a step of the model has no rule.

    References
    ----------
    .. [1] Shrikumar, Greenside and Kundaje 2017, doi:10.48550/arXiv.1704.02685
    .. [2] Lundberg and Lee 2017, doi:10.48550/arXiv.1705.07874

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(24, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1, 2, 0, 1, 3]]]
    >>> found = deep_lift(model, X, references=4)
    >>> explained = found.outputs - found.reference_outputs.mean(axis=1)
    >>> bool(np.isclose(found.values.sum(), explained[0], atol=1e-5)), found.deltas.shape
    (True, (1, 4))
    """
    X, *fixed = _arrays(X, others)
    if isinstance(references, int | np.integer):
        references = make_references(X, int(references))
    references = np.asarray(references, dtype=np.float32)
    if references.ndim != 4 or references[:, 0].shape != X.shape:
        expected = f"({len(X)}, references, {X.shape[1]}, {X.shape[2]})"
        raise ValueError(f"references have the shape {references.shape}; expected {expected}")

    lift = partial(_lift, model, index=index, batch_size=batch_size)
    outputs = _forward(model, [X, *fixed], index, batch_size)
    items = max(1, batch_size // references.shape[1])
    desc = "DeepLIFT/SHAP" if progress else ""
    mean, explained, at_references, halves = heads.in_batches(
        lift, [X, references, outputs, *fixed], items, desc=desc
    )
    hypothetical = (mean * heads.residues(X)[..., None]).astype(np.float32)
    if not np.isfinite(hypothetical).all():
        row = int(np.argwhere(~np.isfinite(hypothetical))[0][0])
        raise ValueError(f"the contributions of sequence {row} are not finite; are the model's weights?")
    deltas = explained - (outputs[:, None] - at_references)
    return Contributions(hypothetical * X, hypothetical, outputs, at_references, deltas, halves)


def mutate(
    model: nn.Module,
    X: np.ndarray,
    *,
    others: Sequence[np.ndarray] = (),
    index: int = 0,
    batch_size: int = 512,
    progress: bool = True,
) -> Mutations:
    """In-silico saturation mutagenesis: every single substitution, one at a time.

    Parameters
    ----------
    model, X, others, index, progress
        As in `deep_lift`.
    batch_size : int, optional
        Mutants in a pass.

    Examples
    --------
    >>> class CountA(nn.Module):
    ...     def forward(self, X):
    ...         return X[:, :1].sum(dim=2)
    >>> X = np.eye(4, dtype=np.float32)[[[0, 1]]]              # the sequence AC
    >>> mutate(CountA(), X).effects[0].tolist()
    [[0.0, -1.0, -1.0, -1.0], [1.0, 0.0, 0.0, 0.0]]
    """
    X, *fixed = _arrays(X, others)
    there = heads.residues(X)
    known = (X == 1.0).any(axis=-1)
    # tangermeme keeps sequences as whole numbers, so an unknown letter is handed over beside them.
    whole = np.where(known[..., None], X, 0.0)
    unknown = there & ~known
    if unknown.any():
        model, fixed = _WithUnknown(model), [np.where(unknown[..., None], X, 0.0), *fixed]

    def change(whole: np.ndarray, *given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of padding, which is meant
            first, changed = saturation_mutagenesis(
                model,
                torch.from_numpy(whole.transpose(0, 2, 1)),
                args=tuple(map(torch.from_numpy, given)) or None,
                batch_size=batch_size,
                raw_outputs=True,
                fast=False,
            )
        start = first[:, index].numpy().astype(np.float64)
        ends = changed[..., index].numpy().astype(np.float64).transpose(0, 2, 1)
        return ends - start[:, None, None], start

    desc = "mutations" if progress else ""
    effects, outputs = heads.in_batches(change, [whole, *fixed], 16, desc=desc)
    effect = (effects * there[..., None] * (X != 1.0)).astype(np.float32)
    losses = -effect.sum(axis=-1, keepdims=True) / (X.shape[-1] - 1)
    return Mutations(effect, losses * whole, outputs)


def out_of_fold(
    explain: Callable[..., R],
    models: Mapping[Any, Any],
    folds: ArrayLike,
    *,
    X: np.ndarray,
    **aligned: np.ndarray,
) -> R:
    """Explain each sequence by the model that did not train on it.

    Parameters
    ----------
    explain : callable
        From a model and an array of sequences to a tuple of arrays with a row a sequence, such as
        `deep_lift`, `mutate` or `helpers.explain.gradients.integrated_gradients` with its options
        set by `functools.partial`.
    models : mapping of int or str to model
        By fold.
    folds : array of int or str, shape=(n,)
        The fold in which each sequence was held out.
    X : numpy.ndarray, shape=(n, length, letters)
    **aligned : numpy.ndarray
        Further arguments of `explain` with a row a sequence, such as ``references``.

    Returns
    -------
    tuple
        As `explain` gives it, rows in the order of X.

    Examples
    --------
    >>> class Two(NamedTuple):
    ...     total: np.ndarray
    >>> double = lambda factor, X: Two(factor * X.sum(axis=(1, 2)))
    >>> out_of_fold(double, {0: 1.0, 1: 10.0}, [1, 0, 1], X=np.ones((3, 2, 4))).total.tolist()
    [80.0, 8.0, 80.0]
    """
    held_out = np.asarray(folds)
    if held_out.shape != (len(X),):
        raise ValueError(f"folds has shape {held_out.shape}; expected ({len(X)},), a fold a sequence")
    if missing := sorted(set(held_out.tolist()) - set(models)):
        raise ValueError(f"no model for fold {missing[0]}; expected folds of the models {sorted(models)}")
    used = {fold: rows for fold in models if (rows := np.flatnonzero(held_out == fold)).size}
    order = np.argsort(np.concatenate(list(used.values())))
    parts = [
        explain(models[fold], X[rows], **{name: array[rows] for name, array in aligned.items()})
        for fold, rows in used.items()
    ]
    return type(parts[0])(*(_joined(field, order) for field in zip(*parts, strict=True)))


def _joined(field: Sequence[Any], order: np.ndarray) -> Any:
    """Rows of one field of several results, in the order of the sequences."""
    if isinstance(field[0], list):
        return [_joined(arrays, order) for arrays in zip(*field, strict=True)]
    return np.concatenate(field)[order]


def row_scorer(
    models: Mapping[Any, heads.Model], folds: ArrayLike, target: str | heads.Target = "logit"
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Function that judges each sequence by the model that did not train on its original.

    Parameters
    ----------
    models : mapping of int or str to keras.Model
        By fold.
    folds : array of int or str, shape=(n,)
        The fold in which each row was held out.
    target : {"logit", "probability"} or Target, optional

    Returns
    -------
    callable
        From sequences (m, length, letters) and the row that each was made from (m,) to numbers
        (m,), float64, as `helpers.motifs.effects` takes it.

    Examples
    --------
    >>> import keras
    >>> score = row_scorer({"a": lambda x: keras.ops.sum(x, axis=(1, 2))}, ["a", "a"])
    >>> score(np.ones((1, 2, 4), dtype=np.float32), np.array([1])).tolist()
    [8.0]
    """
    held_out = np.asarray(folds)
    scorers = {fold: heads.scorer(model, target) for fold, model in models.items()}

    def score(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = np.full(len(X), np.nan)
        for fold, one in scorers.items():
            here = np.flatnonzero(held_out[rows] == fold)
            for cut in heads.batches(len(here), 256):
                found[here[cut]] = one([X[here[cut]]])
        return found

    return score


def save(path: str | Path, X: np.ndarray, found: Contributions, *, ids: ArrayLike) -> Path:
    """Write attributions with what they were made from as an ``.npz`` file, complete or absent."""
    names = np.asarray(ids).astype(str)
    if names.shape != (len(X),) or len(found.values) != len(X):
        counts = f"{names.shape} ids, {len(found.values)} attributions and {len(X)} sequences"
        raise ValueError(f"{counts}; expected one of each a sequence")
    kept = Saved(X.astype(np.float32), found.values, found.hypothetical, found.deltas, names)
    with atomic_path(path) as part:
        np.savez_compressed(part, **kept._asdict())
    return Path(path)


def load(path: str | Path, alphabet: Alphabet) -> Saved:
    """Read an ``.npz`` file that `save`, or another tool, has written with the fields of `Saved`.

    The size of the alphabet is checked; the order of its letters is the caller's word.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:
        raise ValueError(f"{path}: not a whole .npz file ({type(error).__name__}); make it anew") from error
    if missing := [name for name in Saved._fields if name not in arrays]:
        raise ValueError(f"{path}: there is no array {', '.join(missing)}; found {', '.join(arrays)}")
    saved = Saved(*(arrays[name] for name in Saved._fields))
    shapes = [array.shape for array in (saved.X, saved.values, saved.hypothetical)]
    if len({*shapes, (len(saved.ids), *saved.X.shape[1:2], alphabet.size)}) > 1:
        found = f"X, values and hypothetical have the shapes {shapes}, ids {saved.ids.shape}"
        raise ValueError(f"{path}: {found}; expected (n, length, {alphabet.size}) three times and (n,)")
    return saved


class _WithUnknown(nn.Module):
    """A model that gets its unknown letters as a further input, unless they were replaced."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, X: torch.Tensor, unknown: torch.Tensor, *others: torch.Tensor) -> Any:
        """Outputs for ``X``, (n, letters, length), with ``unknown``, (n, length, letters)."""
        absent = (X.sum(dim=1, keepdim=True) == 0).to(X.dtype)
        return self.model(X + absent * unknown.transpose(1, 2), *others)


def _arrays(X: np.ndarray, others: Sequence[np.ndarray] = ()) -> list[np.ndarray]:
    """The sequences and what is held fixed, as many items in each."""
    array = np.ascontiguousarray(X, dtype=np.float32)
    if array.ndim != 3 or not len(array):
        raise ValueError(f"X has the shape {array.shape}; expected (n, length, letters), n at least 1")
    fixed = [np.asarray(other, dtype=np.float32) for other in others]
    if wrong := [len(other) for other in fixed if len(other) != len(array)]:
        raise ValueError(f"a further input holds {wrong[0]} items; expected {len(array)}, one a sequence")
    return [array, *fixed]


def _forward(model: nn.Module, arrays: Sequence[np.ndarray], index: int, batch_size: int) -> np.ndarray:
    """One output for each sequence."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device).eval()

    def run(*batch: np.ndarray) -> tuple[np.ndarray]:
        X, *fixed = (torch.from_numpy(array).to(device) for array in batch)
        return (model(X.transpose(1, 2), *fixed)[:, index].cpu().numpy().astype(np.float64),)

    with torch.no_grad():
        return heads.in_batches(run, arrays, batch_size)[0]


def _lift(
    model: nn.Module,
    X: np.ndarray,
    references: np.ndarray,
    start: np.ndarray,
    *fixed: np.ndarray,
    index: int,
    batch_size: int,
) -> tuple[np.ndarray, ...]:
    """Hypothetical contributions, what they explain against each reference, its output, halves."""
    passes: list[torch.Tensor] = []
    watch = model.register_forward_hook(lambda *given: passes.append(given[2].detach()[:, index]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deltas, which are returned, and of padding, which is meant
            raw = deep_lift_shap(
                model,
                torch.from_numpy(X.transpose(0, 2, 1)),
                args=tuple(map(torch.from_numpy, fixed)) or None,
                references=torch.from_numpy(references.transpose(0, 1, 3, 2)),
                target=index,
                batch_size=batch_size,
                raw_outputs=True,
                only_warn=True,
                additional_nonlinear_ops=getattr(model, "nonlinear_ops", None),  # the rules of a view
            )
    finally:
        watch.remove()
    multipliers = raw.numpy().transpose(0, 1, 3, 2)
    there = np.einsum("nrla,nrla->nrl", references, multipliers)
    explained = np.einsum("nla,nrla->nr", X, multipliers, dtype=np.float64)
    explained -= there.sum(axis=-1, dtype=np.float64)
    outputs = _of_references(passes, start, references.shape[1])
    if outputs is None:
        flat = [array.repeat(references.shape[1], axis=0) for array in fixed]
        flat.insert(0, references.reshape(-1, *X.shape[1:]))
        outputs = _forward(model, flat, index, batch_size).reshape(references.shape[:2])
    each = multipliers - there[..., None]
    halves = np.full((len(X), 2, X.shape[1]), np.nan, dtype=np.float32)
    if each.shape[1] > 1:
        for half in (0, 1):
            halves[:, half] = np.einsum("nla,nla->nl", each[:, half::2].mean(axis=1), X)
    return each.mean(axis=1), explained, outputs, halves


def _of_references(passes: Sequence[torch.Tensor], start: np.ndarray, count: int) -> np.ndarray | None:
    """The references' outputs among those of tangermeme's passes, shape (n, count), or None.

    A pass holds sequences and then a reference of each. That is tangermeme's own affair, so the outputs of
    the sequences, `start`, have to be found in the first halves.
    """
    if any(len(found) % 2 for found in passes) or sum(map(len, passes)) != 2 * count * len(start):
        return None
    first, second = (
        np.concatenate([found.chunk(2)[half].cpu().numpy() for found in passes]).reshape(-1, count)
        for half in (0, 1)
    )
    # To a thousandth of what tells the sequences apart from their references.
    apart = 1e-3 * float(np.nanmax(np.abs(first - second), initial=0.0))
    there = np.allclose(first, start[:, None], rtol=1e-4, atol=apart, equal_nan=True)
    return second.astype(np.float64) if there else None
