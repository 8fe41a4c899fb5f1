"""`check META`: who answers which question about the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from wfcheck.checker.obligation import Analysis, Case, Finding, proved, unknown
from wfcheck.checker.policy import agents, effective, references, shadowed, used, vacuity
from wfcheck.checker.policy.inclusion import Exceeds, Included, Question, Undecided, included
from wfcheck.checker.policy.patterns import Comparer
from wfcheck.checker.policy.scope import in_force, lines_of
from wfcheck.checker.policy.subsume import Stated
from wfcheck.checker.policy.telling import step
from wfcheck.checker.result import Result, Verdict
from wfcheck.dsl import core

Found: TypeAlias = Callable[[str], Sequence[Result]]
"""The results of a rule, by its name, for all workflows in its scope."""


def check(analysis: Analysis, rule: core.Rule, body: core.Meta, found: Found) -> Finding:
    """PROVED, VIOLATED, or UNKNOWN with the reason."""
    program, limits = analysis.program, analysis.limits
    rules = in_force(program, rule)
    match body.kind:
        case "unused_grants":
            return used.unused(analysis, lines_of(program, rule))
        case "shadowed_rules":
            return shadowed.shadowed(program, rules, limits)
        case "vacuous_rules":
            return _vacuous(analysis, rules, found)
        case "no_agent_has":
            return _agents(analysis, rule, body)
        case "effective_at_most":
            return _first_bad(
                effective.at_most(program, group, body.names[0], body.names[1], limits)
                for group in _groups(rule, rules)
            )
        case "policy_at_most":
            return _at_most(analysis, rule, body, rules)
        case "depth":
            return _depth(body, found)
        case _:
            return unknown(f"this version does not decide `check {body.kind}`")


def _agents(analysis: Analysis, rule: core.Rule, body: core.Meta) -> Finding:
    if not rule.workflows:
        return Finding(Verdict.NOT_APPLICABLE, reason="no workflow is in the scope of this policy")
    return agents.apart(analysis, rule, body)


def _vacuous(analysis: Analysis, rules: tuple[core.Rule, ...], found: Found) -> Finding:
    workflows = analysis.program.workflows

    def verdicts(rule: core.Rule) -> list[tuple[core.Workflow, Verdict]]:
        return [(workflows[r.workflow], r.verdict) for r in found(rule.name) if r.workflow is not None]

    if not any(rule.workflows for rule in rules):
        return Finding(Verdict.NOT_APPLICABLE, reason="no workflow is in the scope of this policy")
    return vacuity.vacuous(rules, verdicts, lambda workflow, rule: Case(analysis, workflow, rule))


def _groups(check: core.Rule, rules: tuple[core.Rule, ...]) -> Iterator[tuple[core.Rule, ...]]:
    """The rules in force in each workflow, each such set once; all of them where there is no workflow."""
    sets = {tuple(r for r in rules if name in r.workflows): None for name in check.workflows}
    found = [group for group in sets if group]
    yield from found or [rules]


_RANK = (Verdict.VIOLATED, Verdict.UNKNOWN, Verdict.PROVED)


def _first_bad(findings: Iterator[Finding]) -> Finding:
    listed = list(findings)
    return min(listed, key=lambda f: _RANK.index(f.verdict)) if listed else proved()


# ---------------------------------------------------------------- depth


def _depth(body: core.Meta, found: Found) -> Finding:
    name, wanted = body.names[0], body.bound or 0
    results = list(found(name))
    if not results:
        return Finding(Verdict.NOT_APPLICABLE, reason=f"`{name}` was not checked for any workflow")
    results = [r for r in results if r.verdict is not Verdict.PROVED or r.cores != ((),)]
    if not results:
        return proved()  # nothing that is assumed could fail
    for result in results:
        if result.verdict is Verdict.VIOLATED:
            text = f"`{name}` is violated in `{result.workflow}`, so nothing defends it"
            return Finding(Verdict.VIOLATED, reason=text, path=(step(text, result.span),))
        if result.verdict is not Verdict.PROVED or result.depth is None:
            return unknown(
                f"no defence depth of `{name}` in `{result.workflow}` is known: its verdict is {result.verdict.value}"
            )
    least = min(results, key=lambda r: r.depth if r.depth is not None else 0)
    if least.depth is not None and least.depth >= wanted:
        return proved()
    cores = [", ".join(core_) for core_ in least.cores]
    text = f"`{name}` in `{least.workflow}` has depth {least.depth}: fewer assumptions than {wanted} have to fail for it to break"
    return Finding(
        Verdict.VIOLATED,
        reason=text,
        path=(step(text, least.span),),
        notes=tuple(f"it rests on {c}" for c in cores if c),
    )


# ---------------------------------------------------------------- policy at most


def _at_most(analysis: Analysis, rule: core.Rule, body: core.Meta, rules: tuple[core.Rule, ...]) -> Finding:
    written = body.names[0]
    try:
        older = references.read(written, rule.file)
    except references.UnreadableError as error:
        return unknown(f"`{written}` cannot be read: {error.reason}")
    old, compare = older.program, Comparer(analysis.program, analysis.limits.timeout / 2)
    kept = [r for r in old.rules if r.not_applicable is None and not isinstance(r.body, core.Meta)]
    open_: list[str] = []
    for one in kept:
        for group in _where(rule, old, one, rules):
            match included(Question(analysis.program, group, Stated(old, one), compare, older.by_name(one))):
                case Exceeds(witness=witness):
                    text = f"this policy allows a run that `{one.name}` of `{written}` forbids"
                    help_ = f"restore what `{one.name}` forbids, or accept the wider policy there"
                    return Finding(
                        Verdict.VIOLATED,
                        reason=text,
                        witness=witness,
                        path=(step(text, rule.span),),
                        help=help_,
                    )
                case Undecided(reason=reason):
                    open_.append(reason)
                case Included():
                    pass
    if open_:
        return unknown(open_[0], notes=tuple(dict.fromkeys(open_[1:4])))
    return proved(notes=(f"each of the {len(kept)} rules of `{written}` follows from the rules here",))


def _where(
    check: core.Rule, old: core.Program, one: core.Rule, rules: tuple[core.Rule, ...]
) -> Iterator[tuple[core.Rule, ...]]:
    """The rules in force in each workflow in scope that the older rule speaks of, each such set once."""
    everywhere = set(one.workflows) == set(old.workflows)
    names = [n for n in check.workflows if everywhere or n in one.workflows]
    sets = {tuple(r for r in rules if name in r.workflows): None for name in names}
    yield from sets or {tuple(rules): None}
