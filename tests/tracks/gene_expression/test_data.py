"""Tables of promoters: what is read, what is said, what is refused."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import splits
from helpers.project import paths, registry
from helpers.tracks.gene_expression import data as expression

HEADER = "id,sequence,group,chromosome,kind,split,K562,HepG2"
ROWS = [
    f"p{n},{'ACGT' * 4}{'ACGT'[n // 4]}{'ACGT'[n % 4]}GT,g{n // 2},chr{n % 3 + 1},native,{part},{n}.5,{-n}"
    for n, part in enumerate(["train"] * 6 + ["valid"] * 3 + ["test"] * 3)
]


@pytest.fixture
def write(tmp_path):
    def written(*rows, header=HEADER, name="own.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return written


def test_a_table_of_ones_own(write):
    data = expression.from_own(write(*ROWS))
    assert data.cell_types == ["K562", "HepG2"]
    assert data.values["K562"].tolist() == [n + 0.5 for n in range(12)]
    assert data.promoters["group"].tolist()[:3] == ["g0", "g0", "g1"]
    assert set(data.rows["status"]) == {"ok"}
    assert data.rows["line"].tolist() == list(range(2, 14))
    X = expression.one_hot(data, [0, 3])
    assert X.shape == (2, 20, 4)
    assert X[0, :4].argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_replicates_are_averaged_over_what_was_measured(write):
    path = write("ACGTA,1,3,", "GGGGA,,5,2", header="sequence,K562_rep1,K562_rep2,HeLa")
    data = expression.from_own(path)
    assert data.values["K562"].tolist() == [2.0, 5.0]
    assert np.isnan(data.values["HeLa"][0])
    assert data.replicates["K562"].shape == (2, 2)
    assert data.promoters["kind"].tolist() == ["native", "native"]


def test_text_columns_are_no_cell_types(write):
    data = expression.from_own(write("ACGT,a gene,1", header="sequence,gene,K562"))
    assert data.cell_types == ["K562"]


@pytest.mark.parametrize("word", ["", "NA", "NaN", "n/a", "null", "None", " "])
def test_words_for_a_missing_value(write, word):
    data = expression.from_own(write(f"ACGT,{word},1", "ACGA,2,3", header="sequence,K562,HepG2"))
    assert np.isnan(data.values.loc[0, "K562"])
    assert data.rows["status"].tolist() == ["ok", "ok"]


def test_a_missing_cell_type_is_named_with_what_is_there(write):
    path = write(*ROWS)
    with pytest.raises(
        ValueError, match=r"there is no column K652 of values; found K562, HepG2\. Is it K562 for K652\?"
    ):
        expression.from_own(path, cell_types=["K652"])


def test_a_cell_type_stands_once(write):
    with pytest.raises(ValueError, match="'K562' has a column of that name and columns of repl"):
        expression.from_own(write("ACGT,1,2", header="sequence,K562,K562_rep1"))


def test_a_table_without_values(write):
    with pytest.raises(ValueError, match="no column holds values; expected one column a cell"):
        expression.from_own(write("ACGT,gene", header="sequence,name"))


def test_a_row_without_any_value_is_rejected_and_said(write):
    data = expression.from_own(write(*ROWS, f"q,{'TTGT' * 5},g,chr1,native,train,,"))
    last = data.rows.iloc[-1]
    assert (last["status"], last["promoter"], last["line"]) == ("rejected", -1, 14)
    assert last["note"] == "no value in any cell type; fill one in"
    assert len(data.promoters) == 12


@pytest.mark.parametrize("infinite", ["inf", "-inf", "Infinity"])
def test_an_infinite_value_is_not_measured_and_said(write, infinite):
    data = expression.from_own(write(f"ACGT,{infinite},1", header="sequence,K562,HepG2"))
    assert np.isnan(data.values.loc[0, "K562"])
    assert data.values.loc[0, "HepG2"] == 1
    assert data.rows.loc[0, "status"] == "changed"
    assert data.rows.loc[0, "note"] == f"K562 {infinite!r} is no number; read as missing"


def test_a_word_among_the_values_is_a_gap_in_its_own_cell(write):
    data = expression.from_own(write("ACGT,high,1", "ACGA,2,3", header="sequence,K562,HepG2"))
    assert data.rows["status"].tolist() == ["changed", "ok"]
    assert data.rows.loc[0, "note"] == "K562 'high' is no number; read as missing"
    assert data.values["HepG2"].tolist() == [1.0, 3.0]


def test_nothing_to_use(write):
    with pytest.raises(ValueError, match=r"none of its 1 rows can be used .*sequence: "):
        expression.from_own(write("AC7T,1", header="sequence,K562"))


def test_sequences_of_unequal_length(write):
    path = write("ACGT,1", "ACGA,2", "ACGTAA,3", "GT,4", header="sequence,K562")
    with pytest.raises(ValueError, match=r"line 4, column sequence: 6 nt, most rows have 4 nt \(2 "
                       r"rows differ\); expected one length. Give length=4 to cut"):  # fmt: skip
        expression.from_own(path)
    data = expression.from_own(path, length=4)
    assert data.promoters["sequence"].tolist() == ["ACGT", "ACGA", "GTAA", "NNGT"]
    assert data.rows["status"].tolist() == ["ok", "ok", "changed", "changed"]
    assert "cut at its left end to 4 nt" in data.rows.loc[2, "note"]
    assert "padded with N at its left end" in data.rows.loc[3, "note"]


def test_another_separator(write):
    path = write("ACGT;1", header="sequence;K562")
    with pytest.raises(ValueError, match=r"there is no column sequence; found sequence;K562"):
        expression.from_own(path, separator=",")
    assert expression.from_own(path).cell_types == ["K562"]


def test_ids_that_stand_again_are_numbered(write):
    data = expression.from_own(write("a,ACGT,1", "a,ACGA,2", ",ACGC,3", header="id,sequence,K562"))
    assert data.promoters["id"].tolist() == ["a", "a#2", "line4"]


def test_copies_are_grouped_when_no_group_is_given(write):
    one, other = "ACGTTGCAAGGCTTACCGATAGGCT", "GGCTATTTCGACCCGAGATTTAGCA"
    path = write(f"{one},1", f"{one[:-1]}A,2", f"{other},3", header="sequence,K562")
    group = expression.from_own(path).promoters["group"].tolist()
    assert group[0] == group[1] != group[2]


@pytest.mark.parametrize("turned", [False, True])
def test_copies_of_95_percent_identity_are_grouped_on_either_strand(write, turned):
    rng = np.random.default_rng(0)
    letters = rng.integers(0, 4, (60, 114))
    copies = letters.copy()
    for one in copies:
        one[rng.choice(114, size=6, replace=False)] += rng.integers(1, 4, 6)
    copies = 3 - copies[:, ::-1] % 4 if turned else copies % 4
    lines = ["".join("ACGT"[code] for code in one) + ",1" for one in (*letters, *copies)]
    group = expression.from_own(write(*lines, header="sequence,K562")).promoters["group"]
    assert (group[:60].to_numpy() == group[60:].to_numpy()).all()
    assert group.nunique() == 60


def test_a_chromosome_on_both_sides_of_a_given_split(write):
    data = expression.from_own(write(*ROWS))
    with pytest.raises(ValueError, match=r"column split puts one chromosome on two sides: fold "
                       r"given_test: group 'chr1' is in train \(row 0\) and in valid"):  # fmt: skip
        expression.folds(data, "given_test")
    rows = [re.sub(",chr.", ",", row) for row in ROWS]
    with pytest.raises(ValueError, match="column split puts one group on two sides"):
        expression.folds(expression.from_own(write(*rows)), "given_test")


def test_a_given_split_that_holds(write):
    rows = [f"ACG{'ACG'[n]},chr{n},{part},{n}" for n, part in enumerate(["train", "valid", "test"])]
    path = write(*rows, header="sequence,chromosome,split,K562")
    data = expression.from_own(path)
    data = data._replace(promoters=data.promoters.assign(group=["a", "b", "c"]))
    fold = expression.folds(data, "given_test")[0]
    assert [part.tolist() for part in fold[:3]] == [[0], [1], [2]]
    short = data._replace(promoters=data.promoters.assign(split="train"))
    with pytest.raises(ValueError, match="the column split gives no row to valid, test"):
        expression.folds(short, "given_test")


def test_an_unknown_protocol(write):
    with pytest.raises(ValueError, match="protocol is 'random'; expected one of chromosome_5fold"):
        expression.folds(expression.from_own(write(*ROWS)), "random")


def toy(kinds, chromosomes, groups):
    n = len(kinds)
    promoters = pd.DataFrame({
        "id": [f"p{i}" for i in range(n)], "sequence": "ACGT", "group": groups,
        "chromosome": chromosomes, "kind": kinds, "split": "",
    })  # fmt: skip
    return expression.Expression(promoters, pd.DataFrame({"K": np.arange(n)}), {}, pd.DataFrame())


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_copies_of_a_tested_locus_are_never_learnt_from(seed):
    rng = np.random.default_rng(seed)
    locus = np.repeat(np.arange(30), 3)
    kinds = ["native", "native", "scrambled"] * 30 + ["random"] * 9
    groups = [f"l{i}" for i in locus] + [f"r{i}" for i in range(9)]
    chromosomes = [f"chr{rng.integers(1, 9)}" for _ in range(30) for _ in range(1)]
    data = toy(kinds, [chromosomes[i] for i in locus] + [""] * 9, groups)
    for protocol in ("chromosome_5fold", "grouped_5fold", "holdout"):
        if protocol == "chromosome_5fold" and len(set(chromosomes)) < 6:
            continue
        folds = expression.folds(data, protocol, k=3, valid=0.3, seed=seed)
        for fold in folds:
            splits.check(fold, data.promoters["group"])
            assert set(data.promoters["kind"].iloc[np.r_[fold.valid, fold.test]]) == {"native"}
            assert set(range(90, 99)) <= set(fold.train)
            parts = np.concatenate([fold.train, fold.valid, fold.test, fold.left_out])
            assert sorted(parts) == list(range(99))
        if protocol != "holdout":
            tested = np.concatenate([fold.test for fold in folds])
            assert sorted(tested) == [i for i in range(90) if kinds[i] == "native"]


def test_the_sample_is_read_whole():
    folder = paths.root() / "data/sample/gene_expression"
    data = expression.from_own(folder / "promoters.csv")
    assert len(data.cell_types) == 8
    assert data.rows["status"].value_counts()["rejected"] == 4
    assert len(data.promoters) == len(data.rows) - 4 - 1  # two rows are one promoter
    assert data.rows["note"].str.contains("contradict each other").sum() == 2
    outcome = expression.outcome(data).set_index("what")["count"]
    assert outcome["promoters, random"] == 100
    truth = expression.elements(data, [0, 1, 2], truth=folder / "truth_elements.csv")
    for element in truth.itertuples():
        assert data.promoters["id"][element.row] == element.id
    strange = data._replace(promoters=data.promoters.assign(id="x"))
    with pytest.raises(ValueError, match="knows none of 1 promoters"):
        expression.elements(strange, [0], truth=folder / "truth_elements.csv")


SPREAD = [f"{'ACGT' * 4}{a}{b},g,chr1,{n}.0,{n}.0" for n, (a, b) in enumerate(["AA", "AC", "AG", "AT"])]


def test_rows_of_one_sequence_are_averaged_and_said(write):
    again = "ACGT" * 4 + "AA,g,chr1,1.0,"
    path = write(*SPREAD, again, header="sequence,group,chromosome,K562,HepG2")
    data = expression.from_own(path)
    assert data.values["K562"].tolist() == [0.5, 1.0, 2.0, 3.0]
    assert data.values["HepG2"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert data.replicates["K562"].tolist() == [[0.5], [1.0], [2.0], [3.0]]
    assert data.rows["status"].tolist() == ["changed", "ok", "ok", "ok", "changed"]
    assert data.rows["promoter"].tolist() == [0, 1, 2, 3, 0]
    assert data.rows.loc[4, "note"] == "averaged over the rows of its sequence (first: line 2)"


def test_rows_of_one_sequence_that_contradict_each_other_are_rejected(write):
    again = "ACGT" * 4 + "AA,g,chr1,9.0,0.1"
    path = write(*SPREAD, again, header="sequence,group,chromosome,K562,HepG2")
    data = expression.from_own(path)
    assert data.values["K562"].tolist() == [1.0, 2.0, 3.0]
    assert data.rows["promoter"].tolist() == [-1, 0, 1, 2, -1]
    assert (
        data.rows.loc[0, "note"]
        == data.rows.loc[4, "note"]
        == ("lines 2, 6 hold one sequence and contradict each other (K562: 0.0 and 9.0); keep the right one")
    )


# The public assay

CELLS = ("HeLa", "HepG2", "K562")
ASSAY = [
    ("WILDTYPE__mrna.noflip.NA__chr1:100..214,+__1.1.0.0", "AAAA", 1.0),
    ("WILDTYPE_SNP_INDIV__mrna.noflip.NA__chr1:150..264,-__2.1.1.0", "AAAC", 2.0),
    ("FLIPPED__mrna.flip.antisense__chr1:100..214,-__3.1.0.0", "AAAG", 3.0),
    ("SCRAMBLED__mrna.noflip.NA__chr2:100..214,+__4.1.0.0", "AAAT", 4.0),
    ("SCRAMBLED__mrna.noflip.NA__chr2:100..214,+__4.1.0.0", "AACA", 5.0),
    ("RANDOM__random_sequence__randSeq__9.1", "AACC", np.nan),
    ("WILDTYPE__mrna.noflip.NA__chr1:900..999,+__5.1.0.0", "AACG", 7.0),
]


@pytest.fixture
def assay(tmp_path, monkeypatch):
    paths = {}
    for number, cell in enumerate(CELLS):
        rows = ASSAY if number != 1 else ASSAY[::-1]
        table = pd.DataFrame(rows, columns=["unique_id", "element", "rna_1"])
        table["rna_2"] = table["rna_1"] + number
        name = f"POOL1__pMPRA1__{cell}__activities_per_element.txt"
        paths[name] = tmp_path / name
        table.to_csv(paths[name], sep="\t", index=False)
    monkeypatch.setattr(registry, "fetch", lambda name: paths)
    return paths


def test_the_assay_is_joined_on_the_sequence(assay):
    data = expression.from_registry()
    assert data.values["HepG2"].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 7.5]
    assert data.promoters["kind"].tolist() == [
        "native", "native", "flipped", "scrambled", "scrambled", "native",
    ]  # fmt: skip
    group = data.promoters["group"].tolist()
    assert group[0] == group[1] == group[2] == "chr1:100"
    assert group[3] == group[4] == "chr2:100"
    assert group[5] == "chr1:900"
    assert data.promoters["id"].is_unique
    assert data.rows["status"].tolist().count("rejected") == 1
    assert data.rows.loc[5, "note"] == "no value in any cell type; fill one in"


def test_assays_of_other_sequences_are_refused(assay):
    path = assay["POOL1__pMPRA1__K562__activities_per_element.txt"]
    path.write_text(path.read_text().replace("AACG", "TTTT"))
    with pytest.raises(ValueError, match=r"K562.* holds other sequences than .*HeLa"):
        expression.from_registry()


def test_another_data_set():
    with pytest.raises(ValueError, match="'sirna' holds no expression; expected 'promoter_mpra'"):
        expression.from_registry("sirna")
