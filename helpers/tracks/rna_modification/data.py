"""Windows of RNA around a site that may be modified: from FASTA files, a CSV, or the public set.

A window is named after one modification and says of that one alone whether it is there: in the
FASTA scheme the file ``train/8-1.fasta`` holds training windows with m6A (8) at their centre (1).
Whatever the source, every row of the input has a row in the result, with its status.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import paths, registry
from helpers.readers import fasta, tables
from helpers.readers.rows import Accounted
from helpers.sequences import encoding, homology
from helpers.sequences.alphabet import RNA

COLUMNS = ["window_id", "modification", "label", "split", "group", "sequence", "source", "line"]
COLUMNS += ["status", "note"]
"""Columns of ``windows.csv``."""
SPLITS = ("train", "valid", "test")
"""Parts of the split that came with the data."""
STRIDE = 3
"""Positions of a token of the network, in nt."""
NEAR = 60
"""Two windows that share a stretch of this many nt are near copies."""
MIXED = "holds both T and U; write one of them throughout"
"""Why a record is rejected that is neither RNA nor DNA."""
_LEAST_OF_BASE = 0.5
_LEAST_SHARED = 20


class Modification(NamedTuple):
    """A modification: its number in the public file names, the letter it sits on, its full name."""

    number: int
    base: str
    words: str


_NAMED = {
    "Am": ("A", "2'-O-methyladenosine"),
    "Cm": ("C", "2'-O-methylcytidine"),
    "Gm": ("G", "2'-O-methylguanosine"),
    "Um": ("U", "2'-O-methyluridine"),
    "m1A": ("A", "N1-methyladenosine"),
    "m5C": ("C", "5-methylcytidine"),
    "m5U": ("U", "5-methyluridine"),
    "m6A": ("A", "N6-methyladenosine"),
    "m6Am": ("A", "N6,2'-O-dimethyladenosine"),
    "Psi": ("U", "pseudouridine"),
}
MODIFICATIONS: Mapping[str, Modification] = MappingProxyType(
    {name: Modification(number, *said) for number, (name, said) in enumerate(_NAMED.items(), start=1)}
)
"""The ten modifications, in the order of the public files."""
_BY_NUMBER = {str(one.number): name for name, one in MODIFICATIONS.items()}


def read(source: str | Path) -> pd.DataFrame:
    """Windows of the registry ("registry"), a folder (`from_folder`) or a CSV file (`from_csv`).

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.

    Examples
    --------
    >>> len(read("data/sample/rna_modification"))
    9206
    """
    if str(source) == "registry":
        return _joined(
            [read_windows(path, name) for name, path in registry.fetch("rna_modification").items()]
        )
    path = paths.find(source)
    return from_folder(path) if path.is_dir() else from_csv(path)


def from_folder(folder: str | Path) -> pd.DataFrame:
    r"""Windows from a folder of ``<split>/<number>-<label>.fasta``, of any of the modifications.

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
    found = sorted(folder.glob("*/*.fasta"), key=_rank)
    if not found:
        raise ValueError(
            f"{folder}: no windows; expected files named like train/8-1.fasta (split, number of the "
            "modification, label)"
        )
    return _joined([read_windows(path, path.relative_to(folder).as_posix()) for path in found])


def from_csv(path: str | Path, *, separator: str = ",") -> pd.DataFrame:
    r"""Windows from a CSV file with columns ``window_id, modification, label, split, sequence``.

    A column ``group`` says which windows belong together (one transcript, one locus).

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
    rows = Accounted(table.reset_index(drop=True).assign(source=path.name))
    both = rows.table["sequence"].map(mixed)
    rows.clean("sequence", RNA)
    rows.reject(both, MIXED)
    for column, known in (("modification", MODIFICATIONS), ("label", ("0", "1")), ("split", SPLITS)):
        rows.reject(~rows.table[column].isin(list(known)), _unknown(column, known))
    rows.table["label"] = pd.to_numeric(rows.table["label"], errors="coerce").fillna(-1).astype(int)
    return _joined([_checked(rows)])


def read_windows(path: str | Path, name: str) -> pd.DataFrame:
    """Windows of one FASTA file, of which a name like ``train/8-1.fasta`` says what they are.

    A record that cannot be used (even length, a dash, T and U in one record, another base at the
    centre) is there with its reason.

    Raises
    ------
    ValueError
        If the name says nothing, the ids speak of the other class, or most centres are not the base.
    """
    path = Path(path)
    split, _, rest = name.rpartition("/")
    number, dash, label = rest.removesuffix(".fasta").partition("-")
    if split not in SPLITS or not dash or number not in _BY_NUMBER or label not in ("0", "1"):
        raise ValueError(
            f"{name}: the name says neither split, modification nor label; expected one like "
            "train/8-1.fasta, with a number from 1 to 10 and a label of 0 or 1"
        )
    found = fasta.read_fasta(path, RNA)
    _check_swapped(found, path, int(label))
    about = {"modification": _BY_NUMBER[number], "label": int(label), "split": split, "group": ""}
    about["source"] = f"{path.parent.name}/{path.name}"
    rows = Accounted(found.assign(window_id=f"{split}/{number}-{label}:" + found["id"], **about))
    rows.reject([mixed(record.sequence) for record in fasta.iter_fasta(path)], MIXED)
    return _checked(rows)


def read_table(path: str | Path) -> pd.DataFrame:
    """Windows from a ``windows.csv`` that notebook 01 wrote, rejected rows included."""
    table = pd.read_csv(path, keep_default_na=False, dtype={"group": str})
    if missing := [name for name in COLUMNS if name not in table]:
        raise ValueError(
            f"{path}: the columns {', '.join(missing)} are missing; expected windows.csv of notebook 01. "
            "Run it again"
        )
    return table[COLUMNS]


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that can be learnt from, numbered anew."""
    return table[table["status"] != "rejected"].reset_index(drop=True)


