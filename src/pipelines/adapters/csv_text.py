"""The text of a CSV file as a stream: unpacked, decoded, divided into header and lines, its quotation marks watched."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from pipelines.core.errors import ContractError

_CHUNK = 1 << 20
_ENDS = b"\r\n"


class CsvText(io.RawIOBase):
    """The lines below the header, as UTF-8 with a line end at the end.

    Parameters
    ----------
    path : Path
        A CSV file; one whose name ends with ``.gz`` is unpacked.
    encoding : str
        Of its text; a byte order mark is no part of it.
    delimiter, quote : str
        Single ASCII characters.

    Raises
    ------
    ContractError
        While it is read, with the place of the first byte that the encoding does not know.
    """

    def __init__(self, path: Path, encoding: str, delimiter: str, quote: str) -> None:
        self._texts = texts(path, encoding)
        self._marks = _Marks(delimiter.encode(), quote.encode())
        first = io.StringIO(next(self._texts, ""), newline="")
        reader = csv.reader(iter(first.readline, ""), delimiter=delimiter, quotechar=quote, strict=True)
        self.header: list[str] = next((row for row in reader if any(name.strip() for name in row)), [])
        self._held, self._is_at_end = first.read().encode(), False

    def readable(self) -> Literal[True]:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        pieces, n_bytes = [self._held], len(self._held)
        while (size < 0 or n_bytes < size) and not self._is_at_end:
            text = next(self._texts, None)
            self._is_at_end = text is None
            pieces.append(b"\n" if text is None else text.encode())
            n_bytes += len(pieces[-1])
        found = b"".join(pieces)
        found, self._held = (found, b"") if size < 0 else (found[:size], found[size:])
        self._marks.see(found)
        return found

    @property
    def is_well_quoted(self) -> bool:
        """Whether each quotation mark read so far opens a value, closes it, or is doubled within one."""
        return self._marks.are_paired


class _Marks:
    """Watches that marks stand where a value begins or ends, in one pass over bytes."""

    def __init__(self, delimiter: bytes, quote: bytes) -> None:
        self._quote = quote[0]
        self._beside = np.frombuffer(delimiter + quote + _ENDS, np.uint8)
        self._held, self._n_marks, self._is_sound = b"\n", 0, True

    def see(self, chunk: bytes) -> None:
        """The next bytes; the last one waits for what follows it."""
        if not self._is_sound:
            return
        seen = np.frombuffer(self._held + chunk, np.uint8)
        places = np.flatnonzero(seen[1:-1] == self._quote) + 1
        opens = (self._n_marks + np.arange(len(places))) % 2 == 0
        self._is_sound = bool(np.isin(seen[np.where(opens, places - 1, places + 1)], self._beside).all())
        self._n_marks += len(places)
        self._held = bytes(seen[-2:])

    @property
    def are_paired(self) -> bool:
        return self._is_sound and self._n_marks % 2 == 0


def texts(path: Path, encoding: str) -> Iterator[str]:
    """The decoded text of a file, piece by piece.

    Raises
    ------
    ContractError
        With the place of the first byte that the encoding does not know.
    """
    known = codecs.lookup(encoding).name
    decode = codecs.getincrementaldecoder("utf-8-sig" if known == "utf-8" else known)()
    place = 0
    with (gzip.open if path.name.lower().endswith(".gz") else open)(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield _decoded(decode, chunk, place, path.name)
            place += len(chunk)
    yield _decoded(decode, b"", place, path.name)


def _decoded(decode: codecs.IncrementalDecoder, chunk: bytes, place: int, name: str) -> str:
    held = len(decode.getstate()[0])
    try:
        return decode.decode(chunk, final=not chunk)
    except UnicodeError as error:
        at = place - held + getattr(error, "start", 0)
        encoding = getattr(error, "encoding", "text")
        raise ContractError(
            f"{name} is not {encoding}: the byte at position {at:,} cannot be decoded.",
            why="Names and ids would be read wrong.",
            fix="Declare the encoding under 'raw' in the source file, such as encoding: cp1252 (also utf-16, latin-1).",
        ) from None


def open_quote(path: Path, encoding: str, delimiter: str, quote: str) -> int | None:
    """The line of the first value that a quotation mark opens, that runs over a line end and is not closed.

    Returns
    -------
    int or None
        From 1, the header is line 1; None if every value that spans lines ends with its mark.
    """
    reader = csv.reader(_lines(path, encoding), delimiter=delimiter, quotechar=quote, strict=True)
    start = 1
    while True:
        try:
            start = reader.line_num + 1
            next(reader)
        except StopIteration:
            return None
        except csv.Error as error:  # a mark within a value, a very long one, or the end of the file
            if reader.line_num != start or "end of data" in str(error):
                return start


def _lines(path: Path, encoding: str) -> Iterator[str]:
    held = ""
    for text in texts(path, encoding):
        *whole, held = io.StringIO(held + text, newline="").readlines() or [""]
        yield from whole
    if held:
        yield held
