import gzip

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from helpers.explain.gradients import integrated_gradients
from helpers.explain.heads import scorer
from helpers.explain.interaction import paired_mutation
from helpers.sequences.encoding import one_hot
from helpers.tracks.rna_peptide import data, predict
from helpers.tracks.rna_peptide.network import build_cross_attention, build_dual_dense
from helpers.tracks.rna_peptide.predict import interaction_maps, predict_file, predict_table
from helpers.training import Calibrator, load_run, save_run
from helpers.training.saving import Run

CARD = {"rna_alphabet": "ACGU", "peptide_alphabet": "ACDEFGHIKLMNPQRSTVWY", "max_length": 60}


def network(seed=0, length=None):
    """Sums over positions, so that padding adds nothing."""
    keras.utils.set_random_seed(seed)
    rna, peptide = keras.Input((length, 4), name="rna"), keras.Input((length, 20), name="peptide")
    keys = [layers.Dense(3, use_bias=False)(x) for x in (rna, peptide)]
    scores = layers.Dot(2, name="interaction_map")(keys)
    wide = layers.Reshape((-1, 1))(scores)
    total = layers.Lambda(_total, output_shape=(1,))(wide)
    logit = layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.02))(total)
    return keras.Model([rna, peptide], layers.Activation("sigmoid")(logit))


def _total(x):
    return keras.ops.sum(x, axis=1)


@pytest.fixture(scope="module")
def run():
    return Run(network(), CARD)


@pytest.fixture
def table(tmp_path):
    """Write a file and predict it."""

    def write(content, run, **options):
        path = tmp_path / "pairs.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        summary = predict_file(run, path, tmp_path / "out.csv", progress=False, **options)
        out = pd.read_csv(
            summary.path, dtype={"rna_id": str, "protein_id": str}, keep_default_na=False,
            na_values={c: [""] for c in ("probability", "ci_low", "ci_high")},
        )  # fmt: skip
        assert list(out.columns) == list(predict.COLUMNS)
        assert (out["probability"].isna() == (out["status"] == "rejected")).all()
        return out, summary

    return write


def random_pairs(n, seed=0, longest=60):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        chains = [
            "".join(rng.choice(list(a), rng.integers(1, longest + 1)))
            for a in ("ACGU", CARD["peptide_alphabet"])
        ]
        rows.append([f"r{i}", f"p{i}", *chains])
    return pd.DataFrame(rows, columns=["rna_id", "protein_id", "rna_seq", "protein_seq"])


def test_one_row_out_for_each_row_in_with_the_models_own_number(table, run):
    pairs = random_pairs(50)
    out, summary = table(pairs.to_csv(index=False), run)
    assert out["rna_id"].tolist() == pairs["rna_id"].tolist()
    assert out["line"].tolist() == list(range(2, 52))
    assert out["rna_length"].tolist() == pairs["rna_seq"].str.len().tolist()
    for row in (0, 17, 49):
        inputs = [
            one_hot([pairs[f"{chain}_seq"][row]], alphabet) for chain, alphabet in predict.CHAINS.items()
        ]
        expected = scorer(run.model, "probability")(inputs)[0]
        assert out["probability"][row] == pytest.approx(expected, abs=2e-6)
    assert summary[1:7] == (50, 50, 0, 0, 0, False)


def test_same_numbers_on_every_run_and_in_any_pieces(table, run):
    pairs = random_pairs(120, seed=1)
    first, _ = table(pairs.to_csv(index=False), run)
    again, _ = table(pairs.to_csv(index=False), run)
    pd.testing.assert_frame_equal(first, again)
    pieces, _ = table(pairs.to_csv(index=False), run, batch_rows=7)
    np.testing.assert_allclose(pieces["probability"], first["probability"], atol=2e-6)
    backwards, _ = table(pairs[::-1].to_csv(index=False), run)
    np.testing.assert_allclose(backwards["probability"][::-1], first["probability"], atol=2e-6)


