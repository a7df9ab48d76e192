"""Efficacy of a user's siRNAs: every pair of an mRNA and a guide has a row, score or reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.explain.interaction import layer_output
from helpers.project.shards import BLOCK, WHOLE, Shard
from helpers.readers import own
from helpers.readers.fasta import Record
from helpers.readers.tables import MISSING, write_pieces, write_table
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import design_rules, features
from helpers.tracks.sirna_efficacy.data import guides_of, read_guides, read_mrnas, read_records
from helpers.tracks.sirna_efficacy.features import KEEP_NOTHING, Folding
from helpers.tracks.sirna_efficacy.predictors import Hybrid, load
from helpers.tracks.sirna_efficacy.table import Table
from helpers.tracks.sirna_efficacy.target_sites import GUIDE, context, locate

COLUMNS = (
    "mrna_id", "sirna_id", "guide", "position", "sites", "mismatches", "efficacy", "low", "high",
    "training", *design_rules.AUTHORS, "rules", "status", "note",
)  # fmt: skip

_PREDICTED = ["efficacy", "low", "high"]


class Explanation(NamedTuple):
    """Why a guide got its score.

    ``mutations``, shape (21, 4), is the change of the predicted efficacy when a position of the guide
    and its partner in the mRNA are replaced (0 at the letter that is there); ``attention``, shape
    (21, 57), is the mutual attention of guide and target context, mean over the networks.
    """

    mutations: np.ndarray
    attention: np.ndarray


class Asked(NamedTuple):
    """What is to be predicted: all `records` (as `read_records`), the `pairs` of a table, and remarks.

    ``pairs`` has ``siRNA, mRNA`` (ids of the records), ``line, status, note``; it is None where every
    guide is asked on every mRNA.
    """

    records: pd.DataFrame
    pairs: pd.DataFrame | None
    said: list[str]


def read(
    source: str | Path,
    mrna_fasta: str | Path,
    *,
    sirna_fasta: str | Path = "",
    columns: str = "",
    separator: str = "auto",
    lower_case: str = "keep",
) -> Asked:
    """Read guides and mRNAs: a FASTA file of guides, or a table of pairs.

    Parameters
    ----------
    source : str or pathlib.Path
        FASTA of guides, each asked on every mRNA; or a table with the columns ``siRNA`` (a guide's
        sequence, or its id where `sirna_fasta` is given) and ``mRNA`` (an id of `mrna_fasta`).
    mrna_fasta, sirna_fasta : str or pathlib.Path
        The second one is for a table alone.
    columns, separator : str
        As `helpers.readers.own.read_table`.
    lower_case : {"keep", "remove"}
        As `helpers.tracks.sirna_efficacy.data.read_mrnas`.

    Raises
    ------
    ValueError
        As the readers; and if `source` and `sirna_fasta` are both FASTA files of guides.
    """
    if own.is_fasta(source):
        _check_guides(source, sirna_fasta)
        return Asked(read_records(mrna_fasta, source, lower_case=lower_case), None, ["source: a FASTA file"])
    rows = own.read_table(source, required=["siRNA", "mRNA"], columns=columns, separator=separator)
    pairs = _stripped(rows.table)
    guides = read_guides(sirna_fasta) if sirna_fasta else _guides_of_cells(pairs["siRNA"])
    both = {"siRNA": guides, "mRNA": read_mrnas(mrna_fasta, lower_case=lower_case)}
    records = pd.concat([part.assign(kind=kind) for kind, part in both.items()], ignore_index=True)
    return Asked(records, pairs, [f"source: a table of {len(pairs)} pairs", *rows.said])


def predict_file(
    run: Hybrid,
    path: str | Path,
    out: str | Path,
    *,
    guides: str | Path,
    lower_case: str = "keep",
    **options: Any,
) -> pd.DataFrame:
    """Predict every guide of a FASTA file on every mRNA of the FASTA file at `path`; write a CSV to `out`.

    `lower_case` is that of `helpers.tracks.sirna_efficacy.data.read_mrnas`, `options` and the table
    that is written and given back are those of `predict_table`.
    """
    table = predict_table(run, read_records(path, guides, lower_case=lower_case), **options)
    write_table(out, table)
    return table


def predict_table(
    run: Hybrid,
    table: pd.DataFrame,
    *,
    pairs: pd.DataFrame | None = None,
    turn_sense: bool = False,
    max_mismatches: int = 0,
    folding: Folding = KEEP_NOTHING,
) -> pd.DataFrame:
    """Predict every guide on every mRNA of a table of records.

    Parameters
    ----------
    run : Hybrid
        As `helpers.tracks.sirna_efficacy.predictors.load` gives it.
    table : pandas.DataFrame
        As `helpers.tracks.sirna_efficacy.data.read_records` gives it; rejected records have rows, too.
    pairs : pandas.DataFrame, optional
        As `read` gives it: which guide is asked on which mRNA; without it, each guide on each mRNA.
    turn_sense : bool
        Score the reverse complement of a guide that is a copy of the mRNA, and say so.
    max_mismatches : int
        Most mismatches within the 19 paired residues.
    folding : Folding

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, one row for each pair, in the order of `pairs` or mRNA by mRNA:
        ``position`` (from 1) of the site on the mRNA, ``sites`` that match as well, ``mismatches``
        (positions of the guide), ``efficacy`` with its 90 % interval (both on the scale of the measured
        values, not cut at 0 or 1), ``training`` (how the pair stands to what the models learnt from:
        identical, near or new, as `Hybrid.standing` says), the scores and names of the published rules,
        ``status`` (scored, unscored, rejected) and ``note`` (what was changed; why there is no score, and
        how to mend it). The same input gives the same numbers on every run.
    """
    guides, mrnas = (table[table["kind"] == kind].to_dict("records") for kind in ("siRNA", "mRNA"))
    asked = [(mrna, guide) for mrna in mrnas for guide in guides]
    if pairs is not None:
        asked = _asked(pairs, guides, mrnas)
    options: dict[str, Any] = {"max_mismatches": max_mismatches, "turn_sense": turn_sense}
    return _of_pairs(run, asked, folding=folding, **options)


def predict_shard(given: Mapping[str, Any], out: Path, shard: Shard = WHOLE) -> Counter[str]:
    """Predict a shard of a file in the memory of a block; `given` are the parameters of the notebook.

    Guides of a FASTA file come guide by guide, each on every mRNA; the mRNAs are held in memory.
    """
    source, path = given["source"], Path(given["model"])
    if not given["mrna_fasta"]:
        raise ValueError("mrna_fasta is empty; expected the FASTA file of your own mRNAs. Give it")
    _check_guides(source, given["sirna_fasta"])
    run, _ = load(path / "models.json" if path.is_dir() else path)
    mrnas = read_mrnas(given["mrna_fasta"], lower_case=given["lower_case"]).to_dict("records")
    options = {name: given[name] for name in ("max_mismatches", "turn_sense")}
    options["folding"] = Folding(given["workers"])
    if own.is_fasta(source):
        asked = (_crossed(guides_of(records), mrnas) for _, records in own.fasta_blocks(source, shard))
    else:
        said = {"columns": given["columns"], "separator": given["separator"]}
        listed = read_guides(given["sirna_fasta"]) if given["sirna_fasta"] else None
        blocks = map(_stripped, own.table_blocks(source, shard, required=["siRNA", "mRNA"], **said))
        asked = (_of_block(pairs, listed, mrnas) for pairs in blocks)
    parts = (part for pairs in asked for part in _cut(pairs))
    return write_pieces(out, (_of_pairs(run, part, **options).round(4) for part in parts), COLUMNS)


def _of_pairs(
    run: Hybrid, asked: Sequence[tuple[dict, dict]], *, max_mismatches: int, turn_sense: bool,
    folding: Folding,
) -> pd.DataFrame:  # fmt: skip
    """Rows of pairs of an mRNA and a guide, each a record."""
    rows = [_located(mrna, guide, max_mismatches, turn_sense) for mrna, guide in asked]
    # Without a record of either kind there is no row, but every column all the same.
    found = pd.DataFrame(rows, columns=[*COLUMNS, "mrna"])
    scored = found["status"] == "scored"
    if scored.any():
        part = found[scored]
        starts = (part["position"] - 1).astype(int).tolist()
        values = score(run, part["guide"].tolist(), part["mrna"].tolist(), starts=starts, folding=folding)
        found.loc[scored, _PREDICTED] = values[_PREDICTED].to_numpy()
        found.loc[scored, "training"] = run.standing(part["guide"].tolist(), part["mrna"].tolist())
    readable = found["status"] != "rejected"
    if readable.any():
        hits = design_rules.hits(found.loc[readable, "guide"].tolist())
        found.loc[readable, "rules"] = design_rules.fulfilled(hits)
        found.loc[readable, list(design_rules.AUTHORS)] = design_rules.score(hits).to_numpy(float)
    return found[list(COLUMNS)]


def score(
    run: Hybrid,
    guides: Sequence[str],
    mrnas: Sequence[str],
    *,
    starts: Sequence[int],
    folding: Folding = KEEP_NOTHING,
) -> pd.DataFrame:
    """Efficacy of guides at known sites (0-based) on their whole mRNAs.

    ``efficacy, low, high`` (90 % interval), ``network, hybrid`` (with the network), then the
    named features.
    """
    table = _table(guides, mrnas, starts, folding)
    return pd.concat([_predicted(run, table), table.features], axis=1)


def explain(run: Hybrid, mrna: str, start: int, *, folding: Folding = KEEP_NOTHING) -> Explanation:
    """In-silico mutation of the guide of the site at `start` (0-based), and its attention to the target.

    Each mutant is a guide that still matches its mRNA: the letter and its partner are replaced
    together, and every feature is computed anew, energies and folding included.
    """
    guide = reverse_complement(mrna[start : start + GUIDE], RNA)
    cells = [(place, number) for place in range(GUIDE) for number in range(RNA.size)]
    cells = [(place, number) for place, number in cells if RNA.letters[number] != guide[place]]
    guides, mutated = [guide], [mrna]
    for place, number in cells:
        at, letter = start + GUIDE - 1 - place, RNA.letters[number]
        guides.append(guide[:place] + letter + guide[place + 1 :])
        mutated.append(mrna[:at] + RNA.complement(letter) + mrna[at + 1 :])
    # The mutants belong to the mRNA that they were made from.
    table = _table(guides, mutated, [start] * len(guides), folding, origins=[mrna] * len(guides))
    found = _predicted(run, table)["efficacy"].to_numpy()
    mutations = np.zeros((GUIDE, RNA.size))
    mutations[tuple(np.transpose(cells))] = found[1:] - found[0]
    inputs = table.inputs(np.arange(1), run.network.scaler)
    maps = [layer_output(result.model, inputs, "interaction_map")[0] for result in run.network.results]
    return Explanation(mutations, np.mean(maps, axis=0).astype(float))


def _table(
    guides: Sequence[str],
    mrnas: Sequence[str],
    starts: Sequence[int],
    folding: Folding,
    origins: Sequence[str] = (),
) -> Table:
    """Rows to predict; `origins` are the mRNAs whose effects the rows have, if not `mrnas`."""
    computed = features.compute(guides, mrnas, starts, folding=folding)
    contexts = [context(mrna, start) for mrna, start in zip(mrnas, starts, strict=True)]
    return Table(guides, contexts, origins or mrnas, starts=starts, features=computed)


def _guides_of_cells(cells: pd.Series) -> pd.DataFrame:
    """Records of guides that stand in a table as sequences; the sequence as written is the id."""
    texts = [text for text in dict.fromkeys(cells) if text and text.lower() not in MISSING]
    records = (Record(str(number), "", text, number) for number, text in enumerate(texts, start=1))
    return guides_of(records).assign(id=texts)


def _check_guides(source: str | Path, sirna_fasta: str | Path) -> None:
    if sirna_fasta and own.is_fasta(source):
        raise ValueError(
            f"source {source} and sirna_fasta {sirna_fasta} are both FASTA files of guides; "
            "expected one. Leave sirna_fasta empty, or give a table of pairs as source"
        )


def _stripped(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table of pairs, without blanks around the names."""
    pairs = table[["siRNA", "mRNA", "line", "status", "note"]].reset_index(drop=True)
    return pairs.assign(siRNA=pairs["siRNA"].str.strip(), mRNA=pairs["mRNA"].str.strip())


