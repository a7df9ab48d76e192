"""Pickles that hold plain rows only: read without running anything that they ask for.

A pickle is a small program, and loading one from a stranger may run any code. The reader here
refuses whatever would look up a class or a function, and accepts a list of plain dicts.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from helpers.project.paths import atomic_path
from helpers.readers.lines import open_to_read

Value = str | int | float | bool | None

_REMEDY = (
    "Pickles that need classes can run code. Save the rows as CSV, or as a list of plain dicts "
    "(frame.to_dict('records'))"
)
_PLAIN_TYPES = (str, int, float, bool, type(None))
_PLAIN_OPCODES = (
    "PROTO FRAME STOP MARK EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS "
    "UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 STRING BINSTRING SHORT_BINSTRING "
    "INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT NONE NEWTRUE NEWFALSE "
    "MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET"
)
_LOOK_UPS = ("GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4")
_BROKEN = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError,
)  # fmt: skip


def load_records(path: str | Path, *, max_bytes: int = 1 << 30) -> list[dict[str, Value]]:
    """Rows of a pickle, gzip or not, that holds a list of plain dicts.

    Keys are text; values are text, numbers, truth values or None.

    Raises
    ------
    ValueError
        If the file is missing, empty, no pickle, cut off or above `max_bytes` after decompression;
        if it asks for a class or a function (nothing of it is run; the message names it); or if it
        holds anything but a list of plain dicts.

    Examples
    --------
    >>> import tempfile
    >>> path = write_pickle(Path(tempfile.mkdtemp()) / "a.pkl", [{"rna_id": "r1", "length": 4}])
    >>> load_records(path)
    [{'rna_id': 'r1', 'length': 4}]
    """
    path = Path(path)
    with open_to_read(path) as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"{path}: holds more than {max_bytes} bytes. Split it, or give a larger max_bytes")
    try:
        _scan(path, data)
        value = _PlainUnpickler(path, data).load()
    except _RefusedError:
        raise
    except _BROKEN as error:
        raise ValueError(
            f"{path}: this is no complete pickle ({error}); expected a list of plain dicts. "
            "Copy it again, or save the rows as CSV"
        ) from error
    _check_rows(str(path), value)
    return value


def write_pickle(path: str | Path, rows: Iterable[Mapping[str, Value]]) -> Path:
    """Write a list of plain dicts as a pickle that `load_records` reads: complete, or not at all.

    Examples
    --------
    >>> import tempfile
    >>> write_pickle(Path(tempfile.mkdtemp()) / "a.pkl", [{"rna_id": {"r1"}}])
    Traceback (most recent call last):
    ValueError: ...row 1, field 'rna_id': found a set; expected text, a number, true, false or None
    """
    path = Path(path)
    plain = [dict(row) if isinstance(row, Mapping) else row for row in rows]
    _check_rows(str(path), plain)
    with atomic_path(path) as part:
        part.write_bytes(pickle.dumps(plain, protocol=4))
    return path


class _RefusedError(ValueError):
    """A look-up that was not carried out."""


class _PlainUnpickler(pickle.Unpickler):
    """Reads containers, text and numbers; looks nothing up."""

    def __init__(self, path: Path, data: bytes) -> None:
        # Text of Python 2 comes as bytes; ASCII, the default, would fail on any other letter.
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._path = path

    def find_class(self, module: str, name: str) -> NoReturn:
        raise _RefusedError(f"{self._path}: refused to load {module}.{name}. {_REMEDY}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise _RefusedError(f"{self._path}: refused to load the outside object {pid!r}. {_REMEDY}")


def _scan(path: Path, data: bytes) -> None:
    """Check each instruction before any is carried out.

    The unpickler alone runs no foreign code, but a few bytes can make it claim gigabytes: a
    memo index or a length far beyond the file.
    """
    plain = frozenset(_PLAIN_OPCODES.split())
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data), start=1):
        if opcode.name in _LOOK_UPS:
            # All before this one is vetted, so the unpickler can be asked for the full name.
            _PlainUnpickler(path, data).load()
        if opcode.name not in plain:
            raise _RefusedError(f"{path}: refused to load a value of another kind ({opcode.name}). {_REMEDY}")
        if opcode.name.endswith("PUT") and not 0 <= int(str(argument)) <= number:
            raise ValueError(f"memo index {argument}")


def _check_rows(where: str, value: Any) -> None:
    if type(value) is not list:
        raise ValueError(f"{where}: found a {type(value).__name__}; expected a list of dicts")
    for number, row in enumerate(value, start=1):
        if type(row) is not dict:
            raise ValueError(
                f"{where}, row {number}: found a {type(row).__name__}; expected a dict of columns"
            )
        for key, item in row.items():
            if type(key) is not str:
                raise ValueError(f"{where}, row {number}: the column name {key!r} is no text")
            if type(item) not in _PLAIN_TYPES:
                raise ValueError(
                    f"{where}, row {number}, field {key!r}: found a {type(item).__name__}; "
                    "expected text, a number, true, false or None"
                )
