"""Published networks: their sizes, what they read, and that they learn, and load without their module."""

import numpy as np
import pytest

from helpers import training
from helpers.tracks.sirna_efficacy import rivals

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TRAIN, VALID = np.arange(44), np.arange(44, 60)
# Without the language models: 256 x 256 weights and 256 of a softmax's second output less in the one, 640 - 4
# numbers a position and 2 nt of the target less in the other.
OLIGOFORMER = 384 + 1664 + 26_112 + 3 * 24_832 + 2 * 16_640 + (4632 + 1) * 256 + 257 * 64 + 65
ATTSIOFF = 80 + 40 + 4 * 68_752 + 2 * 35_144 + 68 + 9 + 2 * 502 + 252 * 256 + 257 * 64 + 65 * 16 + 17


@pytest.mark.parametrize(("name", "size"), [("oligoformer", OLIGOFORMER), ("attsioff", ATTSIOFF)])
def test_a_rival_has_its_published_size_and_learns(name, size, table, tmp_path, monkeypatch):
    # A value that is easily seen; trained eagerly, as nothing need be traced for so few steps.
    monkeypatch.setattr(table, "y", 0.3 + 0.6 * table.guide[:, :4, [0, 3]].mean(axis=(1, 2)))
    monkeypatch.setattr(rivals, "train_again", lambda build, train, **options: train(build()))
    rival, before = rivals.Rival(table, name, epochs=2 if name == "oligoformer" else 4), {}
    build, read = rival.recipe.build, rival.recipe.read

    def quick(**options):
        model = build(**options)
        model.compile(model.optimizer, "mse", metrics=["mse"], run_eagerly=True)
        before.update({one.path: one.numpy() for one in model.trainable_variables})
        return model

    rival.settings["batch_size"], rival.recipe = 44, rivals.Recipe(quick, read, 4, 44)
    rival.fit(TRAIN, VALID)
    history, model = rival.result.history, rival.result.model
    kernels = [one for one in model.trainable_variables if one.path.endswith("kernel")]
    assert all((one.numpy() != before[one.path]).any() for one in kernels), "every part is trained"
    assert name == "oligoformer" or history["mse"].iloc[-1] < history["mse"].iloc[0]
    assert rival.result.best_epoch == 1 + history["val_mse"].argmin()
    p = rival.predict(VALID)
    assert p.min() >= table.y[TRAIN].min()
    assert p.max() <= table.y[TRAIN].max()
    assert model.count_params() == size
    path = training.save_run(tmp_path / f"{name}.keras", model, {})
    again = training.load_run(path).model
    assert {type(layer).__module__.split(".")[0] for layer in again.layers} == {"keras"}
    inputs = [x[VALID] for x in rival.inputs]
    assert np.allclose(training.predict(again, inputs), training.predict(model, inputs), atol=1e-6)


def test_what_is_read_of_a_guide(table):
    guide, target, numbers = rivals.read_oligoformer(table, TRAIN)
    assert (guide.shape[1:], target.shape[1:], numbers.shape[1:]) == ((19, 5), (57, 5), (24,))
    assert (target.sum(axis=2) == 1).all(), "a place without a letter has a letter of its own"
    first = [text[0] for text in table.guides]
    assert numbers[:, 7].tolist() == [letter == "U" for letter in first]
    assert np.allclose(numbers[:, 12], [text[:19].count("U") / 19 for text in table.guides])
    *_, features = rivals.read_attsioff(table, TRAIN)
    assert features.shape == (60, 110)
    assert np.allclose(features[:, -4:].sum(axis=1), 1), "shares of the four letters"
    again = rivals.read_attsioff(table, TRAIN[:20])[2]
    assert (features != again).any(axis=0).sum() == 1, "the score by position alone rests on training rows"


def test_rivals_are_asked_for_by_name(table):
    assert list(rivals.makers("attsioff, oligoformer", table, seed=1)) == ["attsioff", "oligoformer"]
    assert rivals.makers("", table, seed=1) == {}
    with pytest.raises(ValueError, match="did you mean 'oligoformer'"):
        rivals.makers("OligoForm", table, seed=1)
