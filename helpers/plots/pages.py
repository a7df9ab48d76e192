"""Pages of interactive figures that open from disk without a network.

All interactive pages of a folder share one ``plotly.min.js`` (4.8 MB). Text from files is escaped
wherever it stands.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from helpers.plots import style
from helpers.plots.documents import document
from helpers.plots.predictions import predictions_page

__all__ = ["Panel", "ensure_plotly_js", "figure_json", "predictions_page", "write_page"]

PLOTLY_JS = "plotly.min.js"
CONFIG = {"responsive": True, "displaylogo": False}
"""What plotly is told beside the figure."""


class Panel(NamedTuple):
    """One interactive figure of a page.

    Parameters
    ----------
    heading : str
    figure : plotly.graph_objects.Figure
    description : str
        What the figure shows, in words: its text alternative and its caption.
    """

    heading: str
    figure: go.Figure
    description: str


def ensure_plotly_js(folder: str | os.PathLike[str]) -> Path:
    """Write the plotly.min.js that the pages of a folder share, unless it is there already.

    Parameters
    ----------
    folder : path
        Such as ``figures``; made when it is not there.

    Returns
    -------
    Path
        The file: the same bytes as the installed plotly's, whole also after a crash.
    """
    path = Path(folder) / PLOTLY_JS
    content = get_plotlyjs().encode()
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return path
    return style.write_whole(path, content)


def figure_json(figure: go.Figure) -> str:
    """A figure as JSON that can stand inside a script element: no ``<`` is left in it."""
    return figure.to_json().replace("<", "\\u003c").replace("\u2028", "\\u2028")


def write_page(
    path: str | os.PathLike[str],
    figures: Sequence[Panel],
    *,
    title: str,
    plotly_js: str | os.PathLike[str] | None = None,
) -> Path:
    """Write interactive figures as a page that needs no network.

    Parameters
    ----------
    path : path
        The page, such as ``figures/rna_peptide/interaction.html``.
    figures : sequence of Panel
    title : str
        Title of the page, any text.
    plotly_js : path, optional
        The shared script, as `ensure_plotly_js` gives it; referred to by relative path. When not
        given, the one in the folder above the page's (``figures/plotly.min.js`` for a page in
        ``figures/<track>``) is made sure of.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ValueError
        If there is no figure, or the script is not there.
    """
    page = Path(path)
    if not figures:
        raise ValueError(f"no figure for the page {page}; give at least one Panel")
    script = Path(plotly_js) if plotly_js else ensure_plotly_js(page.resolve().parent.parent)
    if not script.is_file():
        raise ValueError(
            f"the page {page} would refer to {script}, which is not there; write it with "
            "helpers.plots.pages.ensure_plotly_js"
        )
    reference = quote(Path(os.path.relpath(script.resolve(), page.resolve().parent)).as_posix())
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [_section(panel, place) for place, panel in enumerate(figures)]
    body.append(f'<script src="{reference}"></script>')
    body.append(_draw_all(reference))
    return style.write_whole(page, document(title, "\n".join(body)).encode())


def _section(panel: Panel, place: int) -> str:
    text = html.escape(panel.description)
    height = int(panel.figure.layout.height or 450)
    key = sha256(panel.heading.encode()).hexdigest()[:8]
    return (
        f'<section><h2>{html.escape(panel.heading)}</h2>\n<figure id="figure-{key}-{place}">'
        f'<div class="plot" role="img" aria-label="{text}" style="min-height:{height}px"></div>'
        f"<figcaption>{text}</figcaption>\n"
        f'<script type="application/json">{figure_json(panel.figure)}</script>\n'
        "<noscript><p class='missing'>The figure needs scripts switched on. A static picture lies "
        "beside this page.</p></noscript></figure></section>"
    )


def _draw_all(reference: str) -> str:
    missing = f"The figure needs {reference}, which was not found from this page. "
    return (
        "<script>\n"
        'document.querySelectorAll("figure > .plot").forEach(function (plot) {\n'
        "  if (!window.Plotly) {\n"
        '    plot.className = "missing"; plot.style.minHeight = "0";\n'
        f"    plot.textContent = {_quoted(missing)} +\n"
        '      "A static picture lies beside this page."; return;\n'
        "  }\n"
        "  var spec = JSON.parse(plot.parentNode.querySelector("
        '"script[type=\\"application/json\\"]").textContent);\n'
        f"  Plotly.newPlot(plot, spec.data, spec.layout, {json.dumps(CONFIG)});\n"
        "});\n</script>"
    )


def _quoted(text: str) -> str:
    """A text as a string of JavaScript inside a script element."""
    return json.dumps(text).replace("<", "\\u003c")
