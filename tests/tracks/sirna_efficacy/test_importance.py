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
    assert importance.at_partners(importance.planted_maps(2)).sum() == 22
