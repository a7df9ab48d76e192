"""Say what a run wrote, and where."""

import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    ".ipynb": "executed notebooks",
    ".keras": "models",
    ".csv": "tables",
    ".png": "pictures",
    ".html": "interactive pages",
}


def main(profile: str) -> None:
    for folder in sorted(path for path in (ROOT / "runs" / profile).iterdir() if path.is_dir()):
        print(f"\n{folder.relative_to(ROOT)}")
        report_folder(folder)
        figures = ROOT / "figures" / folder.name
        if profile == "real" and figures.is_dir():
            print(f"{figures.relative_to(ROOT)}")
            report_folder(figures)
    print("\nRead first: notebooks/00_start_here.ipynb (make lab opens it)")


def report_folder(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and "logs" not in path.parts]
    for suffix, kind in KINDS.items():
        found = sorted(path.relative_to(folder).as_posix() for path in files if path.suffix == suffix)
        if found:
            shown = ", ".join(found[:6]) + (f" and {len(found) - 6} more" if len(found) > 6 else "")
            print(f"  {len(found):>3} {kind}: {shown}")
    results = folder / "results.csv"
    if results.is_file():
        table = pd.read_csv(results)
        table = table[table["metric"].isin(["auroc", "pearson", "explanation_auroc"])]
        table["value"] = [
            f"{row.value:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]" for row in table.itertuples()
        ]
        columns = ["dataset", "protocol", "model", "metric", "value", "n"]
        print(table[columns].to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1])
