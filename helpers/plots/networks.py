"""A network as boxes and arrows, read off the model itself: no box, arrow or number is typed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from textwrap import wrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.plots import colours, style, words

_ROW, _GAP = 11.0, 5.5
"""Height of a box and of the space between two rows of boxes, mm."""
_FAINT = "#595959"


def blocks_of(
    model: Any, chosen: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, int], dict[str, tuple[int | None, ...]]]:
    """What a drawing of the model shows: what each block reads, its weights, and its output's shape.

    A layer that is not among the `chosen` belongs to the first chosen one that it leads to, so that
    the weights of the blocks add up to those of the model. What a block reads also through another
    block is named there alone.

    Parameters
    ----------
    model : keras.Model
        Built from layers (functional).
    chosen : mapping of str to str
        Names of layers with a word on each.

    Raises
    ------
    ValueError
        If a name is no layer of the model, or a part of the model leads to none of the chosen ones.
    """
    layers = {layer.name: layer for layer in model.layers}
    if strange := [name for name in chosen if name not in layers]:
        raise ValueError(f"the model {model.name!r} has no layer {strange[0]!r}; it has {', '.join(layers)}")
    before = {
        name: list(
            dict.fromkeys(
                tensor._keras_history.operation.name
                for node in layer._inbound_nodes
                for tensor in node.input_tensors
                if tensor._keras_history.operation.name in layers
            )
        )
        for name, layer in layers.items()
    }
    owner = {name: name for name in chosen}
    for name in reversed(layers):
        if name not in owner:
            after = [other for other in layers if name in before[other] and other in owner]
            if not after:
                raise ValueError(f"{name!r} leads to none of the chosen layers; choose the output, too")
            owner[name] = owner[after[0]]
    weights = dict.fromkeys(chosen, 0)
    for name, layer in layers.items():
        weights[owner[name]] += layer.count_params()
    reads: dict[str, list[str]] = {}
    for name in chosen:
        found, open_ends, seen = [], list(before[name]), set()
        while open_ends:
            one = open_ends.pop(0)
            if one in seen:
                continue
            seen.add(one)
            if one in chosen:
                found.append(one)
            else:
                open_ends += before[one]
        reads[name] = found
    # Masks and short cuts would cross the whole picture: an arrow stays where it is the only way.
    above = {name: _above(name, reads) for name in chosen}
    reads = {
        name: [one for one in found if not any(one in above[other] for other in found)]
        for name, found in reads.items()
    }
    shapes = {name: tuple(layers[name]._inbound_nodes[0].outputs[0].shape[1:]) for name in chosen}
    return reads, weights, shapes


def _above(name: str, reads: Mapping[str, list[str]]) -> set[str]:
    return {one for other in reads[name] for one in {other, *_above(other, reads)}}


@style.house
def network(model: Any, chosen: Mapping[str, str], *, title: str | None = None) -> Figure:
    """Draw a Keras model as blocks from the inputs (top) to the output, with a word on each.

    Each box gives the word, the layer, the shape of what comes out for one example, and the trained
    weights with those of the small layers between it and the boxes above. An arrow that skips a box
    is left out where another way leads to the same box.

    Parameters
    ----------
    model, chosen
        As for `blocks_of`; the output must be among the chosen layers.
    title : str, optional
        The model's name and its number of weights when not given.

    Examples
    --------
    >>> import keras
    >>> x = keras.Input((5, 4), name="letters")
    >>> y = keras.layers.Flatten(name="flat")(x)
    >>> model = keras.Model(x, keras.layers.Dense(1, name="score")(y), name="tiny")
    >>> fig = network(model, {"letters": "the sequence", "score": "one weight a letter"})
    >>> fig.get_suptitle()
    'tiny: 21 weights'
    """
    reads, weights, shapes = blocks_of(model, chosen)
    depth: dict[str, int] = {}
    for name in [layer.name for layer in model.layers if layer.name in chosen]:
        depth[name] = 1 + max((depth[one] for one in reads[name]), default=-1)
    # An input stands just above what reads it first.
    for name in [name for name in chosen if not reads[name]]:
        depth[name] = min((depth[to] for to in chosen if name in reads[to]), default=1) - 1
    ways = {(one, name): _way(one, name, depth) for name in chosen for one in reads[name]}
    rows: list[list[Any]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in chosen:
        rows[depth[name]].append(name)
    for way in ways.values():
        for point in way[1:-1]:
            rows[point[2]].append(point)
    x = _places(rows, ways)
    wide = max(len(row) for row in rows)
    fig = style.figure(style.DOUBLE if wide > 1 else 120.0, 8 + len(rows) * (_ROW + _GAP))
    ax = fig.subplots()
    ax.set_axis_off()
    ax.set_xlim(0, 1)
    ax.set_ylim(len(rows) * (_ROW + _GAP) - _GAP + 0.5, -0.5)
    for name in chosen:
        width = min(0.97 / len(rows[depth[name]]), 0.55) - 0.02
        top = depth[name] * (_ROW + _GAP)
        box = FancyBboxPatch(
            (x[name] - width / 2, top), width, _ROW, boxstyle="round,pad=0,rounding_size=0.008",
            mutation_aspect=60, facecolor="white" if reads[name] else colours.PALE,
            edgecolor=colours.INK, linewidth=0.7, zorder=3,
        )  # fmt: skip
        ax.add_patch(box)
        letters = int(width * fig.get_figwidth() / style.MM / 1.6)
        said = "\n".join(wrap(chosen[name], letters))
        ax.text(x[name], top + 4, said, ha="center", va="center", weight="bold", size=7, zorder=4)
        shape = " × ".join("any" if n is None else f"{n:,}" for n in shapes[name])
        count = f" · {weights[name]:,} weights" if weights[name] else ""
        below = words.plain(f"{name}: {shape}{count}", 80)
        ax.text(x[name], top + 9, below, ha="center", va="center", size=6, color=_FAINT, zorder=4)
    for way in ways.values():
        line = [(x[way[0]], depth[way[0]] * (_ROW + _GAP) + _ROW)]
        for point in way[1:-1]:
            line += [(x[point], point[2] * (_ROW + _GAP)), (x[point], point[2] * (_ROW + _GAP) + _ROW)]
        ax.plot(*zip(*line, strict=True), color=_FAINT, linewidth=0.8, zorder=2)
        arrow = {"arrowstyle": "-|>", "color": _FAINT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        end = (x[way[-1]], depth[way[-1]] * (_ROW + _GAP))
        ax.annotate("", end, line[-1], arrowprops=arrow | {"mutation_scale": 7}, zorder=2)
    style.head(fig, title or f"{model.name}: {model.count_params():,} weights")
    return fig


def _way(start: str, end: str, depth: Mapping[str, int]) -> list[Any]:
    """The places that an arrow goes through: a slot of its own in each row that it passes."""
    return [start, *((start, end, row) for row in range(depth[start] + 1, depth[end])), end]


def _places(rows: list[list[Any]], ways: Mapping[tuple[str, str], list[Any]]) -> dict[Any, float]:
    """Where each box, and each slot of a passing arrow, stands from left (0) to right (1)."""
    x: dict[Any, float] = {}
    for row in rows:
        above: dict[Any, list[float]] = {place: [] for place in row}
        for way in ways.values():
            for one, following in pairwise(way):
                if following in above and one in x:
                    above[following].append(x[one])
        middle = {place: sum(found) / len(found) if found else 0.5 for place, found in above.items()}
        # A passing arrow keeps to the outside, so that it crosses no other.
        order = sorted(row, key=lambda place: (round(middle[place], 3), isinstance(place, tuple)))
        x |= {place: (number + 0.5) / len(row) for number, place in enumerate(order)}
    return x
