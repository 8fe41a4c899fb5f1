"""Whether one rule is at least as strict as another: every run that the other turns down (or leaves open) it does, too.

By the forms of the rules: what is judged may only grow, what excuses it may only shrink. Sound, not complete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from wfcheck.checker.explaining.vocabulary import nodes, registers_in
from wfcheck.checker.policy.patterns import Comparer, Side, has_binder, pattern_data
from wfcheck.dsl import core


@attrs.frozen
class Stated:
    """A rule in the program that declares what it speaks of."""

    program: core.Program
    rule: core.Rule

    def side(self, pattern: core.EventPattern, condition: core.Expr | None = None) -> Side:
        """A pattern of the rule."""
        return Side(self.program, pattern, condition)


def stricter(strong: Stated, weak: Stated, compare: Comparer) -> bool:
    """Whether the first rule is surely at least as strict as the second."""
    if not _same_words(strong, weak):
        return False
    if strong.rule.body == weak.rule.body and (strong.rule.per_session == weak.rule.per_session):
        return not isinstance(weak.rule.body, core.Allow) or _same_people(strong, weak)
    match strong.rule.body, weak.rule.body:
        case core.Forbid() as one, core.Forbid() as other:
            return _forbid(strong, one, weak, other, compare)
        case core.Before() as one, core.Before() as other:
            return _before(strong, one, weak, other, compare)
        case core.After() as one, core.After() as other:
            return _after(strong, one, weak, other, compare)
        case core.Limit() as one, core.Limit() as other:
            return _limit(strong, one, weak, other, compare)
        case core.Flow() as one, core.Flow() as other:
            return _flow(one, other)
        case core.FromOnly() as one, core.FromOnly() as other:
            return one.target == other.target and set(one.sources) <= set(other.sources)
        case core.Decision() as one, core.Decision() as other:
            inside = compare.within(weak.side(other.event), strong.side(one.event))
            return inside and set(one.sources) <= set(other.sources)
        case core.Forbid(after=None) as one, core.Before(judged=judged, condition=when, binder=None):
            return compare.within(weak.side(judged, when), strong.side(one.event, one.condition))
        case core.Forbid(after=None) as one, core.Limit(kind="count", event=judged, condition=when):
            return compare.within(weak.side(judged, when), strong.side(one.event, one.condition))
        case _:
            return False


def _same_words(strong: Stated, weak: Stated) -> bool:
    """What both programs declare of what the weaker rule names is the same."""
    if strong.program is weak.program:
        return True
    one, other = strong.program, weak.program
    bodies = (strong.rule.body, weak.rule.body)
    registers = registers_in(bodies[0]) | registers_in(bodies[1])
    tables = {n.table for body in bodies for n in nodes(body) if isinstance(n, core.Lookup)}
    return (
        all(_equal(one.registers, other.registers, name) for name in registers)
        and all(
            _equal(one.tables, other.tables, name) and one.tables[name].rows == other.tables[name].rows
            for name in tables
        )
        and _same_tools(one, other, bodies)
    )


_LABELLED = (core.Flow, core.FromOnly, core.Decision)


def _same_tools(one: core.Program, other: core.Program, bodies: tuple[core.RuleBody, core.RuleBody]) -> bool:
    """The tools that the rules look at are declared alike; of some forms these are all tools."""
    choices = choices_of(bodies)
    everywhere = any(
        c.kind in ("emit", "write", "read") or (c.kind in ("call", "fail") and not c.subjects)
        for c in choices
    )
    if everywhere or any(isinstance(body, _LABELLED) for body in bodies):
        same = all(signature(one, name) == signature(other, name) for name in {*one.tools, *other.tools})
        return same and all(
            dict(getattr(one, part)) == dict(getattr(other, part))
            for part in ("releases", "stores", "channels", "principals")
        )
    named = {name for choice in choices for name in choice.subjects}
    return all(signature(one, name) == signature(other, name) for name in named if name in one.tools)


def _equal(one: Any, other: Any, name: str) -> bool:
    return name in one and name in other and one[name] == other[name]


def signature(program: core.Program, tool: str) -> object:
    """What runs and patterns see of a tool: its parameters, its result, what it emits, writes and brings."""
    found = program.tools.get(tool)
    if found is None:
        return None
    return (found.parameters, found.result, found.emits, found.writes, found.returns)


def choices_of(parts: Iterable[object]) -> list[core.EventChoice]:
    """Every event that is spoken of."""
    return [n for part in parts for n in nodes(part) if isinstance(n, core.EventChoice)]


def _same_people(strong: Stated, weak: Stated) -> bool:
    one, other = strong.program, weak.program
    return one is other or (dict(one.principals) == dict(other.principals) and _grants(one) == _grants(other))


def _grants(program: core.Program) -> list[core.Allow]:
    return [rule.body for rule in program.rules if isinstance(rule.body, core.Allow)]


# ---------------------------------------------------------------- one form after the other


def _forbid(strong: Stated, one: core.Forbid, weak: Stated, other: core.Forbid, compare: Comparer) -> bool:
    if not compare.within(weak.side(other.event, other.condition), strong.side(one.event, one.condition)):
        return False
    if one.after is None:
        return True
    if other.after is None or (weak.rule.per_session and not strong.rule.per_session):
        return False
    if one.until is not None and weak.rule.per_session != strong.rule.per_session:
        return False
    if has_binder(one.until) and not _agree((one.event, other.event), (one.after, other.after)):
        return False
    lasts = one.duration is None or (other.duration is not None and one.duration >= other.duration)
    return (
        lasts
        and compare.within(weak.side(other.after), strong.side(one.after), evidence=True)
        and _shorter((strong, one.until), (weak, other.until), compare)
    )


def _shorter(
    strong: tuple[Stated, core.EventPattern | None],
    weak: tuple[Stated, core.EventPattern | None],
    compare: Comparer,
) -> bool:
    """What excuses by the stricter rule does so by the other."""
    (one, small), (other, large) = strong, weak
    if small is None:
        return True
    return large is not None and compare.within(one.side(small), other.side(large), evidence=True, sure=True)


def _longer(
    strong: tuple[Stated, core.EventPattern | None],
    weak: tuple[Stated, core.EventPattern | None],
    compare: Comparer,
) -> bool:
    """What renews the demand of the weaker rule does so in the other."""
    (one, large), (other, small) = strong, weak
    if small is None:
        return True
    return large is not None and compare.within(other.side(small), one.side(large), evidence=True)


def _agree(*pairs: tuple[core.EventPattern | None, core.EventPattern | None]) -> bool:
    """Binders stand in the same places."""
    return all(pattern_data(one) == pattern_data(other) for one, other in pairs)


def _within(one: Any, other: Any) -> bool:
    return other is None or (one is not None and one <= other)


def _before(strong: Stated, one: core.Before, weak: Stated, other: core.Before, compare: Comparer) -> bool:
    if strong.rule.per_session and not weak.rule.per_session:
        return False
    if other.since is not None and strong.rule.per_session != weak.rule.per_session:
        return False
    if (one.binder, one.source) != (other.binder, other.source):
        return False
    if one.binder is not None and one.condition != other.condition:
        return False
    binders = any(map(has_binder, (one.evidence, other.evidence, one.since, other.since)))
    if binders and not _agree((one.judged, other.judged), (one.since, other.since)):
        return False
    return (
        _within(one.within_steps, other.within_steps)
        and _within(one.within_time, other.within_time)
        and compare.within(weak.side(other.judged, other.condition), strong.side(one.judged, one.condition))
        and compare.within(strong.side(one.evidence), weak.side(other.evidence), evidence=True, sure=True)
        and _longer((strong, one.since), (weak, other.since), compare)
    )


def _after(strong: Stated, one: core.After, weak: Stated, other: core.After, compare: Comparer) -> bool:
    if strong.rule.per_session != weak.rule.per_session:
        return False
    if (one.binder, one.source) != (other.binder, other.source):
        return False
    if one.binder is not None and one.condition != other.condition:
        return False
    if any(map(has_binder, (one.evidence, other.evidence))) and not _agree((one.judged, other.judged)):
        return False
    return (
        _within(one.within_steps, other.within_steps)
        and _within(one.within_time, other.within_time)
        and compare.within(
            weak.side(other.judged, other.condition), strong.side(one.judged, one.condition), evidence=True
        )
        and compare.within(strong.side(one.evidence), weak.side(other.evidence), evidence=True, sure=True)
    )


def _limit(strong: Stated, one: core.Limit, weak: Stated, other: core.Limit, compare: Comparer) -> bool:
    if one.kind != other.kind or one.value != other.value or one.bound > other.bound:
        return False
    if one.kind in ("sum", "bits") and (one.event, one.condition) != (other.event, other.condition):
        return False
    wider = one.kind in ("count", "distinct") and _wider(one.scopes, other.scopes)
    if one.scopes != other.scopes and not wider:
        return False
    return compare.within(weak.side(other.event, other.condition), strong.side(one.event, one.condition))


def _wider(one: tuple[core.ScopeKey, ...], other: tuple[core.ScopeKey, ...]) -> bool:
    """A session for a run, with the same keys."""
    keys = [[s for s in scopes if s.kind == "key"] for scopes in (one, other)]
    kinds = [{s.kind for s in scopes if s.kind != "key"} for scopes in (one, other)]
    return keys[0] == keys[1] and kinds[0] <= {"session"} and kinds[1] == {"run"}


def _flow(one: core.Flow, other: core.Flow) -> bool:
    influence = one.influence is None or (other.influence is not None and other.influence <= one.influence)
    return (
        influence
        and (other.explicit or not one.explicit)
        and one.except_via <= other.except_via
        and all(any(_end_within(end, wide) for wide in one.sources) for end in other.sources)
        and all(any(_end_within(end, wide) for wide in one.sinks) for end in other.sinks)
    )


def _end_within(end: core.FlowEnd, wide: core.FlowEnd) -> bool:
    match end, wide:
        case core.TagEnd(tags=few), core.TagEnd(tags=many):
            return few <= many
        case core.ChannelEnd(channels=few), core.ChannelEnd(channels=many):
            return few <= many
        case (core.ResultEnd(tool=a, path=p), core.ResultEnd(tool=c, path=q)):
            return a == c and p[: len(q)] == q
        case _:
            return end == wide
