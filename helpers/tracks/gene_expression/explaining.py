"""What the networks of several runs read, on validation promoters, beside what needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.explain import controls, counterfactual, scores
from helpers.motifs import effects
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.splits import Fold
from helpers.tracks.gene_expression import data as promoters
from helpers.tracks.gene_expression import simulate, tasks
from helpers.tracks.gene_expression.predictors import Network

METHODS = (tasks.INTEGRATED, tasks.MUTATION, tasks.ATTENTION)
"""Explanations of a trained network."""
TRIVIAL = (controls.WORDS, controls.CLASS_WORDS, controls.MEAN_MAP, controls.NEARNESS)
"""Maps that need no network."""
SHOWN = (tasks.INTEGRATED, tasks.ATTENTION, tasks.UNTRAINED)
"""What figure 5 draws."""
_AT = {"TATA": 125, "initiator": 170, "GC box": 90, "CCAAT": 105, "enhancer 1": 60, "enhancer 2": 30}


class Explained(NamedTuple):
    """Promoters that were explained, each by the network of its run.

    Attributes
    ----------
    items : pandas.DataFrame
        ``promoter`` (row of the data), ``id, group`` and, of several runs, ``run``; one row an item.
    maps : dict of str to numpy.ndarray, shape=(n, length, cell types)
        Importance by name of the method; attributions in the unit of the values.
    elements : pandas.DataFrame
        As `helpers.tracks.gene_expression.data.elements` gives them; ``row`` counts the items.
    sites, decoys : numpy.ndarray, shape=(n, length, cell types), dtype=bool
        Positions of the elements at work in a cell type, and of those that are not.
    """

    items: pd.DataFrame
    maps: dict[str, np.ndarray]
    elements: pd.DataFrame
    sites: np.ndarray
    decoys: np.ndarray


def explain_run(
    data: promoters.Expression,
    fold: Fold,
    networks: tuple[Network, Network],
    *,
    n: int,
    steps: int = 32,
    seed: int = 0,
    **known: Any,
) -> Explained:
    """Explain some validation promoters of a fold by every method.

    Parameters
    ----------
    networks : tuple of Network
        The one that was trained on the fold, and the one of shuffled labels
        (`helpers.tracks.gene_expression.predictors.trained`).
    n, steps : int
        Promoters, and points on the path of the integrated gradients.
    **known
        ``truth``, or ``factors`` and ``taxon``, of `helpers.tracks.gene_expression.data.elements`.
    """
    ours, shuffled = networks
    table = ours.table
    chosen = np.sort(np.random.default_rng(seed).permutation(fold.valid)[:n])
    train = np.sort(fold.train)
    X = table.one_hot(chosen)
    maps = tasks.network_maps(ours.model, shuffled.model, X, steps=steps, seed=seed)
    for name in (tasks.INTEGRATED, tasks.MUTATION):
        maps[name] = maps[name] * ours.deviation
    found = promoters.elements(data, chosen, **known)
    sites, decoys = _masks(found, len(chosen), table.length, data.cell_types)
    learnt, _ = _masks(promoters.elements(data, train, **known), len(train), table.length, data.cell_types)
    maps |= tasks.trivial_maps(
        table.one_hot(train), table.y[train], X, sites=list(np.moveaxis(learnt, -1, 0)),
        centre=table.length - simulate.START,
    )  # fmt: skip
    about = data.promoters.iloc[chosen][["id", "group"]].reset_index(drop=True)
    about.insert(0, "promoter", chosen)
    return Explained(about, maps, found, sites, decoys)


def join(by_run: Mapping[int, Explained]) -> Explained:
    """The items of several runs behind each other, with a column ``run``."""
    runs = [one._replace(items=one.items.assign(run=run)) for run, one in by_run.items()]
    starts = np.cumsum([0, *(len(one.items) for one in runs)])
    moved = [
        one.elements.assign(row=one.elements["row"] + start) for one, start in zip(runs, starts, strict=False)
    ]
    return Explained(
        pd.concat([one.items for one in runs], ignore_index=True),
        {name: np.concatenate([one.maps[name] for one in runs]) for name in runs[0].maps},
        pd.concat(moved, ignore_index=True),
        np.concatenate([one.sites for one in runs]),
        np.concatenate([one.decoys for one in runs]),
    )


def score(found: Explained, cell_types: Sequence[str], *, dataset: str, seed: int = 0) -> pd.DataFrame:
    """`helpers.explain.scores.score_maps` in each cell type; whole loci are drawn for the interval."""
    rows = [
        scores.score_maps(
            {name: values[:, :, task] for name, values in found.maps.items()},
            found.sites[:, :, task],
            decoys=found.decoys[:, :, task] if found.decoys.any() else None,
            groups=found.items["group"].to_numpy(), seed=seed,
            dataset=dataset, task=cell, protocol="validation_promoters",
        )
        for task, cell in enumerate(cell_types)
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def lead(found: Explained, cell_types: Sequence[str], *, seed: int = 0) -> pd.DataFrame:
    """How far each of `METHODS` is above its best rival in each cell type (`helpers.explain.scores.lead`).

    Rivals are the maps without a network and those of networks that learnt nothing of the rule; on
    decoys where there are any. A column ``task`` holds the cell type.
    """
    rivals = [name for name in found.maps if name not in METHODS]
    parts = []
    for task, cell in enumerate(cell_types):
        part = scores.lead(
            {name: values[:, :, task] for name, values in found.maps.items()},
            found.sites[:, :, task], rivals=rivals,
            decoys=found.decoys[:, :, task] if found.decoys.any() else None,
            groups=found.items["group"].to_numpy(), seed=seed,
        )  # fmt: skip
        parts.append(part.assign(task=cell))
    return pd.concat(parts, ignore_index=True)


def gate(
    found: Explained,
    networks: Mapping[int, tuple[Network, Network]],
    *,
    cell_types: Sequence[str],
    dataset: str,
    task: int = 0,
    draws: int = 5,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether the predictions for a cell type rest on the positions that each map names.

    Parameters
    ----------
    networks : dict of int to tuple of Network
        Those of each run; a promoter is predicted by its own run's.
    task : int
        Number of the cell type.
    draws : int
        Choices of positions and letters that are averaged.

    Returns
    -------
    table, curves : pandas.DataFrame
        As `helpers.explain.counterfactual.table` gives it, of the explanations, the untrained network
        and the counts of words; and `helpers.explain.counterfactual.curves` of the integrated gradients.
    """
    score = _scorer(found, networks, task)
    X = next(iter(networks.values()))[0].table.one_hot(found.items["promoter"].to_numpy())
    groups = found.items["group"].to_numpy()
    gates = {
        name: counterfactual.gate(score, X, found.maps[name][:, :, task], draws=draws, seed=seed)
        for name in (*METHODS, tasks.UNTRAINED, controls.WORDS, controls.CLASS_WORDS)
    }
    named = {"dataset": dataset, "task": cell_types[task], "protocol": "validation_promoters"}
    table = counterfactual.table(gates, groups=groups, seed=seed, **named)
    line = found.maps[tasks.INTEGRATED][:, :, task]
    return table, counterfactual.curves(score, X, line, groups=groups, seed=seed)


