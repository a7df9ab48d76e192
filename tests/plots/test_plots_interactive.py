"""Interactive figures, the pages that hold them, and how they show in a notebook."""

import base64
import json
import re
from html.parser import HTMLParser

import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbconvert import HTMLExporter
from plotly.offline import get_plotlyjs

from helpers.plots import heatmaps, interactive, pages, style

TAG = "<script>alert(1)</script>"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt;"
MAPS = [
    interactive.InteractionMap(TAG, np.eye(9), "GCUA", "MKV", np.eye(4, 3, dtype=bool), "logit"),
    interactive.InteractionMap("signed %{z}", -np.ones((2, 2)), "GC", "MK"),
]


class Tags(HTMLParser):
    """Collect what a browser would see as elements."""

    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.data = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.data.append(data)

    def named(self, tag):
        return [attrs for name, attrs in self.seen if name == tag]


def values(trace_z):
    return np.asarray(trace_z)


# figures


def test_interaction_figure_shows_every_position_of_each_map():
    fig = interactive.interaction_figure(MAPS, title=TAG)
    assert [values(trace.z).shape for trace in fig.data] == [(4, 3), (2, 2)]
    assert fig.data[0].y == ("G1", "C2", "U3", "A4")
    assert values(fig.data[0].z).dtype == np.float32
    assert [trace.visible for trace in fig.data] == [True, False]
    assert (fig.data[1].zmin, fig.data[1].zmax) == (-1, 1)
    assert fig.layout.title.text == SAFE


def test_the_menu_shows_one_map_with_its_own_outline():
    menu = interactive.interaction_figure(MAPS).layout.updatemenus[0]
    assert [button.label for button in menu.buttons] == [SAFE, "signed %\u200b{z}"]
    assert menu.buttons[1].args[0] == {"visible": [False, True]}
    assert menu.buttons[0].args[1]["shapes"][0]["type"] == "path"
    assert menu.buttons[1].args[1]["shapes"] == []


def test_no_tag_reaches_plotly():
    pair = heatmaps.SaliencyPair(TAG, "GC", "MK", np.eye(2, 4), np.eye(2, 20))
    figures = [
        interactive.interaction_figure(MAPS, title=TAG),
        interactive.unit_figure(np.eye(2), pair_labels=[TAG, "b"], title=TAG, value=TAG),
        interactive.saliency_figure([pair, pair], title=TAG, value=TAG),
    ]
    for fig in figures:
        assert "<script" not in fig.to_json().replace("\\u003c", "<")


def test_unit_figure_keeps_the_values_in_the_hover_of_the_logarithm():
    features = np.array([[0, 1.0], [10, 100]])
    fig = interactive.unit_figure(features, pair_labels=["a", "a"])
    linear, clipped, log = fig.data
    assert list(linear.y) == ["1. a", "2. a"]
    assert clipped.zmax == pytest.approx(np.percentile(features, 95))
    assert np.isnan(values(log.z)[0, 0])
    assert values(log.z)[1].tolist() == [1, 2]
    assert values(log.customdata)[1].tolist() == [10, 100]
    with pytest.raises(ValueError, match=r"shape \(2, 2\) with 1 labels"):
        interactive.unit_figure(features, pair_labels=["a"])


def test_unit_figure_takes_signed_features():
    log = interactive.unit_figure(np.array([[-10.0, 10]]), pair_labels=["a"]).data[2]
    assert log.zmin == -log.zmax


def test_figures_without_data_are_refused():
    with pytest.raises(ValueError, match="no interaction map"):
        interactive.interaction_figure([])
    with pytest.raises(ValueError, match="no pair to draw"):
        interactive.saliency_figure([])
    small = interactive.InteractionMap("p1", np.eye(2), "GCU", "MKV")
    with pytest.raises(ValueError, match=r"map of 'p1' has shape \(2, 2\).*at least \(3, 3\)"):
        interactive.interaction_figure([small])
    wrong = interactive.InteractionMap("p1", np.eye(3), "GCU", "MKV", truth=np.eye(2))
    with pytest.raises(ValueError, match=r"truth of the map of 'p1' has shape \(2, 2\)"):
        interactive.interaction_figure([wrong])


# pages


def test_plotly_is_written_once_whole(tmp_path):
    path = pages.ensure_plotly_js(tmp_path / "figures")
    written = path.stat().st_mtime_ns
    assert path.read_text(encoding="utf-8") == get_plotlyjs()
    assert pages.ensure_plotly_js(tmp_path / "figures").stat().st_mtime_ns == written
    path.write_text("cut in ha")
    pages.ensure_plotly_js(tmp_path / "figures")
    assert path.read_text(encoding="utf-8") == get_plotlyjs()


