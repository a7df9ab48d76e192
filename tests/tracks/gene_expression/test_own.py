"""Tables of one's own, as people bring them: what counts as a value, a replicate, a kind, a chromosome."""

from pathlib import Path

import numpy as np
import pytest

from helpers.tracks.gene_expression import data

CASES = Path(__file__).parents[2] / "cases"
INDEX, CHROMOSOMES = CASES / "10_mpra_index_and_counts", CASES / "11_chr1_vs_1"


@pytest.mark.parametrize("name", ["pandas_index", "with_counts", "chr_column_plain"])
def test_an_index_a_place_or_a_count_is_no_cell_type_and_that_is_said(name):
    found = data.from_own(INDEX / f"{name}.csv")
    assert found.cell_types == ["K562", "HepG2"]
    assert "values are read from K562, HepG2" in found.said
    left = {line.split()[1] for line in found.said if line.startswith("column ")}
    expected = {"pandas_index": {"unnamed_1"}, "with_counts": {"start", "end", "n_barcodes"}}
    assert expected.get(name, {"chr", "start", "end", "n_barcodes"}) <= left


@pytest.mark.parametrize(
    ("name", "cells"), [("replicate_blank", ["K562"]), ("replicate_words", ["K562", "HepG2"])]
)
def test_replicates_are_known_by_their_numbers_and_said(name, cells):
    found = data.from_own(INDEX / f"{name}.csv")
    assert found.cell_types == cells
    assert found.replicates["K562"].shape[1] == 2
    assert any(line.startswith("replicates of one cell type: K562 (") for line in found.said)


def test_a_named_cell_type_takes_its_replicates_and_nothing_else():
    assert data.from_own(INDEX / "replicate_words.csv", cell_types="K562").cell_types == ["K562"]
    assert data.from_own(INDEX / "with_counts.csv", cell_types=["n_barcodes"]).cell_types == ["n_barcodes"]


def test_kinds_and_splits_in_other_words():
    found = data.from_own(INDEX / "kind_other_word.csv")
    assert set(found.promoters["kind"]) == {"native"}
    assert "kind: all are 'enhancer', and all are tested" in found.said
    found = data.from_own(INDEX / "split_words.csv")
    assert set(found.promoters["split"]) == {"train", "valid"}
    assert "split: read as train, valid, test (Train, val)" in found.said


