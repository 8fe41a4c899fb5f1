"""What a guard would have to deny so that a rule about events holds: acts of agents, and what they made.

What is asked of the denied acts has to show before they happen, and nothing else may break the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.obligation import Case
from wfcheck.checker.rules import events
from wfcheck.checker.rules.continuing import obstacle
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements, subexpressions, target
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term

MEDIATED = frozenset({"call", "say", "ask", "message", "remember", "recall", "emit", "write"})
"""Kinds of events that the guard is asked about before they happen."""


@attrs.frozen
class Denials:
    """What the guard would have to deny: acts of agents, and calls of the workflow that pass on what an agent made. `names`: the
    assumptions under which nothing else breaks the rule."""

    acts: tuple[Act, ...]
    names: tuple[str, ...] = ()


def of_events(case: Case, rule: core.Rule) -> Denials | None:
    """What has to be denied so that a rule about events holds; None if denials do not keep it."""
    if not _shows_before(case.program, rule):
        return None
    judged = _judged(case, rule)
    if judged is None:
        return None
    agents = [act for act in judged if act.choice]
    own = [act for act in judged if not act.choice]
    made = [act for act in own if _of_an_agent(case, rule, act)]
    if not agents and not made:
        return None
    if len(made) == len(own) and all(handled(case, act) for act in own):
        return Denials((*agents, *own))
    excused = frozenset((act.node, act.choice) for act in agents)
    names = _nothing_else(case, rule, excused)
    return None if names is None or not agents else Denials(tuple(agents), names)


def _judged(case: Case, rule: core.Rule) -> list[Act] | None:
    """The acts that the rule judges; None if it judges what the guard is not asked about."""
    if isinstance(rule.body, core.Allow):
        monitor = compile_rule(rule, case.program)
        bound = monitor.bound if isinstance(monitor, Monitor) else frozenset()
        return [act for act in case.acts("call") if not bound.isdisjoint(act.actors)]
    pattern = _pattern(rule.body)
    if pattern is None or any(choice.kind not in MEDIATED for choice in pattern.choices):
        return None
    found: list[Act] = []
    for choice in pattern.choices:
        if choice.kind in ("emit", "write"):
            found += _touching(case, choice)
        else:
            found += events.may_be(case, core.EventPattern((choice,), span=choice.span)) or []
    return list({(act.node, act.choice): act for act in found}.values())


def _touching(case: Case, choice: core.EventChoice) -> Iterator[Act]:
    """Acts that may emit to one of the channels, or write one of the stores."""
    for act in case.acts("call", "remember"):
        tool = case.program.tools.get(act.subject or "") if act.kind == "call" else None
        places = frozenset({act.subject}) if act.kind == "remember" and act.subject else frozenset()
        if tool is not None:
            places = tool.writes if choice.kind == "write" else frozenset(e.channel for e in tool.emits)
        anywhere = act.kind == "remember" and act.subject is None
        if anywhere or (places if not choice.subjects else places & choice.subjects):
            yield act


def _pattern(body: core.RuleBody) -> core.EventPattern | None:
    match body:
        case core.Forbid(event=event) | core.Before(judged=event):
            return event
        case core.Limit(event=event, kind=kind) if kind != "bits":
            return event
        case _:
            return None


def _shows_before(program: core.Program, rule: core.Rule) -> bool:
    """Whether the events so far and the arguments decide the rule, and denials do not count as events of it."""
    body = rule.body
    if not isinstance(body, core.Allow | core.Forbid | core.Before | core.Limit):
        return False
    patterns = list(_patterns(body))
    if any(choice.kind in ("deny", "fail") for pattern in patterns for choice in pattern.choices):
        return False
    judged = [g.event for g in body.grants] if isinstance(body, core.Allow) else [_pattern(body)]
    if any(c.result is not None for pattern in judged if pattern is not None for c in pattern.choices):
        return False
    return all(_before_it_happens(program, e) for e in _conditions(body))


def _patterns(body: core.RuleBody) -> Iterator[core.EventPattern]:
    match body:
        case core.Allow(grants=grants):
            yield from (grant.event for grant in grants)
        case core.Forbid(event=event, after=after, until=until):
            yield from (p for p in (event, after, until) if p is not None)
        case core.Before(evidence=evidence, since=since, judged=judged):
            yield from (p for p in (evidence, since, judged) if p is not None)
        case core.Limit(event=event):
            yield event
        case _:
            return


def _conditions(body: core.RuleBody) -> Iterator[core.Expr]:
    match body:
        case core.Allow(grants=grants):
            yield from (g.condition for g in grants if g.condition is not None)
        case core.Forbid(condition=condition):
            yield from () if condition is None else (condition,)
        case core.Before(condition=condition, source=source):
            yield from (e for e in (condition, source) if e is not None)
        case core.Limit(condition=condition, value=value, scopes=scopes):
            yield from (e for e in (condition, value, *(s.key for s in scopes)) if e is not None)
        case _:
            return


def _before_it_happens(program: core.Program, expression: core.Expr) -> bool:
    """No result of the judged call, and no register that counts denials or failures."""
    for part in subexpressions(expression):
        if isinstance(part, core.Variable) and part.kind == "result":
            return False
        if (
            isinstance(part, core.Variable)
            and part.kind == "register"
            and _counts_denials(program, part.name)
        ):
            return False
        if isinstance(part, core.Known) and _counts_denials(program, part.register):
            return False
        if isinstance(part, core.LastEvent | core.EarlierEvent) and _denied_or_failed(part.event):
            return False
    return True


def _counts_denials(program: core.Program, register: str) -> bool:
    found = program.registers.get(register)
    return found is None or any(_denied_or_failed(update.event) for update in found.updates)


def _denied_or_failed(pattern: core.EventPattern) -> bool:
    return any(choice.kind in ("deny", "fail") for choice in pattern.choices)


# ---------------------------------------------------------------- what the workflow itself does


def _of_an_agent(case: Case, rule: core.Rule, act: Act) -> bool:
    """Whether all that the rule asks of the call's arguments is asked of values that an agent handed back, and some would do."""
    asked = _asked(rule.body)
    own = bool(asked) and act.kind == "call" and handed_back(case, act, asked)
    return own and _may_be_kept(case, rule, act)


