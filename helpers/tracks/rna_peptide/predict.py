"""Predictions for a table of pairs: one row out for each row in, whatever the size of the file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.explain.heads import bar, scorer
from helpers.explain.interaction import attention_map
from helpers.project.shards import WHOLE, Shard
from helpers.readers import own
from helpers.readers.rows import Accounted
from helpers.readers.tables import iter_table, write_pieces
from helpers.sequences.alphabet import PEPTIDE, RNA, Alphabet
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.rna_peptide.network import resolution
from helpers.tracks.rna_peptide.served import Served, load
from helpers.training.batches import Chains
from helpers.training.calibration import Calibrator
from helpers.training.saving import Run

CHAINS = {"rna": RNA, "protein": PEPTIDE}
"""The two chains of a pair, in the order of a model's inputs: prefix of their columns, alphabet."""

COLUMNS = (
    "line", "rna_id", "protein_id", "rna_length", "protein_length", "probability", "ci_low",
    "ci_high", "rna_training", "protein_training", "pair_training", "status", "note",
)  # fmt: skip
"""Columns of a prediction, see `predict_file`."""

MAX_LENGTH = 4000
"""Longest chain for a model that takes any length and whose card names no other limit."""

Model = Run | Served

BATCH = 512
CELLS_A_BATCH = 1 << 22
"""RNA positions x peptide positions x pairs in one batch: a bound on memory."""

REMEMBERED = 1_000_000
"""Pairs of ids among which a repeated one is noticed; a larger file is not searched further."""


