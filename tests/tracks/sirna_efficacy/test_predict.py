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
    assert set(scored["training"]) <= {"identical", "near", "new"}
    assert (found.loc[found["status"] != "scored", "note"] != "").all()
    notes = found.drop_duplicates("sirna_id").set_index("sirna_id")["note"]
    assert "18 nt" in notes["bad_18nt"]
    assert "24 nt" in notes["bad_24nt"]
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


def test_a_table_of_pairs_has_a_row_for_each_of_its_rows(tmp_path, fitted):
    fitted = fitted.on(fitted.table)
    fitted.calibrate(pd.DataFrame({"y": np.arange(12.0), "p": 0.0, "unsure": 1.0, "group": np.arange(12)}))
    guides = data.read_guides(FILES[1]).set_index("id")["sequence"]
    path = tmp_path / "pairs.csv"
    path.write_text(
        f"Guide;Gene\n{guides['n06']};new_mrna01\n{guides['n06']};nobody\n;new_mrna01\nACGU;new_mrna01\n"
    )
    asked = predict.read(path, FILES[0], columns="siRNA=Guide, mRNA=Gene")
    found = predict.predict_table(fitted, asked.records, pairs=asked.pairs)
    assert found["mrna_id"].tolist() == ["new_mrna01", "nobody", "new_mrna01", "new_mrna01"]
    assert found["status"].tolist() == ["scored", "rejected", "rejected", "rejected"]
    said = ["", "'nobody' is not", "is empty", "4 nt"]
    assert all(part in note for part, note in zip(said, found["note"], strict=True))
    path.write_text("siRNA,mRNA\nn06,new_mrna01\nn99,new_mrna01\n")
    asked = predict.read(path, FILES[0], sirna_fasta=FILES[1])
    again = predict.predict_table(fitted, asked.records, pairs=asked.pairs)
    assert again["efficacy"].iloc[0] == found["efficacy"].iloc[0]
    assert "'n99' is not in the FASTA file" in again["note"].iloc[1]
    with pytest.raises(ValueError, match="both FASTA files of guides"):
        predict.read(FILES[1], FILES[0], sirna_fasta=FILES[1])


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
