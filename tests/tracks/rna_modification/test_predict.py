"""Predictions over a user's RNAs: every record has a row, every window is the loader's."""

import gzip

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from helpers.stats.odds import logit
from helpers.tracks.rna_modification import predict, served
from helpers.tracks.rna_modification.data import MODIFICATIONS, encode
from helpers.tracks.rna_modification.known import KnownWindows
from helpers.tracks.rna_modification.predict import Options, predict_file, predict_table
from helpers.tracks.rna_modification.served import WindowNetwork
from helpers.training.saving import Run, save_run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LENGTH = 9
HEADS = ["Am", "m6A", "Psi"]
CARD = {"rna_alphabet": "ACGU", "length": LENGTH, "modifications": HEADS}


def network(heads=3, *, length=LENGTH, seed=0):
    """A logit that is linear in the letters, so that its value can be worked out by hand."""
    keras.utils.set_random_seed(seed)
    window = keras.Input((length, 4), name="window")
    logit = layers.Dense(heads, name="logit")(layers.Flatten()(window))
    return keras.Model(window, layers.Activation("sigmoid", name="probability")(logit))


@pytest.fixture(scope="module")
def run():
    return Run(network(), CARD)


def by_hand(run, sequences):
    X = encode(pd.DataFrame({"sequence": sequences}), LENGTH)
    return np.asarray(run.model(X))


def table(*sequences):
    return pd.DataFrame({"id": [f"r{n}" for n in range(len(sequences))], "sequence": sequences})


@pytest.fixture
def fasta(tmp_path):
    def write(text, run, **options):
        path = tmp_path / "in.fasta"
        path.write_text(text)
        counts = predict_file(run, path, tmp_path / "out.csv", options=Options(**options), progress=False)
        found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, na_values={"probability": [""]})
        assert list(found.columns) == list(predict.COLUMNS)
        assert set(found["status"]) <= set(predict.STATUSES)
        assert counts == found["status"].value_counts().to_dict()
        return found

    return write


def test_the_middle_of_each_record(run):
    found = predict_table(run, table("GGGGACCCC", "CCCCUCCCC"))
    values = by_hand(run, ["GGGGACCCC", "CCCCUCCCC"])
    assert found["modification"].tolist() == ["Am", "m6A", "Psi"]
    assert found["base"].tolist() == ["A", "A", "U"]
    assert found["position"].tolist() == [5, 5, 5]
    wanted = [values[0, 0], values[0, 1], values[1, 2]]
    assert found["probability"].tolist() == pytest.approx(wanted, abs=1e-6)


def test_a_longer_record_is_cut_around_its_middle(run):
    long = predict_table(run, table("UUU" + "GGGGACCCC" + "GUA"))
    assert long["probability"].tolist() == pytest.approx(
        predict_table(run, table("GGGGACCCC"))["probability"].tolist()
    )
    assert long["position"].tolist() == [8, 8]


def test_a_short_record_is_padded_and_says_so(run):
    found = predict_table(run, table("GAC"))
    assert found["status"].tolist() == ["padded", "padded"]
    assert found["beyond"].tolist() == [6, 6]
    assert found["note"].iloc[0] == "6 nt of the window lie beyond the record"
    assert found["probability"].tolist() == pytest.approx(by_hand(run, ["GAC"])[0, :2].tolist())


@settings(max_examples=25)
@given(text=st.text("ACGUN", min_size=1, max_size=24))
def test_a_scan_is_each_site_cut_out_by_hand(text):
    run = _linear()
    found = predict_table(run, table(text), Options(mode="scan"))
    sites = [i for i, letter in enumerate(text) if letter in "AU"]
    if not sites:
        assert found["status"].tolist() == ["unscored"]
        return
    wanted = []
    for site in sites:
        padded = f"....{text}...."[site : site + LENGTH]
        X = np.array([{".": [0.0] * 4, "N": [0.25] * 4}.get(c, np.eye(4)["ACGU".find(c)]) for c in padded])
        values = np.asarray(run.model(X[None].astype(np.float32)))[0]
        names = HEADS[:2] if text[site] == "A" else HEADS[2:]
        beyond = padded.count(".")
        wanted += [(site + 1, text[site], name, beyond, values[HEADS.index(name)]) for name in names]
    columns = ["position", "base", "modification", "beyond"]
    assert found[columns].values.tolist() == [list(row[:4]) for row in wanted]
    assert found["probability"].to_numpy() == pytest.approx([row[4] for row in wanted], abs=1e-6)
    assert (found["status"] == "padded").tolist() == [row[3] > 0 for row in wanted]


