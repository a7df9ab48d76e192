"""Pairs of one's own: every kind of source through one door, every row with a status, labels kept."""

from pathlib import Path

import pandas as pd
import pytest

from helpers.project import paths
from helpers.readers import tables
from helpers.readers.pickles import write_pickle
from helpers.tracks.rna_peptide import data

CASES = paths.root() / "tests" / "cases"
PAIRS, MISSING, LISTS = (
    CASES / name for name in ("15_pairs_own_csv", "22_missing_as_text", "25_pairs_list_csv")
)
SAMPLE = paths.root() / "data" / "sample" / "rna_peptide"


def labels_in(path, separator=","):
    return pd.read_csv(path, sep=separator)["label"].astype(int).tolist()


@pytest.mark.parametrize(
    "file", ["pairs", "pairs_index", "pairs_float", "pairs_semicolon", "pairs_dna_lower"]
)
def test_labels_that_are_given_are_kept(file):
    path = PAIRS / f"{file}.csv"
    loaded = data.from_own(path)
    given = labels_in(path, ";" if "semicolon" in file else ",")
    assert len(loaded.rows) == len(given)
    assert loaded.pairs["label"].tolist() == [given[row] for row in loaded.pairs.index]
    assert 0 < loaded.pairs["label"].mean() < 1
    assert set(loaded.rows["status"]) == ({"changed"} if "lower" in file else {"ok"})
    assert loaded.rows["line"].tolist() == list(range(2, len(given) + 2))


def test_labels_in_a_folder_are_kept():
    loaded = data.from_own(PAIRS / "folder")
    given = labels_in(next((PAIRS / "folder").glob("*.csv")))
    assert loaded.pairs["label"].tolist() == given
    assert loaded.said[0] == "source: a folder of chunks, 1 files read"


@pytest.mark.parametrize(
    ("file", "found"), [("gap", "'-'"), ("stop", "the closing * (stop) removed"), ("empty", "")]
)
def test_a_row_that_cannot_be_read_says_why(file, found):
    path = PAIRS / f"pairs_{file}.csv"
    loaded = data.from_own(path)
    assert len(loaded.rows) == len(pd.read_csv(path))
    noted = loaded.rows[loaded.rows["note"] != ""]
    assert len(noted)
    assert noted["note"].str.contains(found, regex=False).any()


def test_pairs_without_ids_get_one_for_each_sequence():
    loaded = data.from_own(PAIRS / "pairs_no_ids.csv")
    for side in ("rna", "protein"):
        table = loaded.pairs[[f"{side}_id", f"{side}_seq"]].drop_duplicates()
        assert table[f"{side}_id"].is_unique
        assert table[f"{side}_seq"].is_unique
    assert any(said.startswith("rna_id:") for said in loaded.said)


@pytest.mark.parametrize("source", ["pairs.csv", "chunks"])
def test_a_missing_mark_is_no_sequence(source):
    loaded = data.from_own(MISSING / source)
    assert loaded.rows["status"].tolist() == ["ok"] + ["rejected"] * 8
    assert loaded.pairs["rna_id"].tolist() == ["r1"]


def test_a_missing_mark_in_a_pickle(tmp_path):
    row = {"rna_seq": "ACGU", "protein_seq": "MKV", "label": 0}
    write_pickle(tmp_path / "mine.pkl", [row, row | {"rna_seq": "NA", "label": 1}])
    loaded = data.from_own(tmp_path / "mine.pkl")
    assert loaded.rows["status"].tolist() == ["ok", "rejected"]
    assert loaded.pairs["label"].tolist() == [0]


