"""The short way: what a rule has to do with an event of which everything that matters is plainly known.

A *check* says that an event surely breaks nothing (False: look closer); a *taking*, which follows it at once, that it happened. They
work on the event as it was recorded and change just what the rule's stepper would have changed; what they cannot tell is left to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.conditions.plain import (
    Given,
    Plain,
    Registers,
    UnplainError,
    plain_apply,
    plain_argument,
    plain_code,
    plainly,
)
from wfcheck.checker.replay.patterns import Choice, Pattern
from wfcheck.checker.replay.places import Place
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

Check: TypeAlias = Callable[[Event, Given, Place], bool]
Taking: TypeAlias = Callable[[Place], None]


@attrs.frozen(eq=False)
class Short:
    """What a rule does with events of one kind about one tool. `given`: it looks at arguments."""

    check: Check | None = None
    take: Taking | None = None
    given: bool = False


NOTHING = Short()


@attrs.frozen(eq=False)
class About:
    """Events of one kind about one tool. `plain`: their arguments can be read as they were recorded. `actor`: who acts where an event
    does not say."""

    kind: str
    name: str
    tool: core.Tool | None
    plain: bool
    actor: str | None

    def chosen(self, asked: core.EventPattern, pattern: Pattern) -> list[tuple[core.EventChoice, Choice]]:
        """The choices of a pattern that may match them."""
        pairs = zip(asked.choices, pattern.choices, strict=True)
        return [(c, p) for c, p in pairs if self._may(p)]

    def _may(self, choice: Choice) -> bool:
        named = choice.names is None or self.name in choice.names
        return self.kind in choice.kinds and named and self.told(choice) is not False

    def told(self, choice: Choice) -> object:
        """What the kind and the tool alone say of a choice."""
        return choice.told(self.kind, self.name, self.tool)

    def code(self, expression: core.Expr) -> Plain | None:
        """The plain closure of an expression about them."""
        return plain_code(expression, self.tool) if self.plain and self.tool is not None else None

    def bare(self, expression: core.Expr | None, kind: type) -> str | None:
        """The name of the argument that the expression is, if most values of it are of the kind as they were recorded."""
        match expression:
            case core.Variable(kind="argument", name=name) if self.plain and self.tool is not None:
                return name if plainly(self.tool, name) is kind else None
            case _:
                return None

    def test(self, name: str, test: core.ArgumentTest) -> Plain | None:
        """The plain closure of a test of an argument."""
        if not isinstance(test, core.Compare) or not self.plain or self.tool is None:
            return None
        value, wanted = plain_argument(name, self.tool), plain_code(test.value, self.tool)
        constant = isinstance(test.value, core.Literal | core.MakeList)
        return plain_apply(test.op, [value, wanted]) if value and wanted and constant else None


@attrs.frozen(eq=False)
class Matching:
    """Whether an event matches. `by`: who must act; `actor`: who does where the event does not say."""

    conditions: tuple[Plain, ...]
    by: str | None
    actor: str | None

    def __call__(self, event: Event, given: Given, registers: Registers) -> bool:
        """Raises UnplainError where it is not plainly known."""
        if self.by is not None:
            actor = self.actor if event.actor is None else event.actor
            if actor is None:
                raise UnplainError
            if actor != self.by:
                return False
        return all(_true(condition(given, registers)) for condition in self.conditions)


def _true(value: object) -> bool:
    if value is True or value is False:
        return value is True
    raise UnplainError


def matching(
    asked: core.EventPattern, pattern: Pattern, when: core.Expr | None, about: About
) -> Matching | bool | None:
    """Whether such events match a pattern and its condition: always, never, or it depends; None where that cannot be told plainly."""
    chosen = about.chosen(asked, pattern)
    if not chosen:
        return False
    if len(chosen) > 1:
        return None
    ((choice, compiled),) = chosen
    if about.told(compiled) is not True or compiled.args or choice.result is not None or compiled.behalf:
        return None
    if choice.by is not None and about.kind != "call":
        return None
    codes = [about.test(name, test) for name, test in choice.tests]
    codes += [] if when is None else [about.code(when)]
    made = tuple(code for code in codes if code is not None)
    if len(made) < len(codes):
        return None
    return Matching(made, choice.by, about.actor) if made or choice.by is not None else True


def refuting(
    asked: core.EventPattern, pattern: Pattern, when: core.Expr | None, about: About
) -> Sequence[tuple[str, Plain]]:
    """Conditions, with what tells them apart, of which each alone keeps such events from matching where it is false."""
    found: list[tuple[str, Plain]] = []
    chosen = about.chosen(asked, pattern)
    if when is not None and (code := about.code(when)) is not None:
        found.append((repr(when), code))
    if len(chosen) == 1:
        for name, test in chosen[0][0].tests:
            if (code := about.test(name, test)) is not None:
                found.append((f"{name} {test!r}", code))
    return found
