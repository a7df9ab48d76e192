"""Secondary structure of an RNA: folding, how to draw it, and which stretches lie open.

Everything is computed in this process by ViennaRNA (Lorenz 2011, doi:10.1186/1748-7188-6-26).
Energies are in kcal/mol at 37 degrees Celsius. Sequences are upper-case RNA letters; T is read
as U, an ambiguous letter as N, which pairs with nothing.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import RNA as vienna  # noqa: N811  (its own name is that of our alphabet)
from tqdm.auto import tqdm

from helpers.sequences.alphabet import RNA

MAX_LENGTH = 2000
"""Longest RNA that `fold` takes: time grows with the cube of the length, 20 s at 2,000 nt."""

GAS_CONSTANT = 1.98717e-3
"""kcal / (mol K)."""

_LAYOUTS = {"naview": 1, "puzzler": 4, "simple": 0}


class Fold(NamedTuple):
    """Secondary structure of one RNA.

    Attributes
    ----------
    structure : str
        Minimum free energy structure in dot-bracket notation.
    energy : float
        Its free energy, kcal/mol.
    ensemble_energy : float
        Free energy of all structures together, kcal/mol; never above `energy`.
    partners : numpy.ndarray, shape=(length,), dtype=int64
        Position that each residue pairs with in `structure`, -1 where it is unpaired.
    pair_probability : numpy.ndarray, shape=(length,), dtype=float64
        Probability that each residue is paired at all, over all structures.
    pairs : numpy.ndarray, shape=(n, 2), dtype=int64
        Base pairs i < j whose probability is at least 0.0001.
    probabilities : numpy.ndarray, shape=(n,), dtype=float64
        Their probabilities.
    """

    structure: str
    energy: float
    ensemble_energy: float
    partners: np.ndarray
    pair_probability: np.ndarray
    pairs: np.ndarray
    probabilities: np.ndarray


def fold(sequence: str) -> Fold:
    """Fold an RNA of at most `MAX_LENGTH` nt; the same one is folded once a process, then remembered.

    Returns
    -------
    Fold
        Its arrays are read-only.

    Examples
    --------
    >>> hairpin = fold("GGGGAAAACCCC")
    >>> hairpin.structure, round(hairpin.energy, 1), hairpin.partners[:5].tolist()
    ('((((....))))', -5.4, [11, 10, 9, 8, -1])
    """
    letters = _letters(sequence)
    if len(letters) > MAX_LENGTH:
        found = f"the RNA has {len(letters)} nt; fold takes at most {MAX_LENGTH}"
        raise ValueError(f"{found}. Fold a part, or ask for unpaired_probability, which takes any length")
    return _fold(letters)


def layout(structure: str, *, method: str = "puzzler") -> tuple[np.ndarray, np.ndarray]:
    """Where to draw each residue of a structure.

    Parameters
    ----------
    structure : str
        Dot-bracket notation, round brackets only.
    method : {"puzzler", "naview", "simple"}, optional
        ``"puzzler"`` (Wiegreffe 2018, doi:10.1093/bioinformatics/bty817) lets no parts overlap;
        ``"naview"`` (Bruccoleri 1988, doi:10.1093/bioinformatics/4.1.167) is compact.

    Returns
    -------
    x, y : numpy.ndarray, shape=(length,), dtype=float64
        Coordinates, in units of the usual distance between neighbours in the chain.

    Examples
    --------
    >>> x, y = layout("((((....))))")
    >>> x.shape, bool(np.hypot(x[0] - x[11], y[0] - y[11]) < 3)    # a pair stands together
    ((12,), True)
    """
    partners(structure)
    if method not in _LAYOUTS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(_LAYOUTS)}")
    if len(structure) == 1:
        return np.zeros(1), np.zeros(1)
    before = vienna.cvar.rna_plot_type
    vienna.cvar.rna_plot_type = _LAYOUTS[method]
    try:
        found = vienna.get_xy_coordinates(structure)
        points = [found.get(i) for i in range(len(structure))]
        x, y = np.array([(point.X, point.Y) for point in points], dtype=np.float64).T
    finally:
        vienna.cvar.rna_plot_type = before
    step = np.median(np.hypot(np.diff(x), np.diff(y)))
    return (x - x.mean()) / step, (y - y.mean()) / step


def partners(structure: str) -> np.ndarray:
    """Position that each residue pairs with.

    Parameters
    ----------
    structure : str
        Dot-bracket notation, round brackets only.

    Returns
    -------
    numpy.ndarray, shape=(length,), dtype=int64
        -1 where a residue is unpaired.

    Examples
    --------
    >>> partners("(.)").tolist()
    [2, -1, 0]
    """
    found = np.full(len(structure), -1, dtype=np.int64)
    opened: list[int] = []
    for position, character in enumerate(structure):
        if character == "(":
            opened.append(position)
        elif character == ")" and opened:
            first = opened.pop()
            found[[first, position]] = position, first
        elif character != ".":
            what = "a bracket that closes nothing" if character == ")" else repr(character)
            raise ValueError(f"position {position + 1} holds {what}; expected '.', '(' and ')' in balance")
    if opened or not structure:
        raise ValueError(
            f"the structure of {len(structure)} positions has {len(opened)} bracket(s) never closed; "
            "expected at least one position and brackets in balance"
        )
    return found


def unpaired_probability(sequence: str, *, length: int = 1, window: int = 80, span: int = 40) -> np.ndarray:
    """Probability that `length` residues in a row are all unpaired, in local structures.

    The mean over all windows that hold the stretch; time grows with the length of the RNA, not
    with its cube (3,000 nt: 0.3 s). Bernhart 2006, doi:10.1093/bioinformatics/btk014; Bernhart
    2011, doi:10.1186/1748-7188-6-3.

    Parameters
    ----------
    sequence : str
        RNA of any length.
    length : int, optional
        Residues that have to be unpaired together, such as 21 for the site of a siRNA.
    window : int, optional
        Nucleotides folded together; at most those of the RNA are taken.
    span : int, optional
        Furthest that the two residues of a pair may lie apart, in nucleotides.

    Returns
    -------
    numpy.ndarray, shape=(len(sequence) - length + 1,), dtype=float64
        Read-only; entry i is about the residues i to i + length - 1.

    Examples
    --------
    >>> open_ = unpaired_probability("GGGGAAAACCCC")
    >>> open_.shape, bool(open_[5] > 0.9), bool(open_[1] < 0.1)
    ((12,), True, True)
    """
    letters = _letters(sequence)
    if not 1 <= length <= min(window, len(letters)):
        found = f"length is {length}, for an RNA of {len(letters)} nt and windows of {window} nt"
        raise ValueError(f"{found}; expected at least 1 and at most the shorter of the two")
    if span < 1:
        raise ValueError(f"span is {span}; expected the largest distance in a pair, in nucleotides")
    return _unpaired(letters, length, min(window, len(letters)), span)


def opening_energy(probability: np.ndarray) -> np.ndarray:
    """Energy it takes to open a stretch: ``-RT ln(probability that it is open)``, kcal/mol.

    Examples
    --------
    >>> opening_energy(np.array([1.0, 0.1])).round(2).tolist()
    [0.0, 1.42]
    """
    kt = GAS_CONSTANT * (37.0 + 273.15)
    return np.abs(kt * np.log(np.maximum(probability, np.finfo(float).tiny)))


def fold_many(sequences: Iterable[str], *, workers: int = 1, progress: bool = True) -> list[Fold]:
    """`fold` for many RNAs, in `workers` processes; each distinct one is folded once.

    An error names the sequence by its number, from 1. A bar is shown after two seconds.
    """
    return _for_each(fold, sequences, workers, progress)


def unpaired_many(
    sequences: Iterable[str], *, length: int = 1, workers: int = 1, progress: bool = True
) -> list[np.ndarray]:
    """`unpaired_probability` for many RNAs, as `fold_many` does it."""
    return _for_each(functools.partial(unpaired_probability, length=length), sequences, workers, progress)


def _letters(sequence: str) -> str:
    if not sequence:
        raise ValueError("the sequence is empty; expected at least one nucleotide")
    return RNA.decode(RNA.encode(sequence))


@functools.lru_cache(maxsize=1024)
def _fold(letters: str) -> Fold:
    compound = vienna.fold_compound(letters, vienna.md())
    structure, energy = compound.mfe()
    compound.exp_params_rescale(energy)  # without it the sums of long chains overflow
    _, ensemble = compound.pf()
    matrix = np.array(compound.bpp(), dtype=np.float64)[1:, 1:]
    pairs = np.argwhere(matrix >= 1e-4)
    paired = np.clip(matrix.sum(axis=0) + matrix.sum(axis=1), 0.0, 1.0)
    arrays = [partners(structure), paired, pairs, matrix[tuple(pairs.T)]]
    for array in arrays:
        array.flags.writeable = False
    return Fold(structure, float(energy), float(ensemble), *arrays)


@functools.lru_cache(maxsize=1024)
def _unpaired(letters: str, length: int, window: int, span: int) -> np.ndarray:
    details = vienna.md()
    details.window_size, details.max_bp_span = window, min(span, window)
    compound = vienna.fold_compound(letters, details, vienna.OPTION_WINDOW)
    result = np.full(len(letters) - length + 1, np.nan)

    def keep(values: tuple[float | None, ...], _: int, end: int, *rest: object) -> None:
        # entry k of `values` is about the k residues that end at `end`, counted from 1
        if end >= length and (value := values[length]) is not None:
            result[end - length] = value

    compound.probs_window(length, vienna.PROBS_WINDOW_UP, keep)
    result = np.clip(result, 0.0, 1.0)
    result.flags.writeable = False
    return result


def _for_each(work: Callable[[str], Any], sequences: Iterable[str], workers: int, progress: bool) -> list:
    """Results of `work` in the order of the sequences, each distinct sequence done once."""
    given = list(sequences)
    first: dict[str, int] = {}
    for number, sequence in enumerate(given, start=1):
        first.setdefault(sequence, number)
    named = functools.partial(_numbered, work)
    bar = functools.partial(tqdm, total=len(first), desc="folding", delay=2.0, disable=not progress)
    if workers <= 1:
        results = list(bar(map(named, first.values(), first)))
    else:
        # ViennaRNA holds Python's lock, so threads would not help; a fork of a process that runs
        # TensorFlow's threads may hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            chunk = max(1, len(first) // (8 * workers))
            results = list(bar(pool.map(named, first.values(), first, chunksize=chunk)))
    by_sequence = dict(zip(first, results, strict=True))
    return [by_sequence[sequence] for sequence in given]


def _numbered(work: Callable[[str], Any], number: int, sequence: str) -> Any:
    try:
        return work(sequence)
    except ValueError as error:
        raise ValueError(f"sequence {number}: {error}") from error
