"""Modifications of a user's RNAs: in the middle of each record, or all along a transcript."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.explain.heads import bar
from helpers.readers.fasta import Record, clean, iter_fasta
from helpers.readers.tables import TableWriter
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import one_hot
from helpers.tracks.rna_modification.window_network import WindowNetwork
from helpers.training.saving import Run

COLUMNS = (
    "line", "record", "length", "position", "base", "modification", "probability", "beyond",
    "status", "note",
)  # fmt: skip
"""Columns of a prediction, see `predict_fasta`."""

STATUSES = ("scored", "padded", "unscored", "rejected")
"""What may become of a record, see `predict_fasta`."""

BATCH = 2048
"""Windows in memory at a time."""


class Summary(NamedTuple):
    """What `predict_fasta` did.

    Attributes
    ----------
    path : pathlib.Path
        The file that was written.
    records, rows : int
        Records read, rows written; each record has a row at least.
    unscored, rejected : int
        Records without a site that the model knows, and records that cannot be used.
    windows : int
        Windows that went through the model.
    below : int
        Probabilities that were not written as they are smaller than `least`.
    seconds : float
        Time taken.
    """

    path: Path
    records: int
    rows: int
    unscored: int
    rejected: int
    windows: int
    below: int
    seconds: float


class _Slice(NamedTuple):
    """Some sites of a record; a record without any has one slice without windows."""

    record: Record
    length: int
    sites: np.ndarray
    """Positions, 0-based."""
    letters: str
    """The letter at each site."""
    windows: np.ndarray
    status: str
    note: str
    last: bool
    """Whether the record ends with it."""


class _Chosen(NamedTuple):
    """What is asked of the records."""

    mode: str
    short: str
    prior: float
    least: float


def predict_fasta(
    run: Run | Sequence[Run],
    path: str | Path,
    out_path: str | Path,
    *,
    mode: str = "centre",
    short: str = "pad",
    prior: float = 0.5,
    least: float = 0.0,
    progress: bool = True,
) -> Summary:
    r"""Predict the records of a FASTA file, in constant memory.

    The output is complete or absent: after a crash the call is simply repeated.

    Parameters
    ----------
    run : Run or sequence of Run
        Model and card, as `window_network.read_model` gives them: one-hot windows
        in, one probability a modification out. Several runs are an ensemble: their log-odds are
        averaged over those that have a head for the modification.
    path : str or pathlib.Path
        FASTA file, gzip or not; T is read as U.
    out_path : str or pathlib.Path
        CSV file to write; gzip if its name ends in ``.gz``.
    mode : {"centre", "scan"}
        Whether the site stands in the middle of each record, whose length is then odd; or every
        base that a known modification may sit on is a site, as in a transcript.
    short : {"pad", "reject"}
        What becomes of a window that reaches beyond the ends of its record: what is not there is
        zero, and the row says "padded"; or the record (centre) or site (scan) is not scored.
    prior : float
        Share of the sites that are modified where the model is used, above 0 and below 1. The
        training set held one half; along a transcript it is far less, and a probability for that
        share is the model's odds times those of the prior (doi:10.1162/089976602753284446).
    least : float
        Write no site whose probability is smaller; how many there were is counted.
    progress : bool
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    Summary
        The file holds `COLUMNS`, a row for each site and each modification of its base, in the
        order of the file: ``line`` (of the header), ``record`` (id), ``length`` (nt), ``position``
        (of the site, from 1), ``base``, ``modification``, ``probability``, ``beyond`` (nt of the
        window that lie beyond the record), ``status`` and ``note``. A record without a
        site to write has one row all the same: unscored or rejected with its reason, or "scored"
        when every site was below `least`.

    Raises
    ------
    ValueError
        If the file cannot be read, an option is unknown, a model does not fit, or both paths are
        the same file.
    """
    start = time.perf_counter()
    path, out_path = Path(path), Path(out_path)
    if path.resolve() == out_path.resolve():
        raise ValueError(f"{path}: the predictions would replace their input; give another out_path")
    network = WindowNetwork(run)
    asked = _asked(mode, short, prior, least)
    counts: dict[str, int] = dict.fromkeys(("records", "unscored", "rejected", "windows", "below"), 0)
    with (
        TableWriter(out_path, COLUMNS) as writer,
        bar(desc="predicting", unit=" records", shown=progress) as shown,
    ):
        for table, said in _predicted(network, iter_fasta(path), asked):
            writer.write(table.round({"probability": 6}))
            for name, number in said.items():
                counts[name] += number
            shown.update(said["records"])
    return Summary(
        path=out_path, rows=writer.rows, **counts, seconds=time.perf_counter() - start
    )  # fmt: skip


def predict_sequences(
    run: Run | Sequence[Run],
    sequences: pd.DataFrame,
    *,
    mode: str = "centre",
    short: str = "pad",
    prior: float = 0.5,
    least: float = 0.0,
) -> pd.DataFrame:
    """Predict the records of a table in memory.

    Parameters
    ----------
    run, mode, short, prior, least
        As for `predict_fasta`.
    sequences : pandas.DataFrame
        Columns ``id`` and ``sequence``, and, if there is one, ``line``.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, as `predict_fasta` writes them.

    Raises
    ------
    ValueError
        If a column is missing, or as `predict_fasta`.

    Examples
    --------
    >>> import keras
    >>> card = {"rna_alphabet": "ACGU", "length": 5, "modifications": ["m6A"]}
    >>> flat = [keras.Input((5, 4)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    >>> rows = pd.DataFrame({"id": ["a", "b"], "sequence": ["GGACU", "GG-CU"]})
    >>> found = predict_sequences(Run(keras.Sequential(flat), card), rows)
    >>> found[["record", "position", "base", "modification", "status"]].values.tolist()
    [['a', 3, 'A', 'm6A', 'scored'], ['b', <NA>, '', '', 'rejected']]
    """
    if missing := [name for name in ("id", "sequence") if name not in sequences]:
        raise ValueError(
            f"the table has no column {' and no column '.join(missing)}; found "
            f"{', '.join(map(str, sequences))}. Rename or add it"
        )
    lines = sequences.get("line", pd.Series(range(1, len(sequences) + 1), index=sequences.index))
    records = [
        Record(str(name), "", text, int(line))
        for name, text, line in zip(sequences["id"], sequences["sequence"], lines, strict=True)
    ]
    asked = _asked(mode, short, prior, least)
    parts = [table for table, _ in _predicted(WindowNetwork(run), records, asked)]
    whole = pd.concat(parts, ignore_index=True) if parts else _frame([])
    return whole[list(COLUMNS)]


def _asked(mode: str, short: str, prior: float, least: float) -> _Chosen:
    for name, value, known in (
        ("mode", mode, ("centre", "scan")),
        ("short", short, ("pad", "reject")),
    ):
        if value not in known:
            raise ValueError(f"{name} is {value!r}; expected {known[0]!r} or {known[1]!r}")
    if not 0 < prior < 1:
        raise ValueError(
            f"prior is {prior}; expected a share above 0 and below 1, such as 0.01 where one site "
            "in a hundred is modified"
        )
    if not 0 <= least <= 1:
        raise ValueError(f"least is {least}; expected a probability from 0 to 1")
    return _Chosen(mode, short, prior, least)


def _predicted(
    network: WindowNetwork, records: Iterable[Record], asked: _Chosen
) -> Iterator[tuple[pd.DataFrame, dict[str, int]]]:
    """Rows, and counts, of successive batches of windows."""
    waiting: list[_Slice] = []
    written = 0
    for record in records:
        for part in _slices(record, network, asked):
            waiting.append(part)
            if sum(max(1, len(one.sites)) for one in waiting) >= BATCH:
                table, said, written = _batch(network, waiting, asked, written)
                yield table, said
                waiting = []
    if waiting:
        table, said, written = _batch(network, waiting, asked, written)
        yield table, said


def _slices(record: Record, network: WindowNetwork, asked: _Chosen) -> Iterator[_Slice]:
    """The sites of a record with their windows, `BATCH` at a time."""
    cleaned = clean(record.sequence, RNA)
    text, status, note = cleaned
    if status != "rejected":
        status, why = _fault(record.sequence, text, network, asked)
        note = "; ".join(filter(None, [why, note]))
    nothing = np.empty((0, network.length, RNA.size), dtype=np.float32)
    if status != "scored":
        yield _Slice(record, len(text), np.empty(0, int), "", nothing, status, note, True)
        return
    half = network.length // 2
    # Each window is a view of the padded record: what lies beyond an end is a row of zeros.
    X = np.pad(one_hot([text], RNA)[0], ((half, half), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(X, network.length, axis=0)
    sites = _sites(text, network, asked)
    for start in range(0, len(sites), BATCH):
        some = sites[start : start + BATCH]
        letters = "".join(text[site] for site in some)
        windows = np.ascontiguousarray(views[some].transpose(0, 2, 1))
        last = start + BATCH >= len(sites)
        yield _Slice(record, len(text), some, letters, windows, "scored", note, last)


def _fault(given: str, text: str, network: WindowNetwork, asked: _Chosen) -> tuple[str, str]:
    """Why a clean record has no site to score, or "scored"."""
    if {"T", "U"} <= set(given.upper()):
        return "rejected", "holds both T and U; write one of them throughout"
    if asked.mode == "centre":
        if len(text) % 2 == 0:
            return "rejected", (
                f"{len(text)} nt long, an even number, so no letter is in the middle; cut it so "
                "that the site is in the middle, or scan the record"
            )
        if asked.short == "reject" and len(text) < network.length:
            return "rejected", (
                f"{len(text)} nt long; the model takes {network.length}. Give a longer record, a "
                "shorter model, or short='pad'"
            )
        found, where = text[len(text) // 2], "in the middle"
        if found not in network.bases:
            known = " ".join(network.bases)
            return "unscored", f"{found} is {where}; the model knows modifications of {known} only"
    elif not len(_sites(text, network, asked)):
        reach = f" at least {network.length // 2} nt from both ends"
        return "unscored", (
            f"no {' or '.join(network.bases)}{reach if asked.short == 'reject' else ''}; the model "
            "knows modifications of these letters only"
        )
    return "scored", ""


def _sites(text: str, network: WindowNetwork, asked: _Chosen) -> np.ndarray:
    if asked.mode == "centre":
        return np.array([len(text) // 2])
    letters = np.frombuffer(text.encode("ascii"), dtype="S1")
    sites = np.flatnonzero(np.isin(letters, [base.encode() for base in network.bases]))
    if asked.short == "reject":
        half = network.length // 2
        sites = sites[(sites >= half) & (sites < len(text) - half)]
    return sites


def _batch(
    network: WindowNetwork, slices: Sequence[_Slice], asked: _Chosen, written: int
) -> tuple[pd.DataFrame, dict[str, int], int]:
    """Rows of some slices; `written` counts those of the record that is not at its end."""
    X = np.concatenate([one.windows for one in slices])
    shift = np.log(asked.prior) - np.log1p(-asked.prior)
    probability = np.empty((0, len(network.modifications)))
    if len(X):
        probability = 1 / (1 + np.exp(-np.clip(network.log_odds(X) + shift, -30, 30)))
    said = dict.fromkeys(("records", "unscored", "rejected", "windows", "below"), 0)
    rows: list[tuple] = []
    at = 0
    for one in slices:
        found = _rows(one, network, probability[at : at + len(one.sites)])
        at += len(one.sites)
        kept = [row for row in found if row[6] >= asked.least]
        said["below"] += len(found) - len(kept)
        rows += kept
        written += len(kept)
        if one.last:
            said["records"] += 1
            if one.status in said:
                said[one.status] += 1
            if not written:
                rows.append(_without_site(one, asked))
            written = 0
    said["windows"] = len(X)
    return _frame(rows), said, written


def _rows(one: _Slice, network: WindowNetwork, probability: np.ndarray) -> list[tuple]:
    half = network.length // 2
    rows = []
    for site, base, values in zip(one.sites.tolist(), one.letters, probability, strict=True):
        beyond = max(0, half - site) + max(0, half - (one.length - 1 - site))
        note = f"{beyond} nt of the window lie beyond the record" if beyond else ""
        note = "; ".join(filter(None, [note, one.note]))
        for column in network.of(base):
            rows.append(
                (
                    one.record.line, one.record.id, one.length, site + 1, base,
                    network.modifications[column], float(values[column]), beyond,
                    "padded" if beyond else "scored", note,
                )
            )  # fmt: skip
    return rows


def _without_site(one: _Slice, asked: _Chosen) -> tuple:
    note = one.note
    if one.status == "scored":
        below = f"every site is below {asked.least}"
        note = "; ".join(filter(None, [below, note]))
    return (
        one.record.line, one.record.id, one.length, pd.NA, "", "", np.nan, pd.NA, one.status, note
    )  # fmt: skip


def _frame(rows: Sequence[tuple]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(
        {"position": "Int64", "beyond": "Int64", "probability": float, "length": int, "line": int}
    )
