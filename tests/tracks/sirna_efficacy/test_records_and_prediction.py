"""Known answers of the rooms below the siRNA track: energies, sites, rules, records, features."""

import numpy as np
import pandas as pd
import pytest
import RNA as vienna  # noqa: N811  (its own name is that of our alphabet)
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.models.gaussian_process import GaussianProcess, Part
from helpers.rna import cache, thermodynamics
from helpers.tracks.sirna_efficacy import (
    associations,
    design_rules,
    features,
    guides,
    importance,
    records,
    scan,
    target_sites,
)

SITE = "AACCGGUUACGUACGUUAGCA"
GUIDE = target_sites.reverse_complement(SITE)
letters = st.text(alphabet="ACGU", min_size=21, max_size=21)


@settings(max_examples=25, deadline=None)
@given(letters)
def test_energies_are_those_of_viennarna_to_its_rounding(guide):
    details = vienna.md()
    details.dangles = 0
    core = guide[:19]
    both = core + "&" + target_sites.reverse_complement(core)
    expected = vienna.fold_compound(both, details).eval_structure("(" * 19 + ")" * 19)
    assert abs(thermodynamics.duplex_energy([guide])[0] - expected) < 1.0


@settings(max_examples=25, deadline=None)
@given(letters)
def test_a_step_is_the_same_read_on_either_strand(guide):
    steps = thermodynamics.stack_energies([guide])[0]
    other = thermodynamics.stack_energies([target_sites.reverse_complement(guide)])[0]
    assert np.allclose(steps, other[::-1])


def test_energies_refuse_what_they_cannot_compare():
    with pytest.raises(ValueError, match="expected one length of 2 nt"):
        thermodynamics.stack_energies(["ACG", "AC"])
    with pytest.raises(ValueError, match="hold no step"):
        thermodynamics.duplex_energy(["ACGU"], start=1, stop=2)


@settings(max_examples=40, deadline=None)
@given(letters, st.text(alphabet="ACGU", max_size=40), st.text(alphabet="ACGU", max_size=40))
def test_a_guide_is_found_where_it_was_put(site, before, after):
    mrna = before + site + after
    found = target_sites.find(target_sites.reverse_complement(site), mrna)
    assert found.orientation == "antisense"
    assert mrna[found.start : found.start + 21] == site


def test_mismatches_are_positions_of_the_guide():
    wrong = GUIDE[:4] + ("A" if GUIDE[4] != "A" else "C") + GUIDE[5:]
    mrna = "GGG" + SITE + "CCC"
    assert target_sites.find(wrong, mrna).orientation == "none"
    found = target_sites.find(wrong, mrna, max_mismatches=1)
    assert (found.start, found.mismatches) == (3, (5,))
    overhang = GUIDE[:19] + ("AA" if GUIDE[19:] != "AA" else "CC")
    assert target_sites.find(overhang, mrna).orientation == "antisense"


def test_what_is_no_site_says_why():
    assert "no site: the best" in target_sites.find("A" * 21, "G" * 40).note
    assert target_sites.find(SITE, "GG" + SITE).orientation == "sense"
    assert "fewer than the 21" in target_sites.find(GUIDE, "ACGU").note
    assert target_sites.find(GUIDE, SITE + "AA" + SITE).sites == 2
    assert target_sites.find(GUIDE, SITE[:10] + "N" + SITE[11:]).orientation == "none"
    with pytest.raises(ValueError, match="has 20 nt; expected 21"):
        target_sites.find(GUIDE[:20], SITE)
    with pytest.raises(ValueError, match="max_mismatches is 19"):
        target_sites.find(GUIDE, SITE, max_mismatches=19)
    with pytest.raises(ValueError, match="does not lie within"):
        target_sites.context(SITE, 1)
    with pytest.raises(ValueError, match="expected an odd number"):
        target_sites.context(SITE, 0, length=22)


def test_partners_stand_at_paired_positions():
    around = target_sites.context("G" * 30 + SITE + "G" * 30, 30)
    for place, letter in enumerate(GUIDE):
        partner = around[target_sites.paired_position(place)]
        assert target_sites.reverse_complement(partner) == letter


