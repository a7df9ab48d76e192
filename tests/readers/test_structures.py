"""Chains of hand-made PDB and mmCIF files, with all that must not be glued into a sequence."""

import gzip
import re
from pathlib import Path

import pandas as pd
import pytest

from helpers.readers.structure_files import read_entry
from helpers.readers.structures import extract_pairs, read_chains
from helpers.readers.tables import read_table

NUCLEIC = {"P": (0.0, 0.0), "O3'": (4.4, 0.0)}
AMINO = {"N": (0.0, 0.0), "CA": (1.4, 0.5), "C": (2.4, 0.0)}


class Residues:
    """Atoms of residues put on a line, so that neighbours are bonded: 6 (3.7) angstrom apart."""

    def __init__(self):
        self.atoms = []
        self.x = 0.0

    def add(self, chain, names, start=1, *, kind=NUCLEIC, het=False, far=False, **more):
        for number, name in enumerate(names.split(), start=start):
            self.x += (100.0 if far else 0.0) + (6.0 if kind is NUCLEIC else 3.7)
            record = "HETATM" if het else "ATOM"
            for atom, (x, y) in kind.items():
                self.atoms.append(
                    {"record": record, "atom": atom, "name": name, "chain": chain}
                    | {"number": number, "x": self.x + x, "y": y}
                    | {"insertion": "", "altloc": "", "occupancy": 1.0, "model": 1, "label": ""}
                    | more
                )
        return self

    def end(self, chain):
        self.atoms.append({"record": "TER", "chain": chain})
        return self


def pdb(residues, head=""):
    lines, model = head.splitlines(), 0
    models = {a.get("model", 1) for a in residues.atoms}
    for serial, a in enumerate(residues.atoms, start=1):
        if a["record"] == "TER":
            lines.append("TER")
            continue
        if len(models) > 1 and a["model"] != model:
            lines += ["ENDMDL"] * bool(model) + [f"MODEL     {a['model']:>4}"]
            model = a["model"]
        lines.append(
            f"{a['record']:<6}{serial:>5}  {a['atom']:<3}{a['altloc']:1}{a['name']:>3} "
            f"{a['chain']}{a['number']:>4}{a['insertion']:1}   {a['x']:8.3f}{a['y']:8.3f}"
            f"{0:8.3f}{a['occupancy']:6.2f}{0:6.2f}          {a['atom'][0]:>2}"
        )
    return "\n".join([*lines, "END", ""])


COLUMNS = (
    "group_PDB id label_atom_id label_alt_id label_comp_id label_seq_id auth_asym_id auth_seq_id "
    "pdbx_PDB_ins_code Cartn_x Cartn_y Cartn_z occupancy pdbx_PDB_model_num"
)
MODIFIED = "auth_asym_id auth_comp_id auth_seq_id PDB_ins_code parent_comp_id"


def cif(residues, tail=""):
    lines = ["data_test", "loop_", *[f"_atom_site.{name}" for name in COLUMNS.split()]]
    for serial, a in enumerate(residues.atoms, start=1):
        if a["record"] == "TER":
            continue
        atom = f'"{a["atom"]}"' if "'" in a["atom"] else a["atom"]
        label = a["label"] or ("." if a["record"] == "HETATM" else a["number"])
        lines.append(
            f"{a['record']} {serial} {atom} {a['altloc'] or '.'} {a['name']} {label} {a['chain']} "
            f"{a['number']} {a['insertion'] or '?'} {a['x']:.3f} {a['y']:.3f} 0.0 "
            f"{a['occupancy']} {a['model']}"
        )
    return "\n".join([*lines, "#", tail])


@pytest.fixture(params=["pdb", "cif"])
def read(request, tmp_path):
    """Write residues in either format and read the chains back."""

    def write_and_read(residues):
        path = tmp_path / f"1abc.{request.param}"
        path.write_text({"pdb": pdb, "cif": cif}[request.param](residues))
        return read_chains(path)

    return write_and_read


