"""Cost of a training step of our VQ network and of the original's sizes, 501 nt, one modification.

    python benchmarks/bench_vqvae.py [--windows 640] [--threads 2]

Random windows; after one pass that is not timed (it compiles), the fastest of two passes counts.
Prints one JSON line a network: milliseconds a window, and seconds an epoch of the 2,545 of Am.
"""

from __future__ import annotations

import argparse
import json
import os
import time

LENGTH = 501
WINDOWS_OF_AM = 2545


def measure(preset: str, windows: int) -> dict[str, float | str]:
    from helpers.project import backend

    backend.use("tensorflow")
    import numpy as np

    from helpers.tracks.rna_modification import predictors

    rng = np.random.default_rng(0)
    X = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (windows, LENGTH))]
    y = rng.integers(0, 2, (windows, 1)).astype(np.float32)
    model = predictors.build(preset, LENGTH, 1, arguments={})
    model.fit(X, y, batch_size=64, verbose=0)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        model.fit(X, y, batch_size=64, verbose=0)
        times.append(time.perf_counter() - start)
    each = min(times) / windows
    return {
        "network": preset,
        "ms_a_window": round(1000 * each, 2),
        "seconds_an_epoch_of_Am": round(WINDOWS_OF_AM * each, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=640)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    # Read by TensorFlow when it is imported.
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(given.threads)
    for preset in ("standard", "original"):
        print(json.dumps(measure(preset, given.windows)))


if __name__ == "__main__":
    main()
