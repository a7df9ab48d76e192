"""Probabilities and their log-odds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def logit(p: ArrayLike, *, clip: float = 1e-6) -> np.ndarray:
    """Log-odds of probabilities, which are kept `clip` away from 0 and 1.

    Examples
    --------
    >>> logit([0.0, 0.5, 0.75]).round(2).tolist()
    [-13.82, 0.0, 1.1]
    """
    return np.asarray(special.logit(np.clip(np.asarray(p, dtype=float), clip, 1 - clip)))


def sigmoid(score: ArrayLike) -> np.ndarray:
    """Probabilities of log-odds.

    Examples
    --------
    >>> sigmoid(logit([0.2, 0.9])).round(6).tolist()
    [0.2, 0.9]
    """
    return np.asarray(special.expit(np.asarray(score, dtype=float)))
