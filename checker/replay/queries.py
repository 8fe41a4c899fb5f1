"""Flow rules at work on one trace: provenance is asked at each call that they judge."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conditions import History, Tables, Truth
from wfcheck.checker.provenance import Provenance
from wfcheck.checker.provenance_flow import DecisionQuery, FlowQuery
from wfcheck.checker.provenance_query import (
    Answer,
    Asking,
    Breach,
    Insufficient,
    Mode,
    Target,
    ask_from_only,
    compile_target,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.memory import Memory
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.source import Span

NOWHERE = Span("", 0, 0, 1, 1, 1, 1)
SHOWN = 200
FULL = "the trace holds more values than are kept"


def finding_of(answer: Answer, index: int) -> Iterator[Finding]:
    """The finding of an answer at an event."""
    if isinstance(answer, Breach):
        yield violated(
            index, answer.why, cause=answer.cause, shown=answer.shown[:SHOWN], invented=answer.invented
        )
    elif answer is not None:
        yield insufficient(index, answer.reason)


@attrs.define
class FromOnlyStepper:
    """`require ARG from only SET`."""

    target: Target
    program: core.Program
    provenance: Provenance
    mode: Mode
    asked: dict[tuple[int, int], Truth] = attrs.field(factory=dict)

    @staticmethod
    def of(
        rule: core.FromOnly, program: core.Program, tables: Tables, provenance: Provenance, mode: Mode
    ) -> FromOnlyStepper:
        """A stepper at the start of a trace."""
        return FromOnlyStepper(compile_target(rule, tables), program, provenance, mode)

    def concerns(self, kind: str, name: str) -> bool:
        """The calls of the target's tool."""
        return kind == "call" and name == self.target.owner

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Ask at each call of the target's tool."""
        asking = Asking(self.program, self.provenance, view, history, self.asked, self.mode)
        answer = ask_from_only(self.target, asking)
        if isinstance(answer, Breach) and self.provenance.full:
            answer = Insufficient(FULL)
        yield from finding_of(answer, view.index)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())


@attrs.define
class FlowStepper:
    """`forbid flow SRC -> DST`. An approval of this very call lets through what it may let through."""

    query: FlowQuery
    provenance: Provenance
    mode: Mode
    approvals: Memory
    asked: dict[tuple[int, int], Truth] = attrs.field(factory=dict)

    @staticmethod
    def of(
        rule: core.Flow, program: core.Program, tables: Tables, provenance: Provenance, mode: Mode
    ) -> FlowStepper:
        """A stepper at the start of a trace."""
        approve = core.EventPattern((core.EventChoice("approve", frozenset(), span=NOWHERE),), span=NOWHERE)
        memory = Memory.of(approve, program, tables, evidence=True)
        return FlowStepper(FlowQuery.of(rule, program, tables), provenance, mode, memory)

    def concerns(self, kind: str, name: str) -> bool:
        """What may be a sink, and approvals."""
        del name
        return kind in ("call", "approve", "remember", "say", "ask", "message")

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Ask at each event that may be a sink."""
        asking = Asking(self.query.program, self.provenance, view, history, self.asked, self.mode)
        approved = view.kind == "call" and self.approvals.find(view, {}, history, lambda *_: True) is True
        answer = self.query.ask(asking, approved)
        yield from finding_of(answer, view.index)
        if answer is None and self.provenance.full:
            yield insufficient(view.index, FULL)
        self.approvals.see(view, history)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())


@attrs.define
class DecisionStepper:
    """`require decision of CALL from only SET`."""

    query: DecisionQuery
    provenance: Provenance
    mode: Mode
    asked: dict[tuple[int, int], Truth] = attrs.field(factory=dict)

    def concerns(self, kind: str, name: str) -> bool:
        """The calls that the rule judges."""
        return kind == "call" and self.query.judged.concerns(kind, name)

    def step(self, view: View, history: History) -> Iterator[Finding]:
        """Ask at each judged call."""
        asking = Asking(self.query.program, self.provenance, view, history, self.asked, self.mode)
        yield from finding_of(self.query.ask(asking), view.index)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())
