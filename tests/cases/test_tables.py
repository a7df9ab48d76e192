"""Tables as people have them: each case went wrong once, and is read, or asked about, by one door."""

from collections import Counter
from pathlib import Path

import pytest

from helpers.readers import fasta, own
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA

CASES = Path(__file__).parent
MPRA, DUPLICATES = CASES / "10_mpra_index_and_counts", CASES / "13_mpra_duplicates"
STRESS, PAIRS = CASES / "14_stress_labels_tables", CASES / "15_pairs_own_csv"
ABOUT = ["id", "sequence", "group", "chromosome", "kind", "split"]


def promoters(path, columns="id=name"):
    return own.read_table(path, required=["sequence"], optional=ABOUT, columns=columns)


@pytest.mark.parametrize(
    ("file", "taken", "left"),
    [
        ("pandas_index.csv", ["K562", "HepG2"], ["unnamed_1"]),
        ("with_counts.csv", ["K562", "HepG2"], ["start", "end", "n_barcodes", "strand"]),
        ("chr_column_plain.csv", ["K562", "HepG2"], ["chr", "start", "end", "n_barcodes", "strand"]),
        ("replicate_words.csv", ["K562_1", "HepG2", "K562_2"], []),
        ("replicate_blank.csv", ["K562 rep1", "K562 rep2"], []),
        ("split_words.csv", ["K562", "HepG2"], []),
        ("kind_other_word.csv", ["K562", "HepG2"], []),
    ],
)
def test_an_index_or_a_count_is_no_cell_type(file, taken, left):
    rows = promoters(MPRA / file)
    assert own.value_columns(rows, ABOUT) == taken
    assert f"values are read from {', '.join(taken)}" in rows.said
    assert [said.split()[1] for said in rows.said if " left: " in said] == left
    assert own.value_columns(promoters(MPRA / file), ABOUT, taken[:1]) == taken[:1]


@pytest.mark.parametrize("file", ["mixed.csv", "Chr_chr.csv"])
def test_chromosomes_have_one_name(file):
    rows = promoters(CASES / "11_chr1_vs_1" / file)
    own.chromosomes(rows)
    assert set(rows.table["chromosome"]) == set("123456")
    assert "chromosome: names with and without 'chr' are the same (1, 2, 3)" in rows.said
    plain = promoters(MPRA / "with_counts.csv")
    own.chromosomes(plain)
    assert "chr1" in set(plain.table["chromosome"])  # one way to write them needs no other
    assert not any("chr" in said for said in plain.said)


@pytest.mark.parametrize("file", ["dot.csv", "duplicated.csv", "duplicated_inf.csv"])
def test_a_gap_touches_its_own_cell(file):
    rows = promoters(DUPLICATES / file, "id=barcode")
    gaps = {cell: own.numbers(rows, cell).isna() for cell in own.value_columns(rows, ABOUT)}
    assert {cell: int(gap.sum()) for cell, gap in gaps.items()} == {"K562": 4, "HepG2": 2}
    assert (gaps["K562"] & ~gaps["HepG2"]).any()
    assert rows.usable.all()
    assert rows.table["status"].eq("changed").sum() == (4 if "inf" in file else 0)
    assert rows.table["id"].duplicated().any()


@pytest.mark.parametrize(
    "file",
    ["float_labels", "bool_labels", "pm1_labels", "blank_labels", "semicolon", "pandas_index", "isoforms"],
)
def test_labels_and_separators_of_every_kind(file):
    rows = own.read_table(STRESS / f"{file}.csv", required=["gene_id", "sequence", "label"])
    own.labels(rows)
    rows.clean("sequence", DNA)
    assert rows.table["status"].eq("ok").all()
    labels = Counter(rows.table["label"])
    assert set(labels) == {"0", "1"}
    assert labels["0"] == labels["1"]


def test_a_tab_is_found_and_headers_in_other_case_are_ours():
    wanted = ["gene_id", "sequence", "label"]
    assert own.read_table(STRESS / "tab.tsv", required=wanted).said == ["separator: tab"]
    rows = own.read_table(STRESS / "case_names.csv", required=wanted)
    assert rows.said[1:] == [
        "gene_id: their column 'Gene ID'",
        "sequence: their column 'Sequence'",
        "label: their column 'Label'",
    ]


def test_names_that_a_spreadsheet_spoilt_are_said():
    rows = own.read_table(STRESS / "excel_dates.csv", required=["gene_id"])
    assert rows.table["note"].str.contains("a spreadsheet seems").sum() == 4
    assert rows.usable.all()


