"""The loaders of the stress-response track: four sources, one table, no row lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import splits
from helpers.project import paths, registry
from helpers.readers import tables
from helpers.tracks.stress_response import data as loaders

CASE = paths.root() / "tests" / "cases" / "14_stress_labels_tables"
SAMPLE = paths.root() / "data" / "sample" / "stress_response"


def fasta(path, records):
    path.write_text("".join(f">{name}\n{text}\n" for name, text in records))
    return path


@pytest.fixture
def species(tmp_path):
    """Two species of four and two genes, with their tables."""
    fasta(
        tmp_path / "aa.tss.fasta",
        [("g1_1", "ACGTA"), ("g_2_0", "ACGTC"), ("g3_1", "NCGTG"), ("g4_0", "TTTTT")],
    )
    fasta(tmp_path / "bb.tss.fasta", [("h1_1", "ACGTT"), ("h2_1", "ACGAA")])
    (tmp_path / "ath_aa.txt").write_text("R1\tg1\nR2\tg_2\nR3\tg3\nR9\telse\n")
    (tmp_path / "ath_bb.txt").write_text("R1\th1\nR2\th2\n")
    return tmp_path


def test_the_sample_is_whole():
    found = loaders.from_folder(SAMPLE, main="sia", related=("sib", "sic"))
    outcome = loaders.outcome(found).set_index("species")
    assert outcome["rejected"].tolist() == [89, 12, 9]
    assert outcome.loc["sia", ["used", "groups"]].tolist() == [4978, 4620]
    assert found.promoters["sequence"].str.len().unique().tolist() == [200]
    # Genes that stand with both labels are set aside; their orthologs are not.
    assert len(set(found.orthologs["group"]) - set(found.promoters["group"])) < 10


def test_label_and_group(species):
    found = loaders.from_folder(species, main="aa", related=["bb"])
    assert found.promoters["gene_id"].tolist() == ["g1", "g_2", "g3", "g4"]
    assert found.promoters["label"].tolist() == [1, 0, 1, 0]
    assert found.promoters["group"].tolist() == ["R1", "R2", "R3", "g4"]
    assert found.promoters.columns.tolist() == loaders.COLUMNS
    notes = found.rows.set_index("gene_id")["note"]
    assert notes["g3"] == "1 unknown (N)"
    assert notes["g4"] == "not in ath_aa.txt: a group of its own"


@pytest.mark.parametrize(
    ("record", "note"),
    [
        ("g1_0\nCCCCC", "the same gene stands with label 0 and 1"),
        ("g9_0\n{first}", "the same promoter stands with label 0 and 1"),
    ],
)
def test_contradicting_labels_are_set_aside(species, record, note):
    path = species / "aa.tss.fasta"
    first = path.read_text().splitlines()[1]
    path.write_text(path.read_text() + f">{record.format(first=first)}\n")
    found = loaders.from_folder(species, main="aa")
    assert found.promoters["gene_id"].tolist() == ["g_2", "g3", "g4"]
    told = found.rows.iloc[[0, 4]]
    assert (told["status"] == "rejected").all()
    assert told["note"].str.contains(note).all()


def test_an_ortholog_that_contradicts_is_left_out(species):
    found = loaders.from_folder(species, main="aa", related=["bb"])
    assert found.orthologs["gene_id"].tolist() == ["h1"]
    row = found.rows.set_index("gene_id").loc["h2"]
    assert row["status"] == "rejected"
    assert "its ortholog in aa has the other one" in row["note"]


def test_without_a_table_a_gene_is_its_own_group(species):
    (species / "ath_aa.txt").unlink()
    found = loaders.from_folder(species, main="aa")
    assert found.promoters["group"].tolist() == found.promoters["gene_id"].tolist()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (("g5", "ACGTA"), "no label; expected 0 or 1"),
        (("g5_2", "ACGTA"), "label is '2'; expected 0 or 1"),
        (("g5_x", "ACGTA"), "label is 'x'; expected 0 or 1"),
        (("g5_1", "ACGT"), "4 nt long; the others have 5"),
        (("g5_1", "AC-TA"), "position 3 holds '-'"),
        (("g1_1", "ACGTA"), "the gene id stood further up already"),
        (("g1.2_1", "ACGTA"), "the same promoter as g1, which is used"),
        (("g1.2_1", "TACGT"), "the same promoter as g1, which is used"),
    ],
)
def test_a_bad_record_is_kept_with_its_reason(species, record, reason):
    path = species / "aa.tss.fasta"
    path.write_text(path.read_text() + f">{record[0]}\n{record[1]}\n")
    found = loaders.from_folder(species, main="aa")
    last = found.rows.iloc[-1]
    assert (last["status"], last["line"]) == ("rejected", 9)
    assert reason in last["note"]
    assert len(found.promoters) == 4


@given(
    st.lists(
        st.tuples(st.text("ACGTN-x", max_size=6), st.sampled_from(["_0", "_1", "_7", "", "_"])),
        min_size=1,
        max_size=8,
    )
)
def test_every_record_has_a_row(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("any") / "any.fa"
    good = [(f"a{number}_{number % 2}", "A" * number + "C" * (10 - number)) for number in range(10)]
    rows = [(f"x{number}{label}", text) for number, (text, label) in enumerate(drawn)]
    fasta(path, good + rows)
    found = loaders.from_fasta({"mine": path})
    assert len(found.rows) == len(good) + len(rows)
    assert (found.rows["status"] != "rejected").sum() == len(found.promoters)
    assert (found.rows.loc[found.rows["status"] == "rejected", "note"] != "").all()


def test_a_table_of_another_species(species):
    with pytest.raises(ValueError, match=r"ath_bb.txt knows none of the 4 genes of aa.tss.fasta"):
        loaders.from_fasta({"aa": species / "aa.tss.fasta"}, {"aa": species / "ath_bb.txt"})


def test_swapped_columns_of_an_ortholog_table(species):
    (species / "ath_aa.txt").write_text("g1\tR1\ng_2\tR2\n")
    with pytest.raises(ValueError, match="are its columns swapped"):
        loaders.from_folder(species, main="aa")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("R1\tg1\tx\n", "line 1: found 3 columns; expected two"),
        ("R1\tg1\nR2\tg1\n", "line 2: gene g1 belongs to R2 and, on line 1, R1"),
        ("\n", "no line in the file|holds blank lines"),
    ],
)
def test_a_bad_ortholog_table(tmp_path, text, reason):
    path = tmp_path / "ath_x.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        loaders.read_orthologs(path)


def test_all_lengths_differ(tmp_path):
    path = fasta(tmp_path / "a.fa", [("a_1", "ACG"), ("b_0", "ACGT"), ("c_0", "ACGTA")])
    with pytest.raises(ValueError, match="the promoters have 3 lengths, from 3 to 5 nt"):
        loaders.from_fasta({"mine": path})


def test_nothing_usable(tmp_path):
    path = fasta(tmp_path / "a.fa", [("a", "ACG"), ("b", "ACG")])
    with pytest.raises(ValueError, match=r"a.fa: none of its 2 rows can be used .line 1: no label"):
        loaders.from_fasta({"mine": path})


def test_one_label_only(tmp_path):
    path = fasta(tmp_path / "a.fa", [("a_1", "ACG"), ("b_1", "ACT")])
    with pytest.raises(ValueError, match="the 2 usable promoters have one label only"):
        loaders.from_fasta({"mine": path})


def written(path, rows, header="gene_id,sequence,label,group"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def drawn(number, *, length=60, seed=1):
    letters = np.random.default_rng(seed).choice(list("ACGT"), (number, length))
    return ["".join(row) for row in letters]


def test_a_table_of_ones_own_with_groups_and_related_species(tmp_path):
    texts = drawn(16)
    rows = [f"g{n},{text},{n % 2},{'family' if n < 2 else ''}" for n, text in enumerate(texts[:12])]
    path = written(tmp_path / "mine.csv", [*rows, f"low,{texts[12].lower()},yes,", f"odd,{texts[13]},maybe,"])
    related = written(tmp_path / "other.csv", [f"x,{texts[14]},1,g3", f"y,{texts[15]},0,g3"])
    found = loaders.from_own(path, related=related, report=tmp_path / "rows.csv")
    assert found.promoters["group"].tolist()[:4] == ["family", "family", "g2", "g3"]
    assert found.promoters["label"].tolist()[-1] == 1
    assert found.rows["status"].tolist()[11:] == ["ok", "changed", "rejected", "ok", "rejected"]
    assert found.orthologs["gene_id"].tolist() == ["x"]
    assert found.said[:2] == ["mine.csv: a table of promoters", "mine.csv: separator: ','"]
    assert len(pd.read_csv(tmp_path / "rows.csv")) == len(found.rows) == 16


def test_near_copies_and_copies_of_other_groups_are_one_group(tmp_path):
    """An isoform's promoter that begins 20 nt further on would be learnt by heart and then tested."""
    texts = drawn(12, length=200)
    shifted = texts[0][20:] + drawn(1, length=20, seed=2)[0]
    rows = [f"g{n},{text},{n % 2},f{n}" for n, text in enumerate(texts)]
    path = written(tmp_path / "mine.csv", [*rows, f"g0.2,{shifted},0,other"])
    found = loaders.from_own(path)
    assert found.promoters.set_index("gene_id")["group"][["g0", "g1", "g0.2"]].tolist() == ["f0", "f1", "f0"]
    assert found.said[-1].startswith("groups that hold near copies of one promoter are one: 1")
    for fold in splits.grouped_kfold(found.promoters["group"], k=3, y=found.promoters["label"], seed=1):
        assert (0 in fold.test) == (12 in fold.test)


