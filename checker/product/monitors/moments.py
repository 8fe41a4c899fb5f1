"""The moments of an event: a call is attempted, then it returns or fails; any other event has one moment.

As the judged event a call is the attempt, as evidence the result; a failure is a moment of its own. Each moment is one event of a
recorded run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import SymbolicValue
from wfcheck.dsl import core
from wfcheck.dsl.core import EventKind
from wfcheck.dsl.source import Span
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

MomentKind: TypeAlias = EventKind | Literal["result"]


@attrs.frozen
class Moment:
    """What is recorded if `happens`. `kind` is the kind of the record."""

    kind: MomentKind
    event: SymbolicEvent
    happens: Term


def moments(event: SymbolicEvent) -> tuple[Moment, ...]:
    """In their order; of a result and a failure only one happens."""
    if event.kind != "call":
        return (Moment(event.kind, event, event.guard),)
    attempt = (Moment("call", event, event.guard),)
    outcome = (Moment("result", event, event.returned), Moment("fail", event, event.failed))
    parts = {"all": attempt + outcome, "attempt": attempt, "outcome": outcome}[event.part]
    return tuple(part for part in parts if part.happens is not b.FALSE)


def supposed(
    kind: EventKind,
    tool: str | None,
    arguments: Mapping[str, SymbolicValue],
    result: SymbolicValue | None,
    actor: str,
    span: Span,
) -> Moment:
    """An event that is only thought of: the judged one, with rigid arguments."""
    event = SymbolicEvent(
        -1, kind, "", 0, 0, None, tool, tool, arguments, b.TRUE, b.TRUE, {}, result, (actor,), True, (), span
    )
    return Moment(kind, event, b.TRUE)


def named_kind(choice: core.EventChoice, evidence: bool) -> MomentKind:
    """The kind of the record that a pattern about a call speaks of."""
    return "result" if evidence and choice.kind in ("call", "write", "emit", "read") else "call"
