"""A network that knows the rule passes, one that counts words does not, and both are said to."""

import numpy as np
import pytest

from helpers.tracks.stress_response import grammar, simulate

MOTIFS = {
    name: {"counts": simulate.core(name).T.tolist(), "partner": partner, "effect": pair.effect}
    for pair in simulate.GRAMMAR
    for name, partner in (pair.motifs, pair.motifs[::-1])
}


def starts(X, name):
    word = simulate.core(name).argmax(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(X.argmax(axis=2), len(word), axis=1)
    return [np.flatnonzero((row == word).all(axis=1)) for row in windows]


def knows_the_rule(X, rows):
    found = np.zeros(len(X))
    for pair in simulate.GRAMMAR:
        for row, (one, other) in enumerate(zip(*(starts(X, name) for name in pair.motifs), strict=True)):
            near = one.size and other.size and np.abs(one[:, None] - other).min() < 24
            found[row] += pair.effect * bool(near)
    return found


def counts_words(X, rows):
    return sum(
        pair.effect * np.array([len(found) for found in starts(X, name)])
        for pair in simulate.GRAMMAR
        for name in pair.motifs
    )


def knows_half(X, rows):
    return knows_the_rule(X, rows) + counts_words(X, rows) / 2


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (knows_the_rule, "learnt"),
        (counts_words, "not learnt"),
        (knows_half, "learnt in part: the word counts by itself, too"),
    ],
)
def test_the_verdict(score, said):
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(20, 200))]
    table = grammar.insertions(score, X, MOTIFS, seed=1)
    assert set(table["measure"]) == {*grammar.PLACES, *grammar.GAPS}
    lines = grammar.verdict(table).splitlines()
    assert len(lines) == 4
    assert all(line.endswith(f"the rule was {said}.") for line in lines), lines


def test_a_word_that_any_neighbour_helps_did_not_learn_its_partner():
    X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(20, 200))]
    table = grammar.insertions(knows_the_rule, X, MOTIFS, seed=1)
    table.loc[table["measure"] == "beside_minus_stranger", ["value", "ci_low", "ci_high"]] = [0.0, -1.0, 1.0]
    said = grammar.verdict(table)
    assert said.count("not shown to add more beside its partner than beside a stranger") == 4
