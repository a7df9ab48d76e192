"""Which known motifs a motif is like: TOMTOM in memelite, with q-values."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from memelite import tomtom
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control

from helpers.motifs.library import Motif

SMALL = 50
"""A library of fewer motifs is too small for TOMTOM's own background: decoys are asked, too."""

DECOYS = 1000
"""Decoys made of each motif of a small library."""

COLUMNS = ["query", "rank", "id", "name", "family", "p", "q", "overlap", "strand", "url"]
"""Columns of a table of matches."""


def match(
    queries: Mapping[str, ArrayLike],
    library: Sequence[Motif],
    *,
    strands: int = 2,
    best: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """The known motifs that are most like each query; ask about all queries of a claim in one call.

    Parameters
    ----------
    queries : mapping of str to array-like, shape=(width, letters)
        Probabilities of the letters, by name.
    library : sequence of Motif
        Motifs with the same letters.
    strands : {1, 2}, optional
        2 also turns the known motifs round; 1 for RNA.
    best : int, optional
        Matches to give for each query, significant or not.
    seed : int, optional
        Of the decoys.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`; `p` of TOMTOM [1]_, `q` by Benjamini and Hochberg [2]_ over all queries
        and the whole library together, `overlap` in positions. With fewer than `SMALL` motifs `p` is
        not below the share of decoys (the library's motifs with their columns in another order) that
        are as like the query.

    References
    ----------
    .. [1] Gupta et al. 2007, doi:10.1186/gb-2007-8-2-r24
    .. [2] Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x

    Notes
    -----
    The first call on a machine compiles TOMTOM, which takes about a minute; it is kept on disk.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> library = [Motif(f"M{i}", f"M{i}", "", rng.dirichlet(np.full(4, 0.2), 8)) for i in range(30)]
    >>> match({"mine": library[3].ppm}, library, best=1)[["query", "id"]].values.tolist()
    [['mine', 'M3']]
    """
    if strands not in (1, 2) or not library:
        given = f"strands is {strands}, and the library holds {len(library)} motifs"
        raise ValueError(f"{given}; expected 1 (RNA) or 2 (DNA), and at least one motif")
    tables = {name: np.asarray(table, dtype=float) for name, table in queries.items()}
    known = [np.ascontiguousarray(motif.ppm.T) for motif in library]
    count = len(known)
    if count < SMALL:
        rng = np.random.default_rng(seed)
        known += [decoy for table in known for decoy in _decoys(table, rng)]
    for name, table in tables.items():
        if table.ndim != 2 or table.shape[1] != len(known[0]) or not len(table):
            expected = f"(width, {len(known[0])}), the letters of the library"
            raise ValueError(f"query {name!r} has the shape {table.shape}; expected {expected}")
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    with warnings.catch_warnings():
        # Fewer than 25 motifs, possible where none has a decoy, draw a warning.
        warnings.simplefilter("ignore")
        wanted = [np.ascontiguousarray(table.T) for table in tables.values()]
        p, _, _, overlaps, turned = tomtom(wanted, known, reverse_complement=strands == 2, n_jobs=1)
    p = np.clip(p, 0.0, 1.0)
    p = np.maximum(p[:, :count], [_share(line[:count], line[count:]) for line in p])
    q = false_discovery_control(p.ravel()).reshape(p.shape)
    rows = []
    for number, name in enumerate(tables):
        for rank, k in enumerate(np.argsort(p[number], kind="stable")[:best], start=1):
            one, sign = library[k], "-" if strands == 2 and turned[number, k] else "+"
            measured = (float(p[number, k]), float(q[number, k]), int(overlaps[number, k]))
            rows.append((name, rank, one.id, one.name, one.family, *measured, sign, one.url))
    return pd.DataFrame(rows, columns=COLUMNS)


def _decoys(table: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """The motif, (letters, width), with its columns in other orders; none where all are the same."""
    orders = rng.permuted(np.tile(np.arange(table.shape[1]), (DECOYS, 1)), axis=1)
    drawn = np.ascontiguousarray(table.T[orders].transpose(0, 2, 1))
    return list(drawn[~np.isclose(drawn, table).all(axis=(1, 2))])


def _share(p: np.ndarray, of_decoys: np.ndarray) -> np.ndarray:
    """Share of decoys whose p-value is as small; where none is, TOMTOM's own stands."""
    below = np.searchsorted(np.sort(of_decoys), p * (1 + 1e-9), side="right")
    return below / max(of_decoys.size, 1)
