"""Every name of the package that a notebook uses is there, and takes the arguments it is given."""

import ast
import importlib
import inspect
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
PATHS = sorted(NOTEBOOKS.rglob("[0-9][0-9]_*.ipynb"))
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
