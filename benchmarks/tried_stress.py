"""What was tried to better the motif scanner of the stress track, judged on validation rows.

All rows are training genes of the first fold of run 1, without orthologs of its test genes. In three
partitions, each fifth of them (whole groups) judges in turn. "Ridge" fits counts in closed form, to compare
many ways; the others are the scanner's last layer, trained here on kept counts by the steps of Keras (Adam),
each from two seeds. ``python benchmarks/tried_stress.py`` (minutes) prints AUROC and the paired difference
to the scanner as it was, and the same for networks that learn from a quarter of the genes. With ``since`` it
prints what was tried since then, against the scanner of today.
"""

import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
from memelite import tomtom
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from helpers import splits
from helpers.motifs import library
from helpers.project import backend
from helpers.stats import scoring
from helpers.stats.odds import logit, sigmoid

backend.use("tensorflow")
from helpers.tracks.stress_response import data, network, predictors  # noqa: E402

BINS, FAMILIES, SEEDS = 12, 60, 2
BEFORE, NOW = "scanner as it was", "scanner: penalty 2, small steps from 0 (taken)"


class Way(NamedTuple):
    """How the last layer is trained.

    `bins` are the stretches beside the whole promoter, `harder` how many times harder the weights of the 12
    bins are shrunk; `smooth` shrinks those of neighbours to each other, `sparse` is the L1 penalty, `agree`
    the penalty on the squared difference in log-odds between a gene and its ortholog, `random` the start.
    """

    bins: tuple[int, ...] = (2,)
    penalty: float = 2.0
    step: float = 1e-4
    random: bool = False
    harder: float = 1.0
    smooth: bool = False
    sparse: float = 0.0
    agree: float = 0.0


THEN = {
    BEFORE: Way(penalty=0.3, step=1e-3, random=True),
    NOW: Way(),
    f"the same, {BINS} bins more, penalty 6": Way((2, BINS), 6.0),
}
HARDER = Way((2, BINS), 3.0, harder=3.0)
SINCE = {
    "scanner": Way(),
    f"the same, {BINS} bins more, shrunk harder": HARDER,
    f"the same, {BINS} bins more, neighbours alike": HARDER._replace(smooth=True),
    "the same, elastic net": Way(sparse=0.01),
    "the same, orthologs agree": Way(agree=0.3),
    f"the same, {BINS} bins more, shrunk harder, orthologs agree": HARDER._replace(agree=0.3),
}


NEIGHBOURS = np.linalg.cholesky(np.exp(-abs(np.subtract.outer(range(BINS), range(BINS))) / 6))
NEIGHBOURS = NEIGHBOURS.astype(np.float32)


def scaled(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-6)


