"""Event patterns over views: which events they match at which moment, and what they bind.

As the judged event a call is the attempt; as evidence it is the call that returned. A denied call is only `deny`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from wfcheck.checker.conditions import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    has_unknown,
    holds,
)
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.meanings import EvaluationError, equal, kind_of
from wfcheck.dsl.operators import OPERATORS

Moment: TypeAlias = Literal["judged", "done"]
Bindings: TypeAlias = Mapping[str, Known]
EMPTY: Final[Bindings] = {}
_TOOL_KINDS = frozenset({"call", "read", "emit", "write"})


@attrs.frozen
class Match:
    """`truth`, and what the binders of the pattern stand for if it is not false."""

    truth: Truth
    bindings: Bindings = EMPTY


NO: Final = Match(False)


def conjunction(left: Truth, right: Truth) -> Truth:
    """Kleene's and."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else UNKNOWN


def key_of(value: Known) -> Hashable:
    """Equal keys for equal values and only for those. Kinds are kept apart: true is not 1."""
    if value is UNKNOWN:
        return ("unknown",)
    return _key(value)


def _key(value: Value) -> Hashable:
    if isinstance(value, tuple):
        return ("list", tuple(_key(v) for v in value))
    if isinstance(value, dict):
        return ("map", frozenset((name, _key(v)) for name, v in value.items()))
    return (kind_of(value), value)


def same_value(left: Known, right: Known) -> Truth:
    """Equality, unknown where a part is unknown or the kinds differ."""
    if left is UNKNOWN or right is UNKNOWN or has_unknown(left) or has_unknown(right):
        return UNKNOWN
    try:
        return equal(left, right)
    except EvaluationError:
        return UNKNOWN


def same_call(evidence: View, judged: View) -> Truth:
    """Whether both name one tool with the same arguments by name."""
    if evidence.name != judged.name:
        return False if evidence.name and judged.name else UNKNOWN
    truth: Truth = True
    for name in sorted(evidence.arguments.keys() | judged.arguments.keys()):
        left, right = evidence.arguments.get(name), judged.arguments.get(name)
        if name not in evidence.arguments or name not in judged.arguments:
            return False if _complete(evidence) and _complete(judged) else UNKNOWN
        truth = conjunction(truth, same_value(left, right))
        if truth is False:
            return False
    return truth


def _complete(view: View) -> bool:
    shown = view.event.args_requested is not None or view.event.args_executed is not None
    return shown or view.call is not None


