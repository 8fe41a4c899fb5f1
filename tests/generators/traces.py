"""Short constructors of events: `trace(call("pay", x=1), result(), ...)` numbers them and joins results with their calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from wfcheck.checker.traces.event import Event

START = datetime(2024, 1, 1, tzinfo=UTC)


def call(tool: str, actor: str = "user", **arguments: Any) -> Event:
    """A call about to run."""
    return Event(
        kind="call", seq=0, tool=tool, actor=actor, args_requested=arguments, args_executed=arguments
    )


def result(value: Any = None) -> Event:
    """The latest open call returned."""
    return Event(kind="result", seq=0, result=value)


def fail() -> Event:
    """The latest open call failed."""
    return Event(kind="fail", seq=0, error="failed")


def done(tool: str, actor: str = "user", value: Any = None, **arguments: Any) -> tuple[Event, Event]:
    """A call and its result."""
    return call(tool, actor, **arguments), result(value)


def approve(by: str, tool: str | None = None, **arguments: Any) -> Event:
    """An approval."""
    given = None if tool is None else arguments
    return Event(kind="approve", seq=0, actor=by, tool=tool, args_requested=given, decision="approved")


def deny(tool: str, by: str = "boss", **arguments: Any) -> Event:
    """A denial."""
    return Event(kind="deny", seq=0, actor=by, tool=tool, args_requested=arguments)


def simple(kind: Any, actor: str | None = "user", **fields: Any) -> Event:
    """Any other event."""
    return Event(kind=kind, seq=0, actor=actor, **fields)


def trace(*parts: Event | tuple[Event, ...], gap: timedelta | None = timedelta(seconds=1)) -> list[Event]:
    """Events in order, numbered and timed; `session` and `run` marks (kind reset, error set) start a new one."""
    flat = [event for part in parts for event in (part if isinstance(part, tuple) else (part,))]
    made: list[Event] = []
    open_: list[tuple[str, str | None]] = []
    session, run = 1, 1
    for event in flat:
        if event.kind == "reset" and event.error in ("session", "run"):
            session += event.error == "session"
            run += 1
            continue
        index = len(made)
        fields: dict[str, Any] = {"seq": index, "session": f"s{session}", "run": f"r{run}"}
        if event.kind == "call":
            fields["call"] = f"c{index}"
            open_.append((f"c{index}", event.tool))
        elif event.kind in ("result", "fail"):
            fields["call"], fields["tool"] = open_.pop()
        if gap is not None:
            fields["time"] = (START + index * gap).isoformat()
        made.append(msgspec.structs.replace(event, **fields))
    return made


def new_run() -> Event:
    """What follows is another run of the session."""
    return Event(kind="reset", seq=0, error="run")


def new_session() -> Event:
    """What follows is another run in another session."""
    return Event(kind="reset", seq=0, error="session")