def joined(counts: np.ndarray, k: int) -> np.ndarray:
    """Counts in `k` stretches, shape (n, k, motifs)."""
    return counts.reshape(len(counts), k, BINS // k, -1).mean(axis=2)


def described(counts: np.ndarray, way: Way) -> np.ndarray:
    """Counts (n, bins, motifs) of the whole and of the stretches, shape (n, features)."""
    return np.concatenate([joined(counts, k).reshape(len(counts), -1) for k in (1, *way.bins)], axis=1)


def weighed(X: np.ndarray, way: Way) -> np.ndarray:
    """Scaled counts, of which the bins are weaker, or mixed, so that one penalty shrinks them as told."""
    if way.harder == 1 and not way.smooth:
        return X
    bins = X[:, -BINS * (X.shape[1] // (1 + sum(way.bins))) :]
    if way.smooth:
        bins = np.einsum("nbf,bc->ncf", bins.reshape(len(X), BINS, -1), NEIGHBOURS).reshape(len(X), -1)
    return np.concatenate([X[:, : -bins.shape[1]], bins / np.float32(np.sqrt(way.harder))], axis=1)


def trained(X: np.ndarray, y: np.ndarray, way: Way, pairs: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Weights and bias by Adam, 64 rows a step: those behind the epoch of the lowest loss, of 40 at most.

    `pairs` holds the rows of X of a gene and of its ortholog, shape (pairs, 2).
    """
    rng, edge = np.random.default_rng(seed), np.sqrt(6 / (X.shape[1] + 1)) if way.random else 0.0
    penalty, step, some = way.penalty, way.step, 64
    w, b = rng.uniform(-edge, edge, X.shape[1]).astype(np.float32), float(logit(y.mean()))
    (mean, square), i = np.zeros((2, len(w) + 1), np.float32), 0
    best, kept, last = np.inf, (w, b), 0
    for epoch in range(40):
        loss = 0.0
        for rows in np.array_split(rng.permutation(len(y)), range(64, len(y), 64)):
            z, i = X[rows] @ w + b, i + 1
            loss += (np.logaddexp(0, z) - y[rows] * z).sum() + len(rows) * penalty * float(w @ w)
            wrong = ((sigmoid(z) - y[rows]) / len(rows)).astype(np.float32)
            slope = np.append(wrong @ X[rows] + np.float32(2 * penalty) * w, wrong.sum())
            if way.sparse:
                loss += len(rows) * way.sparse * float(abs(w).sum())
                slope[:-1] += np.float32(way.sparse) * np.sign(w)
            if way.agree:
                one, other = pairs[rng.integers(len(pairs), size=some)].T
                apart = X[one] - X[other]
                loss += len(rows) * way.agree * float(((apart @ w) ** 2).mean())
                slope[:-1] += np.float32(2 * way.agree / some) * (apart @ w @ apart)
            mean += np.float32(0.1) * (slope - mean)
            square += np.float32(0.001) * (slope**2 - square)
            size = np.float32(step * np.sqrt(1 - 0.999**i) / (1 - 0.9**i))
            moved = size * mean / (np.sqrt(square) + np.float32(1e-7))
            w, b = w - moved[:-1], b - float(moved[-1])
        if loss < best:
            best, kept, last = loss, (w, b), epoch
        elif epoch - last >= 15:
            break
    return kept


def kernels(counts: np.ndarray) -> dict[str, tuple[np.ndarray, float]]:
    """Descriptions of promoters, from counts (n, bins, motifs), as products (n, n), with a penalty each."""
    motifs = [np.ascontiguousarray(one.ppm.T) for one in library.jaspar("plants")]
    p = tomtom(motifs, motifs, reverse_complement=True, n_jobs=1)[0]
    far = 1 + np.log10(np.clip(np.maximum(p, p.T), 1e-12, 1)) / 12
    family = fcluster(linkage(squareform(far, checks=False), "average"), FAMILIES, "maxclust") - 1
    n = len(counts)

    def product(X: np.ndarray) -> np.ndarray:
        return X.reshape(n, -1) @ X.reshape(n, -1).T / X.shape[-1]

    parts = [scaled(joined(counts, k)) for k in (1, 2, BINS)]
    wide, narrow = product(parts[0]) + product(parts[1]), product(parts[2])
    found = {"ridge, the penalty as it was": (wide, 5.0), "ridge, six times the penalty": (wide, 30.0)}
    found["ridge, 12 bins, smooth"] = 3 * wide + narrow, 150.0
    for how in ("mean", "max"):
        members = [getattr(parts[2][..., family == i], how)(axis=2) for i in range(FAMILIES)]
        mixed = np.einsum("nbf,bc->ncf", scaled(np.stack(members, axis=2)), NEIGHBOURS)
        found[f"ridge, {FAMILIES} families, {how}, 12 bins, smooth"] = product(mixed), 36.0
    return found


def judged(
    share: float,
    ways: dict[str, Way],
    tried: dict[str, tuple[np.ndarray, float]],
    table: predictors.PromoterTable,
    counts: np.ndarray,
) -> pd.DataFrame:
    """Probabilities of networks and kernels, each trained on a share of the training genes' groups."""
    X = {way.bins: described(counts, way) for way in ways.values()}
    links = np.array([(gene, len(table) + one) for gene, found in table.links.items() for one in found])
    y, groups = (
        np.concatenate([table.y, table.related_y]),
        np.concatenate([table.groups, table.related_groups]),
    )
    own = table.y.astype(int)
    outer = splits.grouped_kfold(table.groups, k=5, y=own, seed=2)[0]
    genes, rows = np.sort(np.concatenate([outer.train, outer.valid])), []
    inner = [splits.grouped_kfold(table.groups[genes], k=5, y=own[genes], valid=0, seed=i) for i in (1, 2, 3)]
    for number, fold in enumerate(one for partition in inner for one in partition):
        train, valid = genes[fold.train], genes[fold.test]
        learnt = np.concatenate([train, len(table) + table.usable(train)])
        known = np.random.default_rng(number).permutation(np.unique(groups[learnt]))
        learnt = learnt[np.isin(groups[learnt], known[: int(share * len(known))])]
        t, p = 2 * y[learnt] - 1, {}
        for name, (K, penalty) in tried.items():
            weights = np.linalg.solve(K[np.ix_(learnt, learnt)] + penalty * np.eye(len(t)), t - t.mean())
            p[name] = sigmoid(K[np.ix_(valid, learnt)] @ weights)
        place = np.full(len(y), -1)
        place[learnt] = range(len(learnt))
        pairs = place[links][(place[links] >= 0).all(axis=1)]
        scale = {bins: (x[learnt].mean(axis=0), x[learnt].std(axis=0)) for bins, x in X.items()}
        for seed in range(SEEDS):
            for name, way in ways.items():
                mean, sd = scale[way.bins]
                given, asked = (weighed((X[way.bins][part] - mean) / sd, way) for part in (learnt, valid))
                w, b = trained(given, y[learnt], way, pairs, 100 * seed + number)
                p[name] = sigmoid(asked @ w + b)
            told = {
                "row": valid,
                "group": table.groups[valid],
                "y": table.y[valid],
                "run": 100 * seed + number,
            }
            rows += [pd.DataFrame({**told, "model": name, "p": one}) for name, one in p.items()]
    return pd.concat(rows).assign(protocol="inner", fold=1)


def main() -> None:
    loaded = data.from_registry()
    table = predictors.PromoterTable(loaded.promoters, loaded.orthologs)
    counts = np.concatenate(table.motif_counts(network.build_scanner(table.length, bins=BINS), "tried"))
    counts = counts.reshape(len(counts), BINS + 1, -1)[:, 1:]
    since = "since" in sys.argv[1:]
    ways, reference = (SINCE, "scanner") if since else (THEN, BEFORE)
    for share in (1, 0.25):
        found = judged(share, ways, {} if since or share < 1 else kernels(counts), table, counts)
        scores = scoring.score(found, dataset="aly", n_boot=500).query("metric == 'auroc'")
        print(
            f"| tried, on {share:.0%} of the training genes | auroc | less the {reference} |\n|---|---|---|"
        )
        for name, value in scores.set_index("model")["value"].sort_values().items():
            less = ""
            if name != reference:
                one = scoring.compare(found, name, [reference], n_boot=500).iloc[0]
                less = f"{one['value']:+.3f} [{one['ci_low']:+.3f}, {one['ci_high']:+.3f}]"
            print(f"| {name} | {value:.3f} | {less} |", flush=True)


if __name__ == "__main__":
    main()
