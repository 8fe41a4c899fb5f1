"""Bytes to JSON values, bounded and located: lines, whole documents, gzip, standard input."""

from __future__ import annotations

import gzip
import importlib
import io
import re
import sys
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.trace import Problem

LINE_LIMIT = 64 * 2**20
DEPTH_LIMIT = 100
EXPONENT_LIMIT = 400
_CHUNK = 1 << 18
_MARK = b"\xef\xbb\xbf"
_PACKED_CHUNK, _WINDOW = 1 << 10, 1 << 27
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
READ_ERRORS = (OSError, EOFError, zlib.error)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line (or whole document) without its end; `number` counts from 1."""

    file: str
    number: int
    data: bytes


class MalformedError(ValueError):
    """The bytes are no acceptable JSON value: a code, a message, the offset of the offending byte."""

    def __init__(self, code: str, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.code, self.offset = code, offset


def open_bytes(path: str) -> BinaryIO:
    """The bytes of a file, of standard input (`-`), unpacked if they are gzip. Raises OSError."""
    raw: BinaryIO = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115 (the caller closes it)
    stream = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]
    magic = stream.peek(4)[:4]
    if magic.startswith(_ZSTD):
        return _zstd(stream)
    return gzip.GzipFile(fileobj=stream) if magic.startswith(_GZIP) else stream  # type: ignore[return-value]


def _zstd(stream: BinaryIO) -> BinaryIO:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        raise OSError("zstd is read with the extra `zstd` only (python package `zstandard`)") from None
    return io.BufferedReader(_Unpacked(stream, zstandard))


class _Unpacked(io.RawIOBase):
    """The bytes of zstd frames, a little at a time. An error or an early end of the data is an OSError."""

    def __init__(self, packed: BinaryIO, zstandard: Any) -> None:
        super().__init__()
        self._packed, self._zstandard = packed, zstandard
        self._frame: Any = None
        self._rest, self._ready = b"", b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raises OSError for a broken stream."""
        while not self._ready:
            data = self._rest or self._packed.read(_PACKED_CHUNK)
            if not data:
                if self._frame is not None:
                    raise OSError("zstd data ends too early")
                return 0
            self._feed(data)
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _feed(self, data: bytes) -> None:
        if self._frame is None:
            self._frame = self._zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        try:
            self._ready = self._frame.decompress(data)
        except self._zstandard.ZstdError:
            raise OSError("zstd data is broken") from None
        self._rest = b""
        if self._frame.eof:
            self._rest, self._frame = self._frame.unused_data, None


class Lines:
    """The lines of a stream that are not blank, one after another. A longer line than the limit is a problem and is skipped without
    keeping it. `blocks` hands out what is left many at a time. `first`: the number of the first line; `most`: bytes that are read."""

    def __init__(
        self, stream: BinaryIO, file: str, limit: int = LINE_LIMIT, first: int = 1, most: int | None = None
    ) -> None:
        self._file, self._limit = file, limit
        self._blocks = _raw_blocks(stream, limit, most)
        self._block: list[bytes | None] = []
        self._number, self._at = first - 1, 0

    def __iter__(self) -> Iterator[Line | Problem]:
        while self._at < len(self._block) or self._next_block():
            data = self._block[self._at]
            self._at += 1
            self._number += 1
            line = as_line(data, self._file, self._number, self._limit)
            if line is not None:
                yield line

    def blocks(self) -> Iterator[tuple[int, list[bytes | None]]]:
        """What is left: the number of the first line, and lines without their ends, None for one that is too long."""
        while self._at < len(self._block) or self._next_block():
            rest = self._block[self._at :] if self._at else self._block
            first, self._at, self._number = self._number + 1, len(self._block), self._number + len(rest)
            yield first, rest

    def _next_block(self) -> bool:
        self._block, self._at = next(self._blocks, []), 0
        return bool(self._block)


def read_lines(stream: BinaryIO, file: str, limit: int = LINE_LIMIT) -> Iterator[Line | Problem]:
    """The lines of a stream, as of `Lines`."""
    return iter(Lines(stream, file, limit))


def as_line(data: bytes | None, file: str, number: int, limit: int) -> Line | Problem | None:
    """A line, the problem of one that is too long, or None for a blank one."""
    if data is None:
        return too_long(file, number, limit)
    if not data or data.isspace():
        return None
    data = data.removeprefix(_MARK) if number == 1 else data
    return Line(file, number, data.removesuffix(b"\r"))


