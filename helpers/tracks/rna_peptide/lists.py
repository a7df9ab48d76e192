"""A list of pairs of ids, and the FASTA files that hold the ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from helpers.readers import fasta, lines


def by_id(path: str | Path) -> tuple[dict[str, str], dict[str, str]]:
    """Sequences as the file has them, by id; they are cleaned with the pairs that use them.

    A name with bars, such as ``sp|P12345|NAME``, is found by each of its parts, too, where no other
    name has that part; the second result is the whole name of each such part.
    """
    found: dict[str, str] = {}
    for record in fasta.iter_fasta(path):
        if found.setdefault(record.id, record.sequence) != record.sequence:
            raise ValueError(
                f"{path}, line {record.line}: the id {record.id} stands twice with different sequences"
            )
    parts = [(part, name) for name in found for part in name.split("|") if part and part not in found]
    often = Counter(part for part, _ in parts)
    whole = {part: name for part, name in parts if often[part] == 1}
    return found | {part: found[name] for part, name in whole.items()}, whole


def read_list(
    path: Path, known: Mapping[str, Mapping[str, str]], separator: str
) -> tuple[pd.DataFrame | None, list[str]]:
    """Rows of a list whose first line names no columns but holds ids; else nothing."""
    rows = [(line, _cells(text, separator)) for line, text in lines.iter_lines(path) if text.strip()]
    if not rows:
        raise ValueError(f"{path}: no pair in the file; expected one a line, an RNA and a peptide id")
    ids = {*known["rna"], *known["protein"]}
    width = len(rows[0][1])
    if width not in (2, 3) or not ids & {*rows[0][1]}:
        return None, []
    columns = list(zip(*(cells for _, cells in rows if len(cells) == width), strict=True))
    hits = {side: [sum(cell in one for cell in column) for column in columns] for side, one in known.items()}
    places = [(a, b) for a in range(width) for b in range(width) if a != b]
    rna, protein = max(places, key=lambda place: hits["rna"][place[0]] + hits["protein"][place[1]])
    names = {rna: "rna_id", protein: "protein_id"}
    order = [names.get(place, "label") for place in range(width)]
    records = []
    for line, cells in rows:
        row = dict.fromkeys(order, "") | {"line": line, "status": "ok", "note": ""}
        if len(cells) == width:
            row |= dict(zip(order, cells, strict=True))
        else:
            note = f"found {len(cells)} columns; expected {width} ({', '.join(order)})"
            row |= {"status": "rejected", "note": note}
        records.append(row)
    return pd.DataFrame(records), [f"columns, found from the FASTA files: {', '.join(order)}"]


def _cells(text: str, separator: str) -> list[str]:
    """Cells of a line, between tabs, commas or semicolons if it has some, else between blanks."""
    if separator in ("auto", ""):
        separator = next((one for one in "\t,;" if one in text.strip()), "")
    parts = text.strip().split("\t" if separator == "\\t" else separator or None)
    return [part.strip() for part in parts]
