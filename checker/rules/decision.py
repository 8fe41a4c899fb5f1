"""`require decision of CALL from only SET`: nothing else may steer whether and which call is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from wfcheck.checker.explanation import shown_by, trail
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import residue
from wfcheck.checker.labels.tree import union
from wfcheck.checker.obligation import Case, Finding, possible, proved, unknown, vacuous
from wfcheck.checker.proof import Inspected
from wfcheck.checker.result import PathStep
from wfcheck.checker.rules import events
from wfcheck.checker.rules.excused import excused
from wfcheck.checker.search import guided
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core


def check(case: Case, body: core.Decision) -> Finding:
    """The influence on every decision to call lies within the allowed tags."""
    acts = _acts(case, body)
    if acts is None:
        return unknown("whether such an event happens is not decided by one statement")
    if not acts:
        return vacuous("the workflow never makes such a call")
    steered = next(_foreign(case, body), None)
    if steered is not None:
        return _steered(case, *steered)
    return proved(proof=Inspected("labels", lambda other: not any(_foreign(other, body))))


def steered(case: Case, body: core.Decision) -> list[tuple[Act, int]]:
    """The calls that something else may steer, and the bits of what does."""
    return list(_foreign(case, body))


def _foreign(case: Case, body: core.Decision) -> Iterator[tuple[Act, int]]:
    """The calls that something else may steer, and what."""
    plain = excused(case, (s.end for s in body.sources if s.when is None and s.designated is None))
    table, known = plain.analysis.labelling.table, case.analysis.labelling.table
    tags, releases = _allowed(body)
    permitted = table.mask(tags) | table.mask(residue(d) for d in releases)
    for act in _acts(plain, body) or ():
        foreign = (act.decision | _told_apart(act, body)) & table.influence & ~permitted
        if foreign:
            yield case.labels.acts[act.node, act.choice], known.mask(table.symbols(foreign)) or foreign


def _acts(case: Case, body: core.Decision) -> list[Act] | None:
    """What may be such an event; None where no act of the workflow is one by itself."""
    calls = [c for c in body.event.choices if c.kind == "call"]
    others = tuple(c for c in body.event.choices if c.kind != "call")
    rest = events.may_be(case, core.EventPattern(others, span=body.event.span)) if others else []
    if rest is None:
        return None
    return [act for act in case.acts("call") if any(_matches(act, c) for c in calls)] + rest


def _steered(case: Case, act: Act, foreign: int) -> Finding:
    """Something else may steer the call: what, on which way, and runs in which it may be seen."""
    labelling = case.analysis.labelling

    def account(mask: int, run: Sequence[Event] = ()) -> tuple[str, tuple[PathStep, ...]]:
        text = f"`{labelling.table.symbols(mask & -mask)[0]}` may steer whether `{act.subject}` is called"
        found = trail(labelling, case.workflow, case.labels, run)
        return text, found.steps(act, f"decides to call `{act.subject}`", mask)

    def account_of(run: Sequence[Event]) -> tuple[str, tuple[PathStep, ...]] | None:
        mask = shown_by(labelling.table, run[-1], foreign)
        return account(mask, run) if run[-1].tool == act.subject else None

    text, path = account(foreign)
    starts = guided.scripts(case, [act], foreign)
    return attrs.evolve(possible(text, path=path), starts=starts, account=account_of)


def _told_apart(act: Act, body: core.Decision) -> int:
    """The labels of the arguments that the rule tells calls apart by: what shapes them steers which call is made."""
    names = {name for choice in body.event.choices if _matches(act, choice) for name, _ in choice.tests}
    return union(tree for name, tree in act.arguments.items() if name in names)


def _matches(act: Act, choice: core.EventChoice) -> bool:
    """The act may be such an event; tests of its arguments may always hold."""
    named = not choice.subjects or act.subject in choice.subjects
    return named and choice.by in (None, act.actor)


def _allowed(body: core.Decision) -> tuple[frozenset[str], frozenset[str]]:
    """Tags, and releases; a source that is gated or is no tag allows nothing here."""
    tags: set[str] = set()
    releases: set[str] = set()
    for source in body.sources:
        if source.when is None and source.designated is None:
            releases |= source.via
            if isinstance(source.end, core.TagEnd):
                tags |= source.end.tags
            elif isinstance(source.end, core.PrincipalEnd):
                tags.add(source.end.principal)
    return frozenset(tags), frozenset(releases)
