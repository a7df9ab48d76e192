"""Ours beside what others use for the same work: seconds of both, and the ratio. Equal results are asserted.

    python benchmarks/bench_peers.py [--rounds 5]

Both sides run in turn, on one core, and the round of each that took the fewest seconds of CPU counts:
other work on the machine makes both longer, but waits of either for a core are left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

Call = Callable[[], object]
Same = Callable[[object, object], None]
ROUNDS = 5


def compare(name: str, ours: Call, theirs: Call, same: Same, *, rounds: int | None = None) -> None:
    same(ours(), theirs())  # untimed: compiles, fills caches, and shows that both do the same
    times: list[list[float]] = [[], []]
    for _ in range(rounds or ROUNDS):
        for kept, call in zip(times, (ours, theirs), strict=True):
            start = spent()
            call()
            kept.append(spent() - start)
    here, there = (min(kept) for kept in times)
    print(f"{name:<58} ours {here:8.3f} s   theirs {there:8.3f} s   ratio {here / there:6.2f}", flush=True)


def spent() -> float:
    """Seconds of CPU of this process and those that it has run."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def texts(rng: np.random.Generator, letters: str, n: int, length: int) -> list[str]:
    codes = rng.integers(len(letters), size=(n, length))
    return ["".join(row) for row in np.array(list(letters))[codes]]


def encoding() -> None:
    """Against one `take` from a table of 16-byte rows by the bytes of the letters, nothing checked."""
    from helpers.sequences.alphabet import DNA
    from helpers.sequences.encoding import one_hot

    promoters = texts(np.random.default_rng(0), DNA.letters, 20_000, 501)
    rows = np.zeros((256, 4), dtype=np.float32)
    rows[np.frombuffer(DNA.letters.encode(), dtype=np.uint8)] = np.eye(4)

    def take(part: list[str]) -> np.ndarray:
        return rows.take(np.frombuffer("".join(part).encode(), np.uint8), axis=0).reshape(len(part), -1, 4)

    def in_batches(encode: Callable[[list[str]], np.ndarray]) -> list[np.ndarray]:
        return [encode(promoters[at : at + 256])[:1] for at in range(0, len(promoters), 256)]

    def ours(part: list[str]) -> np.ndarray:
        return one_hot(part, DNA)

    size = "20,000 x 501"
    same = np.testing.assert_array_equal
    compare(f"one-hot, {size}", lambda: ours(promoters), lambda: take(promoters), same)
    compare(
        f"one-hot, {size} in batches of 256",
        lambda: np.concatenate(in_batches(ours)),
        lambda: np.concatenate(in_batches(take)),
        same,
    )


def layers() -> list:
    import keras

    return [
        keras.Input((200, 4)),
        keras.layers.Conv1D(32, 11, padding="same"),
        keras.layers.ReLU(),
        keras.layers.MaxPooling1D(4),
        keras.layers.Conv1D(32, 7, padding="same"),
        keras.layers.ReLU(),
        keras.layers.GlobalMaxPooling1D(),
        keras.layers.Dense(1),
    ]


def gradients() -> None:
    """Integrated gradients against a compiled `tf.GradientTape` over the points of one item's path."""
    from helpers.project import backend

    backend.use("tensorflow")
    import keras
    import tensorflow as tf

    from helpers.explain.gradients import integrated_gradients

    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers())
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(64, 200))]
    nodes, weights = np.polynomial.legendre.leggauss(64)
    # The baseline and the sequence itself are on the path, too: their outputs say how exact the sum is.
    share = np.concatenate([(nodes + 1) / 2, [0, 1]]).astype(np.float32)[:, None, None]
    weight = np.concatenate([weights / 2, [0, 0]])

    @tf.function(input_signature=[tf.TensorSpec((None, 200, 4), tf.float32)], autograph=False)
    def slopes(points: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(points)
            outputs = model(points, training=False)
        return outputs, tape.gradient(outputs, points)

    def loop() -> np.ndarray:
        found = np.empty_like(X)
        for row, item in enumerate(X):
            _, slope = slopes(tf.convert_to_tensor(0.25 + share * (item - 0.25)))
            found[row] = np.tensordot(weight, slope.numpy(), 1) * (item - 0.25)
        return found

    compare(
        "integrated gradients, 64 x 200, 64 steps",
        lambda: integrated_gradients(model, X, steps=64, progress=False).values[0],
        loop,
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-5),
    )


