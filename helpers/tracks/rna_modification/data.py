"""Windows of RNA around a site that may be modified: from FASTA files, a CSV, or the public set.

A window is named after one modification and says of that one alone whether it is there: in the
FASTA scheme the file ``train/8-1.fasta`` holds training windows with m6A (8) at their centre (1).
Whatever the source, every row of the input has a row in the result, with its status.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from helpers import splits
from helpers.project import paths, registry
from helpers.readers import fasta, own, tables
from helpers.readers.rows import Accounted, alike
from helpers.sequences import encoding, homology
from helpers.sequences.alphabet import RNA
from helpers.tracks.rna_modification import letters, sites
from helpers.tracks.rna_modification.letters import MODIFICATIONS

COLUMNS = ["window_id", "modification", "label", "split", "group", "sequence", "source", "line"]
COLUMNS += ["status", "note"]
"""Columns of ``windows.csv``."""
SPLITS = ("train", "valid", "test")
"""Parts of the split that came with the data."""
STRIDE = 3
"""Positions of a token of the network, in nt."""
NEAR = 60
"""Two windows that share a stretch of this many nt are near copies."""
_LEAST_OF_BASE = 0.5
_CENTRE = " is in the middle; "
_PART = 0.15
_LEAST_SHARED = 20
_SCHEME = r"^\w+/\d+-(?P<label>[01]):(?:.*?[^a-z])??(?P<word>pos|neg)"
_BY_NUMBER = {str(one.number): name for name, one in MODIFICATIONS.items()}


class Loaded(NamedTuple):
    """Windows, and what is to be said of how they were read."""

    rows: pd.DataFrame
    """Columns `COLUMNS`, a row for every row of the input."""
    said: list[str]


def from_own(
    source: str | Path,
    *,
    columns: str = "",
    separator: str = "auto",
    seed: int = 0,
    report: str | Path | None = None,
) -> Loaded:
    """Windows from whatever a source is; write its ``rows``, then `check` them.

    Parameters
    ----------
    source : str or pathlib.Path
        "registry" (the public windows); a folder of ``<split>/<number>-<label>.fasta``; a table of
        windows (`helpers.tracks.rna_modification.sites.windows`); or a folder with a FASTA file of
        transcripts and a table of sites (`helpers.tracks.rna_modification.sites.on_transcripts`).
    columns, separator : str
        Of a table, as for `helpers.readers.own.read_table`.
    seed : int
        Of a split that is made here, and of letters that are drawn as unmodified.
    report : str, pathlib.Path or None
        The report of rows is written there, also when a fault in the data stops the reading.

    Notes
    -----
    A table without a column ``split`` is split here: 70 % of the windows for training, 15 % each for
    validation and the test. Windows that are identical, share a stretch of `NEAR` nt, or have one
    ``group`` stay together.

    Examples
    --------
    >>> len(from_own("data/sample/rna_modification").rows)
    9206
    """
    path = Path(source) if str(source) == "registry" else paths.find(source)
    if str(source) == "registry":
        files = registry.fetch("rna_modification").items()
        said = ["the public windows"]
        table = _joined([read_windows(path, name) for name, path in files])
    elif path.is_dir() and list(path.glob("*/*.fasta")):
        said = ["a folder of windows; their parts and labels are those of the file names"]
        table = _from_files(path)
    else:
        table, said = _from_table(path, {"columns": columns, "separator": separator}, seed, report)
    if report:
        tables.write_table(report, table.drop(columns="sequence"))
    return Loaded(*_dealt(table, said, seed)) if (table["split"] == "").all() else Loaded(table, said)


def _from_table(
    path: Path, options: dict[str, str], seed: int, report: str | Path | None
) -> tuple[pd.DataFrame, list[str]]:
    """Windows of a table, or around the sites of a folder, and what is to be said of them."""
    if path.is_dir():
        rows = sites.on_transcripts(path, **options, seed=seed, report=report)  # type: ignore[arg-type]
    elif own.is_fasta(path):
        raise ValueError(
            f"{path}: a FASTA file says of no window whether it is modified; expected a table of windows, or "
            "a folder. Put the file into a folder with a table of sites (transcript, position, modification)"
        )
    else:
        rows = sites.windows(path, **options, report=report)  # type: ignore[arg-type]
    letters.clean_column(rows)
    table = _joined([_checked(rows)])
    if (table["split"] != "").any():
        rows.said.append("split: as the table gives it")
    return table, rows.said


def outcome(loaded: Loaded) -> pd.DataFrame:
    """What was read, kept and set aside, and why, in rows; a number that differs within a reason is n."""
    rows = Accounted(loaded.rows)
    counts = pd.DataFrame({"what": [*rows.counts()], "rows": [*rows.counts().values()]})
    reason = alike(loaded.rows["note"])
    reasons = (loaded.rows["status"] + ": " + reason)[reason != ""].value_counts()
    return pd.concat([counts, reasons.rename_axis("what").rename("rows").reset_index()], ignore_index=True)


def check(loaded: Loaded, source: object = "the input") -> None:
    """Check that windows can be learnt from; call it once `Loaded.rows` is written.

    Raises
    ------
    ValueError
        If a class or one of the three parts is missing or without a usable window (one part by
        itself is fine), most centres are not the base of their modification, or positives and
        negatives of the FASTA scheme seem to be swapped.
    """
    table = loaded.rows
    _check_swapped(table)
    usable_row = table["status"] != "rejected"
    other = ~usable_row & table["note"].str.contains(rf"\b[{RNA.letters}N]{_CENTRE}")
    for (name, source), part in table.groupby(["modification", "source"], sort=False):
        met, missed = int(usable_row[part.index].sum()), int(other[part.index].sum())
        if missed and met < _LEAST_OF_BASE * (met + missed):
            raise ValueError(
                f"{source}: {met / (met + missed):.0%} of the windows named {name} have "
                f"{MODIFICATIONS[name].base} in the middle; expected all. Is it another modification, or is "
                "the site not in the middle?"
            )
    Accounted(table).check_any(source)
    _check_classes(table[usable_row], table)


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
    table = _from_files(Path(folder))
    check(Loaded(table, []), folder)
    return table


def read_windows(path: str | Path, name: str) -> pd.DataFrame:
    """Windows of one FASTA file, of which a name like ``train/8-1.fasta`` says what they are.

    A record that cannot be used (even length, a dash, T and U in one record, another base at the
    centre) is there with its reason.

    Raises
    ------
    ValueError
        If the name says nothing.
    """
    path = Path(path)
    split, _, rest = name.rpartition("/")
    number, dash, label = rest.removesuffix(".fasta").partition("-")
    if split not in SPLITS or not dash or number not in _BY_NUMBER or label not in ("0", "1"):
        raise ValueError(
            f"{name}: the name says neither split, modification nor label; expected one like "
            "train/8-1.fasta, with a number from 1 to 10 and a label of 0 or 1"
        )
    found = pd.DataFrame(fasta.iter_fasta(path))
    about = {"modification": _BY_NUMBER[number], "label": int(label), "split": split, "group": ""}
    about["source"] = f"{path.parent.name}/{path.name}"
    rows = Accounted(found.assign(window_id=f"{split}/{number}-{label}:" + found["id"], **about))
    rows.reject(found["id"] == "", "the header has no id; write one right after '>'")
    bare = "the header has no sequence below it; add the sequence or remove the header"
    rows.reject(found["sequence"] == "", bare)
    letters.clean_column(rows)
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
    """Group of each usable window: test windows that share `k` nt, or have one group, are of one locus.

    Other windows are a group each, since only test windows are drawn for intervals.
    """
    groups = table["window_id"].astype(object).to_numpy().copy()
    test = np.flatnonzero(table["split"] == "test")
    if test.size:
        groups[test] = [f"locus {number}" for number in _together(table.iloc[test], k)]
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


def _check_swapped(table: pd.DataFrame) -> None:
    """Ids of the FASTA scheme that speak of a class have to speak of the file's."""
    said = table["window_id"].str.lower().str.extract(_SCHEME)
    other = table[said["word"].notna() & ((said["word"] == "pos") != (said["label"] == "1"))]
    if len(other):
        first = other.iloc[0]
        of = table["source"] == first["source"]
        raise ValueError(
            f"{first['source']}, line {first['line']}: the id {first['window_id'].partition(':')[2]!r} "
            f"speaks of {'negatives' if first['label'] else 'positives'}, but the file's label is "
            f"{first['label']} ({of[other.index].sum()} of {of.sum()} records). Are positives and "
            "negatives swapped? Rename the file or the ids"
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
    rows.reject(
        centre != base,
        lambda row: (
            f"{centre[row.name]}{_CENTRE}{row['modification']} is a modified "
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
    return table[COLUMNS]


def _from_files(folder: Path) -> pd.DataFrame:
    found = sorted(folder.glob("*/*.fasta"), key=_rank)
    if not found:
        raise ValueError(
            f"{folder}: no windows; expected files named like train/8-1.fasta (split, number of the "
            "modification, label)"
        )
    return _joined([read_windows(path, path.relative_to(folder).as_posix()) for path in found])


def _dealt(table: pd.DataFrame, said: list[str], seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Windows with a split of whole groups, and what is to be said of it."""
    good = table["status"] != "rejected"
    if not good.any():
        return table, said
    part = table[good]
    groups = _together(part, NEAR)
    if (n := len(set(groups))) < len(SPLITS):
        raise ValueError(
            f"{part['source'].iloc[0]}: the {len(part)} windows that can be used stand in {n} groups "
            "(windows that share a stretch or have one group stay together); expected three or more, one for "
            "each part. Add windows of other groups, or give the column split"
        )
    classes = part["modification"] + part["label"].astype(str)
    fold = splits.holdout(len(part), groups=groups, y=classes, valid=_PART, test=_PART, seed=seed)
    sides = np.empty(len(part), dtype=object)
    for name, rows in zip(SPLITS, fold[:3], strict=True):
        sides[rows] = name
    same = int(part["sequence"].duplicated(keep=False).sum())
    made = (
        f"split: made here, in {n} groups (windows that are identical, share "
        f"{_stretch(part, NEAR)} nt or have one group stay together); {same} windows have the same letters "
        "as another one"
    )
    return table.assign(split=table["split"].mask(good, pd.Series(sides, index=part.index))), [*said, made]


def _together(table: pd.DataFrame, k: int) -> np.ndarray:
    """Number of the group of each window: those that share letters, and those that the data name together."""
    texts = table["sequence"].tolist()
    shared = homology.homology_groups(texts, k=_stretch(table, k), threshold=1e-4, alphabet=RNA)
    group = table["group"].to_numpy(dtype=object)
    named = pd.factorize(np.where(group == "", table["window_id"], group))[0]
    n = shared.max() + 1
    links = coo_array((np.ones(len(table)), (shared, n + named)), shape=(n + named.max() + 1,) * 2)
    return pd.factorize(connected_components(links, directed=False)[1][shared])[0]


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
                f"{name}, {split}: no usable {words}; expected windows of both classes in each part. Add "
                f"some (in a folder: the file {split}/{MODIFICATIONS[name].number}-{max(lacking)}.fasta), "
                "see the notes of the rejected rows, or leave the modification out"
            )


def _stretch(table: pd.DataFrame, k: int) -> int:
    """Length of a shared stretch: that of most windows if they are shorter, never by chance."""
    return min(k, max(_LEAST_SHARED, int(table["sequence"].str.len().median())))
