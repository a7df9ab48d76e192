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

from helpers.sequences.encoding import kmer_counts
from helpers.sequences.homology import homology_groups
from helpers.stats import metrics
from helpers.tracks.rna_peptide.data import PAIR, SEQUENCES

METHODS = ("random", "degree", "similarity")
SIMILARITY = {"k_rna": 10, "k_peptide": 4, "threshold": 0.3}
"""Default meaning of near: this share of the shorter chain's k-mers is shared."""

_TRIES = 40_000
_PATIENCE = 20


class _Grid(NamedTuple):
    """All pairs of the chains of a table, and those of them that are positive."""

    chains: list[pd.DataFrame]
    positives: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.chains[0]), len(self.chains[1])

    def sides(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """RNA and peptide of each pair."""
        return np.divmod(codes, self.shape[1])


class Drawn(NamedTuple):
    """Negatives by the method that made them.

    Attributes
    ----------
    tables : dict of str to pandas.DataFrame
        For each method that works on these pairs, and ``given`` where there are any.
    method : str
        The one that is chosen.
    said : list of str
        Which that is, and why others could not draw.
    """

    tables: dict[str, pd.DataFrame]
    method: str
    said: list[str]


def draw_all(
    pairs: pd.DataFrame, given: pd.DataFrame, *, method: str = "auto", ratio: float = 1.0, seed: int = 0,
    similarity: Mapping[str, float] | None = None,
) -> Drawn:  # fmt: skip
    """Negatives by every method, to be compared, and the one that is asked for.

    Parameters
    ----------
    pairs, given : pandas.DataFrame
        Pairs that bind; pairs that the source says do not, perhaps none.
    method : {"auto", "given", "similarity", "degree", "random"}
        ``auto`` takes the first of the others that works.
    ratio, seed, similarity
        As for `sample_negatives`.

    Raises
    ------
    ValueError
        If the method is unknown, or the one that is asked for cannot draw.
    """
    order = ("given", "similarity", "degree", "random")
    if method not in ("auto", *order):
        raise ValueError(f"method is {method!r}; expected one of auto, {', '.join(order)}")
    tables, why = {}, {}
    for name in METHODS:
        near = similarity if name == "similarity" else None
        try:
            tables[name] = sample_negatives(pairs, ratio=ratio, method=name, seed=seed, similarity=near)
        except ValueError as error:
            why[name] = str(error)
    if len(given):
        tables["given"] = given
    else:
        why["given"] = "the source lists no pairs that do not bind (label 0)"
    if method != "auto" and method not in tables:
        hint = "; set method = 'auto', or give such pairs" if method == "given" else ""
        raise ValueError(f"method {method!r}: {why[method]}{hint}")
    if not tables:
        raise ValueError(f"no negatives can be had: {'; '.join(f'{n}: {text}' for n, text in why.items())}")
    chosen = next(name for name in order if name in tables) if method == "auto" else method
    said = [f"method: {chosen}, {len(tables[chosen])} pairs"]
    return Drawn(tables, chosen, said + [f"{name}: none, {text}" for name, text in why.items()])


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
        The same table and seed give the same rows.
    similarity : mapping, optional
        Changes of `SIMILARITY`: ``k_rna`` and ``k_peptide`` (letters), ``threshold`` (share of
        common k-mers). Chains are near when they are in one group of `homology_groups`.

    Returns
    -------
    pandas.DataFrame
        Columns of the pair table and label (0), in random order, no pair twice and none positive.
        A chain carries its first id. ``attrs`` says method, seed, positives (distinct pairs),
        available (pairs that could be drawn), and for ``degree`` rna_off and peptide_off: by how
        many pairs the chains of each side miss their number, in sum. Both are 0 unless nearly all
        pairs are taken; shares of a pair that `ratio` asks for are rounded up or down at random.

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
    total = grid.shape[0] * grid.shape[1]
    order = np.arange(grid.shape[1])
    starts, lengths = grid.positives, np.ones_like(grid.positives)
    if method == "similarity":
        order, starts, lengths = _near_positives(grid, similarity or {})
    available = int(total - lengths.sum())
    if wanted > available:
        near = " or near one" if method == "similarity" else ""
        raise ValueError(
            f"{wanted} negatives were asked for and {available} exist: {grid.shape[0]} RNAs x "
            f"{grid.shape[1]} peptides are {total} pairs, of which {total - available} are "
            f"positive{near}. Ask for a smaller ratio (at most {available / grid.positives.size:.4g}), or "
            "give more chains"
        )
    off: dict[str, int] = {}
    if method == "degree":
        codes, off = _degree_matched(grid, wanted, rng)
    else:
        codes = draw_outside(starts, lengths, total=total, n=wanted, rng=rng)
    rna, peptide = grid.sides(rng.permutation(codes))
    taken = zip(grid.chains, (rna, order[peptide]), strict=True)
    sides = [chains.take(code).reset_index(drop=True) for chains, code in taken]
    frame = pd.concat(sides, axis=1)[PAIR].assign(label=np.int64(0))
    frame.attrs.update(
        {"method": method, "seed": seed, "positives": grid.positives.size, "available": available, **off}
    )
    return frame


def combine(positives: pd.DataFrame, negatives: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """One labelled table (1 or 0) of positives and negatives, in random order.

    A column that only one of the tables has is kept, and empty for the other.

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
    code = both.groupby([*SEQUENCES], sort=False).ngroup().to_numpy()
    clash = np.flatnonzero(np.isin(code[len(positives) :], code[: len(positives)]))
    if clash.size:
        pair = negatives.iloc[clash[0]]
        raise ValueError(
            f"negatives, row {clash[0]}: the pair {pair['rna_id']}, {pair['protein_id']} has the sequences "
            f"of a positive pair ({clash.size} such rows). Draw negatives with sample_negatives"
        )
    return both.iloc[np.random.default_rng(seed).permutation(len(both))].reset_index(drop=True)


def sampling_audit(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame], *, n_boot: int = 1000, max_rows: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
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
        kept = np.sort(np.random.default_rng(seed).permutation(len(table))[:max_rows])
        y, part = y[kept], table.iloc[kept]
        folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(y, y))
        for side, k, (column, alphabet) in zip(("RNA", "peptide"), (3, 1), SEQUENCES.items(), strict=True):
            chain, sequences = pd.factorize(part[column])
            counts = kmer_counts(list(sequences), k, alphabet, frequencies=True)
            length = np.array([len(sequence) for sequence in sequences], dtype=np.float32)
            words = np.column_stack([counts, length])[chain]
            by_name, by_words = np.empty(y.size), np.empty(y.size)
            for train, test in folds:
                by_name[test] = _share_of_positives(chain, y, train)[test]
                trees = ExtraTreesClassifier(50, min_samples_leaf=5, random_state=seed)
                by_words[test] = trees.fit(words[train], y[train]).predict_proba(words[test])[:, 1]
            for sees, p in ((f"{side} identity", by_name), (f"{side} k-mers", by_words)):
                frame = metrics.classification(y, p, groups=chain, n_boot=n_boot, seed=seed)
                rows.append(frame[frame.metric == "auroc"].assign(method=method, sees=sees))
    columns = ["method", "sees", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.concat(rows, ignore_index=True)[columns]


def draw_outside(
    starts: np.ndarray, lengths: np.ndarray, *, total: int, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw distinct numbers below `total` that lie in none of the given runs, all as likely.

    Parameters
    ----------
    starts, lengths : numpy.ndarray, shape=(runs,), dtype=int64
        Ascending, disjoint runs of excluded numbers.
    total : int
        One more than the largest number.
    n : int
        How many to draw, at most ``total - lengths.sum()``.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=int64
        In no particular order.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sorted(draw_outside(np.array([1]), np.array([3]), total=6, n=3, rng=rng).tolist())
    [0, 4, 5]
    """
    cumulative = np.append(0, np.cumsum(lengths))
    ranks = _distinct(int(total - cumulative[-1]), n, rng)
    # The number of allowed numbers before each run says how many runs lie below a rank.
    free_before = starts - cumulative[:-1]
    return ranks + cumulative[np.searchsorted(free_before, ranks, side="right")]


def shares(counts: np.ndarray, n: int, *, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers that sum to `n`, each the proportional share of a count rounded up or down.

    Which shares are rounded up is drawn, in proportion to what is cut off (systematic sampling), so
    that small counts are not favoured by their place in a table.

    Examples
    --------
    >>> shares(np.array([1, 1, 2]), 8, rng=np.random.default_rng(0)).tolist()
    [2, 2, 4]
    """
    order = rng.permutation(counts.size)
    reached = np.cumsum(counts[order]) * n / counts.sum()
    result = np.empty(counts.size, dtype=np.int64)
    result[order] = np.diff(np.floor(reached + rng.random()), prepend=0).astype(np.int64)
    return result


def bipartite(
    row_sums: np.ndarray, column_sums: np.ndarray, excluded: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Draw distinct pairs with given row and column sums, none of them excluded.

    Ends are matched at random; pairs that are excluded or stand twice swap their column with a
    random other pair (doi:10.1126/science.1065103) until none is left.

    Parameters
    ----------
    row_sums, column_sums : numpy.ndarray, dtype=int64
        Number of pairs wanted in each row and in each column, of the same sum.
    excluded : numpy.ndarray, dtype=int64
        Ascending pairs that must not be drawn.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape=(row_sums.sum(),), dtype=int64
        The sums are met exactly if swaps find a way, which they do unless the grid is nearly full.
        What is not met is filled with other pairs, first of the rows that lack some, then of any.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sums = np.array([1, 1])
    >>> sorted(bipartite(sums, sums, np.array([0, 3]), rng=rng).tolist())
    [1, 2]
    """
    columns = column_sums.size
    row = np.repeat(np.arange(row_sums.size), row_sums)
    column = rng.permutation(np.repeat(np.arange(columns), column_sums))
    codes = row * columns + column
    bad = _bad(codes, excluded)
    idle = 0
    while bad.size and idle < _PATIENCE:
        before = bad.size
        _swap(codes, bad, columns, excluded, rng)
        bad = _bad(codes, excluded)
        idle = 0 if bad.size < before else idle + 1
    if bad.size:
        codes = _filled(np.delete(codes, bad), row_sums, columns, excluded, rng)
    return codes


def _grid(pairs: pd.DataFrame) -> _Grid:
    _check_columns(pairs, "pairs")
    if pairs.empty:
        raise ValueError("pairs has no row; expected at least one positive pair")
    codes = [pd.factorize(pairs[column])[0].astype(np.int64) for column in SEQUENCES]
    chains = []
    for kind, code in zip(("rna", "protein"), codes, strict=True):
        first = np.unique(code, return_index=True)[1]
        chains.append(pairs[[f"{kind}_id", f"{kind}_seq"]].iloc[first].reset_index(drop=True))
    return _Grid(chains, np.unique(codes[0] * len(chains[1]) + codes[1]))


def _near_positives(grid: _Grid, options: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the peptides by group, and the runs of pairs in it that are near a positive."""
    if unknown := sorted(set(options) - set(SIMILARITY)):
        raise ValueError(
            f"similarity has the unknown entries {', '.join(unknown)}; "
            f"expected some of {', '.join(SIMILARITY)}"
        )
    chosen = SIMILARITY | dict(options)
    threshold, words = chosen["threshold"], (int(chosen["k_rna"]), int(chosen["k_peptide"]))
    rna_groups, peptide_groups = (
        homology_groups(chains[column].tolist(), k=k, threshold=threshold, alphabet=alphabet)
        for chains, k, (column, alphabet) in zip(grid.chains, words, SEQUENCES.items(), strict=True)
    )
    order = np.argsort(peptide_groups, kind="stable")
    sizes = np.bincount(peptide_groups)
    begins = np.cumsum(sizes) - sizes
    rna, peptide = grid.sides(grid.positives)
    near = np.unique(rna_groups[rna] * sizes.size + peptide_groups[peptide])
    rna_group, peptide_group = np.divmod(near, sizes.size)
    # Each RNA takes on the peptide groups of its own group.
    by_group = np.argsort(rna_groups, kind="stable")
    members = np.bincount(rna_groups)
    first = np.cumsum(members) - members
    repeat = members[rna_group]
    within = np.arange(repeat.sum()) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    blocked = np.repeat(peptide_group, repeat)
    starts = by_group[np.repeat(first[rna_group], repeat) + within] * grid.shape[1] + begins[blocked]
    ascending = np.argsort(starts)
    return order, starts[ascending], sizes[blocked][ascending]


def _degree_matched(grid: _Grid, n: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, int]]:
    """Negatives with the positives' degrees, and by how many pairs each side misses them."""
    sides = zip(grid.sides(grid.positives), grid.shape, strict=True)
    targets = [shares(np.bincount(codes, minlength=size), n, rng=rng) for codes, size in sides]
    codes = bipartite(targets[0], targets[1], grid.positives, rng=rng)
    off = {}
    for name, side, target in zip(("rna_off", "peptide_off"), grid.sides(codes), targets, strict=True):
        off[name] = int(np.abs(np.bincount(side, minlength=target.size) - target).sum())
    return codes, off


def _share_of_positives(chain: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Of each row's chain, among the training rows."""
    hits = np.bincount(chain[train], weights=y[train], minlength=chain.max() + 1)
    seen = np.bincount(chain[train], minlength=chain.max() + 1)
    # One pair's worth of the overall share, so that a chain not seen is no evidence.
    return ((hits + y[train].mean()) / (seen + 1))[chain]


def _labels(table: pd.DataFrame, method: str) -> np.ndarray:
    _check_columns(table, f"table {method!r}")
    if "label" not in table:
        raise ValueError(f"table {method!r} has no column label; make it with negatives.combine")
    y = table["label"].to_numpy()
    for label in (0, 1):
        if (count := int((y == label).sum())) < 5:
            raise ValueError(f"table {method!r} has {count} pairs of label {label}; expected at least 5")
    return y.astype(np.int64)


def _check_columns(table: pd.DataFrame, name: str) -> None:
    if missing := [column for column in PAIR if column not in table]:
        raise ValueError(
            f"{name} lacks the columns {', '.join(missing)}; expected {', '.join(PAIR)}. Rename the columns"
        )
    for column in SEQUENCES:
        empty = np.flatnonzero(table[column].isna() | (table[column] == ""))
        if empty.size:
            raise ValueError(
                f"{name}, row {empty[0]}, {column}: found no sequence; expected one for each pair. "
                "Fill it in or leave the row out"
            )


def _distinct(total: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` distinct numbers below `total`, all sets as likely, in memory proportional to `n`."""
    if 4 * n > total:
        return rng.permutation(total)[:n]
    drawn = np.empty(0, dtype=np.int64)
    while drawn.size < n:
        more = rng.integers(total, size=int(1.2 * (n - drawn.size)) + 16)
        drawn = np.unique(np.concatenate([drawn, more]))
    return drawn[rng.permutation(drawn.size)[:n]]


def _bad(codes: np.ndarray, excluded: np.ndarray) -> np.ndarray:
    """Places of pairs that are excluded, or equal to a pair before them."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    wrong = _member(ordered, excluded)
    wrong[1:] |= ordered[1:] == ordered[:-1]
    return order[wrong]


def _swap(
    codes: np.ndarray, which: np.ndarray, columns: int, excluded: np.ndarray, rng: np.random.Generator
) -> None:
    """Swap, in place, columns of some pairs with random others where both results are free."""
    tries = max(1, _TRIES // which.size)
    partner = rng.integers(codes.size, size=(which.size, tries))
    row, column = np.divmod(codes, columns)
    first = row[which][:, None] * columns + column[partner]
    second = row[partner] * columns + column[which][:, None]
    taken = np.sort(np.concatenate([excluded, codes]))
    free = ~_member(first, taken) & ~_member(second, taken) & (first != second)
    choice = free.argmax(axis=1)
    kept = np.flatnonzero(free[np.arange(which.size), choice])
    choice = choice[kept]
    one, other = which[kept], partner[kept, choice]
    new = first[kept, choice], second[kept, choice]
    # Swaps of one round must not meet: neither in a pair that they move nor in one that they make.
    apart = _alone(np.concatenate([one, other])) & _alone(np.concatenate(new))
    done = apart[: kept.size] & apart[kept.size :]
    codes[one[done]], codes[other[done]] = new[0][done], new[1][done]


def _filled(
    codes: np.ndarray, row_sums: np.ndarray, columns: int, excluded: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Add pairs until there are enough: of rows that lack some where one is free, then of any."""
    missing = row_sums - np.bincount(codes // columns, minlength=row_sums.size)
    taken = np.sort(np.concatenate([codes, excluded]))
    for row in np.flatnonzero(missing):
        first, last = np.searchsorted(taken, [row * columns, (row + 1) * columns])
        free = np.setdiff1d(np.arange(columns), taken[first:last] % columns)
        codes = np.append(codes, row * columns + rng.permutation(free)[: missing[row]])
    taken = np.sort(np.concatenate([codes, excluded]))
    lacking, total = int(row_sums.sum()) - codes.size, row_sums.size * columns
    rest = draw_outside(taken, np.ones_like(taken), total=total, n=lacking, rng=rng)
    return np.concatenate([codes, rest])


def _member(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    if not ordered.size:
        return np.zeros(values.shape, dtype=bool)
    place = np.minimum(np.searchsorted(ordered, values), ordered.size - 1)
    return ordered[place] == values


def _alone(values: np.ndarray) -> np.ndarray:
    """Whether each value stands once."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return counts[inverse] == 1
