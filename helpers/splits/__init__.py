"""Folds that keep relatives apart, and the audit that says whether they did."""

from helpers.splits.folds import (
    Fold,
    by_chromosome,
    check,
    given,
    grouped_kfold,
    holdout,
    random_kfold,
    summary,
)
from helpers.splits.leakage import audit, near_shares
from helpers.splits.pairs import pair_groups, pair_kfold

__all__ = [
    "Fold", "audit", "by_chromosome", "check", "given", "grouped_kfold", "holdout", "near_shares",
    "pair_groups", "pair_kfold", "random_kfold", "summary",
]  # fmt: skip
