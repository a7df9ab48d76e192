"""What every plotly figure of the suite shares: template, colours, heat maps, frame and menu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from helpers.plots import colours, words
from helpers.plots.cells import Scale, scale_of


@cache
def template() -> go.layout.Template:
    """The house style for plotly."""
    line: dict[str, object] = {"showgrid": False, "zeroline": False, "linecolor": colours.INK}
    line |= {"ticks": "outside", "automargin": True}
    return go.layout.Template(
        layout={
            "font": {"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": colours.INK},
            "paper_bgcolor": "white",
            "plot_bgcolor": colours.PALE,
            "colorway": [colours.MODEL_MARKS[name]["color"] for name in colours.EVERY_TRACK],
            "xaxis": line,
            "yaxis": line,
            "title": {"x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 12}},
            "margin": {"l": 80, "r": 20, "t": 110, "b": 60},
            "hoverlabel": {"font": {"family": "DejaVu Sans Mono, monospace", "size": 12}},
        }
    )


def small(values: np.ndarray) -> np.ndarray:
    """Values as float32, which plotly writes in binary: 5.3 bytes each."""
    return np.ascontiguousarray(values, dtype=np.float32)


def heat(
    table: np.ndarray, value: str, form: str = "linear", *, percentile: float = 95.0, **options: Any
) -> go.Heatmap:
    """A matrix as colours, with a colour bar that names the quantity `value`.

    On a logarithmic scale, which plotly lacks, the exponent is coloured, the ticks name the value
    and ``customdata`` holds it. `options` go to plotly.
    """
    chosen = scale_of(table, form, percentile)
    note = f"<br>{chosen.note}" if chosen.note else ""
    said = {"text": words.markup(value, 60) + note, "side": "right"}
    bar: dict[str, object] = {"title": said, "thickness": 14, "outlinewidth": 0}
    z, ends = table, (chosen.low, chosen.high)
    if form == "log":
        z, ends, ticks = _exponents(table, chosen)
        options["customdata"] = small(table)
        bar |= ticks
    scale = {"colorscale": colours.colorscale(chosen.colours), "zmin": ends[0], "zmax": ends[1]}
    return go.Heatmap(z=small(z), **options, **scale, colorbar=bar, hoverongaps=False)


def _exponents(
    table: np.ndarray, chosen: Scale
) -> tuple[np.ndarray, tuple[float, float], dict[str, list[object]]]:
    """Exponents to colour, their two ends, and the ticks of the colour bar."""
    if chosen.linear:
        values = np.array([-chosen.high, -chosen.linear, 0.0, chosen.linear, chosen.high])
        z, places = (np.sign(v) * np.log10(1 + np.abs(v) / chosen.linear) for v in (table, values))
    else:
        z = np.log10(np.where(table > 0, table, np.nan))
        low, high = np.log10([chosen.low, chosen.high])
        whole = np.arange(np.ceil(low), np.floor(high) + 1)
        places = whole if whole.size else np.array([low, high])
        values = 10.0**places
    ends = (float(places[0]), float(places[-1])) if chosen.linear else (float(low), float(high))
    return z, ends, {"tickvals": places.tolist(), "ticktext": [f"{v:.2g}" for v in values]}


def frame(fig: go.Figure, title: str, height: int) -> None:
    """Give a figure the house style, a title and a height (pixels)."""
    fig.update_layout(template=template(), title_text=words.markup(title, 400), height=height, autosize=True)


def views(fig: go.Figure, choices: Sequence[tuple[str, Sequence[int], dict[str, object]]]) -> None:
    """A menu whose entries each show some traces (by number) and change the layout."""
    buttons = [
        {
            "label": words.markup(name),
            "method": "update",
            "args": [{"visible": [number in traces for number in range(len(fig.data))]}, layout],
        }
        for name, traces, layout in choices
    ]
    place = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    fig.update_layout(updatemenus=[{"buttons": buttons, **place, "bgcolor": "white", "showactive": True}])


def menu(fig: go.Figure, names: Sequence[str], each: int, *, extra: Sequence[dict[str, object]]) -> None:
    """Menu that shows one name's traces (`each` a name) at a time; none where there is no choice.

    `extra` changes the layout, name by name.
    """
    if len(names) < 2:
        return
    # A zoom into one map would hide another that is shorter.
    free: dict[str, object] = {}
    for axis in ("", "2") if each == 2 else ("",):
        free |= {f"xaxis{axis}.autorange": True, f"yaxis{axis}.autorange": "reversed"}
    views(
        fig,
        [
            (name, range(place * each, (place + 1) * each), free | change)
            for place, (name, change) in enumerate(zip(names, extra, strict=True))
        ],
    )
