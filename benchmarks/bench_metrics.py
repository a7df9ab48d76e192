"""Time of the bootstrap intervals and of the leakage audit."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from helpers import splits
from helpers.sequences import homology
from helpers.sequences.alphabet import RNA
from helpers.stats import metrics


def timed(name: str, call: Callable[[], object]) -> None:
    start = time.perf_counter()
    call()
    print(f"{name}: {time.perf_counter() - start:.2f} s")


def main() -> None:
    rng = np.random.default_rng(0)
    for n in (5_000, 100_000):
        y = rng.integers(0, 2, n)
        p = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1)
        groups = rng.integers(0, n // 10, n)
        size = f"{n:,} items x 1,000 replicates"
        timed(f"classification, {size}", lambda y=y, p=p: metrics.classification(y, p))
        timed(
            f"classification in groups, {size}",
            lambda y=y, p=p, groups=groups: metrics.classification(y, p, groups=groups),
        )
        sides = np.column_stack([groups, rng.integers(0, n // 10, n)])
        timed(
            f"classification in groups of two sides, {size}",
            lambda y=y, p=p, sides=sides: metrics.classification(y, p, groups=sides),
        )
        timed(f"regression, {size}", lambda y=y, p=p: metrics.regression(p, p + 0.1 * y))
        timed(f"difference, {size}", lambda y=y, p=p: metrics.difference(y, p, p**2))
    codes = rng.integers(4, size=(30_000, 1001))
    sequences = ["".join(row) for row in np.array(list("ACGU"))[codes]]
    timed(
        "audit, 5,000 x 1,001 nt against 25,000 x 1,001 nt, k = 60",
        lambda: splits.audit(sequences[5_000:], sequences[:5_000], k=60, alphabet=RNA),
    )
    family = rng.integers(4, size=(1_000, 300)).repeat(20, axis=0)
    changed = rng.random(family.shape) < 0.03
    family[changed] = rng.integers(4, size=int(changed.sum()))
    copies = ["".join(row) for row in np.array(list("ACGU"))[family]]
    timed(
        "homology groups, 20,000 x 300 nt in 1,000 families, k = 12",
        lambda: homology.homology_groups(copies, k=12, threshold=0.3, alphabet=RNA),
    )


if __name__ == "__main__":
    main()
