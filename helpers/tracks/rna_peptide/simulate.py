"""The RNA-peptide sample: motif pairs that bind by a stated rule, words that do nothing, and noise.

The rule: there are six RNA motifs and six peptide motifs, and a pair binds if and only if it holds,
for at least one *k*, motif *k* of the RNA and motif *k* of the peptide. Every chain carries two words,
two motifs or a motif and a look-alike, which never does anything. So each word is as common as any
other, and as common among pairs that bind as among pairs that do not: neither a count of words nor one
chain alone says anything, and a motif whose partner is missing is a decoy in that pair. Chains come in
families of near copies, and the labels are noisy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project.paths import atomic_path
from helpers.readers.pickles import write_pickle
from helpers.readers.tables import write_table
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet
from helpers.stats import metrics

RNA_MOTIFS = ("UGUAAC", "GCAUGG", "ACUUCA", "GGACGA", "CUGCUU", "AAGUCC")
PEPTIDE_MOTIFS = ("RGWKF", "KYDRC", "HPWEN", "FMKHD", "WQCRT", "DEYVH")
RNA_LOOKALIKES = ("UCUAGC", "GGAUCG")
"""Look-alike *k* differs from motif *k* in its second and its last letter but one."""
PEPTIDE_LOOKALIKES = ("RAWSF", "KGDVC")
"""Look-alike *k* differs from motif *k* in its second and its fourth residue."""

WORDS = 2
ROWS_IN_A_CHUNK = 400


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    ancestors : int
        Unrelated chains of each kind.
    homologs : int
        Most copies of an ancestor; each has 1 to so many, mutated outside the words.
    mutation_rate : float
        Share of residues outside the words in which a copy differs from its ancestor.
    rna_lengths, peptide_lengths : tuple of int
        Shortest and longest chain, in residues.
    pairs : int
        Distinct pairs, half of them binding.
    flipped : float
        Share of pairs that bind, and of those that do not, whose label is wrong.
    duplicates, contradictions : int
        Further rows that repeat an earlier pair, and those that repeat it with the other label.
    """

    ancestors: int = 480
    homologs: int = 3
    mutation_rate: float = 0.03
    rna_lengths: tuple[int, int] = (50, 90)
    peptide_lengths: tuple[int, int] = (30, 55)
    pairs: int = 7950
    flipped: float = 0.04
    duplicates: int = 12
    contradictions: int = 20


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    pairs : pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq, label``, the rows of the chunk files.
    rna, peptide : pandas.DataFrame
        Chains: ``id, sequence, ancestor``.
    rna_words, peptide_words : pandas.DataFrame
        The truth, one row a word of a chain: ``id, role, family, word, start, stop`` (0-based,
        half-open). A ``site`` is a motif, which is at work where the partner has the motif of its
        family; a ``decoy`` is a look-alike, which never is.
    """

    pairs: pd.DataFrame
    rna: pd.DataFrame
    peptide: pd.DataFrame
    rna_words: pd.DataFrame
    peptide_words: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = 20261120) -> Simulation:  # noqa: B008
    """Simulate chains and labelled pairs; the same seed gives the same sample.

    Examples
    --------
    >>> small = simulate(Plan(ancestors=16, homologs=2, pairs=40, duplicates=2, contradictions=1))
    >>> len(small.pairs), int(small.pairs.duplicated().sum()), len(small.rna_words) // len(small.rna)
    (43, 2, 2)
    """
    rng = np.random.default_rng(seed)
    rna, rna_words = _chains("rna", RNA, (RNA_MOTIFS, RNA_LOOKALIKES), plan.rna_lengths, plan, rng)
    peptide, peptide_words = _chains(
        "pep", PEPTIDE, (PEPTIDE_MOTIFS, PEPTIDE_LOOKALIKES), plan.peptide_lengths, plan, rng
    )
    shared = _carried(rna, rna_words) @ _carried(peptide, peptide_words).T
    half = plan.pairs // 2
    # Pairs with two contacts are rare by chance; five times as likely, every tenth binder has two.
    binding = _draw(np.where(shared > 1, 5.0, shared > 0), half, rng)
    idle = _draw((shared == 0).astype(float), plan.pairs - half, rng)
    codes, label = np.concatenate([binding, idle]), np.repeat([1, 0], [half, plan.pairs - half])
    for part in (np.arange(half), np.arange(half, plan.pairs)):
        wrong = rng.choice(part, size=round(plan.flipped * part.size), replace=False)
        label[wrong] = 1 - label[wrong]
    order = rng.permutation(plan.pairs)
    # A repeated row stands somewhere behind its first appearance, never in front of it.
    again = rng.choice(order, size=plan.duplicates + plan.contradictions, replace=False)
    changed = np.repeat([0, 1], [plan.duplicates, plan.contradictions])
    rows = np.concatenate([order, again])
    labels = np.concatenate([label[order], label[again] ^ changed])
    pairs = _pair_rows(rna, peptide, *np.divmod(codes[rows], len(peptide))).assign(label=labels)
    return Simulation(pairs, rna, peptide, rna_words, peptide_words)


class PlantedPair(NamedTuple):
    """Truth of one pair, shape=(RNA length, peptide length), dtype=bool.

    Attributes
    ----------
    contacts : numpy.ndarray
        Both positions lie in motifs of one family.
    decoys : numpy.ndarray
        Both positions lie in words, but not in a contact.
    """

    contacts: np.ndarray
    decoys: np.ndarray


def planted_pair(rna: pd.DataFrame, peptide: pd.DataFrame, shape: tuple[int, int]) -> PlantedPair:
    """Contacts and decoys of a pair, from the words of its two chains and their lengths."""
    contacts, words = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for one in rna.itertuples():
        for other in peptide.itertuples():
            place = slice(one.start, one.stop), slice(other.start, other.stop)
            words[place] = True
            if one.role == other.role == "site" and one.family == other.family:
                contacts[place] = True
    return PlantedPair(contacts, words & ~contacts)


def binds(sample: Simulation, pairs: pd.DataFrame) -> np.ndarray:
    """Which pairs bind by the rule, whatever their labels say, shape=(n,), dtype=bool."""
    return rule(sample.rna_words, sample.peptide_words, pairs)


def rule(rna_words: pd.DataFrame, peptide_words: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Which pairs share a family of motifs, from the two tables of words, shape=(n,), dtype=bool."""
    held = [
        words[words["role"] == "site"].groupby("id")["family"].agg(frozenset)
        for words in (rna_words, peptide_words)
    ]
    sides = zip(pairs["rna_id"].map(held[0]), pairs["protein_id"].map(held[1]), strict=True)
    return np.array([bool(one & other) for one, other in sides], dtype=bool)


