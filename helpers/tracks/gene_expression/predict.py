"""Expression in each cell type for the promoters of a user's file, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.readers import fasta, tables
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.training.saving import Run


class Summary(NamedTuple):
    """What became of the rows.

    Attributes
    ----------
    rows, changed, rejected : int
        Rows of the input, those read after a change, and those without a prediction.
    """

    rows: int
    changed: int
    rejected: int


def predict_promoters(
    run: Run,
    path: str | Path,
    out: str | Path,
    *,
    separator: str = ",",
    batch_rows: int = 10_000,
) -> Summary:
    """Predict every promoter of a table; each row of the input has a row in the output.

    Parameters
    ----------
    run : helpers.training.saving.Run
        A network and its card, as notebook 01 of the track writes them.
    path : str or pathlib.Path
        CSV file with the column ``sequence``; its other columns are kept.
    out : str or pathlib.Path
        CSV file to write: its columns, ``line, status, note``, then ``<cell type>_predicted``
        in the unit of the training table, empty for a rejected row.
    separator : str
        Character between the cells of the input.
    batch_rows : int
        Rows held in memory at once.

    Returns
    -------
    Summary
        A promoter longer than the network's loses its left end and is ``changed``; a shorter one is
        ``rejected``, since the start site is at the right end and nothing is known of what is
        missing.

    Raises
    ------
    ValueError
        If the card lacks what is needed, or the file cannot be read.
    """
    card = run.card
    if lacking := [k for k in ("cell_types", "length", "mean", "deviation") if k not in card]:
        raise ValueError(
            f"the network's card says nothing of {', '.join(lacking)}; expected the card that "
            "notebook 01_train_hybrid_network writes. Train the network again"
        )
    names = [f"{cell}_predicted" for cell in card["cell_types"]]
    rows = changed = rejected = 0
    with tables.TableWriter(out) as writer:
        for piece in tables.iter_table(
            path, required=["sequence"], separator=separator, chunk_rows=batch_rows
        ):
            done = _predict_piece(run, piece, names)
            writer.write(done)
            rows += len(done)
            changed += int((done["status"] == "changed").sum())
            rejected += int((done["status"] == "rejected").sum())
    return Summary(rows, changed, rejected)


def _predict_piece(run: Run, piece: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    length = int(run.card["length"])
    done = piece.copy()
    readable = done.index[done["status"] != "rejected"]
    cleaned = fasta.clean_column(done.loc[readable, "sequence"], DNA)
    done.loc[readable, "status"] = cleaned["status"]
    done.loc[readable, "note"] = cleaned["note"]
    found = pd.Series("", index=done.index, dtype="str")
    found[readable] = cleaned["sequence"]
    there, size = done["status"] != "rejected", found.str.len()
    _say(done, there & (size > length), "changed", f"cut at its left end to {length} nt")
    _say(
        done,
        there & (size < length),
        "rejected",
        f"{length} nt are needed; give more of the sequence in front of the promoter",
    )
    kept = done.index[done["status"] != "rejected"]
    for name in names:
        done[name] = np.nan
    if len(kept):
        X = encoding.one_hot(found[kept].str[-length:], DNA, length=length)
        scaled = run.model.predict(X, batch_size=256, verbose=0)
        mean, deviation = (np.asarray(run.card[key]) for key in ("mean", "deviation"))
        done.loc[kept, names] = scaled * deviation + mean
    return done


def _say(table: pd.DataFrame, rows: pd.Series, status: str, note: str) -> None:
    before = table.loc[rows, "note"]
    table.loc[rows, "note"] = before.where(before == "", before + "; ") + note
    table.loc[rows, "status"] = status
