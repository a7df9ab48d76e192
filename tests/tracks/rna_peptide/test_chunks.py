"""Chunk files: order, forms of one chunk, and what is said of those that do not fit."""

import gzip

import pandas as pd
import pytest

from helpers.readers.pickles import write_pickle
from helpers.tracks.rna_peptide.chunks import PAIR, merge_chunks


def pair(number, **further):
    return {
        "rna_id": f"r{number}",
        "protein_id": f"p{number}",
        "rna_seq": "ACGU",
        "protein_seq": "MKV",
        **further,
    }


def write_csv(folder, name, rows):
    pd.DataFrame(rows).to_csv(folder / name, index=False)


def test_natural_order_and_both_forms(tmp_path):
    write_csv(tmp_path, "chunk_10.csv", [pair(10)])
    write_csv(tmp_path, "chunk_2.csv", [pair(3), pair(4)])
    write_pickle(tmp_path / "chunk_1.pkl", [pair(1), pair(2)])
    (tmp_path / "chunk_11.csv.gz").write_bytes(
        gzip.compress(pd.DataFrame([pair(11)]).to_csv(index=False).encode())
    )
    (tmp_path / "readme.txt").write_text("not a chunk")
    table = merge_chunks(tmp_path)
    assert table.columns.tolist() == [*PAIR, "source", "row", "line", "status", "note"]
    assert table["rna_id"].tolist() == ["r1", "r2", "r3", "r4", "r10", "r11"]
    assert table["source"].tolist()[1:5] == ["chunk_1.pkl", *["chunk_2.csv"] * 2, "chunk_10.csv"]
    assert table["row"].tolist() == [1, 2, 1, 2, 1, 1]
    assert table.index.tolist() == list(range(6))
    assert set(table["status"]) == {"ok"}


def test_two_forms_of_one_chunk_count_once(tmp_path):
    rows = [pair(1, label=1, score=0.5, note=None), pair(2, label=0, score=2.0, note="x")]
    write_csv(tmp_path, "chunk_1.csv", rows)
    write_pickle(tmp_path / "chunk_1.pkl", rows)
    table = merge_chunks(tmp_path)
    assert table["source"].tolist() == ["chunk_1.csv"] * 2
    assert table[["label", "score", "note_given"]].values.tolist() == [["1", "0.5", ""], ["0", "2.0", "x"]]


def test_two_forms_that_differ(tmp_path):
    rows = [pair(1), pair(2), pair(3)]
    write_csv(tmp_path, "chunk_1.csv", rows)
    write_pickle(tmp_path / "chunk_1.pkl", [*rows[:1], pair(2) | {"rna_seq": "GG"}, *rows[2:]])
    with pytest.raises(ValueError, match=r"chunk_1\.csv and chunk_1\.pkl .* from row 2 on.*rna_seq: 'A"):
        merge_chunks(tmp_path)
    write_pickle(tmp_path / "chunk_1.pkl", rows[:2])
    with pytest.raises(ValueError, match="hold 3 and 2 rows: row 3 is in one only"):
        merge_chunks(tmp_path)


def test_further_columns_are_kept(tmp_path):
    write_csv(tmp_path, "chunk_1.csv", [pair(1)])
    write_csv(tmp_path, "chunk_2.csv", [pair(2, organism="yeast", source="lab", row=7)])
    write_csv(tmp_path, "chunk_5.csv", [pair(5)])
    table = merge_chunks(tmp_path)
    assert table["organism"].tolist() == ["", "yeast", ""]
    assert table["source_given"].tolist() == ["", "lab", ""]
    assert table["source"].tolist() == ["chunk_1.csv", "chunk_2.csv", "chunk_5.csv"]


def test_rows_that_cannot_be_read_are_kept(tmp_path):
    (tmp_path / "chunk_1.csv").write_text(",".join(PAIR) + "\nr1,p1,ACGU,MKV\nr2,p2\n")
    incomplete = {name: value for name, value in pair(4).items() if name != "rna_seq"}
    write_pickle(tmp_path / "chunk_2.pkl", [pair(3), incomplete])
    table = merge_chunks(tmp_path)
    assert table["status"].tolist() == ["ok", "rejected", "ok", "rejected"]
    assert table["note"][1] == "line 3 holds 2 cells; expected 4; correct the row"
    assert table["note"][3] == "the row has no field rna_seq; add it"


def test_missing_columns_are_named_file_by_file(tmp_path):
    write_csv(tmp_path, "chunk_1.csv", [pair(1)])
    write_csv(tmp_path, "chunk_2.csv", [{"rna": "A", "rna_id": "r"}])
    write_pickle(tmp_path / "chunk_3.pkl", [])
    message = (
        r"needs the columns rna_seq, .* chunk_2\.csv lacks rna_seq, protein_seq "
        r"\(found rna, rna_id\); chunk_3\.pkl lacks .*\(found none\)\. Rename or add"
    )
    with pytest.raises(ValueError, match=message):
        merge_chunks(tmp_path)


def test_pattern(tmp_path):
    write_csv(tmp_path, "chunk_1.csv", [pair(1)])
    write_csv(tmp_path, "full.csv", [pair(1)])
    assert len(merge_chunks(tmp_path, pattern="chunk_*")) == 1
    with pytest.raises(ValueError, match=r"no chunk file fits 'part_\*' \(nothing found\); expected"):
        merge_chunks(tmp_path, pattern="part_*")


def test_bad_folders(tmp_path):
    with pytest.raises(ValueError, match="there is no such folder; expected a folder of chunk files"):
        merge_chunks(tmp_path / "none")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match="this is a file; expected a folder"):
        merge_chunks(tmp_path / "a.txt")
    with pytest.raises(ValueError, match=r"no chunk file fits '\*' \(a.txt found\)"):
        merge_chunks(tmp_path)


def test_a_bad_file_is_named(tmp_path):
    write_csv(tmp_path, "chunk_1.csv", [pair(1)])
    (tmp_path / "chunk_2.pkl").write_bytes(b"not a pickle")
    with pytest.raises(ValueError, match=r"chunk_2\.pkl: this is no complete pickle"):
        merge_chunks(tmp_path)
