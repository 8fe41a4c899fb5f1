"""Event patterns over views: which events they match at which moment, and what they bind.

As the judged event a call is the attempt; as evidence it is the call that returned. A denied call is only `deny`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    has_unknown,
)
from wfcheck.checker.replay.subjects import Moment, Static, about, static_of
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.values.meanings import EvaluationError, equal, kind_of
from wfcheck.dsl.values.operators import OPERATORS

Bindings: TypeAlias = Mapping[str, Known]
EMPTY: Final[Bindings] = {}
TABLE: Final = 10_000
_NAMED = frozenset({"call", "approve", "deny", "fail"})


@attrs.frozen
class Match:
    """`truth`, and what the binders of the pattern stand for if it is not false."""

    truth: Truth
    bindings: Bindings = EMPTY


NO: Final = Match(False)
_BARE: Final = frozenset({str, int, Fraction})


def key_of(value: Known) -> Hashable:
    """Equal keys for equal values and only for those. Kinds are kept apart: true is not 1."""
    if value is UNKNOWN:
        return ("unknown",)
    return _key(value)


def _key(value: Value) -> Hashable:
    if type(value) in _BARE:
        return value  # type: ignore[return-value]
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
    if evidence.name != judged.name or not judged.name:
        return False
    truth: Truth = True
    for name in sorted(evidence.arguments.keys() | judged.arguments.keys()):
        left, right = evidence.arguments.get(name), judged.arguments.get(name)
        if name not in evidence.arguments or name not in judged.arguments:
            return False if complete(evidence) and complete(judged) else UNKNOWN
        truth = conjunction(truth, same_value(left, right))
        if truth is False:
            return False
    return truth


def complete(view: View) -> bool:
    """Whether all arguments of the call were recorded."""
    shown = view.event.args_requested is not None or view.event.args_executed is not None
    return shown or view.call is not None


@attrs.frozen
class Pattern:
    """A compiled event pattern at one moment. `kinds`: the kinds of events it can match."""

    choices: tuple[Choice, ...]
    kinds: frozenset[str]
    known: dict[tuple[str, str], bool] = attrs.field(factory=dict, eq=False, repr=False)

    def settled_of(self, view: View) -> bool:
        """Whether the only choice matches every event that is so, whatever its arguments."""
        key = (view.kind, view.name)
        found = self.known.get(key)
        if found is None:
            found = len(self.choices) == 1 and self.settled(*key, view.tool) is True
            if len(self.known) < TABLE:
                self.known[key] = found
        return found

    def match(
        self,
        view: View,
        other: View | None = None,
        bindings: Bindings = EMPTY,
        history: History | None = None,
    ) -> Match:
        """The first choice that matches for sure, else one that may match, else none."""
        found = self.matches(view, other, bindings, history)
        return next((m for m in found if m.truth is True), found[0] if found else NO)

    def concerns(self, kind: str, name: str) -> bool:
        """Whether an event of the kind, about the tool of that name, may match at all."""
        return any(kind in c.kinds and (c.names is None or name in c.names) for c in self.choices)

    def settled(self, kind: str, name: str, tool: core.Tool | None) -> Truth | None:
        """Whether every event of the kind about the tool of that name matches; None where it depends on the event."""
        truths = [c.settled(kind, name, tool) for c in self.choices if kind in c.kinds]
        if True in truths:
            return True
        return None if None in truths else UNKNOWN if UNKNOWN in truths else False

    def matches(
        self,
        view: View,
        other: View | None = None,
        bindings: Bindings = EMPTY,
        history: History | None = None,
    ) -> list[Match]:
        """One match for each choice that matches or may match."""
        tried = [c.match(view, other, bindings, history) for c in self.choices if view.kind in c.kinds]
        return [match for match in tried if match.truth is not False]


@attrs.frozen
class Choice:
    """One compiled choice. `subject` answers whether the event is about the right tool, store, principal."""

    kinds: frozenset[str]
    subject: Callable[[View], Truth]
    by: str | None
    tests: tuple[tuple[str | None, Test], ...]  # None: of the result
    bound: bool  # an approval: where the other is a call, it must be that very call
    args: bool  # the other must be that very call
    names: frozenset[str] | None = None  # the tools that it is about, where it is about tools by name
    behalf: bool = False  # `by` is also whoever the actor acts on behalf of
    static: Static | None = None  # what the kind, the name and the tool alone say of the subject

    def told(self, kind: str, name: str, tool: core.Tool | None) -> Truth | None:
        """Whether every event of the kind about the tool is about the right thing; None where it depends on the event."""
        return None if self.static is None or kind not in self.kinds else self.static(kind, name, tool)

    def settled(self, kind: str, name: str, tool: core.Tool | None) -> Truth | None:
        """As of the pattern."""
        told = self.told(kind, name, tool)
        plain = self.by is None and not self.tests and not self.args
        return told if plain or told is False else None

    def match(self, view: View, other: View | None, bindings: Bindings, history: History | None) -> Match:
        truth = conjunction(self.subject(view), _acts(view, self.by, self.behalf))
        if truth is False:
            return NO
        if self.args and other is None:
            truth = conjunction(truth, UNKNOWN)
        elif other is not None and (self.args or (self.bound and other.kind == "call")):
            truth = conjunction(truth, same_call(view, other))
        names = dict(bindings)
        for name, test in self.tests:
            if truth is False:
                return NO
            value = view.result if name is None else view.arguments.get(name, UNKNOWN)
            truth = conjunction(truth, test(name or "result", value, other, names, history))
        return NO if truth is False else Match(truth, names)


Test: TypeAlias = Callable[["str", Known, "View | None", "dict[str, Known]", "History | None"], Truth]


def _acts(view: View, by: str | None, behalf: bool) -> Truth:
    if by is None:
        return True
    actors = (view.actor, *view.on_behalf) if behalf else (view.actor,)
    return True if by in actors else UNKNOWN if None in actors else False


def compile_pattern(
    pattern: core.EventPattern,
    program: core.Program,
    tables: Tables,
    moment: Moment,
    *,
    binding: bool = False,
    behalf: bool = False,
) -> Pattern:
    """The matcher of a pattern at a moment. `binding`: approvals match only the very call that they approved. `behalf`: an act
    counts also as one of those on whose behalf it is done."""
    made = [_choice(choice, program, tables, moment, binding) for choice in pattern.choices]
    kinds: frozenset[str] = frozenset().union(*(choice.kinds for choice in made))
    return Pattern(tuple(attrs.evolve(choice, behalf=behalf) for choice in made), kinds)


def _choice(
    choice: core.EventChoice, program: core.Program, tables: Tables, moment: Moment, binding: bool
) -> Choice:
    kinds, subject = about(choice, program, tables, moment)
    tests: list[tuple[str | None, Test]] = [
        (name, _test(test, tables)) for name, test in choice.tests if not _is_call(test)
    ]
    if choice.result is not None:
        tests.append((None, _test(choice.result, tables)))
    args = any(_is_call(test) for _, test in choice.tests)
    named = choice.subjects if choice.kind in _NAMED and choice.subjects else None
    bound = binding and choice.kind == "approve"
    return Choice(kinds, subject, choice.by, tuple(tests), bound, args, named, static=static_of(choice))


def _is_call(test: core.ArgumentTest) -> bool:
    return isinstance(test, core.SameCall)


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
