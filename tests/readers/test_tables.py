"""CSV files of every system, of any size, with every fault that loses no other row."""

import gzip
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.readers.tables import iter_table, read_table, write_pieces, write_table

PAIRS = ["rna_seq", "protein_seq"]


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(table):
    return table[["line", "status"]].values.tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_systems_and_gzip(tmp_path, end, mark, pack):
    text = end.join([" rna_seq ,protein_seq", "ACGU,MKV", "", "CC,"]).encode()
    table = read_table(write(tmp_path, pack(mark + text)), required=PAIRS)
    assert table.columns.tolist() == [*PAIRS, "line", "status", "note"]
    assert table[PAIRS].values.tolist() == [["ACGU", "MKV"], ["CC", ""]]
    assert rows(table) == [[2, "ok"], [4, "ok"]]
    assert table.dtypes[["rna_seq", "line"]].tolist() == [pd.Series(dtype="str").dtype, "int64"]


def test_quoted_cells(tmp_path):
    text = 'a,b\n"x,y","say ""hi"""\n"two\nlines",2\n5" end,3\n,""\n'
    table = read_table(write(tmp_path, text))
    assert table[["a", "b"]].values.tolist() == [
        ["x,y", 'say "hi"'],
        ["two\nlines", "2"],
        ['5" end', "3"],
        ["", ""],
    ]
    assert table["line"].tolist() == [2, 3, 5, 6]


def test_a_faulty_row_costs_no_other(tmp_path):
    text = 'a,b\n1,2\n3\n4,5,6\n"7,8\n9,10\n"x"y,11\n12,13,\n14,15\n'
    table = read_table(write(tmp_path, text))
    assert rows(table) == [
        [2, "ok"],
        [3, "rejected"],
        [4, "rejected"],
        [5, "rejected"],
        [6, "ok"],
        [7, "rejected"],
        [8, "ok"],
        [9, "ok"],
    ]
    notes = table["note"].tolist()
    assert notes[1] == "line 3 holds 1 cells; expected 2; correct the row"
    assert notes[2] == "line 4 holds 3 cells; expected 2; correct the row. Behind the last column: 6"
    assert notes[3].startswith('line 5: a cell opens with a quote (")')
    assert "line 7" in notes[5]
    assert notes[6] == "1 empty cells behind the last column left out"
    assert table["a"].tolist()[1:3] == ["3", "4"]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path):
    text = "a,b\n" + '"x,1\n' + "2,3\n" * 3000
    table = read_table(write(tmp_path, text))
    assert len(table) == 3001
    assert table["status"].tolist() == ["rejected"] + ["ok"] * 3000


@given(
    text=st.text(st.sampled_from('aé., \t\n\r\n"')), columns=st.integers(1, 3), chunk_rows=st.integers(1, 4)
)
def test_rows_read_in_bulk_are_those_read_one_by_one(tmp_path_factory, text, columns, chunk_rows):
    path = write(tmp_path_factory.mktemp("bulk"), ",".join("abc"[:columns]) + "\n" + text)
    found = [
        pd.concat(iter_table(path, required=["a"], chunk_rows=chunk_rows, part=part))
        for part in (None, range(1000))
    ]
    pd.testing.assert_frame_equal(*found)


def test_optional_and_further_columns(tmp_path):
    path = write(tmp_path, "rna_seq,protein_seq,status,extra\nA,M,good,1\n")
    table = read_table(path, required=PAIRS, optional=["rna_id", "extra"])
    assert table.iloc[0].to_dict() == {
        "rna_seq": "A",
        "protein_seq": "M",
        "status_given": "good",
        "extra": "1",
        "rna_id": "",
        "line": 2,
        "status": "ok",
        "note": "",
    }


def test_the_index_column_of_pandas_gets_a_name(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"a": ["x"]}).to_csv(path)
    assert read_table(path).columns.tolist()[:2] == ["unnamed_1", "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "holds blank lines only; expected a row of column names"),
        (b"rna_seq,protein\nA,M\n", r"a\.csv, line 1: there is no column protein_seq; found rna_seq,"),
        (b"RNA_seq,Protein_Seq\n", "Is it RNA_seq for rna_seq, Protein_Seq for protein_seq"),
        (b"x,y\n", r"there is no column rna_seq, protein_seq; found x, y\. Rename or add"),
        (b"rna_seq\tprotein_seq\nA\tM\n", r"separated by tabs; expected commas. Give separator='\\t'"),
        (b"rna_seq;protein_seq;n\n", "separated by semicolons; expected commas. Give separator=';'"),
        (b'"rna_seq";"protein_seq"\n', "separated by semicolons"),
        (b"rna_seq,protein_seq,rna_seq\n", "the column name rna_seq stands more than once"),
        (b'rna_seq,"protein_seq\n', r"line 1: a cell opens with a quote .* correct the row of"),
        (b"rna_seq,protein_seq\nA\0,M\n", r"a\.csv, line 2: found a NUL byte"),
        (b"rna_seq,protein_seq\n\xff,M\n", r"a\.csv, line 2: found the byte ff"),
        (b"PK\x03\x04\0\0", "found a zip archive or an Excel workbook"),
    ],
)
def test_bad_files(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path, content), required=PAIRS)


