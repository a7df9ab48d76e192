"""Write the tables of docs/results/<track>.md and of the README from figures/<track>/results.csv.

No hand types them: each page holds a pair of marks, and its tables stand between them. A number in the
prose stands between marks, too, `<!--protocol/task/model/metric-->.747 [.72, .77]<!---->`: it is
filled from the row of that key. With `=` before the key the row's verdict is filled in as a sentence.
"""

import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.stats import results, verdicts

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results of {}: made by tools/readme_table.py -->", "<!-- end of {} -->"
PREDICTION = ("accuracy", "auroc", "auprc", "mcc", "pearson", "spearman", "rmse", "coverage_90")
EXPLANATION = (
    "explanation_auroc", "explanation_auroc_decoy", "spearman", "contribution", "ablation", "insertion",
    "auroc_loss", "top_minus_random", "top_minus_matched",
)  # fmt: skip
PROTOCOLS = (
    "random_5fold", "random_10fold", "unseen_peptide", "unseen_rna", "unseen_both",
    "homology_peptide", "homology_rna", "homology_both", "grouped_5fold",
    "grouped_holdout", "mrna_disjoint_5fold", "chromosome_5fold", "holdout", "given_test",
    "given_test_audited",
)  # fmt: skip
MODELS = (
    "ours", "ours_test_orthologs", "hybrid", "network", "legnet", "dream_rnn", "multirm", "rpiter",
    "oligoformer", "attsioff", "deepcre", "neighbours", "sites",
    "scanner", "cnn_evoaug", "cnn_phyloaug", "cnn_both", "cnn", "plain", "support_vectors", "svm",
    "forest", "shared", "single", "codes", "baseline", "kmers",
    "baseline_orthologs", "original_evoaug", "original", "counts", "control",
    "network_control", "ceiling",
)  # fmt: skip
WITHOUT_NETWORK = (
    "neighbours", "sites", "support_vectors", "svm", "forest", "baseline", "kmers",
    "baseline_orthologs", "counts",
)  # fmt: skip
METRICS = {"auroc": "AUROC", "pearson": "Pearson r"}
CHANCE = {"auroc": 0.5, "pearson": 0.0}
MAIN = tuple(METRICS)
"""Metric shown where a table has a column a task; a task without either is an explanation's."""


HEADLINES = {
    "rna_peptide": ("auroc", ("homology_both", "unseen_both")),
    "stress_response": ("auroc", ("grouped_5fold",)),
    "rna_modification": ("auroc", ("given_test_audited", "given_test")),
    "sirna_efficacy": ("pearson", ("mrna_disjoint_5fold",)),
    "gene_expression": ("pearson", ("chromosome_5fold",)),
}
"""Metric and honest protocol of each track (the first that its table has)."""
PUBLISHED = pd.read_csv(ROOT / "data" / "published.csv", dtype=str, keep_default_na=False)
"""What others report; what has a caveat in short stands in the README."""


def main() -> None:
    for track in HEADLINES:
        insert(ROOT / "docs" / "results" / f"{track}.md", track, tables(results_of(track)))
        page = ROOT / "docs" / "results" / f"{track}.md"
        write(page, filled(page.read_text(encoding="utf-8"), results_of(track)))
    insert(ROOT / "README.md", "all tracks", overview())


def results_of(track: str) -> Path:
    return ROOT / "figures" / track / "results.csv"


def insert(page: Path, name: str, lines: str) -> None:
    text = page.read_text(encoding="utf-8")
    begin, end = BEGIN.format(name), END.format(name)
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{page} needs one line {begin!r} and one {end!r}")
    before, rest = text.split(begin)
    write(page, before + begin + "\n" + lines + "\n" + end + rest.split(end)[1])


def write(page: Path, text: str) -> None:
    part = page.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)


MARKED = re.compile(r"<!--(=?)([^/<>]+)/([^/<>]*)/([^/<>]+)/([^/<>]+)-->.*?<!---->", re.DOTALL)
"""A number or a verdict in the prose of a page, and the row that it comes from."""


def filled(text: str, numbers: Path) -> str:
    """A page with the numbers of the results table between the marks of its prose."""
    table = read(numbers).set_index(["protocol", "task", "model", "metric"], drop=False).sort_index()

    def of(mark: re.Match[str]) -> str:
        key = mark.groups()[1:]
        if key not in table.index or len(rows := table.loc[[key]]) != 1:
            sys.exit(f"the mark {mark[0]!r} names no row, or several, of {numbers}; change it")
        row = rows.iloc[0]
        text = verdicts.compare(gain(row)) if mark[1] else typed(row)
        return f"<!--{mark[1]}{'/'.join(key)}-->{text}<!---->"

    return MARKED.sub(of, text)


def gain(row: pd.Series) -> dict[str, Any]:
    """A row of differences as `verdicts.compare` reads it."""
    model, minus = row["model"].split(results.MINUS)
    metric = row["metric"].removesuffix(results.DIFFERENCE)
    return row.to_dict() | {"model": model, "minus": minus, "metric": metric}


