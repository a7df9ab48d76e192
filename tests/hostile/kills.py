"""A Snakemake run that is killed (`kill -9`) at random points and resumed gives the same bytes.

    python tests/hostile/kills.py shards --kills 10 --cores 4
    python tests/hostile/kills.py sample --kills 20
    python tests/hostile/kills.py sample --pages 01_explore_features --kills 100 --minutes 30
    python tests/hostile/kills.py sample --kills 25 --within 75

`shards` predicts 20,000 promoters in shards (workflow/predict.smk); `sample` runs a track's sample profile,
or some of its pages. A run that is not killed comes first; the seconds that it takes set the span in which
the kills fall (`--within` sets a shorter one). A run that ends before its kill is compared with it, and the
next begins in an empty folder.
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


def kill_and_resume(command, folder, *, span, rng, left):
    """Kill the run at points of the span of seconds, each time resumed, until it ends; how often that was."""
    killed = 0
    while killed < left():
        process = start([*command, "--rerun-incomplete"], folder)
        try:
            if process.wait(rng.uniform(*span)):
                raise SystemExit((folder / "log").read_text()[-3000:])
            return killed
        except subprocess.TimeoutExpired:
            killed += 1
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # The kernel of a notebook has a process group of its own and ends when it finds its parent dead.
        start([*command, "--unlock"], folder).wait()
    finish(command, folder)
    return killed


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
    names = [f"{page}.ipynb" for page in options.pages] or [TARGETS[options.track]]
    targets = [f"runs/sample/{options.track}/{name}" for name in names]
    return ["--snakefile", str(folder / "Snakefile"), "--cores", str(options.cores), *targets]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["shards", "sample"])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--track", choices=TARGETS, default="sirna_efficacy")
    parser.add_argument("--pages", nargs="*", default=[], help="of the track, such as 01_explore_features")
    parser.add_argument("--within", type=float, default=0, help="seconds of a start in which its kill falls")
    parser.add_argument("--minutes", type=float, default=1e6, help="no further kill after so many")
    parser.add_argument("--rows", type=int, default=20_000, help="of the file that is predicted in shards")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def fresh(folder):
        folder.mkdir()
        return {"shards": shards, "sample": sample}[options.what](folder, options)

    with tempfile.TemporaryDirectory() as there:
        whole = Path(there) / "whole"
        command = fresh(whole)
        began = time.monotonic()
        finish(command, whole)
        seconds = time.monotonic() - began
        rng, expected = random.Random(options.seed), tables(whole)
        span = options.within or 1.2 * seconds
        deadline = time.monotonic() + 60 * options.minutes
        kills, runs, other = 0, 0, set()

        def left():
            return options.kills - kills if time.monotonic() < deadline else 0

        while left() > 0:
            folder = Path(there) / "killed"
            kills += kill_and_resume(fresh(folder), folder, span=(1.0, span), rng=rng, left=left)
            found = tables(folder)
            other |= {
                str(path) for path in expected.keys() | found.keys() if expected.get(path) != found.get(path)
            }
            shutil.rmtree(folder)
            runs += 1
            print(f"{kills} kills, {runs} runs, other: {', '.join(sorted(other)) or 'none'}", flush=True)
    said = f"killed {kills} times in {runs} runs; {len(expected)} tables"
    print(f"{options.what}: {seconds:.0f} s unharmed; {said}")
    print(f"other than in the run that was not killed: {', '.join(sorted(other)) or 'none'}")
    raise SystemExit(bool(other))


if __name__ == "__main__":
    main()