def test_plain_chains(read):
    residues = Residues().add("A", "G C A U").end("A").add("B", "MET LYS VAL", kind=AMINO)
    chains = read(residues)
    assert [tuple(chain)[:4] for chain in chains.values()] == [
        ("A", "RNA", "GCAU", False),
        ("B", "protein", "MKV", False),
    ]
    assert chains["A"].note == ""


def test_modified_residues_are_read_as_their_parent(read):
    residues = Residues().add("A", "G").add("A", "PSU 5MC 2MG H2U", 2, het=True).add("A", "A", 6)
    residues.add("B", "MSE SEP", kind=AMINO, het=True).add("B", "TRP", 3, kind=AMINO)
    chains = read(residues)
    assert chains["A"][:4] == ("A", "RNA", "GUCGUA", True)
    assert chains["A"].note == "residues read: 1 PSU as U, 1 5MC as C, 1 2MG as G, 1 H2U as U"
    assert chains["B"][:4] == ("B", "protein", "MSW", True)
    assert "1 MSE as M, 1 SEP as S" in chains["B"].note


def test_modified_residues_nobody_knows_are_unknown(read):
    residues = Residues().add("A", "G").add("A", "Q9Q", 2, het=True).add("A", "A N", 3)
    residues.add("B", "ALA", kind=AMINO).add("B", "9QQ", 2, kind=AMINO, het=True)
    residues.add("B", "UNK", 3, kind=AMINO)
    chains = read(residues)
    assert chains["A"].sequence == "GNAN"
    assert "1 Q9Q as N" in chains["A"].note
    assert chains["B"].sequence == "AXX"


def test_waters_ions_and_ligands_are_not_glued_in(read):
    residues = Residues().add("A", "G C").end("A")
    residues.add("A", "GTP", 77, het=True, far=True).add("A", "PSU", 78, het=True, far=True)
    residues.add("A", "MG MG", 90, het=True, far=True, kind={"MG": (0, 0)})
    residues.add("A", "HOH HOH", 101, het=True, far=True, kind={"O": (0, 0)})
    chain = read(residues)["A"]
    assert chain.sequence == "GC"
    assert "left out as ligands: 1 GTP, 1 PSU, 2 MG" in chain.note
    assert "HOH" not in chain.note
    assert not chain.changed


def test_a_cap_that_is_bonded_is_part_of_the_chain(read):
    chain = read(Residues().add("A", "GTP", het=True).add("A", "C A", 2))["A"]
    assert chain.sequence == "GCA"


def test_an_amino_acid_on_an_rna_is_left_out(read):
    """As in the distributed RPI2241, whose transfer RNAs end in CCAF."""
    residues = Residues().add("A", "C C A", 74).add("A", "PHE", 77, kind=AMINO)
    chain = read(residues)["A"]
    assert chain.sequence == "CCA"
    assert "left out, being no part of the RNA: 1 PHE" in chain.note


def test_deoxy_residues_in_an_rna_are_said(read):
    chain = read(Residues().add("A", "G DT DC A"))["A"]
    assert chain[:4] == ("A", "RNA", "GUCA", True)
    assert "1 DT as U (deoxy), 1 DC as C (deoxy)" in chain.note


def test_dna_is_no_rna(read):
    assert read(Residues().add("A", "DG DT DC DA"))["A"].kind == "DNA"


def test_alternates_count_once(read):
    residues = Residues().add("A", "G")
    residues.add("A", "C", 2, altloc="A", occupancy=0.4).add("A", "U", 2, altloc="B", occupancy=0.6)
    residues.add("A", "A", 3)
    chain = read(residues)["A"]
    assert chain.sequence == "GUA"
    assert "alternates at one place, the most occupied one taken: 1 C/U 2" in chain.note