def torch_side() -> None:
    """Mutations, shuffles and DeepLIFT/SHAP against tangermeme on a network written in torch."""
    from helpers.project import backend

    backend.use("torch")
    import keras
    import torch
    from tangermeme.deep_lift_shap import deep_lift_shap
    from tangermeme.ersatz import dinucleotide_shuffle
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis
    from torch import nn

    from helpers.explain import attribution, torch_view

    torch.set_num_threads(1)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers())
    native = nn.Sequential(
        nn.Conv1d(4, 32, 11, padding=5), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(32, 32, 7, padding=3),
        nn.ReLU(), nn.MaxPool1d(50), nn.Flatten(), nn.Linear(32, 1),
    )  # fmt: skip
    with torch.no_grad():
        for part, weights in ((0, 0), (3, 2), (7, 4)):
            kernel, bias = (torch.from_numpy(array) for array in model.get_weights()[weights : weights + 2])
            native[part].weight.copy_(kernel.permute(*reversed(range(kernel.ndim))))
            native[part].bias.copy_(bias)
    view = torch_view.view(model)
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(64, 200))]
    turned = torch.from_numpy(X.transpose(0, 2, 1))

    def mutated() -> np.ndarray:
        found = saturation_mutagenesis(native, turned[:16], batch_size=512, raw_outputs=True, fast=False)
        return (found.y_hat[..., 0] - found.y0[:, None]).numpy().transpose(0, 2, 1)

    compare(
        "in-silico mutation, 16 x 200",
        lambda: attribution.mutate(view, X[:16], progress=False).effects,
        mutated,
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-5),
    )
    compare(
        "shuffled references, 64 x 20 of 200",
        lambda: attribution.make_references(X, 20),
        lambda: dinucleotide_shuffle(turned, n=20, random_state=0).numpy().transpose(0, 1, 3, 2),
        _same_pairs,
    )
    references = attribution.make_references(X, 20)
    as_torch = torch.from_numpy(references.transpose(0, 1, 3, 2))
    compare(
        "DeepLIFT/SHAP, 64 x 200 against 20 references",
        lambda: attribution.deep_lift(view, X, references=references, progress=False).values,
        lambda: deep_lift_shap(native, turned, references=as_torch, batch_size=256).numpy().swapaxes(1, 2),
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-4),
    )


def _same_pairs(one: object, other: object) -> None:
    """Chance differs, what is kept does not: letters and neighbours of each sequence."""
    counts = [
        np.einsum("nrla,nrlb->nrab", np.asarray(made)[:, :, :-1], np.asarray(made)[:, :, 1:])
        for made in (one, other)
    ]
    np.testing.assert_array_equal(*counts)


def homology() -> None:
    """Groups of near copies against mmseqs linclust at 90 % identity, where mmseqs is installed."""
    if not shutil.which("mmseqs"):
        print("homology groups: mmseqs is not installed")
        return
    from helpers.sequences.alphabet import PEPTIDE
    from helpers.sequences.homology import homology_groups

    rng = np.random.default_rng(0)
    family = rng.integers(20, size=(4_000, 300)).repeat(5, axis=0)
    changed = rng.random(family.shape) < 0.03
    family[changed] = rng.integers(20, size=int(changed.sum()))
    peptides = ["".join(row) for row in np.array(list(PEPTIDE.letters))[family]]

    def linclust() -> np.ndarray:
        import pandas as pd

        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "chains.fasta"
            source.write_text("".join(f">{number}\n{text}\n" for number, text in enumerate(peptides)))
            command = [
                "mmseqs", "easy-linclust", source, Path(folder) / "found", Path(folder) / "work",
                "--min-seq-id", "0.9", "-c", "0.8", "--cluster-mode", "1", "-v", "1", "--threads", "1",
            ]  # fmt: skip
            subprocess.run(command, check=True)
            found = pd.read_csv(Path(folder) / "found_cluster.tsv", sep="\t", header=None)
        return pd.factorize(found.set_index(1)[0].reindex(range(len(peptides))))[0]

    compare(
        "homology groups, 20,000 peptides of 300 in 4,000 families",
        lambda: homology_groups(peptides, alphabet=PEPTIDE),
        linclust,
        np.testing.assert_array_equal,
        rounds=2,
    )


def tables() -> None:
    """Reading a table of 500,000 rows, every row with a status, against pandas in chunks."""
    import pandas as pd

    from helpers.readers import own

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        guides = texts(np.random.default_rng(0), "ACGU", 500_000, 21)
        path.write_text("sequence,label\n" + "".join(f"{guide},1\n" for guide in guides))
        compare(
            "a table of 500,000 rows",
            lambda: len(own.read_table(path, required=("sequence", "label")).table),
            lambda: len(pd.concat(pd.read_csv(path, dtype=str, chunksize=50_000))),
            np.testing.assert_equal,
            rounds=2,
        )


PARTS = {part.__name__: part for part in (encoding, gradients, torch_side, homology, tables)}


def main() -> None:
    global ROUNDS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--part", choices=PARTS)
    given = parser.parse_args()
    ROUNDS = given.rounds
    if given.part:
        PARTS[given.part]()
        return
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    for part in PARTS:  # each in a process of its own: one process has one Keras backend
        command = [sys.executable, __file__, "--part", part, "--rounds", str(ROUNDS)]
        subprocess.run(command, env=os.environ | threads, check=True)


if __name__ == "__main__":
    main()
