"""Predictions for promoters of one's own: a row out for every row in."""

import shutil

import numpy as np
import pandas as pd
import pytest

from helpers.project import backend, paths

backend.use("tensorflow")

from helpers import training  # noqa: E402
from helpers.splits.known import Known  # noqa: E402
from helpers.tracks.stress_response import figures, network, predict  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GOOD, OTHER = "ACGTACGTACGTACGTACGTACGTACGTAC", "TTGTACGTACGAACGTACGTACCTACGTAC"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder, members = tmp_path_factory.mktemp("run"), []
    shape = {"dna_alphabet": "ACGT", "length": 30, "strands": 2}
    for number in "12":
        model = network.build_cnn(30, filters=2, units=2)
        # Two untrained networks of this size may both say exactly one half, whatever they read.
        logit = model.get_layer("logit")
        logit.set_weights([logit.get_weights()[0], np.full(1, int(number) - 1.7)])
        path = training.save_run(folder / f"{number}.keras", model, shape | {"fold": number})
        members.append(training.ensembles.Member(number, path, (number,)))
    return training.ensembles.save(folder / "ensemble.json", members, shape)


def test_every_record_has_a_row(run, tmp_path):
    path = tmp_path / "mine.fa"
    path.write_text(f">a\n{GOOD}\n>b\nACGT\n>c\n{GOOD[:-1]}-\n>d\n{OTHER.lower()}\n>e\n")
    found = predict.predict_file(run, path, tmp_path / "out.csv")
    assert found["status"].tolist() == ["ok", "rejected", "rejected", "changed", "rejected"]
    assert found["note"].iloc[1] == "4 nt long; these networks read 30. Cut or extend it"
    usable = found["status"] != "rejected"
    assert found.loc[usable, ["probability", "low", "high"]].notna().all(axis=None)
    assert found.loc[~usable, ["probability", "low", "high"]].isna().all(axis=None)
    written = pd.read_csv(tmp_path / "out.csv")
    assert written["gene_id"].tolist() == list("abcde")
    assert written["line"].tolist() == [1, 3, 5, 7, 9]
    assert written.columns.tolist() == ["line", "gene_id", *predict.ADDED, "status", "note"]


def test_a_table_of_promoters_is_predicted(run, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text(f"Gene\tPromoter\ng1\t{GOOD}\n\t{OTHER}\ng3\tNA\n")
    columns = "gene_id=Gene, sequence=Promoter"
    found = predict.predict_file(run, predict.read(path, columns=columns), tmp_path / "out.csv")
    assert found["gene_id"].tolist() == ["g1", "row 2", "g3"]
    assert found["status"].tolist() == ["ok", "ok", "rejected"]
    assert predict.read(path, columns=columns).said[:2] == ["a table of promoters", "separator: tab"]


def test_promoters_of_a_genome_are_predicted(run, tmp_path):
    (tmp_path / "genome.fa").write_text(f">chr1\n{GOOD}{OTHER}\n")
    (tmp_path / "genes.bed").write_text("1\t30\t50\tg1\t0\t+\n1\t20\t40\tg2\t0\t-\n2\t1\t9\tg3\t0\t+\n")
    read = predict.read(tmp_path / "genes.bed", genome=tmp_path / "genome.fa", upstream=30)
    found = predict.predict_file(run, read, tmp_path / "out.csv")
    assert found["gene_id"].tolist() == ["g1", "g2", "g3"]
    assert found["status"].tolist() == ["ok", "changed", "rejected"]
    assert found["sequence"].iloc[0] == GOOD


def test_the_picture_of_predictions(run, tmp_path):
    found = predict.predict_table(run, pd.DataFrame({"sequence": [GOOD, "AC"], "gene_id": ["a", "b"]}))
    fig = figures.ranked(found, share=0.4, title="t")
    assert [text.get_text() for text in fig.axes[0].get_xticklabels()] == ["a"]
    nothing = figures.ranked(found.iloc[1:], share=0.4)
    assert "no promoter could be read" in nothing.axes[0].texts[0].get_text()
    many = pd.concat([found.iloc[:1]] * 50)
    assert len(figures.ranked(many, share=0.4).axes[0].get_xticklabels()) < 50


def test_the_probability_is_the_mean_of_the_networks_with_their_spread(run):
    ensemble = predict.load(run)
    found = predict.predict_table(ensemble, pd.DataFrame({"sequence": [GOOD, OTHER]}, index=[7, 9]))
    X = np.stack([np.eye(4, dtype=np.float32)[["ACGT".index(x) for x in text]] for text in (GOOD, OTHER)])
    np.testing.assert_allclose(found["probability"], ensemble.predict(X), atol=1e-6)
    assert (found["low"] < found["probability"]).all()
    assert (found["probability"] < found["high"]).all()


def test_a_calibration_is_used(run, tmp_path):
    flat = {name: [value] * 73 for name, value in (("low", 0.2), ("probability", 0.3), ("high", 0.4))}
    card = paths.read_json(run) | {"calibration": {"method": "platt", "n": 9, **flat}}
    found = predict.predict_table(
        paths.write_json(run.parent / "calibrated.json", card), pd.DataFrame({"sequence": [GOOD]})
    )
    assert found[["low", "probability", "high"]].iloc[0].tolist() == [0.2, 0.3, 0.4]


def test_each_promoter_says_how_it_stands_to_training(run, tmp_path):
    """A promoter that one network was tested on is asked of that one alone, turned around or not."""
    folder = shutil.copytree(run.parent, tmp_path / "model")
    long = [GOOD + OTHER[:10], OTHER + GOOD[:10]]
    Known(["1", "other"], [GOOD, OTHER]).save(folder / "training.npz")
    card = paths.read_json(run) | {"training": "training.npz"}
    paths.write_json(folder / "ensemble.json", card)
    ensemble = predict.load(folder)
    turned = GOOD[::-1].translate(str.maketrans("ACGT", "TGCA"))
    given = [turned, OTHER, OTHER[:24] + "CATGCA", "GATTACA" * 4 + "CC", "ACGT"]
    found = predict.predict_table(ensemble, pd.DataFrame({"sequence": given}))
    assert found["training"].tolist()[:4] == ["identical", "identical", "near", "new"]
    assert found["training_gene"].tolist()[:4] == ["1", "other", "other", ""]
    assert found["networks"].tolist()[:4] == [1, 2, 2, 2]
    assert found.loc[4, predict.ADDED].isna().all()
    X = np.eye(4, dtype=np.float32)[["ACGT".index(letter) for letter in GOOD]][None]
    alone = ensemble.predict_out_of_fold(["1"], X)
    np.testing.assert_allclose(found["probability"].iloc[0], alone[0], atol=1e-6)
    assert Known([], []).standing(long)["training"].tolist() == ["new", "new"]


def test_a_damaged_list_of_training_promoters(run, tmp_path):
    folder = shutil.copytree(run.parent, tmp_path / "model")
    paths.write_json(folder / "ensemble.json", paths.read_json(run) | {"training": "training.npz"})
    with pytest.raises(ValueError, match=r"training\.npz"):
        predict.load(folder)
    (folder / "training.npz").write_text(">a\nAC-T\n")
    with pytest.raises(ValueError, match="copy the model again"):
        predict.load(folder)


def test_what_cannot_be_asked(run):
    with pytest.raises(ValueError, match="has the columns seq; expected one named sequence"):
        predict.predict_table(run, pd.DataFrame({"seq": [GOOD]}))
    assert predict.predict_table(run, pd.DataFrame({"sequence": []}, dtype=str)).empty
