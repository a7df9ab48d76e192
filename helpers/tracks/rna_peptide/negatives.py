"""Negative pairs: which RNA and peptide are taken not to bind, and what that choice gives away.

A chain is its sequence, whatever its ids. A pair is one whole number, RNA code times number of
peptides plus peptide code, so that a million pairs are drawn and compared as arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold

from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.sequences.encoding import kmer_counts
from helpers.sequences.homology import homology_groups
from helpers.stats import metrics
from helpers.tracks.rna_peptide import rewiring

COLUMNS = ["rna_id", "protein_id", "rna_seq", "protein_seq"]
METHODS = ("random", "degree", "similarity")
SIMILARITY = {"k_rna": 10, "k_peptide": 4, "threshold": 0.3}
"""Default meaning of near: this share of the shorter chain's k-mers is shared."""


class _Grid(NamedTuple):
    """All pairs of the chains of a table, and those of them that are positive."""

    rna: np.ndarray
    peptide: np.ndarray
    chains: tuple[pd.DataFrame, pd.DataFrame]
    positives: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.chains[0]), len(self.chains[1])

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]


def sample_negatives(
    pairs: pd.DataFrame,
    *,
    ratio: float = 1.0,
    n: int | None = None,
    method: str = "random",
    seed: int = 0,
    similarity: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Draw pairs of known chains that are not known to bind.

    Parameters
    ----------
    pairs : pandas.DataFrame
        The positives: columns rna_id, protein_id, rna_seq, protein_seq. A pair that stands twice
        counts once.
    ratio : float
        Negatives for each distinct positive pair.
    n : int, optional
        Number of negatives, in place of `ratio`.
    method : {"random", "degree", "similarity"}
        ``random``: every pair that is not positive is as likely. ``degree``: each RNA and each
        peptide stands `ratio` times as often among the negatives as among the positives, so that a
        chain alone tells nothing (doi:10.1093/bioinformatics/btq483). ``similarity``: random, but
        never a pair whose RNA is near the RNA, and whose peptide is near the peptide, of one
        positive.
    seed : int
        Seed; the same table and seed give the same rows.
    similarity : mapping, optional
        Changes of `SIMILARITY`: ``k_rna`` and ``k_peptide`` (letters), ``threshold`` (share of
        common k-mers). Chains are near when they are in one group of `homology_groups`.

    Returns
    -------
    pandas.DataFrame
        Columns of the pair table and label (0), in random order, no pair twice and none positive.
        A chain carries its first id. ``attrs`` says method, seed, positives (distinct pairs),
        available (pairs that could be drawn), and for ``degree`` rna_off and peptide_off: by how
        many pairs the chains of each side miss their number, in sum. Both are 0 where the numbers
        can be met; shares of a pair that `ratio` asks for are rounded up or down at random.

    Raises
    ------
    ValueError
        If more are asked than exist, a column or a sequence is missing, or an option is unknown.

    Examples
    --------
    >>> pairs = pd.DataFrame({"rna_id": ["a", "b"], "protein_id": ["x", "y"],
    ...                       "rna_seq": ["ACGU", "GGGG"], "protein_seq": ["MK", "ML"]})
    >>> sample_negatives(pairs, seed=1)[["rna_id", "protein_id", "label"]].sort_values("rna_id")
      rna_id protein_id  label
    0      a          y      0
    1      b          x      0
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    if similarity is not None and method != "similarity":
        raise ValueError(f"similarity was given with method={method!r}; use method='similarity'")
    grid = _grid(pairs)
    wanted = round(ratio * grid.positives.size) if n is None else n
    if wanted < 0:
        raise ValueError(f"{wanted} negatives were asked for; expected a number from 0")
    rng = np.random.default_rng(seed)
    report: dict[str, str | int] = {"method": method, "seed": seed}
    report["positives"] = int(grid.positives.size)
    order = np.arange(grid.shape[1])
    starts, lengths = grid.positives, np.ones_like(grid.positives)
    if method == "similarity":
        order, starts, lengths = _near_positives(grid, similarity or {})
    report["available"] = int(grid.size - lengths.sum())
    _check_enough(wanted, int(report["available"]), grid, method)
    if method == "degree":
        codes, off = _degree_matched(grid, wanted, rng)
        report["rna_off"], report["peptide_off"] = off
    else:
        codes = rewiring.draw_outside(starts, lengths, total=grid.size, n=wanted, rng=rng)
    rna, place = np.divmod(rng.permutation(codes), grid.shape[1])
    frame = _table(grid, rna, order[place])
    frame.attrs.update(report)
    return frame


def combine(positives: pd.DataFrame, negatives: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """One labelled table of positives and negatives, in random order.

    Parameters
    ----------
    positives, negatives : pandas.DataFrame
        Pair tables; a column that only one of them has is kept and empty for the other.
    seed : int
        Seed of the order.

    Returns
    -------
    pandas.DataFrame
        Every row of both tables, with label 1 or 0.

    Raises
    ------
    ValueError
        If a negative is also a positive, or a table already carries another label.

    Examples
    --------
    >>> row = {"rna_id": ["a"], "protein_id": ["x"], "rna_seq": ["ACGU"], "protein_seq": ["MK"]}
    >>> table = combine(pd.DataFrame(row), pd.DataFrame({**row, "rna_seq": ["GGGG"]}))
    >>> sorted(table.label)
    [0, 1]
    """
    parts = []
    for name, table, label in (("positives", positives, 1), ("negatives", negatives, 0)):
        _check_columns(table, name)
        if "label" in table and (wrong := np.flatnonzero(table["label"] != label)).size:
            raise ValueError(
                f"{name}, row {wrong[0]}: label is {table['label'].iloc[wrong[0]]}, expected "
                f"{label}. Give each table the rows of its own label"
            )
        parts.append(table.assign(label=label))
    both = pd.concat(parts, ignore_index=True)
    code = _pair_codes(both)
    clash = np.isin(code[len(positives) :], code[: len(positives)])
    if clash.any():
        row = int(np.flatnonzero(clash)[0])
        pair = negatives.iloc[row][["rna_id", "protein_id"]].tolist()
        raise ValueError(
            f"negatives, row {row}: the pair {pair[0]}, {pair[1]} has the sequences of a positive "
            f"pair ({int(clash.sum())} such rows). Draw negatives with sample_negatives"
        )
    return both.iloc[np.random.default_rng(seed).permutation(len(both))].reset_index(drop=True)


def sampling_audit(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    n_boot: int = 1000,
    max_rows: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """What a model could learn from the sampling alone: it sees one side of the pair, never both.

    Parameters
    ----------
    tables : pandas.DataFrame or mapping of str to pandas.DataFrame
        Labelled pair tables, by the name of the method that made their negatives.
    n_boot : int
        Replicates of the bootstrap over chains.
    max_rows : int
        Larger tables are represented by that many random rows.
    seed : int
        Seed of the rows, folds and trees.

    Returns
    -------
    pandas.DataFrame
        Columns method, sees, metric, value, ci_low, ci_high, n: the out-of-fold AUROC (5 random
        folds) of models that see which RNA or peptide it is (the share of positives among its
        training pairs), or its k-mers and length (extra trees). Above 0.5, chains that bind are
        told from others without their partner. Below 0.5, degrees are matched: each pair that is
        tested is missing from its chain's share in training. A model in random folds can use that
        as well, turned round; folds with unseen chains are free of it.

    Raises
    ------
    ValueError
        If a table has no label column, or fewer than five pairs of a class.
    """
    if isinstance(tables, pd.DataFrame):
        tables = {str(tables.attrs.get("method", "")): tables}
    rows = []
    for method, table in tables.items():
        y = _labels(table, method)
        rng = np.random.default_rng(seed)
        kept = np.sort(rng.permutation(len(table))[:max_rows])
        y, part = y[kept], table.iloc[kept]
        folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y))
        for side, column, alphabet in (
            ("RNA", "rna_seq", RNA),
            ("peptide", "protein_seq", PEPTIDE),
        ):
            chain, sequences = pd.factorize(part[column])
            counts = kmer_counts(list(sequences), 3 if alphabet is RNA else 1, alphabet, frequencies=True)
            length = np.array([len(sequence) for sequence in sequences], dtype=np.float32)
            X = np.column_stack([counts, length])
            seen = {
                f"{side} identity": _identity_model(chain, y, folds),
                f"{side} k-mers": _kmer_model(X[chain], y, folds, seed),
            }
            for sees, p in seen.items():
                frame = metrics.classification(y, p, groups=chain, n_boot=n_boot, seed=seed)
                rows.append(frame[frame.metric == "auroc"].assign(method=method, sees=sees))
    columns = ["method", "sees", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.concat(rows, ignore_index=True)[columns]


def _grid(pairs: pd.DataFrame) -> _Grid:
    _check_columns(pairs, "pairs")
    if pairs.empty:
        raise ValueError("pairs has no row; expected at least one positive pair")
    codes, chains = [], []
    for kind in ("rna", "protein"):
        code, _ = pd.factorize(pairs[f"{kind}_seq"])
        first = np.unique(code, return_index=True)[1]
        codes.append(code.astype(np.int64))
        chains.append(pairs[[f"{kind}_id", f"{kind}_seq"]].iloc[first].reset_index(drop=True))
    positives = rewiring.distinct(codes[0] * len(chains[1]) + codes[1])
    rna, peptide = np.divmod(positives, len(chains[1]))
    return _Grid(rna, peptide, (chains[0], chains[1]), positives)


def _table(grid: _Grid, rna: np.ndarray, peptide: np.ndarray) -> pd.DataFrame:
    sides = [
        chains.take(code).reset_index(drop=True)
        for chains, code in zip(grid.chains, (rna, peptide), strict=True)
    ]
    return pd.concat(sides, axis=1)[COLUMNS].assign(label=np.int64(0))


def _near_positives(grid: _Grid, options: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the peptides by group, and the runs of pairs in it that are near a positive."""
    if unknown := sorted(set(options) - set(SIMILARITY)):
        raise ValueError(
            f"similarity has the unknown entries {', '.join(unknown)}; "
            f"expected some of {', '.join(SIMILARITY)}"
        )
    chosen = SIMILARITY | dict(options)
    groups = [
        homology_groups(
            grid.chains[side].iloc[:, 1].tolist(),
            k=int(chosen[k]),
            threshold=chosen["threshold"],
            alphabet=alphabet,
        )
        for side, (k, alphabet) in enumerate((("k_rna", RNA), ("k_peptide", PEPTIDE)))
    ]
    order = np.argsort(groups[1], kind="stable")
    sizes = np.bincount(groups[1])
    begins = np.cumsum(sizes) - sizes
    near = np.unique(groups[0][grid.rna] * sizes.size + groups[1][grid.peptide])
    rna_group, peptide_group = np.divmod(near, sizes.size)
    # Each RNA takes on the peptide groups of its own group.
    by_group = np.argsort(groups[0], kind="stable")
    members = np.bincount(groups[0])
    first = np.cumsum(members) - members
    repeat = members[rna_group]
    within = np.arange(repeat.sum()) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    rna = by_group[np.repeat(first[rna_group], repeat) + within]
    blocked = np.repeat(peptide_group, repeat)
    starts = rna * grid.shape[1] + begins[blocked]
    ascending = np.argsort(starts)
    return order, starts[ascending], sizes[blocked][ascending]


def _degree_matched(grid: _Grid, n: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    targets = [
        rewiring.shares(np.bincount(codes, minlength=size), n, rng=rng)
        for codes, size in zip((grid.rna, grid.peptide), grid.shape, strict=True)
    ]
    codes = rewiring.bipartite(targets[0], targets[1], grid.positives, rng=rng)
    drawn = np.divmod(codes, grid.shape[1])
    off = [
        int(np.abs(np.bincount(side, minlength=target.size) - target).sum())
        for side, target in zip(drawn, targets, strict=True)
    ]
    return codes, (off[0], off[1])


def _identity_model(
    chain: np.ndarray, y: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    p = np.empty(y.size)
    for train, test in folds:
        hits = np.bincount(chain[train], weights=y[train], minlength=chain.max() + 1)
        seen = np.bincount(chain[train], minlength=chain.max() + 1)
        # One pair's worth of the overall share, so that a chain not seen is no evidence.
        p[test] = ((hits + y[train].mean()) / (seen + 1))[chain[test]]
    return p


def _kmer_model(
    X: np.ndarray, y: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], seed: int
) -> np.ndarray:
    p = np.empty(y.size)
    for train, test in folds:
        trees = ExtraTreesClassifier(50, min_samples_leaf=5, random_state=seed)
        p[test] = trees.fit(X[train], y[train]).predict_proba(X[test])[:, 1]
    return p


def _labels(table: pd.DataFrame, method: str) -> np.ndarray:
    _check_columns(table, f"table {method!r}")
    if "label" not in table:
        raise ValueError(f"table {method!r} has no column label; make it with pairs.combine")
    y = table["label"].to_numpy()
    for label in (0, 1):
        if (count := int((y == label).sum())) < 5:
            raise ValueError(f"table {method!r} has {count} pairs of label {label}; expected at least 5")
    return y.astype(np.int64)


def _pair_codes(table: pd.DataFrame) -> np.ndarray:
    rna, peptide = (pd.factorize(table[name])[0] for name in ("rna_seq", "protein_seq"))
    return rna.astype(np.int64) * (int(peptide.max(initial=0)) + 1) + peptide


def _check_enough(wanted: int, available: int, grid: _Grid, method: str) -> None:
    if wanted > available:
        near = " or near one" if method == "similarity" else ""
        raise ValueError(
            f"{wanted} negatives were asked for and {available} exist: {grid.shape[0]} RNAs x "
            f"{grid.shape[1]} peptides are {grid.size} pairs, of which {grid.size - available} are "
            f"positive{near}. Ask for a smaller ratio (at most "
            f"{available / max(1, grid.positives.size):.4g}), or give more chains"
        )


def _check_columns(table: pd.DataFrame, name: str) -> None:
    if missing := [column for column in COLUMNS if column not in table]:
        raise ValueError(
            f"{name} lacks the columns {', '.join(missing)}; expected {', '.join(COLUMNS)}. "
            "Rename the columns or read the file with helpers.readers.fasta.read_table"
        )
    for column in ("rna_seq", "protein_seq"):
        empty = np.asarray(table[column].isna()) | np.asarray(table[column] == "")
        if empty.any():
            row = int(np.flatnonzero(empty)[0])
            raise ValueError(
                f"{name}, row {row}, {column}: found no sequence; expected one for each pair. "
                "Fill it in or leave the row out"
            )
