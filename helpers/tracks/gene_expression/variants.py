"""Two alleles of one promoter: what was measured between them, what is predicted, what is called."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from helpers import splits
from helpers.sequences.alphabet import DNA
from helpers.sequences.encoding import encode_batch, reverse_complement
from helpers.stats import metrics, results
from helpers.tracks.gene_expression import simulate
from helpers.tracks.gene_expression.data import TESTED, Expression
from helpers.tracks.gene_expression.predictors import Ridge
from helpers.tracks.gene_expression.promoters import PromoterTable

COLUMNS = ("id", "ref_sequence", "alt_sequence", "group", "position", "changes", "ref", "alt")
"""Columns of a table of alleles: the promoter, its two sequences, the locus, where the first letter
differs (from 0), how many differ, and the rows of both in the promoters (-1: in none)."""
_NOISE_SEED = 1
Predict = Callable[[list[str]], np.ndarray]
"""Takes promoters, gives values of shape (n, cell types)."""


class Alleles(NamedTuple):
    """Pairs of alleles and what was measured of them.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns `COLUMNS`, one row a pair.
    measured : dict of str to numpy.ndarray, shape=(n, replicates)
        For each cell type the value of the second allele minus that of the first, replicate by
        replicate; NaN where one was not measured.
    """

    table: pd.DataFrame
    measured: dict[str, np.ndarray]

    def mean(self) -> pd.DataFrame:
        """Difference of each pair in each cell type, the mean over its replicates."""
        return pd.DataFrame({cell: _row_means(values) for cell, values in self.measured.items()})

    def take(self, rows: np.ndarray) -> Alleles:
        """Some of the pairs, by their row numbers."""
        kept = {cell: values[rows] for cell, values in self.measured.items()}
        return Alleles(self.table.iloc[rows].reset_index(drop=True), kept)


def in_assay(data: Expression, *, most: int = 2) -> Alleles:
    r"""Pairs of measured promoters of one locus that differ by a letter or two.

    Parameters
    ----------
    data : Expression
    most : int
        Letters by which the sequences of a pair may differ.

    Examples
    --------
    >>> from helpers.tracks.gene_expression.data import from_own
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "own.csv"
    >>> _ = path.write_text("id,sequence,group,K562\na,ACGT,x,1\nb,ACGA,x,3\nc,TTTT,x,2\n")
    >>> found = in_assay(from_own(path))
    >>> found.table[["id", "position", "changes"]].values.tolist(), found.mean()["K562"].tolist()
    ([['a', 3, 1]], [2.0])
    """
    promoters = data.promoters
    of_group = promoters.index[promoters["kind"] == TESTED].groupby(
        promoters.loc[promoters["kind"] == TESTED, "group"]
    )
    found: list[tuple[int, int, int, int]] = []
    for rows in (rows.to_numpy() for rows in of_group.values() if len(rows) > 1):
        codes = encode_batch(promoters["sequence"].iloc[rows].tolist(), DNA)
        differs = codes[:, None] != codes[None]
        counts = differs.sum(axis=2)
        for a, b in np.argwhere(np.triu((counts > 0) & (counts <= most), k=1)):
            found.append((int(rows[a]), int(rows[b]), int(differs[a, b].argmax()), int(counts[a, b])))
    pairs = pd.DataFrame(sorted(found), columns=["ref", "alt", "position", "changes"])
    texts, ref, alt = promoters["sequence"], pairs["ref"].to_numpy(), pairs["alt"].to_numpy()
    table = pairs.assign(
        id=promoters["id"].to_numpy()[ref], ref_sequence=texts.to_numpy()[ref],
        alt_sequence=texts.to_numpy()[alt], group=promoters["group"].to_numpy()[ref],
    )[list(COLUMNS)]  # fmt: skip
    measured = {cell: _finite(values)[alt] - _finite(values)[ref] for cell, values in data.replicates.items()}
    return Alleles(table, measured)


def planted(data: Expression, truth: str | Path, *, rows: Sequence[int], seed: int = _NOISE_SEED) -> Alleles:
    """Alleles of simulated promoters, whose effects follow from the rule of the simulation.

    In each promoter one element becomes its look-alike, or one look-alike an element, by one letter; and
    in a second pair one letter outside all elements is another one, which by the rule does nothing.

    Parameters
    ----------
    data : Expression
        The simulated sample.
    truth : str or pathlib.Path
        Its ``truth_elements.csv``.
    rows : sequence of int
        Which promoters.
    seed : int
        Of the places and of the noise, which is that of the sample's measurements.

    Returns
    -------
    Alleles
        ``table`` has the column ``true_<cell type>`` besides: the effect without noise.
    """
    rng, plan = np.random.default_rng(seed), simulate.Plan()
    known = pd.read_csv(truth, keep_default_na=False)
    known["alike"] = known["why"] == "look-alike"
    of_promoter = dict(list(known.groupby("id")))
    made, effects = [], []
    for row in rows:
        one = data.promoters.iloc[row]
        text, length = str(one["sequence"]), len(str(one["sequence"]))
        placed = of_promoter[one["id"]].to_dict("records") if one["id"] in of_promoter else []
        free = np.setdiff1d(np.arange(length), [n for e in placed for n in range(e["start"], e["stop"])])
        changed = [_turned(text, placed, rng)] if placed else []
        at = int(rng.choice(free))
        letter = rng.choice([x for x in DNA.letters if x != text[at]])
        changed.append((f"{text[:at]}{letter}{text[at + 1 :]}", placed))
        for alt, after in changed:
            differs = np.flatnonzero(np.array(list(alt)) != np.array(list(text)))
            made.append((one["id"], text, alt, one["group"], int(differs[0]), len(differs), row, -1))
            effects.append(simulate.expression(after, length) - simulate.expression(placed, length))
    exact = pd.DataFrame(effects, columns=list(simulate.CELL_TYPES)).add_prefix("true_")
    noise = rng.normal(0, plan.noise * np.sqrt(2), (len(made), len(simulate.CELL_TYPES), plan.replicates))
    measured = {
        cell: exact[f"true_{cell}"].to_numpy()[:, None] + noise[:, number]
        for number, cell in enumerate(simulate.CELL_TYPES)
    }
    return Alleles(pd.concat([pd.DataFrame(made, columns=list(COLUMNS)), exact], axis=1), measured)


def out_of_fold(predictions: pd.DataFrame, alleles: Alleles, *, model: str, protocol: str) -> pd.DataFrame:
    """Predicted differences of measured pairs, from runs in which both alleles were in the test part.

    Parameters
    ----------
    predictions : pandas.DataFrame
        ``row, run, task, p, model, protocol`` as the training notebook keeps them.

    Returns
    -------
    pandas.DataFrame, shape=(n, cell types)
        The mean over the runs that tested the pair; NaN where none did.
    """
    chosen = predictions[(predictions["model"] == model) & (predictions["protocol"] == protocol)]
    found = {}
    for cell in alleles.measured:
        of_run = chosen[chosen["task"] == cell].pivot_table(index="row", columns="run", values="p")
        ref, alt = (of_run.reindex(alleles.table[side]).to_numpy() for side in ("ref", "alt"))
        found[cell] = _row_means(alt - ref)
    return pd.DataFrame(found)


def ridge(data: Expression, alleles: Alleles, ids: Sequence[str], *, seed: int = 0) -> pd.DataFrame:
    """Differences by ridge regression on words of 1 to 5 letters.

    Parameters
    ----------
    ids : sequence of str
        The promoters to learn from; loci of a fifth of them choose the penalty.

    Returns
    -------
    pandas.DataFrame, shape=(n, cell types)
    """
    n, pairs = len(data.promoters), len(alleles.table)
    texts = [data.promoters["sequence"], alleles.table["ref_sequence"], alleles.table["alt_sequence"]]
    nothing = np.full((2 * pairs, len(data.cell_types)), np.nan)
    table = PromoterTable(
        [str(text) for part in texts for text in part], np.vstack([data.values.to_numpy(), nothing])
    )
    rows = np.flatnonzero(data.promoters["id"].isin(ids))
    first = splits.grouped_kfold(data.promoters["group"].to_numpy(object)[rows], k=5, valid=0.1, seed=seed)[0]
    model = Ridge(table)
    model.fit(rows[np.concatenate([first.train, first.valid])], rows[first.test])
    both = model.predict(np.arange(n, n + 2 * pairs))
    return pd.DataFrame(both[pairs:] - both[:pairs], columns=data.cell_types)


def predicted(predict: Predict, table: pd.DataFrame, cell_types: Sequence[str]) -> pd.DataFrame:
    """What a model says of each pair: the second allele minus the first, shape=(n, cell types)."""
    both = predict([*table["ref_sequence"], *table["alt_sequence"]])
    return pd.DataFrame(both[len(table) :] - both[: len(table)], columns=list(cell_types))


def agreement(alleles: Alleles) -> pd.DataFrame:
    """How well two replicates agree about the differences, and what that allows a model to reach.

    Returns
    -------
    pandas.DataFrame
        A row a cell type: ``task, replicates``; ``pearson``, the mean correlation of two
        replicates; and ``ceiling``, the correlation with the mean over all replicates that the
        true difference would have (Spearman and Brown): its root is taken of the mean's reliability.

    Examples
    --------
    >>> pairs = Alleles(pd.DataFrame(index=range(3)), {"K562": np.array([[0, 0.0], [1, 1], [2, 2]])})
    >>> agreement(pairs).round(2).values.tolist()
    [['K562', 2, 1.0, 1.0]]
    """
    rows = []
    for cell, values in alleles.measured.items():
        pairs = itertools.combinations(range(values.shape[1]), 2)
        r = float(np.mean([_pearson(values[:, a], values[:, b]) for a, b in pairs]))
        count = values.shape[1]
        mean = count * max(r, 0.0) / (1 + (count - 1) * max(r, 0.0))
        rows.append((cell, count, r, float(np.sqrt(mean))))
    return pd.DataFrame(rows, columns=["task", "replicates", "pearson", "ceiling"])


def scored(
    alleles: Alleles, models: dict[str, pd.DataFrame], *, dataset: str, protocol: str,
    n_boot: int = 1000, seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Correlation of predicted with measured differences, and of how far the first model is ahead.

    Parameters
    ----------
    models : dict of str to pandas.DataFrame
        Predicted differences of each model; the first is compared with every other one. Pairs that
        any of them lacks count for none.

    Returns
    -------
    scores, gains : pandas.DataFrame
        Rows of the results table, and rows for `helpers.stats.verdicts`; intervals draw whole loci.
    """
    measured = alleles.mean()
    first, *others = models
    scores, gains = [], []
    for cell in measured:
        values = {name: found[cell].to_numpy() for name, found in models.items()}
        there = np.isfinite(np.column_stack([measured[cell], *values.values()])).all(axis=1)
        y, groups = measured[cell].to_numpy()[there], alleles.table["group"].to_numpy(str)[there]
        for name, p in values.items():
            found = metrics.regression(y, p[there], groups=groups, n_boot=n_boot, seed=seed)
            kept = found[found["metric"].isin(["pearson", "spearman"])]
            scores.append(
                results.tidy(kept, dataset=dataset, task=cell, protocol=protocol, model=name, seed=seed)
            )
        for name in others:
            gain = metrics.difference(
                y, values[first][there], values[name][there], metric="pearson", groups=groups,
                n_boot=n_boot, seed=seed,
            )  # fmt: skip
            named = {"protocol": protocol, "task": cell, "model": first, "minus": name, "metric": "pearson"}
            gains.append({**named, "value": gain.value, "ci_low": gain.ci_low, "ci_high": gain.ci_high,
                          "n": int(there.sum())})  # fmt: skip
    return pd.concat(scores, ignore_index=True), pd.DataFrame(gains)


