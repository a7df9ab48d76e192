"""Whether a user's own promoters answer to the stress, by the networks of a cross-validation."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.readers import tables
from helpers.readers.fasta import read_fasta
from helpers.readers.rows import Accounted
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.stats.odds import sigmoid
from helpers.tracks.stress_response import network
from helpers.training import ensembles
from helpers.training.calibration import Calibrator

BATCH = 512
"""Promoters in memory as one-hot letters at a time."""


def load(run: str | Path) -> ensembles.Ensemble:
    """The networks of ``ensemble.json``, as notebook 03 writes it."""
    found = ensembles.load(run, expect={"dna_alphabet": DNA.letters})
    found.ask = partial(network.predict_strands, strands=found.card["strands"], batch_size=32)
    return found


def predict_table(run: str | Path | ensembles.Ensemble, table: pd.DataFrame) -> pd.DataFrame:
    """Predictions for promoters in a table.

    Parameters
    ----------
    run : str, pathlib.Path or Ensemble
        ``ensemble.json``, or what `load` gave for it. None of its networks may have seen the
        promoters: those of its own genes are asked by `Ensemble.predict_out_of_fold`.
    table : pandas.DataFrame
        With a column ``sequence``; one that is not as long as the networks' input cannot be read.

    Returns
    -------
    pandas.DataFrame
        The table, row by row, with ``status`` (ok, changed, rejected) and ``note``,
        ``probability``, and ``low, high``, between which the calibration or, without one, the
        spread of the networks has 95 %; empty in rejected rows.

    Raises
    ------
    ValueError
        If the table has no column ``sequence``, or the run cannot be read.
    """
    if "sequence" not in table:
        raise ValueError(
            f"the table has the columns {', '.join(map(str, table))}; expected one named sequence"
        )
    models = run if isinstance(run, ensembles.Ensemble) else load(run)
    length = models.card["length"]
    rows = Accounted(table.reset_index(drop=True))
    rows.clean("sequence", DNA)
    rows.reject(
        rows.usable & (rows.table["sequence"].str.len() != length),
        lambda row: f"{len(row['sequence'])} nt long; these networks read {length}. Cut or extend it",
    )
    found = np.full((3, len(rows.table)), np.nan)
    usable = np.flatnonzero(rows.usable)
    card = models.card.get("calibration")
    calibrator = Calibrator.from_card(card) if card else None
    for first in range(0, len(usable), BATCH):
        part = usable[first : first + BATCH]
        X = encoding.one_hot(rows.table["sequence"].iloc[part].tolist(), DNA, length=length)
        scores = models.scores(X)
        middle, spread = scores.mean(axis=0), scores.std(axis=0)
        if calibrator:
            found[:, part] = calibrator.predict(sigmoid(middle), spread=spread)
        else:
            found[:, part] = sigmoid([middle, middle - 1.96 * spread, middle + 1.96 * spread])
    return rows.table.assign(probability=found[0], low=found[1], high=found[2])


def predict_file(run: str | Path | ensembles.Ensemble, path: str | Path, out: str | Path) -> pd.DataFrame:
    """Write predictions for the promoters of a FASTA file, a row for every record.

    Parameters
    ----------
    run : str, pathlib.Path or Ensemble
        As for `predict_table`.
    path, out : str or pathlib.Path
        FASTA file, and CSV file to write: ``id, description, length, status, note, line`` and the
        columns of `predict_table`.
    """
    found = predict_table(run, read_fasta(path, DNA))
    found = found.drop(columns="sequence")
    tables.write_table(out, found)
    return found
