"""Attribution on toy torch modules, which need no Keras backend of their own."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from helpers.explain import attribution, controls, scores
from helpers.sequences.alphabet import DNA, PEPTIDE
from helpers.sequences.encoding import one_hot

torch.manual_seed(0)
X = one_hot(["ACGTACGTAC", "GGCANTA"], DNA)
NETWORK = nn.Sequential(nn.Conv1d(4, 6, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(24, 2))


class Linear(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.table = torch.tensor(table)

    def forward(self, X):
        return (X.transpose(1, 2) * self.table).sum(dim=(1, 2))[:, None]


def test_a_linear_model_gives_its_weights():
    table = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    references = attribution.make_references(X, 4, seed=1)
    found = attribution.deep_lift(Linear(table), X, references=references)
    expected = table - (table[None, None] * references).sum(axis=-1, keepdims=True).mean(axis=1)
    np.testing.assert_allclose(found.hypothetical, expected * (X.sum(-1, keepdims=True) > 0), atol=1e-5)
    assert np.abs(found.deltas).max() < 1e-5


def test_deltas_are_small_and_outputs_are_chosen():
    for index in (0, 1):
        found = attribution.deep_lift(NETWORK, X, references=3, index=index, progress=False)
        assert np.abs(found.deltas).max() < 1e-5
        with torch.no_grad():
            expected = NETWORK(torch.tensor(X).transpose(1, 2))[:, index].numpy()
        np.testing.assert_allclose(found.outputs, expected, atol=1e-6)


def test_references_belong_to_the_sequence_alone():
    made = attribution.make_references(X, 5, seed=2)
    np.testing.assert_array_equal(made[1:], attribution.make_references(X[1:], 5, seed=2))
    np.testing.assert_allclose(made.sum(axis=2), X.sum(axis=1)[:, None].repeat(5, 1))
    assert (made[1, :, 7:] == 0).all()
    longer = one_hot(["ACGTTGCAGGATCCATTAGC"], DNA)
    first, other = (attribution.make_references(longer, 3, seed=seed) for seed in (2, 3))
    assert (first != other).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attribution.deep_lift(NETWORK, X[:0]), "n at least 1"),
        (lambda: attribution.deep_lift(NETWORK, X[0]), r"expected \(n, length, letters\)"),
        (lambda: attribution.deep_lift(NETWORK, X, references=0), "references is 0"),
        (lambda: attribution.deep_lift(NETWORK, X, references=X), "references have the shape"),
        (lambda: attribution.mutate(NETWORK, X, others=[X[:1]]), "holds 1 items; expected 2"),
        (lambda: attribution.out_of_fold(len, {0: 1}, [0, 2], X=X), "no model for fold 2"),
        (lambda: attribution.out_of_fold(len, {0: 1}, [0], X=X), "a fold a sequence"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_contributions_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="contributions of sequence 0 are not finite"):
        attribution.deep_lift(Linear(np.full((10, 4), np.nan, np.float32)), X, references=2)


def test_attributions_are_kept_and_checked(tmp_path):
    found = attribution.deep_lift(NETWORK, X, references=2)
    path = attribution.save(tmp_path / "a.npz", X, found, ids=["g1", "g2"])
    saved = attribution.load(path, DNA)
    assert saved.ids.tolist() == ["g1", "g2"]
    np.testing.assert_array_equal(saved.hypothetical, found.hypothetical)
    with pytest.raises(ValueError, match="expected one of each a sequence"):
        attribution.save(path, X, found, ids=["g1"])
    with pytest.raises(ValueError, match=r"expected \(n, length, 20\) three times"):
        attribution.load(path, PEPTIDE)
    (tmp_path / "b.npz").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"not a whole \.npz file"):
        attribution.load(tmp_path / "b.npz", DNA)
    np.savez(tmp_path / "c.npz", X=X)
    with pytest.raises(ValueError, match="no array values, hypothetical, deltas, ids; found X"):
        attribution.load(tmp_path / "c.npz", DNA)


def test_planted_positions_outside_are_refused():
    sites = pd.DataFrame({"gene_id": ["a"], "start": [3], "stop": [9]})
    with pytest.raises(ValueError, match="from 3 to 9 lies outside its 5 positions"):
        scores.planted_positions(sites, ["a"], 5)


def test_the_untrained_network_leaves_chance_as_it_was():
    import random

    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    random.seed(5)
    expected = random.random()
    random.seed(5)
    first, again = controls.untrained(model, seed=1), controls.untrained(model, seed=1)
    assert random.random() == expected
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])
