"""The map of rooms: a module imports only from rows below its own, and the README shows the map."""

import ast
import importlib
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers"

ROWS = [
    ["tracks"],
    ["explain", "plots"],
    ["motifs", "training"],
    ["models", "splits"],
    ["stats", "rna"],
    ["readers"],
    ["sequences"],
    ["project"],
]
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}
MODULES = sorted(path for path in HELPERS.rglob("*.py") if path != HELPERS / "__init__.py")


def parts(module: Path) -> tuple[str, ...]:
    return module.relative_to(HELPERS).with_suffix("").parts


def imported(module: Path) -> set[tuple[str, ...]]:
    """Rooms and modules that a module imports, as the parts of their names behind `helpers`."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            found |= {tuple([*node.module.split("."), alias.name][1:]) for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("helpers.")]
            found |= {tuple(name.split(".")[1:]) for name in names}
    return found


def test_no_module_lies_loose():
    assert [path.name for path in HELPERS.glob("*.py")] == ["__init__.py"]
    rooms = {path.name for path in HELPERS.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(LEVEL)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_imports_go_down(module):
    own = parts(module)
    for other in imported(module):
        if own[0] == other[0] == "tracks":
            assert other[1:2] == own[1:2], f"a track imports another: {'.'.join(other)}"
        elif other[0] != own[0]:
            assert LEVEL[other[0]] > LEVEL[own[0]], f"{own[0]} imports {other[0]}, which is not below it"
        if own[0] == "plots":
            assert other[0] == "plots" or other[:2] == ("sequences", "alphabet"), "plots know alphabets only"


TRACKS = sorted(path.name for path in (HELPERS / "tracks").iterdir() if (path / "__init__.py").exists())


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_has_the_same_few_names(track):
    for noun in ("data", "network", "predictors", "predict", "simulate", "figures"):
        folder = HELPERS / "tracks" / track
        assert (folder / f"{noun}.py").exists() or (folder / noun / "__init__.py").exists(), noun
    for place in ("notebooks", "data/sample", "figures", "tests/tracks"):
        assert (ROOT / place / track).is_dir(), place
    assert (ROOT / "workflow" / f"{track}.smk").is_file()


@pytest.mark.parametrize("room", sorted(LEVEL))
def test_a_face_says_what_each_of_its_names_is(room):
    face = importlib.import_module(f"helpers.{room}")
    assert 1 <= len(face.__all__) <= 12, "five to ten names, a dozen at most"
    assert (face.__doc__ or "").strip()


def test_readme_shows_the_map():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    drawn = readme.split("<!-- rooms -->")[1].split("```")[1].strip().splitlines()
    assert [line.split() for line in drawn] == ROWS


def code_lines(module: Path) -> int:
    """Lines that hold code: docstrings, comments and blank lines do not count."""
    source = module.read_text(encoding="utf-8")
    counted = {
        number
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT)
        and token.string.strip()
        for number in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            counted -= set(range(node.lineno, node.end_lineno + 1))
    return len(counted)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_modules_stay_small(module):
    assert code_lines(module) <= 300, "split it: one module, one noun"


WIDE = {"build_cnn", "build_scanner"}
"""Builders whose sizes a search sets by name."""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_functions_take_few_arguments(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (node.name[0] != "_" or node.name == "__init__"):
            given = [one.arg for one in node.args.args if one.arg not in ("self", "cls")]
            assert len(given) <= 3, f"{node.name}: keyword-only past three"
            assert len(given) + len(node.args.kwonlyargs) <= 7 or node.name in WIDE, node.name


def test_only_one_module_may_unpickle():
    for module in MODULES:
        if parts(module)[-1] not in ("pickles", "simulate"):
            assert "import pickle" not in module.read_text(encoding="utf-8"), module


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_no_test_draws_from_a_generator_that_another_shares(path):
    """Tests that share one get other numbers by which of them ran before, on another machine's workers."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    shared = {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.value).startswith(("np.random.", "random.Random"))
        for target in node.targets
        if isinstance(target, ast.Name) and ")." not in ast.unparse(node.value)
    }
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} & shared
            assert not used, f"{node.name} draws from {sorted(used)}, which other tests draw from"
