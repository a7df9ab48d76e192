"""The cleaning rules one by one, and FASTA files of every kind."""

import gzip

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.readers import fasta
from helpers.readers.fasta import Record, clean, clean_column
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA

NUCLEOTIDES_IN_PEPTIDE = "ACGTGATTACAGATTACAGA"


@pytest.mark.parametrize(
    ("text", "alphabet", "sequence", "status", "note"),
    [
        ("ACGU", RNA, "ACGU", "ok", ""),
        ("ACGT", DNA, "ACGT", "ok", ""),
        ("MKVWY", PEPTIDE, "MKVWY", "ok", ""),
        ("acGU", RNA, "ACGU", "changed", "2 lower-case letters written as upper case"),
        ("ACTT", RNA, "ACUU", "changed", "2 T written as U"),
        ("ACUG", DNA, "ACTG", "changed", "1 U written as T"),
        (" AC\tG\nU ", RNA, "ACGU", "changed", "4 blanks removed"),
        ("A CGU", RNA, "ACGU", "changed", "1 blank removed"),
        ("ANNU", RNA, "ANNU", "ok", "2 unknown (N)"),
        ("AXU", RNA, "ANU", "changed", "1 X written as N (unknown)"),
        ("AAAARY", RNA, "AAAANN", "changed", "1 R, 1 Y written as N (unknown)"),
        ("MXK", PEPTIDE, "MXK", "ok", "1 unknown (X)"),
        ("MBZJUOK", PEPTIDE, "MXXXXXK", "changed", "1 B, 1 J, 1 O, 1 U, 1 Z written as X (unknown)"),
        ("MKV*", PEPTIDE, "MKV", "changed", "the closing * (stop) removed"),
        ("mk v*\n", PEPTIDE, "MKV", "changed", None),
        ("ACGTACGTACGTACGTACG", PEPTIDE, "ACGTACGTACGTACGTACG", "ok", ""),
        (NUCLEOTIDES_IN_PEPTIDE + "W", PEPTIDE, NUCLEOTIDES_IN_PEPTIDE + "W", "ok", ""),
    ],
)
def test_accepted(text, alphabet, sequence, status, note):
    cleaned = clean(text, alphabet)
    assert cleaned[:2] == (sequence, status)
    assert note is None or cleaned.note == note


@pytest.mark.parametrize(
    ("text", "alphabet", "note"),
    [
        ("", RNA, "the sequence is empty; expected at least one letter"),
        (" \n", RNA, "the sequence is empty"),
        ("*", PEPTIDE, "the sequence is empty"),
        ("ACG1U2", RNA, "position 4 holds '1' (a digit) and 1 more such characters; remove"),
        ("AC-GU", RNA, "position 3 holds '-' (a gap); remove the gaps of the alignment"),
        ("AC.GU", RNA, "position 3 holds '.' (a gap)"),
        ("~ACGU", RNA, "position 1 holds '~' (a gap)"),
        ("A CG-U", RNA, "position 5 holds '-' (a gap)"),
        ("AC<b>GU", RNA, "position 3 holds '<' (no letter) and 1 more"),
        ("ACGÜ", RNA, "position 4 holds 'Ü' (no letter)"),
        ("AC\u0131", RNA, "position 3 holds 'ı'"),
        ("MK*V*", PEPTIDE, "position 3 holds '*' (a stop); cut the sequence there"),
        ("MKV**", PEPTIDE, "position 4 holds '*' (a stop)"),
        ("ACGU*", RNA, "position 5 holds '*'"),
        ("ACGFUACGI", RNA, "RNA has no 1 F, 1 I; looks like a peptide (are the columns swapped?)"),
        ("ACGUACGJ", RNA, "RNA has no 1 J; correct the letters, or give other='unknown'"),
        ("MKVLAAGIT", RNA, "5 of 9 letters are none of A C G T U N (1 I, 1 K, 1 L, 1 M"),
        ("RKKRRQRRR", DNA, "this looks like a peptide; are the columns swapped?"),
        (NUCLEOTIDES_IN_PEPTIDE, PEPTIDE, "all 20 letters are among A C G T U N: this looks like"),
        (NUCLEOTIDES_IN_PEPTIDE.lower(), PEPTIDE, "are the columns swapped?"),
        (None, RNA, "there is no sequence (a missing value)"),
        (float("nan"), RNA, "there is no sequence"),
        (pd.NA, RNA, "there is no sequence"),
        (12, RNA, "found 12 (int); expected the sequence as text"),
    ],
)
def test_rejected(text, alphabet, note):
    cleaned = clean(text, alphabet)
    assert cleaned.status == "rejected"
    assert note in cleaned.note
    assert cleaned.sequence == (text if isinstance(text, str) else "")


