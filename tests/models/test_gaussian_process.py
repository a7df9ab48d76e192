"""The Gaussian process: a known group effect, its file, and what it refuses."""

import numpy as np
import pytest

from helpers.models.gaussian_process import GaussianProcess, Part


def test_process_finds_a_group_effect_and_survives_the_disk(tmp_path):
    rng = np.random.default_rng(0)
    x, group = rng.normal(size=(120, 2)), rng.integers(0, 4, 120)
    y = x[:, 0] + group * 0.5 + rng.normal(0, 0.1, 120)
    blocks = {"x": x, "g": np.array([f"g{i}" for i in group]), "place": np.arange(120.0)}
    parts = [Part("x", "linear", "x"), Part("g", "group", "g", 0.0), Part("near", "group", "g", 5)]
    process = GaussianProcess(parts).fit(blocks, y)
    mean, deviation = process.predict(blocks)
    assert np.corrcoef(mean, y)[0, 1] > 0.97
    fresh = blocks | {"g": np.array(["new"] * 120)}
    assert process.predict(fresh)[1].mean() > deviation.mean()
    assert sum(process.shares().values()) == pytest.approx(1)
    again = GaussianProcess.load(process.save(tmp_path / "p.npz"))
    assert np.allclose(again.predict(blocks)[0], mean)


def test_process_refuses_what_it_cannot_use(tmp_path):
    with pytest.raises(ValueError, match="is of kind 'cubic'"):
        GaussianProcess([Part("x", "cubic", "x")])
    with pytest.raises(ValueError, match="blocks x are missing"):
        GaussianProcess([Part("x", "rbf", "x")]).fit({}, np.zeros(3))
    with pytest.raises(ValueError, match="has 2 rows; expected 3"):
        GaussianProcess([Part("x", "rbf", "x")]).fit({"x": np.zeros((2, 1))}, np.zeros(3))
    broken = tmp_path / "p.npz"
    broken.write_bytes(b"no")
    with pytest.raises(ValueError, match="not a whole Gaussian process file"):
        GaussianProcess.load(broken)
