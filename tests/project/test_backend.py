import os
import subprocess
import sys

import pytest

from helpers.project import backend


def test_unknown_backend():
    with pytest.raises(ValueError, match="expected one of tensorflow, torch"):
        backend.use("theano")


@pytest.mark.parametrize("name", backend.BACKENDS)
def test_import_is_silent_and_late_change_is_an_error(name):
    other = "torch" if name == "tensorflow" else "tensorflow"
    code = f"""
from helpers.project import backend
assert backend.use("{name}").endswith(" on {name}")
import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(keras.ops.ones((4, 3)), keras.ops.ones((4, 1)), verbose=0)
try:
    backend.use("{other}")
except ValueError as error:
    assert "Restart the kernel" in str(error)
else:
    raise AssertionError
"""
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout + answer.stderr == ""


NEEDS_TORCH = {
    "helpers.explain.attribution", "helpers.explain.torch_modules", "helpers.explain.torch_view",
    "helpers.motifs.patterns", "helpers.tracks.stress_response.design",
}  # fmt: skip


def test_without_the_part_that_explains_the_rest_is_there():
    code = """
import importlib, pkgutil, sys
class Absent:
    def find_spec(name, *_):
        if name in ("torch", "tangermeme", "modiscolite"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent)
import importlib.metadata as metadata
version = metadata.version
def absent(name):
    if name == "torch":
        raise metadata.PackageNotFoundError(name)
    return version(name)
metadata.version = absent
import helpers
from helpers.project import backend, paths
backend.use()
assert "torch" not in paths.provenance()["packages"]
import helpers.training.store
assert "jsonschema" not in sys.modules
missing = []
for one in pkgutil.walk_packages(helpers.__path__, "helpers."):
    try:
        importlib.import_module(one.name)
    except ImportError:
        missing.append(one.name)
print(*missing)
"""
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert set(answer.stdout.split()) == NEEDS_TORCH


def test_torch_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="a/05 explains with torch, and not installed: torch, tangermeme"):
        backend.check_torch("a/05")
    with pytest.raises(ValueError, match="pip install torch tangermeme modisco-lite"):
        backend.use("torch")
