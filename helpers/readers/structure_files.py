"""PDB and mmCIF files as lists of residues, chain by chain, before anything is made of them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from Bio.PDB.MMCIF2Dict import MMCIF2Dict
from Bio.PDB.PDBExceptions import PDBConstructionException
from Bio.PDB.PDBParser import PDBParser
from Bio.PDB.Residue import Residue

from helpers.readers.lines import iter_lines

PDB_ENDINGS = (".pdb", ".ent")
CIF_ENDINGS = (".cif", ".mmcif")

Key = tuple[str, int, str]
"""Chain, residue number and insertion code: one place in a structure."""


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
    r"""Residues of the first model of a PDB or mmCIF file.

    Parameters
    ----------
    path : str or pathlib.Path
        A file ending in .pdb, .ent, .cif or .mmcif, gzip or not.

    Returns
    -------
    Entry

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
        raise ValueError(
            f"{path}: expected a name that ends in {', '.join(endings)} (or one of these and "
            ".gz). Rename the file"
        )
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
        except (PDBConstructionException, ValueError, IndexError) as error:
            raise ValueError(f"{path}: no valid PDB file ({error}); download it again") from error
    facts = _PdbFacts.of(lines)
    sites: dict[str, list[Site]] = {}
    models: list[Any] = list(structure)
    for model in models[:1]:
        for chain in model:
            sites[chain.id] = [
                _site_of_pdb(chain.id, residue, facts) for residue in chain.get_unpacked_list()
            ]
    said = list(dict.fromkeys(" ".join(str(item.message).split()) for item in caught))
    return Entry(sites, facts.parents, said)


class _PdbFacts(NamedTuple):
    """Records of a PDB file that Biopython's structure does not hold."""

    parents: dict[str, str]
    modified: set[Key]
    in_sequence: dict[str, set[str]]
    after_end: set[Key]

    @classmethod
    def of(cls, lines: list[str]) -> _PdbFacts:
        facts = cls({}, set(), {}, set())
        ended: set[str] = set()
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
                if chain in ended:
                    facts.after_end.add((chain, int(line[22:26]), line[26:27].strip()))
            elif record == "TER":
                ended.add(chain)
            elif record == "ENDMDL":
                break
        return facts


def _site_of_pdb(chain: str, residue: Residue, facts: _PdbFacts) -> Site:
    flag, number, insertion = residue.id
    key = (chain, number, insertion.strip())
    name = residue.get_resname().strip()
    listed: bool | None = None
    if key in facts.after_end:
        listed = False
    elif key in facts.modified or name in facts.in_sequence.get(chain, ()):
        listed = True
    atoms = list(residue.get_unpacked_list())
    return Site(
        name=name,
        number=number,
        insertion=insertion.strip(),
        hetero=flag != " ",
        occupancy=max((atom.get_occupancy() or 0.0 for atom in atoms), default=0.0),
        listed=listed,
        atoms={atom.get_name().replace("*", "'"): atom.get_coord() for atom in atoms},
    )


def _read_cif(path: Path, lines: list[str]) -> Entry:
    """Residues of the first model of an mmCIF file, from its table of atoms."""
    try:
        data = MMCIF2Dict(io.StringIO("\n".join(lines) + "\n"))
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"{path}: no valid mmCIF file ({error}); download it again") from error
    columns = {key.removeprefix("_atom_site."): data[key] for key in data if "_atom_site." in key}
    needed = ("group_PDB", "auth_asym_id", "auth_seq_id", "label_comp_id", "label_atom_id")
    if missing := [name for name in needed if name not in columns]:
        raise ValueError(f"{path}: the table of atoms has no {', '.join(missing)}; expected all")
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"{path}: the table of atoms is cut off; download the file again")
    sites: dict[str, list[Site]] = {}
    for chain, site in _sites_of_cif(path, columns, _modified_in_cif(data)):
        sites.setdefault(chain, []).append(site)
    names = data.get("_pdbx_struct_mod_residue.auth_comp_id", [])
    parents = data.get("_pdbx_struct_mod_residue.parent_comp_id", [])
    stated = {n: p for n, p in zip(names, parents, strict=False) if p not in "?."}
    return Entry(sites, stated, [])


def _modified_in_cif(data: dict[str, list[str]]) -> set[Key]:
    """Places of the modified residues that an mmCIF file lists."""
    table = "_pdbx_struct_mod_residue."
    chains = data.get(f"{table}auth_asym_id", [])
    numbers = data.get(f"{table}auth_seq_id", [])
    insertions = data.get(f"{table}PDB_ins_code", ["?"] * len(chains))
    return {
        (chain, int(number), insertion.strip("?."))
        for chain, number, insertion in zip(chains, numbers, insertions, strict=False)
        if number.lstrip("-").isdecimal()
    }


def _sites_of_cif(
    path: Path, columns: dict[str, list[str]], modified: set[Key]
) -> Iterator[tuple[str, Site]]:
    """Chain and residue, in the order of the file."""
    size = len(columns["group_PDB"])
    models = columns.get("pdbx_PDB_model_num", ["1"] * size)
    insertions = columns.get("pdbx_PDB_ins_code", ["?"] * size)
    rows: dict[tuple[str, str, str, str], list[int]] = {}
    fields = zip(
        columns["auth_asym_id"],
        columns["auth_seq_id"],
        insertions,
        columns["label_comp_id"],
        strict=True,
    )
    for row, key in enumerate(fields):
        if models[row] == models[0]:
            rows.setdefault(key, []).append(row)
    for (chain, number, insertion, name), own in rows.items():
        try:
            place = (chain, int(number), insertion.strip("?."))
            yield chain, _site_of_cif(name, place, columns, own, modified)
        except ValueError as error:
            raise ValueError(
                f"{path}: residue {name} {number} of chain {chain} is not valid ({error}); "
                "download the file again"
            ) from error


def _site_of_cif(
    name: str, place: Key, columns: dict[str, list[str]], rows: list[int], modified: set[Key]
) -> Site:
    def column(key: str) -> list[str]:
        return [columns[key][row] for row in rows] if key in columns else []

    in_polymer = any(value not in "?." for value in column("label_seq_id"))
    axes = [column(f"Cartn_{axis}") for axis in "xyz"]
    points = np.array(list(zip(*axes, strict=True)), dtype=np.float32)
    occupancies = [float(value) for value in column("occupancy") if value not in "?."]
    return Site(
        name=name,
        number=place[1],
        insertion=place[2],
        hetero=columns["group_PDB"][rows[0]] == "HETATM",
        occupancy=max(occupancies, default=1.0),
        listed=True if in_polymer or place in modified else None,
        atoms=dict(zip(column("label_atom_id"), points, strict=False)),
    )
