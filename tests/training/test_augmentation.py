"""EvoAug and PhyloAug: edits that keep lengths, are seeded, and touch training rows only."""

import numpy as np
import pytest

from helpers.project import backend

backend.use("tensorflow")

from helpers.sequences.alphabet import DNA  # noqa: E402
from helpers.sequences.encoding import decode, one_hot, reverse_complement  # noqa: E402
from helpers.training import augmentation  # noqa: E402


def sequences(n=8, length=60, seed=0):
    rng = np.random.default_rng(seed)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))]


def only(**sizes):
    return augmentation.Edits(**dict.fromkeys(augmentation.EDITS, 0) | sizes)


def test_same_seed_same_edits():
    X = sequences()
    first = augmentation.EvoAug(seed=5)
    edited = [first(X) for _ in range(4)]
    second = augmentation.EvoAug(seed=5)
    for one in edited:
        np.testing.assert_array_equal(one, second(X))
    assert any((one != augmentation.EvoAug(seed=6)(X)).any() for one in edited)


@pytest.mark.parametrize("name", augmentation.EDITS)
def test_every_edit_keeps_shape_and_changes_something(name):
    X = sequences()
    size = {"reverse_complement": 1.0, "mutation": 0.2, "noise": 0.3}.get(name, 9)
    edited = augmentation.EvoAug(only(**{name: size}), most=1, seed=1)(X)
    assert edited.shape == X.shape
    assert (edited != X).any()
    if name != "noise":
        np.testing.assert_allclose(edited.sum(-1), 1)
        assert set(np.unique(edited)) == {0, 1}


def test_reverse_complement_is_the_reverse_complement():
    X = sequences(3)
    edited = augmentation.EvoAug(only(reverse_complement=1.0), most=1)(X)
    expected = [reverse_complement(text, DNA) for text in decode(X, DNA)]
    assert decode(edited, DNA) == expected


def test_inversion_turns_one_stretch_in_place():
    X = sequences(20)
    edited = augmentation.EvoAug(only(inversion=9), most=1, seed=2)(X)
    for before, after in zip(decode(X, DNA), decode(edited, DNA), strict=True):
        differ = [a != b for a, b in zip(before, after, strict=True)]
        if not any(differ):
            continue
        first, last = np.flatnonzero(differ)[[0, -1]]
        assert last - first < 9
        spans = [
            (i, j)
            for i in range(len(before))
            for j in range(i + 1, min(i + 9, len(before)) + 1)
            if before[:i] + reverse_complement(before[i:j], DNA) + before[j:] == after
        ]
        assert spans


def test_mutation_changes_about_its_share():
    X = sequences(40, 200)
    edited = augmentation.EvoAug(only(mutation=0.1), most=1)(X)
    assert 0.07 < (edited.argmax(-1) != X.argmax(-1)).mean() < 0.13


def test_unknown_bases_stay_distributions():
    X = one_hot(["ACGTNNACGTACGTACGTACGTACGTACGTACGTACGTACGTACGT"], DNA)
    edited = augmentation.EvoAug(only(translocation=5, mutation=0.1), most=2)(X)
    np.testing.assert_allclose(edited.sum(-1), 1)


@pytest.mark.parametrize("most", [0, 8])
def test_more_edits_than_there_are(most):
    with pytest.raises(ValueError, match=f"most is {most}; expected 1 to 7"):
        augmentation.EvoAug(most=most)


def test_no_edit_left():
    with pytest.raises(ValueError, match=r"expected 1 to 0, the number of edits in use"):
        augmentation.EvoAug(only(), most=1)


def test_phyloaug_swaps_linked_rows_only():
    X, related = sequences(4), sequences(3, seed=9)
    links = {10: [0, 2], 12: [1]}
    swap = augmentation.PhyloAug(related, links, rate=1.0, seed=0)
    rows = np.array([10, 11, 12, 13])
    seen = set()
    for _ in range(30):
        found = swap(X, rows)
        np.testing.assert_array_equal(found[[1, 3]], X[[1, 3]])
        np.testing.assert_array_equal(found[2], related[1])
        seen.add(next(i for i in (0, 2) if (found[0] == related[i]).all()))
    assert seen == {0, 2}
    np.testing.assert_array_equal(augmentation.PhyloAug(related, links, rate=0.0)(X, rows), X)


def test_the_swap_rate_is_kept():
    X, related = sequences(2000, 5), np.zeros((1, 5, 4), dtype=np.float32)
    found = augmentation.PhyloAug(related, {row: [0] for row in range(2000)}, rate=0.3, seed=1)(
        X, np.arange(2000)
    )
    assert 0.26 < (found.sum((1, 2)) == 0).mean() < 0.34


@pytest.mark.parametrize(
    ("rate", "links", "reason"),
    [(1.5, {}, "swap rate is 1.5"), (0.5, {0: [3]}, "a link names row 3 .* there are 2")],
)
def test_bad_phyloaug(rate, links, reason):
    with pytest.raises(ValueError, match=reason):
        augmentation.PhyloAug(sequences(2), links, rate=rate)


def test_batches_hold_every_row_once():
    X, y = sequences(10), np.arange(10)
    batches = augmentation.AugmentedBatches(X, y, strands="one", batch_size=4, seed=1)
    for _ in range(2):
        found = [batches[number] for number in range(len(batches))]
        labels = np.concatenate([labels for _, labels in found]).astype(int)
        assert sorted(labels) == list(range(10))
        np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), X[labels])
        batches.on_epoch_end()


def test_both_strands():
    X, y = sequences(6), np.arange(6)
    batches = augmentation.AugmentedBatches(X, y, strands="both", batch_size=12)
    found, labels = batches[0]
    for row in range(6):
        pair = found[labels == row]
        assert len(pair) == 2
        assert any((pair[i] == X[row]).all() for i in (0, 1))
        assert any((pair[i] == X[row, ::-1, ::-1]).all() for i in (0, 1))


def test_steps_are_given_the_rows():
    seen = []
    batches = augmentation.AugmentedBatches(
        sequences(4), np.zeros(4), rows=np.array([7, 8, 9, 10]), batch_size=4,
        steps=[lambda X, rows: seen.extend(rows) or X],
    )  # fmt: skip
    batches[0]
    assert sorted(seen) == [7, 8, 9, 10]


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"strands": "two"}, "strands is 'two'"), ({"y": np.zeros(3)}, "found 4 sequences and 3 labels")],
)
def test_bad_batches(options, reason):
    with pytest.raises(ValueError, match=reason):
        augmentation.AugmentedBatches(sequences(4), **{"y": np.zeros(4)} | options)