def test_rules_hold_where_they_should():
    good = "U" + "A" * 6 + "CAGUCAGUCAGG" + "UU"
    table = design_rules.hits([good])
    for name in ("Ui-Tei: A/U at guide 5' end", "Ui-Tei: G/C at sense 5' end"):
        assert table[name][0] == 1
    assert table["Ui-Tei: 5 A/U in guide 1-7"][0] == 1
    assert table["Reynolds: A at 19"][0] == 1
    assert design_rules.hits(["G" * 21])["Ui-Tei: no GC run above 9"][0] == 0
    hairpin = "GGGGCAAAAAGCCCCAAAAUU"
    assert design_rules.hits([hairpin])["Reynolds: no inverted repeat"][0] == 0
    with pytest.raises(ValueError, match="guide 0 has 20 nt"):
        design_rules.hits(["A" * 20])


def test_position_scores_have_to_be_learnt():
    with pytest.raises(ValueError, match="style is 'Jagla'"):
        design_rules.PositionScore("Jagla")
    with pytest.raises(ValueError, match="call fit first"):
        design_rules.PositionScore().score([GUIDE])
    rng = np.random.default_rng(0)
    many = ["".join(rng.choice(list("ACGU"), 21)) for _ in range(200)]
    y = [0.9 if guide[0] == "U" else 0.2 for guide in many]
    for style in ("Takasaki", "Huesken"):
        fitted = design_rules.PositionScore(style).fit(many, y)
        assert fitted.weights[0].argmax() == 3


def test_records_of_every_kind_of_fault(tmp_path):
    path = tmp_path / "guides.fa"
    path.write_text(
        f">a\n{GUIDE[:19]}{GUIDE[19:].lower()}\n>short\n{GUIDE[:20]}\n>long\n{GUIDE}A\n"
        f">n\n{GUIDE[:5]}N{GUIDE[6:]}\n>dna\n{GUIDE.replace('U', 'T')}\n>a\n{GUIDE}\n"
        f">\n{GUIDE}\n>digit\n{GUIDE[:20]}7\n"
    )
    table = records.read_guides(path).set_index("id")
    assert table.loc["a", "status"] == "ok"
    assert "has 20 nt; expected exactly 21" in table.loc["short", "note"]
    assert "has 22 nt; expected exactly 21" in table.loc["long", "note"]
    assert "position 6 is unknown (N)" in table.loc["n", "note"]
    assert table.loc["dna", ["status", "sequence"]].tolist() == ["changed", GUIDE]
    assert "stands in line 1 already; called a_2" in table.loc["a_2", "note"]
    assert "no name" in table.loc["line_13", "note"]
    assert table.loc["digit", "status"] == "rejected"
    assert len(table) == 8


def test_mrnas_with_introns_or_too_short_or_very_long(tmp_path):
    path = tmp_path / "mrna.fa"
    path.write_text(
        f">intron\n{SITE}gtaag{SITE}\n>short\nACGU\n>lower\n{SITE.lower()}\n>genomic\n{'ACGU' * 50_000}\n"
    )
    kept = records.read_mrnas(path).set_index("id")
    assert kept.loc["intron", "length"] == 47
    assert "if they are introns, set lower_case to 'remove'" in kept.loc["intron", "note"]
    assert "fewer than the 21 of a site" in kept.loc["short", "note"]
    assert kept.loc["lower", "status"] != "rejected"
    assert kept.loc["genomic", "status"] == "ok"
    assert "longer than any human mRNA" in kept.loc["genomic", "note"]
    removed = records.read_mrnas(path, lower_case="remove").set_index("id")
    assert removed.loc["intron", "sequence"] == SITE + SITE
    with pytest.raises(ValueError, match="lower_case is 'drop'"):
        records.read_mrnas(path, lower_case="drop")
    empty = tmp_path / "empty.fa"
    empty.write_text("")
    with pytest.raises(ValueError, match="empty"):
        records.read_guides(empty)


def test_features_have_a_catalogue_and_a_cache(tmp_path):
    mrna = "GGACU" * 12 + SITE + "ACGGA" * 12
    start = 60
    table = features.compute([GUIDE, GUIDE], [mrna] * 2, [start] * 2, cache_folder=tmp_path)
    catalogue = features.catalogue()
    assert table.columns.tolist() == catalogue["feature"].tolist()
    assert catalogue["feature"].is_unique
    assert (catalogue[["unit", "source"]] != "").all(axis=None)
    assert np.isfinite(table.to_numpy()).all()
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 4
    files[0].write_bytes(b"cut short")
    again = features.compute([GUIDE], [mrna], [start], cache_folder=tmp_path)
    assert np.allclose(again.iloc[0], table.iloc[0])


