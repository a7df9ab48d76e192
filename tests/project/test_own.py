"""Data of one's own never meet the sample."""

import pytest

from helpers.project import own, paths

SAMPLE = "data/sample/gene_expression/promoters.csv"


def test_a_source_is_the_users_unless_the_suite_brought_it(tmp_path, monkeypatch):
    mine = tmp_path / "mine.csv"
    mine.write_text("a")
    assert own.profile("sample", mine) == "own data"
    assert own.profile("sample", SAMPLE) == own.profile("sample", paths.root() / SAMPLE) == "sample"
    assert own.profile("real", "registry") == "real"
    # The user's file of the same relative name is the user's.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "sample").mkdir(parents=True)
    (tmp_path / "data" / "sample" / "x.csv").write_text("a")
    assert own.is_own("data/sample/x.csv")


@pytest.mark.parametrize("folder", ["runs/sample/gene_expression", "runs/real/x", "figures/x", "data/mine"])
def test_results_of_own_data_are_not_written_among_those_of_the_suite(folder, tmp_path):
    with pytest.raises(
        ValueError, match=r"they would be mixed\. Give another folder, such as out_dir = 'results'"
    ):
        own.check_folder(tmp_path / "mine.csv", tmp_path / "out", folder)
    with pytest.raises(ValueError, match="is your data"):
        own.check_folder(tmp_path / "mine.csv", paths.root() / folder)
    own.check_folder("registry", folder)
    own.check_folder(SAMPLE, folder)
    own.check_folder(tmp_path / "mine.csv", tmp_path / "results", "results")


def test_the_command_quotes_what_a_shell_would_split():
    said = own.command("rna_peptide", source="my pairs.csv", columns="label=Class", separator="\t", out="out")
    assert said.startswith("sequence-notebooks run rna_peptide --source 'my pairs.csv' --columns label=Class")
    assert said.endswith("--set 'separator=\t' --out out")
