"""What a guard remembered at one line of its log, in a file beside it (`NAME.state`): a start need only take in the lines after it.

The line holds the hash of the file, so that the chain of the log covers it. A file that does not fit its line is not used."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from wfcheck.checker.guard.deciding import Decider
from wfcheck.checker.guard.log import Log
from wfcheck.checker.guard.state import put_back, taken
from wfcheck.checker.traces.decisions import linked

FORMAT: Final = "wfstate"
VERSION: Final = 1
LIMIT: Final = 1_000_000_000


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    policy: str
    count: int
    size: int
    last: str


class _Line(msgspec.Struct):
    op: str
    state: str


@attrs.frozen
class Start:
    """Where to go on: the lines before, their bytes, the hash of the last, and a guard that remembers them."""

    count: int
    size: int
    last: bytes
    decider: Decider


def path_of(log: Path) -> Path:
    """The file beside a log."""
    return Path(f"{log}.state")


def write_state(log: Log, decider: Decider, policy: str) -> bool:
    """Take down what the guard remembers after the last line; whether that could be done.

    Raises:
        OSError: the line that says so could not be written.
    """
    fresh = Path(f"{path_of(log.path)}.new")
    try:
        body = _body(log, decider, policy)
        if body is None:
            return False
        _write(fresh, body, log.sync == "always")
    except Exception:  # noqa: BLE001 - a guard goes on without
        return False
    log.write(b'{"op":"state","state":"%b"' % hashlib.sha256(body).hexdigest().encode())
    try:
        fresh.replace(path_of(log.path))
    except OSError:
        return False
    return True


def _body(log: Log, decider: Decider, policy: str) -> bytes | None:
    data = taken(decider)
    if data is None:
        return None
    head = _Head(FORMAT, VERSION, policy, log.count, log.size, log.last.decode())
    return msgspec.json.encode(head) + b"\n" + msgspec.json.encode(data)


def _write(path: Path, body: bytes, sure: bool) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(body)
        if sure:
            file.flush()
            os.fsync(file.fileno())


def read_state(log: Path, decider: Decider, policy: str) -> Start | None:
    """Let a guard at its start remember what was taken down; None, with a guard that is then of no use, where there is nothing that
    the log vouches for."""
    try:
        data = path_of(log).read_bytes() if path_of(log).stat().st_size < LIMIT else b""
        first, _, rest = data.partition(b"\n")
        head = msgspec.json.decode(first, type=_Head)
        known = (head.format, head.version, head.policy) == (FORMAT, VERSION, policy)
        if not known or not _vouched(log, head, hashlib.sha256(data).hexdigest()):
            return None
        body: list[Any] = msgspec.json.decode(rest)
        put_back(decider, body)
    except Exception:  # noqa: BLE001 - the log itself is asked then
        return None
    return Start(head.count, head.size, head.last.encode(), decider)


def _vouched(log: Path, head: _Head, digest: str) -> bool:
    """Whether the line of the log after those that were taken down follows from them, and names the file."""
    with log.open("rb") as file:
        file.seek(head.size)
        line = file.readline()
    linked(head.last.encode(), line)
    said = msgspec.json.decode(line, type=_Line)
    return said.op == "state" and said.state == digest
