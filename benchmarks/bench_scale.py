"""Time and memory of a prediction in shards against the number of items, and what 10^9 items would cost.

    python benchmarks/bench_scale.py --tracks gene_expression rna_peptide --items 10000 100000
    python benchmarks/bench_scale.py --limit 600 --out benchmarks/scale.csv  # kept here

Random sequences are predicted by the shipped models, each file by one process on one core, with
`sequence-notebooks predict --shard 1/1`. Prints a row a track and size (seconds and peak memory of it,
without children), writes them into the table `--out` as they come, and draws them beside it. A size whose
time, by the rows before it, would pass `--limit` CPU seconds is left out; with `--resume` what the table has
is not measured again. The last column is arithmetic: hours of one core for 10^9 items at the last rate.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project.paths import atomic_path

ROOT = Path(__file__).resolve().parents[1]


def letters(rng: np.random.Generator, rows: int, length: int, alphabet: str) -> list[str]:
    return ["".join(one) for one in rng.choice(list(alphabet), size=(rows, length))]


def promoters(path: Path, rng: np.random.Generator, rows: int) -> None:
    path.write_text("".join(f">p{n}\n{text}\n" for n, text in enumerate(letters(rng, rows, 114, "ACGT"))))


def long_promoters(path: Path, rng: np.random.Generator, rows: int) -> None:
    path.write_text("".join(f">p{n}\n{text}\n" for n, text in enumerate(letters(rng, rows, 600, "ACGT"))))


def windows(path: Path, rng: np.random.Generator, rows: int) -> None:
    texts = (f"{text[:50]}A{text[50:]}" for text in letters(rng, rows, 100, "ACGU"))
    path.write_text("".join(f">w{n}\n{text}\n" for n, text in enumerate(texts)))


def pairs(path: Path, rng: np.random.Generator, rows: int) -> None:
    rna, peptide = letters(rng, rows, 60, "ACGU"), letters(rng, rows, 20, "ACDEFGHIKLMNPQRSTVWY")
    cells = (f"r{n},p{n},{a},{b}\n" for n, (a, b) in enumerate(zip(rna, peptide, strict=True)))
    path.write_text("rna_id,protein_id,rna_seq,protein_seq\n" + "".join(cells))


def guides(path: Path, rng: np.random.Generator, rows: int) -> None:
    mrna = letters(np.random.default_rng(0), 1, 3000, "ACGU")[0]
    path.with_name("mrna.fa").write_text(f">m\n{mrna}\n")
    turned = mrna.translate(str.maketrans("ACGU", "UGCA"))[::-1]
    starts = rng.integers(0, 2979, rows)
    path.write_text("".join(f">g{n}\n{turned[start : start + 21]}\n" for n, start in enumerate(starts)))


WRITERS: dict[str, Callable[[Path, np.random.Generator, int], None]] = {
    "gene_expression": promoters,
    "stress_response": long_promoters,
    "rna_modification": windows,
    "rna_peptide": pairs,
    "sirna_efficacy": guides,
}
COLUMNS = ["track", "items", "cpu_seconds", "peak_mb", "measured"]
SETTINGS = {"rna_modification": ["--set", "mode=centre"]}


def measured(track: str, items: int) -> tuple[float, float]:
    """Seconds of CPU and peak memory (MB) of the process that predicts a file of `items`."""
    with tempfile.TemporaryDirectory() as folder:
        # Written in pieces: the peak of this process counts for its child until that starts its own program.
        rng, path = np.random.default_rng(items), Path(folder) / "part"
        with path.with_name("all").open("w") as stream:
            for first in range(0, items, 20_000):
                WRITERS[track](path, rng, min(20_000, items - first))
                header, _, rest = path.read_text().partition("\n")
                stream.write(rest if first and track == "rna_peptide" else f"{header}\n{rest}")
        more = SETTINGS.get(track, [])
        if track == "sirna_efficacy":
            more = ["--set", f"mrna_fasta={path.with_name('mrna.fa')}"]
        command = [
            sys.executable,
            "-m",
            "helpers.project.cli",
            "predict",
            track,
            "--source",
            "all",
            "--shard",
            "1/1",
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        environment |= dict.fromkeys(["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"], "1")
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--out", "out", *more], cwd=folder, env=environment, stdout=log, stderr=log
            )
            _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit((Path(folder) / "log").read_text())
        unit = 1 if sys.platform == "darwin" else 1024
        return used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", nargs="+", choices=WRITERS, default=list(WRITERS))
    parser.add_argument("--items", nargs="+", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of CPU that one size may take")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/bench/scale.csv")
    parser.add_argument("--resume", action="store_true", help="go on with the table that is there")
    options = parser.parse_args()
    heads = ["items", "CPU s", "peak MB", "ms an item", "hours for 10^9"]
    print(f"{'track':<18}" + "".join(f"{head:>15}" for head in heads))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = options.resume and options.out.is_file()
    found = pd.read_csv(options.out) if known else pd.DataFrame()
    for track in options.tracks:
        for items in sorted(options.items):
            rows = found[found["track"] == track].sort_values("items") if len(found) else found
            if not len(rows) or items not in set(rows["items"]):
                seconds = expected(rows, items)
                if seconds > options.limit:
                    print(f"{track:<18}{items:>15}  left out: about {seconds:.0f} s")
                    continue
                made = [track, items, *measured(track, items), time.strftime("%Y-%m-%d")]
                found = pd.concat([found, pd.DataFrame([made], columns=COLUMNS)], ignore_index=True).round(2)
                with atomic_path(options.out) as part:
                    found.to_csv(part, index=False)
                rows = found[found["track"] == track].sort_values("items")
            row = rows[rows["items"] == items].iloc[0]
            each = rate(rows[rows["items"] <= items])
            cells = [
                f"{items}",
                f"{row['cpu_seconds']:.1f}",
                f"{row['peak_mb']:.0f}",
                f"{1000 * each:.3f}",
                f"{each * 1e9 / 3600:,.0f}",
            ]
            print(f"{track:<18}" + "".join(f"{cell:>15}" for cell in cells), flush=True)
    draw(found, options.out.with_suffix(".png"))


def rate(rows: pd.DataFrame) -> float:
    """Seconds an item, between the smallest and the largest file: what starting takes is in neither."""
    first, last = rows.iloc[0], rows.iloc[-1]
    more = last["items"] - first["items"]
    return float((last["cpu_seconds"] - first["cpu_seconds"]) / more) if more else float("nan")


def expected(rows: pd.DataFrame, items: int) -> float:
    """Seconds that a file will take at least, by the smaller ones; 0 where none is known."""
    if not len(rows):
        return 0.0
    longest = float(rows["cpu_seconds"].max())
    return longest if len(rows) < 2 else max(longest, float(rows.iloc[0]["cpu_seconds"] + rate(rows) * items))


def draw(found: pd.DataFrame, path: Path) -> None:
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for track, rows in found.sort_values("items").groupby("track", sort=False):
        axes[0].plot(rows["items"], rows["cpu_seconds"], "o-", label=track)
        axes[1].plot(rows["items"], rows["peak_mb"], "o-", label=track)
    for ax, label in zip(axes, ("seconds of one core", "peak memory (MB)"), strict=True):
        ax.set(xscale="log", xlabel="items in the file", ylabel=label)
    axes[0].set(yscale="log")
    axes[1].set_ylim(bottom=0)
    axes[0].legend(fontsize="small")
    fig.savefig(path, dpi=150)
    print(f"drawn: {path}")


if __name__ == "__main__":
    main()
