"""A table of one's own: separators, names, labels, numbers, and columns that are no values."""

import gzip
import random

import pandas as pd
import pytest

from helpers.readers import own
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import RNA


def read(tmp_path, text, name="mine.csv", **options):
    path = tmp_path / name
    data = text.encode("utf-8-sig" if name.startswith("bom") else "utf-8")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return own.read_table(path, **{"required": ["sequence", "label"], **options})


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("name", ["mine.csv", "bom.csv", "mine.csv.gz"])
def test_any_separator_is_found_and_said(tmp_path, separator, name):
    rows = read(
        tmp_path, separator.join(["sequence", "label"]) + "\r\n" + separator.join(["ACGU", "1"]), name
    )
    assert rows.table[["sequence", "label"]].values.tolist() == [["ACGU", "1"]]
    assert rows.said == ["separator: " + ("tab" if separator == "\t" else repr(separator))]


def test_the_line_with_which_spreadsheets_name_the_separator_is_passed_over(tmp_path):
    rows = read(tmp_path, "sep=;\nsequence;label\nACGU;1\n")
    assert rows.table[["sequence", "line"]].values.tolist() == [["ACGU", 3]]
    assert rows.said == ["separator: ';'"]


def test_a_typed_tab_is_a_tab(tmp_path):
    assert read(tmp_path, "sequence\tlabel\nA\t1\n", separator="\\t").said == ["separator: tab"]


def test_columns_of_other_names_are_read_under_ours(tmp_path):
    text = "Seq;label;Class\nACGU;left;yes\n"
    rows = read(tmp_path, text, columns="sequence=Seq, label=Class")
    assert rows.table[["sequence", "label", "label_given"]].values.tolist() == [["ACGU", "yes", "left"]]
    assert rows.said[1:] == ["sequence: their column 'Seq'", "label: their column 'Class'"]
    assert read(tmp_path, text, columns={"sequence": "Seq"}).table["label"].tolist() == ["left"]
    rows = read(tmp_path, text, required=["sequence"], optional=["group"], columns="sequence=Seq,group=Class")
    assert rows.table["group"].tolist() == ["yes"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("seq=Seq", r"columns names 'seq'; expected one of sequence, label\. Is it 'sequence'\?"),
        ("sequence", r"expected ours=theirs with commas between, such as 'sequence=my column'"),
        ("sequence=a, sequence=b", r"sequence=b names a column twice"),
        ("sequence=a, label=a", r"label=a names a column twice"),
        ("sequence=Sq", r"there is no column Sq; found Seq, label\. Is it Seq for Sq\?"),
    ],
)
def test_a_wrong_mapping_is_an_error_with_the_nearest_name(tmp_path, given, said):
    with pytest.raises(ValueError, match=said):
        read(tmp_path, "Seq,label\nA,1\n", columns=given)


def test_a_missing_mark_empties_its_own_cell(tmp_path):
    rows = read(tmp_path, "sequence,label\nNA,1\nACGU,#N/A\n")
    assert rows.table[["sequence", "label"]].values.tolist() == [["", "1"], ["ACGU", ""]]
    assert rows.table["note"].tolist() == ["sequence NA read as missing", "label #N/A read as missing"]


def labelled(*values):
    rows = Accounted(pd.DataFrame({"label": list(values)}, dtype="str"))
    own.labels(rows)
    return rows.table


def test_labels_of_every_kind():
    found = labelled("1", "0.0", "TRUE", "no", "+1", " Yes ", "2", "")
    assert found["label"].tolist()[:6] == ["1", "0", "1", "0", "1", "1"]
    assert found["status"].tolist() == ["ok"] * 6 + ["rejected"] * 2
    assert found["note"].iloc[6] == "label is '2'; expected 1 or 0 (or true/false, yes/no, +1/-1)"
    assert found["note"].iloc[7] == "label is missing; expected 1 or 0"
    assert labelled("-1", "+1")["label"].tolist() == ["0", "1"]
    with pytest.raises(ValueError, match="column label: both 0 and -1 stand in it; expected two classes"):
        labelled("-1", "0", "1")


def valued(*values):
    return Accounted(pd.DataFrame({"x": list(values)}, dtype="str"))


def test_decimal_commas_where_every_value_has_them():
    rows = valued("0,512", "12", "-3,5e2", "", "NA")
    assert own.numbers(rows, "x").tolist()[:3] == [0.512, 12.0, -350.0]
    assert rows.said == ["x: decimal commas read"]
    mixed = valued("0,5", "0.7")
    assert own.numbers(mixed, "x").isna().tolist() == [True, False]
    assert ["line 1 holds '0.7'" in text for text in mixed.said] == [True]
    with pytest.raises(
        ValueError, match=r"column x: '1,234' may be a number with decimals or one above a thousand"
    ):
        own.numbers(valued("1,234", "22,500", "7"), "x")


