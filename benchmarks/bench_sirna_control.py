"""How far a model of shuffled efficacies lies from 0: the control of the siRNA track, on the real data.

Ridge regression is linear in the labels, so one matrix a fold gives the predictions of any shuffling. Run
``python benchmarks/bench_sirna_control.py [shufflings]``; half a minute. It prints, over shufflings,
Pearson's r of all rows, within folds and within mRNAs, and how often the 95 % interval over mRNAs of a
single shuffling holds 0.
"""

import sys

import numpy as np
import pandas as pd

from helpers import splits
from helpers.stats import metrics
from helpers.tracks.sirna_efficacy import data, features
from helpers.tracks.sirna_efficacy.table import PLAIN, Scaler

PENALTY = 30.0


def smoother(X: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Matrix from the labels of `train` to the predictions of `test`."""
    Z = Scaler.of(X[train]).apply(X)
    n = len(train)
    inner = np.linalg.solve(Z[train] @ Z[train].T + PENALTY * np.eye(n), np.eye(n) - 1 / n)
    return Z[test] @ Z[train].T @ inner + 1 / n


def main(shufflings: int) -> None:
    loaded = data.from_registry()
    pairs = loaded.pairs
    y = pairs["efficacy"].to_numpy()
    X = features.compute(pairs["guide"], [loaded.mrnas[name] for name in pairs["mrna_id"]], pairs["start"])
    folds = splits.grouped_kfold(pairs["group"], k=5, y=pd.qcut(y, 5, labels=False), valid=0, seed=1)
    maps = [(smoother(X[PLAIN].to_numpy(), fold.train, fold.test), fold) for fold in folds]
    within = y - pd.Series(y).groupby(pairs["mrna_id"]).transform("mean").to_numpy()
    rows, holds = [], []
    for seed in range(shufflings):
        rng, p = np.random.default_rng(seed), np.zeros(len(y))
        for matrix, fold in maps:
            p[fold.test] = matrix @ rng.permutation(y[fold.train])
        own = p - pd.Series(p).groupby(pairs["mrna_id"]).transform("mean").to_numpy()
        folded = np.mean([np.corrcoef(p[fold.test], y[fold.test])[0, 1] for fold in folds])
        rows.append((np.corrcoef(p, y)[0, 1], folded, np.corrcoef(own, within)[0, 1]))
        if seed < 100:
            found = metrics.regression(y, p, groups=pairs["group"], n_boot=300).set_index("metric")
            holds.append(found.loc["pearson", "ci_low"] <= 0 <= found.loc["pearson", "ci_high"])
    table = pd.DataFrame(rows, columns=["all rows", "within folds", "within mRNAs"])
    print(table.describe().loc[["mean", "std", "min", "max"]].round(3))
    print(f"the 95 % interval over mRNAs of one shuffling holds 0 in {np.mean(holds):.0%} of cases")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
