"""What the five figures share: a grid of panels, and rows of markers with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from helpers.plots import colours, publication, style, words
from helpers.plots.publication import Preset

Look = Callable[[str], tuple[str, str, str]]
"""Colour, marker and label of a series."""


def across(n: int, columns: str) -> int:
    """Panels beside each other, of `n`."""
    return min(n, 2 if columns == "single" else 4 if n > 3 else n)


@contextmanager
def drawing(preset: Preset, columns: str, *, height: float, title: str) -> Iterator[Figure]:
    """A figure at a journal's sizes, `height` in mm; its title and ticks are set when the block ends."""
    with publication.drawing(preset):
        fig = style.figure(preset.width(columns), height)
        yield fig
        style.head(fig, title)
        publication.fix_ticks(fig, preset)
        _break_lines(fig)


def _break_lines(fig: Figure) -> None:
    """Break titles and labels that are wider than their axes, or than the figure, into lines.

    First those that would leave the layout no room at all, then, laid out, the rest.
    """
    _break_wide(fig, 1.2)
    fig.draw_without_rendering()
    _break_wide(fig, 1.0)


def _break_wide(fig: Figure, most: float) -> None:
    wide = [(text, 0.96 * fig.bbox.width) for text in fig.texts]
    for ax in fig.axes:
        own = [part for part in ax.get_children() if isinstance(part, Text)]
        wide += [(text, ax.get_window_extent().width) for text in (*own, ax.xaxis.label)]
    for text, room in wide:
        said, width = text.get_text(), text.get_window_extent().width
        if " " in said and "\n" not in said and width > most * room > 0:
            text.set_text("\n".join(textwrap.wrap(said, max(12, int(0.95 * len(said) * room / width)))))


def legend(fig: Figure, handles: Sequence[Artist], labels: Sequence[str], *, preset: Preset) -> None:
    """A legend below the panels, in as many columns as fit."""
    longest = max(map(len, labels), default=1)
    each = 9 + 0.6 * preset.small / 72 / style.MM * longest
    columns = max(1, min(len(labels), int(0.96 * fig.get_figwidth() / style.MM / each)))
    fig.legend(handles, labels, loc="outside lower center", ncols=columns)


def grid(fig: Figure, tasks: Sequence[str], columns: str) -> dict[str, Axes]:
    """An axes for each task, all with the same scales."""
    wide = across(len(tasks), columns)
    axes = fig.subplots(-(-len(tasks) // wide), wide, sharex=True, sharey=True, squeeze=False).ravel()
    for ax in axes[len(tasks) :]:
        ax.set_axis_off()
    return dict(zip(tasks, axes, strict=False))


def dots(ax: Axes, table: pd.DataFrame, names: Sequence[str], *, row: str, by: str, look: Look) -> None:
    """A marker with its interval for each name in the column `row`, the series `by` a little apart."""
    series = list(dict.fromkeys(table[by]))
    for number, one in enumerate(series):
        part = table[table[by] == one].set_index(row, drop=False).reindex(names)
        colour, marker, label = look(one)
        value = part["value"].to_numpy(float)
        reach = np.nan_to_num([value - part["ci_low"], part["ci_high"] - value])
        apart = min(0.22, 0.8 / len(series))
        shift = 0.0 if row == by else apart * (number - (len(series) - 1) / 2)
        ax.errorbar(
            value, np.arange(len(names)) + shift, xerr=np.clip(reach, 0, None), linestyle="",
            marker=marker, color=colour, markersize=3.5, elinewidth=0.9, capsize=1.5, label=label,
        )  # fmt: skip
    ax.set_yticks(range(len(names)), [words.plain(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.grid(axis="x", color=colours.PALE, linewidth=0.5)
    ax.set_axisbelow(True)
