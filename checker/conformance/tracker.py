"""Conformance of a trace, one event at a time: each run of each session against all workflows that it may be a run of."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conformance.facts import Facts
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.notes import EXTRA, Deviation, Doubt, Key, Note
from wfcheck.checker.conformance.search import explain
from wfcheck.checker.conformance.settle import TooManyWaysError, settle
from wfcheck.checker.conformance.stack import Config, Ended, Over
from wfcheck.checker.replay.view import View

MOST = 100
"""Deviations of one run after which it is not followed any further."""


@attrs.define
class RunState:
    """One run so far. `lost`: from there on it is not followed; its text says why. `strays`: calls that the
    workflow does not have, and that have not returned."""

    configs: tuple[Config, ...]
    deviations: int = 0
    lost: Doubt | None = None
    strays: set[str] = attrs.field(factory=set)
    unrecorded: set[tuple[Key, ...] | None] = attrs.field(factory=set)

    def told(self, notes: tuple[Note, ...]) -> bool:
        """Whether these are nothing but what this host does not record, as was said before."""
        if not all(note.soft for note in notes):
            return False
        known = all(note.about in self.unrecorded for note in notes)
        if len(self.unrecorded) < MOST:
            self.unrecorded.update(note.about for note in notes)
        return known

    @property
    def doubt(self) -> Doubt | None:
        """The first event at which the record left open whether the run was one of the workflow."""
        if self.lost is not None:
            return self.lost
        doubts = [config.doubt for config in self.configs]
        return min((d for d in doubts if d), key=lambda d: d.index) if doubts and all(doubts) else None

    @property
    def workflows(self) -> frozenset[str]:
        """What it may be a run of."""
        return frozenset(config.workflow.symbol for config in self.configs)


@attrs.define
class Tracker:
    """All runs of one trace."""

    model: Model
    runs: dict[tuple[str, str], RunState] = attrs.field(factory=dict)
    finished: dict[str, set[str]] = attrs.field(factory=dict)
    facts: Facts = attrs.field(init=False)
    limited: bool = False  # some workflow runs once per session

    def __attrs_post_init__(self) -> None:
        self.facts = Facts.of(self.model.program, "remember" not in self.model.hidden)
        self.limited = any(w.once_per_session for w in self.model.program.workflows.values())

    def step(self, view: View) -> Iterator[Deviation]:
        """Take an event in; what it breaks, and how it leaves the workflow."""
        key = (view.session, view.run)
        yield from (Deviation(view.index, key, (note,)) for note in self.facts.see(view))
        state = self.runs.get(key)
        if state is None or (not view.run and _over(state)):
            state = self.runs[key] = self._fresh(view)
        if state.lost is not None or _returned(state, view):
            return
        try:
            found = explain(self.model, self._ways(state, view), view)
        except TooManyWaysError as error:
            state.lost = Doubt(view.index, str(error))
            return
        state.configs = found.configs
        self._count(state, view)
        if (
            view.kind == "call"
            and any(note.cost == EXTRA for note in found.notes)
            and len(state.strays) < MOST
        ):
            state.strays.add(view.event.call or view.name)
        if found.notes and not state.told(found.notes):
            state.deviations += not all(note.soft for note in found.notes)
            yield Deviation(view.index, key, found.notes)
        if state.deviations >= MOST:
            state.lost = Doubt(view.index, "the run has left the workflow for good")

    def _ways(self, state: RunState, view: View) -> tuple[Config, ...]:
        """Where runs are not told apart, the next may begin with an input when one may be over."""
        if (
            view.run
            or view.kind != "input"
            or not any(isinstance(config.stack, Ended) for config in state.configs)
        ):
            return state.configs
        return (*state.configs, *self._fresh(view).configs)

    def _fresh(self, view: View) -> RunState:
        gone = self.finished.get(view.session, set())
        starts = [
            c for c in self.model.starts() if not (c.workflow.once_per_session and c.workflow.symbol in gone)
        ]
        try:
            return RunState(tuple(settle(self.model, starts, view.index)))
        except TooManyWaysError as error:
            return RunState((), lost=Doubt(view.index, str(error)))

    def _count(self, state: RunState, view: View) -> None:
        """Workflows that run once per session, once it is sure that they run."""
        if not self.limited:
            return
        symbols = state.workflows
        if len(symbols) == 1:
            self.finished.setdefault(view.session, set()).update(symbols)


def _returned(state: RunState, view: View) -> bool:
    """Whether the event is what came of a call that the workflow does not have."""
    name = view.event.call or view.name
    if view.kind not in ("result", "fail", "deny") or name not in state.strays:
        return False
    state.strays.discard(name)
    return True


def _over(state: RunState) -> bool:
    return bool(state.configs) and all(isinstance(config.stack, Over) for config in state.configs)
