"""The RNA-peptide sample: motif pairs that bind by a stated rule, with the truth beside them.

The rule: every RNA carries exactly one of eight RNA motifs, every peptide exactly one of eight
peptide motifs, and a pair binds if and only if motif *k* of the RNA meets motif *k* of the peptide.
Neither chain alone says anything about binding; a model has to learn which motifs belong together.
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
    """Simulate chains and the pairs that bind; the same seed gives the same sample.

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
    rna = _chains("rna", RNA, RNA_MOTIFS, plan.rna_lengths, plan, rng)
    peptide = _chains("pep", PEPTIDE, PEPTIDE_MOTIFS, plan.peptide_lengths, plan, rng)
    binds = rna["family"].to_numpy()[:, None] == peptide["family"].to_numpy()[None, :]
    distinct = plan.positives - plan.duplicates
    chosen = rng.choice(np.flatnonzero(binds.ravel()), size=distinct, replace=False)
    repeated = rng.choice(chosen, size=plan.duplicates, replace=False)
    # A repeated row stands somewhere behind its first appearance, never in front of it.
    order = np.concatenate([chosen, repeated])
    return Simulation(_pair_rows(rna, peptide, *np.divmod(order, len(peptide))), rna, peptide)


def planted_map(rna: pd.Series, peptide: pd.Series) -> np.ndarray:
    """Which positions are in contact by the rule, (RNA length, peptide length), from rows of the truth.

    True where both positions lie in motifs of one family; all False for a pair that does not bind.
    """
    truth = np.zeros((len(rna["sequence"]), len(peptide["sequence"])), dtype=bool)
    if rna["family"] == peptide["family"]:
        truth[rna["start"] : rna["stop"], peptide["start"] : peptide["stop"]] = True
    return truth


def write(folder: str | Path, *, seed: int = 20261120) -> list[Path]:
    """Write the whole sample: chunk files, the ten pairs to predict, structures and the truth."""
    folder = Path(folder)
    sample = simulate(seed=seed)
    fresh = simulate(Plan(ancestors=16, homologs=1, positives=20, duplicates=0), seed=seed + 1)
    (folder / "chunks").mkdir(parents=True, exist_ok=True)
    written = _write_chunks(folder / "chunks", _with_warts(sample.pairs))
    predict, predict_truth = _pairs_to_predict(fresh)
    for name, table in (
        ("truth_rna", sample.rna), ("truth_peptide", sample.peptide), ("predict", predict),
        ("truth_predict", predict_truth),
    ):  # fmt: skip
        written.append(write_table(folder / f"{name}.csv", table))
    rule = {
        "what": "simulated data; nothing here was measured",
        "rule": "a pair binds if and only if the RNA motif and the peptide motif have one family",
        "rna_motifs": RNA_MOTIFS,
        "peptide_motifs": PEPTIDE_MOTIFS,
        "plan": Plan()._asdict(),
    }
    chains = "".join(f"{name}.pdb,A,B\n" for name in _COMPLEXES)
    texts = {
        "truth_rule.json": json.dumps(rule, indent=1) + "\n",
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
    prefix: str, alphabet: Alphabet, motifs: tuple[str, ...], lengths: tuple[int, int], plan: Plan,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    rows: list[tuple] = []
    seen: set[str] = set()
    for ancestor in range(plan.ancestors):
        family = ancestor % len(motifs)
        motif = motifs[family]
        length = int(rng.integers(lengths[0], lengths[1] + 1))
        start = int(rng.integers(0, length - len(motif) + 1))
        background = list(rng.choice(list(alphabet.letters), size=length))
        for _ in range(plan.homologs):
            while True:
                letters = list(background)
                for position in np.flatnonzero(rng.random(length) < plan.mutation_rate):
                    letters[position] = str(rng.choice(list(alphabet.letters)))
                letters[start : start + len(motif)] = motif
                sequence = "".join(letters)
                if sum(map(sequence.count, motifs)) > 1:
                    # The ancestor itself may hold a second motif; a fresh letter in it ends the search.
                    background[int(rng.integers(length))] = str(rng.choice(list(alphabet.letters)))
                elif sequence not in seen:
                    break
            seen.add(sequence)
            name = f"{prefix}{len(rows) + 1:04d}"
            rows.append((name, sequence, family, ancestor, motif, start, start + len(motif)))
    return pd.DataFrame(rows, columns=["id", "sequence", "family", "ancestor", "motif", "start", "stop"])


def _pair_rows(
    rna: pd.DataFrame, peptide: pd.DataFrame, rna_rows: np.ndarray, peptide_rows: np.ndarray
) -> pd.DataFrame:
    """Table of pairs from row numbers of the two truth tables."""
    return pd.DataFrame({
        "rna_id": rna["id"].to_numpy()[rna_rows],
        "protein_id": peptide["id"].to_numpy()[peptide_rows],
        "rna_seq": rna["sequence"].to_numpy()[rna_rows],
        "protein_seq": peptide["sequence"].to_numpy()[peptide_rows],
    })  # fmt: skip


def _with_warts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Faults that real collections have: DNA letters, lower case.

    None changes what a chain is: the loader mends each and says so.
    """
    pairs = pairs.copy()
    pairs.loc[1200:1239, "rna_seq"] = pairs.loc[1200:1239, "rna_seq"].str.replace("U", "T")
    pairs.loc[2400:2409, "protein_seq"] = pairs.loc[2400:2409, "protein_seq"].str.lower()
    return pairs


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


def _pairs_to_predict(fresh: Simulation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten pairs of chains that the training never saw: five that bind and five that do not.

    The ninth is written in DNA letters; the tenth has a digit in it, so that every run shows
    what becomes of a row that cannot be read.
    """
    rows = np.arange(10)
    binds = rows % 2 == 0
    family = (fresh.rna["family"].to_numpy()[rows] + np.where(binds, 0, 3)) % len(RNA_MOTIFS)
    partner = np.argmax(fresh.peptide["family"].to_numpy() == family[:, None], axis=1)
    pairs = _pair_rows(fresh.rna, fresh.peptide, rows, partner).assign(
        rna_id=[f"new_rna{row + 1:02d}" for row in rows], protein_id=[f"new_pep{row + 1:02d}" for row in rows]
    )
    truth = pairs[["rna_id", "protein_id"]].assign(binds=binds.astype(int))
    for side, table, chosen in (("rna", fresh.rna, rows), ("peptide", fresh.peptide, partner)):
        for end in ("start", "stop"):
            truth[f"{side}_{end}"] = table[end].to_numpy()[chosen]
    sequences = pairs["rna_seq"].tolist()
    sequences[8] = sequences[8].replace("U", "T")
    sequences[9] = sequences[9][:10] + "7" + sequences[9][10:]
    return pairs.assign(rna_seq=sequences), truth


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
