"""What was tried to make the network of RNA modification better: ``python benchmarks/tried_modification.py``.

Half an hour of a free core; with ``codes`` as an argument, only what concerns the codes. Every network
learns from nine tenths of the training windows, a tenth of them (at random) chooses the epoch, and the
validation part judges: the mean over the modifications of the AUROC. No test window is read. Eight
epochs, the preset ``fast``.
"""

import sys

import keras
import numpy as np
from keras import ops
from sklearn.metrics import roc_auc_score

from helpers import splits
from helpers.project import backend

backend.use("tensorflow")
from helpers.tracks.rna_modification import data, network, predictors  # noqa: E402
from helpers.tracks.rna_modification.quantiser import VectorQuantiser  # noqa: E402

TRAINED = {"preset": "fast", "epochs": 8, "batch_size": 64}


class Residual(VectorQuantiser):
    """A second codebook for what the first one leaves over."""

    def build(self, shape):
        super().build(shape)
        self.second = VectorQuantiser(self.n_codes, self.size, commitment=self.commitment, seed=self.seed + 1)

    def call(self, latents, training=False):
        code = super().call(latents, training=training)
        rest = ops.reshape(self._on_sphere(latents), ops.shape(latents)) - code
        size = ops.sqrt(ops.mean(ops.sum(ops.square(rest), axis=-1)) + 1e-6)
        return code + ops.stop_gradient(size) * self.second(rest, training=training)


class Averaged(keras.callbacks.Callback):
    """At the end of every epoch a moving average of the weights takes their place."""

    def set_model(self, model):
        super().set_model(model)
        model.optimizer.use_ema, model.optimizer.ema_momentum = True, 0.995
        model.optimizer.ema_overwrite_frequency = self.steps

    def __init__(self, steps):
        super().__init__()
        self.steps = steps


def shifted(rows, by):
    """Windows whose site lies `by` nt beside the middle, so that tokens begin elsewhere."""
    return rows.assign(sequence=rows["sequence"].str.slice(1 + by, -1 + by or None))


def main():
    loaded = data.usable(data.from_own("registry", columns="", separator="auto", seed=1).rows)
    loaded = loaded[loaded["split"] != "test"].reset_index(drop=True)
    judge = np.flatnonzero(loaded["split"] == "valid")
    rest = np.flatnonzero(loaded["split"] == "train")
    fold = splits.random_kfold(len(rest), k=10, y=loaded["label"].to_numpy()[rest], valid=0, seed=1)[0]
    train, choose = rest[fold.train], rest[fold.test]
    y, of = loaded["label"].to_numpy()[judge], loaded["modification"].to_numpy()[judge]
    tables = {length: predictors.WindowTable(loaded, length) for length in (51, 101, 201)}
    tables["phase 1"] = predictors.WindowTable(shifted(loaded, 1), 101)

    def learnt(seed, table=101, build=None, callbacks=()):
        one = predictors.Network(tables[table], seed=seed, build=build or {}, callbacks=callbacks, **TRAINED)
        one.fit(train, choose)
        return one.log_odds(judge)

    def auroc(p):
        return np.mean([roc_auc_score(y[of == name], p[of == name]) for name in np.unique(of)])

    def show(name, *found):
        each = ", ".join(f"{auroc(p):.4f}" for p in found)
        print(f"| {name} | {each} | {auroc(np.mean(found, axis=0)):.4f} |", flush=True)
        return found

    print(f"{len(train)} learn, {len(choose)} choose, {len(judge)} judge")
    print("| what | each network | mean |\n|--|--|--|")
    if "codes" not in sys.argv:
        ours = show("latents, 101 nt", *(learnt(seed) for seed in (1, 2, 3)))
        moving = [learnt(seed, callbacks=[Averaged(-(-len(train) // 64))]) for seed in (1, 2, 3)]
        show("the same, moving average of the weights", *moving)
        short, long = show("51 nt", learnt(1, 51)), show("201 nt", learnt(3, 201))
        show("51, 101 and 201 nt", *short, ours[1], *long)
    codes = {"reads": "codes"}
    plain = show("codes alone", *(learnt(seed, build=codes) for seed in (1, 2)))
    show("codes alone, two phases of the tokens", plain[0], learnt(2, "phase 1", codes))
    network.VectorQuantiser = Residual
    show("codes alone, a second codebook for the rest", *(learnt(seed, build=codes) for seed in (1, 2)))


if __name__ == "__main__":
    main()
