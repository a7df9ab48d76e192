import json
import os
import signal
import subprocess
import sys
from pathlib import Path

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


WRITER = """
import sys
from pathlib import Path
from helpers.project import paths
while True:
    for letter in "ab":
        with paths.atomic_path(sys.argv[1]) as part, part.open("w") as file:
            for _ in range(2000):
                file.write(letter * 100 + "\\n")
            print("written", flush=True)
"""


@pytest.mark.parametrize("reads", [1, 2, 3, 5, 8])
def test_a_killed_writer_leaves_a_whole_file_and_its_folder_is_removed(tmp_path, monkeypatch, reads):
    target = tmp_path / "table.csv"
    command = [sys.executable, "-c", WRITER, str(target)]
    writer = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    for _ in range(reads):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    if target.exists():
        lines = target.read_text().splitlines()
        assert len(lines) == 2000
        assert set(map(len, lines)) == {100}
        assert len(set(lines)) == 1
    # As if the writer had died long ago, beside one that lives.
    monkeypatch.setattr(paths, "_FRESH", -1.0)
    with paths.atomic_path(target) as living:
        living.write_text("living")
        with paths.atomic_path(target) as part:
            part.write_text("next")
        assert living.parent.is_dir()
        assert target.read_text() == "next"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    script = (
        "import resource, signal, sys; from helpers.project import paths\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "with paths.atomic_path(sys.argv[1]) as part: part.write_text('x' * 5000)"
    )
    command = [sys.executable, "-c", script, str(target)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "File too large" in done.stderr
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
