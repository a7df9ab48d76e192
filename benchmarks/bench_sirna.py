"""The speed that the siRNA track promises: features of 10,000 guides, and the scan of an mRNA.

Run it with ``python benchmarks/bench_sirna.py``.
"""

import tempfile
import time

import numpy as np

from helpers.project.pipeline import require
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import features

GUIDES, WORKERS = 10_000, 2


def main() -> None:
    """Print seconds; both have to stay below 60 on two cores."""
    rng = np.random.default_rng(0)
    mrnas = ["".join(rng.choice(list("ACGU"), 3000)) for _ in range(20)]
    chosen = [mrnas[i] for i in rng.integers(0, len(mrnas), GUIDES)]
    starts = rng.integers(0, 3000 - 20, GUIDES)
    guides = [reverse_complement(m[s : s + 21], RNA) for m, s in zip(chosen, starts, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("features of 10,000 guides", "the same, from the cache"):
            start = time.perf_counter()
            features.compute(guides, chosen, starts, folding=features.Folding(WORKERS, folder))
            print(f"{name}: {time.perf_counter() - start:.1f} s")

    from helpers.tracks.sirna_efficacy import predict, predictors, scan

    hybrid, _ = predictors.load(require("runs/sample/sirna_efficacy/models.json"))
    start = time.perf_counter()
    table = scan.tile(mrnas[0])
    guides, targets, starts = table["guide"].tolist(), [mrnas[0]] * len(table), table["start"].tolist()
    scored = predict.score(hybrid, guides, targets, starts=starts, folding=features.Folding(WORKERS))
    table["efficacy"] = scored["efficacy"]
    seeds = scan.seed_matches(table["guide"], dict(enumerate(mrnas[1:])))
    table["filter"] = scan.why_not(table["guide"], seeds, scan.Limits())
    scan.choose(table, 10)
    print(f"scan and ranking of a 3,000-nt mRNA: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
