"""The leakage audit: known copies are found, by column, by class and by pair."""

import numpy as np
import pandas as pd
import pytest

from helpers.sequences.alphabet import DNA, PEPTIDE, RNA
from helpers.splits import folds, leakage, pairs

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
    "columns": ["rna_seq", "protein_seq"],
    "label": "label",
    "k": {"rna_seq": 5, "protein_seq": 4},
    "alphabet": {"rna_seq": RNA, "protein_seq": PEPTIDE},
}


def test_every_share_by_hand():
    table = leakage.audit(TRAIN, TEST, **OPTIONS).query("label == 'all'").set_index("column")
    found = table[list(leakage.KINDS)] * 4
    expected = {
        "rna_seq": [2, 3, 2, 3],
        "protein_seq": [2, 3, 1, 2],
        "pair": [1, 3, 1, np.nan],
        "any": [2, 3, np.nan, np.nan],
    }
    np.testing.assert_array_equal(found.loc[list(expected)], list(expected.values()))


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


def test_plain_sequences():
    table = leakage.audit(["ACGUACGU"], pd.DataFrame({"sequence": ["ACGU", "ACGUACGU"]}), k=4)
    assert table[["column", "label", "exact", "near"]].to_numpy().tolist() == [["sequence", "all", 0.5, 1.0]]
    assert np.isnan(table.near_same_label[0])


def test_a_class_that_training_lacks_has_no_copy_of_its_class():
    known, new = (pd.DataFrame({"sequence": ["ACGUAC"], "label": [name]}) for name in "ab")
    table = leakage.audit(known, new, label="label", k=4)
    assert table.near.tolist() == [1.0, 1.0]
    assert table.near_same_label.tolist() == [0.0, 0.0]


def test_the_other_strand_of_dna_is_a_near_copy():
    known, new = ["AACCGATTTCGC"], ["GCGAAATCGGTT"]
    assert leakage.audit(known, new, k=10, alphabet=DNA)["near"].tolist() == [1.0]
    assert leakage.audit(known, new, k=10)["near"].tolist() == [0.0]


def test_near_shares_by_hand():
    groups = np.array([[0, 0], [1, 1], [2, 2], [0, 5], [6, 1], [0, 0], [0, 1], [7, 7]])
    fold = folds.given([0, 1], [2], [3, 4, 5, 6, 7])
    table = leakage.near_shares({"a": [fold], "b": [folds.given([0], [], [7])]}, groups).set_index("protocol")
    found = table[["near_rna", "near_peptide", "near_either", "near_pair"]]
    assert found.loc["a"].tolist() == [0.6, 0.6, 0.8, 0.2]
    assert found.loc["b"].tolist() == [0, 0, 0, 0]
    single = leakage.near_shares({"a": [fold]}, groups[:, 0])
    assert single.to_dict("records") == [{"protocol": "a", "near": 0.6}]


def test_no_test_row_of_a_homology_protocol_is_near():
    rng = np.random.default_rng(0)
    groups = np.column_stack([rng.integers(30, size=600), rng.integers(40, size=600)])
    rna, peptide = (["A"] * 600, ["M"] * 600)
    made = {
        name: pairs.pair_kfold(name, rna, peptide, groups=groups)
        for name in ("homology_rna", "homology_peptide", "homology_both")
    }
    table = leakage.near_shares(made, groups).set_index("protocol")
    assert table.loc["homology_rna", "near_rna"] == 0 < table.loc["homology_rna", "near_peptide"]
    assert table.loc["homology_peptide", "near_peptide"] == 0 < table.loc["homology_peptide", "near_rna"]
    assert table.loc["homology_both"].tolist() == [0] * 4


def test_input_is_left_as_it_was():
    before = TEST.copy()
    leakage.audit(TRAIN, TEST, **OPTIONS)
    pd.testing.assert_frame_equal(before, TEST)


@pytest.mark.parametrize(
    ("train", "test", "options", "message"),
    [
        ([], ["A"], {}, "train is empty"),
        (["A"], [], {}, "test is empty"),
        (TRAIN, TEST, {}, r"train has no column sequence; found rna_id, .*columns="),
        (["A"], ["A"], {"label": "y"}, "train has no column y"),
        (["A"], ["A", ""], {}, "test, row 1, sequence: found '', not a sequence"),
        (["A", None], ["A"], {}, "train, row 1, sequence: found (None|nan)"),
        (["A"], ["A"], {"k": {"rna_seq": 3}}, "k has no entry for the column sequence"),
        (["AC"], ["A-"], {"k": 2, "alphabet": RNA}, "position 2 holds '-'"),
    ],
)
def test_refusals(train, test, options, message):
    with pytest.raises(ValueError, match=message):
        leakage.audit(train, test, **options)


def test_near_rows_are_those_of_the_audit_fold_by_fold():
    rng = np.random.default_rng(0)
    text = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(30)]
    text[20:25] = [one[:30] + "A" * 10 for one in text[:5]]
    parts = folds.random_kfold(30, k=3, seed=1)
    found = pd.DataFrame(
        [(row, fold.name, model) for model in "ab" for fold in parts for row in fold.test[::-1]],
        columns=["row", "fold", "model"],
    )
    near = leakage.near_rows(found, parts, text, k=20)
    for fold in parts:
        known = [text[row] for row in [*fold.train, *fold.valid]]
        share = leakage.audit(known, [text[row] for row in fold.test], k=20).loc[0, "near"]
        assert near[(found["fold"] == fold.name) & (found["model"] == "b")].mean() == pytest.approx(share)
    assert near.any()
    assert (near[found["model"] == "a"] == near[found["model"] == "b"]).all()
    pairs = pd.DataFrame({"left": text, "right": text[::-1]})
    either = leakage.near_rows(found, parts, pairs, columns=["left", "right"], k=20)
    assert (either >= near).all()
    assert either.sum() > near.sum()
    with pytest.raises(ValueError, match="predictions of fold other; found only the folds"):
        leakage.near_rows(found.assign(fold="other"), parts, text)