def typed(row: pd.Series) -> str:
    """A number as it stands in prose: no zero before its point, and a sign where it is a difference."""
    sign = "+" if row["metric"].endswith(results.DIFFERENCE) else ""
    ends = "" if pd.isna(row["ci_low"]) else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    text = f"{row['value']:{sign}.3f}{ends}"
    return re.sub(r"(?<![\d.])0\.", ".", text)


def overview() -> str:
    """A row a track: its honest protocol, ours, the best other without a network, control, others."""
    header = (
        "track", "tested on", "score", "ours", "best other without a network", "control",
        "reported by others",
    )  # fmt: skip
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    sides: dict[str, list[str]] = {"better": [], "behind": [], "at chance": []}
    for track, (metric, protocols) in HEADLINES.items():
        whole = read(results_of(track))
        table = whole.query("metric == @metric and model not in ('ceiling', 'rule')")
        if (table["task"] == "mean").any():
            table = table[table["task"] == "mean"]
        protocol = next(name for name in protocols if name in set(table["protocol"]))
        table = table[table["protocol"] == protocol]
        gains = whole[(whole["metric"] == metric + results.DIFFERENCE) & (whole["protocol"] == protocol)]
        gains = gains.set_index(["task", "model"], drop=False)
        found: list[tuple[int, int]] = []
        cells: dict[str, list[str]] = {"ours": [], "other": [], "control": []}
        for task, part in table.groupby("task", sort=False):
            rows = part.set_index("model")
            best = rows["value"].reindex(WITHOUT_NETWORK).idxmax()
            label = f"{task}: " if part["task"].iat[0] not in ("", "mean") else ""
            cells["ours"].append(label + short(rows.loc["ours"]))
            cells["other"].append(f"{label}{short(rows.loc[best])} ({best})")
            cells["control"].append(label + short(rows.loc["control"]))
            gain = gains.loc[(task, f"ours{results.MINUS}{best}")].to_dict()
            found.append((verdicts.shown(gain), verdicts.shown(rows.loc["ours"].to_dict(), CHANCE[metric])))
        # Of several tasks every one has to show it.
        sides["better"] += [track] if all(gain > 0 for gain, _ in found) else []
        sides["behind"] += [track] if all(gain < 0 for gain, _ in found) else []
        sides["at chance"] += [] if all(above > 0 for _, above in found) else [track]
        mine = table[table["model"] == "ours"]
        tested = f"`{protocol}`, n = {mine['n'].max():,}, runs: {mine['runs'].max()}"
        row = [f"[{track}](docs/results/{track}.md)", tested, METRICS[metric]]
        lines.append(
            "| " + " | ".join([*row, *("<br>".join(cells[key]) for key in cells), others(track)]) + " |"
        )
    said = {key: ", ".join(f"`{track}`" for track in of) or "no track" for key, of in sides.items()}
    lines.append(
        "\nBy paired differences on the same test rows, their intervals and the spread over runs, ours is "
        f"shown to beat the best other model without a network in **{said['better']}**, and to be behind it "
        f"in {said['behind']}; it is not shown to be above chance in {said['at chance']}. In "
        "`sirna_efficacy` ours has no network itself."
    )
    return "\n".join(lines) + "\n"


def others(track: str) -> str:
    """What others report of a track's question, in short."""
    rows = PUBLISHED[(PUBLISHED["track"] == track) & (PUBLISHED["short"] != "")]
    said = [
        f"{row.model}: {METRICS.get(row.metric, row.metric)} {row.value[1:]} ({row.dataset}; {row.short})"
        for row in rows.itertuples()
    ]
    return "<br>".join(said)


def short(row: pd.Series) -> str:
    if pd.isna(row["value"]):
        return "constant"
    ends = "" if pd.isna(row["ci_low"]) else f" [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    return f"{row['value']:.3f}{ends}"


def read(path: Path) -> pd.DataFrame:
    numbers = {key: [""] for key in ("value", "ci_low", "ci_high", "sd", "near")}
    table = pd.read_csv(path, keep_default_na=False, na_values=numbers, dtype={"seed": str})
    # A table of before runs were repeated has none of these columns.
    later = {"runs": 1, "sd": float("nan"), "near": float("nan")}
    return table.assign(**{key: of for key, of in later.items() if key not in table})


def tables(path: Path) -> str:
    table = read(path)
    # A model with its length in its name is a point of a curve: the figure shows those.
    table = table[~table["model"].str.contains(r" \d+ nt$")]
    # Predictions and explanations of one task differ by what they were scored on.
    scored = pd.MultiIndex.from_frame(table[["task", "protocol"]])
    predicts = scored.isin(scored[table["metric"].isin(MAIN)])
    parts = [predictions(ordered(table[predicts]))]
    if said := sentences(table):
        parts.append(said)
    if (~predicts & table["metric"].isin(EXPLANATION)).any():
        parts.append("Explanations, how far they agree or what they find (mean over items):\n")
        explains = table[~predicts]
        explains = explains.assign(n=explains["n"].map(" (n = {})".format))
        parts.append(markdown(explains, EXPLANATION, n_in_cell=True))
    if said := published(path.parent.name):
        parts.append(said)
    return "\n".join(parts)