def drawn(found: Explained, sequences: pd.Series, cell_types: Sequence[str], *, n: int = 4) -> pd.DataFrame:
    """Attention and attributions of the `n` promoters with most elements, position by position.

    Parameters
    ----------
    sequences : pandas.Series
        Of all promoters of the data.

    Returns
    -------
    pandas.DataFrame
        ``id, cell_type, position`` (from 1)``, letter, attention, attribution``.
    """
    first = found.items.drop_duplicates("id").index
    count = found.elements.groupby("row").size().reindex(first, fill_value=0)
    parts = []
    for item in count.sort_values(ascending=False, kind="stable").index[:n]:
        about = found.items.loc[item]
        letters = list(sequences.iloc[about["promoter"]])
        for task, cell in enumerate(cell_types):
            parts.append(pd.DataFrame({
                "id": about["id"], "cell_type": cell, "position": np.arange(len(letters)) + 1,
                "letter": letters, "attention": found.maps[tasks.ATTENTION][item, :, task],
                "attribution": found.maps[tasks.INTEGRATED][item, :, task],
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def insertions(
    networks: Mapping[int, tuple[Network, Network]], *, cell_type: int = 0, n: int = 50, seed: int = 0
) -> pd.DataFrame:
    """What words add to the prediction for random sequences, beside what the rule of the sample says.

    Parameters
    ----------
    networks : dict of int to tuple of Network
        Those of each run.
    cell_type : int
        Number of the cell type, of `helpers.tracks.gene_expression.simulate.CELL_TYPES`.
    n : int
        Random sequences.

    Returns
    -------
    pandas.DataFrame
        ``what, rule`` (log2), ``network`` (mean over the runs) and ``sd`` (over the runs).
    """
    length = next(iter(networks.values()))[0].table.length
    plain = np.random.default_rng(seed).choice(list(DNA.letters), size=(n, length))
    rows = []
    for what, words in _constructs():
        letters, placed = plain.copy(), []
        for name, alike in words:
            word, start = simulate.MOTIFS[name][alike], _AT[name]
            letters[:, start : start + len(word)] = list(word)
            placed.append({"element": name, "start": start, "stop": start + len(word), "alike": alike})
        X, blank = (encoding.one_hot(["".join(row) for row in these], DNA) for these in (letters, plain))
        gains = [
            float(np.mean(ours.predict_one_hot(X) - ours.predict_one_hot(blank), axis=0)[cell_type])
            for ours, _ in networks.values()
        ]
        rule = simulate.expression(placed, length) - simulate.expression([], length)
        sd = np.std(gains, ddof=1) if len(gains) > 1 else np.nan
        rows.append((what, float(rule[cell_type]), float(np.mean(gains)), float(sd)))
    return pd.DataFrame(rows, columns=["what", "rule", "network", "sd"])


def _scorer(found: Explained, networks: Mapping[int, tuple[Network, Network]], task: int) -> effects.Score:
    """Prediction for a cell type by the network of the run that each row is of."""
    run_of = found.items["run"].to_numpy()

    def score(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        p = np.empty(len(X))
        for run, (ours, _) in networks.items():
            own = run_of[rows] == run
            if own.any():
                outputs = tasks.outputs(ours.model, X[own])[:, task]
                p[own] = outputs * ours.deviation[task] + ours.mean[task]
        return p

    return score


def _constructs() -> list[tuple[str, list[tuple[str, bool]]]]:
    found = []
    for name in simulate.MOTIFS:
        lone = name in simulate.PARTNERS
        found.append((f"{name}, alone" if lone else name, [(name, False)]))
        if not lone:
            found.append((f"look-alike of {name}", [(name, True)]))
    both = [(name, False) for name in simulate.PARTNERS]
    first = [(name, name == simulate.PARTNERS[0]) for name in simulate.PARTNERS]
    return [(" and ".join(simulate.PARTNERS), both), ("look-alike of TATA, and initiator", first), *found]


def _masks(
    elements: pd.DataFrame, n: int, length: int, cell_types: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Sites and decoys in each cell type, shape=(n, length, cell types)."""
    found = [simulate.planted_masks(elements, range(n), length, cell_type=cell) for cell in cell_types]
    return np.stack([one[0] for one in found], axis=-1), np.stack([one[1] for one in found], axis=-1)