def test_a_missing_group_is_missing():
    rows = own.read_table(STRESS / "group_na.csv", required=["gene_id"], optional=["group"])
    assert not rows.table["group"].str.lower().isin(["na", "nan"]).any()


def test_labels_of_a_table_and_sequences_of_a_fasta_file():
    rows = own.read_table(STRESS / "labels.csv", required=["gene_id", "label"])
    own.add_sequences(rows, STRESS / "label_in_desc.fa", id="gene_id")
    assert rows.usable.all()
    assert rows.table["sequence"].str.len().eq(50).all()
    with pytest.raises(ValueError, match=r"none of its 60 records \(LOC_OsAT1G10000, .* column gene_id"):
        own.add_sequences(rows, STRESS / "plain_ids.fa", id="gene_id")
    with pytest.raises(ValueError, match=r"the id 'Zm_0' stands twice, with two sequences"):
        own.add_sequences(rows, STRESS / "ids_with_underscore_digit.fa", id="gene_id")
    with pytest.raises(ValueError, match="this is a FASTA file; expected a table with the columns gene_id"):
        own.read_table(STRESS / "plain_ids.fa", required=["gene_id"])


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("pairs.csv", {"ok": 60}),
        ("pairs_semicolon.csv", {"ok": 60}),
        ("pairs_index.csv", {"ok": 60}),
        ("pairs_float.csv", {"ok": 60}),
        ("pairs_no_ids.csv", {"ok": 60}),
        ("folder/my_pairs.csv", {"ok": 60}),
        ("pairs_dna_lower.csv", {"changed": 60}),
        ("pairs_stop.csv", {"changed": 60}),
        ("pairs_gap.csv", {"ok": 59, "rejected": 1}),
        ("pairs_empty.csv", {"ok": 59, "rejected": 1}),
    ],
)
def test_pairs_keep_their_labels_and_every_row(file, counts):
    ids, wanted = ["rna_id", "protein_id"], ["rna_seq", "protein_seq", "label"]
    rows = own.read_table(PAIRS / file, required=wanted, optional=ids)
    own.labels(rows)
    rows.clean("rna_seq", RNA)
    rows.clean("protein_seq", PEPTIDE)
    assert Counter(rows.table["status"]) == counts
    assert {"0", "1"} <= set(rows.table["label"])
    rejected = rows.table[~rows.usable]
    assert (rejected["note"] != "").all()


def test_missing_marks_are_no_sequences_and_a_file_of_bad_rows_says_why():
    pair = ["rna_seq", "protein_seq"]
    for file in ("pairs.csv", "chunks/a.csv"):
        rows = own.read_table(CASES / "22_missing_as_text" / file, required=pair)
        rows.clean("rna_seq", RNA)
        rows.clean("protein_seq", PEPTIDE)
        assert rows.usable.tolist() == [True] + [False] * 8
    path = CASES / "25_pairs_list_csv/allbad.csv"
    rows = own.read_table(path, required=pair)
    rows.clean("rna_seq", RNA)
    assert rows.table[["status", "note"]].values.tolist() == [
        ["rejected", "position 3 holds '-' (a gap); remove the gaps of the alignment"]
    ]
    with pytest.raises(ValueError, match="none of its 1 rows can be used"):
        rows.check_any(path)
    listed = own.read_table(CASES / "25_pairs_list_csv/list.csv", required=["protein", "rna", "label"])
    assert listed.table["label"].tolist() == ["1", "0"]


def test_sirnas_as_they_are_ordered_have_a_row_each():
    path = CASES / "07_sirna_dtdt_lengths/guides.fa"
    found = fasta.read_fasta(path, RNA)
    assert found["id"].tolist() == [record.id for record in fasta.iter_fasta(path)]
    assert set(found["status"]) <= {"ok", "changed", "rejected"}
    assert (found["note"][found["status"] != "ok"] != "").all()
    by_id = found.set_index("id")
    assert by_id.loc["g19_tt", "sequence"] == by_id.loc["g19_tt_low", "sequence"] == "GGGCAUUGAACCGUAUUGAUU"
    assert by_id.loc["g_spaces", "sequence"] == by_id.loc["g21", "sequence"]
    assert by_id.loc[["g_brackets", "g_dtdt_paren", "g_53"], "status"].eq("rejected").all()
