"""A rule as one English sentence."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import assert_never

from wfcheck.checker.explaining import ends, patterns
from wfcheck.checker.explaining.expressions import alone, duration_text
from wfcheck.checker.explaining.formula_events import demands
from wfcheck.checker.explaining.merging import merged_grants
from wfcheck.checker.explaining.patterns import enumerated, names, quoted, tags
from wfcheck.checker.monitor import acts_for
from wfcheck.checker.report.plain import decimal_text
from wfcheck.dsl import core

_OWN_CALL = "; an approval counts for a call of the same tool with the same arguments, and the first such call uses it up"
_SCOPES = {"run": "in one run", "session": "in one session", "turn": "in one turn"}


def sentence(rule: core.Rule, program: core.Program) -> str:
    """The rule in prose."""
    text = _body(rule, program)
    return f"{text[:1].upper()}{text[1:]}."


def _body(rule: core.Rule, program: core.Program) -> str:
    match rule.body:
        case core.Allow() as body:
            return _allow(body, program)
        case core.Forbid() as body:
            return _forbid(body, _history(rule))
        case core.Flow() as body:
            return _flow(body)
        case core.FromOnly(target=target, sources=sources):
            return f"every value in {ends.target(target)} is a text of the workflow or stands in {ends.allowed_all(sources)}"
        case core.Decision(event=event, sources=sources):
            what = patterns.event(event, evidence=False)
            return f"nothing steers whether and when {what} happens but {ends.allowed_all(sources)}"
        case core.Before() as body:
            return _before(body, _history(rule))
        case core.After() as body:
            return _after(body, _history(rule))
        case core.Distinct(events=events):
            listed = enumerated((patterns.event(e, evidence=False) for e in events), "and")
            return f"{_history(rule)}, no principal acts in more than one of: {listed}"
        case core.Limit() as body:
            return _limit(body)
        case core.Always() as body:
            return _always(body)
        case core.Meta() as body:
            return _meta(body)
        case _:
            assert_never(rule.body)


def _history(rule: core.Rule) -> str:
    return "in the same session" if rule.per_session else "in the same run"


def _when(condition: core.Expr | None) -> str:
    return "" if condition is None else f" when `{alone(condition)}`"


# ---------------------------------------------------------------- allow, forbid


def _allow(body: core.Allow, program: core.Program) -> str:
    if not body.grants:
        return f"{quoted(body.principal)} may call nothing"
    listed = merged_grants(body.grants)
    grants = dict.fromkeys(patterns.granted(grant.event, grant.condition) for grant in listed)
    others = acts_for(body.principal, program)
    also = f", and only what {names(others)}, for whom it acts, may call" if others else ""
    return f"{quoted(body.principal)} may call nothing but {'; or '.join(grants)}{also}"


def _forbid(body: core.Forbid, history: str) -> str:
    text = f"there is never {patterns.event(body.event, evidence=False)}{_when(body.condition)}"
    if body.after is None:
        return text
    text += f" after {patterns.event(body.after, evidence=True)} {history}"
    if body.until is not None:
        text += f", until {patterns.event(body.until, evidence=True)}"
    return text + (f", for {duration_text(body.duration)}" if body.duration is not None else "")


# ---------------------------------------------------------------- where values come from


def _flow(body: core.Flow) -> str:
    text = (
        f"{enumerated(map(ends.source, body.sources))} never reaches {enumerated(map(ends.sink, body.sinks))}"
    )
    if body.influence is not None:
        text += f" in an act that anything of {tags(body.influence)} has influenced"
    if body.except_via:
        text += f", except through {names(body.except_via)}"
    return text + (
        " (what is copied counts, what decisions give away does not)"
        if body.explicit
        else ", neither as a value nor by what is decided"
    )


# ---------------------------------------------------------------- order


def _before(body: core.Before, history: str) -> str:
    demanding = demands(body.condition, body.judged)
    judged = patterns.event(body.judged, evidence=False) + ("" if demanding else _when(body.condition))
    text = f"before {judged} there was, {history}{_each(body.binder, body.source)}, "
    text += patterns.event(body.evidence, evidence=True)
    if demanding and body.condition is not None:
        text += f" such that `{alone(body.condition)}`"
    if body.since is not None:
        text += f" since the last {_bare(patterns.event(body.since, evidence=True))}"
    text += _within(body.within_steps, body.within_time, "earlier")
    approvals = [choice for choice in body.evidence.choices if choice.kind == "approve"]
    if not approvals:
        return text
    bound = all(any(isinstance(t, core.SameCall) for _, t in choice.tests) for choice in approvals)
    return text + ("; the first such call uses it up" if bound else _OWN_CALL)


def _after(body: core.After, history: str) -> str:
    judged = patterns.event(body.judged, evidence=True) + _when(body.condition)
    text = f"after {judged} there follows, {history}{_each(body.binder, body.source)}, "
    text += patterns.event(body.evidence, evidence=True)
    bound = _within(body.within_steps, body.within_time, "later")
    return f"{text}{bound}, before the run ends" if bound else f"{text}, before the run ends"


def _each(binder: str | None, source: core.Expr | None) -> str:
    return "" if binder is None or source is None else f" and for each {binder} in `{alone(source)}`"


def _within(steps: int | None, time: timedelta | None, where: str) -> str:
    if steps is not None:
        return f", at most {steps} call{'' if steps == 1 else 's'} {where}"
    return "" if time is None else f", at most {duration_text(time)} {where}"


def _bare(text: str) -> str:
    """A noun phrase without its article."""
    first, _, rest = text.partition(" ")
    return rest if first in ("a", "an", "the") and rest else text


# ---------------------------------------------------------------- counting, registers


def _limit(body: core.Limit) -> str:
    event = patterns.event(body.event, evidence=False) + _when(body.condition)
    bound, value = number(body.bound), "" if body.value is None else alone(body.value)
    match body.kind:
        case "count":
            text = f"at most {bound} times there is {event}"
        case "consecutive":
            text = f"at most {bound} times in a row, no other call between, there is {event}"
        case "bits":
            text = f"at most {bound} bits are let through by {event}"
        case "sum":
            text = f"the sum of `{value}` over {event} is at most {bound}"
        case "distinct":
            text = f"at most {bound} different values of `{value}` occur in {event}"
        case _:
            assert_never(body.kind)
    return f"{text}, {enumerated((_scope(s) for s in body.scopes), 'and')}"


def number(bound: Fraction) -> str:
    """A bound, exactly."""
    return decimal_text(bound)


def _scope(scope: core.ScopeKey) -> str:
    if scope.key is not None:
        return f"for one value of `{alone(scope.key)}`"
    if scope.window is not None:
        return f"within any {duration_text(scope.window)}"
    return _SCOPES.get(scope.kind, scope.kind)


def _always(body: core.Always) -> str:
    text = f"`{alone(body.condition)}` holds"
    if body.event is None:
        return f"{text} after every event"
    return f"{text} at {patterns.event(body.event, evidence=False)}, that event counted in"


# ---------------------------------------------------------------- about the policy itself


def _meta(body: core.Meta) -> str:
    first, second = (*map(quoted, body.names), "?", "?")[:2]
    match body.kind:
        case "unused_grants":
            return "every grant of the policy is needed by some workflow"
        case "shadowed_rules":
            return "no rule of the policy is implied by another one"
        case "vacuous_rules":
            return "every rule of the policy judges something in some workflow"
        case "no_agent_has":
            listed = enumerated((patterns.event(e, evidence=False) for e in body.events), "and")
            return f"no agent can do all of: {listed}"
        case "effective_at_most":
            return f"{first} may effectively do nothing that {second} may not do"
        case "policy_at_most":
            return f"the policy allows nothing that {first} does not allow"
        case "depth":
            return f"at least {body.bound} assumptions must fail together before {first} can break"
        case _:
            return f"the policy passes the check {quoted(body.kind)}"
