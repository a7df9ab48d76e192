"""Run Snakemake with the arguments given, and say one line a finished notebook."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

WIDTH = 24


def follow(
    log: Iterable[str], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> None:
    """Read Snakemake's log as it grows: a line a finished job, and whatever belongs to a failure."""
    begun, started, last, failed = clock(), {}, "", False
    for text in map(str.rstrip, log):
        if found := re.match(r"    jobid: (\d+)$", text):
            started[found[1]] = clock()
        elif found := re.match(r"Finished jobid: (\d+) \(Rule: (\w+)\)", text):
            last = f"{clock() - started.get(found[1], begun):6.0f} s  {found[2]}"
        elif found := re.match(r"(\d+) of (\d+) steps \(\d+%\) done", text):
            done, total = int(found[1]), int(found[2])
            bar = "#" * (WIDTH * done // total)
            minutes, seconds = divmod(round(clock() - begun), 60)
            say(f"[{bar:<{WIDTH}}] {done:>3} of {total}  {minutes:>3}:{seconds:02}  {last}")
        failed = failed or bool(re.match(r"(Error in rule|\w*Exception|\w*Error|Error:)", text))
        if failed or text.startswith(("Nothing to be done", "Directory cannot be locked")):
            say(text)


def main(arguments: list[str]) -> int:
    snakemake = Path(sys.executable).with_name("snakemake")
    # In a group of its own: a signal that reached Snakemake alone would leave its jobs to end by themselves,
    # and one that reached this program alone (a job system's TERM) would leave Snakemake.
    run = subprocess.Popen(
        [snakemake, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
        start_new_session=True,
    )  # fmt: skip

    def stop(*_: object) -> None:
        print("stopping; what is done stays", flush=True)
        os.killpg(run.pid, signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print("Each notebook that is done is told here; the first comes within a minute.", flush=True)
    follow(run.stdout or (), lambda line: print(line, flush=True))
    return run.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
