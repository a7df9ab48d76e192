"""Cross-validation that can be interrupted: a fold that is done is read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from helpers.project import paths

_COLUMNS = ["row", "fold", "y", "p", "model"]


class Predictor(Protocol):
    """What `cross_validate` asks of a model: fit on rows, choose on rows, predict rows."""

    settings: Mapping[str, Any]
    """Plain values that say how it is built; part of the key under which a fold is kept."""

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; every choice is made on the rows `valid`."""

    def predict(self, rows: np.ndarray) -> np.ndarray | Mapping[str, np.ndarray]:
        """Predictions of `rows`, one a row (and task); a mapping names the parts of a model."""


class FoldLike(Protocol):
    """Rows of one fold, such as `helpers.splits.Fold`."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    name: str


def cross_validate(
    make: Mapping[str, Callable[[], Predictor]],
    y: np.ndarray,
    folds: Sequence[Any],
    *,
    tasks: Sequence[str] | None = None,
    folder: str | Path | None = None,
    data: str = "",
    verbosity: int = 1,
) -> pd.DataFrame:
    """Predictions for every test row, from models that never saw its fold.

    Parameters
    ----------
    make : dict of str to callable
        For each model's name, a function that gives a fresh `Predictor`.
    y : numpy.ndarray, shape=(n,) or (n, tasks)
        Labels or measured values; for several tasks NaN where one was not measured, and such a cell
        has no row in the result.
    folds : sequence of helpers.splits.Fold
        Rows of each fold: ``train``, ``valid``, ``test``, ``name``.
    tasks : sequence of str, optional
        Names of the columns of a `y` of several tasks; their numbers from 0 by default.
    folder : str, pathlib.Path or None
        Folder for the predictions of finished folds; on a further run they are read back. None
        keeps nothing.
    data : str
        What identifies the data, such as their sha256; part of the key of a fold's file.
    verbosity : int
        0 shows nothing, 1 one progress bar.

    Returns
    -------
    pandas.DataFrame
        Columns ``row, fold, y, p, model``; a predictor that gives a mapping contributes a model
        for each of its names. With a `y` of several tasks a column ``task`` stands behind ``fold``.

    Raises
    ------
    ValueError
        If a test row of a fold is among its training or validation rows, a predictor gives
        another number of predictions than rows (and tasks), or names do not fit the tasks.

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
    [{'row': 3, 'fold': '1', 'y': 1, 'p': 0.5, 'model': 'mean'}]
    """
    y = np.asarray(y)
    named = _task_names(y, tasks)
    fits = [(name, build, fold) for fold in folds for name, build in make.items()]
    tables = []
    with tqdm(fits, unit="fit", disable=verbosity == 0, desc="folds") as bar:
        for name, build, fold in bar:
            bar.set_postfix_str(f"{name}, {fold.name}", refresh=verbosity > 0)
            _check_fold(fold)
            tables.append(_one_fold(name, build(), y, named, fold, folder, data))
    columns = _COLUMNS if named is None else [*_COLUMNS[:2], "task", *_COLUMNS[2:]]
    # A table without rows, read from a file, does not know the types of its columns.
    filled = [table for table in tables if len(table)] or tables
    return pd.concat(filled, ignore_index=True)[columns]


def _one_fold(
    name: str,
    predictor: Predictor,
    y: np.ndarray,
    tasks: Sequence[str] | None,
    fold: Any,
    folder: str | Path | None,
    data: str,
) -> pd.DataFrame:
    path = None
    if folder is not None:
        key = _fingerprint(predictor.settings, y, tasks, fold, data)
        path = Path(folder) / f"{name}-{fold.name}-{key}.csv"
        if path.is_file():
            # A task may be called NA or 1: it is read as the word it is.
            words = {"fold": str, "model": str, "task": str}
            empty = {"y": [""], "p": [""]}
            return pd.read_csv(path, dtype=words, keep_default_na=False, na_values=empty)
    train, valid, test = (np.asarray(rows) for rows in (fold.train, fold.valid, fold.test))
    predictor.fit(train, valid)
    found = predictor.predict(test)
    columns = found if isinstance(found, Mapping) else {name: found}
    table = pd.concat(
        [_rows(model, np.asarray(p), y, tasks, test, fold.name) for model, p in columns.items()],
        ignore_index=True,
    )
    if path is not None:
        with paths.atomic_path(path) as part:
            table.to_csv(part, index=False, lineterminator="\n")
    return table


def _rows(
    model: str,
    p: np.ndarray,
    y: np.ndarray,
    tasks: Sequence[str] | None,
    test: np.ndarray,
    fold: str,
) -> pd.DataFrame:
    if p.shape != y[test].shape:
        what = "probabilities" if tasks is None else "predictions"
        raise ValueError(
            f"model {model!r} gave {what} of shape {p.shape} for {len(test)} rows of fold "
            f"{fold}; expected one a row" + ("" if tasks is None else f" and task, {y[test].shape}")
        )
    found = {"fold": str(fold), "model": model}
    if tasks is None:
        return pd.DataFrame({"row": test, "y": y[test], "p": p.astype(float), **found})
    row, task = np.nonzero(np.isfinite(y[test]))
    order = np.lexsort([row, task])
    row, task = row[order], task[order]
    return pd.DataFrame({
        "row": test[row], "task": np.asarray(tasks, dtype=object)[task], "y": y[test][row, task],
        "p": p[row, task].astype(float), **found,
    })  # fmt: skip


def _task_names(y: np.ndarray, tasks: Sequence[str] | None) -> Sequence[str] | None:
    """Names of the tasks; None for labels of one task, which have no column for it."""
    if y.ndim == 1:
        if tasks is not None:
            raise ValueError(
                f"tasks names {', '.join(tasks)}, but y has one dimension; expected (n, tasks). "
                "Leave tasks out, or give y[:, None]"
            )
        return None
    names = list(map(str, range(y.shape[1]))) if tasks is None else list(tasks)
    if len(names) != y.shape[1] or len(set(names)) < len(names):
        raise ValueError(
            f"tasks names {', '.join(names)} for y of shape {y.shape}; expected a name of its own "
            "for each column"
        )
    return names


def _check_fold(fold: Any) -> None:
    for part in ("train", "valid"):
        shared = np.intersect1d(getattr(fold, part), fold.test)
        if shared.size:
            raise ValueError(
                f"fold {fold.name}: {shared.size} test rows are also {part} rows (the first is row "
                f"{shared[0]}); expected none. Make the folds with helpers.splits"
            )


def _fingerprint(
    settings: Mapping[str, Any], y: np.ndarray, tasks: Sequence[str] | None, fold: Any, data: str
) -> str:
    """Key of everything a fold's predictions depend on; ten hexadecimal digits."""
    named = [settings, data] if tasks is None else [settings, data, list(tasks)]
    digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(y, dtype=np.float64).tobytes())
    for rows in (fold.train, fold.valid, fold.test):
        digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
        digest.update(b"|")
    return digest.hexdigest()[:10]
