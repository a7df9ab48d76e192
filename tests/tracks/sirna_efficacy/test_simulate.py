"""The sample is what the code makes, and its truth can fail."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.tracks.sirna_efficacy import simulate

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample" / "sirna_efficacy"
TRUTH = pd.read_csv(SAMPLE / "truth_sirna.csv", keep_default_na=False)


def places(texts):
    found = np.zeros((len(texts), 22), dtype=bool)
    for row, text in zip(found, texts, strict=True):
        row[[int(place) for place in text.split()]] = True
    return found


def test_git_holds_what_the_code_makes(tmp_path):
    for path in simulate.write(tmp_path):
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name


def test_a_decoy_is_as_common_as_a_site_at_every_place_and_for_every_letter():
    sites, decoys, wrong = (places(TRUTH[name]) for name in ("sites", "decoys", "mismatches"))
    there = slice(2, 16)
    assert (sites ^ decoys)[:, there].all()
    assert np.abs(sites[:, there].mean(axis=0) - 0.5).max() < 0.06
    letters = np.array([list(guide) for guide in TRUTH["guide"]])
    for letter in "ACGU":
        assert abs(sites[:, there][letters[:, 1:15] == letter].mean() - 0.5) < 0.06, letter
    # A mismatch comes as often at either, and costs at a site alone.
    broken = [(wrong & kind).sum() for kind in (sites, decoys)]
    assert abs(np.log(broken[0] / broken[1])) < 0.15
    cost = -simulate.DEFAULT.mismatch * (wrong & sites).sum(axis=1)
    assert np.allclose(TRUTH["pairing"].astype(float), cost)


def test_noise_bounds_every_model():
    best = json.loads((SAMPLE / "truth_rule.json").read_text())["best_possible"]
    assert 0.85 < best["mrna_disjoint_5fold"]["pearson"] < best["random_10fold"]["pearson"] < 0.97
