"""Promoters and their expression in several cell types, from a table of one's own or the registry.

Whatever the source, the result is the same: promoters with what they belong to (group, chromosome),
a table of values with gaps where nothing was measured, the replicates behind them, and one row for
every row of the input that says what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers import splits
from helpers.motifs import scanning
from helpers.project import registry
from helpers.readers import tables
from helpers.readers.rows import Accounted
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.sequences.homology import homology_groups
from helpers.splits import Fold
from helpers.tracks.gene_expression import reading
from helpers.tracks.gene_expression.reading import TESTED as TESTED

ABOUT = ("id", "sequence", "group", "chromosome", "kind", "split")
"""Columns of a table that are no cell types; all but ``sequence`` may be missing."""
_MPRA = "POOL1__pMPRA1__{}__activities_per_element.txt"
_MPRA_CELLS = ("HeLa", "HepG2", "K562")
_AGREE = 2.0
"""Deviations of a cell type by which rows of one sequence may differ and still be averaged."""
_FEWEST = 10
"""Groups of promoters that can be dealt into parts."""
_PROTOCOLS = ("chromosome_5fold", "grouped_5fold", "holdout", "given_test")


class Expression(NamedTuple):
    """Promoters and what was measured of them.

    Attributes
    ----------
    promoters : pandas.DataFrame
        ``id, sequence, group, chromosome, kind, split`` of every row that could be read; index 0
        to n - 1.
    values : pandas.DataFrame, shape=(n, cell types)
        Mean over replicates, in the unit of the source; NaN where nothing was measured.
    replicates : dict of str to numpy.ndarray, shape=(n, replicates)
        For each cell type the values behind the mean, NaN where there is none.
    rows : pandas.DataFrame
        One row for each row of the input: ``line, id, status, note``, and ``promoter``, its row in
        `promoters` or -1. Rows of one sequence are one promoter, or none (see `from_own`).
    said : tuple of str
        What is to be said of the file: its separator, the columns that were taken and left.
    """

    promoters: pd.DataFrame
    values: pd.DataFrame
    replicates: dict[str, np.ndarray]
    rows: pd.DataFrame
    said: tuple[str, ...] = ()

    @property
    def cell_types(self) -> list[str]:
        """Names of the cell types, in the order of the columns."""
        return list(map(str, self.values.columns))


def from_own(
    source: str | Path,
    *,
    columns: str | Mapping[str, str] = "",
    separator: str = "auto",
    cell_types: str | Sequence[str] = (),
    length: int | None = None,
    report: str | Path | None = None,
) -> Expression:
    r"""Promoters from a table of one's own: a sequence and one column a cell type, or a row a value.

    Parameters
    ----------
    source : str or pathlib.Path
        A table (CSV, TSV, ...; gzip, too) with the column ``sequence`` and one column a cell type, such
        as ``K562``, or one a replicate (``K562_rep1``, ``K562 rep 2``, ``K562_1``); or, with the columns
        ``cell_type`` and ``value``, one row a measurement. Further columns: ``id``; ``group``
        (copies of one locus share it; without it near copies, from 90 % identity on and on either
        strand, are grouped by the 10-mers they share); ``chromosome`` (``chr1`` and ``1`` are one);
        ``kind`` (`TESTED`, or another word for what may only be learnt from, such as ``random``);
        ``split`` (train, valid or test, for a split of one's own). Or a folder: such a table by ``id``,
        without sequences, and the FASTA file that has them; or the table, the FASTA file of a genome
        and a BED, GFF3 or GTF file with the ids (then `length` nt before each start site are read).
    columns, separator
        As for `helpers.readers.own.read_table`.
    cell_types : str or sequence of str
        Which columns hold values; by default every one with numbers whose name does not describe
        the row (``start``, ``n_barcodes``). What was taken and left is said in ``said``.
    length : int or None
        Nucleotides of each promoter: longer ones lose their left end (the start site is at the
        right), shorter ones are padded there with N, and the row says so. None expects all to be
        equally long.
    report : str, pathlib.Path or None
        The report of rows is written there, also when a fault in the data stops the reading.

    Returns
    -------
    Expression
        A missing value (`helpers.readers.tables.MISSING`) is a gap in its own cell. An infinite value is
        taken as not measured, and said; a row without any value is rejected, and said. Rows of one
        sequence are averaged; where they contradict each other by more than two standard
        deviations of a cell type, nobody knows which is right, and all of them are rejected.

    Raises
    ------
    ValueError
        If the file cannot be read, a cell type is missing, lengths differ, kinds or splits cannot
        be told, or no row is left.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "own.csv"
    >>> _ = path.write_text("Seq;group;K562;HeLa\nACGT;a;1,5;\nTTGA;b;0,5;inf\nGGGG;c;;\n")
    >>> data = from_own(path, columns="sequence=Seq")
    >>> data.cell_types, data.values["K562"].tolist(), data.rows["status"].tolist()
    (['K562', 'HeLa'], [1.5, 0.5], ['ok', 'changed', 'rejected'])
    """
    rows = reading.opened(source, ABOUT, columns=columns, separator=separator, length=length)
    with rows.reported(report):
        read = reading.read(rows, ABOUT, cell_types=cell_types, source=source)
    with read.rows.reported(report):
        reading.fit_length(read.rows, length, str(source))
        read.rows.table["kind"] = reading.kinds(read.rows, str(source))
        data = _kept(read.rows, read.values, read.replicates, source=str(source))
    if read.measurements is not None:
        data = data._replace(rows=reading.by_measurement(read.measurements, data.rows))
    if report:
        tables.write_table(report, data.rows)
    return data._replace(said=tuple(read.rows.said))


def from_registry(name: str = "promoter_mpra") -> Expression:
    """The public promoter assay: 114 nt, log2 activity in HeLa, HepG2 and K562.

    Parameters
    ----------
    name : {"promoter_mpra"}
        Name in the registry (Mattioli 2019, doi:10.1101/gr.242222.118).

    Returns
    -------
    Expression
        The three files joined on the sequence. ``kind`` is ``native`` for genomic sequences and
        their variants (SNPs), else ``flipped``, ``scrambled`` or ``random``; ``group`` the locus,
        overlapping ones (of either strand) taken together; a random sequence is its own group.

    Raises
    ------
    ValueError
        If the data set is another one, cannot be fetched, or the files do not hold the same
        sequences.
    """
    if name != "promoter_mpra":
        raise ValueError(f"data set {name!r} holds no expression; expected 'promoter_mpra'")
    paths = registry.fetch(name)
    files = {
        cell: pd.read_csv(paths[_MPRA.format(cell)], sep="\t").set_index("element") for cell in _MPRA_CELLS
    }
    first = files[_MPRA_CELLS[0]]
    if other := [cell for cell, file in files.items() if set(file.index) != set(first.index)]:
        raise ValueError(
            f"{_MPRA.format(other[0])} holds other sequences than {_MPRA.format(_MPRA_CELLS[0])}; "
            "expected the same in each. Delete both from the cache to fetch them again"
        )
    measured = {cell: file.loc[first.index].filter(like="rna_").astype(float) for cell, file in files.items()}
    found = {cell: table.replace([np.inf, -np.inf], np.nan) for cell, table in measured.items()}
    values = pd.DataFrame({cell: table.mean(axis=1).to_numpy() for cell, table in found.items()})
    rows = Accounted(_mpra_rows(first["unique_id"].to_numpy(str), list(first.index)))
    return _kept(rows, values, {cell: table.to_numpy() for cell, table in measured.items()}, source=name)


def folds(data: Expression, protocol: str, *, k: int = 5, valid: float = 0.15, seed: int = 0) -> list[Fold]:
    """Training, validation and test rows, copies of a locus on one side.

    Parameters
    ----------
    protocol : {"chromosome_5fold", "grouped_5fold", "holdout", "given_test"}
        Whole chromosomes or whole groups in `k` folds, one split of 70/15/15 % of the groups, or
        the table's own column ``split``.
    valid : float
        Share of the rows outside the test part that is kept for validation.

    Returns
    -------
    list of helpers.splits.Fold
        Validation and test parts hold promoters of the kind `TESTED` only. Another kind is learnt
        from unless its locus is validated or tested: then it is in ``left_out``.

    Raises
    ------
    ValueError
        If the protocol is unknown, a chromosome or a group is missing, or the table's own split
        has one on two sides.
    """
    if protocol not in _PROTOCOLS:
        raise ValueError(f"protocol is {protocol!r}; expected one of {', '.join(_PROTOCOLS)}")
    promoters = data.promoters
    if protocol == "given_test":
        return [_given(promoters)]
    column = "chromosome" if protocol == "chromosome_5fold" else "group"
    unit, tested = promoters[column].to_numpy(object), (promoters["kind"] == TESTED).to_numpy()
    # What shares nothing with a tested row (random sequences) is learnt from in every fold.
    bound = np.isin(unit, np.unique(unit[tested].astype(str)))
    free = np.flatnonzero(bound)
    if protocol == "holdout":
        dealt = [splits.holdout(len(free), groups=unit[free], seed=seed)]
    elif protocol == "grouped_5fold":
        dealt = splits.grouped_kfold(unit[free], k=k, valid=valid, seed=seed)
    else:
        dealt = splits.by_chromosome(unit[free], k=k, valid=valid, seed=seed)
    found = []
    for number, fold in enumerate(dealt, start=1):
        parts = [free[part] for part in fold[:3]]
        kept = [part[tested[part]] for part in parts[1:]]
        out = np.concatenate([part[~tested[part]] for part in parts[1:]])
        train = np.union1d(parts[0], np.flatnonzero(~bound))
        name = protocol if protocol == "holdout" else f"{column}_{number}"
        found.append(splits.given(train, *kept, name=name, left_out=out))
        splits.check(found[-1], promoters["group"])
    return found


def check(data: Expression, source: object) -> None:
    """Check that promoters can be learnt from; call it once the report of rows is written.

    Raises
    ------
    ValueError
        If too few groups can be tested, or a cell type has one value alone.
    """
    tested = data.promoters["kind"] == TESTED
    if (groups := data.promoters["group"][tested].nunique()) < _FEWEST:
        raise ValueError(
            f"{source}: the {tested.sum()} promoters that can be tested stand in {groups} groups; expected "
            f"at least {_FEWEST}, so that there is a part to learn from, one to stop by and one to test. Add "
            "promoters"
        )
    spread = data.values[tested].nunique()
    if flat := [str(cell) for cell in spread.index[spread < 2]]:
        raise ValueError(
            f"{source}: {', '.join(flat)} has fewer than two different values; expected values that differ. "
            "Leave it out: name the others in cell_types"
        )


def protocols(data: Expression, names: str) -> list[str]:
    """Names of protocols (blanks between them) that the promoters allow.

    Without any chromosome ``chromosome_5fold`` becomes ``grouped_5fold``: folds of near copies.

    Examples
    --------
    >>> from helpers.project import paths
    >>> sample = from_own(paths.find("data/sample/gene_expression/promoters.csv"))
    >>> bare = sample._replace(promoters=sample.promoters.assign(chromosome=""))
    >>> protocols(sample, "chromosome_5fold holdout"), protocols(bare, "chromosome_5fold")
    (['chromosome_5fold', 'holdout'], ['grouped_5fold'])
    """
    has_chromosomes = (data.promoters["chromosome"] != "").any()
    return [
        name if has_chromosomes or name != "chromosome_5fold" else "grouped_5fold" for name in names.split()
    ]


def one_hot(data: Expression, rows: ArrayLike | None = None) -> np.ndarray:
    """One-hot promoters of some rows (all by default), shape=(n, length, 4), dtype=float32, A C G T."""
    chosen = data.promoters["sequence"]
    return encoding.one_hot(chosen if rows is None else chosen.iloc[np.asarray(rows)], DNA)


def elements(
    data: Expression, rows: ArrayLike, *, truth: str | Path | None = None, factors: str = "", taxon: str = ""
) -> pd.DataFrame:
    """Elements of some promoters: the planted ones, or else known binding sites that stand for them.

    Parameters
    ----------
    rows : array-like of int
        Row numbers of `data`, in rising order.
    truth : str, pathlib.Path or None
        ``truth_elements.csv`` of the simulated sample. None looks for the sites of `factors` (names
        with commas between them) of a `taxon` of `helpers.motifs.library.TAXA`.

    Returns
    -------
    pandas.DataFrame
        ``row`` (place in `rows`), ``id, element, start, stop, strand``, and of planted ones the
        ``role`` (site or decoy) with its reason (``why``) and the effect in each cell type.

    Raises
    ------
    ValueError
        If the truth knows none of the promoters. (One without any element has no row there.)
    """
    rows = np.asarray(rows)
    ids = data.promoters["id"].iloc[rows].to_numpy()
    if truth is None:
        found = scanning.named_sites(one_hot(data, rows), factors.split(","), taxon)
        return found.assign(id=ids[found["row"]])
    found = pd.read_csv(truth).fillna({"why": ""})
    places = pd.Series(np.arange(len(rows)), index=ids)
    if len(rows) and not places.index.isin(found["id"]).any():
        raise ValueError(
            f"{truth} knows none of {len(rows)} promoters, such as {ids[0]!r}; the truth is "
            "known for the simulated sample only (truth = '')"
        )
    found = found[found["id"].isin(places.index)].reset_index(drop=True)
    found.insert(0, "row", found["id"].map(places))
    return found.sort_values(["row", "start"], ignore_index=True)


def expected(data: Expression, truth: str | Path) -> pd.DataFrame:
    """Values of the promoters by the rule of the simulated sample, without noise: the best prediction.

    Parameters
    ----------
    truth : str or pathlib.Path
        ``truth_elements.csv`` of the sample, beside which ``truth_expected.csv`` stands.

    Returns
    -------
    pandas.DataFrame, shape=(n, cell types)
    """
    table = pd.read_csv(Path(truth).with_name("truth_expected.csv")).set_index("id")
    return table.reindex(data.promoters["id"])[data.cell_types].reset_index(drop=True)


def outcome(data: Expression) -> pd.DataFrame:
    """How many rows were read, changed and rejected, and how many values there are: ``what, count``."""
    kinds = data.promoters["kind"].value_counts()
    counts = {
        **Accounted(data.rows).counts(),
        **{f"promoters, {kind}": int(count) for kind, count in kinds.items()},
        "groups": data.promoters["group"].nunique(),
        **{f"values, {cell}": int(data.values[cell].notna().sum()) for cell in data.cell_types},
    }
    return pd.DataFrame({"what": counts.keys(), "count": counts.values()})


def _kept(
    rows: Accounted, values: pd.DataFrame, replicates: Mapping[str, np.ndarray], *, source: str
) -> Expression:
    """What is left when rows without any value are rejected, and rows of one sequence are one."""
    rows.reject(values.isna().all(axis=1), "no value in any cell type; fill one in")
    first = _first_of_its_kind(rows, values)
    rows.check_any(source)
    kept = (rows.usable & (first == first.index)).to_numpy()
    told = rows.table[["line", "id", "status", "note"]].reset_index(drop=True)
    place = pd.Series(np.cumsum(kept) - 1, index=first.index)

    def averaged(table: pd.DataFrame) -> pd.DataFrame:
        """Means over the rows of one sequence."""
        return table[rows.usable].groupby(first[rows.usable]).mean()

    return Expression(
        _promoters(rows.table[kept]), averaged(values).reset_index(drop=True),
        {cell: averaged(pd.DataFrame(found, first.index)).to_numpy() for cell, found in replicates.items()},
        told.assign(promoter=np.where(rows.usable, place[first], -1)),
    )  # fmt: skip


def _first_of_its_kind(rows: Accounted, values: pd.DataFrame) -> pd.Series:
    """For each row the first one of its sequence; rows that contradict each other are rejected."""
    usable = rows.table[rows.usable]
    first = pd.Series(rows.table.index, index=rows.table.index)
    first[usable.index] = usable.groupby("sequence")["sequence"].transform(lambda same: same.index[0])
    again = usable.index[first[usable.index] != usable.index]
    if not len(again):
        return first
    of = values.loc[usable.index].groupby(first[usable.index])
    apart = (of.max() - of.min()) / values.loc[usable.index].std()
    strange = apart.index[apart.max(axis=1) > _AGREE]
    line, own = rows.table["line"], first.to_numpy()
    for one in strange:
        cell = str(apart.loc[one].idxmax())
        same = rows.usable & (own == one)
        lines = ", ".join(line[same].astype(str))
        said = values.loc[same, cell].round(3).astype(str)
        rows.reject(same, f"lines {lines} hold one sequence and contradict each other ({cell}: "
                    f"{' and '.join(said)}); keep the right one")  # fmt: skip
    mended = rows.usable & rows.table.index.isin([*again, *first[again]])

    def said_of(row: pd.Series) -> str:
        return f"averaged over the rows of its sequence (first: line {line[first[row.name]]})"

    rows.say(mended, said_of, changed=True)
    return first


def _promoters(table: pd.DataFrame) -> pd.DataFrame:
    """The columns `ABOUT`, each there, in their order."""
    found = table.reset_index(drop=True)
    for name in ABOUT:
        found[name] = found[name] if name in found else pd.Series("", index=found.index)
    found = found[list(ABOUT)]
    found["kind"] = found["kind"].where(found["kind"] != "", TESTED)
    if (found["group"] == "").all():
        near = homology_groups(found["sequence"].tolist(), alphabet=DNA)
        found["group"] = [f"copies{number}" for number in near]
    own = found["group"] == ""
    found["group"] = found["group"].where(~own, found["id"])
    return found


def _given(promoters: pd.DataFrame) -> Fold:
    parts = {name: np.flatnonzero(promoters["split"] == name) for name in ("train", "valid", "test")}
    if empty := [name for name, part in parts.items() if not part.size]:
        raise ValueError(
            f"the column split gives no row to {', '.join(empty)}; expected train, valid and test "
            "in it. Fill the column, or choose another protocol"
        )
    fold = splits.given(*parts.values(), name="given_test")
    for column in ("chromosome", "group"):
        names = promoters[column].where(promoters[column] != "", promoters["id"])
        try:
            splits.check(fold, names)
        except ValueError as error:
            raise ValueError(
                f"the column split puts one {column} on two sides: {error}. Or mend the column "
                "split, so that each stands on one side"
            ) from error
    return fold


def _mpra_rows(names: np.ndarray, sequences: Sequence[str]) -> pd.DataFrame:
    """What the ids of the assay say: ``WHAT__class__chr1:100..214,+__number``."""
    parts = pd.Series(names).str.split("__", expand=True)
    kind = pd.Series(TESTED, index=parts.index)
    for word in ("RANDOM", "SCRAMBLED", "FLIPPED"):
        kind[parts[0].str.contains(word)] = word.lower()
    place = parts[2].str.extract(r"(?P<chromosome>[^:]+):(?P<start>\d+)\.\.(?P<stop>\d+)")
    table = pd.DataFrame({
        "id": names, "sequence": sequences, "kind": kind, "group": _loci(place),
        "chromosome": place["chromosome"].fillna(""), "split": "",
        "line": np.arange(2, len(names) + 2),
    })  # fmt: skip
    return table.assign(id=reading.ids(table))


def _loci(place: pd.DataFrame) -> pd.Series:
    """Name of each row's locus, overlapping loci of a chromosome taken together."""
    found = pd.Series("", index=place.index, dtype="str")
    there = place.dropna().astype({"start": int, "stop": int})
    for chromosome, part in there.sort_values(["start", "stop"]).groupby("chromosome"):
        reach = part["stop"].cummax().shift(fill_value=-1)
        number = (part["start"] > reach).cumsum()
        first = part.groupby(number)["start"].transform("min").astype(str)
        found[part.index] = f"{chromosome}:" + first
    return found