_RUNS = {}


def _linear():
    """One model for all examples of a property test."""
    return _RUNS.setdefault("linear", Run(network(seed=3), CARD))


def test_batches_change_nothing(run, fasta, monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGU"), n)) for n in (40, 1, 2, 33, 80)]
    text = "".join(f">r{n}\n{one}\n" for n, one in enumerate([*texts, "CCC", "A-C"]))
    whole = fasta(text, run, mode="scan", least=0.4)
    monkeypatch.setattr(predict, "BATCH", 7)
    pieces = fasta(text, run, mode="scan", least=0.4)
    pd.testing.assert_frame_equal(whole, pieces)


def test_every_record_has_a_row(run, fasta):
    found = fasta(
        ">ok one\nGGGGTCCCC\n>even\nGGAC\n>gap\nGG-GACCCC\n>mixed\nTGGGAUCCC\n>base\nGGGGCCCCC\n"
        ">unknown\nGGGGNCCCC\n>none\n>lower\nggggacccc\n",
        run,
    )
    by = found.drop_duplicates("record").set_index("record")
    assert by["status"].to_dict() == {
        "ok": "scored", "even": "rejected", "gap": "rejected", "mixed": "rejected",
        "base": "unscored", "unknown": "unscored", "none": "rejected", "lower": "scored",
    }  # fmt: skip
    assert by["line"].tolist() == [1, 3, 5, 7, 9, 11, 13, 14]
    assert "1 T written as U" in by.loc["ok", "note"]
    assert "an even number" in by.loc["even", "note"]
    assert "position 3 holds '-' (a gap)" in by.loc["gap", "note"]
    assert "holds both T and U" in by.loc["mixed", "note"]
    assert "C is in the middle; the model knows modifications of A U only" in by.loc["base", "note"]
    assert "N is in the middle" in by.loc["unknown", "note"]
    assert "empty" in by.loc["none", "note"]


def test_short_records_are_rejected_on_request(run):
    found = predict_table(run, table("GAC", "GGGGACCCC"), Options(short="reject"))
    assert found["status"].tolist() == ["rejected", "scored", "scored"]
    assert "3 nt long; the model takes 9" in found["note"].iloc[0]


def test_a_scan_can_keep_off_the_ends(run):
    found = predict_table(run, table("ACCCCACCCCA", "AAAA"), Options(mode="scan", short="reject"))
    assert found["position"].iloc[:2].tolist() == [6, 6]
    assert found["status"].tolist() == ["scored", "scored", "unscored"]
    assert "no A or U at least 4 nt from both ends" in found["note"].iloc[2]


def test_a_record_below_the_least_keeps_a_row(run, fasta):
    found = fasta(">a\nGGGGACCCC\n>b\nCCCC\n", run, mode="scan", least=1.0)
    assert found["status"].tolist() == ["scored", "unscored"]
    assert found["note"].iloc[0] == "every site is below 1.0"
    assert found["probability"].isna().all()


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_prior_moves_the_odds_from_the_share_of_the_training_rows(run, share):
    told = Run(run.model, CARD | {"prevalence": dict.fromkeys(HEADS, share)})
    even = predict_table(told, table("GGGGACCCC"))["probability"].to_numpy()
    rare = predict_table(told, table("GGGGACCCC"), Options(prior=0.01))["probability"].to_numpy()
    moved = (0.01 / 0.99) / (share / (1 - share))
    assert rare / (1 - rare) == pytest.approx(even / (1 - even) * moved)
    same = predict_table(told, table("GGGGACCCC"), Options(prior=share))["probability"]
    assert same.to_numpy() == pytest.approx(even)


def test_a_prior_needs_a_card_that_tells_the_share(run):
    with pytest.raises(ValueError, match="says nothing of the prevalence of Am, m6A, Psi in training"):
        predict_table(run, table("GGGGACCCC"), Options(prior=0.01))


def test_an_ensemble_averages_the_heads_it_has(run):
    single = Run(network(1, seed=5), CARD | {"modifications": ["m6A"]})
    found = predict_table([run, single], table("GGGGACCCC")).set_index("modification")
    X = encode(table("GGGGACCCC"), LENGTH)
    odds = [np.log(p / (1 - p)) for p in (by_hand(run, ["GGGGACCCC"])[0, 1], single.model(X)[0, 0])]
    wanted = 1 / (1 + np.exp(-np.mean(odds)))
    assert found.loc["m6A", "probability"] == pytest.approx(wanted, abs=1e-6)
    assert found.loc["Am", "probability"] == pytest.approx(by_hand(run, ["GGGGACCCC"])[0, 0], abs=1e-6)


def test_a_model_without_a_logit_layer(run):
    bare = keras.Model(run.model.input, run.model.output)
    inner = keras.Sequential([keras.Input((LENGTH, 4)), bare])
    found = predict_table(Run(inner, CARD), table("GGGGACCCC"))
    assert found["probability"].tolist() == pytest.approx(
        by_hand(run, ["GGGGACCCC"])[0, :2].tolist(), abs=1e-6
    )


def test_gzip_in_and_out(run, tmp_path):
    path = tmp_path / "in.fasta.gz"
    path.write_bytes(gzip.compress(b">a\nGGGGACCCC\n"))
    predict_file(run, path, tmp_path / "out.csv.gz", progress=False)
    assert len(pd.read_csv(tmp_path / "out.csv.gz")) == 2


def test_nothing_is_left_of_a_run_that_failed(run, tmp_path):
    path = tmp_path / "in.fasta"
    path.write_text("GGGGACCCC\n")
    with pytest.raises(ValueError, match="there is no column sequence; found GGGGACCCC"):
        predict_file(run, path, tmp_path / "out.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["in.fasta"]


def test_the_output_may_not_be_the_input(run, tmp_path):
    with pytest.raises(ValueError, match="would replace their input"):
        predict_file(run, tmp_path / "a.fasta", tmp_path / "a.fasta")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "all"}, "mode is 'all'; expected 'centre' or 'scan'"),
        ({"short": "cut"}, "short is 'cut'; expected 'pad' or 'reject'"),
        ({"prior": 0}, "prior is 0; expected a share above 0 and below 1"),
        ({"least": 2}, "least is 2; expected a probability from 0 to 1"),
    ],
)
def test_unknown_options(run, options, message):
    with pytest.raises(ValueError, match=message):
        predict_table(run, table("GGGGACCCC"), Options(**options))