def test_letters_of_modified_residues_are_unknown_on_request():
    cleaned = clean("GGCUICGAACCAFXX", RNA, other="unknown")
    assert cleaned == ("GGCUNCGAACCANNN", "changed", "1 F, 1 I, 2 X written as N (unknown)")


@pytest.mark.parametrize("text", ["ACG1", "AC-G", "AC<G", "ACG*", "MKVLAAGITWLLE"])
def test_other_unknown_does_not_take_digits_gaps_or_peptides(text):
    assert clean(text, RNA, other="unknown").status == "rejected"


def test_max_length():
    assert clean("ACGU", RNA, max_length=4).status == "ok"
    note = "the sequence has 5 letters; expected at most 4. Cut it"
    assert clean("ACGUA", RNA, max_length=4) == ("ACGUA", "rejected", note)
    assert clean("AC GU\n", RNA, max_length=4).status == "changed"


def test_wrong_option():
    with pytest.raises(ValueError, match="other is 'drop'; expected 'reject' or 'unknown'"):
        clean("ACGU", RNA, other="drop")


@given(st.text(max_size=40), st.sampled_from([DNA, RNA, PEPTIDE]), st.booleans())
def test_any_text_is_either_encodable_or_rejected(text, alphabet, lenient):
    cleaned = clean(text, alphabet, other="unknown" if lenient else "reject")
    if cleaned.status == "rejected":
        assert cleaned.note
        assert cleaned.sequence == text
    else:
        alphabet.encode(cleaned.sequence)
        assert set(cleaned.sequence) <= set(alphabet.letters + alphabet.unknown)
        assert (cleaned.status == "changed") == (cleaned.sequence != text)
        assert clean(cleaned.sequence, alphabet)[:2] == (cleaned.sequence, "ok")


def test_column_keeps_index_order_and_missing_values():
    column = pd.Series(["ACGU", None, "acgt", "A-"], index=[3, 1, 4, 1])
    cleaned = clean_column(column, RNA)
    assert cleaned.index.tolist() == [3, 1, 4, 1]
    assert cleaned.columns.tolist() == ["sequence", "status", "note"]
    assert cleaned["status"].tolist() == ["ok", "rejected", "changed", "rejected"]
    assert (cleaned.dtypes == pd.Series(dtype="str").dtype).all()
    assert clean_column([], RNA).shape == (0, 3)


