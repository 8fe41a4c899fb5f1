"""Whether every event of one pattern is one of another, decided by the solver where the patterns compare arguments with constants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import attrs

from wfcheck.checker.policy.calls import AnyCall, any_call, plain
from wfcheck.checker.rules.symbolic_match import both
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Term

USER = "user"
STRANGER = "\0somebody"
"""Acts where a pattern names nobody: no pattern names him."""
_DATA = (core.Same, core.SameCall, core.Bind)


@attrs.frozen
class Side:
    """A pattern with the `when` of its rule, in the program that declares it."""

    program: core.Program
    pattern: core.EventPattern
    condition: core.Expr | None = None


@attrs.frozen(slots=False)
class Comparer:
    """Questions with a bound on the seconds of each. `program`: declares what can be called."""

    program: core.Program
    seconds: float

    @cached_property
    def everyone(self) -> tuple[str, ...]:
        """All who may act."""
        return tuple(dict.fromkeys((*self.program.principals, USER)))

    def refuted(self, formula: Term) -> bool:
        """No values make the formula true, for sure."""
        return isinstance(solve(formula, (), solver.Limits(seconds=self.seconds)), solver.Unsat)

    def within(self, small: Side, large: Side, *, evidence: bool = False, sure: bool = False) -> bool:
        """Every event that may be of the first may be of the second (`sure`: is for sure, where it is of the first for sure)."""
        if small.condition == large.condition:
            small, large = attrs.evolve(small, condition=None), attrs.evolve(large, condition=None)
        if any(map(_binds, (small.condition, large.condition))):
            return False
        return all(self._covered(choice, small, large, evidence, sure) for choice in small.pattern.choices)

    def _covered(
        self, choice: core.EventChoice, small: Side, large: Side, evidence: bool, sure: bool
    ) -> bool:
        if any(_broader(other, choice) for other in large.pattern.choices) and large.condition is None:
            return True
        if choice.kind != "call":
            return False
        one = attrs.evolve(small, pattern=_alone(small.pattern, choice))
        rest = [o for o in large.pattern.choices if o.kind == "call" and data_tests(o) <= data_tests(choice)]
        if not _reach(choice, rest):
            return False
        many = attrs.evolve(large, pattern=attrs.evolve(large.pattern, choices=tuple(rest)))
        tools = [t for t in self.program.tools.values() if not choice.subjects or t.symbol in choice.subjects]
        return all(
            self._calls(any_call(self.program, t, choice.by or STRANGER), one, many, evidence, sure)
            for t in tools
        )

    def _calls(self, call: AnyCall, small: Side, large: Side, evidence: bool, sure: bool) -> bool:
        inside = truth_of(call, small, evidence=evidence, sure=sure and exact(small))
        outside = truth_of(call, large, evidence=evidence, sure=sure or not exact(large))
        return self.refuted(b.and_(call.valid, inside, b.not_(outside)))


def _reach(choice: core.EventChoice, rest: list[core.EventChoice]) -> bool:
    """Whether each tool of the choice is among those of the others."""
    if any(not other.subjects for other in rest):
        return True
    return bool(choice.subjects) and choice.subjects <= frozenset().union(*(other.subjects for other in rest))


def exact(side: Side) -> bool:
    """Whether terms say neither more nor less of the pattern than is so, up to conditions that err."""
    return plain(side.pattern, side.condition)


def truth_of(
    call: AnyCall, side: Side, who: str | None = None, *, evidence: bool = False, sure: bool = False
) -> Term:
    """The condition under which the call is an event of the pattern, leaving aside what compares it with other events."""
    there = call.seen_by(side.program)
    bare = attrs.evolve(side.pattern, choices=tuple(map(_without_data, side.pattern.choices)))
    found = [
        both(m.truth, there.holds(side.condition, m.binders))
        for m in there.matches(bare, who, evidence=evidence)
    ]
    return b.or_(*(t.sure if sure else t.maybe for t in found))


def _without_data(choice: core.EventChoice) -> core.EventChoice:
    return attrs.evolve(
        choice, tests=tuple((n, t) for n, t in choice.tests if not isinstance(t, core.Same | core.SameCall))
    )


def data_tests(choice: core.EventChoice) -> frozenset[tuple[str, core.ArgumentTest]]:
    """The tests that compare the event with others."""
    return frozenset((n, t) for n, t in choice.tests if isinstance(t, _DATA))


def pattern_data(pattern: core.EventPattern | None) -> list[frozenset[tuple[str, core.ArgumentTest]]]:
    """The same, choice by choice."""
    return [] if pattern is None else [data_tests(choice) for choice in pattern.choices]


def has_binder(pattern: core.EventPattern | None) -> bool:
    """Whether the pattern binds a name."""
    choices = () if pattern is None else pattern.choices
    tests = [t for c in choices for _, t in c.tests] + [c.result for c in choices]
    return any(isinstance(t, core.Bind) or _compares_binder(t) for t in tests)


def _compares_binder(test: core.ArgumentTest | None) -> bool:
    return isinstance(test, core.Compare) and _binds(test.value)


def _binds(condition: core.Expr | None) -> bool:
    """Whether the condition speaks of what patterns or `for each` bind."""
    parts: Iterator[core.Expr] = iter(()) if condition is None else subexpressions(condition)
    return any(isinstance(e, core.Variable) and e.kind in ("binder", "bound") for e in parts)


def _alone(pattern: core.EventPattern, choice: core.EventChoice) -> core.EventPattern:
    return attrs.evolve(pattern, choices=(choice,))


def _broader(large: core.EventChoice, small: core.EventChoice) -> bool:
    """By the words alone: the same kind, fewer demands."""
    subjects = not large.subjects or (bool(small.subjects) and small.subjects <= large.subjects)
    receivers = not large.to or (bool(small.to) and small.to <= large.to)
    return (
        large.kind == small.kind
        and subjects
        and receivers
        and large.by in (None, small.by)
        and large.result in (None, small.result)
        and set(large.tests) <= set(small.tests)
    )
