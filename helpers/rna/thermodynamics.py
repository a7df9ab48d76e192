"""How stable an RNA duplex is: energies, the asymmetry of its ends, its melting.

Nearest-neighbour parameters are those of Xia 1998, doi:10.1021/bi9809425, at 37 degrees Celsius in
1 M NaCl. A guide is
written 5' to 3'; position 1 is its 5' end. Its first 19 residues pair with the target, the last
two overhang.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from helpers.sequences.alphabet import RNA

CORE = 19
"""Residues of a 21-nt guide that pair in the duplex; the last two overhang."""

STACK_ENERGY = {
    "AA": -0.93, "AU": -1.10, "UA": -1.33, "CU": -2.08, "CA": -2.11,
    "GU": -2.24, "GA": -2.35, "CG": -2.36, "GG": -3.26, "GC": -3.42,
}  # fmt: skip
"""Free energy of each pair of neighbouring base pairs, kcal/mol, read 5' to 3' on one strand."""

STACK_ENTHALPY = {
    "AA": -6.82, "AU": -9.38, "UA": -7.69, "CU": -10.48, "CA": -10.44,
    "GU": -11.40, "GA": -12.44, "CG": -10.64, "GG": -13.39, "GC": -14.88,
}  # fmt: skip
"""Enthalpy of each pair of neighbouring base pairs, kcal/mol."""

INITIATION = (4.09, 3.61)
"""Free energy and enthalpy of bringing two strands together, kcal/mol."""

TERMINAL_AU = (0.45, 3.72)
"""Free energy and enthalpy for each end of a helix that closes with A-U, kcal/mol."""

_GAS = 1.987e-3  # kcal / (mol K)
_SEED = (1, 8)  # residues 2 to 8, half-open and 0-based
_END = 4  # stacks at either end whose energies are compared


def stack_energies(guides: Sequence[str]) -> np.ndarray:
    """Free energy of each step of the duplex of a guide with its full complement.

    Parameters
    ----------
    guides : sequence of str
        RNAs of one length, 5' to 3'.

    Returns
    -------
    numpy.ndarray, shape=(n, length - 1), dtype=float64
        kcal/mol; entry i is the step from position i + 1 to i + 2. A step with an unknown residue
        (N) has the mean of all that it could be.

    Raises
    ------
    ValueError
        If the guides differ in length, or one is shorter than 2 or no RNA.

    Examples
    --------
    >>> stack_energies(["GGAC"]).tolist()
    [[-3.26, -2.35, -2.24]]
    """
    return _steps(guides, _TABLES[0])


def duplex_energy(guides: Sequence[str], *, start: int = 0, stop: int = CORE) -> np.ndarray:
    """Free energy of the helix between two positions of a guide and its full complement.

    Parameters
    ----------
    guides : sequence of str
        RNAs of one length, 5' to 3'.
    start, stop : int
        First residue (0-based) and the one behind the last.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        kcal/mol, with initiation and terminal A-U; no term for self-complementary strands.

    Raises
    ------
    ValueError
        As for `stack_energies`, and if fewer than two residues are asked for.

    Examples
    --------
    >>> duplex_energy(["GGCCAUGGCC"], stop=10).round(2).tolist()
    [-21.11]
    """
    return _helix(guides, start, stop, 0)


def end_energies(guides: Sequence[str], *, core: int = CORE) -> np.ndarray:
    """Stability of the duplex's two ends: four steps each, with terminal A-U.

    Parameters
    ----------
    guides : sequence of str
        Guides of one length, 5' to 3'.
    core : int
        Residues of the guide that pair.

    Returns
    -------
    numpy.ndarray, shape=(n, 2), dtype=float64
        kcal/mol at the guide's 5' end and at the other end; the less negative end is the weaker.

    Examples
    --------
    >>> end_energies(["UAUAUGGGCACGGGCGCGCUU"]).round(2).tolist()
    [[-4.41, -11.56]]
    """
    codes = _codes(guides)
    steps = stack_energies(guides)
    last = core - 1
    ends = [steps[:, :_END].sum(axis=1), steps[:, last - _END : last].sum(axis=1)]
    closing = [_closes_with_au(codes[:, place]) * TERMINAL_AU[0] for place in (0, last)]
    return np.stack(ends, axis=1) + np.stack(closing, axis=1)


def asymmetry(guides: Sequence[str], *, core: int = CORE) -> np.ndarray:
    """How much weaker the duplex is at the guide's 5' end than at the other end.

    The strand whose 5' end is less tightly paired enters the silencing complex, Schwarz 2003,
    doi:10.1016/S0092-8674(03)00759-1 and Khvorova 2003, doi:10.1016/S0092-8674(03)00801-8.

    Parameters
    ----------
    guides, core
        As for `end_energies`.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        kcal/mol; above zero where the asymmetry favours the guide.

    Examples
    --------
    >>> asymmetry(["UAUAUGGGCACGGGCGCGCUU"]).round(2).tolist()
    [7.15]
    """
    ends = end_energies(guides, core=core)
    return ends[:, 0] - ends[:, 1]


def seed_melting(guides: Sequence[str], *, strands: float = 1e-4, salt: float = 0.1) -> np.ndarray:
    """Melting temperature of the seed (residues 2 to 8) with a target.

    A seed that melts low silences few other transcripts, Ui-Tei 2008, doi:10.1093/nar/gkn042.

    Parameters
    ----------
    guides : sequence of str
        Guides of one length, 5' to 3'.
    strands : float
        Total concentration of strands, mol/l.
    salt : float
        Concentration of sodium ions, mol/l.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        Degrees Celsius; a salt term of 16.6 log10 of the concentration.

    Examples
    --------
    >>> seed_melting(["UAUAUAUACACGGGCGCGCUU", "UGCGCGCGCACGGGCGCGCUU"]).round(0).tolist()
    [-9.0, 52.0]
    """
    energy, enthalpy = (_helix(guides, *_SEED, kind) for kind in (0, 1))
    entropy = (enthalpy - energy) / 310.15
    return enthalpy / (entropy + _GAS * np.log(strands / 4)) - 273.15 + 16.6 * np.log10(salt)


def _helix(guides: Sequence[str], start: int, stop: int, kind: int) -> np.ndarray:
    if stop - start < 2:
        raise ValueError(f"residues {start} to {stop} hold no step; expected two or more residues")
    codes = _codes(guides)
    steps = _steps(guides, _TABLES[kind])[:, start : stop - 1].sum(axis=1)
    ends = sum(_closes_with_au(codes[:, place]) for place in (start, stop - 1))
    return steps + INITIATION[kind] + TERMINAL_AU[kind] * ends


def _steps(guides: Sequence[str], table: np.ndarray) -> np.ndarray:
    codes = _codes(guides)
    return table[codes[:, :-1], codes[:, 1:]]


def _codes(guides: Sequence[str]) -> np.ndarray:
    sizes = sorted({len(guide) for guide in guides})
    if len(sizes) != 1 or sizes[0] < 2:
        raise ValueError(f"the guides have lengths {sizes}; expected one length of 2 nt or more for all")
    return np.stack([RNA.encode(guide) for guide in guides])


def _closes_with_au(codes: np.ndarray) -> np.ndarray:
    """1 for A and U, one half for an unknown residue."""
    weak = np.array([letter in "AU" for letter in RNA.letters] + [0.5], dtype=float)
    return weak[codes]


def _table(values: dict[str, float]) -> np.ndarray:
    """Values by the codes of two neighbours, the unknown code having the mean."""
    size = RNA.size
    table = np.zeros((size + 1, size + 1))
    for first, second in product(RNA.letters, repeat=2):
        step = first + second
        # A step read on the other strand is the same step.
        value = values.get(step, values.get(RNA.complement(step)[::-1]))
        table[RNA.letters.index(first), RNA.letters.index(second)] = value
    table[size, :size] = table[:size, :size].mean(axis=0)
    table[:size, size] = table[:size, :size].mean(axis=1)
    table[size, size] = table[:size, :size].mean()
    return table


_TABLES = (_table(STACK_ENERGY), _table(STACK_ENTHALPY))
