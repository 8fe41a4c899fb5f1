"""The decision log: what was asked, answered and told, one line each, chained by hashes; and beside it, in `NAME.head`, how many
lines there are and the hash of the last, so that lines taken off the end are missed.

The hashes have no key: they show accidents and clumsy changes. Against somebody who can write both files keep the last hash
(`Guard.head`) elsewhere."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs
import msgspec

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.reading import exact
from wfcheck.dsl.diagnostic import Diagnostic, WfError

Sync: TypeAlias = Literal["always", "written"]
FORMAT: Final = "wfguard"
VERSION: Final = 1
LINE_LIMIT: Final = 64_000_000
_HASH = b',"sha256":"'
_TAIL: Final = len(_HASH) + 64 + len(b'"}\n')
_HEAD: Final = 20 + 1 + 64 + 1


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: `op` is `before` or `after`; `answer` is `allow`, `deny` or `ask`, and `rule` whose it is."""

    op: Literal["before", "after"]
    event: Event
    answer: str = ""
    rule: str = ""
    sha256: str = ""


class _Header(msgspec.Struct):
    format: str
    version: int
    policy: str
    sha256: str = ""


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(Record, float_hook=exact)
_EVENT = msgspec.json.Decoder(Event, float_hook=exact)


def encoded(event: Event) -> bytes:
    """The canonical bytes of an event.

    Raises:
        Exception: it holds something that is no JSON value.
    """
    return _ENCODER.encode(event)


def decoded(data: bytes) -> Event:
    """The event as whoever reads the log will see it."""
    return _EVENT.decode(data)


@attrs.define(eq=False)
class Log:
    """An open log. Lines are with the operating system before `append` returns; with `always`, on the disk."""

    path: Path
    file: int
    head_file: int
    sync: Sync
    last: bytes
    count: int

    @property
    def head(self) -> tuple[int, str]:
        """The number of lines after the header, and the hash of the last."""
        return self.count, self.last.decode()

    def append(self, op: Literal["before", "after"], event: bytes, answer: str = "", rule: str = "") -> None:
        """Write a line.

        Raises:
            OSError: it cannot be written.
        """
        told = (
            b"" if op == "after" else b',"answer":"%b","rule":%b' % (answer.encode(), _ENCODER.encode(rule))
        )
        self._write(b'{"op":"%b"%b,"event":%b' % (op.encode(), told, event))
        self.count += 1
        self._mark()

    def _write(self, body: bytes) -> None:
        digest = _chain(self.last, body)
        line = b'%b%b%b"}\n' % (body, _HASH, digest)
        if os.write(self.file, line) != len(line):
            raise OSError("the log could not be written")
        if self.sync == "always":
            os.fdatasync(self.file)
        self.last = digest

    def _mark(self) -> None:
        os.pwrite(self.head_file, b"%020d %b\n" % (self.count, self.last), 0)

    def close(self) -> None:
        """Let go of the files."""
        os.close(self.file)
        os.close(self.head_file)


def _chain(last: bytes, body: bytes) -> bytes:
    return hashlib.sha256(last + body).hexdigest().encode()


def open_log(path: Path, policy: str, sync: Sync) -> tuple[Log, list[Record]]:
    """The log at a path, new or continued, and what it holds. A last line that was cut off while it was written is dropped: nobody
    was told its answer.

    Raises:
        WfError: it is in use, was changed, was cut off, or is of another policy.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        head_file = os.open(f"{path}.head", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(path, f"it cannot be opened: {error.strerror}") from None
    log = Log(path, file, head_file, sync, b"", 0)
    try:
        return log, _restore(log, policy)
    except BaseException:
        log.close()
        raise


def _restore(log: Log, policy: str) -> list[Record]:
    try:
        fcntl.flock(log.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise unusable(log.path, "another guard writes to it") from None
    marked, digest = _marked(log)
    lines = _lines(log, acknowledged=marked is not None)
    records = _checked(log, lines, policy)
    if marked is not None and (log.count < marked or _hash_at(lines, marked) != digest):
        raise unusable(log.path, f"it held {marked} entries, and they are not all there")
    if marked is None and records:
        raise unusable(log.path, f"`{log.path.name}.head` is missing")
    if not lines:
        header = _ENCODER.encode({"format": FORMAT, "version": VERSION, "policy": policy})
        log._write(header.removesuffix(b"}"))
    log._mark()
    return records


def _marked(log: Log) -> tuple[int | None, bytes]:
    data = os.pread(log.head_file, _HEAD + 1, 0)
    if not data:
        return None, b""
    count, _, rest = data.partition(b" ")
    if len(data) != _HEAD or not count.isdigit() or len(rest) != 65:
        raise unusable(log.path, f"`{log.path.name}.head` was changed")
    return int(count), rest[:64]


def _lines(log: Log, acknowledged: bool) -> list[bytes]:
    """The whole lines; what follows the last of them is cut off."""
    with os.fdopen(os.dup(log.file), "rb") as stream:
        stream.seek(0)
        lines = list(stream)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
        if not lines and acknowledged:
            raise unusable(log.path, "its header is cut off")
        os.ftruncate(log.file, sum(map(len, lines)))
    return lines


def _hash_at(lines: list[bytes], number: int) -> bytes:
    return lines[number][-67:-3]


def _checked(log: Log, lines: list[bytes], policy: str) -> list[Record]:
    records = []
    for number, line in enumerate(lines):
        body, tail = line[:-_TAIL], line[-_TAIL:]
        digest = _chain(log.last, body)
        if len(line) > LINE_LIMIT or tail != b'%b%b"}\n' % (_HASH, digest):
            raise unusable(log.path, f"line {number + 1} was changed, or a line before it is missing")
        log.last = digest
        try:
            if number:
                records.append(_DECODER.decode(line))
                log.count += 1
            else:
                _head(log.path, msgspec.json.decode(line, type=_Header), policy)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            raise unusable(log.path, f"line {number + 1} cannot be read") from None
    return records


def _head(path: Path, header: _Header, policy: str) -> None:
    if header.format != FORMAT or header.version != VERSION:
        raise unusable(path, "it is not a decision log of this version")
    if header.policy != policy:
        raise unusable(path, "it was written under another policy", "begin a new log when the policy changes")


def unusable(path: Path, why: str, advice: str | None = None) -> WfError:
    """The error that a log cannot be used."""
    return WfError(Diagnostic("WF813", f"the decision log `{path}` cannot be used: {why}", None, help=advice))