def write(tmp_path, content, name="a.fa"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_fasta_of_every_shape(tmp_path):
    path = write(
        tmp_path, b"\xef\xbb\xbf\r\n>r1 first one\r\nACG\r\n\r\nU\r\n> r2\tsecond\r\nacgt\r\n>r3\r\nACX\r\n"
    )
    table = fasta.read_fasta(path, RNA)
    assert table.values.tolist() == [
        ["r1", "first one", "ACGU", 4, "ok", "", 2],
        [
            "r2",
            "second",
            "ACGU",
            4,
            "changed",
            "4 lower-case letters written as upper case; 1 T written as U",
            6,
        ],
        ["r3", "", "ACN", 3, "changed", "1 X written as N (unknown)", 8],
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_fasta_line_ends_and_gzip(tmp_path, end, pack):
    path = write(tmp_path, pack(end.join([">a", "AC", "GU", ">b", "GG"]).encode()))
    assert list(fasta.iter_fasta(path)) == [Record("a", "", "ACGU", 1), Record("b", "", "GG", 4)]


def test_every_record_has_a_row(tmp_path):
    path = write(tmp_path, ">a\nACGU\n>\nGG\n>b\n>c\nAC-G\n>d\nMKVLW\n>e\n\n")
    table = fasta.read_fasta(path, RNA).set_index("line")
    assert table["status"].tolist() == ["ok"] + ["rejected"] * 5
    assert table.loc[3, "note"].startswith("the header has no id; write one")
    assert table.loc[3, "sequence"] == "GG"
    assert "no sequence below it" in table.loc[5, "note"]
    assert "position 3 holds '-'" in table.loc[6, "note"]
    assert "looks like a peptide" in table.loc[8, "note"]
    assert "no sequence below it" in table.loc[10, "note"]


def test_html_in_an_id_is_kept_as_it_is(tmp_path):
    path = write(tmp_path, ">a<script>alert(1)</script>&b <b>bold</b>\nACGU\n")
    row = fasta.read_fasta(path, RNA).iloc[0]
    assert row["id"] == "a<script>alert(1)</script>&b"
    assert row["description"] == "<b>bold</b>"


def test_duplicates(tmp_path):
    path = write(tmp_path, ">a\nAC\n>a\nAC\n>a_2\nGG\n>a\nUt\n")
    kept = fasta.read_fasta(path, RNA)
    assert kept["id"].tolist() == ["a", "a", "a_2", "a"]
    assert kept["status"].tolist() == ["ok", "ok", "ok", "changed"]
    assert kept["note"].tolist()[:3] == ["", "the id a stands on line 1 already", ""]
    assert kept["note"][3].endswith("; the id a stands on line 1 already")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \r\n", "holds blank lines only; expected FASTA records"),
        (b"\nACGU\n>a\nAC\n", r"a\.fa, line 2: found 'ACGU'; expected a header that starts"),
        (b">a\nAC\0GU\n", r"a\.fa, line 2: found a NUL byte"),
        (b">a\xe9\nACGU\n", r"a\.fa, line 1: found the byte e9, which is no UTF-8 text"),
        (gzip.compress(b">a\n" + b"ACGU\n" * 9999, mtime=0)[:60], "the gzip data are cut off"),
    ],
)
def test_bad_fasta(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        fasta.read_fasta(write(tmp_path, content), RNA)


def test_bad_paths(tmp_path):
    with pytest.raises(ValueError, match="this is a folder"):
        fasta.read_fasta(tmp_path, RNA)
    with pytest.raises(ValueError, match="there is no such file"):
        fasta.iter_fasta(tmp_path / "none.fa")


@pytest.mark.parametrize("width", [0, 60])
def test_ten_million_letters(tmp_path, width):
    sequence = "ACGU" * 2_500_000
    step = width or len(sequence)
    lines = (sequence[i : i + step] for i in range(0, len(sequence), step))
    path = write(tmp_path, ">big\n" + "\n".join(lines) + "\n>next\nAC\n")
    table = fasta.read_fasta(path, RNA)
    assert table["length"].tolist() == [10_000_000, 2]
    assert table["status"].tolist() == ["ok", "ok"]


ids = st.text(st.characters(categories=["L", "N", "P", "S"], codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(ids, st.text("ACGUN", min_size=1))), st.integers(0, 9), st.booleans())
def test_written_is_read_back(tmp_path_factory, pairs, width, compressed):
    name = "a.fa.gz" if compressed else "a.fa"
    path = tmp_path_factory.mktemp("fasta") / name
    fasta.write_fasta(path, [("first", "A"), *pairs], width=width)
    read = [(record.id, record.sequence) for record in fasta.iter_fasta(path)]
    assert read == [("first", "A"), *pairs]


def test_written_tables_and_records(tmp_path):
    path = write(tmp_path, ">a one\nACGU\n>b\nGG\n")
    table = fasta.read_fasta(path, RNA)
    for given_records in (table, list(fasta.iter_fasta(path))):
        copy = fasta.write_fasta(tmp_path / "copy.fa", given_records)
        assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("given_records", "message"),
    [
        ([("a", "AC"), ("b c", "AC")], r"record 2: the id is 'b c'; expected text without blanks"),
        ([("", "AC")], "record 1: the id is ''"),
        ([("a", "AC\n>b")], r"record 1 \(a\): the sequence is 'AC\\n>b'"),
        ([("a", ">b")], "the sequence holds '>'"),
        ([("a", "")], "the sequence is ''; expected text without blanks"),
        ([Record("a", "x\ny", "AC", 1)], "the description is not one line"),
        (pd.DataFrame({"name": ["a"], "sequence": ["A"]}), "no column id; found name, sequence"),
    ],
)
def test_unwritable_records_leave_the_old_file(tmp_path, given_records, message):
    path = write(tmp_path, ">old\nACGU\n")
    with pytest.raises(ValueError, match=message):
        fasta.write_fasta(path, given_records)
    assert path.read_text() == ">old\nACGU\n"
    assert list(tmp_path.iterdir()) == [path]
