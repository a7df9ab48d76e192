"""Predictions for a table of pairs: one row out for each row in, whatever the size of the file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from helpers.explain.heads import Score, bar, scorer
from helpers.explain.interaction import attention_map, paired_mutation
from helpers.models.layers import WindowSpread
from helpers.readers.fasta import clean
from helpers.readers.tables import TableWriter, iter_table
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet
from helpers.sequences.encoding import one_hot
from helpers.tracks.rna_peptide.network import patches, windows
from helpers.training.batches import padded_length
from helpers.training.calibration import Calibrator
from helpers.training.saving import Run

CHAINS = {"rna": RNA, "protein": PEPTIDE}
"""The two chains of a pair, in the order of a model's inputs: prefix of their columns, alphabet."""

COLUMNS = (
    "line", "rna_id", "protein_id", "rna_length", "protein_length", "probability", "ci_low",
    "ci_high", "status", "note",
)  # fmt: skip
"""Columns of a prediction, see `predict_pairs`."""

MAX_LENGTH = 4000
"""Longest chain for a model that takes any length and whose card names no other limit."""

BATCH = 512
CELLS_A_BATCH = 1 << 22
"""RNA positions x peptide positions x pairs in one batch: a bound on memory."""

REMEMBERED = 1_000_000
"""Pairs of ids among which a repeated one is noticed; a larger file is not searched further."""


class Summary(NamedTuple):
    """What `predict_pairs` did.

    Attributes
    ----------
    path : pathlib.Path
        The file that was written.
    rows, ok, changed, rejected : int
        Rows read (and written), and how many of them had each status.
    repeated : int
        Rows whose two ids stood together in an earlier row; each has its own prediction.
    calibrated : bool
        Whether the card holds a calibration. Without one the probability is the model's own.
    seconds : float
        Time taken.
    """

    path: Path
    rows: int
    ok: int
    changed: int
    rejected: int
    repeated: int
    calibrated: bool
    seconds: float


class PairMap(NamedTuple):
    """Interaction map of one pair.

    Attributes
    ----------
    rna_id, protein_id, rna_seq, protein_seq : str
        The pair, sequences as the model reads them.
    probability : float
        NaN for a rejected pair.
    values : numpy.ndarray, shape=(rna_length, protein_length), dtype=float32
        The map; without any cell for a rejected pair.
    status, note : str
        As in `predict_pairs`.
    """

    rna_id: str
    protein_id: str
    rna_seq: str
    protein_seq: str
    probability: float
    values: np.ndarray
    status: str
    note: str


