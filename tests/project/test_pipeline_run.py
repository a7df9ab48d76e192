"""The pipeline as a user meets it: planned, killed, resumed, and one notebook alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from helpers.project import paths, pipeline

pytestmark = pytest.mark.pipeline
ROOT = paths.root()
BINARIES = Path(sys.executable).parent


def snakemake(root, *arguments, **options):
    environment = os.environ | {
        paths.ROOT_VARIABLE: str(root),
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(root if (root / "helpers").exists() else ROOT),
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(root)]
    return subprocess.Popen(
        [*command, "--snakefile", str(root / "Snakefile"), *arguments],
        cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """A copy of what the pipeline needs, so that a kill hurts no real run."""
    for name in ("config", "notebooks", "data", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path / "Snakefile")
    return tmp_path


def planned(log):
    """Inputs and outputs of every job of a plan, by the name of its rule."""
    jobs = {}
    for block in re.split(r"\n(?:local)?rule ", log)[1:]:
        name = block.split(":")[0]
        for kind in ("input", "output"):
            found = re.search(rf"\n    {kind}: (.*)", block)
            jobs.setdefault(name, {}).setdefault(kind, set()).update(found[1].split(", ") if found else ())
    return jobs


@pytest.mark.parametrize("profile", ["sample", "real"])
def test_rules_declare_what_the_notebooks_of_the_whole_graph_read(copy, profile):
    configuration = copy / "config" / f"{profile}.yaml"
    process = snakemake(copy, "--dry-run", "--forceall", "--configfile", str(configuration))
    log, _ = process.communicate()
    assert process.returncode == 0, log
    jobs = planned(log)
    made = set().union(*(job["output"] for job in jobs.values()))
    for path in (ROOT / "notebooks").glob("*/[0-9][0-9]_*.ipynb"):
        assert f"{path.parent.name}_{path.stem}" in jobs
    folders = {"out_dir", "figures_dir", "tables_dir"}
    for track, notebooks in yaml.safe_load(configuration.read_text()).items():
        for notebook, parameters in notebooks.items() if track != "profile" else ():
            read = {
                value
                for name, value in parameters.items()
                if str(value).startswith("runs/") and name not in folders
            }
            assert read <= jobs[f"{track}_{notebook}"]["input"], f"{track}/{notebook}"
            assert read <= made
    # What these lists name is read, too.
    for listed, folder in (
        ("rna_peptide/models.json", "models"),
        ("stress_response/ensemble.json", "ensemble"),
    ):
        listed = f"runs/{profile}/{listed}"
        for job in jobs.values():
            for kind in ("input", "output"):
                assert (listed in job[kind]) == (f"{Path(listed).parent}/{folder}" in job[kind])
    sirna = jobs["sirna_efficacy_03_predict_from_fasta"]["input"] & made
    settings = yaml.safe_load(configuration.read_text())["sirna_efficacy"]["02_train_siamese_network"]
    members = {f"sirna_siamese_{number + 1}.keras" for number in range(settings["members"])}
    assert {"sirna_process.npz"} | members <= {Path(path).name for path in sirna}


def test_a_change_of_the_code_is_planned_anew(tmp_path):
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", tmp_path / "Snakefile")
    for folder in ("config", "workflow", "notebooks/toy"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config/sample.yaml").write_text("profile: sample\ntoy:\n  01_toy:\n    seed: 1\n")
    (tmp_path / "workflow/toy.smk").write_text(
        'rule toy:\n    input: notebook("toy", "01_toy")\n    output: run("toy", "made.csv")\n'
        '    params: **parameters("toy", "01_toy")\n    shell: "touch {output}"\n'
    )
    cell = nbformat.v4.new_code_cell("from helpers import readers")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks/toy/01_toy.ipynb")
    target, module = "runs/sample/toy/made.csv", tmp_path / "helpers/readers/tables.py"

    def plan(*options):
        process = snakemake(tmp_path, target, *options)
        log, _ = process.communicate()
        assert process.returncode == 0, log
        return log

    plan()
    module.write_text(module.read_text() + "\n# a comment\n")
    assert "Nothing to be done" in plan("--dry-run")
    module.write_text(module.read_text() + "\nNEW = 1\n")
    assert "Params have changed" in plan("--dry-run")


def test_a_killed_run_goes_on_and_ends_the_same(copy):
    target = "runs/sample/rna_peptide/rna_protein_positive_negative_pairs_full_combined.csv"
    first = copy / "runs/sample/rna_peptide/rna_protein_pairs_full.csv"
    process = snakemake(copy, target, start_new_session=True)
    deadline = time.monotonic() + 120
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert first.exists()
    assert not (copy / target).exists()
    process = snakemake(copy, "--unlock")
    log, _ = process.communicate()
    assert process.returncode == 0, log
    process = snakemake(copy, target, "--rerun-incomplete")
    log, _ = process.communicate()
    assert process.returncode == 0, log
    whole = pipeline.require(target)
    assert paths.sha256(copy / target) == paths.sha256(whole)
    assert not list(copy.glob("runs/**/*.part*"))


def papermill(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != pipeline.INSIDE_VARIABLE}
    notebook = ROOT / "notebooks" / "rna_peptide" / "05_predict_pairs.ipynb"
    return subprocess.run(
        [BINARIES / "papermill", notebook, "out.ipynb", *arguments],
        cwd=folder, capture_output=True, text=True, env=environment,
    )  # fmt: skip


def test_one_notebook_over_a_users_file_from_any_folder(tmp_path):
    (tmp_path / "my.csv").write_text(
        "name,rna_seq,protein_seq\n"
        "a,GGCAUGUAACGGAUUGCAUUCGAAUGCAUGCUUAGCAUGCAAU,MKLVRGWKFDDSTTREWQAN\n"
        "<b>b</b>,GGCATGTAACGG,MKLVRGWKFDDSTT\n"
        "c,GG7C,MKLV\n"
    )
    answer = papermill(tmp_path, "-p", "source", "my.csv", "-p", "out_dir", "results")
    assert answer.returncode == 0, answer.stderr
    predicted = pd.read_csv(tmp_path / "results" / "predictions.csv")
    assert predicted["status"].tolist() == ["ok", "changed", "rejected"]
    assert predicted["probability"].notna().tolist() == [True, True, False]
    assert (tmp_path / "results" / "overview.html").is_file()


def test_an_unknown_parameter_is_an_error(tmp_path):
    answer = papermill(tmp_path, "-p", "pears", "my.csv")
    assert answer.returncode != 0
    assert "has no parameter 'pears'; it knows profile, source" in answer.stderr
