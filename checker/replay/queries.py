"""Flow rules at work on one trace: provenance is asked at each call that they judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.conditions.compiled import History, Tables, Truth
from wfcheck.checker.provenance.flow import DecisionQuery, FlowQuery
from wfcheck.checker.provenance.from_only import ask_from_only, compile_target
from wfcheck.checker.provenance.query import (
    Answer,
    Asking,
    Breach,
    Insufficient,
    Mode,
    Target,
)
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core

SHOWN = 200
FULL = "the trace holds more values than are kept"
RELEASES = "the trace does not show releases, and one of them may have given out the value"
GAP = "what was seen before is not all recorded"


def finding_of(answer: Answer, index: int) -> Sequence[Finding]:
    """The finding of an answer at an event."""
    if answer is None:
        return ()
    if isinstance(answer, Breach):
        shown = answer.shown[:SHOWN]
        return (violated(index, answer.why, cause=answer.cause, shown=shown, invented=answer.invented),)
    return (insufficient(index, answer.reason),)


def _cleared(answer: Answer, released: bool, view: View) -> Answer:
    """A breach is none for sure where a release may have given out the value and the record does not show releases, unless it is the
    whole conversation."""
    if not released or not isinstance(answer, Breach) or view.reading.converses():
        return answer
    return Insufficient(RELEASES) if view.reading.hides(view.event, "release") else answer


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
        target = provenance.labels.once(rule, lambda: compile_target(rule, tables))
        return FromOnlyStepper(target, program, provenance, mode)

    def concerns(self, kind: str, name: str) -> bool:
        """The calls of the target's tool."""
        return kind == "call" and name == self.target.owner

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Ask at each call of the target's tool."""
        asking = Asking(self.program, self.provenance, view, history, self.asked, self.mode)
        answer = ask_from_only(self.target, asking)
        if isinstance(answer, Breach) and (self.provenance.full or self.provenance.gap):
            answer = Insufficient(FULL if self.provenance.full else GAP)
        released = self.mode != "declared" and self.target.released
        return finding_of(_cleared(answer, released, view), view.index)

    def take(self, view: View, history: History) -> None:
        """What was seen is kept by the provenance."""
        del view, history

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())


@attrs.define
class FlowStepper:
    """`forbid flow SRC -> DST`."""

    query: FlowQuery
    provenance: Provenance
    mode: Mode
    asked: dict[tuple[int, int], Truth] = attrs.field(factory=dict)

    @staticmethod
    def of(
        rule: core.Flow, program: core.Program, tables: Tables, provenance: Provenance, mode: Mode
    ) -> FlowStepper:
        """A stepper at the start of a trace."""
        query = provenance.labels.once(rule, lambda: FlowQuery.of(rule, program, tables))
        return FlowStepper(query, provenance, mode)

    def concerns(self, kind: str, name: str) -> bool:
        """What may be a sink."""
        del name
        return kind in ("call", "approve", "deny", "remember", "say", "ask", "message")

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Ask at each event that may be a sink."""
        asking = Asking(self.query.program, self.provenance, view, history, self.asked, self.mode)
        answer = self.query.ask(asking)
        if answer is None and self.provenance.full:
            return (insufficient(view.index, FULL),)
        released = self.mode != "declared" and bool(self.query.body.except_via)
        return finding_of(_cleared(answer, released, view), view.index)

    def take(self, view: View, history: History) -> None:
        """What was seen is kept by the provenance."""
        del view, history

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

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Ask at each judged call."""
        asking = Asking(self.query.program, self.provenance, view, history, self.asked, self.mode)
        answer = self.query.ask(asking)
        if answer is None and self.provenance.gap and self.query.judged.match(view).truth is not False:
            return (insufficient(view.index, GAP),)
        return finding_of(answer, view.index)

    def take(self, view: View, history: History) -> None:
        """What was seen is kept by the provenance."""
        del view, history

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())
