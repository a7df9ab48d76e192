"""Windows from a user's own files: a table of windows, or transcripts and a table of positions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.readers import fasta, own, tables
from helpers.readers.rows import Accounted
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import letters
from helpers.tracks.rna_modification.letters import MODIFICATIONS

WIDTH = 201
"""Letters of a window that is cut from a transcript, the site in the middle."""
DRAWN = "drawn here as an unmodified letter: the table names no modification of it"
"""Note of a window that stands for an unmodified letter and is no row of the user's."""
_ABOUT = ("label", "modification", "split", "group", "window_id")
_PARTS = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid",
    "dev": "valid", "test": "test", "testing": "test",
}  # fmt: skip
_FASTA, _TABLE = (".fa", ".fasta", ".fna"), (".csv", ".tsv", ".txt")
_SHIFTED = 0.9


def windows(
    path: str | Path, *, columns: str = "", separator: str = "auto", report: str | Path | None = None
) -> Accounted:
    """Windows of a table: ``sequence`` with ``label`` and ``modification``, or with a column for each one.

    ``split``, ``group`` and ``window_id`` may be left out. In a table with a column for each
    modification (1, 0 or nothing in its cells) a row says something of several: it becomes a row for
    each, and an empty cell costs that one alone.

    Raises
    ------
    ValueError
        If the file cannot be read, or nothing says which modification a row speaks of.
    """
    path = Path(path)
    try:
        rows = own.read_table(
            path, required=["sequence"], optional=_ABOUT, columns=columns, separator=separator
        )
    except ValueError as error:
        if "position" not in str(error):
            raise
        raise ValueError(
            f"{error}. For sites on transcripts give a folder with this table and one FASTA file"
        ) from error
    table = rows.table
    if table.empty:
        rows.check_any(path)
    wide = {name: named(name) for name in table.columns if named(name)}
    with rows.reported(report):
        if wide and (table["modification"] == "").all():
            rows = _long(rows, wide)
        elif (table["modification"] == "").all():
            raise ValueError(
                f"{path}: nothing says which modification the rows speak of; found the columns "
                f"{', '.join(name for name in table if name not in tables.ADDED)}. Add a column modification "
                f"({', '.join(MODIFICATIONS)}), or one for each of them with 1 and 0, or name yours: "
                "columns='modification=their name'"
            )
        return _tidy(rows, path)


def on_transcripts(
    folder: str | Path,
    *,
    columns: str = "",
    separator: str = "auto",
    seed: int = 0,
    report: str | Path | None = None,
) -> Accounted:
    """Windows around sites of a folder with a FASTA file of transcripts and a table of sites.

    The table has the columns ``transcript``, ``position`` (from 1) and ``modification``; ``label``,
    ``split`` and ``group`` may be left out. Where it names modified sites only, as many other letters
    of the same kind are drawn from the same transcripts as unmodified ones.

    Raises
    ------
    ValueError
        If the folder does not hold one file of either kind, or positions seem to count from 0.
    """
    folder = Path(folder)
    record_file, site_file = (_only(folder, kind) for kind in (_FASTA, _TABLE))
    rows = own.read_table(
        site_file, required=["transcript", "position", "modification"],
        optional=["label", "split", "group"], columns=columns, separator=separator,
    )  # fmt: skip
    texts = {one.id: letters.clean(one.sequence) for one in fasta.iter_fasta(record_file)}
    table = rows.table
    table["modification"] = [named(name) or name for name in table["modification"]]
    known = table["transcript"].isin(texts)
    rows.reject(~known, lambda row: f"no record {row['transcript']!r} in {record_file.name}")
    broken = [name in texts and texts[name].status == "rejected" for name in table["transcript"]]
    rows.reject(broken, lambda row: f"{row['transcript']}: {texts[row['transcript']].note}")
    number = pd.to_numeric(table["position"], errors="coerce")
    length = table["transcript"].map({name: len(one.sequence) for name, one in texts.items()})
    inside = (number % 1 == 0) & (number >= 1) & (number <= length)
    rows.reject(
        ~inside,
        lambda row: (
            f"position is {row['position']!r}; expected a whole number from 1 to the length of "
            f"{row['transcript']}, {length[row.name]:.0f}"
        ),
    )
    table["at"] = (number - 1).where(rows.usable, -1).astype(int)
    with rows.reported(report):
        _check_start(rows, texts, site_file)
    if not table["label"].isin(own.NO).any():
        rows.table["label"] = "1"
        rows = _with_unmodified(rows, texts, seed)
    table = rows.table
    good = rows.usable
    table["sequence"] = ""
    pairs = zip(table.loc[good, "transcript"], table.loc[good, "at"], strict=True)
    table.loc[good, "sequence"] = [_window(texts[name].sequence, at) for name, at in pairs]
    table["group"] = table["group"].where(table["group"] != "", table["transcript"])
    said = table["transcript"] + ":" + table["position"].astype(str) + ":" + table["modification"]
    table["window_id"] = said
    rows.said.append(f"sites of {site_file.name} on the transcripts of {record_file.name}")
    with rows.reported(report):
        return _tidy(rows, site_file)


def named(text: str) -> str:
    """The modification that a text names, whatever the case of its letters; empty if none.

    Examples
    --------
    >>> named("M6a"), named("pseudouridine"), named("Y"), named("m7G")
    ('m6A', 'Psi', 'Psi', '')
    """
    return _NAMES.get(str(text).strip().lower(), "")