def published(track: str) -> str:
    """What others report, each figure with what it was measured on and its caveat: no race."""
    table = PUBLISHED[PUBLISHED["track"] == track].drop(columns=["track", "short"])
    if table.empty:
        return ""
    # One caveat for several rows is one row with several values.
    keys = ["model", "protocol", "metric", "caveat", "doi"]
    rows = table.groupby(keys, sort=False).agg("; ".join).reset_index()
    rows["value"] = [
        value
        if ";" not in value
        else "; ".join(map(": ".join, zip(of.split("; "), value.split("; "), strict=True)))
        for of, value in zip(rows["dataset"], rows["value"], strict=True)
    ]
    rows["dataset"] = [of if ";" not in of else "each as named" for of in rows["dataset"]]
    shown = rows[["model", "dataset", "protocol", "metric", "value", "caveat", "doi"]]
    lines = ["| " + " | ".join(row) + " |" for row in shown.itertuples(index=False)]
    header = "| " + " | ".join(shown.columns) + " |\n|" + "---|" * len(shown.columns)
    return "What others report, on other data or by easier protocols (`data/published.csv`):\n\n" + "\n".join(
        [header, *lines, ""]
    )


def sentences(table: pd.DataFrame) -> str:
    """What the paired differences of the main metric show, a line a protocol and task (or their mean)."""
    gains = table[table["metric"].isin([name + results.DIFFERENCE for name in MAIN])]
    if (mean := gains["task"] == "mean").any():
        gains = gains[mean]
    gains = ordered(gains.assign(first=gains["model"].str.split(results.MINUS).str[0]))
    lines = []
    for (protocol, task, *_), part in gains.groupby(["protocol", "task", "metric", "first"], sort=False):
        where = ", ".join(filter(None, [protocol, "" if task == "mean" else task]))
        lines.append(f"- {where}: {verdicts.best(part)}\n")
    return "".join(lines)


def ordered(results: pd.DataFrame) -> pd.DataFrame:
    """Rows by protocol and model, the known ones in the order in which they are read."""
    place = {name: i for names in (PROTOCOLS, MODELS) for i, name in enumerate(names)}
    keys = ["protocol", "model"]
    return results.sort_values(keys, key=lambda column: column.map(place).fillna(99), kind="stable")


def predictions(results: pd.DataFrame) -> str:
    """Several tasks: a column each, of the main metric; one task: a column a metric."""
    if results["task"].nunique() < 2:
        return markdown(results, PREDICTION)
    metric = next(name for name in MAIN if name in set(results["metric"]))
    results = results[results["metric"] == metric]
    tasks = list(dict.fromkeys(results["task"]))
    # Items and near copies differ from task to task; a row shows those of the task that has most items.
    largest = results.groupby(["protocol", "model"])["n"].transform("idxmax")
    most = results.loc[largest, ["n", "near"]].set_axis(results.index)
    shown = results.assign(**most, metric=results["task"], task="")
    return f"{metric} of each task (n and near of the largest):\n\n" + markdown(shown, tuple(tasks))


def markdown(results: pd.DataFrame, shown: tuple[str, ...], *, n_in_cell: bool = False) -> str:
    keys = ["dataset", "task", "protocol", "model", *([] if n_in_cell else ["n", "near"]), "seed", "runs"]
    results = results[results["metric"].isin(shown)].copy()
    results["near"] = ["" if pd.isna(share) else f"{share:.0%}" for share in results["near"]]
    # One run a row is not said; of several there is no seed to say.
    empty = {"runs": "1"}
    keys = [key for key in keys if (results[key].astype(str) != empty.get(key, "")).any()]
    # A constant prediction has no correlation: its cell stays empty.
    results["text"] = [
        "" if pd.isna(row.value) else cell(row) + (row.n if n_in_cell else "") for row in results.itertuples()
    ]
    metrics = [metric for metric in shown if metric in set(results["metric"])]
    wide = results.pivot_table(index=keys, columns="metric", values="text", aggfunc="first", sort=False)[
        metrics
    ].reset_index()
    header = "| " + " | ".join(wide.columns) + " |\n|" + "---|" * len(wide.columns)
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in wide.fillna("").itertuples(index=False)]
    return "\n".join([header, *rows]) + "\n"


def cell(row: Any) -> str:
    """A value, its interval (there is none from fewer than ten groups) and its spread over runs."""
    ends = "no interval" if pd.isna(row.ci_low) else f"{row.ci_low:.3f}, {row.ci_high:.3f}"
    return f"{row.value:.3f} [{ends}]" + ("" if pd.isna(row.sd) else f" sd {row.sd:.3f}")


if __name__ == "__main__":
    main()
