"""What was tried to make the siRNA models better: ``python benchmarks/tried_sirna.py``.

Five minutes of a free core. The test fold of notebook 02 is put aside first, and its other rows
are cut once more, to train, to choose and to judge by. Epochs are fewer than in the notebook.
"""

import keras
import numpy as np
import pandas as pd
from keras import ops
from scipy.linalg import cho_solve

from helpers import splits
from helpers.tracks.sirna_efficacy import data, features, network, predictors
from helpers.training.fitting import Schedule, fit

SIZES = {"dropout": 0.5, "decay": 1e-3, "learning_rate": 2e-3}
TRAINED = {"epochs": 30, "batch_size": 64, "patience": 8}


def left_out(process, units):
    """Error of each training row, its unit left out (Dubrule 1983, doi:10.1007/BF01033232)."""
    inverse = cho_solve((process._lower, True), np.eye(len(units)))
    inverse -= np.outer(inverse.sum(axis=1), inverse.sum(axis=1)) / inverse.sum()
    errors = inverse @ process.y
    for rows in (np.flatnonzero(units == unit) for unit in np.unique(units)):
        errors[rows] = np.linalg.solve(inverse[np.ix_(rows, rows)], errors[rows])
    return errors


def ranking(y, p):
    """Squared error, and the logistic loss of pairs of one mRNA (second column) by their order."""
    apart = ops.sign(y[:, :1] - ops.transpose(y[:, :1])) * (p - ops.transpose(p)) / 0.1
    same = ops.cast(ops.equal(y[:, 1:], ops.transpose(y[:, 1:])), "float32") - ops.eye(ops.shape(y)[0])
    pairs = ops.sum(same * ops.softplus(-apart)) / (ops.sum(same) + 1)
    return ops.mean(ops.square(y[:, :1] - p)) + 0.05 * pairs


def learnt(table, train, choose, y, seed, loss="mse"):
    """What a network that learnt `y` says of all rows."""
    keras.utils.set_random_seed(seed)
    scaler = predictors.Scaler.of(table.named(train, predictors.PLAIN))
    model, y = network.build_siamese(len(predictors.PLAIN), **SIZES), y.astype(np.float32)
    model.compile(keras.optimizers.Adam(SIZES["learning_rate"]), loss)
    given, held, every = (table.inputs(rows, scaler) for rows in (train, choose, np.arange(len(table))))
    fit(model, given, y[train], valid=(held, y[choose]), schedule=Schedule(**TRAINED, seed=seed), verbosity=0)
    return predictors.outputs(model, every)


def share(first, second, y, rows):
    """Share of the first of two predictions that is best on `rows`."""
    gap = (first - second)[rows]
    return float(np.clip(gap @ (y - second)[rows] / (gap @ gap), 0, 1))


def tried(table, train, choose, judge, units, seed):
    """Predictions of all rows, by all that was tried; `units` are left out whole."""
    y, every, part = table.y, np.arange(len(table)), predictors.Features(table, seed=seed)
    part.fit(train, choose)
    process, held = part.process, part.predict(every)
    errors = y - held
    errors[train] = left_out(process, units[train])
    model = predictors.Network(table, seed=seed, **TRAINED, **SIZES)
    model.fit(train, choose)
    plain, level = model.predict(every), model._effect(every)
    marked = np.column_stack([y - level, pd.factorize(table.mrna)[0]])
    ranked = level + learnt(table, train, choose, marked, seed, ranking)
    rest, fresh = learnt(table, train, choose, errors, seed), plain.copy()
    half = np.isin(units[train], np.random.default_rng(seed).permutation(np.unique(units[train]))[::2])
    for side in (half, ~half):
        model.fit(train[side], choose)
        fresh[train[~side]] = model.predict(train[~side])
    part.complete(train, choose)  # as `ours` does once the validation rows have chosen
    full, best = part.predict(every), share(plain, held, y, choose)
    found = {"`ours` (the process)": full, "`network`": plain, "network, ranking loss": ranked}
    shares = {"`hybrid`": (best + 0.5) / 2, "`hybrid`, share not drawn to 0.5": best}
    shares["`hybrid`, share from all rows"] = share(fresh, y - errors, y, np.r_[train, choose])
    shares["`hybrid`, best share (a bound)"] = share(plain, full, y, judge)
    found |= {name: full + weight * (plain - full) for name, weight in shares.items()}
    found["`hybrid`, ranking loss"] = full + (share(ranked, held, y, choose) + 0.5) / 2 * (ranked - full)
    found["process + network on its errors"] = full + share(held + rest, held, y, choose) * rest
    process.mean = process.y.mean()
    process._alpha = cho_solve((process._lower, True), process.y - process.mean)
    return found | {"process, plain mean": part.predict(every)}


def main():
    pairs, mrnas, *_ = data.from_registry()
    given = pairs["guide"].tolist(), pairs["mrna_id"].map(mrnas).tolist(), pairs["start"]
    more = {"starts": given[2], "features": features.compute(*given), "y": pairs["efficacy"]}
    table, scores = predictors.Table(given[0], pairs["context"], given[1], **more), {}
    print(f"{(table.y > 1).sum()} of {len(table)} efficacies lie above 1, up to {table.y.max()}\n")
    for seed, cold in ((1, False), (1, True), (11, False)):
        rows, units = np.arange(len(table)), table.mrna if cold else np.arange(len(table))
        for again in (seed, seed + 100):
            how = {"y": pd.qcut(table.y[rows], 5, labels=False), "seed": again}
            alone = splits.random_kfold(len(rows), k=10, **how)
            whole = splits.grouped_kfold(pairs["group"].to_numpy()[rows], k=5, valid=0.15, **how)
            parts = [rows[part] for part in (whole if cold else alone)[0][:3]]
            rows = np.sort(np.concatenate(parts[:2]))
        for name, p in tried(table, *parts, units, seed).items():
            where = f"{'new mRNAs' if cold else 'random'}, seed {seed}"
            scores[name, where] = np.corrcoef(p[parts[2]], table.y[parts[2]])[0, 1]
    print(pd.Series(scores).unstack().round(3).to_markdown())


if __name__ == "__main__":
    main()
