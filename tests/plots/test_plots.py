"""Static pictures: what is drawn is what was given, and nothing leaks into matplotlib's state."""

import ast
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

import helpers.plots
from helpers.plots import cells, colours, composition, curves, heatmaps, logos, results, style, words
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA

TAG = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _no_state_is_left():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def texts(fig):
    return [text.get_text() for text in fig.findobj(mpl.text.Text)]


def rows(**changes):
    row = {
        "dataset": "sample", "task": "", "protocol": "unseen_both", "model": "ours",
        "metric": "auroc", "value": 0.9, "ci_low": 0.88, "ci_high": 0.93, "n": 1200, "seed": 0,
    }  # fmt: skip
    return row | changes


RESULTS = pd.DataFrame(
    [rows(), rows(model="control", value=0.5, ci_low=0.47, ci_high=0.53), rows(metric="mcc")]
)
PAIR = heatmaps.SaliencyPair(TAG, "GCUA", "MKV", np.eye(6, 4) - 0.5, np.ones((3, 20)))


def test_plots_import_the_alphabet_and_one_another_only():
    allowed = ("helpers.sequences.alphabet", "helpers.plots")
    for path in Path(helpers.plots.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
                assert node.module.startswith(allowed), f"{path.name}: {node.module}"


# words


@given(st.text(max_size=60))
def test_markup_leaves_no_tag_and_no_template_field(text):
    safe = words.markup(text)
    assert "<" not in safe
    assert ">" not in safe
    assert "%{" not in safe


@given(st.text(max_size=60), st.integers(3, 40))
def test_shorten_keeps_both_ends_within_the_limit(text, limit):
    short = words.shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (short[0] == text[0] and short[-1] == text[-1])


@settings(max_examples=25)
@given(st.text(alphabet="a$_^{}\\<>&\n\t\x00%", max_size=20))
def test_any_id_can_be_drawn(name):
    fig = style.figure(40, 30)
    style.title(fig.subplots(), name)
    assert style.png(fig).startswith(b"\x89PNG")


def test_the_title_of_a_curve_stays_within_the_picture():
    # A long legend leaves a smaller square, and its left end is where the title begins.
    curve = pd.DataFrame({"fpr": [0, 1], "tpr": [0, 1]})
    table = pd.concat(curve.assign(model=name) for name in ("original", "cnn", "ours", "baseline", "control"))
    fig = curves.roc(table, title="ROC, one grouped split, real (stress_response)")
    style.png(fig)
    assert fig.axes[0]._left_title.get_window_extent().x1 <= fig.bbox.x1


def test_a_dollar_stays_a_dollar():
    fig = curves.roc(pd.DataFrame({"fpr": [0, 1], "tpr": [0, 1]}), title="a $x$ b")
    style.png(fig)
    assert "a \\$x\\$ b" in texts(fig)


# colours


def test_every_letter_has_a_colour_and_t_is_u():
    for alphabet in (DNA, RNA, PEPTIDE):
        assert set(colours.letter_colours(alphabet)) == set(alphabet.letters + alphabet.unknown)
    assert colours.letter_colours(DNA)["T"] == colours.letter_colours(RNA)["U"]


def test_marks_differ_and_are_fixed_for_known_models():
    marks = colours.model_marks(["rna_only", "ours", "trees", "original", "control", "baseline"])
    assert len({mark["color"] for mark in marks.values()}) == 6
    assert len({mark["marker"] for mark in marks.values()}) == 6
    assert marks["ours"] == colours.model_marks(["ours"])["ours"]


def test_no_two_known_models_look_alike():
    marks = colours.MODEL_MARKS
    looks = {(mark["color"], mark["marker"]) for mark in marks.values()}
    assert len(looks) == len(marks) - 1, "svm and support_vectors are the same kind of model"
    names = colours.model_marks(["sites", "mine"])
    assert names["sites"] != names["mine"]


def test_chance_is_drawn_where_it_is_known():
    for metric, at in (("auroc", [0.5]), ("pearson", [0.0]), ("rmse", [])):
        fig = results.results_forest(pd.DataFrame([rows(metric=metric)]), metric=metric)
        lines = [line.get_xdata()[0] for line in fig.axes[0].lines if line.get_linestyle() == "--"]
        assert lines == at
        assert ("chance" in fig.axes[0].get_xlabel()) is bool(at)
    many = [rows(task=f"task {k}", model=m) for k in range(30) for m in "abcd"]
    fig = results.results_forest(pd.DataFrame(many), metric="auroc")
    assert fig.get_figheight() * 25.4 <= 240.01


def test_too_many_models_are_refused():
    with pytest.raises(ValueError, match=r"5 models beside those known.*several pictures"):
        colours.model_marks(list("abcde"))


def test_unknown_colour_map():
    with pytest.raises(ValueError, match="colour map kind 'jet'"):
        colours.colormap("jet")


# style


def test_save_writes_picture_and_data_and_a_rerun_is_identical(tmp_path):
    table = pd.DataFrame({"fpr": [0, 0.25, 1], "tpr": [0, 0.5, 1]})

    def write(stem):
        return style.save(curves.roc(table), tmp_path / stem, data=table)

    first, second = write("new/roc"), write("roc")
    assert [path.name for path in first] == ["roc.png", "roc.svg", "roc.csv"]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    svg = first[1].read_text()
    assert "<dc:date>" not in svg
    assert "true-positive rate</text>" in svg
    assert first[2].read_text() == "fpr,tpr\n0,0\n0.25,0.5\n1,1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "roc.csv", "roc.png", "roc.svg"]


def test_save_refuses_an_unknown_format_before_it_writes(tmp_path):
    with pytest.raises(ValueError, match="picture format 'bmp'"):
        style.save(style.figure(), tmp_path / "x", formats=("png", "bmp"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path):
    (tmp_path / "x.png").mkdir()
    with pytest.raises(OSError, match=r"x.png"):
        style.write_whole(tmp_path / "x.png", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_a_figure_shows_itself_in_a_notebook():
    fig = curves.confusion(np.eye(2, dtype=int))
    assert fig._repr_png_().startswith(b"\x89PNG")


# curves


def test_history_marks_the_chosen_epoch():
    table = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "val_loss": [3.0, 1, 2]})
    fig = curves.history(table, chosen=2)
    assert "weights kept (epoch 2)" in texts(fig)
    with pytest.raises(ValueError, match=r"chosen epoch 9 is not in the history.*1 to 3"):
        curves.history(table, chosen=9)


def test_curves_of_several_models_keep_their_colours_and_labels():
    table = pd.DataFrame({"model": ["ours"] * 2 + ["x"] * 2, "fpr": [0, 1] * 2, "tpr": [0, 1] * 2})
    fig = curves.roc(table, labels={"ours": "ours, AUROC 0.5"})
    assert "ours, AUROC 0.5" in texts(fig)
    lines = fig.axes[0].lines[1:]
    assert [line.get_color() for line in lines] == ["#0072B2", "#CC79A7"]


def test_a_missing_column_or_an_empty_table_is_named():
    with pytest.raises(ValueError, match="ROC table has no column 'tpr'; expected fpr, tpr"):
        curves.roc(pd.DataFrame({"fpr": [0]}))
    with pytest.raises(ValueError, match="ROC table has no row"):
        curves.roc(pd.DataFrame({"fpr": [], "tpr": []}))


def test_precision_recall_draws_the_prevalence():
    table = pd.DataFrame({"recall": [1, 0.5, 0], "precision": [0.2, 0.6, 1]})
    assert "prevalence 0.200 (a guess)" in texts(curves.precision_recall(table, prevalence=0.2))
    with pytest.raises(ValueError, match="prevalence 20; expected the share"):
        curves.precision_recall(table, prevalence=20)


def test_changes_have_a_line_and_a_band_an_order():
    row = {"changed": [1, 5, 20], "value": [0.2, 0.6, 0.7], "ci_low": 0.1, "ci_high": 0.8}
    table = pd.concat([pd.DataFrame(row).assign(order=order) for order in ("random", "most")])
    (ax,) = curves.changes(table).axes
    assert [line.get_label() for line in ax.lines] == ["most important first", "at random"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "5", "20"]
    with pytest.raises(ValueError, match="order"):
        curves.changes(table.drop(columns="order"))


def test_calibration_leaves_empty_bins_out():
    table = pd.DataFrame(
        {
            "predicted": [0.1, np.nan], "observed": [0.2, np.nan], "ci_low": [0.1, np.nan],
            "ci_high": [0.4, np.nan], "n": [50, 0],
        }
    )  # fmt: skip
    fig = curves.calibration(table)
    assert list(fig.axes[1].lines[0].get_ydata()) == [50]
    style.png(fig)


def test_confusion_says_counts_and_shares():
    shown = texts(curves.confusion(np.array([[90, 10], [20, 80]])))
    assert {"90\n90.0%", "10\n10.0%", "20\n20.0%", "80\n80.0%"} <= set(shown)
    with pytest.raises(ValueError, match=r"shape \(3, 3\); expected \(2, 2\)"):
        curves.confusion(np.eye(3))


# results


def test_forest_draws_each_value_in_its_group():
    fig = results.results_forest(RESULTS, metric="auroc")
    drawn = sorted(float(line.get_xdata()[0]) for line in fig.axes[0].lines if line.get_marker() in "ox")
    assert drawn == [0.5, 0.9]
    assert {"both unseen\nn = 1,200", "AUROC, sample, n = 1,200"} <= set(texts(fig))
    with pytest.raises(ValueError, match="metric 'f1'; found auroc, mcc"):
        results.results_forest(RESULTS, metric="f1")


def test_points_without_an_interval_are_drawn_and_said():
    table = RESULTS.assign(ci_low=np.nan, ci_high=np.nan, runs=3, sd=0.01)
    ax = results.results_forest(table, metric="auroc").axes[0]
    assert "without a bar: no interval" in ax.get_xlabel()
    assert "mean of 3 runs" in ax.get_title(loc="left")
    assert len(ax.containers) == len(results.results_forest(RESULTS, metric="auroc").axes[0].containers)
    cells = results.results_table(table)
    assert cells["runs"].eq(3).all()
    assert cells["sd at most"].eq("0.010").all()
    assert cells["AUROC"].str.endswith(" (no\N{NO-BREAK SPACE}interval)").all()
    bins = pd.DataFrame(
        {
            "predicted": [0.2, 0.8],
            "observed": [0.1, 0.9],
            "ci_low": [0.0, np.nan],
            "ci_high": [0.2, np.nan],
            "n": 9,
        }
    )
    assert "without a bar: too few groups" in curves.calibration(bins).axes[1].get_xlabel()


def test_results_table_is_readable_and_refuses_two_values_for_a_cell():
    table = results.results_table(RESULTS)
    assert list(table.columns) == ["n", "AUROC", "MCC"]
    assert table.loc[("both unseen", "ours"), "AUROC"].split() == ["0.900", "[0.880,", "0.930]"]
    assert table["AUROC"].str.count(" ").max() == 1, "a cell wraps once, in front of its interval"
    assert table.loc[("both unseen", "control"), "MCC"] == "–"
    with pytest.raises(ValueError, match="two rows of results for AUROC, both unseen, ours"):
        results.results_table(pd.concat([RESULTS, RESULTS]))


def test_results_table_has_the_spread_and_the_near_share_once_a_row():
    several = RESULTS.assign(runs=3, sd=[0.01 * (place + 1) for place in range(len(RESULTS))], near=0.254)
    table = results.results_table(several, metrics=["AUROC".lower()])
    assert list(table.columns) == ["n", "runs", "sd", "near", "AUROC"]
    assert table["near"].eq("25%").all()
    both = results.results_table(several)
    assert list(both.columns) == ["n", "runs", "sd at most", "near", "AUROC", "MCC"]
    for of, largest in several.groupby("model")["sd"].max().items():
        assert f"{largest:.3f}" in both.xs(of, level="model")["sd at most"].tolist()


def test_tasks_are_part_of_the_group():
    table = results.results_table(pd.DataFrame([rows(task="Am"), rows(task="Cm")]))
    assert table.index.names == ["task", "protocol", "model"]


# composition


def test_lengths_are_logarithmic_only_when_they_spread():
    fig = composition.lengths({"RNA": [5, 40, 4000], "peptide": [9, 10, 11]})
    assert [ax.get_xscale() for ax in fig.axes] == ["log", "linear"]
    style.png(fig)
    with pytest.raises(ValueError, match=r"side 'RNA'.*found 0"):
        composition.lengths({"RNA": [0, 3]})
    with pytest.raises(ValueError, match="found none"):
        composition.lengths({"RNA": []})


def test_letter_shares_sum_to_one():
    fig = composition.letters({"a": [1, 2, 3, 4, 0], "b": [1, 1, 1, 1]}, RNA)
    bars = [bar.get_height() for bar in fig.axes[0].patches]
    assert sum(bars) == pytest.approx(2)
    assert bars[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ValueError, match=r"group 'a' have shape \(3,\).*order ACGU"):
        composition.letters({"a": [1, 2, 3]}, RNA)


def test_issues_show_their_counts():
    table = pd.DataFrame({"issue": [TAG, "odd"], "count": [1214, 0], "side": ["RNA", "pair"]})
    assert {"1,214", "0", TAG} <= set(texts(composition.issues(table)))


def test_audit_shows_exact_and_near():
    table = pd.DataFrame(
        {
            "column": ["rna_seq", "pair"], "label": ["all", 1], "k": [30, None],
            "exact": [0.5, 0.0], "near": [0.75, 0.0], "n_test": [8, 4],
        }
    )  # fmt: skip
    shown = texts(composition.audit(table))
    assert {"50% / 75%", "0%", "RNA, all (n = 8, 30-mer)", "pair, positive (n = 4)"} <= set(shown)
    with pytest.raises(ValueError, match="share outside 0 to 1"):
        composition.audit(table.assign(near=75))


# scales and heat maps


def test_scale_forms():
    values = np.arange(101.0)
    assert cells.scale_of(values, "clipped", 95).high == 95
    assert cells.scale_of(values, "log").low == 1
    assert cells.scale_of(-values, "clipped", 90).low == -90
    assert cells.scale_of(values, "diverging").colours == "diverging"
    assert cells.scale_of(values).colours == "sequential"
    assert cells.scale_of(np.zeros(3), "log").high == 1


def test_scale_refusals():
    with pytest.raises(ValueError, match="scale 'sqrt'; expected one of linear"):
        cells.scale_of(np.ones(2), "sqrt")
    with pytest.raises(ValueError, match="percentile 0;"):
        cells.scale_of(np.ones(2), "clipped", 0)
    with pytest.raises(ValueError, match="1 infinite values"):
        cells.scale_of(np.array([1, np.inf]))
    with pytest.raises(ValueError, match="holds no value"):
        cells.scale_of(np.array([np.nan]))


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.sampled_from(cells.FORMS), st.floats(1, 100)
)
@example([2.2e-313], "linear", 50.0)
@example([-2.2e-313, 0.0], "log", 50.0)
def test_any_values_have_a_scale_with_zero_in_the_middle_when_signed(values, form, percentile):
    scale = cells.scale_of(np.array(values), form, percentile)
    assert scale.low < scale.high
    if min(values) < 0 or form == "diverging":
        assert scale.low == -scale.high
        assert scale.norm()(0.0) == pytest.approx(0.5)
    scale.norm()(np.array(values))


