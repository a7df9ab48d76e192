"""Known answers of the nearest-neighbour energies, to the digit of the published tables."""

import numpy as np
import pytest
import RNA as vienna  # noqa: N811  (its own name is that of our alphabet)
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.rna import thermodynamics
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement

# Xia 1998, table 4: free energy, enthalpy (kcal/mol) and entropy (cal/mol K) of each step.
XIA = {
    "AA": (-0.93, -6.82, -19.0), "AU": (-1.10, -9.38, -26.7), "UA": (-1.33, -7.69, -20.5),
    "CU": (-2.08, -10.48, -27.1), "CA": (-2.11, -10.44, -26.9), "GU": (-2.24, -11.40, -29.5),
    "GA": (-2.35, -12.44, -32.5), "CG": (-2.36, -10.64, -26.7), "GG": (-3.26, -13.39, -32.7),
    "GC": (-3.42, -14.88, -36.9),
}  # fmt: skip
STEPS = XIA | {RNA.complement(step)[::-1]: values for step, values in XIA.items()}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_each_step_has_its_published_energy_and_enthalpy(step):
    energy, enthalpy, entropy = STEPS[step]
    assert thermodynamics.stack_energies([step])[0, 0] == energy
    kept = thermodynamics.STACK_ENTHALPY.get(step, thermodynamics.STACK_ENTHALPY.get(_other(step)))
    assert kept == enthalpy
    assert energy == pytest.approx(enthalpy - 310.15 * entropy / 1000, abs=0.03)


def _other(step):
    return RNA.complement(step)[::-1]


def _sums(text):
    """Energy and enthalpy of a helix, counted step by step."""
    ends = sum(letter in "AU" for letter in (text[0], text[-1]))
    steps = [STEPS[text[i : i + 2]] for i in range(len(text) - 1)]
    energy = 4.09 + 0.45 * ends + sum(step[0] for step in steps)
    return energy, 3.61 + 3.72 * ends + sum(step[1] for step in steps)


def test_duplexes_added_up_by_hand():
    # GG GC CC CA AU UG GG GC CC: -3.26 -3.42 -3.26 -2.11 -1.10 -2.11 -3.26 -3.42 -3.26, and 4.09
    assert thermodynamics.duplex_energy(["GGCCAUGGCC"], stop=10)[0] == pytest.approx(-21.11)
    # AC CG GU: -2.24 -2.36 -2.24, 4.09 and two ends that close with A-U
    assert thermodynamics.duplex_energy(["ACGU"], stop=4)[0] == pytest.approx(-1.85)


def test_any_duplex_and_any_seed_are_the_sums_of_their_steps():
    rng = np.random.default_rng(0)
    guides = ["".join(rng.choice(list("ACGU"), 21)) for _ in range(60)]
    expected = [_sums(guide[:19])[0] for guide in guides]
    np.testing.assert_allclose(thermodynamics.duplex_energy(guides), expected)
    energy, enthalpy = np.array([_sums(guide[1:8]) for guide in guides]).T
    melting = enthalpy / ((enthalpy - energy) / 310.15 + 1.987e-3 * np.log(2.5e-5)) - 273.15 - 16.6
    np.testing.assert_allclose(thermodynamics.seed_melting(guides), melting)


def test_an_unknown_residue_has_the_mean_of_what_it_could_be():
    known = thermodynamics.stack_energies(["AA", "AC", "AG", "AU"])[:, 0]
    assert thermodynamics.stack_energies(["AN"])[0, 0] == pytest.approx(known.mean())
    known, unknown = (thermodynamics.duplex_energy([text], stop=3)[0] for text in ("GCA", "GCN"))
    steps = thermodynamics.stack_energies(["CA", "CN"])[:, 0]
    assert unknown - known == pytest.approx(steps[1] - steps[0] - 0.45 / 2)


def test_energies_refuse_what_they_cannot_compare():
    with pytest.raises(ValueError, match="expected one length of 2 nt"):
        thermodynamics.stack_energies(["ACG", "AC"])
    with pytest.raises(ValueError, match="hold no step"):
        thermodynamics.duplex_energy(["ACGU"], start=1, stop=2)


@settings(max_examples=25)
@given(st.text(alphabet="ACGU", min_size=21, max_size=21))
def test_energies_are_those_of_viennarna_to_its_rounding(guide):
    details = vienna.md()
    details.dangles = 0
    core = guide[:19]
    both = core + "&" + reverse_complement(core, RNA)
    expected = vienna.fold_compound(both, details).eval_structure("(" * 19 + ")" * 19)
    assert abs(thermodynamics.duplex_energy([guide])[0] - expected) < 1.0