def test_every_kind_of_letter_has_its_rule(table, run):
    rows = {
        "ACGT,MKV": ("changed", "rna_seq: 1 T written as U"),
        "acgu,MKV": ("changed", "lower-case"),
        "ACGU,mkv": ("changed", "protein_seq: 3 lower-case"),
        "ACGN,MKX": ("ok", "1 unknown (N)"),
        "AC9U,MKV": ("rejected", "rna_seq: position 3 holds '9' (a digit)"),
        "AC-U,MKV": ("rejected", "a gap"),
        "MKVLEFMKVLEF,MKV": ("rejected", "looks like a peptide"),
        "ACGU,ACGUACGUACGUACGUACGUACGU": ("rejected", "looks like a nucleotide"),
        "ACGU,": ("rejected", "protein_seq: the sequence is empty"),
        "ACGU": ("rejected", "expected 2"),
        "ACGU,MKV": ("ok", ""),
        "A" * 61 + ",MKV": ("rejected", "61 letters; expected at most 60"),
    }
    out, summary = table("rna_seq,protein_seq\n" + "\n".join(rows), run)
    assert out["status"].tolist() == [status for status, _ in rows.values()]
    for found, (_, expected) in zip(out["note"], rows.values(), strict=True):
        assert expected in found
    assert out["rna_id"].tolist() == [str(n + 1) for n in range(len(rows))]
    assert out["probability"][0] == out["probability"][1] == out["probability"][10]
    assert (summary.rows, summary.ok, summary.changed, summary.rejected) == (12, 2, 3, 7)


def test_windows_line_ends_byte_order_mark_and_gzip_change_nothing(table, run):
    text = random_pairs(5).to_csv(index=False)
    plain, _ = table(text, run)
    dos, _ = table(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), run)
    packed, _ = table(gzip.compress(text.encode()), run)
    pd.testing.assert_frame_equal(plain, dos)
    pd.testing.assert_frame_equal(plain, packed)


def test_repeated_ids_are_predicted_and_said(table, run):
    text = "rna_id,protein_id,rna_seq,protein_seq\nr,p,ACGU,MKV\nr,q,ACGU,MKV\nr,p,GGGG,MKV\n"
    out, summary = table(text, run, batch_rows=2)
    assert out["note"].tolist() == ["", "", "the same two ids stand in line 2"]
    assert out["probability"].notna().all()
    assert summary.repeated == 1


def test_a_name_that_is_a_tag_is_only_a_name(table, run):
    name = "<script>alert(1)</script>"
    out, _ = table(f'rna_id,rna_seq,protein_seq\n"{name}",ACGU,MKV\n', run)
    assert out["rna_id"].tolist() == [name]
    assert out["status"].tolist() == ["ok"]


