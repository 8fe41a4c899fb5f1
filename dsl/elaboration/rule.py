"""Policies: every rule of the surface becomes one form of the core; the `allow` lines of a principal become one rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wfcheck.dsl import core, syntax
from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.declaration_annotation import elaborate_annotations, inherited, merged
from wfcheck.dsl.elaboration.rule_body import RuleFrame, allow_lines, elaborate_body
from wfcheck.dsl.elaboration.rule_check import check_rule, heuristic
from wfcheck.dsl.source import Span


def elaborate_policy(
    context: Context,
    module: str,
    decl: syntax.PolicyDecl,
    scope: tuple[str, ...],
    given: Mapping[str, tuple[Value, ...]],
) -> tuple[core.Rule, ...]:
    """The rules of a policy; `scope`: the workflows it speaks of unless it says `for w`; `given`: its annotations, which hold for
    each rule that does not have its own. Problems go to the context."""
    entity = context.names[module].policies.get(decl.name.text)
    policy = decl.name.text if entity is None else entity.symbol
    workflows = _scope(context, module, decl, scope)
    _duplicates(context, decl)
    rules: list[core.Rule] = []
    for name, lines in _grants(context, module, decl).items():
        rules.append(_allow(context, module, f"{policy}.allow({name})", name, lines, workflows, given))
    for rule in decl.rules:
        made = _rule(context, module, policy, rule, workflows, given)
        if made is not None:
            rules.append(made)
    return tuple(sorted(rules, key=lambda rule: rule.span.start))


def _scope(context: Context, module: str, decl: syntax.PolicyDecl, scope: tuple[str, ...]) -> tuple[str, ...]:
    if not decl.workflows:
        return scope
    found: dict[str, None] = {}
    for name in decl.workflows:
        entity = context.resolve(module, name, frozenset({"workflow"}), "a workflow")
        if entity is not None:
            found[entity.symbol] = None
    return tuple(found)


def _duplicates(context: Context, decl: syntax.PolicyDecl) -> None:
    first: dict[str, Span] = {}
    for rule in decl.rules:
        if rule.name is None or isinstance(rule.body, syntax.AllowRule):
            continue
        name = rule.name.text
        if name in first:
            context.report(
                "WF501",
                f"another rule of this policy is called `{name}`",
                rule.name.span,
                labels=[(first[name], "the first one is here")],
                help="rename one of them",
            )
        first.setdefault(name, rule.name.span)


def _rule(
    context: Context,
    module: str,
    policy: str,
    rule: syntax.Rule,
    workflows: tuple[str, ...],
    given: Mapping[str, tuple[Value, ...]],
) -> core.Rule | None:
    if isinstance(rule.body, syntax.AllowRule):
        return None
    frame = RuleFrame(context, module, f"{policy}.", workflows)
    annotations = elaborate_annotations(context, rule.annotations)
    body = elaborate_body(frame, rule.body)
    if body is None:
        return None
    check_rule(context, frame.binders, body)
    name = "rule" if rule.name is None else rule.name.text
    return core.Rule(
        f"{policy}.{name}",
        body,
        rule.per_session,
        workflows,
        rule.doc,
        inherited(annotations, given),
        _inapplicable(frame),
        heuristic(body),
        module,
        span=rule.body.span if rule.name is None else rule.name.span,
    )


def _inapplicable(frame: RuleFrame) -> str | None:
    names = [f"`{name}`" for name in frame.empty]
    if not names:
        return None
    many = len(names) > 1
    return f"the open group{'s' * many} {', '.join(names)} {'are' if many else 'is'} still empty"


# ---------------------------------------------------------------- allow


def _grants(context: Context, module: str, decl: syntax.PolicyDecl) -> Mapping[str, list[syntax.Rule]]:
    found: dict[str, list[syntax.Rule]] = {}
    for rule in decl.rules:
        if isinstance(rule.body, syntax.AllowRule):
            frame = RuleFrame(context, module, "", ())
            person = frame.person(rule.body.principal)
            if person is not None:
                found.setdefault(person, []).append(rule)
    return found


def _allow(
    context: Context,
    module: str,
    name: str,
    principal: str,
    lines: Sequence[syntax.Rule],
    workflows: tuple[str, ...],
    given: Mapping[str, tuple[Value, ...]],
) -> core.Rule:
    frame = RuleFrame(context, module, "", workflows)
    body = allow_lines(
        frame, principal, [line.body for line in lines if isinstance(line.body, syntax.AllowRule)]
    )
    check_rule(context, frame.binders, body)
    annotations = [elaborate_annotations(context, line.annotations) for line in lines]
    docs = [line.doc for line in lines if line.doc is not None]
    return core.Rule(
        name,
        body,
        any(line.per_session for line in lines),
        workflows,
        "\n".join(docs) or None,
        inherited(merged(annotations), given),
        None,
        heuristic(body),
        module,
        span=lines[0].body.span,
    )
