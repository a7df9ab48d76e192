"""How stable an RNA duplex is: energies, the asymmetry of its ends, its melting.

Nearest-neighbour parameters are those of Xia 1998, doi:10.1021/bi9809425, at 37 degrees Celsius in
1 M NaCl. A guide is written 5' to 3'; position 1 is its 5' end. Its first 19 residues pair with
the target, the last two overhang. All take guides of one length, 5' to 3'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from Bio.SeqUtils.MeltingTemp import RNA_NN2

from helpers.sequences.alphabet import RNA

CORE = 19
"""Residues of a 21-nt guide that pair in the duplex; the last two overhang."""

STACK_ENERGY = {
    "AA": -0.93, "AU": -1.10, "UA": -1.33, "CU": -2.08, "CA": -2.11,
    "GU": -2.24, "GA": -2.35, "CG": -2.36, "GG": -3.26, "GC": -3.42,
}  # fmt: skip
"""Free energy of each pair of neighbouring base pairs, kcal/mol, read 5' to 3' on one strand.

As published: enthalpy less entropy would differ in the second digit."""

STACK_ENTHALPY = {key[:2].replace("T", "U"): pair[0] for key, pair in RNA_NN2.items() if key[2:3] == "/"}
"""Enthalpy of each pair of neighbouring base pairs, kcal/mol."""

INITIATION = (4.09, RNA_NN2["init"][0])
"""Free energy and enthalpy of bringing two strands together, kcal/mol."""

TERMINAL_AU = (0.45, RNA_NN2["init_A/T"][0])
"""Free energy and enthalpy for each end of a helix that closes with A-U, kcal/mol."""

_GAS = 1.987e-3  # kcal / (mol K)
_STRANDS, _SODIUM = 1e-4, 0.1  # mol/l, for which a seed's melting is given
_END = 4  # stacks at either end whose energies are compared
_WEAK = np.array([1.0, 0.0, 0.0, 1.0, 0.5])  # whether A, C, G, U or an unknown residue closes with A-U


def stack_energies(guides: Sequence[str]) -> np.ndarray:
    """Free energy of each step of the duplex of a guide with its full complement.

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
    return _steps(_codes(guides), 0)


def duplex_energy(guides: Sequence[str], *, start: int = 0, stop: int = CORE) -> np.ndarray:
    """Free energy of the helix from residue `start` (0-based) to the one before `stop`.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        kcal/mol, with initiation and terminal A-U; no term for self-complementary strands.

    Examples
    --------
    >>> duplex_energy(["GGCCAUGGCC"], stop=10).round(2).tolist()
    [-21.11]
    """
    return _helix(guides, start, stop, 0)


def end_energies(guides: Sequence[str]) -> np.ndarray:
    """Stability of the duplex's two ends: four steps each, with terminal A-U.

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
    steps, last = _steps(codes, 0), CORE - 1
    ends = [steps[:, :_END].sum(axis=1), steps[:, last - _END : last].sum(axis=1)]
    return np.stack(ends, axis=1) + _WEAK[codes[:, [0, last]]] * TERMINAL_AU[0]


def asymmetry(guides: Sequence[str]) -> np.ndarray:
    """How much weaker the duplex is at the guide's 5' end than at the other end.

    The strand whose 5' end is less tightly paired enters the silencing complex, Schwarz 2003,
    doi:10.1016/S0092-8674(03)00759-1 and Khvorova 2003, doi:10.1016/S0092-8674(03)00801-8.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        kcal/mol; above zero where the asymmetry favours the guide.

    Examples
    --------
    >>> asymmetry(["UAUAUGGGCACGGGCGCGCUU"]).round(2).tolist()
    [7.15]
    """
    ends = end_energies(guides)
    return ends[:, 0] - ends[:, 1]


def seed_melting(guides: Sequence[str]) -> np.ndarray:
    """Melting temperature of the seed (residues 2 to 8) with a target, at 0.1 M sodium.

    A seed that melts low silences few other transcripts, Ui-Tei 2008, doi:10.1093/nar/gkn042.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=float64
        Degrees Celsius; a salt term of 16.6 log10 of the concentration.

    Examples
    --------
    >>> seed_melting(["UAUAUAUACACGGGCGCGCUU", "UGCGCGCGCACGGGCGCGCUU"]).round(0).tolist()
    [-9.0, 52.0]
    """
    energy, enthalpy = (_helix(guides, 1, 8, kind) for kind in (0, 1))
    entropy = (enthalpy - energy) / 310.15
    return enthalpy / (entropy + _GAS * np.log(_STRANDS / 4)) - 273.15 + 16.6 * np.log10(_SODIUM)


def _helix(guides: Sequence[str], start: int, stop: int, kind: int) -> np.ndarray:
    """Free energy (0) or enthalpy (1) of a helix."""
    if stop - start < 2:
        raise ValueError(f"residues {start} to {stop} hold no step; expected two or more residues")
    codes = _codes(guides)
    steps = _steps(codes, kind)[:, start : stop - 1].sum(axis=1)
    return steps + INITIATION[kind] + TERMINAL_AU[kind] * _WEAK[codes[:, [start, stop - 1]]].sum(axis=1)


def _steps(codes: np.ndarray, kind: int) -> np.ndarray:
    return _TABLES[kind][codes[:, :-1], codes[:, 1:]]


def _codes(guides: Sequence[str]) -> np.ndarray:
    sizes = sorted({len(guide) for guide in guides})
    if len(sizes) != 1 or sizes[0] < 2:
        raise ValueError(f"the guides have lengths {sizes}; expected one length of 2 nt or more for all")
    return np.stack([RNA.encode(guide) for guide in guides])


def _table(values: Mapping[str, float]) -> np.ndarray:
    """Values by the codes of two neighbours, the unknown code having the mean."""
    # A step read on the other strand is the same step.
    both = {**{RNA.complement(step)[::-1]: value for step, value in values.items()}, **values}
    table = np.array([[both[first + second] for second in RNA.letters] for first in RNA.letters])
    table = np.vstack([table, table.mean(axis=0)])
    return np.column_stack([table, table.mean(axis=1)])


_TABLES = (_table(STACK_ENERGY), _table(STACK_ENTHALPY))
