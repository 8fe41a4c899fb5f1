"""`no shadowed rules`: a rule is shadowed if all that it turns down the others turn down anyway; a grant, if the other lines of its
rule cover all that it covers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import attrs

from wfcheck.checker.obligation import Finding, Limits, proved, unknown
from wfcheck.checker.policy.calls import any_call
from wfcheck.checker.policy.inclusion import Exceeds, Included, Question, Undecided, included
from wfcheck.checker.policy.patterns import STRANGER, Comparer
from wfcheck.checker.policy.subsume import Stated, stricter
from wfcheck.checker.policy.telling import step
from wfcheck.checker.result import Verdict
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.source import Span
from wfcheck.solver import build as b

PATIENCE = 12
"""How many questions to the solver one check may take, each as long as it may."""


@attrs.frozen
class Shadow:
    """What is shadowed, where, and by what."""

    name: str
    span: Span
    by: str


def shadowed(program: core.Program, rules: tuple[core.Rule, ...], limits: Limits) -> Finding:
    """PROVED where each rule has a run that it alone turns down; VIOLATED with the first that is shadowed."""
    compare = Comparer(program, limits.timeout / 2)
    grants = [shadow for rule in rules for shadow in shadowed_grants(rule, compare)]
    open_: list[str] = []
    found = [*grants, *_rules(program, rules, compare, open_)]
    if found:
        return _violated(found)
    return unknown(open_[0], notes=tuple(open_[1:4])) if open_ else proved()


def _violated(found: list[Shadow]) -> Finding:
    first, *rest = (f"`{shadow.name}` says nothing that {shadow.by} does not say" for shadow in found)
    return Finding(
        Verdict.VIOLATED,
        reason=first,
        path=tuple(step(f"`{shadow.name}` is shadowed by {shadow.by}", shadow.span) for shadow in found),
        notes=tuple(rest),
        help="drop it, or say what it should forbid beyond that",
    )


def _rules(
    program: core.Program, rules: tuple[core.Rule, ...], compare: Comparer, open_: list[str]
) -> Iterator[Shadow]:
    dropped: list[core.Rule] = []
    deadline = time.monotonic() + PATIENCE * compare.seconds
    for rule in reversed([r for r in rules if not isinstance(r.body, core.Allow)]):
        if time.monotonic() > deadline:
            open_.append(f"time was up before `{rule.name}` was looked at")
            continue
        others = tuple(r for r in rules if r is not rule and r not in dropped and _reaches(r, rule))
        match included(Question(program, others, Stated(program, rule), compare)):
            case Included(by=by):
                dropped.append(rule)
                yield Shadow(rule.name, rule.span, by)
            case Undecided(reason=reason):
                open_.append(reason)
            case Exceeds():
                pass


def _reaches(other: core.Rule, rule: core.Rule) -> bool:
    """Whether the other rule is in force wherever this one is."""
    return set(rule.workflows) <= set(other.workflows)


def shadowed_grants(rule: core.Rule, compare: Comparer) -> Iterator[Shadow]:
    """Lines of grants that the other lines of the rule cover; of two that say the same, the later."""
    if not isinstance(rule.body, core.Allow):
        return
    kept = [(grant, choice) for grant in rule.body.grants for choice in grant.event.choices]
    for place in range(len(kept) - 1, -1, -1):
        grant, choice = kept[place]
        others = [pair for pair in kept if pair is not kept[place]]
        if (
            others
            and choice.subjects
            and all(_covered(tool, (grant, choice), others, compare) for tool in sorted(choice.subjects))
        ):
            kept.pop(place)
            named = ", ".join(f"`{tool}`" for tool in sorted(choice.subjects))
            lines = sorted({g.span.line for g, c in others if not c.subjects.isdisjoint(choice.subjects)})
            places = ", ".join(f"line {line}" for line in lines)
            yield Shadow(
                f"{rule.name}: {named.replace('`', '')}",
                choice.span,
                f"the other grants of {named} ({places})",
            )


def _covered(
    tool: str,
    one: tuple[core.Grant, core.EventChoice],
    others: list[tuple[core.Grant, core.EventChoice]],
    compare: Comparer,
) -> bool:
    if tool not in compare.program.tools or not any(tool in choice.subjects for _, choice in others):
        return False
    call = any_call(compare.program, compare.program.tools[tool], one[1].by or STRANGER)
    granted = call.covered(_line(*one)).maybe
    rest = b.or_(*(call.covered(_line(*other)).sure for other in others))
    return compare.refuted(b.and_(call.valid, granted, b.not_(rest)))


def _line(grant: core.Grant, choice: core.EventChoice) -> core.Grant:
    return attrs.evolve(grant, event=attrs.evolve(grant.event, choices=(choice,)))


def lints(program: core.Program, seconds: float = 0.5) -> Iterator[Diagnostic]:
    """Warnings where it is certain and cheap: grants that others cover, rules that say no more than another of their policy."""
    compare = Comparer(program, seconds)
    for rule in program.rules:
        if rule.not_applicable is None and not isinstance(rule.body, core.Meta):
            for shadow in shadowed_grants(rule, compare):
                message = f"`{shadow.name}` grants nothing that {shadow.by} do not grant"
                yield Diagnostic("WF548", message, shadow.span, Severity.WARNING, help="drop it")
            for shadow in islice(_by_one_rule(program, rule, compare), 1):
                message = f"`{shadow.name}` forbids nothing that {shadow.by} does not forbid"
                yield Diagnostic(
                    "WF549",
                    message,
                    shadow.span,
                    Severity.WARNING,
                    help="drop it, or say what it should forbid beyond that",
                )


def _by_one_rule(program: core.Program, rule: core.Rule, compare: Comparer) -> Iterator[Shadow]:
    policy = rule.name.partition(".")[0]
    for other in program.rules:
        if type(other.body) is not type(rule.body):
            continue
        near = other.name.partition(".")[0] == policy and other.file == rule.file and other is not rule
        if not near or isinstance(other.body, core.Meta | core.Allow) or other.not_applicable is not None:
            continue
        strong, weak = Stated(program, other), Stated(program, rule)
        earlier = other.span.start < rule.span.start
        if (
            _reaches(other, rule)
            and stricter(strong, weak, compare)
            and (earlier or not stricter(weak, strong, compare))
        ):
            yield Shadow(rule.name, rule.span, f"`{other.name}`")
