"""siRNAs of one's own: lengths and overhangs by one rule, efficacies asked about and never guessed."""

from pathlib import Path

import pandas as pd
import pytest

from helpers.readers import fasta
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import data

CASE = Path(__file__).parents[2] / "cases" / "07_sirna_dtdt_lengths"
FILES = {"sirna_fasta": CASE / "guides.fa", "mrna_fasta": CASE / "mrna.fa"}
MRNA = fasta.read_fasta(CASE / "mrna.fa", RNA)["id"].iloc[0]
CORE = "GGGCAUUGAACCGUAUUGA"


def table(path, rows, head="siRNA,mRNA,efficacy"):
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "letters", "overhang", "status", "note"),
    [
        ("g21", "CG", "CG", "ok", ""),
        ("g21_dna", "CG", "CG", "changed", "5 T written as U"),
        ("g19", "UU", "", "changed", "19 nt: the core of 19 with U where the overhang lacks letters"),
        ("g19_tt_low", "UU", "UU", "changed", "2 T written as U"),
        ("g_dTdT", "UU", "UU", "changed", "marks of sugars and ends"),
        ("g_dtdt_paren", "UU", "UU", "changed", "marks of sugars and ends"),
        ("g_brackets", "UU", "UU", "changed", "marks of sugars and ends"),
        ("g_dot", "UU", "UU", "changed", "marks of sugars and ends"),
        ("g_r", "UU", "UU", "changed", "marks of sugars and ends"),
        ("g_53", "CG", "CG", "changed", "marks of sugars and ends"),
        ("g23", "CG", "CGUG", "changed", "23 nt: the core of 19 with the first two of the overhang"),
    ],
)
def test_the_core_and_two_of_the_overhang_are_read(name, letters, overhang, status, note):
    found = data.read_guides(FILES["sirna_fasta"]).set_index("id").loc[name]
    assert found[["sequence", "overhang", "status"]].tolist() == [CORE + letters, overhang, status]
    assert note in found["note"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("g25", "has 25 nt; expected 19 to 23: a core of 19 and its overhang"),
        ("g27", "cut it to the 21 nt that are loaded"),
        ("g_mod", "write the letters alone"),
    ],
)
def test_other_guides_are_rejected_with_a_mend(name, why):
    found = data.read_guides(FILES["sirna_fasta"]).set_index("id").loc[name]
    assert found["status"] == "rejected"
    assert why in found["note"]


def test_every_row_of_the_case_has_its_status_and_its_overhang(tmp_path):
    names = data.read_guides(FILES["sirna_fasta"])["id"]
    loaded = data.from_own(table(tmp_path / "e.csv", [f"{name},{MRNA},0.5" for name in names]), **FILES)
    rows = loaded.rows.set_index("sirna_id")
    assert len(rows) == len(names)
    assert (rows["note"][rows["status"] == "rejected"] != "").all()
    assert rows.loc["g23", ["orientation", "overhang"]].tolist() == ["antisense", "CGUG"]
    assert rows.loc["g_passenger", ["orientation", "status"]].tolist() == ["sense", "rejected"]
    assert set(loaded.pairs["guide"]) == {CORE + "CG", CORE + "UU"}
    assert any("read with two of the overhang" in line for line in loaded.said)


def test_guides_may_stand_in_the_table_under_other_names(tmp_path):
    path = table(
        tmp_path / "mine.csv",
        [f"{CORE}dTdT;{MRNA};0,7", f"{CORE.replace('U', 'T')}CG;{MRNA};0,4", f";{MRNA};0,4"],
        "Antisense;Target;KD",
    )
    columns = "guide=Antisense, mRNA=Target, efficacy=KD"
    loaded = data.from_own(path, columns=columns, mrna_fasta=FILES["mrna_fasta"])
    assert loaded.pairs["efficacy"].tolist() == [0.7, 0.4]
    assert loaded.pairs["sirna_id"].tolist() == ["line_2", "line_3"]
    assert loaded.rows["status"].tolist()[2] == "rejected"
    assert {"separator: ';'", "efficacy: decimal commas read"} <= set(loaded.said)


