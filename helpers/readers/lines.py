"""Text files line by line: compressed or not, from any system, checked before they are used."""

from __future__ import annotations

import codecs
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_NEWLINE = re.compile(rb"\r\n|\r|\n")
_KNOWN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"BZh": "a bzip2 file; decompress it first (bunzip2)",
    b"\xfd7zXZ": "an xz file; decompress it first (unxz)",
    b"%PDF": "a PDF; export the text",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
}


def check(path: str | Path) -> Path:
    """The path of a file that exists and is not empty.

    Parameters
    ----------
    path : str or pathlib.Path
        A file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        If there is nothing there, or a folder, or a file of 0 bytes.

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


def is_gzip(path: str | Path) -> bool:
    """Whether a file's first bytes are gzip's, whatever its name."""
    with Path(path).open("rb") as stream:
        return stream.read(2) == _GZIP


def read_blocks(path: str | Path) -> Iterator[bytes]:
    """Bytes of a file in blocks of 1 MB, decompressed if it is gzip.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, checked before the first block is asked for.

    Yields
    ------
    bytes

    Raises
    ------
    ValueError
        If the file cannot be found or read, or its compressed data are cut off or damaged.
    """
    return _read_blocks(check(path))


def _read_blocks(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") if is_gzip(path) else path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                yield block
    except EOFError as error:
        raise ValueError(
            f"{path}: the gzip data are cut off before their end; expected a complete file. "
            "Copy or download it again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path}: the gzip data are damaged ({error}). Copy or download the file again"
        ) from error
    except OSError as error:
        raise ValueError(f"{path}: the file cannot be read ({error.strerror or error})") from error


def iter_lines(path: str | Path, *, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    r"""Lines of a text file with their numbers, in constant memory.

    Line ends may be those of Linux, Windows or an old Mac; a byte order mark is left out; gzip
    is known by its first bytes. A line may be of any length.

    Parameters
    ----------
    path : str or pathlib.Path
        A text file.
    encoding : str, default="utf-8"
        How its letters are written as bytes.

    Yields
    ------
    tuple of int and str
        Line number from 1, and the line without its end. The last line is given only if it
        holds something.

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
    path = check(path)
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ValueError(
            f"encoding is {encoding!r}; expected a name that Python knows, such as 'latin-1'"
        ) from error
    return _iter_lines(path, encoding)


def open_to_write(path: str | Path) -> TextIO:
    r"""A text file to write in UTF-8 with Linux line ends, gzip if its name ends in ``.gz``.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to overwrite.

    Returns
    -------
    file object
        The same text gives the same bytes at any time: gzip's time stamp is left out.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt.gz"
    >>> with open_to_write(path) as stream:
    ...     _ = stream.write("one\n")
    >>> list(iter_lines(path))
    [(1, 'one')]
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


def _iter_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    plain = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if plain == "utf-8" else plain)()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    number, pieces = 0, [""]
    for block, is_last in _with_last(_read_blocks(path)):
        _check_text(path, block, number, plain)
        try:
            text = newlines.decode(block, final=is_last)
        except UnicodeDecodeError as error:
            raise ValueError(_undecodable(path, number, error, plain)) from error
        # A sequence of 10 million letters on one line spans many blocks: collect, join once.
        first, *rest = text.split("\n")
        pieces.append(first)
        if rest:
            number += 1
            yield number, "".join(pieces)
            for line in rest[:-1]:
                number += 1
                yield number, line
            pieces = [rest[-1]]
    if line := "".join(pieces):
        yield number + 1, line


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block, then one empty block marked as the last."""
    for block in blocks:
        yield block, False
    yield b"", True


def _check_text(path: Path, block: bytes, lines_before: int, encoding: str) -> None:
    if lines_before == 0:
        for magic, what in _KNOWN.items():
            if block.startswith(magic) and not encoding.startswith("utf-16"):
                raise ValueError(f"{path}: expected text, found {what}")
    if b"\0" in block and not encoding.startswith(("utf-16", "utf-32")):
        line = lines_before + 1 + len(_NEWLINE.findall(block, 0, block.index(b"\0")))
        raise ValueError(
            f"{path}, line {line}: found a NUL byte; expected text. This is a binary file: "
            "give the text file that it was made from"
        )


def _undecodable(path: Path, lines_before: int, error: UnicodeDecodeError, encoding: str) -> str:
    line = lines_before + 1 + len(_NEWLINE.findall(error.object, 0, error.start))
    found = " ".join(f"{byte:02x}" for byte in error.object[error.start : error.end])
    return (
        f"{path}, line {line}: found the bytes {found}, which are no {encoding} text. Save the "
        "file as UTF-8, or name its encoding (encoding='latin-1' is common); if it is no text "
        "at all, give the text file that it was made from"
    )


def _near(path: Path) -> str:
    """What the folder holds instead of a file that is not there."""
    if not path.parent.is_dir():
        return "its folder does not exist either"
    names = [item.name for item in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3)
    if near:
        return f"its folder holds {', '.join(near)}. Correct the name"
    return "check the name and the folder"
