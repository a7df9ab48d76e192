"""The five figures from tidy tables: what they hold, what they refuse, that they can be redone."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from helpers.plots import publication
from helpers.project import paths
from helpers.tracks.gene_expression.figures import agreement, alleles, comparison, elements

CELLS = ["K562", "HepG2", "H1-ESC", "HeLa-S3"]
MODELS = list(publication.NAMES)
TITLE = "A figure, sample (simulated)"


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    return pd.DataFrame({
        "task": np.repeat(CELLS, 100), "row": np.tile(np.arange(100), 4), "y": y,
        "p": 0.7 * y + rng.normal(scale=0.3, size=400),
    })  # fmt: skip


@pytest.fixture(scope="module")
def results():
    rows = [
        (cell, model, metric, 0.9 - 0.1 * place, 0.85 - 0.1 * place, 0.95 - 0.1 * place, 100)
        for cell in CELLS
        for place, model in enumerate(MODELS)
        for metric in ("pearson", "spearman", "r2", "mae")
    ] + [(cell, "ceiling", "pearson", 0.97, 0.96, 0.98, 100) for cell in CELLS]
    names = ["task", "model", "metric", "value", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def compared():
    rows = [(cell, "ours", model, 0.1, 0.05, 0.15) for cell in CELLS for model in MODELS[1:]]
    gain = pd.DataFrame(rows, columns=["task", "model", "minus", "value", "ci_low", "ci_high"])
    return gain, gain[["task", "minus"]].assign(p_holm=0.01)


@pytest.fixture(scope="module")
def attention():
    rng = np.random.default_rng(0)
    maps = pd.DataFrame([
        (name, cell, position, "ACGT"[position % 4], 0.02, rng.normal())
        for name in ("prom1", "prom2")
        for position in range(1, 61)
        for cell in CELLS
    ], columns=["id", "cell_type", "position", "letter", "attention", "attribution"])  # fmt: skip
    known = pd.DataFrame(
        [("prom1", "TATA", 10, 18, "+", "site"), ("prom1", "GC box", 20, 29, "-", "decoy")],
        columns=["id", "element", "start", "stop", "strand", "role"],
    )
    methods = ["attention", "integrated gradients", "untrained network"]
    rich = pd.DataFrame(
        [(e, m, 2.0, 1.5, 2.5, 40) for e in ("TATA", "GC box") for m in methods],
        columns=["element", "method", "value", "ci_low", "ci_high", "n"],
    )
    scores = pd.DataFrame(
        [(c, m, 0.8, 0.7, 0.9, 40) for c in CELLS for m in methods],
        columns=["task", "model", "value", "ci_low", "ci_high", "n"],
    )
    return maps, known, rich, scores


def draw_all(predictions, results, compared, attention, journal="nature", columns="double"):
    chosen = {"preset": publication.preset(journal), "columns": columns, "title": TITLE}
    return {
        "figure1_model_performance": agreement.performance(predictions, **chosen),
        "figure2_error_analysis": agreement.errors(predictions, **chosen),
        "figure3_cell_type_performance": comparison.by_cell_type(results, **chosen),
        "figure4_model_comparison": comparison.by_model(results, *compared, **chosen),
        "figure5_attention_mechanism": elements.attention(*attention[:3], scores=attention[3], **chosen),
    }


@pytest.fixture(scope="module")
def figures(predictions, results, compared, attention):
    return draw_all(predictions, results, compared, attention)


def test_every_form_is_written_and_the_same_again(
    figures, predictions, results, compared, attention, tmp_path
):
    for folder in ("a", "b"):
        drawn = draw_all(predictions, results, compared, attention)
        for name, one in drawn.items():
            publication.publish(one, tmp_path / folder / name, title=TITLE, description="x")
    for name in figures:
        for suffix in ("png", "svg", "html", "csv"):
            first, second = (tmp_path / f / f"{name}.{suffix}" for f in ("a", "b"))
            assert first.stat().st_size > 500
            assert first.read_bytes() == second.read_bytes(), f"{name}.{suffix}"


@pytest.mark.parametrize("columns", ["single", "double"])
@pytest.mark.parametrize("journal", list(publication.PRESETS))
def test_a_preset_sets_width_and_fonts(predictions, results, compared, attention, journal, columns):
    preset = publication.preset(journal)
    one = comparison.by_cell_type(results, preset=preset, columns=columns, title=TITLE)
    assert one.figure.get_figwidth() * 25.4 == pytest.approx(preset.width(columns))
    one.figure.canvas.draw()
    sizes = {t.get_fontsize() for ax in one.figure.axes for t in ax.get_xticklabels()}
    assert sizes == {preset.small}
    assert {ax.xaxis.label.get_fontsize() for ax in one.figure.axes} == {preset.font}


def hidden(fig):
    """Labels of ticks beyond the ends of their axis, which are never drawn."""
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    yield from (tick.label1, tick.label2)


@pytest.mark.parametrize("columns", ["single", "double"])
@pytest.mark.parametrize("journal", ["nature", "science", "plos"])
def test_nothing_is_cut_small_or_too_tall(predictions, results, compared, attention, journal, columns):
    drawn = draw_all(predictions, results, compared, attention, journal, columns)
    for name, one in drawn.items():
        fig = one.figure
        draw = FigureCanvasAgg(fig).get_renderer()
        fig.draw(draw)
        assert fig.get_figheight() * 25.4 <= 240, name
        unseen = set(hidden(fig))
        page = fig.bbox
        for text in fig.findobj(Text):
            if text.get_text().strip() and text.get_visible() and text not in unseen:
                assert text.get_fontsize() >= 6, (name, text)
                at = text.get_window_extent(draw)
                inside = page.x0 - 1 <= at.x0 and at.x1 <= page.x1 + 1
                assert inside and page.y0 - 1 <= at.y0 <= at.y1 <= page.y1 + 1, (name, text)  # noqa: PT018
        boxes = [ax.get_window_extent(draw) for ax in fig.axes]
        assert min(min(box.width, box.height) for box in boxes) > 2, name


def test_titles_say_profile_and_data_set(figures):
    for one in figures.values():
        assert "simulated" in one.figure.get_suptitle()
        assert isinstance(one.live, go.Figure)
        assert "simulated" in one.live.layout.title.text


def test_figure_1_holds_every_prediction(figures, predictions):
    data = figures["figure1_model_performance"].data
    pd.testing.assert_frame_equal(data, predictions.round(5))


def test_figure_2_knows_its_numbers(predictions):
    exact = predictions.assign(p=predictions["y"] + 0.5)
    table = agreement.error_table(exact)
    level = table[(table["panel"] == "level") & (table["series"] == "mean error")]
    assert level["value"].tolist() == pytest.approx([0.5] * 10)
    share = table[table["panel"] == "distribution"]["value"].sum()
    assert share == pytest.approx(1, abs=1e-4)
    half = table[(table["panel"] == "relative") & (table["series"] == "p50")].set_index("task")
    spread = predictions.groupby("task")["y"].std()
    assert half.loc["K562", "value"] == pytest.approx(0.5 / spread["K562"], abs=1e-4)


def test_figure_4_has_a_star_only_where_ours_is_better(results, compared):
    gain, tests = compared
    worse = gain.assign(value=-0.1)
    for given, stars in ((gain, 36), (worse, 0)):
        one = comparison.by_model(results, given, tests, preset=publication.preset("cell"), title=TITLE)
        found = [t.get_text() for ax in one.figure.axes for t in ax.texts]
        assert found.count("*") == stars
    assert set(one.data["model"]) == {*MODELS, "ceiling"}
    one = comparison.by_model(results, gain, tests.iloc[:0], preset=publication.preset("cell"), title=TITLE)
    assert one.data["p_holm"].isna().all()


def test_figure_5_puts_everything_in_one_table(figures):
    data = figures["figure5_attention_mechanism"].data
    counts = data["panel"].value_counts().to_dict()
    assert counts == {
        "attention": 480, "attribution": 480, "element": 2, "enrichment": 6, "auroc": 12,
    }  # fmt: skip
    box = data[data["panel"] == "element"].iloc[0]
    assert (box["low"], box["high"]) == (11, 18)  # counted from 1, both ends inside


def test_missing_columns_are_named(predictions, results):
    preset = publication.preset("nature")
    with pytest.raises(ValueError, match="predictions table has no column 'p'"):
        agreement.performance(predictions.drop(columns="p"), preset=preset, title="")
    with pytest.raises(ValueError, match="results table has no column 'ci_low'"):
        comparison.by_cell_type(results.drop(columns="ci_low"), preset=preset, title="")
    with pytest.raises(ValueError, match="preset 'lancet'; expected one of nature, cell"):
        publication.preset("lancet")
    with pytest.raises(ValueError, match="columns is 'triple'; expected 'single' or 'double'"):
        preset.width("triple")


# Sight and print


def test_models_are_told_apart_by_everyone():
    colours = {name: colour for name, (colour, _) in publication.MARKS.items()}
    markers = {name: marker for name, (_, marker) in publication.MARKS.items()}
    assert len(set(markers.values())) == len(markers)
    found = publication.vision_table(colours, markers).set_index("sight")
    assert found["told_apart"].all()
    assert found.loc["full colour", "distance"] > 20


def test_red_and_green_of_one_lightness_fail_without_markers():
    found = publication.vision_table({"red": "#C05040", "green": "#6B7F30"}).set_index("sight")
    assert found.loc["full colour", "told_apart"]
    assert not found.loc["greyscale", "told_apart"]
    with pytest.raises(ValueError, match="1 colour to compare; expected two or more"):
        publication.vision_table({"red": "#FF0000"})


def test_grey_print(figures):
    grey = publication.greyscale(figures["figure3_cell_type_performance"].figure)
    assert grey.ndim == 2
    assert grey.min() >= 0
    assert grey.max() == pytest.approx(1, abs=1e-3)


# The same tables in R

SCRIPT = paths.root() / "figures/gene_expression/redraw.R"


def test_every_table_and_column_named_in_r_exists(figures):
    code = re.sub(r"#(?![0-9A-F]{6}).*", "", SCRIPT.read_text())
    read = re.findall(r'(\w+) <- read\("(\w+)"\)', code)
    assert sorted(name for _, name in read) == sorted(figures)
    made = {"star"}
    for variable, name in read:
        columns = set(figures[name].data.columns) | made
        for used in re.findall(rf"\b{variable}\$(\w+)", code):
            assert used in columns, f"{variable}${used}"
    every = {column for one in figures.values() for column in one.data.columns} | made
    for inside in re.findall(r"aes\(([^()]*(?:\([^()]*\)[^()]*)*)\)", code):
        for used in re.findall(r"=\s*(?:reorder\()?([a-z_]+)", inside):
            assert used in every, f"aes: {used}"


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_r_draws_them(figures, tmp_path):
    for name, one in figures.items():
        publication.publish(one, tmp_path / name, title=TITLE, description="x")
    done = subprocess.run(
        ["Rscript", str(SCRIPT), str(tmp_path), str(tmp_path / "r")], capture_output=True, text=True
    )
    if "there is no package called" in done.stderr:
        pytest.skip("ggplot2 is not installed")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "r").glob("*.png"))) >= 10


@pytest.fixture
def pairs_of_alleles():
    points = pd.DataFrame({"measured_b": [1.0, -2.0, np.nan], "ours_b": [0.5, -1.0, 0.0]})
    rows = [
        (cell, model, value, value - 0.1, value + 0.1)
        for model, values in {"ours": (0.4, -0.3), "baseline": (0.2, 0.1)}.items()
        for cell, value in zip("ba", values, strict=True)
    ]
    scores = pd.DataFrame(rows, columns=["task", "model", "value", "ci_low", "ci_high"])
    return points, scores, pd.DataFrame({"task": ["a", "b"], "ceiling": [0.9, 0.8]})


def test_alleles_stand_at_their_values_and_cell_types_at_their_own_place(pairs_of_alleles):
    left, right = alleles.alleles(*pairs_of_alleles, cell="b", title=TITLE).axes
    drawn = np.ma.getdata(left.collections[0].get_offsets())
    np.testing.assert_allclose(drawn, [[0.5, 1.0], [-1.0, -2.0], [0.0, np.nan]])
    assert [label.get_text() for label in right.get_xticklabels()] == ["a", "b"]
    by_name = {box.get_label(): box.lines[0].get_ydata().tolist() for box in right.containers}
    assert by_name == {"ours": [-0.3, 0.4], "baseline": [0.1, 0.2]}
    assert right.get_ylim()[0] == pytest.approx(-0.4)


def test_the_shape_by_place_leaves_out_what_is_not_known():
    pairs = pd.DataFrame({
        "position": [0, 4, 5, 11], "measured": [1.0, -3.0, np.nan, 2.0], "predicted": [2.0, 2.0, 9.0, -2.0],
    })  # fmt: skip
    found = alleles.shape(pairs, width=10)
    assert found.values.tolist() == [[0, 1.0, 1.0, 2], [10, 1.0, 1.0, 1]]


def test_missing_columns_of_alleles_are_named(pairs_of_alleles):
    points, scores, ceiling = pairs_of_alleles
    with pytest.raises(ValueError, match=r"points .*ours_b"):
        alleles.alleles(points[["measured_b"]], scores, ceiling, cell="b", title=TITLE)
    with pytest.raises(ValueError, match=r"pairs .*position"):
        alleles.shape(points, width=5)
