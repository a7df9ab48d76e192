"""The loader of RNA windows: every record has a row, every fault has a message."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.project import paths, registry
from helpers.readers import tables
from helpers.tracks.rna_modification import data as loaders
from helpers.tracks.rna_modification import original

SAMPLE = paths.root() / "data" / "sample" / "rna_modification"


def write(folder, files):
    """FASTA files of the scheme, from a dict of name to records."""
    for name, records in files.items():
        path = folder / f"{name}.fasta"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f">{one}\n{text}\n" for one, text in records))
    return folder


def pair(records, *, name="m6A"):
    """A folder's files with one negative, and these positives."""
    index = list(loaders.MODIFICATIONS).index(name) + 1
    base = loaders.MODIFICATIONS[name].base
    return {f"train/{index}-0": [("n0", f"CC{base}CC"), ("n1", f"GC{base}CG")], f"train/{index}-1": records}


GOOD = [("p0", "GGACU"), ("p1", "AGACA"), ("p2", "UGACC")]


def test_the_sample_is_whole():
    table = loaders.from_folder(SAMPLE)
    counts = loaders.summary(table)
    assert list(counts.index) == list(loaders.MODIFICATIONS)
    assert counts["rejected"].to_dict() == dict.fromkeys(loaders.MODIFICATIONS, 0) | {"m6A": 7}
    table = loaders.usable(table)
    assert table["window_id"].is_unique
    assert (table["sequence"].str.len() == 151).all()
    for split in ("valid", "test"):
        assert (counts[f"{split} 0"] == counts[f"{split} 1"]).all()
    centre = table["sequence"].str[75]
    base = table["modification"].map({k: v.base for k, v in loaders.MODIFICATIONS.items()})
    assert (centre == base).all()


def test_the_ten_modifications_have_the_numbers_of_the_public_files():
    numbers = [one[0] for one in loaders.MODIFICATIONS.values()]
    assert numbers == list(range(1, 11))
    assert "".join(one.base for one in loaders.MODIFICATIONS.values()) == "ACGUACUAAU"
    assert list(original.PUBLISHED) == list(loaders.MODIFICATIONS)


def test_a_folder_of_any_subset(tmp_path):
    table = loaders.from_folder(write(tmp_path, pair(GOOD, name="m1A") | pair(GOOD)))
    assert table.columns.tolist() == loaders.COLUMNS
    assert table["modification"].tolist() == ["m1A"] * 5 + ["m6A"] * 5
    assert table["window_id"].iloc[2] == "train/5-1:p0"
    assert table["line"].iloc[3] == 3
    assert set(table["status"]) == {"ok"}


def test_one_file(tmp_path):
    path = write(tmp_path, {"valid/10-1": [("a", "GGTCC")]}) / "valid" / "10-1.fasta"
    (row,) = loaders.read_windows(path, "valid/10-1.fasta").to_dict("records")
    assert row["sequence"] == "GGUCC"
    assert row["status"] == "changed"
    assert row["source"] == "valid/10-1.fasta"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (("bad", "GGAC"), "4 nt long, an even number, so no letter is in the middle"),
        (("bad", "GG-AC"), "position 3 holds '-' (a gap)"),
        (("bad", "GTAUC"), "holds both T and U; write one of them throughout"),
        (("bad", "gtaUc"), "holds both T and U"),
        (("bad", "GGCCU"), "C is in the middle; m6A is a modified A"),
        (("bad", "GGNCU"), "N is in the middle; m6A is a modified A"),
        (("bad", "GGAÖU"), "position 4 holds 'Ö' (no letter); write N where the base is not known"),
        (("bad", "GG1CU"), "position 3 holds '1' (a digit)"),
        (("bad", ""), "the header has no sequence below it"),
        (("p0", "GGACG"), "the id train/8-1:p0 stood further up already"),
    ],
)
def test_a_bad_record_keeps_its_row(tmp_path, record, reason):
    table = loaders.from_folder(write(tmp_path, pair([*GOOD, record])))
    assert len(table) == 6
    row = table.iloc[-1]
    assert row["status"] == "rejected"
    assert reason in row["note"]
    assert len(loaders.usable(table)) == 5
    assert loaders.summary(table).loc["m6A", "rejected"] == 1


