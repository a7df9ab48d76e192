"""Several predictors as one, weighed on the validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import nnls
from sklearn.linear_model import LogisticRegression

from helpers.stats.odds import logit, sigmoid

WAYS = ("log_odds", "least_squares", "mean")


class Blend:
    """Predictors weighed on the validation rows, never with a negative weight.

    Every part is fitted so that the validation rows can judge it, by its ``fit_held_out(train,
    valid)`` where it has one (most baselines learn from both in ``fit``), else by ``fit``. Once the
    weights are known, a part that has ``complete(train, valid)`` may learn from both.

    Parameters
    ----------
    parts : dict of str to Predictor
        At least two; the first has a ``table`` with labels or values ``y``. Of a part that predicts
        a mapping, the first entry is blended.
    way : {"log_odds", "least_squares", "mean"}
        Weights of the log-odds by likelihood; of values, centred on their training mean, by least
        squares, a set for each task; or the share of the first of two parts by least squares, drawn
        half way to 0.5, as a few hundred rows say little about a second decimal.
    intercept : bool
        Of the log-odds; False where as many rows are positive as not.
    name : str
        Of the blend among the predictions.
    """

    def __init__(
        self, parts: Mapping[str, Any], *, way: str = "log_odds", intercept: bool = True, name: str = "ours"
    ) -> None:
        if way not in WAYS or len(parts) < 2 or (way == "mean" and len(parts) > 2):
            raise ValueError(
                f"Blend: {len(parts)} parts by {way!r}; expected two or more by {' or '.join(WAYS)}, "
                "and two alone by 'mean'"
            )
        self.parts, self.way, self.name = dict(parts), way, name
        self.settings: dict[str, Any] = {
            "model": "blend", "way": way, "intercept": intercept, "name": name,
            "parts": {part: one.settings for part, one in self.parts.items()},
        }  # fmt: skip
        self.weights = np.zeros(0)
        """Weight of each part, shape (parts,), or (tasks, parts) by least squares."""
        self.intercept: np.ndarray | float = 0.0

    @property
    def table(self) -> Any:
        """The table of the first part."""
        return next(iter(self.parts.values())).table

    def fit(self, train: np.ndarray, valid: np.ndarray, *, y: np.ndarray | None = None) -> None:
        """Fit all parts on `train`, weigh them on `valid`, then let them learn from both."""
        more = {} if y is None else {"y": y}
        for part in self.parts.values():
            getattr(part, "fit_held_out", part.fit)(train, valid, **more)
        self.weigh(train, valid, self.table.y if y is None else y)
        for part in self.parts.values():
            if complete := getattr(part, "complete", None):
                complete(train, valid, **more)

    def weigh(self, train: np.ndarray, valid: np.ndarray, y: np.ndarray) -> None:
        """Find the weights on `valid`; a blend with an interval finds that here, too."""
        X = self.stack(self.predict_parts(valid))
        if self.way == "mean":
            gap = X[:, 0] - X[:, 1]
            size = float(gap @ gap)
            best = float(gap @ (y[valid] - X[:, 1])) / size if size else 0.5
            share = 0.5 * (float(np.clip(best, 0.0, 1.0)) + 0.5)
            self.weights = np.array([share, 1 - share])
        elif self.way == "log_odds":
            stack = LogisticRegression(fit_intercept=self.settings["intercept"]).fit(X, y[valid])
            # Log-odds that speak against an answer are never read as speaking for it.
            self.weights = np.maximum(stack.coef_[0], 0)
            if not self.weights.any():
                self.weights = np.ones(len(self.parts))
            self.intercept = float(np.ravel(stack.intercept_)[0])
        else:
            self._least_squares(X, y[train], y[valid])

    def predict(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Predictions of `rows` by the blend and by each part, or each name that a part predicts."""
        found = self.predict_parts(rows)
        named: dict[str, np.ndarray] = {self.name: self.mix(self.stack(found))}
        for part, p in found.items():
            named |= p if isinstance(p, Mapping) else {part: p}
        return named

    def predict_parts(self, rows: np.ndarray) -> dict[str, Any]:
        """What each part predicts for `rows`."""
        return {name: part.predict(rows) for name, part in self.parts.items()}

    def stack(self, found: Mapping[str, Any]) -> np.ndarray:
        """Predictions of the parts as they are weighed, shape (n, parts) or (n, tasks, parts)."""
        columns = [next(iter(p.values())) if isinstance(p, Mapping) else p for p in found.values()]
        return np.stack([logit(p) for p in columns] if self.way == "log_odds" else columns, axis=-1)

    def mix(self, X: np.ndarray) -> np.ndarray:
        """The blend of what `stack` gives."""
        if self.way == "log_odds":
            return sigmoid(X @ self.weights + self.intercept)
        centre = np.asarray(self.intercept)
        return np.asarray(((X - centre[..., None]) * self.weights).sum(axis=-1) + centre)

    def _least_squares(self, X: np.ndarray, y_train: np.ndarray, y_valid: np.ndarray) -> None:
        known = np.isfinite(y_train)
        self.intercept = np.asarray(np.where(known, y_train, 0).sum(axis=0) / known.sum(axis=0))
        centred = X - self.intercept[..., None]
        target = y_valid - self.intercept
        self.weights = np.zeros(X.shape[1:])
        for task in np.ndindex(X.shape[1:-1]):
            rows = np.isfinite(y_valid[(slice(None), *task)])
            # Never negative: a part that speaks against what it found is not believed.
            weights = nnls(centred[(rows, *task)], target[(rows, *task)])[0]
            self.weights[task] = weights if weights.any() else 1 / len(self.parts)
