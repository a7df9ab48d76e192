import numpy as np
import pytest

from helpers.project import paths
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.gene_expression import simulate as sample


@pytest.fixture(scope="module")
def made():
    return sample.simulate(sample.Plan(loci=60, random=5))


def test_every_element_stands_where_the_truth_says(made):
    sequences = made.promoters.set_index("id")["sequence"]
    for element in made.elements.itertuples():
        found = sequences[element.id][element.start : element.stop]
        motif = sample.MOTIFS[element.element]
        assert found == (motif if element.strand == "+" else reverse_complement(motif, DNA))
    for _, part in made.elements.groupby("id"):
        assert (part["start"].to_numpy()[1:] >= part["stop"].to_numpy()[:-1]).all()


def test_enhancers_work_in_their_cell_types_only(made):
    of = {name: part[list(sample.CELL_TYPES)] for name, part in made.elements.groupby("element")}
    assert (of["enhancer 1"][["HepG2", "MCF7", "A549", "H1-ESC"]] == 0).all(axis=None)
    assert (of["enhancer 1"]["K562"] > 2).all()
    assert (of["enhancer 2"]["HepG2"] > 2).all()
    assert of["CCAAT"]["K562"].nunique() > 5  # its distance counts


def test_values_are_the_rule_and_noise(made):
    plan = sample.Plan(loci=60, random=5, noise=0.0, missing=0.0)
    exact = sample.simulate(plan).promoters
    assert exact["K562_rep1"].equals(exact["K562_rep2"])
    random = exact[exact["kind"] == "random"]
    assert (random["K562_rep1"] == -1.0).all()
    assert not made.promoters["K562_rep1"].equals(made.promoters["K562_rep2"])


def test_length_is_a_parameter():
    long = sample.simulate(sample.Plan(loci=2, random=1, length=11_000))
    assert (long.promoters["sequence"].str.len() == 11_000).all()
    with pytest.raises(ValueError, match="length is 100 nt; expected at least 160"):
        sample.simulate(sample.Plan(length=100))


def test_copies_share_a_group_and_their_elements():
    made = sample.simulate(sample.Plan(loci=4, copied=1.0, random=0))
    for _, part in made.promoters.groupby("group"):
        assert len(part) == 2
        a, b = (np.array(list(s)) for s in part["sequence"])
        assert 0.85 < (a == b).mean() < 1


def test_the_bundled_sample_is_what_the_code_makes(tmp_path):
    bundled = paths.root() / "data/sample/gene_expression"
    made = sample.write(tmp_path)
    assert {path.name for path in made} == {path.name for path in bundled.iterdir()}
    for path in made:
        assert path.read_bytes() == (bundled / path.name).read_bytes(), path.name
