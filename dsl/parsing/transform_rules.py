"""Builders of policies, rules and tests, keyed by the rules of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wfcheck.dsl import syntax as s
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing.literals import Note
from wfcheck.dsl.parsing.transform_terms import fixed, is_path, only, several
from wfcheck.dsl.source import Span


def rule(
    note: Note,
    doc: str | None,
    annotations: tuple[s.Annotation, ...],
    name: s.Ident | None,
    body: s.RuleBody,
    per_session: bool | None = None,
    *,
    span: Span,
) -> s.Rule:
    """`[docs] [annotations] [name:] body [per session]`; only `allow` may go without a name."""
    if name is None and not isinstance(body, s.AllowRule):
        note(Diagnostic("WF116", "this rule has no name", body.span, help="put a name and `:` before it"))
    return s.Rule(name, body, bool(per_session), doc, annotations, span=span)


def policy(name: s.Ident, workflows: tuple[s.Expr, ...] | None, *rules: s.Rule, span: Span) -> s.PolicyDecl:
    """`policy name [for w, ..] { rules }`"""
    return s.PolicyDecl(name, workflows or (), rules, span=span)


def annotation(name: s.Ident, *values: s.Expr, span: Span) -> s.Annotation:
    """`@name(value, ...)`"""
    return s.Annotation(name, values, span=span)


def forbid(event: s.Event, condition: s.Expr | None, *, span: Span) -> s.ForbidRule:
    """`forbid EVENT [when c]`"""
    return s.ForbidRule(event, condition, None, None, None, span=span)


def forbid_after(
    event: s.Event, condition: s.Expr | None, after: s.Event, until: s.Event | None, *, span: Span
) -> s.ForbidRule:
    """`forbid EVENT [when c] after EVENT [until EVENT]`"""
    return s.ForbidRule(event, condition, after, until, None, span=span)


def forbid_for(
    event: s.Event, condition: s.Expr | None, after: s.Event, duration: s.Expr, *, span: Span
) -> s.ForbidRule:
    """`forbid EVENT [when c] after EVENT for 24h`"""
    return s.ForbidRule(event, condition, after, None, duration, span=span)


def flow(
    source: s.FlowEnd,
    target: s.FlowEnd,
    influence: s.Expr | None,
    via: tuple[s.Ident, ...] | None,
    explicit: bool | None,
    *,
    span: Span,
) -> s.FlowRule:
    """`forbid flow SRC -> DST [when influence meets SET] [except via D, ...] [explicit]`"""
    return s.FlowRule(source, target, influence, via or (), bool(explicit), span=span)


def flow_bare(value: s.Expr, by: s.Ident | None, *, span: Span) -> s.FlowEnd:
    """A tag, a field path, a tool ..; with `by` it is an event."""
    if by is None:
        return s.FlowEnd(value, span=span)
    return s.FlowEnd(s.EventCall(value, None, None, by, span=span), span=span)


def flow_call(
    name: s.Expr, arguments: tuple[s.EventArgument, ...], by: s.Ident | None, *, span: Span
) -> s.FlowEnd:
    """An event with arguments."""
    return s.FlowEnd(s.EventCall(name, arguments, None, by, span=span), span=span)


def flow_set(note: Note, *parts: s.FlowEnd | s.Via | s.Ident | None, span: Span) -> s.FlowEnd:
    """A set of plain things, or, once one has arguments or `by`, a choice of events."""
    ends, by = parts[:-1], parts[-1]
    values = [end.value if isinstance(end, s.FlowEnd) else end for end in ends]
    events = [v for v in values if isinstance(v, (s.EventCall, s.EventChoice))]
    if not events and by is None:
        return s.FlowEnd(s.SetLit(tuple(values), span=span), span=span)  # type: ignore[arg-type]
    for value in values:
        if isinstance(value, (s.Via, s.SetLit)):
            help_ = "put events and sets into separate rules"
            note(Diagnostic("WF120", "this is no event", value.span, help=help_))
    choice = tuple(_as_event(v) for v in values if not isinstance(v, (s.Via, s.SetLit)) and v is not None)
    return s.FlowEnd(s.EventChoice(choice, by if isinstance(by, s.Ident) else None, span=span), span=span)


def _as_event(value: object) -> s.Event:
    if isinstance(value, (s.EventCall, s.EventChoice)):
        return value
    assert isinstance(value, (s.Name, s.Member, s.Subscript))
    return s.EventCall(value, None, None, None, span=value.span)


def from_only(path: s.Expr, sources: tuple[s.SourceItem, ...], *, span: Span) -> s.FromOnlyRule:
    """`require ARG from only SET`"""
    return s.FromOnlyRule(s.FromOnly(path, sources, span=span), span=span)


def one_source(value: s.Expr, *, span: Span) -> tuple[s.SourceItem, ...]:
    """`from only contacts`"""
    return (s.SourceItem(value, None, span=span),)


def designated(note: Note, value: s.Expr, sources: tuple[s.SourceItem, ...], *, span: Span) -> s.FromOnly:
    """`read_file.path from only {user}` as the gate of a source."""
    if not is_path(value):
        help_ = "write an argument, such as `read_file.path from only {user}`"
        note(Diagnostic("WF120", "only the value of a path can be `from only`", value.span, help=help_))
    return s.FromOnly(value, sources, span=span)


def limit(
    kind: str,
    subject: s.Event | s.Expr,
    bound: s.Expr,
    scopes: tuple[s.Expr, ...],
    condition: s.Expr | None,
    *,
    span: Span,
) -> s.LimitRule:
    """`limit count(EVENT) <= n per SCOPE... [when c]`"""
    return s.LimitRule(kind, subject, condition, bound, scopes, span=span)


def no_agent_has(*events: s.Event, span: Span) -> s.NoAgentHas:
    """`check no agent has {EVENT, EVENT}`"""
    return s.NoAgentHas(events, span=span)


def test(title: s.TextLit, lines: tuple[s.TestLine, ...], *expected: s.Expectation, span: Span) -> s.TestDecl:
    """`test "..." { lines expectations }`"""
    return s.TestDecl(title, lines, expected, span=span)


def _subject(subject: s.Expr) -> s.Apply:
    return subject if isinstance(subject, s.Apply) else s.Apply(subject, (), span=subject.span)


def _line(verb: str, *, span: Span, at: s.TimeLit | None, **parts: object) -> s.TestLine:
    every: dict[str, object] = {"call": None, "principal": None, "to": None, "value": None, **parts}
    return s.TestLine(verb, at=at, span=span, **every)  # type: ignore[arg-type]


def test_input(principal: s.Ident, value: s.Expr, at: s.TimeLit | None, *, span: Span) -> s.TestLine:
    """`input user "..."`"""
    return _line("input", principal=principal, value=value, at=at, span=span)


def test_call(
    call: s.Apply, by: s.Ident | None, value: s.Expr | None, at: s.TimeLit | None, *, span: Span
) -> s.TestLine:
    """`call t(...) [by p] [-> value]`"""
    return _line("call", call=call, principal=by, value=value, at=at, span=span)


def test_verb(verb: str) -> Callable[..., s.TestLine]:
    """A builder of `fail`, `deny` and `approve`."""

    def build(subject: s.Expr, by: s.Ident | None, at: s.TimeLit | None, *, span: Span) -> s.TestLine:
        return _line(verb, call=_subject(subject), principal=by, at=at, span=span)

    return build


def test_message(
    source: s.Ident,
    target: s.Ident,
    arguments: tuple[s.Argument, ...] | None,
    at: s.TimeLit | None,
    *,
    span: Span,
) -> s.TestLine:
    """`message from a to b (...)`"""
    call = s.Apply(s.Name("message", span=span), arguments or (), span=span)
    return _line("message", call=call, principal=source, to=target, at=at, span=span)


def test_say(value: s.Expr, at: s.TimeLit | None, *, span: Span) -> s.TestLine:
    """`say "..."`"""
    return _line("say", value=value, at=at, span=span)


def test_mark(verb: str) -> Callable[..., s.TestLine]:
    """A builder of `session`, `run` and `end`."""
    return lambda at, *, span: _line(verb, at=at, span=span)


def rule_ref(name: s.Expr, principal: s.Ident | None = None, *, span: Span) -> s.Expr:
    """`money.approved`, `money.allow(helper)`"""
    if principal is None:
        return name
    argument = s.Argument(None, s.Name(principal.text, span=principal.span), span=principal.span)
    return s.Apply(name, (argument,), span=span)


def expect(kind: str) -> Callable[..., s.Expectation]:
    """A builder of `expect KIND RULE [at n]`."""

    def build(name: s.Expr, index: s.IntLit | None, *, span: Span) -> s.Expectation:
        return s.Expectation(kind, name, index, (), span=span)

    return build


def expect_events(kind: str) -> Callable[..., s.Expectation]:
    """A builder of `expect KIND w: EVENT, ...`."""

    def build(name: s.Expr, events: tuple[s.Event, ...], *, span: Span) -> s.Expectation:
        return s.Expectation(kind, name, None, events, span=span)

    return build


def expect_ok(*, span: Span) -> s.Expectation:
    """`expect ok`"""
    return s.Expectation("ok", None, None, (), span=span)


BUILDERS: Mapping[str, Callable[..., object]] = {
    "annotation": annotation,
    "annotations": several,
    "policy": policy,
    "policy_scope": several,
    "label": only,
    "per_session": fixed(True),
    "allow": s.AllowRule,
    "forbid": forbid,
    "forbid_after": forbid_after,
    "forbid_for": forbid_for,
    "flow": flow,
    "influence_meets": only,
    "except_via": several,
    "explicit": fixed(True),
    "flow_bare": flow_bare,
    "flow_call": flow_call,
    "from_only": from_only,
    "decision": s.DecisionRule,
    "one_source": one_source,
    "sources": several,
    "source": s.SourceItem,
    "gate": only,
    "before": s.BeforeRule,
    "after": s.AfterRule,
    "deadline": only,
    "before_end": fixed(None),
    "distinct": s.DistinctRule,
    "counted": only,
    "summed": only,
    "limit": limit,
    "scopes": several,
    "scope": only,
    "always": s.AlwaysRule,
    "check": s.CheckRule,
    "no_unused_grants": s.NoUnusedGrants,
    "no_shadowed_rules": s.NoShadowedRules,
    "no_vacuous_rules": s.NoVacuousRules,
    "no_agent_has": no_agent_has,
    "effective_at_most": s.EffectiveAtMost,
    "policy_at_most": s.PolicyAtMost,
    "depth": s.DepthAtLeast,
    "bound_operator": only,
    "for_each": s.ForEach,
    "test": test,
    "test_lines": several,
    "test_input": test_input,
    "test_call": test_call,
    "test_fail": test_verb("fail"),
    "test_approve": test_verb("approve"),
    "test_deny": test_verb("deny"),
    "test_message": test_message,
    "test_say": test_say,
    "test_session": test_mark("session"),
    "test_run": test_mark("run"),
    "test_end": test_mark("end"),
    "at": only,
    "at_event": only,
    "rule_ref": rule_ref,
    "rule_of": rule_ref,
    "expect_ok": expect_ok,
    "expect_violated": expect("violated"),
    "expect_insufficient": expect("insufficient"),
    "expect_blocked": expect("blocked"),
    "expect_blame": expect("blame"),
    "expect_reachable": expect_events("reachable"),
    "expect_unreachable": expect_events("unreachable"),
}

CHECKED: Mapping[str, Callable[..., object]] = {"rule": rule, "flow_set": flow_set, "designated": designated}
