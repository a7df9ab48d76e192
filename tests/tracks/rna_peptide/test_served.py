"""The model that is loaded is the model of the table, down to its trees."""

import numpy as np
import pandas as pd
import pytest

from helpers.project import backend

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.tracks.rna_peptide import predict, predictors, served  # noqa: E402
from helpers.tracks.rna_peptide.simulate import Plan, simulate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def table():
    plan = Plan(ancestors=48, homologs=1, pairs=260, duplicates=0, contradictions=0)
    pairs = simulate(plan, seed=3).pairs
    return predictors.PairTable(pairs["rna_seq"], pairs["protein_seq"], pairs["label"])


@pytest.fixture(scope="module")
def parts():
    rows = np.random.default_rng(1).permutation(260)
    return rows[:170], rows[170:220], rows[220:]


def blend(table):
    network = predictors.Network(table, epochs=1, seed=1)
    neighbours = predictors.Neighbours(table, seed=1)
    return training.Blend({"network": network, "neighbours": neighbours}, intercept=False)


@pytest.fixture(scope="module")
def saved(table, parts, tmp_path_factory):
    train, valid, _ = parts
    model = blend(table)
    calibrator = served.fit(model, train, valid)
    path = tmp_path_factory.mktemp("served") / "dual.keras"
    card = {"near": {"rna": 6, "protein": 3}, "results": [{"protocol": "random_5fold", "auroc": 0.9}]}
    served.save(path, model, np.concatenate([train, valid]), card=card)
    return path, calibrator


def pairs_of(table, rows):
    return [table.rna[row] for row in rows], [table.peptide[row] for row in rows]


def test_served_prediction_is_the_fold_models_blend(table, parts, saved):
    train, valid, test = parts
    fold = training.cross_validate(
        {"ours": lambda: blend(table)}, table.y,
        [type("Fold", (), {"train": train, "valid": valid, "test": test, "name": "1"})], verbosity=0,
    )  # fmt: skip
    model = served.load(saved[0])
    rna, peptide = pairs_of(table, test)
    frame = pd.DataFrame({"rna_seq": rna, "protein_seq": peptide})
    found = predict.predict_table(model, frame)
    by_name = {name: part.set_index("row")["p"].loc[test] for name, part in fold.groupby("model")}
    np.testing.assert_allclose(model.neighbours(rna, peptide), by_name["neighbours"], atol=1e-5)
    np.testing.assert_allclose(found["probability"], by_name["ours"], atol=1e-5)
    assert np.abs(by_name["ours"] - by_name["network"]).max() > 0.01
    assert model.card["results"] == [{"protocol": "random_5fold", "auroc": 0.9}]


def test_a_row_has_the_same_number_whatever_else_is_asked(table, parts, saved):
    model = served.load(saved[0])
    rna, peptide = pairs_of(table, parts[2])
    together = model.neighbours(rna, peptide)
    np.testing.assert_allclose(model.neighbours(rna[3:4], peptide[3:4]), together[3:4], atol=1e-5)
    assert model.neighbours([], []).shape == (0,)


def test_calibration_rests_on_rows_that_were_no_neighbours_yet(table, parts, saved):
    train, valid, _ = parts
    held_out = blend(table)
    for part in held_out.parts.values():
        part.fit(train, valid)
    held_out.weigh(train, valid, table.y)
    expected = training.Calibrator.fit(table.y[valid], held_out.predict(valid)["ours"])
    np.testing.assert_allclose(saved[1].probability, expected.probability, atol=1e-4)


def test_how_a_query_stands_to_training(table, parts, saved):
    train, valid, _ = parts
    model = served.load(saved[0])
    rows = np.concatenate([train, valid])
    known = set(zip(*pairs_of(table, rows), strict=True))
    rna, peptide = table.rna[rows[0]], table.peptide[rows[0]]
    other_peptide = next(one for one in pairs_of(table, rows)[1] if (rna, one) not in known)
    near = rna[:-1] + ("A" if rna[-1] != "A" else "C")
    new, new_peptide = "ACGU" * 12, "AIGLVTPSQNEAILGVTSPNQAE"
    found = model.stands(
        [rna, rna, near, new, rna, new], [peptide, other_peptide, peptide, peptide, new_peptide, new_peptide]
    )
    assert found[0] == ["identical", "identical", "near", "new", "identical", "new"]
    assert found[1] == ["identical"] * 4 + ["new"] * 2
    assert found[2] == ["identical", "near", "near", "new", "new", "new"]


def test_a_rejected_row_stands_nowhere(saved):
    rows = pd.DataFrame({"rna_seq": ["AC-U", "ACGU"], "protein_seq": ["MKV", "MKV"]})
    found = predict.predict_table(served.load(saved[0]), rows)
    assert found["pair_training"].tolist() == ["", "new"]
    alone = predict.predict_table(training.load_run(saved[0]), rows)
    assert alone["pair_training"].tolist() == ["", ""]


def test_a_network_alone_is_served_too(table, parts, tmp_path):
    train, valid, test = parts
    network = predictors.Network(table, epochs=1, seed=1)
    served.fit(network, train, valid)
    served.save(tmp_path / "dual.keras", network, train, card={})
    rna, peptide = pairs_of(table, test)
    found = predict.predict_table(
        served.load(tmp_path / "dual.keras"), pd.DataFrame({"rna_seq": rna, "protein_seq": peptide})
    )
    np.testing.assert_allclose(found["probability"], network.predict(test), atol=1e-5)


def test_files_that_do_not_belong_together_are_refused(saved, tmp_path):
    path = saved[0]
    for ending in (".keras", ".card.json", ".npz"):
        (tmp_path / f"dual{ending}").write_bytes(path.with_suffix(ending).read_bytes())
    with np.load(path.with_suffix(".npz")) as arrays:
        np.savez(tmp_path / "dual.npz", **arrays)
    with pytest.raises(ValueError, match=r"dual\.npz: its sha256 is .*Copy all three files again"):
        served.load(tmp_path / "dual.keras")
    (tmp_path / "dual.npz").unlink()
    with pytest.raises(ValueError, match=r"its arrays dual\.npz are missing"):
        served.load(tmp_path / "dual.keras")
