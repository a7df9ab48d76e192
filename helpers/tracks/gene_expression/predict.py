"""Expression in each cell type for the promoters of a user's file, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.project.shards import WHOLE, Shard
from helpers.readers import own, tables
from helpers.readers.fasta import account, read_fasta
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import DNA
from helpers.tracks.gene_expression.served import Served, load


def read(source: str | Path, *, columns: str | Mapping[str, str] = "", separator: str = "auto") -> Accounted:
    """Promoters of a user's file: a table with the column ``sequence`` (and ``id``), or FASTA.

    Raises
    ------
    ValueError
        As `helpers.readers.own.read_table` and `helpers.readers.fasta.read_fasta`.
    """
    if own.is_fasta(source):
        rows = Accounted(read_fasta(source, DNA))
        rows.said.append("FASTA file")
        return rows
    return own.read_table(
        source, required=["sequence"], optional=["id"], columns=columns, separator=separator
    )


def predict_file(
    model: Served, source: str | Path, out: str | Path, *, columns: str | Mapping[str, str] = "",
    separator: str = "auto",
) -> Counter[str]:  # fmt: skip
    """Predict every promoter of a file; each row of the input has a row in the output.

    Parameters
    ----------
    model : Served
        What `helpers.tracks.gene_expression.served.load` gave.
    source, columns, separator
        As for `read`.
    out : str or pathlib.Path
        CSV file to write: what `predict_table` gives.

    Returns
    -------
    collections.Counter
        Rows of each status.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    rows = read(source, columns=columns, separator=separator)
    return tables.write_pieces(out, [predict_table(model, rows.table)])


def predict_shard(given: Mapping[str, Any], out: Path, shard: Shard = WHOLE) -> Counter[str]:
    """Predict a shard of a file in the memory of a block; `given` are the parameters of the notebook."""
    model, source = load(given["model"]), given["source"]
    blocks: Iterator[pd.DataFrame]
    if own.is_fasta(source):
        blocks = (account(records, DNA) for _, records in own.fasta_blocks(source, shard))
    else:
        said = {"columns": given["columns"], "separator": given["separator"]}
        blocks = own.table_blocks(source, shard, required=["sequence"], optional=["id"], **said)
    return tables.write_pieces(out, (predict_table(model, block).round(6) for block in blocks))


def predict_table(model: Served, table: pd.DataFrame) -> pd.DataFrame:
    """Predict the promoters in the column ``sequence`` of a table; one row out for each row in.

    A promoter longer than the network's loses its left end and is ``changed``; a shorter one is
    ``rejected``, since the start site is at the right end and nothing is known of what is missing.

    Returns
    -------
    pandas.DataFrame
        The table's columns, ``status, note``, then ``<cell type>_predicted`` in the unit of the
        training table (NaN for a rejected row), and ``training, training_id, shared``: how the promoter
        stands to those of training (identical, near, new), on either strand.
    """
    names, length = [f"{cell}_predicted" for cell in model.cell_types], model.length
    rows = Accounted(table)
    given = rows.table["sequence"]
    rows.clean("sequence", DNA)
    found, size = rows.table["sequence"], rows.table["sequence"].str.len()
    rows.say(rows.usable & (size > length), f"cut at its left end to {length} nt", changed=True)
    rows.reject(size < length, f"{length} nt are needed; give more of the sequence in front of the promoter")
    kept = rows.usable
    told = model.standing(found[kept].str[-length:].tolist()).set_index(rows.table.index[kept])
    done = rows.table.assign(sequence=given, **dict.fromkeys(names, np.nan)).join(told)
    if kept.any():
        done.loc[kept, names] = model.predict(found[kept].str[-length:].tolist())
    return done
