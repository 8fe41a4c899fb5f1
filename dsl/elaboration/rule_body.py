"""The bodies of rules about events: allow, forbid, require before and after, distinct, limit, always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import item_of
from wfcheck.dsl.elaboration.context import Context, Env, EventScope
from wfcheck.dsl.elaboration.event import Events, binders_of, flatten
from wfcheck.dsl.elaboration.event_subject import Subjects
from wfcheck.dsl.elaboration.expression import constant, elaborate_condition, elaborate_expression
from wfcheck.dsl.elaboration.frame import resolve_ref
from wfcheck.dsl.elaboration.pattern import Place
from wfcheck.dsl.elaboration.rule_judged import judged_fields, projected
from wfcheck.dsl.types import ANY, DURATION, show
from wfcheck.dsl.walk import rewrite


@attrs.define
class RuleFrame:
    """What elaborating one rule needs. `binders` are set once all events are known; `empty` collects open groups without members.
    `prefix` is the policy with a dot; `workflows` are those in scope."""

    context: Context
    module: str
    prefix: str
    workflows: tuple[str, ...]
    binders: dict[str, core.Expr] = attrs.field(factory=dict)
    empty: dict[str, None] = attrs.field(factory=dict)

    def collect(self, *events: syntax.Event | None) -> None:
        """Makes the binders of the events known to all of them."""
        self.binders |= binders_of(self.context, self.module, events, known=self.binders)

    def event(self, event: syntax.Event, bound: Mapping[str, core.Expr] | None = None) -> EventScope:
        return Events(self.context, self.module, self.binders, self.empty).elaborate(event, bound)

    def maybe(self, event: syntax.Event | None) -> core.EventPattern | None:
        return None if event is None else self.event(event).pattern

    def env(self, names: Mapping[str, core.Expr], what: str = "a condition of a rule") -> Env:
        return Env(self.module, names={**self.binders, **names}, rule=True, what=what)

    def condition(self, condition: syntax.Expr | None, names: Mapping[str, core.Expr]) -> core.Expr | None:
        if condition is None:
            return None
        return elaborate_condition(self.context, self.env(names), condition)

    def about(
        self,
        condition: syntax.Expr | None,
        scope: EventScope,
        bound: Mapping[str, core.Expr] | None = None,
    ) -> core.Expr | None:
        """A condition about the judged event: over its arguments, also as `tool.argument`."""
        if condition is None:
            return None
        fields = judged_fields(self.context, self.module, scope, condition)
        found = self.condition(condition, {**fields, **scope.names, **(bound or {})})
        return None if found is None else rewrite(found, projected)

    def person(self, name: syntax.Ident) -> str | None:
        entity = resolve_ref(self.context, self.module, name, frozenset({"principal"}), "a principal")
        return None if entity is None else entity.symbol

    def subjects(self) -> Subjects:
        return Subjects(self.context, self.module, self.empty, Place(self.context, self.module, self.binders))

    def time(self, duration: syntax.Expr | None) -> timedelta | None:
        """A constant duration longer than nothing; None after a report, or when there is none."""
        if duration is None:
            return None
        env = self.env({}, "a duration")
        known = constant(elaborate_expression(self.context, env, duration, DURATION))
        if known is not None and isinstance(known.value, timedelta) and known.value > timedelta():
            return known.value
        self.context.report(
            "WF521", "a duration longer than nothing is wanted here", duration.span, help="write `24h`"
        )
        return None

    def within(self, within: syntax.Within | None) -> tuple[int | None, timedelta | None]:
        """`within n steps` or `within 24h`."""
        if within is None:
            return None, None
        return (None if within.steps is None else self.whole(within.steps)), self.time(within.duration)

    def whole(self, number: syntax.Expr) -> int:
        """A constant whole number of at least 1, or 1 after a report."""
        known = constant(elaborate_expression(self.context, self.env({}, "a number"), number, None))
        value = None if known is None else known.value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.context.report(
            "WF521",
            "a constant whole number of at least 1 is wanted here",
            number.span,
            help="write a number",
        )
        return 1


def elaborate_body(frame: RuleFrame, body: syntax.RuleBody) -> core.RuleBody | None:
    """The core of a rule; None after a report. `allow` lines come in bundles, see `allow_lines`."""
    from wfcheck.dsl.elaboration.rule_flow import decision_rule, flow_rule, from_only_rule
    from wfcheck.dsl.elaboration.rule_limit import limit_rule
    from wfcheck.dsl.elaboration.rule_meta import check_meta

    match body:
        case syntax.AllowRule():
            return None
        case syntax.ForbidRule():
            return _forbid(frame, body)
        case syntax.FlowRule():
            return flow_rule(frame, body)
        case syntax.FromOnlyRule(claim=claim):
            return from_only_rule(frame, claim)
        case syntax.DecisionRule():
            return decision_rule(frame, body)
        case syntax.BeforeRule():
            return _before(frame, body)
        case syntax.AfterRule():
            return _after(frame, body)
        case syntax.DistinctRule():
            return _distinct(frame, body)
        case syntax.LimitRule():
            return limit_rule(frame, body)
        case syntax.AlwaysRule():
            return _always(frame, body)
        case syntax.CheckRule(meta=meta):
            return check_meta(frame, meta)


def allow_lines(frame: RuleFrame, principal: str, lines: Sequence[syntax.AllowRule]) -> core.Allow:
    """All grants of one principal; the condition of a line is about each of its calls. A call outside is what breaks the
    rule, so that a group without members grants nothing."""
    grants = []
    binders: dict[str, core.Expr] = {}
    for line in lines:
        for call in (call for event in line.calls for call in flatten(event)):
            frame.binders = {}
            frame.collect(call)
            binders |= frame.binders
            scope = frame.event(call)
            for choice in scope.pattern.choices:
                if choice.kind not in ("call", "read", "emit", "write"):
                    _no_grant(frame, call)
            condition = frame.about(line.condition, scope)
            grants.append(core.Grant(scope.pattern, condition, span=call.span))
    frame.binders = binders
    return core.Allow(principal, tuple(grants))


def _no_grant(frame: RuleFrame, call: syntax.EventCall) -> None:
    frame.context.report(
        "WF522",
        "`allow` grants calls, and this is something else",
        call.span,
        help="name a tool, a group of tools, or `call(effect: read)`",
    )


def _forbid(frame: RuleFrame, rule: syntax.ForbidRule) -> core.Forbid:
    frame.collect(rule.event, rule.after, rule.until)
    scope = frame.event(rule.event)
    return core.Forbid(
        scope.pattern,
        frame.about(rule.condition, scope),
        frame.maybe(rule.after),
        frame.maybe(rule.until),
        frame.time(rule.duration),
    )


def _each(
    frame: RuleFrame, each: syntax.ForEach | None, scope: EventScope
) -> tuple[str | None, core.Expr | None, dict[str, core.Expr]]:
    """`for each x in xs`: the binder, the list (over the judged call's arguments), and the name."""
    if each is None:
        return None, None, {}
    names = {**judged_fields(frame.context, frame.module, scope, each.source), **scope.names}
    written = elaborate_expression(frame.context, frame.env(names, "a list of a rule"), each.source, None)
    source = rewrite(written, projected)
    item = item_of(source.type)
    if item is None:
        frame.context.report(
            "WF523",
            f"`for each` goes through a list, and this is {show(source.type)}",
            each.source.span,
            help="name an argument that is a list",
        )
    name = each.name
    bound = core.Variable(name.text, "bound", item or ANY, span=name.span)
    return name.text, source, {name.text: bound}


def _before(frame: RuleFrame, rule: syntax.BeforeRule) -> core.Before:
    frame.collect(rule.judged, rule.evidence, rule.since)
    judged = frame.event(rule.judged)
    binder, source, bound = _each(frame, rule.each, judged)
    evidence = frame.event(rule.evidence, bound)
    steps, time = frame.within(rule.within)
    return core.Before(
        evidence.pattern,
        None if rule.since is None else frame.event(rule.since, bound).pattern,
        judged.pattern,
        binder,
        source,
        frame.about(rule.condition, judged, bound),
        steps,
        time,
    )


def _after(frame: RuleFrame, rule: syntax.AfterRule) -> core.After:
    frame.collect(rule.judged, rule.evidence)
    judged = frame.event(rule.judged)
    binder, source, bound = _each(frame, rule.each, judged)
    evidence = frame.event(rule.evidence, bound)
    steps, time = frame.within(rule.within)
    condition = frame.about(rule.condition, judged, bound)
    return core.After(evidence.pattern, judged.pattern, binder, source, condition, steps, time)


def _distinct(frame: RuleFrame, rule: syntax.DistinctRule) -> core.Distinct | None:
    frame.collect(*rule.events)
    events = tuple(frame.event(event).pattern for event in rule.events)
    if len(events) > 1:
        return core.Distinct(events)
    frame.context.report(
        "WF524",
        "distinct principals are wanted for one event only",
        rule.span,
        help="name two events or more",
    )
    return None


def _always(frame: RuleFrame, rule: syntax.AlwaysRule) -> core.Always:
    if rule.event is None:
        return core.Always(elaborate_condition(frame.context, frame.env({}), rule.condition), None)
    frame.collect(rule.event)
    scope = frame.event(rule.event)
    condition = frame.about(rule.condition, scope)
    assert condition is not None
    return core.Always(condition, scope.pattern)
