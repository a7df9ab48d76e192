"""In-silico mutation around a site: importance by position, and logos of stretches beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots import colours, logos, style, words
from helpers.plots.tables import need
from helpers.sequences.alphabet import Alphabet

_Z = 1.959963984540054
_COLUMNS = ["group", "position", "signed", "ci_low", "ci_high", "absolute", "n"]


def importance_table(values: Mapping[str, np.ndarray]) -> pd.DataFrame:
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

    Raises
    ------
    ValueError
        If there is no group, or a group is no table of finite numbers.

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
                f"the importance of {name!r} has the shape {table.shape}; expected finite numbers "
                "of shape (windows, length)"
            )
        n, length = table.shape
        mean = table.mean(axis=0)
        half = _Z * table.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(length, np.nan)
        parts.append(
            pd.DataFrame(
                {"group": name, "position": np.arange(length) - length // 2, "signed": mean,
                 "ci_low": mean - half, "ci_high": mean + half,
                 "absolute": np.abs(table).mean(axis=0), "n": n}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@style.house
def importance(
    table: pd.DataFrame,
    *,
    spans: Mapping[str, tuple[float, float]] | None = None,
    title: str = "",
) -> Figure:
    """Importance by position, a panel for each group.

    Parameters
    ----------
    table : pandas.DataFrame
        From `importance_table`.
    spans : mapping of str to (float, float), optional
        First and last position of what is known to matter in a group, from the site; shaded.
    title : str
        Says profile and data set.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> table = importance_table({"a": [[0.0, 1.0, 0.0], [0.0, 2.0, 0.0]]})
    >>> len(importance(table, title="t").axes)
    1
    """
    need(table, _COLUMNS, "importance")
    groups = list(dict.fromkeys(table["group"]))
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    fig = style.figure(style.DOUBLE if columns > 1 else style.SINGLE, 18 + 27.0 * lines)
    axes = np.atleast_1d(fig.subplots(lines, columns, sharex=True)).ravel()
    for place, ax in enumerate(axes):
        if place >= len(groups):
            ax.set_axis_off()
            continue
        part = table[table["group"] == groups[place]]
        x = part["position"]
        if spans and groups[place] in spans:
            low, high = spans[groups[place]]
            ax.axvspan(low - 0.5, high + 0.5, color=colours.TRUTH, alpha=0.14, linewidth=0)
        ax.axhline(0, color=colours.INK, linewidth=0.4)
        ax.plot(x, part["absolute"], color=colours.GREY, linewidth=0.7, label="mean absolute value")
        ax.fill_between(
            x, part["ci_low"], part["ci_high"], color=colours.OKABE_ITO["sky"], alpha=0.45,
            linewidth=0, label="95 % interval",
        )  # fmt: skip
        ax.plot(x, part["signed"], color=colours.OKABE_ITO["blue"], linewidth=0.9,
                label="signed mean")  # fmt: skip
        n = int(part["n"].iloc[0])
        ax.set_title(f"{words.plain(groups[place])} (n = {n})", loc="left", fontsize=7.5)
        ax.set_xlim(x.min(), x.max())
        ax.locator_params(axis="y", nbins=4)
        last = place + columns >= len(groups)
        ax.tick_params(axis="x", labelbottom=last)
        if last:
            ax.set_xlabel("position from the site (nt)")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    fig.supylabel("importance (logit)", fontsize="medium")
    style.head(fig, title)
    return fig


@style.house
def combined_logos(
    values: Mapping[str, np.ndarray],
    alphabet: Alphabet,
    *,
    centres: Sequence[int],
    width: int,
    title: str = "",
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
    title : str
        Says profile and data set.

    Raises
    ------
    ValueError
        If nothing is given, the letters differ, the width is even, or a stretch leaves the window.

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
    parts = {name: np.asarray(one, dtype=float) for name, one in values.items()}
    for name, one in parts.items():
        if one.ndim != 2 or one.shape[1] != alphabet.size:
            raise ValueError(
                f"{name!r} has the shape {one.shape}; expected (length, {alphabet.size}), the "
                f"letters in the order {alphabet.letters}"
            )
        ends = [c + len(one) // 2 + side * (width // 2) for c in centres for side in (-1, 1)]
        if min(ends) < 0 or max(ends) >= len(one):
            raise ValueError(
                f"{name!r} has {len(one)} positions, and a stretch of {width} nt around one of "
                f"{list(centres)} leaves them; take narrower stretches, or centres nearer 0"
            )
    fig = style.figure(style.DOUBLE, 14 + 15.0 * len(parts))
    axes = np.reshape(fig.subplots(len(parts), len(centres), sharey="row"), (-1, len(centres)))
    for number, (line, (name, one)) in enumerate(zip(axes, parts.items(), strict=True), start=1):
        site = len(one) // 2
        for ax, centre in zip(line, centres, strict=True):
            first = centre - width // 2
            stretch = one[site + first : site + first + width]
            _stretch(ax, stretch, alphabet, first, width)
        low, high = _ends(np.concatenate([one[site + c - width // 2 :][:width] for c in centres]))
        line[0].set_ylim(low, high)
        line[0].set_ylabel(words.plain(name), rotation=0, ha="right", va="center")
        line[0].locator_params(axis="y", nbins=2)
        for ax in line:
            ax.tick_params(axis="x", labelbottom=number == len(parts))
    fig.supxlabel("position from the site (nt); height: mean importance (logit)", fontsize="medium")
    style.head(fig, title)
    return fig


def _stretch(ax: Axes, heights: np.ndarray, alphabet: Alphabet, first: int, width: int) -> None:
    logos.draw(ax, heights, alphabet, first=first)
    ax.axhline(0, color=colours.INK, linewidth=0.4)
    if first <= 0 < first + width:
        ax.axvspan(-0.5, 0.5, color=colours.PALE, linewidth=0, zorder=-2)
    ax.set_xlim(first - 0.5, first + width - 0.5)
    ticks = sorted({first, first + width // 2, first + width - 1})
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.spines["left"].set(visible=True, linewidth=0.6)


def _ends(heights: np.ndarray) -> tuple[float, float]:
    high = float(np.clip(heights, 0, None).sum(axis=1).max())
    low = float(np.clip(heights, None, 0).sum(axis=1).min())
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room
