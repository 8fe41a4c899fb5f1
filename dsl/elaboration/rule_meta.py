"""`check META`: rules about the policy itself."""

from __future__ import annotations

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.expression import constant, elaborate_expression
from wfcheck.dsl.elaboration.names import did_you_mean, dotted
from wfcheck.dsl.elaboration.rule_body import RuleFrame
from wfcheck.dsl.source import Span


def check_meta(frame: RuleFrame, meta: syntax.Meta) -> core.Meta | None:
    """The core of a `check` rule."""
    match meta:
        case syntax.NoUnusedGrants():
            return core.Meta("unused_grants")
        case syntax.NoShadowedRules():
            return core.Meta("shadowed_rules")
        case syntax.NoVacuousRules():
            return core.Meta("vacuous_rules")
        case syntax.NoAgentHas(events=events):
            frame.collect(*events)
            return core.Meta("no_agent_has", tuple(frame.event(event).pattern for event in events))
        case syntax.EffectiveAtMost(lower=lower, upper=upper):
            people = (frame.person(lower), frame.person(upper))
            names = tuple(person for person in people if person is not None)
            return core.Meta("effective_at_most", names=names) if len(names) == 2 else None
        case syntax.PolicyAtMost(location=location):
            return core.Meta("policy_at_most", names=(location.value,))
        case syntax.DepthAtLeast():
            return _depth(frame, meta)


def _depth(frame: RuleFrame, meta: syntax.DepthAtLeast) -> core.Meta | None:
    name = rule_named(frame, meta.rule, frame.prefix.removesuffix("."))
    known = constant(elaborate_expression(frame.context, frame.env({}, "a depth"), meta.bound, None))
    value = None if known is None else known.value
    if meta.operator not in (">=", ">") or not isinstance(value, int) or isinstance(value, bool) or value < 0:
        frame.context.report(
            "WF545",
            "a depth is compared with `>=` and a whole number",
            meta.bound.span,
            help="write `depth(rule) >= 2`",
        )
        return None
    return None if name is None else core.Meta("depth", names=(name,), bound=value + (meta.operator == ">"))


def rule_named(frame: RuleFrame, name: syntax.Expr, policy: str | None) -> str | None:
    """The full name of a rule: `rule` of the policy at hand, `policy.rule`, `policy.allow(p)`, `builtin.x`; reported if unknown."""
    if isinstance(name, syntax.Apply):
        return _grant_rule(frame, name, policy)
    parts = dotted(name)
    if parts is None:
        frame.context.report("WF546", "a rule is named by its name", name.span, help="write `policy.rule`")
        return None
    if parts[0] == "builtin" and len(parts) == 2:
        return ".".join(parts)
    if len(parts) == 1 and policy is not None:
        return _in_policy(frame, policy, _own(frame, policy), parts[0], name.span)
    holder = name.base if isinstance(name, syntax.Member) else None
    if holder is None:
        frame.context.report("WF546", f"`{parts[0]}` names no rule", name.span, help="write `policy.rule`")
        return None
    entity = frame.context.resolve(frame.module, holder, frozenset({"policy"}), "a policy")
    if entity is None or not isinstance(entity.declaration, syntax.PolicyDecl):
        return None
    return _in_policy(frame, entity.symbol, entity.declaration, parts[-1], name.span)


def _own(frame: RuleFrame, policy: str) -> syntax.PolicyDecl | None:
    for entity in frame.context.names[frame.module].policies.values():
        if entity.symbol == policy and isinstance(entity.declaration, syntax.PolicyDecl):
            return entity.declaration
    return None


def _in_policy(
    frame: RuleFrame, policy: str, decl: syntax.PolicyDecl | None, rule: str, span: Span
) -> str | None:
    known = [] if decl is None else [r.name.text for r in decl.rules if r.name is not None]
    if rule in known:
        return f"{policy}.{rule}"
    frame.context.report(
        "WF546", f"the policy `{policy}` has no rule called `{rule}`", span, help=did_you_mean(rule, known)
    )
    return None


def _grant_rule(frame: RuleFrame, name: syntax.Apply, policy: str | None) -> str | None:
    """`policy.allow(p)`."""
    parts = dotted(name.function)
    value = name.arguments[0].value if len(name.arguments) == 1 else None
    if parts is None or parts[-1] != "allow" or not isinstance(value, syntax.Name):
        frame.context.report(
            "WF546", "a rule is named by its name", name.span, help="write `policy.rule` or `policy.allow(p)`"
        )
        return None
    person = frame.person(syntax.Ident(value.text, span=value.span))
    holder = policy
    if isinstance(name.function, syntax.Member):
        entity = frame.context.resolve(frame.module, name.function.base, frozenset({"policy"}), "a policy")
        holder = None if entity is None else entity.symbol
    return None if person is None or holder is None else f"{holder}.allow({person})"