def _crossed(guides: pd.DataFrame, mrnas: list[dict]) -> list[tuple[dict, dict]]:
    return [(mrna, guide) for guide in guides.to_dict("records") for mrna in mrnas]


def _of_block(pairs: pd.DataFrame, listed: pd.DataFrame | None, mrnas: list[dict]) -> list[tuple[dict, dict]]:
    guides = _guides_of_cells(pairs["siRNA"]) if listed is None else listed
    return _asked(pairs, guides.to_dict("records"), mrnas)


def _cut(asked: list[tuple[dict, dict]]) -> Iterator[list[tuple[dict, dict]]]:
    """Pairs in parts of a block: one block of guides may have many mRNAs."""
    return (asked[first : first + BLOCK] for first in range(0, len(asked), BLOCK))


def _asked(pairs: pd.DataFrame, guides: list[dict], mrnas: list[dict]) -> list[tuple[dict, dict]]:
    """Records of each pair; one that is not there, or a row that cannot be read, is a rejected record."""
    known = {"siRNA": {one["id"]: one for one in guides}, "mRNA": {one["id"]: one for one in mrnas}}

    def record(kind: str, name: str) -> dict:
        if not name or name.lower() in MISSING:
            note = f"the cell {kind} is empty; fill it in"
        else:
            note = f"{name!r} is not in the FASTA file; add it or correct the id"
        return known[kind].get(name, {"id": name, "sequence": "", "status": "rejected", "note": note})

    found = []
    for pair in pairs.to_dict("records"):
        mrna, guide = record("mRNA", pair["mRNA"]), record("siRNA", pair["siRNA"])
        if pair["status"] == "rejected":
            guide = guide | {"status": "rejected", "note": pair["note"]}
        found.append((mrna, guide))
    return found


