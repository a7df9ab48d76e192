"""Runs the checks that need Keras under torch in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
CHECKS = (
    "tests/explain/torch_backend/check_torch_view.py",
    "tests/explain/torch_backend/check_attribution.py",
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


def test_a_network_trained_under_tensorflow_is_the_same_under_torch(tmp_path):
    write = (
        "import sys; import numpy as np; from helpers.project import backend; backend.use('tensorflow')\n"
        "from helpers import training; from helpers.tracks.rna_modification import network\n"
        "X = np.eye(4, dtype='float32')[np.random.default_rng(0).integers(0, 4, (64, 51))]\n"
        "y = np.random.default_rng(1).integers(0, 2, (64, 2)).astype('float32')\n"
        "model = network.build_vqvae(51, 2, network.PRESETS['small'])\n"
        "model.fit(X, y, epochs=2, verbose=0)\n"
        "training.save_run(sys.argv[1] + '/m.keras', model, {'length': 51})\n"
        "np.savez(sys.argv[1] + '/answers.npz', X=X, logits=network.logits(model, X),\n"
        "         letters=network.reconstruct(model, X), codes=network.codes(model, X))\n"
    )
    told = {"OMP_NUM_THREADS": "1", "SEQUENCE_NOTEBOOKS_VQVAE": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", write, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | told | {"KERAS_BACKEND": "tensorflow"},
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    answer = subprocess.run(
        [*PYTEST, "tests/explain/torch_backend/check_vqvae.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | told | {"KERAS_BACKEND": "torch"},
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