def measured_q(values: np.ndarray) -> np.ndarray:
    """False-discovery rate at which each measured difference is called, against alleles exchanged.

    In every replicate the two alleles change their names or not, such that as many do as do not; that
    undoes a true effect and keeps the noise. The statistic is the mean over its error, to which the
    median error is added lest a tiny one by chance makes a call.

    Parameters
    ----------
    values : numpy.ndarray, shape=(n, replicates)
        Differences; a pair with a gap gets NaN.
    """
    there = np.isfinite(values).all(axis=1)
    kept, count = values[there], values.shape[1]
    found = np.full(len(values), np.nan)
    if count < 2 or not len(kept):
        return found
    signs = np.array([(1, *rest) for rest in itertools.product((1, -1), repeat=count - 1)])
    signs = signs[np.abs(signs.sum(axis=1)) == count % 2]
    shift = float(np.median(kept.std(axis=1, ddof=1)) / np.sqrt(count))
    null = np.concatenate([_over_error(kept * one, shift) for one in signs])
    found[there] = q_values(_over_error(kept, shift), null)
    return found


def q_values(found: np.ndarray, null: np.ndarray) -> np.ndarray:
    """False-discovery rate (Benjamini and Hochberg) of each value against values without an effect.

    Both count by their size, whatever their sign; NaN stays NaN.

    Examples
    --------
    >>> q_values(np.array([5.0, -0.1]), np.linspace(-1, 1, 199)).round(2).tolist()
    [0.01, 0.9]
    """
    q = np.full(len(found), np.nan)
    there = np.isfinite(found)
    sizes = np.sort(np.abs(null[np.isfinite(null)]))
    as_large = sizes.size - np.searchsorted(sizes, np.abs(found[there]), side="left")
    if there.any():
        q[there] = false_discovery_control((1 + as_large) / (1 + sizes.size))
    return q


