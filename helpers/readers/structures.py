"""Sequences of chains from PDB and mmCIF files, without the ligands and with modified residues.

Read are the residues that the coordinates hold, in the order of the file and in the first model
only; residues that were not seen in the experiment are not among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from Bio.Data.PDBData import (
    nucleic_letters_3to1_extended,
    protein_letters_3to1,
    protein_letters_3to1_extended,
)

from helpers.readers.structure_files import BLANK, CIF_ENDINGS, PDB_ENDINGS, Entry, Site, read_entry

LIST_COLUMNS = ("file", "rna_chain", "protein_chain")
"""Columns of a list of chains; `pdb_id` may stand for `file`."""

_WATERS = frozenset({"HOH", "WAT", "DOD", "H2O"})
_RNA = frozenset("ACGU")
_DEOXY = {"DA": "A", "DC": "C", "DG": "G", "DT": "U", "DU": "U", "T": "U", "DI": "N", "DN": "N"}
_UNKNOWN = {"N": "RNA", "DN": "DNA", "UNK": "protein"}
_AMINO_ACIDS = frozenset(name for name, letter in protein_letters_3to1_extended.items() if len(letter) == 1)
_STANDARD = frozenset(protein_letters_3to1)
_MEANT = {
    "HIS": "HSD HSE HSP HID HIE HIP", "CYS": "CYX CYM", "ASP": "ASH", "GLU": "GLH", "LYS": "LYN",
    "ARG": "ARN", "A": "ADE RA", "C": "CYT RC", "G": "GUA RG", "U": "URA RU",
    "DT": "THY",
}  # fmt: skip
_FORCE_FIELD = {
    **{name: meant for meant, names in _MEANT.items() for name in names.split()},
    **{f"{start}{base}{end}": base for start in ("", "R") for base in "ACGU" for end in "35N"},
    **{f"D{base}{end}": f"D{base}" for base in "ACGT" for end in "35N"},
}
"""Names that AMBER and CHARMM give to residues of a polymer, by protonation and place in the chain.
In the archive some of them mean another molecule, which is a HETATM there (HSE is homoserine)."""
_CAPS = frozenset({"ACE", "FOR", "NH2", "NHE", "NMA", "NME"})
"""Groups that close the ends of a modelled chain; they are no residues."""
_BOND = 2.5
_SHOWN = 3


class Chain(NamedTuple):
    """A chain of a structure, as a sequence."""

    id: str
    kind: str
    """``RNA``, ``DNA``, ``protein`` or ``none`` (no residue of a polymer)."""
    sequence: str
    """A C G U N for an RNA or a DNA, the twenty letters and X for a protein."""
    changed: bool
    """Whether a residue was read as another one."""
    note: str


def read_chains(path: str | Path) -> dict[str, Chain]:
    r"""Sequences of all chains of a PDB or mmCIF file.

    - Modified residues are read as their parent (PSU as U, MSE as M): by the file's own
      statement (MODRES, ``_pdbx_struct_mod_residue``), else by Biopython's table; those of
      which neither knows the parent are read as unknown. All are said in the note.
    - Waters, ions and ligands are left out. A hetero residue counts as part of the polymer if
      the file says so (SEQRES, MODRES, ``label_seq_id``) or if it is bonded into the backbone.
    - The names of AMBER and CHARMM (HIE, CYX, G5, ...) are read as the residue that they mean.
    - A residue with alternates counts once, with the residue of the highest occupancy.

    Parameters
    ----------
    path : str or pathlib.Path
        A file ending in .pdb, .ent, .cif or .mmcif, gzip or not.

    Returns
    -------
    dict of str to Chain
        By the chain's name in the file (the author's name in an mmCIF file). A chain without a
        name is ``_``; where several have none, those behind a TER record are ``_2``, ``_3``, ...

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "1abc.pdb"
    >>> atom = "ATOM      1  P     {} A   {}       0.000   0.000   0.000  1.00  0.00           P"
    >>> _ = path.write_text("\n".join([atom.format("G", 1), atom.format("C", 2)]))
    >>> read_chains(path)["A"]
    Chain(id='A', kind='RNA', sequence='GC', changed=False, note='')
    """
    entry = read_entry(path)
    return {name: _assemble(name, sites, entry) for name, sites in entry.sites.items()}


def extract_pairs(folder: str | Path, chains: pd.DataFrame) -> pd.DataFrame:
    """RNA and protein sequences of listed chains; each row of the list has a row.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of PDB and mmCIF files.
    chains : pandas.DataFrame
        Columns ``file`` (name in the folder, with or without its ending) or ``pdb_id``,
        ``rna_chain`` and ``protein_chain``. Further columns are kept; a row that
        `helpers.readers.tables.read_table` rejected stays rejected with its note.

    Returns
    -------
    pandas.DataFrame
        ``rna_id`` (such as 1abc-A), ``protein_id``, ``rna_seq``, ``protein_seq``, the list's
        further columns, ``status`` (``ok``, ``changed``, ``rejected``) and ``note``, in the
        order of the list and with its index. A sequence that cannot be had is empty.

    Raises
    ------
    ValueError
        If the folder is missing, or the list lacks a column.

    Examples
    --------
    >>> extract_pairs(".", pd.DataFrame({"pdb_id": ["1abc"], "chain": ["A"]}))
    Traceback (most recent call last):
    ValueError: the list of chains has no column rna_chain, protein_chain; found file, chain...
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder; expected one of PDB or mmCIF files")
    if "file" not in chains.columns:
        chains = chains.rename(columns={"pdb_id": "file"})
    if missing := [name for name in LIST_COLUMNS if name not in chains.columns]:
        raise ValueError(
            f"the list of chains has no column {', '.join(missing)}; found "
            f"{', '.join(map(str, chains.columns))}. Rename or add the columns"
        )
    listed = chains.reset_index(drop=True)
    cells = listed[list(LIST_COLUMNS)].fillna("").astype("str").apply(lambda c: c.str.strip())
    faults: dict[int, str] = {}
    if {"status", "note"} <= set(listed.columns):
        faults = listed.loc[listed["status"] == "rejected", "note"].to_dict()
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    opened: dict[str, tuple[dict[str, Chain], str]] = {}
    rows = []
    for number, (file, *wanted) in enumerate(cells.itertuples(index=False)):
        if file not in opened:
            opened[file] = _open_listed(folder, names, file)
        found, problem = opened[file]
        rows.append(_pair(_stem(file), wanted, found, faults.get(number, problem)))
    pair_columns = ["rna_id", "protein_id", "rna_seq", "protein_seq"]
    table = pd.DataFrame(rows, columns=[*pair_columns, "status", "note"], dtype="str")
    further = listed.drop(columns=[*LIST_COLUMNS, *table.columns], errors="ignore")
    result = pd.concat([table[pair_columns], further, table[["status", "note"]]], axis=1)
    return result.set_axis(chains.index, axis=0)


