import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.rna import folding

RNAS = st.text("ACGUN", min_size=1, max_size=60)


def test_a_hairpin_has_its_known_structure_and_energy():
    found = folding.fold("GGGGAAAACCCC")
    assert found.structure == "((((....))))"
    assert found.energy == pytest.approx(-5.4, abs=0.01)
    assert found.ensemble_energy < found.energy
    assert found.partners.tolist() == [11, 10, 9, 8, -1, -1, -1, -1, 3, 2, 1, 0]
    assert (found.pair_probability[:4] > 0.85).all()
    assert (found.pair_probability[4:8] < 0.05).all()
    best = found.pairs[found.probabilities.argmax()]
    assert found.partners[best[0]] == best[1]


def test_poly_a_does_not_fold():
    found = folding.fold("A" * 20)
    assert found.structure == "." * 20
    assert found.energy == 0
    assert found.pair_probability.max() == 0
    assert found.pairs.shape == (0, 2)


def test_n_pairs_with_nothing_and_t_is_u():
    found = folding.fold("GGGGNNNNCCCCNNNNGGGGN")
    unknown = [i for i, letter in enumerate("GGGGNNNNCCCCNNNNGGGGN") if letter == "N"]
    assert (found.partners[unknown] == -1).all()
    assert found.pair_probability[unknown].max() == 0
    assert folding.fold("GGGTTTTTCCC") is folding.fold("GGGUUUUUCCC")
    assert folding.fold("GGGRAAACCC") is folding.fold("GGGNAAACCC")


def test_results_are_remembered_and_cannot_be_changed():
    found = folding.fold("GGGAAACCC")
    assert folding.fold("GGGAAACCC") is found
    with pytest.raises(ValueError, match="read-only"):
        found.pair_probability[0] = 1


@settings(max_examples=40)
@given(RNAS)
def test_properties_of_any_fold(sequence):
    found = folding.fold(sequence)
    assert len(found.structure) == len(sequence) == len(found.pair_probability)
    assert found.energy <= 0
    assert found.ensemble_energy <= found.energy + 0.011  # energies are kept in steps of 0.01
    assert ((found.pair_probability >= 0) & (found.pair_probability <= 1)).all()
    paired = np.flatnonzero(found.partners >= 0)
    assert (found.partners[found.partners[paired]] == paired).all()
    x, y = folding.layout(found.structure)
    assert x.shape == y.shape == (len(sequence),)
    assert np.isfinite([x, y]).all()


@pytest.mark.parametrize("method", ["puzzler", "naview", "simple"])
def test_layout_keeps_neighbours_and_pairs_together(method):
    structure = "((((....))))..((((...))))"
    x, y = folding.layout(structure, method=method)
    assert np.hypot(np.diff(x), np.diff(y)).max() < 4
    pairs = folding.partners(structure)
    paired = np.flatnonzero(pairs >= 0)
    assert np.hypot(x[paired] - x[pairs[paired]], y[paired] - y[pairs[paired]]).max() < 3
    assert len({(round(a, 3), round(b, 3)) for a, b in zip(x, y, strict=True)}) == len(structure)


def test_unpaired_probability_agrees_with_folding_the_whole():
    sequence = "ACGGGGAAAACCCCUAUA"
    whole = 1 - folding.fold(sequence).pair_probability
    open_ = folding.unpaired_probability(sequence, window=80, span=80)
    np.testing.assert_allclose(open_, whole, atol=1e-4)


def test_a_longer_stretch_is_less_often_open():
    sequence = "ACGGGGAAAACCCCUAUAGCGC"
    one, four = (folding.unpaired_probability(sequence, length=n) for n in (1, 4))
    assert four.shape == (len(sequence) - 3,)
    assert np.isfinite(four).all()
    assert all(four[i] <= one[i : i + 4].min() + 1e-9 for i in range(len(four)))


def test_a_window_looks_no_further():
    far = "GGGGG" + "A" * 60 + "CCCCC"
    assert folding.unpaired_probability(far, span=20)[0] > 0.99
    assert folding.unpaired_probability(far, span=80)[0] < 0.2


def test_opening_energy():
    energy = folding.opening_energy(np.array([1.0, 0.5, 0.0]))
    assert energy[0] == 0
    assert energy[1] == pytest.approx(0.427, abs=0.001)
    assert np.isfinite(energy[2])


def test_many_keep_their_order_alone_and_in_processes():
    sequences = ["GGGAAACCC", "A" * 9, "GGGAAACCC", "GCGCAAAAGCGC"]
    one = folding.fold_many(sequences, progress=False)
    assert [found.structure for found in one] == [folding.fold(s).structure for s in sequences]
    two = folding.fold_many(sequences, workers=2, progress=False)
    assert [found.structure for found in two] == [found.structure for found in one]
    open_ = folding.unpaired_many(sequences, length=4)
    np.testing.assert_array_equal(open_[3], folding.unpaired_probability(sequences[3], length=4))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="the sequence is empty"):
        folding.fold("")
    with pytest.raises(ValueError, match="position 3 holds '-'"):
        folding.fold("AC-GU")
    with pytest.raises(ValueError, match=r"2001 nt; fold takes at most 2000.*unpaired_prob"):
        folding.fold("A" * 2001)
    with pytest.raises(ValueError, match="sequence 2: the RNA has 2001 nt"):
        folding.fold_many(["ACGU", "A" * 2001])
    with pytest.raises(ValueError, match="length is 5, for an RNA of 4 nt"):
        folding.unpaired_probability("ACGU", length=5)
    with pytest.raises(ValueError, match="span is 0"):
        folding.unpaired_probability("ACGU", span=0)
    with pytest.raises(ValueError, match="a bracket that closes nothing"):
        folding.layout("())")
    with pytest.raises(ValueError, match=r"has 1 bracket\(s\) never closed"):
        folding.layout("((.)")
    with pytest.raises(ValueError, match=r"holds '\['"):
        folding.layout("([)]")
    with pytest.raises(ValueError, match="at least one position"):
        folding.partners("")
    with pytest.raises(ValueError, match="method is 'circle'; expected one of naview"):
        folding.layout("...", method="circle")
