"""A Snakemake run that is killed (`kill -9`) at random points and resumed gives the same bytes.

    python tests/hostile/kills.py shards --kills 10 --cores 4
    python tests/hostile/kills.py sample --kills 20

`shards` predicts 20,000 promoters in shards (workflow/predict.smk); `sample` runs a track's sample profile.
A run that is not killed comes first; the seconds that it takes set the span in which the kills fall.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from helpers.project import paths

ROOT = paths.root()
TARGETS = {
    "sirna_efficacy": "results.csv",
    "rna_peptide": "rna_protein_positive_negative_pairs_full_combined.csv",
}


def start(command, folder):
    """The run, in a process group of its own."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        paths.ROOT_VARIABLE: str(folder if (folder / "Snakefile").is_file() else ROOT),
    }
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *command, "--directory", str(folder)],
            cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def finish(command, folder):
    """Run to the end; its log is shown if it fails."""
    if start([*command, "--rerun-incomplete"], folder).wait():
        raise SystemExit((folder / "log").read_text()[-3000:])


def kill_and_resume(command, folder, *, kills, span, rng):
    """Kill the run at points of the span of seconds, each time resumed; at last it may end."""
    alive = 0
    for _ in range(kills):
        process = start([*command, "--rerun-incomplete"], folder)
        try:
            process.wait(rng.uniform(*span))
        except subprocess.TimeoutExpired:
            alive += 1
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
        start([*command, "--unlock"], folder).wait()
    finish(command, folder)
    return alive


def tables(folder):
    """Hash of every table that the run left, and whether anything half-written lies beside them."""
    found = {path.relative_to(folder): paths.sha256(path) for path in sorted(folder.rglob("*.csv"))}
    return {path: value for path, value in found.items() if path.parts[0] in ("runs", "out")}


def promoters(path, rows):
    rng = np.random.default_rng(1)
    letters = rng.choice(list("ACGT"), size=(rows, 114))
    path.write_text("sequence,id\n" + "".join(f"{''.join(one)},p{n}\n" for n, one in enumerate(letters)))


def shards(folder, options):
    """The command that predicts a file in shards."""
    promoters(folder / "mine.csv", options.rows)
    config = [
        "track=gene_expression",
        f"source={folder / 'mine.csv'}",
        f"out={folder / 'out'}",
        f"shards={options.shards}",
    ]
    return [
        "--snakefile",
        str(ROOT / "workflow/predict.smk"),
        "--cores",
        str(options.cores),
        "--config",
        *config,
    ]


def sample(folder, options):
    """The command that runs a track's sample profile, in a copy of the suite."""
    for name in ("config", "notebooks", "data", "workflow"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    target = f"runs/sample/{options.track}/{TARGETS[options.track]}"
    return ["--snakefile", str(folder / "Snakefile"), "--cores", str(options.cores), target]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["shards", "sample"])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--track", choices=TARGETS, default="sirna_efficacy")
    parser.add_argument("--rows", type=int, default=20_000, help="of the file that is predicted in shards")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as there:
        folders = [Path(there) / name for name in ("whole", "killed")]
        found = []
        for folder in folders:
            folder.mkdir()
            command = {"shards": shards, "sample": sample}[options.what](folder, options)
            if folder.name == "whole":
                began = time.monotonic()
                finish(command, folder)
                seconds = time.monotonic() - began
            else:
                span = (1.0, max(4.0, 2.0 * seconds / max(options.kills, 1) + 10))
                rng = random.Random(options.seed)
                alive = kill_and_resume(command, folder, kills=options.kills, span=span, rng=rng)
            found.append(tables(folder))
        other = [
            str(path)
            for path in found[0].keys() | found[1].keys()
            if found[0].get(path) != found[1].get(path)
        ]
        print(f"{options.what}: {seconds:.0f} s unharmed, then killed {alive} times; {len(found[0])} tables")
        print(f"other than in the run that was not killed: {', '.join(other) or 'none'}")
        raise SystemExit(bool(other))


if __name__ == "__main__":
    main()