def encode(table: pd.DataFrame, length: int, *, short: str = "pad") -> np.ndarray:
    """One-hot letters of the middle of each window, the site at ``length // 2``.

    Parameters
    ----------
    table : pandas.DataFrame
        With the columns ``window_id`` (for messages) and ``sequence``, each of odd length.
    length : int
        Length of the middle part, in nt; odd.
    short : {"pad", "raise"}
        What becomes of a window that is shorter.

    Returns
    -------
    numpy.ndarray, shape=(n, length, 4), dtype=float32
        Letters A C G U; N is a quarter of each, what a window lacks is a row of zeros.

    Examples
    --------
    >>> rows = pd.DataFrame({"sequence": ["GGACU"]})
    >>> encode(rows, 3)[0].argmax(axis=1).tolist(), encode(rows, 7)[0].sum(axis=1).tolist()
    ([2, 0, 1], [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    """
    check_odd(length)
    sizes = table["sequence"].str.len().to_numpy()
    wrong = np.flatnonzero((sizes % 2 == 0) | ((sizes < length) & (short == "raise")))
    if wrong.size:
        row, size = table.iloc[wrong[0]], sizes[wrong[0]]
        why = f"the model takes {length}. Take a shorter model, or pad the window with N"
        if size % 2 == 0:
            why = "an even number has no middle for the site; cut it so that the site is in the middle"
        name = row.get("window_id", wrong[0])
        raise ValueError(f"window {name}: {size} nt long; {why} ({wrong.size} such windows)")
    X = np.zeros((len(table), length, RNA.size), dtype=np.float32)
    parts = [middle(text, length) for text in table["sequence"]]
    sizes = np.minimum(sizes, length)
    for size in np.unique(sizes):
        rows, first = np.flatnonzero(sizes == size), (length - size) // 2
        X[rows, first : first + size] = encoding.one_hot([parts[row] for row in rows], RNA, length=size)
    return X


