import keras
import numpy as np
import pandas as pd
import pytest

from helpers.tracks.gene_expression.predict import predict_file
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
    return Run(model, CARD)


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


def test_a_card_without_cell_types(run, tmp_path):
    with pytest.raises(ValueError, match="card says nothing of cell_types; expected the card that"):
        predict_file(run._replace(card={k: v for k, v in CARD.items() if k != "cell_types"}), "x", "y")
