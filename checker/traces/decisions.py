"""The lines of a guard's decision log: how they are chained, and the events that they say happened.

What was told, and what was asked about and allowed, happened; a call that was denied left a `deny`."""

from __future__ import annotations

import hashlib
from binascii import hexlify
from typing import Final, Literal

import msgspec

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.reading import exact

FORMAT: Final = "wfguard"
VERSION: Final = 1
DENIER: Final = "guard"
"""Who denies, in the `deny` event that a denied call leaves: nobody whom a rule can name."""
LINE_LIMIT: Final = 64_000_000
HASH: Final = b',"sha256":"'
END: Final = b'"}\n'
TAIL: Final = len(HASH) + 64 + len(END)
_ACTING: Final = frozenset({"call", "llm", "say", "ask", "message"})


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: `op` is `before`, `after` or `state`; `answer` is `allow`, `deny` or `ask`, and `rule` whose it is. `state`: the hash
    of what the guard remembered at that point."""

    op: Literal["before", "after", "state"]
    event: Event | None = None
    answer: str = ""
    rule: str = ""
    state: str = ""
    sha256: str = ""


class Header(msgspec.Struct):
    """The first line. `actor`: who acts where an event does not say."""

    format: str
    version: int
    policy: str
    actor: str | None = None
    sha256: str = ""


read_record: Final = msgspec.json.Decoder(Record, float_hook=exact).decode
read_header: Final = msgspec.json.Decoder(Header).decode


class BrokenLineError(Exception):
    """A line does not follow from the one before."""


def chained(last: bytes, body: bytes) -> bytes:
    """The hash of a line, from the hash of the line before."""
    return hexlify(hashlib.sha256(last + body).digest())


def linked(last: bytes, line: bytes) -> bytes:
    """The hash of a line that follows from the line before.

    Raises:
        BrokenLineError: it does not.
    """
    digest = chained(last, line[:-TAIL])
    if len(line) > LINE_LIMIT or line[-TAIL:] != HASH + digest + END:
        raise BrokenLineError
    return digest


def denial(event: Event) -> Event:
    """What a denied call leaves in the record."""
    asked = event.args_executed if event.args_requested is None else event.args_requested
    return Event(
        kind="deny", seq=event.seq, trace=event.trace, session=event.session, run=event.run, id=event.id,
        parent=event.parent, time=event.time, actor=DENIER, tool=event.tool, args_requested=asked,
    )  # fmt: skip


def happened(record: Record, actor: str | None) -> Event | None:
    """The event that a line says happened, or None. `actor`: as in the header."""
    event = record.event
    if event is None or record.op == "state":
        return None
    if record.op == "before" and record.answer != "allow":
        return denial(event) if record.answer == "deny" and event.kind == "call" and event.tool else None
    if event.actor is None and actor is not None and event.kind in _ACTING:
        return msgspec.structs.replace(event, actor=actor)
    return event
