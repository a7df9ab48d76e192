"""What holds for every test: no time limit an example, and one process has one Keras backend."""

import os

from hypothesis import settings

# A limit of 200 ms an example fails on a busy machine, and says nothing of the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

collect_ignore = []
if os.environ.get("KERAS_BACKEND") != "torch":
    # tests/explain/test_torch_backend.py runs them in a process of their own.
    collect_ignore.append("helpers/explain/torch_view.py")
