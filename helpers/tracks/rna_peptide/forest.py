"""A fitted forest as plain arrays: it is read back without running anybody's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from helpers.stats.odds import sigmoid


class Forest(NamedTuple):
    """The nodes of all trees of a two-class forest, one after the other.

    Attributes
    ----------
    feature : numpy.ndarray, dtype=int32
        Column that a node asks for; -1 in a leaf.
    threshold : numpy.ndarray, dtype=float32
        At most this goes left. Rounded down, so that a value of 32 bits goes where it went.
    left, right : numpy.ndarray, dtype=int32
        Nodes that follow.
    value : numpy.ndarray, dtype=float64
        Of a leaf: the share of positives, or the step in log-odds.
    roots : numpy.ndarray, dtype=int32
        First node of each tree.
    base : numpy.ndarray, shape=()
        Log-odds before the first tree; NaN where trees are averaged, not added up.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    base: np.ndarray

    @classmethod
    def of(cls, model: ExtraTreesClassifier | HistGradientBoostingClassifier) -> Forest:
        """The nodes of a fitted forest of the classes 0 and 1.

        Examples
        --------
        >>> X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
        >>> trees = ExtraTreesClassifier(5, random_state=0).fit(X, y)
        >>> bool(np.allclose(Forest.of(trees).predict(X), trees.predict_proba(X)[:, 1]))
        True
        """
        if model.classes_.tolist() != [0, 1]:
            raise ValueError(f"the forest tells {model.classes_.tolist()} apart; expected 0 and 1")
        if isinstance(model, HistGradientBoostingClassifier):
            nodes = [trees[0].nodes for trees in model._predictors]
            parts = [
                (
                    np.where(one["is_leaf"], -1, one["feature_idx"].astype(np.int64)), one["num_threshold"],
                    one["left"], one["right"], one["value"],
                )
                for one in nodes
            ]  # fmt: skip
            base = float(np.ravel(model._baseline_prediction)[0])
        else:
            parts = [
                (one.feature, one.threshold, one.children_left, one.children_right, _share(one.value))
                for one in (tree.tree_ for tree in model.estimators_)
            ]
            base = np.nan
        sizes = np.cumsum([0, *(len(part[0]) for part in parts)])
        feature, threshold, left, right, value = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        shift = np.repeat(sizes[:-1], np.diff(sizes))
        leaf = feature < 0
        left, right = (
            np.where(leaf, 0, side.astype(np.int64) + shift).astype(np.int32) for side in (left, right)
        )
        return cls(
            np.where(leaf, -1, feature).astype(np.int32), _down(np.where(leaf, 0.0, threshold)), left, right,
            np.where(leaf, value, 0.0), sizes[:-1].astype(np.int32), np.asarray(base),
        )  # fmt: skip

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of the class 1, shape=(n,); `X` is read as float32."""
        X = np.asarray(X, dtype=np.float32)
        row = np.arange(len(X))[:, None]
        node = np.repeat(self.roots[None], len(X), axis=0)
        while (inner := self.feature[node] >= 0).any():
            left = X[row, np.maximum(self.feature[node], 0)] <= self.threshold[node]
            node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)
        value = self.value[node]
        return value.mean(axis=1) if np.isnan(self.base) else sigmoid(value.sum(axis=1) + self.base)

    def to_arrays(self, name: str) -> dict[str, np.ndarray]:
        """The fields by their names behind `name`, as `from_arrays` reads them."""
        return {f"{name}_{field}": values for field, values in self._asdict().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], name: str) -> Forest:
        """The inverse of `to_arrays`."""
        return cls(*(arrays[f"{name}_{field}"] for field in cls._fields))


def _share(value: np.ndarray) -> np.ndarray:
    return value[:, 0, 1] / value[:, 0].sum(axis=1)


def _down(threshold: np.ndarray) -> np.ndarray:
    """The largest 32-bit number that is not above each 64-bit one."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