def test_insertion_codes_are_residues_of_their_own(read):
    residues = Residues().add("A", "G", 17).add("A", "C", 17, insertion="A")
    residues.add("A", "U", 17, insertion="B").add("A", "A", 18)
    chain = read(residues)["A"]
    assert (chain.sequence, chain.note) == ("GCUA", "")


def test_only_the_first_model(read):
    residues = Residues().add("A", "G C").add("A", "A A A", model=2).add("B", "U", model=2)
    chains = read(residues)
    assert {name: chain.sequence for name, chain in chains.items()} == {"A": "GC"}


def test_gaps_in_the_numbering_are_said(read):
    residues = Residues().add("A", "G", -1).add("A", "C", 5).add("A", "A", 9)
    assert read(residues)["A"].note == "the numbering jumps from -1 to 5, 5 to 9"


def test_a_chain_without_a_polymer(read):
    residues = Residues().add("A", "G").end("A").add("W", "HOH", het=True, kind={"O": (0, 0)})
    residues.add("L", "ATP", het=True, far=True)
    chains = read(residues)
    assert chains["W"] == ("W", "none", "", False, "water only")
    assert chains["L"] == ("L", "none", "", False, "ligands: 1 ATP")


def test_records_of_a_pdb_file_say_what_is_modified(tmp_path):
    head = (
        "SEQRES   1 A    3    G Q7Q   A\n"
        "MODRES 1ABC Q8Q A    4    U  STRANGE URIDINE\n"
        "MODRES 1ABC ASN B    5  ASN  GLYCOSYLATION SITE\n"
    )
    residues = Residues().add("A", "G").add("A", "Q7Q Q8Q", 2, het=True, far=True)
    residues.atoms[-1]["number"] = residues.atoms[-2]["number"] = 4
    residues.end("A").add("A", "Q8Q", 99, het=True)
    path = tmp_path / "1abc.ent"
    path.write_text(pdb(residues, head))
    chain = read_chains(path)["A"]
    assert chain.sequence == "GNU"
    assert "left out as ligands: 1 Q8Q" in chain.note


def test_tables_of_an_mmcif_file_say_what_is_modified(tmp_path):
    names = [f"_pdbx_struct_mod_residue.{name}" for name in MODIFIED.split()]
    tail = "\n".join(["loop_", *names, "A Q8Q 3 ? U", "A Q6Q ? ? .", "#"])
    residues = Residues().add("A", "G").add("A", "Q7Q", 2, het=True, far=True, label="2")
    residues.add("A", "Q8Q", 3, het=True, far=True).add("A", "Q9Q", 4, het=True, far=True)
    path = tmp_path / "1abc.cif"
    path.write_text(cif(residues, tail))
    chain = read_chains(path)["A"]
    assert chain.sequence == "GNU"
    assert "left out as ligands: 1 Q9Q" in chain.note


def test_warnings_of_biopython_are_in_the_note(tmp_path):
    residues = Residues().add("A", "G C").end("A").add("B", "ALA", kind=AMINO).end("B")
    residues.add("A", "MG", 90, het=True, far=True, kind={"MG": (0, 0)})
    path = tmp_path / "1abc.pdb"
    path.write_text(pdb(residues))
    chains = read_chains(path)
    assert "WARNING: Chain A is discontinuous at line" in chains["A"].note
    assert "discontinuous" not in chains["B"].note


