"""The RNA-peptide sample: motif pairs that bind by a stated rule, with the truth beside them.

The rule: every RNA carries exactly one of eight RNA motifs, every peptide exactly one of eight
peptide motifs, and a pair binds if and only if motif *k* of the RNA meets motif *k* of the peptide.
Neither chain alone says anything about binding; a model has to learn which motifs belong together.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project.paths import atomic_path
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet

RNA_MOTIFS = ("UGUAAC", "GCAUGG", "ACUUCA", "GGACGA", "CUGCUU", "UAUCGG", "AAGUCC", "CCGAAU")
PEPTIDE_MOTIFS = ("RGWKF", "KYDRC", "HPWEN", "FMKHD", "WQCRT", "DEYVH", "NKPMW", "CHTFQ")
ROWS_IN_A_CHUNK = 200


class Plan(NamedTuple):
    """Sizes of the simulation.

    Attributes
    ----------
    ancestors : int
        Unrelated chains of each kind; every motif is carried by the same number of them.
    homologs : int
        Variants of each ancestor, mutated outside the motif.
    mutation_rate : float
        Share of residues outside the motif in which a variant differs from its ancestor.
    rna_lengths, peptide_lengths : tuple of int
        Shortest and longest chain, in residues.
    positives : int
        Rows of the chunk files, duplicated rows included.
    duplicates : int
        Rows that repeat an earlier pair, as such collections do.
    """

    ancestors: int = 192
    homologs: int = 2
    mutation_rate: float = 0.1
    rna_lengths: tuple[int, int] = (40, 80)
    peptide_lengths: tuple[int, int] = (20, 50)
    positives: int = 4000
    duplicates: int = 12


class Simulation(NamedTuple):
    """What `simulate` makes.

    Attributes
    ----------
    pairs : pandas.DataFrame
        ``rna_id, protein_id, rna_seq, protein_seq``: pairs that bind, `Plan.positives` rows.
    rna, peptide : pandas.DataFrame
        The truth, one row a chain: ``id, sequence, family, ancestor, motif, start, stop``
        (0-based, half-open).
    """

    pairs: pd.DataFrame
    rna: pd.DataFrame
    peptide: pd.DataFrame


def simulate(plan: Plan = Plan(), *, seed: int = 20261120) -> Simulation:  # noqa: B008
    """Simulate chains and the pairs that bind.

    Parameters
    ----------
    plan : Plan
        Sizes.
    seed : int
        Seed of the generator; the same seed gives the same sample.

    Returns
    -------
    Simulation
        Pairs that bind, and the truth of every chain.

    Examples
    --------
    >>> small = simulate(Plan(ancestors=8, homologs=2, positives=20, duplicates=2))
    >>> len(small.pairs), len(small.rna), int(small.pairs.duplicated().sum())
    (20, 16, 2)
    >>> first = small.rna.iloc[0]
    >>> first.sequence[first.start : first.stop] == first.motif
    True
    """
    rng = np.random.default_rng(seed)
    rna = _chains(RNA, RNA_MOTIFS, plan.rna_lengths, plan, rng, prefix="rna")
    peptide = _chains(PEPTIDE, PEPTIDE_MOTIFS, plan.peptide_lengths, plan, rng, prefix="pep")
    binds = rna["family"].to_numpy()[:, None] == peptide["family"].to_numpy()[None, :]
    candidates = np.flatnonzero(binds.ravel())
    distinct = plan.positives - plan.duplicates
    chosen = rng.choice(candidates, size=distinct, replace=False)
    repeated = rng.choice(chosen, size=plan.duplicates, replace=False)
    # A repeated row stands somewhere behind its first appearance, never in front of it.
    order = np.concatenate([chosen, repeated])
    return Simulation(pair_rows(rna, peptide, order // len(peptide), order % len(peptide)), rna, peptide)


def pair_rows(
    rna: pd.DataFrame, peptide: pd.DataFrame, rna_rows: np.ndarray, peptide_rows: np.ndarray
) -> pd.DataFrame:
    """Table of pairs from row numbers of the two truth tables."""
    return pd.DataFrame(
        {
            "rna_id": rna["id"].to_numpy()[rna_rows],
            "protein_id": peptide["id"].to_numpy()[peptide_rows],
            "rna_seq": rna["sequence"].to_numpy()[rna_rows],
            "protein_seq": peptide["sequence"].to_numpy()[peptide_rows],
        }
    )


def planted_map(rna: pd.Series, peptide: pd.Series) -> np.ndarray:
    """Which (RNA position, peptide position) pairs are in contact by the rule.

    Parameters
    ----------
    rna, peptide : pandas.Series
        A row of each truth table.

    Returns
    -------
    numpy.ndarray, shape=(rna length, peptide length), dtype=bool
        True where both positions lie in motifs of one family; all False for a pair that
        does not bind.
    """
    truth = np.zeros((len(rna["sequence"]), len(peptide["sequence"])), dtype=bool)
    if rna["family"] == peptide["family"]:
        truth[rna["start"] : rna["stop"], peptide["start"] : peptide["stop"]] = True
    return truth


def write(folder: str | Path, *, seed: int = 20261120) -> list[Path]:
    """Write the whole sample: chunk files, the ten pairs to predict, structures and the truth.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder to write into; made if absent.
    seed : int
        Seed of the simulation.

    Returns
    -------
    list of pathlib.Path
        The files, in the order in which they were written.
    """
    folder = Path(folder)
    sample = simulate(seed=seed)
    fresh = simulate(Plan(ancestors=16, homologs=1, positives=20, duplicates=0), seed=seed + 1)
    written = _write_chunks(folder / "chunks", _with_warts(sample.pairs))
    written += _write_tables(folder, sample, fresh)
    written += _write_structures(folder / "structures")
    return written


def _chains(
    alphabet: Alphabet,
    motifs: tuple[str, ...],
    lengths: tuple[int, int],
    plan: Plan,
    rng: np.random.Generator,
    *,
    prefix: str,
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    seen: set[str] = set()
    for ancestor in range(plan.ancestors):
        family = ancestor % len(motifs)
        length = int(rng.integers(lengths[0], lengths[1] + 1))
        start = int(rng.integers(0, length - len(motifs[family]) + 1))
        background = _letters(alphabet, length, rng)
        for variant in range(plan.homologs):
            sequence = _variant(background, motifs, family, start, alphabet, plan, rng)
            while sequence in seen:
                sequence = _variant(background, motifs, family, start, alphabet, plan, rng)
            seen.add(sequence)
            rows.append(
                {
                    "id": f"{prefix}{ancestor * plan.homologs + variant + 1:04d}",
                    "sequence": sequence,
                    "family": family,
                    "ancestor": ancestor,
                    "motif": motifs[family],
                    "start": start,
                    "stop": start + len(motifs[family]),
                }
            )
    return pd.DataFrame(rows)


def _letters(alphabet: Alphabet, length: int, rng: np.random.Generator) -> list[str]:
    return list(rng.choice(list(alphabet.letters), size=length))


def _variant(
    background: list[str],
    motifs: tuple[str, ...],
    family: int,
    start: int,
    alphabet: Alphabet,
    plan: Plan,
    rng: np.random.Generator,
) -> str:
    """A mutated copy with its motif in place and no motif anywhere else."""
    while True:
        letters = list(background)
        for position in np.flatnonzero(rng.random(len(letters)) < plan.mutation_rate):
            letters[position] = str(rng.choice(list(alphabet.letters)))
        letters[start : start + len(motifs[family])] = motifs[family]
        sequence = "".join(letters)
        if sum(sequence.count(motif) for motif in motifs) == 1:
            return sequence
        # The ancestor itself may hold a second motif; a fresh letter in it ends the search.
        background[int(rng.integers(len(background)))] = str(rng.choice(list(alphabet.letters)))


def _with_warts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Faults that real collections have: DNA letters, lower case, unknown residues.

    None changes what a chain is: the loader mends each and says so.
    """
    pairs = pairs.copy()
    rna, protein = pairs["rna_seq"].tolist(), pairs["protein_seq"].tolist()
    for row in range(1200, 1240):
        rna[row] = rna[row].replace("U", "T")
    for row in range(2400, 2410):
        protein[row] = protein[row].lower()
    pairs["rna_seq"], pairs["protein_seq"] = rna, protein
    return pairs


