"""What was tried to better the motif scanner of the stress track, judged on validation rows.

All rows are training genes of the first fold of run 1, without orthologs of its test genes. Three times a
fifth of them (whole groups) judges. "Ridge" fits the scanner's counts in closed form, to compare many ways.
``python benchmarks/tried_stress.py`` (minutes) prints AUROC and the paired difference to the scanner.
"""

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

BINS, FAMILIES = 12, 60
BUILDS = {"scanner": {}, "scanner, seven times the penalty": {"l2": 2.0, "learning_rate": 1e-4}}


def scaled(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-6)


def kernels(counts: np.ndarray) -> dict[str, tuple[np.ndarray, float]]:
    """Descriptions of promoters, from counts (n, bins, motifs), as products (n, n), with a penalty each."""
    motifs = [np.ascontiguousarray(one.ppm.T) for one in library.jaspar("plants")]
    p = tomtom(motifs, motifs, reverse_complement=True, n_jobs=1)[0]
    far = 1 + np.log10(np.clip(np.maximum(p, p.T), 1e-12, 1)) / 12
    family = fcluster(linkage(squareform(far, checks=False), "average"), FAMILIES, "maxclust") - 1
    apart, n = abs(np.subtract.outer(range(BINS), range(BINS))), len(counts)

    def product(X: np.ndarray) -> np.ndarray:
        return X.reshape(n, -1) @ X.reshape(n, -1).T / X.shape[-1]

    parts = [scaled(counts.reshape(n, k, BINS // k, -1).mean(axis=2)) for k in (1, 2, BINS)]
    wide, narrow = product(parts[0]) + product(parts[1]), product(parts[2])
    smooth = np.linalg.cholesky(np.exp(-apart / 6)).astype(np.float32)
    found = {"ridge, the scanner's penalty": (wide, 5.0), "ridge, six times the penalty": (wide, 30.0)}
    found["ridge, 12 bins, smooth"] = 3 * wide + narrow, 150.0
    for how in ("mean", "max"):
        joined = [getattr(scaled(counts)[..., family == i], how)(axis=2) for i in range(FAMILIES)]
        mixed = np.einsum("nbf,bc->ncf", scaled(np.stack(joined, axis=2)), smooth)
        found[f"ridge, {FAMILIES} families, {how}, 12 bins, smooth"] = product(mixed), 36.0
    return found


def main() -> None:
    loaded = data.from_registry()
    table = predictors.PromoterTable(loaded.promoters, loaded.orthologs)
    counts = np.concatenate(table.motif_counts(network.build_scanner(table.length, bins=BINS), "tried"))
    tried = kernels(counts.reshape(len(counts), BINS + 1, -1)[:, 1:])
    y, own = np.concatenate([table.y, table.related_y]), table.y.astype(int)
    outer = splits.grouped_kfold(table.groups, k=5, y=own, seed=2)[0]
    genes, rows = np.sort(np.concatenate([outer.train, outer.valid])), []
    settings = {"architecture": "scanner", "orthologs": True, "epochs": 40, "patience": 15, "seed": 2}
    for run in (1, 2, 3):
        fold = splits.grouped_kfold(table.groups[genes], k=5, y=own[genes], valid=0, seed=run)[0]
        train, valid = genes[fold.train], genes[fold.test]
        learnt = np.concatenate([train, len(table) + table.usable(train)])
        t, p = 2 * y[learnt] - 1, {}
        for name, (K, penalty) in tried.items():
            weights = np.linalg.solve(K[np.ix_(learnt, learnt)] + penalty * np.eye(len(t)), t - t.mean())
            p[name] = sigmoid(K[np.ix_(valid, learnt)] @ weights)
        models = {k: predictors.Network(table, **settings, build=build) for k, build in BUILDS.items()}
        models["trees"] = predictors.Trees(table, trees=200, orthologs=True, seed=2)
        for name, model in models.items():
            model.fit_held_out(train, valid)
            p[name] = model.predict(valid)
        p["half scanner, half trees"] = sigmoid((logit(p["scanner"]) + logit(p["trees"])) / 2)
        told = {"row": valid, "group": table.groups[valid], "y": table.y[valid], "run": run}
        rows += [pd.DataFrame({**told, "model": name, "p": one}) for name, one in p.items()]
    judged = pd.concat(rows).assign(protocol="inner", fold=1)
    found = scoring.score(judged, dataset="aly", n_boot=500).query("metric == 'auroc'").set_index("model")
    print("scanner:", found.loc["scanner", "value"].round(3))
    for name in [name for name in p if name != "scanner"]:
        one = scoring.compare(judged, name, ["scanner"], n_boot=500).iloc[0]
        less = f"{one['value']:+.3f} [{one['ci_low']:+.3f}, {one['ci_high']:+.3f}]"
        print(f"| {name} | {found.loc[name, 'value']:.3f} | {less} |")


if __name__ == "__main__":
    main()
