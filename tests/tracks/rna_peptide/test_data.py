"""The loaders of the RNA-peptide track: three sources, one table, no row lost."""

import numpy as np
import pandas as pd
import pytest

from helpers.project import paths, registry
from helpers.tracks.rna_peptide import data

SAMPLE = paths.root() / "data" / "sample" / "rna_peptide"
PEPTIDE = "MKRGWKFDDSTTREWQAN"


@pytest.fixture(scope="module")
def sample():
    return data.from_own(SAMPLE / "chunks")


def test_chunks_of_the_sample(sample):
    counts = data.outcome(sample).set_index("what")["rows"]
    assert counts.tolist() == [7990, 7892, 50, 48, 40, 12]
    assert len(sample.pairs) == 7942
    assert not sample.pairs["rna_seq"].str.contains("T").any()
    changed = sample.rows[sample.rows["status"] == "changed"]
    assert changed["note"].str.contains("T written as U|lower-case").all()
    assert sample.pairs["label"].value_counts(normalize=True).between(0.49, 0.51).all()


def test_a_pair_with_either_label_is_set_aside_whole(tmp_path):
    rows = [f"r1,p1,ACGU,{PEPTIDE},1", f"r2,p2,GGGG,{PEPTIDE},1", f"r3,p3,ACGT,{PEPTIDE},0"]
    rows += [f"r4,p4,GGGG,{PEPTIDE},1", f"r5,p5,CCCC,{PEPTIDE},2", f"r6,p6,CCCC,{PEPTIDE},"]
    header = "rna_id,protein_id,rna_seq,protein_seq,label"
    (tmp_path / "chunk_1.csv").write_text("\n".join([header, *rows, ""]))
    loaded = data.from_own(tmp_path)
    assert loaded.pairs.index.tolist() == [1, 3]
    assert loaded.rows["duplicate_of"].tolist() == [-1, -1, -1, 1, -1, -1]
    notes = loaded.rows["note"]
    assert "the same pair stands with label 0 and 1" in notes[0]
    assert notes[2] == f"RNA: 1 T written as U; {notes[0]}"
    assert notes[4] == "label is '2'; expected 1 or 0 (or true/false, yes/no, +1/-1)"
    assert data.outcome(loaded).set_index("what")["rows"]["of these for contradicting labels"] == 2


def test_duplicates_point_back(sample):
    again = sample.rows[sample.rows["duplicate_of"] >= 0]
    assert len(again) == 12
    for row, first in again["duplicate_of"].items():
        assert first < row
        pairs = sample.pairs.loc[[row, first], ["rna_seq", "protein_seq"]]
        assert (pairs.iloc[0] == pairs.iloc[1]).all()


def test_a_bad_row_is_kept_with_its_reason(tmp_path):
    (tmp_path / "chunk_1.csv").write_text(
        "rna_id,protein_id,rna_seq,protein_seq\n"
        f"r1,p1,ACG-U,{PEPTIDE}\nr2,p2,ACGU,\nr3,p3,acgt,{PEPTIDE}\nr4,p4,ACGU,M7\n"
    )
    loaded = data.from_own(tmp_path)
    assert loaded.rows["status"].tolist() == ["rejected", "rejected", "changed", "rejected"]
    assert "RNA: position 4 holds '-'" in loaded.rows.loc[0, "note"]
    assert "peptide" in loaded.rows.loc[3, "note"]
    assert loaded.pairs.index.tolist() == [2]
    assert loaded.pairs["rna_seq"].tolist() == ["ACGU"]


def write_list(folder, pairs):
    (folder / "pairs.txt").write_text(pairs)
    (folder / "rna.fa").write_text(">r1\nACGUF\n>r2\nACGT\n")
    (folder / "protein.fa").write_text(f">p1\n{PEPTIDE}\n")
    return folder


def read_list(folder, name="pairs.txt", **options):
    fastas = {"rna_fasta": folder / "rna.fa", "protein_fasta": folder / "protein.fa"}
    return data.from_own(folder / name, **fastas, **options)


def test_list_with_fasta(tmp_path):
    folder = write_list(tmp_path, "p1\tr1\t1\n\np1 r2 0\np1 r9 1\np1 r1\np1 r1 2\n")
    loaded = read_list(folder)
    assert loaded.rows["status"].tolist() == ["changed", "changed", "rejected", "rejected", "rejected"]
    assert loaded.rows["row"].tolist() == [1, 3, 4, 5, 6]
    assert loaded.pairs["rna_seq"].tolist() == ["ACGUN", "ACGU"]
    assert loaded.pairs["label"].tolist() == [1, 0]
    notes = loaded.rows["note"]
    assert "the rna id is not in rna.fa" in notes[2]
    assert "found 2 columns; expected 3" in notes[3]
    assert "label is '2'; expected 1 or 0 (or true/false, yes/no, +1/-1)" in notes[4]


