"""Files of guides, mRNAs and efficacies: every record and row is accounted for."""

from pathlib import Path

import pandas as pd
import pytest

from helpers.readers.fasta import write_fasta
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement
from helpers.tracks.sirna_efficacy import data

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample" / "sirna_efficacy"
SITE = "AACCGGUUACGUACGUUAGCA"
GUIDE = reverse_complement(SITE, RNA)


def from_files(efficacy, sirnas, mrnas, **options):
    return data.from_own(efficacy, sirna_fasta=sirnas, mrna_fasta=mrnas, **options)


def test_records_of_every_kind_of_fault(tmp_path):
    path = tmp_path / "guides.fa"
    path.write_text(
        f">a\n{GUIDE[:19]}{GUIDE[19:].lower()}\n>short\n{GUIDE[:18]}\n>long\n{GUIDE}ACG\n"
        f">n\n{GUIDE[:5]}N{GUIDE[6:]}\n>dna\n{GUIDE.replace('U', 'T')}\n>a\n{GUIDE}\n"
        f">\n{GUIDE}\n>digit\n{GUIDE[:20]}7\n"
    )
    table = data.read_guides(path).set_index("id")
    assert table.loc["a", "status"] == "ok"
    assert "has 18 nt; expected 19 to 23" in table.loc["short", "note"]
    assert "has 24 nt; expected 19 to 23" in table.loc["long", "note"]
    assert "position 6 is unknown (N)" in table.loc["n", "note"]
    assert table.loc["dna", ["status", "sequence"]].tolist() == ["changed", GUIDE]
    assert "stands in line 1 already; called a_2" in table.loc["a_2", "note"]
    assert "no name" in table.loc["line_13", "note"]
    assert table.loc["digit", "status"] == "rejected"
    assert len(table) == 8


def test_mrnas_with_introns_or_too_short_or_very_long(tmp_path):
    path = tmp_path / "mrna.fa"
    path.write_text(
        f">intron\n{SITE}gtaag{SITE}\n>short\nACGU\n>lower\n{SITE.lower()}\n>genomic\n{'ACGU' * 50_000}\n"
    )
    kept = data.read_mrnas(path).set_index("id")
    assert kept.loc["intron", "length"] == 47
    assert "if they are introns, set lower_case to 'remove'" in kept.loc["intron", "note"]
    assert "fewer than the 19 that pair" in kept.loc["short", "note"]
    assert kept.loc["lower", "status"] != "rejected"
    assert kept.loc["genomic", "status"] == "ok"
    assert "longer than any human mRNA" in kept.loc["genomic", "note"]
    removed = data.read_mrnas(path, lower_case="remove").set_index("id")
    assert removed.loc["intron", "sequence"] == SITE + SITE
    with pytest.raises(ValueError, match="lower_case is 'drop'"):
        data.read_mrnas(path, lower_case="drop")
    empty = tmp_path / "empty.fa"
    empty.write_text("")
    with pytest.raises(ValueError, match="empty"):
        data.read_guides(empty)


def test_the_sample_is_read_and_every_row_accounted_for():
    files = [SAMPLE / name for name in ("efficacy.csv", "siRNA.fa", "mRNA.fa")]
    kept = from_files(*files)
    turned = from_files(*files, matching=data.Matching(turn_sense=True))
    assert len(kept.rows) == len(turned.rows) == len(pd.read_csv(files[0]))
    assert len(turned.pairs) == len(kept.pairs) + 3
    assert (turned.rows["status"] == "changed").sum() == 3
    assert "not its complement" in kept.rows.loc[kept.rows["orientation"] == "sense", "note"].iloc[0]
    truth = pd.read_csv(SAMPLE / "truth_sirna.csv").set_index("siRNA")
    assert (truth.loc[turned.pairs["sirna_id"], "start"].to_numpy() == turned.pairs["start"] + 1).all()
    told = turned.rows[turned.rows["status"].isin(["ok", "changed"])]
    assert (truth.loc[told["sirna_id"], "start"].to_numpy() == told["start"]).all()
    said = data.outcome(turned).set_index("what")["rows"]
    assert said["mRNAs"] == 60
    assert said["families of mRNAs (near copies are one)"] == turned.pairs["group"].nunique() == 56
    assert said["merged with another value of the same guide"] == 8
    assert (turned.rows["note"].str.contains("the same guide on one mRNA stands with")).sum() == 8