def _open_listed(folder: Path, names: list[str], file: str) -> tuple[dict[str, Chain], str]:
    """Chains of the file that a row names, or why they cannot be had."""
    endings = PDB_ENDINGS + CIF_ENDINGS
    structures = [name for name in names if name.lower().removesuffix(".gz").endswith(endings)]
    stems = (file.lower(), f"pdb{file.lower()}")
    fitting = [file] if file in names else [name for name in structures if _stem(name).lower() in stems]
    if not file or not fitting:
        return {}, f"{folder} holds no structure file {file!r}; add it or correct the list"
    if len(fitting) > 1:
        return {}, f"{file!r} may be {' or '.join(fitting)}; write the whole name in the list"
    try:
        return read_chains(folder / fitting[0]), ""
    except ValueError as error:
        return {}, str(error)


def _pair(stem: str, wanted: Sequence[str], found: dict[str, Chain], problem: str) -> tuple[str, ...]:
    """Ids, sequences, status and note of one row."""
    ids = tuple(f"{stem}-{name}" for name in wanted)
    if problem:
        return (*ids, "", "", "rejected", problem)
    chains, notes, problems = [], [], []
    kinds = ("RNA", "protein")
    wanted = [_named(name, kind, found) for name, kind in zip(wanted, kinds, strict=True)]
    ids = tuple(f"{stem}-{name}" for name in wanted)
    for name, kind in zip(wanted, kinds, strict=True):
        why = _unfit(name, kind, found)
        chain = Chain(name, kind, "", False, "") if why else found[name]
        chains.append(chain)
        problems += [why] if why else []
        notes += [f"chain {name}: {chain.note}"] if chain.note else []
    status = "rejected" if problems else "changed" if any(chain.changed for chain in chains) else "ok"
    return (*ids, *[chain.sequence for chain in chains], status, "; ".join(problems + notes))


def _named(name: str, kind: str, found: dict[str, Chain]) -> str:
    """The chain that a cell names; an empty one means the one chain of its kind without a name."""
    nameless = [one.id for one in found.values() if one.id.startswith(BLANK) and one.kind == kind]
    return nameless[0] if not name and len(nameless) == 1 else name


def _unfit(name: str, kind: str, found: dict[str, Chain]) -> str:
    """Why a chain cannot serve as the RNA or the protein, or nothing."""
    has = ", ".join(f"{c.id} ({c.kind}, {len(c.sequence)})" for c in found.values())
    if not name:
        return f"the list names no {kind} chain; the file has {has}"
    if name not in found:
        return f"there is no chain {name}; the file has {has}. Correct the list"
    chain = found[name]
    if chain.kind == "none":
        return f"chain {name} holds no residue of a polymer ({chain.note}); the file has {has}"
    if chain.kind != kind:
        return f"chain {name} is {chain.kind}; expected {kind}. The file has {has}"
    return ""


