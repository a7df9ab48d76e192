"""The command line: a toy suite of two notebooks, run, resumed, stopped, asked wrongly."""

import errno
import json
import os
import re
import sys

import nbformat
import pytest
import yaml

from helpers.project import cli, paths, pipeline

FIRST = """profile = "sample"  # profile
source = "data/sample/toy/a.csv"  # table
columns = ""  # names
separator = "auto"  # character
dataset = "simulated"  # name
factor = 2.0  # multiplies
word = ""  # a text
truth = "data/sample/toy/truth.csv"  # truth
out_dir = "runs/sample/toy"  # folder"""
FIRST_STEP = """from pathlib import Path
if Path(source).read_text().startswith("bad"):
    raise ValueError(f"{source}, line 1: found 'bad'; expected numbers. Mend the line")
if Path(source).read_text() == "full":
    raise OSError(28, "No space left on device", "b.txt")
Path(out_dir, "b.txt").write_text(f"{profile} {dataset} {truth!r} {factor} {word}")"""
SECOND = """made = "runs/sample/toy/b.txt"  # of notebook 01
out_dir = "runs/sample/toy"  # folder"""
SECOND_STEP = """from pathlib import Path
Path(out_dir, "c.txt").write_text(Path(made).read_text().upper())"""


def notebook(path, parameters, step):
    cells = [
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_markdown_cell("## 1. The only step"),
        nbformat.v4.new_code_cell(step),
    ]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)


@pytest.fixture
def suite(tmp_path, monkeypatch):
    folder = tmp_path / "suite"
    notebook(folder / "notebooks/toy/01_first.ipynb", FIRST, FIRST_STEP)
    notebook(folder / "notebooks/toy/02_second.ipynb", SECOND, SECOND_STEP)
    notebook(folder / "notebooks/00_start_here.ipynb", "a = 1", "a")
    (folder / "config").mkdir()
    for name in ("data", "workflow"):
        (folder / name).mkdir()
    (folder / "Snakefile").write_text("")
    block = {"have": "tables", "columns": "x", "get": "more", "predict": "02_second"}
    block["run"] = {"01_first": {"factor": 3.0}, "02_second": {}}
    (folder / "config/own.yaml").write_text(yaml.safe_dump({"toy": block}))
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(folder))
    (tmp_path / "mine.csv").write_text("1,2")
    monkeypatch.chdir(tmp_path)
    return folder