def test_only_measured_columns_are_values():
    names = [
        "sequence",
        "K562",
        "HeLa",
        "start",
        "chr",
        "n_barcodes",
        "unnamed_1",
        "rna_count",
        "comment",
        "empty",
    ]
    table = pd.DataFrame([["A", "1,5", "2", "7", "1", "9", "0", "3", "fine", ""]], columns=names, dtype="str")
    rows = Accounted(table)
    assert own.value_columns(rows, ["sequence"]) == ["K562", "HeLa"]
    assert rows.said[0] == "values are read from K562, HeLa"
    assert "column n_barcodes left: its name says that it describes the row" in rows.said
    assert "column comment left: no numbers in it" in rows.said
    assert own.value_columns(Accounted(table), ["sequence"], ["start"]) == ["start"]


def test_chr1_and_1_are_one_chromosome():
    rows = Accounted(pd.DataFrame({"chromosome": ["chr1", "Chr1", "1", "chrX", "chr"]}, dtype="str"))
    own.chromosomes(rows)
    assert rows.table["chromosome"].tolist() == ["1", "1", "1", "X", "chr"]
    assert rows.said == ["chromosome: names with and without 'chr' are the same (1)"]


def test_sequences_come_from_a_fasta_file_by_id(tmp_path):
    path = tmp_path / "a.fa"
    path.write_text(">a one\nAC\nGU\n>b\nUU\n")
    rows = Accounted(pd.DataFrame({"id": ["a", "c"]}, dtype="str"))
    own.add_sequences(rows, path)
    assert rows.table["sequence"].tolist() == ["ACGU", ""]
    assert rows.table["note"].tolist() == ["", "id 'c' has no record in a.fa"]
    assert rows.said == ["1 records of a.fa are in no row of the table"]
    with pytest.raises(ValueError, match=r"none of its 2 records \(a, b, \.\.\.\) is named in the column id"):
        own.add_sequences(Accounted(pd.DataFrame({"id": ["x"]}, dtype="str")), path)
    path.write_text(">a\nAC\n>a\nGG\n")
    with pytest.raises(ValueError, match="line 3: the id 'a' stands twice, with two sequences"):
        own.add_sequences(rows, path)
    assert own.is_fasta(path)
    (tmp_path / "t.csv").write_text("\nid,sequence\n")
    assert not own.is_fasta(tmp_path / "t.csv")


def test_what_is_no_number_is_missing_in_its_own_cell():
    rows = valued("1.5", "-Inf", "high", "", "NA")
    assert own.numbers(rows, "x").tolist()[0] == 1.5
    assert rows.table["status"].tolist() == ["ok", "changed", "changed", "ok", "ok"]
    assert rows.table["note"].iloc[2] == "x 'high' is no number; read as missing"


def test_a_column_that_counts_the_rows_is_no_value_and_a_brain_is_one():
    table = pd.DataFrame(
        {"X": ["1", "2", "3"], "brain": ["2", "5", "4"], "umi_n": ["7", "8", "2"]}, dtype="str"
    )
    rows = Accounted(table)
    assert own.value_columns(rows, []) == ["brain"]
    assert "column X left: it counts the rows" in rows.said
    with pytest.raises(ValueError, match=r"no column brian of values; found X, brain, umi_n\. Is it brain"):
        own.value_columns(rows, [], ["brian"])


@pytest.mark.parametrize("text", ["", "\n\n", "sep=;\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, text):
    with pytest.raises(ValueError, match=r"the file is empty|holds blank lines only"):
        read(tmp_path, text)


def test_a_header_alone_is_no_row(tmp_path):
    rows = read(tmp_path, "sequence,label\n")
    assert len(rows.table) == 0
    own.labels(rows)
    own.numbers(rows, "label")
    own.chromosomes(rows, "sequence")
    assert own.value_columns(rows, []) == []
    with pytest.raises(ValueError, match="none of its 0 rows can be used"):
        rows.check_any("mine.csv")


def test_a_file_half_of_whose_rows_are_bad(tmp_path):
    rng = random.Random(0)
    text = ["sequence,label"]
    for number in range(20_000):
        sequence = "".join(rng.choices("ACGU", k=30))
        text.append(
            f"{sequence},1" if number % 2 else rng.choice([sequence, f'"{sequence},1', f"{sequence},maybe"])
        )
    rows = read(tmp_path, "\n".join(text))
    own.labels(rows)
    rows.clean("sequence", RNA)
    assert rows.counts()["rejected (see note)"] > 6_000
