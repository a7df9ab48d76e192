"""Runs the checks that need Keras under torch in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
CHECKS = (
    "tests/torch_backend/check_torch_view.py",
    "tests/torch_backend/check_attribution.py",
    "helpers/explain/torch_view.py",
)


def test_torch_view_and_attribution():
    answer = subprocess.run(
        [*PYTEST, "--doctest-modules", *CHECKS],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"},
    )
    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-2000:]


def test_the_view_says_that_it_needs_torch():
    code = (
        "import keras; from helpers.explain import torch_view\n"
        "try:\n    torch_view.view(keras.Sequential([keras.Input((4, 4))]))\n"
        "except RuntimeError as error:\n    assert \"backend.use('torch')\" in str(error), error\n"
        "else:\n    raise AssertionError\n"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
