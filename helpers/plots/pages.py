"""Pages and notebook outputs with interactive figures, and the page of predictions.

A page opens from disk without a network: all pages of a folder share one ``plotly.min.js`` (4.8
MB, which git leaves out: a page of a clone takes it from the network, or shows its picture). Text
from files is escaped wherever it stands.

In a notebook three outputs are sent, since every reader picks one form of an output, and not the
same one:

1. a PNG: what a code host, a PDF and a page without scripts show;
2. plotly's JSON, alone: JupyterLab draws it, offline too (beside a PNG or HTML it would prefer
   those); others leave it out;
3. HTML whose script draws the figure where the second output did not (Colab, an exported page),
   with a plotly.min.js near the page or from plotly's own server, and which folds the PNG away once
   the figure is drawn. Where no script runs or none is found, the picture stays.
"""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from helpers.plots import style
from helpers.plots.tables import need

PLOTLY_JS = "plotly.min.js"
CONFIG = {"responsive": True, "displaylogo": False}
"""What plotly is told beside the figure."""
NEAR = [f"{folder}{PLOTLY_JS}" for folder in ("", "../", "../../figures/", "../../../figures/", "figures/")]
"""Where an exported page looks for the shared script: beside it, and in ``figures`` as seen from
``notebooks/<track>`` and from ``runs/<profile>/<track>``."""


class Panel(NamedTuple):
    """One interactive figure of a page.

    Parameters
    ----------
    heading : str
    figure : plotly.graph_objects.Figure
    description : str
        What the figure shows, in words: its text alternative and its caption.
    static : matplotlib.figure.Figure or PNG bytes, optional
        The same data as a picture, kept in the page and shown where the script cannot be had.
    """

    heading: str
    figure: go.Figure
    description: str
    static: Figure | bytes | None = None


def _asset(name: str) -> str:
    """A script or a style sheet that lies beside this module."""
    return files("helpers.plots").joinpath("assets", name).read_text(encoding="utf-8")


def document(title: str, body: str, css: str = "") -> str:
    """A whole page in the house style, without any other file; `body` is HTML, `title` any text."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_asset('page.css')}{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def ensure_plotly_js(folder: str | os.PathLike[str]) -> Path:
    """Write the plotly.min.js that the pages of a folder share, unless the same bytes are there."""
    path = Path(folder) / PLOTLY_JS
    content = get_plotlyjs().encode()
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return path
    return style.write_whole(path, content)


def write_page(
    path: str | os.PathLike[str],
    figures: Sequence[Panel],
    *,
    title: str,
    plotly_js: str | os.PathLike[str] | None = None,
) -> Path:
    """Write interactive figures as a page that needs no network; gives back its path.

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
    kept = all(panel.static for panel in figures)
    still = "A picture stands in the place of each." if kept else "Static pictures were written beside it."
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class='missing' id='lost' hidden>To move, the figures need {reference} or a network; neither "
        f"was found from this page. {still}</p>",
        f"<noscript><p class='missing'>To move, the figures need scripts switched on. {still}</p>"
        "<style>.still { display: block; } .live { display: none; }</style></noscript>",
        f'<script src="{reference}"></script>',
        # A page that was moved away from its script asks the network for the very same bytes.
        f"<script>{_asset('page.js')}({json.dumps(_far())});</script>",
        "<script>if (!window.Plotly) { document.getElementById('lost').hidden = false; "
        "document.body.classList.add('flat'); }</script>",
        *(_section(panel, place) for place, panel in enumerate(figures)),
    ]
    return style.write_whole(page, document(title, "\n".join(body)).encode())


def _section(panel: Panel, place: int) -> str:
    """One figure with its caption; plotly escapes what it writes into its script."""
    text = html.escape(panel.description)
    key = f"figure-{sha256(panel.heading.encode()).hexdigest()[:8]}-{place}"
    height = f"{int(panel.figure.layout.height or 450)}px"
    drawn = panel.figure.to_html(
        config=CONFIG, include_plotlyjs=False, full_html=False, div_id=key, default_height=height
    )
    still = ""
    if panel.static:
        picture = base64.b64encode(_png(panel.static)).decode()
        still = f'<img class="still" src="data:image/png;base64,{picture}" alt="{text}">'
    return (
        f"<section><h2>{html.escape(panel.heading)}</h2>\n"
        f'<figure>{still}<div class="live" role="img" aria-label="{text}">{drawn}</div>'
        f"<figcaption>{text}</figcaption></figure></section>"
    )