def test_separators(tmp_path):
    assert read_table(write(tmp_path, "a\tb\n1\t\n\t\n"), separator="\t")["b"].tolist() == ["", ""]
    with pytest.raises(ValueError, match="separated by tabs"):
        read_table(write(tmp_path, "a\tb\n1\t2\n"))
    with pytest.raises(ValueError, match="separated by commas; expected semicolons"):
        read_table(write(tmp_path, "a,b\n1,2\n"), separator=";")
    with pytest.raises(ValueError, match="separator is ', '; expected 'auto' or one character"):
        iter_table("a.csv", separator=", ")


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="this is a folder"):
        iter_table(tmp_path)
    with pytest.raises(ValueError, match="there is no such file"):
        iter_table(tmp_path / "pairs.csv")
    with pytest.raises(ValueError, match="chunk_rows is 0"):
        iter_table(write(tmp_path, "a\n"), chunk_rows=0)


def test_header_only(tmp_path):
    pieces = list(iter_table(write(tmp_path, "rna_seq,protein_seq"), required=PAIRS))
    assert [len(piece) for piece in pieces] == [0]
    assert pieces[0].columns.tolist() == [*PAIRS, "line", "status", "note"]


def test_pieces(tmp_path):
    path = write(tmp_path, "a\n" + "x\n" * 7)
    pieces = list(iter_table(path, chunk_rows=3))
    assert [piece.index.tolist() for piece in pieces] == [[0, 1, 2], [3, 4, 5], [6]]
    assert pd.concat(pieces).equals(read_table(path))
    path = write(tmp_path, "a\n" + "x\n" * 6)
    assert [len(piece) for piece in iter_table(path, chunk_rows=3)] == [3, 3]


def test_a_sequence_longer_than_the_limit_of_the_csv_module(tmp_path):
    sequence = "ACGU" * 100_000
    for cell in (sequence, f'"{sequence}"'):
        table = read_table(write(tmp_path, f"a,b\n{cell},1\n"))
        assert table["a"].str.len().tolist() == [400_000]


def test_constant_memory(tmp_path):
    path = write(tmp_path, "rna_seq,protein_seq\n" + ("ACGU" * 25 + ",MKV\n") * 60_000)
    tracemalloc.start()
    assert sum(len(piece) for piece in iter_table(path, chunk_rows=1000)) == 60_000
    assert tracemalloc.get_traced_memory()[1] < 12e6
    tracemalloc.stop()


cells = st.text(st.characters(exclude_characters="\r\0\ufeff", codec="utf-8"), max_size=8)


@given(st.lists(st.tuples(cells, cells)), st.booleans())
def test_written_is_read_back(tmp_path_factory, given_cells, compressed):
    path = tmp_path_factory.mktemp("tables") / ("a.csv.gz" if compressed else "a.csv")
    frame = pd.DataFrame(given_cells, columns=["a", "b"], dtype="str")
    write_table(path, frame)
    assert read_table(path)[["a", "b"]].values.tolist() == frame.values.tolist()


def test_pieces_are_written_in_the_order_of_the_columns(tmp_path):
    path = tmp_path / "new" / "a.csv"

    def pieces():
        yield pd.DataFrame({"a": [1], "status": ["ok"]})
        assert not path.exists()
        yield pd.DataFrame({"status": [None, "rejected"], "a": [2, 3]})

    assert write_pieces(path, pieces())["rejected"] == 1
    assert path.read_text() == "a,status\n1,ok\n2,\n3,rejected\n"


def test_a_table_without_rows_has_its_header(tmp_path):
    assert write_pieces(tmp_path / "a.csv", [], ["a", "b"]) == {}
    assert (tmp_path / "a.csv").read_text() == "a,b\n"


def test_the_old_file_stays_when_writing_fails(tmp_path):
    path = write(tmp_path, "old\n")
    with pytest.raises(AttributeError, match="columns"):
        write_pieces(path, [pd.DataFrame({"a": [1]}), "no table"])
    with pytest.raises(ValueError, match="nothing was written and no columns"):
        write_pieces(path, [])
    with pytest.raises(ValueError, match=r"after row 1: .*\(missing \['a'\], new \['b'\]\)"):
        write_pieces(path, [pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})])
    with pytest.raises(ValueError, match="expected each name once"):
        write_table(path, pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(ValueError, match=r"the columns are \[\]; expected each name once"):
        write_table(path, pd.DataFrame())
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@given(st.text(st.sampled_from('Z,"\n \r'), max_size=40))
def test_nothing_of_any_text_is_lost(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("tables") / "a.csv"
    path.write_bytes(b"x,y\n" + text.encode())
    table = read_table(path)
    assert table["line"].is_monotonic_increasing
    assert set(table["status"]) <= {"ok", "rejected"}
    assert (table["note"][table["status"] == "rejected"] != "").all()
    assert sum(table[name].str.count("Z").sum() for name in ("x", "y", "note")) == text.count("Z")


def test_what_says_that_there_is_nothing_is_missing():
    path = Path(__file__).parents[1] / "cases/22_missing_as_text/pairs.csv"
    found = read_table(path, required=["rna_seq", "protein_seq"])
    empty = (found["rna_seq"] == "") | (found["protein_seq"] == "")
    assert empty.tolist() == [False] + [True] * (len(found) - 1)
    assert found["note"].iloc[3] == "rna_seq nan read as missing; protein_seq nan read as missing"


def test_other_columns_keep_their_text(tmp_path):
    assert read_table(write(tmp_path, "a,strand\nNA,-\n"), required=["a"])["strand"].tolist() == ["-"]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_the_separator_is_found(tmp_path, separator):
    text = f"sep=;\na{separator}b c{separator}x\n1{separator}2{separator}3\n"
    for asked in ("auto", separator, "\\t" if separator == "\t" else separator):
        found = read_table(write(tmp_path, text), required=["a", "x"], separator=asked)
        assert found[["a", "b c", "x"]].values.tolist() == [["1", "2", "3"]]
        assert found["line"].tolist() == [3]
