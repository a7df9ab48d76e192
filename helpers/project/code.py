"""The code behind a result: what is kept is found by data, settings and this key."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.project import paths

PACKAGE = "helpers"
FOLDER = Path(__file__).resolve().parents[1]
LEFT_OUT = ("plots", "figures")
"""Rooms and modules that draw: they change no number."""


def key(*things: Any) -> str:
    """Hash, ten digits, of the package's code that some things rest on: modules and all they import.

    Comments, docstrings and layout do not count, nor does what only draws (`LEFT_OUT`).

    Parameters
    ----------
    *things
        Names of modules, or objects; of an object, also what its attributes hold counts.

    Examples
    --------
    >>> key("helpers.stats.metrics") == key("helpers.stats.metrics", "helpers.stats.bootstrap")
    True
    >>> key("helpers.stats.metrics") == key("helpers.rna.folding")
    False
    """
    names: set[str] = set()
    foreign: set[str] = set()
    for thing in things:
        if isinstance(thing, str):
            names.add(thing)
        else:
            _collect(thing, names, foreign, set())
    digest = hashlib.sha256()
    for name in sorted(_closure(names)):
        digest.update(f"{name} {_content(name)}\n".encode())
    for source in sorted(foreign):
        digest.update(source.encode())
    return digest.hexdigest()[:10]


def of_notebook(path: str | Path) -> str:
    """`key` of what a notebook imports from the package; read from the file, nothing is run."""
    source = "\n".join(cell["source"] for cell in cells(path) if cell["cell_type"] == "code")
    return key(*_imports(ast.parse(source), whole=True))


def cells(path: str | Path) -> list[dict[str, Any]]:
    """Cells of a notebook (format 4), each with its source as one text.

    By hand: nbformat takes two seconds to import, which every kernel would wait for.
    """
    found = paths.read_json(path)["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def _collect(thing: Any, names: set[str], foreign: set[str], seen: set[int]) -> None:
    """Modules of an object, of its class and of what it holds."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        held: Iterable[Any] = thing.values()
    elif isinstance(thing, list | tuple | set):
        held = thing
    elif isinstance(thing, functools.partial):
        held = (thing.func, thing.args, thing.keywords)
    else:
        kind = thing if isinstance(thing, type) or inspect.isroutine(thing) else type(thing)
        module = getattr(kind, "__module__", None) or ""
        if module.split(".")[0] == PACKAGE:
            names.add(module)
        elif _is_users(kind):
            foreign.add(_source(kind))
        else:
            return
        held = getattr(thing, "__dict__", {}).values() if kind is not thing else ()
    for one in held:
        _collect(one, names, foreign, seen)


def _is_users(kind: Any) -> bool:
    """Whether a class or function is a user's own: written in a notebook, or outside the environment."""
    try:
        file = inspect.getfile(kind)
    except (OSError, TypeError):
        return getattr(kind, "__module__", "") == "__main__"
    return not file.startswith((sys.prefix, sys.base_prefix))


def _source(kind: Any) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return str(getattr(kind, "__qualname__", kind))


def _closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [name for name in names if _counts(name)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imported(name)
    return found


@functools.cache
def _imported(name: str) -> tuple[str, ...]:
    return tuple(other for other in _imports(_tree(name)) if _counts(other))


def _counts(name: str) -> bool:
    return not set(name.split(".")) & set(LEFT_OUT) and _file(name) is not None


def _imports(tree: ast.AST, *, whole: bool = False) -> Iterator[str]:
    """Modules of the package that a tree imports; a package's own modules, too, if `whole`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            for name in (f"{node.module}.{one.name}" for one in node.names):
                yield name
                if whole and (file := _file(name)) and file.name == "__init__.py":
                    yield from (f"{name}.{path.stem}" for path in sorted(file.parent.glob("*.py")))


@functools.cache
def _file(name: str) -> Path | None:
    """File of a module of the package; nothing is imported to find it."""
    package, *rest = name.split(".")
    if package != PACKAGE:
        return None
    path = FOLDER.joinpath(*rest)
    files = path.with_suffix(".py"), path / "__init__.py"
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _tree(name: str) -> ast.Module:
    tree = ast.parse(_file(name).read_text(encoding="utf-8"))  # type: ignore[union-attr]
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            # A string that stands alone is a docstring, of a module, class, function or constant.
            node.body = [line for line in body if not _is_docstring(line)]  # type: ignore[attr-defined]
    return tree


def _is_docstring(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


@functools.cache
def _content(name: str) -> str:
    return hashlib.sha256(ast.dump(_tree(name)).encode()).hexdigest()
