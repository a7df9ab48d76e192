"""Pictures that only rna_modification draws: importance around the site, codes, lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots
from scipy.stats import binomtest

from helpers.plots import canvas, colours, logos, style, words
from helpers.plots.motifs import logo_axes
from helpers.plots.tables import need
from helpers.sequences.alphabet import Alphabet

Heights = Mapping[str, np.ndarray]
"""Arrays by the name of a group."""
MOST_CARDS = 16
"""Codes in one picture."""
_Z = 1.959963984540054
_FROM_SITE = "position from the site (nt)"
_CODE = ["code", "used", "primary", "specificity", "q", "p_between", "p_label"]


@dataclass(frozen=True)
class CodeCard:
    """What is drawn of one code.

    Parameters
    ----------
    code : int
        Its number in the codebook.
    group : str
        The modification that it is shown for.
    ppm : numpy.ndarray, shape=(width, letters)
        Letters of the stretches with this code.
    n : int
        How many stretches.
    profile : pandas.DataFrame
        ``label, position, share`` of that group, from `helpers.tracks.rna_modification.spectrum.profile`.
    match, q, known : str, float, numpy.ndarray or None
        Name of the nearest known motif (empty where there is none), its q-value, its letters.
    """

    code: int
    group: str
    ppm: np.ndarray
    n: int
    profile: pd.DataFrame
    match: str = ""
    q: float = 1.0
    known: np.ndarray | None = None


@style.house
def code_cards(
    given: Sequence[CodeCard], alphabet: Alphabet, *, most_q: float = 0.05, title: str = ""
) -> Figure:
    """A line a code: logo, share of the windows that hold it by position, nearest known motif.

    At most `MOST_CARDS` are drawn (the title says so), and matches with a q-value of `most_q`.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> where = pd.DataFrame({"label": [1, 1, 0, 0], "position": [0, 3, 0, 3], "share": 0.5})
    >>> len(code_cards([CodeCard(3, "m6A", np.eye(4), 9, where)], RNA).axes)
    3
    """
    if not given:
        raise ValueError("no code to draw; give at least one CodeCard")
    shown = list(given)[:MOST_CARDS]
    fig = style.figure(style.DOUBLE, 18 + 19.0 * len(shown))
    axes = np.reshape(fig.subplots(len(shown), 3, gridspec_kw={"width_ratios": [1.1, 1.2, 0.9]}), (-1, 3))
    for (left, middle, right), card in zip(axes, shown, strict=True):
        logo_axes(left, logos.information(card.ppm, alphabet), alphabet)
        left.set(ylim=(0, 2), ylabel="bits")
        named = f"{words.plain(card.group)}: code {card.code} (n = {card.n:,})"
        left.set_title(named, loc="left", fontsize=7.5)
        _profile(middle, card.profile)
        _known(right, card, alphabet, most_q)
    axes[0, 1].legend(loc="upper right", fontsize=6)
    axes[-1, 1].set_xlabel("middle of the token from the site (nt)")
    more = f" (the first {len(shown)} of {len(given)})" if len(given) > len(shown) else ""
    style.head(fig, title + more)
    return fig


def importance_table(values: Heights) -> pd.DataFrame:
    """Importance of each position, averaged over the windows of a group.

    Parameters
    ----------
    values : mapping of str to numpy.ndarray, shape=(n, length)
        Signed importance of each position of each window, the site in the middle.

    Returns
    -------
    pandas.DataFrame
        ``group, position`` (from the site, nt), ``signed`` (mean), ``ci_low, ci_high`` (95 %, of
        the signed mean, from its standard error over windows), ``absolute`` (mean of the absolute
        values: the signs of two windows do not cancel), ``n``.

    Examples
    --------
    >>> importance_table({"a": [[0.0, 1.0, -1.0], [0.0, 1.0, 1.0]]})[["signed", "absolute"]].values
    array([[0., 0.],
           [1., 1.],
           [0., 1.]])
    """
    if not values:
        raise ValueError("no importance to average; give at least one group of windows")
    parts = []
    for name, given in values.items():
        table = np.asarray(given, dtype=float)
        if table.ndim != 2 or not len(table) or not np.isfinite(table).all():
            raise ValueError(
                f"the importance of {name!r} has the shape {table.shape}; expected finite numbers of shape "
                "(windows, length)"
            )
        n, length = table.shape
        mean = table.mean(axis=0)
        half = _Z * table.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.nan
        parts.append(pd.DataFrame({
            "group": name, "position": np.arange(length) - length // 2, "signed": mean,
            "ci_low": mean - half, "ci_high": mean + half, "absolute": np.abs(table).mean(axis=0), "n": n,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@style.house
def importance(
    table: pd.DataFrame, *, spans: Mapping[str, tuple[float, float]] | None = None, title: str = ""
) -> Figure:
    """Importance by position, from `importance_table`, a panel for each group.

    Parameters
    ----------
    spans : mapping of str to (float, float), optional
        First and last position of what is known to matter in a group, from the site; shaded.

    Examples
    --------
    >>> table = importance_table({"a": [[0.0, 1.0, 0.0], [0.0, 2.0, 0.0]]})
    >>> len(importance(table, title="t").axes)
    1
    """
    need(table, ["group", "position", "signed", "ci_low", "ci_high", "absolute", "n"], "importance")
    groups = list(dict.fromkeys(table["group"]))
    fig, panels = _panels(groups, 2, margin=18, height=27.0)
    for name, ax, last in panels:
        part = table[table["group"] == name]
        x = part["position"]
        if spans and name in spans:
            low, high = spans[name]
            ax.axvspan(low - 0.5, high + 0.5, color=colours.TRUTH, alpha=0.14, linewidth=0)
        ax.axhline(0, color=colours.INK, linewidth=0.4)
        ax.plot(x, part["absolute"], color=colours.GREY, linewidth=0.7, label="mean absolute value")
        ax.fill_between(
            x, part["ci_low"], part["ci_high"], color=colours.OKABE_ITO["sky"], alpha=0.45, linewidth=0,
            label="95 % interval",
        )  # fmt: skip
        ax.plot(x, part["signed"], color=colours.OKABE_ITO["blue"], linewidth=0.9, label="signed mean")
        ax.set_title(f"{words.plain(name)} (n = {int(part['n'].iloc[0])})", loc="left", fontsize=7.5)
        ax.set_xlim(x.min(), x.max())
        ax.locator_params(axis="y", nbins=4)
        ax.tick_params(axis="x", labelbottom=last)
        if last:
            ax.set_xlabel(_FROM_SITE)
    fig.legend(*fig.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    fig.supylabel("importance (logit)", fontsize="medium")
    style.head(fig, title)
    return fig


@style.house
def combined_logos(
    values: Heights, alphabet: Alphabet, *, centres: Sequence[int], width: int, title: str = ""
) -> Figure:
    """Logos of several stretches of a window, a line for each group and a column a stretch.

    Parameters
    ----------
    values : mapping of str to numpy.ndarray, shape=(length, letters)
        Mean importance of each letter at each position, the site in the middle.
    alphabet : Alphabet
        Order of the letters.
    centres : sequence of int
        Middle of each stretch, from the site, in nt.
    width : int
        Length of a stretch, in nt; odd.

    Examples
    --------
    >>> from helpers.sequences.alphabet import RNA
    >>> fig = combined_logos({"a": np.eye(4)[[0, 1, 2, 3, 0]]}, RNA, centres=[-1, 1], width=3)
    >>> len(fig.axes)
    2
    """
    if not values or not len(centres):
        raise ValueError("no stretch to draw; give at least one group and one centre")
    if width % 2 == 0:
        raise ValueError(f"width is {width} nt; expected an odd number, with a middle")
    fig = style.figure(style.DOUBLE, 14 + 15.0 * len(values))
    axes = np.reshape(fig.subplots(len(values), len(centres), sharey="row"), (-1, len(centres)))
    for number, (line, (name, given)) in enumerate(zip(axes, values.items(), strict=True), start=1):
        stretches = _stretches(name, np.asarray(given, dtype=float), alphabet, centres, width)
        for ax, centre, stretch in zip(line, centres, stretches, strict=True):
            _stretch(ax, stretch, alphabet, centre - width // 2)
            ax.tick_params(axis="x", labelbottom=number == len(values))
        whole = np.concatenate(stretches)
        high = float(np.clip(whole, 0, None).sum(axis=1).max())
        low = float(np.clip(whole, None, 0).sum(axis=1).min())
        room = 0.06 * (high - low) or 1.0
        line[0].set_ylim(low - room, high + room)
        line[0].set_ylabel(words.plain(name), rotation=0, ha="right", va="center")
        line[0].locator_params(axis="y", nbins=2)
    fig.supxlabel(f"{_FROM_SITE}; height: mean importance (logit)", fontsize="medium")
    style.head(fig, title)
    return fig


def accuracy_by_position(X: np.ndarray, letters: np.ndarray) -> pd.DataFrame:
    """Share of the letters that a decoder gets right, position by position.

    Parameters
    ----------
    X, letters : numpy.ndarray, shape=(n, length, letters), dtype=float32
        One-hot sequences, of which unknown and missing letters do not count, and probabilities.

    Returns
    -------
    pandas.DataFrame
        ``position`` (from the middle), ``accuracy, ci_low, ci_high`` (Wilson), ``n``.

    Examples
    --------
    >>> X = np.eye(4)[None, [0, 1, 2]]
    >>> accuracy_by_position(X, X)[["position", "accuracy", "n"]].values.tolist()
    [[-1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    known = X.max(axis=2) > 0.5
    right = ((X.argmax(axis=2) == letters.argmax(axis=2)) & known).sum(axis=0)
    n = known.sum(axis=0)
    least = np.maximum(n, 1)
    # A share near 1 has no normal interval.
    wilson = [binomtest(k, m).proportion_ci(method="wilson") for k, m in zip(right, least, strict=True)]
    found = pd.DataFrame({"accuracy": right / least, "ci_low": [one.low for one in wilson]})
    found.insert(0, "position", np.arange(X.shape[1]) - X.shape[1] // 2)
    return found.assign(ci_high=[one.high for one in wilson], n=n)


@style.house
def reconstruction_by_position(table: pd.DataFrame, *, title: str) -> Figure:
    """Accuracy of a reconstruction along the sequence, from `accuracy_by_position`, the site at 0.

    Examples
    --------
    >>> table = pd.DataFrame({"position": [-1, 0], "accuracy": 0.9, "ci_low": 0.8, "ci_high": 1})
    >>> reconstruction_by_position(table, title="t").axes[0].get_xlabel()
    'position from the site (nt)'
    """
    need(table, ["position", "accuracy", "ci_low", "ci_high"], "reconstruction_by_position")
    fig = style.figure(style.DOUBLE, 55)
    ax = fig.subplots()
    x = table["position"]
    ax.fill_between(x, table["ci_low"], table["ci_high"], color=colours.PALE, linewidth=0)
    ax.plot(x, table["accuracy"], color=colours.OKABE_ITO["blue"], linewidth=1)
    ax.axvline(0, color=colours.TRUTH, linestyle="--", linewidth=0.8)
    low = float(np.floor(10 * min(table["ci_low"].min(), 0.9)) / 10)
    ax.set(xlabel=_FROM_SITE, ylabel="share of letters regained", ylim=(max(low, 0), 1.005))
    ax.set_xlim(x.min(), x.max())
    style.title(ax, title)
    return fig


@style.house
def length_curve(table: pd.DataFrame, *, title: str) -> Figure:
    """A metric against the length of the input, one panel a task, with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        ``length`` (nt), ``task``, ``value``, ``ci_low``, ``ci_high``.

    Examples
    --------
    >>> row = {"length": [51, 101], "task": "Am", "value": 0.9, "ci_low": 0.8, "ci_high": 1.0}
    >>> len(length_curve(pd.DataFrame(row), title="t").axes)
    1
    """
    need(table, ["length", "task", "value", "ci_low", "ci_high"], "length_curve")
    lengths = sorted(table["length"].unique())
    fig, panels = _panels(list(dict.fromkeys(table["task"])), 4, margin=12, height=38, sharey=True)
    for name, ax, last in panels:
        part = table[table["task"] == name].sort_values("length")
        strong = name == "mean"
        ax.fill_between(part["length"], part["ci_low"], part["ci_high"], color=colours.PALE, linewidth=0)
        colour = colours.INK if strong else colours.OKABE_ITO["blue"]
        ax.plot(part["length"], part["value"], color=colour, marker="o", markersize=3)
        ax.set_title(words.plain(name), loc="left", fontweight="bold" if strong else None)
        ax.set_xticks(lengths if len(lengths) < 5 else lengths[::2])
        ax.tick_params(axis="x", labelbottom=last, labelrotation=45)
    fig.supxlabel("length of the input (nt)", fontsize="medium")
    fig.supylabel(f"{words.metric('auroc')} (band: 95 % interval)", fontsize="medium")
    style.head(fig, title)
    return fig


@style.house
def spectrum(
    table: pd.DataFrame, groups: Sequence[str], *, specific: Sequence[bool], title: str = ""
) -> Figure:
    """TF-IDF of every used code, a line for each group; codes stand in the table's order.

    Parameters
    ----------
    table : pandas.DataFrame
        From `helpers.tracks.rna_modification.spectrum.sorted_table`.
    groups : sequence of str
        Its columns to draw, one line each.
    specific : sequence of bool
        Which rows of the table are specific: these bars are coloured, the others are grey.

    Examples
    --------
    >>> row = {"code": [3, 1], "used": True, "primary": ["a", "b"], "specificity": 1.0, "q": 0.01,
    ...        "p_between": 0.01, "p_label": 0.01, "a": [1.0, 0.0], "b": [0.0, 2.0]}
    >>> len(spectrum(pd.DataFrame(row), ["a", "b"], specific=[True, False], title="t").axes)
    2
    """
    shown, marks = _shown(table, groups, specific)
    at = np.arange(len(shown))
    fig = style.figure(style.DOUBLE, 24 + 13.0 * len(groups))
    axes = np.atleast_1d(fig.subplots(len(groups), 1, sharex=True))
    for ax, name in zip(axes, groups, strict=True):
        height, own = shown[name].to_numpy(float), (shown["primary"] == name).to_numpy()
        if own.any():
            ax.axvspan(at[own][0] - 0.5, at[own][-1] + 0.5, color=colours.PALE, linewidth=0, zorder=-2)
        ax.bar(at, height, width=0.85, color=_tones(own, marks), linewidth=0)
        ax.set_ylim(0, 1.42 * (height.max() or 1.0))
        for one in _apart(at[own & marks], len(shown)):
            ax.annotate(
                str(shown["code"].iloc[one]), (one, height[one]), xytext=(0, 1), fontsize=5.5,
                textcoords="offset points", ha="center", va="bottom", color=colours.TRUTH,
            )  # fmt: skip
        ax.set_ylabel(words.plain(name), rotation=0, ha="right", va="center")
        ax.locator_params(axis="y", nbins=2)
    axes[-1].set_xlim(-0.7, len(shown) - 0.3)
    axes[-1].set_xticks([])
    unused = int((~table["used"].astype(bool)).sum())
    fig.supxlabel(
        f"{len(shown)} codes in use ({unused} unused), sorted by primary modification (shaded) and score;\n"
        "red: specific for the line's modification, with its number; light blue: specific for another",
        fontsize="medium",
    )
    fig.supylabel("TF-IDF", fontsize="medium")
    style.head(fig, title)
    return fig


def live_spectrum(
    table: pd.DataFrame, groups: Sequence[str], *, specific: Sequence[bool], title: str = ""
) -> go.Figure:
    """The same as `spectrum`, to hover over: code, TF-IDF, specificity, q-values, consensus."""
    shown, marks = _shown(table, groups, specific)
    fig = make_subplots(rows=len(groups), cols=1, shared_xaxes=True, vertical_spacing=0.012)
    texts = shown["consensus"] if "consensus" in shown else pd.Series("", index=shown.index)
    for line, name in enumerate(groups, start=1):
        tones = _tones((shown["primary"] == name).to_numpy(), marks)
        hover = [
            f"code {row.code} in {words.markup(name)}<br>TF-IDF {height:.3f}<br>primary "
            f"{words.markup(row.primary)}<br>specificity {row.specificity:.2f}<br>q of both tests "
            f"{row.q:.2g}<br>p between modifications {row.p_between:.2g}, p against negatives "
            f"{row.p_label:.2g}<br>{words.markup(text)}"
            for row, height, text in zip(shown[_CODE].itertuples(), shown[name], texts, strict=True)
        ]
        bars = go.Bar(
            x=np.arange(len(shown)), y=canvas.small(shown[name].to_numpy()), marker_color=list(tones),
            marker_line_width=0, hovertext=hover, hoverinfo="text", showlegend=False,
        )  # fmt: skip
        fig.add_trace(bars, row=line, col=1)
        fig.update_yaxes(title_text=words.markup(name), nticks=3, row=line, col=1)
    fig.update_xaxes(showticklabels=False, ticks="")
    fig.update_xaxes(
        title_text="codes in use, sorted by primary and score; bar: TF-IDF", row=len(groups), col=1
    )
    canvas.frame(fig, title, 120 + 72 * len(groups))
    fig.update_layout(bargap=0.15, margin={"t": 70})
    return fig


def _panels(
    names: Sequence[str], most: int, *, margin: float, height: float, sharey: bool = False
) -> tuple[Figure, Iterator[tuple[str, Axes, bool]]]:
    """A figure of at most so many columns; name, axes and whether nothing stands below, a panel each."""
    columns = min(most, len(names))
    lines = -(-len(names) // columns)
    fig = style.figure(style.DOUBLE if columns > 1 else style.SINGLE, margin + height * lines)
    axes = np.ravel(fig.subplots(lines, columns, sharex=True, sharey=sharey))
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    lowest = [number + columns >= len(names) for number in range(len(names))]
    return fig, zip(names, axes, lowest, strict=False)


def _profile(ax: Axes, table: pd.DataFrame) -> None:
    need(table, ["label", "position", "share"], "profile")
    for label, colour, name in ((1, colours.OKABE_ITO["blue"], "positives"), (0, colours.GREY, "negatives")):
        part = table[table["label"] == label]
        ax.step(part["position"], part["share"], color=colour, linewidth=0.9, label=name, where="mid")
    ax.axvline(0, color=colours.TRUTH, linestyle="--", linewidth=0.6)
    ax.set(ylabel="share", xlim=(table["position"].min(), table["position"].max()))
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=3)


def _known(ax: Axes, card: CodeCard, alphabet: Alphabet, most_q: float) -> None:
    if card.known is None or card.q > most_q:
        ax.set_axis_off()
        ax.text(0, 0.5, f"no known motif at q ≤ {most_q:g}", fontsize=7, transform=ax.transAxes)
        return
    logo_axes(ax, logos.information(card.known, alphabet), alphabet)
    ax.set(xlim=(0.5, max(len(card.known), 9) + 0.5), ylim=(0, 2))
    named = f"{words.plain(card.match)}, q = {card.q:.1g}"
    ax.set_title(named, loc="left", fontsize=7.5, fontweight="normal")


def _stretches(
    name: str, heights: np.ndarray, alphabet: Alphabet, centres: Sequence[int], width: int
) -> list[np.ndarray]:
    """Stretches of a group around its centres."""
    if heights.ndim != 2 or heights.shape[1] != alphabet.size:
        raise ValueError(
            f"{name!r} has the shape {heights.shape}; expected (length, {alphabet.size}), the letters in the "
            f"order {alphabet.letters}"
        )
    starts = [len(heights) // 2 + centre - width // 2 for centre in centres]
    if min(starts) < 0 or max(starts) + width > len(heights):
        raise ValueError(
            f"{name!r} has {len(heights)} positions, and a stretch of {width} nt around one of "
            f"{list(centres)} leaves them; take narrower stretches, or centres nearer 0"
        )
    return [heights[start : start + width] for start in starts]


def _stretch(ax: Axes, heights: np.ndarray, alphabet: Alphabet, first: int) -> None:
    width = len(heights)
    logos.draw(ax, heights, alphabet, first=first)
    ax.axhline(0, color=colours.INK, linewidth=0.4)
    if first <= 0 < first + width:
        ax.axvspan(-0.5, 0.5, color=colours.PALE, linewidth=0, zorder=-2)
    ax.set_xlim(first - 0.5, first + width - 0.5)
    ticks = sorted({first, first + width // 2, first + width - 1})
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.spines["left"].set(visible=True, linewidth=0.6)


def _shown(
    table: pd.DataFrame, groups: Sequence[str], specific: Sequence[bool]
) -> tuple[pd.DataFrame, np.ndarray]:
    """The used codes in the table's order, and which of them are specific."""
    need(table, [*_CODE, *groups], "spectrum")
    marks = np.asarray(specific, dtype=bool)
    if marks.shape != (len(table),):
        raise ValueError(f"{marks.size} marks for {len(table)} codes; expected one a row")
    used = table["used"].to_numpy(dtype=bool)
    if not used.any():
        raise ValueError("no code of the table is used; there is nothing to draw")
    return table[used].reset_index(drop=True), marks[used]


def _tones(own: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Colours of the bars of a line: specific for its group, for another, or for none."""
    return np.where(own & marks, colours.TRUTH, np.where(marks, colours.OKABE_ITO["sky"], colours.GREY))


def _apart(rows: np.ndarray, count: int) -> list[int]:
    """Of some bars those that are far enough apart for their numbers to be read, best first."""
    kept: list[int] = []
    for at in rows:
        if all(abs(at - other) >= max(3, count / 30) for other in kept):
            kept.append(int(at))
    return kept
