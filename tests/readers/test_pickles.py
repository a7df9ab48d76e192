"""Pickles: plain rows are read, code is refused before it can run."""

import datetime
import gzip
import os
import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.readers.pickles import load_records, write_pickle

ROWS = [{"rna_id": "r1", "n": 3, "x": 0.5, "ok": True, "none": None}, {"rna_id": "é"}]
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
)
rows = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=4))


def save(tmp_path, content, name="a.pkl"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@given(rows, st.integers(0, 5), st.booleans())
def test_every_protocol(tmp_path_factory, given_rows, protocol, compressed):
    data = pickle.dumps(given_rows, protocol=protocol)
    path = save(tmp_path_factory.mktemp("p"), gzip.compress(data) if compressed else data)
    assert load_records(path) == given_rows


@given(rows)
def test_written_is_read_back(tmp_path_factory, given_rows):
    path = tmp_path_factory.mktemp("p") / "a.pkl"
    assert load_records(write_pickle(path, given_rows)) == given_rows


def test_written_protocol_and_rows_of_pandas(tmp_path):
    path = write_pickle(tmp_path / "a.pkl", pd.DataFrame({"a": [1, 2]}).to_dict("records"))
    assert path.read_bytes()[:2] == b"\x80\x04"
    assert load_records(path) == [{"a": 1}, {"a": 2}]


def test_text_of_python_2(tmp_path):
    path = save(tmp_path, b"(lp0\n(dp1\nS'rna_id'\np2\nS'r1'\np3\nsa.")
    assert load_records(path) == [{"rna_id": "r1"}]


class Harmful:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("place", ["alone", "in a row"])
def test_code_is_refused_and_not_run(tmp_path, protocol, place):
    trace = tmp_path / "trace"
    value = Harmful(trace) if place == "alone" else [{"rna_id": "r1", "x": Harmful(trace)}]
    path = save(tmp_path, pickle.dumps(value, protocol=protocol))
    with pytest.raises(ValueError, match=r"a\.pkl: refused to load (posix|nt)\.system\. Pickles that"):
        load_records(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (pd.DataFrame({"a": [1]}), r"refused to load pandas\."),
        (np.arange(3), r"refused to load numpy\."),
        ([{"a": np.float64(1)}], r"refused to load numpy\."),
        ([{"a": datetime.date(2026, 1, 1)}], r"refused to load datetime\.date\. .* Save the rows as CSV"),
        ({"a": 1}, r"a\.pkl: found a dict; expected a list of dicts"),
        ("text", "found a str; expected a list"),
        ([{"a": 1}, [1]], "row 2: found a list; expected a dict"),
        ([{"a": [1]}], "row 1, field 'a': found a list; expected text, a number, true, false or"),
        ([{1: "a"}], "row 1: the column name 1 is no text"),
        ([{"a": (1, 2)}], "refused to load a value of another kind .*TUPLE2"),
        ([{"a": b"bytes"}], "refused to load a value of another kind .*SHORT_BINBYTES"),
        ([{"a": {1}}], "refused to load a value of another kind .*EMPTY_SET"),
        ([{"a": 1 << 3000}], "refused to load a value of another kind .*LONG4"),
    ],
)
def test_other_values_are_refused(tmp_path, value, message):
    with pytest.raises(ValueError, match=message):
        load_records(save(tmp_path, pickle.dumps(value, protocol=4)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"rna_id,protein_id\n", "this is no complete pickle"),
        (pickle.dumps(ROWS)[:-5], "this is no complete pickle"),
        (pickle.dumps(ROWS)[:20], "this is no complete pickle"),
        (gzip.compress(pickle.dumps(ROWS), mtime=0)[:-9], "the gzip data are cut off"),
        (b"\x80\x04.", "this is no complete pickle"),
        (b"\x80\x04]}]1s.", "refused to load a value of another kind"),
        (b"\x80\x04]}]Nsa.", "this is no complete pickle"),
        (b"\x80\x04h\x05.", "this is no complete pickle"),
        (b"\x80\x04]r\xff\xff\xff\x7f.", "no complete pickle .memo index 2147483647"),
        (b"\x80\x04X\xff\xff\xff\x7fab.", "this is no complete pickle"),
        (b"\x80\x04\x82\x01.", "refused to load|this is no complete pickle"),
        (b"I" + b"9" * 5000 + b"\n.", "this is no complete pickle"),
        (b"Psomething\n.", "refused to load a value of another kind .PERSID"),
    ],
)
def test_broken_pickles(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        load_records(save(tmp_path, content))


@given(st.binary(max_size=60))
def test_any_bytes_give_rows_or_a_named_error(tmp_path_factory, content):
    path = save(tmp_path_factory.mktemp("p"), b"\x80\x04" + content)
    try:
        found = load_records(path)
    except ValueError as error:
        found = str(error)
    assert isinstance(found, list) or str(path) in found


def test_size_limit_holds_after_decompression(tmp_path):
    data = gzip.compress(pickle.dumps([{"a": "A" * 5_000_000}]))
    assert len(data) < 20_000
    with pytest.raises(ValueError, match="holds more than 1000000 bytes"):
        load_records(save(tmp_path, data), max_bytes=1_000_000)


def test_a_length_beyond_the_file_claims_no_memory(tmp_path):
    content = b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"ab."
    with pytest.raises(ValueError, match="this is no complete pickle"):
        load_records(save(tmp_path, content))


def test_bad_paths(tmp_path):
    with pytest.raises(ValueError, match="this is a folder"):
        load_records(tmp_path)
    with pytest.raises(ValueError, match="there is no such file"):
        load_records(tmp_path / "a.pkl")


def test_unwritable_rows_leave_the_old_file(tmp_path):
    path = save(tmp_path, b"old")
    with pytest.raises(ValueError, match=r"row 1, field 'a': found a float64; expected text"):
        write_pickle(path, [{"a": np.float64(1)}])
    with pytest.raises(ValueError, match="row 1: found a str; expected a dict"):
        write_pickle(path, ["a"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