def test_one_name_for_two_guides_is_told_apart(tmp_path):
    rows = [f"a,{CORE}CG,{MRNA},0.7", f"a,{CORE}UU,{MRNA},0.2", f"a,{CORE}CG,{MRNA},0.1"]
    path = table(tmp_path / "e.csv", rows, "siRNA,guide,mRNA,efficacy")
    loaded = data.from_own(path, mrna_fasta=FILES["mrna_fasta"])
    assert loaded.pairs[["sirna_id", "guide"]].to_numpy().tolist() == [["a_line_3", CORE + "UU"]]
    assert any(line.startswith("2 rows: the same guide on one mRNA with eff") for line in loaded.said)


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (["g21,{},85", "g19,{},12"], "siRNA,mRNA,efficacy", r"\(85, 12; from 12 to 85\).*Divide percentages"),
        (["g21,{},0.1"], "siRNA,mRNA,remaining mRNA", r"remaining mRNA' seems .* \(0.1; .*Give 1 minus it"),
    ],
)
def test_percentages_and_what_remains_are_refused_with_the_numbers(tmp_path, rows, head, message):
    name = head.rsplit(",", maxsplit=1)[-1]
    columns = "" if name == "efficacy" else f"efficacy={name}"
    path = table(tmp_path / "e.csv", [row.format(MRNA) for row in rows], head)
    with pytest.raises(ValueError, match=message):
        data.from_own(path, columns=columns, **FILES)


def test_what_is_missing_is_named(tmp_path):
    path = table(tmp_path / "e.csv", [f"g21,{MRNA},0.5"])
    with pytest.raises(ValueError, match="mrna_fasta is empty"):
        data.from_own(path)
    with pytest.raises(ValueError, match=r"expected a column guide with them.*or give sirna_fasta"):
        data.from_own(path, mrna_fasta=FILES["mrna_fasta"])


@pytest.mark.parametrize(
    ("rows", "message", "status"),
    [
        (["g21,{},85", "g19,{},12"], "Divide percentages", {"ok", "changed"}),
        (["nobody,{},0.5", "g19,nothing,0.5"], "no row of 2 could be used", {"rejected"}),
    ],
)
def test_the_report_is_written_before_anything_stops(tmp_path, rows, message, status):
    path = table(tmp_path / "e.csv", [row.format(MRNA) for row in rows])
    with pytest.raises(ValueError, match=message):
        data.from_own(path, **FILES, report=tmp_path / "rows_01.csv")
    told = pd.read_csv(tmp_path / "rows_01.csv")
    assert told["line"].tolist() == [2, 3]
    assert set(told["status"]) == status


def test_places_count_from_one_and_an_overhang_may_lie_beyond_the_end(tmp_path):
    site = reverse_complement(CORE + "CG", RNA)
    (tmp_path / "m.fa").write_text(f">whole\nA{site}GGA\n>cut\n{site[2:]}GGAUC\n>other\n{'G' * 30}\n")
    rows = [f"{CORE}CG,{name},0.5" for name in ("whole", "cut", "other")]
    path = table(tmp_path / "e.csv", rows, "guide,mRNA,efficacy")
    loaded = data.from_own(path, mrna_fasta=tmp_path / "m.fa", report=tmp_path / "rows_01.csv")
    told = pd.read_csv(tmp_path / "rows_01.csv")["start"]
    assert told.tolist()[:2] == [2, -1]
    assert told.isna().tolist() == [False, False, True]
    assert loaded.pairs["context"].tolist()[1] == "N" * 20 + site[2:] + "GGAUC" + "N" * 13
    data.write(tmp_path, loaded)
    assert pd.read_csv(tmp_path / "pairs.csv")["start"].tolist() == [2, -1]
    assert data.read_pairs(tmp_path / "pairs.csv")[0]["start"].tolist() == [1, -2]


def test_decimal_commas_beside_a_word_are_refused_with_the_line_of_the_word(tmp_path):
    rows = [f"g21;{MRNA};0,7", f"g19;{MRNA};high"]
    with pytest.raises(ValueError, match="line 3 holds 'high'"):
        data.from_own(table(tmp_path / "e.csv", rows, "siRNA;mRNA;efficacy"), **FILES)