def _write_chunks(folder: Path, pairs: pd.DataFrame) -> list[Path]:
    """First half of the chunks as CSV, second half as pickled lists of plain dicts."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    starts = range(0, len(pairs), ROWS_IN_A_CHUNK)
    for number, start in enumerate(starts, 1):
        chunk = pairs.iloc[start : start + ROWS_IN_A_CHUNK]
        suffix = ".csv" if number <= len(starts) // 2 else ".pkl"
        path = folder / f"rna_protein_pairs_chunk_{number}{suffix}"
        with atomic_path(path) as part:
            if suffix == ".csv":
                chunk.to_csv(part, index=False, lineterminator="\n")
            else:
                rows = [dict(zip(chunk.columns, map(str, row), strict=True)) for row in chunk.to_numpy()]
                part.write_bytes(pickle.dumps(rows, protocol=4))
        written.append(path)
    return written


def _write_tables(folder: Path, sample: Simulation, fresh: Simulation) -> list[Path]:
    predict, predict_truth = _pairs_to_predict(fresh)
    tables = {
        "truth_rna.csv": sample.rna,
        "truth_peptide.csv": sample.peptide,
        "predict.csv": predict,
        "truth_predict.csv": predict_truth,
    }
    written = []
    for name, table in tables.items():
        with atomic_path(folder / name) as part:
            table.to_csv(part, index=False, lineterminator="\n")
        written.append(folder / name)
    rule = {
        "what": "simulated data; nothing here was measured",
        "rule": "a pair binds if and only if the RNA motif and the peptide motif have one family",
        "rna_motifs": RNA_MOTIFS,
        "peptide_motifs": PEPTIDE_MOTIFS,
        "plan": Plan()._asdict(),
    }
    with atomic_path(folder / "truth_rule.json") as part:
        part.write_text(json.dumps(rule, indent=1) + "\n")
    return [*written, folder / "truth_rule.json"]


def _pairs_to_predict(fresh: Simulation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten pairs of chains that the training never saw: five that bind and five that do not.

    The ninth is written in DNA letters; the tenth has a digit in it, so that every run shows
    what becomes of a row that cannot be read.
    """
    rna, peptide = fresh.rna, fresh.peptide
    rna_rows = np.arange(10)
    same = peptide["family"].to_numpy()
    partner = [int(np.flatnonzero(same == rna["family"][row])[0]) for row in rna_rows]
    other = [int(np.flatnonzero(same == (rna["family"][row] + 3) % len(RNA_MOTIFS))[0]) for row in rna_rows]
    binds = np.arange(10) % 2 == 0
    pairs = pair_rows(rna, peptide, rna_rows, np.where(binds, partner, other))
    pairs["rna_id"] = [f"new_rna{row + 1:02d}" for row in rna_rows]
    pairs["protein_id"] = [f"new_pep{row + 1:02d}" for row in rna_rows]
    truth = pairs[["rna_id", "protein_id"]].assign(
        binds=binds.astype(int),
        rna_start=rna["start"].to_numpy()[rna_rows],
        rna_stop=rna["stop"].to_numpy()[rna_rows],
        peptide_start=peptide["start"].to_numpy()[np.where(binds, partner, other)],
        peptide_stop=peptide["stop"].to_numpy()[np.where(binds, partner, other)],
    )
    sequences = pairs["rna_seq"].tolist()
    sequences[8] = sequences[8].replace("U", "T")
    sequences[9] = sequences[9][:10] + "7" + sequences[9][10:]
    return pairs.assign(rna_seq=sequences), truth


