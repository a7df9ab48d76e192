"""Motifs of JASPAR, TRANSFAC and HOMER files: the same three positions, and what is wrong with a file."""

import numpy as np
import pytest

from helpers.motifs import library, reading
from helpers.sequences.alphabet import DNA, RNA

COUNTS = [[7.0, 1.0, 1.0, 1.0], [0.0, 0.0, 10.0, 0.0], [1.0, 1.0, 1.0, 7.0]]
JASPAR = """>MA0001.1 AGL3
A [7 0 1 ]
C [1 0 1 ]
G [1 10 1 ]
T [1 0 7 ]

>MA0002.1\tRUNX1
A [7 0 1 ]
C [1 0 1 ]
G [1 10 1 ]
T [1 0 7 ]
"""
ROWS = ">MA0001.1 AGL3\n7 0 1\n1 0 1\n1 10 1\n1 0 7\n"
HOMER = """>AGT\tAP-1(bZIP)/ThioMac PU.1/Homer\t6.04\t-1782\t0
0.7\t0.1\t0.1\t0.1
0.0\t0.0\t1.0\t0.0
0.1\t0.1\t0.1\t0.7
"""
TRANSFAC = """VV  made up
XX
//
AC  M00001
XX
ID  V$MYOD_01
XX
NA  MyoD
XX
P0      A      C      G      T
01      7      1      1      1      A
02      0      0     10      0      G
03      1      1      1      7      T
XX
//
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, alphabet=DNA):
        (tmp_path / "m.txt").write_text(text)
        return reading.read(tmp_path / "m.txt", alphabet)

    return write_and_read


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (JASPAR, [("MA0001.1", "AGL3"), ("MA0002.1", "RUNX1")]),
        (ROWS, [("MA0001.1", "AGL3")]),
        (HOMER, [("AP-1(bZIP)/ThioMac_PU.1/Homer", "AP-1")]),
        (TRANSFAC, [("M00001", "MyoD")]),
        (TRANSFAC.split("//\n", 1)[1], [("M00001", "MyoD")]),
    ],
)
def test_matrices_of_other_formats(read, text, names):
    found = read(text)
    assert [(motif.id, motif.name) for motif in found] == names
    for motif in found:
        np.testing.assert_allclose(motif.ppm, np.array(COUNTS) / 10)
    with pytest.raises(ValueError, match=r"holds DNA motifs, and RNA was asked for\. Give a MEME file"):
        read(text, RNA)


def test_a_file_of_any_format_is_a_library(tmp_path):
    (tmp_path / "m.jaspar").write_text(JASPAR)
    found = library.load(tmp_path / "m.jaspar")
    assert found[0].url.endswith("/MA0001.1/")
    again = library.load(library.write_meme(tmp_path / "m.meme", found, DNA))
    assert [motif.id for motif in again] == ["MA0001.1", "MA0002.1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "line 1: found 'hello'; expected a file of motifs in the format of MEME"),
        (">a b\n", "line 1: '>a b' has no matrix below it"),
        (">a\n1 2 3 4\n1 2 3 4\n1 2 3 4\n1 2 3 4\n", "four rows of four numbers may be letters by positions"),
        (JASPAR.replace("MA0002.1", "MA0001.1"), "line 7: the motif 'MA0001.1' stands twice"),
        (JASPAR.replace("T [1 0 7 ]\n\n", ""), "line 1: '>MA0001.1 AGL3' has 3 rows below it"),
        (ROWS.replace("1 0 7", "1 0"), "no valid motif of its format"),
        (HOMER.replace("0.0\t0.0\t1.0\t0.0", "0.0\t0.0\t1.0\tx"), "no valid motif of its format"),
        (HOMER.replace("0.0\t0.0\t1.0\t0.0", "0.0\t0.0\t0.0\t0.0"), "a position sums to 0"),
        (
            HOMER.replace("0.1\t0.1\t0.1\t0.7", "0.1\t0.1\t0.1"),
            "line 1: .* has 3 rows below it; expected four",
        ),
        (ROWS.replace(">MA0001.1 AGL3", ">"), "a motif without an id"),
        (TRANSFAC.replace("     10      0", ""), "line 4: "),
        (TRANSFAC.replace("AC  M00001\nXX\nID  V$MYOD_01\nXX\n", ""), "without an AC or an ID line"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text)
