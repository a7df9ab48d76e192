"""What holds for every test: no time limit an example, one Keras backend a process, notebooks in order."""

import os

import pytest
from hypothesis import settings

# A limit of 200 ms an example fails on a busy machine, and says nothing of the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

collect_ignore = []
if os.environ.get("KERAS_BACKEND") != "torch":
    # tests/explain/test_torch_backend.py runs them in a process of their own.
    collect_ignore.append("helpers/explain/torch_view.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With ``--dist loadscope`` a track's notebooks keep to one worker: each makes what the next reads."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return nodeid.rpartition("/")[0] if ".ipynb::" in nodeid else super()._split_scope(nodeid)

    return ByFolder(config, log) if config.getoption("dist") == "loadscope" else None
