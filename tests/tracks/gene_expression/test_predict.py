import keras
import numpy as np
import pandas as pd
import pytest

from helpers.splits.known import Known
from helpers.tracks.gene_expression import predictors, promoters, served
from helpers.tracks.gene_expression.predict import predict_file, predict_table, read
from helpers.training.fitting import Schedule
from helpers.training.saving import Run

# Keras 3.15 under numpy 2.4, whenever it turns a weight into an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CARD = {"cell_types": ["K562", "HepG2"], "length": 4, "mean": [1.0, 2.0], "deviation": [2.0, 3.0]}


@pytest.fixture
def run():
    """Predicts the share of A, standardised, for the first cell type and 0 for the second."""
    model = keras.Sequential([
        keras.Input((4, 4)), keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(2, use_bias=False),
    ])  # fmt: skip
    kernel = np.zeros((4, 2))
    kernel[0, 0] = 1
    model.set_weights([kernel])
    return served.Served(Run(model, CARD), Known(["t"], ["AAAA"]))


def test_every_row_has_a_row(run, tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("name,sequence\na,AAAA\nb,CCAACC\nc,ACG\nd,AC7T\ne,acgt\nf\n")
    summary = predict_file(run, path, out)
    assert summary == {"ok": 1, "changed": 2, "rejected": 3}
    found = pd.read_csv(out)
    assert found["line"].tolist() == [2, 3, 4, 5, 6, 7]
    assert found["status"].tolist() == ["ok", "changed", "rejected", "rejected", "changed", "rejected"]
    first = found["K562_predicted"]
    assert first[[0, 1, 4]].tolist() == pytest.approx([3.0, 2.0, 1.5])
    assert first[[2, 3, 5]].isna().all()
    assert found["HepG2_predicted"][0] == pytest.approx(2.0)
    assert "cut at its left end to 4 nt" in found["note"][1]
    assert "4 nt are needed" in found["note"][2]


def test_a_card_without_cell_types(run):
    card = {k: v for k, v in CARD.items() if k != "cell_types"}
    with pytest.raises(ValueError, match="card says nothing of cell_types; expected the card that"):
        served.Served(run.run._replace(card=card))


def test_fasta_and_columns_of_other_names(run, tmp_path):
    path = tmp_path / "mine.fa"
    path.write_text(">p1 a promoter\nAAAA\n>p2\nAC-T\n")
    found = predict_table(run, read(path).table)
    assert found["id"].tolist() == ["p1", "p2"]
    assert found["training"].tolist()[0] == "identical"
    assert found["status"].tolist() == ["ok", "rejected"]
    path = tmp_path / "mine.tsv"
    path.write_text("Name\tSeq\nx\tTTTT\n")
    assert predict_file(run, path, tmp_path / "o.csv", columns="sequence=Seq, id=Name") == {"ok": 1}
    # The reverse complement of a training promoter is that promoter.
    assert pd.read_csv(tmp_path / "o.csv")["training"].tolist() == ["identical"]


@pytest.mark.parametrize("hybrid", [False, True])
def test_what_is_loaded_is_what_was_fitted(tmp_path, hybrid):
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(60)]
    y = rng.normal(size=(60, 2))
    y[5, 0] = np.nan
    table = promoters.PromoterTable(texts, y, taxon="vertebrates" if hybrid else "")
    train, valid, test = np.arange(40), np.arange(40, 50), np.arange(50, 60)
    size = {"filters": 4, "shared": 4, "recurrent": 4}
    options = {"size": size, "schedule": Schedule(epochs=1, batch_size=20, seed=1)}
    model = predictors.compared(table, hybrid=hybrid, members=2, **options)["ours"]()
    model.fit(train, valid)
    ids = np.array([f"p{number}" for number in range(60)])
    rows = np.concatenate([train, valid])
    served.save(tmp_path / "model", model, ids=ids, rows=rows, card={"cell_types": ["a", "b"]})
    loaded = served.load(tmp_path / "model")
    wanted = model.predict(test)
    wanted = wanted["ours"] if hybrid else wanted
    np.testing.assert_allclose(loaded.predict([texts[row] for row in test]), wanted, atol=1e-5)
    found = predict_table(
        loaded, pd.DataFrame({"sequence": [texts[3], texts[3][:30] + texts[55][:10], texts[52]]})
    )
    assert found["training"].tolist() == ["identical", "near", "new"]
    assert found["training_id"].tolist() == ["p3", "p3", ""]
    (tmp_path / "model" / "training.npz").unlink()
    with pytest.raises(ValueError, match="hashes of the training promoters are missing; copy"):
        served.load(tmp_path / "model" / served.NETWORK)