def predict_pairs(
    run: Run | Sequence[Run],
    path: str | Path,
    out_path: str | Path,
    *,
    max_length: int | None = None,
    batch_rows: int = 20_000,
    separator: str = ",",
    progress: bool = True,
) -> Summary:
    r"""Predict every pair of a CSV file, in constant memory.

    The output is complete or absent: after a crash the file of an earlier run is still there, or
    none, and the call is simply repeated.

    Parameters
    ----------
    run : Run or sequence of Run
        Model and card, as `helpers.training.load_run` gives them. The card may hold a
        ``calibration``, a ``max_length`` (residues), ``truncate`` (true where the model was trained
        on chains cut at the right end) and the letters of ``rna_alphabet`` and
        ``peptide_alphabet``. Several runs are an ensemble: their log-odds are averaged, and
        their spread widens the interval.
    path : str or pathlib.Path
        CSV with the columns ``rna_seq, protein_seq``; ``rna_id, protein_id`` are optional, and
        an id that is missing becomes the number of the row.
    out_path : str or pathlib.Path
        File to write; gzip if its name ends in ``.gz``.
    max_length : int, optional
        Longest chain to accept, in residues. By default the length of the model's inputs, else
        what its card says, else 4,000.
    batch_rows : int, optional
        Rows in memory at a time.
    separator : str, optional
        Character between the cells of the input.
    progress : bool, optional
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Summary
        The file holds one row for each row read, in the same order: ``line`` (in the input),
        ``rna_id``, ``protein_id``, ``rna_length``, ``protein_length`` (residues), ``probability``,
        ``ci_low``, ``ci_high`` (95 %; empty if neither a calibration nor an ensemble gives one),
        ``status`` (ok, changed, rejected) and ``note`` (what was changed, why it was rejected and
        how to mend it). A rejected row keeps its place, without a probability.

    Raises
    ------
    ValueError
        If the file cannot be read or lacks a column (`helpers.readers.tables.iter_table`), if the model is
        not one of RNA and peptide with these alphabets, or if both paths are the same file.
    """
    start = time.perf_counter()
    predictor = _Predictor(run, max_length)
    path, out_path = Path(path), Path(out_path)
    if path.resolve() == out_path.resolve():
        raise ValueError(f"{path}: the predictions would replace their input; give another out_path")
    pieces = iter_table(
        path,
        required=[f"{chain}_seq" for chain in CHAINS],
        optional=[f"{chain}_id" for chain in CHAINS],
        chunk_rows=batch_rows,
        separator=separator,
    )
    counts = dict.fromkeys(("ok", "changed", "rejected"), 0)
    seen = _Seen()
    with (
        TableWriter(out_path, COLUMNS) as writer,
        bar(desc="predicting", unit=" pairs", shown=progress) as shown,
    ):
        for piece in pieces:
            table = predictor.predict(seen.mark(checked_pairs(piece, predictor.limits)))
            writer.write(_rounded(table[list(COLUMNS)]))
            for status, number in table["status"].value_counts().items():
                counts[str(status)] += int(number)
            shown.update(len(table))
    return Summary(
        path=out_path,
        rows=sum(counts.values()),
        **counts,
        repeated=seen.repeated,
        calibrated=predictor.calibrator is not None,
        seconds=time.perf_counter() - start,
    )


def predict_table(
    run: Run | Sequence[Run], table: pd.DataFrame, *, max_length: int | None = None
) -> pd.DataFrame:
    """Predict the pairs of a table in memory.

    Parameters
    ----------
    run, max_length
        As for `predict_pairs`.
    table : pandas.DataFrame
        Columns ``rna_seq, protein_seq`` and, if there are any, ``rna_id, protein_id, line``.

    Returns
    -------
    pandas.DataFrame
        The columns that `predict_pairs` writes, with ``rna_seq`` and ``protein_seq`` as the model
        reads them, one row for each row of `table`.

    Raises
    ------
    ValueError
        If a column is missing, or the model does not fit.
    """
    predictor = _Predictor(run, max_length)
    return predictor.predict(checked_pairs(table, predictor.limits))


def interaction_maps(
    run: Run | Sequence[Run],
    table: pd.DataFrame,
    *,
    method: str = "attention",
    max_length: int | None = None,
    **options: Any,
) -> Iterator[PairMap]:
    """Interaction map of each pair of a table, to be drawn.

    Parameters
    ----------
    run, max_length
        As for `predict_pairs`; of an ensemble the maps are averaged.
    table : pandas.DataFrame
        The chosen pairs, as for `predict_table`.
    method : {"attention", "mutation"}, optional
        Where the model looks (`helpers.explain.interaction.attention_map`; in a model that pools,
        each residue has the value of its patch), or what pairs of mutations do to its logit
        (`paired_mutation`).
    **options
        Further arguments of either function, such as ``layer`` or ``block``.

    Yields
    ------
    PairMap
        One for each row of `table`, in its order; a rejected pair has an empty map and a note.

    Raises
    ------
    ValueError
        If the method is unknown or does not fit the model.
    """
    if method not in ("attention", "mutation"):
        raise ValueError(f"method is {method!r}; expected 'attention' or 'mutation'")
    predictor = _Predictor(run, max_length)
    predicted = predictor.predict(checked_pairs(table, predictor.limits))
    for row in predicted.itertuples(index=False):
        values = np.zeros((0, 0), dtype=np.float32)
        if row.status != "rejected":
            inputs = predictor.encode([row.rna_seq], [row.protein_seq])
            maps = [_map(member, inputs, method, options) for member in predictor.runs]
            values = np.mean(maps, axis=0)[: row.rna_length, : row.protein_length]
        yield PairMap(
            row.rna_id, row.protein_id, row.rna_seq, row.protein_seq,
            row.probability, values, row.status, row.note,
        )  # fmt: skip


