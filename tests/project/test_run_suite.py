"""What `make run` shows of Snakemake's log."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "tools" / "run_suite.py"


def lines_of(log: str) -> list[str]:
    spec = importlib.util.spec_from_file_location("run_suite", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    said: list[str] = []
    ticks = count()
    module.follow(log.splitlines(), said.append, lambda: float(next(ticks)))
    return said


def test_a_line_a_job() -> None:
    said = lines_of(
        "Building DAG of jobs...\n[Thu]\nrule a_01_read:\n    input: x\n    jobid: 3\n    reason: Missing\n"
        "[Thu]\nFinished jobid: 3 (Rule: a_01_read)\n1 of 2 steps (50%) done\n"
        "localrule all:\n    jobid: 0\nFinished jobid: 0 (Rule: all)\n2 of 2 steps (100%) done\n"
    )
    assert said == [
        "[############            ]   1 of 2    0:03       1 s  a_01_read",
        "[########################]   2 of 2    0:06       1 s  all",
    ]


def test_a_failure_is_told_whole() -> None:
    said = lines_of("rule a:\n    jobid: 1\nError in rule a:\n    message: None\nlog:\nValueError: row 3\n")
    assert said == ["Error in rule a:", "    message: None", "log:", "ValueError: row 3"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_takes_its_jobs_with_it(tmp_path, number) -> None:
    (tmp_path / "Snakefile").write_text(
        'rule one:\n    output: "made"\n    shell: "echo $$ > begun; sleep 600; touch {output}"\n'
    )
    run = subprocess.Popen(
        [sys.executable, FILE, "--cores", "1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(number)
    said, _ = run.communicate(timeout=60)
    assert "stopping; what is done stays" in said
    assert run.returncode
    assert not (tmp_path / "made").exists()
    assert not list(tmp_path.glob(".snakemake/locks/*"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "begun").read_text()), 0)
