"""A set that others put together, as a test from outside: siRBench, or the simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from helpers.project import registry
from helpers.readers.fasta import iter_fasta
from helpers.sequences import composition, encoding
from helpers.sequences.alphabet import RNA

PARTS = {"train": "siRBench_train.csv", "within": "siRBench_test.csv", "left out": "siRBench_leftout.csv"}
"""Parts of siRBench and their files: cell lines of training, the same ones, and others."""


def from_registry(name: str = "sirbench") -> pd.DataFrame:
    """The three parts of siRBench, as our models need them.

    Its guides have 19 nt. Ours have 21: the last two are read off the target in front of the site. Of
    its mRNAs it gives 57 letters around the site, which stand for the whole mRNA here.

    Returns
    -------
    pandas.DataFrame
        ``part, guide`` (21 nt), ``mrna, start`` (of the site, from 0), ``efficacy, cell_line, source``.

    Raises
    ------
    ValueError
        If a file cannot be fetched, or a guide does not pair with its target.
    """
    paths = registry.fetch(name)
    found = []
    for part, file in PARTS.items():
        table = pd.read_csv(paths[file])
        rows = [
            _site(str(guide), str(around), file, line)
            for line, (guide, around) in enumerate(
                zip(table["siRNA"], table["extended_mRNA"], strict=True), 2
            )
        ]
        made = pd.DataFrame(rows, columns=["guide", "mrna", "start"])
        kept = table[["efficiency", "cell_line", "source"]].rename(columns={"efficiency": "efficacy"})
        found.append(made.join(kept).assign(part=part))
    return pd.concat(found, ignore_index=True)


def simulated(folder: str | Path) -> pd.DataFrame:
    """Guides of the sample on mRNAs of their own, with their true efficacies, in the same columns.

    Raises
    ------
    ValueError
        If a file of the sample is missing.
    """
    folder = Path(folder)
    # The truth knows no intron, which the file has in lower case, and counts from 1.
    spliced = str.maketrans("T", "U", "acgt")
    mrnas = {one.id: one.sequence.translate(spliced) for one in iter_fasta(folder / "predict_mRNA.fa")}
    table = pd.read_csv(folder / "truth_predict.csv")
    table["mRNA"] = "new_" + table["mRNA"]
    return pd.DataFrame({
        "guide": table["guide"], "mrna": table["mRNA"].map(mrnas), "start": table["start"] - 1,
        "efficacy": table["efficacy"], "cell_line": "simulated", "source": "sample", "part": "left out",
    })  # fmt: skip


def near(guides: Sequence[str], known: Sequence[str], *, k: int = 15) -> np.ndarray:
    """Which guides share a word of `k` letters with a known one.

    Examples
    --------
    >>> near(["ACGUA", "CCCCC"], ["UACGU"], k=4).tolist()
    [True, False]
    """
    words = {text[at : at + k] for text in known for at in range(len(text) - k + 1)}
    return np.array([any(text[at : at + k] in words for at in range(len(text) - k + 1)) for text in guides])


def predictions(told: pd.DataFrame, models: Sequence[str], *, fewest: int = 20) -> pd.DataFrame:
    """What `helpers.stats.scoring.score` reads: each part as a protocol, whole and without near guides.

    Parameters
    ----------
    told : pandas.DataFrame
        ``part, near, efficacy`` and a column a model.
    fewest : int
        A part with fewer guides is left out: a correlation of a handful says nothing.

    Examples
    --------
    >>> told = pd.DataFrame({"part": "left out", "near": [True, False], "efficacy": [0.1, 0.9], "a": 0.5})
    >>> predictions(told, ["a"], fewest=1)["protocol"].tolist()
    ['outside_left_out', 'outside_left_out', 'outside_left_out_new']
    """
    found = []
    for part, guides in told.groupby("part", sort=False):
        named = f"outside_{part}".replace(" ", "_")
        for protocol, chosen in ((named, guides), (f"{named}_new", guides[~guides["near"].astype(bool)])):
            rows = pd.DataFrame({"row": chosen.index, "y": chosen["efficacy"], "near": chosen["near"]})
            rows = rows.assign(protocol=protocol, group=chosen.index)
            found += [rows.assign(model=name, p=chosen[name]) for name in models if len(chosen) >= fewest]
    return pd.concat(found, ignore_index=True)


def ridge(guides: Sequence[str], efficacy: np.ndarray, asked: Sequence[str]) -> np.ndarray:
    """Efficacy by ridge regression on the letter at each place and the words of one to three letters.

    Parameters
    ----------
    guides : sequence of str
        To learn from; only the first 19 letters are read.
    asked : sequence of str
        To predict.
    """
    return Ridge(20.0).fit(_letters(guides), efficacy).predict(_letters(asked))


def _letters(guides: Sequence[str]) -> np.ndarray:
    texts = [text[:19] for text in guides]
    X = encoding.one_hot(texts, RNA, length=19).reshape(len(texts), -1)
    return np.hstack([X, *(composition.kmer_frequencies(texts, k, RNA) * 4 for k in (1, 2, 3))])


def _site(guide: str, around: str, file: str, line: int) -> tuple[str, str, int]:
    """The guide with two more letters, the target, and where the site of all 21 begins."""
    mrna = around.upper().replace("T", "U").replace("X", "N")
    at = mrna.find(encoding.reverse_complement(guide, RNA))
    if at < 2:
        raise ValueError(
            f"{file}, line {line}, column siRNA: found {guide!r}; expected a guide that pairs with a "
            "place in extended_mRNA, two letters or more from its left end. Fetch the file again"
        )
    return encoding.reverse_complement(mrna[at - 2 : at + 19], RNA), mrna, at - 2