def test_features_refuse_rows_that_do_not_fit():
    with pytest.raises(ValueError, match="row 0: the guide has 20 nt"):
        features.compute([GUIDE[:20]], [SITE], [0])
    with pytest.raises(ValueError, match="does not lie within"):
        features.compute([GUIDE], [SITE], [3])
    with pytest.raises(ValueError, match="one of each a row"):
        features.compute([GUIDE], [SITE], [0, 1])
    with pytest.raises(ValueError, match="at least the 21"):
        features.accessibility("ACGU")


def test_folding_around_a_site_gives_the_numbers_of_the_whole():
    rng = np.random.default_rng(1)
    mrna = "".join(rng.choice(list("ACGU"), 900))
    start = 440
    whole = features.accessibility(mrna)
    guide = target_sites.reverse_complement(mrna[start : start + 21])
    part = features.compute([guide], [mrna], [start]).iloc[0]
    assert part["open_site"] == pytest.approx(whole["open_site"][start], abs=1e-3)
    assert part["open_seed_site"] == pytest.approx(whole["open_seed_site"][start], abs=1e-3)
    assert part["unpaired_site"] == pytest.approx(whole["unpaired_nt"][start : start + 21].mean())


def test_cache_is_by_content(tmp_path):
    calls = []

    def compute(items):
        calls.append(list(items))
        return {"n": np.array([len(item) for item in items])}

    for items in (["ACGU"], ["ACGU"], ["ACGA"]):
        cache.cached(tmp_path, items, {"window": 80}, compute)
    cache.cached(tmp_path, ["ACGU"], {"window": 40}, compute)
    cache.cached(None, ["ACGU"], {}, compute)
    assert len(calls) == 4


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


def test_process_finds_a_group_effect_and_survives_the_disk(tmp_path):
    rng = np.random.default_rng(0)
    x, group = rng.normal(size=(120, 2)), rng.integers(0, 4, 120)
    y = x[:, 0] + group * 0.5 + rng.normal(0, 0.1, 120)
    blocks = {"x": x, "g": np.array([f"g{i}" for i in group]), "place": np.arange(120.0)}
    parts = [Part("x", "linear", "x"), Part("g", "group", "g", 0.0), Part("near", "group", "g", 5)]
    process = GaussianProcess(parts).fit(blocks, y)
    mean, deviation = process.predict(blocks)
    assert np.corrcoef(mean, y)[0, 1] > 0.97
    fresh = blocks | {"g": np.array(["new"] * 120)}
    assert process.predict(fresh)[1].mean() > deviation.mean()
    assert sum(process.shares().values()) == pytest.approx(1)
    again = GaussianProcess.load(process.save(tmp_path / "p.npz"))
    assert np.allclose(again.predict(blocks)[0], mean)


def test_process_refuses_what_it_cannot_use(tmp_path):
    with pytest.raises(ValueError, match="is of kind 'cubic'"):
        GaussianProcess([Part("x", "cubic", "x")])
    with pytest.raises(ValueError, match="blocks x are missing"):
        GaussianProcess([Part("x", "rbf", "x")]).fit({}, np.zeros(3))
    with pytest.raises(ValueError, match="has 2 rows; expected 3"):
        GaussianProcess([Part("x", "rbf", "x")]).fit({"x": np.zeros((2, 1))}, np.zeros(3))
    broken = tmp_path / "p.npz"
    broken.write_bytes(b"no")
    with pytest.raises(ValueError, match="not a whole Gaussian process file"):
        GaussianProcess.load(broken)


def test_relations_and_importance_refuse_too_few_rows():
    with pytest.raises(ValueError, match="no group has 10 rows"):
        associations.within_groups(pd.DataFrame({"x": [1.0, 2.0]}), [1, 2], ["a", "a"])
    with pytest.raises(ValueError, match="two or more"):
        importance.permutation_importance(lambda x: x[0], [np.zeros((1, 1))], {})


def test_units_hold_every_feature_once():
    units = guides.family_units([["a", "c"], ["b"]], ["a", "b", "c"])
    assert units["a + c"][0][1].tolist() == [0, 2]
    with pytest.raises(ValueError, match="every feature in one family"):
        guides.family_units([["a"]], ["a", "b"])
    assert guides.at_partners(guides.planted_maps(2)).sum() == 22