def test_pairs_come_back_from_the_disk(tmp_path, small):
    write_fasta(tmp_path / "m.fa", list(small.mrnas.items()))
    write_fasta(tmp_path / "s.fa", list(zip(small.sirnas["siRNA"], small.sirnas["guide"], strict=True)))
    small.sirnas[["siRNA", "mRNA", "efficacy"]].to_csv(tmp_path / "e.csv", index=False)
    loaded = from_files(tmp_path / "e.csv", tmp_path / "s.fa", tmp_path / "m.fa")
    data.write(tmp_path, loaded)
    pairs, whole = data.read_pairs(tmp_path / "pairs.csv")
    pd.testing.assert_frame_equal(pairs, loaded.pairs, check_dtype=False)
    assert whole[0] == small.mrnas["mrna01"]
    text = (tmp_path / "pairs.csv").read_text().replace(f",{pairs['start'][0] + 1},", ",x,", 1)
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ValueError, match="line 2: start is 'x'"):
        data.read_pairs(tmp_path / "pairs.csv")


def test_a_guide_with_two_efficacies_is_set_aside(tmp_path):
    sites = ["AACCGGUUACGUACGUUAGCA", "GGAUCCAUUGCAUCGAUUCAG"]
    write_fasta(tmp_path / "m.fa", [("m", "".join(sites)), ("n", sites[0])])
    guides = [reverse_complement(site, RNA) for site in sites]
    write_fasta(tmp_path / "s.fa", [("a", guides[0]), ("again", guides[0]), ("b", guides[1])])
    files = tmp_path / "e.csv", tmp_path / "s.fa", tmp_path / "m.fa"
    files[0].write_text("siRNA,mRNA,efficacy\na,m,0.9\nb,m,0.5\nagain,m,0.3\nb,m,0.6\na,n,0.2\n")
    loaded = from_files(*files)
    assert loaded.pairs[["sirna_id", "mrna_id"]].to_numpy().tolist() == [["b", "m"], ["a", "n"]]
    assert loaded.pairs["efficacy"].tolist() == [0.55, 0.2]
    assert loaded.rows["status"].tolist() == ["rejected", "ok", "rejected", "merged", "ok"]
    assert "(lines 3, 5): their mean stands in the first" in loaded.rows["note"][3]
    assert "the same guide on one mRNA stands with efficacy 0.3 and 0.9" in loaded.rows["note"][2]
    files[0].write_text("siRNA,mRNA,efficacy\na,m,0.9\nagain,m,0.3\n")
    with pytest.raises(ValueError, match="Of the first: the same guide"):
        from_files(*files)


def test_the_loader_names_what_it_cannot_use(tmp_path):
    site = "AACCGGUUACGUACGUUAGCA"
    write_fasta(tmp_path / "m.fa", [("m", "GG" + site + "CC"), ("short", "ACGU")])
    write_fasta(tmp_path / "s.fa", [("a", reverse_complement(site, RNA)), ("b", "A" * 21)])
    files = tmp_path / "e.csv", tmp_path / "s.fa", tmp_path / "m.fa"
    files[0].write_text("siRNA,mRNA,efficacy\na,m,0.5\nb,m,0.5\nc,m,1\na,x,1\na,short,1\na,m,high\n")
    loaded = from_files(*files)
    notes = loaded.rows["note"].tolist()
    assert len(loaded.pairs) == 1
    assert "no site" in notes[1]
    assert "the siRNA 'c' is not in the FASTA" in notes[2]
    assert "the mRNA 'x' is not in the FASTA" in notes[3]
    assert "fewer than the 19" in notes[4]
    assert "expected a number" in notes[5]
    files[0].write_text("siRNA,mRNA,efficacy\na,m,85\n")
    with pytest.raises(ValueError, match="Divide percentages by 100"):
        from_files(*files)
    files[0].write_text("siRNA,mRNA,efficacy\nb,m,0.5\n")
    with pytest.raises(ValueError, match="no row of 1 could be used"):
        from_files(*files)
    with pytest.raises(ValueError, match="holds no siRNAs"):
        data.from_registry("rpi2241")
