"""`no agent has {EVENT, ...}`: no agent region, and no principal of kind agent over all its regions in one run, can do all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.tree import union
from wfcheck.checker.obligation import Analysis, Case, Finding, proved, unknown
from wfcheck.checker.policy.telling import step
from wfcheck.checker.reference import registers
from wfcheck.checker.reference.interpreter import Sessions
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher as Naive
from wfcheck.checker.result import Verdict, Witness
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.search import guided
from wfcheck.checker.search.counterexample import Judge, search_runs
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements
from wfcheck.solver import verdict as solver


@attrs.frozen
class Party:
    """An agent region, or all regions of one principal, in one workflow."""

    case: Case
    name: str
    steps: frozenset[str]

    @property
    def acts(self) -> list[Act]:
        """What it may do, and the regions themselves."""
        acts = self.case.labels.acts.values()
        return [a for a in acts if a.agent in self.steps or (a.kind == "agent" and a.subject in self.steps)]


def apart(analysis: Analysis, check: core.Rule, body: core.Meta) -> Finding:
    """PROVED, VIOLATED with a run in which one does all of it, or UNKNOWN."""
    open_: list[str] = []
    parties = 0
    for name in check.workflows:
        case = Case(analysis, analysis.program.workflows[name], None)
        for party in _parties(case):
            parties += 1
            if any(_cannot(party, pattern) for pattern in body.events):
                continue
            witness = _run(party, body.events)
            if witness is not None:
                return _violated(party, witness)
            open_.append(f"{party.name} in `{name}` may do all of it, and no run was found in which it does")
    if open_:
        return unknown(open_[0], notes=tuple(open_[1:4]))
    found = proved("complete-mediation", "tool-effects")
    return found if parties else attrs.evolve(found, reason="no agent runs in the workflows in scope")


def _violated(party: Party, witness: Witness) -> Finding:
    text = f"{party.name} does all of it in one run of `{party.case.workflow.symbol}`"
    return Finding(
        Verdict.VIOLATED,
        assumptions=(),
        reason=text,
        witness=witness,
        path=(step(text, party.case.workflow.span),),
        help="take one of them away from it (`may`), or give them to two agents that do not share what they read",
    )


def _parties(case: Case) -> Iterator[Party]:
    regions = case.acts("agent")
    owners: dict[str, set[str]] = {}
    for act in regions:
        owner = _owner(case, act)
        kind = case.program.principals.get(owner)
        if kind is not None and kind.kind == "agent":
            owners.setdefault(owner, set()).add(act.subject or "")
    for who, steps in owners.items():
        yield Party(case, f"`{who}`", frozenset(steps))
    grouped = {s for steps in owners.values() for s in steps}
    for act in regions:
        if act.subject not in grouped:
            yield Party(case, f"the agent `{act.subject}`", frozenset({act.subject or ""}))


def _owner(case: Case, act: Act) -> str:
    """Who acts in the region: whom it is delegated to, or the one that starts it."""
    region = next(s for s in statements(case.workflow.body) if s.id == act.node)
    assert isinstance(region, core.Agent)
    return region.principal or act.actor


# ---------------------------------------------------------------- what it cannot do


def _cannot(party: Party, pattern: core.EventPattern) -> bool:
    reads = [c for c in pattern.choices if c.kind == "read"]
    rest = [c for c in pattern.choices if c.kind != "read"]
    if any(_may_read(party, choice) for choice in reads):
        return False
    return not rest or _never(party, attrs.evolve(pattern, choices=tuple(rest)))


def _may_read(party: Party, choice: core.EventChoice) -> bool:
    """Whether something with such a tag may come to it: as a result, an answer, or in its context."""
    program, table = party.case.program, party.case.analysis.labelling.table
    mask = (
        table.mask(tag for tag in choice.subjects if tag in program.tags)
        if choice.subjects
        else table.every_tag
    )
    for act in party.acts:
        tool = program.tools.get(act.subject or "") if act.kind == "call" else None
        declared = tool is not None and any(
            not choice.subjects or r.tags & choice.subjects for r in tool.returns
        )
        labelled = act.result.every & mask
        shown = union(act.arguments.values()) & mask if act.kind == "agent" else 0
        if declared or labelled or shown:
            return True
    return False


def _never(party: Party, pattern: core.EventPattern) -> bool:
    """No run has such an event of its regions, for sure."""
    sites = {act.node for act in party.acts}
    prover = Prover(party.case)
    matcher = Matcher(party.case.program, prover.over.notes)
    events = [e for e in prover.over.events if e.site in sites]
    found = [m.truth.maybe for e in events for m in matcher.matches(pattern, e, evidence=False)]
    if not found:
        return True
    answer = prover.decide(prover.over, found)
    return isinstance(answer, solver.Unsat) and contradiction(prover, answer.core) is None


# ---------------------------------------------------------------- a run in which it does


def _run(party: Party, patterns: Sequence[core.EventPattern]) -> Witness | None:
    case = party.case
    seconds = case.analysis.limits.timeout / 2
    starts = guided.plain(case)
    return search_runs(
        case.program, case.workflow, None, _judge(party, patterns), seconds=seconds, starts=starts
    )


def _judge(party: Party, patterns: Sequence[core.EventPattern]) -> Judge:
    program = party.case.program

    def judge(done: Sessions) -> int | None:
        log = Log(program, done.events, done.trees)
        naive = Naive(log, False, registers.fold(log)[0])
        first = done.runs[-1].events[0].seq if done.runs[-1].events else 0
        own = [
            i
            for i, e in enumerate(done.events)
            if i >= first and (e.agent in party.steps or _begins(party, e))
        ]
        hits = [
            next((i for i in own if _is(naive, pattern, i, done.events[i])), None) for pattern in patterns
        ]
        return None if None in hits else max(i for i in hits if i is not None)

    return judge


def _begins(party: Party, event: Event) -> bool:
    return event.kind == "step" and event.step in party.steps


def _is(naive: Naive, pattern: core.EventPattern, index: int, event: Event) -> bool:
    if any(_shown(choice, event) for choice in pattern.choices):
        return True
    return any(naive.holds(pattern, index, evidence=moment) is True for moment in (False, True))


def _shown(choice: core.EventChoice, event: Event) -> bool:
    """The context of a region is read."""
    tags = set((event.argument_labels or {}).get("context", ()))
    return (
        choice.kind == "read"
        and event.kind == "step"
        and bool(tags & choice.subjects if choice.subjects else tags)
    )
