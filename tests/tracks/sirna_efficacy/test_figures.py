"""Pictures of the track are drawn of small tables."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.sirna_efficacy import figures


def test_pictures(tmp_path):
    rng = np.random.default_rng(0)
    p = rng.random(400)
    both = pd.DataFrame({"protocol": "random_10fold", "p": p, "y": p + rng.normal(0, 0.1, 400)})
    assert "r = 0.9" in figures.predicted_measured(both, title="t", unit="u").axes[0].get_title("left")
    figures.residuals(both, title="t", unit="u")
    columns = {"protocol": "a", "level": [0.5, 0.9], "observed": [0.5, 0.9]}
    figures.coverage(pd.DataFrame(columns | {"ci_low": 0.4, "ci_high": 0.95}), title="t")
    figures.histogram({"a": p}, x="x", title="t")
    trend = pd.DataFrame({"x": [0, 1], "y": [0, 1], "ci_low": [0, 1], "ci_high": [0, 1]})
    figures.trends({"a": trend}, units={"a": "nt"}, title="t")
    scan = pd.DataFrame(
        {"start": range(50), "efficacy": p[:50], "low": p[:50] - 0.1, "high": p[:50] + 0.1}
    ).assign(filter=[""] * 25 + ["GC"] * 25)
    chosen = scan.head(2).assign(rank=[1, 2])
    figures.scan(scan, rng.random(70), chosen, title="t")
    named = scan.head(3).assign(name=list("abc"))
    figures.intervals(named, title="t", label="name", mark=["b"])
    with pytest.raises(ValueError, match="efficacy"):
        figures.intervals(named.drop(columns="efficacy"), title="t", label="name")
    rows = pd.DataFrame({"mrna_id": ["m", "m"], "sirna_id": ["weak", "strong"], "efficacy": [0.2, 0.9]})
    rows = rows.assign(low=0.1, high=1.0, status="scored", note=["", "a note"], rules="U at 10")
    page = figures.overview(tmp_path / "p.html", rows, title="t", most=1).read_text()
    assert all(text in page for text in ("Efficacy", "strong", "a note"))
    assert "weak" not in page
    with pytest.raises(ValueError, match="sirna_id"):
        figures.overview(tmp_path / "q.html", rows.drop(columns="sirna_id"), title="t", most=1)
