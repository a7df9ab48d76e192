"""The README and docs: their tables are the results files, and what they point to is there."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = sorted((ROOT / "figures").glob("*/results.csv"))


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("readme_table", ROOT / "tools" / "readme_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
def test_no_hand_typed_the_tables(tool, path):
    track = path.parent.name
    page = (ROOT / "docs" / "results" / f"{track}.md").read_text(encoding="utf-8")
    shown = page.split(tool.BEGIN.format(track))[1].split(tool.END.format(track))[0]
    assert shown.strip() == tool.tables(path).strip()
    assert page == tool.filled(page, path), "numbers in the prose: run tools/readme_table.py"


def test_no_hand_typed_the_table_of_the_readme(tool):
    shown = README.split(tool.BEGIN.format("all tracks"))[1].split(tool.END.format("all tracks"))[0]
    assert shown.strip() == tool.overview().strip()
    assert set(tool.HEADLINES) == {path.parent.name for path in RESULTS}


def test_it_is_read_on_two_screens():
    assert len(README.splitlines()) <= 120


def test_sentences_say_what_the_differences_of_a_table_show(tool):
    names = ["protocol", "task", "model", "metric", "value", "ci_low", "ci_high", "runs", "sd"]
    rows = [
        (
            protocol,
            task,
            f"ours - {rival}",
            "auroc_difference",
            value,
            value - 0.02,
            value + 0.02,
            1,
            float("nan"),
        )
        for protocol in ("random_5fold", "homology_both")
        for task in ("Am", "mean")
        for rival, value in (("trees", 0.01), ("control", 0.3))
    ]
    found = tool.sentences(pd.DataFrame(rows, columns=names)).splitlines()
    said = "Ours has the highest AUROC of the 3 models. It is shown to beat control, but not trees."
    assert found == [f"- random_5fold: {said}", f"- homology_both: {said}"]
    assert tool.sentences(pd.DataFrame(columns=names)) == ""


def test_marks_in_prose_are_filled_and_a_wrong_one_stops(tool, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(
        "protocol,task,model,metric,value,ci_low,ci_high,runs,sd\n"
        "cold,,ours,auroc,0.7,0.6,0.8,3,0.01\n"
        "cold,,ours - trees,auroc_difference,-0.05,-0.08,-0.02,3,0.001\n"
    )
    number = "has <!--cold//ours/auroc-->old<!---->, "
    verdict = "<!--=cold//ours - trees/auroc_difference--><!---->"
    said = tool.filled(number + verdict, path)
    assert ">.700 [.600, .800]<" in said
    assert ">Ours has a lower AUROC than trees, by 0.050" in said
    assert tool.filled(said, path) == said
    with pytest.raises(SystemExit, match="names no row"):
        tool.filled("<!--warm//ours/auroc--><!---->", path)


def test_every_track_has_a_row_and_a_page():
    for folder in sorted(path for path in (ROOT / "notebooks").iterdir() if path.is_dir()):
        notebooks = sorted(path.stem for path in folder.glob("[0-9][0-9]_*.ipynb"))
        if notebooks:
            row = next(line for line in README.splitlines() if line.startswith(f"| [`{folder.name}`]"))
            assert " ".join(notebooks) in row
            assert f"](docs/results/{folder.name}.md)" in README


def test_what_it_points_to_is_there():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_table_of_own_data_says_what_the_command_does():
    blocks = yaml.safe_load((ROOT / "config" / "own.yaml").read_text(encoding="utf-8"))
    for track, of in blocks.items():
        assert f"| `{track}` | {of['have']} | {of['columns']} | {of['get']} |" in README.splitlines()
