"""Efficacy of a user's siRNAs: every pair of an mRNA and a guide has a row, score or reason."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.explain.interaction import layer_output
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy import design_rules, features
from helpers.tracks.sirna_efficacy.predictors import Hybrid, Table
from helpers.tracks.sirna_efficacy.target_sites import (
    GUIDE,
    context,
    find,
    reverse_complement,
    turned,
)

COLUMNS = (
    "mrna_id", "sirna_id", "guide", "position", "sites", "mismatches", "efficacy", "low", "high",
    "Reynolds", "Ui-Tei", "Amarzguioui", "Hsieh", "rules", "status", "note",
)  # fmt: skip
"""Columns of a prediction, see `predict_pairs`."""

_LEVEL = "half_90"


class Explanation(NamedTuple):
    """Why a guide got its score.

    Attributes
    ----------
    mutations : numpy.ndarray, shape=(21, 4), dtype=float64
        Change of the predicted efficacy when a position of the guide and its partner in the
        mRNA are replaced; 0 at the letter that is there.
    attention : numpy.ndarray, shape=(21, 57), dtype=float64
        Mutual attention of guide and target context, mean over the networks.
    """

    mutations: np.ndarray
    attention: np.ndarray


def predict_pairs(
    hybrid: Hybrid,
    mrnas: pd.DataFrame,
    guides: pd.DataFrame,
    *,
    turn_sense: bool = False,
    max_mismatches: int = 0,
    workers: int = 1,
    cache_folder: str | Path | None = None,
) -> pd.DataFrame:
    """Predict every guide on every mRNA.

    Parameters
    ----------
    hybrid : Hybrid
        As `helpers.tracks.sirna_efficacy.saving.load` gives it.
    mrnas, guides : pandas.DataFrame
        As `helpers.tracks.sirna_efficacy.records` gives them; rejected records have rows, too.
    turn_sense : bool, optional
        Score the reverse complement of a guide that is a copy of the mRNA, and say so.
    max_mismatches : int, optional
        Most mismatches within the 19 paired residues.
    workers, cache_folder
        As for `helpers.tracks.sirna_efficacy.features.compute`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, one row for each pair, mRNA by mRNA: ``position`` (from 1) of the site
        on the mRNA, ``sites`` that match as well, ``mismatches`` (positions of the guide),
        ``efficacy`` with its 90 % interval, the scores and names of the published rules,
        ``status`` (scored, unscored, rejected) and ``note`` (what was changed; why there is no
        score, and how to mend it). The same input gives the same numbers on every run.
    """
    rows = [
        _located(mrna, guide, turn_sense, max_mismatches)
        for mrna in mrnas.itertuples(index=False)
        for guide in guides.itertuples(index=False)
    ]
    table = pd.DataFrame(rows)
    scored = np.flatnonzero((table["status"] == "scored").to_numpy())
    for name in ("efficacy", "low", "high"):
        table[name] = np.nan
    if len(scored):
        whole = dict(zip(mrnas["id"], mrnas["sequence"], strict=True))
        part = table.iloc[scored]
        found = score(
            hybrid,
            part["guide"].tolist(),
            [whole[name] for name in part["mrna_id"]],
            (part["position"] - 1).astype(int).tolist(),
            workers=workers,
            cache_folder=cache_folder,
        )
        for name in ("efficacy", "low", "high"):
            table.loc[table.index[scored], name] = found[name].to_numpy()
    return _with_rules(table)[list(COLUMNS)]


def score(
    hybrid: Hybrid,
    guides: list[str],
    mrnas: list[str],
    starts: list[int],
    *,
    workers: int = 1,
    cache_folder: str | Path | None = None,
) -> pd.DataFrame:
    """Efficacy of guides at known sites.

    Parameters
    ----------
    hybrid : Hybrid
    guides, mrnas : list of str
        Guide and whole mRNA of each row.
    starts : list of int
        Sites, 0-based.
    workers, cache_folder
        As for `helpers.tracks.sirna_efficacy.features.compute`.

    Returns
    -------
    pandas.DataFrame
        ``efficacy, low, high`` (90 % interval), ``network, features`` (the two parts), then the
        named features.
    """
    computed = features.compute(guides, mrnas, starts, workers=workers, cache_folder=cache_folder)
    contexts = [context(mrna, start) for mrna, start in zip(mrnas, starts, strict=True)]
    table = Table(guides, contexts, mrnas, starts, computed)
    return pd.concat([_predicted(hybrid, table), computed], axis=1)


def explain(hybrid: Hybrid, mrna: str, start: int, *, cache_folder: str | Path | None = None) -> Explanation:
    """In-silico mutation of a guide with its site, and the attention between them.

    Each mutant is a guide that still matches its mRNA: the letter and its partner are replaced
    together, and every feature is computed anew, energies and folding included.

    Parameters
    ----------
    hybrid : Hybrid
    mrna : str
        RNA letters.
    start : int
        Site of the guide, 0-based.
    cache_folder : str, pathlib.Path or None, optional
        As for `helpers.tracks.sirna_efficacy.features.compute`.

    Returns
    -------
    Explanation
    """
    site = mrna[start : start + GUIDE]
    guide = reverse_complement(site)
    guides, mutated, cells = [guide], [mrna], [(0, RNA.letters.index(guide[0]))]
    for place in range(GUIDE):
        for number, letter in enumerate(RNA.letters):
            if letter == guide[place]:
                continue
            guides.append(guide[:place] + letter + guide[place + 1 :])
            at = start + GUIDE - 1 - place
            mutated.append(mrna[:at] + RNA.complement(letter) + mrna[at + 1 :])
            cells.append((place, number))
    starts = [start] * len(guides)
    computed = features.compute(guides, mutated, starts, cache_folder=cache_folder)
    contexts = [context(text, start) for text in mutated]
    # The mutants belong to the mRNA that they were made from.
    table = Table(guides, contexts, [mrna] * len(guides), starts, computed)
    found = _predicted(hybrid, table)["efficacy"].to_numpy()
    mutations = np.zeros((GUIDE, RNA.size))
    for (place, number), value in zip(cells[1:], found[1:], strict=True):
        mutations[place, number] = value - found[0]
    inputs = table.inputs(np.arange(1), hybrid.network.scaler)
    maps = [layer_output(result.model, inputs, "interaction_map")[0] for result in hybrid.network.results]
    return Explanation(mutations, np.mean(maps, axis=0).astype(float))


def _predicted(hybrid: Hybrid, table: Table) -> pd.DataFrame:
    found = hybrid.on(table).predict(np.arange(len(table)))
    ours, half = found["ours"], found[_LEVEL]
    columns = {"efficacy": ours, "low": ours - half, "high": ours + half}
    return pd.DataFrame(columns | {"network": found["network"], "features": found["features"]})


def _located(mrna: tuple, guide: tuple, turn_sense: bool, max_mismatches: int) -> dict:
    """Row of a pair before it is scored."""
    row = {
        "mrna_id": mrna.id, "sirna_id": guide.id, "guide": guide.sequence, "position": np.nan,  # type: ignore[attr-defined]
        "sites": 0, "mismatches": "", "status": "rejected", "note": "",
    }  # fmt: skip
    for record, kind in ((mrna, "mRNA"), (guide, "siRNA")):
        if record.status == "rejected":  # type: ignore[attr-defined]
            return row | {"note": f"{kind}: {record.note}"}  # type: ignore[attr-defined]
    sequence, notes = guide.sequence, [guide.note]  # type: ignore[attr-defined]
    found = find(sequence, mrna.sequence, max_mismatches=max_mismatches)  # type: ignore[attr-defined]
    if found.orientation == "sense" and turn_sense:
        sequence = turned(sequence, mrna.sequence, found)  # type: ignore[attr-defined]
        found = find(sequence, mrna.sequence, max_mismatches=max_mismatches)  # type: ignore[attr-defined]
        notes.append("given as the sense strand; its reverse complement was scored")
    notes.append(found.note)
    said = "; ".join(filter(None, notes))
    if found.orientation != "antisense":
        return row | {"status": "unscored", "note": said}
    return row | {
        "guide": sequence,
        "position": found.start + 1,
        "sites": found.sites,
        "mismatches": " ".join(map(str, found.mismatches)),
        "status": "scored",
        "note": said,
    }


def _with_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Scores and names of the rules for every guide that can be read, on a site or not."""
    readable = np.flatnonzero((table["status"] != "rejected").to_numpy())
    authors = ["Reynolds", "Ui-Tei", "Amarzguioui", "Hsieh"]
    table = table.assign(rules="", **dict.fromkeys(authors, np.nan))
    if len(readable):
        hits = design_rules.hits(table["guide"].iloc[readable].tolist())
        index = table.index[readable]
        table.loc[index, "rules"] = design_rules.fulfilled(hits)
        table.loc[index, authors] = design_rules.score(hits)[authors].to_numpy(float)
    return table