def test_gzip_and_entry(tmp_path):
    path = tmp_path / "1abc.pdb.gz"
    path.write_bytes(gzip.compress(pdb(Residues().add("A", "G C")).encode()))
    assert read_chains(path)["A"].sequence == "GC"
    entry = read_entry(path)
    assert [site.name for site in entry.sites["A"]] == ["G", "C"]
    assert entry.sites["A"][0].atoms["P"].shape == (3,)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x", r"expected a name that ends in \.pdb, \.ent, \.cif, \.mmcif"),
        ("a.pdb", "", "the file is empty"),
        ("a.pdb", "HEADER    nothing\n", "there are no ATOM records in it; expected coordinates"),
        ("a.pdb", "ATOM  \0", "found a NUL byte"),
        ("a.pdb", "ATOM      1  P     G A   1       x", r"no valid PDB file \(Invalid or missing"),
        ("a.pdb", "ATOM      1  P     G A", "no valid PDB file"),
        ("a.cif", "HEADER\n", r"no valid mmCIF file \(The input mmCIF file must begin"),
        ("a.cif", "data_x\n_entry.id x\n", "the table of atoms has no group_PDB, auth_asym_id"),
        ("a.cif", cif(Residues().add("A", "G C"))[:-20], "the table of atoms is cut off"),
        (
            "a.cif",
            cif(Residues().add("A", "G")).replace(" A 1 ", " A one "),
            "residue G one of chain A is not valid",
        ),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_chains(tmp_path / name)


@pytest.fixture
def folder(tmp_path):
    complete = Residues().add("A", "G C PSU").end("A").add("B", "MET LYS", kind=AMINO)
    complete.add("W", "HOH", 9, het=True, kind={"O": (0, 0)}).add("D", "DG DC")
    (tmp_path / "1abc.pdb").write_text(pdb(complete))
    (tmp_path / "2xyz.cif.gz").write_bytes(gzip.compress(cif(complete).encode()))
    (tmp_path / "pdb3def.ent").write_text(pdb(complete))
    (tmp_path / "4two.pdb").write_text(pdb(complete))
    (tmp_path / "4two.cif").write_text(cif(complete))
    (tmp_path / "5bad.pdb").write_text("HEADER\n")
    return tmp_path


def test_each_row_of_the_list_has_a_row(folder):
    chains = pd.DataFrame(
        [
            ("1abc.pdb", "A", "B", 1),
            ("2xyz", "A", "B", 0),
            ("3DEF", "A", "B", 1),
            ("1abc", "Z", "B", 1),
            ("1abc", "B", "A", 1),
            ("1abc", "W", "B", 1),
            ("1abc", "D", "B", 1),
            ("1abc", None, "B", 1),
            ("4two", "A", "B", 1),
            ("4two.cif", "A", "B", 1),
            ("5bad", "A", "B", 1),
            ("9zzz", "A", "B", 1),
            ("", "A", "B", 1),
            ("../secret", "A", "B", 1),
        ],
        columns=["file", "rna_chain", "protein_chain", "label"],
        index=range(20, 34),
    )
    table = extract_pairs(folder, chains)
    columns = ["rna_id", "protein_id", "rna_seq", "protein_seq", "label", "status", "note"]
    assert table.columns.tolist() == columns
    assert table.index.tolist() == chains.index.tolist()
    assert table["label"].tolist() == chains["label"].tolist()
    assert table.iloc[0].tolist()[:6] == ["1abc-A", "1abc-B", "GCU", "MK", 1, "changed"]
    assert table["note"].iloc[0] == "chain A: residues read: 1 PSU as U"
    assert table.iloc[1].tolist()[:4] == ["2xyz-A", "2xyz-B", "GCU", "MK"]
    assert table["rna_seq"].iloc[2] == "GCU"
    expected = [
        "there is no chain Z; the file has A (RNA, 3), B (protein, 2), W (none, 0), D (DNA, 2)",
        "chain B is protein; expected RNA. The file has A (RNA, 3)",
        "chain W holds no residue of a polymer (water only)",
        "chain D is DNA; expected RNA",
        "the list names no RNA chain; the file has A",
        "'4two' may be 4two.cif or 4two.pdb; write the whole name in the list",
    ]
    for note, part in zip(table["note"].iloc[3:9], expected, strict=True):
        assert part in note
    assert "chain A is RNA; expected protein" in table["note"].iloc[4]
    assert table["status"].iloc[9] == "changed"
    assert "5bad.pdb: there are no ATOM records" in table["note"].iloc[10]
    assert "holds no structure file '9zzz'" in table["note"].iloc[11]
    rejected = [3, 4, 5, 6, 7, 8, 10, 11, 12, 13]
    assert (table["status"].iloc[rejected] == "rejected").all()
    assert table["protein_seq"].iloc[3] == "MK"


