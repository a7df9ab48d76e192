"""What features and units are worth; the planted truth."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.sirna_efficacy import associations, importance


def test_relations_and_importance_refuse_too_few_rows():
    with pytest.raises(ValueError, match="no group has 10 rows"):
        associations.within_groups(pd.DataFrame({"x": [1.0, 2.0]}), [1, 2], ["a", "a"])
    with pytest.raises(ValueError, match="two or more"):
        importance.permutation_importance(lambda x: x[0], [np.zeros((1, 1))], {})


def test_units_hold_every_feature_once():
    units = importance.family_units([["a", "c"], ["b"]], ["a", "b", "c"])
    assert units["a + c"][0][1].tolist() == [0, 2]
    with pytest.raises(ValueError, match="expected every feature once"):
        importance.family_units([["a"]], ["a", "b"])
    assert importance.at_partners(importance.planted_maps(["2 9", "3"])).sum() == 3


def test_a_guide_and_its_partners_change_together(table):
    guide, target = table.guide[:6].copy(), table.target[:6].copy()
    partners = [importance.paired_position(place) for place in range(21)]
    seen = []
    score = importance.matched_score(lambda x: seen.append(x) or x[0][:, 0, 0], [guide, target, guide[:, 0]])
    changed = np.roll(guide, 1, axis=2)
    assert score(changed, np.arange(6)).tolist() == changed[:, 0, 0].tolist()
    assert (seen[0][1][:, partners] == changed[:, :, ::-1]).all()
    assert (target == table.target[:6]).all()