@attrs.frozen
class Pattern:
    """A compiled event pattern at one moment."""

    choices: tuple[Choice, ...]

    def match(
        self,
        view: View,
        other: View | None = None,
        bindings: Bindings = EMPTY,
        history: History | None = None,
    ) -> Match:
        """The first choice that matches for sure, else one that may match, else none."""
        best = NO
        for choice in self.choices:
            if view.kind in choice.kinds:
                found = choice.match(view, other, bindings, history)
                if found.truth is True:
                    return found
                best = found if best.truth is False else best
        return best

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events it can match."""
        return frozenset().union(*(choice.kinds for choice in self.choices))


@attrs.frozen
class Choice:
    """One compiled choice. `subject` answers whether the event is about the right tool, store, principal."""

    kinds: frozenset[str]
    subject: Callable[[View], Truth]
    by: str | None
    tests: tuple[tuple[str | None, Test], ...]  # None: of the result
    bound: bool  # the call's tool and arguments must be the other's

    def match(self, view: View, other: View | None, bindings: Bindings, history: History | None) -> Match:
        truth = conjunction(self.subject(view), _acts(view, self.by))
        if truth is False:
            return NO
        if self.bound and other is not None and other.kind == "call":
            truth = conjunction(truth, same_call(view, other))
        names = dict(bindings)
        for name, test in self.tests:
            if truth is False:
                return NO
            value = view.result if name is None else view.arguments.get(name, UNKNOWN)
            truth = conjunction(truth, test(name or "result", value, other, names, history))
        return NO if truth is False else Match(truth, names)


Test: TypeAlias = Callable[["str", Known, "View | None", "dict[str, Known]", "History | None"], Truth]


def _acts(view: View, by: str | None) -> Truth:
    if by is None:
        return True
    return UNKNOWN if view.actor is None else view.actor == by


def compile_pattern(
    pattern: core.EventPattern, program: core.Program, tables: Tables, moment: Moment
) -> Pattern:
    """The matcher of a pattern at a moment."""
    return Pattern(tuple(_choice(choice, program, tables, moment) for choice in pattern.choices))


def _choice(choice: core.EventChoice, program: core.Program, tables: Tables, moment: Moment) -> Choice:
    kinds, subject = _about(choice, program, tables, moment)
    tests: list[tuple[str | None, Test]] = [
        (name, _test(test, tables)) for name, test in choice.tests if not _is_call(test)
    ]
    if choice.result is not None:
        tests.append((None, _test(choice.result, tables)))
    bound = choice.kind == "approve" or any(_is_call(test) for _, test in choice.tests)
    return Choice(kinds, subject, choice.by, tuple(tests), bound)


def _is_call(test: core.ArgumentTest) -> bool:
    return isinstance(test, core.SameCall)


def _about(
    choice: core.EventChoice, program: core.Program, tables: Tables, moment: Moment
) -> tuple[frozenset[str], Callable[[View], Truth]]:
    attempt = frozenset({"call" if moment == "judged" else "result"})
    subjects = choice.subjects
    match choice.kind:
        case "call":
            return attempt, lambda view: not subjects or view.name in subjects
        case "read":
            return attempt, lambda view: _tool_truth(view, lambda tool: _reads(tool, subjects))
        case "write":
            return attempt | {"remember"}, lambda view: _writes(view, subjects)
        case "emit":
            conditions = _emission_conditions(program, tables)
            return attempt, lambda view: _emits(view, subjects, conditions)
        case "approve" | "deny" | "fail":
            return frozenset({choice.kind}), lambda view: not subjects or view.name in subjects
        case "remember" | "recall":
            return frozenset({choice.kind}), lambda view: not subjects or view.event.store in subjects
        case "message":
            return frozenset({"message"}), lambda view: _message(view, subjects, choice.to)
        case "input":
            return frozenset({"input"}), lambda view: not subjects or (view.actor or "user") in subjects
        case "release":
            return frozenset({"release"}), lambda view: not subjects or view.event.step in subjects
        case "step":
            return _STEPS, lambda view: not subjects or view.event.step in subjects
        case _:
            return frozenset({choice.kind}), lambda view: not subjects or view.event.step in subjects


_STEPS = frozenset({"step", "llm", "result", "ask", "recall", "release"})


def _tool_truth(view: View, holds_of: Callable[[core.Tool], bool]) -> Truth:
    return UNKNOWN if view.tool is None else holds_of(view.tool)


def _reads(tool: core.Tool, tags: frozenset[str]) -> bool:
    return any(not tags or clause.tags & tags for clause in tool.returns)


def _writes(view: View, stores: frozenset[str]) -> Truth:
    if view.kind == "remember":
        return not stores or view.event.store in stores
    return _tool_truth(view, lambda tool: bool(tool.writes & stores if stores else tool.writes))


def _message(view: View, senders: frozenset[str], receivers: frozenset[str]) -> Truth:
    return (not senders or view.actor in senders) and (not receivers or view.event.to in receivers)


def _emission_conditions(program: core.Program, tables: Tables) -> Mapping[tuple[str, int], Code]:
    return {
        (tool.symbol, number): compile_expression(emission.condition, tables)
        for tool in program.tools.values()
        for number, emission in enumerate(tool.emits)
        if emission.condition is not None
    }


def _emits(view: View, channels: frozenset[str], conditions: Mapping[tuple[str, int], Code]) -> Truth:
    if view.tool is None:
        return UNKNOWN
    truth: Truth = False
    for number, emission in enumerate(view.tool.emits):
        if channels and emission.channel not in channels:
            continue
        code = conditions.get((view.tool.symbol, number))
        found = True if code is None else holds(code, Frame(view.arguments))
        if found is True:
            return True
        truth = truth if found is False else UNKNOWN
    return truth


def _test(test: core.ArgumentTest, tables: Tables) -> Test:
    match test:
        case core.Compare(op=op, value=value):
            return _compare(op, compile_expression(value, tables))
        case core.Same():
            return lambda name, value, other, _names, _history: (
                UNKNOWN if other is None else same_value(value, other.arguments.get(name, UNKNOWN))
            )
        case core.Bind(name=binder):
            return _bind(binder)
        case core.SameCall():
            return lambda *_: True


def _compare(op: str, constant: Code) -> Test:
    meaning = OPERATORS[op].meaning

    def run(
        _name: str, value: Known, _other: View | None, names: dict[str, Known], history: History | None
    ) -> Truth:
        try:
            wanted = constant(Frame({}, bound=names, history=history))
            if value is UNKNOWN or wanted is UNKNOWN or has_unknown(value):
                return UNKNOWN
            result = meaning(value, wanted)
        except EvaluationError:
            return UNKNOWN
        return result if isinstance(result, bool) else UNKNOWN

    return run


def _bind(binder: str) -> Test:
    def run(
        _name: str, value: Known, _other: View | None, names: dict[str, Known], _history: History | None
    ) -> Truth:
        if binder in names:
            return same_value(value, names[binder])
        names[binder] = value
        return True

    return run
