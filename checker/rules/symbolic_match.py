"""Whether a symbolic event matches a pattern: for sure, and perhaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.checker.encoding.encode import Environment, condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import NONE, SymbolicValue, equal
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

JUDGED = frozenset(
    {"call", "emit", "write", "say", "ask", "llm", "message", "release", "remember", "recall", "approve"}
)
"""Kinds of events whose every occurrence a symbolic execution shows."""


@attrs.frozen
class Truth:
    """`sure`: it is true. `maybe`: it is not false. `sure` implies `maybe`."""

    sure: Term
    maybe: Term


YES = Truth(b.TRUE, b.TRUE)
NO = Truth(b.FALSE, b.FALSE)
OPEN = Truth(b.FALSE, b.TRUE)


def both(*parts: Truth) -> Truth:
    """Conjunction."""
    return Truth(b.and_(*(p.sure for p in parts)), b.and_(*(p.maybe for p in parts)))


def either(parts: Iterable[Truth]) -> Truth:
    """Disjunction."""
    known = tuple(parts)
    return Truth(b.or_(*(p.sure for p in known)), b.or_(*(p.maybe for p in known)))


def negated(truth: Truth) -> Truth:
    """Negation."""
    return Truth(b.not_(truth.maybe), b.not_(truth.sure))


def fact(flag: bool) -> Truth:
    """A plain truth value."""
    return YES if flag else NO


@attrs.frozen
class Match:
    """What a pattern says of an event, and what its binders stand for."""

    truth: Truth
    binders: Environment


@attrs.frozen
class Matcher:
    """Matches over the events of one execution. Every call makes fresh symbols for what no term can say."""

    program: core.Program
    notes: Notes

    def holds(self, expression: core.Expr | None, event: SymbolicEvent, binders: Environment) -> Truth:
        """A condition about an event: over its arguments and the binders."""
        found = condition(expression, {**self.arguments(event), **binders}, self.notes)
        return Truth(found.certain, found.possible)

    def arguments(self, event: SymbolicEvent) -> dict[tuple[str, str], SymbolicValue]:
        """The arguments by name; optional ones that were left out are absent."""
        given: dict[tuple[str, str], SymbolicValue] = {("argument", n): v for n, v in event.arguments.items()}
        tool = self.program.tools.get(event.tool or "")
        for parameter in () if tool is None else tool.parameters:
            given.setdefault(("argument", parameter.name), NONE)
        return given

    def matches(
        self,
        pattern: core.EventPattern,
        event: SymbolicEvent,
        *,
        evidence: bool,
        other: SymbolicEvent | None = None,
        binders: Mapping[tuple[str, str], SymbolicValue] | None = None,
        binding: bool = False,
    ) -> list[Match]:
        """One match per choice that is not ruled out at once. `binding`: an approval matches only the same tool with the same
        arguments."""
        found = [self._choice(c, event, evidence, other, binders or {}, binding) for c in pattern.choices]
        return [m for m in found if m.truth.maybe is not b.FALSE]

    def any_match(
        self,
        pattern: core.EventPattern,
        event: SymbolicEvent,
        *,
        evidence: bool,
        other: SymbolicEvent | None = None,
        binders: Environment | None = None,
        binding: bool = False,
    ) -> Truth:
        """Whether any choice matches."""
        found = self.matches(pattern, event, evidence=evidence, other=other, binders=binders, binding=binding)
        return either(m.truth for m in found)

    def _choice(
        self,
        choice: core.EventChoice,
        event: SymbolicEvent,
        evidence: bool,
        other: SymbolicEvent | None,
        binders: Environment,
        binding: bool,
    ) -> Match:
        if choice.kind in ("call", "fail") and not _is_call(choice, event):
            return Match(NO, dict(binders))
        parts = [self._kind(choice, event, evidence), fact(choice.by in (None, event.actor))]
        if binding and choice.kind == "approve" and other is not None and other.kind == "call":
            parts.append(self.same_call(event, other))
        bound = dict(binders)
        if parts[0].maybe is b.FALSE:
            return Match(NO, bound)
        for name, test in choice.tests:
            parts.append(self._test(test, name, event, other, bound))
        if choice.result is not None:
            parts.append(self._result(choice.result, event, bound) if evidence else OPEN)
        return Match(both(*parts), bound)

    def _kind(self, choice: core.EventChoice, event: SymbolicEvent, evidence: bool) -> Truth:
        wanted = choice.subjects
        happened = event.returned if evidence and event.kind == "call" else event.guard
        there = Truth(happened, happened)
        match choice.kind:
            case "call":
                return both(there, fact(_is_call(choice, event)))
            case "fail":
                return both(Truth(event.failed, event.failed), fact(_is_call(choice, event)))
            case "approve" | "deny":
                return both(there, fact(event.kind == choice.kind and _named(wanted, event.tool)))
            case "emit":
                return both(there, self._emits(wanted, event))
            case "write":
                unknown = event.kind == "remember" and event.subject is None and bool(wanted)
                return both(there, fact(self._writes(wanted, event)), OPEN if unknown else YES)
            case "message":
                unknown = event.subject is None and bool(choice.to)
                received = not choice.to or unknown or event.subject in choice.to
                sent = not wanted or event.actor in wanted
                known = fact(event.kind == "message" and sent and received)
                return both(there, known, OPEN if unknown else YES)
            case "llm" | "release" | "remember" | "recall" | "say" | "ask":
                unknown = event.subject is None and bool(wanted)
                named = choice.kind in ("say", "ask") or unknown or _named(wanted, event.subject)
                return both(there, fact(event.kind == choice.kind and named), OPEN if unknown else YES)
            case _:
                return OPEN

    def _emits(self, channels: frozenset[str], event: SymbolicEvent) -> Truth:
        tool = self.program.tools.get(event.tool or "") if event.kind == "call" else None
        if tool is None:
            return NO
        chosen = [e for e in tool.emits if not channels or e.channel in channels]
        return either(self.holds(e.condition, event, {}) for e in chosen)

    def _writes(self, stores: frozenset[str], event: SymbolicEvent) -> bool:
        if event.kind == "remember":
            return not stores or event.subject is None or event.subject in stores
        tool = self.program.tools.get(event.tool or "") if event.kind == "call" else None
        return tool is not None and bool(tool.writes & stores if stores else tool.writes)

    # ------------------------------------------------------------ arguments

    def _test(
        self,
        test: core.ArgumentTest,
        name: str,
        event: SymbolicEvent,
        other: SymbolicEvent | None,
        bound: dict[tuple[str, str], SymbolicValue],
    ) -> Truth:
        if isinstance(test, core.SameCall):
            return OPEN if other is None else self.same_call(event, other)
        value = self.arguments(event).get(("argument", name))
        if value is None:
            return OPEN
        match test:
            case core.Compare(op=op, value=constant):
                return self._compare(op, value, self._type(event, name), constant, bound)
            case core.Same():
                theirs = None if other is None else self.arguments(other).get(("argument", name))
                return OPEN if theirs is None else _same(value, theirs)
            case core.Bind(name=binder):
                if ("binder", binder) in bound:
                    return _same(value, bound["binder", binder])
                bound["binder", binder] = bound["bound", binder] = value
                return YES

    def _compare(
        self, op: str, value: SymbolicValue, type_: types.Type, constant: core.Expr, bound: Environment
    ) -> Truth:
        span = constant.span
        subject = core.Variable("tested", "argument", type_, span=span)
        test = core.Apply(op, (subject, constant), types.BOOL, span=span)
        found = condition(test, {**bound, ("argument", "tested"): value}, self.notes)
        return Truth(found.certain, found.possible)

    def _result(
        self, test: core.ArgumentTest, event: SymbolicEvent, bound: dict[tuple[str, str], SymbolicValue]
    ) -> Truth:
        tool = self.program.tools.get(event.tool or "")
        if event.result is None or tool is None:
            return OPEN
        match test:
            case core.Compare(op=op, value=constant):
                return self._compare(op, event.result, tool.result, constant, bound)
            case core.Bind(name=binder):
                if ("binder", binder) in bound:
                    return _same(event.result, bound["binder", binder])
                bound["binder", binder] = bound["bound", binder] = event.result
                return YES
            case _:
                return OPEN

    def _type(self, event: SymbolicEvent, name: str) -> types.Type:
        tool = self.program.tools.get(event.tool or "")
        parameter = None if tool is None else tool.parameter(name)
        return types.TEXT if parameter is None else parameter.type

    def same_call(self, one: SymbolicEvent, other: SymbolicEvent) -> Truth:
        """The same tool with the same arguments by name."""
        if one.tool is None or one.tool != other.tool:
            return NO
        left, right = self.arguments(one), self.arguments(other)
        names = [p.name for p in self.program.tools[one.tool].parameters]
        pairs = [(left["argument", n], right["argument", n]) for n in names]
        return both(*(_same(mine, theirs) for mine, theirs in pairs))


def _same(left: SymbolicValue, right: SymbolicValue) -> Truth:
    term = equal(left, right)
    return Truth(term, term)


def _is_call(choice: core.EventChoice, event: SymbolicEvent) -> bool:
    return event.kind == "call" and _named(choice.subjects, event.tool)


def _named(wanted: frozenset[str], name: str | None) -> bool:
    return not wanted or name in wanted
