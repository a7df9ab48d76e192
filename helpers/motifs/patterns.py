"""Recurring patterns of attributions: TF-MoDISco, in modisco-lite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from modiscolite.tfmodisco import TFMoDISco

from helpers.sequences.alphabet import DNA, Alphabet

SITE_COLUMNS = ("row", "start", "stop", "strand")
"""Columns of a pattern's seqlets: which sequence, 0-based half-open, ``+`` or ``-``."""


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
    hypothetical : numpy.ndarray, shape=(width, letters), dtype=float64
        Mean hypothetical contribution.
    seqlets : pandas.DataFrame
        The columns `SITE_COLUMNS`, over the full width.
    """

    name: str
    sign: int
    ppm: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray
    seqlets: pd.DataFrame

    def core(self, share: float = 0.3, flank: int = 0) -> slice:
        """Positions between the first and the last strong one.

        Parameters
        ----------
        share : float, optional
            Of the strongest position's contribution, to count as strong.
        flank : int, optional
            Positions added at both ends, as far as there are any.

        Returns
        -------
        slice
        """
        strength = np.abs(self.contributions).sum(axis=1)
        strong = np.flatnonzero(strength >= share * strength.max())
        return slice(max(int(strong[0]) - flank, 0), int(strong[-1]) + 1 + flank)

    def instances(self, share: float = 0.3) -> pd.DataFrame:
        """Seqlets cut to the core: the columns `SITE_COLUMNS`, each place once."""
        core = self.core(share)
        found = self.seqlets.copy()
        turned = found["strand"] == "-"
        width = len(self.ppm)
        start = np.where(turned, found["start"] + width - core.stop, found["start"] + core.start)
        found["start"], found["stop"] = start, start + (core.stop - core.start)
        return found.drop_duplicates(["row", "start"], ignore_index=True)


def discover(
    X: np.ndarray,
    hypothetical: np.ndarray,
    alphabet: Alphabet = DNA,
    *,
    window: int = 20,
    flank: int = 5,
    runs: int = 2,
    most_seqlets: int = 2000,
    fewest_seqlets: int = 20,
    fdr: float = 0.2,
) -> list[Pattern]:
    """Patterns of both signs in the attributions of many sequences.

    Parameters
    ----------
    X : numpy.ndarray, shape=(n, length, 4)
        One-hot; unknown letters and padding count as no letter.
    hypothetical : numpy.ndarray, shape=(n, length, 4)
        Hypothetical contributions, as `helpers.explain.attribution.deep_lift` gives them.
    alphabet : Alphabet, optional
        DNA; see Raises.
    window, flank : int, optional
        Positions of a seqlet's core, and those added at each end before they are aligned.
    runs : int, optional
        Runs of Leiden's clustering, of which the best is kept; more are slower and no worse.
    most_seqlets : int, optional
        Seqlets of each sign that are clustered at most.
    fewest_seqlets : int, optional
        A pattern, and a sign, of fewer seqlets is left out.
    fdr : float, optional
        Rate of false discoveries at which seqlets are called.

    Returns
    -------
    list of Pattern
        Positive ones first, each sign by the number of seqlets. Empty where nothing stands out.

    Raises
    ------
    ValueError
        If the alphabet is not DNA (MoDISco merges reverse complements, which RNA does not have:
        use `helpers.motifs.seqlets`), shapes differ, or a value is not finite.

    References
    ----------
    .. [1] Shrikumar et al. 2018, doi:10.48550/arXiv.1811.00416

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> try:
    ...     discover(np.zeros((2, 50, 4)), np.zeros((2, 50, 4)), RNA)
    ... except ValueError as error:
    ...     print(str(error)[:53])
    MoDISco merges reverse complements and was given RNA;
    """
    if alphabet.letters != DNA.letters:
        raise ValueError(
            f"MoDISco merges reverse complements and was given {alphabet.name}; expected DNA. For "
            "RNA call seqlets (helpers.motifs.seqlets) and match them on one strand"
        )
    if X.ndim != 3 or X.shape != np.shape(hypothetical) or X.shape[2] != alphabet.size:
        raise ValueError(
            f"X has the shape {X.shape}, hypothetical {np.shape(hypothetical)}; expected "
            f"(n, length, {alphabet.size}) twice"
        )
    if not np.isfinite(hypothetical).all():
        row = int(np.argwhere(~np.isfinite(hypothetical))[0][0])
        raise ValueError(f"the hypothetical contributions of sequence {row} are not all finite")
    if X.shape[1] < window + 2 * flank:
        raise ValueError(
            f"sequences of {X.shape[1]} positions; expected at least window + 2 * flank = "
            f"{window + 2 * flank}. Give a smaller window"
        )
    known = np.where(X == 1.0, X, 0.0).astype(np.float64)
    found = TFMoDISco(
        one_hot=known,
        hypothetical_contribs=np.asarray(hypothetical, dtype=np.float64),
        sliding_window_size=window,
        flank_size=flank,
        min_metacluster_size=fewest_seqlets,
        max_seqlets_per_metacluster=most_seqlets,
        target_seqlet_fdr=fdr,
        n_leiden_runs=runs,
        final_min_cluster_size=fewest_seqlets,
        trim_to_window_size=window,
        initial_flank_to_add=flank,
    )
    return [
        _pattern(f"{name}_{rank}", sign, one)
        for (name, sign), patterns in zip((("pos", 1), ("neg", -1)), found, strict=True)
        for rank, one in enumerate(_by_size(patterns), start=1)
    ]


def queries(patterns: Sequence[Pattern], share: float = 0.3) -> dict[str, np.ndarray]:
    """Letter probabilities of each pattern's core, to match against known motifs.

    Returns
    -------
    dict of str to numpy.ndarray, shape=(width, letters)
        By the pattern's name.
    """
    return {pattern.name: pattern.ppm[pattern.core(share)] for pattern in patterns}


def _by_size(patterns: Any) -> list[Any]:
    return sorted(patterns or [], key=lambda one: -len(one.seqlets))


def _pattern(name: str, sign: int, found: Any) -> Pattern:
    seqlets = pd.DataFrame(
        [
            (int(one.example_idx), int(one.start), int(one.end), "-" if one.is_revcomp else "+")
            for one in found.seqlets
        ],
        columns=list(SITE_COLUMNS),
    )
    shares = np.asarray(found.sequence, dtype=np.float64)
    # A position at which some seqlets hold an unknown letter sums to less than one.
    totals = shares.sum(axis=1, keepdims=True)
    ppm = np.divide(shares, totals, out=np.full_like(shares, 0.25), where=totals > 0)
    return Pattern(
        name,
        sign,
        ppm,
        np.asarray(found.contrib_scores, dtype=np.float64),
        np.asarray(found.hypothetical_contribs, dtype=np.float64),
        seqlets,
    )
