"""One call of a tool with any arguments, as terms: what grants and patterns say of it, and concrete calls from models."""

from __future__ import annotations

import attrs

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.rules.symbolic_match import Match, Matcher, Truth, both
from wfcheck.checker.symbolic.constants import decode
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.types import conforms, fresh
from wfcheck.checker.symbolic.value import SymbolicValue, build_shape
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.evaluate import Model
from wfcheck.solver.term import Term

ITEMS = 2
"""Elements of lists in the executions that yield concrete calls."""


@attrs.frozen(slots=False)
class AnyCall:
    """A call by `actor` with arbitrary arguments of their types. `valid`: they are. `facts`: what registers and the clock say, the
    same wherever they are read."""

    program: core.Program
    tool: core.Tool
    actor: str
    event: SymbolicEvent
    valid: Term
    matcher: Matcher
    facts: Environment

    def holds(self, condition: core.Expr | None, binders: Environment | None = None) -> Truth:
        """A condition about the call."""
        return self.matcher.holds(condition, self.event, {**self.facts, **(binders or {})})

    def matches(
        self, pattern: core.EventPattern, actor: str | None = None, *, evidence: bool = False
    ) -> list[Match]:
        """The ways in which the call (or, as `evidence`, its return) is such an event; `actor`: another one acts."""
        event = self.event if actor is None else attrs.evolve(self.event, actors=(actor,))
        return self.matcher.matches(pattern, event, evidence=evidence)

    def covered(self, grant: core.Grant, actor: str | None = None) -> Truth:
        """Whether the grant covers the call: a condition that errs grants nothing, what cannot be known is open."""
        found = [
            both(m.truth, self.holds(grant.condition, m.binders)) for m in self.matches(grant.event, actor)
        ]
        sure = b.or_(*(truth.sure for truth in found))
        return Truth(sure, sure if plain_grant(grant) else b.or_(*(truth.maybe for truth in found)))

    def seen_by(self, program: core.Program) -> AnyCall:
        """The same call, as another program's declarations have it; nothing is known of its registers."""
        if program is self.matcher.program:
            return self
        notes = Notes(program, prefix=f"{self.matcher.notes.prefix}there.{self.matcher.notes.count}.")
        return attrs.evolve(self, matcher=Matcher(program, notes), facts={})

    def concrete(self, model: Model) -> Event:
        """The call under a model."""
        given: dict[str, object] = {}
        for parameter in self.tool.parameters:
            value = decode(self.event.arguments[parameter.name], parameter.type, model)
            if not (parameter.optional and value is None):
                given[parameter.name] = encode(value)
        return Event(kind="call", seq=0, tool=self.tool.symbol, actor=self.actor, call="c0", args_executed=given,
                     session="s1", run="r1")  # fmt: skip


def any_call(program: core.Program, tool: core.Tool, actor: str, *, items: int | None = None) -> AnyCall:
    """The call. `items`: lists have at most so many elements, all seen (None: any number, unseen)."""
    notes = Notes(program, prefix=f"{tool.symbol}.")
    arguments: dict[str, SymbolicValue] = {}
    valid = []
    for parameter in tool.parameters:
        value = fresh(parameter.type, parameter.name, notes, items=items)
        arguments[parameter.name] = value
        valid.append(conforms(value, parameter.type, notes))
    result = fresh(tool.result, "result", notes, items=items)
    event = SymbolicEvent(
        index=0, kind="call", site="", choice=0, instance=0, step=None, tool=tool.symbol, subject=tool.symbol,
        arguments=arguments, guard=b.TRUE, returned=b.TRUE, taints={}, result=result, actors=(actor,), certain=True,
        lanes=(), span=tool.span,
    )  # fmt: skip
    facts = {
        ("register", name): _unseen(name, register.type, notes)
        for name, register in program.registers.items()
    }
    return AnyCall(program, tool, actor, event, b.and_(*valid), Matcher(program, notes), facts)


def _unseen(name: str, type_: Type, notes: Notes) -> SymbolicValue:
    return build_shape(type_, lambda path, sort: notes.fresh(f"{name}{path}", sort))


def plain_grant(grant: core.Grant) -> bool:
    """Whether the grant speaks of the arguments of the call alone."""
    return plain(grant.event, grant.condition)


def plain(pattern: core.EventPattern, condition: core.Expr | None) -> bool:
    """Whether pattern and condition speak of the arguments of a call alone."""
    return all(map(plain_choice, pattern.choices)) and (condition is None or plain_condition(condition))


def plain_choice(choice: core.EventChoice) -> bool:
    """Whether the choice compares arguments with constants only (or with other events, which is looked at elsewhere)."""
    compared = all(not isinstance(t, core.Compare) or plain_condition(t.value) for _, t in choice.tests)
    return choice.kind == "call" and compared and choice.result is None


def plain_condition(condition: core.Expr) -> bool:
    """Whether the condition is about the arguments and constants alone."""
    return not any(_open(e) for e in subexpressions(condition))


def _open(expression: core.Expr) -> bool:
    match expression:
        case core.Known() | core.LastEvent() | core.EarlierEvent():
            return True
        case core.Variable(kind=kind):
            return kind in ("register", "now", "result", "binder", "bound")
        case _:
            return False
