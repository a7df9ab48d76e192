"""What the rivals' papers say: every figure with its protocol, its caveat and where it is from."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
ROWS = pd.read_csv(ROOT / "data" / "published.csv", keep_default_na=False)


def test_every_figure_has_what_it_takes_to_read_it():
    names = ["track", "model", "dataset", "protocol", "metric", "value", "caveat", "short", "doi"]
    assert list(ROWS) == names
    assert set(ROWS["track"]) == {path.name for path in (ROOT / "figures").iterdir() if path.is_dir()}
    assert set(ROWS["metric"]) <= {"accuracy", "auroc", "pearson"}
    assert ROWS["value"].between(0.5, 1).all()
    assert (ROWS["caveat"].str.len() > 10).all()
    assert not ROWS.duplicated(["model", "dataset", "protocol", "metric"]).any()
    assert all(re.fullmatch(r"(10\.\d{4,}/\S+)?", doi) for doi in ROWS["doi"])


def test_every_track_has_a_figure_for_the_readme():
    assert set(ROWS["track"][ROWS["short"] != ""]) == set(ROWS["track"])
