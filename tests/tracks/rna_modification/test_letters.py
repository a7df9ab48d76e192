"""Letters of modified bases: read as their parent, each in its place, or refused by name."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.readers.rows import Accounted
from helpers.tracks.rna_modification import letters

# tRNA-Phe of yeast as MODOMICS writes it (the older code).
TRNA = 'GCGGAUUUALCUCAGDDGGGAGAGCRCCAGABU#AAYAP?UGGAG7UC?UGUGTPCG"UCCACAGAAUUCGCACCA'


def test_a_trna_keeps_every_place():
    found = letters.clean(TRNA)
    assert found.status == "changed"
    assert len(found.sequence) == len(TRNA)
    at = {letter: found.sequence[TRNA.index(letter)] for letter in 'LDRB#P?7"Y'}
    assert at == dict(zip('LDRB#P?7"Y', "GUGCGUCGAN", strict=True))
    assert "1 # as G" in found.note
    assert "2 P as U" in found.note
    # T is 5-methyluridine there, so T and U in one record are no contradiction.
    assert found.sequence[TRNA.index("TP")] == "U"


@pytest.mark.parametrize(
    ("text", "read"),
    [("GGЖCU", "GGACU"), ("GG=CU", "GGACU"), ("GGΨCU", "GGUCU"), ("GGJCU", "GGUCU"), ("ggacu", "GGACU")],
)
def test_new_and_old_codes(text, read):
    assert letters.clean(text).sequence == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GGRYU", "written as N"),
        ("GG4CU", "take out line numbers; a modified base is written as the base, here U"),
        ("GG-CU", "write N where the base is not known: taking it out would move every site"),
        ("GG\u2026CU", "would move every site"),
        ("MKVLPIQEF", "looks like a peptide"),
        ("gtauc", "holds both T and U"),
    ],
)
def test_what_is_no_code(text, said):
    found = letters.clean(text)
    assert said in found.note
    assert "remove it" not in found.note
    assert found.status == ("rejected" if "RYU" not in text else "changed")


@given(st.text(alphabet=list(letters.PARENTS) + list("ACGUTNacgu"), max_size=40))
@settings(max_examples=200)
def test_no_letter_is_lost(text):
    found = letters.clean(text)
    if found.status != "rejected":
        assert len(found.sequence) == len(text)
        assert set(found.sequence) <= set("ACGUN")


def test_a_column_is_cleaned_row_by_row():
    rows = Accounted(
        pd.DataFrame({"sequence": ["GG=CU", "GG-CU", "GGACU", "GGTCC"], "x": 1}, index=[3, 5, 7, 9])
    )
    rows.reject([False, False, True, False], "set aside before")
    letters.clean_column(rows)
    assert rows.table["sequence"].tolist() == ["GGACU", "GG-CU", "GGACU", "GGUCC"]
    assert rows.table["status"].tolist() == ["changed", "rejected", "rejected", "changed"]
    assert rows.table.loc[7, "note"] == "set aside before"
