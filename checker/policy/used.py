"""`no unused grants`: a grant is used if a run of some workflow makes a call that it covers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.obligation import Analysis, Case, Finding, proved, unknown
from wfcheck.checker.policy.telling import step
from wfcheck.checker.reference import registers
from wfcheck.checker.reference.interpreter import Sessions
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher as Naive
from wfcheck.checker.reference.quantify import triggers
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher, both
from wfcheck.checker.search.counterexample import Judge, search_runs
from wfcheck.dsl import core
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term

Use = Literal["used", "unused", "open"]


@attrs.frozen
class Line:
    """One event that a line of grants names."""

    rule: core.Rule
    grant: core.Grant
    choice: core.EventChoice

    @property
    def pattern(self) -> core.EventPattern:
        """It alone."""
        return attrs.evolve(self.grant.event, choices=(self.choice,))

    @property
    def words(self) -> str:
        """The grant in a few words."""
        return f"{self.rule.name}: {', '.join(sorted(self.choice.subjects)) or self.choice.kind}"


def unused(analysis: Analysis, rules: tuple[tuple[core.Rule, core.Allow], ...]) -> Finding:
    """PROVED with a run for each grant, VIOLATED with the grants that no run can use."""
    if not rules:
        return Finding(Verdict.NOT_APPLICABLE, reason="there are no grants")
    lines = [Line(rule, g, c) for rule, body in rules for g in body.grants for c in g.event.choices]
    found = [(line, use_of(analysis, line)) for line in lines]
    idle = [line for line, use in found if use == "unused"]
    if idle:
        return _violated(idle)
    open_ = [line.words for line, use in found if use == "open"]
    if open_:
        named = ", ".join(f"`{words}`" for words in open_[:5])
        return unknown(f"no run was found that uses {named}, and none could be ruled out")
    return proved()


def _violated(idle: list[Line]) -> Finding:
    return Finding(
        Verdict.VIOLATED,
        reason=f"no run of any workflow in scope makes a call that `{idle[0].words}` grants",
        path=tuple(step(f"`{line.words}` is never used", line.choice.span) for line in idle),
        help="drop the grant: what nobody needs is only there to be misused",
    )


def use_of(analysis: Analysis, line: Line) -> Use:
    """Whether some run of a workflow in scope of the grant's rule makes a call that the grant covers."""
    monitor = compile_rule(line.rule, analysis.program)
    if not isinstance(monitor, Monitor):
        return "open"
    cases = [Case(analysis, analysis.program.workflows[name], line.rule) for name in line.rule.workflows]
    left = [case for case in cases if not _never(case, line, monitor)]
    if not left:
        return "unused" if cases else "open"
    return "used" if any(_sometimes(case, line, monitor) for case in left) else "open"


def _never(case: Case, line: Line, monitor: Monitor) -> bool:
    """No run of the workflow makes such a call, for sure."""
    acts = [act for act in case.acts("call") if not monitor.bound.isdisjoint(act.actors)]
    if not any(not line.choice.subjects or act.subject in line.choice.subjects for act in acts):
        return True
    prover = Prover(case)
    answer = prover.decide(prover.over, list(_covered(prover, line, monitor)))
    return isinstance(answer, solver.Unsat) and contradiction(prover, answer.core) is None


def _covered(prover: Prover, line: Line, monitor: Monitor) -> Iterator[Term]:
    matcher = Matcher(prover.case.program, prover.over.notes)
    for event in prover.over.events:
        if event.kind != "call" or monitor.bound.isdisjoint(event.actors):
            continue
        for match in matcher.matches(line.pattern, event, evidence=False):
            yield both(match.truth, matcher.holds(line.grant.condition, event, match.binders)).maybe


def _sometimes(case: Case, line: Line, monitor: Monitor) -> bool:
    """A run of the interpreter makes one."""
    seconds = case.analysis.limits.timeout / 2
    judge = _judge(case.program, line, monitor)
    return search_runs(case.program, case.workflow, line.rule, judge, seconds=seconds) is not None


def _judge(program: core.Program, line: Line, monitor: Monitor) -> Judge:
    def judge(done: Sessions) -> int | None:
        log = Log(program, done.events, done.trees)
        naive = Naive(log, line.rule.per_session, registers.fold(log)[0])
        first = done.runs[-1].events[0].seq if done.runs[-1].events else 0
        for index, event in enumerate(done.events):
            if index < first or event.kind != "call" or event.actor not in monitor.bound:
                continue
            if any(m.truth is True for m in triggers(naive, line.pattern, line.grant.condition, index)):
                return index
        return None

    return judge