def best_possible(sample: Simulation, plan: Plan) -> dict[str, float]:
    """Scores of whoever knows the rule and the share of wrong labels, on the sample's labels."""
    pairs = sample.pairs.drop_duplicates(["rna_seq", "protein_seq"])
    p = np.where(binds(sample, pairs), 1 - plan.flipped, plan.flipped)
    found = metrics.classification(pairs["label"].to_numpy(), p, n_boot=0).set_index("metric")["value"]
    return {name: round(float(found[name]), 4) for name in ("auroc", "auprc", "accuracy", "mcc", "brier")}


def write(folder: str | Path, *, seed: int = 20261120) -> list[Path]:
    """Write the whole sample: chunk files, the ten pairs to predict, structures and the truth."""
    folder, plan = Path(folder), Plan()
    sample = simulate(plan, seed=seed)
    (folder / "chunks").mkdir(parents=True, exist_ok=True)
    written = _write_chunks(folder / "chunks", _with_warts(sample.pairs))
    predict, predict_truth = _pairs_to_predict(sample, seed + 1)
    for name, table in (
        ("truth_rna", sample.rna_words), ("truth_peptide", sample.peptide_words), ("predict", predict),
        ("truth_predict", predict_truth),
    ):  # fmt: skip
        written.append(write_table(folder / f"{name}.csv", table))
    said = {
        "what": "simulated data; nothing here was measured",
        "rule": "a pair binds if and only if an RNA motif and a peptide motif are of one family",
        "noise": "a stated share of the labels is wrong, of either label as many",
        "decoys": "look-alikes, and in a pair a motif without the other motif of its family",
        "best_possible": best_possible(sample, plan),
        "rna_motifs": RNA_MOTIFS,
        "rna_lookalikes": RNA_LOOKALIKES,
        "peptide_motifs": PEPTIDE_MOTIFS,
        "peptide_lookalikes": PEPTIDE_LOOKALIKES,
        "plan": plan._asdict(),
    }
    chains = "".join(f"{name}.pdb,A,B\n" for name in _COMPLEXES)
    texts = {
        "truth_rule.json": json.dumps(said, indent=1) + "\n",
        **{f"structures/{name}.pdb": _pdb(name, *chains) for name, chains in _COMPLEXES.items()},
        "structures/chains.csv": "file,rna_chain,protein_chain\n" + chains,
    }
    (folder / "structures").mkdir(exist_ok=True)
    for name, text in texts.items():
        with atomic_path(folder / name) as part:
            part.write_text(text)
        written.append(folder / name)
    return written


