import json

import numpy as np
import pandas as pd
import pytest

from helpers.project import paths
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.sequences.encoding import kmer_counts
from helpers.tracks.rna_peptide import simulate


@pytest.fixture(scope="module")
def sample():
    return simulate.simulate()


def sides(sample):
    return (
        (sample.rna, sample.rna_words, simulate.RNA_MOTIFS, simulate.RNA_LOOKALIKES),
        (sample.peptide, sample.peptide_words, simulate.PEPTIDE_MOTIFS, simulate.PEPTIDE_LOOKALIKES),
    )


def test_every_chain_carries_two_words_where_the_truth_says(sample):
    for chains, words, motifs, lookalikes in sides(sample):
        sequence = chains.set_index("id")["sequence"]
        assert sequence.is_unique
        for row in words.itertuples():
            assert sequence[row.id][row.start : row.stop] == row.word
            assert row.word == (motifs if row.role == "site" else lookalikes)[row.family]
        assert (words.groupby("id").size() == simulate.WORDS).all()
        for text in sequence:
            assert sum(text.count(word) for word in (*motifs, *lookalikes)) == simulate.WORDS


def test_lookalikes_are_as_common_as_motifs_and_two_letters_away(sample):
    for _, words, motifs, lookalikes in sides(sample):
        counts = words.groupby(["role", "word"]).size()
        assert len(counts) == len(motifs) + len(lookalikes)
        assert counts.min() > 0.6 * counts.max()
        means = counts.groupby("role").mean()
        assert means["decoy"] == pytest.approx(means["site"], rel=0.05)
        for motif, other in zip(motifs, lookalikes, strict=False):
            assert sum(a != b for a, b in zip(motif, other, strict=True)) == 2


def test_words_stand_anywhere(sample):
    for _, words, _, _ in sides(sample):
        spread = words.groupby("word")["start"].agg(lambda start: start.max() - start.min())
        assert spread.min() >= 30


def test_labels_follow_the_rule_but_for_the_stated_noise(sample):
    pairs = sample.pairs.drop_duplicates(["rna_seq", "protein_seq"])
    bound = simulate.binds(sample, pairs)
    assert abs((bound != pairs["label"]).mean() - simulate.Plan().flipped) < 0.001
    assert pairs["label"].mean() == pytest.approx(0.5, abs=0.001)
    held = [
        words[words["role"] == "site"].groupby("id")["family"].agg(set)
        for words in (sample.rna_words, sample.peptide_words)
    ]
    by_hand = [
        bool(held[0][rna] & held[1][peptide])
        for rna, peptide in zip(pairs["rna_id"], pairs["protein_id"], strict=True)
    ]
    assert bound.tolist() == by_hand


def test_one_chain_alone_says_nothing(sample):
    # Neither how many motifs a chain has nor any of its words goes with the label.
    pairs = sample.pairs
    for (_, words, *_), column in zip(sides(sample), ("rna_id", "protein_id"), strict=True):
        motifs = words[words["role"] == "site"].groupby("id").size()
        assert pairs["label"].groupby(pairs[column].map(motifs)).mean().between(0.48, 0.52).all()
        carried = words.groupby("word")["id"].agg(set)
        shares = [pairs.loc[pairs[column].isin(ids), "label"].mean() for ids in carried]
        assert 0.46 < min(shares) < max(shares) < 0.54


def test_some_pairs_have_two_contacts(sample):
    rna, peptide = (
        dict(list(words[words["role"] == "site"].groupby("id")["family"]))
        for words in (sample.rna_words, sample.peptide_words)
    )
    bound = sample.pairs[simulate.binds(sample, sample.pairs)]
    two = [
        len(set(rna[a]) & set(peptide[b])) == 2
        for a, b in zip(bound["rna_id"], bound["protein_id"], strict=True)
    ]
    assert 0.04 < np.mean(two) < 0.15


def test_rows_repeat_and_contradict_earlier_ones(sample):
    plan, pairs = simulate.Plan(), sample.pairs
    assert pairs.duplicated().sum() == plan.duplicates
    labels = pairs.groupby(["rna_seq", "protein_seq"])["label"].nunique()
    assert (labels == 2).sum() == plan.contradictions
    assert len(pairs) == plan.pairs + plan.duplicates + plan.contradictions


