"""Modifications of a user's RNAs: in the middle of each record, or all along a transcript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from helpers.readers.fasta import Record, clean, iter_fasta
from helpers.readers.tables import write_pieces
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import one_hot
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.rna_modification.data import MIXED, MODIFICATIONS, check_odd, mixed
from helpers.training.saving import Run, load_run

COLUMNS = ["line", "record", "length", "position", "base", "modification", "probability", "beyond"]
COLUMNS += ["status", "note"]
"""Columns of a prediction, see `predict_file`."""

STATUSES = ("scored", "padded", "unscored", "rejected")
"""What may become of a record, see `predict_file`."""

BATCH = 2048
"""Windows in memory at a time."""
_CLIP = 1e-7
_CARD = ("rna_alphabet", "length", "modifications")


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


class WindowNetwork:
    """One or several runs as one function from windows to log-odds.

    Parameters
    ----------
    run : Run or sequence of Run
        Models that take one-hot windows and give one probability a modification; the cards name
        ``rna_alphabet``, ``length`` (nt) and ``modifications``.

    Attributes
    ----------
    length : int
        Length of the windows, in nt.
    modifications : list of str
        All that a run has a head for.
    bases : list of str
        The letter of each modification.

    Raises
    ------
    ValueError
        If there is no run, a card lacks one of the three or does not fit its model, the letters
        are not A C G U, or the models take windows of different or of even lengths.
    """

    def __init__(self, run: Run | Sequence[Run]) -> None:
        # A Run is a tuple, too.
        self.runs: list[Run] = [run] if isinstance(run, Run) else list(run)
        self.length = _checked_length(self.runs)
        heads = {name for one in self.runs for name in one.card["modifications"]}
        if unknown := sorted(heads - set(MODIFICATIONS)):
            raise ValueError(
                f"a model's card names the modifications {', '.join(unknown)}; expected some of "
                f"{', '.join(MODIFICATIONS)}"
            )
        self.modifications = [name for name in MODIFICATIONS if name in heads]
        self.bases = [MODIFICATIONS[name].base for name in self.modifications]
        # A decoder is not computed where the logits have a layer of their own.
        self._parts = [_logit_part(one.model) for one in self.runs]

    def log_odds(self, X: np.ndarray, *, prior: float | None = None) -> np.ndarray:
        """Log-odds of every modification, the mean over the runs that have a head for it.

        Parameters
        ----------
        X : numpy.ndarray, shape=(n, length, 4), dtype=float32
        prior : float, optional
            As for `Options`.

        Returns
        -------
        numpy.ndarray, shape=(n, modifications), dtype=float64
        """
        total, heads = np.zeros((len(X), len(self.modifications))), np.zeros(len(self.modifications))
        for one, part in zip(self.runs, self._parts, strict=True):
            given = (one.model if part is None else part).predict(X, batch_size=256, verbose=0)
            odds = logit(given, clip=_CLIP) if part is None else np.asarray(given, dtype=float)
            columns = [self.modifications.index(name) for name in one.card["modifications"]]
            if prior is not None:
                odds = odds + logit(prior) - logit(_training_shares(one.card))
            total[:, columns] += odds
            heads[columns] += 1
        return total / heads


class _Sites(NamedTuple):
    """The sites (positions, 0-based) of a record, or why it has none."""

    record: Record
    text: str
    sites: np.ndarray
    status: str
    note: str


def served(folder: str | Path, **expect: Any) -> list[Run]:
    """Load the networks that the row ``ours`` of notebook 01's table was measured with.

    The card of ``shared.keras`` names them under ``ours`` and holds that row under ``measured``.
    Give all of them to `predict_file`: the shared network alone is another model.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where notebook 01 wrote ``shared.keras``.
    **expect
        What their cards have to say, such as ``length=501``.
    """
    folder = Path(folder)
    first = load_run(folder / "shared.keras", expect={"rna_alphabet": RNA.letters, **expect})
    if "ours" not in first.card:
        raise ValueError(
            f"{folder}/shared.card.json does not say which networks are ours; run notebook 01 again"
        )
    others = [name for name in first.card["ours"] if name != "shared.keras"]
    return [first, *(load_run(folder / name, expect=expect) for name in others)]


def predict_file(
    run: Run | Sequence[Run],
    path: str | Path,
    out: str | Path,
    *,
    options: Options = Options(),
    progress: bool = True,
) -> Counter[str]:
    """Predict the records of a FASTA file, in the memory of one record.

    The output is complete or absent: after a crash the call is simply repeated.

    Parameters
    ----------
    run : Run or sequence of Run
        Model and card, as `helpers.training.load_run` gives them. Several runs are an ensemble:
        their log-odds are averaged over those that have a head for the modification.
    path, out : str or pathlib.Path
        FASTA file (T is read as U) and CSV file to write; gzip if a name ends in ``.gz``.
    options : Options
    progress : bool
        Show a bar when it takes longer than two seconds.

    Returns
    -------
    collections.Counter
        Rows of each status. The file holds `COLUMNS`, a row for each site and each modification of
        its base, in the order of the file: ``line`` (of the header), ``record`` (id), ``length``
        (nt), ``position`` (of the site, from 1), ``base``, ``modification``, ``probability``,
        ``beyond`` (nt of the window that lie beyond the record), ``status`` and ``note``. A record
        without a site to write has one row all the same: unscored or rejected with its reason, or
        "scored" when every site was below `least`.

    Raises
    ------
    ValueError
        If the file cannot be read, a model does not fit, or both paths are the same file.
    """
    if Path(path).resolve() == Path(out).resolve():
        raise ValueError(f"{path}: the predictions would replace their input; give another file")
    network = WindowNetwork(run)
    records = tqdm(iter_fasta(path), desc="predicting", unit=" records", disable=not progress, delay=2.0)
    pieces = _pieces(network, records, options)
    return write_pieces(out, (piece.round({"probability": 6}) for piece in pieces), COLUMNS)


def predict_table(
    run: Run | Sequence[Run], table: pd.DataFrame, options: Options = Options()
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
    lines = table["line"] if "line" in table else range(1, len(table) + 1)
    records = [
        Record(str(name), "", text, int(line))
        for name, text, line in zip(table["id"], table["sequence"], lines, strict=True)
    ]
    pieces = list(_pieces(WindowNetwork(run), records, options))
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=COLUMNS)


def _pieces(network: WindowNetwork, records: Iterable[Record], options: Options) -> Iterator[pd.DataFrame]:
    """Rows of successive records, gathered until they fill a batch."""
    waiting: list[_Sites] = []
    for record in records:
        waiting.append(_sites(record, network, options))
        if sum(max(1, len(one.sites)) for one in waiting) >= BATCH:
            yield _rows(network, waiting, options)
            waiting = []
    if waiting:
        yield _rows(network, waiting, options)


def _sites(record: Record, network: WindowNetwork, options: Options) -> _Sites:
    text, status, note = clean(record.sequence, RNA)
    sites: list[int] = []
    if status != "rejected":
        half = network.length // 2 if options.short == "reject" else 0
        centre = options.mode == "centre"
        places: Sequence[int] = [len(text) // 2] if centre else range(half, len(text) - half)
        sites = [place for place in places if text[place] in network.bases]
        status, why = _fault(record.sequence, text, network, options)
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


def _fault(given: str, text: str, network: WindowNetwork, options: Options) -> tuple[str, str]:
    """Why a clean record cannot be used, or "scored"."""
    if mixed(given):
        return "rejected", MIXED
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


def _rows(network: WindowNetwork, group: Sequence[_Sites], options: Options) -> pd.DataFrame:
    """Rows of some records: one for each site and modification of its base, or one a record."""
    about = [(one.record.line, one.record.id, len(one.text), one.status, one.note) for one in group]
    records = pd.DataFrame(about, columns=["line", "record", "length", "status", "note"])
    number = np.repeat(np.arange(len(group)), [len(one.sites) for one in group])
    site = np.concatenate([one.sites for one in group])
    letter = np.array([one.text[at] for one in group for at in one.sites], dtype="U1")
    probability = _probability(network, group, options.prior)
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
    }
    # A record without a site to write keeps one row.
    table = records.join(pd.DataFrame(found, index=number)).reset_index(drop=True)
    table[["base", "modification"]] = table[["base", "modification"]].fillna("")
    padded = (table["beyond"] > 0).fillna(False).astype(bool)
    hidden = (table["status"] == "scored") & table["position"].isna()
    more = table["beyond"].astype(str) + " nt of the window lie beyond the record"
    more = more.where(padded, "").mask(hidden, f"every site is below {options.least}")
    table["note"] = ["; ".join(filter(None, notes)) for notes in zip(more, table["note"], strict=True)]
    table.loc[padded, "status"] = "padded"
    return table[COLUMNS]


def _probability(network: WindowNetwork, group: Sequence[_Sites], prior: float | None) -> np.ndarray:
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


def _checked_length(runs: Sequence[Run]) -> int:
    """Length of the windows of some runs whose cards fit their models."""
    if not runs:
        raise ValueError("no model was given; expected a Run or a list of them")
    for one in runs:
        card = one.card
        if missing := [key for key in _CARD if key not in card]:
            raise ValueError(
                f"a model's card says nothing of {missing[0]!r}; expected the letters, the length in nt and "
                "the modifications. Save it with helpers.training.save_run"
            )
        if card["rna_alphabet"] != RNA.letters:
            raise ValueError(
                f"a model reads the letters {card['rna_alphabet']!r}; expected {RNA.letters!r}. Train it "
                "again: letters in another order mean other things"
            )
        shapes = tuple(one.model.input_shape[1:]), one.model.output_shape[-1]
        wanted = (card["length"], RNA.size), len(card["modifications"])
        if shapes != wanted:
            raise ValueError(
                f"a model takes windows of shape {shapes[0]} and gives {shapes[1]} numbers, but its card "
                f"says {wanted[0]} and {wanted[1]}. Copy both files of one run again"
            )
    lengths = sorted({int(one.card["length"]) for one in runs})
    if len(lengths) > 1:
        raise ValueError(
            f"the models take windows of {', '.join(map(str, lengths))} nt; expected one length. Predict "
            "with each by itself"
        )
    check_odd(lengths[0])
    return lengths[0]


def _logit_part(model: keras.Model) -> keras.Model | None:
    """The part of a model up to its logits, if they have a layer of their own."""
    if "logit" not in {layer.name for layer in model.layers}:
        return None
    return keras.Model(model.input, model.get_layer("logit").output)


def _training_shares(card: dict[str, Any]) -> list[float]:
    """Share of positives among the training rows of each head."""
    shares = card.get("prevalence", {})
    if missing := [name for name in card["modifications"] if name not in shares]:
        raise ValueError(
            f"a model's card says nothing of the prevalence of {', '.join(missing)} in training, which a "
            "prior needs; leave prior out, or train the model again with this version"
        )
    return [shares[name] for name in card["modifications"]]
