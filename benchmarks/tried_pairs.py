"""What was tried to make `ours` (RNA-peptide) better, judged inside the training rows.

Training rows of the second fold of two runs of notebook 03 are cut again, by family; validation rows choose
the epoch and the weights. No test row is read. ``python benchmarks/tried_pairs.py``: 10 CPU minutes.
"""

from functools import partial
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

# Hydropathy (Kyte and Doolittle 1982), charge, and volume in cubic angstrom (Zamyatnin 1972).
LETTERS = "ARNDCQEGHILKMFPSTWYV"
SCALES = {
    "hydropathy": "1.8 -4.5 -3.5 -3.5 2.5 -3.5 -3.5 -.4 -3.2 4.5 3.8 -3.9 1.9 2.8 -1.6 -.8 -.7 -.9 -1.3 4.2",
    "charge": "0 1 0 -1 0 0 -1 0 .1 0 0 1 0 0 0 0 0 0 0 0",
    "volume": "88.6 173.4 114.1 111.1 108.5 143.8 138.4 60.1 153.2 166.7 166.7 168.6 162.9 189.9 112.7 89 "
    "116.1 227.8 193.6 140",
}
SCALES = {name: dict(zip(LETTERS, map(float, row.split()), strict=True)) for name, row in SCALES.items()}


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


def described(rna, peptide):
    """Of the RNA the share of G and C and the class by length; of the peptide, three scales along it."""
    rows = []
    for one, other in zip(rna, peptide, strict=True):
        size = np.searchsorted([60, 100, 130, 1000, 2000], len(one))  # tRNA, 5S, 16S and 23S, and between
        row = [one.count("G") / len(one) + one.count("C") / len(one), *np.eye(6)[size]]
        for scale in SCALES.values():
            x = np.array([scale[letter] for letter in other if letter in scale] or [0.0])
            window = np.convolve(x, np.full(min(15, len(x)), 1 / 15), "valid")
            row += [x.mean(), x.std(), x.sum(), window.min(), window.max()]
            x = np.pad(x - x.mean(), (0, 31))
            row += [x[:-lag] @ x[lag:] / len(other) for lag in range(1, 31)]
        rows.append(row)
    return np.array(rows, np.float32)


class Tried:
    def __init__(self, seed):
        self.settings = {"model": "tried", "seed": seed}
        network = partial(predictors.Network, plain, preset="real", batch_size=64, seed=seed)
        self.parts = {"network": network(epochs=2), "30 epochs": network(epochs=30)}
        self.parts["5 members"] = network(epochs=2, members=5)
        tables = {"neighbours": plain, "aligned": near, "described": told}
        self.parts |= {name: predictors.Neighbours(table, seed=seed) for name, table in tables.items()}
        self.parts |= {
            "trees": predictors.Trees(plain, seed=seed),
            "trees, described": predictors.Trees(told, seed=seed),
        }
        pairs = [("network", name) for name in tables] + [
            (name, "neighbours") for name in ("30 epochs", "5 members")
        ]
        self.blends = {
            f"{a} and {b}": training.Blend({a: self.parts[a], b: self.parts[b]}, intercept=False)
            for a, b in pairs
        }

    def fit(self, train, valid):
        for part in self.parts.values():
            part.fit(train, valid)
        for blend in self.blends.values():
            blend.weigh(train, valid, y)

    def predict(self, rows):
        found = {name: part.predict(rows) for name, part in self.parts.items()}
        return found | {
            name: one.mix(one.stack({part: found[part] for part in one.parts}))
            for name, one in self.blends.items()
        }


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
plain, near, told = (predictors.PairTable(rna, peptide, y) for _ in range(3))
told.composition = np.hstack([plain.composition, described(rna, peptide)])
near.space.rna_like.append(similarity(rna, alphabet.RNA, 3))
near.space.peptide_like.append(similarity(peptide, alphabet.PEPTIDE, 0))
near.space._rna_kernel = np.mean(near.space.rna_like[1:], axis=0)
near.space._peptide_kernel = np.mean(near.space.peptide_like[1:], axis=0)
for seed in (1, 11):
    outer = splits.pair_kfold("homology_both", rna, peptide, y=y, seed=seed, groups=groups)[1]
    rows, sides = outer.train, [pd.factorize(side)[0] for side in groups[outer.train].T]
    cuts = enumerate(cut(sides, y[rows], 3, valid=0, seed=seed, name="inner"))
    inner = [Fold(rows[one.train], outer.valid, rows[one.test], f"{seed}-{i}") for i, one in cuts]
    found = training.cross_validate({"tried": partial(Tried, seed)}, y, inner)
    found = found.pivot_table(index=["fold", "row", "y"], columns="model", values="p").reset_index()
    for fold, test in found.groupby("fold"):
        rest, score = found[found["fold"] != fold], {name: test[name] for name in test.columns[3:]}
        score["equal"] = logit(test[["network", "neighbours"]].to_numpy()).sum(axis=1)
        score = {name: roc_auc_score(test["y"], p) for name, p in score.items()}
        for second, pull in product(("neighbours", "aligned"), (0, 0.1, 1)):
            score[f"stack with {second}, {pull}"] = stacked(rest, test, ["network", second], pull)
        scores.append(score)
auroc = pd.DataFrame(scores)
gain = auroc.sub(auroc["network and neighbours"], axis=0)
print(auroc.round(3).T.to_string())
print(pd.DataFrame({"auroc": auroc.mean(), "minus ours": gain.mean(), "sd": gain.std()}).round(3).to_string())
