import json

import pytest

from helpers.project import paths


def test_root_without_snakefile(monkeypatch, tmp_path):
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match=r"holds no Snakefile.*sequence-notebooks start FOLDER"):
        paths.root()


def test_find_prefers_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert paths.find("data/README.md") == paths.root() / "data" / "README.md"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_text("mine")
    assert paths.find("data/README.md") == (tmp_path / "data" / "README.md").resolve()


def test_find_names_every_place_it_looked_at(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"no file or folder at .*nor at .*nothing\.csv"):
        paths.find("data/nothing.csv")


def test_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert paths.output_folder("results") == (tmp_path / "results").resolve()
    assert paths.output_folder("runs/sample") == paths.root() / "runs" / "sample"
    (tmp_path / "taken").write_text("")
    with pytest.raises(ValueError, match="is a file; expected a folder"):
        paths.output_folder("taken")


@pytest.mark.parametrize("old", [None, "old"])
def test_atomic_path_shows_the_whole_file_or_the_old_one(tmp_path, old):
    target = tmp_path / "deep" / "table.csv"
    if old:
        target.parent.mkdir()
        target.write_text(old)

    def state():
        return target.read_text() if target.exists() else None

    with pytest.raises(RuntimeError, match="killed"), paths.atomic_path(target) as part:  # noqa: PT012
        part.write_text("half")
        assert state() == old
        raise RuntimeError("killed")
    assert state() == old
    with paths.atomic_path(target) as part:
        part.write_text("whole")
        assert state() == old
    assert state() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["table.csv"]


def test_two_writers_of_one_process_number_do_not_meet(tmp_path):
    target = tmp_path / "table.csv"
    with paths.atomic_path(target) as first, paths.atomic_path(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"


def test_a_written_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    written = paths.write_json(tmp_path / "card.json", {})
    assert written.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_write_json_and_hash(tmp_path):
    path = paths.write_json(tmp_path / "card.json", {"b": 1, "a": [1.5]})
    assert json.loads(path.read_text()) == {"a": [1.5], "b": 1}
    assert paths.sha256(path) == paths.sha256(paths.write_json(tmp_path / "2.json", {"a": [1.5], "b": 1}))


def test_shown_names_no_folder_of_this_machine(tmp_path):
    assert paths.shown(paths.root() / "data" / "README.md") == "data/README.md"
    assert paths.shown(tmp_path / "mine.csv") == "mine.csv"


def test_provenance():
    made_with = paths.provenance()
    assert set(made_with) == {"python", "packages", "commit"}
    assert made_with["packages"]["keras"].startswith("3.")
