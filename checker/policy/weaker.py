"""Consequences of rules that small automata can follow: every run that a rule allows its consequence allows, too."""

from __future__ import annotations

from fractions import Fraction

import attrs

from wfcheck.checker.policy.subsume import Stated
from wfcheck.dsl import core


def consequence(stated: Stated) -> Stated:
    """The rule with what only data, time or sessions could tell left out, where that allows more and never less."""
    rule, body = stated.rule, stated.rule.body
    match body:
        case core.Before(binder=None) if not rule.per_session and not _needs_data(body.judged):
            weak = attrs.evolve(
                body,
                judged=loose(body.judged),
                evidence=loose(body.evidence),
                within_steps=None,
                within_time=None,
            )
            return _with(stated, weak)
        case core.After(binder=None) if not rule.per_session and not _needs_data(body.judged):
            weak_after = attrs.evolve(
                body,
                judged=loose(body.judged),
                evidence=loose(body.evidence),
                within_steps=None,
                within_time=None,
            )
            return _with(stated, weak_after)
        case core.Limit(kind="count", scopes=scopes) if {s.kind for s in scopes} <= {"run", "session"}:
            return _with(stated, attrs.evolve(body, scopes=_RUN))
        case core.Limit(kind="count" | "consecutive" | "distinct", bound=bound) if bound < 1:
            return _with(stated, attrs.evolve(body, kind="count", value=None, scopes=_RUN))
        case _:
            return stated


def never(stated: Stated) -> Stated:
    """The same rule, where none of something is the same as not one in a row."""
    body = stated.rule.body
    if isinstance(body, core.Limit) and body.kind in ("count", "consecutive", "distinct") and body.bound < 1:
        return _with(stated, attrs.evolve(body, kind="count", value=None, scopes=_RUN))
    return stated


def sharper(stated: Stated) -> Stated:
    """A rule that small automata can follow and that turns down all that this one does, and perhaps more."""
    body = stated.rule.body
    if isinstance(body, core.Forbid) and body.after is not None and not stated.rule.per_session:
        after = loose(body.after)
        return _with(
            stated, attrs.evolve(body, event=loose(body.event), after=after, until=None, duration=None)
        )
    if isinstance(body, core.Limit) and body.kind != "bits":
        within = {scope.kind for scope in body.scopes} <= {"run", "turn", "key"} and body.kind != "sum"
        bound = body.bound if within else Fraction(0)
        return _with(stated, attrs.evolve(body, kind="count", value=None, bound=bound, scopes=_RUN))
    return stated


_RUN = (core.ScopeKey("run", None, None),)


def _with(stated: Stated, body: core.RuleBody) -> Stated:
    return attrs.evolve(stated, rule=attrs.evolve(stated.rule, body=body))


def loose(pattern: core.EventPattern) -> core.EventPattern:
    """Without what compares the event with others."""
    return attrs.evolve(pattern, choices=tuple(map(_loose_choice, pattern.choices)))


def _loose_choice(choice: core.EventChoice) -> core.EventChoice:
    tests = (
        ()
        if choice.kind == "approve"
        else tuple((n, t) for n, t in choice.tests if isinstance(t, core.Compare))
    )
    result = choice.result if isinstance(choice.result, core.Compare) else None
    return attrs.evolve(choice, tests=tests, result=result)


def _needs_data(judged: core.EventPattern) -> bool:
    """Whether the judged event itself is narrowed by what would be left out: a binder that stands twice, or `same`."""
    tests = [t for choice in judged.choices for _, t in choice.tests]
    bound = [t.name for t in tests if isinstance(t, core.Bind)]
    return len(bound) != len(set(bound)) or any(isinstance(t, core.Same | core.SameCall) for t in tests)
