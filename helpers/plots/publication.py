"""A figure for a paper in all its forms: picture, vector drawing, interactive page, source data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure

from helpers.plots import pages, style

NAMES = {
    "ours": "ours",
    "network": "hybrid network",
    "sites": "SVM on known sites",
    "plain": "plain CNN",
    "svm": "SVM on k-mers",
    "forest": "random forest",
    "baseline": "linear regression",
    "control": "shuffled control",
}
"""Names of the models of the expression comparison, in the order in which they are drawn."""

MARKS = {
    "ours": ("#0072B2", "o"),
    "network": ("#56B4E9", "P"),
    "sites": ("#CC79A7", "D"),
    "plain": ("#E69F00", "s"),
    "svm": ("#D55E00", "v"),
    "forest": ("#000000", "X"),
    "baseline": ("#009E73", "^"),
    "control": ("#8C8C8C", "x"),
}
"""Colour and marker of each model: no two share a marker, so that grey print keeps them apart."""


class Drawn(NamedTuple):
    """A figure with its interactive counterpart and the table behind both.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    live : plotly.graph_objects.Figure
    data : pandas.DataFrame
        Source data: every number that is drawn.
    """

    figure: Figure
    live: go.Figure
    data: pd.DataFrame


def publish(drawn: Drawn, stem: str | os.PathLike[str], *, title: str, description: str) -> Figure:
    """Write PNG (300 dpi), SVG, interactive HTML and CSV; give the picture back to be shown.

    Parameters
    ----------
    drawn : Drawn
    stem : path
        Path without a suffix, such as ``figures/gene_expression/figure1_model_performance``.
    title : str
        Heading of the page.
    description : str
        What the figure shows, in words.

    Returns
    -------
    matplotlib.figure.Figure
    """
    stem = Path(stem)
    style.save(drawn.figure, stem, data=drawn.data)
    panel = pages.Panel(title, drawn.live, description)
    pages.write_page(stem.with_name(f"{stem.name}.html"), [panel], title=title)
    return drawn.figure


def order_models(names: list[str]) -> list[str]:
    """Known models in the order of `NAMES`, others behind them.

    Examples
    --------
    >>> order_models(["control", "ours"])
    ['ours', 'control']
    """
    known = [name for name in NAMES if name in names]
    return known + [name for name in dict.fromkeys(names) if name not in NAMES]


def mark(name: str) -> tuple[str, str]:
    """Colour and marker of a model."""
    return MARKS.get(name, ("#262626", "*"))
