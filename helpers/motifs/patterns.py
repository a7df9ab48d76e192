"""What recurs in attributions: TF-MoDISco's patterns for DNA, seqlets on one strand for RNA."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tangermeme.seqlet
from modiscolite.tfmodisco import TFMoDISco
from numba.core.dispatcher import Dispatcher
from tangermeme.seqlet import recursive_seqlets

from helpers.sequences.alphabet import DNA

# Compiled loops are kept on disk: making them costs ten seconds in each process otherwise.
for _loop in vars(tangermeme.seqlet).values():
    if isinstance(_loop, Dispatcher):
        with suppress(RuntimeError):  # no folder may be written to
            _loop.enable_caching()

SITE_COLUMNS = ["row", "start", "stop", "strand"]
"""Columns of a pattern's seqlets: which sequence, 0-based half-open, ``+`` or ``-``."""

SEQLET_COLUMNS = ["row", "start", "stop", "sign", "attribution", "p"]
"""Columns of a table of seqlets."""


class Pattern(NamedTuple):
    """One pattern: seqlets that look alike, aligned.

    Attributes
    ----------
    name : str
        ``pos_1``, ``neg_2``: the sign, and the rank by number of seqlets.
    sign : int
        1 where the seqlets raise the output, -1 where they lower it.
    ppm : numpy.ndarray, shape=(width, letters), dtype=float64
        Share of each letter at each position.
    contributions : numpy.ndarray, shape=(width, letters), dtype=float64
        Mean contribution of each letter.
    seqlets : pandas.DataFrame
        The columns `SITE_COLUMNS`, over the full width.
    """

    name: str
    sign: int
    ppm: np.ndarray
    contributions: np.ndarray
    seqlets: pd.DataFrame

    def core(self, share: float = 0.3, flank: int = 0) -> slice:
        """Positions from the first to the last of at least `share` of the strongest, and `flank` more."""
        strength = np.abs(self.contributions).sum(axis=1)
        strong = np.flatnonzero(strength >= share * strength.max())
        return slice(max(int(strong[0]) - flank, 0), int(strong[-1]) + 1 + flank)


def discover(
    X: np.ndarray,
    hypothetical: np.ndarray,
    *,
    window: int = 20,
    flank: int = 5,
    runs: int = 2,
    most_seqlets: int = 2000,
    fewest_seqlets: int = 20,
) -> list[Pattern]:
    """Patterns of both signs in the attributions of many DNA sequences.

    MoDISco merges reverse complements, which RNA does not have: for RNA use `seqlets`.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4)
        One-hot DNA; unknown letters and padding count as no letter.
    hypothetical : numpy.ndarray, shape=(n, length, 4)
        Hypothetical contributions, as `helpers.explain.attribution.deep_lift` gives them.
    window, flank : int, optional
        Positions of a seqlet's core, and those added at each end before they are aligned.
    runs : int, optional
        Runs of Leiden's clustering, of which the best is kept; more are slower and no worse.
    most_seqlets : int, optional
        Seqlets of each sign that are clustered at most.
    fewest_seqlets : int, optional
        A pattern, and a sign, of fewer seqlets is left out.

    Returns
    -------
    list of Pattern
        Positive ones first, each sign by the number of seqlets. Empty where nothing stands out.

    References
    ----------
    .. [1] Shrikumar et al. 2018, doi:10.48550/arXiv.1811.00416
    """
    if X.ndim != 3 or X.shape != np.shape(hypothetical) or X.shape[2] != DNA.size:
        found = f"X has the shape {X.shape}, hypothetical {np.shape(hypothetical)}"
        raise ValueError(f"{found}; expected (n, length, 4) twice")
    if not np.isfinite(hypothetical).all():
        row = int(np.argwhere(~np.isfinite(hypothetical))[0][0])
        raise ValueError(f"the hypothetical contributions of sequence {row} are not all finite")
    if X.shape[1] < window + 2 * flank:
        least = f"window + 2 * flank = {window + 2 * flank}"
        raise ValueError(f"sequences of {X.shape[1]} positions; expected {least} or more")
    several = TFMoDISco(
        one_hot=np.where(X == 1.0, X, 0.0).astype(np.float64),
        hypothetical_contribs=np.asarray(hypothetical, dtype=np.float64),
        sliding_window_size=window,
        flank_size=flank,
        min_metacluster_size=fewest_seqlets,
        max_seqlets_per_metacluster=most_seqlets,
        target_seqlet_fdr=0.2,
        n_leiden_runs=runs,
        final_min_cluster_size=fewest_seqlets,
        trim_to_window_size=window,
        initial_flank_to_add=flank,
    )
    return [
        _pattern(f"{name}_{rank}", sign, one)
        for (name, sign), own in zip((("pos", 1), ("neg", -1)), several, strict=True)
        for rank, one in enumerate(sorted(own or [], key=lambda one: -len(one.seqlets)), start=1)
    ]


def _pattern(name: str, sign: int, found: Any) -> Pattern:
    sites = [
        (int(one.example_idx), int(one.start), int(one.end), "-" if one.is_revcomp else "+")
        for one in found.seqlets
    ]
    shares = np.asarray(found.sequence, dtype=np.float64)
    # A position at which some seqlets hold an unknown letter sums to less than one.
    totals = shares.sum(axis=1, keepdims=True)
    ppm = np.divide(shares, totals, out=np.full_like(shares, 0.25), where=totals > 0)
    contributions = np.asarray(found.contrib_scores, dtype=np.float64)
    return Pattern(name, sign, ppm, contributions, pd.DataFrame(sites, columns=SITE_COLUMNS))


def seqlets(values: np.ndarray, *, threshold: float = 0.01) -> pd.DataFrame:
    """Stretches of 4 to 25 positions of high or of low attribution, without clustering.

    Parameters
    ----------
    values : numpy.ndarray, shape=(n, length)
        Signed attribution of each position.
    threshold : float, optional
        Largest p-value of a seqlet and of every part of it; a rank, not an error rate.

    Returns
    -------
    pandas.DataFrame
        The columns `SEQLET_COLUMNS`, ordered by p-value; `sign` is 1 or -1. A low seqlet that
        overlaps a high one is left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.normal(0, 0.1, (20, 60))
    >>> values[:, 20:28] += 2.0
    >>> found = seqlets(values).head(20)
    >>> bool((found["start"].sub(20).abs() <= 4).all()), found["sign"].unique().tolist()
    (True, [1])
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(f"values of shape {table.shape}; expected finite numbers of shape (n, length)")
    parts = []
    for sign in (1, -1):
        found = recursive_seqlets(sign * table, threshold=threshold, min_seqlet_len=4, max_seqlet_len=25)
        found = found.set_axis(["row", "start", "stop", "attribution", "p"], axis=1)
        parts.append(found.assign(sign=sign, attribution=sign * found["attribution"]))
    covered = np.zeros(table.shape, dtype=bool)
    for site in parts[0].itertuples():
        covered[site.row, site.start : site.stop] = True
    apart = [not covered[site.row, site.start : site.stop].any() for site in parts[1].itertuples()]
    parts[1] = parts[1][np.array(apart, dtype=bool)]
    together = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return together.sort_values(["p", "row", "start"], ignore_index=True)[SEQLET_COLUMNS]