def test_random_elements_without_a_kind_are_not_tested(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,sequence,K562\na,ACGT,1\nRANDOM_7,TTTT,5\nscrambled-b,GGCC,3\n")
    found = data.from_own(path)
    assert found.promoters["kind"].tolist() == ["native", "random", "scrambl"]
    assert (
        "its id says 'random': learnt from, not tested; a column kind says otherwise" in found.rows["note"][1]
    )
    path.write_text("sequence,K562,kind\nACGT,1,enhancer\nTTTT,2,random\n")
    with pytest.raises(ValueError, match="column kind: found enhancer, random, and none is 'native'"):
        data.from_own(path)
    path.write_text("sequence,K562,split\nACGT,1,train\nTTTT,2,later\n")
    assert (
        data.from_own(path).rows["note"][1]
        == "split is 'later'; expected train, valid or test (or leave it empty)"
    )


@pytest.mark.parametrize("name", ["mixed", "Chr_chr"])
def test_a_chromosome_has_one_name(name):
    found = data.from_own(CHROMOSOMES / f"{name}.csv")
    assert set(found.promoters["chromosome"]) == {"1", "2", "3", "4", "5", "6"}
    assert any(
        line.startswith("chromosome: names with and without 'chr' are the same") for line in found.said
    )


@pytest.mark.parametrize("name", ["dot", "duplicated", "duplicated_inf"])
def test_a_gap_touches_its_own_cell_and_repeats_are_averaged_or_set_aside(name):
    found = data.from_own(CASES / "13_mpra_duplicates" / f"{name}.csv")
    assert found.values["K562"].isna().any()
    assert not found.values["HepG2"].isna().any()
    assert found.promoters["sequence"].is_unique
    assert {"changed", "rejected"} <= set(found.rows["status"])
    rejected = found.rows[found.rows["status"] == "rejected"]
    assert rejected["note"].str.endswith("no value in any cell type; fill one in").all()


def test_a_row_a_value_gives_the_same_as_a_column_a_cell_type(tmp_path):
    path = tmp_path / "long.tsv"
    rows = [
        "a\tACGT\tK562\t1,5",
        "a\tACGT\tK562\t2,5",
        "a\tACGT\tHeLa\t3,5",
        "b\tTTGA\tK562\tNA",
        "c\tGGCC\tHeLa\t0,5",
    ]
    path.write_text("\n".join(["name\tsequence\tcell_type\tvalue", *rows]) + "\n")
    found = data.from_own(path, columns="id=name")
    assert found.promoters["id"].tolist() == ["a", "c"]
    assert found.cell_types == ["K562", "HeLa"]
    np.testing.assert_equal(found.values.to_numpy(), [[2.0, 3.5], [np.nan, 0.5]])
    np.testing.assert_equal(found.replicates["K562"], [[1.5, 2.5], [np.nan, np.nan]])
    assert found.rows["line"].tolist() == [2, 3, 4, 5, 6]
    assert found.rows["promoter"].tolist() == [0, 0, 0, -1, 1]
    assert found.rows["status"].tolist() == ["ok", "ok", "ok", "rejected", "ok"]
    assert "one row a value: 4 values of 2 promoters" in found.said
    path.write_text("sequence,cell_type,value\nACGT,K562,low\n")
    with pytest.raises(
        ValueError, match=r"\(line 2: value 'low' is no number; read as missing; no value; fill one in"
    ):
        data.from_own(path)


def test_without_chromosomes_the_folds_are_of_near_copies():
    found = data.from_own(INDEX / "chr_column_plain.csv")
    assert data.protocols(found, "chromosome_5fold holdout") == ["grouped_5fold", "holdout"]


def test_a_folder_holds_values_and_sequences_apart(tmp_path):
    (tmp_path / "promoters.fa").write_text(">a\nACGTAC\n>b\nTTGACC\n")
    (tmp_path / "values.csv").write_text("id;K562;HeLa\na;1,5;0,5\nb;2,5;1,5\nc;1,0;0,7\n")
    found = data.from_own(tmp_path)
    assert found.promoters["sequence"].tolist() == ["ACGTAC", "TTGACC"]
    assert found.values["K562"].tolist() == [1.5, 2.5]
    assert "'c' has no record in promoters.fa" in found.rows["note"].iloc[2]
    (tmp_path / "more.fa").write_text(">a\nA\n")
    with pytest.raises(ValueError, match=r"found more.fa, promoters.fa, values.csv; expected one FASTA"):
        data.from_own(tmp_path)


GENOME = ">chr1 first\nAACCGGTTACGT\n>2\nTTGACCATGA\n"
PLACES = [("1", 5, 8, "+", "a"), ("1", 4, 8, "-", "b"), ("chr2", 3, 9, "+", "c"), ("2", 2, 8, "-", "d"),
          ("3", 3, 8, "+", "e"), ("chr1", 6, 9, "+", "")]  # fmt: skip
"""Contig, first and last place from 1, strand, id; at either end of contig 2, on no contig, without id."""


def gff(kind):
    rows = []
    for contig, start, end, strand, name in PLACES:
        bed = f"{contig}\t{start - 1}\t{end}\t{name}\t0\t{strand}"
        about = {"gff3": f"ID=gene:{name};biotype=x", "gtf": f'gene_id "{name}"; biotype "x";'}.get(kind, "")
        for type_ in ("gene", "mRNA") if kind != "bed" else ():
            said = about.replace("gene:", f"{type_}:") if name else "biotype=x"
            rows.append(f"{contig}\tsource\t{type_}\t{start}\t{end}\t.\t{strand}\t.\t{said}")
        rows += [bed] if kind == "bed" else []
    return "\n".join(["##gff-version 3" if kind == "gff3" else "# places", *rows, ""])


@pytest.mark.parametrize("kind", ["bed", "gff3", "gtf"])
def test_a_folder_holds_a_genome_and_its_places(tmp_path, kind):
    (tmp_path / "genome.fa").write_text(GENOME)
    (tmp_path / f"genes.{kind}").write_text(gff(kind))
    unnamed = "chr1:6-9+"
    values = {name: n + 0.5 for n, name in enumerate(["a", "b", "c", "d", "e", unnamed, "nobody"])}
    (tmp_path / "values.csv").write_text("".join(["id,K562\n", *(f"{k},{v}\n" for k, v in values.items())]))
    with pytest.raises(ValueError, match="such as length = 170"):
        data.from_own(tmp_path)
    found = data.from_own(tmp_path, length=4, report=tmp_path / "told" / "rows_01.csv")
    by_id = found.promoters.set_index("id")
    # In front of the first place of a + gene, and of the last of a - gene, which is turned.
    assert by_id["sequence"].to_dict() == {
        "a": "AACC", "b": "ACGT", "c": "NNTT", "d": "NNTC", unnamed: "ACCG",
    }  # fmt: skip
    assert by_id["chromosome"].tolist() == ["1", "1", "2", "2", "1"]
    assert found.values["K562"].tolist() == [0.5, 1.5, 2.5, 3.5, 5.5]
    assert found.rows["status"].tolist() == ["ok", "ok", "changed", "changed", "rejected", "ok", "rejected"]
    notes = found.rows["note"]
    assert "2 of the letters lie beyond the end of" in notes[2]
    assert "has no contig 3" in notes[4]
    assert notes[6] == f"id 'nobody' is not in genes.{kind}"
    assert (tmp_path / "told" / "rows_01.csv").is_file()
    assert any("is 1" in line or "1 is" in line for line in found.said)
    assert any(line.startswith("places: a ") for line in found.said)


def test_places_of_another_type_or_of_other_ids_are_an_error_with_a_mend(tmp_path):
    (tmp_path / "genome.fa").write_text(GENOME)
    (tmp_path / "values.csv").write_text("id,K562\na,1.5\n")
    (tmp_path / "genes.gff3").write_text(gff("gff3").replace("\tgene\t", "\texon\t"))
    with pytest.raises(ValueError, match=r"no line has the type 'gene'; found .*Write gene into the third"):
        data.from_own(tmp_path, length=4)
    (tmp_path / "genes.gff3").write_text(gff("gff3").replace(":a;", ":z;"))
    with pytest.raises(ValueError, match=r"none of its ids .* expected the same ids in both"):
        data.from_own(tmp_path, length=4)


@pytest.mark.parametrize(
    ("lines", "message"), [("ACGT,\nTTGA,\n", "none of its 2"), ("ACGT,1\nTTGA,2\nACG,3\n", "one length")]
)
def test_the_report_is_written_where_the_reading_stops(tmp_path, lines, message):
    (tmp_path / "own.csv").write_text("sequence,K562\n" + lines)
    with pytest.raises(ValueError, match=message):
        data.from_own(tmp_path / "own.csv", cell_types="K562", report=tmp_path / "rows_01.csv")
    told = (tmp_path / "rows_01.csv").read_text().splitlines()
    assert len(told) == 1 + lines.count("\n")


def test_too_few_promoters_or_one_value_alone_stop_before_anything_is_trained(tmp_path):
    letters = np.random.default_rng(0).choice(list("ACGT"), (12, 30))
    rows = ["".join(row) for row in letters]
    path = tmp_path / "own.csv"
    path.write_text("sequence,K562,HeLa\n" + "".join(f"{row},{n},1.5\n" for n, row in enumerate(rows)))
    with pytest.raises(ValueError, match=r"own\.csv: HeLa has fewer than two different values; .*cell_types"):
        data.check(data.from_own(path), path)
    data.check(data.from_own(path, cell_types="K562"), path)
    path.write_text("sequence,K562\n" + "".join(f"{row},{n}\n" for n, row in enumerate(rows[:9])))
    with pytest.raises(ValueError, match="the 9 promoters that can be tested stand in 9 groups; expected at"):
        data.check(data.from_own(path), path)
