import json

import numpy as np
import pytest

from helpers.explain import controls
from helpers.project import paths
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import reverse_complement
from helpers.splits import audit
from helpers.stats import metrics
from helpers.tracks.gene_expression import simulate as sample

CELLS = list(sample.CELL_TYPES)
SMALL = sample.Plan(loci=60, random=5)


@pytest.fixture(scope="module")
def made():
    return sample.simulate(SMALL)


@pytest.fixture(scope="module")
def whole():
    """The bundled sample, its elements with the row of their promoter."""
    found = sample.simulate()
    place = {name: row for row, name in enumerate(found.promoters["id"])}
    return found._replace(elements=found.elements.assign(row=found.elements["id"].map(place)))


def test_every_element_stands_where_the_truth_says(made):
    sequences = made.promoters.set_index("id")["sequence"]
    for element in made.elements.itertuples():
        found = sequences[element.id][element.start : element.stop]
        word = sample.MOTIFS[element.element][element.why == "look-alike"]
        assert found == (word if element.strand == "+" else reverse_complement(word, DNA))
    for _, part in made.elements.groupby("id"):
        assert (part["start"].to_numpy()[1:] >= part["stop"].to_numpy()[:-1]).all()


def test_a_look_alike_differs_in_one_letter():
    for word, other in sample.MOTIFS.values():
        assert sum(a != b for a, b in zip(word, other, strict=True)) == 1


def test_roles_are_what_the_effects_say(made):
    works = (made.elements[CELLS].abs() >= 0.25).any(axis=1)
    assert (works == (made.elements["role"] == "site")).all()
    of = {name: part[CELLS] for name, part in made.elements[works].groupby("element")}
    assert (of["enhancer 1"][["HepG2", "MCF7", "A549", "H1-ESC"]] == 0).all(axis=None)
    assert (of["enhancer 1"]["K562"] > 2).all()
    assert of["CCAAT"]["K562"].nunique() > 5  # its distance counts
    for _, part in made.elements[made.elements["why"] != "look-alike"].groupby("id"):
        boxes = set(part.loc[part["element"].isin(["TATA", "initiator"]), "element"])
        alone = part["why"] == "no partner"
        assert alone.any() == (len(boxes) == 1)


def test_values_are_the_rule_and_noise(made):
    exact = sample.simulate(SMALL._replace(noise=0.0, missing=0.0)).promoters
    assert exact["K562_rep1"].equals(exact["K562_rep2"])
    random = exact[exact["kind"] == "random"]
    assert (random["K562_rep1"] == -1.0).all()
    assert not made.promoters["K562_rep1"].equals(made.promoters["K562_rep2"])


def test_decoys_are_neutral_and_stand_where_elements_do(whole):
    native = whole.promoters["kind"] == "native"
    look = whole.elements["why"] == "look-alike"
    counts = whole.elements[look].groupby("row").size().reindex(whole.promoters.index, fill_value=0)
    for cell in CELLS:
        assert abs(np.corrcoef(counts[native], whole.expected.loc[native, cell])[0, 1]) < 0.12
    for _, part in whole.elements.groupby("element"):
        alike = part["why"] == "look-alike"
        assert 0.85 < alike.sum() / (~alike).sum() < 1.18
        assert abs(part.loc[alike, "start"].mean() - part.loc[~alike, "start"].mean()) < 4
        assert part["start"].max() - part["start"].min() >= 30


def test_what_needs_no_network_does_not_find_the_sites(whole):
    X = encoding.one_hot(whole.promoters["sequence"], DNA)
    cut = len(X) // 2
    for cell in ("HepG2",):
        sites, decoys = sample.planted_masks(whole.elements, range(len(X)), X.shape[1], cell_type=cell)
        maps = controls.trivial_maps(
            X[:cut], None, X[cut:], k=8, sites=sites[:cut], centre=X.shape[1] - sample.START, strands=2
        )
        for values in maps.values():
            mask = sites[cut:] | decoys[cut:]
            found = metrics.explanation_auroc(values, sites[cut:], mask=mask, n_boot=0)
            assert 0.35 < found["value"][0] < 0.65


def test_length_is_a_parameter():
    long = sample.simulate(sample.Plan(loci=2, random=1, length=11_000))
    assert (long.promoters["sequence"].str.len() == 11_000).all()
    with pytest.raises(ValueError, match="length is 100 nt; expected at least 200"):
        sample.simulate(sample.Plan(length=100))


def test_copies_share_a_group_and_differ_in_one_element():
    made = sample.simulate(sample.Plan(loci=12, copied=1.0, moved=0.0, random=0))
    for _, part in made.promoters.groupby("group"):
        assert 2 <= len(part) <= 4
        first = np.array(list(part["sequence"].iloc[0]))
        for copy in part["sequence"].iloc[1:]:
            assert 0.85 < (first == np.array(list(copy))).mean() < 1


def test_moved_copies_are_there_for_the_audit_to_find(whole):
    moved = whole.promoters["group"].str.endswith("x")
    assert 0.01 < moved.mean() < 0.06
    found = audit(whole.promoters[~moved], whole.promoters[moved], k=30)
    assert found["near"][0] > 0.5


def test_the_bundled_sample_is_what_the_code_makes(tmp_path):
    bundled = paths.root() / "data/sample/gene_expression"
    made = sample.write(tmp_path)
    assert {path.name for path in made} == {path.name for path in bundled.iterdir()}
    for path in made:
        assert path.read_bytes() == (bundled / path.name).read_bytes(), path.name
    best = json.loads((bundled / "truth_rule.json").read_text())["best_possible"]
    assert all(0.9 < value < 0.99 for value in best["pearson"].values())
