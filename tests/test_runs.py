import json

import pytest

from helpers import runs


def test_root_without_snakefile(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ROOT_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match=r"holds no Snakefile.*pip install -e"):
        runs.root()


def test_find_prefers_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert runs.find("data/README.md") == runs.root() / "data" / "README.md"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_text("mine")
    assert runs.find("data/README.md") == (tmp_path / "data" / "README.md").resolve()


def test_find_names_every_place_it_looked_at(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"no file or folder at .*nor at .*nothing\.csv"):
        runs.find("data/nothing.csv")


def test_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert runs.place("results") == (tmp_path / "results").resolve()
    assert runs.place("runs/sample") == runs.root() / "runs" / "sample"
    (tmp_path / "taken").write_text("")
    with pytest.raises(ValueError, match="is a file; expected a folder"):
        runs.place("taken")


def test_atomic_path_leaves_nothing_behind(tmp_path):
    target = tmp_path / "deep" / "table.csv"

    def broken():
        with runs.atomic_path(target) as part:
            part.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        broken()
    assert list(target.parent.iterdir()) == []
    with runs.atomic_path(target) as part:
        part.write_text("whole")
    assert [path.name for path in target.parent.iterdir()] == ["table.csv"]


def test_atomic_path_keeps_the_old_file_when_the_new_one_fails(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")

    def broken():
        with runs.atomic_path(target) as part:
            part.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        broken()
    assert target.read_text() == "old"


def test_write_json_and_hash(tmp_path):
    path = runs.write_json(tmp_path / "card.json", {"b": 1, "a": [1.5]})
    assert json.loads(path.read_text()) == {"a": [1.5], "b": 1}
    assert runs.sha256(path) == runs.sha256(
        runs.write_json(tmp_path / "2.json", {"a": [1.5], "b": 1})
    )


def test_shown_names_no_folder_of_this_machine(tmp_path):
    assert runs.shown(runs.root() / "data" / "README.md") == "data/README.md"
    assert runs.shown(tmp_path / "mine.csv") == "mine.csv"


def test_provenance():
    made_with = runs.provenance()
    assert set(made_with) == {"python", "packages", "commit"}
    assert made_with["packages"]["keras"].startswith("3.")
