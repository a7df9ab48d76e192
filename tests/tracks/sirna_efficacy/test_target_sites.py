"""Where a guide meets an mRNA, with known answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import target_sites

SITE = "AACCGGUUACGUACGUUAGCA"
GUIDE = reverse_complement(SITE, RNA)
letters = st.text(alphabet="ACGU", min_size=21, max_size=21)


@settings(max_examples=40)
@given(letters, st.text(alphabet="ACGU", max_size=40), st.text(alphabet="ACGU", max_size=40))
def test_a_guide_is_found_where_it_was_put(site, before, after):
    mrna = before + site + after
    found = target_sites.find(reverse_complement(site, RNA), mrna)
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
    assert "fewer than the 19" in target_sites.find(GUIDE, "ACGU").note
    assert target_sites.find(GUIDE, SITE + "AA" + SITE).sites == 2
    assert target_sites.find(GUIDE, SITE[:10] + "N" + SITE[11:]).orientation == "none"
    with pytest.raises(ValueError, match="has 20 nt; expected 21"):
        target_sites.find(GUIDE[:20], SITE)
    with pytest.raises(ValueError, match="max_mismatches is 19"):
        target_sites.find(GUIDE, SITE, max_mismatches=19)
    with pytest.raises(ValueError, match="does not lie within"):
        target_sites.context(SITE, 1)


def test_partners_stand_at_paired_positions():
    around = target_sites.context("G" * 30 + SITE + "G" * 30, 30)
    for place, letter in enumerate(GUIDE):
        partner = around[target_sites.paired_position(place)]
        assert reverse_complement(partner, RNA) == letter


def test_a_sense_strand_is_turned_into_the_guide_that_it_belongs_to():
    mrna = "GG" + SITE + "CC"
    assert target_sites.locate(SITE, mrna)[1].orientation == "sense"
    assert target_sites.locate(SITE, mrna, turn_sense=True)[::2] == (GUIDE, True)
    # The overhang of a sense strand may be no copy: the mRNA in front of it says what the guide's is.
    guide, site, turned = target_sites.locate(SITE[:19] + "UU", mrna, turn_sense=True)
    assert guide == reverse_complement("GG" + SITE[:19], RNA)
    assert (site.start, site.mismatches, turned) == (0, (), True)
    assert target_sites.locate(SITE[:19] + "UU", SITE, max_mismatches=2, turn_sense=True)[0][19:] == "UU"
    assert target_sites.locate(GUIDE, mrna, turn_sense=True)[::2] == (GUIDE, False)


def test_an_overhang_beyond_the_first_letter_stands_in_no_ones_way():
    core = SITE[2:]
    for beyond in (1, 2):
        found = target_sites.find(GUIDE, SITE[beyond:] + "GGG")
        assert (found.orientation, found.start) == ("antisense", -beyond)
        assert found.mismatches == tuple(range(22 - beyond, 22))
        assert "beyond the mRNA's first letter" in found.note
    assert target_sites.find(GUIDE, core).start == -2
    assert target_sites.context(core, -2) == "N" * 20 + core + "N" * 18
    # Residues that pair never lie beyond it, whatever may mismatch.
    assert target_sites.find(GUIDE, SITE[3:] + "GGG", max_mismatches=1).orientation == "none"
    assert target_sites.find(GUIDE, SITE[3:], max_mismatches=3).orientation == "none"
    assert target_sites.find(SITE, "CC" + SITE[:19]).orientation == "sense"
