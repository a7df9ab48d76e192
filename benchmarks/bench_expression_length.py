"""Cost of the hybrid network against the length of a promoter: time and memory, up to 11,000 nt.

    python benchmarks/bench_expression_length.py [--lengths 200 1000 ...] [--promoters 16]

Each length runs in a process of its own, so that its peak memory is its own. Simulated promoters of
the sample's grammar; two training steps of eight are timed three times, after two that are not
(they compile), and the fastest counts.
Writes benchmarks/expression_length.csv, .png and .svg, and prints one JSON line a length.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LENGTHS = (200, 500, 1000, 2000, 5000, 11_000)


def measure(length: int, promoters: int, pool: int) -> dict[str, float]:
    from helpers.project import backend

    backend.use("tensorflow")
    import keras

    from helpers.tracks.gene_expression import data, network
    from helpers.tracks.gene_expression import simulate as sample

    plan = sample.Plan(loci=promoters, copied=0.0, random=0, length=length, missing=0.0)
    table = sample.simulate(plan).promoters
    values = table[[name for name in table if "_rep1" in name]]
    promoters_ = data.Expression(table, values, {}, table)
    X, y = data.one_hot(promoters_), values.to_numpy("float32")
    before = peak()
    keras.utils.set_random_seed(0)
    model = network.build_hybrid(8, length=length, size=network.Size(pool=pool))
    model.fit(X, y, batch_size=8, epochs=1, verbose=0)
    trained = best(lambda: model.fit(X, y, batch_size=8, epochs=1, verbose=0))
    model.predict(X, batch_size=8, verbose=0)
    predicted = best(lambda: model.predict(X, batch_size=8, verbose=0))
    return {
        "length": length, "pool": pool, "promoters": promoters,
        "train_ms": round(1000 * trained / promoters, 2),
        "predict_ms": round(1000 * predicted / promoters, 2),
        "peak_mb": round(peak(), 0), "added_mb": round(peak() - before, 0),
    }  # fmt: skip


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs: what else the machine does only adds to them."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return min(taken)


def peak() -> float:
    """Peak memory of this process, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def draw(rows: list[dict[str, float]]) -> None:
    """Time (on a logarithmic axis) and memory against the length; a line for each pool."""
    import pandas as pd

    from helpers.plots import colours, style

    table = pd.DataFrame(rows)
    fig = style.figure(style.DOUBLE, 68)
    time_ax, memory_ax = fig.subplots(1, 2)
    looks = colours.MODEL_MARKS.values()
    for mark, (pool, part) in zip(looks, table.groupby("pool", sort=True), strict=False):
        options = {"color": mark["color"], "marker": mark["marker"]}
        name = f"{pool} nt a step"
        time_ax.plot(part["length"], part["train_ms"], label=f"training, {name}", **options)
        time_ax.plot(
            part["length"], part["predict_ms"], label=f"prediction, {name}", linestyle=":", **options
        )
        memory_ax.plot(part["length"], part["added_mb"], label=name, **options)
    for ax, what in ((time_ax, "time (ms a promoter)"), (memory_ax, "peak memory beyond start (MB)")):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("length of a promoter (nt)")
        ax.set_ylabel(what)
        ax.grid(color=colours.PALE, linewidth=0.5)
        ax.legend(loc="upper left")
    time_ax.set_yscale("log")
    time_ax.yaxis.set_major_formatter("{x:g}")
    memory_ax.set_ylim(0, 1.35 * table["added_mb"].max())
    style.head(fig, "Hybrid network, cost of a promoter against its length")
    style.save(fig, HERE / "expression_length", data=table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS))
    parser.add_argument("--pools", type=int, nargs="+", default=[4, 32])
    parser.add_argument("--promoters", type=int, default=16)
    parser.add_argument("--one", action="store_true", help="measure one length in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.lengths[0], options.promoters, options.pools[0])))
        return
    rows = []
    for pool in options.pools:
        for length in options.lengths:
            command = [
                sys.executable, __file__, "--one", "--lengths", str(length),
                "--pools", str(pool), "--promoters", str(options.promoters),
            ]  # fmt: skip
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(found.splitlines()[-1], flush=True)
            rows.append(json.loads(found.splitlines()[-1]))
    draw(rows)


if __name__ == "__main__":
    main()
