"""Each small file that once went wrong, through the command line: what is read, or what is asked."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers.project.cli import app

CASES = Path(__file__).parent
LIST = ["rna_fasta=25_pairs_list_csv/rna.fa", "protein_fasta=25_pairs_list_csv/prot.fa"]
MRNA = ["mrna_fasta=07_sirna_dtdt_lengths/mrna.fa"]
EVERY = r"rows in the input +{0}\n.*read as they are +{0}\n"
PEPTIDE = [
    ("04_cif_auth_seq_dot", [], "source: structures, .*" + EVERY.format(4)),
    ("06_blank_chain", [], "source: structures, .*" + EVERY.format(4)),
    ("15_pairs_own_csv/folder", [], "a folder of chunks, .*" + EVERY.format(60)),
    *((f"15_pairs_own_csv/pairs{name}.csv", [], EVERY.format(60)) for name in ("", "_index", "_float")),
    ("15_pairs_own_csv/pairs_semicolon.csv", [], "separator: ';'.*" + EVERY.format(60)),
    ("15_pairs_own_csv/pairs_no_ids.csv", [], "rna_id: 60 rows have none.*" + EVERY.format(60)),
    ("15_pairs_own_csv/pairs_dna_lower.csv", [], r"read after a change \(see note\) +60"),
    ("15_pairs_own_csv/pairs_stop.csv", [], r"read after a change \(see note\) +60"),
    ("15_pairs_own_csv/pairs_gap.csv", [], r"rejected, line 5: RNA: position 4 holds '-' \(a gap\)"),
    ("15_pairs_own_csv/pairs_empty.csv", [], "rejected, line 5: RNA: the sequence is empty"),
    ("22_missing_as_text/pairs.csv", [], r"rejected \(see note\) +8\n.*line 3: rna_seq NA read as missing"),
    (
        "22_missing_as_text/chunks",
        [],
        r"rejected \(see note\) +8\n.*line 7: protein_seq NULL read as missing",
    ),
    (
        "25_pairs_list_csv/allbad.csv",
        [],
        r"none of its 1 rows can be used \(line 2: RNA: position 3 holds '-'",
    ),
    (
        "25_pairs_list_csv/list.tsv",
        LIST,
        r"R1 of R1\|chain.*as they are +2\n.*line 4: label is 'interaction'",
    ),
    ("25_pairs_list_csv/list.csv", LIST, "no column rna_id, protein_id; .*Is it rna for rna_id, protein for"),
]
STRESS = [
    *((f"14_stress_labels_tables/{name}", [], r"main +60 +0 +60 +30 +60") for name in (
        "blank_labels.csv", "bool_labels.csv", "float_labels.csv", "pm1_labels.csv", "group_na.csv",
        "pandas_index.csv", "semicolon.csv", "tab.tsv", "label_in_desc.fa", "label_in_id.fa", "phytozome.fa",
    )),
    ("14_stress_labels_tables/case_names.csv", [], "gene_id: their column 'Gene ID'.*main +60 +0 +60"),
    ("14_stress_labels_tables/excel_dates.csv", [], "a spreadsheet seems to have made a date or a number"),
    ("14_stress_labels_tables/isoforms.csv", [], "60 promoters are another one's.*main +120 +60 +60"),
    ("14_stress_labels_tables/label_in_desc.fa", ["labels=14_stress_labels_tables/labels.csv"],
     "labels in labels.csv.*main +60 +0 +60"),
    ("14_stress_labels_tables/labels.csv", [], "there is no column sequence; found gene_id, label"),
    ("14_stress_labels_tables/plain_ids.fa", [], "expected 0 or 1, behind the last underscore of a FASTA id"),
    ("14_stress_labels_tables/ids_with_underscore_digit.fa", [], "the number at the end of an id no label"),
]  # fmt: skip
TAKEN = r"values are read from K562, HepG2\n.*{}.*values, K562 +{}"
EXPRESSION = [
    ("10_mpra_index_and_counts/pandas_index.csv", [], TAKEN.format("column unnamed_1 left", 60)),
    ("10_mpra_index_and_counts/with_counts.csv", [], TAKEN.format("column n_barcodes left", 60)),
    ("10_mpra_index_and_counts/chr_column_plain.csv", [], TAKEN.format("column chr left", 60)),
    ("10_mpra_index_and_counts/kind_other_word.csv", [], TAKEN.format("kind: all are 'enhancer'", 60)),
    ("10_mpra_index_and_counts/split_words.csv", [], TAKEN.format("split: read as train, valid", 60)),
    ("10_mpra_index_and_counts/replicate_blank.csv", [], r"of one cell type: K562 \(K562 rep1, K562 rep2\)"),
    ("10_mpra_index_and_counts/replicate_words.csv", [], r"of one cell type: K562 \(K562_1, K562_2\)"),
    *((f"11_chr1_vs_1/{name}.csv", [], TAKEN.format("chromosome: names with and without 'chr'", 240))
      for name in ("mixed", "Chr_chr")),
    *((f"13_mpra_duplicates/{name}.csv", [], TAKEN.format(r"rejected \(see note\) +2\n", 238))
      for name in ("dot", "duplicated", "duplicated_inf")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("track", "file", "settings", "said"),
    [
        (track, *case)
        for track, cases in {
            "rna_peptide": PEPTIDE, "stress_response": STRESS, "gene_expression": EXPRESSION,
        }.items() for case in cases
    ],
)  # fmt: skip
def test_what_check_says(track, file, settings, said):
    given = [f"--set={name}={CASES / path}" for name, _, path in (one.partition("=") for one in settings)]
    found = CliRunner().invoke(app, ["check", str(CASES / file), "--track", track, *given])
    text = f"{found.output}\n{found.exception or ''}"
    assert re.search(said, text, re.DOTALL), text
    assert isinstance(found.exception, ValueError | None)
    # What would stop a run is no advice to start it.
    assert ("would execute" in text) == (found.exception is None)


def test_every_guide_of_the_case_has_a_row(tmp_path):
    guides = (CASES / "07_sirna_dtdt_lengths/guides.fa").read_text().split(">")[1:]
    names = [one.partition("\n")[0] for one in guides]
    rows = "".join(f"{name},NM_900001.2,0.5\n" for name in names)
    (tmp_path / "mine.csv").write_text(f"siRNA,mRNA,efficacy\n{rows}")
    given = [f"--set=mrna_fasta={CASES / '07_sirna_dtdt_lengths/mrna.fa'}"]
    given += [f"--set=sirna_fasta={CASES / '07_sirna_dtdt_lengths/guides.fa'}"]
    found = CliRunner().invoke(
        app, ["check", str(tmp_path / "mine.csv"), "--track", "sirna_efficacy", *given]
    )
    assert re.search(rf"rows in the input +{len(names)}\n", found.output), found.output
    assert "overhang" in found.output
    assert found.exception is None
