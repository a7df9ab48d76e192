import importlib

import nbformat
import pytest

from helpers.project import code


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A toy package beside a notebook that uses one of its rooms."""
    files = {
        "room/__init__.py": "",
        "room/sums.py": "from helpers.low import steps\n\ndef total(x):\n    return steps.one(x) + 1\n",
        "room/figures.py": "COLOUR = 'red'\n",
        "low/__init__.py": "",
        "low/steps.py": '"""Steps."""\n\ndef one(x):\n    return x\n',
        "plots/__init__.py": "SIZE = 1\n",
        "other/__init__.py": "OTHER = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / "helpers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    cell = nbformat.v4.new_code_cell("from helpers import plots, room\nroom.sums.total(1)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "01_toy.ipynb")
    monkeypatch.setattr(code, "FOLDER", tmp_path / "helpers")
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget():
    for kept in (code._file, code._tree, code._imported, code._content):
        kept.cache_clear()


def key_after(package, name, old, new):
    path = package / "helpers" / name
    path.write_text(path.read_text().replace(old, new) if old else new)
    forget()
    return code.of_notebook(package / "01_toy.ipynb")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("room/sums.py", "+ 1", "+ 2"),
        ("low/steps.py", "return x", "return 2 * x"),  # imported by what the notebook imports
        ("room/__init__.py", "", "LIMIT = 3\n"),
        ("room/more.py", "", "MORE = 1\n"),
    ],
)
def test_changed_code_changes_the_key(package, name, old, new):
    before = code.of_notebook(package / "01_toy.ipynb")
    assert key_after(package, name, old, new) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("low/steps.py", '"""Steps."""', '"""Other words."""\n# and a comment\n'),
        ("plots/__init__.py", "SIZE = 1", "SIZE = 2"),
        ("room/figures.py", "red", "blue"),
        ("other/__init__.py", "OTHER = 1", "OTHER = 2"),
    ],
)
def test_words_pictures_and_other_rooms_do_not(package, name, old, new):
    before = code.of_notebook(package / "01_toy.ipynb")
    assert key_after(package, name, old, new) == before


def test_key_of_things_is_of_their_modules():
    assert code.key([code.key]) == code.key("helpers.project.code") != code.key([])


def test_a_predictor_of_ones_own_counts_with_its_source(tmp_path, monkeypatch):
    """A class in a user's script is no module of the package; its code is part of the key all the same."""
    found = []
    for name, share in (("first", 0.5), ("second", 0.5), ("third", 0.6)):
        (tmp_path / f"own_{name}.py").write_text(
            f"class Mean:\n    settings = {{}}\n\n    def predict(self, rows):\n        return {share}\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        found.append(code.key(importlib.import_module(f"own_{name}").Mean()))
    assert found[0] == found[1]
    assert found[0] != found[2]
