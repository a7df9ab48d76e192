"""Whether a user's own promoters answer to the stress, by the networks of a cross-validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import explain
from helpers.project.shards import BLOCK, WHOLE, Shard
from helpers.readers import own, tables
from helpers.readers.fasta import Record, iter_fasta
from helpers.readers.rows import Accounted
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.splits.known import Known
from helpers.stats.odds import logit, sigmoid
from helpers.tracks.stress_response import network, sources
from helpers.training import ensembles
from helpers.training.calibration import Calibrator
from helpers.training.saving import check_model

BATCH = 512
"""Promoters in memory as one-hot letters at a time."""

STANDING = ["training", "training_gene", "shared"]
"""`Known.standing`; what a promoter of training is called is its gene."""

ADDED = ["probability", "low", "high", *STANDING, "networks"]
"""Columns that a prediction adds to a table."""

_WRITTEN = ["line", "gene_id", *ADDED, "status", "note"]


class Served(ensembles.Ensemble):
    """The networks of a cross-validation and, if they lie beside them, the promoters of their training."""

    known: Known | None = None

    @cached_property
    def _parts(self) -> Any:
        return network.shared_counter(self.models)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of each network, shape (networks, n); motifs that all of them count are counted once."""
        if self._parts is None:
            return super().scores(X)
        counter, heads = self._parts
        counts = counter.predict(X, batch_size=32, verbose=0)
        return np.stack([logit(network.predict_strands(head, counts, strands=1)) for head in heads])

    def which(self, standing: pd.DataFrame) -> np.ndarray:
        """Number of the one network to ask for each promoter, -1 for all of them.

        A promoter of training that was in one network's test part is asked of that one: the others
        may know it by heart.
        """
        owner = {gene: place for place, one in enumerate(self.members) for gene in one.test}
        one = standing["training_gene"].map(owner).fillna(-1).astype(int)
        return one.where(standing["training"] == "identical", -1).to_numpy()


def load(run: str | Path) -> Served:
    """The networks that notebook 03 wrote.

    Parameters
    ----------
    run : str or pathlib.Path
        ``ensemble.json``, or the folder that holds it; the folder ``ensemble`` lies beside it.

    Raises
    ------
    ValueError
        If there is no such file, it is not whole, or a network is missing or damaged.
    """
    path = Path(run) / "ensemble.json" if Path(run).is_dir() else Path(run)
    read = ensembles.load(path, expect={"dna_alphabet": DNA.letters})
    for one, model in zip(read.members, read.models, strict=True):
        check_model(one.path, model, [(read.card["length"], DNA.size)], gives=1)
        explain.heads.check_probability(one.path, model)
    ask = partial(network.predict_strands, strands=read.card["strands"], batch_size=32)
    found = Served(read.members, read.models, read.card, ask=ask)
    if "training" in read.card:
        found.known = Known.load(path.parent / read.card["training"])
    return found


def predict_table(run: str | Path | Served, table: pd.DataFrame) -> pd.DataFrame:
    """Predictions for promoters in a table.

    Parameters
    ----------
    run : str, pathlib.Path or Served
        What `load` takes or gave.
    table : pandas.DataFrame
        With a column ``sequence``; one that is not as long as the networks' input cannot be read.

    Returns
    -------
    pandas.DataFrame
        The table, row by row, with ``status`` (ok, changed, rejected) and ``note``,
        ``probability``, and ``low, high``, between which the calibration or, without one, the
        spread of the networks has 95 %; the columns `STANDING`; and ``networks``, how many
        were asked (`Served.which`). All are empty in rejected rows.

    Raises
    ------
    ValueError
        If the table has no column ``sequence``, or the run cannot be read.
    """
    if "sequence" not in table:
        raise ValueError(
            f"the table has the columns {', '.join(map(str, table))}; expected one named sequence"
        )
    models = run if isinstance(run, Served) else load(run)
    length = models.card["length"]
    rows = Accounted(table.reset_index(drop=True))
    rows.clean("sequence", DNA)
    rows.reject(
        rows.usable & (rows.table["sequence"].str.len() != length),
        lambda row: f"{len(row['sequence'])} nt long; these networks read {length}. Cut or extend it",
    )
    usable = np.flatnonzero(rows.usable)
    parts = [
        _predicted(models, rows.table["sequence"].iloc[usable[first : first + BATCH]].tolist())
        for first in range(0, len(usable), BATCH)
    ]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=ADDED)
    return rows.table.join(found.set_axis(rows.table.index[usable]))


def _predicted(models: Served, sequences: list[str]) -> pd.DataFrame:
    """The columns `ADDED` for clean promoters of the right length."""
    found = pd.DataFrame("", index=range(len(sequences)), columns=STANDING)
    if models.known is not None:
        found = models.known.standing(sequences).set_axis(STANDING, axis=1)
    X = encoding.one_hot(sequences, DNA, length=models.card["length"])
    scores, one = models.scores(X), models.which(found)
    middle, spread = scores.mean(axis=0), scores.std(axis=0)
    alone = np.flatnonzero(one >= 0)
    middle[alone], spread[alone] = scores[one[alone], alone], 0.0
    if card := models.card.get("calibration"):
        columns = np.stack(Calibrator.from_card(card).predict(sigmoid(middle), spread=spread))
    else:
        columns = sigmoid([middle, middle - 1.96 * spread, middle + 1.96 * spread])
    named = dict(zip(ADDED[:3], columns, strict=True))
    networks = pd.array(np.where(one < 0, len(models.models), 1), dtype="Int64")
    return found.assign(**named, networks=networks)[ADDED]