def test_a_promoter_of_two_species_joins_their_groups(species):
    fasta(species / "bb.tss.fasta", [("h1_1", "TACGT"), ("h2_0", "ACGAA")])
    (species / "ath_bb.txt").write_text("R8\th1\nR2\th2\n")
    found = loaders.from_own(species, species=["aa", "bb"])
    assert found.orthologs["group"].tolist() == ["R1", "R2"]
    assert found.said[-1] == "groups that hold one promoter are one: 1 joined with another"


def test_promoters_of_a_genome_with_a_table_of_labels(tmp_path):
    genome = "".join(drawn(14, length=100))
    (tmp_path / "genome.fa").write_text(f">Chr1\n{genome}\n")
    places = [f"1\t{100 * n}\t{100 * n + 50}\tg{n}\t0\t+" for n in range(1, 14)]
    (tmp_path / "genes.bed").write_text("\n".join(places) + "\n")
    rows = [f"g{n},{n % 2}" for n in range(1, 13)]
    labels = written(tmp_path / "labels.csv", [*rows, "gX,1"], "gene_id,label")
    window = {"genome": tmp_path / "genome.fa", "upstream": "80"}
    found = loaders.from_own(tmp_path / "genes.bed", labels=labels, **window)
    assert found.promoters["sequence"].tolist() == [genome[100 * n - 80 : 100 * n] for n in range(1, 13)]
    assert found.rows["note"].iloc[-1] == "'gX' has no place in genes.bed"
    assert "genes.bed: 1 places have no label" in found.said
    with pytest.raises(ValueError, match="holds places and no labels"):
        loaders.from_own(tmp_path / "genes.bed", **window)


