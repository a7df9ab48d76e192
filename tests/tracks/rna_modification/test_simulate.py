"""The simulated windows: the truth is what the sequences hold, and git holds the sample."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from helpers.project import paths
from helpers.readers.fasta import iter_fasta
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import letters
from helpers.tracks.rna_modification import simulate as simulation
from helpers.tracks.rna_modification.data import MODIFICATIONS, audit, from_folder, loci, usable

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


def test_a_look_alike_differs_in_one_essential_letter():
    for motif in simulation.MOTIFS.values():
        assert len(motif.consensus) == len(motif.decoy) == simulation.WIDTH
        differs = [one != other for one, other in zip(motif.consensus, motif.decoy, strict=True)]
        assert sum(differs) == 1
        assert motif.essential == differs.index(True)


def test_offsets_vary_by_thirty_nt_and_spare_the_site():
    middle = simulation.Plan().length // 2
    for rule in simulation.RULES:
        offsets = rule.offsets
        assert np.ptp(offsets) >= 30
        assert rule.often in offsets
        assert not ((offsets <= 0) & (offsets > -simulation.WIDTH)).any()
        assert middle + offsets.max() + simulation.WIDTH <= middle + 41


def test_two_motifs_are_shared_by_two_modifications_each():
    used = pd.Series([rule.motif for rule in simulation.RULES]).value_counts()
    assert used[used > 1].to_dict() == {"Nm": 2, "T-loop": 2}
    assert set(used.index) == set(simulation.MOTIFS)


def test_words_stand_where_the_rules_say(large, texts):
    rules = {rule.name: rule for rule in simulation.RULES}
    middle = simulation.Plan().length // 2
    for site in large.sites.itertuples():
        rule, motif = rules[site.modification], simulation.MOTIFS[site.motif]
        assert site.motif == rule.motif
        assert site.stop - site.start == simulation.WIDTH
        assert site.start - middle == site.first_offset
        assert site.first_offset in rule.offsets
        letter = (motif.consensus if site.role == "site" else motif.decoy)[motif.essential]
        assert texts[site.window_id][site.start + motif.essential] == letter


def test_planted_letters_follow_the_matrix(large, texts):
    for name, sites in large.sites[large.sites["role"] == "site"].groupby("motif"):
        words = [texts[site.window_id][site.start : site.stop] for site in sites.itertuples()]
        X = np.array([[RNA.letters.index(letter) for letter in word] for word in words])
        share = (X[..., None] == np.arange(RNA.size)).mean(axis=0)
        wanted = simulation.ppm(name)
        assert (np.abs(share - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / len(words)) + 1e-9).all(), name


def test_labels_follow_the_site_but_for_the_share_that_is_wrong(large):
    plan = simulation.Plan()
    train = large.sites[large.sites["window_id"].str.startswith("train") & (large.sites["role"] == "site")]
    for label, wanted in (("1", 1 - plan.wrong), ("0", plan.wrong)):
        share = train["window_id"].str.contains(f"-{label}:").sum() / 2000
        assert abs(share - wanted) < 4 * np.sqrt(plan.wrong * (1 - plan.wrong) / 2000)


def test_decoys_say_nothing_of_the_label_and_stand_at_the_same_places(large):
    train = large.sites[large.sites["window_id"].str.startswith("train")]
    decoys, sites = (train[train["role"] == role] for role in ("decoy", "site"))
    rates = [decoys["window_id"].str.contains(f"-{label}:").sum() / 2000 for label in "01"]
    assert np.abs(np.array(rates) - np.mean(simulation.Plan().decoys)).max() < 0.05
    assert abs(len(decoys) - len(sites)) < 200, "as many as there are sites"
    for name, own in decoys.groupby("modification"):
        places = sites.loc[sites["modification"] == name, "first_offset"]
        assert ks_2samp(own["first_offset"], places).statistic < 0.15, name


def test_a_map_that_knows_places_or_frequent_words_cannot_tell_a_site_from_a_decoy(large, texts):
    """Nearness, the mean map of the class and counts of words are near .5; the words of a rule are not."""
    middle = simulation.Plan().length // 2
    own = large.sites[large.sites["window_id"].str.startswith("train")].reset_index(drop=True)
    own["word"] = [texts[one.window_id][one.start : one.stop] for one in own.itertuples()]
    own["nearness"] = -(own["start"] - middle).abs()
    for _, part in own.groupby("modification"):
        inside = [texts[window][middle - 40 : middle + 41] for window in set(part["window_id"])]
        words = Counter(text[i : i + 7] for text in inside for i in range(75))
        mean = part.loc[part["role"] == "site", "start"].value_counts()
        own.loc[part.index, "words"] = part["word"].map(words)
        own.loc[part.index, "mean map"] = part["start"].map(mean).fillna(0)
    kinds = ["nearness", "mean map", "words"]
    pairs = own.pivot_table(index="window_id", columns="role", values=kinds).dropna()
    found = {name: 0.5 + 0.5 * np.sign(pairs[name]["site"] - pairs[name]["decoy"]) for name in kinds}
    assert len(pairs) > 500
    for name, areas in found.items():
        assert abs(np.mean(areas) - 0.5) < 0.1, name


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
    assert set(sites["window_id"]) <= set(table["window_id"])
    assert (sites.groupby(["window_id", "role"]).size() == 1).all()
    bad = table[table["status"] == "rejected"]
    assert len(bad) == 7
    for words in ("an even number", "C is in the middle", "both T and U", "a gap", "stood further up"):
        assert bad["note"].str.contains(words).sum() == 1, words
    assert bad["note"].str.contains("under the other label").sum() == 2


def test_near_copies_are_there_to_be_found():
    near = audit(usable(from_folder(SAMPLE)))
    shares = near.groupby("label")["near_same"].mean()
    assert 0.02 < shares[0] < 0.09
    assert 0.1 < shares[1] < 0.2
    groups = pd.Series(loci(usable(from_folder(SAMPLE))))
    assert (groups[groups.str.startswith("locus")].value_counts() > 1).sum() > 50


def test_no_model_can_reach_one(large):
    best = simulation.best_possible(simulation.simulate(simulation.Plan(train=1, valid=1, test=400)))
    assert abs(best.loc["mean", "auroc"] - (1 - simulation.Plan().wrong)) < 0.01
    rule = json.loads((SAMPLE / "truth_rule.json").read_text())
    assert 0.9 < rule["best_possible"]["mean"]["auroc"] < 0.98
    assert set(rule["best_possible"]) == {*MODIFICATIONS, "mean"}


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


def test_the_transcripts_hold_what_their_truth_says():
    truth = pd.read_csv(SAMPLE / "truth_transcripts.csv")
    texts = {one.id: letters.clean(one.sequence).sequence for one in iter_fasta(SAMPLE / "transcripts.fasta")}
    for row in truth.to_dict("records"):
        text = texts[row["transcript"]]
        assert text[row["position"] - 1] == row["base"]
        word = text[row["motif_first"] - 1 : row["motif_last"]]
        motif = simulation.MOTIFS[row["motif"]]
        wanted = motif.consensus if row["role"] == "site" else motif.decoy
        assert word[motif.essential] == wanted[motif.essential]
        assert sum(a == b for a, b in zip(word, wanted, strict=True)) >= 5
    scanned = sum(len(texts[name]) for name in set(truth["transcript"]))
    # Of all pairs of a letter and a modification that it may bear, about one in four hundred is modified.
    assert 0.001 < (truth["role"] == "site").sum() / (2.5 * scanned) < 0.005


def test_a_training_window_stands_in_the_last_transcript():
    texts = [letters.clean(one.sequence).sequence for one in iter_fasta(SAMPLE / "transcripts.fasta")]
    known = usable(from_folder(SAMPLE))
    known = known.loc[known["split"] == "train", "sequence"]
    assert sum(text in texts[5] for text in known) == 1
