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