def test_a_table_without_sequences(run):
    with pytest.raises(ValueError, match="the table has no column sequence; found id"):
        predict_table(run, pd.DataFrame({"id": ["a"]}))


def test_an_empty_table_gives_an_empty_one(run):
    assert list(predict_table(run, table())) == list(predict.COLUMNS)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"rna_alphabet": "ATCG"}, "reads the letters 'ATCG'; expected 'ACGU'"),
        ({"length": 11}, "by its card: the model reads 9 x 4; expected 11 x 4, in this order"),
        ({"modifications": ["Am"]}, "the model gives 3 numbers a row; expected 1"),
        ({"modifications": ["Am", "m6A", "hm5C"]}, "names the modifications hm5C"),
    ],
)
def test_a_card_that_does_not_fit(run, card, message):
    with pytest.raises(ValueError, match=message):
        WindowNetwork(Run(run.model, CARD | card))


@pytest.mark.parametrize("key", list(CARD))
def test_a_card_that_lacks_a_key(run, key):
    card = {name: value for name, value in CARD.items() if name != key}
    with pytest.raises(ValueError, match=f"card says nothing of '{key}'"):
        WindowNetwork(Run(run.model, card))


def test_no_model_an_even_one_and_two_lengths(run):
    with pytest.raises(ValueError, match="no model was given"):
        WindowNetwork([])
    with pytest.raises(ValueError, match="length is 8 nt; expected an odd number"):
        WindowNetwork(Run(network(length=8), CARD | {"length": 8}))
    with pytest.raises(ValueError, match="take windows of 9, 11 nt; expected one length"):
        WindowNetwork([run, Run(network(length=11), CARD | {"length": 11})])


