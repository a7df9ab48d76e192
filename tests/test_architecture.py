"""The map of rooms: a module imports only from rows below its own, and the README shows the map."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers"

ROWS = [
    ["plots"],
    ["predict"],
    ["predictors"],
    ["training", "explain", "motifs", "search"],
    ["models", "datasets"],
    ["guide_scan", "sirna_features", "simulate", "promoters"],
    [
        "pairs",
        "splits",
        "features",
        "folding",
        "evaluation",
        "augment",
        "design_rules",
        "relations",
    ],
    [
        "chunks",
        "structures",
        "leakage",
        "metrics",
        "registry",
        "pipeline",
        "sites",
        "reliability",
        "significance",
        "spectrum",
    ],
    ["tables", "structure_files", "homology", "rewiring", "sirna_records"],
    ["sequence", "records", "pickles", "results", "bootstrap", "checks", "jaspar"],
    ["thermodynamics", "target_sites", "fold_cache", "gaussian_process"],
    ["files"],
    ["runs", "backend"],
    ["alphabet"],
]
LEVEL = {room: level for level, row in enumerate(ROWS) for room in row}
MODULES = sorted(path for path in HELPERS.rglob("*.py") if path != HELPERS / "__init__.py")


def room(module: Path) -> str:
    first = module.relative_to(HELPERS).parts[0]
    return first.removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("helpers.")}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_imports_go_down(module):
    own = room(module)
    assert own in LEVEL, f"{own} has no row in the map"
    for other in imported_rooms(module) - {own}:
        assert LEVEL[other] > LEVEL[own], f"{own} imports {other}, which is not below it"
        assert other != "plots"
        if own == "plots":
            assert other == "alphabet", "plots take arrays and tables, and know alphabets only"


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


def test_only_one_module_may_unpickle():
    for module in MODULES:
        if room(module) not in ("pickles", "simulate"):
            assert "import pickle" not in module.read_text(encoding="utf-8"), module