def _chunks(stream: BinaryIO, most: int | None) -> Iterator[bytes]:
    read = getattr(stream, "read1", stream.read)  # what is there, without waiting for a full chunk
    if most is None:
        while chunk := read(_CHUNK):
            yield chunk
    else:
        while most > 0 and (chunk := read(min(_CHUNK, most))):
            most -= len(chunk)
            yield chunk


def _raw_blocks(stream: BinaryIO, limit: int, most: int | None) -> Iterator[list[bytes | None]]:
    """The lines without their ends, in blocks that are never empty; None for one that is too long."""
    pieces: list[bytes] = []
    held = 0
    for chunk in _chunks(stream, most):
        first, *others = chunk.split(b"\n")
        held += len(first)
        if held <= limit:
            pieces.append(first)
        else:
            pieces = []
        if others:
            last = others.pop()
            whole = b"".join(pieces) if held <= limit else None
            fits = len(chunk) <= limit
            yield [whole, *(others if fits else (o if len(o) <= limit else None for o in others))]
            pieces, held = [last], len(last)
    if held:
        yield [b"".join(pieces) if held <= limit else None]


def too_long(file: str, number: int, limit: int) -> Problem:
    """The problem of a line or document that is longer than `limit` bytes."""
    return Problem(
        "WF704", f"longer than {limit} bytes", file, number, help="split the trace into smaller runs"
    )


def decode(data: bytes) -> Json:
    """The JSON value; numbers with a fraction stay exact (Decimal). Raises MalformedError."""
    nul = data.find(b"\0")
    if nul >= 0:
        raise MalformedError("WF702", "a NUL byte in a text file", nul)
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedError("WF702", "not UTF-8 text", error.start) from None
    except RecursionError:
        raise MalformedError("WF705", _DEEP) from None
    except (msgspec.MsgspecError, InvalidOperation, ValueError) as error:
        raise MalformedError("WF703", *_explain(str(error), data)) from None
    if data.count(b"[") + data.count(b"{") > DEPTH_LIMIT and too_deep(value):
        raise MalformedError("WF705", _DEEP)
    return value


_DEEP = f"nested deeper than {DEPTH_LIMIT} levels"


def exact(text: str) -> Decimal:
    """A number with a fraction, exactly. Raises ValueError for one out of range."""
    value = Decimal(text)
    if len(text) < EXPONENT_LIMIT and "e" not in text and "E" not in text:
        return value
    exponent = value.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or abs(exponent) > EXPONENT_LIMIT
        or abs(value.adjusted()) > EXPONENT_LIMIT
    ):
        raise ValueError("a number out of range")
    return value


_DECODER = msgspec.json.Decoder(float_hook=exact)


_HALF = "not JSON: half of a surrogate pair, which is no character"
_LONE = re.compile(rb"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})(?=[^\\]|\\[^u])")


def _lone(data: bytes) -> tuple[str, int] | None:
    """The decoder takes the first half of a pair that lacks its second for the end of the text."""
    found = _LONE.search(data)
    return None if found is None else (_HALF, found.start(1))


def _explain(message: str, data: bytes) -> tuple[str, int]:
    text, _, tail = message.partition(" (byte ")
    offset = int(tail.rstrip(")")) if tail.rstrip(")").isdigit() else 0
    if "surrogate" in text:
        return _HALF, offset
    if "truncated" in text or "unexpected end" in text.lower():
        return _lone(data) or ("not JSON: the text ends in the middle of a value", offset)
    return f"not JSON: {text.removeprefix('JSON is malformed: ').lower()}", offset


def too_deep(value: Json, limit: int = DEPTH_LIMIT) -> bool:
    """Whether lists and objects are nested deeper than `limit`."""
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def decode_line(line: Line) -> Json | Problem:
    """The value of a line, or the located problem."""
    try:
        return decode(line.data)
    except MalformedError as error:
        number = line.number + line.data.count(b"\n", 0, error.offset)
        start = line.data.rfind(b"\n", 0, error.offset) + 1
        return Problem(error.code, f"{error} (column {error.offset - start + 1})", line.file, number)
