"""Lay the models of a real run into data/models, as they are passed on: `make models`.

What a licence does not allow to travel stays behind: of siRNA and gene expression the part that is made of
training sequences (the Gaussian process, the machine on known sites); the network is shipped alone, and its
own row of the results table says how well it does.
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from readme_table import HEADLINES, WITHOUT_NETWORK, results_of

from helpers.project import paths, registry
from helpers.stats import results
from helpers.training.saving import card_path

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "data" / "models"
ABOUT = "about.card.json"
SOURCES = {
    "rna_peptide": ("rpi2241", "ours"),
    "stress_response": ("stress_response", "ours"),
    "rna_modification": ("rna_modification", "ours"),
    "sirna_efficacy": ("sirna", "network"),
    "gene_expression": ("promoter_mpra", "network"),
}
"""Data set of each track, and the row of its table that is the model that is shipped."""
LEFT_OUT = {
    "sirna_efficacy": "the Gaussian process, which is made of training sequences; no interval without it",
    "gene_expression": "the machine on known sites, which is made of training sequences",
}
NEEDED = {
    "rna_peptide": ["models.json"], "stress_response": ["ensemble.json"],
    "rna_modification": ["model/shared.card.json"], "sirna_efficacy": ["models.json"],
    "gene_expression": ["model/training.npz"],
}  # fmt: skip
MEASURED = {"rna_modification": "mean over three runs; what is shipped are the networks of the first"}
OTHERS_MEASURED = (
    "models of the same recipe in cross-validation, each on rows that it had not seen; the files that are "
    "shipped learnt from those rows, too, or are several such models together, and were not tested themselves"
)
MOST = 5_000_000


def main() -> None:
    runs = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "runs" / "real")
    for track in SOURCES:
        if not all((runs / track / name).exists() for name in NEEDED[track]):
            print(f"{track}: no finished run in {runs}; what is shipped stays")
            continue
        folder = MODELS / track
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        PACK[track](runs / track, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if (size := sum(path.stat().st_size for path in files)) > MOST:
            sys.exit(f"{track}: {size} bytes; a model that is shipped has at most {MOST}")
        listed = {path.relative_to(folder).as_posix(): paths.sha256(path) for path in files}
        paths.write_json(folder / ABOUT, {**about(track), "sha256": listed})
        print(f"{track}: {size / 1e6:.2f} MB")


def about(track: str) -> dict[str, Any]:
    """What the model was trained on, and how well it does under the honest protocol."""
    dataset, model = SOURCES[track]
    facts = registry.describe(dataset).set_index("fact")["value"].to_dict()
    metric, protocols = HEADLINES[track]
    found = results.read_results(results_of(track))
    protocol = next(name for name in protocols if (found["protocol"] == name).any())
    rows = found[(found["protocol"] == protocol) & (found["metric"] == metric)]
    if (rows["task"] == "mean").any():
        rows = rows[rows["task"] == "mean"]
    plain = rows[rows["model"].isin(WITHOUT_NETWORK)].sort_values("value").groupby("task").tail(1)
    shown = {"this model": rows[rows["model"] == model], "best without a network": plain}
    return {
        "track": track,
        "trained on": {name: str(facts[name]) for name in facts if name not in ("files", "in the cache")},
        "tested": {"protocol": protocol, "metric": metric, "what": MEASURED.get(track, OTHERS_MEASURED)},
        **{name: [said(row) for row in part.to_dict("records")] for name, part in shown.items()},
        "left out": LEFT_OUT.get(track, ""),
    }


def said(row: dict[str, Any]) -> str:
    name = f"{row['task']}: " if row["task"] and not pd.isna(row["task"]) else ""
    interval = f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{name}{row['model']} {row['value']:.3f} {interval}, n {row['n']:.0f}, runs {row['runs']:.0f}"


def network(source: Path, target: Path, **changed: Any) -> None:
    """A network and its card, with some entries of it changed (None takes one out)."""
    shutil.copy(source, target)
    card = paths.read_json(card_path(source)) | changed
    paths.write_json(card_path(target), {name: value for name, value in card.items() if value is not None})


def rna_peptide(run: Path, folder: Path) -> None:
    """The whole model; its arrays are packed more closely, each entry as it is."""
    source = run / paths.read_json(run / "models.json")["ours"]
    target = folder / "rna_peptide.keras"
    with (
        zipfile.ZipFile(source.with_suffix(".npz")) as given,
        zipfile.ZipFile(target.with_suffix(".npz"), "w", zipfile.ZIP_LZMA) as packed,
    ):
        for name in given.namelist():
            # One date for all, so that the same run gives the same bytes.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            packed.writestr(entry, given.read(name), zipfile.ZIP_LZMA)
    network(source, target, arrays_sha256=paths.sha256(target.with_suffix(".npz")))
    paths.write_json(folder / "models.json", {"ours": target.name})


def stress_response(run: Path, folder: Path) -> None:
    """All networks of the cross-validations."""
    listed = paths.read_json(run / "ensemble.json")
    (folder / "ensemble").mkdir()
    for member in listed["members"]:
        network(run / member["model"], folder / member["model"])
    shutil.copy(run / listed["training"], folder / listed["training"])
    (folder / "ensemble.json").write_text(json.dumps(listed), encoding="utf-8")


def rna_modification(run: Path, folder: Path) -> None:
    """The networks that are ours."""
    model = run / "model"
    for name in paths.read_json(model / "shared.card.json")["ours"]:
        network(model / name, folder / name)
    shutil.copy(model / "windows.npz", folder)


def sirna_efficacy(run: Path, folder: Path) -> None:
    """The networks without the Gaussian process."""
    listed = paths.read_json(run / "models.json")
    for name in listed["members"]:
        network(run / name, folder / name)
    scalers = {"network": listed["scalers"]["network"]}
    about_it = {name: value for name, value in listed["card"].items() if name != "measured"}
    alone = {"process": "", "process_sha256": "", "weights": [1.0], "quantiles": {}, "scalers": scalers}
    (folder / "models.json").write_text(json.dumps({**listed, **alone, "card": about_it}), encoding="utf-8")


def gene_expression(run: Path, folder: Path) -> None:
    """The network without the machine."""
    found = results.read_results(results_of("gene_expression"))
    found = found[found["protocol"].isin(HEADLINES["gene_expression"][1])]
    rows = found[(found["model"] == "network") & (found["metric"] == "pearson")].astype(object)
    rows = rows.where(rows.notna(), None).drop(columns="note", errors="ignore").to_dict("records")
    name = "gene_expression_hybrid.keras"
    network(run / "model" / name, folder / name, blend=None, parts=["network"], results=rows)
    for path in sorted((run / "model").glob("member_*")):
        shutil.copy(path, folder)
    shutil.copy(run / "model" / "training.npz", folder)


PACK = {
    one.__name__: one
    for one in (rna_peptide, stress_response, rna_modification, sirna_efficacy, gene_expression)
}

if __name__ == "__main__":
    main()
