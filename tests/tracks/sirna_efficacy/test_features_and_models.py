"""The siRNA track: sample, loader, network, hybrid, prediction of a user's files."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from helpers import training
from helpers.plots import predictions
from helpers.readers.fasta import write_fasta
from helpers.tracks.sirna_efficacy import data as dataset
from helpers.tracks.sirna_efficacy import features, predict, predictors, records, saving, simulate
from helpers.tracks.sirna_efficacy import guides as units
from helpers.tracks.sirna_efficacy.figures import design, efficacy
from helpers.tracks.sirna_efficacy.network import build_siamese
from helpers.tracks.sirna_efficacy.target_sites import reverse_complement

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample" / "sirna_efficacy"


@pytest.fixture(scope="module")
def small():
    return simulate.simulate(simulate.Plan(mrnas=4, guides=15, lengths=(120, 140)), seed=3)


@pytest.fixture(scope="module")
def table(small):
    rows = small.sirnas
    mrnas = [small.mrnas[name] for name in rows["mRNA"]]
    guides, starts = rows["guide"].tolist(), rows["start"].tolist()
    computed = features.compute(guides, mrnas, starts)
    contexts = [dataset.context(m, s) for m, s in zip(mrnas, starts, strict=True)]
    return predictors.Table(guides, contexts, mrnas, starts, computed, rows["efficacy"])


@pytest.fixture(scope="module")
def fitted(table):
    hybrid = predictors.Hybrid(table, epochs=2, batch_size=16, width=4, units=4, read=2, members=2)
    hybrid.fit(np.arange(40), np.arange(40, 60))
    return hybrid


def test_git_holds_what_the_code_makes(tmp_path):
    for path in simulate.write(tmp_path):
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name


def test_the_sample_is_read_and_every_row_accounted_for():
    files = [SAMPLE / name for name in ("efficacy.csv", "siRNA.fa", "mRNA.fa")]
    kept = dataset.from_files(*files)
    turned = dataset.from_files(*files, turn_sense=True)
    assert len(kept.rows) == len(turned.rows) == len(pd.read_csv(files[0]))
    assert len(turned.pairs) == len(kept.pairs) + 3
    assert (turned.rows["status"] == "changed").sum() == 3
    assert "not its complement" in kept.rows.loc[kept.rows["orientation"] == "sense", "note"].iloc[0]
    truth = pd.read_csv(SAMPLE / "truth_sirna.csv").set_index("siRNA")
    assert (truth.loc[turned.pairs["sirna_id"], "start"].to_numpy() == turned.pairs["start"]).all()
    assert dataset.outcome(turned).set_index("what").loc["mRNAs", "rows"] == 20


def test_pairs_come_back_from_the_disk(tmp_path, small):
    write_fasta(tmp_path / "m.fa", list(small.mrnas.items()))
    write_fasta(tmp_path / "s.fa", list(zip(small.sirnas["siRNA"], small.sirnas["guide"], strict=True)))
    small.sirnas[["siRNA", "mRNA", "efficacy"]].to_csv(tmp_path / "e.csv", index=False)
    loaded = dataset.from_files(tmp_path / "e.csv", tmp_path / "s.fa", tmp_path / "m.fa")
    dataset.write(loaded, tmp_path)
    pairs, whole = dataset.read_pairs(tmp_path / "pairs.csv")
    pd.testing.assert_frame_equal(pairs, loaded.pairs, check_dtype=False)
    assert whole[0] == small.mrnas["mrna01"]
    text = (tmp_path / "pairs.csv").read_text().replace(f",{pairs['start'][0]},", ",x,", 1)
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ValueError, match="line 2: start is 'x'"):
        dataset.read_pairs(tmp_path / "pairs.csv")


def test_the_loader_names_what_it_cannot_use(tmp_path):
    site = "AACCGGUUACGUACGUUAGCA"
    write_fasta(tmp_path / "m.fa", [("m", "GG" + site + "CC"), ("short", "ACGU")])
    write_fasta(tmp_path / "s.fa", [("a", reverse_complement(site)), ("b", "A" * 21)])
    files = tmp_path / "e.csv", tmp_path / "s.fa", tmp_path / "m.fa"
    files[0].write_text("siRNA,mRNA,efficacy\na,m,0.5\nb,m,0.5\nc,m,1\na,x,1\na,short,1\na,m,high\n")
    loaded = dataset.from_files(*files)
    notes = loaded.rows["note"].tolist()
    assert len(loaded.pairs) == 1
    assert "no site" in notes[1]
    assert "the siRNA 'c' is not in the FASTA" in notes[2]
    assert "the mRNA 'x' is not in the FASTA" in notes[3]
    assert "fewer than the 21" in notes[4]
    assert "expected a number" in notes[5]
    files[0].write_text("siRNA,mRNA,efficacy\na,m,85\n")
    with pytest.raises(ValueError, match="Divide percentages by 100"):
        dataset.from_files(*files)
    files[0].write_text("siRNA,mRNA,efficacy\nb,m,0.5\n")
    with pytest.raises(ValueError, match="no row could be used"):
        dataset.from_files(*files)
    with pytest.raises(ValueError, match="holds no siRNAs"):
        dataset.from_registry("rpi2241")


def test_network_reads_the_map_in_the_order_of_the_input_and_survives_the_disk(tmp_path):
    model = build_siamese(3)
    assert model.get_layer("interaction_map").output.shape == (None, 21, 57)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False, safe_mode=True)
    rng = np.random.default_rng(0)
    X = [np.eye(4)[rng.integers(0, 4, (2, n))] for n in (21, 57)] + [rng.normal(size=(2, 3))]
    first, second = (keras.ops.convert_to_numpy(m(X)) for m in (model, again))
    assert np.allclose(first, second)
    site = "AACCGGUUACGUACGUUAGCA"
    context = "G" * 18 + site + "G" * 18
    pair = [dataset_one_hot(text) for text in (reverse_complement(site), context)]
    look = keras.Model(model.inputs, model.get_layer("interaction_map").output)
    found = keras.ops.convert_to_numpy(look([*pair, np.zeros((1, 3))]))
    assert units.at_partners(found)[0, 3:18].mean() > 2 * found.mean()


def dataset_one_hot(text):
    return np.eye(4, dtype="float32")[[["ACGU".index(x) for x in text]]]


def test_network_sizes_are_checked():
    with pytest.raises(ValueError, match="no size depth"):
        build_siamese(3, depth=2)
    with pytest.raises(ValueError, match="expected an odd number"):
        build_siamese(3, kernel=4)
    with pytest.raises(ValueError, match="expected 1 or more"):
        build_siamese(0)


def test_hybrid_gives_parts_intervals_and_survives_the_disk(tmp_path, fitted, table):
    rows = np.arange(40, 60)
    found = fitted.predict(rows)
    low, high = sorted([fitted.network.predict(rows)[0], fitted.process.predict(rows)[0]])
    assert low - 1e-6 <= found["ours"][0] <= high + 1e-6
    assert (found["half_50"] <= found["half_95"]).all()
    path = saving.save(fitted, tmp_path, {"dataset": "simulated"})
    again, card = saving.load(path)
    assert card == {"dataset": "simulated"}
    assert np.allclose(again.on(table).predict(rows)["ours"], found["ours"], atol=1e-5)
    (tmp_path / "sirna_process.npz").write_bytes(b"other")
    with pytest.raises(ValueError, match="not the file that models"):
        saving.load(path)
    path.write_text("{}")
    with pytest.raises(ValueError, match="says nothing of members"):
        saving.load(path)


def test_simple_models_learn_and_the_control_sees_shuffled_labels(table):
    train, valid = np.arange(40), np.arange(40, 60)
    for model in (predictors.Baseline(table), predictors.Support(table)):
        model.fit(train, valid)
        assert np.isfinite(model.predict(valid)).all()
    network = predictors.Network(table, epochs=1, width=4, units=4, read=2)
    control = training.Shuffled(network)
    before = table.y.copy()
    control.fit(train, valid)
    assert (table.y == before).all()
    assert control.predict(valid).shape == (20,)


def test_table_needs_one_of_each(table):
    with pytest.raises(ValueError, match="expected one of each"):
        predictors.Table(["A" * 21], [], ["A" * 60], [0], table.features)


def test_conformal_intervals_hold_their_share():
    rng = np.random.default_rng(0)
    quantile = predictors.conformal_quantile(np.abs(rng.normal(size=2000)), 0.9)
    assert np.mean(np.abs(rng.normal(size=20_000)) <= quantile) == pytest.approx(0.9, abs=0.02)


def test_every_pair_of_a_users_files_has_a_row(fitted):
    guides = records.read_guides(SAMPLE / "predict_siRNA.fa")
    mrnas = records.read_mrnas(SAMPLE / "predict_mRNA.fa")
    found = predict.predict_pairs(fitted, mrnas, guides, max_mismatches=2)
    assert len(found) == len(guides) * len(mrnas)
    scored = found[found["status"] == "scored"]
    assert scored["efficacy"].notna().all()
    assert (scored["low"] < scored["high"]).all()
    assert found.loc[found["status"] != "scored", "efficacy"].isna().all()
    assert (found.loc[found["status"] != "scored", "note"] != "").all()
    notes = found.drop_duplicates("sirna_id").set_index("sirna_id")["note"]
    assert "20 nt" in notes["bad_20nt"]
    assert "22 nt" in notes["bad_22nt"]
    assert "unknown (N)" in notes["bad_unknown"]
    assert "copy of the mRNA" in notes["sense"]
    again = predict.predict_pairs(fitted, mrnas, guides, max_mismatches=2)
    pd.testing.assert_frame_equal(found, again)
    turned = predict.predict_pairs(fitted, mrnas, guides, turn_sense=True)
    row = turned[(turned["sirna_id"] == "sense") & (turned["mrna_id"] == "new_mrna01")].iloc[0]
    assert row["status"] == "scored"
    assert "reverse complement was scored" in row["note"]


def test_explanation_is_about_guides_that_match(fitted, small):
    mrna = small.mrnas["mrna01"]
    report = predict.explain(fitted, mrna, 30)
    guide = reverse_complement(mrna[30:51])
    own = [report.mutations[i, "ACGU".index(x)] for i, x in enumerate(guide)]
    assert not np.any(own)
    assert np.count_nonzero(report.mutations) > 50
    assert report.attention.shape == (21, 57)


def test_pictures(tmp_path):
    rng = np.random.default_rng(0)
    p = rng.random(400)
    both = pd.DataFrame({"protocol": "random_10fold", "p": p, "y": p + rng.normal(0, 0.1, 400)})
    assert "r = 0.9" in efficacy.predicted_measured(both, title="t", unit="u").axes[0].get_title("left")
    efficacy.residuals(both, title="t", unit="u")
    columns = {"protocol": "a", "level": [0.5, 0.9], "observed": [0.5, 0.9]}
    efficacy.coverage(pd.DataFrame(columns | {"ci_low": 0.4, "ci_high": 0.95}), title="t")
    efficacy.histogram({"a": p}, x="x", title="t")
    trend = pd.DataFrame({"x": [0, 1], "y": [0, 1], "ci_low": [0, 1], "ci_high": [0, 1]})
    efficacy.trends({"a": trend}, units={"a": "nt"}, title="t")
    scan = pd.DataFrame(
        {"start": range(50), "efficacy": p[:50], "low": p[:50] - 0.1, "high": p[:50] + 0.1}
    ).assign(filter=[""] * 25 + ["GC"] * 25)
    chosen = scan.head(2).assign(rank=[1, 2])
    design.scan(scan, rng.random(70), chosen, title="t")
    named = scan.head(3).assign(name=list("abc"))
    design.intervals(named, title="t", label="name", mark=["b"])
    with pytest.raises(ValueError, match="efficacy"):
        design.intervals(named.drop(columns="efficacy"), title="t", label="name")
    rows = pd.DataFrame({"rna_id": ["m"], "protein_id": ["s"], "probability": [0.5], "status": ["ok"]})
    heads = ["Row", "mRNA", "siRNA", "Efficacy", "90 % interval", "Status", "Note", ""]
    page = predictions.predictions_page(tmp_path / "p.html", rows, title="t", heads=heads)
    assert "Efficacy" in page.read_text()