def encoded(run: Run | Sequence[Run], rna: Sequence[str], protein: Sequence[str]) -> list[np.ndarray]:
    """Inputs of a run's model for clean chains, to be explained.

    Parameters
    ----------
    run : Run or sequence of Run
    rna, protein : sequence of str
        Chains as `predict_table` gives them.

    Returns
    -------
    list of numpy.ndarray, shape=(n, length, letters), dtype=float32
        RNA and peptide, padded to the length of the model's inputs, or to a length that holds
        the longest chain.

    Raises
    ------
    ValueError
        If a chain does not fit, or the model is not one of RNA and peptide.
    """
    return _Predictor(run, None).encode(list(rna), list(protein))


def checked_pairs(piece: pd.DataFrame, limits: Mapping[str, Limit]) -> pd.DataFrame:
    """Clean the chains of a table and say what was done to each row.

    Parameters
    ----------
    piece : pandas.DataFrame
        Columns ``rna_seq, protein_seq``; ``rna_id, protein_id, line, status, note`` are kept if
        they are there.
    limits : dict of str to Limit
        For ``rna`` and ``protein``: longest chain, and whether a longer one is cut.

    Returns
    -------
    pandas.DataFrame
        ``line, rna_id, protein_id, rna_seq, protein_seq, rna_length, protein_length, status,
        note``, one row for each row of `piece`.

    Raises
    ------
    ValueError
        If a sequence column is missing.

    Examples
    --------
    >>> pairs = pd.DataFrame({"rna_seq": ["ACGT", "AC9"], "protein_seq": ["MKV", "MKV"]})
    >>> limits = {"rna": Limit(100), "protein": Limit(100)}
    >>> checked_pairs(pairs, limits)["status"].tolist()
    ['changed', 'rejected']
    """
    if missing := [f"{chain}_seq" for chain in CHAINS if f"{chain}_seq" not in piece]:
        raise ValueError(
            f"the table has no column {', '.join(missing)}; found {', '.join(map(str, piece))}. "
            "Rename or add the columns"
        )
    numbers = pd.Series(np.arange(1, len(piece) + 1), index=piece.index)
    if isinstance(piece.index, pd.RangeIndex):
        numbers = pd.Series(piece.index + 1, index=piece.index)
    table = pd.DataFrame({"line": piece.get("line", numbers)}, index=piece.index)
    for chain in CHAINS:
        ids = piece.get(f"{chain}_id", pd.Series("", index=piece.index)).fillna("").astype(str)
        table[f"{chain}_id"] = ids.where(ids != "", numbers.astype(str))
    read = piece.get("status", pd.Series("ok", index=piece.index)).tolist()
    statuses = [read]
    notes = [piece.get("note", pd.Series("", index=piece.index)).fillna("").tolist()]
    for chain, alphabet in CHAINS.items():
        column = f"{chain}_seq"
        cells = [
            _cleaned(cell, alphabet, limits[chain]) if status != "rejected" else (cell, status, "")
            for cell, status in zip(piece[column].tolist(), read, strict=True)
        ]
        table[column] = pd.Series([cell[0] for cell in cells], index=piece.index, dtype="str")
        table[f"{chain}_length"] = [len(cell[0]) for cell in cells]
        statuses.append([cell[1] for cell in cells])
        notes.append([f"{column}: {cell[2]}" if cell[2] else "" for cell in cells])
    table["status"] = [_worst(row) for row in zip(*statuses, strict=True)]
    table["note"] = ["; ".join(filter(None, row)) for row in zip(*notes, strict=True)]
    return table


