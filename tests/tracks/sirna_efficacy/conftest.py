"""A small simulated sample, its table, and a hybrid that was fitted to it for two epochs."""

import numpy as np
import pytest

from helpers.tracks.sirna_efficacy import features, predictors, simulate
from helpers.tracks.sirna_efficacy.target_sites import context


@pytest.fixture(scope="session")
def small():
    return simulate.simulate(simulate.Plan(mrnas=4, copies=0, guides=15, lengths=(120, 140)), seed=3)


@pytest.fixture(scope="session")
def table(small):
    rows = small.sirnas
    mrnas = [small.mrnas[name] for name in rows["mRNA"]]
    guides, starts = rows["guide"].tolist(), rows["start"].tolist()
    computed = features.compute(guides, mrnas, starts)
    contexts = [context(m, s) for m, s in zip(mrnas, starts, strict=True)]
    return predictors.Table(guides, contexts, mrnas, starts=starts, features=computed, y=rows["efficacy"])


@pytest.fixture(scope="session")
def fitted(table):
    hybrid = predictors.Hybrid(table, epochs=2, batch_size=16, width=4, units=4, read=2, members=2)
    hybrid.fit(np.arange(40), np.arange(40, 60))
    return hybrid