def test_an_unknown_letter_is_counted(tmp_path):
    table = loaders.from_folder(write(tmp_path, pair([*GOOD, ("n", "NGANN")])))
    assert table.iloc[-1][["status", "note"]].tolist() == ["ok", "3 unknown (N)"]


def test_a_letter_of_a_modified_base_is_its_parent(tmp_path):
    table = loaders.from_folder(write(tmp_path, pair([*GOOD, ("j", "GG=GJ")])))
    row = table.iloc[-1]
    assert row[["sequence", "status"]].tolist() == ["GGAGU", "changed"]
    assert row["note"] == "letters of modified bases read as their parent: 1 = as A, 1 J as U"


def test_repeated_windows_are_kept_and_contradictory_ones_set_aside(tmp_path):
    records = [*GOOD, ("again", "GGACU"), ("other", "CCACC")]
    notes = loaders.from_folder(write(tmp_path, pair(records))).set_index("window_id")["note"]
    assert notes["train/8-1:p0"] == notes["train/8-1:again"] == "the same window stands there twice"
    wanted = "the same window stands under the other label, too; neither is used"
    assert notes["train/8-1:other"] == notes["train/8-0:n0"] == wanted
    assert notes["train/8-1:p1"] == ""


@pytest.mark.parametrize(("label", "word"), [(1, "negatives"), (0, "positives")])
def test_swapped_names(tmp_path, label, word):
    files = {"train/8-0": [("train_neg_0", "CCACC")], "train/8-1": [("train_pos_0", "GGACU")]}
    files[f"train/8-{label}"] = [(f"train_{word[:3]}_0", "GGACU")]
    with pytest.raises(ValueError, match=rf"8-{label}\.fasta, line 1: .*speaks of {word}") as info:
        loaders.from_folder(write(tmp_path, files))
    assert "Are positives and negatives swapped? Rename the file or the ids" in str(info.value)


def test_mostly_another_base_is_another_file(tmp_path):
    records = [("a", "GGCCU"), ("b", "GGCCA"), ("c", "GGACA")]
    with pytest.raises(ValueError, match="33% of the windows named m6A have A in the middle"):
        loaders.from_folder(write(tmp_path, pair(records)))


def test_an_empty_class(tmp_path):
    files = pair(GOOD)
    del files["train/8-0"]
    with pytest.raises(ValueError, match=r"m6A, train: no usable negatives.*train/8-0\.fasta"):
        loaders.from_folder(write(tmp_path, files))


def test_a_missing_split(tmp_path):
    files = pair(GOOD) | {"test/8-0": [("n", "CCACC")], "test/8-1": [("p", "GGACU")]}
    with pytest.raises(ValueError, match="m6A, valid: no usable positives and negatives"):
        loaders.from_folder(write(tmp_path, files))
    files |= {"valid/8-0": [("n", "CCACC")], "valid/8-1": [("p", "GGACU")]}
    assert len(loaders.from_folder(write(tmp_path, files))) == 9
    files |= pair([("p", "GGUCC")], name="Psi")
    with pytest.raises(ValueError, match="Psi, valid: no usable positives and negatives"):
        loaders.from_folder(write(tmp_path, files))


def test_a_class_of_rejected_windows_is_empty_too(tmp_path):
    with pytest.raises(ValueError, match="m6A, train: no usable positives"):
        loaders.from_folder(write(tmp_path, pair([("a", "GGAC")])))


