import numpy as np
import pytest

from helpers.tracks.rna_peptide.pairwise import PairSpace

RNA = ["ACGUACGUACGUAA", "ACGUACGUACGUAC", "GGCCGGCCGGCCGG", "GGCCGGCCGGCCGA"] * 2
PEPTIDE = ["MKVLAWRRKK"] * 4 + ["DEEDSTYCCH"] * 4
Y = np.array([1, 1, 0, 0, 0, 0, 1, 1])


@pytest.fixture(scope="module")
def space():
    return PairSpace(RNA, PEPTIDE)


def test_similarity_is_one_with_itself_and_symmetric(space):
    for like in (*space.rna_like, *space.peptide_like):
        np.testing.assert_allclose(np.diag(like), 1, atol=1e-5)
        np.testing.assert_allclose(like, like.T, atol=1e-5)
        assert like.min() >= 0


def test_kernel_is_the_product_of_both_sides_and_positive(space):
    rows = np.arange(len(Y))
    kernel = space.kernel(rows, rows)
    assert kernel[0, 1] > kernel[0, 2]
    assert kernel[0, 0] > kernel[0, 4]
    assert np.linalg.eigvalsh(kernel.astype(float)).min() > -1e-4


def test_votes_follow_the_labels_of_similar_pairs(space):
    known, rows = np.array([1, 3, 5, 7]), np.array([0, 2, 4, 6])
    votes = space.votes(known, Y, rows)
    assert votes.shape == (4, 58)
    # The balance of pairs that share short words of the RNA and have the same peptide.
    assert np.array_equal(votes[:, (2 * 4 + 0) * 3] > 0, Y[rows] == 1)


def test_labels_outside_the_known_rows_are_not_read(space):
    known, rows = np.array([1, 3, 5, 7]), np.array([0, 2, 4, 6])
    lie = Y.copy()
    lie[rows] = 1 - lie[rows]
    assert np.array_equal(space.votes(known, Y, rows), space.votes(known, lie, rows))
    assert np.array_equal(space.machine(known, Y), space.machine(known, lie))


def test_what_is_said_of_a_row_does_not_rest_on_the_others(space):
    # Of chains that are asked about, none is a stop on a walk, and further ones change nothing.
    known, asked = np.arange(8), np.array([8])
    new = ("GGCCGGCCAAAAGG", "MKVLAWCCKK")
    further = (["ACGUACGUACGU", new[0]], ["MKVLAW", "DEEDSTYCCHK"])
    alone = PairSpace([*RNA, new[0]], [*PEPTIDE, new[1]], known=8)
    among = PairSpace([*RNA, new[0], *further[0]], [*PEPTIDE, new[1], *further[1]])
    y = np.array([*Y, 0, 0, 0])
    np.testing.assert_allclose(
        alone.votes(known, Y, asked), among.votes(known, y, np.array([8, 9, 10]))[:1], atol=1e-5
    )
    np.testing.assert_allclose(alone.kernel(asked, known), among.kernel(asked, known), atol=1e-6)


def test_the_kernel_machine_learns_which_sides_belong_together(space):
    known, rows = np.array([1, 3, 5, 7]), np.array([0, 2, 4, 6])
    assert np.array_equal(space.kernel_score(known, space.machine(known, Y), rows) > 0, Y[rows] == 1)


def test_sides_must_match():
    with pytest.raises(ValueError, match="found 1 RNAs and 2 peptides"):
        PairSpace(["A"], ["M", "K"])
