"""What a reader yields: traces, whole or event by event, and what it could not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.source import Span


@attrs.frozen
class Problem:
    """Something in the input that could not be read. `line` counts from 1; `pointer` is a JSON pointer into that line."""

    code: str
    message: str
    file: str
    line: int | None = None
    pointer: str = ""
    help: str | None = None
    severity: Severity = Severity.ERROR

    def diagnostic(self) -> Diagnostic:
        """The problem as a located diagnostic."""
        span = None if self.line is None else Span(self.file, 0, 0, self.line, 1, self.line, 1)
        notes = (f"at `{self.pointer}` in that line",) if self.pointer else ()
        return Diagnostic(
            self.code, self.message, span, self.severity, notes=notes, help=self.help, file=self.file
        )


@attrs.frozen
class Skip:
    """What `--lenient` passed over."""

    file: str
    line: int | None
    pointer: str
    code: str
    reason: str


@attrs.frozen
class Trace:
    """One recorded trace (one or several runs of one session, in order). `completeness` is what the format can show;
    `losses` says what was skipped inside, so that nothing is said to hold of what was not read."""

    name: str
    file: str
    line: int
    format: str
    events: tuple[Event, ...] = attrs.field(repr=False)
    completeness: Mapping[str, Completeness] = attrs.field(factory=dict)
    losses: tuple[str, ...] = ()


@attrs.define(eq=False)
class Opened:
    """A trace of which the events come one by one. `broken`: an event was out of order, so that nothing is to be said of the trace
    unless asked for. `seat` is for whoever takes the events in."""

    name: str
    file: str
    line: int
    format: str
    completeness: Mapping[str, Completeness]
    broken: bool = False
    seat: Any = None


@attrs.frozen
class Paused:
    """No more events of the trace are waited for. Should there be any, the trace is broken."""

    trace: Opened


@attrs.frozen
class Closed:
    """The end of a file: its traces in the order of their first events, and what was lost of any of them."""

    traces: tuple[Opened, ...]
    losses: tuple[str, ...] = ()


Item: TypeAlias = Trace | Problem
Piece: TypeAlias = "tuple[Opened, list[Event]] | Trace | Problem | Paused | Closed"