def test_a_pair_with_two_labels_is_set_aside(tmp_path):
    folder = write_list(tmp_path, "p1 r1 1\np1 r2 0\np1 r1 0\np1 r2 0\n")
    loaded = read_list(folder)
    assert loaded.pairs.index.tolist() == [1, 3]
    assert loaded.rows["status"].tolist() == ["rejected", "changed", "rejected", "changed"]
    assert "the same pair stands with label 0 and 1" in loaded.rows["note"][0]
    assert loaded.rows["duplicate_of"].tolist() == [-1, -1, -1, 1]


def test_the_columns_of_a_list_are_found(tmp_path):
    folder = write_list(tmp_path, "r1 p1 1\n")
    loaded = read_list(folder)
    assert loaded.pairs["rna_seq"].tolist() == ["ACGUN"]
    assert loaded.said[1] == "columns, found from the FASTA files: rna_id, protein_id, label"
    assert len(read_list(write_list(tmp_path, "1,p1,r1\n")).pairs) == 1


def test_list_without_pairs_and_with_a_double_id(tmp_path):
    folder = write_list(tmp_path, "\n\n")
    with pytest.raises(ValueError, match="no pair in the file"):
        read_list(folder)
    folder = write_list(tmp_path, "p1 r1 1\n")
    (tmp_path / "rna.fa").write_text(">r1\nACGU\n>r1\nGGGG\n")
    with pytest.raises(ValueError, match=r"rna\.fa, line 3: the id r1 stands twice with different sequences"):
        read_list(folder)


def test_structures_of_the_sample():
    loaded = data.from_own(SAMPLE / "structures")
    assert loaded.pairs["rna_seq"].tolist() == ["GGAUUCUCC", "CACGUAA"]
    assert loaded.pairs["protein_seq"].tolist() == ["MKRGWKF", "MHPWEN"]
    assert loaded.rows["note"].str.contains("PSU|5MC").all()


def test_registry_holds_one_set_of_pairs():
    with pytest.raises(ValueError, match="'sirna' holds no RNA-peptide pairs; expected 'rpi2241'"):
        data.from_registry("sirna")
    with pytest.raises(registry.RegistryError, match="no data set 'rpi'"):
        data.from_registry("rpi")


@pytest.mark.skipif(not (registry.cache_folder() / "rpi2241").is_dir(), reason="RPI2241 is not in the cache")
def test_rpi2241_is_what_it_is_known_to_be():
    loaded = data.from_registry()
    assert len(loaded.pairs) == len(loaded.rows) == 4482
    assert loaded.pairs["label"].value_counts().to_dict() == {0: 2241, 1: 2241}
    assert loaded.pairs["protein_seq"].nunique() == 837
    assert loaded.pairs["rna_seq"].nunique() == 435
    assert (loaded.rows["duplicate_of"] >= 0).sum() == 214


def test_read_pairs_names_a_wrong_label(tmp_path):
    (tmp_path / "pairs.csv").write_text(
        "rna_id,protein_id,rna_seq,protein_seq,label\nr,p,ACGU,MK,1\nr,p,ACGU,MK,maybe\n"
    )
    with pytest.raises(ValueError, match=r"pairs\.csv, line 3: label is 'maybe'.*expected 0 or 1"):
        data.read_pairs(tmp_path / "pairs.csv")


def test_binding_pairs_are_distinct_short_and_seeded(sample):
    drawn = [
        data.binding_pairs(sample.pairs, 50, longest_rna=60, longest_peptide=40, seed=1) for _ in range(2)
    ]
    assert drawn[0].equals(drawn[1])
    assert len(drawn[0]) == 50
    assert drawn[0]["rna_seq"].str.len().max() <= 60
    with pytest.raises(ValueError, match="allow longer chains"):
        data.binding_pairs(sample.pairs, 5, longest_rna=3, longest_peptide=40)


def test_planted_truth(sample):
    chosen = data.binding_pairs(sample.pairs, 40, longest_rna=90, longest_peptide=55, truth=SAMPLE)
    truth = data.planted(chosen, SAMPLE)
    assert set(truth.maps.sum(axis=(1, 2))) <= {30, 60}
    for side, (found, decoys, size) in enumerate(
        ((truth.rna, truth.rna_decoys, 6), (truth.peptide, truth.peptide_decoys, 5)), start=1
    ):
        assert np.array_equal(found, truth.maps.any(axis=3 - side))
        # Every chain has two words; each is a site or a decoy.
        assert (found | decoys).sum(axis=1).tolist() == [2 * size] * len(chosen)
        assert not (found & decoys).any()


def test_binding_pairs_leaves_out_wrong_labels_where_the_truth_is_known(sample):
    limits = {"longest_rna": 90, "longest_peptide": 55}
    labelled = data.binding_pairs(sample.pairs, 10_000, **limits)
    bound = data.binding_pairs(sample.pairs, 10_000, truth=SAMPLE, **limits)
    assert 0.95 < len(bound) / len(labelled) < 0.97


def test_planted_truth_of_strangers(sample):
    chosen = sample.pairs.head(3)
    with pytest.raises(ValueError, match="'nobody' is not in the truth tables"):
        data.planted(pd.DataFrame([chosen.iloc[0].to_dict() | {"rna_id": "nobody"}]), SAMPLE)
