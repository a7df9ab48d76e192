"""Splits: parts are disjoint and complete, nothing that must not be shared is shared."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import splits
from helpers.sequences.alphabet import PEPTIDE


def assert_parts(fold, n):
    """Every item is in exactly one part."""
    joined = np.concatenate([fold.train, fold.valid, fold.test, fold.left_out])
    np.testing.assert_array_equal(np.sort(joined), np.arange(n))
    for part in (*fold[:3], fold.left_out):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


def assert_tested_once(folds, n):
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(n))


@settings(max_examples=60)
@given(st.integers(2, 6), st.integers(0, 60), st.floats(0, 0.9), st.integers(0, 99), st.integers(1, 3))
def test_random_folds(k, more, valid, seed, classes):
    n = classes * k + more
    y = np.arange(n) % classes
    folds = splits.random_kfold(n, k=k, y=y, valid=valid, seed=seed)
    assert_tested_once(folds, n)
    sizes = [fold.test.size for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        assert_parts(fold, n)
        assert abs(fold.valid.size - valid * (n - fold.test.size)) <= 1
        share = np.bincount(y[fold.test], minlength=classes)
        assert share.max() - share.min() <= 1 + classes


def test_random_folds_are_stratified_and_seeded():
    y = np.repeat(["a", "b"], [900, 100])
    folds = splits.random_kfold(1000, y=y, seed=1)
    for fold in folds:
        assert np.mean(y[fold.test] == "b") == pytest.approx(0.1)
        assert np.mean(y[fold.valid] == "b") == pytest.approx(0.1, abs=0.02)
    again = splits.random_kfold(1000, y=y, seed=1)
    other = splits.random_kfold(1000, y=y, seed=2)
    assert all((a.test == b.test).all() for a, b in zip(folds, again, strict=True))
    assert any((a.test != b.test).any() for a, b in zip(folds, other, strict=True))
    assert [fold.name for fold in folds][:2] == ["random_1", "random_2"]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=30, max_size=80), st.integers(2, 4), st.integers(0, 9))
def test_grouped_folds(groups, k, seed):
    groups = np.array([*groups, *range(20, 30)])
    y = groups % 2
    # One group of more than half of the items leaves nothing to hold out beside it.
    valid = 0.1 if np.unique(groups, return_counts=True)[1].max() * 2 < groups.size else 0
    folds = splits.grouped_kfold(groups, k=k, y=y, valid=valid, seed=seed)
    assert_tested_once(folds, groups.size)
    for fold in folds:
        assert_parts(fold, groups.size)
        splits.check(fold, groups)


def test_grouped_folds_are_balanced():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(500), rng.integers(1, 12, 500))
    y = (groups % 10 == 0).astype(int)
    for fold in splits.grouped_kfold(groups, y=y, valid=0.15):
        assert fold.test.size == pytest.approx(groups.size / 5, rel=0.02)
        assert fold.valid.size == pytest.approx(0.15 * 0.8 * groups.size, rel=0.03)
        for part in fold[:3]:
            assert y[part].mean() == pytest.approx(y.mean(), abs=0.01)


@settings(max_examples=40)
@given(st.data(), st.sampled_from(["rna", "peptide", "both"]), st.integers(0, 9))
def test_unseen_folds(data, unseen, seed):
    rows = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=20, max_size=60))
    # A full grid of ten by ten keeps every block filled.
    rna, peptide = np.divmod(np.arange(100), 10)
    rna = np.append(rna, [row[0] for row in rows])
    peptide = np.append(peptide, [row[1] for row in rows])
    folds = splits.pair_kfold(
        f"unseen_{unseen}", [f"r{i}" for i in rna], [f"p{i}" for i in peptide], k=3, seed=seed
    )
    sides = {"rna": [rna], "peptide": [peptide], "both": [rna, peptide]}[unseen]
    tested = np.concatenate([fold.test for fold in folds])
    assert np.unique(tested).size == tested.size
    for fold in folds:
        assert_parts(fold, rna.size)
        assert min(fold.train.size, fold.valid.size, fold.test.size) > 0
        for side in sides:
            splits.check(fold, side)
            # What is left out mixes sides; it is never a pair that could have been kept.
        if unseen == "both":
            for row in fold.left_out:
                places = [
                    {name for name in ("train", "valid", "test") if chain[row] in chain[getattr(fold, name)]}
                    for chain in sides
                ]
                assert len(places[0] | places[1]) != 1 or not all(places)
        else:
            assert fold.left_out.size == 0
    if unseen != "both":
        assert_tested_once(folds, rna.size)


def test_unseen_both_tests_one_pair_in_k():
    rna, peptide = np.divmod(np.arange(10_000), 100)
    folds = splits.pair_kfold("unseen_both", rna, peptide)
    table = splits.summary(folds, 10_000)
    assert table.tested_share.iloc[-1] == pytest.approx(0.2)
    assert table.train.iloc[0] == 64 * 64
    assert table.valid.iloc[0] == 16 * 16
    assert table.test.iloc[0] == 20 * 20


def test_homology_folds_part_whole_families():
    rng = np.random.default_rng(0)
    rnas, peptides = (
        families(rng, letters, length) for letters, length in (("ACGU", 80), (PEPTIDE.letters, 60))
    )
    rna, peptide = rnas[rng.integers(60, size=900)], peptides[rng.integers(60, size=900)]
    groups = splits.pair_groups(list(rna), list(peptide))
    assert [np.unique(side).size for side in groups.T] == [20, 20]
    for new, sides in {"rna": [0], "peptide": [1], "both": [0, 1]}.items():
        folds = splits.pair_kfold(f"homology_{new}", rna, peptide)
        assert folds[0].name == f"homology_{new}_1"
        given_groups = splits.pair_kfold(f"homology_{new}", rna, peptide, groups=groups)
        for fold, same in zip(folds, given_groups, strict=True):
            assert_parts(fold, 900)
            np.testing.assert_array_equal(fold.test, same.test)
            for side in sides:
                splits.check(fold, groups[:, side])
    table = splits.summary(folds, 900, groups=groups)
    assert table["test_groups"].tolist() == [4] * 5 == table["test_groups_2"].tolist()
    assert table["largest_group"].iloc[0] == np.bincount(groups[:, 0]).max() / 900


def test_a_group_above_a_fifth_is_tested_whole_in_one_fold():
    rna = np.repeat(np.arange(9), [40, *[10] * 8])
    folds = splits.pair_kfold("homology_rna", ["A"] * 120, ["M"] * 120, groups=np.stack([rna, rna], axis=1))
    assert sorted(fold.test.size for fold in folds) == [20, 20, 20, 20, 40]
    table = splits.summary(folds, 120, groups=rna)
    assert table["largest_group"].tolist() == [1 / 3] * 5
    assert sorted(table["test_groups"]) == [1, 2, 2, 2, 2]


def families(rng, letters, length):
    """Twenty families of three chains with 95 % of their letters in common."""
    codes = np.repeat(rng.integers(len(letters), size=(20, length)), 3, axis=0)
    changed = rng.random(codes.shape) < 0.03
    codes[changed] = rng.integers(len(letters), size=changed.sum())
    return np.array(["".join(row) for row in np.array(list(letters))[codes]], dtype=object)


def test_chromosomes():
    chromosomes = np.array(["chr1", "chr2", "chr3", "", "chrX", "chr1"], dtype=object)
    fixed = chromosomes == ""
    folds = splits.by_chromosome(chromosomes, k=2, valid=0.4, train_only=fixed)
    for fold in folds:
        assert_parts(fold, 6)
        assert 3 in fold.train
        splits.check(
            fold._replace(train=np.setdiff1d(fold.train, [3])), [*chromosomes[:3], 9, *chromosomes[4:]]
        )
    tested = " ".join(fold.name for fold in folds)
    assert all(name in tested for name in ("chr1", "chr2", "chr3", "chrX"))
    assert folds[0].name.startswith("chromosome_1 (")


def test_as_many_chromosomes_as_folds():
    chromosomes = np.repeat([f"Chr{i}" for i in range(1, 6)], [50, 40, 45, 38, 47])
    for fold in splits.by_chromosome(chromosomes, k=5, y=np.arange(220) % 2):
        sides = [np.unique(chromosomes[part]).size for part in fold[:3]]
        assert sides == [3, 1, 1]


def test_another_seed_tests_other_chromosomes_together():
    chromosomes = np.repeat([f"chr{i}" for i in range(1, 11)], [90, 80, 75, 70, 60, 50, 45, 40, 30, 20])
    dealt = {
        tuple(sorted(fold.name.split(" ", 1)[1] for fold in splits.by_chromosome(chromosomes, seed=seed)))
        for seed in range(6)
    }
    assert len(dealt) >= 5
    sizes = [fold.test.size for seed in range(6) for fold in splits.by_chromosome(chromosomes, seed=seed)]
    assert min(sizes) > 0.4 * 560 / 5
    assert max(sizes) < 1.8 * 560 / 5


def test_classes_that_are_whole_groups_fill_every_fold():
    assert [fold.test.size for fold in splits.grouped_kfold([0, 1], k=2, y=[0, 1], valid=0)] == [1, 1]


def test_holdout():
    groups = np.repeat(np.arange(200), 5)
    y = groups % 2
    fold = splits.holdout(1000, groups=groups, y=y, seed=2)
    assert_parts(fold, 1000)
    splits.check(fold, groups)
    assert [part.size for part in fold[:3]] == [700, 150, 150]
    assert splits.holdout(10, valid=0, test=0.2).valid.size == 0


def test_given_takes_what_it_is_given():
    fold = splits.given([5, 1], np.array([2]), range(3, 5), name="theirs")
    assert (fold.name, fold.train.tolist(), fold.test.tolist()) == ("theirs", [1, 5], [3, 4])


def test_summary_with_labels():
    table = splits.summary(splits.random_kfold(20, k=2, y=[0, 1] * 10), 20, y=[0, 1] * 10)
    assert table.test_positive.tolist() == [0.5, 0.5]
    assert table.columns.tolist() == [
        "fold", "train", "valid", "test", "left_out", "tested_share",
        "train_positive", "test_positive",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: splits.random_kfold(3, k=5), "3 items cannot be dealt into k=5 folds"),
        (lambda: splits.random_kfold(9, k=1), "9 items cannot be dealt into k=1 folds"),
        (lambda: splits.random_kfold(9, k=2, valid=1.0), "valid is 1.0; expected a share"),
        (lambda: splits.random_kfold(6, k=3, y=[0, 0, 0, 0, 0, 1]), "class 1 of y has 1 items"),
        (lambda: splits.random_kfold(4, k=2, y=[0, 1]), r"y has shape \(2,\); expected \(4,\)"),
        (lambda: splits.random_kfold(2, k=2, y=[0.5, 1]), r"y\[0\] is 0.5; expected classes.*qcut"),
        (lambda: splits.random_kfold(2, k=2, y=["a", None]), r"y\[1\] is missing"),
        (lambda: splits.grouped_kfold(["a", "a", "b"], k=3), "grouped split: 2 groups for k=3"),
        (lambda: splits.grouped_kfold(["a", None], k=2), r"groups\[1\] is missing"),
        (lambda: splits.grouped_kfold([["a"]], k=2), r"groups has shape \(1, 1\)"),
        (lambda: splits.grouped_kfold(["a", "b"], k=2), "fold grouped_1: the valid part is empty"),
        (
            lambda: splits.by_chromosome(["c", "d", None], k=2, train_only=[True, False, False]),
            r"chromosomes\[2\] is missing",
        ),
        (lambda: splits.by_chromosome(["c"], k=2, train_only=[1]), "train_only has dtype int64"),
        (lambda: splits.pair_kfold("unseen_rna", "ab", "abc"), r"rna has shape \(\)"),
        (lambda: splits.pair_kfold("unseen_rna", ["a"], ["b", "c"]), "rna has 1 values, peptide 2"),
        (lambda: splits.pair_kfold("unseen_RNA", ["a"], ["b"]), "protocol is 'unseen_RNA'; expected one of"),
        (
            lambda: splits.pair_kfold("homology_rna", ["A"], ["M"], groups=np.zeros((1, 1))),
            r"groups has shape \(1, 1\); expected \(1, 2\)",
        ),
        (lambda: splits.pair_kfold("unseen_rna", ["a"], [""]), r"peptide\[0\] is missing"),
        (
            lambda: splits.pair_kfold("unseen_both", ["a", "b"], ["c", "c"], k=2),
            "unseen_both split: 1 groups for k=2 folds",
        ),
        (lambda: splits.holdout(9, valid=0.5, test=0.5), "valid is 0.5 and test 0.5"),
        (lambda: splits.holdout(9, groups=["a"]), "groups has 1 values; expected 9"),
        (lambda: splits.given([0], [0], [1]), "item 0 stands twice, in train and valid"),
        (lambda: splits.given([0, 0], [], [1]), "item 0 stands twice, in train"),
        (lambda: splits.given([-1], [], [1]), "train is an array of int64"),
        (lambda: splits.given([True, False], [], [1]), "train is an array of bool.*flatnonzero"),
        (
            lambda: splits.check(splits.given([0], [], [1]), ["g", "g"]),
            r"group 'g' is in train \(row 0\) and in test \(row 1\); 1 groups",
        ),
        (lambda: splits.check(splits.given([0], [], [5]), ["g", "h"]), "holds row 5, groups has 2 values"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_twenty_thousand_groups_are_split_evenly():
    folds = splits.grouped_kfold(np.arange(20_000), y=np.arange(20_000) % 2)
    assert [fold.test.size for fold in folds] == [4000] * 5