@pytest.mark.parametrize("name", ["train/11-1", "train/8-2", "train/x", "dev/8-1", "train/81"])
def test_a_name_that_says_nothing(tmp_path, name):
    with pytest.raises(ValueError, match="says neither split, modification nor label"):
        loaders.from_folder(write(tmp_path, {name: GOOD}))


def test_no_windows(tmp_path):
    with pytest.raises(ValueError, match=r"no windows; expected files named like train/8-1\.fasta"):
        loaders.from_folder(tmp_path)


HEADER = "window_id,modification,label,split,sequence"


def test_a_csv(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(f"{HEADER},group\na,m6A,1,train,GGACT,t1\nb,m6A,0,train,CCACC,t2\n")
    table = loaders.from_own(path).rows
    assert table["sequence"].tolist() == ["GGACU", "CCACC"]
    assert table["group"].tolist() == ["t1", "t2"]
    assert table["label"].tolist() == [1, 0]
    assert table["source"].tolist() == ["own.csv"] * 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("c,m6A,maybe,train,GGACU", "label is 'maybe'; expected 1 or 0"),
        ("c,m6A,,train,GGACU", "label is missing; expected 1 or 0"),
        ("c,hm5C,1,train,GGACU", "modification is 'hm5C'; expected one of Am, Cm"),
        ("c,m6A,1,both,GGACU", "split is 'both'; expected train, valid or test"),
        ("c,m6A,1,,GGACU", "split is ''; expected train, valid or test"),
        ("c,m6A,1,train,GGAC", "4 nt long, an even number"),
        ("c,m6A,1,train,GG-CU", "position 3 holds '-'"),
        ("c,m6A,1,train,GTACU", "holds both T and U; write one of them throughout"),
        ("c,m6A,1,train", "line 4 holds 4 cells; expected 5"),
        ("a,m6A,1,train,GGACU", "the id a stood further up already"),
    ],
)
def test_a_bad_row_of_a_csv_is_kept(tmp_path, row, reason):
    path = tmp_path / "own.csv"
    path.write_text(f"{HEADER}\na,m6A,1,train,GGACA\nb,m6A,0,train,CCACC\n{row}\n")
    table = loaders.from_own(path).rows
    assert table["status"].tolist() == ["ok", "ok", "rejected"]
    assert reason in table["note"].iloc[2]
    assert table["line"].tolist() == [2, 3, 4]


