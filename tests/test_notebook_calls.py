"""Every name of the package that a notebook uses or speaks of is there, and fits its arguments."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CITATION.cff", "data/README.md")
PAGES = [*PATHS, *(ROOT / name for name in DOCUMENTS)]
FACES = {path.parent.name: path.parent for path in (ROOT / "helpers").rglob("*/__init__.py")}
MOST_IMPORTS = 8


def source(path: Path) -> ast.Module:
    cells = nbformat.read(path, as_version=4).cells
    return ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))


def faces(tree: ast.Module) -> dict:
    """What the notebook imports from the package, by the name it has there."""
    return {
        name.asname or name.name: importlib.import_module(f"{node.module}.{name.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "helpers"
        for name in node.names
    }


def resolve(node: ast.AST, known: dict):
    """The object that a chain such as `stats.metrics.auroc` names; None if it is no such chain."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if not isinstance(node, ast.Attribute):
        return None
    owner = resolve(node.value, known)
    if inspect.ismodule(owner) or (inspect.isclass(owner) and hasattr(owner, node.attr)):
        return getattr(owner, node.attr)
    return None


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_call_fits_the_package(path):
    tree = source(path)
    known = faces(tree)
    assert len(known) <= MOST_IMPORTS, f"{len(known)} names are imported from helpers"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            resolve(node, known)
        elif isinstance(node, ast.Call):
            called = resolve(node.func, known)
            spread = any(isinstance(one, ast.Starred) for one in node.args)
            if callable(called) and not spread and all(word.arg for word in node.keywords):
                words = {word.arg: None for word in node.keywords}
                inspect.signature(called).bind(*node.args, **words)


def prose(path: Path) -> str:
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_page_speaks_of_is_there(path):
    text = prose(path)
    for file in re.findall(r"\b(?:helpers|tests|tools|workflow|benchmarks)/[\w/]+\.\w+", text):
        assert (ROOT / file).exists(), file
    for name in re.findall(r"`(?:helpers\.)?(?:tracks\.)?([a-z_]+(?:\.\w+)+)", text):
        room, *rest = name.split(".")
        if room in FACES and rest not in (["json"], ["csv"]):
            assert exists(".".join(FACES[room].relative_to(ROOT).parts), rest), name


def exists(module: str, rest: list[str]) -> bool:
    """Whether a dotted name leads to a module, or to what stands in one."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        return False
    for number, one in enumerate(rest):
        if inspect.ismodule(found) and not hasattr(found, one):
            return exists(f"{module}.{one}", rest[number + 1 :])
        found = getattr(found, one, None) or getattr(found, "__annotations__", {}).get(one)
    return found is not None
