"""Expression in each cell type for the promoters of a user's file, row by row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.readers import tables
from helpers.readers.rows import Accounted
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.training.saving import Run


def predict_file(run: Run, path: str | Path, out: str | Path, *, separator: str = ",") -> Counter[str]:
    """Predict every promoter of a table; each row of the input has a row in the output.

    Parameters
    ----------
    run : helpers.training.saving.Run
        A network and its card, as notebook 01 of the track writes them.
    path : str or pathlib.Path
        CSV file with the column ``sequence``; its other columns are kept.
    out : str or pathlib.Path
        CSV file to write, piece by piece: what `predict_table` gives.

    Returns
    -------
    collections.Counter
        Rows of each status.

    Raises
    ------
    ValueError
        If the card lacks what is needed, or the file cannot be read.
    """
    _check_card(run)
    pieces = tables.iter_table(path, required=["sequence"], separator=separator)
    return tables.write_pieces(out, (predict_table(run, piece) for piece in pieces))


def predict_table(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Predict the promoters in the column ``sequence`` of a table; one row out for each row in.

    A promoter longer than the network's loses its left end and is ``changed``; a shorter one is
    ``rejected``, since the start site is at the right end and nothing is known of what is missing.

    Returns
    -------
    pandas.DataFrame
        The table's columns, ``status, note``, then ``<cell type>_predicted`` in the unit of the
        training table; NaN for a rejected row.

    Raises
    ------
    ValueError
        If the card lacks what is needed.
    """
    _check_card(run)
    names, length = [f"{cell}_predicted" for cell in run.card["cell_types"]], int(run.card["length"])
    rows = Accounted(table)
    given = rows.table["sequence"]
    rows.clean("sequence", DNA)
    found, size = rows.table["sequence"], rows.table["sequence"].str.len()
    rows.say(rows.usable & (size > length), f"cut at its left end to {length} nt", changed=True)
    rows.reject(size < length, f"{length} nt are needed; give more of the sequence in front of the promoter")
    kept = rows.usable
    done = rows.table.assign(sequence=given, **dict.fromkeys(names, np.nan))
    if kept.any():
        X = encoding.one_hot(found[kept].str[-length:], DNA, length=length)
        mean, deviation = (np.asarray(run.card[key]) for key in ("mean", "deviation"))
        done.loc[kept, names] = run.model.predict(X, batch_size=256, verbose=0) * deviation + mean
    return done


def _check_card(run: Run) -> None:
    if lacking := [k for k in ("cell_types", "length", "mean", "deviation") if k not in run.card]:
        raise ValueError(
            f"the network's card says nothing of {', '.join(lacking)}; expected the card that "
            "notebook 01_train_hybrid_network writes. Train the network again"
        )