class Limit(NamedTuple):
    """Longest chain that a model takes, in residues, and whether a longer one is cut to it."""

    length: int
    cut: bool = False


class _Predictor:
    """Models, limits and calibration of a run or of an ensemble of runs."""

    def __init__(self, run: Run | Sequence[Run], max_length: int | None) -> None:
        self.runs = [run] if isinstance(run, Run) else list(run)
        if not self.runs:
            raise ValueError("no run was given; expected one, or several for an ensemble")
        self.fixed = _input_lengths(self.runs)
        card = self.runs[0].card
        self.limits = {
            chain: _limit(chain, fixed, card, max_length)
            for chain, fixed in zip(CHAINS, self.fixed, strict=True)
        }
        self.calibrator = Calibrator.of_members([member.card.get("calibration") for member in self.runs])
        self.scores: list[Score] = [scorer(member.model, "probability") for member in self.runs]

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Table with ``probability, ci_low, ci_high``; NaN in rejected rows."""
        rows = np.flatnonzero((table["status"] != "rejected").to_numpy())
        chains = [table[f"{chain}_seq"].to_numpy(dtype=object)[rows] for chain in CHAINS]
        log_odds = np.stack([_log_odds(p) for p in self._raw(*chains)])
        center, spread = log_odds.mean(axis=0), log_odds.std(axis=0)
        columns = np.full((3, len(table)), np.nan)
        columns[:, rows] = self._calibrated(center, spread)
        return table.assign(probability=columns[0], ci_low=columns[1], ci_high=columns[2])

    def encode(self, rna: Sequence[str], protein: Sequence[str]) -> list[np.ndarray]:
        """One-hot inputs, padded to the model's length or to the longest chain's class."""
        return [
            one_hot(chains, alphabet, length=fixed or padded_length(max(map(len, chains))))
            for chains, alphabet, fixed in zip((rna, protein), CHAINS.values(), self.fixed, strict=True)
        ]

    def _raw(self, rna: np.ndarray, protein: np.ndarray) -> np.ndarray:
        """Probabilities of each member, shape=(members, n), chains of like length together."""
        result = np.empty((len(self.runs), len(rna)))
        sizes = np.stack([self._padded(rna, 0), self._padded(protein, 1)])
        order = np.lexsort(sizes)
        borders = np.flatnonzero(np.any(np.diff(sizes[:, order]), axis=0)) + 1
        for group in np.split(order, borders):
            cells = int(np.prod(sizes[:, group[0]])) if len(group) else 1
            step = int(np.clip(CELLS_A_BATCH // cells, 1, BATCH))
            for first in range(0, len(group), step):
                rows = group[first : first + step]
                inputs = self.encode(rna[rows].tolist(), protein[rows].tolist())
                result[:, rows] = [score(inputs) for score in self.scores]
        return result

    def _padded(self, chains: np.ndarray, which: int) -> np.ndarray:
        lengths = np.array([len(chain) for chain in chains], dtype=np.int64)
        if (fixed := self.fixed[which]) is not None:
            return np.full_like(lengths, fixed)
        classes, inverse = np.unique(lengths, return_inverse=True)
        padded = np.array([padded_length(int(length)) for length in classes], dtype=np.int64)
        return padded[inverse] if len(classes) else lengths

    def _calibrated(self, center: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Probability and interval, shape=(3, n)."""
        if self.calibrator is not None:
            return np.stack(self.calibrator.predict(_sigmoid(center), spread=spread))
        if len(self.runs) > 1:
            return _sigmoid(np.stack([center, center - 1.96 * spread, center + 1.96 * spread]))
        return np.stack([_sigmoid(center), *np.full((2, len(center)), np.nan)])


