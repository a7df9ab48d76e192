"""Modifications of a user's RNAs: in the middle of each record, or all along a transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from helpers.project.shards import WHOLE, Shard
from helpers.readers import own
from helpers.readers.fasta import Record, iter_fasta
from helpers.readers.tables import write_pieces
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import one_hot
from helpers.stats.odds import sigmoid
from helpers.tracks.rna_modification import letters
from helpers.tracks.rna_modification.served import Served, WindowNetwork, load
from helpers.training.saving import Run

COLUMNS = ["line", "record", "length", "position", "base", "modification", "probability", "beyond"]
COLUMNS += ["training", "status", "note"]
"""Columns of a prediction, see `predict_file`."""

STATUSES = ("scored", "padded", "unscored", "rejected")
"""What may become of a record, see `predict_file`."""

BATCH = 2048
"""Windows in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked of the records.

    Attributes
    ----------
    mode : {"centre", "scan"}
        Whether the site stands in the middle of each record, whose length is then odd; or every
        base that a known modification may sit on is a site, as in a transcript.
    short : {"pad", "reject"}
        What becomes of a window that reaches beyond the ends of its record: what is not there is
        zero, and the row says "padded"; or the record (centre) or site (scan) is not scored.
    prior : float, optional
        Share of the sites that are modified where the model is used, above 0 and below 1; that of
        the training rows by default. Along a transcript it is far less, and a probability for it is
        the model's odds times those of the prior over those of the training share, which the
        model's card holds (doi:10.1162/089976602753284446).
    least : float
        Write no site whose probability is smaller.
    """

    mode: str = "centre"
    short: str = "pad"
    prior: float | None = None
    least: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("mode", ("centre", "scan")), ("short", ("pad", "reject"))):
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"{name} is {value!r}; expected {known[0]!r} or {known[1]!r}")
        if self.prior is not None and not 0 < self.prior < 1:
            raise ValueError(
                f"prior is {self.prior}; expected a share above 0 and below 1, such as 0.01 where one site "
                "in a hundred is modified"
            )
        if not 0 <= self.least <= 1:
            raise ValueError(f"least is {self.least}; expected a probability from 0 to 1")


class _Scanner(WindowNetwork):
    """The networks, and the windows that they were trained on."""

    def __init__(self, run: Run | Sequence[Run] | Served) -> None:
        super().__init__(run)
        self.known = run.known if isinstance(run, Served) else None

    def standing(self, record: str, sites: np.ndarray) -> list[str]:
        """How the windows around some sites (0-based) of a record stand to those of training."""
        if self.known is None:
            return [""] * len(sites)
        half = self.length // 2
        return self.known.standing([_around(record, site, half) for site in sites])


class _Asked(NamedTuple):
    """A record, and why it could not be read, if so."""

    record: Record
    fault: str = ""


class _Sites(NamedTuple):
    """The sites (positions, 0-based) of a record, or why it has none."""

    record: Record
    text: str
    sites: np.ndarray
    status: str
    note: str


def predict_file(
    run: Run | Sequence[Run] | Served,
    path: str | Path,
    out: str | Path,
    *,
    options: Options = Options(),
    columns: str = "",
    separator: str = "auto",
    progress: bool = True,
) -> Counter[str]:
    """Predict the records of a file; those of a FASTA file in the memory of one record.

    The output is complete or absent: after a crash the call is simply repeated.

    Parameters
    ----------
    run : Served, Run or sequence of Run
        A folder of notebook 01 (`helpers.tracks.rna_modification.served.load`), or models with their
        cards. Several are an ensemble: their log-odds are averaged over those that have a head for
        the modification.
    path, out : str or pathlib.Path
        FASTA file, or table with the column ``sequence`` (and ``id``), T read as U, letters of modified
        bases as their parents; and CSV file to write. Gzip if a name ends in ``.gz``.
    options : Options
    columns, separator : str
        Of a table, as for `helpers.readers.own.read_table`.
    progress : bool
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    collections.Counter
        Rows of each status. The file holds `COLUMNS`, a row for each site and each modification of
        its base, in the order of the file: ``line`` (of the header), ``record`` (id), ``length``
        (nt), ``position`` (of the site, from 1), ``base``, ``modification``, ``probability``,
        ``beyond`` (nt of the window that lie beyond the record), ``training`` (how its window stands to
        those of training: identical, near or new; empty where that is not known), ``status`` and
        ``note``. A record
        without a site to write has one row all the same: unscored or rejected with its reason, or
        "scored" when every site was below `least`.

    Raises
    ------
    ValueError
        If the file cannot be read, a model does not fit, or both paths are the same file.
    """
    if Path(path).resolve() == Path(out).resolve():
        raise ValueError(f"{path}: the predictions would replace their input; give another file")
    network = _Scanner(run)
    asked = _asked(path, columns, separator)
    shown = tqdm(asked, desc="predicting", unit=" records", disable=not progress, delay=2.0)
    pieces = _pieces(network, shown, options)
    return write_pieces(out, (piece.round({"probability": 6}) for piece in pieces), COLUMNS)


def predict_shard(given: Mapping[str, Any], out: Path, shard: Shard = WHOLE) -> Counter[str]:
    """Predict a shard of a file in the memory of a block; `given` are the parameters of the notebook."""
    network, source = _Scanner(load(given["model"])), given["source"]
    options = Options(mode=given["mode"], prior=given["prior"], least=given["least"])
    said = {"columns": given["columns"], "separator": given["separator"]}
    blocks: Iterator[Iterator[_Asked]]
    if own.is_fasta(source):
        blocks = (map(_Asked, records) for _, records in own.fasta_blocks(source, shard))
    else:
        tables = own.table_blocks(source, shard, required=["sequence"], optional=["id"], **said)
        blocks = (_rows_asked(_with_ids(table)) for table in tables)
    pieces = (
        piece.round({"probability": 6}) for block in blocks for piece in _pieces(network, block, options)
    )
    return write_pieces(out, pieces, COLUMNS)


def predict_table(
    run: Run | Sequence[Run] | Served, table: pd.DataFrame, options: Options = Options()
) -> pd.DataFrame:
    """Predict the records of a table with columns ``id``, ``sequence`` and, if it has one, ``line``.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, as `predict_file` writes them.

    Examples
    --------
    >>> import keras
    >>> card = {"rna_alphabet": "ACGU", "length": 5, "modifications": ["m6A"]}
    >>> flat = [keras.Input((5, 4)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    >>> rows = pd.DataFrame({"id": ["a", "b"], "sequence": ["GGACU", "GG-CU"]})
    >>> found = predict_table(Run(keras.Sequential(flat), card), rows)
    >>> found[["record", "position", "base", "modification", "status"]].values.tolist()
    [['a', 3, 'A', 'm6A', 'scored'], ['b', <NA>, '', '', 'rejected']]
    """
    if missing := [name for name in ("id", "sequence") if name not in table]:
        raise ValueError(
            f"the table has no column {' and no column '.join(missing)}; found "
            f"{', '.join(map(str, table))}. Rename or add it"
        )
    pieces = list(_pieces(_Scanner(run), _rows_asked(table), options))
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=COLUMNS)


def read_records(path: str | Path, *, columns: str = "", separator: str = "auto") -> pd.DataFrame:
    r"""The records of a FASTA file or a table as they stand there: ``id, sequence, line, status, note``.

    Rows of a table that could not be read are rejected; nothing else is looked at. A row without an
    id is named after its line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("sequence;name\nGGACU;a\n")
    >>> read_records(path, columns="id=name")[["id", "sequence", "line"]].values.tolist()
    [['a', 'GGACU', 2]]
    """
    if own.is_fasta(path):
        return pd.DataFrame(iter_fasta(path)).assign(status="ok", note="")
    options = {"columns": columns, "separator": separator}
    read = own.read_table(path, required=["sequence"], optional=["id"], **options).table
    return _with_ids(read)


def read_sites(path: str | Path) -> pd.DataFrame:
    """The table that `predict_file` wrote."""
    numbers = ["position", "probability", "beyond"]
    table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in numbers})
    return table.astype({"record": "str", "position": "Int64", "beyond": "Int64"})


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    blank = table["id"].str.strip() == ""
    return table.assign(id=table["id"].mask(blank, "line " + table["line"].astype(str)))


def _asked(path: str | Path, columns: str, separator: str) -> Iterator[_Asked]:
    """Records of a FASTA file as they come, or those of a table."""
    if own.is_fasta(path):
        return (_Asked(record) for record in iter_fasta(path))
    return _rows_asked(read_records(path, columns=columns, separator=separator))


def _rows_asked(table: pd.DataFrame) -> Iterator[_Asked]:
    lines = table["line"] if "line" in table else range(1, len(table) + 1)
    bad = table["status"] == "rejected" if "status" in table else np.zeros(len(table), dtype=bool)
    faults = np.where(bad, table["note"], "") if "note" in table else [""] * len(table)
    for name, text, line, fault in zip(table["id"], table["sequence"], lines, faults, strict=True):
        yield _Asked(Record(str(name), "", text, int(line)), str(fault))


def _pieces(network: _Scanner, asked: Iterable[_Asked], options: Options) -> Iterator[pd.DataFrame]:
    """Rows of successive records, gathered until they fill a batch."""
    waiting: list[_Sites] = []
    for one in asked:
        waiting.append(_sites(one, network, options))
        if sum(max(1, len(found.sites)) for found in waiting) >= BATCH:
            yield _rows(network, waiting, options)
            waiting = []
    if waiting:
        yield _rows(network, waiting, options)


def _sites(asked: _Asked, network: _Scanner, options: Options) -> _Sites:
    record = asked.record
    text, status, note = letters.clean(record.sequence)
    if asked.fault:
        status, note = "rejected", asked.fault
    sites: list[int] = []
    if status != "rejected":
        half = network.length // 2 if options.short == "reject" else 0
        centre = options.mode == "centre"
        places: Sequence[int] = [len(text) // 2] if centre else range(half, len(text) - half)
        sites = [place for place in places if text[place] in network.bases]
        status, why = _fault(text, network, options)
        if status == "scored" and not sites:
            known = [letter for letter in RNA.letters if letter in network.bases]
            reach = f" at least {half} nt from both ends" if half else ""
            why = f"no {' or '.join(known)}{reach}; the model knows modifications of these letters only"
            if centre:
                middle = text[len(text) // 2]
                why = f"{middle} is in the middle; the model knows modifications of {' '.join(known)} only"
            status = "unscored"
        note = "; ".join(filter(None, [why, note]))
    return _Sites(record, text, np.array(sites if status == "scored" else [], dtype=int), status, note)


def _fault(text: str, network: _Scanner, options: Options) -> tuple[str, str]:
    """Why a clean record cannot be used, or "scored"."""
    if options.mode == "centre" and len(text) % 2 == 0:
        return "rejected", (
            f"{len(text)} nt long, an even number, so no letter is in the middle; cut it so that the site "
            "is in the middle, or scan the record"
        )
    if options.mode == "centre" and options.short == "reject" and len(text) < network.length:
        return "rejected", (
            f"{len(text)} nt long; the model takes {network.length}. Give a longer record, a shorter "
            "model, or short='pad'"
        )
    return "scored", ""


def _rows(network: _Scanner, group: Sequence[_Sites], options: Options) -> pd.DataFrame:
    """Rows of some records: one for each site and modification of its base, or one a record."""
    about = [(one.record.line, one.record.id, len(one.text), one.status, one.note) for one in group]
    records = pd.DataFrame(about, columns=["line", "record", "length", "status", "note"])
    number = np.repeat(np.arange(len(group)), [len(one.sites) for one in group])
    site = np.concatenate([one.sites for one in group])
    letter = np.array([one.text[at] for one in group for at in one.sites], dtype="U1")
    probability = _probability(network, group, options.prior)
    standing = np.array([word for one in group for word in network.standing(one.text, one.sites)], dtype="U9")
    known = (letter[:, None] == np.array(network.bases)) & (probability >= options.least)
    row, head = np.nonzero(known)
    number, site = number[row], site[row]
    half, length = network.length // 2, records["length"].to_numpy()[number]
    found = {
        "position": pd.array(site + 1, dtype="Int64"),
        "base": letter[row],
        "modification": np.array(network.modifications)[head],
        "probability": probability[row, head],
        "beyond": pd.array(
            np.maximum(half - site, 0) + np.maximum(half + 1 + site - length, 0), dtype="Int64"
        ),
        "training": standing[row],
    }
    # A record without a site to write keeps one row.
    table = records.join(pd.DataFrame(found, index=number)).reset_index(drop=True)
    words = ["base", "modification", "training"]
    table[words] = table[words].fillna("")
    padded = (table["beyond"] > 0).fillna(False).astype(bool)
    hidden = (table["status"] == "scored") & table["position"].isna()
    more = table["beyond"].astype(str) + " nt of the window lie beyond the record"
    more = more.where(padded, "").mask(hidden, f"every site is below {options.least}")
    table["note"] = ["; ".join(filter(None, notes)) for notes in zip(more, table["note"], strict=True)]
    table.loc[padded, "status"] = "padded"
    return table[COLUMNS]


def _around(text: str, site: int, half: int) -> str:
    """Window around a site; N stands where it lies beyond the record, so that the site is in the middle."""
    before, behind = max(half - site, 0), max(site + half + 1 - len(text), 0)
    return RNA.unknown * before + text[max(site - half, 0) : site + half + 1] + RNA.unknown * behind


def _probability(network: _Scanner, group: Sequence[_Sites], prior: float | None) -> np.ndarray:
    """Probabilities at all sites of some records, shape (sites, modifications)."""
    half = network.length // 2
    # Each window is a view of the padded records: what lies beyond an end is a row of zeros.
    padded = [np.pad(one_hot([one.text], RNA)[0], ((half, half), (0, 0))) for one in group if len(one.sites)]
    if not padded:
        return np.empty((0, len(network.modifications)))
    starts = np.cumsum([0, *map(len, padded)])
    sites = [one.sites for one in group if len(one.sites)]
    at = np.concatenate([start + one for start, one in zip(starts, sites, strict=False)])
    views = np.lib.stride_tricks.sliding_window_view(np.concatenate(padded), network.length, axis=0)
    odds = [
        network.log_odds(np.ascontiguousarray(views[at[k : k + BATCH]].transpose(0, 2, 1)), prior=prior)
        for k in range(0, len(at), BATCH)
    ]
    return sigmoid(np.concatenate(odds))