def random_changes(table: pd.DataFrame, *, n: int = 500, seed: int = 0) -> pd.DataFrame:
    """Pairs whose second allele has other letters at random places: what any change does to a model.

    Parameters
    ----------
    table : pandas.DataFrame
        Alleles; promoters and numbers of changed letters are drawn from them.
    """
    rng = np.random.default_rng(seed)
    made = []
    for row in rng.integers(len(table), size=n):
        letters = list(str(table["ref_sequence"].iat[row]))
        count = min(max(1, int(table["changes"].iat[row])), len(letters))
        for at in rng.choice(len(letters), size=count, replace=False):
            letters[at] = rng.choice([x for x in DNA.letters if x != letters[at]])
        made.append((table["ref_sequence"].iat[row], "".join(letters)))
    return pd.DataFrame(made, columns=["ref_sequence", "alt_sequence"])


def every_change(predict: Predict, sequence: str, cell: int) -> np.ndarray:
    """What each other letter at each position would change, shape=(4, length); 0 for the own letter.

    Examples
    --------
    >>> def share_of_a(texts):
    ...     return np.array([[text.count("A")] for text in texts])
    >>> every_change(share_of_a, "AC", 0)[0].tolist()
    [0, 1]
    """
    texts = [
        sequence[:at] + letter + sequence[at + 1 :] for letter in DNA.letters for at in range(len(sequence))
    ]
    values = predict([sequence, *texts])[:, cell]
    return (values[1:] - values[0]).reshape(len(DNA.letters), len(sequence))


def _turned(
    text: str, placed: list[simulate.Element], rng: np.random.Generator
) -> tuple[str, list[simulate.Element]]:
    """The promoter in which one element is its look-alike, or the other way round."""
    chosen = int(rng.integers(len(placed)))
    one = placed[chosen]
    word = simulate.MOTIFS[one["element"]][not one["alike"]]
    word = word if one["strand"] == "+" else reverse_complement(word, DNA)
    after = [*placed[:chosen], one | {"alike": not one["alike"]}, *placed[chosen + 1 :]]
    return text[: one["start"]] + word + text[one["stop"] :], after


def _over_error(values: np.ndarray, shift: float) -> np.ndarray:
    error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
    return values.mean(axis=1) / (error + shift + 1e-12)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _row_means(values: np.ndarray) -> np.ndarray:
    """Means of what is there; NaN for a row of gaps, without a warning."""
    there = np.isfinite(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    there = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[there], b[there])[0, 1])
