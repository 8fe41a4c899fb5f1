"""`require decision of CALL from only SET`: nothing else may steer whether and which call is made."""

from __future__ import annotations

import attrs

from wfcheck.checker import guided
from wfcheck.checker.explanation import trail
from wfcheck.checker.label_state import Act
from wfcheck.checker.label_table import residue
from wfcheck.checker.obligation import Case, Finding, label_assumptions, possible, proved, unknown, vacuous
from wfcheck.dsl import core


def check(case: Case, body: core.Decision) -> Finding:
    """The influence on every decision to call lies within the allowed tags."""
    if any(choice.kind != "call" for choice in body.event.choices):
        return unknown("this version does not yet prove decisions about events other than calls")
    acts = [act for act in case.acts("call") if any(_matches(act, c) for c in body.event.choices)]
    if not acts:
        return vacuous("the workflow never makes such a call")
    table = case.analysis.labelling.table
    tags, releases = _allowed(body)
    permitted = table.mask(tags) | table.mask(residue(d) for d in releases)
    for act in acts:
        foreign = act.decision & table.influence & ~permitted
        if foreign:
            name = table.symbols(foreign)[0]
            text = f"`{name}` may steer whether `{act.subject}` is called"
            steps = trail(case.analysis.labelling, case.workflow, case.labels).steps(
                act, f"decides to call `{act.subject}`", foreign
            )
            starts = guided.scripts(case, [act], foreign)
            return attrs.evolve(possible(text, path=steps), starts=starts)
    return proved(*label_assumptions(case))


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