def middle(text: str, length: int) -> str:
    """The middle `length` letters of a window; all of a shorter one."""
    first = max(0, (len(text) - length) // 2)
    return text[first : first + length]


def mixed(text: str) -> bool:
    """Whether a text, as it was given, holds T as well as U."""
    return {"T", "U"} <= set(text.upper())


def check_odd(length: int) -> None:
    """Raise ValueError if a window of this length, in nt, has no middle for the site."""
    if length % 2 == 0:
        raise ValueError(
            f"length is {length} nt; expected an odd number, so that the site stands in the middle. Give "
            f"{length - 1} or {length + 1}"
        )


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
    k = _stretch(table, k)

    def near(rows: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
        texts, others = rows["sequence"].tolist(), known["sequence"].tolist()
        return homology.shares_kmer(texts, others, k=k, alphabet=RNA)

    tested = table["split"] == "test"
    parts = []
    for _, part in table.groupby("modification", sort=False):
        test, known = part[tested[part.index]], part[~tested[part.index]]
        negative, positive = (near(test, known[known["label"] == label]) for label in (0, 1))
        same = np.where(test["label"] == 1, positive, negative)
        said = test[["modification", "label"]].assign(near=negative | positive, near_same=same)
        parts.append(said.reset_index(names="row"))
    found = pd.concat(parts, ignore_index=True)
    near_any = pd.Series(near(table[tested], table[~tested]), index=table.index[tested])
    return found.assign(near_any=near_any.loc[found["row"]].to_numpy())


def loci(table: pd.DataFrame, *, k: int = NEAR) -> np.ndarray:
    """Group of each usable window: test windows that share `k` nt are of one locus.

    A group that the data name is kept; other windows are a group each, since only test windows are
    drawn for intervals.
    """
    groups = table["group"].astype(object).to_numpy().copy()
    blank = groups == ""
    groups[blank] = table["window_id"].to_numpy()[blank]
    test = np.flatnonzero(blank & (table["split"] == "test").to_numpy())
    if test.size:
        texts = table["sequence"].iloc[test].tolist()
        found = homology.homology_groups(texts, k=_stretch(table, k), threshold=1e-4, alphabet=RNA)
        groups[test] = [f"locus {number}" for number in found]
    return groups


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Usable windows of each modification, a column a split and class, and the rejected ones.

    Examples
    --------
    >>> rows = {"modification": ["Am", "Am"], "split": "train", "label": [0, 1], "status": "ok"}
    >>> summary(pd.DataFrame(rows)).loc["Am"].to_dict()
    {'base': 'A', 'train 0': 1, 'train 1': 1, 'rejected': 0}
    """
    bad = table["status"] == "rejected"
    order = [name for name in MODIFICATIONS if (table["modification"] == name).any()]
    frame = pd.DataFrame({"base": [MODIFICATIONS[name].base for name in order]}, index=order)
    for split, label in product(SPLITS, (0, 1)):
        own = ~bad & (table["split"] == split)
        if own.any():
            counted = table.loc[own & (table["label"] == label), "modification"].value_counts()
            frame[f"{split} {label}"] = counted.reindex(order, fill_value=0)
    rejected = table.loc[bad, "modification"].value_counts()
    frame["rejected"] = rejected.reindex(order, fill_value=0)
    return frame.rename_axis("modification")


def _rank(path: Path) -> tuple[int, int, str]:
    """Files come by split, then by number."""
    split, number = path.parent.name, path.stem.split("-")[0]
    rank = SPLITS.index(split) if split in SPLITS else len(SPLITS)
    return rank, int(number) if number.isdigit() else 99, path.name


def _unknown(column: str, known: Collection[str]) -> Callable[[pd.Series], str]:
    expected = " or ".join(known) if len(known) == 2 else f"one of {', '.join(known)}"
    return lambda row: f"{column} is {row[column]!r}; expected {expected}"


def _check_swapped(read: pd.DataFrame, path: Path, label: int) -> None:
    """Ids that speak of a class have to speak of the file's."""
    said = read["id"].str.lower().str.extract(r"(?:^|[^a-z])(pos|neg)", expand=False)
    other = read[said == ("neg" if label else "pos")]
    if len(other):
        first = other.iloc[0]
        raise ValueError(
            f"{path}, line {first['line']}: the id {first['id']!r} speaks of "
            f"{'negatives' if label else 'positives'}, but the file's label is {label} ({len(other)} of "
            f"{len(read)} records). Are positives and negatives swapped? Rename the file or the ids"
        )


def _checked(rows: Accounted) -> pd.DataFrame:
    """Windows of even length or with another letter in the middle are rejected."""
    table = rows.table
    rows.reject(
        table["sequence"].str.len() % 2 == 0,
        lambda row: (
            f"{len(row['sequence'])} nt long, an even number, so no letter is in the middle; cut it "
            "so that the site is in the middle"
        ),
    )
    centre = pd.Series([text[len(text) // 2 :][:1] for text in table["sequence"]], index=table.index)
    base = table["modification"].map({name: one.base for name, one in MODIFICATIONS.items()})
    right = (centre == base)[rows.usable]
    share = right.groupby(table["modification"]).mean()
    for name in share.index[share < _LEAST_OF_BASE]:
        source = table.loc[table["modification"] == name, "source"].iloc[0]
        raise ValueError(
            f"{source}: {share[name]:.0%} of the windows named {name} have {MODIFICATIONS[name].base} in "
            "the middle; expected all. Is it another modification, or is the site not in the middle?"
        )
    rows.reject(
        centre != base,
        lambda row: (
            f"{centre[row.name]} is in the middle; {row['modification']} is a modified "
            f"{base[row.name]}. Is the site in the middle?"
        ),
    )
    return table[COLUMNS]


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = Accounted(pd.concat(parts, ignore_index=True))
    table = rows.table
    rows.reject(
        table["window_id"].where(rows.usable).duplicated(),
        lambda row: f"the id {row['window_id']} stood further up already; give it one of its own",
    )
    same = table[rows.usable].groupby(["modification", "sequence"])["label"]
    both = (same.transform("nunique") == 2).reindex(table.index, fill_value=False)
    twice = (same.transform("size") > 1).reindex(table.index, fill_value=False)
    rows.reject(both, "the same window stands under the other label, too; neither is used")
    rows.say(twice & ~both, "the same window stands there twice")
    _check_classes(table[rows.usable], table)
    return table[COLUMNS]


def _check_classes(good: pd.DataFrame, table: pd.DataFrame) -> None:
    there = [split for split in SPLITS if (table["split"] == split).any()]
    found = {key: set(part) for key, part in good.groupby(["modification", "split"])["label"]}
    # One part alone is looked at; a split without one of its parts cannot be learnt from.
    for name, split in product(MODIFICATIONS, SPLITS if len(there) > 1 else there):
        lacking = {0, 1} - found.get((name, split), set())
        if lacking and (table["modification"] == name).any():
            words = " and ".join(
                word for label, word in ((1, "positives"), (0, "negatives")) if label in lacking
            )
            raise ValueError(
                f"{name}, {split}: no usable {words}; expected windows of both classes. Add the file "
                f"{split}/{MODIFICATIONS[name].number}-{max(lacking)}.fasta, or see the notes of the "
                "rejected rows"
            )


def _stretch(table: pd.DataFrame, k: int) -> int:
    """Length of a shared stretch: that of most windows if they are shorter, never by chance."""
    return min(k, max(_LEAST_SHARED, int(table["sequence"].str.len().median())))
