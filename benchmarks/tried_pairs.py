"""What was tried to weigh the parts of `ours` (RNA-peptide) better, judged inside the training rows.

Training rows of the second fold of two runs of notebook 03 are cut again, by family; validation rows choose
the epoch and today's weights. No test row is read. ``python benchmarks/tried_pairs.py``: 4 CPU minutes.
"""

from itertools import product

import numpy as np
import pandas as pd
import parasail
from scipy.optimize import minimize
from sklearn.metrics import log_loss, roc_auc_score

from helpers import splits, training
from helpers.sequences import alignment, alphabet, homology
from helpers.splits.folds import Fold, cut
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.rna_peptide import data, negatives, predictors


def similarity(side, letters, least):
    """Normalised Smith-Waterman scores of chains with at least so many common words (0: of all)."""
    rule, chains = alignment.RULES[letters.name], np.unique(np.asarray(side, dtype=object)).tolist()
    n, like = len(chains), np.zeros((len(chains), len(chains)), np.float32)
    words = homology.shared_words(chains, k=rule.k, least=least, alphabet=letters) if least else []
    blocks = [np.diag_indices(n) if least else np.triu_indices(n), *(block[:2] for block in words)]
    for i, j in np.hstack(blocks).T.tolist():
        found = parasail.sw_striped_sat(chains[i], chains[j], rule.gap_open, rule.gap_extend, rule.matrix)
        like[i, j] = like[j, i] = max(found.score - rule.score / 2, 0)
    return like / np.sqrt(np.outer(np.diag(like), np.diag(like)).clip(1))


class Tried(training.Blend):
    def __init__(self, seed):
        parts = predictors.Comparison("real", 2, 64, hybrid=True).ours(plain, seed).parts
        super().__init__(parts, intercept=False)
        self.aligned = predictors.Neighbours(near, seed=seed)

    def fit(self, train, valid):
        for part in (*self.parts.values(), self.aligned):
            part.fit(train, valid)
        self.weigh(train, valid, self.table.y)

    def predict(self, rows):
        return super().predict(rows) | {"aligned": self.aligned.predict(rows)}


def stacked(rest, test, parts, pull):
    """AUROC of `test` by weights from the log loss of `rest`, none negative, drawn to the better part."""
    X, y = logit(rest[parts].to_numpy()), rest["y"].to_numpy()
    aim = np.eye(2)[np.argmax([roc_auc_score(y, x) for x in X.T])]
    cost = lambda w: log_loss(y, sigmoid(X @ w)) + pull * ((w - aim) ** 2).sum()  # noqa: E731
    return roc_auc_score(
        test["y"], logit(test[parts].to_numpy()) @ minimize(cost, aim, bounds=[(0, 9)] * 2).x
    )


loaded = data.from_registry("rpi2241").pairs
pairs = negatives.combine(*(loaded.loc[loaded["label"] == one, data.PAIR] for one in (1, 0)), seed=1)
rna, peptide, y = pairs["rna_seq"], pairs["protein_seq"], pairs["label"].to_numpy()
groups, scores = splits.pair_groups(rna.tolist(), peptide.tolist()), []
plain, near = (predictors.PairTable(rna, peptide, y) for _ in range(2))
near.space.rna_like.append(similarity(rna, alphabet.RNA, 3))
near.space.peptide_like.append(similarity(peptide, alphabet.PEPTIDE, 0))
near.space._rna_kernel = np.mean(near.space.rna_like[1:], axis=0)
near.space._peptide_kernel = np.mean(near.space.peptide_like[1:], axis=0)
for seed in (1, 11):
    outer = splits.pair_kfold("homology_both", rna, peptide, y=y, seed=seed, groups=groups)[1]
    rows, sides = outer.train, [pd.factorize(side)[0] for side in groups[outer.train].T]
    cuts = enumerate(cut(sides, y[rows], 3, valid=0, seed=seed, name="inner"))
    inner = [Fold(rows[one.train], outer.valid, rows[one.test], f"{seed}-{i}") for i, one in cuts]
    found = training.cross_validate({"tried": lambda seed=seed: Tried(seed)}, y, inner)
    found = found.pivot_table(index=["fold", "row", "y"], columns="model", values="p").reset_index()
    for fold, test in found.groupby("fold"):
        rest, score = found[found["fold"] != fold], {name: test[name] for name in test.columns[3:]}
        score["equal"] = logit(test[["network", "neighbours"]].to_numpy()).sum(axis=1)
        score = {name: roc_auc_score(test["y"], p) for name, p in score.items()}
        for second, pull in product(("neighbours", "aligned"), (0, 0.1, 1)):
            score[f"stack with {second}, {pull}"] = stacked(rest, test, ["network", second], pull)
        scores.append(score)
auroc = pd.DataFrame(scores)
gain = auroc.sub(auroc["ours"], axis=0)
print(auroc.round(3).T.to_string())
print(pd.DataFrame({"auroc": auroc.mean(), "minus ours": gain.mean(), "sd": gain.std()}).round(3).to_string())
