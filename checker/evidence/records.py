"""Several records of one run: what the agent's trace says, what services logged, how things were in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.traces.event import EventSource, Json
from wfcheck.checker.traces.trace import Problem, Trace

Kind: TypeAlias = Literal[
    "hidden", "not-done", "denied-but-done", "arguments", "outcome", "result", "order", "state", "changed"
]


@attrs.frozen
class LogOptions:
    """How a log is to be read. `covers`: the tools of which it has every call (empty: those that it names at all); `tools`: their
    names in the log and in the trace; `ignore`: arguments that only the log has, and that mean nothing."""

    covers: tuple[str, ...] = ()
    tools: Mapping[str, str] = attrs.field(factory=dict)
    ignore: frozenset[str] = frozenset()


@attrs.frozen
class Log:
    """One run as a service saw it. `covers`: the tools of which it would have shown every call; `shows`: those of
    which it may have some as well."""

    trace: Trace
    covers: frozenset[str]
    recorded: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    """The arguments that it records of each tool in some call; of others it says nothing."""
    shows: frozenset[str] = frozenset()


@attrs.frozen
class Write:
    """What a call of `tool` leaves behind: a `value` at the place `at` in the state (None and `removes`: nothing any more). A text
    `$name` stands for an argument, `$result` for the result."""

    tool: str
    at: tuple[str, ...]
    value: Json = None
    removes: bool = False


@attrs.frozen
class Snapshot:
    """The state after a run, and before it where that is known."""

    file: str
    run: str | None
    state: Json = attrs.field(repr=False)
    writes: tuple[Write, ...] = ()
    before: Json = attrs.field(default=None, repr=False)


@attrs.frozen
class Evidence:
    """Everything that belongs to one trace."""

    logs: tuple[Log, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()


@attrs.frozen
class Disagreement:
    """Two records of a run that cannot both be right. `event`: of the trace as it was recorded; `recorded`: the place in the other
    record. `claimed` and `found` are what the trace and the other record say; untrusted values.

    * hidden: the log has a call that the trace does not show;
    * not-done: the trace shows the result of a call that the log does not have;
    * denied-but-done: the trace says that the call was denied, the log that it was done;
    * arguments, outcome, result: both have the call, and differ in what it was given, how it ended or what it gave;
    * order: the log has the call before one that had returned before it began, in the trace;
    * state: the end does not have what the last write left there;
    * changed: something is otherwise than before, and no write explains it."""

    trace: str
    kind: Kind
    subject: str
    file: str
    event: int | None = None
    source: EventSource | None = None
    recorded: EventSource | None = None
    name: str | None = None
    claimed: Json = None
    found: Json = None

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        return {
            "trace": self.trace, "kind": self.kind, "subject": self.subject, "file": self.file, "event": self.event,
            "source": _place(self.source), "recorded": _place(self.recorded), "name": self.name,
            "claimed": self.claimed, "found": self.found,
        }  # fmt: skip


@attrs.frozen
class Joined:
    """What all records say together. `readings`: the traces that the records allow; the first is the trace as it was recorded, and
    alone if nothing disagrees. What holds must hold of all of them."""

    readings: tuple[Trace, ...]
    disagreements: tuple[Disagreement, ...] = ()


@attrs.frozen
class Gathered:
    """The evidence in some files by what its runs are called, and what could not be read."""

    logs: tuple[Log, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    problems: tuple[Problem, ...] = ()


def _place(source: EventSource | None) -> dict[str, Any] | None:
    if source is None:
        return None
    return {"file": source.file, "line": source.line, "pointer": source.pointer}
