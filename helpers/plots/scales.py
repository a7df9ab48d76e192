"""Scales of a heat map: how values become colours, the same for matplotlib and for plotly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LogNorm, Normalize, SymLogNorm

FORMS = ("linear", "clipped", "log", "diverging")
"""Scales: as they are; cut at a percentile; logarithmic; around 0 with equal ends."""


@dataclass(frozen=True)
class Scale:
    """Range and colour map of a heat map.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    low, high : float
        Values of the two ends of the colour map.
    linear : float
        For a logarithmic scale of signed values: the value below which it is linear; 0 when the
        values have one sign and the scale is a plain logarithm.
    note : str
        What a reader has to know, for the colour bar; empty when there is nothing.
    """

    form: str
    low: float
    high: float
    linear: float = 0.0
    note: str = ""

    @property
    def colours(self) -> str:
        """Kind of colour map: diverging where 0 is the middle, sequential elsewhere."""
        return "diverging" if self.low < 0 < self.high and self.low == -self.high else "sequential"

    @property
    def ends(self) -> str:
        """Which ends of the colour bar get an arrow, since values lie beyond them."""
        if self.form != "clipped":
            return "neither"
        return "both" if self.colours == "diverging" else "max"

    def norm(self) -> Normalize:
        """The scale for matplotlib."""
        if self.form == "log" and self.linear:
            return SymLogNorm(self.linear, vmin=self.low, vmax=self.high)
        if self.form == "log":
            return LogNorm(self.low, self.high)
        return Normalize(self.low, self.high)


def scale_of(values: np.ndarray, form: str = "linear", percentile: float = 95.0) -> Scale:
    """Choose the range of a scale from the values.

    Signed values always get 0 as the middle of a diverging map, whatever the form. On a
    logarithmic scale a 0 has no colour (pale grey) where the values have one sign; signed values
    get a symmetric logarithm, linear below the 5th percentile of their absolute values.

    Parameters
    ----------
    values : numpy.ndarray
        NaN where there is no value.
    form : {"linear", "clipped", "log", "diverging"}
    percentile : float
        Where ``"clipped"`` cuts, of the values (of their absolute values when signed), 0 to 100.

    Raises
    ------
    ValueError
        If the form is unknown, the percentile out of range, or no value is finite.

    Examples
    --------
    >>> scale_of(np.array([0.0, 1.0, 9.0]))
    Scale(form='linear', low=0.0, high=9.0, linear=0.0, note='')
    >>> scale_of(np.array([-1.0, 4.0])).low
    -4.0
    """
    if form not in FORMS:
        raise ValueError(f"heat map scale {form!r}; expected one of {', '.join(FORMS)}")
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile {percentile}; expected a number above 0, up to 100")
    values = np.asarray(values, dtype=float)
    if np.isinf(values).any():
        raise ValueError(
            f"the heat map holds {int(np.isinf(values).sum())} infinite values; put NaN where "
            "there is no value"
        )
    known = values[~np.isnan(values)]
    if not known.size:
        raise ValueError("the heat map holds no value: every cell is NaN or there is no cell")
    signed = form == "diverging" or known.min() < 0
    size = np.abs(known) if signed else known
    if form == "log":
        return _logarithmic(size, signed)
    high = float(np.percentile(size, percentile) if form == "clipped" else size.max())
    high = high or float(size.max()) or 1.0
    note = f"clipped at the {percentile:g}th percentile" if form == "clipped" else ""
    low = -high if signed else min(0.0, float(known.min()))
    return Scale(form, low, high, note=note)


def _logarithmic(size: np.ndarray, signed: bool) -> Scale:
    positive = size[size > 0]
    high = float(positive.max()) if positive.size else 1.0
    # Six orders of magnitude are what a map can show; smaller values share its palest colour.
    low = max(float(positive.min()), high * 1e-6) if positive.size else 0.1
    if signed:
        linear = max(float(np.percentile(positive, 5)), high * 1e-4) if positive.size else 0.1
        return Scale("log", -high, high, linear, f"symmetric log, linear below {linear:.2g}")
    low = low if low < high else high / 10
    note = "log scale, 0 in grey" if (size == 0).any() else "log scale"
    return Scale("log", low, high, note=note)
