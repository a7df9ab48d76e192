"""A secondary structure: turned and not mirrored, each nucleotide and each pair drawn."""

import numpy as np
import pytest

from helpers.plots import style
from helpers.tracks.rna_peptide import figures


def test_layout_is_turned_not_mirrored():
    xy = np.array([[0.0, 0], [0, 15], [0, 30], [15, 30]])
    turned = figures.across(xy)
    assert np.ptp(turned[:, 0]) > np.ptp(turned[:, 1])

    def side(points):
        a, b = points[2] - points[0], points[3] - points[2]
        return np.sign(a[0] * b[1] - a[1] * b[0])

    assert side(turned) == side(xy)
    assert np.hypot(*(turned[1] - turned[0])) == pytest.approx(1)


def test_structure_draws_each_nucleotide_and_pair():
    x, y = [0, 1, 2, 2, 1, 0], [0, 0, 0, 1, 1, 1]
    fig = figures.structure(
        np.column_stack([x, y]), "GGAACC", "((..))", values=np.arange(6.0), truth=np.arange(6) > 3
    )
    assert len(fig.axes[0].collections[1].get_segments()) == 2
    assert len(fig.axes[0].patches) == 6
    assert {"5′", "3′"} <= {text.get_text() for text in fig.axes[0].texts}
    style.png(fig)


def test_structure_refusals():
    with pytest.raises(ValueError, match=r"shape \(2, 2\) with a sequence of length 3"):
        figures.structure(np.eye(2), "GCU", "...", values=[0, 0, 0])
    with pytest.raises(ValueError, match=r"with a truth of length 1; expected"):
        figures.structure(np.eye(2), "GC", "..", values=[0, 1], truth=[True])