@pytest.mark.parametrize(
    ("file", "labels", "used", "groups"),
    [
        ("case_names.csv", "", 60, 60),
        ("float_labels.csv", "", 60, 60),
        ("bool_labels.csv", "", 60, 60),
        ("pm1_labels.csv", "", 60, 60),
        ("blank_labels.csv", "", 60, 60),
        ("semicolon.csv", "", 60, 60),
        ("tab.tsv", "", 60, 60),
        ("pandas_index.csv", "", 60, 60),
        ("group_na.csv", "", 60, 60),
        ("excel_dates.csv", "", 58, 58),
        ("isoforms.csv", "", 60, 60),
        ("label_in_id.fa", "", 60, 60),
        ("label_in_desc.fa", "", 60, 60),
        ("label_in_desc.fa", "labels.csv", 60, 60),
        ("phytozome.fa", "", 60, 60),
    ],
)
def test_labels_in_every_form(file, labels, used, groups, tmp_path):
    found = loaders.from_own(
        CASE / file, labels=CASE / labels if labels else "", report=tmp_path / "rows.csv"
    )
    assert (len(found.promoters), found.promoters["group"].nunique()) == (used, groups)
    assert found.promoters["label"].sum() == used / 2
    assert not found.promoters["sequence"].duplicated().any()
    assert found.rows["status"].isin(["ok", "rejected"]).all()
    if file == "isoforms.csv":
        assert found.said[-1].startswith("60 promoters are another one's")