def test_a_csv_without_a_column(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("window_id,modification,label,split\na,m6A,1,train\n")
    with pytest.raises(ValueError, match="sequence"):
        loaders.from_own(path)


def test_windows_csv_comes_back(tmp_path):
    table = loaders.from_folder(write(tmp_path, pair([*GOOD, ("bad", "GGAC")])))
    path = tables.write_table(tmp_path / "windows.csv", table)
    pd.testing.assert_frame_equal(loaders.read_table(path), table, check_dtype=False)
    table.drop(columns="note").to_csv(path, index=False)
    with pytest.raises(ValueError, match="the columns note are missing"):
        loaders.read_table(path)


def test_the_registry_s_files_are_read_by_their_names(tmp_path, monkeypatch):
    folder = write(tmp_path, pair(GOOD))
    paths = {f"train/8-{label}.fasta": folder / "train" / f"8-{label}.fasta" for label in (0, 1)}
    monkeypatch.setattr(registry, "fetch", lambda name: paths)
    pd.testing.assert_frame_equal(loaders.from_own("registry").rows, loaders.from_own(folder).rows)


WINDOW = st.integers(0, 12).flatmap(
    lambda half: st.text("ACGUN", min_size=2 * half + 1, max_size=2 * half + 1)
)


@settings(max_examples=150)
@given(text=WINDOW, half=st.integers(0, 15))
def test_encoding_keeps_the_site_in_the_middle(text, half):
    length = 2 * half + 1
    X = loaders.encode(pd.DataFrame({"sequence": [text]}), length)[0]
    assert X.shape == (length, 4)
    assert X.dtype == np.float32
    shift = len(text) // 2 - half
    for at, row in enumerate(X):
        place = at + shift
        letter = text[place] if 0 <= place < len(text) else ""
        wanted = {"": [0] * 4, "N": [0.25] * 4}.get(letter, np.eye(4)["ACGU".find(letter)])
        assert row.tolist() == list(wanted)


def test_a_batch_of_several_lengths_is_each_by_itself():
    rows = pd.DataFrame({"sequence": ["GGACU", "A", "CCGGACUGG", "UAC"]})
    X = loaders.encode(rows, 5)
    for at in range(len(rows)):
        assert np.array_equal(X[at], loaders.encode(rows.iloc[[at]], 5)[0])


@pytest.mark.parametrize(
    ("length", "options", "message"),
    [
        (4, {}, "length is 4 nt; expected an odd number.*Give 3 or 5"),
        (7, {"short": "raise"}, r"window w1: 5 nt long; the model takes 7.*\(1 such windows\)"),
    ],
)
def test_a_length_that_does_not_fit(length, options, message):
    rows = pd.DataFrame({"window_id": ["w0", "w1"], "sequence": ["GGGACUU", "GGACU"]})
    with pytest.raises(ValueError, match=message):
        loaders.encode(rows, length, **options)


def test_an_even_window_has_no_middle():
    with pytest.raises(ValueError, match="window w: 4 nt long; an even number has no middle"):
        loaders.encode(pd.DataFrame({"window_id": ["w"], "sequence": ["GGAC"]}), 3)


def windows(rows):
    columns = ["window_id", "modification", "label", "split", "group", "sequence"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def copies():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGU"), 41)) for _ in range(6)]
    return windows(
        [
            ("a", "m6A", 1, "train", "", texts[0]),
            ("b", "m6A", 0, "valid", "", texts[1]),
            ("c", "m6A", 1, "test", "", texts[0][10:] + texts[2][:10]),
            ("d", "m6A", 1, "test", "", texts[1][5:] + "ACGUA"),
            ("e", "m6A", 0, "test", "", texts[3]),
            ("f", "m6A", 0, "test", "", "ACGUACG" + texts[3][:34]),
            ("g", "Psi", 1, "test", "", texts[0]),
            ("h", "Psi", 1, "train", "", texts[4]),
        ]
    )


def test_the_audit_finds_copies_of_its_own_modification(copies):
    found = loaders.audit(copies, k=20)
    assert found["row"].tolist() == [2, 3, 4, 5, 6]
    assert found["near"].tolist() == [True, True, False, False, False]
    assert found["near_same"].tolist() == [True, False, False, False, False]
    assert found["label"].tolist() == [1, 1, 0, 0, 1]


def test_test_windows_that_share_a_stretch_are_one_locus(copies):
    groups = loaders.loci(copies, k=20)
    assert groups[4] == groups[5]
    assert groups[2] == groups[6] != groups[4]
    assert groups[0] == "a"
    named = loaders.loci(copies.assign(group="t"), k=20)
    assert set(named[(copies["split"] == "test").to_numpy()]) == {"locus 0"}


def test_one_short_window_does_not_make_all_windows_one_locus():
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("ACGU"), n)) for n in (201, 201, 201, 5)]
    rows = windows([(str(n), "m6A", 1, "test", "", text) for n, text in enumerate(texts)])
    assert len(set(loaders.loci(rows))) == 4


def test_windows_shorter_than_the_stretch_are_near_when_they_are_equal():
    rng = np.random.default_rng(1)
    one, two = ("".join(rng.choice(list("ACGU"), 51)) for _ in range(2))
    rows = windows(
        [
            ("a", "m6A", 1, "train", "", one),
            ("b", "m6A", 1, "test", "", one),
            ("c", "m6A", 1, "test", "", two),
        ]
    )
    assert loaders.audit(rows)["near"].tolist() == [True, False]
