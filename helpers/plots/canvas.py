"""What every plotly figure of the suite shares: template, colours, frame and menu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import plotly.graph_objects as go

from helpers.plots import colours, words
from helpers.plots.scales import Scale


@cache
def template() -> go.layout.Template:
    """The house style for plotly."""
    line = {
        "showgrid": False,
        "zeroline": False,
        "linecolor": colours.INK,
        "ticks": "outside",
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": "DejaVu Sans, Arial, sans-serif", "size": 13, "color": colours.INK},
            "paper_bgcolor": "white",
            "plot_bgcolor": colours.PALE,
            "colorway": [mark["color"] for mark in colours.MODEL_MARKS.values()],
            "xaxis": line,
            "yaxis": line,
            "title": {"x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 12}},
            "margin": {"l": 80, "r": 20, "t": 110, "b": 60},
            "hoverlabel": {"font": {"family": "DejaVu Sans Mono, monospace", "size": 12}},
        }
    )


def most_ticks(height: int) -> int:
    """Labels that fit beside a map of that height (pixels) without touching."""
    return (height - 170) // 18


def small(values: np.ndarray) -> np.ndarray:
    """Values as float32, which plotly writes in binary: 5.3 bytes each."""
    return np.ascontiguousarray(values, dtype=np.float32)


def log_or_not(
    table: np.ndarray, chosen: Scale
) -> tuple[np.ndarray, tuple[float, float], dict[str, list[object]] | None]:
    """Values as plotly colours them, their two ends, and the ticks of the colour bar.

    Plotly has no logarithmic colours: the exponent is coloured, and the ticks name the value.
    """
    if chosen.form != "log":
        return table, (chosen.low, chosen.high), None
    if chosen.linear:
        z = np.sign(table) * np.log10(1 + np.abs(table) / chosen.linear)
        end = float(np.log10(1 + chosen.high / chosen.linear))
        signed = [-chosen.high, -chosen.linear, 0.0, chosen.linear, chosen.high]
        places = [float(np.sign(v) * np.log10(1 + abs(v) / chosen.linear)) for v in signed]
        return z, (-end, end), {"tickvals": [*places], "ticktext": [f"{v:.2g}" for v in signed]}
    z = np.log10(np.where(table > 0, table, np.nan))
    ends = (float(np.log10(chosen.low)), float(np.log10(chosen.high)))
    whole = list(range(int(np.ceil(ends[0])), int(np.floor(ends[1])) + 1))
    exponents: list[float] = [*whole] if whole else [*ends]
    return z, ends, {"tickvals": [*exponents], "ticktext": [f"{10.0**v:.2g}" for v in exponents]}


def colouring(
    chosen: Scale, value: str, ends: tuple[float, float], ticks: dict[str, list[object]] | None
) -> dict[str, object]:
    """Colour settings of a plotly heat map: map, ends, and a bar with the quantity."""
    note = f"<br>{chosen.note}" if chosen.note else ""
    bar: dict[str, object] = {
        "title": {"text": words.markup(value, 60) + note, "side": "right"},
        "thickness": 14,
        "outlinewidth": 0,
    }
    return {
        "colorscale": colours.colorscale(chosen.colours),
        "zmin": ends[0],
        "zmax": ends[1],
        "colorbar": bar | (ticks or {}),
        "hoverongaps": False,
    }


def frame(fig: go.Figure, title: str, height: int) -> None:
    """Give a figure the house style, a title and a height (pixels)."""
    fig.update_layout(template=template(), title_text=words.markup(title, 400), height=height, autosize=True)


def menu(fig: go.Figure, names: Sequence[str], each: int, extra: Sequence[dict[str, object]]) -> None:
    """Menu that shows one name's traces at a time; none where there is nothing to choose."""
    if len(names) < 2:
        return
    buttons = []
    for place, name in enumerate(names):
        visible = [other == place for other in range(len(names)) for _ in range(each)]
        change = dict(extra[place])
        # A zoom into one map would hide another that is shorter.
        change |= {"xaxis.autorange": True, "yaxis.autorange": "reversed"}
        if each == 2:
            change |= {"xaxis2.autorange": True, "yaxis2.autorange": "reversed"}
        buttons.append(
            {
                "label": words.markup(name),
                "method": "update",
                "args": [{"visible": visible}, change],
            }
        )
    menu = {"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    fig.update_layout(updatemenus=[menu | {"bgcolor": "white", "showactive": True}])
