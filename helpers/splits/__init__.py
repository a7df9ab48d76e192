"""Folds that keep relatives apart, and the audit that says whether they did."""

from helpers.splits.folds import (
    Fold,
    by_chromosome,
    check,
    cold_kfold,
    given,
    grouped_kfold,
    holdout,
    random_kfold,
    summary,
)
from helpers.splits.leakage import audit

__all__ = [
    "Fold", "audit", "by_chromosome", "check", "cold_kfold", "given", "grouped_kfold", "holdout",
    "random_kfold", "summary",
]  # fmt: skip