def test_page_is_small_escaped_and_refers_to_the_shared_script(tmp_path):
    panel = pages.Panel(TAG, interactive.interaction_figure(MAPS, title=TAG), f'"{TAG}"')
    page = pages.write_page(tmp_path / "figures/track/x.html", [panel], title=TAG)
    text = page.read_text(encoding="utf-8")
    tags = Tags(text)
    assert (tmp_path / "figures/plotly.min.js").is_file()
    assert [s["src"] for s in tags.named("script") if "src" in s] == ["../plotly.min.js"]
    assert re.findall(r"https?://[^/]+", text) == ["https://cdn.plot.ly"], (
        "asked only where the script is lost"
    )
    assert len(text) < 30_000
    assert tags.named("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in tags.named("meta"))
    assert any(div.get("role") == "img" and div["aria-label"] == f'"{TAG}"' for div in tags.named("div"))
    assert TAG not in text
    assert tags.data.count(TAG) == 3
    assert json.dumps(SAFE).replace("/", "\\u002f").replace("<", "\\u003c") in text
    assert "hidden" in tags.named("p")[0], "shown when plotly.min.js is found neither here nor there"
    text = page.read_text(encoding="utf-8")
    assert "integrity" in text
    assert text.index("if (!window.Plotly)") > text.index("cdn.plot.ly")


def test_a_page_can_keep_its_picture(tmp_path):
    picture = style.png(style.figure(60, 40))
    panel = pages.Panel("x", interactive.interaction_figure(MAPS), "what it shows", picture)
    tags = Tags(pages.write_page(tmp_path / "figures/track/x.html", [panel], title="x").read_text("utf-8"))
    (still,) = tags.named("img")
    assert still["alt"] == "what it shows"
    assert base64.b64decode(still["src"].removeprefix("data:image/png;base64,")) == picture
    assert "A picture stands in the place of each." in " ".join(tags.data)


def test_page_refusals(tmp_path):
    with pytest.raises(ValueError, match="no figure for the page"):
        pages.write_page(tmp_path / "x.html", [], title="x")
    panel = pages.Panel("x", interactive.interaction_figure(MAPS), "x")
    with pytest.raises(ValueError, match="ensure_plotly_js"):
        pages.write_page(tmp_path / "x.html", [panel], title="x", plotly_js=tmp_path / "no.js")


PREDICTIONS = pd.DataFrame(
    {
        "rna_id": [TAG, "r2"],
        "protein_id": ["p1", "p2"],
        "probability": [np.nan, 0.75],
        "ci_low": [np.nan, 0.7],
        "ci_high": [np.nan, 0.8],
        "status": ["rejected", "ok"],
        "note": [f"row 1: {TAG}", ""],
        "heatmap": [None, "javascript:alert(1)"],
    }
)


def test_predictions_page_shows_every_row_and_runs_nothing_from_the_table(tmp_path):
    page = pages.predictions_page(
        tmp_path / "p.html", PREDICTIONS, title=TAG, total=9000, full_table="all rows.csv"
    )
    text = page.read_text(encoding="utf-8")
    tags = Tags(text)
    assert TAG not in text
    assert tags.data.count(TAG) == 3
    assert len(tags.named("tr")) == 3
    assert len(tags.named("script")) == 1
    assert [a["href"] for a in tags.named("a")] == ["all%20rows.csv", "javascript%3Aalert%281%29"]
    assert "The first 2 of 9,000 pairs: 1 rejected, 1 ok." in text
    assert "0.700 to 0.800" in text
    assert not re.search(r"[>\"]nan", text)


def test_predictions_page_needs_its_columns(tmp_path):
    with pytest.raises(ValueError, match="predictions table has no column 'status'"):
        pages.predictions_page(tmp_path / "p.html", PREDICTIONS.drop(columns="status"), title="x")


# notebooks


def bundles():
    fig = interactive.interaction_figure(MAPS[:1])
    static = heatmaps.interaction_map(np.eye(4, 3), "GCUA", "MKV")
    return pages.bundles(fig, static=static, description=f"map {TAG}")


def test_each_reader_finds_its_form_and_a_rerun_is_identical():
    first, second, third = bundles()
    assert base64.b64decode(first["image/png"]).startswith(b"\x89PNG")
    assert "image/png" not in second
    assert second["application/vnd.plotly.v1+json"]["layout"]["meta"]["figure"]
    assert TAG not in third["text/html"]
    assert len(str(third)) < 25_000
    assert [first, second, third] == bundles()


def test_static_picture_from_a_file_or_bytes(tmp_path):
    fig = interactive.interaction_figure(MAPS)
    picture = style.png(style.figure(20, 20))
    (tmp_path / "x.png").write_bytes(picture)
    one = pages.bundles(fig, static=picture, description="x")
    assert one == pages.bundles(fig, static=tmp_path / "x.png", description="x")
    (tmp_path / "x.txt").write_text("no picture")
    with pytest.raises(ValueError, match=r"x.txt hold no PNG"):
        pages.bundles(fig, static=tmp_path / "x.txt", description="x")
    with pytest.raises(ValueError, match="the bytes given hold no PNG"):
        pages.bundles(fig, static=b"no", description="x")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_an_executed_and_exported_notebook_holds_the_picture_and_the_script():
    code = [
        "import numpy as np\nfrom helpers.plots import heatmaps, interactive, pages",
        "m = interactive.InteractionMap('p', np.eye(3), 'GCU', 'MKV')\n"
        "fig = interactive.interaction_figure([m])\n"
        "pages.show(fig, static=heatmaps.heatmap(np.eye(3)), description='a map')",
        "heatmaps.heatmap(np.eye(3))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in code])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    kinds = [[sorted(o["data"]) for o in cell.outputs] for cell in notebook.cells]
    assert kinds[1] == [
        ["image/png", "text/plain"],
        ["application/vnd.plotly.v1+json", "text/plain"],
        ["text/html", "text/plain"],
    ]
    assert kinds[2] == [["image/png", "text/plain"]]
    assert len(nbformat.writes(notebook)) < 150_000
    page, _ = HTMLExporter().from_notebook_node(notebook)
    tags = Tags(page)
    assert len([image for image in tags.named("img") if image["src"].startswith("data:image/png")]) == 2
    assert any("data-figure" in div for div in tags.named("div"))
