"""The simulated promoters: the truth is what the sequences hold, and git holds the sample."""

import json

import numpy as np
import pytest

from helpers.motifs import library
from helpers.project import paths
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.stress_response import simulate as simulation

SAMPLE = paths.root() / "data" / "sample" / "stress_response"


@pytest.fixture(scope="module")
def small():
    return simulation.simulate(simulation.Plan(genes=60, unrelated=5), seed=7)


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
        weights = library.log_odds(library.plant_motif(site.jaspar_id).counts, simulation.BACKGROUND)
        score = weights[np.arange(len(found)), [DNA.letters.index(c) for c in found]].sum()
        assert score >= 0.85 * weights.max(axis=1).sum() - 1e-9


def test_labels_follow_the_rule(small):
    sites = dict(list(small.sites.groupby("gene_id")))
    for row in small.promoters["sia"].itertuples():
        mine = sites.get(row.gene_id, small.sites.iloc[:0])
        planted = list(mine.drop(columns="gene_id").itertuples(index=False, name=None))
        assert row.label == int(simulation.score(planted) >= simulation.THRESHOLD)


def test_a_conditional_site_counts_near_its_partner_only(small):
    plan = simulation.Plan()
    for _, sites in small.sites.groupby("gene_id"):
        spans = sites.set_index("motif")
        if "MYB3" not in spans.index:
            continue
        effective = bool(spans.loc["MYB3", "effective"])
        if "DREB2A" not in spans.index:
            assert not effective
            continue
        first, second = spans.loc[["MYB3", "DREB2A"]].sort_values("start").itertuples()
        gap = second.start - first.stop
        assert gap <= plan.near if effective else gap >= plan.far


def test_related_species_are_alike_and_more_so_inside_sites(small):
    main = small.promoters["sia"].set_index("group")
    for species in simulation.RELATED:
        frame = small.promoters[species]
        assert (frame["sequence"].str.len() == 200).all()
        assert (frame["label"].to_numpy() == main.loc[frame["group"], "label"].to_numpy()).all()
        assert (frame["sequence"].to_numpy() != main.loc[frame["group"], "sequence"]).all()


def test_tables_know_more_genes_than_the_promoters(small):
    for species, table in small.orthologs.items():
        assert set(small.promoters[species]["gene_id"]) < set(table["gene_id"])


def test_the_rule_is_written_out():
    rule = json.loads((SAMPLE / "truth_rule.json").read_text())
    assert rule["what"].startswith("simulated")
    assert [one["role"] for _, one in sorted(rule["motifs"].items())] == [
        "activator", "activator", "conditional", "repressor",
    ]  # fmt: skip


def test_too_short_a_promoter():
    with pytest.raises(ValueError, match="length is 100 nt; expected at least 144"):
        simulation.simulate(simulation.Plan(genes=1, length=100))
