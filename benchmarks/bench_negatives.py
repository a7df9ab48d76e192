"""Time to draw one million negative pairs by each method (target: under 10 s each)."""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd

from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.tracks.rna_peptide import negatives

CHAINS, POSITIVES, NEGATIVES, TARGET_S = 5_000, 1_000_000, 1_000_000, 10.0


def random_sequences(n: int, length: int, letters: str, rng: np.random.Generator) -> list[str]:
    codes = rng.integers(len(letters), size=(n, length))
    return ["".join(row) for row in np.array(list(letters))[codes]]


def positives(count: int, rng: np.random.Generator, *, skewed: bool) -> pd.DataFrame:
    """Distinct pairs of CHAINS x CHAINS; skewed: a few chains have most of them."""
    weights = 1 / np.arange(20, CHAINS + 20) ** 0.5 if skewed else np.ones(CHAINS)
    weights /= weights.sum()
    drawn = np.empty(0, dtype=np.int64)
    while drawn.size < count:
        rna, peptide = (rng.choice(CHAINS, size=count, p=weights) for _ in range(2))
        drawn = np.union1d(drawn, rna * CHAINS + peptide)
    rna, peptide = np.divmod(rng.permutation(drawn)[:count], CHAINS)
    rna_seq = pd.Series(random_sequences(CHAINS, 120, RNA.letters, rng))
    protein_seq = pd.Series(random_sequences(CHAINS, 150, PEPTIDE.letters, rng))
    return pd.DataFrame(
        {
            "rna_id": ("r" + pd.Series(rna).astype(str)),
            "protein_id": ("p" + pd.Series(peptide).astype(str)),
            "rna_seq": rna_seq.take(rna).to_numpy(),
            "protein_seq": protein_seq.take(peptide).to_numpy(),
        }
    )


def main() -> None:
    rng = np.random.default_rng(0)
    for skewed in (False, True):
        table = positives(POSITIVES, rng, skewed=skewed)
        for method in negatives.METHODS:
            start = time.perf_counter()
            drawn = negatives.sample_negatives(table, n=NEGATIVES, method=method, seed=1)
            seconds = time.perf_counter() - start
            off = drawn.attrs.get("rna_off"), drawn.attrs.get("peptide_off")
            print(
                f"{len(table):,} positives ({'skewed' if skewed else 'even'}), {len(drawn):,} "
                f"{method} negatives: {seconds:.1f} s, degrees off by {off}, "
                f"{'met' if seconds < TARGET_S else 'MISSED'} ({TARGET_S:.0f} s)"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()
