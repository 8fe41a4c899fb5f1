"""What a moment is: its arguments, its result, and the kinds of events that patterns name."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.encoding.encode import Environment, condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.product.monitors.moments import Moment, named_kind
from wfcheck.checker.rules.symbolic_match import NO, OPEN, YES, Truth, both, either, fact
from wfcheck.checker.symbolic.value import NONE, Leaf, SymbolicValue
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort

Bound = Mapping[tuple[str, str], SymbolicValue]


@attrs.frozen
class Kinds:
    """Conditions over moments. Every use makes fresh symbols for what no term can say. `given`: the tags that parameters of the
    workflow may carry (None: any)."""

    program: core.Program
    notes: Notes
    given: frozenset[str] | None = None

    def arguments(self, moment: Moment) -> dict[tuple[str, str], SymbolicValue]:
        """The arguments by name; optional ones that were left out are absent. What is said is known if it is a text."""
        tool = self.program.tools.get(moment.event.tool or "")
        found: dict[tuple[str, str], SymbolicValue] = {
            ("argument", name): value
            for name, value in moment.event.arguments.items()
            if tool is not None or name != "text" or _is_text(value)
        }
        for parameter in () if tool is None else tool.parameters:
            found.setdefault(("argument", parameter.name), NONE)
        return found

    def environment(self, moment: Moment, binders: Bound) -> dict[tuple[str, str], SymbolicValue]:
        """What a condition about the event may name, registers apart. A failure has no result."""
        result = moment.event.result
        shown: Environment = {} if result is None or moment.kind == "fail" else {("result", "result"): result}
        return {**self.arguments(moment), **shown, **binders}

    def holds(self, expression: core.Expr | None, moment: Moment, env: Environment) -> Truth:
        """A condition about the event. An attempt that did not return has no result."""
        found = condition(expression, env, self.notes)
        return self._if_returned(Truth(found.certain, found.possible), expression, moment)

    def _if_returned(self, truth: Truth, expression: core.Expr | None, moment: Moment) -> Truth:
        if moment.kind != "call" or expression is None or not reads_result(expression):
            return truth
        returned = moment.event.returned
        return Truth(b.and_(returned, truth.sure), b.or_(b.not_(returned), truth.maybe))

    def subject(self, choice: core.EventChoice, moment: Moment, evidence: bool) -> Truth:
        """It is of the kind, and about what the choice names."""
        wanted, kind, event = choice.subjects, moment.kind, moment.event
        match choice.kind:
            case "call":
                return fact(kind == named_kind(choice, evidence) and _named(wanted, event.tool))
            case "fail" | "approve" | "deny":
                return fact(kind == choice.kind and _named(wanted, event.tool))
            case "write":
                return self._writes(wanted, moment, named_kind(choice, evidence))
            case "emit":
                return self._emits(wanted, moment) if kind == named_kind(choice, evidence) else NO
            case "read":
                return self._reads(wanted, moment, named_kind(choice, evidence))
            case "input":
                sender = _may_be(wanted, event.subject and event.actor)
                return both(fact(kind == "input"), sender)
            case "message":
                sent, received = fact(_named(wanted, event.actor)), _may_be(choice.to, event.subject)
                return both(fact(kind == "message"), sent, received)
            case "step":
                return _stepped(wanted, moment)
            case "say" | "ask":
                return both(fact(kind == choice.kind), OPEN if wanted else YES)
            case _:
                return both(fact(kind == choice.kind), _may_be(wanted, event.subject))

    def _writes(self, stores: frozenset[str], moment: Moment, called: str) -> Truth:
        if moment.kind == "remember":
            return _may_be(stores, moment.event.subject)
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None or moment.kind != called:
            return NO
        return fact(bool(tool.writes & stores if stores else tool.writes))

    def _emits(self, channels: frozenset[str], moment: Moment) -> Truth:
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None:
            return NO
        env = self.environment(moment, {})
        chosen = [e for e in tool.emits if not channels or e.channel in channels]
        return either(self.holds(e.condition, moment, env) for e in chosen)

    def _reads(self, tags: frozenset[str], moment: Moment, called: str) -> Truth:
        """What an input or a recalled value carries is not known here, but for parameters."""
        if moment.kind == "input" and not moment.event.site and self.given is not None:
            return OPEN if tags & self.given or (not tags and self.given) else NO
        if moment.kind in ("input", "recall"):
            return OPEN
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None or moment.kind != called:
            return NO
        env = self.environment(moment, {})
        chosen = [r for r in tool.returns if not tags or r.tags & tags]
        return either(self.holds(r.condition, moment, env) for r in chosen)

    def by(self, choice: core.EventChoice, moment: Moment) -> Truth:
        """Who the choice names acts."""
        if choice.by is None:
            return YES
        if moment.kind == "input" and moment.event.subject is None:
            return OPEN
        return fact(choice.by == moment.event.actor)


def _is_text(value: SymbolicValue) -> bool:
    return isinstance(value, Leaf) and value.term.sort is Sort.TEXT


def reads_result(expression: core.Expr) -> bool:
    """Whether it speaks of the result of the call."""
    return any(isinstance(e, core.Variable) and e.kind == "result" for e in subexpressions(expression))


def _stepped(wanted: frozenset[str], moment: Moment) -> Truth:
    """Steps are called after their models, agents, releases or variables."""
    event = moment.event
    match moment.kind:
        case "step" | "llm" | "release":
            return fact(_named(wanted, event.subject))
        case "result":
            return fact(_named(wanted, event.step))
        case "ask" | "recall":
            return YES if not wanted else OPEN if event.step in wanted else NO
        case _:
            return NO


def _named(wanted: frozenset[str], name: str | None) -> bool:
    return not wanted or name in wanted


def _may_be(wanted: frozenset[str], name: str | None) -> Truth:
    """A name that is not known may be any."""
    return OPEN if wanted and name is None else fact(_named(wanted, name))
