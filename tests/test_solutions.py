"""Exercises have solutions, and what a solution says in code holds."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "notebooks").glob("**/[0-9][0-9]_*.ipynb"))


def exercises(path):
    cells = nbformat.read(path, as_version=4).cells
    (text,) = [cell.source for cell in cells if "## Exercises" in cell.source]
    return text.split("## Exercises")[1].split("## Next")[0]


SOLVED = {path.stem: exercises(path) for path in PAGES if path.stem != "00_start_here"}
CODE = {name: re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) for name, text in SOLVED.items()}


@pytest.mark.parametrize("name", SOLVED)
def test_every_exercise_has_a_solution(name):
    numbers = re.findall(r"^(\d)\. ", SOLVED[name], re.MULTILINE)
    asked = max(map(int, numbers))
    assert SOLVED[name].count("<details>") == asked or numbers == list(map(str, range(1, asked + 1))) * 2


@pytest.mark.parametrize("name", [name for name, blocks in CODE.items() if blocks])
def test_solutions_run(name):
    space = {}
    for block in CODE[name]:
        exec(compile(block, name, "exec"), space)


def test_the_course_asks_five_questions_a_page():
    pages = (ROOT / "docs" / "course.md").read_text(encoding="utf-8").split("\n### ")[1:]
    assert len(pages) == len(SOLVED)
    for page in pages:
        page = re.sub(r"\n +", " ", page)  # lines that go on
        assert re.findall(r"^(\d)\. .+\? \*.+\*$", page, re.MULTILINE) == list("12345"), page[:40]