def _far() -> dict[str, str]:
    """Where the network has the script, and the hash of its bytes."""
    digest = base64.b64encode(sha256(get_plotlyjs().encode()).digest()).decode()
    return {"url": f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js", "hash": f"sha256-{digest}"}


def bundles(
    fig: go.Figure, *, static: Figure | bytes | str | os.PathLike[str], description: str
) -> list[dict[str, object]]:
    """The outputs of `show` as MIME bundles: picture, plotly's JSON, HTML; the same bytes each time."""
    picture = _png(static)
    key = sha256(fig.to_json().encode()).hexdigest()[:12]
    # The script finds by this mark whether the notebook has drawn the figure by itself.
    spec = go.Figure(fig).update_layout(meta={"figure": key}).to_json()
    return [
        {"image/png": base64.b64encode(picture).decode(), "text/plain": description},
        # The empty text keeps nbconvert from warning that it cannot represent the output.
        {"application/vnd.plotly.v1+json": json.loads(spec) | {"config": CONFIG}, "text/plain": ""},
        {"text/html": _html(key, spec, description), "text/plain": description},
    ]


def show(fig: go.Figure, *, static: Figure | bytes | str | os.PathLike[str], description: str) -> None:
    """Show an interactive figure in a notebook, with a static picture where no script runs.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
    static : matplotlib.figure.Figure, PNG bytes or path of a PNG
        The same data as a picture.
    description : str
        What the figure shows, in words: the text alternative.

    Raises
    ------
    ValueError
        If the static picture is no PNG.
    """
    from IPython.display import display

    for bundle in bundles(fig, static=static, description=description):
        alt = {"image/png": {"alt": description}} if "image/png" in bundle else {}
        display(bundle, raw=True, metadata=alt)


def _png(static: Figure | bytes | str | os.PathLike[str]) -> bytes:
    if isinstance(static, Figure):
        return style.png(static)
    content = static if isinstance(static, bytes) else Path(static).read_bytes()
    if not content.startswith(b"\x89PNG"):
        what = "the bytes given" if isinstance(static, bytes) else os.fspath(static)
        raise ValueError(f"{what} hold no PNG; give a matplotlib figure or a PNG as the picture")
    return content


def _html(key: str, spec: str, description: str) -> str:
    given = [CONFIG, [{"url": url} for url in NEAR], [_far()]]
    arguments = ", ".join([json.dumps(key), spec, *map(json.dumps, given)])
    return (
        f'<div data-figure="{key}" role="group" aria-label="{html.escape(description)}">'
        "<p><small>The picture above becomes interactive when the cell is run (JupyterLab, "
        "Colab), when the notebook is trusted, and in the exported page.</small></p></div>\n"
        f"<script>\n{_asset('figure.js')}({arguments});\n</script>"
    )


HEADS = ("Row", "RNA", "Peptide", "Probability of binding", "95 % interval", "Status", "Note", "Map")
"""Headings of the columns of the page of predictions."""


def predictions_page(
    path: str | os.PathLike[str],
    table: pd.DataFrame,
    *,
    title: str,
    total: int | None = None,
    full_table: str | None = None,
    heads: Sequence[str] = HEADS,
) -> Path:
    """Write predictions as a page: a table to sort and filter, with bars and links to heat maps.

    Parameters
    ----------
    path : path
        The page; it needs no other file, except the heat maps it links to.
    table : pandas.DataFrame
        One row a pair, in the order of the input: `rna_id`, `protein_id`, `probability` (NaN when
        rejected), `status` (ok, changed, rejected), and optionally `ci_low`, `ci_high`, `note`,
        `heatmap` (path relative to the page) and `row` (line of the input, counted from 1).
        A page of more than some thousand rows is slow: give the first ones and the `total`.
    title : str
        Which file and which model.
    total : int, optional
        How many rows the whole result has, when `table` holds only its first ones.
    full_table : str, optional
        Path of the CSV with all rows, relative to the page; linked.
    heads : sequence of str, optional
        The eight headings, for pairs of another kind and values of another name.
    """
    need(table, ["rna_id", "protein_id", "probability", "status"], "predictions")
    total = len(table) if total is None else total
    counts = table["status"].value_counts()
    said = ", ".join(f"{count:,} {html.escape(str(name))}" for name, count in counts.items())
    part = f"The first {len(table):,} of {total:,} pairs" if total > len(table) else f"{total:,} pairs"
    link = f' All rows: <a href="{quote(full_table)}">{html.escape(full_table)}</a>.' if full_table else ""
    options = "".join(f"<option>{html.escape(str(name))}</option>" for name in counts.index)
    head = "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in heads)
    rows = [_row(place, row) for place, row in enumerate(table.to_dict("records"), start=1)]
    body = (
        f"<h1>{html.escape(title)}</h1>\n<p>{part}: {said}.{link} Click a heading to sort.</p>\n"
        '<form><label>Filter <input id="filter" type="search" placeholder="id or note"></label>'
        f'<label>Status <select id="status"><option value="">all</option>{options}</select></label>'
        '<span id="shown" role="status"></span></form>\n'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table>\n"
    )
    body += f"<script>\n{_asset('predictions.js')}</script>"
    return style.write_whole(Path(path), document(title, body, _asset("predictions.css")).encode())


def _row(place: int, row: Mapping[Any, Any]) -> str:
    known = {name: value for name, value in row.items() if isinstance(value, str) or pd.notna(value)}
    p, low, high = (float(known[k]) if k in known else None for k in ("probability", "ci_low", "ci_high"))
    between = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
    bar = "" if p is None else f"{_bar(p, low, high)} {p:.3f}"
    names = ("rna_id", "protein_id", "status", "note", "heatmap")
    rna, peptide, status, note, heatmap = (html.escape(str(known.get(name, ""))) for name in names)
    link = f'<a href="{quote(str(known["heatmap"]))}">map</a>' if heatmap else ""
    number = html.escape(str(row.get("row", place)))
    cells = [
        ("number", number, number),
        ("text", rna, rna),
        ("text", peptide, peptide),
        ("number", "" if p is None else f"{p:.6f}", bar),
        ("number", "" if low is None else str(low), between),
        ("", status, f'<span class="status {status}">{status}</span>'),
        ("text", note, note),
        ("", heatmap, link),
    ]
    shown = "".join(f'<td class="{kind}" data-key="{key}">{text}</td>' for kind, key, text in cells)
    return f'<tr data-status="{status}">{shown}</tr>'


def _bar(probability: float, low: float | None, high: float | None) -> str:
    """A bar from 0 to 1 with its interval as a line; the number beside it says the same."""
    width = 100 * min(max(probability, 0.0), 1.0)
    whisker = ""
    if low is not None and high is not None:
        whisker = f'<path d="M{100 * low:.1f} 7H{100 * high:.1f}" stroke="#262626" stroke-width="2"/>'
    return (
        '<svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="14" fill="#E6E6E6"/>'
        f'<rect width="{width:.1f}" height="14" fill="#56B4E9"/>{whisker}</svg>'
    )
