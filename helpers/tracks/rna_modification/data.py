"""Windows of RNA around a site that may be modified: from FASTA files, a CSV, or the public set.

A window is named after one modification and says of that one alone whether it is there: in the
FASTA scheme the file ``train/8-1.fasta`` holds training windows with m6A (8) at their centre (1).
Whatever the source, every row of the input has a row in the result, with its status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import paths, registry
from helpers.readers import fasta, tables
from helpers.sequences import encoding, homology
from helpers.sequences.alphabet import RNA

COLUMNS = [
    "window_id", "modification", "label", "split", "group", "sequence", "source", "line",
    "status", "note",
]  # fmt: skip
"""Columns of ``windows.csv``."""
SPLITS = ("train", "valid", "test")
"""Parts of the split that came with the data."""
NEAR = 60
"""Two windows that share a stretch of this many nt are near copies."""
_LEAST_OF_BASE = 0.5
_LEAST_SHARED = 20


class Modification(NamedTuple):
    """A modification as the public files number it.

    Attributes
    ----------
    number : int
        Number in the file names.
    base : str
        Letter that is modified.
    words : str
        Its name in full.
    """

    number: int
    base: str
    words: str


MODIFICATIONS: Mapping[str, Modification] = MappingProxyType(
    {
        "Am": Modification(1, "A", "2'-O-methyladenosine"),
        "Cm": Modification(2, "C", "2'-O-methylcytidine"),
        "Gm": Modification(3, "G", "2'-O-methylguanosine"),
        "Um": Modification(4, "U", "2'-O-methyluridine"),
        "m1A": Modification(5, "A", "N1-methyladenosine"),
        "m5C": Modification(6, "C", "5-methylcytidine"),
        "m5U": Modification(7, "U", "5-methyluridine"),
        "m6A": Modification(8, "A", "N6-methyladenosine"),
        "m6Am": Modification(9, "A", "N6,2'-O-dimethyladenosine"),
        "Psi": Modification(10, "U", "pseudouridine"),
    }
)
"""The ten modifications, in the order of the public files."""


def read(source: str | Path) -> pd.DataFrame:
    """Windows from the registry, a folder or a CSV file, by what `source` is.

    Parameters
    ----------
    source : str or pathlib.Path
        "registry", a folder as for `from_folder`, or a file as for `from_csv`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    ValueError
        As those functions.

    Examples
    --------
    >>> len(read("data/sample/rna_modification"))
    9200
    """
    if str(source) == "registry":
        return from_registry()
    path = paths.find(source)
    return from_folder(path) if path.is_dir() else from_csv(path)


def from_registry(dataset: str = "rna_modification") -> pd.DataFrame:
    """The public windows of 1,001 nt: eight of the ten modifications, in three parts.

    Parameters
    ----------
    dataset : str
        Name in the registry.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    ValueError
        If a file cannot be fetched, or as `from_folder`.
    """
    return _joined([_named_file(path, name) for name, path in registry.fetch(dataset).items()])


def from_folder(folder: str | Path) -> pd.DataFrame:
    r"""Windows from a folder of ``<split>/<index>-<label>.fasta``.

    Parameters
    ----------
    folder : str or pathlib.Path
        Any of the ten modifications; a modification needs both classes in each split that it has.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    ValueError
        If there is no such file, a name says nothing, a class or one of the three parts is missing
        or without a usable window (one part by itself is read), positives and negatives seem to be
        swapped, or most centres are not the base.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "train").mkdir()
    >>> for name, text in {"8-0": ">n\nUUAGG\n", "8-1": ">p\nGGACU\n>q\nGGAC\n"}.items():
    ...     _ = (folder / "train" / f"{name}.fasta").write_text(text)
    >>> from_folder(folder)[["window_id", "label", "status"]].values.tolist()
    [['train/8-0:n', 0, 'ok'], ['train/8-1:p', 1, 'ok'], ['train/8-1:q', 1, 'rejected']]
    """
    folder = Path(folder)
    found = sorted(folder.glob("*/*.fasta"), key=_place)
    if not found:
        raise ValueError(
            f"{folder}: no windows; expected files named like train/8-1.fasta (split, number of "
            "the modification, label)"
        )
    return _joined([_named_file(path, path.relative_to(folder).as_posix()) for path in found])


def from_csv(path: str | Path, *, separator: str = ",") -> pd.DataFrame:
    r"""Windows from a user's CSV file.

    Parameters
    ----------
    path : str or pathlib.Path
        Columns ``window_id, modification, label, split, sequence``; a column ``group`` says which
        windows belong together (one transcript, one locus).
    separator : str
        Character between the cells.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    ValueError
        If a column is missing, or as `from_folder`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> rows = "a,m6A,1,train,GGACU\nb,m6A,0,train,UUAGG\nc,m6A,yes,train,UUAGG\n"
    >>> _ = path.write_text("window_id,modification,label,split,sequence\n" + rows)
    >>> from_csv(path)["note"].tolist()
    ['', '', "label is 'yes'; expected 0 or 1"]
    """
    path = Path(path)
    required = ["window_id", "modification", "label", "split", "sequence"]
    table = tables.read_table(path, required=required, optional=["group"], separator=separator)
    table = table.reset_index(drop=True).assign(source=path.name)
    given = table["sequence"].tolist()
    cleaned = fasta.clean_column(given, RNA)
    fine = table["status"] != "rejected"
    for column in ("sequence", "status", "note"):
        table.loc[fine, column] = cleaned.loc[fine, column]
    _reject_mixed(table, given)
    table["group"] = table["group"].fillna("") if "group" in table else ""
    for column, known in (
        ("modification", list(MODIFICATIONS)), ("label", ["0", "1"]), ("split", list(SPLITS)),
    ):  # fmt: skip
        bad = ~table[column].isin(known) & (table["status"] != "rejected")
        expected = " or ".join(known) if len(known) == 2 else f"one of {', '.join(known)}"
        notes = [f"{column} is {value!r}; expected {expected}" for value in table.loc[bad, column]]
        _reject(table, bad, notes)
    table["label"] = pd.to_numeric(table["label"], errors="coerce").fillna(-1).astype(int)
    return _joined([_checked(table)])


def read_windows(path: str | Path, *, modification: str, label: int, split: str) -> pd.DataFrame:
    """Windows of one FASTA file.

    Parameters
    ----------
    path : str or pathlib.Path
        A FASTA file; T is read as U.
    modification : str
        One of `MODIFICATIONS`.
    label : {0, 1}
        Whether the site at the centre bears it.
    split : {"train", "valid", "test"}
        Part that the file belongs to.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; a record that cannot be used (even length, a dash, T and U in one
        record, another base at the centre) is there with its reason.

    Raises
    ------
    ValueError
        If a name is unknown, the ids speak of the other class, or as `helpers.readers.fasta.read_fasta`.
    """
    path = Path(path)
    _known(modification, label, split, str(path))
    read = fasta.read_fasta(path, RNA)
    _check_swapped(read, path, label)
    name = f"{split}/{MODIFICATIONS[modification].number}-{label}"
    table = pd.DataFrame(
        {
            "window_id": [f"{name}:{one}" for one in read["id"]],
            "modification": modification, "label": label, "split": split, "group": "",
            "sequence": read["sequence"], "source": f"{path.parent.name}/{path.name}",
            "line": read["line"], "status": read["status"], "note": read["note"],
        }
    )  # fmt: skip
    _reject_mixed(table, [record.sequence for record in fasta.iter_fasta(path)])
    return _checked(table)


def read_table(path: str | Path) -> pd.DataFrame:
    """Windows from a ``windows.csv`` that notebook 01 wrote, rejected rows included.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    table = pd.read_csv(path, keep_default_na=False, dtype={"group": str})
    if missing := [name for name in COLUMNS if name not in table]:
        raise ValueError(
            f"{path}: the columns {', '.join(missing)} are missing; expected windows.csv of "
            "notebook 01. Run it again"
        )
    return table[COLUMNS]


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that can be learnt from, numbered anew.

    Parameters
    ----------
    table : pandas.DataFrame
        From a function above.

    Returns
    -------
    pandas.DataFrame
    """
    return table[table["status"] != "rejected"].reset_index(drop=True)


def encode(table: pd.DataFrame, length: int, *, short: str = "pad") -> np.ndarray:
    """One-hot letters of the middle of each window.

    Parameters
    ----------
    table : pandas.DataFrame
        With the columns ``window_id`` (for messages) and ``sequence``, each of odd length.
    length : int
        Length of the middle part, in nt; odd. The site stands at ``length // 2``.
    short : {"pad", "raise"}
        What becomes of a window that is shorter: both sides are filled with N, so that the site
        stays in the middle; or it is an error.

    Returns
    -------
    numpy.ndarray, shape=(n, length, 4), dtype=float32
        Letters A C G U; N is a quarter of each, what a window lacks is a row of zeros.

    Raises
    ------
    ValueError
        If a length is even, or a window is shorter and `short` is "raise".

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["GGACU"]})
    >>> encode(rows, 3)[0].argmax(axis=1).tolist(), encode(rows, 7)[0].sum(axis=1).tolist()
    ([2, 0, 1], [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    """
    if length % 2 == 0:
        raise ValueError(
            f"length is {length} nt; expected an odd number, so that the site stands in the "
            f"middle. Give {length - 1} or {length + 1}"
        )
    sizes = table["sequence"].str.len().to_numpy()
    wrong = np.flatnonzero((sizes % 2 == 0) | ((sizes < length) & (short == "raise")))
    if wrong.size:
        row = table.iloc[wrong[0]]
        name = row.get("window_id", wrong[0])
        size = sizes[wrong[0]]
        why = (
            "an even number has no middle for the site; cut it so that the site is in the middle"
            if size % 2 == 0
            else f"the model takes {length}. Take a shorter model, or pad the window with N"
        )
        raise ValueError(f"window {name}: {size} nt long; {why} ({wrong.size} such windows)")
    X = np.zeros((len(table), length, RNA.size), dtype=np.float32)
    for size in np.unique(np.minimum(sizes, length)):
        rows = np.flatnonzero(np.minimum(sizes, length) == size)
        cut = [_middle(text, size) for text in table["sequence"].iloc[rows]]
        first = (length - size) // 2
        X[rows, first : first + size] = encoding.one_hot(cut, RNA, length=size)
    return X


def audit(table: pd.DataFrame, *, k: int = NEAR) -> pd.DataFrame:
    """Which test windows share a stretch with a training or validation window of their class.

    Parameters
    ----------
    table : pandas.DataFrame
        Usable rows, windows as they came (not cut): what lies beside the site betrays a copy, too.
    k : int
        Length of the stretch, in nt.

    Returns
    -------
    pandas.DataFrame
        A row for each test window: ``row`` (place in `table`), ``modification``, ``label``,
        ``near`` (of any window of the modification), ``near_same`` (of one with the same label),
        ``near_any`` (of any window of any modification: a shared network has seen those, too).

    Notes
    -----
    A near copy with the same label is an answer that can be looked up; where positives have more
    of them than negatives, looking up predicts the label.
    """
    parts, k = [], _stretch(table, k)
    for name, part in table.groupby("modification", sort=False):
        test = part[part["split"] == "test"]
        known = part[part["split"] != "test"]
        near_by = {
            label: homology.shares_kmer(
                test["sequence"].tolist(),
                known.loc[known["label"] == label, "sequence"].tolist(), k=k, alphabet=RNA,
            )
            for label in (0, 1)
        }  # fmt: skip
        own = test["label"].to_numpy() == 1
        parts.append(
            pd.DataFrame(
                {
                    "row": test.index, "modification": name, "label": test["label"].to_numpy(),
                    "near": near_by[0] | near_by[1],
                    "near_same": np.where(own, near_by[1], near_by[0]),
                }
            )
        )  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    test, known = (table[(table["split"] == "test") == side]["sequence"] for side in (True, False))
    near = homology.shares_kmer(test.tolist(), known.tolist(), k=k, alphabet=RNA)
    found["near_any"] = pd.Series(near, index=test.index).loc[found["row"]].to_numpy()
    return found


def loci(table: pd.DataFrame, *, k: int = NEAR) -> np.ndarray:
    """Group of each test window: windows that share a stretch are of one locus.

    Parameters
    ----------
    table : pandas.DataFrame
        Usable rows; a group that the data name is kept.
    k : int
        Length of the stretch, in nt.

    Returns
    -------
    numpy.ndarray, shape=(n,), dtype=object
        Other windows are a group each: only test windows are drawn for intervals.
    """
    groups = table["group"].astype(object).to_numpy().copy()
    blank = groups == ""
    groups[blank] = table["window_id"].to_numpy()[blank]
    test = np.flatnonzero(blank & (table["split"] == "test").to_numpy())
    if test.size:
        found = homology.homology_groups(
            table["sequence"].iloc[test].tolist(), k=_stretch(table, k), threshold=1e-4,
            alphabet=RNA,
        )  # fmt: skip
        groups[test] = [f"locus {number}" for number in found]
    return groups


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Number of usable windows of each modification, split and class, and of rejected ones.

    Parameters
    ----------
    table : pandas.DataFrame
        From a function above.

    Returns
    -------
    pandas.DataFrame
        One row a modification.

    Examples
    --------
    >>> rows = {"modification": ["Am", "Am"], "split": "train", "label": [0, 1], "status": "ok"}
    >>> summary(pd.DataFrame(rows)).loc["Am"].to_dict()
    {'base': 'A', 'train 0': 1, 'train 1': 1, 'rejected': 0}
    """
    good = table[table["status"] != "rejected"]
    counts = good.groupby(["modification", "split", "label"]).size()
    order = [name for name in MODIFICATIONS if (table["modification"] == name).any()]
    frame = pd.DataFrame({"base": [MODIFICATIONS[name].base for name in order]}, index=order)
    for split in SPLITS:
        for label in (0, 1):
            if (good["split"] == split).any():
                frame[f"{split} {label}"] = [int(counts.get((name, split, label), 0)) for name in order]
    bad = table[table["status"] == "rejected"].groupby("modification").size()
    frame["rejected"] = [int(bad.get(name, 0)) for name in order]
    return frame.rename_axis("modification")


def _place(path: Path) -> tuple[int, int, str]:
    split = path.parent.name
    head = path.stem.split("-")[0]
    return (
        SPLITS.index(split) if split in SPLITS else 9,
        int(head) if head.isdigit() else 99,
        path.name,
    )


def _named_file(path: Path, name: str) -> pd.DataFrame:
    by_index = {str(one.number): key for key, one in MODIFICATIONS.items()}
    split, _, rest = name.rpartition("/")
    index, dash, label = rest.removesuffix(".fasta").partition("-")
    if split not in SPLITS or not dash or index not in by_index or label not in ("0", "1"):
        raise ValueError(
            f"{name}: the name says neither split, modification nor label; expected one like "
            "train/8-1.fasta, with a number from 1 to 10 and a label of 0 or 1"
        )
    return read_windows(path, modification=by_index[index], label=int(label), split=split)


def _known(modification: str, label: int, split: str, where: str) -> None:
    for field, value, known in (
        ("modification", modification, list(MODIFICATIONS)),
        ("label", label, [0, 1]),
        ("split", split, list(SPLITS)),
    ):
        if value not in known:
            raise ValueError(f"{where}: {field} is {value!r}; expected one of {', '.join(map(str, known))}")


def _check_swapped(read: pd.DataFrame, path: Path, label: int) -> None:
    """Ids that speak of a class have to speak of the file's."""
    said = read["id"].str.lower().str.extract(r"(?:^|[^a-z])(pos|neg)", expand=False)
    other = said == ("neg" if label else "pos")
    if other.any():
        at = int(np.flatnonzero(other)[0])
        raise ValueError(
            f"{path}, line {read['line'].iloc[at]}: the id {read['id'].iloc[at]!r} speaks of "
            f"{'negatives' if label else 'positives'}, but the file's label is {label} "
            f"({int(other.sum())} of {len(read)} records). Are positives and negatives swapped? "
            "Rename the file or the ids"
        )


def _reject_mixed(table: pd.DataFrame, given: Sequence[str]) -> None:
    """Records that hold T as well as U, by their letters as given."""
    mixed = np.array([{"T", "U"} <= set(text.upper()) for text in given], dtype=bool)
    rows = mixed & (table["status"] != "rejected")
    _reject(table, rows, ["holds both T and U; write one of them throughout"] * int(rows.sum()))


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Even windows, wrong centres and repeated ids are rejected, repeated windows noted."""
    table = table.copy()
    good = table["status"] != "rejected"
    sizes = table["sequence"].str.len()
    even = good & (sizes % 2 == 0)
    _reject(table, even, [
        f"{size} nt long, an even number, so no letter is in the middle; cut it so that the site "
        "is in the middle" for size in sizes[even]
    ])  # fmt: skip
    good &= ~even
    centre = pd.Series(
        [text[len(text) // 2] if text else "" for text in table["sequence"]], index=table.index
    )
    base = table["modification"].map({name: one.base for name, one in MODIFICATIONS.items()})
    wrong = good & (centre != base)
    _reject(table, wrong, [
        f"{found} is in the middle; {name} is a modified {expected}. Is the site in the middle?"
        for found, name, expected in zip(
            centre[wrong], table.loc[wrong, "modification"], base[wrong], strict=True
        )
    ])  # fmt: skip
    good &= ~wrong
    for name, part in table[good | wrong].groupby("modification"):
        share = float((~wrong[part.index]).mean())
        if share < _LEAST_OF_BASE:
            raise ValueError(
                f"{part['source'].iloc[0]}: {share:.0%} of the windows named {name} have "
                f"{MODIFICATIONS[name].base} in the middle; expected all. Is it another "
                "modification, or is the site not in the middle?"
            )
    return table


def _reject(table: pd.DataFrame, rows: pd.Series, notes: Sequence[str]) -> None:
    table.loc[rows, "status"] = "rejected"
    table.loc[rows, "note"] = list(notes)


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    good = table["status"] != "rejected"
    _mark_repeats(table, good)
    _check_classes(table, table["status"] != "rejected")
    return table[COLUMNS]


def _mark_repeats(table: pd.DataFrame, good: pd.Series) -> None:
    twice = good & table["window_id"].where(good).duplicated()
    _reject(table, twice, [
        f"the id {name} stood further up already; give it one of its own"
        for name in table.loc[twice, "window_id"]
    ])  # fmt: skip
    good = good & ~twice
    keys = ["modification", "sequence"]
    seen = table[good].groupby(keys)["label"].agg(["size", "nunique"])
    found = table.loc[good, keys].merge(seen, left_on=keys, right_index=True, how="left")
    for rows, text in (
        (found["nunique"] == 2, "the same window stands under the other label, too"),
        ((found["size"] > 1) & (found["nunique"] == 1), "the same window stands there twice"),
    ):
        at = found.index[rows.to_numpy()]
        table.loc[at, "note"] = [f"{note}; {text}" if note else text for note in table.loc[at, "note"]]


def _check_classes(table: pd.DataFrame, good: pd.Series) -> None:
    there = [split for split in SPLITS if (table["split"] == split).any()]
    # One part alone is looked at; a split without one of its parts cannot be learnt from.
    for name, split in product(MODIFICATIONS, SPLITS if len(there) > 1 else there):
        own = table["modification"] == name
        found = set(table.loc[own & good & (table["split"] == split), "label"])
        if own.any() and found != {0, 1}:
            lacking = " and ".join(
                words for label, words in ((1, "positives"), (0, "negatives")) if label not in found
            )
            raise ValueError(
                f"{name}, {split}: no usable {lacking}; expected windows of both classes. Add the "
                f"file {split}/{MODIFICATIONS[name].number}-{1 if 1 not in found else 0}.fasta, or "
                "see the notes of the rejected rows"
            )


def _stretch(table: pd.DataFrame, k: int) -> int:
    """Length of a shared stretch: that of most windows if they are shorter, never by chance."""
    return min(k, max(_LEAST_SHARED, int(table["sequence"].str.len().median())))


def _middle(text: str, length: int) -> str:
    first = (len(text) - length) // 2
    return text[first : first + length]
