"""A set of others: its guides completed by their targets, and what is near to what was learnt."""

import numpy as np
import pytest

from helpers.project import registry
from helpers.sequences import encoding
from helpers.sequences.alphabet import RNA
from helpers.tracks.sirna_efficacy import outside

AROUND = "X" * 6 + "ACGTACGTAACCGG" + "AAAATCAGAGAGATCCTCA" + "TTTT"


def test_guides_are_completed_by_their_targets(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text(
        "siRNA,mRNA,extended_mRNA,efficiency,source,cell_line\n"
        f"UGAGGAUCUCUCUGAUUUU,AAAATCAGAGAGATCCTCA,{AROUND},0.9,x,hela\n"
    )
    monkeypatch.setattr(registry, "fetch", lambda name: dict.fromkeys(outside.PARTS.values(), path))
    found = outside.from_registry()
    assert found["part"].tolist() == list(outside.PARTS)
    row = found.iloc[0]
    assert row["guide"] == "UGAGGAUCUCUCUGAUUUUCC"
    assert row["mrna"][row["start"] : row["start"] + 21] == "GGAAAAUCAGAGAGAUCCUCA"
    path.write_text(path.read_text().replace("UGAGG", "AAAAA"))
    with pytest.raises(ValueError, match="line 2, column siRNA: found 'AAAAA"):
        outside.from_registry()


def test_the_simulated_set_and_the_ridge():
    found = outside.simulated("data/sample/sirna_efficacy")
    assert len(found) == 24
    found["site"] = [mrna[at : at + 21] for mrna, at in zip(found["mrna"], found["start"], strict=True)]
    turned = found["guide"].map(lambda guide: encoding.reverse_complement(guide, RNA))
    alike = [sum(map(str.__eq__, *both)) for both in zip(turned, found["site"], strict=True)]
    assert min(alike) >= 18  # a guide has three mismatches at most
    rng = np.random.default_rng(1)
    guides = ["".join(rng.choice(list("ACGU"), 21)) for _ in range(300)]
    y = np.array([text[0] == "U" for text in guides], dtype=float)
    assert np.corrcoef(outside.ridge(guides[:200], y[:200], guides[200:]), y[200:])[0, 1] > 0.9
