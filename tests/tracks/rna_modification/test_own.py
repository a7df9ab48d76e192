"""Windows of one's own: every shape that they come in is read, said, and split without leaks."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.rna_modification import data, sites


def text(rng, length, base):
    letters = rng.choice(list("ACGU"), length)
    letters[length // 2] = base
    return "".join(letters)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [(text(rng, 51, "A"), label, "m6A") for label in (0, 1) * 60],
        columns=["sequence", "label", "modification"],
    )


def read(tmp_path, table, sep=",", **options):
    table.to_csv(tmp_path / "mine.csv", index=False, sep=sep)
    return data.from_own(tmp_path / "mine.csv", **options)


def read_sites(folder, table, **options):
    table.to_csv(folder / "sites.csv", index=False)
    return data.from_own(folder, **options)


def test_any_separator_and_names(tmp_path, rows):
    theirs = rows.rename(columns={"sequence": "Seq", "label": "Class"}).replace(
        {"Class": {0: "no", 1: "TRUE"}}
    )
    names = "sequence=Seq, label=Class"
    for sep, said in ((";", "separator: ';'"), ("\t", "separator: tab")):
        loaded = read(tmp_path, theirs, sep=sep, columns=names)
        assert said in loaded.said
        assert loaded.rows["sequence"].tolist() == rows["sequence"].tolist()
        assert loaded.rows["label"].tolist() == rows["label"].tolist()
    data.check(loaded)


def test_a_split_is_made_of_whole_groups_and_said(tmp_path, rows):
    rng = np.random.default_rng(1)
    copies = rows.head(40).copy()
    copies["sequence"] = [one[:45] + text(rng, 6, "A") for one in copies["sequence"]]
    both = pd.concat([rows, rows.iloc[40:60], copies], ignore_index=True)
    loaded = read(tmp_path, both)
    part = loaded.rows["split"]
    assert set(part) == {"train", "valid", "test"}
    assert 0.6 < (part == "train").mean() < 0.8
    # The copy of a window is where the window is, and so is one that shares 45 of 51 nt.
    assert part[120:140].tolist() == part[40:60].tolist()
    assert (loaded.rows["note"].str.contains("the same window stands there twice")).sum() == 40
    assert any(
        "split: made here, in" in line and "40 windows have the same letters" in line for line in loaded.said
    )
    grouped = read(tmp_path, rows.assign(group=[f"t{n // 4}" for n in range(120)]))
    assert (grouped.rows.groupby("group")["split"].nunique() == 1).all()
    assert read(tmp_path, rows).rows["split"].tolist() == read(tmp_path, rows).rows["split"].tolist()


def test_a_split_that_is_given_stays(tmp_path, rows):
    words = np.resize(["Training", "val", "TEST"], 120)
    loaded = read(tmp_path, rows.assign(part=words), columns="split=part")
    assert loaded.rows["split"].tolist() == np.resize(["train", "valid", "test"], 120).tolist()
    assert "split: as the table gives it" in loaded.said


def test_a_column_a_modification_and_a_gap_in_its_own_cell(tmp_path, rows):
    wide = pd.DataFrame(
        {"sequence": rows["sequence"], "m6A": rows["label"], "Am": ["NA", 1] * 60, "start": 5}
    )
    wide["m6A"] = wide["m6A"].astype(object)
    wide.loc[1, "m6A"] = ""
    found = read(tmp_path, wide).rows
    assert len(found) == 240
    by = found.set_index(["line", "modification"])
    assert by.loc[(2, "m6A"), "status"] == "ok"
    assert by.loc[(2, "Am"), ["status", "note"]].tolist() == ["rejected", "nothing is said of Am here"]
    # An empty cell costs that one task of the row.
    assert by.loc[(3, "m6A"), "status"] == "rejected"
    assert by.loc[(3, "Am"), "status"] == "ok"
    assert found["window_id"].is_unique


def test_contradictions_are_set_aside_and_counted(tmp_path, rows):
    twice = pd.concat([rows, rows.iloc[:2].assign(label=[1, 0])], ignore_index=True)
    loaded = read(tmp_path, twice)
    assert (loaded.rows["status"] == "rejected").sum() == 4
    counts = data.outcome(loaded).set_index("what")["rows"]
    assert counts["rows in the input"] == 122
    assert counts["rejected: the same window stands under the other label, too; neither is used"] == 4


def test_the_report_is_there_before_anything_stops(tmp_path, rows):
    loaded = read(tmp_path, rows[rows["label"] == 1])
    assert len(loaded.rows) == 60
    with pytest.raises(
        ValueError, match=r"m6A, train: no usable negatives; expected windows of both classes"
    ):
        data.check(loaded)
    bad = read(tmp_path, rows.assign(label="?"))
    assert set(bad.rows["status"]) == {"rejected"}
    with pytest.raises(ValueError, match=r"mine\.csv: none of its 120 rows can be used"):
        data.check(bad, "mine.csv")
    moved = read(tmp_path, rows.assign(modification="Psi"))
    with pytest.raises(ValueError, match="0% of the windows named Psi have U in the middle"):
        data.check(moved)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"label": [0, -1] * 60}, "both 0 and -1 stand in it"),
        ({"modification": ""}, "nothing says which modification"),
        (
            {"group": "one"},
            r"mine\.csv: the 120 windows that can be used stand in 1 groups .*, one for each part",
        ),
    ],
)
def test_the_report_is_written_where_the_reading_stops(tmp_path, rows, changed, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, rows.assign(**changed), report=tmp_path / "rows_01.csv")
    told = pd.read_csv(tmp_path / "rows_01.csv")
    assert told["line"].tolist() == list(range(2, 122))
    assert set(told["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sequence": [], "label": []}, "none of its 0 rows can be used"),
        ({"sequence": ["GGACU"], "label": [1]}, "nothing says which modification the rows speak of"),
        ({"seq": ["GGACU"], "label": [1], "modification": ["m6A"]}, "there is no column sequence"),
        ({"transcript": ["t"], "position": [1]}, "give a folder with this table and one FASTA file"),
    ],
)
def test_what_is_missing_is_named(tmp_path, table, said):
    with pytest.raises(ValueError, match=said):
        read(tmp_path, pd.DataFrame(table))


def test_a_fasta_file_alone_has_no_labels(tmp_path):
    (tmp_path / "a.fa").write_text(">a\nGGACU\n")
    with pytest.raises(ValueError, match="a FASTA file says of no window whether it is modified"):
        data.from_own(tmp_path / "a.fa")
    with pytest.raises(ValueError, match=r"files ending in \.csv, \.tsv, \.txt: none"):
        data.from_own(tmp_path)


@pytest.fixture
def transcripts(tmp_path):
    rng = np.random.default_rng(2)
    texts = {f"t{n}": "".join(rng.choice(list("ACGU"), 400)) for n in range(20)}
    (tmp_path / "rna.fa").write_text("".join(f">{name} gene\n{one}\n" for name, one in texts.items()))
    table = [
        (name, at + 1, "m6A") for name, one in texts.items() for at in range(4, 400, 40) if one[at] == "A"
    ]
    table = pd.DataFrame(table, columns=["transcript", "position", "modification"])
    return tmp_path, texts, table


def test_sites_on_transcripts(transcripts):
    folder, texts, table = transcripts
    faults = [("t0", 401, "m6A"), ("t0", 0, "m6A"), ("zz", 3, "m6A"), ("t1", "x", "m6A"), ("t2", 1, "m7G")]
    more = pd.DataFrame(faults, columns=table.columns)
    loaded = read_sites(folder, pd.concat([table, more]))
    found, n = loaded.rows, len(table)
    assert (found["status"] != "rejected").sum() == 2 * n
    given = found.head(n)
    for row, said in zip(given.to_dict("records"), table.to_dict("records"), strict=True):
        one, at = texts[said["transcript"]], said["position"] - 1
        assert len(row["sequence"]) == sites.WIDTH
        assert row["sequence"].strip("N") == one[max(at - 100, 0) : at + 101]
        assert row["sequence"][100] == "A"
        assert row["group"] == said["transcript"]
    drawn = found[found["note"].str.contains("drawn here")]
    assert len(drawn) == n
    assert not set(drawn["window_id"]) & set(given["window_id"])
    assert any(f"{n} other letters were drawn" in line for line in loaded.said)
    notes = found.iloc[n : n + 5]["note"].tolist()
    for note, part in zip(
        notes, ["from 1 to", "from 1 to", "no record 'zz'", "position is 'x'", "m7G"], strict=True
    ):
        assert part in note
    assert (found[found["status"] != "rejected"].groupby("group")["split"].nunique() == 1).all()
    data.check(loaded)


def test_positions_that_count_from_0_are_asked_about(transcripts):
    folder, _, table = transcripts
    with pytest.raises(ValueError, match="100% of those behind them; so positions seem to count from 0"):
        read_sites(folder, table.assign(position=table["position"] - 1), report=folder / "report.txt")
    told = pd.read_csv(folder / "report.txt")
    assert told["line"].tolist() == list(range(2, len(table) + 2))


def test_unmodified_sites_that_are_given_are_taken(transcripts):
    folder, _, table = transcripts
    loaded = read_sites(folder, table.assign(label=np.resize([1, 0], len(table))))
    assert len(loaded.rows) == len(table)
    assert loaded.rows["label"].mean() == pytest.approx(0.5, abs=0.02)


def test_windows_of_one_group_or_with_the_same_letters_are_one_locus():
    rng = np.random.default_rng(3)
    a, b, c = (text(rng, 101, "A") for _ in range(3))
    table = pd.DataFrame(
        {"window_id": list("vwxyz"), "sequence": [a, b, a, c, c], "group": ["g", "g", "h", "", "k"]}
    )
    groups = data.loci(table.assign(split="test"))
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4] != groups[0]
