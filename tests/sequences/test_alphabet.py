import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.sequences.alphabet import DNA, INVALID, PAD, PEPTIDE, RNA

ALPHABETS = [DNA, RNA, PEPTIDE]


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
@given(data=st.data())
def test_decode_undoes_encode(alphabet, data):
    text = data.draw(st.text(alphabet=alphabet.letters + alphabet.unknown))
    assert alphabet.decode(alphabet.encode(text)) == text


def test_t_and_u_share_a_code():
    assert DNA.encode("ACGT").tolist() == RNA.encode("ACGT").tolist() == RNA.encode("ACGU").tolist()
    assert DNA.decode(DNA.encode("ACGU")) == "ACGT"


def test_ambiguous_letters_are_unknown_never_a_base():
    assert set(RNA.encode("RYSWKMBDHVN").tolist()) == {RNA.unknown_code}
    assert set(PEPTIDE.encode("BZJUOX").tolist()) == {PEPTIDE.unknown_code}


def test_padding_is_left_out():
    assert RNA.decode(np.array([0, 1, PAD, PAD], dtype=np.uint8)) == "AC"


@pytest.mark.parametrize("character", ["7", "-", "a", " ", "é", "\N{SNOWMAN}"])
def test_a_wrong_character_is_named_with_its_position(character):
    with pytest.raises(ValueError, match=r"position 3 holds .*expected RNA letters ACGU"):
        RNA.encode("AC" + character)


def test_peptides_have_no_complement():
    with pytest.raises(ValueError, match="peptide sequences have no complement"):
        PEPTIDE.complement("MK")


def test_table_knows_only_its_letters():
    known = {chr(byte) for byte in np.flatnonzero(RNA.table() != INVALID)}
    assert known == set("ACGUTN" + RNA.ambiguous)
