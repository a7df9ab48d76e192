"""Promoters edited letter by letter towards a wanted output, and the edits that they are measured against."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from tangermeme.design import beam_substitution, greedy_substitution
from tangermeme.predict import predict

from helpers import explain
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.tracks.stress_response import simulate
from helpers.tracks.stress_response.predict import Served

METHODS = ("greedy", "beam", "evolution")
Score = Callable[[Sequence[str]], np.ndarray]
"""Takes promoters, gives log-odds, shape (n,)."""
_ENOUGH = 1e-4


class Designer:
    """One network of a cross-validation, asked and searched (under the torch backend).

    Parameters
    ----------
    run : Served
        What `helpers.tracks.stress_response.predict.load` gave.
    number : int
        Which of its networks.
    """

    def __init__(self, run: Served, number: int = 0) -> None:
        model = run.models[number]
        both = explain.heads.both_strands(model, DNA) if run.card["strands"] == 2 else model
        self.view, self.length = explain.torch_view.forward_only(both), int(run.card["length"])

    def score(self, sequences: Sequence[str]) -> np.ndarray:
        """Log-odds of promoters of the right length, shape (n,)."""
        return predict(self.view, self.tensor(sequences), device="cpu", batch_size=128).numpy().ravel()

    def search(self, sequence: str, method: str, *, wanted: float, budget: int, **options: int) -> str:
        """A promoter with at most `budget` letters changed, nearer to the wanted log-odds.

        Parameters
        ----------
        method : {"greedy", "beam", "evolution"}
            The best single edit, again and again; the same with several promoters kept in each
            step; or a population that mutates and exchanges edits (`evolve`).
        wanted : float
            Log-odds.
        budget : int
            Letters that may be changed.
        **options
            ``first, last``: which letters may be changed (from 0, half-open; all by default);
            ``width`` of the beam; ``seed``.

        Raises
        ------
        ValueError
            If the method is unknown, or the promoter has another length.
        """
        if method not in METHODS:
            raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
        if len(sequence) != self.length:
            raise ValueError(f"the promoter has {len(sequence)} nt; this network reads {self.length}")
        first, last = options.get("first", 0), options.get("last", self.length)
        if method == "evolution":
            return evolve(
                lambda texts: np.abs(self.score(texts) - wanted), sequence, budget=budget,
                places=np.arange(first, last), seed=options.get("seed", 0),
            )  # fmt: skip
        allowed = torch.zeros(self.length, dtype=torch.bool)
        allowed[first:last] = True
        given = {"y": torch.tensor([[wanted]], dtype=torch.float32), "motifs": list(DNA.letters),
                 "reverse_complement": False, "input_mask": allowed, "max_iter": budget,
                 "tol": _ENOUGH, "device": "cpu", "batch_size": 128}  # fmt: skip
        X = self.tensor([sequence])
        if method == "greedy":
            found = greedy_substitution(self.view, X, **given)
        else:
            found = beam_substitution(self.view, X, beam_size=options.get("width", 4), **given)
        return "".join(DNA.letters[code] for code in found.numpy()[0].argmax(axis=0))

    def tensor(self, sequences: Sequence[str]) -> torch.Tensor:
        """One-hot promoters as tangermeme reads them, shape (n, 4, length)."""
        X = encoding.one_hot(list(sequences), DNA, length=self.length)
        return torch.from_numpy(np.ascontiguousarray(X.transpose(0, 2, 1)))


def evolve(
    loss: Score, sequence: str, *, budget: int, places: np.ndarray, generations: int = 30, size: int = 60,
    seed: int = 0,
) -> str:  # fmt: skip
    """Search by a population: the better third has children that share its edits and add or lose one.

    Parameters
    ----------
    loss : callable
        Takes promoters, gives what is to become small.
    sequence : str
        Where it starts; itself a member, so that the result is never worse.
    budget : int
        Letters that may be changed.
    places : numpy.ndarray of int
        Where.

    Examples
    --------
    >>> def few_a(texts):
    ...     return np.array([-text.count("A") for text in texts])
    >>> evolve(few_a, "CCCCCC", budget=2, places=np.arange(3)).count("A")
    2
    """
    rng = np.random.default_rng(seed)
    population: list[dict[int, str]] = [{}]
    population += [_mutated({}, sequence, places, budget, rng) for _ in range(size - 1)]
    best: list[dict[int, str]] = population
    for _ in range(generations):
        losses = loss([applied(sequence, edits) for edits in population])
        order = np.argsort(losses, kind="stable")[: max(2, size // 3)]
        best = [population[place] for place in order]
        children: list[dict[int, str]] = []
        while len(children) < size - len(best):
            a, b = (best[int(n)] for n in rng.integers(len(best), size=2))
            shared = {at: letter for at, letter in (a | b).items() if rng.random() < 0.6}
            children.append(_mutated(shared, sequence, places, budget, rng))
        population = [*best, *children]
    return applied(sequence, best[0])


def applied(sequence: str, edits: dict[int, str]) -> str:
    """The sequence with some letters replaced.

    Examples
    --------
    >>> applied("ACGT", {0: "T"})
    'TCGT'
    """
    letters = list(sequence)
    for at, letter in edits.items():
        letters[at] = letter
    return "".join(letters)


def edits(start: str, end: str) -> str:
    """The letters in which a design differs, places counted from 1.

    Examples
    --------
    >>> edits("ACGT", "ACTA")
    'G3T T4A'
    """
    pairs = enumerate(zip(start, end, strict=True), start=1)
    return " ".join(f"{a}{place}{b}" for place, (a, b) in pairs if a != b)


def random_edits(
    start: str, end: str, n: int, *, matched: bool, places: np.ndarray, seed: int = 0
) -> list[str]:
    """As many edits as a design has, at random places.

    Parameters
    ----------
    matched : bool
        The same changes (a G for an A, and so on) at other places, so that the promoter has exactly the
        design's composition; else any other letters.
    places : numpy.ndarray of int
        Where letters may be changed.

    Examples
    --------
    >>> found = random_edits("AACC", "GACC", 5, matched=True, places=np.arange(4))
    >>> sorted({text.count("G") for text in found}), {text[2:] for text in found}
    ([1], {'CC'})
    """
    rng = np.random.default_rng(seed)
    changes = [(a, b) for a, b in zip(start, end, strict=True) if a != b]
    found = []
    for _ in range(n):
        chosen: dict[int, str] = {}
        for a, b in changes:
            free = [p for p in places if p not in chosen and (not matched or start[p] == a)]
            # Where the place for a change is used up, another letter has to do.
            at = int(rng.choice(free or [p for p in places if p not in chosen]))
            chosen[at] = b if matched else str(rng.choice([x for x in DNA.letters if x != start[at]]))
        found.append(applied(start, chosen))
    return found


def planted(text: str) -> float:
    """Log-odds by the rule of the simulated sample, of what stands in a promoter: the judge that knows.

    Examples
    --------
    >>> round(planted("A" * 30), 1), round(planted("A" * 30 + "GGTAGGT" + "AAAAA" + "GTCGGTG" + "A" * 30), 1)
    (-2.0, 3.0)
    """
    low, high = simulate.Plan().near
    value = simulate.BASE
    for pair in simulate.GRAMMAR:
        a, b = (
            [(int(at), int(at) + len(simulate.core(name))) for at in simulate.hits(text, name)]
            for name in pair.motifs
        )
        gaps = [max(x[0], y[0]) - min(x[1], y[1]) for x in a for y in b]
        value += pair.effect * any(low <= gap <= high for gap in gaps)
    return value


def order(table: pd.DataFrame) -> pd.DataFrame:
    """What a supplier and a careful reader want to know of each design.

    Parameters
    ----------
    table : pandas.DataFrame
        ``id, method, start, sequence``.

    Returns
    -------
    pandas.DataFrame
        ``name, length, n_edits, edits, gc, longest_run, sequence``: the share of G and C, and the longest
        run of one letter, which is hard to synthesise from about ten on.
    """
    rows = []
    for one in table.to_dict("records"):
        text, changed = one["sequence"], edits(one["start"], one["sequence"])
        run = max(len(part) for part in _runs(text))
        gc = (text.count("G") + text.count("C")) / len(text)
        name = f"{one['id']}_{one['method']}"
        rows.append((name, len(text), len(changed.split()), changed, round(gc, 3), run, text))
    return pd.DataFrame(rows, columns=["name", "length", "n_edits", "edits", "gc", "longest_run", "sequence"])


def _runs(text: str) -> list[str]:
    cuts = [0, *(n for n in range(1, len(text)) if text[n] != text[n - 1]), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts)]


def _mutated(
    edited: dict[int, str], sequence: str, places: np.ndarray, budget: int, rng: np.random.Generator
) -> dict[int, str]:
    """Edits with one more or another; the oldest are dropped above the budget."""
    found = dict(edited)
    at = int(rng.choice(places))
    found.pop(at, None)
    found[at] = str(rng.choice([x for x in DNA.letters if x != sequence[at]]))
    return dict(list(found.items())[-budget:])
