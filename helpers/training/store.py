"""Fitted networks in a folder, each found by all that it rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.project import code
from helpers.training.fitting import FitResult
from helpers.training.saving import card_path, load_run, save_run


def fingerprint(plain: Any, arrays: Iterable[np.ndarray] = ()) -> str:
    """Ten hexadecimal digits of plain values and of arrays, of which type and shape count, too.

    Examples
    --------
    >>> fingerprint({"seed": 1}, [np.arange(3)]) == fingerprint({"seed": 1}, [np.arange(2)])
    False
    """
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for array in map(np.ascontiguousarray, arrays):
        # Words and objects have no bytes of their own.
        text = array.dtype.hasobject or array.dtype.kind == "U"
        content = json.dumps(array.tolist()).encode() if text else array.tobytes()
        digest.update(f"|{array.dtype.kind}{array.dtype.itemsize}{array.shape}|".encode() + content)
    return digest.hexdigest()[:10]


class Store:
    """Keeps fitted networks in a folder under a key of settings, data, rows and code.

    Parameters
    ----------
    folder : str, pathlib.Path or None
        None keeps nothing.
    data : str
        What identifies the data, such as their sha256.
    maker : object or str
        Predictor, class or module whose code, and all that it imports, is part of the key.
    """

    def __init__(self, folder: str | Path | None, *, data: str = "", maker: Any = ()) -> None:
        self.folder = None if folder is None else Path(folder)
        self.data, self._maker = data, maker

    def path(self, name: str, settings: Mapping[str, Any], arrays: Iterable[np.ndarray]) -> Path:
        """Model file of a network with these settings, fitted on `arrays` (rows, and labels if others).

        Raises
        ------
        ValueError
            If there is no folder.
        """
        if self.folder is None:
            raise ValueError("no folder was given, so no model is kept; give folder=")
        plain = [dict(settings), self.data, code.key(self._maker)]
        return self.folder / f"{name}-{fingerprint(plain, arrays)}.keras"

    def fit(
        self,
        name: str,
        settings: Mapping[str, Any],
        arrays: Iterable[np.ndarray],
        *,
        train: Callable[[], FitResult],
        card: Callable[[FitResult], Mapping[str, Any]] = lambda result: {},
    ) -> FitResult:
        """The network that was kept, or else what `train` gives, which is then kept with its card.

        A network counts as kept when its card is there, which is written last and holds its history.
        """
        if self.folder is None:
            return train()
        path = self.path(name, settings, arrays)
        if path.is_file() and card_path(path).is_file():
            model, kept = load_run(path)
            history = pd.DataFrame(kept["history"], columns=kept["history_columns"]).apply(pd.to_numeric)
            return FitResult(model, history, kept["best_epoch"])
        result = train()
        history = result.history.astype(object).where(result.history.notna(), None).to_dict("list")
        # JSON is written with sorted keys; what is read back has its columns in their order.
        told = {"history": history, "history_columns": list(history), "best_epoch": result.best_epoch}
        save_run(path, result.model, {**card(result), **told})
        return result
