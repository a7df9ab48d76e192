import json

import numpy as np
import pandas as pd
import pytest

from helpers.project import paths
from helpers.tracks.rna_peptide import simulate


@pytest.fixture(scope="module")
def sample():
    return simulate.simulate()


def test_every_chain_carries_one_motif_where_the_truth_says(sample):
    for table, motifs in ((sample.rna, simulate.RNA_MOTIFS), (sample.peptide, simulate.PEPTIDE_MOTIFS)):
        for row in table.itertuples():
            assert row.sequence[row.start : row.stop] == row.motif == motifs[row.family]
            assert sum(row.sequence.count(motif) for motif in motifs) == 1
        assert table["sequence"].is_unique
        assert table.groupby("family").size().nunique() == 1


def test_pairs_obey_the_rule(sample):
    family = {row.id: row.family for row in pd.concat([sample.rna, sample.peptide]).itertuples()}
    pairs = sample.pairs
    assert (pairs["rna_id"].map(family) == pairs["protein_id"].map(family)).all()
    assert len(pairs) == 4000
    assert pairs.duplicated().sum() == 12


def test_lengths_lie_in_the_plan(sample):
    plan = simulate.Plan()
    assert sample.rna["sequence"].str.len().between(*plan.rna_lengths).all()
    assert sample.peptide["sequence"].str.len().between(*plan.peptide_lengths).all()


def test_planted_map(sample):
    rna = sample.rna.iloc[0]
    partner = sample.peptide[sample.peptide["family"] == rna["family"]].iloc[0]
    stranger = sample.peptide[sample.peptide["family"] != rna["family"]].iloc[0]
    truth = simulate.planted_map(rna, partner)
    assert truth.shape == (len(rna["sequence"]), len(partner["sequence"]))
    assert truth.sum() == 6 * 5
    assert truth[rna["start"], partner["start"]]
    assert not simulate.planted_map(rna, stranger).any()


def test_the_bundled_sample_is_what_the_code_makes(tmp_path):
    bundled = paths.root() / "data" / "sample" / "rna_peptide"
    made = simulate.write(tmp_path)
    assert {path.relative_to(tmp_path) for path in made} == {
        path.relative_to(bundled) for path in bundled.rglob("*") if path.is_file()
    }
    for path in made:
        same = path.read_bytes() == (bundled / path.relative_to(tmp_path)).read_bytes()
        assert same, f"{path.name} differs; run make sample and look at what changed"


def test_pairs_to_predict(tmp_path):
    simulate.write(tmp_path)
    pairs = pd.read_csv(tmp_path / "predict.csv")
    truth = pd.read_csv(tmp_path / "truth_predict.csv")
    assert len(pairs) == len(truth) == 10
    assert truth["binds"].tolist() == [1, 0] * 5
    training = set(simulate.simulate().rna["sequence"])
    assert not set(pairs["rna_seq"]) & training
    for pair, planted in zip(pairs.iloc[:9].itertuples(), truth.itertuples(), strict=False):
        motif = pair.rna_seq.replace("T", "U")[planted.rna_start : planted.rna_stop]
        assert motif in simulate.RNA_MOTIFS
        assert pair.protein_seq[planted.peptide_start : planted.peptide_stop] in simulate.PEPTIDE_MOTIFS
    assert np.flatnonzero(pairs["rna_seq"].str.contains("T")).tolist() == [8]
    assert "7" in pairs["rna_seq"].iloc[9]


def test_rule_says_that_it_is_simulated(tmp_path):
    simulate.write(tmp_path)
    assert "nothing here was measured" in json.loads((tmp_path / "truth_rule.json").read_text())["what"]
