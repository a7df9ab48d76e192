"""The pipeline as a user meets it: planned, killed, resumed, and one notebook alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from helpers.project import paths, pipeline

pytestmark = pytest.mark.pipeline
ROOT = paths.root()
BINARIES = Path(sys.executable).parent


def snakemake(root, *arguments, **options):
    environment = os.environ | {
        paths.ROOT_VARIABLE: str(root),
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(root)]
    return subprocess.Popen(
        [*command, "--snakefile", str(root / "Snakefile"), *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """A copy of what the pipeline needs, so that a kill hurts no real run."""
    for name in ("config", "notebooks", "data", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path / "Snakefile")
    return tmp_path


@pytest.mark.parametrize("profile", ["sample", "real"])
def test_the_whole_graph_can_be_planned(copy, profile):
    process = snakemake(copy, "--dry-run", "--configfile", str(copy / "config" / f"{profile}.yaml"))
    log, _ = process.communicate()
    assert process.returncode == 0, log
    for path in (ROOT / "notebooks").glob("*/[0-9][0-9]_*.ipynb"):
        assert f"{path.parent.name}_{path.stem}" in log


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
    answer = papermill(tmp_path, "-p", "pairs", "my.csv", "-p", "out_dir", "results")
    assert answer.returncode == 0, answer.stderr
    predicted = pd.read_csv(tmp_path / "results" / "predictions.csv")
    assert predicted["status"].tolist() == ["ok", "changed", "rejected"]
    assert predicted["probability"].notna().tolist() == [True, True, False]
    assert (tmp_path / "results" / "overview.html").is_file()


def test_an_unknown_parameter_is_an_error(tmp_path):
    answer = papermill(tmp_path, "-p", "pears", "my.csv")
    assert answer.returncode != 0
    assert "has no parameter 'pears'; it knows profile, pairs" in answer.stderr
