"""Pictures of saturation mutagenesis: importance along a sequence, and logos of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.alphabet import Alphabet
from helpers.plots import colours, logos, style, words
from helpers.plots.tables import need


@style.house
def importance_by_position(
    table: pd.DataFrame, *, title: str, value: str = "mean |effect| (logit)"
) -> Figure:
    """Importance of each position, one panel a task, with its interval; the site at 0.

    Parameters
    ----------
    table : pandas.DataFrame
        ``task, offset`` (nt from the site), ``value, ci_low, ci_high``.
    title : str
        Says the data set and the number of sequences.
    value : str
        What is drawn, and its unit.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> row = {"task": "m6A", "offset": [-1, 0], "value": 0.1, "ci_low": 0.0, "ci_high": 0.2}
    >>> len(importance_by_position(pd.DataFrame(row), title="t").axes)
    1
    """
    need(table, ["task", "offset", "value", "ci_low", "ci_high"], "importance_by_position")
    tasks = list(dict.fromkeys(table["task"]))
    columns = min(2, len(tasks))
    lines = -(-len(tasks) // columns)
    fig = style.figure(style.DOUBLE if columns > 1 else style.SINGLE, 16 + 25 * lines)
    axes = np.atleast_1d(fig.subplots(lines, columns, sharex=True)).ravel()
    for place, ax in enumerate(axes):
        if place >= len(tasks):
            ax.set_axis_off()
            continue
        part = table[table["task"] == tasks[place]]
        ax.fill_between(
            part["offset"], part["ci_low"], part["ci_high"], color=colours.OKABE_ITO["sky"],
            linewidth=0, alpha=0.5,
        )  # fmt: skip
        ax.plot(part["offset"], part["value"], color=colours.OKABE_ITO["blue"], linewidth=0.9)
        ax.axvline(0, color=colours.TRUTH, linestyle="--", linewidth=0.6)
        ax.set_ylim(bottom=min(0.0, float(part["ci_low"].min())))
        ax.locator_params(axis="y", nbins=4)
        ax.set_title(words.plain(tasks[place]), loc="left")
        ax.tick_params(axis="x", labelbottom=place + columns >= len(tasks))
    fig.supxlabel("position from the site (nt)", fontsize="medium")
    fig.supylabel(value, fontsize="medium")
    style.head(fig, title)
    return fig


@style.house
def combined_logos(
    parts: Mapping[str, tuple[int, np.ndarray]],
    alphabet: Alphabet,
    *,
    title: str,
    value: str = "mean effect (logit)",
) -> Figure:
    """Logos of several parts of one sequence, one below the other, on one scale.

    Parameters
    ----------
    parts : mapping of str to (int, numpy.ndarray)
        By name: offset of the first position from the site, in nt, and the heights of the letters,
        (length, letters), signed.
    alphabet : Alphabet
        Order of the letters' columns.
    title : str
        Says the data set.
    value : str
        What is drawn, and its unit.

    Raises
    ------
    ValueError
        If there is no part, or the letters are not those of the alphabet.

    Examples
    --------
    >>> from helpers.alphabet import RNA
    >>> len(combined_logos({"centre": (-2, np.eye(4))}, RNA, title="t").axes)
    1
    """
    if not parts:
        raise ValueError("no part to draw; give at least one")
    for name, (_, heights) in parts.items():
        if heights.ndim != 2 or heights.shape[1] != alphabet.size:
            raise ValueError(
                f"{name}: heights of shape {heights.shape}; expected (length, {alphabet.size}), "
                f"the letters in the order {alphabet.letters}"
            )
    fig = style.figure(style.DOUBLE, 14 + 27 * len(parts))
    axes = np.atleast_1d(fig.subplots(len(parts), 1))
    up = max(float(np.clip(h, 0, None).sum(axis=1).max()) for _, h in parts.values())
    down = min(float(np.clip(h, None, 0).sum(axis=1).min()) for _, h in parts.values())
    for ax, (name, (first, heights)) in zip(axes, parts.items(), strict=True):
        logos.draw(ax, heights, alphabet, first=first)
        ax.axhline(0, color=colours.INK, linewidth=0.5)
        ax.set_ylim(1.05 * down if down < 0 else -0.02 * up, 1.05 * up if up > 0 else 0.02)
        step = 5 if len(heights) <= 60 else 10
        inside = np.arange(first, first + len(heights))
        ax.set_xticks(inside[inside % step == 0])
        ax.set_title(words.plain(name, 60), loc="left")
        ax.locator_params(axis="y", nbins=4)
    axes[-1].set_xlabel("position from the site (nt)")
    fig.supylabel(value, fontsize="medium")
    style.head(fig, title)
    return fig


def five_parts(values: np.ndarray, width: int) -> dict[str, tuple[int, np.ndarray]]:
    """Five stretches of one sequence: around the site, and four others from end to end.

    Parameters
    ----------
    values : numpy.ndarray, shape=(length, letters)
        Heights of the letters, the site in the middle.
    width : int
        Length of a stretch, in nt.

    Returns
    -------
    dict of str to (int, numpy.ndarray)
        As `combined_logos` takes them.

    Examples
    --------
    >>> list(five_parts(np.zeros((101, 4)), 21))[0]
    'around the site'
    """
    length = len(values)
    width = min(width, length)
    middle = length // 2
    starts = np.linspace(0, length - width, 4).round().astype(int)
    found = {"around the site": middle - width // 2} | {
        f"from {start - middle:+d} to {start - middle + width - 1:+d}": int(start)
        for start in starts
    }
    return {name: (start - middle, values[start : start + width]) for name, start in found.items()}


def mean_by_position(values: np.ndarray, tasks: Sequence[str]) -> pd.DataFrame:
    """Mean over sequences of an absolute effect at each position, with a normal interval.

    Parameters
    ----------
    values : numpy.ndarray, shape=(n, length)
        Signed effect of the letter at each position.
    tasks : sequence of str, length n
        Task of each sequence.

    Returns
    -------
    pandas.DataFrame
        ``task, offset, value`` (mean of the absolute effect), ``ci_low, ci_high, signed`` (mean of
        the effect with its sign), ``n``.

    Examples
    --------
    >>> found = mean_by_position(np.array([[1.0, -2.0], [3.0, -4.0]]), ["a", "a"])
    >>> found[["value", "signed"]].values.tolist()
    [[2.0, 2.0], [3.0, -3.0]]
    """
    parts = []
    of = np.asarray(tasks)
    for name in dict.fromkeys(tasks):
        own = values[of == name]
        size = np.abs(own)
        half = 1.96 * size.std(axis=0, ddof=1 if len(own) > 1 else 0) / np.sqrt(len(own))
        offset = np.arange(values.shape[1]) - values.shape[1] // 2
        parts.append(
            pd.DataFrame(
                {
                    "task": name, "offset": offset, "value": size.mean(axis=0),
                    "ci_low": size.mean(axis=0) - half, "ci_high": size.mean(axis=0) + half,
                    "signed": own.mean(axis=0), "n": len(own),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)
