"""What pytest leaves out: a process has one Keras backend, and one module's examples need torch."""

import os

collect_ignore = []
if os.environ.get("KERAS_BACKEND") != "torch":
    # tests/explain/test_torch_backend.py runs them in a process of their own.
    collect_ignore.append("helpers/explain/torch_view.py")