class Summary(NamedTuple):
    """What `predict_file` did.

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
    """Interaction map of one pair, its sequences as the model reads them.

    Of a rejected pair the probability is NaN, and `values`, of shape (rna_length, protein_length),
    has no cell.
    """

    rna_id: str
    protein_id: str
    rna_seq: str
    protein_seq: str
    probability: float
    values: np.ndarray
    status: str
    note: str


class Limit(NamedTuple):
    """Longest chain that a model takes, in residues, and whether a longer one is cut to it."""

    length: int
    cut: bool = False


def predict_file(
    run: Model | Sequence[Model],
    path: str | Path,
    out: str | Path,
    *,
    batch_rows: int = 20_000,
    columns: str = "",
    separator: str = "auto",
    progress: bool = True,
) -> Summary:
    r"""Predict every pair of a CSV file, in constant memory.

    The output is complete or absent: after a crash the file of an earlier run is still there, or
    none, and the call is simply repeated.

    Parameters
    ----------
    run : Served, Run, or a sequence of either
        The model of the results table (`helpers.tracks.rna_peptide.served.load`), or a network alone
        (`helpers.training.load_run`). The card may hold a
        ``calibration``, a ``max_length`` (residues; else the length of the model's inputs, or
        4,000), ``truncate`` (true where the model was trained on chains cut at the right end) and
        the letters of ``rna_alphabet`` and ``peptide_alphabet``. Several runs are an ensemble:
        their log-odds and their calibrations are averaged, and their spread widens the interval.
    path : str or pathlib.Path
        CSV with the columns ``rna_seq, protein_seq``; ``rna_id, protein_id`` are optional, and
        an id that is missing becomes the number of the row.
    out : str or pathlib.Path
        File to write; gzip if its name ends in ``.gz``.
    batch_rows : int
        Rows in memory at a time.
    columns, separator : str
        As for `helpers.readers.own.read_table`: which of their columns is which, and what stands
        between the cells.
    progress : bool
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Summary
        The file holds one row for each row read, in the same order: ``line`` (in the input),
        ``rna_id``, ``protein_id``, ``rna_length``, ``protein_length`` (residues), ``probability``,
        ``ci_low``, ``ci_high`` (95 %; empty if neither a calibration nor an ensemble gives one),
        ``rna_training``, ``protein_training``, ``pair_training`` (`served.STANDS`: identical, near
        or new to what the model was trained on; empty for a network alone),
        ``status`` (ok, changed, rejected) and ``note`` (what was changed, why it was rejected and
        how to mend it). A rejected row keeps its place, without a probability.

    Raises
    ------
    ValueError
        If the file cannot be read or lacks a column (`helpers.readers.tables.iter_table`), if the
        model is not one of RNA and peptide with these alphabets, or if both paths are one file.
    """
    start = time.perf_counter()
    models = _Models(run)
    path, out = Path(path), Path(out)
    if path.resolve() == out.resolve():
        raise ValueError(f"{path}: the predictions would replace their input; give another out")
    pieces = _pieces(path, columns=columns, separator=separator, batch_rows=batch_rows)
    seen = _Seen()
    with bar(desc="predicting", unit=" pairs", shown=progress) as shown:
        counts = write_pieces(out, _predicted(pieces, models, seen, shown), COLUMNS)
    statuses = {status: counts[status] for status in ("ok", "changed", "rejected")}
    return Summary(
        out, counts.total(), **statuses, repeated=seen.repeated, calibrated=models.calibrator is not None,
        seconds=time.perf_counter() - start,
    )  # fmt: skip


def predict_shard(given: Mapping[str, Any], out: Path, shard: Shard = WHOLE) -> Counter[str]:
    """Predict a shard of a file in the memory of a block; `given` are the parameters of the notebook."""
    models, seen = _Models(load(given["model"])), _Seen()
    required, optional = ([f"{chain}_{what}" for chain in CHAINS] for what in ("seq", "id"))
    said = {"columns": given["columns"], "separator": given["separator"]}
    said |= {"required": required, "optional": optional}
    pieces = own.table_blocks(given["source"], shard, **said)
    first = next(pieces)
    # Ids in front of the shard are looked through, so that a repeated pair is told as in one go.
    for piece in own.table_blocks(given["source"], WHOLE, **said) if len(first) else ():
        if piece.index.start >= first.index.start or len(seen.lines) >= REMEMBERED:
            break
        seen.earlier(_identified(piece))
    with bar(desc="predicting", unit=" pairs", shown=False) as shown:
        return write_pieces(out, _predicted(chain([first], pieces), models, seen, shown), COLUMNS)


def predict_table(run: Model | Sequence[Model], table: pd.DataFrame) -> pd.DataFrame:
    """Predict the pairs of a table in memory, by a run or an ensemble of runs as for `predict_file`.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``rna_seq, protein_seq`` and, if there are any, ``rna_id, protein_id, line``.

    Returns
    -------
    pandas.DataFrame
        The columns that `predict_file` writes, with ``rna_seq`` and ``protein_seq`` as the model
        reads them, one row for each row of `table`.
    """
    models = _Models(run)
    predicted = models.predict(_checked(table, models.limits).table)
    return predicted[[*COLUMNS, "rna_seq", "protein_seq"]].set_axis(table.index)


def interaction_maps(run: Model | Sequence[Model], table: pd.DataFrame) -> Iterator[PairMap]:
    """Where a model looks in each pair of a table, to be drawn: the map of its attention.

    In a model that pools, each residue has the value of its patch; of an ensemble the maps are
    averaged. `helpers.explain.interaction.paired_mutation` asks the same of any model.

    Yields
    ------
    PairMap
        One for each row of `table`, in its order; a rejected pair has an empty map and a note.

    Raises
    ------
    ValueError
        If the model has no layer ``interaction_map``.
    """
    models = _Models(run)
    for row in models.predict(_checked(table, models.limits).table).itertuples(index=False):
        values = np.zeros((0, 0), dtype=np.float32)
        if row.status != "rejected":
            inputs = [chains.one_hot() for chains in models.chains([[row.rna_seq], [row.protein_seq]])]
            members = [member.model for member in models.runs]
            maps = [attention_map(model, inputs, **resolution(model))[0] for model in members]
            values = np.mean(maps, axis=0)[: row.rna_length, : row.protein_length]
        pair = row.rna_id, row.protein_id, row.rna_seq, row.protein_seq
        yield PairMap(*pair, row.probability, values, row.status, row.note)


class _Models:
    """Models, limits and calibrations of a model or of an ensemble."""

    def __init__(self, run: Model | Sequence[Model]) -> None:
        self.members = [run] if isinstance(run, Run | Served) else list(run)
        self.runs = [one.run if isinstance(one, Served) else one for one in self.members]
        if not self.runs:
            raise ValueError("no run was given; expected one, or several for an ensemble")
        self.fixed = _input_lengths(self.runs)
        card = self.runs[0].card
        longest, cut = int(card.get("max_length", MAX_LENGTH)), bool(card.get("truncate"))
        self.limits = [Limit(fixed or longest, cut=cut and fixed is not None) for fixed in self.fixed]
        self.calibrator = Calibrator.of_members([member.card.get("calibration") for member in self.runs])
        self.scores = [scorer(member.model, "probability") for member in self.runs]

    def chains(self, sequences: Sequence[Sequence[str]]) -> list[Chains]:
        """The two inputs, of clean sequences."""
        alphabets = CHAINS.values()
        return [
            Chains.from_sequences(one, alphabet, length=fixed)
            for one, alphabet, fixed in zip(sequences, alphabets, self.fixed, strict=True)
        ]

    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Table with ``probability, ci_low, ci_high``; NaN in rejected rows; and how each row stands."""
        usable = (table["status"] != "rejected").to_numpy()
        sequences = [table.loc[usable, f"{chain}_seq"].tolist() for chain in CHAINS]
        members = zip(self.members, self._raw(self.chains(sequences)), strict=True)
        p = [one.blend(raw, *sequences) if isinstance(one, Served) else raw for one, raw in members]
        columns = np.full((3, len(table)), np.nan)
        columns[:, usable] = self._intervals(logit(np.stack(p), clip=1e-7))
        stands = np.full((3, len(table)), "", dtype=object)
        if isinstance(first := self.members[0], Served):
            stands[:, usable] = np.array(first.stands(*sequences), dtype=object).reshape(3, -1)
        named = dict(zip((*(f"{chain}_training" for chain in CHAINS), "pair_training"), stands, strict=True))
        return table.assign(probability=columns[0], ci_low=columns[1], ci_high=columns[2], **named)

    def _raw(self, chains: list[Chains]) -> np.ndarray:
        """Probabilities of each member, shape=(members, n), chains of like length together."""
        result = np.empty((len(self.runs), len(chains[0])))
        sizes = np.stack([one.padded() for one in chains])
        order = np.lexsort(sizes)
        borders = np.flatnonzero(np.any(np.diff(sizes[:, order]), axis=0)) + 1
        for group in np.split(order, borders):
            cells = int(np.prod(sizes[:, group[0]])) if len(group) else 1
            step = int(np.clip(CELLS_A_BATCH // cells, 1, BATCH))
            for first in range(0, len(group), step):
                rows = group[first : first + step]
                inputs = [one[rows].one_hot() for one in chains]
                result[:, rows] = [score(inputs) for score in self.scores]
        return result

    def _intervals(self, scores: np.ndarray) -> np.ndarray:
        """Probability and interval, shape=(3, n), from the log-odds of the members."""
        centre, spread = scores.mean(axis=0), scores.std(axis=0)
        if self.calibrator is not None:
            return np.stack(self.calibrator.predict(sigmoid(centre), spread=spread))
        if len(self.runs) > 1:
            return sigmoid([centre, centre - 1.96 * spread, centre + 1.96 * spread])
        return np.stack([sigmoid(centre), *np.full((2, len(centre)), np.nan)])


def _pieces(path: Path, *, columns: str, separator: str, batch_rows: int) -> Iterator[pd.DataFrame]:
    """A user's table in pieces, its columns under our names."""
    required, optional = ([f"{chain}_{what}" for chain in CHAINS] for what in ("seq", "id"))
    theirs = own.named_columns(columns, [*required, *optional])
    wanted = [theirs.get(name, name) for name in required] + [
        theirs[name] for name in optional if name in theirs
    ]
    others = [name for name in optional if name not in theirs]
    found = iter_table(path, required=wanted, optional=others, chunk_rows=batch_rows, separator=separator)
    for piece in found:
        taken = [ours for ours, name in theirs.items() if ours != name and ours in piece]
        yield piece.drop(columns=taken).rename(columns={name: ours for ours, name in theirs.items()})


class _Seen:
    """Lines in which pairs of ids stood, so that a repeated pair can be told."""

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}
        self.repeated = 0

    def earlier(self, table: pd.DataFrame) -> list[int]:
        """The line in which each pair of ids stood before, or 0."""
        found = []
        for line, *ids in table[["line", "rna_id", "protein_id"]].itertuples(index=False, name=None):
            key = hash(tuple(ids))  # 8 bytes a pair instead of its text
            found.append(self.lines.get(key, 0))
            if not found[-1] and len(self.lines) < REMEMBERED:
                self.lines[key] = int(line)
        return found

    def mark(self, rows: Accounted) -> None:
        """Name the earlier line of a repeated pair of ids in its note."""
        earlier = self.earlier(rows.table)
        self.repeated += int(np.count_nonzero(earlier))
        rows.say(earlier, lambda row: f"the same two ids stand in line {earlier[row.name]}")


def _predicted(
    pieces: Iterable[pd.DataFrame], models: _Models, seen: _Seen, shown: Any
) -> Iterator[pd.DataFrame]:
    """Predictions of the pieces of a file, as they are written."""
    for piece in pieces:
        rows = _checked(piece, models.limits)
        seen.mark(rows)
        table = models.predict(rows.table)
        shown.update(len(table))
        # Six decimals: what lies behind them may depend on the length of the batch.
        yield table[list(COLUMNS)].round({"probability": 6, "ci_low": 6, "ci_high": 6})


def _checked(piece: pd.DataFrame, limits: Sequence[Limit]) -> Accounted:
    """Clean the chains of a table and say what was done to each row; the index counts from 0."""
    if missing := [f"{chain}_seq" for chain in CHAINS if f"{chain}_seq" not in piece]:
        raise ValueError(
            f"the table has no column {', '.join(missing)}; found {', '.join(map(str, piece))}. "
            "Rename or add the columns"
        )
    rows = Accounted(_identified(piece))
    for (name, alphabet), limit in zip(CHAINS.items(), limits, strict=True):
        _clean(rows, name, alphabet, limit)
    return rows


def _identified(piece: pd.DataFrame) -> pd.DataFrame:
    """The pairs of a table, an id that is missing being the number of its row; the index counts from 0."""
    numbers = np.asarray(piece.index if isinstance(piece.index, pd.RangeIndex) else range(len(piece))) + 1
    piece = piece.reset_index(drop=True)
    table = piece[[name for name in ("status", "note") if name in piece]].fillna("")
    table["line"] = piece.get("line", pd.Series(numbers))
    for name in CHAINS:
        ids = piece.get(f"{name}_id", pd.Series("", index=piece.index)).fillna("").astype(str)
        table[f"{name}_id"] = ids.where(ids != "", numbers.astype(str))
        table[f"{name}_seq"] = piece[f"{name}_seq"]
    return table


def _clean(rows: Accounted, chain: str, alphabet: Alphabet, limit: Limit) -> None:
    column = f"{chain}_seq"
    rows.clean(column, alphabet, said=f"{column}: ", max_length=None if limit.cut else limit.length)
    sequences = rows.table[column].astype("str").fillna("")
    if limit.cut:
        rows.say(
            rows.usable & (sequences.str.len() > limit.length),
            lambda row: (
                f"{column}: cut from {len(row[column])} to the first {limit.length} residues, "
                "which the model reads"
            ),
            changed=True,
        )
        sequences = sequences.where(~rows.usable, sequences.str[: limit.length])
    rows.table[column] = sequences
    rows.table[f"{chain}_length"] = sequences.str.len()


def _input_lengths(runs: Sequence[Run]) -> list[int | None]:
    """Positions of the two inputs, None for any; checked against what pairs hold."""
    found = [[tuple(x.shape[1:]) for x in run.model.inputs] for run in runs]
    for run, shapes in zip(runs, found, strict=True):
        sizes = [shape[-1] for shape in shapes if len(shape) == 2]
        if sizes != [RNA.size, PEPTIDE.size] or len(shapes) != 2 or shapes != found[0]:
            raise ValueError(
                f"the model {run.model.name!r} takes inputs of the shapes {shapes}; expected an "
                f"RNA (length, {RNA.size}) and a peptide (length, {PEPTIDE.size}), the same in "
                "every member of an ensemble. Give a model of the RNA-peptide track"
            )
        for key, alphabet in (("rna_alphabet", RNA), ("peptide_alphabet", PEPTIDE)):
            if (letters := run.card.get(key, alphabet.letters)) != alphabet.letters:
                raise ValueError(
                    f"the card says {key} = {letters!r}; this version reads {alphabet.name}s in "
                    f"the order {alphabet.letters!r}. Train the model again"
                )
    return [shape[0] for shape in found[0]]