class _Seen:
    """Lines in which pairs of ids stood, so that a repeated pair can be told."""

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}
        self.repeated = 0

    def mark(self, table: pd.DataFrame) -> pd.DataFrame:
        """Table whose notes name the earlier line of a repeated pair of ids."""
        notes = table["note"].tolist()
        names = zip(table["line"], table["rna_id"], table["protein_id"], strict=True)
        for row, (line, *ids) in enumerate(names):
            key = hash(tuple(ids))  # 8 bytes a pair instead of its text
            if (earlier := self.lines.get(key)) is not None:
                self.repeated += 1
                said = f"the same two ids stand in line {earlier}"
                notes[row] = "; ".join(filter(None, [notes[row], said]))
            elif len(self.lines) < REMEMBERED:
                self.lines[key] = int(line)
        return table.assign(note=pd.Series(notes, index=table.index, dtype="str"))


def _cleaned(cell: Any, alphabet: Alphabet, limit: Limit) -> tuple[str, str, str]:
    """Sequence, status and note of one cell."""
    sequence, status, note = clean(cell, alphabet, max_length=None if limit.cut else limit.length)
    if status == "rejected" or len(sequence) <= limit.length:
        return sequence, status, note
    said = f"cut from {len(sequence)} to the first {limit.length} residues, which the model reads"
    return sequence[: limit.length], "changed", "; ".join(filter(None, [note, said]))


def _worst(statuses: Sequence[str]) -> str:
    return max(statuses, key=("ok", "changed", "rejected").index)


def _input_lengths(runs: Sequence[Run]) -> list[int | None]:
    """Positions of the two inputs, None for any; checked against what pairs hold."""
    expected = {
        "rna": ("rna_alphabet", RNA),
        "peptide": ("peptide_alphabet", PEPTIDE),
    }
    found = [[tuple(x.shape[1:]) for x in run.model.inputs] for run in runs]
    for run, shapes in zip(runs, found, strict=True):
        sizes = [shape[-1] for shape in shapes if len(shape) == 2]
        if sizes != [RNA.size, PEPTIDE.size] or len(shapes) != 2 or shapes != found[0]:
            raise ValueError(
                f"the model {run.model.name!r} takes inputs of the shapes {shapes}; expected an "
                f"RNA (length, {RNA.size}) and a peptide (length, {PEPTIDE.size}), the same in "
                "every member of an ensemble. Give a model of the RNA-peptide track"
            )
        for key, alphabet in expected.values():
            if (letters := run.card.get(key, alphabet.letters)) != alphabet.letters:
                raise ValueError(
                    f"the card says {key} = {letters!r}; this version reads {alphabet.name}s in "
                    f"the order {alphabet.letters!r}. Train the model again"
                )
    return [shape[0] for shape in found[0]]


def _limit(chain: str, fixed: int | None, card: Mapping[str, Any], max_length: int | None) -> Limit:
    if max_length is not None and max_length < 1:
        raise ValueError(f"max_length is {max_length}; expected 1 residue or more")
    if fixed is None:
        return Limit(max_length or int(card.get("max_length", MAX_LENGTH)))
    if max_length is not None and max_length > fixed:
        raise ValueError(
            f"max_length is {max_length}, but the model's {chain} input has {fixed} positions; "
            f"give at most {fixed}, or a model that takes any length"
        )
    return Limit(max_length or fixed, cut=bool(card.get("truncate")) and max_length is None)


def _map(run: Run, inputs: list[np.ndarray], method: str, options: dict[str, Any]) -> np.ndarray:
    if method == "mutation":
        return paired_mutation(run.model, inputs, **options).values
    return attention_map(run.model, inputs, **_view(run.model) | options)[0]


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Six decimals: what lies behind them may depend on the length of the batch."""
    return table.round({"probability": 6, "ci_low": 6, "ci_high": 6})


def _log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


def _view(model: keras.Model) -> dict[str, Any]:
    """How the cells of a model's map stand to residues, where it is one of ours."""
    found: dict[str, Any] = {"patch": patches(model)}
    if any(isinstance(layer, WindowSpread) for layer in model.layers):
        found["window"] = windows(model)
    return found