def test_lists_with_and_without_names_of_columns():
    files = {"rna_fasta": LISTS / "rna.fa", "protein_fasta": LISTS / "prot.fa"}
    plain = data.from_own(LISTS / "list.tsv", **files)
    assert plain.rows["line"].tolist() == [1, 2, 3, 4]
    assert plain.rows["status"].tolist() == ["ok", "ok", "rejected", "rejected"]
    assert (
        plain.rows["note"].iloc[2] == "the protein id is not in prot.fa; add its sequence or correct the id"
    )
    assert plain.rows["note"].iloc[3].startswith("label is 'interaction'; expected 1 or 0")
    assert "rna_id: 2 ids are parts of names, such as R1 of R1|chain" in plain.said
    named = data.from_own(LISTS / "list.csv", columns="protein_id=protein, rna_id=rna", **files)
    assert named.pairs[["rna_id", "rna_seq", "label"]].values.tolist() == [
        ["R1", "ACGUACGUACGU", 1], ["R1", "ACGUACGUACGU", 0],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no column rna_id, protein_id; found protein, rna, label"):
        data.from_own(LISTS / "list.csv", **files)
    with pytest.raises(ValueError, match="give rna_fasta and protein_fasta"):
        data.from_own(LISTS / "list.csv", rna_fasta=LISTS / "rna.fa")


def test_a_part_of_two_names_is_no_id(tmp_path):
    (tmp_path / "rna.fa").write_text(">R1|A\nACGU\n>R2|A\nGGGG\n>R2\nCCCC\n")
    (tmp_path / "list.txt").write_text("R1 P1\nA P1\nR2 P1\nR2|A P1\n")
    found = data.from_own(
        tmp_path / "list.txt", rna_fasta=tmp_path / "rna.fa", protein_fasta=LISTS / "prot.fa"
    )
    assert found.rows["status"].tolist() == ["ok", "rejected", "ok", "ok"]
    assert found.pairs["rna_seq"].tolist() == ["ACGU", "CCCC", "GGGG"]


def test_a_source_without_a_usable_row_stops_after_its_report():
    loaded = data.from_own(LISTS / "allbad.csv")
    assert loaded.rows["status"].tolist() == ["rejected"]
    assert data.outcome(loaded)["rows"].tolist()[0] == 1
    with pytest.raises(ValueError, match=r"allbad\.csv: none of its 1 rows can be used \(line 2: RNA: pos"):
        data.check(loaded, LISTS / "allbad.csv")


def test_a_source_without_a_pair_that_binds_stops(tmp_path):
    path = write(tmp_path / "mine.csv", [[*ONE, 0]])
    with pytest.raises(ValueError, match=r"mine\.csv: no pair binds among 1 rows; expected pairs with the"):
        data.check(data.from_own(path), path)
    path = write(tmp_path / "none.csv", [])
    with pytest.raises(ValueError, match=r"none\.csv: none of its 0 rows can be used"):
        data.check(data.from_own(path), path)


def test_structures_keep_the_labels_of_their_list(tmp_path):
    for file in (SAMPLE / "structures").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert data.from_own(tmp_path).pairs["label"].tolist() == [1, 1]
    listed = pd.read_csv(tmp_path / "chains.csv")
    listed.assign(label=["no", "yes"]).to_csv(tmp_path / "chains.csv", index=False)
    for source in (tmp_path, tmp_path / "chains.csv"):
        assert data.from_own(source).pairs["label"].tolist() == [0, 1]
    (tmp_path / "chains.csv").unlink()
    with pytest.raises(ValueError, match="0 tables in it have the columns file, rna_chain"):
        data.from_own(tmp_path)


def test_sources_that_hold_no_pairs(tmp_path):
    with pytest.raises(ValueError, match="this file alone names no pairs"):
        data.from_own(LISTS / "rna.fa")
    (tmp_path / "ids.csv").write_text("rna_id,protein_id,label\nr1,p1,1\n")
    with pytest.raises(ValueError, match="the table has ids and no sequences"):
        data.from_own(tmp_path / "ids.csv")


def write(path, rows):
    return tables.write_table(path, pd.DataFrame(rows, columns=[*data.PAIR, "label"])) or path


def test_pairs_with_both_labels_are_set_aside(tmp_path):
    rows = [["r1", "p1", "ACGU", "MKV", 1], ["r1", "p1", "ACGU", "MKV", 0], ["r2", "p1", "GGGG", "MKV", 1]]
    path = write(tmp_path / "labelled.csv", [*rows, ["r3", "p1", "CCCC", "MKV", 0]])
    loaded, given = data.positives_and_given(path)
    assert loaded.pairs["rna_id"].tolist() == ["r2"]
    assert given["rna_id"].tolist() == ["r3"]
    assert loaded.said == ["labelled.csv: 2 rows are rejected, see their notes"]
    with pytest.raises(
        ValueError, match=r"line 2: the same pair stands with label 0 and 1; .*\(pair r1, p1; 2"
    ):
        data.read_pairs(path)


ONE = ["r1", "p1", "ACGU", "MKV"]


@pytest.mark.parametrize(
    ("read", "labels", "message", "status"),
    [
        (data.from_own, [0, -1, 1], "both 0 and -1 stand in it", ["ok"] * 3),
        (data.positives_and_given, [0, -1, 1], "both 0 and -1 stand in it", ["ok"] * 3),
        (data.positives_and_given, [0, 0, "?"], "no pair binds", ["ok", "ok", "rejected"]),
        (data.read_pairs, [1, "maybe", 0], "label is 'maybe'; expected 0 or 1", ["ok", "rejected", "ok"]),
        (data.read_pairs, [1, 0, 0], "stands with label 0 and 1", ["rejected"] * 3),
    ],
)
def test_the_report_is_written_where_the_reading_stops(tmp_path, read, labels, message, status):
    path = write(tmp_path / "mine.csv", [[*ONE, label] for label in labels])
    with pytest.raises(ValueError, match=message):
        read(path, report=tmp_path / "rows.csv")
    told = pd.read_csv(tmp_path / "rows.csv")
    assert told["line"].tolist() == [2, 3, 4]
    assert told["status"].tolist() == status


def test_the_report_of_both_files_is_written(tmp_path):
    paths_of = [
        write(tmp_path / f"{label}.csv", [[*ONE[:2], "ACG" * (label + 1), "MKV", label]]) for label in (1, 0)
    ]
    loaded, _ = data.positives_and_given(*paths_of, report=tmp_path / "rows.csv")
    told = pd.read_csv(tmp_path / "rows.csv", keep_default_na=False)
    assert told["source"].tolist() == loaded.rows["source"].tolist() == ["1.csv", "0.csv"]


def test_positives_and_negatives_in_two_files(tmp_path):
    both = ["r1", "p1", "ACGU", "MKV"]
    positives = write(tmp_path / "yes.csv", [[*both, 1], ["r2", "p1", "GGGG", "MKV", 1]])
    negatives = write(tmp_path / "no.csv", [[*both, 0], ["r3", "p1", "CCCC", "MKV", 0]])
    loaded, given = data.positives_and_given(positives, negatives)
    assert (loaded.pairs["rna_id"].tolist(), given["rna_id"].tolist()) == (["r2"], ["r3"])
    assert loaded.said[0].startswith("2 rows hold pairs that stand with both labels; all of them are set")
    assert len(data.positives_and_given(positives, write(tmp_path / "none.csv", []))[1]) == 0
    with pytest.raises(ValueError, match="no pair binds among 2 rows"):
        data.positives_and_given(negatives)


def test_the_columns_of_a_table_may_have_other_names(tmp_path):
    path = Path(tmp_path / "a.csv")
    path.write_text("RNA_seq;prot;binds\nACGU;MKV;TRUE\nGGGG;MKV;FALSE\n")
    loaded = data.from_own(path, columns="protein_seq=prot, label=binds")
    assert loaded.pairs["label"].tolist() == [1, 0]
