"""What a notebook asks of the pipeline: its own parameters checked, its missing inputs built."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from helpers.project import backend, code, paths

INSIDE_VARIABLE = "SEQUENCE_NOTEBOOKS_INSIDE_PIPELINE"


def declared(notebook: str) -> dict[str, Any]:
    """Parameters of a notebook and their defaults, read from its cell tagged ``parameters``.

    Parameters
    ----------
    notebook : str
        Track and name, such as ``"rna_peptide/05_predict_pairs"``.

    Raises
    ------
    ValueError
        If there is no such notebook, or no such cell in it.

    Examples
    --------
    >>> declared("rna_peptide/02_make_negatives")["seed"]
    1
    """
    return _assignments(parameters_cell(notebook))


def parameters_cell(notebook: str) -> str:
    """A notebook's cell tagged ``parameters``: a line a parameter; raises as `declared`."""
    path = paths.root() / "notebooks" / f"{notebook}.ipynb"
    if not path.is_file():
        raise ValueError(f"no notebook {notebook!r}: {path} is not there. Give track/NN_name")
    for cell in code.cells(path):
        if "parameters" in cell["metadata"].get("tags", []):
            return str(cell["source"])
    raise ValueError(f"{path} has no cell tagged 'parameters'; add the tag to its parameters cell")


def check_backend(*notebooks: str) -> None:
    """Raise a ValueError if a notebook explains with torch and not all that it needs is installed."""
    for notebook in notebooks:
        cells = code.cells(paths.root() / "notebooks" / f"{notebook}.ipynb")
        if any('backend.use("torch")' in cell["source"] for cell in cells):
            backend.check_torch(notebook)


def check(notebook: str, given: dict[str, Any]) -> None:
    """Raise a ValueError if the notebook does not know a parameter, or its default is of another type."""
    known = declared(notebook)
    for name, value in given.items():
        if name not in known:
            raise ValueError(
                f"notebook {notebook} has no parameter {name!r}; it knows {', '.join(known)}. "
                "Mend the name (papermill -p NAME VALUE, or the block in config/)"
            )
        if not _fits(value, known[name]):
            text = isinstance(known[name], str)
            mend = f". Text that looks like a number: papermill -r {name} VALUE" if text else ""
            raise ValueError(
                f"parameter {name!r} of notebook {notebook} is {value!r} "
                f"({type(value).__name__}); expected {type(known[name]).__name__}, "
                f"such as {known[name]!r}{mend}"
            )


def check_injected(notebook: str) -> None:
    """Check what papermill injected into the running notebook, as `check`; papermill itself only warns."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    cells: Iterable[str] = shell.user_ns["In"] if shell else []
    for source in cells:
        if source.startswith("# Parameters\n"):
            check(notebook, _assignments(source))


def require(path: str | Path) -> Path:
    """A file of a run; when it is missing, the pipeline makes it, with what it needs in turn.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, as in `paths.find`. Only ``runs/<profile>/...`` can be made.

    Raises
    ------
    ValueError
        If the file is missing and no rule makes it, or the making fails; the message holds the
        end of the log.
    """
    path = Path(path)
    if path.is_absolute() or path.parts[:1] != ("runs",) or (Path.cwd() / path).exists():
        return paths.find(path)
    if not (paths.root() / path).exists():
        if os.environ.get(INSIDE_VARIABLE):
            raise ValueError(f"{path} is missing inside the pipeline; name it as input of the rule")
        _build(path)
    return paths.find(path)


def _assignments(source: str) -> dict[str, Any]:
    """Names and literal values of the assignments in a cell."""
    values: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = ast.literal_eval(statement.value)
    return values


def _fits(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return True
    accepted = (int, float) if isinstance(default, float) else type(default)
    return isinstance(value, accepted) and isinstance(value, bool) == isinstance(default, bool)


def _build(path: Path) -> None:
    """Run Snakemake for one file, its steps shown as a progress bar."""
    profile = path.parts[1]
    root, cores = paths.root(), os.cpu_count() or 1
    command = [
        *(sys.executable, "-m", "snakemake", "--rerun-incomplete", "--cores", str(cores)),
        *("--directory", str(root), "--snakefile", str(root / "Snakefile")),
        *("--configfile", str(root / "config" / f"{profile}.yaml"), "--", path.as_posix()),
    ]
    lines: list[str] = []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
        tqdm(desc=f"making {path.name} and what it needs", unit="notebook") as bar,
    ):
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if done := re.match(r"(\d+) of (\d+) steps", line):
                bar.total, bar.n = int(done[2]), int(done[1])
                bar.refresh()
    if process.returncode:
        locked = any("LockException" in line or "cannot be locked" in line for line in lines)
        hint = "Another build is under way (or was killed: run `snakemake --unlock --cores 1`). "
        raise ValueError(
            f"{path} is missing and the pipeline could not make it. {hint * locked}"
            "The end of its log:\n" + "\n".join(lines[-25:])
        )
