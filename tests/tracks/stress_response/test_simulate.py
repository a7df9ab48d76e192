"""The simulated promoters: the truth is what the sequences hold, and git holds the sample."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import splits
from helpers.explain import controls, scores
from helpers.motifs import library
from helpers.project import paths
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement
from helpers.stats import metrics
from helpers.tracks.stress_response import data as loaders
from helpers.tracks.stress_response import simulate as simulation

SAMPLE = paths.root() / "data" / "sample" / "stress_response"


@pytest.fixture(scope="module")
def small():
    return simulation.simulate(simulation.Plan(genes=120, unrelated=5), seed=7)


@pytest.fixture(scope="module")
def sites():
    return pd.read_csv(SAMPLE / "truth_sites.csv")


def test_git_holds_what_the_code_makes(tmp_path):
    written = simulation.write(tmp_path)
    assert {path.name for path in written} == {path.name for path in SAMPLE.iterdir()}
    for path in written:
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name


def test_sites_stand_where_the_truth_says(small):
    texts = small.promoters["sia"].set_index("gene_id")["sequence"]
    for site in small.sites.itertuples():
        found = texts[site.gene_id][site.start : site.stop]
        found = reverse_complement(found, DNA) if site.strand == "-" else found
        weights = library.log_odds(simulation.core(site.motif), simulation.BACKGROUND)
        score = weights[np.arange(len(found)), [DNA.letters.index(c) for c in found]].sum()
        assert score >= 0.85 * weights.max(axis=1).sum() - 1e-9


def test_a_pair_counts_if_its_motifs_are_partners(small):
    right = {frozenset(pair.motifs): pair.effect for pair in simulation.GRAMMAR}
    plan = simulation.Plan()
    for _, pair in small.sites.groupby(["gene_id", "pair"]):
        first, second = pair.sort_values("start").itertuples()
        assert plan.near[0] <= second.start - first.stop <= plan.near[1]
        expected = right.get(frozenset(pair["motif"]), 0.0)
        assert pair["effect"].tolist() == [expected] * 2
        assert pair["role"].tolist() == ["site" if expected else "decoy"] * 2
    for _, gene in small.sites.groupby("gene_id"):
        ends = gene.groupby("pair").agg(start=("start", "min"), stop=("stop", "max")).sort_values("start")
        assert (ends["start"].to_numpy()[1:] - ends["stop"].to_numpy()[:-1] >= plan.apart).all()


def test_the_probability_follows_the_rule(small):
    for gene in small.genes.itertuples():
        effects = small.sites[small.sites["gene_id"] == gene.gene_id].groupby("pair")["effect"].first()
        assert gene.probability == pytest.approx(1 / (1 + np.exp(-simulation.BASE - effects.sum())), abs=1e-6)


def test_decoys_are_as_many_at_the_same_places_and_say_nothing_of_the_label(sites):
    genes = pd.read_csv(SAMPLE / "truth_genes.csv").set_index("gene_id")["probability"]
    for _, motif in sites.groupby("motif"):
        site, decoy = (motif[motif["role"] == role]["start"] for role in ("site", "decoy"))
        assert len(decoy) > 0.9 * len(site)
        assert abs(site.mean() - decoy.mean()) < 8
        assert min(site.std(), decoy.std()) > 30
    decoys = sites[sites["role"] == "decoy"].groupby(["gene_id", "motif"]).size().unstack(fill_value=0)
    decoys = decoys.reindex(genes.index, fill_value=0)
    assert decoys.corrwith(genes).abs().max() < 0.06


def test_no_count_of_words_tells_sites_from_decoys(sites):
    table = loaders.from_folder(SAMPLE, main="sia").promoters
    X = encoding.one_hot(table["sequence"].tolist(), DNA)
    ids = table["gene_id"].tolist()
    planted = {role: scores.planted_positions(part, ids, X.shape[1]) for role, part in sites.groupby("role")}
    learnt, asked = slice(400, None), slice(0, 400)
    maps = controls.trivial_maps(
        X[learnt], table["label"].to_numpy()[learnt], X[asked],
        k=7, sites=planted["site"][learnt], centre=X.shape[1] / 2, strands=2,
    )  # fmt: skip
    found = scores.score_maps(
        maps, planted["site"][asked], decoys=planted["decoy"][asked], dataset="d", task="t", protocol="p"
    )
    decoy = found[found["metric"] == "explanation_auroc_decoy"].set_index("model")["value"]
    assert decoy.between(0.42, 0.58).all(), decoy
    assert found[found["metric"] == "explanation_auroc"]["value"].max() > 0.85


def test_the_best_possible_score_is_that_of_the_rule():
    rule = json.loads((SAMPLE / "truth_rule.json").read_text())
    assert rule["what"].startswith("simulated")
    assert {name: one["partner"] for name, one in rule["motifs"].items()} == {
        "MYB3": "DREB2A", "DREB2A": "MYB3", "WRKY33": "ABF1", "ABF1": "WRKY33",
    }  # fmt: skip
    table = loaders.from_folder(SAMPLE, main="sia").promoters.merge(
        pd.read_csv(SAMPLE / "truth_genes.csv"), on="gene_id"
    )
    found = metrics.classification(table["label"], table["probability"], n_boot=0).set_index("metric")
    assert found.loc["auroc", "value"] == pytest.approx(rule["best_possible"]["auroc"], abs=0.01)
    assert 0.85 < rule["best_possible"]["auroc"] < 0.96


def test_copies_in_other_groups_are_there_for_the_audit_to_find():
    table = loaders.from_folder(SAMPLE, main="sia").promoters
    assert (table.groupby("group").size() > 1).sum() > 150
    fold = splits.grouped_kfold(table["group"], k=5, y=table["label"], seed=1)[0]
    assert splits.audit(table.loc[fold.train], table.loc[fold.test], k=20)["near"].iloc[0] > 0.005


def test_related_species_are_alike_and_their_labels_mostly_those_of_the_main_one(small):
    main = small.promoters["sia"].drop_duplicates("group").set_index("group")
    for species in simulation.RELATED:
        frame = small.promoters[species]
        assert (frame["sequence"].str.len() == 200).all()
        assert (frame["label"].to_numpy() == main.loc[frame["group"], "label"].to_numpy()).mean() > 0.9
        assert (frame["sequence"].to_numpy() != main.loc[frame["group"], "sequence"]).all()


def test_tables_know_more_genes_than_the_promoters(small):
    for species, table in small.orthologs.items():
        assert set(small.promoters[species]["gene_id"]) < set(table["gene_id"])


def test_too_short_a_promoter():
    with pytest.raises(ValueError, match="length is 100 nt; expected at least 176, to hold 4 pairs"):
        simulation.simulate(simulation.Plan(genes=1, length=100))
