"""Which events match a pattern, for sure or perhaps, and what the pattern's binders then stand for.

As the judged event a call is the attempt; as evidence it is the call that returned. A denied call is only `deny`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.reference.evaluate import Environment, Names, Truth, evaluate, judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.truths import any_of, both
from wfcheck.checker.reference.values import (
    NOTHING,
    Atom,
    Labelled,
    Record,
    Unknown,
    build,
    plain,
    unknown_part,
)
from wfcheck.dsl import core
from wfcheck.dsl.values.operators import OPERATORS, EvaluationError

Binders: TypeAlias = Mapping[str, Labelled]
_STEPS = ("step", "llm", "result", "ask", "recall", "release")


@attrs.frozen
class Match:
    """`truth` is not false."""

    truth: Truth
    binders: Binders


@attrs.frozen
class Matcher:
    """Matches patterns over one log. `registers` gives their values before an event; `per_session`: what history is."""

    log: Log
    per_session: bool
    registers: Mapping[int, Names] = attrs.field(factory=dict)

    def matches(
        self,
        pattern: core.EventPattern,
        index: int,
        *,
        evidence: bool,
        other: int | None = None,
        binders: Binders | None = None,
        binding: bool = False,
    ) -> list[Match]:
        """One match for each choice that the event matches or may match. `other`: the judged event, for `same` and `args`.
        `binding`: an approval matches only the same tool with the same arguments by name."""
        found = []
        for choice in pattern.choices:
            match = self._choice(choice, index, evidence, other, binders or {})
            if (
                binding
                and choice.kind == "approve"
                and other is not None
                and self.log.events[other].kind == "call"
            ):
                match = Match(both(match.truth, self.same_call(index, other)), match.binders)
            found.append(match)
        return [match for match in found if match.truth is not False]

    def holds(
        self,
        pattern: core.EventPattern,
        index: int,
        *,
        evidence: bool = True,
        other: int | None = None,
        binders: Binders | None = None,
        binding: bool = False,
    ) -> Truth:
        """Whether the event matches at all."""
        found = self.matches(pattern, index, evidence=evidence, other=other, binders=binders, binding=binding)
        return any_of(match.truth for match in found)

    def environment(self, index: int, binders: Binders) -> Environment:
        """What a condition about the event may name."""
        names: dict[tuple[str, str], Labelled] = {
            ("argument", name): value for name, value in self.log.arguments(index).items()
        }
        names["result", "result"] = self.log.result(index)
        moment = self.log.moment(index)
        names["now", "now"] = Atom(Unknown("there is no clock") if moment is None else moment, NOTHING)
        for name, value in binders.items():
            names["binder", name] = names["bound", name] = value
        history = Past(self, index)
        return Environment({**names, **self.registers.get(index, {})}, self.log.program.tables, history)

    def _choice(
        self, choice: core.EventChoice, index: int, evidence: bool, other: int | None, binders: Binders
    ) -> Match:
        truth = both(self._subject(choice, index, evidence), self._by(choice, index))
        bound = dict(binders)
        tests: list[tuple[Labelled, str, core.ArgumentTest]] = []
        for name, test in choice.tests:
            if not isinstance(test, core.SameCall):
                tests.append((self._argument(index, name), name, test))
        if choice.result is not None:
            tests.append((self.log.result(index), "result", choice.result))
        if any(isinstance(t, core.SameCall) for _, t in choice.tests):
            truth = both(
                truth, Unknown("no call to compare with") if other is None else self.same_call(index, other)
            )
        for value, name, test in tests:
            if truth is False:
                break
            truth = both(truth, self._test(test, value, name, other, bound))
        return Match(truth, bound)

    # ------------------------------------------------------------ what the event is

    def _subject(self, choice: core.EventChoice, index: int, evidence: bool) -> Truth:
        event, wanted = self.log.events[index], choice.subjects
        match choice.kind:
            case "call":
                return event.kind == _call(evidence) and _named(wanted, self.log.tool_name(index))
            case "fail" | "approve" | "deny":
                return event.kind == choice.kind and _named(wanted, self.log.tool_name(index))
            case "remember" | "recall":
                return event.kind == choice.kind and _named(wanted, event.store)
            case "write":
                if event.kind == "remember":
                    return _named(wanted, event.store)
                return event.kind == _call(evidence) and self._writes(wanted, index)
            case "emit":
                return event.kind == _call(evidence) and self._emits(wanted, index)
            case "read":
                return self._reads(wanted, index, evidence)
            case "input":
                return event.kind == "input" and (not wanted or _known(event.actor, wanted))
            case "message":
                received = not choice.to or _known(event.to, choice.to)
                sent = not wanted or _known(event.actor, wanted)
                return event.kind == "message" and both(sent, received)
            case "step":
                return event.kind in _STEPS and _named(wanted, event.step)
            case "end":
                return event.kind == "end" and event.error is None
            case _:
                return event.kind == choice.kind and _named(wanted, event.step)

    def _writes(self, stores: frozenset[str], index: int) -> Truth:
        tool = self.log.tool(index)
        if tool is None:
            return Unknown("the tool is not declared")
        return bool(tool.writes & stores if stores else tool.writes)

    def _emits(self, channels: frozenset[str], index: int) -> Truth:
        """Some emission to one of the channels whose `when` holds."""
        tool = self.log.tool(index)
        if tool is None:
            return Unknown("the tool is not declared")
        env = self.environment(index, {})
        chosen = (e for e in tool.emits if not channels or e.channel in channels)
        return any_of(judged(emission.condition, env) for emission in chosen)

    def _reads(self, tags: frozenset[str], index: int, evidence: bool) -> Truth:
        """A call of a tool whose declared result carries one of the tags; as evidence also an input or a recalled value that
        carries one, as far as its labels are recorded."""
        event = self.log.events[index]
        if event.kind in ("input", "recall"):
            return self._carries(tags, index)
        if event.kind != _call(evidence):
            return False
        tool = self.log.tool(index)
        if tool is None:
            return Unknown("the tool is not declared")
        env = self.environment(index, {})
        chosen = (r for r in tool.returns if not tags or r.tags & tags)
        return any_of(judged(returned.condition, env) for returned in chosen)

    def _carries(self, tags: frozenset[str], index: int) -> Truth:
        event = self.log.events[index]
        if event.labels is not None:
            return bool(tags & set(event.labels)) if tags else bool(event.labels)
        if event.kind == "input":
            return (event.actor or "user") in tags
        return Unknown("the labels of what was recalled are not recorded")

    def _by(self, choice: core.EventChoice, index: int) -> Truth:
        return True if choice.by is None else _known(self.log.actor(index), frozenset({choice.by}))

    # ------------------------------------------------------------ its arguments

    def _argument(self, index: int, name: str) -> Labelled:
        found = self.log.arguments(index).get(name)
        return Atom(Unknown(f"there is no argument `{name}`"), NOTHING) if found is None else found

    def _test(
        self,
        test: core.ArgumentTest,
        value: Labelled,
        name: str,
        other: int | None,
        bound: dict[str, Labelled],
    ) -> Truth:
        match test:
            case core.Compare(op=op, value=expr):
                return _compare(op, value, expr, self._constants(bound))
            case core.Same():
                return (
                    Unknown("no event to compare with")
                    if other is None
                    else equal(value, self._argument(other, name))
                )
            case core.Bind(name=binder):
                if binder in bound:
                    return equal(value, bound[binder])
                bound[binder] = value
                return True
            case core.SameCall():
                raise AssertionError("it is compared as a whole call")

    def _constants(self, bound: Binders) -> Environment:
        names = {(kind, n): v for n, v in bound.items() for kind in ("binder", "bound")}
        return Environment(names, self.log.program.tables)

    def same_call(self, one: int, other: int) -> Truth:
        """The same tool with the same arguments by name."""
        if self.log.events[other].kind not in ("call", "result", "fail", "deny", "approve"):
            return False
        names = self.log.tool_name(one), self.log.tool_name(other)
        if names[0] != names[1] or None in names:
            return False
        left, right = self.log.arguments(one), self.log.arguments(other)
        if left.keys() != right.keys():
            return False
        return both(*(equal(left[name], right[name]) for name in left))


def _call(evidence: bool) -> str:
    return "result" if evidence else "call"


def _named(wanted: frozenset[str], name: str | None) -> bool:
    return not wanted or name in wanted


def _known(name: str | None, wanted: frozenset[str]) -> Truth:
    return Unknown("it is not recorded who acted") if name is None else name in wanted


def equal(left: Labelled, right: Labelled) -> Truth:
    """Equality of values; unknown where a part is, and between kinds that cannot be compared."""
    for side in (left, right):
        if (unknown := unknown_part(side)) is not None:
            return unknown
    return _apply("==", left, right)


def _compare(op: str, value: Labelled, expr: core.Expr, env: Environment) -> Truth:
    try:
        constant = evaluate(expr, env)
    except EvaluationError as error:
        return Unknown(str(error))
    for side in (value, constant):
        if (unknown := unknown_part(side)) is not None:
            return unknown
    return _apply(op, value, constant)


def _apply(op: str, left: Labelled, right: Labelled) -> Truth:
    try:
        result = OPERATORS[op].meaning(plain(left), plain(right))
    except EvaluationError as error:
        return Unknown(str(error))
    return result if isinstance(result, bool) else Unknown(f"`{op}` is no test")


@attrs.frozen
class Past:
    """The events before one, for `last(..)` and `any earlier ..`."""

    matcher: Matcher
    index: int

    def _matching(self, pattern: core.EventPattern) -> Iterator[tuple[int, Truth]]:
        for earlier in self.matcher.log.before(self.index, self.matcher.per_session):
            truth = self.matcher.holds(pattern, earlier)
            if truth is not False:
                yield earlier, truth

    def last(self, pattern: core.EventPattern) -> Labelled:
        """The latest that matches; unknown when there is none, or when a later one may match."""
        found = list(self._matching(pattern))
        if not found:
            return Atom(Unknown("there was no such event"), NOTHING)
        index, truth = found[-1]
        return Atom(truth, NOTHING) if isinstance(truth, Unknown) else self._record(index)

    def _record(self, index: int) -> Labelled:
        moment = self.matcher.log.moment(index)
        clock = Atom(Unknown("there is no clock") if moment is None else moment, NOTHING)
        text = self.matcher.log.events[index].text
        said = Atom(Unknown("the event has no text"), NOTHING) if text is None else build(text)
        parts = {"text": said, "time": clock, "result": self.matcher.log.result(index)}
        return Record({**parts, **self.matcher.log.arguments(index)}, NOTHING)

    def earlier(self, pattern: core.EventPattern) -> Iterator[tuple[Truth, Names]]:
        """Each event that may match, with its arguments, `text`, `time` and `result`."""
        for index, truth in self._matching(pattern):
            record = self._record(index)
            assert isinstance(record, Record)
            yield truth, {("bound", name): value for name, value in record.fields.items()}