@pytest.mark.parametrize("form", cells.FORMS)
@pytest.mark.parametrize("sign", [1, -1])
def test_heatmap_in_every_form(form, sign):
    values = np.array([[0, 1.0, 10], [100, np.nan, 3]]) * [[1], [sign]]
    fig = heatmaps.heatmap(values, scale=form, y_labels=["a", TAG])
    style.png(fig)
    assert TAG in texts(fig)


def test_heatmap_refusals():
    with pytest.raises(ValueError, match=r"heat map has shape \(3,\); expected \(rows, columns\)"):
        heatmaps.heatmap(np.ones(3))
    with pytest.raises(ValueError, match="1 labels for 2 columns"):
        heatmaps.heatmap(np.ones((2, 2)), x_labels=["a"])


def test_units_are_named_units():
    fig = heatmaps.unit_forms(np.eye(3, 64), pair_labels=["a", "b", "c"])
    assert fig.axes[2].get_xlabel() == "unit of the layer (not a residue)"
    assert {"standard", "clipped at the 95th percentile", "logarithmic"} <= set(texts(fig))
    style.png(fig)


def test_interaction_map_draws_all_positions_and_no_padding():
    fig = heatmaps.interaction_map(np.ones((9, 9)), "GCUA", "MKV", truth=np.eye(4, 3))
    assert fig.axes[0].images[0].get_array().shape == (4, 3)
    letters = [tick.get_text() for tick in fig.axes[0].get_yticklabels(minor=True)]
    assert "".join(letters) == "GCUA"
    assert "known to interact" in fig.axes[0].get_title(loc="left")
    with pytest.raises(ValueError, match=r"interaction map has shape \(2, 2\).*at least \(4, 3\)"):
        heatmaps.interaction_map(np.ones((2, 2)), "GCUA", "MKV")
    with pytest.raises(ValueError, match=r"truth of the map has shape \(3, 4\); expected \(4, 3\)"):
        heatmaps.interaction_map(np.ones((4, 3)), "GCUA", "MKV", truth=np.eye(3, 4))


