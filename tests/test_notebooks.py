"""House rules of the notebooks, checked on what git holds."""

import ast
import re
import statistics
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers.project import pipeline

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
TRACK_NOTEBOOKS = [path for path in NOTEBOOKS if path.parent.name != "notebooks"]
CONFIG = {name: yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("sample", "real")}
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def label(path: Path) -> str:
    return path.relative_to(ROOT / "notebooks").with_suffix("").as_posix()


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def lines(cell: nbformat.NotebookNode) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
every_track_notebook = pytest.mark.parametrize("path", TRACK_NOTEBOOKS, ids=label)


def test_there_are_notebooks():
    for name in ("00_start_here", "01_one_hot_convolution_auroc", "02_records_under_audit"):
        assert (ROOT / "notebooks" / f"{name}.ipynb") in NOTEBOOKS
    assert len(TRACK_NOTEBOOKS) >= 6


@every_notebook
def test_is_valid_and_run_from_top_to_bottom(path):
    nbformat.validate(read(path))
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_outputs_are_clean(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output
            assert not re.search(r"/(root|work|tmp|home)/\w", str(output)), "a path of a machine"
    assert path.stat().st_size < 1_500_000


@every_notebook
def test_source_keeps_the_house_rules(path):
    cells = code_cells(path)
    sizes = [len(lines(cell)) for cell in cells]
    assert statistics.median(sizes) <= 9
    # A list of parameters may be longer than what has to be understood as one step.
    assert max(n for n, cell in zip(sizes, cells, strict=True) if "tags" not in cell.metadata) <= 25
    assert max(sizes) <= 30
    for cell in cells:
        assert not re.search(r"^\s*[!%]|sys\.path", cell.source, re.MULTILINE), cell.source
        tree = ast.parse(cell.source)
        assert not any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.walk(tree))


@every_notebook
def test_what_installs_and_what_imports_is_collapsed(path):
    collapsed = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    cells = code_cells(path)
    titled = [cell for cell in cells if cell.source.startswith("# @title ")]
    assert [cell.metadata for cell in titled] == [collapsed] * 2
    assert titled == [c for c in cells if "COLAB_RELEASE_TAG" in c.source or "check_injected" in c.source]


@every_notebook
def test_prose_accompanies_the_code(path):
    prose = sum(len(c.source.split()) for c in read(path).cells if c.cell_type == "markdown")
    code = sum(len(lines(cell)) for cell in code_cells(path))
    assert 5 <= prose / code <= 25, prose / code


@every_track_notebook
def test_has_every_part(path):
    cells = read(path).cells
    headings = re.findall(
        r"^##? (.+)$", "\n".join(c.source for c in cells if c.cell_type == "markdown"), re.MULTILINE
    )
    assert headings[-4:] == ["Results", "Limits", "Exercises", "Next"]
    text = cells[0].source
    for word in ("**Question**", "**Reads**", "**Writes**", "**Takes**"):
        assert word in text
    assert f"{REPOSITORY.removeprefix('https://github.com/')}/blob/main/notebooks/{label(path)}" in text
    assert REPOSITORY in cells[1].source
    assert "COLAB" in cells[1].source


@every_track_notebook
def test_parameters_are_commented_literals_equal_to_the_sample_profile(path):
    track, name = label(path).split("/")
    declared = pipeline.declared(label(path))
    assert declared == CONFIG["sample"][track][name]
    tagged = [c for c in code_cells(path) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    for line in lines(tagged[0]):
        assert "  # " in line, f"a parameter without its comment: {line}"


@every_track_notebook
def test_the_real_profile_knows_the_same_parameters(path):
    track, name = label(path).split("/")
    pipeline.check(label(path), CONFIG["real"][track][name])


def test_every_notebook_has_a_rule():
    for path in TRACK_NOTEBOOKS:
        rules = (ROOT / "workflow" / f"{path.parent.name}.smk").read_text()
        assert f"rule {label(path).replace('/', '_')}:" in rules


def test_some_cells_check_their_output():
    for path in TRACK_NOTEBOOKS:
        assert any("# NBVAL_CHECK_OUTPUT" in cell.source for cell in code_cells(path)), path


GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = [
    head.lower().replace(",", "").replace(" ", "-") for head in re.findall(r"^### (.+)$", GLOSSARY, re.M)
]


def test_the_glossary_is_in_order_and_its_own_links_lead_somewhere():
    assert sorted(TERMS) == TERMS
    assert set(re.findall(r"\]\(#([^)]+)\)", GLOSSARY)) <= set(TERMS)


@every_notebook
def test_a_word_is_linked_to_the_glossary_once(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    linked = re.findall(r"docs/glossary\.md#([\w-]+)", text)
    assert set(linked) <= set(TERMS)
    assert len(set(linked)) == len(linked)


def test_the_course_has_every_notebook():
    course = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
    for path in (path for path in NOTEBOOKS if path.stem != "00_start_here"):
        assert f"](../notebooks/{label(path)}.ipynb)" in course, path
    assert course.count("### ") == len(NOTEBOOKS) - 1
    assert course.count("Aims: ") == course.count("<summary>Questions</summary>") == len(NOTEBOOKS) - 1
