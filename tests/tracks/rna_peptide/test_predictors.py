"""The models of the comparison, on pairs small enough to fit in seconds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.project import backend

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.tracks.rna_peptide import predictors  # noqa: E402
from helpers.tracks.rna_peptide.network import build_cross_attention  # noqa: E402
from helpers.tracks.rna_peptide.simulate import Plan, simulate  # noqa: E402


@pytest.fixture(scope="module")
def table():
    """Pairs by the rule, some labels wrong."""
    plan = Plan(ancestors=32, homologs=2, pairs=300, duplicates=0, contradictions=0)
    pairs = simulate(plan, seed=3).pairs
    return predictors.PairTable(pairs["rna_seq"], pairs["protein_seq"], pairs["label"])


@pytest.fixture(scope="module")
def parts(table):
    rows = np.random.default_rng(1).permutation(len(table))
    return rows[:200], rows[200:240], rows[240:]


def makers(table):
    network = {"epochs": 1, "seed": 1}
    return {
        "network": lambda: predictors.Network(table, **network),
        "original": lambda: predictors.Original(table, length=60, epochs=2, seed=1),
        "trees": lambda: predictors.Trees(table, trees=20, seed=1),
        "counts": lambda: predictors.Counts(table, seed=1),
        "neighbours": lambda: predictors.Neighbours(table, seed=1),
    }


@pytest.mark.parametrize("name", ["network", "original", "trees", "counts", "neighbours"])
def test_same_seed_same_probabilities(table, parts, name):
    train, valid, test = parts
    found = []
    for _ in range(2):
        predictor = makers(table)[name]()
        predictor.fit(train, valid)
        found.append(predictor.predict(test))
    assert found[0].shape == test.shape
    assert ((found[0] >= 0) & (found[0] <= 1)).all()
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


@pytest.mark.parametrize("name", ["trees", "counts", "neighbours"])
def test_labels_of_the_test_rows_are_never_read(table, parts, name):
    train, valid, test = parts
    flipped = predictors.PairTable(table.rna, table.peptide, table.y.copy())
    flipped.y[test] = 1 - flipped.y[test]
    answers = []
    for one in (table, flipped):
        predictor = makers(one)[name]()
        predictor.fit(train, valid)
        answers.append(predictor.predict(test))
    np.testing.assert_array_equal(answers[0], answers[1])


def test_ours_weighs_the_network_with_the_neighbours(table, parts):
    train, valid, test = parts
    network = predictors.Network(table, epochs=1, seed=1)
    neighbours = predictors.Neighbours(table, seed=1)
    ours = training.Blend({"network": network, "neighbours": neighbours}, intercept=False)
    ours.fit(train, valid)
    assert set(ours.predict(test)) == {"ours", "network", "neighbours"}
    # When all is chosen, pairs of the validation part are neighbours, too.
    assert set(neighbours._known) == {*train, *valid}


def test_every_run_of_the_comparison_has_its_own_seed(table):
    models = predictors.Comparison(epochs=3, original_epochs=4)
    first, second = (models.makers(table, seed) for seed in (1, 11))
    assert list(first) == ["original", "ours", "baseline", "counts", "control"]
    assert "control" not in models.makers(table, 1, control=False)
    for name in first:
        one, other = (make[name]().settings for make in (first, second))
        assert (one["seed"], other["seed"]) == (1, 11)
    control = first["control"]().settings
    # The control is our network, trained as long, on labels that the run's seed shuffles.
    assert control["network"] == first["ours"]().settings
    hybrid = predictors.Comparison(epochs=3, hybrid=True)
    assert list(hybrid.ours(table, 1).parts) == ["network", "neighbours"]
    assert hybrid.shuffled(table, 1).settings["network"]["model"] == "network"


def test_counts_find_the_gap_that_a_held_out_pair_leaves():
    chains = [("ACGU" * 5)[i : i + 10] for i in range(4)]
    peptides = ["MKVLAGE"[:i] for i in range(3, 7)]
    rng = np.random.default_rng(0)
    # Every peptide four times with each label, so that its counts tell what is missing.
    rna = rng.choice(chains, size=32).tolist()
    table = predictors.PairTable(rna, peptides * 8, np.repeat([0, 1], 16))
    counts = predictors.Counts(table)
    rows = np.arange(32)
    counts.fit(np.delete(rows, 0), np.zeros(0, dtype=int))
    assert counts._describe(rows[:1])[0, 2:].tolist() == [3, 4]


def test_shuffled_labels_reach_the_network_and_no_test_row(table, parts, monkeypatch):
    train, valid, test = parts
    seen = {}
    network = predictors.Network(table, epochs=1)
    monkeypatch.setattr(network, "fit", lambda train, valid, *, y: seen.update(y=y))
    training.Shuffled(network, seed=5).fit(train, valid)
    assert (seen["y"][train] != table.y[train]).any()
    assert seen["y"][train].sum() == table.y[train].sum()
    np.testing.assert_array_equal(seen["y"][test], table.y[test])


def test_cards_hold_what_a_loader_checks(table, parts):
    train, valid, _ = parts
    original = makers(table)["original"]()
    original.fit(train, valid)
    card = original.card()
    assert card["rna_alphabet"] == "ACGU"
    assert (card["rna_length"], card["truncate"]) == (60, True)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="found 1 RNAs, 2 peptides and 1 labels"):
        predictors.PairTable(["ACGU"], ["MK", "ML"], [1])


def chains_of(table, n):
    return table.chains(np.arange(n)), np.arange(n) % 2


def test_stages_keep_the_better_one(table):
    inputs, y = chains_of(table, 32)
    model = build_cross_attention(filters=4, keys=3, interaction_units=4, composition=4)
    result = predictors.fit_in_stages(
        model, inputs, y, valid=(inputs, y), schedule=training.Schedule(epochs=1), verbosity=0
    )
    assert result.history["stage"].unique().tolist() == ["composition", "whole"]
    assert result.history["epoch"].tolist() == list(range(1, len(result.history) + 1))
    best = result.history.set_index("epoch")["val_auroc"]
    assert best[result.best_epoch] == best.max()


def test_a_control_keeps_the_last_epoch_of_the_second_stage(table):
    inputs, y = chains_of(table, 16)
    model = build_cross_attention(filters=4, keys=3, interaction_units=4, composition=4)
    schedule = training.Schedule(epochs=2, patience=1, last=True)
    result = predictors.fit_in_stages(model, inputs, y, valid=(inputs, 1 - y), schedule=schedule, verbosity=0)
    assert result.history["stage"].value_counts().to_dict() == {"composition": 40, "whole": 2}
    assert result.best_epoch == 42
    kernel = model.get_layer("interaction_dense").get_weights()[0]
    assert kernel.any(axis=1).all(), "the attention, at zero before the second stage, has moved"


def test_a_network_without_composition_has_one_stage(table):
    inputs, y = chains_of(table, 16)
    model = build_cross_attention(filters=4, keys=3, interaction_units=4)
    result = predictors.fit_in_stages(
        model, inputs, y, valid=(inputs, y), schedule=training.Schedule(epochs=1), verbosity=0
    )
    assert "stage" not in result.history


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=30))
def test_either_label_weighs_the_same_in_every_group(rows):
    groups, y = np.array(rows).T
    weight = predictors.balance(groups, y)
    for group in np.unique(groups):
        own = [weight[(groups == group) & (y == label)].sum() for label in (0, 1)]
        assert own[0] == pytest.approx(own[1], abs=1e-4)
