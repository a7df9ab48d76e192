"""The leakage audit: known copies are found, by column, by class and by pair."""

import numpy as np
import pandas as pd
import pytest

from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.splits import leakage

TRAIN = pd.DataFrame(
    {
        "rna_id": ["r1", "r2"],
        "rna_seq": ["ACGUACGUAC", "GGGGGGCCCC"],
        "protein_seq": ["MKVLAADE", "MWWWWYYY"],
        "label": [1, 0],
    }
)
TEST = pd.DataFrame(
    {
        "rna_id": ["x", "y", "z", "w"],
        "rna_seq": ["ACGTACGTAC", "UUACGUAUUU", "GGGGGGCCCC", "AAAAAAAAAA"],
        "protein_seq": ["MKVLAADE", "TTVLAATT", "MKVLAADE", "HHHHHHHH"],
        "label": [1, 1, 0, 0],
    }
)
OPTIONS = {
    "k": {"rna_seq": 5, "protein_seq": 4},
    "alphabet": {"rna_seq": RNA, "protein_seq": PEPTIDE},
}


def test_items():
    flags = leakage.audit_items(TRAIN, TEST, **OPTIONS)
    expected = {
        "rna_seq_exact": [1, 0, 1, 0],
        "rna_seq_near": [1, 1, 1, 0],
        "rna_seq_exact_same_label": [1, 0, 1, 0],
        "rna_seq_near_same_label": [1, 1, 1, 0],
        "protein_seq_exact": [1, 0, 1, 0],
        "protein_seq_near": [1, 1, 1, 0],
        "protein_seq_exact_same_label": [1, 0, 0, 0],
        "protein_seq_near_same_label": [1, 1, 0, 0],
        "pair_exact": [1, 0, 0, 0],
        "pair_near": [1, 1, 1, 0],
        "pair_exact_same_label": [1, 0, 0, 0],
        "any_exact": [1, 0, 1, 0],
        "any_near": [1, 1, 1, 0],
    }
    assert {name: values.astype(int).tolist() for name, values in flags.items()} == expected


def test_table():
    table = leakage.audit(TRAIN, TEST, **OPTIONS).set_index(["column", "label"])
    assert table.loc[("rna_seq", "all"), "n_test"] == 4
    assert table.loc[("rna_seq", "all"), "near"] == 0.75
    assert table.loc[("protein_seq", 0), "near"] == 0.5
    assert table.loc[("protein_seq", 0), "near_same_label"] == 0.0
    assert table.loc[("pair", "all"), "exact"] == 0.25
    assert table.loc[("protein_seq", "all"), "k"] == 4
    assert pd.isna(table.loc[("any", "all"), "k"])
    assert sorted(set(table.index.get_level_values(0))) == ["any", "pair", "protein_seq", "rna_seq"]


def test_plain_sequences_and_mappings():
    table = leakage.audit(["ACGUACGU"], {"sequence": ["ACGU", "ACGUACGU"]}, k=4)
    assert table[["column", "label", "exact", "near"]].to_numpy().tolist() == [["sequence", "all", 0.5, 1.0]]
    assert np.isnan(table.near_same_label[0])


def test_a_class_that_training_lacks_has_no_copy_of_its_class():
    new = {"sequence": ["ACGUAC"], "label": ["b"]}
    table = leakage.audit({"sequence": ["ACGUAC"], "label": ["a"]}, new, k=4)
    assert table.near.tolist() == [1.0, 1.0]
    assert table.near_same_label.tolist() == [0.0, 0.0]


def test_input_is_left_as_it_was():
    before = TEST.copy()
    leakage.audit(TRAIN, TEST, **OPTIONS)
    pd.testing.assert_frame_equal(before, TEST)


@pytest.mark.parametrize(
    ("train", "test", "options", "message"),
    [
        ([], ["A"], {}, "train is empty"),
        (["A"], [], {}, "test is empty"),
        ({"rna": ["A"]}, {"rna": ["A"]}, {}, r"train has the sequence columns \[\].*Rename"),
        ({"rna_seq": ["A"]}, ["A"], {}, r"\['rna_seq'\], test \['sequence'\]"),
        (["A"], ["A", ""], {}, "test, row 1, sequence: found '', not a sequence"),
        ({"sequence": ["A", None]}, ["A"], {}, "train, row 1, sequence: found (None|nan)"),
        (["A"], ["A"], {"k": {"rna_seq": 3}}, "k has no entry for the column sequence"),
        (["AC"], ["A-"], {"k": 2, "alphabet": RNA}, "holds '-' at position 2"),
    ],
)
def test_refusals(train, test, options, message):
    with pytest.raises(ValueError, match=message):
        leakage.audit(train, test, **options)
