"""How often copies are linked at 95, 90 and 80 % identity, by words and by alignment: bench_homology.csv.

Each draw is a random sequence and a copy with that share of its letters kept: four in five changes
replace a letter, the others remove or add one; half of the copies of DNA lie on the other strand. Both
are then held against alignments of all pairs of RPI2241's chains, and so is mmseqs where it is installed.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import parasail

from helpers.sequences.alignment import RULES, families
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA, Alphabet
from helpers.sequences.homology import homology_groups
from helpers.tracks import rna_peptide

DRAWS, AT_ONCE = 500, 25
IDENTITIES = (0.95, 0.9, 0.8, 0.5, 0.4)
CASES = (
    ("promoter or locus", DNA, (114, 200, 1000)),
    ("RNA", RNA, (30, 60, 114, 300, 1500)),
    ("peptide", PEPTIDE, (30, 60, 150, 400)),
)
Groups = Callable[[Sequence[str]], np.ndarray]


def main() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for what, alphabet, lengths in CASES:
        for length, identity in itertools.product(lengths, (*IDENTITIES, 0.0)):
            batches = [pairs(alphabet, length, identity, rng) for _ in range(DRAWS // AT_ONCE)]
            for name, groups in methods(alphabet).items():
                found = [groups(texts) for texts in batches]
                linked = np.concatenate([codes[::2] == codes[1::2] for codes in found])
                said = f"{identity:.0%}" if identity else "unrelated"
                rows.append((what, length, name, said, linked.mean(), linked.size))
    table = pd.DataFrame(rows, columns=["sequences", "length", "method", "identity", "linked", "draws"])
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False)
    wide = table.pivot_table(
        index=["sequences", "length", "method"], columns="identity", values="linked", sort=False
    )
    print(wide.round(3).to_string())
    public = rna_peptide.data.from_registry().pairs
    for column, alphabet in (("rna_seq", RNA), ("protein_seq", PEPTIDE)):
        agreement(sorted(set(public[column])), alphabet)


def methods(alphabet: Alphabet) -> dict[str, Groups]:
    found: dict[str, Groups] = {"words": lambda texts: homology_groups(texts, alphabet=alphabet)}
    if alphabet is DNA:
        found["20-mers, half of them (before)"] = lambda texts: homology_groups(
            texts, k=20, threshold=0.5, alphabet=DNA, both_strands=False
        )
    elif alphabet is RNA:
        found["10-mers, 30 % of them (before)"] = lambda texts: homology_groups(
            texts, k=10, threshold=0.3, alphabet=RNA
        )
    found["alignment"] = lambda texts: families(texts, alphabet=alphabet)
    return found


def pairs(alphabet: Alphabet, length: int, identity: float, rng: np.random.Generator) -> list[str]:
    """A random sequence and a copy of it (an unrelated one with identity 0), then the next two."""
    texts = []
    for _ in range(AT_ONCE):
        one, other = (rng.integers(alphabet.size, size=length) for _ in range(2))
        if identity:
            other = copy_of(one, alphabet.size, identity, rng)
        texts += [alphabet.decode(one), alphabet.decode(other)]
        if alphabet.double_stranded and rng.random() < 0.5:
            texts[-1] = alphabet.complement(texts[-1])[::-1]
    return texts


def copy_of(codes: np.ndarray, letters: int, identity: float, rng: np.random.Generator) -> np.ndarray:
    places = rng.choice(codes.size, round((1 - identity) * codes.size), replace=False)
    kind = rng.choice(3, places.size, p=[0.8, 0.1, 0.1])
    copy = codes.copy()
    replaced, added = places[kind == 0], places[kind == 2]
    copy[replaced] = (copy[replaced] + rng.integers(1, letters, replaced.size)) % letters
    copy = np.insert(copy, added, rng.integers(letters, size=added.size))
    shifted = places[kind == 1] + np.searchsorted(np.sort(added), places[kind == 1], side="right")
    return np.delete(copy, shifted)


def agreement(texts: list[str], alphabet: Alphabet) -> None:
    """Of all pairs that align by the rule, how many stand in one group by words, by families, by mmseqs."""
    rule, related = RULES[alphabet.name], []
    for one, text in enumerate(texts):
        profile = parasail.profile_create_sat(text, rule.matrix)
        for other in range(one + 1, len(texts)):
            gaps = rule.gap_open, rule.gap_extend
            if parasail.sw_striped_profile_sat(profile, texts[other], *gaps).score >= rule.score:
                found = parasail.sw_stats_striped_sat(text, texts[other], *gaps, rule.matrix)
                shorter = min(len(text), len(texts[other]))
                if found.matches >= rule.identity * found.length and found.length >= rule.coverage * shorter:
                    related.append((one, other))
    ends = np.array(related)
    by_name = {**methods(alphabet)}
    if shutil.which("mmseqs"):
        by_name["mmseqs cluster"] = lambda chains: mmseqs(chains, alphabet, rule.identity, rule.coverage)
    print(f"\n{alphabet.name}: {len(texts)} chains of RPI2241, {len(ends)} pairs align by the rule")
    for name, groups in by_name.items():
        start = time.perf_counter()
        found = groups(texts)
        took = time.perf_counter() - start
        share = np.mean(found[ends[:, 0]] == found[ends[:, 1]])
        print(f"  {name}: {share:.3f} of them in one group; {found.max() + 1} groups; {took:.1f} s")


def mmseqs(texts: Sequence[str], alphabet: Alphabet, identity: float, coverage: float) -> np.ndarray:
    """Clusters of mmseqs with connected components, by the same identity and coverage of the shorter one."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "chains.fasta"
        source.write_text("".join(f">{number}\n{text}\n" for number, text in enumerate(texts)))
        command = [
            "mmseqs", "easy-cluster", source, Path(folder) / "found", Path(folder) / "work",
            "--min-seq-id", str(identity), "-c", str(coverage), "--cov-mode", "5", "--cluster-mode", "1",
            "-s", "7.5", "-v", "1", "--threads", "1", "--dbtype", "1" if alphabet is PEPTIDE else "2",
        ]  # fmt: skip
        subprocess.run(command, check=True)
        found = pd.read_csv(Path(folder) / "found_cluster.tsv", sep="\t", header=None)
    return pd.factorize(found.set_index(1)[0].reindex(range(len(texts))))[0]


if __name__ == "__main__":
    main()
