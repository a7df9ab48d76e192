"""Fold models saved and loaded as one."""

import numpy as np
import pytest

from helpers.project import backend, paths

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.tracks.stress_response import network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = {"dna_alphabet": "ACGT", "length": 30, "strands": 2}


@pytest.fixture
def saved(tmp_path):
    members, models = [], []
    for number in (1, 2):
        model = network.build_cnn(30, filters=2, units=2)
        card = SHAPE | {"fold": f"grouped_{number}"}
        path = training.save_run(tmp_path / f"models/{number}.keras", model, card)
        ids = (f"g{number}", f"h{number}")
        members.append(training.ensembles.Member(f"grouped_{number}", path, ids))
        models.append(model)
    training.ensembles.save(tmp_path / "ensemble.json", members, SHAPE)
    return tmp_path / "ensemble.json", models


def promoters(n):
    rng = np.random.default_rng(0)
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, 30))]


def test_loaded_as_one(saved):
    path, models = saved
    ensemble = training.ensembles.load(path, expect={"length": 30}, ask=network.predict_strands)
    X = promoters(3)
    apart = [network.predict_strands(model, X) for model in models]
    score = np.mean([np.log(p / (1 - p)) for p in apart], axis=0)
    np.testing.assert_allclose(ensemble.predict(X), 1 / (1 + np.exp(-score)), atol=1e-5)
    assert ensemble.card["strands"] == 2
    assert [one.fold for one in ensemble.members] == ["grouped_1", "grouped_2"]


def test_each_id_is_asked_of_the_model_that_never_saw_it(saved):
    path, models = saved
    ensemble = training.ensembles.load(path)
    X = promoters(3)
    p = ensemble.predict_out_of_fold(["h2", "g1", "g2"], X)
    for row, model in ((0, 1), (1, 0), (2, 1)):
        np.testing.assert_allclose(p[row], training.predict(models[model], X[[row]])[0], atol=1e-6)
    with pytest.raises(ValueError, match=r"1 ids .the first is 'new'. were in no model's test part"):
        ensemble.out_of_fold(["g1", "new"])


def test_the_folder_can_be_moved(saved, tmp_path):
    path, _ = saved
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (path.parent / "models").rename(moved / "models")
    path.rename(moved / path.name)
    assert len(training.ensembles.load(moved / path.name).models) == 2


@pytest.mark.parametrize(
    ("card", "members", "reason"),
    [
        (SHAPE, [], "needs at least one model"),
        ({"length": 3}, None, "the card lacks dna_alphabet, strands"),
        (SHAPE, "twice", "'g1' is in the test part of two models"),
    ],
)
def test_what_is_no_ensemble(tmp_path, card, members, reason):
    one = training.ensembles.Member("1", tmp_path / "a.keras", ("g1",))
    members = {"twice": [one, one], None: [one]}.get(members, members) if members != [] else []
    with pytest.raises(ValueError, match=reason):
        training.ensembles.save(tmp_path / "ensemble.json", members, card)


def test_bad_files(saved, tmp_path):
    path, _ = saved
    with pytest.raises(ValueError, match=r"is one network; expected .* such as .*ensemble\.json"):
        training.ensembles.load(tmp_path / "models/1.keras")
    with pytest.raises(ValueError, match="no ensemble there"):
        training.ensembles.load(tmp_path / "none.json")
    with pytest.raises(ValueError, match="trained with length = 30, but 600 is asked for"):
        training.ensembles.load(path, expect={"length": 600})
    (tmp_path / "models/2.keras").unlink()
    with pytest.raises(ValueError, match=r"2.keras: no model file there"):
        training.ensembles.load(path)
    paths.write_json(path, {"length": 3})
    with pytest.raises(ValueError, match="not an ensemble; it lacks members"):
        training.ensembles.load(path)
