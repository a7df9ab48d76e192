"""Would more data help? The same models from an eighth, a quarter, a half and all of a fold's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.splits.folds import Fold
from helpers.stats import scoring, verdicts
from helpers.stats.metrics import kind_of
from helpers.training.cross_validation import Predictor, cross_validate

COLUMNS = [
    "protocol", "task", "model", "share", "train", "metric", "value", "ci_low", "ci_high", "gain", "gain_low",
    "gain_high", "n",
]  # fmt: skip


def read_shares(text: str) -> list[float]:
    """Shares of the rows from words such as ``0.125, 0.25, 0.5, 1``; none from an empty text.

    Raises
    ------
    ValueError
        If a word is no number above 0 and up to 1, or they do not rise.

    Examples
    --------
    >>> read_shares("0.25, 1")
    [0.25, 1.0]
    """
    words = [word for word in (part.strip() for part in text.split(",")) if word]
    try:
        shares = [float(word) for word in words]
    except ValueError:
        shares = [0.0]
    if any(not 0 < share <= 1 for share in shares) or shares != sorted(set(shares)):
        raise ValueError(
            f"curve: {text!r}; expected shares of the training rows that rise, each above 0 and up to 1, "
            "such as 0.125, 0.25, 0.5, 1"
        )
    return shares


def part_of(fold: Fold, share: float, *, groups: ArrayLike | None = None, seed: int = 0) -> Fold:
    """A fold with a share of its training and validation rows, and the test rows as they are.

    Parts of one fold and seed are nested: a smaller one lies within a larger one.

    Parameters
    ----------
    fold : Fold
    share : float
        Above 0; 1 gives the fold itself.
    groups : array-like, shape=(n,), optional
        What every row of the data belongs to; whole groups are drawn, until the share is reached.
    seed : int
        Of the draw.

    Examples
    --------
    >>> whole = Fold(np.arange(8), np.arange(8, 12), np.arange(12, 14), "1")
    >>> half = part_of(whole, 0.5)
    >>> len(half.train), len(half.valid), len(half.test), half.name
    (4, 2, 2, '1_0.5')
    """
    if share >= 1:
        return fold
    of = np.arange(1 + max(map(max, fold[:3]))) if groups is None else np.asarray(groups)
    parts = []
    for number, rows in enumerate((fold.train, fold.valid)):
        names, group = np.unique(of[rows], return_inverse=True)
        place = np.random.default_rng([seed, number]).permutation(len(names))[group]
        before = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(names)))[:-1]])
        parts.append(rows[before[place] < share * len(rows)])
    return fold._replace(train=parts[0], valid=parts[1], name=f"{fold.name}_{share:g}")


def learn(
    make: Mapping[str, Callable[[], Predictor]],
    y: Any,
    fold: Fold,
    *,
    shares: Sequence[float],
    groups: ArrayLike | None = None,
    seed: int = 0,
    **options: Any,
) -> pd.DataFrame:
    """Predictions for the test rows of a fold from a share of its other rows, for each of some shares.

    Parameters
    ----------
    make, y, fold
        As for `helpers.training.cross_validate`: ours and a simple model are enough.
    shares : sequence of float
        From `read_shares`. What a cross-validation has kept in `folder` for the whole fold is read back.
    groups : array-like, shape=(n,) or (n, 2), optional
        For intervals. Of one column whole groups are drawn; of two, for pairs, single rows.
    seed : int
        Of the draw.
    **options
        ``folder, data_key, verbosity``, as for `helpers.training.cross_validate`.

    Returns
    -------
    pandas.DataFrame
        As `helpers.training.cross_validate`, with ``share`` and ``train``, the number of training rows.
        Where tasks are not columns of `y`, add a column ``task`` before `score`.

    Examples
    --------
    >>> class Mean:
    ...     settings = {}
    ...     def fit(self, train, valid):
    ...         self.p = y[train].mean()
    ...     def predict(self, rows):
    ...         return np.full(len(rows), self.p)
    >>> y = np.arange(6.0)
    >>> fold = Fold(np.arange(4), np.arange(4, 5), np.arange(5, 6), "1")
    >>> learn({"mean": Mean}, y, fold, shares=[0.5, 1], verbosity=0)[["share", "train"]].values.tolist()
    [[0.5, 2.0], [1.0, 4.0]]
    """
    of = None if groups is None else np.asarray(groups)
    drawn = of if of is not None and of.ndim == 1 else None
    found = []
    for share in shares:
        part = part_of(fold, share, groups=drawn, seed=seed)
        table = cross_validate(make, y, [part], groups=of, **options)
        found.append(table.assign(fold=fold.name, share=share, train=len(part.train)))
    return pd.concat(found, ignore_index=True)


def score(
    learnt: pd.DataFrame,
    *,
    models: Sequence[str] = ("ours", "baseline"),
    metric: str = "auroc",
    protocol: str = "",
    n_boot: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The learning curve: a row a task, model and share, with the gain over the share before.

    Parameters
    ----------
    learnt : pandas.DataFrame
        From `learn`, with a column ``group`` (and ``group_2``): whole groups are drawn. With a column
        ``within``, the tasks of a classification, their mean is scored; ``task`` is then ``mean``.
    models : sequence of str
        Which of its models.
    metric : str
        One of `helpers.stats.metrics`.
    protocol : str
        Name of the protocol, for the table.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; ``gain`` is paired (the same test rows), with its 95 % interval, and empty at
        the smallest share.
    """
    kept = learnt[learnt["model"].isin(list(models))]
    kept = kept.assign(
        protocol=protocol, of=kept["model"], model=kept["model"] + " " + kept["share"].astype(str)
    )
    about = kept.groupby("model", sort=False)[["of", "share", "train"]].first()
    options: dict[str, Any] = {"n_boot": n_boot, "seed": seed}
    if "within" in kept:
        table = scoring.macro(kept.assign(task=kept["within"]), dataset="", **options)
    else:
        table = scoring.score(kept, dataset="", kind=kind_of(metric), **options)
    table = table[table["metric"] == metric].merge(about, left_on="model", right_index=True)
    gains = []
    for _, names in about.groupby("of", sort=False):
        for before, name in pairwise(names.index):
            gains.append(scoring.compare(kept, name, [before], metric=metric, **options))
    if gains:
        named = {"value": "gain", "ci_low": "gain_low", "ci_high": "gain_high"}
        gain = pd.concat(gains).rename(columns=named)
        keys = ["model", *(["task"] if "task" in gain else [])]
        table = table.merge(gain[[*keys, *named.values()]], how="left", on=keys)
    table["model"] = table.pop("of")
    return table.reindex(columns=COLUMNS)