@pytest.mark.parametrize(
    ("file", "given", "reason"),
    [
        ("plain_ids.fa", {}, "label is 'OsAT1G10000'.*or in a table of labels"),
        ("plain_ids.fa", {"labels": "labels.csv"}, "none of its 60 records .* expected the same ids"),
        (
            "ids_with_underscore_digit.fa",
            {},
            "the same gene stands with label 0 and 1.*the labels as a table",
        ),
        ("labels.csv", {}, "there is no column sequence"),
        ("tab.tsv", {"labels": "labels.csv"}, "tab.tsv is a table, which holds its labels itself"),
        ("float_labels.csv", {"columns": "lable=label"}, "Is it 'label'"),
    ],
)
def test_what_has_to_be_asked(file, given, reason, tmp_path):
    given = given | {"labels": CASE / given["labels"]} if "labels" in given else given
    with pytest.raises(ValueError, match=reason):
        loaders.from_own(CASE / file, report=tmp_path / "rows.csv", **given)


def test_the_rows_are_written_when_a_fault_stops_the_reading(tmp_path):
    path = written(tmp_path / "mine.csv", [f"g{n},{text},1," for n, text in enumerate(drawn(20))])
    with pytest.raises(ValueError, match="the 20 usable promoters have one label only"):
        loaders.from_own(path, report=tmp_path / "rows.csv")
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 20
    few = written(tmp_path / "few.csv", [f"g{n},{text},{n % 2}," for n, text in enumerate(drawn(6))])
    with pytest.raises(ValueError, match="stand in 6 groups; expected at least 10"):
        loaders.from_own(few)


def test_a_folder_without_species_or_with_others(species, tmp_path):
    with pytest.raises(ValueError, match=r"species is 'sia'; .* holds aa, bb"):
        loaders.from_own(species, species=["sia"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no file named <species>\.tss\.fasta"):
        loaders.from_own(tmp_path / "empty")
    (species / "bb.tss.fasta").unlink()
    assert len(loaders.from_own(species, species=["sia", "sib"]).promoters) == 4


def test_a_group_on_both_sides_is_found(species):
    groups = loaders.from_folder(species, main="aa").promoters["group"].replace("R3", "R1")
    with pytest.raises(ValueError, match=r"group 'R1' is in train .row 0. and in test .row 2."):
        splits.check(splits.given([0], [1], [2]), groups)


def test_what_01_writes_is_read_back(tmp_path, species):
    found = loaders.from_folder(species, main="aa", related=["bb"])
    path = tables.write_table(tmp_path / "promoters.csv", found.promoters)
    pd.testing.assert_frame_equal(loaders.read_promoters(path), found.promoters, check_dtype=False)


@pytest.mark.parametrize(
    ("row", "reason"),
    [("b,ACGT,2,b,s", "line 3, column label: found '2'"), ("b,AC,0,b,s", "line 3: b is 2 nt long")],
)
def test_a_spoilt_promoter_table(tmp_path, row, reason):
    path = tmp_path / "promoters.csv"
    path.write_text(f"gene_id,sequence,label,group,species\na,ACGT,1,a,s\n{row}\nc,ACGA,0,c,s\n")
    with pytest.raises(ValueError, match=reason):
        loaders.read_promoters(path)


def test_the_registry_writes_its_report_of_rows_too(monkeypatch, tmp_path):
    folder = paths.find("data/sample/stress_response")
    monkeypatch.setattr(
        registry, "fetch", lambda name: {p.name: str(p) for p in folder.glob("si*.tss.fasta")}
    )
    found = loaders.from_own("registry", species=["sia", "sib"], report=tmp_path / "rows_01.csv")
    assert len(pd.read_csv(tmp_path / "rows_01.csv")) == len(found.rows)


def test_unknown_species_of_the_registry(monkeypatch):
    monkeypatch.setattr(registry, "fetch", lambda name: {"aly.tss.fasta": "x", "ath_aly.txt": "y"})
    with pytest.raises(ValueError, match="no species xyz in stress_response; expected some of aly"):
        loaders.from_registry(main="xyz", related=())


def test_the_public_files_if_they_are_here():
    folder = registry.cache_folder() / "stress_response"
    if not folder.is_dir():
        pytest.skip("the public files are not in the cache")
    found = loaders.from_folder(folder, main="aly", related=("chi", "cru"))
    assert len(found.promoters) == 1453
    groups = pd.concat([found.promoters, found.orthologs])["group"]
    assert groups.nunique() == 1632
    assert np.all(found.promoters["sequence"].str.len() == 600)


def test_a_header_alone_is_named(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("gene_id,sequence,label\n")
    with pytest.raises(ValueError, match=r"mine\.csv: none of its 0 rows can be used"):
        loaders.from_own(path)
