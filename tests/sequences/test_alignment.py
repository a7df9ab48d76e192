"""Families by alignment: distant homologs are found, unrelated chains stay apart."""

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices

from helpers.sequences import alignment, homology
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA, Alphabet

# Ribosomal protein uS12 of Escherichia coli and of human mitochondria, and lysozyme of hen.
S12 = (
    "MATVNQLVRKPRARKVAKSNVPALEACPQKRGVCTRVYTTTPKKPNSALRKVCRVRLTNGFEVTSYIGGEGHNLQEHSVILIRGGRVKDL"
    "PGVRYHTVRGALDCSGVKDRKQARSKYGVKRPKA"
)
S12_MITO = (
    "MATLNQMHRLGPPKRPPRKLGPTEGRPQLKGVVLCTFTRKPKKPNSANRKCCRVRLSTGREAVCFIPGEGHTLQEHQIVLVEGGRTQDLP"
    "GVKLTVVRGKYDCGHVQKK"
)
LYSOZYME = (
    "KVFGRCELAAAMKRHGLDNYRGYSLGNWVCAAKFESNFNTQATNRNTDGSTDYGILQINSRWWCNDGRTPGSRNLCNIPCSALLSSDITA"
    "SVNCAKKIVSDGNGMNAWVAWRNRCKGTDVQAWIRGCRL"
)


def drawn(rng, letters, length):
    return "".join(np.array(list(letters))[rng.integers(len(letters), size=length)])


def changed(rng, text, letters, share):
    codes = np.array(list(text))
    places = rng.choice(codes.size, round(share * codes.size), replace=False)
    codes[places] = np.array(list(letters))[rng.integers(len(letters), size=places.size)]
    return "".join(codes)


def test_a_homolog_with_few_common_words_is_found():
    chains = [S12, LYSOZYME, S12_MITO, S12]
    assert homology.homology_groups(chains, alphabet=PEPTIDE).tolist() == [0, 1, 2, 0]
    assert alignment.families(chains, alphabet=PEPTIDE).tolist() == [0, 1, 0, 0]


def test_the_rule_against_another_aligner():
    """What the rule says of a pair follows from the best local alignment of Biopython."""
    aligner = PairwiseAligner(
        mode="local", substitution_matrix=substitution_matrices.load("BLOSUM62"),
        open_gap_score=-11, extend_gap_score=-1,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    rule = alignment.RULES["peptide"]
    found, expected = [], []
    for share in (0.3, 0.5, 0.6, 0.7, 0.8):
        for _ in range(8):
            one = drawn(rng, PEPTIDE.letters, 90)
            other = changed(rng, one, PEPTIDE.letters, share)
            best = aligner.align(one, other)[0]
            same, length = best.counts().identities, best.length
            related = best.score >= rule.score and same >= rule.identity * length
            expected.append(related and length >= rule.coverage * 90)
            found.append(len(set(alignment.families([one, other], alphabet=PEPTIDE).tolist())) == 1)
    assert 5 < sum(expected) < 35
    assert np.mean(np.array(found) == expected) >= 0.95


@pytest.mark.parametrize(("alphabet", "lengths"), [(RNA, (30, 100, 800)), (PEPTIDE, (40, 150, 400))])
def test_families_are_found_and_strangers_stay_apart(alphabet, lengths):
    rng = np.random.default_rng(1)
    founders = [drawn(rng, alphabet.letters, length) for length in lengths for _ in range(10)]
    chains = [changed(rng, text, alphabet.letters, share) for text in founders for share in (0, 0.1, 0.1)]
    found = alignment.families(chains, alphabet=alphabet)
    assert found.tolist() == np.repeat(np.arange(30), 3).tolist()


def test_a_fragment_belongs_to_its_whole_and_relatives_through_others():
    rng = np.random.default_rng(2)
    whole = drawn(rng, "ACGU", 300)
    assert alignment.families([whole, whole[100:125], "ACGU" * 5], alphabet=RNA).tolist() == [0, 0, 1]
    halves = [whole[:150], whole[150:], whole]
    assert alignment.families(halves, alphabet=RNA).tolist() == [0, 0, 0]


def test_either_strand_of_dna():
    one = drawn(np.random.default_rng(3), "ACGT", 100)
    other = DNA.complement(one)[::-1]
    assert alignment.families([one, other], alphabet=DNA).tolist() == [0, 0]
    assert alignment.families([one, other], alphabet=RNA).tolist() == [0, 1]


def test_edges():
    assert alignment.families([], alphabet=RNA).tolist() == []
    assert alignment.families(["ACT", "ACU", "N"], alphabet=RNA).tolist() == [0, 0, 1]
    assert alignment.families(["A" * 40, "C" * 40], alphabet=DNA).tolist() == [0, 1]
    with pytest.raises(ValueError, match="alphabet is 'x'; expected one of peptide, RNA, DNA"):
        alignment.families(["A"], alphabet=Alphabet("x", "A", "N"))