def _assemble(name: str, sites: list[Site], entry: Entry) -> Chain:
    """Sequence of a chain's residues, and what there is to say about them."""
    meant = {s.name: _FORCE_FIELD[s.name] for s in sites if not s.hetero and s.name in _FORCE_FIELD}
    entry = entry._replace(parents=meant | entry.parents)
    sites, doubled = _without_alternates([s for s in sites if s.name not in _WATERS])
    polymer = [s for i, s in enumerate(sites) if _in_polymer(sites, i)]
    ligands = Counter(s.name for i, s in enumerate(sites) if not _in_polymer(sites, i))
    kinds = Counter(_kind(s.name, entry.parents) for s in polymer)
    nucleic = kinds["RNA"] + kinds["DNA"]
    if not nucleic and not kinds["protein"]:
        note = _counted("ligands", Counter(s.name for s in sites)) or "water only"
        return Chain(name, "none", "", False, note)
    kind = "protein" if kinds["protein"] > nucleic else "RNA" if kinds["RNA"] else "DNA"
    foreign = {"protein"} if kind != "protein" else {"RNA", "DNA"}
    strangers = [s for s in polymer if s.name in _CAPS or _kind(s.name, entry.parents) in foreign]
    left = set(map(id, strangers))
    polymer = [s for s in polymer if id(s) not in left]
    letters = [_letter(s.name, kind, entry.parents) for s in polymer]
    read_as = Counter(
        f"{s.name} as {letter}{' (deoxy)' if kind == 'RNA' and s.name in _DEOXY else ''}"
        for s, letter in zip(polymer, letters, strict=True)
        if not _is_plain(s.name, kind)
    )
    notes = [
        _counted("residues read", read_as),
        _counted(f"left out, being no part of the {kind}", Counter(s.name for s in strangers)),
        _counted("left out as ligands", ligands),
        _counted("alternates at one place, the most occupied one taken", Counter(doubled)),
        _gaps(polymer),
        *[text for text in entry.warnings if f"Chain {name} " in text or "Chain" not in text],
    ]
    changed = bool(read_as) or bool(doubled)
    return Chain(name, kind, "".join(letters), changed, "; ".join(filter(None, notes)))


def _without_alternates(sites: list[Site]) -> tuple[list[Site], list[str]]:
    """One residue for each place of the chain, and the places that held more."""
    places: dict[tuple[int, str], list[Site]] = {}
    for site in sites:
        places.setdefault((site.number, site.insertion), []).append(site)
    best = [max(items, key=lambda site: site.occupancy) for items in places.values()]
    doubled = [
        f"{'/'.join(site.name for site in items)} {items[0].number}"
        for items in places.values()
        if len(items) > 1
    ]
    return best, doubled


def _in_polymer(sites: list[Site], i: int) -> bool:
    site = sites[i]
    if not site.hetero or site.listed is not None:
        return not site.hetero or bool(site.listed)
    before = sites[i - 1] if i else None
    after = sites[i + 1] if i + 1 < len(sites) else None
    return (before is not None and _bonded(before, site)) or (after is not None and _bonded(site, after))


def _bonded(first: Site, second: Site) -> bool:
    """Whether the backbone runs from one residue to the next: O3' to P, or C to N."""
    for left, right in (("O3'", "P"), ("C", "N")):
        a, b = first.atoms.get(left), second.atoms.get(right)
        if a is not None and b is not None and float(np.linalg.norm(a - b)) <= _BOND:
            return True
    return False


def _kind(name: str, parents: dict[str, str]) -> str:
    """RNA, DNA, protein or unknown."""
    name = parents.get(name, name)
    if name in _UNKNOWN:
        return _UNKNOWN[name]
    if name in _DEOXY:
        return "DNA"
    if name in _STANDARD or name in _AMINO_ACIDS:
        return "protein"
    return "RNA" if name.ljust(3) in nucleic_letters_3to1_extended else "unknown"


def _letter(name: str, kind: str, parents: dict[str, str]) -> str:
    name = parents.get(name, name)
    if kind == "protein":
        return protein_letters_3to1_extended.get(name, "X")
    letter = _DEOXY.get(name) or nucleic_letters_3to1_extended.get(name.ljust(3), "N")
    return "U" if letter == "T" else letter


def _is_plain(name: str, kind: str) -> bool:
    """Whether a residue is one of the alphabet's own, or one that it calls unknown."""
    return name in (_STANDARD if kind == "protein" else _RNA) or (kind == "DNA" and name in _DEOXY)


def _gaps(polymer: list[Site]) -> str:
    jumps = [f"{a.number} to {b.number}" for a, b in pairwise(polymer) if b.number - a.number > 1]
    return f"the numbering jumps from {_first(jumps)}" if jumps else ""


def _counted(what: str, counts: Counter[str]) -> str:
    items = [f"{number} {name}" for name, number in counts.items()]
    return f"{what}: {', '.join(items)}" if items else ""


def _first(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def _stem(name: str) -> str:
    """Name without the endings of structure files."""
    for ending in (".gz", *PDB_ENDINGS, *CIF_ENDINGS):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name
