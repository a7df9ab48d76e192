"""Sentences that say what a number shows, made from the table and never typed.

A typed verdict outlives the number below it: another seed or another machine turns the difference,
and the sentence stays. Each function takes rows (of the results table, of `helpers.stats.scoring.compare`,
an `Interval` or a `Difference`) and gives plain English for a page of Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from helpers.stats.bootstrap import FEWEST_GROUPS
from helpers.stats.results import DIFFERENCE, MINUS

ERRORS = ("mse", "rmse", "mae", "brier", "ece")
"""Metrics of which less is better."""

_WORDS = {
    "auroc": "AUROC", "auprc": "AUPRC", "mcc": "MCC", "f1": "F1", "r2": "R²", "mse": "MSE", "rmse": "RMSE",
    "mae": "MAE", "ece": "ECE", "pearson": "Pearson's r", "spearman": "Spearman's rho",
    "brier": "Brier score", "explanation_auroc": "AUROC on sites",
    "explanation_auroc_decoy": "AUROC on decoys",
}  # fmt: skip


class _Number(NamedTuple):
    """A value, its interval, and what else its row says."""

    value: float
    low: float
    high: float
    row: Mapping[str, Any]

    @property
    def unsure(self) -> bool:
        return bool(np.isnan(self.low) or np.isnan(self.high))

    @property
    def runs(self) -> int:
        found = self.row.get("runs", 1)
        return 1 if pd.isna(found) else int(found)

    @property
    def sd(self) -> float:
        """Spread over runs; 0 of one run, which has none to show."""
        return float(self.row["sd"]) if self.runs > 1 else 0.0

    def side(self, of: float = 0.0) -> int:
        """1 above a number, -1 below, 0 where that is not shown.

        The interval knows other items, the spread knows other runs: the margin of error is the root of
        the sum of both squares, the one of the runs by Student's t, as they are few. In simulations a
        number at `of` is called off it in at most one case of twenty, whichever error is larger.
        """
        if self.unsure:
            return 0
        gap = self.value - of
        items = self.value - self.low if gap > 0 else self.high - self.value
        runs = t.ppf(0.975, self.runs - 1) * self.sd / np.sqrt(self.runs) if self.runs > 1 else 0.0
        return int(np.sign(gap)) if abs(gap) > np.hypot(items, runs) else 0

    def all_runs(self, of: float) -> int:
        """1 where every run must lie above a number, by their mean and spread, -1 below, else 0."""
        gap = self.value - of
        apart = abs(gap) > self.sd * (self.runs - 1) / np.sqrt(self.runs)
        return int(np.sign(gap)) if self.runs > 1 and apart else 0


def interval(row: Any, *, decimals: int = 3) -> str:
    """A value with its interval, or why there is none.

    Examples
    --------
    >>> interval({"value": 0.83, "ci_low": 0.79, "ci_high": 0.87})
    '0.830 (0.790 to 0.870)'
    >>> interval({"value": 0.83, "ci_low": float("nan"), "ci_high": float("nan"), "groups": 4})
    '0.830 (no interval: only 4 groups)'
    """
    number = _read(row)
    return f"{number.value:.{decimals}f} ({_ends(number, decimals)})"


def compare(
    row: Any, a: str | None = None, b: str | None = None, *, metric: str | None = None, decimals: int = 3
) -> str:
    """Whether model a is above model b, from a row of a paired difference (a minus b).

    A mean over runs must lie off 0 by its items and its runs together: three runs that disagree show
    less than their interval over items does.

    Parameters
    ----------
    row : mapping, pandas.Series, Difference or Interval
        Such as a row of `helpers.stats.scoring.compare` or of `helpers.stats.results.differences`, which
        also know `a`, `b` and `metric`.

    Examples
    --------
    >>> row = {"model": "ours", "minus": "trees", "metric": "auroc", "value": 0.03}
    >>> compare(row | {"ci_low": 0.01, "ci_high": 0.05})
    'Ours has a higher AUROC than trees, by 0.030 (0.010 to 0.050).'
    >>> compare(row | {"ci_low": -0.01, "ci_high": 0.07})
    'It is not shown whether ours or trees has the higher AUROC: the difference is +0.030 (-0.010 to 0.070).'
    """
    number = _read(row)
    pair = number.row.get("model", "a"), number.row.get("minus", "b")
    a, b = (_name(given or known) for given, known in zip((a, b), pair, strict=True))
    metric = str(metric or number.row.get("metric", ""))
    word, error = metric_name(metric), metric in ERRORS
    if not number.side():
        ahead = f"has the {'lower' if error else 'higher'} {word}" if word else "is ahead"
        difference = f"{number.value:+.{decimals}f} ({_ends(number, decimals)})"
        return f"It is not shown whether {a} or {b} {ahead}: the difference is {difference}."
    above = number.value > 0
    # The size of a difference, from its smaller to its larger end.
    size = number if above else number._replace(low=-number.high, high=-number.low)
    by = f"{abs(number.value):.{decimals}f} ({_ends(size, decimals)})"
    if not word:
        return f"{_first(a)} is {'above' if above else 'below'} {b} by {by}."
    side = "higher" if above else "lower"
    if error:
        return f"{_first(a)} is {'worse' if above else 'better'} than {b}: its {word} is {side} by {by}."
    return f"{_first(a)} has a {side} {word} than {b}, by {by}."


def shown(row: Any, bound: float = 0.0) -> int:
    """1 where a number is shown to lie above a bound, -1 below it, 0 where neither is shown.

    Examples
    --------
    >>> shown({"value": 0.03, "ci_low": 0.01, "ci_high": 0.05})
    1
    >>> shown({"value": 0.03, "ci_low": -0.01, "ci_high": 0.05})
    0
    """
    return _read(row).side(bound)


def beyond(row: Any, *, decimals: int = 3) -> str:
    """A difference as so much more or less, with its interval.

    Examples
    --------
    >>> beyond({"value": -0.34, "ci_low": -1.2, "ci_high": 0.6}, decimals=1)
    '0.3 (-0.6 to 1.2) less'
    """
    number = _read(row)
    if number.value < 0:
        number = number._replace(value=-number.value, low=-number.high, high=-number.low)
        return f"{number.value:.{decimals}f} ({_ends(number, decimals)}) less"
    return f"{number.value:.{decimals}f} ({_ends(number, decimals)}) more"


def each(differences: pd.DataFrame, *, by: Iterable[str] = ("task", "protocol"), decimals: int = 3) -> str:
    """A list in Markdown, a sentence for each row of `helpers.stats.scoring.compare`.

    Where rows differ in a column of `by`, its value stands in front.

    Examples
    --------
    >>> rows = pd.DataFrame({"protocol": ["random", "cold"], "model": "ours", "minus": "trees",
    ...     "metric": "auroc", "value": [0.03, 0.01], "ci_low": [0.01, -0.02], "ci_high": [0.05, 0.04]})
    >>> each(rows).splitlines()[0]
    '- random: Ours has a higher AUROC than trees, by 0.030 (0.010 to 0.050).'
    """
    names = [name for name in by if name in differences and differences[name].nunique() > 1]
    lines = []
    for row in differences.to_dict("records"):
        where = ", ".join(_name(row[name]) for name in names)
        lines.append(f"- {where}: " if where else "- ")
        lines[-1] += compare(row, decimals=decimals)
    return "\n".join(lines)


def above(row: Any, bound: float, *, name: str, rival: str, metric: str = "", decimals: int = 3) -> str:
    """Whether a number lies above a fixed one, such as chance or a published figure.

    Examples
    --------
    >>> row = {"value": 0.83, "ci_low": 0.79, "ci_high": 0.87}
    >>> above(row, 0.5, name="ours", rival="chance", metric="auroc")
    'Ours has an AUROC of 0.830 (0.790 to 0.870), above chance (0.500).'
    >>> above(row, 0.81, name="ours", rival="the published model")
    'Ours is at 0.830 (0.790 to 0.870), not shown to be above the published model (0.810).'
    """
    number = _read(row)
    metric = str(metric or number.row.get("metric", ""))
    word = metric_name(metric)
    of = f"has {_article(word)} {word} of" if metric else "is at"
    text, fixed = (
        f"{_first(_name(name))} {of} {interval(row, decimals=decimals)}",
        f"{rival} ({bound:.{decimals}f})",
    )
    sides = {1: "worse than", -1: "better than"} if metric in ERRORS else {1: "above", -1: "below"}
    if not (side := number.side(bound)):
        return f"{text}, not shown to be {sides[-1 if metric in ERRORS else 1]} {fixed}."
    return f"{text}, {sides[side]} {fixed}."


def covered(row: Any, promised: float) -> str:
    """Whether intervals hold the measured value as often as promised.

    Examples
    --------
    >>> covered({"value": 0.98, "ci_low": 0.966, "ci_high": 0.993}, 0.9)
    '98.0 % (96.6 to 99.3) of the values lie inside their 90 % interval, so the intervals are too wide.'
    """
    number = _read(row)
    value, low, high = (f"{100 * share:.1f}" for share in (number.value, number.low, number.high))
    said = {1: "so the intervals are too wide", -1: "so the intervals are too narrow"}
    verdict = said.get(number.side(promised), "and the intervals are not shown to be too wide or too narrow")
    inside = f"of the values lie inside their {100 * promised:.0f} % interval"
    return f"{value} % ({low} to {high}) {inside}, {verdict}."


def best_possible(
    row: Any, best: float, *, name: str, metric: str = "", tolerance: float = 0.02, decimals: int = 3
) -> str:
    """Whether a model is at the best score that the noise of the labels allows (the Bayes score).

    Parameters
    ----------
    best : float
        Score of the true probability or mean on the noisy labels, as a sample's truth states it.
    tolerance : float
        How far below still counts as there.

    Examples
    --------
    >>> row = {"value": 0.91, "ci_low": 0.89, "ci_high": 0.93}
    >>> best_possible(row, 0.92, name="ours", metric="auroc")
    'Ours reaches the best possible AUROC (0.920) to within 0.02: it has 0.910 (0.890 to 0.930).'
    >>> best_possible(row, 0.99, name="ours", metric="auroc")
    'Ours falls short of the best possible AUROC (0.990) by 0.080: it has 0.910 (0.890 to 0.930).'
    """
    number = _read(row)
    metric = str(metric or number.row.get("metric", ""))
    left = number.value - best if metric in ERRORS else best - number.value
    what = f"the best possible {metric_name(metric) or 'score'} ({best:.{decimals}f})"
    found = interval(row, decimals=decimals)
    if left <= tolerance:
        return f"{_first(_name(name))} reaches {what} to within {tolerance:g}: it has {found}."
    return f"{_first(_name(name))} falls short of {what} by {left:.{decimals}f}: it has {found}."


def best(differences: pd.DataFrame, *, decimals: int = 3) -> str:
    """Whether one model is the best of a table, and which rivals are not shown to differ.

    Parameters
    ----------
    differences : pandas.DataFrame
        As `helpers.stats.scoring.compare` gives them: one model against its rivals, under one protocol,
        for one task and metric.

    Examples
    --------
    >>> rows = pd.DataFrame({"model": "ours", "minus": ["trees", "kmers", "control"], "metric": "auroc",
    ...     "value": [0.01, 0.05, 0.3], "ci_low": [-0.02, 0.02, 0.2], "ci_high": [0.04, 0.08, 0.4]})
    >>> best(rows.iloc[:2])
    'Ours has the highest AUROC of the 3 models. It is shown to beat kmers, but not trees.'
    """
    read = [_read(row) for row in differences.to_dict("records")]
    for name in ("model", "metric", "protocol", "task"):
        if (values := len({one.row[name] for one in read if name in one.row})) > 1:
            raise ValueError(
                f"best: the differences have {values} values of {name}; expected one. "
                "Select the rows of one comparison"
            )
    numbers, first = {_name(one.row["minus"]): one for one in read}, read[0].row
    ours, metric, error = _name(first["model"]), str(first["metric"]), first["metric"] in ERRORS
    sign = -1 if error else 1
    ahead = [name for name, one in numbers.items() if sign * one.value < 0]
    won = [name for name, one in numbers.items() if sign * one.side() > 0]
    lost = [name for name, one in numbers.items() if sign * one.side() < 0]
    open_ = [name for name in numbers if name not in won and name not in lost]
    most, scored = ("lowest", "lower") if error else ("highest", "higher")
    text = f"{_first(ours)} has the {most} {metric_name(metric)} of the {len(numbers) + 1} models."
    if ahead:
        text = text.replace(" has the ", " does not have the ")[:-1] + f": {_list(ahead)} scored {scored}."
    why = (
        f" ({_ends(numbers[open_[0]], decimals)})"
        if open_ and all(numbers[name].unsure for name in open_)
        else ""
    )
    shown = [f"to beat {_list(won)}"] if won else []
    shown += [f"to lose to {_list(lost)}"] if lost else []
    said = f"It is shown {' and '.join(shown)}" if shown else ""
    if open_ and not shown and not ahead:
        said = f"It is not shown to beat {_list(open_, 'or')}{why}"
    elif open_ and not ahead:
        said += f", but not {_list(open_, 'or')}{why}"
    elif open_:
        said += f"{'; the' if shown else 'The'} comparison with {_list(open_)} is undecided{why}"
    return f"{text} {said}."


def control(row: Any, chance: float, *, name: str = "control", metric: str = "", decimals: int = 3) -> str:
    """Whether a model of shuffled labels is where chance is, and how far the shufflings spread.

    Off chance is what lies there by its items (the interval) and its shufflings (their spread)
    together. One shuffling can lie off chance by luck, whatever its interval over items says; so can a
    few, which the sentence tells where all of them lie on one side.

    Examples
    --------
    >>> row = {"value": 0.51, "ci_low": 0.46, "ci_high": 0.56, "runs": 3, "sd": 0.02, "metric": "auroc"}
    >>> control(row, 0.5, name="it", decimals=2)
    'It has an AUROC of 0.51 (0.46 to 0.56; 3 shufflings, sd 0.02): not shown to differ from chance (0.50).'
    >>> control(row | {"value": 0.4, "ci_low": 0.35, "ci_high": 0.45}, 0.5, decimals=2).split(": ")[1]
    'below chance (0.50), as is each shuffling. Something other than the labels seems to rank the items.'
    """
    number = _read(row)
    metric = str(metric or number.row.get("metric", ""))
    many = f"{number.runs} shufflings, sd {number.sd:.{decimals}f}" if number.runs > 1 else "one shuffling"
    word, found = metric_name(metric), f"{number.value:.{decimals}f} ({_bounds(number, decimals)}"
    of = f"{_article(word)} {word} of " if word else ""
    text = f"{_first(_name(name))} has {of}{found}; {many}): "
    fixed, side, runs = f"chance ({chance:.{decimals}f})", number.side(chance), number.all_runs(chance)
    if number.low == number.high == chance:
        return f"{text}it predicts one value, which is {fixed} by definition and tests nothing."
    word = {1: "above", -1: "below"}.get(side or runs, "")
    if number.runs == 1 and side:
        return f"{text}{word} {fixed}. One shuffling can be that by luck: draw several."
    if side:
        each = ", as is each shuffling" if runs else ""
        return f"{text}{word} {fixed}{each}. Something other than the labels seems to rank the items."
    each = f", though each shuffling lies {word} it" if runs else ""
    if number.unsure:
        return f"{text}whether it differs from {fixed} is not shown{each}."
    return f"{text}not shown to differ from {fixed}{each}."


def _read(row: Any) -> _Number:
    """The number of a row, of whatever kind."""
    if isinstance(row, pd.DataFrame):
        if len(row) != 1:
            raise ValueError(
                f"found {len(row)} rows; expected one. Select the row that the sentence is about"
            )
        row = row.iloc[0]
    fields = row._asdict() if hasattr(row, "_asdict") else dict(row)
    low, high = (fields.get(f"ci_{end}", fields.get(end, np.nan)) for end in ("low", "high"))
    if "value" not in fields:
        raise ValueError(f"the row has no value; found {', '.join(map(str, fields))}")
    if str(fields.get("metric", "")).endswith(DIFFERENCE):  # a row of the results table
        model, minus = str(fields["model"]).split(MINUS)
        metric = str(fields["metric"]).removesuffix(DIFFERENCE)
        fields |= {"model": model, "minus": minus, "metric": metric}
    return _Number(float(fields["value"]), float(low), float(high), fields)


def _ends(number: _Number, decimals: int) -> str:
    """The interval in words, or why there is none, and the spread over runs."""
    found = _bounds(number, decimals)
    return found + (f"; {number.runs} runs, sd {number.row['sd']:.{decimals}f}" if number.runs > 1 else "")


def _bounds(number: _Number, decimals: int) -> str:
    if not number.unsure:
        return f"{number.low:.{decimals}f} to {number.high:.{decimals}f}"
    groups = number.row.get("groups")
    if groups is None or pd.isna(groups):
        return "no interval: too few groups"
    return f"no interval: only {int(groups)} groups" if groups < FEWEST_GROUPS else "no interval"


def _article(word: str) -> str:
    """The article of a metric, whose letters are said one by one where it is an abbreviation."""
    return "an" if word.split(" ")[0].isupper() and word[:1] in "AEFMR" else "a"


def metric_name(name: str) -> str:
    """A metric as a sentence has it.

    Examples
    --------
    >>> metric_name("auroc"), metric_name("pearson")
    ('AUROC', "Pearson's r")
    """
    return _WORDS.get(name, name.replace("_", " "))


def _name(name: object) -> str:
    """A code name as words; letters that stand for words are capitals."""
    return " ".join("CNN" if word == "cnn" else word for word in str(name).split("_"))


def _first(text: str) -> str:
    """A sentence with a capital; a name that has one of its own (siRNA, mRNA) keeps its letters."""
    word = text.split(" ")[0].strip(",")
    return text if word[1:] != word[1:].lower() else text[:1].upper() + text[1:]


def _list(names: list[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
