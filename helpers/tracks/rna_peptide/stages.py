"""Training in two stages a network that also counts words: the counts first, then the whole."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
import pandas as pd

from helpers.tracks.rna_peptide.network import composition_head, composition_view
from helpers.training.batches import Chains
from helpers.training.fitting import FitResult, Schedule, fit, predict

_CHAINS = ("rna", "peptide")
_EPOCHS, _PATIENCE = 40, 8
_MONITOR = "val_auroc"


def fit_in_stages(
    model: keras.Model,
    inputs: Sequence[Chains],
    y: np.ndarray,
    *,
    valid: tuple[Sequence[Chains], np.ndarray],
    weight: np.ndarray | None = None,
    schedule: Schedule = Schedule(epochs=2, patience=2),  # noqa: B008
    verbosity: int = 1,
) -> FitResult:
    """Train `build_cross_attention`'s network, its composition branches first.

    Words do not change from epoch to epoch. They are counted once a chain, the branches behind
    them are trained in seconds, and only then the attention joins, with weight zero at first. The
    second stage is kept if it validates better. A network without composition branches is trained
    by `fit` alone.

    Parameters
    ----------
    model : keras.Model
        From `helpers.tracks.rna_peptide.network.build_cross_attention`; trained in place.
    inputs, y, valid, weight, verbosity
        As in `fit`; the inputs are `Chains`.
    schedule : Schedule
        For the network as a whole; the validation AUROC chooses the epoch.

    Returns
    -------
    FitResult
        The history has a column ``stage``, ``composition`` or ``whole``; epochs count on.
    """
    whole = functools.partial(
        fit,
        model,
        inputs,
        y,
        valid=valid,
        weight=weight,
        schedule=replace(schedule, monitor=_MONITOR),
        verbosity=verbosity,
    )
    if not any(layer.name == "rna_composition" for layer in model.layers):
        return whole()
    first = _fit_composition(model, inputs, y, valid, schedule.seed, weight, verbosity)
    kept = model.get_weights()
    second = whole()
    best = len(first.history) + second.best_epoch
    if second.history[_MONITOR].max() <= first.history[_MONITOR].max():
        model.set_weights(kept)
        best = first.best_epoch
    stages = {"composition": first.history, "whole": second.history}
    history = pd.concat([table.assign(stage=name) for name, table in stages.items()])
    history["epoch"] = np.arange(1, len(history) + 1)
    return FitResult(model, history.reset_index(drop=True), best)


def balance(groups: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weight of each row, such that either label weighs the same within every group.

    Negatives made by giving each peptide another RNA leave it as many negatives as positives. With
    some rows set aside for a test, the labels that a peptide still has tell which it lacks; a model
    that learns how often a peptide stands under each label is then wrong on the test by design.

    Parameters
    ----------
    groups : numpy.ndarray, shape=(n,)
        Group of each row, such as the ``index`` of the peptides' `Chains`.
    y : numpy.ndarray, shape=(n,)
        Labels, 0 or 1.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float32
        0 for groups with one label only.

    Examples
    --------
    >>> balance(np.array([7, 7, 7, 9]), np.array([1, 0, 0, 1])).tolist()
    [1.5, 0.75, 0.75, 0.0]
    """
    _, group = np.unique(groups, return_inverse=True)
    label = np.asarray(y).astype(int)
    counts = np.zeros((2, group.max(initial=0) + 1))
    np.add.at(counts, (label, group), 1)
    own, other = counts[label, group], counts[1 - label, group]
    return np.where(other > 0, (own + other) / (2 * own), 0.0).astype(np.float32)


def _fit_composition(
    model: keras.Model,
    inputs: Sequence[Chains],
    y: np.ndarray,
    valid: tuple[Sequence[Chains], np.ndarray],
    seed: int,
    weight: np.ndarray | None,
    verbosity: int,
) -> FitResult:
    for name, chains in zip(_CHAINS, inputs, strict=True):
        distinct = _distinct(chains)
        counted = predict(composition_view(model, name), distinct)
        model.get_layer(f"{name}_composition_norm").adapt(counted)
    head = composition_head(model)
    head.compile(
        keras.optimizers.Adam(1e-3),
        "binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auroc")],
        jit_compile=False,
    )
    result = fit(
        head,
        _counted(model, inputs),
        y,
        valid=(_counted(model, valid[0]), valid[1]),
        weight=weight,
        schedule=Schedule(epochs=_EPOCHS, patience=_PATIENCE, seed=seed, monitor=_MONITOR),
        verbosity=verbosity,
    )
    dense = model.get_layer("interaction_dense")
    kernel, bias = dense.get_weights()
    kernel[: model.get_layer("attention").output.shape[-1]] = 0
    dense.set_weights([kernel, bias])
    return result


def _counted(model: keras.Model, inputs: Sequence[Chains]) -> list[np.ndarray]:
    """Inputs of the composition head for each row; the attention's place is held by zeros."""
    columns = []
    for name, chains in zip(_CHAINS, inputs, strict=True):
        counted = predict(composition_view(model, name), _distinct(chains))
        _, place = np.unique(chains.index, return_inverse=True)
        columns.append(counted[place])
    units = model.get_layer("attention").output.shape[-1]
    return [*columns, np.zeros((len(inputs[0]), units), dtype=np.float32)]


def _distinct(chains: Chains) -> Chains:
    """Each chain that is in use, once, in the order of its number."""
    return Chains(chains.codes, np.unique(chains.index), chains.alphabet, length=chains.length)
