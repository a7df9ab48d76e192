"""PDB and mmCIF files as lists of residues, chain by chain, before anything is made of them."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from Bio.PDB.MMCIF2Dict import MMCIF2Dict
from Bio.PDB.PDBExceptions import PDBConstructionException
from Bio.PDB.PDBParser import PDBParser
from Bio.PDB.Residue import Residue

from helpers.readers.lines import iter_lines

PDB_ENDINGS = (".pdb", ".ent")
CIF_ENDINGS = (".cif", ".mmcif")

BLANK = "_"
"""Name of a chain that has none; in a PDB file further ones behind a TER are _2, _3, ..."""

Key = tuple[str, int, str]
"""Chain, residue number and insertion code: one place in a structure."""

_RESIDUE = ["auth_asym_id", "auth_seq_id", "pdbx_PDB_ins_code", "label_comp_id"]
_NUMBERINGS = ("asym_id", "seq_id", "comp_id", "atom_id")
"""What an mmCIF file gives twice: by the author and by the archive. Some files have one alone."""
_AXES = ["Cartn_x", "Cartn_y", "Cartn_z"]
_OPTIONAL = {"pdbx_PDB_model_num": "1", "pdbx_PDB_ins_code": "?", "label_seq_id": "?", "occupancy": "?"}


_NO_NUMBER = 10**6
_BROKEN = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError)
"""What Biopython raises for files that no program wrote so."""


class Site(NamedTuple):
    """One residue of a file, before it is known what it is."""

    name: str
    number: int
    insertion: str
    hetero: bool
    occupancy: float
    listed: bool | None
    """Whether the file counts it among its polymer's residues; None if it does not say."""
    atoms: dict[str, np.ndarray]
    """Coordinates by atom name, in angstrom."""


class Entry(NamedTuple):
    """What is read from one file."""

    sites: dict[str, list[Site]]
    """Residues of the first model, by chain."""
    parents: dict[str, str]
    """Standard residue of a modified one, by name, as the file states it."""
    warnings: list[str]
    """What Biopython warned of."""


def read_entry(path: str | Path) -> Entry:
    r"""Residues of the first model of a PDB or mmCIF file (by its ending), gzip or not.

    Raises
    ------
    ValueError
        If the file is missing, empty, binary or cut off, is of another format, or holds no
        coordinates.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "1abc.pdb"
    >>> atom = "ATOM      1  P     G A   7       0.000   0.000   0.000  1.00  0.00           P"
    >>> _ = path.write_text(atom)
    >>> read_entry(path).sites["A"][0][:3]
    ('G', 7, '')
    """
    path = Path(path)
    name = path.name.lower().removesuffix(".gz")
    endings = PDB_ENDINGS + CIF_ENDINGS
    if not name.endswith(endings):
        raise ValueError(f"{path}: expected a name that ends in {', '.join(endings)}, or in these and .gz")
    lines = [line for _, line in iter_lines(path)]
    entry = _read_cif(path, lines) if name.endswith(CIF_ENDINGS) else _read_pdb(path, lines)
    if not any(entry.sites.values()):
        raise ValueError(f"{path}: there are no ATOM records in it; expected coordinates")
    return entry


def _read_pdb(path: Path, lines: list[str]) -> Entry:
    """Residues of the first model of a PDB file, by Biopython."""
    # Biopython warns of each TER and END that is not filled up with blanks, as many tools write.
    text = io.StringIO("".join(f"{line:<80}\n" for line in lines))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            structure = PDBParser(PERMISSIVE=True).get_structure(path.name, text)
        except (PDBConstructionException, *_BROKEN) as error:
            raise ValueError(f"{path}: no valid PDB file ({error}); download it again") from error
    facts = _PdbFacts.of(lines)
    sites: dict[str, list[Site]] = {}
    for chain in next(iter(structure), ()):
        for residue in chain.get_unpacked_list():
            number, insertion = residue.id[1], residue.id[2].strip()
            part = facts.parts.get((chain.id, number, insertion), 0)
            name = chain.id.strip() or (f"{BLANK}{part + 1}" if part else BLANK)
            sites.setdefault(name, []).append(_site_of_pdb(chain.id, residue, facts))
    said = list(dict.fromkeys(" ".join(str(item.message).split()) for item in caught))
    return Entry(sites, facts.parents, said)


class _PdbFacts(NamedTuple):
    """Records of a PDB file that Biopython's structure does not hold."""

    parents: dict[str, str]
    modified: set[Key]
    in_sequence: dict[str, set[str]]
    after_end: set[Key]
    parts: dict[Key, int]
    """Of polymers without a chain's name: how many TER records stand before them."""

    @classmethod
    def of(cls, lines: list[str]) -> _PdbFacts:
        facts = cls({}, set(), {}, set(), {})
        ended: Counter[str] = Counter()
        chain = ""
        for line in lines:
            record = line[:6].rstrip()
            if record == "MODRES" and line[18:22].strip().lstrip("-").isdecimal():
                facts.modified.add((line[16:17], int(line[18:22]), line[22:23].strip()))
                if parent := line[24:27].strip():
                    facts.parents[line[12:15].strip()] = parent
            elif record == "SEQRES":
                facts.in_sequence.setdefault(line[11:12], set()).update(line[19:70].split())
            elif record in ("ATOM", "HETATM"):
                chain = line[21:22]
                if ended[chain]:
                    key = (chain, int(line[22:26]), line[26:27].strip())
                    if record == "ATOM" and not chain.strip():
                        facts.parts[key] = ended[chain]
                    else:
                        facts.after_end.add(key)
            elif record == "TER":
                ended[chain] += 1
            elif record == "ENDMDL":
                break
        return facts


