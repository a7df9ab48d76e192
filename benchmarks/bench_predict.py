"""Time and peak memory of `helpers.tracks.rna_peptide.predict.predict_file`.

    python benchmarks/bench_predict.py --pairs 100000 --cores 2

Draws random pairs (RNA and peptide of 10 to 100 residues), predicts them with an untrained network
of the `sample` preset, and writes one JSON line. Expected on two cores: 100,000 pairs within 60 s
and 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path


def write_pairs(path: Path, pairs: int) -> None:
    """Random pairs, with one row in a thousand that has to be rejected."""
    import numpy as np

    from helpers.sequences.alphabet import PEPTIDE, RNA

    rng = np.random.default_rng(0)
    letters = [np.array(list(alphabet.letters)) for alphabet in (RNA, PEPTIDE)]
    with path.open("w") as stream:
        stream.write("rna_id,protein_id,rna_seq,protein_seq\n")
        for row in range(pairs):
            rna, peptide = ("".join(rng.choice(a, rng.integers(10, 101))) for a in letters)
            stream.write(f"r{row},p{row},{'9' if row % 1000 == 7 else ''}{rna},{peptide}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--batch-rows", type=int, default=20_000)
    parser.add_argument("--network", choices=["cross_attention", "dual_dense"],
                        default="cross_attention")  # fmt: skip
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    started = time.perf_counter()
    from helpers.project import backend

    backend.use("tensorflow")
    from helpers.tracks.rna_peptide.network import build_cross_attention, build_dual_dense
    from helpers.tracks.rna_peptide.predict import predict_file
    from helpers.training.saving import Run

    build = {"cross_attention": build_cross_attention, "dual_dense": build_dual_dense}
    run = Run(build[options.network](), {})
    imported = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.csv"
        write_pairs(path, options.pairs)
        summary = predict_file(
            run, path, Path(folder) / "out.csv", batch_rows=options.batch_rows, progress=False
        )
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({
        "benchmark": "predict", "network": options.network, "pairs": summary.rows,
        "rejected": summary.rejected, "cores": options.cores, "seconds": round(summary.seconds, 1),
        "import_seconds": round(imported, 1), "peak_gb": round(peak / 1e9, 2),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
