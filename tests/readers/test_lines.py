"""Text files of every system, and files that are no text."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.readers import lines


def test_line_ends_byte_order_mark_and_last_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n\nfive")
    assert list(lines.iter_lines(path)) == [(1, "one"), (2, "two"), (3, "three"), (4, ""), (5, "five")]


@given(
    written=st.lists(st.text(st.characters(exclude_characters="\r\n\0\ufeff", codec="utf-8"))),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_come_back(tmp_path_factory, written, end):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes((end.join(["#", *written]) + end).encode())
    found = list(lines.iter_lines(path))
    assert [line for _, line in found] == ["#", *written]
    assert [number for number, _ in found] == list(range(1, len(written) + 2))


def test_gzip_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "plain_name.fa"
    path.write_bytes(gzip.compress(b">a\nACGU\n", mtime=0))
    assert [line for _, line in lines.iter_lines(path)] == [">a", "ACGU"]


def test_many_lines_in_constant_memory(tmp_path):
    path = tmp_path / "big.txt"
    path.write_bytes(b"ACGU" * 25 + b"\n" * 1 + (b"ACGU" * 25 + b"\n") * 200_000)
    tracemalloc.start()
    assert sum(1 for _ in lines.iter_lines(path)) == 200_001
    assert tracemalloc.get_traced_memory()[1] < 12e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.csv: the file is empty \(0 bytes\)"),
        (b"one\ntwo\0\n", r"a\.csv, line 2: found a NUL byte; expected text"),
        (b"one\r\ntwo\r\n\xff\xe9\r\n", r"a\.csv, line 3: found the byte ff, which is no UTF-8"),
        (b"one\rtwo \xc3", r"a\.csv, line 2: found the byte c3"),
        (gzip.compress(b"one\n" * 9999, mtime=0)[:-20], r"a\.csv: the gzip data are cut off"),
        (gzip.compress(b"one\n", mtime=0)[:-8] + b"12345678", r"a\.csv: the gzip data are damaged"),
        (b"\x1f\x8b\x07garbage", r"a\.csv: the gzip data are damaged"),
        (b"PK\x03\x04abc", "found a zip archive or an Excel workbook; unpack it, or save"),
        ("one\n".encode("utf-16"), "found text in UTF-16; save it as UTF-8"),
        (b"%PDF-1.4", "found a PDF"),
    ],
)
def test_bad_content(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(lines.iter_lines(path))


def test_bad_paths(tmp_path):
    (tmp_path / "pairs.csv").write_text("a\n")
    with pytest.raises(ValueError, match="this is a folder; expected a file"):
        lines.iter_lines(tmp_path)
    with pytest.raises(ValueError, match=r"no such file; its folder holds pairs\.csv"):
        lines.iter_lines(tmp_path / "pair.csv")
    with pytest.raises(ValueError, match="its folder does not exist either"):
        lines.iter_lines(tmp_path / "no" / "pairs.csv")
    with pytest.raises(ValueError, match="check the name and the folder"):
        lines.iter_lines(tmp_path / "zzzzzz")


def test_an_unreadable_file(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("one\n")
    found = lines.iter_lines(tmp_path / "a.txt")

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(lines.Path, "open", fail)
    with pytest.raises(ValueError, match=r"cannot be read \(Permission denied\)"):
        next(found)


def test_written_gzip_has_no_time_stamp(tmp_path):
    for name in ("a.txt.gz", "b.txt.gz"):
        with lines.open_to_write(tmp_path / name) as stream:
            stream.write("one\ntwo\n")
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == b"one\ntwo\n"
