"""`limit count|consecutive|bits|sum|distinct (...) <= n per SCOPE [per SCOPE]`."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import scalar
from wfcheck.dsl.elaboration.context import EventScope
from wfcheck.dsl.elaboration.expression import constant, elaborate_expression
from wfcheck.dsl.elaboration.rule_body import RuleFrame
from wfcheck.dsl.elaboration.rule_judged import projected, qualified, tools_in
from wfcheck.dsl.types import ANY, AnyType, base, show
from wfcheck.dsl.walk import rewrite

FIXED = ("run", "session", "turn")


def limit_rule(frame: RuleFrame, rule: syntax.LimitRule) -> core.Limit | None:
    """The core of a limit; its event is, for `sum` and `distinct`, a call of the tool that the expression names."""
    if isinstance(rule.subject, syntax.EventCall | syntax.EventChoice):
        frame.collect(rule.subject)
        scope, value = frame.event(rule.subject), None
        if rule.kind == "bits" and any(c.kind != "release" for c in scope.pattern.choices):
            frame.context.report(
                "WF541",
                "`bits` counts what releases let through",
                rule.subject.span,
                help="write `bits(release(d))`",
            )
    else:
        event = _event(frame, rule.subject)
        if event is None:
            return None
        scope = event
        value = _value(frame, scope, rule.subject)
        if rule.kind == "sum":
            _summable(frame, value)
    condition = frame.about(rule.condition, scope)
    scopes = tuple(_scope(frame, scope, item) for item in rule.scopes)
    bound = _bound(frame, rule.bound)
    return core.Limit(_kind(rule.kind), scope.pattern, value, condition, bound, scopes)


def _kind(kind: str) -> core.LimitKind:
    match kind:
        case "count" | "consecutive" | "bits" | "sum" | "distinct":
            return kind
        case _:
            raise AssertionError(kind)


def _bound(frame: RuleFrame, bound: syntax.Expr) -> Fraction:
    known = constant(elaborate_expression(frame.context, frame.env({}, "a limit"), bound, None))
    value = None if known is None else known.value
    if isinstance(value, int | Fraction) and not isinstance(value, bool) and value >= 0:
        return Fraction(value)
    frame.context.report(
        "WF542", "a limit is a constant number that is not negative", bound.span, help="write a number"
    )
    return Fraction(0)


def _summable(frame: RuleFrame, value: core.Expr) -> None:
    if scalar(value.type) in ("int", "decimal", "duration") or isinstance(base(value.type), AnyType):
        return
    frame.context.report(
        "WF543", f"`sum` adds numbers, and this is {show(value.type)}", value.span, help="name a number"
    )


# ---------------------------------------------------------------- tools in expressions


def _event(frame: RuleFrame, expression: syntax.Expr) -> EventScope | None:
    """A call of the one tool (or group) that an expression names."""
    roots = {path.entity.symbol: path for path in tools_in(frame.context, frame.module, expression)}
    if len(roots) == 1:
        (root,) = roots.values()
        call = syntax.EventCall(root.root, None, None, None, span=root.span)
        return frame.event(call)
    frame.context.report(
        "WF540",
        "this expression speaks of several tools" if roots else "this expression does not say of which tool",
        expression.span,
        help="write `tool.argument`, with one tool",
    )
    return None


def _value(frame: RuleFrame, scope: EventScope, expression: syntax.Expr) -> core.Expr:
    """The expression over the arguments of the judged call, where `refund.amount` is the argument `amount`."""
    names = {**scope.names, **qualified(frame.context, frame.module, scope, expression)}
    env = frame.env(names, "a limit")
    return rewrite(elaborate_expression(frame.context, env, expression, None), projected)


# ---------------------------------------------------------------- scopes


def _scope(frame: RuleFrame, scope: EventScope, item: syntax.Expr) -> core.ScopeKey:
    match item:
        case syntax.Name(text="run"):
            return core.ScopeKey("run", None, None)
        case syntax.Name(text="session"):
            return core.ScopeKey("session", None, None)
        case syntax.Name(text="turn"):
            return core.ScopeKey("turn", None, None)
        case syntax.DurationLit():
            return core.ScopeKey("window", frame.time(item) or timedelta(days=1), None)
        case _:
            return core.ScopeKey("key", None, _key(frame, scope, item))


def _key(frame: RuleFrame, scope: EventScope, item: syntax.Expr) -> core.Expr:
    judged = {s for choice in scope.pattern.choices for s in choice.subjects if choice.kind == "call"}
    for path in tools_in(frame.context, frame.module, item):
        if not judged <= path.tools:
            frame.context.report(
                "WF544",
                "the limit counts other calls than the ones this field belongs to",
                item.span,
                help=f"name a field of the counted call, or one of {', '.join(FIXED)}",
            )
            return core.Literal(None, ANY, span=item.span)
    return _value(frame, scope, item)
