"""Models made elsewhere: each notebook that takes one says at once what it found and what to give."""

import keras
import pytest

from helpers.project import paths
from helpers.readers.pickles import write_pickle
from helpers.splits.known import Known
from helpers.tracks import gene_expression, rna_modification, rna_peptide, sirna_efficacy, stress_response
from helpers.tracks.sirna_efficacy.table import PLAIN
from helpers.training import ensembles
from helpers.training.saving import Run, card_path, load_run, save_run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def built(*inputs, units=1, activation="sigmoid", outputs=1, layer="interaction_map"):
    """A model of one-hot sequences (length, letters) that closes as is said."""
    given = [keras.Input(shape) for shape in inputs]
    pooled = [keras.layers.GlobalMaxPooling1D()(one) if len(one.shape) == 3 else one for one in given]
    x = keras.layers.Concatenate(name=layer)(pooled) if len(pooled) > 1 else pooled[0]
    x = x if len(pooled) > 1 else keras.layers.Dense(2, name=layer)(x)
    heads = [keras.layers.Dense(units, activation=activation, name=f"head_{n}")(x) for n in range(outputs)]
    return keras.Model(given, heads if outputs > 1 else heads[0])


def peptide(folder, model, card):
    letters = {"rna_alphabet": "ACGU", "peptide_alphabet": "ACDEFGHIKLMNPQRSTVWY"}
    save_run(folder / "a.keras", model, letters | card)
    paths.write_json(folder / "models.json", {"ours": "a.keras"})
    return rna_peptide.served.networks(folder / "models.json", {"ours": "interaction_map"})


def stress(folder, model, card):
    shape = {"dna_alphabet": "ACGT", "length": 9, "strands": 1} | card
    save_run(folder / "a.keras", model, shape | {"fold": "one"})
    members = [ensembles.Member("one", folder / "a.keras", ("g",))]
    return stress_response.predict.load(ensembles.save(folder / "ensemble.json", members, shape))


def modification(folder, model, card):
    about = {"rna_alphabet": "ACGU", "length": 9, "modifications": ["m6A"]}
    save_run(folder / "a.keras", model, about | card)
    return rna_modification.served.network(folder / "a.keras", layers=["interaction_map"])


def expression(folder, model, card):
    about = {"alphabet": "ACGT", "length": 9, "cell_types": ["K562"], "mean": [0], "deviation": [1]} | card
    save_run(folder / gene_expression.served.NETWORK, model, about)
    Known(["t"], ["ACGTACGTA"]).save(folder / gene_expression.served.TRAINING)
    return gene_expression.served.load(folder)


def efficacy(folder, model, card):
    save_run(folder / "a.keras", model, sirna_efficacy.predictors._expected() | {"best_epoch": 1} | card)
    write_pickle(folder / "process.pkl", [])
    listed = dict.fromkeys(("scalers", "effects", "weights", "quantiles", "known", "card"))
    listed |= {"members": ["a.keras"], "process": "process.pkl"}
    listed["process_sha256"] = paths.sha256(folder / "process.pkl")
    return sirna_efficacy.predictors.load(paths.write_json(folder / "models.json", listed))


PAIR, WINDOW = [(None, 4), (None, 20)], [(9, 4)]
INPUTS = {
    peptide: PAIR, stress: WINDOW, modification: WINDOW, expression: WINDOW,
    efficacy: [(21, 4), (57, 4), (len(PLAIN),)],
}  # fmt: skip
EVERY = pytest.mark.parametrize("load", list(INPUTS))


@EVERY
def test_several_outputs_are_one_too_many(load, tmp_path):
    with pytest.raises(ValueError, match=r"has 2 outputs; expected one\. Save the one that is meant"):
        load(tmp_path, built(*INPUTS[load], outputs=2), {})


@EVERY
def test_another_number_of_units(load, tmp_path):
    with pytest.raises(
        ValueError, match=r"gives 3 numbers a row; expected 1\. Give a model that the training"
    ):
        load(tmp_path, built(*INPUTS[load], units=3), {})


@EVERY
def test_other_inputs(load, tmp_path):
    with pytest.raises(ValueError, match=r"the model reads 9 x 5; expected .*, in this order\. Give a model"):
        load(tmp_path, built((9, 5)), {})


@EVERY
def test_letters_in_another_order(load, tmp_path):
    key = {stress: "dna_alphabet", expression: "alphabet", efficacy: "guide_alphabet"}.get(
        load, "rna_alphabet"
    )
    with pytest.raises(ValueError, match=rf"trained with {key} = 'TGCA', but .* Give a model of that {key}"):
        load(tmp_path, built(*INPUTS[load]), {key: "TGCA"})


@pytest.mark.parametrize("load", [peptide, stress])
def test_a_number_that_is_no_probability(load, tmp_path):
    with pytest.raises(ValueError, match=r"does not close with a sigmoid.* Add keras\.layers\.Activation"):
        load(tmp_path, built(*INPUTS[load], activation="linear"), {})


def test_one_length_alone(tmp_path):
    with pytest.raises(
        ValueError, match="the model reads 50 x 4 and 50 x 20; expected any length x 4 and any"
    ):
        peptide(tmp_path, built((50, 4), (50, 20)), {})


@pytest.mark.parametrize("load", [peptide, modification])
def test_a_layer_that_is_looked_at(load, tmp_path):
    with pytest.raises(ValueError, match="no layer named interaction_map, which is looked at here"):
        load(tmp_path, built(*INPUTS[load], layer="another"), {})


def test_networks_that_are_not_named(tmp_path):
    with pytest.raises(
        ValueError, match=r"names no network theirs; found ours\. Give models\.json of the notebook"
    ):
        rna_peptide.served.networks(paths.write_json(tmp_path / "models.json", {"ours": "a"}), {"theirs": ""})


@EVERY
def test_a_model_built_alike_is_taken(load, tmp_path):
    if load is not efficacy:
        load(tmp_path, built(*INPUTS[load]), {})


def test_the_tracks_own_networks_are_taken(tmp_path):
    letters = {"rna_alphabet": "ACGU", "peptide_alphabet": "ACDEFGHIKLMNPQRSTVWY"}
    save_run(tmp_path / "ours.keras", rna_peptide.network.build_cross_attention(filters=4), letters)
    save_run(tmp_path / "original.keras", rna_peptide.network.build_dual_dense(), letters)
    listed = paths.write_json(
        tmp_path / "models.json", {name: f"{name}.keras" for name in ("ours", "original")}
    )
    layers = {"ours": "interaction_map", "original": "interaction_features"}
    assert len(rna_peptide.served.networks(listed, layers)) == 2
    with pytest.raises(ValueError, match="no layer named interaction_map"):
        rna_peptide.served.networks(listed, {"original": "interaction_map"})


def test_a_model_without_a_card_is_told_how_to_write_one(tmp_path):
    path = save_run(tmp_path / "a.keras", built(*WINDOW), {})
    card_path(path).unlink()
    with pytest.raises(
        ValueError, match=r"its card a\.card\.json is missing.*save_run.*'dna_alphabet': 'ACGT'"
    ):
        load_run(path, expect={"dna_alphabet": "ACGT"})
    assert isinstance(load_run(save_run(path, built(*WINDOW), {"dna_alphabet": "ACGT"})), Run)
