"""Put the outputs of the executed sample notebooks into the notebooks that git holds.

Only outputs and execution counts are carried over: the cells stay as they were written. What
papermill adds (its cell, its metadata) and widget states, which show nothing once the kernel is
gone, are left behind.
"""

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
TITLE = "# @title "
"""Begins a cell that is shown as its title alone: what installs, and what imports."""
COLLAPSED = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
"""How Colab, JupyterLab and Jupyter Book are told so."""


def main() -> None:
    executed = sorted((ROOT / "runs" / "sample").glob("**/[0-9][0-9]_*.ipynb"))
    executed = [path for path in executed if "logs" not in path.parts]
    if not executed:
        sys.exit("nothing in runs/sample; call make run first")
    for path in executed:
        target = ROOT / "notebooks" / path.relative_to(ROOT / "runs" / "sample")
        publish(path, target)
        print(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1e3:.0f} kB")


def publish(executed: Path, target: Path) -> None:
    source, run = nbformat.read(target, as_version=4), nbformat.read(executed, as_version=4)
    by_id = {cell.id: cell for cell in run.cells}
    count = 0
    for cell in source.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        if by_id[cell.id].source != cell.source:
            sys.exit(f"{target} was edited after it was run; call make run again")
        if cell.source.startswith(TITLE):
            cell.metadata = COLLAPSED
        cell.execution_count = count
        cell.outputs = [kept(output, count) for output in by_id[cell.id].outputs if wanted(output)]
    source.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    part = target.with_suffix(".part")
    nbformat.write(source, part)
    part.replace(target)


def wanted(output: nbformat.NotebookNode) -> bool:
    return WIDGET not in output.get("data", {})


def kept(output: nbformat.NotebookNode, count: int) -> nbformat.NotebookNode:
    output.metadata = {} if "metadata" in output else output.get("metadata")
    if output.output_type == "stream":
        del output["metadata"]
        # A progress line overwrites itself on a screen; on paper only its last state is read.
        output.text = "\n".join(line.split("\r")[-1] for line in output.text.split("\n"))
    if output.output_type == "execute_result":
        output.execution_count = count
    return output


if __name__ == "__main__":
    main()
