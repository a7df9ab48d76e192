"""The hand-made features of a guide and its site: each named, with its unit and its source.

`compute` gives one row a pair of guide and mRNA; `catalogue` says what each column is. All but the
folding are plain counts; the folding (ViennaRNA, in this process or in several) is kept on disk
under the hash of what was folded.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.rna import cache, folding, thermodynamics
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import gc_content, kmer_counts, kmers
from helpers.tracks.sirna_efficacy import design_rules
from helpers.tracks.sirna_efficacy.target_sites import CONTEXT, GUIDE, context

SOURCES = {
    "thermodynamics": "Xia 1998, doi:10.1021/bi9809425",
    "asymmetry": "Schwarz 2003, doi:10.1016/S0092-8674(03)00759-1",
    "seed": "Ui-Tei 2008, doi:10.1093/nar/gkn042",
    "composition": "counted",
    "guide structure": "ViennaRNA, Lorenz 2011, doi:10.1186/1748-7188-6-26",
    "site": "ViennaRNA, Bernhart 2011, doi:10.1186/1748-7188-6-3",
    "target": "counted",
}
"""Where the features of each group come from; the rules have sources of their own."""

SEED = slice(1, 8)
_OPENED = {"open_site": (GUIDE, 0), "open_seed_site": (8, GUIDE - 8), "unpaired_nt": (1, 0)}
"""For each accessibility: nucleotides that lie open together, and their offset in the site."""

_REACH = 160  # nt on either side of a site; twice the window of the folding

_PLAIN = (
    ("energy_duplex", "kcal/mol", "thermodynamics", "free energy of the 19 base pairs"),
    ("energy_5_end", "kcal/mol", "thermodynamics", "four steps at the guide's 5' end"),
    ("energy_3_end", "kcal/mol", "thermodynamics", "four steps at the other end of the duplex"),
    ("energy_seed", "kcal/mol", "thermodynamics", "guide positions 2 to 8"),
    ("energy_middle", "kcal/mol", "thermodynamics", "guide positions 9 to 12, where it cuts"),
    ("asymmetry", "kcal/mol", "asymmetry", "5' end minus 3' end; above 0 favours the guide"),
    ("seed_melting", "°C", "seed", "melting temperature of positions 2 to 8"),
    ("gc_core", "share", "composition", "G and C in positions 1 to 19"),
    ("gc_seed", "share", "composition", "G and C in positions 2 to 8"),
    ("gc_5_third", "share", "composition", "G and C in positions 1 to 7"),
    ("gc_3_third", "share", "composition", "G and C in positions 13 to 19"),
    ("run_same", "nt", "composition", "longest run of one letter"),
    ("run_gc", "nt", "composition", "longest run of G and C"),
    ("fold_energy", "kcal/mol", "guide structure", "minimum free energy of the guide alone"),
    ("fold_ensemble", "kcal/mol", "guide structure", "free energy of all its structures"),
    ("paired_seed", "probability", "guide structure", "mean over positions 2 to 8"),
    ("paired_guide", "probability", "guide structure", "mean over all 21 positions"),
    ("open_site", "kcal/mol", "site", "energy to open all 21 nt of the site"),
    ("open_seed_site", "kcal/mol", "site", "energy to open the 8 nt that meet guide 1 to 8"),
    ("unpaired_site", "probability", "site", "mean over the 21 nt that each lies open"),
    ("unpaired_seed_site", "probability", "site", "mean over the 8 nt that meet guide 1 to 8"),
    ("gc_context", "share", "target", "G and C in the 57 nt around the site"),
    ("a_flank", "share", "target", "A in the 36 nt on either side of the site"),
    ("u_flank", "share", "target", "U in the 36 nt on either side of the site"),
    ("place", "share", "target", "where the site stands, 0 at the mRNA's 5' end"),
    ("log_length", "ln nt", "target", "length of the mRNA"),
)


@functools.cache
def catalogue() -> pd.DataFrame:
    """What each feature is.

    Returns
    -------
    pandas.DataFrame
        One row a feature, in the order of the columns of `compute`: ``feature, unit, group,
        what, source``. Treat it as read-only.

    Examples
    --------
    >>> catalogue().set_index("feature").loc["asymmetry", "unit"]
    'kcal/mol'
    """
    rows = [(name, unit, group, what, SOURCES[group]) for name, unit, group, what in _PLAIN]
    for step in range(1, GUIDE - 2):
        what = f"step from guide position {step} to {step + 1}"
        source = SOURCES["thermodynamics"]
        rows.append((f"step_{step:02d}", "kcal/mol", "thermodynamics", what, source))
    for k in (1, 2, 3):
        for word in kmers(k, RNA):
            rows.append((f"count_{word}", "count", "k-mers", f"{word} in the guide", "counted"))
    for rule in design_rules.RULES:
        unit = "count" if "15-19" in rule.name else "0 or 1"
        source = design_rules.SOURCES[rule.author]
        rows.append((rule.name, unit, "rules", "rule", source))
    for author in ("Reynolds", "Ui-Tei", "Amarzguioui", "Hsieh"):
        source = design_rules.SOURCES[author]
        rows.append((f"score {author}", "points", "rules", "sum of the rules", source))
    return pd.DataFrame(rows, columns=["feature", "unit", "group", "what", "source"])


def compute(
    guides: Sequence[str],
    mrnas: Sequence[str],
    starts: Sequence[int],
    *,
    workers: int = 1,
    cache_folder: str | Path | None = None,
) -> pd.DataFrame:
    """Features of guides at their sites.

    Parameters
    ----------
    guides : sequence of str
        21 RNA letters each, the antisense strand, upper case.
    mrnas : sequence of str
        The mRNA of each guide; the same text again costs nothing.
    starts : sequence of int
        First nucleotide of each site, 0-based.
    workers : int, optional
        Processes that fold.
    cache_folder : str, pathlib.Path or None, optional
        Where folding results are kept, by content.

    Returns
    -------
    pandas.DataFrame, dtype=float64
        One row a guide; the columns are the features of `catalogue`, in its order.

    Raises
    ------
    ValueError
        If the three differ in number, a guide is not of 21 RNA letters, or a site does not lie
        within its mRNA; the message names the row.

    Examples
    --------
    >>> site = "AACCGGUUACGUACGUUAGCA"
    >>> guide = RNA.complement(site)[::-1]
    >>> table = compute([guide], ["GG" + site + "CC"], [2])
    >>> table.shape[0], round(float(table["gc_core"].iloc[0]), 3)
    (1, 0.526)
    """
    guides, mrnas, places = list(guides), list(mrnas), np.asarray(starts, dtype=np.int64)
    _check(guides, mrnas, places)
    parts = [
        _duplex(guides),
        _composition(guides),
        _structure(guides, workers, cache_folder),
        _site(mrnas, places, workers, cache_folder),
        _target(mrnas, places),
        _steps(guides),
        _words(guides),
        _rules(guides),
    ]
    return pd.concat(parts, axis=1)[catalogue()["feature"].tolist()].astype(np.float64)


def accessibility(
    mrna: str, *, workers: int = 1, cache_folder: str | Path | None = None
) -> dict[str, np.ndarray]:
    """How open each site of an mRNA lies.

    Parameters
    ----------
    mrna : str
        RNA letters, 21 nt or more.
    workers, cache_folder
        As for `compute`.

    Returns
    -------
    dict of str to numpy.ndarray
        ``open_site`` and ``open_seed_site`` (kcal/mol) for each of the length - 20 sites,
        ``unpaired_nt`` (probability) for each nucleotide.

    Raises
    ------
    ValueError
        If the mRNA is shorter than a site.

    Examples
    --------
    >>> profile = accessibility("GGGGGAAAACCCCCAAAAAAAAAAA")
    >>> len(profile["open_site"]), bool(profile["unpaired_nt"][6] > profile["unpaired_nt"][1])
    (5, True)
    """
    if len(mrna) < GUIDE:
        raise ValueError(f"the mRNA has {len(mrna)} nt; expected at least the {GUIDE} of a site")
    return _profiles([mrna], workers, cache_folder)[mrna]


def _check(guides: list[str], mrnas: list[str], starts: np.ndarray) -> None:
    if not len(guides) == len(mrnas) == len(starts):
        raise ValueError(
            f"found {len(guides)} guides, {len(mrnas)} mRNAs and {len(starts)} starts; expected "
            "one of each a row"
        )
    for row, (guide, mrna, start) in enumerate(zip(guides, mrnas, starts, strict=True)):
        if len(guide) != GUIDE:
            raise ValueError(
                f"row {row}: the guide has {len(guide)} nt; expected {GUIDE}. Check the input "
                "with helpers.tracks.sirna_efficacy.data or helpers.tracks.sirna_efficacy.predict first"
            )
        if not 0 <= start <= len(mrna) - GUIDE:
            raise ValueError(
                f"row {row}: a site at {start} does not lie within the mRNA of {len(mrna)} nt; "
                "find it with helpers.tracks.sirna_efficacy.target_sites.find"
            )


def _duplex(guides: list[str]) -> pd.DataFrame:
    ends = thermodynamics.end_energies(guides)
    return pd.DataFrame(
        {
            "energy_duplex": thermodynamics.duplex_energy(guides),
            "energy_5_end": ends[:, 0],
            "energy_3_end": ends[:, 1],
            "energy_seed": thermodynamics.duplex_energy(guides, start=1, stop=8),
            "energy_middle": thermodynamics.stack_energies(guides)[:, 8:11].sum(axis=1),
            "asymmetry": ends[:, 0] - ends[:, 1],
            "seed_melting": thermodynamics.seed_melting(guides),
        }
    )


def _composition(guides: list[str]) -> pd.DataFrame:
    parts = {"gc_core": (0, 19), "gc_seed": (1, 8), "gc_5_third": (0, 7), "gc_3_third": (12, 19)}
    shares = {
        name: np.nan_to_num(gc_content([g[first:last] for g in guides], RNA), nan=0.5)
        for name, (first, last) in parts.items()
    }
    codes = np.stack([RNA.encode(guide) for guide in guides])
    same = [design_rules.longest_run(codes, letter) for letter in RNA.letters]
    runs = {"run_same": np.max(same, axis=0), "run_gc": design_rules.longest_run(codes, "GC")}
    return pd.DataFrame(shares | runs)


def _structure(guides: list[str], workers: int, folder: str | Path | None) -> pd.DataFrame:
    distinct = sorted(set(guides))
    found = cache.cached(
        folder, distinct, {"what": "guide", "version": 1}, lambda s: _fold_guides(s, workers)
    )
    place = {guide: row for row, guide in enumerate(distinct)}
    rows = [place[guide] for guide in guides]
    return pd.DataFrame({name: values[rows] for name, values in found.items()})


def _fold_guides(guides: Sequence[str], workers: int) -> cache.Arrays:
    folds = folding.fold_many(guides, workers=workers if len(guides) > 1000 else 1)
    paired = np.stack([fold.pair_probability for fold in folds])
    return {
        "fold_energy": np.array([fold.energy for fold in folds]),
        "fold_ensemble": np.array([fold.ensemble_energy for fold in folds]),
        "paired_seed": paired[:, SEED].mean(axis=1),
        "paired_guide": paired.mean(axis=1),
    }


def _profiles(
    mrnas: Sequence[str], workers: int, folder: str | Path | None
) -> dict[str, dict[str, np.ndarray]]:
    distinct = sorted(set(mrnas))
    nucleotides = sum(map(len, distinct))
    several = workers if nucleotides > 20_000 else 1
    found: dict[str, dict[str, np.ndarray]] = {mrna: {} for mrna in distinct}
    for name, (length, _) in _OPENED.items():
        settings = {"what": name, "length": length, "window": 80, "span": 40, "version": 1}

        def fold(sequences: Sequence[str], length: int = length) -> cache.Arrays:
            folded = folding.unpaired_many(
                sequences, length=length, workers=several, progress=nucleotides > 100_000
            )
            return {str(row): values for row, values in enumerate(folded)}

        arrays = cache.cached(folder, distinct, settings, fold)
        for row, mrna in enumerate(distinct):
            values = arrays[str(row)]
            if length > 1:
                values = folding.opening_energy(values)
            found[mrna][name] = values
    for mrna in distinct:
        # The eight nucleotides that meet the guide's 5' end stand at the site's 3' end.
        found[mrna]["open_seed_site"] = found[mrna]["open_seed_site"][_OPENED["open_seed_site"][1] :]
    return found


def _site(mrnas: list[str], starts: np.ndarray, workers: int, folder: str | Path | None) -> pd.DataFrame:
    texts, places = _around(mrnas, starts)
    profiles = _profiles(texts, workers, folder)
    rows = []
    for text, start in zip(texts, places, strict=True):
        profile = profiles[text]
        open_ = profile["unpaired_nt"][start : start + GUIDE]
        energies = profile["open_site"][start], profile["open_seed_site"][start]
        rows.append((*energies, open_.mean(), open_[-8:].mean()))
    names = ["open_site", "open_seed_site", "unpaired_site", "unpaired_seed_site"]
    return pd.DataFrame(rows, columns=names)


def _around(mrnas: list[str], starts: np.ndarray) -> tuple[list[str], list[int]]:
    """What has to be folded for each site: the mRNA, or the part around it where that is less.

    Folding is local: no window that holds the site reaches beyond `_REACH`, so the part gives the
    numbers of the whole.
    """
    sites: dict[str, set[int]] = {}
    for mrna, start in zip(mrnas, starts, strict=True):
        sites.setdefault(mrna, set()).add(int(start))
    texts, places = [], []
    for mrna, start in zip(mrnas, starts, strict=True):
        first = 0
        if len(sites[mrna]) * (2 * _REACH + GUIDE) < len(mrna):
            first = max(0, int(start) - _REACH)
            mrna = mrna[first : int(start) + GUIDE + _REACH]
        texts.append(mrna)
        places.append(int(start) - first)
    return texts, places


def _target(mrnas: list[str], starts: np.ndarray) -> pd.DataFrame:
    around = [context(mrna, int(start)) for mrna, start in zip(mrnas, starts, strict=True)]
    side = (CONTEXT - GUIDE) // 2
    flanks = kmer_counts([text[:side] + text[-side:] for text in around], 1, RNA)
    total = np.maximum(flanks.sum(axis=1), 1)
    lengths = np.array([len(mrna) for mrna in mrnas])
    return pd.DataFrame(
        {
            "gc_context": np.nan_to_num(gc_content(around, RNA), nan=0.5),
            "a_flank": flanks[:, RNA.letters.index("A")] / total,
            "u_flank": flanks[:, RNA.letters.index("U")] / total,
            "place": starts / np.maximum(lengths - GUIDE, 1),
            "log_length": np.log(lengths),
        }
    )


def _steps(guides: list[str]) -> pd.DataFrame:
    energies = thermodynamics.stack_energies(guides)[:, : GUIDE - 3]
    return pd.DataFrame(energies, columns=[f"step_{i:02d}" for i in range(1, GUIDE - 2)])


def _words(guides: list[str]) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(kmer_counts(guides, k, RNA), columns=[f"count_{word}" for word in kmers(k, RNA)])
            for k in (1, 2, 3)
        ],
        axis=1,
    )


def _rules(guides: list[str]) -> pd.DataFrame:
    found = design_rules.hits(guides)
    return pd.concat([found, design_rules.score(found).add_prefix("score ")], axis=1)