def call(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["sequence-notebooks", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


def test_a_run_keeps_its_notebooks_and_goes_on_where_it_was(suite, tmp_path, monkeypatch, capsys):
    words = ["run", "toy", "--source", "mine.csv", "--out", "results", "--set", "word=007"]
    assert call(monkeypatch, *words) == 0
    out = tmp_path / "results"
    assert (out / "c.txt").read_text() == "OWN DATA MINE '' 3.0 007"
    said = capsys.readouterr().out
    assert "[1/2] toy/01_first  cell 1 of 3" in said
    assert "1. The only step" in said
    assert sorted(path.name for path in (out / "notebooks").glob("*.ipynb")) == [
        "01_first.ipynb",
        "02_second.ipynb",
    ]
    # Killed between the notebooks: the first is kept, the second made.
    (out / "notebooks/02_second.json").unlink()
    assert call(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert "[1/2] toy/01_first: done before with the same data, settings and code" in said
    assert "[2/2] toy/02_second  cell 1" in said
    # Other data under the same name: everything again.
    (tmp_path / "mine.csv").write_text("3,4")
    assert call(monkeypatch, *words, "--only", "01") == 0
    said = capsys.readouterr().out
    assert "done before" not in said
    assert "02_second" not in said


def test_an_error_is_the_products_message_and_no_traceback(suite, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.csv").write_text("bad")
    assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    shown = capsys.readouterr()
    assert "toy/01_first stopped. " in shown.err
    assert "line 1: found 'bad'; expected numbers. Mend the line" in shown.err
    assert "Traceback" not in shown.err + shown.out
    assert (tmp_path / "results/notebooks/01_first.failed.ipynb").is_file()
    assert not (tmp_path / "results/notebooks/01_first.ipynb").exists()


def test_torch_that_is_missing_is_told_before_anything_is_run(suite, tmp_path, monkeypatch, capsys):
    notebook(suite / "notebooks/toy/02_second.ipynb", SECOND, 'project.backend.use("torch")')
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    shown = capsys.readouterr()
    assert "toy/02_second explains with torch, and not installed: torch" in shown.err
    assert "01_first" not in shown.out


def test_a_notebook_that_finds_the_disk_full_says_what_mends_it(suite, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.csv").write_text("full")
    assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    assert "No space left on device: 'b.txt'. Make room on the disk and run again" in capsys.readouterr().err


def test_a_disk_that_is_full_when_the_page_is_written_leaves_no_half_page(
    suite, tmp_path, monkeypatch, capsys
):
    def write(origin, part, *_, **__):
        part.write_text("half a")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("papermill.execute_notebook", write)
    assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    assert "Make room on the disk" in capsys.readouterr().err
    assert not list((tmp_path / "results").rglob("*.part.ipynb"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["run", "toi", "--source", "mine.csv", "--out", "o"],
            r"no track 'toi'; expected one of toy. Is it 'toy'?",
        ),
        (["run", "toy", "--source", "min.csv", "--out", "o"], "best an absolute one. Is it 'mine.csv'?"),
        (["predict", "toy", "--source", "mine.csv", "--out", "o"], "give --model, the results folder of"),
        (["tracks", "toi"], "Is it 'toy'?"),
        (["run", "toy", "--source", "mine.csv", "--out", "runs/sample/toy"], "they would be mixed"),
        (
            ["run", "toy", "--source", "mine.csv", "--out", "o", "--only", "09"],
            "toy runs 01_first, 02_second",
        ),
        (["run", "toy", "--source", "mine.csv", "--out", "o", "--set", "factr=1"], "Is it 'factor'?"),
        (["run", "toy", "--source", "mine.csv", "--out", "o", "--set", "factor"], "expected parameter=value"),
        (
            ["run", "toy", "--source", "mine.csv", "--out", "o", "--set", "factor=a"],
            "is 'a' (str); expected float",
        ),
        (["card", "mine.csv"], "has no card; expected a folder that a training notebook wrote"),
        (["start", "suite"], "is not empty; nothing is overwritten"),
    ],
)
def test_a_wrong_call_says_what_is_right(suite, monkeypatch, capsys, words, said):
    assert call(monkeypatch, *words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "Make room on the disk"), (errno.EROFS, "that you may write to")]
)
def test_a_disk_that_takes_nothing_is_said_in_a_line(suite, tmp_path, monkeypatch, capsys, number, said):
    def execute(*_):
        raise OSError(number, os.strerror(number), "results/a.csv")

    monkeypatch.setattr(cli, "execute", execute)
    assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: results/a.csv: {os.strerror(number)}. ")
    assert said in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_a_second_run_in_the_same_folder_is_refused(suite, tmp_path, monkeypatch, capsys):
    (tmp_path / "results").mkdir()
    with paths.alone(tmp_path / "results"):
        assert call(monkeypatch, "run", "toy", "--source", "mine.csv", "--out", "results") == 1
    assert "another run is writing into this folder" in capsys.readouterr().err
    assert not list((tmp_path / "results").iterdir())


def test_a_setting_may_name_its_notebook(suite, tmp_path):
    names = cli.tracks_known()["toy"]["run"]
    steps = cli.plan("toy", names, out=tmp_path, settings=["01_first.factor=5"])
    assert steps[0].parameters["factor"] == 5.0
    assert steps[0].parameters["truth"] == ""
    assert steps[1].parameters == {"made": f"{tmp_path}/b.txt", "out_dir": str(tmp_path)}


def test_start_lays_out_the_suite_and_card_reads_what_lies_there(suite, tmp_path, monkeypatch, capsys):
    assert call(monkeypatch, "start", "mine") == 0
    assert (tmp_path / "mine/notebooks/toy/02_second.ipynb").is_file()
    assert (tmp_path / "mine/Snakefile").is_file()
    (tmp_path / "a.card.json").write_text(
        json.dumps({"dataset": "x", "row": {"value": 0.5}, "ids": list(range(20))})
    )
    capsys.readouterr()
    assert call(monkeypatch, "card", "a.card.json") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  dataset: x",
        "  row:",
        "    value: 0.5",
        "  ids: 20 values",
    ]


def test_a_track_lists_its_parameters(suite, monkeypatch, capsys):
    assert call(monkeypatch, "tracks", "toy") == 0
    said = capsys.readouterr().out
    assert "  have:    tables" in said
    assert "  factor = 2.0  # multiplies" in said


def test_a_prediction_is_made_again_where_its_model_is_another(suite, tmp_path, monkeypatch, capsys):
    # The sample's files never stand in for one's own, and the results may hold the predictions.
    cell = """source = "data/sample/x"
model = "runs/sample/toy/m"
table = "data/sample/toy/t" """
    notebook(suite / "notebooks/toy/02_second.ipynb", cell, "assert not table")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/m.json").write_text("1")
    words = ["predict", "toy", "--source", "mine.csv", "--model", "results", "--out", "results/new"]
    for said in ("cell 1 of", "done before with"):
        assert call(monkeypatch, *words) == 0
        assert said in capsys.readouterr().out
    (tmp_path / "results/m.json").write_text("2")
    assert call(monkeypatch, *words) == 0
    assert "done before" not in capsys.readouterr().out


def test_every_track_has_its_block():
    known = cli.tracks_known()
    assert set(known) == {path.name for path in (paths.root() / "notebooks").iterdir() if path.is_dir()}
    for track, block in known.items():
        if "source" in pipeline.declared(f"{track}/{next(iter(block['run']))}"):
            cli.plan(track, block["run"], out=paths.root() / "runs/x")


def test_a_card_is_that_of_the_kept_model_not_of_single_folds(tmp_path, capsys):
    for folder in ("models_01", "model"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "card.json").write_text(f'{{"from": "{folder}"}}')
    cli.card(str(tmp_path))
    said = capsys.readouterr().out
    assert "from: model" in said
    assert "models_01" not in said


def test_tables_that_pages_read_go_into_the_wheel_and_are_laid_out(tmp_path):
    """From a wheel, a run over own data stopped at its last cell, where the real table is shown."""
    said = (paths.root() / "setup.py").read_text()
    assert all(pattern in said for pattern in cli.TABLES)
    read = {
        found
        for path in (paths.root() / "notebooks").rglob("*.ipynb")
        for found in re.findall(r"figures/\w+/\w+\.csv", path.read_text())
    }
    assert len(read) > 5
    cli.start(tmp_path / "suite")
    assert not [one for one in read if not (tmp_path / "suite" / one).is_file()]
