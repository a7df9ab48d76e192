"""What is learnt of the training rows before any model: scales of features, effects of mRNAs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_CLIP = 5.0
_SHRINK = 5.0  # siRNAs' worth of belief that an mRNA has no effect of its own


class Scaler:
    """Columns less their mean, in standard deviations of the training rows, held within five.

    Parameters
    ----------
    mean, deviation : numpy.ndarray, shape=(columns,)

    Examples
    --------
    >>> Scaler.of(np.array([[0.0], [2.0]])).apply(np.array([[3.0]])).tolist()
    [[2.0]]
    """

    def __init__(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        self.mean, self.deviation = np.asarray(mean), np.asarray(deviation)

    @classmethod
    def of(cls, values: np.ndarray) -> Scaler:
        """Scaler of some rows; a column that never changes becomes zero."""
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation > 1e-9, deviation, np.inf))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Scaled rows, shape (n, columns)."""
        return np.clip((values - self.mean) / self.deviation, -_CLIP, _CLIP)

    def to_card(self) -> dict[str, list[float | None]]:
        """Plain values for a card; a column that never changes has no deviation."""
        deviation = [float(d) if np.isfinite(d) else None for d in self.deviation]
        return {"mean": [float(m) for m in self.mean], "deviation": list(deviation)}

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Scaler:
        """Scaler that `to_card` wrote."""
        deviation = [np.inf if d is None else d for d in card["deviation"]]
        return cls(np.array(card["mean"]), np.array(deviation))


class Effects:
    """Effect of each mRNA: how much better its siRNAs do than the mean, shrunk towards zero.

    Examples
    --------
    >>> effects = Effects.of(np.array(["a", "a", "b"]), np.array([1.0, 1.0, 0.0]))
    >>> effects.apply(np.array(["a", "unseen"])).round(3).tolist()
    [0.095, 0.0]
    """

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values

    @classmethod
    def of(cls, mrna: np.ndarray, y: np.ndarray) -> Effects:
        """Effects of the mRNAs of some rows."""
        rest = pd.Series(y - y.mean()).groupby(mrna)
        return cls((rest.sum() / (rest.size() + _SHRINK)).to_dict())

    def apply(self, mrna: np.ndarray) -> np.ndarray:
        """Effect of each row's mRNA; 0 for one that was never seen."""
        return np.array([self.values.get(name, 0.0) for name in mrna])
