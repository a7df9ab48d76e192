"""Predictions of a user's own files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import data, predict

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample" / "sirna_efficacy"


FILES = SAMPLE / "predict_mRNA.fa", SAMPLE / "predict_siRNA.fa"


def test_every_pair_of_a_users_files_has_a_row(tmp_path, fitted):
    records = data.read_records(*FILES)
    fitted = fitted.on(fitted.table)
    fitted.calibrate(pd.DataFrame({"y": np.arange(12.0), "p": 0.0, "unsure": 1.0, "group": np.arange(12)}))
    found = predict.predict_table(fitted, records, max_mismatches=2)
    assert found.columns.tolist() == list(predict.COLUMNS)
    assert len(found) == np.prod(records["kind"].value_counts())
    scored = found[found["status"] == "scored"]
    assert scored["efficacy"].notna().all()
    assert (scored["low"] < scored["high"]).all()
    assert found.loc[found["status"] != "scored", "efficacy"].isna().all()
    assert set(scored["standing"]) <= {"identical", "near", "new"}
    assert (found.loc[found["status"] != "scored", "note"] != "").all()
    notes = found.drop_duplicates("sirna_id").set_index("sirna_id")["note"]
    assert "20 nt" in notes["bad_20nt"]
    assert "22 nt" in notes["bad_22nt"]
    assert "unknown (N)" in notes["bad_unknown"]
    assert "copy of the mRNA" in notes["sense"]
    out = tmp_path / "p.csv"
    again = predict.predict_file(fitted, FILES[0], out, guides=FILES[1], max_mismatches=2)
    pd.testing.assert_frame_equal(found, again)
    assert len(pd.read_csv(out)) == len(found)
    turned = predict.predict_table(fitted, records, turn_sense=True)
    row = turned[(turned["sirna_id"] == "sense") & (turned["mrna_id"] == "new_mrna01")].iloc[0]
    assert row["status"] == "scored"
    assert "reverse complement was scored" in row["note"]


@pytest.mark.parametrize("kinds", [[], ["siRNA"], ["mRNA"]])
def test_without_pairs_there_is_no_row_but_every_column(fitted, kinds):
    records = data.read_records(*FILES)
    found = predict.predict_table(fitted, records[records["kind"].isin(kinds)])
    assert found.columns.tolist() == list(predict.COLUMNS)
    assert found.empty


def test_the_interval_of_a_prediction_is_the_one_of_nine_in_ten(fitted, small):
    row = small.sirnas.iloc[0]
    target = [small.mrnas[row["mRNA"]]]
    errors = pd.DataFrame({"y": np.arange(12.0), "p": 0.0, "unsure": 1.0, "group": np.arange(12)})
    fitted = fitted.on(fitted.table)
    fitted.calibrate(errors)
    found = predict.score(fitted, [row["guide"]], target, starts=[row["start"]]).iloc[0]
    sure = fitted.predict(np.arange(1))["ours"].iloc[0]
    assert np.allclose(found[["efficacy", "low", "high"]].astype(float), sure[["p", "low_90", "high_90"]])


def test_explanation_is_about_guides_that_match(fitted, small):
    mrna = small.mrnas["mrna01"]
    report = predict.explain(fitted, mrna, 30)
    guide = reverse_complement(mrna[30:51], RNA)
    own = [report.mutations[i, "ACGU".index(x)] for i, x in enumerate(guide)]
    assert not np.any(own)
    assert np.count_nonzero(report.mutations) > 50
    assert report.attention.shape == (21, 57)
