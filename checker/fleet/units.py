"""Recorded runs cut into units of work: small files together, files with a run a line in slices, any other file whole."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from wfcheck.checker.traces.registry import expand, read_part, sliceable
from wfcheck.checker.traces.trace import Piece, Problem

SLICE = 16 * 2**20
"""Bytes of a slice, about: it ends with a line."""
BATCH = 4 * 2**20
"""Bytes of the small files that are taken together."""
FILES = 64
_CHUNK = 1 << 20


class Part(msgspec.Struct, frozen=True):
    """A file, or the lines of it between two bytes, of which the first has the number `line`. `size` and `time` (of the last change to
    the file or to what is known of it, in nanoseconds) tell whether the file is still the same."""

    path: str
    size: int = 0
    time: int = 0
    start: int = 0
    end: int | None = None
    line: int = 1

    @property
    def length(self) -> int:
        """In bytes."""
        return (self.size if self.end is None else self.end) - self.start


class Unit(msgspec.Struct, frozen=True):
    """Work that is done at once."""

    parts: tuple[Part, ...]

    @property
    def length(self) -> int:
        """In bytes."""
        return sum(part.length for part in self.parts)


def files_of(paths: Sequence[str | Path]) -> Iterator[Part | Problem]:
    """The files below `paths`, and what is no file."""
    for path in paths:
        for file in expand(str(path)):
            if isinstance(file, Problem) or file == "-":
                yield file if isinstance(file, Problem) else Part(file)
                continue
            try:
                found = Path(file).stat()
            except OSError:
                yield Part(file)  # whoever reads it tells why it cannot be read
            else:
                yield Part(file, found.st_size, max(found.st_mtime_ns, found.st_ctime_ns))


def units_of(files: Iterator[Part] | Sequence[Part]) -> Iterator[Unit]:
    """The units, in the order of the files. How they are cut does not depend on who does the work."""
    batch: list[Part] = []
    for file in files:
        if batch and (len(batch) >= FILES or sum(p.size for p in batch) + file.size > BATCH):
            yield Unit(tuple(batch))
            batch = []
        if file.size > SLICE and sliceable(file.path):
            yield from (Unit((part,)) for part in _slices(file))
        else:
            batch.append(file)
    if batch:
        yield Unit(tuple(batch))


def _slices(file: Part) -> Iterator[Part]:
    with Path(file.path).open("rb") as stream:
        start, line = 0, 1
        while start < file.size:
            end, lines = _whole_lines(stream, start)
            yield Part(file.path, file.size, file.time, start, end, line)
            start, line = end, line + lines


def _whole_lines(stream: io.BufferedReader, start: int) -> tuple[int, int]:
    """The end of the slice that begins there, and how many lines it has."""
    stream.seek(start)
    left, lines = SLICE, 0
    while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
        left -= len(chunk)
        lines += chunk.count(b"\n")
    while chunk := stream.readline(_CHUNK):
        if chunk.endswith(b"\n"):
            return stream.tell(), lines + 1
    return stream.tell(), lines + 1


def pieces_of(unit: Unit, *, lenient: bool) -> Iterator[Piece]:
    """The traces of a unit, and the problems met on the way."""
    for part in unit.parts:
        yield from read_part(part.path, part.start, part.end, part.line, lenient=lenient)
