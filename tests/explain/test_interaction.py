import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.explain.heads import Target
from helpers.explain.interaction import attention_map, layer_output, paired_mutation
from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.sequences.encoding import one_hot

RNG = np.random.default_rng(1)
A = RNG.normal(size=(7, 4)).astype(np.float32)
B = RNG.normal(size=(5, 20)).astype(np.float32)
C = RNG.normal(size=(7, 5)).astype(np.float32)
SEQUENCES = "ACGUUA", "MKVL"


def pair(rna=SEQUENCES[0], peptide=SEQUENCES[1]):
    return [one_hot([rna], RNA, length=7), one_hot([peptide], PEPTIDE, length=5)]


def additive(x):
    return ops.sum(x[0] * A, axis=(1, 2)) + ops.sum(x[1] * B, axis=(1, 2))


def bilinear(x):
    """Sum over positions i, j of C[i, j] * a_i(letter) * b_j(letter)."""
    return ops.einsum("ni,ij,nj->n", ops.sum(x[0] * A, axis=2), C, ops.sum(x[1] * B, axis=2))


def changes(onehot, weights, rows):
    """Change of a position's weight when its letter becomes `rows`."""
    there = onehot.sum(-1) > 0
    return ((rows - onehot) * weights).sum(-1)[there]


@pytest.mark.parametrize("how", ["occlude", "mean"])
def test_an_additive_model_has_no_interaction(how):
    result = paired_mutation(additive, pair(), how=how)
    assert result.values.shape == (6, 4)
    np.testing.assert_allclose(result.values, 0, atol=2e-5)


def test_a_bilinear_model_has_exactly_its_interaction():
    rna, peptide = pair()
    a, b = changes(rna[0], A, 1 / 4), changes(peptide[0], B, 1 / 20)
    result = paired_mutation(bilinear, [rna[0], peptide[0]])
    np.testing.assert_allclose(result.values, C[:6, :4] * np.outer(a, b), atol=1e-5)
    np.testing.assert_allclose(result.rna, a * (C @ (peptide[0] * B).sum(-1))[:6], rtol=1e-4, atol=1e-5)
    assert result.output == pytest.approx(float(bilinear([rna, peptide])[0]), rel=1e-5)
    assert result.passes == 6 * 4 + 6 + 4


def test_the_mean_substitution():
    rna, peptide = pair()
    a = np.array([A[i] - (rna[0, i] * A[i]).sum() for i in range(6)])
    b = np.array([B[j] - (peptide[0, j] * B[j]).sum() for j in range(4)])
    mean = np.outer(a.sum(-1) / 3, b.sum(-1) / 19) * C[:6, :4]
    np.testing.assert_allclose(
        paired_mutation(bilinear, pair(), how="mean").values, mean, rtol=1e-3, atol=1e-5
    )


def test_blocks_hold_the_sum_of_a_bilinear_interaction():
    single = paired_mutation(bilinear, pair()).values
    blocks = paired_mutation(bilinear, pair(), block=4)
    assert blocks.passes == 2 * 1 + 2 + 1
    np.testing.assert_allclose(blocks.values[:4], single[:4].sum(), atol=2e-5)
    np.testing.assert_allclose(blocks.values[4:], single[4:].sum(), atol=2e-5)


def test_an_unknown_residue_cannot_be_occluded_further():
    result = paired_mutation(bilinear, pair("ACNUUA"))
    np.testing.assert_allclose(result.values[2], 0, atol=1e-6)


def test_batches_do_not_change_the_map(monkeypatch):
    whole = paired_mutation(bilinear, pair()).values
    monkeypatch.setattr("helpers.explain.interaction.CELLS_A_BATCH", 3 * 7 * 5)
    np.testing.assert_allclose(paired_mutation(bilinear, pair()).values, whole, atol=1e-6)


def test_another_output():
    def both(x):
        return ops.stack([additive(x), bilinear(x)], axis=1)

    result = paired_mutation(both, pair(), target=Target(index=1))
    np.testing.assert_allclose(result.values, paired_mutation(bilinear, pair()).values, atol=1e-6)


@pytest.fixture(scope="module")
def mapped():
    rna, peptide = keras.Input((None, 4), name="rna"), keras.Input((None, 20), name="peptide")
    keys = [layers.Dense(3, use_bias=False)(x) for x in (rna, peptide)]
    scores = layers.Dot(2, name="interaction_map")(keys)
    pooled = layers.Dense(2, name="interaction_features")(
        layers.GlobalAveragePooling1D()(layers.AveragePooling1D(4, padding="same")(rna))
    )
    total = layers.GlobalMaxPooling2D()(layers.Reshape((-1, 5, 1))(scores))
    logit = layers.Dense(1)(layers.Concatenate()([pooled, total]))
    return keras.Model([rna, peptide], layers.Activation("sigmoid")(logit))


