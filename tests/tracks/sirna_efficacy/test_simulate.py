"""The sample is what the code makes."""

from pathlib import Path

from helpers.tracks.sirna_efficacy import simulate

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample" / "sirna_efficacy"


def test_git_holds_what_the_code_makes(tmp_path):
    for path in simulate.write(tmp_path):
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name
