"""A rule as a first-order formula over the events of a run, in plain ASCII.

`e` is the judged event, `d` an earlier one, `f` a later one; `<` is the order of events in one run (or session). Upper-case names
are values. The legend says what each predicate means; only what the formula uses is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

import attrs

from wfcheck.checker.explaining.ends import path_text
from wfcheck.checker.explaining.expressions import duration_text, written
from wfcheck.checker.explaining.formula_events import (
    binders,
    condition,
    conjunction,
    demands,
    disjunction,
    happens,
    has_same,
    ident,
    key,
    members,
    negated,
    term,
    union,
)
from wfcheck.checker.explaining.legend import MEANINGS
from wfcheck.checker.explaining.merging import merged_grants
from wfcheck.checker.explaining.prose import number
from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.dsl import core

_ORDER = re.compile(r"\b[defnpu] (?:<=?|>) [defnpu]\b")


@attrs.frozen
class Formula:
    """`legend`: what the names in it mean, in the order in which they are explained."""

    text: str
    legend: tuple[tuple[str, str], ...]


def formula(rule: core.Rule, program: core.Program) -> Formula:
    """The rule read as a formula that every complete run of a workflow in scope must satisfy."""
    text = _text(rule, program).encode("ascii", "backslashreplace").decode("ascii")
    words = set(re.findall(r"[a-z_#]+(?=[({])", text)) | set(_ORDER.findall(text) and "<")
    history = "same session" if rule.per_session else "same run"
    if isinstance(rule.body, core.Limit):
        history = "trace, or is e"
    legend = ((name, meaning.format(history=history)) for name, meaning in MEANINGS if name in words)
    return Formula(text, tuple(legend))


def _text(rule: core.Rule, program: core.Program) -> str:
    match rule.body:
        case core.Allow():
            return _allow(rule, program)
        case core.Forbid() as body:
            return _forbid(body)
        case core.Flow() as body:
            return _flow(body)
        case core.FromOnly(target=target, sources=sources):
            return _from_only(target, sources)
        case core.Decision(event=event, sources=sources):
            return f"forall e: {happens(event, 'e')} -> steers(e) subset {_sources(sources)}"
        case core.Before() as body:
            return _before(body)
        case core.After() as body:
            return _after(body)
        case core.Distinct(events=events):
            return _distinct(events)
        case core.Limit() as body:
            return _limit(body)
        case core.Always(condition=held, event=event):
            claim = condition(held, "e", after=True)
            return f"forall e: {claim}" if event is None else f"forall e: {happens(event, 'e')} -> {claim}"
        case core.Meta() as body:
            return _meta(body)
        case _:
            assert_never(rule.body)


def _bound(variable: str, *values: str) -> str:
    return ", ".join((variable, *values))


# ---------------------------------------------------------------- allow, forbid


def _allow(rule: core.Rule, program: core.Program) -> str:
    monitor = compile_rule(rule, program)
    assert isinstance(monitor, Monitor)
    groups = [disjunction(map(_grant, merged_grants(group))) for group in (monitor.unless, *monitor.also)]
    who = disjunction(f"acts(e, {ident(name)})" for name in sorted(monitor.bound))
    return f"forall e: call(e) and {who} -> {conjunction(groups)}"


def _grant(grant: core.Grant) -> str:
    own = binders(grant.event)
    text = conjunction((happens(grant.event, "e"), condition(grant.condition, "e")))
    return f"(exists {', '.join(own)}: {text})" if own else text


def _forbid(body: core.Forbid) -> str:
    same = body.after is not None and has_same(body.event)
    parts = ["" if same else happens(body.event, "e"), condition(body.condition, "e")]
    if body.after is not None:
        armed = [happens(body.event, "e", other="d")] if same else []
        armed += [happens(body.after, "d", other="e", evidence=True)]
        if body.until is not None:
            armed.append(_none_between(body.until, "d", "e"))
        if body.duration is not None:
            armed.append(f"time(e) - time(d) <= {duration_text(body.duration)}")
        own = sorted(set(binders(body.after)) - set(binders(body.event)))
        parts.append(f"exists {_bound('d < e', *own)}: {conjunction(armed)}")
    quantified = _bound("e", *binders(body.event))
    return f"forall {quantified}: {negated(conjunction(parts))}"


def _none_between(pattern: core.EventPattern, first: str, last: str) -> str:
    found = happens(pattern, "u", other=last, evidence=True)
    return f"not exists u: {first} < u < {last} and {found}"


# ---------------------------------------------------------------- where values come from


def _flow(body: core.Flow) -> str:
    clean = conjunction(f"not from(v, {term(end)})" for end in body.sources)
    if body.influence is not None:
        clean = disjunction((clean, f"not influenced(e, {members(body.influence)})"))
    where = disjunction(f"arrives(v, e, {term(end)})" for end in body.sinks)
    text = f"forall e, v: {where} -> {clean}"
    if body.except_via:
        text += f"   [less what went through: {', '.join(map(ident, sorted(body.except_via)))}]"
    return text + ("   [copies only]" if body.explicit else "")


def _from_only(target: core.ArgumentEnd | core.ResultEnd, sources: Iterable[core.AllowedSource]) -> str:
    if isinstance(target, core.ArgumentEnd):
        where, what = (
            f"call(e) and e.tool == {ident(target.tool)}",
            f"e.{ident(target.argument)}{path_text(target.path)}",
        )
    else:
        where, what = f"returned(e) and e.tool == {ident(target.tool)}", f"e.result{path_text(target.path)}"
    listed = tuple(sources)
    allowed = [f"stands_in(t, d, {term(s.end)})" + _gate(s) for s in listed]
    via = sorted({name for s in listed for name in s.via})
    allowed += [f"released(t, d, {ident(name)})" for name in via]
    brought = f"exists d < e: {disjunction(allowed)}"
    return f"forall e, t: {where} and t in values({what}) -> literal(t) or {brought}"


def _gate(source: core.AllowedSource) -> str:
    if source.when is not None:
        return f" and ({condition(source.when, 'e')})"
    if source.designated is None:
        return ""
    inner = source.designated
    return f" and {{{term(inner.target)}}} from only {_sources(inner.sources)} at d"


def _sources(sources: Iterable[core.AllowedSource]) -> str:
    found = dict.fromkeys(text for s in sources for text in _named(s))
    return "{" + ", ".join(found) + "}"


def _named(source: core.AllowedSource) -> Iterator[str]:
    if isinstance(source.end, core.TagEnd) and source.when is None and source.designated is None:
        yield from map(ident, sorted(source.end.tags))
    else:
        yield term(source.end) + _gate(source)
    yield from (f"via {ident(name)}" for name in sorted(source.via))


# ---------------------------------------------------------------- order


def _before(body: core.Before) -> str:
    judged = set(binders(body.judged))
    demanding = demands(body.condition, body.judged)
    trigger = [happens(body.judged, "e"), "" if demanding else condition(body.condition, "e")]
    parts = [happens(body.evidence, "d", other="e", evidence=True, binding=True)]
    if demanding:
        parts.append(condition(body.condition, "e"))
    if body.since is not None:
        parts.append(_none_between(body.since, "d", "e"))
    if body.within_steps is not None:
        parts.append(f"calls(d, e) <= {body.within_steps}")
    if body.within_time is not None:
        parts.append(f"time(e) - time(d) <= {duration_text(body.within_time)}")
    if any(choice.kind == "approve" for choice in body.evidence.choices):
        parts.append("unused(d, e)")
    own = sorted(set(binders(body.evidence)) - judged)
    shown = f"exists {_bound('d < e', *own)}: {conjunction(parts)}"
    each = _each(body.binder, body.source, "e")
    return f"forall {_bound('e', *sorted(judged))}: {conjunction(trigger)} -> {each}{shown}"


def _each(binder: str | None, source: core.Expr | None, event: str) -> str:
    return "" if binder is None or source is None else f"forall {binder} in {condition(source, event)}: "


def _after(body: core.After) -> str:
    over = ["end(n)"]
    if body.within_steps is not None:
        over.append(f"calls(e, n) > {body.within_steps}")
    if body.within_time is not None:
        over.append(f"time(n) - time(e) > {duration_text(body.within_time)}")
    judged = binders(body.judged)
    trigger = [happens(body.judged, "e", evidence=True), condition(body.condition, "e"), disjunction(over)]
    own = sorted(set(binders(body.evidence)) - set(judged))
    found = happens(body.evidence, "f", other="e", evidence=True)
    each = _each(body.binder, body.source, "e")
    shown = f"exists {_bound('f', *own)}: e < f < n and {found}"
    return f"forall {_bound('e', *judged)}, n > e: {conjunction(trigger)} -> {each}{shown}"


def _distinct(events: tuple[core.EventPattern, ...]) -> str:
    count = range(len(events))
    pairs = (
        conjunction((happens(events[i], "d"), happens(events[j], "e")))
        for i in count
        for j in count
        if i != j
    )
    return f"forall e, d < e: not (d.by == e.by and {disjunction(dict.fromkeys(pairs))})"


# ---------------------------------------------------------------- counting


def _limit(body: core.Limit) -> str:
    judged = conjunction((happens(body.event, "e"), condition(body.condition, "e")))
    if body.kind == "consecutive":
        return f"forall e: {judged} -> streak(e) <= {number(body.bound)}"
    one = conjunction((happens(body.event, "d"), condition(body.condition, "d"), *_scopes(body.scopes)))
    value = "" if body.value is None else written(body.value, key("d"))
    heads = {
        "count": "#{d",
        "sum": f"sum{{{value}",
        "distinct": f"#{{{value}",
        "bits": "sum{bits(d)",
    }
    return f"forall e: {judged} -> {heads[body.kind]} | d <= e and {one}}} <= {number(body.bound)}"


def _scopes(scopes: tuple[core.ScopeKey, ...]) -> Iterator[str]:
    if {scope.kind for scope in scopes} <= {"key"}:
        yield "session(d) == session(e)"
    for scope in scopes:
        if scope.key is not None:
            yield f"{written(scope.key, key('d'))} == {written(scope.key, key('e'))}"
        elif scope.window is not None:
            yield f"time(e) - time(d) <= {duration_text(scope.window)}"
        else:
            yield f"{scope.kind}(d) == {scope.kind}(e)"


# ---------------------------------------------------------------- about the policy itself


def _meta(body: core.Meta) -> str:
    first, second = (*map(ident, body.names), "?", "?")[:2]
    match body.kind:
        case "no_agent_has":
            done = conjunction(f"can(a, {union(e)})" for e in body.events)
            return f"forall a: agent(a) -> not ({done})"
        case "effective_at_most":
            return f"effective({first}) subset effective({second})"
        case "policy_at_most":
            return f"allowed(policy) subset allowed({first})"
        case "depth":
            return f"depth({first}) >= {body.bound}"
        case _:
            return f"{body.kind}(policy) == {{}}"