# Two complexes of a dozen residues, as PDB files: a pseudouridine and a selenomethionine inside the
# chains, a water and a magnesium ion outside, which must not be read as residues.
_COMPLEXES = {
    "sim1": (
        ["G", "G", "A", "PSU", "U", "C", "U", "C", "C"],
        ["MET", "LYS", "ARG", "GLY", "TRP", "LYS", "PHE"],
    ),
    "sim2": (["C", "A", "5MC", "G", "U", "A", "A"], ["MSE", "HIS", "PRO", "TRP", "GLU", "ASN"]),
}
_MODIFIED = {"PSU": "U", "5MC": "C", "MSE": "MET"}


def _write_structures(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (rna, peptide) in _COMPLEXES.items():
        with atomic_path(folder / f"{name}.pdb") as part:
            part.write_text(_pdb(name, rna, peptide))
        written.append(folder / f"{name}.pdb")
    with atomic_path(folder / "chains.csv") as part:
        rows = [f"{name}.pdb,A,B" for name in _COMPLEXES]
        part.write_text("file,rna_chain,protein_chain\n" + "\n".join(rows) + "\n")
    return [*written, folder / "chains.csv"]


def _pdb(name: str, rna: list[str], peptide: list[str]) -> str:
    lines = [f"HEADER    SIMULATED COMPLEX, NOT MEASURED         20-NOV-26   {name.upper()}"]
    chains = (("A", rna, " P  ", " P"), ("B", peptide, " CA ", " C"))
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
        lines.append(f"TER   {serial + 1:>5}      {residues[-1]:>3} {chain}{len(residues):>4}")
        serial += 1
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
