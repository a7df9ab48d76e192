"""What was tried to make the network of promoters better: ``python benchmarks/tried_expression.py``.

A quarter of an hour of a free core. The first fold of run 1 without its test part is cut again by
chromosome; each network is trained from two seeds.
"""

import keras
import numpy as np
import pandas as pd
from keras import ops
from scipy.sparse import coo_array, csgraph

from helpers.tracks.gene_expression import data, network, predictors, promoters, variants
from helpers.training.blending import Blend
from helpers.training.fitting import Schedule, fit

SIZE = "filters 32, shared 16, pool 4, recurrent 24, dropout 0.2, rate 0.002, shift 6, sharp 0.0"
TRAINED = {"epochs": 10, "batch_size": 64, "patience": 10}
PLAIN, SITES, OURS, LOCI = "`network` (one)", "`sites`", "`ours` with ", "`network`, alleles side by side"


class Loci(keras.utils.PyDataset):
    """Batches in which the alleles of a locus stand together, moved by one number of nt."""

    def __init__(self, X, y, most, seed):
        super().__init__()
        self.X, self.y, self.most = np.pad(X, ((0, 0), (most, most), (0, 0))), y, most
        self.rng, self.size = np.random.default_rng(seed), TRAINED["batch_size"]
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.y) // self.size)

    def __getitem__(self, batch):
        rows = self.order[batch * self.size :][: self.size]
        places = self.by[rows, None] + np.arange(self.X.shape[1] - 2 * self.most)
        return np.take_along_axis(self.X[rows], places[:, :, None], axis=1), self.y[rows]

    def on_epoch_end(self):
        locus = self.y[:, -1].astype(int)
        self.order = np.argsort(self.rng.permutation(locus.max() + 1)[locus])
        self.by = self.rng.integers(0, 2 * self.most + 1, locus.max() + 1)[locus]


class Alleles(predictors.Network):
    """Our network, with the squared error of differences between alleles (`weight`) in its loss."""

    def loss(self, y, p):
        """The last column of `y` is the locus."""
        known = ops.cast(ops.logical_not(ops.isnan(y[:, :-1])), "float32")
        error = ops.where(known > 0, y[:, :-1], p) - p
        same = ops.cast(ops.equal(y[:, -1:], ops.transpose(y[:, -1:])), "float32")
        same = (same - ops.eye(ops.shape(y)[0]))[:, :, None] * known[:, None] * known[None]
        apart = ops.sum(same * ops.square(error[:, None] - error[None])) / (ops.sum(same) + 1)
        return ops.mean(ops.square(error), axis=-1) + self.weight * apart

    def _member(self, train, valid, scaled, known, schedule):
        keras.utils.set_random_seed(schedule.seed)
        options = {"length": self.table.length, "size": self.size._replace(shift=0), "known": known}
        options["steps"] = schedule.epochs * -(-len(train) // schedule.batch_size)
        model = network.build_hybrid(self.table.tasks, **options)
        model.compile(model.optimizer, self.loss)
        # No two rows that choose the epoch are marked as one locus: it is chosen by the loss of ours.
        y, held = (np.c_[scaled, on].astype("float32") for on in (self.locus, np.arange(len(scaled))))
        given = Loci(self.table.one_hot(train), y[train], self.size.shift, schedule.seed)
        chosen_by = self.table.one_hot(valid), held[valid]
        return fit(model, given, None, valid=chosen_by, schedule=schedule, verbosity=0)


def tried(table, locus, train, choose, judge, seed):
    """What all that was tried says of the rows that judge."""
    sites, blends, found = predictors.Machine(table, what=("words", "matches")), {}, {}
    sites.fit_held_out(train, choose)
    options = {"size": network.read_size(SIZE)._asdict(), "schedule": Schedule(**TRAINED, seed=seed)}
    made = {PLAIN: predictors.Network(table, known=96, **options)}
    for weight in (0, 1, 4):
        made[f"{LOCI}, weight {weight}"] = model = Alleles(table, known=96, **options)
        model.locus, model.weight = locus, weight
    for name, model in made.items():
        model.fit(train, choose)
        blends[name] = Blend({"network": model, "sites": sites}, way="least_squares")
        blends[name].weigh(train, choose, table.y)
    sites.complete(train, choose)  # as in ours once the weights are known
    for name, blend in blends.items():
        found[OURS + name], found[name], found[SITES] = blend.predict(judge).values()
    return found


def main():
    every, scores = data.from_registry(), {}
    rows = np.sort(np.concatenate(data.folds(every, "chromosome_5fold", seed=101)[0][:2]))
    about, values = (part.iloc[rows].reset_index(drop=True) for part in every[:2])
    given = data.Expression(about, values, {}, every.rows)
    table = promoters.PromoterTable(about["sequence"], values.to_numpy(), taxon="vertebrates")
    ref, alt = variants.in_assay(given).table[["ref", "alt"]].to_numpy().T
    joined = coo_array((np.ones(len(ref)), (ref, alt)), shape=[len(table)] * 2)
    locus = csgraph.connected_components(joined)[1]  # a letter or two apart, or so from a third one
    names = [cell + what for what in ("", ", differences") for cell in given.cell_types]
    for seed, cut in ((1, 1), (2, 1)):
        parts = data.folds(given, "chromosome_5fold", seed=cut)[0][:3]
        inside = [np.isin(ref, part) & np.isin(alt, part) for part in parts]
        print("rows, pairs:", [(len(part), of.sum()) for part, of in zip(parts, inside, strict=True)])
        one, other = (np.searchsorted(parts[2], side[inside[2]]) for side in (ref, alt))
        for name, p in tried(table, locus, *parts, 100 * cut + seed).items():
            both = (p, table.y[parts[2]]), (p[other] - p[one], (table.y[alt] - table.y[ref])[inside[2]])
            scores[name, cut, seed] = np.concatenate(
                [pd.DataFrame(x).corrwith(pd.DataFrame(y)) for x, y in both]
            )
        print((wide := pd.DataFrame(scores, names).T).round(3).to_string(), flush=True)
    means = wide.groupby(level=0).mean().map("{:.3f}".format)
    for name in [name for name in means.index if LOCI in name]:  # more than without, seed by seed
        ends = (wide.loc[name] - wide.loc[name.split(LOCI)[0] + PLAIN]).agg(["min", "max"]).T.to_numpy()
        means.loc[name] += [f" ({low:+.3f} to {high:+.3f})" for low, high in ends]
    print(means.to_markdown())


if __name__ == "__main__":
    main()
