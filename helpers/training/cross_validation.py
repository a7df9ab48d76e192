"""Cross-validation that can be interrupted: a fold that is done is read back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from helpers.project import code, paths
from helpers.training.store import fingerprint

_COLUMNS = ("row", "group", "group_2", "run", "fold", "task", "y", "p", "model")
# What a kept fold says of itself, in every row: how many it has, and what it cost.
_KEPT = ("rows", "train_rows", "fit_seconds", "predict_seconds")


class Predictor(Protocol):
    """What `cross_validate` asks of a model: fit on rows, choose on rows, predict rows."""

    settings: Mapping[str, Any]
    """Plain values that say how it is built; part of the key under which a fold is kept."""

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; every choice is made on the rows `valid`."""

    def predict(self, rows: np.ndarray) -> np.ndarray | Mapping[str, Any]:
        """Predictions of `rows`, one a row (and task); a mapping names the parts of a model."""


def cross_validate(
    make: Mapping[str, Callable[[], Predictor]],
    y: Any,
    folds: Sequence[Any],
    *,
    groups: Any = None,
    folder: str | Path | None = None,
    data_key: str = "",
    verbosity: int = 1,
) -> pd.DataFrame:
    """Predictions for every test row, from models that never saw its fold.

    Parameters
    ----------
    make : dict of str to callable
        For each model's name, a function that gives a fresh `Predictor`.
    y : array-like, shape=(n,), or pandas.DataFrame, shape=(n, tasks)
        Labels or values; a column a task, NaN where one was not measured (no row in the result).
    folds : sequence of helpers.splits.Fold
        Rows of each fold: ``train``, ``valid``, ``test``, ``name``.
    groups : array-like, shape=(n,) or (n, 2), optional
        What each row belongs to, for intervals: the column ``group`` of the result, and ``group_2``
        where rows are pairs and belong to something on either side.
    folder : str, pathlib.Path or None
        Where the predictions of finished folds are kept and read back. None keeps nothing.
    data_key : str
        What identifies the data, such as their sha256; required with a folder. A fold's file is
        found by it, the settings, the rows, and the code of the predictor and of all it holds. It also
        says what the fold cost: seconds of processor time to fit and to predict, and training rows.
    verbosity : int
        0 shows nothing, 1 one progress bar.

    Returns
    -------
    pandas.DataFrame
        Columns ``row, run, fold, y, p, model``, and ``group`` (and ``group_2``) behind ``row`` and
        ``task`` behind ``fold`` where there are any. `run` is 1: give each repetition its own
        partition (`folds`) and its own seed (`make`), say which it is by ``.assign(run=2)``, and join
        the tables: `helpers.stats.scoring` takes the mean over runs. A mapping of a predictor gives a
        model for each of its names. Where one of its values is a DataFrame, its column ``p`` is the
        prediction and the others, such as ``low`` and ``high``, stand behind ``model``.

    Raises
    ------
    ValueError
        If a test row of a fold is among its training or validation rows, predictions have another
        shape than the labels, or a folder is given without `data_key`.

    Examples
    --------
    >>> from types import SimpleNamespace as Fold
    >>> class Mean:
    ...     settings = {}
    ...     def fit(self, train, valid):
    ...         self.p = y[train].mean()
    ...     def predict(self, rows):
    ...         return np.full(len(rows), self.p)
    >>> y = np.array([0, 1, 1, 1])
    >>> fold = Fold(train=np.array([0, 1]), valid=np.array([2]), test=np.array([3]), name="1")
    >>> cross_validate({"mean": Mean}, y, [fold], verbosity=0).to_dict("records")
    [{'row': 3, 'run': 1, 'fold': '1', 'y': 1, 'p': 0.5, 'model': 'mean'}]
    """
    if folder is not None and not data_key:
        raise ValueError(
            "cross_validate: a folder without data_key would give back other data's folds; give data_key, too"
        )
    tasks = list(map(str, y.columns)) if isinstance(y, pd.DataFrame) else None
    y = np.asarray(y)
    if y.ndim == 2 and tasks is None:
        tasks = list(map(str, range(y.shape[1])))
    of = None if groups is None else np.asarray(groups)
    if of is not None and of.shape not in ((len(y),), (len(y), 2)):
        raise ValueError(
            f"cross_validate: groups of shape {of.shape} for {len(y)} rows; expected one a row "
            "(or two, for pairs)"
        )
    fits = [(name, build, fold) for fold in folds for name, build in make.items()]
    tables = []
    with tqdm(fits, unit="fit", disable=verbosity == 0, desc="folds") as bar:
        for name, build, fold in bar:
            bar.set_postfix_str(f"{name}, {fold.name}", refresh=verbosity > 0)
            _check_fold(fold)
            predictor, path = build(), None
            if folder is not None:
                plain = [dict(predictor.settings), data_key, tasks, code.key(predictor)]
                key = fingerprint(plain, [y, fold.train, fold.valid, fold.test])
                path = Path(folder) / f"{name}-{fold.name}-{key}.csv"
            table = None if path is None else _read(path)
            if table is None:
                table = _predict_fold(name, predictor, y, tasks, fold)
                if path is not None:
                    with paths.atomic_path(path) as part:
                        table.assign(rows=len(table)).to_csv(part, index=False, lineterminator="\n")
            tables.append(table.drop(columns=[*_KEPT], errors="ignore"))
    # A table without rows, read from a file, does not know the types of its columns.
    found = pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
    found["run"] = 1
    if of is not None:
        rows = found["row"].to_numpy(dtype=int)
        for name, side in zip(("group", "group_2"), of.reshape(len(of), -1).T, strict=False):
            found[name] = side[rows]
    first = [name for name in _COLUMNS if name in found]
    return found[[*first, *(name for name in found if name not in first)]]