def test_heads_come_in_the_order_of_the_public_files(run):
    turned = CARD | {"modifications": HEADS[::-1]}
    names = WindowNetwork(Run(run.model, turned)).modifications
    assert names == [name for name in MODIFICATIONS if name in HEADS]


def test_what_is_served_is_all_that_ours_was_measured_with(tmp_path):
    networks = {"shared.keras": network(seed=1), "singles/Am.keras": network(1, seed=2)}
    heads = {"shared.keras": HEADS, "singles/Am.keras": ["Am"]}
    cards = {name: CARD | {"modifications": heads[name]} for name in networks}
    given = {name: (model, cards[name]) for name, model in networks.items()}
    known = KnownWindows.of(["GGGGACUGG"], LENGTH)
    assert served.save(tmp_path / "m", given, known=known, about={"measured": [1]}) == list(networks)
    for path in (tmp_path / "m", tmp_path / "m" / "shared.keras"):
        one = served.load(path, length=LENGTH)
        assert one.card["measured"] == [1]
        assert len(one.runs) == 2
    X = encode(pd.DataFrame({"sequence": ["GGGGACUGG"]}), LENGTH)
    found = WindowNetwork(one).log_odds(X)
    shared, single = (logit(model.predict(X, verbose=0), clip=1e-7) for model in networks.values())
    np.testing.assert_allclose(found[0, 0], (shared[0, 0] + single[0, 0]) / 2, atol=1e-5)
    np.testing.assert_allclose(found[0, 1:], shared[0, 1:], atol=1e-5)
    rows = predict_table(one, table("GGGGACUGG", "GGGGACUGC"))
    assert rows.groupby("record")["training"].agg(set).tolist() == [{"identical"}, {"new"}]
    save_run(tmp_path / "m" / "shared.keras", networks["shared.keras"], CARD)
    with pytest.raises(ValueError, match="does not say which networks are ours; run notebook 01"):
        served.load(tmp_path / "m")
    (tmp_path / "m" / "shared.keras").unlink()
    with pytest.raises(ValueError, match="give the folder 'model' that notebook 01_train_vqvae wrote"):
        served.load(tmp_path / "m")


def test_a_table_is_read_as_a_file_of_records(run, tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("Name\tSeq\nx\tGGGGACCCC\n\tGGGG=CCCC\ny\tNA\nz\n")
    said = {"columns": "id=Name, sequence=Seq"}
    counts = predict_file(run, path, tmp_path / "out.csv", **said, progress=False)
    found = predict.read_sites(tmp_path / "out.csv")
    assert counts == {"scored": 4, "rejected": 2}
    assert found["record"].tolist() == ["x", "x", "line 3", "line 3", "y", "z"]
    assert found["position"].dropna().tolist() == [5, 5, 5, 5]
    assert found["probability"].iloc[:2].tolist() == found["probability"].iloc[2:4].tolist()
    assert "1 = as A" in found["note"].iloc[2]
    assert "holds 1 cells; expected 2" in found["note"].iloc[5]
    assert set(predict.read_records(path, **said)["line"]) == {2, 3, 4, 5}
