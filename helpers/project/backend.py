"""Keras is imported here first: its backend is chosen once, and its log stays off the page."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

BACKENDS = ("tensorflow", "torch")


def use(name: str = "tensorflow") -> str:
    """Import Keras under a backend and give its version, such as ``"Keras 3.15.1 on tensorflow"``.

    TensorFlow trains and gives `tf.GradientTape`; torch is what tangermeme explains with. The log
    lines that TensorFlow writes when it is first imported are shown only if the import fails.

    Raises
    ------
    ValueError
        If the backend is unknown, torch is not installed, or Keras already runs on another backend.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend {name!r} is not used here; expected one of {', '.join(BACKENDS)}")
    if name == "torch":
        check_torch()
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.backend.backend() != name:
        raise ValueError(
            f"Keras already runs on {loaded.backend.backend()} in this process, and {name} was "
            "asked for. Restart the kernel and call backend.use before anything else imports Keras"
        )
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras

        # The first compiled step writes a line of its own; take it here rather than on the page.
        keras.ops.convert_to_numpy(keras.ops.add(1.0, 1.0))
        if name == "tensorflow":
            import tensorflow as tf

            tf.function(lambda: tf.constant(1.0) + 1.0)()
    # Batches of many lengths are traced anew by design, and TensorFlow would say so on the page.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return f"Keras {keras.__version__} on {name}"


def check_torch(asked: str = "what is asked for here") -> None:
    """Raise a ValueError if a part of the extra ``explain`` is not installed; `asked` needs it."""
    parts = {"torch": "torch", "tangermeme": "tangermeme", "modiscolite": "modisco-lite"}
    missing = [package for module, package in parts.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ValueError(
            f"{asked} explains with torch, and not installed: {', '.join(missing)}. Run pip install "
            f"{' '.join(missing)} (the extra [explain] of this package)"
        )


def accelerate(gpus: int | None = None) -> str:
    """Compute in half precision where there is a GPU, in single precision where there is none.

    Call it after `use` and before a model is built. Weights, losses and the outputs of this suite's
    models stay in single precision (doi:10.48550/arXiv.1710.03740).

    Examples
    --------
    >>> accelerate(0)
    'CPU, float32'
    """
    import keras

    gpus = _count_gpus(keras.backend.backend()) if gpus is None else gpus
    policy = "mixed_float16" if gpus else "float32"
    keras.config.set_dtype_policy(policy)
    return f"{gpus} GPU, {policy}" if gpus else f"CPU, {policy}"


def _count_gpus(backend: str) -> int:
    if backend == "tensorflow":
        import tensorflow as tf

        return len(tf.config.list_physical_devices("GPU"))
    import torch

    return int(torch.cuda.device_count())


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send the process's error stream to a file, and show that file only if the block fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        kept = os.dup(2)
        try:
            os.dup2(log.fileno(), 2)
            yield
        except BaseException:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