def test_a_row_of_the_list_that_could_not_be_read_stays_rejected(folder):
    (folder / "list.csv").write_text("file,rna_chain,protein_chain\n1abc,A,B\n1abc,A,B,C\n")
    table = extract_pairs(folder, read_table(folder / "list.csv"))
    assert table["status"].tolist() == ["changed", "rejected"]
    assert table["note"].iloc[1].startswith("line 3 holds 4 cells; expected 3")
    assert table["line"].tolist() == [2, 3]


def test_pdb_id_stands_for_file(folder):
    chains = pd.DataFrame({"pdb_id": ["1ABC"], "rna_chain": ["A"], "protein_chain": ["B"]})
    assert extract_pairs(folder, chains)["rna_id"].tolist() == ["1ABC-A"]
    assert extract_pairs(folder, chains.iloc[:0]).shape == (0, 6)


def test_bad_lists_and_folders(folder):
    with pytest.raises(ValueError, match="has no column rna_chain, protein_chain; found file"):
        extract_pairs(folder, pd.DataFrame({"file": ["1abc"]}))
    with pytest.raises(ValueError, match="there is no such folder"):
        extract_pairs(folder / "none", pd.DataFrame())


CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("case", "proteins"), [("04_cif_auth_seq_dot", ["MKHE"] * 4), ("06_blank_chain", ["MKHELS"] * 4)]
)
def test_cases_of_one_numbering_and_of_chains_without_a_name(case, proteins):
    chains = read_table(CASES / case / "chains.csv")
    found = extract_pairs(CASES / case, chains)
    assert found["status"].tolist() == ["ok"] * 4
    assert found["rna_seq"].tolist() == ["GCAUUGC"] * 4
    assert found["protein_seq"].tolist() == proteins


def test_names_of_force_fields_are_read_as_the_residue_that_is_meant(read):
    residues = Residues().add("A", "G5 C RU A3").add("B", "HSE HIE CYX GLH ASH LYN", kind=AMINO)
    residues.add("C", "ALA", kind=AMINO).add("C", "HSE", 2, kind=AMINO, het=True)
    chains = read(residues)
    assert chains["A"].sequence == "GCUA"
    assert chains["B"].sequence == "HHCEDK"
    assert "1 HSE as H, 1 HIE as H, 1 CYX as C, 1 GLH as E, 1 ASH as D, 1 LYN as K" in chains["B"].note
    assert "1 HSE as S" in chains["C"].note  # in the archive it is homoserine


def test_caps_of_a_modelled_chain_are_no_residues_and_all_changes_are_listed(read):
    residues = Residues().add("B", "ACE HSD HSE HSP HID HIE HIP CYX CYM ASH GLH LYN NME", kind=AMINO)
    residues.add("D", "DA5 DC THY DG3")
    chains = read(residues)
    assert chains["B"].sequence == "HHHHHHCCDEK"
    assert chains["D"][:3] == ("D", "DNA", "ACUG")
    assert "left out, being no part of the protein: 1 ACE, 1 NME" in chains["B"].note
    for name in ["HSD", "HSE", "HSP", "HID", "HIE", "HIP", "CYX", "CYM", "ASH", "GLH", "LYN"]:
        assert f"1 {name} as " in chains["B"].note
    assert "more" not in chains["B"].note


def test_a_chain_without_the_authors_name_has_the_archives_or_none(tmp_path):
    text = cif(Residues().add("A", "G C").add("B", "MET LYS", kind=AMINO))
    path = tmp_path / "x.cif"
    path.write_text(re.sub(r"^(ATOM .*) A (\d+ \?)", r"\1 . \2", text, flags=re.MULTILINE))
    assert {name: chain.sequence for name, chain in read_chains(path).items()} == {"_": "GC", "B": "MK"}
