"""Rules without data between events as small automata over letters.

A letter gives every atom of a rule a truth: surely, perhaps. What a rule turns down here is what it does not surely allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.policy.patterns import Side, exact, has_binder
from wfcheck.checker.policy.subsume import Stated
from wfcheck.checker.policy.weaker import loose
from wfcheck.dsl import core

MOST = 60
"""Up to so many of a limit are counted one by one."""
CALLS = frozenset({"call", "fail", "emit"})
WORDS = frozenset(
    {"say", "ask", "input", "llm", "message", "release", "remember", "recall", "reset", "approve"}
)


@attrs.frozen(eq=False)
class Atom:
    """A pattern with its `when`, at one moment: as what is `judged` or as evidence. `monitor`: of grants, the call is not granted."""

    side: Side
    judged: bool
    monitor: Monitor | None = None


Truths: TypeAlias = Mapping[Atom, tuple[bool, bool]]
"""For each atom: surely true, perhaps true."""


@attrs.frozen
class Machine:
    """`step` gives the next state, and whether the event is turned down."""

    rule: str
    atoms: tuple[Atom, ...]
    start: int
    step: Callable[[int, str, Truths], tuple[int, bool]] = attrs.field(eq=False)


def machine(stated: Stated, *, loose: bool = False) -> Machine | None:
    """The automaton of a rule; None where it has none, or none that is finite. `loose`: it may turn down less than the rule
    (an approval of anything then is one of the call at hand, as often as it is wanted)."""
    rule, body = stated.rule, stated.rule.body
    if rule.per_session or (not loose and _approves(body)):
        return None
    match body:
        case core.Allow():
            return _allow(stated)
        case core.Forbid(duration=None):
            return _forbid(stated, body)
        case core.Before(binder=None, within_steps=None, within_time=None):
            return _before(stated, body)
        case core.After(binder=None, within_steps=None, within_time=None):
            return _after(stated, body)
        case core.Limit(kind="count"):
            return _count(stated, body)
        case _:
            return None


def hints(stated: Stated) -> list[Atom]:
    """What tells the events apart that a rule judges, where no automaton does: for choosing events to try."""
    match stated.rule.body:
        case core.Forbid(event=event, condition=when) | core.Limit(event=event, condition=when):
            found = Atom(stated.side(loose(event), when), judged=True)
        case core.Before(judged=event, condition=when):
            found = Atom(stated.side(loose(event), when), judged=True)
        case core.After(judged=event, condition=when):
            found = Atom(stated.side(loose(event), when), judged=False)
        case _:
            return []
    return [found] if _finite(found) else []


def _approves(body: core.RuleBody) -> bool:
    return isinstance(body, core.Before) and any(c.kind == "approve" for c in body.evidence.choices)


def _atom(stated: Stated, pattern: core.EventPattern, when: core.Expr | None = None, *, judged: bool) -> Atom:
    return Atom(stated.side(pattern, when), judged)


def _finite(*atoms: Atom | None) -> bool:
    return all(_plain(atom.side) for atom in atoms if atom is not None)


def _plain(side: Side) -> bool:
    """Neither data of other events nor anything but constants and arguments."""
    if has_binder(side.pattern) or not all(_choice(choice) for choice in side.pattern.choices):
        return False
    calls = attrs.evolve(
        side, pattern=attrs.evolve(side.pattern, choices=tuple(map(_as_call, side.pattern.choices)))
    )
    return exact(calls)


def _choice(choice: core.EventChoice) -> bool:
    if (
        any(isinstance(test, core.Same | core.SameCall) for _, test in choice.tests)
        or choice.result is not None
    ):
        return False
    return choice.kind in CALLS or (choice.kind in WORDS and not choice.tests)


def _as_call(choice: core.EventChoice) -> core.EventChoice:
    return attrs.evolve(choice, kind="call")


# ---------------------------------------------------------------- the forms


def _allow(stated: Stated) -> Machine | None:
    monitor = compile_rule(stated.rule, stated.program)
    if not isinstance(monitor, Monitor):
        return None
    grants = [grant for group in (monitor.unless, *monitor.also) for grant in group]
    sides = [Atom(stated.side(grant.event, grant.condition), judged=True) for grant in grants]
    if not _finite(*sides) or any(c.by is not None for g in grants for c in g.event.choices):
        return None
    atom = Atom(stated.side(monitor.judged), judged=True, monitor=monitor)

    def step(state: int, moment: str, truths: Truths) -> tuple[int, bool]:
        del moment
        return state, truths[atom][1]

    return Machine(stated.rule.name, (atom,), 0, step)


def _forbid(stated: Stated, body: core.Forbid) -> Machine | None:
    judged = _atom(stated, body.event, body.condition, judged=True)
    after = None if body.after is None else _atom(stated, body.after, judged=False)
    until = None if body.until is None else _atom(stated, body.until, judged=False)
    if not _finite(judged, after, until):
        return None
    atoms = tuple(atom for atom in (judged, after, until) if atom is not None)

    def step(state: int, moment: str, truths: Truths) -> tuple[int, bool]:
        del moment
        if after is None:
            return state, truths[judged][1]
        ended = until is not None and truths[until][0]
        armed = truths[after][1] or (state == 1 and not ended)
        return int(armed), state == 1 and truths[judged][1]

    return Machine(stated.rule.name, atoms, 0, step)


def _before(stated: Stated, body: core.Before) -> Machine | None:
    judged = _atom(stated, body.judged, body.condition, judged=True)
    evidence = _atom(stated, body.evidence, judged=False)
    since = None if body.since is None else _atom(stated, body.since, judged=False)
    if not _finite(judged, evidence, since):
        return None
    atoms = tuple(atom for atom in (judged, evidence, since) if atom is not None)

    def step(state: int, moment: str, truths: Truths) -> tuple[int, bool]:
        del moment
        renewed = since is not None and truths[since][1]
        has = truths[evidence][0] or (state == 1 and not renewed)
        return int(has), state == 0 and truths[judged][1]

    return Machine(stated.rule.name, atoms, 0, step)


def _after(stated: Stated, body: core.After) -> Machine | None:
    judged = _atom(stated, body.judged, body.condition, judged=False)
    evidence = _atom(stated, body.evidence, judged=False)
    if not _finite(judged, evidence):
        return None

    def step(state: int, moment: str, truths: Truths) -> tuple[int, bool]:
        if moment == "end":
            return state, state == 1
        owed = truths[judged][1] or (state == 1 and not truths[evidence][0])
        return int(owed), False

    return Machine(stated.rule.name, (judged, evidence), 0, step)


def _count(stated: Stated, body: core.Limit) -> Machine | None:
    judged = _atom(stated, body.event, body.condition, judged=True)
    kinds = {scope.kind for scope in body.scopes}
    if kinds != {"run"} or body.bound > MOST or not _finite(judged):
        return None
    most = int(body.bound)

    def step(state: int, moment: str, truths: Truths) -> tuple[int, bool]:
        del moment
        count = min(state + truths[judged][1], most + 1)
        return count, truths[judged][1] and count > most

    return Machine(stated.rule.name, (judged,), 0, step)
