"""Features with their catalogue, their cache and the numbers of the folding."""

import numpy as np
import pytest

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import features

SITE = "AACCGGUUACGUACGUUAGCA"
GUIDE = reverse_complement(SITE, RNA)


def test_features_have_a_catalogue_and_a_cache(tmp_path):
    mrna = "GGACU" * 12 + SITE + "ACGGA" * 12
    start = 60
    table = features.compute(
        [GUIDE, GUIDE], [mrna] * 2, [start] * 2, folding=features.Folding(folder=tmp_path)
    )
    catalogue = features.catalogue()
    assert table.columns.tolist() == catalogue["feature"].tolist()
    assert catalogue["feature"].is_unique
    assert (catalogue[["unit", "source"]] != "").all(axis=None)
    assert np.isfinite(table.to_numpy()).all()
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 4
    files[0].write_bytes(b"cut short")
    again = features.compute([GUIDE], [mrna], [start], folding=features.Folding(folder=tmp_path))
    assert np.allclose(again.iloc[0], table.iloc[0])


def test_features_refuse_rows_that_do_not_fit():
    with pytest.raises(ValueError, match="row 0: a guide of 20 nt"):
        features.compute([GUIDE[:20]], [SITE], [0])
    with pytest.raises(ValueError, match="row 0: a guide of 21 nt at 3 on an mRNA of 21 nt"):
        features.compute([GUIDE], [SITE], [3])
    with pytest.raises(ValueError, match="one of each a row"):
        features.compute([GUIDE], [SITE], [0, 1])
    with pytest.raises(ValueError, match="at least the 21"):
        features.accessibility("ACGU")


def test_folding_around_a_site_gives_the_numbers_of_the_whole():
    rng = np.random.default_rng(1)
    mrna = "".join(rng.choice(list("ACGU"), 900))
    start = 440
    whole = features.accessibility(mrna)
    guide = reverse_complement(mrna[start : start + 21], RNA)
    part = features.compute([guide], [mrna], [start]).iloc[0]
    assert part["open_site"] == pytest.approx(whole["open_site"][start], abs=1e-3)
    assert part["open_seed_site"] == pytest.approx(whole["open_seed_site"][start], abs=1e-3)
    assert part["unpaired_site"] == pytest.approx(whole["unpaired_nt"][start : start + 21].mean())


def test_a_site_whose_overhang_lies_beyond_the_mrna_has_all_features():
    mrna = reverse_complement(GUIDE, RNA)[2:] + "ACGUUGCAAGCUUAGC" * 3
    found = features.compute([GUIDE, GUIDE], [mrna, "GC" + mrna], [-2, 0])
    assert found.notna().all(axis=None)
    assert found["place"].tolist() == [0, 0]
    assert found["open_site"][0] == pytest.approx(found["open_site"][1], abs=3)
