"""Filters that say why, and guides that keep apart."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.sirna_efficacy import scan


def test_scan_filters_say_why_and_choose_keeps_apart():
    mrna = "ACGUUGCAAGCUUACGGAUCCAGUUACGN"
    table = scan.tile(mrna)
    assert len(table) == len(mrna) - 20
    assert not table["known"].iloc[-1]
    seeds = np.full(len(table), 3)
    limits = scan.Limits(gc_low=0.0, gc_high=1.0, longest_run=10, most_seed_matches=2)
    reasons = scan.why_not(table["guide"], seeds, limits)
    assert reasons[0] == "seed in 3 transcripts, allowed 2"
    assert "unknown residue" in reasons[-1]
    table["filter"], table["efficacy"] = "", np.linspace(0, 1, len(table))
    chosen = scan.choose(table, 5, apart=4)
    assert chosen["start"].tolist() == [8, 4, 0]
    assert scan.order(chosen, "g")["sequence"].str.len().eq(21).all()
    with pytest.raises(ValueError, match="expected at least 21"):
        scan.tile("ACGU")


def test_a_choice_of_nothing_says_what_each_filter_cost():
    both = "GC 0 %, allowed 30 to 60; seed in 9 transcripts, allowed 0"
    reasons = [both, "seed in 2 transcripts, allowed 0"]
    table = pd.DataFrame({"start": [0, 1], "efficacy": [0.9, 0.8], "filter": reasons})
    with pytest.raises(ValueError, match=r"none of 2 guides .*GC 1, runs 0, seed matches 2.*seed_matches"):
        scan.choose(table, 1)


def test_isoforms_are_named_and_the_fewest_seed_matches_are_taken():
    mrna = "ACGUUGCAAGCUUACGGAUCCAGUUACG"
    transcripts = {"target": mrna, "isoform": "GG" + mrna, "other": "ACGU" * 9}
    others = scan.off_targets(transcripts, mrna)
    assert scan.shared_sites(mrna, others).to_dict() == {"isoform": 1.0, "other": 0.0}
    assert list(scan.off_targets(transcripts, mrna, "isoform")) == ["other"]
    with pytest.raises(ValueError, match="isoforms names nobody"):
        scan.off_targets(transcripts, mrna, "isoform nobody")
    guides = scan.tile(mrna)["guide"].tolist()
    limits = scan.Limits(gc_low=0.0, gc_high=1.0, longest_run=10, most_seed_matches=0)
    seeds = np.arange(3, 3 + len(guides))
    assert scan.widened(guides, seeds, limits, n=2).most_seed_matches == 4
    assert scan.widened(guides, seeds * 0, limits, n=2) == limits
    assert scan.widened(guides, seeds, limits._replace(gc_low=0.99), n=2).most_seed_matches == 0
