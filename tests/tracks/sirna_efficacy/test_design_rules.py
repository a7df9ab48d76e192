"""Every published rule with a hit and a near miss; scores that are learnt."""

import numpy as np
import pytest

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import design_rules

SITE = "AACCGGUUACGUACGUUAGCA"
GUIDE = reverse_complement(SITE, RNA)


# Where the rules are that ask for a letter: the sense core around it, the position, the letters.
AT = {
    "Reynolds: A at 19": ("U", 19, "A"),
    "Reynolds: A at 3": ("U", 3, "A"),
    "Reynolds: U at 10": ("A", 10, "U"),
    "Reynolds: G/C at 19": ("A", 19, "GC"),
    "Reynolds: G at 13": ("A", 13, "G"),
    "Ui-Tei: A/U at guide 5' end": ("G", 19, "AU"),
    "Ui-Tei: G/C at sense 5' end": ("A", 1, "GC"),
    "Amarzguioui: G/C at 1": ("A", 1, "GC"),
    "Amarzguioui: A at 6": ("U", 6, "A"),
    "Amarzguioui: A/U at 19": ("G", 19, "AU"),
    "Amarzguioui: U at 1": ("A", 1, "U"),
    "Amarzguioui: G at 19": ("A", 19, "G"),
    "Hsieh: G/C at 11": ("A", 11, "GC"),
    "Hsieh: U at 19": ("A", 19, "U"),
}

# The other rules: sense cores that just fulfil them, and near ones that do not.
CORES = {
    "Reynolds: GC 30 to 52 %": (
        ["G" * 6 + "A" * 13, "G" * 9 + "A" * 10],
        ["G" * 5 + "A" * 14, "G" * 10 + "A" * 9],
    ),
    "Reynolds: A/U in 15-19": (["G" * 14 + "UGGGG", "G" * 18 + "A"], ["G" * 13 + "A" + "G" * 5]),
    "Reynolds: no inverted repeat": (
        ["CCCCAAGGGG" + "A" * 9, "CCCAAAAAGGG" + "A" * 8],
        ["CCCCAAAGGGG" + "A" * 8, "A" * 8 + "GAUCAAAGAUC"],
    ),
    "Ui-Tei: 5 A/U in guide 1-7": (["G" * 12 + "AUAUAGG"], ["G" * 11 + "AAUAUGGG"]),
    "Ui-Tei: no GC run above 9": (["GC" * 4 + "G" + "A" * 10], ["GC" * 5 + "A" * 9]),
    "Amarzguioui: A/U differential": (
        ["G" * 17 + "AU", "AGG" + "G" * 13 + "AAU"],
        ["G" * 18 + "U", "AUG" + "G" * 13 + "AAU", "G" * 15 + "AAGG"],
    ),
}


def fulfils(core, rule):
    """How often a rule holds for the guide of a sense core of 19 nt."""
    return design_rules.hits([reverse_complement(core, RNA) + "UU"])[rule][0]


@pytest.mark.parametrize("rule", AT)
def test_a_letter_counts_at_its_position_alone(rule):
    around, position, wanted = AT[rule]
    for letter in "ACGU":
        core = around * (position - 1) + letter + around * (19 - position)
        assert fulfils(core, rule) == (letter in wanted)
    for place in {position - 1, position + 1} & set(range(1, 20)):
        assert not fulfils(around * (place - 1) + wanted[0] + around * (19 - place), rule)


@pytest.mark.parametrize("rule", CORES)
def test_a_rule_has_a_hit_and_a_near_miss(rule):
    hits, misses = CORES[rule]
    assert [fulfils(core, rule) for core in hits] == [1] * len(hits)
    assert [fulfils(core, rule) for core in misses] == [0] * len(misses)


def test_every_rule_is_tried_and_scores_add_up():
    assert sorted(AT | CORES) == sorted(rule.name for rule in design_rules.RULES)
    found = design_rules.hits(["U" * 7 + "C" * 12 + "UU", "N" * 21])
    assert found["Reynolds: A/U in 15-19"].tolist() == [5, 0]
    assert design_rules.score(found)["Reynolds"].tolist() == [6 + 1, 1]
    assert "Amarzguioui: A/U differential" in design_rules.fulfilled(found)[0]
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
