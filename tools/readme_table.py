"""Write the results table of the README from figures/<track>/results.csv; no hand types it."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results: made by tools/readme_table.py -->", "<!-- end of results -->"
PREDICTION = ("accuracy", "auroc", "auprc", "mcc", "pearson", "spearman", "rmse")
EXPLANATION = ("explanation_auroc", "spearman")
PROTOCOLS = ("random_5fold", "random_10fold", "cold_peptide", "cold_rna", "cold_both")
MODELS = ("ours", "network", "neighbours", "baseline", "original", "counts", "control")


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
        table = pd.read_csv(path, keep_default_na=False, na_values={"value": [""]})
        explains = table["protocol"] == "validation_pairs"
        parts.append(markdown(ordered(table[~explains]), PREDICTION))
        if explains.any():
            parts.append("How far explanations agree (mean over pairs):\n")
            parts.append(markdown(table[explains], EXPLANATION))
    return "\n".join(parts)


def ordered(results: pd.DataFrame) -> pd.DataFrame:
    """Rows by protocol and model, the known ones in the order in which they are read."""
    place = {name: i for names in (PROTOCOLS, MODELS) for i, name in enumerate(names)}
    keys = ["protocol", "model"]
    return results.sort_values(keys, key=lambda column: column.map(place).fillna(99), kind="stable")


def markdown(results: pd.DataFrame, shown: tuple[str, ...]) -> str:
    keys = ["dataset", "task", "protocol", "model", "n", "seed"]
    results = results[results["metric"].isin(shown)].copy()
    keys = [key for key in keys if (results[key].astype(str) != "").any()]
    results["text"] = [
        f"{row.value:.3f} [{float(row.ci_low):.3f}, {float(row.ci_high):.3f}]"
        for row in results.itertuples()
    ]
    metrics = [metric for metric in shown if metric in set(results["metric"])]
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
