"""`effective(B) at most effective(A)`: every call that the rules let B make they let A make too.

What a principal may effectively do follows from all `allow` rules that bind it (its own, and those of whom it acts for) and from the
rules that forbid calls outright. Rules about history treat all principals alike unless they name one; one that names A counts as a ban
on what it judges, so that a proof stands whatever happened before."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import msgspec

from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.obligation import Finding, Limits, proved, unknown
from wfcheck.checker.policy.calls import ITEMS, AnyCall, any_call, plain
from wfcheck.checker.policy.telling import call_text, step
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.result import Verdict, Witness
from wfcheck.checker.rules.symbolic_match import Truth, both
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Term


@attrs.frozen
class Powers:
    """The rules that say what single calls are allowed: of grants, outright bans, and bans that depend on history."""

    program: core.Program
    grants: tuple[Monitor, ...]
    bans: tuple[core.Forbid, ...]
    later: tuple[tuple[core.Rule, tuple[core.EventPattern, ...]], ...]
    stateless: tuple[core.Rule, ...]


def powers(program: core.Program, rules: tuple[core.Rule, ...]) -> Powers:
    """The rules sorted by what they are to a single call."""
    grants, bans, later, stateless = [], [], [], []
    for rule in rules:
        monitor = compile_rule(rule, program) if isinstance(rule.body, core.Allow) else None
        if isinstance(monitor, Monitor):
            grants.append(monitor)
            stateless.append(rule)
        elif isinstance(rule.body, core.Forbid) and rule.body.after is None:
            bans.append(rule.body)
            stateless.append(rule)
        else:
            later.append((rule, judged(rule.body)))
    return Powers(program, tuple(grants), tuple(bans), tuple(later), tuple(stateless))


def judged(body: core.RuleBody) -> tuple[core.EventPattern, ...]:
    """The patterns of the events that a rule may turn down."""
    match body:
        case core.Forbid(event=event) | core.Limit(event=event) | core.Decision(event=event):
            return (event,)
        case core.Before(judged=event) | core.After(judged=event):
            return (event,)
        case core.Always(event=event):
            return () if event is None else (event,)
        case core.Distinct(events=events):
            return events
        case core.Flow(sinks=sinks):
            return tuple(end.event for end in sinks if isinstance(end, core.CallEnd))
        case core.Allow(grants=grants):
            return tuple(grant.event for grant in grants)
        case _:
            return ()


def may_call(held: Powers, call: AnyCall, who: str, *, over: bool) -> Term:
    """The condition under which the rules let `who` make the call: no less than that (`over`), or no more."""
    parts = [_granted(call, monitor, who, over=over) for monitor in held.grants if who in monitor.bound]
    for ban in held.bans:
        exact = plain(ban.event, ban.condition)
        truth = _judged(call, ban.event, ban.condition, who)
        parts.append(b.not_(truth.sure if over and not exact else truth.maybe))
    if not over:
        named = [p for _, patterns in held.later for p in patterns if names(p, who)]
        parts += [b.not_(_judged(call, _of(p, who), None, who).maybe) for p in named]
    return b.and_(*parts)


def names(pattern: core.EventPattern, who: str) -> bool:
    """Whether the pattern speaks of this principal."""
    return any(choice.by == who for choice in pattern.choices)


def _of(pattern: core.EventPattern, who: str) -> core.EventPattern:
    return attrs.evolve(pattern, choices=tuple(c for c in pattern.choices if c.by == who))


def _granted(call: AnyCall, monitor: Monitor, who: str, *, over: bool) -> Term:
    groups = (monitor.unless, *monitor.also)
    found = [[call.covered(grant, who) for grant in group] for group in groups]
    return b.and_(*(b.or_(*(t.maybe if over else t.sure for t in group)) for group in found))


def _judged(call: AnyCall, pattern: core.EventPattern, condition: core.Expr | None, who: str) -> Truth:
    found = [both(m.truth, call.holds(condition, m.binders)) for m in call.matches(pattern, who)]
    return Truth(b.or_(*(t.sure for t in found)), b.or_(*(t.maybe for t in found)))


# ---------------------------------------------------------------- the question


def at_most(
    program: core.Program, rules: tuple[core.Rule, ...], small: str, large: str, limits: Limits
) -> Finding:
    """PROVED, VIOLATED with a call that only the smaller may make, or UNKNOWN."""
    held = powers(program, rules)
    doubts: list[str] = []
    for tool in program.tools.values():
        answer = _exceeds(held, any_call(program, tool, small), small, large, limits)
        if isinstance(answer, solver.Unsat):
            continue
        found = next(_confirmed(held, tool, small, large, limits), None)
        if found is not None:
            return _violated(found, small, large, tool)
        doubts.append(_doubt(tool, answer, small, large))
    return unknown(doubts[0], notes=tuple(doubts[1:4])) if doubts else proved()


def _doubt(tool: core.Tool, answer: solver.Answer, small: str, large: str) -> str:
    if isinstance(answer, solver.Unknown):
        return f"the solver gave up on calls of `{tool.symbol}`: {answer.reason}"
    return (
        f"`{small}` may have a call of `{tool.symbol}` that `{large}` has not: "
        "it depends on history, or on values that no concrete call was found for"
    )


def _exceeds(held: Powers, call: AnyCall, small: str, large: str, limits: Limits) -> solver.Answer:
    more = b.and_(
        call.valid,
        may_call(held, call, small, over=True),
        b.not_(may_call(held, call, large, over=False)),
    )
    return solve(more, (), solver.Limits(seconds=limits.timeout / 2))


def _confirmed(held: Powers, tool: core.Tool, small: str, large: str, limits: Limits) -> Iterator[Event]:
    """Concrete calls of the one alone, as the naive evaluator of rules says."""
    for items in (ITEMS, None):
        call = any_call(held.program, tool, small, items=items)
        answer = _exceeds(held, call, small, large, limits)
        if isinstance(answer, solver.Sat):
            event = call.concrete(answer.model)
            if allowed(held, event, small) and refused(held, event, large):
                yield event


def allowed(held: Powers, event: Event, who: str) -> bool:
    """No rule on single calls is broken or undecided where `who` makes the call."""
    told = (msgspec.structs.replace(event, actor=who),)
    return all(breaks(held.program, rule, told).holds for rule in held.stateless)


def refused(held: Powers, event: Event, who: str) -> bool:
    """Some rule on single calls is broken for sure where `who` makes the call."""
    told = (msgspec.structs.replace(event, actor=who),)
    return any(breaks(held.program, rule, told).broken for rule in held.stateless)


def _violated(event: Event, small: str, large: str, tool: core.Tool) -> Finding:
    text = f"`{small}` may call {call_text(event)}, and `{large}` may not"
    return Finding(
        Verdict.VIOLATED,
        reason=text,
        witness=Witness((event,), 0),
        path=(step(text, tool.span),),
        help=f"narrow the grants of `{small}`, or widen those of `{large}`",
    )
