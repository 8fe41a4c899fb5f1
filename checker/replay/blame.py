"""Why a rule was broken: the first event that left the workflow, or that broke an assumption of its proof.

If a run breaks a proved rule, such an event exists; where the record does not tell, the first place at which it does not is named, and
the blame stays with the event at which the rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import attrs

from wfcheck.checker.conformance.notes import Deviation, Doubt, Note, told
from wfcheck.checker.replay.assumptions import Broken
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.relevance import Looks, Scope
from wfcheck.checker.replay.rests import ALWAYS, Rests

UNEXPLAINED = "the proof rules this out, and no event explains it: please report this"
BY_CHANCE = "the run followed the workflow, which is proved: the values may be the same by chance"


@attrs.frozen
class Evidence:
    """What one trace shows besides the verdicts. `runs`: session and run of each event that is spoken of; `doubts` by run."""

    runs: Mapping[int, tuple[str, str]]
    broken: Sequence[Broken] = ()
    deviations: Sequence[Deviation] = ()
    doubts: Mapping[tuple[str, str], Doubt] = attrs.field(factory=dict)


@attrs.frozen(slots=False)
class View:
    """How one rule looks at the evidence. `searched`: where values came from is found by looking for them, which shows only
    that they are the same."""

    scope: Scope
    looks: Looks
    proof: Callable[[], Rests | None]
    searched: bool = False

    @cached_property
    def rests(self) -> Rests | None:
        """What its proof rests on; found out when that first matters."""
        return self.proof()

    def minds(self, assumption: str) -> bool:
        """Whether its proof rests on the assumption; of a rule without one, every assumption may matter."""
        return self.rests is None or not self.rests.proved or assumption in self.rests.names()

    def matters(self, note: Note) -> bool:
        """Whether a difference can change its verdict."""
        if note.assumption is not None and not self.minds(note.assumption):
            return False
        return note.about is None or any(self.looks(kind, name) for kind, name in note.about)


@attrs.frozen
class Fault:
    """What is to blame. `unsure`: why an earlier event may be to blame."""

    index: int
    why: str
    assumption: str | None = None
    unsure: str | None = None


def fault(first: Finding, evidence: Evidence, rule: View) -> Fault:
    """The blame for what a rule found first."""
    found = min(_faults(first, evidence, rule), key=lambda f: f.index, default=None)
    if found is not None:
        return attrs.evolve(found, why=_then(found.why, first.why))
    if rule.rests is None or not rule.rests.proved:
        return Fault(first.index, first.why)
    doubt = min(_doubts(first, evidence, rule), key=lambda d: d.index, default=None)
    if doubt is None:
        return Fault(first.index, first.why, unsure=BY_CHANCE if rule.searched else UNEXPLAINED)
    why = f"the run may have left the workflow at event {doubt.index} or later: {doubt.why}"
    return Fault(first.index, first.why, unsure=why)


def _then(cause: str, effect: str) -> str:
    return cause if cause == effect else f"{cause}; then {effect}"


def _faults(first: Finding, evidence: Evidence, rule: View) -> Iterator[Fault]:
    """Everything at fault up to the manifestation; what the proof does not rest on, and what the rule does not look at, is not."""
    run = evidence.runs[first.index]
    for broken in evidence.broken:
        if broken.index > first.index or not rule.scope.holds(evidence.runs[broken.index], run):
            continue
        late = broken.index == first.index and rule.rests is None
        if not late and rule.minds(broken.assumption):
            yield Fault(broken.index, f"`{broken.assumption}` does not hold", broken.assumption)
    for deviation in evidence.deviations:
        if deviation.index <= first.index and rule.scope.holds(deviation.run, run):
            notes = [note for note in deviation.notes if rule.matters(note)]
            if notes:
                named = next((note.assumption for note in notes if note.assumption is not None), None)
                yield Fault(deviation.index, told(notes), named)


def _doubts(first: Finding, evidence: Evidence, rule: View) -> Iterator[Doubt]:
    run = evidence.runs[first.index]
    for key, doubt in evidence.doubts.items():
        if doubt.index <= first.index and rule.scope.holds(key, run):
            yield doubt


def greyed(deviation: Deviation, rules: Sequence[View]) -> bool:
    """Whether no rule minds it."""
    return not any(rule.matters(note) for rule in rules for note in deviation.notes)


__all__ = ["ALWAYS", "UNEXPLAINED", "Evidence", "Fault", "View", "fault", "greyed"]
