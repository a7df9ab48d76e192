"""Explanations of the runs' networks: what stands in which map, and what the rule says of insertions."""

import numpy as np
import pytest

from helpers import training
from helpers.splits import given
from helpers.tracks.gene_expression import data as expression
from helpers.tracks.gene_expression import explaining, predictors, simulate, tasks

# Keras 3.15 under numpy 2.4, whenever it turns a weight into an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = {"filters": 2, "shared": 2, "pool": 20, "recurrent": 2, "width": 5}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    made = simulate.simulate(simulate.Plan(loci=60, random=0))
    made.promoters.to_csv(folder / "promoters.csv", index=False)
    made.elements.to_csv(folder / "truth_elements.csv", index=False)
    made.expected.to_csv(folder / "truth_expected.csv", index=False)
    data = expression.from_own(folder / "promoters.csv")
    table = predictors.PromoterTable(data.promoters["sequence"], data.values.to_numpy())
    n = len(table)
    fold = given(np.arange(n - 20), np.arange(n - 20, n - 5), np.arange(n - 5, n))
    schedule = training.Schedule(epochs=1, patience=1, batch_size=32, seed=1)
    networks = predictors.trained(table, fold, size=SIZE, schedule=schedule)
    return data, table, fold, networks, folder / "truth_elements.csv"


def test_maps_of_runs_stand_behind_each_other(sample):
    data, _, fold, networks, truth = sample
    runs = {
        run: explaining.explain_run(
            data, fold, networks, n=12, steps=2, seed=run, truth=truth, factors="", taxon=""
        )
        for run in (1, 2)
    }
    found = explaining.join(runs)
    assert found.items["run"].tolist() == [1] * 12 + [2] * 12
    assert set(found.items["promoter"]) <= set(fold.valid)
    assert {*explaining.METHODS, *explaining.TRIVIAL, tasks.UNTRAINED, tasks.SHUFFLED} < set(found.maps)
    assert all(values.shape == (24, 200, 8) for values in found.maps.values())
    assert not (found.sites & found.decoys).any()
    for element in found.elements.itertuples():
        assert found.items["id"][element.row] == element.id
        inside = slice(element.start, element.stop)
        assert found.sites[element.row, inside, 0].all() == (abs(element.K562) >= 0.25)
    rows = explaining.score(found, data.cell_types, dataset="simulated")
    assert set(rows["metric"]) == {"explanation_auroc", "explanation_auroc_decoy"}
    assert len(rows) == 2 * 8 * len(found.maps)
    ahead = explaining.lead(found, data.cell_types)
    assert len(ahead) == len(explaining.METHODS) * 8
    shown = explaining.drawn(found, data.promoters["sequence"], data.cell_types, n=2)
    assert len(shown) == 2 * 8 * 200
    table, curves = explaining.gate(
        found, {1: networks, 2: networks}, cell_types=data.cell_types, dataset="simulated", draws=1
    )
    assert set(table["verdict"]) <= {"shown", "not shown"}
    assert set(explaining.METHODS) < set(table["model"])
    assert set(curves["order"]) == {"most", "least", "random"}


def test_insertions_stand_beside_the_rule(sample):
    found = explaining.insertions({1: sample[3]}, n=4).set_index("what")
    assert found.loc["TATA and initiator", "rule"] == pytest.approx(2.4)
    for what in ("TATA, alone", "initiator, alone", "look-alike of GC box", "enhancer 2"):
        assert found.loc[what, "rule"] == 0
    assert found.loc["GC box", "rule"] == pytest.approx(0.9)
    assert np.isfinite(found["network"]).all()


def test_the_best_prediction_is_the_rule_without_noise(sample):
    data, truth = sample[0], sample[4]
    best = expression.expected(data, truth)
    assert list(best.columns) == data.cell_types
    gap = (data.values - best).to_numpy()
    assert np.nanstd(gap) == pytest.approx(0.6 / np.sqrt(2), abs=0.05)
