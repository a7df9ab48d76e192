"""Edits of a promoter: within their budget, as many at random, and judged by the planted rule."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.stress_response import design, simulate

RNG = np.random.default_rng(1)
START = "".join(RNG.choice(list("ACGT"), 60))


def test_a_population_stays_within_its_budget_and_its_places():
    found = design.evolve(
        lambda texts: np.array([-text.count("G") for text in texts]), START, budget=3,
        places=np.arange(20, 40), seed=2,
    )  # fmt: skip
    changed = [n for n, (a, b) in enumerate(zip(START, found, strict=True)) if a != b]
    assert found.count("G") == START.count("G") + 3
    assert len(changed) == 3
    assert set(changed) <= set(range(20, 40))


@pytest.mark.parametrize("matched", [False, True])
def test_random_edits_are_as_many(matched):
    end = design.applied(START, {n: "ACGT"[("ACGT".index(START[n]) + 1) % 4] for n in (3, 30, 50)})
    found = design.random_edits(START, end, 20, matched=matched, places=np.arange(60), seed=1)
    assert {len(design.edits(START, text).split()) for text in found} == {3}
    assert len(set(found)) > 15
    if matched:
        assert {"".join(sorted(text)) for text in found} == {"".join(sorted(end))}


def test_the_rule_reads_what_was_planted():
    sample = simulate.simulate(simulate.Plan(genes=60, unrelated=0))
    genes = sample.promoters[simulate.MAIN].drop_duplicates("gene_id").set_index("gene_id")["sequence"]
    first = sample.sites[sample.sites["gene_id"].isin(genes.index)]
    told = first[first["role"] == "site"].drop_duplicates(["gene_id", "pair"])
    expected = told.groupby("gene_id")["effect"].sum().reindex(genes.index).fillna(0) + simulate.BASE
    found = genes.map(design.planted)
    assert (found - expected).abs().lt(0.01).mean() > 0.9


def test_an_order_says_what_is_ordered():
    table = pd.DataFrame({"id": ["g"], "method": ["beam"], "start": ["ACGT"], "sequence": ["AAAT"]})
    row = design.order(table).iloc[0]
    assert row.tolist() == ["g_beam", 4, 2, "C2A G3A", 0.0, 3, "AAAT"]


@pytest.fixture(scope="module")
def designer():
    pytest.importorskip("torch")
    import keras

    from helpers.explain.torch_view import forward_only

    if keras.backend.backend() != "torch":
        pytest.skip("the search runs under the torch backend")
    x = keras.Input((60, 4))
    y = keras.layers.Conv1D(1, 1, use_bias=False)(x)
    model = keras.Model(x, keras.layers.Dense(1, "sigmoid")(keras.layers.GlobalAveragePooling1D()(y)))
    model.set_weights([np.array([[[0], [0], [60], [0]]]), np.array([[1.0]]), np.array([0.0])])
    found = design.Designer.__new__(design.Designer)
    found.view, found.length = forward_only(model), 60
    return found


@pytest.mark.parametrize("method", design.METHODS)
def test_every_method_finds_what_is_wanted(designer, method):
    wanted = START.count("G") + 3.0
    found = designer.search(START, method, wanted=wanted, budget=4, first=10, last=50)
    assert designer.score([found])[0] == pytest.approx(wanted, abs=0.01)
    assert len(design.edits(START, found).split()) <= 4
    assert found[:10] == START[:10]


def test_another_length_is_refused(designer):
    with pytest.raises(ValueError, match="has 3 nt; this network reads 60"):
        designer.search("ACG", "beam", wanted=0, budget=1)
    with pytest.raises(ValueError, match="method is 'best'; expected one of greedy"):
        designer.search(START, "best", wanted=0, budget=1)