def test_long_sequences_get_positions_in_place_of_letters():
    fig = heatmaps.interaction_map(np.ones((400, 30)), "G" * 400, "M" * 30)
    ticks = [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    assert ticks[:3] == ["1", "50", "100"]
    assert ticks[-1] == "400"


def test_edges_follow_the_known_cells():
    assert set(cells.edges(np.array([[False, True]]))) == {
        ((0.5, -0.5), (1.5, -0.5)),
        ((0.5, 0.5), (1.5, 0.5)),
        ((0.5, -0.5), (0.5, 0.5)),
        ((1.5, -0.5), (1.5, 0.5)),
    }


def test_saliency_grid_draws_each_pair_without_its_padding():
    fig = heatmaps.saliency_grid([PAIR, PAIR], title="Saliency")
    shapes = [ax.images[0].get_array().shape for ax in fig.axes if ax.images]
    assert shapes == [(4, 4), (20, 3)] * 2
    assert texts(fig).count(TAG) == 2
    style.png(fig)
    assert heatmaps.saliency_grid([PAIR] * 6).get_figheight() <= style.TALLEST * style.MM
    with pytest.raises(ValueError, match="no pair to draw"):
        heatmaps.saliency_grid([])


def test_saliency_of_the_wrong_alphabet_is_refused():
    wrong = heatmaps.SaliencyPair("p", "GCUA", "MKV", np.ones((4, 20)), np.ones((3, 20)))
    with pytest.raises(ValueError, match=r"RNA values of 'p' have.*\(4, 20\); expected \(4 or more, 4\)"):
        heatmaps.saliency_grid([wrong])


# logos


def test_information_is_known():
    bits = logos.information([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]], DNA)
    assert bits.sum(axis=1).tolist() == [2.0, 0.0]
    with pytest.raises(ValueError, match="row 1 of the probabilities sums to 8"):
        logos.information([[1, 0, 0, 0], [2, 2, 2, 2]], DNA)
    with pytest.raises(ValueError, match="order ACGT"):
        logos.information(np.ones((3, 20)), DNA)