def _read(path: Path) -> pd.DataFrame | None:
    """A kept fold; None if there is none, or it is cut short: each row says how many there are."""
    if not path.is_file():
        return None
    # A task may be called NA or 1: it is read as the word it is.
    words = {"fold": str, "model": str, "task": str}
    try:
        table = pd.read_csv(path, dtype=words, keep_default_na=False, na_values=[""])
        whole = bool((table["rows"].astype(int) == len(table)).all())
        return table if whole and (len(table) or not path.read_text().strip().count("\n")) else None
    except (KeyError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return None


def _predict_fold(
    name: str, predictor: Predictor, y: np.ndarray, tasks: Sequence[str] | None, fold: Any
) -> pd.DataFrame:
    train, valid, test = (np.asarray(rows) for rows in (fold.train, fold.valid, fold.test))
    clock = [time.process_time()]
    predictor.fit(train, valid)
    clock.append(time.process_time())
    found: Any = predictor.predict(test)
    clock.append(time.process_time())
    named = found if isinstance(found, Mapping) else {name: found}
    parts = [_rows(model, p, y, tasks, test, fold.name) for model, p in named.items()]
    fit, use = (round(later - earlier, 3) for earlier, later in pairwise(clock))
    cost = {"train_rows": len(train), "fit_seconds": fit, "predict_seconds": use}
    return pd.concat(parts, ignore_index=True).assign(**cost)


def _rows(
    model: str, found: Any, y: np.ndarray, tasks: Sequence[str] | None, test: np.ndarray, fold: str
) -> pd.DataFrame:
    more = found.drop(columns="p").reset_index(drop=True) if isinstance(found, pd.DataFrame) else None
    p = np.asarray(found if more is None else found["p"])
    if p.shape != y[test].shape:
        raise ValueError(
            f"model {model!r} gave predictions of shape {p.shape} for {len(test)} rows of fold "
            f"{fold}; expected {y[test].shape}, one a row" + (" and task" if tasks else "")
        )
    named = {"fold": str(fold), "model": model}
    if tasks is None:
        return pd.DataFrame({"row": test, "y": y[test], "p": p.astype(float), **named}).join(
            pd.DataFrame() if more is None else more
        )
    # One task after the other, without what was not measured.
    task, row = np.nonzero(np.isfinite(y[test]).T)
    values = {"y": y[test][row, task], "p": p[row, task].astype(float)}
    return pd.DataFrame({"row": test[row], "task": np.asarray(tasks, dtype=object)[task], **values, **named})


def _check_fold(fold: Any) -> None:
    for part in ("train", "valid"):
        shared = np.intersect1d(getattr(fold, part), fold.test)
        if shared.size:
            raise ValueError(
                f"fold {fold.name}: {shared.size} test rows are also {part} rows (first, row {shared[0]})"
            )