def test_ten_million_letters_are_one_rejected_row(table, run):
    out, _ = table(f"rna_seq,protein_seq\n{'ACGU' * 2_500_000},MKV\nACGU,MKV\n", run)
    assert out["status"].tolist() == ["rejected", "ok"]
    assert out["rna_length"][0] == 10_000_000
    assert "expected at most 60" in out["note"][0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("rna,protein\nACGU,MKV\n", "there is no column rna_seq, protein_seq"),
        (b"rna_seq,protein_seq\nAC\0GU,MKV\n", "binary file"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(table, run, tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        table(content, run)
    assert not (tmp_path / "out.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv"]


def test_a_folder_or_nothing_is_refused(run, tmp_path):
    with pytest.raises(ValueError, match="this is a folder"):
        predict_file(run, tmp_path, tmp_path / "out.csv")
    with pytest.raises(ValueError, match="no such file"):
        predict_file(run, tmp_path / "no.csv", tmp_path / "out.csv")
    with pytest.raises(ValueError, match="would replace their input"):
        predict_file(run, tmp_path / "a.csv", tmp_path / "a.csv")


def test_a_header_alone_gives_a_header_alone(table, run):
    out, summary = table("rna_seq,protein_seq\n", run)
    assert len(out) == 0
    assert summary.rows == 0


def test_a_broken_run_leaves_the_earlier_file(table, run, tmp_path):
    out, _ = table("rna_seq,protein_seq\nACGU,MKV\n", run)
    bad = b"rna_seq,protein_seq\n" + b"ACGU,MKV\n" * 30 + b"AC\0GU,MKV\n"
    with pytest.raises(ValueError, match="line 32: found a NUL byte"):
        table(bad, run, batch_rows=5)
    assert len(pd.read_csv(tmp_path / "out.csv")) == len(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "pairs.csv"]


def test_separator_and_compressed_output(run, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("rna_seq\tprotein_seq\nACGU\tMKV\n")
    predict_file(run, path, tmp_path / "out.csv.gz", separator="\t")
    assert len(pd.read_csv(tmp_path / "out.csv.gz")) == 1


def calibration(low=0.1):
    rng = np.random.default_rng(0)
    p = rng.random(2000)
    return Calibrator.fit(rng.random(2000) < low + (1 - low) * p**2, p).to_card()


def test_a_calibration_in_the_card_is_used(table, run):
    text = random_pairs(20).to_csv(index=False)
    raw, _ = table(text, run)
    assert raw["ci_low"].isna().all()
    calibrated = Run(run.model, CARD | {"calibration": calibration()})
    out, summary = table(text, calibrated)
    assert summary.calibrated
    expected = Calibrator.from_card(calibrated.card["calibration"]).predict(raw["probability"])
    np.testing.assert_allclose(out["probability"], expected.probability, atol=1e-4)
    assert ((out["ci_low"] <= out["probability"]) & (out["probability"] <= out["ci_high"])).all()


def test_an_ensemble_averages_log_odds_and_widens_the_interval(table, run):
    text = random_pairs(20).to_csv(index=False)
    other = Run(network(seed=3), CARD)
    apart = np.stack([table(text, member)[0]["probability"] for member in (run, other)])
    scores = np.log(apart / (1 - apart))
    out, summary = table(text, [run, other])
    expected = 1 / (1 + np.exp(-scores.mean(axis=0)))
    np.testing.assert_allclose(out["probability"], expected, atol=1e-4)
    assert ((out["ci_low"] <= out["probability"]) & (out["probability"] <= out["ci_high"])).all()
    assert not summary.calibrated
    card = CARD | {"calibration": calibration()}
    single = table(text, Run(run.model, card))[0]
    both = table(text, [Run(run.model, card), Run(other.model, card)])[0]
    width = [(t["ci_high"] - t["ci_low"]).mean() for t in (single, both)]
    assert width[1] > width[0]


def test_every_member_has_a_say_in_the_calibration(run):
    """The first member's curve is true of the first member only: the order tells nothing."""
    curves = [{"calibration": calibration(low)} for low in (0.05, 0.6)]
    models = [run.model, network(seed=3)]
    members = [Run(model, CARD | curve) for model, curve in zip(models, curves, strict=True)]
    pairs = random_pairs(20)
    found, turned = predict_table(members, pairs), predict_table(members[::-1], pairs)
    np.testing.assert_allclose(found["probability"], turned["probability"], atol=1e-12)
    alike = predict_table([members[0], Run(models[1], CARD | curves[0])], pairs)
    assert np.abs(found["probability"] - alike["probability"]).min() > 0.05
    raw = predict_table([members[0], Run(models[1], CARD)], pairs)
    own = predict_table([Run(model, CARD) for model in models], pairs)
    np.testing.assert_array_equal(raw["probability"], own["probability"])


def test_rows_with_one_index_are_told_apart(run):
    pairs = random_pairs(3)
    twice = pd.concat([pairs, pairs.assign(rna_seq=["ACGU", None, "A9"])])
    found = predict_table(run, twice)
    assert found.index.tolist() == [0, 1, 2, 0, 1, 2]
    assert found["status"].tolist() == ["ok", "ok", "ok", "ok", "rejected", "rejected"]
    assert found["rna_length"].tolist()[3:] == [4, 0, 2]


def test_a_model_of_fixed_length(table):
    fixed = network(length=10)
    rows = "rna_seq,protein_seq\nACGU,MKV\nACGUACGUACG,MKV\n"
    out, _ = table(rows, Run(fixed, {}))
    assert out["status"].tolist() == ["ok", "rejected"]
    assert "11 letters; expected at most 10" in out["note"][1]
    out, _ = table(rows, Run(fixed, {"truncate": True}))
    assert out["status"].tolist() == ["ok", "changed"]
    assert "cut from 11 to the first 10 residues" in out["note"][1]
    assert out["rna_length"][1] == 10


def test_predict_table_keeps_the_sequences(run):
    found = predict_table(run, pd.DataFrame({"rna_seq": ["acgt"], "protein_seq": ["MKV"]}))
    assert found["rna_seq"].tolist() == ["ACGU"]
    assert found["line"].tolist() == [1]
    with pytest.raises(ValueError, match="the table has no column protein_seq; found rna_seq"):
        predict_table(run, pd.DataFrame({"rna_seq": ["ACGU"]}))


def test_interaction_maps_of_chosen_pairs(run):
    pairs = pd.DataFrame({"rna_seq": ["ACGUA", "A9"], "protein_seq": ["MKV", "MKV"]})
    first, second = interaction_maps(run, pairs)
    assert first.values.shape == (5, 3)
    assert np.isfinite(first.values).all()
    assert second.status == "rejected"
    assert second.values.size == 0
    assert np.isnan(second.probability)
    ensemble = next(interaction_maps([run, run], pairs))
    np.testing.assert_allclose(ensemble.values, first.values)


def test_a_model_of_something_else_is_refused(run):
    pairs = random_pairs(1)
    swapped = Run(keras.Model(run.model.inputs[::-1], run.model.output), {})
    with pytest.raises(ValueError, match="expected an RNA"):
        predict_table(swapped, pairs)
    with pytest.raises(ValueError, match="rna_alphabet = 'ACGT'; this version reads"):
        predict_table(Run(run.model, {"rna_alphabet": "ACGT"}), pairs)
    with pytest.raises(ValueError, match="no run was given"):
        predict_table([], pairs)


@pytest.fixture(scope="module", params=["sample", "real", "dual_dense"])
def built(request):
    keras.utils.set_random_seed(1)
    fixed = request.param == "dual_dense"
    return build_dual_dense() if fixed else build_cross_attention(request.param, filters=8)


def test_padding_changes_nothing(built):
    pairs = random_pairs(6, seed=5)
    score = scorer(built, "probability")
    fixed = built.inputs[0].shape[1]
    found = predict_table(Run(built, {}), pairs)["probability"]
    for row, (rna, peptide) in enumerate(pairs[["rna_seq", "protein_seq"]].to_numpy()):
        alone = [one_hot([rna], predict.RNA, length=fixed), one_hot([peptide], predict.PEPTIDE, length=fixed)]
        assert found[row] == pytest.approx(score(alone)[0], abs=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras, while saving
@pytest.mark.filterwarnings("ignore:Skipping variable loading")  # it was never fitted
def test_a_saved_model_predicts_and_explains_the_same(built, tmp_path):
    pairs = random_pairs(4, seed=6)
    card = {"rna_alphabet": "ACGU", "calibration": calibration()}
    save_run(tmp_path / "model.keras", built, card)
    loaded = load_run(tmp_path / "model.keras", expect={"rna_alphabet": "ACGU"})
    one, other = predict_table(Run(built, card), pairs), predict_table(loaded, pairs)
    np.testing.assert_allclose(one["probability"], other["probability"], atol=1e-6)
    if built.name == "dual_dense":
        with pytest.raises(ValueError, match="no layer named 'interaction_map'; its layers are"):
            next(interaction_maps(loaded, pairs))
        return
    for found, row in zip(interaction_maps(loaded, pairs), pairs.itertuples(), strict=True):
        assert found.values.shape == (len(row.rna_seq), len(row.protein_seq))
        assert np.isfinite(found.values).all()
        assert found.values.min() >= 0
        assert found.values.max() > 0


def test_real_models_are_explained_completely(built):
    pairs = random_pairs(3, seed=7)
    fixed = [one.shape[1] for one in built.inputs]
    inputs = data.one_hot(pairs, lengths=None if None in fixed else fixed)
    result = integrated_gradients(built, inputs, steps=128, progress=False)
    assert np.abs(result.deltas).max() < 0.01
    for values, one in zip(result.values, inputs, strict=True):
        assert (values[one.sum(-1) == 0] == 0).all()
    mutated = paired_mutation(built, [one[:1] for one in inputs], progress=False)
    assert mutated.values.shape == (len(pairs["rna_seq"][0]), len(pairs["protein_seq"][0]))
    assert np.isfinite(mutated.values).all()
