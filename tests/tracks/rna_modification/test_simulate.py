"""The simulated windows: the truth is what the sequences hold, and git holds the sample."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.project import paths
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import simulate as simulation
from helpers.tracks.rna_modification.data import MODIFICATIONS, from_folder

SAMPLE = paths.root() / "data" / "sample" / "rna_modification"


@pytest.fixture(scope="module")
def large():
    return simulation.simulate(simulation.Plan(train=200, valid=1, test=1), seed=7)


@pytest.fixture(scope="module")
def texts(large):
    ids = large.windows["file"] + ":" + large.windows["id"]
    return dict(zip(ids, large.windows["sequence"], strict=True))


def test_git_holds_what_the_code_makes(tmp_path):
    written = simulation.write(tmp_path)
    there = [path for path in SAMPLE.rglob("*") if path.is_file()]
    names = {path.relative_to(tmp_path) for path in written}
    assert names == {path.relative_to(SAMPLE) for path in there}
    for name in names:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name
    assert sum(path.stat().st_size for path in there) < 2.5e6


def test_the_rules_are_in_the_order_of_the_modifications():
    assert [rule.name for rule in simulation.RULES] == list(MODIFICATIONS)
    assert [rule.base for rule in simulation.RULES] == [m.base for m in MODIFICATIONS.values()]


def test_a_motif_over_the_site_has_the_site_s_letter():
    for rule in simulation.RULES:
        consensus = simulation.MOTIFS[rule.motif][0]
        for offset in range(rule.first, rule.last + 1):
            if 0 <= -offset < len(consensus):
                assert consensus[-offset] == rule.base, rule.name


def test_two_motifs_are_shared_by_two_modifications_each():
    used = pd.Series([rule.motif for rule in simulation.RULES]).value_counts()
    assert used[used > 1].to_dict() == {"Nm": 2, "T-loop": 2}
    assert set(used.index) == set(simulation.MOTIFS)


def test_sites_stand_where_the_rules_say(large):
    rules = {rule.name: rule for rule in simulation.RULES}
    middle = simulation.Plan().length // 2
    for site in large.sites.itertuples():
        rule = rules[site.modification]
        assert site.motif == rule.motif
        assert site.stop - site.start == len(simulation.MOTIFS[site.motif][0])
        assert site.start - middle == site.first_offset
        assert rule.first <= site.first_offset <= rule.last


def test_planted_letters_follow_the_matrix(large, texts):
    for name, sites in large.sites.groupby("motif"):
        words = [texts[site.window_id][site.start : site.stop] for site in sites.itertuples()]
        X = np.array([[RNA.letters.index(letter) for letter in word] for word in words])
        share = (X[..., None] == np.arange(RNA.size)).mean(axis=0)
        wanted = simulation.ppm(name)
        tolerance = 4 * np.sqrt(wanted * (1 - wanted) / len(words)) + 1e-9
        # The site keeps its own letter, so its position may only be nearer to the consensus.
        assert (np.abs(share - wanted) <= tolerance + (share > wanted) * (1 - wanted)).all(), name


def test_positives_carry_their_motif_and_negatives_never(large):
    plan = simulation.Plan()
    carried = large.sites["window_id"].str.startswith("train").sum() / (200 * 10)
    assert abs(carried - plan.carried) < 4 * np.sqrt(plan.carried * (1 - plan.carried) / 2000)
    assert not large.sites["window_id"].str.contains("-0:").any()


def test_the_decoys_have_their_shares(large, texts):
    """Exact motifs at an allowed place are rare in negatives, and elsewhere as often as said."""
    plan = simulation.Plan()
    middle = plan.length // 2
    for number, rule in enumerate(simulation.RULES, 1):
        consensus = simulation.MOTIFS[rule.motif][0]
        allowed = {middle + at for at in range(rule.first, rule.last + 1)}
        negatives = [text for name, text in texts.items() if name.startswith(f"train/{number}-0:")]
        starts = [{i for i in range(len(text)) if text.startswith(consensus, i)} for text in negatives]
        assert np.mean([bool(found & allowed) for found in starts]) < 0.05, rule.name
        elsewhere = np.mean([bool(found - allowed) for found in starts])
        by_chance = plan.length * 4.0 ** -len(consensus) * 3
        slack = 4 * np.sqrt(plan.misplaced / 200)
        assert plan.misplaced - slack < elsewhere < plan.misplaced + by_chance + slack, rule.name


def test_both_classes_have_the_same_composition(large):
    frame = large.windows.assign(label=large.windows["file"].str[-1])
    # 30 nt at each end hold no motif and no decoy.
    ends = frame["sequence"].str[:30] + frame["sequence"].str[-30:]
    shares = [
        [ends[frame["label"] == label].str.count(letter).sum() for letter in RNA.letters] for label in "01"
    ]
    first, second = (np.array(one) / sum(one) for one in shares)
    assert np.abs(first - second).max() < 0.01


def test_the_background_follows_its_transitions(large):
    pairs = np.zeros((4, 4))
    for text in large.windows["sequence"]:
        codes = RNA.encode(text[:30])
        np.add.at(pairs, (codes[:-1], codes[1:]), 1)
    share = pairs / pairs.sum(axis=1, keepdims=True)
    assert np.abs(share - np.array(simulation.TRANSITIONS)).max() < 0.015
    assert np.allclose(np.sum(simulation.TRANSITIONS, axis=1), 1)


def test_the_sample_goes_through_the_loader_of_the_real_data():
    table = from_folder(SAMPLE)
    sites = pd.read_csv(SAMPLE / "truth_sites.csv")
    assert set(sites["window_id"]) <= set(table.loc[table["label"] == 1, "window_id"])
    assert sites["window_id"].is_unique


def test_the_rule_is_written_out():
    rule = json.loads((SAMPLE / "truth_rule.json").read_text())
    assert rule["what"].startswith("simulated")
    assert rule["letters"] == "ACGU"
    assert set(rule["modifications"]) == set(MODIFICATIONS)
    for name, motif in rule["motifs"].items():
        assert np.allclose(motif["ppm"], simulation.ppm(name), atol=1e-6)
        assert motif["source"] == "invented" or "doi:10." in motif["source"]


def test_the_same_seed_gives_the_same_sample():
    small = simulation.Plan(train=2, valid=1, test=1)
    one, two, other = (simulation.simulate(small, seed=seed).windows for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


@pytest.mark.parametrize("length", [150, 99])
def test_a_length_without_a_middle_or_without_room(length):
    with pytest.raises(ValueError, match=f"length is {length} nt; expected an odd number of at"):
        simulation.simulate(simulation.Plan(length=length))
