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

from helpers import runs

_COLUMNS = ["row", "fold", "y", "p", "model"]


class Predictor(Protocol):
    """What `cross_validate` asks of a model: fit on rows, choose on rows, predict rows."""

    settings: Mapping[str, Any]
    """Plain values that say how it is built; part of the key under which a fold is kept."""

    def fit(self, train: np.ndarray, valid: np.ndarray) -> None:
        """Fit on the rows `train`; every choice is made on the rows `valid`."""

    def predict(self, rows: np.ndarray) -> np.ndarray | Mapping[str, np.ndarray]:
        """Probabilities of `rows`; a mapping names the parts of a model that has several."""


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
    folder: str | Path | None = None,
    data: str = "",
    verbosity: int = 1,
) -> pd.DataFrame:
    """Probabilities of every test row, from models that never saw its fold.

    Parameters
    ----------
    make : dict of str to callable
        For each model's name, a function that gives a fresh `Predictor`.
    y : numpy.ndarray, shape=(n,)
        Labels, 0 or 1.
    folds : sequence of helpers.splits.Fold
        Rows of each fold: ``train``, ``valid``, ``test``, ``name``.
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
        for each of its names.

    Raises
    ------
    ValueError
        If a test row of a fold is among its training or validation rows, or a predictor gives
        another number of probabilities than rows.

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
    tasks = [(name, build, fold) for fold in folds for name, build in make.items()]
    tables = []
    with tqdm(tasks, unit="fit", disable=verbosity == 0, desc="folds") as bar:
        for name, build, fold in bar:
            bar.set_postfix_str(f"{name}, {fold.name}", refresh=verbosity > 0)
            _check_fold(fold)
            tables.append(_one_fold(name, build(), y, fold, folder, data))
    return pd.concat(tables, ignore_index=True)[_COLUMNS]


def _one_fold(
    name: str, predictor: Predictor, y: np.ndarray, fold: Any, folder: str | Path | None, data: str
) -> pd.DataFrame:
    path = None
    if folder is not None:
        key = _fingerprint(predictor.settings, y, fold, data)
        path = Path(folder) / f"{name}-{fold.name}-{key}.csv"
        if path.is_file():
            return pd.read_csv(path, dtype={"fold": str, "model": str})
    train, valid, test = (np.asarray(rows) for rows in (fold.train, fold.valid, fold.test))
    predictor.fit(train, valid)
    found = predictor.predict(test)
    columns = found if isinstance(found, Mapping) else {name: found}
    table = pd.concat(
        [_rows(model, np.asarray(p), y, test, fold.name) for model, p in columns.items()],
        ignore_index=True,
    )
    if path is not None:
        with runs.atomic_path(path) as part:
            table.to_csv(part, index=False, lineterminator="\n")
    return table


def _rows(model: str, p: np.ndarray, y: np.ndarray, test: np.ndarray, fold: str) -> pd.DataFrame:
    if p.shape != test.shape:
        raise ValueError(
            f"model {model!r} gave probabilities of shape {p.shape} for {len(test)} rows of fold "
            f"{fold}; expected one a row"
        )
    return pd.DataFrame(
        {"row": test, "fold": str(fold), "y": y[test], "p": p.astype(float), "model": model}
    )


def _check_fold(fold: Any) -> None:
    for part in ("train", "valid"):
        shared = np.intersect1d(getattr(fold, part), fold.test)
        if shared.size:
            raise ValueError(
                f"fold {fold.name}: {shared.size} test rows are also {part} rows (the first is row "
                f"{shared[0]}); expected none. Make the folds with helpers.splits"
            )


def _fingerprint(settings: Mapping[str, Any], y: np.ndarray, fold: Any, data: str) -> str:
    """Key of everything a fold's predictions depend on; ten hexadecimal digits."""
    digest = hashlib.sha256(json.dumps([settings, data], sort_keys=True).encode())
    digest.update(np.ascontiguousarray(y, dtype=np.float64).tobytes())
    for rows in (fold.train, fold.valid, fold.test):
        digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
        digest.update(b"|")
    return digest.hexdigest()[:10]
