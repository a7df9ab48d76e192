"""What is folded once is found again by its sequences, settings and code, and by nothing else."""

import numpy as np
import pytest

from helpers.rna import cache


@pytest.fixture
def compute():
    def arrays(items):
        arrays.calls += 1
        return {"n": np.array([len(item) for item in items])}

    arrays.calls = 0
    return arrays


def test_found_by_sequences_and_settings(tmp_path, compute):
    for items in (["ACGU"], ["ACGU"], ["ACGA"], ["ACG", "U"], ["ACG", "U"]):
        assert cache.cached(tmp_path, items, {"window": 80}, compute=compute)["n"].sum() == 4
    cache.cached(tmp_path, ["ACGU"], {"window": 40}, compute=compute)
    cache.cached(None, ["ACGU"], {}, compute=compute)
    assert compute.calls == 5


def test_changed_code_meets_no_old_numbers(tmp_path, compute, monkeypatch):
    """A cache whose key held settings and data alone gave the numbers of the code before."""
    cache.cached(tmp_path, ["ACGU"], {}, compute=compute)
    monkeypatch.setattr(cache.code, "key", lambda *things: "another")
    cache.cached(tmp_path, ["ACGU"], {}, compute=compute)
    assert compute.calls == 2


def test_a_damaged_file_is_made_anew_and_a_failure_leaves_none(tmp_path, compute):
    cache.cached(tmp_path, ["ACGU"], {}, compute=compute)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    assert cache.cached(tmp_path, ["ACGU"], {}, compute=compute)["n"].tolist() == [4]
    assert compute.calls == 2
    with pytest.raises(ZeroDivisionError):
        cache.cached(tmp_path, ["C"], {}, compute=lambda items: {"n": np.array(1 // 0)})
    assert len(list(tmp_path.iterdir())) == 1