def _site_of_pdb(chain: str, residue: Residue, facts: _PdbFacts) -> Site:
    flag, number, insertion = residue.id
    key, name = (chain, number, insertion.strip()), residue.get_resname().strip()
    atoms = list(residue.get_unpacked_list())
    stated = key in facts.modified or name in facts.in_sequence.get(chain, ())
    return Site(
        name=name,
        number=number,
        insertion=insertion.strip(),
        hetero=flag != " ",
        occupancy=max((atom.get_occupancy() or 0.0 for atom in atoms), default=0.0),
        listed=False if key in facts.after_end else stated or None,
        atoms={atom.get_name().replace("*", "'"): atom.get_coord() for atom in atoms},
    )


def _read_cif(path: Path, lines: list[str]) -> Entry:
    """Residues of the first model of an mmCIF file, from its table of atoms."""
    try:
        data = MMCIF2Dict(io.StringIO("\n".join(lines) + "\n"))
    except _BROKEN as error:
        raise ValueError(f"{path}: no valid mmCIF file ({error}); download it again") from error
    columns = {key.removeprefix("_atom_site."): data[key] for key in data if "_atom_site." in key}
    for name in _NUMBERINGS:
        for own, other in (("auth", "label"), ("label", "auth")):
            if f"{own}_{name}" not in columns and f"{other}_{name}" in columns:
                columns[f"{own}_{name}"] = columns[f"{other}_{name}"]
    needed = ["group_PDB", "auth_asym_id", "auth_seq_id", "label_comp_id", "label_atom_id", *_AXES]
    if missing := [name for name in needed if name not in columns]:
        raise ValueError(f"{path}: the table of atoms has no {', '.join(missing)}; expected all")
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"{path}: the table of atoms is cut off; download the file again")
    atoms = pd.DataFrame(_OPTIONAL | columns)
    if atoms.empty:
        return Entry({}, {}, [])
    atoms = atoms[atoms["pdbx_PDB_model_num"] == atoms["pdbx_PDB_model_num"].iloc[0]]
    for column in ("auth_seq_id", "label_seq_id"):  # the second one where the first has none
        unnumbered = atoms["auth_seq_id"].isin(["?", "."])
        atoms.loc[unnumbered, "auth_seq_id"] = atoms.loc[unnumbered, column]
    if "label_asym_id" in atoms:
        nameless = atoms["auth_asym_id"].isin(["?", "."])
        atoms.loc[nameless, "auth_asym_id"] = atoms.loc[nameless, "label_asym_id"]
    atoms["auth_asym_id"] = atoms["auth_asym_id"].replace({"?": BLANK, ".": BLANK, "": BLANK})
    modified, parents = _modified_in_cif(data)
    sites: dict[str, list[Site]] = {}
    for (chain, number, insertion, name), own in atoms.groupby(_RESIDUE, sort=False):
        try:
            # A ligand need not have a number; it stands behind all that have one.
            place = (chain, _NO_NUMBER if number in "?." else int(number), insertion.strip("?."))
            sites.setdefault(chain, []).append(_site_of_cif(name, place, own, place in modified))
        except ValueError as error:
            raise ValueError(
                f"{path}: residue {name} {number} of chain {chain} is not valid ({error})"
            ) from error
    return Entry(sites, parents, [])


def _modified_in_cif(data: dict[str, list[str]]) -> tuple[set[Key], dict[str, str]]:
    """Places of the modified residues that an mmCIF file lists, and their parents by name."""
    fields = ("auth_asym_id", "auth_seq_id", "PDB_ins_code", "auth_comp_id", "parent_comp_id")
    listed = [data.get(f"_pdbx_struct_mod_residue.{field}", []) for field in fields]
    places, parents = set(), {}
    for chain, number, insertion, name, parent in zip_longest(*listed, fillvalue="?"):
        if number.lstrip("-").isdecimal():
            places.add((chain, int(number), insertion.strip("?.")))
        if parent not in "?.":
            parents[name] = parent
    return places, parents


def _site_of_cif(name: str, place: Key, atoms: pd.DataFrame, modified: bool) -> Site:
    points = atoms[_AXES].to_numpy(dtype=np.float32)
    occupancies = [float(value) for value in atoms["occupancy"] if value not in "?."]
    return Site(
        name=name,
        number=place[1],
        insertion=place[2],
        hetero=atoms["group_PDB"].iloc[0] == "HETATM",
        occupancy=max(occupancies, default=1.0),
        listed=not atoms["label_seq_id"].isin(["?", "."]).all() or modified or None,
        atoms=dict(zip(atoms["label_atom_id"], points, strict=True)),
    )
