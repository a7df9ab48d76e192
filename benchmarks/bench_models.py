"""What each model costs to train and to use, from the kept folds of a run that is there.

    python benchmarks/bench_models.py [runs/real] [--csv benchmarks/models.csv]

Prints a table: seconds of processor time to fit one fold and to predict a thousand of its rows, the
median over the folds of all protocols and runs. A model whose parts are predicted together (a blend) is
one row, as it is one fit. A fit that read some of its networks back from disk cost only what was left.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pandas as pd


def read(folder: Path) -> pd.DataFrame:
    """One row a kept fold that says its cost: track, notebook, model, rows and seconds."""
    found = []
    for path in sorted(folder.glob("*/folds_*/*.csv")):
        if re.search(r"_0\.\d+-", path.name):  # a point of a learning curve: not all rows
            continue
        kept = pd.read_csv(path, low_memory=False)
        if "fit_seconds" in kept and len(kept):
            model = path.stem.split("-")[0]
            first = kept.iloc[0]
            found.append(
                {"track": path.parts[-3], "notebook": path.parts[-2].split("_")[1], "model": model}
                | {"train_rows": first["train_rows"], "fit_seconds": first["fit_seconds"]}
                | {"ms_a_row": 1000 * first["predict_seconds"] / kept["row"].nunique()}
            )
    if not found:
        raise SystemExit(f"{folder}: no kept fold that says what it cost; make one with `make run`")
    return pd.DataFrame(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default="runs/sample", type=Path)
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    each = read(given.run)
    table = each.groupby(["track", "notebook", "model"], sort=False).agg(
        folds=("fit_seconds", "size"), train_rows=("train_rows", "median"),
        fit_seconds=("fit_seconds", "median"), predict_seconds_per_1000=("ms_a_row", "median"),
    )  # fmt: skip
    table = table.astype({"train_rows": int}).round(2)
    print(table.to_string())
    if given.csv:
        table.to_csv(given.csv, lineterminator="\n")


if __name__ == "__main__":
    main()
