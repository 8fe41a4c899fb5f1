"""The short way of rules about order, grants and what must follow: nothing is armed, nothing is owed, or the event is surely none that
the rule speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.conditions.plain import UNPLAIN, Given, Plain
from wfcheck.checker.replay.patterns import compile_pattern
from wfcheck.checker.replay.places import Place
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.sequence_rules import ResponseStepper
from wfcheck.checker.replay.short import NOTHING, About, Check, Matching, Short, matching, refuting
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

Named: TypeAlias = tuple[str, Plain]
"""A condition, with what tells it apart from others."""


def short_order(stepper: MonitorStepper, about: About) -> Short | None:
    """Of a rule that is stepped by itself; None where its stepper has to look at such events."""
    if any(m.pattern.concerns(about.kind, about.name) for m in stepper.blank.memories):
        return None
    if not stepper.judged.concerns(about.kind, about.name):
        return NOTHING
    compiled, states, armed = stepper.compiled, stepper.states, stepper.compiled.armed is not None
    conditions = refuters(stepper, about)
    if not armed and not conditions:
        return None
    whole = compiled.per_session
    once = compiled.evidence is not None and compiled.evidence.single_use
    tested = refuting(compiled.judged, stepper.judged, None, about) if once else conditions

    def check(_event: Event, given: Given, place: Place) -> bool:
        begun = (place.whole_scope if whole else place.scope) in states
        if armed and not begun:
            return True
        registers = (
            place.past.registers
        )  # a call uses up its approval also where the condition of the rule is false
        chosen = tested if begun else conditions
        return any(condition(given, registers) is False for _, condition in chosen)

    return Short(check, None, bool(conditions))


def refuters(stepper: MonitorStepper, about: About) -> Sequence[Named]:
    """Conditions of which each alone keeps such events from being judged where it is false."""
    when = None if stepper.demanded is not None else stepper.compiled.when
    return refuting(stepper.compiled.judged, stepper.judged, when, about)


def short_response(stepper: ResponseStepper, about: About) -> Short | None:
    """Of what must follow, as long as nothing is owed."""
    if about.kind in stepper.judged.kinds and stepper.judged.concerns(about.kind, about.name):
        return None
    if about.kind == "end":
        return None
    debts, ended, whole = stepper.debts, stepper.ended, stepper.compiled.per_session

    def check(_event: Event, _given: Given, place: Place) -> bool:
        scope = place.whole_scope if whole else place.scope
        return scope not in debts and scope not in ended

    return Short(check)


@attrs.frozen(eq=False)
class _Grants:
    """`allow`: nobody bound by the rule acts, or each group of grants covers the call."""

    bound: frozenset[str]
    actor: str | None
    groups: tuple[tuple[Matching | bool, ...], ...]

    def check(self, event: Event, given: Given, place: Place) -> bool:
        """Whether the call is granted for sure."""
        actor = self.actor if event.actor is None else event.actor
        if actor is None or event.parent:
            return False
        if actor not in self.bound:
            return True
        return all(self._covered(group, event, given, place) for group in self.groups)

    def _covered(self, group: tuple[Matching | bool, ...], event: Event, given: Given, place: Place) -> bool:
        for fits in group:
            try:
                if fits is True or (fits is not False and fits(event, given, place.past.registers)):
                    return True
            except UNPLAIN:
                continue
        return False


def short_grants(stepper: MonitorStepper, policy: CompiledPolicy, about: About) -> Check | None:
    """Of `allow`, for calls."""
    compiled = stepper.compiled
    if about.kind != "call" or not compiled.unless or compiled.when is not None:
        return None
    if any(choice.by is None for choice in compiled.judged.choices):
        return None
    groups = tuple(
        tuple(fits for grant in group if (fits := _grant(grant, policy, about)) is not None)
        for group in (compiled.unless, *compiled.also)
    )
    return _Grants(compiled.bound, about.actor, groups).check


def _grant(grant: core.Grant, policy: CompiledPolicy, about: About) -> Matching | bool | None:
    pattern = compile_pattern(grant.event, policy.program, policy.tables, "judged")
    return matching(grant.event, pattern, grant.condition, about)
