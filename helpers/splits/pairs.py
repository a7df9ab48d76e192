"""Protocols for pairs of an RNA and a peptide: which chains a test pair may share with training.

The names are those of results.csv and mean the same everywhere:

- ``random_5fold``: pairs at random; most test chains stand in training, with other partners.
- ``unseen_rna``, ``unseen_peptide``, ``unseen_both``: the sequences of that side are new, letter by
  letter. A chain of another species, one letter off, is new, too.
- ``homology_rna``, ``homology_peptide``, ``homology_both``: the whole family is new, that is every
  sequence that aligns with it, directly or through others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.sequences.alignment import families
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.splits.folds import Fold, class_codes, cut, group_codes, random_kfold

PROTOCOLS = (
    "random_5fold", "unseen_peptide", "unseen_rna", "unseen_both", "homology_peptide", "homology_rna",
    "homology_both",
)  # fmt: skip


def pair_groups(rna: Sequence[str], peptide: Sequence[str]) -> np.ndarray:
    """Family of each pair's RNA and of its peptide: the homology groups of both sides.

    Returns
    -------
    numpy.ndarray, shape=(n, 2), dtype=int64
        `helpers.sequences.alignment.families` of each side, for `pair_kfold`, for `summary`, for
        `near_shares` and for intervals that draw whole families.

    Examples
    --------
    >>> found = pair_groups(["ACGUACGU", "GGGG", "ACGUACGU"], ["MKVLA", "MKVLA", "WWWWW"])
    >>> found.tolist()
    [[0, 0], [1, 0], [0, 1]]
    """
    sides = ((rna, RNA), (peptide, PEPTIDE))
    return np.column_stack([families(chains, alphabet=alphabet) for chains, alphabet in sides])


def pair_kfold(
    protocol: str,
    rna: ArrayLike,
    peptide: ArrayLike,
    *,
    y: ArrayLike | None = None,
    k: int = 5,
    seed: int = 0,
    groups: np.ndarray | None = None,
) -> list[Fold]:
    """Split pairs by a protocol that is named.

    Parameters
    ----------
    protocol : str
        One of `PROTOCOLS`; the validation part is new to training in the same manner as the test part.
    rna, peptide : array-like, shape=(n,)
        The SEQUENCE of each side of each pair (ids may differ for one chain).
    y : array-like, shape=(n,), optional
        Classes, kept in the same share as far as whole chains or groups allow.
    groups : numpy.ndarray, shape=(n, 2), optional
        What `pair_groups` gave, so that a ``homology`` protocol need not find it again.

    Returns
    -------
    list of Fold
        Named ``unseen_rna_1`` and so on.

    Raises
    ------
    ValueError
        If the name is unknown, there are fewer distinct chains or groups than folds, a part comes out
        empty, or a chain is missing.

    Notes
    -----
    With one side new each pair is tested once. With both new (class C3 of
    doi:10.1038/nmeth.2259) RNAs and peptides are cut into `k` blocks each, and fold i tests the
    pairs of RNA block i with peptide block i. Each pair is tested at most once, about one in `k` is
    tested at all (`summary` says how many), and about (1 - 1/k) ** 2 of the pairs lie outside both
    blocks; the validation part takes 4 % of those and training 64 %. Pairs with one side
    in a test block and the other not are in `left_out`, and so are those that mix validation with
    training. All ``k * k`` blocks would test every pair, at ``k`` times the cost.

    A family is never cut, however large: a cut would put relatives on both sides again. One that holds
    more than a k-th of the pairs fills the test block of one fold alone. That fold tests this family
    with nothing like it in training, and has the less to train on; the other folds train on it.
    `summary` gives the share of the largest family.

    Examples
    --------
    >>> rna, peptide = np.divmod(np.arange(400), 20)
    >>> fold = pair_kfold("unseen_both", rna, peptide)[0]
    >>> fold.name, fold.train.size, fold.valid.size, fold.test.size
    ('unseen_both_1', 169, 9, 16)
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol is {protocol!r}; expected one of {', '.join(PROTOCOLS)}")
    sides = {"rna": group_codes(rna, "rna"), "peptide": group_codes(peptide, "peptide")}
    n = sides["rna"].size
    if n != sides["peptide"].size:
        raise ValueError(
            f"rna has {n} values, peptide {sides['peptide'].size}; expected one of each for every pair"
        )
    rule, new = protocol.split("_")
    if rule == "random":
        return random_kfold(n, k=k, y=y, seed=seed)
    if rule == "homology":
        found = (
            pair_groups(np.asarray(rna).tolist(), np.asarray(peptide).tolist())
            if groups is None
            else np.asarray(groups)
        )
        if found.shape != (n, 2):
            raise ValueError(f"groups has shape {found.shape}; expected ({n}, 2), as pair_groups gives it")
        sides = {"rna": group_codes(found[:, 0], "groups"), "peptide": group_codes(found[:, 1], "groups")}
    chosen = list(sides.values()) if new == "both" else [sides[new]]
    return cut(chosen, class_codes(y, n), k, valid=0.1 * len(chosen), seed=seed, name=protocol)
