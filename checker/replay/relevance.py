"""Which events a rule looks at: a difference in any other leaves its verdict as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.replay.past import expressions_in
from wfcheck.checker.replay.sequence_rules import ResponseStepper
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements, subexpressions

Looks: TypeAlias = Callable[[str, str], bool]
_BY_CALLS = frozenset({"read", "write", "emit"})
_UNNAMED = frozenset({"input", "message", "say", "ask", "end", "reset"})
_TURNS = frozenset({"llm", "input"})


@attrs.frozen
class Scope:
    """Whose events count for a rule: of the same run, of the same session, or all (`trace`)."""

    session: bool = False
    trace: bool = False

    def holds(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether an event of a run counts for another."""
        return self.trace or (one[0] == other[0] if self.session else one == other)


def scope_of(rule: core.Rule) -> Scope:
    """As far as the rule looks back."""
    match rule.body:
        case core.Flow() | core.FromOnly() | core.Decision() | core.Always():
            return Scope(trace=True)
        case core.Limit(scopes=scopes):
            kinds = {scope.kind for scope in scopes}
            return Scope(session=not kinds & {"run", "turn"}, trace="window" in kinds)
        case _:
            return Scope(session=rule.per_session or _tracks(rule), trace=False)


def looks(rule: core.Rule, compiled: monitor.Compiled, stepper: Stepper, program: core.Program) -> Looks:
    """Whether an event of a kind, about a tool, may change what the rule says."""
    if isinstance(rule.body, core.Flow | core.FromOnly | core.Decision):
        return lambda _kind, _name: True
    asked = asked_by(rule, program)
    steps = _counts_steps(compiled, program)
    turns = isinstance(compiled, monitor.Quota) and any(s.kind == "turn" for s in compiled.scopes)

    def look(kind: str, name: str) -> bool:
        if (steps and kind == "call") or (turns and kind in _TURNS):
            return True
        done = "call" if kind in ("result", "fail") else kind
        if any(speaks(choice, done, name) for choice in asked):
            return True
        return any(_concerns(stepper, each, name) for each in {kind, done})

    return look


def _concerns(stepper: Stepper, kind: str, name: str) -> bool:
    if isinstance(stepper, ResponseStepper):
        owed = stepper.judged.concerns(kind, name) or stepper.evidence.concerns(kind, name)
        return owed or kind == "end"
    return stepper.concerns(kind, name)


def _counts_steps(compiled: monitor.Compiled, program: core.Program) -> bool:
    """An approval may be given for so many steps."""
    match compiled:
        case monitor.Monitor(evidence=evidence):
            if evidence is None:
                return False
            return evidence.within_steps is not None or (evidence.single_use and _expires(program))
        case monitor.Response(within_steps=steps):
            return steps is not None
        case _:
            return False


def _expires(program: core.Program) -> bool:
    return any(
        isinstance(s, core.Approve) and s.within_steps is not None
        for workflow in program.workflows.values()
        for s in statements(workflow.body)
    )


def speaks(choice: core.EventChoice, kind: str, name: str) -> bool:
    """Whether a pattern may be about such events; what tools read, write and emit shows as calls."""
    if choice.kind in _BY_CALLS:
        return kind == "call"
    same = kind == ("call" if choice.kind == "fail" else choice.kind)
    return same and (kind in _UNNAMED or not choice.subjects or not name or name in choice.subjects)


def _tracks(rule: core.Rule) -> bool:
    return bool(_registers(rule.body))


def _registers(part: object) -> frozenset[str]:
    """The registers that a part of a program names."""
    return frozenset(
        each.register if isinstance(each, core.Known) else each.name
        for expression in expressions_in(part)
        for each in subexpressions(expression)
        if isinstance(each, core.Known) or (isinstance(each, core.Variable) and each.kind == "register")
    )


def asked_by(rule: core.Rule, program: core.Program) -> tuple[core.EventChoice, ...]:
    """The events that its conditions ask about, through registers too."""
    found: list[core.EventChoice] = []
    pending, seen = [*_registers(rule.body)], set[str]()
    for expression in expressions_in(rule.body):
        found += _earlier(expression)
    while pending:
        name = pending.pop()
        if name in seen or name not in program.registers:
            continue
        seen.add(name)
        for update in program.registers[name].updates:
            found += update.event.choices
            for expression in expressions_in(update):
                found += _earlier(expression)
            pending += _registers(update)
    return tuple(found)


def _earlier(expression: core.Expr) -> list[core.EventChoice]:
    return [
        choice
        for part in subexpressions(expression)
        if isinstance(part, core.LastEvent | core.EarlierEvent)
        for choice in part.event.choices
    ]
