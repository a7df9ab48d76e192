"""An interactive figure in a notebook, wherever the notebook is read.

Three outputs are sent, since every reader picks one form of an output, and not the same one:

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
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from helpers.plots import style
from helpers.plots.pages import CONFIG, PLOTLY_JS, figure_json

NEAR = (
    PLOTLY_JS,
    f"../{PLOTLY_JS}",
    f"../../figures/{PLOTLY_JS}",
    f"../../../figures/{PLOTLY_JS}",
    f"figures/{PLOTLY_JS}",
)
"""Where an exported page looks for the shared script: beside it, and in ``figures`` as seen from
``notebooks/<track>`` and from ``runs/<profile>/<track>``."""

_SCRIPT = """
(function () {
  var id = "%(id)s", spec = %(spec)s, config = %(config)s;
  var near = %(near)s, far = %(far)s;
  var box = document.querySelector('[data-figure="' + id + '"]:not([data-started])');
  if (!box) { return; }
  box.dataset.started = "yes";
  var note = box.querySelector("p");
  function drawn() {
    return Array.prototype.some.call(document.querySelectorAll(".js-plotly-plot"), function (g) {
      return !box.contains(g) && g.layout && g.layout.meta && g.layout.meta.figure === id;
    });
  }
  function add(source) {
    return new Promise(function (done, failed) {
      var define = window.define, script = document.createElement("script");
      window.define = undefined;
      script.onload = function () {
        window.define = define; window.Plotly ? done() : failed(); };
      script.onerror = function () { window.define = define; failed(); };
      if (source.hash) { script.integrity = source.hash; script.crossOrigin = "anonymous"; }
      script.src = source.url;
      document.head.appendChild(script);
    });
  }
  function load() {
    if (window.Plotly) { return Promise.resolve(); }
    if (!window.figurePlotly) {
      var order = location.protocol === "file:" ? near.concat(far) : far.concat(near);
      window.figurePlotly = order.reduce(function (before, source) {
        return before.catch(function () { return add(source); });
      }, Promise.reject());
    }
    return window.figurePlotly;
  }
  function fold() {
    var kinds = ".jp-OutputArea-child, .output_area, .display_data";
    var output = box.closest(kinds);
    for (var back = 0; output && back < 2; back += 1) {
      output = output.previousElementSibling;
      if (output && output.querySelector("img") && !output.querySelector(".js-plotly-plot")) {
        output.style.display = "none";
      }
    }
  }
  function draw() {
    var plot = document.createElement("div");
    box.appendChild(plot);
    return window.Plotly.newPlot(plot, spec.data, spec.layout, config).then(function () {
      note.remove(); fold(); });
  }
  function start(tries) {
    if (drawn()) { fold(); box.style.display = "none"; return; }
    if (tries > 0) { setTimeout(function () { start(tries - 1); }, 250); return; }
    load().then(draw).catch(function () {
      note.textContent = "The interactive figure needs plotly.min.js or a network; " +
        "the picture above shows the same data."; });
  }
  start(document.getElementById("jupyter-config-data") ? 20 : 0);
})();
"""


def bundles(
    fig: go.Figure,
    *,
    static: Figure | bytes | str | os.PathLike[str],
    description: str,
    near: Sequence[str] = NEAR,
) -> list[dict[str, object]]:
    """The three outputs of `show`, as MIME bundles.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
    static : matplotlib.figure.Figure, PNG bytes or path of a PNG
        The same data as a picture.
    description : str
        What the figure shows, in words.
    near : sequence of str
        Where the script is looked for, relative to the page.

    Returns
    -------
    list of dict
        The picture, plotly's JSON, the HTML; the same figure gives the same bytes.

    Raises
    ------
    ValueError
        If the static picture is no PNG.
    """
    picture = _png(static)
    key = sha256(fig.to_json().encode()).hexdigest()[:12]
    # The script finds by this mark whether the notebook has drawn the figure by itself.
    marked = go.Figure(fig).update_layout(meta={"figure": key})
    spec = figure_json(marked)
    page = _html(key, spec, description, near)
    return [
        {"image/png": base64.b64encode(picture).decode(), "text/plain": description},
        # The empty text keeps nbconvert from warning that it cannot represent the output.
        {"application/vnd.plotly.v1+json": json.loads(spec) | {"config": CONFIG}, "text/plain": ""},
        {"text/html": page, "text/plain": description},
    ]


def show(
    fig: go.Figure,
    *,
    static: Figure | bytes | str | os.PathLike[str],
    description: str,
    near: Sequence[str] = NEAR,
) -> None:
    """Show an interactive figure in a notebook, with a static picture where no script runs.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
    static : matplotlib.figure.Figure, PNG bytes or path of a PNG
        The same data as a picture.
    description : str
        What the figure shows, in words: the text alternative.
    near : sequence of str
        Where an exported page looks for plotly.min.js before it asks plotly's server.

    Raises
    ------
    ValueError
        If the static picture is no PNG.
    """
    from IPython.display import display

    for bundle in bundles(fig, static=static, description=description, near=near):
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


def _html(key: str, spec: str, description: str, near: Sequence[str]) -> str:
    far = {
        "url": f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js",
        "hash": "sha256-" + base64.b64encode(sha256(get_plotlyjs().encode()).digest()).decode(),
    }
    script = _SCRIPT % {
        "id": key,
        "spec": spec,
        "config": json.dumps(CONFIG),
        "near": json.dumps([{"url": url} for url in near]),
        "far": json.dumps([far]),
    }
    text = html.escape(description)
    return (
        f'<div data-figure="{key}" role="group" aria-label="{text}">'
        "<p><small>The picture above becomes interactive when the cell is run (JupyterLab, "
        "Colab), when the notebook is trusted, and in the exported page.</small></p></div>\n"
        f"<script>{script}</script>"
    )
