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
class Group:
    """One run as a run of one workflow: all ways in which it may stand, and the weight of all differences so far. `latest`: the index
    of the last event, and where the run stood when it happened."""

    configs: tuple[Config, ...]
    hard: int = 0
    soft: int = 0
    notes: tuple[Note, ...] = ()
    latest: tuple[int, tuple[Config, ...]] = (-1, ())

    @property
    def cost(self) -> tuple[int, int]:
        """What hosts often do not record weighs less than anything else."""
        return self.hard, self.soft

    def step(self, model: Model, configs: tuple[Config, ...], view: View) -> None:
        """Take an event in. Raises TooManyWaysError."""
        found = explain(model, configs, view)
        self.configs, self.notes = found.configs, found.notes
        self.latest = (view.index, found.places)
        self.hard += sum(note.cost for note in found.notes if not note.soft)
        self.soft += sum(note.cost for note in found.notes if note.soft)


@attrs.define
class RunState:
    """One run so far, as a run of each workflow that it may be one of. `lost`: from there on it is not followed; its text says why.
    `strays`: calls that the workflow does not have, and that have not returned."""

    groups: tuple[Group, ...]
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
    def cost(self) -> tuple[int, int]:
        """The weight of the lightest explanation."""
        return min((group.cost for group in self.groups), default=(0, 0))

    @property
    def configs(self) -> tuple[Config, ...]:
        """The ways of the workflows that explain the run best."""
        least = self.cost[0]
        return tuple(c for group in self.groups if group.hard == least for c in group.configs)

    def places(self, index: int) -> tuple[Config, ...]:
        """Where the run stood when the event of that index, the last one, happened; none, if the workflow does not have it."""
        least = self.cost[0]
        found = (g.latest for g in self.groups if g.hard == least and g.latest[0] == index)
        return tuple(config for _, places in found for config in places)

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
        if state.lost is not None or _returned(state, view) or self.model.prompts(view.event):
            return
        notes = self._explained(state, view)
        self._count(state, view)
        if view.kind == "call" and any(note.cost == EXTRA for note in notes) and len(state.strays) < MOST:
            state.strays.add(view.event.call or view.name)
        if notes and not state.told(notes):
            state.deviations += not all(note.soft for note in notes)
            yield Deviation(view.index, key, notes)
        if state.deviations >= MOST:
            state.lost = Doubt(view.index, "the run has left the workflow for good")

    def _explained(self, state: RunState, view: View) -> tuple[Note, ...]:
        """The differences by which even the best explanation of the run got worse."""
        before, kept = state.cost, []
        for group in state.groups:
            try:
                group.step(self.model, self._ways(group, view), view)
                kept.append(group)
            except TooManyWaysError as error:
                state.lost = Doubt(view.index, str(error))
        least = min((group.cost for group in kept), default=before)
        state.groups = tuple(group for group in kept if group.hard < least[0] + EXTRA)
        if state.lost is not None or least == before:
            return ()
        return next((g.notes for g in state.groups if g.cost == least and g.notes), ())

    def _ways(self, group: Group, view: View) -> tuple[Config, ...]:
        """Where runs are not told apart, the next may begin with an input when one may be over."""
        if view.run or view.kind != "input" or not any(isinstance(c.stack, Ended) for c in group.configs):
            return group.configs
        return (*group.configs, *(c for fresh in self._fresh(view).groups for c in fresh.configs))

    def _fresh(self, view: View) -> RunState:
        gone = self.finished.get(view.session, set())
        starts = [
            c for c in self.model.starts() if not (c.workflow.once_per_session and c.workflow.symbol in gone)
        ]
        try:
            return RunState(tuple(Group(tuple(settle(self.model, [c], view.index))) for c in starts))
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