def _predicted(run: Hybrid, table: Table) -> pd.DataFrame:
    found = run.on(table).predict(np.arange(len(table)))
    ours = found["ours"].rename(columns={"p": "efficacy", "low_90": "low", "high_90": "high"})
    return ours.reindex(columns=_PREDICTED).assign(network=found["network"], hybrid=found["hybrid"])


def _located(mrna: dict, guide: dict, max_mismatches: int, turn_sense: bool) -> dict[str, Any]:
    """Row of a pair before it is scored."""
    row = dict.fromkeys([*COLUMNS, "mrna"], np.nan) | {
        "mrna_id": mrna["id"], "sirna_id": guide["id"], "guide": guide["sequence"], "sites": 0,
        "mismatches": "", "rules": "", "training": "", "status": "rejected", "mrna": mrna["sequence"],
    }  # fmt: skip
    for record, kind in ((mrna, "mRNA"), (guide, "siRNA")):
        if record["status"] == "rejected":
            return row | {"note": f"{kind}: {record['note']}"}
    sequence, site, turned = locate(
        guide["sequence"], mrna["sequence"], max_mismatches=max_mismatches, turn_sense=turn_sense
    )
    said = "given as the sense strand; its reverse complement was scored" if turned else ""
    row["note"] = "; ".join(filter(None, [guide["note"], said, site.note]))
    if site.orientation != "antisense":
        return row | {"status": "unscored"}
    place = {"guide": sequence, "position": site.start + 1, "sites": site.sites}
    return row | place | {"mismatches": " ".join(map(str, site.mismatches)), "status": "scored"}