def sentences(table: pd.DataFrame, *, decimals: int = 3) -> str:
    """What the last step of a learning curve says about more data, a line a task and model (Markdown).

    Examples
    --------
    >>> row = {"task": "", "model": "ours", "metric": "auroc", "train": [500, 1000], "value": [0.70, 0.75],
    ...     "gain": [np.nan, 0.05], "gain_low": [np.nan, 0.02], "gain_high": [np.nan, 0.08]}
    >>> sentences(pd.DataFrame(row), decimals=2).split(". ")[0]
    '- Ours, from 500 to 1,000 training rows: AUROC +0.05 (0.02 to 0.08)'
    """
    lines = []
    for (task, model), part in table.groupby(["task", "model"], sort=False):
        if len(part) < 2:
            continue
        before, last = part.sort_values("train").iloc[-2:].to_dict("records")
        row = {"value": last["gain"], "ci_low": last["gain_low"], "ci_high": last["gain_high"]}
        sign = -1 if last["metric"] in verdicts.ERRORS else 1
        side = sign * verdicts.shown(row)
        said = {
            1: "It was still rising: more rows like these would probably help.",
            0: "That it still rose is not shown: more rows like these may not help.",
            -1: "More rows made it worse, which needs an explanation.",
        }[side]
        name = str(model).replace("_", " ")
        of = "Mean over the tasks" if task == "mean" else task
        words = f"{of}, {name}" if task else name[:1].upper() + name[1:]
        metric = verdicts.metric_name(last["metric"])
        lines.append(
            f"- {words}, from {before['train']:,} to {last['train']:,} training rows: {metric} "
            f"{'+' if row['value'] >= 0 else ''}{verdicts.interval(row, decimals=decimals)}. {said}"
        )
    return "\n".join(lines)