def _may_be_kept(case: Case, rule: core.Rule, act: Act) -> bool:
    """Whether the call may happen and surely not break the rule: else it is the workflow that breaks it, whatever it was handed."""
    monitor = compile_rule(rule, case.program)
    if not isinstance(monitor, Monitor):
        return False
    prover = Prover(case)
    trace = events.trace_of(case, rule, monitor, prover.over)
    broken = list(trace.violations())
    there = [e for e in prover.over.events if (e.site, e.kind) == (act.node, "call") and e.certain]
    kept = [b.and_(e.guard, *(b.not_(v.reach) for v in broken if v.event is e)) for e in there]
    return isinstance(prover.decide(prover.over, kept), solver.Sat)


def handed_back(case: Case, act: Act, names: frozenset[str]) -> bool:
    """Whether each of these arguments is what an agent handed back, or a field of it."""
    body = case.workflow.body
    call = next((s for s in statements(body) if s.id == act.node and isinstance(s, core.Call)), None)
    given = {} if call is None else dict(call.arguments)
    return all(name in given and _from_agents(case.workflow, given[name]) for name in names)


def _from_agents(workflow: core.Workflow, expression: core.Expr) -> bool:
    """Whether the expression is a variable that nothing but agents ever bind, or a field of it."""
    while isinstance(expression, core.Field):
        expression = expression.base
    if not isinstance(expression, core.Variable) or expression.kind != "local":
        return False
    name = expression.name
    found = [s for s in statements(workflow.body) if target(s) == name]
    bound = {
        local for s in statements(workflow.body) if isinstance(s, core.Scope) for local, _ in s.parameters
    }
    given = bound | {p.name for p in workflow.parameters}
    return bool(found) and name not in given and all(isinstance(s, core.Agent) for s in found)


def _asked(body: core.RuleBody) -> frozenset[str]:
    """The arguments that a `forbid` without a history asks about; of other rules none are known to be all."""
    if not isinstance(body, core.Forbid) or body.after is not None:
        return frozenset()
    named = {name for choice in body.event.choices for name, _ in choice.tests}
    parts = () if body.condition is None else tuple(subexpressions(body.condition))
    if any(isinstance(e, core.Known | core.LastEvent | core.EarlierEvent) for e in parts):
        return frozenset()
    if any(isinstance(e, core.Variable) and e.kind != "argument" for e in parts):
        return frozenset()
    return frozenset(named | {e.name for e in parts if isinstance(e, core.Variable)})


def handled(case: Case, act: Act) -> bool:
    """Whether the workflow says what happens when the call fails."""
    return obstacle(case.program, case.workflow, act.node) is None


def _nothing_else(
    case: Case, rule: core.Rule, excused: frozenset[tuple[core.NodeId, int]]
) -> tuple[str, ...] | None:
    """The assumptions under which no act but the excused ones breaks the rule; None if that is not proved."""
    if all((act.node, act.choice) in excused for act in _judged(case, rule) or ()):
        return ()
    prover = Prover(case)
    formulas = _formulas(case, rule, prover, excused)
    if formulas is None:
        return None
    answer = prover.decide(prover.over, formulas)
    if not isinstance(answer, solver.Unsat) or contradiction(prover, answer.core) is not None:
        return None
    return answer.core


def _formulas(
    case: Case, rule: core.Rule, prover: Prover, excused: frozenset[tuple[core.NodeId, int]]
) -> Sequence[Term] | None:
    """Satisfiable if another act than the excused ones may break the rule; None where nothing can be said."""
    monitor = compile_rule(rule, case.program)
    if not isinstance(monitor, Monitor):
        return None
    trace = events.trace_of(case, rule, monitor, prover.over)
    if trace.unsupported() is not None:
        return None
    return [v.broken for v in trace.violations() if (v.event.site, v.event.choice) not in excused]
