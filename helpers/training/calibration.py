"""From the score of a network to a probability that can be taken at its word."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from helpers.stats import bootstrap, checks
from helpers.stats.odds import logit

_METHODS = ("platt", "isotonic")
_CLIP = 1e-7
_GRID = np.linspace(-9.0, 9.0, 73)


class Calibrated(NamedTuple):
    """Calibrated probability and its interval, each of shape (n,)."""

    probability: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Calibrator:
    """Curve from raw to calibrated probability, with a bootstrap interval.

    The curve is kept as its values at fixed raw scores (log-odds), plain numbers that a card can
    hold. `Calibrator.fit` makes one.

    Parameters
    ----------
    probability, low, high : numpy.ndarray, shape=(73,)
        The curve and its interval at log-odds from -9 to 9.
    method : {"platt", "isotonic"}
        How it was fitted.
    n : int
        Rows it was fitted on.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.random(2000)
    >>> y = rng.random(2000) < p**2  # the model is too sure of itself
    >>> found = Calibrator.fit(y, p).predict(np.array([0.3, 0.9]))
    >>> bool(found.probability[0] < 0.2), bool((found.low < found.high).all())
    (True, True)
    """

    def __init__(
        self, probability: np.ndarray, low: np.ndarray, high: np.ndarray, *, method: str, n: int
    ) -> None:
        self.probability, self.low, self.high = (np.asarray(one) for one in (probability, low, high))
        self.method, self.n = method, n

    @classmethod
    def fit(
        cls,
        y: np.ndarray,
        p: np.ndarray,
        *,
        method: str = "platt",
        level: float = 0.95,
        groups: np.ndarray | None = None,
        n_boot: int = 200,
        seed: int = 0,
    ) -> Calibrator:
        """Fit the curve on validation data.

        Parameters
        ----------
        y, p : numpy.ndarray, shape=(n,)
            Labels, 0 or 1, of data that the model was not fitted to, and raw probabilities.
        method : {"platt", "isotonic"}
            A logistic curve over the log-odds (Platt 1999), for few rows, or any rising curve
            (Zadrozny 2002, doi:10.1145/775047.775151), for a thousand rows or more.
        level : float
            Coverage of the interval, over resampled validation data.
        groups : numpy.ndarray, shape=(n,) or (n, 2), optional
            Group of each row, on both sides of pairs; whole groups are then resampled. From fewer than
            ten on a side nothing is known of the curve's error: the interval goes from 0 to 1.

        Raises
        ------
        ValueError
            If the method is unknown, the arrays differ in length, or one class is missing.
        """
        y, p = np.asarray(y).astype(int).ravel(), np.asarray(p, dtype=float).ravel()
        if method not in _METHODS:
            raise ValueError(f"method is {method!r}; expected one of {', '.join(_METHODS)}")
        if len(y) != len(p):
            raise ValueError(f"found {len(y)} labels and {len(p)} probabilities; expected as many")
        if len(np.unique(y)) < 2:
            raise ValueError("calibration needs both labels, 0 and 1; found only one of them")
        score, codes = logit(p, clip=_CLIP), checks.groups_of(groups, len(y))
        middle = _curve(score, y, method)
        low, high = np.zeros_like(middle), np.ones_like(middle)
        if codes is None or bootstrap.fewest(codes, len(y)) >= bootstrap.FEWEST_GROUPS:
            blocks = bootstrap.draws(len(y), n_boot=n_boot, seed=seed, groups=codes)
            drawn = [np.repeat(np.arange(len(y)), counts.astype(int)) for one in blocks for counts in one]
            curves = [_curve(score[rows], y[rows], method) for rows in drawn if 0 < y[rows].sum() < len(rows)]
            tail = (1 - level) / 2
            low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
        return cls(middle, np.minimum(low, middle), np.maximum(high, middle), method=method, n=len(y))

    def predict(self, p: np.ndarray, *, spread: np.ndarray | float = 0.0) -> Calibrated:
        """Calibrate raw probabilities.

        Parameters
        ----------
        p : numpy.ndarray, shape=(n,)
            Raw probabilities.
        spread : numpy.ndarray, shape=(n,), or float
            Standard deviation of the log-odds of each row, such as between the members of an
            ensemble; the interval is read 1.96 of it to either side.
        """
        score = logit(p, clip=_CLIP)
        reach = 1.96 * np.asarray(spread, dtype=float)
        return Calibrated(
            np.interp(score, _GRID, self.probability),
            np.interp(score - reach, _GRID, self.low),
            np.interp(score + reach, _GRID, self.high),
        )

    def to_card(self) -> dict[str, Any]:
        """The curve as plain numbers, for `helpers.training.save_run`."""
        curves = {name: getattr(self, name).round(6).tolist() for name in ("probability", "low", "high")}
        return {"method": self.method, "n": self.n, **curves}

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Calibrator:
        """The inverse of `to_card`; ValueError if a curve is missing or has another length."""
        for name in ("probability", "low", "high", "method", "n"):
            if name not in card:
                raise ValueError(f"the calibration in the card lacks {name!r}; train the model again")
        curves = [np.asarray(card[name], dtype=float) for name in ("probability", "low", "high")]
        if any(curve.shape != _GRID.shape for curve in curves):
            raise ValueError(
                f"a calibration has curves of {[len(c) for c in curves]} points, not {len(_GRID)} in each"
            )
        return cls(*curves, method=card["method"], n=card["n"])

    @classmethod
    def of_members(cls, cards: Sequence[Mapping[str, Any] | None]) -> Calibrator | None:
        """The mean curve of an ensemble's members; None if one of them was not calibrated."""
        found = [cls.from_card(card) for card in cards if card]
        if not found or len(found) < len(cards):
            return None
        curves = [
            np.mean([getattr(one, name) for one in found], axis=0) for name in ("probability", "low", "high")
        ]
        methods = dict.fromkeys(one.method for one in found)
        return cls(*curves, method=" and ".join(methods), n=min(one.n for one in found))


def _curve(score: np.ndarray, y: np.ndarray, method: str) -> np.ndarray:
    """Calibrated probability at every point of the grid."""
    if method == "isotonic":
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, y)
        return fitted.predict(_GRID)
    with warnings.catch_warnings():
        # Separable resamples end at the penalty's edge, which is an answer, not a fault.
        warnings.simplefilter("ignore")
        fitted = LogisticRegression(C=10.0, max_iter=1000).fit(score[:, None], y)
    return fitted.predict_proba(_GRID[:, None])[:, 1]