def test_attention_map_is_cut_to_the_residues(mapped):
    inputs = [one_hot(["ACGUUAA", "GGC"], RNA), one_hot(["MKVLA", "AC"], PEPTIDE)]
    maps = attention_map(mapped, inputs, batch_size=1)
    assert maps.shape == (2, 7, 5)
    assert np.isfinite(maps[0]).all()
    assert np.isfinite(maps[1]).sum() == 3 * 2
    alone = attention_map(mapped, [x[1:] for x in inputs])
    np.testing.assert_allclose(maps[1, :3, :2], alone[0, :3, :2], rtol=1e-6)


def test_layer_output(mapped):
    inputs = [one_hot(["ACGUUAA"] * 5, RNA), one_hot(["MKVLA"] * 5, PEPTIDE)]
    assert layer_output(mapped, inputs, "interaction_features", batch_size=2).shape == (5, 2)


def test_a_missing_layer_lists_the_layers(mapped):
    with pytest.raises(ValueError, match=r"no layer named 'attention'.*interaction_map"):
        attention_map(mapped, pair(), layer="attention")


def test_patches():
    rna, peptide = keras.Input((8, 4)), keras.Input((5, 20))
    pooled = [layers.AveragePooling1D(p, padding="same")(x) for x, p in ((rna, 3), (peptide, 2))]
    keys = [layers.Dense(2)(x) for x in pooled]
    scores = layers.Dot(2, name="interaction_map")(keys)
    model = keras.Model([rna, peptide], scores)
    inputs = [one_hot(["ACGUUA"], RNA, length=8), one_hot(["MKVL"], PEPTIDE, length=5)]
    maps = attention_map(model, inputs, patch=(3, 2))
    assert maps.shape == (1, 8, 5)
    assert (maps[0, 0, :2] == maps[0, 2, 0]).all()
    assert np.isnan(maps[0, 6:]).all()
    assert np.isnan(maps[0, :, 4:]).all()
    with pytest.raises(ValueError, match="with patch=\\(1, 1\\) a map of \\(8, 5\\) was expected"):
        attention_map(model, inputs)


def test_wrong_arguments_are_named(mapped):
    with pytest.raises(ValueError, match="how is 'shuffle' with block=1; expected 'occlude'"):
        paired_mutation(bilinear, pair(), how="shuffle")
    with pytest.raises(ValueError, match="how is 'mean' with block=3"):
        paired_mutation(bilinear, pair(), how="mean", block=3)
    with pytest.raises(ValueError, match="with block=0"):
        paired_mutation(bilinear, pair(), block=0)
    with pytest.raises(ValueError, match="expected one pair: the RNA"):
        paired_mutation(bilinear, [np.zeros((2, 7, 4)), np.zeros((2, 5, 20))])
    with pytest.raises(ValueError, match="input 1 of the pair holds no residue"):
        paired_mutation(bilinear, [pair()[0], np.zeros((5, 20))])
    with pytest.raises(ValueError, match="expected the RNA and the peptide first"):
        attention_map(keras.Sequential([keras.Input((7, 4)), layers.ReLU()]), pair()[:1])


def test_a_smoothed_map_ignores_padding():
    rna, peptide = keras.Input((None, 4)), keras.Input((None, 20))
    first = [keras.layers.Dense(1, kernel_initializer="ones")(x) for x in (rna, peptide)]
    product = keras.layers.Dot(2, name="interaction_map")(first)
    model = keras.Model([rna, peptide], keras.layers.GlobalAveragePooling1D()(product))
    pair = [np.eye(4, dtype=np.float32)[None], np.eye(20, dtype=np.float32)[None, :3]]
    padded = [np.pad(x, ((0, 0), (0, 2), (0, 0))) for x in pair]
    alone = attention_map(model, pair, window=(3, 3))
    longer = attention_map(model, padded, window=(3, 3))
    np.testing.assert_allclose(alone[0], longer[0, :4, :3])
    assert alone[0, 1, 1] == pytest.approx(1)
    assert alone[0, 0, 0] == pytest.approx(4 / 9)
    assert np.isnan(longer[0, 4:]).all()