_NAMES = {name.lower(): name for name in MODIFICATIONS}
_NAMES |= {one.words.lower(): name for name, one in MODIFICATIONS.items()}
_NAMES |= dict.fromkeys(["y", "ψ", "pu"], "Psi")


def _long(rows: Accounted, wide: Mapping[str, str]) -> Accounted:
    """A row for each cell of the columns that are named after modifications."""
    parts = []
    for column, name in wide.items():
        cells = rows.table[column].str.strip()
        cells = cells.mask(cells.str.lower().isin(tables.MISSING), "")
        part = rows.table.assign(label=cells, modification=name)
        given = part["window_id"]
        part["window_id"] = given.where(given == "", given + ":" + name)
        parts.append(part)
    found = Accounted(pd.concat(parts).sort_values("line", kind="stable").reset_index(drop=True))
    found.reject(found.table["label"] == "", lambda row: f"nothing is said of {row['modification']} here")
    found.said += [*rows.said, f"a column a modification: {', '.join(wide)}"]
    return found


def _tidy(rows: Accounted, path: Path) -> Accounted:
    """Labels as numbers, parts and modifications by our names, an id for every row."""
    own.labels(rows)
    table = rows.table
    table["label"] = table["label"].map({"0": 0, "1": 1}).fillna(-1).astype(int)
    table["modification"] = [named(name) or name for name in table["modification"]]
    rows.reject(
        ~table["modification"].isin(list(MODIFICATIONS)),
        lambda row: f"modification is {row['modification']!r}; expected one of {', '.join(MODIFICATIONS)}",
    )
    given = table["split"].str.strip().str.lower()
    table["split"] = given.map(_PARTS).fillna(table["split"])
    if (given != "").any():
        rows.reject(
            ~given.isin(list(_PARTS)), lambda row: f"split is {row['split']!r}; expected train, valid or test"
        )
    number = path.stem + ":" + table["line"].astype(str) + ":" + table["modification"]
    table["window_id"] = table["window_id"].where(table["window_id"] != "", number)
    table["source"] = path.name
    return rows


def _only(folder: Path, endings: tuple[str, ...]) -> Path:
    """The one file of a folder with such an ending."""
    found = [
        path
        for path in sorted(folder.iterdir())
        if Path(path.name.removesuffix(".gz")).suffix.lower() in endings and path.is_file()
    ]
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ValueError(
            f"{folder}: files ending in {', '.join(endings)}: {names}; expected folders train, valid and "
            "test with files such as 8-1.fasta, or one FASTA file of transcripts and one table of sites "
            "(transcript, position, modification). Put them into a folder of their own"
        )
    return found[0]


def _check_start(rows: Accounted, texts: Mapping[str, fasta.Cleaned], path: Path) -> None:
    """Positions have to meet the base of their modification; one letter off throughout is another count."""
    base = rows.table["modification"].map({name: one.base for name, one in MODIFICATIONS.items()})
    asked = rows.table[rows.usable & base.notna()]
    letter = {
        step: pd.Series(
            [
                texts[name].sequence[at + step : at + step + 1]
                for name, at in zip(asked["transcript"], asked["at"], strict=True)
            ],
            index=asked.index,
            dtype="str",
        )
        for step in (0, 1)
    }
    met = {step: (found == base[found.index]).mean() for step, found in letter.items()}
    if len(asked) and met[1] >= _SHIFTED > 0.5 > met[0]:
        raise ValueError(
            f"{path}: {met[0]:.0%} of the positions are the base of their modification, and {met[1]:.0%} of "
            "those behind them; so positions seem to count from 0. Expected from 1: add 1 to each"
        )
    wrong = pd.Series(False, index=rows.table.index)
    wrong[letter[0].index] = letter[0] != base[letter[0].index]
    rows.reject(
        wrong,
        lambda row: (
            f"{letter[0][row.name]} is at position {row['position']} of {row['transcript']}; "
            f"{row['modification']} is a modified {base[row.name]}"
        ),
    )


def _with_unmodified(rows: Accounted, texts: Mapping[str, fasta.Cleaned], seed: int) -> Accounted:
    """As many letters of the same kind that the table does not name, from the same transcripts."""
    rng, table = np.random.default_rng(seed), rows.table
    named_at = set(zip(table["transcript"], table["at"], strict=True))
    parts = [table]
    for name, part in table[rows.usable].groupby("modification", sort=False):
        base = MODIFICATIONS[str(name)].base if name in MODIFICATIONS else ""
        free = [
            (one, at)
            for one in dict.fromkeys(part["transcript"])
            for at, letter in enumerate(texts[one].sequence)
            if letter == base and (one, at) not in named_at
        ]
        chosen = [free[at] for at in rng.permutation(len(free))[: len(part)]]
        if chosen:
            about = dict(zip(part["transcript"], zip(part["split"], part["group"], strict=True), strict=True))
            drawn = pd.DataFrame(chosen, columns=["transcript", "at"])
            drawn[["split", "group"]] = [about[one] for one in drawn["transcript"]]
            drawn = drawn.assign(modification=name, label="0", line=0, status="ok", note=DRAWN)
            parts.append(drawn.assign(position=(drawn["at"] + 1).astype(str)))
    found = Accounted(pd.concat(parts, ignore_index=True).fillna(""))
    number = len(found.table) - len(table)
    found.said += [
        *rows.said,
        f"only modified sites are named: {number} other letters were drawn as unmodified",
    ]
    return found


def _window(text: str, at: int) -> str:
    """Window around a letter; N stands where it lies beyond the transcript."""
    half = WIDTH // 2
    padded = RNA.unknown * half + text + RNA.unknown * half
    return padded[at : at + WIDTH]