def _chains(
    prefix: str, alphabet: Alphabet, words: tuple[tuple[str, ...], tuple[str, ...]],
    lengths: tuple[int, int], plan: Plan, rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    letters = list(alphabet.letters)
    every, size = [*words[0], *words[1]], len(words[0][0])
    chains: list[tuple] = []
    placed: list[tuple] = []
    seen: set[str] = set()
    for ancestor in range(plan.ancestors):
        # Three places in four hold a motif, as three words in four are motifs: all are equally common.
        motifs = 1 + ancestor % 2
        first = ancestor // 2 % len(words[0])
        sites = [first, *(rng.permutation(np.delete(np.arange(len(words[0])), first))[: motifs - 1])]
        decoys = rng.permutation(len(words[1]))[: WORDS - motifs]
        chosen = [("site", int(k), words[0][k]) for k in sites] + [
            ("decoy", int(k), words[1][k]) for k in decoys
        ]
        length = int(rng.integers(lengths[0], lengths[1] + 1))
        starts = _starts([word for _, _, word in chosen], every, length, rng)
        background = rng.choice(letters, size=length)
        for _ in range(1 + ancestor % plan.homologs):
            while True:
                mutated = background.copy()
                hit = np.flatnonzero(rng.random(length) < plan.mutation_rate)
                mutated[hit] = rng.choice(letters, size=hit.size)
                for (_, _, word), start in zip(chosen, starts, strict=True):
                    mutated[start : start + size] = list(word)
                sequence = "".join(mutated)
                if sum(sequence.count(word) for word in every) > WORDS:
                    # The ancestor itself may hold a further word; a fresh letter in it ends the search.
                    background[int(rng.integers(length))] = str(rng.choice(letters))
                elif sequence not in seen:
                    break
            seen.add(sequence)
            name = f"{prefix}{len(chains) + 1:04d}"
            chains.append((name, sequence, ancestor))
            placed += [
                (name, *word, int(start), int(start) + size)
                for word, start in sorted(zip(chosen, starts, strict=True), key=lambda pair: pair[1])
            ]
    return (
        pd.DataFrame(chains, columns=["id", "sequence", "ancestor"]),
        pd.DataFrame(placed, columns=["id", "role", "family", "word", "start", "stop"]),
    )


def _starts(words: list[str], every: list[str], length: int, rng: np.random.Generator) -> np.ndarray:
    """Where the words of a chain stand: apart, and such that no two make a further word between them."""
    size = len(words[0])
    while True:
        gaps = np.sort(rng.integers(0, length - len(words) * size + 1, size=len(words)))
        starts = rng.permutation(gaps + size * np.arange(len(words)))
        alone = ["-"] * length
        for word, start in zip(words, starts, strict=True):
            alone[start : start + size] = list(word)
        if sum("".join(alone).count(word) for word in every) == len(words):
            return starts


def _carried(chains: pd.DataFrame, words: pd.DataFrame) -> np.ndarray:
    """Which motifs each chain carries, shape=(chains, families), as numbers."""
    sites = words[words["role"] == "site"]
    carried = np.zeros((len(chains), len(RNA_MOTIFS)))
    carried[pd.Index(chains["id"]).get_indexer(sites["id"]), sites["family"]] = 1
    return carried


def _draw(weight: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct cells of a grid, such that every row, and every column, is as likely as any other."""
    for _ in range(50):
        weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        weight = weight / np.maximum(weight.sum(axis=0, keepdims=True), 1e-12)
    return rng.choice(weight.size, size=n, replace=False, p=weight.ravel() / weight.sum())


def _pair_rows(
    rna: pd.DataFrame, peptide: pd.DataFrame, rna_rows: np.ndarray, peptide_rows: np.ndarray
) -> pd.DataFrame:
    """Table of pairs from row numbers of the two tables of chains."""
    return pd.DataFrame({
        "rna_id": rna["id"].to_numpy()[rna_rows],
        "protein_id": peptide["id"].to_numpy()[peptide_rows],
        "rna_seq": rna["sequence"].to_numpy()[rna_rows],
        "protein_seq": peptide["sequence"].to_numpy()[peptide_rows],
    })  # fmt: skip


def _with_warts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Faults that real collections have: DNA letters, lower case, and rows that cannot be read.

    Of the first two the loader mends each and says so; the last eight rows it rejects.
    """
    pairs = pairs.astype({"label": str})
    pairs.loc[1200:1239, "rna_seq"] = pairs.loc[1200:1239, "rna_seq"].str.replace("U", "T")
    pairs.loc[2400:2409, "protein_seq"] = pairs.loc[2400:2409, "protein_seq"].str.lower()
    broken = pairs.iloc[:8].copy()
    rna, peptide = broken["rna_seq"].iloc[0], broken["protein_seq"].iloc[0]
    for row, (column, text) in enumerate((
        ("rna_seq", rna[:10] + "-" + rna[10:]), ("rna_seq", ""), ("rna_seq", peptide), ("rna_seq", "7" + rna),
        ("protein_seq", ""), ("protein_seq", peptide[:5] + "*" + peptide[5:]), ("label", "?"), ("label", ""),
    )):  # fmt: skip
        broken.loc[row, column] = text
    return pd.concat([pairs, broken], ignore_index=True)


def _write_chunks(folder: Path, pairs: pd.DataFrame) -> list[Path]:
    """First half of the chunks as CSV, second half as pickled lists of plain dicts."""
    written = []
    starts = range(0, len(pairs), ROWS_IN_A_CHUNK)
    for number, start in enumerate(starts, 1):
        chunk = pairs.iloc[start : start + ROWS_IN_A_CHUNK]
        path = folder / f"rna_protein_pairs_chunk_{number}"
        if number <= len(starts) // 2:
            written.append(write_table(path.with_suffix(".csv"), chunk))
        else:
            written.append(write_pickle(path.with_suffix(".pkl"), chunk.to_dict("records")))
    return written


def _pairs_to_predict(sample: Simulation, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten pairs, every other one binding: the truth, and what stands in the file.

    The seventh and the eighth hold near copies of chains of the sample and chains of the sample
    itself; all others are new. The ninth is written in DNA letters; the tenth has a digit in it, so
    that every run shows what becomes of a row that cannot be read.
    """
    rng = np.random.default_rng(seed)
    fresh = simulate(Plan(ancestors=48, homologs=1, pairs=60, duplicates=0, contradictions=0), seed=seed)
    known = sample.pairs.drop_duplicates(["rna_seq", "protein_seq"], keep=False)
    rows = []
    for row in range(10):
        source = sample if row in (6, 7) else fresh
        pairs = known if row in (6, 7) else fresh.pairs
        fits = pairs[(binds(source, pairs) == (row % 2 == 0)) & (pairs["label"] == (row + 1) % 2)]
        pair = fits.iloc[int(rng.integers(len(fits)))]
        words = (source.rna_words, source.peptide_words)
        chains = []
        for (column, alphabet), table in zip(_SIDES, words, strict=True):
            own = table[table["id"] == pair[column.replace("_seq", "_id")]]
            chains.append(_near_copy(pair[column], own, alphabet, rng) if row == 6 else pair[column])
        rows.append((f"new_rna{row + 1:02d}", f"new_pep{row + 1:02d}", *chains, (row + 1) % 2))
    pairs = pd.DataFrame(rows, columns=["rna_id", "protein_id", "rna_seq", "protein_seq", "binds"])
    stands = ["near" if row == 6 else "identical" if row == 7 else "new" for row in range(10)]
    truth = pairs[["rna_id", "protein_id", "binds"]].assign(in_training=stands)
    sequences = pairs["rna_seq"].tolist()
    sequences[8] = sequences[8].replace("U", "T")
    sequences[9] = sequences[9][:10] + "7" + sequences[9][10:]
    return pairs.drop(columns="binds").assign(rna_seq=sequences), truth


_SIDES = (("rna_seq", RNA), ("protein_seq", PEPTIDE))


def _near_copy(sequence: str, words: pd.DataFrame, alphabet: Alphabet, rng: np.random.Generator) -> str:
    """A copy with three other letters outside its words."""
    inside = np.zeros(len(sequence), dtype=bool)
    for word in words.itertuples():
        inside[word.start : word.stop] = True
    letters = list(sequence)
    for place in rng.choice(np.flatnonzero(~inside), size=3, replace=False):
        letters[place] = str(rng.choice([one for one in alphabet.letters if one != letters[place]]))
    return "".join(letters)


# Two complexes of a dozen residues, as PDB files: a pseudouridine and a selenomethionine inside the
# chains, a water and a magnesium ion outside, which must not be read as residues.
_COMPLEXES = {
    "sim1": ("G G A PSU U C U C C", "MET LYS ARG GLY TRP LYS PHE"),
    "sim2": ("C A 5MC G U A A", "MSE HIS PRO TRP GLU ASN"),
}
_MODIFIED = {"PSU": "U", "5MC": "C", "MSE": "MET"}


def _pdb(name: str, rna: str, peptide: str) -> str:
    lines = [f"HEADER    SIMULATED COMPLEX, NOT MEASURED         20-NOV-26   {name.upper()}"]
    chains = (("A", rna.split(), " P  ", " P"), ("B", peptide.split(), " CA ", " C"))
    for chain, residues, _, _ in chains:
        lines += [
            f"MODRES {name.upper()} {residue:>3} {chain} {number:>4}  {_MODIFIED[residue]:>3}  SIMULATED"
            for number, residue in enumerate(residues, 1)
            if residue in _MODIFIED
        ]
    serial = 0
    for chain, residues, atom, element in chains:
        for number, residue in enumerate(residues, 1):
            serial += 1
            record = "HETATM" if residue in _MODIFIED else "ATOM  "
            lines.append(_atom(record, serial, atom, residue, chain, number, element))
        serial += 1
        lines.append(f"TER   {serial:>5}      {residues[-1]:>3} {chain}{len(residues):>4}")
    lines.append(_atom("HETATM", serial + 1, "MG  ", "MG", "A", 101, "MG"))
    lines.append(_atom("HETATM", serial + 2, " O  ", "HOH", "A", 102, " O"))
    return "\n".join([*lines, "END", ""])


def _atom(record: str, serial: int, atom: str, residue: str, chain: str, number: int, element: str) -> str:
    x, y, z = 3.8 * number, 0.0 if chain == "A" else 8.0, 0.0
    return (
        f"{record}{serial:>5} {atom} {residue:>3} {chain}{number:>4}    "
        f"{x:8.3f}{y:8.3f}{z:8.3f}{1:6.2f}{0:6.2f}          {element}"
    )


if __name__ == "__main__":
    write(sys.argv[1])
