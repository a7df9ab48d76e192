"""Every row of a table has a status and a reason, whatever befalls it."""

import pandas as pd
import pytest

from helpers.readers.rows import Accounted, alike, contradictions
from helpers.sequences.alphabet import PEPTIDE, RNA


def table():
    given = {
        "line": [2, 3, 4, 5],
        "rna": ["ACGU", "acgu", "AC-U", "ACGT"],
        "peptide": ["MKV", "M*", "M", "12"],
    }
    return pd.DataFrame(given, index=[7, 8, 9, 10])


def test_two_columns_join_their_notes_and_keep_the_worse_status():
    given = table()
    rows = Accounted(given)
    rows.clean("rna", RNA, said="RNA: ")
    rows.clean("peptide", PEPTIDE, said="peptide: ")
    assert rows.table["status"].tolist() == ["ok", "changed", "rejected", "rejected"]
    assert rows.table["rna"].tolist() == ["ACGU", "ACGU", "AC-U", "ACGU"]
    assert rows.table["peptide"].tolist() == ["MKV", "M", "M", "12"]
    assert rows.table.loc[8, "note"] == (
        "RNA: 4 lower-case letters written as upper case; peptide: the closing * (stop) removed"
    )
    assert rows.table.loc[9, "note"].startswith("RNA: position 3 holds '-'")
    assert "; peptide: position 1 holds '1'" in rows.table.loc[10, "note"]
    assert "status" not in given
    assert list(rows.counts().values()) == [4, 1, 1, 2]


def test_the_first_reason_stands_and_a_change_does_not_undo_it():
    rows = Accounted(table())
    rows.reject([True, False, False, False], "no label")
    rows.reject([True, True, False, False], lambda row: f"line {row['line']}: too short")
    rows.say([True, True, True, False], "cut", changed=True)
    rows.say([False, False, False, True], "looked at")
    assert rows.table["status"].tolist() == ["rejected", "rejected", "changed", "ok"]
    assert rows.table["note"].tolist() == ["no label; cut", "line 3: too short; cut", "cut", "looked at"]
    assert rows.usable.tolist() == [False, False, True, True]


def test_rows_that_contradict_each_other_are_set_aside_together():
    given = pd.DataFrame({
        "rna": ["A", "A", "C", "C", "G", "A", "T"], "peptide": ["M", "M", "M", "M", "M", "K", "M"],
        "label": ["1", "0", "1", "1", "0", "1", "x"],
    })  # fmt: skip
    rows = Accounted(given)
    rows.reject([False] * 6 + [True], "label is x")
    rows.reject_contradictions(["rna", "peptide"], "label", what="pair")
    assert rows.table["status"].tolist() == ["rejected"] * 2 + ["ok"] * 4 + ["rejected"]
    assert rows.table["note"].iloc[0].startswith("the same pair stands with label 0 and 1; all its rows")
    assert rows.table["note"].iloc[6] == "label is x"


def test_measured_values_may_differ_by_their_noise():
    given = pd.DataFrame({"guide": list("aabbcc"), "efficacy": [0.5, 0.6, 0.2, 0.9, 0.4, 0.4]})
    found = contradictions(given, ["guide"], "efficacy", tolerance=0.2)
    assert found.tolist() == [False, False, True, True, False, False]
    assert contradictions(given, ["guide"], "efficacy").tolist() == [True] * 4 + [False] * 2
    assert contradictions(given.iloc[:0], ["guide"], "efficacy").tolist() == []


def test_only_numbers_that_differ_are_written_as_n():
    notes = [
        "label 0 and 1 on line 3",
        "label 0 and 1 on line 12",
        "m6A: '7' (a digit)",
        "",
        "pos_4",
        "pos_5",
    ]
    found = alike(pd.Series(notes, index=range(10, 16)))
    assert found.tolist() == ["label 0 and 1 on line n"] * 2 + ["m6A: '7' (a digit)", ""] + ["pos_n"] * 2
    assert found.index.tolist() == list(range(10, 16))
    assert alike(pd.Series([], dtype="str")).tolist() == []


def test_a_table_without_a_usable_row_is_an_error_with_its_first_reason():
    rows = Accounted(table())
    rows.check_any("a.csv")
    rows.reject([True] * 4, "no label")
    with pytest.raises(ValueError, match=r"a.csv: none of its 4 rows can be used \(line 2: no label\)"):
        rows.check_any("a.csv")
    empty = Accounted(table().iloc[:0])
    empty.clean("rna", RNA)
    with pytest.raises(ValueError, match=r"none of its 0 rows can be used$"):
        empty.check_any("a.csv")