def test_long_logos_are_broken_into_rows_of_equal_scale():
    fig = logos.attribution_logo(
        np.linspace(-1, 1, 25), RNA, sequence="GCUAN" * 5, per_row=10, spans=[logos.Span(8, 12, TAG)]
    )
    assert [ax.get_xlim() for ax in fig.axes] == [(0.5, 10.5), (10.5, 20.5), (20.5, 30.5)]
    assert len({ax.get_ylim() for ax in fig.axes}) == 1
    assert texts(fig).count(TAG) == 2
    style.png(fig)


def test_logo_draws_only_the_letters_that_are_there():
    fig = logos.attribution_logo(np.ones((5, 20)), PEPTIDE, sequence="MKXA")
    assert len([p for p in fig.axes[0].patches if p.get_facecolor() != (0, 0, 0, 0)]) == 3


def test_logo_refusals():
    with pytest.raises(ValueError, match=r"shape \(3,\).*with the sequence"):
        logos.attribution_logo([1, 2, 3], RNA)
    with pytest.raises(ValueError, match="sequence of 4 residues with 3 rows"):
        logos.attribution_logo([1, 2, 3], RNA, sequence="GCUA")
    with pytest.raises(ValueError, match="position 2 is not a finite"):
        logos.attribution_logo([1, np.nan, 3], RNA, sequence="GCU")
    with pytest.raises(ValueError, match="need 30 rows of 1"):
        logos.attribution_logo(np.ones(30), RNA, sequence="G" * 30, per_row=1)


def test_a_smaller_picture_looks_the_same():
    fig = style.figure(60, 40)
    fig.subplots().imshow(np.arange(4096.0).reshape(64, 64), cmap="viridis")
    whole = BytesIO()
    fig.savefig(whole, format="png", dpi=200)
    small = style.smaller(whole.getvalue())
    pixels = [np.asarray(Image.open(BytesIO(b)).convert("RGB"), int) for b in (whole.getvalue(), small)]
    assert np.abs(pixels[0] - pixels[1]).max() < 16
    assert len(small) < len(whole.getvalue())
    assert Image.open(BytesIO(small)).info["dpi"] == pytest.approx((200, 200), abs=0.1)
