"""The Gaussian process against the normal distribution that it is."""

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import approx_fprime

from helpers.models import gaussian_process
from helpers.models.gaussian_process import GaussianProcess, Part

PARTS = [Part("x", "rbf", "x", 0.5), Part("line", "linear", "x"), Part("batch", "group", "batch", 0.0)]


def toy(n=24, seed=0):
    rng = np.random.default_rng(seed)
    blocks = {"x": rng.normal(size=(n, 2)), "batch": np.array([f"b{i % 4}" for i in range(n)])}
    return blocks, rng.normal(size=n)


def fixed(blocks, y, weights=(1.0, 0.5, 2.0), noise=0.3):
    process = GaussianProcess(PARTS)
    process.weights, process.noise = np.array(weights), noise
    return process.take(blocks, y)


def test_prediction_is_the_conditional_normal():
    blocks, y = toy()
    process = fixed({name: block[:20] for name, block in blocks.items()}, y[:20])
    prior = process._covariance(blocks, blocks)
    known, new = prior[:20, :20] + 0.3 * np.eye(20), prior[20:, 20:] + 0.3 * np.eye(4)
    ones, across = np.ones(20), prior[:20, 20:]
    # The mean weighs rows by what each adds to the others.
    mean = (ones @ np.linalg.solve(known, y[:20])) / (ones @ np.linalg.solve(known, ones))
    found, deviation = process.predict({name: block[20:] for name, block in blocks.items()})
    assert process.mean == pytest.approx(mean)
    np.testing.assert_allclose(found, mean + across.T @ np.linalg.solve(known, y[:20] - mean))
    variance = np.diag(new - across.T @ np.linalg.solve(known, across))
    np.testing.assert_allclose(deviation, np.sqrt(variance))


def test_a_new_measurement_far_away_has_the_whole_variance():
    blocks = {"x": np.linspace(0, 1, 30)[:, None]}
    process = GaussianProcess([Part("x", "rbf", "x", 0.1)])
    process.weights, process.noise = np.array([1.5]), 0.4
    process.take(blocks, np.sin(blocks["x"][:, 0]))
    _, deviation = process.predict({"x": np.array([[99.0]])})
    assert deviation[0] == pytest.approx(np.sqrt(1.9))


def test_the_mean_is_not_drawn_to_a_group_of_many_rows():
    y = np.array([10.0] * 90 + [0.0, 1.0, 2.0])
    blocks = {"batch": np.array(["big"] * 90 + ["p", "q", "r"])}
    process = GaussianProcess([Part("batch", "group", "batch", 0.0)])
    process.weights, process.noise = np.array([4.0]), 0.01
    assert process.take(blocks, y).mean == pytest.approx(13 / 4, abs=0.01)
    assert y.mean() > 9


def test_likelihood_and_its_slope():
    blocks, y = toy()
    process = fixed(blocks, y)
    matrices = [process._one(part, blocks, blocks) for part in PARTS] + [np.eye(len(y))]
    weights = np.array([1.0, 0.5, 2.0, 0.3])
    value, slope = gaussian_process._misfit(weights, matrices, y, 0.0)
    covariance = sum(w * m for w, m in zip(weights, matrices, strict=True))
    normal = stats.multivariate_normal(np.full(len(y), process.mean), covariance)
    assert value == pytest.approx(-normal.logpdf(y) - 0.5 * len(y) * np.log(2 * np.pi))
    numeric = approx_fprime(
        np.log(weights), lambda logs: gaussian_process._misfit(np.exp(logs), matrices, y, 0.0)[0], 1e-6
    )
    np.testing.assert_allclose(slope, numeric, atol=1e-4)


def test_weights_are_found_again(tmp_path):
    rng = np.random.default_rng(3)
    blocks = {"batch": np.repeat([f"b{i}" for i in range(60)], 6)}
    y = 5 + np.repeat(rng.normal(size=60), 6) * 2 + rng.normal(size=360)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        process = GaussianProcess([Part("batch", "group", "batch", 0.0)]).fit(blocks, y)
    assert process.shares()["batch"] == pytest.approx(0.8, abs=0.08)
    again = GaussianProcess.load(process.save(tmp_path / "process.npz"))
    np.testing.assert_array_equal(again.predict(blocks), process.predict(blocks))


def test_a_new_group_is_less_sure_than_a_known_one():
    rng = np.random.default_rng(0)
    x, group = rng.normal(size=(120, 2)), rng.integers(0, 4, 120)
    y = x[:, 0] + group * 0.5 + rng.normal(0, 0.1, 120)
    blocks = {"x": x, "g": np.array([f"g{i}" for i in group]), "place": np.arange(120.0)}
    parts = [Part("x", "linear", "x"), Part("g", "group", "g", 0.0), Part("near", "group", "g", 5)]
    process = GaussianProcess(parts).fit(blocks, y)
    mean, deviation = process.predict(blocks)
    assert np.corrcoef(mean, y)[0, 1] > 0.97
    assert process.predict(blocks | {"g": np.array(["new"] * 120)})[1].mean() > deviation.mean()
    assert sum(process.shares().values()) == pytest.approx(1)


def test_coverage_of_a_new_measurement():
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 4, 300)[:, None]
    y = np.sin(3 * x[:, 0]) + 0.3 * rng.normal(size=300)
    process = GaussianProcess([Part("x", "rbf", "x", 0.5)]).fit({"x": x[:100]}, y[:100])
    mean, deviation = process.predict({"x": x[100:]})
    assert 0.9 < np.mean(np.abs(y[100:] - mean) < 1.96 * deviation) < 0.99


def test_a_search_that_did_not_converge_says_so(monkeypatch):
    monkeypatch.setattr(gaussian_process, "MOST_STEPS", 1)
    blocks, y = toy()
    with pytest.warns(UserWarning, match="of 3 parts did not converge on 24 rows"):
        GaussianProcess(PARTS).fit(blocks, y)


def test_faults_are_named(tmp_path):
    blocks, y = toy()
    with pytest.raises(ValueError, match="is of kind 'cubic'; expected linear"):
        GaussianProcess([Part("x", "cubic", "x")])
    with pytest.raises(ValueError, match="the blocks batch are missing; found x"):
        GaussianProcess(PARTS).fit({"x": blocks["x"]}, y)
    with pytest.raises(ValueError, match="block 'x' has 3 rows; expected 24"):
        GaussianProcess(PARTS).fit(blocks | {"x": blocks["x"][:3]}, y)
    (tmp_path / "bad.npz").write_text("no")
    with pytest.raises(ValueError, match="not a whole Gaussian process file"):
        GaussianProcess.load(tmp_path / "bad.npz")
