"""A Gaussian process whose covariance is a sum of parts, each about one view of the rows.

A part says how alike two rows are: by named features, by letters, or by being rows of one group
(an mRNA, a batch) and standing near one another in it. How much each part counts is learnt by
marginal likelihood on training rows (Rasmussen and Williams 2006, ISBN 026218253X, chapter 5).
A part about groups is a random effect: rows of a group that was never seen get nothing from it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from helpers.project.paths import atomic_path

Blocks = Mapping[str, np.ndarray]
KINDS = ("linear", "rbf", "group")
MOST_STEPS = 200


class Part(NamedTuple):
    """One part of the covariance.

    Attributes
    ----------
    name : str
    kind : str
        ``"linear"``: product of the rows of a block; ``"rbf"``: falls with their distance;
        ``"group"``: 1 within a group and 0 between groups, falling with the distance in the
        column ``place`` if a scale is given.
    block : str
        Which block of numbers; for ``"group"`` the block of group names.
    scale : float
        ``"rbf"``: distance at which likeness has fallen to 0.61, in units of the square root of
        the block's width. ``"group"``: distance in the unit of the place at which it has fallen
        to 0.37; 0 for a likeness that does not fall.
    """

    name: str
    kind: str
    block: str
    scale: float = 1.0


class GaussianProcess:
    """Regression by a Gaussian process with parts.

    Parameters
    ----------
    parts : sequence of Part
    rows : int
        How many training rows the weights of the parts are learnt on; all rows give the
        prediction.
    seed : int
        Seed of the choice of those rows.

    Examples
    --------
    >>> x = np.linspace(0, 1, 30)[:, None]
    >>> process = GaussianProcess([Part("x", "rbf", "x", 0.2)]).fit({"x": x}, np.sin(6 * x[:, 0]))
    >>> mean, deviation = process.predict({"x": np.array([[0.5], [5.0]])})
    >>> bool(abs(mean[0] - np.sin(3)) < 0.05), bool(deviation[1] > 10 * deviation[0])
    (True, True)
    """

    def __init__(self, parts: Sequence[Part], *, rows: int = 800, seed: int = 0) -> None:
        for part in parts:
            if part.kind not in KINDS:
                raise ValueError(f"part {part.name!r} is of kind {part.kind!r}; expected {', '.join(KINDS)}")
        self.parts, self.rows, self.seed = list(parts), rows, seed
        self.weights = np.zeros(0)
        self.noise = np.nan

    def fit(self, blocks: Blocks, y: np.ndarray) -> GaussianProcess:
        """Learn the weights of the parts, and take in all rows.

        Parameters
        ----------
        blocks : dict of str to numpy.ndarray, shape=(n, ...)
            Every block that a part names; ``place`` where a group part has a scale.
        """
        y = np.asarray(y, dtype=float)
        blocks = self._checked(blocks, len(y))
        rng = np.random.default_rng(self.seed)
        chosen = np.sort(rng.permutation(len(y))[: self.rows])
        self._learn({name: block[chosen] for name, block in blocks.items()}, y[chosen])
        return self.take(blocks, y)

    def take(self, blocks: Blocks, y: np.ndarray) -> GaussianProcess:
        """Take in other rows with the weights as they are."""
        y = np.asarray(y, dtype=float)
        self.blocks = self._checked(blocks, len(y))
        self.y = y
        covariance = self._covariance(self.blocks, self.blocks) + self.noise * np.eye(len(y))
        self._lower = cholesky(covariance, lower=True, overwrite_a=True)
        self.mean, self._alpha = _centred(self._lower, y)
        return self

    def predict(self, blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
        """Mean of new rows, and the standard deviation of a new measurement, its noise included."""
        n = len(next(iter(blocks.values())))
        blocks = self._checked(blocks, n)
        across = self._covariance(self.blocks, blocks)
        mean = self.mean + across.T @ self._alpha
        known = solve_triangular(self._lower, across, lower=True)
        variance = self._own(blocks, n) - np.sum(np.square(known), axis=0) + self.noise
        return mean, np.sqrt(np.maximum(variance, 1e-9))

    def shares(self) -> dict[str, float]:
        """Share of the variance that each part, and the noise, stands for."""
        total = float(self.weights.sum() + self.noise)
        named = {p.name: float(w) / total for p, w in zip(self.parts, self.weights, strict=True)}
        return {**named, "noise": float(self.noise) / total}

    def save(self, path: str | Path) -> Path:
        """Write rows and weights as plain arrays (``.npz``); nothing in it can run code."""
        held = {f"block_{name}": block for name, block in self.blocks.items()}
        parts = np.array([[p.name, p.kind, p.block, str(p.scale)] for p in self.parts])
        numbers = {"weights": self.weights, "noise": np.array(self.noise), "y": self.y}
        with atomic_path(path) as part:
            np.savez_compressed(part, **{"parts": parts, **numbers, **held})  # type: ignore[arg-type]
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> GaussianProcess:
        """Read what `save` wrote; the same numbers come out. ValueError if it is not whole."""
        try:
            with np.load(path, allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            parts = [Part(n, k, b, float(s)) for n, k, b, s in held["parts"].tolist()]
            process = cls(parts)
            process.weights, process.noise = held["weights"], float(held["noise"])
            blocks = {name[6:]: v for name, v in held.items() if name.startswith("block_")}
            return process.take(blocks, held["y"])
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(
                f"{path}: not a whole Gaussian process file ({error}); run the training notebook again"
            ) from error

    def _checked(self, blocks: Blocks, n: int) -> dict[str, np.ndarray]:
        needed = {p.block for p in self.parts}
        if any(p.kind == "group" and p.scale for p in self.parts):
            needed.add("place")
        if missing := sorted(needed - set(blocks)):
            raise ValueError(
                f"the blocks {', '.join(missing)} are missing; found {', '.join(blocks)}. Give "
                "every block that a part names"
            )
        found = {}
        for name in sorted(needed):
            values = np.asarray(blocks[name])
            if len(values) != n:
                raise ValueError(f"block {name!r} has {len(values)} rows; expected {n}")
            found[name] = values if values.dtype.kind in "US" else values.astype(np.float64)
        return found

    def _one(self, part: Part, a: Blocks, b: Blocks) -> np.ndarray:
        first, second = a[part.block], b[part.block]
        if part.kind == "group":
            alike = (first[:, None] == second[None, :]).astype(float)
            if part.scale:
                alike *= np.exp(-np.abs(a["place"][:, None] - b["place"][None, :]) / part.scale)
            return alike
        width = first.shape[1]
        product = first @ second.T
        if part.kind == "linear":
            return product / width
        squares = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)[None, :]
        distance = np.maximum(squares - 2 * product, 0.0)
        return np.exp(-distance / (2 * part.scale**2 * width))

    def _covariance(self, a: Blocks, b: Blocks) -> np.ndarray:
        parts = zip(self.weights, self.parts, strict=True)
        return np.asarray(sum(weight * self._one(part, a, b) for weight, part in parts))

    def _own(self, blocks: Blocks, n: int) -> np.ndarray:
        """Prior variance of each row."""
        total = np.zeros(n)
        for weight, part in zip(self.weights, self.parts, strict=True):
            if part.kind == "linear":
                block = blocks[part.block]
                total += weight * np.sum(block**2, axis=1) / block.shape[1]
            else:
                total += weight
        return total

    def _learn(self, blocks: dict[str, np.ndarray], y: np.ndarray) -> None:
        matrices = [self._one(part, blocks, blocks) for part in self.parts] + [np.eye(len(y))]
        spread = float(y.var()) or 1.0
        start = np.full(len(matrices), np.log(spread / (2 * len(self.parts))))
        start[-1] = np.log(spread / 3)
        bounds = [(np.log(spread) - 9, np.log(spread) + 3)] * len(start)
        found = minimize(
            lambda logs: _misfit(np.exp(logs), matrices, y, 1e-8 * spread),
            start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS},
        )  # fmt: skip
        if not found.success:
            warnings.warn(
                f"the search for the weights of {len(self.parts)} parts did not converge on {len(y)} rows "
                f"({found.message}); leave a part out or give more rows",
                stacklevel=3,
            )
        *weights, noise = np.exp(found.x)
        self.weights, self.noise = np.array(weights), float(noise)


def _centred(lower: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean by generalised least squares, and the rest of ``y`` solved by the covariance.

    Rows that are alike count for less than their number: a group of many rows does not draw the
    mean to itself.
    """
    ones, solved = cho_solve((lower, True), np.column_stack([np.ones_like(y), y])).T
    mean = solved.sum() / ones.sum()
    return float(mean), solved - mean * ones


def _misfit(
    weights: np.ndarray, matrices: Sequence[np.ndarray], y: np.ndarray, jitter: float
) -> tuple[float, np.ndarray]:
    """Minus the log likelihood less its constant, and its slope along the log of each weight."""
    covariance = sum(w * m for w, m in zip(weights, matrices, strict=True)) + jitter * np.eye(len(y))
    lower = cholesky(covariance, lower=True, overwrite_a=True)
    mean, alpha = _centred(lower, y)
    slope = cho_solve((lower, True), np.eye(len(y))) - np.outer(alpha, alpha)
    value = 0.5 * (y - mean) @ alpha + np.log(np.diag(lower)).sum()
    each = [0.5 * w * np.sum(slope * m) for w, m in zip(weights, matrices, strict=True)]
    return float(value), np.array(each)
