import nbformat
import pytest

from helpers.project import paths, pipeline


@pytest.fixture
def project(monkeypatch, tmp_path):
    """A project of one notebook, whose Snakefile makes one file."""
    (tmp_path / "notebooks" / "track").mkdir(parents=True)
    cell = nbformat.v4.new_code_cell(
        "seed = 1\nrate = 0.5\nname = 'a'\nflag = False\nfree = None", metadata={"tags": ["parameters"]}
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks" / "track" / "01_toy.ipynb")
    for name in ("track/02_bare", "00_start_here"):
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / "notebooks" / f"{name}.ipynb")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sample.yaml").write_text("profile: sample\n")
    (tmp_path / "Snakefile").write_text(
        'rule made:\n    output: "runs/sample/made.txt"\n    shell: "echo made > {output}"\n'
        'rule broken:\n    output: "runs/sample/broken.txt"\n    shell: "exit 3"\n'
    )
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    monkeypatch.delenv(pipeline.INSIDE_VARIABLE, raising=False)
    return tmp_path


def test_declared(project):
    assert pipeline.declared("track/01_toy") == {
        "seed": 1, "rate": 0.5, "name": "a", "flag": False, "free": None
    }  # fmt: skip


def test_declared_of_unknown_or_bare_notebook(project):
    with pytest.raises(ValueError, match=r"no notebook 'track/09_none'.*Give track/NN_name"):
        pipeline.declared("track/09_none")
    with pytest.raises(ValueError, match="has no cell tagged 'parameters'"):
        pipeline.declared("track/02_bare")


@pytest.mark.parametrize(
    "good", [{"seed": 2}, {"rate": 1}, {"rate": 0.1}, {"free": "x"}, {"flag": True}, {"name": "b"}]
)
def test_check_accepts(project, good):
    pipeline.check("track/01_toy", good)


def test_check_names_an_unknown_parameter(project):
    with pytest.raises(ValueError, match=r"has no parameter 'sede'; it knows seed, rate"):
        pipeline.check("track/01_toy", {"sede": 2})


@pytest.mark.parametrize("bad", [{"seed": "two"}, {"seed": True}, {"flag": 1}, {"name": 3}])
def test_check_names_a_wrong_type(project, bad):
    with pytest.raises(ValueError, match=r"is .*; expected \w+, such as"):
        pipeline.check("track/01_toy", bad)


def test_text_that_looks_like_a_number_is_given_with_r():
    with pytest.raises(ValueError, match=r"such as 'simulated'\. Text .* papermill -r dataset VALUE"):
        pipeline.check("rna_modification/01_train_vqvae", {"dataset": 7})


def test_require_gives_what_is_there(project):
    made = project / "runs" / "sample" / "there.txt"
    made.parent.mkdir(parents=True)
    made.write_text("x")
    assert pipeline.require("runs/sample/there.txt") == made


def test_require_builds_what_is_missing(project):
    assert pipeline.require("runs/sample/made.txt").read_text() == "made\n"


def test_require_shows_why_a_build_failed(project):
    with pytest.raises(ValueError, match=r"broken\.txt is missing and the pipeline could not make it"):
        pipeline.require("runs/sample/broken.txt")
    with pytest.raises(ValueError, match="could not make it"):
        pipeline.require("runs/sample/nobody_makes_this.txt")


def test_require_does_not_build_inside_a_build(project, monkeypatch):
    monkeypatch.setenv(pipeline.INSIDE_VARIABLE, "1")
    with pytest.raises(ValueError, match="name it as input of the rule"):
        pipeline.require("runs/sample/made.txt")


def test_require_of_a_users_file(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="no file or folder at"):
        pipeline.require("mine.csv")
