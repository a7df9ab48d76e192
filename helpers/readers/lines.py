"""Text files line by line: compressed or not, from any system, checked before they are used."""

from __future__ import annotations

import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO, cast

_ESCAPED = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8, as "surrogateescape" keeps it
_KNOWN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"BZh": "a bzip2 file; decompress it first (bunzip2)",
    b"\xfd7zXZ": "an xz file; decompress it first (unxz)",
    b"%PDF": "a PDF; export the text",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
}


def check(path: str | Path) -> Path:
    """The path of a file that exists and is not empty; ValueError says what is there instead.

    Examples
    --------
    >>> check("no/such/pairs.csv")
    Traceback (most recent call last):
    ValueError: no/such/pairs.csv: there is no such file; its folder does not exist either
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: this is a folder; expected a file. Name one of its files")
    if not path.exists():
        raise ValueError(f"{path}: there is no such file; {_near(path)}")
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty (0 bytes); expected data. Make it anew")
    return path


@contextmanager
def open_to_read(path: str | Path) -> Iterator[BinaryIO]:
    """Bytes of a file, decompressed if its first bytes are gzip's, whatever its name.

    Raises
    ------
    ValueError
        If the file cannot be found or read, or its compressed data are cut off or damaged.
    """
    path = check(path)
    try:
        with path.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if is_gzip else path.open("rb") as stream:
            yield cast(BinaryIO, stream)
    except EOFError as error:
        raise ValueError(f"{path}: the gzip data are cut off. Copy or download the file again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: the gzip data are damaged ({error}). Copy the file again") from error
    except OSError as error:
        raise ValueError(f"{path}: the file cannot be read ({error.strerror or error})") from error


def iter_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    r"""Lines of a text file in UTF-8 with their numbers from 1, in constant memory.

    Line ends may be those of Linux, Windows or an old Mac; a byte order mark is left out; gzip
    is known by its first bytes. A line may be of any length and comes without its end.

    Raises
    ------
    ValueError
        If the file is missing, a folder, empty, cut off, binary, or in another encoding; the
        message names the file, the line and the remedy.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"one\r\ntwo")
    >>> list(iter_lines(path))
    [(1, 'one'), (2, 'two')]
    """
    return _iter_lines(check(path))


def iter_blocks(path: str | Path, lines: int, *, after: int = 0) -> Iterator[tuple[int, str]]:
    r"""The lines of `iter_lines` many at a time, as one text with the number of its first line.

    Parameters
    ----------
    path : str or pathlib.Path
    lines : int
        Lines in a block; the last one has fewer.
    after : int, default=0
        Lines to pass over first.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"one\r\ntwo\r\nthree")
    >>> list(iter_blocks(path, 2))
    [(1, 'one\ntwo\n'), (3, 'three\n')]
    """
    path = Path(path)
    with _opened(path) as text:
        number = 1 + sum(1 for _ in islice(text, after))
        while block := "".join(islice(text, lines)):
            if not block.endswith("\n"):
                block += "\n"
            if "\0" in block or not block.isascii():
                for place, line in enumerate(block.split("\n"), start=number):
                    _check_line(path, place, line)
            yield number, block
            number += lines


def open_to_write(path: str | Path) -> TextIO:
    """A text file to write in UTF-8 with Linux line ends, gzip if its name ends in ``.gz``.

    The same text gives the same bytes at any time: gzip's time stamp is left out.
    """
    path = Path(path)
    if path.suffix != ".gz":
        return path.open("w", encoding="utf-8", newline="")
    return io.TextIOWrapper(_NamelessGzip(path), encoding="utf-8", newline="")


class _NamelessGzip(gzip.GzipFile):
    """Gzip without the time and the name of the file, which here is a passing one."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb")
        super().__init__("", "wb", fileobj=self._raw, mtime=0)

    def close(self) -> None:
        super().close()
        self._raw.close()


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with open_to_read(path) as raw:
        buffered = io.BufferedReader(cast(io.RawIOBase, raw))
        start = buffered.peek(8)
        for magic, what in _KNOWN.items():
            if start.startswith(magic):
                raise ValueError(f"{path}: expected text, found {what}")
        yield io.TextIOWrapper(buffered, "utf-8-sig", errors="surrogateescape")


def _iter_lines(path: Path) -> Iterator[tuple[int, str]]:
    with _opened(path) as text:
        for number, line in enumerate(text, start=1):
            _check_line(path, number, line)
            yield number, line.removesuffix("\n")


def _check_line(path: Path, number: int, line: str) -> None:
    if "\0" in line:
        raise ValueError(f"{path}, line {number}: found a NUL byte; expected text, not a binary file")
    if not line.isascii() and (wrong := _ESCAPED.search(line)):
        raise ValueError(
            f"{path}, line {number}: found the byte {ord(wrong[0]) - 0xDC00:02x}, which is no "
            "UTF-8 text. Save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)"
        )


def _near(path: Path) -> str:
    """What the folder holds instead of a file that is not there."""
    if not path.parent.is_dir():
        return "its folder does not exist either"
    names = [item.name for item in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3)
    return f"its folder holds {', '.join(near)}" if near else "check the name and the folder"
