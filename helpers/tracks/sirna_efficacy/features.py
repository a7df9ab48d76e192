"""The hand-made features of a guide and its site: each named, with its unit and its source.

`compute` gives one row a pair of guide and mRNA; `catalogue` says what each column is. All but the
folding are plain counts; the folding (ViennaRNA, in this process or in several) is kept on disk
under the hash of what was folded.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.rna import thermodynamics
from helpers.rna.cache import Arrays, cached
from helpers.rna.folding import fold_many, opening_energy, unpaired_many
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import gc_content, kmer_counts, kmers
from helpers.tracks.sirna_efficacy import design_rules
from helpers.tracks.sirna_efficacy.target_sites import FLANK, GUIDE, context, is_site

# Where the features of each group come from; the rules have sources of their own.
SOURCES = {
    "thermodynamics": "Xia 1998, doi:10.1021/bi9809425",
    "asymmetry": "Schwarz 2003, doi:10.1016/S0092-8674(03)00759-1",
    "seed": "Ui-Tei 2008, doi:10.1093/nar/gkn042",
    "composition": "counted",
    "guide structure": "ViennaRNA, Lorenz 2011, doi:10.1186/1748-7188-6-26",
    "site": "ViennaRNA, Bernhart 2011, doi:10.1186/1748-7188-6-3",
    "target": "counted",
}

SEED = slice(1, 8)
# For each accessibility: nucleotides that lie open together, and their offset in the site. The
# eight that meet the guide's 5' end stand at the site's 3' end.
_OPENED = (("open_site", GUIDE, 0), ("open_seed_site", 8, GUIDE - 8), ("unpaired_nt", 1, 0))

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


class Folding(NamedTuple):
    """How folding is done: in how many processes, and the folder that keeps results by content."""

    workers: int = 1
    folder: str | Path | None = None


KEEP_NOTHING = Folding()


@functools.cache
def catalogue() -> pd.DataFrame:
    """What each feature is: ``feature, unit, group, what, source``, in the order of `compute`.

    Treat it as read-only.

    Examples
    --------
    >>> catalogue().set_index("feature").loc["asymmetry", "unit"]
    'kcal/mol'
    """
    rows = [(*row, SOURCES[row[2]]) for row in _PLAIN]
    for step in range(1, GUIDE - 2):
        what = f"step from guide position {step} to {step + 1}"
        rows.append((f"step_{step:02d}", "kcal/mol", "thermodynamics", what, SOURCES["thermodynamics"]))
    for word in (word for k in (1, 2, 3) for word in kmers(k, RNA)):
        rows.append((f"count_{word}", "count", "k-mers", f"{word} in the guide", "counted"))
    for rule in design_rules.RULES:
        unit = "count" if "15-19" in rule.name else "0 or 1"
        rows.append((rule.name, unit, "rules", "rule", design_rules.SOURCES[rule.author]))
    for author in design_rules.AUTHORS:
        source = design_rules.SOURCES[author]
        rows.append((f"score {author}", "points", "rules", "sum of the rules", source))
    return pd.DataFrame(rows, columns=["feature", "unit", "group", "what", "source"])


def compute(
    guides: Sequence[str], mrnas: Sequence[str], starts: Sequence[int], *, folding: Folding = KEEP_NOTHING
) -> pd.DataFrame:
    """Features of guides (21 nt, antisense) at their sites (0-based) on their mRNAs.

    Returns
    -------
    pandas.DataFrame, dtype=float64
        One row a guide; the columns are the features of `catalogue`, in its order.

    Raises
    ------
    ValueError
        If the three differ in number, a guide is not of 21 RNA letters, or the 19 nt that pair do
        not lie within the mRNA; the message names the row.

    Examples
    --------
    >>> table = compute(["UGCUAACGUACGUAACCGGUU"], ["GGAACCGGUUACGUACGUUAGCACC"], [2])
    >>> table.shape[0], round(float(table["gc_core"].iloc[0]), 3)
    (1, 0.526)
    """
    guides, mrnas, places = list(guides), list(mrnas), np.asarray(starts, dtype=np.int64)
    _check(guides, mrnas, places)
    found = design_rules.hits(guides)
    columns = {
        **_duplex(guides),
        **_composition(guides),
        **_structure(guides, folding),
        **_site(mrnas, places, folding),
        **_target(mrnas, places),
        **found,
        **design_rules.score(found).add_prefix("score "),
    }
    return pd.DataFrame(columns)[catalogue()["feature"].tolist()].astype(np.float64)


def accessibility(mrna: str, folding: Folding = KEEP_NOTHING) -> dict[str, np.ndarray]:
    """How open each site of an mRNA lies.

    Returns
    -------
    dict of str to numpy.ndarray
        ``open_site`` and ``open_seed_site`` (kcal/mol) for each of the length - 20 sites,
        ``unpaired_nt`` (probability) for each nucleotide.

    Examples
    --------
    >>> profile = accessibility("GGGGGAAAACCCCCAAAAAAAAAAA")
    >>> len(profile["open_site"]), bool(profile["unpaired_nt"][6] > profile["unpaired_nt"][1])
    (5, True)
    """
    if len(mrna) < GUIDE:
        raise ValueError(f"the mRNA has {len(mrna)} nt; expected at least the {GUIDE} of a site")
    return _profiles([mrna], folding)[mrna]


def _check(guides: list[str], mrnas: list[str], starts: np.ndarray) -> None:
    if not len(guides) == len(mrnas) == len(starts):
        counts = f"{len(guides)} guides, {len(mrnas)} mRNAs and {len(starts)} starts"
        raise ValueError(f"found {counts}; expected one of each a row")
    for row, (guide, mrna, start) in enumerate(zip(guides, mrnas, starts, strict=True)):
        if len(guide) != GUIDE or not is_site(start, mrna):
            given = f"a guide of {len(guide)} nt at {start} on an mRNA of {len(mrna)} nt"
            raise ValueError(f"row {row}: {given}; expected {GUIDE} nt at a site within the mRNA")


def _duplex(guides: list[str]) -> dict[str, np.ndarray]:
    ends = thermodynamics.end_energies(guides)
    steps = thermodynamics.stack_energies(guides)
    return {
        "energy_duplex": thermodynamics.duplex_energy(guides),
        "energy_5_end": ends[:, 0],
        "energy_3_end": ends[:, 1],
        "energy_seed": thermodynamics.duplex_energy(guides, start=1, stop=8),
        "energy_middle": steps[:, 8:11].sum(axis=1),
        "asymmetry": ends[:, 0] - ends[:, 1],
        "seed_melting": thermodynamics.seed_melting(guides),
        **{f"step_{step:02d}": steps[:, step - 1] for step in range(1, GUIDE - 2)},
    }


def _composition(guides: list[str]) -> dict[str, np.ndarray]:
    parts = {"gc_core": (0, 19), "gc_seed": (1, 8), "gc_5_third": (0, 7), "gc_3_third": (12, 19)}
    shares = {name: _gc([guide[a:b] for guide in guides]) for name, (a, b) in parts.items()}
    codes = np.stack([RNA.encode(guide) for guide in guides])
    same = [design_rules.longest_run(codes, letter) for letter in RNA.letters]
    runs = {"run_same": np.max(same, axis=0), "run_gc": design_rules.longest_run(codes, "GC")}
    words = {
        f"count_{word}": column
        for k in (1, 2, 3)
        for word, column in zip(kmers(k, RNA), kmer_counts(guides, k, RNA).T, strict=True)
    }
    return shares | runs | words


def _gc(texts: list[str]) -> np.ndarray:
    return np.nan_to_num(gc_content(texts, RNA), nan=0.5)


def _structure(guides: list[str], folding: Folding) -> dict[str, np.ndarray]:
    distinct, rows = np.unique(guides, return_inverse=True)

    def fold(sequences: Sequence[str]) -> Arrays:
        folds = fold_many(sequences, workers=folding.workers if len(sequences) > 1000 else 1)
        paired = np.stack([fold.pair_probability for fold in folds])
        return {
            "fold_energy": np.array([fold.energy for fold in folds]),
            "fold_ensemble": np.array([fold.ensemble_energy for fold in folds]),
            "paired_seed": paired[:, SEED].mean(axis=1),
            "paired_guide": paired.mean(axis=1),
        }

    found = cached(folding.folder, distinct.tolist(), {"what": "guide", "version": 1}, compute=fold)
    return {name: values[rows] for name, values in found.items()}


def _profiles(mrnas: Sequence[str], folding: Folding) -> dict[str, dict[str, np.ndarray]]:
    distinct = sorted(set(mrnas))
    nucleotides = sum(map(len, distinct))
    workers = folding.workers if nucleotides > 20_000 else 1
    found: dict[str, dict[str, np.ndarray]] = {mrna: {} for mrna in distinct}
    for name, length, offset in _OPENED:
        settings = {"what": name, "length": length, "window": 80, "span": 40, "version": 1}

        def fold(sequences: Sequence[str], length: int = length) -> Arrays:
            folded = unpaired_many(sequences, length=length, workers=workers, progress=nucleotides > 100_000)
            return {str(row): values for row, values in enumerate(folded)}

        arrays = cached(folding.folder, distinct, settings, compute=fold)
        for row, mrna in enumerate(distinct):
            values = arrays[str(row)]
            found[mrna][name] = opening_energy(values)[offset:] if length > 1 else values
    return found


def _site(mrnas: list[str], starts: np.ndarray, folding: Folding) -> dict[str, np.ndarray]:
    around = _around(mrnas, starts)
    profiles = _profiles([text for text, _ in around], folding)
    rows = []
    for text, start in around:
        profile = profiles[text]
        lies_open = profile["unpaired_nt"][start : start + GUIDE]
        energies = profile["open_site"][start], profile["open_seed_site"][start]
        rows.append((*energies, lies_open.mean(), lies_open[-8:].mean()))
    names = ["open_site", "open_seed_site", "unpaired_site", "unpaired_seed_site"]
    return dict(zip(names, np.transpose(rows), strict=True))


def _around(mrnas: list[str], starts: np.ndarray) -> list[tuple[str, int]]:
    """What has to be folded for each site: the mRNA, or the part around it where that is less.

    Folding is local: no window that holds the site reaches beyond `_REACH`, so the part gives the
    numbers of the whole. N stand in for what a site has beyond the mRNA's first letter.
    """
    sites: dict[str, set[int]] = {}
    for mrna, start in zip(mrnas, starts.tolist(), strict=True):
        sites.setdefault(mrna, set()).add(start)
    found = []
    for mrna, start in zip(mrnas, starts.tolist(), strict=True):
        first, last = 0, len(mrna)
        if len(sites[mrna]) * (2 * _REACH + GUIDE) < len(mrna):
            first, last = max(0, start - _REACH), start + GUIDE + _REACH
        beyond = max(-start, 0)
        found.append((RNA.unknown * beyond + mrna[first:last], start + beyond - first))
    return found


def _target(mrnas: list[str], starts: np.ndarray) -> dict[str, np.ndarray]:
    around = [context(mrna, start) for mrna, start in zip(mrnas, starts.tolist(), strict=True)]
    flanks = kmer_counts([text[:FLANK] + text[-FLANK:] for text in around], 1, RNA)
    total = np.maximum(flanks.sum(axis=1), 1)
    lengths = np.array([len(mrna) for mrna in mrnas])
    return {
        "gc_context": _gc(around),
        "a_flank": flanks[:, RNA.letters.index("A")] / total,
        "u_flank": flanks[:, RNA.letters.index("U")] / total,
        "place": np.maximum(starts, 0) / np.maximum(lengths - GUIDE, 1),
        "log_length": np.log(lengths),
    }
