"""A full disk, a folder that takes nothing, two runs in one folder: a clear message, nothing half-written.

    python tests/hostile/disks.py [kB of the disk ...]

Mounts small file systems in memory, so it is run by hand, as root on Linux. What is run is
`sequence-notebooks run sirna_efficacy --only 01` over the sample, at several sizes of the disk.
"""

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers.project import paths

SAMPLE = paths.root() / "data/sample/sirna_efficacy"
SIZES = (8, 40, 120, 300, 600, 1_000)
"""Of the disk, in kB; a run leaves more than the largest."""


def start(out):
    words = ["run", "sirna_efficacy", "--only", "01", "--source", SAMPLE / "efficacy.csv", "--out", out]
    words += ["--set", f"mrna_fasta={SAMPLE / 'mRNA.fa'}", "--set", f"sirna_fasta={SAMPLE / 'siRNA.fa'}"]
    return subprocess.Popen(
        [sys.executable, "-m", "helpers.project.cli", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(paths.root())},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(process):
    """The last line of a run's errors, after its exit code."""
    error = process.communicate()[1]
    lines = [line for line in error.splitlines() if line.strip()] or [""]
    told = next((line for line in lines if line.startswith("error: ")), lines[-1])
    return process.returncode, told + (" [and a traceback]" if "Traceback" in error else "")


def tables(out):
    return {path.relative_to(out): paths.sha256(path) for path in sorted(out.rglob("*.csv"))}


def is_whole(path):
    """Whether a table ends with a line's end and its rows have as many cells (rows_01 is written twice)."""
    with path.open(newline="") as stream:
        widths = {len(row) for row in csv.reader(stream)}
    return len(widths) == 1 and path.read_bytes().endswith(b"\n")


def mount(place, options):
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=True)


def unmount(place):
    subprocess.run(["umount", place], check=True)


def full(place, size, whole):
    """One size of the disk: what is said, what lies there, and whether more room mends it."""
    mount(place, f"size={size}k")
    try:
        code, told = said(start(place / "results"))
        left = tables(place)
        torn = [str(path) for path in left if not is_whole(place / path)]
        torn += [str(path) for path in place.rglob("*.part*")]
        subprocess.run(["mount", "-o", "remount,size=200M", place], check=True)
        again = said(start(place / "results"))[0] == 0 and tables(place / "results") == whole
    finally:
        unmount(place)
    print(f"{size} kB: exit {code}, {told}")
    mended = "the same tables" if again else "OTHER TABLES"
    print(f"  {len(left)} tables there, half-written: {torn or 'none'}; with more room: {mended}", flush=True)
    return code == 1 and "Make room" in told and "traceback" not in told and not torn and again


def main():
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        first, second = start(folder / "whole"), start(folder / "whole")
        both = sorted([said(first), said(second)])
        print(f"two at once: {both[0][0]} and {both[1][0]}, {both[1][1]}")
        good = [both[0][0] == 0 and "another run is writing" in both[1][1]]
        whole = tables(folder / "whole")
        good += [full(folder / "disk", size, whole) for size in map(int, sys.argv[1:] or SIZES)]
        mount(folder / "disk", "ro,size=1M")
        try:
            code, told = said(start(folder / "disk/results"))
        finally:
            unmount(folder / "disk")
        print(f"read-only: exit {code}, {told}")
        good.append(code == 1 and "that you may write to" in told)
    raise SystemExit(not all(good))


if __name__ == "__main__":
    main()
