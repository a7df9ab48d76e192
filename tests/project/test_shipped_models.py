"""The models that are shipped: whole, small, without sequences that may not travel, and of use."""

import numpy as np
import pandas as pd
import pytest

from helpers.project import backend, cli, paths

backend.use("tensorflow")

from helpers.tracks.gene_expression import predict as expression  # noqa: E402
from helpers.tracks.gene_expression import served as expression_served  # noqa: E402
from helpers.tracks.rna_modification import predict as sites  # noqa: E402
from helpers.tracks.rna_modification import served as sites_served  # noqa: E402
from helpers.tracks.rna_peptide import served as pairs_served  # noqa: E402
from helpers.tracks.sirna_efficacy import predict as sirna  # noqa: E402
from helpers.tracks.sirna_efficacy import predictors as sirna_predictors  # noqa: E402
from helpers.tracks.stress_response import predict as stress  # noqa: E402

MODELS = paths.root() / "data" / "models"
TRACKS = sorted(path.name for path in MODELS.iterdir() if path.is_dir())


def letters(n, alphabet="ACGT", seed=1):
    return "".join(np.random.default_rng(seed).choice(list(alphabet), n))


@pytest.mark.parametrize("track", TRACKS)
def test_what_is_shipped_is_whole_small_and_says_what_it_is(track, capsys):
    folder = MODELS / track
    about = paths.read_json(folder / "about.card.json")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {name: paths.sha256(files[name]) for name in about["sha256"]} == about["sha256"]
    assert set(files) == {*about["sha256"], "about.card.json"}
    assert sum(path.stat().st_size for path in files.values()) < 5_000_000
    assert about["this model"]
    assert about["best without a network"]
    assert about["trained on"]["licence"]
    cli.card(track)
    assert about["this model"][0] in capsys.readouterr().out


def test_no_sequence_travels_without_a_licence():
    """All that is not RPI2241 (MIT) holds numbers, ids and hashes."""
    for path in [one for one in MODELS.rglob("*") if "rna_peptide" not in one.parts]:
        texts = path.read_text().split('"') if path.suffix == ".json" else []
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                named = [arrays[name] for name in arrays if arrays[name].dtype.kind == "U"]
            texts = [str(text) for one in named for text in one.flat]
        assert not [text for text in texts if len(text) > 18 and not set(text) - set("ACGUT")], path


def test_a_promoter_is_predicted_by_the_shipped_models():
    table = pd.DataFrame({"sequence": [letters(600), letters(600, seed=2), letters(600, seed=3), "AC7G"]})
    found = stress.predict_table(stress.load(MODELS / "stress_response"), table)
    assert found["status"].tolist() == ["ok", "ok", "ok", "rejected"]
    assert found["training"].tolist()[:3] == ["new"] * 3
    assert found["probability"][:3].between(0, 1).all()
    table = pd.DataFrame({"sequence": [letters(114, seed=4), letters(114), "AC7G"]})
    found = expression.predict_table(expression_served.load(MODELS / "gene_expression"), table)
    assert found["status"].tolist() == ["ok", "ok", "rejected"]
    assert found["training"].tolist()[:2] == ["new", "new"]
    assert np.isfinite(found["K562_predicted"][:2]).all()


def test_a_guide_is_predicted_by_the_network_alone(tmp_path):
    run, card = sirna_predictors.load(MODELS / "sirna_efficacy/models.json")
    assert "measured" not in card
    mrna = letters(300, "ACGU")
    guide = mrna[100:121].translate(str.maketrans("ACGU", "UGCA"))[::-1]
    (tmp_path / "m.fa").write_text(f">m\n{mrna}\n")
    (tmp_path / "g.fa").write_text(f">g\n{guide}\n>bad\nAC7G\n")
    found = sirna.predict_file(run, tmp_path / "m.fa", tmp_path / "o.csv", guides=tmp_path / "g.fa")
    assert found["status"].tolist() == ["scored", "rejected"]
    assert found["training"].tolist()[0] == "new"
    assert np.isfinite(found["efficacy"][0])
    assert found["low"].isna().all()


def test_sites_are_predicted_by_all_networks(tmp_path):
    run = sites_served.load(MODELS / "rna_modification")
    assert len(run.runs) == 3
    assert sites_served.WindowNetwork(run).length == 101
    (tmp_path / "w.fa").write_text(f">a\n{letters(101, 'ACGU')}\n>bad\nAC7G\n")
    sites.predict_file(run, tmp_path / "w.fa", tmp_path / "o.csv", options=sites.Options(mode="scan"))
    found = pd.read_csv(tmp_path / "o.csv")
    assert found.loc[found["status"] != "rejected", "probability"].between(0, 1).all()
    assert (found["status"] == "rejected").sum() == 1


def test_pairs_are_predicted_by_all_parts():
    run = pairs_served.load(MODELS / "rna_peptide")
    assert set(run.card["blend"]) == {"network", "neighbours", "intercept"}
    rna, peptide = [letters(60, "ACGU")], [letters(40, "ACDEFGHIKLMNPQRSTVWY")]
    assert 0 < run.neighbours(rna, peptide)[0] < 1
    known = run.arrays["rna"][0], run.arrays["peptide"][0]
    assert run.stands([known[0]], [known[1]])[0] == ["identical"]
    assert run.stands(rna, peptide)[2] == ["new"]
