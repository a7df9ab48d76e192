"""Seconds of each notebook of a run, and its critical path. Nothing is run: the executed notebooks are read.

    python benchmarks/bench_suite.py [--profile sample] [--root .]

What waits for what is taken from the graph of the rules; no number of cores makes a run shorter than its
critical path.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def seconds(folder: Path) -> dict[str, float]:
    """By the name of the rule, <track>_<notebook>; papermill writes the time into the notebook."""
    found = {}
    for path in sorted(folder.glob("*/[0-9]*.ipynb")):
        took = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("papermill", {}).get("duration")
        if took is not None:
            found[f"{path.parent.name}_{path.stem}"] = float(took)
    return found


def waits_for(profile: str) -> dict[str, list[str]]:
    """Rules by the rules whose files they read."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--forceall"]
    command += ["--configfile", f"config/{profile}.yaml"]
    graph = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r'(\d+)\[\s*label = "([^"\\]+)', graph))
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for before, after in re.findall(r"(\d+) -> (\d+)", graph):
        found[names[after]].append(names[before])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="sample")
    parser.add_argument("--root", type=Path, default=ROOT)
    given = parser.parse_args()
    took = seconds(given.root / "runs" / given.profile)
    if not took:
        print(f"no executed notebooks in runs/{given.profile}; `make run` makes them")
        return
    for name, one in sorted(took.items(), key=lambda item: -item[1]):
        print(f"{one:8.1f} s  {name}")
    print(f"{sum(took.values()):8.1f} s  all {len(took)} notebooks, one after the other")
    graph = waits_for(given.profile)

    @functools.cache
    def longest(name: str) -> tuple[float, tuple[str, ...]]:
        before, path = max((longest(one) for one in graph[name]), default=(0.0, ()))
        return before + took.get(name, 0.0), (*path, *([name] if name in took else []))

    total, path = max(map(longest, graph))
    print(f"{total:8.1f} s  the critical path: {' -> '.join(path)}")


if __name__ == "__main__":
    main()
