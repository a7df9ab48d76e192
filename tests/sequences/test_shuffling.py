"""Shuffles of sequences, against ones drawn step by step with NumPy and against all that there can be."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import decode, one_hot
from helpers.sequences.shuffling import shuffle_all

SHAPES = {
    "whole": lambda X: X,
    "unknown letters": lambda X: np.where(np.arange(X.shape[1])[None, :, None] % 9 == 4, 0.25, X),
    "padding": lambda X: X * (np.arange(X.shape[1]) < np.array([30, 3, 0, 17])[:, None])[..., None],
    "one letter": lambda X: np.broadcast_to(X[:, :1], X.shape),
    "an end that is hard to find": lambda X: np.where(np.arange(X.shape[1])[None, :, None] == 29, 0.25, X),
}


@pytest.mark.parametrize("change", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("letters", [4, 20])
def test_they_are_those_drawn_one_by_one(change, letters):
    rng = np.random.default_rng(letters)
    X = change(np.eye(letters, dtype=np.float32)[rng.integers(letters, size=(4, 30))]).astype(np.float32)
    found = shuffle_all(X, 5, range(4))
    for row, item in enumerate(X):
        residues = [tuple(residue) for residue in item[item.sum(axis=1) > 0].tolist()]
        rng = np.random.default_rng(row)
        for shuffle in found[row]:
            expected = drawn(residues, rng) if len(residues) > 3 else residues
            np.testing.assert_array_equal(shuffle[: len(residues)], np.reshape(expected, (-1, letters)))
            assert not shuffle[len(residues) :].any()


def drawn(text, rng):
    followers = {letter: [] for letter in text}
    for letter, follower in pairwise(text):
        followers[letter].append(follower)
    last, in_tree = {}, {text[-1]}
    for start in followers:
        letter = start
        while letter not in in_tree:
            last[letter] = followers[letter][rng.integers(len(followers[letter]))]
            letter = last[letter]
        letter = start
        while letter not in in_tree:
            in_tree.add(letter)
            letter = last[letter]
    left = {letter: items.copy() for letter, items in followers.items()}
    for letter, items in left.items():
        at_end = [last[letter]] if letter in last else []
        for end in at_end:
            items.remove(end)
        items[:] = [items[place] for place in rng.permutation(len(items))] + at_end
    found = [text[0]]
    while left[found[-1]]:
        found.append(left[found[-1]].pop(0))
    return found


def shuffled(text, n, seed):
    return decode(shuffle_all(one_hot([text], RNA), n, [seed])[0], RNA)


@given(st.text("ACGUN", max_size=60), st.integers(0, 2**32 - 1))
def test_pairs_and_ends_stay(text, seed):
    (found,) = shuffled(text, 1, seed)
    assert Counter(pairwise(found)) == Counter(pairwise(text))
    assert (found[:1], found[-1:]) == (text[:1], text[-1:])
    assert found == shuffled(text, 2, seed)[0]


def test_every_sequence_with_the_same_pairs_comes_equally_often():
    draws = Counter(shuffled("ACAGAUACA", 6000, 0))
    loops = ["CA", "CA", "GA", "UA"]
    possible = {"A" + "".join(order) for order in permutations(loops)}
    assert set(draws) == possible
    expected = 6000 / len(possible)
    chi_square = sum((draws[p] - expected) ** 2 / expected for p in possible)
    assert chi_square < 31.3  # 0.999 quantile at 11 degrees of freedom
