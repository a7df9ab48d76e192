"""Write the results table of the README from figures/<track>/results.csv; no hand types it."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results: made by tools/readme_table.py -->", "<!-- end of results -->"
SHOWN = ("accuracy", "auroc", "auprc", "pearson", "spearman", "auroc_at_0.7")


def main() -> None:
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    part = readme.with_suffix(".part")
    part.write_text(before + BEGIN + "\n" + tables() + "\n" + END + after, encoding="utf-8")
    part.replace(readme)


def tables() -> str:
    parts = []
    for path in sorted((ROOT / "figures").glob("*/results.csv")):
        parts.append(f"\n**{path.parent.name}** ([all metrics]({path.relative_to(ROOT)}))\n")
        parts.append(markdown(pd.read_csv(path, keep_default_na=False, na_values={"value": [""]})))
    return "\n".join(parts)


def markdown(results: pd.DataFrame) -> str:
    keys = ["dataset", "task", "protocol", "model", "n", "seed"]
    results = results[results["metric"].isin(SHOWN)].copy()
    keys = [key for key in keys if (results[key].astype(str) != "").any()]
    results["text"] = [
        f"{row.value:.3f} [{float(row.ci_low):.3f}, {float(row.ci_high):.3f}]"
        for row in results.itertuples()
    ]
    metrics = [metric for metric in SHOWN if metric in set(results["metric"])]
    wide = results.pivot_table(
        index=keys, columns="metric", values="text", aggfunc="first", sort=False
    )[metrics].reset_index()
    header = "| " + " | ".join(wide.columns) + " |\n|" + "---|" * len(wide.columns)
    rows = [
        "| " + " | ".join(map(str, row)) + " |" for row in wide.fillna("").itertuples(index=False)
    ]
    return "\n".join([header, *rows]) + "\n"


if __name__ == "__main__":
    main()