def test_copies_of_an_ancestor_are_alike_and_carry_its_words(sample):
    for chains, words, *_ in sides(sample):
        sizes = chains.groupby("ancestor").size()
        assert sizes.value_counts().to_dict() == {1: 160, 2: 160, 3: 160}
        family = chains[chains["ancestor"] == sizes.idxmax()]
        first, second = (words[words["id"] == name].drop(columns="id") for name in family["id"].iloc[:2])
        assert first.to_numpy().tolist() == second.to_numpy().tolist()
        a, b = family["sequence"].iloc[:2]
        assert 0.75 < np.mean([x == y for x, y in zip(a, b, strict=True)]) < 1


def test_lengths_lie_in_the_plan(sample):
    plan = simulate.Plan()
    assert sample.rna["sequence"].str.len().between(*plan.rna_lengths).all()
    assert sample.peptide["sequence"].str.len().between(*plan.peptide_lengths).all()


def test_a_count_of_words_does_not_find_the_contact(sample):
    # Without a network: how common each position's word is, sites against decoys within a chain.
    pairs = sample.pairs[simulate.binds(sample, sample.pairs)].head(400)
    sequences = (("rna_id", RNA, 4), ("protein_id", PEPTIDE, 2))
    others = (sample.peptide_words, sample.rna_words)
    for (chains, words, *_), (column, alphabet, k), other in zip(
        sides(sample), sequences, others, strict=True
    ):
        texts = chains.set_index("id")["sequence"]
        common = kmer_counts(texts.tolist(), k, alphabet).sum(axis=0)
        partner = {"rna_id": "protein_id", "protein_id": "rna_id"}[column]
        held = other[other["role"] == "site"].groupby("id")["family"].agg(set)
        own = dict(list(words.groupby("id")))
        higher = []
        for name, against in zip(pairs[column], pairs[partner], strict=True):
            sums = own[name].assign(
                common=[
                    common[kmer_counts([word], k, alphabet)[0].nonzero()].sum() for word in own[name]["word"]
                ]
            )
            live = (sums["role"] == "site") & sums["family"].isin(held[against])
            for site in sums.loc[live, "common"]:
                rest = sums.loc[~live, "common"]
                higher += [float(site > one) + 0.5 * float(site == one) for one in rest]
        assert 0.42 < np.mean(higher) < 0.58


def test_planted_pair():
    columns = ["role", "family", "start", "stop"]
    rna = pd.DataFrame([("site", 2, 0, 6), ("site", 4, 8, 14), ("decoy", 1, 20, 26)], columns=columns)
    peptide = pd.DataFrame([("site", 2, 3, 8), ("decoy", 4, 10, 15), ("decoy", 2, 20, 25)], columns=columns)
    contacts, decoys = simulate.planted_pair(rna, peptide, (40, 30))
    assert contacts.sum() == 6 * 5
    assert contacts[0, 3]
    assert decoys.sum() == 8 * 30
    assert decoys[8, 3]
    assert decoys[0, 10]
    assert not (contacts & decoys).any()


def test_the_bundled_sample_is_what_the_code_makes(tmp_path):
    bundled = paths.root() / "data" / "sample" / "rna_peptide"
    made = simulate.write(tmp_path)
    assert {path.relative_to(tmp_path) for path in made} == {
        path.relative_to(bundled) for path in bundled.rglob("*") if path.is_file()
    }
    for path in made:
        same = path.read_bytes() == (bundled / path.relative_to(tmp_path)).read_bytes()
        assert same, f"{path.name} differs; run make sample and look at what changed"


def test_pairs_to_predict(tmp_path, sample):
    simulate.write(tmp_path)
    pairs = pd.read_csv(tmp_path / "predict.csv")
    truth = pd.read_csv(tmp_path / "truth_predict.csv")
    assert len(pairs) == len(truth) == 10
    assert truth["binds"].tolist() == [1, 0] * 5
    assert truth["in_training"].tolist() == ["new"] * 6 + ["near", "identical", "new", "new"]
    known = set(zip(sample.pairs["rna_seq"], sample.pairs["protein_seq"], strict=True))
    stands = [pair in known for pair in zip(pairs["rna_seq"], pairs["protein_seq"], strict=True)]
    assert stands == (truth["in_training"] == "identical").tolist()
    assert np.flatnonzero(pairs["rna_seq"].str.contains("T")).tolist() == [8]
    assert "7" in pairs["rna_seq"].iloc[9]


def test_rule_says_that_it_is_simulated_and_how_well_one_can_do(tmp_path):
    simulate.write(tmp_path)
    said = json.loads((tmp_path / "truth_rule.json").read_text())
    assert "nothing here was measured" in said["what"]
    assert said["best_possible"]["auroc"] == pytest.approx(1 - simulate.Plan().flipped, abs=0.002)
