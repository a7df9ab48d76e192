"""Seqlets: short stretches whose attributions stand out, on one strand and without clustering.

For RNA, where MoDISco cannot serve because it merges reverse complements.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from tangermeme.seqlet import recursive_seqlets

COLUMNS = ("row", "start", "stop", "sign", "attribution", "p")
"""Columns of a table of seqlets."""


def call(
    values: np.ndarray,
    *,
    threshold: float = 0.01,
    shortest: int = 4,
    longest: int = 25,
    flank: int = 0,
) -> pd.DataFrame:
    """Stretches of high and of low attribution.

    Parameters
    ----------
    values : numpy.ndarray, shape=(n, length) or (n, length, letters)
        Signed attribution of each position; letters are summed.
    threshold : float, optional
        Largest p-value of a seqlet and of every part of it; a rank, not an error rate.
    shortest, longest : int, optional
        Positions in a seqlet.
    flank : int, optional
        Positions added at both ends.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`, ordered by p-value; `sign` is 1 or -1. A low seqlet that overlaps a
        high one is left out.

    Raises
    ------
    ValueError
        If the values have no two or three axes, or one is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.normal(0, 0.1, (20, 60))
    >>> values[:, 20:28] += 2.0
    >>> found = call(values).head(20)
    >>> bool((found["start"].sub(20).abs() <= 4).all()), found["sign"].unique().tolist()
    (True, [1])
    """
    table = np.asarray(values, dtype=np.float64)
    table = table.sum(axis=-1) if table.ndim == 3 else table
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(
            f"values of shape {np.shape(values)}; expected finite numbers of shape (n, length) or "
            "(n, length, letters)"
        )
    parts = []
    for sign in (1, -1):
        found = recursive_seqlets(
            sign * table,
            threshold=threshold,
            min_seqlet_len=shortest,
            max_seqlet_len=longest,
            additional_flanks=flank,
        )
        found = found.set_axis(["row", "start", "stop", "attribution", "p"], axis=1)
        parts.append(found.assign(sign=sign, attribution=sign * found["attribution"]))
    covered = np.zeros(table.shape, dtype=bool)
    for site in parts[0].itertuples():
        covered[site.row, site.start : site.stop] = True
    apart = [not covered[site.row, site.start : site.stop].any() for site in parts[1].itertuples()]
    parts[1] = parts[1][np.array(apart, dtype=bool)]
    together = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return together.sort_values(["p", "row", "start"], ignore_index=True)[list(COLUMNS)]