def read(
    path: str | Path, *, columns: str | Mapping[str, str] = "", separator: str = "auto", **window: Any
) -> Accounted:
    r"""Promoters to predict: FASTA, a table with the column ``sequence`` (and ``gene_id``), or places.

    Parameters
    ----------
    columns, separator
        As for `helpers.readers.own.read_table`.
    **window
        ``genome, upstream, downstream, feature`` for a BED, GFF3 or GTF file: see
        `helpers.readers.regions.promoters`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.fa"
    >>> _ = path.write_text(">g1 first\nACGT\n")
    >>> read(path).table[["line", "gene_id", "sequence"]].values.tolist()
    [[1, 'g1', 'ACGT']]
    """
    if window.get("genome"):
        rows = sources.from_genome(path, **window)
        rows.table = rows.table.rename(columns={"id": "gene_id"})
    elif own.is_fasta(path):
        rows = Accounted(_of_records(0, iter_fasta(path)))
        rows.said.append("FASTA")
    else:
        rows = own.read_table(
            path, required=("sequence",), optional=("gene_id",), columns=columns, separator=separator
        )
        rows.said.insert(0, "a table of promoters")
    rows.table = _named(rows.table)
    return rows


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """A promoter without an id is named after its row."""
    numbers = "row " + (table.index + 1).astype(str)
    return table.assign(gene_id=table["gene_id"].where(table["gene_id"] != "", numbers))


def predict_file(run: str | Path | Served, source: str | Path | Accounted, out: str | Path) -> pd.DataFrame:
    """Write predictions for the promoters of a file, a row for each of its rows.

    Parameters
    ----------
    run : str, pathlib.Path or Served
        As for `predict_table`.
    source : str, pathlib.Path or Accounted
        FASTA or a table, or what `read` gave for a file of another make.
    out : str or pathlib.Path
        CSV file to write: ``line, gene_id``, the columns `ADDED`, ``status, note``; and in the table
        that is given back ``sequence``, too.
    """
    given = source if isinstance(source, Accounted) else read(source)
    found = predict_table(run, given.table)
    tables.write_table(out, found[_WRITTEN].round(6))
    return found[[*_WRITTEN, "sequence"]]


def predict_shard(given: Mapping[str, Any], out: Path, shard: Shard = WHOLE) -> Counter[str]:
    """Predict a shard of a file in the memory of a block; `given` are the parameters of the notebook.

    Places of genes in a genome are read whole; their promoters are predicted in blocks all the same.
    """
    run, source = load(given["model"]), given["source"]
    said = {"columns": given["columns"], "separator": given["separator"]}
    blocks: Iterator[pd.DataFrame]
    if given["genome"]:
        size = {"downstream": given["downstream"], "upstream": run.card["length"] - given["downstream"]}
        rows = read(source, genome=given["genome"], **size).table
        part = shard.rows(lambda: len(rows))
        starts = range(part.start, min(part.stop, len(rows)), BLOCK) or [part.start]
        blocks = (rows.iloc[first : min(first + BLOCK, part.stop)] for first in starts)
    elif own.is_fasta(source):
        blocks = (_named(_of_records(*block)) for block in own.fasta_blocks(source, shard))
    else:
        read_as = {"required": ["sequence"], "optional": ["gene_id"], **said}
        blocks = map(_named, own.table_blocks(source, shard, **read_as))
    return tables.write_pieces(out, (predict_table(run, block)[_WRITTEN].round(6) for block in blocks))


def _of_records(start: int, records: Iterable[Record]) -> pd.DataFrame:
    found = [(one.line, one.id, one.sequence) for one in records]
    index = pd.RangeIndex(start, start + len(found))
    return pd.DataFrame(found, columns=["line", "gene_id", "sequence"], index=index)


def contributions(run: Served, table: pd.DataFrame, *, references: int = 10, seed: int = 0) -> np.ndarray:
    """Contribution of each letter to the log-odds, by the networks that `predict_table` asks (under torch).

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `predict_table` that are not rejected.
    references : int
        Dinucleotide shuffles that each promoter is compared with (DeepLIFT/SHAP).

    Returns
    -------
    numpy.ndarray, shape=(len(table), length)
        The mean over the networks asked.
    """
    X = encoding.one_hot(table["sequence"].tolist(), DNA, length=run.card["length"])
    shuffles = explain.attribution.make_references(X, references, seed=seed)
    one = run.which(table)
    total, asked = np.zeros(X.shape[:2]), np.zeros((len(X), 1))
    for number, model in enumerate(run.models):
        rows = np.flatnonzero((one < 0) | (one == number))
        if not len(rows):
            continue
        both = explain.heads.both_strands(model, DNA) if run.card["strands"] == 2 else model
        found = explain.attribution.deep_lift(
            explain.torch_view.view(both), X[rows], references=shuffles[rows], batch_size=32, progress=False
        )
        total[rows] += found.values.sum(axis=-1)
        asked[rows] += 1
    return total / asked
