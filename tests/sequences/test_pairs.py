"""Pairs of sets, against all of them compared one by one."""

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from helpers.sequences import pairs


@pytest.mark.parametrize("room", [1, 20, 1 << 22])
def test_pairs_are_those_of_all_comparisons(monkeypatch, room):
    monkeypatch.setattr(pairs, "_ROOM", room)
    rng = np.random.default_rng(room)
    sets = rng.random((40, 12)) < 0.3
    sets[3] = False
    least = rng.uniform(0, 4, 40)
    expected = []
    for one, other in combinations(range(40), 2):
        common = (sets[one] & sets[other]).sum()
        if common and common >= min(least[one], least[other]):
            expected.append((one, other, common))
    blocks = list(pairs.pairs_in_common(sparse.csr_matrix(sets.astype(int)), least))
    found = np.concatenate([np.stack(block, axis=1) for block in blocks])
    assert sorted(map(tuple, found.tolist())) == expected
    firsts = [set(first.tolist()) for first, *_ in blocks]
    assert len(set.union(*firsts)) == sum(map(len, firsts)), "a first set stands in one block"
