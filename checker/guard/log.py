"""The decision log: what was asked, answered and told, one line each, chained by hashes; and beside it, in `NAME.head`, how many
lines there are and the hash of the last, so that lines taken off the end are missed.

The hashes have no key: they show accidents and clumsy changes. Against somebody who can write both files keep the last hash
(`Guard.head`) elsewhere."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

import attrs
import msgspec

from wfcheck.checker.guard.mark import Mark, TornError
from wfcheck.checker.traces.decisions import (
    END,
    FORMAT,
    HASH,
    TAIL,
    VERSION,
    BrokenLineError,
    Header,
    Record,
    chained,
    linked,
    read_header,
    read_record,
)
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.reading import exact
from wfcheck.dsl.diagnostic import Diagnostic, WfError

Sync: TypeAlias = Literal["always", "written"]
_ALLOWED: Final = b'{"op":"before","answer":"allow","rule":"","event":'
_AFTER: Final = b'{"op":"after","event":'


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EVENT = msgspec.json.Decoder(Event, float_hook=exact)
encoded = _ENCODER.encode
"""The canonical bytes of an event. Raises Exception where it holds something that is no JSON value."""
decoded = _EVENT.decode
"""The event as whoever reads the log will see it."""


@attrs.define(eq=False)
class Log:
    """An open log. Lines are with the operating system before `append` returns; with `always`, on the disk. `count`: the lines after
    the header; `before`: the hash of the line before the last; `size` in bytes."""

    path: Path
    file: int
    mark: Mark
    sync: Sync
    last: bytes = b""
    before: bytes = b""
    count: int = -1
    size: int = 0

    @property
    def head(self) -> tuple[int, str]:
        """The number of lines after the header, and the hash of the last."""
        return self.count, self.last.decode()

    def allowed(self, event: bytes) -> None:
        """Write that an event was asked about and allowed. Raises OSError where it cannot be written."""
        self.write(_ALLOWED + event)

    def told(self, event: bytes) -> None:
        """Write that an event happened. Raises OSError where it cannot be written."""
        self.write(_AFTER + event)

    def answered(self, event: bytes, answer: str, rule: str) -> None:
        """Write what was answered to a question. Raises OSError where it cannot be written."""
        parts = answer.encode(), encoded(rule), event
        self.write(b'{"op":"before","answer":"%b","rule":%b,"event":%b' % parts)

    def write(self, body: bytes) -> None:
        """Write a line. Raises OSError where it cannot be written."""
        digest = chained(self.last, body)
        line = body + HASH + digest + END
        if os.write(self.file, line) != len(line):
            raise OSError("the log could not be written")
        if self.sync == "always":
            os.fdatasync(self.file)
        self.before, self.last = self.last, digest
        self.count += 1
        self.size += len(line)
        self.mark.write(self.count, digest)

    def close(self) -> None:
        """Let go of the files."""
        os.close(self.file)
        self.mark.close()

    def records(
        self, policy: str, actor: str | None, start: tuple[int, int, bytes] | None = None
    ) -> Iterator[Record]:
        """What the log holds, or what it holds from a line on (`start`: the lines before it, their bytes, the hash of the last); then
        the log is ready to be continued. A last line that was cut off while it was written is dropped: nobody was told its answer.
        `actor`: who acts where an event does not say.

        Raises:
            WfError: it was changed, was cut off, or is of another policy.
        """
        marked = self._marked()
        if start is not None:
            self.count, self.size, self.last = start
        with os.fdopen(os.dup(self.file), "rb") as stream:
            stream.seek(self.size)
            for line in _whole(stream):
                yield from self._next(line, policy)
        if self.count < 0 and marked is not None:
            raise unusable(self.path, "its header is cut off")
        os.ftruncate(self.file, self.size)
        if marked is not None:
            self._insist(marked)
        elif self.count > 0:
            raise unusable(self.path, f"`{self.path.name}.head` is missing")
        self._begin(policy, actor)

    def _marked(self) -> list[tuple[int, bytes]] | None:
        try:
            return self.mark.read()
        except TornError:
            raise unusable(self.path, f"`{self.path.name}.head` was changed") from None

    def _next(self, line: bytes, policy: str) -> Iterator[Record]:
        number = self.count + 2
        try:
            digest = linked(self.last, line)
            header = number == 1
            record = None if header else read_record(line)
            if header:
                _head(self.path, read_header(line), policy)
        except BrokenLineError:
            raise unusable(self.path, f"line {number} was changed, or a line before it is missing") from None
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            raise unusable(self.path, f"line {number} cannot be read") from None
        self.before, self.last = self.last, digest
        self.count, self.size = self.count + 1, self.size + len(line)
        if record is not None:
            yield record

    def _insist(self, marked: list[tuple[int, bytes]]) -> None:
        """All lines that were ever acknowledged are there."""
        known = {self.count: self.last, self.count - 1: self.before}
        most = max(count for count, _ in marked)
        if most > self.count or not any(known.get(count) == digest for count, digest in marked):
            raise unusable(self.path, f"it held {most} entries, and they are not all there")

    def _begin(self, policy: str, actor: str | None) -> None:
        if self.count < 0:
            header = encoded({"format": FORMAT, "version": VERSION, "policy": policy, "actor": actor})
            line = header.removesuffix(b"}")
            self.last = chained(b"", line)
            os.write(self.file, line + HASH + self.last + END)
            self.count, self.size = 0, len(line) + TAIL
        self.mark.begin(self.count, self.last)


def open_log(path: Path, sync: Sync) -> Log:
    """The log at a path, new or to be continued once its `records` were taken in.

    Raises:
        WfError: it is in use, or cannot be opened.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        mark = os.open(f"{path}.head", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(path, f"it cannot be opened: {error.strerror}") from None
    log = Log(path, file, Mark(mark), sync)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        log.close()
        raise unusable(path, "another guard writes to it") from None
    return log


def _whole(stream: BinaryIO) -> Iterator[bytes]:
    """The whole lines."""
    for line in stream:
        if line.endswith(b"\n"):
            yield line


def _head(path: Path, header: Header, policy: str) -> None:
    if header.format != FORMAT or header.version != VERSION:
        raise unusable(path, "it is not a decision log of this version")
    if header.policy != policy:
        raise unusable(path, "it was written under another policy", "begin a new log when the policy changes")


def unusable(path: Path, why: str, advice: str | None = None) -> WfError:
    """The error that a log cannot be used."""
    return WfError(Diagnostic("WF813", f"the decision log `{path}` cannot be used: {why}", None, help=advice))
